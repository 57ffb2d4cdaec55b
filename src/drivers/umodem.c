/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * umodem.c - umodem(4): USB CDC abstract control model devices (modems,
 * microcontroller boards, phones), below ucom(4).
 *
 * Model
 *	Such a device has a control interface, to which this driver attaches,
 *	and a data interface with two bulk endpoints, which it takes as well.
 *	Which one that is stands in the union descriptor, where some have the
 *	two the wrong way round, or in the call management descriptor, or is
 *	the next one or the one before; or there is one interface for both.
 *	The first of these that has bulk endpoints is it.
 *	Notifications come on an interrupt pipe, open while the tty is.
 *
 * Carrier
 *	The class has no request that asks for the modem lines; the device
 *	tells when they change.  Most boards never do.  So carrier counts as
 *	on until a notification says that it is off.  There is no CTS line
 *	in the class: it counts as on.
 *
 * Locks: see umodemvar.h.  The notification callback runs on the event
 * thread and takes no lock here; ucom_status_change takes ucom's.
 *
 * Known gaps
 *	No encapsulated AT commands (call management over the control
 *	interface).  Parity and framing errors that a notification reports
 *	are not put into the input.  Devices that want an empty packet
 *	after full ones do not get it.
 */
#include <sys/param.h>
#include <sys/atomic.h>
#include <sys/conf.h>
#include <sys/device.h>
#include <sys/kernel.h>
#include <sys/systm.h>
#include <sys/tty.h>

#include <dev/usb/usb.h>
#include <dev/usb/usbcdc.h>
#include <dev/usb/usbdi.h>
#include <dev/usb/usbdi_util.h>
#include <dev/usb/usb_quirks.h>
#include <dev/usb/ucomvar.h>

#include "drivers/umodemvar.h"

#define	UMODEM_TIMEOUT_MS	1000
#define	UMODEM_MINPKT		8	/* of a bulk endpoint, USB 5.8.3 */
#define	UMODEM_BUFSIZE_FULL	4096
#define	UMODEM_BUFSIZE_HIGH	16384

static int	umodem_match(device_t, cfdata_t, void *);
static void	umodem_attach(device_t, device_t, void *);
static int	umodem_detach(device_t, int);
static int	umodem_activate(device_t, enum devact);
static void	umodem_childdet(device_t, device_t);

static void	umodem_get_status(void *, int, u_char *, u_char *);
static void	umodem_again(void *, int, u_char);
static int	umodem_set_lines(void *, int, u_int, u_int);
static int	umodem_set_break(void *, int, int);
static int	umodem_param(void *, int, struct termios *);
static int	umodem_ioctl(void *, int, u_long, void *, int, proc_t *);
static int	umodem_open(void *, int);
static void	umodem_close(void *, int);
static void	umodem_intr(struct usbd_xfer *, void *, usbd_status);

static const struct ucom_methods umodem_methods = {
	.ucom_get_status = umodem_get_status,
	.ucom_param = umodem_param,
	.ucom_ioctl = umodem_ioctl,
	.ucom_open = umodem_open,
	.ucom_close = umodem_close,
	.ucom_set_lines = umodem_set_lines,
	.ucom_again = umodem_again,
	.ucom_set_break = umodem_set_break,
	.ucom_mspar = true,
};

extern struct cfattach umodem_ca;
CFATTACH_DECL3_NEW(umodem, sizeof(struct umodem_softc), umodem_match,
    umodem_attach, umodem_detach, umodem_activate, NULL, umodem_childdet,
    DVF_ATTACH_MPSAFE);

static int
umodem_match(device_t parent __unused, cfdata_t match __unused, void *aux)
{
	const struct usbif_attach_arg *uiaa = aux;

	if (uiaa->uiaa_class != UICLASS_CDC ||
	    uiaa->uiaa_subclass != UISUBCLASS_ABSTRACT_CONTROL_MODEL)
		return UMATCH_NONE;
	if (uiaa->uiaa_proto != UIPROTO_CDC_AT &&
	    uiaa->uiaa_proto != UIPROTO_CDC_NOCLASS)
		return UMATCH_NONE;
	return UMATCH_IFACECLASS_IFACESUBCLASS_IFACEPROTO;
}

/*
 * The class descriptor of that subtype behind the control interface, if it
 * is at least len bytes long.
 */
