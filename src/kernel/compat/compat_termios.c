/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * compat_termios.c - struct termios, Linux's and BSD's.
 *
 * A client that sets something and reads it back must find what it set:
 * stty, picocom and minicom compare.  The tables below are all there is;
 * what is not in them is not kept:
 *
 *	c_iflag		IUCLC
 *	c_oflag		OLCUC, OFILL, OFDEL and all delays (NLDLY, CRDLY,
 *			BSDLY, VTDLY, FFDLY, and TAB1, TAB2 of TABDLY)
 *	c_cflag		ADDRB; CIBAUD: there is one speed, and the input
 *			speed reads back as the output speed
 *	c_lflag		XCASE, EXTPROC; FLUSHO and PENDIN are states of the
 *			line, they can be read but not set
 *	c_line		0: the discipline is changed with TIOCSETD
 *	c_cc		[17] and [18], which Linux does not use either; and
 *			the character 0377, which is BSD's "none" and comes
 *			back as Linux's "none", 0
 *
 * Linux itself clears the delays for most USB adapters.
 *
 * What only BSD has (MDMBUF, CDTRCTS, ONOEOT, ALTWERASE, NOKERNINFO, DSUSP,
 * STATUS) is not touched when a Linux client sets the rest.
 *
 * VMIN and VTIME have slots of their own in both systems.
 */
#include <sys/param.h>
#include <sys/systm.h>
#include <sys/termios.h>

#include "compat/compat.h"

CTASSERT(sizeof(struct linux_termios2) == LINUX_TERMIOS2_SIZE);
CTASSERT(offsetof(struct linux_termios2, c_line) == 16);
CTASSERT(offsetof(struct linux_termios2, c_ispeed) == LINUX_TERMIOS_SIZE);
CTASSERT(sizeof(struct linux_termio) == LINUX_TERMIO_SIZE);

/* When the bits fm_lmask of Linux's word are fm_lval, the bits fm_bmask of
   BSD's are fm_bval, and the other way round. */
struct flagmap {
	uint32_t	fm_lmask;
	uint32_t	fm_lval;
	uint32_t	fm_bmask;
	uint32_t	fm_bval;
};
#define	BIT(l, b)	{ (l), (l), (b), (b) }
#define	END		{ 0, 0, 0, 0 }

/*				Linux		BSD */
static const struct flagmap iflags[] = {
	BIT(			0x00001,	IGNBRK),
	BIT(			0x00002,	BRKINT),
	BIT(			0x00004,	IGNPAR),
	BIT(			0x00008,	PARMRK),
	BIT(			0x00010,	INPCK),
	BIT(			0x00020,	ISTRIP),
	BIT(			0x00040,	INLCR),
	BIT(			0x00080,	IGNCR),
	BIT(			0x00100,	ICRNL),
	BIT(			0x00400,	IXON),
	BIT(			0x00800,	IXANY),
	BIT(			0x01000,	IXOFF),
	BIT(			0x02000,	IMAXBEL),
	BIT(			0x04000,	IUTF8),
	END
};

static const struct flagmap oflags[] = {
	BIT(			0x00001,	OPOST),
	BIT(			0x00004,	ONLCR),
	BIT(			0x00008,	OCRNL),
	BIT(			0x00010,	ONOCR),
	BIT(			0x00020,	ONLRET),
	{ 0x01800, 0x01800 /* TABDLY, XTABS */, OXTABS, OXTABS },
	END
};

static const struct flagmap cflags[] = {
	{ 0x00030, 0x00000,			CSIZE, CS5 },
	{ 0x00030, 0x00010,			CSIZE, CS6 },
	{ 0x00030, 0x00020,			CSIZE, CS7 },
	{ 0x00030, 0x00030,			CSIZE, CS8 },
	BIT(			0x00040,	CSTOPB),
	BIT(			0x00080,	CREAD),
	BIT(			0x00100,	PARENB),
	BIT(			0x00200,	PARODD),
	BIT(			0x00400,	HUPCL),
	BIT(			0x00800,	CLOCAL),
	BIT(			0x40000000,	CMSPAR),
	BIT(			0x80000000,	CRTSCTS),
	END
};

