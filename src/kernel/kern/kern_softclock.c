/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern_softclock.c - callout(9), softint(9) and the clocks.
 *
 * One thread, softclock, runs both: callouts when they are due and soft
 * interrupts when they have been scheduled.  With neither it sleeps without
 * a deadline, so an idle daemon has no periodic wake-up.
 *
 * States of a callout: idle; pending (on callouts, sorted by time); running
 * (off the list, softclock_running points to it).  It may be scheduled again
 * while it runs.  States of a soft interrupt: idle, pending, running.
 *
 * All of it is under softclock_lock, which is not held while a handler
 * runs.  callout_halt and softint_disestablish wait for a running handler
 * on softclock_idle; a handler may take mutexes but must not sleep for
 * long, because all others wait for it.
 *
 *	callout_halt(c)			softclock
 *					takes c off, running = c, unlock
 *	not on the list; running == c	c_func()
 *	sleeps on softclock_idle	lock, running = NULL, broadcast
 *	c may be destroyed
 *
 * Lock order: any lock of a caller -> softclock_lock.
 */
#include <sys/callout.h>
#include <sys/errno.h>
#include <sys/intr.h>
#include <sys/kernel.h>
#include <sys/kmem.h>
#include <sys/lwp.h>
#include <sys/lwpnote.h>
#include <sys/module.h>
#include <sys/param.h>
#include <sys/pserialize.h>
#include <sys/systm.h>
#include <sys/time.h>

#include <hyp/hyp.h>

#include "kern/kern_impl.h"

#define	NSEC_PER_TICK	1000000ULL

struct softint {
	void		(*si_func)(void *);
	void		*si_arg;
	bool		 si_mpsafe;
	bool		 si_pending;
	uint64_t	 si_owner[2];
	TAILQ_ENTRY(softint) si_entry;
};

const int hz = 1000;
bool cold = true;

static kmutex_t softclock_lock;
static kcondvar_t softclock_cv;		/* softclock: something to do */
static kcondvar_t softclock_idle;	/* others: a handler has ended */
static TAILQ_HEAD(, callout) callouts = TAILQ_HEAD_INITIALIZER(callouts);
static TAILQ_HEAD(, softint) softints = TAILQ_HEAD_INITIALIZER(softints);
static const void *softclock_running;	/* the callout or softint, or NULL */
static struct lwp *softclock_lwp;
static struct kthread *softclock_thread;
static bool softclock_stop;

/* Run one handler without the lock. */
static void
softclock_call(const void *what, u_int note, const uint64_t owner[2],
    void (*func)(void *), void *arg, bool mpsafe)
{
	struct lwp_note ln;

	lwp_note_owned(&ln, note, owner);	/* it may free itself */
	softclock_running = what;
	mutex_exit(&softclock_lock);
	kpreempt_disable();		/* for xc_barrier */
	if (!mpsafe)
		kernel_lock(1);
	LOCKDEBUG_SOFT(note == HYP_NOTE_SOFTINT ? "a softint" : "a callout",
	    func(arg));
	if (!mpsafe)
		kernel_unlock(1);
	kpreempt_enable();
	lwp_note_exit(&ln);
	mutex_enter(&softclock_lock);
	softclock_running = NULL;
	cv_broadcast(&softclock_idle);
}

/* Run one thing that is due; false if there is none. */
static bool
softclock_step(void)
{
	struct softint *si = TAILQ_FIRST(&softints);
	struct callout *c = TAILQ_FIRST(&callouts);

	if (si != NULL) {
		TAILQ_REMOVE(&softints, si, si_entry);
		si->si_pending = false;
		softclock_call(si, HYP_NOTE_SOFTINT, si->si_owner,
		    si->si_func, si->si_arg, si->si_mpsafe);
		return true;
	}
	if (c != NULL && c->c_when <= hyp_clock()) {
		TAILQ_REMOVE(&callouts, c, c_entry);
		c->c_pending = false;
		c->c_fired = true;
		softclock_call(c, HYP_NOTE_CALLOUT, c->c_owner, c->c_func,
		    c->c_arg, (c->c_flags & CALLOUT_MPSAFE) != 0);
		return true;
	}
	return false;
}

