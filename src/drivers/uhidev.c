/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uhidev.c - uhidev(4): USB human interface devices, one interface each, and
 * what the drivers of their reports have in common.
 *
 * Model
 *	A uhidev reads and checks the interface's report descriptor once, and
 *	attaches a child for each report ID that has fields, or none if the
 *	device has too many of them (usbd_admit).  The interrupt
 *	pipes are open while any child is: input comes only then, and goes to
 *	the child that has its report ID; other input is dropped.
 *
 *	sc_pipes says how the pipes are:
 *
 *		CLOSED -> OPENING -> OPEN -> CLOSING -> CLOSED
 *
 *	In the two -ING states one thread opens or closes them, without
 *	sc_lock, and everybody else who opens or closes waits for it: that
 *	is as bounded as usbd_open_pipe and usbd_close_pipe.
 *
 * Requests that wait
 *	Reports go out and are asked for by transfers, on the control pipe or
 *	on the interrupt-out pipe, that may take seconds or for ever.  A child
 *	must be able to end its own, and no others: another child, or another
 *	interface's driver, may be in the middle of a request.  So all of them
 *	are asynchronous transfers in scd_reqs, which uhidev_stop cancels one
 *	by one.  It must not miss one that just starts:
 *
 *		uhidev_transfer			uhidev_stop
 *		takes sc_lock
 *		scd_stopped?  no
 *		usbd_transfer, in scd_reqs
 *		waits (leaves sc_lock)		takes sc_lock
 *						scd_stopped = true
 *						cancels all of scd_reqs
 *
 *	Were the look and the start not under one lock, a stop between them
 *	would cancel nothing, and the transfer last as long as the device
 *	likes.
 *
 * A write that nobody waits for has a transfer of the interface's, and so one
 * child one of them at a time.  Its callback runs without sc_lock, and may start
 * the next; uhidev_close waits for both, as it waits for the interrupt function.
 *
 * Locks
 *	sc_lock		everything marked (l), and held while a child's
 *			interrupt function runs, which is what makes
 *			uhidev_close final: none runs or comes after it
 *	sc_cv		with it: sc_pipes changes, a request is over
 * Lock order: sc_lock -> the child's lock (input); sc_lock -> usbdi's.
 *
 * Known gaps
 *	No boot protocol.  Suspend and resume are not there.  Of two
 *	interrupt-in pipes the first is used.
 */
#include <sys/param.h>
#include <sys/device.h>
#include <sys/errno.h>
#include <sys/kmem.h>
#include <sys/queue.h>
#include <sys/systm.h>

#include <dev/hid/hid.h>
#include <dev/usb/usb.h>
#include <dev/usb/usbdi.h>
#include <dev/usb/usbdi_util.h>
#include <dev/usb/usbhid.h>
#include <dev/usb/uhidev.h>

#define	UHIDEV_REPORT_MAX	16384	/* bytes; Linux has the same */
#define	UHIDEV_IDS		256

struct uhidev_softc;

/* A transfer that somebody waits for. */
struct uhidev_req {
	struct uhidev		*ur_scd;
	struct usbd_xfer	*ur_xfer;
	bool			 ur_over;	/* (l) */
	usbd_status		 ur_status;	/* (l) */
	TAILQ_ENTRY(uhidev_req)	 ur_next;	/* (l) */
};

struct uhidev {
	struct uhidev_softc	*scd_parent;
	uint8_t			 scd_id;
	device_t		 scd_dev;	/* by attach and detach */
	bool			 scd_open;	/* (l) */
	bool			 scd_stopped;	/* (l) until the next open */
	void			(*scd_intr)(void *, void *, u_int); /* (l) */
	void			*scd_cookie;	/* (l) */
	TAILQ_HEAD(, uhidev_req) scd_reqs;	/* (l) */
};

enum uhidev_pipes { CLOSED, OPENING, OPEN, CLOSING };

