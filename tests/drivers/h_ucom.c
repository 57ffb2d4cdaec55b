/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_ucom.c - see h_ucom.h.
 */
#undef NDEBUG
#include <asm/ioctls.h>
#include <asm/termbits.h>

#include <string.h>

#include "drivers/h_ucom.h"
#include "h_test.h"
#include "hyp/hyp.h"
#include "hyp/hyp_usb.h"

static uint32_t addr;

struct hu_dev *
h_ucom_make(const uint8_t *desc, size_t len)
{
	struct hu_dev *hu;

	if (++addr == 1)
		T_EQ(hyp_boot(HYP_VERSION), 0);
	hu = hu_plug(1, addr, desc, len);
	hu_mode(hu, 0, HU_OK, HU_C_OK);
	hu_mode(hu, H_UCOM_IN, HU_HOLD, HU_C_OK);
	hu_mode(hu, H_UCOM_OUT, HU_HOLD, HU_C_OK);
	return hu;
}

static int
opens(void *arg)
{
	struct h_client *const c = arg;

	c->c_node = h_node_find("dtyU0");
	if (c->c_node == NULL)
		return 0;
	h_open(c);
	return c->c_error == 0;
}

void
h_ucom_open(struct h_client *c)
{

	memset(c, 0, sizeof(*c));
	T_UNTIL(opens, c);
}

void
h_ucom_plug(const uint8_t *d, struct h_client *c)
{
	const struct hyp_usb_info hi = { .hi_path = "1-1", .hi_bus = 1,
	    .hi_addr = addr, .hi_vendor = (uint16_t)(d[8] | d[9] << 8),
	    .hi_product = (uint16_t)(d[10] | d[11] << 8),
	    .hi_release = (uint16_t)(d[12] | d[13] << 8),
	    .hi_speed = HYP_USB_SPEED_FULL, .hi_serial = "",
	    .hi_vendorstr = "", .hi_productstr = "" };

	hyp_usb_arrived(&hi);
	h_ucom_open(c);
}

void
h_ucom_ask(struct h_client *c, uint32_t cmd, uint64_t arg, const void *in,
    void *out)
{
	struct hyp_lwp *const l = h_enter(0);
	size_t insz, outsz, off;
	int result;

	T_EQ(hyp_ioctl_size(cmd, &insz, &outsz, &off), 0);
	T_EQ(hyp_file_ioctl(c->c_file, cmd, arg, in, insz, out, &outsz,
	    &result), 0);
	h_exit(l);
}

void
h_ucom_raw(struct h_client *c, uint32_t iflag, uint32_t not_cflag)
{
	struct termios t;

	h_ucom_ask(c, TCGETS, 0, NULL, &t);
	t.c_iflag = iflag;
	t.c_oflag = t.c_lflag = 0;
	t.c_cflag = (t.c_cflag | CLOCAL | CREAD) & ~not_cflag;
	t.c_cc[VMIN] = t.c_cc[VTIME] = 0;
	h_ucom_ask(c, TCSETS, 0, &t, NULL);
}

size_t
h_ucom_read(struct h_client *c, uint8_t *buf, size_t size)
{
	struct hyp_lwp *const l = h_enter(0);
	size_t n = 0;

	T_EQ(hyp_file_read(c->c_file, buf, size, 0, &n), 0);
	h_exit(l);
	return n;
}

int
h_ucom_reads(void *hu)
{

	return hu_inflight(hu, H_UCOM_IN) > 0;
}

static int
is_closed(void *hu)
{

	return !hu_is_open(hu);
}

void
h_ucom_end(struct hu_dev *hu, struct h_client *c)
{

	h_close(c);
	hu_unplug(hu, 1);
	hyp_usb_left("1-1");
	T_UNTIL(is_closed, hu);
	hu_remove(hu);
}
