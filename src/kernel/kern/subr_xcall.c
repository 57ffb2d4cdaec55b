/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * subr_xcall.c - xc_barrier(9), and kpreempt(9) for whom it waits.
 *
 * A driver takes something away that its callbacks find without a lock, and
 * waits until none that may have found it still runs:
 *
 *	callback			detach
 *	finds sc_hook
 *					sc_hook = NULL
 *					xc_barrier: waits
 *	calls it, returns
 *					returns; the hook may go
 *
 * In NetBSD a callback runs to its end on its CPU, so it is enough that each
 * CPU has done something else once.  Here a callback runs on a thread, which
 * may lose its CPU anywhere.  So they are counted: what softclock calls
 * (callouts, soft interrupts), the callbacks of transfers, and whoever has
 * disabled preemption.  Tasks and threads are not, as there.
 *
 * Model
 *	Two counters; xc_epoch says into which of them goes who begins now.  A
 *	barrier turns the epoch over and waits until the counter of before is
 *	0, twice:
 *
 *	begins				barrier
 *	reads epoch: 0
 *					epoch = 1, count[0] is 0
 *	count[0]++
 *					epoch = 0 (second turn), waits for
 *					  count[1], which is 0
 *
 *	That one has begun after the barrier had: it sees all that was done
 *	before it, and is in nobody's way.  But it is in counter 0 now, in an
 *	epoch that may say 1; the next barrier's two turns look at both, so it
 *	is not missed there.  Nobody waits for callbacks that begin later, as
 *	they go into the other counter; so a barrier ends however many there
 *	are.
 *
 *	The end of a callback wakes a barrier if it sees one:
 *
 *	ends				barrier
 *	count--				xc_waiting = 1
 *	xc_waiting?			count?
 *
 *	All four are sequentially consistent, so one of the two sees the
 *	other.
 *
 * Locks
 *	xc_lock: xc_busy, and the sleep.  Lock order: none is held by a
 *	caller of xc_barrier but the kernel lock, which its sleep leaves; a
 *	callback's end takes xc_lock with no lock of this file, and may have
 *	others of its caller's.
 */
#include <sys/atomic.h>
#include <sys/condvar.h>
#include <sys/lwp.h>
#include <sys/mutex.h>
#include <sys/systm.h>
#include <sys/xcall.h>

#include "kern/kern_impl.h"

static u_int xc_epoch;		/* atomic; 0 or 1; barriers write, in turn */
static u_int xc_count[2];	/* atomic */
static u_int xc_waiting;	/* atomic: a barrier sleeps, or is about to */
static bool xc_busy;		/* xc_lock: there is a barrier */
static kmutex_t xc_lock;
static kcondvar_t xc_cv;	/* a counter is 0, or xc_busy is false */

/*
 * xc_init()
 *
 *	From kern_init.
 */
void
xc_init(void)
{

	mutex_init(&xc_lock, MUTEX_DEFAULT, IPL_SCHED);
	cv_init(&xc_cv, "xcall");
}

/*
 * kpreempt_disable()
 * kpreempt_enable()
 *
 *	An xc_barrier that begins between them waits for the second, which is
 *	called by the same thread.  They nest.  Neither sleeps, but what is
 *	between them may here.
 */
void
kpreempt_disable(void)
{
	struct lwp *const l = curlwp;

	if (l->l_nopreempt++ > 0)
		return;
	l->l_xcount = atomic_load_relaxed(&xc_epoch);
	atomic_inc_uint(&xc_count[l->l_xcount]);
}

void
kpreempt_enable(void)
{
	struct lwp *const l = curlwp;

	KASSERT(l->l_nopreempt > 0);
	if (--l->l_nopreempt > 0)
		return;
	if (atomic_dec_uint_nv(&xc_count[l->l_xcount]) != 0 ||
	    atomic_load_seq_cst(&xc_waiting) == 0)
		return;
	mutex_enter(&xc_lock);
	cv_broadcast(&xc_cv);
	mutex_exit(&xc_lock);
}

/*
 * yes = kpreempt_disabled()
 *
 *	True in a callback, too.
 */
bool
kpreempt_disabled(void)
{

	return curlwp->l_nopreempt > 0;
}

/*
 * xc_barrier(flags)
 *
 *	Wait until every callback that runs now has ended.  flags: 0 or
 *	XC_HIGHPRI; it is the same.  Sleeps; no lock held but the kernel lock,
 *	and not from a callback, which would wait for itself.
 */
void
xc_barrier(u_int flags __unused)
{
	u_int old;

	KASSERTMSG(curlwp->l_nopreempt == 0, "xc_barrier: preemption is "
	    "disabled, or a callback waits for itself");
	ASSERT_SLEEPABLE();
	mutex_enter(&xc_lock);
	while (xc_busy)
		cv_wait(&xc_cv, &xc_lock);
	xc_busy = true;
	atomic_store_seq_cst(&xc_waiting, 1);
	for (u_int turn = 0; turn < 2; turn++) {
		old = xc_epoch;
		atomic_store_seq_cst(&xc_epoch, 1 - old);
		while (atomic_load_seq_cst(&xc_count[old]) != 0)
			cv_wait(&xc_cv, &xc_lock);
	}
	atomic_store_seq_cst(&xc_waiting, 0);
	xc_busy = false;
	cv_broadcast(&xc_cv);
	mutex_exit(&xc_lock);
}