struct uhidev_softc {
	device_t		 sc_dev;
	struct usbd_device	*sc_udev;
	struct usbd_interface	*sc_iface;
	int			 sc_iep, sc_oep; /* endpoints, or -1 */
	void			*sc_desc;
	int			 sc_desclen;
	bool			 sc_ids;	/* reports begin with an ID */
	bool			 sc_said;	/* no pipes; who opens them */
	uint8_t			*sc_ibuf;	/* event thread's */
	uint32_t		 sc_ibuflen;

	kmutex_t		 sc_lock;
	kcondvar_t		 sc_cv;
	enum uhidev_pipes	 sc_pipes;	/* (l) */
	u_int			 sc_nopen;	/* (l) children that are */
	bool			 sc_dying;	/* (l) */
	struct usbd_pipe	*sc_ipipe;	/* in state OPEN */
	struct usbd_pipe	*sc_opipe;
	struct usbd_xfer	*sc_axfer;	/* uhidev_write_async's */
	uint32_t		 sc_alen;	/* what fits into it */
	struct uhidev		*sc_async;	/* (l) whose it is, in flight */
	struct uhidev		*sc_acalls;	/* (l) whose callback runs */
	usbd_callback		 sc_afunc;	/* (l) */
	void			*sc_acookie;	/* (l) */

	struct uhidev		*sc_sub;	/* [sc_nsub], by rising ID */
	int			 sc_nsub;
};

static int	uhidev_match(device_t, cfdata_t, void *);
static void	uhidev_attach(device_t, device_t, void *);
static int	uhidev_detach(device_t, int);
static int	uhidev_activate(device_t, enum devact);
static void	uhidev_childdet(device_t, device_t);
static void	uhidev_intr(struct usbd_xfer *, void *, usbd_status);

extern struct cfattach uhidev_ca;
CFATTACH_DECL3_NEW(uhidev, sizeof(struct uhidev_softc), uhidev_match,
    uhidev_attach, uhidev_detach, uhidev_activate, NULL, uhidev_childdet,
    DVF_ATTACH_MPSAFE);

static int
uhidev_match(device_t parent __unused, cfdata_t match __unused, void *aux)
{
	const struct usbif_attach_arg *uiaa = aux;

	return uiaa->uiaa_class == UICLASS_HID ? UMATCH_IFACECLASS_GENERIC :
	    UMATCH_NONE;
}

/* ---- attach and detach ---------------------------------------------- */

/* The interrupt endpoints; how long an input packet can be. */
static uint32_t
uhidev_endpoints(struct uhidev_softc *sc)
{
	const usb_interface_descriptor_t *id;
	const usb_endpoint_descriptor_t *ed;
	uint32_t maxpkt = 0;

	sc->sc_iep = sc->sc_oep = -1;
	id = usbd_get_interface_descriptor(sc->sc_iface);
	for (u_int i = 0; i < id->bNumEndpoints; i++) {
		ed = usbd_interface2endpoint_descriptor(sc->sc_iface,
		    (uint8_t)i);
		if (ed == NULL ||
		    UE_GET_XFERTYPE(ed->bmAttributes) != UE_INTERRUPT)
			continue;
		if (UE_GET_DIR(ed->bEndpointAddress) == UE_DIR_OUT) {
			if (sc->sc_oep == -1)
				sc->sc_oep = ed->bEndpointAddress;
		} else if (sc->sc_iep == -1) {
			sc->sc_iep = ed->bEndpointAddress;
			maxpkt = UE_GET_SIZE(UGETW(ed->wMaxPacketSize));
		}
	}
	return maxpkt;
}

/* The report descriptor, if it is one. */
static bool
uhidev_read_desc(struct uhidev_softc *sc)
{
	struct hid_fault fault;
	usbd_status err;

	err = usbd_read_report_desc(sc->sc_iface, &sc->sc_desc,
	    &sc->sc_desclen);
	if (err != USBD_NORMAL_COMPLETION) {
		aprint_error_dev(sc->sc_dev, "no report descriptor: %s\n",
		    usbd_errstr(err));
		return false;
	}
	if (hid_parse_check(sc->sc_desc, sc->sc_desclen, &fault) != 0) {
		aprint_error_dev(sc->sc_dev, "bad report descriptor: %s, "
		    "byte %zu of %d\n", fault.hf_text, fault.hf_off,
		    sc->sc_desclen);
		return false;
	}
	return true;
}

