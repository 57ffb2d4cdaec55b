/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_uhid.c - what a hostile HID sends: packets that its report descriptor
 * does not know, or that say more than is there.  The device is the scripted
 * one of tests/usbdi; clients come in above, as the front end does.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "h_test.h"
#include "hyp/hyp.h"
#include "hyp/hyp_node.h"
#include "hyp/hyp_usb.h"
#include "specfs/h_node.h"
#include "usbdi/h_desc.h"
#include "usbdi/h_usb.h"

#define	IN	0x81
#define	OUT	0x02
#define	L_USB_GET_REPORT	0xc4045517U	/* an int and 1024 bytes */
#define	L_USB_SET_REPORT	0x44045518U
#define	L_HIDIOCGRDESCSIZE	0x80044801U
#define	L_HIDIOCGRDESC		0x90044802U
#define	L_HIDIOCGRAWNAME	0x81004804U	/* 256 bytes, and so on */
#define	L_HIDIOCGRAWPHYS	0x81004805U
#define	L_HIDIOCGRAWUNIQ	0x81004808U
#define	L_HIDIOCGFEATURE	0xc0404807U	/* 64 */

/*
 * A vendor's page.  ID 1: 8 bytes in.  ID 2: a feature of 4 bytes, and
 * nothing in.  ID 3: 4 bytes out, and nothing in.
 */
static const uint8_t report_desc[] = {
	0x06, 0x00, 0xff, 0x09, 0x01, 0xa1, 0x01, 0x15, 0x00, 0x26, 0xff,
	0x00, 0x75, 0x08,
	0x85, 0x01, 0x95, 0x08, 0x09, 0x02, 0x81, 0x02,
	0x85, 0x02, 0x95, 0x04, 0x09, 0x03, 0xb1, 0x02,
	0x85, 0x03, 0x95, 0x04, 0x09, 0x04, 0x91, 0x02,
	0xc0
};
static const uint8_t descs[] = {
	H_DEV(0x1d6b, 0x0107, 0x0100, 0, 0, 0, 1),
	H_CONF(34, 1, 1),
	H_IFACE(0, 0, 1, 3, 0, 0),
	9, 0x21, 0x11, 0x01, 0, 1, 0x22, sizeof(report_desc), 0,
	H_EP(IN, 3, 16),
};

/* The same with a pipe for output. */
static const uint8_t descs_out[] = {
	H_DEV(0x1d6b, 0x0107, 0x0100, 0, 0, 0, 1),
	H_CONF(41, 1, 1),
	H_IFACE(0, 0, 2, 3, 0, 0),
	9, 0x21, 0x11, 0x01, 0, 1, 0x22, sizeof(report_desc), 0,
	H_EP(IN, 3, 16),
	H_EP(OUT, 3, 16),
};

static const char *const names[] = { "uhid0", "uhid1", "uhid2" };
#define	NIDS	3

static struct hu_dev *hu;
static struct h_client clients[NIDS];

static int
opens(void *arg)
{
	const int i = *(const int *)arg;

	clients[i].c_node = h_node_find(names[i]);
	if (clients[i].c_node == NULL)
		return 0;
	h_open(&clients[i]);
	T_CHECK(clients[i].c_error == 0 || clients[i].c_error == ENXIO);
	return clients[i].c_error == 0;
}

static int
is_armed(void *arg)
{
	const unsigned *const submits = arg;

	return hu_inflight(hu, IN) > 0 && hu_submits(hu, IN) > *submits;
}

/* An input packet, and that the driver has looked at it. */
static void
sends(const void *data, uint32_t len)
{
	unsigned n = 0;

	T_UNTIL(is_armed, &n);
	n = hu_submits(hu, IN);
	T_EQ(hu_complete(hu, IN, 0, HYP_USB_OK, data, len), 0);
	T_UNTIL(is_armed, &n);
}

