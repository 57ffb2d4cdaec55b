/*
 * @NAME@.c - a driver of a USB device with two bulk pipes: what is written to
 * /dev/@NAME@N goes out, what comes in is read.
 *
 * Model
 *	One file has it open at a time.  sc_inx is in flight from open to close,
 *	but while its buffer has bytes that nobody has read; sc_outx while a
 *	write waits for it.
 *
 * The end of an open file, whoever wants it (a close, a revoke, an unplug)
 *	d_cancel	sc_closing: what sleeps here wakes, and what comes, fails;
 *			prompt
 *			(nobody is in d_read or d_write any more)
 *	d_close		gives the pipes back; sc_closing is over
 *	An unplug is detach: sc_dying, then vdevgone does that to the file.
 *
 * Locks: sc_lock guards all of it that changes.
 */
#include <sys/param.h>
#include <sys/conf.h>
#include <sys/device.h>
#include <sys/errno.h>
#include <sys/fcntl.h>
#include <sys/mutex.h>
#include <sys/poll.h>
#include <sys/select.h>
#include <sys/systm.h>
#include <sys/uio.h>
#include <sys/vnode.h>

#include <dev/usb/usb.h>
#include <dev/usb/usbdi.h>

#include "ioconf.h"

#define	@UPPER@_BUFSIZE	1024

struct @NAME@_softc {
	kmutex_t		 sc_lock;
	kcondvar_t		 sc_cv;
	struct selinfo		 sc_rsel;
	struct usbd_interface	*sc_iface;
	int			 sc_inaddr, sc_outaddr;
	struct usbd_pipe	*sc_inpipe, *sc_outpipe;
	struct usbd_xfer	*sc_inx, *sc_outx;
	uint32_t		 sc_have, sc_taken;	/* of sc_inx's buffer */
	bool			 sc_failed;	/* sc_inx has, or sc_outx */
	bool			 sc_outbusy;
	bool			 sc_open;
	bool			 sc_closing;
	bool			 sc_dying;
};

/* 1209:0001 is for tests; put yours here. */
static const struct usb_devno @NAME@_devs[] = {
	{ 0x1209, 0x0001 },
};

static struct @NAME@_softc *
@NAME@_softc(dev_t dev)
{

	return device_lookup_private(&@NAME@_cd, minor(dev));
}

/* ---- transfers ------------------------------------------------------- */

/* sc_lock held: ask for more input. */
static void
@NAME@_ask(struct @NAME@_softc *sc)
{

	sc->sc_have = sc->sc_taken = 0;
	if (usbd_transfer(sc->sc_inx) != USBD_IN_PROGRESS)
		sc->sc_failed = true;
}

static void
@NAME@_in(struct usbd_xfer *xfer, void *arg, usbd_status status)
{
	struct @NAME@_softc *sc = arg;
	uint32_t len;

	usbd_get_xfer_status(xfer, NULL, NULL, &len, NULL);
	mutex_enter(&sc->sc_lock);
	if (status != USBD_NORMAL_COMPLETION)
		sc->sc_failed = true;
	else if (len == 0)
		@NAME@_ask(sc);
	else
		sc->sc_have = len;
	cv_broadcast(&sc->sc_cv);
	selnotify(&sc->sc_rsel, POLLIN | POLLRDNORM, 0);
	mutex_exit(&sc->sc_lock);
}

static void
@NAME@_out(struct usbd_xfer *xfer, void *arg, usbd_status status)
{
	struct @NAME@_softc *sc = arg;

	mutex_enter(&sc->sc_lock);
	if (status != USBD_NORMAL_COMPLETION)
		sc->sc_failed = true;
	sc->sc_outbusy = false;
	cv_broadcast(&sc->sc_cv);
	mutex_exit(&sc->sc_lock);
}

/* Give back what @NAME@_start got, or a part of it. */
static void
@NAME@_stop(struct @NAME@_softc *sc)
{

	if (sc->sc_inpipe != NULL)
		usbd_abort_pipe(sc->sc_inpipe);
	if (sc->sc_outpipe != NULL)
		usbd_abort_pipe(sc->sc_outpipe);
	if (sc->sc_inx != NULL)
		usbd_destroy_xfer(sc->sc_inx);
	if (sc->sc_outx != NULL)
		usbd_destroy_xfer(sc->sc_outx);
	if (sc->sc_inpipe != NULL)
		usbd_close_pipe(sc->sc_inpipe);
	if (sc->sc_outpipe != NULL)
		usbd_close_pipe(sc->sc_outpipe);
	sc->sc_inx = sc->sc_outx = NULL;
	sc->sc_inpipe = sc->sc_outpipe = NULL;
}

