/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uchcom_subr.c - CH340 and CH341: divisor, format and modem lines.
 *
 * Pure functions over numbers; no state.
 *
 * The chip divides 48 MHz by a prescaler of 4096, 512, 64 or 8 (0 to 3), or by
 * half of that (the doubled clock, bit 2), and then by 256 minus the contents
 * of its divisor register.  Divisors below 2, and below 9 on the doubled
 * clock, do not work; the slow clock samples a bit more often, so it is taken
 * where both make the same rate.
 */
#include <sys/param.h>
#include <sys/errno.h>
#include <sys/termios.h>

#include <dev/usb/ucomvar.h>

#include "drivers/uchcomreg.h"
#include "drivers/uchip.h"

#define	UCHCOM_CLOCK	48000000U
#define	UCHCOM_MAX	3000000U	/* of the data sheet; divisor 2 */
#define	UCHCOM_PS_MAX	3

/* What that divisor makes of a clock (or of 64 of them), rounded. */
static uint32_t
uchcom_rate(uint32_t clock, u_int ps, u_int fast, uint32_t div)
{
	const uint32_t d = (1U << (12 - 3 * ps - fast)) * div;

	return (clock + d / 2) / d;
}

/* The divisor of that clock next to baud. */
static uint32_t
uchcom_nearest(u_int ps, u_int fast, uint32_t baud)
{
	const uint32_t clock = UCHCOM_CLOCK >> (12 - 3 * ps - fast);
	const uint32_t div = (clock + baud / 2) / baud;

	return MIN(MAX(div, fast ? 9U : 2U), 256U);
}

int
uchcom_divisor(bool limited, uint32_t baud, uint32_t *code, uint32_t *actual)
{
	uint32_t best = UINT32_MAX, div, rate, error;
	u_int i, ps, fast;

	if (baud == 0 || baud > UCHCOM_MAX + UCHCOM_MAX / 32)
		return EINVAL;
	for (i = 0; i < 2 * (UCHCOM_PS_MAX + 1); i++) {
		ps = UCHCOM_PS_MAX - i / 2;
		fast = i % 2;
		if (fast && limited && ps != UCHCOM_PS_MAX)
			continue;
		div = uchcom_nearest(ps, fast, baud);
		rate = uchcom_rate(64 * UCHCOM_CLOCK, ps, fast, div);
		error = rate > 64 * baud ? rate - 64 * baud : 64 * baud - rate;
		if (error >= best)
			continue;
		best = error;
		*code = (256 - div) << 8 | fast << 2 | ps;
		*actual = uchcom_rate(UCHCOM_CLOCK, ps, fast, div);
	}
	return uchip_near(*actual, baud) ? 0 : EINVAL;
}

u_char
uchcom_msr(uint8_t lines)
{

	return (ISSET(lines, UCHCOM_CTS) ? 0 : UMSR_CTS) |
	    (ISSET(lines, UCHCOM_DSR) ? 0 : UMSR_DSR) |
	    (ISSET(lines, UCHCOM_RI) ? 0 : UMSR_RI) |
	    (ISSET(lines, UCHCOM_DCD) ? 0 : UMSR_DCD);
}

u_char
uchcom_lsr(uint8_t what)
{
	const u_char overrun = ISSET(what, UCHCOM_ST_OVERRUN) ? ULSR_OE : 0;

	if ((what & UCHCOM_ST_FRAME) == UCHCOM_ST_FRAME)
		return overrun | ULSR_FE;
	return overrun | (ISSET(what, UCHCOM_ST_PARITY) ? ULSR_PE : 0);
}

int
uchcom_format(u_int version, u_int cflag, uint32_t *lcr)
{
	*lcr = UCHCOM_LCR_RX | UCHCOM_LCR_TX;
	switch (ISSET(cflag, CSIZE)) {
	case CS5:
		break;
	case CS6:
		*lcr |= 0x01;
		break;
	case CS7:
		*lcr |= 0x02;
		break;
	default:
		*lcr |= 0x03;
		break;
	}
	if (ISSET(cflag, CSTOPB))
		*lcr |= UCHCOM_LCR_STOP2;
	if (ISSET(cflag, PARENB)) {
		*lcr |= UCHCOM_LCR_PARITY;
		if (!ISSET(cflag, PARODD))
			*lcr |= UCHCOM_LCR_EVEN;
		if (ISSET(cflag, CMSPAR))
			*lcr |= UCHCOM_LCR_STICK;
	}
	if (version < UCHCOM_HAS_LCR && *lcr != UCHCOM_LCR_8N1)
		return EINVAL;
	return 0;
}
