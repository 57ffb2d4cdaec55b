/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reader.c - a process that reads the node, into a pipe.
 *
 * Why: poll(2) of a CUSE node asks its daemon twice for each wake-up, whatever
 * has woken it, and so a byte there and back took twice as long as on the node
 * itself.  A read that waits is asked once, and answered with the byte.  The
 * node's end is the pipe's.
 *
 * It has a descriptor of its own, as the one for writing is non-blocking.  The
 * pipe is small: what it holds comes on top of the queue, and a reader that
 * waits for room stops the node.  It does not see then that the node has
 * ended; bridge.c polls the node as long as it does not take what comes.
 *
 * Its life: forked when all is ready; reads; killed when the session ends, or
 * if devsw-pty is.  It has no privileges to lose, and nothing of its own to
 * tidy up.  A process, not a thread, since one that waits in a read can be
 * ended from outside.
 */
#include <sys/prctl.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "pty/pty.h"

#define	PIPE_SIZE	4096	/* the least that a pipe has */

/*
 * All that the node gives, to the end of either.  Nothing else stays open: a
 * second descriptor of the master would keep the pty from its hang-up.
 */
static _Noreturn void
reader_run(int node, int to)
{
	unsigned char buf[PIPE_SIZE];
	ssize_t n, done, out;

	if (dup2(node, STDIN_FILENO) == -1 || dup2(to, STDOUT_FILENO) == -1 ||
	    close_range(STDERR_FILENO + 1, ~0U, 0) == -1)
		_exit(1);
	for (;;) {
		n = read(STDIN_FILENO, buf, sizeof(buf));
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			_exit(0);
		for (out = 0; out < n; out += done) {
			done = write(STDOUT_FILENO, buf + out,
			    (size_t)(n - out));
			if (done == -1)
				_exit(1);
		}
	}
}

/*
 * reader_start(rd, node)
 *
 *	Read node, a blocking descriptor, from now on.  -1 with errno.  What it
 *	gives can be read from rd_fd, which is non-blocking.
 */
int
reader_start(struct reader *rd, int node)
{
	const pid_t parent = getpid();
	int fd[2];

	if (pipe2(fd, O_CLOEXEC) == -1)
		return -1;
	(void)fcntl(fd[1], F_SETPIPE_SZ, PIPE_SIZE);
	(void)fcntl(fd[0], F_SETFL, O_RDONLY | O_NONBLOCK);
	rd->rd_pid = fork();
	if (rd->rd_pid == 0) {
		close(fd[0]);
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		reader_run(node, fd[1]);
	}
	close(fd[1]);
	rd->rd_fd = fd[0];
	if (rd->rd_pid != -1)
		return 0;
	rd->rd_pid = 0;
	close(fd[0]);
	rd->rd_fd = -1;
	return -1;
}

/* Drop what it has given until now. */
void
reader_flush(const struct reader *rd)
{
	unsigned char buf[PIPE_SIZE];

	while (read(rd->rd_fd, buf, sizeof(buf)) > 0)
		;
}

/*
 * reader_stop(rd)
 *
 *	Waits for its end: a read of a node is interrupted at once, by devswd's
 *	contract, and so the node is closed when this returns.
 */
void
reader_stop(struct reader *rd)
{

	if (rd->rd_pid != 0) {
		(void)kill(rd->rd_pid, SIGKILL);
		(void)waitpid(rd->rd_pid, NULL, 0);
	}
	if (rd->rd_fd != -1)
		close(rd->rd_fd);
	rd->rd_pid = 0;
	rd->rd_fd = -1;
}
