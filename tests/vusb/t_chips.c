/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_chips.c - the software chips decode requests as their documents say.
 *
 * The requests in tests/vusb/ *.req are those of Linux's own drivers, which
 * know real chips; what they were asked for is what a chip has to have
 * understood.  The other numbers are those of Silicon Labs' AN571 and AN205,
 * FTDI's AN232B-05, and for CH34x and PL2303 of what Linux's drivers say of
 * chips that were measured.
 */
#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "h_test.h"
#include "vusb/h_host.h"

static struct vusb_status
status(struct vusb *v, unsigned port)
{
	struct vusb_status vs;

	vusb_get_status(v, port, &vs);
	return vs;
}

/* A request without data, or with what data has. */
static int
request(unsigned type, unsigned number, unsigned value, unsigned index,
    void *data, unsigned len)
{
	const uint8_t setup[8] = { (uint8_t)type, (uint8_t)number,
	    (uint8_t)value, (uint8_t)(value >> 8), (uint8_t)index,
	    (uint8_t)(index >> 8), (uint8_t)len, (uint8_t)(len >> 8) };

	return h_host_control(setup, data);
}

/* ---- what Linux sends ---------------------------------------------- */

/* Two hexadecimal digits each; a dot is 0. */
static unsigned
bytes(char *hex, uint8_t *buf, size_t size)
{
	unsigned n = 0;
	unsigned x;

	for (char *p = hex; *p != '\0'; p++)
		*p = *p == '.' ? '0' : *p;
	while (n < size && sscanf(hex + 2 * n, "%2x", &x) == 1)
		buf[n++] = (uint8_t)x;
	return n;
}

static void
send_line(char *line)
{
	unsigned type, number, value, index, len = 0;
	char value_s[8], index_s[8], rest[64] = "";
	uint8_t data[64], word[2];
	int n;

	n = sscanf(line, "%*s %x %x %7s %7s %63s", &type, &number, value_s,
	    index_s, rest);
	T_CHECK(n >= 4);
	T_EQ(bytes(value_s, word, 2), 2);
	value = (unsigned)word[0] << 8 | word[1];
	T_EQ(bytes(index_s, word, 2), 2);
	index = (unsigned)word[0] << 8 | word[1];
	len = strncmp(line, "in", 2) == 0 ? (unsigned)atoi(rest) :
	    bytes(rest, data, sizeof(data));
	if (request(type, number, value, index, data, len) < 0)
		t_fail(__FILE__, __LINE__, "refused: %s", line);
}

static void
compare_line(struct vusb *v, const char *line)
{
	const struct vusb_status vs = status(v, 0);
	char now[128];

	snprintf(now, sizeof(now),
	    "= baud=%u format=%u%c%u flow=%c dtr=%d rts=%d break=%d",
	    vs.vs_baud, vs.vs_bits, vs.vs_parity, vs.vs_stop, vs.vs_flow,
	    vs.vs_dtr, vs.vs_rts, vs.vs_break);
	if (strstr(now, line + 2) == NULL)
		t_fail(__FILE__, __LINE__, "%s is not %s", now, line);
}

static void
replay(const char *chip)
{
	struct vusb *v = h_host_plug(chip);
	unsigned sent = 0, compared = 0;
	char path[256], line[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s.req", REQUESTS, chip);
	file = fopen(path, "r");
	T_CHECK(file != NULL);
	while (fgets(line, sizeof(line), file) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '=') {
			compare_line(v, line);
			compared++;
		} else if (strncmp(line, "in ", 3) == 0 ||
		    strncmp(line, "out ", 4) == 0) {
			send_line(line);
			sent++;
		}
	}
	fclose(file);
	T_CHECK(sent > 15 && compared > 8);
	h_host_unplug();
}

static void
linux_ch341(void)
{

	replay("ch341");
}

static void
linux_cp2102(void)
{

	replay("cp2102");
}

static void
linux_pl2303hx(void)
{

	replay("pl2303hx");
}

static void
linux_pl2303hxn(void)
{

	replay("pl2303hxn");
}

/* ---- CH34x --------------------------------------------------------- */

static void
ch34x_rate(struct vusb *v, unsigned index, unsigned baud)
{

	T_EQ(request(0x40, 0x9a, 0x1312, index, NULL, 0), 0);
	T_EQ(status(v, 0).vs_baud, baud);
}

