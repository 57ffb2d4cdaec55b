/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_ioctl.c - Linux ioctls: sizes, and the BSD ioctls that they become.
 */
#include <sys/param.h>
#include <sys/fcntl.h>
#include <sys/ioctl.h>
#include <sys/lwp.h>
#include <sys/systm.h>
#include <sys/termios.h>

#include <dev/hid/hidraw.h>

#include "compat/compat.h"
#include "h_linux.h"
#include "h_test.h"

/* A tty that writes down what it is asked. */
#define	MAXASK	16

static struct {
	u_long		cmd[MAXASK];
	int		value[MAXASK];	/* first int of an IOC_IN argument */
	u_int		n;
	struct termios	termios;
	struct tty_port	port;
	int		rate;		/* TIOCGRATE */
	u_long		fail_cmd;
	int		fail_error;
	u_char		big[1028];
} dev;

static int
fake_ioctl(void *cookie, u_long cmd, void *data)
{

	T_CHECK(cookie == &dev);
	T_CHECK(dev.n < MAXASK);
	dev.cmd[dev.n] = cmd;
	dev.value[dev.n] = IOCPARM_LEN(cmd) >= sizeof(int) && (cmd & IOC_IN) ?
	    *(int *)data : 0;
	dev.n++;
	if (cmd == dev.fail_cmd) {
		if (cmd & IOC_OUT)
			memset(data, 0xee, IOCPARM_LEN(cmd));
		return dev.fail_error;
	}
	switch (cmd) {
	case TIOCGETA:
		*(struct termios *)data = dev.termios;
		return 0;
	case TIOCSETA:
	case TIOCSETAW:
	case TIOCSETAF:
		dev.termios = *(struct termios *)data;
		return 0;
	case TIOCMGET:
		*(int *)data = TIOCM_DTR | TIOCM_CD;
		return 0;
	case FIONREAD:
	case TIOCOUTQ:
	case TIOCGQSIZE:
		*(int *)data = 4711;
		return 0;
	case TIOCGXCL:
	case TIOCGTXEMPTY:
		*(int *)data = 1;
		return 0;
	case TIOCGPORT:
		*(struct tty_port *)data = dev.port;
		return 0;
	case TIOCSPORT:
		dev.port = *(struct tty_port *)data;
		return dev.port.tp_closing_wait < 0 ? EINVAL : 0;
	case TIOCGRATE:
		*(int *)data = dev.rate;
		return 0;
	case TIOCGCOUNTS:
		*(struct tty_counts *)data = (struct tty_counts){
			.tc_cts = 1, .tc_dsr = 2, .tc_rng = 3, .tc_dcd = 4,
			.tc_rx = 5, .tc_tx = 6, .tc_frame = 7,
			.tc_parity = 9, .tc_brk = 10, .tc_overrun = 8,
			.tc_buf_overrun = 11 };
		return 0;
	default:
		return 0;
	}
}

static int result;

static void
setup(void)
{

	memset(&dev, 0, sizeof(dev));
	dev.termios.c_iflag = TTYDEF_IFLAG;
	dev.termios.c_oflag = TTYDEF_OFLAG;
	dev.termios.c_cflag = TTYDEF_CFLAG;
	dev.termios.c_lflag = TTYDEF_LFLAG;
	dev.termios.c_ospeed = 9600;
}

static int
ask(uint32_t cmd, uint64_t arg, const void *in, void *out)
{
	size_t insz, outsz;

	T_EQ(compat_ioctl_size(cmd, &insz, &outsz), 0);
	dev.n = 0;
	return compat_ioctl(cmd, arg, in, insz, out, &outsz, &result,
	    fake_ioctl, &dev);
}

/* The BSD ioctls of the last ask, and their first argument. */
#define	ASKED(i, c)	do {						\
	T_CHECK((i) < dev.n);						\
	T_EQ(dev.cmd[i], (c));						\
} while (0)

