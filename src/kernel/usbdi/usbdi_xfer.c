/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usbdi_xfer.c - transfers: from usbd_transfer to the callback.  What drivers call
 * to make, start and await them is in usbdi_call.c.
 *
 * Model
 *	A usbd_xfer is a driver's; behind it stands a hyp_usbx, the host's
 *	transfer.  One word, ux_state, says who has the xfer; the states and
 *	their moves are drawn in usbdivar.h, and every move is made under the
 *	device's ud_lock.  What happened to an xfer is decided by whoever
 *	moves it out of UX_BUSY first: the host's completion, the timeout, an
 *	abort, or the end of the device.  The others find another state and
 *	leave it alone.
 *
 *	The host may never give a transfer back.  So a cancelled xfer has
 *	USBD_GRACE ms; then the hyp_usbx is freed in flight (the host side
 *	counts it as a zombie and keeps its memory), and the xfer ends with
 *	the verdict that it was cancelled with.  Nothing here waits longer
 *	than that for hardware.
 *
 *	For this reason the driver's buffer is never the host's: usbd_get_
 *	buffer gives memory of our own, which lives until usbd_destroy_xfer
 *	and is copied to and from the host's buffer under ud_lock.  Hardware
 *	that comes back to life after it was given up writes into the zombie
 *	and nowhere else, and an xfer that lost its hyp_usbx gets a new one
 *	at its next usbd_transfer.
 *
 * Order
 *	A pipe's xfers go to the host in the order of usbd_transfer, as many
 *	at a time as the driver submits.  Their callbacks run in that order
 *	too, one at a time: a finished xfer waits in UX_DONE until it is first
 *	in the queue.  Whoever finishes an xfer and finds no up_runner becomes
 *	it and runs callbacks until the first xfer is not done: the event
 *	thread nearly always, softclock after a timeout or a pause.  Behind
 *	an xfer that was cancelled and is stuck the others wait for the end of
 *	its grace.
 *
 *	Several that the host gives back one after the other are finished
 *	first, and then their callbacks run; so a callback can be told that
 *	another one follows (usbd_pipe_more).
 *
 * A pipe that fails again and again
 *	After USBD_MAXERRS failures in a row a pipe other than pipe 0 pauses,
 *	10 ms at first and 1 s in the end: xfers are accepted but wait in
 *	UX_PAUSED.  So a driver that resubmits from its callback does not spin
 *	when a device stalls for ever.  One success ends it.
 *
 * Locks
 *	ud_lock, never held in a callback, over a wait, or when telling the
 *	bus that the device is gone.  hyp_usbx_submit, _cancel and _alloc are
 *	called with it; hyp_usbx_free is not, because that waits for a
 *	running completion, which takes it.
 *
 * Known gaps
 *	No isochronous transfers.  A driver's callback that never returns
 *	keeps usbd_abort_pipe waiting for ever, as its contract says.
 */
#include <sys/param.h>
#include <sys/errno.h>
#include <sys/kernel.h>
#include <sys/lwp.h>
#include <sys/lwpnote.h>
#include <sys/syslog.h>
#include <sys/systm.h>

#include <dev/usb/usb.h>
#include <dev/usb/usbdi.h>
#include <dev/usb/usbdivar.h>

#include <hyp/hyp_usb.h>

#include "usbdi/usbdi_impl.h"

/* Callbacks in one go on softclock, which has others to serve. */
#define	USBD_RUN_MAX	64

static bool
usbd_xfer_isread(const struct usbd_xfer *xfer)
{

	if (xfer->ux_pipe->up_type == UE_CONTROL)
		return (xfer->ux_request.bmRequestType & UT_READ) != 0;
	return UE_GET_DIR(xfer->ux_pipe->up_addr) == UE_DIR_IN;
}

/*
 * usbd_assert_sleepable(dev)
 *
 *	The caller is about to wait for dev, with no lock.  In one of its
 *	callbacks that would be for ever: the waited-for event comes on the
 *	same thread.
 */
