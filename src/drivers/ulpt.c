/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ulpt.c - ulpt(4): USB printers.
 *
 * Model
 *	A printer has two nodes, ulptN, whose open resets it, and ulpnN, whose
 *	open does not.  One of them can be open, once: sc_open says which.
 *
 *		0 -> OPENING -> OPEN -> 0
 *
 *	An open of anything but 0 is EBUSY at once, unless it finds the other
 *	node's close in progress, whose end it waits for, as specfs lets it
 *	wait for its own node's.
 *
 *	A write sends what it has in pieces of ULPT_BSIZE and waits for each;
 *	a printer that takes nothing (no paper, a full buffer) holds it up for
 *	as long as it likes.  A call that is interrupted, cancelled, or over
 *	its time if it is not to wait, says how much the device has taken.  A
 *	read is one transfer of whole packets, as what of a packet has no room
 *	would be lost; what the client has no room for is the next read's.
 *
 *	d_cancel sets its node's bit in sc_closing, cancels what is in flight,
 *	which does not wait, and wakes all.  It says nothing to the other node,
 *	which it may come beside: an open of ulpn0 that is EBUSY can be revoked.
 *
 *	ulptwrite			d_cancel		event thread
 *	sc_lock: not closing
 *	usbd_transfer, up_busy
 *	sleeps, sc_lock free		closing; cancel
 *								up_busy = false
 *	wakes: EIO, or a short write
 *	drain sees it leave		d_close
 *
 *	Requests (the reset, the status) have a timeout of ULPT_REQUEST_MS, so
 *	d_cancel leaves them alone.
 *
 * Locks
 *	sc_lock		all that is not marked
 *	sc_cv, sc_sel	with it
 * usbd_transfer and usbd_cancel_xfer are called with it; the callback takes it.
 *
 * Known gaps
 *	No IEEE 1284.4 packets: what wants them gets bytes.
 */
#include <sys/param.h>
#include <sys/conf.h>
#include <sys/device.h>
#include <sys/errno.h>
#include <sys/fcntl.h>
#include <sys/filio.h>
#include <sys/kmem.h>
#include <sys/poll.h>
#include <sys/systm.h>
#include <sys/tty.h>
#include <sys/uio.h>
#include <sys/vnode.h>

#include <dev/usb/ulptio.h>
#include <dev/usb/usb.h>
#include <dev/usb/usbdi.h>
#include <dev/usb/usbdi_util.h>

#define	ULPT_BSIZE		16384
#define	ULPT_NONBLOCK_MS	100	/* that O_NONBLOCK waits */
#define	ULPT_REQUEST_MS		1000
#define	ULPT_IDLEN		1024	/* of a device ID, at most */

/* Class requests, USB Printing Devices 1.1, 4.2. */
#define	UR_GET_DEVICE_ID	0
#define	UR_GET_PORT_STATUS	1
#define	UR_SOFT_RESET		2

/* Nodes, as bits. */
#define	ULPT_PRIME		1
#define	ULPT_NOPRIME		2
#define	ULPT_NODE(dev)							\
	(minor(dev) & TTDIALOUT_MASK ? ULPT_NOPRIME : ULPT_PRIME)
#define	ULPT_UNIT(dev)		((int)(minor(dev) & ~TTDIALOUT_MASK))

enum ulpt_state { ULPT_CLOSED, ULPT_OPENING, ULPT_OPEN };

/* One direction; while it is open. */
struct ulpt_softc;
struct ulpt_pipe {
	struct ulpt_softc	*up_sc;
	int			 up_addr;	/* (c) -1: there is none */
	uint32_t		 up_maxpkt;	/* (c) not 0 */
	struct usbd_pipe	*up_pipe;
	struct usbd_xfer	*up_xfer;
	bool			 up_taken;	/* by a call */
	bool			 up_busy;	/* in flight */
	usbd_status		 up_status;
	uint32_t		 up_actlen;
	uint32_t		 up_at, up_left; /* not read yet; up_taken's */
};

/* (c) constant after attach. */
struct ulpt_softc {
	device_t		 sc_dev;	/* (c) */
	struct usbd_device	*sc_udev;	/* (c) */
	struct usbd_interface	*sc_iface;	/* (c) */
	uint8_t			 sc_ifaceno;	/* (c) */