static void
ch34x_rates(void)
{
	struct vusb *v = h_host_plug("ch341");

	ch34x_rate(v, 0xb282, 9615);		/* 78 * 64 */
	ch34x_rate(v, 0xcc83, 115385);		/* 52 * 8 */
	ch34x_rate(v, 0xf387, 923077);		/* 13 * 4 */
	ch34x_rate(v, 0xfa87, 2000000);
	ch34x_rate(v, 0x0080, 46);		/* the slowest: 256 * 4096 */
	h_host_unplug();
	v = h_host_plug("ch340-nobreak");
	ch34x_rate(v, 0xb286, 9615);		/* no fine half ... */
	ch34x_rate(v, 0xf387, 923077);		/* ... but of the coarsest */
	h_host_unplug();
}

static void
ch34x_formats(void)
{
	static const struct {
		uint8_t	lcr, bits, stop;
		char	parity;
	} formats[] = {
		{ 0xc3, 8, 1, 'N' }, { 0xc0, 5, 1, 'N' }, { 0xc7, 8, 2, 'N' },
		{ 0xca, 7, 1, 'O' }, { 0xda, 7, 1, 'E' }, { 0xeb, 8, 1, 'M' },
		{ 0xfb, 8, 1, 'S' }, { 0xc1, 6, 1, 'N' }
	};
	struct vusb *v = h_host_plug("ch341");

	for (unsigned i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		T_EQ(request(0x40, 0x9a, 0x2518, formats[i].lcr, NULL, 0), 0);
		T_EQ(status(v, 0).vs_bits, formats[i].bits);
		T_EQ(status(v, 0).vs_stop, formats[i].stop);
		T_EQ(status(v, 0).vs_parity, formats[i].parity);
	}
	T_EQ(request(0x40, 0x9a, 0x2727, 0x0101, NULL, 0), 0);
	T_EQ(status(v, 0).vs_flow, 'R');
	h_host_unplug();
	/* Below version 30 there is nothing to set. */
	v = h_host_plug("ch340-old");
	T_EQ(request(0x40, 0x9a, 0x2518, 0xda, NULL, 0), 0);
	T_EQ(status(v, 0).vs_bits, 8);
	h_host_unplug();
}

/* Without bit 7 nothing comes before there are 32 bytes of it. */
static void
ch34x_holdback(void)
{
	struct vusb *v = h_host_plug("ch341");
	uint8_t buf[64];

	ch34x_rate(v, 0xb202, 9615);
	T_EQ(vusb_far_write(v, 0, "abcde", 5, 0), 5);
	T_EQ(h_host_transfer(HYP_USB_BULK, 0x82, buf, 32, H_SHORT),
	    H_LATE);
	ch34x_rate(v, 0xb282, 9615);
	T_EQ(h_host_in(0x82, buf, 32), 5);
	T_CHECK(memcmp(buf, "abcde", 5) == 0);
	ch34x_rate(v, 0xb202, 9615);
	T_EQ(vusb_far_write(v, 0, "0123456789abcdef0123456789ABCDEF", 32, 0),
	    32);
	T_EQ(h_host_in(0x82, buf, 64), 32);
	h_host_unplug();
	/* Version 27 has it the other way round. */
	v = h_host_plug("ch340-old");
	ch34x_rate(v, 0xb202, 9615);
	T_EQ(vusb_far_write(v, 0, "a", 1, 0), 1);
	T_EQ(h_host_in(0x82, buf, 32), 1);
	h_host_unplug();
}

static void
ch34x_status(void)
{
	struct vusb *v = h_host_plug("ch341");
	uint8_t buf[8];

	T_EQ(h_host_transfer(HYP_USB_INTR, 0x81, buf, 8, H_SHORT),
	    H_LATE);
	vusb_set_lines(v, 0, VUSB_CTS | VUSB_DCD);
	T_EQ(h_host_intr(0x81, buf, 8), 4);
	T_EQ(buf[0], 0x08);
	T_EQ(~buf[2] & 0xf, 0x09);
	T_EQ(request(0xc0, 0x95, 0x0706, 0, buf, 2), 2);
	T_EQ(~buf[0] & 0xf, 0x09);
	vusb_far_char(v, 0, 'x', VUSB_PARITY);
	T_EQ(h_host_intr(0x81, buf, 8), 4);
	T_EQ(buf[0], 0x04);
	vusb_far_char(v, 0, 0, VUSB_BREAK);
	T_EQ(h_host_intr(0x81, buf, 8), 4);
	T_EQ(buf[0], 0x44);
	/* A lying one, of any length. */
	for (int len = 0; len <= 8; len++) {
		vusb_set_statuslen(v, len);
		vusb_set_lines(v, 0, 0);
		T_EQ(h_host_intr(0x81, buf, 8), len);
	}
	h_host_unplug();
}

