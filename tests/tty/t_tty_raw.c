/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_tty_raw.c - raw mode: VMIN and VTIME, O_NONBLOCK, poll, blocks of input
 * against single bytes, back pressure.
 */
#include <sys/kmem.h>
#include <sys/kernel.h>

#include <sys/event.h>

#include "h_tty.h"
#include "tty/tty_impl.h"

/* A read on a thread of its own. */
struct reader {
	struct h_dev	*rd_dev;
	struct t_thread	*rd_thread;
	u_char		 rd_buf[64];
	size_t		 rd_len;
	size_t		 rd_done;
	int		 rd_flag;
	int		 rd_error;
};

static void
reader_main(void *arg)
{
	struct reader *const rd = arg;

	rd->rd_error = h_read(rd->rd_dev, rd->rd_buf, rd->rd_len, rd->rd_flag,
	    &rd->rd_done);
}

static void
reader_start(struct reader *rd, struct h_dev *hd, size_t len)
{

	memset(rd, 0, sizeof(*rd));
	rd->rd_dev = hd;
	rd->rd_len = len;
	rd->rd_thread = t_spawn(reader_main, rd);
}

static void
reader_end(struct reader *rd, int error, const char *want)
{

	t_join(rd->rd_thread);
	T_EQ(rd->rd_error, error);
	T_EQ(rd->rd_done, strlen(want));
	T_CHECK(memcmp(rd->rd_buf, want, strlen(want)) == 0);
}

static void
set_vmin(struct h_dev *hd, int m, int t)
{

	ttylock(hd->hd_tp);
	hd->hd_tp->t_cc[VMIN] = (cc_t)m;
	hd->hd_tp->t_cc[VTIME] = (cc_t)t;
	ttyunlock(hd->hd_tp);
}

static void
test_min(void)
{
	struct h_dev *const hd = h_open();
	struct reader rd;

	set_vmin(hd, 3, 0);
	reader_start(&rd, hd, 10);
	T_UNTIL(h_reader_sleeps, hd);
	h_input(hd, "a");
	T_UNTIL(h_reader_sleeps, hd);
	h_input(hd, "b");
	T_UNTIL(h_reader_sleeps, hd);
	T_EQ(rd.rd_done, 0);
	h_input(hd, "c");
	reader_end(&rd, 0, "abc");

	/* A request smaller than VMIN. */
	reader_start(&rd, hd, 2);
	T_UNTIL(h_reader_sleeps, hd);
	h_input(hd, "de");
	reader_end(&rd, 0, "de");

	/* More than VMIN: all of it, the rest stays. */
	h_input(hd, "0123456789");
	reader_start(&rd, hd, 4);
	reader_end(&rd, 0, "0123");
	H_READ(hd, 0, "456789");
	h_free(hd);
}

static void
test_min0(void)
{
	struct h_dev *const hd = h_open();

	set_vmin(hd, 0, 0);
	H_READ(hd, 0, "");
	h_input(hd, "x");
	H_READ(hd, 0, "x");
	H_READ(hd, IO_NDELAY, "");
	h_free(hd);
}

static void
test_time(void)
{
	struct h_dev *const hd = h_open();
	struct reader rd;
	uint64_t start;

	/* VMIN 0: over after VTIME, with nothing. */
	set_vmin(hd, 0, 2);
	start = t_now_ms();
	H_READ(hd, 0, "");
	T_CHECK(t_now_ms() - start >= 200);

	/* Or with the first byte. */
	set_vmin(hd, 0, 250);
	reader_start(&rd, hd, 10);
	T_UNTIL(h_reader_sleeps, hd);
	h_input(hd, "y");
	reader_end(&rd, 0, "y");
	h_free(hd);
}

