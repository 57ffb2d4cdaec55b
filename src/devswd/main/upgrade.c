/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * upgrade.c - does the devswd that would be started next start at all?
 * upgrade.h.
 *
 * The program at the path of this one, which may be another one by now, is
 * asked for its version.  It gets CHECK_MS for that.
 */
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/host.h"
#include "hyp/hyp.h"
#include "main/upgrade.h"

#define	CHECK_MS	5000
#define	GONE		" (deleted)"	/* the kernel's, of one that was replaced */

static _Noreturn void
ask(char *path)
{
	char *argv[] = { path, (char[]){ "--version" }, NULL };
	const int null = open("/dev/null", O_RDWR);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (null != -1) {
		(void)dup2(null, STDOUT_FILENO);
		(void)dup2(null, STDERR_FILENO);
	}
	execv(path, argv);
	_exit(127);
}

/* Its status; -1: it does not end. */
static int
status_of(pid_t pid)
{
	const uint64_t end = hyp_clock() + CHECK_MS * UINT64_C(1000000);
	int status;
	pid_t got;

	while ((got = waitpid(pid, &status, WNOHANG)) != pid) {
		if ((got == -1 && errno != EINTR) || hyp_clock() > end) {
			kill(pid, SIGKILL);
			(void)waitpid(pid, &status, 0);
			return -1;
		}
		usleep(2000);
	}
	return status;
}

int
upgrade_check(void)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	pid_t pid;

	if (n < 1)
		return errno;
	path[n] = '\0';
	if ((size_t)n > strlen(GONE) &&
	    strcmp(path + n - strlen(GONE), GONE) == 0)
		path[n - (ssize_t)strlen(GONE)] = '\0';
	pid = fork();
	if (pid == 0)
		ask(path);
	if (pid == -1 || status_of(pid) != 0) {
		host_logf(HYP_LOG_ERR, "%s does not start: this one goes on",
		    path);
		return ENOEXEC;
	}
	return 0;
}
