/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uftdi.c - uftdi(4): FTDI USB serial chips, below ucom(4).
 *
 * Model
 *	One uftdi per interface, that is per port, of a chip; one ucom as
 *	its child.  It owns the chip's settings: what was last sent of speed,
 *	character format and flow control is remembered, so that an ioctl
 *	that changes nothing costs no request.  The chip keeps them while it
 *	has power, but a first open starts from scratch.
 *
 * Latency
 *	The chip collects input until a packet is full or its latency timer
 *	ends, 16 ms after a reset.  An answer of a few bytes is to come through
 *	at once, so the timer is set to UFTDI_LATENCY_MS; the price is an empty
 *	packet (two status bytes) every that many milliseconds, so it is not
 *	paid on an idle line (uftdi_latency.c).  The configuration's number, or
 *	a client that wants it at once (ASYNC_LOW_LATENCY: 1 ms), is kept
 *	to whatever the line does.  The AM chip has no timer to set.
 *
 * What the line did
 *	The status bytes in front of a packet say it of the packet, and not of
 *	a byte in it.  So a parity or framing error is one of all its bytes,
 *	and counted once, and an overrun was before the first.  A break is a 0
 *	at the end of its packet, and any error beside it its own; the chip may
 *	say it again of the next packet, and is not believed if that does not
 *	end with a 0, nor of an empty one.  (Linux's driver does the same, but
 *	for the errors beside a break, which it puts on the bytes before.)
 *
 * Locks and threads
 *	Settings and requests: ucom calls those methods one at a time.
 *	sc_msr and sc_lsr: bytes, written by uftdi_read_lsr on the device's
 *	event thread and by uftdi_open before reads are started, read by
 *	anybody; atomic, and each stands for itself.
 *	sc_subdev: by attach and detach, atomic.
 *	sc_dying: set once by activate or detach, atomic; saves the
 *	requests that would only fail.
 *
 * Known gaps
 *	The oldest chip (8U100AX, a header byte in every output packet) is
 *	not matched.  Characters of 5 and 6 bits: EINVAL.
 */
#include <sys/param.h>
#include <sys/atomic.h>
#include <sys/conf.h>
#include <sys/device.h>
#include <sys/fcntl.h>
#include <sys/kernel.h>
#include <sys/systm.h>
#include <sys/tty.h>

#include <dev/usb/usb.h>
#include <dev/usb/usbdi.h>
#include <dev/usb/usbdi_util.h>
#include <dev/usb/ucomvar.h>

#include "drivers/uftdi_latency.h"
#include "drivers/uftdireg.h"

#define	UFTDI_LATENCY_MS	2
#define	UFTDI_TIMEOUT_MS	1000	/* of a request; they take about 1 */
#define	UFTDI_MINPKT		8	/* of a bulk endpoint, USB 5.8.3 */

/* Sizes of transfers: at full speed little enough that a stream of input
   comes in pieces of about 13 ms at the fastest rate, at high speed of the
   same order. */
#define	UFTDI_BUFSIZE_FULL	4096
#define	UFTDI_BUFSIZE_HIGH	16384

#define	UFTDI_UNSET		0xffffffffU	/* no such setting */

struct uftdi_softc {
	device_t		 sc_dev;
	struct usbd_device	*sc_udev;
	enum uftdi_type		 sc_type;
	u_int			 sc_port;	/* for wIndex; 0 if only one */
	u_int			 sc_maxpkt;	/* bulk-in packet */

	uint32_t		 sc_baud;	/* divisor code last sent */
	uint32_t		 sc_data;	/* SET_DATA's value, but for: */
	u_int			 sc_break;	/* that bit, as last asked for */
	uint32_t		 sc_flow;	/* value << 16 | index */
	uint32_t		 sc_refused;	/* bits: requests, in the log;
						   atomic */
	bool			 sc_low_latency; /* a client has asked for it */
	struct uftdi_latency	 sc_latency;	/* its own locks */

	u_char			 sc_msr;
	u_char			 sc_lsr;
	bool			 sc_dying;
	bool			 sc_attached;	/* to the end; sc_latency is there */

	device_t		 sc_subdev;
};

/*
 * Ids that are FTDI's own chips, or products known to speak the protocol.
 */