static void
ch34x_nobreak(void)
{
	struct vusb *v = h_host_plug("ch340-nobreak");
	uint8_t buf[2];

	T_EQ(request(0xc0, 0x95, 0x0005, 0, buf, 2), H_STALL);
	T_EQ(request(0x40, 0x9a, 0x1805, 0x83fe, NULL, 0), 0);
	T_EQ(status(v, 0).vs_break, 0);
	h_host_unplug();
	v = h_host_plug("ch341");
	T_EQ(request(0xc0, 0x95, 0x0005, 0, buf, 2), 2);
	T_EQ(request(0x40, 0x9a, 0x1805, 0x83fe, NULL, 0), 0);
	T_EQ(status(v, 0).vs_break, 1);
	T_EQ(status(v, 0).vs_breaks, 1);
	h_host_unplug();
}

/* ---- CP210x -------------------------------------------------------- */

static unsigned
cp210x_rate(unsigned port, uint32_t want)
{
	uint8_t p[4] = { (uint8_t)want, (uint8_t)(want >> 8),
	    (uint8_t)(want >> 16), (uint8_t)(want >> 24) };

	T_EQ(request(0x41, 0x1e, 0, port, p, 4), 4);
	T_EQ(request(0xc1, 0x1d, 0, port, p, 4), 4);
	return p[0] | (unsigned)p[1] << 8 | (unsigned)p[2] << 16 |
	    (unsigned)p[3] << 24;
}

static void
cp210x_rates(void)
{

	(void)h_host_plug("cp2102");
	T_EQ(cp210x_rate(0, 115200), 115200);
	T_EQ(cp210x_rate(0, 117029), 128000);	/* AN205's table */
	T_EQ(cp210x_rate(0, 1), 300);
	T_EQ(cp210x_rate(0, 3000000), 921600);
	h_host_unplug();
	(void)h_host_plug("cp2102n");
	T_EQ(cp210x_rate(0, 115200), 115385);	/* 48 MHz / 2 / 208 */
	T_EQ(cp210x_rate(0, 3000000), 3000000);
	T_EQ(cp210x_rate(0, 300), 300);		/* with the prescaler */
	h_host_unplug();
}

static void
cp210x_parts(void)
{
	static const struct {
		const char	*chip;
		int		 len;
		uint8_t		 part;
	} parts[] = {
		{ "cp2102", 2, 0x02 }, { "cp2102n", 2, 0x20 },
		{ "cp2105", 2, 0x05 }, { "cp2108", 2, 0x08 },
		{ "cp2102-clone", 1, 0x02 }
	};
	uint8_t buf[2];

	for (unsigned i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		(void)h_host_plug(parts[i].chip);
		T_EQ(request(0xc0, 0xff, 0x370b, 0, buf, 2), parts[i].len);
		T_EQ(buf[0], parts[i].part);
		T_EQ(request(0x41, 0x15, 0xec, 0, NULL, 0),
		    parts[i].len == 1 ? H_STALL : 0);
		h_host_unplug();
	}
}

static void
cp210x_on(unsigned port)
{

	T_EQ(request(0x41, 0x00, 1, port, NULL, 0), 0);
}

