/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * front_io.c - reading from and writing to a channel.
 *
 * libfuse is given our own read and writev (fuse_session_custom_io), the
 * same for /dev/cuse as for the sockets of the tests, because libfuse's own
 *
 *	read into a buffer of 1 MiB, for each thread;
 *	report each error on standard error, and lose its reason;
 *	leave a request unanswered for ever when the kernel refuses the
 *	answer.  Here such a request gets EIO.
 *
 * Reading: one thread at a time, the one at the helm (or the one that makes
 * the node).  Writing: any thread, each message is one writev; does not wait.
 * A message for a request or a connection that is gone is dropped.
 */
#include <sys/uio.h>

#include <assert.h>
#include <errno.h>
#include <linux/fuse.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "front/frontvar.h"
#include "host/host.h"
#include "hyp/hyp.h"

#define	IO_TRIES	8	/* of a write */

static bool
nothing_now(int error)
{

	return error == EAGAIN || error == EINTR || error == ENOENT;
}

/*
 * ENOENT (the client of a request has died just now) means to try again.  To
 * libfuse every error that lasts is ENODEV, of which it does not complain.
 */
static ssize_t
io_read(int fd, void *buf, size_t len, void *arg)
{
	struct front_chan *const fc = arg;
	ssize_t n;

	assert(len >= FRONT_INSZ);
	n = read(fd, buf, FRONT_INSZ);
	if (n > 0 || (n == -1 && nothing_now(errno)))
		return n;
	fc->fc_error = n == 0 ? ENODEV : errno;
	errno = ENODEV;
	return -1;
}

/* Nobody waits for it any more: the request has gone, or the connection. */
static bool
is_over(int error)
{

	return error == ENOENT || error == ENODEV || error == ECONNABORTED ||
	    error == EPIPE || error == ENOTCONN;
}

/*
 * A message of a few pages needs some of the kernel's memory.  Of that there
 * may be none now, and some as soon as somebody else has had his turn; K's
 * locks may be held, so there is no time to wait for it.
 */
static ssize_t
io_put(int fd, const struct iovec *iov, int count)
{
	ssize_t n;
	int tries = 0;

	do {
		n = writev(fd, iov, count);
	} while (n == -1 && (errno == EINTR || errno == ENOMEM) &&
	    ++tries < IO_TRIES && sched_yield() == 0);
	return n;
}

/* The kernel did not like an answer: its client must have one. */
static void
answer_refused(const struct front_chan *fc, uint64_t unique, size_t len)
{
	static struct host_quiet quiet, neither;
	struct fuse_out_header out = {
		.len = sizeof(out), .error = -EIO, .unique = unique,
	};
	const struct iovec iov = { &out, sizeof(out) };
	unsigned n;

	n = host_log_quiet(&quiet);
	if (n != 0)
		host_logf(HYP_LOG_ERR, "front: %s: the kernel refused an "
		    "answer of %zu bytes: %s; told EIO (%u of these)",
		    fc->fc_node->fn_name, len, strerror(errno), n);
	if (io_put(fc->fc_fd, &iov, 1) == -1 && !is_over(errno) &&
	    host_log_quiet(&neither) != 0)
		host_logf(HYP_LOG_ERR, "front: %s: nor did it take that: %s",
		    fc->fc_node->fn_name, strerror(errno));
}

/*
 * ENOENT: libfuse passes it on and says nothing.  EAGAIN is a full socket's, of
 * which only the tests have one.
 */
static ssize_t
io_writev(int fd, struct iovec *iov, int count, void *arg)
{
	static struct host_quiet quiet;
	struct front_chan *const fc = arg;
	struct fuse_out_header out;
	ssize_t n;

	memcpy(&out, iov[0].iov_base, sizeof(out));
	if (out.unique == FRONT_MADE_UP)
		return out.len;
	n = io_put(fd, iov, count);
	if (n != -1)
		return n;
	if (is_over(errno))
		;
	else if (errno != EAGAIN && out.unique != 0)
		answer_refused(fc, out.unique, out.len);
	else if (host_log_quiet(&quiet) != 0)
		host_logf(HYP_LOG_ERR, "front: %s: writing %u bytes: %s",
		    fc->fc_node->fn_name, out.len, strerror(errno));
	errno = ENOENT;
	return -1;
}

/*
 * error = front_io_attach(fc)
 *
 *	Give fc_fd to fc_se, which closes it when it is destroyed.  Negative
 *	errno.
 */
int
front_io_attach(struct front_chan *fc)
{
	const struct fuse_custom_io io = {
		.read = io_read,
		.writev = io_writev,
	};

	return fuse_session_custom_io(fc->fc_se, &io, fc->fc_fd);
}

/*
 * n = front_io_receive(fc, buf)
 *
 *	Read a request into buf->mem (FRONT_INSZ bytes).  0: there is none;
 *	negative: there will be none any more, -errno says why.
 */
int
front_io_receive(struct front_chan *fc, struct fuse_buf *buf)
{
	int n;

	n = fuse_session_receive_buf(fc->fc_se, buf);
	if (n > 0)
		return n;
	if (n < 0 && nothing_now(-n))
		return 0;
	return -(fc->fc_error != 0 ? fc->fc_error : EIO);
}
