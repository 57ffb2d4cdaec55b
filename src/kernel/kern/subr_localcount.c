/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * subr_localcount.c - localcount(9): many acquire and release, one drains.
 *
 * Model
 *	A count for each CPU, in a cache line of its own: acquire and release
 *	are one atomic addition to the line of the CPU that the thread runs
 *	on, which hardly anybody else touches.  Atomic, because a thread may
 *	be moved, or another take its place, at any time.  A reference may be
 *	given back on another CPU than it was taken on, so one may be below 0.
 *	Only the sum means something.
 *
 *	Whoever drains takes the slow way, and makes the others take it.
 *	lc_drains is a table of counters, by a hash of the count's address,
 *	of the drains in progress.  It is not in the count, which may be freed
 *	as soon as the last reference is in its slot:
 *
 *	release				drain (holds the interlock)
 *	slot--
 *					sum is 0: the object may be freed
 *	looks at lc_drains: may,
 *	  because that is no part of
 *	  the object
 *
 *	A drain of another count in the same place of the table costs a
 *	broadcast for nothing.
 *
 * No release is missed.  Both sides are sequentially consistent, so at least
 * one sees the other:
 *
 *	release				drain
 *	slot--				lc_drains++
 *	lc_drains != 0: interlock,	sums the slots; not 0: cv_wait, which
 *	  broadcast			  leaves the interlock
 *
 * The interlock keeps the broadcast from coming between the sum and the
 * sleep.
 *
 * No sum is 0 by mistake.  While it adds up, references may only become
 * fewer, or one that moves from a slot that is still to be read to one that
 * has been read would be missed:
 *
 *	drain				holder of a reference, in slot 1
 *	reads slot 0: 0
 *					acquires another: slot 0 is 1
 *					releases the first: slot 1 is 0
 *	reads slot 1: 0, sum 0
 *
 * So an acquire that sees a drain takes the interlock before it returns: it
 * returns when that sum, which has found the first one, is over.  New
 * holders do not come any more, that is the caller's to see to.
 *
 * The condition variable and the interlock must outlive every release, so
 * they belong to the module and not to the counted object.
 *
 * Memory: a line for each CPU, at most LC_SLOTS_MAX; CPUs beyond share.
 */
#include <sys/atomic.h>
#include <sys/kmem.h>
#include <sys/localcount.h>
#include <sys/param.h>
#include <sys/systm.h>

#include <hyp/hyp.h>

#define	LC_LINE		64
#define	LC_SLOTS_MAX	64
#define	LC_DRAINS	64

struct lc_slot {
	u_int	ls_refs;		/* atomic; wraps, as only the sum counts */
	char	ls_pad[LC_LINE - sizeof(u_int)];
};

static u_int lc_drains[LC_DRAINS];	/* atomic */
static u_int lc_nslots;			/* atomic: a power of 2, const */

static u_int
lc_slots(void)
{
	u_int n = atomic_load_relaxed(&lc_nslots), cpus;

	if (__predict_true(n != 0))
		return n;
	cpus = MIN(hyp_ncpu(), LC_SLOTS_MAX);
	for (n = 1; n < cpus; n *= 2)
		continue;
	atomic_store_relaxed(&lc_nslots, n);
	return n;
}

/* kmem_zalloc has no alignment to offer: one more line, to align in. */
static size_t
lc_size(void)
{

	return (lc_slots() + 1) * sizeof(struct lc_slot);
}

static struct lc_slot *
lc_slot(const struct localcount *lc, u_int i)
{

	return (struct lc_slot *)roundup((uintptr_t)lc->lc_slots, LC_LINE) +
	    i;
}

static u_int *
lc_mine(const struct localcount *lc)
{

	return &lc_slot(lc, hyp_cpu() & (lc_slots() - 1))->ls_refs;
}

static u_int *
lc_drains_of(const struct localcount *lc)
{

	return &lc_drains[(uintptr_t)lc / LC_LINE % LC_DRAINS];
}

/* References, if nobody takes any meanwhile. */
static int
lc_sum(const struct localcount *lc)
{
	u_int sum = 0;

	for (u_int i = 0; i < lc_slots(); i++)
		sum += atomic_load_seq_cst(&lc_slot(lc, i)->ls_refs);
	return (int)sum;
}

/*
 * localcount_init(lc)
 *
 *	No references.
 */
void
localcount_init(struct localcount *lc)
{

	lc->lc_slots = kmem_zalloc(lc_size(), KM_SLEEP);
	lc->lc_interlock = NULL;
}

/*
 * localcount_fini(lc)
 *
 *	After a drain, or if nobody ever acquired.
 */
void
localcount_fini(struct localcount *lc)
{

	KASSERTMSG(lc_sum(lc) == 0, "%d references", lc_sum(lc));
	kmem_free(lc->lc_slots, lc_size());
	lc->lc_slots = NULL;
}

/*
 * localcount_acquire(lc)
 *
 *	The caller makes sure that no drain has begun: it holds the interlock
 *	and found the object alive; or it has a reference already, and does
 *	not hold the interlock.
 */
void
localcount_acquire(struct localcount *lc)
{
	kmutex_t *interlock;

	atomic_inc_uint(lc_mine(lc));
	if (__predict_true(atomic_load_seq_cst(lc_drains_of(lc)) == 0))
		return;
	interlock = atomic_load_acquire(&lc->lc_interlock);
	if (interlock == NULL)
		return;			/* somebody else's drain */
	mutex_enter(interlock);
	KASSERTMSG(lc_sum(lc) > 1, "a reference of what is drained");
	mutex_exit(interlock);
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
	u_int *const drains = lc_drains_of(lc);

	KASSERT(!mutex_owned(interlock));
	atomic_dec_uint(lc_mine(lc));
	/* lc is not touched any more. */
	if (__predict_true(atomic_load_seq_cst(drains) == 0))
		return;
	mutex_enter(interlock);
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
	u_int *const drains = lc_drains_of(lc);

	KASSERT(mutex_owned(interlock));
	LOCKDEBUG_BARRIER(interlock, __func__);
	KASSERT(lc->lc_interlock == NULL);
	atomic_store_release(&lc->lc_interlock, interlock);
	atomic_inc_uint(drains);
	while (lc_sum(lc) != 0)
		cv_wait(cv, interlock);
	atomic_dec_uint(drains);
}
