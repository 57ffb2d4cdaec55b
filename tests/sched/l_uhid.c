/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * l_uhid.c - litmuses of uhid(4) and uhidev(4), on the bus and usbdi as they
 * are: reads, polls, requests and input against d_cancel, the last close and
 * an unplug.  The device (h_usb.c) has 8 bytes each way; a GET_REPORT of it
 * ends when the litmus lets it, or never.
 */
#include <sys/param.h>
#include <sys/atomic.h>
#include <sys/conf.h>
#include <sys/device.h>
#include <sys/lwp.h>
#include <sys/poll.h>
#include <sys/systm.h>

#include <hyp/hyp.h>
#include <hyp/hyp_usb.h>

#include <miscfs/specfs/specdev.h>

#include "bus/bus.h"
#include "h_test.h"
#include "drivers/ioconf.h"
#include "drivers/uhid_impl.h"
#include "sched/h_calls.h"
#include "sched/sched.h"
#include "specfs/h_node.h"
#include "specfs/h_specfs.h"
#include "usbdi/h_desc.h"
#include "usbdi/h_usb.h"

#define	IN	0x81
#define	SIZE	8
#define	MS(n)	((uint64_t)(n) * 1000000)
#define	L_USB_GET_REPORT	0xc4045517U	/* _IOWR('U', 23, 1028 bytes) */
#define	L_USB_GET_STRING_DESC	0xc108556eU	/* _IOWR('U', 110, 264 bytes) */
#define	L_USB_SET_REPORT	0x44045518U	/* _IOW('U', 24, 1028 bytes) */
#define	L_HIDIOCREVOKE		0x4004480dU	/* Linux's */
#define	L_HIDIOCGINPUT		0xc009480aU	/* 9 bytes */
#define	L_ENODEV		19

extern struct cfdriver uhid_cd;
extern const struct cdevsw uhid_cdevsw;

/* A vendor's page: 8 bytes in, 8 bytes out, no IDs. */
static const uint8_t report_desc[] = {
	0x06, 0x00, 0xff, 0x09, 0x01, 0xa1, 0x01, 0x15, 0x00, 0x26, 0xff,
	0x00, 0x75, 0x08, 0x95, 0x08, 0x09, 0x02, 0x81, 0x02, 0x09, 0x03,
	0x91, 0x02, 0xc0
};
static const uint8_t descs[] = {
	H_DEV(0x1d6b, 0x0107, 0x0100, 0, 0, 0, 1),
	H_CONF(34, 1, 1),
	H_IFACE(0, 0, 1, 3, 0, 0),
	9, 0x21, 0x11, 0x01, 0, 1, 0x22, sizeof(report_desc), 0,
	H_EP(IN, 3, SIZE),
};
/* The same in two reports, which are two uhids, on the same pipes. */
static const uint8_t id_reports[] = {
	0x06, 0x00, 0xff, 0x09, 0x01, 0xa1, 0x01, 0x15, 0x00, 0x26, 0xff,
	0x00, 0x75, 0x08, 0x95, 0x07, 0x85, 0x01, 0x09, 0x02, 0x81, 0x02,
	0x85, 0x02, 0x09, 0x03, 0x81, 0x02, 0xc0
};
static const uint8_t id_descs[] = {
	H_DEV(0x1d6b, 0x0107, 0x0100, 0, 0, 0, 1),
	H_CONF(34, 1, 1),
	H_IFACE(0, 0, 1, 3, 0, 0),
	9, 0x21, 0x11, 0x01, 0, 1, 0x22, sizeof(id_reports), 0,
	H_EP(IN, 3, SIZE),
};

static struct hu_dev *hu;
static uint32_t addr;
static struct h_client a, b;
static bool has_read;		/* edge_close has got a report */

static int
is_closed(void *arg __unused)
{

	return !hu_is_open(hu);
}

/* arg: the last of them. */
static int
is_attached(void *arg)
{
	device_t d = device_lookup(&uhid_cd, *(int *)arg);

	return d != NULL && device_is_active(d);
}

