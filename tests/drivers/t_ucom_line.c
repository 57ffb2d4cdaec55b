/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_ucom_line.c - ucom on the whole road, as t_ucom.c: what is on its way on a
 * line, and who gets it.
 *
 * Output that a transfer carries is not sent before that has ended, and a
 * chip's buffer is empty when the chip says so: TIOCOUTQ and tcdrain agree on
 * that (Linux's USB serial drivers count their transfers too).
 *
 * Input that comes in one packet with the carrier is for who has waited for
 * that carrier: the caller speaks first, and says so once (docs/contract.md,
 * Terminals).
 *
 * A last close sends what was written, and an open with O_NONBLOCK does not
 * wait for that: NetBSD's answers EWOULDBLOCK at once, ours after a second
 * that is enough for what a program has just closed.
 */
#include <asm/ioctls.h>
#include <asm/termbits.h>

#include <errno.h>
#include <linux/serial.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "drivers/h_adapter.h"
#include "drivers/h_serial.h"
#include "hyp/hyp.h"

#define	MIB	(1024 * 1024)

/* ---- output --------------------------------------------------------- */

static int
outq(struct s_file *sf)
{
	int n = -1;

	T_EQ(s_ioctl(sf, TIOCOUTQ, &n), 0);
	return n;
}

static int
outq_empty(void *arg)
{

	return outq(arg) == 0;
}

/* A second at 1200 Bd is 120 bytes, four transfers; the device has room for
   10 at a time. */
static void
outq_on(struct vusb *v)
{
	enum { LEN = 1000, ROOM = 10 };
	uint8_t buf[LEN], want[LEN];
	struct s_file sf;
	int got, left, last = LEN;
	size_t n;

	vusb_far_limit(v, 0, MIB, ROOM);
	h_open_raw(&sf, 1200);
	T_EQ(outq(&sf), 0);
	s_pattern(want, LEN, 3);
	T_EQ(s_write(&sf, want, LEN, HYP_F_NONBLOCK, &n), 0);
	T_EQ(n, LEN);
	T_EQ(outq(&sf), LEN);
	for (got = 0; got < LEN; got += (int)n) {
		n = vusb_far_read(v, 0, buf + got, ROOM, 20000);
		T_CHECK(n > 0);
		if (n == 0)
			break;
		left = outq(&sf);
		T_CHECK(left >= LEN - got - (int)n - ROOM && left <= last);
		T_CHECK(left != 0 || h_status(v).vs_writes == 0);
		last = left;
	}
	T_EQ(memcmp(buf, want, LEN), 0);
	T_UNTIL(outq_empty, &sf);
	s_close(&sf);
	h_remove(v);
}

static void
outq_counts_transfers(void)
{

	outq_on(h_ftdi());
	outq_on(h_acm());
}

static void
outq_agrees_with_drain(void)
{
	struct vusb *v = h_ftdi();
	struct s_file sf;
	struct s_op so = { .so_call = S_IOCTL, .so_file = &sf,
	    .so_cmd = TCSBRK, .so_buf = (void *)1 };
	char c;

	h_open_raw(&sf, 1200);
	vusb_set_txbusy(v, 0, true);
	s_write_all(&sf, "x", 1);
	T_EQ(outq(&sf), 1);
	s_far_read_all(v, 0, &c, 1);
	s_start(&so);
	s_wait_sleep(&so, "ucomstate");
	T_EQ(outq(&sf), 1);
	T_CHECK(!s_finished(&so));
	vusb_set_txbusy(v, 0, false);
	T_EQ(s_finish(&so), 0);
	T_EQ(outq(&sf), 0);

	/* A chip that says so for longer than its buffer takes is believed by
	   neither. */
	T_EQ(s_raw(&sf, 115200, 8, 0), 0);
	vusb_set_txbusy(v, 0, true);
	s_write_all(&sf, "y", 1);
	s_start(&so);
	T_EQ(s_finish(&so), 0);
	T_EQ(outq(&sf), 0);
	s_close(&sf);
	h_remove(v);
}

/* Failed too often, or taken back by a revoke: it is not on its way. */
static void
outq_forgets_what_is_lost(void)
{
	struct vusb *v = h_ftdi();
	struct s_file sf, again;
	struct s_op rev = { .so_call = S_REVOKE, .so_node = "ttyU0" };
	uint8_t buf[500] = { 0 };

	h_open_raw(&sf, 1200);
	vusb_fault(v, VUSB_OUT, VUSB_FAULT_ERROR, 0, 0);
	s_write_all(&sf, "lost", 4);
	T_EQ(outq(&sf), 4);
	T_UNTIL(outq_empty, &sf);

	vusb_fault(v, VUSB_OUT, VUSB_FAULT_NEVER, 0, 0);
	s_write_all(&sf, buf, sizeof(buf));
	T_EQ(outq(&sf), sizeof(buf));
	s_start(&rev);
	T_EQ(s_finish(&rev), 0);
	vusb_fault(v, VUSB_OUT, VUSB_FAULT_NONE, 0, 0);
	h_open_raw(&again, 1200);
	T_EQ(outq(&again), 0);
	s_close(&again);
	s_close(&sf);
	h_remove(v);
}

/* ---- input ---------------------------------------------------------- */

struct reader {
	struct s_file	*rd_sf;
	uint8_t		*rd_buf;
	size_t		 rd_done, rd_len;
};

/* Does not block: what is lost must end the case. */
static int
has_read(void *arg)
{
	struct reader *rd = arg;
	size_t n;

	(void)s_read(rd->rd_sf, rd->rd_buf + rd->rd_done,
	    rd->rd_len - rd->rd_done, HYP_F_NONBLOCK, &n);
	rd->rd_done += n;
	return rd->rd_done == rd->rd_len;
}

/*
 * A call: the device's next packet has both carrier and the first of len
 * bytes, because no read ends before.  The open waits for that.
 */
static void
call(struct vusb *v, const uint8_t *want, size_t len)
{
	static uint8_t buf[MIB / 8];
	struct s_file sf;
	struct s_op so = { .so_call = S_OPEN, .so_file = &sf,
	    .so_node = "ttyU0", .so_flags = S_RDWR };
	struct reader rd = { .rd_sf = &sf, .rd_buf = buf, .rd_len = len };

	vusb_set_lines(v, 0, VUSB_CTS);
	vusb_fault(v, VUSB_IN, VUSB_FAULT_NEVER, 0, 0);
	s_start(&so);
	s_wait_sleep(&so, "ttyraw");
	vusb_set_lines(v, 0, VUSB_CTS | VUSB_DCD);
	T_EQ(vusb_far_write(v, 0, want, len, 20000), len);
	vusb_fault(v, VUSB_IN, VUSB_FAULT_NONE, 0, 0);
	T_EQ(s_finish(&so), 0);
	T_UNTIL(has_read, &rd);
	T_EQ(memcmp(buf, want, len), 0);
	s_close(&sf);
}

static void
input_with_carrier(void)
{
	struct vusb *v = h_ftdi();
	static uint8_t want[MIB / 8];
	struct s_file sf;

	/* Without HUPCL, so that no open makes a pause. */
	h_open_raw(&sf, 115200);
	T_EQ(s_raw(&sf, 115200, 8, S_NOHUPCL), 0);
	s_close(&sf);
	for (unsigned i = 0; i < 8; i++) {
		s_pattern(want, 5, i);
		call(v, want, 5);
	}
	/* More than all buffers have room for: the rest waits in the device. */
	s_pattern(want, sizeof(want), 8);
	call(v, want, sizeof(want));
	h_remove(v);
}

/* ---- speed 0 -------------------------------------------------------- */

static unsigned
speed(struct s_file *sf)
{
	struct termios2 t;

	T_EQ(s_ioctl(sf, TCGETS2, &t), 0);
	return t.c_ospeed;
}

/*
 * A device that does not set DTR: who hangs up has asked for that and is
 * told, with nothing changed; who comes back has asked for a speed, and the
 * tty and the chip have the same one.
 */
static void
speed_without_dtr_on(struct vusb *v, unsigned request)
{
	struct s_file sf;

	h_open_raw(&sf, 19200);
	vusb_refuse(v, request, true);
	T_EQ(s_raw(&sf, 0, 8, 0), EIO);
	T_EQ(speed(&sf), 19200);
	T_CHECK(h_status(v).vs_dtr);
	T_CHECK((s_modem(&sf) & TIOCM_DTR) != 0);
	vusb_refuse(v, request, false);
	T_EQ(s_raw(&sf, 0, 8, 0), 0);
	T_EQ(speed(&sf), 0);

	vusb_refuse(v, request, true);
	T_EQ(s_raw(&sf, 250000, 7, S_EVEN), 0);
	T_EQ(speed(&sf), 250000);
	T_EQ(h_status(v).vs_baud, 250000);
	T_EQ(h_status(v).vs_bits, 7);
	T_CHECK(!h_status(v).vs_dtr);
	T_EQ(s_modem(&sf) & TIOCM_DTR, 0);
	s_close(&sf);
	h_remove(v);
}

static void
speed_without_dtr(void)
{

	speed_without_dtr_on(h_ftdi(), 0x01);
	speed_without_dtr_on(h_acm(), 0x22);
}

/* ---- an open with O_NONBLOCK of a line that is closing -------------- */

#define	NBWAIT_MS	1000	/* LWP_NBWAIT_MS */
#define	DRAIN_MS	30000	/* no case waits for that */

static _Atomic bool told;

static void
closing(struct h_hostfile *hf)
{

	(void)hf;
	told = true;
}

static int
is_told(void *arg)
{

	(void)arg;
	return told;
}

/* A last close that sends begins; close(2) is over when this returns. */
static void
close_begins(struct s_file *sf, struct s_op *so)
{

	memset(so, 0, sizeof(*so));
	so->so_call = S_CLOSE;
	so->so_file = sf;
	told = false;
	sf->sf_host->hf_closing = closing;
	s_start(so);
	T_UNTIL(is_told, NULL);
}

/* How long an open with O_NONBLOCK took, which ended like that. */
static unsigned
opens_now(const char *node, int error)
{
	const uint64_t began = hyp_clock();
	struct s_file sf;
	unsigned ms;

	T_EQ(s_open(node, S_RDWR | HYP_F_NONBLOCK, &sf), error);
	ms = (unsigned)((hyp_clock() - began) / 1000000);
	if (error == 0)
		s_close(&sf);
	return ms;
}

/* dtyU0 of a device that takes 10 bytes at a time, when they are read. */
static struct vusb *
opened_out(struct s_file *sf, unsigned baud, unsigned flags)
{
	struct vusb *v = h_ftdi();

	vusb_far_limit(v, 0, MIB, 10);
	T_EQ(s_open("dtyU0", S_RDWR, sf), 0);
	T_EQ(s_raw(sf, baud, 8, flags | S_CLOCAL), 0);
	return v;
}

/* Ten seconds of output: neither node has a word with it, but both send it. */
static void
now_not_for_long(void)
{
	struct s_file sf;
	struct vusb *v = opened_out(&sf, 300, 0);
	uint8_t buf[300];
	struct s_op so;

	s_pattern(buf, sizeof(buf), 21);
	s_write_all(&sf, buf, sizeof(buf));
	close_begins(&sf, &so);
	T_CHECK(opens_now("ttyU0", EAGAIN) < NBWAIT_MS);
	T_CHECK(opens_now("dtyU0", EAGAIN) < NBWAIT_MS);
	T_CHECK(!s_finished(&so));
	s_far_read_all(v, 0, buf, sizeof(buf));
	T_EQ(s_finish(&so), 0);
	opens_now("ttyU0", 0);
	opens_now("dtyU0", 0);
	h_remove(v);
}

/* A tenth of a second: the open waits for it, and gets the line. */
static void
now_after_a_moment(void)
{
	static const struct { const char *node, *wait; } rows[] = {
		{ "ttyU0", "ucomstate" }, { "dtyU0", "specio" },
	};

	for (unsigned i = 0; i < 2; i++) {
		struct s_file sf, again;
		struct vusb *v = opened_out(&sf, 9600, 0);
		struct s_op so, op = { .so_call = S_OPEN, .so_file = &again,
		    .so_node = rows[i].node,
		    .so_flags = S_RDWR | HYP_F_NONBLOCK };
		uint8_t buf[100] = { 0 };

		s_write_all(&sf, buf, sizeof(buf));
		close_begins(&sf, &so);
		s_start(&op);
		s_wait_sleep(&op, rows[i].wait);
		s_far_read_all(v, 0, buf, sizeof(buf));
		T_EQ(s_finish(&op), 0);
		T_EQ(s_finish(&so), 0);
		s_close(&again);
		h_remove(v);
	}
}

static void
closing_wait(struct s_file *sf, unsigned ms)
{
	struct serial_struct ss;

	T_EQ(s_ioctl(sf, TIOCGSERIAL, &ss), 0);
	ss.closing_wait = (unsigned short)(ms / 10);
	T_EQ(s_ioctl(sf, TIOCSSERIAL, &ss), 0);
}

/* It would take a tenth of a second, but the device does not take it. */
static void
now_for_a_second(void)
{
	struct s_file sf;
	struct vusb *v = opened_out(&sf, 9600, 0);
	uint8_t buf[100] = { 0 };
	struct s_op so;

	closing_wait(&sf, DRAIN_MS);
	s_write_all(&sf, buf, sizeof(buf));
	close_begins(&sf, &so);
	T_CHECK(opens_now("ttyU0", EAGAIN) >= NBWAIT_MS - 10);
	T_CHECK(opens_now("dtyU0", EAGAIN) >= NBWAIT_MS - 10);
	s_far_read_all(v, 0, buf, sizeof(buf));
	T_EQ(s_finish(&so), 0);
	h_remove(v);
}

static int
cts_is_low(void *arg)
{

	return (s_modem(arg) & TIOCM_CTS) == 0;
}

/* Output that is stopped, by the user or by CTS, is not gone in a second. */
static void
now_not_if_stopped(void)
{
	uint8_t buf[50] = { 0 };
	struct s_file sf;
	struct vusb *v;
	struct s_op so;

	for (int cts = 0; cts < 2; cts++) {
		v = opened_out(&sf, 115200, cts ? S_CRTSCTS : 0);
		closing_wait(&sf, DRAIN_MS);
		if (cts) {
			vusb_set_lines(v, 0, VUSB_DSR | VUSB_DCD);
			T_UNTIL(cts_is_low, &sf);
		} else
			T_EQ(s_ioctl(&sf, TCXONC, (void *)0), 0);
		s_write_all(&sf, buf, sizeof(buf));
		close_begins(&sf, &so);
		T_CHECK(opens_now("ttyU0", EAGAIN) < NBWAIT_MS);
		T_CHECK(opens_now("dtyU0", EAGAIN) < NBWAIT_MS);
		s_interrupt(&so);
		T_EQ(s_finish(&so), 0);
		opens_now("ttyU0", 0);
		h_remove(v);
	}
}

static int
is_held(void *arg)
{

	return h_status(arg).vs_held != 0 && h_status(arg).vs_writes == 0;
}

/* The same, with a device in which CTS stops what it has been given. */
static struct vusb *
opened_held(struct s_file *sf)
{
	struct vusb *v = opened_out(sf, 9600, S_CRTSCTS);

	vusb_set_lines(v, 0, VUSB_DSR | VUSB_DCD);
	T_UNTIL(cts_is_low, sf);
	s_write_all(sf, "held", 4);
	T_UNTIL(is_held, v);
	return v;
}

/* Nor is what the chip has taken, and CTS stops in there. */
static void
now_not_if_held(void)
{
	struct s_file sf;
	struct vusb *v = opened_held(&sf);
	struct s_op so;
	char c[4];

	close_begins(&sf, &so);
	/* The node itself, of which d_cancel has told; and the other one. */
	T_CHECK(opens_now("dtyU0", EAGAIN) < NBWAIT_MS / 2);
	T_CHECK(opens_now("ttyU0", EAGAIN) < NBWAIT_MS / 2);
	T_CHECK(!s_finished(&so));
	/* It goes: so does the close, and an open that comes then. */
	vusb_set_lines(v, 0, VUSB_CTS | VUSB_DSR | VUSB_DCD);
	s_far_read_all(v, 0, c, 4);
	T_EQ(s_finish(&so), 0);
	opens_now("ttyU0", 0);
	h_remove(v);
}

/*
 * It is known before the close has an answer of the chip, and forgotten when CTS
 * is back: then the open waits for the close.
 */
static void
now_not_if_held_unasked(void)
{
	struct s_file sf;
	struct vusb *v = opened_held(&sf);
	struct s_op so;
	char c[4];

	vusb_fault(v, VUSB_CONTROL, VUSB_FAULT_LATE, 1, NBWAIT_MS);
	close_begins(&sf, &so);
	opens_now("dtyU0", EAGAIN);
	vusb_set_lines(v, 0, VUSB_CTS | VUSB_DSR | VUSB_DCD);
	t_msleep(NBWAIT_MS / 4);
	T_CHECK(!s_finished(&so));
	opens_now("ttyU0", 0);
	s_far_read_all(v, 0, c, 4);
	T_EQ(s_finish(&so), 0);
	h_remove(v);
}

/* What it has stopped was flushed; or CTS is low, but stops nothing. */
static void
now_if_not_held(void)
{
	struct s_file sf;
	struct vusb *v;
	struct s_op so;
	char c[4];

	for (int flushed = 0; flushed < 2; flushed++) {
		if (flushed) {
			v = opened_held(&sf);
			T_EQ(s_ioctl(&sf, TCFLSH, (void *)1), 0);
		} else {
			v = opened_out(&sf, 9600, 0);
			vusb_set_lines(v, 0, VUSB_DSR | VUSB_DCD);
			T_UNTIL(cts_is_low, &sf);
			s_write_all(&sf, "held", 4);
			s_far_read_all(v, 0, c, 4);
		}
		vusb_fault(v, VUSB_CONTROL, VUSB_FAULT_LATE, 1, 300);
		close_begins(&sf, &so);
		opens_now("ttyU0", 0);
		T_EQ(s_finish(&so), 0);
		h_remove(v);
	}
}

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

/*
 * NetBSD's ttylclose: a close with O_NONBLOCK drops what was not sent, and
 * does not wait for it; what the open said does not count.
 */
static void
close_nonblock_on(struct vusb *v)
{
	enum { LEN = 2000, ROOM = 64 };
	uint8_t buf[LEN];
	struct s_file sf;
	double began;

	vusb_far_limit(v, 0, MIB, ROOM);
	T_EQ(s_open("ttyU0", S_RDWR | HYP_F_NONBLOCK, &sf), 0);
	T_EQ(s_raw(&sf, 115200, 8, S_CLOCAL), 0);
	s_pattern(buf, LEN, 5);
	s_write_all(&sf, buf, LEN);
	began = now();
	s_close_flags(&sf, HYP_F_NONBLOCK);
	T_CHECK(now() - began < 2);
	T_EQ(h_status(v).vs_writes, 0);
	T_CHECK(!h_status(v).vs_dtr);
	h_remove(v);
}

static void
close_nonblock_drops(void)
{

	close_nonblock_on(h_ftdi());
	close_nonblock_on(h_acm());
}

/* As a Linux program says it; tty/t_tty_canon has the rest. */
static void
erases_characters(void)
{
	static const char in[] = "a\303\251\177b\n", echo[] =
	    "a\303\251\b \bb\n";
	struct vusb *v = h_ftdi();
	struct s_file sf;
	struct termios2 t;
	char buf[32];
	size_t done;

	h_open_raw(&sf, 115200);
	T_EQ(s_ioctl(&sf, TCGETS2, &t), 0);
	t.c_iflag |= IUTF8;
	t.c_lflag |= ICANON | ECHO | ECHOE;
	t.c_cc[VERASE] = 0177;
	T_EQ(s_ioctl(&sf, TCSETS2, &t), 0);
	T_EQ(vusb_far_write(v, 0, in, sizeof(in) - 1, 1000), sizeof(in) - 1);
	T_EQ(s_read(&sf, buf, sizeof(buf), 0, &done), 0);
	T_EQ(done, 3);
	T_EQ(memcmp(buf, "ab\n", 3), 0);
	s_far_read_all(v, 0, buf, sizeof(echo) - 1);
	T_EQ(memcmp(buf, echo, sizeof(echo) - 1), 0);
	s_close(&sf);
	h_remove(v);
}

const struct t_case t_cases[] = {
	{ "IUTF8: an erase takes a character", erases_characters },
	{ "an O_NONBLOCK open does not wait for a long close",
	    now_not_for_long },
	{ "it waits for one that is over soon", now_after_a_moment },
	{ "and for a second at most", now_for_a_second },
	{ "it does not wait for what CTS stops in the chip",
	    now_not_if_held },
	{ "nor if the chip has not been asked yet", now_not_if_held_unasked },
	{ "but for what CTS does not stop", now_if_not_held },
	{ "it does not wait for output that is stopped",
	    now_not_if_stopped },
	{ "TIOCOUTQ counts what is on its way to the device",
	    outq_counts_transfers },
	{ "TIOCOUTQ is 0 when tcdrain ends", outq_agrees_with_drain },
	{ "a close with O_NONBLOCK drops what was not sent",
	    close_nonblock_drops },
	{ "output that was given up is not counted",
	    outq_forgets_what_is_lost },
	{ "what comes with the carrier is the open's that waits for it",
	    input_with_carrier },
	{ "a speed after speed 0 is taken without DTR", speed_without_dtr },
	{ NULL, NULL }
};
