/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_claim.c - the arguments of --claim: what is taken, what is refused, and
 * which devices fit; boot keyboards and mice.
 */
#include <stdio.h>
#include <string.h>

#include "hyp/hyp.h"
#include "hyp/hyp_node.h"
#include "host/host.h"
#include "host/usbsys.h"
#include "main/claim.h"
#include "h_test.h"

static const struct good {
	const char	*g_text;
	unsigned	 g_vendor, g_product;
	const char	*g_serial, *g_port;
	int		 g_unit;
} goods[] = {
	{ "0403:6001", 0x0403, 0x6001, "", "", -1 },
	{ "403:1", 0x403, 1, "", "", -1 },
	{ "FFFF:fFfF", 0xffff, 0xffff, "", "", -1 },
	{ "0:0", 0, 0, "", "", -1 },
	{ "0403:6001,unit=0", 0x0403, 0x6001, "", "", 0 },
	{ "0403:6001,unit=4095", 0x0403, 0x6001, "", "", 4095 },
	{ "0403:6001,serial=A1", 0x0403, 0x6001, "A1", "", -1 },
	{ "0403:6001,serial=a b=c:d", 0x0403, 0x6001, "a b=c:d", "", -1 },
	{ "0403:6001,serial=a\\,b\\\\,unit=3", 0x0403, 0x6001, "a,b\\", "",
	    3 },
	{ "0403:6001,port=1-1.4.2", 0x0403, 0x6001, "", "1-1.4.2", -1 },
	{ "0403:6001,unit=2,port=10-2,serial=x", 0x0403, 0x6001, "x", "10-2",
	    2 },
};

static const char *const bads[] = {
	"", ":", "0403", "0403:", ":6001", "0403:6001x", "0403:6001 ",
	" 0403:6001", "0403 6001", "0x403:6001", "00403:6001", "0403:06001",
	"g403:6001", "0403:6001:1", "-1:6001", "0403,6001", "0403:6001,",
	"0403:6001,,unit=1", "0403:6001,unit=1,", "0403:6001,unit",
	"0403:6001,unit=", "0403:6001,unit=-1", "0403:6001,unit=+1",
	"0403:6001,unit= 1", "0403:6001,unit=1x", "0403:6001,unit=4096",
	"0403:6001,unit=99999999999999999999", "0403:6001,unit=1,unit=1",
	"0403:6001,serial=", "0403:6001,serial=a,serial=b",
	"0403:6001,serial=a\\", "0403:6001,port=", "0403:6001,port=1",
	"0403:6001,port=1-", "0403:6001,port=1-1.", "0403:6001,port=-1",
	"0403:6001,port=1.1", "0403:6001,port=1-1-1", "0403:6001,port=1-1..2",
	"0403:6001,port=usb1", "0403:6001,port=1-1:1.0",
	"0403:6001,port=1-1,port=1-2", "0403:6001,ports=1-1",
	"0403:6001,Unit=1", "0403:6001,=1", "0403:6001,x=1",
	"0403:6001,serial", "0403:6001;unit=1", "0403:6001,force=1",
	"0403:6001,force=", "0403:6001,Force", "0403:6001,forced",
	"0403:6001,forc", "0403:6001,force,force", "0403:6001,force,",
	"0403:6001,force ", "0403:6001,driver=uhid",
	"0403:6001,unit=1,driver=", "0403:6001,unit=1,driver",
	"0403:6001,unit=1,driver=UHID", "0403:6001,unit=1,driver=u-hid",
	"0403:6001,unit=1,driver=1uhid", "0403:6001,unit=1,driver=uhid0x/..",
	"0403:6001,unit=1,driver=abcdefghijklmnop",
	"0403:6001,unit=1,driver=uhid,driver=uhid",
	"0403:6001,speed", "0403:6001,speed=", "0403:6001,speed=0",
	"0403:6001,speed=49", "0403:6001,speed=12000001",
	"0403:6001,speed=-9600", "0403:6001,speed=9600x",
	"0403:6001,speed=0x2580", "0403:6001,speed=99999999999999999999",
	"0403:6001,Speed=9600", "0403:6001,format=8n", "0403:6001,format=4N1",
	"0403:6001,format=9N1", "0403:6001,format=8X1", "0403:6001,format=8N0",
	"0403:6001,format=8N11", "0403:6001,format=N81",
	"0403:6001,format=8 1", "0403:6001,flow=RTSCTS", "0403:6001,flow=off",
};

