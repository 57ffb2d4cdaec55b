/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ucom_open.c - ucom(4): open, d_cancel and close of the two nodes of a line.
 *
 * States (sc_state; changes are broadcast on sc_statecv)
 *	DEAD		attach failed; opens end with ENXIO
 *	ATTACHED	nobody uses it, the hardware rests
 *	OPENING		one thread brings the hardware up or down
 *	OPEN		the hardware runs: reads are in flight
 *
 *	Apart from that:
 *	sc_open		the minors that are open (UCOM_DIALIN, UCOM_DIALOUT);
 *			at most one of them
 *	sc_closing	the minors between d_cancel and d_close; while it is
 *			not 0, opens of the other one wait
 *	sc_draining	those of them that send what was written first; for
 *			these an open with O_NONBLOCK does not wait long
 *	sc_nopeners	threads in ucomopen that rely on the hardware;
 *			sc_ndialout of them for dial-out
 *	sc_kind		for which of the two nodes the hardware is up, so
 *			whose mode (CLOCAL!) the line has; 0: the chip did
 *			not take the mode, the line has nobody's
 *	sc_upfails	how often bringing it up has failed, sc_uperror with
 *	sc_dying	the hardware is gone: opens end with ENXIO
 *
 *	The hardware is brought up by the first opener, before it waits for
 *	carrier, so that a dial-out open succeeds meanwhile: that one gives
 *	the line its own mode.  Never may a dial-in open see the CLOCAL of a
 *	dial-out node, and think that the line is connected:
 *
 *	dial-out			dial-in
 *	hardware up, CLOCAL
 *					sc_kind is not mine: wait
 *	in sc_open
 *					wait for carrier and its end
 *
 *	and if the dial-out open fails, those who wait start again, the
 *	hardware goes down, and comes up with the mode of dial-in.  It is
 *	brought down by ucomclose, or by the last of the openers if all of them
 *	failed.  The pause after a hang-up is made by the next open.
 *
 *	Hardware that does not come up is down again before anybody else
 *	sees it: OPEN is said of nothing but hardware that runs.  Who waits
 *	meanwhile gets the same error, as all have asked for the same thing
 *	at the same time; so an adapter that does not answer is asked once,
 *	and not once for each, one timeout after the other:
 *
 *	first open			second open
 *	OPENING
 *					waits for the end of that
 *	does not come up
 *	down again, ATTACHED, EIO
 *					sc_upfails has changed: EIO
 *
 *	An error that only the mode of one node has made (EINVAL) is not
 *	the other one's: that begins again.
 *
 * Locks: see ucom.c.
 */
#include <sys/param.h>
#include <sys/conf.h>
#include <sys/device.h>
#include <sys/fcntl.h>
#include <sys/kernel.h>
#include <sys/proc.h>
#include <sys/systm.h>

#include "drivers/ioconf.h"
#include "drivers/ucom_impl.h"

/* ---- open ----------------------------------------------------------- */

/*
 * The rest of the second after a hang-up, in ticks; 0 if it is over.
 */
static int
ucom_hup_ticks(struct ucom_softc *sc)
{
	struct timeval now, delta;

	KASSERT(mutex_owned(&sc->sc_lock));
	if (!timerisset(&sc->sc_hup_time))
		return 0;
	microuptime(&now);
	if (!timercmp(&now, &sc->sc_hup_time, <)) {
		timerclear(&sc->sc_hup_time);
		return 0;
	}
	timersub(&sc->sc_hup_time, &now, &delta);
	return MAX(1, mstohz(delta.tv_sec * 1000 +
	    howmany(delta.tv_usec, 1000)));
}

/*
 * ms until all output is sent; no lock held.  See tty_sent_ms.  The tty knows
 * nothing of what the chip has, which a close waits for as long as ucom_txleft
 * says, and CTS may hold up.
 */
static u_int
ucom_sent_ms(struct ucom_softc *sc)
{
	struct tty *tp = sc->sc_tty;
	const u_int ms = tty_sent_ms(tp, ucom_outq(sc));
	bool held;

	ttylock(tp);
	held = tp->t_port.tp_closing_wait != 0;
	mutex_enter(&sc->sc_lock);
	held = held && sc->sc_oheld && ucom_txleft(sc) != 0;
	mutex_exit(&sc->sc_lock);
	ttyunlock(tp);
	return held ? LWP_NEVER : ms;
}