/* Ticks from now to t, rounded up, at least one. */
static int
ticks_until(uint64_t t)
{
	const uint64_t now = hyp_clock();

	if (t <= now)
		return 1;
	return (int)ulmin((t - now + NSEC_PER_TICK - 1) / NSEC_PER_TICK,
	    1000 * 1000 * 1000);
}

static void
softclock(void *arg __unused)
{
	struct callout *c;

	mutex_enter(&softclock_lock);
	softclock_lwp = curlwp;
	while (!softclock_stop) {
		if (softclock_step())
			continue;
		c = TAILQ_FIRST(&callouts);
		(void)cv_timedwait(&softclock_cv, &softclock_lock,
		    c == NULL ? 0 : ticks_until(c->c_when));
	}
	mutex_exit(&softclock_lock);
}

/* Lock held: wait until what does not run, unless it is the caller. */
static bool
softclock_wait(const void *what, kmutex_t *interlock)
{
	bool waited = false;

	if (curlwp == softclock_lwp)
		return false;
	while (softclock_running == what) {
		if (interlock != NULL && !waited)
			mutex_exit(interlock);
		waited = true;
		cv_wait(&softclock_idle, &softclock_lock);
	}
	return waited;
}

/*
 * callout_init(c, flags)
 *
 *	flags: CALLOUT_MPSAFE, or the handler runs under the kernel lock.
 */
void
callout_init(callout_t *c, u_int flags)
{

	memset(c, 0, sizeof(*c));
	c->c_flags = flags;
	lwp_note_owner(c->c_owner);
}

/*
 * callout_destroy(c)
 *
 *	c must be neither pending nor running: callout_halt first.
 */
void
callout_destroy(callout_t *c)
{

	mutex_enter(&softclock_lock);
	KASSERT(!c->c_pending);
	KASSERT(softclock_running != c || curlwp == softclock_lwp);
	mutex_exit(&softclock_lock);
}

/*
 * callout_setfunc(c, func, arg)
 */
void
callout_setfunc(callout_t *c, void (*func)(void *), void *arg)
{

	mutex_enter(&softclock_lock);
	c->c_func = func;
	c->c_arg = arg;
	mutex_exit(&softclock_lock);
}

/* Lock held. */
static bool
callout_remove(callout_t *c)
{

	if (!c->c_pending)
		return false;
	TAILQ_REMOVE(&callouts, c, c_entry);
	c->c_pending = false;
	return true;
}

/* Lock held: has it been called since it was scheduled?  Not any more. */
static bool
callout_ask_fired(callout_t *c)
{
	const bool fired = c->c_fired;

	c->c_fired = false;
	return fired;
}

/* Lock held. */
static void
callout_insert(callout_t *c, int ticks)
{
	struct callout *o;

	KASSERTMSG(ticks >= 0, "ticks=%d", ticks);
	c->c_when = hyp_clock() + (uint64_t)ticks * NSEC_PER_TICK;
	c->c_pending = true;
	c->c_fired = false;
	TAILQ_FOREACH(o, &callouts, c_entry) {
		if (o->c_when > c->c_when)
			break;
	}
	if (o != NULL)
		TAILQ_INSERT_BEFORE(o, c, c_entry);
	else
		TAILQ_INSERT_TAIL(&callouts, c, c_entry);
	if (TAILQ_FIRST(&callouts) == c)
		cv_signal(&softclock_cv);
}

/*
 * callout_schedule(c, ticks)
 *
 *	Call the handler ticks (1/hz) from now; a pending call is moved.
 */