	kmutex_t		 sc_lock;
	kcondvar_t		 sc_cv;
	struct selinfo		 sc_sel;
	struct ulpt_pipe	 sc_out, sc_in;
	enum ulpt_state		 sc_state;
	int			 sc_open;	/* whose; 0 if ULPT_CLOSED */
	int			 sc_closing;	/* nodes: d_cancel to d_close */
	u_int			 sc_calls;	/* that use the open */
	bool			 sc_dying;
};

static int	ulpt_match(device_t, cfdata_t, void *);
static void	ulpt_attach(device_t, device_t, void *);
static int	ulpt_detach(device_t, int);
static int	ulpt_activate(device_t, enum devact);
static int	ulpt_devtounit(dev_t);
static void	ulpt_done(struct usbd_xfer *, void *, usbd_status);

static dev_type_open(ulptopen);
static dev_type_cancel(ulptcancel);
static dev_type_close(ulptclose);
static dev_type_read(ulptread);
static dev_type_write(ulptwrite);
static dev_type_ioctl(ulptioctl);
static dev_type_poll(ulptpoll);

extern struct cfdriver ulpt_cd;
extern const struct cdevsw ulpt_cdevsw;
const struct cdevsw ulpt_cdevsw = {
	.d_open = ulptopen,
	.d_cancel = ulptcancel,
	.d_close = ulptclose,
	.d_read = ulptread,
	.d_write = ulptwrite,
	.d_ioctl = ulptioctl,
	.d_stop = nostop,
	.d_tty = notty,
	.d_poll = ulptpoll,
	.d_mmap = nommap,
	.d_kqfilter = nokqfilter,
	.d_discard = nodiscard,
	.d_cfdriver = &ulpt_cd,
	.d_devtounit = ulpt_devtounit,
	.d_flag = D_OTHER | D_MPSAFE,
};

extern struct cfattach ulpt_ca;
CFATTACH_DECL3_NEW(ulpt, sizeof(struct ulpt_softc), ulpt_match, ulpt_attach,
    ulpt_detach, ulpt_activate, NULL, NULL, DVF_ATTACH_MPSAFE);

static int
ulpt_devtounit(dev_t dev)
{

	return ULPT_UNIT(dev);
}

static struct ulpt_softc *
ulpt_softc(dev_t dev)
{

	return device_lookup_private(&ulpt_cd, ULPT_UNIT(dev));
}

/* ---- attach --------------------------------------------------------- */

static int
ulpt_match(device_t parent __unused, cfdata_t match __unused, void *aux)
{
	const struct usbif_attach_arg *uiaa = aux;

	if (uiaa->uiaa_class != UICLASS_PRINTER ||
	    uiaa->uiaa_subclass != UISUBCLASS_PRINTER)
		return UMATCH_NONE;
	switch (uiaa->uiaa_proto) {
	case UIPROTO_PRINTER_UNI:
	case UIPROTO_PRINTER_BI:
	case UIPROTO_PRINTER_1284:
		return UMATCH_IFACECLASS_IFACESUBCLASS_IFACEPROTO;
	default:
		return UMATCH_NONE;
	}
}

/* Where the printer has one, take the setting that sends and receives. */
static void
ulpt_choose(struct ulpt_softc *sc)
{
	usb_config_descriptor_t *cd = usbd_get_config_descriptor(sc->sc_udev);
	const usb_interface_descriptor_t *id;
	int index = 0, n;

	id = usbd_get_interface_descriptor(sc->sc_iface);
	if (id->bInterfaceProtocol == UIPROTO_PRINTER_BI)
		return;
	/* The place of the interface: it is found by its first setting. */
	while ((id = usbd_find_idesc(cd, index, 0)) != NULL &&
	    id->bInterfaceNumber != sc->sc_ifaceno)
		index++;
	n = usbd_get_no_alts(cd, sc->sc_ifaceno);
	for (int alt = 0; alt < n; alt++) {
		id = usbd_find_idesc(cd, index, alt);
		if (id != NULL && id->bInterfaceClass == UICLASS_PRINTER &&
		    id->bInterfaceProtocol == UIPROTO_PRINTER_BI) {
			(void)usbd_set_interface(sc->sc_iface, alt);
			return;
		}
	}
}