static const struct usb_devno uftdi_devs[] = {
	{ 0x0403, 0x6001 },	/* FT232AM, BM, R */
	{ 0x0403, 0x6006 },	/* FT232, alternative id */
	{ 0x0403, 0x6010 },	/* FT2232C, D, H */
	{ 0x0403, 0x6011 },	/* FT4232H */
	{ 0x0403, 0x6014 },	/* FT232H */
	{ 0x0403, 0x6015 },	/* FT230X, FT231X, FT234X */
	{ 0x0403, 0x6040 },	/* FT2233HP */
	{ 0x0403, 0x6041 },	/* FT4233HP */
	{ 0x0403, 0x6042 },	/* FT2232HP */
	{ 0x0403, 0x6043 },	/* FT4232HP */
	{ 0x0403, 0x6044 },	/* FT233HP */
	{ 0x0403, 0x6045 },	/* FT232HP */
	{ 0x0403, 0x6048 },	/* FT4232HA */
	{ 0x0403, 0xfbfa },	/* FT232RL boards */
	{ 0x0403, 0xffa8 },	/* CANUSB */
};

static int	uftdi_match(device_t, cfdata_t, void *);
static void	uftdi_attach(device_t, device_t, void *);
static int	uftdi_detach(device_t, int);
static int	uftdi_activate(device_t, enum devact);
static void	uftdi_childdet(device_t, device_t);

static void	uftdi_get_status(void *, int, u_char *, u_char *);
static int	uftdi_set_lines(void *, int, u_int, u_int);
static int	uftdi_set_break(void *, int, int);
static int	uftdi_param(void *, int, struct termios *);
static int	uftdi_open(void *, int);
static void	uftdi_close(void *, int);
static bool	uftdi_read_lsr(void *, int, u_char **, uint32_t *, u_char *);
static void	uftdi_write(void *, int, u_char *, u_char *, uint32_t *);
static void	uftdi_purge(void *, int, int);
static int	uftdi_low_latency(void *, int, bool);
static bool	uftdi_txempty(void *, int);
static int	uftdi_set_latency(void *, u_int);

static const struct ucom_methods uftdi_methods = {
	.ucom_get_status = uftdi_get_status,
	.ucom_param = uftdi_param,
	.ucom_open = uftdi_open,
	.ucom_close = uftdi_close,
	.ucom_write = uftdi_write,
	.ucom_txempty = uftdi_txempty,
	.ucom_set_lines = uftdi_set_lines,
	.ucom_set_break = uftdi_set_break,
	.ucom_mspar = true,
	.ucom_read_lsr = uftdi_read_lsr,
	.ucom_purge = uftdi_purge,
	.ucom_low_latency = uftdi_low_latency,
};

extern struct cfattach uftdi_ca;
CFATTACH_DECL3_NEW(uftdi, sizeof(struct uftdi_softc), uftdi_match,
    uftdi_attach, uftdi_detach, uftdi_activate, NULL, uftdi_childdet,
    DVF_ATTACH_MPSAFE);

static int
uftdi_match(device_t parent __unused, cfdata_t match __unused, void *aux)
{
	struct usbif_attach_arg *uiaa = aux;

	if (usb_lookup(uftdi_devs, uiaa->uiaa_vendor,
	    uiaa->uiaa_product) == NULL)
		return UMATCH_NONE;
	uiaa->uiaa_chip = uftdi_chip((uint16_t)uiaa->uiaa_release);
	return UMATCH_VENDOR_PRODUCT_CONF_IFACE;
}

/*
 * Find the two bulk endpoints of the interface.  False: there is one
 * missing, or its packets have no room for data.
 */
static bool
uftdi_endpoints(struct usbd_interface *iface, struct ucom_attach_args *ucaa,
    u_int *maxpkt)
{
	const usb_interface_descriptor_t *id;
	const usb_endpoint_descriptor_t *ed;
	u_int i, size;

	ucaa->ucaa_bulkin = ucaa->ucaa_bulkout = -1;
	id = usbd_get_interface_descriptor(iface);
	for (i = 0; i < id->bNumEndpoints; i++) {
		ed = usbd_interface2endpoint_descriptor(iface, i);
		if (ed == NULL || UE_GET_XFERTYPE(ed->bmAttributes) != UE_BULK)
			continue;
		size = UE_GET_SIZE(UGETW(ed->wMaxPacketSize));
		if (UE_GET_DIR(ed->bEndpointAddress) == UE_DIR_IN) {
			ucaa->ucaa_bulkin = ed->bEndpointAddress;
			*maxpkt = size;
		} else
			ucaa->ucaa_bulkout = ed->bEndpointAddress;
	}
	return ucaa->ucaa_bulkin != -1 && ucaa->ucaa_bulkout != -1 &&
	    *maxpkt >= UFTDI_MINPKT;
}

