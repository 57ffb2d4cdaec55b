/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_tty_output.c - output: OPOST, START and STOP, water marks, drain, flush,
 * the drain of the last close.
 */
#include "h_tty.h"
#include "tty/tty_impl.h"

/* A write or an ioctl on a thread of its own. */
struct worker {
	struct h_dev	*wk_dev;
	struct t_thread	*wk_thread;
	const u_char	*wk_buf;
	size_t		 wk_len;
	size_t		 wk_done;
	u_long		 wk_cmd;
	void		*wk_data;
	int		 wk_error;
};

static void
writer_main(void *arg)
{
	struct worker *const wk = arg;

	wk->wk_error = h_write(wk->wk_dev, wk->wk_buf, wk->wk_len, 0,
	    &wk->wk_done);
}

static void
ioctl_main(void *arg)
{
	struct worker *const wk = arg;

	wk->wk_error = h_ioctl(wk->wk_dev, wk->wk_cmd, wk->wk_data);
}

static void
ioctl_start(struct worker *wk, struct h_dev *hd, u_long cmd, void *data)
{

	memset(wk, 0, sizeof(*wk));
	wk->wk_dev = hd;
	wk->wk_cmd = cmd;
	wk->wk_data = data;
	wk->wk_thread = t_spawn(ioctl_main, wk);
}

static int
worker_end(struct worker *wk)
{

	t_join(wk->wk_thread);
	return wk->wk_error;
}

static void
put(struct h_dev *hd, tcflag_t oflag, const char *s)
{
	size_t done;

	ttylock(hd->hd_tp);
	hd->hd_tp->t_oflag = oflag;
	ttyunlock(hd->hd_tp);
	T_EQ(h_write(hd, s, strlen(s), 0, &done), 0);
	T_EQ(done, strlen(s));
}

static void
test_opost(void)
{
	struct h_dev *const hd = h_open();

	put(hd, 0, "a\nb\r\tc\004");
	H_OUT(hd, "a\nb\r\tc\004");
	put(hd, ONLCR | OXTABS, "a\n\t");	/* no OPOST */
	H_OUT(hd, "a\n\t");
	put(hd, OPOST | ONLCR, "a\nbc\n");
	H_OUT(hd, "a\r\nbc\r\n");
	put(hd, OPOST | ONLCR | OXTABS, "\tab\tabcdefgh\tx\b\t\n");
	H_OUT(hd, "        ab      abcdefgh        x\b        \r\n");
	put(hd, OPOST | OCRNL, "a\rb\n");
	H_OUT(hd, "a\nb\n");
	put(hd, OPOST | OCRNL | ONLCR, "a\r");	/* not twice */
	H_OUT(hd, "a\n");
	put(hd, OPOST | ONLCR, "\n");		/* column 0 */
	h_clear(hd);
	put(hd, OPOST | ONOCR, "\ra\r\rb\n\r");
	H_OUT(hd, "a\rb\n\r");
	put(hd, OPOST | ONOCR | ONLRET, "ab\n\rc");
	H_OUT(hd, "ab\nc");
	put(hd, OPOST | ONOEOT, "a\004b");
	H_OUT(hd, "ab");
	h_free(hd);
}

static void
test_ixon(void)
{
	struct h_dev *const hd = h_open();
	struct tty *const tp = hd->hd_tp;

	tp->t_iflag = IXON;
	h_stops = 0;
	h_input(hd, "\023");
	T_EQ(h_stops, 1);
	put(hd, 0, "held");
	H_OUT(hd, "");
	h_input(hd, "x");		/* no IXANY */
	H_OUT(hd, "");
	h_input(hd, "\021");
	H_OUT(hd, "held");
	H_READ(hd, 0, "x");		/* neither was read */
	tp->t_iflag = IXON | IXANY;
	T_EQ(h_inputn(hd, "a\023", 2), 2);
	put(hd, 0, "more");
	H_OUT(hd, "");
	T_EQ(h_inputn(hd, "b", 1), 1);
	H_OUT(hd, "more");
	H_READ(hd, 0, "ab");
	/* One character for both toggles. */
	tp->t_iflag = IXON;
	tp->t_cc[VSTART] = tp->t_cc[VSTOP];
	h_input(hd, "\023");
	put(hd, 0, "t");
	H_OUT(hd, "");
	h_input(hd, "\023");
	H_OUT(hd, "t");
	h_free(hd);
}

