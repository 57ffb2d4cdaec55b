/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ugen_control.c - the ioctls of ugen(4)'s control node: descriptors,
 * configurations, settings and requests.  ugen.c has the model.
 *
 * All of them are one at a time (ugen_take of pipe 0), so that no descriptor
 * goes away while it is read.  What a request moves lies in the ioctl itself,
 * whose size is that of its number.
 */
#include <sys/param.h>
#include <sys/errno.h>
#include <sys/fcntl.h>
#include <sys/systm.h>

#include <dev/usb/ugenio.h>
#include <dev/usb/usb.h>
#include <dev/usb/usbdi.h>
#include <dev/usb/usbdi_util.h>

#include "drivers/ugen_impl.h"

/* Those that usbdi itself has to make, or the host's idea of the device would
   be another than the device's. */
static bool
ugen_forbidden(const usb_device_request_t *req)
{
	const u_int type = req->bmRequestType & ~(u_int)UT_READ;

	return UT_GET_TYPE(type) == UT_STANDARD &&
	    (req->bRequest == UR_SET_ADDRESS ||
	    req->bRequest == UR_SET_CONFIG ||
	    req->bRequest == UR_SET_INTERFACE);
}

static bool
ugen_is_clear_halt(const usb_device_request_t *req)
{

	return req->bmRequestType == UT_WRITE_ENDPOINT &&
	    req->bRequest == UR_CLEAR_FEATURE &&
	    UGETW(req->wValue) == UF_ENDPOINT_HALT;
}

/*
 * sc_lock not held; pipe 0 is taken.  A request that d_cancel ends.
 */
static int
ugen_request(struct ugen_softc *sc, struct ugen_ep *ue,
    struct ugen_request *ur, size_t size)
{
	struct ugen_dir *const ud = &ue->ue_out;
	usb_device_request_t req = ur->ur_request;
	const uint32_t len = UGETW(req.wLength);
	uint32_t ms;
	int error;

	ur->ur_actlen = 0;
	if (len > size - sizeof(*ur) || ugen_forbidden(&req))
		return EINVAL;
	if (ugen_is_clear_halt(&req))
		return len != 0 ? EINVAL : usbd_clear_endpoint_feature(
		    sc->sc_udev, UGETW(req.wIndex), UF_ENDPOINT_HALT) ? EIO : 0;
	error = usbd_create_xfer(usbd_get_pipe0(sc->sc_udev), len, 0, 0,
	    &ud->ud_xfer);
	if (error != 0)
		return error;
	mutex_enter(&sc->sc_lock);
	ms = ue->ue_timeout;
	usbd_setup_default_xfer(ud->ud_xfer, sc->sc_udev, ud, ms, &req, ur + 1,
	    len, ur->ur_flags & USBD_SHORT_XFER_OK ? USBD_SHORT_XFER_OK : 0,
	    ugen_done);
	error = ue->ue_closing || sc->sc_dying ? EIO : ugen_wait(sc, ud, 0);
	ur->ur_actlen = (int32_t)MIN(ud->ud_actlen, len);
	mutex_exit(&sc->sc_lock);
	usbd_destroy_xfer(ud->ud_xfer);
	ud->ud_xfer = NULL;
	return error;
}

/* ---- descriptors ---------------------------------------------------- */

/* NULL for any index but USB_CURRENT_CONFIG_INDEX: only the present
   configuration is kept in full. */
static usb_config_descriptor_t *
ugen_config(struct ugen_softc *sc, int index)
{

	return index == USB_CURRENT_CONFIG_INDEX ?
	    usbd_get_config_descriptor(sc->sc_udev) : NULL;
}

/* The present setting's place, for USB_CURRENT_ALT_INDEX. */
static int
ugen_alt(struct ugen_softc *sc, int iface, int alt)
{
	struct usbd_interface *ifp;

	if (alt != USB_CURRENT_ALT_INDEX)
		return alt;
	if (iface < 0 || iface > UINT8_MAX ||
	    usbd_device2interface_handle(sc->sc_udev, (uint8_t)iface, &ifp) !=
	    USBD_NORMAL_COMPLETION)
		return -1;
	return usbd_get_interface_altindex(ifp);
}

static int
ugen_get_config_desc(struct ugen_softc *sc, struct usb_config_desc *cd)
{

	if (cd->ucd_config_index == USB_CURRENT_CONFIG_INDEX) {
		cd->ucd_desc = *usbd_get_config_descriptor(sc->sc_udev);
		return 0;
	}
	if (cd->ucd_config_index < 0 || cd->ucd_config_index > UINT8_MAX)
		return EINVAL;
	return usbd_get_config_desc(sc->sc_udev, cd->ucd_config_index,
	    &cd->ucd_desc) ? EINVAL : 0;
}

