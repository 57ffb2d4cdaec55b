/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace.c - what devswd says that it has called in its drivers.
 *
 * Its lines (devswd(8), --trace) have an enter and an exit each, which belong
 * together by thread and event; calls of one thread are nested.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "compare/compare.h"

/* Where the trace ends now. */
long
trace_size(const char *path)
{
	struct stat st;

	return path != NULL && stat(path, &st) == 0 ? (long)st.st_size : 0;
}

static const char *
text(json_t *line, const char *key)
{
	const char *value = json_string_value(json_object_get(line, key));

	return value == NULL ? "" : value;
}

/*
 * Call each() for every line from an offset on.  A last line that is not
 * whole yet is left.
 */
static void
each_line(const char *path, long offset, void (*each)(json_t *, void *),
    void *arg)
{
	FILE *const in = path == NULL ? NULL : fopen(path, "re");
	char *line = NULL;
	size_t size = 0;
	json_t *json;

	if (in == NULL)
		return;
	(void)fseek(in, offset, SEEK_SET);
	while (getline(&line, &size, in) > 0) {
		json = json_loads(line, 0, NULL);
		if (json != NULL)
			each(json, arg);
		json_decref(json);
	}
	free(line);
	fclose(in);
}

/* ---- the timeline ---------------------------------------------------- */

static bool
is_call(const char *event)
{

	return strncmp(event, "d_", 2) == 0;
}

/* The lane of one of the daemon's threads: "devswd 1", in order of sight. */
static void
lane_of(json_int_t thread, json_t *threads, char *lane, size_t size)
{
	char key[24];
	json_t *number;

	snprintf(key, sizeof(key), "%lld", (long long)thread);
	number = json_object_get(threads, key);
	if (number == NULL) {
		number = json_integer((json_int_t)json_object_size(threads) +
		    1);
		json_object_set_new(threads, key, number);
	}
	snprintf(lane, size, "devswd %lld",
	    (long long)json_integer_value(number));
}

struct filling {
	struct record	*f_rec;
	json_t		*f_threads;
};

static void
add_event(json_t *line, void *arg)
{
	struct filling *const f = arg;
	struct record *const rc = f->f_rec;
	const char *const name = text(line, "event");
	const uint64_t when = (uint64_t)json_integer_value(
	    json_object_get(line, "t"));
	char lane[24], what[48];
	struct event *ev;

	if (when < rc->rc_began)
		return;
	lane_of(json_integer_value(json_object_get(line, "thread")),
	    f->f_threads, lane, sizeof(lane));
	snprintf(what, sizeof(what), "%s %s", name, text(line, "dev"));
	if (strcmp(text(line, "phase"), "exit") != 0) {
		ev = record_event(rc, is_call(name) ? EV_DRIVER : EV_WAIT,
		    lane, what);
		ev->ev_from = when;
		return;
	}
	for (unsigned i = rc->rc_nevents < NEVENTS ? rc->rc_nevents :
	    NEVENTS; i-- > 0;) {
		ev = &rc->rc_events[i];
		if (ev->ev_to == 0 && strcmp(ev->ev_lane, lane) == 0 &&
		    strcmp(ev->ev_what, what) == 0) {
			ev->ev_to = when;
			snprintf(ev->ev_result, sizeof(ev->ev_result), "%s",
			    text(line, "error"));
			return;
		}
	}
}

/* Add what was called since the run began to its events. */
void
trace_events(const char *path, struct record *rc)
{
	struct filling f = { rc, json_object() };

	each_line(path, rc->rc_trace, add_event, &f);
	json_decref(f.f_threads);
}

/* ---- what was called, in one line ------------------------------------ */

struct telling {
	char	*t_text;
	size_t	t_size;
	char	t_last[16];
	unsigned t_times;
	bool	t_drained;	/* before the close */
};

