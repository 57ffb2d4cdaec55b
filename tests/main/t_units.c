/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_units.c - units that devices keep (devswd.conf(5), "units = remembered"):
 * who comes back has the unit that he had, nobody has another's, and the file
 * is a person's as much as the daemon's.
 */
#undef NDEBUG
#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "h_test.h"
#include "host/usbsys.h"
#include "main/units.h"
#include "main/unitsvar.h"

/* ---- the daemon's other parts --------------------------------------- */

static int pinned[1024], npinned;

int
hyp_node_pin(const char *driver, uint32_t unit)
{

	if (strcmp(driver, "nobody") == 0)
		return EINVAL;
	T_CHECK(npinned < 1024);
	pinned[npinned++] = (int)unit;
	return 0;
}

void
hyp_node_unpin(const char *driver, uint32_t unit)
{

	T_CHECK(strcmp(driver, "ucom") == 0);
	for (int i = 0; i < npinned; i++)
		if (pinned[i] == (int)unit)
			pinned[i--] = pinned[--npinned];
}

/* udev.c's: the kernel side, which is told of what the bus has. */
static struct hyp_usb_pins told;
static unsigned narrived, nleft;

void
hyp_usb_arrived(const struct hyp_usb_info *hi)
{

	told = hi->hi_pins;
	narrived++;
}

void
hyp_usb_left(const char *path)
{

	(void)path;
	nleft++;
}

void
hyp_usb_line(const char *path, const struct hyp_usb_line *hl)
{

	(void)path;
	(void)hl;
}

static int
is_pinned(int unit)
{

	for (int i = 0; i < npinned; i++)
		if (pinned[i] == unit)
			return 1;
	return 0;
}

/* ---- a disk that hangs ---------------------------------------------- */

static sem_t goes_on;
static atomic_int hangs, hung;

/* libc's, for the thread that writes. */
int
fsync(int fd)
{

	if (atomic_load(&hangs)) {
		atomic_fetch_add(&hung, 1);
		while (sem_wait(&goes_on) == -1)
			continue;
	}
	return (int)syscall(SYS_fsync, fd);
}

/* ---- a machine ------------------------------------------------------ */

static char dir[40], file[64];
static struct claim_head claims;

static void
put(const char *path, const void *data, size_t len)
{
	FILE *f = fopen(path, "w");

	T_CHECK(f != NULL);
	T_EQ(fwrite(data, 1, len, f), len);
	T_EQ(fclose(f), 0);
}

static void
put_text(const char *path, const char *text)
{

	put(path, text, strlen(text));
}

static void
attribute(const char *place, const char *name, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/devices/%s/%s", dir, place, name);
	put(path, text, strlen(text));
}

/*
 * A device in a sysfs of the test's own, with so many interfaces; serial NULL:
 * it has none.
 */
static void
plug_several(const char *place, const char *serial, unsigned char nifaces)
{
	const unsigned char desc[27] = { 18, 1, 0, 2, [7] = 64,
	    [8] = 3, 4, 1, 0x60, [17] = 1, [18] = 9, 2, 9, 0, nifaces, 1 };
	char path[128];

	snprintf(path, sizeof(path), "%s/devices/%s", dir, place);
	T_EQ(mkdir(path, 0755), 0);
	attribute(place, "busnum", "1\n");
	attribute(place, "devnum", "7\n");
	attribute(place, "idVendor", "0403\n");
	attribute(place, "idProduct", "6001\n");
	attribute(place, "bcdDevice", "0600\n");
	attribute(place, "speed", "12\n");
	if (serial != NULL)
		attribute(place, "serial", serial);
	snprintf(path, sizeof(path), "%s/devices/%s/descriptors", dir, place);
	put(path, desc, sizeof(desc));
}

static void
plug(const char *place, const char *serial)
{

	plug_several(place, serial, 1);
}

static void
unplug(const char *place)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r %s/devices/%s", dir, place);
	T_EQ(system(command), 0);
	usbsys_root(dir);		/* forget: sysfs has no inode twice */
	units_left(place);
}

