/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tty_pair.c - two serial adapters next to each other: latency and bulk.
 *
 *	tty_pair pingpong|in|out|echo ROUNDS SIZE
 *	    BASE BASEFAR DEVICE DEVICEFAR [PID]
 *
 * Instead of a terminal there can be what a gateway (devsw-gateway, ser2net)
 * has made of one:
 *
 *	tcp:PORT	the adapter: a connection to 127.0.0.1:PORT
 *	pty:LINK	the far end: the master of a new pty, whose slave is what
 *			LINK leads to; the gateway has opened it when rounds
 *			begin
 *	unix:PATH	the far end: vusb-serve's socket of a software chip
 *
 * Each adapter has a far end on this machine, where a process of its own
 * sits, asleep whenever it is not its round:
 *
 *	pingpong	SIZE times one byte there and, echoed, back
 *	out		SIZE bytes written to the adapter; the time is over
 *			when the far end has the last one
 *	in		SIZE bytes written at the far end, read here
 *	echo		SIZE bytes written to the adapter by one process as fast
 *			as it takes them, echoed, and read here by another
 *
 * What arrives is compared with what was sent.  Rounds on the two adapters
 * alternate and it alternates which comes first, so what else the machine
 * does meets both.  For each round after the first, which is a warm-up, one
 * line: the microseconds of the baseline and of the device.
 *
 * With the PID of the process that is the hardware, there are two numbers
 * more: for how many of those microseconds the CPU was busy, but for what that
 * process and the far one took of it, which are no part of a driver.  What is
 * left is the kernel with its driver, or with usbfs, CUSE and devswd, and this
 * program; and both times the threads of vhci_hcd, which are its interrupts.
 * It is the whole machine's, so nothing else should run, and CPUs that take
 * turns are not told apart: one CPU.
 *
 * The far process is told to begin, and tells its end, by a byte on a socket;
 * it dies with that.
 */
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/h_bench.h"

#define	CHUNK	(16 * 1024)	/* of one read or write */
#define	TRIES	600		/* 100 ms each, until a gateway is there */

struct side {
	int	s_fd;		/* the adapter */
	int	s_sock;		/* the far process */
	pid_t	s_pid;		/* the same */
	size_t	s_at;		/* where in the stream */
};

enum what { PINGPONG, IN, OUT, ECHO };

/* ---- ends of a gateway ---------------------------------------------- */

static void
pause_100ms(void)
{

	(void)poll(NULL, 0, 100);
}

/* Who has opened the slave and closed it finds POLLHUP until it is opened. */
static int
pty_open(const char *link)
{
	const int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	char name[64];

	if (fd == -1 || grantpt(fd) == -1 || unlockpt(fd) == -1 ||
	    ptsname_r(fd, name, sizeof(name)) != 0)
		b_die("a pty");
	close(b_tty(name));
	if ((unlink(link) == -1 && errno != ENOENT) ||
	    symlink(name, link) == -1)
		b_die(link);
	return fd;
}

static void
pty_await(int fd)
{
	struct pollfd pfd = { .fd = fd };

	for (int i = 0; i < TRIES; i++) {
		if (poll(&pfd, 1, 0) != -1 && (pfd.revents & POLLHUP) == 0)
			return;
		pause_100ms();
	}
	b_die("nobody opens the pty");
}

static int
tcp_open(const char *port)
{
	const struct sockaddr_in sin = { .sin_family = AF_INET,
	    .sin_port = htons((uint16_t)atoi(port)),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const int on = 1;
	int fd;

	for (int i = 0; i < TRIES; i++) {
		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd == -1)
			b_die("socket");
		if (connect(fd, (const void *)&sin, sizeof(sin)) == 0) {
			(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on,
			    sizeof(on));
			return fd;
		}
		close(fd);
		pause_100ms();
	}
	b_die("nobody listens");
}

static int
unix_open(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(sun.sun_path)) {
		errno = ENAMETOOLONG;
		b_die(path);
	}
	strcpy(sun.sun_path, path);
	if (fd == -1 || connect(fd, (const void *)&sun, sizeof(sun)) == -1)
		b_die(path);
	return fd;
}

