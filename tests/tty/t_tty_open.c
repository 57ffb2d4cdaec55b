/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_tty_open.c - open, carrier, dial-out, cancel, close; settings that go to
 * the hardware; modem lines.
 */
#include "h_tty.h"
#include "tty/tty_impl.h"

struct opener {
	struct h_dev	*op_dev;
	struct t_thread	*op_thread;
	int		 op_error;
};

static void
opener_main(void *arg)
{
	struct opener *const op = arg;

	op->op_error = ttyopen(op->op_dev->hd_tp, 0, 0);
}

static void
opener_start(struct opener *op, struct h_dev *hd)
{

	op->op_dev = hd;
	op->op_thread = t_spawn(opener_main, op);
	T_UNTIL(h_reader_sleeps, hd);
	T_EQ(h_wopen(hd), 1);
}

static int
opener_end(struct opener *op)
{

	t_join(op->op_thread);
	T_EQ(op->op_dev->hd_tp->t_wopen, 0);
	return op->op_error;
}

static void
test_carrier(void)
{
	struct h_dev *const hd = h_attach();
	struct opener op;

	T_EQ(ttyopen(hd->hd_tp, 0, 1), 0);	/* O_NONBLOCK does not wait */
	opener_start(&op, hd);
	(void)ttymodem(hd->hd_tp, 1);
	T_EQ(opener_end(&op), 0);
	(void)ttymodem(hd->hd_tp, 0);
	/* CLOCAL ends the wait as well. */
	opener_start(&op, hd);
	{
		struct termios t = hd->hd_tp->t_termios;

		t.c_cflag |= CLOCAL;
		T_EQ(h_ioctl(hd, TIOCSETA, &t), 0);
	}
	T_EQ(opener_end(&op), 0);
	h_free(hd);
}

static void
test_interrupt(void)
{
	struct h_dev *const hd = h_attach();

	lwp_intr_post(curlwp);
	T_EQ(ttyopen(hd->hd_tp, 0, 0), EINTR);
	curlwp->l_wake = 0;
	h_free(hd);
}

static void
test_dialout(void)
{
	struct h_dev *const hd = h_attach();
	struct tty *const tp = hd->hd_tp;
	struct opener op;

	/* No carrier: dial-in waits, dial-out does not. */
	opener_start(&op, hd);
	T_EQ(ttyopen(tp, 1, 0), 0);
	(void)ttylopen(makedev(1, TTDIALOUT_MASK), tp);
	(void)ttymodem(tp, 1);
	T_UNTIL(h_reader_sleeps, hd);		/* still: the line is in use */
	T_EQ(h_wopen(hd), 1);
	T_EQ(ttyopen(tp, 0, 1), EBUSY);
	T_EQ(ttyopen(tp, 1, 0), 0);
	/* The dial-out user is gone: start again, then in. */
	ttyclose(tp);
	T_EQ(opener_end(&op), ERESTART);
	(void)ttymodem(tp, 1);
	T_EQ(ttyopen(tp, 0, 0), 0);
	(void)ttylopen(makedev(1, 0), tp);
	T_EQ(ttyopen(tp, 1, 0), EBUSY);
	h_free(hd);
}

static void
test_cancel(void)
{
	struct h_dev *const hd = h_attach();
	struct tty *const tp = hd->hd_tp;
	struct opener op;
	u_char c;
	size_t done;

	/* An open that waits, and all to come. */
	opener_start(&op, hd);
	ttycancel(tp);
	T_EQ(opener_end(&op), ERESTART);
	T_EQ(ttyopen(tp, 0, 0), ERESTART);
	T_EQ(ttyopen(tp, 0, 1), ERESTART);
	T_EQ(ttyopen(tp, 1, 0), ERESTART);
	ttyclose(tp);
	T_EQ(ttyopen(tp, 0, 1), 0);

	/* Reads and writes: what need not sleep is done. */
	(void)ttymodem(tp, 1);
	(void)ttylopen(makedev(1, 0), tp);
	h_raw(tp);
	h_input(hd, "x");
	ttycancel(tp);
	T_EQ(h_read(hd, &c, 1, 0, &done), 0);
	T_EQ(h_read(hd, &c, 1, 0, &done), ERESTART);
	T_EQ(h_write(hd, &c, 1, 0, &done), 0);
	hd->hd_hold = true;
	T_EQ(h_write(hd, &c, 1, 0, &done), 0);
	T_EQ(h_ioctl(hd, TIOCDRAIN, NULL), ERESTART);
	h_free(hd);
}

static void
read_main(void *arg)
{
	struct opener *const op = arg;
	u_char c;
	size_t done;

	op->op_error = h_read(op->op_dev, &c, 1, 0, &done);
}