/* The bulk endpoints of the setting; of two of a kind the first. */
static void
ulpt_endpoints(struct ulpt_softc *sc)
{
	const usb_endpoint_descriptor_t *ed;
	struct ulpt_pipe *up;
	uint8_t n = 0;

	sc->sc_in.up_sc = sc->sc_out.up_sc = sc;
	sc->sc_in.up_addr = sc->sc_out.up_addr = -1;
	(void)usbd_endpoint_count(sc->sc_iface, &n);
	for (uint8_t i = 0; i < n; i++) {
		ed = usbd_interface2endpoint_descriptor(sc->sc_iface, i);
		if (ed == NULL || UE_GET_XFERTYPE(ed->bmAttributes) != UE_BULK)
			continue;
		up = UE_GET_DIR(ed->bEndpointAddress) == UE_DIR_IN ?
		    &sc->sc_in : &sc->sc_out;
		if (up->up_addr != -1)
			continue;
		up->up_addr = ed->bEndpointAddress;
		up->up_maxpkt = MAX(UE_GET_SIZE(UGETW(ed->wMaxPacketSize)), 1);
	}
}

static void
ulpt_attach(device_t parent __unused, device_t self, void *aux)
{
	struct ulpt_softc *sc = device_private(self);
	const struct usbif_attach_arg *uiaa = aux;
	char *devinfo;

	sc->sc_dev = self;
	sc->sc_udev = uiaa->uiaa_device;
	sc->sc_iface = uiaa->uiaa_iface;
	sc->sc_ifaceno = (uint8_t)uiaa->uiaa_ifaceno;
	mutex_init(&sc->sc_lock, MUTEX_DEFAULT, IPL_SOFTUSB);
	cv_init(&sc->sc_cv, "ulpt");
	selinit(&sc->sc_sel);
	aprint_naive("\n");
	aprint_normal("\n");
	devinfo = usbd_devinfo_alloc(sc->sc_udev, 0);
	aprint_normal_dev(self, "%s\n", devinfo);
	usbd_devinfo_free(devinfo);
	ulpt_choose(sc);
	ulpt_endpoints(sc);
	if (sc->sc_out.up_addr == -1)
		aprint_error_dev(self, "no endpoint to print on\n");
	else
		aprint_normal_dev(self, "using %s mode\n",
		    sc->sc_in.up_addr != -1 ? "bi-directional" :
		    "uni-directional");
}

static int
ulpt_activate(device_t self, enum devact act)
{
	struct ulpt_softc *sc = device_private(self);

	if (act != DVACT_DEACTIVATE)
		return EOPNOTSUPP;
	mutex_enter(&sc->sc_lock);
	sc->sc_dying = true;
	mutex_exit(&sc->sc_lock);
	return 0;
}

static int
ulpt_detach(device_t self, int flags)
{
	struct ulpt_softc *sc = device_private(self);
	const devmajor_t maj = cdevsw_lookup_major(&ulpt_cdevsw);
	const devminor_t mn = device_unit(self);

	mutex_enter(&sc->sc_lock);
	if ((flags & DETACH_FORCE) == 0 && sc->sc_state != ULPT_CLOSED) {
		mutex_exit(&sc->sc_lock);
		return EBUSY;
	}
	sc->sc_dying = true;
	cv_broadcast(&sc->sc_cv);
	mutex_exit(&sc->sc_lock);
	vdevgone(maj, mn, mn, VCHR);
	vdevgone(maj, mn | TTDIALOUT_MASK, mn | TTDIALOUT_MASK, VCHR);
	KASSERT(sc->sc_state == ULPT_CLOSED && sc->sc_closing == 0);
	seldestroy(&sc->sc_sel);
	cv_destroy(&sc->sc_cv);
	mutex_destroy(&sc->sc_lock);
	return 0;
}

/* ---- requests ------------------------------------------------------- */

/*
 * err = ulpt_request(sc, type, request, index, data, &len)
 *
 *	A class request.  Sleeps for at most ULPT_REQUEST_MS and what usbdi
 *	gives a device to let go.
 */
static usbd_status
ulpt_request(struct ulpt_softc *sc, uint8_t type, uint8_t request,
    uint16_t index, void *data, int *len)
{
	usb_device_request_t req;

	req.bmRequestType = type;
	req.bRequest = request;
	USETW(req.wValue, 0);
	USETW(req.wIndex, index);
	USETW(req.wLength, *len);
	return usbd_do_request_flags(sc->sc_udev, &req, data,
	    USBD_SHORT_XFER_OK, len, ULPT_REQUEST_MS);
}

