/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_lockdebug.c - options LOCKDEBUG: what is wrong is a panic that says what
 * and where, and what is right is none.
 *
 * Each case runs in a process of its own, so that the orders of one are not
 * known to another.
 */
#include <sys/callout.h>
#include <sys/condvar.h>
#include <sys/kmem.h>
#include <sys/kthread.h>
#include <sys/lwp.h>
#include <sys/mutex.h>
#include <sys/param.h>
#include <sys/systm.h>

#include <hyp/hyp_node.h>

#include "h_test.h"
#include "kern/h_panic.h"

static kmutex_t a, b, c, d;
static kmutex_t fixed = MUTEX_INITIALIZER(fixed);
static kcondvar_t cv;

/* An array has one class. */
static kmutex_t many[2];

static void
make(void)
{

	mutex_init(&a, MUTEX_DEFAULT, IPL_NONE);
	mutex_init(&b, MUTEX_DEFAULT, IPL_NONE);
	mutex_init(&c, MUTEX_DEFAULT, IPL_NONE);
	mutex_init(&d, MUTEX_DEFAULT, IPL_NONE);
	for (u_int i = 0; i < 2; i++)
		mutex_init(&many[i], MUTEX_DEFAULT, IPL_NONE);
	cv_init(&cv, "test");
}

static void
pair(kmutex_t *first, kmutex_t *second)
{

	mutex_enter(first);
	mutex_enter(second);
	mutex_exit(second);
	mutex_exit(first);
}

static bool
contains(const char *text, const char *part)
{
	const size_t len = strlen(part);

	for (; *text != '\0'; text++) {
		if (strncmp(text, part, len) == 0)
			return true;
	}
	return false;
}

/* func panics, and says all of these, up to a NULL. */
static void
panics(void (*func)(void), const char *const *parts)
{
	char text[2048];

	T_CHECK(h_panics(func, text, sizeof(text)));
	for (; *parts != NULL; parts++) {
		if (!contains(text, *parts))
			t_fail(__FILE__, __LINE__, "no \"%s\" in: %s", *parts,
			    text);
	}
}
#define	PANICS(func, ...)						\
	panics(func, (const char *const []) { __VA_ARGS__, NULL })

static void
quiet(void (*func)(void))
{
	char text[2048];

	if (h_panics(func, text, sizeof(text)))
		t_fail(__FILE__, __LINE__, "it says: %s", text);
}

/* ---- the order ------------------------------------------------------ */

static void
take_ab(void *arg __unused)
{

	mutex_enter(&a);
	mutex_enter(&b);	/* the first half */
	mutex_exit(&b);
	mutex_exit(&a);
}

static void
inversion(void)
{

	make();
	t_join(t_spawn(take_ab, NULL));	/* no deadlock: it is over */
	mutex_enter(&b);
	mutex_enter(&a);
}

static void
t_inversion(void)
{

	PANICS(inversion, "lockdebug: lock order: a (tests/kern/t_lockdebug.c:",
	    " wanted at tests/kern/t_lockdebug.c:", "; held: b (",
	    " taken at ", "; but seen before: a taken at tests/kern/",
	    ", then b wanted at tests/kern/");
}

static void
circle(void)
{

	make();
	pair(&a, &b);
	pair(&b, &c);
	pair(&c, &d);
	mutex_enter(&d);
	mutex_enter(&a);
}

static void
t_circle(void)
{

	PANICS(circle, "lock order: a (", "; held: d (", "before: a taken at ",
	    ", then b wanted at ", "; b taken at ", ", then c wanted at ",
	    "; c taken at ", ", then d wanted at ");
}

/* What is held below the newest counts, too. */
static void
below(void)
{

	make();
	pair(&b, &a);
	mutex_enter(&a);
	if (mutex_tryenter(&c))	/* which is not after a by that */
		mutex_enter(&b);
}

