/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vusb_ch34x.c - software CH340 and CH341 chips.
 *
 * Written from the chip's side: registers of 8 bits, of which a request
 * reads or writes two, the first in the low bytes of wValue (number) and
 * wIndex (contents).  Those that mean something here:
 *
 *	05	bit 0 low: a break
 *	06 07	modem lines, inverted, in the low half of 06
 *	12	bits 0-1 the prescaler, 2 its fine half, 7: send input as it
 *		comes, not in packets of 32 bytes
 *	13	256 minus the divisor
 *	18	line control: 80 receiver and 40 transmitter on, 20 08 parity
 *		stuck (M, S), 10 even, 08 parity, 04 two stop bits, bits - 5
 *	27	bit 0: RTS-CTS flow control
 *
 *	rate = 48 MHz / 2^(12 - 3 * prescaler - fine) / divisor
 *
 * Request A1 sets 18 from wValue's high byte, if the low one is 9C, and 12
 * and 13 from wIndex; with zeros it only starts the UART.  A4 drives DTR and
 * RTS, inverted.
 *
 * Versions (request 5F): up to 27 bit 7 of register 12 means the opposite;
 * below 30 there is no register 18 and characters are 8N1.  VUSB_Q_NOBREAK is
 * the kind that STALLs a read of register 05: it has no break, and its
 * prescaler has no fine half unless it is the coarsest one.
 *
 * The interrupt endpoint tells a change: byte 0 says of what (8 lines, 2
 * overrun, 4 parity, 44 framing; a break is a framing error), byte 2 is
 * register 06.
 *
 * All functions: v_lock held.
 */
#include <string.h>

#include "vusb/vusbvar.h"

#define	CH34X_EP_IN	0x82
#define	CH34X_EP_OUT	0x02
#define	CH34X_EP_INTR	0x81
#define	CH34X_PACKET	32
#define	CH34X_CLOCK	48000000u

#define	R_BREAK		0x05
#define	R_LINES		0x06
#define	R_LINES2	0x07
#define	R_PRESCALER	0x12
#define	R_DIVISOR	0x13
#define	R_LCR		0x18
#define	R_FLOW		0x27

static size_t
ch34x_descriptors(struct vusb *v, uint8_t *d, size_t size)
{
	size_t len;

	if (size < 18 + 9 + 9 + 3 * 7)
		return 0;
	len = vusb_put_device(v, d, 0xff);
	len += vusb_put_config(v, d + len, 1, 0x80);
	len += vusb_put_iface(v, d + len, 0, CH34X_PACKET, CH34X_EP_IN,
	    CH34X_EP_OUT, CH34X_EP_INTR, 8);
	return len;
}

static bool
ch34x_old(const struct vusb *v)
{

	return v->v_config.vc_part < 0x30;
}

static uint32_t
ch34x_rate(const struct vusb *v)
{
	const unsigned prescaler = v->v_reg[R_PRESCALER] & 3;
	unsigned fine = v->v_reg[R_PRESCALER] >> 2 & 1;
	uint32_t divisor = 256u - v->v_reg[R_DIVISOR];

	if ((v->v_quirks & VUSB_Q_NOBREAK) != 0 && prescaler < 3)
		fine = 0;
	divisor <<= 12 - 3 * prescaler - fine;
	return (CH34X_CLOCK + divisor / 2) / divisor;
}

/* From the registers to the UART. */
static void
ch34x_apply(struct vusb *v)
{
	struct vusb_port *vp = &v->v_port[0];
	struct vusb_status *vs = &vp->vp_status;
	const uint8_t lcr = ch34x_old(v) ? 0xc3 : v->v_reg[R_LCR];

	vs->vs_baud = ch34x_rate(v);
	vs->vs_bits = 5 + (lcr & 3);
	vs->vs_stop = lcr & 0x04 ? 2 : 1;
	if ((lcr & 0x08) == 0)
		vs->vs_parity = 'N';
	else if (lcr & 0x20)
		vs->vs_parity = lcr & 0x10 ? 'S' : 'M';
	else
		vs->vs_parity = lcr & 0x10 ? 'E' : 'O';
	vs->vs_flow = v->v_reg[R_FLOW] & 1 ? 'R' : 'N';
	vs->vs_enabled = (lcr & 0xc0) == 0xc0;
	vusb_uart_break(vp, (v->v_reg[R_BREAK] & 1) == 0 &&
	    (v->v_quirks & VUSB_Q_NOBREAK) == 0);
}

static void
ch34x_reset(struct vusb *v)
{

	vusb_uart_reset(&v->v_port[0]);
	memset(v->v_reg, 0, sizeof(v->v_reg));
	v->v_reg[R_BREAK] = 0xff;
	v->v_reg[R_LINES2] = 0xee;
	v->v_reg[R_PRESCALER] = 0x82;		/* 9600 */
	v->v_reg[R_DIVISOR] = 0xb2;
	v->v_reg[R_LCR] = 0xc3;
	ch34x_apply(v);
	v->v_port[0].vp_status.vs_enabled = false;
}

static uint8_t
ch34x_lines(const struct vusb *v)
{

	return (uint8_t)(0x90 | (~v->v_port[0].vp_lines & 0x0f));
}