static int
end_open(const char *path)
{

	return strncmp(path, "tcp:", 4) == 0 ? tcp_open(path + 4) :
	    strncmp(path, "pty:", 4) == 0 ? pty_open(path + 4) :
	    strncmp(path, "unix:", 5) == 0 ? unix_open(path + 5) :
	    b_tty(path);
}

/* ---- the CPU's time, in microseconds -------------------------------- */

/* What a process has had of it: all its threads that there are. */
static double
cpu_used(pid_t pid)
{
	char path[320];
	unsigned long long ns;
	double us = 0;
	struct dirent *de;
	FILE *file;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	if ((dir = opendir(path)) == NULL)
		b_die(path);
	while ((de = readdir(dir)) != NULL) {
		if (de->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat",
		    (int)pid, de->d_name);
		if ((file = fopen(path, "re")) == NULL ||
		    fscanf(file, "%llu", &ns) != 1)
			b_die(path);
		fclose(file);
		us += (double)ns / 1e3;
	}
	closedir(dir);
	return us;
}

/* For how long it has had nothing to do; root's. */
static double
cpu_idle(void)
{
	FILE *file = fopen("/proc/timer_list", "re");
	unsigned long long ns;
	double us = -1;
	char line[256], key[32];

	if (file == NULL)
		b_die("/proc/timer_list");
	while (fgets(line, sizeof(line), file) != NULL) {
		if (sscanf(line, " .%31[a-z_] : %llu", key, &ns) == 2 &&
		    (strcmp(key, "idle_sleeptime") == 0 ||
		    strcmp(key, "iowait_sleeptime") == 0))
			us = (us < 0 ? 0 : us) + (double)ns / 1e3;
	}
	fclose(file);
	if (us < 0) {
		errno = ENOTSUP;
		b_die("/proc/timer_list does not tell the idle time");
	}
	return us;
}

/* ---- what is sent --------------------------------------------------- */

static void
send_stream(int fd, size_t size, size_t at)
{
	char buf[CHUNK];
	size_t n;

	for (; size > 0; size -= n, at += n) {
		n = size < sizeof(buf) ? size : sizeof(buf);
		b_pattern(buf, n, at);
		b_write(fd, buf, n);
	}
}

static void
receive_stream(int fd, size_t size, size_t at)
{
	char buf[CHUNK];
	ssize_t n;

	for (; size > 0; size -= (size_t)n, at += (size_t)n) {
		n = read(fd, buf, size < sizeof(buf) ? size : sizeof(buf));
		if (n <= 0)
			b_die(n == 0 ? "end of file" : "read");
		b_check(buf, (size_t)n, at);
	}
}

static void
echo(int fd, size_t times)
{
	char c;

	for (; times > 0; times--) {
		b_read(fd, &c, 1);
		b_write(fd, &c, 1);
	}
}

static void
bounce(int fd, size_t times, size_t at)
{
	char c;

	for (; times > 0; times--, at++) {
		b_pattern(&c, 1, at);
		b_write(fd, &c, 1);
		b_read(fd, &c, 1);
		b_check(&c, 1, at);
	}
}

/* What comes goes back at once, however much it is. */
static void
echo_stream(int fd, size_t size)
{
	char buf[CHUNK];
	ssize_t n;

	for (; size > 0; size -= (size_t)n) {
		n = read(fd, buf, size < sizeof(buf) ? size : sizeof(buf));
		if (n <= 0)
			b_die(n == 0 ? "end of file" : "read");
		b_write(fd, buf, (size_t)n);
	}
}

/* A writer beside this process, which reads. */
static void
round_trip(int fd, size_t size, size_t at)
{
	int s;

	switch (fork()) {
	case -1:
		b_die("fork");
	case 0:
		send_stream(fd, size, at);
		_exit(0);
	}
	receive_stream(fd, size, at);
	if (wait(&s) == -1 || s != 0)
		b_die("the writer");
}

