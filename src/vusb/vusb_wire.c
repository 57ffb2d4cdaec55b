/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vusb_wire.c - wires between ports of software chips.
 *
 * Model
 *	A wire joins two ports as a null modem, or one port with itself: what
 *	one sends the other receives, RTS is the other's CTS, and DTR its DSR
 *	and carrier.  It is then the far end of both; vusb_far_* are not for
 *	such a port.
 *
 *	A thread for each wire moves characters when something has changed at
 *	an end (vusb_changed).  Without pacing they take no time, and wait for
 *	a receiver that is full.  With it each takes as long as its bits do at
 *	the sender's rate, and a receiver that is full loses it.
 *
 *	Both ends have their own idea of rate and format.  At a rate that is
 *	off by more than 4 per cent nothing is read right: a framing error and
 *	garbage, or a break if it is a zero sent much slower than the other end
 *	listens.  A frame of another length is a framing error; one of the same
 *	length is taken apart as the receiver thinks it is made, and its parity
 *	bit is right or wrong.
 *
 * Locks
 *	w_lock is a leaf, for w_news and w_stop.  The thread takes the locks
 *	of both devices, that at the lower address first.  vp_wire is under
 *	its device's lock.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "vusb/vusbvar.h"

#define	WIRE_LATE	5000000		/* ns that a paced wire catches up */

struct vusb_wire {
	struct vusb	*w_v[2];
	unsigned	 w_port[2];
	bool		 w_paced;
	pthread_t	 w_thread;
	pthread_mutex_t	 w_lock;
	pthread_cond_t	 w_cv;
	bool		 w_news;
	bool		 w_stop;
	/* the thread's, by sender */
	unsigned	 w_breaks[2];	/* of them that have been passed on */
	uint64_t	 w_free[2];	/* when the line is free, ns */
};

static struct vusb_port *
wire_port(struct vusb_wire *w, unsigned end)
{

	return &w->w_v[end]->v_port[w->w_port[end]];
}

static bool
wire_is_loop(const struct vusb_wire *w)
{

	return w->w_v[0] == w->w_v[1] && w->w_port[0] == w->w_port[1];
}

static void
wire_lock(struct vusb_wire *w)
{
	struct vusb *a = w->w_v[0], *b = w->w_v[1];

	if ((uintptr_t)a > (uintptr_t)b) {
		a = w->w_v[1];
		b = w->w_v[0];
	}
	pthread_mutex_lock(&a->v_lock);
	if (a != b)
		pthread_mutex_lock(&b->v_lock);
}

static void
wire_unlock(struct vusb_wire *w)
{

	pthread_mutex_unlock(&w->w_v[0]->v_lock);
	if (w->w_v[0] != w->w_v[1])
		pthread_mutex_unlock(&w->w_v[1]->v_lock);
}

/* Something has changed at an end; its v_lock held. */
void
vusb_wire_poke(struct vusb_wire *w)
{

	pthread_mutex_lock(&w->w_lock);
	w->w_news = true;
	pthread_cond_signal(&w->w_cv);
	pthread_mutex_unlock(&w->w_lock);
}

/* ---- characters ----------------------------------------------------- */

/* The parity bit of a character; 0 if there is none. */
static unsigned
parity_bit(const struct vusb_status *vs, unsigned c)
{
	const unsigned odd = (unsigned)__builtin_popcount(c) & 1;

	switch (vs->vs_parity) {
	case 'E':
		return odd;
	case 'O':
		return !odd;
	case 'M':
		return 1;
	default:
		return 0;
	}
}

/* Bits of data and parity. */
static unsigned
frame_bits(const struct vusb_status *vs)
{

	return vs->vs_bits + (vs->vs_parity != 'N');
}

static bool
rates_differ(uint32_t a, uint32_t b)
{
	const uint64_t diff = a > b ? a - b : b - a;

	return diff * 100 > (uint64_t)(a > b ? a : b) * 4;
}

/* What the receiver makes of a character, with its errors. */
static unsigned
wire_garble(const struct vusb_status *src, const struct vusb_status *dst,
    uint8_t *cp)
{
	unsigned frame = *cp | parity_bit(src, *cp) << src->vs_bits;

	if (rates_differ(src->vs_baud, dst->vs_baud)) {
		if (*cp == 0 && src->vs_baud < dst->vs_baud / 2)
			return VUSB_BREAK;
		*cp ^= 0xa5;
		return VUSB_FRAMING;
	}
	if (frame_bits(src) != frame_bits(dst))
		return VUSB_FRAMING;
	*cp = (uint8_t)(frame & ((1u << dst->vs_bits) - 1));
	if (dst->vs_parity != 'N' &&
	    frame >> dst->vs_bits != parity_bit(dst, *cp))
		return VUSB_PARITY;
	return 0;
}

/* How long a character takes, ns. */
static uint64_t
wire_time(const struct vusb_status *vs)
{
	const unsigned halves = 2 * (1 + frame_bits(vs)) +
	    (vs->vs_stop == 1 ? 2 : vs->vs_stop == 2 ? 4 : 3);

	return vs->vs_baud == 0 ? 0 :
	    halves * UINT64_C(500000000) / vs->vs_baud;
}

/* ---- one direction, both v_lock held -------------------------------- */

