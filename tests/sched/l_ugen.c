/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * l_ugen.c - litmuses of ugen(4): reads, writes and requests against d_cancel,
 * the last close and an unplug, and another setting against an open of an
 * endpoint.  Transfers of the device (h_usb.c) end when an actor says so, or
 * never.
 */
#include <sys/param.h>
#include <sys/conf.h>
#include <sys/device.h>
#include <sys/lwp.h>
#include <sys/systm.h>

#include <hyp/hyp.h>
#include <hyp/hyp_usb.h>

#include "bus/bus.h"
#include "h_test.h"
#include "drivers/ioconf.h"
#include "sched/h_calls.h"
#include "sched/sched.h"
#include "specfs/h_node.h"
#include "specfs/h_specfs.h"
#include "usbdi/h_desc.h"
#include "usbdi/h_usb.h"

#define	OUT	0x01
#define	IN	0x82
#define	SIZE	16
#define	L_ENOMEM		12
#define	L_ETIMEDOUT		110
#define	MS(n)	((uint64_t)(n) * 1000000)
#define	L_USB_GET_STRING_DESC	0xc108556eU	/* _IOWR('U', 110, 264 bytes) */
#define	L_UGEN_DO_REQUEST	0xc01155c8U	/* 16 bytes and one of data */
#define	L_USB_SET_ALTINTERFACE	0xc00c5567U
#define	L_USB_SET_TIMEOUT	0x40045572U
#define	L_USB_SET_BULK_RA	0x40045573U
#define	L_USB_SET_BULK_WB	0x40045574U
#define	L_USB_SET_BULK_RA_OPT	0x40085575U
#define	L_USB_SET_BULK_WB_OPT	0x40085576U

extern struct cfdriver ugen_cd;
extern const struct cdevsw ugen_cdevsw;

static const uint8_t descs[] = {
	H_DEV(0x1d6b, 0x0109, 0x0100, 0xff, 0, 0, 1),
	H_CONF(48, 1, 1),
	H_IFACE(0, 0, 2, 0xff, 0, 0),
	H_EP(OUT, 2, 64),
	H_EP(IN, 2, 64),
	H_IFACE(0, 1, 1, 0xff, 0, 0),
	H_EP(IN, 2, 32),
};

static struct hu_dev *hu;
static uint32_t addr;
static struct h_client ctl, out, in;

static int
is_attached(void *arg __unused)
{
	device_t d = device_lookup(&ugen_cd, 0);

	return d != NULL && device_is_active(d);
}

static void
setup(void)
{
	struct hyp_usb_info hi = { .hi_path = "1-1", .hi_bus = 1,
	    .hi_addr = ++addr, .hi_vendor = 0x1d6b, .hi_product = 0x0109,
	    .hi_release = 0x0100, .hi_speed = HYP_USB_SPEED_FULL,
	    .hi_serial = "", .hi_vendorstr = "", .hi_productstr = "" };
	devmajor_t maj = NODEVMAJOR;

	hi.hi_pins.hp_n = 1;
	hi.hi_pins.hp_pin[0] = (struct hyp_usb_pin){ 0, -1, -1, "ugen" };
	hp_forget();
	h_specfs_up();
	memset(&ctl, 0, sizeof(ctl));
	memset(&out, 0, sizeof(out));
	memset(&in, 0, sizeof(in));
	SCHED_CHECK(devsw_attach("ugen", NULL, NULL, &ugen_cdevsw, &maj) == 0);
	SCHED_CHECK(config_init_component(cfdriver_ioconf, cfattach_ioconf,
	    cfdata_ioconf) == 0);
	usb_bus_init(false);
	hu = hu_plug(1, addr, descs, sizeof(descs));
	hu_mode(hu, 0, HU_HOLD, HU_C_OK);
	hu_mode(hu, OUT, HU_HOLD, HU_C_OK);
	hu_mode(hu, IN, HU_HOLD, HU_C_OK);
	hyp_usb_arrived(&hi);
	T_UNTIL(is_attached, NULL);
	ctl.c_node = h_node_find("ugen0.00");
	out.c_node = h_node_find("ugen0.01");
	in.c_node = h_node_find("ugen0.02");
	SCHED_CHECK(ctl.c_node != NULL && out.c_node != NULL &&
	    in.c_node != NULL);
}

