/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ugen.c - ugen(4): a USB device as it is, for a program that knows it.
 *
 * Model
 *	ugen takes whole devices, and only those that a claim gives to it by
 *	name (uhub.c, uaa_usegeneric).  Node ugenN.00 is pipe 0, for requests
 *	and questions; ugenN.EE is endpoint EE, whose in and out sides are read
 *	and written.  Each node can be open once.  Nodes of endpoints are made
 *	when the device attaches, and when it gets another configuration or
 *	setting.
 *
 *	ue_state of a node: CLOSED -> OPENING -> OPEN -> CLOSED, as ulpt(4)'s:
 *	d_cancel sets ue_closing, cancels what is in flight, which does not
 *	wait, and wakes all; calls end; d_close takes the pipes away.
 *
 *	A configuration or a setting is changed while no endpoint is open, and
 *	none is opened meanwhile (sc_changing); descriptors are then read by
 *	ioctls of the one node that may change them, one at a time.
 *
 *	ugenioctl (.00)			ugenopen (.02)
 *	sc_lock: nobody has one open,
 *	sc_changing
 *	the device changes		EBUSY
 *	sc_ep[] anew, sc_changing off
 *
 * What a client says is bounded: requests by the ioctl's own size, transfers by
 * UGEN_BSIZE at a time.  Requests that would change the device behind the
 * host's back are EINVAL.
 *
 * Locks
 *	sc_lock: all that is not marked; usbd_transfer and usbd_cancel_xfer are
 *	called with it, the callback takes it.
 *
 * Known gaps
 *	No isochronous endpoints: ENXIO.  An interrupt endpoint is asked while a
 *	read waits, not in between.
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
#include <sys/uio.h>
#include <sys/vnode.h>

#include <dev/usb/ugenio.h>
#include <dev/usb/usb.h>
#include <dev/usb/usbdi.h>
#include <dev/usb/usbdi_util.h>

#include "drivers/ugen_impl.h"

#define	UGEN_NONBLOCK_MS	100

static int	ugen_match(device_t, cfdata_t, void *);
static void	ugen_attach(device_t, device_t, void *);
static int	ugen_detach(device_t, int);
static int	ugen_activate(device_t, enum devact);
static int	ugen_devtounit(dev_t);

static dev_type_open(ugenopen);
static dev_type_cancel(ugencancel);
static dev_type_close(ugenclose);
static dev_type_read(ugenread);
static dev_type_write(ugenwrite);
static dev_type_ioctl(ugenioctl);
static dev_type_poll(ugenpoll);

extern struct cfdriver ugen_cd;
extern const struct cdevsw ugen_cdevsw;
const struct cdevsw ugen_cdevsw = {
	.d_open = ugenopen,
	.d_cancel = ugencancel,
	.d_close = ugenclose,
	.d_read = ugenread,
	.d_write = ugenwrite,
	.d_ioctl = ugenioctl,
	.d_stop = nostop,
	.d_tty = notty,
	.d_poll = ugenpoll,
	.d_mmap = nommap,
	.d_kqfilter = nokqfilter,
	.d_discard = nodiscard,
	.d_cfdriver = &ugen_cd,
	.d_devtounit = ugen_devtounit,
	.d_flag = D_OTHER | D_MPSAFE,
};

extern struct cfattach ugen_ca;
CFATTACH_DECL3_NEW(ugen, sizeof(struct ugen_softc), ugen_match, ugen_attach,
    ugen_detach, ugen_activate, NULL, NULL, DVF_ATTACH_MPSAFE);

#define	UGEN_UNIT(dev)	((int)(minor(dev) / DEVNODE_NSUBS))
#define	UGEN_PART(dev)	(minor(dev) % DEVNODE_NSUBS)

static int
ugen_devtounit(dev_t dev)
{

	return UGEN_UNIT(dev);
}

/* The softc and node of a device number; NULL: there is no hardware. */
static struct ugen_softc *
ugen_lookup(dev_t dev, struct ugen_ep **ue)
{
	struct ugen_softc *sc = device_lookup_private(&ugen_cd,
	    UGEN_UNIT(dev));

	*ue = sc == NULL ? NULL : &sc->sc_ep[UGEN_PART(dev)];
	return sc;
}

