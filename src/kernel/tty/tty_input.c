/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tty_input.c - what happens to a received byte.
 *
 * Bytes arrive one at a time with error flags (ttyinput) or as a block
 * (ttyinput_block).  In canonical mode they gather in t_rawq, where they can
 * be edited, and a finished line moves to t_canq, from which it is read.  In
 * raw mode t_rawq is read directly.
 *
 * A block is the same as its bytes one by one, but faster: in raw mode
 * without echo, runs of bytes that mean nothing special are copied.  Which
 * ones are special is kept in t_rawmap and computed again when the settings
 * it was made from have changed.  Beside the bytes of a block stands what the
 * line did at each, if the driver knows it:
 *
 *	break		IGNBRK: nothing; BRKINT: both queues are dropped (there
 *			is no job control, so nobody gets SIGINT); PARMRK:
 *			\377 \0 \0; else \0
 *	parity error	without INPCK: the byte as it came
 *	  (INPCK),	IGNPAR: nothing; PARMRK: \377 \0 and the byte; else \0
 *	framing error
 *	overrun		nothing: it is counted
 *
 * That is POSIX and BSD.  Linux passes a framing error like a good byte unless
 * INPCK is set.
 *
 * A full queue
 *
 *	canonical	as BSD: the byte is dropped, with a bell (IMAXBEL) or
 *			together with both queues.  The end of a line is still
 *			taken, so a long line can be finished.
 *	raw		the byte is refused and stays with the driver, which
 *			is told to stop (t_hwiflow(tp, 1)) and, when a read
 *			has made room, to go on (0).  So nothing is lost that
 *			the device could be kept from sending.
 *
 * The driver is told to stop under ttylock, before it sees the short count,
 * so it cannot miss the go:
 *
 *	driver				reader
 *	ttyinput_block: lock, full,
 *	t_hwiflow(1): stopped = 1
 *	unlock
 *					lock, read, t_hwiflow(0):
 *					stopped = 0, softint; unlock
 *	short count: keep the rest
 *					softint: feeds the rest
 *
 * With IXOFF or hardware flow control the other end is asked to pause when
 * the queue is half full.  Reading below a fifth ends every block, and so
 * does, in canonical mode, reading the last whole line: the rest of the
 * next one could not arrive otherwise.
 *
 * Differences from NetBSD, all for Linux clients which clear ICANON and no
 * more: LNEXT and DISCARD work in canonical mode only, and a full queue
 * rings no bell in raw mode.
 *
 * Lock: ttylock.
 */
#include <sys/param.h>
#include <sys/fcntl.h>
#include <sys/kmem.h>
#include <sys/systm.h>
#include <sys/tty.h>

#include "tty/tty_impl.h"

#define	RETABMAX	1024	/* longest line whose tabs erase exactly */
#define	UTF8_MAX	4	/* bytes of a character */

/* Does c end a line?  Quoted characters do not. */
bool
ttbreakc(struct tty *tp, int c)
{
	const cc_t *const cc = tp->t_cc;

	return c == '\n' || CCEQ(cc[VEOF], c) || CCEQ(cc[VEOL], c) ||
	    (CCEQ(cc[VEOL2], c) && ISSET(tp->t_lflag, IEXTEN));
}

/*
 * ttwakeup(tp)
 *
 *	There is something to read, or never will be; ttylock held.
 */
void
ttwakeup(struct tty *tp)
{

	selnotify(&tp->t_rsel, 0, 0);
	cv_broadcast(&tp->t_rawcv);
}

/*
 * Block input if the queues are so full that it must be; ttylock held.
 */
