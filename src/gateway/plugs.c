/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plugs.c - what happens to devswd's nodes, from its control port.
 *
 * Model
 *	libdevsw/control.h has the protocol; each devswd that runs is followed
 *	as "devswctl events" does it, but nothing here waits:
 *
 *	    its file in CONTROL_DIR is seen (inotify)
 *	      |
 *	      v    refused: again after RETRY_MIN, then twice that, ... RETRY_MAX
 *	    followed: asked for events; the answer comes when something happens,
 *	      |	  or after five seconds; ask again.  Silent: does it live?
 *	      v
 *	    its port has gone, or its file: PLUG_ENDED
 *
 *	What adapters there are, with their names, is asked for over a second
 *	socket when there has been news of one (CONTROL_LIST).
 *
 * Bounds
 *	One request of each kind is under way at a time, and the next is sent
 *	at least AGAIN_MS after the last; so a devswd that has ever more to tell
 *	takes one packet of the loop in that time, and what its ring cannot keep
 *	until then is "lost", after which the list is read again.  The list has
 *	LIST_MAX bytes, or it is not looked at.  There are DAEMONS of them.
 *	Without a devswd nothing here ever wakes up; with one, at its answers.
 *
 * Who is believed
 *	Answers of the user whom the file in CONTROL_DIR belongs to (control.c).
 *	He is heard about nodes with the major number that he says is his, which
 *	why.c compares with what it has open.  What is in his texts is a
 *	device's or a user's.
 *
 * What is seen
 *	Plugs and revokes are told to everybody, so no right is needed to hear
 *	of them; of the use of nodes nothing is looked at.
 */
#include <sys/inotify.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <event2/event.h>
#include <glob.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/gateway.h"
#include "gateway/why.h"
#include "libdevsw/control.h"

#define	DAEMONS		32
#define	AGAIN_MS	20
#define	LIST_MS		50	/* after what it may have changed by */
#define	SILENT_MS	8000	/* devswd answers each five seconds */
#define	BUSY_MS		200	/* it had no room for a request */
#define	RETRY_MIN	250
#define	RETRY_MAX	16000
#define	LIST_MAX	(1024 * 1024)

struct follow {
	TAILQ_ENTRY(follow) f_entry;
	char		 f_path[64];
	ino_t		 f_file;	/* a new one is another daemon's */
	long		 f_major;	/* -1: it has not said */
	uint64_t	 f_after;
	struct control	 f_events;
	struct control	 f_lists;
	struct event	*f_read;
	struct event	*f_readlist;
	struct event	*f_timer;	/* to ask, or whether it lives */
	struct event	*f_listtimer;
	bool		 f_asked;	/* its answer is to come */
	bool		 f_listasked;
	bool		 f_stale;	/* there was news since */
	bool		 f_busy;	/* an answer of its is looked at */
	bool		 f_gone;	/* it has been lost meanwhile */
	char		*f_text;	/* of the list, until it is whole */
	size_t		 f_size;
	json_t		*f_list;	/* the last; NULL: none */
};

static TAILQ_HEAD(follow_head, follow) follows =
    TAILQ_HEAD_INITIALIZER(follows);
static struct event_base *plugs_base;
static void (*plugs_told)(const struct plug_event *);
static int plugs_inotify = -1;
static struct event *plugs_changed;	/* inotify's */
static struct event *plugs_look;	/* for daemons */
static unsigned plugs_retry;
static int plugs_complained;		/* an errno */

static void	follow_free(struct follow *);

static void
after(struct event *ev, unsigned ms)
{
	const struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

	(void)evtimer_add(ev, &tv);
}

/* ---- telling -------------------------------------------------------- */

static void
tell(const struct follow *f, enum plug what, const char *node,
    const char *port, const char *why)
{
	const struct plug_event pe = { what, (unsigned)f->f_major, node, port,
	    why };

	if (f->f_major != -1)
		plugs_told(&pe);
}

