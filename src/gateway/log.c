/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log.c - a port's log file: what the device has said, and when.
 *
 * Model
 *	raw	the bytes as they came, and nothing else
 *	lines	each line with the time of its first byte before it; what
 *		has happened (plug, clients) is a line that begins with "---"
 *	hex	each piece with its time, as rows of 16 bytes in hex
 *
 *	The file does not grow over its size: the bytes that would not fit begin
 *	the next one, after FILE has become FILE.1, FILE.1 FILE.2, and so on.
 *	Every byte is in one of them.
 *
 *	A disk that is full, or a file that cannot be opened, is said once, and
 *	what is lost is counted; each new piece tries again, a file that cannot
 *	be opened once a second, and the log goes on with how much is missing.
 *	A write may wait for the disk, as any does.
 *
 *	The file is opened without following a link in its last name, and has to
 *	be a file: a FIFO would hold up the loop.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gateway/gateway.h"

#define	OUT		8192
#define	ROW		16
#define	LINE_MAX_OUT	160	/* of what is composed at one time */

struct log {
	const struct port_conf *l_conf;
	int		 l_fd;		/* -1: it has to be opened */
	size_t		 l_size;
	time_t		 l_tried;
	int		 l_error;	/* which was told; 0: all is well */
	unsigned long long l_lost;	/* bytes, not told in the log yet */
	bool		 l_inline;	/* a line has begun */
	char		 l_out[OUT];
	size_t		 l_n;
};

/* ---- the file ------------------------------------------------------- */

static void
trouble(struct log *l, int error)
{

	if (error != l->l_error)
		say("%s: log %s: %s", l->l_conf->pc_name, l->l_conf->pc_log,
		    strerror(error));
	l->l_error = error;
}

static void
close_file(struct log *l)
{

	if (l->l_fd != -1)
		close(l->l_fd);
	l->l_fd = -1;
}

/* Is there a file to write to? */
static bool
open_file(struct log *l)
{
	const time_t now = time(NULL);
	struct stat st;

	if (l->l_fd != -1)
		return true;
	if (l->l_tried == now && l->l_error != 0)
		return false;
	l->l_tried = now;
	l->l_fd = open(l->l_conf->pc_log, O_WRONLY | O_CREAT | O_APPEND |
	    O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0640);
	if (l->l_fd == -1) {
		trouble(l, errno);
		return false;
	}
	if (fstat(l->l_fd, &st) == -1 || !S_ISREG(st.st_mode)) {
		trouble(l, EINVAL);
		close_file(l);
		return false;
	}
	l->l_size = (size_t)st.st_size;
	return true;
}

/* FILE.n, or FILE for 0. */
static void
file_name(const struct log *l, unsigned n, char *name, size_t size)
{

	if (n == 0)
		snprintf(name, size, "%s", l->l_conf->pc_log);
	else
		snprintf(name, size, "%s.%u", l->l_conf->pc_log, n);
}

/* Begin the next file; false: that cannot be. */
static bool
rotate(struct log *l)
{
	char from[160], to[160];
	unsigned n;

	for (n = l->l_conf->pc_logkeep; n > 0; n--) {
		file_name(l, n - 1, from, sizeof(from));
		file_name(l, n, to, sizeof(to));
		if (rename(from, to) == -1 && errno != ENOENT) {
			trouble(l, errno);
			return false;
		}
	}
	if (l->l_conf->pc_logkeep == 0 && unlink(l->l_conf->pc_log) == -1 &&
	    errno != ENOENT) {
		trouble(l, errno);
		return false;
	}
	close_file(l);
	l->l_error = 0;
	return open_file(l);
}

/* Write this, in one file or, if it does not fit, on in the next. */
static void
write_all(struct log *l, const char *bytes, size_t n)
{
	const size_t limit = (size_t)l->l_conf->pc_logsize * 1024;
	size_t some;
	ssize_t done;

	while (n > 0) {
		if (!open_file(l) || (l->l_size >= limit && !rotate(l)))
			break;
		some = n < limit - l->l_size ? n : limit - l->l_size;
		done = write(l->l_fd, bytes, some);
		if (done == -1 && errno == EINTR)
			continue;
		if (done <= 0) {
			trouble(l, errno);
			break;
		}
		l->l_error = 0;
		l->l_size += (size_t)done;
		bytes += done;
		n -= (size_t)done;
	}
	l->l_lost += n;
}

