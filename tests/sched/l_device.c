/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * l_device.c - litmuses of a device that is attached and detached while
 * others look it up, open it and revoke it: autoconf, switch and specfs as
 * they are.  The driver "pl" has a softc that its detach gives back, so what
 * comes too late writes to freed memory; and it relies on what it was
 * promised: no d_open comes after vdevgone.  "gl" is not MP-safe.  The races
 * are those of NetBSD's opendetach series: config_detach_commit, references
 * over d_open, vdevgone.
 */
#include <sys/atomic.h>
#include <sys/callout.h>
#include <sys/conf.h>
#include <sys/device.h>
#include <sys/errno.h>
#include <sys/fcntl.h>
#include <sys/kmem.h>
#include <sys/lwp.h>
#include <sys/stat.h>
#include <sys/systm.h>
#include <sys/vnode.h>

#include <hyp/hyp_trace.h>

#include "sched/sched.h"
#include "specfs/h_node.h"
#include "specfs/h_specfs.h"

#define	L_ENXIO	6
#define	L_EBADF	9

struct pl_softc {
	kmutex_t	sc_lock;
	kcondvar_t	sc_cv;
	u_int		sc_calls;
	bool		sc_isopen;
	bool		sc_cancelled;
	u_int		sc_touched;
};

/* A match that does not come back before the tables were to leave. */
static kmutex_t match_lock;
static kcondvar_t match_cv;
static bool match_holds;	/* match_lock */
static int left;		/* config_fini_component's answer */

static struct h_client a, b;
static device_t dev;		/* by who attaches and detaches */
static bool refuse;		/* the next detach is EBUSY */

/* A detach that stands between vdevgone and its end, for two others. */
static kmutex_t late_lock;
static kcondvar_t late_cv;
static bool late, late_gone;	/* late_lock */
static u_int late_done;		/* late_lock */
static bool late_told;		/* it waits for two who may have come before */

static void
late_wait(const bool *flag)
{

	mutex_enter(&late_lock);
	while (flag != NULL ? !*flag : late_done < 2)
		cv_wait(&late_cv, &late_lock);
	mutex_exit(&late_lock);
}

static void
late_tell(void)
{

	mutex_enter(&late_lock);
	if (late_gone || late_told)
		late_done++;
	late_gone = true;
	cv_broadcast(&late_cv);
	mutex_exit(&late_lock);
}

extern struct cfdriver pl_cd;

static struct pl_softc *
pl_enter(dev_t d)
{
	struct pl_softc *sc = device_lookup_private(&pl_cd, dev_minor_unit(d));

	KASSERTMSG(sc != NULL, "no pl%d", dev_minor_unit(d));
	mutex_enter(&sc->sc_lock);
	sc->sc_touched++;
	return sc;
}

static int
plopen(dev_t d, int flag __unused, int mode __unused, struct lwp *l __unused)
{
	struct pl_softc *sc;
	int error;

	sched_begin("d_open");
	sc = pl_enter(d);
	/* Counted before a revoke, here after its d_cancel: not now. */
	error = sc->sc_cancelled ? ERESTART : 0;
	if (error == 0)
		sc->sc_isopen = true;
	mutex_exit(&sc->sc_lock);
	sched_end("d_open", error);
	return error;
}

static int
plcancel(dev_t d, int flag __unused, int mode __unused, struct lwp *l __unused)
{
	struct pl_softc *sc;

	sched_begin("d_cancel");
	sc = pl_enter(d);
	KASSERT(!sc->sc_cancelled);
	sc->sc_cancelled = true;
	cv_broadcast(&sc->sc_cv);
	mutex_exit(&sc->sc_lock);
	sched_end("d_cancel", 0);
	return 0;
}

static int
plclose(dev_t d, int flag __unused, int mode __unused, struct lwp *l __unused)
{
	struct pl_softc *sc;

	sched_begin("d_close");
	sc = pl_enter(d);
	KASSERTMSG(sc->sc_cancelled && sc->sc_calls == 0, "%u calls",
	    sc->sc_calls);
	sc->sc_cancelled = sc->sc_isopen = false;
	mutex_exit(&sc->sc_lock);
	sched_end("d_close", 0);
	return 0;
}

