/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace.c - devswd --trace: what the kernel side tells, as lines of JSON.  (One
 * node's, for who follows it: tap.c.)
 *
 * Model
 *	hyp_trace is called in the middle of what it tells of, with locks of
 *	K held, and must neither wait for a disk or a reader nor take much
 *	time out of what is timed.  So it copies into a buffer in memory; a
 *	thread writes the lines.  There are two buffers: one is filled while
 *	the thread writes the other, and they change places as soon as it is
 *	done, which is at once when little happens.
 *
 *		filled by hyp_trace	written by the thread
 *		------------------	---------------------
 *		full: what comes is
 *		counted, not kept
 *					done; takes this one and the count
 *		room again		lines, and at last "lost" and count
 *
 *	So the order of lines is that of events, and of their times, and what
 *	was lost was so where the line is that says it.
 *
 *	An error of the file ends the trace, and the log says so: a gap that
 *	cannot be told of in the trace itself is not made.
 *
 *	State: off, open (a file that has been left as it was), on, ended,
 *	and open again.
 *
 * Locks
 *	trace_mtx protects the state and both buffers, but for the one that
 *	the thread writes.  It is a leaf, and nothing blocks under it.
 *
 * Known gaps
 *	A SIGKILL takes what is not written yet: normally less than a
 *	millisecond's events.
 *	Who has opened a file when others could read it reads on.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "hyp/hyp.h"
#include "hyp/hyp_trace.h"
#include "host/host.h"
#include "host/tracevar.h"

#define	TRACE_EVENTS	8192		/* in each buffer */
#define	TRACE_OUT	65536
#define	TRACE_STOP	1000		/* ms for a reader at the end, at a time, */
#define	TRACE_END	5000		/* and in all */
#define	TRACE_CRASH	100		/* ms for the thread in a crash */

enum trace_state {
	TRACE_OFF,
	TRACE_OPEN,
	TRACE_ON,
	TRACE_ENDED,
};

struct trace_buf {
	unsigned	 tb_n;
	struct trace_record tb_rec[TRACE_EVENTS];
};

static pthread_mutex_t trace_mtx = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t trace_cv = PTHREAD_COND_INITIALIZER;
static enum trace_state trace_state;
static uint64_t trace_stop;		/* the thread is to end, by then; 0: not */
static struct trace_buf *trace_fill;	/* hyp_trace's */
static struct trace_buf *trace_spare;	/* the thread's */
static uint64_t trace_lost;		/* since trace_fill was taken up */
static atomic_uint trace_unwritten;	/* events in both */
static struct hyp_thread *trace_thread;
static int trace_fd = -1;		/* const while the thread runs */
static char trace_out[TRACE_OUT];	/* the thread's */
static size_t trace_outlen;

/* ---- the writer ----------------------------------------------------- */

/* The reader of a pipe is slow: wait, but not for ever at the end. */
static int
trace_wait(void)
{
	struct pollfd pfd = { .fd = trace_fd, .events = POLLOUT };
	const int n = poll(&pfd, 1, TRACE_STOP);
	uint64_t until;

	pthread_mutex_lock(&trace_mtx);
	until = trace_stop;
	pthread_mutex_unlock(&trace_mtx);
	return until == 0 || (n != 0 && hyp_clock() < until);
}

/* 0, or an errno: there is no use in going on. */
static int
trace_flush(void)
{
	size_t done = 0;
	ssize_t n;

	while (done < trace_outlen) {
		n = write(trace_fd, trace_out + done, trace_outlen - done);
		if (n >= 0)
			done += (size_t)n;
		else if (errno != EINTR && (errno != EAGAIN || !trace_wait()))
			return errno;
	}
	trace_outlen = 0;
	return 0;
}

/* Everything of a buffer, and how much was lost after that. */
static int
trace_write(const struct trace_buf *tb, uint64_t lost)
{
	unsigned i;
	int error;

	for (i = 0; i < tb->tb_n; i++) {
		trace_outlen += trace_text(&tb->tb_rec[i], trace_out +
		    trace_outlen);
		if (trace_outlen > TRACE_OUT - TRACE_LINE &&
		    (error = trace_flush()) != 0)
			return error;
	}
	if (lost != 0)
		trace_outlen += (size_t)snprintf(trace_out + trace_outlen,
		    TRACE_LINE, "{\"t\":%" PRIu64 ",\"thread\":%d,"
		    "\"event\":\"lost\",\"count\":%" PRIu64 "}\n",
		    tb->tb_rec[tb->tb_n - 1].tr_time, (int)gettid(), lost);
	return trace_flush();
}

static void
trace_main(void *arg)
{
	struct trace_buf *tb;
	uint64_t lost;
	int error = 0;

	(void)arg;
	pthread_mutex_lock(&trace_mtx);
	for (;;) {
		while (trace_fill->tb_n == 0 && trace_stop == 0)
			pthread_cond_wait(&trace_cv, &trace_mtx);
		if (trace_fill->tb_n == 0 || error != 0)
			break;
		tb = trace_fill;
		trace_fill = trace_spare;
		trace_spare = tb;
		lost = trace_lost;
		trace_lost = 0;
		pthread_mutex_unlock(&trace_mtx);
		if ((error = trace_write(tb, lost)) != 0)
			host_logf(HYP_LOG_ERR, "the trace ends here: %s",
			    strerror(error));
		pthread_mutex_lock(&trace_mtx);
		atomic_fetch_sub(&trace_unwritten, tb->tb_n);
		tb->tb_n = 0;
		if (error != 0)
			break;
	}
	trace_state = TRACE_ENDED;
	atomic_store(&trace_unwritten, 0);
	pthread_mutex_unlock(&trace_mtx);
}

/*
 * The last events before a crash are those that are wanted most: let the
 * thread write them, if it still can.
 */
static void
trace_emergency(void)
{
	const struct timespec ms = { .tv_nsec = 1000000 };

	for (int i = 0; i < TRACE_CRASH &&
	    atomic_load(&trace_unwritten) != 0; i++)
		(void)nanosleep(&ms, NULL);
}

/* ---- start and stop ------------------------------------------------- */

/* Would it be ours alone?  A terminal, or /dev/null, is what it is. */
static int
trace_is_kept(const struct stat *st)
{

	return S_ISREG(st->st_mode) || S_ISFIFO(st->st_mode);
}

/* errno: whose else is the file that was there? */
static int
trace_check(int fd)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return errno;
	if (!trace_is_kept(&st))
		return 0;
	if (st.st_uid != geteuid())
		return EPERM;
	return st.st_nlink == 1 ? 0 : EMLINK;
}

