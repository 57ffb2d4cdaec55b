/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_uart.c - what the UART of a software chip does with characters, as a
 * 16550 does: flow control that stops it, breaks, overruns, narrow characters.
 */
#include <string.h>

#include "h_test.h"
#include "vusb/h_host.h"

#define	EP_IN	0x83		/* a PL2303's */
#define	EP_OUT	0x02

static struct vusb *v;

static struct vusb_status
status(void)
{
	struct vusb_status vs;

	vusb_get_status(v, 0, &vs);
	return vs;
}

/* An HXN with this flow control and these data bits. */
static void
begin(uint8_t flow, uint8_t bits)
{
	uint8_t line[7] = { 0x80, 0x25, 0, 0, 0, 0, bits };

	v = h_host_plug("pl2303hxn");
	T_EQ(h_host_control((uint8_t[]){ 0x40, 0x80, 0x0a, 0, flow, 0, 0, 0 },
	    NULL), 0);
	T_EQ(h_host_control((uint8_t[]){ 0x21, 0x20, 0, 0, 0, 0, 7, 0 }, line),
	    7);
	T_EQ(h_host_control((uint8_t[]){ 0x21, 0x22, 3, 0, 0, 0, 0, 0 }, NULL),
	    0);
}
#define	FLOW_NONE	0x1c
#define	FLOW_RTSCTS	0x18
#define	FLOW_XONXOFF	0x0c

static int
put(const char *s)
{

	return h_host_transfer(HYP_USB_BULK, EP_OUT, (void *)(uintptr_t)s,
	    strlen(s), H_LONG);
}

static void
far_has(const char *s)
{
	char buf[512];

	T_EQ(vusb_far_read(v, 0, buf, sizeof(buf), 0), strlen(s));
	T_CHECK(memcmp(buf, s, strlen(s)) == 0);
}

/* CTS stops the transmitter; its FIFO fills, and then the host waits. */
static void
rtscts_out(void)
{
	char many[200];

	begin(FLOW_RTSCTS, 8);
	T_EQ(put("a"), 1);
	far_has("a");
	vusb_set_lines(v, 0, VUSB_DSR);
	T_EQ(put("bc"), 2);
	far_has("");
	T_EQ(status().vs_stopped, 1);
	T_EQ(status().vs_held, 2);
	vusb_set_lines(v, 0, VUSB_DSR | VUSB_CTS);
	far_has("bc");
	T_EQ(status().vs_stopped, 0);
	vusb_set_lines(v, 0, 0);
	memset(many, 'x', sizeof(many));
	T_EQ(h_host_transfer(HYP_USB_BULK, EP_OUT, many, sizeof(many),
	    H_SHORT), H_LATE);
	T_EQ(status().vs_held, 128);
	h_host_unplug();
	/* Without flow control CTS means nothing. */
	begin(FLOW_NONE, 8);
	vusb_set_lines(v, 0, 0);
	T_EQ(put("d"), 1);
	far_has("d");
	h_host_unplug();
}

/* A FIFO that fills takes RTS away. */
static void
rtscts_in(void)
{
	char buf[8];

	begin(FLOW_RTSCTS, 8);
	vusb_far_limit(v, 0, 8, 64);
	T_EQ(status().vs_ready, 1);
	T_EQ(vusb_far_write(v, 0, "12345", 5, 0), 5);
	T_EQ(status().vs_ready, 1);
	T_EQ(vusb_far_write(v, 0, "6", 1, 0), 1);
	T_EQ(status().vs_ready, 0);
	T_EQ(status().vs_rts, 1);
	T_EQ(h_host_in(EP_IN, buf, 3), 3);
	T_EQ(status().vs_ready, 0);
	T_EQ(h_host_in(EP_IN, buf, 1), 1);
	T_EQ(status().vs_ready, 1);
	h_host_unplug();
}

/* XOFF stops it and is nobody's data; a FIFO that fills sends one. */
static void
xonxoff(void)
{
	char buf[8];

	begin(FLOW_XONXOFF, 8);
	T_EQ(vusb_far_write(v, 0, "a\023b", 3, 0), 3);
	T_EQ(h_host_in(EP_IN, buf, 8), 2);
	T_CHECK(memcmp(buf, "ab", 2) == 0);
	T_EQ(put("c"), 1);
	far_has("");
	T_EQ(vusb_far_write(v, 0, "\021", 1, 0), 1);
	far_has("c");
	vusb_far_limit(v, 0, 8, 64);
	T_EQ(vusb_far_write(v, 0, "123456", 6, 0), 6);
	far_has("\023");
	T_EQ(h_host_in(EP_IN, buf, 8), 6);
	far_has("\021");
	h_host_unplug();
	begin(FLOW_NONE, 8);
	T_EQ(vusb_far_write(v, 0, "\023", 1, 0), 1);
	T_EQ(h_host_in(EP_IN, buf, 8), 1);
	h_host_unplug();
}

static void
overrun(void)
{
	uint8_t buf[10];

	begin(FLOW_NONE, 8);
	vusb_far_limit(v, 0, 4, 4);
	for (unsigned i = 0; i < 6; i++)
		vusb_far_char(v, 0, (uint8_t)('a' + i), 0);
	T_EQ(status().vs_overruns, 2);
	T_EQ(h_host_intr(0x81, buf, 10), 10);
	T_EQ(buf[8] & 0x40, 0x40);
	T_EQ(h_host_in(EP_IN, buf, 8), 4);
	T_CHECK(memcmp(buf, "abcd", 4) == 0);
	h_host_unplug();
}

static void
narrow(void)
{
	char buf[8];

	begin(FLOW_NONE, 7);
	T_EQ(put("\xe1\xe2"), 2);
	far_has("ab");
	T_EQ(vusb_far_write(v, 0, "\xe3", 1, 0), 1);
	T_EQ(h_host_in(EP_IN, buf, 8), 1);
	T_EQ(buf[0], 'c');
	h_host_unplug();
}

/* Nothing goes out during a break, and all after it. */
static void
a_break(void)
{

	begin(FLOW_NONE, 8);
	T_EQ(h_host_control((uint8_t[]){ 0x21, 0x23, 0xff, 0xff, 0, 0, 0, 0 },
	    NULL), 0);
	T_EQ(status().vs_break, 1);
	T_EQ(put("a"), 1);
	far_has("");
	T_EQ(h_host_control((uint8_t[]){ 0x21, 0x23, 0, 0, 0, 0, 0, 0 }, NULL),
	    0);
	far_has("a");
	T_EQ(status().vs_breaks, 1);
	h_host_unplug();
}

/* More errors than there are marks for: the data comes whole. */
static void
many_errors(void)
{
	uint8_t buf[1024];

	begin(FLOW_NONE, 8);
	for (unsigned i = 0; i < 1000; i++)
		vusb_far_char(v, 0, (uint8_t)i, VUSB_PARITY | VUSB_FRAMING);
	T_EQ(h_host_in(EP_IN, buf, sizeof(buf)), 1000);
	for (unsigned i = 0; i < 1000; i++)
		T_EQ(buf[i], (uint8_t)i);
	h_host_unplug();
}

const struct t_case t_cases[] = {
	{ "CTS stops the transmitter, until the host waits", rtscts_out },
	{ "a receiver that fills takes RTS away", rtscts_in },
	{ "XOFF stops the transmitter, and a full receiver sends it",
	    xonxoff },
	{ "a full receiver loses characters and says so", overrun },
	{ "characters of 7 bits have 7", narrow },
	{ "a break holds the transmitter", a_break },
	{ "a thousand errors at once lose no data", many_errors },
	{ NULL, NULL }
};
