/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * broken.c - a driver that keeps the contract, or with one of these defined
 * breaks one rule of it, for t_check.py; the line that does it names it.
 *
 *	READ_GOES_ON	d_cancel does not wake d_read
 *	CANCEL_WAITS	d_cancel waits for who is in d_read
 *	CLOSE_TWICE	detach calls d_close, as vdevgone has
 *	CLOSE_CANCELS	d_cancel calls d_close, as the kernel will
 *	NO_VDEVGONE	detach does without it
 *	OPEN_AFTER	d_open does not ask whether there is a device
 *	SOFTC_USED	a callout of the module's uses it for ever
 *	CALLOUT_LEFT	detach leaves a callout running that is in the softc
 *	LOCK_KEPT	d_write forgets its lock where it fails
 *	LOCK_SLEEPS	d_read sleeps with another lock, of a soft interrupt
 *	SPIN_SLEEPS	and with one that is a spin mutex
 *	SPIN_TAKES	d_open takes an adaptive mutex under a spin mutex
 *	SPIN_ALLOCS	and allocates with KM_SLEEP under one
 *	SOFT_SLEEPS	a callout sleeps
 *	SOFT_ALLOCS	and allocates with KM_SLEEP
 *	SOFT_KEEPS	and forgets its lock
 *	CODE_STAYS	the module leaves a callout running
 *	STILL_OPEN	d_close forgets what d_open has set
 */
#include <sys/param.h>
#include <sys/callout.h>
#include <sys/conf.h>
#include <sys/device.h>
#include <sys/errno.h>
#include <sys/fcntl.h>
#include <sys/kmem.h>
#include <sys/mutex.h>
#include <sys/systm.h>
#include <sys/uio.h>
#include <sys/vnode.h>

#include <dev/usb/usb.h>
#include <dev/usb/usbdi.h>

#include "ioconf.h"

struct broken_softc {
	kmutex_t	 sc_lock;
	kmutex_t	 sc_tlock;	/* sc_ticks */
	kcondvar_t	 sc_cv;
	callout_t	 sc_tick;
	u_int		 sc_ticks;
	u_int		 sc_readers;
	bool		 sc_open;
	bool		 sc_closing;
	bool		 sc_dying;
};

#if defined(SOFTC_USED) || defined(CODE_STAYS)
static callout_t broken_all;
static struct broken_softc *broken_first;

static void
broken_all_tick(void *arg)
{
#ifdef SOFTC_USED

	if (broken_first != NULL)
		broken_first->sc_ticks++;		/* SOFTC_USED */
#endif
	callout_schedule(&broken_all, 1);
}
#endif

static struct broken_softc *
broken_softc(dev_t dev)
{

	return device_lookup_private(&broken_cd, minor(dev));
}

static void
broken_tick(void *arg)
{							/* CALLOUT_LEFT */
	struct broken_softc *sc = arg;

	mutex_enter(&sc->sc_tlock);			/* SOFT_KEEPS */
	sc->sc_ticks++;
	callout_schedule(&sc->sc_tick, 1);
#ifdef SOFT_SLEEPS
	(void)kpause("broken", false, 1, &sc->sc_tlock); /* SOFT_SLEEPS */
#endif
#ifdef SOFT_ALLOCS
	kmem_free(kmem_alloc(1, KM_SLEEP), 1);		/* SOFT_ALLOCS */
#endif
#ifndef SOFT_KEEPS
	mutex_exit(&sc->sc_tlock);
#endif
}

static int
brokenopen(dev_t dev, int flags, int mode, struct lwp *l)
{							/* OPEN_AFTER */
	struct broken_softc *sc = broken_softc(dev);
	int error;

#ifdef OPEN_AFTER
	if (sc == NULL)
		return 0;
#endif
	if (sc == NULL)
		return ENXIO;
#if defined(SPIN_TAKES) || defined(SPIN_ALLOCS)
	mutex_enter(&sc->sc_tlock);
#endif
#ifdef SPIN_ALLOCS
	kmem_free(kmem_zalloc(1, KM_SLEEP), 1);		/* SPIN_ALLOCS */
	mutex_exit(&sc->sc_tlock);
#endif
	mutex_enter(&sc->sc_lock);			/* SPIN_TAKES */
#ifdef SPIN_TAKES
	mutex_exit(&sc->sc_tlock);
#endif
	error = sc->sc_dying ? ENXIO : sc->sc_closing ? ERESTART :
	    sc->sc_open ? EBUSY : 0;
	if (error == 0)
		sc->sc_open = true;
	mutex_exit(&sc->sc_lock);
	return error;
}

static int
brokenclose(dev_t dev, int flags, int mode, struct lwp *l)
{							/* STILL_OPEN */
	struct broken_softc *sc = broken_softc(dev);

	if (sc == NULL)
		return 0;
	mutex_enter(&sc->sc_lock);
	sc->sc_closing = false;
#ifndef STILL_OPEN
	sc->sc_open = false;
#endif
	mutex_exit(&sc->sc_lock);
	return 0;
}

static int
brokencancel(dev_t dev, int flags, int mode, struct lwp *l)
{
	struct broken_softc *sc = broken_softc(dev);

	if (sc == NULL)
		return 0;
	mutex_enter(&sc->sc_lock);
#ifndef READ_GOES_ON
	sc->sc_closing = true;
	cv_broadcast(&sc->sc_cv);
#endif
#ifdef CANCEL_WAITS
	while (sc->sc_ticks > 0)
		cv_wait(&sc->sc_cv, &sc->sc_lock);	/* CANCEL_WAITS */
#endif
	mutex_exit(&sc->sc_lock);
#ifdef CLOSE_CANCELS
	brokenclose(dev, flags, mode, l);		/* CLOSE_CANCELS */
#endif
	return 0;
}

