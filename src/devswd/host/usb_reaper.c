/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usb_reaper.c - the reaper thread of one USB device, which does everything
 * that hardware may hold up for ever: it cancels transfers, and at the end
 * closes the device.
 *
 * Model
 *	Sleeps until hd_cancelq has something or the device is closing.
 *	Closing, it waits until nothing is in flight; then ends the event
 *	thread, gives the interfaces back, closes, and drops the reference of
 *	the open device.
 *
 *	From hyp_usb_close to that end a device is on reaper_lingering,
 *	normally for milliseconds, longer if a driver of the kernel looks at
 *	what it gets back.  What stays there is stuck hardware.
 *
 *	Slow is not stuck: who opens a device that is on the list (a reload
 *	gave it another unit, say) waits for it, for USB_OPEN_WAIT:
 *
 *		port's thread			reaper
 *		hyp_usb_close: 300 ms pass	the kernel's driver probes
 *		hyp_usb_open: waits
 *						off the list, usb_cv
 *		opens
 *
 * Known gaps
 *	A driver of the kernel that hangs in its probe, when an interface is
 *	given back, hangs the reaper as well.
 */
#include <errno.h>
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

/* Alone with the device: nothing in flight, nobody inside libusb. */
static void
reaper_close(struct hyp_usb *hd)
{

	usb_wake_event(hd);
	hyp_thread_join(hd->hd_evthread);
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
}

void
usb_reaper_thread(void *arg)
{
	struct hyp_usb *hd = arg;

	pthread_mutex_lock(&hd->hd_mtx);
	while (!hd->hd_closing || hd->hd_nflying != 0 || hd->hd_nsubmit != 0) {
		if (TAILQ_EMPTY(&hd->hd_cancelq)) {
			(void)usb_cond_wait(hd, 0);
			continue;
		}
		(void)usb_gate_shut(hd, 0);
		usbx_cancelq_run(hd);
		usb_gate_open(hd);
	}
	(void)usb_gate_shut(hd, 0);
	hd->hd_quit = 1;
	pthread_mutex_unlock(&hd->hd_mtx);

	reaper_close(hd);

	pthread_mutex_lock(&hd->hd_mtx);
	hd->hd_closed = 1;
	pthread_cond_broadcast(&hd->hd_cv);
	usb_rele(hd);
}
