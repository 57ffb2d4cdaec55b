/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/mutex.h for the controlled scheduler: another thread may run before a
 * mutex is taken.
 */
#ifndef TESTS_SCHED_SYS_MUTEX_H
#define TESTS_SCHED_SYS_MUTEX_H

#include "../../../../include/bsd/sys/mutex.h"
#include "sched/sched.h"

#ifdef LOCKDEBUG
#undef mutex_enter
#define	mutex_enter(m)	(SCHED_POINT("enter", m),			\
	    lockdebug_mutex_enter((m), LOCKDEBUG_HERE))
#else
#define	mutex_enter(m)	(SCHED_POINT("enter", m), (mutex_enter)(m))
#endif

#endif /* TESTS_SCHED_SYS_MUTEX_H */