void
usbd_assert_sleepable(struct usbd_device *dev)
{
	struct usbd_pipe *pipe;

	ASSERT_SLEEPABLE();
	mutex_enter(&dev->ud_lock);
	LIST_FOREACH(pipe, &dev->ud_pipes, up_list) {
		KASSERTMSG(pipe->up_runner != curlwp, "%s: waits in a "
		    "callback of endpoint 0x%02x", dev->ud_path,
		    pipe->up_addr);
	}
	mutex_exit(&dev->ud_lock);
}

/* ---- pauses; ud_lock held ------------------------------------------- */

static void
usbd_pipe_pause(struct usbd_pipe *pipe)
{
	const u_int n = pipe->up_errs > USBD_MAXERRS ?
	    uimin(pipe->up_errs - USBD_MAXERRS - 1, 7) : 0;
	const u_int ms = uimin(USBD_PAUSE_MIN << n, USBD_PAUSE_MAX);

	if (pipe->up_pausing)
		return;
	pipe->up_pausing = true;
	callout_schedule(&pipe->up_callout, mstohz(ms));
}

/* Note how a transfer that nobody cancelled has ended. */
static void
usbd_pipe_note(struct usbd_pipe *pipe, usbd_status status)
{

	if (status == USBD_NORMAL_COMPLETION || status == USBD_SHORT_XFER) {
		pipe->up_errs = 0;
		return;
	}
	if (pipe->up_type == UE_CONTROL)
		return;
	pipe->up_errs++;
	if (pipe->up_errs > USBD_MAXERRS) {
		pipe->up_errs = uimin(pipe->up_errs, USBD_MAXERRS + 10);
		usbd_pipe_pause(pipe);
	}
}

/* ---- moves; ud_lock held -------------------------------------------- */

/* UX_BUSY, _CANCEL, _ABANDON or _PAUSED -> UX_DONE. */
static void
usbd_xfer_finish(struct usbd_xfer *xfer, usbd_status status, uint32_t actlen)
{

	KASSERT(mutex_owned(&xfer->ux_dev->ud_lock));
	KASSERTMSG(xfer->ux_state != UX_IDLE && xfer->ux_state != UX_DONE,
	    "state %d", xfer->ux_state);
	KASSERTMSG(status != USBD_IN_PROGRESS, "state %d", xfer->ux_state);
	/* All others have no timer, and it is a lock of the whole system. */
	if (xfer->ux_state == UX_CANCEL ||
	    xfer->ux_timeout != USBD_NO_TIMEOUT)
		(void)callout_stop(&xfer->ux_callout);
	if (actlen > 0 && usbd_xfer_isread(xfer))
		memcpy(xfer->ux_intr ? xfer->ux_buf : xfer->ux_buffer,
		    xfer->ux_hypbuf, actlen);
	xfer->ux_actlen = actlen;
	xfer->ux_status = status;
	xfer->ux_state = UX_DONE;
}

/*
 * UX_BUSY -> UX_CANCEL, UX_PAUSED -> UX_DONE; the rest has its verdict.
 *
 * The timer of the timeout becomes that of the grace.  It may have expired
 * already and wait for ud_lock in usbd_xfer_timer, which then must not take
 * the end of the timeout for the end of the grace; there, a callout that is
 * pending again was not meant:
 *
 *	abort				softclock
 *	takes ud_lock			timeout expires, handler begins,
 *	UX_BUSY -> UX_CANCEL		waits for ud_lock
 *	callout_schedule: pending
 *	leaves ud_lock			takes ud_lock, pending: returns
 *					...
 *					grace expires: UX_ABANDON
 */
void
usbd_xfer_cancel(struct usbd_xfer *xfer, usbd_status verdict)
{

	KASSERT(mutex_owned(&xfer->ux_dev->ud_lock));
	if (xfer->ux_state == UX_PAUSED) {
		usbd_xfer_finish(xfer, verdict, 0);
		/* Its callback, on softclock. */
		callout_schedule(&xfer->ux_pipe->up_callout, 0);
		return;
	}
	if (xfer->ux_state != UX_BUSY)
		return;
	xfer->ux_state = UX_CANCEL;
	xfer->ux_verdict = verdict;
	callout_schedule(&xfer->ux_callout, mstohz(USBD_GRACE));
	hyp_usbx_cancel(xfer->ux_hyp);
}

