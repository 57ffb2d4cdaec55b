/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mdns.c - ports that want it, told to the network by avahi: _rfc2217._tcp.
 *
 * Model
 *	libavahi-client asks avahi-daemon over D-Bus and waits for each answer,
 *	25 seconds if need be; bridged onto the loop it would hold up all
 *	sessions with a daemon that hangs.  So it has a thread with a poll of
 *	its own, and the two share one text each way:
 *
 *	    loop: mdns_touch, TOUCH_MS later: what there is to be told, if that
 *	      |	  is something else than before
 *	      v	  mdns_wanted, a byte in the pipe
 *	    thread: a group of records for each service; those that differ are
 *	      |	  made anew
 *	      v
 *	    avahi-daemon, which may come, end and come again: the client waits
 *	    for it (AVAHI_CLIENT_NO_FAIL); without a D-Bus it is looked for
 *	    after RETRY_MIN, then less often
 *
 *	A service is a port that is configured for it and has a telnet address
 *	without TLS that others reach.  Its name is the port's, or, if another
 *	in the network has that, the next that is free ("gps #2"), which is
 *	logged.  TXT has "port", and of the adapter "adapter" and "serial", as
 *	far as they are known: what it calls itself, cut to what a record holds.
 *
 *	Without a port that wants it there is no thread, and no D-Bus is used.
 *
 * Locks
 *	mdns_lock	mdns_wanted and mdns_ends; mdns_cv when the thread ends.
 */
#include <avahi-client/client.h>
#include <avahi-client/publish.h>
#include <avahi-common/alternative.h>
#include <avahi-common/error.h>
#include <avahi-common/malloc.h>
#include <avahi-common/simple-watch.h>
#include <event2/event.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gateway/gateway.h"
#include "gateway/mdns.h"

#define	SERVICES	256
#define	TOUCH_MS	1000
#define	RETRY_MIN	5000
#define	RETRY_MAX	60000
#define	RENAMES		20	/* of one service */

/* What is told now; the thread's. */
struct told {
	struct mdns_service	 t_service;
	char		*t_name;	/* avahi's memory */
	unsigned	 t_renames;
	AvahiEntryGroup	*t_group;
};

static pthread_mutex_t mdns_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t mdns_cv = PTHREAD_COND_INITIALIZER;
static struct mdns_service mdns_wanted[SERVICES];
static size_t mdns_nwanted;
static bool mdns_ends, mdns_ended;

static bool mdns_runs;			/* the loop's, and below */
static pthread_t mdns_thread;
static int mdns_pipe[2] = { -1, -1 };
static struct event *mdns_timer;
static size_t (*mdns_list)(struct mdns_service *, size_t);

static struct told tolds[SERVICES];	/* the thread's, and below */
static AvahiSimplePoll *mdns_poll;
static AvahiClient *mdns_client;
static int mdns_error;			/* which was told */

/* ---- the thread: services ------------------------------------------- */

static void	publish(struct told *);

static void
forget(struct told *t)
{

	if (t->t_group != NULL)
		(void)avahi_entry_group_free(t->t_group);
	avahi_free(t->t_name);
	memset(t, 0, sizeof(*t));
}

static void
trouble(int error)
{

	if (error != mdns_error)
		say("mdns: avahi: %s", avahi_strerror(error));
	mdns_error = error;
}

/* Somebody has the name: take the next. */
static void
rename_service(struct told *t)
{
	char *const name = avahi_alternative_service_name(t->t_name);

	if (t->t_renames++ >= RENAMES) {
		say("%s: mdns: %u names are taken; it is not told of",
		    t->t_service.sv_port, RENAMES);
		return;
	}
	avahi_free(t->t_name);
	t->t_name = name;
	say("%s: mdns: its name is taken; it is %s", t->t_service.sv_port,
	    t->t_name);
	publish(t);
}

static void
on_group(AvahiEntryGroup *g, AvahiEntryGroupState state, void *arg)
{
	struct told *const t = arg;

	if (state == AVAHI_ENTRY_GROUP_COLLISION && t->t_group == g)
		rename_service(t);
	else if (state == AVAHI_ENTRY_GROUP_FAILURE)
		trouble(avahi_client_errno(avahi_entry_group_get_client(g)));
}