void
callout_schedule(callout_t *c, int ticks)
{

	mutex_enter(&softclock_lock);
	KASSERT(c->c_func != NULL);
	(void)callout_remove(c);
	callout_insert(c, ticks);
	mutex_exit(&softclock_lock);
}

/*
 * callout_reset(c, ticks, func, arg)
 *
 *	callout_setfunc and callout_schedule.
 */
void
callout_reset(callout_t *c, int ticks, void (*func)(void *), void *arg)
{

	mutex_enter(&softclock_lock);
	(void)callout_remove(c);
	c->c_func = func;
	c->c_arg = arg;
	callout_insert(c, ticks);
	mutex_exit(&softclock_lock);
}

/*
 * expired = callout_stop(c)
 *
 *	Take a pending call back.  The handler may still run when this
 *	returns.  True if it had begun; false if it was pending, was stopped
 *	before, or never scheduled.
 */
bool
callout_stop(callout_t *c)
{
	bool fired;

	mutex_enter(&softclock_lock);
	(void)callout_remove(c);
	fired = callout_ask_fired(c);
	mutex_exit(&softclock_lock);
	return fired;
}

/*
 * expired = callout_halt(c, interlock)
 *
 *	callout_stop, and wait until the handler does not run.  interlock, if
 *	not NULL, is held by the caller and left while waiting.  The caller
 *	makes sure that nobody schedules c again.
 */
bool
callout_halt(callout_t *c, kmutex_t *interlock)
{
	bool fired, waited;

	LOCKDEBUG_BARRIER(interlock, __func__);
	mutex_enter(&softclock_lock);
	(void)callout_remove(c);
	fired = callout_ask_fired(c);
	waited = softclock_wait(c, interlock);
	/* A handler may have scheduled itself once more. */
	(void)callout_remove(c);
	mutex_exit(&softclock_lock);
	if (waited && interlock != NULL)
		mutex_enter(interlock);
	return fired;
}

/*
 * yes = callout_pending(c)
 */
bool
callout_pending(callout_t *c)
{
	bool pending;

	mutex_enter(&softclock_lock);
	pending = c->c_pending;
	mutex_exit(&softclock_lock);
	return pending;
}

/*
 * callout_mem_check(p, size)
 *
 *	For LOCKDEBUG: this memory is about to be freed, and no callout in it is
 *	pending, or runs elsewhere.
 */
void
callout_mem_check(const void *p, size_t size)
{
	const callout_t *c;

	mutex_enter(&softclock_lock);
	TAILQ_FOREACH(c, &callouts, c_entry) {
		if ((uintptr_t)c - (uintptr_t)p < size)
			break;
	}
	if (c == NULL && curlwp != softclock_lwp &&
	    (uintptr_t)softclock_running - (uintptr_t)p < size)
		c = softclock_running;
	if (c != NULL)
		panic("lockdebug: detach has left a callout, of %p",
		    (void *)(uintptr_t)c->c_func);
	mutex_exit(&softclock_lock);
}

/*
 * cookie = softint_establish(flags, func, arg)
 *
 *	flags: a level, and SOFTINT_MPSAFE or func runs under the kernel lock.
 */
void *
softint_establish(u_int flags, void (*func)(void *), void *arg)
{
	struct softint *si = kmem_zalloc(sizeof(*si), KM_SLEEP);

	si->si_func = func;
	si->si_arg = arg;
	si->si_mpsafe = (flags & SOFTINT_MPSAFE) != 0;
	lwp_note_owner(si->si_owner);
	return si;
}

/* Lock held. */
static void
softint_remove(struct softint *si)
{

	if (si->si_pending)
		TAILQ_REMOVE(&softints, si, si_entry);
	si->si_pending = false;
}

/*
 * softint_disestablish(cookie)
 *
 *	Waits for a running handler.  Nobody else may schedule it any more.
 */
