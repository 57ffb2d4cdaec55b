/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usbdi.c - usbdi(9): pipes and requests.
 *
 * Model
 *	A pipe is an open endpoint of a claimed interface.  It owns the queue
 *	of its xfers (usbdi_xfer.c) and, if it was opened for interrupts, one
 *	xfer of its own that goes round and round.  Pipe 0 belongs to the
 *	device and carries requests.
 *
 *	Life of a pipe: usbd_open_pipe*; any number of transfers; usbd_close_
 *	pipe, which aborts what is left.  An xfer of a pipe may be destroyed
 *	after the pipe: it refers to the device from then on.
 *
 *	up_aborting and up_suspended are two things: the first counts threads
 *	inside usbd_abort_pipe and ends with them, the second stays until
 *	usbd_resume_pipe.  While either is set usbd_transfer answers
 *	USBD_CANCELLED.
 *
 * Locks
 *	ud_lock; see usbdivar.h.  The kernel lock is given up around host
 *	calls that block, so that a slow device stops only who waits for it.
 *
 * Known gaps
 *	No isochronous pipes.  Polling intervals are the host's.
 */
#include <sys/param.h>
#include <sys/errno.h>
#include <sys/kernel.h>
#include <sys/kmem.h>
#include <sys/lwp.h>
#include <sys/lwpnote.h>
#include <sys/syslog.h>
#include <sys/systm.h>

#include <dev/usb/usb.h>
#include <dev/usb/usbdi.h>
#include <dev/usb/usbdi_util.h>
#include <dev/usb/usbdivar.h>

#include <hyp/hyp_usb.h>

#include "usbdi/usb_desc.h"
#include "usbdi/usbdi_impl.h"

/* The host knows transfer types by USB's own numbers. */
CTASSERT(UE_CONTROL == HYP_USB_CONTROL);
CTASSERT(UE_BULK == HYP_USB_BULK);
CTASSERT(UE_INTERRUPT == HYP_USB_INTR);

static void usbd_stall_task(void *);

/* ---- opening -------------------------------------------------------- */

/*
 * pipe = usbd_pipe_create(dev, iface, endpoint, mpsafe)
 *
 *	A pipe for the endpoint, or pipe 0 if iface is NULL.  Sleeps.
 */
struct usbd_pipe *
usbd_pipe_create(struct usbd_device *dev, struct usbd_interface *iface,
    struct usbd_endpoint *ep, bool mpsafe)
{
	struct usbd_pipe *pipe = kmem_zalloc(sizeof(*pipe), KM_SLEEP);

	pipe->up_dev = dev;
	pipe->up_iface = iface;
	pipe->up_endpoint = ep;
	pipe->up_type = UE_CONTROL;
	if (ep != NULL) {
		pipe->up_addr = ep->ue_edesc->bEndpointAddress;
		pipe->up_type = UE_GET_XFERTYPE(ep->ue_edesc->bmAttributes);
	}
	pipe->up_mpsafe = mpsafe;
	lwp_note_owner(pipe->up_owner);
	if (pipe->up_owner[0] == 0 && pipe->up_owner[1] == 0)
		strlcpy((char *)pipe->up_owner, dev->ud_path,
		    sizeof(pipe->up_owner));
	callout_init(&pipe->up_callout, CALLOUT_MPSAFE);
	callout_setfunc(&pipe->up_callout, usbd_pipe_wakeup, pipe);
	TAILQ_INIT(&pipe->up_queue);
	cv_init(&pipe->up_cv, "usbpipe");
	usb_init_task(&pipe->up_stalltask, usbd_stall_task, pipe,
	    USB_TASKQ_MPSAFE);
	mutex_enter(&dev->ud_lock);
	LIST_INSERT_HEAD(&dev->ud_pipes, pipe, up_list);
	mutex_exit(&dev->ud_lock);
	return pipe;
}

static struct usbd_endpoint *
usbd_find_endpoint(struct usbd_interface *iface, uint8_t address)
{
	u_int i;

	for (i = 0; i < iface->ui_idesc->bNumEndpoints; i++) {
		if (iface->ui_endpoints[i].ue_edesc->bEndpointAddress ==
		    address)
			return &iface->ui_endpoints[i];
	}
	return NULL;
}

