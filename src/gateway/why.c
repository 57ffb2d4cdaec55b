/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * why.c - why a port's device has left, and whether it may be opened again.
 *
 * Model
 *	A node says only that it has ended.  What plugs.c hears from devswd says
 *	why, a moment before or after that; so people are told when the reason
 *	has come, or TELL_MS later without one, and the line is held that long
 *	too, but for WAIT_MS at most:
 *
 *	    OPEN --- the node ends ---> WAITING --- the reason, or TELL_MS --+
 *	      ^                            ^ |                               |
 *	      |        (the reason was     | | a revoke, and it is           |
 *	      |         there before: at   | |    not to be reopened         |
 *	      |         once)              | v                               v
 *	      +------- line.c opens ----------------- CLOSED               AWAY
 *	      |                             a reload <--+                    |
 *	      +--------------------------------------------------------------+
 *
 *	Without a devswd that is followed, WAITING ends at once.
 *
 *	A revoke is posted before the files die.  To one that stays closed it
 *	is the end of an open line, whether that is the one that was meant, or
 *	one that was opened again before the word of it came.  To one that is
 *	opened again it is only the reason of the end that follows.
 *
 *	While its devswd is dead a node may keep who opens it waiting, in the
 *	kernel; so then it is not tried until the next devswd has come, for at
 *	most DEAD_MS.
 *
 *	Which node of which devswd it is, is looked up at each open, as the
 *	path may be a link that goes with the device: the name in /dev of what
 *	the descriptor is.
 */
#include <sys/queue.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <event2/event.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/gateway.h"
#include "gateway/why.h"

#define	WAIT_MS		300
#define	TELL_MS		1500
#define	FRESH_MS	5000	/* a reason is for what ends within that */
#define	DEAD_MS		10000

struct why {
	TAILQ_ENTRY(why) w_entry;
	struct line	*w_line;
	void		(*w_told)(void *, const char *, bool);
	void		(*w_learnt)(void *, const char *);
	void		*w_arg;
	bool		 w_reopen;

	enum { AWAY, OPEN, WAITING, CLOSED } w_state;
	unsigned	 w_major;	/* 0: no node of /dev */
	char		 w_node[64];
	struct adapter	 w_adapter;	/* the one that is or was there */
	char		 w_reason[48];	/* heard; "": none */
	bool		 w_revoked;	/* it is a revoke */
	int64_t		 w_heard;	/* when: ms */
	int64_t		 w_ended;
	bool		 w_tried;	/* WAITING: WAIT_MS are over */
	char		 w_last[48];
	struct event	*w_timer;
};

static TAILQ_HEAD(, why) whys = TAILQ_HEAD_INITIALIZER(whys);

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void
after(struct why *w, unsigned ms)
{
	const struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

	(void)evtimer_add(w->w_timer, &tv);
}

/* ---- the end of an open --------------------------------------------- */

/* WAITING -> AWAY or CLOSED, with the reason that there is. */
static void
settle(struct why *w)
{
	const bool heard = w->w_reason[0] != '\0';

	(void)evtimer_del(w->w_timer);
	if (heard)
		snprintf(w->w_last, sizeof(w->w_last), "%s", w->w_reason);
	w->w_state = w->w_revoked && !w->w_reopen ? CLOSED : AWAY;
	w->w_reason[0] = '\0';
	w->w_revoked = false;
	if (w->w_state == CLOSED)
		line_hold(w->w_line);
	else if (w->w_major != 0 && heard && !plugs_follow(w->w_major)) {
		line_hold(w->w_line);
		after(w, DEAD_MS);
	} else
		line_resume(w->w_line);
	w->w_told(w->w_arg, heard ? w->w_last : NULL, w->w_state == CLOSED);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct why *const w = arg;

	(void)fd;
	(void)what;
	if (w->w_state == WAITING && !w->w_tried) {
		/* It may be there, and nobody says why it was not. */
		w->w_tried = true;
		line_resume(w->w_line);
		after(w, TELL_MS - WAIT_MS);
	} else if (w->w_state == WAITING)
		settle(w);
	else if (w->w_state == AWAY)
		line_resume(w->w_line);
}

/*
 * why_left(w, how)
 *
 *	The line has ended; how is what the node says.  w_told comes now or
 *	later, and before the next why_came.
 */
void
why_left(struct why *w, const char *how)
{

	w->w_state = WAITING;
	w->w_tried = false;
	w->w_ended = now_ms();
	if (w->w_ended - w->w_heard > FRESH_MS) {
		w->w_reason[0] = '\0';
		w->w_revoked = false;
	}
	snprintf(w->w_last, sizeof(w->w_last), "%s", how);
	line_hold(w->w_line);
	/* It may tell that it has ended, and this is AWAY then. */
	if (w->w_reason[0] == '\0' && w->w_major != 0 &&
	    plugs_follow(w->w_major))
		after(w, WAIT_MS);
	else if (w->w_state == WAITING)
		settle(w);
}

/* ---- an open -------------------------------------------------------- */

/* What is behind the descriptor: w_major and w_node. */
static void
find_node(struct why *w, const char *path)
{
	char real[PATH_MAX];
	const struct stat *const own = line_stat(w->w_line);
	struct stat st;

	w->w_major = 0;
	w->w_node[0] = '\0';
	if (realpath(path, real) == NULL || strncmp(real, "/dev/", 5) != 0 ||
	    strlen(real + 5) >= sizeof(w->w_node) ||
	    own == NULL || stat(real, &st) == -1 || !S_ISCHR(own->st_mode) ||
	    own->st_rdev != st.st_rdev)
		return;
	w->w_major = major(own->st_rdev);
	strcpy(w->w_node, real + 5);
}

