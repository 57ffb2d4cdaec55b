/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * serve.c - the ports of a configuration, with their addresses; the loop.
 */
#include <sys/resource.h>

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/gateway.h"

struct service {
	struct port	*s_port;
	struct listener	*s_listen[LISTEN_MAX];
};

struct gateway {
	struct event_base *g_base;
	struct service	*g_services;
	size_t		 g_n;
	struct web	*g_web;
};

static void
on_signal(evutil_socket_t number, short what, void *arg)
{
	struct gateway *const g = arg;

	(void)what;
	say("ends: %s", strsignal((int)number));
	(void)event_base_loopbreak(g->g_base);
}

/* false: no memory. */
static bool
service_begin(struct gateway *g, const struct port_conf *pc)
{
	struct service *const s = &g->g_services[g->g_n];
	unsigned i;

	s->s_port = port_new(g->g_base, pc);
	if (s->s_port == NULL)
		return false;
	g->g_n++;
	for (i = 0; i < pc->pc_nlisten; i++) {
		s->s_listen[i] = listener_new(g->g_base, s->s_port,
		    &pc->pc_listen[i]);
		if (s->s_listen[i] == NULL)
			return false;
	}
	port_begin(s->s_port);
	return true;
}

static bool
services_begin(struct gateway *g, const struct port_conf_head *configs)
{
	const struct port_conf *pc;
	size_t n = 0;

	STAILQ_FOREACH(pc, configs, pc_entry)
		n++;
	g->g_services = calloc(n, sizeof(*g->g_services));
	if (g->g_services == NULL)
		return false;
	STAILQ_FOREACH(pc, configs, pc_entry) {
		if (!service_begin(g, pc))
			return false;
	}
	g->g_web = web_new(g->g_base);
	return g->g_web != NULL;
}

static void
services_end(struct gateway *g)
{
	struct service *s;
	unsigned i;

	if (g->g_web != NULL)
		web_free(g->g_web);
	while (g->g_n > 0) {
		s = &g->g_services[--g->g_n];
		for (i = 0; i < LISTEN_MAX; i++) {
			if (s->s_listen[i] != NULL)
				listener_free(s->s_listen[i]);
		}
		port_free(s->s_port);
	}
	free(g->g_services);
	clients_end();
}

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
 * status = serve(configs)
 *
 *	Serve these ports until a signal says to end.  The program's exit
 *	status.
 */
int
serve(const struct port_conf_head *configs)
{
	struct event *term = NULL, *intr = NULL;
	struct gateway g = { .g_n = 0 };
	int status = EXIT_FAILED;

	(void)signal(SIGPIPE, SIG_IGN);
	raise_limit();
	g.g_base = event_base_new();
	if (g.g_base != NULL) {
		term = evsignal_new(g.g_base, SIGTERM, on_signal, &g);
		intr = evsignal_new(g.g_base, SIGINT, on_signal, &g);
	}
	if (term == NULL || intr == NULL || event_add(term, NULL) == -1 ||
	    event_add(intr, NULL) == -1)
		say("there is no event loop");
	else if (!services_begin(&g, configs))
		say("out of memory");
	else if (event_base_dispatch(g.g_base) != -1)
		status = EXIT_OK;
	services_end(&g);
	if (term != NULL)
		event_free(term);
	if (intr != NULL)
		event_free(intr);
	if (g.g_base != NULL)
		event_base_free(g.g_base);
	return status;
}
