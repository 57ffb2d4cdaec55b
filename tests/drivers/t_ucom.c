/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_ucom.c - ucom, uftdi and umodem on the whole road: a client's system
 * calls above, software adapters below, real threads.
 *
 * Every case plugs its own adapter, pulls it out again and checks that the
 * kernel side then uses no more memory than before.
 */
#include <asm/ioctls.h>
#include <asm/termbits.h>

#include <errno.h>
#include <linux/tty.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>

#include "drivers/h_adapter.h"
#include "drivers/h_serial.h"
#include "hyp/hyp.h"

#define	MIB	(1024 * 1024)

/* Of <sys/ttycom.h>. */
#define	BSD_TIOCSFLAGS		_IOW('t', 92, int)
#define	BSD_TIOCGFLAGS		_IOR('t', 93, int)
#define	BSD_TIOCFLAG_SOFTCAR	0x01
#define	BSD_TIOCCDTR		_IO('t', 120)
#define	BSD_TIOCSDTR		_IO('t', 121)

/* ---- settings ------------------------------------------------------- */

static void
first_open(void)
{
	struct vusb *v = h_ftdi();
	struct vusb_status vs;
	struct s_file sf;

	T_CHECK(h_node_find("ttyU0") != NULL);
	T_CHECK(h_node_find("dtyU0") != NULL);
	vs = h_status(v);
	T_CHECK(!vs.vs_dtr);
	T_EQ(s_open("ttyU0", S_RDWR, &sf), 0);
	vs = h_status(v);
	T_EQ(vs.vs_baud, 9600);
	T_EQ(vs.vs_bits, 8);
	T_EQ(vs.vs_parity, 'N');
	T_EQ(vs.vs_stop, 1);
	T_EQ(vs.vs_flow, 'N');
	T_EQ(vs.vs_latency, 2);
	T_CHECK(vs.vs_dtr && vs.vs_rts && !vs.vs_break);
	T_CHECK(vs.vs_reads >= 2);
	s_close(&sf);
	vs = h_status(v);
	T_CHECK(!vs.vs_dtr);
	T_EQ(vs.vs_reads, 0);
	h_remove(v);
}

/* stty(1) of a new Linux port, but for CLOCAL; and of NetBSD's. */
static void
first_mode(void)
{
	static const struct {
		const char	*name;
		tcflag_t	 iflag, oflag, lflag;
	} rows[] = {
		{ "bsd", BRKINT | ICRNL | IMAXBEL | IXON | IXANY,
		    OPOST | ONLCR | XTABS,
		    ISIG | ICANON | ECHO | ECHOE | ECHOCTL | ECHOKE |
		    IEXTEN },
		{ "linux", ICRNL | IXON, OPOST | ONLCR,
		    ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL |
		    ECHOKE | IEXTEN },
	};
	struct termios2 t;
	struct s_file sf;
	struct vusb *v;
	unsigned i;

	T_EQ(hyp_set_tty_defaults("netbsd"), EINVAL);
	for (i = 0; i < 2; i++) {
		T_EQ(hyp_set_tty_defaults(rows[i].name), 0);
		v = h_ftdi();
		T_EQ(s_open("ttyU0", S_RDWR, &sf), 0);
		T_EQ(s_ioctl(&sf, TCGETS2, &t), 0);
		T_EQ(t.c_iflag, rows[i].iflag);
		T_EQ(t.c_oflag, rows[i].oflag);
		T_EQ(t.c_lflag, rows[i].lflag);
		T_EQ(t.c_cflag, B9600 | CS8 | CREAD | HUPCL);
		T_EQ(t.c_cc[VERASE], 0177);
		T_EQ(t.c_cc[VMIN], 1);
		s_close(&sf);
		h_remove(v);
	}
}

static void
settings(void)
{
	struct vusb *v = h_ftdi();
	struct vusb_status vs;
	struct s_file sf;

	h_open_raw(&sf, 115200);
	T_EQ(h_status(v).vs_baud, 115385);
	T_EQ(s_raw(&sf, 250000, 7, S_EVEN | S_TWOSTOP | S_CRTSCTS), 0);
	vs = h_status(v);
	T_EQ(vs.vs_baud, 250000);
	T_EQ(vs.vs_bits, 7);
	T_EQ(vs.vs_parity, 'E');
	T_EQ(vs.vs_stop, 2);
	T_EQ(vs.vs_flow, 'R');
	T_EQ(s_raw(&sf, 300, 8, S_ODD | S_XONXOFF), 0);
	vs = h_status(v);
	T_EQ(vs.vs_baud, 300);
	T_EQ(vs.vs_parity, 'O');
	T_EQ(vs.vs_flow, 'X');
	T_EQ(vs.vs_xon, 021);
	T_EQ(vs.vs_xoff, 023);
	T_EQ(s_raw(&sf, 300, 8, S_ODD | S_MARK), 0);
	T_EQ(h_status(v).vs_parity, 'M');
	T_EQ(s_raw(&sf, 300, 7, S_EVEN | S_MARK), 0);
	T_EQ(h_status(v).vs_parity, 'S');
	T_EQ(s_raw(&sf, 300, 8, S_ODD | S_XONXOFF), 0);
	/* What cannot be is refused, and changes nothing. */
	T_EQ(s_raw(&sf, 2500000, 8, 0), EINVAL);
	T_EQ(s_raw(&sf, 9600, 5, 0), EINVAL);
	vs = h_status(v);
	T_EQ(vs.vs_baud, 300);
	T_EQ(vs.vs_bits, 8);
	T_EQ(vs.vs_flow, 'X');
	s_close(&sf);
	h_remove(v);
}

