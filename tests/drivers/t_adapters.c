/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_adapters.c - every software chip passes the same list of cases under its
 * driver and ucom: what ucom(4) and the drivers' pages promise, chip by chip,
 * and what a chip cannot do is an error that changes nothing.
 *
 * The rows of the table say what a chip can; a case runs on each of them, and
 * its notes say on which one it is.
 */
#include <asm/ioctls.h>
#include <asm/termbits.h>

#include <errno.h>
#include <linux/serial.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "drivers/h_adapter.h"
#include "drivers/h_log.h"
#include "drivers/h_serial.h"
#include "drivers/h_sleep.h"

#define	KIB64	65536

struct chip {
	const char	*name;
	bool		 first;		/* of its driver */
	uint32_t	 most;		/* Bd */
	bool		 plain;		/* 8N1 only */
	bool		 nobreak;
	bool		 norts;		/* no CRTSCTS */
	char		 soft;		/* XON/XOFF: 'X' in the chip */
	bool		 nopurge;
	bool		 enables;	/* has a switch for the port */
	int		 status;	/* has packets of status, that long */
	unsigned	 setrate;	/* request that sets the speed */
	unsigned	 bits;		/* of the shortest character */
	bool		 noerrors;	/* does not tell them */
};
static const struct chip chips[] = {
	{ .name = "ft232r", .first = true, .most = 3000000, .soft = 'X',
	    .setrate = 0x03, .bits = 7 },
	{ .name = "ft232h", .most = 12000000, .soft = 'X', .setrate = 0x03,
	    .bits = 7 },
	{ .name = "ft2232h", .most = 12000000, .soft = 'X', .setrate = 0x03,
	    .bits = 7 },
	{ .name = "ft4232h", .most = 12000000, .soft = 'X', .setrate = 0x03,
	    .bits = 7 },
	{ .name = "ch341", .first = true, .most = 3000000, .soft = 'N',
	    .nopurge = true, .status = 4, .setrate = 0x9a },
	{ .name = "ch340", .most = 2000000, .soft = 'N', .nopurge = true,
	    .status = 4, .setrate = 0x9a },
	{ .name = "ch340-nobreak", .most = 2000000, .nobreak = true,
	    .soft = 'N', .nopurge = true, .status = 4, .setrate = 0x9a },
	{ .name = "ch340-old", .most = 2000000, .plain = true, .soft = 'N',
	    .nopurge = true, .status = 4, .setrate = 0x9a },
	{ .name = "cp2102", .first = true, .most = 921600, .soft = 'X',
	    .enables = true,
	    .setrate = 0x1e },
	{ .name = "cp2102-clone", .noerrors = true, .most = 921600,
	    .soft = 'X', .enables = true, .setrate = 0x1e },
	{ .name = "cp2102n", .most = 3000000, .soft = 'X', .enables = true,
	    .setrate = 0x1e },
	{ .name = "cp2105", .most = 2000000, .soft = 'X', .enables = true,
	    .setrate = 0x1e },
	{ .name = "cp2108", .most = 2000000, .soft = 'X', .enables = true,
	    .setrate = 0x1e },
	{ .name = "pl2303hx", .first = true, .most = 6000000, .soft = 'X',
	    .status = 9, .setrate = 0x20 },
	{ .name = "pl2303hx-clone", .most = 6000000, .nobreak = true,
	    .soft = 'X', .status = 9, .setrate = 0x20 },
	{ .name = "pl2303ta", .most = 6000000, .soft = 'X',
	    .status = 9, .setrate = 0x20 },
	{ .name = "pl2303tb", .most = 12000000, .soft = 'X',
	    .status = 9, .setrate = 0x20 },
	{ .name = "pl2303hxn", .most = 12000000, .soft = 'X',
	    .status = 9, .setrate = 0x20 },
};
#define	NCHIPS	(sizeof(chips) / sizeof(chips[0]))

static struct vusb *
make(const char *name, const struct chip *c, unsigned quirks)
{
	struct vusb_config vc;
	struct vusb *v;

	T_CHECK(vusb_chip(c->name, &vc));
	vc.vc_quirks |= quirks;
	v = vusb_create(name, &vc);
	T_CHECK(v != NULL);
	return v;
}

static const char *const nodes[] = { "ttyU0", "ttyU1", "ttyU2", "ttyU3",
    "ttyU4", "ttyU5", "ttyU6", "ttyU7" };

/* Until all of its ports are there, of which this is the first. */
static void
plug_ports(struct vusb *v, unsigned first)
{

	s_plug(v, nodes[first]);
	for (unsigned i = 1; i < vusb_nports(v); i++)
		s_plug_wait(nodes[first + i]);
}

static struct vusb *
plug(const struct chip *c)
{
	struct vusb *v;

	t_note("%s", c->name);
	h_begin();
	v = make("adapter", c, 0);
	plug_ports(v, 0);
	return v;
}

/* More than one port: K keeps more nodes from now on. */
static void
pull(struct vusb *v)
{

	if (vusb_nports(v) == 1) {
		h_remove(v);
		return;
	}
	s_unplug(v);
	vusb_destroy(v);
	h_forget_memory();
}

static void
open_raw(struct s_file *sf, unsigned baud)
{

	T_EQ(s_open("ttyU0", S_RDWR | HYP_F_NONBLOCK, sf), 0);
	T_EQ(s_raw(sf, baud, 8, S_CLOCAL), 0);
}

static void
on_each(void (*func)(struct vusb *, const struct chip *))
{
	struct vusb *v;

	for (size_t i = 0; i < NCHIPS; i++) {
		v = plug(&chips[i]);
		func(v, &chips[i]);
		pull(v);
	}
}

struct reader {
	struct s_file	*rd_sf;
	uint8_t		*rd_buf;
	size_t		 rd_done, rd_len;
};

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

/* Does not block: what is kept back must end the case. */
static void
read_all(struct s_file *sf, void *buf, size_t len)
{
	struct reader rd = { .rd_sf = sf, .rd_buf = buf, .rd_len = len };

	T_UNTIL(has_read, &rd);
}

