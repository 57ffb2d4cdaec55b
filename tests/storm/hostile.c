/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hostile.c - a USB device that does what its plan says (storm.h).
 *
 * Model
 *	hyp_usb.h's down-calls, in the place of src/vusb, for usbip.c: bus 0,
 *	and a port as the address.  What becomes of a transfer is chance of
 *	the plan, the endpoint and how many that endpoint has had, so that it
 *	is the same in a replay, whatever the order of endpoints.  It has a
 *	time at which it ends, by itself; NEVER, it waits to be cancelled.
 *	A thread ends what is due, the earliest first, so that what comes later
 *	may end earlier.
 *
 *	Until it is configured it is the kernel that asks, and that waits for
 *	seconds, with the hub's lock; so mostly it is let in.
 *
 * Locks
 *	h_lock, one for all of a device; not held in a completion.
 */
#include <sys/queue.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "hyp/hyp_usb.h"
#include "storm/storm.h"

#define	NEVER		UINT64_MAX
#define	MS		1000000u
#define	LONELY_S	3	/* without a transfer, not configured */
#define	LONGEST_S	30	/* whatever goes on */
#define	LOOK_MS		200	/* for who wants to end it */
#define	TALK		300	/* packets that it has to say, unasked */

/* What becomes of a transfer. */
enum fate {
	GOOD,
	STALL, FAIL, BABBLE,	/* ends badly */
	EMPTY,			/* well, with nothing */
	LATE,			/* well, in up to 3 s */
	MUTE,			/* not before it is cancelled */
	DEAF,			/* nor then */
	STUBBORN,		/* cancelled, it says that all went well */
	NFATES
};

struct hyp_usbx {
	TAILQ_ENTRY(hyp_usbx) x_link;
	struct hyp_usb	*x_usb;
	uint64_t	 x_due;
	enum fate	 x_fate;
	int		 x_type, x_status;
	uint8_t		 x_ep;
	bool		 x_flying, x_running, x_freed;
	uint32_t	 x_len, x_actlen;
	uint8_t		*x_buf;
	hyp_usb_done_t	*x_done;
	void		*x_cookie;
};

struct hyp_usb {
	struct plan	 h_plan;
	struct tally	 h_tally;
	pthread_mutex_t	 h_lock;
	pthread_cond_t	 h_cv;
	pthread_t	 h_thread;
	TAILQ_HEAD(, hyp_usbx) h_xs;
	bool		 h_stop;
	unsigned	 h_had[32];	/* transfers of each endpoint */
	uint64_t	 h_asked;	/* last; or when it was plugged in */
	uint64_t	 h_began;
};

static struct hyp_usb *ports[PORTS];
static atomic_bool ending;

static uint64_t
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* Until it is woken, or that time. */
static void
sleep_until(struct hyp_usb *h, uint64_t when)
{
	const struct timespec ts = { .tv_sec = (time_t)(when / 1000000000u),
	    .tv_nsec = (long)(when % 1000000000u) };

	if (when == NEVER)
		pthread_cond_wait(&h->h_cv, &h->h_lock);
	else
		pthread_cond_timedwait(&h->h_cv, &h->h_lock, &ts);
}

/* ---- what it says --------------------------------------------------- */

static uint32_t
give(struct hyp_usbx *x, const void *bytes, size_t n)
{

	n = n < x->x_len ? n : x->x_len;
	memcpy(x->x_buf, bytes, n);
	return (uint32_t)n;
}

/* false: a STALL. */
static bool
get_descriptor(struct hyp_usbx *x, const uint8_t *setup)
{
	const struct plan *const p = &x->x_usb->h_plan;
	size_t told = p->p_told < p->p_len ? p->p_told : p->p_len;

	switch (setup[3]) {
	case 1:
		x->x_actlen = give(x, p->p_desc, 18);
		return true;
	case 2:
		x->x_actlen = give(x, p->p_desc + 18, told - 18);
		return setup[2] == 0;
	case 3:
		x->x_actlen = setup[2] == 0 ? give(x, "\4\3\11\4", 4) :
		    give(x, p->p_string, p->p_stringlen);
		return true;
	case 0x22:
		x->x_actlen = give(x, p->p_report, p->p_reportlen);
		return p->p_reportlen > 0;
	default:
		return false;
	}
}

static void
bytes_of(struct hyp_usbx *x, struct chance *c, uint32_t n)
{

	for (uint32_t i = 0; i < n; i++)
		x->x_buf[i] = (uint8_t)chance(c);
	x->x_actlen = n;
}

static void
control_good(struct hyp_usbx *x, const uint8_t *setup, struct chance *c)
{
	struct hyp_usb *const h = x->x_usb;
	bool ok = true;

	if ((setup[0] & 0x60) != 0 && (setup[0] & 0x80) != 0)
		bytes_of(x, c, below(c, 8) ? x->x_len : below(c, x->x_len + 1));
	else if (setup[1] == 6 && (setup[0] & 0x80) != 0)
		ok = get_descriptor(x, setup);
	else if ((setup[0] & 0x80) != 0)
		x->x_actlen = give(x, setup[1] == 8 ? "\1" : "\0\0", 2);
	else
		x->x_actlen = x->x_len;
	if (setup[0] == 0 && setup[1] == 9 && !h->h_tally.t_configured) {
		h->h_tally.t_configured = true;
		h->h_tally.t_before = h->h_tally.t_transfers;
	}
	x->x_status = ok ? HYP_USB_OK : HYP_USB_STALL;
}