/* A daemon's first look, and what its reload and the next one do. */
static void
load_again(void)
{

	npinned = 0;
	units_load(file, &claims);
}

static void
begin(void)
{
	char path[128];

	strcpy(dir, "/tmp/t_units.XXXXXX");
	T_CHECK(mkdtemp(dir) != NULL);
	snprintf(path, sizeof(path), "%s/devices", dir);
	T_EQ(mkdir(path, 0755), 0);
	snprintf(file, sizeof(file), "%s/lib/units", dir);
	usbsys_root(dir);
	TAILQ_INIT(&claims);
	load_again();
}

static void
finish(void)
{
	char command[128];

	units_load(NULL, &claims);
	claim_free(&claims);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	T_EQ(system(command), 0);
}

/* The units that the device would be pinned to besides those of its claim. */
static struct hyp_usb_pins
pins(const char *place, const char *claim)
{
	static struct usbsys_dev ud;
	struct hyp_usb_pins got = { .hp_n = 0 };

	if (claim != NULL) {
		got.hp_n = 1;
		got.hp_pin[0] = (struct hyp_usb_pin){ 99, -1, -1, "" };
		strcpy(got.hp_pin[0].up_driver, claim);
	}
	T_EQ(usbsys_read(place, &ud), 0);
	units_want(&ud.ud_info, &got);
	return got;
}

/* The first of them, or -1. */
static int
wants(const char *place)
{
	const struct hyp_usb_pins got = pins(place, NULL);

	T_CHECK(got.hp_n == 0 || got.hp_pin[0].up_driver[0] != '\0');
	return got.hp_n == 0 ? -1 : got.hp_pin[0].up_unit;
}

/* In their order, as "ucom7@1.2 ucom8@1 ucom9". */
static void
pins_are(const struct hyp_usb_pins *got, const char *want)
{
	char text[1024] = "";
	size_t n = 0;

	for (uint32_t i = 0; i < got->hp_n; i++) {
		const struct hyp_usb_pin *const up = &got->hp_pin[i];

		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s%d",
		    i == 0 ? "" : " ", up->up_driver, up->up_unit);
		if (up->up_iface != -1)
			n += (size_t)snprintf(text + n, sizeof(text) - n,
			    "@%d", up->up_iface);
		if (up->up_part != -1)
			n += (size_t)snprintf(text + n, sizeof(text) - n,
			    ".%d", up->up_part);
	}
	if (strcmp(text, want) != 0)
		t_fail(__FILE__, __LINE__, "\"%s\", not \"%s\"", text, want);
}

static void
wants_all(const char *place, const char *want)
{
	const struct hyp_usb_pins got = pins(place, NULL);

	pins_are(&got, want);
}

/* This one of it has attached as this device of autoconf's. */
static void
attached_at(const char *place, int iface, int part, const char *device)
{
	struct node_state ns = { .ns_attached = 1, .ns_iface = iface,
	    .ns_part = part }, was = { .ns_iface = -1 };

	strcpy(ns.ns_place, place);
	strcpy(ns.ns_device, device);
	units_node(&ns, &was);
	if (!atomic_load(&hangs))
		T_EQ(units_wait(60000), 0);	/* the file is read next */
}

static void
attached(const char *place, const char *device)
{

	attached_at(place, 0, -1, device);
}

static void
text_is(const char *want)
{
	char text[4096];
	FILE *f = fopen(file, "r");
	size_t n;

	T_CHECK(f != NULL);
	if (f == NULL)
		return;
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	if (strcmp(text, want) != 0)
		t_fail(__FILE__, __LINE__, "\"%s\", not \"%s\"", text, want);
}

/* ---- cases ---------------------------------------------------------- */