static bool
close_to(uint32_t a, uint32_t b, uint32_t parts)
{
	const uint32_t diff = a > b ? a - b : b - a;

	return (uint64_t)diff * parts <= b;
}

/* ---- open and close ------------------------------------------------- */

static void
first_open_on(struct vusb *v, const struct chip *c)
{
	struct vusb_status vs;
	struct s_file sf;
	unsigned n;

	T_EQ(vusb_far_write(v, 0, "stale", 5, 1000), 5);
	vs = h_status(v);
	n = vs.vs_lines;
	T_CHECK(!vs.vs_dtr && !vs.vs_rts);
	T_EQ(s_open("ttyU0", S_RDWR | HYP_F_NONBLOCK, &sf), 0);
	vs = h_status(v);
	T_CHECK(close_to(vs.vs_baud, 9600, 50));
	T_EQ(vs.vs_bits, 8);
	T_EQ(vs.vs_parity, 'N');
	T_EQ(vs.vs_stop, 1);
	T_EQ(vs.vs_flow, 'N');
	T_CHECK(vs.vs_dtr && vs.vs_rts && !vs.vs_break);
	T_EQ(vs.vs_lines, n + 1);
	T_CHECK(vs.vs_reads >= 2);
	if (!c->nopurge)
		T_EQ(vs.vs_sent, 0);
	s_close(&sf);
	vs = h_status(v);
	T_CHECK(!vs.vs_dtr && !vs.vs_rts);
	T_EQ(vs.vs_lines, n + 2);
	T_EQ(vs.vs_reads, 0);
	if (c->enables)
		T_CHECK(!vs.vs_enabled);
}

static void
first_open(void)
{

	on_each(first_open_on);
}

/* -hupcl: nothing moves at the close, nor at the next open. */
static void
no_hupcl_on(struct vusb *v, const struct chip *c)
{
	struct s_file sf;
	unsigned moves;

	open_raw(&sf, 115200);
	T_EQ(s_raw(&sf, 115200, 8, S_CLOCAL | S_NOHUPCL), 0);
	moves = h_status(v).vs_moves;
	for (int i = 0; i < 3; i++) {
		s_close(&sf);
		T_CHECK(h_status(v).vs_dtr && h_status(v).vs_rts);
		/* A port that is switched off lets them go. */
		if (c->enables)
			T_CHECK(h_status(v).vs_enabled);
		T_EQ(s_open("ttyU0", S_RDWR | HYP_F_NONBLOCK, &sf), 0);
		T_CHECK(h_status(v).vs_dtr && h_status(v).vs_rts);
	}
	T_EQ(h_status(v).vs_moves, moves);
	T_EQ(s_raw(&sf, 115200, 8, S_CLOCAL), 0);
	s_close(&sf);
	T_CHECK(!h_status(v).vs_dtr && !h_status(v).vs_rts);
}

static void
no_hupcl(void)
{

	on_each(no_hupcl_on);
}

/* ---- settings ------------------------------------------------------- */

static unsigned
speed_now(struct s_file *sf)
{
	struct termios2 t;

	T_EQ(s_ioctl(sf, TCGETS2, &t), 0);
	return t.c_ospeed;
}

static void
speeds_on(struct vusb *v, const struct chip *c)
{
	static const unsigned good[] = { 300, 1200, 9600, 57600, 115200,
	    250000, 460800, 921600 };
	static const unsigned bad[] = { 20000000, 1 };
	struct vusb_status was, is;
	struct s_file sf;
	unsigned i;

	open_raw(&sf, 9600);
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		T_EQ(s_raw(&sf, good[i], 8, S_CLOCAL), 0);
		T_CHECK(close_to(h_status(v).vs_baud, good[i], 33));
	}
	T_EQ(s_raw(&sf, c->most, 8, S_CLOCAL), 0);
	T_CHECK(close_to(h_status(v).vs_baud, c->most, 100));
	T_EQ(s_raw(&sf, 9600, 8, S_CLOCAL), 0);
	was = h_status(v);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (bad[i] == 1 && (strncmp(c->name, "pl2303hxn", 9) == 0 ||
		    strncmp(c->name, "pl2303t", 7) == 0))
			continue;	/* these can */
		T_EQ(s_raw(&sf, bad[i], 7, S_EVEN | S_CRTSCTS), EINVAL);
		is = h_status(v);
		T_EQ(is.vs_baud, was.vs_baud);
		T_EQ(is.vs_bits, 8);
		T_EQ(is.vs_parity, 'N');
		T_EQ(is.vs_flow, 'N');
		T_CHECK(close_to(speed_now(&sf), 9600, 50));
	}
	s_close(&sf);
}

static void
speeds(void)
{

	on_each(speeds_on);
}

/*
 * TCGETS2 has the rate that the chip's divisor makes, whatever was asked for;
 * c_cflag the speed that has a name as long as that is within 2 per cent, as
 * with Linux's cp210x and pl2303 (tty_termios_encode_baud_rate); and to set
 * what was told changes nothing.
 */
