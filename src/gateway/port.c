/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * port.c - a port: the session that outlives its device and its clients.
 *
 * Model
 *	A port has a line (line.c), a ring of what came from it, and clients in
 *	the order in which they came.  The first that is not a watcher writes;
 *	when it leaves, the next one does.  One that comes by force takes that
 *	place, from such a one before it too, until it leaves.  The others see
 *	the same and change nothing.
 *
 *	A writer who is held up as the line is full is not read from, and so not
 *	heard to go.  It is looked at each LOOK_S: if its connection is lost, the
 *	device has taken nothing since, and somebody waits for its place, it
 *	goes, and what it has said is for nobody.
 *
 *	When the device goes, clients stay.  Each is told in the way of its
 *	protocol: a note in the ring, which stands where the device stopped,
 *	and has the reason, if there is one to be had (why.c);
 *	modem lines that are all down.  What they send meanwhile is dropped
 *	(and counted), or kept for the device, as configured.
 */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/door.h"
#include "gateway/mdns.h"
#include "gateway/web.h"
#include "gateway/why.h"

#define	SHAKING		64	/* TLS handshakes at one time */
#define	CROWD		32	/* clients, for a ms between their turns */
#define	TURN_MAX	50	/* ms */
#define	SOME		128	/* clients, in one turn of the loop */
#define	LOOK_S		10	/* at a writer who is held up */

struct port {
	TAILQ_ENTRY(port) p_entry;
	const struct port_conf *p_conf;
	struct ring	 p_ring;
	struct line	*p_line;
	struct log	*p_log;
	struct event	*p_turn;	/* of a crowd */
	struct client	*p_at;		/* whose it is next; NULL: the first */
	uint64_t	 p_pumped;	/* rg_head at the last one */
	struct why	*p_reason;
	struct client_head p_clients;
	struct client_head p_shaking;	/* or at the door */
	unsigned	 p_nshaking;
	unsigned	 p_nclients;
	bool		 p_crowded;	/* there was no room for one more */
	struct client	*p_writer;
	struct event	*p_looks;	/* at it, while the line is full */
	uint64_t	 p_taken;	/* line_taken, at the last look */
	bool		 p_was_there;
	unsigned long long p_refused;	/* bytes, since the device left */
	char		 p_node[PATH];	/* "": not found yet */
	const char	*p_why;		/* as it was told */
	struct port_stats p_stats;	/* what port_stats does not look up */
};

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

/* Whose turn it is to write, or NULL. */
static struct client *
writer(const struct port *p)
{
	struct client *cl;

	TAILQ_FOREACH_REVERSE(cl, &p->p_clients, client_head, cl_entry) {
		if (cl->cl_role == ROLE_FORCE)
			return cl;
	}
	TAILQ_FOREACH(cl, &p->p_clients, cl_entry) {
		if (cl->cl_role == ROLE_NORMAL)
			return cl;
	}
	return NULL;
}

static void
tell_writer(struct client *cl, const char *what)
{
	char text[RING_NOTE];

	snprintf(text, sizeof(text), "\r\n[devsw-gateway: %s: %s]\r\n",
	    cl->cl_port->p_conf->pc_name, what);
	cl->cl_proto->pr_note(cl, text);
}

/*
 * A client has come, or left the list: who writes now?  Those who have lost
 * that, or have it from another one, are told.
 */
static void
settle(struct port *p, const struct client *gone)
{
	struct client *const before = p->p_writer;
	struct client *const now = writer(p);

	if (now == before)
		return;
	p->p_writer = now;
	if (before != NULL)
		before->cl_writes = false;
	if (now != NULL)
		now->cl_writes = true;
	if (before != NULL && before != gone) {
		/* What it sends now is for nobody. */
		client_full(before, false);
		tell_writer(before, "another client writes now");
	}
	if (before != NULL && now != NULL)
		tell_writer(now, "you write now");
}

/* May this client send to the device, and set the line? */
bool
port_may_write(const struct client *cl)
{

	return cl->cl_port->p_writer == cl;
}

/* ---- a writer who is held up ---------------------------------------- */

static void
look_later(struct port *p)
{
	static const struct timeval later = { LOOK_S, 0 };

	p->p_taken = line_taken(p->p_line);
	(void)evtimer_add(p->p_looks, &later);
}

/* Does anybody else wait to write, or to come? */
static bool
is_wanted(const struct port *p)
{
	const struct client *cl;

	TAILQ_FOREACH(cl, &p->p_clients, cl_entry) {
		if (cl != p->p_writer && cl->cl_role != ROLE_WATCH)
			return true;
	}
	return p->p_crowded;
}

