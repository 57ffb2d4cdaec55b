/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * compat_tty.c - Linux's terminal ioctls (ioctl_tty(2)) on a BSD tty.
 *
 * The table at the end says what each command becomes.  What is not in it
 * ends with ENOTTY, in particular
 *
 *	TIOCSCTTY, TIOCNOTTY, TIOCGPGRP, TIOCSPGRP, TIOCGSID
 *			there is no controlling terminal
 *	TIOCVHANGUP	devswctl revoke does what it is for
 *	TIOCGRS485, TIOCSRS485, TIOCCONS, TIOCLINUX, TIOCPKT
 *	FIONBIO, FIOASYNC, FIOCLEX, FIONCLEX
 *			the kernel answers them, or refuses, by itself
 *
 * Where Linux and BSD differ
 *	B0		is passed on as speed 0; the driver drops DTR and
 *			raises it when a speed comes back.
 *	BOTHER		in TCSETS, which has no field for the speed, keeps the
 *			speed in force.
 *	TCGETS, TCGETS2	say what the hardware makes of the speed, if the
 *			driver does; see compat_termios_rate.
 *	TCSBRK, TCSBRKP	drain output first, as in Linux.
 *	TCXONC		TCIOFF and TCION send STOP and START behind queued
 *			output, not before it.
 *	TIOCMIWAIT, TIOCGICOUNT
 *			work if the driver reports its modem lines
 *			(ttymstatus); the errors of the line are counted if
 *			the driver reports them.
 *	TIOCGSERIAL	describes a port that has no UART: speeds are set with
 *			termios, custom_divisor and the ASYNC_SPD flags are
 *			refused.  ASYNC_LOW_LATENCY, close_delay and
 *			closing_wait are TIOCSPORT's; a closing_wait without
 *			a bound (0) is refused, and 65535, not to wait, is
 *			not.  Other fields are read-only in effect.
 */
#include <sys/param.h>
#include <sys/fcntl.h>
#include <sys/ioctl.h>
#include <sys/lwp.h>
#include <sys/systm.h>
#include <sys/termios.h>

#include <dev/usb/ulptio.h>

#include "compat/compat_impl.h"

#define	BREAK_MS	250	/* of TCSBRK, and TCSBRKP 0 */
#define	BREAK_MAX	36000	/* tenths of a second of TCSBRKP */
#define	BREAK_LOOK_MS	1000	/* of a longer one: is the file still alive? */

/* struct serial_struct of a 64-bit client. */
struct linux_serial {
	int32_t		type;
	int32_t		line;
	uint32_t	port;
	int32_t		irq;
	int32_t		flags;
	int32_t		xmit_fifo_size;
	int32_t		custom_divisor;
	int32_t		baud_base;
	uint16_t	close_delay;	/* 1/100 s */
	uint8_t		io_type;
	uint8_t		reserved_char;
	int32_t		hub6;
	uint16_t	closing_wait;	/* 1/100 s */
	uint16_t	closing_wait2;
	uint32_t	pad0;
	uint64_t	iomem_base;
	uint16_t	iomem_reg_shift;
	uint16_t	pad1;
	uint32_t	port_high;
	uint64_t	iomap_base;
};
CTASSERT(sizeof(struct linux_serial) == 72);
CTASSERT(offsetof(struct linux_serial, close_delay) == 32);
CTASSERT(offsetof(struct linux_serial, hub6) == 36);
CTASSERT(offsetof(struct linux_serial, iomem_base) == 48);
CTASSERT(offsetof(struct linux_serial, iomap_base) == 64);

#define	LINUX_PORT_UNKNOWN	0	/* no UART: as Linux's USB ports */
#define	LINUX_TIOCSER_TEMT	1
#define	LINUX_ASYNC_SPD_MASK	0x1030
#define	LINUX_ASYNC_LOW_LATENCY	0x2000
#define	LINUX_CLOSING_WAIT_INF	0
#define	LINUX_CLOSING_WAIT_NONE	65535

