/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/ttycom.h - ioctls of terminals, termios(4) and tty(4).
 *
 * Names, numbers and arguments are NetBSD's; the last block is an addition
 * for questions that Linux clients ask and NetBSD's tty has no command for.
 */
#ifndef _SYS_TTYCOM_H_
#define _SYS_TTYCOM_H_

#include <sys/ioccom.h>

/* Kept for the clients; means nothing to the line. */
struct winsize {
	unsigned short	ws_row;
	unsigned short	ws_col;
	unsigned short	ws_xpixel;
	unsigned short	ws_ypixel;
};

/* Modem lines.  The values are the same in Linux. */
#define	TIOCM_LE	0001	/* line enable */
#define	TIOCM_DTR	0002	/* data terminal ready */
#define	TIOCM_RTS	0004	/* request to send */
#define	TIOCM_ST	0010	/* secondary transmit */
#define	TIOCM_SR	0020	/* secondary receive */
#define	TIOCM_CTS	0040	/* clear to send */
#define	TIOCM_CAR	0100	/* carrier detect */
#define	TIOCM_CD	TIOCM_CAR
#define	TIOCM_RNG	0200	/* ring */
#define	TIOCM_RI	TIOCM_RNG
#define	TIOCM_DSR	0400	/* data set ready */

#define	TIOCEXCL	_IO('t', 13)		/* no further opens */
#define	TIOCNXCL	_IO('t', 14)
#define	TIOCFLUSH	_IOW('t', 16, int)	/* FREAD, FWRITE, 0 is both */

#define	TIOCGETA	_IOR('t', 19, struct termios)
#define	TIOCSETA	_IOW('t', 20, struct termios)	/* now */
#define	TIOCSETAW	_IOW('t', 21, struct termios)	/* after a drain */
#define	TIOCSETAF	_IOW('t', 22, struct termios)	/* and drop input */

#define	TIOCGETD	_IOR('t', 26, int)	/* line discipline by number */
#define	TIOCSETD	_IOW('t', 27, int)
#define	TTLINEDNAMELEN	32
typedef char linedn_t[TTLINEDNAMELEN];
#define	TIOCGLINED	_IOR('t', 66, linedn_t)	/* and by name */
#define	TIOCSLINED	_IOW('t', 67, linedn_t)

#define	TIOCDCDTIMESTAMP _IOR('t', 88, struct timeval)
#define	TIOCSFLAGS	_IOW('t', 92, int)	/* sticky flags of the device */
#define	TIOCGFLAGS	_IOR('t', 93, int)
#define	TIOCFLAG_SOFTCAR	0x01	/* ignore carrier */
#define	TIOCFLAG_CLOCAL		0x02	/* CLOCAL at open */
#define	TIOCFLAG_CRTSCTS	0x04	/* CRTSCTS at open */
#define	TIOCFLAG_MDMBUF		0x08	/* MDMBUF at open */
#define	TIOCFLAG_CDTRCTS	0x10	/* CDTRCTS at open */
#define	TIOCDRAIN	_IO('t', 94)		/* wait until all is sent */
#define	TIOCSIG		_IO('t', 95)
#define	TIOCEXT		_IOW('t', 96, int)
#define	TIOCSCTTY	_IO('t', 97)
#define	TIOCCONS	_IOW('t', 98, int)
#define	TIOCGSID	_IOR('t', 99, int)
#define	TIOCSTAT	_IOW('t', 101, int)
#define	TIOCUCNTL	_IOW('t', 102, int)
#define	TIOCSWINSZ	_IOW('t', 103, struct winsize)
#define	TIOCGWINSZ	_IOR('t', 104, struct winsize)
#define	TIOCREMOTE	_IOW('t', 105, int)
#define	TIOCMGET	_IOR('t', 106, int)	/* modem lines */
#define	TIOCMBIC	_IOW('t', 107, int)
#define	TIOCMBIS	_IOW('t', 108, int)
#define	TIOCMSET	_IOW('t', 109, int)
#define	TIOCSTART	_IO('t', 110)		/* output, as the START character */
#define	TIOCSTOP	_IO('t', 111)
#define	TIOCPKT		_IOW('t', 112, int)
#define	TIOCNOTTY	_IO('t', 113)
#define	TIOCSTI		_IOW('t', 114, char)
#define	TIOCOUTQ	_IOR('t', 115, int)	/* bytes not sent yet */
#define	TIOCSPGRP	_IOW('t', 118, int)
#define	TIOCGPGRP	_IOR('t', 119, int)
#define	TIOCCDTR	_IO('t', 120)
#define	TIOCSDTR	_IO('t', 121)
#define	TIOCCBRK	_IO('t', 122)		/* break off, on */
#define	TIOCSBRK	_IO('t', 123)
#define	TIOCSQSIZE	_IOW('t', 128, int)	/* size of the queues */
#define	TIOCGQSIZE	_IOR('t', 129, int)

#define	TTYDISC		0	/* the termios line discipline */
#define	TABLDISC	3
#define	SLIPDISC	4
#define	PPPDISC		5
#define	STRIPDISC	6
#define	HDLCDISC	9

/*
 * Additions.  tty_counts are events since the driver attached, modulo 2^32;
 * the modem ones stay 0 unless the driver calls ttymstatus().  Input of a line
 * that is not open is not counted; what is dropped of it later is.
 */
struct tty_counts {
	unsigned int	tc_cts;
	unsigned int	tc_dsr;
	unsigned int	tc_rng;
	unsigned int	tc_dcd;
	unsigned int	tc_rx;
	unsigned int	tc_tx;
	unsigned int	tc_frame;
	unsigned int	tc_parity;
	unsigned int	tc_brk;
	unsigned int	tc_overrun;	/* in the chip, or on the bus */
	unsigned int	tc_buf_overrun;	/* here: a line that was too long */
};
/*
 * How a port behaves when its tty is opened and closed, until the driver
 * detaches.
 */
struct tty_port {
	int	tp_flags;
#define	TTYPORT_LOWLAT		0x1	/* input at once, whatever it costs */
	int	tp_close_delay;		/* ms that DTR stays low after a close */
	int	tp_closing_wait;	/* ms without progress that a last close
					   waits for output; 0: it drops it */
};
#define	TTYPORT_WAIT_MAX	60000	/* of the two */
#define	TIOCGPORT	_IOR('t', 205, struct tty_port)
#define	TIOCSPORT	_IOW('t', 206, struct tty_port)	/* EPERM: the waits */
#define	TIOCGXCL	_IOR('t', 200, int)	/* is TIOCEXCL in force? */
#define	TIOCMWAIT	_IOW('t', 201, int)	/* until one of these TIOCM_* moves */
#define	TIOCGCOUNTS	_IOR('t', 202, struct tty_counts)
#define	TIOCIFLOW	_IOW('t', 203, int)	/* send START (1) or STOP (0) */
#define	TIOCGTXEMPTY	_IOR('t', 204, int)	/* has all output been sent? */
#define	TIOCGRATE	_IOR('t', 207, int)	/* what the hardware makes of c_ospeed;
						   0: not known */

#endif /* _SYS_TTYCOM_H_ */