static void
test_mintime(void)
{
	struct h_dev *const hd = h_open();
	struct reader rd;
	uint64_t start;

	/* No timer before the first byte; then it ends a short read. */
	set_vmin(hd, 5, 2);
	reader_start(&rd, hd, 10);
	T_UNTIL(h_reader_sleeps, hd);
	t_msleep(300);			/* longer than VTIME: must not end */
	T_UNTIL(h_reader_sleeps, hd);
	start = t_now_ms();
	h_input(hd, "ab");
	reader_end(&rd, 0, "ab");
	T_CHECK(t_now_ms() - start >= 199);

	/* Enough bytes end it at once. */
	set_vmin(hd, 2, 250);
	reader_start(&rd, hd, 10);
	T_UNTIL(h_reader_sleeps, hd);
	h_input(hd, "c");
	T_UNTIL(h_reader_sleeps, hd);
	h_input(hd, "d");
	reader_end(&rd, 0, "cd");

	/* Every byte starts the timer again: these are 0.3 s apart. */
	set_vmin(hd, 5, 20);
	reader_start(&rd, hd, 10);
	T_UNTIL(h_reader_sleeps, hd);
	h_input(hd, "1");
	t_msleep(300);
	start = t_now_ms();
	h_input(hd, "2");
	reader_end(&rd, 0, "12");
	T_CHECK(t_now_ms() - start >= 1999);

	/* Bytes that are there already start the timer. */
	set_vmin(hd, 5, 1);
	h_input(hd, "e");
	H_READ(hd, 0, "e");
	h_free(hd);
}

static void
test_nonblock(void)
{
	struct h_dev *const hd = h_open();
	u_char buf[8];
	size_t done;
	int m, t;

	for (m = 1; m < 4; m += 2) {
		for (t = 0; t < 2; t++) {
			set_vmin(hd, m, t * 250);
			T_EQ(h_read(hd, buf, 8, IO_NDELAY, &done),
			    EWOULDBLOCK);
			T_EQ(done, 0);
			h_input(hd, "z");
			H_READ(hd, IO_NDELAY, "z");
		}
	}
	set_vmin(hd, 0, 250);
	T_EQ(h_read(hd, buf, 8, IO_NDELAY, &done), EWOULDBLOCK);
	h_free(hd);
}

static void
test_interrupt(void)
{
	struct h_dev *const hd = h_open();
	u_char buf[8];
	size_t done;

	lwp_intr_post(curlwp);
	T_EQ(h_read(hd, buf, 8, 0, &done), EINTR);
	/* A thread that must not sleep, with and without a timer. */
	curlwp->l_wake = 0;
	curlwp->l_nosleep = true;
	T_EQ(h_read(hd, buf, 8, 0, &done), ERESTART);
	set_vmin(hd, 0, 250);
	T_EQ(h_read(hd, buf, 8, 0, &done), ERESTART);
	curlwp->l_nosleep = false;
	h_free(hd);
}

static u_int wakes;

static void
wake(void *arg __unused)
{

	wakes++;
}

static int
filters_say(void *cookie __unused, struct knote *kn)
{

	return ttykqfilter(0, kn);
}

/* The same by ttykqfilter(9). */
static int
polls_filters(struct tty *tp, int events, struct lwp *l)
{

	h_cdev_tty = tp;
	return knote_poll(filters_say, NULL, events, l);
}

static void
agrees(int (*polls)(struct tty *, int, struct lwp *))
{
	struct h_dev *const hd = h_open();
	struct tty *const tp = hd->hd_tp;
	struct selpoller sp;

	selpoller_init(&sp, wake, NULL);
	curlwp->l_poller = &sp;
	wakes = 0;
	T_EQ(polls(tp, POLLIN | POLLOUT, curlwp), POLLOUT);
	h_input(hd, "a");
	T_EQ(wakes, 1);
	T_EQ(polls(tp, POLLIN | POLLRDNORM, curlwp), POLLIN | POLLRDNORM);
	/* Readable already; a further byte must still wake (edges). */
	h_inputn(hd, "b", 1);
	T_EQ(wakes, 2);
	set_vmin(hd, 3, 0);
	T_EQ(polls(tp, POLLIN, curlwp), 0);
	set_vmin(hd, 3, 1);
	T_EQ(polls(tp, POLLIN, curlwp), POLLIN);
	/* Loss of carrier. */
	wakes = 0;
	(void)ttymodem(tp, 0);
	T_CHECK(wakes > 0);
	T_EQ(polls(tp, POLLIN | POLLOUT, curlwp), POLLIN | POLLHUP);
	T_EQ(polls(tp, 0, curlwp), POLLHUP);
	curlwp->l_poller = NULL;
	selpoller_destroy(&sp);
	h_free(hd);
}