/* Escapes of AN571, whole and cut after each byte. */
static void
cp210x_events(void)
{
	static const uint8_t all[] = { 'a', 0xec, 0x00, 0xec, 0x01, 0x64, 'p',
	    0xec, 0x01, 0x70, 0x00, 'b' };
	struct vusb *v = h_host_plug("cp2102");
	uint8_t buf[64];

	cp210x_on(0);
	T_EQ(request(0x41, 0x15, 0xec, 0, NULL, 0), 0);
	for (unsigned cut = 0; cut <= 4; cut++) {
		unsigned n = 0;
		int got;

		vusb_fault(v, VUSB_IN, cut == 0 ? VUSB_FAULT_NONE :
		    VUSB_FAULT_SHORT, 0, cut);
		T_EQ(vusb_far_write(v, 0, "a\xec", 2, 0), 2);
		vusb_far_char(v, 0, 'p', VUSB_PARITY);
		vusb_far_char(v, 0, 0, VUSB_BREAK);
		T_EQ(vusb_far_write(v, 0, "b", 1, 0), 1);
		while (n < sizeof(all)) {
			got = h_host_in(0x81, buf + n, 64 - n);
			T_CHECK(got > 0 && (cut == 0 || got <= (int)cut));
			n += (unsigned)got;
		}
		T_EQ(n, sizeof(all));
		T_CHECK(memcmp(buf, all, sizeof(all)) == 0);
	}
	vusb_fault(v, VUSB_IN, VUSB_FAULT_NONE, 0, 0);
	vusb_set_lines(v, 0, VUSB_DSR | VUSB_DCD);	/* no CTS any more */
	T_EQ(h_host_in(0x81, buf, 64), 3);
	T_EQ(buf[0], 0xec);
	T_EQ(buf[1], 0x03);
	T_EQ(buf[2], 0xa1);
	/* Without events the data is as it is. */
	T_EQ(request(0x41, 0x15, 0, 0, NULL, 0), 0);
	T_EQ(vusb_far_write(v, 0, "\xec\x01", 2, 0), 2);
	T_EQ(h_host_in(0x81, buf, 64), 2);
	h_host_unplug();
}

static void
cp210x_ports(void)
{
	struct vusb *v = h_host_plug("cp2108");
	uint8_t buf[64];

	for (unsigned i = 0; i < 4; i++) {
		T_EQ(h_host_transfer(HYP_USB_BULK, (uint8_t)(1 + i), "off", 3,
		    50), 3);
		cp210x_on(i);
		T_EQ(cp210x_rate(i, 9600 << i), status(v, i).vs_baud);
		buf[0] = (uint8_t)('a' + i);
		T_EQ(h_host_transfer(HYP_USB_BULK, (uint8_t)(1 + i), buf, 1,
		    50), 1);
	}
	for (unsigned i = 0; i < 4; i++) {
		T_EQ(status(v, i).vs_received, 1);
		T_EQ(vusb_far_read(v, i, buf, 64, 0), 1);
		T_EQ(buf[0], 'a' + i);
		T_EQ(vusb_far_write(v, i, buf, 1, 0), 1);
		T_EQ(h_host_in((uint8_t)(0x81 + i), buf, 64), 1);
	}
	T_EQ(request(0x41, 0x00, 1, 4, NULL, 0), H_STALL);
	/* A port that is off has nothing, and forgets. */
	T_EQ(request(0x41, 0x00, 0, 2, NULL, 0), 0);
	T_EQ(vusb_far_write(v, 2, "x", 1, 0), 1);
	T_EQ(h_host_transfer(HYP_USB_BULK, 0x83, buf, 64, H_SHORT),
	    H_LATE);
	cp210x_on(2);
	T_EQ(h_host_transfer(HYP_USB_BULK, 0x83, buf, 64, H_SHORT),
	    H_LATE);
	h_host_unplug();
}

static void
cp210x_odd(void)
{
	struct vusb *v = h_host_plug("cp2108");
	uint8_t buf[19];

	T_EQ(request(0x41, 0x03, 0x0722, 0, NULL, 0), 0);
	T_EQ(request(0xc1, 0x04, 0, 0, buf, 2), 2);
	T_EQ(buf[0], 0x22);
	vusb_set_quirks(v, VUSB_Q_SWAPPED);
	T_EQ(request(0xc1, 0x04, 0, 0, buf, 2), 2);
	T_EQ(buf[0], 0x07);
	T_EQ(request(0x41, 0x03, 0x0900, 0, NULL, 0), H_STALL);
	T_EQ(status(v, 0).vs_bits, 7);
	vusb_far_char(v, 0, 'x', VUSB_FRAMING);
	T_EQ(request(0xc1, 0x10, 0, 0, buf, 19), 19);
	T_EQ(buf[0], 0x02);
	T_EQ(buf[8], 1);
	h_host_unplug();
	(void)h_host_plug("cp2102n");
	T_EQ(request(0xc0, 0xff, 0x0010, 0, buf, 3), 3);
	T_EQ(buf[2], 8);
	h_host_unplug();
}

