/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_items.c - uhidctl from names to values, with a node that is none: its
 * reports are in memory, and what is sent to it is kept.
 */
#undef NDEBUG
#include <sys/ioctl.h>
#include <linux/hidraw.h>

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <devsw/uhid.h>

#include "h_test.h"
#include "hid/h_rdesc.h"
#include "uhidctl/uhidctl.h"

#define	REPORT	1024

static struct job job;
static char said[512];		/* the latest complaint */
static char *printed;
static size_t printed_len;
static FILE *out;

/* What the device has, and what it was sent. */
static struct {
	uint8_t		f_data[HIDP_NKIND][REPORT];
	int		f_error[HIDP_NKIND];	/* of get */
	unsigned	f_gets[HIDP_NKIND];
	uint8_t		f_sent[REPORT];
	size_t		f_sentlen;
	int		f_sentkind;
	unsigned	f_nsent;
	const uint8_t	*f_input;		/* reports in a row */
	size_t		f_ninput;
} fake;

int
complain(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(said, sizeof(said), format, ap);
	va_end(ap);
	return EXIT_FAILED;
}

/*
 * libc's, for a node of somebody's: the device that it is, and the one that has
 * come to it when the descriptor has been asked for.
 */
static struct node_device {
	int		nd_size;	/* what HIDIOCGRDESCSIZE says */
	int		nd_id;
	uint8_t		nd_addr;
	uint16_t	nd_product;
	uint8_t		nd_first;	/* of the descriptor, */
	uint8_t		nd_last;	/* and the last of the first 1024 */
	const char	*nd_serial;
} node_has, node_next;

int
ioctl(int fd, unsigned long request, ...)
{
	struct hidraw_report_descriptor *hd;
	struct usb_ctl_report_desc *rd;
	struct usb_device_info *di;
	va_list ap;
	void *arg;

	(void)fd;
	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	switch (request) {
	case USB_GET_REPORT_DESC:
		rd = arg;
		rd->ucrd_size = sizeof(rd->ucrd_data);
		rd->ucrd_data[0] = node_has.nd_first;
		rd->ucrd_data[sizeof(rd->ucrd_data) - 1] = node_has.nd_last;
		return 0;
	case USB_GET_REPORT_ID:
		*(int *)arg = node_has.nd_id;
		return 0;
	case USB_GET_DEVICEINFO:
		di = arg;
		di->udi_addr = node_has.nd_addr;
		di->udi_productNo = node_has.nd_product;
		strcpy(di->udi_serial, node_has.nd_serial);
		return 0;
	case HIDIOCGRDESCSIZE:
		*(int *)arg = node_has.nd_size;
		return 0;
	case HIDIOCGRDESC:
		hd = arg;
		memset(hd->value, 0, hd->size);
		hd->value[hd->size - 1] = 77;
		node_has = node_next;
		return 0;
	default:
		errno = ENOTTY;
		return -1;
	}
}

static int
fake_get(struct node *n, enum hidp_kind kind, uint8_t *data, size_t len)
{

	(void)n;
	T_CHECK(len <= REPORT);
	fake.f_gets[kind]++;
	memcpy(data, fake.f_data[kind], len);
	return fake.f_error[kind];
}

static int
fake_set(struct node *n, enum hidp_kind kind, const uint8_t *data, size_t len)
{

	(void)n;
	T_CHECK(len <= REPORT);
	memcpy(fake.f_sent, data, len);
	fake.f_sentlen = len;
	fake.f_sentkind = (int)kind;
	fake.f_nsent++;
	return 0;
}

static ssize_t
fake_read(struct node *n, uint8_t *data, size_t len)
{

	(void)n;
	if (fake.f_ninput == 0) {
		errno = EIO;
		return -1;
	}
	memcpy(data, fake.f_input, len);
	fake.f_input += len;
	fake.f_ninput--;
	return (ssize_t)len;
}

static const char table[] =
    "# a comment\n"
    "1 Generic_Desktop\n"
    " 0x02 Mouse\n 6 Keyboard\n 0x30 X\n 0x31 Y\n"
    "0x07\tKeyboard\n\t0x04\tA\n"
    "8 LEDs\n 1 Num_Lock\n 2 Caps_Lock\n"
    "9 Button\n 0 No_Button\n * Button_%d\n"
    "0x0d Digitizer\n 0x22 Finger\n 4 Touch_Screen\n"
    "0x10 Unicode\n * U%04xx\n";