void
ttyblock(struct tty *tp)
{
	const int total = ttyintotal(tp);
	const bool canon = ISSET(tp->t_lflag, ICANON) != 0;
	const bool high = total >= tp->t_qsize / 2 &&
	    (!canon || tp->t_canq.c_cc > 0);
	const bool full = total >= tp->t_qsize && !canon;
	const cc_t stop = tp->t_cc[VSTOP];

	if (high && ISSET(tp->t_iflag, IXOFF) && stop != _POSIX_VDISABLE &&
	    !ISSET(tp->t_flags, TF_XOFFSENT) && putc(stop, &tp->t_outq) == 0) {
		SET(tp->t_flags, TF_XOFFSENT);
		(void)ttstart(tp);
	}
	if ((full || (high && ISSET(tp->t_cflag, CHWFLOW))) &&
	    !ISSET(tp->t_flags, TF_HWBLOCK) && tp->t_hwiflow != NULL &&
	    (*tp->t_hwiflow)(tp, 1) != 0)
		SET(tp->t_flags, TF_HWBLOCK);
	if (ISSET(tp->t_flags, TF_XOFFSENT | TF_HWBLOCK))
		SET(tp->t_state, TS_TBLOCK);
}

/*
 * End every block of input; ttylock held.  A START that finds no room in
 * the output queue is sent by a later call.
 */
void
ttyunblock(struct tty *tp)
{
	const cc_t start = tp->t_cc[VSTART];

	if (ISSET(tp->t_flags, TF_XOFFSENT) && (start == _POSIX_VDISABLE ||
	    putc(start, &tp->t_outq) == 0)) {
		CLR(tp->t_flags, TF_XOFFSENT);
		(void)ttstart(tp);
	}
	if (ISSET(tp->t_flags, TF_HWBLOCK)) {
		CLR(tp->t_flags, TF_HWBLOCK);
		(void)(*tp->t_hwiflow)(tp, 0);
	}
	if (!ISSET(tp->t_flags, TF_XOFFSENT))
		CLR(tp->t_state, TS_TBLOCK);
}

/* After a read, or a change of mode: is there room again? */
void
ttyunblock_read(struct tty *tp)
{

	if (ISSET(tp->t_state, TS_TBLOCK) &&
	    (ttyintotal(tp) < tp->t_qsize / 5 ||
	    (ISSET(tp->t_lflag, ICANON) && tp->t_canq.c_cc == 0)))
		ttyunblock(tp);
}

/* A byte does not fit in canonical mode. */
static int
ttyoverflow(struct tty *tp)
{

	if (ISSET(tp->t_iflag, IMAXBEL)) {
		if (tp->t_outq.c_cc < tp->t_hiwat) {
			(void)ttyoutput('\a', tp);
			(void)ttstart(tp);
		}
	} else
		ttyflush(tp, FREAD | FWRITE);
	tp->t_counts.tc_buf_overrun++;
	return -1;
}

/* A byte is in t_rawq. */
static void
ttyqueued(struct tty *tp)
{

	if (ISSET(tp->t_lflag, ICANON))
		tp->t_cancc++;
	else
		tp->t_rawcc++;
}

/*
 * Queue a character, or refuse (raw) or drop (canonical) it; -1 if so.
 */
static int
ttyenqueue(int c, struct tty *tp)
{

	if (ttyintotal(tp) >= tp->t_qsize) {
		if (!ISSET(tp->t_lflag, ICANON)) {
			ttyblock(tp);
			return -1;
		}
		if (!ttbreakc(tp, c) ||
		    ttyintotal(tp) >= tp->t_qsize + TTYSLACK)
			return ttyoverflow(tp);
	}
	if (putc(c, &tp->t_rawq) != 0)
		return ttyoverflow(tp);
	ttyqueued(tp);
	return 0;
}

/*
 * Queue what stands for a bad byte, or for 0377 with PARMRK: characters that
 * mean nothing and are not echoed.  All of them, in TTYSLACK, if there is room
 * for one: nobody could read a part of a mark.
 */
