/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_ucom_open.c - ucom on the whole road, as t_ucom.c: opens and closes of the
 * two nodes of a line, what is kept between them, carrier, and revokes.
 */
#include <asm/ioctls.h>
#include <asm/termbits.h>

#include <errno.h>
#include <sys/ioctl.h>

#include "drivers/h_adapter.h"
#include "drivers/h_serial.h"
#include "drivers/h_sleep.h"
#include "hyp/hyp.h"

static void
many_opens(void)
{
	struct vusb *v = h_ftdi();
	struct s_file a, b, c;
	char ch;

	h_open_raw(&a, 9600);
	T_EQ(s_open("ttyU0", S_RDWR, &b), 0);
	T_EQ(s_open("ttyU0", HYP_F_READ, &c), 0);
	s_close(&a);
	T_CHECK(h_status(v).vs_dtr);
	s_write_all(&b, "z", 1);
	s_far_read_all(v, 0, &ch, 1);
	T_EQ(ch, 'z');
	s_close(&b);
	T_CHECK(h_status(v).vs_dtr);
	s_close(&c);
	T_CHECK(!h_status(v).vs_dtr);
	/* The two buffers, of this one and s_plug's.  A reset would move the
	   lines. */
	T_EQ(h_status(v).vs_purges, 4);
	T_EQ(h_status(v).vs_resets, 0);
	h_remove(v);
}

static void
exclusive(void)
{
	struct vusb *v = h_ftdi();
	struct s_file a, b;
	struct hyp_lwp *l;
	struct hyp_file *file;

	h_open_raw(&a, 9600);
	T_EQ(s_ioctl(&a, TIOCEXCL, NULL), 0);
	l = h_enter(1000);
	T_EQ(hyp_node_open(h_node_find("ttyU0"), S_RDWR, NULL, &file), EBUSY);
	h_exit(l);
	T_EQ(s_open("ttyU0", S_RDWR, &b), 0);	/* root may */
	s_close(&b);
	T_EQ(s_ioctl(&a, TIOCNXCL, NULL), 0);
	l = h_enter(1000);
	T_EQ(hyp_node_open(h_node_find("ttyU0"), S_RDWR, NULL, &file), 0);
	hyp_file_close(file, 0);
	h_exit(l);
	s_close(&a);
	h_remove(v);
}

static void
hangup_pause(void)
{
	struct vusb *v = h_ftdi();
	struct s_file a, b;
	struct s_op so = { .so_call = S_OPEN, .so_file = &b,
	    .so_node = "ttyU0", .so_flags = S_RDWR };
	uint64_t closed;

	h_open_raw(&a, 9600);
	closed = t_now_ms();
	s_close(&a);
	T_CHECK(!h_status(v).vs_dtr);
	/* Interruptible. */
	s_start(&so);
	s_wait_sleep(&so, "ucomstate");
	T_CHECK(!h_status(v).vs_dtr);
	s_interrupt(&so);
	T_EQ(s_finish(&so), EINTR);
	/* The rest of the second. */
	s_start(&so);
	T_EQ(s_finish(&so), 0);
	T_CHECK(t_now_ms() - closed >= 1000);
	T_CHECK(h_status(v).vs_dtr);
	T_EQ(s_raw(&b, 9600, 8, S_NOHUPCL), 0);
	s_close(&b);
	/* Without HUPCL DTR stays, and nothing waits. */
	T_CHECK(h_status(v).vs_dtr);
	s_start(&so);
	T_EQ(s_finish(&so), 0);
	T_CHECK(so.so_ms < 500);
	s_close(&b);
	/* O_NONBLOCK does not wait. */
	so.so_flags |= HYP_F_NONBLOCK;
	s_start(&so);
	T_EQ(s_finish(&so), 0);
	T_CHECK(so.so_ms < 500);
	s_close(&b);
	h_remove(v);
}

/* stty on a node that nobody has open prepares it for the next program;
   each of the two nodes has a mode of its own. */
static void
mode_is_kept(void)
{
	struct vusb *v = h_ftdi();
	struct s_file sf;

	T_EQ(s_open("dtyU0", S_RDWR, &sf), 0);
	T_EQ(s_raw(&sf, 115200, 7, S_CLOCAL), 0);
	s_close(&sf);
	T_EQ(s_open("ttyU0", S_RDWR | HYP_F_NONBLOCK, &sf), 0);
	T_EQ(h_status(v).vs_baud, 9600);
	T_EQ(h_status(v).vs_bits, 8);
	s_close(&sf);
	T_EQ(s_open("dtyU0", S_RDWR, &sf), 0);
	T_EQ(h_status(v).vs_baud, 115385);	/* 3 MHz / 26 */
	T_EQ(h_status(v).vs_bits, 7);
	s_close(&sf);
	h_remove(v);
}

/* Speed 0 hangs up.  What else such a mode says the chip has not been asked,
   and may not be able to do: no open may fail of it later. */