static void
test_parse(void)
{
	const struct good *g;
	struct claim c;
	const char *why;
	size_t i;

	for (i = 0; i < sizeof(goods) / sizeof(goods[0]); i++) {
		g = &goods[i];
		why = claim_parse(g->g_text, &c);
		if (why != NULL || c.c_vendor != g->g_vendor ||
		    c.c_product != g->g_product ||
		    strcmp(c.c_serial, g->g_serial) != 0 ||
		    strcmp(c.c_port, g->g_port) != 0 ||
		    c.c_unit != g->g_unit)
			t_fail(__FILE__, __LINE__, "\"%s\": %s", g->g_text,
			    why != NULL ? why : "understood wrongly");
	}
}

static void
test_refuse(void)
{
	struct claim c;
	size_t i;

	for (i = 0; i < sizeof(bads) / sizeof(bads[0]); i++) {
		if (claim_parse(bads[i], &c) == NULL)
			t_fail(__FILE__, __LINE__, "\"%s\" is taken",
			    bads[i]);
	}
}

/* Every mistake has a line of its own, not just any. */
static void
test_words(void)
{
	static const char *const words[][2] = {
		{ "1:2,force,force", "force is given twice" },
		{ "1:2,unit=1,driver=a,driver=a", "driver= is given twice" },
		{ "1:2,unit=1,driver=A", "driver= wants a name" },
		{ "1:2,driver=uhid", "there is no unit=" },
		{ "1:2,forced", "driver=, force, speed=, " },
		{ "1:2,force=1", "driver=, force, speed=, " },
		{ "1:2,speed=fast", "speed= wants a number of baud" },
		{ "1:2,speed=300,speed=300", "speed= is given twice" },
		{ "1:2,format=8N3", "format= wants bits (5 to 8), parity" },
		{ "1:2,format=8N1,format=7E1", "format= is given twice" },
		{ "1:2,flow=hard", "flow= wants none, rtscts or xonxoff" },
		{ "1:2,flow=none,flow=none", "flow= is given twice" },
		{ "1:2,dtr=yes", "dtr= wants on, off or keep" },
		{ "1:2,rts=Keep", "rts= wants on, off or keep" },
		{ "1:2,rts=on,rts=on", "rts= is given twice" },
		{ "1:2,latency=0", "latency= wants a number of milliseconds" },
		{ "1:2,latency=256", "latency= wants a number of milli" },
		{ "1:2,latency=1,latency=1", "latency= is given twice" },
		{ "1:2,hupcl=keep", "hupcl= wants on or off" },
		{ "1:2,clocal=1", "clocal= wants on or off" },
		{ "1:2,clocal=on,clocal=on", "clocal= is given twice" },
		{ "1:2,semantics=bsd", "semantics= wants one of netbsd, " },
		{ "1:2,semantics=", "a value is empty" },
		{ "1:2,semantics=linux,semantics=linux", "semantics= is given "
		    "twice" },
	};
	struct claim c;
	const char *why;
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		why = claim_parse(words[i][0], &c);
		if (why == NULL || strstr(why, words[i][1]) == NULL)
			t_fail(__FILE__, __LINE__, "\"%s\": %s", words[i][0],
			    why != NULL ? why : "taken");
	}
}

static void
test_force_driver(void)
{
	struct claim c;

	T_CHECK(claim_parse("1:2,unit=3", &c) == NULL);
	T_EQ(c.c_force, 0);
	T_CHECK(strcmp(c.c_driver, "ucom") == 0);
	T_CHECK(claim_parse("1:2,force", &c) == NULL);
	T_EQ(c.c_force, 1);
	T_EQ(c.c_unit, -1);
	T_CHECK(claim_parse("1:2,force,driver=uhid,serial=force,unit=3", &c)
	    == NULL);
	T_EQ(c.c_force, 1);
	T_EQ(c.c_unit, 3);
	T_CHECK(strcmp(c.c_driver, "uhid") == 0);
	T_CHECK(strcmp(c.c_serial, "force") == 0);
	T_CHECK(claim_parse("1:2,unit=3,driver=abcdefghijklmn0", &c) == NULL);
}