static void
rates_on(struct vusb *v, const struct chip *c)
{
	static const struct { unsigned baud; tcflag_t code; } rates[] = {
		{ 300, B300 }, { 1800, B1800 }, { 9600, B9600 },
		{ 115200, B115200 }, { 230400, B230400 }, { 921600, B921600 },
		{ 7201, BOTHER }, { 31250, BOTHER }, { 76923, BOTHER },
		{ 253000, BOTHER }, { 491521, BOTHER },
	};
	struct s_file sf;
	struct termios2 t, again;
	struct termios old;
	unsigned i, chip, odd = 0;

	open_raw(&sf, 9600);
	for (i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		if (s_raw(&sf, rates[i].baud, 8, S_CLOCAL) != 0) {
			T_EQ(rates[i].code, BOTHER);	/* a table has it not */
			continue;
		}
		chip = h_status(v).vs_baud;
		T_EQ(s_ioctl(&sf, TCGETS2, &t), 0);
		T_CHECK(t.c_ospeed == t.c_ispeed && t.c_ospeed + 1 >= chip &&
		    t.c_ospeed <= chip + 1);
		odd += t.c_ospeed != rates[i].baud;
		T_EQ(s_ioctl(&sf, TCGETS, &old), 0);
		T_EQ(old.c_cflag, t.c_cflag);
		if (rates[i].code != BOTHER || t.c_ospeed == rates[i].baud)
			T_EQ(t.c_cflag & CBAUD, rates[i].code);
		T_EQ(s_ioctl(&sf, TCSETS, &old), 0);
		T_EQ(h_status(v).vs_baud, chip);
		T_EQ(s_ioctl(&sf, TCSETS2, &t), 0);
		T_EQ(h_status(v).vs_baud, chip);
		T_EQ(s_ioctl(&sf, TCGETS2, &again), 0);
		T_EQ(memcmp(&again, &t, sizeof(t)), 0);
		/* By its name it is the same. */
		if (rates[i].code != BOTHER) {
			t.c_cflag = (t.c_cflag & ~(tcflag_t)CBAUD) |
			    rates[i].code;
			t.c_ispeed = t.c_ospeed = 1;
			T_EQ(s_ioctl(&sf, TCSETS2, &t), 0);
			T_EQ(h_status(v).vs_baud, chip);
			T_EQ(s_ioctl(&sf, TCGETS2, &t), 0);
			T_EQ(memcmp(&again, &t, sizeof(t)), 0);
		}
	}
	/* No chip but the HXN, which does not tell, makes all of them. */
	T_CHECK(odd != 0 || strcmp(c->name, "pl2303hxn") == 0);
	s_close(&sf);
}

static void
rates(void)
{
	struct vusb *v;
	struct s_file sf;

	on_each(rates_on);
	t_note("CDC-ACM");
	v = h_acm();
	open_raw(&sf, 31250);
	T_EQ(speed_now(&sf), 31250);
	s_close(&sf);
	h_remove(v);
}

static void
formats_on(struct vusb *v, const struct chip *c)
{
	static const struct { unsigned flags; char parity; } parities[] = {
		{ 0, 'N' }, { S_EVEN, 'E' }, { S_ODD, 'O' },
		{ S_ODD | S_MARK, 'M' }, { S_EVEN | S_MARK, 'S' },
	};
	struct vusb_status vs;
	struct s_file sf;
	unsigned bits, i, stop;
	bool plain;

	open_raw(&sf, 9600);
	for (bits = 5; bits <= 8; bits++)
		for (i = 0; i < 5; i++)
			for (stop = 1; stop <= 2; stop++) {
		plain = bits == 8 && i == 0 && stop == 1;
		if (bits < c->bits) {
			T_EQ(s_raw(&sf, 9600, bits, S_CLOCAL), EINVAL);
			T_CHECK(h_status(v).vs_bits >= 7);
			continue;
		}
		T_EQ(s_raw(&sf, 9600, bits, S_CLOCAL | parities[i].flags |
		    (stop == 2 ? S_TWOSTOP : 0)),
		    c->plain && !plain ? EINVAL : 0);
		vs = h_status(v);
		if (c->plain) {
			T_CHECK(vs.vs_bits == 8 && vs.vs_parity == 'N' &&
			    vs.vs_stop == 1);
			continue;
		}
		T_EQ(vs.vs_bits, bits);
		T_EQ(vs.vs_parity, parities[i].parity);
		if (bits == 5 && stop == 2)
			T_CHECK(vs.vs_stop == 15 || vs.vs_stop == 2);
		else
			T_EQ(vs.vs_stop, stop);
	}
	s_close(&sf);
}

/*
 * The chip has done it, and the answer is lost; or it does not answer after it
 * has done a part.  The tty has its old settings then, and so has the chip.
 */
static void
unanswered_on(struct vusb *v, const struct chip *c)
{
	const unsigned bits = c->plain ? 8 : 7;
	const struct {
		unsigned baud, bits, flags;
	} rows[] = {
		{ 19200, 8, 0 }, { 9600, bits, 0 }, { 9600, 8, S_CRTSCTS },
		{ 19200, bits, S_CRTSCTS },
	};
	struct vusb_status was;
	struct s_file sf;
	struct termios2 t;

	open_raw(&sf, 9600);
	T_EQ(s_raw(&sf, 9600, 8, S_CLOCAL), 0);
	was = h_status(v);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		vusb_fault(v, VUSB_CONTROL, VUSB_FAULT_LOST, 1, 0);
		T_EQ(s_raw(&sf, rows[i].baud, rows[i].bits, S_CLOCAL |
		    rows[i].flags), c->plain && i == 1 ? 0 : EIO);
		vusb_fault(v, VUSB_CONTROL, VUSB_FAULT_NONE, 0, 0);
		T_EQ(s_ioctl(&sf, TCGETS2, &t), 0);
		T_EQ(t.c_cflag & (CSIZE | CRTSCTS), CS8);
		T_EQ(h_status(v).vs_baud, was.vs_baud);
		T_EQ(h_status(v).vs_bits, 8);
		T_EQ(h_status(v).vs_flow, 'N');
	}
	s_close(&sf);
}

static void
unanswered(void)
{

	on_each(unanswered_on);
}

static void
formats(void)
{

	on_each(formats_on);
}

static int
is_held(void *arg)
{

	return h_status(arg).vs_held != 0;
}

static void
hardware_flow_on(struct vusb *v, const struct chip *c)
{
	struct s_file sf;
	char byte;

	open_raw(&sf, 115200);
	T_EQ(s_raw(&sf, 115200, 8, S_CLOCAL | S_CRTSCTS),
	    c->norts ? EINVAL : 0);
	T_EQ(h_status(v).vs_flow, c->norts ? 'N' : 'R');
	T_CHECK(h_status(v).vs_dtr && h_status(v).vs_rts);
	if (!c->norts) {
		vusb_set_lines(v, 0, VUSB_DSR | VUSB_DCD);
		s_write_all(&sf, "f", 1);
		T_UNTIL(is_held, v);
		T_EQ(vusb_far_read(v, 0, &byte, 1, 0), 0);
		vusb_set_lines(v, 0, VUSB_CTS | VUSB_DSR | VUSB_DCD);
		s_far_read_all(v, 0, &byte, 1);
		T_EQ(byte, 'f');
	}
	/* RTS by hand, with and without it; DTR is left alone. */
	for (int i = 0; i < 2; i++) {
		int rts = TIOCM_RTS;

		T_EQ(s_ioctl(&sf, TIOCMBIC, &rts), 0);
		T_CHECK(!h_status(v).vs_rts && h_status(v).vs_dtr);
		T_EQ(s_ioctl(&sf, TIOCMBIS, &rts), 0);
		T_CHECK(h_status(v).vs_rts && h_status(v).vs_dtr);
		T_EQ(s_raw(&sf, 115200, 8, S_CLOCAL), 0);
		T_EQ(h_status(v).vs_flow, 'N');
		T_CHECK(h_status(v).vs_rts && h_status(v).vs_dtr);
	}
	s_close(&sf);
}