/* The table above, or another text, through a file. */
static int
load(struct usages **usp, const char *text)
{
	char path[] = "/tmp/t_items.XXXXXX";
	const int fd = mkstemp(path);
	int status;

	T_CHECK(fd != -1);
	T_EQ(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	status = usages_load(usp, path, false);
	unlink(path);
	return status;
}

static void
begin(const uint8_t *desc, size_t len, int id)
{

	memset(&fake, 0, sizeof(fake));
	memset(&job, 0, sizeof(job));
	said[0] = '\0';
	job.j_options.o_kind = -1;
	job.j_node.n_path = "node";
	job.j_node.n_id = id;
	job.j_node.n_get = fake_get;
	job.j_node.n_set = fake_set;
	job.j_node.n_read = fake_read;
	T_EQ(load(&job.j_usages, table), EXIT_OK);
	T_EQ(model_create(&job.j_model, desc, len), 0);
	T_EQ(reports_create(&job), EXIT_OK);
	out = open_memstream(&printed, &printed_len);
	T_CHECK(out != NULL);
}

static void
end(void)
{

	fclose(out);
	free(printed);
	reports_destroy(&job);
	model_destroy(&job.j_model);
	usages_free(job.j_usages);
}

/* Ask again, with these names: nothing is known yet. */
static void
names(int n, char **list)
{

	reports_destroy(&job);
	T_EQ(reports_create(&job), EXIT_OK);
	rewind(out);
	job.j_options.o_names = list;
	job.j_options.o_nnames = n;
	said[0] = '\0';
}
static void
is(const char *file, int line, const char *got, const char *wanted)
{

	if (strcmp(got, wanted) != 0)
		t_fail(file, line, "\"%s\", not \"%s\"", got, wanted);
}
#define	IS(got, wanted)		is(__FILE__, __LINE__, (got), (wanted))

static void
prints(const char *file, int line, const char *wanted)
{

	fputc('\0', out);
	fflush(out);
	is(file, line, printed, wanted);
}

/* items_get(names) prints this and says that. */
static void
gets(const char *file, int line, char *name, const char *text,
    const char *complaint)
{
	char *list[] = { name };
	int status;

	names(1, list);
	status = items_get(&job, out);
	prints(file, line, text);
	is(file, line, said, complaint);
	if ((status == EXIT_OK) != (complaint[0] == '\0'))
		t_fail(file, line, "status %d", status);
}
#define	GETS(name, text, complaint)					\
	gets(__FILE__, __LINE__, (name), (text), (complaint))

/* items_set(name) says this. */
static void
sets(const char *file, int line, char *name, const char *complaint)
{
	char *list[] = { name };
	int status;

	names(1, list);
	status = items_set(&job);
	is(file, line, said, complaint);
	if ((status == EXIT_OK) != (complaint[0] == '\0'))
		t_fail(file, line, "status %d", status);
}
#define	SETS(name, complaint)	sets(__FILE__, __LINE__, (name), (complaint))

/* ---- usages --------------------------------------------------------- */

static void
named(const struct usages *us, uint32_t usage, const char *text)
{
	char name[USAGES_NAME];
	uint32_t back;

	usages_name(us, usage, name, sizeof(name));
	IS(name, text);
	T_CHECK(usages_find(us, name, strlen(name), &back));
	T_EQ(back, usage);
}

static bool
finds(const struct usages *us, const char *text, uint32_t *usage)
{

	return usages_find(us, text, strlen(text), usage);
}

#define	SIXTY	"abcdefghijklmnopqrstabcdefghijklmnopqrstabcdefghijklmnopqrst"

static void
t_usages(void)
{
	struct usages *us;
	uint32_t u;

	T_EQ(load(&us, table), EXIT_OK);
	named(us, 0x00010030, "Generic_Desktop:X");
	named(us, 0x00010077, "Generic_Desktop:0x0077");
	named(us, 0x0009000c, "Button:Button_12");
	named(us, 0x00090000, "Button:No_Button");
	named(us, 0x0010002a, "Unicode:U002ax");
	named(us, 0xff000002, "0xff00:0x0002");
	T_CHECK(finds(us, "1:48", &u) && u == 0x00010030);
	T_CHECK(finds(us, "0x1:X", &u) && u == 0x00010030);
	T_CHECK(finds(us, "Button:3", &u) && u == 0x00090003);
	for (size_t i = 0; i < 11; i++) {
		static const char *const none[] = { "", ":", "X", "1:",
		    ":X", "Button:Button_0", "Button:Button_012",
		    "Button:Button_65536", "Button:Button_", "1:0x10000",
		    "Generic_Desktop:x" };

		if (finds(us, none[i], &u))
			t_fail(__FILE__, __LINE__, "%s is %#x", none[i], u);
	}
	usages_free(us);
	/* As long as they can be. */
	T_EQ(load(&us, "7 " SIXTY "123\n * " SIXTY "123%09d" SIXTY "123\n"),
	    EXIT_OK);
	named(us, 0x00070005, SIXTY "123:" SIXTY "123000000005" SIXTY "123");
	usages_free(us);
	/* Without a table. */
	named(NULL, 0x000c00e9, "0x000c:0x00e9");
}

static void
t_usages_bad(void)
{
	static const char *const bad[] = { " 1 X\n", "1 A\nX\n", "1 A B\n",
	    "1 A\n * Button\n", "1 A\n * %s\n", "1 A\n * %d%n\n", "1 A\n * %",
	    "0x10000 A\n", "1 a:b\n", "1 a.b\n", "1 a=b\n", "1 a#b\n",
	    "1 a\"b\n", "1 a\033b\n", "1 A\n 1x B\n", "-1 A\n",
	    "1 a23456789012345678901234567890123456789012345678901234567890"
	    "12345\n" };
	struct usages *us;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (load(&us, bad[i]) == EXIT_OK)
			t_fail(__FILE__, __LINE__, "accepted: %s", bad[i]);
		T_CHECK(us == NULL && strstr(said, ": line ") != NULL);
	}
	T_EQ(usages_load(&us, "/nowhere/at/all", true), EXIT_OK);
	T_CHECK(us == NULL);
	T_EQ(usages_load(&us, "/nowhere/at/all", false), EXIT_FAILED);
	IS(said, "/nowhere/at/all: No such file or directory");
}