/* Say that this file wants hidraw's framing. */
static void
wants_hidraw(struct h_client *c)
{
	struct hyp_lwp *const l = h_enter(1000);
	uint32_t out;
	size_t outsize = sizeof(out);
	int result;

	T_EQ(hyp_file_ioctl(c->c_file, L_HIDIOCGRDESCSIZE, 0, NULL, 0, &out,
	    &outsize, &result), 0);
	T_EQ(out, sizeof(report_desc));
	h_exit(l);
}

/* A read that must not wait: errno, and how many bytes. */
static int
reads(struct h_client *c, uint8_t *buf, size_t len, size_t *n)
{
	struct hyp_lwp *const l = h_enter(1000);
	const int error = hyp_file_read(c->c_file, buf, len, HYP_F_NONBLOCK,
	    n);

	h_exit(l);
	return error;
}

static int
writes(struct h_client *c, const void *buf, size_t len)
{
	struct hyp_lwp *const l = h_enter(1000);
	size_t n;
	const int error = hyp_file_write(c->c_file, buf, len, 0, &n);

	h_exit(l);
	return error;
}

static void
plug_as(const uint8_t *desc, size_t len)
{
	static uint32_t addr = 0;
	struct hyp_usb_info hi = { .hi_path = "1-1", .hi_bus = 1,
	    .hi_addr = ++addr, .hi_vendor = 0x1d6b, .hi_product = 0x0107,
	    .hi_release = 0x0100, .hi_speed = HYP_USB_SPEED_FULL,
	    .hi_serial = "", .hi_vendorstr = "", .hi_productstr = "" };

	if (addr == 1)
		T_EQ(hyp_boot(HYP_VERSION), 0);
	memset(clients, 0, sizeof(clients));
	hu = hu_plug(1, addr, desc, len);
	hu_mode(hu, 0, HU_OK, HU_C_OK);
	hu_mode(hu, IN, HU_HOLD, HU_C_OK);
	hu_answer(hu, report_desc, sizeof(report_desc));
	hyp_usb_arrived(&hi);
	for (int i = 0; i < NIDS; i++)
		T_UNTIL(opens, &i);
}

static void
plug(void)
{

	plug_as(descs, sizeof(descs));
}

static int
is_closed(void *arg __attribute__((unused)))
{

	return !hu_is_open(hu);
}

static void
unplug(void)
{

	hu_unplug(hu, 0);
	for (int i = 0; i < NIDS; i++)
		h_close(&clients[i]);
	T_UNTIL(is_closed, NULL);
	hu_remove(hu);
}

static void
no_input(bool hidraw)
{
	static const uint8_t feature[] = { 2, 9, 9, 9, 9 };
	static const uint8_t output[] = { 3, 9, 9, 9, 9 };
	static const uint8_t input[] = { 1, 1, 2, 3, 4, 5, 6, 7, 8 };
	uint8_t buf[64];
	size_t n;

	plug();
	if (hidraw)
		for (int i = 0; i < NIDS; i++)
			wants_hidraw(&clients[i]);
	sends(feature, sizeof(feature));
	sends(output, sizeof(output));
	sends(input, sizeof(input));
	for (int i = 1; i < NIDS; i++) {
		T_EQ(h_poll(&clients[i], 1, 0), 0);
		T_EQ(reads(&clients[i], buf, sizeof(buf), &n), EAGAIN);
	}
	T_EQ(reads(&clients[0], buf, sizeof(buf), &n), 0);
	T_EQ(n, hidraw ? sizeof(input) : sizeof(input) - 1);
	T_CHECK(memcmp(buf, hidraw ? input : input + 1, n) == 0);
	unplug();
}

static void
no_input_bytes(void)
{

	no_input(false);
}

static void
no_input_hidraw(void)
{

	no_input(true);
}

