/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_softclock.c - callout(9) and softint(9).
 */
#include <sys/atomic.h>
#include <sys/callout.h>
#include <sys/condvar.h>
#include <sys/intr.h>
#include <sys/kernel.h>
#include <sys/systm.h>

#include <hyp/hyp.h>

#include "h_test.h"

static kmutex_t lock;
static kcondvar_t cv;
static u_int order[4], norder, runs;
static bool in_handler, leave;

static void
note(void *arg)
{

	mutex_enter(&lock);
	order[norder++] = *(u_int *)arg;
	mutex_exit(&lock);
}

static int
have_three(void *arg __unused)
{
	u_int n;

	mutex_enter(&lock);
	n = norder;
	mutex_exit(&lock);
	return n >= 3;
}

static void
by_time(void)
{
	u_int v[3] = { 30, 10, 20 };
	callout_t c[3];
	uint64_t began;

	kern_init();
	mutex_init(&lock, MUTEX_DEFAULT, IPL_NONE);
	for (u_int i = 0; i < 3; i++)
		callout_init(&c[i], CALLOUT_MPSAFE);
	/* Their times are in this order if nothing has kept us from running. */
	do {
		for (u_int i = 0; i < 3; i++)
			(void)callout_halt(&c[i], NULL);
		norder = 0;
		began = hyp_clock();
		for (u_int i = 0; i < 3; i++)
			callout_reset(&c[i], (int)v[i], note, &v[i]);
	} while (hyp_clock() - began >= 10 * UINT64_C(1000000000) / hz);
	T_UNTIL(have_three, NULL);
	T_EQ(order[0], 10);
	T_EQ(order[1], 20);
	T_EQ(order[2], 30);
	for (u_int i = 0; i < 3; i++) {
		T_CHECK(!callout_pending(&c[i]));
		callout_destroy(&c[i]);
	}
	kern_fini();
}

static void
stopped(void)
{
	u_int v = 1;
	struct callout c;	/* by this name too */

	kern_init();
	mutex_init(&lock, MUTEX_DEFAULT, IPL_NONE);
	norder = 0;
	callout_init(&c, CALLOUT_MPSAFE);
	T_CHECK(!callout_stop(&c));
	callout_reset(&c, 50, note, &v);
	T_CHECK(callout_pending(&c));
	T_CHECK(!callout_stop(&c));
	T_CHECK(!callout_pending(&c));
	T_CHECK(!callout_stop(&c));
	t_msleep(80);
	T_EQ(norder, 0);
	callout_destroy(&c);
	kern_fini();
}

/* Whether it was too late is told once. */
static void
expired(void)
{
	u_int v = 1;
	callout_t c;

	kern_init();
	mutex_init(&lock, MUTEX_DEFAULT, IPL_NONE);
	norder = 2;
	callout_init(&c, CALLOUT_MPSAFE);
	T_CHECK(!callout_halt(&c, NULL));
	callout_reset(&c, 1, note, &v);
	T_UNTIL(have_three, NULL);
	T_CHECK(callout_halt(&c, NULL));
	T_CHECK(!callout_halt(&c, NULL));
	norder = 2;
	callout_reset(&c, 1, note, &v);
	T_UNTIL(have_three, NULL);
	callout_schedule(&c, 1000 * hz);
	T_CHECK(!callout_stop(&c));
	callout_destroy(&c);
	kern_fini();
}

/* No handler sleeps in the kernel (LOCKDEBUG). */
static void
slow(void *arg __unused)
{

	mutex_enter(&lock);
	in_handler = true;
	cv_broadcast(&cv);
	while (!leave) {
		mutex_exit(&lock);
		t_msleep(1);
		mutex_enter(&lock);
	}
	in_handler = false;
	mutex_exit(&lock);
}

static void
leave_soon(void *arg __unused)
{

	t_msleep(20);
	mutex_enter(&lock);
	leave = true;
	cv_broadcast(&cv);
	mutex_exit(&lock);
}

static void
halt_waits(void)
{
	struct t_thread *t;
	callout_t c;

	kern_init();
	mutex_init(&lock, MUTEX_DEFAULT, IPL_NONE);
	cv_init(&cv, "slow");
	in_handler = leave = false;
	callout_init(&c, CALLOUT_MPSAFE);
	callout_reset(&c, 0, slow, NULL);
	mutex_enter(&lock);
	while (!in_handler)
		cv_wait(&cv, &lock);
	t = t_spawn(leave_soon, NULL);
	/* The interlock is what the handler needs to end. */
	callout_halt(&c, &lock);
	T_CHECK(mutex_owned(&lock));
	T_CHECK(!in_handler);
	mutex_exit(&lock);
	t_join(t);
	callout_destroy(&c);
	kern_fini();
}

static callout_t self;

static void
again_from_handler(void *arg __unused)
{

	if (atomic_inc_uint_nv(&runs) < 5)
		callout_schedule(&self, 1);
}

static int
ran_five(void *arg __unused)
{

	return atomic_load_relaxed(&runs) == 5;
}

static void
reschedule(void)
{

	kern_init();
	runs = 0;
	callout_init(&self, CALLOUT_MPSAFE);
	callout_setfunc(&self, again_from_handler, NULL);
	callout_schedule(&self, 1);
	T_UNTIL(ran_five, NULL);
	callout_halt(&self, NULL);
	callout_destroy(&self);
	kern_fini();
}

static void
count(void *arg __unused)
{

	atomic_inc_uint(&runs);
}

static int
ran_once(void *arg __unused)
{

	return atomic_load_relaxed(&runs) >= 1;
}

static void
softint(void)
{
	void *si;

	kern_init();
	runs = 0;
	si = softint_establish(SOFTINT_SERIAL | SOFTINT_MPSAFE, count, NULL);
	softint_schedule(si);
	T_UNTIL(ran_once, NULL);
	for (u_int i = 0; i < 100; i++)
		softint_schedule(si);
	softint_disestablish(si);
	T_CHECK(atomic_load_relaxed(&runs) <= 101);
	kern_fini();
}

const struct t_case t_cases[] = {
	{ "callouts run in the order of their times", by_time },
	{ "callout_stop takes a pending call back", stopped },
	{ "callout_halt says whether it was too late, once", expired },
	{ "callout_halt waits for the handler, without the interlock",
	    halt_waits },
	{ "a handler may schedule itself", reschedule },
	{ "a soft interrupt runs, and is merged while pending", softint },
	{ NULL, NULL },
};