static void
speed_zero(void)
{
	struct vusb *v = h_ftdi();
	struct s_file sf;

	h_open_raw(&sf, 19200);
	T_CHECK(h_status(v).vs_dtr);
	T_EQ(s_raw(&sf, 0, 8, 0), 0);
	T_CHECK(!h_status(v).vs_dtr);
	T_EQ(h_status(v).vs_baud, 19200);
	T_EQ(s_raw(&sf, 38400, 8, 0), 0);
	T_CHECK(h_status(v).vs_dtr);
	T_EQ(h_status(v).vs_baud, 38400);
	s_close(&sf);
	h_remove(v);
}

/* ---- bytes ---------------------------------------------------------- */

struct stream {
	struct vusb	*st_v;
	unsigned	 st_port;
	struct s_file	*st_sf;
	size_t		 st_len;
};

static void
far_writer(void *arg)
{
	struct stream *st = arg;
	uint8_t buf[3000];
	size_t n, done;

	for (done = 0; done < st->st_len; done += n) {
		n = st->st_len - done;
		n = n < sizeof(buf) ? n : sizeof(buf);
		n = 1 + t_random() % n;
		s_pattern(buf, n, done);
		T_EQ(vusb_far_write(st->st_v, st->st_port, buf, n, 20000), n);
	}
}

static void
far_reader(void *arg)
{
	struct stream *st = arg;
	uint8_t buf[4096], want[4096];
	size_t n, done;

	for (done = 0; done < st->st_len; done += n) {
		n = vusb_far_read(st->st_v, st->st_port, buf, sizeof(buf),
		    20000);
		T_CHECK(n > 0);
		if (n == 0)
			return;
		s_pattern(want, n, done + 1000000000);
		T_EQ(memcmp(buf, want, n), 0);
	}
}

static void
near_writer(void *arg)
{
	struct stream *st = arg;
	uint8_t buf[5000];
	size_t n, done;

	for (done = 0; done < st->st_len; done += n) {
		n = st->st_len - done;
		n = n < sizeof(buf) ? n : sizeof(buf);
		n = 1 + t_random() % n;
		s_pattern(buf, n, done + 1000000000);
		s_write_all(st->st_sf, buf, n);
	}
}

/* Both directions at once; the calling thread is the reader. */
static void
stream_both_ways(struct vusb *v, unsigned port, struct s_file *sf, size_t len)
{
	struct stream st = { v, port, sf, len };
	struct t_thread *tt[3];
	uint8_t buf[8192], want[8192];
	size_t n, done;
	bool same = true;

	tt[0] = t_spawn(far_writer, &st);
	tt[1] = t_spawn(far_reader, &st);
	tt[2] = t_spawn(near_writer, &st);
	for (done = 0; done < len; done += n) {
		if (s_read(sf, buf, sizeof(buf), 0, &n) != 0 || n == 0)
			break;
		s_pattern(want, n, done);
		if (memcmp(buf, want, n) != 0)
			same = false;
	}
	for (n = 0; n < 3; n++)
		t_join(tt[n]);
	T_EQ(done, len);
	T_CHECK(same);
}

static void
mebibyte_ftdi(void)
{
	struct vusb *v = h_ftdi();
	struct s_file sf;
	uint64_t start_ms;

	h_open_raw(&sf, 3000000);
	start_ms = t_now_ms();
	stream_both_ways(v, 0, &sf, MIB);
	t_note("1 MiB each way in %u ms", (unsigned)(t_now_ms() - start_ms));
	s_close(&sf);
	h_remove(v);
}

static void
mebibyte_acm(void)
{
	struct vusb *v = h_acm();
	struct s_file sf;

	h_open_raw(&sf, 115200);
	stream_both_ways(v, 0, &sf, MIB);
	s_close(&sf);
	h_remove(v);
}

