/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kills_client.c - the clients of kills.c, and the far ends of their lines.
 *
 * Of a line with a far end client 2i writes and client 2i + 1 reads; the others
 * do what comes.  Each says of every call that it is over (s_calls).
 *
 * A number is sent as its four digits to base 64, the lowest first; of each
 * byte the two bits on top say which digit it is.  Digits may be missing.  None
 * has come twice, or out of order, if there is a number for each row of
 * digits that came together, and each of these is higher than that before; or
 * the same, if its digits go on above.  Always the lowest one is taken that
 * fits.  Numbers wrap.
 */
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stress/kills.h"

#define	DIGITS		4u
#define	BITS		6u
#define	NUMBERS		(UINT32_C(1) << DIGITS * BITS)
#define	CHUNK		16u		/* numbers at a time */
#define	FAR_MS		5
#define	PAUSE_US	5000u		/* 16 clients share a CPU */

static unsigned self;

/* ---- bytes that say which they are ----------------------------------- */

static void
numbers_put(uint8_t *to, uint32_t n)
{

	for (unsigned i = 0; i < DIGITS * CHUNK; i++)
		to[i] = (uint8_t)(i % DIGITS << BITS |
		    ((n + i / DIGITS) >> i % DIGITS * BITS & 63));
}

/* A came_t, unpacked. */
struct came {
	uint32_t	 last;		/* the lowest that fits */
	unsigned	 top;		/* its highest digit that has come */
	unsigned	 first, n;	/* the digits since then */
	uint32_t	 value;
};

/* These digits have no more after them; false: they fit no number. */
static bool
came_over(struct came *c)
{
	const unsigned shift = c->first * BITS;
	const uint32_t unit = UINT32_C(1) << c->n * BITS;
	const uint32_t from = c->last + (c->first <= c->top);
	uint32_t high = from >> shift, number;

	if (c->n == 0)
		return true;
	if ((high & (unit - 1)) == c->value)
		number = from;
	else {
		high = (high & ~(unit - 1)) +
		    ((high & (unit - 1)) > c->value ? unit : 0) + c->value;
		number = high << shift;
	}
	c->last = number % NUMBERS;
	c->top = c->first + c->n - 1;
	c->n = 0;
	return number - from < NUMBERS / 2;
}

static bool
came_byte(struct came *c, uint8_t byte)
{
	const unsigned digit = byte >> BITS;
	bool good = true;

	if (c->n == 0 || digit != c->first + c->n) {
		good = came_over(c);
		c->first = digit;
		c->value = 0;
	}
	c->value |= (byte & 63u) << c->n * BITS;
	c->n++;
	return good;
}

/* One store, in case that somebody is killed. */
static void
came(_Atomic came_t *where, const uint8_t *bytes, size_t n, const char *what)
{
	const came_t old = *where;
	struct came c = {
		.last = old % NUMBERS, .top = old >> 24 & 3,
		.first = old >> 26 & 3, .n = old >> 28 & 7,
		.value = (uint32_t)(old >> 32),
	};

	for (size_t i = 0; i < n; i++) {
		if (!came_byte(&c, bytes[i]))
			wrong("%s: byte %zu of %zu, %02x, came twice or out "
			    "of order; number %u is the last", what, i, n,
			    bytes[i], c.last);
	}
	*where = c.last | (came_t)c.top << 24 | (came_t)c.first << 26 |
	    (came_t)c.n << 28 | (came_t)c.value << 32;
}

/* ---- calls ----------------------------------------------------------- */

static long
did(unsigned call, long result)
{

	if (result >= 0)
		sh->s_done[call]++;
	else
		sh->s_errno[call][errno < ERRNOS ? errno : 0]++;
	sh->s_calls[self]++;
	return result;
}

/* An open file, and how many kills there had been. */
struct file {
	const struct line *f_line;
	int		 f_fd;
	unsigned	 f_born;
};