static int
ttyenqueue_marks(struct tty *tp, const u_char *mark, int n)
{
	int i;

	if (ttyintotal(tp) >= tp->t_qsize)
		return ttyenqueue(mark[0] | TTY_QUOTE, tp);
	for (i = 0; i < n && putc(mark[i] | TTY_QUOTE, &tp->t_rawq) == 0; i++)
		ttyqueued(tp);
	tp->t_rocount = 0;	/* an erase types the line again */
	if (!ISSET(tp->t_lflag, ICANON))
		ttwakeup(tp);
	ttyblock(tp);
	return 0;
}

/*
 * A break, or a byte with a parity or framing error.  Returns 1 if the error
 * does not matter.
 */
static int
ttyinput_error(int c, struct tty *tp)
{
	const tcflag_t iflag = tp->t_iflag;
	const u_char mark[] = { 0377, 0, (u_char)c };

	if (ISSET(c, TTY_BI)) {
		if (ISSET(iflag, IGNBRK))
			return 0;
		if (ISSET(iflag, BRKINT)) {
			ttyflush(tp, FREAD | FWRITE);
			return 0;
		}
	} else if (!ISSET(c, TTY_FE) && !ISSET(iflag, INPCK))
		return 1;
	else if (ISSET(iflag, IGNPAR))
		return 0;

	if (ISSET(iflag, PARMRK))
		return ttyenqueue_marks(tp, mark, 3);
	return ttyenqueue_marks(tp, &mark[1], 1);
}

/*
 * ISIG.  Without a controlling terminal the characters flush and echo.
 * True if c was one of them.
 */
static bool
ttyinput_sig(int c, struct tty *tp)
{
	const cc_t *const cc = tp->t_cc;
	int rw;

	if (CCEQ(cc[VINTR], c) || CCEQ(cc[VQUIT], c))
		rw = FREAD | FWRITE;
	else if (CCEQ(cc[VSUSP], c))
		rw = FREAD;
	else
		return false;
	if (!ISSET(tp->t_lflag, NOFLSH))
		ttyflush(tp, rw);
	ttyecho(c, tp);
	return true;
}

/* IXON.  True if c was START or STOP.  A stop of tcflow(3)'s is its own. */
static bool
ttyinput_flow(int c, struct tty *tp)
{
	const cc_t *const cc = tp->t_cc;

	if (CCEQ(cc[VSTOP], c) && !(CCEQ(cc[VSTART], c) &&
	    ISSET(tp->t_state, TS_TTSTOP))) {
		if (!ISSET(tp->t_state, TS_TTSTOP)) {
			SET(tp->t_state, TS_TTSTOP);
			ttystop(tp, 0);
		}
		return true;
	}
	if (!CCEQ(cc[VSTART], c))
		return false;
	CLR(tp->t_lflag, FLUSHO);
	if (!ISSET(tp->t_flags, TF_USRSTOP))
		ttygo(tp);
	return true;
}

/* The column after the echo of c at column col. */
int
ttyechocol(struct tty *tp, int c, int col)
{
	const int ch = c & TTY_CHARMASK;

	if (ISSET(tp->t_lflag, ECHOCTL) &&
	    ((ch < ' ' && c != '\t' && c != '\n') || ch == 0177))
		return col + 2;
	switch (ch) {
	case '\t':
		return (col + 8) & ~7;
	case '\b':
		return col > 0 ? col - 1 : 0;
	case '\r':
		return 0;
	case '\n':
		return ISSET(tp->t_oflag, ONLCR | ONLRET) ? 0 : col;
	default:
		return ch < ' ' || ch == 0177 || (TTY_UTF8_MORE(ch) &&
		    ISSET(tp->t_iflag, IUTF8)) ? col : col + 1;
	}
}

/* Columns that the last character, already taken out of t_rawq, covers. */
static int
ttyrubwidth(int c, struct tty *tp)
{
	int col, q;
	u_char *p;

	if (c != '\t')
		return ttyechocol(tp, c, 8) - 8;
	if (tp->t_rawq.c_cc > RETABMAX)
		return 1;
	col = tp->t_rocol;
	for (p = firstc(&tp->t_rawq, &q); p != NULL;
	    p = nextc(&tp->t_rawq, p, &q))
		col = ttyechocol(tp, q, col);
	return imax(1, imin(8, tp->t_column - col));
}