/* Some printers know the reset as version 1.0 of the class had it.  One that
   knows neither is not reset. */
static void
ulpt_reset(struct ulpt_softc *sc)
{
	int len = 0;

	if (ulpt_request(sc, UT_WRITE_CLASS_INTERFACE, UR_SOFT_RESET,
	    sc->sc_ifaceno, NULL, &len) == USBD_STALLED)
		(void)ulpt_request(sc, UT_WRITE_CLASS_OTHER, UR_SOFT_RESET,
		    sc->sc_ifaceno, NULL, &len);
}

static int
ulpt_get_status(struct ulpt_softc *sc, int *status)
{
	uint8_t byte = 0;
	int len = 1;

	if (ulpt_request(sc, UT_READ_CLASS_INTERFACE, UR_GET_PORT_STATUS,
	    sc->sc_ifaceno, &byte, &len) != USBD_NORMAL_COMPLETION || len != 1)
		return EIO;
	*status = byte;
	return 0;
}

/* What the device sends, whatever length it says that it has. */
static int
ulpt_get_id(struct ulpt_softc *sc, void *data, size_t size)
{
	const usb_interface_descriptor_t *id =
	    usbd_get_interface_descriptor(sc->sc_iface);
	int len = ULPT_IDLEN, error = EIO;
	char *buf = kmem_zalloc(ULPT_IDLEN, KM_SLEEP);

	if (ulpt_request(sc, UT_READ_CLASS_INTERFACE, UR_GET_DEVICE_ID,
	    (uint16_t)(sc->sc_ifaceno << 8 | id->bAlternateSetting), buf,
	    &len) == USBD_NORMAL_COMPLETION && len >= 2) {
		memset(data, 0, size);
		memcpy(data, buf, MIN(size, (size_t)len));
		error = 0;
	}
	kmem_free(buf, ULPT_IDLEN);
	return error;
}

/* ---- pipes ---------------------------------------------------------- */

/* No lock.  EIO; EBUSY the endpoint, or the interface, is another's. */
static int
ulpt_pipe_open(struct ulpt_pipe *up)
{
	struct ulpt_softc *const sc = up->up_sc;
	usbd_status err;

	if (up->up_addr == -1)
		return 0;
	err = usbd_open_pipe(sc->sc_iface, (uint8_t)up->up_addr,
	    USBD_EXCLUSIVE_USE | USBD_MPSAFE, &up->up_pipe);
	if (err != USBD_NORMAL_COMPLETION)
		return err == USBD_IN_USE ? EBUSY : EIO;
	if (usbd_create_xfer(up->up_pipe, ULPT_BSIZE, 0, 0, &up->up_xfer) != 0)
		return EIO;
	up->up_left = 0;
	return 0;
}

/* No lock, and nobody uses it; as much of it as there is. */
static void
ulpt_pipe_close(struct ulpt_pipe *up)
{

	KASSERT(!up->up_busy && !up->up_taken);
	if (up->up_xfer != NULL)
		usbd_destroy_xfer(up->up_xfer);
	if (up->up_pipe != NULL)
		usbd_close_pipe(up->up_pipe);
	up->up_xfer = NULL;
	up->up_pipe = NULL;
}

static void
ulpt_done(struct usbd_xfer *xfer, void *arg, usbd_status status)
{
	struct ulpt_pipe *const up = arg;
	struct ulpt_softc *const sc = up->up_sc;

	mutex_enter(&sc->sc_lock);
	up->up_status = status;
	usbd_get_xfer_status(xfer, NULL, NULL, &up->up_actlen, NULL);
	up->up_busy = false;
	cv_broadcast(&sc->sc_cv);
	mutex_exit(&sc->sc_lock);
}

static int
ulpt_errno(usbd_status err)
{

	switch (err) {
	case USBD_NORMAL_COMPLETION:
	case USBD_SHORT_XFER:
		return 0;
	case USBD_TIMEOUT:
		return EWOULDBLOCK;
	default:
		return EIO;
	}
}