static void
odd_sizes_on(struct vusb *v, struct s_file *sf)
{
	static const size_t sizes[] = { 1, 2, 61, 62, 63, 123, 124, 125, 126,
	    509, 510, 511, 512, 1019, 1020, 1021, 3967, 3968, 3969, 4094, 4095,
	    4096, 4097, 8190, 16319, 16320, 16321, 16384, 20001 };
	uint8_t buf[20001], want[20001];
	unsigned i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		s_pattern(want, sizes[i], i);
		T_EQ(vusb_far_write(v, 0, want, sizes[i], 20000), sizes[i]);
		s_read_all(sf, buf, sizes[i]);
		T_EQ(memcmp(buf, want, sizes[i]), 0);
	}
}

static void
odd_sizes(void)
{
	const struct vusb_config high = { .vc_model = VUSB_FTDI,
	    .vc_release = 0x0900, .vc_highspeed = true, .vc_product = 0x6014 };
	struct vusb *v = h_ftdi();
	struct s_file sf;

	h_open_raw(&sf, 115200);
	odd_sizes_on(v, &sf);
	s_close(&sf);
	h_remove(v);

	v = h_adapter(&high);
	s_plug(v, "ttyU0");
	h_open_raw(&sf, 12000000);
	T_EQ(h_status(v).vs_baud, 12000000);
	odd_sizes_on(v, &sf);
	s_close(&sf);
	h_remove(v);
}

static bool
one_read_back(const struct vusb_status *vs, void *arg)
{

	return vs->vs_reads >= *(unsigned *)arg;
}

static void
status_only(void)
{
	struct vusb *v = h_ftdi();
	struct s_file sf;
	unsigned reads;
	uint8_t c;
	size_t n;

	h_open_raw(&sf, 115200);
	reads = h_status(v).vs_reads;
	vusb_send_status(v, 0);
	T_CHECK(vusb_wait(v, 0, one_read_back, &reads, 20000));
	T_EQ(s_read(&sf, &c, 1, HYP_F_NONBLOCK, &n), EAGAIN);
	/* And between data. */
	T_EQ(vusb_far_write(v, 0, "a", 1, 20000), 1);
	vusb_send_status(v, 0);
	T_EQ(vusb_far_write(v, 0, "b", 1, 20000), 1);
	s_read_all(&sf, &c, 1);
	T_EQ(c, 'a');
	s_read_all(&sf, &c, 1);
	T_EQ(c, 'b');
	s_close(&sf);
	h_remove(v);
}

static void
ping_pong(void)
{
	struct vusb *v = h_ftdi();
	struct s_file sf;
	uint8_t c;
	uint64_t begin, i;
	const unsigned rounds = 500;

	h_open_raw(&sf, 115200);
	begin = t_now_ms();
	for (i = 0; i < rounds; i++) {
		c = (uint8_t)i;
		s_write_all(&sf, &c, 1);
		c = 0;
		s_far_read_all(v, 0, &c, 1);
		T_EQ(c, (uint8_t)i);
		T_EQ(vusb_far_write(v, 0, &c, 1, 20000), 1);
		s_read_all(&sf, &c, 1);
	}
	t_note("%u round trips of one byte in %u ms", rounds,
	    (unsigned)(t_now_ms() - begin));
	s_close(&sf);
	h_remove(v);
}

/* ---- flow ----------------------------------------------------------- */

static bool
no_reads(const struct vusb_status *vs, void *arg)
{

	(void)arg;
	return vs->vs_reads == 0;
}

static void
input_back_pressure(void)
{
	struct vusb *v = h_ftdi();
	static uint8_t buf[512 * 1024], want[512 * 1024];
	struct s_file sf;

	h_open_raw(&sf, 3000000);
	s_pattern(want, sizeof(want), 0);
	T_EQ(vusb_far_write(v, 0, want, sizeof(want), 20000), sizeof(want));
	T_CHECK(vusb_wait(v, 0, no_reads, NULL, 20000));
	/* The device still has most of it; and nothing gets lost. */
	T_CHECK(h_status(v).vs_sent < sizeof(want) / 2);
	s_read_all(&sf, buf, sizeof(buf));
	T_EQ(memcmp(buf, want, sizeof(buf)), 0);
	s_close(&sf);
	h_remove(v);
}

static void
output_back_pressure(void)
{
	struct vusb *v = h_ftdi();
	static uint8_t buf[300000], want[300000];
	struct s_file sf;
	struct s_op so = { .so_call = S_WRITE, .so_file = &sf,
	    .so_buf = want, .so_len = sizeof(want) };
	size_t n;

	vusb_far_limit(v, 0, MIB, 1000);
	h_open_raw(&sf, 3000000);
	s_pattern(want, sizeof(want), 7);
	s_start(&so);
	s_wait_sleep(&so, "ttyout");
	T_EQ(s_write(&sf, "x", 1, HYP_F_NONBLOCK, &n), EAGAIN);
	T_EQ(s_poll(&sf, POLLOUT) & POLLOUT, 0);
	s_far_read_all(v, 0, buf, sizeof(buf));
	T_EQ(s_finish(&so), 0);
	T_EQ(so.so_done, sizeof(want));
	T_EQ(memcmp(buf, want, sizeof(buf)), 0);
	s_close(&sf);
	h_remove(v);
}