static void
hangup_is_not_kept(void)
{
	struct vusb *v = h_ftdi();
	struct s_file sf;

	T_EQ(s_open("dtyU0", S_RDWR, &sf), 0);
	T_EQ(s_raw(&sf, 115200, 5, S_CLOCAL), EINVAL);
	T_EQ(s_raw(&sf, 115200, 7, S_CLOCAL), 0);
	T_EQ(s_raw(&sf, 0, 5, S_CLOCAL), 0);
	T_EQ(h_status(v).vs_dtr, false);
	s_close(&sf);
	T_EQ(s_open("dtyU0", S_RDWR, &sf), 0);
	T_EQ(h_status(v).vs_baud, 9600);
	T_EQ(h_status(v).vs_bits, 8);
	s_close(&sf);
	h_remove(v);
}

static void
dial_in_and_out(void)
{
	struct vusb *v = h_ftdi();
	struct s_file in, out, other;
	struct s_op so = { .so_call = S_OPEN, .so_file = &in,
	    .so_node = "ttyU0", .so_flags = S_RDWR };
	char c;

	vusb_set_lines(v, 0, VUSB_CTS);
	s_start(&so);
	s_wait_sleep(&so, "ttyraw");
	/* A getty waits; dial-out opens, without carrier. */
	T_EQ(s_open("dtyU0", S_RDWR, &out), 0);
	T_EQ(s_open("ttyU0", S_RDWR | HYP_F_NONBLOCK, &other), EBUSY);
	/* In a mode of its own: it needs no carrier. */
	s_write_all(&out, "d", 1);
	s_far_read_all(v, 0, &c, 1);
	/* Carrier comes while dial-out uses it: not for the getty. */
	vusb_set_lines(v, 0, VUSB_CTS | VUSB_DCD);
	s_wait_lines(&out, TIOCM_CD, TIOCM_CD);
	s_wait_sleep(&so, "ttyraw");
	vusb_set_lines(v, 0, VUSB_CTS);
	s_wait_lines(&out, TIOCM_CD, 0);
	s_close(&out);
	/* It waits again: through the pause, then for carrier. */
	s_wait_sleep(&so, "ttyraw");
	vusb_set_lines(v, 0, VUSB_CTS | VUSB_DCD);
	T_EQ(s_finish(&so), 0);
	T_EQ(s_open("dtyU0", S_RDWR, &out), EBUSY);
	T_EQ(s_open("ttyU0", S_RDWR, &other), 0);
	s_close(&other);
	s_close(&in);
	T_EQ(s_open("dtyU0", S_RDWR | HYP_F_NONBLOCK, &out), 0);
	s_close(&out);
	h_remove(v);
}

static _Atomic bool dialling;

static void
dial_out_again_and_again(void *arg)
{
	struct s_file out;

	(void)arg;
	while (dialling) {
		T_EQ(s_open("dtyU0", S_RDWR | HYP_F_NONBLOCK, &out), 0);
		s_close(&out);
	}
}

static int
has_begun(void *arg)
{
	struct s_op *so = arg;

	return __atomic_load_n(&so->so_lwp, __ATOMIC_ACQUIRE) != NULL;
}

/*
 * Without carrier no dial-in open may succeed, even while dial-out, whose
 * mode needs none, comes and goes.
 */
static void
dial_in_does_not_borrow(void)
{
	struct vusb *v = h_ftdi();
	struct s_file in;
	struct s_op so = { .so_call = S_OPEN, .so_file = &in,
	    .so_node = "ttyU0", .so_flags = S_RDWR };
	struct t_thread *t;

	vusb_set_lines(v, 0, VUSB_CTS);
	/* Without HUPCL, so that nobody makes a pause. */
	for (int i = 0; i < 2; i++) {
		T_EQ(s_open(i ? "dtyU0" : "ttyU0", S_RDWR | HYP_F_NONBLOCK,
		    &in), 0);
		T_EQ(s_raw(&in, 9600, 8, S_NOHUPCL | (i ? S_CLOCAL : 0)), 0);
		s_close(&in);
	}
	dialling = true;
	t = t_spawn(dial_out_again_and_again, NULL);
	for (int i = 0; i < 200; i++) {
		s_start(&so);
		T_UNTIL(has_begun, &so);
		t_msleep(t_random() % 3);
		s_interrupt(&so);
		T_EQ(s_finish(&so), EINTR);
	}
	dialling = false;
	t_join(t);
	h_remove(v);
}

static void
interrupted_dial_in(void)
{
	struct vusb *v = h_ftdi();
	struct s_file in;
	struct s_op so = { .so_call = S_OPEN, .so_file = &in,
	    .so_node = "ttyU0", .so_flags = S_RDWR };

	vusb_set_lines(v, 0, 0);
	s_start(&so);
	s_wait_sleep(&so, "ttyraw");
	T_CHECK(h_status(v).vs_dtr);
	s_interrupt(&so);
	T_EQ(s_finish(&so), EINTR);
	/* Nobody uses it: the hardware rests. */
	T_CHECK(!h_status(v).vs_dtr);
	T_EQ(h_status(v).vs_reads, 0);
	h_remove(v);
}