/* ---- get ------------------------------------------------------------ */

static void
t_get(void)
{
	static const uint8_t mouse[] = { 0x05, 0xfe, 0x02, 0x00 };

	begin(h_mouse, sizeof(h_mouse), 0);
	memcpy(fake.f_data[HIDP_INPUT], mouse, sizeof(mouse));
	GETS("Generic_Desktop:X",
	    "Generic_Desktop:Mouse.Generic_Desktop:0x0001."
	    "Generic_Desktop:X=-2\n", "");
	T_EQ(fake.f_gets[HIDP_OUTPUT], 0);
	job.j_options.o_only = true;
	GETS("Generic_Desktop:Mouse.Generic_Desktop:0x0001.Button:Button_3",
	    "1\n", "");
	GETS("1:1.9:2", "0\n", "");
	GETS("Generic_Desktop:X#0", "-2\n", "");
	GETS("Generic_Desktop:X#1", "", "Generic_Desktop:X#1: node has no "
	    "such item");
	GETS("Generic_Desktop:Mouse.Generic_Desktop:X", "",
	    "Generic_Desktop:Mouse.Generic_Desktop:X: node has no such item");
	GETS("Generic_Desktop:Z", "",
	    "Generic_Desktop:Z: no usage is called Generic_Desktop:Z");
	GETS("X", "", "X: no usage is called X");
	GETS("", "", ": no usage is called ");
	GETS("1:1.", "", "1:1.: no usage is called ");
	GETS("1:48#", "", "1:48#: no number behind #");
	GETS("1:48#1x", "", "1:48#1x: no number behind #");
	GETS("1:48#99999999999999999999", "",
	    "1:48#99999999999999999999: no number behind #");
	fake.f_error[HIDP_INPUT] = EIO;
	GETS("1:48", "", "node: 1:48: the device does not do that, or is "
	    "gone");
	end();
}