static void
comes_back(void)
{

	begin();
	plug("1-1", "A");
	plug("1-2", "B");
	T_EQ(wants("1-1"), -1);
	attached("1-1", "ucom0");
	attached("1-1", "ucom0");	/* ttyU0 and dtyU0 */
	attached("1-2", "ucom1");
	T_CHECK(is_pinned(0) && is_pinned(1));
	text_is("ucom 0 0403:6001,serial=A\nucom 1 0403:6001,serial=B\n");
	unplug("1-1");
	unplug("1-2");
	/* The other one first, and in the other place. */
	plug("1-1", "B");
	T_EQ(wants("1-1"), 1);
	plug("1-2", "C");
	T_EQ(wants("1-2"), -1);
	plug("2-1", "A");
	T_EQ(wants("2-1"), 0);
	/* Another daemon, another day. */
	load_again();
	T_CHECK(is_pinned(0) && is_pinned(1));
	T_EQ(wants("1-1"), 1);
	T_EQ(wants("2-1"), 0);
	finish();
}

static void
without_serial(void)
{

	begin();
	plug("1-1", NULL);
	plug("1-2.4", NULL);
	attached("1-1", "ucom0");
	attached("1-2.4", "ucom1");
	text_is("ucom 0 0403:6001,port=1-1\nucom 1 0403:6001,port=1-2.4\n");
	unplug("1-1");
	unplug("1-2.4");
	plug("1-2.4", NULL);
	T_EQ(wants("1-2.4"), 1);
	plug("1-3", NULL);
	T_EQ(wants("1-3"), -1);
	finish();
}

static void
same_serial(void)
{

	begin();
	plug("1-1", "0001");
	plug("1-2", "0001");
	attached("1-1", "ucom0");
	T_EQ(wants("1-2"), -1);		/* 0 is in use */
	attached("1-2", "ucom1");
	text_is("ucom 0 0403:6001,serial=0001\n"
	    "ucom 1 0403:6001,serial=0001,port=1-2\n");
	unplug("1-2");
	plug("1-2", "0001");
	T_EQ(wants("1-2"), 1);
	unplug("1-1");
	plug("1-5", "0001");
	T_EQ(wants("1-5"), 0);
	finish();
}

static void
claims_first(void)
{

	begin();
	T_CHECK(claim_add(&claims, "0403:6001,serial=Z,unit=3") == NULL);
	plug("1-1", "Z");
	attached("1-1", "ucom3");
	T_EQ(access(file, F_OK), -1);
	/* A line of before, whose unit is a claim's now. */
	attached("1-1", "ucom4");
	text_is("ucom 4 0403:6001,serial=Z\n");
	put_text(file, "ucom 3 0403:6001,serial=Y\n");
	load_again();
	T_CHECK(!is_pinned(3));
	plug("1-2", "Y");
	T_EQ(wants("1-2"), -1);
	finish();
}

/* It is moved by the reload, not given a line for what it has. */
static void
a_persons_wish(void)
{

	begin();
	plug("1-1", "A");
	attached("1-1", "ucom0");
	put_text(file, "ucom 9 0403:6001,serial=A\n");
	units_load(file, &claims);
	attached("1-1", "ucom0");
	text_is("ucom 9 0403:6001,serial=A\n");
	T_EQ(wants("1-1"), 9);
	finish();
}

static void
a_persons_file(void)
{
	static const char text[] = "# the lab\n"
	    "ucom 7 0403:6001,serial=A\n"
	    "nonsense\n"
	    "\n"
	    "ucom 7 0403:6001,serial=B\n"
	    "ucom 9999 0403:6001,serial=C\n"
	    "ucom 8 0403:6001,unit=2\n"
	    "  nobody 2 1:2\n"
	    "ucom 8 0403:6001,serial=D trailing\n";
	char want[sizeof(text) + 64];

	begin();
	T_EQ(mkdir(strcat(strcpy(want, dir), "/lib"), 0755), 0);
	put(file, text, sizeof(text) - 1);
	units_load(file, &claims);
	T_EQ(npinned, 1);
	T_CHECK(is_pinned(7));
	plug("1-1", "A");
	T_EQ(wants("1-1"), 7);
	plug("1-2", "B");
	attached("1-2", "ucom0");
	snprintf(want, sizeof(want), "%sucom 0 0403:6001,serial=B\n", text);
	text_is(want);
	finish();
}

