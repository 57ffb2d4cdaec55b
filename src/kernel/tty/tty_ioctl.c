/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tty_ioctl.c - the ioctls of a terminal, tty(4) and termios(4).
 *
 * ttioctl answers what every tty can; EPASSTHROUGH leaves the rest to the
 * driver.
 *
 * New settings go to the hardware first, without ttylock, because t_param
 * talks to it; t_setting lets one thread at a time do that.  If the hardware
 * refuses, nothing changes.
 *
 *	thread A			thread B
 *	t_setting = 1
 *	t_param(9600)
 *					t_setting: sleeps on t_paramcv
 *	t_termios = 9600
 *	t_setting = 0, wake
 *					t_param(19200)
 *
 * Without a controlling terminal TIOCSCTTY, TIOCGPGRP, TIOCSPGRP, TIOCGSID
 * and TIOCNOTTY end with ENOTTY, and TIOCSTI with EPERM.
 *
 * Lock: ttylock, taken here.
 */
#include <sys/param.h>
#include <sys/fcntl.h>
#include <sys/ioctl.h>
#include <sys/kauth.h>
#include <sys/lwp.h>
#include <sys/systm.h>
#include <sys/tty.h>

#include "tty/tty_impl.h"

/* Enter and leave the part that only one thread may be in; ttylock held. */
static int
ttysetting_enter(struct tty *tp)
{
	int error = 0;

	while (error == 0 && tp->t_setting)
		error = ttysleep(tp, &tp->t_paramcv, true, 0);
	if (error == 0)
		tp->t_setting = true;
	return error;
}

static void
ttysetting_exit(struct tty *tp)
{

	KASSERT(tp->t_setting);
	tp->t_setting = false;
	cv_signal(&tp->t_paramcv);
}

/* Give the hardware its settings; ttylock held, dropped meanwhile. */
static int
ttyparam(struct tty *tp, struct termios *t)
{
	int error;

	if (ISSET(t->c_cflag, CMSPAR) && ISSET(t->c_cflag, PARENB) &&
	    !ISSET(tp->t_flags, TF_MSPAR))
		return EINVAL;
	if (tp->t_param != NULL) {
		ttyunlock(tp);
		error = (*tp->t_param)(tp, t);
		ttylock(tp);
		if (error != 0)
			return error;
	}
	tp->t_cflag = t->c_cflag;
	tp->t_ispeed = t->c_ispeed;
	tp->t_ospeed = t->c_ospeed;
	tp->t_pace = 0;			/* it was measured at the old one */
	ttsetwater(tp);
	return 0;
}

/*
 * Canonical mode goes on or off: what was received is lines now, or bytes.
 * ttylock held; the new t_lflag is in force.
 */
static void
ttymode(struct tty *tp)
{
	struct clist raw;

	CLR(tp->t_state, TS_LOCAL);
	tp->t_rocount = 0;
	if (ISSET(tp->t_lflag, ICANON))
		ttypend(tp);
	else {
		/* The finished lines, then the one being typed. */
		catq(&tp->t_rawq, &tp->t_canq);
		raw = tp->t_rawq;
		tp->t_rawq = tp->t_canq;
		tp->t_canq = raw;
		CLR(tp->t_lflag, PENDIN);
	}
	ttyunblock_read(tp);
}

/* The other end waits for START: IXOFF has been switched off. */
static void
ttyflowoff(struct tty *tp, tcflag_t old)
{

	if (ISSET(old, IXOFF) && !ISSET(tp->t_iflag, IXOFF) &&
	    ISSET(tp->t_flags, TF_XOFFSENT))
		ttyunblock(tp);
	/* Nobody can type START any more. */
	if (ISSET(old, IXON) && !ISSET(tp->t_iflag, IXON) &&
	    ISSET(tp->t_state, TS_TTSTOP) && !ISSET(tp->t_flags, TF_USRSTOP))
		ttygo(tp);
}

