/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_ucom_errors.c - ucom on the whole road, as t_ucom.c: what the line did, from
 * the chip to a Linux client.
 *
 * A break, a byte with a parity or framing error and an overrun reach the
 * client as termios(3) and POSIX say (PARMRK, INPCK, IGNPAR, IGNBRK, BRKINT),
 * at their place in the bytes as far as the chip tells it, and are counted for
 * TIOCGICOUNT (docs/contract.md, Terminals).  An FTDI tells it of a packet, in
 * whose status bytes it is, and a break of its last byte; CDC-ACM (PSTN120,
 * 6.5.4, SERIAL_STATE) on another endpoint, once for each.
 */
#include <asm/ioctls.h>
#include <asm/termbits.h>

#include <errno.h>
#include <linux/serial.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ioctl.h>

#include "drivers/h_adapter.h"
#include "drivers/h_serial.h"
#include "hyp/hyp.h"
#include "hyp/hyp_trace.h"
#include "specfs/h_trace.h"

#define	MIB	(1024 * 1024)
#define	PACKET	62		/* bytes of data in one of an FTDI's */

/* ---- the client ----------------------------------------------------- */

static void
open_with(struct s_file *sf, tcflag_t iflag)
{
	struct termios t;

	h_open_raw(sf, 9600);
	T_EQ(s_raw(sf, 9600, 8, S_CLOCAL), 0);
	T_EQ(s_ioctl(sf, TCGETS, &t), 0);
	t.c_iflag = iflag;
	T_EQ(s_ioctl(sf, TCSETS, &t), 0);
	T_EQ(s_ioctl(sf, TCGETS, &t), 0);
	T_EQ(t.c_iflag, iflag);
}

static struct serial_icounter_struct
counts(struct s_file *sf)
{
	struct serial_icounter_struct ic;

	memset(&ic, 0xff, sizeof(ic));
	T_EQ(s_ioctl(sf, TIOCGICOUNT, &ic), 0);
	return ic;
}

#define	EXPECT(sf, s)	expect((sf), (s), sizeof(s) - 1)

static void
expect(struct s_file *sf, const char *want, size_t len)
{
	char got[256];

	s_read_all(sf, got, len);
	T_EQ(memcmp(got, want, len), 0);
}

static int
brk_counted(void *arg)
{

	return counts(arg).brk != 0;
}

/* ---- FTDI ----------------------------------------------------------- */

static void
far(struct vusb *v, const void *s, size_t len)
{

	T_EQ(vusb_far_write(v, 0, s, len, 20000), len);
}

/* With all of it in the device before the first read ends: one transfer. */
static void
hold(struct vusb *v)
{

	vusb_fault(v, VUSB_IN, VUSB_FAULT_NEVER, 0, 0);
}

static void
let_go(struct vusb *v)
{

	vusb_fault(v, VUSB_IN, VUSB_FAULT_NONE, 0, 0);
}

/* Its own place: the last byte of its packet, and none of the next one. */
static void
ftdi_break(void)
{
	struct vusb *v = h_ftdi();
	struct serial_icounter_struct ic;
	struct s_file sf;

	open_with(&sf, PARMRK);
	hold(v);
	far(v, "before\377\0", 8);
	vusb_far_char(v, 0, 0, VUSB_BREAK | VUSB_FRAMING);
	far(v, "after\0", 6);
	let_go(v);
	EXPECT(&sf, "before\377\377\0\377\0\0after\0");
	ic = counts(&sf);
	T_CHECK(ic.brk == 1 && ic.frame == 0 && ic.parity == 0);
	T_EQ(ic.rx, 15);
	s_close(&sf);

	/* IGNBRK: nothing; neither: a 0. */
	open_with(&sf, IGNBRK | PARMRK);
	vusb_far_char(v, 0, 0, VUSB_BREAK);
	far(v, "a", 1);
	EXPECT(&sf, "a");
	s_close(&sf);
	open_with(&sf, 0);
	vusb_far_char(v, 0, 0, VUSB_BREAK);
	far(v, "a", 1);
	EXPECT(&sf, "\0a");
	T_EQ(counts(&sf).brk, 3);
	s_close(&sf);
	h_remove(v);
}