static int
ugen_get_interface_desc(struct ugen_softc *sc, struct usb_interface_desc *d)
{
	usb_config_descriptor_t *const cd = ugen_config(sc,
	    d->uid_config_index);
	const usb_interface_descriptor_t *id;
	const int alt = ugen_alt(sc, d->uid_interface_index,
	    d->uid_alt_index);

	if (cd == NULL || d->uid_interface_index < 0 || alt < 0)
		return EINVAL;
	id = usbd_find_idesc(cd, d->uid_interface_index, alt);
	if (id == NULL)
		return EINVAL;
	d->uid_desc = *id;
	return 0;
}

static int
ugen_get_endpoint_desc(struct ugen_softc *sc, struct usb_endpoint_desc *d)
{
	usb_config_descriptor_t *const cd = ugen_config(sc,
	    d->ued_config_index);
	const usb_endpoint_descriptor_t *ed;
	const int alt = ugen_alt(sc, d->ued_interface_index,
	    d->ued_alt_index);

	if (cd == NULL || d->ued_interface_index < 0 || alt < 0)
		return EINVAL;
	ed = usbd_find_edesc(cd, d->ued_interface_index, alt,
	    d->ued_endpoint_index);
	if (ed == NULL)
		return EINVAL;
	d->ued_desc = *ed;
	return 0;
}

static int
ugen_get_full_desc(struct ugen_softc *sc, struct ugen_full_desc *d,
    size_t size)
{
	usb_config_descriptor_t *const cd = ugen_config(sc,
	    d->uf_config_index);
	size_t len;

	if (cd == NULL)
		return EINVAL;
	len = MIN(UGETW(cd->wTotalLength), size - sizeof(*d));
	memcpy(d + 1, cd, len);
	d->uf_size = (int32_t)len;
	return 0;
}

/* ---- changes -------------------------------------------------------- */

/* Keep opens of endpoints out, if there are none.  EBUSY. */
static int
ugen_change_begin(struct ugen_softc *sc)
{
	int error = 0;

	mutex_enter(&sc->sc_lock);
	for (u_int i = 1; i < DEVNODE_NSUBS; i++) {
		if (sc->sc_ep[i].ue_state != UGEN_CLOSED ||
		    sc->sc_ep[i].ue_closing)
			error = EBUSY;
	}
	if (error == 0)
		sc->sc_changing = true;
	mutex_exit(&sc->sc_lock);
	return error;
}

/* The endpoints are others now; their nodes. */
static void
ugen_change_end(struct ugen_softc *sc)
{
	const u_int parts = ugen_scan(sc);

	mutex_enter(&sc->sc_lock);
	sc->sc_changing = false;
	mutex_exit(&sc->sc_lock);
	(void)devnode_make_subs("ugen", device_unit(sc->sc_dev), parts | 1);
}

static int
ugen_set_config(struct ugen_softc *sc, int value)
{
	usbd_status err;
	int error;

	if ((error = ugen_change_begin(sc)) != 0)
		return error;
	err = usbd_set_config_no(sc->sc_udev, value, 0);
	ugen_change_end(sc);
	return err == USBD_NORMAL_COMPLETION ? 0 : err == USBD_INVAL ? EINVAL :
	    err == USBD_IN_USE ? EBUSY : EIO;
}

static int
ugen_iface(struct ugen_softc *sc, const struct usb_alt_interface *ai,
    struct usbd_interface **iface)
{

	if (ai->uai_interface_index < 0 ||
	    ai->uai_interface_index > UINT8_MAX)
		return EINVAL;
	return usbd_device2interface_handle(sc->sc_udev,
	    (uint8_t)ai->uai_interface_index, iface) ? EINVAL : 0;
}

static int
ugen_set_alt(struct ugen_softc *sc, const struct usb_alt_interface *ai)
{
	struct usbd_interface *iface;
	usbd_status err;
	int error;

	if ((error = ugen_iface(sc, ai, &iface)) != 0 ||
	    (error = ugen_change_begin(sc)) != 0)
		return error;
	err = usbd_set_interface(iface, ai->uai_alt_no);
	ugen_change_end(sc);
	return err == USBD_NORMAL_COMPLETION ? 0 : err == USBD_INVAL ? EINVAL :
	    err == USBD_IN_USE ? EBUSY : EIO;
}

