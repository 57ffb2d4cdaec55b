/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_usb.c - the USB back end against a real kernel: QEMU's FTDI adapter, a
 * CDC-ACM gadget, and vhci_hcd devices that misbehave on command.
 *
 * Runs in a guest (tools/vm --usb ftdi --usb acm --usb vhci); each case is
 * skipped where its device is missing.  The kernel side is played here: the
 * up-calls only count.
 *
 * Times are generous, because the guest's CPU is emulated; what must not
 * block is measured against a hang of the hardware that has no end, so any
 * finite bound proves it.
 */
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "hyp/hyp.h"
#include "hyp/hyp_usb.h"
#include "host/host.h"
#include "host/udev.h"
#include "host/usb.h"
#include "host/usbsys.h"
#include "host/usbvar.h"
#include "h_test.h"
#include "h_vhci.h"

#define	FTDI_IN		0x81
#define	FTDI_OUT	0x02
#define	MS		UINT64_C(1000000)
#define	SOON		(2000 * MS)	/* far below "for ever" */

/* ---- the kernel side's part ----------------------------------------- */

static atomic_uint n_gone;
static atomic_uint n_arrived;
static atomic_uint n_left;
static char last_path[64];
static uint32_t last_speed;
static unsigned n_lines;

void
hyp_usb_gone(void *cookie)
{

	(void)cookie;
	atomic_fetch_add(&n_gone, 1);
}

void
hyp_usb_arrived(const struct hyp_usb_info *hi)
{

	snprintf(last_path, sizeof(last_path), "%s", hi->hi_path);
	last_speed = hi->hi_line.hl_speed;
	atomic_fetch_add(&n_arrived, 1);
}

void
hyp_usb_left(const char *path)
{

	(void)path;
	atomic_fetch_add(&n_left, 1);
}

void
hyp_usb_line(const char *path, const struct hyp_usb_line *hl)
{

	snprintf(last_path, sizeof(last_path), "%s", path);
	last_speed = hl->hl_speed;
	n_lines++;
}

/* One transfer and what came of it.  Never freed, so that a done that
   comes too late is counted. */
struct xf {
	struct xf	*next;
	struct hyp_usbx	*x;
	void		*buf;
	atomic_uint	 done;
	atomic_int	 status;
	atomic_uint	 actlen;
	atomic_int	 again;		/* submit again from done */
	atomic_int	 again_error;
};

static struct xf *all_xfs;

static void
xf_done(void *cookie, int status, uint32_t actlen)
{
	struct xf *f = cookie;

	atomic_store(&f->status, status);
	atomic_store(&f->actlen, actlen);
	if (atomic_load(&f->again))
		atomic_store(&f->again_error,
		    hyp_usbx_submit(f->x, NULL, 512, 0));
	atomic_fetch_add(&f->done, 1);
}

static struct xf *
xf_new(struct hyp_usb *hd, int type, uint8_t ep, size_t size)
{
	struct xf *f = calloc(1, sizeof(*f));

	if (f == NULL)
		abort();
	f->next = all_xfs;
	all_xfs = f;
	atomic_store(&f->status, -1);
	T_EQ(hyp_usbx_alloc(hd, type, ep, size, xf_done, f, &f->x, &f->buf),
	    0);
	return f;
}

static void
xf_free(struct xf *f)
{

	hyp_usbx_free(f->x);
}

static int
xf_is_done(void *arg)
{
	struct xf *f = arg;

	return atomic_load(&f->done) != 0;
}

/* ---- finding devices ------------------------------------------------ */

struct want {
	unsigned	 w_vendor, w_product;
	struct usbsys_dev w_dev;
};

static int
find(void *arg)
{
	struct want *w = arg;
	char **paths;
	size_t i, n;
	int found = 0;

	if (usbsys_list(&paths, &n) != 0)
		return 0;
	for (i = 0; i < n && !found; i++)
		found = usbsys_read(paths[i], &w->w_dev) == 0 &&
		    w->w_dev.ud_info.hi_vendor == w->w_vendor &&
		    w->w_dev.ud_info.hi_product == w->w_product;
	usbsys_list_free(paths, n);
	return found;
}

static int
has_driver(void *arg)
{
	struct want *w = arg;
	char buf[64];

	usbsys_drivers(w->w_dev.ud_path, buf, sizeof(buf));
	return buf[0] != '\0';
}

static int
driver_is(const struct want *w, const char *name)
{
	char buf[64];

	usbsys_drivers(w->w_dev.ud_path, buf, sizeof(buf));
	return strcmp(buf, name) == 0;
}

static int
ftdi_back(void *arg)
{

	return driver_is(arg, "ftdi_sio");
}

static struct hyp_usb *
open_want(struct want *w)
{
	struct hyp_usb *hd = NULL;

	T_EQ(hyp_usb_open(w->w_dev.ud_info.hi_bus, w->w_dev.ud_info.hi_addr,
	    NULL, &hd), 0);
	return hd;
}

/* The FTDI adapter, with the kernel's driver on it. */
static void
want_ftdi(struct want *w)
{

	memset(w, 0, sizeof(*w));
	w->w_vendor = 0x0403;
	w->w_product = 0x6001;
	if (!find(w))
		t_skip("no FTDI adapter");
	t_until(ftdi_back, w, "ftdi_sio has the adapter");
}

static int
far_open(void)
{
	int fd;

	fd = open("/dev/virtio-ports/far.ftdi0", O_RDWR | O_CLOEXEC);
	T_CHECK(fd != -1);
	return fd;
}

/* ---- cases: an ordinary device -------------------------------------- */

