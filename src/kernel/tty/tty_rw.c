/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tty_rw.c - read, write and poll of a terminal.
 *
 * A read first waits until it can be answered, then takes what is there and
 * ends the block of input if there is room now.  When it can be answered:
 *
 *	canonical	a line, or part of one that an earlier read left
 *	raw		VMIN, VTIME:
 *		m, 0	m bytes
 *		0, 0	always
 *		m, t	m bytes; or one, and then t without a further one
 *		0, t	one byte; or t since the call
 *
 * VMIN counts as the size of the request if that is smaller.  O_NONBLOCK
 * never waits, whatever VTIME is: it gets the bytes that are there, even
 * fewer than VMIN, or EWOULDBLOCK.  POSIX leaves that open; NetBSD gives
 * EWOULDBLOCK below VMIN, Linux and FreeBSD do as we do.
 *
 * A line that is open and not connected reads as end of file, after what was
 * received.  A write to it ends with EIO.
 *
 * A write of which a part was queued before the error leaves uio at the
 * first byte that was not; the caller turns that into a short write.
 *
 * Lock: ttylock.
 */
#include <sys/param.h>
#include <sys/conf.h>
#include <sys/event.h>
#include <sys/fcntl.h>
#include <sys/lwp.h>
#include <sys/poll.h>
#include <sys/systm.h>
#include <sys/tty.h>
#include <sys/uio.h>

#include "tty/tty_impl.h"

#define	VTIME_UNIT	(100 * NSEC_PER_MSEC)

/* The timer of one read. */
struct ttyrtimer {
	bool		rt_on;
	int		rt_last;	/* bytes there when it was started */
	uint64_t	rt_deadline;
};

enum ttyready {
	TTY_DATA,		/* take what is there */
	TTY_NODATA,		/* answer with 0 bytes */
	TTY_WAIT		/* sleep, for *ticks if not 0 */
};

/* Bytes that a read can get; ttylock held. */
int
ttynread(struct tty *tp)
{

	if (ISSET(tp->t_lflag, PENDIN))
		ttypend(tp);
	return ISSET(tp->t_lflag, ICANON) ? tp->t_canq.c_cc :
	    tp->t_rawq.c_cc;
}

/* Raw mode: see the table above. */
static enum ttyready
ttyready_raw(struct tty *tp, size_t resid, struct ttyrtimer *rt, int *ticks)
{
	const int have = tp->t_rawq.c_cc;
	const int m = (int)ulmin(tp->t_cc[VMIN], resid);
	const int t = tp->t_cc[VTIME];

	if (have > 0 && have >= m)
		return TTY_DATA;
	if (t == 0)
		return m == 0 ? TTY_NODATA : TTY_WAIT;
	if (m > 0 && have == 0) {
		rt->rt_on = false;	/* flushed: it starts anew */
		return TTY_WAIT;
	}
	if (!rt->rt_on || have != rt->rt_last) {
		rt->rt_on = true;
		rt->rt_last = have;
		rt->rt_deadline = ttynow() + (u_int)t * VTIME_UNIT;
	}
	*ticks = ttymsleft(rt->rt_deadline);
	if (*ticks > 0)
		return TTY_WAIT;
	return have > 0 ? TTY_DATA : TTY_NODATA;
}

static enum ttyready
ttyready(struct tty *tp, size_t resid, struct ttyrtimer *rt, int *ticks)
{

	*ticks = 0;
	if (ISSET(tp->t_lflag, ICANON))
		return ttynread(tp) > 0 ? TTY_DATA : TTY_WAIT;
	return ttyready_raw(tp, resid, rt, ticks);
}

/*
 * Wait until a read can be answered; ttylock held.  *datap: is there
 * anything to take?
 */
static int
ttyrwait(struct tty *tp, size_t resid, int flag, bool *datap)
{
	struct ttyrtimer rt = { .rt_on = false };
	enum ttyready r;
	int error, ticks;

	while ((r = ttyready(tp, resid, &rt, &ticks)) == TTY_WAIT) {
		if (ISSET(tp->t_state, TS_ISOPEN) && !CONNECTED(tp)) {
			*datap = ttynread(tp) > 0;
			return 0;
		}
		if (ISSET(flag, IO_NDELAY)) {
			*datap = ttynread(tp) > 0;
			return *datap ? 0 : EWOULDBLOCK;
		}
		error = ttysleep(tp, &tp->t_rawcv, true, ticks);
		/* EWOULDBLOCK: the timer; look again. */
		if (error != 0 && error != EWOULDBLOCK)
			return error;
	}
	*datap = r == TTY_DATA;
	return 0;
}