/* BRKINT drops what came before, and there is no job control for more. */
static void
ftdi_brkint(void)
{
	struct vusb *v = h_ftdi();
	struct s_file sf;

	open_with(&sf, BRKINT);
	hold(v);
	far(v, "gone", 4);
	vusb_far_char(v, 0, 0, VUSB_BREAK);
	far(v, "here", 4);
	let_go(v);
	T_UNTIL(brk_counted, &sf);
	EXPECT(&sf, "here");
	s_close(&sf);
	h_remove(v);
}

/* The status says it again of the packet after, which does not end with 0; and
   an empty packet has no byte that it could mean. */
static void
ftdi_break_again(void)
{
	struct vusb *v = h_ftdi();
	struct s_file sf;

	open_with(&sf, PARMRK);
	hold(v);
	far(v, "x", 1);
	vusb_far_char(v, 0, 'y', VUSB_BREAK);
	let_go(v);
	EXPECT(&sf, "xy");
	vusb_send_status(v, 0);
	far(v, "z", 1);
	EXPECT(&sf, "z");
	T_EQ(counts(&sf).brk, 0);
	s_close(&sf);
	h_remove(v);
}

/* A parity error marks its packet's bytes, and no others: the chip ends a packet
   with the byte before, and this one's has no more. */
static void
ftdi_parity(void)
{
	struct vusb *v = h_ftdi();
	struct serial_icounter_struct ic;
	char buf[PACKET + 2], got[3 * PACKET + 8];
	struct s_file sf;

	memset(buf, 'p', sizeof(buf));
	open_with(&sf, PARMRK | INPCK);
	hold(v);
	far(v, buf, PACKET);
	far(v, "1", 1);
	vusb_far_char(v, 0, '2', VUSB_PARITY);
	far(v, "3", 1);
	let_go(v);
	s_read_all(&sf, got, PACKET + 5);
	T_EQ(memcmp(got, buf, PACKET), 0);
	T_EQ(memcmp(got + PACKET, "1\377\00023", 5), 0);
	ic = counts(&sf);
	T_CHECK(ic.parity == 1 && ic.frame == 0 && ic.brk == 0);
	T_EQ(ic.rx, PACKET + 3);
	s_close(&sf);

	/* Without INPCK they are as they came; with IGNPAR they are not there. */
	open_with(&sf, PARMRK);
	vusb_far_char(v, 0, '4', VUSB_PARITY);
	EXPECT(&sf, "4");
	s_close(&sf);
	open_with(&sf, IGNPAR | INPCK);
	vusb_far_char(v, 0, '5', VUSB_PARITY);
	far(v, "6", 1);
	EXPECT(&sf, "6");
	T_EQ(counts(&sf).parity, 3);
	s_close(&sf);
	h_remove(v);
}

/* The same for a framing error, which INPCK is not about; an overrun leaves
   what there is alone. */
static void
ftdi_framing_overrun(void)
{
	struct vusb *v = h_ftdi();
	struct serial_icounter_struct ic;
	struct s_file sf;

	open_with(&sf, PARMRK);
	vusb_far_char(v, 0, 'f', VUSB_FRAMING);
	EXPECT(&sf, "\377\0f");
	vusb_far_char(v, 0, 'o', VUSB_OVERRUN);
	EXPECT(&sf, "o");
	vusb_far_char(v, 0, 'b', VUSB_OVERRUN | VUSB_FRAMING);
	EXPECT(&sf, "\377\0b");
	ic = counts(&sf);
	T_CHECK(ic.frame == 2 && ic.overrun == 2 && ic.parity == 0 &&
	    ic.brk == 0 && ic.buf_overrun == 0);
	s_close(&sf);
	h_remove(v);
}

/* Errors do not overtake bytes that wait for room in the tty, nor do bytes
   overtake errors: 256 KiB with a mark in each second packet or so. */
