/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ucom_state.c - ucom(4): what a line has been set to outlives a daemon that
 * is killed.
 *
 * Kept is what the two nodes find at their next first open, as if they had
 * been closed just then: their modes, what TIOCSPORT and TIOCSFLAGS have set.
 * It is written when a client has set any of it, and forgotten when the
 * adapter detaches.  DTR and RTS are not in it: nobody moves them until the
 * next open.  Nor does anybody end a break until then; but that open does,
 * and so has to be told of it: it is written before one begins.
 *
 * Whoever sets something writes all of it, with the tty locked from looking to
 * writing, so that what is written last is what is set:
 *
 *	A				B
 *	sets 9600
 *					sets 4800
 *					writes 4800
 *	writes 4800
 *
 * Locks: the tty's -> sc_lock; see ucom.c.
 */
#include <sys/param.h>
#include <sys/ioctl.h>
#include <sys/systm.h>

#include "drivers/ucom_impl.h"

#define	UCOM_KEPT_BREAK	0x100	/* sc_break */

struct ucom_state_kept {
	uint32_t		uk_saved;	/* UCOM_DIALIN, UCOM_DIALOUT;
						   UCOM_KEPT_BREAK */
	int			uk_swflags;
	struct tty_port		uk_port;
	struct termios		uk_termios[2];
};
CTASSERT(sizeof(struct ucom_state_kept) <= USBD_STATE_MAX);

/*
 * ucom_state_put(sc)
 *
 *	A client has set something, and has the line open.  No lock held.
 */
void
ucom_state_put(struct ucom_softc *sc)
{
	struct tty *tp = sc->sc_tty;
	struct ucom_state_kept uk;
	u_int kind;

	memset(&uk, 0, sizeof(uk));
	ttylock(tp);
	mutex_enter(&sc->sc_lock);
	kind = sc->sc_kind;
	uk.uk_saved = (sc->sc_saved & ~kind) |
	    (sc->sc_break ? UCOM_KEPT_BREAK : 0);
	uk.uk_swflags = sc->sc_swflags;
	memcpy(uk.uk_termios, sc->sc_termios, sizeof(uk.uk_termios));
	mutex_exit(&sc->sc_lock);
	uk.uk_port = tp->t_port;
	if (kind != 0 && tp->t_ospeed != 0) {
		uk.uk_saved |= kind;
		uk.uk_termios[kind == UCOM_DIALOUT] = tp->t_termios;
	}
	usbd_state_put(sc->sc_udev, device_xname(sc->sc_dev), &uk, sizeof(uk));
	ttyunlock(tp);
}

/* Could a client have set this? */
static bool
ucom_state_ok(const struct ucom_state_kept *uk)
{
	const struct tty_port *const port = &uk->uk_port;

	return (uk->uk_saved & ~(UCOM_DIALIN | UCOM_DIALOUT |
	    UCOM_KEPT_BREAK)) == 0 &&
	    (!ISSET(uk->uk_saved, UCOM_DIALIN) ||
	    uk->uk_termios[0].c_ospeed > 0) &&
	    (!ISSET(uk->uk_saved, UCOM_DIALOUT) ||
	    uk->uk_termios[1].c_ospeed > 0) &&
	    (port->tp_flags & ~TTYPORT_LOWLAT) == 0 &&
	    port->tp_close_delay >= 0 &&
	    port->tp_close_delay <= TTYPORT_WAIT_MAX &&
	    port->tp_closing_wait >= 0 &&
	    port->tp_closing_wait <= TTYPORT_WAIT_MAX;
}

/*
 * ucom_state_get(sc)
 *
 *	In attach: what the process before this one has kept of this adapter.
 *	A chip that has to be told of low latency is at the next open.
 */
void
ucom_state_get(struct ucom_softc *sc)
{
	struct ucom_state_kept uk;

	if (!usbd_state_get(sc->sc_udev, device_xname(sc->sc_dev), &uk,
	    sizeof(uk)) || !ucom_state_ok(&uk))
		return;
	sc->sc_saved = uk.uk_saved & ~UCOM_KEPT_BREAK;
	sc->sc_break = ISSET(uk.uk_saved, UCOM_KEPT_BREAK) != 0;
	sc->sc_swflags = uk.uk_swflags;
	memcpy(sc->sc_termios, uk.uk_termios, sizeof(sc->sc_termios));
	sc->sc_lowlat = ISSET(uk.uk_port.tp_flags, TTYPORT_LOWLAT) != 0;
	if (sc->sc_methods->ucom_low_latency == NULL)
		SET(uk.uk_port.tp_flags, TTYPORT_LOWLAT);
	sc->sc_tty->t_port = uk.uk_port;
}

/*
 * ucom_state_up(sc)
 *
 *	The hardware is being brought up; state OPENING, no lock held.  Sleeps.
 */
void
ucom_state_up(struct ucom_softc *sc)
{
	const struct ucom_methods *const um = sc->sc_methods;
	struct tty *tp = sc->sc_tty;

	if (!sc->sc_lowlat || um->ucom_low_latency == NULL)
		return;
	sc->sc_lowlat = false;
	if (um->ucom_low_latency(sc->sc_parent, sc->sc_portno, true) == 0)
		return;
	ttylock(tp);
	CLR(tp->t_port.tp_flags, TTYPORT_LOWLAT);
	ttyunlock(tp);
}

/*
 * ucom_state_drop(sc)
 *
 *	The adapter leaves, or the daemon ends by itself.
 */
void
ucom_state_drop(struct ucom_softc *sc)
{

	usbd_state_put(sc->sc_udev, device_xname(sc->sc_dev), NULL, 0);
}