/* What an opener has to do before it opens the tty; state OPENING. */
enum ucom_task {
	UCOM_NOTHING,
	UCOM_MODE,		/* the hardware is up for the other node */
	UCOM_UP
};

/* sc_lock held: nobody has the hardware, but openers of the other node. */
static bool
ucom_up_for_other(const struct ucom_softc *sc, u_int kind)
{

	return sc->sc_state == UCOM_OPEN && sc->sc_open == 0 &&
	    sc->sc_kind != kind;
}

/*
 * error = ucom_await_up(sc, kind)
 *
 *	Another thread brings the hardware up or down: wait for the end of
 *	that.  ERESTART: begin again.  Or what that one got, EINTR.
 *	sc_lock held.
 */
static int
ucom_await_up(struct ucom_softc *sc, u_int kind)
{
	const u_int fails = sc->sc_upfails;
	int error;

	do {
		error = cv_wait_sig(&sc->sc_statecv, &sc->sc_lock);
		if (error)
			return error;
	} while (sc->sc_state == UCOM_OPENING && sc->sc_upfails == fails &&
	    !ISSET(sc->sc_closing, kind) && !sc->sc_dying);
	if (sc->sc_upfails != fails && sc->sc_uperror == EIO)
		return EIO;
	return ERESTART;
}

/*
 * error = ucom_await_close(sc, kind, sent)
 *
 *	An open with O_NONBLOCK, and the other node is closing: wait for the
 *	end of that as specfs does for one of the same node (spec_close.c).
 *	sent: in how many ms all will have been sent.  ERESTART: begin again.
 *	EWOULDBLOCK: that takes too long; EINTR.  sc_lock held.
 */
static int
ucom_await_close(struct ucom_softc *sc, u_int kind, u_int sent)
{
	const u_int end = getticks() + LWP_NBWAIT_MS;
	int error, left = LWP_NBWAIT_MS;

	if (sc->sc_draining != 0 && sent > LWP_NBWAIT_MS)
		return EWOULDBLOCK;
	do {
		error = cv_timedwait_sig(&sc->sc_statecv, &sc->sc_lock,
		    mstohz((u_int)left));
		if (error)
			return error;
		left = MAX(1, (int)(end - getticks()));
	} while (sc->sc_closing != 0 && !ISSET(sc->sc_closing, kind) &&
	    !sc->sc_dying);
	return ERESTART;
}

/*
 * error = ucom_admit(sc, kind, flag, excl, sent, &task)
 *
 *	May this open go on?  excl: what tty_exclusive() said; sent: see
 *	ucom_await_close.  0: yes; the caller is counted in sc_nopeners, and
 *	unless *task is UCOM_NOTHING it must do that, for which the state is
 *	OPENING now.  After a sleep the answer is never 0 but ERESTART,
 *	because the node may have been revoked meanwhile; EWOULDBLOCK, EINTR.
 *	Called with sc_lock held.
 */
static int
ucom_admit(struct ucom_softc *sc, u_int kind, int flag, int excl, u_int sent,
    enum ucom_task *task)
{
	int error, ticks;

	KASSERT(mutex_owned(&sc->sc_lock));
	if (sc->sc_dying || sc->sc_state == UCOM_DEAD ||
	    !device_is_active(sc->sc_dev))
		return ENXIO;
	/*
	 * open				revoke
	 * counted by specfs
	 *				ucomcancel: wakes who sleeps here
	 * comes here			drain: waits for this open
	 *
	 * Our own ucomclose comes after the drain, so there is no waiting
	 * for it here; whoever starts again waits outside.
	 */
	if (ISSET(sc->sc_closing, kind))
		return ERESTART;
	/* Before the next: a close that drains is OPENING, for minutes. */
	if (sc->sc_closing != 0 && ISSET(flag, FNONBLOCK))
		return ucom_await_close(sc, kind, sent);
	if (sc->sc_state == UCOM_OPENING)
		return ucom_await_up(sc, kind);
	if (sc->sc_closing != 0 ||
	    (kind == UCOM_DIALIN && ucom_up_for_other(sc, kind))) {
		error = cv_wait_sig(&sc->sc_statecv, &sc->sc_lock);
		return error ? error : ERESTART;
	}
	/*
	 * TIOCEXCL is a word between those who share the line.  It ended
	 * with the user who said it, and a dial-in open that waits for
	 * dial-out shares nothing with it:
	 *
	 *	dial-in				dial-out, TIOCEXCL
	 *	tty_exclusive: EBUSY
	 *					close: the tty is nobody's
	 *	sc_open is 0: goes on
	 */
	if (excl && sc->sc_open != 0 && (kind == UCOM_DIALOUT ||
	    ISSET(flag, FNONBLOCK) || ISSET(sc->sc_open, UCOM_DIALIN)))
		return excl;
	*task = UCOM_NOTHING;
	if (sc->sc_state == UCOM_ATTACHED) {
		ticks = ucom_hup_ticks(sc);
		if (ticks != 0 && !ISSET(flag, FNONBLOCK)) {
			error = cv_timedwait_sig(&sc->sc_statecv,
			    &sc->sc_lock, ticks);
			if (error == EWOULDBLOCK)
				error = 0;
			return error ? error : ERESTART;
		}
		*task = UCOM_UP;
	} else if (ucom_up_for_other(sc, kind))
		*task = UCOM_MODE;
	if (*task != UCOM_NOTHING) {
		sc->sc_state = UCOM_OPENING;
		sc->sc_kind = kind;	/* before the mode is changed */
	}
	sc->sc_nopeners++;
	if (kind == UCOM_DIALOUT)
		sc->sc_ndialout++;
	return 0;
}