/* The device has taken what it can, and four more writes wait for it. */
static bool
four_writes(const struct vusb_status *vs, void *arg)
{

	return vs->vs_received >= *(uint64_t *)arg && vs->vs_writes == 4;
}

/*
 * The device takes only room bytes more: how much of a long write, stopped
 * then (tcflow), arrives nevertheless?
 */
static size_t
beyond_stop(struct vusb *v, struct s_file *sf, size_t room)
{
	static uint8_t buf[MIB];
	struct s_op so = { .so_call = S_WRITE, .so_file = sf, .so_buf = buf,
	    .so_len = sizeof(buf) };
	struct vusb_status vs;
	uint64_t full;
	size_t n = 0, got;

	vusb_far_limit(v, 0, MIB, room);
	vusb_get_status(v, 0, &vs);
	full = vs.vs_received + room;
	s_start(&so);
	T_CHECK(vusb_wait(v, 0, four_writes, &full, 20000));
	s_wait_sleep(&so, "ttyout");
	s_interrupt(&so);
	(void)s_finish(&so);
	T_EQ(s_ioctl(sf, TCXONC, (void *)TCOOFF), 0);
	vusb_far_limit(v, 0, MIB, MIB);
	while ((got = vusb_far_read(v, 0, buf, sizeof(buf), 200)) > 0)
		n += got;
	T_EQ(s_ioctl(sf, TCFLSH, (void *)TCOFLUSH), 0);
	return n - room;
}

/*
 * What is on its way to the device is out of a stop's reach: not much more
 * than a second's worth, except to a device that is faster than any line.
 */
static void
stop_leaves_a_second(void)
{
	struct vusb *v = h_acm();
	static uint8_t buf[200000];
	struct s_file sf;

	h_open_raw(&sf, 1200);
	T_CHECK(beyond_stop(v, &sf, 1000) <= 120);
	s_write_all(&sf, buf, sizeof(buf));
	s_far_read_all(v, 0, buf, sizeof(buf));
	T_CHECK(beyond_stop(v, &sf, 1000) > 10000);
	s_close(&sf);
	h_remove(v);
}

static void
close_drains(void)
{
	struct vusb *v = h_ftdi();
	uint8_t buf[5000], want[5000];
	struct s_file sf;
	struct s_op so = { .so_call = S_CLOSE, .so_file = &sf };

	vusb_far_limit(v, 0, MIB, 100);
	h_open_raw(&sf, 115200);
	s_pattern(want, sizeof(want), 9);
	s_write_all(&sf, want, sizeof(want));
	s_start(&so);
	s_wait_sleep(&so, "ttyout");
	T_CHECK(h_status(v).vs_dtr);
	s_far_read_all(v, 0, buf, sizeof(buf));
	T_EQ(s_finish(&so), 0);
	T_EQ(memcmp(buf, want, sizeof(buf)), 0);
	T_CHECK(!h_status(v).vs_dtr);
	T_EQ(h_status(v).vs_writes, 0);
	h_remove(v);
}

/* What who drops RTS after the last bit asks for. */
static int
s_lsr(struct s_file *sf)
{
	int lsr = 0;

	T_EQ(s_ioctl(sf, TIOCSERGETLSR, &lsr), 0);
	return lsr;
}

static void
drain_waits(void)
{
	struct vusb *v = h_ftdi();
	uint8_t buf[2000], want[2000];
	struct s_file sf;
	struct s_op so = { .so_call = S_IOCTL, .so_file = &sf,
	    .so_cmd = TCSBRK, .so_buf = (void *)1 };

	vusb_far_limit(v, 0, MIB, 64);
	h_open_raw(&sf, 115200);
	s_pattern(want, sizeof(want), 11);
	s_write_all(&sf, want, sizeof(want));
	s_start(&so);
	s_wait_sleep(&so, "ttyout");
	T_EQ(s_lsr(&sf), 0);
	/* All but what fits into the device. */
	s_far_read_all(v, 0, buf, sizeof(buf) - 200);
	T_CHECK(!s_finished(&so));
	vusb_set_txbusy(v, 0, true);
	s_far_read_all(v, 0, buf + sizeof(buf) - 200, 200);
	s_wait_sleep(&so, "ucomstate");
	T_CHECK(!s_finished(&so));
	T_EQ(s_lsr(&sf), 0);
	vusb_set_txbusy(v, 0, false);
	T_EQ(s_finish(&so), 0);
	T_EQ(s_lsr(&sf), TIOCSER_TEMT);
	T_EQ(memcmp(buf, want, sizeof(buf)), 0);
	s_close(&sf);
	h_remove(v);
}

