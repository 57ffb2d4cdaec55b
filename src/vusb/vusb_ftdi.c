/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vusb_ftdi.c - a software FTDI chip.
 *
 * Written from the chip's side and independently of the driver: this file
 * decodes what uftdi encodes.  One bulk pair per port, endpoints 0x81/0x02,
 * 0x83/0x04, ...; every IN packet starts with the two status bytes, and a
 * transfer ends with a short packet.  An idle chip sends an empty packet
 * every latency period; this one does so with VUSB_Q_IDLE, and else only when
 * something changed or vusb_send_status() was called, so that an idle test is
 * idle.  The same timer holds input back that is less than a packet, which
 * this chip does with VUSB_Q_HOLD; a line that has moved ends the wait, and so
 * does a shorter timer, at once.
 *
 * All functions: v_lock held.
 */
#include <string.h>

#include "vusb/vusbvar.h"

#define	FTDI_CLOCK	24000000u	/* in eighths of the divisor */
#define	FTDI_CLOCK_FAST	96000000u

static bool
ftdi_is_fast(const struct vusb *v)
{

	return v->v_config.vc_release >= 0x0700 &&
	    v->v_config.vc_release <= 0x0900;
}

static size_t
ftdi_descriptors(struct vusb *v, uint8_t *d, size_t size)
{
	const unsigned n = v->v_config.vc_nports;
	const size_t total = 9 + n * (9 + 2 * 7);
	size_t len;
	unsigned i;

	if (size < 18 + total)
		return 0;
	len = vusb_put_device(v, d, 0);
	len += vusb_put_config(v, d + len, n, 0xa0);
	for (i = 0; i < n; i++)
		len += vusb_put_iface(v, d + len, (uint8_t)i,
		    (uint16_t)v->v_maxpkt, (uint8_t)(0x81 + 2 * i),
		    (uint8_t)(0x02 + 2 * i), 0, 0);
	return len;
}

static void
ftdi_reset(struct vusb *v)
{

	for (unsigned i = 0; i < v->v_config.vc_nports; i++) {
		vusb_uart_reset(&v->v_port[i]);
		v->v_port[i].vp_status.vs_latency = 16;
	}
}

static void
ftdi_status_bytes(const struct vusb_port *vp, uint8_t *p, uint8_t errors)
{

	p[0] = 0x01;
	if (vp->vp_lines & VUSB_CTS)
		p[0] |= 0x10;
	if (vp->vp_lines & VUSB_DSR)
		p[0] |= 0x20;
	if (vp->vp_lines & VUSB_RI)
		p[0] |= 0x40;
	if (vp->vp_lines & VUSB_DCD)
		p[0] |= 0x80;
	p[1] = vp->vp_txbusy || vp->vp_tx.vq_len > 0 ? 0x00 : 0x60;
	p[1] |= errors;
}

/* The rate of a divisor code of 14 bits, 3 bits of fraction, fast bit. */
static uint32_t
ftdi_decode_baud(const struct vusb *v, uint32_t code)
{
	static const uint8_t eighths[8] = { 0, 4, 2, 1, 3, 5, 6, 7 };
	const bool fast = ftdi_is_fast(v) && (code & 0x20000) != 0;
	uint32_t div = (code & 0x3fff) * 8 + eighths[code >> 14 & 7];

	if ((code & 0x1ffff) == 0)
		div = 8;
	else if ((code & 0x1ffff) == 1)
		div = 12;
	return ((fast ? FTDI_CLOCK_FAST : FTDI_CLOCK) + div / 2) / div;
}

static void
ftdi_set_baud(struct vusb *v, struct vusb_port *vp, uint16_t value,
    uint16_t index)
{
	uint32_t high;

	/* Chips with ports, and the FT232H, have them in the low byte. */
	if (v->v_config.vc_nports > 1 || v->v_config.vc_release == 0x0900)
		high = index >> 8;
	else
		high = index;
	vp->vp_status.vs_baud = ftdi_decode_baud(v, value | high << 16);
}

static void
ftdi_set_data(struct vusb_port *vp, uint16_t value)
{
	static const uint8_t stop[4] = { 1, 15, 2, 0 };
	struct vusb_status *const vs = &vp->vp_status;

	vs->vs_bits = value & 0xff;
	vs->vs_parity = "NOEMS???"[value >> 8 & 7];
	vs->vs_stop = stop[value >> 11 & 3];
	vusb_uart_break(vp, (value & 0x4000) != 0);
}

static void
ftdi_set_flow(struct vusb_port *vp, uint16_t value, uint16_t index)
{
	struct vusb_status *const vs = &vp->vp_status;

	switch (index >> 8) {
	case 1:
		vs->vs_flow = 'R';
		break;
	case 2:
		vs->vs_flow = 'D';
		break;
	case 4:
		vs->vs_flow = 'X';
		vs->vs_xon = value & 0xff;
		vs->vs_xoff = value >> 8;
		break;
	default:
		vs->vs_flow = 'N';
		break;
	}
	vusb_uart_changed(vp);
}

/* A reset of the SIO drops the lines and ends flow control as well. */
static void
ftdi_purge(struct vusb_port *vp, uint16_t value)
{
	struct vusb_status *const vs = &vp->vp_status;

	if (value == 0) {
		const unsigned purges = vs->vs_purges;

		vs->vs_resets++;
		vs->vs_flow = 'N';
		vusb_uart_pins(vp, false, false);
		vusb_uart_purge(vp, true, true);
		vs->vs_purges = purges;
	} else
		vusb_uart_purge(vp, value == 1, value == 2);
}

