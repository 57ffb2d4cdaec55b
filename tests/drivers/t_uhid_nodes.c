/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_uhid_nodes.c - how many nodes a device can have made: it says itself how
 * many interfaces and report IDs it has.
 */
#undef NDEBUG
#include <assert.h>
#include <string.h>

#include "h_test.h"
#include "hyp/hyp.h"
#include "hyp/hyp_usb.h"
#include "specfs/h_node.h"
#include "usbdi/h_desc.h"
#include "usbdi/h_usb.h"

#define	MOST	128			/* USBD_MAX_CHILDREN */
#define	MAXIF	2

/* A report descriptor with so many report IDs, a byte of feature each. */
static size_t
report_desc(uint8_t *d, unsigned ids)
{
	static const uint8_t head[] = {
		0x06, 0x00, 0xff, 0x09, 0x01, 0xa1, 0x01, 0x15, 0x00, 0x25,
		0x01, 0x75, 0x08, 0x95, 0x01
	};
	uint8_t *p = d + sizeof(head);

	memcpy(d, head, sizeof(head));
	for (unsigned id = 1; id <= ids; id++) {
		const uint8_t item[] = {
			0x85, (uint8_t)id, 0x09, 0x02, 0xb1, 0x02
		};

		memcpy(p, item, sizeof(item));
		p += sizeof(item);
	}
	*p++ = 0xc0;
	return (size_t)(p - d);
}

/* Plug in a device with so many interfaces of so many report IDs. */
static struct hu_dev *
plug(uint32_t addr, const char *path, unsigned nifaces, unsigned ids)
{
	const struct hyp_usb_info hi = { .hi_path = path, .hi_bus = 1,
	    .hi_addr = addr, .hi_vendor = 0x1d6b, .hi_product = 0x0107,
	    .hi_speed = HYP_USB_SPEED_FULL, .hi_serial = "",
	    .hi_vendorstr = "", .hi_productstr = "" };
	const unsigned total = 9 + nifaces * 18;
	static uint8_t rd[4096], d[18 + 9 + MAXIF * 18];
	const size_t len = report_desc(rd, ids);
	const uint8_t top[] = {
		H_DEV(0x1d6b, 0x0107, 0x0100, 0, 0, 0, 1),
		H_CONF(total, nifaces, 1)
	};
	struct hu_dev *hu;

	assert(nifaces <= MAXIF);
	memcpy(d, top, sizeof(top));
	for (unsigned i = 0; i < nifaces; i++) {
		const uint8_t iface[] = {
			H_IFACE(i, 0, 0, 3, 0, 0),
			9, 0x21, 0x11, 0x01, 0, 1, 0x22,
			(uint8_t)len, (uint8_t)(len >> 8)
		};

		memcpy(d + sizeof(top) + i * sizeof(iface), iface,
		    sizeof(iface));
	}
	hu = hu_plug(1, addr, d, 18 + total);
	hu_mode(hu, 0, HU_OK, HU_C_OK);
	hu_answer(hu, rd, len);
	hyp_usb_arrived(&hi);
	return hu;
}

static int
nodes_are(void *arg)
{

	return h_node_count() >= *(unsigned *)arg;
}

static int
is_open(void *arg)
{

	return hu_is_open(arg);
}

static int
is_closed(void *arg)
{

	return !hu_is_open(arg);
}

static void
unplug(struct hu_dev *hu, const char *path)
{

	hyp_usb_left(path);
	T_UNTIL(is_closed, hu);
	hu_remove(hu);
}

/*
 * Nodes are for ever, so they are counted from what is there; the plain
 * device comes after the one in question, and is attached after it.
 */
static void
makes(unsigned nifaces, unsigned ids, unsigned expected)
{
	static uint32_t addr;
	const unsigned before = h_node_count();
	unsigned after = expected + 1 > before ? expected + 1 : before;
	struct hu_dev *many, *plain;

	many = plug(++addr, "1-1", nifaces, ids);
	plain = plug(++addr, "1-2", 1, 1);
	T_UNTIL(nodes_are, &after);
	T_UNTIL(is_open, plain);
	T_EQ(h_node_count(), after);
	unplug(many, "1-1");
	unplug(plain, "1-2");
}

static void
too_many_ids(void)
{

	T_EQ(hyp_boot(HYP_VERSION), 0);
	makes(1, 255, 0);
	makes(1, MOST + 1, 0);
}

static void
too_many_interfaces(void)
{

	makes(2, 60, 120);
	makes(2, MOST / 2 + 20, MOST / 2 + 20);
}

static void
as_many_as_there_may_be(void)
{

	makes(1, MOST, MOST);
	makes(2, MOST / 2, MOST);
}

const struct t_case t_cases[] = {
	{ "an interface with too many report IDs gets no node", too_many_ids },
	{ "a device with too many gets those of the first interfaces",
	    too_many_interfaces },
	{ "up to the limit each report ID has one", as_many_as_there_may_be },
	{ NULL, NULL }
};
