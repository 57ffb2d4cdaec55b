/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usbdi_call.c - transfers: what drivers call, usbdi(9).  What happens to one
 * that is in flight, the order of callbacks and the locks: usbdi_xfer.c.
 */
#include <sys/param.h>
#include <sys/errno.h>
#include <sys/kmem.h>
#include <sys/lwp.h>
#include <sys/systm.h>

#include <dev/usb/usb.h>
#include <dev/usb/usbdi.h>
#include <dev/usb/usbdivar.h>

#include <hyp/hyp_usb.h>

#include "usbdi/usbdi_impl.h"

/*
 * error = usbd_create_xfer(pipe, len, flags, nframes, &xfer)
 *
 *	A transfer for this pipe with a buffer of up to len bytes.  flags are
 *	ignored, nframes must be 0.  No lock; may sleep.  ENOMEM.
 */
int
usbd_create_xfer(struct usbd_pipe *pipe, size_t len,
    unsigned int flags __unused, unsigned int nframes,
    struct usbd_xfer **xferp)
{
	struct usbd_device *dev = pipe->up_dev;
	struct usbd_xfer *xfer;

	KASSERTMSG(nframes == 0, "nframes=%u: not isochronous", nframes);
	KASSERTMSG(len <= UINT32_MAX, "len=%zu", len);
	*xferp = NULL;
	xfer = kmem_zalloc(sizeof(*xfer), KM_SLEEP);
	xfer->ux_dev = dev;
	xfer->ux_pipe = pipe;
	xfer->ux_bufsize = len;
	if (hyp_usbx_alloc(dev->ud_hyp, pipe->up_type, pipe->up_addr, len,
	    usbd_xfer_host_done, xfer, &xfer->ux_hyp, &xfer->ux_hypbuf) != 0) {
		kmem_free(xfer, sizeof(*xfer));
		return ENOMEM;
	}
	if (len > 0)
		xfer->ux_buf = kmem_zalloc(len, KM_SLEEP);
	xfer->ux_status = USBD_NOT_STARTED;
	callout_init(&xfer->ux_callout, CALLOUT_MPSAFE);
	callout_setfunc(&xfer->ux_callout, usbd_xfer_timer, xfer);
	cv_init(&xfer->ux_cv, "usbsync");
	mutex_enter(&dev->ud_lock);
	dev->ud_nxfers++;
	mutex_exit(&dev->ud_lock);
	*xferp = xfer;
	return 0;
}

/*
 * usbd_destroy_xfer(xfer)
 *
 *	Free an xfer that is not in flight, and its buffer.  Its pipe may be
 *	closed already.  No lock, not from a callback: a completion that is
 *	just returning is waited for.
 */
void
usbd_destroy_xfer(struct usbd_xfer *xfer)
{
	struct usbd_device *dev = xfer->ux_dev;
	u_int locks;

	mutex_enter(&dev->ud_lock);
	KASSERTMSG(xfer->ux_state == UX_IDLE, "xfer destroyed in state %d",
	    xfer->ux_state);
	KASSERTMSG(dev->ud_nxfers > 0, "%s", dev->ud_path);
	dev->ud_nxfers--;
	mutex_exit(&dev->ud_lock);

	locks = kernel_unlock_all();	/* callbacks may want it */
	(void)callout_halt(&xfer->ux_callout, NULL);
	callout_destroy(&xfer->ux_callout);
	LOCKDEBUG_NONE("hyp_usbx_free");
	if (xfer->ux_hyp != NULL)
		hyp_usbx_free(xfer->ux_hyp);
	if (locks > 0)
		kernel_lock((int)locks);
	cv_destroy(&xfer->ux_cv);
	if (xfer->ux_buf != NULL)
		kmem_free(xfer->ux_buf, xfer->ux_bufsize);
	kmem_free(xfer, sizeof(*xfer));
}

/*
 * buf = usbd_get_buffer(xfer)
 *
 *	Its buffer, the same from creation to destruction; NULL if it was
 *	created with length 0.
 */
void *
usbd_get_buffer(struct usbd_xfer *xfer)
{

	return xfer->ux_buf;
}

/*
 * usbd_setup_xfer(xfer, priv, buffer, length, flags, timeout, callback)
 *
 *	Prepare an idle xfer.  buffer: usbd_get_buffer's or any other memory,
 *	which is read during usbd_transfer or written before the callback;
 *	NULL means usbd_get_buffer's.  length is at most what the xfer was
 *	created with.  timeout in ms, from usbd_transfer on.  Does not sleep.
 */
void
usbd_setup_xfer(struct usbd_xfer *xfer, void *priv, void *buffer,
    uint32_t length, uint16_t flags, uint32_t timeout, usbd_callback callback)
{

	KASSERTMSG(xfer->ux_state == UX_IDLE, "usbd_setup_xfer of an xfer in "
	    "state %d", xfer->ux_state);
	KASSERTMSG(length <= xfer->ux_bufsize, "length %u of %zu", length,
	    xfer->ux_bufsize);
	xfer->ux_priv = priv;
	xfer->ux_buffer = buffer != NULL ? buffer : xfer->ux_buf;
	xfer->ux_length = length;
	xfer->ux_actlen = 0;
	xfer->ux_flags = flags;
	xfer->ux_timeout = timeout;
	xfer->ux_status = USBD_NOT_STARTED;
	xfer->ux_callback = callback;
}

/*
 * usbd_setup_isoc_xfer(xfer, priv, lengths, n, flags, callback)
 *
 *	There are no isochronous transfers, and so, as usbd_open_pipe refuses
 *	their endpoints, no xfer that this could be right for.
 */
