/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vusb_acm.c - a software CDC-ACM device.
 *
 * Interface 0: control, with an interrupt endpoint 0x83 for SERIAL_STATE;
 * interface 1: data, endpoints 0x81 and 0x02.  It has line settings and
 * breaks, and no call management.
 *
 * All functions: v_lock held.
 */
#include <errno.h>
#include <string.h>

#include "vusb/vusbvar.h"

#define	ACM_EP_NOTIFY	0x83
#define	ACM_CAPS	31		/* where bmCapabilities are */
#define	ACM_EP_IN	0x81
#define	ACM_EP_OUT	0x02

static const uint8_t acm_config[] = {
	9, 0x02, 67, 0, 2, 1, 0, 0x80, 50,
	/* control interface and its functional descriptors */
	9, 0x04, 0, 0, 1, 0x02, 0x02, 0x01, 2,
	5, 0x24, 0x00, 0x10, 0x01,		/* header: CDC 1.10 */
	5, 0x24, 0x01, 0x00, 1,			/* call management: none */
	4, 0x24, 0x02, 0x06,			/* line coding, break */
	5, 0x24, 0x06, 0, 1,			/* union */
	7, 0x05, ACM_EP_NOTIFY, 3, 16, 0, 10,
	/* data interface */
	9, 0x04, 1, 0, 2, 0x0a, 0x00, 0x00, 0,
};

static size_t
acm_descriptors(struct vusb *v, uint8_t *d, size_t size)
{
	size_t len;

	if (size < 18 + sizeof(acm_config) + 14)
		return 0;
	len = vusb_put_device(v, d, 0x02);
	memcpy(d + len, acm_config, sizeof(acm_config));
	d[len + ACM_CAPS] = v->v_config.vc_acmcaps;
	len += sizeof(acm_config);
	len += vusb_put_endpoint(d + len, ACM_EP_IN, 2,
	    (uint16_t)v->v_maxpkt, 0);
	len += vusb_put_endpoint(d + len, ACM_EP_OUT, 2,
	    (uint16_t)v->v_maxpkt, 0);
	return len;
}

static void
acm_reset(struct vusb *v)
{

	vusb_uart_reset(&v->v_port[0]);
}

static uint32_t
get32(const uint8_t *p)
{

	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	    (uint32_t)p[3] << 24;
}

static int
acm_set_line(struct vusb_status *vs, const uint8_t *buf)
{
	static const uint8_t stop[3] = { 1, 15, 2 };

	if (buf[4] > 2 || buf[5] > 4)
		return VUSB_STALL;
	vs->vs_baud = get32(buf);
	vs->vs_stop = stop[buf[4]];
	vs->vs_parity = "NOEMS"[buf[5]];
	vs->vs_bits = buf[6];
	return 7;
}

static int
acm_get_line(const struct vusb_status *vs, uint8_t *buf)
{
	static const char parity[] = "NOEMS";

	buf[0] = (uint8_t)vs->vs_baud;
	buf[1] = (uint8_t)(vs->vs_baud >> 8);
	buf[2] = (uint8_t)(vs->vs_baud >> 16);
	buf[3] = (uint8_t)(vs->vs_baud >> 24);
	buf[4] = vs->vs_stop == 1 ? 0 : vs->vs_stop == 2 ? 2 : 1;
	buf[5] = (uint8_t)(strchr(parity, vs->vs_parity) - parity);
	buf[6] = vs->vs_bits;
	return 7;
}

static int
acm_control(struct vusb *v, const struct vusb_setup *vr, uint8_t *buf)
{
	struct vusb_status *vs = &v->v_port[0].vp_status;

	if ((vr->vr_type & 0x7f) != 0x21 || vr->vr_index != 0)
		return VUSB_STALL;
	switch (vr->vr_request) {
	case 0x20:
		return vr->vr_length == 7 ? acm_set_line(vs, buf) : VUSB_STALL;
	case 0x21:
		return vr->vr_length >= 7 ? acm_get_line(vs, buf) : VUSB_STALL;
	case 0x22:
		if ((vr->vr_value & 1) && !vs->vs_dtr)
			vs->vs_resets++;
		vusb_uart_pins(&v->v_port[0], vr->vr_value & 1,
		    (vr->vr_value & 2) != 0);
		vs->vs_lines++;
		return 0;
	case 0x23:
		vusb_uart_break(&v->v_port[0], vr->vr_value != 0);
		return 0;
	default:
		return VUSB_STALL;
	}
}

/* A SERIAL_STATE notification, when the lines have changed or characters came
   with errors. */
static bool
acm_notify(struct vusb *v, uint8_t *buf, uint32_t len, uint32_t *actlen)
{
	struct vusb_port *vp = &v->v_port[0];
	uint8_t state = 0;

	if ((!vp->vp_news && vp->vp_errors == 0) || len < 10)
		return false;
	if (vp->vp_errors & VUSB_BREAK)
		state |= 0x04;
	if (vp->vp_errors & VUSB_FRAMING)
		state |= 0x10;
	if (vp->vp_errors & VUSB_PARITY)
		state |= 0x20;
	if (vp->vp_errors & VUSB_OVERRUN)
		state |= 0x40;
	vp->vp_news = false;
	vp->vp_errors = 0;
	if (vp->vp_lines & VUSB_DCD)
		state |= 0x01;
	if (vp->vp_lines & VUSB_DSR)
		state |= 0x02;
	if (vp->vp_lines & VUSB_RI)
		state |= 0x08;
	*actlen = (uint32_t)vusb_status_packet(v, buf, len, (uint8_t[]){ 0xa1,
	    0x20, 0, 0, 0, 0, 2, 0, state, 0 }, 10);
	return true;
}

static bool
acm_in(struct vusb *v, uint8_t ep, uint8_t *buf, uint32_t len,
    uint32_t *actlen)
{
	struct vusb_port *vp = &v->v_port[0];
	uint8_t flags;
	size_t n;

	if (ep == ACM_EP_NOTIFY)
		return acm_notify(v, buf, len, actlen);
	*actlen = 0;
	while (*actlen < len && (n = vusb_uart_rx(vp, buf + *actlen,
	    len - *actlen, &flags)) > 0) {
		/* The 0 of a break is no byte: the notification is all. */
		if ((flags & VUSB_BREAK) == 0)
			*actlen += (uint32_t)n;
	}
	return *actlen > 0;
}

static uint32_t
acm_out(struct vusb *v, uint8_t ep, const uint8_t *buf, uint32_t len)
{

	(void)ep;
	return (uint32_t)vusb_uart_tx(&v->v_port[0], buf, len);
}

const struct vusb_ops vusb_acm_ops = {
	.vo_descriptors = acm_descriptors,
	.vo_control = acm_control,
	.vo_in = acm_in,
	.vo_out = acm_out,
	.vo_reset = acm_reset,
};
