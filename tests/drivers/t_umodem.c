/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_umodem.c - umodem(4) finds the data interface of what is sold as CDC-ACM:
 * boards and bridges with the descriptors that they have (numbers only, made
 * here), and devices whose descriptors are wrong in the ways that Linux's
 * cdc-acm has learnt to bear; what cannot be used is refused.  And it puts
 * notifications together that come in pieces.  On the scripted host of
 * tests/usbdi.
 */
#include <asm/ioctls.h>
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "drivers/h_log.h"
#include "h_test.h"
#include "hyp/hyp.h"
#include "hyp/hyp_node.h"
#include "hyp/hyp_usb.h"
#include "specfs/h_node.h"
#include "usbdi/h_desc.h"
#include "usbdi/h_usb.h"

#define	L_USB_GET_CM_OVER_DATA	_IOR('U', 130, int)
#define	L_USB_SET_CM_OVER_DATA	_IOW('U', 131, int)

#define	HEADER		5, 0x24, 0, 0x10, 0x01
#define	CM(caps, data)	5, 0x24, 1, (caps), (data)
#define	ACM(caps)	4, 0x24, 2, (caps)
#define	UNION(a, b)	5, 0x24, 6, (a), (b)
#define	FUNCS		19		/* of all four */

/* Raspberry Pi Pico, TinyUSB. */
static const uint8_t pico[] = {
	H_DEV(0x2e8a, 0x000a, 0x0100, 0xef, 2, 1, 1),
	H_CONF(9 + 8 + 9 + FUNCS + 7 + 9 + 14, 2, 1),
	H_IAD(0, 2, 2, 2, 0),
	H_IFACE(0, 0, 1, 2, 2, 0), HEADER, CM(0, 1), ACM(2), UNION(0, 1),
	H_EP(0x81, 3, 8),
	H_IFACE(1, 0, 2, 10, 0, 0), H_EP(0x02, 2, 64), H_EP(0x82, 2, 64),
};
/* Arduino Uno, ATmega16U2. */
static const uint8_t uno[] = {
	H_DEV(0x2341, 0x0043, 0x0001, 2, 0, 0, 1),
	H_CONF(9 + 9 + FUNCS + 7 + 9 + 14, 2, 1),
	H_IFACE(0, 0, 1, 2, 2, 1), HEADER, ACM(6), UNION(0, 1), CM(3, 1),
	H_EP(0x82, 3, 8),
	H_IFACE(1, 0, 2, 10, 0, 0), H_EP(0x04, 2, 64), H_EP(0x83, 2, 64),
};
/* ST-Link V2-1: debug, mass storage, then the port. */
static const uint8_t stlink[] = {
	H_DEV(0x0483, 0x374b, 0x0100, 0xef, 2, 1, 1),
	H_CONF(9 + 9 + 21 + 9 + 14 + 8 + 9 + FUNCS + 7 + 9 + 14, 4, 1),
	H_IFACE(0, 0, 3, 0xff, 0xff, 0xff), H_EP(0x81, 2, 64),
	H_EP(0x01, 2, 64), H_EP(0x82, 2, 64),
	H_IFACE(1, 0, 2, 8, 6, 0x50), H_EP(0x83, 2, 64), H_EP(0x03, 2, 64),
	H_IAD(2, 2, 2, 2, 1),
	H_IFACE(2, 0, 1, 2, 2, 1), HEADER, CM(0, 3), ACM(6), UNION(2, 3),
	H_EP(0x85, 3, 10),
	H_IFACE(3, 0, 2, 10, 0, 0), H_EP(0x04, 2, 64), H_EP(0x84, 2, 64),
};
/* ESP32-S3, its USB serial and JTAG. */
static const uint8_t esp32s3[] = {
	H_DEV(0x303a, 0x1001, 0x0101, 0xef, 2, 1, 1),
	H_CONF(9 + 8 + 9 + FUNCS + 7 + 9 + 14 + 9 + 14, 3, 1),
	H_IAD(0, 2, 2, 2, 0),
	H_IFACE(0, 0, 1, 2, 2, 0), HEADER, CM(0, 1), ACM(2), UNION(0, 1),
	H_EP(0x82, 3, 64),
	H_IFACE(1, 0, 2, 10, 2, 0), H_EP(0x01, 2, 64), H_EP(0x81, 2, 64),
	H_IFACE(2, 0, 2, 0xff, 0xff, 1), H_EP(0x02, 2, 64),
	H_EP(0x83, 2, 64),
};
/* CH343, and with another id CH9102. */
static const uint8_t ch343[] = {
	H_DEV(0x1a86, 0x55d3, 0x0444, 2, 0, 0, 1),
	H_CONF(9 + 9 + FUNCS + 7 + 9 + 14, 2, 1),
	H_IFACE(0, 0, 1, 2, 2, 1), HEADER, CM(0, 1), ACM(6), UNION(0, 1),
	H_EP(0x81, 3, 16),
	H_IFACE(1, 0, 2, 10, 0, 0), H_EP(0x02, 2, 64), H_EP(0x82, 2, 64),
};
static const uint8_t ch9102[] = {
	H_DEV(0x1a86, 0x55d4, 0x0442, 2, 0, 0, 1),
	H_CONF(9 + 9 + FUNCS + 7 + 9 + 14, 2, 1),
	H_IFACE(0, 0, 1, 2, 2, 1), HEADER, CM(0, 1), ACM(6), UNION(0, 1),
	H_EP(0x83, 3, 16),
	H_IFACE(1, 0, 2, 10, 0, 0), H_EP(0x02, 2, 64), H_EP(0x82, 2, 64),
};

