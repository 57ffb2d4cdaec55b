/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_specfs_trace.c - what a trace shows of specfs and a driver, and in which
 * order; and that there is none if nobody has asked for it.
 */
#include <sys/conf.h>
#include <sys/device.h>
#include <sys/devtrace.h>
#include <sys/errno.h>
#include <sys/file.h>
#include <sys/lwp.h>
#include <sys/systm.h>
#include <sys/uio.h>

#include <miscfs/specfs/specdev.h>

#include "h_test.h"
#include "specfs/h_node.h"
#include "specfs/h_specfs.h"
#include "specfs/h_trace.h"
#include "specfs/specfs_impl.h"

/* All but the cv: under tr_lock. */
static kmutex_t tr_lock;
static kcondvar_t tr_cv;
static bool tr_deaf;		/* d_read does not mind d_cancel, d_close */
static bool tr_cancelled;
static u_int tr_restarts;	/* d_open answers ERESTART so often */
static bool tr_clones;		/* d_open makes clones */

static void
tr_set(bool *flag, bool v)
{

	mutex_enter(&tr_lock);
	*flag = v;
	cv_broadcast(&tr_cv);
	mutex_exit(&tr_lock);
}

static int
tr_fo_write(struct file *fp __unused, off_t *off __unused, struct uio *uio,
    kauth_cred_t cred __unused, int flags __unused)
{
	char buf[4];

	return uiomove(buf, sizeof(buf), uio);
}

static int
tr_fo_close(struct file *fp __unused)
{

	return 0;
}

static const struct fileops tr_fileops = {
	.fo_name = "tr",
	.fo_read = fbadop_read,
	.fo_write = tr_fo_write,
	.fo_ioctl = fbadop_ioctl,
	.fo_poll = fnullop_poll,
	.fo_close = tr_fo_close,
	.fo_kqfilter = fnullop_kqfilter,
	.fo_restart = fnullop_restart,
};

static int
tropen(dev_t dev __unused, int flag, int mode __unused,
    struct lwp *l __unused)
{
	struct file *fp;
	int fd, error = 0;

	if (tr_clones) {
		T_EQ(fd_allocfile(&fp, &fd), 0);
		return fd_clone(fp, (unsigned)fd, flag, &tr_fileops, NULL);
	}
	mutex_enter(&tr_lock);
	if (tr_restarts > 0) {
		tr_restarts--;
		error = ERESTART;
	}
	tr_cancelled = false;
	mutex_exit(&tr_lock);
	return error;
}

static int
trcancel(dev_t dev __unused, int flag __unused, int mode __unused,
    struct lwp *l __unused)
{

	tr_set(&tr_cancelled, true);
	return 0;
}

static int
trclose(dev_t dev __unused, int flag __unused, int mode __unused,
    struct lwp *l __unused)
{

	tr_set(&tr_cancelled, true);
	return 0;
}

static int
trread(dev_t dev __unused, struct uio *uio __unused, int flag __unused)
{

	mutex_enter(&tr_lock);
	while (!tr_cancelled || tr_deaf)
		cv_wait(&tr_cv, &tr_lock);
	mutex_exit(&tr_lock);
	return EIO;
}

/* Takes four bytes. */
static int
trwrite(dev_t dev __unused, struct uio *uio, int flag __unused)
{
	char buf[4];

	return uiomove(buf, sizeof(buf), uio);
}

static int
trioctl(dev_t dev __unused, u_long cmd __unused, void *data __unused,
    int flag __unused, struct lwp *l __unused)
{

	return EPASSTHROUGH;
}

static int
trpoll(dev_t dev __unused, int events, struct lwp *l __unused)
{

	return events;
}

extern struct cfdriver tr_cd;

static const struct cdevsw tr_cdevsw = {
	.d_open = tropen,
	.d_cancel = trcancel,
	.d_close = trclose,
	.d_read = trread,
	.d_write = trwrite,
	.d_ioctl = trioctl,
	.d_poll = trpoll,
	.d_devtounit = dev_minor_unit,
	.d_cfdriver = &tr_cd,
	.d_flag = D_OTHER | D_MPSAFE,
};

