/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hyp_usb_libusb.c - USB devices on libusb: open, close, descriptors,
 * configuration, claim.
 *
 * The model, states and locks are in usbvar.h; transfers are in
 * hyp_usbx_libusb.c.
 *
 * Descriptors are read from sysfs, where the kernel keeps them: that needs
 * no request to the device and no lock of it.  /sys/dev/char/MAJOR:MINOR of
 * the usbfs node leads to the directory.
 */
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/host.h"
#include "host/usb.h"
#include "host/usbvar.h"

#define	DEVICE_DESC_SIZE	18

static pthread_once_t usb_option_once = PTHREAD_ONCE_INIT;
static uint64_t usb_heir_since;		/* hyp_clock; 0: it is none */
static void (*usb_attaching)(const struct hyp_usb_info *, int);

static void
usb_set_options(void)
{

	(void)libusb_set_option(NULL, LIBUSB_OPTION_NO_DEVICE_DISCOVERY);
}

int
usb_error(int r)
{

	switch (r) {
	case 0:
		return 0;
	case LIBUSB_ERROR_NO_DEVICE:
		return ENODEV;
	case LIBUSB_ERROR_NO_MEM:
		return ENOMEM;
	case LIBUSB_ERROR_BUSY:
		return EBUSY;
	case LIBUSB_ERROR_ACCESS:
		return EACCES;
	default:
		return EIO;
	}
}

int
usb_cond_wait(struct hyp_usb *hd, uint64_t deadline)
{
	const struct timespec ts = usb_timespec(deadline);

	if (deadline == 0)
		return pthread_cond_wait(&hd->hd_cv, &hd->hd_mtx);
	return pthread_cond_timedwait(&hd->hd_cv, &hd->hd_mtx, &ts);
}

void
usb_wake_event(struct hyp_usb *hd)
{
	uint64_t one = 1;

	if (write(hd->hd_evfd, &one, sizeof(one)) == -1 && errno != EAGAIN)
		host_fatal("usb: eventfd");
}

/* ---- the gate ------------------------------------------------------- */

int
usb_gate_shut(struct hyp_usb *hd, uint64_t deadline)
{
	int error = 0;

	while (hd->hd_excl && error == 0)
		error = usb_cond_wait(hd, deadline);
	if (error != 0)
		return error;
	hd->hd_excl = 1;
	while (hd->hd_nsubmit != 0 && error == 0)
		error = usb_cond_wait(hd, deadline);
	if (error != 0) {
		usb_gate_open(hd);
		return error;
	}
	usb_claims_busy(hd->hd_fd, 1);
	return 0;
}

void
usb_gate_open(struct hyp_usb *hd)
{

	usbx_flush(hd);
	usb_claims_busy(hd->hd_fd, 0);
	hd->hd_excl = 0;
	pthread_cond_broadcast(&hd->hd_cv);
}

/*
 * error = usb_enter(hd)
 * usb_exit(hd)
 *
 *	The same for a K thread: hd_mtx not held before and after.  EBUSY:
 *	the reaper has not come back from the hardware; ENODEV.
 */
static int
usb_enter(struct hyp_usb *hd)
{
	int error = 0;

	pthread_mutex_lock(&hd->hd_mtx);
	if (hd->hd_closing)
		hyp_panic("hyp_usb: device is closed");
	if (hd->hd_gone)
		error = ENODEV;
	else if (usb_gate_shut(hd, hyp_clock() + USB_GATE_WAIT) != 0)
		error = EBUSY;
	pthread_mutex_unlock(&hd->hd_mtx);
	return error;
}

static void
usb_exit(struct hyp_usb *hd)
{

	pthread_mutex_lock(&hd->hd_mtx);
	usb_gate_open(hd);
	pthread_mutex_unlock(&hd->hd_mtx);
}

/* ---- open and close ------------------------------------------------- */

static int
open_node(uint32_t bus, uint32_t addr, int *fdp)
{
	char path[40];
	int fd;

	snprintf(path, sizeof(path), "/dev/bus/usb/%03u/%03u", bus, addr);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd >= 0) {
		*fdp = fd;
		return 0;
	}
	switch (errno) {
	case EACCES:
	case EPERM:
		host_logf(HYP_LOG_ERR, "%s: not permitted; run devswd as root, "
		    "or by its service", path);
		return EACCES;
	case EMFILE:
	case ENFILE:
		return EMFILE;
	case ENOMEM:
		return ENOMEM;
	default:
		return ENODEV;
	}
}

