/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_autoconf.c - autoconf(9): matching, units, and device references
 * against attach and detach (the opendetach series of 2022: references are
 * drained before a softc is freed, lookups wait for attach and detach and
 * fail at once after config_detach_commit).
 */
#include <sys/atomic.h>
#include <sys/condvar.h>
#include <sys/device.h>
#include <sys/errno.h>
#include <sys/kmem.h>
#include <sys/lwp.h>
#include <sys/systm.h>

#include "h_test.h"

struct bus_softc { u_int bs_gone; };
struct leaf_softc { u_int ls_magic; };

static int bus_match(device_t, cfdata_t, void *);
static void bus_attach(device_t, device_t, void *);
static int bus_detach(device_t, int);
static void bus_childdet(device_t, device_t);
static int leaf_match(device_t, cfdata_t, void *);
static void leaf_attach(device_t, device_t, void *);
static int leaf_detach(device_t, int);

static const char *const bus_attrs[] = { "busattr", NULL };
static CFDRIVER_DECL(bus, DV_BUS, bus_attrs);
static CFDRIVER_DECL(leaf, DV_DULL, NULL);
static CFATTACH_DECL2_NEW(bus, sizeof(struct bus_softc), bus_match,
    bus_attach, bus_detach, NULL, NULL, bus_childdet);
static CFATTACH_DECL_NEW(leaf, sizeof(struct leaf_softc), leaf_match,
    leaf_attach, leaf_detach, NULL);

static struct cfdriver *const drivers[] = { &bus_cd, &leaf_cd, NULL };
static struct cfattach *const bus_cas[] = { &bus_ca, NULL };
static struct cfattach *const leaf_cas[] = { &leaf_ca, NULL };
static const struct cfattachinit attaches[] = {
	{ "bus", bus_cas }, { "leaf", leaf_cas }, { NULL, NULL },
};
static const struct cfparent bus_parent = { "busattr", "bus", -1 };
/* At any bus that has it, and none has; it would match best. */
static const struct cfparent other_parent = { "otherattr", NULL, -1 };
static struct cfdata table[] = {
	{ "bus", "bus", FSTATE_STAR, NULL, 0, NULL },
	{ "other", "leaf", FSTATE_STAR, NULL, 0, &other_parent },
	{ "leaf", "leaf", FSTATE_STAR, NULL, 0, &bus_parent },
	{ NULL, NULL, 0, NULL, 0, NULL },
};

static kmutex_t lock;
static kcondvar_t cv;
static bool attach_holds, attach_inside, detach_holds, detach_inside;
static bool childdet_holds, childdet_inside;	/* the same of ca_childdetached */
static bool detach_commits;
static int detach_error;
static bool attach_detaches, detach_detaches;
static int own_errors[2];			/* of that: itself, its parent */
static u_int locked_calls, unlocked_calls;	/* atomic */
static device_t root;

static void
look_for_lock(void)
{

	atomic_inc_uint(KERNEL_LOCKED_P() ? &locked_calls : &unlocked_calls);
}

static int
bus_match(device_t parent __unused, cfdata_t cf __unused, void *aux __unused)
{

	return 1;
}

static void
bus_attach(device_t parent __unused, device_t self __unused,
    void *aux __unused)
{

	aprint_normal(": a bus\n");
}

static int
bus_detach(device_t self, int flags)
{

	return config_detach_children(self, flags);
}

/* Stay here until told otherwise. */
static void
hold(bool *holds, bool *inside)
{

	mutex_enter(&lock);
	*inside = true;
	cv_broadcast(&cv);
	while (*holds)
		cv_wait(&cv, &lock);
	*inside = false;
	mutex_exit(&lock);
}

static void
bus_childdet(device_t self, device_t child __unused)
{
	struct bus_softc *bs = device_private(self);

	look_for_lock();
	hold(&childdet_holds, &childdet_inside);
	atomic_inc_uint(&bs->bs_gone);
}

static int
leaf_match(device_t parent __unused, cfdata_t cf __unused, void *aux)
{

	look_for_lock();
	return *(int *)aux;
}

static void
leaf_attach(device_t parent, device_t self, void *aux __unused)
{
	struct leaf_softc *ls = device_private(self);

	look_for_lock();
	aprint_normal(": a leaf\n");
	if (attach_detaches) {
		own_errors[0] = config_detach(self, DETACH_FORCE);
		own_errors[1] = config_detach(parent, DETACH_FORCE);
	}
	hold(&attach_holds, &attach_inside);
	ls->ls_magic = 0x1eaf;
}

