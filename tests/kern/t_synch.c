/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_synch.c - what drivers wait with that are older than condvar(9), on real
 * threads: tsleep(9), wakeup(9), DELAY(9); and xc_barrier(9), for which
 * callouts, soft interrupts and kpreempt_disable(9) are callbacks.  The races
 * are tests/sched's (l_kern.c, l_xcall.c).
 */
#include <sys/atomic.h>
#include <sys/callout.h>
#include <sys/errno.h>
#include <sys/intr.h>
#include <sys/kernel.h>
#include <sys/lwp.h>
#include <sys/param.h>
#include <sys/systm.h>
#include <sys/time.h>
#include <sys/xcall.h>

#include "h_test.h"

static u_int flag, entered, leave, ended;	/* atomic */
static int result;

static int
is_set(void *arg)
{

	return atomic_load_seq_cst((u_int *)arg) != 0;
}

static void
sleeper(void *arg)
{

	KERNEL_LOCK(1, curlwp);
	atomic_store_seq_cst(&entered, 1);
	result = tsleep(&flag, PZERO | PCATCH, "flag", *(int *)arg);
	T_CHECK(KERNEL_LOCKED_P());
	KERNEL_UNLOCK_ONE(curlwp);
}

static void
wakes(void)
{
	int none = 0;
	struct t_thread *t;

	kern_init();
	entered = 0;
	t = t_spawn(sleeper, &none);
	T_UNTIL(is_set, &entered);
	/* It has the lock until it sleeps, so this comes after that. */
	KERNEL_LOCK(1, curlwp);
	wakeup(&result);		/* somebody else's */
	wakeup(&flag);
	KERNEL_UNLOCK_ONE(curlwp);
	t_join(t);
	T_EQ(result, 0);
	kern_fini();
}

static void
deadline(void)
{
	const u_int began = getticks();

	kern_init();
	T_EQ(tsleep(&flag, PZERO, "flag", 20), EWOULDBLOCK);
	T_CHECK(getticks() - began >= 20);
	wakeup(&flag);			/* nobody */
	kern_fini();
}

static void
interrupt(void)
{

	kern_init();
	lwp_intr_post(curlwp);
	T_EQ(tsleep(&flag, PZERO | PCATCH, "flag", 0), EINTR);
	T_EQ(tsleep(&flag, PZERO, "flag", 1), EWOULDBLOCK);
	atomic_and_32(&curlwp->l_wake, ~(uint32_t)LW_INTR);
	kern_fini();
}

/* Not the end of its time, which an old driver would take it for. */
static void
nosleep(void)
{

	kern_init();
	curlwp->l_nosleep = true;
	T_EQ(tsleep(&flag, PZERO | PCATCH, "flag", 100 * hz), ERESTART);
	T_EQ(tsleep(&flag, PZERO | PCATCH, "flag", 0), ERESTART);
	T_EQ(tsleep(&flag, PZERO, "flag", 1), EWOULDBLOCK);
	lwp_intr_post(curlwp);
	T_EQ(tsleep(&flag, PZERO | PCATCH, "flag", 100 * hz), EINTR);
	atomic_and_32(&curlwp->l_wake, ~(uint32_t)LW_INTR);
	curlwp->l_nosleep = false;
	kern_fini();
}

static void
with_mutex(void)
{
	kmutex_t mtx;

	kern_init();
	mutex_init(&mtx, MUTEX_DEFAULT, IPL_NONE);
	mutex_enter(&mtx);
	T_EQ(mtsleep(&flag, PZERO, "flag", 1, &mtx), EWOULDBLOCK);
	T_CHECK(mutex_owned(&mtx));
	T_EQ(mtsleep(&flag, PZERO | PNORELOCK, "flag", 1, &mtx), EWOULDBLOCK);
	T_CHECK(!mutex_owned(&mtx));
	mutex_destroy(&mtx);
	kern_fini();
}

/* A callback that stays until it is told. */
static void
stays(void *arg __unused)
{

	T_CHECK(kpreempt_disabled());
	atomic_store_seq_cst(&entered, 1);
	while (atomic_load_seq_cst(&leave) == 0)
		t_msleep(1);
	atomic_store_seq_cst(&ended, 1);
}

static void
lets_it(void *arg __unused)
{

	(void)kpause("lets", false, 30, NULL);
	atomic_store_seq_cst(&leave, 1);
}

static void
barrier_waits(bool soft)
{
	struct t_thread *t;
	callout_t c;
	void *si;

	kern_init();
	entered = leave = ended = 0;
	callout_init(&c, CALLOUT_MPSAFE);
	si = softint_establish(SOFTINT_SERIAL | SOFTINT_MPSAFE, stays, NULL);
	if (soft)
		softint_schedule(si);
	else
		callout_reset(&c, 0, stays, NULL);
	T_UNTIL(is_set, &entered);
	T_CHECK(!kpreempt_disabled());
	t = t_spawn(lets_it, NULL);
	xc_barrier(0);
	T_EQ(ended, 1);
	t_join(t);
	xc_barrier(XC_HIGHPRI);		/* nobody: at once */
	callout_halt(&c, NULL);
	callout_destroy(&c);
	softint_disestablish(si);
	kern_fini();
}

static void
barrier_callout(void)
{

	barrier_waits(false);
}

static void
barrier_softint(void)
{

	barrier_waits(true);
}

static void
reader(void *arg __unused)
{

	kpreempt_disable();
	kpreempt_disable();
	kpreempt_enable();
	stays(NULL);
	kpreempt_enable();
}

static void
barrier_preempt(void)
{
	struct t_thread *r, *t;

	kern_init();
	entered = leave = ended = 0;
	r = t_spawn(reader, NULL);
	T_UNTIL(is_set, &entered);
	t = t_spawn(lets_it, NULL);
	xc_barrier(0);
	T_EQ(ended, 1);
	t_join(t);
	t_join(r);
	kern_fini();
}

static void
clocks(void)
{
	struct timeval tv, up;
	struct timespec ts;
	u_int began;
	int s;

	began = getticks();
	DELAY(3000);
	DELAY(0);
	T_CHECK(getticks() - began >= 3);
	getmicrotime(&tv);
	nanotime(&ts);
	getmicrouptime(&up);
	/* Since 1970, and after this was written. */
	T_CHECK(tv.tv_sec > 1700000000 && ts.tv_sec - tv.tv_sec <= 60);
	T_CHECK(tv.tv_usec >= 0 && tv.tv_usec < 1000000);
	T_CHECK(time_second >= tv.tv_sec && up.tv_sec != tv.tv_sec);
	s = splusb();
	splx(s);
}

const struct t_case t_cases[] = {
	{ "tsleep under the kernel lock is woken by its address", wakes },
	{ "tsleep ends with EWOULDBLOCK when its time is over", deadline },
	{ "an interrupt ends tsleep with PCATCH only", interrupt },
	{ "tsleep with PCATCH says ERESTART if there is no thread for it",
	    nosleep },
	{ "mtsleep takes its mutex again, unless PNORELOCK", with_mutex },
	{ "xc_barrier waits for a callout", barrier_callout },
	{ "xc_barrier waits for a soft interrupt", barrier_softint },
	{ "xc_barrier waits for who has disabled preemption", barrier_preempt },
	{ "DELAY and the clocks of day", clocks },
	{ NULL, NULL },
};