static int
open_epoll(struct hyp_usb *hd)
{
	struct epoll_event ev = { .events = EPOLLOUT };

	hd->hd_evfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	hd->hd_epfd = epoll_create1(EPOLL_CLOEXEC);
	if (hd->hd_evfd == -1 || hd->hd_epfd == -1)
		return EMFILE;
	ev.data.fd = hd->hd_fd;
	if (epoll_ctl(hd->hd_epfd, EPOLL_CTL_ADD, hd->hd_fd, &ev) == -1)
		return ENOMEM;
	ev.events = EPOLLIN;
	ev.data.fd = hd->hd_evfd;
	if (epoll_ctl(hd->hd_epfd, EPOLL_CTL_ADD, hd->hd_evfd, &ev) == -1)
		return ENOMEM;
	return 0;
}

static int
open_libusb(struct hyp_usb *hd)
{
	int r;

	pthread_once(&usb_option_once, usb_set_options);
	r = libusb_init(&hd->hd_ctx);
	if (r != 0) {
		hd->hd_ctx = NULL;
		return r == LIBUSB_ERROR_NO_MEM ? ENOMEM : EMFILE;
	}
	r = libusb_wrap_sys_device(hd->hd_ctx, (intptr_t)hd->hd_fd,
	    &hd->hd_handle);
	if (r != 0) {
		hd->hd_handle = NULL;
		return usb_error(r);
	}
	return 0;
}

static int
open_thread(struct hyp_usb *hd)
{
	char name[16];

	snprintf(name, sizeof(name), "usb%u.%u", hd->hd_bus % 1000,
	    hd->hd_addr % 1000);
	return hyp_thread_create(name, usb_event_thread, hd, NULL);
}

static struct hyp_usb *
usb_alloc(uint32_t bus, uint32_t addr, void *cookie)
{
	pthread_condattr_t attr;
	struct hyp_usb *hd;

	hd = calloc(1, sizeof(*hd));
	if (hd == NULL)
		return NULL;
	pthread_mutex_init(&hd->hd_mtx, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&hd->hd_cv, &attr);
	pthread_condattr_destroy(&attr);
	hd->hd_refs = 1;
	hd->hd_bus = bus;
	hd->hd_addr = addr;
	hd->hd_cookie = cookie;
	hd->hd_fd = hd->hd_epfd = hd->hd_evfd = -1;
	TAILQ_INIT(&hd->hd_all);
	TAILQ_INIT(&hd->hd_submitq);
	TAILQ_INIT(&hd->hd_doneq);
	TAILQ_INIT(&hd->hd_cancelq);
	return hd;
}

/* The last reference is gone; no transfer is left to name the device. */
static void
usb_free(struct hyp_usb *hd)
{

	if (!TAILQ_EMPTY(&hd->hd_all) || hd->hd_nflying != 0)
		hyp_panic("usb_free: transfers left");
	pthread_cond_destroy(&hd->hd_cv);
	pthread_mutex_destroy(&hd->hd_mtx);
	free(hd);
}

void
usb_rele(struct hyp_usb *hd)
{
	unsigned refs;

	refs = --hd->hd_refs;
	pthread_mutex_unlock(&hd->hd_mtx);
	if (refs == 0)
		usb_free(hd);
}

/* Undo an open that failed before there was a thread. */
static void
open_abort(struct hyp_usb *hd)
{

	if (hd->hd_handle != NULL)
		libusb_close(hd->hd_handle);
	if (hd->hd_ctx != NULL)
		libusb_exit(hd->hd_ctx);
	if (hd->hd_epfd != -1)
		close(hd->hd_epfd);
	if (hd->hd_evfd != -1)
		close(hd->hd_evfd);
	if (hd->hd_fd != -1)
		close(hd->hd_fd);
	usb_free(hd);
}

