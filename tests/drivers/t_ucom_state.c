/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_ucom_state.c - what a line has been set to is found again by a daemon that
 * comes after one that was killed (src/drivers/ucom_state.c): where that daemon
 * would say that its adapter leaves, nobody hears it.
 */
#include <asm/ioctls.h>
#include <asm/termbits.h>

#include <errno.h>
#include <linux/serial.h>
#include <linux/tty.h>
#include <string.h>
#include <sys/ioctl.h>

#include "drivers/h_adapter.h"
#include "drivers/h_serial.h"
#include "hyp/hyp.h"

static struct s_file
opened(const char *node)
{
	struct s_file sf;

	T_EQ(s_open(node, S_RDWR | HYP_F_NONBLOCK, &sf), 0);
	return sf;
}

static struct termios2
mode(const char *node)
{
	struct s_file sf = opened(node);
	struct termios2 t;

	memset(&t, 0, sizeof(t));
	T_EQ(s_ioctl(&sf, TCGETS2, &t), 0);
	s_close(&sf);
	return t;
}

/* The daemon is killed, and asks the adapter for nothing more; files are closed
   by the kernel in the end. */
static void
dies(struct vusb *v, struct s_file *sf)
{

	h_state_deaf(1);
	vusb_fault(v, VUSB_CONTROL, VUSB_FAULT_ERROR, 0, 0);
	vusb_let_go(v);
	if (sf != NULL)
		s_close(sf);
	vusb_fault(v, VUSB_CONTROL, VUSB_FAULT_NONE, 0, 0);
	h_state_deaf(0);
}

/* And another one has it, and has opened it. */
static void
killed(struct vusb *v, struct s_file *sf)
{

	dies(v, sf);
	vusb_rescan(v);
	s_plug_wait("ttyU0");
}

/* Closed before, and open; of both nodes; setserial's too. */
static void
settings_are_found_again(void)
{
	struct vusb *v = h_ftdi();
	struct s_file sf = opened("dtyU0");
	struct serial_struct ss;
	struct termios2 t;

	T_EQ(s_raw(&sf, 4800, 7, S_CLOCAL | S_NOHUPCL | S_EVEN), 0);
	T_EQ(s_ioctl(&sf, TIOCGSERIAL, &ss), 0);
	ss.close_delay = 7;
	ss.flags |= ASYNC_LOW_LATENCY;
	T_EQ(s_ioctl(&sf, TIOCSSERIAL, &ss), 0);
	s_close(&sf);
	sf = opened("ttyU0");
	T_EQ(s_raw(&sf, 19200, 8, S_CLOCAL | S_NOHUPCL | S_CRTSCTS), 0);
	killed(v, &sf);

	t = mode("dtyU0");
	T_EQ(t.c_ospeed, 4800);
	T_EQ(t.c_cflag & (CSIZE | PARENB | HUPCL | CLOCAL),
	    CS7 | PARENB | CLOCAL);
	T_EQ(t.c_lflag & ICANON, 0);
	T_EQ(h_status(v).vs_baud, 4800);
	t = mode("ttyU0");
	T_EQ(t.c_ospeed, 19200);
	T_EQ(t.c_cflag & (CSIZE | HUPCL | CRTSCTS), CS8 | CRTSCTS);
	sf = opened("ttyU0");
	T_EQ(s_ioctl(&sf, TIOCGSERIAL, &ss), 0);
	T_EQ(ss.close_delay, 7);
	T_CHECK((ss.flags & ASYNC_LOW_LATENCY) != 0);
	T_EQ(h_status(v).vs_latency, 1);
	s_close(&sf);
	/* The next one finds it too, though nobody has set anything. */
	killed(v, NULL);
	T_EQ(mode("dtyU0").c_ospeed, 4800);
	h_remove(v);
}

/* With -hupcl nobody moves DTR and RTS, from the one daemon to the next. */
static void
lines_stay(void)
{
	struct vusb *v = h_ftdi();
	struct s_file sf = opened("ttyU0");
	unsigned moves;

	T_EQ(s_raw(&sf, 9600, 8, S_CLOCAL | S_NOHUPCL), 0);
	moves = h_status(v).vs_moves;
	killed(v, &sf);
	sf = opened("ttyU0");
	s_close(&sf);
	T_EQ(h_status(v).vs_moves, moves);
	h_remove(v);
}

/* One of each driver's. */
static const char *const chips[] = { "ft232r", "acm", "ch341", "cp2102",
    "pl2303hx" };
#define	NCHIPS	(sizeof(chips) / sizeof(chips[0]))

static struct vusb *
plugged(const char *chip)
{
	struct vusb_config vc;
	struct vusb *v;

	T_CHECK(vusb_chip(chip, &vc));
	v = h_adapter(&vc);
	s_plug(v, "ttyU0");
	return v;
}