static int
leaf_detach(device_t self, int flags __unused)
{

	look_for_lock();
	if (detach_detaches) {
		own_errors[0] = config_detach(self, DETACH_FORCE);
		own_errors[1] = config_detach(device_parent(self),
		    DETACH_FORCE);
	}
	if (detach_commits)
		config_detach_commit(self);
	hold(&detach_holds, &detach_inside);
	return detach_error;
}

static void
setup(void)
{

	kern_init();
	mutex_init(&lock, MUTEX_DEFAULT, IPL_NONE);
	cv_init(&cv, "test");
	attach_holds = detach_holds = detach_commits = false;
	attach_detaches = detach_detaches = false;
	attach_inside = detach_inside = false;
	childdet_holds = childdet_inside = false;
	detach_error = 0;
	config_init();
	T_EQ(config_init_component(drivers, attaches, table), 0);
	root = config_rootfound("bus", NULL);
	T_CHECK(root != NULL);
}

static void
teardown(void)
{
	u_int pieces;

	T_EQ(config_detach(root, 0), 0);
	T_EQ(config_fini_component(drivers, attaches, table), 0);
	kern_fini();
	T_EQ(kmem_inuse(&pieces), 0);
	T_EQ(pieces, 0);
}

static device_t
add(void)
{
	int score = 10;

	return config_found(root, &score, NULL, CFARGS(.iattr = "busattr"));
}

static void
set(bool *flag, bool v)
{

	mutex_enter(&lock);
	*flag = v;
	cv_broadcast(&cv);
	mutex_exit(&lock);
}

static int
is_set(void *arg)
{
	bool v;

	mutex_enter(&lock);
	v = *(bool *)arg;
	mutex_exit(&lock);
	return v;
}

static void
matching(void)
{
	int score = 0;

	setup();
	T_CHECK(config_found(root, &score, NULL,
	    CFARGS(.iattr = "busattr")) == NULL);
	score = 1;
	T_CHECK(config_found(root, &score, NULL,
	    CFARGS(.iattr = "other")) == NULL);
	T_CHECK(add() != NULL);
	T_CHECK(device_lookup(&leaf_cd, 0) != NULL);
	T_CHECK(device_lookup(&leaf_cd, 1) == NULL);
	T_CHECK(device_lookup(&leaf_cd, -1) == NULL);
	T_EQ(config_fini_component(drivers, attaches, table), EBUSY);
	teardown();
}

static void
units(void)
{
	device_t d[3];

	setup();
	for (u_int i = 0; i < 3; i++) {
		d[i] = add();
		T_EQ(device_unit(d[i]), i);
	}
	T_EQ(config_detach(d[1], DETACH_FORCE), 0);
	d[1] = add();
	T_EQ(device_unit(d[1]), 1);
	T_CHECK(strcmp(device_xname(d[1]), "leaf1") == 0);
	T_EQ(((struct bus_softc *)device_private(root))->bs_gone, 1);
	teardown();
}

static void
pin(device_t dev, const char *driver, int unit, int iface, int part)
{
	struct cfpin cp = { "", unit, iface, part };
	const struct cfpins pins = { &cp, 1 };

	strlcpy(cp.cp_driver, driver, sizeof(cp.cp_driver));
	config_unit_pin(dev, &pins);
}

/* A leaf at this interface, with a locator if part is not -1. */
static device_t
add_at(int iface, int part)
{
	int score = 1;

	return config_found(root, &score, NULL, CFARGS(.iattr = "busattr",
	    .locators = part != -1 ? &part : NULL,
	    .place = &(const struct cfplace){ "1-1", iface }));
}