/* What a device says is no line of its own, whatever it is. */
static void
hostile_serial(void)
{
	static const char *const bad[] = { "A B", "x\nucom 1 1:2", "\t", "a,b\\",
	    "\x01\x02", "\xff\xfe" };
	char place[16], device[16];
	struct usbsys_dev *ud = malloc(sizeof(*ud));
	FILE *f;
	int ch;

	begin();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(place, sizeof(place), "1-%zu", i + 1);
		snprintf(device, sizeof(device), "ucom%zu", i);
		plug(place, bad[i]);
		attached(place, device);
	}
	f = fopen(file, "r");
	T_CHECK(f != NULL);
	if (f == NULL)
		return;
	while ((ch = getc(f)) != EOF)
		T_CHECK(ch == '\n' || (ch >= ' ' && ch < 0x7f));
	fclose(f);
	load_again();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(place, sizeof(place), "1-%zu", i + 1);
		T_EQ(wants(place), i);
	}
	free(ud);
	finish();
}

static void
no_file(void)
{
	static const char line[] = "ucom 7 0403:6001,serial=A\n";
	char path[64];

	begin();
	plug("1-1", "A");
	units_load(NULL, &claims);	/* units = lowest */
	attached("1-1", "ucom0");
	T_EQ(wants("1-1"), -1);
	T_EQ(access(file, F_OK), -1);

	/* Somebody else's. */
	T_EQ(mkdir(strcat(strcpy(path, dir), "/lib"), 0755), 0);
	put(file, line, sizeof(line) - 1);
	T_EQ(chmod(file, 0666), 0);
	units_load(file, &claims);
	T_EQ(wants("1-1"), -1);
	attached("1-1", "ucom0");
	text_is(line);

	/* It can't be written: remembered until the end of the daemon. */
	T_EQ(unlink(file), 0);
	T_EQ(rmdir(path), 0);
	put(path, "", 0);
	units_load(strcat(strcpy(file, dir), "/lib/units"), &claims);
	T_EQ(unlink(path), 0);
	units_load(file, &claims);
	put(path, "", 0);
	attached("1-1", "ucom0");
	units_left("1-1");
	T_EQ(wants("1-1"), 0);
	finish();
}

/* ---- several of one driver ------------------------------------------ */

#define	TWO	"0403:6001,serial=A interface="

/* FT2232: two interfaces, a ucom each. */
static void
two_ports(void)
{

	begin();
	plug_several("1-1", "A", 2);
	wants_all("1-1", "");
	attached_at("1-1", 0, -1, "ucom0");
	attached_at("1-1", 1, -1, "ucom1");
	attached_at("1-1", 1, -1, "ucom1");
	T_CHECK(is_pinned(0) && is_pinned(1));
	text_is("ucom 0 " TWO "0\nucom 1 " TWO "1\n");
	unplug("1-1");
	/* Others first, of the same kind; each has its own, too. */
	plug_several("1-2", "B", 2);
	wants_all("1-2", "");
	attached_at("1-2", 1, -1, "ucom3");	/* in whichever order */
	attached_at("1-2", 0, -1, "ucom2");
	plug_several("1-3", "A", 2);
	wants_all("1-3", "ucom0@0 ucom1@1");
	wants_all("1-3", "ucom0@0 ucom1@1");	/* again */
	wants_all("1-2", "ucom3@1 ucom2@0");
	/* Another daemon, another day. */
	load_again();
	T_CHECK(is_pinned(0) && is_pinned(1) && is_pinned(2) && is_pinned(3));
	wants_all("1-2", "ucom3@1 ucom2@0");
	finish();
}