static int
ugen_alt_ioctl(struct ugen_softc *sc, u_long cmd, struct usb_alt_interface *ai)
{
	struct usbd_interface *iface;
	usb_config_descriptor_t *cd;
	int error;

	if (cmd == USB_SET_ALTINTERFACE)
		return ugen_set_alt(sc, ai);
	if ((error = ugen_iface(sc, ai, &iface)) != 0)
		return error;
	if (cmd == USB_GET_ALTINTERFACE)
		ai->uai_alt_no = usbd_get_interface_altindex(iface);
	else {
		if ((cd = ugen_config(sc, ai->uai_config_index)) == NULL)
			return EINVAL;
		ai->uai_alt_no = usbd_get_no_alts(cd,
		    usbd_get_interface_descriptor(iface)->bInterfaceNumber);
	}
	return 0;
}

/* ---- the ioctls ----------------------------------------------------- */

static int
ugen_string_desc(struct ugen_softc *sc, struct ugen_ep *ue,
    struct usb_string_desc *si)
{
	struct {
		struct ugen_request	ur;
		usb_string_descriptor_t	desc;
	} s = { .ur.ur_flags = USBD_SHORT_XFER_OK };
	int error;

	if (si->usd_string_index < 0 || si->usd_string_index > UINT8_MAX ||
	    si->usd_language_id < 0 || si->usd_language_id > UINT16_MAX)
		return EINVAL;
	usbd_string_request(&s.ur.ur_request, si->usd_string_index,
	    si->usd_language_id);
	error = ugen_request(sc, ue, &s.ur, sizeof(s));
	if (error == 0 && usbd_string_ok(&s.desc, s.ur.ur_actlen)) {
		si->usd_desc = s.desc;
		return 0;
	}
	return error != 0 && ue->ue_out.ud_status != USBD_STALLED ? error :
	    EINVAL;
}

static int
ugen_do_control(struct ugen_softc *sc, struct ugen_ep *ue, u_long cmd,
    void *data)
{
	const size_t size = IOCPARM_LEN(cmd);

	if (IOCBASECMD(cmd) == UGEN_DO_REQUEST)
		return size < sizeof(struct ugen_request) ? EINVAL :
		    ugen_request(sc, ue, data, size);
	if (IOCBASECMD(cmd) == UGEN_GET_FULL_DESC)
		return size < sizeof(struct ugen_full_desc) ? EINVAL :
		    ugen_get_full_desc(sc, data, size);
	switch (cmd) {
	case USB_GET_CONFIG:
		*(int *)data = usbd_get_config_descriptor(sc->sc_udev)->
		    bConfigurationValue;
		return 0;
	case USB_SET_CONFIG:
		return ugen_set_config(sc, *(int *)data);
	case USB_GET_ALTINTERFACE:
	case USB_SET_ALTINTERFACE:
	case USB_GET_NO_ALT:
		return ugen_alt_ioctl(sc, cmd, data);
	case USB_GET_DEVICE_DESC:
		memcpy(data, usbd_get_device_descriptor(sc->sc_udev),
		    sizeof(usb_device_descriptor_t));
		return 0;
	case USB_GET_CONFIG_DESC:
		return ugen_get_config_desc(sc, data);
	case USB_GET_INTERFACE_DESC:
		return ugen_get_interface_desc(sc, data);
	case USB_GET_ENDPOINT_DESC:
		return ugen_get_endpoint_desc(sc, data);
	case USB_GET_STRING_DESC:
		return ugen_string_desc(sc, ue, data);
	case USB_GET_DEVICEINFO:
		usbd_fill_deviceinfo(sc->sc_udev, data, 1);
		return 0;
	default:
		return ENOTTY;
	}
}

/* What changes something at the device wants a file that may write. */
static bool
ugen_changes(u_long cmd, const void *data)
{
	const struct ugen_request *const ur = data;

	if (cmd == USB_SET_CONFIG || cmd == USB_SET_ALTINTERFACE)
		return true;
	return IOCBASECMD(cmd) == UGEN_DO_REQUEST &&
	    IOCPARM_LEN(cmd) >= sizeof(*ur) &&
	    (ur->ur_request.bmRequestType & UT_READ) == 0;
}

/*
 * error = ugen_control(sc, ue, cmd, data, flag)
 *
 *	An ioctl of the control node, by a call that uses it.  Sleeps.  EPERM:
 *	the file is not open for writing.
 */
int
ugen_control(struct ugen_softc *sc, struct ugen_ep *ue, u_long cmd, void *data,
    int flag)
{
	int error;

	if (ugen_changes(cmd, data) && (flag & FWRITE) == 0)
		return EPERM;
	mutex_enter(&sc->sc_lock);
	error = ugen_take(sc, ue, &ue->ue_out, 0);
	mutex_exit(&sc->sc_lock);
	if (error != 0)
		return error;
	error = ugen_do_control(sc, ue, cmd, data);
	mutex_enter(&sc->sc_lock);
	ugen_give(sc, &ue->ue_out);
	mutex_exit(&sc->sc_lock);
	return error;
}