static void
test_descriptors(void)
{
	unsigned char buf[1024], small[20];
	struct hyp_usb *hd;
	struct want w;
	size_t len = 0, total;
	uint8_t value = 0;

	want_ftdi(&w);
	hd = open_want(&w);
	T_EQ(hyp_usb_descriptors(hd, buf, sizeof(buf), &len), 0);
	T_CHECK(len > 18 + 9);
	T_EQ(buf[0], 18);
	T_EQ(buf[8] | buf[9] << 8, 0x0403);
	total = 18 + (size_t)(buf[20] | buf[21] << 8);
	T_EQ(len, total);
	T_EQ(len, w.w_dev.ud_desclen);
	len = 0;
	T_EQ(hyp_usb_descriptors(hd, small, sizeof(small), &len), 0);
	T_EQ(len, total);
	T_CHECK(memcmp(small, buf, sizeof(small)) == 0);
	T_EQ(hyp_usb_get_config(hd, &value), 0);
	T_EQ(value, buf[23]);
	hyp_usb_close(hd);
	T_CHECK(driver_is(&w, "ftdi_sio"));
}

static void
test_claim(void)
{
	struct hyp_usb *hd, *other;
	struct want w;

	want_ftdi(&w);
	hd = open_want(&w);
	T_EQ(hyp_usb_claim(hd, 0), 0);
	T_CHECK(driver_is(&w, "usbfs"));
	other = open_want(&w);
	T_EQ(hyp_usb_claim(other, 0), EBUSY);
	T_CHECK(hyp_usb_claim(other, 9) != 0);
	hyp_usb_close(other);
	T_CHECK(driver_is(&w, "usbfs"));
	T_EQ(hyp_usb_clear_halt(hd, FTDI_IN), 0);
	hyp_usb_close(hd);
	T_CHECK(driver_is(&w, "ftdi_sio"));
	T_EQ(host_usb_drain(hyp_clock()), 0);
}

static void
test_claim_two(void)
{
	struct hyp_usb *hd;
	struct want w = { .w_vendor = 0x1d6b, .w_product = 0x0104 };

	if (!find(&w))
		t_skip("no CDC-ACM gadget");
	t_until(has_driver, &w, "cdc_acm has the gadget");
	hd = open_want(&w);
	T_EQ(hyp_usb_claim(hd, 0), 0);
	T_EQ(hyp_usb_claim(hd, 1), 0);
	T_CHECK(driver_is(&w, "usbfs"));
	hyp_usb_close(hd);
	T_CHECK(driver_is(&w, "cdc_acm"));
}

static void
test_data(void)
{
	static const uint8_t reset[8] = { 0x40, 0, 0, 0, 0, 0, 0, 0 };
	static const uint8_t status[8] = { 0xc0, 5, 0, 0, 0, 0, 2, 0 };
	static const uint8_t nonsense[8] = { 0xc0, 0x7e, 0, 0, 0, 0, 2, 0 };
	struct xf *ctl, *in, *out;
	struct hyp_usb *hd;
	struct want w;
	char buf[64];
	size_t n;
	int far;

	want_ftdi(&w);
	far = far_open();
	hd = open_want(&w);
	T_EQ(hyp_usb_claim(hd, 0), 0);

	ctl = xf_new(hd, HYP_USB_CONTROL, 0, 64);
	T_EQ(hyp_usbx_submit(ctl->x, reset, 0, 0), 0);
	t_until(xf_is_done, ctl, "reset");
	T_EQ(atomic_load(&ctl->status), HYP_USB_OK);
	atomic_store(&ctl->done, 0);
	T_EQ(hyp_usbx_submit(ctl->x, status, 2, 0), 0);
	t_until(xf_is_done, ctl, "modem status");
	T_EQ(atomic_load(&ctl->status), HYP_USB_OK);
	T_EQ(atomic_load(&ctl->actlen), 2);
	atomic_store(&ctl->done, 0);
	T_EQ(hyp_usbx_submit(ctl->x, nonsense, 2, 0), 0);
	t_until(xf_is_done, ctl, "a request that it does not know");
	T_EQ(atomic_load(&ctl->status), HYP_USB_STALL);

	out = xf_new(hd, HYP_USB_BULK, FTDI_OUT, 64);
	memcpy(out->buf, "to the far end", 14);
	T_EQ(hyp_usbx_submit(out->x, NULL, 14, 1), 0);
	t_until(xf_is_done, out, "bulk out");
	T_EQ(atomic_load(&out->status), HYP_USB_OK);
	T_EQ(atomic_load(&out->actlen), 14);
	for (n = 0; n < 14;)
		n += (size_t)read(far, buf + n, sizeof(buf) - n);
	T_CHECK(memcmp(buf, "to the far end", 14) == 0);

	T_EQ(write(far, "hello", 5), 5);
	in = xf_new(hd, HYP_USB_BULK, FTDI_IN, 64);
	for (n = 0; n < 5; n += atomic_load(&in->actlen) - 2) {
		atomic_store(&in->done, 0);
		T_EQ(hyp_usbx_submit(in->x, NULL, 64, 0), 0);
		t_until(xf_is_done, in, "bulk in");
		T_EQ(atomic_load(&in->status), HYP_USB_OK);
		T_CHECK(atomic_load(&in->actlen) >= 2);
		memcpy(buf + n, (char *)in->buf + 2,
		    atomic_load(&in->actlen) - 2);
	}
	T_CHECK(memcmp(buf, "hello", 5) == 0);

	xf_free(ctl);
	xf_free(in);
	hyp_usb_close(hd);
	xf_free(out);			/* after the close is as good */
	close(far);
	T_EQ(hyp_usb_zombies(), 0);
	T_CHECK(driver_is(&w, "ftdi_sio"));
}