/* HIDs of one interface by report ID, and two drivers of one device. */
static void
parts(void)
{

	begin();
	plug_several("1-1", NULL, 3);
	attached_at("1-1", 0, 1, "uhid0");
	attached_at("1-1", 0, 2, "uhid1");
	attached_at("1-1", 1, 0, "uhid2");	/* no report IDs: the only one */
	attached_at("1-1", 2, -1, "ucom0");
	text_is("uhid 0 0403:6001,port=1-1 interface=0 part=1\n"
	    "uhid 1 0403:6001,port=1-1 interface=0 part=2\n"
	    "uhid 2 0403:6001,port=1-1 interface=1\n"
	    "ucom 0 0403:6001,port=1-1 interface=2\n");
	unplug("1-1");
	plug_several("1-1", NULL, 3);
	wants_all("1-1", "uhid0@0.1 uhid1@0.2 uhid2@1 ucom0@2");
	unplug("1-1");
	/* With one interface nothing is said of it. */
	plug("1-2", NULL);
	attached_at("1-2", 0, 1, "uhid3");
	attached_at("1-2", 0, 2, "uhid4");
	T_EQ(unlink(file), 0);
	units_load(file, &claims);
	attached_at("1-2", 0, 1, "uhid3");
	attached_at("1-2", 0, 2, "uhid4");
	text_is("uhid 3 0403:6001,port=1-2 part=1\n"
	    "uhid 4 0403:6001,port=1-2 part=2\n");
	finish();
}

/* A file of before, when the first one's alone was remembered. */
static void
old_file(void)
{
	char path[64];

	begin();
	T_EQ(mkdir(strcat(strcpy(path, dir), "/lib"), 0755), 0);
	put_text(file, "ucom 7 0403:6001,serial=A\n");
	units_load(file, &claims);
	plug_several("1-1", "A", 2);
	wants_all("1-1", "ucom7");
	/* Who has 7 is seen later than the one that got what was free. */
	attached_at("1-1", 1, -1, "ucom0");
	attached_at("1-1", 0, -1, "ucom7");
	attached_at("1-1", 1, -1, "ucom0");
	text_is("ucom 7 0403:6001,serial=A\nucom 0 " TWO "1\n");
	wants_all("1-1", "ucom7@0 ucom0@1");
	unplug("1-1");
	plug_several("1-1", "A", 2);
	wants_all("1-1", "ucom0@1 ucom7");	/* the first without its own */
	/* Its unit is not free: it has that when it is, and no other. */
	attached_at("1-1", 0, -1, "ucom9");
	attached_at("1-1", 1, -1, "ucom0");
	text_is("ucom 7 0403:6001,serial=A\nucom 0 " TWO "1\n");
	finish();
}

/* The claim's is the first's; that of the second is remembered. */
static void
claim_and_line(void)
{
	struct hyp_usb_pins got;

	begin();
	T_CHECK(claim_add(&claims, "0403:6001,serial=A,unit=99") == NULL);
	plug_several("1-1", "A", 2);
	attached_at("1-1", 0, -1, "ucom99");
	attached_at("1-1", 1, -1, "ucom0");
	text_is("ucom 0 " TWO "1\n");
	unplug("1-1");
	plug_several("1-1", "A", 2);
	got = pins("1-1", "ucom");
	pins_are(&got, "ucom99 ucom0@1");
	/* A line of before, for the first: of no use now, if a ucom's. */
	put_text(file, "ucom 5 0403:6001,serial=A\nuhid 6 0403:6001,serial=A\n");
	units_load(file, &claims);
	got = pins("1-1", "ucom");
	pins_are(&got, "ucom99 uhid6");
	finish();
}

/* Two equal lines are for two devices, not for two of one. */
static void
equal_lines(void)
{
	char path[64];

	begin();
	T_EQ(mkdir(strcat(strcpy(path, dir), "/lib"), 0755), 0);
	put_text(file, "ucom 7 0403:6001\nucom 8 0403:6001\n"
	    "ucom 9 0403:6001,serial=A\n");
	units_load(file, &claims);
	plug_several("1-1", "A", 2);
	plug_several("1-2", "B", 2);
	plug_several("1-3", "C", 2);
	plug_several("1-4", "D", 2);
	wants_all("1-2", "ucom7");
	wants_all("1-1", "ucom9");
	wants_all("1-3", "ucom8");
	wants_all("1-4", "");
	units_left("1-2");
	wants_all("1-4", "ucom7");
	finish();
}

