/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vusb_pl2303.c - software PL2303 chips: HX, TA, TB and HXN (the G series).
 *
 * Written from the chip's side.  Line settings are CDC's (SET_LINE, GET_LINE,
 * SET_CONTROL, SEND_BREAK to the interface); registers are read and written
 * by one vendor request each, with the number in wValue: request 01, or 81
 * and 80 for the HXN, which STALLs 01, as the others do 80 and 81.  A read
 * of n + 0x80 is one of register n; 8080 is answered by what is not an HXN.
 *
 *	HX, TA, TB	0	high half: flow control: 4, 6 RTS-CTS, c
 *				XON-XOFF
 *			8 9	reset of the pipes
 *	HXN		7	reset of the pipes
 *			a	low 5 bits: 1c none, 18 RTS-CTS, 0c XON-XOFF
 *
 * A rate with the top bit set is a divisor.  Of 12 MHz * 32:
 *
 *	HX	bits 0-8 a mantissa, 9-11 an exponent of 4
 *	TA, TB	bits 0-10 a mantissa, 13-15 and 16 (lowest) an exponent of 2
 *	HXN	none: STALL
 *
 * The status packet, 10 bytes of the interrupt endpoint, is CDC's
 * SERIAL_STATE as far as that goes: byte 8 has 01 DCD, 02 DSR, 04 break, 08
 * RI, 10 framing, 20 parity, 40 overrun, and 80 CTS.
 *
 * Known gap: what the numbers of the HX's start-up sequence mean is not
 * known; they are taken and forgotten.
 *
 * All functions: v_lock held.
 */
#include <string.h>

#include "vusb/vusbvar.h"

#define	PL_EP_INTR	0x81
#define	PL_EP_OUT	0x02
#define	PL_EP_IN	0x83
#define	PL_CLOCK	(12000000u * 32)

#define	R_FLOW		0x00
#define	R_HXN_FLOW	0x0a

static bool
pl2303_hxn(const struct vusb *v)
{

	return v->v_config.vc_part == VUSB_PL2303_HXN;
}

static size_t
pl2303_descriptors(struct vusb *v, uint8_t *d, size_t size)
{
	size_t len;

	if (size < 18 + 9 + 9 + 3 * 7)
		return 0;
	len = vusb_put_device(v, d, 0);
	len += vusb_put_config(v, d + len, 1, 0x80);
	len += vusb_put_iface(v, d + len, 0, (uint16_t)v->v_maxpkt, PL_EP_IN,
	    PL_EP_OUT, PL_EP_INTR, 10);
	return len;
}

static void
pl2303_reset(struct vusb *v)
{

	vusb_uart_reset(&v->v_port[0]);
	memset(v->v_reg, 0, sizeof(v->v_reg));
	v->v_reg[R_HXN_FLOW] = pl2303_hxn(v) ? 0x1c : 0;
	memcpy(v->v_port[0].vp_reg, (uint8_t[]){ 0x80, 0x25, 0, 0, 0, 0, 8 },
	    7);
}

/* The rate of SET_LINE's first four bytes; 0: the chip has none such. */
static uint32_t
pl2303_rate(const struct vusb *v, const uint8_t *p)
{
	const uint32_t x = p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	    (uint32_t)p[3] << 24;
	uint32_t mantissa, shift;

	if ((x & 0x80000000u) == 0)
		return x;
	switch (v->v_config.vc_part) {
	case VUSB_PL2303_HX:
		mantissa = x & 0x1ff;
		shift = (x >> 9 & 7) * 2;
		break;
	case VUSB_PL2303_TA:
	case VUSB_PL2303_TB:
		mantissa = x & 0x7ff;
		shift = (x >> 13 & 7) << 1 | (x >> 16 & 1);
		break;
	default:
		return 0;
	}
	return mantissa == 0 ? 0 : PL_CLOCK / mantissa >> shift;
}

static int
pl2303_set_line(struct vusb *v, const uint8_t *p)
{
	static const uint8_t stop[3] = { 1, 15, 2 };
	struct vusb_port *vp = &v->v_port[0];
	const uint32_t rate = pl2303_rate(v, p);

	if (rate == 0 || p[4] > 2 || p[5] > 4 || p[6] < 5 || p[6] > 8)
		return VUSB_STALL;
	memcpy(vp->vp_reg, p, 7);
	vp->vp_status.vs_baud = rate;
	vp->vp_status.vs_stop = stop[p[4]];
	vp->vp_status.vs_parity = "NOEMS"[p[5]];
	vp->vp_status.vs_bits = p[6];
	return 7;
}

/* Class requests, of the interface. */
static int
pl2303_class(struct vusb *v, const struct vusb_setup *vr, uint8_t *buf)
{
	struct vusb_port *vp = &v->v_port[0];

	switch (vr->vr_type << 8 | vr->vr_request) {
	case 0x2120:
		return vr->vr_length == 7 ? pl2303_set_line(v, buf) :
		    VUSB_STALL;
	case 0xa121:
		if (vr->vr_length < 7 || (v->v_quirks & VUSB_Q_NOLINE) != 0)
			return VUSB_STALL;
		memcpy(buf, vp->vp_reg, 7);
		return 7;
	case 0x2122:
		vp->vp_status.vs_lines++;
		vusb_uart_pins(vp, vr->vr_value & 1, (vr->vr_value & 2) != 0);
		return 0;
	case 0x2123:
		if (v->v_quirks & VUSB_Q_NOBREAK)
			return VUSB_STALL;
		vusb_uart_break(vp, vr->vr_value != 0);
		return 0;
	default:
		return VUSB_STALL;
	}
}

