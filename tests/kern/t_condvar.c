/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_condvar.c - condvar(9): no wake-up is lost, timeouts and interrupts end
 * the right sleeps only.
 */
#include <sys/atomic.h>
#include <sys/condvar.h>
#include <sys/errno.h>
#include <sys/kernel.h>
#include <sys/lwp.h>
#include <sys/systm.h>

#include "h_test.h"

#define	NITEM	20000

static kmutex_t lock;
static kcondvar_t cv_full, cv_empty;
static u_int slot, taken, sum;
static bool full;

static void
setup(void)
{

	mutex_init(&lock, MUTEX_DEFAULT, IPL_NONE);
	cv_init(&cv_full, "full");
	cv_init(&cv_empty, "empty");
	full = false;
	taken = sum = 0;
}

static void
consumer(void *arg __unused)
{

	mutex_enter(&lock);
	while (taken < NITEM) {
		while (!full && taken < NITEM)
			cv_wait(&cv_full, &lock);
		if (taken == NITEM)
			break;
		full = false;
		sum += slot;
		if (++taken == NITEM)
			cv_broadcast(&cv_full);
		cv_signal(&cv_empty);
	}
	mutex_exit(&lock);
}

static void
no_lost_wakeup(void)
{
	struct t_thread *t[2];

	setup();
	t[0] = t_spawn(consumer, NULL);
	t[1] = t_spawn(consumer, NULL);
	for (u_int i = 0; i < NITEM; i++) {
		mutex_enter(&lock);
		while (full)
			cv_wait(&cv_empty, &lock);
		slot = 1;
		full = true;
		cv_signal(&cv_full);
		mutex_exit(&lock);
	}
	t_join(t[0]);
	t_join(t[1]);
	T_EQ(sum, NITEM);
	cv_destroy(&cv_full);
	cv_destroy(&cv_empty);
}

static void
timeouts(void)
{
	uint64_t t0;

	setup();
	mutex_enter(&lock);
	t0 = t_now_ms();
	T_EQ(cv_timedwait(&cv_full, &lock, 20), EWOULDBLOCK);
	T_CHECK(t_now_ms() - t0 >= 19);
	T_EQ(cv_timedwait_sig(&cv_full, &lock, 5), EWOULDBLOCK);
	T_CHECK(!cv_has_waiters(&cv_full));
	T_CHECK(mutex_owned(&lock));
	mutex_exit(&lock);
	T_EQ(kpause("t", true, 5, NULL), EWOULDBLOCK);
	mutex_enter(&lock);
	T_EQ(kpause("t", false, 5, &lock), EWOULDBLOCK);
	T_CHECK(mutex_owned(&lock));
	mutex_exit(&lock);
}

struct sleeper {
	struct lwp	*sl_lwp;	/* atomic */
	bool		 sl_sig;
	int		 sl_error;
	bool		 sl_done;
};

static void
sleep_once(void *arg)
{
	struct sleeper *sl = arg;

	mutex_enter(&lock);
	sl->sl_lwp = curlwp;
	if (sl->sl_sig)
		sl->sl_error = cv_wait_sig(&cv_full, &lock);
	else {
		sl->sl_error = 0;
		cv_wait(&cv_full, &lock);
	}
	sl->sl_done = true;
	mutex_exit(&lock);
}

static void
pause_once(void *arg)
{
	struct sleeper *sl = arg;

	atomic_store_release(&sl->sl_lwp, curlwp);
	sl->sl_error = kpause("t", true, 0, NULL);
}

static int
has_lwp(void *arg)
{
	struct sleeper *sl = arg;

	return atomic_load_acquire(&sl->sl_lwp) != NULL;
}

/* As in NetBSD: no ticks, and a signal. */
static void
pauses(void)
{
	struct sleeper sl = { .sl_error = -1 };
	struct t_thread *t = t_spawn(pause_once, &sl);

	T_UNTIL(has_lwp, &sl);
	lwp_intr_post(sl.sl_lwp);
	t_join(t);
	T_EQ(sl.sl_error, EINTR);
}

static int
has_sleepers(void *arg)
{
	bool yes;

	mutex_enter(&lock);
	yes = atomic_load_relaxed(&cv_full.cv_waiters) == *(u_int *)arg;
	mutex_exit(&lock);
	return yes;
}

static void
interrupts(void)
{
	struct sleeper sig = { .sl_sig = true }, nosig = { .sl_sig = false };
	struct t_thread *t1, *t2;
	u_int two = 2, one = 1;

	setup();
	t1 = t_spawn(sleep_once, &sig);
	t2 = t_spawn(sleep_once, &nosig);
	T_UNTIL(has_sleepers, &two);
	lwp_intr_post(nosig.sl_lwp);
	lwp_intr_post(sig.sl_lwp);
	t_join(t1);
	T_EQ(sig.sl_error, EINTR);
	T_UNTIL(has_sleepers, &one);
	mutex_enter(&lock);
	T_CHECK(!nosig.sl_done);
	cv_broadcast(&cv_full);
	mutex_exit(&lock);
	t_join(t2);
	T_CHECK(nosig.sl_done);
}

