/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_desc.c - the descriptor parser: what it accepts, what it makes of it,
 * and each way in which a device can contradict itself.
 *
 * A malformed case is a good device with a few bytes changed, and says at
 * which offset the parser must complain, and of what.  Every case checks
 * that no memory is left behind.
 */
#include <sys/param.h>
#include <sys/kmem.h>
#include <sys/systm.h>

#include <dev/usb/usb.h>

#include "usbdi/usb_desc.h"
#include "h_test.h"
#include "usbdi/h_desc.h"

static struct udesc_error err;

static size_t
inuse(void)
{
	u_int pieces;

	return kmem_inuse(&pieces);
}

/* The tree of bytes that must be good. */
static struct udesc *
good(const void *raw, size_t len)
{
	struct udesc *t = NULL;
	const int error = udesc_parse(raw, len, &t, &err);

	if (error != 0)
		t_fail(__FILE__, __LINE__, "refused at %u: %s",
		    (u_int)err.e_off, err.e_text);
	return t;
}

static bool
contains(const char *s, const char *what)
{

	for (; *s != '\0'; s++) {
		if (strncmp(s, what, strlen(what)) == 0)
			return true;
	}
	return false;
}

/* These bytes must be refused, at this offset and with these words. */
static void
bad(const void *raw, size_t len, size_t off, const char *what)
{
	const size_t before = inuse();
	struct udesc *t = NULL;

	memset(&err, 0, sizeof(err));
	T_CHECK(udesc_parse(raw, len, &t, &err) != 0);
	T_CHECK(t == NULL);
	T_EQ(err.e_off, off);
	if (!contains(err.e_text, what))
		t_fail(__FILE__, __LINE__, "says \"%s\", not \"%s\"",
		    err.e_text, what);
	T_EQ(inuse(), before);
}

/* The same for one of the good devices with some bytes changed. */
#define	BAD(desc, off, what, ...) do {					\
	uint8_t copy_[sizeof(desc)];					\
	static const int patch_[][2] = { __VA_ARGS__ };			\
	u_int i_;							\
	memcpy(copy_, desc, sizeof(copy_));				\
	for (i_ = 0; i_ < __arraycount(patch_); i_++)			\
		copy_[patch_[i_][0]] = (uint8_t)patch_[i_][1];		\
	bad(copy_, sizeof(copy_), off, what);				\
} while (0)

static void
t_good_ftdi(void)
{
	const size_t before = inuse();
	struct udesc *t = good(h_ftdi, sizeof(h_ftdi));
	const struct udesc_conf *dc = &t->d_conf[0];

	T_EQ(t->d_nconf, 1);
	T_EQ(UGETW(t->d_dev->idVendor), 0x0403);
	T_EQ(UGETW(t->d_dev->idProduct), 0x6001);
	T_EQ(dc->dc_off, 18);
	T_EQ(dc->dc_len, 32);
	T_EQ(dc->dc_niface, 1);
	T_EQ(dc->dc_nalt, 1);
	T_EQ(dc->dc_alt[0].da_nep, 2);
	T_EQ(dc->dc_alt[0].da_ep[0].de_d->bEndpointAddress, 0x81);
	T_EQ(dc->dc_alt[0].da_ep[1].de_d->bEndpointAddress, 0x02);
	T_EQ(UGETW(dc->dc_alt[0].da_ep[1].de_d->wMaxPacketSize), 64);
	T_CHECK(udesc_conf_by_value(t, 1) == dc);
	T_CHECK(udesc_conf_by_value(t, 2) == NULL);
	udesc_free(t);
	T_EQ(inuse(), before);
}

