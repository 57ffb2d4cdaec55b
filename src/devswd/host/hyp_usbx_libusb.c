/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hyp_usbx_libusb.c - transfers on libusb's asynchronous interface.
 *
 * The model, states and locks are in usbvar.h.  libusb's timeout is always
 * 0; usbdi has timers of its own and cancels.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/host.h"
#include "host/usbvar.h"

#define	SETUP_SIZE	LIBUSB_CONTROL_SETUP_SIZE

static atomic_uint usbx_nzombies;

unsigned
hyp_usb_zombies(void)
{

	return atomic_load(&usbx_nzombies);
}

/* ---- moves between the states; hd_mtx held -------------------------- */

static void
usbx_mark_zombie(struct hyp_usbx *hx)
{

	if (!hx->hx_zombie) {
		hx->hx_zombie = 1;
		atomic_fetch_add(&usbx_nzombies, 1);
	}
}

/* The reaper shall cancel hx, which is FLYING. */
static void
usbx_want_cancel(struct hyp_usbx *hx)
{
	struct hyp_usb *hd = hx->hx_dev;

	if (hx->hx_cancel)
		return;
	hx->hx_cancel = 1;
	TAILQ_INSERT_TAIL(&hd->hd_cancelq, hx, hx_centry);
	if (hd->hd_reaper)
		pthread_cond_broadcast(&hd->hd_cv);
	else
		usb_wake_event(hd);
}

/* FLYING -> IDLE: libusb has nothing to do with it any more. */
static void
usbx_land(struct hyp_usbx *hx)
{
	struct hyp_usb *hd = hx->hx_dev;

	if (hx->hx_state != USBX_FLYING || hd->hd_nflying == 0)
		hyp_panic("usbx_land: transfer is not in flight");
	hx->hx_state = USBX_IDLE;
	hd->hd_nflying--;
	if (hx->hx_cancel) {
		hx->hx_cancel = 0;
		TAILQ_REMOVE(&hd->hd_cancelq, hx, hx_centry);
	}
	if (hx->hx_zombie) {
		hx->hx_zombie = 0;
		atomic_fetch_sub(&usbx_nzombies, 1);
	}
}

/* IDLE -> DONE. */
static void
usbx_finish(struct hyp_usbx *hx, int status, uint32_t actlen)
{
	struct hyp_usb *hd = hx->hx_dev;

	hx->hx_state = USBX_DONE;
	hx->hx_status = status;
	hx->hx_actlen = actlen;
	TAILQ_INSERT_TAIL(&hd->hd_doneq, hx, hx_qentry);
}

/*
 * freed = usbx_reclaim(hx)
 *
 *	Free hx if its owner has let go of it and nobody else has hold of it.
 *	Drops its reference to the device, which must not be the last one, or
 *	the caller goes on with usb_rele; so it keeps the count and the
 *	caller of hyp_usbx_free decides.
 */
static int
usbx_reclaim(struct hyp_usbx *hx)
{
	struct hyp_usb *hd = hx->hx_dev;

	if (!hx->hx_orphan || hx->hx_state != USBX_IDLE || hx->hx_reaping ||
	    hd->hd_running == hx)
		return 0;
	TAILQ_REMOVE(&hd->hd_all, hx, hx_entry);
	if (hx->hx_xfer != NULL)
		libusb_free_transfer(hx->hx_xfer);
	free(hx->hx_mem);
	free(hx);
	return 1;
}

/* The same on a thread of the device, whose own reference is another one. */
static void
usbx_reclaim_thread(struct hyp_usbx *hx)
{
	struct hyp_usb *hd = hx->hx_dev;

	if (!usbx_reclaim(hx))
		return;
	if (hd->hd_refs < 2)
		hyp_panic("usbx_reclaim: no reference left for the threads");
	hd->hd_refs--;
}

/* ---- completion, event thread --------------------------------------- */

static int
usbx_status(enum libusb_transfer_status status)
{

	switch (status) {
	case LIBUSB_TRANSFER_COMPLETED:
		return HYP_USB_OK;
	case LIBUSB_TRANSFER_CANCELLED:
		return HYP_USB_CANCELLED;
	case LIBUSB_TRANSFER_STALL:
		return HYP_USB_STALL;
	case LIBUSB_TRANSFER_NO_DEVICE:
		return HYP_USB_NODEV;
	case LIBUSB_TRANSFER_OVERFLOW:
		return HYP_USB_OVERFLOW;
	default:
		return HYP_USB_IOERROR;
	}
}

