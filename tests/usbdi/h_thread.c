/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_thread.c - hyp_thread_create with failures; see h_thread.h.
 *
 * The linker (--wrap) turns calls of hyp_thread_create into the first
 * function here; the real one is the second.  One atomic counter.
 */
#include <errno.h>
#include <stdatomic.h>

#include "hyp/hyp.h"
#include "h_thread.h"

int	__wrap_hyp_thread_create(const char *, void (*)(void *), void *,
	    struct hyp_thread **);
int	__real_hyp_thread_create(const char *, void (*)(void *), void *,
	    struct hyp_thread **);

static atomic_int failures;

int
__wrap_hyp_thread_create(const char *name, void (*func)(void *), void *arg,
    struct hyp_thread **tp)
{
	int n = atomic_load(&failures);

	while (n > 0) {
		if (atomic_compare_exchange_weak(&failures, &n, n - 1))
			return EAGAIN;
	}
	return __real_hyp_thread_create(name, func, arg, tp);
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
