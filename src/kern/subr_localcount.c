/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * subr_localcount.c - localcount(9): many acquire and release, one drains.
 *
 * A release that cannot be the last one is a compare-and-swap.  One that
 * may be decrements under the interlock, where a drain either sleeps
 * already, and is woken, or has not looked yet:
 *
 *	localcount_release		localcount_drain (holds interlock)
 *	refs is 1			draining = 1
 *	mutex_enter(interlock) waits	refs is 1: cv_wait leaves interlock
 *	refs = 0, draining: broadcast
 *	mutex_exit
 *					refs is 0: the object may be freed
 *
 * The condition variable and the interlock must outlive every release, so
 * they belong to the module and not to the counted object.
 *
 * Known gap: one shared counter; a count per CPU would let references scale.
 */
#include <sys/atomic.h>
#include <sys/localcount.h>
#include <sys/systm.h>

void
localcount_init(struct localcount *lc)
{

	lc->lc_refs = 0;
	lc->lc_draining = 0;
}

/*
 * localcount_fini(lc)
 *
 *	After a drain, or if nobody ever acquired.
 */
void
localcount_fini(struct localcount *lc)
{

	KASSERTMSG(atomic_load_relaxed(&lc->lc_refs) == 0, "%u references",
	    atomic_load_relaxed(&lc->lc_refs));
}

/*
 * localcount_acquire(lc)
 *
 *	The caller makes sure that no drain has begun: it holds the interlock
 *	and found the object alive, or has a reference already.
 */
void
localcount_acquire(struct localcount *lc)
{

	KASSERT(atomic_load_relaxed(&lc->lc_draining) == 0 ||
	    atomic_load_relaxed(&lc->lc_refs) > 0);
	atomic_inc_uint(&lc->lc_refs);
}

/*
 * localcount_release(lc, cv, interlock)
 *
 *	The caller does not hold the interlock.  lc may be gone when this
 *	returns.
 */
void
localcount_release(struct localcount *lc, kcondvar_t *cv, kmutex_t *interlock)
{
	u_int refs = atomic_load_relaxed(&lc->lc_refs);

	while (refs > 1) {
		if (__atomic_compare_exchange_n(&lc->lc_refs, &refs, refs - 1,
		    false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
			return;
	}
	mutex_enter(interlock);
	KASSERT(atomic_load_relaxed(&lc->lc_refs) > 0);
	if (atomic_dec_uint_nv(&lc->lc_refs) == 0 &&
	    atomic_load_relaxed(&lc->lc_draining) != 0)
		cv_broadcast(cv);
	mutex_exit(interlock);
}

/*
 * localcount_drain(lc, cv, interlock)
 *
 *	Wait until every reference is released.  The caller holds the
 *	interlock, which is left while sleeping, and has made new acquires
 *	impossible.  Once only.
 */
void
localcount_drain(struct localcount *lc, kcondvar_t *cv, kmutex_t *interlock)
{

	KASSERT(mutex_owned(interlock));
	KASSERT(atomic_load_relaxed(&lc->lc_draining) == 0);
	atomic_store_relaxed(&lc->lc_draining, 1);
	while (atomic_load_acquire(&lc->lc_refs) != 0)
		cv_wait(cv, interlock);
}