static void
uftdi_attach(device_t parent __unused, device_t self, void *aux)
{
	struct uftdi_softc *sc = device_private(self);
	struct usbif_attach_arg *uiaa = aux;
	struct ucom_attach_args ucaa = { .ucaa_portno = 0 };
	char *devinfo;

	devinfo = usbd_devinfo_alloc(uiaa->uiaa_device, 0);
	aprint_naive("\n");
	aprint_normal(": %s\n", devinfo);
	usbd_devinfo_free(devinfo);

	sc->sc_dev = self;
	sc->sc_udev = uiaa->uiaa_device;
	if (!uftdi_type((uint16_t)uiaa->uiaa_release,
	    (u_int)uiaa->uiaa_nifaces, &sc->sc_type))
		aprint_normal_dev(self, "unknown release %#x, used as an "
		    "FT232%s\n", (u_int)uiaa->uiaa_release,
		    sc->sc_type == UFTDI_TYPE_AM ? "AM" : "R");
	if (uiaa->uiaa_nifaces > 1)
		sc->sc_port = (u_int)uiaa->uiaa_ifaceno + 1;
	if (!uftdi_endpoints(uiaa->uiaa_iface, &ucaa, &sc->sc_maxpkt)) {
		aprint_error_dev(self, "no usable bulk endpoints\n");
		return;
	}
	sc->sc_baud = sc->sc_data = sc->sc_flow = UFTDI_UNSET;
	uftdi_latency_init(&sc->sc_latency, sc->sc_udev, uftdi_set_latency,
	    sc);
	sc->sc_attached = true;

	usbd_add_drv_event(USB_EVENT_DRIVER_ATTACH, sc->sc_udev, self);

	ucaa.ucaa_ibufsize = sc->sc_maxpkt > 64 ? UFTDI_BUFSIZE_HIGH :
	    UFTDI_BUFSIZE_FULL;
	ucaa.ucaa_ibufsize = roundup(ucaa.ucaa_ibufsize, sc->sc_maxpkt);
	ucaa.ucaa_ibufsizepad = ucaa.ucaa_ibufsize;
	ucaa.ucaa_obufsize = ucaa.ucaa_ibufsize;
	ucaa.ucaa_device = sc->sc_udev;
	ucaa.ucaa_iface = uiaa->uiaa_iface;
	ucaa.ucaa_methods = &uftdi_methods;
	ucaa.ucaa_arg = sc;
	atomic_store_relaxed(&sc->sc_subdev, config_found(self, &ucaa,
	    ucomprint, CFARGS(.submatch = ucomsubmatch)));
}

static int
uftdi_activate(device_t self, enum devact act)
{
	struct uftdi_softc *sc = device_private(self);

	if (act != DVACT_DEACTIVATE)
		return EOPNOTSUPP;
	atomic_store_relaxed(&sc->sc_dying, true);
	return 0;
}

static void
uftdi_childdet(device_t self, device_t child)
{
	struct uftdi_softc *sc = device_private(self);

	KASSERT(sc->sc_subdev == child);
	atomic_store_relaxed(&sc->sc_subdev, NULL);
}

static int
uftdi_detach(device_t self, int flags)
{
	struct uftdi_softc *sc = device_private(self);
	int error;

	if (flags & DETACH_FORCE)
		atomic_store_relaxed(&sc->sc_dying, true);
	if (sc->sc_subdev != NULL) {
		error = config_detach(sc->sc_subdev, flags);
		if (error)
			return error;
	}
	if (sc->sc_attached) {
		uftdi_latency_stop(&sc->sc_latency);
		uftdi_latency_fini(&sc->sc_latency);
		sc->sc_attached = false;
	}
	usbd_add_drv_event(USB_EVENT_DRIVER_DETACH, sc->sc_udev, self);
	return 0;
}

