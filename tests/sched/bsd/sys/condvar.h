/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/condvar.h for the controlled scheduler: who waits and who wakes, for
 * prune.c.  The points are those of the mutex.
 */
#ifndef TESTS_SCHED_SYS_CONDVAR_H
#define TESTS_SCHED_SYS_CONDVAR_H

#include "../../../../include/bsd/sys/condvar.h"
#include "sched/sched.h"

/* The mutex has been left, and is taken again. */
#define	SCHED_WAITS(cv, m, call) __extension__({			\
	SCHED_WRITES(cv);						\
	SCHED_WRITES(m);						\
	const int sched_error = (call);					\
	SCHED_WRITES(m);						\
	sched_error;							\
})

#define	cv_wait(cv, m)							\
	((void)SCHED_WAITS(cv, m, ((cv_wait)((cv), (m)), 0)))
#define	cv_wait_sig(cv, m)						\
	SCHED_WAITS(cv, m, (cv_wait_sig)((cv), (m)))
#define	cv_timedwait(cv, m, t)						\
	SCHED_WAITS(cv, m, (cv_timedwait)((cv), (m), (t)))
#define	cv_timedwait_sig(cv, m, t)					\
	SCHED_WAITS(cv, m, (cv_timedwait_sig)((cv), (m), (t)))
#define	cv_signal(cv)	(SCHED_WRITES(cv), (cv_signal)(cv))
#define	cv_broadcast(cv) (SCHED_WRITES(cv), (cv_broadcast)(cv))
#define	cv_has_waiters(cv) (SCHED_READS(cv), (cv_has_waiters)(cv))

#endif /* TESTS_SCHED_SYS_CONDVAR_H */