/*
 * error = ulpt_move(sc, up, len, flag, &moved)
 *
 *	sc_lock held, left while it waits: one transfer of up_xfer's buffer, by
 *	who has taken the pipe.  moved is what the device has taken or sent,
 *	whatever the error: EIO, EWOULDBLOCK, EINTR, ERESTART.
 */
static int
ulpt_move(struct ulpt_softc *sc, struct ulpt_pipe *up, uint32_t len, int flag,
    uint32_t *moved)
{
	usbd_status err;
	int sig = 0, error;

	KASSERT(mutex_owned(&sc->sc_lock) && up->up_taken && !up->up_busy);
	*moved = 0;
	if ((error = cv_sig_error()) != 0)
		return error;
	usbd_setup_xfer(up->up_xfer, up, usbd_get_buffer(up->up_xfer), len,
	    USBD_SHORT_XFER_OK, flag & IO_NDELAY ? ULPT_NONBLOCK_MS :
	    USBD_NO_TIMEOUT, ulpt_done);
	err = usbd_transfer(up->up_xfer);
	if (err != USBD_IN_PROGRESS)
		return EIO;
	up->up_busy = true;
	while (up->up_busy) {
		if (sig != 0)
			cv_wait(&sc->sc_cv, &sc->sc_lock);
		else if ((sig = cv_wait_sig(&sc->sc_cv, &sc->sc_lock)) != 0 &&
		    up->up_busy)
			usbd_cancel_xfer(up->up_xfer);
	}
	*moved = MIN(up->up_actlen, len);
	if (up->up_status == USBD_STALLED)
		usbd_clear_endpoint_stall_async(up->up_pipe);
	error = ulpt_errno(up->up_status);
	return error != 0 && sig != 0 ? sig : error;
}

/* ---- open and close ------------------------------------------------- */

/* sc_lock held: may this node be opened, and by whom? */
static int
ulpt_may_open(struct ulpt_softc *sc, int node, int flag)
{
	int error = 0;

	for (;;) {
		if (sc->sc_dying)
			return ENXIO;
		if (sc->sc_closing & node)
			return ERESTART;
		if (sc->sc_state == ULPT_CLOSED)
			return sc->sc_out.up_addr == -1 ? ENXIO : 0;
		if (error != 0)
			return error;
		if (sc->sc_open == node || !(sc->sc_closing & sc->sc_open))
			return EBUSY;
		if (flag & FNONBLOCK)
			return EWOULDBLOCK;
		error = cv_wait_sig(&sc->sc_cv, &sc->sc_lock);
	}
}

static int
ulptopen(dev_t dev, int flag, int mode __unused, struct lwp *l __unused)
{
	struct ulpt_softc *const sc = ulpt_softc(dev);
	const int node = ULPT_NODE(dev);
	int error;

	if (sc == NULL)
		return ENXIO;
	mutex_enter(&sc->sc_lock);
	error = ulpt_may_open(sc, node, flag);
	if (error) {
		mutex_exit(&sc->sc_lock);
		return error;
	}
	sc->sc_state = ULPT_OPENING;
	sc->sc_open = node;
	mutex_exit(&sc->sc_lock);

	if (node == ULPT_PRIME)
		ulpt_reset(sc);
	error = ulpt_pipe_open(&sc->sc_out);
	if (error == 0)
		error = ulpt_pipe_open(&sc->sc_in);
	if (error != 0) {
		ulpt_pipe_close(&sc->sc_out);
		ulpt_pipe_close(&sc->sc_in);
	}

	mutex_enter(&sc->sc_lock);
	sc->sc_state = error == 0 ? ULPT_OPEN : ULPT_CLOSED;
	if (error != 0)
		sc->sc_open = 0;
	cv_broadcast(&sc->sc_cv);		/* ulptclose, other opens */
	mutex_exit(&sc->sc_lock);
	return error;
}

static int
ulptcancel(dev_t dev, int flag __unused, int mode __unused,
    struct lwp *l __unused)
{
	struct ulpt_softc *const sc = ulpt_softc(dev);
	const int node = ULPT_NODE(dev);

	if (sc == NULL)
		return 0;
	mutex_enter(&sc->sc_lock);
	sc->sc_closing |= node;
	if (sc->sc_open == node) {
		if (sc->sc_out.up_busy)
			usbd_cancel_xfer(sc->sc_out.up_xfer);
		if (sc->sc_in.up_busy)
			usbd_cancel_xfer(sc->sc_in.up_xfer);
		selnotify(&sc->sc_sel, POLLHUP, 0);
	}
	cv_broadcast(&sc->sc_cv);
	mutex_exit(&sc->sc_lock);
	return 0;
}