static void
t_get_array(void)
{
	static const uint8_t keys[] = { 0x02, 0, 4, 5, 0, 0, 0, 0 };

	begin(h_keyboard, sizeof(h_keyboard), 0);
	memcpy(fake.f_data[HIDP_INPUT], keys, sizeof(keys));
	GETS("Keyboard:A", "Generic_Desktop:Keyboard.Keyboard:A=1\n", "");
	job.j_options.o_only = true;
	GETS("7:5", "1\n", "");
	GETS("7:6", "0\n", "");
	GETS("7:0xe1", "1\n", "");
	GETS("7:102", "", "7:102: node has no such item");
	job.j_options.o_only = false;
	job.j_options.o_json = true;
	GETS("Keyboard:A", "[{\"kind\": \"input\", \"path\": "
	    "\"Generic_Desktop:Keyboard.Keyboard:A\", \"value\": 1}]\n", "");
	end();
}

/* The usages of one array are not taken for another's. */
static void
t_get_arrays(void)
{
	static const uint8_t desc[] = {
		H_PAGE(7), H_USAGE(1), H_APPLICATION,
		    H_LMIN(1), H_LMAX(2), H_SIZE(8), H_COUNT(2),
		    H_USAGE(4), H_USAGE(5), H_INPUT(H_ARR),
		    H_USAGE(6), H_USAGE(7), H_INPUT(H_ARR),
		H_END,
	};

	begin(desc, sizeof(desc), 0);
	memcpy(fake.f_data[HIDP_INPUT], "\2\0\1\1", 4);
	job.j_options.o_only = true;
	for (int i = 0; i < 2; i++) {
		GETS("7:7", "0\n", "");
		GETS("7:6", "1\n", "");
		GETS("7:5", "1\n", "");
		GETS("7:4", "0\n", "");
	}
	rewind(out);
	show_list(&job, out);
	prints(__FILE__, __LINE__, "node\nKeyboard:0x0001 (Application)\n"
	    "    input Keyboard:A..Keyboard:0x0005[2] = Keyboard:0x0005\n"
	    "    input Keyboard:0x0006..Keyboard:0x0007[2] = "
	    "Keyboard:0x0006,Keyboard:0x0006\n");
	end();
}

/* And if it has more than 65536; but none that no value of it means. */
static void
t_get_wide(void)
{
	static const uint8_t desc[] = {
		H_PAGE(7), H_USAGE(1), H_APPLICATION,
		    H_LMIN(0), H_LMAX4(0x10005), H_SIZE(32), H_COUNT(1),
		    H_UMIN4(0x90000), H_UMAX4(0x9ffff),
		    H_UMIN4(0x70000), H_UMAX4(0x7ffff), H_INPUT(H_ARR),
		H_END,
	};

	begin(desc, sizeof(desc), 0);
	memcpy(fake.f_data[HIDP_INPUT], "\5\0\1\0", 4);
	job.j_options.o_only = true;
	GETS("7:5", "1\n", "");
	GETS("7:4", "0\n", "");
	GETS("7:6", "", "7:6: node has no such item");
	end();
}

/* Five fingers, and which report a node has. */
static void
t_numbers(void)
{
	uint8_t *in;

	begin(h_touch, sizeof(h_touch), 1);
	in = fake.f_data[HIDP_INPUT];
	in[0] = 0x01;
	in[5] = 0x40;			/* of 32 bits each: the second's X */
	in[6] = 0x03;
	job.j_options.o_only = true;
	GETS("Generic_Desktop:X", "0\n832\n0\n0\n0\n", "");
	GETS("Generic_Desktop:X#1", "832\n", "");
	job.j_options.o_only = false;
	GETS("Generic_Desktop:X#1", "Digitizer:Touch_Screen.Digitizer:Finger."
	    "Generic_Desktop:X#1=832\n", "");
	GETS("Digitizer:Touch_Screen.Digitizer:Finger.Generic_Desktop:X#4",
	    "Digitizer:Touch_Screen.Digitizer:Finger.Generic_Desktop:X#4=0\n",
	    "");
	job.j_options.o_only = true;
	GETS("Digitizer:Finger.13:0x42#0", "1\n", "");
	GETS("Generic_Desktop:X#5", "", "Generic_Desktop:X#5: node has no "
	    "such item");
	GETS("13:0x55", "", "13:0x55: node has no such item");	/* report 2 */
	end();
	begin(h_touch, sizeof(h_touch), 2);
	fake.f_data[HIDP_FEATURE][0] = 7;
	GETS("13:0x55", "Digitizer:Touch_Screen.Digitizer:0x0055=7\n", "");
	job.j_options.o_kind = HIDP_INPUT;
	GETS("13:0x55", "", "13:0x55: node has no such input");
	end();
}