/* ---- cases: cancel, free, close on the device that we play ---------- */

/* A device is in sysfs a moment before the kernel has configured it, and
   has no interface to claim until then. */
static int
configured(void *arg)
{
	uint8_t value = 0;

	return hyp_usb_get_config(arg, &value) == 0 && value != 0;
}

static struct h_vhci *
vhci_ready(unsigned port, struct want *w, struct hyp_usb **hdp)
{
	struct h_vhci *hv;

	hv = h_vhci_plug(port);
	if (hv == NULL)
		t_skip("no vhci_hcd");
	memset(w, 0, sizeof(*w));
	w->w_vendor = H_VHCI_VENDOR;
	w->w_product = H_VHCI_PRODUCT + port;
	t_until(find, w, "the device is there");
	*hdp = open_want(w);
	t_until(configured, *hdp, "the kernel has configured it");
	T_EQ(hyp_usb_claim(*hdp, 0), 0);
	return hv;
}

static int
vhci_has_in(void *arg)
{

	return h_vhci_waiting(arg) != 0;
}

static int
vhci_has_unlink(void *arg)
{

	return h_vhci_unlinks(arg) != 0;
}

static void
submit_in(struct h_vhci *hv, struct xf *f)
{

	T_EQ(hyp_usbx_submit(f->x, NULL, 512, 0), 0);
	t_until(vhci_has_in, hv, "the device has the transfer");
}

static void
end(struct h_vhci *hv, struct hyp_usb *hd, struct want *w)
{

	hyp_usb_close(hd);
	T_EQ(host_usb_drain(hyp_clock() + 10 * SOON), 0);
	T_EQ(hyp_usb_zombies(), 0);
	h_vhci_unplug(hv);
	while (find(w))
		t_msleep(5);
}

static void
test_cancel(void)
{
	struct hyp_usb *hd;
	struct h_vhci *hv;
	struct want w;
	struct xf *f;
	int i;

	hv = vhci_ready(0, &w, &hd);
	f = xf_new(hd, HYP_USB_BULK, 0x81, 512);
	hyp_usbx_cancel(f->x);			/* not in flight: nothing */
	for (i = 0; i < 20; i++) {
		atomic_store(&f->done, 0);
		submit_in(hv, f);
		hyp_usbx_cancel(f->x);
		hyp_usbx_cancel(f->x);
		t_until(xf_is_done, f, "cancelled");
		T_EQ(atomic_load(&f->status), HYP_USB_CANCELLED);
		T_EQ(atomic_load(&f->done), 1);
	}
	/* Nothing of it sticks to the next one. */
	atomic_store(&f->done, 0);
	submit_in(hv, f);
	T_CHECK(h_vhci_send(hv, "data", 4));
	t_until(xf_is_done, f, "data");
	T_EQ(atomic_load(&f->status), HYP_USB_OK);
	T_EQ(atomic_load(&f->actlen), 4);
	T_CHECK(memcmp(f->buf, "data", 4) == 0);
	xf_free(f);
	end(hv, hd, &w);
}

/* Threads of devices: "usb1.2" and, with what says so, "usb1.2-reap". */
static unsigned
threads(int reapers)
{
	char path[300], name[32];
	struct dirent *de;
	unsigned found = 0;
	ssize_t n;
	DIR *dir;
	int fd;

	dir = opendir("/proc/self/task");
	T_CHECK(dir != NULL);
	while ((de = readdir(dir)) != NULL) {
		snprintf(path, sizeof(path), "/proc/self/task/%s/comm",
		    de->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd == -1)
			continue;
		n = read(fd, name, sizeof(name) - 1);
		close(fd);
		name[n > 0 ? n : 0] = '\0';
		if (strncmp(name, "usb", 3) == 0 && name[3] >= '0' &&
		    name[3] <= '9')
			found += (strstr(name, "-reap") != NULL) == reapers;
	}
	closedir(dir);
	return found;
}

static int
no_reaper(void *arg)
{

	(void)arg;
	return threads(1) == 0;
}

static int
no_threads(void *arg)
{

	(void)arg;
	return threads(0) + threads(1) == 0;
}

/* A thread gives itself its name, when it runs. */
static int
four_threads(void *arg)
{

	(void)arg;
	return threads(0) == 4;
}

/* A device that is open has one thread; one that cancels, two for a while. */
static void
test_threads(void)
{
	struct hyp_usb *hd[4];
	struct h_vhci *hv[4];
	struct want w[4];
	struct xf *f[4];
	unsigned i;

	t_until(no_threads, NULL, "the threads of before are gone");
	for (i = 0; i < 4; i++) {
		hv[i] = vhci_ready(i, &w[i], &hd[i]);
		f[i] = xf_new(hd[i], HYP_USB_BULK, 0x81, 512);
		submit_in(hv[i], f[i]);
	}
	t_until(four_threads, NULL, "each has its thread");
	T_EQ(threads(1), 0);
	hyp_usbx_cancel(f[2]->x);
	t_until(xf_is_done, f[2], "cancelled");
	T_CHECK(threads(1) <= 1);
	t_until(no_reaper, NULL, "the reaper is gone");
	T_EQ(threads(0), 4);
	/* It comes again, and stays for the next that is soon. */
	for (i = 0; i < 20; i++) {
		atomic_store(&f[2]->done, 0);
		submit_in(hv[2], f[2]);
		hyp_usbx_cancel(f[2]->x);
		t_until(xf_is_done, f[2], "cancelled");
		T_CHECK(threads(1) <= 1);
	}
	/* Closed with a reaper, and without one. */
	for (i = 0; i < 4; i++) {
		xf_free(f[i]);
		end(hv[i], hd[i], &w[i]);
	}
	t_until(no_threads, NULL, "all threads are gone");
}