/*
 * With a drain before it nobody is in the driver; under semantics without one
 * it waits for them itself, which after d_cancel is soon.
 */
static int
ulptclose(dev_t dev, int flag __unused, int mode __unused,
    struct lwp *l __unused)
{
	struct ulpt_softc *const sc = ulpt_softc(dev);
	const int node = ULPT_NODE(dev);

	if (sc == NULL)
		return 0;
	mutex_enter(&sc->sc_lock);
	KASSERT(sc->sc_closing & node);
	while (sc->sc_open == node &&
	    (sc->sc_calls > 0 || sc->sc_state == ULPT_OPENING))
		cv_wait(&sc->sc_cv, &sc->sc_lock);
	if (sc->sc_open == node) {
		mutex_exit(&sc->sc_lock);
		ulpt_pipe_close(&sc->sc_out);
		ulpt_pipe_close(&sc->sc_in);
		mutex_enter(&sc->sc_lock);
		sc->sc_state = ULPT_CLOSED;
		sc->sc_open = 0;
	}
	sc->sc_closing &= ~node;
	cv_broadcast(&sc->sc_cv);		/* opens of the other node */
	mutex_exit(&sc->sc_lock);
	return 0;
}

/*
 * error = ulpt_enter(sc, node)
 * ulpt_exit(sc)
 *
 *	A call uses the open, which is closed only after it.  sc_lock held.
 */
static int
ulpt_enter(struct ulpt_softc *sc, int node)
{

	KASSERT(mutex_owned(&sc->sc_lock));
	if (sc->sc_dying || (sc->sc_closing & node) || sc->sc_open != node)
		return EIO;
	sc->sc_calls++;
	return 0;
}

static void
ulpt_exit(struct ulpt_softc *sc)
{

	KASSERT(mutex_owned(&sc->sc_lock) && sc->sc_calls > 0);
	if (--sc->sc_calls == 0 && sc->sc_closing)
		cv_broadcast(&sc->sc_cv);	/* ulptclose */
}

/* ---- read and write ------------------------------------------------- */

/*
 * error = ulpt_take(sc, up, node, flag)
 * ulpt_give(sc, up)
 *
 *	One call at a time has a pipe; others wait.  sc_lock held.
 */
static int
ulpt_take(struct ulpt_softc *sc, struct ulpt_pipe *up, int node, int flag)
{
	int error = 0;

	while (error == 0 && up->up_taken && !(sc->sc_closing & node) &&
	    !sc->sc_dying) {
		if (flag & IO_NDELAY)
			return EWOULDBLOCK;
		error = cv_wait_sig(&sc->sc_cv, &sc->sc_lock);
	}
	if (error != 0)
		return error;
	if ((sc->sc_closing & node) || sc->sc_dying)
		return EIO;
	up->up_taken = true;
	return 0;
}

static void
ulpt_give(struct ulpt_softc *sc, struct ulpt_pipe *up)
{

	up->up_taken = false;
	cv_broadcast(&sc->sc_cv);
	selnotify(&sc->sc_sel, POLLOUT, 0);
}

/* sc_lock held, left while it moves: all of it, in pieces. */
static int
ulpt_write_all(struct ulpt_softc *sc, int node, struct uio *uio, int flag)
{
	struct ulpt_pipe *const up = &sc->sc_out;
	uint32_t n, moved;
	int error = 0;

	while (error == 0 && uio->uio_resid > 0) {
		n = (uint32_t)MIN(uio->uio_resid, ULPT_BSIZE);
		mutex_exit(&sc->sc_lock);
		error = uiomove(usbd_get_buffer(up->up_xfer), n, uio);
		mutex_enter(&sc->sc_lock);
		if (error != 0)
			break;
		moved = 0;
		if ((sc->sc_closing & node) || sc->sc_dying)
			error = EIO;
		else
			error = ulpt_move(sc, up, n, flag, &moved);
		uio->uio_resid += n - moved;	/* it has not been taken */
		if (error == 0 && moved < n)
			error = EIO;		/* nor will be */
	}
	return error;
}

