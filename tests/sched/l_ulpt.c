/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * l_ulpt.c - litmuses of ulpt(4): writes and reads against d_cancel, the last
 * close and an unplug, and its two nodes against each other.  Transfers of the
 * device (h_usb.c) end when an actor says so, or never.
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
#define	SIZE	16			/* what h_write can write */
#define	MS(n)	((uint64_t)(n) * 1000000)

extern struct cfdriver ulpt_cd;
extern const struct cdevsw ulpt_cdevsw;

static const uint8_t descs[] = {
	H_DEV(0x0525, 0xa4a8, 0x0100, 0, 0, 0, 1),
	H_CONF(32, 1, 1),
	H_IFACE(0, 0, 2, 7, 1, 2),
	H_EP(OUT, 2, 64),
	H_EP(IN, 2, 64),
};

static struct hu_dev *hu;
static uint32_t addr;
static struct h_client a, b, n;		/* n: of ulpn0 */

static int
is_attached(void *arg __unused)
{
	device_t d = device_lookup(&ulpt_cd, 0);

	return d != NULL && device_is_active(d);
}

static void
setup(void)
{
	struct hyp_usb_info hi = { .hi_path = "1-1", .hi_bus = 1,
	    .hi_addr = ++addr, .hi_vendor = 0x0525, .hi_product = 0xa4a8,
	    .hi_release = 0x0100, .hi_speed = HYP_USB_SPEED_FULL,
	    .hi_serial = "", .hi_vendorstr = "", .hi_productstr = "" };
	devmajor_t maj = NODEVMAJOR;

	hp_forget();
	h_specfs_up();
	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	memset(&n, 0, sizeof(n));
	SCHED_CHECK(devsw_attach("ulpt", NULL, NULL, &ulpt_cdevsw, &maj) == 0);
	SCHED_CHECK(config_init_component(cfdriver_ioconf, cfattach_ioconf,
	    cfdata_ioconf) == 0);
	usb_bus_init(false);
	hu = hu_plug(1, addr, descs, sizeof(descs));
	hu_mode(hu, 0, HU_OK, HU_C_OK);
	hu_mode(hu, OUT, HU_HOLD, HU_C_OK);
	hu_mode(hu, IN, HU_HOLD, HU_C_OK);
	hyp_usb_arrived(&hi);
	T_UNTIL(is_attached, NULL);
	a.c_node = b.c_node = h_node_find("ulpt0");
	n.c_node = h_node_find("ulpn0");
	SCHED_CHECK(a.c_node != NULL && n.c_node != NULL);
}

static void
setup_open_a(void)
{

	setup();
	SCHED_CHECK(c_open(&a, 0) == 0);
}

/* What is cancelled has just been taken; or does not come back. */
static void
setup_race(void)
{

	setup_open_a();
	hu_mode(hu, OUT, HU_HOLD, HU_C_RACE);
}

static void
setup_stuck(void)
{

	setup_open_a();
	hu_mode(hu, OUT, HU_HOLD, HU_C_NEVER);
}

/* As it was before drains: d_close comes while calls are in the driver. */
static void
setup_legacy_closed(void)
{

	setup();
	SCHED_CHECK(devsw_semantics(&ulpt_cdevsw, "netbsd-legacy") == 0);
}

static void
setup_legacy(void)
{

	setup_legacy_closed();
	SCHED_CHECK(c_open(&a, 0) == 0);
}

static void
setup_intr(void)
{

	setup_open_a();
	c_intr_begin();
}

static void
setup_intr_race(void)
{

	setup_race();
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
	static const char *const names[] = { "ulpt0", "ulpn0", NULL };

	usb_bus_shutdown();
	T_UNTIL(is_closed, NULL);
	hu_remove(hu);
	hu_zombies_return();
	devsw_detach(NULL, &ulpt_cdevsw);
	SCHED_CHECK(config_fini_component(cfdriver_ioconf, cfattach_ioconf,
	    cfdata_ioconf) == 0);
	h_specfs_down(names);
}