static void
hardware_flow(void)
{

	on_each(hardware_flow_on);
}

static void
software_flow_on(struct vusb *v, const struct chip *c)
{
	struct s_file sf;
	struct termios2 t;

	open_raw(&sf, 115200);
	T_EQ(s_raw(&sf, 115200, 8, S_CLOCAL | S_XONXOFF), 0);
	T_EQ(h_status(v).vs_flow, c->soft);
	if (c->soft == 'X') {
		T_EQ(h_status(v).vs_xon, 021);
		T_EQ(h_status(v).vs_xoff, 023);
	}
	/* The chip knows no "none": it would take a byte of data for it. */
	for (int i = 0; i < 2; i++) {
		T_EQ(s_raw(&sf, 115200, 8, S_CLOCAL | S_XONXOFF), 0);
		T_EQ(s_ioctl(&sf, TCGETS2, &t), 0);
		t.c_cc[i == 0 ? VSTART : VSTOP] = 0;
		T_EQ(s_ioctl(&sf, TCSETS2, &t), 0);
		T_EQ(h_status(v).vs_flow, 'N');
		t.c_cc[VSTART] = 021;
		t.c_cc[VSTOP] = 023;
		T_EQ(s_ioctl(&sf, TCSETS2, &t), 0);
	}
	T_EQ(s_raw(&sf, 115200, 8, S_CLOCAL), 0);
	T_EQ(h_status(v).vs_flow, 'N');
	s_close(&sf);
}

static void
software_flow(void)
{

	on_each(software_flow_on);
}

/* ---- data ----------------------------------------------------------- */

struct end {
	struct vusb	*e_v;
	struct s_file	*e_sf;
	bool		 e_wrong;
};

static void
far_writer(void *arg)
{
	static uint8_t buf[KIB64];
	struct end *e = arg;

	s_pattern(buf, sizeof(buf), 1);
	e->e_wrong |= vusb_far_write(e->e_v, 0, buf, sizeof(buf), 20000) !=
	    sizeof(buf);
}

static void
far_reader(void *arg)
{
	static uint8_t buf[KIB64], want[KIB64];
	struct end *e = arg;
	size_t n, done = 0;

	s_pattern(want, sizeof(want), 2);
	while (done < sizeof(buf) && (n = vusb_far_read(e->e_v, 0, buf + done,
	    sizeof(buf) - done, 20000)) > 0)
		done += n;
	e->e_wrong |= done != sizeof(buf) ||
	    memcmp(buf, want, sizeof(buf)) != 0;
}

static void
near_writer(void *arg)
{
	static uint8_t buf[KIB64];
	struct end *e = arg;

	s_pattern(buf, sizeof(buf), 2);
	s_write_all(e->e_sf, buf, sizeof(buf));
}

static void
bulk_on(struct vusb *v, const struct chip *c)
{
	static uint8_t buf[KIB64], want[KIB64];
	struct s_file sf;
	struct end e[3] = { { .e_v = v, .e_sf = &sf },
	    { .e_v = v, .e_sf = &sf }, { .e_v = v, .e_sf = &sf } };
	struct t_thread *t[3];

	open_raw(&sf, c->most < 921600 ? c->most : 921600);
	t[0] = t_spawn(far_writer, &e[0]);
	t[1] = t_spawn(far_reader, &e[1]);
	t[2] = t_spawn(near_writer, &e[2]);
	read_all(&sf, buf, sizeof(buf));
	for (int i = 0; i < 3; i++)
		t_join(t[i]);
	s_pattern(want, sizeof(want), 1);
	T_EQ(memcmp(buf, want, sizeof(buf)), 0);
	T_CHECK(!e[0].e_wrong && !e[1].e_wrong);
	s_close(&sf);
}

static void
bulk(void)
{

	on_each(bulk_on);
}

/* Each byte at once, and none of it kept back: 0xec and 0 as well. */
static void
ping_pong_on(struct vusb *v, const struct chip *c)
{
	struct s_file sf;
	uint8_t a, b;

	(void)c;
	open_raw(&sf, 115200);
	for (unsigned i = 0; i < 512; i++) {
		a = (uint8_t)i;
		s_write_all(&sf, &a, 1);
		s_far_read_all(v, 0, &b, 1);
		T_EQ(b, a);
		T_EQ(vusb_far_write(v, 0, &a, 1, 20000), 1);
		read_all(&sf, &b, 1);
		T_EQ(b, a);
	}
	s_close(&sf);
}

static void
ping_pong(void)
{

	on_each(ping_pong_on);
}

/* Bursts of every length up to some packets: no end of one is kept back. */
static void
bursts_on(struct vusb *v, const struct chip *c)
{
	uint8_t want[200], buf[200];
	struct s_file sf;

	(void)c;
	open_raw(&sf, 115200);
	for (unsigned n = 1; n <= sizeof(buf); n++) {
		for (unsigned i = 0; i < n; i++)
			want[i] = i % 3 ? 0xec : (uint8_t)n;
		T_EQ(vusb_far_write(v, 0, want, n, 20000), n);
		read_all(&sf, buf, n);
		T_EQ(memcmp(buf, want, n), 0);
	}
	s_close(&sf);
}

static void
bursts(void)
{

	on_each(bursts_on);
}