/* Every ID and every length, more of them than a ring has room for. */
static void
all_packets(void)
{
	uint8_t packet[16], buf[64];
	size_t n;
	int got = 0;

	plug();
	wants_hidraw(&clients[0]);
	wants_hidraw(&clients[1]);
	for (int id = 0; id < 256; id += id < 8 ? 1 : 31) {
		for (uint32_t len = 0; len <= sizeof(packet); len++) {
			memset(packet, 0xa5, sizeof(packet));
			packet[0] = (uint8_t)id;
			sends(packet, len);
		}
	}
	/* ID 1: with at least a byte behind it, and no more than 8. */
	while (reads(&clients[0], buf, sizeof(buf), &n) == 0) {
		got++;
		T_EQ(buf[0], 1);
		T_EQ(n, got < 8 ? (size_t)got + 1 : 9);
	}
	T_EQ(got, 15);
	for (int i = 1; i < NIDS; i++)
		T_EQ(reads(&clients[i], buf, sizeof(buf), &n), EAGAIN);
	unplug();
}

/* It has no ID, and is not as long as a report. */
static void
empty_write(void)
{

	plug();
	T_EQ(writes(&clients[2], "", 0), EINVAL);
	wants_hidraw(&clients[2]);
	T_EQ(writes(&clients[2], "", 0), EINVAL);
	unplug();
}

/* A report, by ioctl: errno; the data come and go. */
static int
report_lwp(struct hyp_lwp *l, struct h_client *c, uint32_t cmd, int type,
    uint8_t data[4])
{
	uint8_t buf[4 + 1024] = { (uint8_t)type };
	size_t insize, outsize, outoff;
	int error, result;

	memcpy(buf + 4, data, 4);
	T_EQ(hyp_ioctl_size(cmd, &insize, &outsize, &outoff), 0);
	error = hyp_file_ioctl(c->c_file, cmd, 0, buf, insize, buf, &outsize,
	    &result);
	memcpy(data, buf + 4, 4);
	h_exit(l);
	return error;
}

static int
report(struct h_client *c, uint32_t cmd, int type, uint8_t data[4])
{

	return report_lwp(h_enter(1000), c, cmd, type, data);
}

static int
report_nosleep(struct h_client *c, uint32_t cmd, uint8_t data[4])
{
	struct hyp_lwp *const l = h_enter(1000);

	hyp_lwp_nosleep(l);
	return report_lwp(l, c, cmd, 3, data);
}

/* What is got and set are requests, or go out where a request is refused. */
static void
reports(void)
{
	uint8_t data[4] = { 1, 2, 3, 4 };
	unsigned before;

	plug_as(descs_out, sizeof(descs_out));
	hu_mode(hu, OUT, HU_OK, HU_C_OK);
	before = hu_submits(hu, 0);
	T_EQ(report(&clients[1], L_USB_SET_REPORT, 3, data), 0);
	T_EQ(hu_submits(hu, 0), before + 1);
	T_EQ(report(&clients[1], L_USB_GET_REPORT, 3, data), 0);
	T_EQ(hu_submits(hu, 0), before + 2);
	T_EQ(memcmp(data, report_desc + 1, 4), 0);	/* hu_answer's */
	/* An input report, too; there is no other type. */
	T_EQ(report(&clients[0], L_USB_GET_REPORT, 1, data), 0);
	T_EQ(hu_submits(hu, 0), before + 3);
	T_EQ(report(&clients[0], L_USB_GET_REPORT, 4, data), EINVAL);
	T_EQ(hu_submits(hu, OUT), 0);
	T_EQ(writes(&clients[2], data, 4), 0);
	T_EQ(hu_submits(hu, 0), before + 4);
	hu_mode(hu, 0, HU_STALL, HU_C_OK);
	T_EQ(writes(&clients[2], data, 4), 0);
	T_EQ(hu_submits(hu, OUT), 1);
	T_CHECK(report(&clients[1], L_USB_GET_REPORT, 3, data) != 0);
	unplug();
	plug();
	hu_mode(hu, 0, HU_STALL, HU_C_OK);
	T_CHECK(writes(&clients[2], data, 4) != 0);	/* nowhere else */
	unplug();
}