/* No union descriptor, and then no other either. */
static const uint8_t nounion[] = {
	H_DEV(0x1234, 1, 0x0100, 2, 0, 0, 1),
	H_CONF(9 + 9 + 10 + 7 + 9 + 7 + 9 + 14, 3, 1),
	H_IFACE(0, 0, 1, 2, 2, 1), CM(0, 2), HEADER, H_EP(0x81, 3, 16),
	H_IFACE(1, 0, 1, 3, 0, 0), H_EP(0x84, 3, 8),
	H_IFACE(2, 0, 2, 10, 0, 0), H_EP(0x02, 2, 64), H_EP(0x82, 2, 64),
};
static const uint8_t nothing[] = {
	H_DEV(0x1234, 2, 0x0100, 2, 0, 0, 1),
	H_CONF(9 + 9 + 9 + 14, 2, 1),
	H_IFACE(0, 0, 0, 2, 2, 1),
	H_IFACE(1, 0, 2, 10, 0, 0), H_EP(0x02, 2, 64), H_EP(0x82, 2, 64),
};
/* The data first; the union descriptor right, missing, or swapped. */
static const uint8_t reversed[] = {
	H_DEV(0x1234, 3, 0x0100, 2, 0, 0, 1),
	H_CONF(9 + 9 + 14 + 9 + 5 + 7, 2, 1),
	H_IFACE(0, 0, 2, 10, 0, 0), H_EP(0x02, 2, 64), H_EP(0x82, 2, 64),
	H_IFACE(1, 0, 1, 2, 2, 1), UNION(1, 0), H_EP(0x81, 3, 16),
};
static const uint8_t reversed_nothing[] = {
	H_DEV(0x1234, 4, 0x0100, 2, 0, 0, 1),
	H_CONF(9 + 9 + 14 + 9 + 7, 2, 1),
	H_IFACE(0, 0, 2, 10, 0, 0), H_EP(0x02, 2, 64), H_EP(0x82, 2, 64),
	H_IFACE(1, 0, 1, 2, 2, 1), H_EP(0x81, 3, 16),
};
static const uint8_t swapped[] = {
	H_DEV(0x1234, 5, 0x0100, 2, 0, 0, 1),
	H_CONF(9 + 9 + 5 + 7 + 9 + 14, 2, 1),
	H_IFACE(0, 0, 1, 2, 2, 1), UNION(1, 0), H_EP(0x81, 3, 16),
	H_IFACE(1, 0, 2, 10, 0, 0), H_EP(0x02, 2, 64), H_EP(0x82, 2, 64),
};
/* One interface with three endpoints; also with a union of one. */
static const uint8_t combined[] = {
	H_DEV(0x1234, 6, 0x0100, 2, 0, 0, 1),
	H_CONF(9 + 9 + 21, 1, 1),
	H_IFACE(0, 0, 3, 2, 2, 1), H_EP(0x81, 3, 16), H_EP(0x02, 2, 64),
	H_EP(0x82, 2, 64),
};
static const uint8_t combined_union[] = {
	H_DEV(0x1234, 7, 0x0100, 2, 0, 0, 1),
	H_CONF(9 + 9 + 9 + 21, 1, 1),
	H_IFACE(0, 0, 3, 2, 2, 1), ACM(6), UNION(0, 0), H_EP(0x02, 2, 64),
	H_EP(0x82, 2, 64), H_EP(0x81, 3, 16),
};