static bool
is_dead(const struct file *f)
{

	return sh->s_dead > f->f_born;
}

static bool
same_mode(const struct termios *a, const struct termios *b)
{

	return a->c_iflag == b->c_iflag && a->c_oflag == b->c_oflag &&
	    a->c_cflag == b->c_cflag && a->c_lflag == b->c_lflag &&
	    cfgetospeed(a) == cfgetospeed(b) &&
	    memcmp(a->c_cc, b->c_cc, sizeof(a->c_cc)) == 0;
}

/* Those of a file that is dead from now on make it dead for the caller. */
static bool
file_mode(const struct file *f)
{
	const bool dead = is_dead(f);
	struct termios t;

	if (did(IOCTL, tcgetattr(f->f_fd, &t)) == -1)
		return false;
	if (dead)
		wrong("%s: tcgetattr of a dead file", f->f_line->l_node);
	if (!same_mode(&t, &f->f_line->l_mode))
		wrong("%s has lost its settings", f->f_line->l_node);
	return true;
}

static bool
file_open(struct file *f, const struct line *l, int flags)
{

	f->f_line = l;
	f->f_fd = (int)did(OPEN, open(l->l_node, O_RDWR | O_NOCTTY | flags));
	f->f_born = sh->s_kills;
	if (f->f_fd == -1) {
		usleep(2000);
		return false;
	}
	return true;
}

static void
file_close(struct file *f)
{

	(void)did(CLOSE, close(f->f_fd));
}

/* >0: so many; 0: it is dead; -1: errno. */
static ssize_t
file_read(const struct file *f, void *buf, size_t len)
{
	const bool dead = is_dead(f);
	const ssize_t n = did(READ, read(f->f_fd, buf, len));

	if (dead && n != 0)
		wrong("%s: read of a dead file: %zd, %s", f->f_line->l_node,
		    n, strerror(errno));
	return n;
}

static ssize_t
file_write(const struct file *f, const void *buf, size_t len)
{
	const bool dead = is_dead(f);
	const ssize_t n = did(WRITE, write(f->f_fd, buf, len));

	if (dead && (n != -1 || errno != EIO))
		wrong("%s: write to a dead file: %zd, %s", f->f_line->l_node,
		    n, strerror(errno));
	return n;
}

static bool
file_poll(const struct file *f, int ms)
{
	struct pollfd pfd = { .fd = f->f_fd, .events = POLLIN };
	const bool dead = is_dead(f);
	const int n = (int)did(POLL, poll(&pfd, 1, ms));

	if (dead && (n != 1 || (pfd.revents & POLLERR) == 0))
		wrong("%s: poll of a dead file: %d, %#x", f->f_line->l_node,
		    n, (unsigned)pfd.revents);
	return n != -1 && (pfd.revents & POLLERR) == 0;
}

static bool
file_ioctl(const struct file *f)
{
	const bool dead = is_dead(f);
	int value, n;

	n = rand() % 4 != 0 ?
	    ioctl(f->f_fd, rand() % 2 ? TIOCMGET : TIOCOUTQ, &value) :
	    tcdrain(f->f_fd);
	(void)did(IOCTL, n);
	if (dead && (n != -1 || errno != EBADF))
		wrong("%s: ioctl of a dead file: %d, %s", f->f_line->l_node,
		    n, strerror(errno));
	return n != -1;
}

/* ---- clients --------------------------------------------------------- */

/* What has perhaps been sent is not sent again. */
static void
writes(unsigned i)
{
	uint8_t buf[DIGITS * CHUNK];
	size_t done;
	struct file f;
	ssize_t n = 0;

	if (!file_open(&f, &lines[i], 0))
		return;
	while (file_mode(&f) && n != -1 && !sh->s_stop) {
		/* Sometimes more than there is room for. */
		if (rand() % 8 != 0)
			usleep(PAUSE_US);
		numbers_put(buf, atomic_fetch_add(&sh->s_next[i], CHUNK) + 1);
		for (done = 0; done < sizeof(buf); done += (size_t)n) {
			n = file_write(&f, buf + done, sizeof(buf) - done);
			if (n == -1)
				break;
			sh->s_sent += (unsigned long)n;
		}
	}
	file_close(&f);
}

