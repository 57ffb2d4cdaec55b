/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vusb_hid.c - a software HID: a joystick by its descriptor, whose reports are
 * eight bytes each, without IDs; endpoints 0x81 and 0x02, both interrupt.
 *
 * An output report, which comes by the pipe or as a request, goes to the far end
 * as eight bytes; eight bytes from there are an input report.  So one whose line
 * is joined with itself says what it is told.  A feature report is kept.  On the
 * pipe an output report waits while the far end is full, as a request it is a
 * STALL then.  vs_resets counts SET_IDLE.
 *
 * All functions: v_lock held.  Known gaps: no boot protocol, no idle rate.
 */
#include <string.h>

#include "vusb/vusbvar.h"

#define	HID_EP_IN	0x81
#define	HID_EP_OUT	0x02
#define	HID_LEN		8		/* of a report */
#define	HID_INPUT	1		/* types of reports; v_reg has the last */
#define	HID_FEATURE	3		/* of each type at type * HID_LEN */

static const uint8_t hid_rdesc[] = {
	0x05, 0x01, 0x09, 0x04,			/* a joystick */
	0xa1, 0x01,
	0x06, 0x00, 0xff,			/* the maker's own usages */
	0x15, 0x00, 0x26, 0xff, 0x00,
	0x75, 0x08, 0x95, HID_LEN,
	0x09, 0x01, 0x81, 0x02,
	0x09, 0x02, 0x91, 0x02,
	0x09, 0x03, 0xb1, 0x02,
	0xc0,
};

static size_t
hid_descriptors(struct vusb *v, uint8_t *d, size_t size)
{
	size_t len;

	if (size < 18 + 9 + 9 + 9 + 14)
		return 0;
	len = vusb_put_device(v, d, 0);
	len += vusb_put_config(v, d + len, 1, 0xc0);
	memcpy(d + len, (uint8_t[]){ 9, 4, 0, 0, 2, 3, 0, 0, 0,
	    9, 0x21, 0x11, 0x01, 0, 1, 0x22, sizeof(hid_rdesc), 0 }, 18);
	len += 18;
	len += vusb_put_endpoint(d + len, HID_EP_IN, 3, HID_LEN, 1);
	len += vusb_put_endpoint(d + len, HID_EP_OUT, 3, HID_LEN, 1);
	return len;
}

static void
hid_reset(struct vusb *v)
{

	vusb_uart_reset(&v->v_port[0]);
}

/* An output report for the far end; false: it is full. */
static bool
hid_put(struct vusb *v, const uint8_t *buf, size_t len)
{
	struct vusb_port *const vp = &v->v_port[0];
	uint8_t report[HID_LEN] = { 0 };

	if (vp->vp_fromhost.vq_size - vp->vp_fromhost.vq_len < HID_LEN)
		return false;
	memcpy(report, buf, len < HID_LEN ? len : HID_LEN);
	memcpy(v->v_reg + 2 * HID_LEN, report, HID_LEN);
	(void)vusb_uart_tx(vp, report, HID_LEN);
	return true;
}

static int
hid_report(struct vusb *v, const struct vusb_setup *vr, uint8_t *buf)
{
	const unsigned type = vr->vr_value >> 8;
	uint8_t *const report = v->v_reg + type * HID_LEN;
	const int len = vr->vr_length < HID_LEN ? vr->vr_length : HID_LEN;

	if (type < HID_INPUT || type > HID_FEATURE ||
	    (vr->vr_value & 0xff) != 0)
		return VUSB_STALL;
	if (vr->vr_type == 0xa1) {
		memcpy(buf, report, (size_t)len);
		return len;
	}
	if (type == HID_INPUT)
		return VUSB_STALL;
	if (type == HID_FEATURE)
		memcpy(report, buf, (size_t)len);
	else if (!hid_put(v, buf, (size_t)len))
		return VUSB_STALL;
	return len;
}

static int
hid_control(struct vusb *v, const struct vusb_setup *vr, uint8_t *buf)
{
	size_t len;

	if (vr->vr_index != 0)
		return VUSB_STALL;
	switch (vr->vr_type << 8 | vr->vr_request) {
	case 0x8106:			/* GET_DESCRIPTOR: report */
		if (vr->vr_value != 0x2200)
			return VUSB_STALL;
		len = vr->vr_length < sizeof(hid_rdesc) ? vr->vr_length :
		    sizeof(hid_rdesc);
		memcpy(buf, hid_rdesc, len);
		return (int)len;
	case 0x210a:			/* SET_IDLE */
		v->v_port[0].vp_status.vs_resets++;
		return 0;
	case 0xa101:			/* GET_REPORT */
	case 0x2109:			/* SET_REPORT */
		return hid_report(v, vr, buf);
	default:
		return VUSB_STALL;
	}
}

static bool
hid_in(struct vusb *v, uint8_t ep, uint8_t *buf, uint32_t len,
    uint32_t *actlen)
{
	struct vusb_port *const vp = &v->v_port[0];
	uint8_t flags;

	(void)ep;
	if (vp->vp_tohost.vq_len < HID_LEN || len < HID_LEN)
		return false;
	*actlen = (uint32_t)vusb_uart_rx(vp, buf, HID_LEN, &flags);
	memcpy(v->v_reg + HID_INPUT * HID_LEN, buf, *actlen);
	return true;
}

/* A packet, and so a report, at a time. */
static uint32_t
hid_out(struct vusb *v, uint8_t ep, const uint8_t *buf, uint32_t len)
{

	(void)ep;
	if (!hid_put(v, buf, len))
		return 0;
	return len < HID_LEN ? len : HID_LEN;
}

const struct vusb_ops vusb_hid_ops = {
	.vo_descriptors = hid_descriptors,
	.vo_control = hid_control,
	.vo_in = hid_in,
	.vo_out = hid_out,
	.vo_reset = hid_reset,
};