/* struct serial_icounter_struct. */
struct linux_icounter {
	int32_t	cts, dsr, rng, dcd;
	int32_t	rx, tx;
	int32_t	frame, overrun, parity, brk;
	int32_t	buf_overrun;
	int32_t	reserved[9];
};
CTASSERT(sizeof(struct linux_icounter) == 80);

/* Modem lines have the same bits in both; the others of Linux are unknown. */
#define	MODEM_LINES	(TIOCM_LE | TIOCM_DTR | TIOCM_RTS | TIOCM_ST |	\
			    TIOCM_SR | TIOCM_CTS | TIOCM_CD | TIOCM_RI | TIOCM_DSR)

CTASSERT(sizeof(struct winsize) == 8);

/* ---- commands with the same argument -------------------------------- */

static int
do_void(const struct compat_req *r)
{
	u_long arg = (u_long)r->r_arg;

	return compat_do(r, r->r_bsd, &arg);
}

static int
do_getint(const struct compat_req *r)
{
	int32_t v = 0;
	const int error = compat_do(r, r->r_bsd, &v);

	if (error == 0)
		memcpy(r->r_out, &v, sizeof(v));
	return error;
}

static int
do_setmodem(const struct compat_req *r)
{
	int32_t v;

	memcpy(&v, r->r_in, sizeof(v));
	v &= MODEM_LINES;
	return compat_do(r, r->r_bsd, &v);
}

static int
do_getwinsz(const struct compat_req *r)
{
	struct winsize ws = { 0, 0, 0, 0 };
	const int error = compat_do(r, TIOCGWINSZ, &ws);

	if (error == 0)
		memcpy(r->r_out, &ws, sizeof(ws));
	return error;
}

static int
do_setwinsz(const struct compat_req *r)
{
	struct winsize ws;

	memcpy(&ws, r->r_in, sizeof(ws));
	return compat_do(r, TIOCSWINSZ, &ws);
}

static int
do_sti(const struct compat_req *r)
{
	char c;

	memcpy(&c, r->r_in, sizeof(c));
	return compat_do(r, TIOCSTI, &c);
}

/* ---- settings ------------------------------------------------------- */

/* The settings in force, in both spellings. */
static int
get_termios(const struct compat_req *r, struct termios *t,
    struct linux_termios2 *lt)
{
	int error;

	memset(t, 0, sizeof(*t));
	error = compat_do(r, TIOCGETA, t);
	if (error == 0)
		compat_termios_out(t, lt);
	return error;
}

static int
set_termios(const struct compat_req *r, struct termios *t,
    const struct linux_termios2 *lt)
{
	const int error = compat_termios_in(lt, t);

	return error != 0 ? error : compat_do(r, r->r_bsd, t);
}

/* The same with the rate that the hardware makes: only to be told. */
static int
tell_termios(const struct compat_req *r, struct linux_termios2 *lt)
{
	struct termios t;
	int32_t rate = 0;
	const int error = get_termios(r, &t, lt);

	if (error == 0 && compat_do(r, TIOCGRATE, &rate) == 0 && rate > 0)
		compat_termios_rate(lt, (uint32_t)rate);
	return error;
}

static int
do_tcgets(const struct compat_req *r)
{
	struct linux_termios2 lt;
	const int error = tell_termios(r, &lt);

	if (error == 0)
		memcpy(r->r_out, &lt, LINUX_TERMIOS_SIZE);
	return error;
}

static int
do_tcgets2(const struct compat_req *r)
{
	struct linux_termios2 lt;
	const int error = tell_termios(r, &lt);

	if (error == 0)
		memcpy(r->r_out, &lt, LINUX_TERMIOS2_SIZE);
	return error;
}