static const struct flagmap lflags[] = {
	BIT(			0x00001,	ISIG),
	BIT(			0x00002,	ICANON),
	BIT(			0x00008,	ECHO),
	BIT(			0x00010,	ECHOE),
	BIT(			0x00020,	ECHOK),
	BIT(			0x00040,	ECHONL),
	BIT(			0x00080,	NOFLSH),
	BIT(			0x00100,	TOSTOP),
	BIT(			0x00200,	ECHOCTL),
	BIT(			0x00400,	ECHOPRT),
	BIT(			0x00800,	ECHOKE),
	BIT(			0x01000,	FLUSHO),
	BIT(			0x04000,	PENDIN),
	BIT(			0x08000,	IEXTEN),
	END
};

/* Index: Linux's subscript of c_cc. */
static const uint8_t ccs[] = {
	[0] = VINTR,		[1] = VQUIT,		[2] = VERASE,
	[3] = VKILL,		[4] = VEOF,		[5] = VTIME,
	[6] = VMIN,		[7] = 7 /* VSWTC; spare in BSD */,
	[8] = VSTART,		[9] = VSTOP,		[10] = VSUSP,
	[11] = VEOL,		[12] = VREPRINT,	[13] = VDISCARD,
	[14] = VWERASE,		[15] = VLNEXT,		[16] = VEOL2,
};

/* c_cflag & CBAUD; BOTHER says that the speed is in c_ospeed. */
#define	LINUX_CBAUD	0x100f
#define	LINUX_BOTHER	0x1000

static const struct {
	uint32_t	s_code;
	uint32_t	s_speed;
} speeds[] = {
	{ 0x0000, 0 },		{ 0x0001, 50 },		{ 0x0002, 75 },
	{ 0x0003, 110 },	{ 0x0004, 134 },	{ 0x0005, 150 },
	{ 0x0006, 200 },	{ 0x0007, 300 },	{ 0x0008, 600 },
	{ 0x0009, 1200 },	{ 0x000a, 1800 },	{ 0x000b, 2400 },
	{ 0x000c, 4800 },	{ 0x000d, 9600 },	{ 0x000e, 19200 },
	{ 0x000f, 38400 },	{ 0x1001, 57600 },	{ 0x1002, 115200 },
	{ 0x1003, 230400 },	{ 0x1004, 460800 },	{ 0x1005, 500000 },
	{ 0x1006, 576000 },	{ 0x1007, 921600 },	{ 0x1008, 1000000 },
	{ 0x1009, 1152000 },	{ 0x100a, 1500000 },	{ 0x100b, 2000000 },
	{ 0x100c, 2500000 },	{ 0x100d, 3000000 },	{ 0x100e, 3500000 },
	{ 0x100f, 4000000 },
};

static uint32_t
flags_out(const struct flagmap *fm, uint32_t bsd)
{
	uint32_t lx = 0;

	for (; fm->fm_lmask != 0; fm++) {
		if ((bsd & fm->fm_bmask) == fm->fm_bval)
			lx |= fm->fm_lval;
	}
	return lx;
}

static uint32_t
flags_in(const struct flagmap *fm, uint32_t lx, uint32_t bsd)
{
	const struct flagmap *m;

	for (m = fm; m->fm_lmask != 0; m++)
		bsd &= ~m->fm_bmask;
	for (m = fm; m->fm_lmask != 0; m++) {
		if ((lx & m->fm_lmask) == m->fm_lval)
			bsd |= m->fm_bval;
	}
	return bsd;
}

static bool
cc_is_count(int bsdindex)
{

	return bsdindex == VMIN || bsdindex == VTIME;
}