/* Echo the line again, after REPRINT or before an erase. */
static void
ttyretype(struct tty *tp)
{
	u_char *p;
	int c;

	if (tp->t_cc[VREPRINT] != _POSIX_VDISABLE)
		ttyecho(tp->t_cc[VREPRINT], tp);
	(void)ttyoutput('\n', tp);
	tp->t_rocol = tp->t_column;
	for (p = firstc(&tp->t_rawq, &c); p != NULL;
	    p = nextc(&tp->t_rawq, p, &c))
		ttyecho(c, tp);
	CLR(tp->t_state, TS_ERASE);
	tp->t_rocount = tp->t_rawq.c_cc;
}

/*
 * The last character of t_rawq, taken out of it.  A byte; with IUTF8 also what
 * begins like a character of UTF-8, with as many bytes as that may have behind
 * it.  All else, such as more of them, is erased byte by byte.
 */
struct lastchar {
	int	lc_n;			/* 0: there is none */
	int	lc_byte[UTF8_MAX];	/* the last one first */
};

/* How many may come behind this one.  It may be quoted, they are not. */
static int
utf8_tail(int c)
{

	c &= TTY_CHARMASK;
	return c < 0xc2 || c > 0xf4 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
}

static void
ttyunput(struct tty *tp, struct lastchar *lc)
{
	int c, tail = 0;

	lc->lc_n = 0;
	while ((c = unputc(&tp->t_rawq)) != -1) {
		lc->lc_byte[lc->lc_n++] = c;
		if (!ISSET(tp->t_iflag, IUTF8) || !TTY_UTF8_MORE(c) ||
		    lc->lc_n == UTF8_MAX)
			break;
		tail++;
	}
	if (tail == 0 || (c != -1 && utf8_tail(c) >= tail))
		return;
	while (lc->lc_n > 1)
		(void)putc(lc->lc_byte[--lc->lc_n], &tp->t_rawq);
}

/* Echo that lc is erased. */
static void
ttyrub(const struct lastchar *lc, struct tty *tp)
{
	int n;

	if (!ISSET(tp->t_lflag, ECHO)) {
		;	/* nothing was shown */
	} else if (ISSET(tp->t_lflag, ECHOPRT)) {
		if (!ISSET(tp->t_state, TS_ERASE)) {
			SET(tp->t_state, TS_ERASE);
			(void)ttyoutput('\\', tp);
		}
		for (n = lc->lc_n; n > 0; n--)
			ttyecho(lc->lc_byte[n - 1], tp);
	} else if (!ISSET(tp->t_lflag, ECHOE)) {
		ttyecho(tp->t_cc[VERASE], tp);
	} else if (tp->t_rocount < lc->lc_n) {
		ttyretype(tp);		/* output has come between */
		return;
	} else {
		n = ttyrubwidth(lc->lc_byte[lc->lc_n - 1], tp);
		for (; n > 0; n--) {
			(void)ttyoutput('\b', tp);
			(void)ttyoutput(' ', tp);
			(void)ttyoutput('\b', tp);
		}
	}
	tp->t_rocount = imax(0, tp->t_rocount - lc->lc_n);
}

static void
ttykill(int c, struct tty *tp)
{
	int n;

	if (ISSET(tp->t_lflag, ECHOKE) && ISSET(tp->t_lflag, ECHOE) &&
	    !ISSET(tp->t_lflag, ECHOPRT) &&
	    tp->t_rocount == tp->t_rawq.c_cc) {
		n = ISSET(tp->t_lflag, ECHO) ? tp->t_column - tp->t_rocol : 0;
		for (; n > 0; n--) {
			(void)ttyoutput('\b', tp);
			(void)ttyoutput(' ', tp);
			(void)ttyoutput('\b', tp);
		}
	} else {
		ttyecho(c, tp);
		if (ISSET(tp->t_lflag, ECHOK | ECHOKE))
			ttyecho('\n', tp);
	}
	ndflush(&tp->t_rawq, tp->t_rawq.c_cc);
	tp->t_rocount = 0;
	CLR(tp->t_state, TS_LOCAL);
}