static int
plread(dev_t d, struct uio *uio __unused, int flag __unused)
{
	struct pl_softc *sc;
	int error = 0;

	sched_begin("d_read");
	sc = pl_enter(d);
	sc->sc_calls++;
	while (!sc->sc_cancelled && error == 0)
		error = cv_wait_sig(&sc->sc_cv, &sc->sc_lock);
	sc->sc_calls--;
	mutex_exit(&sc->sc_lock);
	if (error == 0)
		error = EIO;
	sched_end("d_read", error);
	return error;
}

static const struct cdevsw pl_cdevsw = {
	.d_open = plopen,
	.d_cancel = plcancel,
	.d_close = plclose,
	.d_read = plread,
	.d_write = nowrite,
	.d_ioctl = noioctl,
	.d_poll = nopoll,
	.d_devtounit = dev_minor_unit,
	.d_cfdriver = &pl_cd,
	.d_flag = D_OTHER | D_MPSAFE,
};

static int
pl_match(device_t parent, cfdata_t cf __unused, void *aux __unused)
{

	mutex_enter(&match_lock);
	while (match_holds)
		cv_wait(&match_cv, &match_lock);
	mutex_exit(&match_lock);
	return parent == NULL;
}

static void
pl_attach(device_t parent __unused, device_t self, void *aux __unused)
{
	struct pl_softc *sc = device_private(self);

	aprint_normal("\n");
	mutex_init(&sc->sc_lock, MUTEX_DEFAULT, IPL_NONE);
	cv_init(&sc->sc_cv, "pl");
}

static int
pl_detach(device_t self, int flags __unused)
{
	struct pl_softc *sc = device_private(self);
	const devmajor_t maj = cdevsw_lookup_major(&pl_cdevsw);
	const devminor_t mn = device_unit(self);

	if (refuse) {
		refuse = false;
		sched_did("driver refuses: EBUSY");
		return EBUSY;
	}
	sched_begin("vdevgone");
	vdevgone(maj, mn, mn, VCHR);
	sched_end("vdevgone", 0);
	KASSERT(!sc->sc_isopen && !sc->sc_cancelled && sc->sc_calls == 0);
	cv_destroy(&sc->sc_cv);
	mutex_destroy(&sc->sc_lock);
	/* Who still comes finds no lock, and is found by what he writes. */
	memset(sc, 0xa5, sizeof(*sc));
	sched_did("softc is gone");
	if (late) {
		late_tell();
		late_wait(NULL);
	} else if (late_told)
		late_wait(NULL);
	return 0;
}

CFDRIVER_DECL(pl, DV_DULL, NULL);
static CFATTACH_DECL3_NEW(pl, sizeof(struct pl_softc), pl_match, pl_attach,
    pl_detach, NULL, NULL, NULL, DVF_ATTACH_MPSAFE);
static struct cfdriver *const pl_drivers[] = { &pl_cd, NULL };
static struct cfattach *const pl_list[] = { &pl_ca, NULL };
static const struct cfattachinit pl_attaches[] = {
	{ "pl", pl_list }, { NULL, NULL }
};
static struct cfdata pl_cfdata[] = {
	{ "pl", "pl", FSTATE_STAR, NULL, 0, NULL },
	{ NULL, NULL, 0, NULL, 0, NULL }
};
static const struct devnode pl_nodes[] = {
	{ "pl", "pl", &pl_cdevsw, 0, HYP_NODE_OTHER },
	{ NULL, NULL, NULL, 0, 0 },
};