/* As many as a device can have (USBD_MAX_CHILDREN), and more. */
static void
crowd(void)
{
	char path[64];
	FILE *f;

	begin();
	plug("1-1", NULL);
	T_EQ(mkdir(strcat(strcpy(path, dir), "/lib"), 0755), 0);
	f = fopen(file, "w");
	T_CHECK(f != NULL);
	for (int i = 0; i < HYP_USB_PINS + 3; i++)
		fprintf(f, "uhid %d 0403:6001,port=1-1 part=%d\n", i, i + 1);
	T_EQ(fclose(f), 0);
	units_load(file, &claims);
	T_EQ(pins("1-1", NULL).hp_n, HYP_USB_PINS);
	T_EQ(pins("1-1", NULL).hp_n, HYP_USB_PINS);
	T_EQ(pins("1-1", "ucom").hp_n, HYP_USB_PINS);
	finish();
}

/* A device of another kind than plug's. */
static void
plug_kind(const char *place, const char *serial, const char *product)
{

	plug(place, serial);
	attribute(place, "idProduct", product);
}

/* It gets the unit that the kernel side would give it. */
static int
new_comes(const char *place)
{
	char device[16];
	int unit = 0;

	T_EQ(wants(place), -1);
	while (is_pinned(unit))
		unit++;
	snprintf(device, sizeof(device), "ucom%d", unit);
	attached(place, device);
	return unit;
}

/* A serial number that is a new one at each plug. */
static void
flood(void)
{
	char path[64], serial[16];
	FILE *f;

	begin();
	T_EQ(mkdir(strcat(strcpy(path, dir), "/lib"), 0755), 0);
	f = fopen(file, "w");
	T_CHECK(f != NULL);
	fprintf(f, "ucom 0 0403:6015,serial=X\n# a person's\n");
	for (int i = 1; i < UNITS_ENOUGH; i++)
		fprintf(f, "ucom %d 0403:6001,serial=F%d\n", i, i);
	T_EQ(fclose(f), 0);
	T_CHECK(claim_add(&claims, "0403:6001,serial=Z,unit=4") == NULL);
	units_load(file, &claims);
	T_EQ(hyp_node_pin("ucom", 4), 0);
	plug("1-1", "F1");
	T_EQ(wants("1-1"), 1);
	/* 480 is the next; the place of 2, which is away, is that after. */
	plug("1-2", "new");
	T_EQ(new_comes("1-2"), UNITS_ENOUGH);
	T_CHECK(!is_pinned(2) && is_pinned(1) && is_pinned(UNITS_ENOUGH));
	unplug("1-2");
	for (int i = 0; i < 20; i++) {
		snprintf(serial, sizeof(serial), "N%d", i);
		plug("1-2", serial);
		T_CHECK(new_comes("1-2") <= UNITS_ENOUGH);
		unplug("1-2");
	}
	/* In the places of 2, 3, 5, ..., 22: 4 is the claim's. */
	T_EQ(npinned, UNITS_ENOUGH);
	T_CHECK(is_pinned(4) && !is_pinned(23));
	/* Who was here since is away for a shorter time than others. */
	unplug("1-1");
	plug("1-2", "more");
	(void)new_comes("1-2");
	plug("1-1", "F1");
	T_EQ(wants("1-1"), 1);
	plug("1-3", "F23");
	T_EQ(wants("1-3"), -1);
	plug("1-4", "F25");
	T_EQ(wants("1-4"), 25);
	/* Another kind's is the last one to go. */
	plug_kind("1-5", "X", "6015\n");
	T_EQ(wants("1-5"), 0);
	/* The first of its kind has room, too; and another daemon the same. */
	plug_kind("1-6", "W", "6010\n");
	T_EQ(new_comes("1-6"), 24);
	load_again();
	T_EQ(npinned, UNITS_ENOUGH - 1);
	T_EQ(wants("1-6"), 24);
	T_EQ(wants("1-5"), 0);
	finish();
}

