/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_sleep.c - K code: where an lwp sleeps, and memory in use.
 */
#include <sys/atomic.h>
#include <sys/kmem.h>
#include <sys/lwp.h>

#include "drivers/h_sleep.h"

const char *
h_sleeps(struct hyp_lwp *hl)
{
	struct lwp *l = (struct lwp *)hl;

	if (__atomic_load_n(&l->l_wchan, __ATOMIC_RELAXED) == NULL)
		return NULL;
	return atomic_load_relaxed(&l->l_wmesg);
}

size_t
h_memory(void)
{
	u_int pieces;

	return kmem_inuse(&pieces);
}