static void
test_poll(void)
{

	agrees(ttpoll);
}

static void
test_kqfilter(void)
{
	struct knote kn = { .kn_filter = 7 };

	agrees(polls_filters);
	T_EQ(ttykqfilter(0, &kn), EINVAL);
	h_cdev_tty = NULL;
	kn.kn_filter = EVFILT_READ;
	T_EQ(ttykqfilter(0, &kn), ENXIO);
}

/* What a driver such as ucom looks at. */
static void
test_driver(void)
{
	struct h_dev *const hd = h_open();
	struct tty *const tp = hd->hd_tp;
	const struct linesw *const ls = tp->t_linesw;
	const dev_t out = makedev(3, TTDIALOUT_MASK | 5);
	const dev_t call = makedev(3, TTCALLUNIT_MASK | 5);

	T_CHECK(ISSET(tp->t_state, TS_ISOPEN));
	(void)ls->l_modem(tp, 1);
	T_CHECK(ISSET(tp->t_state, TS_CARR_ON));
	T_EQ(ls->l_rint('r', tp), 0);
	H_READ(hd, 0, "r");
	(void)ls->l_modem(tp, 0);
	T_CHECK(!ISSET(tp->t_state, TS_CARR_ON));
	T_EQ(TTUNIT(out), 5);
	T_EQ(TTUNIT(call), 5);
	T_CHECK(TTDIALOUT(out) && !TTDIALOUT(call));
	T_CHECK(TTCALLUNIT(call) && !TTCALLUNIT(out));
	T_EQ(TTUNIT_MASK, 0x3ffff);
	T_EQ(TTCALLUNIT_MASK, 0x40000);
	T_EQ(TTDIALOUT_MASK, 0x80000);
	h_free(hd);
}

static void
test_parity(void)
{
	struct h_dev *const hd = h_open();
	struct tty *const tp = hd->hd_tp;
	const int pe = 'p' | TTY_PE, fe = 'f' | TTY_FE, brk = TTY_FE;
	struct tty_counts tc;

	/* Nothing set: parity is not looked at, the others read as NUL. */
	T_EQ(ttyinput(pe, tp), 0);
	T_EQ(ttyinput(fe, tp), 0);
	T_EQ(ttyinput(brk, tp), 0);
	H_READ(hd, 0, "p\0\0");
	tp->t_iflag = INPCK | PARMRK;
	(void)ttyinput(pe, tp);
	(void)ttyinput(brk, tp);
	(void)ttyinput(0377, tp);
	H_READ(hd, 0, "\377\0p\377\0\0\377\377");
	tp->t_iflag = INPCK | PARMRK | IGNPAR | IGNBRK;
	(void)ttyinput(pe, tp);
	(void)ttyinput(fe, tp);
	(void)ttyinput(brk, tp);
	(void)ttyinput('k', tp);
	H_READ(hd, 0, "k");
	tp->t_iflag = BRKINT;
	h_input(hd, "gone");
	(void)ttyinput(brk, tp);
	h_input(hd, "here");
	H_READ(hd, 0, "here");
	tp->t_iflag = ISTRIP;
	h_inputn(hd, "\301\302C", 3);
	H_READ(hd, 0, "ABC");
	tp->t_cflag &= ~(tcflag_t)CREAD;
	h_input(hd, "no");
	T_EQ(h_inputn(hd, "no", 2), 2);
	tp->t_cflag |= CREAD;
	T_EQ(tp->t_rawq.c_cc, 0);
	T_EQ(h_ioctl(hd, TIOCGCOUNTS, &tc), 0);
	T_EQ(tc.tc_parity, 3);
	T_EQ(tc.tc_frame, 2);
	T_EQ(tc.tc_brk, 4);
	h_free(hd);
}

