/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_uftdi_packets.c - what uftdi makes of the status bytes in front of each
 * packet, byte by byte: the host is the scripted one of tests/usbdi, so that a
 * transfer is exactly what a case says.
 *
 * The rules are those that Linux's ftdi_sio has for the same bytes
 * (ftdi_process_packet): an error is one of its packet's, and of a packet with
 * data; a break is its packet's last byte, if that is 0.  Beyond those, lines
 * that move and move back within one transfer are counted (TIOCGICOUNT).
 */
#include <asm/ioctls.h>
#include <asm/termbits.h>

#include <errno.h>
#include <linux/serial.h>
#include <string.h>

#include "drivers/h_ucom.h"
#include "h_test.h"
#include "hyp/hyp.h"
#include "hyp/hyp_node.h"
#include "hyp/hyp_usb.h"
#include "usbdi/h_desc.h"

#define	IN	H_UCOM_IN
#define	OUT	H_UCOM_OUT
#define	PACKET	64
#define	DATA	(PACKET - 2)

#define	CTS	0x10
#define	RI	0x40
#define	DCD	0x80
#define	OE	0x02
#define	PE	0x04
#define	FE	0x08
#define	BI	0x10

static const uint8_t ftdi[] = {
	H_DEV(0x0403, 0x6001, 0x0600, 0, 0, 0, 1),
	H_CONF(32, 1, 1),
	H_IFACE(0, 0, 2, 0xff, 0xff, 0xff),
	H_EP(IN, 2, PACKET),
	H_EP(OUT, 2, PACKET),
};

static struct hu_dev *hu;
static struct h_client c;
static uint8_t transfer[4096];
static uint32_t length;

/* ---- the client ----------------------------------------------------- */

static struct serial_icounter_struct
counts(void)
{
	struct serial_icounter_struct ic;

	h_ucom_ask(&c, TIOCGICOUNT, 0, NULL, &ic);
	return ic;
}

/* Before, uftdi cannot tell ucom of lines that move: it does not know it. */
static int
has_attached(void *arg __attribute__((unused)))
{

	return hu_working() == 0;
}

static void
begin(tcflag_t iflag)
{
	static const uint8_t status[2] = { CTS | DCD, 0x60 };

	hu = h_ucom_make(ftdi, sizeof(ftdi));
	hu_answer(hu, status, sizeof(status));
	h_ucom_plug(ftdi, &c);
	T_UNTIL(has_attached, NULL);
	h_ucom_raw(&c, iflag, 0);
	length = 0;
}

static void
end(void)
{

	h_ucom_end(hu, &c);
}

/* ---- the chip ------------------------------------------------------- */

/* One more packet of the transfer; n is less than DATA in the last alone. */
static void
packet(uint8_t msr, uint8_t lsr, const void *data, size_t n)
{

	transfer[length] = msr | 0x01;
	transfer[length + 1] = lsr | 0x60;
	memcpy(transfer + length + 2, data, n);
	length += 2 + (uint32_t)n;
}

static void
send(void)
{

	T_UNTIL(h_ucom_reads, hu);
	T_EQ(hu_complete(hu, IN, 0, HYP_USB_OK, transfer, length), 0);
	length = 0;
}