/*
 * The chip has stalled a request: a clone may know only half of them.  Said
 * once for each, as every open sends them.
 */
static void
uftdi_refused(struct uftdi_softc *sc, uint8_t request)
{

	if (ISSET(atomic_load_relaxed(&sc->sc_refused), 1U << request))
		return;
	atomic_or_uint(&sc->sc_refused, 1U << request);
	aprint_error_dev(sc->sc_dev, "port %u refuses request %#x\n",
	    sc->sc_port, request);
}

/*
 * error = uftdi_request(sc, request, value, index)
 *
 *	A vendor request without data.  Sleeps.  EOPNOTSUPP: the chip has
 *	refused it; EIO: it does not answer, or is gone.
 */
static int
uftdi_request(struct uftdi_softc *sc, uint8_t request, u_int value,
    u_int index)
{
	usb_device_request_t req;
	usbd_status err;

	if (atomic_load_relaxed(&sc->sc_dying))
		return EIO;
	req.bmRequestType = UT_WRITE_VENDOR_DEVICE;
	req.bRequest = request;
	USETW(req.wValue, value);
	USETW(req.wIndex, index);
	USETW(req.wLength, 0);
	err = usbd_do_request_flags(sc->sc_udev, &req, NULL, 0, NULL,
	    UFTDI_TIMEOUT_MS);
	if (err == USBD_STALLED) {
		uftdi_refused(sc, request);
		return EOPNOTSUPP;
	}
	return err ? EIO : 0;
}

/*
 * Ask the chip for its two status bytes.  They are the caller's, and not kept
 * here: a packet of input may have brought newer ones meanwhile.
 */
static int
uftdi_poll_status(struct uftdi_softc *sc, u_char status[FTDI_STATUS_LEN])
{
	usb_device_request_t req;
	usbd_status err;

	status[0] = status[1] = 0;
	if (atomic_load_relaxed(&sc->sc_dying))
		return EIO;
	req.bmRequestType = UT_READ_VENDOR_DEVICE;
	req.bRequest = FTDI_SIO_GET_STATUS;
	USETW(req.wValue, 0);
	USETW(req.wIndex, sc->sc_port);
	USETW(req.wLength, FTDI_STATUS_LEN);
	err = usbd_do_request_flags(sc->sc_udev, &req, status,
	    USBD_SHORT_XFER_OK, NULL, UFTDI_TIMEOUT_MS);
	if (err == USBD_STALLED) {
		uftdi_refused(sc, FTDI_SIO_GET_STATUS);
		return EOPNOTSUPP;
	}
	return err ? EIO : 0;
}

/* uftdi_latency_init's: on the task thread. */
static int
uftdi_set_latency(void *arg, u_int ms)
{
	struct uftdi_softc *sc = arg;

	return uftdi_request(sc, FTDI_SIO_SET_LATENCY, ms, sc->sc_port);
}

/*
 * ms = uftdi_ms(sc, &pinned)
 *
 *	What the timer is to be; pinned: also on an idle line.
 */
static u_int
uftdi_ms(struct uftdi_softc *sc, bool *pinned)
{
	struct usbd_line ul;

	*pinned = true;
	if (sc->sc_low_latency)
		return 1;
	usbd_get_line(sc->sc_udev, &ul);
	if (ul.ul_latency != 0)
		return ul.ul_latency;
	*pinned = false;
	return UFTDI_LATENCY_MS;
}

/*
 * ucom_open: put the chip into a known state.  What an earlier user left in
 * its buffers is thrown away; not by RESET_SIO, which would drop DTR and RTS
 * as well, and so reset a board for which they were left on.  A chip that
 * refuses some of this is used as it is; one that does not answer is not.
 */