static void
pinned_each(void)
{
	/* What counts before is first: those that say most, mostly. */
	static const struct cfpin pin[] = {
		{ "leaf", 9, 1, 7 },
		{ "leaf", 8, 1, -1 },
		{ "bus", 12, -1, -1 },
		{ "leaf", 7, 0, -1 },
		{ "leaf", 6, -1, 3 },
		{ "leaf", 5, -1, -1 },
	};
	const struct cfpins pins = { pin, 6 };
	device_t d;

	setup();
	for (int unit = 5; unit <= 12; unit++)
		T_EQ(config_unit_reserve("leaf", unit), 0);
	config_unit_pin(root, &pins);
	/* In whichever order they come. */
	T_EQ(device_unit(d = add_at(1, 7)), 9);
	T_EQ(device_part(d), 7);
	T_EQ(config_detach(d, DETACH_FORCE), 0);
	T_EQ(device_unit(add_at(0, -1)), 7);
	T_EQ(device_unit(add_at(1, -1)), 8);
	T_EQ(device_unit(add_at(1, 7)), 9);
	T_EQ(device_unit(add_at(2, 3)), 6);
	/* The one for any is the first's that has none of its own. */
	T_EQ(device_unit(add_at(2, 4)), 5);
	T_EQ(device_unit(d = add_at(3, -1)), 0);
	T_EQ(device_part(d), -1);
	/* Whose unit is in use gets no other's but that. */
	T_EQ(device_unit(add_at(0, -1)), 1);
	teardown();
}

static void
pinned(void)
{
	device_t d;

	setup();
	T_EQ(config_unit_reserve("leaf", 0), 0);
	T_EQ(config_unit_reserve("leaf", 0), EEXIST);
	T_EQ(config_unit_reserve("leaf", 40), 0);
	T_EQ(config_unit_reserve("leaf", -1), EINVAL);
	T_EQ(config_unit_reserve("nobody", 0), EINVAL);
	/* 0 is kept for somebody else. */
	T_EQ(device_unit(add()), 1);
	/* Another driver's 40 is not theirs, and there is no -1. */
	pin(root, "bus", 40, -1, -1);
	T_EQ(device_unit(d = add()), 2);
	T_EQ(config_detach(d, DETACH_FORCE), 0);
	pin(root, "", -1, -1, -1);
	T_EQ(device_unit(d = add()), 2);
	T_EQ(config_detach(d, DETACH_FORCE), 0);
	pin(root, "", 40, -1, -1);
	T_EQ(device_unit(d = add()), 40);
	T_EQ(config_detach(d, DETACH_FORCE), 0);
	pin(root, "nobody", 40, -1, -1);
	T_EQ(device_unit(d = add()), 2);
	T_EQ(config_detach(d, DETACH_FORCE), 0);
	pin(root, "leaf", 40, -1, -1);
	d = add();
	T_EQ(device_unit(d), 40);
	/* The wish cannot be had twice: next free. */
	T_EQ(device_unit(add()), 2);
	T_EQ(config_detach(d, DETACH_FORCE), 0);
	T_EQ(device_unit(add()), 40);
	/* Kept no more. */
	config_unit_release("leaf", 0);
	config_unit_release("leaf", 0);
	config_unit_release("leaf", -1);
	config_unit_release("leaf", 5000);
	config_unit_release("nobody", 0);
	T_EQ(device_unit(add()), 0);
	teardown();
}

/* A driver with nodes may sit on a bus itself: what comes with it is its own. */
static void
pinned_itself(void)
{
	static const struct cfpin pin[] = {
		{ "bus", 4, -1, -1 },
		{ "leaf", 40, -1, -1 },
	};
	const struct cfpins pins = { pin, 2 };
	int score = 1;
	device_t d;

	setup();
	T_EQ(config_unit_reserve("leaf", 40), 0);
	d = config_found(root, &score, NULL, CFARGS(.iattr = "busattr",
	    .pins = &pins));
	T_EQ(device_unit(d), 40);
	/* Nobody else's. */
	T_EQ(device_unit(add()), 0);
	T_EQ(config_detach(d, DETACH_FORCE), 0);
	T_EQ(device_unit(add()), 1);
	teardown();
}

/* A device says how many children it has; units are a table. */
static void
no_unit_left(void)
{
	device_t d[3];

	setup();
	for (int unit = 1; unit < CONFIG_UNITS - 1; unit++)
		T_EQ(config_unit_reserve("leaf", unit), 0);
	T_EQ(device_unit(d[0] = add()), 0);
	T_EQ(device_unit(d[1] = add()), CONFIG_UNITS - 1);
	T_CHECK(add() == NULL);
	T_CHECK(add() == NULL);
	T_EQ(config_detach(d[1], DETACH_FORCE), 0);
	T_EQ(device_unit(d[2] = add()), CONFIG_UNITS - 1);
	T_CHECK(device_lookup(&leaf_cd, CONFIG_UNITS - 1) == d[2]);
	teardown();
}

struct looker {
	device_t	lk_dev;
	bool		lk_done;
	struct lwp	*lk_lwp;
};