/* Of no use: no bulk endpoints; one only; packets of one byte; a union with
   what is not there, and a descriptor that is cut. */
static const uint8_t nobulk[] = {
	H_DEV(0x1234, 8, 0x0100, 2, 0, 0, 1),
	H_CONF(9 + 9 + 5 + 7 + 9, 2, 1),
	H_IFACE(0, 0, 1, 2, 2, 1), UNION(0, 1), H_EP(0x81, 3, 16),
	H_IFACE(1, 0, 0, 10, 0, 0),
};
static const uint8_t halfbulk[] = {
	H_DEV(0x1234, 9, 0x0100, 2, 0, 0, 1),
	H_CONF(9 + 9 + 5 + 7 + 9 + 7, 2, 1),
	H_IFACE(0, 0, 1, 2, 2, 1), UNION(0, 1), H_EP(0x81, 3, 16),
	H_IFACE(1, 0, 1, 10, 0, 0), H_EP(0x82, 2, 64),
};
static const uint8_t onebyte[] = {
	H_DEV(0x1234, 10, 0x0100, 2, 0, 0, 1),
	H_CONF(9 + 9 + 5 + 7 + 9 + 14, 2, 1),
	H_IFACE(0, 0, 1, 2, 2, 1), UNION(0, 1), H_EP(0x81, 3, 16),
	H_IFACE(1, 0, 2, 10, 0, 0), H_EP(0x02, 2, 1), H_EP(0x82, 2, 1),
};
static const uint8_t nowhere[] = {
	H_DEV(0x1234, 11, 0x0100, 2, 0, 0, 1),
	H_CONF(9 + 9 + 10 + 4 + 7, 1, 1),
	H_IFACE(0, 0, 1, 2, 2, 1), UNION(0, 7), CM(3, 200), 4, 0x24, 6, 0,
	H_EP(0x81, 3, 16),
};

struct device {
	const char	*d_name;
	const uint8_t	*d_desc;
	size_t		 d_len;
	uint8_t		 d_notify;	/* 0: none */
	uint8_t		 d_in;		/* 0: it is refused */
};
#define	D(name, notify, in)	{ #name, name, sizeof(name), notify, in }
static const struct device devices[] = {
	D(pico, 0x81, 0x82), D(uno, 0x82, 0x83), D(stlink, 0x85, 0x84),
	D(esp32s3, 0x82, 0x81), D(ch343, 0x81, 0x82), D(ch9102, 0x83, 0x82),
	D(h_acm, 0x82, 0x83), D(nounion, 0x81, 0x82), D(nothing, 0, 0x82),
	D(reversed, 0x81, 0x82), D(reversed_nothing, 0x81, 0x82),
	D(swapped, 0x81, 0x82), D(combined, 0x81, 0x82),
	D(combined_union, 0x81, 0x82), D(nobulk, 0x81, 0),
	D(halfbulk, 0x81, 0), D(onebyte, 0x81, 0), D(nowhere, 0x81, 0),
};
#define	NDEVICES	(sizeof(devices) / sizeof(devices[0]))