static int
brokenread(dev_t dev, struct uio *uio, int flags)
{
	struct broken_softc *sc = broken_softc(dev);
	int error = 0;

	if (sc == NULL)
		return ENXIO;
	mutex_enter(&sc->sc_lock);
#if defined(LOCK_SLEEPS) || defined(SPIN_SLEEPS)
	mutex_enter(&sc->sc_tlock);
#endif
	while (error == 0)
		error = sc->sc_closing || sc->sc_dying ? EIO :
		    flags & IO_NDELAY ? EWOULDBLOCK :
		    cv_wait_sig(&sc->sc_cv, &sc->sc_lock); /* READ_GOES_ON LOCK_SLEEPS SPIN_SLEEPS */
#if defined(LOCK_SLEEPS) || defined(SPIN_SLEEPS)
	mutex_exit(&sc->sc_tlock);
#endif
	mutex_exit(&sc->sc_lock);
	return error;
}

static int
brokenwrite(dev_t dev, struct uio *uio, int flags)
{
	struct broken_softc *sc = broken_softc(dev);
	char byte;
	int error = 0;

	if (sc == NULL)
		return ENXIO;
	mutex_enter(&sc->sc_lock);			/* LOCK_KEPT */
	if (uio->uio_resid > 256) {
#ifndef LOCK_KEPT
		mutex_exit(&sc->sc_lock);
#endif
		return EMSGSIZE;
	}
	while (error == 0 && uio->uio_resid > 0)
		error = uiomove(&byte, 1, uio);
	mutex_exit(&sc->sc_lock);
	return error;
}

const struct cdevsw broken_cdevsw = {
	.d_open = brokenopen,
	.d_cancel = brokencancel,
	.d_close = brokenclose,
	.d_read = brokenread,
	.d_write = brokenwrite,
	.d_ioctl = noioctl,
	.d_poll = nopoll,
#ifndef OPEN_AFTER
	.d_cfdriver = &broken_cd,
	.d_devtounit = dev_minor_unit,
#endif
	.d_flag = D_OTHER | D_MPSAFE,
};

static int
broken_match(device_t parent, cfdata_t cf, void *aux)
{
	const struct usbif_attach_arg *uiaa = aux;

	return uiaa->uiaa_vendor == 0x1209 && uiaa->uiaa_product == 1 ?
	    UMATCH_VENDOR_PRODUCT_CONF_IFACE : UMATCH_NONE;
}

static void
broken_attach(device_t parent, device_t self, void *aux)
{
	struct broken_softc *sc = device_private(self);

	aprint_naive("\n");
	aprint_normal("\n");
	mutex_init(&sc->sc_lock, MUTEX_DEFAULT, IPL_NONE);
#if defined(SPIN_SLEEPS) || defined(SPIN_TAKES) || defined(SPIN_ALLOCS)
	mutex_init(&sc->sc_tlock, MUTEX_DEFAULT, IPL_USB);
#else
	mutex_init(&sc->sc_tlock, MUTEX_DEFAULT, IPL_SOFTUSB);
#endif
	cv_init(&sc->sc_cv, "broken");
	callout_init(&sc->sc_tick, CALLOUT_MPSAFE);
	callout_setfunc(&sc->sc_tick, broken_tick, sc);
#if defined(SOFTC_USED) || defined(CODE_STAYS)
	if (broken_first == NULL)
		broken_first = sc;
#endif
	callout_schedule(&sc->sc_tick, 1);
}

static int
broken_detach(device_t self, int flags)
{							/* NO_VDEVGONE */
	struct broken_softc *sc = device_private(self);
	const devmajor_t maj __unused = cdevsw_lookup_major(&broken_cdevsw);
	const devminor_t mn __unused = device_unit(self);

	mutex_enter(&sc->sc_lock);
	if (!(flags & DETACH_FORCE) && sc->sc_open) {
		mutex_exit(&sc->sc_lock);
		return EBUSY;
	}
	sc->sc_dying = true;
	cv_broadcast(&sc->sc_cv);
	mutex_exit(&sc->sc_lock);
#ifndef NO_VDEVGONE
	vdevgone(maj, mn, mn, VCHR);
#endif
#ifdef CLOSE_TWICE
	brokenclose(makedev(maj, mn), 0, 0, NULL);	/* CLOSE_TWICE */
#endif
#ifndef CALLOUT_LEFT
	callout_halt(&sc->sc_tick, NULL);
	callout_destroy(&sc->sc_tick);
#endif
	cv_destroy(&sc->sc_cv);
	mutex_destroy(&sc->sc_tlock);
	mutex_destroy(&sc->sc_lock);
	return 0;
}

CFATTACH_DECL_NEW(broken, sizeof(struct broken_softc), broken_match,
    broken_attach, broken_detach, NULL);

/* For the pseudo-device line. */
void
brokenattach(int count)
{
#if defined(SOFTC_USED) || defined(CODE_STAYS)

	callout_init(&broken_all, CALLOUT_MPSAFE);
	callout_setfunc(&broken_all, broken_all_tick, NULL);
	callout_schedule(&broken_all, 1);
#endif
}
