/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vusb_uart.c - the UART of a port of a software chip.
 *
 * Model
 *	A chip decodes requests and says in vp_status what its UART is set
 *	to; this is what the UART does with characters then.
 *
 *	vp_tohost is the receiver's FIFO.  What is wrong with a character is
 *	a mark, a number of the stream and flags: vusb_uart_rx gives a marked
 *	character alone, so that a chip that tells errors in the stream
 *	(FTDI, CP210x) tells the place; vp_errors is for one that has a status
 *	packet only (CH34x, PL2303).  A full FIFO loses characters, and the
 *	last that it has is marked with the overrun, as in a 16550.
 *
 *	What the host writes goes to vp_fromhost at once, where the far end
 *	finds it, unless the transmitter is stopped: by CTS (flow 'R'), DSR
 *	('D'), an XOFF that came in ('X') or a break.  Then it waits in vp_tx,
 *	and when that is full too the host waits.
 *
 *	The other way round, a FIFO that is three quarters full makes the UART
 *	take RTS away (vs_ready), or send XOFF; at a quarter it is RTS and XON
 *	again.
 *
 *	Characters of 5 to 7 bits lose their other bits.  No character takes
 *	any time here: that, and what becomes of characters between two ends
 *	of which each has its own idea of rate and format, is the wire's.
 *
 * All functions: v_lock held.
 */
#include <string.h>

#include "vusb/vusbvar.h"

static uint8_t
uart_mask(const struct vusb_port *vp)
{
	const uint8_t bits = vp->vp_status.vs_bits;

	return bits >= 5 && bits < 8 ? (uint8_t)((1u << bits) - 1) : 0xff;
}

bool
vusb_uart_stopped(const struct vusb_port *vp)
{
	const struct vusb_status *vs = &vp->vp_status;

	return vs->vs_break ||
	    (vs->vs_flow == 'R' && (vp->vp_lines & VUSB_CTS) == 0) ||
	    (vs->vs_flow == 'D' && (vp->vp_lines & VUSB_DSR) == 0) ||
	    (vs->vs_flow == 'X' && vp->vp_xoffed);
}

/* The far end has to stop, or may go on. */
static void
uart_throttle(struct vusb_port *vp)
{
	struct vusb_status *vs = &vp->vp_status;
	const size_t len = vp->vp_tohost.vq_len, size = vp->vp_tohost.vq_size;
	bool xoff;

	if (len >= size - size / 4)
		vp->vp_full = true;
	else if (len <= size / 4)
		vp->vp_full = false;
	vs->vs_ready = vs->vs_rts && !(vs->vs_flow == 'R' && vp->vp_full);
	xoff = vs->vs_flow == 'X' && vp->vp_full;
	if (xoff != vp->vp_sentxoff && vq_put(&vp->vp_fromhost,
	    xoff ? &vs->vs_xoff : &vs->vs_xon, 1) == 1)
		vp->vp_sentxoff = xoff;
}

/* Characters onto the line, as many as fit. */
static size_t
uart_send(struct vusb_port *vp, const uint8_t *buf, size_t len)
{
	const uint8_t mask = uart_mask(vp);
	uint8_t c;
	size_t i;

	if (mask == 0xff)
		return vq_put(&vp->vp_fromhost, buf, len);
	for (i = 0; i < len; i++) {
		c = buf[i] & mask;
		if (vq_put(&vp->vp_fromhost, &c, 1) == 0)
			break;
	}
	return i;
}

/*
 * vusb_uart_changed(vp)
 *
 *	A setting, a line or the room at the far end has changed: let the
 *	transmitter go on, or stop.
 */
