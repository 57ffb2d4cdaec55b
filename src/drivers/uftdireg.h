/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uftdireg.h - the protocol of FTDI's USB serial chips.
 *
 * Vendor control requests to the device, and two status bytes in front of
 * the data of every bulk-in packet.  Which request a chip understands and
 * how its baud rate divisor is coded follows from its type, and the type
 * from bcdDevice.
 *
 * wIndex of every request carries the port: 0 for chips with one port, 1..n
 * for the others; requests that have more to say use the high byte (and
 * SET_BAUD_RATE of a chip with one full speed port the low one).
 */
#ifndef DRIVERS_UFTDIREG_H
#define DRIVERS_UFTDIREG_H

#include <sys/types.h>

enum uftdi_type {
	UFTDI_TYPE_AM,		/* 8U232AM, FT232AM */
	UFTDI_TYPE_BM,		/* FT232B, FT245B */
	UFTDI_TYPE_2232C,	/* FT2232C, D: two ports, full speed */
	UFTDI_TYPE_R,		/* FT232R, FT245R */
	UFTDI_TYPE_2232H,	/* two ports, high speed */
	UFTDI_TYPE_4232H,	/* four ports, high speed */
	UFTDI_TYPE_232H,	/* one port, high speed */
	UFTDI_TYPE_X,		/* FT230X, FT231X, FT234X */
};

/* bRequest */
#define	FTDI_SIO_RESET			0x00
#define	FTDI_SIO_MODEM_CTRL		0x01
#define	FTDI_SIO_SET_FLOW_CTRL		0x02
#define	FTDI_SIO_SET_BAUD_RATE		0x03
#define	FTDI_SIO_SET_DATA		0x04
#define	FTDI_SIO_GET_STATUS		0x05
#define	FTDI_SIO_SET_EVENT_CHAR		0x06
#define	FTDI_SIO_SET_ERROR_CHAR		0x07
#define	FTDI_SIO_SET_LATENCY		0x09
#define	FTDI_SIO_GET_LATENCY		0x0a
#define	FTDI_SIO_SET_BITMODE		0x0b

/* wValue of FTDI_SIO_RESET */
#define	FTDI_SIO_RESET_SIO		0
#define	FTDI_SIO_RESET_PURGE_RX		1
#define	FTDI_SIO_RESET_PURGE_TX		2

/* wValue of FTDI_SIO_MODEM_CTRL: what to change, and to what. */
#define	FTDI_SIO_SET_DTR_LOW		0x0100
#define	FTDI_SIO_SET_DTR_HIGH		0x0101
#define	FTDI_SIO_SET_RTS_LOW		0x0200
#define	FTDI_SIO_SET_RTS_HIGH		0x0202

/* High byte of wIndex of FTDI_SIO_SET_FLOW_CTRL; wValue of XON/XOFF is
   the stop character << 8 | the start character. */
#define	FTDI_SIO_DISABLE_FLOW_CTRL	0x00
#define	FTDI_SIO_RTS_CTS_HS		0x01
#define	FTDI_SIO_DTR_DSR_HS		0x02
#define	FTDI_SIO_XON_XOFF_HS		0x04

/* wValue of FTDI_SIO_SET_DATA */
#define	FTDI_SIO_SET_DATA_BITS(n)	(n)
#define	FTDI_SIO_SET_DATA_PARITY_NONE	(0 << 8)
#define	FTDI_SIO_SET_DATA_PARITY_ODD	(1 << 8)
#define	FTDI_SIO_SET_DATA_PARITY_EVEN	(2 << 8)
#define	FTDI_SIO_SET_DATA_PARITY_MARK	(3 << 8)
#define	FTDI_SIO_SET_DATA_PARITY_SPACE	(4 << 8)
#define	FTDI_SIO_SET_DATA_STOP_BITS_1	(0 << 11)
#define	FTDI_SIO_SET_DATA_STOP_BITS_2	(2 << 11)
#define	FTDI_SIO_SET_BREAK		(1 << 14)

/* Status in front of received data, and of FTDI_SIO_GET_STATUS: a byte of
   modem lines with the bits of UMSR_*, and one with those of ULSR_*. */
#define	FTDI_STATUS_LEN			2
#define	FTDI_MSR_MASK			0xf0

/*
 * error = uftdi_divisor(type, baud, &code, &actual)
 *
 *	The divisor that comes nearest to baud.  *code: the low 16 bits are
 *	wValue of SET_BAUD_RATE, the others are the extra bits of wIndex.
 *	*actual: the rate that the chip really makes.  A pure function.
 *	EINVAL: the chip cannot come within 3 per cent of baud.
 */
int	uftdi_divisor(enum uftdi_type, uint32_t, uint32_t *, uint32_t *);

/*
 * known = uftdi_type(bcdDevice, product's number of interfaces, &type)
 *
 *	False: a bcdDevice that is not known; *type is then one of which all
 *	that could be meant understand the divisors.
 */
bool	uftdi_type(uint16_t, u_int, enum uftdi_type *);

/* Which chip it is, by bcdDevice; NULL: not known.  A pure function. */
const char *uftdi_chip(uint16_t);

#endif /* DRIVERS_UFTDIREG_H */