static void
look(void *arg)
{
	struct looker *lk = arg;
	device_t dev;

	mutex_enter(&lock);
	lk->lk_lwp = curlwp;
	mutex_exit(&lock);
	dev = device_lookup_acquire(&leaf_cd, 0);
	mutex_enter(&lock);
	lk->lk_dev = dev;
	lk->lk_done = true;
	mutex_exit(&lock);
}

static void
add_thread(void *arg)
{

	*(device_t *)arg = add();
}

static void
detach_thread(void *arg)
{

	*(int *)arg = config_detach(device_lookup(&leaf_cd, 0), 0);
}

static int
sleeps_in_config(void *arg)
{
	struct looker *lk = arg;
	const char *wmesg;

	mutex_enter(&lock);
	wmesg = lk->lk_lwp == NULL ? NULL :
	    atomic_load_relaxed(&lk->lk_lwp->l_wmesg);
	mutex_exit(&lock);
	return wmesg != NULL && strcmp(wmesg, "config") == 0;
}

static void
lookup_waits_for_attach(void)
{
	struct looker lk = { .lk_done = false };
	struct t_thread *ta, *tl;
	device_t dev = NULL;

	setup();
	attach_holds = true;
	ta = t_spawn(add_thread, &dev);
	T_UNTIL(is_set, &attach_inside);
	tl = t_spawn(look, &lk);
	T_UNTIL(sleeps_in_config, &lk);
	T_CHECK(!is_set(&lk.lk_done));
	set(&attach_holds, false);
	t_join(ta);
	t_join(tl);
	T_CHECK(lk.lk_dev == dev);
	T_EQ(((struct leaf_softc *)device_private(dev))->ls_magic, 0x1eaf);
	device_release(dev);
	teardown();
}

static void
lookup_after_backout(void)
{
	struct looker lk = { .lk_done = false };
	struct t_thread *td, *tl;
	int error = -1;

	setup();
	(void)add();
	detach_holds = true;
	detach_error = EBUSY;
	td = t_spawn(detach_thread, &error);
	T_UNTIL(is_set, &detach_inside);
	tl = t_spawn(look, &lk);
	T_UNTIL(sleeps_in_config, &lk);
	T_CHECK(!is_set(&lk.lk_done));
	set(&detach_holds, false);
	t_join(td);
	t_join(tl);
	T_EQ(error, EBUSY);
	T_CHECK(lk.lk_dev != NULL);
	device_release(lk.lk_dev);
	detach_error = 0;
	teardown();
}

static void
lookup_after_commit(void)
{
	struct looker lk = { .lk_done = false };
	struct t_thread *td, *tl;
	int error = -1;

	setup();
	(void)add();
	detach_holds = detach_commits = true;
	td = t_spawn(detach_thread, &error);
	T_UNTIL(is_set, &detach_inside);
	/* The detach is still running: this must not wait for it. */
	tl = t_spawn(look, &lk);
	t_join(tl);
	T_CHECK(lk.lk_dev == NULL);
	T_CHECK(device_lookup(&leaf_cd, 0) != NULL);
	set(&detach_holds, false);
	t_join(td);
	T_EQ(error, 0);
	T_CHECK(device_lookup(&leaf_cd, 0) == NULL);
	teardown();
}

static void
commit_wakes_lookup(void)
{
	struct looker lk = { .lk_done = false };
	struct t_thread *td, *tl;
	int error = -1;

	setup();
	(void)add();
	detach_holds = true;
	td = t_spawn(detach_thread, &error);
	T_UNTIL(is_set, &detach_inside);
	tl = t_spawn(look, &lk);
	T_UNTIL(sleeps_in_config, &lk);
	set(&detach_holds, false);
	t_join(tl);
	t_join(td);
	T_CHECK(lk.lk_dev == NULL);
	T_EQ(error, 0);
	teardown();
}

static void
lookup_is_interruptible(void)
{
	struct looker lk = { .lk_done = false };
	struct t_thread *ta, *tl;
	device_t dev = NULL;

	setup();
	attach_holds = true;
	ta = t_spawn(add_thread, &dev);
	T_UNTIL(is_set, &attach_inside);
	tl = t_spawn(look, &lk);
	T_UNTIL(sleeps_in_config, &lk);
	lwp_intr_post(lk.lk_lwp);
	t_join(tl);
	T_CHECK(lk.lk_dev == NULL);
	set(&attach_holds, false);
	t_join(ta);
	teardown();
}