static void
t_below(void)
{

	PANICS(below, "lock order: b (", "; held: a (", ", c (",
	    "before: b taken at ", ", then a wanted at ");
}

static void
same(void)
{

	make();
	pair(&many[0], &many[1]);
}

static void
again(void)
{

	make();
	pair(&a, &a);
}

static void
t_same(void)
{

	PANICS(same, "two mutexes of one class: many[i] (",
	    "; held: many[i] (");
	PANICS(again, "locked against itself: a (", "; held: a (");
}

static void
static_order(void)
{

	make();
	pair(&a, &fixed);
	pair(&fixed, &a);
}

static void
t_static(void)
{

	PANICS(static_order, "lock order: a (", "; held: fixed (");
}

static void
try_first(void)
{

	make();
	pair(&a, &b);
	mutex_enter(&b);
	if (mutex_tryenter(&a)) {	/* waits for nobody: no order */
		mutex_exit(&a);
		mutex_exit(&b);
	}
	pair(&a, &b);
}

static void
try_then(void)
{

	make();
	pair(&c, &a);
	if (mutex_tryenter(&a))
		mutex_enter(&c);	/* but this waits */
}

static void
t_try(void)
{

	quiet(try_first);
	PANICS(try_then, "lock order: c (", "; held: a (");
}

static void
consistent(void)
{

	make();
	for (u_int i = 0; i < 3; i++) {
		pair(&a, &b);
		pair(&b, &c);
		pair(&a, &c);
		pair(&b, &many[i % 2]);
		mutex_enter(&a);
		mutex_enter(&b);
		mutex_exit(&a);		/* not the last one first */
		mutex_enter(&c);
		mutex_exit(&b);
		mutex_exit(&c);
	}
	mutex_destroy(&a);
	mutex_init(&a, MUTEX_DEFAULT, IPL_NONE);	/* another class */
	pair(&b, &a);
}

static void
nodebug(void)
{
	kmutex_t n;

	make();
	mutex_init(&n, MUTEX_NODEBUG, IPL_NONE);
	pair(&a, &n);
	pair(&n, &a);
	mutex_destroy(&n);
}

static void
t_consistent(void)
{

	quiet(consistent);
	quiet(nodebug);
}

static void
destroyed(void)
{

	make();
	mutex_destroy(&a);
	mutex_enter(&a);
}

static void
freed(void)
{
	kmutex_t *m = kmem_alloc(sizeof(*m), KM_SLEEP);

	mutex_init(m, MUTEX_DEFAULT, IPL_NONE);
	mutex_enter(m);
	kmem_free(m, sizeof(*m));
}

static void
t_life(void)
{

	PANICS(destroyed, "is not initialised, or destroyed");
	PANICS(freed, "kmem_free of a mutex", "; held: m (");
}

/* ---- sleeps --------------------------------------------------------- */

static void
wait_two(void)
{

	make();
	mutex_enter(&a);
	mutex_enter(&b);
	(void)cv_timedwait(&cv, &b, 1);
}

static void
wait_interrupted(void)
{

	make();
	mutex_enter(&a);
	mutex_enter(&b);
	lwp_intr_post(curlwp);	/* it would not sleep */
	(void)cv_wait_sig(&cv, &b);
}

static void
pause_one(void)
{

	make();
	mutex_enter(&a);
	(void)kpause("test", false, 1, NULL);
}

static void
wait_one(void)
{

	make();
	KERNEL_LOCK(1, curlwp);
	mutex_enter(&a);
	(void)cv_timedwait(&cv, &a, 1);
	pair(&b, &c);
	mutex_exit(&a);
	ASSERT_SLEEPABLE();
	(void)kpause("test", false, 1, NULL);
	KERNEL_UNLOCK_ONE(curlwp);
}

/* After a wait a mutex is still known by where it was taken. */
static void
wait_then(void)
{

	make();
	pair(&b, &a);
	mutex_enter(&a);
	(void)cv_timedwait(&cv, &a, 1);
	mutex_enter(&b);
}