static int
do_tcgeta(const struct compat_req *r)
{
	struct linux_termios2 lt;
	struct linux_termio lo;
	const int error = tell_termios(r, &lt);

	if (error != 0)
		return error;
	memset(&lo, 0, sizeof(lo));
	lo.c_iflag = (uint16_t)lt.c_iflag;
	lo.c_oflag = (uint16_t)lt.c_oflag;
	lo.c_cflag = (uint16_t)lt.c_cflag;
	lo.c_lflag = (uint16_t)lt.c_lflag;
	memcpy(lo.c_cc, lt.c_cc, sizeof(lo.c_cc));
	memcpy(r->r_out, &lo, sizeof(lo));
	return 0;
}

/* What the client's structure does not have stays as it is. */
static int
do_tcsets(const struct compat_req *r)
{
	struct linux_termios2 lt;
	struct termios t;
	const int error = get_termios(r, &t, &lt);

	if (error != 0)
		return error;
	memcpy(&lt, r->r_in, LINUX_TERMIOS_SIZE);
	return set_termios(r, &t, &lt);
}

static int
do_tcsets2(const struct compat_req *r)
{
	struct linux_termios2 lt;
	struct termios t;
	const int error = get_termios(r, &t, &lt);

	if (error != 0)
		return error;
	memcpy(&lt, r->r_in, LINUX_TERMIOS2_SIZE);
	return set_termios(r, &t, &lt);
}

static int
do_tcseta(const struct compat_req *r)
{
	struct linux_termios2 lt;
	struct linux_termio lo;
	struct termios t;
	const int error = get_termios(r, &t, &lt);

	if (error != 0)
		return error;
	memcpy(&lo, r->r_in, sizeof(lo));
	lt.c_iflag = (lt.c_iflag & 0xffff0000) | lo.c_iflag;
	lt.c_oflag = (lt.c_oflag & 0xffff0000) | lo.c_oflag;
	lt.c_cflag = (lt.c_cflag & 0xffff0000) | lo.c_cflag;
	lt.c_lflag = (lt.c_lflag & 0xffff0000) | lo.c_lflag;
	memcpy(lt.c_cc, lo.c_cc, sizeof(lo.c_cc));
	return set_termios(r, &t, &lt);
}

/* "Software carrier" is CLOCAL. */
static int
do_getsoftcar(const struct compat_req *r)
{
	struct linux_termios2 lt;
	struct termios t;
	int32_t v;
	const int error = get_termios(r, &t, &lt);

	if (error != 0)
		return error;
	v = ISSET(t.c_cflag, CLOCAL) != 0;
	memcpy(r->r_out, &v, sizeof(v));
	return 0;
}

static int
do_setsoftcar(const struct compat_req *r)
{
	struct linux_termios2 lt;
	struct termios t;
	int32_t v;
	const int error = get_termios(r, &t, &lt);

	if (error != 0)
		return error;
	memcpy(&v, r->r_in, sizeof(v));
	if (v != 0)
		SET(t.c_cflag, CLOCAL);
	else
		CLR(t.c_cflag, CLOCAL);
	return compat_do(r, TIOCSETA, &t);
}

/* The only discipline is 0 in both systems. */
static int
do_setd(const struct compat_req *r)
{
	int32_t v;

	memcpy(&v, r->r_in, sizeof(v));
	return v != TTYDISC ? EINVAL : compat_do(r, TIOCSETD, &v);
}

/* ---- output, input, break ------------------------------------------- */

static int
do_flush(const struct compat_req *r)
{
	static const int rw[] = { FREAD, FWRITE, FREAD | FWRITE };
	int32_t v;

	if (r->r_arg >= __arraycount(rw))
		return EINVAL;
	v = rw[r->r_arg];
	return compat_do(r, TIOCFLUSH, &v);
}