static atomic_uint n_refuse;		/* threads that the host has not */
static atomic_uint n_refused_threads;

int	__real_hyp_thread_create(const char *, void (*)(void *), void *,
	    struct hyp_thread **);
int	__wrap_hyp_thread_create(const char *, void (*)(void *), void *,
	    struct hyp_thread **);

int
__wrap_hyp_thread_create(const char *name, void (*func)(void *), void *arg,
    struct hyp_thread **threadp)
{

	if (atomic_load(&n_refuse) == 0)
		return __real_hyp_thread_create(name, func, arg, threadp);
	atomic_fetch_sub(&n_refuse, 1);
	atomic_fetch_add(&n_refused_threads, 1);
	return EAGAIN;
}

static int
two_refused(void *arg)
{

	(void)arg;
	return atomic_load(&n_refused_threads) >= 2;
}

/* The host has no thread: data still comes, a cancel is late, a close not. */
static void
test_no_thread(void)
{
	struct hyp_usb *hd, *no;
	struct h_vhci *hv;
	struct xf *f, *g;
	struct want w;

	hv = vhci_ready(0, &w, &hd);
	f = xf_new(hd, HYP_USB_BULK, 0x81, 512);
	g = xf_new(hd, HYP_USB_BULK, 0x81, 512);
	submit_in(hv, f);
	T_EQ(hyp_usbx_submit(g->x, NULL, 512, 0), 0);
	atomic_store(&n_refused_threads, 0);
	atomic_store(&n_refuse, UINT32_MAX);
	hyp_usbx_cancel(g->x);
	t_until(two_refused, NULL, "no thread, twice");
	T_CHECK(!xf_is_done(g));
	T_CHECK(h_vhci_send(hv, "data", 4));
	t_until(xf_is_done, f, "data");
	T_EQ(atomic_load(&f->status), HYP_USB_OK);
	atomic_store(&n_refuse, 0);
	t_until(xf_is_done, g, "cancelled, when there is one");
	T_EQ(atomic_load(&g->status), HYP_USB_CANCELLED);

	t_until(no_reaper, NULL, "the reaper is gone");
	atomic_store(&f->done, 0);
	submit_in(hv, f);
	atomic_store(&n_refuse, UINT32_MAX);
	T_EQ(hyp_usb_open(w.w_dev.ud_info.hi_bus, w.w_dev.ud_info.hi_addr,
	    NULL, &no), EAGAIN);
	hyp_usbx_cancel(f->x);
	end(hv, hd, &w);
	atomic_store(&n_refuse, 0);
	xf_free(f);
	xf_free(g);
}

/* Many transfers; data, cancels and submits from done, all at once. */
static void
test_storm(void)
{
	struct xf *f[8];
	struct hyp_usb *hd;
	struct h_vhci *hv;
	struct want w;
	unsigned i, last = 0, total;
	uint64_t since;

	hv = vhci_ready(0, &w, &hd);
	for (i = 0; i < 8; i++) {
		f[i] = xf_new(hd, HYP_USB_BULK, 0x81, 512);
		atomic_store(&f[i]->again, 1);
		T_EQ(hyp_usbx_submit(f[i]->x, NULL, 512, 0), 0);
	}
	since = hyp_clock();
	for (total = 0; total < 2000;) {
		if (t_random() % 4 == 0)
			hyp_usbx_cancel(f[t_random() % 8]->x);
		else
			(void)h_vhci_send(hv, "x", 1);
		for (i = total = 0; i < 8; i++) {
			T_EQ(atomic_load(&f[i]->again_error), 0);
			total += atomic_load(&f[i]->done);
		}
		if (total != last)
			since = hyp_clock();
		last = total;
		T_CHECK(hyp_clock() - since < 10 * SOON);
	}
	for (i = 0; i < 8; i++)
		atomic_store(&f[i]->again, 0);
	for (i = 0; i < 4; i++)
		xf_free(f[i]);		/* in flight, or in done */
	end(hv, hd, &w);
	for (; i < 8; i++)
		xf_free(f[i]);
}

static int
vhci_has_sixteen(void *arg)
{

	return h_vhci_waiting(arg) == 16;
}

/* Is a thread of ours in the kernel, cancelling? */
static int
in_cancel(void *arg)
{
	char path[300], wchan[64];
	struct dirent *de;
	int fd, found = 0;
	ssize_t n;
	DIR *dir;

	(void)arg;
	dir = opendir("/proc/self/task");
	T_CHECK(dir != NULL);
	while (!found && (de = readdir(dir)) != NULL) {
		snprintf(path, sizeof(path), "/proc/self/task/%s/wchan",
		    de->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd == -1)
			continue;
		n = read(fd, wchan, sizeof(wchan));
		close(fd);
		found = n >= 12 && strncmp(wchan, "usb_kill_urb", 12) == 0;
	}
	closedir(dir);
	return found;
}

static int
not_in_cancel(void *arg)
{

	return !in_cancel(arg);
}

static int
cancel_begun(void *arg)
{

	return xf_is_done(arg) || in_cancel(NULL);
}

/*
 * vhci_hcd sends the cancellation of a transfer before the transfer: it waits
 * in sending cancellations, as the device reads none, and has no look at new
 * transfers.  The device must make sense of that, or the cases above and
 * below hang once in a while.
 */