/* ---- actors --------------------------------------------------------- */

static bool
open_errno(int error)
{

	return error == 0 || error == L_ENXIO || error == L_EBADF ||
	    error == L_EIO;
}

/* Nobody else has it, or it is a node of one that is being closed. */
static void
open_alone(void *arg)
{
	struct h_client *c = arg;

	if (c_open(c, 0) == 0)
		h_close(c);
	SCHED_CHECK(open_errno(c->c_error));
}

static void
open_beside(void *arg)
{
	struct h_client *c = arg;

	if (c_open(c, 0) == 0)
		h_close(c);
	SCHED_CHECK(open_errno(c->c_error) || c->c_error == L_EBUSY);
}

/* All of it, or the end; soon. */
static void
write_close(void *arg)
{
	struct h_client *const c = arg;
	const uint64_t begin = hyp_clock();
	struct hyp_lwp *const l = h_enter(1000);
	size_t done = 0;
	int error;

	error = hyp_file_write(c->c_file, "0123456789abcdef", SIZE, 0, &done);
	h_exit(l);
	sched_note("write: %d, %zu", error, done);
	SCHED_CHECK(error == 0 ? done == SIZE : error == L_EIO);
	SCHED_CHECK(hyp_clock() - begin < MS(3000));
	h_close(c);
}

static void
read_close(void *arg)
{
	char buf[2 * SIZE];
	size_t done = 0;
	const int error = c_read(arg, buf, sizeof(buf), &done);

	SCHED_CHECK(error == 0 ? done == SIZE : error == L_EIO);
	h_close(arg);
}

/* A signal ends it, or comes when all has been taken; soon. */
static void
write_intr_close(void *arg)
{
	struct h_client *const c = arg;
	const uint64_t begin = hyp_clock();
	struct hyp_lwp *const l = c_intr_enter();
	size_t done = 0;
	int error;

	error = hyp_file_write(c->c_file, "0123456789abcdef", SIZE, 0, &done);
	c_intr_exit(l);
	sched_note("write: %d, %zu", error, done);
	SCHED_CHECK(error == 0 ? done == SIZE : error == L_EINTR && done == 0);
	SCHED_CHECK(hyp_clock() - begin < MS(3000));
	h_close(c);
}