static int
do_flow(const struct compat_req *r)
{
	u_long none = 0;
	int32_t v;

	switch (r->r_arg) {
	case 0:	/* TCOOFF */
		return compat_do(r, TIOCSTOP, &none);
	case 1:	/* TCOON */
		return compat_do(r, TIOCSTART, &none);
	case 2:	/* TCIOFF */
	case 3:	/* TCION */
		v = r->r_arg == 3;
		return compat_do(r, TIOCIFLOW, &v);
	default:
		return EINVAL;
	}
}

static int
drain(const struct compat_req *r)
{
	u_long none = 0;

	return compat_do(r, TIOCDRAIN, &none);
}

/*
 * ms milliseconds of a break.  No reference is held while it lasts, so it does
 * not delay an unplug or a revoke, but nor does it hear of them: it asks now
 * and then, and ends with what a call on the file ends with now.
 */
static int
break_lasts(const struct compat_req *r, u_int ms)
{
	u_int part;
	int disc, error;

	for (;;) {
		part = MIN(ms, BREAK_LOOK_MS);
		error = kpause("ttybreak", true, mstohz(part), NULL);
		if (error != EWOULDBLOCK)
			return error;
		if ((ms -= part) == 0)
			return 0;
		if ((error = compat_do(r, TIOCGETD, &disc)) != 0)
			return error;
	}
}

/* A break of ms milliseconds; it is ended even after an interrupt. */
static int
send_break(const struct compat_req *r, u_int ms)
{
	u_long none = 0;
	int error, error2;

	if ((error = drain(r)) != 0)
		return error;
	if (curlwp->l_nosleep)
		return EWOULDBLOCK;
	if ((error = compat_do(r, TIOCSBRK, &none)) != 0)
		return error;
	error = break_lasts(r, ms);
	error2 = compat_do(r, TIOCCBRK, &none);
	return error != 0 ? error : error2;
}

static int
do_sbrk(const struct compat_req *r)
{

	return r->r_arg != 0 ? drain(r) : send_break(r, BREAK_MS);
}

static int
do_sbrkp(const struct compat_req *r)
{
	const u_int tenths = r->r_arg > BREAK_MAX ? BREAK_MAX :
	    (u_int)r->r_arg;

	return send_break(r, tenths == 0 ? BREAK_MS : tenths * 100);
}

/* ---- the port ------------------------------------------------------- */

static int
do_miwait(const struct compat_req *r)
{
	int32_t v = (int32_t)r->r_arg & MODEM_LINES;

	return compat_do(r, TIOCMWAIT, &v);
}

static int
do_icount(const struct compat_req *r)
{
	struct tty_counts tc;
	struct linux_icounter ic;
	int error;

	memset(&tc, 0, sizeof(tc));
	error = compat_do(r, TIOCGCOUNTS, &tc);
	if (error != 0)
		return error;
	memset(&ic, 0, sizeof(ic));
	ic.cts = tc.tc_cts;
	ic.dsr = tc.tc_dsr;
	ic.rng = tc.tc_rng;
	ic.dcd = tc.tc_dcd;
	ic.rx = tc.tc_rx;
	ic.tx = tc.tc_tx;
	ic.frame = tc.tc_frame;
	ic.overrun = tc.tc_overrun;
	ic.parity = tc.tc_parity;
	ic.brk = tc.tc_brk;
	ic.buf_overrun = tc.tc_buf_overrun;
	memcpy(r->r_out, &ic, sizeof(ic));
	return 0;
}

/* The line status register, as far as there is one: TIOCSER_TEMT. */
static int
do_getlsr(const struct compat_req *r)
{
	int32_t v = 0;
	const int error = compat_do(r, TIOCGTXEMPTY, &v);

	if (error != 0)
		return error;
	v = v != 0 ? LINUX_TIOCSER_TEMT : 0;
	memcpy(r->r_out, &v, sizeof(v));
	return 0;
}

static uint16_t
linux_closing_wait(const struct tty_port *port)
{

	return port->tp_closing_wait == 0 ? LINUX_CLOSING_WAIT_NONE :
	    (uint16_t)howmany(port->tp_closing_wait, 10);
}