/* Is it still there, or does at least the line go on with what it has said? */
static void
on_look(evutil_socket_t fd, short what, void *arg)
{
	struct port *const p = arg;
	struct client *const cl = p->p_writer;

	(void)fd;
	(void)what;
	if (cl == NULL || !cl->cl_full)
		return;
	if (line_taken(p->p_line) == p->p_taken && is_wanted(p) &&
	    client_is_lost(cl))
		client_close(cl, "its connection is lost, and the device takes "
		    "nothing");
	else
		look_later(p);
}

/*
 * port_output(cl, bytes, n)
 *
 *	A client has sent this.
 */
void
port_output(struct client *cl, const uint8_t *bytes, size_t n)
{
	struct port *const p = cl->cl_port;

	if (cl->cl_door != NULL) {
		door_input(cl->cl_door, bytes, n);
		return;
	}
	/* The rest of a CR LF that ended its password is not the device's. */
	if (cl->cl_lf && n > 0) {
		cl->cl_lf = false;
		if (bytes[0] == '\n') {
			bytes++;
			n--;
		}
	}
	if (n == 0 || !port_may_write(cl))
		return;
	if (!line_is_open(p->p_line) && !p->p_conf->pc_keep) {
		p->p_refused += n;
		p->p_stats.ps_refused += n;
		return;
	}
	p->p_stats.ps_out += n;
	line_write(p->p_line, bytes, n);
	if (!line_is_full(p->p_line))
		return;
	client_full(cl, true);
	if (!evtimer_pending(p->p_looks, NULL))
		look_later(p);
}

/* Somebody wants something else of the line than before, or nobody does. */
void
port_wants(struct port *p)
{
	bool modem = false, marks = false;
	struct client *cl;

	TAILQ_FOREACH(cl, &p->p_clients, cl_entry) {
		if (cl->cl_state == NULL)
			continue;	/* it is about to start */
		modem |= cl->cl_proto->pr_wants_modem(cl);
		marks |= cl->cl_proto->pr_wants_marks(cl);
	}
	line_look(p->p_line, modem);
	line_mark(p->p_line, marks);
}

/* ---- from the line -------------------------------------------------- */

/* A client may close, and leave the list, while it is served. */
#define	EACH_CLIENT(cl, p, next)					\
	for ((cl) = TAILQ_FIRST(&(p)->p_clients); (cl) != NULL &&	\
	    ((next) = TAILQ_NEXT((cl), cl_entry), 1); (cl) = (next))

static void
pump_all(struct port *p)
{
	struct client *cl, *next;

	(void)evtimer_del(p->p_turn);
	p->p_pumped = p->p_ring.rg_head;
	p->p_at = NULL;
	EACH_CLIENT(cl, p, next)
		client_pump(cl);
}

/* Some of a crowd, from p_at on; then the loop turns before the next. */
static void
on_turn(evutil_socket_t fd, short what, void *arg)
{
	static const struct timeval now;
	struct port *const p = arg;
	struct client *cl;
	unsigned n;

	(void)fd;
	(void)what;
	if (p->p_at == NULL) {
		p->p_at = TAILQ_FIRST(&p->p_clients);
		p->p_pumped = p->p_ring.rg_head;
	}
	for (n = 0; n < SOME && (cl = p->p_at) != NULL; n++) {
		p->p_at = TAILQ_NEXT(cl, cl_entry);
		client_pump(cl);
	}
	if (p->p_at != NULL)
		(void)evtimer_add(p->p_turn, &now);
}

/*
 * The ring has something.  Who writes gets it at once, and so do the others if
 * they are few.  A crowd takes turns, the further apart the larger it is: a
 * write to each of them for each little that a fast line says would leave no
 * time for the writer and the line, which have theirs between SOME and the
 * next.  No turn is so late that the ring comes round.
 */
static void
pump(struct port *p)
{
	const unsigned ms = p->p_nclients / CROWD < TURN_MAX ?
	    p->p_nclients / CROWD : TURN_MAX;
	const struct timeval turn = { 0, (suseconds_t)ms * 1000 };

	if (ms == 0 || p->p_ring.rg_head - p->p_pumped >=
	    p->p_ring.rg_size / 4) {
		pump_all(p);
		return;
	}
	if (p->p_writer != NULL)
		client_pump(p->p_writer);
	if (!evtimer_pending(p->p_turn, NULL))
		(void)evtimer_add(p->p_turn, &turn);
}

/* After what the device said before. */
static void
news(struct port *p, enum news what)
{
	struct client *cl, *next;

	if (evtimer_pending(p->p_turn, NULL))
		pump_all(p);
	EACH_CLIENT(cl, p, next)
		client_news(cl, what);
}

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
	pump(p);
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
	news(p, NEWS_MODEM);
}