int
host_trace_open(const char *path)
{
	int error, fd;

	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC |
	    O_NOCTTY | O_NONBLOCK | O_NOFOLLOW, 0600);
	if (fd == -1)
		return errno;
	if ((error = trace_check(fd)) != 0) {
		close(fd);
		return error;
	}
	trace_fd = fd;
	trace_state = TRACE_OPEN;
	return 0;
}

int
host_trace_start(void)
{
	struct stat st;
	int error;

	if (trace_state != TRACE_OPEN)
		hyp_panic("host_trace_start: no file is open");
	if (fstat(trace_fd, &st) == -1 ||
	    (trace_is_kept(&st) && fchmod(trace_fd, 0600) == -1) ||
	    (S_ISREG(st.st_mode) && ftruncate(trace_fd, 0) == -1))
		return errno;
	trace_fill = calloc(1, sizeof(*trace_fill));
	trace_spare = calloc(1, sizeof(*trace_spare));
	error = trace_fill == NULL || trace_spare == NULL ? ENOMEM :
	    hyp_thread_create("trace", trace_main, NULL, &trace_thread);
	if (error != 0)
		return error;
	host_emergency_add(trace_emergency);
	pthread_mutex_lock(&trace_mtx);
	trace_outlen = 0;		/* what an error has left */
	trace_lost = 0;
	trace_state = TRACE_ON;
	pthread_mutex_unlock(&trace_mtx);
	return 0;
}

void
host_trace_stop(void)
{

	if (trace_thread == NULL)
		return;
	pthread_mutex_lock(&trace_mtx);
	trace_stop = hyp_clock() + TRACE_END * UINT64_C(1000000);
	pthread_cond_signal(&trace_cv);
	pthread_mutex_unlock(&trace_mtx);
	hyp_thread_join(trace_thread);
	trace_thread = NULL;
	trace_stop = 0;
	close(trace_fd);
	trace_fd = -1;
	free(trace_fill);
	free(trace_spare);
}

/* ---- the hypercall -------------------------------------------------- */

/* trace_mtx held. */
static void
trace_put(const struct hyp_trace *ht)
{
	struct trace_record *tr;

	if (trace_fill->tb_n == TRACE_EVENTS) {
		trace_lost++;
		return;
	}
	tr = &trace_fill->tb_rec[trace_fill->tb_n++];
	tr->tr_time = hyp_clock();
	tr->tr_thread = gettid();
	tr->tr_what = *ht;
	atomic_fetch_add(&trace_unwritten, 1);
	if (trace_fill->tb_n == 1)
		pthread_cond_signal(&trace_cv);
}

void
hyp_trace(const struct hyp_trace *ht)
{
	enum trace_state state;

	pthread_mutex_lock(&trace_mtx);
	if ((state = trace_state) == TRACE_ON)
		trace_put(ht);
	pthread_mutex_unlock(&trace_mtx);
	if (!tap_put(ht) && (state == TRACE_OFF || state == TRACE_OPEN))
		hyp_panic("hyp_trace: nobody has started a trace");
}
