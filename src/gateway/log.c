/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log.c - a port's log: what the device has said, and when.
 *
 * Model
 *	raw	the bytes as they came, and nothing else
 *	lines	each line with the time of its first byte before it; what
 *		has happened (plug, clients) is a line that begins with "---"
 *	hex	each piece with its time, as rows of 16 bytes in hex
 *
 *	What is to be written is composed here, in the loop, and so has the time
 *	at which it came.  The disk's thread writes it (disk.c, logfile.c), one
 *	piece of each log at a time; what comes meanwhile waits, up to QUEUE
 *	bytes.  What is over that is lost: counted, and told where it is missing
 *	in the log when it goes on.  The same goes for what the disk has no room
 *	for.
 *
 *	    WRITING a piece --- done ---> is there more?  the next piece
 *	      l_out grows, or is full	   what was lost before it goes along
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/disk.h"
#include "gateway/gateway.h"

#define	QUEUE		(256 * 1024)
#define	ROW		16
#define	LINE_MAX_OUT	160	/* of what is composed at one time */

/* On its way to the disk; of one log there is at most one, and a last one. */
struct piece {
	struct job	 pi_job;
	struct log	*pi_log;
	char		*pi_bytes;
	size_t		 pi_n;
	uint64_t	 pi_before;	/* lost before it */
	uint64_t	 pi_lost;	/* of it */
};

struct log {
	struct logfile	*l_file;	/* the thread's */
	const struct port_conf *l_conf;	/* NULL: log_free was called */
	bool		 l_inline;	/* a line has begun */
	char		*l_out;		/* what comes next; or NULL */
	size_t		 l_n;
	size_t		 l_room;
	uint64_t	 l_before;	/* bytes lost before l_out */
	uint64_t	 l_dropped;	/* and behind it, as it is full */
	uint64_t	 l_lost;	/* bytes, ever */
	unsigned	 l_pieces;	/* with the thread */
	size_t		 l_writing;	/* bytes of them */
};

/* ---- to the disk ---------------------------------------------------- */

static void	next_piece(struct log *);

static void
do_piece(struct job *jb)
{
	struct piece *const pi = (struct piece *)(void *)jb;

	pi->pi_lost = logfile_write(pi->pi_log->l_file, pi->pi_bytes, pi->pi_n,
	    pi->pi_before);
}

static void
log_gone(struct log *l)
{

	if (l->l_conf != NULL || l->l_pieces > 0)
		return;
	free(l->l_out);
	free(l);
}

static void
done_piece(struct job *jb)
{
	struct piece *const pi = (struct piece *)(void *)jb;
	struct log *const l = pi->pi_log;

	l->l_pieces--;
	l->l_writing -= pi->pi_n;
	l->l_lost += pi->pi_lost;
	if (pi->pi_lost > 0)
		l->l_inline = false;	/* as tell_lost ends a line */
	free(pi->pi_bytes);
	free(pi);
	if (l->l_conf != NULL)
		next_piece(l);
	else
		log_gone(l);
}

/* Hand on what there is, also if it is nothing. */
static void
hand_on(struct log *l)
{
	struct piece *const pi = calloc(1, sizeof(*pi));

	if (pi == NULL) {
		l->l_dropped += l->l_n;
		l->l_lost += l->l_n;
		l->l_n = 0;
		return;
	}
	pi->pi_job.jb_do = do_piece;
	pi->pi_job.jb_done = done_piece;
	pi->pi_log = l;
	pi->pi_bytes = l->l_out;
	pi->pi_n = pi->pi_lost = l->l_n;
	/* What was dropped has come after these. */
	pi->pi_before = l->l_before;
	l->l_before = l->l_dropped;
	if (l->l_dropped > 0)
		l->l_inline = false;
	l->l_dropped = 0;
	l->l_out = NULL;
	l->l_n = l->l_room = 0;
	l->l_pieces++;
	l->l_writing += pi->pi_n;
	disk_run(&pi->pi_job);
}

static void
next_piece(struct log *l)
{

	if (l->l_pieces == 0 && (l->l_n > 0 || l->l_before > 0 ||
	    l->l_dropped > 0))
		hand_on(l);
}

/* ---- what is in it -------------------------------------------------- */