static void
left(void *arg, const char *why)
{
	struct port *const p = arg;

	p->p_stats.ps_unplugs++;
	say("%s: %s is gone (%s); %u clients stay", p->p_conf->pc_name,
	    p->p_node, why, p->p_nclients);
	news(p, NEWS_AWAY);
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
	news(p, NEWS_WHY);
}

/* The reason, or what the adapter is, has become known later. */
static void
learnt(void *arg, const char *reason)
{
	struct port *const p = arg;

	if (reason != NULL)
		say("%s: that was: %s", p->p_conf->pc_name, reason);
	mdns_touch();
	news(p, NEWS_WHY);
}

static void
input(void *arg, const uint8_t *bytes, size_t n)
{
	struct port *const p = arg;

	p->p_stats.ps_in += n;
	log_put(p->p_log, bytes, n);
	ring_put(&p->p_ring, bytes, n);
	pump(p);
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

	news(arg, NEWS_MODEM);
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

/* ---- clients -------------------------------------------------------- */

static void
log_client(struct port *p, const struct client *cl, const char *what)
{
	char text[RING_NOTE];

	snprintf(text, sizeof(text), "%s %s", cl->cl_who, what);
	log_note(p->p_log, text);
}

static void
client_left(struct client *cl)
{
	struct port *const p = cl->cl_port;

	log_client(p, cl, "leaves");
	if (p->p_at == cl)
		p->p_at = TAILQ_NEXT(cl, cl_entry);
	TAILQ_REMOVE(&p->p_clients, cl, cl_entry);
	p->p_nclients--;
	p->p_crowded = false;
	p->p_stats.ps_lost += cl->cl_lost;
	settle(p, cl);
	port_wants(p);
}

/* Is there room for one more client?  Who is refused is not forgotten: is_wanted. */
bool
port_has_room(struct port *p)
{
	const bool room = p->p_nclients < p->p_conf->pc_clients;

	p->p_crowded |= !room;
	return room;
}

/* A client that may be one of this port. */
void
port_attach(struct port *p, struct client *cl)
{
	static const char sorry[] = "devsw-gateway: too many clients\r\n";

	say_verbose("%s: %s comes", p->p_conf->pc_name, cl->cl_who);
	if (!port_has_room(p)) {
		client_send(cl, sorry, sizeof(sorry) - 1);
		client_close(cl, "there are too many");
		return;
	}
	TAILQ_INSERT_TAIL(&p->p_clients, cl, cl_entry);
	p->p_nclients++;
	p->p_stats.ps_comes++;
	log_client(p, cl, "comes");
	cl->cl_drop = p->p_conf->pc_drop;
	client_begin(cl, p, &p->p_ring, (size_t)p->p_conf->pc_history * 1024,
	    client_left);
	settle(p, NULL);
}

/* This client writes from now on, as if it came by force; no watcher may. */
void
port_take(struct client *cl)
{
	struct port *const p = cl->cl_port;

	if (cl->cl_role == ROLE_WATCH || cl->cl_closing)
		return;
	cl->cl_role = ROLE_FORCE;
	if (p->p_at == cl)
		p->p_at = TAILQ_NEXT(cl, cl_entry);
	TAILQ_REMOVE(&p->p_clients, cl, cl_entry);
	TAILQ_INSERT_TAIL(&p->p_clients, cl, cl_entry);
	settle(p, NULL);
}

static void
shaking_left(struct client *cl)
{
	struct port *const p = cl->cl_port;

	TAILQ_REMOVE(&p->p_shaking, cl, cl_entry);
	p->p_nshaking--;
}

static void
shaking_ready(struct client *cl)
{

	shaking_left(cl);
	cl->cl_gone = NULL;
	port_enter(cl->cl_port, cl);
}

/* It waits: who comes only to do that pushes out others of his kind. */
static void
queue(struct port *p, struct client *cl)
{

	if (p->p_nshaking >= SHAKING)
		client_close(TAILQ_FIRST(&p->p_shaking), "others come");
	TAILQ_INSERT_TAIL(&p->p_shaking, cl, cl_entry);
	p->p_nshaking++;
}

/* A user with this name has come: what may he do here? */
static void
admit(struct client *cl, const char *name)
{
	static const char sorry[] = "devsw-gateway: you may not use this port"
	    "\r\n";
	struct port *const p = cl->cl_port;
	const struct viewer who = { web_users(), user_find(web_users(), name) };
	char text[sizeof(cl->cl_who) + WEB_NAME + 8];

	snprintf(text, sizeof(text), "%s at ", name);
	if (strncmp(cl->cl_who, text, strlen(text)) != 0) {
		snprintf(text, sizeof(text), "%s at %s", name, cl->cl_who);
		snprintf(cl->cl_who, sizeof(cl->cl_who), "%.*s",
		    (int)sizeof(cl->cl_who) - 1, text);
	}
	if (who.vi_user < 0 || !viewer_sees(&who, p->p_conf)) {
		say("%s: %s may not use it", p->p_conf->pc_name, cl->cl_who);
		client_send(cl, sorry, sizeof(sorry) - 1);
		client_close(cl, "it may not");
		return;
	}
	if (!viewer_writes(&who, p->p_conf))
		cl->cl_role = ROLE_WATCH;
	port_attach(p, cl);
	if (cl->cl_closing)
		return;
	/* What it has agreed on before counts from now on. */
	port_wants(p);
	client_news(cl, NEWS_MODEM);
}

/* The door has found out who it is. */
static void
passed(struct client *cl, const char *name)
{
	struct door *const d = cl->cl_door;
	const uint8_t *rest;
	size_t n;

	shaking_left(cl);
	cl->cl_gone = NULL;
	cl->cl_door = NULL;
	cl->cl_full = false;
	admit(cl, name);
	rest = door_rest(d, &n);
	cl->cl_lf = door_owes_lf(d);
	if (!cl->cl_closing && n > 0)
		port_output(cl, rest, n);
	if (!cl->cl_closing && !cl->cl_full)
		client_full(cl, false);
	door_free(d);
}

/* It leaves, or has passed. */
static void
door_of_client(struct client *cl)
{

	door_free(cl->cl_door);
}

/*
 * port_enter(p, cl)
 *
 *	A client that has connected to one of the port's addresses; if it has to
 *	be a user, that is found out first.
 */
void
port_enter(struct port *p, struct client *cl)
{
	const struct web_conf *const users = web_users();
	int user;

	cl->cl_port = p;
	if (!p->p_conf->pc_login) {
		port_attach(p, cl);
		return;
	}
	user = user_of(users, client_ssl(cl));
	if (user >= 0) {
		admit(cl, users->wc_users[user].name);
		return;
	}
	say_verbose("%s: %s is asked who it is", p->p_conf->pc_name,
	    cl->cl_who);
	queue(p, cl);
	client_greet(cl, p, shaking_left);
	if (cl->cl_closing)
		return;
	cl->cl_door = door_new(cl, p->p_conf->pc_name, p->p_conf->pc_logintime,
	    passed);
	cl->cl_free = door_of_client;
	if (cl->cl_door == NULL)
		client_close(cl, "out of memory");
}

/*
 * port_shake(p, cl)
 *
 *	The same of one that has a TLS handshake before it.
 */
void
port_shake(struct port *p, struct client *cl)
{

	queue(p, cl);
	client_shake(cl, p, shaking_ready, shaking_left);
}

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

/* Who writes, as cl_who; or NULL. */
const char *
port_writer(const struct port *p)
{

	return p->p_writer != NULL ? p->p_writer->cl_who : NULL;
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
	TAILQ_INIT(&p->p_clients);
	TAILQ_INSERT_TAIL(&ports, p, p_entry);
	TAILQ_INIT(&p->p_shaking);
	strcpy(p->p_node, conf->pc_node);
	p->p_line = line_new(base, conf->pc_name, p->p_node,
	    &conf->pc_settings, &ops, p);
	p->p_turn = evtimer_new(base, on_turn, p);
	p->p_looks = evtimer_new(base, on_look, p);
	if (p->p_line == NULL || p->p_turn == NULL || p->p_looks == NULL ||
	    ring_init(&p->p_ring,
	    (size_t)conf->pc_buffer * 1024) == -1) {
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
	struct client *cl;

	while ((cl = TAILQ_FIRST(&p->p_shaking)) != NULL) {
		TAILQ_REMOVE(&p->p_shaking, cl, cl_entry);
		client_free(cl);
	}
	while ((cl = TAILQ_FIRST(&p->p_clients)) != NULL) {
		TAILQ_REMOVE(&p->p_clients, cl, cl_entry);
		client_free(cl);
	}
	TAILQ_REMOVE(&ports, p, p_entry);
	mdns_touch();
	if (p->p_turn != NULL)
		event_free(p->p_turn);
	if (p->p_looks != NULL)
		event_free(p->p_looks);
	if (p->p_reason != NULL)
		why_free(p->p_reason);
	if (p->p_line != NULL)
		line_free(p->p_line);
	log_free(p->p_log);
	ring_fini(&p->p_ring);
	free(p);
}
