/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * overdue.c - drivers whose match or attach does not come back: the log says
 * which, and what becomes of it.
 *
 * Model
 *	A thread looks at the calls that run (hyp_call_next) once in LOOK_MS,
 *	from the first module on; what is built in has been looked at by its
 *	authors.  A call that has had its time is late:
 *
 *	late			one line; its port waits, and nobody else
 *				(hyp_calls_late)
 *	it comes back		one line
 *	late twice over, and	the end of the process: what else is not MP-safe
 *	it keeps the kernel	has stood still for as long, and there is no
 *	lock from others	other way to make it go on.  Who has started the
 *				daemon starts it again.
 *
 * Locks: none; all of it is the thread's, which ends with the process.
 */
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "host/host.h"
#include "hyp/hyp.h"
#include "hyp/hyp_trace.h"

#define	LOOK_MS		1000
#define	TOLD		32	/* late calls that are remembered */

struct told {
	struct hyp_call	t_call;		/* hc_id 0: none */
	bool		t_there;
};

static atomic_flag overdue_watched = ATOMIC_FLAG_INIT;

static struct told *
overdue_find(struct told *told, uint32_t id)
{

	for (unsigned i = 0; i < TOLD; i++) {
		if (told[i].t_call.hc_id == id)
			return &told[i];
	}
	return NULL;
}

static void
overdue_late(struct told *told, const struct hyp_call *hc)
{
	struct told *t = overdue_find(told, hc->hc_id);
	char text[200];

	if (hc->hc_hurts && hc->hc_late >= 2) {
		snprintf(text, sizeof(text), "%s: %s has not come back for "
		    "%" PRIu32 " ms and keeps the kernel lock, for which other "
		    "drivers wait: this process ends with it", hc->hc_driver,
		    hc->hc_what, hc->hc_ms);
		hyp_panic(text);
	}
	if (t == NULL) {
		host_logf(HYP_LOG_ERR, "%s: %s has not come back for %" PRIu32
		    " ms: what is plugged in there stays without a driver, and "
		    "the module cannot be unloaded", hc->hc_driver,
		    hc->hc_what, hc->hc_ms);
		if ((t = overdue_find(told, 0)) == NULL)
			return;
	}
	t->t_call = *hc;
	t->t_there = true;
}

/* How many are late. */
static unsigned
overdue_look(struct told *told)
{
	struct hyp_call hc;
	uint32_t row = 0;
	unsigned late = 0;

	for (unsigned i = 0; i < TOLD; i++)
		told[i].t_there = false;
	while (hyp_call_next(&row, &hc)) {
		if (hc.hc_late > 0) {
			late++;
			overdue_late(told, &hc);
		}
	}
	for (unsigned i = 0; i < TOLD; i++) {
		if (told[i].t_call.hc_id == 0 || told[i].t_there)
			continue;
		host_logf(HYP_LOG_NOTICE, "%s: %s has come back",
		    told[i].t_call.hc_driver, told[i].t_call.hc_what);
		told[i].t_call.hc_id = 0;
	}
	return late;
}

static void
overdue_thread(void *arg)
{
	static struct told told[TOLD];
	const struct timespec ts = { .tv_sec = LOOK_MS / 1000,
	    .tv_nsec = (long)(LOOK_MS % 1000) * 1000000 };
	unsigned late, before = 0;

	(void)arg;
	for (;;) {
		(void)nanosleep(&ts, NULL);
		late = overdue_look(told);
		if ((late > 0) != (before > 0))
			hyp_calls_late(late > 0);
		before = late;
	}
}

void
hyp_calls_watch(void)
{

	if (atomic_flag_test_and_set(&overdue_watched))
		return;
	if (hyp_thread_create("overdue", overdue_thread, NULL, NULL) != 0) {
		host_logf(HYP_LOG_WARNING, "no thread to look for drivers that "
		    "do not come back");
		atomic_flag_clear(&overdue_watched);
	}
}