static void
test_line(void)
{
	struct hyp_usb_line none = { .hl_speed = 0 };
	struct claim c;

	T_CHECK(claim_parse("1:2", &c) == NULL);
	T_CHECK(line_same(&c.c_line, &none));
	T_CHECK(claim_parse("1:2,speed=50,unit=1,format=5m2,flow=xonxoff", &c)
	    == NULL);
	T_EQ(c.c_line.hl_speed, 50);
	T_EQ(c.c_line.hl_bits, 5);
	T_EQ(c.c_line.hl_parity, 'M');
	T_EQ(c.c_line.hl_stop, 2);
	T_EQ(c.c_line.hl_flow, HYP_USB_FLOW_XONXOFF);
	T_EQ(c.c_unit, 1);
	T_CHECK(!line_same(&c.c_line, &none));
	T_EQ(c.c_line.hl_dtr, 0);
	T_CHECK(claim_parse("1:2,dtr=keep,rts=off", &c) == NULL);
	T_EQ(c.c_line.hl_dtr, HYP_USB_PIN_KEEP);
	T_EQ(c.c_line.hl_rts, HYP_USB_PIN_OFF);
	T_CHECK(!line_same(&c.c_line, &none));
	T_CHECK(claim_parse("1:2,semantics=linux,speed=50", &c) == NULL);
	T_EQ(c.c_line.hl_semantics, HYP_SEMANTICS_LINUX);
	T_CHECK(claim_parse("1:2,semantics=netbsd", &c) == NULL);
	T_EQ(c.c_line.hl_semantics, HYP_SEMANTICS_NETBSD);
	T_CHECK(claim_parse("1:2", &c) == NULL);
	T_EQ(c.c_line.hl_semantics, 0);
	T_CHECK(claim_parse("1:2,latency=255", &c) == NULL);
	T_EQ(c.c_line.hl_latency, 255);
	T_CHECK(claim_parse("1:2,hupcl=off,clocal=on", &c) == NULL);
	T_EQ(c.c_line.hl_hupcl, HYP_USB_PIN_OFF);
	T_EQ(c.c_line.hl_clocal, HYP_USB_PIN_ON);
	T_CHECK(!line_same(&c.c_line, &none));
	T_CHECK(claim_parse("1:2,dtr=on,rts=on", &c) == NULL);
	T_EQ(c.c_line.hl_dtr, HYP_USB_PIN_ON);
	T_CHECK(claim_parse("1:2,speed=12000000,format=8S1,flow=none", &c) ==
	    NULL);
	T_EQ(c.c_line.hl_speed, 12000000);
	T_EQ(c.c_line.hl_parity, 'S');
	T_EQ(c.c_line.hl_flow, HYP_USB_FLOW_NONE);
}

static void
test_long(void)
{
	char text[600], *p;
	struct claim c;
	size_t len;

	/* Every length around the limits, of each value. */
	for (len = 1; len < sizeof(text) - 40; len++) {
		p = stpcpy(text, "0403:6001,serial=");
		memset(p, 's', len);
		p[len] = '\0';
		if ((claim_parse(text, &c) == NULL) !=
		    (len < sizeof(c.c_serial))) {
			t_fail(__FILE__, __LINE__, "length %zu", len);
		}
		p = stpcpy(text, "0403:6001,port=1-");
		memset(p, '1', len);
		p[len] = '\0';
		if ((claim_parse(text, &c) == NULL) !=
		    (len + 2 < sizeof(c.c_port))) {
			t_fail(__FILE__, __LINE__, "length %zu", len);
		}
	}
}

