/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * events.c - follow what happens in all daemons; one JSON object per line.
 *
 * Model
 *	Each daemon is asked again as soon as it has answered (control.h); the
 *	requests of several wait in one poll(2).  A daemon that ends, and one
 *	that comes, are events too, of this program: "end" and "begin" (which
 *	also says that nothing of a daemon is missed from here on).  So who
 *	follows need not notice himself that devswd was restarted.  With each
 *	event is the major number of its daemon.
 *
 *	Every line is flushed.  It ends when its reader has gone, or with a
 *	signal.
 */
#include <sys/socket.h>

#include <errno.h>
#include <glob.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "devswctl/devswctl.h"

#define	DAEMONS		32
#define	LOOK_MS		500	/* for daemons that come */

struct follow {
	char		 f_path[PATH_SIZE];
	struct control	 f_control;	/* co_fd -1: none */
	uint64_t	 f_after;
	long long	 f_major;
};

static struct follow follows[DAEMONS];

/* One line.  EXIT_FAILED: nobody reads them. */
static int
tell(json_t *event, long long major)
{

	if (json_object_get(event, "major") == NULL)
		json_object_set_new(event, "major", json_integer(major));
	print_json(event, 0);
	return flushed(EXIT_OK);
}

static int
ask_again(struct follow *f)
{
	struct control_request cr = { .cr_what = CONTROL_EVENTS,
	    .cr_after = f->f_after };

	return control_ask(&f->f_control, &cr);
}

static int
lose(struct follow *f)
{
	json_t *const event = json_pack("{s:s}", "event", "end");
	int status;

	status = tell(event, f->f_major);
	json_decref(event);
	control_close(&f->f_control);
	return status;
}

/* The lines of an answer; the last one is a "ping". */
static int
tell_lines(struct follow *f, char *text)
{
	char *rest = text, *line;
	int status = EXIT_OK;
	json_t *event;

	while (status == EXIT_OK && (line = strsep(&rest, "\n")) != NULL) {
		event = json_loads(line, 0, NULL);
		if (event == NULL)
			continue;
		if (strcmp(member(event, "event"), "ping") == 0) {
			f->f_after = (uint64_t)number(event, "seq");
		} else {
			if (strcmp(member(event, "event"), "begin") == 0)
				f->f_major = number(event, "major");
			status = tell(event, f->f_major);
		}
		json_decref(event);
	}
	return status;
}

static int
take_answer(struct follow *f)
{
	struct control_answer ca;
	char text[CONTROL_TEXT + 1];
	int error, status;
	size_t len;

	error = control_answer(&f->f_control, &ca, &len);
	if (error == EBUSY || error == EOPNOTSUPP || error == EPROTONOSUPPORT)
		return complain("%s: %s", f->f_path, error == EBUSY ?
		    "too many follow its events" :
		    "this devswd is of another version");
	if (error != 0)
		return lose(f);
	memcpy(text, ca.ca_text, len);
	text[len] = '\0';
	status = tell_lines(f, text);
	if (status == EXIT_OK && ask_again(f) != 0)
		status = lose(f);
	return status;
}

static struct follow *
find(const char *path)
{
	struct follow *empty = NULL;

	for (int i = 0; i < DAEMONS; i++) {
		if (follows[i].f_control.co_fd == -1)
			empty = &follows[i];
		else if (strcmp(follows[i].f_path, path) == 0)
			return NULL;
	}
	return empty;
}

/* Those that run and are not followed yet; how many are now. */
static int
look(const struct args *a)
{
	char wanted[PATH_SIZE] = CONTROL_GLOB;
	struct follow *f;
	int n = 0;
	glob_t gl;

	if (a->a_major != NULL)
		snprintf(wanted, sizeof(wanted), CONTROL_FILE,
		    (unsigned)strtoul(a->a_major, NULL, 10));
	if (glob(wanted, 0, NULL, &gl) == 0) {
		for (size_t i = 0; i < gl.gl_pathc; i++) {
			f = find(gl.gl_pathv[i]);
			if (f == NULL || control_connect(&f->f_control,
			    gl.gl_pathv[i]) != 0)
				continue;
			snprintf(f->f_path, sizeof(f->f_path), "%s",
			    gl.gl_pathv[i]);
			f->f_after = UINT64_MAX;
			if (ask_again(f) != 0)
				control_close(&f->f_control);
		}
		globfree(&gl);
	}
	for (int i = 0; i < DAEMONS; i++)
		n += follows[i].f_control.co_fd != -1;
	return n;
}

/* Who ends and who comes; also beside one that has ever more to tell. */
static int
look_around(const struct args *a)
{
	static int64_t looked;
	int status = EXIT_OK;
	struct timespec ts;
	int64_t now;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	now = (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
	if (now - looked < LOOK_MS)
		return EXIT_OK;
	looked = now;
	for (int i = 0; i < DAEMONS && status == EXIT_OK; i++)
		if (follows[i].f_control.co_fd != -1 &&
		    control_check(&follows[i].f_control) == ECONNREFUSED)
			status = lose(&follows[i]);
	if (status == EXIT_OK)
		(void)look(a);
	return status;
}

static int
step(const struct args *a)
{
	struct pollfd pfd[DAEMONS];
	int n, status = EXIT_OK;

	for (int i = 0; i < DAEMONS; i++) {
		pfd[i].fd = follows[i].f_control.co_fd;
		pfd[i].events = POLLIN;
	}
	n = poll(pfd, DAEMONS, LOOK_MS);
	for (int i = 0; n > 0 && i < DAEMONS && status == EXIT_OK; i++)
		if (pfd[i].fd != -1 && pfd[i].revents != 0)
			status = take_answer(&follows[i]);
	return status == EXIT_OK ? look_around(a) : status;
}

int
do_events(const struct args *a)
{
	int status = EXIT_OK;

	for (int i = 0; i < DAEMONS; i++)
		follows[i].f_control.co_fd = -1;
	(void)signal(SIGPIPE, SIG_IGN);
	if (look(a) == 0)
		return complain("no devswd runs");
	while (status == EXIT_OK)
		status = step(a);
	return status;
}
