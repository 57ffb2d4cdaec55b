/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_thread.c - hyp_thread_create with failures; see h_thread.h.
 *
 * The linker (--wrap) turns calls of hyp_thread_create into the first
 * function here; the real one is the second.  One atomic counter.
 */
#undef NDEBUG
#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "hyp/hyp.h"
#include "h_thread.h"

int	__wrap_hyp_thread_create(const char *, void (*)(void *), void *,
	    struct hyp_thread **);
int	__real_hyp_thread_create(const char *, void (*)(void *), void *,
	    struct hyp_thread **);

static atomic_int failures, running;

struct start {
	void	(*s_func)(void *);
	void	*s_arg;
};

static void
run(void *arg)
{
	struct start s = *(struct start *)arg;

	free(arg);
	s.s_func(s.s_arg);
	atomic_fetch_sub(&running, 1);
}

int
__wrap_hyp_thread_create(const char *name, void (*func)(void *), void *arg,
    struct hyp_thread **tp)
{
	int error, n = atomic_load(&failures);
	struct start *s;

	while (n > 0) {
		if (atomic_compare_exchange_weak(&failures, &n, n - 1))
			return EAGAIN;
	}
	s = malloc(sizeof(*s));
	assert(s != NULL);
	s->s_func = func;
	s->s_arg = arg;
	atomic_fetch_add(&running, 1);
	error = __real_hyp_thread_create(name, run, s, tp);
	assert(error == 0);
	return 0;
}

int
ht_running(void)
{

	return atomic_load(&running);
}

void
ht_fail(int n)
{

	atomic_store(&failures, n);
}

int
ht_left(void)
{

	return atomic_load(&failures);
}
