/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * serve.c - the ports of a configuration, with their addresses; the loop.
 *
 * Model
 *	A service is a port and its listeners.  SIGHUP reads the configuration
 *	again: if anything is wrong in it, that is told and nothing changes.
 *	Else a port is the same as before if it has its name, and only what
 *	differs is touched: an address that stays is not closed, and clients
 *	stay, also those of an address that goes.  Only a port that is not named
 *	any more ends with its clients.  The pages begin anew if their section
 *	has changed.
 *
 *	Addresses that go are closed before those that come are opened, so that
 *	one may move from port to port.
 */
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gateway/adapters.h"
#include "gateway/disk.h"
#include "gateway/mdns.h"
#include "gateway/web.h"
#include "gateway/why.h"

#define	DISK_MS		2000	/* at the end, for what waits for it */

struct service {
	TAILQ_ENTRY(service) s_entry;
	struct port	*s_port;
	struct listener	*s_listen[LISTEN_MAX];
	bool		 s_stays;	/* in the new configuration */
};
TAILQ_HEAD(service_head, service);

struct gateway {
	struct event_base *g_base;
	const char	*g_path;	/* of the configuration */
	struct port_conf_head *g_configs;
	struct service_head g_services;
	struct web	*g_web;
	struct adapters	*g_adapters;
	int		 g_signals;	/* signalfd(2) */
	struct event	*g_events[2];	/* of it, and the watchdog's */
};

/* ---- services ------------------------------------------------------- */

static bool
same_address(const struct address *a, const struct address *b)
{

	return a->ad_proto == b->ad_proto && a->ad_role == b->ad_role &&
	    a->ad_tls == b->ad_tls &&
	    strcmp(a->ad_text, b->ad_text) == 0;
}

/* Those addresses that pc (or nothing, if NULL) does not have are closed. */
static void
close_addresses(struct service *s, const struct port_conf *pc)
{
	unsigned i, k;

	for (i = 0; i < LISTEN_MAX; i++) {
		if (s->s_listen[i] == NULL)
			continue;
		for (k = 0; pc != NULL && k < pc->pc_nlisten; k++) {
			if (same_address(listener_address(s->s_listen[i]),
			    &pc->pc_listen[k]))
				break;
		}
		if (pc != NULL && k < pc->pc_nlisten)
			continue;
		listener_free(s->s_listen[i]);
		s->s_listen[i] = NULL;
	}
}

static bool
has_address(const struct service *s, const struct address *ad)
{
	unsigned i;

	for (i = 0; i < LISTEN_MAX; i++) {
		if (s->s_listen[i] != NULL &&
		    same_address(listener_address(s->s_listen[i]), ad))
			return true;
	}
	return false;
}

/* And those that it has not yet are opened.  false: no memory. */
static bool
open_addresses(struct gateway *g, struct service *s)
{
	const struct port_conf *const pc = port_config(s->s_port);
	unsigned i, k;

	for (k = 0; k < pc->pc_nlisten; k++) {
		if (has_address(s, &pc->pc_listen[k]))
			continue;
		for (i = 0; s->s_listen[i] != NULL; i++)
			continue;
		s->s_listen[i] = listener_new(g->g_base, s->s_port,
		    &pc->pc_listen[k]);
		if (s->s_listen[i] == NULL)
			return false;
	}
	return true;
}

static void
service_end(struct gateway *g, struct service *s)
{

	TAILQ_REMOVE(&g->g_services, s, s_entry);
	close_addresses(s, NULL);
	if (s->s_port != NULL)
		port_free(s->s_port);
	free(s);
}

static struct service *
find(struct gateway *g, const char *name)
{
	struct service *s;

	TAILQ_FOREACH(s, &g->g_services, s_entry) {
		if (strcmp(port_config(s->s_port)->pc_name, name) == 0)
			return s;
	}
	return NULL;
}

