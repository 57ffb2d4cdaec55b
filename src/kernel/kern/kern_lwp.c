/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern_lwp.c - lwps: the threads that run K code.
 *
 * Each host thread carries its own struct lwp (kern_curlwp.c).  A thread of
 * the front end is one client's system call at a time, between hyp_lwp_enter
 * and hyp_lwp_exit; other threads (softclock, USB events, kthreads) act for
 * the kernel itself, as user 0.
 *
 * Interrupts: LW_INTR in l_wake is set by anybody, cleared by the thread
 * itself at hyp_lwp_enter.  The front end calls hyp_lwp_interrupt only
 * while it knows that the lwp is still in the same operation.  LW_CUT is one of
 * specfs's own, for as long as the lwp is in a d_close: an operation may go on
 * after that, and has the client's interrupt still.
 */
#include <sys/atomic.h>
#include <sys/lwp.h>
#include <sys/systm.h>

#include <hyp/hyp.h>
#include <hyp/hyp_node.h>

/*
 * yes = lwp_intr_pending(l)
 *
 *	Has the operation of l been interrupted?
 */
bool
lwp_intr_pending(struct lwp *l)
{

	return (atomic_load_relaxed(&l->l_wake) & (LW_INTR | LW_CUT)) != 0;
}

/*
 * lwp_intr_post(l)
 *
 *	End a present or the next interruptible sleep of l.
 */
void
lwp_intr_post(struct lwp *l)
{

	atomic_or_32(&l->l_wake, LW_INTR);
	hyp_unpark(&l->l_wake, 1);
}

/*
 * lwp_cut_post(l)
 * lwp_cut_clear(l)
 *
 *	Every interruptible sleep of l ends, between the two.
 */
void
lwp_cut_post(struct lwp *l)
{

	atomic_or_32(&l->l_wake, LW_CUT);
	hyp_unpark(&l->l_wake, 1);
}

void
lwp_cut_clear(struct lwp *l)
{

	atomic_and_32(&l->l_wake, ~(uint32_t)LW_CUT);
}

CTASSERT(KAUTH_NGROUPS == HYP_NGROUPS);

/* The up-calls; contracts in hyp_node.h. */

struct hyp_lwp *
hyp_lwp_enter(const struct hyp_cred *hc)
{
	struct lwp *const l = curlwp;
	struct kauth_cred *const cr = &l->l_credstore;

	atomic_and_32(&l->l_wake, ~(uint32_t)LW_INTR);
	l->l_nosleep = false;
	cr->cr_uid = hc->hc_uid;
	cr->cr_gid = hc->hc_gid;
	cr->cr_pid = hc->hc_pid;
	cr->cr_ngroups = uimin(hc->hc_ngroups, KAUTH_NGROUPS);
	for (u_int i = 0; i < cr->cr_ngroups; i++)
		cr->cr_groups[i] = hc->hc_groups[i];
	l->l_procstore.p_pid = hc->hc_pid;
	l->l_procstore.p_vmspace = (struct vmspace *)&l->l_procstore;
	return (struct hyp_lwp *)l;
}

void
hyp_lwp_nosleep(struct hyp_lwp *hl)
{
	struct lwp *const l = (struct lwp *)hl;

	KASSERT(l == curlwp);
	l->l_nosleep = true;
}

void
hyp_lwp_interrupt(struct hyp_lwp *hl)
{

	lwp_intr_post((struct lwp *)hl);
}

void
hyp_lwp_exit(struct hyp_lwp *hl)
{
	struct lwp *const l = (struct lwp *)hl;

	KASSERT(l == curlwp);
	KASSERTMSG(l->l_biglocks == 0, "left with %u kernel locks",
	    l->l_biglocks);
	KASSERTMSG(l->l_mutexes == 0, "left with %u mutexes", l->l_mutexes);
	KASSERTMSG(l->l_wchan == NULL, "left while asleep on %s", l->l_wmesg);
	KASSERT(l->l_poller == NULL);
	LOCKDEBUG_NONE("hyp_lwp_exit");
	l->l_nosleep = false;
	memset(&l->l_credstore, 0, sizeof(l->l_credstore));
}