/* What a good one says unasked: reports, notifications, characters. */
static void
talk(struct hyp_usbx *x, struct chance *c)
{
	static const uint8_t state[10] = { 0xa1, 0x20, 0, 0, 0, 0, 2, 0, 3, 0 };
	struct hyp_usb *const h = x->x_usb;
	const uint32_t packet = x->x_len < 64 ? x->x_len : 64;

	if (h->h_had[(x->x_ep & 15) | 16] > TALK) {
		x->x_due = NEVER;
		return;
	}
	bytes_of(x, c, below(c, 3) ? packet : below(c, packet + 1));
	if (x->x_type == HYP_USB_INTR && below(c, 2)) {
		if (below(c, 2))
			x->x_actlen = give(x, state, sizeof(state));
		else if (x->x_len > 0)
			x->x_buf[0] = (uint8_t)(1 + below(c, 4));
	}
	x->x_due += (uint64_t)(1 + below(c, 40)) * MS;
}

static void
good(struct hyp_usbx *x, const uint8_t *setup, struct chance *c)
{

	x->x_status = HYP_USB_OK;
	x->x_due = now() + (below(c, 4) ? 0 : below(c, 6) * MS);
	if (setup != NULL)
		control_good(x, setup, c);
	else if ((x->x_ep & 0x80) != 0)
		talk(x, c);
	else
		x->x_actlen = x->x_len;
}

/* Something else than good() has said. */
static void
twist(struct hyp_usbx *x, struct chance *c)
{
	static const int statuses[] = { [STALL] = HYP_USB_STALL,
	    [FAIL] = HYP_USB_IOERROR, [BABBLE] = HYP_USB_OVERFLOW };

	switch (x->x_fate) {
	case STALL:
	case FAIL:
	case BABBLE:
		x->x_status = statuses[x->x_fate];
		x->x_actlen = 0;
		break;
	case EMPTY:
		x->x_actlen = 0;
		break;
	case LATE:
		x->x_due = now() + (uint64_t)below(c, below(c, 4) ? 300 :
		    3000) * MS;
		break;
	default:
		x->x_due = NEVER;
	}
}

/* ---- transfers ------------------------------------------------------ */

static enum fate
fate_of(const struct hyp_usb *h, bool control, struct chance *c)
{
	enum fate fate;

	if (below(c, 1000) >= h->h_plan.p_odd ||
	    (!h->h_tally.t_configured && !h->h_plan.p_early))
		return GOOD;
	fate = (enum fate)(1 + below(c, NFATES - 1));
	/* The kernel waits 5 s for each of those; and for a deaf one until
	   storm_bus breaks the connection. */
	if (!h->h_tally.t_configured && fate >= LATE)
		return STALL;
	if (fate == DEAF && below(c, control ? 40 : 10) != 0)
		return MUTE;
	return fate;
}

int
hyp_usbx_submit(struct hyp_usbx *x, const void *setup, uint32_t len, int zlp)
{
	struct hyp_usb *const h = x->x_usb;
	const unsigned ep = (x->x_ep & 15u) | (x->x_ep & 0x80) >> 3;
	struct chance c;

	(void)zlp;
	pthread_mutex_lock(&h->h_lock);
	c = chance_of(h->h_plan.p_seed + ep, h->h_had[ep]++);
	x->x_len = len;
	x->x_actlen = 0;
	x->x_flying = true;
	x->x_fate = fate_of(h, setup != NULL, &c);
	h->h_tally.t_transfers++;
	h->h_asked = now();
	h->h_tally.t_requests += setup != NULL && h->h_tally.t_configured;
	h->h_tally.t_odd += x->x_fate != GOOD;
	good(x, setup, &c);
	if (x->x_fate != GOOD)
		twist(x, &c);
	TAILQ_INSERT_TAIL(&h->h_xs, x, x_link);
	pthread_cond_broadcast(&h->h_cv);
	pthread_mutex_unlock(&h->h_lock);
	return 0;
}

void
hyp_usbx_cancel(struct hyp_usbx *x)
{
	struct hyp_usb *const h = x->x_usb;

	pthread_mutex_lock(&h->h_lock);
	if (x->x_flying && x->x_fate != DEAF) {
		if (x->x_fate == STUBBORN)
			x->x_actlen = x->x_len;
		else if (x->x_due > now())
			x->x_status = HYP_USB_CANCELLED;
		x->x_due = 0;
		pthread_cond_broadcast(&h->h_cv);
	}
	pthread_mutex_unlock(&h->h_lock);
}

