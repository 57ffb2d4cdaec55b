/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uchcomreg.h - the protocol of WCH's CH340 and CH341.
 *
 * Vendor requests to the device.  Most are reads and writes of two of the
 * chip's 8-bit registers at once: wValue is both numbers, wIndex, or the two
 * bytes of a read, their contents; the low byte is the first.
 */
#ifndef DRIVERS_UCHCOMREG_H
#define DRIVERS_UCHCOMREG_H

#include <sys/types.h>

/* bRequest */
#define	UCHCOM_VERSION		0x5f	/* 2 bytes, the first is it */
#define	UCHCOM_READ		0x95
#define	UCHCOM_WRITE		0x9a
#define	UCHCOM_INIT		0xa1
#define	UCHCOM_MODEM		0xa4	/* wValue: UCHCOM_DTR .. inverted */

/* Registers, in pairs as they are used. */
#define	UCHCOM_REG_BREAK	0x05
#define	UCHCOM_REG_RATE		0x1312	/* divisor, prescaler */
#define	UCHCOM_REG_LCR		0x2518	/* LCR2, LCR */
#define	UCHCOM_REG_BREAK_LCR	0x1805	/* LCR, break */
#define	UCHCOM_REG_LINES	0x0706
#define	UCHCOM_REG_FLOW		0x2727

#define	UCHCOM_NOBREAK		0x01	/* in BREAK */
#define	UCHCOM_RTSCTS		0x0101	/* in FLOW */

/* In the prescaler: send what has come, and not 32 bytes at a time.  Chips up
   to that version have no such bit, or have it inverted. */
#define	UCHCOM_PROMPT		0x80
#define	UCHCOM_PROMPT_AFTER	0x27

/* From that version on LCR sets the format; older ones are always 8N1. */
#define	UCHCOM_HAS_LCR		0x30
#define	UCHCOM_NEWEST		0x34

#define	UCHCOM_LCR_RX		0x80
#define	UCHCOM_LCR_TX		0x40
#define	UCHCOM_LCR_STICK	0x20	/* mark, or with EVEN space */
#define	UCHCOM_LCR_EVEN		0x10
#define	UCHCOM_LCR_PARITY	0x08
#define	UCHCOM_LCR_STOP2	0x04
#define	UCHCOM_LCR_8N1		(UCHCOM_LCR_RX | UCHCOM_LCR_TX | 0x03)

/* UCHCOM_MODEM */
#define	UCHCOM_DTR		0x20
#define	UCHCOM_RTS		0x40

/* UCHCOM_REG_LINES and byte 2 of a status packet: low is on. */
#define	UCHCOM_CTS		0x01
#define	UCHCOM_DSR		0x02
#define	UCHCOM_RI		0x04
#define	UCHCOM_DCD		0x08

/* A status packet: byte 0 says what it is about, byte 2 has the lines. */
#define	UCHCOM_STATUS_LEN	4	/* at least */
#define	UCHCOM_ST_OVERRUN	0x02
#define	UCHCOM_ST_PARITY	0x04
#define	UCHCOM_ST_FRAME		0x44	/* both bits */

/*
 * error = uchcom_divisor(limited, baud, &code, &actual)
 *
 *	The divisor and prescaler that come nearest to baud.  *code: the
 *	contents of UCHCOM_REG_RATE without UCHCOM_PROMPT.  *actual: the rate
 *	that the chip makes.  limited: a chip that has the doubled clock only
 *	with the highest prescaler.  A pure function.  EINVAL: the chip cannot
 *	come within 3 per cent of baud.
 */
int	uchcom_divisor(bool, uint32_t, uint32_t *, uint32_t *);

/* UMSR_* of the chip's modem lines, ULSR_* of byte 0 of a status packet.  Pure
   functions. */
u_char	uchcom_msr(uint8_t);
u_char	uchcom_lsr(uint8_t);

/*
 * error = uchcom_format(version, cflag, &lcr)
 *
 *	LCR's value.  A pure function.  EINVAL: the chip has no such format.
 */
int	uchcom_format(u_int, u_int, uint32_t *);

#endif /* DRIVERS_UCHCOMREG_H */