/* Count one more pipe on the endpoint, if its pipes let it. */
static usbd_status
usbd_endpoint_acquire(struct usbd_device *dev, struct usbd_endpoint *ep,
    bool exclusive)
{
	usbd_status err = USBD_NORMAL_COMPLETION;

	mutex_enter(&dev->ud_lock);
	if (dev->ud_dying)
		err = USBD_IOERROR;
	else if (ep->ue_exclusive || (exclusive && ep->ue_refcnt > 0))
		err = USBD_IN_USE;
	else {
		ep->ue_refcnt++;
		ep->ue_exclusive = exclusive;
	}
	mutex_exit(&dev->ud_lock);
	return err;
}

static void
usbd_endpoint_release(struct usbd_device *dev, struct usbd_endpoint *ep)
{

	KASSERT(mutex_owned(&dev->ud_lock));
	KASSERTMSG(ep->ue_refcnt > 0, "endpoint 0x%02x of %s",
	    ep->ue_edesc->bEndpointAddress, dev->ud_path);
	ep->ue_refcnt--;
	ep->ue_exclusive = false;
}

/*
 * yes = usbd_iface_open(iface)
 *
 *	Is there a pipe on one of its endpoints?  ud_lock held.
 */
bool
usbd_iface_open(const struct usbd_interface *iface)
{
	u_int i;

	for (i = 0; i < iface->ui_idesc->bNumEndpoints; i++) {
		if (iface->ui_endpoints[i].ue_refcnt > 0)
			return true;
	}
	return false;
}

/* A driver, or a client through it, may try as often as it likes. */
static void
usbd_say_isoc(struct usbd_device *dev, uint8_t address)
{
	bool said;

	mutex_enter(&dev->ud_lock);
	said = dev->ud_isoc;
	dev->ud_isoc = true;
	mutex_exit(&dev->ud_lock);
	if (!said)
		log(LOG_NOTICE, "%s: endpoint 0x%02x is isochronous: there "
		    "are no such transfers\n", dev->ud_path, address);
}

/*
 * err = usbd_open_pipe(iface, address, flags, &pipe)
 *
 *	Open an endpoint.  flags: USBD_EXCLUSIVE_USE, this pipe and no other;
 *	USBD_MPSAFE, callbacks without the kernel lock.  The interface is
 *	claimed from the host first, if its driver has not used it yet.
 *	Sleeps; no lock.  USBD_BAD_ADDRESS no such endpoint, USBD_IN_USE,
 *	USBD_INVAL isochronous, USBD_IOERROR.
 */
usbd_status
usbd_open_pipe(struct usbd_interface *iface, uint8_t address, uint8_t flags,
    struct usbd_pipe **pipep)
{
	struct usbd_device *dev = iface->ui_dev;
	struct usbd_endpoint *ep = usbd_find_endpoint(iface, address);
	usbd_status err;

	*pipep = NULL;
	if (ep == NULL)
		return USBD_BAD_ADDRESS;
	if (UE_GET_XFERTYPE(ep->ue_edesc->bmAttributes) == UE_ISOCHRONOUS) {
		usbd_say_isoc(dev, address);
		return USBD_INVAL;
	}
	if ((err = usbd_claim(iface)) != USBD_NORMAL_COMPLETION)
		return err;
	err = usbd_endpoint_acquire(dev, ep,
	    (flags & USBD_EXCLUSIVE_USE) != 0);
	if (err != USBD_NORMAL_COMPLETION)
		return err;
	*pipep = usbd_pipe_create(dev, iface, ep, (flags & USBD_MPSAFE) != 0);
	return USBD_NORMAL_COMPLETION;
}