static struct hu_dev *hu;
static uint32_t addr;

static void
plug(const struct device *d)
{
	const struct hyp_usb_info hi = { .hi_path = "1-1", .hi_bus = 1,
	    .hi_addr = addr + 1, .hi_vendor = d->d_desc[8] |
	    (unsigned)d->d_desc[9] << 8, .hi_product = d->d_desc[10] |
	    (unsigned)d->d_desc[11] << 8, .hi_speed = HYP_USB_SPEED_FULL,
	    .hi_serial = "", .hi_vendorstr = "", .hi_productstr = "" };

	t_note("%s", d->d_name);
	if (++addr == 1)
		T_EQ(hyp_boot(HYP_VERSION), 0);
	hu = hu_plug(1, addr, d->d_desc, d->d_len);
	hu_mode(hu, 0, HU_OK, HU_C_OK);
	for (uint8_t ep = 1; ep < 6; ep++) {
		hu_mode(hu, ep, HU_OK, HU_C_OK);	/* echo */
		hu_mode(hu, 0x80 | ep, HU_HOLD, HU_C_OK);
	}
	hyp_usb_arrived(&hi);
}

static int
is_closed(void *arg)
{

	(void)arg;
	return !hu_is_open(hu);
}

static void
unplug(void)
{

	hu_unplug(hu, 1);
	hyp_usb_left("1-1");
	T_UNTIL(is_closed, NULL);
	hu_remove(hu);
}

static int
opens(void *arg)
{
	struct h_client *c = arg;

	c->c_node = h_node_find("dtyU0");
	if (c->c_node == NULL)
		return 0;
	h_open(c);
	return c->c_error == 0;
}

/* TIOCM_*. */
static int
lines(struct h_client *c)
{
	uint8_t in[8] = { 0 }, out[8] = { 0 };
	size_t outsize = sizeof(int);
	struct hyp_lwp *l = h_enter(0);
	int result, bits;

	T_EQ(hyp_file_ioctl(c->c_file, TIOCMGET, 0, in, 0, out, &outsize,
	    &result), 0);
	h_exit(l);
	memcpy(&bits, out, sizeof(bits));
	return bits;
}

struct want {
	struct h_client	*w_client;
	int		 w_lines;
};

static int
lines_are(void *arg)
{
	struct want *w = arg;

	return (lines(w->w_client) & (TIOCM_DSR | TIOCM_RI)) == w->w_lines;
}

static int
is_waiting(void *arg)
{

	return hu_inflight(hu, *(const uint8_t *)arg) > 0;
}

/* The device sends a packet of that endpoint. */
static void
packet(uint8_t ep, const void *data, uint32_t len)
{

	T_UNTIL(is_waiting, &ep);
	T_EQ(hu_complete(hu, ep, 0, 0, data, len), 0);
}

/* ---- cases ---------------------------------------------------------- */

static void
data_interface(void)
{
	struct h_client c = { .c_node = NULL };

	for (size_t i = 0; i < NDEVICES; i++) {
		if (devices[i].d_in == 0)
			continue;
		plug(&devices[i]);
		T_UNTIL(opens, &c);
		T_CHECK(hu_inflight(hu, devices[i].d_in) > 0);
		if (devices[i].d_notify != 0)
			T_CHECK(hu_inflight(hu, devices[i].d_notify) > 0);
		packet(devices[i].d_in, "ab\n", 3);
		h_read(&c);
		T_EQ(c.c_error, 0);
		T_EQ(c.c_done, 3);
		h_close(&c);
		unplug();
	}
}

static int
was_refused(void *arg)
{

	return h_log_has(arg);
}