void
vusb_uart_changed(struct vusb_port *vp)
{
	uint8_t c;

	if (vp->vp_status.vs_flow != 'X')
		vp->vp_xoffed = false;
	uart_throttle(vp);
	while (vp->vp_tx.vq_len > 0 && !vusb_uart_stopped(vp) &&
	    vp->vp_fromhost.vq_len < vp->vp_fromhost.vq_size) {
		(void)vq_get(&vp->vp_tx, &c, 1);
		(void)uart_send(vp, &c, 1);
	}
	vp->vp_status.vs_held = (unsigned)vp->vp_tx.vq_len;
	vp->vp_status.vs_stopped = vusb_uart_stopped(vp);
}

/* Power-on state of the settings: 9600 8N1, nothing asserted. */
void
vusb_uart_reset(struct vusb_port *vp)
{
	struct vusb_status *vs = &vp->vp_status;
	const unsigned reads = vs->vs_reads, writes = vs->vs_writes;

	memset(vs, 0, sizeof(*vs));
	vs->vs_reads = reads;
	vs->vs_writes = writes;
	vs->vs_baud = 9600;
	vs->vs_bits = 8;
	vs->vs_stop = 1;
	vs->vs_parity = 'N';
	vs->vs_flow = 'N';
	vs->vs_xon = 0x11;
	vs->vs_xoff = 0x13;
	memset(vp->vp_reg, 0, sizeof(vp->vp_reg));
	vp->vp_errors = 0;
	vp->vp_news = vp->vp_sentxoff = vp->vp_xoffed = false;
	vp->vp_tx.vq_len = 0;
	vp->vp_told = 0;
}

void
vusb_uart_pins(struct vusb_port *vp, bool dtr, bool rts)
{
	struct vusb_status *vs = &vp->vp_status;

	vs->vs_moves += (vs->vs_dtr != dtr) + (vs->vs_rts != rts);
	vs->vs_dtr = dtr;
	vs->vs_rts = rts;
	uart_throttle(vp);
}

void
vusb_uart_break(struct vusb_port *vp, bool on)
{

	if (on && !vp->vp_status.vs_break)
		vp->vp_status.vs_breaks++;
	vp->vp_status.vs_break = on;
	vusb_uart_changed(vp);
}

/* Forget what has come in, what is to go out, or both. */
void
vusb_uart_purge(struct vusb_port *vp, bool in, bool out)
{

	if (in) {
		vp->vp_taken += vp->vp_tohost.vq_len;
		vp->vp_tohost.vq_len = 0;
		vp->vp_nmarks = 0;
		vp->vp_errors = 0;
	}
	if (out)
		vp->vp_tx.vq_len = 0;
	vp->vp_status.vs_purges += in + out;
	vusb_uart_changed(vp);
}

/* The FIFO has become smaller: marks of what it lost go. */
void
vusb_uart_trim(struct vusb_port *vp)
{

	while (vp->vp_nmarks > 0 && vp->vp_mark[vp->vp_nmarks - 1].vm_at >=
	    vp->vp_taken + vp->vp_tohost.vq_len)
		vp->vp_nmarks--;
}

/*
 * n = vusb_uart_tx(vp, buf, len)
 *
 *	From the host: how much the chip took.
 */
size_t
vusb_uart_tx(struct vusb_port *vp, const uint8_t *buf, size_t len)
{
	size_t n = 0;

	if (vusb_uart_stopped(vp))
		n = vq_put(&vp->vp_tx, buf, len);
	else if (vp->vp_tx.vq_len == 0)
		n = uart_send(vp, buf, len);
	vp->vp_status.vs_received += n;
	vp->vp_status.vs_held = (unsigned)vp->vp_tx.vq_len;
	vp->vp_status.vs_stopped = vusb_uart_stopped(vp);
	return n;
}

/*
 * n = vusb_uart_rx(vp, buf, len, &flags)
 *
 *	For the host: characters without errors up to one with, or that one
 *	alone, with its VUSB_* in flags.  0: there is nothing.
 */