/* The same without d_cancel, under the kernel lock. */
static const struct cdevsw old_cdevsw = {
	.d_open = tropen,
	.d_close = trclose,
	.d_read = trread,
	.d_write = trwrite,
	.d_ioctl = trioctl,
	.d_poll = trpoll,
	.d_devtounit = dev_minor_unit,
	.d_cfdriver = &tr_cd,
	.d_flag = D_OTHER,
};

static const struct cdevsw *tr_switch;	/* the one that is attached */

static int
tr_match(device_t parent, cfdata_t cf __unused, void *aux __unused)
{

	return parent == NULL;
}

static void
tr_attach(device_t parent __unused, device_t self __unused,
    void *aux __unused)
{

	aprint_normal("\n");
}

static int
tr_detach(device_t self, int flags)
{
	const devmajor_t maj = cdevsw_lookup_major(tr_switch);
	const devminor_t mn = device_unit(self);

	if ((flags & DETACH_FORCE) == 0)
		return EBUSY;
	vdevgone(maj, mn, mn, VCHR);
	return 0;
}

CFDRIVER_DECL(tr, DV_DULL, NULL);
static CFATTACH_DECL_NEW(tr, 8, tr_match, tr_attach, tr_detach, NULL);
static struct cfdriver *const tr_drivers[] = { &tr_cd, NULL };
static struct cfattach *const tr_list[] = { &tr_ca, NULL };
static const struct cfattachinit tr_attaches[] = {
	{ "tr", tr_list }, { NULL, NULL }
};
static struct cfdata tr_cfdata[] = {
	{ "tr", "tr", FSTATE_STAR, NULL, 0, NULL },
	{ NULL, NULL, 0, NULL, 0, NULL }
};
/* The node is not named as the device, so that they can be told apart. */
const struct devnode devnodes[] = {
	{ "tr", "node", &tr_cdevsw, 0, HYP_NODE_OTHER },
	{ NULL, NULL, NULL, 0, 0 },
};
static const struct devnode old_devnodes[] = {
	{ "old", "old", &old_cdevsw, 0, HYP_NODE_OTHER },
	{ NULL, NULL, NULL, 0, 0 },
};

static struct hyp_node *
setup(const struct cdevsw *sw, bool on, device_t *dvp)
{
	const bool old = sw == &old_cdevsw;
	const char *const name = old ? "old0" : "node0";
	devmajor_t maj = NODEVMAJOR;

	mutex_init(&tr_lock, MUTEX_DEFAULT, IPL_NONE);
	cv_init(&tr_cv, "tr");
	tr_deaf = tr_cancelled = false;
	tr_restarts = 0;
	tr_clones = false;
	tr_switch = sw;
	devtrace_on = on;
	h_trace_reset();
	h_specfs_up();
	if (old) {
		config_set_attach_hooks(NULL, NULL);
		devnode_attach(old_devnodes);
	}
	T_EQ(config_init_component(tr_drivers, tr_attaches, tr_cfdata), 0);
	T_EQ(devsw_attach("tr", NULL, NULL, sw, &maj), 0);
	*dvp = config_rootfound("tr", NULL);
	T_CHECK(*dvp != NULL);
	if (old)
		T_EQ(devnode_make("old", 0), 0);
	T_CHECK(h_node_find(name) != NULL);
	return h_node_find(name);
}

static void
teardown(void)
{
	static const char *const names[] = { "node0", "old0", NULL };

	if (tr_switch == &old_cdevsw)
		devnode_detach(old_devnodes);
	devsw_detach(NULL, tr_switch);
	T_EQ(config_fini_component(tr_drivers, tr_attaches, tr_cfdata), 0);
	h_specfs_down(names);
	cv_destroy(&tr_cv);
	devtrace_on = false;
}

/* These, from the i'th on, and nothing behind them. */
static void
trace_is(u_int i, const char *const *texts)
{

	for (; *texts != NULL; texts++, i++) {
		if (strcmp(h_trace_text(i), *texts) != 0)
			t_fail(__FILE__, __LINE__, "%u. is \"%s\", not \"%s\"",
			    i, h_trace_text(i), *texts);
	}
	T_EQ(h_trace_count(), i);
}

/* The first that begins so comes before the first of the other. */
static void
before(const char *a, const char *b)
{
	const int i = h_trace_find(a), j = h_trace_find(b);

	if (i == -1 || j == -1 || i >= j)
		t_fail(__FILE__, __LINE__, "\"%s\" is %d., \"%s\" is %d.", a,
		    i, b, j);
}

