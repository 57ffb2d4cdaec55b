/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vusb_cp210x.c - software CP2102, CP2102N, CP2105 and CP2108 chips.
 *
 * Written from the chip's side, by Silicon Labs' AN571 (requests and events)
 * and AN205 (rates).  Interface n has the bulk pair 0x81 + n, 0x01 + n, and
 * is what wIndex of a request names.
 *
 * Rates: the CP2102 knows those of AN205's table, each for all rates up to a
 * bound; the others divide 48 MHz by twice a prescaler, 1, or 4 up to 365 Bd,
 * and a divisor.  GET_BAUDRATE tells what came out.
 *
 * Until IFC_ENABLE a port is off: it gives nothing, and what came in before
 * is not there.  After EMBED_EVENTS the escape character in the data begins
 * an event, which a packet may cut anywhere:
 *
 *	esc 00			the escape character itself
 *	esc 01 lsr byte		a character with an error
 *	esc 03 msr		modem lines have changed
 *
 * Known gaps: the CP2105's second port takes all formats; GPIO pins and
 * configuration blocks are STALLed.
 *
 * All functions: v_lock held.
 */
#include <string.h>

#include "vusb/vusbvar.h"

#define	CP_CLOCK	48000000u

/* Parts. */
#define	CP2102		0x02
#define	CP2105		0x05
#define	CP2108		0x08
#define	CP2102N		0x20		/* QFN28; two more packages follow */

/* vp_reg: what was set and can be read back. */
#define	REG_FLOW	0		/* 16 bytes */
#define	REG_CHARS	16		/* 6: EOF error break event XON XOFF */
#define	REG_ESC		22
#define	REG_LINES	23		/* modem lines last told */
#define	REG_LINE	24		/* 2: SET_LINE_CTL's value */

/* AN205: rates, and up to where each is taken. */
static const struct {
	uint32_t	rate;
	uint32_t	upto;
} cp2102_rates[] = {
	{ 300, 300 }, { 600, 600 }, { 1200, 1200 }, { 1800, 1800 },
	{ 2400, 2400 }, { 4000, 4000 }, { 4800, 4803 }, { 7200, 7207 },
	{ 9600, 9612 }, { 14400, 14428 }, { 16000, 16062 }, { 19200, 19250 },
	{ 28800, 28912 }, { 38400, 38601 }, { 51200, 51558 },
	{ 56000, 56280 }, { 57600, 58053 }, { 64000, 64111 },
	{ 76800, 77608 }, { 115200, 117028 }, { 128000, 129347 },
	{ 153600, 156868 }, { 230400, 237832 }, { 250000, 254234 },
	{ 256000, 273066 }, { 460800, 491520 }, { 500000, 567138 },
	{ 576000, 670254 }, { 921600, UINT32_MAX }
};

static unsigned
cp210x_epport(uint8_t ep)
{

	return (ep & 0xfu) - 1;
}

static size_t
cp210x_descriptors(struct vusb *v, uint8_t *d, size_t size)
{
	const unsigned n = v->v_config.vc_nports;
	size_t len;

	if (size < 18 + 9 + n * (9 + 2 * 7))
		return 0;
	len = vusb_put_device(v, d, 0);
	len += vusb_put_config(v, d + len, n, 0x80);
	for (unsigned i = 0; i < n; i++)
		len += vusb_put_iface(v, d + len, (uint8_t)i,
		    (uint16_t)v->v_maxpkt, (uint8_t)(0x81 + i),
		    (uint8_t)(0x01 + i), 0, 0);
	return len;
}

static void
put32(uint8_t *p, uint32_t x)
{

	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(x >> 8 * i);
}

static uint32_t
get32(const uint8_t *p)
{

	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	    (uint32_t)p[3] << 24;
}

static void
cp210x_reset(struct vusb *v)
{

	for (unsigned i = 0; i < v->v_config.vc_nports; i++) {
		struct vusb_port *vp = &v->v_port[i];

		vusb_uart_reset(vp);
		vp->vp_nstage = 0;
		memcpy(vp->vp_reg + REG_CHARS,
		    (uint8_t[]){ 0x1a, 0, 0, 0, 0x11, 0x13 }, 6);
		memcpy(vp->vp_reg + REG_LINE, (uint8_t[]){ 0x00, 0x08 }, 2);
	}
}

/* ---- settings ------------------------------------------------------- */