/* ---- attach --------------------------------------------------------- */

static int
ugen_match(device_t parent __unused, cfdata_t match __unused, void *aux)
{
	const struct usb_attach_arg *uaa = aux;

	return uaa->uaa_usegeneric ? UMATCH_GENERIC : UMATCH_NONE;
}

static void
ugen_attach(device_t parent __unused, device_t self, void *aux)
{
	struct ugen_softc *sc = device_private(self);
	const struct usb_attach_arg *uaa = aux;
	char *devinfo;

	sc->sc_dev = self;
	sc->sc_udev = uaa->uaa_device;
	mutex_init(&sc->sc_lock, MUTEX_DEFAULT, IPL_SOFTUSB);
	cv_init(&sc->sc_cv, "ugen");
	selinit(&sc->sc_sel);
	for (u_int i = 0; i < DEVNODE_NSUBS; i++) {
		sc->sc_ep[i].ue_in.ud_sc = sc->sc_ep[i].ue_out.ud_sc = sc;
		sc->sc_ep[i].ue_in.ud_ep = sc->sc_ep[i].ue_out.ud_ep =
		    &sc->sc_ep[i];
		sc->sc_ep[i].ue_timeout = i == 0 ? USBD_DEFAULT_TIMEOUT :
		    USBD_NO_TIMEOUT;
	}
	aprint_naive("\n");
	aprint_normal("\n");
	devinfo = usbd_devinfo_alloc(sc->sc_udev, 0);
	aprint_normal_dev(self, "%s\n", devinfo);
	usbd_devinfo_free(devinfo);
	(void)devnode_make_subs("ugen", device_unit(self),
	    ugen_scan(sc) | 1);
}

static int
ugen_activate(device_t self, enum devact act)
{
	struct ugen_softc *sc = device_private(self);

	if (act != DVACT_DEACTIVATE)
		return EOPNOTSUPP;
	mutex_enter(&sc->sc_lock);
	sc->sc_dying = true;
	mutex_exit(&sc->sc_lock);
	return 0;
}

static int
ugen_detach(device_t self, int flags)
{
	struct ugen_softc *sc = device_private(self);
	const devmajor_t maj = cdevsw_lookup_major(&ugen_cdevsw);
	const devminor_t mn = device_unit(self) * DEVNODE_NSUBS;
	bool busy = false;

	mutex_enter(&sc->sc_lock);
	for (u_int i = 0; i < DEVNODE_NSUBS; i++)
		busy |= sc->sc_ep[i].ue_state != UGEN_CLOSED;
	if ((flags & DETACH_FORCE) == 0 && busy) {
		mutex_exit(&sc->sc_lock);
		return EBUSY;
	}
	sc->sc_dying = true;
	mutex_exit(&sc->sc_lock);
	vdevgone(maj, mn, mn + DEVNODE_NSUBS - 1, VCHR);
	for (u_int i = 0; i < DEVNODE_NSUBS; i++)
		KASSERTMSG(sc->sc_ep[i].ue_state == UGEN_CLOSED, "%u", i);
	seldestroy(&sc->sc_sel);
	cv_destroy(&sc->sc_cv);
	mutex_destroy(&sc->sc_lock);
	return 0;
}

/* ---- open and close ------------------------------------------------- */

/* No lock.  ENXIO isochronous; EIO, EBUSY. */
static int
ugen_dir_open(struct ugen_dir *ud)
{
	usbd_status err;

	if (ud->ud_type == UE_ISOCHRONOUS || ud->ud_type == UE_CONTROL ||
	    ud->ud_maxpkt == 0)
		return ENXIO;
	err = usbd_open_pipe(ud->ud_iface, ud->ud_addr,
	    USBD_EXCLUSIVE_USE | USBD_MPSAFE, &ud->ud_pipe);
	if (err != USBD_NORMAL_COMPLETION)
		return err == USBD_IN_USE ? EBUSY : EIO;
	ud->ud_ringsize = UGEN_RINGSIZE;
	ud->ud_ringreq = UGEN_RINGREQ;
	return usbd_create_xfer(ud->ud_pipe, UGEN_BSIZE, 0, 0, &ud->ud_xfer);
}

