/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vusb_chips.c - which chips there are, and what their descriptors have in
 * common.
 *
 * The table is all that tells one chip of a family from another: the family's
 * own file looks at vc_part, vc_release and vc_quirks.  A device that lies
 * about itself (VUSB_Q_NOIN and its neighbours) does so in vusb_put_iface.
 *
 * No state.  vusb_put_*: v_lock held.
 */
#include <assert.h>
#include <string.h>

#include "vusb/vusbvar.h"

static const struct {
	const char		*name;
	struct vusb_config	 config;
} chips[] = {
	{ "ftdi", { .vc_model = VUSB_FTDI } },
	{ "acm", { .vc_model = VUSB_ACM } },
	{ "ft232r", { .vc_model = VUSB_FTDI, .vc_quirks = VUSB_Q_IDLE } },
	{ "ft232h", { .vc_model = VUSB_FTDI, .vc_quirks = VUSB_Q_IDLE,
	    .vc_product = 0x6014, .vc_release = 0x0900,
	    .vc_highspeed = true } },
	{ "ft2232h", { .vc_model = VUSB_FTDI, .vc_quirks = VUSB_Q_IDLE,
	    .vc_product = 0x6010, .vc_release = 0x0700, .vc_nports = 2,
	    .vc_highspeed = true } },
	{ "ft4232h", { .vc_model = VUSB_FTDI, .vc_quirks = VUSB_Q_IDLE,
	    .vc_product = 0x6011, .vc_release = 0x0800, .vc_nports = 4,
	    .vc_highspeed = true } },
	{ "ch341", { .vc_model = VUSB_CH34X } },
	{ "ch340", { .vc_model = VUSB_CH34X, .vc_release = 0x0264 } },
	{ "ch340-nobreak", { .vc_model = VUSB_CH34X, .vc_release = 0x0254,
	    .vc_quirks = VUSB_Q_NOBREAK } },
	{ "ch340-old", { .vc_model = VUSB_CH34X, .vc_release = 0x0250,
	    .vc_part = 0x27 } },
	{ "cp2102", { .vc_model = VUSB_CP210X, .vc_usb = 0x0110 } },
	{ "cp2102-clone", { .vc_model = VUSB_CP210X, .vc_usb = 0x0110,
	    .vc_quirks = VUSB_Q_NOEVENTS } },
	{ "cp2102n", { .vc_model = VUSB_CP210X, .vc_part = 0x20 } },
	{ "cp2105", { .vc_model = VUSB_CP210X, .vc_part = 0x05,
	    .vc_product = 0xea70, .vc_nports = 2 } },
	{ "cp2108", { .vc_model = VUSB_CP210X, .vc_part = 0x08,
	    .vc_product = 0xea71, .vc_nports = 4 } },
	{ "pl2303hx", { .vc_model = VUSB_PL2303 } },
	{ "pl2303hx-clone", { .vc_model = VUSB_PL2303,
	    .vc_quirks = VUSB_Q_NOBREAK | VUSB_Q_NOLINE } },
	{ "pl2303ta", { .vc_model = VUSB_PL2303, .vc_part = VUSB_PL2303_TA,
	    .vc_usb = 0x0200, .vc_release = 0x0300 } },
	{ "pl2303tb", { .vc_model = VUSB_PL2303, .vc_part = VUSB_PL2303_TB,
	    .vc_usb = 0x0200, .vc_release = 0x0500 } },
	{ "pl2303hxn", { .vc_model = VUSB_PL2303, .vc_part = VUSB_PL2303_HXN,
	    .vc_usb = 0x0200, .vc_product = 0x23a3, .vc_release = 0x0105 } },
};
#define	NCHIPS		(sizeof(chips) / sizeof(chips[0]))

/* What is no adapter. */
static const struct {
	const char		*name;
	enum vusb_model		 model;
} others[] = {
	{ "printer", VUSB_PRINTER },
	{ "hid", VUSB_HID },
};
#define	NOTHERS		(sizeof(others) / sizeof(others[0]))

/* What a zero of a configuration means. */
static const struct vusb_config defaults[] = {
	[VUSB_FTDI] = { .vc_vendor = 0x0403, .vc_product = 0x6001,
	    .vc_release = 0x0600, .vc_usb = 0x0200 },
	[VUSB_ACM] = { .vc_vendor = 0x0525, .vc_product = 0xa4a7,
	    .vc_release = 0x0100, .vc_usb = 0x0200 },
	[VUSB_CH34X] = { .vc_vendor = 0x1a86, .vc_product = 0x7523,
	    .vc_release = 0x0263, .vc_usb = 0x0110, .vc_part = 0x31 },
	[VUSB_CP210X] = { .vc_vendor = 0x10c4, .vc_product = 0xea60,
	    .vc_release = 0x0100, .vc_usb = 0x0200, .vc_part = 0x02 },
	[VUSB_PL2303] = { .vc_vendor = 0x067b, .vc_product = 0x2303,
	    .vc_release = 0x0300, .vc_usb = 0x0110,
	    .vc_part = VUSB_PL2303_HX },
	[VUSB_PRINTER] = { .vc_vendor = 0x0525, .vc_product = 0xa4a8,
	    .vc_release = 0x0100, .vc_usb = 0x0200 },
	[VUSB_HID] = { .vc_vendor = 0x0525, .vc_product = 0xa4ac,
	    .vc_release = 0x0100, .vc_usb = 0x0200 },
};