/* For ALTWERASE: letters, digits and _ are one class. */
static int
ttyclass(struct tty *tp, int c)
{

	c &= TTY_CHARMASK;
	if (c == ' ' || c == '\t')
		return 0;
	if (!ISSET(tp->t_lflag, ALTWERASE))
		return 1;
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '_' ? 1 : 2;
}

static void
ttywerase(struct tty *tp)
{
	struct lastchar lc;
	int c, class = 0;

	for (ttyunput(tp, &lc); lc.lc_n > 0; ttyunput(tp, &lc)) {
		c = lc.lc_byte[lc.lc_n - 1];
		if (class == 0)
			class = ttyclass(tp, c);
		else if (ttyclass(tp, c) != class) {
			while (lc.lc_n > 0)
				(void)putc(lc.lc_byte[--lc.lc_n], &tp->t_rawq);
			break;
		}
		ttyrub(&lc, tp);
	}
}

/* Canonical editing.  True if c was an editing character. */
static bool
ttyinput_edit(int c, struct tty *tp)
{
	const cc_t *const cc = tp->t_cc;
	const bool ext = ISSET(tp->t_lflag, IEXTEN) != 0;
	struct lastchar last;

	if (CCEQ(cc[VERASE], c)) {
		ttyunput(tp, &last);
		if (last.lc_n > 0)
			ttyrub(&last, tp);
	} else if (CCEQ(cc[VKILL], c))
		ttykill(c, tp);
	else if (CCEQ(cc[VWERASE], c) && ext)
		ttywerase(tp);
	else if (CCEQ(cc[VREPRINT], c) && ext)
		ttyretype(tp);
	else
		return false;
	return true;
}

/* LNEXT and DISCARD.  True if c was one of them. */
static bool
ttyinput_ext(int c, struct tty *tp)
{
	const cc_t *const cc = tp->t_cc;

	if (CCEQ(cc[VLNEXT], c)) {
		if (ISSET(tp->t_lflag, ECHO)) {
			if (ISSET(tp->t_lflag, ECHOE)) {
				(void)ttyoutput('^', tp);
				(void)ttyoutput('\b', tp);
			} else
				ttyecho(c, tp);
		}
		SET(tp->t_state, TS_LNCH);
		return true;
	}
	if (!CCEQ(cc[VDISCARD], c))
		return false;
	if (ISSET(tp->t_lflag, FLUSHO))
		CLR(tp->t_lflag, FLUSHO);
	else {
		ttyflush(tp, FWRITE);
		ttyecho(c, tp);
		if (ttyintotal(tp) > 0)
			ttyretype(tp);
		SET(tp->t_lflag, FLUSHO);
	}
	return true;
}

/* Echo and deliver a character that was queued in canonical mode. */
static void
ttyinput_line(int c, struct tty *tp)
{
	int col = tp->t_column;

	if (tp->t_rocount++ == 0 && !ttbreakc(tp, c))
		tp->t_rocol = col;
	if (ISSET(tp->t_state, TS_ERASE)) {	/* end of \.../ */
		CLR(tp->t_state, TS_ERASE);
		(void)ttyoutput('/', tp);
		col = tp->t_column;
	}
	ttyecho(c, tp);
	if (CCEQ(tp->t_cc[VEOF], c) && ISSET(tp->t_lflag, ECHO)) {
		for (col = imin(2, tp->t_column - col); col > 0; col--)
			(void)ttyoutput('\b', tp);
	}
	if (ttbreakc(tp, c)) {
		tp->t_rocount = 0;
		catq(&tp->t_rawq, &tp->t_canq);
		ttwakeup(tp);
	}
}

