/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ugen_bulk.c - read-ahead and write-behind of ugen(4)'s bulk endpoints.
 *
 * Model
 *	A direction of an endpoint can have a ring (ud_ring): the device fills
 *	it while nobody reads, or empties it while nobody writes, one transfer
 *	of ur_req bytes at a time.  A read-ahead begins when there is room for
 *	a whole transfer, because a device may send no less; a write-behind
 *	when there is anything.
 *
 *	A transfer that fails stops the ring: its status is kept until a call
 *	tells it, so a device that always fails is not asked all the time.  What
 *	was to be written is thrown away with it.  After a stall it goes on when
 *	that is cleared (ur_clearing), or the next transfer would stall too.
 *
 *	ur_buf NULL: there is none.  It comes and goes by ioctls of who has
 *	taken the direction (ugen_take), so no call uses it meanwhile, and goes
 *	with the close:
 *
 *	ugencancel		callback		ugenclose
 *	ue_closing, cancels
 *				ue_closing: none
 *				follows
 *							no calls
 *							aborts, frees
 *
 * Locks
 *	sc_lock, as in ugen.c.  uiomove is called with it.
 */
#include <sys/param.h>
#include <sys/errno.h>
#include <sys/fcntl.h>
#include <sys/kernel.h>
#include <sys/kmem.h>
#include <sys/poll.h>
#include <sys/systm.h>
#include <sys/uio.h>
#include <sys/vnode.h>

#include <dev/usb/usb.h>
#include <dev/usb/usbdi.h>

#include "drivers/ugen_impl.h"

static void	ring_done(struct usbd_xfer *, void *, usbd_status);
static void	ring_clear(void *);

/* From the ring, or into it; sc_lock held. */
static void
ring_copy(struct ugen_ring *r, u_int at, uint8_t *buf, u_int n, bool in)
{
	u_int part;

	for (; n > 0; n -= part, buf += part, at += part) {
		at %= r->ur_size;
		part = MIN(n, r->ur_size - at);
		if (in)
			memcpy(r->ur_buf + at, buf, part);
		else
			memcpy(buf, r->ur_buf + at, part);
	}
}

/* The next transfer, if there is something to move; sc_lock held. */
static void
ring_start(struct ugen_dir *ud)
{
	struct ugen_ring *const r = &ud->ud_ring;
	struct ugen_softc *const sc = ud->ud_sc;
	const bool in = UE_GET_DIR(ud->ud_addr) == UE_DIR_IN;
	const u_int n = in ? r->ur_req : MIN(r->ur_req, r->ur_used);

	KASSERT(mutex_owned(&sc->sc_lock));
	if (ud->ud_busy || r->ur_clearing || r->ur_ending || sc->sc_dying ||
	    ud->ud_ep->ue_closing || r->ur_status != USBD_NORMAL_COMPLETION ||
	    n == 0 || (in && n > r->ur_size - r->ur_used))
		return;
	if (!in)
		ring_copy(r, r->ur_head, usbd_get_buffer(r->ur_xfer), n,
		    false);
	usbd_setup_xfer(r->ur_xfer, ud, usbd_get_buffer(r->ur_xfer), n,
	    in ? USBD_SHORT_XFER_OK : 0, USBD_NO_TIMEOUT, ring_done);
	if (usbd_transfer(r->ur_xfer) == USBD_IN_PROGRESS)
		ud->ud_busy = true;
	else
		r->ur_status = USBD_IOERROR;
}