static void
pl2303_flow(struct vusb *v)
{
	struct vusb_port *vp = &v->v_port[0];
	char flow = 'N';

	if (pl2303_hxn(v)) {
		if ((v->v_reg[R_HXN_FLOW] & 0x1c) == 0x18)
			flow = 'R';
		else if ((v->v_reg[R_HXN_FLOW] & 0x1c) == 0x0c)
			flow = 'X';
	} else {
		if ((v->v_reg[R_FLOW] & 0xf0) == 0x60 ||
		    (v->v_reg[R_FLOW] & 0xf0) == 0x40)
			flow = 'R';
		else if ((v->v_reg[R_FLOW] & 0xf0) == 0xc0)
			flow = 'X';
	}
	vp->vp_status.vs_flow = flow;
	vusb_uart_changed(vp);
}

static int
pl2303_write(struct vusb *v, const struct vusb_setup *vr)
{
	struct vusb_port *vp = &v->v_port[0];
	const uint16_t reg = vr->vr_value;

	if (pl2303_hxn(v) ? reg == 0x07 : reg == 0x08 || reg == 0x09) {
		vp->vp_status.vs_resets++;
		if (pl2303_hxn(v))
			vusb_uart_purge(vp, (vr->vr_index & 2) != 0,
			    vr->vr_index & 1);
		else
			vusb_uart_purge(vp, reg == 0x08, reg == 0x09);
		return 0;
	}
	if (reg < 0x80)
		v->v_reg[reg] = (uint8_t)vr->vr_index;
	pl2303_flow(v);
	return 0;
}

/* The pins of the modem lines: low is on. */
static uint8_t
pl2303_pins(const struct vusb *v)
{
	static const struct { unsigned line; uint8_t hx, hxn; } pins[] = {
		{ VUSB_RI, 0x01, 0x80 }, { VUSB_DCD, 0x02, 0x40 },
		{ VUSB_DSR, 0x04, 0x20 }, { VUSB_CTS, 0x08, 0x08 },
	};
	uint8_t value = 0xff;

	for (unsigned i = 0; i < 4; i++)
		if (v->v_port[0].vp_lines & pins[i].line)
			value &= (uint8_t)~(pl2303_hxn(v) ? pins[i].hxn :
			    pins[i].hx);
	return value;
}

static int
pl2303_read(struct vusb *v, const struct vusb_setup *vr, uint8_t *buf)
{

	if (vr->vr_length == 0)
		return VUSB_STALL;
	if (vr->vr_value == (pl2303_hxn(v) ? 0x80 : 0x87)) {
		buf[0] = pl2303_pins(v);
		return 1;
	}
	buf[0] = vr->vr_value <= 0xff ? v->v_reg[vr->vr_value & 0x7f] : 0x02;
	return 1;
}

static int
pl2303_control(struct vusb *v, const struct vusb_setup *vr, uint8_t *buf)
{
	const bool hxn = pl2303_hxn(v);

	if ((vr->vr_type & 0x60) == 0x20)
		return pl2303_class(v, vr, buf);
	if (vr->vr_type == 0x40 && vr->vr_request == (hxn ? 0x80 : 0x01))
		return pl2303_write(v, vr);
	if (vr->vr_type == 0xc0 && vr->vr_request == (hxn ? 0x81 : 0x01))
		return pl2303_read(v, vr, buf);
	return VUSB_STALL;
}

static bool
pl2303_status(struct vusb *v, uint8_t *buf, uint32_t len, uint32_t *actlen)
{
	static const uint8_t bits[][2] = {
		{ VUSB_DCD, 0x01 }, { VUSB_DSR, 0x02 }, { VUSB_RI, 0x08 },
		{ VUSB_CTS, 0x80 }
	};
	struct vusb_port *vp = &v->v_port[0];
	uint8_t p[10] = { 0xa1, 0x20, 0, 0, 0, 0, 2, 0, 0, 0 };

	if (!vp->vp_news && vp->vp_errors == 0)
		return false;
	for (unsigned i = 0; i < 4; i++)
		p[8] |= vp->vp_lines & bits[i][0] ? bits[i][1] : 0;
	p[8] |= vp->vp_errors & VUSB_BREAK ? 0x04 : 0;
	p[8] |= vp->vp_errors & VUSB_FRAMING ? 0x10 : 0;
	p[8] |= vp->vp_errors & VUSB_PARITY ? 0x20 : 0;
	p[8] |= vp->vp_errors & VUSB_OVERRUN ? 0x40 : 0;
	vp->vp_news = false;
	vp->vp_errors = 0;
	*actlen = (uint32_t)vusb_status_packet(v, buf, len, p, sizeof(p));
	return true;
}

static bool
pl2303_in(struct vusb *v, uint8_t ep, uint8_t *buf, uint32_t len,
    uint32_t *actlen)
{
	struct vusb_port *vp = &v->v_port[0];
	uint8_t flags;
	size_t n;

	if (ep == PL_EP_INTR)
		return pl2303_status(v, buf, len, actlen);
	if (ep != PL_EP_IN || vp->vp_tohost.vq_len == 0)
		return false;
	*actlen = 0;
	while (*actlen < len && (n = vusb_uart_rx(vp, buf + *actlen,
	    len - *actlen, &flags)) > 0)
		*actlen += (uint32_t)n;
	return true;
}

static uint32_t
pl2303_out(struct vusb *v, uint8_t ep, const uint8_t *buf, uint32_t len)
{

	(void)ep;
	return (uint32_t)vusb_uart_tx(&v->v_port[0], buf, len);
}

const struct vusb_ops vusb_pl2303_ops = {
	.vo_descriptors = pl2303_descriptors,
	.vo_control = pl2303_control,
	.vo_in = pl2303_in,
	.vo_out = pl2303_out,
	.vo_reset = pl2303_reset,
};
