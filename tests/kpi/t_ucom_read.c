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

#include <stdbool.h>
#include <string.h>

#include "drivers/h_ucom.h"
#include "h_test.h"
#include "hyp/hyp.h"
#include "hyp/hyp_node.h"
#include "hyp/hyp_usb.h"
#include "kpi/nbser.h"
#include "usbdi/h_desc.h"

#define	IN	H_UCOM_IN
#define	OUT	H_UCOM_OUT
#define	PACKET	64

static const uint8_t chip[] = {
	H_DEV(NBSER_VENDOR, NBSER_PRODUCT, 0x0100, 0, 0, 0, 1),
	H_CONF(32, 1, 1),
	H_IFACE(0, 0, 2, 0xff, 0xff, 0xff),
	H_EP(IN, 2, PACKET),
	H_EP(OUT, 2, PACKET),
};

static struct hu_dev *hu;
static struct h_client c;

static void
begin(void)
{
	static bool begun;

	hu = h_ucom_make(chip, sizeof(chip));
	if (!begun)
		T_EQ(nbser_init(), 0);
	begun = true;
	h_ucom_plug(chip, &c);
	h_ucom_raw(&c, 0, 0);
}

static void
end(void)
{

	h_ucom_end(hu, &c);
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
	T_UNTIL(h_ucom_reads, hu);
	T_EQ(hu_complete(hu, IN, 0, HYP_USB_OK, transfer,
	    2 + (uint32_t)n + padding), 0);
}

/* As it is, without the two bytes. */
static void
send_raw(const void *data, uint32_t n)
{

	T_UNTIL(h_ucom_reads, hu);
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

	wa->wa_done += h_ucom_read(&c, wa->wa_got + wa->wa_done,
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
	h_ucom_ask(&c, TIOCMBIC, 0, &bits, NULL);
	T_EQ(nbser_lines, NBSER_DTR);
	h_ucom_ask(&c, TIOCSBRK, 0, NULL, NULL);
	T_EQ(nbser_lines, NBSER_DTR | NBSER_BREAK);
	h_ucom_ask(&c, TIOCCBRK, 0, NULL, NULL);
	bits = TIOCM_RTS;
	h_ucom_ask(&c, TIOCMSET, 0, &bits, NULL);
	T_EQ(nbser_lines, NBSER_RTS);
	/* One that is left on is ended for it. */
	h_ucom_ask(&c, TIOCSBRK, 0, NULL, NULL);
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