static void
ftdi_full(void)
{
	enum { MARKS = 12, RUN = 20000 };
	static uint8_t run[RUN], got[RUN + 3];
	struct vusb *v = h_ftdi();
	struct s_file sf;
	unsigned i;

	open_with(&sf, PARMRK);
	for (i = 0; i < MARKS; i++) {
		s_pattern(run, RUN, i * 7);
		for (unsigned k = 0; k < RUN; k++)
			run[k] &= 0x7f;
		far(v, run, RUN);
		vusb_far_char(v, 0, 0, VUSB_BREAK);
	}
	for (i = 0; i < MARKS; i++) {
		s_pattern(run, RUN, i * 7);
		for (unsigned k = 0; k < RUN; k++)
			run[k] &= 0x7f;
		s_read_all(&sf, got, sizeof(got));
		T_EQ(memcmp(got, run, RUN), 0);
		T_EQ(memcmp(got + RUN, "\377\0\0", 3), 0);
	}
	T_EQ(counts(&sf).brk, MARKS);
	T_EQ(counts(&sf).rx, MARKS * (RUN + 1));
	s_close(&sf);
	h_remove(v);
}

/* ---- ACM ------------------------------------------------------------ */

/* Behind what has been received; each notification is one event. */
static void
acm_break(void)
{
	struct vusb *v = h_acm();
	struct s_file sf;

	open_with(&sf, PARMRK);
	far(v, "one", 3);
	EXPECT(&sf, "one");
	vusb_far_char(v, 0, 0, VUSB_BREAK);
	EXPECT(&sf, "\377\0\0");
	far(v, "two", 3);
	EXPECT(&sf, "two");
	vusb_far_char(v, 0, 0, VUSB_BREAK);
	EXPECT(&sf, "\377\0\0");
	T_EQ(counts(&sf).brk, 2);
	T_EQ(counts(&sf).rx, 6);
	s_close(&sf);
	h_remove(v);
}

static int
acm_counted(void *arg)
{
	const struct serial_icounter_struct ic = counts(arg);

	return ic.parity == 1 && ic.frame == 1 && ic.overrun == 1;
}

/* Nobody knows of which byte: counted, and the bytes are left alone. */
static void
acm_errors(void)
{
	struct vusb *v = h_acm();
	struct s_file sf;

	open_with(&sf, PARMRK | INPCK);
	vusb_far_char(v, 0, 'e', VUSB_PARITY | VUSB_FRAMING |
	    VUSB_OVERRUN);
	EXPECT(&sf, "e");
	T_UNTIL(acm_counted, &sf);
	T_EQ(counts(&sf).brk, 0);
	/* Lines that move later do not tell of them again. */
	vusb_set_lines(v, 0, VUSB_DCD);
	vusb_set_lines(v, 0, VUSB_DCD | VUSB_DSR);
	far(v, "f", 1);
	EXPECT(&sf, "f");
	T_CHECK(acm_counted(&sf));
	s_close(&sf);
	h_remove(v);
}

static int
rings(void *arg)
{

	return (s_modem(arg) & TIOCM_RI) != 0;
}

static int
rings_not(void *arg)
{

	return !rings(arg);
}

static int
rang_thrice(void *arg)
{

	return counts(arg).rng == 3;
}

/* A device need not say that a ring is over: each time that it says there is
   one, there is one (PSTN120: an irregular signal). */
static void
acm_rings(void)
{
	struct vusb *v = h_acm();
	struct s_file sf;
	struct s_op so = { .so_call = S_IOCTL, .so_file = &sf,
	    .so_cmd = TIOCMIWAIT, .so_buf = (void *)TIOCM_RI };

	open_with(&sf, 0);
	vusb_set_lines(v, 0, VUSB_DCD | VUSB_RI);
	T_UNTIL(rings, &sf);
	T_EQ(counts(&sf).rng, 1);
	s_start(&so);
	s_wait_sleep(&so, "ttymodem");
	vusb_set_lines(v, 0, VUSB_DCD | VUSB_RI);
	T_EQ(s_finish(&so), 0);
	T_UNTIL(rang_thrice, &sf);
	s_close(&sf);
	h_remove(v);
}

static int
acm_break_waits(void *arg)
{
	struct vusb *v = arg;

	return h_status(v).vs_reads == 0;
}

/* All notifications before this have been heard of. */
static void
acm_heard(struct vusb *v, struct s_file *sf)
{

	vusb_set_lines(v, 0, VUSB_DCD | VUSB_RI);
	T_UNTIL(rings, sf);
	vusb_set_lines(v, 0, VUSB_DCD);
	T_UNTIL(rings_not, sf);
}

