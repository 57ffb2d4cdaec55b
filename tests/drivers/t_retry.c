/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_retry.c - a device that failed to attach is tried once more when the host
 * says again that it is there, as it does at SIGHUP: devswd(8), SIGNALS.
 * Never twice at once, and a device that works is left alone.  The devices
 * are the scripted ones of tests/usbdi under the real drivers.
 */
#include <errno.h>
#include <string.h>

#include "h_test.h"
#include "hyp/hyp.h"
#include "hyp/hyp_node.h"
#include "hyp/hyp_usb.h"
#include "specfs/h_node.h"
#include "usbdi/h_desc.h"
#include "usbdi/h_usb.h"

#define	IN	0x81
#define	OUT	0x02

/* A vendor's page, 8 bytes in. */
static const uint8_t report_desc[] = {
	0x06, 0x00, 0xff, 0x09, 0x01, 0xa1, 0x01, 0x15, 0x00, 0x26, 0xff,
	0x00, 0x75, 0x08, 0x95, 0x08, 0x09, 0x02, 0x81, 0x02, 0xc0
};
static const uint8_t hid[] = {
	H_DEV(0x1d6b, 0x0107, 0x0100, 0, 0, 0, 1),
	H_CONF(34, 1, 1),
	H_IFACE(0, 0, 1, 3, 0, 0),
	9, 0x21, 0x11, 0x01, 0, 1, 0x22, sizeof(report_desc), 0,
	H_EP(IN, 3, 16),
};

static struct hu_dev *hu;
static uint32_t addr;

/* As a rescan does. */
static void
rescan(void)
{
	const struct hyp_usb_info hi = { .hi_path = "1-1", .hi_bus = 1,
	    .hi_addr = addr, .hi_vendor = 0x0403, .hi_product = 0x6001,
	    .hi_release = 0x0600, .hi_speed = HYP_USB_SPEED_FULL,
	    .hi_serial = "", .hi_vendorstr = "", .hi_productstr = "" };

	hyp_usb_arrived(&hi);
}

/* A device that is not plugged in yet. */
static void
make(const uint8_t *desc, size_t len)
{
	static const uint8_t status[2] = { 0x80, 0x60 };

	if (++addr == 1)
		T_EQ(hyp_boot(HYP_VERSION), 0);
	hu = hu_plug(1, addr, desc, len);
	hu_mode(hu, 0, HU_OK, HU_C_OK);
	hu_mode(hu, IN, HU_HOLD, HU_C_OK);
	hu_mode(hu, OUT, HU_HOLD, HU_C_OK);
	hu_answer(hu, status, sizeof(status));
}

static int
is_closed(void *arg __attribute__((unused)))
{

	return !hu_is_open(hu);
}

static void
unplug(void)
{

	hu_unplug(hu, 1);
	hyp_usb_left("1-1");
	T_UNTIL(is_closed, NULL);
	hu_remove(hu);
}

static int
tried(void *arg __attribute__((unused)))
{

	return hu_opens(hu) == 1 && !hu_is_open(hu);
}

/*
 * The host says it until it is heard: what comes while the last try has not
 * quite ended is none.
 */
static int
tried_again(void *arg)
{
	const unsigned n = *(const unsigned *)arg;

	if (hu_opens(hu) < n)
		rescan();
	return hu_opens(hu) >= n && !hu_is_open(hu);
}

static int
was_asked(void *arg __attribute__((unused)))
{

	return hu_submits(hu, 0) > 0;
}

static int
at_claim(void *arg __attribute__((unused)))
{

	return hu_gate_waiters(hu, HU_G_CLAIM) == 1;
}

static int
works(void *arg)
{
	struct h_client c = { .c_node = h_node_find(arg) };

	if (c.c_node == NULL)
		return 0;
	h_open(&c);
	if (c.c_error != 0) {
		T_EQ(c.c_error, ENXIO);
		return 0;
	}
	h_close(&c);
	return 1;
}

static int
works_again(void *arg)
{

	rescan();
	return works(arg);
}

/* The next does not take it away from its users. */
static void
rescan_harmless(void *node)
{
	const unsigned n = hu_opens(hu);

	rescan();
	t_msleep(50);
	T_EQ(works(node), 1);
	T_EQ(hu_opens(hu), n);
}

static char uhid0[] = "uhid0", dtyU0[] = "dtyU0";

/* ---- cases ---------------------------------------------------------- */

static int
works_made(void *arg)
{

	hyp_nodes_again();
	return works(arg);
}

static int
is_claimed(void *arg __attribute__((unused)))
{

	return hu_claimed(hu, 0);
}

/*
 * The device is attached, and its nodes could not be made (a file has their
 * name).  Nobody has pinned its unit.  The first case: nodes stay.
 */
static void
no_node(void)
{

	make(h_ftdi, sizeof(h_ftdi));
	h_node_fail(EEXIST);
	rescan();
	T_UNTIL(is_claimed, NULL);
	t_msleep(50);
	hyp_nodes_again();
	T_CHECK(h_node_find(dtyU0) == NULL);
	h_node_fail(0);
	T_UNTIL(works_made, dtyU0);
	unplug();
}

/* Another program has the interface, and lets go of it. */
static void
busy(void)
{
	make(h_ftdi, sizeof(h_ftdi));
	hu_claim_error(hu, 0, EBUSY);
	for (unsigned n = 1; n <= 3; n++)
		T_UNTIL(tried_again, &n);
	hu_claim_error(hu, 0, 0);
	T_UNTIL(works_again, dtyU0);
	rescan_harmless(dtyU0);
	unplug();
}

/* Who says it three times while a try is under way gets that one. */
static void
one_at_a_time(void)
{

	make(h_ftdi, sizeof(h_ftdi));
	hu_claim_error(hu, 0, EBUSY);
	hu_gate_close(hu, HU_G_CLAIM);
	rescan();
	T_UNTIL(at_claim, NULL);
	for (int i = 0; i < 3; i++)
		rescan();
	hu_gate_open(hu, HU_G_CLAIM);
	T_UNTIL(tried, NULL);
	t_msleep(50);
	T_EQ(hu_opens(hu), 1);
	unplug();
}

/* The host does not let it be opened. */
static void
denied(void)
{

	make(h_ftdi, sizeof(h_ftdi));
	hu_open_error(hu, EACCES);
	rescan();
	t_msleep(50);
	T_EQ(works(dtyU0), 0);
	hu_open_error(hu, 0);
	T_UNTIL(works_again, dtyU0);
	unplug();
}

/*
 * The driver can make nothing of it: attach returns without a child, as
 * every BSD driver's does, because the device stalls its first requests.
 */
static void
driver_refuses(void)
{

	make(hid, sizeof(hid));
	hu_answer(hu, report_desc, sizeof(report_desc));
	hu_mode(hu, 0, HU_STALL, HU_C_OK);
	rescan();
	T_UNTIL(was_asked, NULL);
	t_msleep(50);
	T_EQ(works(uhid0), 0);
	hu_mode(hu, 0, HU_OK, HU_C_OK);
	T_UNTIL(works_again, uhid0);
	rescan_harmless(uhid0);
	unplug();
}

const struct t_case t_cases[] = {
	{ "a node that could not be made is tried again", no_node },
	{ "a device that another program had is tried again", busy },
	{ "one try at a time", one_at_a_time },
	{ "a device that could not be opened is tried again", denied },
	{ "a device that its driver refused is tried again",
	    driver_refuses },
	{ NULL, NULL }
};