/* open(2) for one direction: an endpoint has one. */
static int
open_for(struct h_client *c, int flags)
{
	struct hyp_lwp *const l = h_enter(1000);

	c->c_error = hyp_node_open(c->c_node, flags, &c->c_host, &c->c_file);
	h_exit(l);
	sched_note("open: %d", c->c_error);
	return c->c_error;
}

static void
setup_out(void)
{

	setup();
	SCHED_CHECK(open_for(&out, HYP_F_WRITE) == 0);
}

static void
setup_in(void)
{

	setup();
	SCHED_CHECK(open_for(&in, HYP_F_READ) == 0);
}

static void
setup_ctl(void)
{

	setup();
	SCHED_CHECK(open_for(&ctl, HYP_F_READ | HYP_F_WRITE) == 0);
}

static int	ioctl_on(struct h_client *, uint32_t, void *);

/* A ring that one transfer fills. */
static void
ring_of(struct h_client *c, uint32_t opt, uint32_t set)
{
	uint32_t size[2] = { SIZE, SIZE };
	int32_t on = 1;

	SCHED_CHECK(ioctl_on(c, opt, size) == 0);
	SCHED_CHECK(ioctl_on(c, set, &on) == 0);
}

static void
setup_ra(void)
{

	setup_in();
	ring_of(&in, L_USB_SET_BULK_RA_OPT, L_USB_SET_BULK_RA);
	SCHED_CHECK(hu_inflight(hu, IN) == 1);
}

/* And who reads it waits for so long. */
static void
setup_ra_timeout(void)
{
	int32_t ms = 500;

	setup_ra();
	SCHED_CHECK(ioctl_on(&in, L_USB_SET_TIMEOUT, &ms) == 0);
}

static void
fill(void)
{
	struct hyp_lwp *const l = h_enter(1000);
	size_t done = 0;

	SCHED_CHECK(hyp_file_write(out.c_file, "0123456789abcdef", SIZE, 0,
	    &done) == 0 && done == SIZE);
	h_exit(l);
}

/* And is full. */
static void
setup_wb(void)
{

	setup_out();
	ring_of(&out, L_USB_SET_BULK_WB_OPT, L_USB_SET_BULK_WB);
	fill();
	SCHED_CHECK(hu_inflight(hu, OUT) == 1);
}

/* And the host had no room for its transfer. */
static void
setup_wb_fails(void)
{

	setup_out();
	ring_of(&out, L_USB_SET_BULK_WB_OPT, L_USB_SET_BULK_WB);
	hu_submit_error(hu, OUT, L_ENOMEM);
	fill();
	hu_submit_error(hu, OUT, 0);
	SCHED_CHECK(hu_inflight(hu, OUT) == 0);
}

static void
setup_stuck(void)
{

	setup_ctl();
	hu_mode(hu, 0, HU_HOLD, HU_C_NEVER);
}

/* As it was before drains: d_close comes while calls are in the driver. */
static void
setup_legacy(void)
{

	setup();
	SCHED_CHECK(devsw_semantics(&ugen_cdevsw, "netbsd-legacy") == 0);
}

static void
setup_legacy_in(void)
{

	setup_legacy();
	SCHED_CHECK(open_for(&in, HYP_F_READ) == 0);
}

static void
setup_legacy_ctl(void)
{

	setup_legacy();
	SCHED_CHECK(open_for(&ctl, HYP_F_READ | HYP_F_WRITE) == 0);
}

static void
setup_intr(void)
{

	setup_ctl();
	c_intr_begin();
}

static void
setup_intr_in(void)
{

	setup_in();
	c_intr_begin();
}

static void
setup_intr_stuck(void)
{

	setup_stuck();
	c_intr_begin();
}

static int
is_closed(void *arg __unused)
{

	return !hu_is_open(hu);
}

