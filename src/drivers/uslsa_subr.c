/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uslsa_subr.c - CP210x: chips, rates, formats, escapes.
 *
 * Pure functions; no state but the caller's.
 *
 * The older chips have a table of rates (AN205, "baud rate aliasing"): what
 * they are asked for becomes that of its row.  The others divide
 *
 *	48 MHz / (2 * prescaler * divisor), prescaler 4 up to 365 Bd, else 1
 */
#include <sys/param.h>
#include <sys/errno.h>
#include <sys/systm.h>
#include <sys/termios.h>

#include <dev/usb/ucomvar.h>

#include "drivers/uchip.h"
#include "drivers/uslsareg.h"

#define	USLSA_CLOCK	48000000U
#define	USLSA_SLOW	365U

static const struct {
	uint32_t	rate;
	uint32_t	high;	/* the last that becomes it */
} uslsa_table[] = {
	{ 300, 300 },		{ 600, 600 },		{ 1200, 1200 },
	{ 1800, 1800 },		{ 2400, 2400 },		{ 4000, 4000 },
	{ 4800, 4803 },		{ 7200, 7207 },		{ 9600, 9612 },
	{ 14400, 14428 },	{ 16000, 16062 },	{ 19200, 19250 },
	{ 28800, 28912 },	{ 38400, 38601 },	{ 51200, 51558 },
	{ 56000, 56280 },	{ 57600, 58053 },	{ 64000, 64111 },
	{ 76800, 77608 },	{ 115200, 117028 },	{ 128000, 129347 },
	{ 153600, 156868 },	{ 230400, 237832 },	{ 250000, 254234 },
	{ 256000, 273066 },	{ 460800, 491520 },	{ 500000, 567138 },
	{ 576000, 670254 },	{ 921600, UINT32_MAX },
};

/* The second port of a CP2105 is the "standard" one. */
static const struct {
	uint8_t			part;
	struct uslsa_port	port;
} uslsa_chips[] = {
	{ USLSA_CP2101,	{ "CP2101", 300, 921600, false, true } },
	{ USLSA_CP2102,	{ "CP2102", 300, 921600, false, false } },
	{ USLSA_CP2103,	{ "CP2103", 300, 921600, false, false } },
	{ USLSA_CP2104,	{ "CP2104", 300, 2000000, true, false } },
	{ USLSA_CP2105,	{ "CP2105", 300, 2000000, true, false } },
	{ USLSA_CP2108,	{ "CP2108", 300, 2000000, true, false } },
	{ USLSA_CP2102N_28, { "CP2102N", 300, 3000000, true, false } },
	{ USLSA_CP2102N_24, { "CP2102N", 300, 3000000, true, false } },
	{ USLSA_CP2102N_20, { "CP2102N", 300, 3000000, true, false } },
};
static const struct uslsa_port uslsa_standard =
	{ "CP2105", 2400, 921600, false, true };

const struct uslsa_port *
uslsa_port(u_int part, u_int iface)
{
	u_int i;

	if (part == USLSA_CP2105 && iface != 0)
		return &uslsa_standard;
	for (i = 0; i < __arraycount(uslsa_chips); i++) {
		if (uslsa_chips[i].part == part)
			return &uslsa_chips[i].port;
	}
	return NULL;
}