static void
test_overtaken(void)
{
	struct xf *f[16], *late;
	struct hyp_usb *hd;
	struct h_vhci *hv;
	struct want w;
	unsigned i;

	hv = vhci_ready(0, &w, &hd);
	for (i = 0; i < 16; i++) {
		f[i] = xf_new(hd, HYP_USB_BULK, 0x81, 512);
		T_EQ(hyp_usbx_submit(f[i]->x, NULL, 512, 0), 0);
	}
	late = xf_new(hd, HYP_USB_BULK, 0x81, 512);
	t_until(vhci_has_sixteen, hv, "the device has the transfers");
	h_vhci_hold(hv, 1);
	for (i = 0; i < 16; i++) {
		t_until(not_in_cancel, NULL, "the reaper is back");
		hyp_usbx_cancel(f[i]->x);
		t_until(in_cancel, NULL, "the reaper is in the kernel");
		T_CHECK(h_vhci_send(hv, "x", 1));
		t_until(xf_is_done, f[i], "it came back by itself");
	}
	/* Until the reaper opens the gate it is only queued, and never sent. */
	do {
		t_until(not_in_cancel, NULL, "the reaper is back");
		atomic_store(&late->done, 0);
		T_EQ(hyp_usbx_submit(late->x, NULL, 512, 0), 0);
		hyp_usbx_cancel(late->x);
		t_until(cancel_begun, late, "cancelled, or the reaper does");
	} while (xf_is_done(late));
	h_vhci_hold(hv, 0);
	t_until(xf_is_done, late, "cancelled");
	T_EQ(atomic_load(&late->status), HYP_USB_CANCELLED);
	if (h_vhci_overtaken(hv) == 0)
		t_note("this kernel sends in order");
	/* The device is still there. */
	atomic_store(&late->done, 0);
	submit_in(hv, late);
	T_CHECK(h_vhci_send(hv, "data", 4));
	t_until(xf_is_done, late, "data");
	T_EQ(atomic_load(&late->status), HYP_USB_OK);
	for (i = 0; i < 16; i++)
		xf_free(f[i]);
	xf_free(late);
	end(hv, hd, &w);
}

static void
test_free_in_flight(void)
{
	struct hyp_usb *hd;
	struct h_vhci *hv;
	struct want w;
	struct xf *f;

	hv = vhci_ready(0, &w, &hd);
	f = xf_new(hd, HYP_USB_BULK, 0x81, 512);
	submit_in(hv, f);
	xf_free(f);
	end(hv, hd, &w);
	T_EQ(atomic_load(&f->done), 0);
}

static void
test_close_in_flight(void)
{
	struct hyp_usb *hd;
	struct h_vhci *hv;
	struct want w;
	struct xf *f;

	hv = vhci_ready(0, &w, &hd);
	f = xf_new(hd, HYP_USB_BULK, 0x81, 512);
	submit_in(hv, f);
	end(hv, hd, &w);
	T_EQ(atomic_load(&f->done), 0);
	T_EQ(hyp_usbx_submit(f->x, NULL, 512, 0), ENODEV);
	xf_free(f);
}

static int
gone_told(void *arg)
{

	(void)arg;
	return atomic_load(&n_gone) != 0;
}

static void
test_unplug(void)
{
	struct hyp_usb *hd;
	struct h_vhci *hv;
	struct want w;
	struct xf *f, *idle;
	int i;

	for (i = 0; i < 5; i++) {
		atomic_store(&n_gone, 0);
		hv = vhci_ready(0, &w, &hd);
		f = xf_new(hd, HYP_USB_BULK, 0x81, 512);
		idle = xf_new(hd, HYP_USB_BULK, 0x02, 512);
		submit_in(hv, f);
		h_vhci_unplug(hv);
		t_until(xf_is_done, f, "the transfer is back");
		t_until(gone_told, NULL, "the device is told to be gone");
		T_EQ(atomic_load(&f->done), 1);
		T_EQ(atomic_load(&f->status), HYP_USB_NODEV);
		T_EQ(hyp_usbx_submit(idle->x, NULL, 1, 0), ENODEV);
		T_CHECK(hyp_usb_claim(hd, 0) == ENODEV);
		xf_free(f);
		hyp_usb_close(hd);
		T_EQ(host_usb_drain(hyp_clock() + 10 * SOON), 0);
		xf_free(idle);
		T_EQ(atomic_load(&n_gone), 1);
	}
}

static uint64_t
cpu_time(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000 * MS + (uint64_t)ts.tv_nsec;
}

/* Nothing in flight: the descriptor alone must tell.  It stays "ready" for
   ever then, which must not make the event thread run in circles. */
static void
test_unplug_idle(void)
{
	struct hyp_usb *hd;
	struct h_vhci *hv;
	struct want w;
	uint64_t cpu;

	atomic_store(&n_gone, 0);
	hv = vhci_ready(0, &w, &hd);
	h_vhci_unplug(hv);
	t_until(gone_told, NULL, "the device is told to be gone");
	cpu = cpu_time();
	t_msleep(500);
	T_CHECK(cpu_time() - cpu < 200 * MS);
	hyp_usb_close(hd);
	T_EQ(host_usb_drain(hyp_clock() + 10 * SOON), 0);
}

/* ---- cases: a host controller that never answers -------------------- */

/* A controller that answers again after a while. */
static void *
hears_later(void *hv)
{

	t_msleep(1000);
	h_vhci_deaf(hv, 0);
	return NULL;
}