static void
revoke_spares_dial_out(void)
{
	struct vusb *v = h_ftdi();
	struct s_file in, out;
	struct s_op so = { .so_call = S_OPEN, .so_file = &in,
	    .so_node = "ttyU0", .so_flags = S_RDWR };
	struct s_op rev = { .so_call = S_REVOKE, .so_node = "ttyU0" };
	char c;

	vusb_set_lines(v, 0, VUSB_CTS);
	T_EQ(s_open("dtyU0", S_RDWR, &out), 0);
	T_EQ(s_raw(&out, 9600, 8, S_CLOCAL), 0);
	s_start(&so);
	s_wait_sleep(&so, "ttyraw");
	s_start(&rev);
	T_EQ(s_finish(&rev), 0);
	s_write_all(&out, "e", 1);
	s_far_read_all(v, 0, &c, 1);
	T_EQ(c, 'e');
	T_CHECK(h_status(v).vs_dtr);
	if (!s_finished(&so))
		s_interrupt(&so);
	T_CHECK(s_finish(&so) != 0);
	s_close(&out);
	h_remove(v);
}

static void
revoke_open_file(void)
{
	struct vusb *v = h_ftdi();
	struct s_file a, b;
	uint8_t buf[16];
	struct s_op so = { .so_call = S_READ, .so_file = &a, .so_buf = buf,
	    .so_len = sizeof(buf) };
	struct s_op rev = { .so_call = S_REVOKE, .so_node = "ttyU0" };
	size_t n;

	h_open_raw(&a, 9600);
	s_start(&so);
	s_wait_sleep(&so, "ttyraw");
	s_start(&rev);
	T_EQ(s_finish(&rev), 0);
	T_EQ(s_finish(&so), 0);
	T_EQ(so.so_done, 0);
	T_CHECK(!h_status(v).vs_dtr);
	T_EQ(s_write(&a, "x", 1, 0, &n), EIO);
	/* The next one gets a line of its own. */
	h_open_raw(&b, 9600);
	s_write_all(&b, "f", 1);
	s_far_read_all(v, 0, buf, 1);
	T_EQ(buf[0], 'f');
	T_EQ(s_read(&a, buf, 1, 0, &n), 0);
	T_EQ(n, 0);
	s_close(&a);
	s_write_all(&b, "g", 1);
	s_far_read_all(v, 0, buf, 1);
	s_close(&b);
	h_remove(v);
}

/*
 * An open that specfs has counted before a revoke, and that comes into the
 * driver after the revoke's d_cancel.  d_close waits for it, so it must not
 * wait for d_close.  (Held up at the tty's lock, which ucomopen takes first,
 * and ucomcancel last.)  A revoke that came after that open would take it.
 */
static uint32_t open_is_in, node_closes;

/* Who has the tty's lock must not ask: nodes are above it. */
static void
look(void *node)
{
	struct hyp_node_stat hs;

	do {
		t_msleep(1);
		hyp_node_getstat(node, &hs);
		if (hs.hs_calls > 0)
			__atomic_store_n(&open_is_in, 1, __ATOMIC_RELEASE);
	} while (!hs.hs_closing);
	__atomic_store_n(&node_closes, 1, __ATOMIC_RELEASE);
}

static void
open_after_cancel(void)
{
	struct vusb *v = h_ftdi();
	struct hyp_node *hn = h_node_find("dtyU0");
	struct s_file a, b;
	struct s_op so = { .so_call = S_OPEN, .so_file = &b,
	    .so_node = "dtyU0", .so_flags = S_RDWR };
	struct s_op rev = { .so_call = S_REVOKE, .so_node = "dtyU0" };
	struct hyp_thread *looker;

	T_EQ(s_open("dtyU0", S_RDWR, &a), 0);
	T_EQ(hyp_thread_create("looker", look, hn, &looker), 0);
	h_tty_hold();
	s_start(&so);
	T_UNTIL(h_has_ended, &open_is_in);
	s_start(&rev);
	T_UNTIL(h_has_ended, &node_closes);
	T_UNTIL(h_tty_closes, NULL);
	h_tty_release();
	hyp_thread_join(looker);
	T_EQ(s_finish(&rev), 0);
	T_EQ(hyp_zombies(), 0);
	T_EQ(s_finish(&so), 0);		/* again, after the close */
	s_write_all(&b, "h", 1);
	s_close(&b);
	s_close(&a);
	h_remove(v);
}

const struct t_case t_cases[] = {
	{ "many opens, one last close", many_opens },
	{ "TIOCEXCL keeps others out, but root", exclusive },
	{ "after a hang-up the next open waits", hangup_pause },
	{ "a node keeps its mode over the last close", mode_is_kept },
	{ "a hang-up is not kept, nor what else it said", hangup_is_not_kept },
	{ "dial-in waits for carrier and for dial-out", dial_in_and_out },
	{ "dial-in does not live by dial-out's CLOCAL",
	    dial_in_does_not_borrow },
	{ "an interrupted dial-in open hangs up", interrupted_dial_in },
	{ "revoke of dial-in leaves dial-out alone", revoke_spares_dial_out },
	{ "revoke of an open file", revoke_open_file },
	{ "an open that comes after d_cancel does not hold up d_close",
	    open_after_cancel },
	{ NULL, NULL }
};