int
hyp_usb_open(uint32_t bus, uint32_t addr, void *cookie, struct hyp_usb **hdp)
{
	struct hyp_usb *hd;
	int error;

	error = usb_lingering_check(bus, addr);
	if (error != 0)
		return error;
	hd = usb_alloc(bus, addr, cookie);
	if (hd == NULL)
		return ENOMEM;
	if ((error = open_node(bus, addr, &hd->hd_fd)) != 0 ||
	    (error = open_epoll(hd)) != 0 ||
	    (error = open_libusb(hd)) != 0 ||
	    (error = open_thread(hd)) != 0) {
		open_abort(hd);
		return error;
	}
	*hdp = hd;
	return 0;
}

/*
 * hyp_usb_close(hd)
 *
 *	Marks, wakes the event thread, which closes the device, and waits for
 *	it a short time, in which it is done unless the hardware is stuck.  An
 *	up-call that is running is waited for without bound: it is K's own and
 *	does not sleep.
 */
void
hyp_usb_close(struct hyp_usb *hd)
{
	uint64_t deadline = hyp_clock() + USB_CLOSE_WAIT;

	if (usb_event_self() == hd)
		hyp_panic("hyp_usb_close: called on the event thread");
	usb_lingering_add(hd);
	pthread_mutex_lock(&hd->hd_mtx);
	if (hd->hd_closing)
		hyp_panic("hyp_usb_close: closed before");
	hd->hd_closing = 1;
	hd->hd_refs++;
	usbx_close_all(hd);
	pthread_cond_broadcast(&hd->hd_cv);	/* the reaper goes */
	usb_wake_event(hd);
	while (hd->hd_upcall)
		(void)usb_cond_wait(hd, 0);
	while (!hd->hd_closed && usb_cond_wait(hd, deadline) == 0)
		continue;
	if (!hd->hd_closed && hd->hd_nflying != 0)
		host_logf(HYP_LOG_WARNING, "usb %03u/%03u: %u transfers have "
		    "not come back yet; the device is closed when they do",
		    hd->hd_bus, hd->hd_addr, hd->hd_nflying);
	usb_rele(hd);
}

/* ---- descriptors and configuration ---------------------------------- */

