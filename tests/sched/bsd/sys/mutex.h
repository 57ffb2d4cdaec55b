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
#undef mutex_tryenter
#undef mutex_exit
#define	mutex_enter(m)	(SCHED_POINT("enter", m),			\
	    lockdebug_mutex_enter((m), LOCKDEBUG_HERE))
#define	mutex_tryenter(m)	(SCHED_WRITES(m),			\
	    lockdebug_mutex_tryenter((m), LOCKDEBUG_HERE))
#define	mutex_exit(m)	(SCHED_WRITES(m),				\
	    lockdebug_mutex_exit((m), LOCKDEBUG_HERE))
#else
#define	mutex_enter(m)	(SCHED_POINT("enter", m), (mutex_enter)(m))
#define	mutex_tryenter(m) (SCHED_WRITES(m), (mutex_tryenter)(m))
#define	mutex_exit(m)	(SCHED_WRITES(m), (mutex_exit)(m))
#endif

#endif /* TESTS_SCHED_SYS_MUTEX_H */