static void
test_add(void)
{
	struct claim_head head = TAILQ_HEAD_INITIALIZER(head);

	T_CHECK(claim_add(&head, "1:2,unit=1") == NULL);
	T_CHECK(claim_add(&head, "1:3,unit=1") != NULL);
	T_CHECK(claim_add(&head, "1:2,unit=2") != NULL);
	T_CHECK(claim_add(&head, "1:2,serial=x,unit=2") == NULL);
	T_CHECK(claim_add(&head, "1:2,port=1-1") == NULL);
	T_CHECK(claim_add(&head, "1:2,port=1-2") == NULL);
	T_CHECK(claim_add(&head, "nonsense") != NULL);
	/* A unit is one of its driver. */
	T_CHECK(claim_add(&head, "1:4,unit=1,driver=uhid") == NULL);
	T_CHECK(claim_add(&head, "1:5,unit=1,driver=uhid") != NULL);
	T_CHECK(claim_add(&head, "1:5,unit=1,driver=ucom") != NULL);
	/* With force it is still the same devices. */
	T_CHECK(claim_add(&head, "1:4,force") != NULL);
	claim_free(&head);
	T_CHECK(TAILQ_EMPTY(&head));
}

static struct hyp_usb_info
device(unsigned vendor, unsigned product, const char *serial,
    const char *path)
{
	struct hyp_usb_info hi = {
		.hi_path = path, .hi_bus = 1, .hi_addr = 5,
		.hi_vendor = (uint16_t)vendor,
		.hi_product = (uint16_t)product, .hi_serial = serial,
		.hi_vendorstr = "", .hi_productstr = "",
	};

	return hi;
}

/* The unit that the device gets; -2 if it is not taken. */
static int
match(struct claim_head *head, unsigned product, const char *serial,
    const char *path)
{
	struct usbsys_dev ud = {
		.ud_info = device(0x403, product, serial, path),
	};
	const char *driver = NULL;
	int unit = 99;

	if (claim_match(head, &ud, 0, &unit, &driver) != HOST_UDEV_TAKEN)
		return unit == 99 ? -2 : -3;
	return unit;
}

static void
test_match(void)
{
	struct claim_head head = TAILQ_HEAD_INITIALIZER(head);

	T_EQ(match(&head, 0x6001, "", "1-1"), -2);
	(void)claim_add(&head, "403:6001");
	(void)claim_add(&head, "403:6001,port=1-2,unit=2");
	(void)claim_add(&head, "403:6001,serial=S,unit=3");
	(void)claim_add(&head, "403:6001,serial=S,port=1-4,unit=4");
	(void)claim_add(&head, "403:6010,unit=8");
	T_EQ(match(&head, 0x6011, "", "1-1"), -2);
	T_EQ(match(&head, 0x6001, "", "1-1"), -1);
	T_EQ(match(&head, 0x6001, "", "1-2"), 2);
	T_EQ(match(&head, 0x6001, "S", "1-3"), 3);
	T_EQ(match(&head, 0x6001, "S", "1-4"), 4);
	T_EQ(match(&head, 0x6001, "s", "1-3"), -1);
	T_EQ(match(&head, 0x6001, "S2", "1-3"), -1);
	T_EQ(match(&head, 0x6001, "", "1-2.1"), -1);
	claim_left(&head, "1-3");
	T_EQ(match(&head, 0x6001, "S", "1-2"), 3);

	T_EQ(match(&head, 0x6010, "", "1-5"), 8);
	T_EQ(match(&head, 0x6010, "", "1-6"), -1);
	T_EQ(match(&head, 0x6010, "", "1-7"), -1);
	T_EQ(match(&head, 0x6010, "", "1-5"), 8);
	claim_left(&head, "1-6");
	T_EQ(match(&head, 0x6010, "", "1-6"), -1);
	claim_left(&head, "1-5");
	T_EQ(match(&head, 0x6010, "", "1-9"), 8);
	claim_free(&head);
}

/* An interface descriptor: class, subclass, protocol. */
#define	IFACE(c, s, p)	9, 4, 0, 0, 1, c, s, p, 0

