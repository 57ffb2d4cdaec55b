/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tty_output.c - what happens to a byte that is sent: OPOST, columns, echo,
 * and the start of the driver's output.
 *
 * The column of the cursor is followed while OPOST is on; it serves tabs,
 * ONOCR, and the echo of erased characters.  Echo that finds no room in the
 * queue is dropped.
 *
 * Lock: ttylock.
 */
#include <sys/param.h>
#include <sys/systm.h>
#include <sys/tty.h>

#include "tty/tty_impl.h"

#define	EOT	4

/* The bytes that c becomes with OPOST; returns how many, at most 8. */
static int
ttypost(struct tty *tp, int c, u_char *out)
{
	const tcflag_t oflag = tp->t_oflag;
	int n;

	if (c == '\t' && ISSET(oflag, OXTABS)) {
		n = 8 - (tp->t_column & 7);
		memset(out, ' ', (size_t)n);
		return n;
	}
	if (c == EOT && ISSET(oflag, ONOEOT))
		return 0;
	if (c == '\n' && ISSET(oflag, ONLCR)) {
		out[0] = '\r';
		out[1] = '\n';
		return 2;
	}
	if (c == '\r') {
		if (ISSET(oflag, OCRNL))
			c = '\n';
		else if (ISSET(oflag, ONOCR) && tp->t_column == 0)
			return 0;
	}
	out[0] = (u_char)c;
	return 1;
}

/* The column after these bytes went out. */
static int
ttypostcol(struct tty *tp, const u_char *out, int n)
{
	int col = tp->t_column;

	for (; n > 0; n--, out++) {
		switch (*out) {
		case '\b':
			col = col > 0 ? col - 1 : 0;
			break;
		case '\n':
			if (ISSET(tp->t_oflag, ONLRET))
				col = 0;
			break;
		case '\r':
			col = 0;
			break;
		case '\t':
			col = (col + 8) & ~7;
			break;
		default:
			if (*out >= ' ' && *out != 0177 &&
			    !(TTY_UTF8_MORE(*out) &&
			    ISSET(tp->t_iflag, IUTF8)))
				col++;
			break;
		}
	}
	return col & TTY_COLMASK;
}

/*
 * c = ttyoutput(c, tp)
 *
 *	Process a character and queue it; ttylock held.  -1, or the character
 *	if there is no room for all that it becomes.  The caller starts the
 *	output.
 */
int
ttyoutput(int c, struct tty *tp)
{
	u_char out[8];
	int n = 1;

	KASSERT(ttylocked(tp));
	c &= TTY_CHARMASK;
	out[0] = (u_char)c;
	if (ISSET(tp->t_oflag, OPOST))
		n = ttypost(tp, c, out);
	if (!ISSET(tp->t_lflag, FLUSHO)) {
		if (tp->t_outq.c_cn - tp->t_outq.c_cc < n)
			return c;
		(void)b_to_q(out, n, &tp->t_outq);
		tp->t_outcc += n;
		tp->t_counts.tc_tx += n;
	}
	if (ISSET(tp->t_oflag, OPOST))
		tp->t_column = ttypostcol(tp, out, n);
	return -1;
}

/* Echo c as the settings say; ttylock held. */
void
ttyecho(int c, struct tty *tp)
{
	const int ch = c & TTY_CHARMASK;

	CLR(tp->t_lflag, FLUSHO);
	if (!ISSET(tp->t_lflag, ECHO) &&
	    !(ISSET(tp->t_lflag, ECHONL) && c == '\n'))
		return;
	if (ISSET(tp->t_lflag, ECHOCTL) &&
	    ((ch < ' ' && c != '\t' && c != '\n') || ch == 0177)) {
		(void)ttyoutput('^', tp);
		(void)ttyoutput(ch == 0177 ? '?' : ch + '@', tp);
	} else
		(void)ttyoutput(ch, tp);
}

/*
 * error = ttstart(tp)
 *
 *	l_start: let the driver start output, and wake a drain that has come
 *	to its end; ttylock held.  Always 0.
 */
int
ttstart(struct tty *tp)
{

	KASSERT(ttylocked(tp));
	if (tp->t_oproc != NULL)
		(*tp->t_oproc)(tp);
	if (tp->t_outq.c_cc == 0 && !ISSET(tp->t_state, TS_BUSY))
		cv_broadcast(&tp->t_outcv);
	return 0;
}

/*
 * more = ttypull(tp)
 *
 *	From t_oproc, ttylock held: wake writers if the queue is below the low
 *	water mark; is there anything to send?
 */
bool
ttypull(struct tty *tp)
{

	KASSERT(ttylocked(tp));
	if (tp->t_outq.c_cc <= tp->t_lowat) {
		cv_broadcast(&tp->t_outcv);
		selnotify(&tp->t_wsel, 0, 0);
	}
	return tp->t_outq.c_cc > 0;
}