/* Its record, or NULL. */
static AvahiStringList *
text_of(const struct mdns_service *sv)
{
	AvahiStringList *list = avahi_string_list_new("txtvers=1", NULL);

	list = avahi_string_list_add_pair(list, "port", sv->sv_port);
	if (sv->sv_adapter[0] != '\0')
		list = avahi_string_list_add_pair(list, "adapter",
		    sv->sv_adapter);
	if (sv->sv_serial[0] != '\0')
		list = avahi_string_list_add_pair(list, "serial",
		    sv->sv_serial);
	return list;
}

static void
publish(struct told *t)
{
	AvahiStringList *const text = text_of(&t->t_service);
	int error;

	if (t->t_group == NULL)
		t->t_group = avahi_entry_group_new(mdns_client, on_group, t);
	else
		(void)avahi_entry_group_reset(t->t_group);
	if (t->t_group == NULL || t->t_name == NULL) {
		trouble(avahi_client_errno(mdns_client));
		avahi_string_list_free(text);
		return;
	}
	error = avahi_entry_group_add_service_strlst(t->t_group,
	    AVAHI_IF_UNSPEC, AVAHI_PROTO_UNSPEC, 0, t->t_name,
	    "_rfc2217._tcp", NULL, NULL, t->t_service.sv_number, text);
	avahi_string_list_free(text);
	if (error == AVAHI_OK)
		error = avahi_entry_group_commit(t->t_group);
	if (error == AVAHI_ERR_COLLISION)
		rename_service(t);
	else if (error != AVAHI_OK)
		trouble(error);
}

static const struct mdns_service *
find(const struct mdns_service *all, size_t n, const char *port)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (strcmp(all[i].sv_port, port) == 0)
			return &all[i];
	}
	return NULL;
}

static void
add(const struct mdns_service *sv)
{
	struct told *empty = NULL, *t;

	for (t = tolds; t < tolds + SERVICES; t++) {
		if (strcmp(t->t_service.sv_port, sv->sv_port) == 0)
			return;		/* as it is wanted */
		if (t->t_service.sv_port[0] == '\0' && empty == NULL)
			empty = t;
	}
	if (empty == NULL)
		return;
	empty->t_service = *sv;
	empty->t_name = avahi_strdup(sv->sv_port);
	publish(empty);
}

/* Tell what is wanted, and no more. */
static void
settle(void)
{
	static struct mdns_service wanted[SERVICES];
	const struct mdns_service *sv;
	struct told *t;
	size_t i, n;

	if (mdns_client == NULL || avahi_client_get_state(mdns_client) !=
	    AVAHI_CLIENT_S_RUNNING)
		return;
	pthread_mutex_lock(&mdns_lock);
	n = mdns_nwanted;
	memcpy(wanted, mdns_wanted, n * sizeof(wanted[0]));
	pthread_mutex_unlock(&mdns_lock);
	for (t = tolds; t < tolds + SERVICES; t++) {
		if (t->t_service.sv_port[0] == '\0')
			continue;
		sv = find(wanted, n, t->t_service.sv_port);
		if (sv == NULL || memcmp(sv, &t->t_service, sizeof(*sv)) != 0)
			forget(t);
	}
	for (i = 0; i < n; i++)
		add(&wanted[i]);
}

/* ---- the thread: the client ----------------------------------------- */

static void
forget_all(void)
{
	struct told *t;

	for (t = tolds; t < tolds + SERVICES; t++)
		forget(t);
}

static void
on_client(AvahiClient *c, AvahiClientState state, void *arg)
{

	(void)arg;
	mdns_client = c;	/* it may not have returned yet */
	switch (state) {
	case AVAHI_CLIENT_S_RUNNING:
		mdns_error = 0;
		settle();
		break;
	case AVAHI_CLIENT_S_REGISTERING:
	case AVAHI_CLIENT_S_COLLISION:
		/* The host has another name: all of it is told anew. */
		forget_all();
		break;
	case AVAHI_CLIENT_FAILURE:
		avahi_simple_poll_quit(mdns_poll);
		break;
	case AVAHI_CLIENT_CONNECTING:
		break;
	}
}

static bool
ends(void)
{
	bool yes;

	pthread_mutex_lock(&mdns_lock);
	yes = mdns_ends;
	pthread_mutex_unlock(&mdns_lock);
	return yes;
}

/* What the pipe has told until now is known. */
static void
drain(void)
{
	char bytes[64];

	while (read(mdns_pipe[0], bytes, sizeof(bytes)) > 0)
		continue;
}

static void
on_pipe(AvahiWatch *w, int fd, AvahiWatchEvent event, void *arg)
{

	(void)w;
	(void)fd;
	(void)event;
	(void)arg;
	drain();
	if (ends())
		avahi_simple_poll_quit(mdns_poll);
	else
		settle();
}

