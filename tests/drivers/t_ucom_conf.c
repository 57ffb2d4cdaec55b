/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_ucom_conf.c - what the configuration says of a line (devswd.conf(5), ucom
 * (4)): each first open begins with it, what a client sets then holds until
 * the last close, and another configuration counts from the next first open
 * on.  On the whole road: system calls above, software adapters below.
 */
#include <asm/ioctls.h>
#include <asm/termbits.h>

#include <errno.h>
#include <linux/tty.h>
#include <string.h>
#include <sys/ioctl.h>

#include "drivers/h_adapter.h"
#include "drivers/h_serial.h"
#include "hyp/hyp.h"
#include "hyp/hyp_node.h"

static const struct hyp_usb_line
    nothing = { .hl_speed = 0 },
    slow = { .hl_speed = 4800, .hl_bits = 7, .hl_parity = 'E', .hl_stop = 2,
	.hl_flow = HYP_USB_FLOW_RTSCTS },
    fast = { .hl_speed = 250000 };

static struct vusb *
plugged(enum vusb_model model, const struct hyp_usb_line *hl)
{
	const struct vusb_config vc = { .vc_model = model, .vc_line = *hl };
	struct vusb *v;

	h_begin();
	v = h_adapter(&vc);
	s_plug(v, "ttyU0");
	return v;
}

static struct s_file
opened(const char *node)
{
	struct s_file sf;

	T_EQ(s_open(node, S_RDWR | HYP_F_NONBLOCK, &sf), 0);
	return sf;
}

static struct termios2
mode(struct s_file *sf)
{
	struct termios2 t;

	memset(&t, 0, sizeof(t));
	T_EQ(s_ioctl(sf, TCGETS2, &t), 0);
	return t;
}

/* The chip has the line of slow. */
static void
is_slow(struct vusb *v)
{
	const struct vusb_status vs = h_status(v);

	T_EQ(vs.vs_baud, 4800);
	T_EQ(vs.vs_bits, 7);
	T_EQ(vs.vs_parity, 'E');
	T_EQ(vs.vs_stop, 2);
}

/* ---- speed, format, flow -------------------------------------------- */

/* Both nodes, the client and the chip; the rest is that of any node. */
static void
first_open(void)
{
	static const char *const nodes[] = { "ttyU0", "dtyU0" };
	struct vusb *v = plugged(VUSB_FTDI, &slow);
	struct termios2 t;
	struct s_file sf;

	for (unsigned i = 0; i < 2; i++) {
		sf = opened(nodes[i]);
		is_slow(v);
		T_EQ(h_status(v).vs_flow, 'R');
		t = mode(&sf);
		T_EQ(t.c_ospeed, 4800);
		T_EQ(t.c_cflag, B4800 | CS7 | PARENB | CSTOPB | CRTSCTS |
		    CREAD | HUPCL | (i == 1 ? CLOCAL : 0));
		T_EQ(t.c_iflag, ICRNL);
		T_EQ(t.c_lflag & ICANON, ICANON);
		s_close(&sf);
	}
	h_remove(v);
}

static void
every_parity(void)
{
	static const struct {
		char	parity;
		tcflag_t cflag;
	} rows[] = {
		{ 'N', 0 }, { 'E', PARENB }, { 'O', PARENB | PARODD },
		{ 'M', PARENB | PARODD | CMSPAR }, { 'S', PARENB | CMSPAR },
	};
	struct hyp_usb_line hl = { .hl_bits = 8, .hl_stop = 1 };
	struct vusb *v = plugged(VUSB_FTDI, &nothing);
	struct s_file sf;

	for (unsigned i = 0; i < 5; i++) {
		hl.hl_parity = (uint8_t)rows[i].parity;
		vusb_configure(v, &hl);
		sf = opened("dtyU0");
		T_EQ(h_status(v).vs_parity, rows[i].parity);
		T_EQ(mode(&sf).c_cflag & (PARENB | PARODD | CMSPAR | CSIZE),
		    rows[i].cflag | CS8);
		T_EQ(mode(&sf).c_ospeed, 9600);
		s_close(&sf);
	}
	h_remove(v);
}