/* Take one line or as much of it as fits. */
static void
ttyread_line(struct tty *tp, struct uio *uio)
{
	int c;

	while (uio->uio_resid > 0 && (c = getc(&tp->t_canq)) != -1) {
		if (CCEQ(tp->t_cc[VEOF], c))
			return;
		(void)ureadc(c & TTY_CHARMASK, uio);
		if (ttbreakc(tp, c))
			return;
	}
	/* A line that filled the request to its EOF: not an end of file. */
	if (firstc(&tp->t_canq, &c) != NULL && CCEQ(tp->t_cc[VEOF], c))
		(void)getc(&tp->t_canq);
}

/*
 * error = ttread(tp, uio, flag)
 *
 *	l_read.  Sleeps interruptibly unless IO_NDELAY is in flag.
 *	EWOULDBLOCK: nothing there; EINTR; ERESTART: the tty was closed or
 *	cancelled.  0 bytes: end of file, the VTIME timer, or VMIN 0.
 */
int
ttread(struct tty *tp, struct uio *uio, int flag)
{
	bool data = false;
	int error;

	ttylock(tp);
	if (ISSET(tp->t_lflag, PENDIN))
		ttypend(tp);
	error = ttyrwait(tp, uio->uio_resid, flag, &data);
	if (error == 0 && data) {
		if (ISSET(tp->t_lflag, ICANON))
			ttyread_line(tp, uio);
		else
			(void)q_to_uio(&tp->t_rawq, uio, tp->t_rawq.c_cc);
		ttyunblock_read(tp);
	}
	ttyunlock(tp);
	return error;
}

/*
 * Wait until there is room in the output queue; ttylock held.  A queue that
 * is not at its high water mark takes more at once; a writer that had to
 * wait sleeps until it is down at the low one.
 */
static int
ttywroom(struct tty *tp, int flag)
{
	int error = 0, mark = tp->t_hiwat;

	while (error == 0) {
		if (!CONNECTED(tp)) {
			if (ISSET(tp->t_state, TS_ISOPEN))
				return EIO;
		} else if (tp->t_outq.c_cc < mark)
			return 0;
		else {
			(void)ttstart(tp);
			if (tp->t_outq.c_cc < mark)
				return 0;
		}
		if (ISSET(flag, IO_NDELAY))
			return EWOULDBLOCK;
		mark = tp->t_lowat + 1;
		error = ttysleep(tp, CONNECTED(tp) ? &tp->t_outcv :
		    &tp->t_rawcv, true, 0);
	}
	return error;
}

/* Length of the run at p that OPOST leaves alone and that goes to the right. */
static int
ttypostrun(const u_char *p, int n)
{
	int i;

	for (i = 0; i < n && p[i] >= ' ' && p[i] != 0177; i++)
		continue;
	return i;
}

/* How many columns that is, of n bytes. */
static int
ttypostcols(const struct tty *tp, const u_char *p, int n)
{
	int cols = n;

	if (ISSET(tp->t_iflag, IUTF8)) {
		while (n > 0)
			cols -= TTY_UTF8_MORE(p[--n]);
	}
	return cols;
}

/*
 * Send the first bytes of uio, with OPOST; ttylock held.  Stops when the
 * queue is at its high water mark or a character does not fit.
 */
static void
ttywpost(struct tty *tp, struct uio *uio)
{
	const u_char *p;
	int n, run;

	while (uio->uio_resid > 0 && tp->t_outq.c_cc < tp->t_hiwat) {
		while (uio->uio_iov->iov_len == 0) {
			uio->uio_iov++;
			uio->uio_iovcnt--;
		}
		p = uio->uio_iov->iov_base;
		n = (int)ulmin(uio->uio_iov->iov_len,
		    (u_long)(tp->t_hiwat - tp->t_outq.c_cc));
		if ((run = ttypostrun(p, n)) > 0) {
			run = uio_to_q(uio, run, &tp->t_outq);
			tp->t_outcc += run;
			tp->t_counts.tc_tx += run;
			tp->t_column = (tp->t_column +
			    ttypostcols(tp, p, run)) & TTY_COLMASK;
		} else {
			u_char c;

			if (ttyoutput(*p, tp) >= 0)
				return;
			(void)uiomove(&c, 1, uio);
		}
	}
}

