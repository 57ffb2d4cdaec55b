/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys_select.c - selrecord(9): who polls what.
 *
 * A record ties a poller (an open file) to a selinfo (a driver's queue).  It
 * is made by selrecord, during d_poll and under the driver's lock, and
 * removed by whoever comes first: selnotify, seldestroy, or the poller's
 * end.  All records are under select_lock.
 *
 * No wake-up is lost, because the driver holds its lock both times:
 *
 *	d_poll				input arrives
 *	lock; nothing there
 *	selrecord; unlock
 *					lock; put; selnotify sees the record
 *
 * selnotify with nobody waiting is one load and no lock.
 *
 * Lock order: the driver's lock -> select_lock.  sp_wake is called under
 * both, so that the poller cannot go away meanwhile; it must not sleep and
 * must not come back here.
 */
#include <sys/atomic.h>
#include <sys/lwp.h>
#include <sys/mutex.h>
#include <sys/select.h>
#include <sys/systm.h>

static kmutex_t select_lock = MUTEX_INITIALIZER(select_lock);

void
selinit(struct selinfo *sip)
{

	sip->sel_count = 0;
	LIST_INIT(&sip->sel_recs);
}

/* select_lock held. */
static void
selrec_remove(struct selrec *sr)
{

	LIST_REMOVE(sr, sr_entry);
	atomic_dec_uint(&sr->sr_sip->sel_count);
	sr->sr_sip = NULL;
}

/*
 * seldestroy(sip)
 *
 *	Forget all pollers, without waking them: notify first.
 */
void
seldestroy(struct selinfo *sip)
{
	struct selrec *sr;

	mutex_enter(&select_lock);
	while ((sr = LIST_FIRST(&sip->sel_recs)) != NULL)
		selrec_remove(sr);
	mutex_exit(&select_lock);
}

/*
 * selrecord(l, sip)
 *
 *	From d_poll, with the lock held under which sip is notified: wake the
 *	file that l polls when sip is notified.  Nothing if l does not wait.
 */
void
selrecord(struct lwp *l, struct selinfo *sip)
{
	struct selpoller *const sp = l->l_poller;
	struct selrec *sr, *free = NULL;

	if (sp == NULL)
		return;
	mutex_enter(&select_lock);
	for (u_int i = 0; i < SELPOLLER_NREC; i++) {
		sr = &sp->sp_rec[i];
		if (sr->sr_sip == sip) {
			mutex_exit(&select_lock);
			return;
		}
		if (sr->sr_sip == NULL)
			free = sr;
	}
	KASSERTMSG(free != NULL, "one file waits for more than %d selinfos",
	    SELPOLLER_NREC);
	sp->sp_used = true;
	free->sr_sip = sip;
	free->sr_poller = sp;
	LIST_INSERT_HEAD(&sip->sel_recs, free, sr_entry);
	atomic_inc_uint(&sip->sel_count);
	mutex_exit(&select_lock);
}

/*
 * selnotify(sip, events, hint)
 *
 *	Wake everybody recorded in sip, once; they poll again.  The caller
 *	holds the driver's lock.  Does not sleep.
 */
void
selnotify(struct selinfo *sip, int events __unused, long hint __unused)
{
	struct selrec *sr;

	if (atomic_load_relaxed(&sip->sel_count) == 0)
		return;
	mutex_enter(&select_lock);
	while ((sr = LIST_FIRST(&sip->sel_recs)) != NULL) {
		selrec_remove(sr);
		sr->sr_poller->sp_wake(sr->sr_poller->sp_arg);
	}
	mutex_exit(&select_lock);
}

/*
 * selpoller_init(sp, wake, arg)
 */
void
selpoller_init(struct selpoller *sp, void (*wake)(void *), void *arg)
{

	memset(sp, 0, sizeof(*sp));
	sp->sp_wake = wake;
	sp->sp_arg = arg;
}

/*
 * selpoller_wake(sp)
 *
 *	Wake this one poller, whatever it waits for.
 */
void
selpoller_wake(struct selpoller *sp)
{

	mutex_enter(&select_lock);
	sp->sp_wake(sp->sp_arg);
	mutex_exit(&select_lock);
}

/*
 * selpoller_destroy(sp)
 *
 *	End of a poller: no wake-up is running or will come.  No selrecord of
 *	it runs any more; so one that was never recorded, as nobody has polled
 *	the file, is known to nobody, and no lock is taken.
 */
void
selpoller_destroy(struct selpoller *sp)
{

	if (!sp->sp_used)
		return;
	mutex_enter(&select_lock);
	for (u_int i = 0; i < SELPOLLER_NREC; i++) {
		if (sp->sp_rec[i].sr_sip != NULL)
			selrec_remove(&sp->sp_rec[i]);
	}
	mutex_exit(&select_lock);
}