/*
 * error = ucom_up(sc, dev)
 *
 *	Bring the hardware up; state OPENING, no lock held.  Sleeps.  After
 *	an error ucom_down has to clean up.
 */
static int
ucom_up(struct ucom_softc *sc, dev_t dev)
{
	u_int mask, value;
	int error;

	ucom_line_begin(sc);
	if (sc->sc_again)
		return ucom_park_up(sc, UCOM_KIND(dev));
	ucom_park_drop(sc);
	error = ucom_parent_open(sc);
	if (error)
		return error;
	/* Of a daemon that was killed; the token's, which nobody has. */
	if (sc->sc_break)
		ucom_break_end(sc);
	ucom_state_up(sc);

	error = ucom_mode(sc, dev);
	if (error)
		return error;

	/* A device that refuses this works without, see ucom_mode. */
	mask = ucom_line_pins(sc, &value);
	if (mask != 0) {
		ucom_ctl_enter_own(sc);
		error = ucom_mcr(sc, mask, value);
		ucom_ctl_exit(sc);
		if (error && error != EOPNOTSUPP)
			return error;
	}
	ucom_ask_status(sc, true);

	ucom_io_start(sc);
	return 0;
}

/*
 * ucom_down(sc, flag)
 *
 *	Bring the hardware down; state OPENING, no lock held.  Sleeps: for
 *	output to drain, unless flag has FNONBLOCK, and for the requests, in
 *	bounded time both.
 */
static void
ucom_down(struct ucom_softc *sc, int flag)
{
	struct tty *tp = sc->sc_tty;
	struct tty_port port;
	struct timeval low;
	u_int mask, unused;
	bool hup, raised;

	mask = ucom_line_pins(sc, &unused);
	(*tp->t_linesw->l_close)(tp, flag);
	ttylock(tp);
	port = tp->t_port;
	hup = ISSET(tp->t_cflag, HUPCL) != 0;
	ttyunlock(tp);
	if (!ISSET(flag, FNONBLOCK) && port.tp_closing_wait != 0)
		ucom_txempty(sc, false);
	ttyclose(tp);

	ucom_io_stop(sc);

	mutex_enter(&sc->sc_lock);
	raised = !sc->sc_dying &&
	    ISSET(sc->sc_mcr | sc->sc_mcrlost, mask) != 0;
	mutex_exit(&sc->sc_lock);
	/* One that has not even answered is not asked to drop its lines. */
	if (hup && raised) {
		/* Both: a board may take RTS alone for a reset. */
		ucom_ctl_enter_own(sc);
		(void)ucom_mcr(sc, mask, 0);
		ucom_ctl_exit(sc);
		low.tv_sec = port.tp_close_delay / 1000;
		low.tv_usec = port.tp_close_delay % 1000 * 1000;
		mutex_enter(&sc->sc_lock);
		microuptime(&sc->sc_hup_time);
		timeradd(&sc->sc_hup_time, &low, &sc->sc_hup_time);
		mutex_exit(&sc->sc_lock);
	}
	ucom_break_end(sc);
	ucom_parent_close(sc);
}

