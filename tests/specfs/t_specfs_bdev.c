/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_specfs_bdev.c - block devices: one open at a time, EBUSY at once while
 * one is open or closing (NetBSD's spec_vnops.c since August 2022), and for
 * the rest the contract of character devices, through bdev_cancel and
 * bdev_close.
 */
#include <sys/atomic.h>
#include <sys/conf.h>
#include <sys/disklabel.h>
#include <sys/errno.h>
#include <sys/fcntl.h>
#include <sys/kmem.h>
#include <sys/lwp.h>
#include <sys/systm.h>

#include <miscfs/specfs/specdev.h>

#include "h_test.h"
#include "specfs/h_specfs.h"

static kmutex_t bd_lock;
static kcondvar_t bd_cv;
static bool bd_hold_close, bd_hold_ioctl, bd_cancelled, bd_closing;
static u_int bd_calls;
static char bd_trace[32];

static void
trace(const char *what)
{

	strlcpy(bd_trace + strlen(bd_trace), what,
	    sizeof(bd_trace) - strlen(bd_trace));
}

static void
bd_set(bool *flag, bool v)
{

	mutex_enter(&bd_lock);
	*flag = v;
	cv_broadcast(&bd_cv);
	mutex_exit(&bd_lock);
}

static int
bd_is_set(void *arg)
{
	bool v;

	mutex_enter(&bd_lock);
	v = *(bool *)arg;
	mutex_exit(&bd_lock);
	return v;
}

static int
bdopen(dev_t dev __unused, int flag __unused, int mode __unused,
    struct lwp *l __unused)
{

	mutex_enter(&bd_lock);
	trace("o");
	mutex_exit(&bd_lock);
	return 0;
}

static int
bdcancel(dev_t dev __unused, int flag __unused, int mode __unused,
    struct lwp *l __unused)
{

	mutex_enter(&bd_lock);
	trace("c");
	bd_cancelled = true;
	cv_broadcast(&bd_cv);
	mutex_exit(&bd_lock);
	return 0;
}

static int
bdclose(dev_t dev __unused, int flag __unused, int mode __unused,
    struct lwp *l __unused)
{

	mutex_enter(&bd_lock);
	trace(bd_calls > 0 ? "!" : "C");
	bd_closing = true;
	while (bd_hold_close)
		cv_wait(&bd_cv, &bd_lock);
	bd_closing = bd_cancelled = false;
	mutex_exit(&bd_lock);
	return 0;
}

static int
bdclose_legacy(dev_t dev __unused, int flag __unused, int mode __unused,
    struct lwp *l __unused)
{

	mutex_enter(&bd_lock);
	trace("C");
	bd_cancelled = true;
	cv_broadcast(&bd_cv);
	mutex_exit(&bd_lock);
	return 0;
}

static int
bdioctl(dev_t dev __unused, u_long cmd __unused, void *data __unused,
    int flag __unused, struct lwp *l __unused)
{

	mutex_enter(&bd_lock);
	bd_calls++;
	cv_broadcast(&bd_cv);
	while (bd_hold_ioctl && !bd_cancelled)
		cv_wait(&bd_cv, &bd_lock);
	bd_calls--;
	trace("i");
	mutex_exit(&bd_lock);
	return 0;
}

static int
in_ioctl(void *arg __unused)
{
	bool in;

	mutex_enter(&bd_lock);
	in = bd_calls > 0;
	mutex_exit(&bd_lock);
	return in;
}

static const struct bdevsw bd_bdevsw = {
	.d_open = bdopen,
	.d_cancel = bdcancel,
	.d_close = bdclose,
	.d_ioctl = bdioctl,
	.d_flag = D_DISK | D_MPSAFE,
};

static const struct bdevsw bd_legacy_bdevsw = {
	.d_open = bdopen,
	.d_close = bdclose_legacy,
	.d_ioctl = bdioctl,
	.d_flag = D_DISK,
};

const struct devnode devnodes[] = { { NULL, NULL, NULL, 0, 0 } };

static dev_t dev;
static const char *const name_a = "a", *const name_b = "b";

static void
setup(const struct bdevsw *sw)
{
	devmajor_t maj = NODEVMAJOR, none = NODEVMAJOR;

	mutex_init(&bd_lock, MUTEX_DEFAULT, IPL_NONE);
	cv_init(&bd_cv, "bd");
	bd_hold_close = bd_hold_ioctl = bd_cancelled = bd_closing = false;
	bd_calls = 0;
	bd_trace[0] = '\0';
	h_specfs_up();
	T_EQ(devsw_attach("bd", sw, &maj, NULL, &none), 0);
	dev = makedev(maj, DISKMINOR(1, 3));
	T_EQ(disklabel_dev_unit(dev), 1);
}

static void
teardown(const struct bdevsw *sw)
{
	static const char *const names[] = { NULL };

	devsw_detach(sw, NULL);
	h_specfs_down(names);
	cv_destroy(&bd_cv);
}

static struct vnode *
vnode(const char *name)
{
	struct vnode *vp;

	(void)spec_vnode_get(VBLK, dev, name, &vp);
	return vp;
}

static void
closer(void *arg)
{

	T_EQ(VOP_CLOSE((struct vnode *)arg, FREAD, curlwp), 0);
}

static void
ioctler(void *arg)
{

	T_EQ(VOP_IOCTL((struct vnode *)arg, 0, NULL, FREAD, curlwp), 0);
}

static void
exclusive(void)
{
	struct vnode *a, *b;

	setup(&bd_bdevsw);
	a = vnode(name_a);
	b = vnode(name_b);
	T_CHECK(a != b);
	T_EQ(VOP_OPEN(a, FREAD, curlwp), 0);
	T_EQ(VOP_OPEN(a, FREAD, curlwp), EBUSY);
	T_EQ(VOP_OPEN(b, FREAD, curlwp), EBUSY);	/* by its alias too */
	closer(a);
	T_EQ(VOP_OPEN(b, FREAD, curlwp), 0);
	closer(b);
	T_CHECK(strcmp(bd_trace, "ocCocC") == 0);
	vrele(a);
	vrele(b);
	teardown(&bd_bdevsw);
}

static void
busy_while_closing(void)
{
	struct t_thread *t;
	struct vnode *a;

	setup(&bd_bdevsw);
	a = vnode(name_a);
	T_EQ(VOP_OPEN(a, FREAD, curlwp), 0);
	bd_set(&bd_hold_close, true);
	t = t_spawn(closer, a);
	T_UNTIL(bd_is_set, &bd_closing);
	T_EQ(VOP_OPEN(a, FREAD, curlwp), EBUSY);	/* does not wait */
	bd_set(&bd_hold_close, false);
	t_join(t);
	T_EQ(VOP_OPEN(a, FREAD, curlwp), 0);
	closer(a);
	vrele(a);
	teardown(&bd_bdevsw);
}

static void
revoked(const struct bdevsw *sw, const char *order)
{
	struct t_thread *t;
	struct vnode *a;

	setup(sw);
	a = vnode(name_a);
	T_EQ(VOP_OPEN(a, FREAD, curlwp), 0);
	bd_set(&bd_hold_ioctl, true);
	t = t_spawn(ioctler, a);
	T_UNTIL(in_ioctl, NULL);
	vrevoke(a);
	T_CHECK(strcmp(bd_trace, order) == 0);
	t_join(t);
	T_EQ(VOP_IOCTL(a, 0, NULL, FREAD, curlwp), EBADF);
	T_EQ(VOP_CLOSE(a, FREAD, curlwp), 0);
	vrele(a);
	teardown(sw);
}

static void
revoke_cancels(void)
{

	revoked(&bd_bdevsw, "ociC");
}

static void
revoke_legacy(void)
{

	revoked(&bd_legacy_bdevsw, "oCi");
}

static void
gone(void)
{
	struct vnode *a;

	setup(&bd_bdevsw);
	a = vnode(name_a);
	T_EQ(VOP_OPEN(a, FREAD, curlwp), 0);
	/* The character device of that number is another one. */
	vdevgone(major(dev), minor(dev), minor(dev), VCHR);
	T_EQ(VOP_IOCTL(a, 0, NULL, FREAD, curlwp), 0);
	vdevgone(major(dev), minor(dev), minor(dev), VBLK);
	T_CHECK(strcmp(bd_trace, "oicC") == 0);
	T_EQ(VOP_IOCTL(a, 0, NULL, FREAD, curlwp), EBADF);
	vrele(a);
	teardown(&bd_bdevsw);
}

static void
no_driver(void)
{
	struct vnode *a;

	setup(&bd_bdevsw);
	dev = makedev(9, 0);
	a = vnode(name_a);
	T_EQ(VOP_OPEN(a, FREAD, curlwp), ENXIO);
	vrele(a);
	teardown(&bd_bdevsw);
}

const struct t_case t_cases[] = {
	{ "a block device is open once, by whatever name", exclusive },
	{ "an open of one that is closing is EBUSY, and does not wait",
	    busy_while_closing },
	{ "revoke: bdev_cancel, drain, bdev_close", revoke_cancels },
	{ "without d_cancel: bdev_close, drain", revoke_legacy },
	{ "vdevgone of block devices, and of those only", gone },
	{ "no driver: ENXIO", no_driver },
	{ NULL, NULL },
};
