/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * say.c - the log: lines on standard error, which is the journal's.
 *
 * Nothing that a client or a device has sent gets into it.
 *
 * Who reads it may stop reading (a full pipe, a terminal after ^S), and must
 * not stop the loop: a line that would wait is dropped and counted, and before
 * the next one that gets through it is said how many are missing.  O_NONBLOCK
 * belongs to the open file, which is the shell's too; so a pipe and a terminal
 * are opened again, and where that is refused poll(2) alone has to do.
 *
 * Locks
 *	say_lock	all of it; lines come from any thread.  A leaf.
 */
#include <sys/socket.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gateway/gateway.h"

bool say_more;

static pthread_mutex_t say_lock = PTHREAD_MUTEX_INITIALIZER;
static int say_fd = -1;			/* -1: not looked at yet */
static bool say_socket;
static unsigned say_lost;
static bool say_half;			/* the last line has no end */

/* What is standard error?  say_lock held. */
static void
setup(void)
{
	struct stat st = { .st_mode = 0 };

	if (say_fd != -1)
		return;
	if (fstat(STDERR_FILENO, &st) == 0 &&
	    (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode)))
		say_fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK |
		    O_CLOEXEC | O_NOCTTY);
	else
		say_socket = S_ISSOCK(st.st_mode);
	if (say_fd == -1)
		say_fd = STDERR_FILENO;
}

/*
 * A file may be full, and so may a terminal, in the middle of a line: that one
 * is lost, and its end comes before the next.
 */
static bool
put_line(const char *buf, size_t len)
{
	ssize_t n;

	if (say_half && write(say_fd, "\n", 1) != 1)
		return false;
	n = write(say_fd, buf, len);
	say_half = n > 0 && (size_t)n < len;
	return n != -1 && !say_half;
}

/* Without a wait; false: it is lost.  say_lock held. */
static bool
put(const char *text)
{
	struct pollfd pfd = { .events = POLLOUT };
	char buf[600];
	size_t len;

	setup();
	snprintf(buf, sizeof(buf), "devsw-gateway: %s\n", text);
	len = strlen(buf);
	if (say_socket)
		return send(say_fd, buf, len, MSG_DONTWAIT | MSG_NOSIGNAL) !=
		    -1;
	pfd.fd = say_fd;
	return poll(&pfd, 1, 0) == 1 && (pfd.revents & POLLOUT) != 0 &&
	    put_line(buf, len);
}

static void
line(const char *format, va_list ap)
{
	char text[512], lost[64];

	vsnprintf(text, sizeof(text), format, ap);
	pthread_mutex_lock(&say_lock);
	snprintf(lost, sizeof(lost), "%u lines of this log were lost",
	    say_lost);
	if (say_lost > 0 && put(lost))
		say_lost = 0;
	if (!put(text))
		say_lost++;
	pthread_mutex_unlock(&say_lock);
}

void
say(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	line(format, ap);
	va_end(ap);
}

void
say_verbose(const char *format, ...)
{
	va_list ap;

	if (!say_more)
		return;
	va_start(ap, format);
	line(format, ap);
	va_end(ap);
}
