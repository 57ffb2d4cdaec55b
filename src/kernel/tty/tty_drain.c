/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tty_drain.c - terminals: waiting until output is sent, and dropping it.
 *
 * Bounded time: the drain of the last close gives up when nothing has moved for
 * five seconds, or what TIOCSPORT says, which is at most a minute, plus the
 * time of one kilobyte at the line's speed, so a line stopped by ^S or hardware
 * that is dead cannot hold the daemon.  tcdrain(3) and TCSADRAIN wait for ever,
 * but every signal ends them.
 *
 * Locks: ttylock, as tty.c says.
 */
#include <sys/param.h>
#include <sys/conf.h>
#include <sys/fcntl.h>
#include <sys/lwp.h>
#include <sys/systm.h>
#include <sys/tty.h>

#include "tty/tty_impl.h"

#define	CLOSEDRAIN_BYTES	1024	/* that may be one transfer */
#define	CLOSEDRAIN_MAX_MS	60000	/* whatever the speed */

/* Is there output that the driver can still be expected to send? */
static bool
ttyundrained(struct tty *tp)
{

	return (tp->t_outq.c_cc > 0 || ISSET(tp->t_state, TS_BUSY)) &&
	    CONNECTED(tp) && tp->t_oproc != NULL;
}

/* ttylock held; see tty_sent_ms. */
static u_int
ttysentms(struct tty *tp, int n)
{
	const u_int cps = (u_int)imax(imax(tp->t_ospeed / 10, tp->t_pace), 1);

	if (!ttyundrained(tp) || tp->t_port.tp_closing_wait == 0)
		return 0;
	/* ^S does not hold up what the driver has already. */
	if ((tp->t_outq.c_cc > 0 && ISSET(tp->t_state, TS_TTSTOP)) ||
	    (ISSET(tp->t_cflag, CCTS_OFLOW) &&
	    ISSET(tp->t_flags, TF_MSTATUS) && !ISSET(tp->t_modem, TIOCM_CTS)))
		return LWP_NEVER;
	return (u_int)MIN((uint64_t)imax(n, 0) * 1000 / cps, LWP_NEVER);
}

/*
 * ms = tty_sent_ms(tp, n)
 *
 *	An addition, for d_cancel (lwp_drains) and d_open: how long n bytes of
 *	output take, as far as anybody knows, if they are all that there is;
 *	LWP_NEVER: output is stopped, by ^S, TIOCSTOP or CTS.  0: nothing will
 *	be sent.  No ttylock held; does not sleep.
 */
u_int
tty_sent_ms(struct tty *tp, int n)
{
	u_int ms;

	ttylock(tp);
	ms = ttysentms(tp, n);
	ttyunlock(tp);
	return ms;
}

/*
 * Output moves, if slowly: this much time may pass without a sign of it.  A
 * driver shows progress once per transfer.
 */
static uint64_t
ttydrainlimit(struct tty *tp)
{
	uint64_t ms = 0;

	if (tp->t_ospeed > 0)
		ms = 10ULL * CLOSEDRAIN_BYTES * 1000 / (u_int)tp->t_ospeed;
	if (ms > CLOSEDRAIN_MAX_MS)
		ms = CLOSEDRAIN_MAX_MS;
	ms += (u_int)tp->t_port.tp_closing_wait;
	if (ms > CLOSEDRAIN_MAX_MS)
		ms = CLOSEDRAIN_MAX_MS;
	/* A close may take some seconds anyway. */
	lwp_progress((u_int)(ms > CLOSEDRAIN_MS ? ms - CLOSEDRAIN_MS : 0));
	return ttynow() + ms * NSEC_PER_MSEC;
}

/*
 * The drain of the last close; ttylock held.  TS_CANCEL is set by now and
 * must not end it.  Ends when all is sent, the carrier is lost, an
 * interrupt comes, or nothing has moved for long.
 */
