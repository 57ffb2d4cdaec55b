/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session.c - one life of a pty before a node.
 *
 * It has a master, COMMAND or somebody else has the slave, and --link leads
 * there.  It ends with the node (unplugged, revoked, its carrier lost), with
 * COMMAND, or with a signal; in each case the last thing that happens to the
 * pty is that its master is closed.  That is a hang-up: the kernel sends
 * SIGHUP to the session that has it as its controlling terminal, and makes
 * every descriptor of the slave a dead one.  So the node's end is a login's.
 *
 * Signals are blocked during a life and read from a signalfd, so that they come
 * at one place; COMMAND is started with them as they were.
 *
 * A COMMAND that ignores SIGHUP has lost its terminal, and is left alone after
 * HANGUP_MS: whoever started us (systemd) knows its processes.
 */
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utmp.h>

#include "pty/pty.h"

static const int caught[] = { SIGCHLD, SIGHUP, SIGINT, SIGTERM };
static sigset_t before;
static void (*pipe_before)(int);	/* SIGPIPE */

static void
close_if(int *fd)
{

	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

/* -1: said. */
static int
signals_block(struct session *ss)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(caught) / sizeof(caught[0]); i++)
		sigaddset(&set, caught[i]);
	(void)sigprocmask(SIG_BLOCK, &set, &before);
	/* Who reads nothing of what is said is no reason to leave a link. */
	pipe_before = signal(SIGPIPE, SIG_IGN);
	ss->ss_signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (ss->ss_signals == -1)
		complain("signalfd: %s", strerror(errno));
	return ss->ss_signals == -1 ? -1 : 0;
}

/*
 * slave_give(ss, slave)
 *
 *	Whoever may use the node may use the slave: owner, group and mode are
 *	the node's, without which only we could.  Needs root; others keep what
 *	grantpt(3) has made, their own.
 */
static void
slave_give(const struct session *ss, int slave)
{
	struct stat st;

	if (fstat(ss->ss_node, &st) == 0 &&
	    fchown(slave, st.st_uid, st.st_gid) == 0)
		(void)fchmod(slave, st.st_mode & 0666);
}

/* The pty, with the node's settings.  The slave's descriptor; -1: said. */
static int
pty_make(struct session *ss)
{
	int slave;

	if (openpty(&ss->ss_master, &slave, NULL, NULL, NULL) == -1) {
		complain("no pseudo-terminal: %s", strerror(errno));
		ss->ss_master = -1;
		return -1;
	}
	(void)fcntl(ss->ss_master, F_SETFD, FD_CLOEXEC);
	(void)fcntl(slave, F_SETFD, FD_CLOEXEC);
	if (ptsname_r(ss->ss_master, ss->ss_slave,
	    sizeof(ss->ss_slave)) != 0 ||
	    fcntl(ss->ss_master, F_SETFL, O_RDWR | O_NONBLOCK) == -1 ||
	    (ss->ss_inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) == -1 ||
	    inotify_add_watch(ss->ss_inotify, ss->ss_slave,
	    IN_OPEN | IN_CLOSE) == -1) {
		complain("%s: %s", ss->ss_slave, strerror(errno));
		close(slave);
		return -1;
	}
	if (line_start(ss->ss_line, ss->ss_master, slave) == -1) {
		complain("%s: %s", ss->ss_options->o_node, strerror(errno));
		close(slave);
		return -1;
	}
	line_packets(ss->ss_master);
	return slave;
}

/* In the child: COMMAND, or an errno into the pipe. */
static _Noreturn void
command_exec(const struct session *ss, int slave, int report)
{
	int error;

	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	(void)signal(SIGPIPE, pipe_before);
	if (login_tty(slave) == 0)
		(void)execvp(ss->ss_options->o_command[0],
		    ss->ss_options->o_command);
	error = errno;
	(void)!write(report, &error, sizeof(error));
	_exit(EXIT_CANTRUN);
}

/*
 * command_start(ss, slave)
 *
 *	COMMAND becomes the leader of a session on the slave.  Waits until it
 *	has begun; -1: it could not, said here and not on the line.
 */