static void
end(void)
{
	static const char *const names[] = { "ugen0.00", "ugen0.01",
	    "ugen0.02", NULL };

	usb_bus_shutdown();
	T_UNTIL(is_closed, NULL);
	hu_remove(hu);
	hu_zombies_return();
	devsw_detach(NULL, &ugen_cdevsw);
	SCHED_CHECK(config_fini_component(cfdriver_ioconf, cfattach_ioconf,
	    cfdata_ioconf) == 0);
	h_specfs_down(names);
}

/* ---- actors --------------------------------------------------------- */

static void
write_close(void *arg __unused)
{
	const uint64_t begin = hyp_clock();
	struct hyp_lwp *const l = h_enter(1000);
	size_t done = 0;
	int error;

	error = hyp_file_write(out.c_file, "0123456789abcdef", SIZE, 0, &done);
	h_exit(l);
	SCHED_CHECK(error == 0 ? done == SIZE : error == L_EIO);
	SCHED_CHECK(hyp_clock() - begin < MS(3000));
	h_close(&out);
}

static void
read_ends(void *arg __unused)
{
	const uint64_t begin = hyp_clock();
	char buf[SIZE];
	size_t done = 0;
	const int error = c_read(&in, buf, sizeof(buf), &done);

	SCHED_CHECK(error == 0 ? done == SIZE : error == L_EIO);
	SCHED_CHECK(hyp_clock() - begin < MS(3000));
}

static void
read_close(void *arg)
{

	read_ends(arg);
	h_close(&in);
}

/* Whatever comes, the timeout is the end. */
static void
read_timeout(void *arg __unused)
{
	const uint64_t begin = hyp_clock();
	char buf[SIZE];
	size_t done = 0;
	const int error = c_read(&in, buf, sizeof(buf), &done);

	SCHED_CHECK(error == 0 ? done == SIZE : error == L_ETIMEDOUT);
	SCHED_CHECK(error == 0 || hyp_clock() - begin >= MS(500));
	SCHED_CHECK(hyp_clock() - begin < MS(1000));
	h_close(&in);
}

/* A signal ends it, or comes when there is something; soon. */
static void
read_intr_close(void *arg __unused)
{
	const uint64_t begin = hyp_clock();
	struct hyp_lwp *const l = c_intr_enter();
	char buf[SIZE];
	size_t done = 0;
	const int error = hyp_file_read(in.c_file, buf, sizeof(buf), 0, &done);

	c_intr_exit(l);
	SCHED_CHECK(error == 0 ? done == SIZE : error == L_EINTR);
	SCHED_CHECK(hyp_clock() - begin < MS(3000));
	h_close(&in);
}

static int
ioctl_call(struct h_client *c, uint32_t cmd, void *data)
{
	size_t insize, outsize, outoff;
	int error, result;

	error = hyp_ioctl_size(cmd, &insize, &outsize, &outoff);
	SCHED_CHECK(error == 0);
	error = hyp_file_ioctl(c->c_file, cmd, 0, data, insize, data,
	    &outsize, &result);
	sched_note("ioctl: %d", error);
	return error;
}

static int
ioctl_on(struct h_client *c, uint32_t cmd, void *data)
{
	struct hyp_lwp *const l = h_enter(1000);
	const int error = ioctl_call(c, cmd, data);

	h_exit(l);
	return error;
}

/* The end of a ring, which waits for who uses it, or for what is in it. */
static void
ring_off(void *arg)
{
	struct h_client *const c = arg;
	const uint64_t begin = hyp_clock();
	int32_t off = 0;
	const int error = ioctl_on(c, c == &in ? L_USB_SET_BULK_RA :
	    L_USB_SET_BULK_WB, &off);

	SCHED_CHECK(error == 0 || error == L_EIO || error == L_EBADF);
	SCHED_CHECK(hyp_clock() - begin < MS(3000));
}

static void
off_close(void *arg)
{

	ring_off(arg);
	h_close(arg);
}

static void
closes(void *arg)
{

	h_close(arg);
}