static bool released;

static void
release_soon(void *arg)
{

	t_msleep(20);
	set(&released, true);
	device_release(arg);
}

static void
detach_drains(void)
{
	struct t_thread *t;
	device_t dev;

	setup();
	released = false;
	(void)add();
	dev = device_lookup_acquire(&leaf_cd, 0);
	T_CHECK(dev != NULL);
	t = t_spawn(release_soon, dev);
	T_EQ(config_detach(dev, DETACH_FORCE), 0);
	T_CHECK(is_set(&released));
	t_join(t);
	teardown();
}

/* A driver's fault; else it would wait for itself, for ever. */
static void
detach_by_attach(void)
{
	device_t dev;

	setup();
	attach_detaches = true;
	dev = add();
	T_EQ(own_errors[0], EDEADLK);
	T_EQ(own_errors[1], EDEADLK);
	/* And nothing has happened. */
	T_CHECK(device_is_active(dev) && device_is_active(root));
	T_CHECK(device_lookup_acquire(&leaf_cd, 0) == dev);
	T_EQ(config_detach_release(dev, 0), 0);
	teardown();
}

/* The same in its detach, alone or in its parent's. */
static void
detach_by_detach(void)
{

	setup();
	detach_detaches = true;
	T_EQ(config_detach(add(), DETACH_FORCE), 0);
	T_EQ(own_errors[0], EDEADLK);
	T_EQ(own_errors[1], EDEADLK);
	T_CHECK(device_is_active(root));
	(void)add();
	own_errors[0] = own_errors[1] = 0;
	teardown();
	T_EQ(own_errors[0], EDEADLK);
	T_EQ(own_errors[1], EDEADLK);
}

/* Match, attach and detach of a leaf, and its parent is told. */
static void
count_calls(int flags)
{

	setup();
	bus_ca.ca_flags = leaf_ca.ca_flags = flags;
	locked_calls = unlocked_calls = 0;
	T_EQ(config_detach(add(), 0), 0);
	bus_ca.ca_flags = leaf_ca.ca_flags = 0;
	T_CHECK(!KERNEL_LOCKED_P());
	teardown();
}

/*
 * Rule: config_match, config_attach and config_detach call a driver under the
 * kernel lock (NetBSD), unless its attachment says that it need not.
 */
static void
kernel_locked(void)
{

	count_calls(0);
	T_EQ(locked_calls, 4);
	T_EQ(unlocked_calls, 0);
	count_calls(DVF_ATTACH_MPSAFE);
	T_EQ(locked_calls, 0);
	T_EQ(unlocked_calls, 4);
}

/*
 * Rule: what modules, loaded and unloaded in any order, can do to each other's
 * tables is refused, or finds nothing; none of it is asserted.
 */
static void
components(void)
{
	static struct cfattach more_ca = { .ca_name = "more",
	    .ca_match = leaf_match, .ca_attach = leaf_attach,
	    .ca_detach = leaf_detach };
	static struct cfattach stuck_ca = { .ca_name = "stuck",
	    .ca_match = leaf_match, .ca_attach = leaf_attach };
	static struct cfdriver late_cd = { .cd_name = "late" };
	static struct cfdriver *const none[] = { NULL };
	static struct cfdriver *const late[] = { &late_cd, NULL };
	static struct cfattach *const more[] = { &more_ca, &stuck_ca, NULL };
	static const struct cfattachinit no_attaches[] = { { NULL, NULL } };
	static const struct cfattachinit unknown[] = {
		{ "nobody", more }, { NULL, NULL }
	};
	static const struct cfattachinit leafs[] = {
		{ "leaf", more }, { NULL, NULL }
	};
	/* Rows whose attachments are another component's, or nobody's. */
	static struct cfdata rows[] = {
		{ "gone", "gone", FSTATE_STAR, NULL, 0, NULL },
		{ "leaf", "gone", FSTATE_STAR, NULL, 0, &bus_parent },
		{ "leaf", "stuck", FSTATE_STAR, NULL, 0, &bus_parent },
		{ NULL, NULL, 0, NULL, 0, NULL },
	};
	int score = 1;

	setup();
	T_EQ(config_init_component(late, unknown, rows), ENOENT);
	T_EQ(config_init_component(late, no_attaches, rows), 0);
	T_CHECK(config_rootfound("gone", NULL) == NULL);
	T_EQ(config_match(root, &rows[1], &score), 0);
	T_CHECK(add() != NULL);
	T_EQ(config_fini_component(late, no_attaches, rows), 0);

	T_EQ(config_init_component(none, leafs, rows), 0);
	/* Its unplug would be the end of the daemon. */
	T_CHECK(config_attach(root, &rows[2], &score, NULL, CFARGS_NONE) ==
	    NULL);
	T_EQ(config_detach(root, 0), 0);
	T_EQ(config_fini_component(drivers, attaches, table), EBUSY);
	T_EQ(config_fini_component(none, leafs, rows), 0);
	root = config_rootfound("bus", NULL);
	teardown();
}