static int
uftdi_open(void *arg, int portno __unused)
{
	struct uftdi_softc *sc = arg;
	bool pinned;
	const u_int latency = uftdi_ms(sc, &pinned);
	const struct {
		uint8_t	request;
		u_int	value;
	} steps[] = {
		{ FTDI_SIO_RESET, FTDI_SIO_RESET_PURGE_RX },
		{ FTDI_SIO_RESET, FTDI_SIO_RESET_PURGE_TX },
		{ FTDI_SIO_SET_EVENT_CHAR, 0 },
		{ FTDI_SIO_SET_ERROR_CHAR, 0 },
		{ FTDI_SIO_SET_LATENCY, latency },
	};
	u_char status[FTDI_STATUS_LEN];
	u_int i;
	int error;

	sc->sc_baud = sc->sc_data = sc->sc_flow = UFTDI_UNSET;
	sc->sc_break = 0;
	for (i = 0; i < __arraycount(steps); i++) {
		if (steps[i].request == FTDI_SIO_SET_LATENCY &&
		    sc->sc_type == UFTDI_TYPE_AM)
			continue;
		error = uftdi_request(sc, steps[i].request, steps[i].value,
		    sc->sc_port);
		if (error && error != EOPNOTSUPP)
			return error;
		pinned |= error && steps[i].request == FTDI_SIO_SET_LATENCY;
	}
	error = uftdi_poll_status(sc, status);
	if (error && error != EOPNOTSUPP)
		return error;
	if (!error) {
		atomic_store_relaxed(&sc->sc_msr, status[0] & FTDI_MSR_MASK);
		atomic_store_relaxed(&sc->sc_lsr, status[1]);
	}
	if (!pinned && sc->sc_type != UFTDI_TYPE_AM)
		uftdi_latency_start(&sc->sc_latency, latency, latency);
	return 0;
}

static void
uftdi_close(void *arg, int portno __unused)
{
	struct uftdi_softc *sc = arg;

	uftdi_latency_stop(&sc->sc_latency);
}

/* The bytes as they are; somebody may be going to answer them. */
static void
uftdi_write(void *arg, int portno __unused, u_char *to, u_char *from,
    uint32_t *count)
{
	struct uftdi_softc *sc = arg;

	memcpy(to, from, *count);
	uftdi_latency_traffic(&sc->sc_latency, UFTDI_OUTPUT_MS);
}

static void
uftdi_purge(void *arg, int portno __unused, int rw)
{
	struct uftdi_softc *sc = arg;

	if (ISSET(rw, FREAD))
		(void)uftdi_request(sc, FTDI_SIO_RESET,
		    FTDI_SIO_RESET_PURGE_RX, sc->sc_port);
	if (ISSET(rw, FWRITE))
		(void)uftdi_request(sc, FTDI_SIO_RESET,
		    FTDI_SIO_RESET_PURGE_TX, sc->sc_port);
}

/* It counts from now on, whether or not the chip has a timer to set. */
static int
uftdi_low_latency(void *arg, int portno __unused, bool on)
{
	struct uftdi_softc *sc = arg;
	const bool was = sc->sc_low_latency;
	bool pinned;
	u_int ms;
	int error;

	sc->sc_low_latency = on;
	if (sc->sc_type == UFTDI_TYPE_AM)
		return 0;
	uftdi_latency_stop(&sc->sc_latency);
	error = uftdi_set_latency(sc, uftdi_ms(sc, &pinned));
	if (error)
		sc->sc_low_latency = was;
	ms = uftdi_ms(sc, &pinned);
	if (!pinned)
		uftdi_latency_start(&sc->sc_latency, ms, error ? 0 : ms);
	return error;
}

static void
uftdi_get_status(void *arg, int portno __unused, u_char *lsr, u_char *msr)
{
	struct uftdi_softc *sc = arg;

	*lsr = atomic_load_relaxed(&sc->sc_lsr);
	*msr = atomic_load_relaxed(&sc->sc_msr);
}

/* One request for both lines. */
static int
uftdi_set_lines(void *arg, int portno __unused, u_int mask, u_int value)
{
	struct uftdi_softc *sc = arg;
	u_int ctrl = 0;

	if (ISSET(mask, UMCR_DTR))
		ctrl |= ISSET(value, UMCR_DTR) ? FTDI_SIO_SET_DTR_HIGH :
		    FTDI_SIO_SET_DTR_LOW;
	if (ISSET(mask, UMCR_RTS))
		ctrl |= ISSET(value, UMCR_RTS) ? FTDI_SIO_SET_RTS_HIGH :
		    FTDI_SIO_SET_RTS_LOW;
	return uftdi_request(sc, FTDI_SIO_MODEM_CTRL, ctrl, sc->sc_port);
}