void
ttyclosedrain(struct tty *tp)
{
	uint64_t limit = ttydrainlimit(tp);
	int least = tp->t_outq.c_cc;
	int error, left;

	while (ttyundrained(tp)) {
		(void)ttstart(tp);
		if (tp->t_outq.c_cc < least) {
			least = tp->t_outq.c_cc;
			limit = ttydrainlimit(tp);
			lwp_drains(ttysentms(tp, least));
		}
		if (!ttyundrained(tp) || (left = ttymsleft(limit)) == 0)
			break;
		error = cv_timedwait_sig(&tp->t_outcv, &tp->t_lock, left);
		if (error != 0 && error != EWOULDBLOCK)
			break;
	}
}

/*
 * Wait until all output is sent; ttylock held.  EIO: it never will be, the
 * line is not connected.  ERESTART, EINTR as ttysleep.
 *
 * After ttyhangup the answer is ERESTART, whatever is queued: an unplug takes
 * back what was on its way, so an idle line does not mean that all was sent,
 * and the revoke that follows decides what a client sees.
 */
int
ttywait_locked(struct tty *tp)
{
	int error = 0;

	while (error == 0 && ttyundrained(tp)) {
		(void)ttstart(tp);
		if (!ttyundrained(tp))
			break;
		error = ttysleep(tp, &tp->t_outcv, true, 0);
	}
	if (error == 0 && ISSET(tp->t_flags, TF_HANGUP))
		error = ERESTART;
	else if (error == 0 && tp->t_outq.c_cc > 0 && !CONNECTED(tp))
		error = EIO;
	return error;
}

/*
 * error = ttywait(tp)
 *
 *	tcdrain(3): sleep, interruptibly and without limit, until all output
 *	is sent.  Errors: see above.
 */
int
ttywait(struct tty *tp)
{
	int error;

	ttylock(tp);
	error = ttywait_locked(tp);
	ttyunlock(tp);
	return error;
}

/*
 * error = ttywflush(tp)
 *
 *	ttywait, then drop input.
 */
int
ttywflush(struct tty *tp)
{
	int error;

	ttylock(tp);
	error = ttywait_locked(tp);
	if (error == 0)
		ttyflush(tp, FREAD);
	ttyunlock(tp);
	return error;
}

/*
 * Tell the driver that output stopped (rw 0) or was dropped (FWRITE).  A
 * driver that leaves bytes in t_outq while it sends them sets TS_FLUSH.
 */
void
ttystop(struct tty *tp, int rw)
{

	if (tp->t_dev != NODEV)
		cdev_stop(tp, rw);
}

/* Output may go on; ttylock held. */
void
ttygo(struct tty *tp)
{

	CLR(tp->t_state, TS_TTSTOP);
	CLR(tp->t_flags, TF_USRSTOP);
	(void)ttstart(tp);
}

/*
 * ttyflush(tp, rw)
 *
 *	Drop input (FREAD), output (FWRITE) or both; ttylock held.  Dropping
 *	output ends a STOP, dropping input ends a block of input, and those
 *	who waited for it are woken.  Output first, or the START which the
 *	second sends would be dropped with it.  Does not sleep.
 */
void
ttyflush(struct tty *tp, int rw)
{

	KASSERT(ttylocked(tp));
	if (ISSET(rw, FWRITE)) {
		CLR(tp->t_state, TS_TTSTOP);
		CLR(tp->t_flags, TF_USRSTOP);
		ttystop(tp, rw);
		ndflush(&tp->t_outq, tp->t_outq.c_cc);
		cv_broadcast(&tp->t_outcv);
		selnotify(&tp->t_wsel, 0, 0);
	}
	if (ISSET(rw, FREAD)) {
		ndflush(&tp->t_canq, tp->t_canq.c_cc);
		ndflush(&tp->t_rawq, tp->t_rawq.c_cc);
		tp->t_rocount = tp->t_rocol = 0;
		CLR(tp->t_state, TS_LOCAL);
		CLR(tp->t_lflag, PENDIN);
		ttyunblock(tp);
		ttwakeup(tp);
	}
}