static int
do_getserial(const struct compat_req *r)
{
	struct linux_termios2 lt;
	struct linux_serial ls;
	struct tty_port port = { 0, 0, 0 };
	struct termios t;
	int32_t qsize = 0;
	int error;

	if ((error = get_termios(r, &t, &lt)) != 0 ||
	    (error = compat_do(r, TIOCGPORT, &port)) != 0)
		return error;
	(void)compat_do(r, TIOCGQSIZE, &qsize);
	memset(&ls, 0, sizeof(ls));
	ls.type = LINUX_PORT_UNKNOWN;
	ls.flags = ISSET(port.tp_flags, TTYPORT_LOWLAT) ?
	    LINUX_ASYNC_LOW_LATENCY : 0;
	ls.xmit_fifo_size = qsize;
	ls.baud_base = (int32_t)lt.c_ospeed;
	ls.close_delay = (uint16_t)howmany(port.tp_close_delay, 10);
	ls.closing_wait = linux_closing_wait(&port);
	memcpy(r->r_out, &ls, sizeof(ls));
	return 0;
}

static int
do_setserial(const struct compat_req *r)
{
	struct linux_serial ls;
	struct tty_port port = { 0, 0, 0 };
	int error;

	if ((error = compat_do(r, TIOCGPORT, &port)) != 0)
		return error;
	memcpy(&ls, r->r_in, sizeof(ls));
	if (ISSET(ls.flags, LINUX_ASYNC_SPD_MASK) || ls.custom_divisor != 0)
		return EINVAL;
	port.tp_flags = ISSET(ls.flags, LINUX_ASYNC_LOW_LATENCY) ?
	    TTYPORT_LOWLAT : 0;
	/* What it has read, and perhaps rounded, is no change. */
	if (ls.close_delay != howmany(port.tp_close_delay, 10))
		port.tp_close_delay = ls.close_delay * 10;
	if (ls.closing_wait != linux_closing_wait(&port))
		port.tp_closing_wait =
		    ls.closing_wait == LINUX_CLOSING_WAIT_NONE ? 0 :
		    ls.closing_wait == LINUX_CLOSING_WAIT_INF ? -1 :
		    ls.closing_wait * 10;
	return compat_do(r, TIOCSPORT, &port);
}

/* ---- the table ------------------------------------------------------ */

#define	T1	LINUX_TERMIOS_SIZE
#define	T2	LINUX_TERMIOS2_SIZE
#define	T0	LINUX_TERMIO_SIZE
#define	INT	sizeof(int32_t)
#define	WSZ	sizeof(struct winsize)
#define	SER	sizeof(struct linux_serial)
#define	ICNT	sizeof(struct linux_icounter)