/*
 * tcsetattr(3).  EINTR, ERESTART, EIO from a drain; what t_param gives.
 */
static int
ttysetattr(struct tty *tp, struct termios *t, u_long cmd)
{
	const tcflag_t noise = PENDIN | FLUSHO;
	tcflag_t oldi, oldl;
	int error = 0;

	ttylock(tp);
	if (cmd != TIOCSETA)
		error = ttywait_locked(tp);
	if (error == 0)
		error = ttysetting_enter(tp);
	if (error != 0) {
		ttyunlock(tp);
		return error;
	}
	if (cmd == TIOCSETAF)
		ttyflush(tp, FREAD);
	if (!ISSET(t->c_cflag, CIGNORE))
		error = ttyparam(tp, t);
	if (error == 0) {
		oldi = tp->t_iflag;
		oldl = tp->t_lflag;
		tp->t_iflag = t->c_iflag;
		tp->t_oflag = t->c_oflag;
		tp->t_lflag = (t->c_lflag & ~noise) | (oldl & noise);
		memcpy(tp->t_cc, t->c_cc, sizeof(tp->t_cc));
		if (ISSET(oldl ^ tp->t_lflag, ICANON))
			ttymode(tp);
		if (ISSET(t->c_lflag, PENDIN) && ISSET(tp->t_lflag, ICANON))
			ttypend(tp);
		ttyflowoff(tp, oldi);
		/*
		 * VMIN, CLOCAL or the mode may have ended a wait, and so may
		 * marks that a higher speed has raised: on a stopped line
		 * there is no other wake-up.
		 */
		ttwakeup(tp);
		cv_broadcast(&tp->t_outcv);
		selnotify(&tp->t_wsel, 0, 0);
	}
	ttysetting_exit(tp);
	ttyunlock(tp);
	return error;
}

static int
ttysetdisc(struct tty *tp, struct linesw *disc)
{
	struct linesw *old;
	dev_t dev;
	int error;

	if (disc == NULL)
		return ENXIO;
	if (disc == tp->t_linesw) {
		ttyldisc_release(disc);
		return 0;
	}
	ttylock(tp);
	old = tp->t_linesw;
	dev = tp->t_dev;
	ttyunlock(tp);
	(void)(*old->l_close)(tp, FNONBLOCK);
	error = (*disc->l_open)(dev, tp);
	if (error != 0) {
		(void)(*old->l_open)(dev, tp);
		ttyldisc_release(disc);
		return error;
	}
	ttylock(tp);
	tp->t_linesw = disc;
	ttyunlock(tp);
	ttyldisc_release(old);
	return 0;
}

/* TIOCMWAIT: sleep until one of these lines has moved. */
static int
ttymwait(struct tty *tp, int mask)
{
	struct tty_counts was;
	int error = 0;

	ttylock(tp);
	if (!ISSET(tp->t_flags, TF_MSTATUS)) {
		ttyunlock(tp);
		return EPASSTHROUGH;
	}
	was = tp->t_counts;
	while (error == 0 &&
	    !(ISSET(mask, TIOCM_CTS) && was.tc_cts != tp->t_counts.tc_cts) &&
	    !(ISSET(mask, TIOCM_DSR) && was.tc_dsr != tp->t_counts.tc_dsr) &&
	    !(ISSET(mask, TIOCM_RI) && was.tc_rng != tp->t_counts.tc_rng) &&
	    !(ISSET(mask, TIOCM_CD) && was.tc_dcd != tp->t_counts.tc_dcd))
		error = ttysleep(tp, &tp->t_modemcv, true, 0);
	ttyunlock(tp);
	return error;
}

/* TIOCIFLOW: send START or STOP, behind what is queued. */
static int
ttysendflow(struct tty *tp, bool start)
{
	const cc_t c = tp->t_cc[start ? VSTART : VSTOP];
	int error = 0;

	if (c == _POSIX_VDISABLE)
		return 0;
	if (putc(c, &tp->t_outq) != 0)
		error = EWOULDBLOCK;
	(void)ttstart(tp);
	return error;
}