static void
gone(device_t dv)
{

	T_EQ(config_detach(dv, DETACH_FORCE), 0);
}

static void
calls(void)
{
	static const char *const texts[] = {
		"attach enter tr0", "attach exit tr0 0",
		"d_open enter node0", "d_open exit node0 ERESTART",
		"d_open enter node0", "d_open exit node0 0",
		"d_write enter node0", "d_write exit node0 0 bytes 4",
		"d_ioctl enter node0 FIONREAD",
		"d_ioctl exit node0 EPASSTHROUGH FIONREAD",
		"d_poll enter node0 events 1", "d_poll exit node0 0 revents 1",
		NULL
	};
	struct h_client c = { 0 };
	struct hyp_lwp *l;
	size_t done;
	device_t dv;

	c.c_node = setup(&tr_cdevsw, true, &dv);
	tr_restarts = 1;
	h_open(&c);
	T_EQ(c.c_error, 0);
	l = h_enter(1000);
	T_EQ(hyp_file_write(c.c_file, "12345", 5, 0, &done), 0);
	T_EQ(done, 4);
	h_exit(l);
	(void)h_ioctl(&c);
	(void)h_poll(&c, HYP_POLLIN, 0);
	trace_is(0, texts);
	h_close(&c);
	gone(dv);
	teardown();
}

static void
last_close(void)
{
	static const char *const texts[] = {
		"d_cancel enter node0", "d_cancel exit node0 0",
		"drain enter node0 calls 0", "drain exit node0 0",
		"d_close enter node0", "d_close exit node0 0",
		"drain enter node0 calls 0", "drain exit node0 0",
		NULL
	};
	struct h_client a = { 0 }, b = { 0 };
	device_t dv;

	a.c_node = b.c_node = setup(&tr_cdevsw, true, &dv);
	h_open(&a);
	h_open(&b);
	T_EQ(a.c_error | b.c_error, 0);
	h_trace_reset();
	h_close(&a);
	T_EQ(h_trace_count(), 0);	/* not the last */
	h_close(&b);
	trace_is(0, texts);
	gone(dv);
	teardown();
}

static void
last_close_old(void)
{
	static const char *const texts[] = {
		"d_close enter old0", "d_close exit old0 0",
		"drain enter old0 calls 0", "drain exit old0 0",
		NULL
	};
	struct h_client c = { 0 };
	device_t dv;

	c.c_node = setup(&old_cdevsw, true, &dv);
	h_open(&c);
	T_EQ(c.c_error, 0);
	h_trace_reset();
	h_close(&c);
	trace_is(0, texts);
	gone(dv);
	teardown();
}

static void
revoker(void *arg)
{

	T_EQ(h_revoke(arg), 0);
}

/*
 * Who waits for a reader to be in the driver, and then for an order of what is
 * traced, has to wait for the trace of it, which is later:
 *
 *	reader				test
 *	takes its I/O reference
 *					h_in_driver
 *					revoke enter
 *	d_read enter
 */
static char d_read[] = "d_read enter";

/* A revoke that waits for a read, which leaves late. */
static void
drain_waits(const struct cdevsw *sw)
{
	struct h_client c = { 0 };
	struct t_thread *tr, *tv;
	char drain[32];
	device_t dv;
	const char *name;

	c.c_node = setup(sw, true, &dv);
	name = sw == &old_cdevsw ? "old0" : "node0";
	h_open(&c);
	T_EQ(c.c_error, 0);
	tr_set(&tr_deaf, true);
	tr = t_spawn(h_read, &c);
	T_UNTIL(h_trace_has, d_read);
	tv = t_spawn(revoker, c.c_node);
	snprintf(drain, sizeof(drain), "drain enter %s calls 1", name);
	T_UNTIL(h_trace_has, drain);
	T_EQ(h_trace_find("drain exit"), -1);
	T_EQ(h_trace_find("revoke exit"), -1);
	T_EQ(h_trace_find("d_close") == -1, sw == &tr_cdevsw);
	tr_set(&tr_deaf, false);
	t_join(tr);
	t_join(tv);
	before("d_read enter", "revoke enter");
	before(drain, "d_read exit");
	before("d_read exit", "drain exit");
	before("drain exit", "revoke exit");
	snprintf(drain, sizeof(drain), "d_read exit %s EIO bytes 0", name);
	T_CHECK(h_trace_find(drain) != -1);
	h_close(&c);
	gone(dv);
	teardown();
}