struct wanted {
	const void	*wa_data;
	size_t		 wa_len, wa_done;
	uint8_t		 wa_got[1024];
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
expect(const void *data, size_t len)
{
	struct wanted wa = { .wa_data = data, .wa_len = len };

	T_UNTIL(arrived, &wa);
	T_EQ(wa.wa_done, len);
	T_EQ(memcmp(wa.wa_got, data, len), 0);
}

/* ---- the cases ------------------------------------------------------ */

/* All bytes of the packet in the middle, and none of its neighbours'. */
static void
one_packet_of_three(void)
{
	uint8_t good[DATA], want[DATA * 5 + 3], *p = want;
	struct serial_icounter_struct ic;

	begin(PARMRK | INPCK);
	memset(good, 'g', sizeof(good));
	packet(CTS | DCD, 0, good, DATA);
	packet(CTS | DCD, PE | OE, good, DATA);
	packet(CTS | DCD, 0, "end", 3);
	send();
	p = (uint8_t *)memset(p, 'g', DATA) + DATA;
	for (int i = 0; i < DATA; i++, p += 3)
		memcpy(p, "\377\0g", 3);
	memcpy(p, "end", 3);
	expect(want, DATA * 4 + 3);
	ic = counts();
	T_CHECK(ic.parity == 1 && ic.overrun == 1 && ic.frame == 0 &&
	    ic.brk == 0);
	T_EQ(ic.rx, 2 * DATA + 3);
	end();
}

/* The bytes before it in its packet are good, whatever else the status says. */
static void
break_at_the_end(void)
{
	struct serial_icounter_struct ic;

	begin(PARMRK | INPCK);
	packet(CTS | DCD, BI | FE | PE, "a\0b\0", 4);
	send();
	expect("a\0b\377\0\0", 6);
	packet(CTS | DCD, BI | FE, "", 0);
	send();
	packet(CTS | DCD, BI | FE, "cd", 2);
	send();
	expect("cd", 2);
	ic = counts();
	T_CHECK(ic.brk == 1 && ic.frame == 0 && ic.parity == 0 && ic.rx == 6);
	end();
}

/* Errors of the packets of one transfer, of which each has its own. */
static void
each_its_own(void)
{
	uint8_t a[DATA], want[2 * DATA + 4];

	begin(INPCK | IGNPAR);
	memset(a, 'a', sizeof(a));
	packet(CTS | DCD, 0, a, DATA);
	packet(CTS | DCD, FE, a, DATA);
	packet(CTS | DCD, OE, a, DATA);
	packet(CTS | DCD, PE, "bad", 3);
	send();
	packet(CTS | DCD, 0, "good", 4);
	send();
	memset(want, 'a', 2 * DATA);
	memcpy(want + 2 * DATA, "good", 4);
	expect(want, sizeof(want));
	T_CHECK(counts().frame == 1 && counts().parity == 1 &&
	    counts().overrun == 1);
	end();
}

/* Up and down in one transfer: nobody sees it but who counts, or waits. */
static void
pulses(void)
{
	uint8_t a[DATA] = { 0 };
	struct serial_icounter_struct was, ic;

	begin(0);
	packet(CTS | DCD, 0, "x", 1);
	send();
	expect("x", 1);
	was = counts();
	packet(DCD, 0, a, DATA);
	packet(CTS | DCD | RI, 0, a, DATA);
	packet(CTS | DCD, 0, "y", 1);
	send();
	memset(transfer, 0, 2 * DATA);
	transfer[2 * DATA] = 'y';
	expect(transfer, 2 * DATA + 1);
	ic = counts();
	T_EQ(ic.cts - was.cts, 2);
	T_EQ(ic.rng - was.rng, 2);
	T_EQ(ic.dcd, was.dcd);
	T_EQ(ic.dsr, was.dsr);
	/* One that stays is one. */
	packet(DCD, 0, "z", 1);
	send();
	expect("z", 1);
	T_EQ(counts().cts - was.cts, 3);
	end();
}

/* Transfers of every length around a packet, with every status. */
static void
hostile(void)
{
	uint8_t got[256];

	begin(PARMRK | INPCK);
	for (unsigned status = 0; status < 256; status += 5) {
		for (unsigned len = 0; len <= 2 * PACKET + 3; len++) {
			memset(transfer, (int)status, len);
			length = len;
			send();
			while (h_ucom_read(&c, got, sizeof(got)) > 0)
				continue;
		}
	}
	/* It still works: what the last one has left is read first. */
	h_ucom_raw(&c, 0, 0);
	t_msleep(20);
	while (h_ucom_read(&c, got, sizeof(got)) > 0)
		continue;
	packet(CTS | DCD, 0, "ok", 2);
	send();
	expect("ok", 2);
	end();
}

const struct t_case t_cases[] = {
	{ "an error is of all bytes of its packet, and one", one_packet_of_three },
	{ "a break is the last byte of its packet, or none", break_at_the_end },
	{ "the packets of a transfer have errors of their own", each_its_own },
	{ "a line that is back at the end of a transfer has moved", pulses },
	{ "any status in front of any length", hostile },
	{ NULL, NULL }
};
