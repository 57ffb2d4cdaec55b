/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log.c - hyp_log: one line for the person who runs the daemon.
 *
 * Model
 *	The caller may hold any lock, so a reader of the log who stopped
 *	reading (a full pipe, a terminal after ^S, a stuck syslogd) must not
 *	stop it.  Every write here is therefore non-blocking, without making
 *	the descriptor of somebody else non-blocking: O_NONBLOCK belongs to
 *	the open file, which standard error shares with the shell.
 *
 *		socket		send(MSG_DONTWAIT): the journal's stream
 *		pipe, terminal	opened again through /proc/self/fd/2 with
 *				O_NONBLOCK; if that is refused, poll(2) first
 *		plain file	write(2), which does not wait for a reader
 *		/dev/log	sendto(MSG_DONTWAIT) with the address each
 *				time, so that a restarted syslogd is found
 *
 *	What a device, a client or another process has put into a line (its
 *	strings, its name) neither ends it nor reaches a terminal as more than
 *	text: host_text_clean.
 *
 *	What does not fit is dropped and counted, and the count is told with
 *	the next line that gets through.  Lines that others can cause at will
 *	go through host_log_quiet first.
 *
 * Locks
 *	log_mtx protects the state below and keeps lines whole.  It is a
 *	leaf: nothing else is taken and nothing blocks under it.
 *
 * Known gaps
 *	With poll(2) first, another process that fills the same pipe in
 *	between makes one write wait.
 */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "hyp/hyp.h"
#include "host/host.h"

#define	LOG_LINE	1200	/* a line with its prefix, below PIPE_BUF */
#define	LOG_TEXT	1000

enum log_how {
	HOW_UNKNOWN,		/* log_setup has not run */
	HOW_WRITE,
	HOW_POLL,
	HOW_SEND,
};

static pthread_mutex_t log_mtx = PTHREAD_MUTEX_INITIALIZER;
static enum host_logdest log_dest = HOST_LOG_STDERR;
static enum log_how log_how = HOW_UNKNOWN;
static atomic_int log_fd = STDERR_FILENO;
static int log_journal;			/* "<6>" prefixes */
static atomic_int log_sock = -1;	/* for /dev/log */
static unsigned log_lost;
static int log_half;			/* the last line has no end */
static atomic_int log_level = HYP_LOG_INFO;

void
hyp_posix_set_loglevel(int level)
{

	atomic_store(&log_level, level);
}

static struct sockaddr_un
log_address(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	strcpy(sun.sun_path, "/dev/log");
	return sun;
}

void
host_log_to(enum host_logdest dest)
{

	pthread_mutex_lock(&log_mtx);
	log_dest = dest;
	if (dest == HOST_LOG_SYSLOG && log_sock == -1)
		log_sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	/* Do not hold on to a terminal that the daemon leaves. */
	if (log_fd != STDERR_FILENO)
		close(log_fd);
	log_fd = STDERR_FILENO;
	log_how = HOW_UNKNOWN;
	pthread_mutex_unlock(&log_mtx);
}

/* Is the journal at the other end?  It says which file it gave us. */
static int
log_is_journal(const struct stat *st)
{
	const char *env = getenv("JOURNAL_STREAM");
	uintmax_t dev, ino;

	return env != NULL && sscanf(env, "%ju:%ju", &dev, &ino) == 2 &&
	    dev == st->st_dev && ino == st->st_ino;
}

/* Find out once what standard error is.  log_mtx is held. */
static void
log_setup(void)
{
	struct stat st;
	int fd;

	if (log_how != HOW_UNKNOWN || log_dest != HOST_LOG_STDERR)
		return;
	log_how = HOW_WRITE;
	if (fstat(STDERR_FILENO, &st) == -1)
		return;
	log_journal = log_is_journal(&st);
	if (S_ISSOCK(st.st_mode)) {
		log_how = HOW_SEND;
	} else if (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode)) {
		fd = open("/proc/self/fd/2",
		    O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
		if (fd == -1)
			log_how = HOW_POLL;
		else
			log_fd = fd;
	}
}

/*
 * A file may be full, and so may a terminal, in the middle of a line: that one
 * is lost, and its end comes before the next.
 */
static ssize_t
log_write(const char *buf, size_t len)
{
	ssize_t n;

	if (log_half && write(log_fd, "\n", 1) != 1)
		return -1;
	n = write(log_fd, buf, len);
	log_half = n > 0 && (size_t)n < len;
	if (!log_half)
		return n;
	errno = ENOSPC;
	return -1;
}

