/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ugen_subr.c - which endpoints a device has, and one transfer with a wait, for
 * the nodes of ugen(4); ugen.c has the model.
 */
#include <sys/param.h>
#include <sys/errno.h>
#include <sys/fcntl.h>
#include <sys/poll.h>
#include <sys/systm.h>
#include <sys/vnode.h>

#include <dev/usb/usb.h>
#include <dev/usb/usbdi.h>
#include <dev/usb/usbdi_util.h>

#include "drivers/ugen_impl.h"

/* The endpoints of one interface's setting; which nodes they are. */
static u_int
ugen_scan_iface(struct ugen_softc *sc, struct usbd_interface *iface)
{
	const usb_endpoint_descriptor_t *ed;
	struct ugen_dir *ud;
	uint8_t n = 0;
	u_int parts = 0, part;

	(void)usbd_endpoint_count(iface, &n);
	for (uint8_t i = 0; i < n; i++) {
		ed = usbd_interface2endpoint_descriptor(iface, i);
		part = ed == NULL ? 0 : UE_GET_ADDR(ed->bEndpointAddress);
		if (part == 0)
			continue;
		ud = UE_GET_DIR(ed->bEndpointAddress) == UE_DIR_IN ?
		    &sc->sc_ep[part].ue_in : &sc->sc_ep[part].ue_out;
		if (ud->ud_iface != NULL)
			continue;	/* of two the first */
		ud->ud_iface = iface;
		ud->ud_addr = ed->bEndpointAddress;
		ud->ud_type = UE_GET_XFERTYPE(ed->bmAttributes);
		ud->ud_maxpkt = UE_GET_SIZE(UGETW(ed->wMaxPacketSize));
		parts |= 1U << part;
	}
	return parts;
}

/*
 * parts = ugen_scan(sc)
 *
 *	The endpoints that the device has now.  Nobody has one open or opens
 *	one.
 */
u_int
ugen_scan(struct ugen_softc *sc)
{
	struct usbd_interface *iface;
	u_int parts = 0;
	uint8_t n = 0;

	for (u_int i = 1; i < DEVNODE_NSUBS; i++)
		sc->sc_ep[i].ue_in.ud_iface = sc->sc_ep[i].ue_out.ud_iface =
		    NULL;
	(void)usbd_interface_count(sc->sc_udev, &n);
	for (uint8_t i = 0; i < n; i++) {
		if (usbd_device2interface_handle(sc->sc_udev, i, &iface) ==
		    USBD_NORMAL_COMPLETION)
			parts |= ugen_scan_iface(sc, iface);
	}
	return parts;
}

/* ---- transfers ------------------------------------------------------ */

void
ugen_done(struct usbd_xfer *xfer, void *arg, usbd_status status)
{
	struct ugen_dir *const ud = arg;
	struct ugen_softc *const sc = ud->ud_sc;

	mutex_enter(&sc->sc_lock);
	ud->ud_status = status;
	usbd_get_xfer_status(xfer, NULL, NULL, &ud->ud_actlen, NULL);
	ud->ud_busy = false;
	cv_broadcast(&sc->sc_cv);
	mutex_exit(&sc->sc_lock);
}

static int
ugen_errno(usbd_status err, int flag)
{

	switch (err) {
	case USBD_NORMAL_COMPLETION:
		return 0;
	case USBD_TIMEOUT:
		return flag & IO_NDELAY ? EWOULDBLOCK : ETIMEDOUT;
	default:
		return EIO;
	}
}

/*
 * error = ugen_wait(sc, ud, flag)
 *
 *	sc_lock held, left while it waits: start ud_xfer, which has been set up,
 *	and wait for its end.  ud_actlen is what was moved, whatever the error:
 *	EIO, ETIMEDOUT, EWOULDBLOCK, EINTR, ERESTART.
 */
int
ugen_wait(struct ugen_softc *sc, struct ugen_dir *ud, int flag)
{
	int sig = 0, error;

	KASSERT(mutex_owned(&sc->sc_lock) && ud->ud_taken && !ud->ud_busy);
	ud->ud_actlen = 0;
	ud->ud_status = USBD_NOT_STARTED;
	if ((error = cv_sig_error()) != 0)
		return error;
	if (usbd_transfer(ud->ud_xfer) != USBD_IN_PROGRESS)
		return EIO;
	ud->ud_busy = true;
	while (ud->ud_busy) {
		if (sig != 0)
			cv_wait(&sc->sc_cv, &sc->sc_lock);
		else if ((sig = cv_wait_sig(&sc->sc_cv, &sc->sc_lock)) != 0 &&
		    ud->ud_busy)
			usbd_cancel_xfer(ud->ud_xfer);
	}
	error = ugen_errno(ud->ud_status, flag);
	return error != 0 && sig != 0 ? sig : error;
}

/*
 * error = ugen_take(sc, ue, ud, flag)
 * ugen_give(sc, ud)
 *
 *	One call at a time has a direction; others wait.  sc_lock held.
 */
int
ugen_take(struct ugen_softc *sc, struct ugen_ep *ue, struct ugen_dir *ud,
    int flag)
{
	int error = 0;

	while (error == 0 && ud->ud_taken && !ue->ue_closing &&
	    !sc->sc_dying) {
		if (flag & IO_NDELAY)
			return EWOULDBLOCK;
		error = cv_wait_sig(&sc->sc_cv, &sc->sc_lock);
	}
	if (error != 0)
		return error;
	if (ue->ue_closing || sc->sc_dying)
		return EIO;
	ud->ud_taken = true;
	return 0;
}

void
ugen_give(struct ugen_softc *sc, struct ugen_dir *ud)
{

	ud->ud_taken = false;
	cv_broadcast(&sc->sc_cv);
	selnotify(&sc->sc_sel, POLLIN | POLLOUT, 0);
}
