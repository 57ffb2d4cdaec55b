/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logfile.c - the files of a log; all of it on the disk's thread (disk.c).
 *
 * Model
 *	The file does not grow over its size: the bytes that would not fit begin
 *	the next one, after FILE has become FILE.1, FILE.1 FILE.2, and so on.
 *	Every byte is in one of them.
 *
 *	A disk that is full, or a file that cannot be opened, is said once, and
 *	what is lost is counted; each new piece tries again, a file that cannot
 *	be opened once a second, and the log goes on with how much is missing.
 *
 *	The file is opened without following a link in its last name, and has to
 *	be a file: a FIFO would hold up all logs.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gateway/disk.h"
#include "gateway/gateway.h"

struct logfile {
	char		 lf_port[32];
	char		 lf_path[128];
	size_t		 lf_limit;
	unsigned	 lf_keep;
	bool		 lf_marks;	/* what is missing is told in it */
	int		 lf_fd;		/* -1: it has to be opened */
	size_t		 lf_size;
	time_t		 lf_tried;
	int		 lf_error;	/* which was told; 0: all is well */
	bool		 lf_inline;	/* its last byte was no newline */
	uint64_t	 lf_lost;	/* bytes, not told in the log yet */
};

static void
trouble(struct logfile *lf, int error)
{

	if (error != lf->lf_error)
		say("%s: log %s: %s", lf->lf_port, lf->lf_path,
		    strerror(error));
	lf->lf_error = error;
}

static void
close_file(struct logfile *lf)
{

	if (lf->lf_fd != -1)
		close(lf->lf_fd);
	lf->lf_fd = -1;
}

/* Is there a file to write to? */
static bool
open_file(struct logfile *lf)
{
	const time_t now = time(NULL);
	struct stat st;

	if (lf->lf_fd != -1)
		return true;
	if (lf->lf_tried == now && lf->lf_error != 0)
		return false;
	lf->lf_tried = now;
	lf->lf_fd = open(lf->lf_path, O_WRONLY | O_CREAT | O_APPEND |
	    O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0640);
	if (lf->lf_fd == -1) {
		trouble(lf, errno);
		return false;
	}
	if (fstat(lf->lf_fd, &st) == -1 || !S_ISREG(st.st_mode)) {
		trouble(lf, EINVAL);
		close_file(lf);
		return false;
	}
	lf->lf_size = (size_t)st.st_size;
	return true;
}

/* FILE.n, or FILE for 0. */
static void
file_name(const struct logfile *lf, unsigned n, char *name, size_t size)
{

	if (n == 0)
		snprintf(name, size, "%s", lf->lf_path);
	else
		snprintf(name, size, "%s.%u", lf->lf_path, n);
}

/* The first number that no file has; the last one, if all are there. */
static unsigned
first_gap(const struct logfile *lf)
{
	char name[160];
	struct stat st;
	unsigned n;

	for (n = 1; n < lf->lf_keep; n++) {
		file_name(lf, n, name, sizeof(name));
		if (lstat(name, &st) == -1 && errno == ENOENT)
			break;
	}
	return n < lf->lf_keep ? n : lf->lf_keep;
}

/*
 * Begin the next file; false: that cannot be.  What is behind a gap stays: one
 * that was left by who got no further before pushes no file out.
 */
static bool
rotate(struct logfile *lf)
{
	char from[160], to[160];
	unsigned n;

	for (n = first_gap(lf); n > 0; n--) {
		file_name(lf, n - 1, from, sizeof(from));
		file_name(lf, n, to, sizeof(to));
		if (rename(from, to) == -1 && errno != ENOENT) {
			trouble(lf, errno);
			return false;
		}
	}
	if (lf->lf_keep == 0 && unlink(lf->lf_path) == -1 &&
	    errno != ENOENT) {
		trouble(lf, errno);
		return false;
	}
	close_file(lf);
	lf->lf_error = 0;
	return open_file(lf);
}

/*
 * Write this, in one file or, if it does not fit, on in the next; how many
 * bytes are not written.
 */
static size_t
write_all(struct logfile *lf, const char *bytes, size_t n)
{
	size_t some;
	ssize_t done;

	while (n > 0) {
		if (!open_file(lf) || (lf->lf_size >= lf->lf_limit &&
		    !rotate(lf)))
			break;
		some = n < lf->lf_limit - lf->lf_size ? n :
		    lf->lf_limit - lf->lf_size;
		done = write(lf->lf_fd, bytes, some);
		if (done == -1 && errno == EINTR)
			continue;
		if (done <= 0) {
			trouble(lf, done == 0 ? EIO : errno);
			break;
		}
		lf->lf_error = 0;
		lf->lf_size += (size_t)done;
		bytes += done;
		n -= (size_t)done;
		lf->lf_inline = bytes[-1] != '\n';
	}
	return n;
}

/* The log goes on after a loss: say so in it. */
static void
tell_lost(struct logfile *lf)
{
	struct timespec now;
	char text[128];
	struct tm tm;
	int n;

	if (lf->lf_lost == 0 || !open_file(lf))
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	n = snprintf(text, sizeof(text), "%s--- %04d-%02d-%02dT%02d:%02d:%02d"
	    ".%03ldZ %llu bytes of the log are missing here\n",
	    lf->lf_inline ? "\n" : "", tm.tm_year + 1900, tm.tm_mon + 1,
	    tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
	    now.tv_nsec / 1000000, (unsigned long long)lf->lf_lost);
	if (lf->lf_marks && write_all(lf, text, (size_t)n) > 0)
		return;
	say("%s: %llu bytes of the log are missing here", lf->lf_port,
	    (unsigned long long)lf->lf_lost);
	lf->lf_lost = 0;
}

/*
 * lost = logfile_write(lf, bytes, n, before)
 *
 *	Append them, after a loss of so many others; how many were lost of
 *	these.  With none, the file is only opened.  Waits for the disk.
 */
uint64_t
logfile_write(struct logfile *lf, const char *bytes, size_t n,
    uint64_t before)
{
	size_t lost;

	lf->lf_lost += before;
	tell_lost(lf);
	if (n == 0) {
		(void)open_file(lf);
		return 0;
	}
	lost = write_all(lf, bytes, n);
	lf->lf_lost += lost;
	return lost;
}

/*
 * lf = logfile_new(port, path, kib, keep, marks)
 *
 *	Touches no file.  Texts are copied.  NULL: no memory.
 */
struct logfile *
logfile_new(const char *port, const char *path, unsigned kib, unsigned keep,
    bool marks)
{
	struct logfile *const lf = calloc(1, sizeof(*lf));

	if (lf == NULL)
		return NULL;
	snprintf(lf->lf_port, sizeof(lf->lf_port), "%s", port);
	snprintf(lf->lf_path, sizeof(lf->lf_path), "%s", path);
	lf->lf_limit = (size_t)kib * 1024;
	lf->lf_keep = keep;
	lf->lf_marks = marks;
	lf->lf_fd = -1;
	return lf;
}

/* May wait for the disk. */
void
logfile_free(struct logfile *lf)
{

	close_file(lf);
	free(lf);
}