static void
test_sizes(void)
{
	const struct h_size *hs;
	const unsigned *r;
	size_t in, out;

	for (hs = h_sizes; hs->hs_name != NULL; hs++) {
		if (compat_ioctl_size(hs->hs_cmd, &in, &out) != 0)
			t_fail(__FILE__, __LINE__, "%s unknown", hs->hs_name);
		else if (in != hs->hs_in ||
		    out != hs->hs_out)
			t_fail(__FILE__, __LINE__, "%s: %zu, %zu",
			    hs->hs_name, in, out);
	}
	for (r = h_refused; *r != 0; r++) {
		T_EQ(compat_ioctl_size(*r, &in, &out), ENOTTY);
		T_EQ(compat_ioctl(*r, 0, NULL, 0, NULL, &out, &result,
		    fake_ioctl, &dev), ENOTTY);
	}
}

/* BSD commands spelled with Linux's macros. */
static void
test_native(void)
{
	static u_char buf[1028], out[1028];
	size_t insz, outsz;
	int v = 77;

	setup();
	/* _IOR('U', 21, 1028 bytes), _IOW('t', 92, int), _IO('t', 121) */
	T_EQ(compat_ioctl_size(0x84045515, &insz, &outsz), 0);
	T_EQ(insz, 0);
	T_EQ(outsz, 1028);
	T_EQ(ask(0x84045515, 0, NULL, out), 0);
	ASKED(0, _IOC(IOC_OUT, 'U', 21, 1028));
	T_EQ(ask(0x4004745c, 0, &v, NULL), 0);
	ASKED(0, TIOCSFLAGS);
	T_EQ(dev.value[0], 77);
	T_EQ(ask(0x00007479, 0, NULL, NULL), 0);
	ASKED(0, TIOCSDTR);
	/* _IOWR */
	T_EQ(ask(0xc4045517, 0, buf, out), 0);
	ASKED(0, _IOC(IOC_INOUT, 'U', 23, 1028));
	/* Too long for BSD's 13 bits; size without direction. */
	T_EQ(compat_ioctl_size(0x80000000 | 0x2000u << 16 | 'U' << 8, &insz,
	    &outsz), ENOTTY);
	T_EQ(compat_ioctl_size(0x00045501, &insz, &outsz), ENOTTY);
}

static int
echo_ioctl(void *cookie __unused, u_long cmd, void *data)
{
	u_char *p = data;
	size_t i;

	for (i = 0; i < IOCPARM_LEN(cmd); i++)
		p[i] ^= 0x5a;
	return 0;
}

static void
test_native_data(void)
{
	static u_char in[1028], out[1028];
	size_t outsz = sizeof(out);
	u_int i;

	for (i = 0; i < sizeof(in); i++)
		in[i] = (u_char)(i * 3);
	T_EQ(compat_ioctl(0xc4045517, 0, in, 1028, out, &outsz, &result,
	    echo_ioctl, NULL), 0);
	for (i = 0; i < sizeof(in); i++)
		T_EQ(out[i], in[i] ^ 0x5a);
	/* All of it is the answer, as with BSD's kernel. */
	T_EQ(outsz, sizeof(out));
	/* _IOR: the driver starts from zeros. */
	outsz = 4;
	T_EQ(compat_ioctl(0x80045501, 0, NULL, 0, out, &outsz, &result,
	    echo_ioctl, NULL), 0);
	T_EQ(out[0] & out[3], 0x5a);
	/* A driver that fails has answered nothing, whatever it has written. */
	setup();
	memset(out, 0x77, sizeof(out));
	dev.fail_cmd = _IOC(IOC_INOUT, 'U', 23, 1028);
	dev.fail_error = EIO;
	T_EQ(ask(0xc4045517, 0, in, out), EIO);
	for (i = 0; i < sizeof(out); i++)
		T_EQ(out[i], 0x77);
}