static int
uftdi_set_break(void *arg, int portno __unused, int onoff)
{
	struct uftdi_softc *sc = arg;
	const u_int data = sc->sc_data != UFTDI_UNSET ? sc->sc_data :
	    FTDI_SIO_SET_DATA_BITS(8);
	const u_int brk = onoff ? FTDI_SIO_SET_BREAK : 0;
	int error;

	error = uftdi_request(sc, FTDI_SIO_SET_DATA, data | brk, sc->sc_port);
	if (error != EOPNOTSUPP)
		sc->sc_break = brk;
	return error;
}

/* SET_DATA's value for a termios; EINVAL for character sizes unknown here. */
static int
uftdi_format(const struct termios *t, u_int *data)
{

	switch (ISSET(t->c_cflag, CSIZE)) {
	case CS7:
		*data = FTDI_SIO_SET_DATA_BITS(7);
		break;
	case CS8:
		*data = FTDI_SIO_SET_DATA_BITS(8);
		break;
	default:
		return EINVAL;
	}
	if (ISSET(t->c_cflag, CSTOPB))
		*data |= FTDI_SIO_SET_DATA_STOP_BITS_2;
	if (ISSET(t->c_cflag, PARENB))
		*data |= ISSET(t->c_cflag, PARODD) ?
		    (ISSET(t->c_cflag, CMSPAR) ?
		    FTDI_SIO_SET_DATA_PARITY_MARK :
		    FTDI_SIO_SET_DATA_PARITY_ODD) :
		    (ISSET(t->c_cflag, CMSPAR) ?
		    FTDI_SIO_SET_DATA_PARITY_SPACE :
		    FTDI_SIO_SET_DATA_PARITY_EVEN);
	return 0;
}

/*
 * Flow control that the chip does by itself, as value << 16 | index.
 * XON/XOFF only if it is wanted in both directions, with both characters, and
 * any-character restart is not, because the chip knows no half of it;
 * otherwise the tty does it.
 */
static uint32_t
uftdi_flow(const struct termios *t)
{

	if (ISSET(t->c_cflag, CRTSCTS))
		return FTDI_SIO_RTS_CTS_HS << 8;
	if (ISSET(t->c_iflag, IXON) && ISSET(t->c_iflag, IXOFF) &&
	    !ISSET(t->c_iflag, IXANY) && t->c_cc[VSTOP] != _POSIX_VDISABLE &&
	    t->c_cc[VSTART] != _POSIX_VDISABLE)
		return (uint32_t)t->c_cc[VSTOP] << 24 |
		    (uint32_t)t->c_cc[VSTART] << 16 |
		    FTDI_SIO_XON_XOFF_HS << 8;
	return FTDI_SIO_DISABLE_FLOW_CTRL << 8;
}

static int
uftdi_send_baud(struct uftdi_softc *sc, uint32_t code)
{
	u_int index = code >> 16;

	/* Chips that know of ports, and the FT232H, have the extra bits in
	   the high byte; the others have no port. */
	if (sc->sc_port != 0 || sc->sc_type == UFTDI_TYPE_232H)
		index = index << 8 | sc->sc_port;
	return uftdi_request(sc, FTDI_SIO_SET_BAUD_RATE, code & 0xffff, index);
}

/*
 * ucom_param: compute everything before anything is sent, so that EINVAL
 * leaves the chip as it was.  What the chip refuses counts as sent, and is not
 * asked for again before something else is: EOPNOTSUPP, with the rest set.
 */
