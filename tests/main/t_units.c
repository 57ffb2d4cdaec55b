/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_units.c - units that devices keep (devswd.conf(5), "units = remembered"):
 * who comes back has the unit that he had, nobody has another's, and the file
 * is a person's as much as the daemon's.
 */
#undef NDEBUG
#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "h_test.h"
#include "host/usbsys.h"
#include "main/units.h"

/* ---- the daemon's other parts --------------------------------------- */

static int pinned[64], npinned;

int
hyp_node_pin(const char *driver, uint32_t unit)
{

	if (strcmp(driver, "nobody") == 0)
		return EINVAL;
	T_CHECK(npinned < 64);
	pinned[npinned++] = (int)unit;
	return 0;
}

/* udev.c's, where no device arrives. */
void
hyp_usb_arrived(const struct hyp_usb_info *hi)
{

	(void)hi;
	abort();
}

void
hyp_usb_left(const char *path)
{

	(void)path;
	abort();
}

void
hyp_usb_line(const char *path, const struct hyp_usb_line *hl)
{

	(void)path;
	(void)hl;
	abort();
}

static int
is_pinned(int unit)
{

	for (int i = 0; i < npinned; i++)
		if (pinned[i] == unit)
			return 1;
	return 0;
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
attribute(const char *place, const char *name, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/devices/%s/%s", dir, place, name);
	put(path, text, strlen(text));
}

/* A device in a sysfs of the test's own; serial NULL: it has none. */
static void
plug(const char *place, const char *serial)
{
	static const unsigned char desc[18] = { 18, 1, 0, 2, [7] = 64,
	    [8] = 3, 4, 1, 0x60, [17] = 0 };
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
unplug(const char *place)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r %s/devices/%s", dir, place);
	T_EQ(system(command), 0);
	units_left(place);
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
	npinned = 0;
	units_load(file, &claims);
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

/* The unit that the device would be pinned to, or -1. */
static int
wants(const char *place)
{
	static struct usbsys_dev ud;
	const char *driver = NULL;
	int unit = -1;

	T_EQ(usbsys_read(place, &ud), 0);
	units_want(&ud.ud_info, &unit, &driver);
	T_CHECK(unit == -1 || driver != NULL);
	return unit;
}

/* It has attached as this device of autoconf's. */
static void
attached(const char *place, const char *device)
{
	struct node_state ns = { .ns_attached = 1, .ns_iface = -1 }, was = { 0 };

	strcpy(ns.ns_place, place);
	strcpy(ns.ns_device, device);
	units_node(&ns, &was);
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
	npinned = 0;
	units_load(file, &claims);
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
	put(file, "ucom 3 0403:6001,serial=Y\n", 26);
	npinned = 0;
	units_load(file, &claims);
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
	put(file, "ucom 9 0403:6001,serial=A\n", 26);
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
	npinned = 0;
	units_load(file, &claims);
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

const struct t_case t_cases[] = {
	{ "who comes back has his unit, nobody has another's", comes_back },
	{ "without a serial number it is the port's", without_serial },
	{ "two with one serial number are told apart", same_serial },
	{ "a claim's unit counts before", claims_first },
	{ "a unit that a person gives is taken", a_persons_wish },
	{ "what a person has written stays", a_persons_file },
	{ "a hostile serial number makes no line of its own", hostile_serial },
	{ "without a file that can be trusted nothing breaks", no_file },
	{ NULL, NULL },
};