static void
test_termios(void)
{
	struct linux_termios2 lt, lt2;
	struct linux_termio lo;
	uint32_t cmd;

	setup();
	memset(&lt, 0xee, sizeof(lt));
	T_EQ(ask(0x5401, 0, NULL, &lt), 0);
	T_EQ(lt.c_cflag & 0x100f, 0x000d);
	T_EQ(lt.c_ispeed, 0xeeeeeeee);		/* not TCGETS's */
	for (cmd = 0x5402; cmd <= 0x5404; cmd++) {
		lt.c_cflag = 0x80001cb2;
		T_EQ(ask(cmd, 0, &lt, NULL), 0);
		ASKED(0, TIOCGETA);
		ASKED(1, (u_long)TIOCSETA + (cmd - 0x5402));
		T_EQ(dev.termios.c_ospeed, 115200);
		T_CHECK(ISSET(dev.termios.c_cflag, CRTSCTS));
	}
	/* A speed without a code survives a client that knows none. */
	T_EQ(ask(0x802c542a, 0, NULL, &lt), 0);
	lt.c_cflag = (lt.c_cflag & ~(uint32_t)0x100f) | h_bother;
	lt.c_ospeed = 31250;
	T_EQ(ask(0x402c542b, 0, &lt, NULL), 0);
	T_EQ(dev.termios.c_ospeed, 31250);
	memset(&lt2, 0, sizeof(lt2));
	T_EQ(ask(0x5401, 0, NULL, &lt2), 0);
	T_EQ(lt2.c_cflag & 0x100f, h_bother);
	lt2.c_lflag = 0;
	T_EQ(ask(0x5402, 0, &lt2, NULL), 0);
	T_EQ(dev.termios.c_ospeed, 31250);
	T_EQ(dev.termios.c_lflag, 0);
	/* Told as it is; who sets what he was told does not lose the name. */
	dev.termios.c_ospeed = 115200;
	dev.rate = 115385;
	T_EQ(ask(0x802c542a, 0, NULL, &lt), 0);
	T_CHECK(lt.c_ospeed == 115385 && lt.c_ispeed == 115385);
	T_EQ(lt.c_cflag & 0x100f, 0x1002);
	T_EQ(ask(0x402c542b, 0, &lt, NULL), 0);
	T_EQ(dev.termios.c_ospeed, 115200);
	dev.rate = 119000;
	T_EQ(ask(0x5401, 0, NULL, &lt2), 0);
	T_EQ(lt2.c_cflag & 0x100f, h_bother);
	T_EQ(ask(0x5402, 0, &lt2, NULL), 0);
	T_EQ(dev.termios.c_ospeed, 115200);
	dev.rate = 0;
	/* termio: the upper halves stay. */
	T_EQ(ask(0x5405, 0, NULL, &lo), 0);
	lo.c_cflag = (uint16_t)((lo.c_cflag & ~0x100f) | 0x000e);
	lo.c_cc[0] = 'z';
	T_EQ(ask(0x5407, 0, &lo, NULL), 0);
	ASKED(1, TIOCSETAW);
	T_EQ(dev.termios.c_ospeed, 19200);
	T_CHECK(ISSET(dev.termios.c_cflag, CRTSCTS));
	T_EQ(dev.termios.c_cc[VINTR], 'z');
	/* B0 goes down as it is. */
	lt2.c_cflag &= ~(uint32_t)0x100f;
	T_EQ(ask(0x5402, 0, &lt2, NULL), 0);
	T_EQ(dev.termios.c_ospeed, 0);
}

static void
test_simple(void)
{
	int v = 0;

	setup();
	T_EQ(ask(0x5415, 0, NULL, &v), 0);
	T_EQ(v, TIOCM_DTR | TIOCM_CD);
	v = TIOCM_RTS | 0x2000;			/* OUT1: unknown */
	T_EQ(ask(0x5416, 0, &v, NULL), 0);
	ASKED(0, TIOCMBIS);
	T_EQ(dev.value[0], TIOCM_RTS);
	T_EQ(ask(0x5417, 0, &v, NULL), 0);
	ASKED(0, TIOCMBIC);
	T_EQ(ask(0x5418, 0, &v, NULL), 0);
	ASKED(0, TIOCMSET);
	T_EQ(ask(0x541b, 0, NULL, &v), 0);
	ASKED(0, FIONREAD);
	T_EQ(v, 4711);
	T_EQ(ask(0x5411, 0, NULL, &v), 0);
	ASKED(0, TIOCOUTQ);
	T_EQ(ask(0x540c, 0, NULL, NULL), 0);
	ASKED(0, TIOCEXCL);
	T_EQ(ask(0x540d, 0, NULL, NULL), 0);
	ASKED(0, TIOCNXCL);
	T_EQ(ask(0x80045440, 0, NULL, &v), 0);
	T_EQ(v, 1);
	T_EQ(ask(0x5419, 0, NULL, &v), 0);
	T_EQ(v, 0);
	v = 1;
	T_EQ(ask(0x541a, 0, &v, NULL), 0);
	T_CHECK(ISSET(dev.termios.c_cflag, CLOCAL));
	T_EQ(ask(0x5419, 0, NULL, &v), 0);
	T_EQ(v, 1);
	v = 2;					/* N_MOUSE */
	T_EQ(ask(0x5423, 0, &v, NULL), EINVAL);
	v = 0;
	T_EQ(ask(0x5423, 0, &v, NULL), 0);
	T_EQ(ask(0x545c, TIOCM_CTS, NULL, NULL), 0);
	ASKED(0, TIOCMWAIT);
	T_EQ(dev.value[0], TIOCM_CTS);
}