/*
 * err = usbd_open_pipe_intr(iface, address, flags, &pipe, priv, buffer, len,
 *     callback, interval)
 *
 *	Open an interrupt-in endpoint and keep USBD_INTR_XFERS transfers of
 *	len bytes in flight until usbd_abort_pipe or usbd_close_pipe: after
 *	each one buffer has the data and callback runs, one at a time and in
 *	order; at the end there is one for each that was in flight.  A failed
 *	one is tried again, slower and slower.  The interval is the host's.
 *	flags as in usbd_open_pipe, and USBD_SHORT_XFER_OK.  Sleeps; no lock.
 *	Errors as usbd_open_pipe, and USBD_NOMEM.
 */
usbd_status
usbd_open_pipe_intr(struct usbd_interface *iface, uint8_t address,
    uint8_t flags, struct usbd_pipe **pipep, void *priv, void *buffer,
    uint32_t len, usbd_callback callback, int interval __unused)
{
	struct usbd_pipe *pipe;
	struct usbd_xfer *xfer;
	usbd_status err;

	*pipep = NULL;
	err = usbd_open_pipe(iface, address, flags &
	    (USBD_EXCLUSIVE_USE | USBD_MPSAFE), &pipe);
	if (err != USBD_NORMAL_COMPLETION)
		return err;
	for (u_int i = 0; i < USBD_INTR_XFERS; i++) {
		if (usbd_create_xfer(pipe, len, 0, 0, &xfer) != 0) {
			usbd_close_pipe(pipe);
			return USBD_NOMEM;
		}
		pipe->up_intrxfer[i] = xfer;
		xfer->ux_intr = true;
		usbd_setup_xfer(xfer, priv, buffer, len,
		    flags & USBD_SHORT_XFER_OK, USBD_NO_TIMEOUT, callback);
	}
	/* The callback may look for the pipe where the driver keeps it. */
	*pipep = pipe;
	for (u_int i = 0; i < USBD_INTR_XFERS; i++) {
		err = usbd_transfer(pipe->up_intrxfer[i]);
		if (err != USBD_IN_PROGRESS) {
			usbd_close_pipe(pipe);
			*pipep = NULL;
			return err;
		}
	}
	return USBD_NORMAL_COMPLETION;
}

/* ---- stopping ------------------------------------------------------- */

/*
 * Cancel what is in the pipe and wait until it is idle.  ud_lock held.
 *
 * Bounded by USBD_GRACE and the callbacks: each xfer is either UX_DONE, or
 * gets there by a completion or the end of its grace, and its callback then
 * runs on a thread other than this one.
 */
static void
usbd_pipe_drain(struct usbd_pipe *pipe)
{
	struct usbd_device *dev = pipe->up_dev;

	KASSERT(mutex_owned(&dev->ud_lock));
	KASSERTMSG(pipe->up_aborting > 0 || pipe->up_suspended,
	    "endpoint 0x%02x", pipe->up_addr);
	usbd_pipe_cancel(pipe, USBD_CANCELLED);
	while (!usbd_pipe_idle(pipe))
		cv_wait(&pipe->up_cv, &dev->ud_lock);
}

/*
 * usbd_abort_pipe(pipe)
 *
 *	End all transfers of the pipe; each gets its callback, with
 *	USBD_CANCELLED unless it had ended before.  Returns when all of them
 *	have returned.  Waits at most USBD_GRACE ms for the hardware, and for
 *	the callbacks.  The pipe stays usable, but an interrupt pipe is
 *	silent from then on.  Sleeps; no lock that a callback takes, not in a
 *	callback.
 */
void
usbd_abort_pipe(struct usbd_pipe *pipe)
{
	struct usbd_device *dev = pipe->up_dev;

	usbd_assert_sleepable(dev);
	mutex_enter(&dev->ud_lock);
	pipe->up_aborting++;
	usbd_pipe_drain(pipe);
	pipe->up_aborting--;
	mutex_exit(&dev->ud_lock);
}

/*
 * usbd_suspend_pipe(pipe)
 * usbd_resume_pipe(pipe)
 *
 *	usbd_abort_pipe, and let usbd_transfer fail with USBD_CANCELLED until
 *	usbd_resume_pipe.  Suspending sleeps, as usbd_abort_pipe.
 */
