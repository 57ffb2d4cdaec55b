/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ucom_param.c - ucom(4): the mode of a line, in the tty, in the chip, and
 * kept for the next open.
 *
 * The chip is asked by the holder of the control token (ucom_modem.c).  What
 * is kept, and what the configuration says of the line (sc_line), belongs to
 * the thread in state OPENING (ucom_open.c).
 *
 * Locks: see ucom.c.
 */
#include <sys/param.h>
#include <sys/ioctl.h>
#include <sys/systm.h>

#include "drivers/ucom_impl.h"

/*
 * error = ucom_param_ask(sc, t, &rate)
 *
 *	Ask the chip for the settings of t; no lock held, but the control
 *	token.  Sleeps.  *rate: what it makes of the speed, 0 if that is not
 *	known.  EOPNOTSUPP: the device refuses them; EINVAL: it cannot make
 *	them; EIO.
 */
int
ucom_param_ask(struct ucom_softc *sc, const struct termios *t, int *rate)
{
	struct termios chip = *t;
	int error;

	*rate = 0;
	if (t->c_ospeed == 0 || sc->sc_methods->ucom_param == NULL)
		return 0;
	error = sc->sc_methods->ucom_param(sc->sc_parent, sc->sc_portno,
	    &chip);
	if (error == 0)
		*rate = chip.c_ospeed;
	return error;
}

/*
 * The line is like t now, at that rate: tell the tty and the output; no lock
 * held.
 */
void
ucom_param_set(struct ucom_softc *sc, const struct termios *t, int rate)
{
	struct tty *tp = sc->sc_tty;

	ttylock(tp);
	tp->t_ispeed = 0;
	tp->t_ospeed = t->c_ospeed;
	tp->t_cflag = t->c_cflag;
	ttyrate(tp, rate);
	ttyunlock(tp);

	mutex_enter(&sc->sc_lock);
	sc->sc_ocps = MAX(1, (u_int)t->c_ospeed / 10);
	sc->sc_octs = ISSET(t->c_cflag, CRTSCTS) != 0;
	ucom_pace_reset(sc);
	mutex_exit(&sc->sc_lock);
}

/*
 * error = ucom_param_change(sc, old, t, &rate)
 *
 *	The requests of ucomparam; the caller has the control token.  Sleeps.
 *	EINVAL, EIO.
 */
static int
ucom_param_change(struct ucom_softc *sc, const struct termios *old,
    const struct termios *t, int *rate)
{
	int error = ucom_param_ask(sc, t, rate);
	int was;

	if (error == EOPNOTSUPP || error == EIO)
		(void)ucom_param_ask(sc, old, &was);
	else if (error == 0 && t->c_ospeed == 0)
		error = ucom_mcr(sc, UMCR_DTR, 0);
	else if (error == 0 && old->c_ospeed == 0 &&
	    sc->sc_line.ul_dtr <= USBD_PIN_ON) {
		error = ucom_mcr(sc, UMCR_DTR, UMCR_DTR);
		/* A speed was asked for, which it has; see ucom_mode. */
		if (error == EOPNOTSUPP)
			error = 0;
	}
	return error == EOPNOTSUPP ? EIO : error;
}

/*
 * error = ucomparam(tp, t)
 *
 *	t_param: make the line like t, no lock held.  Speed 0 drops DTR and
 *	changes nothing else, so a device that refuses that is an error.
 *	Coming back from it raises DTR, unless the configuration has it off or
 *	left alone; nobody has asked for that, so a device that refuses it (its
 *	driver says so in the log) has the new settings, and TIOCMGET tells
 *	that DTR is not set.  EINVAL: the two speeds differ, or the parent
 *	cannot do it.  EIO; a device that refuses the new settings, or does not
 *	answer, is asked for the old ones, of which it may have changed a part
 *	already, or all.  (Coming back there is no old speed; the tty stays at
 *	0, and so hung up, if DTR is not answered.)  Those of ucom_ctl_enter:
 *	nothing has changed.  All of it is one turn of the token, so that a
 *	signal or d_cancel comes before the first request or after the last.
 */
int
ucomparam(struct tty *tp, struct termios *t)
{
	struct ucom_softc *sc = tp->t_softc;
	struct termios old;
	int error, rate;

	if (t->c_ispeed != 0 && t->c_ispeed != t->c_ospeed)
		return EINVAL;
	ttylock(tp);
	old = tp->t_termios;
	ttyunlock(tp);
	error = ucom_ctl_enter(sc, true);
	if (error)
		return error;
	error = ucom_param_change(sc, &old, t, &rate);
	ucom_ctl_exit(sc);
	if (error)
		return error;
	ucom_param_set(sc, t, rate);
	return 0;
}

