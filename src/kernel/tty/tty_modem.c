/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tty_modem.c - terminals: what a driver tells of its line.  Carrier, the modem
 * inputs and how often they moved, and what it can and does of the settings.
 *
 * Locks: ttylock, which drivers do not have but where it says so.
 */
#include <sys/param.h>
#include <sys/fcntl.h>
#include <sys/systm.h>
#include <sys/tty.h>

#include "tty/tty_impl.h"

/*
 * connected = ttymodem(tp, carrier)
 *
 *	l_modem: the carrier is there or not.  If an open line loses it, both
 *	queues are dropped and readers see the end of file.  Called by the
 *	driver without ttylock.  Does not sleep.
 */
int
ttymodem(struct tty *tp, int carrier)
{
	int connected = 1;

	ttylock(tp);
	if (carrier) {
		SET(tp->t_state, TS_CARR_ON);
		cv_broadcast(&tp->t_rawcv);
		(void)ttstart(tp);
	} else if (ISSET(tp->t_state, TS_CARR_ON)) {
		CLR(tp->t_state, TS_CARR_ON);
		if (ISSET(tp->t_state, TS_ISOPEN) && !CONNECTED(tp)) {
			ttyflush(tp, FREAD | FWRITE);
			ttywakeall(tp);
			connected = 0;
		}
	}
	ttyunlock(tp);
	return connected;
}

/* These inputs have moved so many times; ttylock held. */
static void
ttymoved(struct tty *tp, int moved, int times)
{

	if (ISSET(moved, TIOCM_CTS))
		tp->t_counts.tc_cts += times;
	if (ISSET(moved, TIOCM_DSR))
		tp->t_counts.tc_dsr += times;
	if (ISSET(moved, TIOCM_RI))
		tp->t_counts.tc_rng += times;
	if (ISSET(moved, TIOCM_CD))
		tp->t_counts.tc_dcd += times;
	if (moved != 0)
		cv_broadcast(&tp->t_modemcv);
}

/*
 * ttymstatus(tp, bits)
 *
 *	An addition: the modem inputs (TIOCM_CTS, _DSR, _RI, _CD) are these
 *	now.  Counts the changes for TIOCGCOUNTS and wakes TIOCMWAIT; those
 *	two are refused for a driver that has never called this.  Carrier is
 *	l_modem's business as well.  No ttylock held; does not sleep.
 */
void
ttymstatus(struct tty *tp, int bits)
{
	int moved;

	ttylock(tp);
	moved = ISSET(tp->t_flags, TF_MSTATUS) ? bits ^ tp->t_modem : 0;
	SET(tp->t_flags, TF_MSTATUS);
	tp->t_modem = bits;
	ttymoved(tp, moved, 1);
	ttyunlock(tp);
}

/*
 * ttympulse(tp, bits)
 *
 *	An addition: these modem inputs have moved and moved back, between two
 *	calls of ttymstatus; two changes for each.  A carrier that is back is
 *	no loss of it.  No ttylock held; does not sleep.
 */
void
ttympulse(struct tty *tp, int bits)
{

	ttylock(tp);
	ttymoved(tp, bits, 2);
	ttyunlock(tp);
}

/*
 * ttymspar(tp)
 *
 *	An addition, for a driver's attach: t_param makes mark and space
 *	parity of CMSPAR.  A driver that has never called this does not know
 *	the bit and would make odd or even of it, so ttioctl refuses such
 *	settings with EINVAL before t_param sees them.  Does not sleep.
 */
void
ttymspar(struct tty *tp)
{

	ttylock(tp);
	SET(tp->t_flags, TF_MSPAR);
	ttyunlock(tp);
}

/*
 * ttyrate(tp, rate)
 *
 *	An addition, for a t_param that knows: what the hardware makes of
 *	t_ospeed, which stays what was asked for, so that a client that compares
 *	the two finds them equal; TIOCGRATE tells it.  0: it is not known.
 *	ttylock held; does not sleep.
 */
void
ttyrate(struct tty *tp, int rate)
{

	KASSERT(ttylocked(tp));
	tp->t_rate = rate > 0 ? rate : 0;
}
