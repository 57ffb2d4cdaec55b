/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pthread.h for the controlled scheduler: threads and condition variables of
 * H code that tests use (tests/usbdi/h_usb.c) are the scheduler's; h_pthread.c
 * has them.  Mutexes are the host's own.  Nobody else runs while one is held,
 * so none is ever waited for, but they still order memory.
 */
#ifndef TESTS_SCHED_PTHREAD_H
#define TESTS_SCHED_PTHREAD_H

#pragma GCC system_header		/* #include_next is no C */
#include_next <pthread.h>

struct hp_thread;

int	hp_create(struct hp_thread **, void *(*)(void *), void *);
int	hp_join(struct hp_thread *);
struct hp_thread *hp_self(void);
int	hp_wait(pthread_cond_t *, pthread_mutex_t *);
int	hp_broadcast(pthread_cond_t *);

#define	pthread_t			struct hp_thread *
#define	pthread_create(t, a, f, arg)	hp_create((t), (f), (arg))
#define	pthread_join(t, r)		hp_join(t)
#define	pthread_self()			hp_self()
#define	pthread_equal(a, b)		((a) == (b))
#define	pthread_cond_wait(c, m)		hp_wait((c), (m))
#define	pthread_cond_broadcast(c)	hp_broadcast(c)

#endif /* TESTS_SCHED_PTHREAD_H */