static void
stalls(void *arg __unused)
{

	(void)hu_complete(hu, IN, 0, HYP_USB_STALL, NULL, 0);
}

/* A vendor's request, which a signal may end. */
static void
string_intr_close(void *arg __unused)
{
	uint8_t buf[264] = { 1 };
	const uint64_t begin = hyp_clock();
	struct hyp_lwp *const l = c_intr_enter();
	const int error = ioctl_call(&ctl, L_USB_GET_STRING_DESC, buf);

	c_intr_exit(l);
	SCHED_CHECK(error == L_EINTR);
	SCHED_CHECK(hyp_clock() - begin < MS(3000));
	h_close(&ctl);
}

static void
request_intr_close(void *arg __unused)
{
	uint8_t buf[17] = { 0xc0, 1, 0, 0, 0, 0, 1, 0 };
	const uint64_t begin = hyp_clock();
	struct hyp_lwp *const l = c_intr_enter();
	const int error = ioctl_call(&ctl, L_UGEN_DO_REQUEST, buf);

	c_intr_exit(l);
	SCHED_CHECK(error == 0 || error == L_EINTR);
	SCHED_CHECK(hyp_clock() - begin < MS(3000));
	h_close(&ctl);
}

/* Two threads read one endpoint: each gets a packet of its own. */
static void
reads(void *arg __unused)
{
	char buf[SIZE];
	size_t done = 0;

	SCHED_CHECK(c_read(&in, buf, sizeof(buf), &done) == 0);
	SCHED_CHECK(done == SIZE && hu_inflight(hu, IN) <= 1);
}

static int
is_said(void *arg __unused)
{
	static const uint8_t data[SIZE] = { 1, 2, 3 };

	return hu_complete(hu, IN, 0, HYP_USB_OK, data, SIZE) == 0;
}

static void
says_two(void *arg __unused)
{

	c_await(is_said, NULL);
	c_await(is_said, NULL);
}

static void
end_in(void)
{

	h_close(&in);
	end();
}

/* A vendor's request for a byte; a revoke ends it, and not the timeout. */
static void
request_close(void *arg __unused)
{
	uint8_t buf[17] = { 0xc0, 1, 0, 0, 0, 0, 1, 0 };
	const uint64_t begin = hyp_clock();
	const int error = ioctl_on(&ctl, L_UGEN_DO_REQUEST, buf);

	SCHED_CHECK(error == 0 || error == L_EIO || error == L_EBADF);
	SCHED_CHECK(hyp_clock() - begin < MS(3000));
	h_close(&ctl);
}

static void
string_close(void *arg __unused)
{
	uint8_t buf[264] = { 1 };
	const uint64_t begin = hyp_clock();
	const int error = ioctl_on(&ctl, L_USB_GET_STRING_DESC, buf);

	SCHED_CHECK(error == L_EIO || error == L_EBADF);
	SCHED_CHECK(hyp_clock() - begin < MS(3000));
	h_close(&ctl);
}

/* Another setting, or an endpoint is open. */
static void
change_close(void *arg __unused)
{
	int32_t ai[3] = { -1, 0, 1 };
	const int error = ioctl_on(&ctl, L_USB_SET_ALTINTERFACE, ai);

	SCHED_CHECK(error == 0 || error == L_EBUSY);
	SCHED_CHECK(hu_alt(hu, 0) == (error == 0 ? 1 : 0));
	h_close(&ctl);
}

static void
open_out(void *arg __unused)
{
	const int error = open_for(&out, HYP_F_WRITE);

	/* ENXIO: the other setting has it not. */
	SCHED_CHECK(error == 0 || error == L_EBUSY || error == L_ENXIO);
	if (error != 0)
		return;
	/* No other setting while it is open. */
	SCHED_CHECK(hu_alt(hu, 0) == 0);
	h_close(&out);
}

static void
open_alone(void *arg __unused)
{
	const int error = open_for(&out, HYP_F_WRITE);

	SCHED_CHECK(error == 0 || error == L_ENXIO || error == L_EBADF ||
	    error == L_EIO);
	if (error == 0)
		h_close(&out);
}