/* ---- what is in it -------------------------------------------------- */

static void
flush(struct log *l)
{

	write_all(l, l->l_out, l->l_n);
	l->l_n = 0;
}

__attribute__((__format__(__printf__, 2, 3)))
static void
put(struct log *l, const char *format, ...)
{
	va_list ap;
	int n;

	if (sizeof(l->l_out) - l->l_n < LINE_MAX_OUT)
		flush(l);
	va_start(ap, format);
	n = vsnprintf(l->l_out + l->l_n, LINE_MAX_OUT, format, ap);
	va_end(ap);
	l->l_n += n < 0 ? 0 : n < LINE_MAX_OUT ? (size_t)n : LINE_MAX_OUT - 1;
}

static void
put_time(struct log *l)
{
	struct timespec now;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	put(l, "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ ", tm.tm_year + 1900,
	    tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
	    now.tv_nsec / 1000000);
}

/* A line about something else than bytes. */
static void
put_mark(struct log *l, const char *text)
{

	if (l->l_inline)
		put(l, "\n");
	l->l_inline = false;
	put(l, "--- ");
	put_time(l);
	put(l, "%s\n", text);
}

static void
put_lines(struct log *l, const uint8_t *bytes, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (!l->l_inline)
			put_time(l);
		l->l_inline = bytes[i] != '\n';
		if (l->l_n == sizeof(l->l_out))
			flush(l);
		l->l_out[l->l_n++] = (char)bytes[i];
	}
}

static void
put_hex(struct log *l, const uint8_t *bytes, size_t n)
{
	size_t at, i;

	for (at = 0; at < n; at += ROW) {
		put_time(l);
		for (i = at; i < at + ROW; i++)
			put(l, i < n ? "%02x " : "   ", i < n ? bytes[i] : 0);
		put(l, " ");
		for (i = at; i < at + ROW && i < n; i++)
			put(l, "%c", bytes[i] >= ' ' && bytes[i] <= '~' ?
			    bytes[i] : '.');
		put(l, "\n");
	}
}

/* The log goes on after a loss: say so in it. */
static void
tell_lost(struct log *l)
{
	const unsigned long long lost = l->l_lost;
	char text[64];

	if (lost == 0 || !open_file(l))
		return;
	snprintf(text, sizeof(text), "%llu bytes of the log are missing here",
	    lost);
	if (l->l_conf->pc_logformat != LOG_RAW) {
		put_mark(l, text);
		flush(l);
	}
	/* Its own line may be lost again. */
	if (l->l_error == 0) {
		say("%s: %s", l->l_conf->pc_name, text);
		l->l_lost = 0;
	} else
		l->l_lost = lost;
}

/* ---- the door ------------------------------------------------------- */

/* The log of a port; conf stays.  NULL: it has none, or no memory. */
struct log *
log_new(const struct port_conf *conf)
{
	struct log *l;

	if (conf->pc_log[0] == '\0')
		return NULL;
	l = calloc(1, sizeof(*l));
	if (l == NULL) {
		say("%s: out of memory; there is no log", conf->pc_name);
		return NULL;
	}
	l->l_conf = conf;
	l->l_fd = -1;
	(void)open_file(l);
	return l;
}

void
log_free(struct log *l)
{

	if (l == NULL)
		return;
	close_file(l);
	free(l);
}

/* The device has said this. */
void
log_put(struct log *l, const uint8_t *bytes, size_t n)
{

	if (l == NULL)
		return;
	tell_lost(l);
	switch (l->l_conf->pc_logformat) {
	case LOG_RAW:
		write_all(l, (const char *)bytes, n);
		break;
	case LOG_LINES:
		put_lines(l, bytes, n);
		break;
	case LOG_HEX:
		put_hex(l, bytes, n);
		break;
	}
	flush(l);
}

/* And this has happened. */
void
log_note(struct log *l, const char *text)
{

	if (l == NULL || l->l_conf->pc_logformat == LOG_RAW)
		return;
	tell_lost(l);
	put_mark(l, text);
	flush(l);
}