static void
test_deaf(void)
{
	struct hyp_usb *hd, *hd2, *no;
	struct h_vhci *hv, *hv2;
	struct want w, w2;
	struct xf *f, *g, *h;
	pthread_t later;
	uint64_t start;

	hv = vhci_ready(0, &w, &hd);
	hv2 = vhci_ready(1, &w2, &hd2);
	f = xf_new(hd, HYP_USB_BULK, 0x81, 512);
	g = xf_new(hd, HYP_USB_BULK, 0x02, 512);
	h = xf_new(hd2, HYP_USB_BULK, 0x81, 512);
	submit_in(hv, f);
	h_vhci_deaf(hv, 1);

	start = hyp_clock();
	hyp_usbx_cancel(f->x);
	t_until(vhci_has_unlink, hv, "the reaper is in the kernel");

	/* The device's lock is held in the kernel, and yet: */
	T_EQ(hyp_usbx_submit(g->x, NULL, 10, 0), 0);
	hyp_usbx_cancel(g->x);
	t_until(xf_is_done, g, "a transfer that was never started");
	T_EQ(atomic_load(&g->status), HYP_USB_CANCELLED);
	hyp_usbx_free(g->x);

	/* another device does not notice, */
	submit_in(hv2, h);
	T_CHECK(h_vhci_send(hv2, "other", 5));
	t_until(xf_is_done, h, "the other device");
	T_EQ(atomic_load(&h->status), HYP_USB_OK);
	atomic_store(&h->done, 0);
	submit_in(hv2, h);
	hyp_usbx_cancel(h->x);
	t_until(xf_is_done, h, "a cancel of the other device's");
	T_EQ(atomic_load(&h->status), HYP_USB_CANCELLED);
	submit_in(hv2, h);
	hyp_usb_close(hd2);
	T_EQ(host_usb_drain(hyp_clock() + 10 * SOON), 0);
	xf_free(h);
	hd2 = open_want(&w2);

	/* and close comes back, with a zombie. */
	hyp_usb_close(hd);
	T_CHECK(hyp_clock() - start < 5 * SOON);
	T_EQ(hyp_usb_zombies(), 1);
	T_EQ(host_usb_drain(hyp_clock() + 10 * MS), 1);
	T_EQ(hyp_usb_open(w.w_dev.ud_info.hi_bus, w.w_dev.ud_info.hi_addr,
	    NULL, &no), EAGAIN);
	hyp_usbx_free(f->x);
	T_EQ(hyp_usb_zombies(), 1);
	T_EQ(atomic_load(&f->done), 0);

	/* A late answer ends it; an open waits for that, but not for ever. */
	T_EQ(pthread_create(&later, NULL, hears_later, hv), 0);
	hd = open_want(&w);
	T_EQ(pthread_join(later, NULL), 0);
	T_EQ(host_usb_drain(hyp_clock() + 10 * SOON), 0);
	T_EQ(hyp_usb_zombies(), 0);
	T_EQ(atomic_load(&f->done), 0);
	T_EQ(hyp_usb_claim(hd, 0), 0);
	end(hv, hd, &w);
	end(hv2, hd2, &w2);
}

/* What is queued behind a stuck cancel starts when it is over. */
static void
test_deaf_queue(void)
{
	struct hyp_usb *hd;
	struct h_vhci *hv;
	struct xf *f, *g;
	struct want w;

	hv = vhci_ready(0, &w, &hd);
	f = xf_new(hd, HYP_USB_BULK, 0x81, 512);
	g = xf_new(hd, HYP_USB_BULK, 0x02, 512);
	submit_in(hv, f);
	h_vhci_deaf(hv, 1);
	hyp_usbx_cancel(f->x);
	t_until(vhci_has_unlink, hv, "the reaper is in the kernel");
	T_EQ(hyp_usbx_submit(g->x, NULL, 10, 0), 0);
	T_EQ(h_vhci_received(hv), 0);
	h_vhci_deaf(hv, 0);
	t_until(xf_is_done, g, "queued transfer");
	T_EQ(atomic_load(&g->status), HYP_USB_OK);
	T_EQ(h_vhci_received(hv), 10);
	t_until(xf_is_done, f, "cancelled transfer");
	T_EQ(atomic_load(&f->done), 1);
	T_EQ(atomic_load(&f->status), HYP_USB_CANCELLED);
	xf_free(f);
	xf_free(g);
	end(hv, hd, &w);
}

static void
test_deaf_unplug(void)
{
	struct hyp_usb *hd;
	struct h_vhci *hv;
	struct want w;
	struct xf *f;

	hv = vhci_ready(0, &w, &hd);
	f = xf_new(hd, HYP_USB_BULK, 0x81, 512);
	submit_in(hv, f);
	h_vhci_deaf(hv, 1);
	hyp_usbx_cancel(f->x);
	t_until(vhci_has_unlink, hv, "the reaper is in the kernel");
	hyp_usb_close(hd);
	T_EQ(hyp_usb_zombies(), 1);
	h_vhci_unplug(hv);
	T_EQ(host_usb_drain(hyp_clock() + 10 * SOON), 0);
	T_EQ(hyp_usb_zombies(), 0);
	xf_free(f);
}

/* ---- cases: the end of the process ---------------------------------- */

/* A child that claims the adapter and then dies of sig; busy: while another
   of its threads asks the device for something. */
static void
die_with_claim(struct want *w, int sig, int busy)
{
	struct hyp_usb *hd;
	int fds[2], status;
	char byte;
	pid_t pid;

	T_CHECK(pipe(fds) == 0);
	fflush(stdout);
	pid = fork();
	T_CHECK(pid != -1);
	if (pid == 0) {
		host_crash_catch();
		hd = NULL;
		if (hyp_usb_open(w->w_dev.ud_info.hi_bus,
		    w->w_dev.ud_info.hi_addr, NULL, &hd) != 0 ||
		    hyp_usb_claim(hd, 0) != 0 || !driver_is(w, "usbfs"))
			_exit(1);
		if (busy)
			usb_claims_busy(hd->hd_fd, 1);
		(void)!write(fds[1], "", 1);
		if (sig == SIGABRT)
			hyp_panic("t_usb: a panic that is wanted");
		for (;;)
			(void)raise(sig);
	}
	close(fds[1]);
	T_EQ(read(fds[0], &byte, 1), 1);
	T_EQ(waitpid(pid, &status, 0), pid);
	T_CHECK(WIFSIGNALED(status) && WTERMSIG(status) == sig);
	close(fds[0]);
}