/*
 * A block with what the line did beside its bytes: each byte as POSIX says for
 * its own, and nothing for its neighbours, whatever is set.
 */
static void
test_lsr(void)
{
	static const u_char in[] = "ab\0c\377d";
	static const u_char lsr[] = { 0, TTYLSR_PE, TTYLSR_BI, TTYLSR_FE, 0,
	    TTYLSR_OE };
	static const struct {
		tcflag_t	 iflag;
		const char	*want;
		size_t		 len;
	} rows[] = {
		{ 0, "ab\0\0\377d", 6 },
		{ INPCK, "a\0\0\0\377d", 6 },
		{ INPCK | IGNPAR, "a\0\377d", 4 },
		{ IGNPAR, "ab\0\377d", 5 },
		{ IGNBRK, "ab\0\377d", 5 },
		{ PARMRK, "ab\377\0\0\377\0c\377\377d", 11 },
		{ PARMRK | INPCK, "a\377\0b\377\0\0\377\0c\377\377d", 13 },
		{ PARMRK | IGNBRK, "ab\377\0c\377\377d", 8 },
		{ PARMRK | ISTRIP, "ab\377\0\0\377\0c\177d", 10 },
		{ BRKINT, "\0\377d", 3 },
		{ BRKINT | IGNBRK | PARMRK | IGNPAR | INPCK, "a\377\377d", 4 },
	};
	struct h_dev *const hd = h_open();
	struct tty_counts tc;
	u_char got[32];
	size_t i, n;

	for (i = 0; i < __arraycount(rows); i++) {
		hd->hd_tp->t_iflag = rows[i].iflag;
		T_EQ(ttyinput_block(hd->hd_tp, in, lsr, 6), 6);
		T_EQ(h_read(hd, got, sizeof(got), IO_NDELAY, &n), 0);
		T_EQ(n, rows[i].len);
		T_EQ(memcmp(got, rows[i].want, n), 0);
	}
	/* The bytes of the line, however many a mark has. */
	T_EQ(h_ioctl(hd, TIOCGCOUNTS, &tc), 0);
	T_EQ(tc.tc_rx, 6 * (int)i);
	T_EQ(tc.tc_parity, i);
	T_EQ(tc.tc_frame, i);
	T_EQ(tc.tc_brk, i);
	T_EQ(tc.tc_overrun, i);
	h_free(hd);
}

/* What no byte has, what several have, and a break that is no framing error. */
static void
test_lsr_odd(void)
{
	static const u_char in[] = "xyz\0";
	static const u_char same[] = { TTYLSR_PE, TTYLSR_PE | TTYLSR_SAME,
	    TTYLSR_PE | TTYLSR_SAME, TTYLSR_FE };
	u_char lsr = TTYLSR_NOBYTE | TTYLSR_PE | TTYLSR_FE | TTYLSR_OE;
	struct h_dev *const hd = h_open();
	struct tty_counts tc;

	hd->hd_tp->t_iflag = PARMRK | INPCK;
	T_EQ(ttyinput_block(hd->hd_tp, in, &lsr, 1), 1);
	T_EQ(hd->hd_tp->t_rawq.c_cc, 0);
	lsr = TTYLSR_NOBYTE | TTYLSR_BI | TTYLSR_FE;
	T_EQ(ttyinput_block(hd->hd_tp, in, &lsr, 1), 1);
	H_READ(hd, 0, "\377\0\0");
	T_EQ(h_ioctl(hd, TIOCGCOUNTS, &tc), 0);
	T_CHECK(tc.tc_rx == 0 && tc.tc_parity == 1 && tc.tc_frame == 1 &&
	    tc.tc_overrun == 1 && tc.tc_brk == 1);

	hd->hd_tp->t_iflag = INPCK | IGNPAR | BRKINT;
	T_EQ(ttyinput_block(hd->hd_tp, in, same, 4), 4);
	T_EQ(hd->hd_tp->t_rawq.c_cc, 0);
	T_EQ(h_ioctl(hd, TIOCGCOUNTS, &tc), 0);
	T_CHECK(tc.tc_rx == 4 && tc.tc_parity == 2 && tc.tc_frame == 2 &&
	    tc.tc_brk == 1);
	h_free(hd);
}

