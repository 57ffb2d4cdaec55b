/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern_condvar.c - condvar(9) and kpause(9).
 *
 * A condition variable is a list of sleeping lwps under a lock word.  Each
 * lwp parks on its own word, l_wake, a set of bits:
 *
 *	LW_WAKEUP	a waker took the lwp off the list
 *	LW_INTR		an interrupt is pending; stays until the operation of
 *			the lwp is over (hyp_lwp_enter clears it)
 *	LW_CUT		the same, until the close that it does is over
 *
 * States of a sleeper: on the list with l_wchan set; then either a waker
 * takes it off, or it takes itself off because of a deadline or an
 * interrupt.  Who takes it off decides what the sleep returns:
 *
 *	sleeper (deadline, interrupt)	waker
 *					lock cv_lock
 *	sees the deadline		unlink, l_wchan = NULL
 *	lock cv_lock (waits)		l_wake |= LW_WAKEUP
 *					unlock cv_lock
 *	l_wchan is NULL: was woken,
 *	so return 0: the wake-up is
 *	not lost
 *
 * A sleeper always takes cv_lock once before it returns, so a waker has
 * left the variable by then and its memory may be freed after the sleep.
 *
 * Lock order: the caller's mutex -> cv_lock.  The kernel lock is dropped
 * for the sleep and taken again before the mutex.
 */
#include <sys/atomic.h>
#include <sys/condvar.h>
#include <sys/errno.h>
#include <sys/kernel.h>
#include <sys/lwp.h>
#include <sys/systm.h>

#include <hyp/hyp.h>

#include "kern/kern_impl.h"

#define	NSEC_PER_TICK	1000000ULL

/*
 * cv_init(cv, wmesg)
 *
 *	wmesg names the reason of a sleep and must outlive the variable.
 */
void
cv_init(kcondvar_t *cv, const char *wmesg)
{

	cv->cv_lock = 0;
	cv->cv_waiters = 0;
	TAILQ_INIT(&cv->cv_sleepers);
	cv->cv_wmesg = wmesg;
}

/*
 * cv_destroy(cv)
 *
 *	Nobody may sleep on it.
 */
void
cv_destroy(kcondvar_t *cv)
{

	KASSERTMSG(!cv_has_waiters(cv), "cv %s destroyed with sleepers",
	    cv->cv_wmesg);
}

/*
 * park until a bit of mask is in l_wake or the deadline is over; returns
 * true for the deadline.
 */
static bool
lwp_park(struct lwp *l, uint32_t mask, uint64_t deadline)
{
	uint32_t v;

	unpark_now(l);
	while (((v = atomic_load_acquire(&l->l_wake)) & mask) == 0) {
		if (hyp_park(&l->l_wake, v, deadline))
			return true;
	}
	return false;
}

/* cv_lock held: take l off the list. */
static void
cv_unlink(kcondvar_t *cv, struct lwp *l)
{

	TAILQ_REMOVE(&cv->cv_sleepers, l, l_sleepchain);
	atomic_dec_uint(&cv->cv_waiters);
	l->l_wchan = NULL;
}

int
cv_sig_error(void)
{
	struct lwp *const l = curlwp;

	if (lwp_intr_pending(l))
		return EINTR;
	return l->l_nosleep ? ERESTART : 0;
}

/*
 * The one sleep.  deadline 0: none.  Returns 0, EWOULDBLOCK for the
 * deadline, and if catch EINTR, or ERESTART for an lwp that may not sleep.
 */
static int
cv_sleep(kcondvar_t *cv, kmutex_t *mtx, uint64_t deadline, bool catch)
{
	struct lwp *const l = curlwp;
	const char *const where = LOCKDEBUG_WHERE(mtx);
	u_int biglocks;
	int error = 0;

	KASSERT(mtx == NULL || mutex_owned(mtx));
	LOCKDEBUG_BARRIER(mtx, cv->cv_wmesg);
	KASSERTMSG(l->l_wchan == NULL, "lwp sleeps on %s twice",
	    l->l_wmesg);

	if (catch && (error = cv_sig_error()) != 0)
		return error;

	word_lock(&cv->cv_lock);
	atomic_and_32(&l->l_wake, ~(uint32_t)LW_WAKEUP);
	l->l_wchan = cv;
	atomic_store_relaxed(&l->l_wmesg, cv->cv_wmesg);
	TAILQ_INSERT_TAIL(&cv->cv_sleepers, l, l_sleepchain);
	atomic_inc_uint(&cv->cv_waiters);
	word_unlock(&cv->cv_lock);

	if (mtx != NULL)
		mutex_exit(mtx);
	biglocks = kernel_unlock_all();

	if (lwp_park(l, catch ? LW_WAKEUP | LW_INTR | LW_CUT : LW_WAKEUP,
	    deadline))
		error = EWOULDBLOCK;
	else if ((atomic_load_relaxed(&l->l_wake) & LW_WAKEUP) == 0)
		error = EINTR;

	word_lock(&cv->cv_lock);
	if (l->l_wchan != NULL) {
		KASSERT(error != 0);
		cv_unlink(cv, l);
	} else
		error = 0;	/* woken first, see the head of this file */
	word_unlock(&cv->cv_lock);

	if (biglocks > 0)
		kernel_lock((int)biglocks);
	if (mtx != NULL)
		LOCKDEBUG_REENTER(mtx, where);
	return error;
}