/* ---- PL2303 -------------------------------------------------------- */

static int
pl2303_line(struct vusb *v, const uint8_t *rate)
{
	uint8_t p[7] = { rate[0], rate[1], rate[2], rate[3], 0, 0, 8 };
	const int n = request(0x21, 0x20, 0, 0, p, 7);

	return n == 7 ? (int)status(v, 0).vs_baud : n;
}

static void
pl2303_rates(void)
{
	/* 74880 Bd as Linux encodes it: mantissa 320, exponent 2; mantissa
	   1282, exponent 2. */
	static const uint8_t hx[4] = { 0x40, 0x05, 0x00, 0x80 };
	static const uint8_t ta[4] = { 0x02, 0x25, 0x00, 0x80 };
	static const uint8_t odd[4] = { 0x02, 0x25, 0x01, 0x80 };
	static const uint8_t direct[4] = { 0x80, 0x24, 0x01, 0x00 };
	static const uint8_t none[4] = { 0x00, 0x02, 0x00, 0x80 };
	struct vusb *v = h_host_plug("pl2303hx");

	T_EQ(pl2303_line(v, hx), 75000);
	T_EQ(pl2303_line(v, direct), 74880);
	T_EQ(pl2303_line(v, none), H_STALL);
	T_EQ(status(v, 0).vs_baud, 74880);
	h_host_unplug();
	v = h_host_plug("pl2303ta");
	T_EQ(pl2303_line(v, ta), 74882);
	T_EQ(pl2303_line(v, odd), 37441);
	h_host_unplug();
	v = h_host_plug("pl2303hxn");
	T_EQ(pl2303_line(v, hx), H_STALL);
	T_EQ(pl2303_line(v, direct), 74880);
	h_host_unplug();
}

static void
pl2303_kinds(void)
{
	uint8_t buf[10];
	struct vusb *v;

	v = h_host_plug("pl2303tb");
	T_EQ(request(0xc0, 0x01, 0x8080, 0, buf, 1), 1);
	vusb_set_lines(v, 0, VUSB_CTS | VUSB_RI);
	T_EQ(request(0xc0, 0x01, 0x0087, 0, buf, 1), 1);
	T_EQ(buf[0], 0xf6);
	T_EQ(request(0xc0, 0x81, 0x000a, 0, buf, 1), H_STALL);
	h_host_unplug();
	v = h_host_plug("pl2303hxn");
	T_EQ(request(0xc0, 0x01, 0x8080, 0, buf, 1), H_STALL);
	vusb_set_lines(v, 0, VUSB_DSR | VUSB_DCD);
	T_EQ(request(0xc0, 0x81, 0x0080, 0, buf, 1), 1);
	T_EQ(buf[0], 0x9f);
	T_EQ(request(0xc0, 0x81, 0x000a, 0, buf, 1), 1);
	h_host_unplug();
	v = h_host_plug("pl2303hx-clone");
	T_EQ(request(0xa1, 0x21, 0, 0, buf, 7), H_STALL);
	T_EQ(request(0x21, 0x23, 0xffff, 0, NULL, 0), H_STALL);
	T_EQ(status(v, 0).vs_break, 0);
	vusb_set_lines(v, 0, VUSB_CTS | VUSB_RI);
	vusb_far_char(v, 0, 'x', VUSB_FRAMING | VUSB_OVERRUN);
	T_EQ(h_host_intr(0x81, buf, 10), 10);
	T_EQ(buf[8], 0xd8);
	h_host_unplug();
}

/* ---- FTDI ---------------------------------------------------------- */