/*
 * uhidev_buffer(sc, maxpkt)
 *
 *	A buffer for input.  All reports but the longest end with a short
 *	packet (HID 1.11, 8.4); so a transfer is as long as the longest one,
 *	and, if that is not whole packets, as long as they are, or a device
 *	that sends too much would fail it.
 */
static bool
uhidev_buffer(struct uhidev_softc *sc, uint32_t maxpkt)
{
	static const enum hid_kind kinds[] = {
		hid_input, hid_output, hid_feature
	};
	uint32_t size = 0;

	for (u_int i = 0; i < __arraycount(kinds); i++) {
		size = (uint32_t)hid_report_size_max(sc->sc_desc,
		    sc->sc_desclen, kinds[i], NULL);
		if (size > UHIDEV_REPORT_MAX) {
			aprint_error_dev(sc->sc_dev, "a report of %u bytes "
			    "is more than %d\n", size, UHIDEV_REPORT_MAX);
			return false;
		}
		if (i == 0)
			sc->sc_ibuflen = size;
		else if (i == 1)
			sc->sc_alen = MAX(size + sc->sc_ids, UHIDEV_OSIZE);
	}
	if (sc->sc_ibuflen == 0 || maxpkt == 0)
		sc->sc_iep = -1;
	if (sc->sc_iep != -1) {
		sc->sc_ibuflen = roundup(sc->sc_ibuflen + sc->sc_ids, maxpkt);
		sc->sc_ibuf = kmem_zalloc(sc->sc_ibuflen, KM_SLEEP);
	}
	return true;
}

static int
uhidev_print(void *aux, const char *pnp)
{
	const struct uhidev_attach_arg *uha = aux;

	if (pnp != NULL)
		aprint_normal("uhid at %s", pnp);
	if (uha->reportid != 0)
		aprint_normal(" reportid %d", uha->reportid);
	return UNCONF;
}

/* The children. */
static void
uhidev_attach_reports(struct uhidev_softc *sc, struct usbif_attach_arg *uiaa,
    const uint8_t *ids)
{
	struct uhidev_attach_arg uha = { .uiaa = uiaa };
	int locs[UHIDBUSCF_NLOCS];

	for (int i = 0; i < sc->sc_nsub; i++) {
		struct uhidev *const scd = &sc->sc_sub[i];

		scd->scd_parent = sc;
		scd->scd_id = ids[i];
		TAILQ_INIT(&scd->scd_reqs);
	}
	for (int i = 0; i < sc->sc_nsub; i++) {
		uha.parent = &sc->sc_sub[i];
		uha.reportid = ids[i];
		locs[UHIDBUSCF_REPORTID] = ids[i];
		sc->sc_sub[i].scd_dev = config_found(sc->sc_dev, &uha,
		    uhidev_print, CFARGS(.submatch = config_stdsubmatch,
		    .locators = locs));
	}
}