static void
setup_with(const uint8_t *desc, size_t len, const uint8_t *reports,
    size_t reportslen, int last)
{
	struct hyp_usb_info hi = { .hi_path = "1-1", .hi_bus = 1,
	    .hi_addr = ++addr, .hi_vendor = 0x1d6b, .hi_product = 0x0107,
	    .hi_release = 0x0100, .hi_speed = HYP_USB_SPEED_FULL,
	    .hi_serial = "", .hi_vendorstr = "", .hi_productstr = "" };
	devmajor_t maj = NODEVMAJOR;

	hp_forget();
	h_specfs_up();
	has_read = false;
	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	SCHED_CHECK(devsw_attach("uhid", NULL, NULL, &uhid_cdevsw, &maj) == 0);
	SCHED_CHECK(config_init_component(cfdriver_ioconf, cfattach_ioconf,
	    cfdata_ioconf) == 0);
	usb_bus_init(false);
	hu = hu_plug(1, addr, desc, len);
	hu_mode(hu, 0, HU_OK, HU_C_OK);
	hu_mode(hu, IN, HU_HOLD, HU_C_OK);
	hu_answer(hu, reports, reportslen);
	hyp_usb_arrived(&hi);
	T_UNTIL(is_attached, &last);
	a.c_node = b.c_node = h_node_find("uhid0");
	SCHED_CHECK(a.c_node != NULL);
}

static void
setup(void)
{

	setup_with(descs, sizeof(descs), report_desc, sizeof(report_desc), 0);
}

static void
setup_two(void)
{

	setup_with(id_descs, sizeof(id_descs), id_reports,
	    sizeof(id_reports), 1);
	b.c_node = h_node_find("uhid1");
	SCHED_CHECK(b.c_node != NULL);
}

static void
setup_two_open_a(void)
{

	setup_two();
	SCHED_CHECK(c_open(&a, 0) == 0);
}

static void
setup_open_a(void)
{

	setup();
	SCHED_CHECK(c_open(&a, 0) == 0);
}

/* Requests wait for the device. */
static void
setup_slow(void)
{

	setup_open_a();
	hu_mode(hu, 0, HU_HOLD, HU_C_OK);
}

/* ... which never gives one back. */
static void
setup_stuck(void)
{

	setup_open_a();
	hu_mode(hu, 0, HU_HOLD, HU_C_NEVER);
}

/* ---- uhidev_write_async, as a driver below uhidev would use it -------- */

#define	OUT	0x02

/* Two report IDs, each with 8 bytes in and 8 bytes out. */
#define	COLLECTION(id)							\
	0x09, 0x01, 0xa1, 0x01, 0x85, (id), 0x15, 0x00, 0x26, 0xff,	\
	0x00, 0x75, 0x08, 0x95, 0x08, 0x09, 0x02, 0x81, 0x02, 0x09,	\
	0x03, 0x91, 0x02, 0xc0
static const uint8_t two_reports[] = {
	0x06, 0x00, 0xff, COLLECTION(1), COLLECTION(2)
};
static const uint8_t out_descs[] = {
	H_DEV(0x1d6b, 0x0107, 0x0100, 0, 0, 0, 1),
	H_CONF(41, 1, 1),
	H_IFACE(0, 0, 2, 3, 0, 0),
	9, 0x21, 0x11, 0x01, 0, 1, 0x22, sizeof(two_reports), 0,
	H_EP(IN, 3, SIZE),
	H_EP(OUT, 3, SIZE),
};

static struct uhidev *async_scd;
static u_int async_sent, async_called;		/* atomic */
static bool async_inside, async_stays;		/* atomic */

static void	async_done(struct usbd_xfer *, void *, usbd_status);

static usbd_status
async_send(void)
{
	static uint8_t report[1 + SIZE] = { 1, 2, 3 };
	usbd_status err;

	atomic_inc_uint(&async_sent);
	err = uhidev_write_async(async_scd, report, sizeof(report), 0, USBD_NO_TIMEOUT,
	    async_done, &async_scd);
	if (err != USBD_IN_PROGRESS)
		atomic_dec_uint(&async_sent);
	return err;
}

/* The first that the device has taken is followed by another. */
static void
async_done(struct usbd_xfer *xfer __unused, void *cookie, usbd_status status)
{
	usbd_status err;

	SCHED_CHECK(cookie == &async_scd);
	atomic_store_relaxed(&async_inside, true);
	atomic_inc_uint(&async_called);
	if (status == USBD_NORMAL_COMPLETION) {
		err = async_send();
		SCHED_CHECK(err == USBD_IN_PROGRESS || err == USBD_CANCELLED ||
		    err == USBD_IOERROR);
	}
	atomic_store_relaxed(&async_inside, false);
}