/* The last part: map CR and NL, edit, queue, echo. */
static int
ttyinput_char(int c, struct tty *tp)
{
	const tcflag_t iflag = tp->t_iflag;
	const bool canon = ISSET(tp->t_lflag, ICANON) != 0;

	if (c == '\r') {
		if (ISSET(iflag, IGNCR))
			return 0;
		if (ISSET(iflag, ICRNL))
			c = '\n';
	} else if (c == '\n' && ISSET(iflag, INLCR))
		c = '\r';
	if (canon && ttyinput_edit(c, tp))
		return 0;
	if (ttyenqueue(c, tp) != 0)
		return -1;
	if (canon)
		ttyinput_line(c, tp);
	else {
		ttyecho(c, tp);
		ttwakeup(tp);
	}
	ttyblock(tp);
	return 0;
}

/* Bytes that act instead of being read, then the rest. */
static int
ttyinput_flags(int c, struct tty *tp)
{
	const tcflag_t lflag = tp->t_lflag;

	if (ISSET(lflag, IEXTEN) && ISSET(lflag, ICANON)) {
		if (ISSET(tp->t_state, TS_LNCH)) {
			CLR(tp->t_state, TS_LNCH);
			return ttyinput_char(c | TTY_QUOTE, tp);
		}
		if (ttyinput_ext(c, tp))
			return 0;
	}
	if (ISSET(lflag, ISIG) && ttyinput_sig(c, tp))
		return 0;
	if (ISSET(tp->t_iflag, IXON) && ttyinput_flow(c, tp))
		return 0;
	return ttyinput_char(c, tp);
}

/*
 * error = ttyinput_wlock(c, tp)
 *
 *	ttyinput with ttylock held.
 */
int
ttyinput_wlock(int c, struct tty *tp)
{
	static const u_char ff[] = { 0377, 0377 };
	const bool flusho = ISSET(tp->t_lflag, FLUSHO) != 0;
	int error;

	KASSERT(ttylocked(tp));
	if (!ISSET(tp->t_state, TS_ISOPEN) || !ISSET(tp->t_cflag, CREAD))
		return 0;
	if (ISSET(tp->t_lflag, PENDIN))
		ttypend(tp);
	if (ISSET(c, TTY_ERRORMASK) && (error = ttyinput_error(c, tp)) <= 0)
		return error;
	c &= TTY_CHARMASK;
	if (ISSET(tp->t_iflag, ISTRIP))
		c &= 0x7f;
	else if (c == 0377 && ISSET(tp->t_iflag, PARMRK))
		return ttyenqueue_marks(tp, ff, 2);

	error = ttyinput_flags(c, tp);
	if (flusho && !(CCEQ(tp->t_cc[VDISCARD], c)))
		CLR(tp->t_lflag, FLUSHO);
	if (ISSET(tp->t_state, TS_TTSTOP) && !ISSET(tp->t_flags, TF_USRSTOP) &&
	    ISSET(tp->t_iflag, IXON) && ISSET(tp->t_iflag, IXANY) &&
	    !CCEQ(tp->t_cc[VSTOP], c))
		ttygo(tp);
	else if (tp->t_outq.c_cc > 0)
		(void)ttstart(tp);	/* echo */
	return error;
}

/*
 * Something has been taken that the line said lsr of; ttylock held.  Not
 * before, because what is refused comes again.
 */
static void
ttycount(struct tty *tp, u_int lsr)
{
	struct tty_counts *const tc = &tp->t_counts;

	if (!ISSET(lsr, TTYLSR_NOBYTE))
		tc->tc_rx++;
	if (ISSET(lsr, TTYLSR_SAME))
		return;
	tc->tc_overrun += ISSET(lsr, TTYLSR_OE) != 0;
	if (ISSET(lsr, TTYLSR_BI))	/* is a framing error as well */
		tc->tc_brk++;
	else {
		tc->tc_parity += ISSET(lsr, TTYLSR_PE) != 0;
		tc->tc_frame += ISSET(lsr, TTYLSR_FE) != 0;
	}
}