static void
uhidev_attach(device_t parent __unused, device_t self, void *aux)
{
	struct uhidev_softc *sc = device_private(self);
	struct usbif_attach_arg *uiaa = aux;
	uint8_t ids[UHIDEV_IDS];
	uint32_t maxpkt;
	char *devinfo;

	devinfo = usbd_devinfo_alloc(uiaa->uiaa_device, 0);
	aprint_naive("\n");
	aprint_normal(": %s, iclass %d/%d\n", devinfo, uiaa->uiaa_class,
	    uiaa->uiaa_subclass);
	usbd_devinfo_free(devinfo);

	sc->sc_dev = self;
	sc->sc_udev = uiaa->uiaa_device;
	sc->sc_iface = uiaa->uiaa_iface;
	mutex_init(&sc->sc_lock, MUTEX_DEFAULT, IPL_SOFTUSB);
	cv_init(&sc->sc_cv, "uhidev");
	maxpkt = uhidev_endpoints(sc);
	if (!uhidev_read_desc(sc))
		return;
	sc->sc_nsub = hid_report_ids(sc->sc_desc, sc->sc_desclen, ids);
	if (sc->sc_nsub == 0) {
		aprint_error_dev(self, "its reports have no fields\n");
		return;
	}
	sc->sc_ids = ids[sc->sc_nsub - 1] != 0;
	if (!uhidev_buffer(sc, maxpkt) ||
	    !usbd_admit(sc->sc_udev, (u_int)sc->sc_nsub)) {
		sc->sc_nsub = 0;
		return;
	}
	/* Silence until something changes; devices may refuse that. */
	(void)usbd_set_idle(sc->sc_iface, 0, 0);
	sc->sc_sub = kmem_zalloc((size_t)sc->sc_nsub * sizeof(*sc->sc_sub),
	    KM_SLEEP);
	usbd_add_drv_event(USB_EVENT_DRIVER_ATTACH, sc->sc_udev, self);
	uhidev_attach_reports(sc, uiaa, ids);
}

static int
uhidev_activate(device_t self, enum devact act)
{
	struct uhidev_softc *sc = device_private(self);

	if (act != DVACT_DEACTIVATE)
		return EOPNOTSUPP;
	mutex_enter(&sc->sc_lock);
	sc->sc_dying = true;
	mutex_exit(&sc->sc_lock);
	return 0;
}

static void
uhidev_childdet(device_t self, device_t child)
{
	struct uhidev_softc *sc = device_private(self);
	int i;

	for (i = 0; i < sc->sc_nsub && sc->sc_sub[i].scd_dev != child; i++)
		continue;
	KASSERT(i < sc->sc_nsub);
	sc->sc_sub[i].scd_dev = NULL;
}

static int
uhidev_detach(device_t self, int flags)
{
	struct uhidev_softc *sc = device_private(self);
	int error;

	if (flags & DETACH_FORCE) {
		mutex_enter(&sc->sc_lock);
		sc->sc_dying = true;
		mutex_exit(&sc->sc_lock);
	}
	for (int i = 0; i < sc->sc_nsub; i++) {
		if (sc->sc_sub[i].scd_dev == NULL)
			continue;
		error = config_detach(sc->sc_sub[i].scd_dev, flags);
		if (error)
			return error;
	}
	KASSERT(sc->sc_nopen == 0 && sc->sc_pipes == CLOSED);
	if (sc->sc_sub != NULL)
		kmem_free(sc->sc_sub,
		    (size_t)sc->sc_nsub * sizeof(*sc->sc_sub));
	if (sc->sc_ibuf != NULL)
		kmem_free(sc->sc_ibuf, sc->sc_ibuflen);
	if (sc->sc_desc != NULL)
		kmem_free(sc->sc_desc, (size_t)sc->sc_desclen);
	usbd_add_drv_event(USB_EVENT_DRIVER_DETACH, sc->sc_udev, self);
	cv_destroy(&sc->sc_cv);
	mutex_destroy(&sc->sc_lock);
	return 0;
}

/* ---- the pipes ------------------------------------------------------ */

/* What uhidev_open_pipes got, or a part of it.  No lock. */
static void
uhidev_close_pipes(struct uhidev_softc *sc)
{

	if (sc->sc_ipipe != NULL)
		usbd_close_pipe(sc->sc_ipipe);
	if (sc->sc_axfer != NULL)
		usbd_destroy_xfer(sc->sc_axfer);
	if (sc->sc_opipe != NULL)
		usbd_close_pipe(sc->sc_opipe);
	sc->sc_axfer = NULL;
	sc->sc_opipe = sc->sc_ipipe = NULL;
}