static void
test_crash(void)
{
	struct want w;

	want_ftdi(&w);
	die_with_claim(&w, SIGSEGV, 0);
	T_CHECK(driver_is(&w, "ftdi_sio"));
	die_with_claim(&w, SIGABRT, 0);
	T_CHECK(driver_is(&w, "ftdi_sio"));
}

/* A child of it does that, and nobody waits for it. */
static void
test_crash_busy(void)
{
	struct want w;

	want_ftdi(&w);
	die_with_claim(&w, SIGSEGV, 1);
	t_until(ftdi_back, &w, "ftdi_sio has the adapter");
}

static void
test_kill(void)
{
	struct want w;

	want_ftdi(&w);
	die_with_claim(&w, SIGKILL, 0);
	T_CHECK(driver_is(&w, ""));
	T_EQ(usbsys_rebind(w.w_dev.ud_path), 1);
	T_CHECK(driver_is(&w, "ftdi_sio"));
	T_EQ(usbsys_rebind(w.w_dev.ud_path), 0);
}

/* ---- cases: plug events --------------------------------------------- */

static int udev_fd;

static unsigned n_refused;	/* how often match_vhci was asked to */

static enum host_udev_verdict
match_vhci(void *arg, const struct usbsys_dev *ud, int again,
    struct hyp_usb_pins *pins)
{
	const int *refuse = arg;

	(void)again;
	pins->hp_n = 0;
	if (ud->ud_info.hi_vendor != H_VHCI_VENDOR)
		return HOST_UDEV_UNCLAIMED;
	if (refuse == NULL)
		return HOST_UDEV_TAKEN;
	n_refused++;
	return HOST_UDEV_REFUSED;
}

static void
line_vhci(void *arg, const struct hyp_usb_info *hi, struct hyp_usb_line *hl)
{

	(void)arg;
	memset(hl, 0, sizeof(*hl));
	hl->hl_speed = hi->hi_vendor;
}

static void
left_vhci(void *arg, const char *path)
{

	(void)arg;
	(void)path;
}

static void
settled_vhci(void *arg, const char *name)
{

	(void)arg;
	(void)name;
}

static int n_detached;

static void
detached_vhci(void *arg, const char *path, uint32_t bus, uint32_t addr,
    int yes)
{

	(void)arg;
	(void)path;
	(void)bus;
	(void)addr;
	n_detached += yes ? 1 : -1;
}

static const struct host_udev_ops udev_ops = {
	match_vhci, line_vhci, left_vhci, settled_vhci, detached_vhci,
};

/* Take those that are there. */
static void
events_now(void)
{
	struct pollfd pfd = { .fd = udev_fd, .events = POLLIN };

	while (poll(&pfd, 1, 0) == 1)
		host_udev_dispatch();
}

/* Take events until count is what is wanted. */
static int
events(atomic_uint *count, unsigned wanted)
{
	struct pollfd pfd = { .fd = udev_fd, .events = POLLIN };

	while (atomic_load(count) < wanted) {
		if (poll(&pfd, 1, 20000) != 1)
			return 0;
		host_udev_dispatch();
	}
	return atomic_load(count) == wanted;
}

static void
test_udev(void)
{
	struct h_vhci *hv;
	char first[64];
	unsigned i;

	atomic_store(&n_arrived, 0);
	atomic_store(&n_left, 0);
	n_lines = 0;
	udev_fd = host_udev_open(&udev_ops, NULL);
	T_CHECK(udev_fd != -1);
	host_udev_rescan();
	T_EQ(atomic_load(&n_arrived), 0);
	for (i = 1; i <= 3; i++) {
		hv = h_vhci_plug(0);
		if (hv == NULL)
			t_skip("no vhci_hcd");
		T_CHECK(events(&n_arrived, i));
		if (i == 1)
			strcpy(first, last_path);
		T_CHECK(strcmp(first, last_path) == 0);
		/* What the configuration says of its line comes with it, and
		   again when that was read again. */
		T_EQ(last_speed, H_VHCI_VENDOR);
		last_speed = 0;
		T_EQ(host_udev_rematch(0), 0);
		T_EQ(n_lines, i);
		T_CHECK(strcmp(first, last_path) == 0);
		T_EQ(last_speed, H_VHCI_VENDOR);
		h_vhci_unplug(hv);
		T_CHECK(events(&n_left, i));
	}
	host_udev_close();
}

/* What is refused is refused once for each plugging, and K hears nothing. */
static void
test_refused(void)
{
	struct want w = { .w_vendor = H_VHCI_VENDOR,
	    .w_product = H_VHCI_PRODUCT };
	struct h_vhci *hv;
	int refuse = 1;
	unsigned i;

	atomic_store(&n_arrived, 0);
	atomic_store(&n_left, 0);
	udev_fd = host_udev_open(&udev_ops, &refuse);
	T_CHECK(udev_fd != -1);
	for (i = 1; i <= 2; i++) {
		hv = h_vhci_plug(0);
		if (hv == NULL)
			t_skip("no vhci_hcd");
		t_until(find, &w, "the device is there");
		host_udev_rescan();
		host_udev_rescan();
		events_now();
		T_EQ(n_refused, i);
		h_vhci_unplug(hv);
		while (find(&w))
			t_msleep(5);
		host_udev_rescan();
	}
	T_EQ(atomic_load(&n_arrived), 0);
	T_EQ(atomic_load(&n_left), 0);
	host_udev_close();
}