static void
ring_done(struct usbd_xfer *xfer, void *arg, usbd_status status)
{
	struct ugen_dir *const ud = arg;
	struct ugen_ring *const r = &ud->ud_ring;
	struct ugen_softc *const sc = ud->ud_sc;
	uint32_t n;

	mutex_enter(&sc->sc_lock);
	ud->ud_busy = false;
	usbd_get_xfer_status(xfer, NULL, NULL, &n, NULL);
	if (UE_GET_DIR(ud->ud_addr) == UE_DIR_IN) {
		n = MIN(n, r->ur_req);
		ring_copy(r, r->ur_head + r->ur_used, usbd_get_buffer(xfer), n,
		    true);
		r->ur_used += n;
	} else {
		if (status != USBD_NORMAL_COMPLETION)
			n = r->ur_used;
		n = MIN(n, r->ur_used);
		r->ur_head = (r->ur_head + n) % r->ur_size;
		r->ur_used -= n;
	}
	r->ur_status = status;
	if (status == USBD_STALLED) {
		r->ur_clearing = true;
		usb_add_task(sc->sc_udev, &r->ur_task, USB_TASKQ_DRIVER);
	}
	ring_start(ud);
	cv_broadcast(&sc->sc_cv);
	selnotify(&sc->sc_sel, POLLIN | POLLOUT, 0);
	mutex_exit(&sc->sc_lock);
}

static void
ring_clear(void *arg)
{
	struct ugen_dir *const ud = arg;
	struct ugen_softc *const sc = ud->ud_sc;

	/* If that fails, the next transfer says so. */
	(void)usbd_clear_endpoint_stall(ud->ud_pipe);
	mutex_enter(&sc->sc_lock);
	ud->ud_ring.ur_clearing = false;
	ring_start(ud);
	cv_broadcast(&sc->sc_cv);
	mutex_exit(&sc->sc_lock);
}

static bool
ring_failed(const struct ugen_ring *r)
{

	return r->ur_status != USBD_NORMAL_COMPLETION;
}

/* What has stopped the ring, once. */
static int
ring_error(struct ugen_ring *r)
{
	const usbd_status status = r->ur_status;

	r->ur_status = USBD_NORMAL_COMPLETION;
	return status == USBD_NORMAL_COMPLETION ? 0 : EIO;
}

/* When the timeout of the endpoint is over, if something moves now. */
static u_int
ring_deadline(const struct ugen_dir *ud)
{

	return getticks() + (u_int)mstohz(ud->ud_ep->ue_timeout);
}

/*
 * Until the ring may have moved: EIO, ETIMEDOUT, EWOULDBLOCK, EINTR.  Others
 * are woken for other endpoints, so the end is a time.
 */
static int
ring_wait(struct ugen_dir *ud, u_int end, int flag)
{
	struct ugen_softc *const sc = ud->ud_sc;
	int error, left;

	if (sc->sc_dying || ud->ud_ep->ue_closing)
		return EIO;
	if (flag & IO_NDELAY)
		return EWOULDBLOCK;
	if (ud->ud_ep->ue_timeout == 0)
		return cv_wait_sig(&sc->sc_cv, &sc->sc_lock);
	left = (int)(end - getticks());
	if (left <= 0)
		return ETIMEDOUT;
	error = cv_timedwait_sig(&sc->sc_cv, &sc->sc_lock, left);
	/* A look more: it may have come with the deadline. */
	return error == EWOULDBLOCK ? 0 : error;
}

/*
 * error = ugen_ring_read(ud, uio, flag)
 * error = ugen_ring_write(ud, uio, flag)
 *
 *	sc_lock held, and ud taken: all that is asked for, out of the ring or
 *	into it.  The timeout counts from the last byte.  Errors as ring_wait,
 *	and EIO for a transfer that has failed, when what came before it has
 *	been read: a call that has moved something says so, and the next one
 *	fails, since an error takes the count from the client.
 */