/* tcflow(3), and what ends it. */
static void
test_stop(void)
{
	struct h_dev *const hd = h_open();
	struct tty *const tp = hd->hd_tp;
	struct termios t;
	int n;

	tp->t_iflag = IXON | IXANY;
	T_EQ(h_ioctl(hd, TIOCSTOP, NULL), 0);
	put(hd, 0, "held");
	h_input(hd, "x\021");		/* only ^S's stop ends with these */
	H_OUT(hd, "");
	T_EQ(h_ioctl(hd, TIOCOUTQ, &n), 0);
	T_EQ(n, 4);
	T_EQ(h_ioctl(hd, TIOCSTART, NULL), 0);
	H_OUT(hd, "held");
	/* IXON goes off: nobody could type START. */
	h_input(hd, "\023");
	put(hd, 0, "held");
	t = tp->t_termios;
	t.c_iflag &= ~(tcflag_t)IXON;
	T_EQ(h_ioctl(hd, TIOCSETA, &t), 0);
	H_OUT(hd, "held");
	/* TCIOFF, TCION */
	n = 0;
	T_EQ(h_ioctl(hd, TIOCIFLOW, &n), 0);
	n = 1;
	T_EQ(h_ioctl(hd, TIOCIFLOW, &n), 0);
	H_OUT(hd, "\023\021");
	h_free(hd);
}

static void
test_ixoff(void)
{
	struct h_dev *const hd = h_open();
	static u_char buf[1024];
	size_t done;
	struct termios t;
	int qsize = 1024;

	T_EQ(h_ioctl(hd, TIOCSQSIZE, &qsize), 0);
	hd->hd_tp->t_iflag = IXOFF;
	T_EQ(h_inputn(hd, buf, 500), 500);
	H_OUT(hd, "");
	T_EQ(h_inputn(hd, buf, 100), 100);
	H_OUT(hd, "\023");
	T_EQ(h_inputn(hd, buf, 100), 100);
	H_OUT(hd, "");			/* once */
	T_EQ(h_read(hd, buf, 300, 0, &done), 0);
	H_OUT(hd, "");
	T_EQ(h_read(hd, buf, 300, 0, &done), 0);
	H_OUT(hd, "\021");
	/* Flushing both still lets the other end go on. */
	T_EQ(h_inputn(hd, buf, 600), 600);
	h_clear(hd);
	qsize = 0;
	T_EQ(h_ioctl(hd, TIOCFLUSH, &qsize), 0);
	H_OUT(hd, "\021");
	/* And so does switching IXOFF off. */
	T_EQ(h_inputn(hd, buf, 600), 600);
	h_clear(hd);
	t = hd->hd_tp->t_termios;
	t.c_iflag = 0;
	T_EQ(h_ioctl(hd, TIOCSETA, &t), 0);
	H_OUT(hd, "\021");
	/* A close leaves no START for the next use of the line. */
	qsize = FREAD;
	T_EQ(h_ioctl(hd, TIOCFLUSH, &qsize), 0);
	hd->hd_tp->t_iflag = IXOFF;
	T_EQ(h_inputn(hd, buf, 600), 600);
	H_OUT(hd, "\023");
	hd->hd_hold = true;
	ttyclose(hd->hd_tp);
	T_EQ(hd->hd_tp->t_outq.c_cc, 0);
	h_free(hd);
}

