/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_null_modem.c - wires between two ports: a null modem, and a loopback plug, as
 * RS-232 has them; and what two ends that disagree make of each other.
 *
 * Both ends are ports of one CP2108, with events, which tell each error.
 */
#include <string.h>

#include "h_test.h"
#include "vusb/h_host.h"

static struct vusb *v;

static int
set(unsigned number, unsigned value, unsigned port)
{

	return h_host_control((uint8_t[]){ 0x41, (uint8_t)number,
	    (uint8_t)value, (uint8_t)(value >> 8), (uint8_t)port, 0, 0, 0 },
	    NULL);
}

static void
set_baud(uint32_t baud, unsigned port)
{
	uint8_t p[4] = { (uint8_t)baud, (uint8_t)(baud >> 8),
	    (uint8_t)(baud >> 16), 0 };

	T_EQ(h_host_control((uint8_t[]){ 0x41, 0x1e, 0, 0, (uint8_t)port, 0,
	    4, 0 }, p), 4);
}

/* Both ports on, 9600 8N1, events, and joined. */
static void
begin(unsigned other, bool paced)
{

	v = h_host_plug("cp2108");
	for (unsigned i = 0; i < 2; i++) {
		vusb_set_lines(v, i, 0);
		T_EQ(set(0x00, 1, i), 0);
		T_EQ(set(0x15, 0xec, i), 0);
		set_baud(9600, i);
	}
	T_EQ(vusb_wire(v, 0, v, other, paced), 0);
}

static int
put(unsigned port, const char *s, size_t len)
{

	return h_host_transfer(HYP_USB_BULK, (uint8_t)(1 + port),
	    (void *)(uintptr_t)s, len, H_LONG);
}

/* What comes in at a port, with all its events. */
static void
comes(unsigned port, const char *what, size_t len)
{
	uint8_t buf[64];
	size_t got = 0;
	int n;

	while (got < len) {
		n = h_host_transfer(HYP_USB_BULK, (uint8_t)(0x81 + port),
		    buf + got, sizeof(buf) - got, 2000);
		T_CHECK(n > 0);
		if (n <= 0)
			return;
		got += (size_t)n;
	}
	T_EQ(got, len);
	T_CHECK(memcmp(buf, what, len) == 0);
}
#define	COMES(port, s)	comes((port), (s), sizeof(s) - 1)

static void
null_modem(void)
{

	begin(1, false);
	T_EQ(put(0, "ab", 2), 2);
	COMES(1, "ab");
	T_EQ(put(1, "c", 1), 1);
	COMES(0, "c");
	T_EQ(set(0x07, 0x0101, 0), 0);		/* DTR: DSR and carrier */
	COMES(1, "\xec\x03\xaa");
	T_EQ(set(0x07, 0x0202, 0), 0);		/* RTS: CTS */
	COMES(1, "\xec\x03\xb1");
	T_EQ(vusb_get_lines(v, 1), VUSB_CTS | VUSB_DSR | VUSB_DCD);
	T_EQ(vusb_get_lines(v, 0), 0);
	T_EQ(set(0x05, 1, 1), 0);
	COMES(0, "\xec\x01\x70\x00");
	h_host_unplug();
}

static void
loop(void)
{

	begin(0, false);
	T_EQ(put(0, "ab", 2), 2);
	COMES(0, "ab");
	T_EQ(set(0x07, 0x0303, 0), 0);
	COMES(0, "\xec\x03\xbb");
	vusb_unwire(v, 0);
	T_EQ(put(0, "c", 1), 1);
	T_EQ(h_host_transfer(HYP_USB_BULK, 0x81, (uint8_t[64]){ 0 }, 64, H_SHORT),
	    H_LATE);
	h_host_unplug();
}

static void
rates(void)
{

	begin(1, false);
	set_baud(9800, 1);			/* 2 per cent: nobody minds */
	T_EQ(put(0, "a", 1), 1);
	COMES(1, "a");
	set_baud(19200, 1);
	T_EQ(put(0, "a", 1), 1);
	COMES(1, "\xec\x01\x68\xc4");
	set_baud(115200, 1);			/* a NUL that is a break */
	T_EQ(put(0, "\0", 1), 1);
	COMES(1, "\xec\x01\x70\x00");
	h_host_unplug();
}

/* 7E1 and 8N1 have frames of one length: what the one takes for a parity bit
   is the other's eighth. */
static void
formats(void)
{

	begin(1, false);
	T_EQ(set(0x03, 0x0720, 0), 0);
	T_EQ(put(0, "ac", 2), 2);
	COMES(1, "\xe1" "c");
	T_EQ(put(1, "ab", 2), 2);
	COMES(0, "\xec\x01\x64" "a" "\xec\x01\x64" "b");
	T_EQ(set(0x03, 0x0720, 1), 0);
	T_EQ(put(1, "ab", 2), 2);
	COMES(0, "ab");
	T_EQ(set(0x03, 0x0710, 1), 0);		/* odd and even */
	T_EQ(put(1, "a", 1), 1);
	COMES(0, "\xec\x01\x64" "a");
	T_EQ(set(0x03, 0x0800, 0), 0);		/* 10 bits, and 11 */
	T_EQ(set(0x03, 0x0820, 1), 0);
	T_EQ(put(0, "a", 1), 1);
	COMES(1, "\xec\x01\x68" "a");
	h_host_unplug();
}

/* 50 characters of 10 bits at 1200 Bd are 417 ms. */
static void
paced(void)
{
	char buf[50];
	uint64_t begun;

	begin(1, true);
	set_baud(1200, 0);
	set_baud(1200, 1);
	memset(buf, 'x', sizeof(buf));
	begun = t_now_ms();
	T_EQ(put(0, buf, sizeof(buf)), sizeof(buf));
	comes(1, buf, sizeof(buf));
	T_CHECK(t_now_ms() - begun >= 380);
	h_host_unplug();
}

static int
is_full(void *arg)
{
	struct vusb_status vs;

	(void)arg;
	vusb_get_status(v, 1, &vs);
	return vs.vs_overruns == 2;
}

/* Paced, a full receiver loses; with RTS-CTS the sender waits. */
static void
full(void)
{
	uint8_t flow[16] = { 0x08, 0, 0, 0, 0x80 };
	struct vusb_status vs;

	begin(1, true);
	vusb_far_limit(v, 1, 4, 64);
	T_EQ(put(0, "abcdef", 6), 6);
	T_UNTIL(is_full, NULL);
	COMES(1, "abc\xec\x01\x62" "d");
	for (unsigned i = 0; i < 2; i++)
		T_EQ(h_host_control((uint8_t[]){ 0x41, 0x13, 0, 0, (uint8_t)i,
		    0, 16, 0 }, flow), 16);
	COMES(0, "\xec\x03\x11");
	COMES(1, "\xec\x03\x11");
	for (unsigned i = 0; i < 2; i++)
		T_EQ(put(0, "abcdef" + 3 * i, 3), 3);
	COMES(1, "abcdef");
	vusb_get_status(v, 1, &vs);
	T_EQ(vs.vs_overruns, 2);
	h_host_unplug();
}

const struct t_case t_cases[] = {
	{ "a null modem: data, lines and breaks", null_modem },
	{ "a loopback plug: RTS to CTS, DTR to DSR and carrier", loop },
	{ "rates that differ: framing errors, and breaks", rates },
	{ "formats that differ: parity and framing errors", formats },
	{ "a paced wire takes the time that bits take", paced },
	{ "a full receiver loses characters, or stops the sender", full },
	{ NULL, NULL }
};
