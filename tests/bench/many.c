/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * many.c - many serial adapters that all say something, at a line's speed.
 *
 *	many BAUD BYTES SECONDS NEAR FAR [NEAR FAR]...
 *
 * A hundred times a second BYTES are written to each far end (a socket of
 * vusb-serve), and whatever has come is read from the adapters' nodes; when the
 * SECONDS are over, until all has.  What arrives is compared.  Prints "ready"
 * when all is open, and the number of bytes when all has come; begins, and
 * ends, when there is a line to read.  The adapters are set to BAUD, of which
 * it knows 115200 and 3000000.
 *
 * It waits with epoll(7): select(2) and poll(2) ask each node again whenever one of
 * them has something, and a question to a CUSE node is a request.
 */
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "bench/h_bench.h"

#define	TICK_US	10000.0
#define	MAX	256
#define	SILENCE	30000		/* ms without a byte: it is lost */

static int near[MAX], far[MAX], epfd;
static size_t sent[MAX], got[MAX];
static unsigned n;

static int
socket_open(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	if (fd == -1 || connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1)
		b_die(path);
	return fd;
}

static void
feed(size_t bytes)
{
	char buf[4096];

	for (unsigned i = 0; i < n; i++) {
		b_pattern(buf, bytes, sent[i]);
		b_write(far[i], buf, bytes);
		sent[i] += bytes;
	}
}

/* What comes within timeout ms, and at once after it; how much that was. */
static size_t
take(int timeout)
{
	struct epoll_event ev[MAX];
	const int ready = epoll_wait(epfd, ev, MAX, timeout);
	size_t all = 0;

	for (int k = 0; k < ready; k++) {
		const unsigned i = ev[k].data.u32;
		char buf[4096];
		const ssize_t len = read(near[i], buf, sizeof(buf));

		if (len <= 0)
			b_die("read");
		b_check(buf, (size_t)len, got[i]);
		got[i] += (size_t)len;
		all += (size_t)len;
	}
	if (ready == -1 && errno != EINTR)
		b_die("epoll_wait");
	return all;
}

static void
pair_open(speed_t speed, const char *node, const char *end)
{
	struct termios t;
	struct epoll_event ev = { .events = EPOLLIN, .data.u32 = n };

	near[n] = b_tty(node);
	if (tcgetattr(near[n], &t) == -1 || cfsetspeed(&t, speed) == -1 ||
	    tcsetattr(near[n], TCSANOW, &t) == -1)
		b_die(node);
	far[n] = socket_open(end);
	if (epoll_ctl(epfd, EPOLL_CTL_ADD, near[n], &ev) == -1)
		b_die("epoll_ctl");
}

int
main(int argc, char **argv)
{
	size_t baud, bytes, left = 0, some;
	unsigned ticks, t;
	double begin;

	if (argc < 6 || argc % 2 != 0 || argc > 4 + 2 * MAX) {
		fprintf(stderr, "usage: many BAUD BYTES SECONDS NEAR FAR...\n");
		return 2;
	}
	baud = strtoul(argv[1], NULL, 0);
	bytes = strtoul(argv[2], NULL, 0);
	ticks = (unsigned)(atof(argv[3]) * 1e6 / TICK_US);
	if ((baud != 115200 && baud != 3000000) || bytes > 4096) {
		fprintf(stderr, "many: 115200 or 3000000, 4096 bytes at most\n");
		return 2;
	}
	if ((epfd = epoll_create1(EPOLL_CLOEXEC)) == -1)
		b_die("epoll_create1");
	for (n = 0; argv[4 + 2 * n] != NULL; n++)
		pair_open(baud == 115200 ? B115200 : B3000000, argv[4 + 2 * n],
		    argv[5 + 2 * n]);
	printf("ready\n");
	fflush(stdout);
	(void)getchar();
	begin = b_now();
	for (t = 0; t < ticks; t++) {
		const double next = begin + (t + 1) * TICK_US;
		double now;

		feed(bytes);
		while ((now = b_now()) < next)
			(void)take((int)((next - now) / 1e3) + 1);
	}
	for (unsigned i = 0; i < n; i++)
		left += sent[i] - got[i];
	for (; left > 0; left -= some) {
		if ((some = take(SILENCE)) == 0) {
			errno = ETIMEDOUT;
			b_die("bytes are missing");
		}
	}
	printf("%zu\n", n * bytes * ticks);
	fflush(stdout);
	(void)getchar();
	return 0;
}