static int
@NAME@_start(struct @NAME@_softc *sc)
{

	if (usbd_open_pipe(sc->sc_iface, sc->sc_inaddr, USBD_EXCLUSIVE_USE,
	    &sc->sc_inpipe) != USBD_NORMAL_COMPLETION ||
	    usbd_open_pipe(sc->sc_iface, sc->sc_outaddr, USBD_EXCLUSIVE_USE,
	    &sc->sc_outpipe) != USBD_NORMAL_COMPLETION ||
	    usbd_create_xfer(sc->sc_inpipe, @UPPER@_BUFSIZE, 0, 0,
	    &sc->sc_inx) != 0 ||
	    usbd_create_xfer(sc->sc_outpipe, @UPPER@_BUFSIZE, 0, 0,
	    &sc->sc_outx) != 0)
		return EIO;
	usbd_setup_xfer(sc->sc_inx, sc, usbd_get_buffer(sc->sc_inx),
	    @UPPER@_BUFSIZE, USBD_SHORT_XFER_OK, USBD_NO_TIMEOUT, @NAME@_in);
	return 0;
}

/* ---- entries ---------------------------------------------------------- */

static int
@NAME@open(dev_t dev, int flags, int mode, struct lwp *l)
{
	struct @NAME@_softc *sc = @NAME@_softc(dev);
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

	error = @NAME@_start(sc);
	mutex_enter(&sc->sc_lock);
	sc->sc_failed = false;
	if (error == 0)
		@NAME@_ask(sc);
	mutex_exit(&sc->sc_lock);
	if (error) {
		@NAME@_stop(sc);
		mutex_enter(&sc->sc_lock);
		sc->sc_open = false;
		mutex_exit(&sc->sc_lock);
	}
	return error;
}

/* Prompt: no more than to wake. */
static int
@NAME@cancel(dev_t dev, int flags, int mode, struct lwp *l)
{
	struct @NAME@_softc *sc = @NAME@_softc(dev);

	if (sc == NULL)
		return 0;
	mutex_enter(&sc->sc_lock);
	sc->sc_closing = true;
	if (sc->sc_outbusy)
		usbd_cancel_xfer(sc->sc_outx);
	cv_broadcast(&sc->sc_cv);
	selnotify(&sc->sc_rsel, POLLHUP, 0);
	mutex_exit(&sc->sc_lock);
	return 0;
}

static int
@NAME@close(dev_t dev, int flags, int mode, struct lwp *l)
{
	struct @NAME@_softc *sc = @NAME@_softc(dev);

	if (sc == NULL)
		return 0;
	@NAME@_stop(sc);
	mutex_enter(&sc->sc_lock);
	sc->sc_open = sc->sc_closing = false;
	mutex_exit(&sc->sc_lock);
	return 0;
}

/* sc_lock held: 0, or why nothing goes on. */
static int
@NAME@_error(struct @NAME@_softc *sc)
{

	return sc->sc_closing || sc->sc_dying || sc->sc_failed ? EIO : 0;
}

static int
@NAME@read(dev_t dev, struct uio *uio, int flags)
{
	struct @NAME@_softc *sc = @NAME@_softc(dev);
	size_t n;
	int error = 0;

	mutex_enter(&sc->sc_lock);
	while (error == 0 && sc->sc_have == 0) {
		if ((error = @NAME@_error(sc)) != 0)
			break;
		error = flags & IO_NDELAY ? EWOULDBLOCK :
		    cv_wait_sig(&sc->sc_cv, &sc->sc_lock);
	}
	if (error == 0) {
		n = MIN(sc->sc_have - sc->sc_taken, uio->uio_resid);
		error = uiomove((char *)usbd_get_buffer(sc->sc_inx) +
		    sc->sc_taken, n, uio);
		sc->sc_taken += n;
		if (sc->sc_taken == sc->sc_have)
			@NAME@_ask(sc);
	}
	mutex_exit(&sc->sc_lock);
	return error;
}

/* sc_lock held: send what is in the buffer, and wait until it is. */
static int
@NAME@_send(struct @NAME@_softc *sc, size_t n)
{
	int error = 0, e;

	usbd_setup_xfer(sc->sc_outx, sc, usbd_get_buffer(sc->sc_outx), n, 0,
	    USBD_NO_TIMEOUT, @NAME@_out);
	if (usbd_transfer(sc->sc_outx) != USBD_IN_PROGRESS)
		return EIO;
	sc->sc_outbusy = true;
	while (sc->sc_outbusy) {
		/* The buffer is the transfer's until it has come back. */
		if (error != 0)
			cv_wait(&sc->sc_cv, &sc->sc_lock);
		else if ((e = cv_wait_sig(&sc->sc_cv, &sc->sc_lock)) != 0) {
			error = e;
			if (sc->sc_outbusy)
				usbd_cancel_xfer(sc->sc_outx);
		}
	}
	return error != 0 ? error : @NAME@_error(sc);
}