/*
 * error = ucom_wait_carrier(sc)
 *
 *	A blocking dial-in open waits until no dial-out user is there and
 *	the line is connected.  ERESTART when something is being closed or
 *	is gone, or a dial-out open has failed; EINTR.
 *
 *	opener				ucomcancel
 *	ttylock
 *	sc_closing == 0
 *					sc_closing |= kind
 *	ttysleep, gives the tty lock up
 *					ttylock, wakes t_rawcv
 *
 * The tty lock makes the question and going to sleep one step.
 */
static int
ucom_wait_carrier(struct ucom_softc *sc)
{
	struct tty *tp = sc->sc_tty;
	bool stop, mine;
	int error = 0;

	ttylock(tp);
	while (error == 0) {
		mutex_enter(&sc->sc_lock);
		mine = sc->sc_kind == UCOM_DIALIN;
		stop = sc->sc_closing != 0 || sc->sc_dying || (!mine &&
		    sc->sc_open == 0 && sc->sc_ndialout == 0);
		mutex_exit(&sc->sc_lock);
		if (stop) {
			error = ERESTART;
			break;
		}
		if (mine && CONNECTED(tp))
			break;
		tp->t_wopen++;
		error = ttysleep(tp, &tp->t_rawcv, true, 0);
		tp->t_wopen--;
	}
	ttyunlock(tp);
	return error;
}

/*
 * A dial-out open failed after it had reserved the tty: let those who wait
 * for dial-in have it.
 */
static void
ucom_undo_dialout(struct ucom_softc *sc)
{
	struct tty *tp = sc->sc_tty;
	bool other;

	mutex_enter(&sc->sc_lock);
	other = ISSET(sc->sc_open, UCOM_DIALOUT) != 0;
	mutex_exit(&sc->sc_lock);
	if (other)
		return;
	ttylock(tp);
	CLR(tp->t_state, TS_DIALOUT);
	cv_broadcast(&tp->t_rawcv);
	ttyunlock(tp);
}

/* sc_lock held: is dial-out's use EBUSY for this dial-in open? */
static bool
ucom_is_busy(const struct ucom_softc *sc, int flag)
{

	return ISSET(flag, FNONBLOCK) && ISSET(sc->sc_open, UCOM_DIALOUT);
}

/*
 * error = ucom_open_tty(sc, dev, flag)
 *
 *	The tty's part of an open, with the hardware running.  0: the minor
 *	is in sc_open.
 *
 *	dial-in				dial-out
 *	there is a carrier
 *					sc_kind, mode, TS_DIALOUT
 *	l_open
 *					l_open
 *
 * The first one that comes to sc_lock wins, if the line has its mode;
 * dial-out gets EBUSY if it is not, and dial-in waits again.  With O_NONBLOCK
 * dial-in gets EBUSY from a dial-out user, but not from one who is on his way
 * and may fail, and then nobody had the line: it starts again, and waits for
 * what becomes of that.
 */
static int
ucom_open_tty(struct ucom_softc *sc, dev_t dev, int flag)
{
	struct tty *tp = sc->sc_tty;
	const u_int kind = UCOM_KIND(dev);
	int error;

	if (kind == UCOM_DIALIN && !ISSET(flag, FNONBLOCK)) {
		error = ucom_wait_carrier(sc);
		if (error)
			return error;
	}
	error = ttyopen(tp, kind == UCOM_DIALOUT, 1);
	if (error == EBUSY && kind == UCOM_DIALIN) {
		mutex_enter(&sc->sc_lock);
		if (!ucom_is_busy(sc, flag))
			error = ERESTART;
		mutex_exit(&sc->sc_lock);
	}
	if (error)
		return error;
	error = (*tp->t_linesw->l_open)(dev, tp);
	if (error == 0) {
		mutex_enter(&sc->sc_lock);
		if (sc->sc_closing != 0 || sc->sc_dying)
			error = ERESTART;
		else if (sc->sc_kind == kind && !ISSET(sc->sc_open, ~kind)) {
			SET(sc->sc_open, kind);
			/* What has come with the carrier. */
			ucom_feed_later(sc);
		} else if (kind == UCOM_DIALIN && !ucom_is_busy(sc, flag))
			error = ERESTART;
		else
			error = EBUSY;
		mutex_exit(&sc->sc_lock);
	}
	if (error && kind == UCOM_DIALOUT)
		ucom_undo_dialout(sc);
	return error;
}