static const void *
umodem_desc(struct umodem_softc *sc, u_int subtype, size_t len)
{
	const usb_cdc_descriptor_t *d;
	usb_interface_descriptor_t *id;

	id = usbd_get_interface_descriptor(sc->sc_ctl_iface);
	d = usb_find_desc_if(sc->sc_udev, UDESC_CS_INTERFACE, subtype, id);
	if (d == NULL && (usbd_get_quirks(sc->sc_udev)->uq_flags &
	    UQ_LOST_CS_DESC))
		d = usb_find_desc(sc->sc_udev, UDESC_CS_INTERFACE, subtype);
	return d != NULL && d->bLength >= len ? d : NULL;
}

/*
 * n = umodem_get_caps(sc, places)
 *
 *	What the device can do, and the numbers that its data interface may
 *	have, the likeliest first.
 */
#define	UMODEM_NPLACES	6
static u_int
umodem_get_caps(struct umodem_softc *sc, uint8_t places[UMODEM_NPLACES])
{
	const usb_cdc_cm_descriptor_t *cmd;
	const usb_cdc_acm_descriptor_t *cad;
	const usb_cdc_union_descriptor_t *cud;
	u_int n = 0;

	cad = umodem_desc(sc, UDESCSUB_CDC_ACM, sizeof(*cad));
	if (cad != NULL)
		sc->sc_acm_cap = cad->bmCapabilities;
	cud = umodem_desc(sc, UDESCSUB_CDC_UNION, sizeof(*cud));
	if (cud != NULL) {
		places[n++] = cud->bSlaveInterface[0];
		places[n++] = cud->bMasterInterface;
	}
	cmd = umodem_desc(sc, UDESCSUB_CDC_CM, sizeof(*cmd));
	if (cmd != NULL) {
		sc->sc_cm_cap = cmd->bmCapabilities;
		places[n++] = cmd->bDataInterface;
	}
	if (usbd_get_quirks(sc->sc_udev)->uq_flags & UQ_ASSUME_CM_OVER_DATA)
		sc->sc_cm_cap |= USB_CDC_CM_DOES_CM | USB_CDC_CM_OVER_DATA;
	places[n++] = sc->sc_ctl_iface_no + 1;
	places[n++] = sc->sc_ctl_iface_no - 1;
	places[n++] = sc->sc_ctl_iface_no;
	return n;
}

/*
 * The interface with that number: the control interface itself, or one
 * that nobody has yet, of which *entry is uiaa's.  NULL: neither.
 */
static struct usbd_interface *
umodem_iface(struct umodem_softc *sc, struct usbif_attach_arg *uiaa,
    uint8_t ifaceno, struct usbd_interface ***entry)
{
	struct usbd_interface *iface;
	int i;

	*entry = NULL;
	if (ifaceno == sc->sc_ctl_iface_no)
		return sc->sc_ctl_iface;
	for (i = 0; i < uiaa->uiaa_nifaces; i++) {
		iface = uiaa->uiaa_ifaces[i];
		if (iface == NULL || usbd_get_interface_descriptor(iface)->
		    bInterfaceNumber != ifaceno)
			continue;
		*entry = &uiaa->uiaa_ifaces[i];
		return iface;
	}
	return NULL;
}

/* Find the bulk endpoints of the data interface's present setting. */
static bool
umodem_endpoints(struct umodem_softc *sc, struct ucom_attach_args *ucaa)
{
	const usb_interface_descriptor_t *id;
	const usb_endpoint_descriptor_t *ed;
	u_int i, maxpkt = 0;

	ucaa->ucaa_bulkin = ucaa->ucaa_bulkout = -1;
	id = usbd_get_interface_descriptor(sc->sc_data_iface);
	for (i = 0; i < id->bNumEndpoints; i++) {
		ed = usbd_interface2endpoint_descriptor(sc->sc_data_iface, i);
		if (ed == NULL || UE_GET_XFERTYPE(ed->bmAttributes) != UE_BULK)
			continue;
		if (UE_GET_DIR(ed->bEndpointAddress) == UE_DIR_IN) {
			ucaa->ucaa_bulkin = ed->bEndpointAddress;
			maxpkt = UE_GET_SIZE(UGETW(ed->wMaxPacketSize));
		} else
			ucaa->ucaa_bulkout = ed->bEndpointAddress;
	}
	if (ucaa->ucaa_bulkin == -1 || ucaa->ucaa_bulkout == -1 ||
	    maxpkt < UMODEM_MINPKT)
		return false;
	ucaa->ucaa_ibufsize = maxpkt > 64 ? UMODEM_BUFSIZE_HIGH :
	    UMODEM_BUFSIZE_FULL;
	ucaa->ucaa_ibufsize = roundup(ucaa->ucaa_ibufsize, maxpkt);
	ucaa->ucaa_ibufsizepad = ucaa->ucaa_ibufsize;
	ucaa->ucaa_obufsize = ucaa->ucaa_ibufsize;
	return true;
}