static int
ulptwrite(dev_t dev, struct uio *uio, int flag)
{
	struct ulpt_softc *const sc = ulpt_softc(dev);
	const int node = ULPT_NODE(dev);
	int error;

	mutex_enter(&sc->sc_lock);
	if ((error = ulpt_enter(sc, node)) == 0) {
		error = ulpt_take(sc, &sc->sc_out, node, flag);
		if (error == 0) {
			error = ulpt_write_all(sc, node, uio, flag);
			ulpt_give(sc, &sc->sc_out);
		}
		ulpt_exit(sc);
	}
	mutex_exit(&sc->sc_lock);
	return error;
}

/*
 * sc_lock held, left while it moves.  What is left of the last transfer, or
 * another one; an empty packet, with which many printers say that they have
 * nothing to say, is a read of 0 bytes.
 */
static int
ulpt_read_some(struct ulpt_softc *sc, struct uio *uio, int flag)
{
	struct ulpt_pipe *const up = &sc->sc_in;
	uint32_t n;
	int error = 0;

	if (up->up_left == 0) {
		n = (uint32_t)MIN(uio->uio_resid, ULPT_BSIZE);
		error = ulpt_move(sc, up, MIN(roundup(n, up->up_maxpkt),
		    ULPT_BSIZE), flag, &up->up_left);
		up->up_at = 0;
	}
	if (up->up_left == 0)
		return error;
	n = (uint32_t)MIN(uio->uio_resid, up->up_left);
	mutex_exit(&sc->sc_lock);
	error = uiomove((char *)usbd_get_buffer(up->up_xfer) + up->up_at, n,
	    uio);
	mutex_enter(&sc->sc_lock);
	up->up_at += n;
	up->up_left -= n;
	return error;
}

static int
ulptread(dev_t dev, struct uio *uio, int flag)
{
	struct ulpt_softc *const sc = ulpt_softc(dev);
	struct ulpt_pipe *const up = &sc->sc_in;
	const int node = ULPT_NODE(dev);
	int error;

	if (up->up_addr == -1)
		return ENODEV;
	mutex_enter(&sc->sc_lock);
	if ((error = ulpt_enter(sc, node)) == 0) {
		/* The printer is not asked for nothing. */
		if (uio->uio_resid > 0)
			error = ulpt_take(sc, up, node, flag);
		if (error == 0 && uio->uio_resid > 0) {
			error = ulpt_read_some(sc, uio, flag);
			ulpt_give(sc, up);
		}
		ulpt_exit(sc);
	}
	mutex_exit(&sc->sc_lock);
	return error;
}

/* Whether there is input nobody knows: a read finds out. */
static int
ulptpoll(dev_t dev, int events, struct lwp *l)
{
	struct ulpt_softc *const sc = ulpt_softc(dev);
	const int node = ULPT_NODE(dev);
	int revents = 0;

	mutex_enter(&sc->sc_lock);
	if (sc->sc_dying || (sc->sc_closing & node))
		revents = events | POLLERR | POLLHUP;
	else {
		if (!sc->sc_out.up_taken)
			revents |= events & (POLLOUT | POLLWRNORM);
		if (!sc->sc_in.up_taken && sc->sc_in.up_addr != -1)
			revents |= events & (POLLIN | POLLRDNORM);
	}
	selrecord(l, &sc->sc_sel);
	mutex_exit(&sc->sc_lock);
	return revents;
}

static int
ulptioctl(dev_t dev, u_long cmd, void *data, int flag __unused,
    struct lwp *l __unused)
{
	struct ulpt_softc *const sc = ulpt_softc(dev);
	int error;

	mutex_enter(&sc->sc_lock);
	error = ulpt_enter(sc, ULPT_NODE(dev));
	mutex_exit(&sc->sc_lock);
	if (error)
		return error;
	if (cmd == ULPT_GET_STATUS)
		error = ulpt_get_status(sc, data);
	else if (IOCBASECMD(cmd) == ULPT_GET_DEVICE_ID && IOCPARM_LEN(cmd) > 0)
		error = ulpt_get_id(sc, data, IOCPARM_LEN(cmd));
	else if (cmd != FIONBIO)
		error = ENODEV;
	mutex_enter(&sc->sc_lock);
	ulpt_exit(sc);
	mutex_exit(&sc->sc_lock);
	return error;
}