void
usbd_suspend_pipe(struct usbd_pipe *pipe)
{
	struct usbd_device *dev = pipe->up_dev;

	usbd_assert_sleepable(dev);
	mutex_enter(&dev->ud_lock);
	pipe->up_suspended = true;
	usbd_pipe_drain(pipe);
	mutex_exit(&dev->ud_lock);
}

void
usbd_resume_pipe(struct usbd_pipe *pipe)
{
	struct usbd_device *dev = pipe->up_dev;

	mutex_enter(&dev->ud_lock);
	KASSERTMSG(usbd_pipe_idle(pipe) || !pipe->up_suspended,
	    "endpoint 0x%02x resumed while busy", pipe->up_addr);
	pipe->up_suspended = false;
	mutex_exit(&dev->ud_lock);
}

/*
 * usbd_abort_default_pipe(dev)
 *
 *	End the requests that others wait for: usbd_do_request returns
 *	USBD_CANCELLED there.  Sleeps, as usbd_abort_pipe.
 */
void
usbd_abort_default_pipe(struct usbd_device *dev)
{

	usbd_abort_pipe(dev->ud_pipe0);
}

/*
 * usbd_close_pipe(pipe)
 *
 *	Abort what is left, and free the pipe.  Nobody else may use it any
 *	more.  Sleeps, as usbd_abort_pipe; also for a stall being cleared, at
 *	most for one request.
 */
void
usbd_close_pipe(struct usbd_pipe *pipe)
{
	struct usbd_device *dev = pipe->up_dev;

	usbd_suspend_pipe(pipe);
	(void)usb_rem_task_wait(dev, &pipe->up_stalltask, USB_TASKQ_DRIVER,
	    NULL);
	(void)callout_halt(&pipe->up_callout, NULL);

	mutex_enter(&dev->ud_lock);
	KASSERTMSG(usbd_pipe_idle(pipe), "endpoint 0x%02x closed while busy",
	    pipe->up_addr);
	LIST_REMOVE(pipe, up_list);
	if (pipe->up_endpoint != NULL)
		usbd_endpoint_release(dev, pipe->up_endpoint);
	mutex_exit(&dev->ud_lock);

	for (u_int i = 0; i < USBD_INTR_XFERS; i++) {
		if (pipe->up_intrxfer[i] != NULL)
			usbd_destroy_xfer(pipe->up_intrxfer[i]);
	}
	callout_destroy(&pipe->up_callout);
	cv_destroy(&pipe->up_cv);
	kmem_free(pipe, sizeof(*pipe));
}

/* ---- stalls --------------------------------------------------------- */

/*
 * err = usbd_clear_endpoint_stall(pipe)
 *
 *	Clear the halt of the endpoint, in the device and in the host, which
 *	resets the data toggle too.  Sleeps, at most for one request; no
 *	lock, not in a callback.  USBD_IOERROR.
 */
usbd_status
usbd_clear_endpoint_stall(struct usbd_pipe *pipe)
{
	struct usbd_device *dev = pipe->up_dev;
	u_int locks;
	int error;

	usbd_assert_sleepable(dev);
	locks = kernel_unlock_all();
	LOCKDEBUG_NONE("hyp_usb_clear_halt");
	error = hyp_usb_clear_halt(dev->ud_hyp, pipe->up_addr);
	if (locks > 0)
		kernel_lock((int)locks);
	return usbd_host_result(dev, error);
}

static void
usbd_stall_task(void *arg)
{
	struct usbd_pipe *pipe = arg;
	usbd_status err = usbd_clear_endpoint_stall(pipe);

	if (err != USBD_NORMAL_COMPLETION)
		log(LOG_DEBUG, "%s: endpoint 0x%02x: clearing the stall: "
		    "%s\n", pipe->up_dev->ud_path, pipe->up_addr,
		    usbd_errstr(err));
}

/*
 * usbd_clear_endpoint_stall_async(pipe)
 *
 *	The same soon, on the device's task thread.  For callbacks: does not
 *	sleep, any lock.
 */