/* The interrupt endpoint of the control interface, or -1. */
static int
umodem_notify_endpoint(struct umodem_softc *sc)
{
	const usb_interface_descriptor_t *id;
	const usb_endpoint_descriptor_t *ed;
	u_int i;

	id = usbd_get_interface_descriptor(sc->sc_ctl_iface);
	for (i = 0; i < id->bNumEndpoints; i++) {
		ed = usbd_interface2endpoint_descriptor(sc->sc_ctl_iface, i);
		if (ed != NULL &&
		    UE_GET_DIR(ed->bEndpointAddress) == UE_DIR_IN &&
		    UE_GET_XFERTYPE(ed->bmAttributes) == UE_INTERRUPT) {
			sc->sc_notify_pktlen = MIN(UMODEM_NOTIFY_PKT,
			    UGETW(ed->wMaxPacketSize) & 0x7ff);
			return ed->bEndpointAddress;
		}
	}
	return -1;
}

/*
 * Is that the data interface?  Some devices have its endpoints only in
 * alternate setting 1, which is not tried on what may be another function's.
 */
static bool
umodem_try_data(struct umodem_softc *sc, struct usbif_attach_arg *uiaa,
    uint8_t ifaceno, struct ucom_attach_args *ucaa)
{
	struct usbd_interface **entry;

	sc->sc_data_iface = umodem_iface(sc, uiaa, ifaceno, &entry);
	if (sc->sc_data_iface == NULL)
		return false;
	if (!umodem_endpoints(sc, ucaa) &&
	    (usbd_get_interface_descriptor(sc->sc_data_iface)->
	    bInterfaceClass != UICLASS_CDC_DATA ||
	    usbd_set_interface(sc->sc_data_iface, 1) !=
	    USBD_NORMAL_COMPLETION || !umodem_endpoints(sc, ucaa)))
		return false;
	if (entry != NULL)
		*entry = NULL;		/* taken */
	return true;
}

static bool
umodem_find_data(struct umodem_softc *sc, struct usbif_attach_arg *uiaa,
    struct ucom_attach_args *ucaa)
{
	uint8_t places[UMODEM_NPLACES];
	const u_int n = umodem_get_caps(sc, places);
	u_int i;

	for (i = 0; i < n; i++) {
		if (umodem_try_data(sc, uiaa, places[i], ucaa))
			return true;
	}
	aprint_error_dev(sc->sc_dev, "no data interface with bulk "
	    "endpoints\n");
	return false;
}

static void
umodem_attach(device_t parent __unused, device_t self, void *aux)
{
	struct umodem_softc *sc = device_private(self);
	struct usbif_attach_arg *uiaa = aux;
	struct ucom_attach_args ucaa = { .ucaa_portno = UCOM_UNK_PORTNO };
	device_t sub;
	char *devinfo;

	devinfo = usbd_devinfo_alloc(uiaa->uiaa_device, 0);
	aprint_naive("\n");
	aprint_normal(": %s\n", devinfo);
	usbd_devinfo_free(devinfo);

	sc->sc_dev = self;
	sc->sc_udev = uiaa->uiaa_device;
	sc->sc_ctl_iface = uiaa->uiaa_iface;
	sc->sc_ctl_iface_no = usbd_get_interface_descriptor(
	    sc->sc_ctl_iface)->bInterfaceNumber;
	sc->sc_msr = UMSR_DCD | UMSR_CTS;
	if (!umodem_find_data(sc, uiaa, &ucaa))
		return;
	sc->sc_ctl_notify = umodem_notify_endpoint(sc);
	aprint_verbose_dev(self, "data interface %u, %s break\n",
	    usbd_get_interface_descriptor(sc->sc_data_iface)->bInterfaceNumber,
	    sc->sc_acm_cap & USB_CDC_ACM_HAS_BREAK ? "has" : "no");

	usbd_add_drv_event(USB_EVENT_DRIVER_ATTACH, sc->sc_udev, self);

	ucaa.ucaa_device = sc->sc_udev;
	ucaa.ucaa_iface = sc->sc_data_iface;
	ucaa.ucaa_methods = &umodem_methods;
	ucaa.ucaa_arg = sc;
	sub = config_found(self, &ucaa, ucomprint,
	    CFARGS(.submatch = ucomsubmatch));
	atomic_store_relaxed(&sc->sc_subdev, sub);
	/*
	 *	attach				another thread
	 *	config_found: ucom attached
	 *					open, umodem_open
	 *					umodem_intr: sc_msr changes,
	 *					  sc_subdev still NULL
	 *	sc_subdev = ...
	 *
	 * so the tty is told once more.
	 */
	if (sub != NULL)
		ucom_status_change(device_private(sub));
}