/*
 * usbx_callback(xfer)
 *
 *	libusb's callback, with locks of libusb held: only note the result.
 *	An unplugged device may have transfers "completed" with no bytes,
 *	which are the kernel's kills; say what they are.
 */
static void LIBUSB_CALL
usbx_callback(struct libusb_transfer *xfer)
{
	struct hyp_usbx *hx = xfer->user_data;
	struct hyp_usb *hd = hx->hx_dev;
	int status;
	uint32_t actlen;

	status = usbx_status(xfer->status);
	actlen = xfer->actual_length > 0 ? (uint32_t)xfer->actual_length : 0;
	pthread_mutex_lock(&hd->hd_mtx);
	usbx_land(hx);
	if (status == HYP_USB_NODEV)
		hd->hd_gone = 1;
	else if (status == HYP_USB_OK && actlen == 0 && hd->hd_gone)
		status = HYP_USB_NODEV;
	if (!hx->hx_dying && !hd->hd_closing)
		usbx_finish(hx, status, actlen);
	else
		usbx_reclaim_thread(hx);
	pthread_mutex_unlock(&hd->hd_mtx);
}

/*
 * usbx_deliver(hd)
 *
 *	hd_running tells hyp_usbx_free on another thread to wait, and on this
 *	thread to leave the freeing to us:
 *
 *		event thread			other thread
 *		hd_running = hx
 *		drops hd_mtx, calls done
 *						hyp_usbx_free(hx):
 *						hx_dying: no submit succeeds
 *						waits for hd_running != hx
 *		done returns
 *		hd_running = NULL, wakes
 *						frees hx, or leaves it in
 *						flight as an orphan
 */
void
usbx_deliver(struct hyp_usb *hd)
{
	struct hyp_usbx *hx, *next;
	uint32_t actlen;
	int status;

	while ((hx = TAILQ_FIRST(&hd->hd_doneq)) != NULL) {
		TAILQ_REMOVE(&hd->hd_doneq, hx, hx_qentry);
		hx->hx_state = USBX_IDLE;
		status = hx->hx_status;
		actlen = hx->hx_actlen;
		next = TAILQ_FIRST(&hd->hd_doneq);
		hd->hd_more = next != NULL &&
		    next->hx_xfer->endpoint == hx->hx_xfer->endpoint;
		hd->hd_running = hx;
		hd->hd_upcall = 1;
		pthread_mutex_unlock(&hd->hd_mtx);

		hx->hx_done(hx->hx_cookie, status, actlen);

		pthread_mutex_lock(&hd->hd_mtx);
		hd->hd_running = NULL;
		hd->hd_upcall = 0;
		if (hx->hx_dying || hd->hd_closing)
			pthread_cond_broadcast(&hd->hd_cv);
		usbx_reclaim_thread(hx);
	}
}

/* As usbx_deliver has seen it; a free since then is the caller's business. */
int
hyp_usbx_more(struct hyp_usbx *hx)
{

	if (usb_event_self() != hx->hx_dev)
		hyp_panic("hyp_usbx_more: not in done");
	return hx->hx_dev->hd_more;
}

/* ---- submit --------------------------------------------------------- */

/*
 * error = usbx_launch(hx)
 *
 *	Hand hx, which is IDLE, to libusb, with hd_mtx released meanwhile.
 *	libusb's error; then hx is IDLE again, and may have been freed by its
 *	owner meanwhile, so the caller reclaims.
 */
static int
usbx_launch(struct hyp_usbx *hx)
{
	struct hyp_usb *hd = hx->hx_dev;
	int r;

	hx->hx_state = USBX_FLYING;
	hd->hd_nflying++;
	hd->hd_nsubmit++;
	pthread_mutex_unlock(&hd->hd_mtx);

	r = libusb_submit_transfer(hx->hx_xfer);

	pthread_mutex_lock(&hd->hd_mtx);
	hd->hd_nsubmit--;
	if (hd->hd_nsubmit == 0 && hd->hd_excl)
		pthread_cond_broadcast(&hd->hd_cv);
	if (hd->hd_closing)
		usb_wake_event(hd);
	if (r == 0)
		return 0;	/* hx may be back, and even freed, by now */
	usbx_land(hx);
	if (r == LIBUSB_ERROR_NO_DEVICE && !hd->hd_gone) {
		hd->hd_gone = 1;
		usb_wake_event(hd);
	}
	return r;
}