/* More than a transfer of what needs an escape, so that some are cut. */
static void
escapes_on(struct vusb *v, const struct chip *c)
{
	static uint8_t want[10001], buf[10001];
	struct s_file sf;

	(void)c;
	memset(want, 0xec, sizeof(want));
	want[0] = 'x';
	open_raw(&sf, 115200);
	T_EQ(vusb_far_write(v, 0, want, sizeof(want), 20000), sizeof(want));
	read_all(&sf, buf, sizeof(buf));
	T_EQ(memcmp(buf, want, sizeof(buf)), 0);
	s_close(&sf);
}

static void
escapes(void)
{

	on_each(escapes_on);
}

/* ---- lines and breaks ----------------------------------------------- */

#define	INPUTS	(TIOCM_CTS | TIOCM_DSR | TIOCM_RI | TIOCM_CD)

struct want_lines {
	struct s_file	*wl_sf;
	int		 wl_lines;
};

static int
lines_are(void *arg)
{
	struct want_lines *wl = arg;

	return (s_modem(wl->wl_sf) & INPUTS) == wl->wl_lines;
}

static void
modem_lines_on(struct vusb *v, const struct chip *c)
{
	static const struct { unsigned line; int tiocm; } each[] = {
		{ VUSB_CTS, TIOCM_CTS }, { VUSB_DSR, TIOCM_DSR },
		{ VUSB_RI, TIOCM_RI }, { VUSB_DCD, TIOCM_CD },
	};
	struct s_file sf;
	struct want_lines wl = { .wl_sf = &sf };

	(void)c;
	open_raw(&sf, 9600);
	T_EQ(s_modem(&sf) & INPUTS, TIOCM_CTS | TIOCM_DSR | TIOCM_CD);
	for (unsigned i = 0; i < 4; i++) {
		vusb_set_lines(v, 0, each[i].line);
		wl.wl_lines = each[i].tiocm;
		T_UNTIL(lines_are, &wl);
	}
	/* While it is closed, and asked for again. */
	s_close(&sf);
	vusb_set_lines(v, 0, VUSB_RI);
	open_raw(&sf, 9600);
	wl.wl_lines = TIOCM_RI;
	T_UNTIL(lines_are, &wl);
	s_close(&sf);
}

static void
modem_lines(void)
{

	on_each(modem_lines_on);
}

static void
outputs_on(struct vusb *v, const struct chip *c)
{
	struct s_file sf;
	unsigned n;

	(void)c;
	open_raw(&sf, 9600);
	n = h_status(v).vs_lines;
	for (int i = 0; i < 8; i++) {
		int bits = (i & 1 ? TIOCM_DTR : 0) | (i & 2 ? TIOCM_RTS : 0);

		T_EQ(s_ioctl(&sf, TIOCMSET, &bits), 0);
		T_EQ(h_status(v).vs_dtr, (bits & TIOCM_DTR) != 0);
		T_EQ(h_status(v).vs_rts, (bits & TIOCM_RTS) != 0);
		T_EQ(s_modem(&sf) & (TIOCM_DTR | TIOCM_RTS), bits);
		T_EQ(h_status(v).vs_lines, ++n);
	}
	s_close(&sf);
}

static void
outputs(void)
{

	on_each(outputs_on);
}

static void
breaks_on(struct vusb *v, const struct chip *c)
{
	const int error = c->nobreak ? EOPNOTSUPP : 0;
	const int bits = c->plain ? 8 : 7;
	struct vusb_status was;
	struct s_file sf;

	open_raw(&sf, 9600);
	was = h_status(v);
	for (int i = 0; i < 2; i++) {
		T_EQ(s_ioctl(&sf, TIOCSBRK, NULL), error);
		T_EQ(h_status(v).vs_break, error == 0);
		T_EQ(s_ioctl(&sf, TIOCCBRK, NULL), error);
		T_CHECK(!h_status(v).vs_break);
	}
	T_EQ(h_status(v).vs_baud, was.vs_baud);
	T_EQ(h_status(v).vs_bits, 8);
	/* New settings neither end one nor begin it again. */
	T_EQ(s_ioctl(&sf, TIOCSBRK, NULL), error);
	T_EQ(s_raw(&sf, 19200, bits, S_CLOCAL), 0);
	T_EQ(h_status(v).vs_bits, (unsigned)bits);
	T_EQ(h_status(v).vs_break, error == 0);
	T_EQ(s_ioctl(&sf, TIOCCBRK, NULL), error);
	T_CHECK(!h_status(v).vs_break);
	T_EQ(h_status(v).vs_bits, (unsigned)bits);
	T_EQ(s_raw(&sf, 9600, 8, S_CLOCAL), 0);
	T_CHECK(!h_status(v).vs_break);
	/* One that is left on ends with the last close. */
	T_EQ(s_ioctl(&sf, TIOCSBRK, NULL), error);
	s_close(&sf);
	T_CHECK(!h_status(v).vs_break);
	/* So does one of which the chip's answer was lost. */
	open_raw(&sf, 9600);
	vusb_fault(v, VUSB_CONTROL, VUSB_FAULT_LOST, 1, 0);
	T_EQ(s_ioctl(&sf, TIOCSBRK, NULL), error != 0 ? error : EIO);
	vusb_fault(v, VUSB_CONTROL, VUSB_FAULT_NONE, 0, 0);
	s_close(&sf);
	T_CHECK(!h_status(v).vs_break);
}

static void
breaks(void)
{

	on_each(breaks_on);
}

/*
 * What flow control holds up in the chip is gone after a flush, and what is
 * written after it is not.  CH34x: there is no request for that.
 */
static void
flush_on(struct vusb *v, const struct chip *c)
{
	struct s_file sf;
	char got[4];

	open_raw(&sf, 115200);
	T_EQ(s_raw(&sf, 115200, 8, S_CLOCAL | S_CRTSCTS), 0);
	vusb_set_lines(v, 0, VUSB_DSR | VUSB_DCD);
	s_write_all(&sf, "held", 4);
	T_UNTIL(is_held, v);
	/* The other buffer. */
	T_EQ(s_ioctl(&sf, TCFLSH, (void *)0), 0);
	T_EQ(h_status(v).vs_held, 4);
	T_EQ(s_ioctl(&sf, TCFLSH, (void *)1), 0);
	T_EQ(h_status(v).vs_held, c->nopurge ? 4 : 0);
	vusb_set_lines(v, 0, VUSB_CTS | VUSB_DSR | VUSB_DCD);
	s_write_all(&sf, "f", 1);
	if (c->nopurge) {
		s_far_read_all(v, 0, got, 4);
		T_EQ(memcmp(got, "held", 4), 0);
	}
	s_far_read_all(v, 0, got, 1);
	T_EQ(got[0], 'f');
	s_close(&sf);
}

