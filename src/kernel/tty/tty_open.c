/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tty_open.c - terminals: open and close, and all that lies between.
 *
 *	closed	t_state 0 but for carrier
 *	ttyopen		waits for carrier (dial-in) or for the dial-out user
 *			to go; t_wopen counts the sleepers
 *	ttylopen	TS_ISOPEN
 *	ttycancel	TS_CANCEL: every sleep, present and future, ends with
 *			ERESTART, and ttyopen does too
 *	ttylclose	output drains, in bounded time (tty_drain.c)
 *	ttyclose	closed; TS_CANCEL is over; t_gen has moved on
 *
 * Locks: ttylock, as tty.c says.
 */
#include <sys/param.h>
#include <sys/fcntl.h>
#include <sys/kauth.h>
#include <sys/lwp.h>
#include <sys/systm.h>
#include <sys/tty.h>

#include "tty/tty_impl.h"

/*
 * error = tty_exclusive(tp, l)
 *
 *	For d_open: EBUSY if the tty is open with TIOCEXCL in force and l may
 *	not go past that, else 0.
 */
int
tty_exclusive(struct tty *tp, struct lwp *l)
{
	bool excl;

	ttylock(tp);
	excl = ISSET(tp->t_state, TS_ISOPEN) && ISSET(tp->t_state, TS_XCLUDE);
	ttyunlock(tp);
	if (excl && kauth_authorize_device_tty(l->l_cred,
	    KAUTH_DEVICE_TTY_OPEN, tp) != 0)
		return EBUSY;
	return 0;
}

/*
 * error = ttyopen(tp, dialout, nonblock)
 *
 *	The common part of d_open, before l_open.  Dial-out never waits:
 *	EBUSY if the tty is open for dial-in.  Dial-in waits for carrier and
 *	for a dial-out user to close, or with nonblock does neither and gets
 *	EBUSY from that user.  Sleeps interruptibly: EINTR; ERESTART if the
 *	tty was closed or cancelled meanwhile, or is cancelled now.
 */
int
ttyopen(struct tty *tp, int dialout, int nonblock)
{
	int error = 0;

	ttylock(tp);
	if (ISSET(tp->t_state, TS_CANCEL))
		error = ERESTART;
	else if (dialout) {
		if (ISSET(tp->t_state, TS_ISOPEN) &&
		    !ISSET(tp->t_state, TS_DIALOUT))
			error = EBUSY;
		else
			SET(tp->t_state, TS_DIALOUT);
	} else if (nonblock) {
		if (ISSET(tp->t_state, TS_DIALOUT))
			error = EBUSY;
	} else {
		while (error == 0 && (ISSET(tp->t_state, TS_DIALOUT) ||
		    !CONNECTED(tp))) {
			tp->t_wopen++;
			error = ttysleep(tp, &tp->t_rawcv, true, 0);
			tp->t_wopen--;
		}
	}
	ttyunlock(tp);
	return error;
}

/*
 * error = ttylopen(dev, tp)
 *
 *	l_open of the termios line discipline: the tty is open.  Always 0.
 */
int
ttylopen(dev_t dev, struct tty *tp)
{

	ttylock(tp);
	tp->t_dev = dev;
	if (!ISSET(tp->t_state, TS_ISOPEN)) {
		SET(tp->t_state, TS_ISOPEN);
		memset(&tp->t_winsize, 0, sizeof(tp->t_winsize));
		tp->t_column = tp->t_rocount = tp->t_rocol = 0;
	}
	ttyunlock(tp);
	return 0;
}

/*
 * error = ttylclose(tp, flag)
 *
 *	l_close: with FNONBLOCK in flag, or if TIOCSPORT says so, drop both
 *	queues, else let output drain for as long as it moves (see the head of
 *	this file) and drop input.  Sleeps.  Always 0.
 */
int
ttylclose(struct tty *tp, int flag)
{

	ttylock(tp);
	if (ISSET(flag, FNONBLOCK) || tp->t_port.tp_closing_wait == 0)
		ttyflush(tp, FREAD | FWRITE);
	else {
		ttyclosedrain(tp);
		ttyflush(tp, FREAD);
	}
	ttyunlock(tp);
	return 0;
}

/*
 * error = ttyclose(tp)
 *
 *	The tty is closed: queues empty, state gone, TIOCEXCL and TS_CANCEL
 *	over, sleepers of this use end with ERESTART.  For a failed first open
 *	too.  Does not sleep.  Always 0.
 */
int
ttyclose(struct tty *tp)
{

	ttylock(tp);
	ttyflush(tp, FREAD | FWRITE);
	ndflush(&tp->t_outq, tp->t_outq.c_cc);	/* START, if that was due */
	tp->t_gen++;
	tp->t_state = 0;
	tp->t_pace = 0;
	CLR(tp->t_flags, TF_XOFFSENT | TF_HWBLOCK | TF_USRSTOP);
	ttywakeall(tp);
	ttyunlock(tp);
	return 0;
}

/*
 * ttycancel(tp)
 *
 *	For d_cancel: until ttyclose, whoever sleeps on the tty or is about to
 *	answers ERESTART, and so does ttyopen.  The drain of ttylclose is not
 *	meant.  Does not sleep, may be called any number of times.
 */
void
ttycancel(struct tty *tp)
{

	ttylock(tp);
	SET(tp->t_state, TS_CANCEL);
	ttywakeall(tp);
	ttyunlock(tp);
}

/*
 * ttyhangup(tp)
 *
 *	For a driver's detach, before vdevgone(): the hardware is gone.  The
 *	line counts as not connected from now on, sleepers answer ERESTART, a
 *	drain in progress ends.  Does not sleep.
 */
void
ttyhangup(struct tty *tp)
{

	ttylock(tp);
	CLR(tp->t_state, TS_CARR_ON);
	CLR(tp->t_cflag, CLOCAL | MDMBUF);
	SET(tp->t_flags, TF_HANGUP);
	tp->t_gen++;
	ttywakeall(tp);
	ttyunlock(tp);
}