static void
test_water(void)
{
	struct h_dev *const hd = h_open();
	struct tty *const tp = hd->hd_tp;
	static u_char buf[200000];
	struct worker wk;
	size_t done, i;

	for (i = 0; i < sizeof(buf); i++)
		buf[i] = (u_char)(i * 11 + (i >> 9));
	hd->hd_hold = true;
	T_EQ(h_write(hd, buf, sizeof(buf), IO_NDELAY, &done), EWOULDBLOCK);
	T_EQ(done, tp->t_hiwat);
	T_EQ(ttpoll(tp, POLLOUT, curlwp), 0);
	T_EQ(h_write(hd, buf, 1, IO_NDELAY, &done), EWOULDBLOCK);
	ttylock(tp);
	ttyflush(tp, FWRITE);
	ttyunlock(tp);

	/* A blocked writer goes on when the driver has taken enough. */
	memset(&wk, 0, sizeof(wk));
	wk.wk_dev = hd;
	wk.wk_buf = buf;
	wk.wk_len = sizeof(buf);
	wk.wk_thread = t_spawn(writer_main, &wk);
	T_UNTIL(h_writer_sleeps, hd);
	ttylock(tp);
	hd->hd_chunk = 1000;
	hd->hd_async = true;
	hd->hd_hold = false;
	(void)ttstart(tp);
	ttyunlock(tp);
	while (h_outlen(hd) < sizeof(buf))
		h_sent(hd);
	T_EQ(worker_end(&wk), 0);
	T_EQ(wk.wk_done, sizeof(buf));
	T_EQ(hd->hd_outlen, sizeof(buf));
	T_CHECK(memcmp(hd->hd_out, buf, sizeof(buf)) == 0);
	T_EQ(ttpoll(tp, POLLOUT, curlwp), POLLOUT);
	h_free(hd);
}

/* The same bytes, with OPOST and through a slow driver, both ways. */
static void
test_opost_blocks(void)
{
	struct h_dev *const hd = h_open(), *const one = h_open();
	static u_char buf[50000];
	size_t done, i;

	for (i = 0; i < sizeof(buf); i++)
		buf[i] = (u_char)(t_random() % 4 == 0 ? t_random() % 32 :
		    t_random());
	hd->hd_tp->t_oflag = one->hd_tp->t_oflag = TTYDEF_OFLAG;
	T_EQ(h_write(hd, buf, sizeof(buf), 0, &done), 0);
	T_EQ(done, sizeof(buf));
	ttylock(one->hd_tp);
	for (i = 0; i < sizeof(buf); i++) {
		T_EQ(ttyoutput(buf[i], one->hd_tp), -1);
		(void)ttstart(one->hd_tp);
	}
	ttyunlock(one->hd_tp);
	T_EQ(hd->hd_outlen, one->hd_outlen);
	T_CHECK(memcmp(hd->hd_out, one->hd_out, hd->hd_outlen) == 0);
	T_EQ(hd->hd_tp->t_column, one->hd_tp->t_column);
	h_free(hd);
	h_free(one);
}

/* Two thousand million bytes later; UBSan looks at the counts. */
static void
test_wrap(void)
{
	struct h_dev *const hd = h_open();
	struct tty_counts tc;

	ttylock(hd->hd_tp);
	hd->hd_tp->t_column = INT_MAX / 2 - 4;
	hd->hd_tp->t_counts.tc_rx = hd->hd_tp->t_counts.tc_tx = INT_MAX;
	ttyunlock(hd->hd_tp);
	put(hd, OPOST, "abcdefgh");
	put(hd, OPOST | OXTABS, "\001b\t");
	T_CHECK(hd->hd_tp->t_column >= 0 && hd->hd_tp->t_column < INT_MAX / 2);
	h_input(hd, "in");
	T_EQ(h_ioctl(hd, TIOCGCOUNTS, &tc), 0);
	T_EQ(tc.tc_rx, INT_MAX + 2U);
	h_free(hd);
}

static void
test_drain(void)
{
	struct h_dev *const hd = h_open();
	struct worker wk;

	hd->hd_async = true;
	hd->hd_chunk = 2;
	put(hd, 0, "abcd");
	ioctl_start(&wk, hd, TIOCDRAIN, NULL);
	T_UNTIL(h_writer_sleeps, hd);
	h_sent(hd);			/* "cd" is in flight now */
	T_UNTIL(h_writer_sleeps, hd);
	T_EQ(h_outlen(hd), 4);
	h_sent(hd);
	T_EQ(worker_end(&wk), 0);
	H_OUT(hd, "abcd");

	/* Loss of carrier drops the output and ends the drain. */
	hd->hd_hold = true;
	put(hd, 0, "x");
	ioctl_start(&wk, hd, TIOCDRAIN, NULL);
	T_UNTIL(h_writer_sleeps, hd);
	(void)ttymodem(hd->hd_tp, 0);
	T_EQ(worker_end(&wk), 0);
	(void)ttymodem(hd->hd_tp, 1);

	/* Unplugged: the caller starts again, until the revoke has come. */
	put(hd, 0, "x");
	ioctl_start(&wk, hd, TIOCDRAIN, NULL);
	T_UNTIL(h_writer_sleeps, hd);
	ttyhangup(hd->hd_tp);
	T_EQ(worker_end(&wk), ERESTART);
	T_EQ(h_ioctl(hd, TIOCDRAIN, NULL), ERESTART);

	/* A signal. */
	(void)ttymodem(hd->hd_tp, 1);
	lwp_intr_post(curlwp);
	T_EQ(h_ioctl(hd, TIOCDRAIN, NULL), EINTR);
	curlwp->l_wake = 0;
	h_free(hd);
}