/* A name that goes on is another one. */
static bool
uslsa_begins(const char *s, const char *name)
{
	const size_t n = strlen(name);
	const char c = strncmp(s, name, n) == 0 ? s[n] : '0';

	return !(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z') &&
	    !(c >= 'a' && c <= 'z');
}

const char *
uslsa_chip(u_int id, const char *product)
{
	u_int i;

	for (i = 0; i < __arraycount(uslsa_chips); i++) {
		if (uslsa_begins(product, uslsa_chips[i].port.up_name))
			return uslsa_chips[i].port.up_name;
	}
	switch (id) {
	case 0xea70:
		return "CP2105";
	case 0xea71:
		return "CP2108";
	case 0xea80:
		return "CP2103";
	default:
		return "CP210x";
	}
}

int
uslsa_rate(const struct uslsa_port *up, uint32_t baud, uint32_t *ask,
    uint32_t *actual)
{
	uint32_t base, div;
	u_int i = 0;

	if (baud < up->up_min || baud > up->up_max)
		return EINVAL;
	if (up->up_divides) {
		base = USLSA_CLOCK / (baud <= USLSA_SLOW ? 8 : 2);
		div = (base + baud / 2) / baud;
		*ask = baud;
		*actual = (base + div / 2) / div;
	} else {
		while (baud > uslsa_table[i].high)
			i++;
		*ask = *actual = uslsa_table[i].rate;
	}
	return uchip_near(*actual, baud) ? 0 : EINVAL;
}

static u_int
uslsa_bits(u_int cflag)
{

	switch (ISSET(cflag, CSIZE)) {
	case CS5:
		return 5;
	case CS6:
		return 6;
	case CS7:
		return 7;
	default:
		return 8;
	}
}

int
uslsa_format(const struct uslsa_port *up, u_int cflag, uint32_t *value)
{
	const u_int bits = uslsa_bits(cflag);
	const bool stick = ISSET(cflag, PARENB) && ISSET(cflag, CMSPAR);

	if (up->up_plain && (bits != 8 || ISSET(cflag, CSTOPB) || stick))
		return EINVAL;
	*value = bits << 8;
	/* Two stop bits of 5 are one and a half, as with any UART. */
	if (ISSET(cflag, CSTOPB))
		*value |= bits == 5 ? USLSA_STOP_1_5 : USLSA_STOP_2;
	if (ISSET(cflag, PARENB))
		*value |= ISSET(cflag, PARODD) ?
		    (stick ? USLSA_PARITY_MARK : USLSA_PARITY_ODD) :
		    (stick ? USLSA_PARITY_SPACE : USLSA_PARITY_EVEN);
	return 0;
}

/*
 * One more byte of an escape: true if it makes *c a byte of data, of which
 * *lsr is what was wrong with it.
 */
static bool
uslsa_escaped(struct uslsa_escapes *ue, u_char *c, u_char *lsr)
{

	switch (ue->ue_state++) {
	case 1:
		ue->ue_kind = *c;
		if (*c >= 1 && *c <= 3)
			return false;
		ue->ue_state = 0;
		if (*c != 0)
			return false;
		*c = USLSA_ESCAPE;
		return true;
	case 2:
		if (ue->ue_kind == 1) {
			ue->ue_lsr = *c & ULSR_RCV_MASK & ~ULSR_RXRDY;
			return false;
		}
		ue->ue_state = 0;
		if (ue->ue_kind == 3) {
			ue->ue_msr = *c & (UMSR_CTS | UMSR_DSR | UMSR_RI |
			    UMSR_DCD);
			ue->ue_lines = true;
			return false;
		}
		/* A break is a 0, if the chip has not put one in. */
		ue->ue_lost |= *c & ULSR_OE;
		*lsr = *c & ULSR_BI;
		*c = 0;
		return *lsr != 0;
	default:
		ue->ue_state = 0;
		*lsr = ue->ue_lsr;
		if (ISSET(*lsr, ULSR_BI))
			*c = 0;
		return true;
	}
}

/*
 * run = uslsa_run(ue, p, n)
 *
 *	Of n bytes, how many at p are data and nothing else: all before the
 *	next escape, unless one is going on.
 */
static uint32_t
uslsa_run(const struct uslsa_escapes *ue, const u_char *p, uint32_t n)
{
	const u_char *esc;

	if (ue->ue_state != 0)
		return 0;
	esc = memchr(p, USLSA_ESCAPE, n);
	return esc != NULL ? (uint32_t)(esc - p) : n;
}

uint32_t
uslsa_unescape(struct uslsa_escapes *ue, u_char *buf, uint32_t n, u_char *lsr)
{
	uint32_t i = 0, to = 0, run;
	u_char c, bad;

	while (i < n) {
		bad = 0;
		run = uslsa_run(ue, buf + i, n - i);
		if (run == 0) {
			c = buf[i++];
			if (ue->ue_state == 0) {	/* an escape begins */
				ue->ue_state = 1;
				continue;
			}
			if (!uslsa_escaped(ue, &c, &bad))
				continue;
			buf[to] = c;
			run = 1;
		} else {
			if (to != i)
				memmove(buf + to, buf + i, run);
			i += run;
		}
		bad |= ue->ue_lost;
		ue->ue_lost = 0;
		if (bad != 0 && lsr != NULL) {
			lsr[to] = bad;
			ue->ue_errors = true;
		}
		to += run;
	}
	return to;
}