/*
 * usbd_pipe_cancel(pipe, verdict)
 *
 *	Let everything that is in the pipe end soon.  The last first: an
 *	endpoint that begins to move just then must not take the end of the
 *	queue for what comes next:
 *
 *	first to last			host, endpoint
 *	cancels 1: no byte of it
 *	  has gone
 *					moves again: sends 2
 *	cancels 2: too late
 *
 *	and who sends 1 again has it behind 2.
 */
void
usbd_pipe_cancel(struct usbd_pipe *pipe, usbd_status verdict)
{
	struct usbd_xfer *xfer;

	TAILQ_FOREACH_REVERSE(xfer, &pipe->up_queue, usbd_xfer_queue, ux_next)
		usbd_xfer_cancel(xfer, verdict);
}

static void
usbd_gone_locked(struct usbd_device *dev)
{
	struct usbd_pipe *pipe;

	if (dev->ud_dying)
		return;
	dev->ud_dying = true;
	LIST_FOREACH(pipe, &dev->ud_pipes, up_list)
		usbd_pipe_cancel(pipe, USBD_IOERROR);
}

/*
 * err = usbd_xfer_submit(xfer)
 *
 *	UX_IDLE or UX_PAUSED -> UX_BUSY, or an error and no move.
 */
static usbd_status
usbd_xfer_submit(struct usbd_xfer *xfer)
{
	const struct usbd_pipe *pipe = xfer->ux_pipe;
	struct usbd_device *dev = xfer->ux_dev;
	const void *setup = NULL;
	int error;

	if (xfer->ux_hyp == NULL && hyp_usbx_alloc(dev->ud_hyp,
	    pipe->up_type, pipe->up_addr, xfer->ux_bufsize,
	    usbd_xfer_host_done, xfer, &xfer->ux_hyp, &xfer->ux_hypbuf) != 0)
		return USBD_NOMEM;
	if (xfer->ux_length > 0 && !usbd_xfer_isread(xfer))
		memcpy(xfer->ux_hypbuf, xfer->ux_buffer, xfer->ux_length);
	if (pipe->up_type == UE_CONTROL)
		setup = &xfer->ux_request;
	error = hyp_usbx_submit(xfer->ux_hyp, setup, xfer->ux_length,
	    (xfer->ux_flags & USBD_FORCE_SHORT_XFER) != 0);
	if (error == ENODEV)
		dev->ud_nodev = true;	/* usbd_unlock draws the conclusion */
	if (error != 0)
		return usbd_status_of(error);
	/* A completion on the event thread waits for ud_lock. */
	xfer->ux_state = UX_BUSY;
	return USBD_IN_PROGRESS;
}

/*
 * err = usbd_xfer_accept(xfer)
 *
 *	Put an idle xfer at the end of its pipe's queue and to the host.
 *	USBD_IN_PROGRESS, or an error; then it is still the driver's.
 */
usbd_status
usbd_xfer_accept(struct usbd_xfer *xfer)
{
	struct usbd_pipe *pipe = xfer->ux_pipe;
	struct usbd_device *dev = xfer->ux_dev;
	usbd_status err;

	KASSERT(mutex_owned(&dev->ud_lock));
	KASSERTMSG(xfer->ux_state == UX_IDLE, "usbd_transfer of an xfer in "
	    "state %d", xfer->ux_state);
	if (dev->ud_dying)
		return USBD_IOERROR;
	if (pipe->up_aborting > 0 || pipe->up_suspended)
		return USBD_CANCELLED;
	xfer->ux_actlen = 0;
	xfer->ux_over = false;
	if (pipe->up_pausing)
		xfer->ux_state = UX_PAUSED;
	else if ((err = usbd_xfer_submit(xfer)) != USBD_IN_PROGRESS)
		return err;
	xfer->ux_status = USBD_IN_PROGRESS;
	TAILQ_INSERT_TAIL(&pipe->up_queue, xfer, ux_next);
	if (xfer->ux_timeout != USBD_NO_TIMEOUT)
		callout_schedule(&xfer->ux_callout, mstohz(xfer->ux_timeout));
	return USBD_IN_PROGRESS;
}

