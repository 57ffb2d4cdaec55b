/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_specfs_detach.c - opens, revokes and a detach of the same device, for a
 * driver that says how to find its devices (d_cfdriver, d_devtounit).
 *
 * The rule is vdevgone(9)'s: when it has returned, no call is in the driver
 * and none will come, d_cancel and d_close included, because detach frees
 * what they use.  The opendetach series of NetBSD (January 2022) has the
 * parts: config_detach_commit, references over d_open.
 */
#include <sys/atomic.h>
#include <sys/conf.h>
#include <sys/device.h>
#include <sys/errno.h>
#include <sys/kmem.h>
#include <sys/lwp.h>
#include <sys/systm.h>

#include <miscfs/specfs/specdev.h>

#include "h_test.h"
#include "specfs/h_node.h"
#include "specfs/h_specfs.h"
#include "specfs/specfs_impl.h"

#define	L_ENXIO		6

/* All but the cv: under dd_lock. */
static kmutex_t dd_lock;
static kcondvar_t dd_cv;
static bool dd_hold_detach;	/* detach waits after vdevgone */
static bool dd_gone;		/* vdevgone has returned */
static bool dd_hold_open;	/* an open waits in d_devtounit */
static bool dd_opening;		/* it does */
static bool dd_cancelled;
static u_int dd_calls, dd_late;	/* calls; those after vdevgone */

static void
dd_set(bool *flag, bool v)
{

	mutex_enter(&dd_lock);
	*flag = v;
	cv_broadcast(&dd_cv);
	mutex_exit(&dd_lock);
}

static int
dd_is_set(void *arg)
{
	bool v;

	mutex_enter(&dd_lock);
	v = *(bool *)arg;
	mutex_exit(&dd_lock);
	return v;
}

static void
dd_call(void)
{

	mutex_enter(&dd_lock);
	dd_calls++;
	if (dd_gone)
		dd_late++;
	mutex_exit(&dd_lock);
}

static int
ddopen(dev_t dev __unused, int flag __unused, int mode __unused,
    struct lwp *l __unused)
{

	dd_call();
	return 0;
}

static int
ddcancel(dev_t dev __unused, int flag __unused, int mode __unused,
    struct lwp *l __unused)
{

	dd_call();
	dd_set(&dd_cancelled, true);
	return 0;
}

static int
ddclose(dev_t dev __unused, int flag __unused, int mode __unused,
    struct lwp *l __unused)
{

	dd_call();
	dd_set(&dd_cancelled, false);
	return 0;
}

static int
ddread(dev_t dev __unused, struct uio *uio __unused, int flag __unused)
{
	int error = 0;

	dd_call();
	mutex_enter(&dd_lock);
	while (!dd_cancelled && error == 0)
		error = cv_wait_sig(&dd_cv, &dd_lock);
	mutex_exit(&dd_lock);
	return error != 0 ? error : EIO;
}

/* The way of an open to its device, once held up. */
static int
dd_unit(dev_t dev)
{

	mutex_enter(&dd_lock);
	if (dd_hold_open && !dd_opening) {
		dd_opening = true;
		cv_broadcast(&dd_cv);
		while (dd_hold_open)
			cv_wait(&dd_cv, &dd_lock);
	}
	mutex_exit(&dd_lock);
	return dev_minor_unit(dev);
}

extern struct cfdriver dd_cd;

static const struct cdevsw dd_cdevsw = {
	.d_open = ddopen,
	.d_cancel = ddcancel,
	.d_close = ddclose,
	.d_read = ddread,
	.d_write = nowrite,
	.d_ioctl = noioctl,
	.d_poll = nopoll,
	.d_devtounit = dd_unit,
	.d_cfdriver = &dd_cd,
	.d_flag = D_OTHER | D_MPSAFE,
};

static int
dd_match(device_t parent, cfdata_t cf __unused, void *aux __unused)
{

	return parent == NULL;
}

static void
dd_attach(device_t parent __unused, device_t self __unused,
    void *aux __unused)
{

	aprint_normal("\n");
}

static int
dd_detach(device_t self, int flags __unused)
{
	const devmajor_t maj = cdevsw_lookup_major(&dd_cdevsw);
	const devminor_t mn = device_unit(self);

	vdevgone(maj, mn, mn, VCHR);
	mutex_enter(&dd_lock);
	dd_gone = true;
	cv_broadcast(&dd_cv);
	while (dd_hold_detach)
		cv_wait(&dd_cv, &dd_lock);
	mutex_exit(&dd_lock);
	return 0;
}

CFDRIVER_DECL(dd, DV_DULL, NULL);
static CFATTACH_DECL_NEW(dd, 8, dd_match, dd_attach, dd_detach, NULL);
static struct cfdriver *const dd_drivers[] = { &dd_cd, NULL };
static struct cfattach *const dd_list[] = { &dd_ca, NULL };
static const struct cfattachinit dd_attaches[] = {
	{ "dd", dd_list }, { NULL, NULL }
};
static struct cfdata dd_cfdata[] = {
	{ "dd", "dd", FSTATE_STAR, NULL, 0, NULL },
	{ NULL, NULL, 0, NULL, 0, NULL }
};
const struct devnode devnodes[] = {
	{ "dd", "dd", &dd_cdevsw, 0, HYP_NODE_OTHER },
	{ NULL, NULL, NULL, 0, 0 },
};