static void
revoke_drain(void)
{

	drain_waits(&tr_cdevsw);
	drain_waits(&old_cdevsw);
}

static void
unplug(void)
{
	static const char *const texts[] = {
		"detach enter tr0", "vdevgone enter node0",
		"d_cancel enter node0", "drain enter node0",
		"drain exit node0", "d_close enter node0",
		"d_close exit node0", "vdevgone exit node0 0",
		"detach exit tr0 0", NULL
	};
	struct h_client c = { 0 };
	struct t_thread *t;
	device_t dv;

	c.c_node = setup(&tr_cdevsw, true, &dv);
	h_open(&c);
	T_EQ(c.c_error, 0);
	t = t_spawn(h_read, &c);
	T_UNTIL(h_trace_has, d_read);
	h_trace_reset();
	T_EQ(config_detach(dv, 0), EBUSY);
	T_CHECK(strcmp(h_trace_text(1), "detach exit tr0 EBUSY") == 0);
	h_trace_reset();
	gone(dv);
	t_join(t);
	for (u_int i = 0; texts[i + 1] != NULL; i++)
		before(texts[i], texts[i + 1]);
	before("d_cancel enter", "d_read exit node0 EIO");
	before("d_read exit node0 EIO", "drain exit");
	/* A dead file is not the driver's. */
	h_trace_reset();
	h_read(&c);
	T_EQ(c.c_error, EIO);
	h_close(&c);
	T_EQ(h_trace_count(), 0);
	teardown();
}

/* A clone's file is called in another way. */
static void
clone(void)
{
	static const char *const texts[] = {
		"d_open enter node0", "d_open exit node0 EMOVEFD",
		"fo_write enter node0", "fo_write exit node0 0 bytes 4",
		"fo_read enter node0", "fo_read exit node0 EOPNOTSUPP bytes 0",
		"fo_ioctl enter node0 FIONREAD",
		"fo_ioctl exit node0 EPASSTHROUGH FIONREAD",
		"fo_poll enter node0 events 1",
		"fo_poll exit node0 0 revents 1",
		"fo_restart enter node0", "fo_restart exit node0 0",
		"drain enter node0 calls 0", "drain exit node0 0",
		"fo_close enter node0", "fo_close exit node0 0",
		NULL
	};
	struct h_client c = { 0 };
	device_t dv;

	c.c_node = setup(&tr_cdevsw, true, &dv);
	tr_clones = true;
	h_trace_reset();
	h_open(&c);
	T_EQ(c.c_error, 0);
	T_EQ(h_write(&c, 4), 0);
	h_read(&c);
	(void)h_ioctl(&c);
	(void)h_poll(&c, HYP_POLLIN, 0);
	h_close(&c);
	trace_is(0, texts);
	gone(dv);
	teardown();
}

static void
off(void)
{
	struct h_client c = { 0 };
	struct t_thread *t;
	device_t dv;

	c.c_node = setup(&tr_cdevsw, false, &dv);
	h_open(&c);
	T_EQ(c.c_error, 0);
	T_EQ(h_write(&c, 4), 0);
	(void)h_ioctl(&c);
	(void)h_poll(&c, HYP_POLLIN, 0);
	t = t_spawn(h_read, &c);
	T_UNTIL(h_in_driver, c.c_node);
	T_EQ(h_revoke(c.c_node), 0);
	t_join(t);
	h_close(&c);
	gone(dv);
	teardown();
	T_EQ(h_trace_count(), 0);
}

const struct t_case t_cases[] = {
	{ "nothing is traced unless it is asked for", off },
	{ "calls of the driver, with errors, bytes and names", calls },
	{ "a last close: d_cancel, drain, d_close", last_close },
	{ "a last close without d_cancel: d_close, drain", last_close_old },
	{ "a drain lasts until the call has left", revoke_drain },
	{ "a clone's calls", clone },
	{ "an unplug under a blocked read", unplug },
	{ NULL, NULL },
};