/* ---- set ------------------------------------------------------------ */

static void
t_set(void)
{

	begin(h_keyboard, sizeof(h_keyboard), 0);
	fake.f_data[HIDP_OUTPUT][0] = 0x81;
	SETS("LEDs:Caps_Lock=1", "");
	T_EQ(fake.f_nsent, 1);
	T_EQ(fake.f_sentkind, HIDP_OUTPUT);
	T_EQ(fake.f_sentlen, 1);
	T_EQ(fake.f_sent[0], 0x83);
	SETS("LEDs:Num_Lock=0", "");
	T_EQ(fake.f_sent[0], 0x80);
	fake.f_error[HIDP_OUTPUT] = EIO;	/* cannot be read: zeros */
	SETS("8:2=0x1", "");
	T_EQ(fake.f_sent[0], 0x02);
	T_EQ(fake.f_nsent, 3);

	SETS("LEDs:Caps_Lock=2", "LEDs:Caps_Lock: 2 is not in 0..1");
	SETS("LEDs:Caps_Lock=-1", "LEDs:Caps_Lock: -1 is not in 0..1");
	SETS("LEDs:Caps_Lock=", "LEDs:Caps_Lock:  is no number");
	SETS("LEDs:Caps_Lock= 1", "LEDs:Caps_Lock:  1 is no number");
	SETS("LEDs:Caps_Lock=1x", "LEDs:Caps_Lock: 1x is no number");
	SETS("LEDs:Caps_Lock=99999999999999999999",
	    "LEDs:Caps_Lock: 99999999999999999999 is no number");
	SETS("LEDs:Caps_Lock#1=1", "LEDs:Caps_Lock#1: node has no such item");
	SETS("7:0xe1=1", "7:0xe1: input cannot be written");
	SETS("LEDs:9=1", "LEDs:9: node has no such item");
	job.j_options.o_kind = HIDP_INPUT;
	SETS("7:0xe1=1", "7:0xe1: input cannot be written");
	T_EQ(fake.f_nsent, 3);
	end();
}

/*
 * Any path of a listing may be written to; a number is decimal with zeros in
 * front of it, too; and one that the item has no bits for is refused, whatever
 * range the device says.
 */
static void
t_set_more(void)
{
	uint8_t desc[256];
	char path[1024] = "";
	size_t n = 0;

	desc[n++] = 0x05, desc[n++] = 8;		/* Usage Page */
	for (int i = 0; i < HIDP_MAXCOLL; i++) {
		desc[n++] = 0x09, desc[n++] = 0x4b;	/* Usage */
		desc[n++] = 0xa1, desc[n++] = 1;	/* Collection */
		strcat(path, "LEDs:0x004b.");
	}
	desc[n++] = 0x26, desc[n++] = 200, desc[n++] = 0;  /* Logical Maximum */
	desc[n++] = 0x75, desc[n++] = 6;		/* Report Size */
	desc[n++] = 0x95, desc[n++] = 1;		/* Report Count */
	desc[n++] = 0x09, desc[n++] = 2;		/* Usage */
	desc[n++] = 0x91, desc[n++] = 2;		/* Output */
	for (int i = 0; i < HIDP_MAXCOLL; i++)
		desc[n++] = 0xc0;
	T_CHECK(n <= sizeof(desc));
	strcat(path, "LEDs:Caps_Lock=1");
	begin(desc, n, 0);
	SETS(path, "");
	T_EQ(fake.f_sent[0], 1);
	SETS("LEDs:Caps_Lock=010", "");
	T_EQ(fake.f_sent[0], 10);
	SETS("LEDs:Caps_Lock=0x10", "");
	T_EQ(fake.f_sent[0], 16);
	SETS("LEDs:Caps_Lock=0b1", "LEDs:Caps_Lock: 0b1 is no number");
	SETS("LEDs:Caps_Lock=0x0x1", "LEDs:Caps_Lock: 0x0x1 is no number");
	SETS("LEDs:Caps_Lock=63", "");
	SETS("LEDs:Caps_Lock=64", "LEDs:Caps_Lock: 64 does not go into 6 "
	    "bits");
	T_EQ(fake.f_nsent, 4);
	end();
}

