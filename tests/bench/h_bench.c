/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_bench.c - see h_bench.h.  One table, made at its first use, before any
 * fork or thread.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "bench/h_bench.h"

#define	PERIOD	65521		/* a prime: no power of two divides it */

static unsigned char stream[2 * PERIOD];

void
b_die(const char *what)
{

	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what,
	    strerror(errno));
	exit(1);
}

double
b_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static int
compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double
b_median(double *v, size_t n)
{

	qsort(v, n, sizeof(*v), compare);
	return n % 2 != 0 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

/* Opened without waiting for carrier, which CLOCAL then makes irrelevant. */
int
b_tty(const char *path)
{
	const int fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	struct termios t;

	if (fd == -1 || tcgetattr(fd, &t) == -1)
		b_die(path);
	cfmakeraw(&t);
	t.c_cflag = (t.c_cflag & ~(tcflag_t)CRTSCTS) | CLOCAL | CREAD;
	t.c_cc[VMIN] = 1;
	t.c_cc[VTIME] = 0;
	cfsetspeed(&t, B115200);
	if (tcsetattr(fd, TCSANOW, &t) == -1 ||
	    fcntl(fd, F_SETFL, O_RDWR) == -1)
		b_die(path);
	return fd;
}

void
b_write(int fd, const void *buf, size_t len)
{
	const char *p = buf;
	ssize_t n;

	for (; len > 0; p += n, len -= (size_t)n) {
		if ((n = write(fd, p, len)) == -1)
			b_die("write");
	}
}

void
b_read(int fd, void *buf, size_t len)
{
	char *p = buf;
	ssize_t n;

	for (; len > 0; p += n, len -= (size_t)n) {
		if ((n = read(fd, p, len)) <= 0)
			b_die(n == 0 ? "end of file" : "read");
	}
}

static void
stream_init(void)
{
	uint32_t x = 1;

	if (stream[0] != 0)
		return;
	for (size_t i = 0; i < PERIOD; i++) {
		x = x * 1664525 + 1013904223;
		stream[i] = stream[i + PERIOD] = (unsigned char)(x >> 24);
	}
	stream[0] = stream[PERIOD] = 1;
}

void
b_pattern(void *buf, size_t len, size_t at)
{
	char *p = buf;
	size_t n;

	stream_init();
	for (; len > 0; p += n, at += n, len -= n) {
		n = len < PERIOD ? len : PERIOD;
		memcpy(p, stream + at % PERIOD, n);
	}
}

void
b_check(const void *buf, size_t len, size_t at)
{
	const char *p = buf;
	size_t n;

	stream_init();
	for (; len > 0; p += n, at += n, len -= n) {
		n = len < PERIOD ? len : PERIOD;
		if (memcmp(p, stream + at % PERIOD, n) != 0) {
			fprintf(stderr, "%s: wrong data in the %zu bytes from "
			    "%zu\n", program_invocation_short_name, n, at);
			exit(1);
		}
	}
}
