/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tap.c - the trace of one node, for those who follow it: host.h.
 *
 * Model
 *	A tap is a node's name and a ring of what the kernel side told of it
 *	last.  The ring is written by hyp_trace, with locks of K held, and never
 *	waits: what is not read in time is written over.  A reader asks for what
 *	there is after a number, so nothing is kept for him, and how much he has
 *	lost is the distance of numbers.
 *
 *	A tap is made by the first who asks, and there for as long as somebody
 *	does: nobody says that he has gone, so one that was not asked for during
 *	tap_idle is closed, by the next event or the next who asks.  While there
 *	is any the kernel side tells of all nodes (hyp_trace_start); what is not
 *	of one with a tap costs a comparison.  Numbers begin at the clock's
 *	nanoseconds, so those of a tap that was closed and made again are
 *	larger, and who had asked before sees that (HOST_TAP_ANEW).
 *
 *	Slots and their memory are used again, and not given back.
 *
 * Locks
 *	tap_mtx	all of it; a leaf, held for the copy of a few records.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "hyp/hyp.h"
#include "host/host.h"
#include "host/tracevar.h"

#define	TAPS		32
#define	TAP_RECORDS	2048

struct host_tap {
	char		 t_name[32];
	bool		 t_open;
	unsigned	 t_readers;	/* between host_tap_get and _put */
	uint64_t	 t_asked;	/* when one was last */
	uint64_t	 t_first;	/* number of the first since it is open */
	uint64_t	 t_next;
	struct trace_record *t_ring;
};

static pthread_mutex_t tap_mtx = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t tap_cv = PTHREAD_COND_INITIALIZER;
static struct host_tap taps[TAPS];
static atomic_uint tap_nopen;
static atomic_bool tap_asked;		/* for any, ever */
static unsigned tap_waiting;
static bool tap_ended;
static void (*tap_switch)(bool);
static uint64_t tap_idle;		/* ns */

void
host_tap_init(void (*turn)(bool), unsigned idle_ms)
{

	pthread_mutex_lock(&tap_mtx);
	tap_switch = turn;
	tap_idle = idle_ms * UINT64_C(1000000);
	pthread_mutex_unlock(&tap_mtx);
}

/* ---- taps; tap_mtx held --------------------------------------------- */

static void
tap_close(struct host_tap *t)
{

	t->t_open = false;
	if (atomic_fetch_sub(&tap_nopen, 1) == 1 && tap_switch != NULL)
		(*tap_switch)(false);
}

static bool
tap_is_idle(const struct host_tap *t, uint64_t now)
{

	return t->t_readers == 0 && now - t->t_asked > tap_idle;
}

static struct host_tap *
tap_find(const char *name)
{

	for (unsigned i = 0; i < TAPS; i++) {
		if (taps[i].t_open && strcmp(taps[i].t_name, name) == 0)
			return &taps[i];
	}
	return NULL;
}

/* errno: EBUSY, all are in use. */
static int
tap_make(const char *name, uint64_t now, struct host_tap **tp)
{
	struct host_tap *t = NULL;

	for (unsigned i = 0; i < TAPS; i++) {
		if (taps[i].t_open && tap_is_idle(&taps[i], now))
			tap_close(&taps[i]);
		if (t == NULL && !taps[i].t_open)
			t = &taps[i];
	}
	if (t == NULL || strlen(name) >= sizeof(t->t_name))
		return EBUSY;
	if (t->t_ring == NULL &&
	    (t->t_ring = calloc(TAP_RECORDS, sizeof(*t->t_ring))) == NULL)
		return ENOMEM;
	strcpy(t->t_name, name);
	t->t_first = t->t_next = now;
	t->t_readers = 0;
	t->t_open = true;
	atomic_store(&tap_asked, true);
	if (atomic_fetch_add(&tap_nopen, 1) == 0 && tap_switch != NULL)
		(*tap_switch)(true);
	*tp = t;
	return 0;
}