static enum host_udev_verdict
verdict(const char *claim, const unsigned char *desc, size_t len)
{
	struct claim_head head = TAILQ_HEAD_INITIALIZER(head);
	struct usbsys_dev ud = { .ud_info = device(1, 2, "S", "1-1") };
	enum host_udev_verdict v;
	const char *driver = NULL;
	int unit = 99;

	memcpy(ud.ud_desc, desc, len);
	ud.ud_desclen = len;
	T_CHECK(claim_add(&head, claim) == NULL);
	v = claim_match(&head, &ud, 0, &unit, &driver);
	T_EQ(driver == NULL, v != HOST_UDEV_TAKEN);
	/* No unit is used up by what is not taken. */
	T_EQ(unit == 99, v != HOST_UDEV_TAKEN);
	T_EQ(TAILQ_FIRST(&head)->c_holder[0] != '\0',
	    v == HOST_UDEV_TAKEN && TAILQ_FIRST(&head)->c_unit != -1);
	claim_free(&head);
	return v;
}

static void
test_boot(void)
{
	static const unsigned char keyboard[] = { IFACE(3, 1, 1) },
	    mouse[] = { IFACE(3, 1, 2) }, gamepad[] = { IFACE(3, 0, 0) },
	    none[] = { IFACE(3, 1, 0) }, report[] = { IFACE(3, 0, 1) },
	    disk[] = { IFACE(8, 1, 1) },
	    second[] = {
		18, 1, 0, 2, 0, 0, 0, 64, 1, 0, 2, 0, 0, 0, 0, 0, 0, 2,
		9, 2, 18, 0, 1, 1, 0, 0x80, 50, IFACE(255, 0, 0),
		9, 2, 34, 0, 2, 2, 0, 0x80, 50, IFACE(3, 0, 0),
		7, 5, 0x81, 3, 8, 0, 10, IFACE(3, 1, 2),
	    },
	    lookalike[] = { 12, 0x21, 9, 4, 0, 0, 1, 3, 1, 1, 0, 0 },
	    cut[] = { 9, 4, 0, 0, 1, 3, 1 }, zero[] = { 0, 0, IFACE(3, 1, 1) };

	T_EQ(verdict("1:2", keyboard, sizeof(keyboard)), HOST_UDEV_REFUSED);
	T_EQ(verdict("1:2", mouse, sizeof(mouse)), HOST_UDEV_REFUSED);
	T_EQ(verdict("1:2,unit=1", mouse, sizeof(mouse)), HOST_UDEV_REFUSED);
	T_EQ(verdict("1:2,force", keyboard, sizeof(keyboard)),
	    HOST_UDEV_TAKEN);
	T_EQ(verdict("1:2,unit=1,force", mouse, sizeof(mouse)),
	    HOST_UDEV_TAKEN);
	T_EQ(verdict("1:2,unit=1,driver=uhid,force", mouse, sizeof(mouse)),
	    HOST_UDEV_TAKEN);
	T_EQ(verdict("1:3,force", mouse, sizeof(mouse)), HOST_UDEV_UNCLAIMED);
	T_EQ(verdict("1:2", gamepad, sizeof(gamepad)), HOST_UDEV_TAKEN);
	T_EQ(verdict("1:2", none, sizeof(none)), HOST_UDEV_TAKEN);
	T_EQ(verdict("1:2", report, sizeof(report)), HOST_UDEV_TAKEN);
	T_EQ(verdict("1:2", disk, sizeof(disk)), HOST_UDEV_TAKEN);
	/* One interface of many, in another configuration. */
	T_EQ(verdict("1:2", second, sizeof(second)), HOST_UDEV_REFUSED);
	T_EQ(verdict("1:2,force", second, sizeof(second)), HOST_UDEV_TAKEN);
	T_EQ(verdict("1:2", second, sizeof(second) - 9), HOST_UDEV_TAKEN);
	/* What is none, or no descriptor at all. */
	T_EQ(verdict("1:2", lookalike, sizeof(lookalike)), HOST_UDEV_TAKEN);
	T_EQ(verdict("1:2", cut, sizeof(cut)), HOST_UDEV_TAKEN);
	T_EQ(verdict("1:2", zero, sizeof(zero)), HOST_UDEV_TAKEN);
	T_EQ(verdict("1:2", zero, 0), HOST_UDEV_TAKEN);
}

