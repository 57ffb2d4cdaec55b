/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hid_pair.c - two HIDs next to each other: latency and rate of input.
 *
 *	hid_pair latency|rate ROUNDS COUNT BASE BASEFAR DEVICE DEVICEFAR
 *
 * Each HID is a gadget whose reports have 8 bytes, and has a far end on this
 * machine, where a process of its own sits, asleep whenever it is not its
 * round.  In a round COUNT reports are sent there, and read here with a read
 * for each:
 *
 *	latency		one at a time, when the reader sleeps; a report is
 *			the time at which it was sent
 *	rate		one after the other, as fast as they are taken; the
 *			time is over when the last one has been read
 *
 * A report that is lost or changed ends the program.  Rounds on the two
 * alternate and it alternates which comes first, so what else the machine
 * does meets both.  For each round after the first, which is a warm-up, one
 * line: the microseconds for each report of the baseline and of the device;
 * of latency it is the median.
 *
 * The far process is told to begin by a byte on a socket; it dies with that.
 */
#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/h_bench.h"

#define	REPORT		8
#define	ROUND_LIMIT	60	/* s; else a lost report is waited for */
#define	QUIET		2000	/* us until the reader sleeps */
#define	TICK		125	/* us, of dummy_hcd */

struct side {
	int	s_fd;		/* the HID */
	int	s_sock;		/* the far process */
	size_t	s_at;		/* where in the stream */
};

enum what { LATENCY, RATE };

static void
send_report(int fd, const void *report)
{
	const ssize_t n = write(fd, report, REPORT);

	if (n != REPORT)
		b_die(n == -1 ? "write of a report" : "half a report is sent");
}

static void
read_report(int fd, void *report)
{
	const ssize_t n = read(fd, report, REPORT);

	if (n != REPORT)
		b_die(n == -1 ? "read" : n == 0 ? "end of file" :
		    "half a report is read");
}

/* The process at the far end. */
static _Noreturn void
far_process(int fd, int sock, enum what what, size_t count)
{
	unsigned char report[REPORT];
	unsigned phase = 0;
	size_t at = 0;
	double when;
	char c;

	_Static_assert(sizeof(when) == REPORT, "a report is a time");
	while (read(sock, &c, 1) == 1) {
		if (what == LATENCY) {
			/* At another place between two ticks each time. */
			phase = (phase + 37) % TICK;
			usleep(QUIET + phase);
			when = b_now();
			send_report(fd, &when);
			continue;
		}
		for (size_t i = 0; i < count; i++, at += REPORT) {
			b_pattern(report, REPORT, at);
			send_report(fd, report);
		}
	}
	_exit(0);
}

static struct side
side_start(const char *near, const char *far, enum what what, size_t count)
{
	struct side s = { .s_at = 0 };
	int farfd, sock[2];

	if ((farfd = open(far, O_RDWR | O_CLOEXEC)) == -1)
		b_die(far);
	if ((s.s_fd = open(near, O_RDWR | O_CLOEXEC)) == -1)
		b_die(near);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sock) == -1)
		b_die("socketpair");
	switch (fork()) {
	case -1:
		b_die("fork");
	case 0:
		close(sock[0]);
		close(s.s_fd);
		far_process(farfd, sock[1], what, count);
	default:
		close(sock[1]);
		close(farfd);
		s.s_sock = sock[0];
		return s;
	}
}

static double
latency_round(struct side *s, size_t count)
{
	double *const us = calloc(count, sizeof(*us));
	double median, sent, last = b_now();
	char c = 0;

	if (us == NULL)
		b_die("calloc");
	for (size_t i = 0; i < count; i++) {
		b_write(s->s_sock, &c, 1);
		read_report(s->s_fd, &sent);
		us[i] = b_now() - sent;
		errno = EBADMSG;
		if (!(sent > last && us[i] > 0))
			b_die("another report than the one that was sent");
		last = sent;
	}
	median = b_median(us, count);
	free(us);
	return median;
}

static double
rate_round(struct side *s, size_t count)
{
	const double begin = b_now();
	unsigned char report[REPORT];
	char c = 0;

	b_write(s->s_sock, &c, 1);
	for (size_t i = 0; i < count; i++, s->s_at += REPORT) {
		read_report(s->s_fd, report);
		b_check(report, REPORT, s->s_at);
	}
	return (b_now() - begin) / (double)count;
}

static double
one_round(struct side *s, enum what what, size_t count)
{

	alarm(ROUND_LIMIT);
	return what == LATENCY ? latency_round(s, count) :
	    rate_round(s, count);
}

static enum what
parse(const char *word)
{

	if (strcmp(word, "latency") == 0)
		return LATENCY;
	if (strcmp(word, "rate") == 0)
		return RATE;
	fprintf(stderr, "hid_pair: latency or rate, not %s\n", word);
	exit(2);
}

int
main(int argc, char **argv)
{
	struct side side[2];
	enum what what;
	double us[2];
	size_t count;
	int rounds, status = 0, s;

	if (argc != 8) {
		fprintf(stderr, "usage: hid_pair latency|rate ROUNDS COUNT "
		    "BASE BASEFAR DEVICE DEVICEFAR\n");
		return 2;
	}
	what = parse(argv[1]);
	rounds = atoi(argv[2]);
	count = strtoul(argv[3], NULL, 0);
	side[0] = side_start(argv[4], argv[5], what, count);
	side[1] = side_start(argv[6], argv[7], what, count);
	for (int i = -1; i < rounds; i++) {
		const int first = i & 1;

		us[first] = one_round(&side[first], what, count);
		us[!first] = one_round(&side[!first], what, count);
		if (i >= 0)
			printf("%.1f %.1f\n", us[0], us[1]);
	}
	/* The second process has inherited the first one's socket. */
	close(side[0].s_sock);
	close(side[1].s_sock);
	for (int i = 0; i < 2; i++) {
		if (wait(&s) == -1 || s != 0)
			status = 1;
	}
	return status;
}