static void
ttyoutputstop(struct tty *tp)
{

	SET(tp->t_flags, TF_USRSTOP);
	if (!ISSET(tp->t_state, TS_TTSTOP)) {
		SET(tp->t_state, TS_TTSTOP);
		ttystop(tp, 0);
	}
}

static int
ttyflush_ioctl(struct tty *tp, int rw)
{

	if (rw == 0)
		rw = FREAD | FWRITE;
	if (ISSET(rw, ~(FREAD | FWRITE)))
		return EINVAL;
	ttyflush(tp, rw);
	return 0;
}

/*
 * error = ttysetport(tp, port, l)
 *
 *	TIOCSPORT.  EPERM: only root may change how long others wait, for a
 *	close or the open after it (as Linux, there CAP_SYS_ADMIN).  EINVAL: no
 *	wait is without a bound.  ttylock held; does not sleep.
 */
static int
ttysetport(struct tty *tp, const struct tty_port *port, struct lwp *l)
{

	if (port->tp_close_delay != tp->t_port.tp_close_delay ||
	    port->tp_closing_wait != tp->t_port.tp_closing_wait) {
		if (kauth_authorize_device_tty(l->l_cred,
		    KAUTH_DEVICE_TTY_PRIVSET, tp) != 0)
			return EPERM;
		if (port->tp_close_delay < 0 ||
		    port->tp_close_delay > TTYPORT_WAIT_MAX ||
		    port->tp_closing_wait < 0 ||
		    port->tp_closing_wait > TTYPORT_WAIT_MAX)
			return EINVAL;
	}
	if (ISSET(port->tp_flags, ~TTYPORT_LOWLAT))
		return EINVAL;
	tp->t_port = *port;
	return 0;
}

static void
clswap(struct clist *a, struct clist *b)
{
	const struct clist t = *a;

	*a = *b;
	*b = t;
}

/*
 * error = ttysetqsize(tp, size)
 *
 *	Other queues, of a power of two of bytes; input is dropped.  EINVAL,
 *	or EBUSY while there is output.  No lock held; may sleep for memory.
 */
int
ttysetqsize(struct tty *tp, int size)
{
	struct clist raw, can, out;
	int error = 0;

	if (size < TTYQSIZE_MIN || size > TTYQSIZE_MAX ||
	    (size & (size - 1)) != 0)
		return EINVAL;
	(void)clalloc(&raw, size + TTYSLACK, 1);
	(void)clalloc(&can, size + TTYSLACK, 1);
	(void)clalloc(&out, size, 0);
	ttylock(tp);
	if (tp->t_outq.c_cc > 0 || ISSET(tp->t_state, TS_BUSY))
		error = EBUSY;
	else {
		ttyflush(tp, FREAD);
		clswap(&tp->t_rawq, &raw);
		clswap(&tp->t_canq, &can);
		clswap(&tp->t_outq, &out);
		tp->t_qsize = size;
		ttsetwater(tp);
	}
	ttyunlock(tp);
	clfree(&raw);
	clfree(&can);
	clfree(&out);
	return error;
}