static void
every_flow(void)
{
	static const struct {
		uint8_t	 flow;
		char	 chip;
		tcflag_t iflag, cflag;
	} rows[] = {
		{ HYP_USB_FLOW_XONXOFF, 'X', IXON | IXOFF, 0 },
		{ HYP_USB_FLOW_RTSCTS, 'R', 0, CRTSCTS },
		{ HYP_USB_FLOW_NONE, 'N', 0, 0 },
	};
	struct hyp_usb_line hl = { .hl_speed = 0 };
	struct vusb *v = plugged(VUSB_FTDI, &nothing);
	struct s_file sf;

	for (unsigned i = 0; i < 3; i++) {
		hl.hl_flow = rows[i].flow;
		vusb_configure(v, &hl);
		sf = opened("dtyU0");
		T_EQ(h_status(v).vs_flow, rows[i].chip);
		T_EQ(mode(&sf).c_iflag & (IXON | IXOFF | IXANY),
		    rows[i].iflag);
		T_EQ(mode(&sf).c_cflag & CRTSCTS, rows[i].cflag);
		s_close(&sf);
	}
	h_remove(v);
}

/* What is not in it is as the node's last user has left it. */
static void
each_first_open(void)
{
	struct vusb *v = plugged(VUSB_FTDI, &slow);
	struct s_file sf, second;

	sf = opened("dtyU0");
	T_EQ(s_raw(&sf, 115200, 8, S_CLOCAL), 0);
	second = opened("dtyU0");		/* no first open */
	T_EQ(mode(&second).c_cflag & CBAUD, B115200);
	T_EQ(h_status(v).vs_baud, 115385);	/* 3 MHz / 26 */
	s_close(&sf);
	T_EQ(mode(&second).c_cflag & CBAUD, B115200);
	s_close(&second);
	sf = opened("dtyU0");
	is_slow(v);
	T_EQ(h_status(v).vs_flow, 'R');
	T_EQ(mode(&sf).c_lflag & ICANON, 0);
	s_close(&sf);
	h_remove(v);
}

static void
read_again(void)
{
	struct vusb *v = plugged(VUSB_FTDI, &slow);
	struct s_file sf;

	sf = opened("dtyU0");
	vusb_configure(v, &fast);
	is_slow(v);
	T_EQ(mode(&sf).c_ospeed, 4800);
	s_close(&sf);
	sf = opened("dtyU0");
	T_EQ(h_status(v).vs_baud, 250000);
	T_EQ(mode(&sf).c_ospeed, 250000);
	T_EQ(h_status(v).vs_bits, 7);		/* its last user's */
	T_EQ(s_raw(&sf, 19200, 8, S_CLOCAL), 0);
	s_close(&sf);
	vusb_configure(v, &nothing);
	sf = opened("dtyU0");
	T_EQ(mode(&sf).c_ospeed, 19200);
	s_close(&sf);
	/* And it comes with the next plugging. */
	vusb_configure(v, &slow);
	s_unplug(v);
	s_plug(v, "ttyU0");
	sf = opened("dtyU0");
	is_slow(v);
	s_close(&sf);
	h_remove(v);
}

/* An FTDI has no characters of 5 bits, and no 12 Bd: no open fails of it. */
static void
impossible(void)
{
	static const struct hyp_usb_line rows[] = {
		{ .hl_bits = 5, .hl_parity = 'N', .hl_stop = 1 },
		{ .hl_speed = 12000000 },
		{ .hl_speed = 50, .hl_bits = 8, .hl_parity = 'N',
		    .hl_stop = 1, .hl_flow = HYP_USB_FLOW_XONXOFF },
	};
	struct vusb *v = plugged(VUSB_FTDI, &nothing);
	struct s_file sf;

	for (unsigned i = 0; i < 3; i++) {
		vusb_configure(v, &rows[i]);
		sf = opened("dtyU0");
		T_EQ(h_status(v).vs_baud, 9600);
		T_EQ(h_status(v).vs_bits, 8);
		T_EQ(h_status(v).vs_flow, 'N');
		T_EQ(mode(&sf).c_ospeed, 9600);
		T_EQ(mode(&sf).c_cflag & CSIZE, CS8);
		T_EQ(mode(&sf).c_iflag & IXOFF, 0);
		s_close(&sf);
	}
	h_remove(v);
}