/*
 * Three seconds of output: all of it is taken, but there is no room for more
 * until most of it is gone.
 */
static void
slow_line_is_full(void)
{
	struct vusb *v = h_ftdi();
	uint8_t buf[3000];
	struct s_file sf;
	size_t n;

	vusb_far_limit(v, 0, MIB, 64);
	h_open_raw(&sf, 9600);
	T_EQ(s_poll(&sf, POLLOUT), POLLOUT);
	s_pattern(buf, sizeof(buf), 12);
	T_EQ(s_write(&sf, buf, sizeof(buf), HYP_F_NONBLOCK, &n), 0);
	T_EQ(n, sizeof(buf));
	T_EQ(s_poll(&sf, POLLOUT), 0);
	s_far_read_all(v, 0, buf, sizeof(buf));
	T_EQ(s_poll(&sf, POLLOUT), POLLOUT);
	s_close(&sf);
	h_remove(v);
}

/* ---- modem lines ---------------------------------------------------- */

static void
modem_lines(void)
{
	const int in = TIOCM_CTS | TIOCM_DSR | TIOCM_RI | TIOCM_CD;
	struct vusb *v = h_ftdi();
	struct s_file sf;
	int bits;

	h_open_raw(&sf, 9600);
	T_EQ(s_raw(&sf, 9600, 8, S_CLOCAL), 0);
	T_EQ(s_modem(&sf) & in, TIOCM_CTS | TIOCM_DSR | TIOCM_CD);
	vusb_set_lines(v, 0, VUSB_RI);
	s_wait_lines(&sf, in, TIOCM_RI);
	vusb_set_lines(v, 0, VUSB_CTS | VUSB_DSR | VUSB_DCD);
	s_wait_lines(&sf, in, TIOCM_CTS | TIOCM_DSR | TIOCM_CD);

	T_EQ(s_modem(&sf) & (TIOCM_DTR | TIOCM_RTS), TIOCM_DTR | TIOCM_RTS);
	bits = TIOCM_RTS;
	T_EQ(s_ioctl(&sf, TIOCMBIC, &bits), 0);
	T_CHECK(h_status(v).vs_dtr && !h_status(v).vs_rts);
	bits = TIOCM_RTS;
	T_EQ(s_ioctl(&sf, TIOCMSET, &bits), 0);
	T_CHECK(!h_status(v).vs_dtr && h_status(v).vs_rts);
	bits = TIOCM_DTR;
	T_EQ(s_ioctl(&sf, TIOCMBIS, &bits), 0);
	T_CHECK(h_status(v).vs_dtr && h_status(v).vs_rts);

	T_EQ(s_ioctl(&sf, TIOCSBRK, NULL), 0);
	T_CHECK(h_status(v).vs_break);
	T_EQ(s_ioctl(&sf, TIOCCBRK, NULL), 0);
	T_CHECK(!h_status(v).vs_break);
	T_EQ(h_status(v).vs_bits, 8);

	/* The same, and TIOC[GS]FLAGS, by BSD's numbers. */
	T_EQ(s_ioctl(&sf, BSD_TIOCCDTR, NULL), 0);
	T_CHECK(!h_status(v).vs_dtr && h_status(v).vs_rts);
	T_EQ(s_ioctl(&sf, BSD_TIOCSDTR, NULL), 0);
	T_CHECK(h_status(v).vs_dtr && h_status(v).vs_rts);
	bits = BSD_TIOCFLAG_SOFTCAR;
	T_EQ(s_ioctl(&sf, BSD_TIOCSFLAGS, &bits), 0);
	bits = 0;
	T_EQ(s_ioctl(&sf, BSD_TIOCGFLAGS, &bits), 0);
	T_EQ(bits, BSD_TIOCFLAG_SOFTCAR);
	s_close(&sf);
	h_remove(v);
}

/* DTR and RTS move in one request: what lies between is a reset to boards. */
static void
lines_together_on(struct vusb *v)
{
	struct s_file sf;
	unsigned n = h_status(v).vs_lines;
	int bits = TIOCM_DTR | TIOCM_RTS, none = 0;

	T_EQ(s_open("ttyU0", S_RDWR | HYP_F_NONBLOCK, &sf), 0);
	T_CHECK(h_status(v).vs_dtr && h_status(v).vs_rts);
	T_EQ(h_status(v).vs_lines, ++n);
	T_EQ(s_ioctl(&sf, TIOCMSET, &none), 0);
	T_CHECK(!h_status(v).vs_dtr && !h_status(v).vs_rts);
	T_EQ(h_status(v).vs_lines, ++n);
	T_EQ(s_ioctl(&sf, TIOCMBIS, &bits), 0);
	T_CHECK(h_status(v).vs_dtr && h_status(v).vs_rts);
	T_EQ(h_status(v).vs_lines, ++n);
	T_EQ(s_ioctl(&sf, TIOCMBIC, &bits), 0);
	T_EQ(h_status(v).vs_lines, ++n);
	T_EQ(s_ioctl(&sf, TIOCMBIS, &bits), 0);
	T_EQ(h_status(v).vs_lines, ++n);
	s_close(&sf);
	T_CHECK(!h_status(v).vs_dtr && !h_status(v).vs_rts);
	T_EQ(h_status(v).vs_lines, ++n);
	h_remove(v);
}

