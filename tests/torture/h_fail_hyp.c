/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_fail_hyp.c - the hypercalls of hyp.h that may fail; see h_fail.h.
 */
#include <errno.h>
#include <stddef.h>

#include "hyp/hyp.h"
#include "torture/h_fail.h"

void	*__wrap_hyp_alloc(size_t);
void	*__real_hyp_alloc(size_t);
int	__wrap_hyp_thread_create(const char *, void (*)(void *), void *,
	    struct hyp_thread **);
int	__real_hyp_thread_create(const char *, void (*)(void *), void *,
	    struct hyp_thread **);

void *
__wrap_hyp_alloc(size_t size)
{

	return FAIL_HERE("hyp_alloc", FAIL_MEMORY, 1) >= 0 ? NULL :
	    __real_hyp_alloc(size);
}

int
__wrap_hyp_thread_create(const char *name, void (*func)(void *), void *arg,
    struct hyp_thread **threadp)
{

	return FAIL_HERE("hyp_thread_create", FAIL_CALLS, 1) >= 0 ? EAGAIN :
	    __real_hyp_thread_create(name, func, arg, threadp);
}