static void
setup_async(void)
{
	struct uhid_softc *sc;

	setup_with(out_descs, sizeof(out_descs), two_reports,
	    sizeof(two_reports), 1);
	hu_mode(hu, OUT, HU_HOLD, async_stays ? HU_C_NEVER : HU_C_OK);
	b.c_node = h_node_find("uhid1");
	SCHED_CHECK(c_open(&a, 0) == 0);
	/* So the pipes stay, when the other one is closed. */
	SCHED_CHECK(b.c_node != NULL && c_open(&b, 0) == 0);
	sc = device_private(device_lookup(&uhid_cd, 0));
	async_scd = sc->sc_hdev;
	async_sent = async_called = 0;
	SCHED_CHECK(uhidev_write_async(async_scd, &a, UHIDEV_OSIZE + 1, 0, 0,
	    async_done, NULL) == USBD_INVAL);
	SCHED_CHECK(async_send() == USBD_IN_PROGRESS);
	SCHED_CHECK(async_send() == USBD_IN_USE);
}

/* What is cancelled comes back after the grace only, if at all. */
static void
setup_async_stuck(void)
{

	async_stays = true;
	setup_async();
	async_stays = false;
}

/* It is closed: all callbacks have run, each once, and none comes. */
static void
async_is_over(void)
{

	SCHED_CHECK(!atomic_load_relaxed(&async_inside));
	SCHED_CHECK(atomic_load_relaxed(&async_called) ==
	    atomic_load_relaxed(&async_sent));
}

static void
async_revokes(void *arg __unused)
{

	SCHED_CHECK(h_revoke(a.c_node) == 0);
	async_is_over();
	h_close(&a);
	h_close(&b);
}

static void
async_unplugs(void *arg __unused)
{

	hu_unplug(hu, 0);
	c_await(is_closed, NULL);
	async_is_over();
	h_close(&a);
	h_close(&b);
}

/* The device takes one. */
static void
async_takes(void *arg __unused)
{

	(void)hu_complete(hu, OUT, 0, HYP_USB_OK, NULL, 1 + SIZE);
}

/* As it was before drains: d_close comes while calls are in the driver. */
static void
setup_legacy_closed(void)
{

	setup();
	SCHED_CHECK(devsw_semantics(&uhid_cdevsw, "netbsd-legacy") == 0);
}

static void
setup_legacy(void)
{

	setup_legacy_closed();
	SCHED_CHECK(c_open(&a, 0) == 0);
}

static void
setup_legacy_slow(void)
{

	setup_legacy();
	hu_mode(hu, 0, HU_HOLD, HU_C_OK);
}

static void
setup_intr(void)
{

	setup_slow();
	c_intr_begin();
}

static void
setup_intr_stuck(void)
{

	setup_stuck();
	c_intr_begin();
}

static void
end(void)
{
	static const char *const names[] = { "uhid0", "uhid1", NULL };

	usb_bus_shutdown();
	T_UNTIL(is_closed, NULL);
	hu_remove(hu);
	hu_zombies_return();
	devsw_detach(NULL, &uhid_cdevsw);
	SCHED_CHECK(config_fini_component(cfdriver_ioconf, cfattach_ioconf,
	    cfdata_ioconf) == 0);
	h_specfs_down(names);
}

static void
end_close_a(void)
{

	h_close(&a);
	end();
}

/* ---- actors --------------------------------------------------------- */

static bool
open_errno(int error)
{

	return error == 0 || error == L_ENXIO || error == L_EBADF ||
	    error == L_EIO;
}

/* Beside somebody who has it open, or is opening it. */
static void
open_close(void *arg)
{
	struct h_client *c = arg;

	if (c_open(c, 0) == 0)
		h_close(c);
	SCHED_CHECK(open_errno(c->c_error) || c->c_error == L_EBUSY);
}

/* Nobody else has it or wants it. */
static void
open_alone(void *arg)
{
	struct h_client *c = arg;

	if (c_open(c, 0) == 0)
		h_close(c);
	SCHED_CHECK(open_errno(c->c_error));
}