static const char *
member(const json_t *js, const char *name)
{
	const char *const text = json_string_value(json_object_get(js, name));

	return text != NULL ? text : "";
}

/* Fit for a terminal and a log. */
static void
clean(const char *text, char *to, size_t size)
{
	size_t i;

	for (i = 0; text[i] != '\0' && i + 1 < size; i++)
		to[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
	to[i] = '\0';
}

/* As far as it fits, and no character in part. */
static void
cut(const char *text, char *to, size_t size)
{
	size_t n = strlen(text);

	if (n >= size) {
		n = size - 1;
		while (n > 0 && (text[n] & 0xc0) == 0x80)
			n--;
	}
	memcpy(to, text, n);
	to[n] = '\0';
}

static void
need_list(struct follow *f)
{

	f->f_stale = true;
	if (!f->f_listasked && !evtimer_pending(f->f_listtimer, NULL))
		after(f->f_listtimer, LIST_MS);
}

static void
begins(struct follow *f, const json_t *js)
{
	const json_int_t major = json_integer_value(json_object_get(js,
	    "major"));

	/* It is said once, and does not change. */
	if (f->f_major != -1 || major <= 0 || major >= 1 << 20)
		return;
	f->f_major = (long)major;
	plugs_retry = 0;
	plugs_complained = 0;
	say_verbose("devswd with major number %ld is followed", f->f_major);
	tell(f, PLUG_BEGAN, "", "", "");
	need_list(f);
}

/* One line of an answer. */
static void
take_event(struct follow *f, const json_t *js)
{
	static const struct {
		const char	*name;
		enum plug	 what;
		bool		 list;
	} events[] = {
		{ "there",	PLUG_THERE,	true },
		{ "away",	PLUG_AWAY,	false },
		{ "unplug",	PLUG_UNPLUGGED,	false },
		{ "revoke",	PLUG_REVOKED,	false },
		{ "aborted",	PLUG_ABORTED,	false },
	};
	const char *const name = member(js, "event");
	const char *reason = member(js, "reason");
	char why[40];
	size_t i;

	if (strcmp(name, "ping") == 0) {
		f->f_after = (uint64_t)json_integer_value(json_object_get(js,
		    "seq"));
		return;
	}
	if (strcmp(name, "begin") == 0)
		begins(f, js);
	if (strcmp(name, "lost") == 0)
		need_list(f);
	for (i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		if (strcmp(name, events[i].name) == 0)
			break;
	}
	if (i == sizeof(events) / sizeof(events[0]))
		return;
	if (events[i].what == PLUG_ABORTED)
		reason = "its driver was stuck";
	clean(reason, why, sizeof(why));
	if (events[i].what == PLUG_REVOKED)
		snprintf(why, sizeof(why), "revoked by user %" JSON_INTEGER_FORMAT,
		    json_integer_value(json_object_get(js, "uid")));
	if (events[i].list)
		need_list(f);
	tell(f, events[i].what, member(js, "node"), member(json_object_get(js,
	    "adapter"), "port"), why);
}

/* ---- the end of one ------------------------------------------------- */

/* It is no longer followed; ended: because it is no more. */
static void
lose(struct follow *f, bool ended)
{

	TAILQ_REMOVE(&follows, f, f_entry);
	if (ended)
		tell(f, PLUG_ENDED, "", "", "devswd has ended");
	if (f->f_busy)
		f->f_gone = true;
	else
		follow_free(f);
	if (plugs_retry == 0)
		plugs_retry = RETRY_MIN;
	after(plugs_look, plugs_retry);
}

/* false: it is no more, and f is none. */
static bool
lives(struct follow *f)
{

	if (control_check(&f->f_events) != ECONNREFUSED)
		return true;
	lose(f, true);
	return false;
}

/* Not one that we can follow: say so, once. */
static void
refuse(struct follow *f, int error)
{

	if (error != plugs_complained)
		say("%s: %s; why devices leave is not known", f->f_path,
		    error == EBUSY ? "too many follow its events" :
		    "this devswd is of another version");
	plugs_complained = error;
	plugs_retry = RETRY_MAX;
	lose(f, false);
}

/* ---- events --------------------------------------------------------- */

static void
ask(struct follow *f)
{
	struct control_request cr = { .cr_what = CONTROL_EVENTS,
	    .cr_after = f->f_after };
	const int error = control_post(&f->f_events, &cr);

	f->f_asked = error == 0;
	if (error == 0)
		after(f->f_timer, SILENT_MS);
	else if (error == EAGAIN || error == ENOBUFS)
		after(f->f_timer, BUSY_MS);
	else
		lose(f, error == ECONNREFUSED);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct follow *const f = arg;

	(void)fd;
	(void)what;
	if (!f->f_asked || lives(f))
		ask(f);
}

/* Who is told may find out that it has ended: f is freed here then. */
static void
take_lines(struct follow *f, char *text)
{
	char *rest = text, *line;
	json_t *js;

	f->f_busy = true;
	while (!f->f_gone && (line = strsep(&rest, "\n")) != NULL) {
		js = json_loads(line, JSON_ALLOW_NUL, NULL);
		if (json_is_object(js))
			take_event(f, js);
		json_decref(js);
	}
	f->f_busy = false;
	if (f->f_gone)
		follow_free(f);
}

static void
on_answer(evutil_socket_t fd, short what, void *arg)
{
	struct follow *const f = arg;
	struct control_answer ca;
	char text[CONTROL_TEXT + 1];
	size_t len;
	int error;

	(void)fd;
	(void)what;
	error = control_take(&f->f_events, &ca, &len);
	if (error == EAGAIN)
		return;
	if (error == EBUSY || error == EOPNOTSUPP || error == EPROTONOSUPPORT ||
	    error == EPROTO) {
		refuse(f, error);
		return;
	}
	if (error != 0) {
		lose(f, control_check(&f->f_events) == ECONNREFUSED);
		return;
	}
	memcpy(text, ca.ca_text, len);
	text[len] = '\0';
	f->f_asked = false;
	after(f->f_timer, AGAIN_MS);
	take_lines(f, text);
}

/* ---- the list ------------------------------------------------------- */

static void
forget_text(struct follow *f)
{

	free(f->f_text);
	f->f_text = NULL;
	f->f_size = 0;
	f->f_listasked = false;
}

static void
on_listtimer(evutil_socket_t fd, short what, void *arg)
{
	struct control_request cr = { .cr_what = CONTROL_LIST };
	struct follow *const f = arg;

	(void)fd;
	(void)what;
	/* The one before has not been answered: it never will be. */
	forget_text(f);
	f->f_stale = false;
	f->f_listasked = control_post(&f->f_lists, &cr) == 0;
	after(f->f_listtimer, SILENT_MS);
}

/* Another part.  false: it is too long, or there is no memory. */
static bool
add_text(struct follow *f, const char *text, size_t len)
{
	char *const more = f->f_size + len > LIST_MAX ? NULL :
	    realloc(f->f_text, f->f_size + len + 1);

	if (more == NULL)
		return false;
	memcpy(more + f->f_size, text, len);
	f->f_text = more;
	f->f_size += len;
	return true;
}

static void
on_list(evutil_socket_t fd, short what, void *arg)
{
	struct follow *const f = arg;
	struct control_answer ca;
	size_t len;
	int error;

	(void)fd;
	(void)what;
	error = control_take(&f->f_lists, &ca, &len);
	if (error == EAGAIN)
		return;
	if (error == 0 && f->f_listasked && !add_text(f, ca.ca_text, len))
		error = EFBIG;
	if (error == 0 && (ca.ca_flags & CONTROL_MORE) != 0)
		return;
	(void)evtimer_del(f->f_listtimer);
	if (error == 0 && f->f_text != NULL) {
		json_decref(f->f_list);
		f->f_list = json_loadb(f->f_text, f->f_size, JSON_ALLOW_NUL,
		    NULL);
	}
	forget_text(f);
	if (error == EBUSY)
		after(f->f_listtimer, SILENT_MS);
	else if (f->f_stale)
		need_list(f);
	/* The last thing: f may be no more. */
	tell(f, PLUG_KNOWN, "", "", "");
}

static struct follow *
find_major(unsigned major)
{
	struct follow *f;

	TAILQ_FOREACH(f, &follows, f_entry) {
		if (f->f_major == (long)major)
			return f;
	}
	return NULL;
}

static bool
has_node(const json_t *adapter, const char *node)
{
	const json_t *name;
	size_t i;

	json_array_foreach(json_object_get(adapter, "nodes"), i, name) {
		if (json_is_string(name) &&
		    strcmp(json_string_value(name), node) == 0)
			return true;
	}
	return false;
}

/*
 * known = plugs_adapter(major, node, &adapter)
 *
 *	What is behind that node, as far as it was told.
 */
bool
plugs_adapter(unsigned major, const char *node, struct adapter *ad)
{
	const struct follow *const f = find_major(major);
	const json_t *js;
	size_t i;

	if (f == NULL)
		return false;
	json_array_foreach(json_object_get(f->f_list, "adapters"), i, js) {
		if (!has_node(js, node))
			continue;
		cut(member(js, "product"), ad->ad_name, sizeof(ad->ad_name));
		cut(member(js, "serial"), ad->ad_serial,
		    sizeof(ad->ad_serial));
		clean(member(js, "port"), ad->ad_port, sizeof(ad->ad_port));
		return true;
	}
	return false;
}

/* ---- the begin of one ----------------------------------------------- */

static void
follow_free(struct follow *f)
{
	struct event *const events[] = { f->f_read, f->f_readlist, f->f_timer,
	    f->f_listtimer };
	size_t i;

	for (i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		if (events[i] != NULL)
			event_free(events[i]);
	}
	if (f->f_events.co_fd != -1)
		control_close(&f->f_events);
	if (f->f_lists.co_fd != -1)
		control_close(&f->f_lists);
	json_decref(f->f_list);
	free(f->f_text);
	free(f);
}

/* false: no memory. */
static bool
watch(struct follow *f)
{

	f->f_read = event_new(plugs_base, f->f_events.co_fd, EV_READ |
	    EV_PERSIST, on_answer, f);
	f->f_readlist = event_new(plugs_base, f->f_lists.co_fd, EV_READ |
	    EV_PERSIST, on_list, f);
	f->f_timer = evtimer_new(plugs_base, on_timer, f);
	f->f_listtimer = evtimer_new(plugs_base, on_listtimer, f);
	return f->f_read != NULL && f->f_readlist != NULL &&
	    f->f_timer != NULL && f->f_listtimer != NULL &&
	    event_add(f->f_read, NULL) == 0 &&
	    event_add(f->f_readlist, NULL) == 0;
}

/* 0: it is not there. */
static ino_t
file_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_ino : 0;
}

