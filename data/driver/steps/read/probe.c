/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * probe.c - a driver of a USB device with a bulk pipe, from which /dev/probeN
 * reads.  A read waits in the transfer, where d_cancel does not reach it:
 * "devsw-driver check" has something to say of that.  What "devsw-driver new
 * --usb" writes is the next step.
 */
#include <sys/param.h>
#include <sys/conf.h>
#include <sys/device.h>
#include <sys/errno.h>
#include <sys/fcntl.h>
#include <sys/mutex.h>
#include <sys/systm.h>
#include <sys/uio.h>
#include <sys/vnode.h>

#include <dev/usb/usb.h>
#include <dev/usb/usbdi.h>
#include <dev/usb/usbdi_util.h>

#include "ioconf.h"

#define	PROBE_BUFSIZE	1024
#define	PROBE_NOW	10	/* ms: what a read with O_NONBLOCK waits */

struct probe_softc {
	struct usbd_interface	*sc_iface;
	int			 sc_inaddr;	/* -1: there is none */
	struct usbd_pipe	*sc_inpipe;	/* while it is open */
	struct usbd_xfer	*sc_inx;	/* same */
	kmutex_t		 sc_lock;	/* all below */
	bool			 sc_open;
	bool			 sc_closing;	/* d_cancel to d_close */
	bool			 sc_dying;
};

static const struct usb_devno probe_devs[] = {
	{ 0x1209, 0x0001 },
};

static struct probe_softc *
probe_softc(dev_t dev)
{

	return device_lookup_private(&probe_cd, minor(dev));
}

static void
probe_stop(struct probe_softc *sc)
{

	if (sc->sc_inx != NULL)
		usbd_destroy_xfer(sc->sc_inx);
	if (sc->sc_inpipe != NULL)
		usbd_close_pipe(sc->sc_inpipe);
	sc->sc_inx = NULL;
	sc->sc_inpipe = NULL;
}

static int
probeopen(dev_t dev, int flags, int mode, struct lwp *l)
{
	struct probe_softc *sc = probe_softc(dev);
	int error;

	if (sc == NULL)
		return ENXIO;
	mutex_enter(&sc->sc_lock);
	error = sc->sc_dying ? ENXIO : sc->sc_closing ? ERESTART :
	    sc->sc_open ? EBUSY : 0;
	if (error == 0)
		sc->sc_open = true;
	mutex_exit(&sc->sc_lock);
	if (error)
		return error;
	if (usbd_open_pipe(sc->sc_iface, sc->sc_inaddr, USBD_EXCLUSIVE_USE,
	    &sc->sc_inpipe) == USBD_NORMAL_COMPLETION &&
	    usbd_create_xfer(sc->sc_inpipe, PROBE_BUFSIZE, 0, 0,
	    &sc->sc_inx) == 0)
		return 0;
	probe_stop(sc);
	mutex_enter(&sc->sc_lock);
	sc->sc_open = false;
	mutex_exit(&sc->sc_lock);
	return EIO;
}

static int
probecancel(dev_t dev, int flags, int mode, struct lwp *l)
{
	struct probe_softc *sc = probe_softc(dev);

	if (sc == NULL)
		return 0;
	mutex_enter(&sc->sc_lock);
	sc->sc_closing = true;
	mutex_exit(&sc->sc_lock);
	return 0;
}

static int
probeclose(dev_t dev, int flags, int mode, struct lwp *l)
{
	struct probe_softc *sc = probe_softc(dev);

	if (sc == NULL)
		return 0;
	probe_stop(sc);
	mutex_enter(&sc->sc_lock);
	sc->sc_open = sc->sc_closing = false;
	mutex_exit(&sc->sc_lock);
	return 0;
}

static int
proberead(dev_t dev, struct uio *uio, int flags)
{
	struct probe_softc *sc = probe_softc(dev);
	uint32_t len = MIN(uio->uio_resid, PROBE_BUFSIZE);
	usbd_status err;

	if (sc->sc_closing || sc->sc_dying)
		return EIO;
	err = usbd_bulk_transfer(sc->sc_inx, sc->sc_inpipe,
	    USBD_SHORT_XFER_OK, flags & IO_NDELAY ? PROBE_NOW :
	    USBD_NO_TIMEOUT, usbd_get_buffer(sc->sc_inx), &len);
	if (err != USBD_NORMAL_COMPLETION)
		return err == USBD_TIMEOUT ? EWOULDBLOCK : EIO;
	return uiomove(usbd_get_buffer(sc->sc_inx), len, uio);
}

const struct cdevsw probe_cdevsw = {
	.d_open = probeopen,
	.d_cancel = probecancel,
	.d_close = probeclose,
	.d_read = proberead,
	.d_write = nowrite,
	.d_ioctl = noioctl,
	.d_poll = nopoll,
	.d_cfdriver = &probe_cd,
	.d_devtounit = dev_minor_unit,
	.d_flag = D_OTHER | D_MPSAFE,
};

static int
probe_match(device_t parent, cfdata_t cf, void *aux)
{
	const struct usbif_attach_arg *uiaa = aux;

	return usb_lookup(probe_devs, uiaa->uiaa_vendor,
	    uiaa->uiaa_product) == NULL ? UMATCH_NONE :
	    UMATCH_VENDOR_PRODUCT_CONF_IFACE;
}

static void
probe_attach(device_t parent, device_t self, void *aux)
{
	struct probe_softc *sc = device_private(self);
	const struct usbif_attach_arg *uiaa = aux;
	const usb_interface_descriptor_t *id;
	const usb_endpoint_descriptor_t *ed;

	aprint_naive("\n");
	aprint_normal("\n");
	mutex_init(&sc->sc_lock, MUTEX_DEFAULT, IPL_NONE);
	sc->sc_iface = uiaa->uiaa_iface;
	sc->sc_inaddr = -1;
	id = usbd_get_interface_descriptor(sc->sc_iface);
	for (int i = 0; i < id->bNumEndpoints; i++) {
		ed = usbd_interface2endpoint_descriptor(sc->sc_iface, i);
		if (ed != NULL &&
		    UE_GET_XFERTYPE(ed->bmAttributes) == UE_BULK &&
		    UE_GET_DIR(ed->bEndpointAddress) == UE_DIR_IN)
			sc->sc_inaddr = ed->bEndpointAddress;
	}
	if (sc->sc_inaddr == -1) {
		aprint_error_dev(self, "it lacks a bulk pipe\n");
		sc->sc_dying = true;
	}
}

/* All files are closed before vdevgone returns. */
static int
probe_detach(device_t self, int flags)
{
	struct probe_softc *sc = device_private(self);
	const devmajor_t maj = cdevsw_lookup_major(&probe_cdevsw);
	const devminor_t mn = device_unit(self);

	mutex_enter(&sc->sc_lock);
	if (!(flags & DETACH_FORCE) && sc->sc_open) {
		mutex_exit(&sc->sc_lock);
		return EBUSY;
	}
	sc->sc_dying = true;
	mutex_exit(&sc->sc_lock);
	vdevgone(maj, mn, mn, VCHR);
	mutex_destroy(&sc->sc_lock);
	return 0;
}

CFATTACH_DECL_NEW(probe, sizeof(struct probe_softc), probe_match,
    probe_attach, probe_detach, NULL);
