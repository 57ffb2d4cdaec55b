/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * port.c - a port: the session that outlives its device and its clients.
 *
 * Model
 *	A port has a line (line.c), a ring of what came from it, and clients
 *	(port_clients.c).  Here is what the line and the configuration do to it.
 *
 *	When the device goes, clients stay.  Each is told in the way of its
 *	protocol: a note in the ring, which stands where the device stopped,
 *	and has the reason, if there is one to be had (why.c);
 *	modem lines that are all down.  What they send meanwhile is dropped
 *	(and counted), or kept for the device, as configured.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/mdns.h"
#include "gateway/port_own.h"
#include "gateway/why.h"

static TAILQ_HEAD(, port) ports = TAILQ_HEAD_INITIALIZER(ports);

struct line *
port_line(struct port *p)
{

	return p->p_line;
}

const struct port_conf *
port_config(const struct port *p)
{

	return p->p_conf;
}

/* The path of its device; "": that was not found yet. */
const char *
port_node(const struct port *p)
{

	return p->p_node;
}

/* ---- from the line -------------------------------------------------- */

/* Tell people, at this place of what the device says. */
static void
note(struct port *p, const char *what)
{
	char text[RING_NOTE];

	snprintf(text, sizeof(text), "the device %.60s", what);
	log_note(p->p_log, text);
	snprintf(text, sizeof(text), "\r\n[devsw-gateway: %s: the device "
	    "%.60s]\r\n", p->p_conf->pc_name, what);
	ring_note(&p->p_ring, text);
	port_pump(p);
}

/*
 * why = port_reset(p, who)
 *
 *	Play the reset that is configured; who may is the caller's to know.
 *	NULL; or why not, as a sentence's end.
 */
const char *
port_reset(struct port *p, const char *who)
{
	const char *why;

	if (p->p_conf->pc_reset.rs_n == 0)
		return "no reset is configured";
	why = line_reset(p->p_line, &p->p_conf->pc_reset);
	if (why == NULL) {
		say("%s: %s resets the device", p->p_conf->pc_name, who);
		note(p, "is being reset");
	}
	return why;
}

static void
came(void *arg)
{
	struct port *const p = arg;

	p->p_stats.ps_opens++;
	why_came(p->p_reason, p->p_node);
	mdns_touch();
	say("%s: %s is there", p->p_conf->pc_name, p->p_node);
	if (p->p_refused > 0)
		say("%s: %llu bytes for the device were refused while it was "
		    "away", p->p_conf->pc_name, p->p_refused);
	p->p_refused = 0;
	if (p->p_was_there)
		note(p, "is back");
	else
		log_note(p->p_log, "the device is there");
	p->p_was_there = true;
	port_news(p, NEWS_MODEM);
}

static void
left(void *arg, const char *why)
{
	struct port *const p = arg;

	p->p_stats.ps_unplugs++;
	say("%s: %s is gone (%s); %u clients stay", p->p_conf->pc_name,
	    p->p_node, why, p->p_nclients);
	port_news(p, NEWS_AWAY);
	why_left(p->p_reason, why);
}

/* It is known now why, or that it will not be known (NULL). */
static void
told(void *arg, const char *reason, bool closed)
{
	struct port *const p = arg;
	char text[RING_NOTE];

	snprintf(text, sizeof(text), "is gone%s%.40s%s%s",
	    reason != NULL ? " (" : "", reason != NULL ? reason : "",
	    reason != NULL ? ")" : "", closed ? " for good" : "");
	if (reason != NULL)
		say("%s: that was: %s%s", p->p_conf->pc_name, reason, closed ?
		    "; it stays closed until a reload" : "");
	note(p, text);
	port_news(p, NEWS_WHY);
}

/* The reason, or what the adapter is, has become known later. */
static void
learnt(void *arg, const char *reason)
{
	struct port *const p = arg;

	if (reason != NULL)
		say("%s: that was: %s", p->p_conf->pc_name, reason);
	mdns_touch();
	port_news(p, NEWS_WHY);
}

static void
input(void *arg, const uint8_t *bytes, size_t n)
{
	struct port *const p = arg;

	p->p_stats.ps_in += n;
	log_put(p->p_log, bytes, n);
	ring_put(&p->p_ring, bytes, n);
	port_pump(p);
}

static void
broken(void *arg, unsigned bits)
{
	struct port *const p = arg;
	struct client *cl, *next;

	EACH_CLIENT(cl, p, next) {
		if (client_may_send(cl))
			cl->cl_proto->pr_error(cl, bits);
	}
}

static void
modem(void *arg)
{

	port_news(arg, NEWS_MODEM);
}

static void
room(void *arg)
{
	struct port *const p = arg;
	struct client *cl, *next;

	EACH_CLIENT(cl, p, next) {
		if (cl->cl_full)
			client_full(cl, false);
	}
}

static const struct line_ops ops = { came, left, input, broken, modem, room };

/* ---- to look at ----------------------------------------------------- */

/* The port after this one, or the first; NULL: there are no more. */
struct port *
port_next(const struct port *p)
{

	return p == NULL ? TAILQ_FIRST(&ports) : TAILQ_NEXT(p, p_entry);
}

void
port_stats(const struct port *p, struct port_stats *ps)
{
	const struct errors *const er = line_errors(p->p_line);
	const struct client *cl;

	*ps = p->p_stats;
	ps->ps_parity = er->er_parity;
	ps->ps_frame = er->er_frame;
	ps->ps_errors = er->er_parity + er->er_frame + er->er_either;
	ps->ps_overruns = er->er_overrun;
	ps->ps_breaks = er->er_break;
	ps->ps_there = line_is_open(p->p_line);
	ps->ps_clients = p->p_nclients;
	ps->ps_unsent = line_unsent(p->p_line);
	ps->ps_loglost += log_lost(p->p_log);
	ps->ps_logwaits = log_waits(p->p_log);
	TAILQ_FOREACH(cl, &p->p_clients, cl_entry) {
		const uint64_t behind = client_behind(cl);

		ps->ps_lost += cl->cl_lost;
		if (behind > ps->ps_behind)
			ps->ps_behind = behind;
	}
}

