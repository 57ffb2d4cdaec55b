/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/termios.h - the settings of a terminal line, termios(4).
 *
 * Values are NetBSD's, which differ from Linux's nearly everywhere;
 * src/kernel/compat/compat_termios.c has the table between them.  Additions
 * are IUTF8 (FreeBSD's value), with which canonical mode erases characters of
 * UTF-8 and not bytes, and a byte of one but its first moves no column (Linux),
 * and CMSPAR (Linux's value), which a driver has to ask for: ttymspar().
 */
#ifndef _SYS_TERMIOS_H_
#define _SYS_TERMIOS_H_

#include <sys/types.h>

/* Subscripts of c_cc. */
#define	VEOF		0	/* ICANON */
#define	VEOL		1	/* ICANON */
#define	VEOL2		2	/* ICANON, IEXTEN */
#define	VERASE		3	/* ICANON */
#define	VWERASE		4	/* ICANON, IEXTEN */
#define	VKILL		5	/* ICANON */
#define	VREPRINT	6	/* ICANON, IEXTEN */
#define	VINTR		8	/* ISIG */
#define	VQUIT		9	/* ISIG */
#define	VSUSP		10	/* ISIG */
#define	VDSUSP		11	/* ISIG, IEXTEN */
#define	VSTART		12	/* IXON, IXOFF */
#define	VSTOP		13	/* IXON, IXOFF */
#define	VLNEXT		14	/* IEXTEN */
#define	VDISCARD	15	/* IEXTEN */
#define	VMIN		16	/* !ICANON */
#define	VTIME		17	/* !ICANON */
#define	VSTATUS		18	/* ICANON */
#define	NCCS		20	/* 7 and 19 are spare */

/* A c_cc entry that is no character. */
#define	_POSIX_VDISABLE	((unsigned char)0377)
#define	CCEQ(val, c)	((c) == (val) && (val) != _POSIX_VDISABLE)

/* c_iflag */
#define	IGNBRK		0x00000001	/* ignore break */
#define	BRKINT		0x00000002	/* break flushes (and interrupts) */
#define	IGNPAR		0x00000004	/* drop bytes with errors */
#define	PARMRK		0x00000008	/* mark bytes with errors */
#define	INPCK		0x00000010	/* check parity */
#define	ISTRIP		0x00000020	/* to seven bits */
#define	INLCR		0x00000040	/* NL to CR */
#define	IGNCR		0x00000080	/* drop CR */
#define	ICRNL		0x00000100	/* CR to NL */
#define	IXON		0x00000200	/* START and STOP control output */
#define	IXOFF		0x00000400	/* send them to control input */
#define	IXANY		0x00000800	/* any character starts output */
#define	IMAXBEL		0x00002000	/* bell when a line is too long */
#define	IUTF8		0x00004000	/* addition: ERASE by characters */

/* c_oflag */
#define	OPOST		0x00000001	/* the rest counts */
#define	ONLCR		0x00000002	/* NL to CR NL */
#define	OXTABS		0x00000004	/* tabs to spaces */
#define	ONOEOT		0x00000008	/* drop ^D */
#define	OCRNL		0x00000010	/* CR to NL */
#define	ONOCR		0x00000020	/* no CR in column 0 */
#define	ONLRET		0x00000040	/* NL goes to column 0 by itself */

/* c_cflag */
#define	CIGNORE		0x00000001	/* leave the hardware alone */
#define	CSIZE		0x00000300
#define	CS5		0x00000000
#define	CS6		0x00000100
#define	CS7		0x00000200
#define	CS8		0x00000300
#define	CSTOPB		0x00000400	/* two stop bits */
#define	CREAD		0x00000800	/* receive */
#define	PARENB		0x00001000	/* parity */
#define	PARODD		0x00002000	/* odd */
#define	HUPCL		0x00004000	/* DTR off at last close */
#define	CLOCAL		0x00008000	/* ignore carrier */
#define	CRTSCTS		0x00010000	/* RTS/CTS flow control */
#define	CRTS_IFLOW	CRTSCTS
#define	CCTS_OFLOW	CRTSCTS
#define	CDTRCTS		0x00020000	/* DTR/CTS flow control */
#define	MDMBUF		0x00100000	/* DTR/DCD flow control */
#define	CMSPAR		0x40000000	/* addition: with PARENB, a bit that
					   is always 1 (PARODD) or 0 */
#define	CHWFLOW		(MDMBUF | CRTSCTS | CDTRCTS)

/* c_lflag */
#define	ECHOKE		0x00000001	/* KILL erases the line on the screen */
#define	ECHOE		0x00000002	/* ERASE erases on the screen */
#define	ECHOK		0x00000004	/* NL after KILL */
#define	ECHO		0x00000008
#define	ECHONL		0x00000010	/* echo NL even without ECHO */
#define	ECHOPRT		0x00000020	/* ERASE on paper */
#define	ECHOCTL		0x00000040	/* echo ^X */
#define	ISIG		0x00000080	/* INTR, QUIT, SUSP */
#define	ICANON		0x00000100	/* lines */
#define	ALTWERASE	0x00000200	/* words are letters and digits */
#define	IEXTEN		0x00000400
#define	EXTPROC		0x00000800
#define	TOSTOP		0x00400000
#define	FLUSHO		0x00800000	/* output is being discarded */
#define	NOKERNINFO	0x02000000
#define	PENDIN		0x20000000	/* input must be processed again */
#define	NOFLSH		0x80000000	/* INTR, QUIT, SUSP do not flush */

typedef unsigned int	tcflag_t;
typedef unsigned char	cc_t;
typedef unsigned int	speed_t;

struct termios {
	tcflag_t	c_iflag;
	tcflag_t	c_oflag;
	tcflag_t	c_cflag;
	tcflag_t	c_lflag;
	cc_t		c_cc[NCCS];
	int		c_ispeed;	/* 0: as c_ospeed */
	int		c_ospeed;	/* bits per second */
};

/* Speeds are themselves. */
#define	B0		0
#define	B50		50
#define	B75		75
#define	B110		110
#define	B134		134
#define	B150		150
#define	B200		200
#define	B300		300
#define	B600		600
#define	B1200		1200
#define	B1800		1800
#define	B2400		2400
#define	B4800		4800
#define	B7200		7200
#define	B9600		9600
#define	B14400		14400
#define	B19200		19200
#define	B28800		28800
#define	B38400		38400
#define	B57600		57600
#define	B76800		76800
#define	B115200		115200
#define	B230400		230400
#define	B460800		460800
#define	B500000		500000
#define	B921600		921600
#define	B1000000	1000000
#define	B1500000	1500000
#define	B2000000	2000000
#define	B2500000	2500000
#define	B3000000	3000000
#define	B3500000	3500000
#define	B4000000	4000000
#define	EXTA		19200
#define	EXTB		38400

#include <sys/ttycom.h>
#include <sys/ttydefaults.h>

#endif /* _SYS_TERMIOS_H_ */