static void
t_wait(void)
{

	PANICS(wait_two, "sleep (test) at ", "; held: a (", ", b (");
	PANICS(wait_interrupted, "sleep (test) at ", "; held: a (", ", b (");
	PANICS(pause_one, "sleep (test) at ", "; held: a (");
	PANICS(wait_then, "lock order: b (",
	    " taken at tests/kern/t_lockdebug.c:");
	quiet(wait_one);
}

static void
nothing(void *arg __unused)
{
}

static void
join_one(void)
{
	struct kthread *kt;

	make();
	if (kthread_create(PRI_NONE, KTHREAD_MPSAFE | KTHREAD_MUSTJOIN, NULL,
	    nothing, NULL, &kt, "test") != 0)
		return;
	mutex_enter(&a);
	(void)kthread_join(kt);
}

static void
halt_one(void)
{
	callout_t co;

	make();
	kern_init();
	callout_init(&co, CALLOUT_MPSAFE);
	mutex_enter(&a);
	mutex_enter(&b);
	(void)callout_halt(&co, &b);	/* which has nothing to wait for */
}

static void
assert_one(void)
{

	make();
	mutex_enter(&a);
	ASSERT_SLEEPABLE();
}

static void
biglock_last(void)
{

	make();
	mutex_enter(&a);
	KERNEL_LOCK(1, curlwp);		/* never seen before */
}

static void
t_sleepable(void)
{

	PANICS(join_one, "hyp_thread_join at ", "; held: a (");
	PANICS(halt_one, "sleep (callout_halt) at ", "; held: a (", ", b (");
	PANICS(assert_one, "sleep (assert_one) at tests/kern/", "; held: a (");
	PANICS(biglock_last, "kernel_lock at ", "; held: a (");
}

/* ---- ends ----------------------------------------------------------- */

static void
keep(void *arg __unused)
{

	mutex_enter(&a);
}

static void
exit_one(void)
{
	struct kthread *kt;

	make();
	if (kthread_create(PRI_NONE, KTHREAD_MPSAFE | KTHREAD_MUSTJOIN, NULL,
	    keep, NULL, &kt, "test") == 0)
		(void)kthread_join(kt);
}

static void
upcall_one(void)
{
	static const struct hyp_cred cred;
	struct hyp_lwp *const l = hyp_lwp_enter(&cred);

	make();
	mutex_enter(&a);
	hyp_lwp_exit(l);
}

static void
t_ends(void)
{

	PANICS(exit_one, "the end of a kthread at ", "; held: a (");
	PANICS(upcall_one, "hyp_lwp_exit at ", "; held: a (");
}

static void
return_one(void)
{

	make();
	mutex_enter(&a);
	LOCKDEBUG_RETURN("d_read");
}

static void
return_biglock(void)
{

	make();
	kernel_lock(1);
	LOCKDEBUG_RETURN("d_read");
	mutex_enter(&a);
	LOCKDEBUG_RETURN("d_write");
}

static void
t_returns(void)
{

	LOCKDEBUG_RETURN("d_open");
	PANICS(return_one, "lockdebug: d_read has returned with a lock held; "
	    "held: a (", " taken at tests/kern/t_lockdebug.c:");
	PANICS(return_biglock, "d_write has returned with a lock held; held: ",
	    ", a (");
}

/* ---- callouts, softints --------------------------------------------- */

#define	SOFT_MS	60000		/* only waited for if nothing is found */

static void
sleeps(void *arg __unused)
{

	(void)kpause("test", false, 1, NULL);
}

static void
soft_sleeps(void)
{
	callout_t co;

	kern_init();
	callout_init(&co, CALLOUT_MPSAFE);
	callout_reset(&co, 0, sleeps, NULL);
	t_msleep(SOFT_MS);
}

