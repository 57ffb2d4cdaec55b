/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tty.c - what is asked of a terminal's descriptor: settings and lines.
 *
 * The only file of this folder with <asm/termbits.h>, which has all speeds and
 * cannot live with <termios.h>.  Nothing is kept here, and nothing waits but
 * as the driver's ioctl(2) does.
 *
 * The line is raw, ignores carrier (CLOCAL) and does not hang up at the close
 * (no HUPCL): neither the start nor the end of a gateway moves DTR, more than
 * the driver's open does.
 *
 * Of PARMRK's marks a parity error and a framing error look the same, and an
 * overrun has none: marks.c asks the driver's counters as well.
 */
#include <asm/termbits.h>
#include <linux/serial.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "gateway/gateway.h"

/*
 * fd = tty_open(path)
 *
 *	-1 with errno.  ENOTTY: something else than a terminal.  Does not wait
 *	for carrier.
 */
int
tty_open(const char *path)
{
	struct termios2 t;
	struct stat st;
	int error, fd;

	/* To open a FIFO or a tape is to do something to it. */
	if (stat(path, &st) == -1)
		return -1;
	if (!S_ISCHR(st.st_mode)) {
		errno = ENOTTY;
		return -1;
	}
	fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1)
		return -1;
	if (ioctl(fd, TCGETS2, &t) == -1) {
		error = errno;
		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

static void
set_flag(tcflag_t *flags, tcflag_t bit, int on)
{

	if (on == 1)
		*flags |= bit;
	else if (on == 0)
		*flags &= ~bit;
}

static void
make_raw(struct termios2 *t)
{

	t->c_iflag &= (tcflag_t)(IXON | IXOFF | PARMRK | INPCK);
	t->c_oflag = 0;
	t->c_lflag = 0;
	t->c_cflag |= CREAD | CLOCAL;
	t->c_cflag &= ~(tcflag_t)HUPCL;
	t->c_cc[VMIN] = 1;
	t->c_cc[VTIME] = 0;
	t->c_cc[VSTART] = 0x11;
	t->c_cc[VSTOP] = 0x13;
}

/* What st asks for becomes t's. */
static void
wish(struct termios2 *t, const struct settings *st)
{
	static const tcflag_t sizes[] = { CS5, CS6, CS7, CS8 };
	static const tcflag_t parities[] = { 0, PARENB | PARODD, PARENB,
	    PARENB | PARODD | CMSPAR, PARENB | CMSPAR };

	if (st->st_speed != 0) {
		t->c_cflag &= ~(tcflag_t)(CBAUD | CIBAUD);
		t->c_cflag |= BOTHER;
		t->c_ispeed = t->c_ospeed = st->st_speed;
	}
	if (st->st_size != 0) {
		t->c_cflag &= ~(tcflag_t)CSIZE;
		t->c_cflag |= sizes[st->st_size - 5];
	}
	if (st->st_parity != 0) {
		t->c_cflag &= ~(tcflag_t)(PARENB | PARODD | CMSPAR);
		t->c_cflag |= parities[st->st_parity - 1];
	}
	if (st->st_stop != 0)
		set_flag(&t->c_cflag, CSTOPB, st->st_stop != 1);
	set_flag(&t->c_cflag, CRTSCTS, st->st_rtscts);
	set_flag(&t->c_iflag, IXON, st->st_ixon);
	set_flag(&t->c_iflag, IXOFF, st->st_ixoff);
}

static void
read_back(const struct termios2 *t, struct settings *st)
{
	const tcflag_t c = t->c_cflag;

	st->st_speed = t->c_ospeed;
	st->st_size = (uint8_t)((c & CSIZE) == CS5 ? 5 : (c & CSIZE) == CS6 ?
	    6 : (c & CSIZE) == CS7 ? 7 : 8);
	if (!(c & PARENB))
		st->st_parity = 1;
	else if (c & CMSPAR)
		st->st_parity = c & PARODD ? 4 : 5;
	else
		st->st_parity = c & PARODD ? 2 : 3;
	st->st_stop = !(c & CSTOPB) ? 1 : st->st_size == 5 ? 3 : 2;
	st->st_rtscts = (c & CRTSCTS) != 0;
	st->st_ixon = (t->c_iflag & IXON) != 0;
	st->st_ixoff = (t->c_iflag & IXOFF) != 0;
}

/*
 * error = tty_apply(fd, st)
 *
 *	Make the line as st says; then st is as the line is, whatever that was
 *	(but DTR and RTS: tty_lines).  errno: nothing was changed; EINVAL, the
 *	driver has no such setting.
 */
int
tty_apply(int fd, struct settings *st)
{
	struct termios2 t;
	int error = 0;

	if (ioctl(fd, TCGETS2, &t) == -1)
		return errno;
	make_raw(&t);
	wish(&t, st);
	if (ioctl(fd, TCSETS2, &t) == -1)
		error = errno;
	if (ioctl(fd, TCGETS2, &t) == -1)
		return error != 0 ? error : errno;
	read_back(&t, st);
	return error;
}

/* DTR and RTS as st says; then it has what they are, if the tty tells. */
void
tty_lines(int fd, struct settings *st)
{
	int set = 0, clear = 0, now;

	set |= st->st_dtr == 1 ? TIOCM_DTR : 0;
	set |= st->st_rts == 1 ? TIOCM_RTS : 0;
	clear |= st->st_dtr == 0 ? TIOCM_DTR : 0;
	clear |= st->st_rts == 0 ? TIOCM_RTS : 0;
	/* Both at once, as far as they move in one direction. */
	if (set != 0)
		(void)ioctl(fd, TIOCMBIS, &set);
	if (clear != 0)
		(void)ioctl(fd, TIOCMBIC, &clear);
	if (ioctl(fd, TIOCMGET, &now) == 0) {
		st->st_dtr = (now & TIOCM_DTR) != 0;
		st->st_rts = (now & TIOCM_RTS) != 0;
	}
}

/*
 * error = tty_pulse(fd, dtr, rts)
 *
 *	Each on (1), off (0), or as it is (-1); both in one call, if both move.
 */
int
tty_pulse(int fd, int dtr, int rts)
{
	const int which = (dtr != -1 ? TIOCM_DTR : 0) |
	    (rts != -1 ? TIOCM_RTS : 0);
	const int on = (dtr == 1 ? TIOCM_DTR : 0) | (rts == 1 ? TIOCM_RTS : 0);
	int now;

	if (on == which || on == 0)
		return ioctl(fd, on != 0 ? TIOCMBIS : TIOCMBIC, &which) == -1 ?
		    errno : 0;
	if (ioctl(fd, TIOCMGET, &now) == -1)
		return errno;
	now = (now & ~which) | on;
	return ioctl(fd, TIOCMSET, &now) == -1 ? errno : 0;
}

/* Breaks and errors are marked in the input, as termios(3) has it. */
int
tty_marks(int fd, bool on)
{
	struct termios2 t;

	if (ioctl(fd, TCGETS2, &t) == -1)
		return errno;
	set_flag(&t.c_iflag, PARMRK | INPCK, on);
	return ioctl(fd, TCSETS2, &t) == -1 ? errno : 0;
}

/* errno: its driver counts nothing. */
int
tty_counts(int fd, struct counts *ct)
{
	struct serial_icounter_struct ic = { .rx = 0 };

	if (ioctl(fd, TIOCGICOUNT, &ic) == -1)
		return errno;
	ct->ct_frame = (uint32_t)ic.frame;
	ct->ct_parity = (uint32_t)ic.parity;
	ct->ct_break = (uint32_t)ic.brk;
	ct->ct_overrun = (uint32_t)ic.overrun + (uint32_t)ic.buf_overrun;
	return 0;
}

/* MODEM_*; -1: the terminal has none.  One that is gone has all down. */
int
tty_modem(int fd)
{
	int now;

	if (ioctl(fd, TIOCMGET, &now) == -1)
		return errno == ENOTTY || errno == EINVAL ? -1 : 0;
	return (now & TIOCM_CTS ? MODEM_CTS : 0) |
	    (now & TIOCM_DSR ? MODEM_DSR : 0) |
	    (now & TIOCM_RNG ? MODEM_RI : 0) |
	    (now & TIOCM_CAR ? MODEM_DCD : 0);
}

int
tty_break(int fd, bool on)
{

	return ioctl(fd, on ? TIOCSBRK : TIOCCBRK, 0) == -1 ? errno : 0;
}

void
tty_flush(int fd, bool in, bool out)
{

	if (in || out)
		(void)ioctl(fd, TCFLSH, in && out ? TCIOFLUSH :
		    in ? TCIFLUSH : TCOFLUSH);
}
