/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uslsareg.h - the protocol of Silicon Labs' CP210x, as their AN571 has it.
 *
 * Vendor requests to the interface that is the port; numbers of 4 bytes are
 * little-endian.  In event mode the data that comes in has escapes, see
 * uslsa_unescape.
 */
#ifndef DRIVERS_USLSAREG_H
#define DRIVERS_USLSAREG_H

#include <sys/types.h>

/* bRequest */
#define	USLSA_IFC_ENABLE	0x00	/* wValue: 1 on */
#define	USLSA_SET_LINE_CTL	0x03
#define	USLSA_SET_BREAK		0x05
#define	USLSA_SET_MHS		0x07
#define	USLSA_GET_MDMSTS	0x08	/* 1 byte */
#define	USLSA_GET_COMM_STATUS	0x10	/* 19 bytes */
#define	USLSA_PURGE		0x12
#define	USLSA_SET_FLOW		0x13	/* 16 bytes */
#define	USLSA_GET_FLOW		0x14
#define	USLSA_EMBED_EVENTS	0x15	/* wValue: escape, 0 off */
#define	USLSA_SET_CHARS		0x19	/* 6 bytes */
#define	USLSA_SET_BAUDRATE	0x1e	/* 4 bytes */
#define	USLSA_VENDOR		0xff	/* to the device; wValue says what */

/* USLSA_VENDOR */
#define	USLSA_GET_FW_2N		0x0010	/* 3 bytes */
#define	USLSA_GET_PARTNUM	0x370b	/* 1 byte */

/* USLSA_SET_LINE_CTL: bits << 8 | parity << 4 | stop */
#define	USLSA_STOP_1		0x0000
#define	USLSA_STOP_1_5		0x0001
#define	USLSA_STOP_2		0x0002
#define	USLSA_PARITY_ODD	0x0010
#define	USLSA_PARITY_EVEN	0x0020
#define	USLSA_PARITY_MARK	0x0030
#define	USLSA_PARITY_SPACE	0x0040

/* USLSA_SET_MHS, and what USLSA_GET_MDMSTS has besides UMSR_*. */
#define	USLSA_DTR		0x0001
#define	USLSA_RTS		0x0002
#define	USLSA_MHS_MASK(v)	((v) << 8)	/* which of the two */

#define	USLSA_PURGE_ALL		0x000f
#define	USLSA_PURGE_OUT		0x0005
#define	USLSA_PURGE_IN		0x000a

/* USLSA_GET_COMM_STATUS: where the length of the output queue is. */
#define	USLSA_COMM_LEN		19
#define	USLSA_COMM_OUTQ		12

/* USLSA_SET_FLOW: ulControlHandshake, ulFlowReplace, two limits. */
#define	USLSA_FLOW_LEN		16
#define	USLSA_FLOW_DTR		0x01	/* of a field of two bits: on */
#define	USLSA_FLOW_CTS		0x08	/* stops the transmitter */
#define	USLSA_FLOW_HANDSHAKE	0x7b	/* all that is set here, and DSR... */
#define	USLSA_FLOW_AUTOTX	0x01	/* obey XON/XOFF */
#define	USLSA_FLOW_AUTORX	0x02	/* send them */
#define	USLSA_FLOW_RTS_ON	0x40	/* of a field of two bits */
#define	USLSA_FLOW_RTS_AUTO	0x80
#define	USLSA_FLOW_REPLACE	0xdf	/* all that is set here, and chars */
#define	USLSA_FLOW_LIMIT	128	/* bytes in, or room left, at that */

/* Which chip it is. */
#define	USLSA_CP2101		0x01
#define	USLSA_CP2102		0x02
#define	USLSA_CP2103		0x03
#define	USLSA_CP2104		0x04
#define	USLSA_CP2105		0x05
#define	USLSA_CP2108		0x08
#define	USLSA_CP2102N_28	0x20	/* by the number of pins */
#define	USLSA_CP2102N_24	0x21
#define	USLSA_CP2102N_20	0x22

/* What a port of a chip can do. */
struct uslsa_port {
	const char	*up_name;
	uint32_t	 up_min, up_max;	/* Bd */
	bool		 up_divides;	/* any rate; others have a table */
	bool		 up_plain;	/* 8 bits, 1 stop bit, N, E, O only */
};

/* The port of that interface, by part number; NULL: an unknown one. */
const struct uslsa_port *uslsa_port(u_int, u_int);

/*
 * name = uslsa_chip(idProduct, product string)
 *
 *	Which chip it says that it is, without being asked for its part
 *	number: by the name that its product string begins with, else by an id
 *	that only one chip has; else "CP210x".  A pure function.
 */
const char *uslsa_chip(u_int, const char *);

/*
 * error = uslsa_rate(port, baud, &ask, &actual)
 *
 *	What to ask the chip for, and the rate that it makes of that.  A pure
 *	function.  EINVAL: it cannot come within 3 per cent of baud.
 */
int	uslsa_rate(const struct uslsa_port *, uint32_t, uint32_t *,
	    uint32_t *);

/* wValue of USLSA_SET_LINE_CTL for a c_cflag; EINVAL.  A pure function. */
int	uslsa_format(const struct uslsa_port *, u_int, uint32_t *);

/*
 * n = uslsa_unescape(ue, buf, n, lsr)
 *
 *	Take the escapes out of n bytes, in place; what is left.
 *
 *		EC 00		the byte EC
 *		EC 01 LSR BYTE	a byte with errors
 *		EC 02 LSR	an error or a break without one
 *		EC 03 MSR	modem lines
 *
 *	An escape may be cut anywhere and go on in the next buffer; one that
 *	is none of these is dropped.  lsr, if not NULL, is ucom_read_lsr's, and
 *	ue_errors says that there is something in it.  ue_lines: ue_msr is new.
 *	A pure function of ue and the bytes.
 */
#define	USLSA_ESCAPE		0xec

struct uslsa_escapes {
	u_char	ue_state;	/* bytes of the escape that are there */
	u_char	ue_kind;	/* the second of them */
	u_char	ue_lsr;		/* the third, if the second is 1 */
	u_char	ue_lost;	/* ULSR_OE before the next byte */
	u_char	ue_msr;
	bool	ue_lines;
	bool	ue_errors;
};
uint32_t uslsa_unescape(struct uslsa_escapes *, u_char *, uint32_t, u_char *);

#endif /* DRIVERS_USLSAREG_H */