/* A thread that may not sleep is told so, and the device is not asked. */
static void
nosleep(void)
{
	uint8_t data[5] = { 0 };
	struct hyp_lwp *l;
	unsigned before;
	size_t n;

	plug_as(descs_out, sizeof(descs_out));
	before = hu_submits(hu, 0);
	T_EQ(report_nosleep(&clients[1], L_USB_GET_REPORT, data), EAGAIN);
	T_EQ(report_nosleep(&clients[1], L_USB_SET_REPORT, data), EAGAIN);
	wants_hidraw(&clients[2]);
	l = h_enter(1000);
	hyp_lwp_nosleep(l);
	T_EQ(hyp_file_write(clients[2].c_file, data, 5, 0, &n), EAGAIN);
	T_EQ(hyp_file_read(clients[0].c_file, data, 5, 0, &n), EAGAIN);
	h_exit(l);
	T_EQ(hu_submits(hu, 0), before);
	T_EQ(hu_submits(hu, OUT), 0);
	T_EQ(report(&clients[1], L_USB_GET_REPORT, 3, data), 0);
	unplug();
}

/* How much of an ioctl's output is the answer; nothing is behind it. */
static size_t
answers(uint32_t cmd, const void *in, uint8_t out[4096])
{
	struct hyp_lwp *const l = h_enter(1000);
	size_t insize, outsize, outoff, done;
	int result;

	T_EQ(hyp_ioctl_size(cmd, &insize, &outsize, &outoff), 0);
	T_CHECK(insize <= 4 && outsize <= 4096);
	memset(out, 0xee, 4096);
	done = outsize;
	T_EQ(hyp_file_ioctl(clients[1].c_file, cmd, 0, in, insize, out, &done,
	    &result), 0);
	T_CHECK(done <= outsize);
	for (size_t i = done; i < 4096; i++)
		T_EQ(out[i], 0xee);
	h_exit(l);
	return done;
}

/*
 * hidraw's ioctls write into a client's memory what they have to say, not all
 * that their number tells: behind that may be no memory, or another thread's
 * words (Linux's hidraw.c; the front end writes what is said here).
 */
static void
answers_end(void)
{
	static const uint32_t texts[] = {
		L_HIDIOCGRAWNAME, L_HIDIOCGRAWPHYS, L_HIDIOCGRAWUNIQ,
	};
	static const uint32_t lens[] = { 0, 5, sizeof(report_desc), 4095 };
	static const uint8_t id = 2;
	uint8_t out[4096];
	size_t n;

	plug();
	for (int i = 0; i < 3; i++) {
		n = answers(texts[i], NULL, out);
		T_CHECK(n >= 1 && n < 100 && out[n - 1] == '\0');
		T_EQ(strlen((const char *)out), n - 1);
	}
	for (int i = 0; i < 4; i++) {
		n = answers(L_HIDIOCGRDESC, &lens[i], out);
		T_EQ(n, lens[i] < sizeof(report_desc) ? lens[i] :
		    sizeof(report_desc));
		T_CHECK(memcmp(out, report_desc, n) == 0);
	}
	/* What the device says, whatever it is. */
	n = answers(L_HIDIOCGFEATURE, &id, out);
	T_EQ(n, sizeof(report_desc));
	T_CHECK(memcmp(out, report_desc, n) == 0);
	unplug();
}

const struct t_case t_cases[] = {
	{ "a packet of an ID without input is dropped", no_input_bytes },
	{ "a packet of an ID without input is dropped, to hidraw too",
	    no_input_hidraw },
	{ "packets of every ID and every length", all_packets },
	{ "an empty write is EINVAL", empty_write },
	{ "reports are got and set, and go out where they are refused",
	    reports },
	{ "a thread that may not sleep gets EAGAIN, the device nothing",
	    nosleep },
	{ "hidraw's ioctls answer what they have to say, and no more",
	    answers_end },
	{ NULL, NULL }
};