/* false: it does not answer now. */
static bool
follow(const char *path)
{
	struct follow *const f = calloc(1, sizeof(*f));

	if (f == NULL)
		return false;
	f->f_major = -1;
	f->f_after = UINT64_MAX;
	f->f_file = file_of(path);
	f->f_events.co_fd = f->f_lists.co_fd = -1;
	if (strlen(path) >= sizeof(f->f_path) ||
	    control_connect(&f->f_events, path) != 0 ||
	    control_connect(&f->f_lists, path) != 0 || !watch(f)) {
		follow_free(f);
		return false;
	}
	strcpy(f->f_path, path);
	TAILQ_INSERT_TAIL(&follows, f, f_entry);
	ask(f);
	return true;
}

static struct follow *
find_path(const char *path)
{
	struct follow *f;

	TAILQ_FOREACH(f, &follows, f_entry) {
		if (strcmp(f->f_path, path) == 0)
			return f;
	}
	return NULL;
}

/* One whose file is no more; or NULL. */
static struct follow *
find_ended(void)
{
	struct follow *f;

	TAILQ_FOREACH(f, &follows, f_entry) {
		if (f->f_file != file_of(f->f_path))
			return f;
	}
	return NULL;
}

/* Follow those that are not followed yet.  false: one does not answer. */
static bool
look(void)
{
	struct follow *f;
	bool all = true;
	size_t i, n;
	glob_t gl;

	while ((f = find_ended()) != NULL)
		lose(f, true);
	if (glob(CONTROL_GLOB, GLOB_NOSORT, NULL, &gl) != 0)
		return true;
	n = gl.gl_pathc < DAEMONS ? gl.gl_pathc : DAEMONS;
	for (i = 0; i < n; i++) {
		f = find_path(gl.gl_pathv[i]);
		if ((f == NULL || !lives(f)) && !follow(gl.gl_pathv[i]))
			all = false;
	}
	globfree(&gl);
	return all;
}

