/*
 * @NAME@.c - a driver of a kind of HID, below uhidev(4): a read of /dev/@NAME@N
 * waits for the next report, and gives it; a write is an output report.
 *
 * Model
 *	One file has it open at a time; uhidev calls @NAME@_intr with each report
 *	from uhidev_open to uhidev_close, and the last one is kept.  How an open
 *	file ends: d_cancel wakes who reads, and with uhidev_stop who writes;
 *	all leave; d_close.
 *
 * Locks: sc_lock guards all of it that changes.
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

#include <dev/hid/hid.h>
#include <dev/usb/usb.h>
#include <dev/usb/usbdi.h>
#include <dev/usb/usbhid.h>
#include <dev/usb/uhidev.h>

#include "ioconf.h"

#define	@UPPER@_REPORT	64

struct @NAME@_softc {
	kmutex_t	 sc_lock;
	kcondvar_t	 sc_cv;
	struct uhidev	*sc_hdev;
	u_int		 sc_osize;	/* of an output report; 0: none */
	u_char		 sc_id;
	u_char		 sc_report[@UPPER@_REPORT];
	u_int		 sc_len;	/* 0: none since the last read */
	bool		 sc_open;
	bool		 sc_closing;
	bool		 sc_dying;
};

static struct @NAME@_softc *
@NAME@_softc(dev_t dev)
{

	return device_lookup_private(&@NAME@_cd, minor(dev));
}

static void
@NAME@_intr(void *arg, void *report, u_int len)
{
	struct @NAME@_softc *sc = arg;

	mutex_enter(&sc->sc_lock);
	sc->sc_len = MIN(len, @UPPER@_REPORT);
	memcpy(sc->sc_report, report, sc->sc_len);
	cv_broadcast(&sc->sc_cv);
	mutex_exit(&sc->sc_lock);
}

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
	if (error == 0) {
		sc->sc_open = true;
		sc->sc_len = 0;
	}
	mutex_exit(&sc->sc_lock);
	if (error)
		return error;
	error = uhidev_open(sc->sc_hdev, @NAME@_intr, sc);
	if (error) {
		mutex_enter(&sc->sc_lock);
		sc->sc_open = false;
		mutex_exit(&sc->sc_lock);
	}
	return error;
}

static int
@NAME@cancel(dev_t dev, int flags, int mode, struct lwp *l)
{
	struct @NAME@_softc *sc = @NAME@_softc(dev);

	if (sc == NULL)
		return 0;
	mutex_enter(&sc->sc_lock);
	sc->sc_closing = true;
	cv_broadcast(&sc->sc_cv);
	mutex_exit(&sc->sc_lock);
	uhidev_stop(sc->sc_hdev);
	return 0;
}

static int
@NAME@close(dev_t dev, int flags, int mode, struct lwp *l)
{
	struct @NAME@_softc *sc = @NAME@_softc(dev);
	bool isopen;

	if (sc == NULL)
		return 0;
	mutex_enter(&sc->sc_lock);
	isopen = sc->sc_open;
	mutex_exit(&sc->sc_lock);
	if (isopen)
		uhidev_close(sc->sc_hdev);
	mutex_enter(&sc->sc_lock);
	sc->sc_open = sc->sc_closing = false;
	mutex_exit(&sc->sc_lock);
	return 0;
}

static int
@NAME@read(dev_t dev, struct uio *uio, int flags)
{
	struct @NAME@_softc *sc = @NAME@_softc(dev);
	int error = 0;

	mutex_enter(&sc->sc_lock);
	while (error == 0 && sc->sc_len == 0)
		error = sc->sc_closing || sc->sc_dying ? EIO :
		    flags & IO_NDELAY ? EWOULDBLOCK :
		    cv_wait_sig(&sc->sc_cv, &sc->sc_lock);
	if (error == 0) {
		error = uiomove(sc->sc_report, MIN(sc->sc_len, uio->uio_resid),
		    uio);
		sc->sc_len = 0;
	}
	mutex_exit(&sc->sc_lock);
	return error;
}

/* One that is not as long as the report is sent with zeros. */
static int
@NAME@write(dev_t dev, struct uio *uio, int flags)
{
	struct @NAME@_softc *sc = @NAME@_softc(dev);
	u_char report[1 + @UPPER@_REPORT] = { 0 };
	const int ids = uhidev_has_ids(sc->sc_hdev);
	int error;

	if (sc->sc_osize == 0)
		return ENODEV;
	if (uio->uio_resid > sc->sc_osize)
		return EMSGSIZE;
	report[0] = sc->sc_id;
	error = uiomove(report + ids, uio->uio_resid, uio);
	if (error == 0 && uhidev_write(sc->sc_hdev, report,
	    (int)sc->sc_osize + ids) != USBD_NORMAL_COMPLETION)
		error = EIO;
	return error;
}

const struct cdevsw @NAME@_cdevsw = {
	.d_open = @NAME@open,
	.d_cancel = @NAME@cancel,
	.d_close = @NAME@close,
	.d_read = @NAME@read,
	.d_write = @NAME@write,
	.d_ioctl = noioctl,
	.d_poll = nopoll,
	.d_cfdriver = &@NAME@_cd,
	.d_devtounit = dev_minor_unit,
	.d_flag = D_OTHER | D_MPSAFE,
};

/* A joystick, so that nothing is taken from anybody; put your usage here. */
static int
@NAME@_match(device_t parent, cfdata_t cf, void *aux)
{
	const struct uhidev_attach_arg *uha = aux;
	void *desc;
	int len;

	if (uha->parent == NULL)
		return UMATCH_NONE;
	uhidev_get_report_desc(uha->parent, &desc, &len);
	return hid_is_collection(desc, len, uha->reportid,
	    HID_USAGE2(HUP_GENERIC_DESKTOP, HUG_JOYSTICK)) ?
	    UMATCH_IFACECLASS : UMATCH_NONE;
}

static void
@NAME@_attach(device_t parent, device_t self, void *aux)
{
	struct @NAME@_softc *sc = device_private(self);
	const struct uhidev_attach_arg *uha = aux;
	void *desc;
	int len;

	aprint_naive("\n");
	aprint_normal("\n");
	sc->sc_hdev = uha->parent;
	sc->sc_id = uha->reportid;
	uhidev_get_report_desc(uha->parent, &desc, &len);
	if (uhidev_has_output_pipe(uha->parent))
		sc->sc_osize = MIN(hid_report_size(desc, len, hid_output,
		    uha->reportid), @UPPER@_REPORT);
	mutex_init(&sc->sc_lock, MUTEX_DEFAULT, IPL_SOFTUSB);
	cv_init(&sc->sc_cv, "@NAME@");
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
	vdevgone(maj, mn, mn, VCHR);
	cv_destroy(&sc->sc_cv);
	mutex_destroy(&sc->sc_lock);
	return 0;
}

CFATTACH_DECL_NEW(@NAME@, sizeof(struct @NAME@_softc), @NAME@_match,
    @NAME@_attach, @NAME@_detach, NULL);