static void
flush(void)
{

	on_each(flush_on);
}

struct want_count {
	struct s_file	*wc_sf;
	unsigned	 wc_what;	/* VUSB_* */
	int		 wc_count;
};

static int
count_is(void *arg)
{
	struct want_count *wc = arg;
	struct serial_icounter_struct ic;
	int n;

	T_EQ(s_ioctl(wc->wc_sf, TIOCGICOUNT, &ic), 0);
	n = wc->wc_what == VUSB_PARITY ? ic.parity :
	    wc->wc_what == VUSB_FRAMING ? ic.frame :
	    wc->wc_what == VUSB_BREAK ? ic.brk : ic.overrun;
	return n == wc->wc_count;
}

/* Each is counted once; where the chip tells the byte, that one is marked. */
static void
errors_on(struct vusb *v, const struct chip *c)
{
	static const unsigned each[] = { VUSB_PARITY, VUSB_FRAMING,
	    VUSB_OVERRUN, VUSB_BREAK };
	const bool framed = c->setrate == 0x9a;	/* break: framing error */
	struct s_file sf;
	struct want_count wc = { .wc_sf = &sf };
	struct termios2 t;
	char buf[8];
	int frames = 0;

	if (c->noerrors)
		return;
	open_raw(&sf, 9600);
	for (unsigned i = 0; i < 4; i++) {
		vusb_far_char(v, 0, each[i] == VUSB_BREAK ? 0 : 'e', each[i]);
		wc.wc_what = framed && each[i] == VUSB_BREAK ? VUSB_FRAMING :
		    each[i];
		frames += wc.wc_what == VUSB_FRAMING;
		wc.wc_count = wc.wc_what == VUSB_FRAMING ? frames : 1;
		T_UNTIL(count_is, &wc);
		read_all(&sf, buf, 1);
		/* A framing error is a 0, where the byte is known. */
		T_CHECK(buf[0] == 0 || (buf[0] == 'e' &&
		    each[i] != VUSB_BREAK));
	}
	if (c->status == 0) {
		T_EQ(s_ioctl(&sf, TCGETS2, &t), 0);
		t.c_iflag |= PARMRK | INPCK;
		T_EQ(s_ioctl(&sf, TCSETS2, &t), 0);
		vusb_far_char(v, 0, 'a', 0);
		vusb_far_char(v, 0, 'p', VUSB_PARITY);
		vusb_far_char(v, 0, 'b', 0);
		vusb_far_char(v, 0, 0, VUSB_BREAK);
		read_all(&sf, buf, 8);
		T_EQ(memcmp(buf, "a\377\0pb\377\0\0", 8), 0);
	}
	s_close(&sf);
}

static void
errors(void)
{

	on_each(errors_on);
}

/* ---- what goes wrong ------------------------------------------------ */

static void
exchange(struct vusb *v, struct s_file *sf)
{
	char c;

	s_write_all(sf, "r", 1);
	s_far_read_all(v, 0, &c, 1);
	T_EQ(c, 'r');
	T_EQ(vusb_far_write(v, 0, "s", 1, 20000), 1);
	read_all(sf, &c, 1);
	T_EQ(c, 's');
}

/* Failed transfers of all kinds: bytes come and go again afterwards. */
static void
faults_on(struct vusb *v, const struct chip *c)
{
	static const struct { enum vusb_kind kind; enum vusb_fault fault; }
	rows[] = {
		{ VUSB_IN, VUSB_FAULT_STALL }, { VUSB_IN, VUSB_FAULT_ERROR },
		{ VUSB_OUT, VUSB_FAULT_STALL }, { VUSB_OUT, VUSB_FAULT_ERROR },
		{ VUSB_INTR, VUSB_FAULT_STALL },
		{ VUSB_INTR, VUSB_FAULT_ERROR },
	};
	struct s_file sf;
	struct want_lines wl = { .wl_sf = &sf, .wl_lines = TIOCM_RI };

	(void)c;
	open_raw(&sf, 115200);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		vusb_fault(v, rows[i].kind, rows[i].fault, 1, 0);
		exchange(v, &sf);
		vusb_set_lines(v, 0, i % 2 ? VUSB_RI : VUSB_DSR);
		wl.wl_lines = i % 2 ? TIOCM_RI : TIOCM_DSR;
		T_UNTIL(lines_are, &wl);
	}
	s_close(&sf);
}

/* Takes its time: the pauses before what failed is tried again. */
static void
faults(void)
{

	for (size_t i = 0; i < NCHIPS; i++) {
		if (!chips[i].first)
			continue;
		struct vusb *v = plug(&chips[i]);

		faults_on(v, &chips[i]);
		pull(v);
	}
}

/* A chip that refuses a request is used without, and who asks is told. */
static void
refusals_on(struct vusb *v, const struct chip *c)
{
	static const unsigned requests[] = { 0x00, 0x03, 0x05, 0x07, 0x08,
	    0x10, 0x12, 0x13, 0x14, 0x15, 0x19, 0x1e, 0x01, 0x20, 0x21, 0x22,
	    0x23, 0x80, 0x81, 0x95, 0x9a, 0xa1, 0xa4 };
	struct s_file sf;
	unsigned i;

	for (i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		/* A CP210x that cannot be enabled has no data to give. */
		if (requests[i] == 0x00 && c->enables)
			continue;
		vusb_refuse(v, requests[i], true);
		T_EQ(s_open("ttyU0", S_RDWR | HYP_F_NONBLOCK, &sf), 0);
		(void)s_raw(&sf, 9600, 8, S_CLOCAL);
		exchange(v, &sf);
		s_close(&sf);
		vusb_refuse(v, requests[i], false);
	}
	open_raw(&sf, 9600);
	vusb_refuse(v, c->setrate, true);
	T_EQ(s_raw(&sf, 19200, 8, S_CLOCAL), EIO);
	T_CHECK(close_to(speed_now(&sf), 9600, 50));
	vusb_refuse(v, c->setrate, false);
	T_EQ(s_raw(&sf, 19200, 8, S_CLOCAL), 0);
	T_CHECK(close_to(h_status(v).vs_baud, 19200, 50));
	s_close(&sf);
}

