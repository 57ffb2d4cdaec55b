/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * devsw-pty.c - a kernel pty in front of a node; devsw-pty(1).
 *
 * A node that CUSE has made is no terminal to the kernel: it cannot be the
 * controlling terminal of a session, and takes no line discipline (ppp, slip,
 * can).  A pty is one.  This program opens the node, makes a pty, and carries
 * all that comes from the one to the other, so that a program that has the
 * slave has the line.
 *
 *	session.c	one life: node, pty, link, COMMAND, and their end
 *	bridge.c	the loop that carries bytes
 *	line.c		terminal settings
 *	reader.c	the process that reads the node
 *	marks.c		breaks
 *	events.c	signals, and who opens the slave
 *	link.c		--link
 *
 * Two processes without threads, no privileges but those of whoever starts it.
 * Here is the order of things: open the node, perhaps after a wait for its
 * hardware and its carrier, serve it until it ends, and perhaps do so again.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conf/conf.h"
#include "pty/pty.h"

#define	RETRY_S		1	/* between two opens, two lives */

/* Errors of an open that a plug, or the end of a close, puts right. */
static bool
may_come(int error)
{

	return error == ENXIO || error == ENOENT || error == ENODEV ||
	    error == ENOTCONN || error == EAGAIN || error == EBUSY ||
	    error == EIO;
}

/*
 * node_open(o)
 *
 *	The node's descriptor; -1: said.  Waits for carrier if
 *	the node does, and with --wait for hardware, for as long as it takes;
 *	signals have their default effect meanwhile, and nothing is there yet
 *	that would have to be tidied up.
 */
static int
node_open(const struct options *o)
{
	int fd;

	for (;;) {
		fd = open(o->o_node, O_RDWR | O_NOCTTY | O_CLOEXEC);
		if (fd != -1 || !o->o_wait || !may_come(errno))
			break;
		sleep(RETRY_S);
	}
	if (fd == -1)
		complain("%s: %s", o->o_node, errno == ENXIO ?
		    "no hardware is there" : strerror(errno));
	return fd;
}

/* The same node, and not what has its name by now; -1 with errno. */
static int
node_again(int fd)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
}

/*
 * node_take(ss)
 *
 *	What the session has of the node: two descriptors and its settings.
 *	-1 with errno.
 */
static int
node_take(struct session *ss)
{
	int error;

	ss->ss_node = isatty(ss->ss_input) ? node_again(ss->ss_input) : -1;
	if (ss->ss_node == -1)
		return -1;
	ss->ss_line = line_open(ss->ss_node);
	if (ss->ss_line != NULL)
		return 0;
	error = errno;
	close(ss->ss_node);
	errno = error;
	return -1;
}

/* One life; *end says how it ended. */
static int
live(const struct options *o, enum end *end, int *sig)
{
	struct session ss = { .ss_options = o, .ss_status = EXIT_OK };

	*end = END_FAILED;
	ss.ss_input = node_open(o);
	if (ss.ss_input == -1)
		return EXIT_FAILED;
	if (node_take(&ss) == -1) {
		/* What has just gone may come back; what is no tty is none. */
		*end = errno == ENOTTY ? END_FAILED : END_NODE;
		complain("%s: %s", o->o_node, errno == ENOTTY ?
		    "is no terminal" : strerror(errno));
		close(ss.ss_input);
		return EXIT_FAILED;
	}
	*end = session_run(&ss);
	*sig = ss.ss_signal;
	return *end == END_FAILED && ss.ss_status == EXIT_OK ? EXIT_FAILED :
	    ss.ss_status;
}

int
main(int argc, char **argv)
{
	struct options o;
	enum end end;
	int sig = 0, status;

	conf_stdio();
	/* Were it ignored, as somebody may have left it, no child would tell. */
	(void)signal(SIGCHLD, SIG_DFL);
	status = options_parse(&o, argc, argv);
	if (status == EXIT_OK && (fflush(stdout) != 0 || ferror(stdout))) {
		complain("standard output: %s", strerror(errno));
		status = EXIT_FAILED;
	}
	if (status != -1)
		return status;
	for (;;) {
		status = live(&o, &end, &sig);
		if (!o.o_again || end == END_SIGNAL || end == END_FAILED)
			break;
		sleep(RETRY_S);
	}
	if (end == END_SIGNAL && o.o_command == NULL) {
		(void)signal(sig, SIG_DFL);
		(void)raise(sig);
	}
	return status;
}