/* The process at the far end. */
static _Noreturn void
far_process(int fd, int sock, enum what what, size_t size)
{
	size_t at = 0;
	char c;

	while (read(sock, &c, 1) == 1) {
		switch (what) {
		case PINGPONG:
			echo(fd, size);
			break;
		case IN:
			send_stream(fd, size, at);
			break;
		case OUT:
			receive_stream(fd, size, at);
			break;
		case ECHO:
			echo_stream(fd, size);
			break;
		}
		at += size;
		b_write(sock, &c, 1);
	}
	_exit(0);
}

static struct side
side_start(const char *near, const char *far, enum what what, size_t size)
{
	struct side s = { .s_at = 0 };
	const int farfd = end_open(far);
	int sock[2];

	s.s_fd = end_open(near);
	if (strncmp(far, "pty:", 4) == 0)
		pty_await(farfd);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sock) == -1)
		b_die("socketpair");
	switch ((s.s_pid = fork())) {
	case -1:
		b_die("fork");
	case 0:
		close(sock[0]);
		close(s.s_fd);
		far_process(farfd, sock[1], what, size);
	default:
		close(sock[1]);
		close(farfd);
		s.s_sock = sock[0];
		return s;
	}
}

/* The time of one round, in microseconds. */
static double
one_round(struct side *s, enum what what, size_t size)
{
	const double begin = b_now();
	char c = 0;

	b_write(s->s_sock, &c, 1);
	switch (what) {
	case PINGPONG:
		bounce(s->s_fd, size, s->s_at);
		break;
	case IN:
		receive_stream(s->s_fd, size, s->s_at);
		break;
	case OUT:
		send_stream(s->s_fd, size, s->s_at);
		break;
	case ECHO:
		round_trip(s->s_fd, size, s->s_at);
		break;
	}
	b_read(s->s_sock, &c, 1);
	s->s_at += size;
	return b_now() - begin;
}

/* The same, and in *busy what the head of this file says of the CPU. */
static double
busy_round(struct side *s, enum what what, size_t size, pid_t hardware,
    double *busy)
{
	double not_ours, us;

	*busy = 0;
	if (hardware == 0)
		return one_round(s, what, size);
	not_ours = cpu_used(hardware) + cpu_used(s->s_pid) + cpu_idle();
	us = one_round(s, what, size);
	*busy = us - (cpu_idle() + cpu_used(hardware) + cpu_used(s->s_pid) -
	    not_ours);
	return us;
}

static enum what
parse(const char *word)
{

	if (strcmp(word, "pingpong") == 0)
		return PINGPONG;
	if (strcmp(word, "in") == 0)
		return IN;
	if (strcmp(word, "out") == 0)
		return OUT;
	if (strcmp(word, "echo") == 0)
		return ECHO;
	fprintf(stderr, "tty_pair: pingpong, in, out or echo, not %s\n", word);
	exit(2);
}

int
main(int argc, char **argv)
{
	struct side side[2];
	enum what what;
	double us[2], busy[2];
	size_t size;
	pid_t hardware;
	int rounds, status = 0, s;

	if (argc != 8 && argc != 9) {
		fprintf(stderr, "usage: tty_pair "
		    "pingpong|in|out|echo ROUNDS SIZE "
		    "BASE BASEFAR DEVICE DEVICEFAR [PID]\n");
		return 2;
	}
	what = parse(argv[1]);
	rounds = atoi(argv[2]);
	size = strtoul(argv[3], NULL, 0);
	hardware = argc == 9 ? atoi(argv[8]) : 0;
	side[0] = side_start(argv[4], argv[5], what, size);
	side[1] = side_start(argv[6], argv[7], what, size);
	for (int i = -1; i < rounds; i++) {
		const int first = i & 1;

		us[first] = busy_round(&side[first], what, size, hardware,
		    &busy[first]);
		us[!first] = busy_round(&side[!first], what, size, hardware,
		    &busy[!first]);
		if (i < 0)
			continue;
		if (hardware != 0)
			printf("%.1f %.1f %.1f %.1f\n", us[0], us[1], busy[0],
			    busy[1]);
		else
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