static const struct compat_cmd tty_cmds[] = {
	/* Linux		in	out	becomes */
	{ 0x5401 /* TCGETS */,	0,	T1,	do_tcgets, TIOCGETA },
	{ 0x5402 /* TCSETS */,	T1,	0,	do_tcsets, TIOCSETA },
	{ 0x5403 /* TCSETSW */,	T1,	0,	do_tcsets, TIOCSETAW },
	{ 0x5404 /* TCSETSF */,	T1,	0,	do_tcsets, TIOCSETAF },
	{ 0x5405 /* TCGETA */,	0,	T0,	do_tcgeta, TIOCGETA },
	{ 0x5406 /* TCSETA */,	T0,	0,	do_tcseta, TIOCSETA },
	{ 0x5407 /* TCSETAW */,	T0,	0,	do_tcseta, TIOCSETAW },
	{ 0x5408 /* TCSETAF */,	T0,	0,	do_tcseta, TIOCSETAF },
	{ 0x5409 /* TCSBRK */,	0,	0,	do_sbrk, TIOCSBRK },
	{ 0x540a /* TCXONC */,	0,	0,	do_flow, TIOCSTOP },
	{ 0x540b /* TCFLSH */,	0,	0,	do_flush, TIOCFLUSH },
	{ 0x540c /* TIOCEXCL */, 0,	0,	do_void, TIOCEXCL },
	{ 0x540d /* TIOCNXCL */, 0,	0,	do_void, TIOCNXCL },
	{ 0x5411 /* TIOCOUTQ */, 0,	INT,	do_getint, TIOCOUTQ },
	{ 0x5412 /* TIOCSTI */,	1,	0,	do_sti, TIOCSTI },
	{ 0x5413 /* TIOCGWINSZ */, 0,	WSZ,	do_getwinsz, TIOCGWINSZ },
	{ 0x5414 /* TIOCSWINSZ */, WSZ,	0,	do_setwinsz, TIOCSWINSZ },
	{ 0x5415 /* TIOCMGET */, 0,	INT,	do_getint, TIOCMGET },
	{ 0x5416 /* TIOCMBIS */, INT,	0,	do_setmodem, TIOCMBIS },
	{ 0x5417 /* TIOCMBIC */, INT,	0,	do_setmodem, TIOCMBIC },
	{ 0x5418 /* TIOCMSET */, INT,	0,	do_setmodem, TIOCMSET },
	{ 0x5419 /* TIOCGSOFTCAR */, 0,	INT,	do_getsoftcar, TIOCGETA },
	{ 0x541a /* TIOCSSOFTCAR */, INT, 0,	do_setsoftcar, TIOCSETA },
	{ 0x541b /* FIONREAD */, 0,	INT,	do_getint, FIONREAD },
	{ 0x541e /* TIOCGSERIAL */, 0,	SER,	do_getserial, 0 },
	{ 0x541f /* TIOCSSERIAL */, SER, 0,	do_setserial, 0 },
	{ 0x5423 /* TIOCSETD */, INT,	0,	do_setd, TIOCSETD },
	{ 0x5424 /* TIOCGETD */, 0,	INT,	do_getint, TIOCGETD },
	{ 0x5425 /* TCSBRKP */,	0,	0,	do_sbrkp, TIOCSBRK },
	{ 0x5427 /* TIOCSBRK */, 0,	0,	do_void, TIOCSBRK },
	{ 0x5428 /* TIOCCBRK */, 0,	0,	do_void, TIOCCBRK },
	{ 0x5459 /* TIOCSERGETLSR */, 0, INT,	do_getlsr, TIOCGTXEMPTY },
	{ 0x545c /* TIOCMIWAIT */, 0,	0,	do_miwait, TIOCMWAIT },
	{ 0x545d /* TIOCGICOUNT */, 0,	ICNT,	do_icount, TIOCGCOUNTS },
	{ 0x80045440 /* TIOCGEXCL */, 0, INT,	do_getint, TIOCGXCL },
	{ 0x802c542a /* TCGETS2 */, 0,	T2,	do_tcgets2, TIOCGETA },
	{ 0x402c542b /* TCSETS2 */, T2,	0,	do_tcsets2, TIOCSETA },
	{ 0x402c542c /* TCSETSW2 */, T2, 0,	do_tcsets2, TIOCSETAW },
	{ 0x402c542d /* TCSETSF2 */, T2, 0,	do_tcsets2, TIOCSETAF },
	/* A printer's (ulpt): its number has no size either. */
	{ 0x060b /* LPGETSTATUS */, 0,	INT,	do_getint, ULPT_GET_STATUS },
};

/*
 * cc = compat_tty_lookup(cmd)
 *
 *	The row of a Linux terminal command, or NULL.
 */
const struct compat_cmd *
compat_tty_lookup(uint32_t cmd)
{
	u_int i;

	for (i = 0; i < __arraycount(tty_cmds); i++) {
		if (tty_cmds[i].cc_cmd == cmd)
			return &tty_cmds[i];
	}
	return NULL;
}