/* The second of two is wrong: nothing is sent. */
static void
t_set_none(void)
{
	char *list[] = { (char *)(uintptr_t)"LEDs:Caps_Lock=1",
	    (char *)(uintptr_t)"LEDs:Num_Lock=7" };

	begin(h_keyboard, sizeof(h_keyboard), 0);
	names(2, list);
	T_EQ(items_set(&job), EXIT_FAILED);
	T_EQ(fake.f_nsent, 0);
	list[1] = (char *)(uintptr_t)"LEDs:Num_Lock=1";
	names(2, list);
	T_EQ(items_set(&job), EXIT_OK);
	T_EQ(fake.f_nsent, 1);
	T_EQ(fake.f_sent[0], 0x03);
	end();
}

static void
t_set_feature(void)
{

	begin(h_features, sizeof(h_features), 0x10);
	memset(fake.f_data[HIDP_FEATURE], 0x55, 4);
	SETS("0xff00:2=1", "0xff00:2: 3 items; #N, -k or more of the path "
	    "says which");
	SETS("0xff00:2#1=255", "");
	T_EQ(fake.f_sentlen, 4);
	T_EQ(fake.f_sentkind, HIDP_FEATURE);
	T_EQ(memcmp(fake.f_sent, "\x55\xff\x55\x55", 4), 0);
	fake.f_error[HIDP_FEATURE] = EIO;
	SETS("0xff00:2#1=255", "node: 0xff00:2#1: the report cannot be read: "
	    "the device does not do that, or is gone");
	T_EQ(fake.f_nsent, 1);
	end();
}

/* ---- watch ---------------------------------------------------------- */

static void
t_watch(void)
{
	static const uint8_t in[] = {
		1, 0, 0, 0,
		1, 5, 0, 0,
		1, 5, 0, 0,
		3, 0, 0, 0,
	};
	static char *list[] = { (char *)(uintptr_t)"9:1",
	    (char *)(uintptr_t)"Button:Button_2" };

	begin(h_mouse, sizeof(h_mouse), 0);
	job.j_options.o_only = true;
	names(0, NULL);
	fake.f_input = in;
	fake.f_ninput = 4;
	T_EQ(items_watch(&job, out), EXIT_FAILED);
	IS(said, "node: the device is gone");
	/* All; X moves; X, being relative, moves again; stops, and a button */
	prints(__FILE__, __LINE__, "1\n0\n0\n0\n0\n0\n" "5\n" "5\n" "1\n0\n");

	names(2, list);
	fake.f_input = in;
	fake.f_ninput = 4;
	job.j_options.o_count = 4;
	T_EQ(items_watch(&job, out), EXIT_OK);
	prints(__FILE__, __LINE__, "1\n0\n" "1\n");

	names(2, list);
	fake.f_input = in;
	fake.f_ninput = 4;
	job.j_options.o_count = 2;
	job.j_options.o_all = true;
	T_EQ(items_watch(&job, out), EXIT_OK);
	T_EQ(fake.f_ninput, 2);
	prints(__FILE__, __LINE__, "1\n0\n" "1\n0\n");
	end();

	begin(h_leds, sizeof(h_leds), 0);
	T_EQ(items_watch(&job, out), EXIT_FAILED);
	IS(said, "node: it has no input");
	end();
}

/* ---- listings ------------------------------------------------------- */

static void
t_list(void)
{

	begin(h_mouse, sizeof(h_mouse), 0);
	fake.f_data[HIDP_INPUT][1] = 0x81;
	strcpy(job.j_node.n_name, "Ma\033ker \302\233Mouse");
	job.j_node.n_vendor = 0x1234;
	reports_get(&job);
	show_list(&job, out);
	prints(__FILE__, __LINE__, "node: Ma?ker ?Mouse, 0x1234:0x0000\n"
	    "Generic_Desktop:Mouse (Application)\n"
	    "    Generic_Desktop:0x0001 (Physical)\n"
	    "        input Button:Button_1 = 0 (0..1)\n"
	    "        input Button:Button_2 = 0 (0..1)\n"
	    "        input Button:Button_3 = 0 (0..1)\n"
	    "        input Generic_Desktop:X = -127 (-127..127)\n"
	    "        input Generic_Desktop:Y = 0 (-127..127)\n"
	    "        input Generic_Desktop:0x0038 = 0 (-127..127)\n");
	end();
}