/* Closed and open again while a reader slept: it must notice. */
static void
test_generation(void)
{
	struct h_dev *const hd = h_open();
	struct opener op = { .op_dev = hd };

	op.op_thread = t_spawn(read_main, &op);
	T_UNTIL(h_reader_sleeps, hd);
	ttyclose(hd->hd_tp);
	(void)ttymodem(hd->hd_tp, 1);
	(void)ttylopen(makedev(1, 0), hd->hd_tp);
	h_input(hd, "y");
	t_join(op.op_thread);
	T_EQ(op.op_error, ERESTART);
	T_EQ(hd->hd_tp->t_rawq.c_cc, 1);	/* not the old reader's */
	h_free(hd);
}

static void
test_hangup(void)
{
	struct h_dev *const hd = h_open();
	struct opener op = { .op_dev = hd };
	u_char c;
	size_t done;

	hd->hd_tp->t_cflag |= CLOCAL;
	op.op_thread = t_spawn(read_main, &op);
	T_UNTIL(h_reader_sleeps, hd);
	ttyhangup(hd->hd_tp);
	t_join(op.op_thread);
	T_EQ(op.op_error, ERESTART);
	T_EQ(h_read(hd, &c, 1, 0, &done), 0);
	T_EQ(done, 0);
	T_EQ(h_write(hd, &c, 1, 0, &done), EIO);
	h_free(hd);
}

static void
test_close(void)
{
	struct h_dev *const hd = h_open();
	struct tty *const tp = hd->hd_tp;
	int n;
	size_t done;

	hd->hd_hold = true;
	T_EQ(h_write(hd, "x", 1, 0, &done), 0);
	h_input(hd, "y");
	T_EQ(h_ioctl(hd, TIOCEXCL, NULL), 0);
	T_EQ(h_ioctl(hd, TIOCGXCL, &n), 0);
	T_EQ(n, 1);
	ttyclose(tp);
	T_EQ(tp->t_state, 0);
	T_EQ(tp->t_rawq.c_cc + tp->t_outq.c_cc, 0);
	/* What arrives now is nobody's. */
	T_EQ(h_inputn(hd, "zzz", 3), 3);
	(void)ttyinput('z', tp);
	T_EQ(tp->t_rawq.c_cc, 0);
	ttyclose(tp);			/* again: no harm */
	h_free(hd);
}

static void
test_exclusive(void)
{
	struct h_dev *const hd = h_open();
	struct tty *const tp = hd->hd_tp;
	int n;

	curlwp->l_cred->cr_uid = 1000;
	T_EQ(tty_exclusive(tp, curlwp), 0);
	T_EQ(h_ioctl(hd, TIOCEXCL, NULL), 0);
	T_EQ(tty_exclusive(tp, curlwp), EBUSY);
	curlwp->l_cred->cr_uid = 0;
	T_EQ(tty_exclusive(tp, curlwp), 0);
	curlwp->l_cred->cr_uid = 1000;
	T_EQ(h_ioctl(hd, TIOCNXCL, NULL), 0);
	T_EQ(h_ioctl(hd, TIOCGXCL, &n), 0);
	T_EQ(n, 0);
	T_EQ(tty_exclusive(tp, curlwp), 0);
	curlwp->l_cred->cr_uid = 0;
	h_free(hd);
}

/* Linux's rule: all may ask for low latency, only root how long others wait. */
static void
test_port(void)
{
	struct h_dev *const hd = h_open();
	struct tty_port was, port;

	T_EQ(h_ioctl(hd, TIOCGPORT, &was), 0);
	T_EQ(was.tp_closing_wait, 5000);
	T_EQ(was.tp_close_delay, 1000);
	curlwp->l_cred->cr_uid = 1000;
	port = was;
	port.tp_flags ^= TTYPORT_LOWLAT;
	T_EQ(h_ioctl(hd, TIOCSPORT, &port), 0);
	port.tp_closing_wait--;
	T_EQ(h_ioctl(hd, TIOCSPORT, &port), EPERM);
	port.tp_closing_wait++;
	port.tp_close_delay++;
	port.tp_flags = was.tp_flags;
	T_EQ(h_ioctl(hd, TIOCSPORT, &port), EPERM);
	curlwp->l_cred->cr_uid = 0;
	port.tp_flags |= 0x100;
	T_EQ(h_ioctl(hd, TIOCSPORT, &port), EINVAL);
	T_EQ(h_ioctl(hd, TIOCGPORT, &port), 0);
	T_EQ(port.tp_flags, was.tp_flags ^ TTYPORT_LOWLAT);
	T_EQ(port.tp_closing_wait, 5000);
	T_EQ(port.tp_close_delay, 1000);
	for (int bad = 0; bad < 4; bad++) {
		port = was;
		*(bad & 1 ? &port.tp_closing_wait : &port.tp_close_delay) =
		    bad & 2 ? -1 : TTYPORT_WAIT_MAX + 1;
		T_EQ(h_ioctl(hd, TIOCSPORT, &port), EINVAL);
	}
	h_free(hd);
}

