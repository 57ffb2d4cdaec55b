/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * l_kern.c - litmuses of the runtime: localcount(9), callout(9), select,
 * tsleep(9).  What is waited for is freed at once, so who comes too late is
 * found.
 */
#include <sys/atomic.h>
#include <sys/callout.h>
#include <sys/errno.h>
#include <sys/event.h>
#include <sys/intr.h>
#include <sys/kernel.h>
#include <sys/kmem.h>
#include <sys/localcount.h>
#include <sys/lwp.h>
#include <sys/param.h>
#include <sys/poll.h>
#include <sys/select.h>
#include <sys/systm.h>

#include "sched/sched.h"

static kmutex_t lock;
static kcondvar_t cv;

/* ---- localcount ----------------------------------------------------- */

struct counted {
	struct localcount o_count;
	u_int		o_users;
};
static struct counted *object;	/* lock; NULL: dying */

static void
setup_count(void)
{

	kern_init();
	mutex_init(&lock, MUTEX_DEFAULT, IPL_NONE);
	cv_init(&cv, "count");
	object = kmem_zalloc(sizeof(*object), KM_SLEEP);
	localcount_init(&object->o_count);
}

static void
end_count(void)
{

	SCHED_CHECK(object == NULL);
	cv_destroy(&cv);
	kern_fini();
}

static struct counted *
count_get(void)
{
	struct counted *o;

	mutex_enter(&lock);
	if ((o = object) != NULL)
		localcount_acquire(&o->o_count);
	mutex_exit(&lock);
	return o;
}

static void
count_use(void *arg __unused)
{
	struct counted *const o = count_get();

	if (o == NULL)
		return;
	SCHED_POINT("use", o);
	(void)__atomic_add_fetch(&o->o_users, 1, __ATOMIC_RELAXED);
	localcount_release(&o->o_count, &cv, &lock);
}

/* A second reference on top of the first, which goes first. */
static void
count_use_twice(void *arg __unused)
{
	struct counted *const o = count_get();

	if (o == NULL)
		return;
	localcount_acquire(&o->o_count);
	localcount_release(&o->o_count, &cv, &lock);
	SCHED_POINT("use", o);
	o->o_users++;
	localcount_release(&o->o_count, &cv, &lock);
}

static void
count_drain(void *arg __unused)
{
	struct counted *o;

	mutex_enter(&lock);
	o = object;
	object = NULL;
	localcount_drain(&o->o_count, &cv, &lock);
	mutex_exit(&lock);
	localcount_fini(&o->o_count);
	kmem_free(o, sizeof(*o));
}

/* ---- callouts ------------------------------------------------------- */

struct timed {
	callout_t	t_callout;
	u_int		t_fired;
	bool		t_again;
};
static struct timed *timed;

static void
fire(void *arg)
{
	struct timed *t = arg;

	t->t_fired++;
	if (t->t_again) {
		t->t_again = false;
		callout_schedule(&t->t_callout, 1000);
	}
}

static void
setup_callout(void)
{

	kern_init();
	timed = kmem_zalloc(sizeof(*timed), KM_SLEEP);
	callout_init(&timed->t_callout, CALLOUT_MPSAFE);
	callout_setfunc(&timed->t_callout, fire, timed);
}

static void
end_callout(void)
{

	kern_fini();
}

static void
callout_sets(void *arg __unused)
{

	callout_schedule(&timed->t_callout, 0);
	(void)callout_halt(&timed->t_callout, NULL);
	callout_destroy(&timed->t_callout);
	kmem_free(timed, sizeof(*timed));
}

static void
callout_sets_again(void *arg)
{

	timed->t_again = true;
	callout_sets(arg);
}

/* Somebody who keeps the softclock busy. */
static void
other_fire(void *arg __unused)
{
}

static void
callout_other(void *arg __unused)
{
	callout_t c;

	callout_init(&c, CALLOUT_MPSAFE);
	callout_reset(&c, 0, other_fire, NULL);
	(void)callout_halt(&c, NULL);
	callout_destroy(&c);
}

/* ---- soft interrupts ------------------------------------------------ */

