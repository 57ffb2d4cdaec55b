/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * events.c - what has happened besides bytes: signals, and opens and closes of
 * the slave; for the session that they end and the bridge that waits for them.
 */
#include <sys/signalfd.h>
#include <sys/wait.h>

#include <signal.h>
#include <unistd.h>

#include "pty/pty.h"

/* Has COMMAND ended?  What a shell would say of it. */
static void
command_reap(struct session *ss)
{
	int status;

	if (ss->ss_pid == 0 || waitpid(ss->ss_pid, &status, WNOHANG) <= 0)
		return;
	ss->ss_pid = 0;
	ss->ss_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
	    WEXITSTATUS(status);
}

/*
 * session_signals(ss)
 *
 *	Take what signals there are, without a wait.  True: we are to end,
 *	ss_signal says by which.  COMMAND's end shows in ss_pid.
 */
bool
session_signals(struct session *ss)
{
	struct signalfd_siginfo si;

	while (read(ss->ss_signals, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		if (si.ssi_signo != SIGCHLD)
			ss->ss_signal = (int)si.ssi_signo;
	}
	command_reap(ss);
	return ss->ss_signal != 0;
}

/* What inotify has told of the slave until now is known. */
void
session_opens(struct session *ss)
{
	char events[4096];

	while (read(ss->ss_inotify, events, sizeof(events)) > 0)
		;
}