/* No lock, and nobody uses it; as much of it as there is. */
static void
ugen_dir_close(struct ugen_dir *ud)
{

	ugen_ring_close(ud);
	KASSERT(!ud->ud_busy && !ud->ud_taken);
	if (ud->ud_xfer != NULL)
		usbd_destroy_xfer(ud->ud_xfer);
	if (ud->ud_pipe != NULL)
		usbd_close_pipe(ud->ud_pipe);
	ud->ud_xfer = NULL;
	ud->ud_pipe = NULL;
}

/* The directions that are asked for; all of them have to be there. */
static int
ugen_ep_open(struct ugen_ep *ue, int flag)
{
	int error = 0;

	if (((flag & FREAD) && ue->ue_in.ud_iface == NULL) ||
	    ((flag & FWRITE) && ue->ue_out.ud_iface == NULL))
		return ENXIO;
	if (flag & FREAD)
		error = ugen_dir_open(&ue->ue_in);
	if (error == 0 && (flag & FWRITE))
		error = ugen_dir_open(&ue->ue_out);
	if (error != 0) {
		ugen_dir_close(&ue->ue_in);
		ugen_dir_close(&ue->ue_out);
	}
	return error;
}

static int
ugenopen(dev_t dev, int flag, int mode __unused, struct lwp *l __unused)
{
	struct ugen_ep *ue;
	struct ugen_softc *const sc = ugen_lookup(dev, &ue);
	int error = 0;

	if (sc == NULL)
		return ENXIO;
	mutex_enter(&sc->sc_lock);
	if (sc->sc_dying)
		error = ENXIO;
	else if (ue->ue_closing)
		error = ERESTART;
	else if (ue->ue_state != UGEN_CLOSED ||
	    (sc->sc_changing && UGEN_PART(dev) != 0))
		error = EBUSY;
	if (error) {
		mutex_exit(&sc->sc_lock);
		return error;
	}
	ue->ue_state = UGEN_OPENING;
	ue->ue_short = false;
	ue->ue_timeout = UGEN_PART(dev) == 0 ? USBD_DEFAULT_TIMEOUT :
	    USBD_NO_TIMEOUT;
	mutex_exit(&sc->sc_lock);

	if (UGEN_PART(dev) != 0)
		error = ugen_ep_open(ue, flag);

	mutex_enter(&sc->sc_lock);
	ue->ue_state = error == 0 ? UGEN_OPEN : UGEN_CLOSED;
	cv_broadcast(&sc->sc_cv);
	mutex_exit(&sc->sc_lock);
	return error;
}

static void
ugen_dir_cancel(struct ugen_dir *ud)
{

	if (ud->ud_busy)
		usbd_cancel_xfer(ud->ud_ring.ur_buf != NULL ?
		    ud->ud_ring.ur_xfer : ud->ud_xfer);
}

static int
ugencancel(dev_t dev, int flag __unused, int mode __unused,
    struct lwp *l __unused)
{
	struct ugen_ep *ue;
	struct ugen_softc *const sc = ugen_lookup(dev, &ue);

	if (sc == NULL)
		return 0;
	mutex_enter(&sc->sc_lock);
	ue->ue_closing = true;
	ugen_dir_cancel(&ue->ue_in);
	ugen_dir_cancel(&ue->ue_out);
	selnotify(&sc->sc_sel, POLLHUP, 0);
	cv_broadcast(&sc->sc_cv);
	mutex_exit(&sc->sc_lock);
	return 0;
}

/* Waits for calls itself, where semantics have no drain before it. */
static int
ugenclose(dev_t dev, int flag __unused, int mode __unused,
    struct lwp *l __unused)
{
	struct ugen_ep *ue;
	struct ugen_softc *const sc = ugen_lookup(dev, &ue);

	if (sc == NULL)
		return 0;
	mutex_enter(&sc->sc_lock);
	KASSERT(ue->ue_closing);
	while (ue->ue_calls > 0 || ue->ue_state == UGEN_OPENING)
		cv_wait(&sc->sc_cv, &sc->sc_lock);
	mutex_exit(&sc->sc_lock);
	ugen_dir_close(&ue->ue_in);
	ugen_dir_close(&ue->ue_out);
	mutex_enter(&sc->sc_lock);
	ue->ue_state = UGEN_CLOSED;
	ue->ue_closing = false;
	mutex_exit(&sc->sc_lock);
	return 0;
}