static void
pending_before_sleep(void *arg)
{
	struct sleeper *sl = arg;

	lwp_intr_post(curlwp);
	mutex_enter(&lock);
	sl->sl_error = cv_wait_sig(&cv_full, &lock);
	/* Interrupts stay until the operation is over. */
	if (cv_timedwait_sig(&cv_full, &lock, 1000) != EINTR)
		t_fail(__FILE__, __LINE__, "interrupt forgotten");
	if (cv_timedwait(&cv_full, &lock, 2) != EWOULDBLOCK)
		t_fail(__FILE__, __LINE__, "uninterruptible sleep ended");
	mutex_exit(&lock);
}

static void
interrupt_first(void)
{
	struct sleeper sl = { .sl_error = 0 };

	setup();
	t_join(t_spawn(pending_before_sleep, &sl));
	T_EQ(sl.sl_error, EINTR);
}

static void
nosleep_lwp(void *arg)
{
	struct sleeper *sl = arg;

	curlwp->l_nosleep = true;
	mutex_enter(&lock);
	sl->sl_error = cv_wait_sig(&cv_full, &lock);
	/* Not the end of a time, which has not come. */
	T_EQ(cv_timedwait_sig(&cv_full, &lock, 100 * hz), ERESTART);
	T_EQ(kpause("t", true, 100 * hz, &lock), ERESTART);
	T_EQ(cv_timedwait(&cv_full, &lock, 1), EWOULDBLOCK);
	T_EQ(kpause("t", false, 1, &lock), EWOULDBLOCK);
	mutex_exit(&lock);
}

static void
nosleep(void)
{
	struct sleeper sl = { .sl_error = 0 };

	setup();
	t_join(t_spawn(nosleep_lwp, &sl));
	T_EQ(sl.sl_error, ERESTART);
}

/* Sleeps with a deadline race against wake-ups: a wake-up that chose the
   sleeper must be reported as one, or an item would be lost. */
static u_int items, timeouts_seen;

static void
timed_consumer(void *arg)
{
	u_int *got = arg;

	mutex_enter(&lock);
	for (;;) {
		while (items == 0) {
			const int error = cv_timedwait(&cv_full, &lock, 1);

			if (error == EWOULDBLOCK)
				timeouts_seen++;
			else if (items == 0 && !full)
				t_fail(__FILE__, __LINE__,
				    "woken for nothing");
			if (full && items == 0)
				break;
		}
		if (items == 0)
			break;
		items--;
		(*got)++;
	}
	mutex_exit(&lock);
}

static void
timeout_against_wakeup(void)
{
	u_int got = 0;
	struct t_thread *t;

	setup();
	items = timeouts_seen = 0;
	t = t_spawn(timed_consumer, &got);
	for (u_int i = 0; i < 500; i++) {
		if (i % 4 == 0)
			t_msleep(1);
		mutex_enter(&lock);
		items++;
		cv_signal(&cv_full);
		mutex_exit(&lock);
	}
	mutex_enter(&lock);
	full = true;
	cv_broadcast(&cv_full);
	mutex_exit(&lock);
	t_join(t);
	T_EQ(got, 500);
}

/* A sleeper, woken with the mutex held, under another one. */
static struct t_thread *
wake_under(kmutex_t *outer, struct sleeper *sl)
{
	struct t_thread *t;
	u_int one = 1;

	setup();
	mutex_init(outer, MUTEX_DEFAULT, IPL_NONE);
	t = t_spawn(sleep_once, sl);
	T_UNTIL(has_sleepers, &one);
	mutex_enter(outer);
	mutex_enter(&lock);
	cv_signal(&cv_full);
	return t;
}

/* Who is woken under two mutexes does not run before both have been left. */
static void
woken_unlocked(void)
{
	struct sleeper sl = { .sl_sig = false };
	kmutex_t outer;
	struct t_thread *const t = wake_under(&outer, &sl);

	T_CHECK(!cv_has_waiters(&cv_full));
	t_msleep(20);
	T_EQ(atomic_load_relaxed(&lock.mtx_word), 1);	/* nobody waits */
	mutex_exit(&lock);
	t_msleep(5);
	mutex_enter(&lock);
	T_CHECK(!sl.sl_done);
	mutex_exit(&lock);
	mutex_exit(&outer);
	t_join(t);
	T_CHECK(sl.sl_done);
}

/* But who delays with a mutex lets others run that are woken. */
static void
woken_at_delay(void)
{
	struct sleeper sl = { .sl_sig = false };
	kmutex_t outer;
	struct t_thread *const t = wake_under(&outer, &sl);
	bool done = false;
	u_int i;

	mutex_exit(&lock);
	for (i = 0; i < 20000 && !done; i++) {
		delay(1000);
		mutex_enter(&lock);
		done = sl.sl_done;
		mutex_exit(&lock);
	}
	T_CHECK(done);
	mutex_exit(&outer);
	t_join(t);
}

const struct t_case t_cases[] = {
	{ "no wake-up is lost between two consumers", no_lost_wakeup },
	{ "timed sleeps end with EWOULDBLOCK and the mutex held", timeouts },
	{ "an interrupt ends cv_wait_sig with EINTR, cv_wait not",
	    interrupts },
	{ "an interrupt before the sleep counts and stays", interrupt_first },
	{ "an lwp that may not sleep gets ERESTART, timed or not", nosleep },
	{ "a wake-up that races a deadline is not lost",
	    timeout_against_wakeup },
	{ "a woken lwp does not wait for its waker's mutexes",
	    woken_unlocked },
	{ "nor while it delays with another", woken_at_delay },
	{ "a kpause of no ticks lasts until an interrupt", pauses },
	{ NULL, NULL },
};