static void
acm(void)
{
	const struct hyp_usb_line five = { .hl_speed = 50, .hl_bits = 5,
	    .hl_parity = 'O', .hl_stop = 1 };
	struct vusb *v = plugged(VUSB_ACM, &five);
	struct s_file sf;

	sf = opened("ttyU0");
	T_EQ(h_status(v).vs_baud, 50);
	T_EQ(h_status(v).vs_bits, 5);
	T_EQ(h_status(v).vs_parity, 'O');
	T_EQ(mode(&sf).c_cflag & CSIZE, CS5);
	s_close(&sf);
	h_remove(v);
}

/* The line is up for dial-in, which waits; dial-out gives it its mode. */
static void
dial_out_meanwhile(void)
{
	struct vusb *v = plugged(VUSB_FTDI, &slow);
	struct s_file in, out;
	struct s_op so = { .so_call = S_OPEN, .so_file = &in,
	    .so_node = "ttyU0", .so_flags = S_RDWR };

	out = opened("dtyU0");
	T_EQ(s_raw(&out, 115200, 8, S_CLOCAL | S_NOHUPCL), 0);
	s_close(&out);
	vusb_set_lines(v, 0, VUSB_CTS);
	s_start(&so);
	s_wait_sleep(&so, "ttyraw");
	is_slow(v);
	out = opened("dtyU0");
	is_slow(v);
	T_EQ(s_raw(&out, 115200, 8, S_CLOCAL), 0);
	s_close(&out);
	vusb_set_lines(v, 0, VUSB_CTS | VUSB_DCD);
	T_EQ(s_finish(&so), 0);
	is_slow(v);
	s_close(&in);
	h_remove(v);
}

/* ---- DTR and RTS ---------------------------------------------------- */

static const struct hyp_usb_line keep = { .hl_dtr = HYP_USB_PIN_KEEP,
    .hl_rts = HYP_USB_PIN_KEEP };

/* The lines, as the chip has them: DTR and RTS. */
static int
pins(struct vusb *v)
{
	const struct vusb_status vs = h_status(v);

	return (vs.vs_dtr ? TIOCM_DTR : 0) | (vs.vs_rts ? TIOCM_RTS : 0);
}

/* Opens and closes of both nodes, blocking and not, and a carrier that is
   waited for in vain: a board behind the lines sees nothing of it. */
static void
kept_on(enum vusb_model model)
{
	int both = TIOCM_DTR | TIOCM_RTS;
	struct vusb *v = plugged(model, &keep);
	struct s_file sf;
	unsigned moves;

	T_EQ(h_status(v).vs_moves, 0);		/* s_plug has opened it */
	sf = opened("dtyU0");
	T_EQ(s_modem(&sf) & both, 0);
	/* Who asks for it can move them, and they stay. */
	T_EQ(s_ioctl(&sf, TIOCMBIS, &both), 0);
	T_EQ(pins(v), both);
	s_close(&sf);
	moves = h_status(v).vs_moves;
	sf = opened("ttyU0");
	T_EQ(s_modem(&sf) & both, both);
	T_EQ(s_raw(&sf, 115200, 8, S_CLOCAL), 0);
	s_close(&sf);
	T_EQ(s_open("dtyU0", S_RDWR, &sf), 0);	/* and no pause before it */
	s_close(&sf);
	T_EQ(pins(v), both);
	T_EQ(h_status(v).vs_moves, moves);
	T_EQ(h_status(v).vs_resets, model == VUSB_ACM ? 1 : 0);
	h_remove(v);
}