static int
umodem_activate(device_t self, enum devact act)
{
	struct umodem_softc *sc = device_private(self);

	if (act != DVACT_DEACTIVATE)
		return EOPNOTSUPP;
	atomic_store_relaxed(&sc->sc_dying, true);
	return 0;
}

static void
umodem_childdet(device_t self, device_t child)
{
	struct umodem_softc *sc = device_private(self);

	KASSERT(sc->sc_subdev == child);
	atomic_store_relaxed(&sc->sc_subdev, NULL);
}

static int
umodem_detach(device_t self, int flags)
{
	struct umodem_softc *sc = device_private(self);
	int error;

	if (flags & DETACH_FORCE)
		atomic_store_relaxed(&sc->sc_dying, true);
	if (sc->sc_subdev != NULL) {
		error = config_detach(sc->sc_subdev, flags);
		if (error)
			return error;
	}
	KASSERT(sc->sc_notify_pipe == NULL);
	usbd_add_drv_event(USB_EVENT_DRIVER_DETACH, sc->sc_udev, self);
	return 0;
}

/*
 * error = umodem_request(sc, request, value, data, len)
 *
 *	A class request to the control interface.  Sleeps.  EOPNOTSUPP: the
 *	device has refused it, which is said once for each; EIO.
 */
static int
umodem_request(struct umodem_softc *sc, uint8_t request, u_int value,
    void *data, size_t len)
{
	usb_device_request_t req;
	usbd_status err;

	if (atomic_load_relaxed(&sc->sc_dying))
		return EIO;
	req.bmRequestType = UT_WRITE_CLASS_INTERFACE;
	req.bRequest = request;
	USETW(req.wValue, value);
	USETW(req.wIndex, sc->sc_ctl_iface_no);
	USETW(req.wLength, len);
	err = usbd_do_request_flags(sc->sc_udev, &req, data, 0, NULL,
	    UMODEM_TIMEOUT_MS);
	if (err == USBD_STALLED) {
		if (!ISSET(sc->sc_refused, UINT64_C(1) << request))
			aprint_error_dev(sc->sc_dev,
			    "the device refuses request %#x\n", request);
		SET(sc->sc_refused, UINT64_C(1) << request);
		return EOPNOTSUPP;
	}
	return err ? EIO : 0;
}

static int
umodem_set_cm_over_data(struct umodem_softc *sc, int on)
{
	usb_cdc_abstract_state_t state;
	int error;

	if (!ISSET(sc->sc_acm_cap, USB_CDC_ACM_HAS_FEATURE) ||
	    !ISSET(sc->sc_cm_cap, USB_CDC_CM_OVER_DATA))
		return on ? EOPNOTSUPP : 0;
	USETW(state.wState, on ? UCDC_DATA_MULTIPLEXED : 0);
	error = umodem_request(sc, UCDC_SET_COMM_FEATURE, UCDC_ABSTRACT_STATE,
	    &state, UCDC_ABSTRACT_STATE_LENGTH);
	if (error == 0)
		sc->sc_cm_over_data = on;
	return error;
}

static int
umodem_open(void *arg, int portno __unused)
{
	struct umodem_softc *sc = arg;
	usbd_status err;

	sc->sc_line_valid = false;
	sc->sc_notify_len = 0;
	/* AT commands then come over the data interface; a device that does
	   not take this does so anyway. */
	(void)umodem_set_cm_over_data(sc, 1);
	if (sc->sc_ctl_notify == -1)
		return 0;
	err = usbd_open_pipe_intr(sc->sc_ctl_iface,
	    (uint8_t)sc->sc_ctl_notify, USBD_SHORT_XFER_OK | USBD_MPSAFE,
	    &sc->sc_notify_pipe, sc, sc->sc_notify_pkt,
	    sc->sc_notify_pktlen, umodem_intr, USBD_DEFAULT_INTERVAL);
	if (err) {
		if (!sc->sc_said)	/* every open comes here */
			aprint_error_dev(sc->sc_dev, "notifications: %s\n",
			    usbd_errstr(err));
		sc->sc_said = true;
		sc->sc_notify_pipe = NULL;
		return EIO;
	}
	return 0;
}