struct detacher {
	struct looker	 de_looker;	/* who, for sleeps_in_config */
	device_t	 de_dev;
	int		 de_error;
};

/* As a parent's detach, which looks for its children itself. */
static void
detach_below(void *arg)
{
	struct detacher *de = arg;

	mutex_enter(&lock);
	de->de_looker.lk_lwp = curlwp;
	mutex_exit(&lock);
	de->de_error = config_detach_children(de->de_dev, 0);
}

static void
detach_it(void *arg)
{
	struct detacher *de = arg;

	mutex_enter(&lock);
	de->de_looker.lk_lwp = curlwp;
	mutex_exit(&lock);
	de->de_error = config_detach(de->de_dev, 0);
}

/*
 * Rule: who waits for another's detach finds the device gone, and in no freed
 * memory (NetBSD's config_detach: ENOENT).  sched: two_detaches.
 */
static void
two_detaches(void)
{
	struct detacher first = { .de_error = -1 }, second = first;
	struct t_thread *t1, *t2;

	setup();
	first.de_dev = add();
	second.de_dev = root;
	detach_holds = true;
	t1 = t_spawn(detach_it, &first);
	T_UNTIL(is_set, &detach_inside);
	t2 = t_spawn(detach_below, &second);
	T_UNTIL(sleeps_in_config, &second.de_looker);
	set(&detach_holds, false);
	t_join(t1);
	t_join(t2);
	T_EQ(first.de_error, 0);
	T_EQ(second.de_error, 0);
	T_EQ(((struct bus_softc *)device_private(root))->bs_gone, 1);
	teardown();
}

/*
 * Rule: a parent is there when it is told of its child's detach, also if its
 * own has begun (NetBSD's config_detach: the child is taken out after that).
 */
static void
parent_waits(void)
{
	struct detacher child = { .de_error = -1 }, parent = child;
	struct t_thread *tc, *tp;

	setup();
	child.de_dev = add();
	parent.de_dev = root;
	childdet_holds = true;
	tc = t_spawn(detach_it, &child);
	T_UNTIL(is_set, &childdet_inside);
	tp = t_spawn(detach_it, &parent);
	T_UNTIL(sleeps_in_config, &parent.de_looker);
	set(&childdet_holds, false);
	t_join(tc);
	t_join(tp);
	T_EQ(child.de_error, 0);
	T_EQ(parent.de_error, 0);
	root = config_rootfound("bus", NULL);
	teardown();
}

const struct t_case t_cases[] = {
	{ "only a match on the right attribute attaches", matching },
	{ "a new device gets the lowest free unit", units },
	{ "a pinned unit is kept for its device", pinned },
	{ "each interface and part of a device has its own pinned unit",
	    pinned_each },
	{ "what comes with a device may pin its own unit", pinned_itself },
	{ "with no unit left nothing is attached", no_unit_left },
	{ "device_lookup_acquire waits for an attach",
	    lookup_waits_for_attach },
	{ "a detach that backs out lets a waiting lookup succeed",
	    lookup_after_backout },
	{ "device_lookup_acquire fails at once after the commit",
	    lookup_after_commit },
	{ "the end of a detach makes a waiting lookup fail",
	    commit_wakes_lookup },
	{ "an interrupt ends a waiting lookup", lookup_is_interruptible },
	{ "config_detach waits for references", detach_drains },
	{ "a detach by its own attach is EDEADLK", detach_by_attach },
	{ "and so is one by its own detach", detach_by_detach },
	{ "functions of a driver that is not MP-safe have the kernel lock",
	    kernel_locked },
	{ "tables that do not fit together are refused", components },
	{ "of two detaches one waits, and finds the device gone",
	    two_detaches },
	{ "a parent stays until it is told of its child's detach",
	    parent_waits },
	{ NULL, NULL },
};