static void
ftdi_modem_ctrl(struct vusb_port *vp, uint16_t value)
{
	struct vusb_status *const vs = &vp->vp_status;

	vs->vs_lines++;
	vusb_uart_pins(vp, (value & 0x0100) != 0 ? value & 1 : vs->vs_dtr,
	    (value & 0x0200) != 0 ? (value & 2) != 0 : vs->vs_rts);
}

/* The port that a request is for, or NULL. */
static struct vusb_port *
ftdi_port(struct vusb *v, const struct vusb_setup *vr)
{
	unsigned port = vr->vr_index & 0xff;

	if (v->v_config.vc_nports == 1) {
		/* The low byte carries a bit of the baud rate. */
		return vr->vr_request == 3 || port <= 1 ? &v->v_port[0] : NULL;
	}
	if (port < 1 || port > v->v_config.vc_nports)
		return NULL;
	return &v->v_port[port - 1];
}

static int
ftdi_control(struct vusb *v, const struct vusb_setup *vr, uint8_t *buf)
{
	struct vusb_port *vp = ftdi_port(v, vr);

	if ((vr->vr_type & 0x7f) != 0x40 || vp == NULL)
		return VUSB_STALL;
	switch (vr->vr_request) {
	case 0x00:
		ftdi_purge(vp, vr->vr_value);
		return 0;
	case 0x01:
		ftdi_modem_ctrl(vp, vr->vr_value);
		return 0;
	case 0x02:
		ftdi_set_flow(vp, vr->vr_value, vr->vr_index);
		return 0;
	case 0x03:
		ftdi_set_baud(v, vp, vr->vr_value, vr->vr_index);
		return 0;
	case 0x04:
		ftdi_set_data(vp, vr->vr_value);
		return 0;
	case 0x05:
		if (vr->vr_length < 2)
			return VUSB_STALL;
		ftdi_status_bytes(vp, buf, 0);
		return 2;
	case 0x06:
	case 0x07:
	case 0x0b:
		return 0;
	case 0x09:
		vp->vp_status.vs_latency = vr->vr_value & 0xff;
		return 0;
	case 0x0a:
		if (vr->vr_length < 1)
			return VUSB_STALL;
		buf[0] = vp->vp_status.vs_latency;
		return 1;
	default:
		return VUSB_STALL;
	}
}

static unsigned
ftdi_epport(uint8_t ep)
{

	return ((ep & 0xfu) - 1) / 2;
}

/* When the next empty packet is due, if this chip sends any. */
static uint64_t
ftdi_due(struct vusb *v, uint8_t ep)
{
	const struct vusb_port *vp = &v->v_port[ftdi_epport(ep)];

	if ((v->v_quirks & VUSB_Q_IDLE) == 0 ||
	    ftdi_epport(ep) >= v->v_config.vc_nports)
		return 0;
	return vp->vp_told + vp->vp_status.vs_latency * UINT64_C(1000000);
}

/* Is there something to say by now? */
static bool
ftdi_ready(struct vusb *v, uint8_t ep)
{
	const struct vusb_port *vp = &v->v_port[ftdi_epport(ep)];
	const bool due = (v->v_quirks & VUSB_Q_IDLE) != 0 &&
	    vusb_now() >= ftdi_due(v, ep);

	if (vp->vp_news || due)
		return true;
	return (v->v_quirks & VUSB_Q_HOLD) != 0 ?
	    vp->vp_tohost.vq_len >= v->v_maxpkt - 2 :
	    vp->vp_tohost.vq_len > 0;
}

/*
 * Packets until one is short or the buffer is full.  The errors of a
 * character are in the status of the packet that it is alone in.  Nothing to
 * say: not complete.
 */
static bool
ftdi_in(struct vusb *v, uint8_t ep, uint8_t *buf, uint32_t len,
    uint32_t *actlen)
{
	const unsigned port = ftdi_epport(ep);
	struct vusb_port *vp = &v->v_port[port];
	const unsigned room = v->v_maxpkt - 2;
	const bool idle = (v->v_quirks & VUSB_Q_IDLE) != 0;
	uint32_t off = 0;
	uint8_t errors;
	size_t n;

	if (port >= v->v_config.vc_nports || !ftdi_ready(v, ep))
		return false;
	vp->vp_news = false;
	if (idle)
		vp->vp_told = vusb_now();
	while (len - off >= v->v_maxpkt) {
		n = vusb_uart_rx(vp, buf + off + 2, room, &errors);
		ftdi_status_bytes(vp, buf + off, errors);
		off += 2 + (uint32_t)n;
		if (n < room)
			break;
	}
	*actlen = off;
	return true;
}

static uint32_t
ftdi_out(struct vusb *v, uint8_t ep, const uint8_t *buf, uint32_t len)
{
	const unsigned port = ftdi_epport(ep);

	if (port >= v->v_config.vc_nports)
		return len;
	return (uint32_t)vusb_uart_tx(&v->v_port[port], buf, len);
}

const struct vusb_ops vusb_ftdi_ops = {
	.vo_descriptors = ftdi_descriptors,
	.vo_control = ftdi_control,
	.vo_in = ftdi_in,
	.vo_out = ftdi_out,
	.vo_reset = ftdi_reset,
	.vo_due = ftdi_due,
	.vo_port = ftdi_epport,
};