/* ---- what the configuration says ------------------------------------ */

/*
 * ucom_line_begin(sc)
 *
 *	The line is being brought up: what the configuration says of it now
 *	counts until it is down again.  State OPENING.
 */
void
ucom_line_begin(struct ucom_softc *sc)
{
	struct usbd_line ul;

	usbd_get_line(sc->sc_udev, &ul);
	if (memcmp(&ul, &sc->sc_line, sizeof(ul)) != 0)
		sc->sc_line_said = false;
	sc->sc_line = ul;
}

/*
 * mask = ucom_line_pins(sc, &value)
 *
 *	Which of DTR and RTS a first open and a last close move, and to what
 *	the open does.  The configuration may say that they do not touch one:
 *	a board whose reset hangs on it.  State OPENING.
 */
u_int
ucom_line_pins(const struct ucom_softc *sc, u_int *value)
{
	const struct usbd_line *const ul = &sc->sc_line;

	*value = (ul->ul_dtr == USBD_PIN_OFF ? 0 : UMCR_DTR) |
	    (ul->ul_rts == USBD_PIN_OFF ? 0 : UMCR_RTS);
	return (ul->ul_dtr == USBD_PIN_KEEP ? 0 : UMCR_DTR) |
	    (ul->ul_rts == USBD_PIN_KEEP ? 0 : UMCR_RTS);
}

static tcflag_t
ucom_line_parity(const struct usbd_line *ul)
{

	switch (ul->ul_parity) {
	case 'E':
		return PARENB;
	case 'O':
		return PARENB | PARODD;
	case 'M':
		return PARENB | PARODD | CMSPAR;
	case 'S':
		return PARENB | CMSPAR;
	default:
		return 0;
	}
}

/*
 * ucom_line_over(ul, t)
 *
 *	What the configuration says, in the place of what t has.  Flow control
 *	is one of the three and none of the others: a line with RTS/CTS can
 *	carry ^S.
 */
static void
ucom_line_over(const struct usbd_line *ul, struct termios *t)
{
	static const tcflag_t size[] = { CS5, CS6, CS7, CS8 };

	if (ul->ul_speed != 0)
		t->c_ospeed = (speed_t)ul->ul_speed;
	if (ul->ul_bits != 0) {
		CLR(t->c_cflag, CSIZE | CSTOPB | PARENB | PARODD | CMSPAR);
		SET(t->c_cflag, size[(ul->ul_bits - 5) & 3] |
		    (ul->ul_stop == 2 ? CSTOPB : 0) | ucom_line_parity(ul));
	}
	if (ul->ul_flow != 0) {
		CLR(t->c_cflag, CRTSCTS | MDMBUF);
		CLR(t->c_iflag, IXON | IXOFF);
	}
	if (ul->ul_hupcl != 0) {
		CLR(t->c_cflag, HUPCL);
		SET(t->c_cflag, ul->ul_hupcl == USBD_PIN_ON ? HUPCL : 0);
	}
	if (ul->ul_clocal != 0) {
		CLR(t->c_cflag, CLOCAL);
		SET(t->c_cflag, ul->ul_clocal == USBD_PIN_ON ? CLOCAL : 0);
	}
	if (ul->ul_flow == USBD_FLOW_RTSCTS)
		SET(t->c_cflag, CRTSCTS);
	if (ul->ul_flow == USBD_FLOW_XONXOFF)
		SET(t->c_iflag, IXON | IXOFF);
}

/* It cannot be: said once for each of its values, as every open comes here. */
static void
ucom_line_refused(struct ucom_softc *sc)
{

	if (!sc->sc_line_said)
		aprint_error_dev(sc->sc_dev, "the adapter cannot do the speed, "
		    "the format or the flow control that the configuration "
		    "gives its line, which begins without them\n");
	sc->sc_line_said = true;
}

/* ---- at an open ----------------------------------------------------- */

/*
 * ucom_open_termios(sc, kind, ul, t)
 *
 *	The mode that a line has when it is opened: ttydefaults the first
 *	time, and after that what this node had at its last close; and in both
 *	cases what ul says, each time, as NetBSD's flags of TIOCSFLAGS and
 *	FreeBSD's "initial state" devices do.  NetBSD
 *	begins with the defaults each time; but then stty(1), which opens and
 *	closes the node, could not prepare it for the next program, as people
 *	do on Linux.  A dial-out node begins with CLOCAL, as FreeBSD's do: it
 *	is the one for lines without a modem.  State OPENING.
 */