/* The ioctls that only look or set, all with ttylock held. */
static int
ttioctl_locked(struct tty *tp, u_long cmd, void *data)
{
	int *const ip = data;

	switch (cmd) {
	case FIONREAD:
		*ip = ttynread(tp);
		return 0;
	case FIONWRITE:		/* a driver with buffers of its own... */
	case TIOCOUTQ:		/* ...answers these two before */
		*ip = tp->t_outq.c_cc;
		return 0;
	case TIOCGTXEMPTY:
		*ip = tp->t_outq.c_cc == 0 && !ISSET(tp->t_state, TS_BUSY);
		return 0;
	case FIONSPACE:
		*ip = imax(0, tp->t_hiwat - tp->t_outq.c_cc);
		return 0;
	case TIOCEXCL:
		SET(tp->t_state, TS_XCLUDE);
		return 0;
	case TIOCNXCL:
		CLR(tp->t_state, TS_XCLUDE);
		return 0;
	case TIOCGXCL:
		*ip = ISSET(tp->t_state, TS_XCLUDE) != 0;
		return 0;
	case TIOCFLUSH:
		return ttyflush_ioctl(tp, *ip);
	case TIOCSTART:
		CLR(tp->t_lflag, FLUSHO);
		ttygo(tp);
		return 0;
	case TIOCSTOP:
		ttyoutputstop(tp);
		return 0;
	case TIOCIFLOW:
		return ttysendflow(tp, *ip != 0);
	case TIOCGETA:
		*(struct termios *)data = tp->t_termios;
		return 0;
	case TIOCGETD:
		*ip = tp->t_linesw->l_no;
		return 0;
	case TIOCGLINED:
		(void)strlcpy(data, tp->t_linesw->l_name, TTLINEDNAMELEN);
		return 0;
	case TIOCGWINSZ:
		*(struct winsize *)data = tp->t_winsize;
		return 0;
	case TIOCSWINSZ:
		tp->t_winsize = *(struct winsize *)data;
		return 0;
	case TIOCGQSIZE:
		*ip = tp->t_qsize;
		return 0;
	case TIOCGPORT:
		*(struct tty_port *)data = tp->t_port;
		return 0;
	case TIOCGCOUNTS:
		*(struct tty_counts *)data = tp->t_counts;
		return 0;
	case TIOCGRATE:
		*ip = tp->t_ospeed != 0 ? tp->t_rate : 0;
		return 0;
	default:
		return EPASSTHROUGH;
	}
}

/*
 * error = ttioctl(tp, cmd, data, flag, l)
 *
 *	The ioctls of every tty; data has the size that cmd says.
 *	EPASSTHROUGH: not one of them.  TIOCDRAIN, TIOCSETAW and TIOCSETAF
 *	sleep until output is sent, TIOCMWAIT until a line moves; EINTR,
 *	ERESTART (closed or cancelled), EIO (output that never will be sent).
 *	ENOTTY: needs a controlling terminal.  EPERM: TIOCSTI.  No lock held.
 */
int
ttioctl(struct tty *tp, u_long cmd, void *data, int flag __unused,
    struct lwp *l)
{
	char name[TTLINEDNAMELEN];
	int error;

	switch (cmd) {
	case TIOCSETA:
	case TIOCSETAW:
	case TIOCSETAF:
		return ttysetattr(tp, data, cmd);
	case TIOCDRAIN:
		return ttywait(tp);
	case TIOCMWAIT:
		return ttymwait(tp, *(int *)data);
	case TIOCSETD:
		return ttysetdisc(tp, ttyldisc_lookup_bynum(*(int *)data));
	case TIOCSLINED:
		(void)strlcpy(name, data, sizeof(name));
		return ttysetdisc(tp, ttyldisc_lookup(name));
	case TIOCSPORT:
		ttylock(tp);
		error = ttysetport(tp, data, l);
		ttyunlock(tp);
		return error;
	case TIOCSQSIZE:
		return ttysetqsize(tp, *(int *)data);
	case FIONBIO:
		return 0;
	case FIOASYNC:
		return *(int *)data == 0 ? 0 : EOPNOTSUPP;
	case TIOCSTI:
		return EPERM;
	case FIOGETOWN:
	case FIOSETOWN:
	case TIOCGPGRP:
	case TIOCSPGRP:
	case TIOCGSID:
	case TIOCSCTTY:
	case TIOCNOTTY:
		return ENOTTY;
	default:
		ttylock(tp);
		error = ttioctl_locked(tp, cmd, data);
		ttyunlock(tp);
		return error;
	}
}
