/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_ualea.c - ualea(4): 32 bytes when it is plugged in, in packets as they
 * come, no more; a generator that is stuck counts as nothing; and what a device
 * can do wrong (errors, no endpoint, silence, an unplug) ends in peace.
 * The scripted host of tests/usbdi; the pool is this test's.
 */
#include <errno.h>
#include <string.h>

#include "h_test.h"
#include "hyp/hyp.h"
#include "hyp/hyp_node.h"
#include "hyp/hyp_usb.h"
#include "usbdi/h_desc.h"
#include "usbdi/h_usb.h"

#define	IN	0x81
#define	PKT	16

static const uint8_t alea[] = {
	H_DEV(0x12d8, 0x0001, 0x0100, 0xff, 0, 0, 1),
	H_CONF(25, 1, 1),
	H_IFACE(0, 0, 1, 0xff, 0, 0),
	H_EP(IN, 2, PKT),
};
/* A CDC-ACM device, whose endpoint is in the second interface. */
static const uint8_t truerng[] = {
	H_DEV(0x04d8, 0xf5fe, 0x0100, 2, 0, 0, 1),
	H_CONF(48, 2, 1),
	H_IFACE(0, 0, 1, 2, 2, 1),
	H_EP(0x82, 3, 8),
	H_IFACE(1, 0, 2, 10, 0, 0),
	H_EP(0x03, 2, PKT),
	H_EP(IN, 2, PKT),
};
static const uint8_t deaf[] = {
	H_DEV(0x12d8, 0x0001, 0x0100, 0xff, 0, 0, 1),
	H_CONF(25, 1, 1),
	H_IFACE(0, 0, 1, 0xff, 0, 0),
	H_EP(0x02, 2, PKT),
};

static struct hu_dev *hu;
static size_t added;
static unsigned credited, adds;

/* The pool. */
void
hyp_random_add(const void *data, size_t len, uint32_t bits)
{

	(void)data;
	__atomic_add_fetch(&credited, bits, __ATOMIC_SEQ_CST);
	__atomic_add_fetch(&added, len, __ATOMIC_SEQ_CST);
	__atomic_add_fetch(&adds, 1, __ATOMIC_SEQ_CST);
}

static void
plug(const uint8_t *d, size_t len)
{
	static uint32_t addr = 0;
	struct hyp_usb_info hi = { .hi_path = "1-1", .hi_bus = 1,
	    .hi_addr = ++addr, .hi_vendor = (uint16_t)(d[8] | d[9] << 8),
	    .hi_product = (uint16_t)(d[10] | d[11] << 8),
	    .hi_speed = HYP_USB_SPEED_FULL,
	    .hi_serial = "", .hi_vendorstr = "", .hi_productstr = "" };

	if (addr == 1)
		T_EQ(hyp_boot(HYP_VERSION), 0);
	added = credited = adds = 0;
	hu = hu_plug(1, addr, d, len);
	hu_mode(hu, 0, HU_OK, HU_C_OK);
	hu_mode(hu, IN, HU_HOLD, HU_C_OK);
	hyp_usb_arrived(&hi);
}

static int
is_asked(void *arg)
{

	(void)arg;
	return hu_inflight(hu, IN) == 1;
}

static int
has_added(void *arg)
{

	return __atomic_load_n(&adds, __ATOMIC_SEQ_CST) >= *(unsigned *)arg;
}

static int
is_open(void *arg)
{

	(void)arg;
	return hu_is_open(hu);
}

static int
is_closed(void *arg)
{

	return !is_open(arg);
}

static void
unplug(void)
{

	hu_unplug(hu, 0);
	T_UNTIL(is_closed, NULL);
	hu_remove(hu);
}

/* A packet of bytes that differ, or of ones that do not. */
static void
sends(uint32_t len, int stuck)
{
	uint8_t buf[PKT];

	for (unsigned i = 0; i < PKT; i++)
		buf[i] = stuck ? 7 : (uint8_t)(i * 11);
	T_UNTIL(is_asked, NULL);
	T_EQ(hu_complete(hu, IN, 0, HYP_USB_OK, buf, len), 0);
}

static void
gives(const uint8_t *d, size_t len)
{
	unsigned n = 3;

	plug(d, len);
	sends(10, 0);
	sends(PKT, 0);
	sends(PKT, 0);
	T_UNTIL(has_added, &n);
	T_EQ(added, 10 + 2 * PKT);
	T_EQ(credited, 8 * added);
	unplug();
}

static void
gives_alea(void)
{

	gives(alea, sizeof(alea));
}

static void
gives_truerng(void)
{

	gives(truerng, sizeof(truerng));
}

static void
enough(void)
{
	unsigned n = 2;

	plug(alea, sizeof(alea));
	sends(PKT, 0);
	sends(PKT, 0);
	T_UNTIL(has_added, &n);
	t_msleep(20);
	T_EQ(hu_submits(hu, IN), 2);
	unplug();
}

static void
stuck(void)
{
	unsigned n = 2;

	plug(alea, sizeof(alea));
	sends(PKT, 1);
	sends(PKT, 1);
	T_UNTIL(has_added, &n);
	T_EQ(added, 2 * PKT);
	T_EQ(credited, 0);
	unplug();
}

/* Each once: then it is left alone until rnd(9) asks again. */
static void
fails(void)
{
	static const int how[] = { HYP_USB_STALL, HYP_USB_IOERROR,
	    HYP_USB_OVERFLOW };

	for (unsigned i = 0; i < 3; i++) {
		plug(alea, sizeof(alea));
		T_UNTIL(is_asked, NULL);
		T_EQ(hu_complete(hu, IN, 0, how[i], "", 0), 0);
		t_msleep(20);
		T_EQ(hu_submits(hu, IN), 1);
		T_EQ(added, 0);
		unplug();
	}
	plug(alea, sizeof(alea));
	sends(0, 0);
	t_msleep(20);
	T_EQ(hu_submits(hu, IN), 1);
	T_EQ(added, 0);
	unplug();
}

static void
silent(void)
{

	plug(alea, sizeof(alea));
	T_UNTIL(is_asked, NULL);
	unplug();
	T_EQ(added, 0);
	/* And one that keeps what is cancelled. */
	plug(alea, sizeof(alea));
	hu_mode(hu, IN, HU_HOLD, HU_C_NEVER);
	T_UNTIL(is_asked, NULL);
	hyp_usb_left("1-1");
	T_UNTIL(is_closed, NULL);
	hu_remove(hu);
	hu_zombies_return();
	T_EQ(added, 0);
}

static void
no_endpoint(void)
{

	plug(deaf, sizeof(deaf));
	T_UNTIL(is_open, NULL);
	unplug();
	T_EQ(added, 0);
}

const struct t_case t_cases[] = {
	{ "its bytes go to the pool, with eight bits each", gives_alea },
	{ "so do those of one whose endpoint is in the other interface",
	    gives_truerng },
	{ "no more is read than was asked for", enough },
	{ "one that is stuck counts as nothing", stuck },
	{ "an error ends it, until it is asked again", fails },
	{ "one that says nothing can be pulled out", silent },
	{ "one without an endpoint does no harm", no_endpoint },
	{ NULL, NULL }
};