static void
kept(void)
{

	kept_on(VUSB_FTDI);
	kept_on(VUSB_ACM);
}

/* Detached and attached again with the plug in: by devswctl, a reload or
   another devswd. */
static void
kept_over_detach(void)
{
	int both = TIOCM_DTR | TIOCM_RTS;
	struct vusb *v = plugged(VUSB_FTDI, &keep);
	struct s_file sf;

	sf = opened("dtyU0");
	T_EQ(s_ioctl(&sf, TIOCMBIS, &both), 0);
	vusb_let_go(v);				/* with an open file */
	s_close(&sf);
	T_EQ(pins(v), both);
	vusb_rescan(v);
	s_plug_wait("ttyU0");
	sf = opened("dtyU0");
	s_close(&sf);
	T_EQ(pins(v), both);
	T_EQ(h_status(v).vs_moves, 2);
	h_remove(v);
}

/* All that can be said of both: what the open and the close make of it. */
static void
every_pin(void)
{
	struct hyp_usb_line hl = { .hl_speed = 0 };
	struct vusb *v = plugged(VUSB_FTDI, &keep);
	int both = TIOCM_DTR | TIOCM_RTS;
	int before, after, wanted, ended;
	struct s_file sf;

	for (hl.hl_dtr = 0; hl.hl_dtr <= HYP_USB_PIN_KEEP; hl.hl_dtr++) {
		for (hl.hl_rts = 0; hl.hl_rts <= HYP_USB_PIN_KEEP;
		    hl.hl_rts++) {
			before = pins(v);
			vusb_configure(v, &hl);
			wanted = 0;
			wanted |= hl.hl_dtr == HYP_USB_PIN_KEEP ?
			    before & TIOCM_DTR : hl.hl_dtr <= HYP_USB_PIN_ON ?
			    TIOCM_DTR : 0;
			wanted |= hl.hl_rts == HYP_USB_PIN_KEEP ?
			    before & TIOCM_RTS : hl.hl_rts <= HYP_USB_PIN_ON ?
			    TIOCM_RTS : 0;
			sf = opened("dtyU0");
			T_EQ(pins(v), wanted);
			/* The close drops what it may. */
			T_EQ(s_ioctl(&sf, TIOCMBIS, &both),
			    0);
			s_close(&sf);
			after = pins(v);
			ended = (hl.hl_dtr == HYP_USB_PIN_KEEP ? TIOCM_DTR : 0)
			    | (hl.hl_rts == HYP_USB_PIN_KEEP ? TIOCM_RTS : 0);
			T_EQ(after, ended);
		}
	}
	h_remove(v);
}

/* What a reload says is of the next open; the close is this one's. */
static void
close_is_its_opens(void)
{
	struct vusb *v = plugged(VUSB_FTDI, &nothing);
	struct s_file sf;

	sf = opened("dtyU0");
	T_EQ(pins(v), TIOCM_DTR | TIOCM_RTS);
	vusb_configure(v, &keep);
	s_close(&sf);
	T_EQ(pins(v), 0);
	sf = opened("dtyU0");
	T_EQ(pins(v), 0);
	vusb_configure(v, &nothing);
	s_close(&sf);
	h_remove(v);
}

/* Speed 0 asks for DTR to drop.  A speed after it says nothing of DTR. */
static void
speed_zero_and_back(void)
{
	int dtr = TIOCM_DTR;
	struct vusb *v = plugged(VUSB_FTDI, &keep);
	struct s_file sf;

	sf = opened("dtyU0");
	T_EQ(s_ioctl(&sf, TIOCMBIS, &dtr), 0);
	T_EQ(s_raw(&sf, 0, 8, S_CLOCAL), 0);
	T_EQ(pins(v), 0);
	T_EQ(s_raw(&sf, 9600, 8, S_CLOCAL), 0);
	T_EQ(pins(v), 0);
	s_close(&sf);
	h_remove(v);
}