static void
refusals(void)
{

	on_each(refusals_on);
}

static void
unplug_on(struct vusb *v, const struct chip *c)
{
	struct s_file sf, again;
	uint8_t byte;
	struct s_op so = { .so_call = S_READ, .so_file = &sf, .so_buf = &byte,
	    .so_len = 1 };

	(void)c;
	open_raw(&sf, 9600);
	s_start(&so);
	s_wait_sleep(&so, "ttyraw");
	s_unplug(v);
	T_EQ(s_finish(&so), 0);
	T_EQ(so.so_done, 0);
	T_EQ(s_open("ttyU0", S_RDWR | HYP_F_NONBLOCK, &again), ENXIO);
	s_plug(v, "ttyU0");
	open_raw(&again, 9600);
	exchange(v, &again);
	s_close(&again);
	s_close(&sf);
}

static void
unplug(void)
{

	on_each(unplug_on);
}

/* Status packets of every length: no line is made of what is not there. */
static void
status_lengths_on(struct vusb *v, const struct chip *c)
{
	struct s_file sf;
	struct want_lines wl = { .wl_sf = &sf, .wl_lines = TIOCM_RI };
	int was;

	if (c->status == 0)
		return;
	open_raw(&sf, 9600);
	was = s_modem(&sf) & INPUTS;
	for (int len = 0; len <= 64; len++) {
		vusb_set_statuslen(v, len);
		vusb_set_lines(v, 0, len % 2 ? VUSB_RI : VUSB_DSR);
		exchange(v, &sf);
		if (len < c->status)
			T_EQ(s_modem(&sf) & INPUTS, was);
	}
	vusb_set_statuslen(v, -1);
	vusb_set_lines(v, 0, VUSB_RI);
	T_UNTIL(lines_are, &wl);
	s_close(&sf);
}

static void
status_lengths(void)
{

	on_each(status_lengths_on);
}

/* ---- bad devices ---------------------------------------------------- */

static int
is_left_alone(void *arg)
{

	return !vusb_in_use(arg);
}

static bool
has_ports(const struct chip *c)
{
	struct vusb_config vc;

	return vusb_chip(c->name, &vc) && vc.vc_nports > 1;
}

static int
is_said(void *arg)
{

	return h_log_has(arg);
}

/* One that cannot be used is refused: no line, and no harm to the next. */
static void
bad_descriptors(void)
{
	static const struct { unsigned quirk; uint16_t packet;
	    const char *why; } rows[] = {
		{ VUSB_Q_NOIN, 0, "no usable bulk endpoints" },
		{ VUSB_Q_NOOUT, 0, "no usable bulk endpoints" },
		{ VUSB_Q_TYPE, 0, "no usable bulk endpoints" },
		{ VUSB_Q_SAMEEP, 0, "described twice" },
		{ VUSB_Q_PACKET, 0, "wMaxPacketSize is 0" },
		{ VUSB_Q_PACKET, 1, "no usable bulk endpoints" },
		{ VUSB_Q_PACKET, 1025, "wMaxPacketSize 0x0401" },
		/* Above the bits of the size, which are 0 then. */
		{ VUSB_Q_PACKET, 8192, "wMaxPacketSize is 0" },
	};
	struct vusb_config vc;
	struct s_file sf;
	struct vusb *v;

	for (size_t i = 0; i < NCHIPS; i++) {
		if (!chips[i].first && !has_ports(&chips[i]))
			continue;
		v = plug(&chips[i]);
		pull(v);
		for (size_t j = 0; j < sizeof(rows) / sizeof(rows[0]); j++) {
			T_CHECK(vusb_chip(chips[i].name, &vc));
			vc.vc_quirks |= rows[j].quirk;
			vc.vc_packet = rows[j].packet;
			v = h_adapter(&vc);
			h_log_begin();
			vusb_plug(v);
			T_UNTIL(is_said, (void *)(uintptr_t)rows[j].why);
			h_log_end();
			T_EQ(s_open("ttyU0", S_RDWR | HYP_F_NONBLOCK, &sf),
			    ENXIO);
			vusb_unplug(v, 0);
			T_UNTIL(is_left_alone, v);
			vusb_destroy(v);
		}
	}
}

/* No status packets: it works, and says so of no line. */
static void
no_status(void)
{
	struct s_file sf;
	struct vusb *v;

	for (size_t i = 0; i < NCHIPS; i++) {
		if (chips[i].status == 0)
			continue;
		t_note("%s", chips[i].name);
		h_begin();
		v = make("adapter", &chips[i], VUSB_Q_NOINTR);
		s_plug(v, "ttyU0");
		open_raw(&sf, 9600);
		exchange(v, &sf);
		s_close(&sf);
		pull(v);
	}
}

/* Of a kind that nobody knows yet: used as the newest, with a line. */
static void
unknown_kinds(void)
{
	/* known: a release that neither tells nor is asked for */
	static const struct { const char *name; uint16_t release, part;
	    bool known; } rows[] = {
		{ "ch340", 0x9999, 0x31, true }, { "ch340", 0x0264, 0x77, false },
		{ "cp2102n", 0x9999, 0x20, true },
		{ "cp2102n", 0x0100, 0x77, false },
		{ "pl2303hx", 0x0777, VUSB_PL2303_HX, false },
		{ "pl2303hxn", 0x7777, VUSB_PL2303_HXN, false },
		{ "pl2303tb", 0x7777, VUSB_PL2303_TB, false },
		{ "ft232r", 0x7777, 0, false }, { "ft232r", 0x0100, 0, false },
	};
	struct vusb_config vc;
	struct s_file sf;
	struct vusb *v;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		t_note("%s %#x %#x", rows[i].name, rows[i].release,
		    rows[i].part);
		h_begin();
		T_CHECK(vusb_chip(rows[i].name, &vc));
		vc.vc_release = rows[i].release;
		vc.vc_part = rows[i].part;
		v = h_adapter(&vc);
		h_log_begin();
		s_plug(v, "ttyU0");
		T_EQ(h_log_has("unknown "), rows[i].known ? 0 : 1);
		h_log_end();
		open_raw(&sf, 115200);
		T_EQ(s_raw(&sf, 74880, 7, S_CLOCAL | S_EVEN | S_CRTSCTS), 0);
		T_CHECK(close_to(h_status(v).vs_baud, 74880, 50));
		T_EQ(h_status(v).vs_bits, 7);
		T_EQ(h_status(v).vs_flow, 'R');
		exchange(v, &sf);
		s_close(&sf);
		h_remove(v);
	}
}

