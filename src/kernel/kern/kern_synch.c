/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern_synch.c - tsleep(9), mtsleep(9), wakeup(9): the sleep of drivers that
 * are older than condvar(9).
 *
 * Model
 *	A list of sleepers, each with the address that it sleeps on and a
 *	condition variable of its own.  Such a driver runs under the kernel
 *	lock, which its sleep leaves; the sleeper is on the list before:
 *
 *	sleeper (kernel lock)		waker (waits for the kernel lock)
 *	condition false
 *	on the list
 *	cv_wait: leaves it
 *					condition = true
 *					wakeup: takes it off the list
 *
 *	A waker without the kernel lock, as a callback of a pipe that is
 *	USBD_MPSAFE, has to have the mutex of mtsleep.
 *
 *	Who takes the sleeper off decides: a wake-up that comes with the
 *	deadline is none lost.
 *
 * Locks
 *	sleepq_lock: the list.  Lock order: kernel lock, mtsleep's mutex ->
 *	sleepq_lock.
 */
#include <sys/condvar.h>
#include <sys/errno.h>
#include <sys/kernel.h>
#include <sys/mutex.h>
#include <sys/param.h>
#include <sys/queue.h>
#include <sys/systm.h>

struct sleeper {
	wchan_t		s_ident;
	kcondvar_t	s_cv;
	bool		s_woken;		/* off the list by wakeup */
	TAILQ_ENTRY(sleeper) s_entry;
};

static kmutex_t sleepq_lock = MUTEX_INITIALIZER(sleepq_lock);
static TAILQ_HEAD(, sleeper) sleepq = TAILQ_HEAD_INITIALIZER(sleepq);

/* sleepq_lock held, s on the list; the error of the sleep. */
static int
sleep_on(struct sleeper *s, bool catch, int timo)
{
	const u_int end = getticks() + (u_int)timo;
	int error = 0, left = timo;

	while (!s->s_woken && error == 0) {
		if (timo > 0 && (left = (int)(end - getticks())) <= 0)
			error = EWOULDBLOCK;
		else if (catch)
			error = cv_timedwait_sig(&s->s_cv, &sleepq_lock, left);
		else
			error = cv_timedwait(&s->s_cv, &sleepq_lock, left);
	}
	return s->s_woken ? 0 : error;
}

/*
 * error = mtsleep(ident, priority, wmesg, timo, mtx)
 * error = tsleep(ident, priority, wmesg, timo)
 *
 *	Sleep until wakeup(ident), at most timo ticks (0: no limit).  The
 *	kernel lock, and mtx if not NULL, are left meanwhile; mtx is not taken
 *	again if priority has PNORELOCK.  With PCATCH in it an interrupt ends
 *	the sleep.  The condition must be checked again.
 *
 *	EWOULDBLOCK: timo is over.  EINTR, ERESTART: see cv_wait_sig.
 */
int
mtsleep(wchan_t ident, pri_t priority, const char *wmesg, int timo,
    kmutex_t *mtx)
{
	struct sleeper s = { .s_ident = ident };
	int error;

	KASSERT(ident != NULL);
	KASSERTMSG(timo >= 0, "timo=%d", timo);
	cv_init(&s.s_cv, wmesg);
	mutex_enter(&sleepq_lock);
	TAILQ_INSERT_TAIL(&sleepq, &s, s_entry);
	if (mtx != NULL)
		mutex_exit(mtx);
	error = sleep_on(&s, (priority & PCATCH) != 0, timo);
	if (!s.s_woken)
		TAILQ_REMOVE(&sleepq, &s, s_entry);
	mutex_exit(&sleepq_lock);
	cv_destroy(&s.s_cv);
	if (mtx != NULL && (priority & PNORELOCK) == 0)
		mutex_enter(mtx);
	return error;
}

int
tsleep(wchan_t ident, pri_t priority, const char *wmesg, int timo)
{

	return mtsleep(ident, priority, wmesg, timo, NULL);
}

/*
 * wakeup(ident)
 *
 *	Wake all who sleep on it.  Does not sleep.
 */
void
wakeup(wchan_t ident)
{
	struct sleeper *s, *next;

	mutex_enter(&sleepq_lock);
	TAILQ_FOREACH_SAFE(s, &sleepq, s_entry, next) {
		if (s->s_ident != ident)
			continue;
		TAILQ_REMOVE(&sleepq, s, s_entry);
		s->s_woken = true;
		cv_signal(&s->s_cv);
	}
	mutex_exit(&sleepq_lock);
}