static void
usbx_fill(struct hyp_usbx *hx, const void *setup, uint32_t len, int zlp)
{
	struct libusb_transfer *xfer = hx->hx_xfer;

	xfer->length = (int)len;
	xfer->flags = 0;
	if (hx->hx_type == HYP_USB_CONTROL) {
		memcpy(hx->hx_mem, setup, SETUP_SIZE);
		xfer->length += SETUP_SIZE;
	} else if (zlp && (xfer->endpoint & LIBUSB_ENDPOINT_IN) == 0) {
		xfer->flags = LIBUSB_TRANSFER_ADD_ZERO_PACKET;
	}
}

static int
usbx_submit_error(int r)
{

	switch (r) {
	case LIBUSB_ERROR_NO_DEVICE:
		return ENODEV;
	case LIBUSB_ERROR_NO_MEM:
		return ENOMEM;
	default:
		return EIO;
	}
}

/*
 * error = hyp_usbx_submit(hx, setup, len, zlp)
 *
 *	Directly if nobody has usbfs for himself, else onto the queue.  A
 *	queue that is not empty is joined too: transfers of an endpoint keep
 *	their order.
 */
int
hyp_usbx_submit(struct hyp_usbx *hx, const void *setup, uint32_t len, int zlp)
{
	struct hyp_usb *hd = hx->hx_dev;
	int r;

	if (len > hx->hx_size ||
	    (hx->hx_type == HYP_USB_CONTROL) != (setup != NULL))
		hyp_panic("hyp_usbx_submit: length or setup is wrong");
	pthread_mutex_lock(&hd->hd_mtx);
	if (hd->hd_closing || hd->hd_gone || hx->hx_dying) {
		pthread_mutex_unlock(&hd->hd_mtx);
		return ENODEV;
	}
	if (hx->hx_state != USBX_IDLE)
		hyp_panic("hyp_usbx_submit: transfer is in flight");
	usbx_fill(hx, setup, len, zlp);
	r = 0;
	if (hd->hd_excl || !TAILQ_EMPTY(&hd->hd_submitq)) {
		hx->hx_state = USBX_QUEUED;
		TAILQ_INSERT_TAIL(&hd->hd_submitq, hx, hx_qentry);
	} else if ((r = usbx_launch(hx)) != 0) {
		usbx_reclaim_thread(hx);
	}
	pthread_mutex_unlock(&hd->hd_mtx);
	return r == 0 ? 0 : usbx_submit_error(r);
}

/*
 * usbx_flush(hd)
 *
 *	A submit from the queue has returned 0 already, so its failure is
 *	told by done.
 */
void
usbx_flush(struct hyp_usb *hd)
{
	struct hyp_usbx *hx;
	int r;

	while ((hx = TAILQ_FIRST(&hd->hd_submitq)) != NULL) {
		TAILQ_REMOVE(&hd->hd_submitq, hx, hx_qentry);
		hx->hx_state = USBX_IDLE;
		r = hd->hd_gone ? LIBUSB_ERROR_NO_DEVICE : usbx_launch(hx);
		if (r == 0)
			continue;
		if (hx->hx_dying || hd->hd_closing) {
			usbx_reclaim_thread(hx);
			continue;
		}
		usbx_finish(hx, r == LIBUSB_ERROR_NO_DEVICE ? HYP_USB_NODEV :
		    HYP_USB_IOERROR, 0);
		usb_wake_event(hd);
	}
}

/* ---- cancel --------------------------------------------------------- */

void
hyp_usbx_cancel(struct hyp_usbx *hx)
{
	struct hyp_usb *hd = hx->hx_dev;

	pthread_mutex_lock(&hd->hd_mtx);
	switch (hx->hx_state) {
	case USBX_QUEUED:
		TAILQ_REMOVE(&hd->hd_submitq, hx, hx_qentry);
		usbx_finish(hx, HYP_USB_CANCELLED, 0);
		usb_wake_event(hd);
		break;
	case USBX_FLYING:
		usbx_want_cancel(hx);
		break;
	case USBX_IDLE:
	case USBX_DONE:
		break;
	}
	pthread_mutex_unlock(&hd->hd_mtx);
}

/*
 * usbx_cancelq_run(hd)
 *
 *	The only caller of libusb_cancel_transfer, which may never return.
 *	Whatever it says, the transfer is back when its callback was called.
 *	hx stays allocated meanwhile because of hx_reaping.
 */