/* Open them; EIO.  No lock. */
static int
uhidev_open_pipes(struct uhidev_softc *sc)
{
	usbd_status err = USBD_NORMAL_COMPLETION;

	if (sc->sc_oep != -1)
		err = usbd_open_pipe(sc->sc_iface, (uint8_t)sc->sc_oep,
		    USBD_MPSAFE, &sc->sc_opipe);
	if (err == USBD_NORMAL_COMPLETION && sc->sc_oep != -1 &&
	    usbd_create_xfer(sc->sc_opipe, sc->sc_alen, 0, 0,
	    &sc->sc_axfer) != 0)
		err = USBD_NOMEM;
	if (err == USBD_NORMAL_COMPLETION && sc->sc_iep != -1)
		err = usbd_open_pipe_intr(sc->sc_iface, (uint8_t)sc->sc_iep,
		    USBD_SHORT_XFER_OK | USBD_MPSAFE, &sc->sc_ipipe, sc,
		    sc->sc_ibuf, sc->sc_ibuflen, uhidev_intr,
		    USBD_DEFAULT_INTERVAL);
	if (err == USBD_NORMAL_COMPLETION)
		return 0;
	if (!sc->sc_said)		/* every open comes here */
		aprint_error_dev(sc->sc_dev, "pipes: %s\n", usbd_errstr(err));
	sc->sc_said = true;
	uhidev_close_pipes(sc);
	return EIO;
}

/* sc_lock held: wait until nobody opens or closes the pipes. */
static void
uhidev_pipes_wait(struct uhidev_softc *sc)
{

	while (sc->sc_pipes == OPENING || sc->sc_pipes == CLOSING)
		cv_wait(&sc->sc_cv, &sc->sc_lock);
}

/* sc_lock held: one child more that needs the pipes. */
static int
uhidev_pipes_get(struct uhidev_softc *sc)
{
	int error = 0;

	uhidev_pipes_wait(sc);
	if (sc->sc_dying)
		return ENXIO;
	if (sc->sc_pipes == CLOSED) {
		sc->sc_pipes = OPENING;
		mutex_exit(&sc->sc_lock);
		error = uhidev_open_pipes(sc);
		mutex_enter(&sc->sc_lock);
		sc->sc_pipes = error ? CLOSED : OPEN;
		cv_broadcast(&sc->sc_cv);
	}
	if (error == 0)
		sc->sc_nopen++;
	return error;
}

/* sc_lock held: one less. */
static void
uhidev_pipes_put(struct uhidev_softc *sc)
{

	uhidev_pipes_wait(sc);
	KASSERT(sc->sc_pipes == OPEN && sc->sc_nopen > 0);
	if (--sc->sc_nopen > 0)
		return;
	sc->sc_pipes = CLOSING;
	mutex_exit(&sc->sc_lock);
	uhidev_close_pipes(sc);
	mutex_enter(&sc->sc_lock);
	sc->sc_pipes = CLOSED;
	cv_broadcast(&sc->sc_cv);
}

/*
 * error = uhidev_open(scd, intr, cookie)
 *
 *	From now on intr(cookie, data, len) gets the reports of this ID,
 *	without the ID byte, on the event thread.  Sleeps for the pipes, in
 *	bounded time.  EBUSY: open already; ENXIO: the device is leaving; EIO:
 *	no pipe.
 */
int
uhidev_open(struct uhidev *scd, void (*intr)(void *, void *, u_int),
    void *cookie)
{
	struct uhidev_softc *const sc = scd->scd_parent;
	int error;

	mutex_enter(&sc->sc_lock);
	if (scd->scd_open) {
		mutex_exit(&sc->sc_lock);
		return EBUSY;
	}
	scd->scd_open = true;
	scd->scd_stopped = false;
	scd->scd_cookie = cookie;
	scd->scd_intr = intr;
	if ((error = uhidev_pipes_get(sc)) != 0) {
		scd->scd_intr = NULL;
		scd->scd_open = false;
	}
	mutex_exit(&sc->sc_lock);
	return error;
}

/*
 * uhidev_stop(scd)
 *
 *	Reports that are sent or asked for by this child end soon, and new
 *	ones fail at once, until uhidev_open.  For d_cancel: does not sleep.
 */