static void
t_json_text(void)
{

	begin(h_leds, sizeof(h_leds), 0);
	strcpy(job.j_node.n_name, "\"\\\n\303\274\377\303");
	json_list(&job, out);
	fflush(out);
	T_CHECK(strstr(printed, "\"name\": \"\\\"\\\\\\u000a\303\274\\ufffd"
	    "\\ufffd\", ") != NULL);
	end();
}

/*
 * Only well-formed UTF-8 passes: not what is too long, half a UTF-16 pair,
 * beyond U+10FFFF, cut off, a control character of either kind, or one that
 * separates lines or turns the direction of writing.
 */
static void
t_text(void)
{
	static const struct {
		const char	*text, *json, *show;
	} cases[] = {
		{ "\303\274", "\303\274", "\303\274" },
		{ "\342\202\254", "\342\202\254", "\342\202\254" },
		{ "\360\237\220\241", "\360\237\220\241",
		    "\360\237\220\241" },
		{ "\355\237\277", "\355\237\277", "\355\237\277" },
		{ "\356\200\200", "\356\200\200", "\356\200\200" },
		{ "\364\217\277\277", "\364\217\277\277",
		    "\364\217\277\277" },
		{ "\033[2J", "\\u001b[2J", "?[2J" },
		{ "\302\2332J", "\\u009b2J", "?2J" },
		{ "\177", "\\u007f", "?" },
		{ "a\330\234b", "a\\u061cb", "a?b" },
		{ "\342\200\216\342\200\217", "\\u200e\\u200f", "??" },
		{ "\342\200\250\342\200\256x", "\\u2028\\u202ex", "??x" },
		{ "\342\201\246\342\201\251", "\\u2066\\u2069", "??" },
		{ "\342\200\247\342\200\257", "\342\200\247\342\200\257",
		    "\342\200\247\342\200\257" },
		{ "\2332J", "\\ufffd2J", "?2J" },
		{ "\300\233", "\\ufffd\\ufffd", "??" },
		{ "\301\277", "\\ufffd\\ufffd", "??" },
		{ "\340\202\233", "\\ufffd\\ufffd\\ufffd", "???" },
		{ "\360\200\202\233", "\\ufffd\\ufffd\\ufffd\\ufffd", "????" },
		{ "\355\240\200", "\\ufffd\\ufffd\\ufffd", "???" },
		{ "\355\277\277", "\\ufffd\\ufffd\\ufffd", "???" },
		{ "\364\220\200\200", "\\ufffd\\ufffd\\ufffd\\ufffd", "????" },
		{ "\370\210\200\200", "\\ufffd\\ufffd\\ufffd\\ufffd", "????" },
		{ "\342\202", "\\ufffd\\ufffd", "??" },
		{ "\360\237\220", "\\ufffd\\ufffd\\ufffd", "???" },
		{ "\342\202x", "\\ufffd\\ufffdx", "??x" }
	};
	char wanted[64];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin(h_leds, sizeof(h_leds), 0);
		strcpy(job.j_node.n_name, cases[i].text);
		json_list(&job, out);
		fflush(out);
		snprintf(wanted, sizeof(wanted), "\"name\": \"%s\", ",
		    cases[i].json);
		T_CHECK(strstr(printed, wanted) != NULL);
		show_list(&job, out);
		fflush(out);
		snprintf(wanted, sizeof(wanted), ": %s, 0x", cases[i].show);
		T_CHECK(strstr(printed, wanted) != NULL);
		end();
	}
}

/* ---- hostile descriptors -------------------------------------------- */