/* A mark that begins while there is room for a byte is whole. */
static void
test_mark_full(void)
{
	static const u_char bad = TTYLSR_PE;
	struct h_dev *const hd = h_open();
	int size = TTYQSIZE_MIN, room;
	char buf[TTYQSIZE_MIN + 8];
	size_t n;

	T_EQ(h_ioctl(hd, TIOCSQSIZE, &size), 0);
	hd->hd_tp->t_iflag = INPCK | PARMRK;
	for (room = 1; room <= 3; room++) {
		n = (size_t)(size - room);
		memset(buf, 'f', n);
		T_EQ(h_inputn(hd, buf, n), n);
		T_EQ(ttyinput_block(hd->hd_tp, (const u_char *)"e", &bad, 1),
		    1);
		T_EQ(h_inputn(hd, "g", 1), 0);
		T_EQ(h_read(hd, buf, sizeof(buf), 0, &n), 0);
		T_EQ(n, size - room + 3);
		T_EQ(memcmp(buf + size - room, "\377\0e", 3), 0);
		n = (size_t)(size - room);
		T_EQ(h_inputn(hd, buf, n), n);
		T_EQ(h_inputn(hd, "\377", 1), 1);
		T_EQ(h_read(hd, buf, sizeof(buf), 0, &n), 0);
		T_EQ(n, size - room + 2);
		T_EQ(memcmp(buf + size - room, "\377\377", 2), 0);
	}
	h_free(hd);
}

/* In raw mode a bad byte waits for room like others, and is counted once. */
static void
test_lsr_full(void)
{
	static const u_char lsr[2] = { TTYLSR_PE | TTYLSR_OE, TTYLSR_BI };
	struct h_dev *const hd = h_open();
	u_int size = TTYQSIZE_MIN, i;
	struct tty_counts tc;
	char buf[TTYQSIZE_MIN];
	size_t n;

	T_EQ(h_ioctl(hd, TIOCSQSIZE, &size), 0);
	memset(buf, 'f', sizeof(buf));
	T_EQ(h_inputn(hd, buf, sizeof(buf)), sizeof(buf));
	hd->hd_tp->t_iflag = INPCK | PARMRK;
	for (i = 0; i < 3; i++)
		T_EQ(ttyinput_block(hd->hd_tp, (const u_char *)"e", lsr, 2),
		    0);
	T_EQ(h_ioctl(hd, TIOCGCOUNTS, &tc), 0);
	T_CHECK(tc.tc_rx == size && tc.tc_parity == 0 && tc.tc_overrun == 0);
	T_EQ(h_read(hd, buf, sizeof(buf), 0, &n), 0);
	T_EQ(n, sizeof(buf));
	T_EQ(ttyinput_block(hd->hd_tp, (const u_char *)"e", lsr, 2), 2);
	H_READ(hd, 0, "\377\0e\377\0\0");
	T_EQ(h_ioctl(hd, TIOCGCOUNTS, &tc), 0);
	T_CHECK(tc.tc_rx == size + 2 && tc.tc_parity == 1 &&
	    tc.tc_overrun == 1 && tc.tc_brk == 1 && tc.tc_buf_overrun == 0);

	/* In canonical mode what does not fit is lost, and that is counted. */
	h_canon(hd->hd_tp);
	hd->hd_tp->t_lflag &= ~(tcflag_t)ECHO;
	memset(buf, 'c', sizeof(buf));
	(void)h_inputn(hd, buf, sizeof(buf));
	(void)h_inputn(hd, buf, 5);
	T_EQ(h_ioctl(hd, TIOCGCOUNTS, &tc), 0);
	T_EQ(tc.tc_buf_overrun, 5);
	h_free(hd);
}