void
uhidev_stop(struct uhidev *scd)
{
	struct uhidev_softc *const sc = scd->scd_parent;
	struct uhidev_req *ur;

	mutex_enter(&sc->sc_lock);
	scd->scd_stopped = true;
	TAILQ_FOREACH(ur, &scd->scd_reqs, ur_next)
		usbd_cancel_xfer(ur->ur_xfer);
	if (sc->sc_async == scd)
		usbd_cancel_xfer(sc->sc_axfer);
	mutex_exit(&sc->sc_lock);
}

/* sc_lock held: nothing that scd has sent is on its way, nor comes. */
static void
uhidev_async_end(struct uhidev_softc *sc, struct uhidev *scd)
{
	const bool stopped = scd->scd_stopped;

	scd->scd_stopped = true;
	if (sc->sc_async == scd)
		usbd_cancel_xfer(sc->sc_axfer);
	while (sc->sc_async == scd || sc->sc_acalls == scd)
		cv_wait(&sc->sc_cv, &sc->sc_lock);
	scd->scd_stopped = stopped;
}

/*
 * uhidev_close(scd)
 *
 *	The end of an open: intr does not run any more, when this returns,
 *	nor the callback of uhidev_write_async, whose transfer is cancelled.
 *	No call of the child is in progress, and this is in neither.  Sleeps
 *	for the pipes, in bounded time.
 */
void
uhidev_close(struct uhidev *scd)
{
	struct uhidev_softc *const sc = scd->scd_parent;

	mutex_enter(&sc->sc_lock);
	KASSERTMSG(scd->scd_open && TAILQ_EMPTY(&scd->scd_reqs), "open %d",
	    scd->scd_open);
	scd->scd_intr = NULL;
	uhidev_async_end(sc, scd);
	uhidev_pipes_put(sc);
	scd->scd_open = false;
	mutex_exit(&sc->sc_lock);
}

/* ---- input ---------------------------------------------------------- */

static void
uhidev_intr(struct usbd_xfer *xfer, void *priv, usbd_status status)
{
	struct uhidev_softc *const sc = priv;
	const uint8_t id = sc->sc_ids ? sc->sc_ibuf[0] : 0;
	uint32_t len;

	if (status == USBD_STALLED)
		usbd_clear_endpoint_stall_async(sc->sc_ipipe);
	if (status != USBD_NORMAL_COMPLETION)
		return;
	usbd_get_xfer_status(xfer, NULL, NULL, &len, NULL);
	if (len <= sc->sc_ids)
		return;
	mutex_enter(&sc->sc_lock);
	for (int i = 0; i < sc->sc_nsub; i++) {
		const struct uhidev *const scd = &sc->sc_sub[i];

		if (scd->scd_id == id && scd->scd_intr != NULL)
			(*scd->scd_intr)(scd->scd_cookie,
			    sc->sc_ibuf + sc->sc_ids, len - sc->sc_ids);
	}
	mutex_exit(&sc->sc_lock);
}

/* ---- requests ------------------------------------------------------- */

static void
uhidev_req_done(struct usbd_xfer *xfer __unused, void *priv,
    usbd_status status)
{
	struct uhidev_req *const ur = priv;
	struct uhidev_softc *const sc = ur->ur_scd->scd_parent;

	mutex_enter(&sc->sc_lock);
	ur->ur_status = status;
	ur->ur_over = true;
	cv_broadcast(&sc->sc_cv);
	mutex_exit(&sc->sc_lock);
}

/*
 * err = uhidev_transfer(ur)
 *
 *	Start its xfer, and sleep until it is over; an interrupt of the
 *	calling operation ends it.  Not started in a thread that may not sleep.
 */