/* Whole reports, or the end. */
static void
read_close(void *arg)
{
	char buf[2 * SIZE];
	size_t n = 0;
	int error = c_read(arg, buf, sizeof(buf), &n);

	SCHED_CHECK(error == 0 ? n > 0 && n % SIZE == 0 : error == L_EIO);
	h_close(arg);
}

static int
report_call(struct h_client *c, uint32_t cmd)
{
	static u_char buf[1028];
	size_t insize, outsize, outoff;
	int error, result;

	memset(buf, 0, sizeof(buf));
	buf[0] = cmd == L_USB_GET_REPORT ? 1 : 2;
	error = hyp_ioctl_size(cmd, &insize, &outsize, &outoff);
	SCHED_CHECK(error == 0);
	error = hyp_file_ioctl(c->c_file, cmd, 0, buf, insize, buf, &outsize,
	    &result);
	sched_note("report: %d", error);
	return error;
}

static int
report(struct h_client *c, uint32_t cmd)
{
	struct hyp_lwp *const l = h_enter(1000);
	const int error = report_call(c, cmd);

	h_exit(l);
	return error;
}

/* A signal ends it, or comes when there is an answer; soon. */
static void
intr_close(void *arg, uint32_t cmd)
{
	const uint64_t begin = hyp_clock();
	struct hyp_lwp *const l = c_intr_enter();
	const int error = report_call(arg, cmd);

	c_intr_exit(l);
	SCHED_CHECK(error == 0 || error == L_EINTR);
	SCHED_CHECK(hyp_clock() - begin < MS(3000));
	h_close(arg);
}

static void
get_intr_close(void *arg)
{

	intr_close(arg, L_USB_GET_REPORT);
}

static void
string_intr_close(void *arg)
{

	intr_close(arg, L_USB_GET_STRING_DESC);
}

/* Whatever the device does, the revoke ends it, and not a timeout. */
static void
report_close(void *arg, uint32_t cmd)
{
	const uint64_t begin = hyp_clock();
	const int error = report(arg, cmd);

	SCHED_CHECK(error == 0 || error == L_EIO || error == L_EBADF);
	SCHED_CHECK(hyp_clock() - begin < MS(3000));
	h_close(arg);
}

static void
get_close(void *arg)
{

	report_close(arg, L_USB_GET_REPORT);
}

static void
string_close(void *arg)
{

	report_close(arg, L_USB_GET_STRING_DESC);
}

static void
set_close(void *arg)
{

	report_close(arg, L_USB_SET_REPORT);
}

/* Linux's calls on the same file, by others who have it. */
static int
hidraw(struct h_client *c, uint32_t cmd, uint64_t arg)
{
	struct hyp_lwp *const l = h_enter(1000);
	u_char buf[SIZE + 1] = { 0 };
	size_t insize, outsize, outoff;
	int error, result;

	error = hyp_ioctl_size(cmd, &insize, &outsize, &outoff);
	SCHED_CHECK(error == 0 && insize <= sizeof(buf) &&
	    outsize <= sizeof(buf));
	error = hyp_file_ioctl(c->c_file, cmd, arg, buf, insize, buf,
	    &outsize, &result);
	h_exit(l);
	sched_note("hidraw: %d", error);
	return error;
}

static void
hidraw_revokes(void *arg)
{

	SCHED_CHECK(hidraw(arg, L_HIDIOCREVOKE, 0) == 0);
}

/* Of a file that others close. */
static void
read_over(void *arg)
{
	char buf[SIZE];
	size_t n = 0;

	SCHED_CHECK(c_read(arg, buf, sizeof(buf), &n) == L_EIO);
}

/* HIDIOCREVOKE ends it. */
static void
read_revoked(void *arg)
{
	char buf[SIZE];
	size_t n = 0;

	SCHED_CHECK(c_read(arg, buf, sizeof(buf), &n) == L_ENODEV);
}

static void
get_revoked(void *arg)
{
	const uint64_t begin = hyp_clock();

	SCHED_CHECK(hidraw(arg, L_HIDIOCGINPUT, 0) == L_ENODEV);
	SCHED_CHECK(hyp_clock() - begin < MS(3000));
}

static void
closes(void *arg)
{

	h_close(arg);
}

/* close(2) of a has returned: its next open(2) is not busy. */
static kmutex_t over_lock;
static kcondvar_t over_cv;
static bool over;			/* over_lock */