static void *si_again, *si_other;
static bool si_ended;
static u_int si_runs;

static void
si_fire(void *arg __unused)
{

	SCHED_CHECK(!si_ended);
	if (si_runs++ == 0)
		softint_schedule(si_again);
}

static void
setup_softint(void)
{

	kern_init();
	si_ended = false;
	si_runs = 0;
	si_again = softint_establish(SOFTINT_SERIAL | SOFTINT_MPSAFE, si_fire,
	    NULL);
	si_other = softint_establish(SOFTINT_SERIAL | SOFTINT_MPSAFE,
	    other_fire, NULL);
}

static void
softint_ends(void *arg __unused)
{

	softint_schedule(si_again);
	softint_disestablish(si_again);
	si_ended = true;
}

static void
softint_other(void *arg __unused)
{

	softint_schedule(si_other);
}

static void
end_softint(void)
{

	softint_disestablish(si_other);
	kern_fini();
}

/* ---- select --------------------------------------------------------- */

struct queue {
	kmutex_t	q_lock;
	struct selinfo	q_sel;
	bool		q_full;
};
static struct queue *queue;
static struct selpoller poller;
static u_int wakes, waits;

static void
wake(void *arg __unused)
{

	wakes++;
}

static void
setup_select(void)
{

	kern_init();
	queue = kmem_zalloc(sizeof(*queue), KM_SLEEP);
	mutex_init(&queue->q_lock, MUTEX_DEFAULT, IPL_NONE);
	selinit(&queue->q_sel);
	selpoller_init(&poller, wake, NULL);
	wakes = waits = 0;
}

static void
end_select(void)
{

	/* Who was told to wait has been told to come back. */
	SCHED_CHECK(waits == 0 || wakes > 0);
	selpoller_destroy(&poller);
	seldestroy(&queue->q_sel);
	kmem_free(queue, sizeof(*queue));
	kern_fini();
}

static void
polls(void *arg __unused)
{

	curlwp->l_poller = &poller;
	mutex_enter(&queue->q_lock);
	if (!queue->q_full) {
		selrecord(curlwp, &queue->q_sel);
		waits++;
	}
	mutex_exit(&queue->q_lock);
	curlwp->l_poller = NULL;
}

static void
fills(void *arg __unused)
{

	mutex_enter(&queue->q_lock);
	queue->q_full = true;
	selnotify(&queue->q_sel, 0, 0);
	mutex_exit(&queue->q_lock);
}

/* The file is closed while the driver notifies. */
static void
polls_and_ends(void *arg)
{

	polls(arg);
	selpoller_destroy(&poller);
	selpoller_init(&poller, wake, NULL);
	waits = 0;
}

/* ---- kqueue filters as poll ------------------------------------------ */

static void
queue_detach(struct knote *kn)
{

	mutex_enter(&queue->q_lock);
	selremove_knote(&queue->q_sel, kn);
	mutex_exit(&queue->q_lock);
}

static int
queue_event(struct knote *kn __unused, long hint __unused)
{
	bool full;

	mutex_enter(&queue->q_lock);
	full = queue->q_full;
	mutex_exit(&queue->q_lock);
	return full;
}

static const struct filterops queue_filtops = {
	.f_flags = FILTEROP_ISFD | FILTEROP_MPSAFE,
	.f_detach = queue_detach,
	.f_event = queue_event,
};

static int
queue_kqfilter(void *cookie __unused, struct knote *kn)
{

	kn->kn_fop = &queue_filtops;
	mutex_enter(&queue->q_lock);
	selrecord_knote(&queue->q_sel, kn);
	mutex_exit(&queue->q_lock);
	return 0;
}

static void
polls_filter(void *arg __unused)
{

	curlwp->l_poller = &poller;
	if (knote_poll(queue_kqfilter, NULL, POLLIN, curlwp) == 0)
		waits++;
	curlwp->l_poller = NULL;
}

/* ---- tsleep --------------------------------------------------------- */

static bool ready;		/* kernel lock */
static int slept;

static void
setup_tsleep(void)
{

	kern_init();
	ready = false;
	slept = -1;
}