/* A port that is new.  false: no memory. */
static bool
service_begin(struct gateway *g, const struct port_conf *pc)
{
	struct service *const s = calloc(1, sizeof(*s));

	if (s == NULL)
		return false;
	s->s_port = port_new(g->g_base, pc);
	if (s->s_port == NULL) {
		free(s);
		return false;
	}
	TAILQ_INSERT_TAIL(&g->g_services, s, s_entry);
	if (!open_addresses(g, s))
		return false;
	port_begin(s->s_port);
	return true;
}

static bool
on_adapter(void *arg, const struct port_conf *pc)
{

	return service_begin(arg, pc);
}

/*
 * The services become those of the configuration, which stays as long as they
 * do.  false: no memory, and some are missing.
 */
static bool
arrange(struct gateway *g, const struct port_conf_head *configs)
{
	const struct port_conf *pc;
	struct service *s, *next;
	bool good = true;

	STAILQ_FOREACH(pc, configs, pc_entry) {
		if ((s = find(g, pc->pc_name)) != NULL)
			s->s_stays = true;
	}
	for (s = TAILQ_FIRST(&g->g_services); s != NULL; s = next) {
		next = TAILQ_NEXT(s, s_entry);
		if (s->s_stays)
			continue;
		say("%s: is no port any more", port_config(s->s_port)->pc_name);
		service_end(g, s);
	}
	STAILQ_FOREACH(pc, configs, pc_entry) {
		if ((s = find(g, pc->pc_name)) != NULL) {
			close_addresses(s, pc);
			port_change(s->s_port, pc);
		}
	}
	STAILQ_FOREACH(pc, configs, pc_entry) {
		s = find(g, pc->pc_name);
		if (s != NULL) {
			s->s_stays = false;
			good = open_addresses(g, s) && good;
		} else if (pc->pc_range == 0)	/* not [auto] itself */
			good = service_begin(g, pc) && good;
	}
	return good;
}

/* ---- signals -------------------------------------------------------- */

static void
reload(struct gateway *g)
{
	struct port_conf_head *const fresh = malloc(sizeof(*fresh));
	struct timespec now;

	if (fresh == NULL)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	notify("RELOADING=1\nMONOTONIC_USEC=%lld", (long long)now.tv_sec *
	    1000000 + now.tv_nsec / 1000);
	if (config_read_ports(g->g_path, fresh) > 0) {
		say("the configuration is wrong; nothing has changed");
		config_free(fresh);
		free(fresh);
		notify("READY=1");
		return;
	}
	adapters_read(g->g_adapters, fresh);
	if (!arrange(g, fresh))
		say("out of memory; not all ports are as configured");
	config_free(g->g_configs);
	*g->g_configs = *fresh;
	if (STAILQ_EMPTY(fresh))
		STAILQ_INIT(g->g_configs);
	free(fresh);
	if (g->g_web == NULL || !web_renew(g->g_web)) {
		if (g->g_web != NULL)
			web_free(g->g_web);
		g->g_web = web_new(g->g_base);
		if (g->g_web == NULL)
			say("out of memory; there are no pages");
	}
	say("the configuration was read again");
	notify("READY=1");
}

/* There are signals to be read. */
static void
on_signal(evutil_socket_t fd, short what, void *arg)
{
	struct gateway *const g = arg;
	struct signalfd_siginfo si;

	(void)what;
	while (read(fd, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		if (si.ssi_signo == SIGHUP) {
			reload(g);
			continue;
		}
		say("ends: %s", strsignal((int)si.ssi_signo));
		notify("STOPPING=1");
		(void)event_base_loopbreak(g->g_base);
	}
}

static void
on_watchdog(evutil_socket_t fd, short what, void *arg)
{

	(void)fd;
	(void)what;
	(void)arg;
	notify("WATCHDOG=1");
}

/* ---- the loop ------------------------------------------------------- */

/* Each client is a descriptor: as many as the system lets us have. */
static void
raise_limit(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) == -1)
		return;
	rl.rlim_cur = rl.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &rl);
}