static void
setup(void)
{
	devmajor_t maj = NODEVMAJOR;

	h_specfs_up();
	refuse = late = late_gone = late_told = false;
	late_done = 0;
	mutex_init(&late_lock, MUTEX_DEFAULT, IPL_NONE);
	cv_init(&late_cv, "late");
	mutex_init(&match_lock, MUTEX_DEFAULT, IPL_NONE);
	cv_init(&match_cv, "match");
	match_holds = false;
	left = EBUSY;
	SCHED_CHECK(config_init_component(pl_drivers, pl_attaches,
	    pl_cfdata) == 0);
	SCHED_CHECK(devsw_attach("pl", NULL, NULL, &pl_cdevsw, &maj) == 0);
	devnode_attach(pl_nodes);
	dev = config_rootfound("pl", NULL);
	SCHED_CHECK(dev != NULL);
	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	a.c_node = b.c_node = h_node_find("pl0");
	SCHED_CHECK(a.c_node != NULL);
}

static void
setup_open_a(void)
{

	setup();
	h_open(&a);
	SCHED_CHECK(a.c_error == 0);
}

static void
setup_refuse(void)
{

	setup();
	refuse = true;
}

static void
setup_late(void)
{

	setup();
	late = true;
}

static void
setup_told(void)
{

	setup();
	late_told = true;
}

static void
setup_absent(void)
{

	setup();
	SCHED_CHECK(config_detach(dev, DETACH_FORCE) == 0);
	dev = NULL;
}

static void
end(void)
{
	static const char *const names[] = { "pl0", NULL };

	if (dev != NULL)
		SCHED_CHECK(config_detach(dev, DETACH_FORCE) == 0);
	devnode_detach(pl_nodes);
	devsw_detach(NULL, &pl_cdevsw);
	SCHED_CHECK(config_fini_component(pl_drivers, pl_attaches,
	    pl_cfdata) == 0);
	h_specfs_down(names);
}

/* The tables have left already. */
static void
end_left(void)
{
	static const char *const names[] = { "pl0", NULL };

	devnode_detach(pl_nodes);
	devsw_detach(NULL, &pl_cdevsw);
	h_specfs_down(names);
}

static int detached[3];

static void
end_detached_once(void)
{

	SCHED_CHECK((detached[0] == 0) != (detached[1] == 0));
	for (u_int i = 0; i < 2; i++)
		SCHED_CHECK(detached[i] == 0 || detached[i] == ENOENT ||
		    detached[i] == L_ENXIO);
	dev = NULL;
	end();
}

static void
end_detached_of_three(void)
{

	SCHED_CHECK((detached[0] == 0) + (detached[1] == 0) +
	    (detached[2] == 0) == 1);
	dev = NULL;
	end();
}

/* After a refusal the other one has its turn. */
static void
end_refused_once(void)
{

	SCHED_CHECK((detached[0] == EBUSY && detached[1] == 0) ||
	    (detached[1] == EBUSY && detached[0] == 0));
	dev = NULL;
	end();
}

/* ---- actors --------------------------------------------------------- */

/* A module that leaves, as far as autoconf is concerned. */
static void
tables_leave(void *arg __unused)
{

	SCHED_CHECK(config_fini_component(pl_drivers, pl_attaches,
	    pl_cfdata) == 0);
	sched_note("the tables are gone");
}

static void
open_close(void *arg)
{
	struct h_client *c = arg;

	h_open(c);
	sched_note("open: %d", c->c_error);
	SCHED_CHECK(c->c_error == 0 || c->c_error == L_ENXIO ||
	    c->c_error == L_EBADF);
	if (c->c_error == 0)
		h_close(c);
}

static void
read_close(void *arg)
{
	struct h_client *c = arg;

	h_read(c);
	SCHED_CHECK(c->c_error == EIO);
	h_close(c);
}

static void
closes_file(void *arg)
{

	h_close(arg);
}

static void
revokes(void *arg __unused)
{

	SCHED_CHECK(h_revoke(a.c_node) == 0);
}

static void
opens_late(void *arg)
{

	late_wait(&late_gone);
	open_close(arg);
	SCHED_CHECK(a.c_error == L_ENXIO);
	late_tell();
}

static void
revokes_late(void *arg)
{

	late_wait(&late_gone);
	revokes(arg);
	late_tell();
}

/* While the detach is not over: who has come before knows with the commit. */
static void
opens_told(void *arg)
{

	open_close(arg);
	late_tell();
}