static uint32_t
cp210x_rate(const struct vusb *v, uint32_t want)
{
	unsigned i = 0;
	uint32_t step, divisor;

	if (v->v_config.vc_part == CP2102) {
		while (cp2102_rates[i].upto < want)
			i++;
		return cp2102_rates[i].rate;
	}
	step = want <= 365 ? 8 : 2;
	divisor = (CP_CLOCK + (uint64_t)step * want / 2) /
	    ((uint64_t)step * want);
	divisor = divisor == 0 ? 1 : divisor;
	return (CP_CLOCK / step + divisor / 2) / divisor;
}

static int
cp210x_set_baud(const struct vusb *v, struct vusb_port *vp, const uint8_t *p)
{
	const uint32_t want = get32(p);

	if (want == 0)
		return VUSB_STALL;
	vp->vp_status.vs_baud = cp210x_rate(v, want);
	return 4;
}

static int
cp210x_set_line(struct vusb_port *vp, uint16_t value)
{
	static const uint8_t stop[3] = { 1, 15, 2 };
	const unsigned bits = value >> 8, parity = value >> 4 & 0xf,
	    nstop = value & 0xf;

	if (bits < 5 || bits > 8 || parity > 4 || nstop > 2)
		return VUSB_STALL;
	vp->vp_status.vs_bits = (uint8_t)bits;
	vp->vp_status.vs_parity = "NOEMS"[parity];
	vp->vp_status.vs_stop = stop[nstop];
	vp->vp_reg[REG_LINE] = (uint8_t)value;
	vp->vp_reg[REG_LINE + 1] = (uint8_t)(value >> 8);
	return 0;
}

/* ulControlHandshake and ulFlowReplace. */
static void
cp210x_set_flow(struct vusb_port *vp, const uint8_t *p)
{
	struct vusb_status *vs = &vp->vp_status;
	const uint32_t handshake = get32(p), replace = get32(p + 4);

	memcpy(vp->vp_reg + REG_FLOW, p, 16);
	if ((handshake & 0x08) != 0 || (replace >> 6 & 3) == 2)
		vs->vs_flow = 'R';
	else if (handshake & 0x10)
		vs->vs_flow = 'D';
	else if (replace & 0x03)
		vs->vs_flow = 'X';
	else
		vs->vs_flow = 'N';
	vusb_uart_pins(vp, (handshake & 3) != 0, (replace >> 6 & 3) != 0);
	vusb_uart_changed(vp);
}

static void
cp210x_set_chars(struct vusb_port *vp, const uint8_t *p)
{

	memcpy(vp->vp_reg + REG_CHARS, p, 6);
	vp->vp_status.vs_xon = p[4];
	vp->vp_status.vs_xoff = p[5];
}

static void
cp210x_set_pins(struct vusb_port *vp, uint16_t value)
{
	struct vusb_status *vs = &vp->vp_status;

	vs->vs_lines++;
	vusb_uart_pins(vp, value & 0x0100 ? value & 1 : vs->vs_dtr,
	    value & 0x0200 ? (value & 2) != 0 : vs->vs_rts);
}

static void
cp210x_enable(struct vusb_port *vp, bool on)
{
	struct vusb_status *vs = &vp->vp_status;
	const unsigned purges = vs->vs_purges;

	if (on && !vs->vs_enabled) {
		vs->vs_resets++;
		vusb_uart_purge(vp, true, true);
		vs->vs_purges = purges;
	}
	vs->vs_enabled = on;
	vs->vs_events = vs->vs_events && on;
	vp->vp_nstage = 0;
}

static int
cp210x_embed(const struct vusb *v, struct vusb_port *vp, uint16_t value)
{

	if ((v->v_quirks & VUSB_Q_NOEVENTS) != 0)
		return VUSB_STALL;
	vp->vp_reg[REG_ESC] = (uint8_t)value;
	vp->vp_reg[REG_LINES] = (uint8_t)vp->vp_lines;
	vp->vp_status.vs_events = value != 0;
	return 0;
}

/* ---- requests ------------------------------------------------------- */

static uint8_t
cp210x_lines(const struct vusb_port *vp)
{

	return (uint8_t)((vp->vp_lines & 0xf) << 4);
}