void
usbd_clear_endpoint_stall_async(struct usbd_pipe *pipe)
{

	usb_add_task(pipe->up_dev, &pipe->up_stalltask, USB_TASKQ_DRIVER);
}

/*
 * usbd_clear_endpoint_toggle(pipe)
 *
 *	Let the next packet be DATA0.  The host keeps the toggles and resets
 *	one only together with the halt, so this does both, later.  Does not
 *	sleep.
 */
void
usbd_clear_endpoint_toggle(struct usbd_pipe *pipe)
{

	usbd_clear_endpoint_stall_async(pipe);
}

/*
 * dev = usbd_pipe2device_handle(pipe)
 * pipe = usbd_get_pipe0(dev)
 *
 *	The device of a pipe; the pipe that carries a device's requests, for
 *	usbd_create_xfer.  Any context.
 */
struct usbd_device *
usbd_pipe2device_handle(struct usbd_pipe *pipe)
{

	return pipe->up_dev;
}

struct usbd_pipe *
usbd_get_pipe0(struct usbd_device *dev)
{

	return dev->ud_pipe0;
}

/* ---- requests ------------------------------------------------------- */

/*
 * Requests that change what the host keeps about the device must not go
 * behind its back.
 */
static void
usbd_assert_request(const usb_device_request_t *req)
{
	const u_int type = req->bmRequestType & ~(u_int)UT_READ;

	if (UT_GET_TYPE(type) != UT_STANDARD)
		return;
	KASSERTMSG(req->bRequest != UR_SET_ADDRESS &&
	    req->bRequest != UR_SET_CONFIG &&
	    req->bRequest != UR_SET_INTERFACE,
	    "standard request %u as usbd_do_request", req->bRequest);
}

/* CLEAR_FEATURE(ENDPOINT_HALT) is the host's too, and has a call for it. */
static bool
usbd_is_clear_halt(const usb_device_request_t *req)
{

	return req->bmRequestType == UT_WRITE_ENDPOINT &&
	    req->bRequest == UR_CLEAR_FEATURE &&
	    UGETW(req->wValue) == UF_ENDPOINT_HALT;
}

/*
 * err = usbd_do_request(dev, req, data)
 * err = usbd_do_request_flags(dev, req, data, flags, &actlen, timeout)
 *
 *	One control request and its wLength bytes of data.  flags:
 *	USBD_SHORT_XFER_OK, else fewer bytes are USBD_SHORT_XFER.  timeout in
 *	ms; actlen may be NULL.  Sleeps, at most for the timeout and
 *	USBD_GRACE; no lock, not in a callback.  USBD_TIMEOUT, USBD_STALLED,
 *	USBD_IOERROR, USBD_CANCELLED, USBD_NOMEM.
 */
usbd_status
usbd_do_request(struct usbd_device *dev, usb_device_request_t *req, void *data)
{

	return usbd_do_request_flags(dev, req, data, 0, NULL,
	    USBD_DEFAULT_TIMEOUT);
}

usbd_status
usbd_do_request_flags(struct usbd_device *dev, usb_device_request_t *req,
    void *data, uint16_t flags, int *actlen, uint32_t timeout)
{
	const uint32_t len = UGETW(req->wLength);
	struct usbd_xfer *xfer;
	usbd_status err;

	usbd_assert_request(req);
	if (actlen != NULL)
		*actlen = 0;
	if (usbd_is_clear_halt(req))
		return usbd_clear_endpoint_feature(dev, UGETW(req->wIndex),
		    UF_ENDPOINT_HALT);
	if (dev->ud_hyp == NULL)
		return USBD_IOERROR;
	if (atomic_load_relaxed(&dev->ud_mute) &&
	    (req->bmRequestType & UT_READ) == 0) {
		if (actlen != NULL)
			*actlen = (int)len;
		return USBD_NORMAL_COMPLETION;
	}
	if (usbd_create_xfer(dev->ud_pipe0, len, 0, 0, &xfer) != 0)
		return USBD_NOMEM;
	usbd_setup_default_xfer(xfer, dev, NULL, timeout, req, data, len,
	    flags, NULL);
	err = usbd_sync_transfer(xfer);
	if (actlen != NULL)
		*actlen = (int)xfer->ux_actlen;
	usbd_destroy_xfer(xfer);
	return err;
}

