/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_pthread.c - see host/pthread.h.
 *
 * The first four bytes of a condition variable count its broadcasts, and are
 * what its sleepers park on.
 *
 * It is compiled without instrumentation, as a C library is.  What
 * ThreadSanitizer knows of is the mutexes, creation before the beginning of a
 * thread, and its end before its join (token.c); and that is all that there
 * is: a wait is ordered after its broadcast by the mutex only.
 */
#undef NDEBUG
#include <assert.h>
#include <limits.h>
#include <stdlib.h>

#include "sched/h_calls.h"
#include "sched/host/pthread.h"
#include "sched/sched.h"

struct hp_thread {
	struct sched_thread *ht_thread;
	void		*ht_lwp;	/* says who is who */
	void		*(*ht_func)(void *);
	void		*ht_arg;
	struct hp_thread *ht_next;
};

static struct hp_thread *threads;

void
hp_forget(void)
{

	threads = NULL;
}

static void
run(void *arg)
{
	struct hp_thread *ht = arg;

	ht->ht_lwp = sched_lwp;
	(void)ht->ht_func(ht->ht_arg);
	ht->ht_lwp = NULL;
}

/* They wait for work: tab_tty.c has the name. */
int
hp_create(struct hp_thread **htp, void *(*func)(void *), void *arg)
{
	struct hp_thread *ht = calloc(1, sizeof(*ht));

	assert(ht != NULL);
	ht->ht_func = func;
	ht->ht_arg = arg;
	ht->ht_next = threads;
	threads = ht;
	*htp = ht;
	ht->ht_thread = sched_spawn("usbevent", run, ht);
	return 0;
}

int
hp_join(struct hp_thread *ht)
{
	struct hp_thread **htp = &threads;

	sched_join(ht->ht_thread);
	while (*htp != ht)
		htp = &(*htp)->ht_next;
	*htp = ht->ht_next;
	free(ht);
	return 0;
}

/* NULL: not one of ours. */
struct hp_thread *
hp_self(void)
{
	struct hp_thread *ht = threads;

	while (ht != NULL && ht->ht_lwp != sched_lwp)
		ht = ht->ht_next;
	return ht;
}

int
hp_wait(pthread_cond_t *cv, pthread_mutex_t *mtx)
{
	uint32_t *const word = (uint32_t *)(void *)cv;
	const uint32_t seen = *word;

	pthread_mutex_unlock(mtx);
	(void)sched_park(word, seen, 0);
	return pthread_mutex_lock(mtx);
}

int
hp_broadcast(pthread_cond_t *cv)
{
	uint32_t *const word = (uint32_t *)(void *)cv;

	++*word;
	sched_unpark(word, UINT_MAX);
	return 0;
}
