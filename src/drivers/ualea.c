/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ualea.c - ualea(4): USB devices that send random bytes, for Linux's pool.
 *
 * Model
 *	The device has a bulk-in endpoint on which random bytes come as fast
 *	as they are taken, and no node.  When rnd(9) asks (ualea_get), so many
 *	bytes are read, a packet at a time, with one transfer that is started
 *	again from its callback until there are enough:
 *
 *		idle --ualea_get--> in flight --enough, error, dying--> idle
 *
 *	So nothing moves on the bus but every few minutes.  TrueRNG is a
 *	CDC-ACM device, of which the second interface has the endpoint, and
 *	which is silent until DTR is on.
 *
 * What is believed
 *	The driver's estimate is eight bits a byte.  A generator that is stuck
 *	repeats itself: a byte that comes UALEA_REPEATS times in a row, which
 *	good ones do once in 2^32 packets or so, makes its packet count as
 *	nothing, and the log says so once.  One that lies is not told by that.
 *
 * Detach
 *	sc_dying keeps transfers from starting; then the pipe is aborted, after
 *	which no callback runs, and rnd(9) waits for ualea_get.
 *
 * Locks
 *	sc_lock: the members below it.  It is held in usbd_transfer, which
 *	neither sleeps nor calls back, and not while the pool is given bytes.
 */
#include <sys/param.h>
#include <sys/device.h>
#include <sys/mutex.h>
#include <sys/rndsource.h>
#include <sys/systm.h>

#include <dev/usb/usb.h>
#include <dev/usb/usbcdc.h>
#include <dev/usb/usbdevs.h>
#include <dev/usb/usbdi.h>
#include <dev/usb/usbdi_util.h>

#define	UALEA_REPEATS	6	/* NIST SP 800-90B 4.4.1: H = 8, 2^-32 */

struct ualea_softc;

static int	ualea_match(device_t, cfdata_t, void *);
static void	ualea_attach(device_t, device_t, void *);
static int	ualea_detach(device_t, int);
static void	ualea_get(size_t, void *);
static void	ualea_start(struct ualea_softc *);
static void	ualea_done(struct usbd_xfer *, void *, usbd_status);

struct ualea_softc {
	device_t		 sc_dev;
	struct usbd_device	*sc_udev;
	struct usbd_interface	*sc_iface;
	struct usbd_pipe	*sc_pipe;
	struct usbd_xfer	*sc_xfer;
	u_int			 sc_maxpkt;
	bool			 sc_attached;
	bool			 sc_warned;	/* by ualea_done */
	krndsource_t		 sc_rnd;

	kmutex_t		 sc_lock;
	size_t			 sc_needed;	/* bytes */
	bool			 sc_inflight;
	bool			 sc_dying;
};

static const struct usb_devno ualea_devs[] = {
	{ USB_VENDOR_ARANEUS, USB_PRODUCT_ARANEUS_ALEA },	/* I and II */
	{ USB_VENDOR_MICROCHIP, USB_PRODUCT_MICROCHIP_TRUERNG },
};

extern struct cfattach ualea_ca;
CFATTACH_DECL_NEW(ualea, sizeof(struct ualea_softc), ualea_match,
    ualea_attach, ualea_detach, NULL);

static int
ualea_match(device_t parent __unused, cfdata_t match __unused, void *aux)
{
	const struct usbif_attach_arg *uiaa = aux;

	if (usb_lookup(ualea_devs, uiaa->uiaa_vendor, uiaa->uiaa_product))
		return UMATCH_VENDOR_PRODUCT;
	return UMATCH_NONE;
}