static void
wire_lines(struct vusb_wire *w, unsigned from)
{
	struct vusb *v = w->w_v[!from];
	struct vusb_port *vp = wire_port(w, !from);
	const struct vusb_status *vs = &wire_port(w, from)->vp_status;
	unsigned lines = 0;

	if (w->w_v[from]->v_plugged)
		lines = (vs->vs_ready ? VUSB_CTS : 0) |
		    (vs->vs_dtr ? VUSB_DSR | VUSB_DCD : 0);
	if (vp->vp_lines == lines)
		return;
	vp->vp_lines = lines;
	vp->vp_news = true;
	vusb_uart_changed(vp);
	vusb_changed(v);
}

/* May the next character go?  If not, when (0: when something changes). */
static bool
wire_may(struct vusb_wire *w, unsigned from, uint64_t now, uint64_t *due)
{
	const struct vusb_port *src = wire_port(w, from);
	const struct vusb_queue *vq = &wire_port(w, !from)->vp_tohost;

	*due = 0;
	if (src->vp_fromhost.vq_len == 0)
		return false;
	if (!w->w_paced)
		return vq->vq_len < vq->vq_size || !w->w_v[!from]->v_plugged;
	*due = w->w_free[from];
	if (*due > now)
		return false;
	if (*due + WIRE_LATE < now)
		w->w_free[from] = now;
	w->w_free[from] += wire_time(&src->vp_status);
	return true;
}

/* Move what may go; returns when there is more, or 0. */
static uint64_t
wire_move(struct vusb_wire *w, unsigned from, uint64_t now)
{
	struct vusb_port *src = wire_port(w, from), *dst = wire_port(w, !from);
	bool moved = false;
	unsigned flags;
	uint64_t due;
	uint8_t c;

	while (wire_may(w, from, now, &due)) {
		(void)vq_get(&src->vp_fromhost, &c, 1);
		flags = wire_garble(&src->vp_status, &dst->vp_status, &c);
		if (w->w_v[!from]->v_plugged)
			vusb_uart_receive(dst, c, flags);
		moved = true;
	}
	if (w->w_breaks[from] != src->vp_status.vs_breaks) {
		w->w_breaks[from] = src->vp_status.vs_breaks;
		if (w->w_breaks[from] != 0) {
			vusb_uart_receive(dst, 0, VUSB_BREAK);
			moved = true;
		}
	}
	if (moved) {
		vusb_uart_changed(src);
		vusb_changed(w->w_v[from]);
		if (w->w_v[0] != w->w_v[1])
			vusb_changed(w->w_v[!from]);
	}
	return due;
}

static uint64_t
wire_run(struct vusb_wire *w)
{
	const uint64_t now = vusb_now();
	uint64_t due, first = 0;

	wire_lock(w);
	for (unsigned from = 0; from < 2u - wire_is_loop(w); from++) {
		wire_lines(w, from);
		due = wire_move(w, from, now);
		if (due != 0 && (first == 0 || due < first))
			first = due;
	}
	wire_unlock(w);
	return first;
}

static void *
wire_loop(void *arg)
{
	struct vusb_wire *w = arg;
	uint64_t due;

	pthread_mutex_lock(&w->w_lock);
	while (!w->w_stop) {
		w->w_news = false;
		pthread_mutex_unlock(&w->w_lock);
		due = wire_run(w);
		pthread_mutex_lock(&w->w_lock);
		while (!w->w_news && !w->w_stop &&
		    vusb_cond_timedwait(&w->w_cv, &w->w_lock, due) == 0)
			continue;
	}
	pthread_mutex_unlock(&w->w_lock);
	return NULL;
}

/* ---- making and cutting --------------------------------------------- */

static void
wire_plug(struct vusb_wire *w, struct vusb_wire *value)
{

	wire_lock(w);
	for (unsigned end = 0; end < 2; end++) {
		wire_port(w, end)->vp_wire = value;
		w->w_breaks[end] = wire_port(w, end)->vp_status.vs_breaks;
	}
	wire_unlock(w);
}

int
vusb_wire(struct vusb *a, unsigned aport, struct vusb *b, unsigned bport,
    bool paced)
{
	struct vusb_wire *w = calloc(1, sizeof(*w));
	int error;

	if (w == NULL)
		return ENOMEM;
	assert(aport < a->v_config.vc_nports && bport < b->v_config.vc_nports);
	vusb_unwire(a, aport);
	vusb_unwire(b, bport);
	w->w_v[0] = a;
	w->w_v[1] = b;
	w->w_port[0] = aport;
	w->w_port[1] = bport;
	w->w_paced = paced;
	pthread_mutex_init(&w->w_lock, NULL);
	vusb_cond_init(&w->w_cv);
	wire_plug(w, w);
	error = pthread_create(&w->w_thread, NULL, wire_loop, w);
	if (error != 0) {
		wire_plug(w, NULL);
		free(w);
	}
	return error;
}

void
vusb_unwire(struct vusb *v, unsigned port)
{
	struct vusb_wire *w;

	pthread_mutex_lock(&v->v_lock);
	w = v->v_port[port].vp_wire;
	pthread_mutex_unlock(&v->v_lock);
	if (w == NULL)
		return;
	wire_plug(w, NULL);
	pthread_mutex_lock(&w->w_lock);
	w->w_stop = true;
	pthread_cond_signal(&w->w_cv);
	pthread_mutex_unlock(&w->w_lock);
	pthread_join(w->w_thread, NULL);
	pthread_mutex_destroy(&w->w_lock);
	pthread_cond_destroy(&w->w_cv);
	free(w);
}