static void
detaches(void *arg __unused)
{
	int error;

	sched_begin("config_detach");
	error = config_detach(dev, 0);
	sched_end("config_detach", error);
	sched_note("detach: %d", error);
	SCHED_CHECK(error == 0 || error == EBUSY);
	if (error == 0)
		dev = NULL;
}

/* One of two who look the device up and detach it: one does. */
static void
detaches_acquired(void *arg)
{
	int *const error = arg;
	device_t d;

	*error = L_ENXIO;
	sched_begin("device_lookup_acquire");
	d = device_lookup_acquire(&pl_cd, 0);
	sched_end("device_lookup_acquire", d == NULL ? L_ENXIO : 0);
	if (d == NULL)
		return;
	sched_begin("config_detach");
	*error = config_detach_release(d, 0);
	sched_end("config_detach", *error);
	sched_note("detach: %d", *error);
}

static void
attaches(void *arg __unused)
{

	sched_begin("attach");
	dev = config_rootfound("pl", NULL);
	sched_end("attach", dev == NULL);
	SCHED_CHECK(dev != NULL && device_unit(dev) == 0);
}

static void
reattaches(void *arg)
{

	detaches(arg);
	attaches(arg);
}

/* A reference keeps the softc, also while it is detached. */
static void
acquires(void *arg __unused)
{
	device_t d;

	sched_begin("device_lookup_acquire");
	d = device_lookup_acquire(&pl_cd, 0);
	sched_end("device_lookup_acquire", d == NULL ? L_ENXIO : 0);
	if (d == NULL)
		return;
	SCHED_CHECK(device_unit(d) == 0);
	(void)device_xname(d);
	SCHED_CHECK(device_private(d) != NULL);
	device_release(d);
	sched_did("device_release");
}

/* A refused detach lets those who have waited succeed. */
static void
acquires_surely(void *arg __unused)
{
	device_t d;

	sched_begin("device_lookup_acquire");
	d = device_lookup_acquire(&pl_cd, 0);
	sched_end("device_lookup_acquire", d == NULL ? L_ENXIO : 0);
	SCHED_CHECK(d != NULL);
	device_release(d);
	sched_did("device_release");
}

/* Somebody may have attached before, who keeps them. */
static void
tables_leave_or_not(void *arg __unused)
{

	left = config_fini_component(pl_drivers, pl_attaches, pl_cfdata);
	sched_note("the tables: %d", left);
	SCHED_CHECK(left == 0 || left == EBUSY);
	mutex_enter(&match_lock);
	match_holds = false;
	cv_broadcast(&match_cv);
	mutex_exit(&match_lock);
}

static void
finds(void *arg __unused)
{

	dev = config_rootfound("pl", NULL);
	sched_note("found: %d", dev != NULL);
}

/* Another search. */
static void
finds_nothing(void *arg __unused)
{

	SCHED_CHECK(config_rootfound("nobody", NULL) == NULL);
}

/* Calls match, which is not done for what is found at the root. */
static void
searches(void *arg __unused)
{

	(void)config_search(NULL, NULL, NULL);
}

/* The watchdog: some match or attach takes too long. */
static void
is_late(void *arg __unused)
{

	sched_did("hyp_calls_late");
	hyp_calls_late(1);
}

/* ---- a driver that is not MP-safe, "gl" ------------------------------ */

extern struct cfdriver gl_cd;

static u_int gl_inside;		/* atomic: in one of its functions, awake */
static callout_t gl_callout;
static kmutex_t gl_lock;
static kcondvar_t gl_cv;
static bool gl_attached, gl_opened;	/* gl_lock */
static devmajor_t gl_major;
static device_t gl_dev;

/* The kernel lock is all that keeps the others out. */
static void
gl_alone(void)
{

	atomic_inc_uint(&gl_inside);
	SCHED_CHECK(atomic_load_relaxed(&gl_inside) == 1);
	atomic_dec_uint(&gl_inside);
}

static int
glopen(dev_t d __unused, int flag __unused, int mode __unused,
    struct lwp *l __unused)
{