/* The interface's first bulk-in endpoint, or NULL. */
static const usb_endpoint_descriptor_t *
ualea_endpoint(struct usbd_interface *iface)
{
	const usb_endpoint_descriptor_t *ed;
	uint8_t n;

	if (usbd_endpoint_count(iface, &n) != USBD_NORMAL_COMPLETION)
		return NULL;
	for (uint8_t i = 0; i < n; i++) {
		ed = usbd_interface2endpoint_descriptor(iface, i);
		if (ed != NULL && UE_GET_XFERTYPE(ed->bmAttributes) == UE_BULK &&
		    UE_GET_DIR(ed->bEndpointAddress) == UE_DIR_IN)
			return ed;
	}
	return NULL;
}

/*
 * endpoint = ualea_find(sc, uiaa)
 *
 *	In the own interface, or in one that nobody has, which is taken then.
 *	NULL: there is none, or its packets have no bytes.
 */
static const usb_endpoint_descriptor_t *
ualea_find(struct ualea_softc *sc, struct usbif_attach_arg *uiaa)
{
	const usb_endpoint_descriptor_t *ed;

	sc->sc_iface = uiaa->uiaa_iface;
	ed = ualea_endpoint(sc->sc_iface);
	for (int i = 0; ed == NULL && i < uiaa->uiaa_nifaces; i++) {
		if (uiaa->uiaa_ifaces[i] == NULL)
			continue;
		sc->sc_iface = uiaa->uiaa_ifaces[i];
		ed = ualea_endpoint(sc->sc_iface);
		if (ed != NULL)
			uiaa->uiaa_ifaces[i] = NULL;
	}
	if (ed == NULL)
		return NULL;
	sc->sc_maxpkt = UE_GET_SIZE(UGETW(ed->wMaxPacketSize));
	return sc->sc_maxpkt == 0 ? NULL : ed;
}

/* DTR, for one that is a CDC device; what does not know it needs none. */
static void
ualea_ready(struct ualea_softc *sc, const struct usbif_attach_arg *uiaa)
{
	usb_device_request_t req;

	if (uiaa->uiaa_class != UICLASS_CDC)
		return;
	req.bmRequestType = UT_WRITE_CLASS_INTERFACE;
	req.bRequest = UCDC_SET_CONTROL_LINE_STATE;
	USETW(req.wValue, UCDC_LINE_DTR | UCDC_LINE_RTS);
	USETW(req.wIndex, uiaa->uiaa_ifaceno);
	USETW(req.wLength, 0);
	(void)usbd_do_request(sc->sc_udev, &req, NULL);
}

static void
ualea_attach(device_t parent __unused, device_t self, void *aux)
{
	struct usbif_attach_arg *uiaa = aux;
	struct ualea_softc *sc = device_private(self);
	const usb_endpoint_descriptor_t *ed;
	char *devinfo;
	usbd_status err;

	aprint_naive("\n");
	aprint_normal("\n");
	devinfo = usbd_devinfo_alloc(uiaa->uiaa_device, 0);
	aprint_normal_dev(self, "%s\n", devinfo);
	usbd_devinfo_free(devinfo);

	sc->sc_dev = self;
	sc->sc_udev = uiaa->uiaa_device;
	mutex_init(&sc->sc_lock, MUTEX_DEFAULT, IPL_SOFTUSB);
	ed = ualea_find(sc, uiaa);
	if (ed == NULL) {
		aprint_error_dev(self, "no endpoint for random bytes\n");
		return;
	}
	err = usbd_open_pipe(sc->sc_iface, ed->bEndpointAddress,
	    USBD_EXCLUSIVE_USE | USBD_MPSAFE, &sc->sc_pipe);
	if (err != USBD_NORMAL_COMPLETION) {
		aprint_error_dev(self, "cannot open endpoint 0x%02x: %s\n",
		    ed->bEndpointAddress, usbd_errstr(err));
		return;
	}
	if (usbd_create_xfer(sc->sc_pipe, sc->sc_maxpkt, 0, 0,
	    &sc->sc_xfer) != 0) {
		aprint_error_dev(self, "no memory for a transfer\n");
		return;
	}
	ualea_ready(sc, uiaa);
	sc->sc_attached = true;
	rndsource_setcb(&sc->sc_rnd, ualea_get, sc);
	rnd_attach_source(&sc->sc_rnd, device_xname(self), RND_TYPE_RNG,
	    RND_FLAG_COLLECT_VALUE | RND_FLAG_HASCB);
}

