/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_fail.c - see h_fail.h.
 *
 * All is atomic: calls come from any thread.  What is counted begins anew with
 * fail_at, which is not called while others make calls.
 */
#include <stdatomic.h>
#include <stddef.h>

#include "torture/h_fail.h"

static atomic_uint count, wanted, kinds, variant, errors;
static _Atomic(const char *) failed;
static _Atomic(void *) where;

void
fail_at(unsigned n, unsigned which, unsigned error)
{

	atomic_store(&kinds, 0);
	atomic_store(&count, 0);
	atomic_store(&failed, NULL);
	atomic_store(&where, NULL);
	atomic_store(&wanted, n);
	atomic_store(&variant, error);
	atomic_store(&kinds, which);
}

unsigned
fail_count(void)
{

	return atomic_load(&count);
}

const char *
fail_what(void)
{

	return atomic_load(&failed);
}

void *
fail_where(void)
{

	return atomic_load(&where);
}

unsigned
fail_errors(void)
{

	return atomic_load(&errors);
}

int
fail_here(const char *call, unsigned kind, unsigned nerrors, void *from)
{

	if ((atomic_load_explicit(&kinds, memory_order_relaxed) & kind) == 0 ||
	    atomic_fetch_add(&count, 1) + 1 != atomic_load(&wanted))
		return -1;
	atomic_store(&where, from);
	atomic_store(&errors, nerrors);
	atomic_store(&failed, call);
	return (int)(atomic_load(&variant) % nerrors);
}
