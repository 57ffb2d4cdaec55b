/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern_curlwp.c - curlwp.
 *
 * A struct lwp in thread-local storage: nothing to allocate, look up or free.
 * A file of its own because tests/sched runs many lwps on one host thread.
 */
#include <sys/lwp.h>
#include <sys/systm.h>

#include <hyp/hyp_trace.h>

static _Thread_local struct lwp lwp_self;

/*
 * l = lwp_current()
 *
 *	The caller's own lwp; as the macro curlwp.
 */
struct lwp *
lwp_current(void)
{
	struct lwp *l = &lwp_self;

	if (__predict_false(l->l_cred == NULL)) {
		l->l_cred = &l->l_credstore;	/* all zero: user 0 */
		l->l_proc = &l->l_procstore;
		l->l_note = hyp_note();
	}
	return l;
}