static int
command_start(struct session *ss, int slave)
{
	int error = 0, report[2];

	if (pipe2(report, O_CLOEXEC) == -1) {
		complain("pipe: %s", strerror(errno));
		return -1;
	}
	ss->ss_pid = fork();
	if (ss->ss_pid == 0)
		command_exec(ss, slave, report[1]);
	close(report[1]);
	if (ss->ss_pid == -1) {
		error = errno;
		ss->ss_pid = 0;
	} else if (read(report[0], &error, sizeof(error)) !=
	    (ssize_t)sizeof(error))
		error = 0;
	close(report[0]);
	if (error == 0)
		return 0;
	complain("%s: %s", ss->ss_options->o_command[0], strerror(error));
	ss->ss_status = error == ENOENT ? EXIT_NOTFOUND : EXIT_CANTRUN;
	if (ss->ss_pid != 0)
		(void)waitpid(ss->ss_pid, NULL, 0);
	ss->ss_pid = 0;
	return -1;
}

/*
 * session_hangup(ss)
 *
 *	SIGHUP to the session, and HANGUP_MS for COMMAND to end.
 */
static void
session_hangup(struct session *ss)
{
	const int64_t end = now_ms() + HANGUP_MS;
	struct pollfd pfd = { .fd = ss->ss_signals, .events = POLLIN };

	close_if(&ss->ss_master);
	while (ss->ss_pid != 0) {
		const int64_t left = end - now_ms();

		if (left <= 0 || poll(&pfd, 1, (int)left) == -1)
			break;
		(void)session_signals(ss);
	}
	if (ss->ss_pid == 0)
		return;
	complain("%s ignores its hang-up, and goes on without a terminal",
	    ss->ss_options->o_command[0]);
	ss->ss_pid = 0;
	ss->ss_status = 128 + SIGHUP;
}

/* Serve it, with a link or without. */
static enum end
session_serve(struct session *ss)
{
	const char *path = ss->ss_options->o_link;
	enum end end = END_FAILED;

	if (path != NULL && link_make(path, ss->ss_slave) == -1) {
		complain("%s: %s", path, errno == EEXIST ?
		    "is not a link of ours" : errno == EBUSY ?
		    "is another devsw-pty's" : strerror(errno));
		return END_FAILED;
	}
	if (ss->ss_options->o_command == NULL) {
		printf("%s\n", ss->ss_slave);
		(void)fflush(stdout);
	}
	if (reader_start(&ss->ss_reader, ss->ss_input) == 0)
		end = bridge_run(ss);
	else
		complain("no process: %s", strerror(errno));
	if (path != NULL)
		link_remove(path, ss->ss_slave);
	if (end == END_NODE)
		complain("%s has hung up", ss->ss_options->o_node);
	return end;
}

/* Everything before the first byte; false: said. */
static bool
session_begin(struct session *ss)
{
	bool done = true;
	int slave;

	if (signals_block(ss) == -1)
		return false;
	slave = pty_make(ss);
	if (slave == -1)
		return false;
	if (ss->ss_options->o_command == NULL)
		slave_give(ss, slave);
	else
		done = command_start(ss, slave) == 0;
	close(slave);
	session_opens(ss);	/* but for our own */
	return done;
}

/*
 * session_run(ss)
 *
 *	A life, from ss_node and ss_line, which it closes, to how it ended.
 *	What the program has written is sent before, if the node still takes it
 *	(bridge.c); its own close sends what it has.
 */
enum end
session_run(struct session *ss)
{
	enum end end = END_FAILED;

	ss->ss_master = ss->ss_inotify = ss->ss_signals = -1;
	ss->ss_reader.rd_fd = -1;
	if (session_begin(ss))
		end = session_serve(ss);
	if (ss->ss_signals != -1)
		session_hangup(ss);
	if (end != END_FAILED && ss->ss_signal != 0)
		end = END_SIGNAL;	/* while it waited, perhaps */
	reader_stop(&ss->ss_reader);
	close_if(&ss->ss_master);
	close_if(&ss->ss_inotify);
	close_if(&ss->ss_signals);
	line_close(ss->ss_line);
	(void)fcntl(ss->ss_node, F_SETFL, O_RDWR);
	close(ss->ss_node);
	close(ss->ss_input);
	(void)signal(SIGPIPE, pipe_before);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return end;
}