static void
t_good_acm(void)
{
	struct udesc *t = good(h_acm, sizeof(h_acm));
	const struct udesc_conf *dc = &t->d_conf[0];

	T_EQ(dc->dc_niface, 2);
	T_EQ(dc->dc_nalt, 3);
	T_CHECK(udesc_alt_nth(dc, 0, 0) == &dc->dc_alt[0]);
	T_CHECK(udesc_alt_nth(dc, 0, 1) == NULL);
	T_CHECK(udesc_alt_nth(dc, 1, 0) == &dc->dc_alt[1]);
	T_CHECK(udesc_alt_nth(dc, 1, 1) == &dc->dc_alt[2]);
	T_CHECK(udesc_alt_nth(dc, 1, 2) == NULL);
	T_CHECK(udesc_alt_nth(dc, 2, 0) == NULL);
	T_EQ(dc->dc_alt[0].da_nep, 1);
	T_EQ(dc->dc_alt[1].da_nep, 0);
	T_EQ(dc->dc_alt[2].da_nep, 2);
	T_EQ(dc->dc_alt[2].da_ep[1].de_d->bEndpointAddress, 0x83);
	udesc_free(t);
}

/* Interface numbers with a gap, settings out of order, long descriptors,
   unknown types, two configurations: all legal. */
static void
t_good_odd(void)
{
	static const uint8_t odd[] = {
		H_DEV(1, 2, 3, 0, 0, 0, 2),
		H_CONF(57, 2, 5),
		4, 0x99, 1, 2,			/* unknown */
		2, 0x98,			/* unknown, shortest */
		H_IFACE(7, 0, 1, 0xff, 0, 0),
		9, 5, 0x81, 1, 0, 0, 1, 0, 0,	/* audio's longer endpoint */
		H_IFACE(3, 0, 0, 0xff, 0, 0),
		H_IFACE(7, 2, 0, 0xff, 0, 0),
		6, 0x30, 0, 0, 0, 0,		/* SuperSpeed companion */
		H_CONF(9, 0, 1),		/* no interface at all */
	};
	struct udesc *t = good(odd, sizeof(odd));
	const struct udesc_conf *dc = &t->d_conf[0];

	T_EQ(t->d_nconf, 2);
	T_EQ(dc->dc_niface, 2);
	T_EQ(dc->dc_ifaceno[0], 7);
	T_EQ(dc->dc_ifaceno[1], 3);
	T_EQ(udesc_alt_nth(dc, 0, 1)->da_d->bAlternateSetting, 2);
	T_CHECK(udesc_conf_by_value(t, 1) == &t->d_conf[1]);
	T_EQ(t->d_conf[1].dc_niface, 0);
	udesc_free(t);
}

/* Every cut of a good device is refused. */
static void
t_truncated(void)
{
	struct udesc *t;
	size_t len;

	for (len = 0; len < sizeof(h_acm); len++) {
		T_CHECK(udesc_parse(h_acm, len, &t, &err) != 0);
		T_CHECK(err.e_off <= sizeof(h_acm));
	}
	bad(h_acm, 0, 0, "no descriptors");
	bad(h_acm, 10, 10, "cut off after 10 bytes");
	bad(h_acm, 20, 20, "configuration 1 of 1 is cut off or missing");
	bad(h_acm, sizeof(h_acm) - 1, 20,
	    "wTotalLength is 84 but only 83 bytes came");
}

static void
t_device(void)
{

	BAD(h_ftdi, 1, "where the device descriptor should be", { 1, 2 });
	BAD(h_ftdi, 0, "bLength 17", { 0, 17 });
	BAD(h_ftdi, 0, "bLength 0", { 0, 0 });
	BAD(h_ftdi, 7, "bMaxPacketSize0 is 0", { 7, 0 });
	BAD(h_ftdi, 17, "bNumConfigurations is 0", { 17, 0 });
	BAD(h_ftdi, 17, "bNumConfigurations is 9", { 17, 9 });
	BAD(h_ftdi, 50, "configuration 2 of 2", { 17, 2 });
}