static usbd_status
uhidev_transfer(struct uhidev_req *ur)
{
	struct uhidev *const scd = ur->ur_scd;
	struct uhidev_softc *const sc = scd->scd_parent;
	bool interrupted = false;
	usbd_status err;

	mutex_enter(&sc->sc_lock);
	if (scd->scd_stopped)
		err = USBD_CANCELLED;
	else if (cv_sig_error() != 0)
		err = USBD_INTERRUPTED;
	else
		err = usbd_transfer(ur->ur_xfer);
	if (err == USBD_IN_PROGRESS) {
		TAILQ_INSERT_TAIL(&scd->scd_reqs, ur, ur_next);
		while (!ur->ur_over) {
			if (interrupted)
				cv_wait(&sc->sc_cv, &sc->sc_lock);
			else if (cv_wait_sig(&sc->sc_cv, &sc->sc_lock) != 0) {
				interrupted = true;
				usbd_cancel_xfer(ur->ur_xfer);
			}
		}
		TAILQ_REMOVE(&scd->scd_reqs, ur, ur_next);
		err = ur->ur_status;
		if (interrupted && err == USBD_CANCELLED)
			err = USBD_INTERRUPTED;
	}
	mutex_exit(&sc->sc_lock);
	return err;
}

/*
 * err = uhidev_write(scd, data, len)
 *
 *	Send bytes on the interrupt-out pipe, as they are.  scd is open.
 *	Sleeps until the device has taken them, uhidev_stop, or an interrupt.
 *	USBD_INVAL: there is no such pipe; USBD_CANCELLED: stopped;
 *	USBD_INTERRUPTED; USBD_IOERROR and what else a transfer ends with.
 */
usbd_status
uhidev_write(struct uhidev *scd, void *data, int len)
{
	struct uhidev_softc *const sc = scd->scd_parent;
	struct uhidev_req ur = { .ur_scd = scd };
	usbd_status err;

	if (sc->sc_opipe == NULL)
		return USBD_INVAL;
	if (usbd_create_xfer(sc->sc_opipe, (size_t)len, 0, 0,
	    &ur.ur_xfer) != 0)
		return USBD_NOMEM;
	usbd_setup_xfer(ur.ur_xfer, &ur, data, (uint32_t)len, 0,
	    USBD_NO_TIMEOUT, uhidev_req_done);
	err = uhidev_transfer(&ur);
	usbd_destroy_xfer(ur.ur_xfer);
	return err;
}

static void
uhidev_async_done(struct usbd_xfer *xfer, void *priv, usbd_status status)
{
	struct uhidev_softc *const sc = priv;
	usbd_callback func;
	void *cookie;

	mutex_enter(&sc->sc_lock);
	sc->sc_acalls = sc->sc_async;
	sc->sc_async = NULL;
	func = sc->sc_afunc;
	cookie = sc->sc_acookie;
	mutex_exit(&sc->sc_lock);
	(*func)(xfer, cookie, status);
	mutex_enter(&sc->sc_lock);
	sc->sc_acalls = NULL;
	cv_broadcast(&sc->sc_cv);
	mutex_exit(&sc->sc_lock);
}

/*
 * err = uhidev_write_async(scd, data, len, flags, ms, callback, cookie)
 *
 *	The same, and nobody waits: callback(xfer, cookie, status) is told on
 *	the event thread when the device has taken them, and may send more.
 *	flags and ms are usbd_setup_xfer's; data is copied.  scd is open.  Does
 *	not sleep.  USBD_IN_PROGRESS, or there is no callback: USBD_INVAL: no
 *	such pipe, or longer than the longest output report and UHIDEV_OSIZE;
 *	USBD_IN_USE: one is on its way, of any child of the interface;
 *	USBD_CANCELLED: stopped; USBD_IOERROR.
 */
usbd_status
uhidev_write_async(struct uhidev *scd, void *data, int len, int flags, int ms,
    usbd_callback callback, void *cookie)
{
	struct uhidev_softc *const sc = scd->scd_parent;
	usbd_status err;

	if (sc->sc_opipe == NULL || len < 0 || (uint32_t)len > sc->sc_alen)
		return USBD_INVAL;
	mutex_enter(&sc->sc_lock);
	if (scd->scd_stopped)
		err = USBD_CANCELLED;
	else if (sc->sc_async != NULL)
		err = USBD_IN_USE;
	else {
		usbd_setup_xfer(sc->sc_axfer, sc, data, (uint32_t)len, flags,
		    ms, uhidev_async_done);
		err = usbd_transfer(sc->sc_axfer);
	}
	if (err == USBD_IN_PROGRESS) {
		sc->sc_async = scd;
		sc->sc_afunc = callback;
		sc->sc_acookie = cookie;
	}
	mutex_exit(&sc->sc_lock);
	return err;
}