static int
ualea_detach(device_t self, int flags __unused)
{
	struct ualea_softc *sc = device_private(self);

	mutex_enter(&sc->sc_lock);
	sc->sc_dying = true;
	mutex_exit(&sc->sc_lock);
	if (sc->sc_pipe != NULL)
		usbd_abort_pipe(sc->sc_pipe);
	if (sc->sc_attached)
		rnd_detach_source(&sc->sc_rnd);
	if (sc->sc_xfer != NULL)
		usbd_destroy_xfer(sc->sc_xfer);
	if (sc->sc_pipe != NULL)
		usbd_close_pipe(sc->sc_pipe);
	KASSERT(!sc->sc_inflight);
	mutex_destroy(&sc->sc_lock);
	return 0;
}

/* rnd(9) asks for n bytes. */
static void
ualea_get(size_t n, void *arg)
{
	struct ualea_softc *const sc = arg;

	mutex_enter(&sc->sc_lock);
	sc->sc_needed = MAX(sc->sc_needed, n);
	if (!sc->sc_inflight)
		ualea_start(sc);
	mutex_exit(&sc->sc_lock);
}

/* sc_lock held, nothing in flight: read one packet. */
static void
ualea_start(struct ualea_softc *sc)
{
	usbd_status err;

	KASSERT(mutex_owned(&sc->sc_lock) && !sc->sc_inflight);
	if (sc->sc_dying)
		return;
	usbd_setup_xfer(sc->sc_xfer, sc, usbd_get_buffer(sc->sc_xfer),
	    sc->sc_maxpkt, USBD_SHORT_XFER_OK, USBD_NO_TIMEOUT, ualea_done);
	err = usbd_transfer(sc->sc_xfer);
	if (err == USBD_IN_PROGRESS)
		sc->sc_inflight = true;
	else
		sc->sc_needed = 0;	/* until rnd(9) asks again */
}

/* Does a byte come too often in a row? */
static bool
ualea_is_stuck(const uint8_t *p, uint32_t len)
{
	u_int same = 1;

	for (uint32_t i = 1; i < len; i++) {
		same = p[i] == p[i - 1] ? same + 1 : 1;
		if (same >= UALEA_REPEATS)
			return true;
	}
	return false;
}

/* A packet for rnd(9). */
static void
ualea_take(struct ualea_softc *sc, uint8_t *p, uint32_t len)
{
	const bool stuck = ualea_is_stuck(p, len);

	if (stuck && !sc->sc_warned) {
		sc->sc_warned = true;
		device_printf(sc->sc_dev, "repeats itself: what it sends "
		    "counts as nothing\n");
	}
	rnd_add_data_sync(&sc->sc_rnd, p, len, stuck ? 0 : len * NBBY);
	explicit_memset(p, 0, len);
}

static void
ualea_done(struct usbd_xfer *xfer, void *arg, usbd_status status)
{
	struct ualea_softc *const sc = arg;
	uint32_t len;
	void *p;

	usbd_get_xfer_status(xfer, NULL, &p, &len, NULL);
	if (status == USBD_STALLED)
		usbd_clear_endpoint_stall_async(sc->sc_pipe);
	if (status != USBD_NORMAL_COMPLETION || len > sc->sc_maxpkt)
		len = 0;
	if (len > 0)
		ualea_take(sc, p, len);

	mutex_enter(&sc->sc_lock);
	KASSERT(sc->sc_inflight);
	sc->sc_inflight = false;
	/* An error, or nothing to say: until rnd(9) asks again. */
	sc->sc_needed -= len > 0 ? MIN(sc->sc_needed, len) : sc->sc_needed;
	if (sc->sc_needed > 0)
		ualea_start(sc);
	mutex_exit(&sc->sc_lock);
}