static void
t_configuration(void)
{
	uint8_t more[sizeof(h_ftdi) + 3] = { 0 };

	BAD(h_ftdi, 19, "where configuration 1 should begin", { 19, 4 });
	BAD(h_ftdi, 18, "bLength 8", { 18, 8 });
	BAD(h_ftdi, 20, "less than bLength", { 20, 8 });
	BAD(h_ftdi, 20, "only 32 bytes came", { 20, 33 });
	BAD(h_ftdi, 20, "only 32 bytes came", { 21, 0xff });
	BAD(h_ftdi, 49, "1 bytes behind the last", { 20, 31 });
	BAD(h_ftdi, 23, "bConfigurationValue is 0", { 23, 0 });
	memcpy(more, h_ftdi, sizeof(h_ftdi));
	more[20] = 31;
	bad(more, 49, 43, "runs over the end (6 bytes left)");
	more[20] = 32;
	bad(more, sizeof(more), 50, "3 bytes behind the last configuration");
}

static void
t_two_configurations(void)
{
	static const uint8_t same[] = {
		H_DEV(1, 2, 3, 0, 0, 0, 2),
		H_CONF(18, 1, 1),
		H_IFACE(0, 0, 0, 0xff, 0, 0),
		H_CONF(18, 1, 1),
		H_IFACE(0, 0, 0, 0xff, 0, 0),
	};

	bad(same, sizeof(same), 41, "bConfigurationValue 1 is used twice");
}

static void
t_lengths(void)
{

	BAD(h_ftdi, 27, "type 0x04 has bLength 0", { 27, 0 });
	BAD(h_ftdi, 27, "type 0x04 has bLength 1", { 27, 1 });
	BAD(h_ftdi, 27, "bLength 8, needs 9", { 27, 8 });
	BAD(h_ftdi, 43, "runs over the end (7 bytes left)", { 43, 8 });
	BAD(h_ftdi, 43, "runs over the end", { 43, 255 });
	BAD(h_ftdi, 43, "bLength 6, needs 7", { 43, 6 });
	BAD(h_ftdi, 49, "one stray byte", { 43, 6 }, { 44, 0x99 });
	BAD(h_acm, 27, "bLength 7, needs 8", { 27, 7 });
	BAD(h_acm, 44, "bLength 2, needs 3", { 44, 2 });
}

static void
t_nesting(void)
{
	static const uint8_t orphan[] = {
		H_DEV(1, 2, 3, 0, 0, 0, 1),
		H_CONF(25, 1, 1),
		H_EP(0x81, 2, 64),
		H_IFACE(0, 0, 0, 0xff, 0, 0),
	};

	BAD(h_ftdi, 36, "device descriptor inside", { 37, 1 });
	BAD(h_ftdi, 36, "configuration descriptor inside", { 37, 2 });
	bad(orphan, sizeof(orphan), 27, "before any interface");
}

static void
t_interfaces(void)
{

	BAD(h_ftdi, 22, "has 1 interfaces, bNumInterfaces says 2",
	    { 22, 2 });
	BAD(h_acm, 22, "has 2 interfaces, bNumInterfaces says 0", { 22, 0 });
	BAD(h_acm, 22, "has 3 interfaces, bNumInterfaces says 2",
	    { 81, 2 }, { 82, 0 });
	BAD(h_acm, 79, "interface 1 setting 0 is described twice",
	    { 82, 0 });
	BAD(h_acm, 18, "interface 1 has no setting 0", { 73, 5 });
}

static void
t_endpoints(void)
{

	BAD(h_ftdi, 31, "has 2 endpoint descriptors, bNumEndpoints says 3",
	    { 31, 3 });
	BAD(h_ftdi, 31, "has 2 endpoint descriptors, bNumEndpoints says 1",
	    { 31, 1 });
	/* The first setting is complete when the second begins. */
	BAD(h_acm, 39, "has 1 endpoint descriptors, bNumEndpoints says 0",
	    { 39, 0 });
	BAD(h_ftdi, 43, "endpoint 0x81 is described twice", { 45, 0x81 });
	BAD(h_ftdi, 45, "address 0x00 is not valid", { 45, 0 });
	BAD(h_ftdi, 45, "address 0x80 is not valid", { 45, 0x80 });
	BAD(h_ftdi, 45, "address 0x12 is not valid", { 45, 0x12 });
	BAD(h_ftdi, 47, "wMaxPacketSize is 0", { 47, 0 });
	BAD(h_ftdi, 47, "wMaxPacketSize 0x0540", { 48, 5 });
	BAD(h_dual, 73, "endpoint 0x81 is in interface 0 and in interface 1",
	    { 75, 0x81 });
}