/* A call uses the open, which is closed only after it.  sc_lock held. */
static int
ugen_enter(struct ugen_softc *sc, struct ugen_ep *ue)
{

	KASSERT(mutex_owned(&sc->sc_lock));
	if (sc->sc_dying || ue->ue_closing || ue->ue_state != UGEN_OPEN)
		return EIO;
	ue->ue_calls++;
	return 0;
}

static void
ugen_exit(struct ugen_softc *sc, struct ugen_ep *ue)
{

	KASSERT(mutex_owned(&sc->sc_lock) && ue->ue_calls > 0);
	if (--ue->ue_calls == 0 && ue->ue_closing)
		cv_broadcast(&sc->sc_cv);	/* ugenclose */
}

/* ---- read, write, poll ---------------------------------------------- */

/* sc_lock held: set up a transfer of an endpoint. */
static void
ugen_setup(struct ugen_ep *ue, struct ugen_dir *ud, uint32_t len, int flag)
{
	uint32_t ms = ue->ue_timeout;

	if ((flag & IO_NDELAY) && (ms == 0 || ms > UGEN_NONBLOCK_MS))
		ms = UGEN_NONBLOCK_MS;
	usbd_setup_xfer(ud->ud_xfer, ud, usbd_get_buffer(ud->ud_xfer), len,
	    ue->ue_short ? USBD_SHORT_XFER_OK : 0, ms, ugen_done);
}

/*
 * sc_lock held, left while it moves.  Bulk: until there is enough, or a short
 * packet; interrupt: one packet.
 */
static int
ugen_read_ep(struct ugen_softc *sc, struct ugen_ep *ue, struct uio *uio,
    int flag)
{
	struct ugen_dir *const ud = &ue->ue_in;
	uint32_t n;
	int error = 0, error1 = 0;

	while (error == 0 && uio->uio_resid > 0) {
		n = (uint32_t)MIN(uio->uio_resid, ud->ud_type == UE_BULK ?
		    UGEN_BSIZE : ud->ud_maxpkt);
		if (ue->ue_closing || sc->sc_dying)
			return EIO;
		ugen_setup(ue, ud, n, flag);
		error = ugen_wait(sc, ud, flag);
		mutex_exit(&sc->sc_lock);
		/* A short packet that is not wanted is lost, nothing else. */
		if (ud->ud_status != USBD_SHORT_XFER)
			error1 = uiomove(usbd_get_buffer(ud->ud_xfer),
			    MIN(ud->ud_actlen, n), uio);
		mutex_enter(&sc->sc_lock);
		error = error != 0 ? error : error1;
		if (ud->ud_actlen < n || ud->ud_type != UE_BULK)
			break;
	}
	return error;
}

static int
ugen_write_ep(struct ugen_softc *sc, struct ugen_ep *ue, struct uio *uio,
    int flag)
{
	struct ugen_dir *const ud = &ue->ue_out;
	uint32_t n, moved;
	int error = 0;

	while (error == 0 && uio->uio_resid > 0) {
		n = (uint32_t)MIN(uio->uio_resid, ud->ud_type == UE_BULK ?
		    UGEN_BSIZE : ud->ud_maxpkt);
		mutex_exit(&sc->sc_lock);
		error = uiomove(usbd_get_buffer(ud->ud_xfer), n, uio);
		mutex_enter(&sc->sc_lock);
		if (error != 0)
			break;
		moved = 0;
		if (ue->ue_closing || sc->sc_dying)
			error = EIO;
		else {
			ugen_setup(ue, ud, n, flag);
			error = ugen_wait(sc, ud, flag);
			moved = MIN(ud->ud_actlen, n);
		}
		uio->uio_resid += n - moved;	/* it has not been taken */
		if (error == 0 && moved < n)
			break;
	}
	return error;
}

/* sc_lock held, and the direction taken. */
static int
ugen_move(struct ugen_softc *sc, struct ugen_ep *ue, struct ugen_dir *ud,
    struct uio *uio, int flag)
{
	const bool out = ud == &ue->ue_out;
	int error;

