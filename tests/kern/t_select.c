/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_select.c - selrecord(9): each record brings one wake-up, none comes
 * after the end of either side.
 */
#include <sys/lwp.h>
#include <sys/select.h>
#include <sys/systm.h>

#include "h_test.h"

static void
wake(void *arg)
{

	++*(u_int *)arg;
}

static void
record(struct selpoller *sp, struct selinfo *sip)
{

	curlwp->l_poller = sp;
	selrecord(curlwp, sip);
	curlwp->l_poller = NULL;
}

static void
one_each(void)
{
	struct selpoller a, b;
	struct selinfo s1, s2;
	u_int na = 0, nb = 0;

	selpoller_init(&a, wake, &na);
	selpoller_init(&b, wake, &nb);
	selinit(&s1);
	selinit(&s2);
	record(&a, &s1);
	record(&a, &s1);	/* twice is once */
	record(&a, &s2);
	record(&b, &s1);
	selnotify(&s1, 0, 0);
	T_EQ(na, 1);
	T_EQ(nb, 1);
	selnotify(&s1, 0, 0);
	T_EQ(na, 1);
	selnotify(&s2, 0, 0);
	T_EQ(na, 2);
	selpoller_destroy(&a);
	selpoller_destroy(&b);
}

static void
ends(void)
{
	struct selpoller a;
	struct selinfo s1;
	u_int na = 0;

	selpoller_init(&a, wake, &na);
	selinit(&s1);
	record(&a, &s1);
	selpoller_destroy(&a);
	selnotify(&s1, 0, 0);
	T_EQ(na, 0);

	selpoller_init(&a, wake, &na);
	record(&a, &s1);
	seldestroy(&s1);
	T_EQ(na, 0);
	for (u_int i = 0; i < SELPOLLER_NREC; i++)
		T_CHECK(a.sp_rec[i].sr_sip == NULL);
	selpoller_destroy(&a);

	/* Without a poller (poll with timeout 0) nothing is recorded. */
	curlwp->l_poller = NULL;
	selrecord(curlwp, &s1);
	T_EQ(s1.sel_count, 0);
}

const struct t_case t_cases[] = {
	{ "a notify wakes every recorded poller once", one_each },
	{ "neither side is touched after its end", ends },
	{ NULL, NULL },
};
