/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_mutex.c - mutex(9) and the kernel lock: exclusion, ownership, that an
 * uncontended mutex makes no hypercall, and that nobody waits with the kernel
 * lock.
 */
#include <sys/condvar.h>
#include <sys/lwp.h>
#include <sys/mutex.h>
#include <sys/param.h>
#include <sys/systm.h>

#include "h_test.h"

#define	NTHREAD	4
#define	NLOOP	20000

static kmutex_t lock;
static u_int counter;		/* deliberately plain */
static kcondvar_t cv;
static bool inside, go;

static void
add(void *arg __unused)
{

	for (u_int i = 0; i < NLOOP; i++) {
		mutex_enter(&lock);
		counter++;
		mutex_exit(&lock);
	}
}

static void
exclusion(void)
{
	struct t_thread *t[NTHREAD];

	mutex_init(&lock, MUTEX_DEFAULT, IPL_NONE);
	counter = 0;
	for (u_int i = 0; i < NTHREAD; i++)
		t[i] = t_spawn(add, NULL);
	for (u_int i = 0; i < NTHREAD; i++)
		t_join(t[i]);
	T_EQ(counter, NTHREAD * NLOOP);
	mutex_destroy(&lock);
}

static void
try_from_other(void *arg)
{

	*(int *)arg = mutex_tryenter(&lock);
	if (*(int *)arg)
		mutex_exit(&lock);
}

static int
try_elsewhere(void)
{
	int got = -1;

	t_join(t_spawn(try_from_other, &got));
	return got;
}

static void
ownership(void)
{

	mutex_init(&lock, MUTEX_DEFAULT, IPL_NONE);
	T_CHECK(!mutex_owned(&lock));
	mutex_enter(&lock);
	T_CHECK(mutex_owned(&lock));
	T_EQ(try_elsewhere(), 0);
	mutex_exit(&lock);
	T_EQ(try_elsewhere(), 1);
	T_CHECK(mutex_tryenter(&lock));
	mutex_exit(&lock);
	mutex_destroy(&lock);
}

static void
uncontended(void)
{

	/* 2 in the word would mean that mutex_exit has to wake somebody. */
	mutex_init(&lock, MUTEX_DEFAULT, IPL_NONE);
	for (u_int i = 0; i < 3; i++) {
		mutex_enter(&lock);
		T_EQ(lock.mtx_word, 1);
		mutex_exit(&lock);
		T_EQ(lock.mtx_word, 0);
	}
}

static void
biglock_sleeper(void *arg __unused)
{

	KERNEL_LOCK(1, curlwp);
	KERNEL_LOCK(1, curlwp);
	mutex_enter(&lock);
	inside = true;
	while (!go)
		cv_wait(&cv, &lock);
	mutex_exit(&lock);
	if (!KERNEL_LOCKED_P())
		t_fail(__FILE__, __LINE__, "kernel lock lost by a sleep");
	KERNEL_UNLOCK_ONE(curlwp);
	if (!KERNEL_LOCKED_P())
		t_fail(__FILE__, __LINE__, "not recursive");
	KERNEL_UNLOCK_ONE(curlwp);
}

static int
is_inside(void *arg __unused)
{
	bool yes;

	mutex_enter(&lock);
	yes = inside;
	mutex_exit(&lock);
	return yes;
}

static void
kernel_lock_dropped(void)
{
	struct t_thread *t;

	mutex_init(&lock, MUTEX_DEFAULT, IPL_NONE);
	cv_init(&cv, "test");
	inside = go = false;
	t = t_spawn(biglock_sleeper, NULL);
	T_UNTIL(is_inside, NULL);
	/* Hangs here if the sleeper kept it. */
	KERNEL_LOCK(1, curlwp);
	mutex_enter(&lock);
	go = true;
	cv_broadcast(&cv);
	mutex_exit(&lock);
	KERNEL_UNLOCK_ONE(curlwp);
	t_join(t);
	T_CHECK(!KERNEL_LOCKED_P());
}

static void
wants_biglock(void *arg)
{

	T_CHECK(KERNEL_LOCKED_P());
	*(bool *)arg = true;
}

static void
kernel_lock_join(void)
{
	struct kthread *kt;
	bool ran = false;

	/* Hangs here if the join keeps it. */
	KERNEL_LOCK(2, curlwp);
	T_EQ(kthread_create(PRI_NONE, KTHREAD_MUSTJOIN, NULL, wants_biglock,
	    &ran, &kt, "test"), 0);
	(void)kthread_join(kt);
	T_CHECK(ran);
	KERNEL_UNLOCK_ONE(curlwp);
	T_CHECK(KERNEL_LOCKED_P());
	KERNEL_UNLOCK_ONE(curlwp);
	T_CHECK(!KERNEL_LOCKED_P());
}

const struct t_case t_cases[] = {
	{ "mutex excludes", exclusion },
	{ "mutex_owned and mutex_tryenter tell the owner", ownership },
	{ "an uncontended mutex never marks a waiter", uncontended },
	{ "the kernel lock is recursive and dropped while sleeping",
	    kernel_lock_dropped },
	{ "kthread_join gives the kernel lock up", kernel_lock_join },
	{ NULL, NULL },
};