/* -hupcl, without a word in the configuration: no dip at the next open. */
static void
no_hupcl(void)
{
	struct vusb *v = plugged(VUSB_FTDI, &nothing);
	struct s_file sf;
	unsigned moves;

	sf = opened("dtyU0");
	T_EQ(s_raw(&sf, 9600, 8, S_CLOCAL | S_NOHUPCL), 0);
	s_close(&sf);
	T_EQ(pins(v), TIOCM_DTR | TIOCM_RTS);
	moves = h_status(v).vs_moves;
	sf = opened("dtyU0");
	s_close(&sf);
	T_EQ(h_status(v).vs_moves, moves);
	h_remove(v);
}

/*
 * What the configuration says of HUPCL and CLOCAL counts from the first open
 * after a plug on: with one that is off no later open moves DTR and RTS, and a
 * dial-in node whose CLOCAL is on does not wait for carrier.
 */
static void
switches(void)
{
	struct hyp_usb_line hl = { .hl_hupcl = HYP_USB_PIN_OFF,
	    .hl_clocal = HYP_USB_PIN_ON };
	struct vusb *v = plugged(VUSB_FTDI, &hl);
	struct s_file sf;
	unsigned moves;

	vusb_set_lines(v, 0, VUSB_CTS);
	T_EQ(s_open("ttyU0", S_RDWR, &sf), 0);
	T_EQ(mode(&sf).c_cflag & (HUPCL | CLOCAL), CLOCAL);
	moves = h_status(v).vs_moves;
	s_close(&sf);
	T_EQ(pins(v), TIOCM_DTR | TIOCM_RTS);
	sf = opened("dtyU0");
	T_EQ(mode(&sf).c_cflag & (HUPCL | CLOCAL), CLOCAL);
	s_close(&sf);
	T_EQ(h_status(v).vs_moves, moves);
	/* The other way round; read again, it counts from the next one on. */
	hl.hl_hupcl = HYP_USB_PIN_ON;
	hl.hl_clocal = HYP_USB_PIN_OFF;
	vusb_configure(v, &hl);
	sf = opened("dtyU0");
	T_EQ(mode(&sf).c_cflag & (HUPCL | CLOCAL), HUPCL);
	s_close(&sf);
	T_EQ(pins(v), 0);
	h_remove(v);
}

/* ---- latency -------------------------------------------------------- */

static void
latency(void)
{
	struct hyp_usb_line hl = { .hl_latency = 255 };
	struct vusb *v = plugged(VUSB_FTDI, &hl);
	struct s_file sf;

	sf = opened("ttyU0");
	T_EQ(h_status(v).vs_latency, 255);
	hl.hl_latency = 1;
	vusb_configure(v, &hl);
	T_EQ(h_status(v).vs_latency, 255);
	s_close(&sf);
	sf = opened("dtyU0");
	T_EQ(h_status(v).vs_latency, 1);
	s_close(&sf);
	vusb_configure(v, &nothing);
	sf = opened("dtyU0");
	T_EQ(h_status(v).vs_latency, 2);
	s_close(&sf);
	h_remove(v);
}

/* ---- semantics ------------------------------------------------------ */

static int
not_in_use(void *arg)
{

	return !vusb_in_use(arg);
}

static struct vusb *
semantics_of(const char *name, uint8_t semantics, const char *node)
{
	const struct vusb_config vc = { .vc_model = VUSB_FTDI,
	    .vc_line = { .hl_semantics = semantics } };
	struct vusb *v = vusb_create(name, &vc);

	T_CHECK(v != NULL);
	s_plug(v, node);
	return v;
}

