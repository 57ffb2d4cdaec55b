/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uplcomreg.h - the protocol of Prolific's PL2303.
 *
 * Line settings, DTR, RTS and breaks are class requests, those of CDC-ACM;
 * the rest is registers, which vendor requests write (wValue the number,
 * wIndex the contents) and read.  There are three generations of registers:
 * H, the HX and what came after it (HXD, EA, RA, TA, TB), and the G series
 * (HXN).
 */
#ifndef DRIVERS_UPLCOMREG_H
#define DRIVERS_UPLCOMREG_H

#include <sys/types.h>

enum uplcom_type {
	UPLCOM_H,		/* the first one, USB 1.1 */
	UPLCOM_HX,
	UPLCOM_HXD,
	UPLCOM_TA,
	UPLCOM_TB,
	UPLCOM_HXN		/* GC, GS, GT, GL, GE, GB, GR */
};

/* bRequest, class */
#define	UPLCOM_SET_LINE		0x20	/* 7 bytes, usb_cdc_line_state_t */
#define	UPLCOM_SET_CONTROL	0x22
#define	UPLCOM_BREAK		0x23
#define	UPLCOM_DTR		0x01
#define	UPLCOM_RTS		0x02
#define	UPLCOM_BREAK_ON		0xffff

/* bRequest, vendor; a read of the old ones has 0x80 in the number. */
#define	UPLCOM_REG		0x01
#define	UPLCOM_REG_READ		0x80
#define	UPLCOM_REG_HXN		0x80
#define	UPLCOM_REG_HXN_READ	0x81

/* Registers */
#define	UPLCOM_FLOW		0x00
#define	UPLCOM_FLOW_MASK	0xf0
#define	UPLCOM_FLOW_RTSCTS_H	0x40
#define	UPLCOM_FLOW_RTSCTS	0x60
#define	UPLCOM_FLOW_XONXOFF	0xc0
#define	UPLCOM_RESET_UP		0x08	/* what came in; "down": goes out */
#define	UPLCOM_RESET_DOWN	0x09
#define	UPLCOM_HXN_RESET	0x07
#define	UPLCOM_HXN_RESET_DOWN	0x01
#define	UPLCOM_HXN_RESET_UP	0x02
#define	UPLCOM_HXN_FLOW		0x0a
#define	UPLCOM_HXN_FLOW_MASK	0x1c
#define	UPLCOM_HXN_FLOW_NONE	0x1c
#define	UPLCOM_HXN_FLOW_RTSCTS	0x18
#define	UPLCOM_HXN_FLOW_XONXOFF	0x0c

/* A register that the HX family has, and G chips refuse to read. */
#define	UPLCOM_HX_STATUS	0x8080

/* The pins of the modem lines, low when a line is on; read, from the HX on. */
#define	UPLCOM_PINS		0x87
#define	UPLCOM_PIN_RI		0x01
#define	UPLCOM_PIN_DCD		0x02
#define	UPLCOM_PIN_DSR		0x04
#define	UPLCOM_PIN_CTS		0x08
#define	UPLCOM_HXN_PINS		0x80
#define	UPLCOM_HXN_PIN_CTS	0x08
#define	UPLCOM_HXN_PIN_DSR	0x20
#define	UPLCOM_HXN_PIN_DCD	0x40
#define	UPLCOM_HXN_PIN_RI	0x80

/* Status packets: this byte of them. */
#define	UPLCOM_STATUS		8
#define	UPLCOM_ST_DCD		0x01
#define	UPLCOM_ST_DSR		0x02
#define	UPLCOM_ST_BREAK		0x04
#define	UPLCOM_ST_RI		0x08
#define	UPLCOM_ST_FRAME		0x10
#define	UPLCOM_ST_PARITY	0x20
#define	UPLCOM_ST_OVERRUN	0x40
#define	UPLCOM_ST_CTS		0x80

/* The chip's word that a rate is a divisor. */
#define	UPLCOM_DIVISOR		0x80000000U

/*
 * known = uplcom_type(bcdUSB, bcdDevice, small, hx, &type)
 *
 *	small: bDeviceClass is 2, or bMaxPacketSize0 is not 64.  hx: it answers
 *	UPLCOM_HX_STATUS.  False: a bcdDevice that is not known; *type is the
 *	newest kind that it can be.  A pure function.
 */
bool	uplcom_type(u_int, u_int, bool, bool, enum uplcom_type *);
const char *uplcom_name(enum uplcom_type);

/*
 * name = uplcom_chip(idProduct, bcdUSB, bcdDevice, small)
 *
 *	Which chip it is, as far as that can be told without asking it: G
 *	chips by their ids, others as uplcom_type would have it if they answer.
 *	NULL: a bcdDevice that is not known.  A pure function.
 */
const char *uplcom_chip(u_int, u_int, u_int, bool);

/*
 * error = uplcom_rate(type, baud, &code, &actual)
 *
 *	dwDTERate, and the rate that the chip makes of it.  A pure function.
 *	EINVAL: it cannot come within 3 per cent of baud.
 */
int	uplcom_rate(enum uplcom_type, uint32_t, uint32_t *, uint32_t *);

/* What a status byte says, as UMSR_* and ULSR_*.  Pure functions. */
u_char	uplcom_msr(uint8_t);
u_char	uplcom_lsr(uint8_t);

/* What the register of the pins says, as UMSR_*.  A pure function. */
u_char	uplcom_pins(enum uplcom_type, uint8_t);

#endif /* DRIVERS_UPLCOMREG_H */