void
softint_disestablish(void *cookie)
{
	struct softint *si = cookie;

	ASSERT_SLEEPABLE();
	mutex_enter(&softclock_lock);
	softint_remove(si);
	(void)softclock_wait(si, NULL);
	/* A handler may have scheduled itself once more. */
	softint_remove(si);
	mutex_exit(&softclock_lock);
	kmem_free(si, sizeof(*si));
}

/*
 * softint_schedule(cookie)
 *
 *	Run the handler soon.  Does not sleep.
 */
void
softint_schedule(void *cookie)
{
	struct softint *si = cookie;

	mutex_enter(&softclock_lock);
	if (!si->si_pending) {
		si->si_pending = true;
		TAILQ_INSERT_TAIL(&softints, si, si_entry);
		cv_signal(&softclock_cv);
	}
	mutex_exit(&softclock_lock);
}

/*
 * error = kern_init()
 *
 *	Start the softclock thread.  Once, before anything else of K.  EAGAIN:
 *	the host has no thread to give, and there is nothing of K then.
 */
int
kern_init(void)
{

	mutex_init(&softclock_lock, MUTEX_DEFAULT, IPL_SCHED);
	cv_init(&softclock_cv, "softclk");
	cv_init(&softclock_idle, "calloutw");
	pserialize_init();
	xc_init();
	softclock_stop = false;
	if (kthread_create(PRI_NONE, KTHREAD_MPSAFE | KTHREAD_MUSTJOIN, NULL,
	    softclock, NULL, &softclock_thread, "softclock") != 0)
		return EAGAIN;
	module_init();
	cold = false;
	return 0;
}

/*
 * kern_fini()
 *
 *	Stop it again.  Pending callouts are taken back.
 */
void
kern_fini(void)
{

	mutex_enter(&softclock_lock);
	softclock_stop = true;
	cv_signal(&softclock_cv);
	mutex_exit(&softclock_lock);
	(void)kthread_join(softclock_thread);
	mutex_enter(&softclock_lock);
	while (!TAILQ_EMPTY(&callouts))
		(void)callout_remove(TAILQ_FIRST(&callouts));
	mutex_exit(&softclock_lock);
	cold = true;
}

time_t
time_uptime_get(void)
{

	return (time_t)(hyp_clock() / 1000000000ULL);
}

unsigned
getticks(void)
{

	return (unsigned)(hyp_clock() / NSEC_PER_TICK);
}

/*
 * microuptime(tv), nanouptime(ts)	time since some moment before the start
 * microtime(tv), nanotime(ts)		time since 1970
 *
 *	The forms with get are the same here: a clock costs little.
 */
static void
ns_timespec(uint64_t ns, struct timespec *ts)
{

	ts->tv_sec = (time_t)(ns / 1000000000ULL);
	ts->tv_nsec = (long)(ns % 1000000000ULL);
}

static void
ns_timeval(uint64_t ns, struct timeval *tv)
{

	tv->tv_sec = (time_t)(ns / 1000000000ULL);
	tv->tv_usec = (suseconds_t)(ns % 1000000000ULL / 1000);
}

void
microuptime(struct timeval *tv)
{

	ns_timeval(hyp_clock(), tv);
}

void
nanouptime(struct timespec *ts)
{

	ns_timespec(hyp_clock(), ts);
}

void
microtime(struct timeval *tv)
{

	ns_timeval(hyp_realtime(), tv);
}

void
nanotime(struct timespec *ts)
{

	ns_timespec(hyp_realtime(), ts);
}

time_t
time_second_get(void)
{

	return (time_t)(hyp_realtime() / 1000000000ULL);
}

/*
 * delay(us)
 *
 *	Let so many microseconds go by.  As in NetBSD locks may be held, and
 *	are not left; so keep it short.  The thread gives its CPU away.
 */
void
delay(u_int us)
{
	const uint64_t until = hyp_clock() + (uint64_t)us * 1000;
	uint32_t nobody = 0;

	unpark_now(curlwp);
	while (us > 0 && !hyp_park(&nobody, 0, until))
		continue;
}