bool
vusb_chip(const char *name, struct vusb_config *vc)
{

	for (unsigned i = 0; i < NCHIPS; i++) {
		if (strcmp(chips[i].name, name) == 0) {
			*vc = chips[i].config;
			return true;
		}
	}
	for (unsigned i = 0; i < NOTHERS; i++) {
		if (strcmp(others[i].name, name) == 0) {
			*vc = (struct vusb_config){
			    .vc_model = others[i].model };
			return true;
		}
	}
	return false;
}

const char *
vusb_chip_name(unsigned i)
{

	return i < NCHIPS ? chips[i].name : NULL;
}

void
vusb_config_default(struct vusb_config *vc)
{
	const struct vusb_config *d = &defaults[vc->vc_model];

	if (vc->vc_vendor == 0)
		vc->vc_vendor = d->vc_vendor;
	if (vc->vc_product == 0)
		vc->vc_product = d->vc_product;
	if (vc->vc_release == 0)
		vc->vc_release = d->vc_release;
	if (vc->vc_usb == 0)
		vc->vc_usb = d->vc_usb;
	if (vc->vc_part == 0)
		vc->vc_part = d->vc_part;
	if (vc->vc_acmcaps == 0)
		vc->vc_acmcaps = 0x06;
	if (vc->vc_nports == 0 || (vc->vc_model != VUSB_FTDI &&
	    vc->vc_model != VUSB_CP210X))
		vc->vc_nports = 1;
	assert(vc->vc_nports <= VUSB_MAXPORTS);
}

/* The port that has this bulk endpoint; not below vc_nports: none has. */
unsigned
vusb_epport(const struct vusb *v, uint8_t ep)
{

	return v->v_ops->vo_port == NULL ? 0 : v->v_ops->vo_port(ep);
}

size_t
vusb_put_device(struct vusb *v, uint8_t *d, uint8_t class)
{
	const struct vusb_config *vc = &v->v_config;

	memcpy(d, (uint8_t[]){ 18, 1, (uint8_t)vc->vc_usb,
	    (uint8_t)(vc->vc_usb >> 8), class, 0, 0, 64,
	    (uint8_t)vc->vc_vendor, (uint8_t)(vc->vc_vendor >> 8),
	    (uint8_t)vc->vc_product, (uint8_t)(vc->vc_product >> 8),
	    (uint8_t)vc->vc_release, (uint8_t)(vc->vc_release >> 8),
	    1, 2, v->v_serial[0] != '\0' ? 3 : 0, 1 }, 18);
	return 18;
}

/* wTotalLength is vusb_descriptors' business. */
size_t
vusb_put_config(struct vusb *v, uint8_t *d, unsigned nifaces,
    uint8_t attributes)
{

	(void)v;
	memcpy(d, (uint8_t[]){ 9, 2, 0, 0, (uint8_t)nifaces, 1, 0, attributes,
	    45 }, 9);
	return 9;
}

size_t
vusb_put_endpoint(uint8_t *d, uint8_t addr, uint8_t type, uint16_t maxpkt,
    uint8_t interval)
{

	memcpy(d, (uint8_t[]){ 7, 5, addr, type, (uint8_t)maxpkt,
	    (uint8_t)(maxpkt >> 8), interval }, 7);
	return 7;
}

/* One endpoint of an interface, or none, as the quirks have it. */
static size_t
put_endpoint(const struct vusb *v, uint8_t *iface, size_t len, unsigned without,
    uint8_t addr, uint8_t type, uint16_t maxpkt)
{

	if (addr == 0 || (v->v_quirks & without) != 0)
		return 0;
	if (v->v_quirks & VUSB_Q_TYPE && type == 2)
		type = 1;
	if (v->v_quirks & VUSB_Q_PACKET)
		maxpkt = v->v_config.vc_packet;
	if (v->v_quirks & VUSB_Q_SAMEEP)
		addr = 0x81;
	iface[4]++;
	return vusb_put_endpoint(iface + len, addr, type, maxpkt,
	    type == 3 ? 1 : 0);
}

/*
 * len = vusb_put_iface(v, d, number, maxpkt, in, out, intr, intrsize)
 *
 *	A vendor's interface with a bulk pair and, unless that is 0, an
 *	interrupt endpoint.
 */
size_t
vusb_put_iface(struct vusb *v, uint8_t *d, uint8_t number, uint16_t maxpkt,
    uint8_t in, uint8_t out, uint8_t intr, uint16_t intrsize)
{
	size_t len = 9;

	memcpy(d, (uint8_t[]){ 9, 4, number, 0, 0, 0xff, 0, 0, 2 }, 9);
	len += put_endpoint(v, d, len, VUSB_Q_NOINTR, intr, 3, intrsize);
	len += put_endpoint(v, d, len, VUSB_Q_NOIN, in, 2, maxpkt);
	len += put_endpoint(v, d, len, VUSB_Q_NOOUT, out, 2, maxpkt);
	return len;
}

/*
 * n = vusb_status_packet(v, buf, room, packet, len)
 *
 *	A packet of an interrupt endpoint, as long as vusb_set_statuslen says.
 */
size_t
vusb_status_packet(struct vusb *v, uint8_t *buf, uint32_t room,
    const uint8_t *packet, size_t len)
{
	const size_t n = v->v_statuslen < 0 ? len : (size_t)v->v_statuslen;

	memset(buf, 0xff, n < room ? n : room);
	len = len < n ? len : n;
	memcpy(buf, packet, len < room ? len : room);
	return n < room ? n : room;
}