	sched_begin("d_open");
	gl_alone();
	mutex_enter(&gl_lock);
	gl_opened = true;
	cv_broadcast(&gl_cv);
	mutex_exit(&gl_lock);
	sched_end("d_open", 0);
	return 0;
}

static void
gl_timeout(void *arg __unused)
{

	gl_alone();
}

static int
gl_match(device_t parent, cfdata_t cf __unused, void *aux __unused)
{

	gl_alone();
	return parent == NULL;
}

/* Sleeps until somebody has opened it: the lock is his meanwhile. */
static void
gl_attach(device_t parent __unused, device_t self __unused,
    void *aux __unused)
{

	aprint_normal("\n");
	callout_schedule(&gl_callout, 0);
	gl_alone();
	mutex_enter(&gl_lock);
	while (!gl_opened)
		cv_wait(&gl_cv, &gl_lock);
	gl_attached = true;
	mutex_exit(&gl_lock);
	gl_alone();
}

static int
gl_detach(device_t self __unused, int flags __unused)
{

	callout_schedule(&gl_callout, 0);
	gl_alone();
	(void)callout_halt(&gl_callout, NULL);
	gl_alone();
	return 0;
}

/* No d_devtounit: an open does not wait for the attach. */
static const struct cdevsw gl_cdevsw = {
	.d_open = glopen,
	.d_close = nullclose,
	.d_read = noread,
	.d_write = nowrite,
	.d_ioctl = noioctl,
	.d_poll = nopoll,
	.d_flag = D_OTHER,
};

CFDRIVER_DECL(gl, DV_DULL, NULL);
static CFATTACH_DECL_NEW(gl, 0, gl_match, gl_attach, gl_detach, NULL);
static struct cfdriver *const gl_drivers[] = { &gl_cd, NULL };
static struct cfattach *const gl_list[] = { &gl_ca, NULL };
static const struct cfattachinit gl_attaches[] = {
	{ "gl", gl_list }, { NULL, NULL }
};
static struct cfdata gl_cfdata[] = {
	{ "gl", "gl", FSTATE_STAR, NULL, 0, NULL },
	{ NULL, NULL, 0, NULL, 0, NULL }
};

static void
gl_setup(void)
{

	h_specfs_up();
	gl_inside = 0;
	gl_attached = gl_opened = false;
	gl_dev = NULL;
	gl_major = NODEVMAJOR;
	mutex_init(&gl_lock, MUTEX_DEFAULT, IPL_NONE);
	cv_init(&gl_cv, "gl");
	callout_init(&gl_callout, 0);
	callout_setfunc(&gl_callout, gl_timeout, NULL);
	SCHED_CHECK(config_init_component(gl_drivers, gl_attaches,
	    gl_cfdata) == 0);
	/* Not the driver's name, or each unit had a node, which stays. */
	SCHED_CHECK(devsw_attach("glsw", NULL, NULL, &gl_cdevsw,
	    &gl_major) == 0);
}

static void
gl_setup_attached(void)
{

	gl_setup();
	gl_opened = true;
	gl_dev = config_rootfound("gl", NULL);
}

static void
gl_end(void)
{
	static const char *const names[] = { NULL };

	if (gl_dev != NULL) {
		SCHED_CHECK(gl_attached);
		SCHED_CHECK(config_detach(gl_dev, 0) == 0);
	}
	(void)callout_halt(&gl_callout, NULL);
	callout_destroy(&gl_callout);
	devsw_detach(NULL, &gl_cdevsw);
	SCHED_CHECK(config_fini_component(gl_drivers, gl_attaches,
	    gl_cfdata) == 0);
	h_specfs_down(names);
}

static void
gl_attaches_it(void *arg __unused)
{

	sched_begin("attach");
	gl_dev = config_rootfound("gl", NULL);
	sched_end("attach", gl_dev == NULL);
}

static void
gl_detaches_it(void *arg __unused)
{

	sched_begin("config_detach");
	SCHED_CHECK(config_detach(gl_dev, 0) == 0);
	sched_end("config_detach", 0);
	gl_dev = NULL;
}