/* It waits for its turn, or is lost: all of it, and what follows too. */
static void
add(struct log *l, const char *bytes, size_t n)
{
	size_t room = l->l_room;
	char *more;

	if (l->l_dropped == 0 && l->l_n + n <= QUEUE && l->l_n + n > room) {
		while (room < l->l_n + n)
			room = room == 0 ? 1024 : room * 2;
		more = realloc(l->l_out, room);
		if (more != NULL) {
			l->l_out = more;
			l->l_room = room;
		}
	}
	if (l->l_dropped > 0 || l->l_n + n > l->l_room) {
		l->l_dropped += n;
		l->l_lost += n;
		return;
	}
	memcpy(l->l_out + l->l_n, bytes, n);
	l->l_n += n;
}

__attribute__((__format__(__printf__, 2, 3)))
static void
put(struct log *l, const char *format, ...)
{
	char text[LINE_MAX_OUT];
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (n > 0)
		add(l, text, (size_t)n < sizeof(text) ? (size_t)n :
		    sizeof(text) - 1);
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
	const uint8_t *end;
	size_t some;

	for (; n > 0; bytes += some, n -= some) {
		end = memchr(bytes, '\n', n);
		some = end != NULL ? (size_t)(end - bytes) + 1 : n;
		if (!l->l_inline)
			put_time(l);
		l->l_inline = end == NULL;
		add(l, (const char *)bytes, some);
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

/* ---- the door ------------------------------------------------------- */

/* The log of a port; conf stays.  NULL: it has none, or no memory. */
struct log *
log_new(const struct port_conf *conf)
{
	struct log *l;

	if (conf->pc_log[0] == '\0')
		return NULL;
	l = calloc(1, sizeof(*l));
	if (l != NULL)
		l->l_file = logfile_new(conf->pc_name, conf->pc_log,
		    conf->pc_logsize, conf->pc_logkeep, conf->pc_logformat !=
		    LOG_RAW);
	if (l == NULL || l->l_file == NULL) {
		say("%s: out of memory; there is no log", conf->pc_name);
		free(l);
		return NULL;
	}
	l->l_conf = conf;
	hand_on(l);		/* what is wrong with it is told now */
	return l;
}

static void
do_end(struct job *jb)
{

	do_piece(jb);
	logfile_free(((struct piece *)(void *)jb)->pi_log->l_file);
}

/* What waits is written yet; l is not to be used any more. */
void
log_free(struct log *l)
{
	struct piece *pi;

	if (l == NULL)
		return;
	if (l->l_n > 0)
		hand_on(l);
	l->l_conf = NULL;
	pi = calloc(1, sizeof(*pi));
	if (pi == NULL)
		return;			/* and so is no end of it */
	pi->pi_job.jb_do = do_end;
	pi->pi_job.jb_done = done_piece;
	pi->pi_log = l;
	pi->pi_before = l->l_before + l->l_dropped;
	l->l_pieces++;
	disk_run(&pi->pi_job);
}

/*
 * l = log_change(l, was, conf)
 *
 *	The same log, if it is to be as it was; else another one.  was is what
 *	the port was like, and is not looked at any more afterwards.
 */
struct log *
log_change(struct log *l, const struct port_conf *was,
    const struct port_conf *conf)
{

	if (l == NULL || strcmp(was->pc_log, conf->pc_log) != 0 ||
	    was->pc_logformat != conf->pc_logformat ||
	    was->pc_logsize != conf->pc_logsize ||
	    was->pc_logkeep != conf->pc_logkeep) {
		log_free(l);
		return log_new(conf);
	}
	l->l_conf = conf;
	return l;
}

/* Bytes that were lost, ever; and those that wait for the disk. */
uint64_t
log_lost(const struct log *l)
{

	return l != NULL ? l->l_lost : 0;
}

uint64_t
log_waits(const struct log *l)
{

	return l != NULL ? l->l_n + l->l_writing : 0;
}

/* The device has said this. */
void
log_put(struct log *l, const uint8_t *bytes, size_t n)
{

	if (l == NULL)
		return;
	switch (l->l_conf->pc_logformat) {
	case LOG_RAW:
		add(l, (const char *)bytes, n);
		break;
	case LOG_LINES:
		put_lines(l, bytes, n);
		break;
	case LOG_HEX:
		put_hex(l, bytes, n);
		break;
	}
	next_piece(l);
}

/* And this has happened. */
void
log_note(struct log *l, const char *text)
{

	if (l == NULL || l->l_conf->pc_logformat == LOG_RAW)
		return;
	put_mark(l, text);
	next_piece(l);
}