static uint32_t
speed_code(uint32_t speed)
{
	u_int i;

	for (i = 0; i < __arraycount(speeds); i++) {
		if (speeds[i].s_speed == speed)
			return speeds[i].s_code;
	}
	return LINUX_BOTHER;
}

/*
 * compat_termios_out(t, lt)
 *
 *	*lt is *t as a Linux client sees it.
 */
void
compat_termios_out(const struct termios *t, struct linux_termios2 *lt)
{
	u_int i;
	cc_t c;

	memset(lt, 0, sizeof(*lt));
	lt->c_iflag = flags_out(iflags, t->c_iflag);
	lt->c_oflag = flags_out(oflags, t->c_oflag);
	lt->c_cflag = flags_out(cflags, t->c_cflag) |
	    speed_code((uint32_t)t->c_ospeed);
	lt->c_lflag = flags_out(lflags, t->c_lflag);
	for (i = 0; i < __arraycount(ccs); i++) {
		c = t->c_cc[ccs[i]];
		if (c == _POSIX_VDISABLE && !cc_is_count(ccs[i]))
			c = 0;
		lt->c_cc[i] = c;
	}
	lt->c_ospeed = (uint32_t)t->c_ospeed;
	lt->c_ispeed = t->c_ispeed != 0 ? (uint32_t)t->c_ispeed :
	    lt->c_ospeed;
}

/*
 * compat_termios_rate(lt, rate)
 *
 *	The hardware makes rate of the speed in *lt, as compat_termios_out has
 *	left it; 0: it is not known.  As tty_termios_encode_baud_rate of Linux,
 *	whose drivers tell it: c_ospeed is what it is, and who has asked for a
 *	speed that has a name is not to be surprised by another one, as long as
 *	it is within 2 per cent.
 */
void
compat_termios_rate(struct linux_termios2 *lt, uint32_t rate)
{
	const uint32_t asked = lt->c_ospeed;
	const uint32_t error = rate > asked ? rate - asked : asked - rate;
	uint32_t code = speed_code(rate);

	if (rate == 0 || asked == 0)
		return;
	if (code == LINUX_BOTHER && error <= rate / 50)
		code = speed_code(asked);
	lt->c_cflag = (lt->c_cflag & ~(uint32_t)LINUX_CBAUD) | code;
	lt->c_ispeed = lt->c_ospeed = rate;
}

/*
 * error = compat_termios_in(lt, t)
 *
 *	Change *t, the settings in force, to what a Linux client sets.  The
 *	speed is c_ospeed if c_cflag says BOTHER, as everywhere in Linux.
 *	EINVAL: a speed that is no int; *t is undefined then.
 */
int
compat_termios_in(const struct linux_termios2 *lt, struct termios *t)
{
	const uint32_t code = lt->c_cflag & LINUX_CBAUD;
	uint32_t speed = lt->c_ospeed;
	u_int i;
	cc_t c;

	for (i = 0; i < __arraycount(speeds); i++) {
		if (speeds[i].s_code == code)
			speed = speeds[i].s_speed;
	}
	if (speed > INT32_MAX)
		return EINVAL;
	t->c_iflag = flags_in(iflags, lt->c_iflag, t->c_iflag);
	t->c_oflag = flags_in(oflags, lt->c_oflag, t->c_oflag);
	t->c_cflag = flags_in(cflags, lt->c_cflag, t->c_cflag) &
	    ~(tcflag_t)CIGNORE;
	t->c_lflag = flags_in(lflags, lt->c_lflag, t->c_lflag);
	for (i = 0; i < __arraycount(ccs); i++) {
		c = lt->c_cc[i];
		if (c == 0 && !cc_is_count(ccs[i]))
			c = _POSIX_VDISABLE;
		t->c_cc[ccs[i]] = c;
	}
	t->c_ospeed = (int)speed;
	t->c_ispeed = 0;
	return 0;
}