/*
 * error = ttyinput_lsr(c, lsr, tp)
 *
 *	A byte with what the line did at it (TTYLSR_*), which has an effect
 *	and is counted; ttylock held.  As ttyinput.  An overrun leaves no trace
 *	in the input: what is there is right.
 */
static int
ttyinput_lsr(int c, u_int lsr, struct tty *tp)
{
	int error = 0;

	if (!ISSET(tp->t_state, TS_ISOPEN) || !ISSET(tp->t_cflag, CREAD))
		return 0;
	if (ISSET(lsr, TTYLSR_BI))
		error = ttyinput_wlock(TTY_BI | TTY_FE, tp);
	else if (!ISSET(lsr, TTYLSR_NOBYTE))
		error = ttyinput_wlock(c |
		    (ISSET(lsr, TTYLSR_PE) ? TTY_PE : 0) |
		    (ISSET(lsr, TTYLSR_FE) ? TTY_FE : 0), tp);
	if (error == 0 || ISSET(tp->t_lflag, ICANON))
		ttycount(tp, lsr);
	return error;
}

/*
 * error = ttyinput(c, tp)
 *
 *	l_rint: a byte has been received, with TTY_FE or TTY_PE if it is bad;
 *	0 with TTY_FE is a break, as in BSD.
 *	0; or -1 if it could not be queued: raw mode, keep it and go on when
 *	t_hwiflow says so; canonical mode, it is dropped.  Input of a line
 *	that is not open, or without CREAD, is dropped with 0.  Called without
 *	ttylock; does not sleep.
 */
int
ttyinput(int c, struct tty *tp)
{
	u_int lsr = (ISSET(c, TTY_PE) ? TTYLSR_PE : 0) |
	    (ISSET(c, TTY_FE) ? TTYLSR_FE : 0);
	int error;

	c &= TTY_CHARMASK;
	if (c == 0 && ISSET(lsr, TTYLSR_FE))
		lsr = TTYLSR_BI;
	ttylock(tp);
	error = ttyinput_lsr(c, lsr, tp);
	ttyunlock(tp);
	return error;
}

/* Compute t_rawmap again if the settings are not those it was made from. */
static const struct ttyrawmap *
ttyrawmap(struct tty *tp)
{
	struct ttyrawmap *const rm = &tp->t_rawmap;
	const cc_t *const cc = tp->t_cc;
	const tcflag_t iflag = tp->t_iflag;
	int i;

	if (rm->rm_valid && rm->rm_iflag == iflag &&
	    rm->rm_lflag == tp->t_lflag &&
	    memcmp(rm->rm_cc, cc, sizeof(rm->rm_cc)) == 0)
		return rm;
	rm->rm_valid = true;
	rm->rm_iflag = iflag;
	rm->rm_lflag = tp->t_lflag;
	memcpy(rm->rm_cc, cc, sizeof(rm->rm_cc));
	rm->rm_plain = true;
	for (i = 0; i < 256; i++) {
		rm->rm_special[i] =
		    (i >= 0x80 && ISSET(iflag, ISTRIP)) ||
		    (i == 0377 && ISSET(iflag, PARMRK)) ||
		    (i == '\r' && ISSET(iflag, IGNCR | ICRNL)) ||
		    (i == '\n' && ISSET(iflag, INLCR)) ||
		    (i == '\n' && ISSET(tp->t_lflag, ECHONL)) ||
		    (ISSET(iflag, IXON) &&
		    (CCEQ(cc[VSTART], i) || CCEQ(cc[VSTOP], i))) ||
		    (ISSET(tp->t_lflag, ISIG) && (CCEQ(cc[VINTR], i) ||
		    CCEQ(cc[VQUIT], i) || CCEQ(cc[VSUSP], i)));
		if (rm->rm_special[i])
			rm->rm_plain = false;
	}
	return rm;
}

/*
 * How many of len bytes can be copied to t_rawq as they are: lsr is NULL, or
 * has what the line did at each.
 */