static void
is_over(struct h_hostfile *hf __unused)
{

	mutex_enter(&over_lock);
	over = true;
	cv_broadcast(&over_cv);
	mutex_exit(&over_lock);
}

static void
reopens(void *arg __unused)
{

	mutex_enter(&over_lock);
	while (!over)
		cv_wait(&over_cv, &over_lock);
	mutex_exit(&over_lock);
	SCHED_CHECK(c_open(&b, 0) == 0);
	h_close(&b);
}

static void
setup_reopen(void)
{

	setup_open_a();
	over = false;
	mutex_init(&over_lock, MUTEX_DEFAULT, IPL_NONE);
	cv_init(&over_cv, "over");
	a.c_host.hf_closing = is_over;
}

static void
revokes(void *arg __unused)
{

	SCHED_CHECK(h_revoke(a.c_node) == 0);
}

static void
unplugs(void *arg __unused)
{

	hu_unplug(hu, 0);
}

static void
input(void *arg __unused)
{
	static const uint8_t data[SIZE] = { 1, 2, 3, 4, 5, 6, 7, 8 };

	(void)hu_complete(hu, IN, 0, HYP_USB_OK, data, SIZE);
}

static int
is_sent(void *arg __unused)
{
	static const uint8_t data[SIZE] = { 1, 2, 3, 4, 5, 6, 7, 8 };

	return hu_complete(hu, IN, 0, HYP_USB_OK, data, SIZE) == 0;
}

static uint32_t seen_wakes;

static int
is_read(void *arg __unused)
{

	return atomic_load_relaxed(&has_read);
}

/* One report, and one more when that has been read. */
static void
two_inputs(void *arg __unused)
{

	c_await(is_sent, NULL);
	c_await(is_read, NULL);
	c_await(is_sent, NULL);
}

static int
is_woken(void *arg)
{
	const struct h_client *c = arg;

	return atomic_load_relaxed(&c->c_host.hf_wakes) != seen_wakes;
}

/* Note the wake-ups so far, and ask: what comes later wakes. */
static uint32_t
poll_edge(struct h_client *c, uint32_t events)
{
	uint32_t revents;

	seen_wakes = atomic_load_relaxed(&c->c_host.hf_wakes);
	revents = h_poll(c, events, 1);
	sched_note("poll: %#x", revents);
	return revents;
}

/* epoll with EPOLLET: read all there is, then sleep until the next edge. */
static void
edge_close(void *arg)
{
	struct h_client *const c = arg;
	char buf[SIZE];
	struct hyp_lwp *l;
	size_t n, total = 0;
	int error;

	for (;;) {
		(void)poll_edge(c, POLLIN);
		do {
			l = h_enter(1000);
			error = hyp_file_read(c->c_file, buf, sizeof(buf),
			    HYP_F_NONBLOCK, &n);
			h_exit(l);
			total += n;
			if (total > 0)
				atomic_store_relaxed(&has_read, true);
		} while (error == 0);
		SCHED_CHECK(error == L_EAGAIN);
		if (total == 2 * SIZE)
			break;
		c_await(is_woken, c);
	}
	h_close(c);
}

/* What is going to be a dead file is told as one, and wakes who has not been
   told. */
static void
poll_close(void *arg)
{
	struct h_client *const c = arg;
	const uint32_t asked = POLLIN | POLLOUT;
	uint32_t revents;

	while ((revents = poll_edge(c, asked)) == POLLOUT)
		c_await(is_woken, c);
	SCHED_CHECK(revents == (asked | POLLERR | POLLHUP));
	h_close(c);
}

/* HIDIOCREVOKE is told, too. */
static void
poll_revoked(void *arg)
{

	while ((poll_edge(arg, POLLIN | POLLOUT) & POLLHUP) == 0)
		c_await(is_woken, arg);
}

/* The other uhid of the device is nobody's business. */
static void
open_surely(void *arg)
{
	struct h_client *c = arg;

	SCHED_CHECK(c_open(c, 0) == 0);
	h_close(c);
}

static void
open_stays(void *arg)
{

	SCHED_CHECK(c_open(arg, 0) == 0);
}

/* The device answers. */
static void
answers(void *arg __unused)
{
	static const uint8_t data[SIZE] = { 8, 7, 6, 5, 4, 3, 2, 1 };

	(void)hu_complete(hu, 0, 0, HYP_USB_OK, data, SIZE);
}