/*
 * err = usbd_request_async(dev, xfer, req, priv, callback)
 *
 *	A request without data, or with the data of usbd_get_buffer(xfer);
 *	callback when it has ended.  xfer was created for usbd_get_pipe0(dev).
 *	Does not sleep.  0 if it has been started, else as usbd_transfer.
 */
usbd_status
usbd_request_async(struct usbd_device *dev, struct usbd_xfer *xfer,
    usb_device_request_t *req, void *priv, usbd_callback callback)
{
	usbd_status err;

	usbd_assert_request(req);
	usbd_setup_default_xfer(xfer, dev, priv, USBD_DEFAULT_TIMEOUT, req,
	    usbd_get_buffer(xfer), UGETW(req->wLength), 0, callback);
	err = usbd_transfer(xfer);
	return err == USBD_IN_PROGRESS ? USBD_NORMAL_COMPLETION : err;
}

/* ---- names ---------------------------------------------------------- */

static const char *const usbd_errnames[] = {
	[USBD_NORMAL_COMPLETION] = "NORMAL_COMPLETION",
	[USBD_IN_PROGRESS] = "IN_PROGRESS",
	[USBD_PENDING_REQUESTS] = "PENDING_REQUESTS",
	[USBD_NOT_STARTED] = "NOT_STARTED",
	[USBD_INVAL] = "INVAL",
	[USBD_NOMEM] = "NOMEM",
	[USBD_CANCELLED] = "CANCELLED",
	[USBD_BAD_ADDRESS] = "BAD_ADDRESS",
	[USBD_IN_USE] = "IN_USE",
	[USBD_NO_ADDR] = "NO_ADDR",
	[USBD_SET_ADDR_FAILED] = "SET_ADDR_FAILED",
	[USBD_NO_POWER] = "NO_POWER",
	[USBD_TOO_DEEP] = "TOO_DEEP",
	[USBD_IOERROR] = "IOERROR",
	[USBD_NOT_CONFIGURED] = "NOT_CONFIGURED",
	[USBD_TIMEOUT] = "TIMEOUT",
	[USBD_SHORT_XFER] = "SHORT_XFER",
	[USBD_STALLED] = "STALLED",
	[USBD_INTERRUPTED] = "INTERRUPTED",
};
CTASSERT(__arraycount(usbd_errnames) == USBD_ERROR_MAX);

/*
 * text = usbd_errstr(err)
 *
 *	The name of a status, constant memory.
 */
const char *
usbd_errstr(usbd_status err)
{

	KASSERTMSG(err < USBD_ERROR_MAX, "err=%u", (u_int)err);
	return usbd_errnames[err];
}

/*
 * ok = usbd_admit(dev, n)
 *
 *	A driver that makes as many children as the device says asks first,
 *	for all that an interface is to have.  False: with these it would be
 *	too many, and none may be made; the first time that is logged.  What
 *	is admitted counts as long as the device is plugged in.
 */
bool
usbd_admit(struct usbd_device *dev, u_int n)
{
	bool ok, say = false;

	mutex_enter(&dev->ud_lock);
	ok = n <= USBD_MAX_CHILDREN - dev->ud_nchildren;
	if (ok)
		dev->ud_nchildren += n;
	else {
		say = !dev->ud_refused;
		dev->ud_refused = true;
	}
	mutex_exit(&dev->ud_lock);
	if (say)
		log(LOG_ERR, "port %s: the device wants more than %d nodes; "
		    "the interfaces that are too many get none\n",
		    dev->ud_path, USBD_MAX_CHILDREN);
	return ok;
}

/*
 * usbd_add_drv_event(type, dev, drv)
 *
 *	usb(4) of NetBSD tells its readers what comes and goes.  Nobody reads
 *	here; a driver's line in the log says the same.
 */
void
usbd_add_drv_event(int type __unused, struct usbd_device *dev __unused,
    device_t drv __unused)
{
}
