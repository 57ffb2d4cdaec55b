/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * commands.c - what devswctl(8) tells the running gateway.
 *
 * Model
 *	A unix socket, "control" in the directory that the service manager has
 *	made for the program (RUNTIME_DIRECTORY); without one there is none.
 *	Who may connect is who may do as the program does: root, and its user
 *	and group (listen.c).  No right comes from what is said there, and it can
 *	do no more than who writes at a port.
 *
 *	One line of words, one line of answer, and the end:
 *
 *	    reset PORT		ok, or why not
 *
 *	ASKERS at a time, LINE bytes, ASK_S seconds of silence: who takes more is
 *	closed.
 */
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/gateway.h"

#define	ASKERS		8
#define	LINE		128
#define	ASK_S		5

struct asker {
	TAILQ_ENTRY(asker) ak_entry;
	struct bufferevent *ak_bev;
	char		 ak_who[64];
	bool		 ak_answered;
};

static TAILQ_HEAD(, asker) askers = TAILQ_HEAD_INITIALIZER(askers);
static unsigned naskers;
static struct event_base *commands_base;
static struct listener *commands_listener;
static const struct proto proto_commands = { .pr_name = "commands" };

static void
asker_free(struct asker *ak)
{

	TAILQ_REMOVE(&askers, ak, ak_entry);
	naskers--;
	bufferevent_free(ak->ak_bev);
	free(ak);
}

/* The port of this name, or NULL. */
static struct port *
port_of(const char *name)
{
	struct port *p = NULL;

	while ((p = port_next(p)) != NULL) {
		if (strcmp(port_config(p)->pc_name, name) == 0)
			break;
	}
	return p;
}

/* The answer. */
static const char *
obey(const struct asker *ak, const char *line)
{
	struct port *p;
	const char *why;

	if (strncmp(line, "reset ", 6) != 0)
		return "there is no such command";
	p = port_of(line + 6);
	if (p == NULL)
		return "there is no such port";
	why = port_reset(p, ak->ak_who);
	return why != NULL ? why : "ok";
}

static void
on_read(struct bufferevent *bev, void *arg)
{
	struct evbuffer *const in = bufferevent_get_input(bev);
	struct asker *const ak = arg;
	char *line;

	if (ak->ak_answered) {
		(void)evbuffer_drain(in, evbuffer_get_length(in));
		return;
	}
	line = evbuffer_readln(in, NULL, EVBUFFER_EOL_LF);
	if (line == NULL && evbuffer_get_length(in) < LINE)
		return;
	ak->ak_answered = true;
	(void)evbuffer_add_printf(bufferevent_get_output(bev), "%s\n",
	    line == NULL || strlen(line) >= LINE ? "that is too long" :
	    obey(ak, line));
	free(line);
}

/* The output is empty: it was from the beginning, or the answer has left. */
static void
on_write(struct bufferevent *bev, void *arg)
{
	struct asker *const ak = arg;

	(void)bev;
	if (ak->ak_answered)
		asker_free(ak);
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{

	(void)bev;
	(void)what;
	asker_free(arg);
}

static void
came(void *arg, const struct address *ad, int fd, const char *who)
{
	static const struct timeval limit = { ASK_S, 0 };
	struct asker *const ak = naskers < ASKERS ? calloc(1, sizeof(*ak)) :
	    NULL;

	(void)arg;
	(void)ad;
	if (ak == NULL || (ak->ak_bev = bufferevent_socket_new(commands_base,
	    fd, BEV_OPT_CLOSE_ON_FREE)) == NULL) {
		free(ak);
		close(fd);
		return;
	}
	snprintf(ak->ak_who, sizeof(ak->ak_who), "%s", who);
	TAILQ_INSERT_TAIL(&askers, ak, ak_entry);
	naskers++;
	bufferevent_setcb(ak->ak_bev, on_read, on_write, on_event, ak);
	(void)bufferevent_set_timeouts(ak->ak_bev, &limit, &limit);
	(void)bufferevent_enable(ak->ak_bev, EV_READ | EV_WRITE);
}

/* false: no memory.  Without a directory there are no commands. */
bool
commands_begin(struct event_base *base)
{
	const char *const dir = getenv("RUNTIME_DIRECTORY");
	struct address ad = { .ad_role = ROLE_NORMAL };
	char text[128];

	commands_base = base;
	if (dir == NULL || dir[0] != '/' || strchr(dir, ':') != NULL ||
	    snprintf(text, sizeof(text), "unix:%s/control", dir) >=
	    (int)sizeof(text) || !address_parse(text, &ad))
		return true;
	ad.ad_proto = &proto_commands;
	ad.ad_warning = "";
	commands_listener = listener_new_for(base, "devswctl", &ad, came, NULL);
	return commands_listener != NULL;
}

void
commands_end(void)
{
	struct asker *ak;

	while ((ak = TAILQ_FIRST(&askers)) != NULL)
		asker_free(ak);
	if (commands_listener != NULL)
		listener_free(commands_listener);
	commands_listener = NULL;
}