static uint64_t
ticks_deadline(int ticks)
{

	KASSERTMSG(ticks >= 0, "ticks=%d", ticks);
	return ticks == 0 ? 0 :
	    hyp_clock() + (uint64_t)ticks * NSEC_PER_TICK;
}

/*
 * cv_wait(cv, mtx)
 *
 *	Leave mtx, sleep until woken, take mtx again.  The condition must be
 *	checked again.
 */
void
cv_wait(kcondvar_t *cv, kmutex_t *mtx)
{

	(void)cv_sleep(cv, mtx, 0, false);
}

/*
 * error = cv_wait_sig(cv, mtx)
 *
 *	The same, but an interrupt ends it with EINTR, and ERESTART says that
 *	the front end has no thread left for a sleeper.  Handed on, as after a
 *	signal, that is the client's EAGAIN (hyp_node.c), which is no word for
 *	it here: it is EWOULDBLOCK, the end of a time.
 */
int
cv_wait_sig(kcondvar_t *cv, kmutex_t *mtx)
{

	return cv_sleep(cv, mtx, 0, true);
}

/*
 * error = cv_timedwait(cv, mtx, ticks)
 *
 *	The same as cv_wait, but at most ticks (1/hz); EWOULDBLOCK when they
 *	are over.  0 ticks: no limit.
 */
int
cv_timedwait(kcondvar_t *cv, kmutex_t *mtx, int ticks)
{

	return cv_sleep(cv, mtx, ticks_deadline(ticks), false);
}

/*
 * error = cv_timedwait_sig(cv, mtx, ticks)
 *
 *	Both: EWOULDBLOCK, EINTR, ERESTART.
 */
int
cv_timedwait_sig(kcondvar_t *cv, kmutex_t *mtx, int ticks)
{

	return cv_sleep(cv, mtx, ticks_deadline(ticks), true);
}

/* cv_lock held: take the first sleeper off; it runs soon (kern_mutex.c). */
static bool
cv_wake_one(kcondvar_t *cv)
{
	struct lwp *l = TAILQ_FIRST(&cv->cv_sleepers);

	if (l == NULL)
		return false;
	cv_unlink(cv, l);
	atomic_or_32(&l->l_wake, LW_WAKEUP);
	unpark_later(&l->l_wake);
	return true;
}

/* Leave cv_lock, and send what has been put off unless a mutex is held. */
static void
cv_woken(kcondvar_t *cv)
{
	struct lwp *const l = curlwp;

	word_unlock(&cv->cv_lock);
	if (l->l_mutexes == 0)
		unpark_now(l);
}

/*
 * cv_signal(cv)
 *
 *	Wake one sleeper, if any.  The caller holds the mutex of the sleepers.
 */
void
cv_signal(kcondvar_t *cv)
{

	if (!cv_has_waiters(cv))
		return;
	word_lock(&cv->cv_lock);
	(void)cv_wake_one(cv);
	cv_woken(cv);
}

/*
 * cv_broadcast(cv)
 *
 *	Wake all sleepers.  The caller holds the mutex of the sleepers, or has
 *	held it since the condition changed, and the variable still exists.
 */
void
cv_broadcast(kcondvar_t *cv)
{

	if (!cv_has_waiters(cv))
		return;
	word_lock(&cv->cv_lock);
	while (cv_wake_one(cv))
		continue;
	cv_woken(cv);
}

/*
 * yes = cv_has_waiters(cv)
 *
 *	A hint, exact if the caller holds the mutex of the sleepers.  Read
 *	without cv_lock: a sleeper enters the list before it leaves its mutex,
 *	which the caller of a wake-up holds or has held since it changed the
 *	condition.
 */
bool
cv_has_waiters(kcondvar_t *cv)
{

	return atomic_load_seq_cst(&cv->cv_waiters) != 0;
}

/*
 * error = kpause(wmesg, intr, ticks, mtx)
 *
 *	Sleep for ticks, without mtx if not NULL.  EWOULDBLOCK when they are
 *	over, and if intr EINTR or ERESTART as cv_wait_sig.  0 ticks, with intr:
 *	until an interrupt.
 */
int
kpause(const char *wmesg, bool intr, int ticks, kmutex_t *mtx)
{
	kcondvar_t cv;
	int error;

	KASSERTMSG(ticks > 0 || intr, "ticks=%d", ticks);
	cv_init(&cv, wmesg);
	error = cv_sleep(&cv, mtx, ticks_deadline(ticks), intr);
	cv_destroy(&cv);
	return error;
}