/* A break that nobody can end any more goes on until the next first open. */
static void
break_ends(void)
{
	struct s_file sf;
	struct vusb *v;

	h_begin();
	for (unsigned i = 0; i < NCHIPS; i++) {
		v = plugged(chips[i]);
		sf = opened("ttyU0");
		T_EQ(s_raw(&sf, 9600, 8, S_CLOCAL), 0);
		T_EQ(s_ioctl(&sf, TIOCSBRK, NULL), 0);
		dies(v, &sf);
		T_CHECK(h_status(v).vs_break);
		vusb_rescan(v);
		s_plug_wait("ttyU0");	/* opens it */
		T_CHECK(!h_status(v).vs_break);
		h_remove(v);
	}
}

static void
what_leaves_is_forgotten(void)
{
	struct vusb *v = h_ftdi();
	struct s_file sf = opened("dtyU0");
	size_t len;

	T_EQ(s_raw(&sf, 4800, 8, S_CLOCAL), 0);
	s_close(&sf);
	T_CHECK(h_state(&len) != NULL);
	s_unplug(v);
	T_CHECK(h_state(&len) == NULL);
	s_plug(v, "ttyU0");
	T_EQ(mode("dtyU0").c_ospeed, 9600);
	h_remove(v);
}

/* Plugged in anew while there was no daemon: not what was set. */
static void
another_plugging_has_none(void)
{
	struct vusb *v = h_ftdi();
	struct s_file sf = opened("dtyU0");

	T_EQ(s_raw(&sf, 4800, 8, S_CLOCAL), 0);
	s_close(&sf);
	h_state_deaf(1);
	s_unplug(v);
	h_state_deaf(0);
	s_plug(v, "ttyU0");
	T_EQ(mode("dtyU0").c_ospeed, 9600);
	h_remove(v);
}

static int
is_ready(void *arg)
{

	return (s_poll(arg, HYP_POLLIN) & HYP_POLLIN) != 0;
}

/* ---- another process goes on ---------------------------------------- */

/* This one stops, and the next one has the adapter. */
static void
handed_over(struct vusb *v, struct s_file *sf)
{
	size_t len;

	h_parked_drop();
	hyp_hand_over();
	T_CHECK(h_parked(&len) != NULL);
	h_state_deaf(1);
	vusb_let_go(v);
	s_close(sf);
	h_state_deaf(0);
	vusb_rescan(v);
}

static int
opened_again(const char *node, struct s_file *sf)
{

	return s_open(node, S_RDWR | HYP_F_NONBLOCK | HYP_F_AGAIN, sf);
}

struct again {
	const char	*node;
	struct s_file	*sf;
};

static int
is_opened_again(void *arg)
{
	const struct again *const a = arg;

	return opened_again(a->node, a->sf) == 0;
}

static void
goes_on(void)
{
	static const uint8_t speed[] = "speed";
	struct vusb *v = h_ftdi();
	struct s_file sf = opened("dtyU0");
	struct again a = { "dtyU0", &sf };
	struct winsize ws = { .ws_row = 33, .ws_col = 7 };
	struct vusb_status was, is;
	uint8_t buf[4096], want[4096];
	struct termios2 t, u;
	int on = 0;

	T_EQ(s_raw(&sf, 115200, 8, S_CLOCAL | S_EVEN), 0);
	T_EQ(s_ioctl(&sf, TIOCSWINSZ, &ws), 0);
	T_EQ(s_ioctl(&sf, TIOCEXCL, NULL), 0);
	T_EQ(s_ioctl(&sf, TIOCMBIC, (on = TIOCM_RTS, &on)), 0);
	T_EQ(s_ioctl(&sf, TCGETS2, &t), 0);
	/* Not read, and not sent. */
	T_EQ(vusb_far_write(v, 0, speed, 5, 1000), 5);
	T_UNTIL(is_ready, &sf);
	T_EQ(s_ioctl(&sf, TCXONC, (void *)(uintptr_t)TCOOFF), 0);
	s_pattern(want, sizeof(want), 0);
	s_write_all(&sf, want, sizeof(want));
	was = h_status(v);
	handed_over(v, &sf);
	/* Nobody has the line. */
	T_EQ(vusb_far_write(v, 0, speed, 5, 1000), 5);
	T_UNTIL(is_opened_again, &a);
	is = h_status(v);
	T_EQ(is.vs_moves, was.vs_moves);
	T_EQ(is.vs_baud, was.vs_baud);
	T_EQ(s_ioctl(&sf, TCGETS2, &u), 0);
	T_EQ(memcmp(&t, &u, sizeof(t)), 0);
	memset(&ws, 0, sizeof(ws));
	T_EQ(s_ioctl(&sf, TIOCGWINSZ, &ws), 0);
	T_EQ(ws.ws_row, 33);
	T_EQ(s_ioctl(&sf, TIOCGEXCL, &on), 0);
	T_EQ(on, 1);
	T_EQ(s_modem(&sf) & (TIOCM_DTR | TIOCM_RTS), TIOCM_DTR);
	s_read_all(&sf, buf, 10);
	T_EQ(memcmp(buf, "speedspeed", 10), 0);
	T_EQ(s_ioctl(&sf, TIOCOUTQ, &on), 0);
	T_EQ(on, (int)sizeof(want));
	T_EQ(s_ioctl(&sf, TCXONC, (void *)(uintptr_t)TCOON), 0);
	s_far_read_all(v, 0, buf, sizeof(buf));
	T_EQ(memcmp(buf, want, sizeof(buf)), 0);
	s_close(&sf);
	h_parked_drop();
	h_remove(v);
}