/* All that a byte can have done. */
static void
same_state(struct h_dev *a, struct h_dev *b)
{
	struct tty *const x = a->hd_tp, *const y = b->hd_tp;

	T_EQ(x->t_rawq.c_cc, y->t_rawq.c_cc);
	T_EQ(x->t_canq.c_cc, y->t_canq.c_cc);
	T_EQ(x->t_state, y->t_state);
	T_EQ(x->t_lflag, y->t_lflag);
	T_EQ(x->t_flags, y->t_flags);
	T_EQ(x->t_column, y->t_column);
	T_EQ(a->hd_outlen, b->hd_outlen);
	T_CHECK(memcmp(a->hd_out, b->hd_out, a->hd_outlen) == 0);
	T_EQ(a->hd_blocks, b->hd_blocks);
	T_EQ(a->hd_unblocks, b->hd_unblocks);
}

static void
same_queue(struct clist *x, struct clist *y)
{
	u_char *p, *r;
	int c = 0, d = 0;

	p = firstc(x, &c);
	r = firstc(y, &d);
	while (p != NULL && r != NULL) {
		T_EQ(c & TTY_CHARMASK, d & TTY_CHARMASK);
		p = nextc(x, p, &c);
		r = nextc(y, r, &d);
	}
	T_CHECK(p == NULL && r == NULL);
}

static void
random_settings(struct h_dev *a, struct h_dev *b)
{
	static const tcflag_t iflags[] = { ISTRIP, INLCR, IGNCR, ICRNL, IXON,
	    IXOFF, IXANY, IMAXBEL, PARMRK };
	static const tcflag_t lflags[] = { ECHO, ECHONL, ISIG, ICANON, IEXTEN,
	    ECHOE, ECHOK, ECHOKE, ECHOCTL, ECHOPRT, NOFLSH };
	struct tty *const x = a->hd_tp, *const y = b->hd_tp;
	struct termios t;
	u_int i;

	ttychars(x);
	t = x->t_termios;
	t.c_iflag = t.c_lflag = 0;
	for (i = 0; i < __arraycount(iflags); i++)
		t.c_iflag |= t_random() % 3 == 0 ? iflags[i] : 0;
	for (i = 0; i < __arraycount(lflags); i++)
		t.c_lflag |= t_random() % 3 == 0 ? lflags[i] : 0;
	if (t_random() % 4 == 0)
		t.c_cflag |= CRTSCTS;
	if (t_random() % 4 == 0)
		t.c_cc[VSTOP] = t.c_cc[VSTART];
	T_EQ(h_ioctl(a, TIOCSETA, &t), 0);
	T_EQ(h_ioctl(b, TIOCSETA, &t), 0);
	same_state(a, b);
	same_queue(&x->t_rawq, &y->t_rawq);
}

/* One block into a, the same bytes one by one into b. */
static void
feed_both(struct h_dev *a, struct h_dev *b, const u_char *buf, size_t n)
{
	const bool raw = !ISSET(a->hd_tp->t_lflag, ICANON);
	size_t i, taken;

	taken = h_inputn(a, buf, n);
	for (i = 0; i < n; i++) {
		if (ttyinput(buf[i], b->hd_tp) != 0 && raw)
			break;
	}
	T_EQ(taken, i);
	same_state(a, b);
	same_queue(&a->hd_tp->t_rawq, &b->hd_tp->t_rawq);
	same_queue(&a->hd_tp->t_canq, &b->hd_tp->t_canq);
}