/* One more word, or "x2" on the last one. */
static void
tell(struct telling *t, const char *word)
{
	size_t len = strlen(t->t_text);

	if (strcmp(t->t_last, word) == 0) {
		t->t_times++;
		if (t->t_times > 2)
			len = (size_t)(strrchr(t->t_text, ' ') - t->t_text);
		snprintf(t->t_text + len, t->t_size - len, " x%u",
		    t->t_times);
		return;
	}
	snprintf(t->t_last, sizeof(t->t_last), "%s", word);
	t->t_times = 1;
	snprintf(t->t_text + len, t->t_size - len, "%s%s", len == 0 ? "" : " ",
	    word);
}

static void
tell_line(json_t *line, void *arg)
{
	const char *const event = text(line, "event");
	const bool leaves = strcmp(text(line, "phase"), "exit") == 0;
	struct telling *const t = arg;

	/* An open is one when it has come through. */
	if (strcmp(event, "d_open") == 0 && leaves &&
	    strcmp(text(line, "error"), "0") == 0) {
		t->t_drained = false;
		tell(t, "open");
	} else if (!leaves && (strcmp(event, "d_cancel") == 0 ||
	    strcmp(event, "d_close") == 0))
		tell(t, event + 2);
	else if (!leaves && strcmp(event, "drain") == 0) {
		/* After one before the close, that behind it is a formality. */
		if (!t->t_drained)
			tell(t, event);
		t->t_drained = true;
	}
}

/*
 * traced = trace_driver(path, offset, text, size)
 *
 *	Opens, cancels, drains and closes since the offset: "open x2 cancel
 *	drain close".
 */
bool
trace_driver(const char *path, long offset, char *to, size_t size)
{
	struct telling t = { .t_text = to, .t_size = size };

	to[0] = '\0';
	if (path == NULL)
		return false;
	each_line(path, offset, tell_line, &t);
	if (to[0] == '\0')
		snprintf(to, size, "nothing");
	return true;
}

struct search {
	const char	*s_event;
	bool		s_exit;
	uint64_t	s_found;
};

static void
search_line(json_t *line, void *arg)
{
	struct search *const s = arg;

	if (strcmp(text(line, "event"), s->s_event) == 0 &&
	    (strcmp(text(line, "phase"), "exit") == 0) == s->s_exit)
		s->s_found = (uint64_t)json_integer_value(
		    json_object_get(line, "t"));
}

/*
 * ns = trace_time(path, offset, event, exit)
 *
 *	When this was last entered, or left; 0: not since the offset.
 */
uint64_t
trace_time(const char *path, long offset, const char *event, bool leaves)
{
	struct search s = { event, leaves, 0 };

	each_line(path, offset, search_line, &s);
	return s.s_found;
}

/* ---- is it quiet? ---------------------------------------------------- */

struct quiet {
	int	q_inside;		/* calls that have not returned */
	bool	q_opened, q_closed;	/* ever; and the last open has been */
};

static void
look_at_line(json_t *line, void *arg)
{
	struct quiet *const q = arg;
	const char *const event = text(line, "event");
	const bool leaves = strcmp(text(line, "phase"), "exit") == 0;

	if (!is_call(event) && strcmp(event, "drain") != 0)
		return;
	q->q_inside += leaves ? -1 : 1;
	if (strcmp(event, "d_open") == 0 && leaves &&
	    strcmp(text(line, "error"), "0") == 0) {
		q->q_opened = true;
		q->q_closed = false;
	} else if (strcmp(event, "d_close") == 0 && leaves)
		q->q_closed = true;
}

/*
 * closed = trace_closed(path, offset)
 *
 *	Since the offset something has been opened, all of it has been closed,
 *	and no call is in a driver.  What the daemon has not written yet is
 *	not seen.
 */
bool
trace_closed(const char *path, long offset)
{
	struct quiet q = { 0, false, false };

	each_line(path, offset, look_at_line, &q);
	return q.q_opened && q.q_closed && q.q_inside <= 0;
}