/*
 * error = ttwrite(tp, uio, flag)
 *
 *	l_write.  Sleeps interruptibly unless IO_NDELAY is in flag, until all
 *	is queued.  EIO: not connected; EWOULDBLOCK; EINTR; ERESTART.  uio
 *	says how much was taken, also with an error.
 */
int
ttwrite(struct tty *tp, struct uio *uio, int flag)
{
	int error = 0, n;

	ttylock(tp);
	while (uio->uio_resid > 0 && (error = ttywroom(tp, flag)) == 0) {
		if (ISSET(tp->t_lflag, FLUSHO)) {
			uio->uio_resid = 0;	/* DISCARD */
			break;
		}
		tp->t_rocount = 0;	/* an erase types the line again */
		if (ISSET(tp->t_oflag, OPOST)) {
			ttywpost(tp, uio);
			continue;
		}
		n = uio_to_q(uio, tp->t_hiwat - tp->t_outq.c_cc, &tp->t_outq);
		tp->t_outcc += n;
		tp->t_counts.tc_tx += n;
	}
	(void)ttstart(tp);
	ttyunlock(tp);
	return error;
}

/*
 * revents = ttpoll(tp, events, l)
 *
 *	l_poll: can a read or a write be answered at once?  VMIN counts if
 *	VTIME is 0.  A line that is not connected is readable, with POLLHUP.
 *	The poller is recorded even if something is ready: a client that
 *	waits for edges takes what is there and never asks again.  Does not
 *	sleep.
 */
int
ttpoll(struct tty *tp, int events, struct lwp *l)
{
	const int in = events & (POLLIN | POLLRDNORM);
	const int out = events & (POLLOUT | POLLWRNORM);
	int n, revents = 0;

	ttylock(tp);
	n = ttynread(tp);
	if (!ISSET(tp->t_lflag, ICANON) && tp->t_cc[VTIME] == 0 &&
	    n < tp->t_cc[VMIN])
		n = 0;
	if (n > 0)
		revents |= in;
	if (!CONNECTED(tp))
		revents |= in | POLLHUP;
	else if (tp->t_outq.c_cc <= tp->t_lowat)
		revents |= out;
	selrecord(l, &tp->t_rsel);
	if (out != 0)
		selrecord(l, &tp->t_wsel);
	ttyunlock(tp);
	return revents;
}

/* The filters of ttykqfilter; kn_hook is the tty. */
static int
tty_filter(struct knote *kn, bool in)
{
	struct tty *const tp = kn->kn_hook;

	ttylock(tp);
	kn->kn_data = in ? ttynread(tp) :
	    MAX(tp->t_hiwat - tp->t_outq.c_cc, 0);
	ttyunlock(tp);
	return ttpoll(tp, in ? POLLIN : POLLOUT, kn->kn_lwp);
}

static int
filt_ttyread(struct knote *kn, long hint __unused)
{
	const int revents = tty_filter(kn, true);

	if ((revents & POLLHUP) != 0)
		knote_set_eof(kn, 0);
	return (revents & POLLIN) != 0;
}

static int
filt_ttywrite(struct knote *kn, long hint __unused)
{

	return (tty_filter(kn, false) & POLLOUT) != 0;
}

static void
filt_ttydetach(struct knote *kn __unused)
{
}

static const struct filterops ttyread_filtops = {
	.f_flags = FILTEROP_ISFD | FILTEROP_MPSAFE,
	.f_detach = filt_ttydetach,
	.f_event = filt_ttyread,
};
static const struct filterops ttywrite_filtops = {
	.f_flags = FILTEROP_ISFD | FILTEROP_MPSAFE,
	.f_detach = filt_ttydetach,
	.f_event = filt_ttywrite,
};

/*
 * error = ttykqfilter(dev, kn)
 *
 *	For a driver's d_kqfilter: EVFILT_READ and EVFILT_WRITE say what ttpoll
 *	says, which also records who waits.  EINVAL: another filter; ENXIO: no
 *	tty.  Does not sleep.
 */
int
ttykqfilter(dev_t dev, struct knote *kn)
{

	if (kn->kn_filter == EVFILT_READ)
		kn->kn_fop = &ttyread_filtops;
	else if (kn->kn_filter == EVFILT_WRITE)
		kn->kn_fop = &ttywrite_filtops;
	else
		return EINVAL;
	kn->kn_hook = cdev_tty(dev);
	return kn->kn_hook == NULL ? ENXIO : 0;
}