void
usbx_cancelq_run(struct hyp_usb *hd)
{
	struct hyp_usbx *hx;

	while ((hx = TAILQ_FIRST(&hd->hd_cancelq)) != NULL) {
		TAILQ_REMOVE(&hd->hd_cancelq, hx, hx_centry);
		hx->hx_cancel = 0;
		hx->hx_reaping = 1;
		pthread_mutex_unlock(&hd->hd_mtx);

		(void)libusb_cancel_transfer(hx->hx_xfer);

		pthread_mutex_lock(&hd->hd_mtx);
		hx->hx_reaping = 0;
		usbx_reclaim_thread(hx);
	}
}

/* ---- life ----------------------------------------------------------- */

int
hyp_usbx_alloc(struct hyp_usb *hd, int type, uint8_t endpoint, size_t size,
    hyp_usb_done_t *done, void *cookie, struct hyp_usbx **hxp, void **bufp)
{
	struct hyp_usbx *hx;
	size_t off;

	off = type == HYP_USB_CONTROL ? SETUP_SIZE : 0;
	hx = calloc(1, sizeof(*hx));
	if (hx == NULL)
		return ENOMEM;
	hx->hx_mem = calloc(1, off + size + 1);
	hx->hx_xfer = libusb_alloc_transfer(0);
	if (hx->hx_mem == NULL || hx->hx_xfer == NULL || size > INT32_MAX / 2) {
		libusb_free_transfer(hx->hx_xfer);
		free(hx->hx_mem);
		free(hx);
		return ENOMEM;
	}
	hx->hx_dev = hd;
	hx->hx_size = size;
	hx->hx_type = type;
	hx->hx_done = done;
	hx->hx_cookie = cookie;
	hx->hx_xfer->dev_handle = hd->hd_handle;
	hx->hx_xfer->endpoint = endpoint;
	hx->hx_xfer->type = (unsigned char)type;
	hx->hx_xfer->timeout = 0;
	hx->hx_xfer->buffer = hx->hx_mem;
	hx->hx_xfer->callback = usbx_callback;
	hx->hx_xfer->user_data = hx;

	pthread_mutex_lock(&hd->hd_mtx);
	hd->hd_refs++;
	TAILQ_INSERT_TAIL(&hd->hd_all, hx, hx_entry);
	pthread_mutex_unlock(&hd->hd_mtx);
	*hxp = hx;
	*bufp = hx->hx_mem + off;
	return 0;
}

/*
 * hyp_usbx_free(hx)
 *
 *	Every transfer is freed by its owner with this, before or after the
 *	device is closed.
 */
/* hd_mtx held: no callback any more; what the kernel has is to come back. */
static void
usbx_withdraw(struct hyp_usbx *hx)
{
	struct hyp_usb *hd = hx->hx_dev;

	switch (hx->hx_state) {
	case USBX_QUEUED:
		TAILQ_REMOVE(&hd->hd_submitq, hx, hx_qentry);
		hx->hx_state = USBX_IDLE;
		break;
	case USBX_DONE:
		TAILQ_REMOVE(&hd->hd_doneq, hx, hx_qentry);
		hx->hx_state = USBX_IDLE;
		break;
	case USBX_FLYING:
		usbx_mark_zombie(hx);
		usbx_want_cancel(hx);
		break;
	case USBX_IDLE:
		break;
	}
}

void
hyp_usbx_free(struct hyp_usbx *hx)
{
	struct hyp_usb *hd = hx->hx_dev;

	pthread_mutex_lock(&hd->hd_mtx);
	if (hx->hx_dying)
		hyp_panic("hyp_usbx_free: freed before");
	hx->hx_dying = 1;
	while (hd->hd_running == hx && usb_event_self() != hd)
		(void)usb_cond_wait(hd, 0);
	hx->hx_orphan = 1;
	usbx_withdraw(hx);
	if (usbx_reclaim(hx))
		usb_rele(hd);
	else
		pthread_mutex_unlock(&hd->hd_mtx);
}

void
usbx_close_all(struct hyp_usb *hd)
{
	struct hyp_usbx *hx;

	TAILQ_FOREACH(hx, &hd->hd_all, hx_entry)
		usbx_withdraw(hx);
}

/*
 * usbx_forget_libusb(hd)
 *
 *	A libusb_transfer refers to the context through its device, so it
 *	must go first, even if its owner has not freed the hyp_usbx yet.
 */
void
usbx_forget_libusb(struct hyp_usb *hd)
{
	struct hyp_usbx *hx;

	TAILQ_FOREACH(hx, &hd->hd_all, hx_entry) {
		if (hx->hx_state != USBX_IDLE || hx->hx_reaping)
			hyp_panic("usbx_forget_libusb: transfer in use");
		libusb_free_transfer(hx->hx_xfer);
		hx->hx_xfer = NULL;
	}
}