/* The oldest number that is there. */
static uint64_t
tap_oldest(const struct host_tap *t)
{

	return t->t_next - t->t_first > TAP_RECORDS ?
	    t->t_next - TAP_RECORDS : t->t_first;
}

/* ---- the writer ----------------------------------------------------- */

int
tap_put(const struct hyp_trace *ht)
{
	struct trace_record *tr;
	uint64_t now;

	if (atomic_load_explicit(&tap_nopen, memory_order_relaxed) == 0)
		return atomic_load(&tap_asked);
	pthread_mutex_lock(&tap_mtx);
	now = hyp_clock();
	for (unsigned i = 0; i < TAPS; i++) {
		struct host_tap *const t = &taps[i];

		if (!t->t_open)
			continue;
		if (tap_is_idle(t, now)) {
			tap_close(t);
			continue;
		}
		if (strcmp(t->t_name, ht->ht_dev) != 0)
			continue;
		tr = &t->t_ring[t->t_next++ % TAP_RECORDS];
		tr->tr_time = now;
		tr->tr_thread = gettid();
		tr->tr_what = *ht;
		if (tap_waiting != 0)
			pthread_cond_broadcast(&tap_cv);
	}
	pthread_mutex_unlock(&tap_mtx);
	return 1;
}

/* ---- readers -------------------------------------------------------- */

int
host_tap_get(const char *name, struct host_tap **tp)
{
	const uint64_t now = hyp_clock();
	int error = 0;

	pthread_mutex_lock(&tap_mtx);
	*tp = tap_find(name);
	if (*tp == NULL)
		error = tap_make(name, now, tp);
	if (error == 0) {
		(*tp)->t_readers++;
		(*tp)->t_asked = now;
	}
	pthread_mutex_unlock(&tap_mtx);
	return error;
}

void
host_tap_put(struct host_tap *t)
{

	pthread_mutex_lock(&tap_mtx);
	t->t_readers--;
	t->t_asked = hyp_clock();
	pthread_mutex_unlock(&tap_mtx);
}

uint64_t
host_tap_now(const struct host_tap *t)
{
	uint64_t next;

	pthread_mutex_lock(&tap_mtx);
	next = t->t_next;
	pthread_mutex_unlock(&tap_mtx);
	return next;
}

int
host_tap_read(const struct host_tap *t, uint64_t *from, uint64_t *lost,
    char *line)
{
	struct trace_record tr;
	uint64_t oldest;

	*lost = 0;
	pthread_mutex_lock(&tap_mtx);
	if (*from < t->t_first || *from > t->t_next) {
		*from = t->t_next;
		pthread_mutex_unlock(&tap_mtx);
		return HOST_TAP_ANEW;
	}
	oldest = tap_oldest(t);
	if (*from < oldest) {
		*lost = oldest - *from;
		*from = oldest;
	}
	if (*from == t->t_next) {
		pthread_mutex_unlock(&tap_mtx);
		return 0;
	}
	tr = t->t_ring[(*from)++ % TAP_RECORDS];
	pthread_mutex_unlock(&tap_mtx);
	return (int)trace_text(&tr, line);
}

bool
host_tap_wait(const struct host_tap *t, uint64_t from,
    const struct timespec *until)
{
	int error = 0;
	bool more;

	pthread_mutex_lock(&tap_mtx);
	tap_waiting++;
	while (t->t_next == from && !tap_ended && error == 0)
		error = pthread_cond_clockwait(&tap_cv, &tap_mtx,
		    CLOCK_MONOTONIC, until);
	tap_waiting--;
	more = t->t_next != from && !tap_ended;
	pthread_mutex_unlock(&tap_mtx);
	return more;
}

void
host_tap_end(bool ended)
{

	pthread_mutex_lock(&tap_mtx);
	tap_ended = ended;
	pthread_cond_broadcast(&tap_cv);
	pthread_mutex_unlock(&tap_mtx);
}