/* An empty packet each latency period: no more, and no fewer. */
static void
ftdi_idle(void)
{
	uint8_t buf[64];
	uint64_t begin;

	(void)h_host_plug("ft232r");
	T_EQ(request(0x40, 0x09, 20, 0, NULL, 0), 0);
	/* From before the first: a machine may be late to see it. */
	begin = t_now_ms();
	for (unsigned i = 0; i <= 5; i++)
		T_EQ(h_host_in(0x81, buf, 64), 2);
	T_CHECK(t_now_ms() - begin >= 5 * 20 - 1);
	h_host_unplug();
	(void)h_host_plug("ftdi");
	T_EQ(h_host_transfer(HYP_USB_BULK, 0x81, buf, 64, H_SHORT),
	    H_LATE);
	h_host_unplug();
}

/* Each packet of a transfer has its two bytes; a character with an error has a
   packet to itself. */
static void
ftdi_packets(void)
{
	struct vusb *v = h_host_plug("ft232h");
	uint8_t buf[2048], data[1030];

	memset(data, 'x', sizeof(data));
	T_EQ(vusb_far_write(v, 0, data, sizeof(data), 0), sizeof(data));
	T_EQ(h_host_in(0x81, buf, sizeof(buf)), 1030 + 3 * 2);
	for (unsigned i = 0; i < 3; i++) {
		T_EQ(buf[512 * i] & 0x0f, 0x01);
		T_EQ(buf[512 * i + 1], 0x60);
		T_EQ(buf[512 * i + 2], 'x');
	}
	T_EQ(vusb_far_write(v, 0, "ab", 2, 0), 2);
	vusb_far_char(v, 0, 'p', VUSB_PARITY);
	T_EQ(vusb_far_write(v, 0, "c", 1, 0), 1);
	T_EQ(h_host_in(0x81, buf, sizeof(buf)), 4);
	T_EQ(buf[1], 0x60);
	T_EQ(h_host_in(0x81, buf, sizeof(buf)), 3);
	T_EQ(buf[1], 0x64);
	T_EQ(buf[2], 'p');
	T_EQ(h_host_in(0x81, buf, sizeof(buf)), 3);
	T_EQ(buf[1], 0x60);
	h_host_unplug();
}

static void
ftdi_ports(void)
{
	struct vusb *v = h_host_plug("ft4232h");
	uint8_t buf[512];

	for (unsigned i = 0; i < 4; i++) {
		T_EQ(request(0x40, 0x01, 0x0101, i + 1, NULL, 0), 0);
		for (unsigned j = 0; j < 4; j++)
			T_EQ(status(v, j).vs_dtr, j <= i);
		buf[0] = (uint8_t)('a' + i);
		T_EQ(h_host_transfer(HYP_USB_BULK, (uint8_t)(2 + 2 * i), buf,
		    1, H_LONG), 1);
		T_EQ(vusb_far_read(v, i, buf, 64, 0), 1);
		T_EQ(buf[0], 'a' + i);
	}
	T_EQ(request(0x40, 0x01, 0x0101, 5, NULL, 0), H_STALL);
	h_host_unplug();
}

/* ---- all of them --------------------------------------------------- */

/* An interface for each port, and totals that are right. */
static void
descriptors(void)
{
	uint8_t d[1024];
	struct vusb *v;
	unsigned ifaces;
	size_t len, i;

	for (unsigned n = 0; vusb_chip_name(n) != NULL; n++) {
		v = h_host_plug(vusb_chip_name(n));
		len = h_host_descriptors(d, sizeof(d));
		T_CHECK(len > 18 + 9);
		T_EQ(d[20] | d[21] << 8, len - 18);
		for (i = 18, ifaces = 0; i < len; i += d[i]) {
			T_CHECK(d[i] >= 2);
			ifaces += d[i + 1] == 4;
		}
		T_EQ(i, len);
		T_EQ(ifaces, d[22]);
		T_EQ(ifaces, vusb_nports(v) +
		    (strcmp(vusb_chip_name(n), "acm") == 0));
		h_host_unplug();
	}
}

