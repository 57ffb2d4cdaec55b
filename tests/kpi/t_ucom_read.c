/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_ucom_read.c - the count of ucom_read is the end of the data in the
 * buffer, as in NetBSD's ucom(4), and not how much of it there is behind the
 * pointer: a driver written as NetBSD's are (nbser.c) skips what is in front,
 * and takes off what is behind, without a byte too many or too few.  And its
 * lines move by ucom_set, as theirs do.
 */
#include <asm/ioctls.h>
#include <asm/termios.h>

#include <string.h>

#include "h_test.h"
#include "hyp/hyp.h"
#include "hyp/hyp_node.h"
#include "hyp/hyp_usb.h"
#include "kpi/nbser.h"
#include "specfs/h_node.h"
#include "usbdi/h_desc.h"
#include "usbdi/h_usb.h"

#define	IN	0x81
#define	OUT	0x02
#define	PACKET	64

static const uint8_t chip[] = {
	H_DEV(NBSER_VENDOR, NBSER_PRODUCT, 0x0100, 0, 0, 0, 1),
	H_CONF(32, 1, 1),
	H_IFACE(0, 0, 2, 0xff, 0xff, 0xff),
	H_EP(IN, 2, PACKET),
	H_EP(OUT, 2, PACKET),
};

static struct hu_dev *hu;
static uint32_t addr;
static struct h_client c;

static void
ask(uint32_t cmd, const void *in, void *out)
{
	struct hyp_lwp *l = h_enter(0);
	size_t insz, outsz, off;
	int result;

	T_EQ(hyp_ioctl_size(cmd, &insz, &outsz, &off), 0);
	T_EQ(hyp_file_ioctl(c.c_file, cmd, 0, in, insz, out, &outsz, &result),
	    0);
	h_exit(l);
}

static size_t
get(uint8_t *buf, size_t size)
{
	struct hyp_lwp *l = h_enter(0);
	size_t n = 0;

	T_EQ(hyp_file_read(c.c_file, buf, size, 0, &n), 0);
	h_exit(l);
	return n;
}

static int
opens(void *arg __attribute__((unused)))
{

	c.c_node = h_node_find("dtyU0");
	if (c.c_node == NULL)
		return 0;
	h_open(&c);
	return c.c_error == 0;
}

static void
begin(void)
{
	const struct hyp_usb_info hi = { .hi_path = "1-1", .hi_bus = 1,
	    .hi_addr = ++addr, .hi_vendor = NBSER_VENDOR,
	    .hi_product = NBSER_PRODUCT, .hi_release = 0x0100,
	    .hi_speed = HYP_USB_SPEED_FULL, .hi_serial = "",
	    .hi_vendorstr = "", .hi_productstr = "" };
	struct termios t;

	if (addr == 1) {
		T_EQ(hyp_boot(HYP_VERSION), 0);
		T_EQ(nbser_init(), 0);
	}
	hu = hu_plug(1, addr, chip, sizeof(chip));
	hu_mode(hu, 0, HU_OK, HU_C_OK);
	hu_mode(hu, IN, HU_HOLD, HU_C_OK);
	hu_mode(hu, OUT, HU_HOLD, HU_C_OK);
	hyp_usb_arrived(&hi);
	memset(&c, 0, sizeof(c));
	T_UNTIL(opens, NULL);
	ask(TCGETS, NULL, &t);
	t.c_iflag = t.c_oflag = t.c_lflag = 0;
	t.c_cflag |= CLOCAL | CREAD;
	t.c_cc[VMIN] = t.c_cc[VTIME] = 0;
	ask(TCSETS, &t, NULL);
}

static int
is_closed(void *arg __attribute__((unused)))
{

	return !hu_is_open(hu);
}

static void
end(void)
{

	h_close(&c);
	hu_unplug(hu, 1);
	hyp_usb_left("1-1");
	T_UNTIL(is_closed, NULL);
	hu_remove(hu);
}

static int
has_read(void *arg __attribute__((unused)))
{

	return hu_inflight(hu, IN) > 0;
}

/* One transfer: two bytes, n of data, and padding. */
static void
send(const char *data, size_t n, uint8_t padding)
{
	uint8_t transfer[PACKET];

	memset(transfer, '#', sizeof(transfer));
	transfer[0] = 0x90;		/* CTS, DCD */
	transfer[1] = padding;
	memcpy(transfer + 2, data, n);
	T_UNTIL(has_read, NULL);
	T_EQ(hu_complete(hu, IN, 0, HYP_USB_OK, transfer,
	    2 + (uint32_t)n + padding), 0);
}

/* As it is, without the two bytes. */
static void
send_raw(const void *data, uint32_t n)
{

	T_UNTIL(has_read, NULL);
	T_EQ(hu_complete(hu, IN, 0, HYP_USB_OK, data, n), 0);
}

struct wanted {
	size_t	wa_len, wa_done;
	uint8_t	wa_got[256];
};

static int
arrived(void *arg)
{
	struct wanted *const wa = arg;

	wa->wa_done += get(wa->wa_got + wa->wa_done,
	    sizeof(wa->wa_got) - wa->wa_done);
	return wa->wa_done >= wa->wa_len;
}

static void
expect(const char *data)
{
	struct wanted wa = { .wa_len = strlen(data) };

	T_UNTIL(arrived, &wa);
	T_EQ(wa.wa_done, wa.wa_len);
	T_EQ(memcmp(wa.wa_got, data, wa.wa_len), 0);
}

static void
skips_in_front(void)
{

	begin();
	send("hello, ", 7, 0);
	send("world", 5, 0);
	expect("hello, world");
	end();
}

static void
cuts_behind(void)
{
	char want[128] = "onetwo";

	begin();
	send("one", 3, 3);
	send("", 0, 0);
	send("", 0, 9);
	send("two", 3, 1);
	memset(want + 6, 'f', PACKET - 2);
	send(want + 6, PACKET - 2, 0);
	send("!", 1, 0);
	want[6 + PACKET - 2] = '!';
	expect(want);
	end();
}

/* Shorter than what should be in front; more padding than there is. */
static void
hostile(void)
{

	begin();
	send_raw("", 0);
	send_raw("\x90", 1);
	send_raw("\x90\0", 2);
	send_raw("\x90\377abc", 5);
	send_raw("\x90\3abc", 5);
	send_raw("\x90\4abc", 5);	/* the end is before the data */
	send("ok", 2, 0);
	expect("ok");
	end();
}

static void
lines(void)
{
	int bits = TIOCM_RTS;

	begin();
	T_EQ(nbser_lines, NBSER_DTR | NBSER_RTS);
	ask(TIOCMBIC, &bits, NULL);
	T_EQ(nbser_lines, NBSER_DTR);
	ask(TIOCSBRK, NULL, NULL);
	T_EQ(nbser_lines, NBSER_DTR | NBSER_BREAK);
	ask(TIOCCBRK, NULL, NULL);
	bits = TIOCM_RTS;
	ask(TIOCMSET, &bits, NULL);
	T_EQ(nbser_lines, NBSER_RTS);
	/* One that is left on is ended for it. */
	ask(TIOCSBRK, NULL, NULL);
	T_EQ(nbser_lines, NBSER_RTS | NBSER_BREAK);
	end();
	T_EQ(nbser_lines, 0);
}

const struct t_case t_cases[] = {
	{ "ucom_set: DTR, RTS and break, one at a time", lines },
	{ "what is in front is skipped by the pointer alone", skips_in_front },
	{ "what is behind is taken off the count alone", cuts_behind },
	{ "no data: the end is not behind the pointer", hostile },
	{ NULL, NULL }
};