/* ---- where they are ------------------------------------------------- */

/* As soon as there is a CONTROL_DIR, that; until then, for it. */
static bool
watch_folder(void)
{
	const uint32_t mask = IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_ONLYDIR;

	if (inotify_add_watch(plugs_inotify, CONTROL_DIR, mask) != -1)
		return true;
	return inotify_add_watch(plugs_inotify, "/run", IN_CREATE |
	    IN_MOVED_TO | IN_ONLYDIR) != -1;
}

static void
on_look(evutil_socket_t fd, short what, void *arg)
{
	const bool watched = plugs_inotify != -1 && watch_folder();

	(void)fd;
	(void)what;
	(void)arg;
	if (look() && watched) {
		plugs_retry = 0;
		return;
	}
	plugs_retry = plugs_retry == 0 ? RETRY_MIN : plugs_retry * 2;
	if (plugs_retry > RETRY_MAX)
		plugs_retry = RETRY_MAX;
	after(plugs_look, plugs_retry);
}

/* What has changed does not matter; how often, not either. */
static void
on_changed(evutil_socket_t fd, short what, void *arg)
{
	char buf[4096];

	(void)what;
	(void)arg;
	while (read(fd, buf, sizeof(buf)) > 0)
		continue;
	plugs_retry = 0;
	after(plugs_look, AGAIN_MS);
}