#define	ACTORS(name, ...)						\
	static const struct sched_actor name[] = {			\
		__VA_ARGS__, { NULL, NULL, NULL }			\
	}

ACTORS(two_opens, { "A", open_close, &a }, { "B", open_close, &b });
ACTORS(close_open, { "A", closes, &a }, { "B", open_close, &b });
ACTORS(close_reopen, { "A", closes, &a }, { "B", reopens, NULL });
ACTORS(open_revoke, { "A", open_alone, &a }, { "revoke", revokes, NULL });
ACTORS(open_unplug, { "A", open_alone, &a }, { "unplug", unplugs, NULL });
ACTORS(read_revoke, { "A", read_close, &a }, { "revoke", revokes, NULL });
ACTORS(read_unplug, { "A", read_close, &a }, { "unplug", unplugs, NULL });
ACTORS(input_close, { "A", closes, &a }, { "input", input, NULL });
ACTORS(read_input, { "A", read_close, &a }, { "input", input, NULL });
ACTORS(read_input_revoke, { "A", read_close, &a }, { "input", input, NULL },
    { "revoke", revokes, NULL });
ACTORS(get_revoke, { "A", get_close, &a }, { "revoke", revokes, NULL });
ACTORS(string_revoke, { "A", string_close, &a }, { "revoke", revokes, NULL });
ACTORS(string_intr, { "A", string_intr_close, &a },
    { "signal", c_interrupts, NULL });
ACTORS(get_unplug, { "A", get_close, &a }, { "unplug", unplugs, NULL });
ACTORS(set_revoke, { "A", set_close, &a }, { "revoke", revokes, NULL });
ACTORS(get_answer_intr, { "A", get_intr_close, &a },
    { "answer", answers, NULL }, { "signal", c_interrupts, NULL });
ACTORS(get_intr, { "A", get_intr_close, &a },
    { "signal", c_interrupts, NULL });
ACTORS(get_answer_revoke, { "A", get_close, &a },
    { "answer", answers, NULL }, { "revoke", revokes, NULL });
ACTORS(read_revoke_unplug, { "A", read_close, &a },
    { "revoke", revokes, NULL }, { "unplug", unplugs, NULL });
ACTORS(raw_read_revoke, { "A", read_revoked, &a },
    { "revoke", hidraw_revokes, &a });
ACTORS(two_reads_revoke, { "A", read_over, &a }, { "B", read_over, &a },
    { "revoke", revokes, NULL });
ACTORS(raw_two_reads_revoke, { "A", read_revoked, &a },
    { "B", read_revoked, &a }, { "revoke", hidraw_revokes, &a });
ACTORS(raw_get_revoke, { "A", get_revoked, &a },
    { "revoke", hidraw_revokes, &a });
ACTORS(raw_poll_revoke, { "A", poll_revoked, &a },
    { "revoke", hidraw_revokes, &a });
ACTORS(two_uhids, { "A", open_surely, &a }, { "B", open_surely, &b });
ACTORS(two_uhids_stay, { "A", open_stays, &a }, { "B", open_surely, &b });
ACTORS(two_uhids_close, { "A", closes, &a }, { "B", open_surely, &b });
ACTORS(edge, { "A", edge_close, &a }, { "input", two_inputs, NULL });
ACTORS(poll_revoke, { "A", poll_close, &a }, { "revoke", revokes, NULL });
ACTORS(async_revoke, { "device", async_takes, NULL },
    { "revoke", async_revokes, NULL });
ACTORS(async_unplug, { "device", async_takes, NULL },
    { "unplug", async_unplugs, NULL });
ACTORS(async_alone, { "revoke", async_revokes, NULL });
ACTORS(poll_unplug, { "A", poll_close, &a }, { "unplug", unplugs, NULL });