static void
test_flow(void)
{
	static const int rw[] = { FREAD, FWRITE, FREAD | FWRITE };
	u_int i;

	setup();
	for (i = 0; i < 3; i++) {
		T_EQ(ask(0x540b, i, NULL, NULL), 0);
		ASKED(0, TIOCFLUSH);
		T_EQ(dev.value[0], rw[i]);
	}
	T_EQ(ask(0x540b, 3, NULL, NULL), EINVAL);
	T_EQ(ask(0x540a, 0, NULL, NULL), 0);
	ASKED(0, TIOCSTOP);
	T_EQ(ask(0x540a, 1, NULL, NULL), 0);
	ASKED(0, TIOCSTART);
	T_EQ(ask(0x540a, 2, NULL, NULL), 0);
	ASKED(0, TIOCIFLOW);
	T_EQ(dev.value[0], 0);
	T_EQ(ask(0x540a, 3, NULL, NULL), 0);
	T_EQ(dev.value[0], 1);
	T_EQ(ask(0x540a, 4, NULL, NULL), EINVAL);
}

static void
test_break(void)
{
	uint64_t start;

	setup();
	T_EQ(ask(0x5409, 1, NULL, NULL), 0);	/* tcdrain */
	T_EQ(dev.n, 1);
	ASKED(0, TIOCDRAIN);
	start = t_now_ms();
	T_EQ(ask(0x5409, 0, NULL, NULL), 0);
	T_CHECK(t_now_ms() - start >= 250);
	T_EQ(dev.n, 3);
	ASKED(0, TIOCDRAIN);
	ASKED(1, TIOCSBRK);
	ASKED(2, TIOCCBRK);
	start = t_now_ms();
	T_EQ(ask(0x5425, 1, NULL, NULL), 0);
	T_CHECK(t_now_ms() - start >= 100);
	/* Interrupted: it ends, and says so. */
	lwp_intr_post(curlwp);
	T_EQ(ask(0x5425, 36000, NULL, NULL), EINTR);
	ASKED(2, TIOCCBRK);
	curlwp->l_wake = 0;
	/* What the driver says comes up. */
	dev.fail_cmd = TIOCSBRK;
	dev.fail_error = EPASSTHROUGH;
	T_EQ(ask(0x5409, 0, NULL, NULL), EPASSTHROUGH);
	T_EQ(dev.n, 2);
	dev.fail_cmd = TIOCDRAIN;
	dev.fail_error = ERESTART;
	T_EQ(ask(0x5409, 0, NULL, NULL), ERESTART);
	T_EQ(dev.n, 1);
	curlwp->l_nosleep = true;
	dev.fail_cmd = 0;
	T_EQ(ask(0x5409, 0, NULL, NULL), EWOULDBLOCK);
	T_EQ(dev.n, 1);
	curlwp->l_nosleep = false;
}

