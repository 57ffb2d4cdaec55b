/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_null.c - the kernel side of devswd-null: a driver that does nothing, and
 * the tables that make it the only one.
 *
 * With it what is measured is the road to a driver and back: front end,
 * specfs, device switch.  It does what a D_MPSAFE driver with d_cancel has to
 * do and no more: reads are zeros at once, writes are swallowed, and between
 * d_cancel and d_close both fail.
 *
 * A second node of each unit, benchwaitN, is for what sleeps: its reads end with
 * d_cancel and with nothing else.  null_unplug is an unplug of it, without any
 * hardware.
 *
 * It stands in the place of src/drivers/devswd.ioconf and, since there is no bus,
 * of src/kernel/bus: hyp_boot finds usb_bus_init here.
 *
 * Locks: nc_cancelled is atomic, and specfs drains calls before d_close, so
 * benchnull needs none.  wait_lock is for benchwait.
 */
#include <sys/atomic.h>
#include <sys/conf.h>
#include <sys/device.h>
#include <sys/errno.h>
#include <sys/param.h>
#include <sys/systm.h>
#include <sys/uio.h>
#include <sys/vnode.h>

#include <hyp/hyp_node.h>

#include "bench/h_null.h"
#include "bus/bus.h"

static char null_zeros[128 * 1024];

static struct null_softc {
	bool	nc_cancelled;	/* atomic: between d_cancel and d_close */
} null_softc[NULL_UNITS];

static struct null_softc *
null_sc(dev_t dev)
{

	return &null_softc[minor(dev)];
}

static int
null_open(dev_t dev, int flag __unused, int mode __unused,
    struct lwp *l __unused)
{

	return minor(dev) < NULL_UNITS ? 0 : ENXIO;
}

static int
null_cancel(dev_t dev, int flag __unused, int mode __unused,
    struct lwp *l __unused)
{

	atomic_store_release(&null_sc(dev)->nc_cancelled, true);
	return 0;
}

static int
null_close(dev_t dev, int flag __unused, int mode __unused,
    struct lwp *l __unused)
{

	atomic_store_release(&null_sc(dev)->nc_cancelled, false);
	return 0;
}

static int
null_read(dev_t dev, struct uio *uio, int flag __unused)
{

	if (atomic_load_acquire(&null_sc(dev)->nc_cancelled))
		return ERESTART;
	return uiomove(null_zeros, MIN(uio->uio_resid, sizeof(null_zeros)),
	    uio);
}

static int
null_write(dev_t dev, struct uio *uio, int flag __unused)
{

	if (atomic_load_acquire(&null_sc(dev)->nc_cancelled))
		return ERESTART;
	uio->uio_resid = 0;
	return 0;
}

static int
null_poll(dev_t dev __unused, int events, struct lwp *l)
{

	return seltrue(dev, events, l);
}

/* ---- benchwait ------------------------------------------------------ */

static kmutex_t wait_lock;
static kcondvar_t wait_cv;
static bool wait_cancelled[NULL_UNITS];	/* wait_lock */
static bool wait_gone[NULL_UNITS];		/* wait_lock */

void
null_wait_init(void)
{

	mutex_init(&wait_lock, MUTEX_DEFAULT, IPL_NONE);
	cv_init(&wait_cv, "bench");
}

static void
wait_set(bool *flag, bool v)
{

	mutex_enter(&wait_lock);
	*flag = v;
	cv_broadcast(&wait_cv);
	mutex_exit(&wait_lock);
}

static int
wait_open(dev_t dev, int flag __unused, int mode __unused,
    struct lwp *l __unused)
{
	int error;

	mutex_enter(&wait_lock);
	error = wait_gone[minor(dev)] ? ENXIO : 0;
	mutex_exit(&wait_lock);
	return error;
}

static int
wait_cancel(dev_t dev, int flag __unused, int mode __unused,
    struct lwp *l __unused)
{

	wait_set(&wait_cancelled[minor(dev)], true);
	return 0;
}

static int
wait_close(dev_t dev, int flag __unused, int mode __unused,
    struct lwp *l __unused)
{

	wait_set(&wait_cancelled[minor(dev)], false);
	return 0;
}

static int
wait_read(dev_t dev, struct uio *uio __unused, int flag __unused)
{
	int error = 0;

	mutex_enter(&wait_lock);
	while (error == 0 && !wait_cancelled[minor(dev)])
		error = cv_wait_sig(&wait_cv, &wait_lock);
	mutex_exit(&wait_lock);
	return error != 0 ? error : EIO;
}

static const struct cdevsw wait_cdevsw = {
	.d_open = wait_open,
	.d_cancel = wait_cancel,
	.d_close = wait_close,
	.d_read = wait_read,
	.d_write = nowrite,
	.d_ioctl = noioctl,
	.d_poll = null_poll,
	.d_flag = D_OTHER | D_MPSAFE
};

void
null_unplug(unsigned unit)
{
	const devmajor_t maj = cdevsw_lookup_major(&wait_cdevsw);

	wait_set(&wait_gone[unit], true);
	vdevgone(maj, (devminor_t)unit, (devminor_t)unit, VCHR);
	wait_set(&wait_gone[unit], false);
}

static const struct cdevsw null_cdevsw = {
	.d_open = null_open,
	.d_cancel = null_cancel,
	.d_close = null_close,
	.d_read = null_read,
	.d_write = null_write,
	.d_ioctl = noioctl,
	.d_stop = nostop,
	.d_tty = notty,
	.d_poll = null_poll,
	.d_mmap = nommap,
	.d_kqfilter = nokqfilter,
	.d_discard = nodiscard,
	.d_flag = D_OTHER | D_MPSAFE
};

static CFDRIVER_DECL(null, DV_DULL, NULL);

struct cfdriver *const cfdriver_ioconf[] = { &null_cd, NULL };
const struct cfattachinit cfattach_ioconf[] = { { NULL, NULL } };
struct cfdata cfdata_ioconf[] = { { NULL, NULL, 0, NULL, 0, NULL } };

const struct devsw_conv devsw_conv[] = {
	{ NULL_DRIVER, NULL, &null_cdevsw },
	{ "benchwait", NULL, &wait_cdevsw },
	{ NULL, NULL, NULL }
};

const struct devnode devnodes[] = {
	{ NULL_DRIVER, "benchnull", &null_cdevsw, 0, HYP_NODE_OTHER },
	{ NULL_DRIVER, NULL_WAIT, &wait_cdevsw, 0, HYP_NODE_OTHER },
	{ NULL, NULL, NULL, 0, 0 }
};

/* There is no bus. */
void
usb_bus_init(bool (*lingers)(u_int) __unused)
{
}

void
usb_bus_again(void)
{
}

void
usb_bus_shutdown(void)
{
}