extern const struct sched_litmus l_uhid[];
const struct sched_litmus l_uhid[] = {
	{ "hid_two_opens", "an open is exclusive, and nobody waits",
	    setup, two_opens, end },
	{ "hid_close_open", "the last close against an open",
	    setup_open_a, close_open, end },
	{ "hid_close_reopen", "close(2), then open(2): never busy",
	    setup_reopen, close_reopen, end },
	{ "hid_open_revoke", "a lone open against a revoke: never busy",
	    setup, open_revoke, end },
	{ "hid_open_unplug", "an open against an unplug",
	    setup, open_unplug, end },
	{ "hid_read_revoke", "a blocked read against a revoke",
	    setup_open_a, read_revoke, end },
	{ "hid_read_unplug", "a blocked read against an unplug",
	    setup_open_a, read_unplug, end },
	{ "hid_input_close", "a report that comes during the last close",
	    setup_open_a, input_close, end },
	{ "hid_read_input", "a read and its report: no lost wake-up",
	    setup_open_a, read_input, end },
	{ "hid_read_input_revoke", "a read, its report and a revoke",
	    setup_open_a, read_input_revoke, end },
	{ "hid_poll_edge", "each report is an edge, read or not: no lost wake-up",
	    setup_open_a, edge, end },
	{ "hid_poll_revoke", "a poll against a revoke: a dead file, told once",
	    setup_open_a, poll_revoke, end },
	{ "hid_raw_read_revoke", "a blocked read against HIDIOCREVOKE",
	    setup_open_a, raw_read_revoke, end_close_a },
	{ "hid_two_reads_revoke", "two blocked reads against a revoke",
	    setup_open_a, two_reads_revoke, end_close_a },
	{ "hid_raw_two_reads_revoke", "and against HIDIOCREVOKE",
	    setup_open_a, raw_two_reads_revoke, end_close_a },
	{ "hid_raw_get_revoke", "a request that is never answered against the same",
	    setup_stuck, raw_get_revoke, end_close_a },
	{ "hid_raw_poll_revoke", "a poll against the same: no lost wake-up",
	    setup_open_a, raw_poll_revoke, end_close_a },
	{ "hid_two_uhids", "two uhids of a device, whose pipes are the same",
	    setup_two, two_uhids, end },
	{ "hid_two_uhids_stay", "the same, and one stays open",
	    setup_two, two_uhids_stay, end_close_a },
	{ "hid_two_uhids_close", "the last close of one against the other's open",
	    setup_two_open_a, two_uhids_close, end },
	{ "hid_poll_unplug", "a poll against an unplug",
	    setup_open_a, poll_unplug, end },
	{ "hid_async_revoke", "a chain of asynchronous writes against a revoke",
	    setup_async, async_revoke, end },
	{ "hid_async_unplug", "and against an unplug",
	    setup_async, async_unplug, end },
	{ "hid_async_stuck", "and a revoke, and it is never given back",
	    setup_async_stuck, async_alone, end },
	{ "hid_get_signal", "a GET_REPORT, its answer and a signal",
	    setup_intr, get_answer_intr, end },
	{ "hid_get_signal_stuck", "a signal, and it is never given back",
	    setup_intr_stuck, get_intr, end },
	{ "hid_string_signal", "a string that does not come, and a signal",
	    setup_intr_stuck, string_intr, end },
	{ "hid_string_revoke", "the same, and a revoke",
	    setup_slow, string_revoke, end },
	{ "hid_legacy_read_revoke", "a revoke without a drain under a read",
	    setup_legacy, read_input_revoke, end },
	{ "hid_legacy_open_revoke", "a revoke without a drain under an open",
	    setup_legacy_closed, open_revoke, end },
	{ "hid_legacy_get_revoke", "a revoke without a drain under a request",
	    setup_legacy_slow, get_answer_revoke, end },
	{ "hid_legacy_get_unplug", "an unplug without a drain under a request",
	    setup_legacy_slow, get_unplug, end },
	{ "hid_get_revoke", "a GET_REPORT that waits, or begins, revoked",
	    setup_slow, get_revoke, end },
	{ "hid_get_unplug", "a GET_REPORT against an unplug",
	    setup_slow, get_unplug, end },
	{ "hid_set_revoke", "a SET_REPORT against a revoke",
	    setup_slow, set_revoke, end },
	{ "hid_get_answer_revoke", "GET_REPORT, its answer and a revoke",
	    setup_slow, get_answer_revoke, end },
	{ "hid_stuck_revoke", "a GET_REPORT that is never given back, revoked",
	    setup_stuck, get_revoke, end },
	{ "hid_read_revoke_unplug", "a blocked read, a revoke, an unplug",
	    setup_open_a, read_revoke_unplug, end },
	{ NULL, NULL, NULL, NULL, NULL },
};