static void
lines_together(void)
{

	lines_together_on(h_ftdi());
	lines_together_on(h_acm());
}

/* A request that the device refuses: the open and the bytes do without. */
static void
refused_on(struct vusb *v, unsigned request)
{
	struct s_file sf;
	char c;

	vusb_refuse(v, request, true);
	T_EQ(s_open("ttyU0", S_RDWR | HYP_F_NONBLOCK, &sf), 0);
	T_EQ(s_raw(&sf, 9600, 8, S_CLOCAL), 0);
	s_write_all(&sf, "r", 1);
	s_far_read_all(v, 0, &c, 1);
	T_EQ(c, 'r');
	T_EQ(vusb_far_write(v, 0, "s", 1, 20000), 1);
	s_read_all(&sf, &c, 1);
	T_EQ(c, 's');
	s_close(&sf);
	h_remove(v);
}

static void
refused_requests(void)
{
	static const unsigned ftdi[] = { 0, 1, 2, 3, 4, 5, 6, 7, 9 };
	static const unsigned acm[] = { 0x20, 0x22 };

	for (size_t i = 0; i < sizeof(ftdi) / sizeof(ftdi[0]); i++)
		refused_on(h_ftdi(), ftdi[i]);
	for (size_t i = 0; i < sizeof(acm) / sizeof(acm[0]); i++)
		refused_on(h_acm(), acm[i]);
}

/* But who asks for just that is told, and nothing says that it was done. */
static void
refusals_are_told(void)
{
	const struct vusb_config nobreak = { .vc_model = VUSB_ACM,
	    .vc_acmcaps = 0x02 };
	struct vusb *v = h_ftdi();
	struct s_file sf;
	int bits = TIOCM_DTR | TIOCM_RTS;

	h_open_raw(&sf, 9600);
	vusb_refuse(v, 1, true);
	T_EQ(s_ioctl(&sf, TIOCMBIC, &bits), EIO);
	T_EQ(s_modem(&sf) & bits, bits);
	T_CHECK(h_status(v).vs_dtr && h_status(v).vs_rts);
	/* Nor of one that never answers. */
	vusb_refuse(v, 1, false);
	vusb_fault(v, VUSB_CONTROL, VUSB_FAULT_NEVER, 1, 0);
	T_EQ(s_ioctl(&sf, TIOCMBIC, &bits), EIO);
	T_EQ(s_modem(&sf) & bits, bits);
	vusb_fault(v, VUSB_CONTROL, VUSB_FAULT_NONE, 0, 0);
	/* Refused in part: all is as before. */
	vusb_refuse(v, 4, true);
	T_EQ(s_raw(&sf, 19200, 7, 0), EIO);
	T_EQ(h_status(v).vs_bits, 8);
	T_EQ(h_status(v).vs_baud, 9600);
	T_EQ(s_ioctl(&sf, TIOCSBRK, NULL), EOPNOTSUPP);
	vusb_refuse(v, 4, false);
	T_EQ(s_raw(&sf, 19200, 7, 0), 0);
	s_close(&sf);
	h_remove(v);

	h_begin();
	v = h_adapter(&nobreak);
	s_plug(v, "ttyU0");
	h_open_raw(&sf, 9600);
	T_EQ(s_ioctl(&sf, TIOCSBRK, NULL), EOPNOTSUPP);
	T_CHECK(!h_status(v).vs_break);
	s_close(&sf);
	h_remove(v);
}

static void
carrier_loss(void)
{
	struct vusb *v = h_ftdi();
	struct s_file sf;
	uint8_t c;
	struct s_op so = { .so_call = S_READ, .so_file = &sf, .so_buf = &c,
	    .so_len = 1 };
	size_t n;

	h_open_raw(&sf, 9600);
	s_start(&so);
	s_wait_sleep(&so, "ttyraw");
	vusb_set_lines(v, 0, VUSB_CTS);
	T_EQ(s_finish(&so), 0);
	T_EQ(so.so_done, 0);
	T_EQ(s_write(&sf, "x", 1, 0, &n), EIO);
	T_CHECK((s_poll(&sf, POLLIN) & POLLHUP) != 0);
	vusb_set_lines(v, 0, VUSB_CTS | VUSB_DCD);
	s_wait_lines(&sf, TIOCM_CD, TIOCM_CD);
	s_write_all(&sf, "y", 1);
	s_far_read_all(v, 0, &c, 1);
	T_EQ(c, 'y');
	s_close(&sf);
	h_remove(v);
}