/* ---- callbacks ------------------------------------------------------ */

/* An interrupt pipe's xfer goes back to the host after its callback. */
static void
usbd_intr_restart(struct usbd_xfer *xfer, usbd_status status)
{
	struct usbd_pipe *pipe = xfer->ux_pipe;

	if (status == USBD_CANCELLED || pipe->up_dev->ud_dying ||
	    pipe->up_aborting > 0 || pipe->up_suspended)
		return;
	if (usbd_xfer_accept(xfer) == USBD_IN_PROGRESS ||
	    pipe->up_dev->ud_dying)
		return;
	/* The host could not: later. */
	usbd_pipe_pause(pipe);
	if (usbd_xfer_accept(xfer) != USBD_IN_PROGRESS)
		panic("usbd_intr_restart: a pausing pipe refuses");
}

/*
 * One callback, ud_lock dropped meanwhile.  The xfer is the driver's again
 * before it runs: it may submit it or even, from another thread, free it.
 * So afterwards only two kinds may be touched, of which we know that they
 * exist: one that a thread of ours waits for, and an interrupt pipe's.
 */
static void
usbd_xfer_callback(struct usbd_pipe *pipe, struct usbd_xfer *xfer)
{
	struct usbd_device *dev = pipe->up_dev;
	const bool sync = (xfer->ux_flags & USBD_SYNCHRONOUS) != 0;
	const bool intr = xfer->ux_intr;
	const usbd_callback cb = xfer->ux_callback;
	const usbd_status status = xfer->ux_status;
	struct lwp_note ln;

	/* All of a pipe have the driver's one buffer; nobody else runs. */
	if (intr && xfer->ux_actlen > 0)
		memcpy(xfer->ux_buffer, xfer->ux_buf, xfer->ux_actlen);
	xfer->ux_state = UX_IDLE;
	if (cb != NULL) {
		mutex_exit(&dev->ud_lock);
		kpreempt_disable();		/* for xc_barrier */
		if (!pipe->up_mpsafe)
			KERNEL_LOCK(1, curlwp);
		lwp_note_owned(&ln, HYP_NOTE_CALLBACK, pipe->up_owner);
		LOCKDEBUG_SOFT("a callback of a transfer",
		    (*cb)(xfer, xfer->ux_priv, status));
		lwp_note_exit(&ln);
		if (!pipe->up_mpsafe)
			KERNEL_UNLOCK_ONE(curlwp);
		kpreempt_enable();
		mutex_enter(&dev->ud_lock);
	}
	if (sync) {
		xfer->ux_over = true;
		cv_broadcast(&xfer->ux_cv);
	}
	if (intr)
		usbd_intr_restart(xfer, status);
}

/*
 * usbd_pipe_run(pipe)
 *
 *	Run the callbacks that are due, unless another thread does; it will
 *	see them: it looks at the queue once more before it gives up_runner
 *	back, both under ud_lock.
 */
static void
usbd_pipe_run(struct usbd_pipe *pipe)
{
	struct usbd_xfer *xfer, *next;
	u_int n = 0;

	KASSERT(mutex_owned(&pipe->up_dev->ud_lock));
	if (pipe->up_runner != NULL)
		return;
	pipe->up_runner = curlwp;
	while ((xfer = TAILQ_FIRST(&pipe->up_queue)) != NULL &&
	    xfer->ux_state == UX_DONE) {
		if (n++ == USBD_RUN_MAX) {
			callout_schedule(&pipe->up_callout, 0);
			break;
		}
		TAILQ_REMOVE(&pipe->up_queue, xfer, ux_next);
		next = TAILQ_FIRST(&pipe->up_queue);
		pipe->up_more = next != NULL && next->ux_state == UX_DONE;
		usbd_xfer_callback(pipe, xfer);
	}
	pipe->up_runner = NULL;
	if (usbd_pipe_idle(pipe))
		cv_broadcast(&pipe->up_cv);
}