static void
gl_opens(void *arg __unused)
{

	SCHED_CHECK(cdev_open(makedev(gl_major, 0), FREAD, S_IFCHR,
	    curlwp) == 0);
}

static void
others_leave(void *arg __unused)
{

	SCHED_CHECK(config_fini_component(gl_drivers, gl_attaches,
	    gl_cfdata) == 0);
}

/* Tables that have had no unit yet. */
static void
setup_first(void)
{

	setup_absent();
	SCHED_CHECK(config_fini_component(pl_drivers, pl_attaches,
	    pl_cfdata) == 0);
	SCHED_CHECK(config_init_component(pl_drivers, pl_attaches,
	    pl_cfdata) == 0);
}

/* Two components, of which nothing is attached. */
static void
setup_tables(void)
{

	setup_absent();
	SCHED_CHECK(config_init_component(gl_drivers, gl_attaches,
	    gl_cfdata) == 0);
}

static void
setup_match(void)
{

	setup_absent();
	match_holds = true;
}

/* A device is there if and only if its tables are. */
static void
end_tables(void)
{

	SCHED_CHECK((dev != NULL) == (left == EBUSY));
	if (left == 0)
		end_left();
	else
		end();
}

/* Nothing was found that could keep them. */
static void
end_left_surely(void)
{

	SCHED_CHECK(left == 0);
	end_left();
}

/* Who was told that they stay may have been told so for the match alone. */
static void
end_match(void)
{

	hyp_calls_late(0);
	if (left == 0)
		end_left();
	else
		end();
}

#define	ACTORS(name, ...)						\
	static const struct sched_actor name[] = {			\
		__VA_ARGS__, { NULL, NULL, NULL }			\
	}

ACTORS(open_detach, { "A", open_close, &a }, { "detach", detaches, NULL });
ACTORS(two_opens_detach, { "A", open_close, &a }, { "B", open_close, &b },
    { "detach", detaches, NULL });
ACTORS(read_detach, { "A", read_close, &a }, { "detach", detaches, NULL });
ACTORS(close_detach, { "A", closes_file, &a },
    { "detach", detaches, NULL });
ACTORS(open_revoke_detach, { "A", open_close, &a },
    { "revoke", revokes, NULL }, { "detach", detaches, NULL });
ACTORS(late_open_revoke, { "A", opens_late, &a },
    { "revoke", revokes_late, NULL }, { "detach", detaches, NULL });
ACTORS(acquire_detach, { "A", acquires, NULL },
    { "detach", detaches, NULL });
ACTORS(two_acquires_detach, { "A", acquires, NULL },
    { "B", acquires, NULL }, { "detach", detaches, NULL });
ACTORS(acquire_refused, { "A", acquires_surely, NULL },
    { "detach", detaches, NULL });
ACTORS(two_acquires_refused, { "A", acquires_surely, NULL },
    { "B", acquires_surely, NULL }, { "detach", detaches, NULL });
ACTORS(three_detaches, { "D1", detaches_acquired, &detached[0] },
    { "D2", detaches_acquired, &detached[1] },
    { "D3", detaches_acquired, &detached[2] });
ACTORS(opens_told_detach, { "A", opens_told, &a }, { "B", opens_told, &b },
    { "detach", detaches, NULL });
ACTORS(giant_attach, { "A", gl_opens, NULL },
    { "attach", gl_attaches_it, NULL });
ACTORS(giant_detach, { "A", gl_opens, NULL },
    { "detach", gl_detaches_it, NULL });
ACTORS(two_detaches, { "D1", detaches_acquired, &detached[0] },
    { "D2", detaches_acquired, &detached[1] });
ACTORS(open_attach, { "A", open_close, &a }, { "attach", attaches, NULL });
ACTORS(open_replug, { "A", open_close, &a },
    { "replug", reattaches, NULL });
ACTORS(read_open_replug, { "A", read_close, &a }, { "B", open_close, &b },
    { "replug", reattaches, NULL });