/* A stopped line with nothing queued is drained when the last byte is out. */
static void
test_drain_stopped(void)
{
	struct h_dev *const hd = h_open();
	struct worker wk;

	hd->hd_async = true;
	put(hd, 0, "ab");
	T_EQ(h_ioctl(hd, TIOCSTOP, NULL), 0);
	ioctl_start(&wk, hd, TIOCDRAIN, NULL);
	T_UNTIL(h_writer_sleeps, hd);
	h_sent(hd);
	T_EQ(worker_end(&wk), 0);
	h_free(hd);
}

/* All that a character becomes is queued, or nothing. */
static void
test_no_room(void)
{
	struct h_dev *const hd = h_open();
	struct tty *const tp = hd->hd_tp;
	int i, qsize = 1024;

	T_EQ(h_ioctl(hd, TIOCSQSIZE, &qsize), 0);
	hd->hd_hold = true;
	ttylock(tp);
	tp->t_oflag = OPOST | ONLCR;
	for (i = 0; i < 1023; i++)
		T_EQ(ttyoutput('x', tp), -1);
	T_EQ(ttyoutput('\n', tp), '\n');
	T_EQ(tp->t_outq.c_cc, 1023);
	T_EQ(ttyoutput('y', tp), -1);
	T_EQ(ttyoutput('z', tp), 'z');
	ttyunlock(tp);
	h_free(hd);
}

static void
test_setattr_drain(void)
{
	struct h_dev *const hd = h_open();
	struct termios t = hd->hd_tp->t_termios;
	struct worker wk;

	hd->hd_async = true;
	put(hd, 0, "abcd");
	h_input(hd, "in");
	t.c_ospeed = 1200;
	ioctl_start(&wk, hd, TIOCSETAW, &t);
	T_UNTIL(h_writer_sleeps, hd);
	T_EQ(hd->hd_params, 0);
	h_sent(hd);
	T_EQ(worker_end(&wk), 0);
	T_EQ(hd->hd_params, 1);
	T_EQ(hd->hd_last.c_ospeed, 1200);
	H_READ(hd, 0, "in");
	h_input(hd, "gone");
	T_EQ(h_ioctl(hd, TIOCSETAF, &t), 0);
	T_EQ(hd->hd_tp->t_rawq.c_cc, 0);
	h_free(hd);
}

static void
test_flush(void)
{
	struct h_dev *const hd = h_open();
	int rw;

	hd->hd_hold = true;
	put(hd, 0, "out");
	h_input(hd, "in");
	rw = FREAD;
	T_EQ(h_ioctl(hd, TIOCFLUSH, &rw), 0);
	T_EQ(hd->hd_tp->t_rawq.c_cc, 0);
	T_EQ(hd->hd_tp->t_outq.c_cc, 3);
	h_input(hd, "in");
	rw = FWRITE;
	h_stops = 0;
	T_EQ(h_ioctl(hd, TIOCFLUSH, &rw), 0);
	T_EQ(h_stops, 1);
	T_EQ(hd->hd_tp->t_rawq.c_cc, 2);
	T_EQ(hd->hd_tp->t_outq.c_cc, 0);
	put(hd, 0, "out");
	rw = 0;
	T_EQ(h_ioctl(hd, TIOCFLUSH, &rw), 0);
	T_EQ(hd->hd_tp->t_rawq.c_cc + hd->hd_tp->t_outq.c_cc, 0);
	rw = 4;
	T_EQ(h_ioctl(hd, TIOCFLUSH, &rw), EINVAL);
	h_free(hd);
}

