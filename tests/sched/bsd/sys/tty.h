/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/tty.h for the controlled scheduler: queues that a few bytes fill, and
 * that cost little to make and to check in each run.
 */
#ifndef TESTS_SCHED_SYS_TTY_H
#define TESTS_SCHED_SYS_TTY_H

#include "../../../../include/bsd/sys/tty.h"

#undef TTYQSIZE_MIN
#define	TTYQSIZE_MIN	64
#undef TTYQSIZE
#define	TTYQSIZE	64

#endif /* TESTS_SCHED_SYS_TTY_H */