/* Open a file of the device's directory in sysfs. */
static int
sysfs_open(struct hyp_usb *hd, const char *name)
{
	char path[80];
	struct stat st;

	if (fstat(hd->hd_fd, &st) == -1)
		return -1;
	snprintf(path, sizeof(path), "/sys/dev/char/%u:%u/%s",
	    major(st.st_rdev), minor(st.st_rdev), name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/*
 * error = hyp_usb_descriptors(hd, buf, size, &len)
 *
 *	sysfs ends with the last configuration, so that the length is that
 *	of the descriptors; it is counted to the end even if buf is full.
 */
int
hyp_usb_descriptors(struct hyp_usb *hd, void *buf, size_t size, size_t *lenp)
{
	unsigned char spill[512];
	size_t len = 0;
	ssize_t n;
	int fd;

	fd = sysfs_open(hd, "descriptors");
	if (fd == -1)
		return ENODEV;
	for (;;) {
		if (len < size)
			n = read(fd, (char *)buf + len, size - len);
		else
			n = read(fd, spill, sizeof(spill));
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	close(fd);
	if (n == -1)
		return ENODEV;
	if (len < DEVICE_DESC_SIZE)
		return EIO;
	*lenp = len;
	return 0;
}

/* An empty file means "not configured", value 0. */
int
hyp_usb_get_config(struct hyp_usb *hd, uint8_t *value)
{
	char text[16];
	ssize_t n;
	int fd;

	fd = sysfs_open(hd, "bConfigurationValue");
	if (fd == -1)
		return ENODEV;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n == -1)
		return ENODEV;
	text[n] = '\0';
	*value = (uint8_t)strtoul(text, NULL, 10);
	return 0;
}

int
hyp_usb_set_config(struct hyp_usb *hd, uint8_t value)
{
	int error, r;

	if ((error = usb_enter(hd)) != 0)
		return error;
	r = libusb_set_configuration(hd->hd_handle, value == 0 ? -1 : value);
	usb_exit(hd);
	return usb_error(r);
}

int
hyp_usb_set_alt(struct hyp_usb *hd, uint8_t ifno, uint8_t alt)
{
	int error, r;

	if ((error = usb_enter(hd)) != 0)
		return error;
	r = libusb_set_interface_alt_setting(hd->hd_handle, ifno, alt);
	usb_exit(hd);
	return usb_error(r);
}

int
hyp_usb_clear_halt(struct hyp_usb *hd, uint8_t endpoint)
{
	int error, r;

	if ((error = usb_enter(hd)) != 0)
		return error;
	r = libusb_clear_halt(hd->hd_handle, endpoint);
	usb_exit(hd);
	return usb_error(r);
}

void
host_usb_attaching(void (*func)(const struct hyp_usb_info *, int))
{

	usb_attaching = func;
}

void
hyp_usb_attaching(const struct hyp_usb_info *hi, int what)
{

	if (usb_attaching != NULL)
		(*usb_attaching)(hi, what);
}

void
host_usb_heir(void)
{

	usb_heir_since = hyp_clock();
}

/* Was it plugged in before this process, and after one that has died? */
static bool
claim_is_left(struct hyp_usb *hd)
{
	char text[24];
	uint64_t plugged;
	ssize_t n;
	int fd;

	if (usb_heir_since == 0 ||
	    (fd = sysfs_open(hd, "power/connected_duration")) == -1)
		return usb_heir_since != 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	plugged = strtoull(text, NULL, 10) * MSEC;	/* so long */
	return n <= 0 || hyp_clock() - usb_heir_since <= plugged;
}

/*
 * claim_anew(hd, interface)
 *
 *	The kernel ends the transfers of a process that is killed, and nothing
 *	else: what the host controller and the device think of the endpoints
 *	stays.  (QEMU's xHCI takes the places of transfers that were ended
 *	together for transfers of no bytes, which its FTDI adapter answers
 *	never.)  SET_INTERFACE is what sets both up again; clearing halts is
 *	not, as the controller keeps its queue.  A device with one setting may
 *	refuse it, for which the kernel clears the halts instead.
 *	Not for others: chips that do not expect it never see it.
 */
static void
claim_anew(struct hyp_usb *hd, uint8_t ifno)
{
	const int r = libusb_set_interface_alt_setting(hd->hd_handle, ifno, 0);

	if (r != 0 && r != LIBUSB_ERROR_NO_DEVICE)
		host_logf(HYP_LOG_WARNING, "usb %03u/%03u: interface %u was "
		    "left by a process that died, and cannot be set up anew: "
		    "%s", hd->hd_bus, hd->hd_addr, ifno, libusb_error_name(r));
}

/*
 * error = hyp_usb_claim(hd, interface)
 *
 *	USBDEVFS_DISCONNECT_CLAIM, which libusb uses with auto-detach, takes
 *	the interface from a driver and claims it in one step, but not from
 *	another program.  Entered in the table of claims first, for a crash.
 */
int
hyp_usb_claim(struct hyp_usb *hd, uint8_t ifno)
{
	char who[80];
	int error, r;

	if (ifno >= USB_MAX_INTERFACES)
		return EIO;
	if ((error = usb_claims_add(hd->hd_fd, ifno)) != 0)
		return error;
	if ((error = usb_enter(hd)) != 0) {
		usb_claims_remove(hd->hd_fd, ifno);
		return error;
	}
	(void)libusb_set_auto_detach_kernel_driver(hd->hd_handle, 1);
	r = libusb_claim_interface(hd->hd_handle, ifno);
	if (r == 0 && claim_is_left(hd))
		claim_anew(hd, ifno);
	pthread_mutex_lock(&hd->hd_mtx);
	if (r == 0)
		hd->hd_claimed |= UINT32_C(1) << ifno;
	usb_gate_open(hd);
	pthread_mutex_unlock(&hd->hd_mtx);
	if (r != 0)
		usb_claims_remove(hd->hd_fd, ifno);
	if (r == LIBUSB_ERROR_BUSY) {
		usb_claims_who(hd, ifno, who, sizeof(who));
		host_logf(HYP_LOG_ERR, "usb %03u/%03u: interface %u is in use "
		    "by %s", hd->hd_bus, hd->hd_addr, ifno, who);
	}
	return usb_error(r);
}