static void
acm_device(void)
{
	struct vusb *v = h_acm();
	struct vusb_status vs;
	struct s_file sf;

	h_open_raw(&sf, 57600);
	T_EQ(s_raw(&sf, 57600, 5, S_ODD | S_TWOSTOP), 0);
	vs = h_status(v);
	T_EQ(vs.vs_baud, 57600);
	T_EQ(vs.vs_bits, 5);
	T_EQ(vs.vs_parity, 'O');
	T_EQ(vs.vs_stop, 2);
	T_CHECK(vs.vs_dtr && vs.vs_rts);
	T_EQ(s_raw(&sf, 57600, 8, S_ODD | S_MARK), 0);
	T_EQ(h_status(v).vs_parity, 'M');
	T_EQ(s_raw(&sf, 57600, 8, S_EVEN | S_MARK), 0);
	T_EQ(h_status(v).vs_parity, 'S');
	T_EQ(s_raw(&sf, 57600, 8, S_CLOCAL), 0);
	vusb_set_lines(v, 0, VUSB_RI);
	s_wait_lines(&sf, TIOCM_RI | TIOCM_CD | TIOCM_DSR, TIOCM_RI);
	vusb_set_lines(v, 0, VUSB_DCD | VUSB_DSR);
	s_wait_lines(&sf, TIOCM_RI | TIOCM_CD | TIOCM_DSR,
	    TIOCM_CD | TIOCM_DSR);
	T_EQ(s_ioctl(&sf, TIOCSBRK, NULL), 0);
	T_CHECK(h_status(v).vs_break);
	T_EQ(s_ioctl(&sf, TIOCCBRK, NULL), 0);
	T_CHECK(!h_status(v).vs_break);
	/* One that is left on ends with the last close, if it began at all. */
	T_EQ(s_ioctl(&sf, TIOCSBRK, NULL), 0);
	s_close(&sf);
	T_CHECK(!h_status(v).vs_break);
	T_CHECK(!h_status(v).vs_dtr);
	h_open_raw(&sf, 57600);
	vusb_fault(v, VUSB_CONTROL, VUSB_FAULT_LOST, 1, 0);
	T_EQ(s_ioctl(&sf, TIOCSBRK, NULL), EIO);
	T_CHECK(h_status(v).vs_break);
	s_close(&sf);
	T_CHECK(!h_status(v).vs_break);
	h_remove(v);
}

/* The last request of an open, or a client's, is done, and its answer lost. */
static void
lines_unanswered(void)
{
	struct vusb *v = h_acm();
	struct s_file sf;
	int bits = TIOCM_DTR | TIOCM_RTS;
	struct s_op so = { .so_call = S_OPEN, .so_file = &sf,
	    .so_node = "ttyU0", .so_flags = S_RDWR | HYP_F_NONBLOCK };

	/* The settings wait until the next fault is there. */
	vusb_fault(v, VUSB_CONTROL, VUSB_FAULT_NEVER, 1, 0);
	s_start(&so);
	s_wait_sleep(&so, "usbsync");
	vusb_fault(v, VUSB_CONTROL, VUSB_FAULT_LOST, 1, 0);
	T_EQ(s_finish(&so), EIO);
	vusb_fault(v, VUSB_CONTROL, VUSB_FAULT_NONE, 0, 0);
	T_CHECK(!h_status(v).vs_dtr && !h_status(v).vs_rts);
	h_open_raw(&sf, 9600);
	T_CHECK(h_status(v).vs_dtr && h_status(v).vs_rts);
	T_EQ(s_ioctl(&sf, TIOCMBIC, &bits), 0);
	vusb_fault(v, VUSB_CONTROL, VUSB_FAULT_LOST, 1, 0);
	T_EQ(s_ioctl(&sf, TIOCMBIS, &bits), EIO);
	T_CHECK(h_status(v).vs_dtr && h_status(v).vs_rts);
	T_EQ(s_modem(&sf) & bits, 0);
	s_close(&sf);
	T_CHECK(!h_status(v).vs_dtr && !h_status(v).vs_rts);
	h_remove(v);
}