static void
bad_descriptors(void)
{
	static const struct {
		unsigned	quirk;
		unsigned	ndesc;
	} bad[] = {
		{ VUSB_Q_NOIN, 2 }, { VUSB_Q_NOOUT, 2 }, { VUSB_Q_NOINTR, 2 },
		{ VUSB_Q_NOIN | VUSB_Q_NOOUT | VUSB_Q_NOINTR, 0 },
		{ VUSB_Q_TYPE, 3 }, { VUSB_Q_PACKET, 3 }, { VUSB_Q_SAMEEP, 3 }
	};
	struct vusb *v = h_host_plug("pl2303hx");
	uint8_t d[256];
	size_t len;

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		vusb_set_quirks(v, bad[i].quirk);
		len = h_host_descriptors(d, sizeof(d));
		T_EQ(d[18 + 9 + 4], bad[i].ndesc);
		T_EQ(len, 18 + 9 + 9 + 7 * bad[i].ndesc);
		for (unsigned e = 0; e < bad[i].ndesc; e++) {
			const uint8_t *ed = d + 36 + 7 * e;

			if (bad[i].quirk == VUSB_Q_TYPE)
				T_CHECK(ed[3] != 2);
			if (bad[i].quirk == VUSB_Q_PACKET)
				T_EQ(ed[4], 0);
			if (bad[i].quirk == VUSB_Q_SAMEEP)
				T_EQ(ed[2], 0x81);
		}
	}
	h_host_unplug();
}

static void
seen(void *arg, const uint8_t *setup, const uint8_t *data, int n)
{

	(void)data;
	if (setup[1] == 0xa4)
		*(int *)arg = n;
}

/* Requests that are refused, late, never answered; and who is told. */
static void
faults(void)
{
	struct vusb *v = h_host_plug("ch341");
	uint64_t begin;
	int told = 1;

	vusb_on_request(v, seen, &told);
	vusb_refuse(v, 0xa4, true);
	T_EQ(request(0x40, 0xa4, 0xff9f, 0, NULL, 0), H_STALL);
	T_EQ(told, H_STALL);
	T_EQ(status(v, 0).vs_dtr, 0);
	vusb_refuse(v, 0xa4, false);
	vusb_fault(v, VUSB_CONTROL, VUSB_FAULT_LATE, 1, 40);
	begin = t_now_ms();
	T_EQ(request(0x40, 0xa4, 0xff9f, 0, NULL, 0), 0);
	T_CHECK(t_now_ms() - begin >= 39);
	T_EQ(told, 0);
	T_EQ(status(v, 0).vs_dtr, 1);
	vusb_fault(v, VUSB_CONTROL, VUSB_FAULT_NEVER, 1, 0);
	T_EQ(request(0x40, 0xa4, 0xffff, 0, NULL, 0), H_LATE);
	T_EQ(status(v, 0).vs_dtr, 1);
	vusb_on_request(v, NULL, NULL);
	h_host_unplug();
}

const struct t_case t_cases[] = {
	{ "what Linux's ch341 sends sets a CH341 to what it was asked for",
	    linux_ch341 },
	{ "what Linux's cp210x sends sets a CP2102 to what it was asked for",
	    linux_cp2102 },
	{ "what Linux's pl2303 sends sets an HX to what it was asked for",
	    linux_pl2303hx },
	{ "what Linux's pl2303 sends sets an HXN to what it was asked for",
	    linux_pl2303hxn },
	{ "CH34x: rates from prescaler and divisor", ch34x_rates },
	{ "CH34x: formats, and none in an old version", ch34x_formats },
	{ "CH34x: without bit 7, input waits for 32 bytes", ch34x_holdback },
	{ "CH34x: status packets, of every length", ch34x_status },
	{ "CH34x: the kind without a break", ch34x_nobreak },
	{ "CP210x: AN205's rates, and a divisor's", cp210x_rates },
	{ "CP210x: part numbers, and a clone's", cp210x_parts },
	{ "CP210x: events in the data, wherever a packet cuts them",
	    cp210x_events },
	{ "CP210x: four ports, each for itself", cp210x_ports },
	{ "CP210x: odd answers", cp210x_odd },
	{ "PL2303: rates from each kind's divisor", pl2303_rates },
	{ "PL2303: what tells the kinds apart, and what clones refuse",
	    pl2303_kinds },
	{ "FTDI: an empty packet each latency period", ftdi_idle },
	{ "FTDI: two status bytes a packet, errors in their place",
	    ftdi_packets },
	{ "FTDI: four ports, each for itself", ftdi_ports },
	{ "descriptors: an interface for each port", descriptors },
	{ "descriptors that lie, on demand", bad_descriptors },
	{ "requests refused, late and never answered", faults },
	{ NULL, NULL }
};