static void
reads(unsigned i)
{
	uint8_t buf[256];
	struct file f;
	ssize_t n = 1;

	if (!file_open(&f, &lines[i], 0))
		return;
	while (n > 0 && !sh->s_stop) {
		n = file_read(&f, buf, sizeof(buf));
		if (n > 0)
			came(&sh->s_in[i], buf, (size_t)n, lines[i].l_node);
	}
	file_close(&f);
}

/* One call of those that may be made there; false: not any more. */
static bool
call(const struct file *f)
{
	char buf[256];
	size_t n;

	switch (rand() % (f->f_line->l_far != NULL ? 3 : 6)) {
	case 0:
		return file_mode(f);
	case 1:
		return file_poll(f, rand() % 4 ? rand() % 50 : -1);
	case 2:
		return file_ioctl(f);
	case 3:
		return file_read(f, buf, sizeof(buf)) > 0 || errno == EAGAIN;
	default:
		memset(buf, 'x', sizeof(buf));
		n = 1 + (unsigned)rand() % sizeof(buf);
		return file_write(f, buf, n) > 0 || errno == EAGAIN;
	}
}

static void
works(void)
{
	struct file f;

	if (!file_open(&f, &lines[(unsigned)rand() % nlines],
	    rand() % 2 ? O_NONBLOCK : 0))
		return;
	for (unsigned n = (unsigned)rand() % 20; n > 0 && !sh->s_stop; n--) {
		errno = 0;
		if (!call(&f))
			break;
		usleep((useconds_t)rand() % (4 * PAUSE_US));
	}
	/* Some look at what they have left of it later. */
	if (rand() % 4 == 0) {
		usleep((useconds_t)rand() % 500000);
		(void)call(&f);
	}
	file_close(&f);
}

void
client_main(unsigned i)
{

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	self = i;
	srand((unsigned)getpid());
	while (!sh->s_stop) {
		if (i >= 2 * nnumbered)
			works();
		else if (i % 2 == 0)
			writes(i / 2);
		else
			reads(i / 2);
	}
}

/* ---- far ends -------------------------------------------------------- */

/* -1: nobody is there now; a chip may have died with its daemon. */
static int
far_open(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	if (fd != -1 && connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0)
		return fd;
	if (fd != -1)
		close(fd);
	usleep(1000);
	return -1;
}

/* What there is no room for is not sent later. */
static bool
far_sends(int fd, uint32_t *number)
{
	uint8_t buf[DIGITS * CHUNK];

	numbers_put(buf, *number + 1);
	*number += CHUNK;
	return send(fd, buf, sizeof(buf), MSG_DONTWAIT | MSG_NOSIGNAL) != -1 ||
	    errno == EAGAIN;
}

static void
far_lives(int fd, const char *path, uint32_t *number, _Atomic came_t *so_far)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	uint64_t next = now_ms();
	uint8_t buf[1024];
	ssize_t n;

	for (;;) {
		(void)poll(&pfd, 1, FAR_MS);
		n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
		if (n == 0 || (n == -1 && errno != EAGAIN))
			return;
		if (n > 0) {
			came(so_far, buf, (size_t)n, path);
			sh->s_received += (unsigned long)n;
		}
		if (now_ms() < next)
			continue;
		if (!far_sends(fd, number))
			return;
		next = now_ms() + FAR_MS;
	}
}

void
far_start(const struct line *l, uint32_t first)
{
	_Atomic came_t so_far = first;
	uint32_t number = first;
	int fd;

	if (fork() != 0)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		if ((fd = far_open(l->l_far)) == -1)
			continue;
		far_lives(fd, l->l_far, &number, &so_far);
		close(fd);
	}
}