static void
t_associations(void)
{
	static const uint8_t twice[] = {
		H_DEV(1, 2, 3, 0, 0, 0, 1),
		H_CONF(43, 2, 1),
		H_IAD(0, 2, 2, 2, 1),
		H_IAD(1, 1, 2, 2, 1),
		H_IFACE(0, 0, 0, 0xff, 0, 0),
		H_IFACE(1, 0, 0, 0xff, 0, 0),
	};

	BAD(h_acm, 27, "association of 0 interfaces", { 30, 0 });
	BAD(h_acm, 27, "association of 3 interfaces from 254", { 29, 254 },
	    { 30, 3 });
	BAD(h_acm, 18, "names interface 2, which does not exist",
	    { 30, 3 });
	bad(twice, sizeof(twice), 35, "interface 1 is in two");
}

/* Counts over the caps end early and without using the memory. */
static void
t_caps(void)
{
	static uint8_t big[UDESC_MAXLEN + 1];
	static const uint8_t head[] = { H_DEV(1, 2, 3, 0, 0, 0, 1),
		H_CONF(27 + 300 * 9 - 18, 1, 1) };
	static const uint8_t ifd[] = { H_IFACE(0, 0, 0, 0xff, 0, 0) };
	static const uint8_t epd[] = { H_EP(0x81, 2, 64) };
	size_t off = sizeof(head), len;
	u_int i;

	memcpy(big, head, sizeof(head));
	bad(big, sizeof(big), UDESC_MAXLEN, "bytes of descriptors");

	/* 300 settings of one interface. */
	for (i = 0; i < 300; i++, off += sizeof(ifd)) {
		memcpy(big + off, ifd, sizeof(ifd));
		big[off + 3] = (uint8_t)i;
	}
	len = off - 18;
	big[20] = (uint8_t)len;
	big[21] = (uint8_t)(len >> 8);
	bad(big, off, 27 + 256 * 9, "more than 256 interface descriptors");

	/* 33 interfaces. */
	off = sizeof(head);
	for (i = 0; i < 33; i++, off += sizeof(ifd)) {
		big[off + 2] = (uint8_t)i;
		big[off + 3] = 0;
	}
	len = off - 18;
	big[20] = (uint8_t)len;
	big[21] = (uint8_t)(len >> 8);
	big[22] = 33;
	bad(big, off, 27 + 32 * 9, "more than 32 interfaces");

	/* 31 endpoints. */
	off = sizeof(head);
	memcpy(big + off, ifd, sizeof(ifd));
	big[off + 4] = 31;
	off += sizeof(ifd);
	for (i = 0; i < 31; i++, off += sizeof(epd))
		memcpy(big + off, epd, sizeof(epd));
	len = off - 18;
	big[20] = (uint8_t)len;
	big[21] = (uint8_t)(len >> 8);
	bad(big, off, 36 + 30 * 7, "more than 30 endpoints");
}

const struct t_case t_cases[] = {
	{ "an FTDI adapter's descriptors", t_good_ftdi },
	{ "a CDC-ACM modem's descriptors", t_good_acm },
	{ "odd but legal descriptors", t_good_odd },
	{ "every truncation is refused", t_truncated },
	{ "malformed device descriptors", t_device },
	{ "malformed configuration descriptors", t_configuration },
	{ "two configurations with one value", t_two_configurations },
	{ "lengths that do not fit", t_lengths },
	{ "descriptors in the wrong place", t_nesting },
	{ "interfaces that contradict the configuration", t_interfaces },
	{ "endpoints that contradict the interface", t_endpoints },
	{ "interface associations that contradict", t_associations },
	{ "caps on counts", t_caps },
	{ NULL, NULL }
};