/* The claim that counts is the one whose force counts. */
static void
test_boot_best(void)
{
	static const unsigned char keyboard[] = { IFACE(3, 1, 1) };
	struct claim_head head = TAILQ_HEAD_INITIALIZER(head);
	struct usbsys_dev ud = { .ud_info = device(1, 2, "S", "1-1"),
	    .ud_desclen = sizeof(keyboard) };
	const char *driver;
	int unit;

	memcpy(ud.ud_desc, keyboard, sizeof(keyboard));
	(void)claim_add(&head, "1:2");
	(void)claim_add(&head, "1:2,serial=S,force");
	T_EQ(claim_match(&head, &ud, 0, &unit, &driver), HOST_UDEV_TAKEN);
	ud.ud_info.hi_serial = "other";
	T_EQ(claim_match(&head, &ud, 0, &unit, &driver), HOST_UDEV_REFUSED);
	T_CHECK(claim_find(&head, &ud.ud_info) == TAILQ_FIRST(&head));
	claim_free(&head);
}

/* What is proposed for a serial number, as a shell reads it. */
static void
pasted(const char *text, char *back, size_t size)
{
	char word[CLAIM_SHELL(CLAIM_TEXT)], command[sizeof(word) + 32];
	FILE *sh;
	size_t n;

	claim_shell(text, word, sizeof(word));
	snprintf(command, sizeof(command), "printf %%s %s", word);
	sh = popen(command, "r");
	T_CHECK(sh != NULL);
	n = fread(back, 1, size - 1, sh);
	back[n] = '\0';
	T_EQ(pclose(sh), 0);
}

static void
test_propose(void)
{
	static const char *const serials[] = { "", "A1", "a,b\\c", "x';id;'",
	    "$(id)`id`", "'", "''\\'", "a=b,port=1-1", "\"!*?~ #&|<>", "\\",
	    "\303\244\342\202\254", ",,,", "-x" };
	char text[CLAIM_TEXT], back[512];
	struct claim c;

	for (size_t i = 0; i < sizeof(serials) / sizeof(serials[0]); i++) {
		struct hyp_usb_info hi = device(0x403, 0x6001, serials[i],
		    "1-1.4");

		for (int port = 0; port < 2; port++) {
			claim_propose(&hi, port, text);
			pasted(text, back, sizeof(back));
			T_CHECK(strcmp(text, back) == 0);
			T_CHECK(claim_parse(back, &c) == NULL);
			T_EQ(c.c_vendor, 0x403);
			T_EQ(c.c_product, 0x6001);
			T_CHECK(strcmp(c.c_serial, serials[i]) == 0);
			T_CHECK(strcmp(c.c_port, port ? "1-1.4" : "") == 0);
		}
	}
}

/* Of every length, and each character needs a backslash. */
static void
test_propose_long(void)
{
	char text[CLAIM_TEXT], serial[300];
	struct claim c;
	unsigned serials = 0;

	for (size_t n = 1; n < sizeof(serial); n++) {
		struct hyp_usb_info hi = device(1, 2, serial,
		    "1-1.2.3.4.5.6");

		memset(serial, n % 2 != 0 ? ',' : 'a', n);
		serial[n] = '\0';
		claim_propose(&hi, n % 3 == 0, text);
		T_CHECK(claim_parse(text, &c) == NULL);
		serials += strcmp(c.c_serial, serial) == 0;
		/* Not a part of it: the place, where it has no room. */
		T_CHECK(strcmp(c.c_serial, serial) == 0 ||
		    (c.c_serial[0] == '\0' &&
		    strcmp(c.c_port, "1-1.2.3.4.5.6") == 0));
	}
	T_CHECK(serials > 110);
}

const struct t_case t_cases[] = {
	{ "well-formed claims are understood", test_parse },
	{ "malformed claims are refused", test_refuse },
	{ "what is wrong is told", test_words },
	{ "force and driver=", test_force_driver },
	{ "the settings of a line", test_line },
	{ "values of every length", test_long },
	{ "claims that contradict each other are refused", test_add },
	{ "the most exact claim counts, a unit has one holder", test_match },
	{ "boot keyboards and mice are refused without force", test_boot },
	{ "the force of the most exact claim counts", test_boot_best },
	{ "what --list proposes means the same when pasted", test_propose },
	{ "and for a serial number of any length", test_propose_long },
	{ NULL, NULL },
};