/* A machine that stands still for a second while a chip is asked what it is. */
static void
late_answers(void)
{
	static const char *const names[] = { "ch340", "cp2102n", "pl2303hx" };
	struct vusb_config vc;
	struct vusb *v[3];

	h_begin();
	for (size_t i = 0; i < 3; i++) {
		T_CHECK(vusb_chip(names[i], &vc));
		v[i] = i == 0 ? h_adapter(&vc) : vusb_create(names[i], &vc);
		vusb_fault(v[i], VUSB_CONTROL, VUSB_FAULT_LATE, 1, 1200);
		vusb_plug(v[i]);
	}
	s_plug_wait("ttyU0");
	s_plug_wait("ttyU1");
	s_plug_wait("ttyU2");
	for (size_t i = 3; i-- > 0;) {
		s_unplug(v[i]);
		vusb_destroy(v[i]);
	}
	h_forget_memory();
}

/* Two of one serial number are two. */
static void
same_serial(void)
{
	struct vusb_config vc;
	struct vusb *v[2];
	struct s_file sf[2];
	const char *second;
	char c;

	for (size_t i = 0; i < NCHIPS; i++) {
		t_note("%s", chips[i].name);
		h_begin();
		T_CHECK(vusb_chip(chips[i].name, &vc));
		vc.vc_serial = "0001";
		v[0] = h_adapter(&vc);
		v[1] = vusb_create("other", &vc);
		second = nodes[vusb_nports(v[0])];
		plug_ports(v[0], 0);
		plug_ports(v[1], vusb_nports(v[0]));
		for (int j = 0; j < 2; j++) {
			T_EQ(s_open(j ? second : nodes[0], S_RDWR |
			    HYP_F_NONBLOCK, &sf[j]), 0);
			T_EQ(s_raw(&sf[j], 9600, 8, S_CLOCAL), 0);
		}
		s_write_all(&sf[0], "a", 1);
		s_write_all(&sf[1], "b", 1);
		s_far_read_all(v[0], 0, &c, 1);
		T_EQ(c, 'a');
		s_far_read_all(v[1], 0, &c, 1);
		T_EQ(c, 'b');
		s_unplug(v[1]);
		exchange(v[0], &sf[0]);
		s_close(&sf[1]);
		s_close(&sf[0]);
		vusb_destroy(v[1]);
		s_unplug(v[0]);
		vusb_destroy(v[0]);
		h_forget_memory();
	}
}

/* A port on each interface. */
static void
ports(void)
{
	struct vusb_status vs;
	struct s_file sf[4];
	struct vusb *v;
	char c;

	for (size_t i = 0; i < NCHIPS; i++) {
		if (!has_ports(&chips[i]))
			continue;
		v = plug(&chips[i]);
		for (unsigned p = 0; p < vusb_nports(v); p++) {
			T_EQ(s_open(nodes[p], S_RDWR | HYP_F_NONBLOCK,
			    &sf[p]), 0);
			T_EQ(s_raw(&sf[p], 9600 << p, 8, S_CLOCAL), 0);
		}
		for (unsigned p = 0; p < vusb_nports(v); p++) {
			vusb_get_status(v, p, &vs);
			T_CHECK(close_to(vs.vs_baud, 9600 << p, 100));
			c = (char)('0' + p);
			s_write_all(&sf[p], &c, 1);
			s_far_read_all(v, p, &c, 1);
			T_EQ(c, '0' + (int)p);
			T_EQ(vusb_far_write(v, p, &c, 1, 1000), 1);
			read_all(&sf[p], &c, 1);
			T_EQ(c, '0' + (int)p);
		}
		for (unsigned p = 0; p < vusb_nports(v); p++) {
			s_close(&sf[p]);
			vusb_get_status(v, p, &vs);
			T_CHECK(!vs.vs_dtr);
			if (p + 1 < vusb_nports(v)) {
				vusb_get_status(v, p + 1, &vs);
				T_CHECK(vs.vs_dtr);
			}
		}
		pull(v);
	}
}

const struct t_case t_cases[] = {
	{ "open and close: 9600 8N1, DTR, RTS, buffers", first_open },
	{ "-hupcl: DTR and RTS do not move at a close", no_hupcl },
	{ "speeds; impossible ones change nothing", speeds },
	{ "the true rate, by TCGETS2", rates },
	{ "formats", formats },
	{ "settings of which the answer is lost are taken back", unanswered },
	{ "RTS/CTS", hardware_flow },
	{ "XON/XOFF", software_flow },
	{ "64 KiB each way at once", bulk },
	{ "ping-pong of single bytes", ping_pong },
	{ "bursts of every length", bursts },
	{ "a stream of the CP210x's escapes", escapes },
	{ "modem lines", modem_lines },
	{ "DTR and RTS, in one request", outputs },
	{ "breaks, or none", breaks },
	{ "a flush reaches what flow control holds up", flush },
	{ "breaks and errors that come in", errors },
	{ "failed transfers", faults },
	{ "refused requests", refusals },
	{ "unplug", unplug },
	{ "status packets of every length", status_lengths },
	{ "descriptors that are of no use", bad_descriptors },
	{ "no status packets", no_status },
	{ "unknown kinds of known chips", unknown_kinds },
	{ "an answer to attach that takes more than a second", late_answers },
	{ "two of one serial number", same_serial },
	{ "chips with two and four ports", ports },
	{ NULL, NULL }
};