/*
 * yes = usbd_pipe_more(pipe)
 *
 *	In a callback: does another one of the pipe follow, because its xfer is
 *	done already?  So what is dear can be left to that one.  It comes in
 *	any case, whatever its xfer's status.
 */
bool
usbd_pipe_more(const struct usbd_pipe *pipe)
{

	KASSERT(pipe->up_runner == curlwp);
	return pipe->up_more;
}

/*
 * yes = usbd_pipe_idle(pipe)
 *
 *	Nothing in flight and no callback running?  ud_lock held.
 */
bool
usbd_pipe_idle(const struct usbd_pipe *pipe)
{

	return TAILQ_EMPTY(&pipe->up_queue) && pipe->up_runner == NULL;
}

/*
 * usbd_pipe_wakeup(pipe)
 *
 *	Softclock: the pause is over, or callbacks are due that no other
 *	thread would run.
 */
void
usbd_pipe_wakeup(void *arg)
{
	struct usbd_pipe *pipe = arg;
	struct usbd_device *dev = pipe->up_dev;
	struct usbd_xfer *xfer;
	usbd_status err;

	mutex_enter(&dev->ud_lock);
	pipe->up_pausing = false;
	TAILQ_FOREACH(xfer, &pipe->up_queue, ux_next) {
		if (xfer->ux_state != UX_PAUSED)
			continue;
		err = dev->ud_dying ? USBD_IOERROR : usbd_xfer_submit(xfer);
		if (err != USBD_IN_PROGRESS)
			usbd_xfer_finish(xfer, err, 0);
	}
	usbd_pipe_run(pipe);
	usbd_unlock(dev);
}

/*
 * usbd_unlock(dev)
 *
 *	Leave ud_lock; if it has been found meanwhile that the device is
 *	gone, tell the bus, once.
 */
void
usbd_unlock(struct usbd_device *dev)
{
	void (*tell)(void *) = NULL;
	void *const arg = dev->ud_gonearg;

	if (dev->ud_nodev) {
		usbd_gone_locked(dev);
		tell = dev->ud_gone;
		dev->ud_gone = NULL;
	}
	mutex_exit(&dev->ud_lock);
	if (tell != NULL)
		(*tell)(arg);
}

/*
 * usbd_device_gone(dev)
 *
 *	The device is unplugged: what is in flight ends with USBD_IOERROR in
 *	at most USBD_GRACE ms, usbd_transfer fails from now on.  Any thread,
 *	any lock but ud_lock and those of drivers' callbacks; does not sleep.
 */
void
usbd_device_gone(struct usbd_device *dev)
{

	mutex_enter(&dev->ud_lock);
	usbd_gone_locked(dev);
	mutex_exit(&dev->ud_lock);
}

/* ---- completions ---------------------------------------------------- */

/*
 * The host's status of a transfer that nobody has cancelled.  An actual
 * length over what was asked for is a lie, and would be read from beyond
 * the buffer.
 */
static usbd_status
usbd_xfer_judge(const struct usbd_xfer *xfer, int status, uint32_t actlen)
{

	switch (status) {
	case HYP_USB_OK:
		if (actlen > xfer->ux_length)
			return USBD_IOERROR;
		if (actlen < xfer->ux_length &&
		    (xfer->ux_flags & USBD_SHORT_XFER_OK) == 0)
			return USBD_SHORT_XFER;
		return USBD_NORMAL_COMPLETION;
	case HYP_USB_STALL:
		return USBD_STALLED;
	default:
		return USBD_IOERROR;
	}
}

/*
 * usbd_xfer_host_done(xfer, status, actlen)
 *
 *	The host gives a transfer back; event thread.
 *
 *	event thread			softclock
 *					grace is over: UX_CANCEL ->
 *	waits for ud_lock		UX_ABANDON, takes ux_hyp,
 *					leaves ud_lock
 *	UX_ABANDON: returns at once	hyp_usbx_free: waits for this call
 *					UX_DONE, callback
 *
 *	so xfer still exists here, and its callback runs once.
 *
 *	If the host has more of the endpoint, the callbacks are left to the
 *	last of these.  That one comes here too, or is given up meanwhile, and
 *	then it is usbd_xfer_timer that runs them.
 */