static int
uftdi_param(void *arg, int portno __unused, struct termios *t)
{
	struct uftdi_softc *sc = arg;
	uint32_t baud, actual, flow;
	u_int data;
	int error, refused = 0;

	if (t->c_ospeed <= 0)
		return EINVAL;
	error = uftdi_divisor(sc->sc_type, (uint32_t)t->c_ospeed, &baud,
	    &actual);
	if (error)
		return error;
	error = uftdi_format(t, &data);
	if (error)
		return error;
	flow = uftdi_flow(t);

	/* Of what is not answered nobody knows whether it was done. */
	if (sc->sc_baud != baud) {
		sc->sc_baud = UFTDI_UNSET;
		error = uftdi_send_baud(sc, baud);
		if (error && error != EOPNOTSUPP)
			return error;
		sc->sc_baud = baud;
		refused |= error;
	}
	if (sc->sc_data != data) {
		sc->sc_data = UFTDI_UNSET;
		error = uftdi_request(sc, FTDI_SIO_SET_DATA,
		    data | sc->sc_break, sc->sc_port);
		if (error && error != EOPNOTSUPP)
			return error;
		sc->sc_data = data;
		refused |= error;
	}
	if (sc->sc_flow != flow) {
		sc->sc_flow = UFTDI_UNSET;
		error = uftdi_request(sc, FTDI_SIO_SET_FLOW_CTRL, flow >> 16,
		    (flow & 0xffff) | sc->sc_port);
		if (error && error != EOPNOTSUPP)
			return error;
		sc->sc_flow = flow;
		refused |= error;
	}
	t->c_ospeed = (speed_t)actual;
	return refused;
}

/*
 * Put a packet's errors beside its n bytes, of which there are some; see "What
 * the line did".
 */
static void
uftdi_errors(u_char status, const u_char *data, u_char *lsr, uint32_t n)
{
	const u_char bad = status & (ULSR_PE | ULSR_FE);
	uint32_t i;

	if (ISSET(status, ULSR_BI)) {
		if (data[n - 1] == 0)
			SET(lsr[n - 1], ULSR_BI);
	} else if (bad != 0) {
		for (i = 0; i < n; i++)
			lsr[i] = bad | (i != 0 ? ULSR_SAME : 0);
	}
	SET(lsr[0], status & ULSR_OE);
}

/* Lines that moved in the middle of a transfer and are back at its end. */
static void
uftdi_moved(struct uftdi_softc *sc, u_char moved)
{
	device_t sub = atomic_load_relaxed(&sc->sc_subdev);

	if (moved != 0 && sub != NULL)
		ucom_lines_moved(device_private(sub), moved);
}

/*
 * ucom_read_lsr: two status bytes stand in front of every packet of maxpkt
 * bytes, not only of the transfer.  The data of the first packet stays
 * where it is, and that of the others is moved up to it.  A packet of one
 * byte is no packet of this chip and ends the data.
 */
static bool
uftdi_read_lsr(void *arg, int portno __unused, u_char **ptr, uint32_t *count,
    u_char *lsr)
{
	struct uftdi_softc *sc = arg;
	u_char *const p = *ptr;
	u_char *to = p + FTDI_STATUS_LEN;
	uint32_t off, n;
	const u_char first = atomic_load_relaxed(&sc->sc_msr);
	u_char status, msr = first, moved = 0;
	bool errors = false;

	*ptr = to;
	for (off = 0; off < *count; off += sc->sc_maxpkt) {
		n = MIN(sc->sc_maxpkt, *count - off);
		if (n < FTDI_STATUS_LEN)
			break;
		moved |= msr ^ (p[off] & FTDI_MSR_MASK);
		msr = p[off] & FTDI_MSR_MASK;
		status = p[off + 1];	/* before data is moved up to it */
		atomic_store_relaxed(&sc->sc_lsr, status);
		n -= FTDI_STATUS_LEN;
		if (to != p + off + FTDI_STATUS_LEN)
			memmove(to, p + off + FTDI_STATUS_LEN, n);
		if (n != 0 && ISSET(status, ULSR_ERRORS)) {
			uftdi_errors(status, to, lsr + (to - *ptr), n);
			errors = true;
		}
		to += n;
	}
	*count = (uint32_t)(to - p);
	if (to != *ptr)
		uftdi_latency_traffic(&sc->sc_latency, UFTDI_INPUT_MS);
	atomic_store_relaxed(&sc->sc_msr, msr);
	uftdi_moved(sc, moved & ~(first ^ msr));
	return errors;
}

/*
 * The line status in the input may be as old as the latency timer, and older
 * than the output that is asked about.
 */
static bool
uftdi_txempty(void *arg, int portno __unused)
{
	struct uftdi_softc *sc = arg;
	u_char status[FTDI_STATUS_LEN];

	if (uftdi_poll_status(sc, status) != 0)
		return true;	/* nothing that could be waited for */
	return ISSET(status[1], ULSR_TSRE);
}