/* A break behind input that waits for room waits behind it, and two are one. */
static void
acm_full(void)
{
	enum { LEN = 256 * 1024 };
	static uint8_t buf[LEN + 3];
	struct vusb *v = h_acm();
	struct s_file sf;

	open_with(&sf, PARMRK);
	memset(buf, 'w', LEN);
	far(v, buf, LEN);
	T_UNTIL(acm_break_waits, v);
	vusb_far_char(v, 0, 0, VUSB_BREAK);
	acm_heard(v, &sf);
	vusb_far_char(v, 0, 0, VUSB_BREAK);
	acm_heard(v, &sf);
	T_EQ(counts(&sf).brk, 0);
	/* It is behind what the host had, and the bytes are all there. */
	s_read_all(&sf, buf, LEN + 3);
	uint8_t *const mark = memchr(buf, 0377, LEN + 3);
	T_CHECK(mark != NULL && mark - buf > 65536);
	if (mark != NULL)
		T_EQ(memcmp(mark, "\377\0\0", 3), 0);
	T_EQ(counts(&sf).brk, 1);
	s_close(&sf);
	h_remove(v);
}

/* ---- hostile -------------------------------------------------------- */

/* Every status of an error in front of every length of packet, as one that
   makes things up would send them: nothing falls over, the bytes are there. */
static void
hostile(void)
{
	struct vusb *v = h_ftdi();
	char buf[PACKET];
	struct s_file sf;
	unsigned what, len;

	open_with(&sf, 0);
	for (what = 0; what < 0x20; what += 2) {
		for (len = 1; len <= PACKET; len += 15) {
			memset(buf, 'h', sizeof(buf));
			hold(v);
			far(v, buf, len - 1);
			vusb_far_char(v, 0, 'h', what);
			let_go(v);
			s_read_all(&sf, buf, len);
		}
	}
	s_close(&sf);
	h_remove(v);
}

/* devswctl trace shows each as it comes, once, with its node. */
static void
traced(void)
{
	static const struct { unsigned what; const char *text; } rows[] = {
		{ VUSB_BREAK, "line break enter ttyU0 lsr 16" },
		{ VUSB_PARITY, "line parity error enter ttyU0 lsr 4" },
		{ VUSB_FRAMING, "line framing error enter ttyU0 lsr 8" },
		{ VUSB_OVERRUN, "line overrun enter ttyU0 lsr 2" },
	};
	struct vusb *v;
	struct s_file sf;
	unsigned found;
	char c;

	for (int acm = 0; acm < 2; acm++) {
		v = acm ? h_acm() : h_ftdi();
		open_with(&sf, 0);
		for (unsigned i = 0; i < 4; i++) {
			h_trace_reset();
			hyp_trace_start();
			vusb_far_char(v, 0, rows[i].what == VUSB_BREAK ? 0 :
			    'e', rows[i].what);
			T_UNTIL(h_trace_has, (void *)(uintptr_t)rows[i].text);
			hyp_trace_stop();
			found = 0;
			for (unsigned j = 0; j < h_trace_count(); j++)
				found += strncmp(h_trace_text(j), "line ",
				    5) == 0;
			T_EQ(found, 1);
			if (!acm)
				s_read_all(&sf, &c, 1);
		}
		s_close(&sf);
		h_remove(v);
	}
}

const struct t_case t_cases[] = {
	{ "FTDI: a break is where it was, and is 377 0 0 with PARMRK",
	    ftdi_break },
	{ "FTDI: BRKINT drops what came before it", ftdi_brkint },
	{ "FTDI: a break is told of one packet too many", ftdi_break_again },
	{ "FTDI: a parity error marks its packet, and counts once",
	    ftdi_parity },
	{ "FTDI: framing errors and overruns", ftdi_framing_overrun },
	{ "FTDI: marks keep their place when the tty is full", ftdi_full },
	{ "ACM: a break is behind what was received", acm_break },
	{ "ACM: errors are counted once", acm_errors },
	{ "ACM: a ring is one each time", acm_rings },
	{ "ACM: a break waits behind input that waits", acm_full },
	{ "the trace shows each", traced },
	{ "FTDI: errors that make no sense", hostile },
	{ NULL, NULL }
};
