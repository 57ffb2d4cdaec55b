/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uftdi_baud.c - FTDI chips: which one it is, and its baud rate divisor.
 *
 * Pure functions over numbers; no state.
 *
 * A chip divides a base rate (its clock / 16, or / 10 on the fast clock of
 * the high speed chips) by an integer and a fraction in eighths:
 *
 *	full speed chips		3 MBd / d
 *	high speed chips		12 MBd / d, or 3 MBd / d if slower
 *
 * d is 2..16383 plus eighths, or one of the two values 1 and 1.5.  The AM
 * chip has only the fractions 0, 1/8, 1/4 and 1/2, and not 1.5.  In the
 * code, the integer is in bits 0..13, the fraction in bits 14..16, the
 * fast clock is bit 17; 1 is coded as 0, and 1.5 as 1.
 */
#include <sys/param.h>
#include <sys/errno.h>

#include "drivers/uftdireg.h"

#define	UFTDI_BASE		3000000U	/* 48 MHz / 16 */
#define	UFTDI_BASE_FAST		12000000U	/* 120 MHz / 10 */
#define	UFTDI_FAST_MIN		1200U		/* slower: the 3 MBd base */
#define	UFTDI_FAST		(1U << 17)
#define	UFTDI_DIV_MAX		(16383U * 8 + 7)	/* in eighths */

/* How the fractions 0/8 .. 7/8 are coded. */
static const uint8_t uftdi_fraction[8] = { 0, 3, 2, 4, 1, 5, 6, 7 };

/* The fraction (in eighths, up to a whole) of the AM chip next to 0..7. */
static const uint8_t uftdi_fraction_am[8] = { 0, 1, 2, 2, 4, 4, 4, 8 };

/* By bcdDevice.  2.00 is also an FT232BM without a serial number; the AM's
   divisors are a subset of its. */
static const struct {
	uint16_t	 release;
	enum uftdi_type	 type;
	const char	*chip;
} uftdi_chips[] = {
	{ 0x0200, UFTDI_TYPE_AM, "FT232AM" },
	{ 0x0400, UFTDI_TYPE_BM, "FT232BM" },
	{ 0x0500, UFTDI_TYPE_2232C, "FT2232C" },
	{ 0x0600, UFTDI_TYPE_R, "FT232R" },
	{ 0x0700, UFTDI_TYPE_2232H, "FT2232H" },
	{ 0x0800, UFTDI_TYPE_4232H, "FT4232H" },
	{ 0x0900, UFTDI_TYPE_232H, "FT232H" },
	{ 0x1000, UFTDI_TYPE_X, "FT-X" },
	{ 0x2800, UFTDI_TYPE_2232H, "FT2233HP" },
	{ 0x2900, UFTDI_TYPE_4232H, "FT4233HP" },
	{ 0x3000, UFTDI_TYPE_2232H, "FT2232HP" },
	{ 0x3100, UFTDI_TYPE_4232H, "FT4232HP" },
	{ 0x3200, UFTDI_TYPE_232H, "FT233HP" },
	{ 0x3300, UFTDI_TYPE_232H, "FT232HP" },
	{ 0x3600, UFTDI_TYPE_4232H, "FT4232HA" },
};

bool
uftdi_type(uint16_t release, u_int nifaces, enum uftdi_type *type)
{
	u_int i;

	for (i = 0; i < __arraycount(uftdi_chips); i++) {
		if (uftdi_chips[i].release == release) {
			*type = uftdi_chips[i].type;
			return true;
		}
	}
	/* One that is newer: the divisors of the FT232R are understood by all
	   of them.  Or older: the AM's. */
	*type = release < 0x0200 ? UFTDI_TYPE_AM :
	    nifaces > 1 ? UFTDI_TYPE_2232C : UFTDI_TYPE_R;
	return false;
}

const char *
uftdi_chip(uint16_t release)
{
	u_int i;

	for (i = 0; i < __arraycount(uftdi_chips); i++) {
		if (uftdi_chips[i].release == release)
			return uftdi_chips[i].chip;
	}
	return NULL;
}

/* The divisor of an AM chip next to d, both in eighths. */
static uint32_t
uftdi_round_am(uint32_t d)
{
	d = (d & ~7U) + uftdi_fraction_am[d & 7];
	/* 1 and a fraction does not exist: 1 or 2. */
	if (d > 8 && d < 16)
		d = d < 12 ? 8 : 16;
	return d;
}

/* The divisor of the other chips next to d, both in eighths. */
static uint32_t
uftdi_round(uint32_t d)
{
	if (d > 8 && d < 16) {
		if (d <= 10)
			return 8;
		return d < 14 ? 12 : 16;
	}
	return d;
}

static bool
uftdi_is_fast(enum uftdi_type type)
{
	return type == UFTDI_TYPE_2232H || type == UFTDI_TYPE_4232H ||
	    type == UFTDI_TYPE_232H;
}

int
uftdi_divisor(enum uftdi_type type, uint32_t baud, uint32_t *code,
    uint32_t *actual)
{
	const bool fast = uftdi_is_fast(type) && baud >= UFTDI_FAST_MIN;
	const uint32_t base8 = 8 * (fast ? UFTDI_BASE_FAST : UFTDI_BASE);
	uint32_t d, error;

	/* Beyond twice the base rate nothing is near; also keeps the
	   arithmetic below within 32 bits. */
	if (baud == 0 || baud > base8 / 4)
		return EINVAL;

	d = (base8 + baud / 2) / baud;
	d = type == UFTDI_TYPE_AM ? uftdi_round_am(d) : uftdi_round(d);
	if (d < 8)
		d = 8;
	if (d > UFTDI_DIV_MAX)
		return EINVAL;

	*actual = (base8 + d / 2) / d;
	error = *actual > baud ? *actual - baud : baud - *actual;
	if ((uint64_t)error * 100 > (uint64_t)baud * 3)
		return EINVAL;

	if (d == 8)
		*code = 0;
	else if (d == 12)
		*code = 1;
	else
		*code = d >> 3 | (uint32_t)uftdi_fraction[d & 7] << 14;
	if (fast)
		*code |= UFTDI_FAST;
	return 0;
}
