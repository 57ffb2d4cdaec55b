/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ucom_modem.c - ucom(4): requests, modem lines, the chip's own buffer.
 *
 * Two rules keep what is asked of the parent in order.  Requests (lines to
 * set, settings, is the transmitter empty?) are made by the holder of the
 * control token, one at a time.  The state of the incoming lines is asked for
 * by one thread at a time (sc_msr_busy), which passes changes on to the tty.
 *
 * Locks: sc_lock, held for moments only; see ucom.c.
 */
#include <sys/param.h>
#include <sys/ioctl.h>
#include <sys/kernel.h>
#include <sys/lwp.h>
#include <sys/systm.h>

#include "drivers/ucom_impl.h"

/* Waiting for the chip's own buffer: its size, longest wait, pause. */
#define	UCOM_TXCHARS	512
#define	UCOM_TXEMPTY_S	10
#define	UCOM_TXPOLL_MS	5

/*
 * sc_lock held: is a client's call that is in here over?  ERESTART when it
 * is: the node that it came by is being closed, or the hardware is gone.  That
 * node is the one in sc_open, and stays it until ucomclose, which waits for
 * the call.
 */
static int
ucom_over(const struct ucom_softc *sc)
{

	KASSERT(mutex_owned(&sc->sc_lock));
	return sc->sc_dying || ISSET(sc->sc_closing, sc->sc_open) ? ERESTART :
	    0;
}

/*
 * error = ucom_ctl_enter(sc, catch)
 * ucom_ctl_enter_own(sc)
 * ucom_ctl_exit(sc)
 *
 *	Take and give back the control token: the right to call the
 *	methods that send requests.  A token and not a mutex, because its
 *	holder sleeps.  How long somebody has it is bounded by the timeouts of
 *	one call's requests.
 *
 *	ucom_ctl_enter is for clients, who queue here behind each other.
 *	ERESTART: d_cancel of their node or a detach has come, and whoever has
 *	not got the token by then never gets it:
 *
 *	client 1		client 2		revoke
 *	has the token: asks
 *				waits for it
 *							sc_closing, wakes
 *				ERESTART
 *	is answered, gives
 *	  it back
 *							drained; d_close
 *
 *	If catch, EINTR and ERESTART as well (cv_wait_sig): for all but what
 *	ends something, a break, which must not go on because of a signal.
 *
 *	ucom_ctl_enter_own is for who brings the line up or down (state
 *	OPENING).  It never fails: sc_closing is set for its sake, and what it
 *	asks for, DTR to drop, is what has to come after d_cancel.
 */
int
ucom_ctl_enter(struct ucom_softc *sc, bool catch)
{
	int error;

	mutex_enter(&sc->sc_lock);
	error = ucom_over(sc);
	while (error == 0 && sc->sc_ctlbusy) {
		if (catch)
			error = cv_wait_sig(&sc->sc_ctlcv, &sc->sc_lock);
		else
			cv_wait(&sc->sc_ctlcv, &sc->sc_lock);
		if (error == 0)
			error = ucom_over(sc);
	}
	if (error == 0)
		sc->sc_ctlbusy = true;
	mutex_exit(&sc->sc_lock);
	return error;
}

void
ucom_ctl_enter_own(struct ucom_softc *sc)
{

	mutex_enter(&sc->sc_lock);
	while (sc->sc_ctlbusy)
		cv_wait(&sc->sc_ctlcv, &sc->sc_lock);
	sc->sc_ctlbusy = true;
	mutex_exit(&sc->sc_lock);
}

void
ucom_ctl_exit(struct ucom_softc *sc)
{

	mutex_enter(&sc->sc_lock);
	KASSERT(sc->sc_ctlbusy);
	sc->sc_ctlbusy = false;
	/* All: one alone might be one that does not want it any more. */
	cv_broadcast(&sc->sc_ctlcv);
	mutex_exit(&sc->sc_lock);
}

/*
 * error = ucom_parent_open(sc)
 * ucom_parent_close(sc)
 *
 *	The parent's ucom_open and ucom_close; state OPENING, no lock held.
 *	Sleep.  The errors of ucom_open; only after 0 is there a ucom_close.
 *	They need the token although no client is in here: NetBSD's older
 *	semantics close without the drain, under a request.
 *
 *	client				revoke, no drain
 *	has the token: a break
 *					d_close: waits for the token
 *	is answered, gives it back
 *					ucom_close
 */