static void
two_ports(void)
{
	const struct vusb_config vc = { .vc_model = VUSB_FTDI,
	    .vc_release = 0x0700, .vc_highspeed = true, .vc_product = 0x6010,
	    .vc_nports = 2 };
	struct vusb_status a, b;
	struct s_file sf[2];
	struct vusb *v;
	char c;

	h_begin();
	v = h_adapter(&vc);
	s_plug(v, "ttyU0");
	t_note("second port");
	s_plug_wait("ttyU1");
	T_EQ(s_open("ttyU0", S_RDWR | HYP_F_NONBLOCK, &sf[0]), 0);
	T_EQ(s_open("ttyU1", S_RDWR | HYP_F_NONBLOCK, &sf[1]), 0);
	T_EQ(s_raw(&sf[0], 9600, 8, 0), 0);
	T_EQ(s_raw(&sf[1], 1000000, 7, S_EVEN | S_CRTSCTS), 0);
	vusb_get_status(v, 0, &a);
	vusb_get_status(v, 1, &b);
	T_EQ(a.vs_baud, 9600);
	T_EQ(b.vs_baud, 1000000);
	T_EQ(a.vs_flow, 'N');
	T_EQ(b.vs_flow, 'R');
	T_EQ(b.vs_parity, 'E');
	s_write_all(&sf[1], "1", 1);
	s_far_read_all(v, 1, &c, 1);
	T_EQ(c, '1');
	T_EQ(vusb_far_write(v, 0, "0", 1, 1000), 1);
	s_read_all(&sf[0], &c, 1);
	T_EQ(c, '0');
	s_close(&sf[0]);
	vusb_get_status(v, 0, &a);
	vusb_get_status(v, 1, &b);
	T_CHECK(!a.vs_dtr && b.vs_dtr);
	s_close(&sf[1]);
	s_unplug(v);
	vusb_destroy(v);
	h_forget_memory();	/* K knows one more unit now */
}

static int
far_sends(const char *node, struct vusb *v, unsigned port)
{
	struct s_file sf;
	char c = 0;

	T_EQ(s_open(node, S_RDWR | HYP_F_NONBLOCK, &sf), 0);
	T_EQ(s_raw(&sf, 9600, 8, 0), 0);
	T_EQ(vusb_far_write(v, port, "x", 1, 1000), 1);
	s_read_all(&sf, &c, 1);
	s_close(&sf);
	return c == 'x';
}

/* Each has its own unit, whichever way round, and nobody else has. */
static void
two_units(void)
{
	struct vusb_config vc = { .vc_model = VUSB_FTDI,
	    .vc_release = 0x0700, .vc_highspeed = true, .vc_product = 0x6010,
	    .vc_nports = 2, .vc_pins = { 2, {
	    { 5, 1, -1, "ucom" }, { 6, 0, -1, "ucom" } } } };
	struct vusb *v;

	h_begin();
	T_EQ(hyp_node_pin("ucom", 5), 0);
	T_EQ(hyp_node_pin("ucom", 6), 0);
	v = h_adapter(&vc);
	s_plug(v, "ttyU5");
	s_plug_wait("ttyU6");
	T_CHECK(far_sends("ttyU6", v, 0));
	T_CHECK(far_sends("ttyU5", v, 1));
	s_unplug(v);
	vusb_destroy(v);
	/* One of them alone. */
	vc.vc_pins.hp_n = 1;
	v = h_adapter(&vc);
	s_plug(v, "ttyU5");
	s_plug_wait("ttyU0");
	T_CHECK(far_sends("ttyU0", v, 0));
	T_CHECK(far_sends("ttyU5", v, 1));
	s_unplug(v);
	vusb_destroy(v);
	h_forget_memory();
}

const struct t_case t_cases[] = {
	{ "first open: 9600 8N1, DTR, RTS, latency timer", first_open },
	{ "the first mode is Linux's, or BSD's", first_mode },
	{ "settings reach the chip; impossible ones change nothing", settings },
	{ "speed 0 drops DTR and a speed raises it", speed_zero },
	{ "FTDI: 1 MiB each way at once", mebibyte_ftdi },
	{ "ACM: 1 MiB each way at once", mebibyte_acm },
	{ "FTDI: status bytes are stripped at every size", odd_sizes },
	{ "FTDI: a packet without data is no data", status_only },
	{ "ping-pong of single bytes", ping_pong },
	{ "input that nobody reads stays in the device", input_back_pressure },
	{ "a write waits for a slow device", output_back_pressure },
	{ "a slow line has no room for more after three seconds' worth",
	    slow_line_is_full },
	{ "a stop leaves a second's worth on its way", stop_leaves_a_second },
	{ "last close sends what was written", close_drains },
	{ "tcdrain waits for the device and for the chip", drain_waits },
	{ "modem lines and break", modem_lines },
	{ "DTR and RTS move together, at a close too", lines_together },
	{ "a refused request does not keep an open out", refused_requests },
	{ "who asks for what is refused is told", refusals_are_told },
	{ "loss of carrier", carrier_loss },
	{ "ACM: settings, lines, break", acm_device },
	{ "DTR and RTS are down after a close, also if an answer was lost",
	    lines_unanswered },
	{ "FTDI with two ports", two_ports },
	{ "two ports, each with the unit that is pinned for it", two_units },
	{ NULL, NULL }
};
