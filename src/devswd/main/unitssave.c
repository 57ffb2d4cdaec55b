/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unitssave.c - the file of units is written, beside main's thread.
 *
 * Model
 *	The file has to be on the disk before it takes the old one's place
 *	(fsync), which on a busy disk takes seconds, and on one that is broken,
 *	or on a server that is away, for ever.  Main's thread has plugs, unplugs
 *	and reloads to serve; so another one writes, which is there from the
 *	first text on:
 *
 *		main				thread
 *		units_write(a)	save_next: a
 *						save_now: a
 *		units_write(b)	save_next: b	writes a
 *		units_write(c)	save_next: c	writes a
 *						save_now: c
 *
 *	A text that is older than the next is not written.  Who reads the file
 *	meanwhile reads the newest text, units_unwritten.
 *
 *	At the end main waits a little for it (units_wait); if the disk hangs
 *	the process ends all the same, and the file is as it was.
 *
 * Locks
 *	save_mtx	both texts; save_cv when they change.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "hyp/hyp.h"
#include "host/host.h"
#include "main/units.h"
#include "main/unitsvar.h"

struct save {
	char		*s_path;
	char		*s_text;	/* NULL: there is none */
};

static pthread_mutex_t save_mtx = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t save_cv = PTHREAD_COND_INITIALIZER;
static struct save save_next, save_now;
static bool save_runs;

static void
save_free(struct save *s)
{

	free(s->s_path);
	free(s->s_text);
	*s = (struct save){ NULL, NULL };
}

/* ---- the thread ----------------------------------------------------- */

/* errno: the text as a new file of this name. */
static int
write_new(const char *path, const char *text)
{
	int error = 0, fd;
	FILE *f;

	(void)unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
	    0644);
	if (fd == -1)
		return errno;
	if ((f = fdopen(fd, "w")) == NULL) {
		error = errno;
		close(fd);
		return error;
	}
	if (fputs(text, f) == EOF || fflush(f) != 0 || fsync(fd) == -1)
		error = errno;
	if (fclose(f) != 0 && error == 0)
		error = errno;
	return error;
}

static void
write_file(const struct save *s)
{
	static struct host_quiet quiet;
	char *new, *slash;
	int error;

	if (asprintf(&new, "%s.new", s->s_path) == -1)
		hyp_panic("out of memory");
	/* Its own folder, which the package makes, or nobody has. */
	slash = strrchr(new, '/');
	*slash = '\0';
	if (new[0] != '\0')
		(void)mkdir(new, 0755);
	*slash = '/';
	error = write_new(new, s->s_text);
	if (error == 0 && rename(new, s->s_path) == -1)
		error = errno;
	if (error != 0) {
		(void)unlink(new);
		if (host_log_quiet(&quiet) != 0)
			host_logf(HYP_LOG_WARNING, "%s: %s; units are not "
			    "remembered over a restart", s->s_path,
			    strerror(error));
	}
	free(new);
}

static void *
save_main(void *arg)
{

	(void)arg;
	pthread_mutex_lock(&save_mtx);
	for (;;) {
		while (save_next.s_text == NULL)
			pthread_cond_wait(&save_cv, &save_mtx);
		save_now = save_next;
		save_next = (struct save){ NULL, NULL };
		pthread_mutex_unlock(&save_mtx);
		write_file(&save_now);
		pthread_mutex_lock(&save_mtx);
		save_free(&save_now);
		pthread_cond_broadcast(&save_cv);
	}
	return NULL;
}

/* ---- main's --------------------------------------------------------- */

/* errno.  Signals are main's. */
static int
save_start(void)
{
	sigset_t all, before;
	pthread_t thread;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&thread, NULL, save_main, NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error == 0) {
		(void)pthread_setname_np(thread, "units");
		(void)pthread_detach(thread);
	}
	return error;
}

void
units_write(const char *path, char *text)
{
	struct save s = { strdup(path), text };
	int error = 0;

	if (s.s_path == NULL)
		hyp_panic("out of memory");
	pthread_mutex_lock(&save_mtx);
	if (!save_runs)
		error = save_start();
	save_runs = error == 0;
	if (error == 0) {
		save_free(&save_next);
		save_next = s;
		pthread_cond_broadcast(&save_cv);
	}
	pthread_mutex_unlock(&save_mtx);
	if (error == 0)
		return;
	host_logf(HYP_LOG_WARNING, "%s: no thread: %s; units are not "
	    "remembered over a restart", path, strerror(error));
	save_free(&s);
}

char *
units_unwritten(const char *path)
{
	const struct save *s;
	char *text = NULL;

	pthread_mutex_lock(&save_mtx);
	s = save_next.s_text != NULL ? &save_next : &save_now;
	if (s->s_text != NULL && strcmp(s->s_path, path) == 0 &&
	    (text = strdup(s->s_text)) == NULL)
		hyp_panic("out of memory");
	pthread_mutex_unlock(&save_mtx);
	return text;
}

int
units_wait(unsigned ms)
{
	struct timespec until;
	int error = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	pthread_mutex_lock(&save_mtx);
	while ((save_next.s_text != NULL || save_now.s_text != NULL) &&
	    error == 0)
		error = pthread_cond_clockwait(&save_cv, &save_mtx,
		    CLOCK_MONOTONIC, &until);
	pthread_mutex_unlock(&save_mtx);
	if (error != 0)
		host_logf(HYP_LOG_WARNING, "the disk with the file of units "
		    "hangs; what was remembered last is lost");
	return error;
}