void
usbd_setup_isoc_xfer(struct usbd_xfer *xfer, void *priv __unused,
    uint16_t *lengths __unused, uint32_t n __unused, uint16_t flags __unused,
    usbd_callback callback __unused)
{

	panic("usbd_setup_isoc_xfer: endpoint 0x%02x is not isochronous",
	    xfer->ux_pipe->up_addr);
}

/*
 * usbd_setup_default_xfer(xfer, dev, priv, timeout, req, buffer, length,
 *     flags, callback)
 *
 *	The same for a control request on pipe 0, for which the xfer was
 *	created.
 */
void
usbd_setup_default_xfer(struct usbd_xfer *xfer, struct usbd_device *dev,
    void *priv, uint32_t timeout, usb_device_request_t *req, void *buffer,
    uint32_t length, uint16_t flags, usbd_callback callback)
{

	KASSERTMSG(xfer->ux_pipe == dev->ud_pipe0, "xfer is for endpoint "
	    "0x%02x", xfer->ux_pipe->up_addr);
	KASSERTMSG(UGETW(req->wLength) == length, "wLength %u, length %u",
	    UGETW(req->wLength), length);
	usbd_setup_xfer(xfer, priv, buffer, length, flags, timeout, callback);
	xfer->ux_request = *req;
}

/*
 * usbd_get_xfer_status(xfer, &priv, &buffer, &count, &status)
 *
 *	How the last transfer ended; each pointer may be NULL.  For a callback
 *	or after a synchronous transfer.
 */
void
usbd_get_xfer_status(struct usbd_xfer *xfer, void **priv, void **buffer,
    uint32_t *count, usbd_status *status)
{

	if (priv != NULL)
		*priv = xfer->ux_priv;
	if (buffer != NULL)
		*buffer = xfer->ux_buffer;
	if (count != NULL)
		*count = xfer->ux_actlen;
	if (status != NULL)
		*status = xfer->ux_status;
}

/*
 * Wait until the callback of a synchronous xfer has run.  An interrupt
 * cancels it and the wait goes on, for at most the grace.
 */
static usbd_status
usbd_xfer_wait(struct usbd_xfer *xfer)
{
	struct usbd_device *dev = xfer->ux_dev;
	bool sig = (xfer->ux_flags & USBD_SYNCHRONOUS_SIG) != 0;

	mutex_enter(&dev->ud_lock);
	while (!xfer->ux_over) {
		if (!sig)
			cv_wait(&xfer->ux_cv, &dev->ud_lock);
		else if (cv_wait_sig(&xfer->ux_cv, &dev->ud_lock) != 0) {
			sig = false;
			usbd_xfer_cancel(xfer, USBD_INTERRUPTED);
		}
	}
	mutex_exit(&dev->ud_lock);
	return xfer->ux_status;
}

/*
 * err = usbd_transfer(xfer)
 *
 *	Start an xfer that has been set up.  USBD_IN_PROGRESS: accepted, the
 *	callback will run exactly once and never inside this call; the
 *	driver's locks may be held.  Any other value: it is not started, and
 *	the callback will not run: USBD_IOERROR device gone, USBD_CANCELLED
 *	pipe being aborted or suspended, USBD_NOMEM.
 *
 *	With USBD_SYNCHRONOUS the call sleeps, no lock may be held, and the
 *	value is how the transfer ended.  usbdi(9).  With USBD_SYNCHRONOUS_SIG,
 *	too, it is not started if the sleep would end at once.
 */
usbd_status
usbd_transfer(struct usbd_xfer *xfer)
{
	struct usbd_device *dev = xfer->ux_dev;
	const bool sync = (xfer->ux_flags & USBD_SYNCHRONOUS) != 0;
	usbd_status err;

	if (sync)
		usbd_assert_sleepable(dev);
	mutex_enter(&dev->ud_lock);
	if ((xfer->ux_flags & USBD_SYNCHRONOUS_SIG) && cv_sig_error() != 0)
		err = USBD_INTERRUPTED;
	else
		err = usbd_xfer_accept(xfer);
	if (err != USBD_IN_PROGRESS)
		xfer->ux_status = err;
	usbd_unlock(dev);
	/* If it is asynchronous, xfer may be free by now. */
	if (sync && err == USBD_IN_PROGRESS)
		err = usbd_xfer_wait(xfer);
	return err;
}

/*
 * usbd_cancel_xfer(xfer)
 *
 *	Let an xfer end soon: its callback comes, with USBD_CANCELLED unless
 *	it had ended before, at most USBD_GRACE ms later.  Nothing happens to
 *	one that is not in flight, so whoever starts it must keep this call
 *	out meanwhile.  Does not sleep; a driver's locks may be held.  Not in
 *	NetBSD, whose usbd_abort_pipe ends everybody's transfers.
 */
void
usbd_cancel_xfer(struct usbd_xfer *xfer)
{
	struct usbd_device *const dev = xfer->ux_dev;

	mutex_enter(&dev->ud_lock);
	usbd_xfer_cancel(xfer, USBD_CANCELLED);
	usbd_unlock(dev);
}

/*
 * err = usbd_sync_transfer(xfer)
 * err = usbd_sync_transfer_sig(xfer)
 *
 *	usbd_transfer and wait.  _sig: an interrupt of the calling operation
 *	ends it with USBD_INTERRUPTED.  Sleeps; no lock, not in a callback.
 */
usbd_status
usbd_sync_transfer(struct usbd_xfer *xfer)
{

	xfer->ux_flags |= USBD_SYNCHRONOUS;
	return usbd_transfer(xfer);
}

usbd_status
usbd_sync_transfer_sig(struct usbd_xfer *xfer)
{

	xfer->ux_flags |= USBD_SYNCHRONOUS | USBD_SYNCHRONOUS_SIG;
	return usbd_transfer(xfer);
}