void
usbd_xfer_host_done(void *cookie, int status, uint32_t actlen)
{
	struct usbd_xfer *xfer = cookie;
	struct usbd_device *dev = xfer->ux_dev;
	struct usbd_pipe *pipe;
	usbd_status err;

	mutex_enter(&dev->ud_lock);
	if (xfer->ux_state == UX_ABANDON) {
		mutex_exit(&dev->ud_lock);
		return;
	}
	pipe = xfer->ux_pipe;
	KASSERTMSG(xfer->ux_state == UX_BUSY || xfer->ux_state == UX_CANCEL,
	    "endpoint 0x%02x: the host gives a transfer back twice, state %d",
	    pipe->up_addr, xfer->ux_state);
	if (status == HYP_USB_NODEV)
		dev->ud_nodev = true;
	if (xfer->ux_state == UX_CANCEL)
		err = xfer->ux_verdict;
	else {
		err = usbd_xfer_judge(xfer, status, actlen);
		usbd_pipe_note(pipe, err);
	}
	usbd_xfer_finish(xfer, err, uimin(actlen, xfer->ux_length));
	if (dev->ud_nodev)
		usbd_gone_locked(dev);
	if (!hyp_usbx_more(xfer->ux_hyp))
		usbd_pipe_run(pipe);
	usbd_unlock(dev);
	LOCKDEBUG_NONE(__func__);
}

/*
 * UX_CANCEL -> UX_ABANDON -> UX_DONE; leaves ud_lock meanwhile.
 */
static void
usbd_xfer_abandon(struct usbd_xfer *xfer)
{
	struct usbd_device *dev = xfer->ux_dev;
	struct hyp_usbx *x = xfer->ux_hyp;

	dev->ud_nlost++;
	if ((dev->ud_nlost & (dev->ud_nlost - 1)) == 0)
		log(LOG_WARNING, "%s: endpoint 0x%02x does not give a "
		    "transfer back, given up after %d ms (%u of these)\n",
		    dev->ud_path, xfer->ux_pipe->up_addr, USBD_GRACE,
		    dev->ud_nlost);
	xfer->ux_state = UX_ABANDON;
	xfer->ux_hyp = NULL;
	xfer->ux_hypbuf = NULL;
	mutex_exit(&dev->ud_lock);
	LOCKDEBUG_NONE("hyp_usbx_free");
	hyp_usbx_free(x);
	mutex_enter(&dev->ud_lock);
	usbd_xfer_finish(xfer, xfer->ux_verdict, 0);
}

/*
 * usbd_xfer_timer(xfer)
 *
 *	Softclock: the timeout or the grace is over.  The handler may come
 *	late, when the xfer has ended and perhaps been submitted again:
 *
 *	softclock			event thread
 *	timeout expires, handler
 *	begins, waits for ud_lock	UX_BUSY -> UX_DONE, callback,
 *					usbd_transfer: UX_BUSY again
 *	takes ud_lock: this UX_BUSY	  (a) with a timeout: pending
 *	is not the one that expired	  (b) without: ux_timeout is 0
 */
void
usbd_xfer_timer(void *arg)
{
	struct usbd_xfer *xfer = arg;
	struct usbd_device *dev = xfer->ux_dev;

	mutex_enter(&dev->ud_lock);
	if (callout_pending(&xfer->ux_callout)) {
		mutex_exit(&dev->ud_lock);
		return;
	}
	switch (xfer->ux_state) {
	case UX_BUSY:
	case UX_PAUSED:
		if (xfer->ux_timeout != USBD_NO_TIMEOUT)
			usbd_xfer_cancel(xfer, USBD_TIMEOUT);
		break;
	case UX_CANCEL:
		usbd_xfer_abandon(xfer);
		usbd_pipe_run(xfer->ux_pipe);
		break;
	case UX_IDLE:
	case UX_ABANDON:
	case UX_DONE:
		break;
	}
	usbd_unlock(dev);
}
