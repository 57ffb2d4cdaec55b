/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usb_reaper.c - what hardware may hold up for ever: cancelling transfers,
 * and closing the device.
 *
 * Model
 *	A device that is open has a thread for that, its reaper, only while
 *	there is something to cancel and for USB_REAPER_IDLE after it.  The
 *	event thread makes it, when hd_cancelq has something; if the host has
 *	no thread to give, it tries again each USB_REAPER_RETRY, and goes on
 *	with its own work meanwhile.  So who cancels needs nothing that can
 *	fail, and no device waits for another's reaper.
 *
 *	When the device closes there is nobody left to whom the event thread
 *	could tell anything.  Once the reaper, if there is one, has ended, it
 *	is the event thread that cancels; and when nothing is in flight any
 *	more it gives the interfaces back, closes, and drops the reference of
 *	the open device.  A close needs no thread that it does not have.
 *
 *	want_cancel			event thread	reaper
 *	on hd_cancelq; no hd_reaper
 *	wakes
 *					hd_reaper = 1
 *					creates it
 *							cancels
 *							nothing for a while:
 *							hd_reaper = 0, ends
 *
 *	All under hd_mtx, so that what comes to hd_cancelq while hd_reaper is
 *	set is seen before it is cleared.
 *
 *	From hyp_usb_close to that end a device is on reaper_lingering,
 *	normally for milliseconds, longer if a driver of the kernel looks at
 *	what it gets back.  What stays there is stuck hardware.
 *
 *	Slow is not stuck: who opens a device that is on the list (a reload
 *	gave it another unit, say) waits for it, for USB_OPEN_WAIT:
 *
 *		port's thread			event thread
 *		hyp_usb_close: 300 ms pass	the kernel's driver probes
 *		hyp_usb_open: waits
 *						off the list, usb_cv
 *		opens
 *
 * Known gaps
 *	A driver of the kernel that hangs in its probe, when an interface is
 *	given back, hangs the thread that closes as well.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host/host.h"
#include "host/usb.h"
#include "host/usbvar.h"

static pthread_mutex_t usb_mtx = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t usb_cv;		/* usb_mtx; a device left the list */
static pthread_once_t usb_once = PTHREAD_ONCE_INIT;
static LIST_HEAD(, hyp_usb) reaper_lingering =
    LIST_HEAD_INITIALIZER(reaper_lingering);
static unsigned reaper_nlingering;	/* usb_mtx */

static void
reaper_init(void)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&usb_cv, &attr);
	pthread_condattr_destroy(&attr);
}

/* What keeps a device from being opened now; usb_mtx held. */
static const char *
lingering_why(uint32_t bus, uint32_t addr)
{
	const struct hyp_usb *hd;

	LIST_FOREACH(hd, &reaper_lingering, hd_lingering) {
		if (hd->hd_bus == bus && hd->hd_addr == addr)
			return "it has not given back transfers of before";
	}
	return reaper_nlingering < USB_MAX_LINGERING ? NULL :
	    "too many other devices never gave transfers back";
}

int
usb_lingering_check(uint32_t bus, uint32_t addr)
{
	const struct timespec ts = usb_timespec(hyp_clock() + USB_OPEN_WAIT);
	const char *why;

	pthread_once(&usb_once, reaper_init);
	pthread_mutex_lock(&usb_mtx);
	while ((why = lingering_why(bus, addr)) != NULL &&
	    pthread_cond_timedwait(&usb_cv, &usb_mtx, &ts) == 0)
		continue;
	pthread_mutex_unlock(&usb_mtx);
	if (why == NULL)
		return 0;
	host_logf(HYP_LOG_ERR, "usb %03u/%03u: not opened: %s; unplug the "
	    "stuck device", bus, addr, why);
	return EAGAIN;
}

void
usb_lingering_add(struct hyp_usb *hd)
{

	pthread_once(&usb_once, reaper_init);
	pthread_mutex_lock(&usb_mtx);
	LIST_INSERT_HEAD(&reaper_lingering, hd, hd_lingering);
	reaper_nlingering++;
	pthread_mutex_unlock(&usb_mtx);
}

static void
lingering_remove(struct hyp_usb *hd)
{

	pthread_mutex_lock(&usb_mtx);
	LIST_REMOVE(hd, hd_lingering);
	reaper_nlingering--;
	pthread_cond_broadcast(&usb_cv);
	pthread_mutex_unlock(&usb_mtx);
}