/*
 * What is detached by hand leaves once, and nothing has it come again but an
 * attach, a reload, and being plugged in again (devswctl(8), detach).
 */
static void
test_detach(void)
{
	struct want w = { .w_vendor = H_VHCI_VENDOR,
	    .w_product = H_VHCI_PRODUCT };
	struct h_vhci *hv;
	char path[64];

	atomic_store(&n_arrived, 0);
	atomic_store(&n_left, 0);
	udev_fd = host_udev_open(&udev_ops, NULL);
	T_CHECK(udev_fd != -1);
	hv = h_vhci_plug(0);
	if (hv == NULL)
		t_skip("no vhci_hcd");
	T_CHECK(events(&n_arrived, 1));
	strcpy(path, last_path);
	T_EQ(host_udev_detach("1-1.1.1.1"), ENOENT);
	T_EQ(host_udev_attach(path), EALREADY);
	T_EQ(host_udev_detach(path), 0);
	T_EQ(host_udev_detach(path), EALREADY);
	T_EQ(n_detached, 1);
	T_EQ(atomic_load(&n_left), 1);
	events_now();
	host_udev_rescan();
	T_EQ(host_udev_rematch(0), 0);
	host_udev_rescan();
	T_EQ(atomic_load(&n_arrived), 1);
	T_EQ(host_udev_attach(path), 0);
	T_EQ(atomic_load(&n_arrived), 2);
	T_EQ(n_detached, 0);
	T_EQ(host_udev_detach(path), 0);
	T_EQ(host_udev_rematch(1), 0);
	host_udev_rescan();
	T_EQ(atomic_load(&n_arrived), 3);
	T_EQ(host_udev_detach(path), 0);
	T_EQ(atomic_load(&n_left), 3);
	h_vhci_unplug(hv);
	while (find(&w))
		t_msleep(5);
	host_udev_rescan();
	/* It had left already. */
	T_EQ(atomic_load(&n_left), 3);
	T_EQ(host_udev_attach(path), ENOENT);
	T_CHECK((hv = h_vhci_plug(0)) != NULL);
	T_CHECK(events(&n_arrived, 4));
	h_vhci_unplug(hv);
	T_CHECK(events(&n_left, 4));
	n_detached = 0;
	host_udev_close();
}

/* Without a single event: sysfs alone finds plug, unplug and replug. */
static void
test_rescan(void)
{
	struct want w = { .w_vendor = H_VHCI_VENDOR,
	    .w_product = H_VHCI_PRODUCT };
	struct h_vhci *hv;
	uint32_t addr;

	atomic_store(&n_arrived, 0);
	atomic_store(&n_left, 0);
	udev_fd = host_udev_open(&udev_ops, NULL);
	T_CHECK(udev_fd != -1);
	hv = h_vhci_plug(0);
	if (hv == NULL)
		t_skip("no vhci_hcd");
	t_until(find, &w, "the device is there");
	host_udev_rescan();
	T_EQ(atomic_load(&n_arrived), 1);
	host_udev_rescan();
	T_EQ(atomic_load(&n_arrived), 2);
	T_EQ(atomic_load(&n_left), 0);
	addr = w.w_dev.ud_info.hi_addr;
	h_vhci_unplug(hv);
	while (find(&w))
		t_msleep(5);
	hv = h_vhci_plug(0);
	t_until(find, &w, "the device is back");
	T_CHECK(w.w_dev.ud_info.hi_addr != addr);
	host_udev_rescan();
	T_EQ(atomic_load(&n_left), 1);
	T_EQ(atomic_load(&n_arrived), 3);
	/* The events that were not taken are old now. */
	events_now();
	T_EQ(atomic_load(&n_left), 1);
	T_EQ(atomic_load(&n_arrived), 3);
	h_vhci_unplug(hv);
	while (find(&w))
		t_msleep(5);
	host_udev_rescan();
	T_EQ(atomic_load(&n_left), 2);
	host_udev_close();
}

const struct t_case t_cases[] = {
	{ "descriptors come as the device sent them", test_descriptors },
	{ "a claim takes the interface, a close gives it back", test_claim },
	{ "two interfaces go back to one driver", test_claim_two },
	{ "control and bulk transfers", test_data },
	{ "cancel ends a transfer, once", test_cancel },
	{ "a device has one thread, and two while it cancels", test_threads },
	{ "no thread for a cancel is not the end of it", test_no_thread },
	{ "data, cancels and submits at once", test_storm },
	{ "a cancellation overtakes its transfer", test_overtaken },
	{ "free in flight: no done, memory comes back", test_free_in_flight },
	{ "close in flight: no done, memory comes back",
	    test_close_in_flight },
	{ "unplug in flight", test_unplug },
	{ "unplug with nothing in flight", test_unplug_idle },
	{ "a host controller that never answers stops nobody", test_deaf },
	{ "what waits behind it starts after it", test_deaf_queue },
	{ "unplug ends it too", test_deaf_unplug },
	{ "a crash gives the claim back", test_crash },
	{ "a crash during a request gives it back", test_crash_busy },
	{ "SIGKILL does not, --release does", test_kill },
	{ "plug events", test_udev },
	{ "a rescan alone finds everything", test_rescan },
	{ "what is detached by hand stays so until it is attached",
	    test_detach },
	{ "a device that is refused is not told of", test_refused },
	{ NULL, NULL },
};
