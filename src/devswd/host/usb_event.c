/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usb_event.c - the event thread of one USB device.
 *
 * Model
 *	Waits in an epoll for two things: the usbfs descriptor (a transfer
 *	is back, or the device is gone) and hd_evfd (somebody put work on a
 *	queue, or closes the device).  Not on a timer, unless the host has no
 *	thread for the reaper that it wants (usb_reaper.c).
 *
 *	As long as the device is there the usbfs descriptor is waited for
 *	level-triggered.  After an unplug it reports POLLHUP for ever, so it
 *	becomes edge-triggered: the kernel still wakes for every URB that it
 *	gives back, which is all that is left to wait for.  POLLERR may be
 *	missed that way, since usbfs wakes before it sets it; it says only
 *	that all URBs have been given back, which was seen one by one.
 *
 *	Down in libusb, poll and reap; then, with no lock held, K's done and
 *	hyp_usb_gone; then what usb_reaper.c has to do, which at the end is to
 *	close the device.
 */
#include <sys/epoll.h>

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "host/host.h"
#include "host/usbvar.h"

static _Thread_local struct hyp_usb *event_self;

struct hyp_usb *
usb_event_self(void)
{

	return event_self;
}

static void
event_edge(struct hyp_usb *hd)
{
	struct epoll_event ev = { .events = EPOLLOUT | EPOLLET };

	if (hd->hd_edge)
		return;
	hd->hd_edge = 1;
	ev.data.fd = hd->hd_fd;
	if (epoll_ctl(hd->hd_epfd, EPOLL_CTL_MOD, hd->hd_fd, &ev) == -1)
		host_fatal("usb event thread: epoll_ctl");
}

static void
event_lost(struct hyp_usb *hd)
{

	event_edge(hd);
	pthread_mutex_lock(&hd->hd_mtx);
	hd->hd_gone = 1;
	pthread_mutex_unlock(&hd->hd_mtx);
}

/*
 * event_order(hd)
 *
 *	What the submitter wrote before the kernel had the transfer is ordered
 *	before what we read when the kernel gives it back.  The kernel orders
 *	it in fact; going through the lock that the submitter has released
 *	says so in the terms of C, and of tools that know no other; but for
 *	what is submitted and done after this, which libusb may take as well
 *	(tests/tsan.supp).
 */
static void
event_order(struct hyp_usb *hd)
{

	pthread_mutex_lock(&hd->hd_mtx);
	pthread_mutex_unlock(&hd->hd_mtx);
}

/*
 * event_reap(hd)
 *
 *	Let libusb take what is ready; revents is what epoll has said of the
 *	usbfs descriptor.  libusb stops after 25 URBs; the level-triggered
 *	epoll tells when there are more, but for the edge ask until nothing is
 *	left.  After POLLERR libusb has taken the descriptor out of its own
 *	set.
 */
static void
event_reap(struct hyp_usb *hd, short revents)
{
	struct pollfd pfd = {
		.fd = hd->hd_fd, .events = POLLOUT, .revents = revents,
	};
	struct timeval now = { 0, 0 };
	int r;

	for (;;) {
		if ((pfd.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0)
			event_lost(hd);
		if (hd->hd_err || (pfd.revents & (POLLOUT | POLLERR)) == 0)
			return;
		if ((pfd.revents & POLLERR) != 0)
			hd->hd_err = 1;
		event_order(hd);
		r = libusb_handle_events_timeout_completed(hd->hd_ctx, &now,
		    NULL);
		if (r < 0 && r != LIBUSB_ERROR_INTERRUPTED) {
			host_logf(HYP_LOG_ERR, "usb %03u/%03u: event handling "
			    "failed: %s", hd->hd_bus, hd->hd_addr,
			    libusb_error_name(r));
			hd->hd_err = 1;
			event_lost(hd);
			return;
		}
		if (!hd->hd_edge)
			return;
		pfd.revents = 0;
		if (poll(&pfd, 1, 0) == -1 && errno != EINTR)
			host_fatal("usb event thread: poll");
	}
}

/* Tell K once that the device is gone.  hd_mtx held, released meanwhile. */
static void
event_tell_gone(struct hyp_usb *hd)
{

	if (!hd->hd_gone || hd->hd_gonetold || hd->hd_closing)
		return;
	hd->hd_gonetold = 1;
	hd->hd_upcall = 1;
	pthread_mutex_unlock(&hd->hd_mtx);

	hyp_usb_gone(hd->hd_cookie);

	pthread_mutex_lock(&hd->hd_mtx);
	hd->hd_upcall = 0;
	pthread_cond_broadcast(&hd->hd_cv);
}

/* What has happened to the usbfs descriptor, as poll(2) has it, or 0. */
static short
event_wait(struct hyp_usb *hd)
{
	struct epoll_event ev[2];
	uint64_t count;
	short revents = 0;
	int i, n;

	n = epoll_wait(hd->hd_epfd, ev, 2, hd->hd_retry ? USB_REAPER_RETRY :
	    -1);
	if (n == -1 && errno != EINTR)
		host_fatal("usb event thread: epoll_wait");
	for (i = 0; i < n; i++) {
		if (ev[i].data.fd == hd->hd_fd)
			revents = (short)ev[i].events;
		else if (read(hd->hd_evfd, &count, sizeof(count)) == -1 &&
		    errno != EAGAIN)
			host_fatal("usb event thread: eventfd");
	}
	return revents;
}

void
usb_event_thread(void *arg)
{
	struct hyp_usb *hd = arg;
	short revents;
	int over;

	event_self = hd;
	do {
		revents = event_wait(hd);
		event_reap(hd, revents);
		pthread_mutex_lock(&hd->hd_mtx);
		usbx_deliver(hd);
		event_tell_gone(hd);
		over = usb_reap(hd);
		pthread_mutex_unlock(&hd->hd_mtx);
	} while (!over);
	usb_reap_last(hd);
}