	if (ud->ud_ring.ur_buf != NULL)
		return out ? ugen_ring_write(ud, uio, flag) :
		    ugen_ring_read(ud, uio, flag);
	error = out ? ugen_write_ep(sc, ue, uio, flag) :
	    ugen_read_ep(sc, ue, uio, flag);
	if (ud->ud_status == USBD_STALLED)
		usbd_clear_endpoint_stall_async(ud->ud_pipe);
	return error;
}

static int
ugen_rw(dev_t dev, struct uio *uio, int flag, bool out)
{
	struct ugen_ep *ue;
	struct ugen_softc *const sc = ugen_lookup(dev, &ue);
	struct ugen_dir *const ud = out ? &ue->ue_out : &ue->ue_in;
	int error;

	if (UGEN_PART(dev) == 0)
		return ENODEV;
	mutex_enter(&sc->sc_lock);
	if ((error = ugen_enter(sc, ue)) == 0) {
		error = ugen_take(sc, ue, ud, flag);
		if (error == 0) {
			error = ugen_move(sc, ue, ud, uio, flag);
			ugen_give(sc, ud);
		}
		ugen_exit(sc, ue);
	}
	mutex_exit(&sc->sc_lock);
	return error;
}

static int
ugenread(dev_t dev, struct uio *uio, int flag)
{

	return ugen_rw(dev, uio, flag, false);
}

static int
ugenwrite(dev_t dev, struct uio *uio, int flag)
{

	return ugen_rw(dev, uio, flag, true);
}

/* What the device would send or take is known where there is a ring. */
static bool
ugen_ready(const struct ugen_dir *ud)
{

	return !ud->ud_taken && ud->ud_xfer != NULL &&
	    (ud->ud_ring.ur_buf == NULL || ugen_ring_ready(ud));
}

static int
ugenpoll(dev_t dev, int events, struct lwp *l)
{
	struct ugen_ep *ue;
	struct ugen_softc *const sc = ugen_lookup(dev, &ue);
	int revents = 0;

	mutex_enter(&sc->sc_lock);
	if (sc->sc_dying || ue->ue_closing)
		revents = events | POLLERR | POLLHUP;
	else {
		if (ugen_ready(&ue->ue_in))
			revents |= events & (POLLIN | POLLRDNORM);
		if (ugen_ready(&ue->ue_out))
			revents |= events & (POLLOUT | POLLWRNORM);
	}
	selrecord(l, &sc->sc_sel);
	mutex_exit(&sc->sc_lock);
	return revents;
}

/* ---- ioctl ---------------------------------------------------------- */

static int
ugen_ep_ioctl(struct ugen_softc *sc, struct ugen_ep *ue, u_long cmd,
    const void *data)
{
	int value;

	switch (cmd) {
	case USB_SET_SHORT_XFER:
		mutex_enter(&sc->sc_lock);
		ue->ue_short = *(const int *)data != 0;
		mutex_exit(&sc->sc_lock);
		return 0;
	case USB_SET_TIMEOUT:
		if ((value = *(const int *)data) < 0)
			return EINVAL;
		mutex_enter(&sc->sc_lock);
		ue->ue_timeout = (uint32_t)value;
		mutex_exit(&sc->sc_lock);
		return 0;
	case USB_SET_BULK_RA:
	case USB_SET_BULK_WB:
	case USB_SET_BULK_RA_OPT:
	case USB_SET_BULK_WB_OPT:
		return ugen_ring_ioctl(sc, ue, cmd, data);
	default:
		return EPASSTHROUGH;
	}
}

static int
ugenioctl(dev_t dev, u_long cmd, void *data, int flag, struct lwp *l __unused)
{
	struct ugen_ep *ue;
	struct ugen_softc *const sc = ugen_lookup(dev, &ue);
	int error;

	mutex_enter(&sc->sc_lock);
	error = ugen_enter(sc, ue);
	mutex_exit(&sc->sc_lock);
	if (error)
		return error;
	if (cmd == FIONBIO)
		error = 0;
	else if ((error = ugen_ep_ioctl(sc, ue, cmd, data)) == EPASSTHROUGH)
		error = UGEN_PART(dev) != 0 ? ENOTTY :
		    ugen_control(sc, ue, cmd, data, flag);
	mutex_enter(&sc->sc_lock);
	ugen_exit(sc, ue);
	mutex_exit(&sc->sc_lock);
	return error;
}
