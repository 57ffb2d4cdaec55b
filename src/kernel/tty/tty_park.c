/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tty_park.c - an open tty goes on in another process.
 *
 * ttypark takes out all that a client has put into it, or could find in it:
 * settings, queues, and where editing and flow control are.  ttyunpark puts
 * it into one that has just been opened.  Not what the driver tells anew:
 * carrier and the other modem lines.  No client is in either of them; the
 * driver gives it no input meanwhile, and takes no output.
 *
 * Who reads it believes nothing: what could not be of a tty is refused as a
 * whole.
 */
#include <sys/param.h>
#include <sys/kmem.h>
#include <sys/systm.h>
#include <sys/tty.h>

#include "tty/tty_impl.h"

#define	PARK_STATE	(TS_TTSTOP | TS_XCLUDE | TS_LOCAL)
#define	PARK_FLAGS	(TF_XOFFSENT | TF_USRSTOP)

/* The first n characters of q, with their quote bits; q keeps them. */
static void
ttypark_queue(struct clist *q, uint16_t *to)
{
	u_char *p;
	int c;

	for (p = firstc(q, &c); p != NULL; p = nextc(q, p, &c))
		*to++ = (uint16_t)c;
}

/* False: there is no room for them. */
static bool
ttyunpark_queue(struct clist *q, const uint16_t *from, uint32_t n)
{
	uint32_t i;

	ndflush(q, q->c_cc);
	for (i = 0; i < n; i++) {
		if (putc(from[i] & (TTY_CHARMASK | TTY_QUOTE), q) != 0)
			return false;
	}
	return true;
}

/*
 * n = ttypark_size(tp)
 *
 *	How many characters its queues have.  tty lock held, and kept for
 *	ttypark.
 */
u_int
ttypark_size(const struct tty *tp)
{

	return (u_int)(tp->t_rawq.c_cc + tp->t_canq.c_cc + tp->t_outq.c_cc);
}

/*
 * ttypark(tp, park, chars)
 *
 *	chars has room for ttypark_size of them.  tty lock held; does not sleep.
 */
void
ttypark(struct tty *tp, struct tty_parked *tk, uint16_t *chars)
{

	KASSERT(ttylocked(tp));
	memset(tk, 0, sizeof(*tk));
	tk->tk_termios = tp->t_termios;
	tk->tk_winsize = tp->t_winsize;
	tk->tk_port = tp->t_port;
	tk->tk_counts = tp->t_counts;
	tk->tk_state = tp->t_state & PARK_STATE;
	tk->tk_flags = tp->t_flags & PARK_FLAGS;
	tk->tk_column = tp->t_column;
	tk->tk_rocount = tp->t_rocount;
	tk->tk_rocol = tp->t_rocol;
	tk->tk_qsize = tp->t_qsize;
	tk->tk_rate = tp->t_rate;
	tk->tk_raw = (uint32_t)tp->t_rawq.c_cc;
	tk->tk_can = (uint32_t)tp->t_canq.c_cc;
	tk->tk_out = (uint32_t)tp->t_outq.c_cc;
	ttypark_queue(&tp->t_rawq, chars);
	ttypark_queue(&tp->t_canq, chars + tk->tk_raw);
	ttypark_queue(&tp->t_outq, chars + tk->tk_raw + tk->tk_can);
}

/*
 * yes = ttypark_ok(park)
 *
 *	Could it have been of a tty?
 */
bool
ttypark_ok(const struct tty_parked *tk)
{

	return tk->tk_termios.c_ospeed >= 0 && tk->tk_termios.c_ispeed >= 0 &&
	    tk->tk_rate >= 0 &&
	    tk->tk_qsize >= TTYQSIZE_MIN && tk->tk_qsize <= TTYQSIZE_MAX &&
	    (tk->tk_qsize & (tk->tk_qsize - 1)) == 0 &&
	    tk->tk_raw <= 2 * TTYQSIZE_MAX && tk->tk_can <= 2 * TTYQSIZE_MAX &&
	    tk->tk_out <= TTYQSIZE_MAX &&
	    tk->tk_column >= 0 && tk->tk_rocount >= 0 && tk->tk_rocol >= 0 &&
	    (tk->tk_state & ~PARK_STATE) == 0 &&
	    (tk->tk_flags & ~PARK_FLAGS) == 0 &&
	    (tk->tk_port.tp_flags & ~TTYPORT_LOWLAT) == 0 &&
	    tk->tk_port.tp_close_delay >= 0 &&
	    tk->tk_port.tp_close_delay <= TTYPORT_WAIT_MAX &&
	    tk->tk_port.tp_closing_wait >= 0 &&
	    tk->tk_port.tp_closing_wait <= TTYPORT_WAIT_MAX;
}

/*
 * error = ttyunpark(tp, park, chars)
 *
 *	What ttypark_ok has passed, into a tty that has just been opened.  No
 *	lock held; sleeps for memory.  ENOSPC: what waits for output has no room,
 *	and the rest is lost.
 */
int
ttyunpark(struct tty *tp, const struct tty_parked *tk, const uint16_t *chars)
{
	bool all;

	if (tk->tk_qsize != tp->t_qsize)
		(void)ttysetqsize(tp, tk->tk_qsize);
	ttylock(tp);
	tp->t_termios = tk->tk_termios;
	tp->t_winsize = tk->tk_winsize;
	tp->t_port = tk->tk_port;
	tp->t_counts = tk->tk_counts;
	tp->t_state = (tp->t_state & ~PARK_STATE) | tk->tk_state |
	    (ISSET(tk->tk_flags, TF_XOFFSENT) ? TS_TBLOCK : 0);
	tp->t_flags = (tp->t_flags & ~PARK_FLAGS) | tk->tk_flags;
	tp->t_column = tk->tk_column;
	tp->t_rocount = tk->tk_rocount;
	tp->t_rocol = tk->tk_rocol;
	ttyrate(tp, tk->tk_rate);
	ttsetwater(tp);
	all = ttyunpark_queue(&tp->t_rawq, chars, tk->tk_raw) &&
	    ttyunpark_queue(&tp->t_canq, chars + tk->tk_raw, tk->tk_can) &&
	    ttyunpark_queue(&tp->t_outq, chars + tk->tk_raw + tk->tk_can,
	    tk->tk_out);
	ttyunlock(tp);
	return all ? 0 : ENOSPC;
}