/*
 * ucom_leave(sc, kind, down, flag)
 *
 *	One opener less, and if down the hardware is brought down before: the
 *	state is OPENING then, and the caller, the only opener, is counted
 *	until it is over, because ucomclose waits for that.  sc_lock held,
 *	given up meanwhile.  True: dial-in openers have to begin again, see
 *	ucom_wait_carrier.
 */
static bool
ucom_leave(struct ucom_softc *sc, u_int kind, bool down, int flag)
{
	bool restart = false;

	KASSERT(mutex_owned(&sc->sc_lock));
	KASSERT(sc->sc_nopeners > 0);
	if (down) {
		KASSERT(sc->sc_nopeners == 1 && sc->sc_open == 0);
		sc->sc_state = UCOM_OPENING;
		mutex_exit(&sc->sc_lock);
		ucom_down(sc, flag | FNONBLOCK);
		mutex_enter(&sc->sc_lock);
		sc->sc_state = UCOM_ATTACHED;
	}
	sc->sc_nopeners--;
	if (kind == UCOM_DIALOUT)
		restart = --sc->sc_ndialout == 0 && sc->sc_open == 0;
	cv_broadcast(&sc->sc_statecv);
	return restart;
}

/*
 * Leave ucomopen: the last of the openers brings the hardware down if none
 * of them succeeded.
 */
static void
ucom_open_done(struct ucom_softc *sc, u_int kind, int flag)
{
	bool restart;

	mutex_enter(&sc->sc_lock);
	restart = ucom_leave(sc, kind, sc->sc_nopeners == 1 &&
	    sc->sc_open == 0, flag);
	mutex_exit(&sc->sc_lock);
	if (restart) {
		ttylock(sc->sc_tty);
		cv_broadcast(&sc->sc_tty->t_rawcv);
		ttyunlock(sc->sc_tty);
	}
}

/*
 * error = ucom_open_up(sc, dev, flag)
 *
 *	Bring the hardware up; state OPENING, afterwards OPEN.  Sleeps.  After
 *	an error it is ATTACHED, and the caller is no opener any more: nobody
 *	else can be one, so that nobody has to be told but who waits.
 */
static int
ucom_open_up(struct ucom_softc *sc, dev_t dev, int flag)
{
	const int error = ucom_up(sc, dev);

	mutex_enter(&sc->sc_lock);
	if (error) {
		(void)ucom_leave(sc, UCOM_KIND(dev), true, flag);
		sc->sc_upfails++;
		sc->sc_uperror = error;
	} else
		sc->sc_state = UCOM_OPEN;
	cv_broadcast(&sc->sc_statecv);
	mutex_exit(&sc->sc_lock);
	return error;
}

/*
 * error = ucom_open_mode(sc, dev)
 *
 *	Give the line, which is up for the other node, the mode of this one;
 *	state OPENING, afterwards OPEN.  Sleeps.  After an error the line has
 *	nobody's mode, and the caller has to leave.
 */
static int
ucom_open_mode(struct ucom_softc *sc, dev_t dev)
{
	const int error = ucom_mode(sc, dev);

	mutex_enter(&sc->sc_lock);
	if (error)
		sc->sc_kind = 0;
	sc->sc_state = UCOM_OPEN;
	cv_broadcast(&sc->sc_statecv);
	mutex_exit(&sc->sc_lock);
	return error;
}

/*
 * ucomopen(dev, flag, mode, l)
 *
 *	open(2) of ttyUN or dtyUN.  The caller holds a reference to the
 *	device, so attach is over.  ENXIO: no hardware, or none that works.
 *	EBUSY: TIOCEXCL, or the other of the two nodes is in use.
 *	EWOULDBLOCK: FNONBLOCK, and the other has much to send at its close.
 *	ERESTART: slept; validate everything again and come back.  EINTR,
 *	and the chip's errors (EIO).
 */