/* As long as there is a client; false: there can be none now. */
static bool
serve_client(void)
{
	const AvahiPoll *api;
	AvahiWatch *watch;
	int error;

	mdns_poll = avahi_simple_poll_new();
	if (mdns_poll == NULL)
		return false;
	api = avahi_simple_poll_get(mdns_poll);
	mdns_client = avahi_client_new(api, AVAHI_CLIENT_NO_FAIL, on_client,
	    NULL, &error);
	if (mdns_client == NULL) {
		trouble(error);
		avahi_simple_poll_free(mdns_poll);
		return false;
	}
	watch = api->watch_new(api, mdns_pipe[0], AVAHI_WATCH_IN, on_pipe,
	    NULL);
	if (watch != NULL && !ends())
		(void)avahi_simple_poll_loop(mdns_poll);
	if (watch != NULL)
		api->watch_free(watch);
	forget_all();
	avahi_client_free(mdns_client);
	mdns_client = NULL;
	avahi_simple_poll_free(mdns_poll);
	return true;
}

static void *
work(void *arg)
{
	struct pollfd pfd = { .fd = mdns_pipe[0], .events = POLLIN };
	int ms = RETRY_MIN;

	(void)arg;
	while (!ends()) {
		if (serve_client()) {
			/* Its daemon has ended: the next is waited for. */
			ms = RETRY_MIN;
			continue;
		}
		/* Nobody else reads it now, and full it is no wait. */
		drain();
		if (!ends())
			(void)poll(&pfd, 1, ms);
		ms = ms * 2 < RETRY_MAX ? ms * 2 : RETRY_MAX;
	}
	pthread_mutex_lock(&mdns_lock);
	mdns_ended = true;
	pthread_cond_broadcast(&mdns_cv);
	pthread_mutex_unlock(&mdns_lock);
	return NULL;
}

/* ---- the loop ------------------------------------------------------- */

/* Signals are the loop's. */
static void
start(void)
{
	sigset_t all, before;

	if (mdns_runs)
		return;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	mdns_runs = pthread_create(&mdns_thread, NULL, work, NULL) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (mdns_runs)
		(void)pthread_setname_np(mdns_thread, "mdns");
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	static struct mdns_service now[SERVICES];
	const size_t n = mdns_list(now, SERVICES);
	bool same;

	(void)fd;
	(void)what;
	(void)arg;
	pthread_mutex_lock(&mdns_lock);
	same = n == mdns_nwanted && memcmp(now, mdns_wanted, n *
	    sizeof(now[0])) == 0;
	if (!same) {
		memcpy(mdns_wanted, now, n * sizeof(now[0]));
		mdns_nwanted = n;
	}
	pthread_mutex_unlock(&mdns_lock);
	if (same)
		return;
	start();
	(void)!write(mdns_pipe[1], "", 1);
}

void
mdns_touch(void)
{
	static const struct timeval soon = { TOUCH_MS / 1000, 0 };
	struct mdns_service one;

	/* Nothing wakes up for who does not want it. */
	if (mdns_timer != NULL && !evtimer_pending(mdns_timer, NULL) &&
	    (mdns_runs || mdns_list(&one, 1) > 0))
		(void)evtimer_add(mdns_timer, &soon);
}

bool
mdns_begin(struct event_base *base,
    size_t (*list)(struct mdns_service *, size_t))
{

	mdns_list = list;
	if (pipe2(mdns_pipe, O_CLOEXEC | O_NONBLOCK) == -1)
		return false;
	mdns_timer = evtimer_new(base, on_timer, NULL);
	return mdns_timer != NULL;
}

void
mdns_end(void)
{
	struct timespec until;
	bool ended;

	if (mdns_timer != NULL)
		event_free(mdns_timer);
	mdns_timer = NULL;
	if (!mdns_runs)
		return;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec++;
	pthread_mutex_lock(&mdns_lock);
	mdns_ends = true;
	(void)!write(mdns_pipe[1], "", 1);
	while (!mdns_ended) {
		if (pthread_cond_clockwait(&mdns_cv, &mdns_lock,
		    CLOCK_MONOTONIC, &until) != 0)
			break;
	}
	ended = mdns_ended;
	pthread_mutex_unlock(&mdns_lock);
	if (ended)
		(void)pthread_join(mdns_thread, NULL);
}