static void
close_main(void *arg)
{
	struct worker *const wk = arg;

	wk->wk_error = ttylclose(wk->wk_dev->hd_tp, 0);
}

static void
close_start(struct worker *wk, struct h_dev *hd)
{

	memset(wk, 0, sizeof(*wk));
	wk->wk_dev = hd;
	wk->wk_thread = t_spawn(close_main, wk);
}

static void
test_close_drain(void)
{
	struct h_dev *const hd = h_open();
	const int limit = hd->hd_tp->t_port.tp_closing_wait;
	struct worker wk;
	uint64_t start;
	int i;

	/* Output that moves is waited for, after ttycancel too. */
	hd->hd_async = true;
	hd->hd_chunk = 1;
	put(hd, 0, "abc");
	h_input(hd, "dropped");
	ttycancel(hd->hd_tp);
	close_start(&wk, hd);
	T_UNTIL(h_writer_sleeps, hd);
	h_sent(hd);
	T_UNTIL(h_writer_sleeps, hd);
	h_sent(hd);
	T_UNTIL(h_writer_sleeps, hd);
	h_sent(hd);
	T_EQ(worker_end(&wk), 0);
	H_OUT(hd, "abc");
	T_EQ(hd->hd_tp->t_rawq.c_cc, 0);
	ttyclose(hd->hd_tp);

	/* Dead hardware: for a limited time. */
	(void)ttymodem(hd->hd_tp, 1);
	(void)ttylopen(makedev(1, 0), hd->hd_tp);
	hd->hd_tp->t_port.tp_closing_wait = 200;
	hd->hd_hold = true;
	put(hd, 0, "never");
	start = t_now_ms();
	T_EQ(ttylclose(hd->hd_tp, 0), 0);
	T_CHECK(t_now_ms() - start >= 200);
	T_EQ(hd->hd_tp->t_outq.c_cc, 5);

	/* Slow hardware: as long as it moves, here every 0.5 s. */
	hd->hd_tp->t_port.tp_closing_wait = 1500;
	hd->hd_hold = false;
	close_start(&wk, hd);
	for (i = 0; i < 5; i++) {
		T_UNTIL(h_writer_sleeps, hd);
		t_msleep(500);
		h_sent(hd);
	}
	T_EQ(worker_end(&wk), 0);
	H_OUT(hd, "never");
	hd->hd_hold = true;
	put(hd, 0, "x");
	hd->hd_tp->t_port.tp_closing_wait = limit;

	/* Unplugged meanwhile: at once. */
	close_start(&wk, hd);
	T_UNTIL(h_writer_sleeps, hd);
	ttyhangup(hd->hd_tp);
	T_EQ(worker_end(&wk), 0);

	/* Not wanted at all: revoked. */
	(void)ttymodem(hd->hd_tp, 1);
	T_EQ(ttylclose(hd->hd_tp, FNONBLOCK), 0);
	T_EQ(hd->hd_tp->t_outq.c_cc, 0);
	h_free(hd);
}

/* Raw output at a speed; the driver takes nothing. */
static struct h_dev *
stopped_line(int speed)
{
	struct h_dev *const hd = h_open();
	struct termios t = hd->hd_tp->t_termios;

	t.c_ospeed = speed;
	T_EQ(h_ioctl(hd, TIOCSETA, &t), 0);
	hd->hd_hold = true;
	return hd;
}

/*
 * A client's write timeout begins when poll says that there is no room: so
 * that must not take minutes of output.
 */
static void
test_marks_follow_speed(void)
{
	static const struct {
		int	speed, busy, free;	/* bytes that leave no room... */
	} rows[] = {
		{ 300, 1024, 200 },	/* ...34 s */
		{ 1200, 3000, 200 },
		{ 9600, 2800, 240 },
		{ 115200, 4000, 2800 },
	};
	static u_char buf[200000];
	struct h_dev *hd;
	size_t done;
	u_int i;

	for (i = 0; i < __arraycount(rows); i++) {
		hd = stopped_line(rows[i].speed);
		T_EQ(ttpoll(hd->hd_tp, POLLOUT, curlwp), POLLOUT);
		T_EQ(h_write(hd, buf, (size_t)rows[i].free, IO_NDELAY,
		    &done), 0);
		T_EQ(ttpoll(hd->hd_tp, POLLOUT, curlwp), POLLOUT);
		/* There is room for it all the same, and for 4 KiB. */
		T_EQ(h_write(hd, buf, (size_t)(rows[i].busy - rows[i].free),
		    IO_NDELAY, &done), 0);
		T_EQ(ttpoll(hd->hd_tp, POLLOUT, curlwp), 0);
		T_EQ(h_write(hd, buf, (size_t)(4096 - rows[i].busy),
		    IO_NDELAY, &done), 0);
		/* Nor is what a write takes minutes longer than that. */
		(void)h_write(hd, buf, sizeof(buf), IO_NDELAY, &done);
		T_CHECK(done <= (size_t)rows[i].speed / 5);
		h_free(hd);
	}
}