unsigned
host_usb_drain(uint64_t deadline)
{
	const struct timespec ts = usb_timespec(deadline);
	unsigned left;

	pthread_once(&usb_once, reaper_init);
	pthread_mutex_lock(&usb_mtx);
	while (reaper_nlingering != 0 &&
	    pthread_cond_timedwait(&usb_cv, &usb_mtx, &ts) == 0)
		continue;
	left = reaper_nlingering;
	pthread_mutex_unlock(&usb_mtx);
	return left;
}

/*
 * reaper_give_back(hd)
 *
 *	Release all interfaces before the first one is given to a driver of
 *	the kernel: cdc_acm takes two at once.
 */
static void
reaper_give_back(struct hyp_usb *hd)
{
	uint32_t claimed = hd->hd_claimed;
	int i;

	(void)libusb_set_auto_detach_kernel_driver(hd->hd_handle, 0);
	for (i = 0; i < USB_MAX_INTERFACES; i++) {
		if (claimed & (UINT32_C(1) << i))
			(void)libusb_release_interface(hd->hd_handle, i);
	}
	for (i = 0; i < USB_MAX_INTERFACES; i++) {
		if (claimed & (UINT32_C(1) << i)) {
			(void)libusb_attach_kernel_driver(hd->hd_handle, i);
			usb_claims_remove(hd->hd_fd, (uint8_t)i);
		}
	}
}

/* Until nothing is to be cancelled.  hd_mtx held, released meanwhile. */
static void
reaper_cancel(struct hyp_usb *hd)
{

	if (TAILQ_EMPTY(&hd->hd_cancelq))
		return;
	(void)usb_gate_shut(hd, 0);
	usbx_cancelq_run(hd);
	usb_gate_open(hd);
}

static void
reaper_thread(void *arg)
{
	struct hyp_usb *hd = arg;
	uint64_t until;

	pthread_mutex_lock(&hd->hd_mtx);
	do {
		reaper_cancel(hd);
		until = hyp_clock() + USB_REAPER_IDLE;
		while (TAILQ_EMPTY(&hd->hd_cancelq) && !hd->hd_closing &&
		    usb_cond_wait(hd, until) == 0)
			continue;
	} while (!TAILQ_EMPTY(&hd->hd_cancelq));
	hd->hd_reaper = 0;
	if (hd->hd_closing)
		usb_wake_event(hd);
	pthread_mutex_unlock(&hd->hd_mtx);
}

/* Let there be a reaper.  hd_mtx held, released meanwhile. */
static void
reaper_start(struct hyp_usb *hd)
{
	static struct host_quiet quiet;
	char name[16];
	unsigned n;
	int error;

	hd->hd_reaper = 1;
	pthread_mutex_unlock(&hd->hd_mtx);
	snprintf(name, sizeof(name), "usb%u.%u-reap", hd->hd_bus % 1000,
	    hd->hd_addr % 1000);
	error = hyp_thread_create(name, reaper_thread, hd, NULL);
	if (error != 0 && (n = host_log_quiet(&quiet)) != 0)
		host_logf(HYP_LOG_WARNING, "usb %03u/%03u: no thread to cancel "
		    "transfers, trying again: %s (%u of these)", hd->hd_bus,
		    hd->hd_addr, strerror(error), n);
	pthread_mutex_lock(&hd->hd_mtx);
	if (error == 0)
		return;
	hd->hd_reaper = 0;
	hd->hd_retry = 1;
}

int
usb_reap(struct hyp_usb *hd)
{

	hd->hd_retry = 0;
	if (hd->hd_reaper)
		return 0;
	if (!hd->hd_closing) {
		if (!TAILQ_EMPTY(&hd->hd_cancelq))
			reaper_start(hd);
		return 0;
	}
	reaper_cancel(hd);
	if (hd->hd_nflying != 0 || hd->hd_nsubmit != 0)
		return 0;
	(void)usb_gate_shut(hd, 0);
	return 1;
}

void
usb_reap_last(struct hyp_usb *hd)
{

	reaper_give_back(hd);
	pthread_mutex_lock(&hd->hd_mtx);
	usbx_forget_libusb(hd);
	pthread_mutex_unlock(&hd->hd_mtx);
	libusb_close(hd->hd_handle);
	libusb_exit(hd->hd_ctx);
	close(hd->hd_epfd);
	close(hd->hd_evfd);
	close(hd->hd_fd);
	lingering_remove(hd);

	pthread_mutex_lock(&hd->hd_mtx);
	hd->hd_closed = 1;
	pthread_cond_broadcast(&hd->hd_cv);
	usb_rele(hd);
}