/* Its driver stays with it, without a line; the log says why. */
static void
refused(void)
{
	struct h_client c = { .c_node = NULL };

	for (size_t i = 0; i < NDEVICES; i++) {
		if (devices[i].d_in != 0)
			continue;
		h_log_begin();
		plug(&devices[i]);
		T_UNTIL(was_refused, "no data interface");
		h_log_end();
		c.c_node = h_node_find("dtyU0");
		T_CHECK(c.c_node != NULL);	/* the case before made it */
		h_open(&c);
		T_EQ(c.c_error, ENXIO);
		unplug();
	}
}

/*
 * A notification in pieces of every size, and one that has none of its last
 * byte, and what is none at all.
 */
/* USB_GET_CM_OVER_DATA, USB_SET_CM_OVER_DATA; errno. */
static int
over_data(struct h_client *c, uint32_t cmd, int *value)
{
	struct hyp_lwp *const l = h_enter(0);
	size_t insize, outsize, off;
	int error, result;

	T_EQ(hyp_ioctl_size(cmd, &insize, &outsize, &off), 0);
	error = hyp_file_ioctl(c->c_file, cmd, 0, value, insize, value,
	    &outsize, &result);
	h_exit(l);
	return error;
}

static void
notifications(void)
{
	static const struct device *const d = &devices[4];	/* ch343 */
	uint8_t n[10] = { 0xa1, 0x20, 0, 0, 0, 0, 2, 0, 0, 0 };
	struct h_client c = { .c_node = NULL };
	struct want w = { .w_client = &c };
	uint8_t longer[16];
	int value = 7;

	plug(d);
	T_UNTIL(opens, &c);
	/* It has no such feature to be switched on. */
	T_EQ(over_data(&c, L_USB_GET_CM_OVER_DATA, &value), 0);
	T_EQ(value, 0);
	T_EQ(over_data(&c, L_USB_SET_CM_OVER_DATA, &value), 0);
	value = 1;
	T_EQ(over_data(&c, L_USB_SET_CM_OVER_DATA, &value), EOPNOTSUPP);
	/* Whole, and then one whose packet has room for more. */
	for (int i = 0; i < 4; i++) {
		n[8] = i % 2 ? 0x02 : 0x08;
		w.w_lines = i % 2 ? TIOCM_DSR : TIOCM_RI;
		packet(d->d_notify, n, 10);
		T_UNTIL(lines_are, &w);
	}
	memset(longer, 0xff, sizeof(longer));
	packet(d->d_notify, longer, 16);
	packet(d->d_notify, longer, 7);
	packet(d->d_notify, longer, 0);
	packet(d->d_notify, n, 9);
	n[8] = 0x08;
	w.w_lines = TIOCM_RI;
	packet(d->d_notify, n, 10);
	T_UNTIL(lines_are, &w);
	h_close(&c);
	unplug();
}

/* Over packets of eight bytes, as the Pico and the Uno have them. */
static void
split(void)
{
	static const struct device *const d = &devices[0];	/* pico */
	uint8_t n[10] = { 0xa1, 0x20, 0, 0, 0, 0, 2, 0, 0, 0 };
	struct h_client c = { .c_node = NULL };
	struct want w = { .w_client = &c };

	plug(d);
	T_UNTIL(opens, &c);
	for (int i = 0; i < 6; i++) {
		n[8] = i % 2 ? 0x02 : 0x08;
		w.w_lines = i % 2 ? TIOCM_DSR : TIOCM_RI;
		/* Half of one before: a packet that is short ends it. */
		if (i == 3)
			packet(d->d_notify, n, 4);
		packet(d->d_notify, n, 8);
		packet(d->d_notify, n + 8, 2);
		T_UNTIL(lines_are, &w);
	}
	h_close(&c);
	unplug();
}

const struct t_case t_cases[] = {
	{ "boards, bridges, and odd descriptors: the data interface",
	    data_interface },
	{ "what has no data interface is refused", refused },
	{ "notifications, whole and wrong", notifications },
	{ "notifications split over packets", split },
	{ NULL, NULL }
};
