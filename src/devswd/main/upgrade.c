/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * upgrade.c - before this process ends for the next one; upgrade.h.
 *
 * Model
 *	Would the next one start at all?  The program at the path of this one,
 *	which may be another one by now, is given the command line of this one
 *	and asked to check the configuration, as it is now.  It gets CHECK_MS
 *	for that.
 *
 *	And is this one where it can be followed?  What the one before has left
 *	and has not gone on yet (hardware that is being attached) would be lost:
 *	front_hand_waits, which keep.c's timer ends after 15 s, and WAIT_MS
 *	in any case.
 *
 *	Both take time, so they are a thread's: main's loop turns meanwhile, and a
 *	SIGTERM counts at once.
 *
 *	main				thread			child
 *	SIGUSR2, of somebody
 *	upgrade_begin
 *					waits for front_hand_waits
 *								--check-config
 *					SIGUSR2, errno
 *	SIGUSR2, of its own: ends, or
 *	goes on
 *
 * Locks
 *	None.
 */
#include <sys/prctl.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "front/front.h"
#include "host/host.h"
#include "hyp/hyp.h"
#include "main/upgrade.h"

#define	WAIT_MS		16000
#define	CHECK_MS	20000
#define	STEP_US		2000
#define	GONE		" (deleted)"	/* the kernel's, of one that was replaced */

static char **upgrade_argv;	/* and one more */
static atomic_bool upgrade_runs[2];	/* SIGUSR1, SIGUSR2 */

void
upgrade_open(int argc, char **argv)
{
	static char check[] = "--check-config";

	upgrade_argv = calloc((size_t)argc + 2, sizeof(*argv));
	if (upgrade_argv == NULL)
		hyp_panic("out of memory");
	memcpy(upgrade_argv, argv, (size_t)argc * sizeof(*argv));
	upgrade_argv[argc] = check;
}

/*
 * What is wrong it says where this one's log goes.  Its signals stay blocked:
 * what systemd sends to all processes of a service is not meant for it.  It does
 * not outlive this one.
 */
static _Noreturn void
ask(const char *path)
{
	const int null = open("/dev/null", O_RDWR);

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (null != -1)
		(void)dup2(null, STDOUT_FILENO);
	execv(path, upgrade_argv);
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
		usleep(STEP_US);
	}
	return status;
}

int
upgrade_check(void)
{
	const uint64_t end = hyp_clock() + WAIT_MS * UINT64_C(1000000);
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	pid_t pid;

	if (n < 1)
		return errno;
	while (front_hand_waits() && hyp_clock() < end)
		usleep(STEP_US);
	path[n] = '\0';
	if ((size_t)n > strlen(GONE) &&
	    strcmp(path + n - strlen(GONE), GONE) == 0)
		path[n - (ssize_t)strlen(GONE)] = '\0';
	(void)signal(SIGCHLD, SIG_DFL);	/* keeper.c */
	pid = fork();
	if (pid == 0)
		ask(path);
	if (pid == -1 || status_of(pid) != 0) {
		host_logf(HYP_LOG_ERR, "%s does not start, or not with this "
		    "configuration", path);
		return ENOEXEC;
	}
	return 0;
}

static void
upgrade_thread(void *arg)
{
	const int signo = (int)(intptr_t)arg;
	const int error = upgrade_check();

	atomic_store(&upgrade_runs[signo == SIGUSR2], false);
	(void)sigqueue(getpid(), signo, (union sigval){ .sival_int = error });
}

int
upgrade_begin(int signo)
{
	int error;

	if (atomic_exchange(&upgrade_runs[signo == SIGUSR2], true))
		return 0;
	error = hyp_thread_create("upgrade", upgrade_thread,
	    (void *)(intptr_t)signo, NULL);
	if (error != 0)
		atomic_store(&upgrade_runs[signo == SIGUSR2], false);
	return error;
}