int
ugen_ring_read(struct ugen_dir *ud, struct uio *uio, int flag)
{
	struct ugen_ring *const r = &ud->ud_ring;
	const size_t resid = uio->uio_resid;
	u_int end = ring_deadline(ud), n;
	int error = 0;

	while (error == 0 && uio->uio_resid > 0) {
		ring_start(ud);
		if (r->ur_used == 0) {
			if (ring_failed(r) && uio->uio_resid < resid)
				break;
			if ((error = ring_error(r)) == 0)
				error = ring_wait(ud, end, flag);
			continue;
		}
		n = (u_int)MIN(uio->uio_resid, MIN(r->ur_used,
		    r->ur_size - r->ur_head));
		error = uiomove(r->ur_buf + r->ur_head, n, uio);
		if (error != 0)
			break;
		r->ur_head = (r->ur_head + n) % r->ur_size;
		r->ur_used -= n;
		end = ring_deadline(ud);
	}
	ring_start(ud);
	return error;
}

int
ugen_ring_write(struct ugen_dir *ud, struct uio *uio, int flag)
{
	struct ugen_ring *const r = &ud->ud_ring;
	const size_t resid = uio->uio_resid;
	u_int end = ring_deadline(ud), n, at;
	int error = 0;

	while (error == 0 && uio->uio_resid > 0) {
		if (ring_failed(r) && uio->uio_resid < resid)
			break;
		if ((error = ring_error(r)) != 0)
			break;
		if (r->ur_used == r->ur_size) {
			error = ring_wait(ud, end, flag);
			continue;
		}
		at = (r->ur_head + r->ur_used) % r->ur_size;
		n = (u_int)MIN(uio->uio_resid, MIN(r->ur_size - r->ur_used,
		    r->ur_size - at));
		error = uiomove(r->ur_buf + at, n, uio);
		if (error != 0)
			break;
		r->ur_used += n;
		ring_start(ud);
		end = ring_deadline(ud);
	}
	return error;
}

/* ready = ugen_ring_ready(ud): would a call move something, or fail? */
bool
ugen_ring_ready(const struct ugen_dir *ud)
{
	const struct ugen_ring *const r = &ud->ud_ring;

	return r->ur_status != USBD_NORMAL_COMPLETION ||
	    (UE_GET_DIR(ud->ud_addr) == UE_DIR_IN ? r->ur_used > 0 :
	    r->ur_used < r->ur_size);
}

/* ---- its beginning and end ------------------------------------------ */

/* No lock: nothing is in flight or will be.  Sleeps for one request. */
static void
ring_free(struct ugen_softc *sc, struct ugen_ring *r)
{

	(void)usb_rem_task_wait(sc->sc_udev, &r->ur_task, USB_TASKQ_DRIVER,
	    NULL);
	usbd_destroy_xfer(r->ur_xfer);
	kmem_free(r->ur_buf, r->ur_size);
	r->ur_xfer = NULL;
	r->ur_buf = NULL;
}

/* sc_lock held, left for memory; ud is taken. */
static int
ring_begin(struct ugen_softc *sc, struct ugen_dir *ud)
{
	struct ugen_ring *const r = &ud->ud_ring;
	struct usbd_xfer *xfer;
	uint8_t *buf;
	int error;

	mutex_exit(&sc->sc_lock);
	error = usbd_create_xfer(ud->ud_pipe, ud->ud_ringreq, 0, 0, &xfer);
	buf = error == 0 ? kmem_zalloc(ud->ud_ringsize, KM_SLEEP) : NULL;
	mutex_enter(&sc->sc_lock);
	if (error != 0)
		return error;
	*r = (struct ugen_ring){ .ur_buf = buf, .ur_size = ud->ud_ringsize,
	    .ur_req = ud->ud_ringreq, .ur_xfer = xfer };
	usb_init_task(&r->ur_task, ring_clear, ud, USB_TASKQ_MPSAFE);
	if (UE_GET_DIR(ud->ud_addr) == UE_DIR_IN)
		ring_start(ud);
	return 0;
}

/*
 * sc_lock held, left while it waits; ud is taken.  What is to be written is
 * written first, as long as that gets on; what was read ahead is lost.  An
 * error of the wait: the ring stays.
 */