/* The line is open; path is what was opened. */
void
why_came(struct why *w, const char *path)
{

	if (w->w_state == WAITING)
		settle(w);
	(void)evtimer_del(w->w_timer);
	w->w_state = OPEN;
	find_node(w, path);
	memset(&w->w_adapter, 0, sizeof(w->w_adapter));
	if (w->w_major != 0)
		(void)plugs_adapter(w->w_major, w->w_node, &w->w_adapter);
}

/* ---- news ----------------------------------------------------------- */

/* A reason has come: for the end that is to come, or has just been. */
static void
hear(struct why *w, const char *reason, bool revoked)
{
	const int64_t now = now_ms();

	if (w->w_state == CLOSED ||
	    (w->w_state == AWAY && now - w->w_ended > FRESH_MS))
		return;
	/* A revoke that was late: it has been opened again, or is about to. */
	if (revoked && !w->w_reopen && w->w_state == AWAY)
		w->w_state = WAITING;
	if (w->w_state == AWAY) {
		if (strcmp(w->w_last, reason) == 0)
			return;
		snprintf(w->w_last, sizeof(w->w_last), "%s", reason);
		w->w_learnt(w->w_arg, reason);
		return;
	}
	snprintf(w->w_reason, sizeof(w->w_reason), "%s", reason);
	w->w_revoked = revoked;
	w->w_heard = now;
	if (w->w_state == WAITING)
		settle(w);
	else if (revoked && !w->w_reopen)
		line_lose(w->w_line, reason);
}

/* PLUG_AWAY.  "detached" may be all that was known then: see watch.c there. */
static void
hear_away(struct why *w, const char *reason)
{

	if (w->w_state == WAITING && strcmp(reason, "detached") == 0) {
		snprintf(w->w_reason, sizeof(w->w_reason), "%s", reason);
		w->w_heard = now_ms();
	} else
		hear(w, reason, false);
}

static bool
is_ours(const struct why *w, const struct plug_event *pe)
{

	if (w->w_major == 0 || w->w_major != pe->pe_major)
		return false;
	if (pe->pe_what == PLUG_UNPLUGGED)
		return w->w_adapter.ad_port[0] != '\0' &&
		    strcmp(w->w_adapter.ad_port, pe->pe_port) == 0;
	return pe->pe_what == PLUG_BEGAN || pe->pe_what == PLUG_ENDED ||
	    pe->pe_what == PLUG_KNOWN || strcmp(w->w_node, pe->pe_node) == 0;
}

static void
event_for(struct why *w, const struct plug_event *pe)
{

	switch (pe->pe_what) {
	case PLUG_BEGAN:
	case PLUG_THERE:
		if (w->w_state == WAITING)
			settle(w);
		if (w->w_state == AWAY) {
			(void)evtimer_del(w->w_timer);
			line_resume(w->w_line);
		}
		break;
	case PLUG_AWAY:
		hear_away(w, pe->pe_why);
		break;
	case PLUG_ENDED:
	case PLUG_UNPLUGGED:
	case PLUG_ABORTED:
		hear(w, pe->pe_why, false);
		break;
	case PLUG_REVOKED:
		hear(w, pe->pe_why, true);
		break;
	case PLUG_KNOWN:
		if (w->w_state == OPEN && plugs_adapter(w->w_major, w->w_node,
		    &w->w_adapter))
			w->w_learnt(w->w_arg, NULL);
		break;
	}
}

/* For plugs_begin. */
void
why_event(const struct plug_event *pe)
{
	struct why *w;

	TAILQ_FOREACH(w, &whys, w_entry) {
		if (is_ours(w, pe))
			event_for(w, pe);
	}
}

/* ---- to look at ----------------------------------------------------- */

/* Why it has left, the last time; "": it never has. */
const char *
why_last(const struct why *w)
{

	return w->w_last;
}

bool
why_closed(const struct why *w)
{

	return w->w_state == CLOSED;
}

/* Empty texts, if devswd does not tell. */
const struct adapter *
why_adapter(const struct why *w)
{

	return &w->w_adapter;
}

/* ---- begin and end -------------------------------------------------- */

/*
 * w = why_new(base, line, reopen, told, learnt, arg)
 *
 *	Of a line that is away.  told(arg, reason, closed) when it has ended,
 *	NULL: nobody knows why; closed: it is not opened again.
 *	learnt(arg, reason) when why_last has changed, or why_adapter (NULL).
 *	NULL: no memory.
 */
struct why *
why_new(struct event_base *base, struct line *ln, bool reopen,
    void (*told)(void *, const char *, bool), void (*learnt)(void *, const char *),
    void *arg)
{
	struct why *const w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	w->w_line = ln;
	w->w_reopen = reopen;
	w->w_told = told;
	w->w_learnt = learnt;
	w->w_arg = arg;
	w->w_heard = -FRESH_MS;
	w->w_timer = evtimer_new(base, on_timer, w);
	if (w->w_timer == NULL) {
		free(w);
		return NULL;
	}
	TAILQ_INSERT_TAIL(&whys, w, w_entry);
	return w;
}

void
why_free(struct why *w)
{

	TAILQ_REMOVE(&whys, w, w_entry);
	event_free(w->w_timer);
	free(w);
}

/* The configuration was read again: what is CLOSED is tried once more. */
void
why_change(struct why *w, bool reopen)
{

	w->w_reopen = reopen;
	if (w->w_state == CLOSED) {
		w->w_state = AWAY;
		line_resume(w->w_line);
	}
}