static void
test_param(void)
{
	struct h_dev *const hd = h_open();
	struct tty *const tp = hd->hd_tp;
	const struct termios was = tp->t_termios;
	struct termios t = was, got;

	t.c_ospeed = 57600;
	t.c_cflag = CREAD | CS7 | PARENB | CRTSCTS;
	t.c_lflag = ECHO | ISIG;
	t.c_cc[VINTR] = 'i';
	T_EQ(h_ioctl(hd, TIOCSETA, &t), 0);
	T_EQ(h_ioctl(hd, TIOCGETA, &got), 0);
	T_CHECK(memcmp(&got, &t, sizeof(t)) == 0);
	T_EQ(hd->hd_last.c_ospeed, 57600);
	/* The hardware refuses: nothing changes. */
	hd->hd_param_error = EINVAL;
	T_EQ(h_ioctl(hd, TIOCSETA, __UNCONST(&was)), EINVAL);
	T_EQ(h_ioctl(hd, TIOCGETA, &got), 0);
	T_CHECK(memcmp(&got, &t, sizeof(t)) == 0);
	T_CHECK(!tp->t_setting);
	/* CIGNORE leaves it alone. */
	t.c_cflag |= CIGNORE;
	t.c_iflag = INLCR;
	T_EQ(h_ioctl(hd, TIOCSETA, &t), 0);
	T_EQ(tp->t_iflag, INLCR);
	T_EQ(hd->hd_params, 2);
	h_free(hd);
}

/* A driver that does not know CMSPAR would make odd or even parity of it. */
static void
test_mark_parity(void)
{
	struct h_dev *const hd = h_open();
	struct tty *const tp = hd->hd_tp;
	const tcflag_t was = tp->t_cflag;
	struct termios t = tp->t_termios;

	t.c_cflag = CREAD | CS8 | PARENB | CMSPAR;
	T_EQ(h_ioctl(hd, TIOCSETA, &t), EINVAL);
	T_EQ(hd->hd_params, 0);
	T_EQ(tp->t_cflag, was);
	/* Without parity the bit says nothing. */
	t.c_cflag = CREAD | CS8 | CMSPAR;
	T_EQ(h_ioctl(hd, TIOCSETA, &t), 0);
	ttymspar(tp);
	t.c_cflag = CREAD | CS8 | PARENB | CMSPAR;
	T_EQ(h_ioctl(hd, TIOCSETA, &t), 0);
	T_EQ(hd->hd_last.c_cflag, t.c_cflag);
	T_EQ(tp->t_cflag, t.c_cflag);
	h_free(hd);
}

struct setter {
	struct h_dev	*st_dev;
	struct termios	 st_termios;
	int		 st_error;
};

static void
setter_main(void *arg)
{
	struct setter *const st = arg;

	st->st_error = h_ioctl(st->st_dev, TIOCSETA, &st->st_termios);
}

static void
test_param_one(void)
{
	struct h_dev *const hd = h_open();
	struct tty *const tp = hd->hd_tp;
	struct setter a = { .st_dev = hd }, b = { .st_dev = hd };
	struct t_thread *ta, *tb;

	a.st_termios = b.st_termios = tp->t_termios;
	a.st_termios.c_ospeed = 1200;
	b.st_termios.c_ospeed = 2400;
	hd->hd_param_error = -1;	/* stays in t_param */
	ta = t_spawn(setter_main, &a);
	T_UNTIL(h_modem_sleeps, hd);
	tb = t_spawn(setter_main, &b);
	T_UNTIL(h_param_sleeps, hd);
	ttylock(tp);
	hd->hd_param_error = 0;
	cv_broadcast(&tp->t_modemcv);
	ttyunlock(tp);
	t_join(ta);
	t_join(tb);
	T_EQ(a.st_error, 0);
	T_EQ(b.st_error, 0);
	T_EQ(hd->hd_params, 2);
	T_EQ(hd->hd_maxparam, 1);
	T_EQ(tp->t_ospeed, 2400);
	h_free(hd);
}

static void
mwait_main(void *arg)
{
	struct opener *const op = arg;
	int mask = TIOCM_CTS | TIOCM_RI;

	op->op_error = h_ioctl(op->op_dev, TIOCMWAIT, &mask);
}

