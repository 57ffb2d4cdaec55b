/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * record.c - what a run has seen, in memory that survives it, and the clock.
 *
 * Written by the threads of the run's process, each its own events; slots
 * are given out by an atomic counter.  devsw-compare reads when the process
 * is gone, or given up: then an event may be half filled in, and has no end.
 */
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "compare/compare.h"

/* CLOCK_MONOTONIC in ns, as in the daemon's trace. */
uint64_t
record_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

void
pause_ms(unsigned ms)
{
	const struct timespec ts = { ms / 1000, (long)(ms % 1000) * 1000000 };

	nanosleep(&ts, NULL);
}

/*
 * ev = record_event(rc, kind, lane, what)
 *
 *	An event that begins now and has not ended.  When there is no room,
 *	the last one is overwritten: the beginning tells more than the end of
 *	what went on for too long.
 */
struct event *
record_event(struct record *rc, enum event_kind kind, const char *lane,
    const char *what)
{
	unsigned n = __atomic_fetch_add(&rc->rc_nevents, 1, __ATOMIC_RELAXED);
	struct event *const ev =
	    &rc->rc_events[n < NEVENTS ? n : NEVENTS - 1];

	ev->ev_kind = kind;
	snprintf(ev->ev_lane, sizeof(ev->ev_lane), "%s", lane);
	snprintf(ev->ev_what, sizeof(ev->ev_what), "%s", what);
	ev->ev_result[0] = '\0';
	ev->ev_to = 0;
	ev->ev_from = record_now();
	return ev;
}

/*
 * record_outcome(rc, what, ms, format, ...)
 *
 *	One thing that is compared; ms < 0: it has no time.
 */
void
record_outcome(struct record *rc, const char *what, double ms,
    const char *format, ...)
{
	unsigned n = __atomic_fetch_add(&rc->rc_noutcomes, 1,
	    __ATOMIC_RELAXED);
	struct outcome *const oc =
	    &rc->rc_outcomes[n < NOUTCOMES ? n : NOUTCOMES - 1];
	va_list ap;

	snprintf(oc->oc_what, sizeof(oc->oc_what), "%s", what);
	va_start(ap, format);
	vsnprintf(oc->oc_got, sizeof(oc->oc_got), format, ap);
	va_end(ap);
	oc->oc_ms = ms;
}