int
ucomopen(dev_t dev, int flag, int mode __unused, struct lwp *l)
{
	struct ucom_softc *sc = device_lookup_private(&ucom_cd, UCOMUNIT(dev));
	const u_int kind = UCOM_KIND(dev);
	enum ucom_task task;
	int error, excl = 0;
	u_int sent = 0;
	bool again = false;

	/* Before sc_lock, as they take the tty's. */
	if (sc->sc_tty != NULL) {
		excl = ISSET(flag, FAGAIN) ? 0 : tty_exclusive(sc->sc_tty, l);
		if (ISSET(flag, FNONBLOCK))
			sent = ucom_sent_ms(sc);
	}
	mutex_enter(&sc->sc_lock);
	error = ucom_admit(sc, kind, flag, excl, sent, &task);
	mutex_exit(&sc->sc_lock);
	if (error)
		return error;

	if (task == UCOM_UP) {
		again = ISSET(flag, FAGAIN) && sc->sc_parked != NULL;
		sc->sc_again = again;
		error = ucom_open_up(sc, dev, flag);
		if (error)
			return error;
	} else if (task == UCOM_MODE)
		error = ucom_open_mode(sc, dev);
	if (error == 0)
		error = ucom_open_tty(sc, dev, flag);
	if (again)
		ucom_park_go(sc, error == 0);
	ucom_open_done(sc, kind, flag);
	return error;
}

/* ---- close ---------------------------------------------------------- */

/*
 * ucomcancel(dev, flag, mode, l)
 *
 *	Last close or revoke of one of the two nodes: everybody who sleeps in
 *	the driver on behalf of it comes out soon.  Does not wait.
 *
 *	When the other node is the one that is in use, nobody but openers can
 *	be in here for this one, and the users of the other one are left
 *	alone: a getty's revoke of ttyUN does not hang up a dial-out call.
 */
int
ucomcancel(dev_t dev, int flag, int mode __unused,
    struct lwp *l __unused)
{
	struct ucom_softc *sc = device_lookup_private(&ucom_cd, UCOMUNIT(dev));
	const u_int kind = UCOM_KIND(dev);
	struct tty *tp;
	bool other;

	if (sc == NULL || sc->sc_tty == NULL)
		return 0;
	tp = sc->sc_tty;
	mutex_enter(&sc->sc_lock);
	KASSERTMSG(!ISSET(sc->sc_closing, kind), "%s: closing %#x",
	    device_xname(sc->sc_dev), sc->sc_closing);
	SET(sc->sc_closing, kind);
	if (!ISSET(flag, FNONBLOCK))
		SET(sc->sc_draining, kind);
	other = ISSET(sc->sc_open, ~kind) != 0;
	cv_broadcast(&sc->sc_statecv);
	cv_broadcast(&sc->sc_ctlcv);
	mutex_exit(&sc->sc_lock);
	if (other) {
		ttylock(tp);
		cv_broadcast(&tp->t_rawcv);
		ttyunlock(tp);
	} else {
		ttycancel(tp);
		lwp_drains(ucom_sent_ms(sc));
	}
	return 0;
}

/*
 * ucomclose(dev, flag, mode, l)
 *
 *	After ucomcancel, when nobody is in the driver on behalf of this node
 *	any more, but possibly openers of the other one, which are on their
 *	way out.  Sends what was written, unless flag has FNONBLOCK, and
 *	brings the hardware down.  Sleeps in bounded time.
 */
int
ucomclose(dev_t dev, int flag, int mode __unused, struct lwp *l __unused)
{
	struct ucom_softc *sc = device_lookup_private(&ucom_cd, UCOMUNIT(dev));
	const u_int kind = UCOM_KIND(dev);

	if (sc == NULL || sc->sc_tty == NULL)
		return 0;
	mutex_enter(&sc->sc_lock);
	KASSERTMSG(ISSET(sc->sc_closing, kind), "%s: closing %#x",
	    device_xname(sc->sc_dev), sc->sc_closing);
	if (!ISSET(sc->sc_open, ~kind)) {
		while (sc->sc_nopeners != 0 || sc->sc_state == UCOM_OPENING)
			cv_wait(&sc->sc_statecv, &sc->sc_lock);
		if (sc->sc_state == UCOM_OPEN) {
			sc->sc_state = UCOM_OPENING;
			mutex_exit(&sc->sc_lock);
			ucom_save_termios(sc, kind);
			ucom_down(sc, flag);
			mutex_enter(&sc->sc_lock);
			sc->sc_state = UCOM_ATTACHED;
		} else {
			/* Never opened, or failed: end the ttycancel. */
			mutex_exit(&sc->sc_lock);
			ttyclose(sc->sc_tty);
			mutex_enter(&sc->sc_lock);
		}
		CLR(sc->sc_open, kind);
	}
	CLR(sc->sc_closing, kind);
	CLR(sc->sc_draining, kind);
	cv_broadcast(&sc->sc_statecv);
	mutex_exit(&sc->sc_lock);
	return 0;
}