static void
test_block_is_bytes(void)
{
	static u_char buf[3000], got[2][3000];
	struct h_dev *const a = h_open(), *const b = h_open();
	size_t n, i, d0, d1;
	int round, qsize = 1024;

	T_EQ(h_ioctl(a, TIOCSQSIZE, &qsize), 0);
	T_EQ(h_ioctl(b, TIOCSQSIZE, &qsize), 0);
	for (round = 0; round < 3000; round++) {
		if (round % 5 == 0)
			random_settings(a, b);
		n = t_random() % (round % 7 == 0 ? 2000 : 60);
		for (i = 0; i < n; i++)
			buf[i] = (u_char)(t_random() % 3 == 0 ?
			    t_random() % 32 : t_random());
		feed_both(a, b, buf, n);
		if (t_random() % 2)
			continue;
		n = t_random() % sizeof(got[0]) + 1;
		T_EQ(h_read(a, got[0], n, IO_NDELAY, &d0),
		    h_read(b, got[1], n, IO_NDELAY, &d1));
		T_EQ(d0, d1);
		T_CHECK(memcmp(got[0], got[1], d0) == 0);
		same_state(a, b);
		if (a->hd_outlen > H_OUTSIZE / 2) {
			h_clear(a);
			h_clear(b);
		}
	}
	h_free(a);
	h_free(b);
}

/* What is special changes with the settings, not with the next block. */
static void
test_block_settings(void)
{
	struct h_dev *const hd = h_open();
	struct tty *const tp = hd->hd_tp;

	tp->t_lflag = ISIG;
	T_EQ(h_inputn(hd, "a\003b", 3), 3);
	H_READ(hd, 0, "b");
	tp->t_cc[VINTR] = 'q';
	T_EQ(h_inputn(hd, "a\003qb", 4), 4);
	H_READ(hd, 0, "b");
	tp->t_cc[VINTR] = _POSIX_VDISABLE;
	T_EQ(h_inputn(hd, "\377q", 2), 2);
	H_READ(hd, 0, "\377q");
	/* Input ends DISCARD, in a block too. */
	tp->t_lflag = FLUSHO;
	T_EQ(h_inputn(hd, "x", 1), 1);
	T_CHECK(!ISSET(tp->t_lflag, FLUSHO));
	h_free(hd);
}

/* ---- back pressure -------------------------------------------------- */

#define	STREAM	(1024 * 1024)

static u_char
stream_byte(size_t i)
{

	return (u_char)(i * 7 + (i >> 8) * 13 + (i >> 16));
}

static int
may_feed(void *arg)
{
	struct h_dev *const hd = arg;
	int yes;

	ttylock(hd->hd_tp);
	yes = !hd->hd_blocked;
	ttyunlock(hd->hd_tp);
	return yes;
}

/* A device that can be stopped only by not reading from it. */
static void
feeder(void *arg)
{
	struct h_dev *const hd = arg;
	u_char buf[509];
	size_t i, n, sent = 0;

	while (sent < STREAM) {
		n = ulmin(sizeof(buf), STREAM - sent);
		for (i = 0; i < n; i++)
			buf[i] = stream_byte(sent + i);
		T_UNTIL(may_feed, hd);
		sent += h_inputn(hd, buf, n);	/* the rest comes again */
	}
}

static void
drink(struct h_dev *hd, size_t max)
{
	static u_char buf[4096];
	size_t got = 0, done, i;

	while (got < STREAM) {
		T_EQ(h_read(hd, buf, t_random() % max + 1, 0, &done), 0);
		T_CHECK(done > 0);
		for (i = 0; i < done; i++) {
			if (buf[i] != stream_byte(got + i))
				t_fail(__FILE__, __LINE__, "byte %zu: %d",
				    got + i, buf[i]);
		}
		got += done;
	}
}

static void
test_pressure(void)
{
	struct h_dev *const hd = h_open();
	struct t_thread *t;
	int qsize = 8192;

	T_EQ(h_ioctl(hd, TIOCSQSIZE, &qsize), 0);
	t = t_spawn(feeder, hd);
	drink(hd, 200);
	t_join(t);
	T_EQ(hd->hd_tp->t_rawq.c_cc, 0);
	T_CHECK(hd->hd_blocks > 0);
	T_EQ(hd->hd_blocks, hd->hd_unblocks);
	h_free(hd);
}

