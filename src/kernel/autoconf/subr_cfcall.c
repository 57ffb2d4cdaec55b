/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * subr_cfcall.c - autoconf: match and attach functions that do not come back.
 *
 * Model
 *	A driver's match or attach that loops keeps the thread of its port, and
 *	one that is not DVF_ATTACH_MPSAFE the kernel lock as well.  Nothing can
 *	be done about the thread; but the person who runs the daemon is told
 *	which driver it is, and nobody else is to wait for it.
 *
 *	Each such call has a row here while it runs.  Nobody here looks at them:
 *	the host does, now and then (hyp_call_next), and then has three things
 *	to say: that a call is late, that it has come back, and (hyp_calls_late)
 *	that at least one is late, so that an unload does not wait for it
 *	(subr_cftable.c).
 *
 *	A late call hurts others if it has kept the kernel lock from its begin
 *	to now and somebody wants it: cc_turn is how often the lock had been
 *	taken when the call began (kernel_lock_turn).  Who sleeps gives the lock
 *	up, and hurts nobody.
 *
 * Locks: none.  A row is its thread's from the exchange of cc_taken; what a
 * reader sees is whole if cc_id, which is never the same twice, is there before
 * and after; 0: nobody's.  Full: that call is not looked at.
 */
#include <sys/atomic.h>
#include <sys/device.h>
#include <sys/kernel.h>
#include <sys/lwp.h>
#include <sys/systm.h>

#include <hyp/hyp_trace.h>

#include "autoconf/autoconf_impl.h"

#define	NCALLS		32
#define	NAMEWORDS	2		/* 15 characters and a NUL */

struct cfcall {
	bool		 cc_taken;	/* atomic, like all of them */
	bool		 cc_locked;	/* it began under the kernel lock */
	uint32_t	 cc_id;
	u_int		 cc_since;	/* getticks() */
	u_int		 cc_turn;
	const char	*cc_what;	/* a constant */
	uint64_t	 cc_driver[NAMEWORDS];
};

static struct cfcall calls[NCALLS];
static uint32_t last_id;		/* atomic */

/*
 * row = config_call_begin(driver, what, locked)
 * config_call_end(row)
 *
 *	Around a call of a function that may not come back; locked: the kernel
 *	lock is held.  Neither waits.
 */
u_int
config_call_begin(const char *driver, const char *what, bool locked)
{
	char name[NAMEWORDS * sizeof(uint64_t)];
	struct cfcall *cc;
	uint64_t word;
	uint32_t id;
	u_int row;

	for (row = 0; row < NCALLS; row++) {
		if (!__atomic_exchange_n(&calls[row].cc_taken, true,
		    __ATOMIC_ACQUIRE))
			break;
	}
	if (row == NCALLS)
		return row;
	cc = &calls[row];
	memset(name, 0, sizeof(name));
	strlcpy(name, driver, sizeof(name));
	for (u_int i = 0; i < NAMEWORDS; i++) {
		memcpy(&word, name + i * sizeof(word), sizeof(word));
		__atomic_store_n(&cc->cc_driver[i], word, __ATOMIC_RELAXED);
	}
	__atomic_store_n(&cc->cc_what, what, __ATOMIC_RELAXED);
	__atomic_store_n(&cc->cc_locked, locked, __ATOMIC_RELAXED);
	__atomic_store_n(&cc->cc_turn, kernel_lock_turn(NULL),
	    __ATOMIC_RELAXED);
	__atomic_store_n(&cc->cc_since, getticks(), __ATOMIC_RELAXED);
	do
		id = __atomic_add_fetch(&last_id, 1, __ATOMIC_RELAXED);
	while (id == 0);
	__atomic_store_n(&cc->cc_id, id, __ATOMIC_RELEASE);
	return row;
}

void
config_call_end(u_int row)
{

	if (row == NCALLS)
		return;
	__atomic_store_n(&calls[row].cc_id, 0, __ATOMIC_SEQ_CST);
	__atomic_store_n(&calls[row].cc_taken, false, __ATOMIC_RELEASE);
}

/*
 * What stands in a row; false: nothing, or not any more.  No load of a member
 * comes after the second one of cc_id: each is an acquire, as the thread
 * sanitizer knows no fences.
 */
static bool
call_read(const struct cfcall *cc, struct hyp_call *hc)
{
	uint64_t word;
	bool wanted;
	u_int turn;

	hc->hc_id = __atomic_load_n(&cc->cc_id, __ATOMIC_ACQUIRE);
	if (hc->hc_id == 0)
		return false;
	for (u_int i = 0; i < NAMEWORDS; i++) {
		word = __atomic_load_n(&cc->cc_driver[i], __ATOMIC_ACQUIRE);
		memcpy(hc->hc_driver + i * sizeof(word), &word, sizeof(word));
	}
	hc->hc_what = __atomic_load_n(&cc->cc_what, __ATOMIC_ACQUIRE);
	hc->hc_ms = getticks() - __atomic_load_n(&cc->cc_since,
	    __ATOMIC_ACQUIRE);
	turn = kernel_lock_turn(&wanted);
	hc->hc_hurts = wanted &&
	    __atomic_load_n(&cc->cc_locked, __ATOMIC_ACQUIRE) &&
	    __atomic_load_n(&cc->cc_turn, __ATOMIC_ACQUIRE) == turn;
	return __atomic_load_n(&cc->cc_id, __ATOMIC_RELAXED) == hc->hc_id;
}

/* The up-call; contract in hyp.h. */

int
hyp_call_next(uint32_t *row, struct hyp_call *hc)
{

	while (*row < NCALLS) {
		if (call_read(&calls[(*row)++], hc)) {
			hc->hc_late = hc->hc_ms / zombie_ms();
			return 1;
		}
	}
	return 0;
}
