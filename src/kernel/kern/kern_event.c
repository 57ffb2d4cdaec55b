/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern_event.c - kqueue(9) filters, as poll(2).
 *
 * A driver that has filters and no d_poll is polled by knotes that live for one
 * look.  What wakes the poller is not the knote but a record of selrecord(9),
 * which selrecord_knote makes while the filter is being attached, under the
 * driver's lock, and which stays until the selinfo is notified:
 *
 *	poll				input arrives
 *	d_kqfilter: lock;
 *	  selrecord_knote; unlock
 *	f_event: lock; nothing there;
 *	  unlock
 *	f_detach
 *					lock; put; selnotify sees the record
 *
 * and if input comes in between, f_event finds it, and the wake-up is one too
 * many.  So nothing of a knote is in a list when f_detach has returned, or when
 * a driver forgets selremove_knote.
 *
 * Locks: none of its own.  Filters that are not FILTEROP_MPSAFE have the kernel
 * lock, as NetBSD's kqueue gives it to them.
 */
#include <sys/errno.h>
#include <sys/event.h>
#include <sys/lwp.h>
#include <sys/poll.h>
#include <sys/select.h>
#include <sys/systm.h>

#define	POLLREADS	(POLLIN | POLLRDNORM)
#define	POLLWRITES	(POLLOUT | POLLWRNORM)

/*
 * selrecord_knote(sip, kn)
 *
 *	From d_kqfilter, with the lock held under which sip is notified: the
 *	file that is being polled is woken when sip is notified.  Does not
 *	sleep.
 *
 * selremove_knote(sip, kn)
 *
 *	From f_detach, the same lock held.  The record stays, as a d_poll's
 *	does.
 */
void
selrecord_knote(struct selinfo *sip, struct knote *kn)
{

	selrecord(kn->kn_lwp, sip);
}

void
selremove_knote(struct selinfo *sip __unused, struct knote *kn __unused)
{
}

/*
 * knote_set_eof(kn, flags)
 *
 *	From f_event: there will be no more.
 */
void
knote_set_eof(struct knote *kn, uint32_t flags)
{

	kn->kn_flags |= EV_EOF | flags;
}

int
filt_seltrue(struct knote *kn, long hint __unused)
{

	/* How much is not known; it is not nothing. */
	kn->kn_data = 0;
	return 1;
}

static void
filt_seltrue_detach(struct knote *kn __unused)
{
}

const struct filterops seltrue_filtops = {
	.f_flags = FILTEROP_ISFD | FILTEROP_MPSAFE,
	.f_detach = filt_seltrue_detach,
	.f_event = filt_seltrue,
};

/* Ask the filter of an attached knote, and be done with it. */
static int
knote_ask(struct knote *kn)
{
	const struct filterops *const fop = kn->kn_fop;
	const bool locked = (fop->f_flags & FILTEROP_MPSAFE) == 0;
	int ready;

	if (locked)
		kernel_lock(1);
	ready = (*fop->f_event)(kn, 0);
	(*fop->f_detach)(kn);
	if (locked)
		kernel_unlock(1);
	return ready;
}

/*
 * One filter, which answers for these of the events.  False: the driver does
 * not have it.
 */
static bool
knote_look(int (*kqfilter)(void *, struct knote *), void *cookie,
    int64_t filter, int events, struct lwp *l, int *revents)
{
	struct knote kn = { .kn_filter = filter, .kn_lwp = l };

	if ((*kqfilter)(cookie, &kn) != 0)
		return false;
	KASSERTMSG(kn.kn_fop != NULL && kn.kn_fop->f_event != NULL &&
	    kn.kn_fop->f_detach != NULL, "filter %d without kn_fop",
	    (int)filter);
	if (knote_ask(&kn))
		*revents |= events;
	if ((kn.kn_flags & EV_EOF) != 0)
		*revents |= POLLHUP;
	return true;
}

int
knote_poll(int (*kqfilter)(void *, struct knote *), void *cookie, int events,
    struct lwp *l)
{
	int revents = 0;
	bool some = false;

	/* Who asks for neither still is told of an end (EV_EOF). */
	if ((events & POLLREADS) != 0 || (events & POLLWRITES) == 0)
		some |= knote_look(kqfilter, cookie, EVFILT_READ,
		    events & POLLREADS, l, &revents);
	if ((events & POLLWRITES) != 0)
		some |= knote_look(kqfilter, cookie, EVFILT_WRITE,
		    events & POLLWRITES, l, &revents);
	return some ? revents : POLLERR;
}