/* Everything that is done with one, with reports of ones. */
static void
all_of_it(const uint8_t *desc, size_t len)
{
	static char *list[] = { (char *)(uintptr_t)"1:48",
	    (char *)(uintptr_t)"7:4#1", (char *)(uintptr_t)"0xff00:2" };
	FILE *null = fopen("/dev/null", "w");

	dump(null, NULL, desc, len);
	memset(&job.j_model, 0, sizeof(job.j_model));
	if (model_create(&job.j_model, desc, len) == 0) {
		job.j_node.n_id = job.j_model.m_nentry > 0 ? (int)
		    job.j_model.m_entries[job.j_model.m_nentry / 2].
		    e_item.i_report_id : 0;
		T_EQ(reports_create(&job), EXIT_OK);
		for (int k = 0; k < HIDP_NKIND; k++) {
			struct report *r = &job.j_reports[k];

			memset(r->r_data, 0xff, r->r_len);
			r->r_known = r->r_asked = true;
		}
		show_list(&job, null);
		json_list(&job, null);
		job.j_options.o_names = list;
		job.j_options.o_nnames = 3;
		(void)items_get(&job, null);
		reports_destroy(&job);
	}
	model_destroy(&job.j_model);
	fclose(null);
}

static void
t_mutated(void)
{

	memset(&job, 0, sizeof(job));
	job.j_options.o_kind = -1;
	job.j_options.o_all = true;
	job.j_node.n_path = "node";
	job.j_node.n_get = fake_get;
	for (int round = 0; round < 3000; round++) {
		const struct h_rdesc *r = &h_rdescs[t_random() % H_NRDESC];
		size_t len = r->r_len;
		uint8_t *d = malloc(len);

		memcpy(d, r->r_bytes, len);
		for (uint32_t n = t_random() % 4; n > 0; n--)
			d[t_random() % len] = (uint8_t)t_random();
		if (t_random() % 4 == 0)
			len = t_random() % (len + 1);
		/* Of exactly its length, for the sanitizer. */
		d = realloc(d, len > 0 ? len : 1);
		all_of_it(d, len);
		free(d);
	}
}

static void
t_length(void)
{
	struct node *const n = calloc(1, sizeof(*n));

	node_has = (struct node_device){ .nd_size = -5, .nd_serial = "" };
	T_EQ(node_open(n, "/dev/null", false), EXIT_FAILED);
	T_CHECK(strcmp(said, "/dev/null: a report descriptor of -5 bytes, "
	    "which cannot be asked for") == 0);
	free(n);
}

/* A long descriptor takes two opens of the node; another device may come. */
static void
t_another(void)
{
	static const struct node_device one = { 2000, 1, 5, 0x107, 6, 7, "A" };
	struct node_device others[] = { one, one, one, one, one, one };
	struct node *const n = calloc(1, sizeof(*n));

	others[0].nd_id = 2;
	others[1].nd_addr = 6;
	others[2].nd_product = 0x108;
	others[3].nd_first = 0;
	others[4].nd_last = 0;
	others[5].nd_serial = "B";
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		node_has = one;
		node_next = others[i];
		T_EQ(node_open(n, "/dev/null", false), EXIT_FAILED);
		T_EQ(n->n_fd, -1);
		T_CHECK(strcmp(said, "/dev/null: another device has come") ==
		    0);
	}
	node_has = node_next = one;
	T_EQ(node_open(n, "/dev/null", false), EXIT_OK);
	T_EQ(n->n_desclen, 2000);
	T_EQ(n->n_desc[1999], 77);
	T_EQ(n->n_id, 1);
	T_EQ(n->n_product, 0x107);
	node_close(n);
	free(n);
}

const struct t_case t_cases[] = {
	{ "usages have names and numbers, both ways", t_usages },
	{ "a bad table is refused with its line", t_usages_bad },
	{ "items are read by the end of their path", t_get },
	{ "a usage of an array is on or off", t_get_array },
	{ "each array has its own usages", t_get_arrays },
	{ "an array has as many usages as it says", t_get_wide },
	{ "alike items have numbers; a node has one report", t_numbers },
	{ "writing changes an item and no other", t_set },
	{ "any path, whole numbers, as many bits as there are", t_set_more },
	{ "all is written or nothing", t_set_none },
	{ "a feature report that cannot be read is not written",
	    t_set_feature },
	{ "watching shows all, then what changes", t_watch },
	{ "a listing shows values, and nothing a terminal obeys", t_list },
	{ "a device's text is a string of JSON", t_json_text },
	{ "only well-formed UTF-8 passes, and no control character", t_text },
	{ "a node's wrong length of its descriptor is refused", t_length },
	{ "another device at the second open of a node is refused", t_another },
	{ "mutated descriptors", t_mutated },
	{ NULL, NULL }
};