int
hyp_usbx_alloc(struct hyp_usb *h, int type, uint8_t ep, size_t size,
    hyp_usb_done_t *done, void *cookie, struct hyp_usbx **xp, void **bufp)
{
	struct hyp_usbx *const x = calloc(1, sizeof(*x));

	if (x == NULL || (x->x_buf = calloc(1, size + 16)) == NULL) {
		free(x);
		return ENOMEM;
	}
	x->x_usb = h;
	x->x_type = type;
	x->x_ep = ep;
	x->x_done = done;
	x->x_cookie = cookie;
	*xp = x;
	*bufp = x->x_buf;
	return 0;
}

static void
destroy(struct hyp_usbx *x)
{

	free(x->x_buf);
	free(x);
}

void
hyp_usbx_free(struct hyp_usbx *x)
{
	struct hyp_usb *const h = x->x_usb;
	const bool own = pthread_equal(pthread_self(), h->h_thread);

	pthread_mutex_lock(&h->h_lock);
	while (x->x_running && !own)
		pthread_cond_wait(&h->h_cv, &h->h_lock);
	if (x->x_flying)
		TAILQ_REMOVE(&h->h_xs, x, x_link);
	x->x_flying = false;
	x->x_freed = x->x_running;	/* deliver() destroys it */
	if (!x->x_freed)
		destroy(x);
	pthread_mutex_unlock(&h->h_lock);
}

static void
deliver(struct hyp_usb *h, struct hyp_usbx *x)
{

	TAILQ_REMOVE(&h->h_xs, x, x_link);
	x->x_flying = false;
	x->x_running = true;
	if (x->x_type != HYP_USB_CONTROL && x->x_status == HYP_USB_OK &&
	    x->x_actlen > 0) {
		if (x->x_ep & 0x80)
			h->h_tally.t_in++;
		else
			h->h_tally.t_out++;
	}
	pthread_mutex_unlock(&h->h_lock);
	x->x_done(x->x_cookie, x->x_status, x->x_actlen);
	pthread_mutex_lock(&h->h_lock);
	x->x_running = false;
	pthread_cond_broadcast(&h->h_cv);
	if (x->x_freed)
		destroy(x);
}

static void *
loop(void *arg)
{
	struct hyp_usb *const h = arg;
	struct hyp_usbx *x, *first;

	pthread_mutex_lock(&h->h_lock);
	while (!h->h_stop) {
		first = NULL;
		TAILQ_FOREACH(x, &h->h_xs, x_link) {
			if (first == NULL || x->x_due < first->x_due)
				first = x;
		}
		if (first != NULL && first->x_due <= now())
			deliver(h, first);
		else
			sleep_until(h, first == NULL ? NEVER : first->x_due);
	}
	pthread_mutex_unlock(&h->h_lock);
	return NULL;
}

/* ---- devices -------------------------------------------------------- */

int
hyp_usb_open(uint32_t bus, uint32_t addr, void *cookie, struct hyp_usb **hp)
{
	struct hyp_usb *const h = ports[addr];

	(void)bus;
	(void)cookie;
	*hp = h;
	return pthread_create(&h->h_thread, NULL, loop, h);
}

void
hyp_usb_close(struct hyp_usb *h)
{

	pthread_mutex_lock(&h->h_lock);
	h->h_stop = true;
	pthread_cond_broadcast(&h->h_cv);
	pthread_mutex_unlock(&h->h_lock);
	pthread_join(h->h_thread, NULL);
}

void
hostile_put(unsigned port, const struct plan *p)
{
	struct hyp_usb *h = ports[port];
	pthread_condattr_t attr;

	if (h == NULL) {
		h = ports[port] = calloc(1, sizeof(*h));
		if (h == NULL)
			abort();
		pthread_condattr_init(&attr);
		pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
		pthread_cond_init(&h->h_cv, &attr);
		pthread_condattr_destroy(&attr);
		pthread_mutex_init(&h->h_lock, NULL);
	}
	h->h_plan = *p;
	memset(&h->h_tally, 0, sizeof(h->h_tally));
	memset(h->h_had, 0, sizeof(h->h_had));
	TAILQ_INIT(&h->h_xs);
	h->h_stop = false;
	h->h_began = h->h_asked = now();
}

void
hostile_end(void)
{

	ending = true;
}

bool
hostile_ends(void)
{

	return ending;
}

void
hostile_wait(unsigned port, struct tally *t)
{
	struct hyp_usb *const h = ports[port];
	const struct plan *const p = &h->h_plan;
	uint64_t end;
	unsigned n;

	pthread_mutex_lock(&h->h_lock);
	for (;;) {
		*t = h->h_tally;
		end = h->h_asked + (uint64_t)(t->t_configured ? p->p_ms :
		    LONELY_S * 1000) * MS;
		if (end > h->h_began + (uint64_t)LONGEST_S * 1000 * MS)
			end = h->h_began + (uint64_t)LONGEST_S * 1000 * MS;
		n = p->p_whole ? t->t_transfers :
		    t->t_configured ? t->t_transfers - t->t_before : 0;
		if (now() >= end || n >= p->p_unplug || ending)
			break;
		if (end > now() + LOOK_MS * MS)
			end = now() + LOOK_MS * MS;
		sleep_until(h, end);
	}
	pthread_mutex_unlock(&h->h_lock);
}