static int
cp210x_comm_status(struct vusb_port *vp, uint8_t *buf)
{
	const struct vusb_status *vs = &vp->vp_status;
	uint8_t held = 0;

	memset(buf, 0, 19);
	if (vp->vp_errors & VUSB_BREAK)
		buf[0] |= 0x01;
	if (vp->vp_errors & VUSB_FRAMING)
		buf[0] |= 0x02;
	if (vp->vp_errors & VUSB_OVERRUN)
		buf[0] |= 0x04;
	if (vp->vp_errors & VUSB_PARITY)
		buf[0] |= 0x10;
	vp->vp_errors = 0;
	if (vusb_uart_stopped(vp) && !vs->vs_break)
		held = vs->vs_flow == 'R' ? 0x01 : vs->vs_flow == 'D' ? 0x02 :
		    0x08;
	buf[4] = held;
	put32(buf + 8, (uint32_t)vp->vp_tohost.vq_len);
	put32(buf + 12, (uint32_t)vp->vp_tx.vq_len);
	return 19;
}

static int
cp210x_get_line(const struct vusb *v, const struct vusb_port *vp, uint8_t *buf)
{
	const unsigned swap = (v->v_quirks & VUSB_Q_SWAPPED) != 0;

	buf[0 ^ swap] = vp->vp_reg[REG_LINE];
	buf[1 ^ swap] = vp->vp_reg[REG_LINE + 1];
	return 2;
}

/* Reads of a port. */
static int
cp210x_get(struct vusb *v, struct vusb_port *vp, const struct vusb_setup *vr,
    uint8_t *buf)
{
	uint8_t d[19];
	int n;

	switch (vr->vr_request) {
	case 0x04:
		n = cp210x_get_line(v, vp, d);
		break;
	case 0x08:
		d[0] = cp210x_lines(vp) | vp->vp_status.vs_dtr |
		    (uint8_t)(vp->vp_status.vs_ready << 1);
		n = 1;
		break;
	case 0x0e:
		memcpy(d, vp->vp_reg + REG_CHARS, 6);
		n = 6;
		break;
	case 0x10:
		n = cp210x_comm_status(vp, d);
		break;
	case 0x14:
		memcpy(d, vp->vp_reg + REG_FLOW, 16);
		n = 16;
		break;
	case 0x1d:
		put32(d, vp->vp_status.vs_baud);
		n = 4;
		break;
	default:
		return VUSB_STALL;
	}
	n = n < vr->vr_length ? n : vr->vr_length;
	memcpy(buf, d, (size_t)n);
	return n;
}

/* Settings of a port that have data. */
static int
cp210x_put(struct vusb *v, struct vusb_port *vp, const struct vusb_setup *vr,
    const uint8_t *buf)
{

	switch (vr->vr_request << 16 | vr->vr_length) {
	case 0x1e0004:
		return cp210x_set_baud(v, vp, buf);
	case 0x130010:
		cp210x_set_flow(vp, buf);
		return 16;
	case 0x190006:
		cp210x_set_chars(vp, buf);
		return 6;
	default:
		return VUSB_STALL;
	}
}

/* Settings of a port that are in wValue. */
static int
cp210x_set(struct vusb *v, struct vusb_port *vp, const struct vusb_setup *vr)
{
	const uint16_t value = vr->vr_value;

	switch (vr->vr_request) {
	case 0x00:
		cp210x_enable(vp, value != 0);
		return 0;
	case 0x01:
		if (value == 0)
			return VUSB_STALL;
		vp->vp_status.vs_baud = (3686400u + value / 2) / value;
		return 0;
	case 0x03:
		return cp210x_set_line(vp, value);
	case 0x05:
		vusb_uart_break(vp, value != 0);
		return 0;
	case 0x07:
		cp210x_set_pins(vp, value);
		return 0;
	case 0x12:
		vusb_uart_purge(vp, (value & 0x0a) != 0, (value & 0x05) != 0);
		if (value & 0x0a)
			vp->vp_nstage = 0;
		return 0;
	case 0x15:
		return cp210x_embed(v, vp, value);
	default:
		return VUSB_STALL;
	}
}

/* What is in the chip, not in a port. */
static int
cp210x_vendor(struct vusb *v, const struct vusb_setup *vr, uint8_t *buf)
{

	switch (vr->vr_value) {
	case 0x370b:
		if (vr->vr_length == 0)
			return VUSB_STALL;
		buf[0] = (uint8_t)v->v_config.vc_part;
		if (vr->vr_length == 1 || (v->v_quirks & VUSB_Q_NOEVENTS) != 0)
			return 1;
		buf[1] = 0;
		return 2;
	case 0x0010:
		if (v->v_config.vc_part < CP2102N || vr->vr_length < 3)
			return VUSB_STALL;
		memcpy(buf, (uint8_t[]){ 1, 0,
		    v->v_quirks & VUSB_Q_OLDFW ? 4 : 8 }, 3);
		return 3;
	default:
		return VUSB_STALL;
	}
}