static int
@NAME@write(dev_t dev, struct uio *uio, int flags)
{
	struct @NAME@_softc *sc = @NAME@_softc(dev);
	int error = 0;
	size_t n;

	mutex_enter(&sc->sc_lock);
	while (error == 0 && uio->uio_resid > 0) {
		if ((error = @NAME@_error(sc)) != 0)
			break;
		if (sc->sc_outbusy) {	/* another write of this file */
			error = flags & IO_NDELAY ? EWOULDBLOCK :
			    cv_wait_sig(&sc->sc_cv, &sc->sc_lock);
			continue;
		}
		n = MIN(uio->uio_resid, @UPPER@_BUFSIZE);
		error = uiomove(usbd_get_buffer(sc->sc_outx), n, uio);
		if (error == 0 && (error = @NAME@_send(sc, n)) != 0) {
			/* Nobody knows what of these has arrived. */
			uio->uio_resid += n;
			uio->uio_offset -= n;
		}
	}
	mutex_exit(&sc->sc_lock);
	return error;
}

static int
@NAME@poll(dev_t dev, int events, struct lwp *l)
{
	struct @NAME@_softc *sc = @NAME@_softc(dev);
	int revents = 0;

	mutex_enter(&sc->sc_lock);
	if (@NAME@_error(sc) != 0)
		revents = POLLERR | POLLHUP | (events & (POLLIN | POLLRDNORM |
		    POLLOUT | POLLWRNORM));
	if (sc->sc_have > 0)
		revents |= events & (POLLIN | POLLRDNORM);
	if (!sc->sc_outbusy)
		revents |= events & (POLLOUT | POLLWRNORM);
	selrecord(l, &sc->sc_rsel);
	mutex_exit(&sc->sc_lock);
	return revents;
}

const struct cdevsw @NAME@_cdevsw = {
	.d_open = @NAME@open,
	.d_cancel = @NAME@cancel,
	.d_close = @NAME@close,
	.d_read = @NAME@read,
	.d_write = @NAME@write,
	.d_ioctl = noioctl,
	.d_poll = @NAME@poll,
	.d_cfdriver = &@NAME@_cd,
	.d_devtounit = dev_minor_unit,
	.d_flag = D_OTHER | D_MPSAFE,
};

/* ---- autoconf ---------------------------------------------------------- */

static int
@NAME@_match(device_t parent, cfdata_t cf, void *aux)
{
	const struct usbif_attach_arg *uiaa = aux;

	return usb_lookup(@NAME@_devs, uiaa->uiaa_vendor,
	    uiaa->uiaa_product) == NULL ? UMATCH_NONE :
	    UMATCH_VENDOR_PRODUCT_CONF_IFACE;
}

/* What the device says of itself is not to be trusted: look, then use. */
static bool
@NAME@_endpoints(struct @NAME@_softc *sc)
{
	const usb_interface_descriptor_t *id =
	    usbd_get_interface_descriptor(sc->sc_iface);
	const usb_endpoint_descriptor_t *ed;

	sc->sc_inaddr = sc->sc_outaddr = -1;
	for (int i = 0; i < id->bNumEndpoints; i++) {
		ed = usbd_interface2endpoint_descriptor(sc->sc_iface, i);
		if (ed == NULL || UE_GET_XFERTYPE(ed->bmAttributes) != UE_BULK)
			continue;
		if (UE_GET_DIR(ed->bEndpointAddress) == UE_DIR_IN)
			sc->sc_inaddr = ed->bEndpointAddress;
		else
			sc->sc_outaddr = ed->bEndpointAddress;
	}
	return sc->sc_inaddr != -1 && sc->sc_outaddr != -1;
}

/*
 * There is no way to fail: what cannot be used stays attached, dying, so that
 * opens are ENXIO, and is ready for detach.
 */
static void
@NAME@_attach(device_t parent, device_t self, void *aux)
{
	struct @NAME@_softc *sc = device_private(self);
	const struct usbif_attach_arg *uiaa = aux;

	aprint_naive("\n");
	aprint_normal("\n");
	sc->sc_iface = uiaa->uiaa_iface;
	mutex_init(&sc->sc_lock, MUTEX_DEFAULT, IPL_SOFTUSB);
	cv_init(&sc->sc_cv, "@NAME@");
	selinit(&sc->sc_rsel);
	if (!@NAME@_endpoints(sc)) {
		aprint_error_dev(self, "it lacks a bulk pipe\n");
		sc->sc_dying = true;
	}
}

static int
@NAME@_detach(device_t self, int flags)
{
	struct @NAME@_softc *sc = device_private(self);
	const devmajor_t maj = cdevsw_lookup_major(&@NAME@_cdevsw);
	const devminor_t mn = device_unit(self);

	mutex_enter(&sc->sc_lock);
	if (!(flags & DETACH_FORCE) && sc->sc_open) {
		mutex_exit(&sc->sc_lock);
		return EBUSY;
	}
	sc->sc_dying = true;
	cv_broadcast(&sc->sc_cv);
	mutex_exit(&sc->sc_lock);
	vdevgone(maj, mn, mn, VCHR);	/* d_cancel, wait, d_close */
	seldestroy(&sc->sc_rsel);
	cv_destroy(&sc->sc_cv);
	mutex_destroy(&sc->sc_lock);
	return 0;
}

CFATTACH_DECL_NEW(@NAME@, sizeof(struct @NAME@_softc), @NAME@_match,
    @NAME@_attach, @NAME@_detach, NULL);