static void
soft_keeps(void)
{

	make();
	kern_init();
	softint_schedule(softint_establish(SOFTINT_CLOCK | SOFTINT_MPSAFE,
	    keep, NULL));
	t_msleep(SOFT_MS);
}

static void
soft_left(void)
{
	callout_t *co = kmem_zalloc(sizeof(*co), KM_SLEEP);

	kern_init();
	callout_init(co, CALLOUT_MPSAFE);
	callout_reset(co, SOFT_MS, nothing, NULL);
	LOCKDEBUG_SOFTC(co, sizeof(*co));
}

static void
soft_right(void)
{
	callout_t co[2];

	kern_init();
	for (u_int i = 0; i < 2; i++)
		callout_init(&co[i], CALLOUT_MPSAFE);
	callout_reset(&co[0], SOFT_MS, nothing, NULL);
	LOCKDEBUG_SOFTC(&co[1], sizeof(co[1]));
	callout_halt(&co[0], NULL);
	LOCKDEBUG_SOFTC(co, sizeof(co));
}

static void
t_soft(void)
{

	PANICS(soft_sleeps, "lockdebug: sleep (test) in a callout");
	PANICS(soft_keeps, "lockdebug: a softint has returned with a lock "
	    "held; held: a (");
	PANICS(soft_left, "lockdebug: detach has left a callout, of 0x");
	quiet(soft_right);
}

/* ---- spin mutexes, which only a module has ---------------------------- */

static struct lockdebug_class spin_class = {
	.lc_name = "spin", .lc_site = "spin.c:1", .lc_module = true };
static struct lockdebug_class adaptive_class = {
	.lc_name = "adaptive", .lc_site = "spin.c:2", .lc_module = true };

static void
make_spin(void)
{

	make();
	lockdebug_mutex_init(&a, MUTEX_DEFAULT, IPL_VM, &spin_class);
	lockdebug_mutex_init(&b, MUTEX_DEFAULT, IPL_SOFTUSB, &adaptive_class);
}

static void
spin_takes(void)
{

	make_spin();
	pair(&a, &b);
}

static void
spin_allocates(void)
{

	make_spin();
	mutex_enter(&a);
	lockdebug_alloc(true, "spin.c:3");
}

/* What of this system is taken under a driver's spin mutex is its own. */
static void
spin_right(void)
{

	make_spin();
	pair(&b, &a);
	pair(&a, &c);
	mutex_enter(&a);
	lockdebug_alloc(false, "spin.c:4");
	(void)cv_timedwait(&cv, &a, 1);
	mutex_exit(&a);
}

static void
t_spin(void)
{

	PANICS(spin_takes, "an adaptive mutex under a spin mutex: adaptive (",
	    "; held: spin (spin.c:1) taken at ", ", a spin mutex");
	PANICS(spin_allocates, "sleep (KM_SLEEP) at spin.c:3 with a lock held"
	    "; held: spin (");
	quiet(spin_right);
}

const struct t_case t_cases[] = {
	{ "two mutexes in both orders", t_inversion },
	{ "a circle of four", t_circle },
	{ "a mutex that is held below another one counts", t_below },
	{ "two mutexes of one class, and one twice", t_same },
	{ "a static mutex has a class", t_static },
	{ "mutex_tryenter makes no order to what it takes", t_try },
	{ "what is in order is not complained about", t_consistent },
	{ "no use before init or after destroy; not freed while held",
	    t_life },
	{ "a sleep with another mutex held", t_wait },
	{ "a wait for a thread or callout with a mutex held", t_sleepable },
	{ "the end of a thread or up-call with a mutex held", t_ends },
	{ "a driver's function that returns with one held, but for the kernel "
	    "lock", t_returns },
	{ "a callout that sleeps, one that keeps a mutex, one that is left",
	    t_soft },
	{ "a spin mutex, and an adaptive one or KM_SLEEP under it", t_spin },
	{ NULL, NULL }
};