static int
ring_end(struct ugen_softc *sc, struct ugen_dir *ud)
{
	struct ugen_ring *const r = &ud->ud_ring;
	u_int end = ring_deadline(ud), used = r->ur_used;
	int error = 0;

	/* After an error nothing gets on. */
	while (UE_GET_DIR(ud->ud_addr) == UE_DIR_OUT && r->ur_used > 0 &&
	    r->ur_status == USBD_NORMAL_COMPLETION) {
		if ((error = ring_wait(ud, end, 0)) != 0)
			return error;
		if (r->ur_used < used)
			end = ring_deadline(ud);
		used = r->ur_used;
	}
	r->ur_ending = true;
	if (ud->ud_busy)
		usbd_cancel_xfer(r->ur_xfer);
	/* At most USBD_GRACE ms, and a request: both end by themselves. */
	while (ud->ud_busy || (r->ur_clearing && !ud->ud_ep->ue_closing))
		cv_wait(&sc->sc_cv, &sc->sc_lock);
	/* That it was cancelled is no error of the device. */
	error = UE_GET_DIR(ud->ud_addr) == UE_DIR_OUT ? ring_error(r) : 0;
	mutex_exit(&sc->sc_lock);
	ring_free(sc, r);
	mutex_enter(&sc->sc_lock);
	return error;
}

/*
 * ugen_ring_close(ud)
 *
 *	The pipe is closed next; no call uses it, and no transfer is started any
 *	more.  No lock; sleeps, as usbd_abort_pipe.
 */
void
ugen_ring_close(struct ugen_dir *ud)
{

	if (ud->ud_ring.ur_buf == NULL)
		return;
	usbd_abort_pipe(ud->ud_pipe);
	ring_free(ud->ud_sc, &ud->ud_ring);
}

/*
 * error = ugen_ring_ioctl(sc, ue, cmd, data)
 *
 *	USB_SET_BULK_RA, _WB: have a ring, or none.  USB_SET_BULK_RA_OPT,
 *	_WB_OPT: how large the next one is, and its transfers.  No lock; sleeps.
 *	EINVAL: no bulk endpoint, or not open for that; a size that cannot be.
 *	EBUSY: there is one.  And errors of a wait.
 */
int
ugen_ring_ioctl(struct ugen_softc *sc, struct ugen_ep *ue, u_long cmd,
    const void *data)
{
	const bool out = cmd == USB_SET_BULK_WB || cmd == USB_SET_BULK_WB_OPT;
	const bool opt = cmd == USB_SET_BULK_RA_OPT ||
	    cmd == USB_SET_BULK_WB_OPT;
	struct ugen_dir *const ud = out ? &ue->ue_out : &ue->ue_in;
	const struct usb_bulk_ra_wb_opt *const o = data;
	int error;

	if (ue == &sc->sc_ep[0])
		return EINVAL;
	mutex_enter(&sc->sc_lock);
	if (ud->ud_pipe == NULL || ud->ud_type != UE_BULK) {
		mutex_exit(&sc->sc_lock);
		return EINVAL;
	}
	if ((error = ugen_take(sc, ue, ud, 0)) != 0) {
		mutex_exit(&sc->sc_lock);
		return error;
	}
	if (opt && ud->ud_ring.ur_buf != NULL)
		error = EBUSY;
	else if (opt && (o->ra_wb_buffer_size > UGEN_RINGMAX ||
	    o->ra_wb_request_size < 1 ||
	    o->ra_wb_request_size > o->ra_wb_buffer_size))
		error = EINVAL;
	else if (opt) {
		ud->ud_ringsize = o->ra_wb_buffer_size;
		ud->ud_ringreq = o->ra_wb_request_size;
	} else if (*(const int *)data != 0 && ud->ud_ring.ur_buf == NULL)
		error = ring_begin(sc, ud);
	else if (*(const int *)data == 0 && ud->ud_ring.ur_buf != NULL)
		error = ring_end(sc, ud);
	ugen_give(sc, ud);
	mutex_exit(&sc->sc_lock);
	return error;
}