static struct hyp_node *
setup(device_t *dvp)
{
	devmajor_t maj = NODEVMAJOR;

	mutex_init(&dd_lock, MUTEX_DEFAULT, IPL_NONE);
	cv_init(&dd_cv, "dd");
	dd_hold_detach = dd_gone = dd_hold_open = dd_opening = false;
	dd_cancelled = false;
	dd_calls = dd_late = 0;
	h_specfs_up();
	T_EQ(config_init_component(dd_drivers, dd_attaches, dd_cfdata), 0);
	T_EQ(devsw_attach("dd", NULL, NULL, &dd_cdevsw, &maj), 0);
	*dvp = config_rootfound("dd", NULL);
	T_CHECK(*dvp != NULL);
	T_CHECK(h_node_find("dd0") != NULL);
	return h_node_find("dd0");
}

static void
teardown(void)
{
	static const char *const names[] = { "dd0", NULL };

	T_EQ(dd_late, 0);
	devsw_detach(NULL, &dd_cdevsw);
	T_EQ(config_fini_component(dd_drivers, dd_attaches, dd_cfdata), 0);
	h_specfs_down(names);
	cv_destroy(&dd_cv);
}

static void
detacher(void *arg)
{

	T_EQ(config_detach(arg, DETACH_FORCE), 0);
}

/*
 * An open looks for its device while the detach frees; a revoke finds the
 * open, and must not take it to the driver.
 */
static void
revoke_after_gone(void)
{
	struct h_client o = { 0 };
	struct t_thread *td, *to;
	device_t dv;

	o.c_node = setup(&dv);
	dd_hold_detach = true;
	td = t_spawn(detacher, dv);
	T_UNTIL(dd_is_set, &dd_gone);
	dd_set(&dd_hold_open, true);
	to = t_spawn(h_open, &o);
	T_UNTIL(dd_is_set, &dd_opening);
	T_EQ(h_revoke(o.c_node), 0);
	dd_set(&dd_hold_open, false);
	t_join(to);
	T_EQ(o.c_error, L_ENXIO);
	T_EQ(dd_calls, 0);
	dd_set(&dd_hold_detach, false);
	t_join(td);
	teardown();
}

/* An open on its way is found by the detach, or fails. */
static void
open_over_commit(void)
{
	struct h_client o = { 0 };
	struct t_thread *td, *to;
	device_t dv;

	o.c_node = setup(&dv);
	dd_set(&dd_hold_open, true);
	to = t_spawn(h_open, &o);
	T_UNTIL(dd_is_set, &dd_opening);
	dd_hold_detach = true;
	td = t_spawn(detacher, dv);
	T_UNTIL(dd_is_set, &dd_gone);
	dd_set(&dd_hold_open, false);
	t_join(to);
	T_EQ(o.c_error, L_ENXIO);
	dd_set(&dd_hold_detach, false);
	t_join(td);
	teardown();
}

/* What is open when the detach begins is cancelled and closed by it. */
static void
detach_closes(void)
{
	struct h_client o = { 0 };
	struct t_thread *t;
	device_t dv;

	o.c_node = setup(&dv);
	h_open(&o);
	T_EQ(o.c_error, 0);
	t = t_spawn(h_read, &o);
	detacher(dv);
	t_join(t);
	T_EQ(o.c_error, EIO);
	h_close(&o);
	h_open(&o);
	T_EQ(o.c_error, L_ENXIO);
	teardown();
}

static u_int storm_running;	/* atomic */

static void
storm_client(void *arg)
{
	struct h_client o = { .c_node = arg };

	while (atomic_load_relaxed(&storm_running) != 0) {
		h_open(&o);
		if (o.c_error == 0)
			h_close(&o);
		if (t_random() % 4 == 0)
			T_EQ(h_revoke(o.c_node), 0);
	}
}

/* All of it at once: a device that comes and goes. */
static void
storm(void)
{
	struct t_thread *t[3];
	struct hyp_node *hn;
	device_t dv;

	hn = setup(&dv);
	atomic_store_relaxed(&storm_running, 1);
	for (u_int i = 0; i < 3; i++)
		t[i] = t_spawn(storm_client, hn);
	for (u_int i = 0; i < 200; i++) {
		T_EQ(config_detach(dv, DETACH_FORCE), 0);
		dd_set(&dd_gone, false);
		dv = config_rootfound("dd", NULL);
		T_CHECK(dv != NULL);
		T_EQ(device_unit(dv), 0);
		t_msleep(t_random() % 2);
	}
	atomic_store_relaxed(&storm_running, 0);
	for (u_int i = 0; i < 3; i++)
		t_join(t[i]);
	T_EQ(config_detach(dv, DETACH_FORCE), 0);
	t_note("%u calls of the driver", dd_calls);
	teardown();
}

const struct t_case t_cases[] = {
	{ "after vdevgone a revoke takes no open to the driver",
	    revoke_after_gone },
	{ "an open that comes over the commit fails", open_over_commit },
	{ "a detach cancels and closes what is open", detach_closes },
	{ "no call comes after vdevgone when everything races", storm },
	{ NULL, NULL },
};