/*
 * yes = plugs_follow(major)
 *
 *	Is a devswd followed that has nodes with this number, and does it live
 *	at this moment?  May tell PLUG_ENDED.
 */
bool
plugs_follow(unsigned major)
{
	struct follow *const f = find_major(major);

	return f != NULL && lives(f);
}

/*
 * good = plugs_begin(base, told)
 *
 *	From now on told(event) is called, from the loop and from plugs_follow.
 *	It may not call plugs_end.  false: no memory.
 */
bool
plugs_begin(struct event_base *base, void (*told)(const struct plug_event *))
{

	plugs_base = base;
	plugs_told = told;
	plugs_inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	plugs_look = evtimer_new(base, on_look, NULL);
	if (plugs_look == NULL)
		return false;
	if (plugs_inotify != -1) {
		plugs_changed = event_new(base, plugs_inotify, EV_READ |
		    EV_PERSIST, on_changed, NULL);
		if (plugs_changed == NULL || event_add(plugs_changed, NULL) ==
		    -1)
			return false;
	}
	on_look(-1, 0, NULL);
	return true;
}

void
plugs_end(void)
{
	struct follow *f;

	while ((f = TAILQ_FIRST(&follows)) != NULL) {
		TAILQ_REMOVE(&follows, f, f_entry);
		follow_free(f);
	}
	if (plugs_changed != NULL)
		event_free(plugs_changed);
	if (plugs_look != NULL)
		event_free(plugs_look);
	if (plugs_inotify != -1)
		close(plugs_inotify);
	plugs_changed = plugs_look = NULL;
	plugs_inotify = -1;
}