/*
 * err = uhidev_request(scd, req, data, &actlen)
 *
 *	A request to the device, whose data has wLength bytes; actlen (may be
 *	NULL) is how many were moved.  Sleeps, at most for
 *	USBD_DEFAULT_TIMEOUT.  Errors as uhidev_write; USBD_STALLED: the device
 *	does not know it; USBD_TIMEOUT.
 */
usbd_status
uhidev_request(struct uhidev *scd, usb_device_request_t *req, void *data,
    int *actlen)
{
	struct uhidev_softc *const sc = scd->scd_parent;
	struct uhidev_req ur = { .ur_scd = scd };
	const uint32_t len = UGETW(req->wLength);
	uint32_t count = 0;
	usbd_status err;

	if (usbd_create_xfer(usbd_get_pipe0(sc->sc_udev), len, 0, 0,
	    &ur.ur_xfer) != 0)
		return USBD_NOMEM;
	usbd_setup_default_xfer(ur.ur_xfer, sc->sc_udev, &ur,
	    USBD_DEFAULT_TIMEOUT, req, data, len, USBD_SHORT_XFER_OK,
	    uhidev_req_done);
	err = uhidev_transfer(&ur);
	if (err == USBD_NORMAL_COMPLETION)
		usbd_get_xfer_status(ur.ur_xfer, NULL, NULL, &count, NULL);
	usbd_destroy_xfer(ur.ur_xfer);
	if (actlen != NULL)
		*actlen = (int)count;
	return err;
}

/*
 * err = uhidev_report(scd, request, type, id, data, len, &actlen)
 *
 *	UR_GET_REPORT or UR_SET_REPORT of any report of the interface; data
 *	is what goes over the wire.  As uhidev_request.
 */
usbd_status
uhidev_report(struct uhidev *scd, int request, int type, int id, void *data,
    int len, int *actlen)
{
	usb_device_request_t req;

	req.bmRequestType = request == UR_GET_REPORT ?
	    UT_READ_CLASS_INTERFACE : UT_WRITE_CLASS_INTERFACE;
	req.bRequest = (uByte)request;
	USETW2(req.wValue, type, id);
	USETW(req.wIndex, usbd_get_interface_descriptor(
	    scd->scd_parent->sc_iface)->bInterfaceNumber);
	USETW(req.wLength, len);
	return uhidev_request(scd, &req, data, actlen);
}

/*
 * err = uhidev_get_report(scd, type, data, len)
 * err = uhidev_set_report(scd, type, data, len)
 *
 *	The same of the child's own report, whose ID byte, if it has one, is
 *	the first of data.
 */
usbd_status
uhidev_get_report(struct uhidev *scd, int type, void *data, int len)
{

	return uhidev_report(scd, UR_GET_REPORT, type, scd->scd_id, data, len,
	    NULL);
}

usbd_status
uhidev_set_report(struct uhidev *scd, int type, void *data, int len)
{

	return uhidev_report(scd, UR_SET_REPORT, type, scd->scd_id, data, len,
	    NULL);
}

/* ---- what it is ----------------------------------------------------- */

/*
 * uhidev_get_report_desc(scd, &desc, &len)
 *
 *	The report descriptor of the whole interface; as long as scd.
 */
void
uhidev_get_report_desc(struct uhidev *scd, void **descp, int *lenp)
{

	*descp = scd->scd_parent->sc_desc;
	*lenp = scd->scd_parent->sc_desclen;
}

/*
 * yes = uhidev_has_ids(scd)
 * yes = uhidev_has_output_pipe(scd)
 *
 *	Do the interface's reports begin with an ID byte?  Can uhidev_write
 *	be used?
 */
bool
uhidev_has_ids(struct uhidev *scd)
{

	return scd->scd_parent->sc_ids;
}

bool
uhidev_has_output_pipe(struct uhidev *scd)
{

	return scd->scd_parent->sc_oep != -1;
}