static void
end_tsleep(void)
{

	/* It has waited for what is there, or as long as it wanted to. */
	SCHED_CHECK(slept == 0 || slept == EWOULDBLOCK);
	kern_fini();
}

/* As a driver of before condvar(9) does it: no mutex. */
static void
sleeps(void *arg)
{
	const int timo = arg != NULL ? 100 : 0;
	int error = 0;

	KERNEL_LOCK(1, curlwp);
	while (!ready && error == 0)
		error = tsleep(&ready, PZERO, "ready", timo);
	SCHED_CHECK(ready || (timo > 0 && error == EWOULDBLOCK));
	slept = error;
	KERNEL_UNLOCK_ONE(curlwp);
}

static void
wakes_it(void *arg)
{

	if (arg != NULL)
		sched_elapse(200 * 1000 * 1000);
	KERNEL_LOCK(1, curlwp);
	ready = true;
	wakeup(&ready);
	KERNEL_UNLOCK_ONE(curlwp);
}

/* Of somebody else, and with the lock: wakes nobody. */
static void
wakes_another(void *arg __unused)
{

	wakeup(&slept);
}

#define	ACTORS(name, ...)						\
	static const struct sched_actor name[] = {			\
		__VA_ARGS__, { NULL, NULL, NULL }			\
	}

ACTORS(use_drain, { "A", count_use, NULL }, { "drain", count_drain, NULL });
ACTORS(two_uses_drain, { "A", count_use, NULL }, { "B", count_use, NULL },
    { "drain", count_drain, NULL });
/* In this order A's first reference is in the second slot, see st_cpu. */
ACTORS(twice_drain, { "drain", count_drain, NULL },
    { "A", count_use_twice, NULL });
ACTORS(halt, { "halt", callout_sets, NULL });
ACTORS(halt_again, { "halt", callout_sets_again, NULL });
ACTORS(halt_other, { "halt", callout_sets, NULL },
    { "other", callout_other, NULL });
ACTORS(softint_two, { "ends", softint_ends, NULL },
    { "other", softint_other, NULL });
ACTORS(poll_fill, { "poll", polls, NULL }, { "fill", fills, NULL });
ACTORS(knote_fill, { "poll", polls_filter, NULL }, { "fill", fills, NULL });
ACTORS(poll_end_fill, { "poll", polls_and_ends, NULL },
    { "fill", fills, NULL });

ACTORS(tsleep_wake, { "sleep", sleeps, NULL }, { "wake", wakes_it, NULL },
    { "other", wakes_another, NULL });
ACTORS(tsleep_time, { "sleep", sleeps, &ready }, { "wake", wakes_it, &ready });

extern const struct sched_litmus l_kern[];
const struct sched_litmus l_kern[] = {
	{ "count_drain", "a reference against the drain: freed after it",
	    setup_count, use_drain, end_count },
	{ "two_counts_drain", "two references against the drain",
	    setup_count, two_uses_drain, end_count },
	{ "count_twice_drain", "a reference that moves during the sum",
	    setup_count, twice_drain, end_count },
	{ "callout_halt", "a callout that is halted, and freed",
	    setup_callout, halt, end_callout },
	{ "callout_halt_again", "one that schedules itself again",
	    setup_callout, halt_again, end_callout },
	{ "callout_halt_other", "one beside another one",
	    setup_callout, halt_other, end_callout },
	{ "softint_end", "a soft interrupt that schedules itself, and its end",
	    setup_softint, softint_two, end_softint },
	{ "poll_notify", "a poll against a notification: no lost wake-up",
	    setup_select, poll_fill, end_select },
	{ "knote_notify", "a poll by filters against one: the same",
	    setup_select, knote_fill, end_select },
	{ "poll_end_notify", "a file that ends against a notification",
	    setup_select, poll_end_fill, end_select },
	{ "tsleep_wakeup", "a tsleep under the kernel lock: no lost wake-up",
	    setup_tsleep, tsleep_wake, end_tsleep },
	{ "tsleep_deadline", "its deadline against its wake-up",
	    setup_tsleep, tsleep_time, end_tsleep },
	{ NULL, NULL, NULL, NULL, NULL },
};