static void
test_serial(void)
{
	uint32_t ser[18];
	int icount[20], lsr = 77;
	u_int i;

	setup();
	dev.port = (struct tty_port){ TTYPORT_LOWLAT, 999, 5000 };
	T_EQ(ask(0x541e, 0, NULL, ser), 0);
	T_EQ(ser[0], 0);		/* PORT_UNKNOWN: there is no UART */
	T_EQ(ser[4] & 0x2000, 0x2000);	/* ASYNC_LOW_LATENCY */
	T_EQ(ser[6], 0);		/* custom_divisor */
	T_EQ(ser[7], 9600);
	T_EQ(ser[8] & 0xffff, 100);	/* close_delay */
	T_EQ(ser[10] & 0xffff, 500);	/* closing_wait */
	T_EQ(ask(0x541f, 0, ser, NULL), 0);
	T_CHECK(dev.port.tp_flags == TTYPORT_LOWLAT && dev.port.
	    tp_close_delay == 999 && dev.port.tp_closing_wait == 5000);
	ser[4] &= ~0x2000u;
	ser[8] = 7;
	ser[10] = 65535;		/* ASYNC_CLOSING_WAIT_NONE */
	T_EQ(ask(0x541f, 0, ser, NULL), 0);
	T_CHECK(dev.port.tp_flags == 0 && dev.port.tp_close_delay == 70 &&
	    dev.port.tp_closing_wait == 0);
	T_EQ(ask(0x541e, 0, NULL, ser), 0);
	T_EQ(ser[10] & 0xffff, 65535);
	ser[10] = 0;			/* for ever */
	T_EQ(ask(0x541f, 0, ser, NULL), EINVAL);
	dev.port.tp_closing_wait = 10;
	T_EQ(ask(0x541e, 0, NULL, ser), 0);
	ser[4] |= 0x0030;		/* ASYNC_SPD_CUST */
	T_EQ(ask(0x541f, 0, ser, NULL), EINVAL);
	ser[4] &= ~0x0030u;
	ser[6] = 24;
	T_EQ(ask(0x541f, 0, ser, NULL), EINVAL);
	T_EQ(ask(0x5459, 0, NULL, &lsr), 0);
	ASKED(0, TIOCGTXEMPTY);
	T_EQ(lsr, 1);			/* TIOCSER_TEMT */
	T_EQ(ask(0x545d, 0, NULL, icount), 0);
	for (i = 0; i < 11; i++)
		T_EQ(icount[i], i + 1);
	for (; i < 20; i++)
		T_EQ(icount[i], 0);
	/* Not a tty. */
	dev.fail_cmd = TIOCGETA;
	dev.fail_error = EINVAL;
	T_EQ(ask(0x541e, 0, NULL, ser), EINVAL);
	T_EQ(ask(0x5401, 0, NULL, ser), EINVAL);
}

/* A driver for hidraw's that has n bytes to say, and counts them. */
static int
hid_ioctl(void *cookie, u_long cmd, void *data)
{
	struct hidraw_ioctl *const hi = data;
	const size_t *const n = cookie;

	T_EQ(cmd, HIDRAW_IOCTL);
	memset(hi->hi_out, 'h', hi->hi_outsize);
	if (n != NULL)
		hi->hi_outlen = *n;
	hi->hi_result = 3;
	return 0;
}

/* How much is the answer tells the driver, up to what the number says. */
static void
test_hid(void)
{
	const uint32_t grdesc = 0x90044802, gname = 0x80644804;
	u_char in[4] = { 5 }, out[4096];
	size_t outsz = sizeof(out), n = 5;

	T_EQ(compat_ioctl_outoff(grdesc), 4);
	T_EQ(compat_ioctl_outoff(gname), 0);
	T_EQ(compat_ioctl_outoff(0x5401), 0);
	T_EQ(compat_ioctl(grdesc, 0, in, 4, out, &outsz, &result, hid_ioctl,
	    &n), 0);
	T_EQ(outsz, 5);
	T_EQ(result, 3);
	outsz = 100;
	T_EQ(compat_ioctl(gname, 0, NULL, 0, out, &outsz, &result, hid_ioctl,
	    &n), 0);
	T_EQ(outsz, 5);
	/* A driver that does not say. */
	outsz = 100;
	T_EQ(compat_ioctl(gname, 0, NULL, 0, out, &outsz, &result, hid_ioctl,
	    NULL), 0);
	T_EQ(outsz, 100);
}

const struct t_case t_cases[] = {
	{ "sizes are those of this machine's headers", test_sizes },
	{ "numbers with a size pass with BSD's directions", test_native },
	{ "and so does their data", test_native_data },
	{ "settings", test_termios },
	{ "commands that become one", test_simple },
	{ "tcflush and tcflow", test_flow },
	{ "breaks", test_break },
	{ "the port", test_serial },
	{ "an answer of hidraw's is as long as it is", test_hid },
	{ NULL, NULL }
};