static uint8_t
ch34x_get(const struct vusb *v, uint8_t reg)
{

	return reg == R_LINES ? ch34x_lines(v) : v->v_reg[reg];
}

static int
ch34x_read(struct vusb *v, const struct vusb_setup *vr, uint8_t *buf)
{
	const uint8_t a = (uint8_t)vr->vr_value;
	const uint8_t b = (uint8_t)(vr->vr_value >> 8);

	if (vr->vr_length < 2 || (a == R_BREAK && b == 0 &&
	    (v->v_quirks & VUSB_Q_NOBREAK) != 0))
		return VUSB_STALL;
	buf[0] = ch34x_get(v, a);
	buf[1] = ch34x_get(v, b);
	return 2;
}

static int
ch34x_write(struct vusb *v, const struct vusb_setup *vr)
{

	v->v_reg[vr->vr_value & 0xff] = (uint8_t)vr->vr_index;
	v->v_reg[vr->vr_value >> 8] = (uint8_t)(vr->vr_index >> 8);
	ch34x_apply(v);
	return 0;
}

static int
ch34x_init(struct vusb *v, const struct vusb_setup *vr)
{

	v->v_port[0].vp_status.vs_resets++;
	if ((vr->vr_value & 0xff) == 0x9c) {
		v->v_reg[R_LCR] = (uint8_t)(vr->vr_value >> 8);
		v->v_reg[R_PRESCALER] = (uint8_t)vr->vr_index;
		v->v_reg[R_DIVISOR] = (uint8_t)(vr->vr_index >> 8);
	}
	ch34x_apply(v);
	return 0;
}

static int
ch34x_control(struct vusb *v, const struct vusb_setup *vr, uint8_t *buf)
{
	struct vusb_port *vp = &v->v_port[0];
	const uint8_t type = vr->vr_type, request = vr->vr_request;

	if (type == 0xc0 && request == 0x5f) {
		if (vr->vr_length < 2)
			return VUSB_STALL;
		buf[0] = (uint8_t)v->v_config.vc_part;
		buf[1] = 0;
		return 2;
	}
	if (type == 0xc0 && request == 0x95)
		return ch34x_read(v, vr, buf);
	if (type == 0x40 && request == 0x9a)
		return ch34x_write(v, vr);
	if (type == 0x40 && request == 0xa1)
		return ch34x_init(v, vr);
	if (type == 0x40 && request == 0xa4) {
		vp->vp_status.vs_lines++;
		vusb_uart_pins(vp, (vr->vr_value & 0x20) == 0,
		    (vr->vr_value & 0x40) == 0);
		return 0;
	}
	return VUSB_STALL;
}

static bool
ch34x_status(struct vusb *v, uint8_t *buf, uint32_t len, uint32_t *actlen)
{
	struct vusb_port *vp = &v->v_port[0];
	uint8_t p[4] = { 0, 0, ch34x_lines(v), 0xee };

	if (!vp->vp_news && vp->vp_errors == 0)
		return false;
	if (vp->vp_news)
		p[0] |= 0x08;
	if (vp->vp_errors & VUSB_OVERRUN)
		p[0] |= 0x02;
	if (vp->vp_errors & VUSB_PARITY)
		p[0] |= 0x04;
	if (vp->vp_errors & (VUSB_FRAMING | VUSB_BREAK))
		p[0] |= 0x44;
	vp->vp_news = false;
	vp->vp_errors = 0;
	*actlen = (uint32_t)vusb_status_packet(v, buf, len, p, sizeof(p));
	return true;
}

/* Are less than a packet's bytes kept back? */
static bool
ch34x_holds(const struct vusb *v)
{
	const bool bit = (v->v_reg[R_PRESCALER] & 0x80) != 0;

	return v->v_config.vc_part > 0x27 ? !bit : bit;
}

static bool
ch34x_in(struct vusb *v, uint8_t ep, uint8_t *buf, uint32_t len,
    uint32_t *actlen)
{
	struct vusb_port *vp = &v->v_port[0];
	uint8_t flags;
	size_t n;

	if (ep == CH34X_EP_INTR)
		return ch34x_status(v, buf, len, actlen);
	if (ep != CH34X_EP_IN || vp->vp_tohost.vq_len == 0 ||
	    (ch34x_holds(v) && vp->vp_tohost.vq_len < CH34X_PACKET))
		return false;
	*actlen = 0;
	while (*actlen < len && (n = vusb_uart_rx(vp, buf + *actlen,
	    len - *actlen, &flags)) > 0)
		*actlen += (uint32_t)n;
	return true;
}

static uint32_t
ch34x_out(struct vusb *v, uint8_t ep, const uint8_t *buf, uint32_t len)
{

	(void)ep;
	return (uint32_t)vusb_uart_tx(&v->v_port[0], buf, len);
}

const struct vusb_ops vusb_ch34x_ops = {
	.vo_descriptors = ch34x_descriptors,
	.vo_control = ch34x_control,
	.vo_in = ch34x_in,
	.vo_out = ch34x_out,
	.vo_reset = ch34x_reset,
};
