/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mt.c - a driver with devices as a module, for tests: mt* at root, /dev/mtN.
 *
 * A read sleeps until something is written, or d_cancel.  The module attaches
 * no device itself: who has loaded it does, with config_rootfound("mt"); its
 * unload is EBUSY while one is there.  An open of a unit sleeps as long as
 * mt_hold_open is set.
 *
 * Locks: mt_lock of a device guards its fields.
 */
#include <sys/atomic.h>
#include <sys/conf.h>
#include <sys/device.h>
#include <sys/errno.h>
#include <sys/fcntl.h>
#include <sys/lwp.h>
#include <sys/module.h>
#include <sys/mutex.h>
#include <sys/poll.h>
#include <sys/systm.h>
#include <sys/uio.h>
#include <sys/vnode.h>

#include <hyp/hyp_node.h>

struct mt_softc {
	kmutex_t	mt_lock;
	kcondvar_t	mt_cv;
	u_int		mt_bytes;
	bool		mt_cancelled;
	bool		mt_dying;
};

extern bool mt_hold_open;
bool mt_hold_open;			/* atomic; by the test */

/* Calls of autoconf that came without the kernel lock; for the test. */
extern u_int mt_unlocked;
u_int mt_unlocked;			/* atomic */

static void
mt_look(void)
{

	if (!KERNEL_LOCKED_P())
		atomic_inc_uint(&mt_unlocked);
}

extern struct cfdriver mt_cd;

static struct mt_softc *
mt_softc(dev_t dev)
{

	return device_lookup_private(&mt_cd, dev_minor_unit(dev));
}

static int
mtopen(dev_t dev, int flag __unused, int mode __unused,
    struct lwp *l __unused)
{
	struct mt_softc *const sc = mt_softc(dev);
	int error = 0;

	mutex_enter(&sc->mt_lock);
	while (atomic_load_relaxed(&mt_hold_open) && !sc->mt_dying &&
	    error == 0) {
		error = cv_timedwait_sig(&sc->mt_cv, &sc->mt_lock, 1);
		if (error == EWOULDBLOCK)
			error = 0;
	}
	if (sc->mt_dying)
		error = ENXIO;
	mutex_exit(&sc->mt_lock);
	return error;
}

static int
mtcancel(dev_t dev, int flag __unused, int mode __unused,
    struct lwp *l __unused)
{
	struct mt_softc *const sc = mt_softc(dev);

	mutex_enter(&sc->mt_lock);
	sc->mt_cancelled = true;
	cv_broadcast(&sc->mt_cv);
	mutex_exit(&sc->mt_lock);
	return 0;
}

static int
mtclose(dev_t dev, int flag __unused, int mode __unused,
    struct lwp *l __unused)
{
	struct mt_softc *const sc = mt_softc(dev);

	mutex_enter(&sc->mt_lock);
	sc->mt_cancelled = false;
	sc->mt_bytes = 0;
	mutex_exit(&sc->mt_lock);
	return 0;
}

static int
mtread(dev_t dev, struct uio *uio, int flag)
{
	struct mt_softc *const sc = mt_softc(dev);
	int error = 0;

	mutex_enter(&sc->mt_lock);
	while (sc->mt_bytes == 0 && error == 0)
		error = sc->mt_cancelled ? EIO :
		    (flag & IO_NDELAY) ? EWOULDBLOCK :
		    cv_wait_sig(&sc->mt_cv, &sc->mt_lock);
	while (error == 0 && sc->mt_bytes > 0 && uio->uio_resid > 0) {
		sc->mt_bytes--;
		error = ureadc('m', uio);
	}
	mutex_exit(&sc->mt_lock);
	return error;
}

static int
mtwrite(dev_t dev, struct uio *uio, int flag __unused)
{
	struct mt_softc *const sc = mt_softc(dev);

	mutex_enter(&sc->mt_lock);
	sc->mt_bytes += (u_int)uio->uio_resid;
	uio->uio_resid = 0;
	cv_broadcast(&sc->mt_cv);
	mutex_exit(&sc->mt_lock);
	return 0;
}

static const struct cdevsw mt_cdevsw = {
	.d_open = mtopen,
	.d_cancel = mtcancel,
	.d_close = mtclose,
	.d_read = mtread,
	.d_write = mtwrite,
	.d_ioctl = noioctl,
	.d_poll = nopoll,
	.d_devtounit = dev_minor_unit,
	.d_cfdriver = &mt_cd,
	.d_flag = D_OTHER | D_MPSAFE,
};

static int
mt_match(device_t parent, cfdata_t cf __unused, void *aux __unused)
{

	mt_look();
	return parent == NULL;
}

static void
mt_attach(device_t parent __unused, device_t self, void *aux __unused)
{
	struct mt_softc *const sc = device_private(self);

	mt_look();
	aprint_normal("\n");
	mutex_init(&sc->mt_lock, MUTEX_DEFAULT, IPL_NONE);
	cv_init(&sc->mt_cv, "mt");
}

static int
mt_detach(device_t self, int flags __unused)
{
	struct mt_softc *const sc = device_private(self);
	const devmajor_t maj = cdevsw_lookup_major(&mt_cdevsw);
	const devminor_t mn = device_unit(self);

	mt_look();
	mutex_enter(&sc->mt_lock);
	sc->mt_dying = true;
	cv_broadcast(&sc->mt_cv);
	mutex_exit(&sc->mt_lock);
	vdevgone(maj, mn, mn, VCHR);
	cv_destroy(&sc->mt_cv);
	mutex_destroy(&sc->mt_lock);
	return 0;
}

CFDRIVER_DECL(mt, DV_DULL, NULL);
static CFATTACH_DECL_NEW(mt, sizeof(struct mt_softc), mt_match, mt_attach,
    mt_detach, NULL);
static struct cfdriver *const mt_drivers[] = { &mt_cd, NULL };
static struct cfattach *const mt_list[] = { &mt_ca, NULL };
static const struct cfattachinit mt_attaches[] = {
	{ "mt", mt_list }, { NULL, NULL }
};
static struct cfdata mt_cfdata[] = {
	{ "mt", "mt", FSTATE_STAR, NULL, 0, NULL },
	{ NULL, NULL, 0, NULL, 0, NULL }
};
static const struct devnode mt_nodes[] = {
	{ "mt", "mt", &mt_cdevsw, 0, HYP_NODE_OTHER },
	{ NULL, NULL, NULL, 0, 0 }
};

MODULE(MODULE_CLASS_DRIVER, mt, NULL);

static int
mt_init(void)
{
	devmajor_t bmajor = NODEVMAJOR, cmajor = NODEVMAJOR;
	int error;

	error = devsw_attach("mt", NULL, &bmajor, &mt_cdevsw, &cmajor);
	if (error)
		return error;
	devnode_attach(mt_nodes);
	error = config_init_component(mt_drivers, mt_attaches, mt_cfdata);
	if (error) {
		devnode_detach(mt_nodes);
		devsw_detach(NULL, &mt_cdevsw);
	}
	return error;
}

static int
mt_modcmd(modcmd_t cmd, void *arg __unused)
{
	int error;

	switch (cmd) {
	case MODULE_CMD_INIT:
		return mt_init();
	case MODULE_CMD_FINI:
		error = config_fini_component(mt_drivers, mt_attaches,
		    mt_cfdata);
		if (error)
			return error;
		devnode_detach(mt_nodes);
		devsw_detach(NULL, &mt_cdevsw);
		return 0;
	default:
		return ENOTTY;
	}
}