static void
umodem_close(void *arg, int portno __unused)
{
	struct umodem_softc *sc = arg;

	if (sc->sc_notify_pipe == NULL)
		return;
	usbd_abort_pipe(sc->sc_notify_pipe);
	usbd_close_pipe(sc->sc_notify_pipe);
	sc->sc_notify_pipe = NULL;
}

/* What a SERIAL_STATE says of the line: each bit once for each event. */
static u_char
umodem_events(u_char state)
{

	return (ISSET(state, UCDC_N_SERIAL_BREAK) ? ULSR_BI : 0) |
	    (ISSET(state, UCDC_N_SERIAL_FRAMING) ? ULSR_FE : 0) |
	    (ISSET(state, UCDC_N_SERIAL_PARITY) ? ULSR_PE : 0) |
	    (ISSET(state, UCDC_N_SERIAL_OVERRUN) ? ULSR_OE : 0);
}

/*
 * A whole notification.  Only SERIAL_STATE says something to a tty.
 */
static void
umodem_notified(struct umodem_softc *sc)
{
	const usb_cdc_notification_t *cn = &sc->sc_notify_buf;
	device_t sub;
	u_char msr = UMSR_CTS, again;

	if (cn->bNotification != UCDC_N_SERIAL_STATE ||
	    UGETW(cn->wLength) != 2)
		return;
	if (ISSET(cn->data[0], UCDC_N_SERIAL_DCD))
		SET(msr, UMSR_DCD);
	if (ISSET(cn->data[0], UCDC_N_SERIAL_DSR))
		SET(msr, UMSR_DSR);
	if (ISSET(cn->data[0], UCDC_N_SERIAL_RI))
		SET(msr, UMSR_RI);
	again = atomic_load_relaxed(&sc->sc_msr) & msr & UMSR_RI;
	atomic_store_relaxed(&sc->sc_msr, msr);
	sub = atomic_load_relaxed(&sc->sc_subdev);
	if (sub != NULL) {
		ucom_status_change(device_private(sub));
		/* Each is a ring: the device need not say that one is over. */
		ucom_lines_moved(device_private(sub), again);
		ucom_line_event(device_private(sub),
		    umodem_events(cn->data[0]));
	}
}

/*
 * umodem_packet(sc, len)
 *
 *	A packet has come.  A notification is as long as its head says, which
 *	may be less than a packet, exactly one (10 bytes are common, and then
 *	nothing shorter marks its end) or several.  So each transfer is one
 *	packet, and notifications are put together here; what does not begin
 *	like one, or is too long to be of interest, is dropped.
 */
static void
umodem_packet(struct umodem_softc *sc, uint32_t len)
{
	usb_cdc_notification_t *cn = &sc->sc_notify_buf;

	if (len > sizeof(*cn) - sc->sc_notify_len) {
		sc->sc_notify_len = 0;
		return;
	}
	memcpy((uint8_t *)cn + sc->sc_notify_len, sc->sc_notify_pkt, len);
	sc->sc_notify_len += len;
	if (sc->sc_notify_len >= UCDC_NOTIFICATION_LENGTH) {
		if (cn->bmRequestType != UCDC_NOTIFICATION)
			sc->sc_notify_len = 0;
		else if (sc->sc_notify_len >=
		    UCDC_NOTIFICATION_LENGTH + (uint32_t)UGETW(cn->wLength)) {
			sc->sc_notify_len = 0;
			umodem_notified(sc);
		}
	}
	if (len < sc->sc_notify_pktlen)
		sc->sc_notify_len = 0;
}

static void
umodem_intr(struct usbd_xfer *xfer, void *priv, usbd_status status)
{
	struct umodem_softc *sc = priv;
	uint32_t len;

	if (status == USBD_NORMAL_COMPLETION) {
		usbd_get_xfer_status(xfer, NULL, NULL, &len, NULL);
		umodem_packet(sc, len);
		return;
	}
	sc->sc_notify_len = 0;
	if (status == USBD_STALLED)
		usbd_clear_endpoint_stall_async(sc->sc_notify_pipe);
}