static void
test_modem(void)
{
	struct h_dev *const hd = h_open();
	struct tty *const tp = hd->hd_tp;
	struct opener op = { .op_dev = hd };
	struct tty_counts tc;
	int mask = TIOCM_CD;

	T_EQ(h_ioctl(hd, TIOCMWAIT, &mask), EPASSTHROUGH);
	ttymstatus(tp, TIOCM_CD);
	op.op_thread = t_spawn(mwait_main, &op);
	T_UNTIL(h_modem_sleeps, hd);
	ttymstatus(tp, TIOCM_CD | TIOCM_DSR);	/* not waited for */
	T_UNTIL(h_modem_sleeps, hd);
	ttymstatus(tp, TIOCM_CTS);
	t_join(op.op_thread);
	T_EQ(op.op_error, 0);
	T_EQ(h_ioctl(hd, TIOCGCOUNTS, &tc), 0);
	T_EQ(tc.tc_cts, 1);
	T_EQ(tc.tc_dsr, 2);
	T_EQ(tc.tc_dcd, 1);
	T_EQ(tc.tc_rng, 0);
	op.op_thread = t_spawn(mwait_main, &op);
	T_UNTIL(h_modem_sleeps, hd);
	ttycancel(tp);
	t_join(op.op_thread);
	T_EQ(op.op_error, ERESTART);
	h_free(hd);
}

static void
test_ioctls(void)
{
	struct h_dev *const hd = h_open();
	struct winsize ws = { 24, 80, 1, 2 }, got;
	char name[TTLINEDNAMELEN];
	int n = 0;
	u_int i;
	static const u_long noctty[] = { TIOCSCTTY, TIOCGPGRP, TIOCSPGRP,
	    TIOCGSID, TIOCNOTTY, FIOSETOWN, FIOGETOWN };

	T_EQ(h_ioctl(hd, TIOCSWINSZ, &ws), 0);
	T_EQ(h_ioctl(hd, TIOCGWINSZ, &got), 0);
	T_CHECK(memcmp(&ws, &got, sizeof(ws)) == 0);
	T_EQ(h_ioctl(hd, TIOCGETD, &n), 0);
	T_EQ(n, TTYDISC);
	T_EQ(h_ioctl(hd, TIOCSETD, &n), 0);
	n = 77;
	T_EQ(h_ioctl(hd, TIOCSETD, &n), ENXIO);
	T_EQ(h_ioctl(hd, TIOCGLINED, name), 0);
	T_CHECK(strcmp(name, "termios") == 0);
	T_EQ(h_ioctl(hd, TIOCSLINED, name), 0);
	for (i = 0; i < __arraycount(noctty); i++)
		T_EQ(h_ioctl(hd, noctty[i], &n), ENOTTY);
	T_EQ(h_ioctl(hd, TIOCSTI, name), EPERM);
	T_EQ(h_ioctl(hd, TIOCMGET, &n), EPASSTHROUGH);
	T_EQ(h_ioctl(hd, TIOCSBRK, NULL), EPASSTHROUGH);
	h_free(hd);
}

static void
test_defaults(void)
{
	struct h_dev *const hd = h_attach();
	const struct tty *const tp = hd->hd_tp;

	T_EQ(tp->t_cc[VINTR], 3);
	T_EQ(tp->t_cc[VERASE], 0177);
	T_EQ(tp->t_cc[VMIN], 1);
	T_EQ(tp->t_cc[VEOL], _POSIX_VDISABLE);
	T_EQ(tty_unit(makedev(5, 7 | TTDIALOUT_MASK)), 7);
	T_CHECK(TTDIALOUT(makedev(5, 7 | TTDIALOUT_MASK)) != 0);
	T_EQ(tty_count, 1);
	h_free(hd);
	T_EQ(tty_count, 0);
}

const struct t_case t_cases[] = {
	{ "a dial-in open waits for carrier", test_carrier },
	{ "an interrupt ends the wait", test_interrupt },
	{ "dial-out keeps dial-in waiting", test_dialout },
	{ "cancel ends present and future sleeps until close", test_cancel },
	{ "a sleep over a close ends with ERESTART", test_generation },
	{ "a device that is gone", test_hangup },
	{ "close leaves nothing", test_close },
	{ "TIOCEXCL", test_exclusive },
	{ "TIOCSPORT: who may, and how long", test_port },
	{ "settings go to the hardware first", test_param },
	{ "mark and space parity only if the driver knows them", test_mark_parity },
	{ "one thread at a time in t_param", test_param_one },
	{ "modem lines are counted and waited for", test_modem },
	{ "ioctls", test_ioctls },
	{ "defaults", test_defaults },
	{ NULL, NULL }
};