/*
 * A line that is hung up, at speed 0, stays so, and a speed ends that, which is
 * asked of the chip whatever its driver thinks that it has.
 */
static void
hung_up_goes_on(void)
{
	struct vusb_status was;
	struct s_file sf;
	struct again a = { "dtyU0", &sf };
	struct termios2 t;
	struct vusb *v;

	h_begin();
	for (unsigned i = 0; i < NCHIPS; i++) {
		v = plugged(chips[i]);
		sf = opened("dtyU0");
		T_EQ(s_raw(&sf, 4800, 7, S_CLOCAL | S_EVEN), 0);
		T_EQ(s_ioctl(&sf, TCGETS2, &t), 0);
		t.c_cflag &= ~CBAUD;	/* B0 */
		T_EQ(s_ioctl(&sf, TCSETS2, &t), 0);
		T_EQ(s_modem(&sf) & TIOCM_DTR, 0);
		was = h_status(v);
		handed_over(v, &sf);
		T_UNTIL(is_opened_again, &a);
		T_EQ(h_status(v).vs_moves, was.vs_moves);
		T_EQ(s_modem(&sf) & (TIOCM_DTR | TIOCM_RTS), TIOCM_RTS);
		T_EQ(s_ioctl(&sf, TCGETS2, &t), 0);
		T_EQ(t.c_cflag & CBAUD, 0);
		T_EQ(s_raw(&sf, 9600, 8, S_CLOCAL), 0);
		T_EQ(h_status(v).vs_baud / 100, 96);
		T_EQ(h_status(v).vs_parity, 'N');
		T_EQ(s_modem(&sf) & (TIOCM_DTR | TIOCM_RTS),
		    TIOCM_DTR | TIOCM_RTS);
		s_close(&sf);
		h_parked_drop();
		h_remove(v);
	}
}

/*
 * A break that is on when the line is handed over goes on, and ends with
 * TIOCCBRK, or the close, also with a driver that knows nothing of it.
 */
static void
break_goes_on(void)
{
	struct s_file sf;
	struct again a = { "dtyU0", &sf };
	struct vusb *v;

	h_begin();
	for (unsigned i = 0; i < 2 * NCHIPS; i++) {
		v = plugged(chips[i / 2]);
		sf = opened("dtyU0");
		T_EQ(s_raw(&sf, 9600, 8, S_CLOCAL), 0);
		T_EQ(s_ioctl(&sf, TIOCSBRK, NULL), 0);
		handed_over(v, &sf);
		T_UNTIL(is_opened_again, &a);
		T_CHECK(h_status(v).vs_break);
		if (i % 2 == 0) {
			T_EQ(s_ioctl(&sf, TIOCCBRK, NULL), 0);
			T_CHECK(!h_status(v).vs_break);
		}
		s_close(&sf);
		T_CHECK(!h_status(v).vs_break);
		h_parked_drop();
		h_remove(v);
	}
}

/* Whatever has become of it: the line can be opened, and no wait has no end. */
static void
damaged(void)
{
	static const unsigned char bad[] = { 0xff, 0x80, 0x01, 0x00 };
	struct vusb *v = h_ftdi();
	struct s_file sf = opened("dtyU0");
	struct serial_struct ss;
	unsigned char good[HYP_STATE_MAX], *at;
	size_t len, n;

	T_EQ(s_raw(&sf, 4800, 8, S_CLOCAL), 0);
	s_close(&sf);
	at = h_state(&len);
	memcpy(good, at, len);
	for (size_t i = 0; i < len; i += 3) {
		n = i % sizeof(bad);
		memcpy(at, good, len);
		for (size_t k = i; k < i + 4 && k < len; k++)
			at[k] = bad[(k + n) % sizeof(bad)];
		killed(v, NULL);
		sf = opened("dtyU0");
		T_EQ(s_ioctl(&sf, TIOCGSERIAL, &ss), 0);
		T_CHECK(ss.close_delay <= 6000);
		s_close(&sf);
	}
	h_remove(v);
}

const struct t_case t_cases[] = {
	{ "what was set is found again after a kill", settings_are_found_again },
	{ "with -hupcl DTR and RTS stay as they are", lines_stay },
	{ "killed, a break goes on until the next open", break_ends },
	{ "what leaves is forgotten", what_leaves_is_forgotten },
	{ "another plugging has none of it", another_plugging_has_none },
	{ "damaged, it keeps no open out", damaged },
	{ "handed over, an open line goes on", goes_on },
	{ "handed over, a line that is hung up stays so, until it has a speed",
	    hung_up_goes_on },
	{ "handed over, a break goes on until it is ended", break_goes_on },
	{ NULL, NULL }
};