static void
ucom_open_termios(struct ucom_softc *sc, u_int kind,
    const struct usbd_line *ul, struct termios *t)
{
	struct tty *tp = sc->sc_tty;

	ttylock(tp);
	if (ISSET(sc->sc_saved, kind))
		tp->t_termios = sc->sc_termios[kind == UCOM_DIALOUT];
	else {
		ttydefaults(tp);
		if (kind == UCOM_DIALOUT)
			SET(tp->t_cflag, CLOCAL);
	}
	ucom_line_over(ul, &tp->t_termios);
	*t = tp->t_termios;
	t->c_ispeed = 0;
	ttyunlock(tp);

	mutex_enter(&sc->sc_lock);
	if (ISSET(sc->sc_swflags, TIOCFLAG_CLOCAL))
		SET(t->c_cflag, CLOCAL);
	if (ISSET(sc->sc_swflags, TIOCFLAG_CRTSCTS))
		SET(t->c_cflag, CRTSCTS);
	if (ISSET(sc->sc_swflags, TIOCFLAG_MDMBUF))
		SET(t->c_cflag, MDMBUF);
	mutex_exit(&sc->sc_lock);
}

/*
 * ucom_save_termios(sc, kind)
 *
 *	The node's next open finds the mode that it has now; but after a
 *	hang-up the defaults.  Speed 0 is no mode to prepare a line with, and
 *	the chip was not asked about the rest of it: minicom(1) leaves five
 *	bits behind that an FTDI does not have.  State OPENING.
 */
void
ucom_save_termios(struct ucom_softc *sc, u_int kind)
{
	struct tty *tp = sc->sc_tty;

	ttylock(tp);
	sc->sc_termios[kind == UCOM_DIALOUT] = tp->t_termios;
	if (tp->t_ospeed != 0)
		SET(sc->sc_saved, kind);
	else
		CLR(sc->sc_saved, kind);
	ttyunlock(tp);
}

/*
 * error = ucom_mode_ask(sc, kind, ul, t, &rate)
 *
 *	Put together the mode of this node and ask the chip for it; state
 *	OPENING, no lock held.  Sleeps.  EOPNOTSUPP, EINVAL, EIO.
 */
static int
ucom_mode_ask(struct ucom_softc *sc, u_int kind, const struct usbd_line *ul,
    struct termios *t, int *rate)
{
	int error;

	ucom_open_termios(sc, kind, ul, t);
	if (ISSET(t->c_cflag, CMSPAR) && !sc->sc_methods->ucom_mspar)
		return EINVAL;
	ucom_ctl_enter_own(sc);
	error = ucom_param_ask(sc, t, rate);
	ucom_ctl_exit(sc);
	return error;
}

/*
 * The same, with what the configuration says of the line; what of that the
 * chip cannot do is left out.
 */
static int
ucom_mode_line(struct ucom_softc *sc, u_int kind, struct termios *t, int *rate)
{
	static const struct usbd_line nothing;
	int error;

	error = ucom_mode_ask(sc, kind, &sc->sc_line, t, rate);
	if (error != EINVAL || (sc->sc_line.ul_speed == 0 &&
	    sc->sc_line.ul_bits == 0 && sc->sc_line.ul_flow == 0))
		return error;
	ucom_line_refused(sc);
	return ucom_mode_ask(sc, kind, &nothing, t, rate);
}

/*
 * error = ucom_mode(sc, dev)
 *
 *	Give the line the mode of this node; state OPENING, no lock held.
 *	Sleeps.  No client has asked for just these settings, so a device that
 *	refuses them (its driver says so in the log) is used as it is, and what
 *	the configuration says and the chip cannot do is left out, for a node
 *	that nobody could open would be no better; a device that does not
 *	answer is an error.  Nor does a mode that was kept for this node, and
 *	has been damaged (ucom_state.c).
 */
int
ucom_mode(struct ucom_softc *sc, dev_t dev)
{
	const u_int kind = UCOM_KIND(dev);
	struct tty *tp = sc->sc_tty;
	struct termios t;
	int error, rate;

	ttylock(tp);
	tp->t_dev = dev;
	ttyunlock(tp);
	error = ucom_mode_line(sc, kind, &t, &rate);
	if (error == EINVAL && ISSET(sc->sc_saved, kind)) {
		CLR(sc->sc_saved, kind);
		error = ucom_mode_line(sc, kind, &t, &rate);
	}
	if (error && error != EOPNOTSUPP)
		return error;
	ucom_param_set(sc, &t, rate);
	ttylock(tp);
	ttsetwater(tp);
	ttyunlock(tp);
	return 0;
}
