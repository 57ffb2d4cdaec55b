/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_chip_subr.c - what is pure in uchcom(4), uslsa(4) and uplcom(4): rates
 * against the values that the makers publish (WCH's table of divisors, AN205,
 * Prolific's list of rates), and, for all other rates, against the rate that
 * the code says, worked out here from the chip's side; formats; status bytes;
 * escapes cut anywhere.
 */
#include <sys/param.h>
#include <sys/errno.h>
#include <sys/systm.h>
#include <sys/termios.h>

#include <dev/usb/ucomvar.h>

#include "drivers/uchcomreg.h"
#include "drivers/uplcomreg.h"
#include "drivers/uslsareg.h"
#include "h_test.h"

/* Within 3 per cent. */
static bool
near(uint32_t actual, uint32_t baud)
{
	const uint32_t diff = actual > baud ? actual - baud : baud - actual;

	return (uint64_t)diff * 100 <= (uint64_t)baud * 3;
}

/* ---- CH340, CH341 --------------------------------------------------- */

static void
ch34x_table(void)
{
	/* divisor register, prescaler: WCH's */
	static const struct { uint32_t baud, code, actual; } rows[] = {
		{ 50, 0x1600, 50 },
		{ 75, 0x6400, 75 },
		{ 150, 0xb200, 150 },
		{ 300, 0xd900, 300 },
		{ 600, 0x6401, 601 },
		{ 1200, 0xb201, 1202 },
		{ 1800, 0xcc01, 1803 },
		{ 2400, 0xd901, 2404 },
		{ 4800, 0x6402, 4808 },
		{ 9600, 0xb202, 9615 },
		{ 19200, 0xd902, 19231 },
		{ 38400, 0x6403, 38462 },
		{ 57600, 0x9803, 57692 },
		{ 115200, 0xcc03, 115385 },
		{ 230400, 0xe603, 230769 },
		{ 460800, 0xf303, 461538 },
		{ 500000, 0xf403, 500000 },
		{ 921600, 0xf307, 923077 },
		{ 1000000, 0xfa03, 1000000 },
		{ 2000000, 0xfd03, 2000000 },
		{ 3000000, 0xfe03, 3000000 },
	};
	uint32_t code, actual;
	u_int i;

	for (i = 0; i < __arraycount(rows); i++) {
		t_note("%u", rows[i].baud);
		T_EQ(uchcom_divisor(false, rows[i].baud, &code, &actual), 0);
		T_EQ(code, rows[i].code);
		T_EQ(actual, rows[i].actual);
	}
}

/* From the chip's side. */
static uint32_t
ch34x_made(uint32_t code)
{
	const uint64_t d = (uint64_t)(256 - (code >> 8)) <<
	    (12 - 3 * (code & 3) - (code >> 2 & 1));

	return (uint32_t)((48000000 + d / 2) / d);
}

static void
ch34x_every_rate(void)
{
	uint32_t baud, code, actual;

	for (int limited = 0; limited < 2; limited++) {
		for (baud = 1; baud < 4000000; baud += baud / 997 + 1) {
			if (uchcom_divisor(limited, baud, &code, &actual)) {
				/* No gaps where the steps are fine. */
				T_CHECK(baud < 46 || baud > 150000);
				continue;
			}
			T_CHECK(near(actual, baud));
			T_EQ(actual, ch34x_made(code));
			/* What does not work is not asked for. */
			T_CHECK(code >> 8 <= (code & 4 ? 247 : 254));
			if (limited && (code & 3) != 3)
				T_EQ(code & 4, 0);
		}
	}
	T_EQ(uchcom_divisor(false, 0, &code, &actual), EINVAL);
	T_EQ(uchcom_divisor(false, 40, &code, &actual), EINVAL);
	T_EQ(uchcom_divisor(false, 2500000, &code, &actual), EINVAL);
	T_EQ(uchcom_divisor(false, 4000000, &code, &actual), EINVAL);
	T_EQ(uchcom_divisor(false, 0x7fffffff, &code, &actual), EINVAL);
	/* 110 Bd is nearer with the doubled clock. */
	T_EQ(uchcom_divisor(false, 110, &code, &actual), 0);
	T_EQ(code & 4, 4);
	T_EQ(uchcom_divisor(true, 110, &code, &actual), 0);
	T_EQ(code & 4, 0);
}

static void
ch34x_formats(void)
{
	static const struct { u_int cflag; uint32_t lcr; } rows[] = {
		{ CS8, 0xc3 },
		{ CS7, 0xc2 },
		{ CS6, 0xc1 },
		{ CS5, 0xc0 },
		{ CS8 | CSTOPB, 0xc7 },
		{ CS7 | PARENB | CSTOPB, 0xde },
		{ CS8 | PARENB, 0xdb },
		{ CS8 | PARENB | PARODD, 0xcb },
		{ CS8 | PARENB | PARODD | CMSPAR, 0xeb },
		{ CS8 | PARENB | CMSPAR, 0xfb },
		{ CS8 | PARODD, 0xc3 },
	};
	uint32_t lcr;
	u_int i;

	for (i = 0; i < __arraycount(rows); i++) {
		T_EQ(uchcom_format(0x30, rows[i].cflag, &lcr), 0);
		T_EQ(lcr, rows[i].lcr);
		T_EQ(uchcom_format(0x2f, rows[i].cflag, &lcr),
		    rows[i].lcr == 0xc3 ? 0 : EINVAL);
	}
	T_EQ(uchcom_msr(0xff), 0);
	T_EQ(uchcom_msr(0xfe), UMSR_CTS);
	T_EQ(uchcom_msr(0xfd), UMSR_DSR);
	T_EQ(uchcom_msr(0xfb), UMSR_RI);
	T_EQ(uchcom_msr(0xf7), UMSR_DCD);
	T_EQ(uchcom_lsr(0x08), 0);
	T_EQ(uchcom_lsr(0x02), ULSR_OE);
	T_EQ(uchcom_lsr(0x04), ULSR_PE);
	T_EQ(uchcom_lsr(0x44), ULSR_FE);
	T_EQ(uchcom_lsr(0x46), ULSR_FE | ULSR_OE);
	T_EQ(uchcom_lsr(0x40), 0);
}

/* ---- CP210x --------------------------------------------------------- */

static void
cp210x_rates(void)
{
	static const struct {
		u_int part, iface;
		uint32_t baud, ask, actual;	/* 0: EINVAL */
	} rows[] = {
		/* AN205's table, and beyond 3 per cent */
		{ USLSA_CP2102, 0, 300, 300, 300 },
		{ USLSA_CP2102, 0, 9600, 9600, 9600 },
		{ USLSA_CP2102, 0, 9613, 14400, 0 },
		{ USLSA_CP2102, 0, 115200, 115200, 115200 },
		{ USLSA_CP2102, 0, 117000, 115200, 115200 },
		{ USLSA_CP2102, 0, 250000, 250000, 250000 },
		{ USLSA_CP2102, 0, 921600, 921600, 921600 },
		{ USLSA_CP2102, 0, 1000000, 0, 0 },
		{ USLSA_CP2102, 0, 299, 0, 0 },
		{ USLSA_CP2101, 0, 300000, 0, 0 },
		/* divided */
		{ USLSA_CP2104, 0, 300, 300, 300 },
		{ USLSA_CP2104, 0, 9600, 9600, 9600 },
		{ USLSA_CP2104, 0, 115200, 115200, 115385 },
		{ USLSA_CP2104, 0, 2000000, 2000000, 2000000 },
		{ USLSA_CP2104, 0, 2100000, 0, 0 },
		{ USLSA_CP2108, 3, 250000, 250000, 250000 },
		{ USLSA_CP2102N_28, 0, 3000000, 3000000, 3000000 },
		{ USLSA_CP2102N_20, 0, 1234567, 1234567, 1263158 },
		{ USLSA_CP2102N_20, 0, 4000000, 0, 0 },
		/* enhanced and standard port */
		{ USLSA_CP2105, 0, 300, 300, 300 },
		{ USLSA_CP2105, 0, 2000000, 2000000, 2000000 },
		{ USLSA_CP2105, 1, 1200, 0, 0 },
		{ USLSA_CP2105, 1, 2400, 2400, 2400 },
		{ USLSA_CP2105, 1, 921600, 921600, 921600 },
		{ USLSA_CP2105, 1, 1000000, 0, 0 },
	};
	const struct uslsa_port *up;
	uint32_t ask, actual;
	u_int i;

	for (i = 0; i < __arraycount(rows); i++) {
		t_note("%#x %u", rows[i].part, rows[i].baud);
		up = uslsa_port(rows[i].part, rows[i].iface);
		T_CHECK(up != NULL);
		T_EQ(uslsa_rate(up, rows[i].baud, &ask, &actual),
		    rows[i].actual == 0 ? EINVAL : 0);
		if (rows[i].actual == 0)
			continue;
		T_EQ(ask, rows[i].ask);
		T_EQ(actual, rows[i].actual);
	}
	T_CHECK(uslsa_port(0x00, 0) == NULL);
	T_CHECK(uslsa_port(0x06, 0) == NULL);
	T_CHECK(uslsa_port(0xff, 0) == NULL);
}

static void
cp210x_formats(void)
{
	static const struct { u_int cflag; uint32_t value; bool plain; }
	rows[] = {
		{ CS8, 0x0800, true },
		{ CS7, 0x0700, false },
		{ CS6, 0x0600, false },
		{ CS5, 0x0500, false },
		{ CS5 | CSTOPB, 0x0501, false },
		{ CS7 | PARENB | CSTOPB, 0x0722, false },
		{ CS8 | PARENB | PARODD, 0x0810, true },
		{ CS8 | PARENB, 0x0820, true },
		{ CS8 | PARENB | PARODD | CMSPAR, 0x0830, false },
		{ CS8 | PARENB | CMSPAR, 0x0840, false },
		{ CS8 | CMSPAR, 0x0800, true },
	};
	uint32_t value;
	u_int i;

	for (i = 0; i < __arraycount(rows); i++) {
		T_EQ(uslsa_format(uslsa_port(USLSA_CP2102, 0), rows[i].cflag,
		    &value), 0);
		T_EQ(value, rows[i].value);
		T_EQ(uslsa_format(uslsa_port(USLSA_CP2101, 0), rows[i].cflag,
		    &value), rows[i].plain ? 0 : EINVAL);
		T_EQ(uslsa_format(uslsa_port(USLSA_CP2105, 1), rows[i].cflag,
		    &value), rows[i].plain ? 0 : EINVAL);
	}
}

static const u_char events[] = {
	'a', 0xec, 0, 'b', 0xec, 1, 0x04, 'c', 0xec, 3, 0xb1, 'd',
	0xec, 2, 0x10, 0xec, 2, 0x02, 'e', 0xec, 1, 0x18, 'f', 'g',
	0xec, 0xec, 'h', 0xec, 0x77, 0xec, 0, 0xec, 1, 0xff, 0xec, 'i',
};
static const u_char plain[] = {
	'a', 0xec, 'b', 'c', 'd', 0, 'e', 0, 'g', 'h', 0xec, 0, 'i'
};
static const u_char errors[] = {
	0, 0, 0, ULSR_PE, 0, ULSR_BI, ULSR_OE, ULSR_BI | ULSR_FE, 0, 0, 0,
	ULSR_OE | ULSR_PE | ULSR_FE | ULSR_BI, 0
};

static void
cp210x_escapes(void)
{
	struct uslsa_escapes ue;
	u_char buf[sizeof(events)], lsr[sizeof(events) + 1];
	u_char got[2 * sizeof(events)], bad[2 * sizeof(events)];
	uint32_t cut, n, m;

	for (cut = 0; cut <= sizeof(events); cut++) {
		memset(&ue, 0, sizeof(ue));
		memset(lsr, 0, sizeof(lsr));
		memcpy(buf, events, cut);
		n = uslsa_unescape(&ue, buf, cut, lsr);
		memcpy(got, buf, n);
		memcpy(bad, lsr, n);
		memset(lsr, 0, sizeof(lsr));
		memcpy(buf, events + cut, sizeof(events) - cut);
		m = uslsa_unescape(&ue, buf, sizeof(events) - cut, lsr);
		memcpy(got + n, buf, m);
		memcpy(bad + n, lsr, m);
		T_EQ(n + m, sizeof(plain));
		T_EQ(memcmp(got, plain, sizeof(plain)), 0);
		T_EQ(memcmp(bad, errors, sizeof(plain)), 0);
		T_CHECK(ue.ue_lines && ue.ue_errors);
		T_EQ(ue.ue_msr, 0xb0);
		T_EQ(ue.ue_state, 0);
	}
}

/* Whatever comes, it does not become more, and the places stay in bounds. */
static void
cp210x_noise(void)
{
	static const u_char some[] = { 0xec, 0, 1, 2, 3, 0x10, 0xff, 'x' };
	struct uslsa_escapes ue;
	u_char buf[64], lsr[65];
	uint32_t seed = 1, i, k, n, len;

	memset(&ue, 0, sizeof(ue));
	for (i = 0; i < 20000; i++) {
		len = (seed >> 8) % (sizeof(buf) + 1);
		for (k = 0; k < len; k++) {
			seed = seed * 1103515245 + 12345;
			buf[k] = some[seed >> 16 & 7];
		}
		memset(lsr, 0, sizeof(lsr));
		n = uslsa_unescape(&ue, buf, len, lsr);
		T_CHECK(n <= len);
		for (k = n; k < sizeof(lsr); k++)
			T_EQ(lsr[k], 0);
		T_CHECK(ue.ue_state <= 3);
	}
}

/* The name before anybody has asked the chip, for devswd --list. */
static void
cp210x_names(void)
{
	static const struct {
		u_int id;
		const char *product, *name;
	} rows[] = {
		{ 0xea60, "CP2102N USB to UART Bridge Controller", "CP2102N" },
		{ 0xea60, "CP2102 USB to UART Bridge Controller", "CP2102" },
		{ 0xea60, "CP2104", "CP2104" },
		{ 0xea60, "CP21020", "CP210x" },	/* no such one */
		{ 0xea60, "My CP2102", "CP210x" },
		{ 0xea60, "", "CP210x" },
		{ 0xea61, "cp2102", "CP210x" },
		{ 0xea70, "Dual Port Cable", "CP2105" },
		{ 0xea70, "CP2105 Dual USB to UART Bridge Controller",
		    "CP2105" },
		{ 0xea71, "", "CP2108" },
		{ 0xea80, "", "CP2103" },
	};
	u_int i;

	for (i = 0; i < __arraycount(rows); i++) {
		t_note("%#x %s", rows[i].id, rows[i].product);
		T_EQ(strcmp(uslsa_chip(rows[i].id, rows[i].product),
		    rows[i].name), 0);
	}
}

/* ---- PL2303 --------------------------------------------------------- */

static void
pl2303_names(void)
{

	T_EQ(strcmp(uplcom_chip(0x2303, 0x110, 0x202, true), "PL2303H"), 0);
	T_EQ(strcmp(uplcom_chip(0x2303, 0x110, 0x300, false), "PL2303HX"), 0);
	T_EQ(strcmp(uplcom_chip(0x2303, 0x110, 0x400, false), "PL2303HXD"),
	    0);
	T_EQ(strcmp(uplcom_chip(0x2303, 0x200, 0x300, false), "PL2303TA"), 0);
	T_EQ(strcmp(uplcom_chip(0x2304, 0x200, 0x500, false), "PL2303TB"), 0);
	T_EQ(strcmp(uplcom_chip(0x23a3, 0x200, 0x105, false), "PL2303GC"), 0);
	T_EQ(strcmp(uplcom_chip(0x23c3, 0x200, 0x305, false), "PL2303GT"), 0);
	T_CHECK(uplcom_chip(0x2303, 0x110, 0x123, false) == NULL);
}

static void
pl2303_types(void)
{
	static const struct {
		u_int usb, release;
		bool small, hx, known;
		enum uplcom_type type;
	} rows[] = {
		{ 0x110, 0x202, true, false, true, UPLCOM_H },
		{ 0x110, 0x300, false, false, true, UPLCOM_HX },
		{ 0x110, 0x400, false, false, true, UPLCOM_HXD },
		{ 0x110, 0x123, false, false, false, UPLCOM_HX },
		{ 0x110, 0x999, false, false, false, UPLCOM_HXD },
		{ 0x200, 0x300, false, true, true, UPLCOM_TA },
		{ 0x200, 0x300, false, false, true, UPLCOM_HXN },
		{ 0x200, 0x500, false, true, true, UPLCOM_TB },
		{ 0x200, 0x500, false, false, true, UPLCOM_HXN },
		{ 0x200, 0x100, false, false, true, UPLCOM_HXN },
		{ 0x200, 0x605, false, false, true, UPLCOM_HXN },
		{ 0x200, 0x1234, false, false, false, UPLCOM_HXN },
		{ 0x200, 0x1234, false, true, false, UPLCOM_TB },
	};
	enum uplcom_type type;
	u_int i;

	for (i = 0; i < __arraycount(rows); i++) {
		t_note("%#x %#x", rows[i].usb, rows[i].release);
		T_EQ(uplcom_type(rows[i].usb, rows[i].release, rows[i].small,
		    rows[i].hx, &type), rows[i].known);
		T_EQ(type, rows[i].type);
	}
}

static void
pl2303_rates(void)
{
	static const struct {
		enum uplcom_type type;
		uint32_t baud, code, actual;	/* 0: EINVAL */
	} rows[] = {
		{ UPLCOM_H, 9600, 9600, 9600 },
		{ UPLCOM_H, 9500, 9600, 9600 },
		{ UPLCOM_H, 74880, 0, 0 },
		{ UPLCOM_H, 1228800, 1228800, 1228800 },
		{ UPLCOM_H, 3000000, 0, 0 },
		{ UPLCOM_HX, 115200, 115200, 115200 },
		{ UPLCOM_HX, 3000000, 3000000, 3000000 },
		{ UPLCOM_HX, 6000000, 6000000, 6000000 },
		{ UPLCOM_HX, 74880, 0x80000541, 74766 },
		{ UPLCOM_HX, 250000, 0x80000380, 250000 },
		{ UPLCOM_HX, 7000000, 0, 0 },
		{ UPLCOM_HX, 50, 0x80000fd5, 50 },
		{ UPLCOM_HX, 40, 0, 0 },
		{ UPLCOM_TA, 115200, 115200, 115200 },
		{ UPLCOM_TA, 74880, 0x80002502, 74883 },
		{ UPLCOM_TA, 250000, 0x80000600, 250000 },
		{ UPLCOM_TA, 12000000, 0, 0 },
		{ UPLCOM_TB, 12000000, 0x80000020, 12000000 },
		{ UPLCOM_TB, 50, 0x8000c753, 50 },
		{ UPLCOM_HXN, 74880, 74880, 74880 },
		{ UPLCOM_HXN, 12000000, 12000000, 12000000 },
		{ UPLCOM_HXN, 12000001, 0, 0 },
		{ UPLCOM_HXN, 0, 0, 0 },
	};
	uint32_t code, actual;
	u_int i;

	for (i = 0; i < __arraycount(rows); i++) {
		t_note("%d %u", (int)rows[i].type, rows[i].baud);
		T_EQ(uplcom_rate(rows[i].type, rows[i].baud, &code, &actual),
		    rows[i].actual == 0 ? EINVAL : 0);
		if (rows[i].actual == 0)
			continue;
		T_EQ(code, rows[i].code);
		T_EQ(actual, rows[i].actual);
	}
}

/* From the chip's side: dwDTERate's bytes. */
static uint32_t
pl2303_made(bool newer, uint32_t code)
{
	const u_int b0 = code & 0xff, b1 = code >> 8 & 0xff,
	    b2 = code >> 16 & 0xff;
	u_int mantissa, twos;

	if ((code & UPLCOM_DIVISOR) == 0)
		return code;
	if (newer) {
		mantissa = b0 | (b1 & 7) << 8;
		twos = (b2 & 1) | (b1 >> 5 & 7) << 1;
	} else {
		mantissa = b0 | (b1 & 1) << 8;
		twos = (b1 >> 1 & 7) * 2;
	}
	const uint64_t d = (uint64_t)mantissa << twos;

	return (uint32_t)((384000000 + d / 2) / d);
}

static void
pl2303_every_rate(void)
{
	uint32_t baud, code, actual;
	int type;

	for (type = UPLCOM_H; type <= UPLCOM_HXN; type++) {
		for (baud = 1; baud < 13000000; baud += baud / 997 + 1) {
			if (uplcom_rate((enum uplcom_type)type, baud, &code,
			    &actual)) {
				T_CHECK(type == UPLCOM_H || baud < 46 ||
				    baud > 6000000);
				continue;
			}
			T_CHECK(near(actual, baud));
			T_EQ(actual, pl2303_made(type == UPLCOM_TA ||
			    type == UPLCOM_TB, code));
		}
	}
}

static void
pl2303_status(void)
{

	T_EQ(uplcom_msr(0x01), UMSR_DCD);
	T_EQ(uplcom_msr(0x02), UMSR_DSR);
	T_EQ(uplcom_msr(0x08), UMSR_RI);
	T_EQ(uplcom_msr(0x80), UMSR_CTS);
	T_EQ(uplcom_msr(0x74), 0);
	T_EQ(uplcom_lsr(0x04), ULSR_BI);
	T_EQ(uplcom_lsr(0x10), ULSR_FE);
	T_EQ(uplcom_lsr(0x20), ULSR_PE);
	T_EQ(uplcom_lsr(0x40), ULSR_OE);
	T_EQ(uplcom_lsr(0x8b), 0);
	T_EQ(uplcom_pins(UPLCOM_HX, 0xff), 0);
	T_EQ(uplcom_pins(UPLCOM_HX, 0xfe), UMSR_RI);
	T_EQ(uplcom_pins(UPLCOM_TB, 0xfd), UMSR_DCD);
	T_EQ(uplcom_pins(UPLCOM_TA, 0xfb), UMSR_DSR);
	T_EQ(uplcom_pins(UPLCOM_HXD, 0xf7), UMSR_CTS);
	T_EQ(uplcom_pins(UPLCOM_HXN, 0x17), UMSR_CTS | UMSR_DSR | UMSR_DCD |
	    UMSR_RI);
	T_EQ(uplcom_pins(UPLCOM_HXN, 0x7f), UMSR_RI);
	T_EQ(uplcom_pins(UPLCOM_HXN, 0xbf), UMSR_DCD);
	T_EQ(uplcom_pins(UPLCOM_HXN, 0xdf), UMSR_DSR);
	T_EQ(uplcom_pins(UPLCOM_HXN, 0xf7), UMSR_CTS);
}

const struct t_case t_cases[] = {
	{ "CH34x: WCH's table of divisors", ch34x_table },
	{ "CH34x: every rate is the one that the chip makes",
	    ch34x_every_rate },
	{ "CH34x: formats and modem lines", ch34x_formats },
	{ "CP210x: AN205's table, divided rates, limits", cp210x_rates },
	{ "CP210x: formats", cp210x_formats },
	{ "CP210x: escapes, cut anywhere", cp210x_escapes },
	{ "CP210x: escapes that are none", cp210x_noise },
	{ "CP210x: its name, unasked", cp210x_names },
	{ "PL2303: which one it is", pl2303_types },
	{ "PL2303: its name, unasked", pl2303_names },
	{ "PL2303: rates by type", pl2303_rates },
	{ "PL2303: every rate is the one that the chip makes",
	    pl2303_every_rate },
	{ "PL2303: status bytes", pl2303_status },
	{ NULL, NULL }
};
