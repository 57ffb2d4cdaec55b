/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_uslsa.c - a CP210x's escapes that end in another transfer than the one that
 * they begin in, and what ends them before: the host is the scripted one of
 * tests/usbdi, so that a transfer is exactly what a case says.
 */
#include <asm/ioctls.h>
#include <asm/termbits.h>

#include <string.h>
#include <sys/ioctl.h>

#include "drivers/h_ucom.h"
#include "h_test.h"
#include "hyp/hyp.h"
#include "hyp/hyp_node.h"
#include "hyp/hyp_usb.h"
#include "usbdi/h_desc.h"

#define	IN	H_UCOM_IN
#define	OUT	H_UCOM_OUT
#define	DCD	0x80
#define	PART	0x04		/* a CP2104, and no line is up */

static const uint8_t cp2104[] = {
	H_DEV(0x10c4, 0xea60, 0x0100, 0, 0, 0, 1),
	H_CONF(32, 1, 1),
	H_IFACE(0, 0, 2, 0xff, 0, 0),
	H_EP(IN, 2, 64),
	H_EP(OUT, 2, 64),
};

static struct hu_dev *hu;
static struct h_client c;

static void
begin(void)
{
	static const uint8_t part = PART;

	hu = h_ucom_make(cp2104, sizeof(cp2104));
	hu_answer(hu, &part, 1);
	h_ucom_plug(cp2104, &c);
	h_ucom_raw(&c, 0, HUPCL);
}

static void
end(void)
{

	h_ucom_end(hu, &c);
}

static int
has_read_again(void *arg)
{

	return hu_submits(hu, IN) > *(const unsigned *)arg;
}

/* One transfer, which has been seen when this returns: another one waits. */
static void
send(const void *data, size_t len)
{
	unsigned before;

	T_UNTIL(h_ucom_reads, hu);
	before = hu_submits(hu, IN);
	T_EQ(hu_complete(hu, IN, 0, HYP_USB_OK, data, (uint32_t)len), 0);
	T_UNTIL(has_read_again, &before);
}

struct wanted {
	size_t	wa_len, wa_done;
	uint8_t	wa_got[64];
};

static int
arrived(void *arg)
{
	struct wanted *const wa = arg;
	struct hyp_lwp *l = h_enter(0);
	size_t n = 0;

	T_EQ(hyp_file_read(c.c_file, wa->wa_got + wa->wa_done,
	    sizeof(wa->wa_got) - wa->wa_done, 0, &n), 0);
	h_exit(l);
	wa->wa_done += n;
	return wa->wa_done >= wa->wa_len;
}

static void
expect(const void *data, size_t len)
{
	struct wanted wa = { .wa_len = len };

	T_UNTIL(arrived, &wa);
	T_EQ(wa.wa_done, len);
	T_EQ(memcmp(wa.wa_got, data, len), 0);
}

static int
has_carrier(void *arg)
{
	int lines;

	h_ucom_ask(&c, TIOCMGET, 0, NULL, &lines);
	return ((lines & TIOCM_CAR) != 0) == *(const int *)arg;
}

/* A byte of 0xec, one with a framing error, and a line: the same wherever they are cut. */
static void
cut_anywhere(void)
{
	static const uint8_t escapes[] = { 'a', 0xec, 0, 'b', 0xec, 1, 0x08,
	    'c', 0xec, 3, DCD, 'd' };
	static const int up = 1, down = 0;

	begin();
	for (size_t cut = 0; cut <= sizeof(escapes); cut++) {
		send(escapes, cut);
		send(escapes + cut, sizeof(escapes) - cut);
		expect("a\354b\0d", 5);
		T_UNTIL(has_carrier, (void *)(uintptr_t)&up);
		send("\354\003", 2);
		send("\0e", 2);
		expect("e", 1);
		T_UNTIL(has_carrier, (void *)(uintptr_t)&down);
	}
	end();
}

/* The chip goes on with it, if it has not been asked to forget its input. */
static void
cut_by_a_flush(void)
{

	begin();
	send("a\354", 2);
	h_ucom_ask(&c, TCFLSH, TCIFLUSH, NULL, NULL);
	send("\0b", 2);
	expect("\354b", 2);
	end();
}

/*
 * More than the tty takes, each transfer with an escape that begins in it, and
 * the end of one; then a flush.  Has it asked the chip?
 */
static int
is_purged(void *arg __attribute__((unused)))
{
	uint8_t buf[64];
	unsigned asked;
	int up = 0;

	memset(buf, 'x', sizeof(buf));
	buf[0] = 0;
	memcpy(buf + 60, "\354\003\0\354", 4);
	while (hu_inflight(hu, IN) > 0) {
		up = !up;
		buf[62] = up ? DCD : 0;
		T_EQ(hu_complete(hu, IN, 0, HYP_USB_OK, buf, sizeof(buf)), 0);
		T_UNTIL(has_carrier, &up);	/* so it has been seen */
	}
	asked = hu_submits(hu, 0);
	h_ucom_ask(&c, TCFLSH, TCIFLUSH, NULL, NULL);
	return hu_submits(hu, 0) > asked;
}

static void
cut_by_a_purge(void)
{

	begin();
	T_UNTIL(is_purged, NULL);
	send("\001b", 2);
	expect("\001b", 2);
	end();
}

static void
cut_by_a_close(void)
{

	begin();
	for (size_t n = 1; n <= 2; n++) {
		send("a\354\003", 1 + n);
		h_close(&c);
		h_ucom_open(&c);
		h_ucom_raw(&c, 0, HUPCL);
		send("\001b", 2);
		expect("\001b", 2);
	}
	end();
}

const struct t_case t_cases[] = {
	{ "an escape that is cut anywhere", cut_anywhere },
	{ "a flush does not end an escape", cut_by_a_flush },
	{ "one that the chip is asked for does", cut_by_a_purge },
	{ "so does a close", cut_by_a_close },
	{ NULL, NULL }
};
