/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_hyp_random.c - hyp_random_add (hyp.h): bytes for Linux's pool, with credit
 * on /dev/random for who may (random(4), RNDADDENTROPY), else mixed in by
 * /dev/urandom, and the log says once which; who can do neither goes on.
 */
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "h_test.h"
#include "hyp/hyp.h"
#include "host/host.h"

static char name[] = "/tmp/t_hyp_random.XXXXXX";

/* Run func in a child, as nobody if that is asked for; what it logs. */
static void
logged(void (*func)(void), int as_nobody, char *log, size_t size)
{
	size_t len = 0;
	ssize_t n;
	int fds[2], status;
	pid_t pid;

	T_EQ(pipe(fds), 0);
	fflush(NULL);
	pid = fork();
	T_CHECK(pid != -1);
	if (pid == 0) {
		dup2(fds[1], 2);
		close(fds[0]);
		close(fds[1]);
		if (as_nobody && geteuid() == 0 && setuid(65534) != 0)
			_exit(1);
		func();
		_exit(0);
	}
	close(fds[1]);
	while ((n = read(fds[0], log + len, size - 1 - len)) > 0)
		len += (size_t)n;
	log[len] = '\0';
	close(fds[0]);
	T_EQ(waitpid(pid, &status, 0), pid);
	T_CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static int
lines(const char *s)
{
	int n = 0;

	for (; *s != '\0'; s++)
		n += *s == '\n';
	return n;
}

static void
adds(void)
{
	char buf[1500];

	memset(buf, 'x', sizeof(buf));
	hyp_random_add(buf, sizeof(buf), 0);	/* known, so no credit */
	hyp_random_add("abc", 3, 0);
}

static void
real_nobody(void)
{
	char log[1000];

	logged(adds, 1, log, sizeof(log));
	T_EQ(lines(log), 1);
	T_CHECK(strstr(log, "without credit") != NULL);
}

static void
real_root(void)
{
	char log[1000];

	if (geteuid() != 0) {
		t_skip("not root");
		return;
	}
	logged(adds, 0, log, sizeof(log));
	T_EQ(lines(log), 1);
	/* Root without the capability is nobody special. */
	T_CHECK(strstr(log, "counts as they say") != NULL ||
	    strstr(log, "without credit") != NULL);
}

static void
adds_to_file(void)
{

	host_random_files(name, name);
	adds();
}

static void
uncredited(void)
{
	char log[1000], buf[2000];
	int fd = mkstemp(name);

	T_CHECK(fd != -1);
	logged(adds_to_file, 0, log, sizeof(log));
	T_EQ(lines(log), 1);
	T_EQ(read(fd, buf, sizeof(buf)), 1503);
	T_EQ(buf[1499], 'x');
	T_EQ(memcmp(buf + 1500, "abc", 3), 0);
	close(fd);
	unlink(name);
}

static void
adds_nowhere(void)
{

	host_random_files("/nonexistent/a", "/nonexistent/b");
	adds();
}

static void
nowhere(void)
{
	char log[1000];

	logged(adds_nowhere, 0, log, sizeof(log));
	T_EQ(lines(log), 1);
	T_CHECK(strstr(log, "/nonexistent/b") != NULL);
}

const struct t_case t_cases[] = {
	{ "nobody's bytes go without credit, which is said once", real_nobody },
	{ "root's count, where it has the right", real_root },
	{ "all bytes are written, in order", uncredited },
	{ "without either file it is said once, and goes on", nowhere },
	{ NULL, NULL }
};
