/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * l_xcall.c - litmuses of xc_barrier(9).  What a callback may have found
 * without a lock is freed after the barrier, so one that is not waited for is
 * found.
 */
#include <sys/atomic.h>
#include <sys/kmem.h>
#include <sys/lwp.h>
#include <sys/systm.h>
#include <sys/xcall.h>

#include "kern/kern_impl.h"
#include "sched/sched.h"

struct hook {
	u_int		h_calls;
};
static struct hook *hooks[3];	/* atomic */

static void
setup(void)
{

	kern_init();
	xc_init();
	for (u_int i = 0; i < 3; i++)
		hooks[i] = kmem_zalloc(sizeof(*hooks[i]), KM_SLEEP);
}

static void
end(void)
{

	for (u_int i = 0; i < 3; i++) {
		if (hooks[i] != NULL)
			kmem_free(hooks[i], sizeof(*hooks[i]));
	}
	kern_fini();
}

/* A callback that uses the hook of arg, and nested code as it calls. */
static void
calls(void *arg)
{
	struct hook **const hp = arg;
	struct hook *h;

	kpreempt_disable();
	h = atomic_load_acquire(hp);
	kpreempt_disable();
	kpreempt_enable();
	if (h != NULL) {
		SCHED_POINT("use", h);
		(void)__atomic_add_fetch(&h->h_calls, 1, __ATOMIC_RELAXED);
	}
	kpreempt_enable();
}

static void
takes_away(void *arg)
{
	struct hook **const hp = arg;
	struct hook *const h = *hp;

	atomic_store_release(hp, NULL);
	xc_barrier(0);
	kmem_free(h, sizeof(*h));
}

#define	ACTORS(name, ...)						\
	static const struct sched_actor name[] = {			\
		__VA_ARGS__, { NULL, NULL, NULL }			\
	}

ACTORS(one, { "call", calls, &hooks[0] }, { "detach", takes_away, &hooks[0] });
ACTORS(two, { "call", calls, &hooks[0] }, { "call2", calls, &hooks[0] },
    { "detach", takes_away, &hooks[0] });
ACTORS(two_barriers, { "call", calls, &hooks[1] },
    { "detach", takes_away, &hooks[0] },
    { "detach2", takes_away, &hooks[1] });
ACTORS(three_barriers, { "call", calls, &hooks[0] },
    { "detach", takes_away, &hooks[0] },
    { "detach2", takes_away, &hooks[1] },
    { "detach3", takes_away, &hooks[2] });

extern const struct sched_litmus l_xcall[];
const struct sched_litmus l_xcall[] = {
	{ "barrier", "xc_barrier against a callback: freed after it",
	    setup, one, end },
	{ "barrier_two", "xc_barrier against two callbacks",
	    setup, two, end },
	{ "two_barriers", "two barriers, one after the other's epoch",
	    setup, two_barriers, end },
	{ "three_barriers", "three, of which two turn while one waits",
	    setup, three_barriers, end },
	{ NULL, NULL, NULL, NULL, NULL },
};