/* Main's thread goes on; a reload, and the end, know what is not there yet. */
static void
disk_hangs(void)
{

	begin();
	T_EQ(sem_init(&goes_on, 0, 0), 0);
	atomic_store(&hangs, 1);
	plug("1-1", "A");
	plug("1-2", "B");
	plug("1-3", "C");
	attached_at("1-1", 0, -1, "ucom0");
	while (atomic_load(&hung) == 0)
		sched_yield();
	attached_at("1-2", 0, -1, "ucom1");
	units_load(file, &claims);
	T_EQ(wants("1-1"), 0);
	T_EQ(wants("1-2"), 1);
	attached_at("1-3", 0, -1, "ucom2");
	T_EQ(units_wait(0), ETIMEDOUT);
	T_EQ(access(file, F_OK), -1);
	atomic_store(&hangs, 0);
	T_EQ(sem_post(&goes_on), 0);
	T_EQ(units_wait(60000), 0);
	T_EQ(atomic_load(&hung), 1);
	text_is("ucom 0 0403:6001,serial=A\nucom 1 0403:6001,serial=B\n"
	    "ucom 2 0403:6001,serial=C\n");
	units_load(file, &claims);
	T_EQ(wants("1-3"), 2);
	finish();
}

/* ---- udev.c: who is told what --------------------------------------- */

static enum host_udev_verdict
match(void *arg, const struct usbsys_dev *ud, int again,
    struct hyp_usb_pins *out)
{

	(void)arg;
	(void)again;
	out->hp_n = 0;
	units_want(&ud->ud_info, out);
	return HOST_UDEV_TAKEN;
}

static void
line(void *arg, const struct hyp_usb_info *hi, struct hyp_usb_line *hl)
{

	(void)arg;
	(void)hi;
	memset(hl, 0, sizeof(*hl));
}

static void
left(void *arg, const char *place)
{

	(void)arg;
	units_left(place);
}

static void
settled(void *arg, const char *name)
{

	(void)arg;
	(void)name;
}

static void
detached(void *arg, const char *place, uint32_t bus, uint32_t addr, int yes)
{

	(void)arg;
	(void)place;
	(void)bus;
	(void)addr;
	(void)yes;
}

/* As reload.c does it. */
static unsigned
reload(void)
{
	unsigned n;

	units_load(file, &claims);
	attached_at("1-1", 1, -1, "ucom1");
	attached_at("1-1", 0, -1, "ucom0");
	n = host_udev_rematch(1);
	host_udev_rescan();
	return n;
}

static void
reloads(void)
{
	static const struct host_udev_ops ops = { match, line, left, settled,
	    detached };

	begin();
	T_CHECK(host_udev_open(&ops, NULL) != -1);
	narrived = nleft = 0;
	plug_several("1-1", "A", 2);
	host_udev_rescan();
	T_EQ(narrived, 1);
	T_EQ(told.hp_n, 0);
	attached_at("1-1", 0, -1, "ucom0");
	attached_at("1-1", 1, -1, "ucom1");
	/* Nothing has changed, whatever the order of lines. */
	T_EQ(reload(), 0);
	pins_are(&told, "ucom0@0 ucom1@1");
	put_text(file, "ucom 1 " TWO "1\nucom 0 0403:6001\n");
	T_EQ(reload(), 0);
	T_EQ(nleft, 0);
	/* A person gives the second another unit: it leaves, and comes. */
	put_text(file, "ucom 0 " TWO "0\nucom 9 " TWO "1\n");
	T_EQ(reload(), 1);
	T_EQ(nleft, 1);
	pins_are(&told, "ucom0@0 ucom9@1");
	/* And exchanges the two. */
	put_text(file, "ucom 0 " TWO "1\nucom 9 " TWO "0\n");
	units_load(file, &claims);
	attached_at("1-1", 0, -1, "ucom0");
	attached_at("1-1", 1, -1, "ucom9");
	T_EQ(host_udev_rematch(1), 1);
	host_udev_rescan();
	pins_are(&told, "ucom0@1 ucom9@0");
	unplug("1-1");
	host_udev_rescan();
	host_udev_close();
	finish();
}

/* ---- hostile files -------------------------------------------------- */

static void
put_lines(const char *text, size_t len)
{

	put(file, text, len);
	load_again();
}