/*
 * What is allocated for many ports is next to each other, and touched a little
 * here and there: a huge page at each touch would be all of it.
 */
static void
use_small_pages(void)
{

	(void)prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
}

/*
 * A loop that tells the kernel once a turn what has changed.  To a crowd of
 * clients that is a third of all calls less: each has something to be sent, is
 * done, and has again.  It is right as long as no descriptor is another's
 * duplicate.
 */
static struct event_base *
new_base(void)
{
	struct event_config *const config = event_config_new();
	struct event_base *base;

	if (config == NULL)
		return NULL;
	(void)event_config_set_flag(config,
	    EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
	base = event_base_new_with_config(config);
	event_config_free(config);
	return base;
}

/*
 * Signals come through a descriptor, and no handler runs between two lines of
 * the program.  false: no memory.
 */
static bool
watch_signals(struct gateway *g)
{
	const unsigned ms = notify_period();
	const struct timeval period = { ms / 1000, ms % 1000 * 1000 };
	sigset_t ours;

	sigemptyset(&ours);
	sigaddset(&ours, SIGTERM);
	sigaddset(&ours, SIGINT);
	sigaddset(&ours, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &ours, NULL);
	g->g_signals = signalfd(-1, &ours, SFD_NONBLOCK | SFD_CLOEXEC);
	g->g_base = new_base();
	if (g->g_signals == -1 || g->g_base == NULL)
		return false;
	g->g_events[0] = event_new(g->g_base, g->g_signals, EV_READ |
	    EV_PERSIST, on_signal, g);
	g->g_events[1] = event_new(g->g_base, -1, EV_PERSIST, on_watchdog,
	    NULL);
	return g->g_events[0] != NULL && g->g_events[1] != NULL &&
	    event_add(g->g_events[0], NULL) == 0 &&
	    (ms == 0 || event_add(g->g_events[1], &period) == 0);
}

static void
end(struct gateway *g)
{
	struct service *s;
	size_t i;

	if (g->g_web != NULL)
		web_free(g->g_web);
	commands_end();
	adapters_free(g->g_adapters);
	while ((s = TAILQ_FIRST(&g->g_services)) != NULL)
		service_end(g, s);
	mdns_end();
	plugs_end();
	clients_end();
	disk_end(DISK_MS);
	downloads_end();
	passwd_end();
	for (i = 0; i < 2; i++) {
		if (g->g_events[i] != NULL)
			event_free(g->g_events[i]);
	}
	if (g->g_signals != -1)
		close(g->g_signals);
	if (g->g_base != NULL)
		event_base_free(g->g_base);
}

/*
 * status = serve(path, configs)
 *
 *	Serve these ports, which came from path, until a signal says to end;
 *	configs are then those of the last reading.  The program's exit status.
 */
int
serve(const char *path, struct port_conf_head *configs)
{
	struct gateway g = { .g_path = path, .g_configs = configs,
	    .g_signals = -1 };
	int status = EXIT_FAILED;

	TAILQ_INIT(&g.g_services);
	(void)signal(SIGPIPE, SIG_IGN);
	raise_limit();
	use_small_pages();
	if (!watch_signals(&g))
		say("there is no event loop");
	else if (!passwd_begin(g.g_base) || !disk_begin(g.g_base) ||
	    !mdns_begin(g.g_base, mdns_ports) ||
	    !plugs_begin(g.g_base, why_event) || !commands_begin(g.g_base) ||
	    (g.g_adapters = adapters_new(g.g_base, on_adapter, &g)) == NULL)
		say("out of memory");
	else if (adapters_read(g.g_adapters, configs), !arrange(&g, configs) ||
	    (g.g_web = web_new(g.g_base)) == NULL)
		say("out of memory");
	else {
		adapters_use(g.g_adapters, configs);
		notify("READY=1");
		if (event_base_dispatch(g.g_base) != -1)
			status = EXIT_OK;
	}
	end(&g);
	return status;
}
