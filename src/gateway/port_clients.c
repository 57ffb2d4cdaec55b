/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * port_clients.c - a port's clients: who comes in, who of them writes, and
 * that they get what the device says.
 *
 * Model
 *	A client comes to port_enter, by way of a TLS handshake if its address
 *	has one (port_shake).  If the port wants to know who it is, it waits at
 *	the door (door.c) with those who shake hands, of whom there are not more
 *	than SHAKING; then it is one of the port's, if there is room.
 *
 *	Clients are in the order in which they came.  The first that is not a
 *	watcher writes; when it leaves, the next one does.  One that comes by
 *	force takes that place, from such a one before it too, until it leaves.
 *	The others see the same and change nothing.
 *
 *	A writer who is held up as the line is full is not read from, and so not
 *	heard to go.  It is looked at each LOOK_S: if its connection is lost, the
 *	device has taken nothing since, and somebody waits for its place, it
 *	goes, and what it has said is for nobody.
 */
#include <event2/event.h>
#include <stdio.h>
#include <string.h>

#include "gateway/door.h"
#include "gateway/port_own.h"
#include "gateway/web.h"

#define	SHAKING		64	/* TLS handshakes at one time */
#define	CROWD		32	/* clients, for a ms between their turns */
#define	TURN_MAX	50	/* ms */
#define	SOME		128	/* clients, in one turn of the loop */
#define	LOOK_S		10	/* at a writer who is held up */

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

/* ---- what the device says ------------------------------------------- */

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
void
port_pump(struct port *p)
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
void
port_news(struct port *p, enum news what)
{
	struct client *cl, *next;

	if (evtimer_pending(p->p_turn, NULL))
		pump_all(p);
	EACH_CLIENT(cl, p, next)
		client_news(cl, what);
}

/* ---- who comes, and leaves ------------------------------------------ */

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

/*
 * Is there room for one more client?  Who is refused is not forgotten:
 * is_wanted.
 */
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

/* Who writes, as cl_who; or NULL. */
const char *
port_writer(const struct port *p)
{

	return p->p_writer != NULL ? p->p_writer->cl_who : NULL;
}

/* ---- begin and end -------------------------------------------------- */

/* False: no memory; port_clients_free is to follow all the same. */
bool
port_clients_init(struct port *p, struct event_base *base)
{

	TAILQ_INIT(&p->p_clients);
	TAILQ_INIT(&p->p_shaking);
	p->p_turn = evtimer_new(base, on_turn, p);
	p->p_looks = evtimer_new(base, on_look, p);
	return p->p_turn != NULL && p->p_looks != NULL;
}

void
port_clients_free(struct port *p)
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
	if (p->p_turn != NULL)
		event_free(p->p_turn);
	if (p->p_looks != NULL)
		event_free(p->p_looks);
}