/* Two adapters of one daemon, each as its claim says. */
static void
two_semantics(void)
{
	struct vusb *bsd, *lin;
	struct s_file b, l;
	size_t done;

	h_begin();
	bsd = semantics_of("bsd", 0, "ttyU0");
	lin = semantics_of("linux", HYP_SEMANTICS_LINUX, "ttyU1");
	b = opened("ttyU0");
	l = opened("ttyU1");
	T_EQ(s_revoke("ttyU1"), EOPNOTSUPP);
	T_EQ(s_ioctl(&l, TIOCSBRK, NULL), 0);
	T_EQ(s_revoke("ttyU0"), 0);
	T_EQ(s_ioctl(&b, TIOCSBRK, NULL), EBADF);
	s_close(&b);
	b = opened("ttyU0");
	/* Unplugged, BSD's is let go at once, and Linux's lives on. */
	vusb_unplug(bsd, 0);
	vusb_unplug(lin, 0);
	t_until(not_in_use, bsd, "the device is closed");
	while (s_write(&l, "x", 1, 0, &done) != EIO)
		t_msleep(1);
	T_EQ(s_ioctl(&l, TIOCSBRK, NULL), EIO);
	T_EQ(s_ioctl(&b, TIOCSBRK, NULL), EBADF);
	t_msleep(300);			/* longer than the bus waits for it */
	T_CHECK(vusb_in_use(lin));
	/* The port goes on, with another unit. */
	T_EQ(hyp_zombies(), 0);
	s_close(&l);
	t_until(not_in_use, lin, "the device is closed");
	s_close(&b);
	vusb_destroy(bsd);
	vusb_destroy(lin);
	h_forget_memory();
}

/* Read again: from the next first open on, whichever way. */
static void
semantics_read_again(void)
{
	static const struct hyp_usb_line lin = {
	    .hl_semantics = HYP_SEMANTICS_LINUX };
	static const struct hyp_usb_line bsd = {
	    .hl_semantics = HYP_SEMANTICS_NETBSD };
	struct vusb *v = plugged(VUSB_FTDI, &nothing);
	struct s_file sf;

	sf = opened("ttyU0");
	vusb_configure(v, &lin);
	T_EQ(s_revoke("ttyU0"), 0);
	s_close(&sf);
	sf = opened("ttyU0");
	T_EQ(s_revoke("ttyU0"), EOPNOTSUPP);
	vusb_configure(v, &bsd);
	T_EQ(s_revoke("ttyU0"), EOPNOTSUPP);
	/* It is Linux's by its open, and the plug knows that it was. */
	vusb_unplug(v, 0);
	t_msleep(300);
	T_CHECK(vusb_in_use(v));
	T_EQ(s_ioctl(&sf, TIOCSBRK, NULL), EIO);
	s_close(&sf);
	t_until(not_in_use, v, "the device is closed");
	s_plug(v, "ttyU0");
	sf = opened("ttyU0");
	T_EQ(s_revoke("ttyU0"), 0);
	s_close(&sf);
	h_remove(v);
}

const struct t_case t_cases[] = {
	{ "two adapters with semantics of their own", two_semantics },
	{ "semantics, read again, count from the next first open on",
	    semantics_read_again },
	{ "a first open begins with speed, format, flow", first_open },
	{ "every parity", every_parity },
	{ "every flow control", every_flow },
	{ "each first open does; a client's holds until the last close",
	    each_first_open },
	{ "read again it counts from the next first open on", read_again },
	{ "what the chip cannot do keeps no open out", impossible },
	{ "ACM: characters of 5 bits at 50 Bd", acm },
	{ "dial-out, while dial-in waits", dial_out_meanwhile },
	{ "DTR and RTS are kept by opens and closes", kept },
	{ "and by a detach with the plug in", kept_over_detach },
	{ "on, off, keep, for each of the two", every_pin },
	{ "a close is as its open, whatever was read again",
	    close_is_its_opens },
	{ "speed 0 drops DTR, a speed does not raise a kept one",
	    speed_zero_and_back },
	{ "-hupcl: no dip at the next open", no_hupcl },
	{ "HUPCL and CLOCAL from the first open on", switches },
	{ "FTDI: the latency timer", latency },
	{ NULL, NULL }
};
