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
 * It stands in the place of src/drivers/ioconf.c and, since there is no bus,
 * of src/bus: hyp_boot finds usb_bus_init here.
 *
 * Locks: none; nc_cancelled is atomic.  specfs drains calls before d_close.
 */
#include <sys/atomic.h>
#include <sys/conf.h>
#include <sys/device.h>
#include <sys/errno.h>
#include <sys/param.h>
#include <sys/systm.h>
#include <sys/uio.h>

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
	{ NULL, NULL, NULL }
};

const struct devnode devnodes[] = {
	{ NULL_DRIVER, "benchnull", &null_cdevsw, 0, HYP_NODE_OTHER },
	{ NULL, NULL, NULL, 0, 0 }
};

/* There is no bus. */
void
usb_bus_init(bool lingers __unused)
{
}

void
usb_bus_shutdown(void)
{
}