ACTORS(first_attach, { "A", acquires, NULL }, { "attach", attaches, NULL });
ACTORS(open_tables, { "A", open_close, &a }, { "leave", tables_leave, NULL });
ACTORS(tables_find, { "A", finds, NULL },
    { "leave", tables_leave_or_not, NULL },
    { "others", others_leave, NULL });
ACTORS(tables_search, { "A", finds_nothing, NULL },
    { "leave", tables_leave_or_not, NULL },
    { "others", others_leave, NULL });
ACTORS(two_finds, { "A", finds, NULL }, { "B", finds_nothing, NULL },
    { "leave", tables_leave_or_not, NULL });
ACTORS(match_late, { "A", searches, NULL },
    { "leave", tables_leave_or_not, NULL }, { "late", is_late, NULL });
ACTORS(two_opens_revoke_detach, { "A", open_close, &a },
    { "B", open_close, &b }, { "revoke", revokes, NULL },
    { "detach", detaches, NULL });
ACTORS(read_open_revoke_replug, { "A", read_close, &a },
    { "B", open_close, &b }, { "revoke", revokes, NULL },
    { "replug", reattaches, NULL });

extern const struct sched_litmus l_device[];
const struct sched_litmus l_device[] = {
	{ "acquire_detach", "a reference against a detach",
	    setup, acquire_detach, end },
	{ "two_acquires_detach", "two references against a detach",
	    setup, two_acquires_detach, end },
	{ "acquire_refused", "a reference against a detach that backs out",
	    setup_refuse, acquire_refused, end },
	{ "two_acquires_refused", "two references against the same",
	    setup_refuse, two_acquires_refused, end },
	{ "three_detaches", "of three detaches two find it gone",
	    setup, three_detaches, end_detached_of_three },
	{ "opens_told_detach", "who waits for a detach knows with its commit",
	    setup_told, opens_told_detach, end },
	{ "two_detaches", "of two detaches the loser finds it gone: ENOENT",
	    setup, two_detaches, end_detached_once },
	{ "two_detaches_refused", "a detach that backs out, and another one",
	    setup_refuse, two_detaches, end_refused_once },
	{ "open_detach", "an open against a detach",
	    setup, open_detach, end },
	{ "two_opens_detach", "two opens against a detach",
	    setup, two_opens_detach, end },
	{ "read_detach", "a blocked read against a detach",
	    setup_open_a, read_detach, end },
	{ "close_detach", "the last close against a detach",
	    setup_open_a, close_detach, end },
	{ "open_revoke_detach", "no close meets a device that is freed",
	    setup, open_revoke_detach, end },
	{ "late_open_revoke", "open and revoke between vdevgone and the end",
	    setup_late, late_open_revoke, end },
	{ "open_attach", "an open against an attach",
	    setup_absent, open_attach, end },
	{ "first_attach", "a reference against the first unit there is",
	    setup_first, first_attach, end },
	{ "open_tables", "an open against the end of the driver's tables",
	    setup_absent, open_tables, end_left },
	{ "tables_find", "a search and two components that leave",
	    setup_tables, tables_find, end_tables },
	{ "tables_search", "who leaves waits for a search, and not for itself",
	    setup_tables, tables_search, end_left_surely },
	{ "two_finds", "two searches and a component that leaves",
	    setup_absent, two_finds, end_tables },
	{ "match_late", "who leaves does not wait for a match that is stuck",
	    setup_match, match_late, end_match },
	{ "open_replug", "an open against a detach and an attach",
	    setup, open_replug, end },
	{ "read_open_replug", "a stale file, an open, the same unit again",
	    setup_open_a, read_open_replug, end },
	{ "two_opens_revoke_detach", "two opens, a revoke and a detach",
	    setup, two_opens_revoke_detach, end },
	{ "read_revoke_reattach", "a stale file, open, revoke, same unit",
	    setup_open_a, read_open_revoke_replug, end },
	{ "giant_attach", "not MP-safe: attach beside open and callout",
	    gl_setup, giant_attach, gl_end },
	{ "giant_detach", "not MP-safe: detach beside open and callout",
	    gl_setup_attached, giant_detach, gl_end },
	{ NULL, NULL, NULL, NULL, NULL },
};