size_t
vusb_uart_rx(struct vusb_port *vp, uint8_t *buf, size_t len, uint8_t *flags)
{
	uint64_t gap;
	size_t n;

	*flags = 0;
	if (vp->vp_nmarks > 0 && vp->vp_tohost.vq_len > 0 && len > 0) {
		gap = vp->vp_mark[0].vm_at - vp->vp_taken;
		if (gap == 0) {
			*flags = vp->vp_mark[0].vm_flags;
			len = 1;
			vp->vp_nmarks--;
			memmove(&vp->vp_mark[0], &vp->vp_mark[1],
			    vp->vp_nmarks * sizeof(vp->vp_mark[0]));
		} else if (len > gap)
			len = (size_t)gap;
	}
	n = vq_get(&vp->vp_tohost, buf, len);
	vp->vp_taken += n;
	vp->vp_status.vs_sent += n;
	uart_throttle(vp);
	return n;
}

/*
 * n = vusb_uart_run(vp, buf, len, stop)
 *
 *	The same, but only characters without errors, and only those in front
 *	of the first stop.  0: what comes first is another kind, or nothing.
 */
size_t
vusb_uart_run(struct vusb_port *vp, uint8_t *buf, size_t len, uint8_t stop)
{
	uint8_t flags;

	len = vq_span(&vp->vp_tohost, stop, len);
	if (len == 0 ||
	    (vp->vp_nmarks > 0 && vp->vp_mark[0].vm_at == vp->vp_taken))
		return 0;
	return vusb_uart_rx(vp, buf, len, &flags);
}

static void
uart_mark(struct vusb_port *vp, uint64_t at, unsigned flags)
{
	struct vusb_mark *vm;

	vp->vp_errors |= (uint8_t)flags;
	vm = vp->vp_nmarks > 0 ? &vp->vp_mark[vp->vp_nmarks - 1] : NULL;
	if (vm == NULL || vm->vm_at != at) {
		if (vp->vp_nmarks == VUSB_NMARKS)
			return;
		vm = &vp->vp_mark[vp->vp_nmarks++];
		vm->vm_at = at;
		vm->vm_flags = 0;
	}
	vm->vm_flags |= (uint8_t)flags;
}

/* Was it XON or XOFF, which the UART keeps for itself? */
static bool
uart_xonxoff(struct vusb_port *vp, uint8_t c)
{
	const struct vusb_status *vs = &vp->vp_status;

	if (vs->vs_flow != 'X' || (c != vs->vs_xon && c != vs->vs_xoff))
		return false;
	vp->vp_xoffed = c == vs->vs_xoff;
	vusb_uart_changed(vp);
	return true;
}

/*
 * vusb_uart_receive(vp, byte, flags)
 *
 *	A character came in.
 */
void
vusb_uart_receive(struct vusb_port *vp, uint8_t c, unsigned flags)
{
	struct vusb_queue *vq = &vp->vp_tohost;

	c &= uart_mask(vp);
	if (flags == 0 && uart_xonxoff(vp, c))
		return;
	if (vq->vq_len == vq->vq_size) {
		vp->vp_status.vs_overruns++;
		uart_mark(vp, vp->vp_taken + vq->vq_len - 1, VUSB_OVERRUN);
		return;
	}
	if (flags != 0)
		uart_mark(vp, vp->vp_taken + vq->vq_len, flags);
	(void)vq_put(vq, &c, 1);
	uart_throttle(vp);
}

/*
 * n = vusb_uart_line(vp, buf, len)
 *
 *	Characters from a far end that waits while the FIFO is full: how many
 *	came in.
 */
size_t
vusb_uart_line(struct vusb_port *vp, const uint8_t *buf, size_t len)
{
	struct vusb_queue *vq = &vp->vp_tohost;
	size_t i;

	if (vp->vp_status.vs_flow != 'X' && uart_mask(vp) == 0xff) {
		i = vq_put(vq, buf, len);
		uart_throttle(vp);
		return i;
	}
	for (i = 0; i < len && vq->vq_len < vq->vq_size; i++)
		vusb_uart_receive(vp, buf[i], 0);
	return i;
}