/* ... but it is not the speed of a device that takes megabytes. */
static void
test_marks_follow_pace(void)
{
	struct h_dev *const hd = stopped_line(9600);
	struct tty *const tp = hd->hd_tp;
	struct termios t = tp->t_termios;
	const int lowat = tp->t_lowat, hiwat = tp->t_hiwat;

	ttylock(tp);
	ttypace(tp, 100);
	T_EQ(tp->t_lowat, lowat);
	ttypace(tp, 1000000);
	T_CHECK(tp->t_lowat >= 16384 && tp->t_lowat < tp->t_hiwat);
	T_CHECK(tp->t_hiwat < tp->t_qsize);
	ttyunlock(tp);
	/* That was so with the old settings. */
	T_EQ(h_ioctl(hd, TIOCSETA, &t), 0);
	T_EQ(tp->t_lowat, lowat);
	T_EQ(tp->t_hiwat, hiwat);
	ttylock(tp);
	ttypace(tp, 1000000);
	ttyunlock(tp);
	ttyclose(tp);
	T_EQ(tp->t_pace, 0);
	h_free(hd);
}

static void
test_marks_sane(void)
{
	struct h_dev *const hd = h_open();
	struct tty *const tp = hd->hd_tp;
	static const int speeds[] = { 0, 50, 9600, 115200, 3000000, 0x7fffffff };
	int size;
	u_int i;

	for (size = TTYQSIZE_MIN; size <= TTYQSIZE_MAX; size *= 2) {
		T_EQ(h_ioctl(hd, TIOCSQSIZE, &size), 0);
		for (i = 0; i < __arraycount(speeds); i++) {
			tp->t_ospeed = speeds[i];
			ttsetwater(tp);
			T_CHECK(tp->t_lowat > 0);
			T_CHECK(tp->t_lowat < tp->t_hiwat);
			T_CHECK(tp->t_hiwat <= size - 128);
		}
	}
	size = 1000;
	T_EQ(h_ioctl(hd, TIOCSQSIZE, &size), EINVAL);
	size = TTYQSIZE_MAX * 2;
	T_EQ(h_ioctl(hd, TIOCSQSIZE, &size), EINVAL);
	hd->hd_hold = true;
	put(hd, 0, "x");
	size = TTYQSIZE_MIN;
	T_EQ(h_ioctl(hd, TIOCSQSIZE, &size), EBUSY);
	T_EQ(h_ioctl(hd, TIOCGQSIZE, &size), 0);
	T_EQ(size, TTYQSIZE_MAX);
	h_free(hd);
}

const struct t_case t_cases[] = {
	{ "OPOST and its flags", test_opost },
	{ "OPOST in blocks is OPOST by bytes", test_opost_blocks },
	{ "counts and the column after 2 GiB", test_wrap },
	{ "IXON and IXANY", test_ixon },
	{ "tcflow", test_stop },
	{ "IXOFF", test_ixoff },
	{ "water marks stop and wake a writer", test_water },
	{ "water marks leave room", test_marks_sane },
	{ "water marks follow the speed", test_marks_follow_speed },
	{ "water marks follow what the driver measures",
	    test_marks_follow_pace },
	{ "tcdrain", test_drain },
	{ "tcdrain on a stopped line", test_drain_stopped },
	{ "a full queue takes no half characters", test_no_room },
	{ "TIOCSETAW and TIOCSETAF wait for output", test_setattr_drain },
	{ "flush", test_flush },
	{ "the drain of the last close is bounded", test_close_drain },
	{ NULL, NULL }
};