int
ucom_parent_open(struct ucom_softc *sc)
{
	int error = 0;

	if (sc->sc_methods->ucom_open != NULL) {
		ucom_ctl_enter_own(sc);
		error = sc->sc_methods->ucom_open(sc->sc_parent,
		    sc->sc_portno);
		ucom_ctl_exit(sc);
	}
	sc->sc_parent_open = error == 0;
	return error;
}

void
ucom_parent_close(struct ucom_softc *sc)
{

	if (sc->sc_parent_open && sc->sc_methods->ucom_close != NULL) {
		ucom_ctl_enter_own(sc);
		sc->sc_methods->ucom_close(sc->sc_parent, sc->sc_portno);
		ucom_ctl_exit(sc);
	}
	sc->sc_parent_open = false;
}

/*
 * error = ucom_mcr(sc, mask, value)
 *
 *	Set the lines (UMCR_*) in mask as in value; both together, because
 *	boards take what lies between for a reset: an ESP32's RTS without
 *	DTR.  A driver that knows only one of them at a time is asked twice
 *	without a pause.  What was not done is not said to be set; but a close
 *	drops what may be, if only the answer was lost.  The caller has the
 *	control token.  Sleeps.  EOPNOTSUPP: the device refuses it; EIO.
 */
int
ucom_mcr(struct ucom_softc *sc, u_int mask, u_int value)
{
	const struct ucom_methods *const um = sc->sc_methods;
	int error = 0;

	if (um->ucom_set_lines != NULL)
		error = um->ucom_set_lines(sc->sc_parent, sc->sc_portno, mask,
		    value & mask);
	else if (um->ucom_set != NULL) {
		if (ISSET(mask, UMCR_DTR))
			um->ucom_set(sc->sc_parent, sc->sc_portno,
			    UCOM_SET_DTR, ISSET(value, UMCR_DTR) != 0);
		if (ISSET(mask, UMCR_RTS))
			um->ucom_set(sc->sc_parent, sc->sc_portno,
			    UCOM_SET_RTS, ISSET(value, UMCR_RTS) != 0);
	}
	mutex_enter(&sc->sc_lock);
	if (error == 0) {
		sc->sc_mcr = (sc->sc_mcr & ~mask) | (value & mask);
		sc->sc_mcrlost &= ~mask;
	} else if (error == EIO)
		sc->sc_mcrlost |= value & mask;
	mutex_exit(&sc->sc_lock);
	return error;
}

/*
 * error = ucom_break_send(sc, onoff)
 *
 *	Begin or end a break.  One whose answer is lost may have begun, too, so
 *	that the close ends it; an end whose answer is lost is none.  The caller
 *	has the control token.  Sleeps.  EOPNOTSUPP: the device refuses it, or
 *	has none; EIO.
 */
int
ucom_break_send(struct ucom_softc *sc, int onoff)
{
	const struct ucom_methods *const um = sc->sc_methods;
	int error = 0;

	if (um->ucom_set_break != NULL)
		error = um->ucom_set_break(sc->sc_parent, sc->sc_portno,
		    onoff);
	else if (um->ucom_set != NULL)
		um->ucom_set(sc->sc_parent, sc->sc_portno, UCOM_SET_BREAK,
		    onoff);
	else
		error = EOPNOTSUPP;
	mutex_enter(&sc->sc_lock);
	if (error == 0 || (error == EIO && onoff != 0))
		sc->sc_break = onoff != 0;
	mutex_exit(&sc->sc_lock);
	return error;
}

/*
 * ucom_break_end(sc)
 *
 *	The line is brought down, or up after a daemon that was killed: a break
 *	that was left on ends, where chips would go on until somebody else's
 *	settings.  It is asked for once.  State OPENING.  Sleeps.
 */
void
ucom_break_end(struct ucom_softc *sc)
{
	bool on;

	mutex_enter(&sc->sc_lock);
	on = sc->sc_break && !sc->sc_dying;
	mutex_exit(&sc->sc_lock);
	if (!on)
		return;
	ucom_ctl_enter_own(sc);
	(void)ucom_break_send(sc, 0);
	ucom_ctl_exit(sc);
	mutex_enter(&sc->sc_lock);
	sc->sc_break = false;
	mutex_exit(&sc->sc_lock);
}

/*
 * error = ucom_break(sc, onoff)
 *
 *	Begin or end a break, for a client.  Sleeps; a signal does not keep a
 *	break from its end.  Those of ucom_break_send and ucom_ctl_enter.
 *
 *	That one is on is kept before it begins (ucom_state.c), and not any more
 *	when it has ended, or was refused.
 */