static void
revokes(void *arg)
{
	struct h_client *const c = arg;

	SCHED_CHECK(h_revoke(c->c_node) == 0);
}

static void
unplugs(void *arg __unused)
{

	hu_unplug(hu, 0);
}

static void
takes(void *arg __unused)
{

	(void)hu_complete(hu, OUT, 0, HYP_USB_OK, NULL, SIZE);
}

static void
says(void *arg __unused)
{
	static const uint8_t data[SIZE] = { 1, 2, 3 };

	(void)hu_complete(hu, IN, 0, HYP_USB_OK, data, SIZE);
}

static void
answers(void *arg __unused)
{

	(void)hu_complete(hu, 0, 0, HYP_USB_OK, "x", 1);
}

#define	ACTORS(name, ...)						\
	static const struct sched_actor name[] = {			\
		__VA_ARGS__, { NULL, NULL, NULL }			\
	}

ACTORS(write_revoke, { "A", write_close, NULL }, { "revoke", revokes, &out });
ACTORS(write_unplug, { "A", write_close, NULL }, { "unplug", unplugs, NULL });
ACTORS(write_takes_revoke, { "A", write_close, NULL },
    { "device", takes, NULL }, { "revoke", revokes, &out });
ACTORS(read_revoke, { "A", read_close, NULL }, { "revoke", revokes, &in });
ACTORS(read_says_revoke, { "A", read_close, NULL }, { "device", says, NULL },
    { "revoke", revokes, &in });
ACTORS(read_stalls_revoke, { "A", read_close, NULL },
    { "device", stalls, NULL }, { "revoke", revokes, &in });
ACTORS(read_off_revoke, { "A", read_ends, NULL }, { "B", ring_off, &in },
    { "revoke", revokes, &in });
ACTORS(read_says_timeout, { "A", read_timeout, NULL },
    { "device", says, NULL });
ACTORS(close_says, { "A", closes, &in }, { "device", says, NULL });
ACTORS(close_unplug, { "A", closes, &in }, { "unplug", unplugs, NULL });
ACTORS(read_unplug, { "A", read_close, NULL }, { "unplug", unplugs, NULL });
ACTORS(off_alone, { "A", off_close, &out });
ACTORS(off_revoke, { "A", off_close, &out }, { "revoke", revokes, &out });
ACTORS(off_takes_revoke, { "A", off_close, &out }, { "device", takes, NULL },
    { "revoke", revokes, &out });
ACTORS(string_intr, { "A", string_intr_close, NULL },
    { "signal", c_interrupts, NULL });
ACTORS(string_revoke, { "A", string_close, NULL },
    { "revoke", revokes, &ctl });
ACTORS(request_revoke, { "A", request_close, NULL },
    { "revoke", revokes, &ctl });
ACTORS(request_unplug, { "A", request_close, NULL },
    { "unplug", unplugs, NULL });
ACTORS(request_answers_revoke, { "A", request_close, NULL },
    { "device", answers, NULL }, { "revoke", revokes, &ctl });
ACTORS(read_says_intr, { "A", read_intr_close, NULL }, { "device", says, NULL },
    { "signal", c_interrupts, NULL });
ACTORS(request_answers_intr, { "A", request_intr_close, NULL },
    { "device", answers, NULL }, { "signal", c_interrupts, NULL });
ACTORS(request_intr, { "A", request_intr_close, NULL },
    { "signal", c_interrupts, NULL });
ACTORS(two_reads, { "A", reads, NULL }, { "B", reads, NULL },
    { "device", says_two, NULL });
ACTORS(change_open, { "A", change_close, NULL }, { "B", open_out, NULL });
ACTORS(open_revoke, { "A", open_alone, NULL }, { "revoke", revokes, &out });
ACTORS(open_unplug, { "A", open_alone, NULL }, { "unplug", unplugs, NULL });

