/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_curlwp.c - curlwp under the controlled scheduler, in the place of
 * src/kernel/kern/kern_curlwp.c.
 */
#include <sys/lwp.h>
#include <sys/systm.h>

#include <hyp/hyp_trace.h>

#include "sched/sched.h"

_Static_assert(sizeof(struct lwp) <= SCHED_LWP_SIZE, "SCHED_LWP_SIZE");

struct lwp *
lwp_current(void)
{
	struct lwp *l = sched_lwp;

	if (__predict_false(l->l_cred == NULL)) {
		l->l_cred = &l->l_credstore;
		l->l_proc = &l->l_procstore;
		l->l_note = hyp_note();
	}
	return l;
}