static void
closes(void *arg)
{

	h_close(arg);
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

/* The printer takes it, if there is something by now. */
static void
takes(void *arg __unused)
{

	(void)hu_complete(hu, OUT, 0, HYP_USB_OK, NULL, SIZE);
}

static int
is_taken(void *arg __unused)
{

	return hu_complete(hu, OUT, 0, HYP_USB_OK, NULL, SIZE) == 0;
}

static void
takes_two(void *arg __unused)
{

	c_await(is_taken, NULL);
	c_await(is_taken, NULL);
}

static void
says(void *arg __unused)
{
	static const uint8_t data[SIZE] = { 1, 2, 3 };

	(void)hu_complete(hu, IN, 0, HYP_USB_OK, data, SIZE);
}

/* Two threads of one program write to one file: one after the other. */
static void
writes(void *arg __unused)
{
	struct hyp_lwp *const l = h_enter(1000);
	size_t done = 0;
	int error;

	error = hyp_file_write(a.c_file, "0123456789abcdef", SIZE, 0, &done);
	h_exit(l);
	SCHED_CHECK(error == 0 && done == SIZE);
	SCHED_CHECK(hu_inflight(hu, OUT) <= 1);
}

static void
end_open_a(void)
{

	h_close(&a);
	end();
}

#define	ACTORS(name, ...)						\
	static const struct sched_actor name[] = {			\
		__VA_ARGS__, { NULL, NULL, NULL }			\
	}

ACTORS(write_revoke, { "A", write_close, &a }, { "revoke", revokes, &a });
ACTORS(write_unplug, { "A", write_close, &a }, { "unplug", unplugs, NULL });
ACTORS(write_takes_revoke, { "A", write_close, &a },
    { "printer", takes, NULL }, { "revoke", revokes, &a });
ACTORS(write_revoke_unplug, { "A", write_close, &a },
    { "revoke", revokes, &a }, { "unplug", unplugs, NULL });
ACTORS(write_intr, { "A", write_intr_close, &a },
    { "signal", c_interrupts, NULL });
ACTORS(write_takes_intr, { "A", write_intr_close, &a },
    { "printer", takes, NULL }, { "signal", c_interrupts, NULL });
ACTORS(two_writes, { "A", writes, NULL }, { "B", writes, NULL },
    { "printer", takes_two, NULL });
ACTORS(read_says_revoke, { "A", read_close, &a }, { "printer", says, NULL },
    { "revoke", revokes, &a });
ACTORS(nodes_open, { "A", open_beside, &a }, { "N", open_beside, &n });
ACTORS(nodes_close, { "A", closes, &a }, { "N", open_beside, &n });
ACTORS(open_revoke, { "A", open_alone, &a }, { "revoke", revokes, &a });
ACTORS(open_unplug, { "A", open_alone, &a }, { "unplug", unplugs, NULL });

/* A revoke of one node ends nothing at the other. */
static void
write_whole(void *arg)
{
	struct h_client *const c = arg;

	writes(NULL);
	h_close(c);
}
static void
takes_one(void *arg __unused)
{

	c_await(is_taken, NULL);
}
ACTORS(nodes_apart, { "N", open_beside, &n }, { "A", write_whole, &a },
    { "printer", takes_one, NULL }, { "revoke", revokes, &n });

extern const struct sched_litmus l_ulpt[];
const struct sched_litmus l_ulpt[] = {
	{ "lp_write_revoke", "a blocked write against a revoke",
	    setup_open_a, write_revoke, end },
	{ "lp_write_unplug", "a blocked write against an unplug",
	    setup_open_a, write_unplug, end },
	{ "lp_write_takes_revoke", "a write, the printer and a revoke",
	    setup_open_a, write_takes_revoke, end },
	{ "lp_write_race", "a cancelled write that has just been taken",
	    setup_race, write_revoke, end },
	{ "lp_write_stuck", "a write that is never given back, revoked",
	    setup_stuck, write_revoke, end },
	{ "lp_write_revoke_unplug", "a blocked write, a revoke, an unplug",
	    setup_open_a, write_revoke_unplug, end },
	{ "lp_write_signal", "a blocked write, the printer and a signal",
	    setup_intr, write_takes_intr, end },
	{ "lp_write_signal_race", "a signal, and what it cancels was taken",
	    setup_intr_race, write_intr, end },
	{ "lp_write_signal_stuck", "a signal, and it is never given back",
	    setup_intr_stuck, write_intr, end },
	{ "lp_two_writes", "two writes of one file: one after the other",
	    setup_open_a, two_writes, end_open_a },
	{ "lp_legacy_open_revoke", "a revoke without a drain under an open",
	    setup_legacy_closed, open_revoke, end },
	{ "lp_legacy_write_revoke", "a revoke without a drain under a write",
	    setup_legacy, write_takes_revoke, end },
	{ "lp_legacy_write_unplug", "an unplug without a drain under a write",
	    setup_legacy, write_unplug, end },
	{ "lp_legacy_read_revoke", "a revoke without a drain under a read",
	    setup_legacy, read_says_revoke, end },
	{ "lp_read_says_revoke", "a read, what it waits for, and a revoke",
	    setup_open_a, read_says_revoke, end },
	{ "lp_nodes_open", "the two nodes are opened at once",
	    setup, nodes_open, end },
	{ "lp_nodes_close", "one node's last close, the other's open",
	    setup_open_a, nodes_close, end },
	{ "lp_nodes_apart", "a revoke of one node ends nothing at the other",
	    setup_open_a, nodes_apart, end },
	{ "lp_open_revoke", "a lone open against a revoke: never busy",
	    setup, open_revoke, end },
	{ "lp_open_unplug", "an open against an unplug",
	    setup, open_unplug, end },
	{ NULL, NULL, NULL, NULL, NULL },
};