extern const struct sched_litmus l_ugen[];
const struct sched_litmus l_ugen[] = {
	{ "gen_write_revoke", "a blocked write against a revoke",
	    setup_out, write_revoke, end },
	{ "gen_write_unplug", "a blocked write against an unplug",
	    setup_out, write_unplug, end },
	{ "gen_write_takes_revoke", "a write, the device and a revoke",
	    setup_out, write_takes_revoke, end },
	{ "gen_read_revoke", "a blocked read against a revoke",
	    setup_in, read_revoke, end },
	{ "gen_read_says_revoke", "a read, what it waits for, and a revoke",
	    setup_in, read_says_revoke, end },
	{ "gen_read_signal", "a read, what it waits for, and a signal",
	    setup_intr_in, read_says_intr, end },
	{ "gen_two_reads", "two reads of one endpoint: one after the other",
	    setup_in, two_reads, end_in },
	{ "gen_request_signal", "a request, its answer and a signal",
	    setup_intr, request_answers_intr, end },
	{ "gen_request_signal_stuck", "a signal, and it is never given back",
	    setup_intr_stuck, request_intr, end },
	{ "gen_string_signal", "a string that does not come, and a signal",
	    setup_intr_stuck, string_intr, end },
	{ "gen_string_revoke", "the same, and a revoke",
	    setup_ctl, string_revoke, end },
	{ "gen_ahead_says_revoke", "a read of a ring, the device and a revoke",
	    setup_ra, read_says_revoke, end },
	{ "gen_ahead_stalls_revoke", "the same, and the device stalls",
	    setup_ra, read_stalls_revoke, end },
	{ "gen_ahead_timeout", "a read of a ring, the device and the timeout",
	    setup_ra_timeout, read_says_timeout, end },
	{ "gen_ahead_unplug", "a read of a ring against an unplug",
	    setup_ra, read_unplug, end },
	{ "gen_ahead_off_revoke", "a read, the ring's end and a revoke",
	    setup_ra, read_off_revoke, end_in },
	{ "gen_ahead_close", "the close of a ring that is being filled",
	    setup_ra, close_says, end },
	{ "gen_ahead_close_unplug", "the same, and an unplug",
	    setup_ra, close_unplug, end },
	{ "gen_behind_revoke", "a write into a full ring against a revoke",
	    setup_wb, write_revoke, end },
	{ "gen_behind_takes_revoke", "the same, and the device takes",
	    setup_wb, write_takes_revoke, end },
	{ "gen_behind_unplug", "the same write against an unplug",
	    setup_wb, write_unplug, end },
	{ "gen_behind_off_fails", "the end of a ring that the host has not sent",
	    setup_wb_fails, off_alone, end },
	{ "gen_behind_off_revoke", "what waits for an empty ring, revoked",
	    setup_wb, off_revoke, end },
	{ "gen_behind_off_takes_revoke", "the same, and the device takes",
	    setup_wb, off_takes_revoke, end },
	{ "gen_request_revoke", "a request that waits, or begins, revoked",
	    setup_ctl, request_revoke, end },
	{ "gen_request_unplug", "a request against an unplug",
	    setup_ctl, request_unplug, end },
	{ "gen_legacy_read_revoke", "a revoke without a drain under a read",
	    setup_legacy_in, read_says_revoke, end },
	{ "gen_legacy_open_revoke", "a revoke without a drain under an open",
	    setup_legacy, open_revoke, end },
	{ "gen_legacy_request_revoke", "a revoke without a drain under a request",
	    setup_legacy_ctl, request_answers_revoke, end },
	{ "gen_legacy_request_unplug", "an unplug without a drain under a request",
	    setup_legacy_ctl, request_unplug, end },
	{ "gen_request_answers_revoke", "a request, its answer and a revoke",
	    setup_ctl, request_answers_revoke, end },
	{ "gen_request_stuck", "a request that is never given back, revoked",
	    setup_stuck, request_revoke, end },
	{ "gen_change_open", "another setting against an endpoint's open",
	    setup_ctl, change_open, end },
	{ "gen_open_revoke", "a lone open against a revoke: never busy",
	    setup, open_revoke, end },
	{ "gen_open_unplug", "an open against an unplug",
	    setup, open_unplug, end },
	{ NULL, NULL, NULL, NULL, NULL },
};