static void
test_full(void)
{
	struct h_dev *const hd = h_open();
	static u_char buf[2048];
	size_t done;
	int qsize = 1024;

	/* Without flow control the queue fills up, then the driver stops. */
	T_EQ(h_ioctl(hd, TIOCSQSIZE, &qsize), 0);
	T_EQ(h_inputn(hd, buf, 600), 600);
	T_EQ(hd->hd_blocks, 0);
	T_EQ(h_inputn(hd, buf, 600), 424);
	T_EQ(hd->hd_blocks, 1);
	T_EQ(ttyinput('x', hd->hd_tp), -1);
	T_EQ(h_inputn(hd, buf, 1), 0);
	T_EQ(h_read(hd, buf, 800, 0, &done), 0);
	T_EQ(done, 800);
	T_EQ(hd->hd_unblocks, 0);	/* 224 left: not below a fifth */
	T_EQ(h_read(hd, buf, 21, 0, &done), 0);
	T_EQ(hd->hd_unblocks, 1);

	/* With it, half full is enough. */
	hd->hd_tp->t_cflag |= CRTSCTS;
	T_EQ(h_inputn(hd, buf, 400), 400);
	T_EQ(hd->hd_blocks, 2);
	T_EQ(h_inputn(hd, buf, 100), 100);	/* more may come yet */
	T_EQ(hd->hd_blocks, 2);
	ttylock(hd->hd_tp);
	ttyflush(hd->hd_tp, FREAD);
	ttyunlock(hd->hd_tp);
	T_EQ(hd->hd_unblocks, 2);
	h_free(hd);
}

static void
test_carrier_lost(void)
{
	struct h_dev *const hd = h_open();
	struct reader rd;
	size_t done;

	reader_start(&rd, hd, 10);
	T_UNTIL(h_reader_sleeps, hd);
	T_EQ(ttymodem(hd->hd_tp, 0), 0);
	reader_end(&rd, 0, "");			/* end of file */
	T_EQ(h_write(hd, "x", 1, 0, &done), EIO);
	/* With CLOCAL nobody notices. */
	hd->hd_tp->t_cflag |= CLOCAL;
	T_EQ(h_write(hd, "x", 1, 0, &done), 0);
	(void)ttymodem(hd->hd_tp, 1);
	T_EQ(ttymodem(hd->hd_tp, 0), 1);
	H_OUT(hd, "x");
	h_free(hd);
}

const struct t_case t_cases[] = {
	{ "VMIN bytes end a read", test_min },
	{ "VMIN 0, VTIME 0 never waits", test_min0 },
	{ "VMIN 0: VTIME limits the read", test_time },
	{ "VMIN and VTIME: the timer runs between bytes", test_mintime },
	{ "O_NONBLOCK gets what is there or EWOULDBLOCK", test_nonblock },
	{ "an interrupt ends a read", test_interrupt },
	{ "poll agrees with read and wakes on each input", test_poll },
	{ "so do the filters of ttykqfilter", test_kqfilter },
	{ "state, line switch and units as a driver sees them", test_driver },
	{ "errors and breaks are marked, dropped or ignored", test_parity },
	{ "each byte of a block has its own error", test_lsr },
	{ "errors of no byte, of one of several, of a 0", test_lsr_odd },
	{ "a bad byte waits for room, and is counted once", test_lsr_full },
	{ "a mark is whole in a queue that is almost full", test_mark_full },
	{ "a block of input is the same as its bytes", test_block_is_bytes },
	{ "a block follows the settings", test_block_settings },
	{ "a full queue refuses, and tells when there is room", test_full },
	{ "a slow reader loses no byte of 1 MiB", test_pressure },
	{ "loss of carrier is end of file", test_carrier_lost },
	{ NULL, NULL }
};