static int
cp210x_control(struct vusb *v, const struct vusb_setup *vr, uint8_t *buf)
{
	struct vusb_port *vp;

	if (vr->vr_type == 0xc0 && vr->vr_request == 0xff)
		return cp210x_vendor(v, vr, buf);
	if (vr->vr_index >= v->v_config.vc_nports)
		return VUSB_STALL;
	vp = &v->v_port[vr->vr_index];
	if (vr->vr_type == 0xc1)
		return cp210x_get(v, vp, vr, buf);
	if (vr->vr_type != 0x41)
		return VUSB_STALL;
	return vr->vr_length != 0 ? cp210x_put(v, vp, vr, buf) :
	    cp210x_set(v, vp, vr);
}

/* ---- data ----------------------------------------------------------- */

/* The next of what is to be told while events are on: true if any. */
static bool
cp210x_stage(struct vusb_port *vp)
{
	const uint8_t esc = vp->vp_reg[REG_ESC];
	const uint8_t lines = (uint8_t)vp->vp_lines;
	uint8_t c, flags;

	if (lines != vp->vp_reg[REG_LINES]) {
		memcpy(vp->vp_stage, (uint8_t[]){ esc, 3, (uint8_t)
		    (cp210x_lines(vp) | (lines ^ vp->vp_reg[REG_LINES])) }, 3);
		vp->vp_nstage = 3;
		vp->vp_reg[REG_LINES] = lines;
	} else if (vusb_uart_rx(vp, &c, 1, &flags) == 0) {
		return false;
	} else if (flags != 0) {
		memcpy(vp->vp_stage, (uint8_t[]){ esc, 1, flags | 0x60, c }, 4);
		vp->vp_nstage = 4;
	} else {
		memcpy(vp->vp_stage, (uint8_t[]){ c, 0 }, 2);
		vp->vp_nstage = c == esc ? 2 : 1;
	}
	return true;
}

/* Bytes of what is staged. */
static uint32_t
cp210x_unstage(struct vusb_port *vp, uint8_t *buf, uint32_t len)
{

	len = len < vp->vp_nstage ? len : vp->vp_nstage;
	memcpy(buf, vp->vp_stage, len);
	vp->vp_nstage -= len;
	memmove(vp->vp_stage, vp->vp_stage + len, vp->vp_nstage);
	return len;
}

/*
 * With events on: as much as can go out as it is, which is all up to an
 * escape, an error, or a change of the lines.
 */
static uint32_t
cp210x_plain(struct vusb_port *vp, uint8_t *buf, uint32_t len)
{

	if (vp->vp_nstage > 0 || vp->vp_lines != vp->vp_reg[REG_LINES])
		return 0;
	return (uint32_t)vusb_uart_run(vp, buf, len, vp->vp_reg[REG_ESC]);
}

static bool
cp210x_in(struct vusb *v, uint8_t ep, uint8_t *buf, uint32_t len,
    uint32_t *actlen)
{
	const unsigned port = cp210x_epport(ep);
	struct vusb_port *vp = &v->v_port[port];
	uint32_t off = 0;
	uint8_t flags;
	size_t n;

	if (port >= v->v_config.vc_nports || !vp->vp_status.vs_enabled)
		return false;
	do {
		off += cp210x_unstage(vp, buf + off, len - off);
		if (vp->vp_status.vs_events)
			off += cp210x_plain(vp, buf + off, len - off);
		if (!vp->vp_status.vs_events && off < len) {
			n = vusb_uart_rx(vp, buf + off, len - off, &flags);
			off += (uint32_t)n;
			if (n == 0)
				break;
		}
	} while (off < len && (!vp->vp_status.vs_events || cp210x_stage(vp)));
	*actlen = off;
	return off > 0;
}

static uint32_t
cp210x_out(struct vusb *v, uint8_t ep, const uint8_t *buf, uint32_t len)
{
	const unsigned port = cp210x_epport(ep);

	if (port >= v->v_config.vc_nports ||
	    !v->v_port[port].vp_status.vs_enabled)
		return len;
	return (uint32_t)vusb_uart_tx(&v->v_port[port], buf, len);
}

const struct vusb_ops vusb_cp210x_ops = {
	.vo_descriptors = cp210x_descriptors,
	.vo_control = cp210x_control,
	.vo_in = cp210x_in,
	.vo_out = cp210x_out,
	.vo_reset = cp210x_reset,
	.vo_port = cp210x_epport,
};