const struct why *
port_why(const struct port *p)
{

	return p->p_reason;
}

/* ---- begin and end -------------------------------------------------- */

/* conf stays as long as the port.  NULL: no memory. */
struct port *
port_new(struct event_base *base, const struct port_conf *conf)
{
	struct port *const p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->p_conf = conf;
	TAILQ_INSERT_TAIL(&ports, p, p_entry);
	strcpy(p->p_node, conf->pc_node);
	if (!port_clients_init(p, base) ||
	    (p->p_line = line_new(base, conf->pc_name, p->p_node,
	    &conf->pc_settings, &ops, p)) == NULL ||
	    ring_init(&p->p_ring, (size_t)conf->pc_buffer * 1024) == -1) {
		port_free(p);
		return NULL;
	}
	p->p_reason = why_new(base, p->p_line, conf->pc_reopen, told, learnt, p);
	if (p->p_reason == NULL) {
		port_free(p);
		return NULL;
	}
	p->p_log = log_new(conf);
	return p;
}

/* It looks for its device from now on. */
void
port_begin(struct port *p)
{

	mdns_touch();
	line_begin(p->p_line);
}

/* What the configuration has changed; what clients have set stays. */
static void
change_settings(struct port *p, const struct settings *was,
    const struct settings *is)
{
	struct settings st = *line_settings(p->p_line);

	if (memcmp(was, is, sizeof(*is)) == 0)
		return;
	if (is->st_speed != 0 && is->st_speed != was->st_speed)
		st.st_speed = is->st_speed;
	if (is->st_size != 0 && (is->st_size != was->st_size ||
	    is->st_parity != was->st_parity || is->st_stop != was->st_stop)) {
		st.st_size = is->st_size;
		st.st_parity = is->st_parity;
		st.st_stop = is->st_stop;
	}
	if (is->st_rtscts != -1 && (is->st_rtscts != was->st_rtscts ||
	    is->st_ixon != was->st_ixon)) {
		st.st_rtscts = is->st_rtscts;
		st.st_ixon = st.st_ixoff = is->st_ixon;
	}
	if (is->st_dtr != -1 && is->st_dtr != was->st_dtr)
		st.st_dtr = is->st_dtr;
	if (is->st_rts != -1 && is->st_rts != was->st_rts)
		st.st_rts = is->st_rts;
	line_set(p->p_line, &st);
}

/*
 * port_move(p, node)
 *
 *	Its device is there from now on.
 */
void
port_move(struct port *p, const char *node)
{

	if (strcmp(p->p_node, node) == 0)
		return;
	p->p_why = NULL;
	/* First the line: who is told of its end hears of the old one. */
	if (p->p_node[0] == '\0')
		say("%s: its device is %s", p->p_conf->pc_name, node);
	line_move(p->p_line, p->p_conf->pc_name, node);
	snprintf(p->p_node, sizeof(p->p_node), "%s", node);
}

/* It is not found, as why says, which is told once. */
void
port_unfound(struct port *p, const char *why)
{

	if (p->p_node[0] != '\0' || p->p_why == why)
		return;
	say("%s: %s", p->p_conf->pc_name, why);
	p->p_why = why;
}

static void
change_log(struct port *p, const struct port_conf *before)
{
	const uint64_t lost = log_lost(p->p_log);
	struct log *const was = p->p_log;

	p->p_log = log_change(was, before, p->p_conf);
	if (p->p_log != was)
		p->p_stats.ps_loglost += lost;
}

/*
 * port_change(p, conf)
 *
 *	The port is to be so from now on; clients stay, whatever it is.  The old
 *	configuration is not looked at any more afterwards.
 */
void
port_change(struct port *p, const struct port_conf *conf)
{
	const struct port_conf *const before = p->p_conf;
	const struct settings was = before->pc_settings;
	const bool same = strcmp(conf->pc_serial, before->pc_serial) == 0 &&
	    conf->pc_interface == before->pc_interface &&
	    strcmp(conf->pc_id, before->pc_id) == 0;
	struct client *cl;

	p->p_conf = conf;
	/* What was found is so still, if it was looked for in this way. */
	line_move(p->p_line, conf->pc_name, conf->pc_node[0] == '\0' && same ?
	    p->p_node : conf->pc_node);
	if (conf->pc_node[0] != '\0' || !same)
		strcpy(p->p_node, conf->pc_node);
	why_change(p->p_reason, conf->pc_reopen);
	mdns_touch();
	change_log(p, before);
	change_settings(p, &was, &conf->pc_settings);
	if (ring_resize(&p->p_ring, (size_t)conf->pc_buffer * 1024) == -1)
		say("%s: out of memory; the buffer stays as it was",
		    conf->pc_name);
	TAILQ_FOREACH(cl, &p->p_clients, cl_entry)
		cl->cl_drop = conf->pc_drop;
}

/* With its clients. */
void
port_free(struct port *p)
{

	port_clients_free(p);
	TAILQ_REMOVE(&ports, p, p_entry);
	mdns_touch();
	if (p->p_reason != NULL)
		why_free(p->p_reason);
	if (p->p_line != NULL)
		line_free(p->p_line);
	log_free(p->p_log);
	ring_fini(&p->p_ring);
	free(p);
}