static int
ttyplainrun(struct tty *tp, const u_char *buf, const u_char *lsr, int len)
{
	const struct ttyrawmap *rm;
	int n;

	if (ISSET(tp->t_lflag, ICANON | ECHO | FLUSHO) ||
	    ISSET(tp->t_state, TS_TTSTOP))
		return 0;
	if (lsr != NULL) {
		for (n = 0; n < len && lsr[n] == 0; n++)
			continue;
		len = n;
	}
	rm = ttyrawmap(tp);
	if (rm->rm_plain)
		return len;
	for (n = 0; n < len && !rm->rm_special[buf[n]]; n++)
		continue;
	return n;
}

/*
 * taken = ttyinput_block(tp, buf, lsr, len)
 *
 *	l_rintb: the same as ttyinput for each byte of buf, until one is
 *	refused.  lsr: NULL, or for each byte what the line did at it
 *	(TTYLSR_*).  If fewer than len are taken the queue
 *	is full in raw mode: t_hwiflow(tp, 1) was called, and t_hwiflow(tp, 0)
 *	comes, perhaps before this returns, when the rest can be given.
 *	Called without ttylock; does not sleep.
 *
 *	This is ttwakeup, but the reader is woken when ttylock is left: it
 *	would wait for that at once, and have to be woken again.
 */
size_t
ttyinput_block(struct tty *tp, const u_char *buf, const u_char *lsr,
    size_t len)
{
	size_t done = 0;
	bool queued = false;
	int n, left;

	ttylock(tp);
	while (done < len) {
		if (!ISSET(tp->t_state, TS_ISOPEN) ||
		    !ISSET(tp->t_cflag, CREAD)) {
			done = len;
			break;
		}
		left = (int)ulmin(len - done, TTYQSIZE_MAX);
		n = ttyplainrun(tp, buf + done, lsr == NULL ? NULL :
		    lsr + done, left);
		if (n == 0) {
			if (ttyinput_lsr(buf[done], lsr == NULL ? 0 :
			    lsr[done], tp) != 0 && !ISSET(tp->t_lflag, ICANON))
				break;
			done++;
			continue;
		}
		n = imin(n, tp->t_qsize - ttyintotal(tp));
		if (n <= 0) {
			ttyblock(tp);
			break;
		}
		(void)b_to_q(buf + done, n, &tp->t_rawq);
		tp->t_rawcc += n;
		tp->t_counts.tc_rx += n;
		done += (size_t)n;
		queued = true;
		ttyblock(tp);
	}
	if (queued)
		selnotify(&tp->t_rsel, 0, 0);
	ttyunlock(tp);
	if (queued)
		cv_broadcast(&tp->t_rawcv);
	return done;
}

/*
 * ttypend(tp)
 *
 *	PENDIN: put what is in t_rawq through the line discipline again,
 *	because it was received in raw mode; ttylock held.  What stands for a bad
 *	byte, or was quoted, has been through it and stays what it is.
 */
void
ttypend(struct tty *tp)
{
	const int n = tp->t_rawq.c_cc;
	uint16_t *buf;
	u_char c;
	int i;

	KASSERT(ttylocked(tp));
	CLR(tp->t_lflag, PENDIN);
	if (n == 0)
		return;
	SET(tp->t_state, TS_TYPEN);
	buf = kmem_alloc((size_t)n * sizeof(*buf), KM_SLEEP);
	for (i = 0; i < n; i++)
		buf[i] = (uint16_t)getc(&tp->t_rawq);
	for (i = 0; i < n; i++) {
		c = (u_char)buf[i];
		if (ISSET(buf[i], TTY_QUOTE))
			(void)ttyenqueue_marks(tp, &c, 1);
		else
			(void)ttyinput_wlock(c, tp);
	}
	kmem_free(buf, (size_t)n * sizeof(*buf));
	CLR(tp->t_state, TS_TYPEN);
}