/* Whole line or nothing, without waiting.  log_mtx is held. */
static int
log_put(const char *buf, size_t len)
{
	struct pollfd pfd = { .fd = log_fd, .events = POLLOUT };
	struct sockaddr_un sun;
	ssize_t n;

	if (log_dest == HOST_LOG_SYSLOG) {
		sun = log_address();
		n = sendto(log_sock, buf, len, MSG_DONTWAIT | MSG_NOSIGNAL,
		    (struct sockaddr *)&sun, sizeof(sun));
	} else if (log_how == HOW_SEND) {
		n = send(log_fd, buf, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	} else {
		if (log_how == HOW_POLL &&
		    (poll(&pfd, 1, 0) != 1 || (pfd.revents & POLLOUT) == 0))
			return EAGAIN;
		n = log_write(buf, len);
	}
	return n == -1 ? errno : 0;
}

static const char *
log_levelname(int level)
{

	switch (level) {
	case HYP_LOG_ERR:
		return "error: ";
	case HYP_LOG_WARNING:
		return "warning: ";
	case HYP_LOG_DEBUG:
		return "debug: ";
	default:
		return "";
	}
}

/* Format one line for the destination.  log_mtx is held. */
static size_t
log_format(char *buf, size_t size, int level, const char *text)
{
	struct timespec ts;
	struct tm tm;
	char when[40];
	int n;

	clock_gettime(CLOCK_REALTIME, &ts);
	localtime_r(&ts.tv_sec, &tm);
	if (log_dest == HOST_LOG_SYSLOG) {
		strftime(when, sizeof(when), "%h %e %T", &tm);
		n = snprintf(buf, size, "<%d>%s devswd[%d]: %.*s",
		    LOG_DAEMON | level, when, (int)getpid(), LOG_TEXT, text);
	} else if (log_journal) {
		n = snprintf(buf, size, "<%d>%.*s\n", level, LOG_TEXT, text);
	} else {
		strftime(when, sizeof(when), "%T", &tm);
		n = snprintf(buf, size, "%s.%03ld devswd: %s%.*s\n", when,
		    ts.tv_nsec / 1000000, log_levelname(level), LOG_TEXT,
		    text);
	}
	return n < 0 ? 0 : (size_t)n < size ? (size_t)n : size - 1;
}

void
hyp_log(int level, const char *text)
{
	char line[LOG_LINE], lost[64], clean[LOG_TEXT + 1];
	size_t len;
	int saved;

	if (level > atomic_load_explicit(&log_level, memory_order_relaxed))
		return;
	saved = errno;
	snprintf(clean, sizeof(clean), "%s", text);
	host_text_clean(clean);
	pthread_mutex_lock(&log_mtx);
	log_setup();
	if (log_lost != 0) {
		snprintf(lost, sizeof(lost),
		    "%u lines of this log were lost", log_lost);
		len = log_format(line, sizeof(line), HYP_LOG_WARNING, lost);
		if (log_put(line, len) == 0)
			log_lost = 0;
	}
	len = log_format(line, sizeof(line), level, clean);
	if (log_put(line, len) != 0)
		log_lost++;
	pthread_mutex_unlock(&log_mtx);
	errno = saved;
}

void
host_logf(int level, const char *fmt, ...)
{
	char text[LOG_TEXT + 1];
	va_list ap;

	if (level > atomic_load_explicit(&log_level, memory_order_relaxed))
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	hyp_log(level, text);
}

/* Of those who find the time over, one has it. */
unsigned
host_log_quiet(struct host_quiet *hq)
{
	uint64_t now, next = atomic_load(&hq->hq_next);
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	now = (uint64_t)ts.tv_sec * UINT64_C(1000000000) +
	    (uint64_t)ts.tv_nsec;
	atomic_fetch_add(&hq->hq_kept, 1);
	if (now < next || !atomic_compare_exchange_strong(&hq->hq_next,
	    &next, now + HOST_QUIET_MS * UINT64_C(1000000)))
		return 0;
	return atomic_exchange(&hq->hq_kept, 0);
}

/*
 * host_log_emergency(text)
 *
 *	log_mtx may be held by the very thread that crashed, so the state is
 *	read without it.  Nothing here changes it, and it is set once, early.
 */
void
host_log_emergency(const char *text)
{
	static const char prefix[] = "<27>devswd: ";	/* daemon, error */
	struct sockaddr_un sun;
	char buf[LOG_LINE];
	size_t len, off;

	len = strlen(text);
	if (len > LOG_TEXT)
		len = LOG_TEXT;
	off = sizeof(prefix) - 1;
	memcpy(buf, prefix, off);
	memcpy(buf + off, text, len);
	buf[off + len] = '\0';
	host_text_clean(buf + off);
	len = strlen(buf + off);
	buf[off + len] = '\n';
	if (log_sock != -1) {
		sun = log_address();
		(void)sendto(log_sock, buf, off + len,
		    MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&sun,
		    sizeof(sun));
	}
	/* From the name on: "<27>" is for syslog only. */
	if (write(log_fd, buf + 4, off + len + 1 - 4) == -1)
		return;
}