static void
umodem_get_status(void *arg, int portno __unused, u_char *lsr, u_char *msr)
{
	struct umodem_softc *sc = arg;

	*lsr = atomic_load_relaxed(&sc->sc_lsr);
	*msr = atomic_load_relaxed(&sc->sc_msr);
}

/* What a modem says of itself comes when it changes. */
static void
umodem_again(void *arg, int portno __unused, u_char msr)
{
	struct umodem_softc *sc = arg;

	atomic_store_relaxed(&sc->sc_msr, msr);
}

/* The class has one request for both lines. */
static int
umodem_set_lines(void *arg, int portno __unused, u_int mask, u_int value)
{
	struct umodem_softc *sc = arg;
	const u_int lines = (sc->sc_lines & ~mask) | (value & mask);
	int error;

	error = umodem_request(sc, UCDC_SET_CONTROL_LINE_STATE,
	    (ISSET(lines, UMCR_DTR) ? UCDC_LINE_DTR : 0) |
	    (ISSET(lines, UMCR_RTS) ? UCDC_LINE_RTS : 0), NULL, 0);
	if (error == 0)
		sc->sc_lines = lines;
	return error;
}

static int
umodem_set_break(void *arg, int portno __unused, int onoff)
{
	struct umodem_softc *sc = arg;

	if (!ISSET(sc->sc_acm_cap, USB_CDC_ACM_HAS_BREAK))
		return EOPNOTSUPP;
	return umodem_request(sc, UCDC_SEND_BREAK, onoff ? UCDC_BREAK_ON :
	    UCDC_BREAK_OFF, NULL, 0);
}

int
umodem_line_state(const struct termios *t, usb_cdc_line_state_t *ls)
{

	if (t->c_ospeed <= 0)
		return EINVAL;
	USETDW(ls->dwDTERate, (uint32_t)t->c_ospeed);
	ls->bCharFormat = ISSET(t->c_cflag, CSTOPB) ? UCDC_STOP_BIT_2 :
	    UCDC_STOP_BIT_1;
	if (!ISSET(t->c_cflag, PARENB))
		ls->bParityType = UCDC_PARITY_NONE;
	else
		ls->bParityType = ISSET(t->c_cflag, PARODD) ?
		    (ISSET(t->c_cflag, CMSPAR) ?
		    UCDC_PARITY_MARK : UCDC_PARITY_ODD) :
		    (ISSET(t->c_cflag, CMSPAR) ?
		    UCDC_PARITY_SPACE : UCDC_PARITY_EVEN);
	switch (ISSET(t->c_cflag, CSIZE)) {
	case CS5:
		ls->bDataBits = 5;
		break;
	case CS6:
		ls->bDataBits = 6;
		break;
	case CS7:
		ls->bDataBits = 7;
		break;
	default:
		ls->bDataBits = 8;
		break;
	}
	return 0;
}

/*
 * ucom_param.  A device that does not say that it has line settings is not
 * asked for any: nothing stands behind its data interface that has a speed.
 * Settings that it refuses are not asked for again before others are.
 */
static int
umodem_param(void *arg, int portno __unused, struct termios *t)
{
	struct umodem_softc *sc = arg;
	usb_cdc_line_state_t ls;
	int error;

	error = umodem_line_state(t, &ls);
	if (error || !ISSET(sc->sc_acm_cap, USB_CDC_ACM_HAS_LINE))
		return error;
	if (sc->sc_line_valid &&
	    memcmp(&ls, &sc->sc_line_state, UCDC_LINE_STATE_LENGTH) == 0)
		return 0;
	sc->sc_line_valid = false;
	error = umodem_request(sc, UCDC_SET_LINE_CODING, 0, &ls,
	    UCDC_LINE_STATE_LENGTH);
	if (error && error != EOPNOTSUPP)
		return error;
	sc->sc_line_state = ls;
	sc->sc_line_valid = true;
	return error;
}

static int
umodem_ioctl(void *arg, int portno __unused, u_long cmd, void *data,
    int flag __unused, proc_t *p __unused)
{
	struct umodem_softc *sc = arg;

	switch (cmd) {
	case USB_GET_CM_OVER_DATA:
		*(int *)data = sc->sc_cm_over_data;
		return 0;
	case USB_SET_CM_OVER_DATA:
		return umodem_set_cm_over_data(sc, *(int *)data != 0);
	default:
		return EPASSTHROUGH;
	}
}