static void
bad_words(void)
{
	static const char text[] =
	    "ucom 7 0403:6001,serial=A interface=256\n"
	    "ucom 7 0403:6001,serial=A interface=-1\n"
	    "ucom 7 0403:6001,serial=A interface=\n"
	    "ucom 7 0403:6001,serial=A interface=1 interface=2\n"
	    "ucom 7 0403:6001,serial=A part=65536\n"
	    "ucom 7 0403:6001,serial=A part=1x\n"
	    "ucom 7 0403:6001,serial=A part=1 part=1\n"
	    "ucom 7 0403:6001,serial=A Interface=1\n"
	    "ucom 99999999999999999999 0403:6001,serial=A\n"
	    "ucom 4294967303 0403:6001,serial=A\n"
	    "ucom -7 0403:6001,serial=A\n"
	    "ucom +7 0403:6001,serial=A\n"
	    "ucomucomucomucom 7 0403:6001,serial=A\n"
	    "ucom\n"
	    "ucom 7\n";
	static const char right[] =
	    "\tucom\t8  0403:6001,serial=A  part=0\tinterface=255 \r\n";
	char path[64], want[sizeof(text) + 64];

	begin();
	T_EQ(mkdir(strcat(strcpy(path, dir), "/lib"), 0755), 0);
	put_lines(text, sizeof(text) - 1);
	T_EQ(npinned, 0);
	plug_several("1-1", "A", 2);
	wants_all("1-1", "");
	attached_at("1-1", 1, -1, "ucom0");
	snprintf(want, sizeof(want), "%sucom 0 " TWO "1\n", text);
	text_is(want);
	units_left("1-1");
	put_lines(right, sizeof(right) - 1);
	wants_all("1-1", "ucom8@255.0");
	finish();
}

/* Too long, too many, no text: it is not remembered, nor written over. */
static void
bad_files(void)
{
	static char text[2 * 1024 * 1024];
	char path[64];
	struct stat st;
	size_t n;

	begin();
	T_EQ(mkdir(strcat(strcpy(path, dir), "/lib"), 0755), 0);
	plug("1-1", "A");
	memset(text, '\n', sizeof(text));
	put_lines(text, 5000);
	attached("1-1", "ucom0");
	T_EQ(stat(file, &st), 0);
	T_EQ(st.st_size, 5000);
	put_lines(text, sizeof(text));
	attached("1-1", "ucom0");
	T_EQ(stat(file, &st), 0);
	T_EQ(st.st_size, sizeof(text));
	put_lines("ucom 7 0403:6001\0,serial=A\n", 27);
	T_EQ(wants("1-1"), -1);
	attached("1-1", "ucom0");
	T_EQ(stat(file, &st), 0);
	T_EQ(st.st_size, 27);
	/* One line of nearly 1 MiB; and the same unit 4,000 times. */
	memset(text, 'x', sizeof(text));
	put_lines(text, 1024 * 1024);
	T_EQ(wants("1-1"), -1);
	for (n = 0; n < 4000; n++)
		memcpy(text + n * 26, "ucom 7 0403:6001,serial=A\n", 26);
	put_lines(text, n * 26);
	T_EQ(npinned, 1);
	wants_all("1-1", "ucom7");
	finish();
}

const struct t_case t_cases[] = {
	{ "who comes back has his unit, nobody has another's", comes_back },
	{ "without a serial number it is the port's", without_serial },
	{ "two with one serial number are told apart", same_serial },
	{ "a claim's unit counts before", claims_first },
	{ "a unit that a person gives is taken", a_persons_wish },
	{ "what a person has written stays", a_persons_file },
	{ "a hostile serial number makes no line of its own", hostile_serial },
	{ "without a file that can be trusted nothing breaks", no_file },
	{ "each port of an adapter keeps its own unit", two_ports },
	{ "and each HID of an interface, and each driver", parts },
	{ "a line of an old file is the first one's", old_file },
	{ "a claim's unit is the first one's, the others' are remembered",
	    claim_and_line },
	{ "equal lines are for several devices", equal_lines },
	{ "as many as a device can have are remembered", crowd },
	{ "of too many the one gives way that is away for longest", flood },
	{ "a disk that hangs is waited for by nobody but the end, for a while",
	    disk_hangs },
	{ "a reload moves a device only if one of its units is another",
	    reloads },
	{ "lines that are no lines are left alone", bad_words },
	{ "a file that is none is not written over", bad_files },
	{ NULL, NULL },
};