int
ucom_break(struct ucom_softc *sc, int onoff)
{
	bool was;
	int error;

	error = ucom_ctl_enter(sc, onoff != 0);
	if (error)
		return error;
	mutex_enter(&sc->sc_lock);
	was = sc->sc_break;
	sc->sc_break |= onoff != 0;
	mutex_exit(&sc->sc_lock);
	if (onoff != 0)
		ucom_state_put(sc);
	error = ucom_break_send(sc, onoff);
	if (onoff != 0 && error == EOPNOTSUPP) {
		mutex_enter(&sc->sc_lock);
		sc->sc_break = was;
		mutex_exit(&sc->sc_lock);
	}
	if (onoff == 0 || error != 0)
		ucom_state_put(sc);
	ucom_ctl_exit(sc);
	return error;
}

static int
ucom_msr_to_tiocm(u_int msr)
{

	return (ISSET(msr, UMSR_CTS) ? TIOCM_CTS : 0) |
	    (ISSET(msr, UMSR_DCD) ? TIOCM_CD : 0) |
	    (ISSET(msr, UMSR_DSR) ? TIOCM_DSR : 0) |
	    (ISSET(msr, UMSR_RI) ? TIOCM_RI : 0);
}

/*
 * ucom_ask_status(sc, force)
 *
 *	Ask the parent until its answer cannot be out of date, and pass
 *	changes on; with force, tell the tty even what it knows.  Any thread;
 *	no lock of ucom or the tty.  Where transfers run the caller calls
 *	ucom_feed next.
 *
 *	thread 1			thread 2
 *	asks: carrier on
 *					line drops; asks: carrier off
 *					l_modem(tp, 0)
 *	l_modem(tp, 1)			the tty believes a dead line
 *
 * so only one thread is here at a time, and it asks again if another one
 * wanted to.
 */
void
ucom_ask_status(struct ucom_softc *sc, bool force)
{
	struct tty *tp = sc->sc_tty;
	u_char lsr, msr, change;
	int lines;

	mutex_enter(&sc->sc_lock);
	sc->sc_msr_ask = true;
	sc->sc_msr_force |= force;
	if (sc->sc_msr_busy) {
		mutex_exit(&sc->sc_lock);
		return;
	}
	sc->sc_msr_busy = true;
	while (sc->sc_msr_ask) {
		sc->sc_msr_ask = false;
		force = sc->sc_msr_force;
		sc->sc_msr_force = false;
		mutex_exit(&sc->sc_lock);

		lsr = 0;
		msr = UMSR_DCD | UMSR_DSR | UMSR_CTS;
		if (sc->sc_methods->ucom_get_status != NULL)
			sc->sc_methods->ucom_get_status(sc->sc_parent,
			    sc->sc_portno, &lsr, &msr);

		mutex_enter(&sc->sc_lock);
		change = sc->sc_msr ^ msr;
		sc->sc_msr = msr;
		if (ISSET(msr, UMSR_CTS))
			sc->sc_oheld = false;
		lines = ucom_msr_to_tiocm(msr);
		if (ISSET(sc->sc_swflags, TIOCFLAG_SOFTCAR))
			SET(msr, UMSR_DCD);
		mutex_exit(&sc->sc_lock);
		if (force || ISSET(change, UMSR_DCD))
			(void)(*tp->t_linesw->l_modem)(tp,
			    ISSET(msr, UMSR_DCD) != 0);
		if (force || change != 0)
			ttymstatus(tp, lines);
		mutex_enter(&sc->sc_lock);
	}
	sc->sc_msr_busy = false;
	cv_broadcast(&sc->sc_statecv);
	mutex_exit(&sc->sc_lock);
}

void
ucom_lines_moved(struct ucom_softc *sc, u_char msr)
{

	if (sc->sc_tty != NULL && msr != 0)
		ttympulse(sc->sc_tty, ucom_msr_to_tiocm(msr));
}

int
ucom_to_tiocm(struct ucom_softc *sc)
{
	int lines;

	mutex_enter(&sc->sc_lock);
	lines = ucom_msr_to_tiocm(sc->sc_msr) |
	    (ISSET(sc->sc_mcr, UMCR_DTR) ? TIOCM_DTR : 0) |
	    (ISSET(sc->sc_mcr, UMCR_RTS) ? TIOCM_RTS : 0);
	mutex_exit(&sc->sc_lock);
	return lines;
}

