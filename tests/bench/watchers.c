/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watchers.c - a port of a gateway that many watch, at a line's speed.
 *
 *	watchers LINK PORT WATCH COUNT SECONDS
 *
 * Makes a pty, which LINK leads to, and waits until a gateway has it open;
 * connects to 127.0.0.1:PORT, whose client writes, and then COUNT times to
 * WATCH.  The device says RATE bytes a second, as a line of 3 Mbaud does, and
 * takes as many of what the writer sends, which is as much as it can.  All who
 * are connected have to get what the device says, and the device what the
 * writer sends; what they get is compared.
 *
 * Prints one JSON object: "lost", bytes that any of the clients has not got
 * when for PATIENCE no more came; "seconds", until the device had all of the
 * writer.
 *
 * The device is a process of its own: it keeps time while the clients read.
 */
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/h_bench.h"

#define	RATE		300000		/* bytes a second: 3 Mbaud, 8N1 */
#define	PATIENCE	5000		/* ms */
#define	TRIES		600		/* of 100 ms */
#define	CHUNK		65536
#define	EVENTS		64

struct client {
	int	c_fd;
	size_t	c_got;
};

static unsigned char *text;		/* what both ends say */
static size_t size;

/* ---- the device ----------------------------------------------------- */

static int
pty_open(const char *link)
{
	const int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct pollfd pfd = { .fd = fd };
	char name[64];
	int i;

	if (fd == -1 || grantpt(fd) == -1 || unlockpt(fd) == -1 ||
	    ptsname_r(fd, name, sizeof(name)) != 0)
		b_die("a pty");
	close(b_tty(name));
	if ((unlink(link) == -1 && errno != ENOENT) ||
	    symlink(name, link) == -1)
		b_die(link);
	for (i = 0; i < TRIES; i++) {
		if (poll(&pfd, 1, 0) != -1 && (pfd.revents & POLLHUP) == 0)
			return fd;
		(void)poll(NULL, 0, 100);
	}
	b_die("nobody opens the pty");
}

/* As much as a line has carried by now, of n. */
static size_t
due(double begin, size_t n)
{
	const double now = (b_now() - begin) / 1e6 * RATE;

	return now < (double)n ? (size_t)now : n;
}

/* Says and takes all; the microseconds until it has taken it. */
static double
device(int fd)
{
	const double begin = b_now();
	static unsigned char buf[CHUNK];
	size_t said = 0, taken = 0;
	double end = begin;
	ssize_t n;

	if (fcntl(fd, F_SETFL, O_NONBLOCK) == -1)
		b_die("fcntl");
	while (said < size || taken < size) {
		const size_t now = due(begin, size);

		n = write(fd, text + said, now - said);
		said += n > 0 ? (size_t)n : 0;
		n = now > taken ? read(fd, buf, now - taken < CHUNK ?
		    now - taken : CHUNK) : 0;
		if (n > 0) {
			if (memcmp(buf, text + taken, (size_t)n) != 0)
				b_die("the device got something else");
			taken += (size_t)n;
			end = b_now();
		}
		(void)poll(NULL, 0, 1);
	}
	return end - begin;
}

/* ---- the clients ---------------------------------------------------- */

static int
tcp_open(const char *port)
{
	const struct sockaddr_in sin = { .sin_family = AF_INET,
	    .sin_port = htons((uint16_t)atoi(port)),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd == -1 || connect(fd, (const void *)&sin, sizeof(sin)) == -1)
		b_die("connect");
	return fd;
}

static void
watch(int ep, struct client *c, uint32_t what)
{
	struct epoll_event ev = { .events = what, .data.ptr = c };

	if (epoll_ctl(ep, EPOLL_CTL_ADD, c->c_fd, &ev) == -1)
		b_die("epoll_ctl");
}

static size_t
take(struct client *c)
{
	static unsigned char buf[CHUNK];
	const ssize_t n = recv(c->c_fd, buf, sizeof(buf), MSG_DONTWAIT);

	if (n == 0 || (n == -1 && errno != EAGAIN))
		b_die("a client is closed");
	if (n == -1)
		return 0;
	if (c->c_got + (size_t)n > size ||
	    memcmp(buf, text + c->c_got, (size_t)n) != 0)
		b_die("a client lost bytes in between");
	c->c_got += (size_t)n;
	return (size_t)n;
}

/* More of the writer's, until it has sent all. */
static void
send_more(int ep, struct client *c, size_t *sent)
{
	const ssize_t n = send(c->c_fd, text + *sent, size - *sent,
	    MSG_DONTWAIT | MSG_NOSIGNAL);
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = c };

	if (n > 0)
		*sent += (size_t)n;
	if (*sent == size && epoll_ctl(ep, EPOLL_CTL_MOD, c->c_fd, &ev) == -1)
		b_die("epoll_ctl");
}

/* All of them, the first of whom writes; the bytes that did not come. */
static size_t
clients(struct client *c, size_t count)
{
	struct epoll_event evs[EVENTS];
	const int ep = epoll_create1(EPOLL_CLOEXEC);
	size_t left = count * size, sent = 0, i;
	int k, n;

	if (ep == -1)
		b_die("epoll");
	for (i = 0; i < count; i++)
		watch(ep, &c[i], i == 0 ? EPOLLIN | EPOLLOUT : EPOLLIN);
	while (left > 0 && (n = epoll_wait(ep, evs, EVENTS, PATIENCE)) > 0) {
		for (k = 0; k < n; k++) {
			if (evs[k].events & EPOLLOUT)
				send_more(ep, evs[k].data.ptr, &sent);
			if (evs[k].events & EPOLLIN)
				left -= take(evs[k].data.ptr);
		}
	}
	return left;
}

/* ---- both ----------------------------------------------------------- */

/* Each client is a descriptor. */
static void
raise_limit(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) == -1)
		b_die("getrlimit");
	rl.rlim_cur = rl.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &rl);
}

int
main(int argc, char **argv)
{
	struct client *c;
	size_t count, i, lost;
	int done[2], fd, status;
	double us;
	pid_t pid;

	if (argc != 6 || atoi(argv[4]) < 0 || atoi(argv[5]) <= 0) {
		fprintf(stderr, "usage: watchers LINK PORT WATCH COUNT "
		    "SECONDS\n");
		return 2;
	}
	raise_limit();
	count = (size_t)atoi(argv[4]) + 1;
	size = (size_t)atoi(argv[5]) * RATE;
	text = malloc(size);
	c = calloc(count, sizeof(*c));
	if (text == NULL || c == NULL || pipe(done) == -1)
		b_die("memory");
	b_pattern(text, size, 0);
	fd = pty_open(argv[1]);
	for (i = 0; i < count; i++)
		c[i].c_fd = tcp_open(argv[i == 0 ? 2 : 3]);
	/* The gateway accepts in turns; who is not in yet would get less. */
	(void)poll(NULL, 0, 500);
	pid = fork();
	if (pid == -1)
		b_die("fork");
	if (pid == 0) {
		us = device(fd);
		b_write(done[1], &us, sizeof(us));
		(void)pause();
	}
	lost = clients(c, count);
	b_read(done[0], &us, sizeof(us));
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, &status, 0);
	printf("{\"lost\": %zu, \"seconds\": %.3f}\n", lost, us / 1e6);
	return 0;
}
