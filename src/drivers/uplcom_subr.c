/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uplcom_subr.c - PL2303: which one it is, rates, status bytes.
 *
 * Pure functions over numbers; no state.
 *
 * A rate of the table is asked for as it is.  Others are a divisor of 384 MHz,
 * which is a mantissa and an exponent:
 *
 *	HX, HXD		mantissa (9 bits) * 4 ^ exponent (3 bits)
 *	TA, TB		mantissa (11 bits) * 2 ^ exponent (4 bits)
 *
 * The H knows only the table, and HXN takes every rate as it is.
 */
#include <sys/param.h>
#include <sys/errno.h>
#include <sys/systm.h>

#include <dev/usb/ucomvar.h>

#include "drivers/uchip.h"
#include "drivers/uplcomreg.h"

#define	UPLCOM_BASE	384000000U	/* 12 MHz * 32 */

static const uint32_t uplcom_table[] = {
	75, 150, 300, 600, 1200, 1800, 2400, 3600, 4800, 7200, 9600, 14400,
	19200, 28800, 38400, 57600, 115200, 230400, 460800, 614400, 921600,
	1228800, 2457600, 3000000, 6000000
};

static const struct {
	const char	*name;
	uint32_t	 max;
	u_int		 bits;		/* of the mantissa; 0: no divisor */
	u_int		 step;		/* log2 of the exponent's base */
	u_int		 maxexp;
} uplcom_types[] = {
	[UPLCOM_H] =	{ "PL2303H", 1228800, 0, 0, 0 },
	[UPLCOM_HX] =	{ "PL2303HX", 6000000, 9, 2, 7 },
	[UPLCOM_HXD] =	{ "PL2303HXD", 12000000, 9, 2, 7 },
	[UPLCOM_TA] =	{ "PL2303TA", 6000000, 11, 1, 15 },
	[UPLCOM_TB] =	{ "PL2303TB", 12000000, 11, 1, 15 },
	[UPLCOM_HXN] =	{ "PL2303G", 12000000, 0, 0, 0 },
};

const char *
uplcom_name(enum uplcom_type type)
{

	return uplcom_types[type].name;
}

const char *
uplcom_chip(u_int id, u_int usb, u_int release, bool small)
{
	enum uplcom_type type;

	switch (id) {
	case 0x23a3:
		return "PL2303GC";
	case 0x23b3:
		return "PL2303GB";
	case 0x23c3:
		return "PL2303GT";
	case 0x23d3:
		return "PL2303GL";
	case 0x23e3:
		return "PL2303GE";
	case 0x23f3:
		return "PL2303GS";
	default:
		return uplcom_type(usb, release, small, true, &type) ?
		    uplcom_name(type) : NULL;
	}
}

bool
uplcom_type(u_int usb, u_int release, bool small, bool hx,
    enum uplcom_type *type)
{

	if (small) {
		*type = UPLCOM_H;
		return true;
	}
	if (usb < 0x200) {
		*type = release >= 0x400 ? UPLCOM_HXD : UPLCOM_HX;
		return release == 0x300 || release == 0x400;
	}
	*type = !hx ? UPLCOM_HXN : release == 0x300 ? UPLCOM_TA : UPLCOM_TB;
	switch (release) {
	case 0x300:		/* TA, GT */
	case 0x500:		/* TB, GE */
		return true;
	case 0x100:		/* GC */
	case 0x105:
	case 0x305:
	case 0x400:		/* GL */
	case 0x405:
	case 0x505:
	case 0x600:		/* GS */
	case 0x605:
	case 0x700:		/* GR */
	case 0x705:
	case 0x905:		/* GT-2AB */
	case 0x1005:		/* GC-Q20 */
		return !hx;
	default:
		return false;
	}
}

/* The rate of the table next to baud. */
static uint32_t
uplcom_nearest(uint32_t baud)
{
	u_int i;

	for (i = 0; i < __arraycount(uplcom_table) - 1; i++) {
		if (baud <= uplcom_table[i] +
		    (uplcom_table[i + 1] - uplcom_table[i]) / 2)
			break;
	}
	return uplcom_table[i];
}

/* The divisor next to baud. */
static uint32_t
uplcom_divisor(enum uplcom_type type, uint32_t baud, uint32_t *actual)
{
	const u_int bits = uplcom_types[type].bits;
	const u_int step = uplcom_types[type].step;
	uint32_t mantissa;
	uint64_t div;
	u_int exp;

	for (exp = 0;; exp++) {
		div = (uint64_t)baud << exp * step;
		mantissa = (uint32_t)((UPLCOM_BASE + div / 2) / div);
		if (mantissa >> bits == 0)
			break;
		if (exp == uplcom_types[type].maxexp) {
			mantissa = (1U << bits) - 1;
			break;
		}
	}
	mantissa = MAX(mantissa, 1U);
	div = (uint64_t)mantissa << exp * step;
	*actual = (uint32_t)((UPLCOM_BASE + div / 2) / div);
	if (step == 2)
		return UPLCOM_DIVISOR | exp << 9 | mantissa;
	return UPLCOM_DIVISOR | (exp & 1) << 16 | (exp >> 1) << 13 | mantissa;
}

int
uplcom_rate(enum uplcom_type type, uint32_t baud, uint32_t *code,
    uint32_t *actual)
{

	if (baud == 0 || baud > uplcom_types[type].max)
		return EINVAL;
	*code = *actual = type == UPLCOM_HXN ? baud : uplcom_nearest(baud);
	if (*actual != baud && uplcom_types[type].bits != 0)
		*code = uplcom_divisor(type, baud, actual);
	return uchip_near(*actual, baud) ? 0 : EINVAL;
}

u_char
uplcom_msr(uint8_t status)
{

	return (ISSET(status, UPLCOM_ST_CTS) ? UMSR_CTS : 0) |
	    (ISSET(status, UPLCOM_ST_DSR) ? UMSR_DSR : 0) |
	    (ISSET(status, UPLCOM_ST_RI) ? UMSR_RI : 0) |
	    (ISSET(status, UPLCOM_ST_DCD) ? UMSR_DCD : 0);
}

u_char
uplcom_pins(enum uplcom_type type, uint8_t pins)
{
	const bool hxn = type == UPLCOM_HXN;

	return (ISSET(pins, hxn ? UPLCOM_HXN_PIN_CTS : UPLCOM_PIN_CTS) ?
	    0 : UMSR_CTS) |
	    (ISSET(pins, hxn ? UPLCOM_HXN_PIN_DSR : UPLCOM_PIN_DSR) ?
	    0 : UMSR_DSR) |
	    (ISSET(pins, hxn ? UPLCOM_HXN_PIN_RI : UPLCOM_PIN_RI) ?
	    0 : UMSR_RI) |
	    (ISSET(pins, hxn ? UPLCOM_HXN_PIN_DCD : UPLCOM_PIN_DCD) ?
	    0 : UMSR_DCD);
}

u_char
uplcom_lsr(uint8_t status)
{

	return (ISSET(status, UPLCOM_ST_BREAK) ? ULSR_BI : 0) |
	    (ISSET(status, UPLCOM_ST_FRAME) ? ULSR_FE : 0) |
	    (ISSET(status, UPLCOM_ST_PARITY) ? ULSR_PE : 0) |
	    (ISSET(status, UPLCOM_ST_OVERRUN) ? ULSR_OE : 0);
}