u_int
ucom_tiocm_to_mcr(int lines)
{

	return (ISSET(lines, TIOCM_DTR) ? UMCR_DTR : 0) |
	    (ISSET(lines, TIOCM_RTS) ? UMCR_RTS : 0);
}

/*
 * error = ucom_txempty_now(sc, intr, &empty)
 *
 *	Has the chip sent what is in its own buffer?  Asks once; sleeps for
 *	the request.  A chip that cannot be asked counts as empty.  If intr,
 *	for a client: those of ucom_ctl_enter.
 */
int
ucom_txempty_now(struct ucom_softc *sc, bool intr, int *empty)
{
	int error;

	*empty = 1;
	if (sc->sc_methods->ucom_txempty == NULL)
		return 0;
	if (!intr)
		ucom_ctl_enter_own(sc);
	else if ((error = ucom_ctl_enter(sc, true)) != 0)
		return error;
	*empty = sc->sc_methods->ucom_txempty(sc->sc_parent, sc->sc_portno);
	mutex_enter(&sc->sc_lock);
	sc->sc_oheld = *empty == 0 && ucom_txstopped(sc);
	mutex_exit(&sc->sc_lock);
	ucom_ctl_exit(sc);
	return 0;
}

/*
 * yes = ucom_txstopped(sc)
 *
 *	CTS stops the chip's transmitter, as far as its lines are known; sc_lock
 *	held.  What it is given meanwhile stays in its buffer (sc_oheld), which
 *	is what a close waits for, and nobody has to ask for that.
 */
bool
ucom_txstopped(const struct ucom_softc *sc)
{

	return sc->sc_octs && !ISSET(sc->sc_msr, UMSR_CTS) &&
	    sc->sc_methods->ucom_txempty != NULL;
}

/*
 * ms = ucom_txleft(sc)
 *
 *	How many ms more a chip is believed that says it is still sending:
 *	from the end of the last transfer as many as UCOM_TXCHARS characters
 *	take, but not more than UCOM_TXEMPTY_S; sc_lock held.
 */
u_int
ucom_txleft(const struct ucom_softc *sc)
{
	const u_int all = MIN(UCOM_TXCHARS * 1000 / sc->sc_ocps + 1000,
	    UCOM_TXEMPTY_S * 1000);
	const u_int over = getticks() - sc->sc_odone;

	return over < all ? all - over : 0;
}

/*
 * error = ucom_txbusy(sc, &busy)
 *
 *	For a client: would ucom_txempty wait?  Asks the chip, but not on a
 *	line that has been idle for so long that the answer does not count.
 *	Sleeps for the request.  Those of ucom_ctl_enter.
 */
int
ucom_txbusy(struct ucom_softc *sc, int *busy)
{
	u_int left;
	int error, empty = 1;

	mutex_enter(&sc->sc_lock);
	left = ucom_txleft(sc);
	mutex_exit(&sc->sc_lock);
	error = left != 0 ? ucom_txempty_now(sc, true, &empty) : 0;
	*busy = !empty;
	return error;
}

/*
 * error = ucom_txempty(sc, intr)
 *
 *	Wait until the chip has sent what is in its own buffer.  A chip can
 *	only be asked, so this asks every few milliseconds, as long as
 *	ucom_txleft says when it is called.  EINTR; ERESTART: this lwp may not
 *	sleep, or, if intr, for a client: the node is being closed.
 */
int
ucom_txempty(struct ucom_softc *sc, bool intr)
{
	bool again;
	u_int end;
	int error, empty;

	if (sc->sc_methods->ucom_txempty == NULL)
		return 0;
	mutex_enter(&sc->sc_lock);
	end = getticks() + ucom_txleft(sc);
	mutex_exit(&sc->sc_lock);
	for (;;) {
		error = ucom_txempty_now(sc, intr, &empty);
		if (error)
			return error;
		again = false;
		mutex_enter(&sc->sc_lock);
		/* A chip that is gone says it is empty: that is not "sent". */
		if (sc->sc_dying || (intr && ucom_over(sc) != 0))
			error = ERESTART;
		else if (empty || (int)(end - getticks()) <= 0)
			error = 0;
		else {
			error = cv_timedwait_sig(&sc->sc_statecv,
			    &sc->sc_lock, mstohz(UCOM_TXPOLL_MS));
			again = error == 0 || error == EWOULDBLOCK;
		}
		mutex_exit(&sc->sc_lock);
		if (!again)
			return error;
	}
}
