/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * client.c - one connection.
 *
 * Model
 *	What the device has said comes from the port's ring, from this client's
 *	place on, and only as much at a time as the socket takes (SEND_HIGH): a
 *	client that does not read stays behind in the ring, and when that comes
 *	round, loses bytes (cl_drop) or its connection.
 *
 *	What it says is read, if none of these holds: cl_full, the line's queue
 *	is full and this client writes; cl_busy, its own output (the answers to
 *	what it asks) is; cl_closing.
 *
 *	Encoding and decoding are the protocol's, cl_proto.  That is all a
 *	client knows of it.
 *
 *	With TLS it is the port's to keep, but not yet its client, until the
 *	hands are shaken (client_shake), which has to be done in SHAKE_S.
 *
 *	client_close may be called from anywhere, also from within the client's
 *	own functions: it marks the client, which leaves its port at once
 *	(cl_gone), and is freed from the loop, when its output has left or
 *	after LINGER_MS.
 */
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/gateway.h"

/* Those that have left their port. */
static struct client_head leaving = TAILQ_HEAD_INITIALIZER(leaving);

#define	SEND_HIGH	16384	/* of the device's bytes, in the output */
#define	SEND_LOW	4096
#define	BUSY		65536	/* of all output: more is not asked for */
#define	PIECE		4096
#define	MORE		16384	/* and MORE_TIMES as much, if it has more */
#define	MORE_TIMES	4
#define	LINGER_MS	1000
#define	SHAKE_S		5
#define	ALIVE_IDLE	30	/* s: then a peer is asked, each ALIVE_EACH */
#define	ALIVE_EACH	10
#define	ALIVE_TIMES	3
#define	ALIVE_MS	60000	/* what was sent has to be received by then */

static size_t
unsent(const struct client *cl)
{

	return evbuffer_get_length(bufferevent_get_output(cl->cl_bev));
}

/* What it says is read, or not. */
static void
listen_to(struct client *cl)
{

	if (cl->cl_full || cl->cl_busy || cl->cl_closing)
		(void)bufferevent_disable(cl->cl_bev, EV_READ);
	else
		(void)bufferevent_enable(cl->cl_bev, EV_READ);
}

static void
set_busy(struct client *cl)
{
	const bool busy = unsent(cl) > BUSY;

	if (busy != cl->cl_busy) {
		cl->cl_busy = busy;
		listen_to(cl);
	}
}

/* What it has said, as far as there is room for what comes of it. */
static void
take(struct client *cl)
{
	struct evbuffer *const in = bufferevent_get_input(cl->cl_bev);
	uint8_t buf[4096];
	int n;

	while (!cl->cl_closing && !cl->cl_busy && !cl->cl_full &&
	    (n = evbuffer_remove(in, buf, sizeof(buf))) > 0)
		cl->cl_proto->pr_input(cl, buf, (size_t)n);
}

/* ---- the end -------------------------------------------------------- */

static void
on_end(evutil_socket_t fd, short what, void *arg)
{

	struct client *const cl = arg;

	(void)fd;
	(void)what;
	if (cl->cl_shakes && !cl->cl_closing)
		client_close(cl, "its TLS handshake takes too long");
	else
		client_free(cl);
}

/* It must have left its port, if it had one. */
void
client_free(struct client *cl)
{

	if (cl->cl_closing)
		TAILQ_REMOVE(&leaving, cl, cl_entry);
	if (cl->cl_free != NULL)
		cl->cl_free(cl);
	if (cl->cl_state != NULL)
		cl->cl_proto->pr_stop(cl);
	if (cl->cl_end != NULL)
		event_free(cl->cl_end);
	if (cl->cl_bev != NULL)
		bufferevent_free(cl->cl_bev);
	free(cl);
}

/* No loop runs any more: what client_close has left to it. */
void
clients_end(void)
{
	struct client *cl;

	while ((cl = TAILQ_FIRST(&leaving)) != NULL)
		client_free(cl);
}

/*
 * client_close(cl, why)
 *
 *	End the connection.  The client is not to be sent anything any more, and
 *	is not the port's; it may be freed as soon as the loop turns.
 */
void
client_close(struct client *cl, const char *why)
{
	const struct timeval linger = { LINGER_MS / 1000, 0 };
	static const struct timeval now;

	if (cl->cl_closing)
		return;
	cl->cl_closing = true;
	say_verbose("%s leaves: %s", cl->cl_who, why);
	if (cl->cl_lost > 0)
		say_verbose("%s was too slow for %llu bytes", cl->cl_who,
		    (unsigned long long)cl->cl_lost);
	listen_to(cl);
	if (cl->cl_gone != NULL)
		cl->cl_gone(cl);
	TAILQ_INSERT_TAIL(&leaving, cl, cl_entry);
	(void)evtimer_add(cl->cl_end, unsent(cl) > 0 ? &linger : &now);
}

/* ---- output --------------------------------------------------------- */

/* Bytes for the socket, as they are. */
void
client_send(struct client *cl, const void *bytes, size_t n)
{

	if (!cl->cl_closing && bufferevent_write(cl->cl_bev, bytes, n) == -1)
		client_close(cl, "out of memory");
	set_busy(cl);
}

/*
 * may = client_may_send(cl)
 *
 *	Is there room for news that nobody has asked for?  If not, pr_news
 *	comes again when there is.
 */
bool
client_may_send(struct client *cl)
{

	if (!cl->cl_closing && !cl->cl_busy && !cl->cl_held)
		return true;
	cl->cl_late = true;
	return false;
}

/* Tell it, or do so later. */
void
client_news(struct client *cl, enum news news)
{

	if (client_may_send(cl))
		cl->cl_proto->pr_news(cl, news);
}

/* false: it is gone. */
static bool
behind(struct client *cl)
{
	const uint64_t lost = ring_lost(cl->cl_ring, &cl->cl_place);

	if (lost == 0)
		return true;
	if (!cl->cl_drop) {
		client_close(cl, "it is too slow");
		return false;
	}
	if (cl->cl_lost == 0)
		say_verbose("%s is too slow: it loses bytes", cl->cl_who);
	cl->cl_lost += lost;
	return true;
}

/*
 * client_pump(cl)
 *
 *	Send of the ring what there is, as far as there is room.  Called after
 *	the ring has got something, and when the output has gone down.
 */
void
client_pump(struct client *cl)
{
	const uint8_t *bytes;
	const char *note;
	size_t n;

	if (cl->cl_ring == NULL || cl->cl_closing || !behind(cl))
		return;
	while (!cl->cl_held && !cl->cl_closing && unsent(cl) < SEND_HIGH) {
		n = ring_next(cl->cl_ring, &cl->cl_place, &bytes, &note);
		if (note != NULL)
			cl->cl_proto->pr_note(cl, note);
		else if (n > 0)
			cl->cl_proto->pr_data(cl, bytes, n);
		else
			break;
	}
}

/* How many bytes of its port it has not been sent, in ring and output. */
uint64_t
client_behind(const struct client *cl)
{

	return cl->cl_ring->rg_head - cl->cl_place.pl_pos + unsent(cl);
}

/* It wants no data, or wants it again. */
void
client_hold(struct client *cl, bool on)
{

	cl->cl_held = on;
	if (on)
		return;
	client_pump(cl);
	if (cl->cl_late && client_may_send(cl)) {
		cl->cl_late = false;
		cl->cl_proto->pr_news(cl, NEWS_MODEM);
	}
}

/* The queue of the line is full, or has room again. */
void
client_full(struct client *cl, bool on)
{

	cl->cl_full = on;
	/* First what came before it was: an end of file may come next. */
	take(cl);
	listen_to(cl);
}

/* Is its connection lost?  Who is not read from is not heard to go. */
bool
client_is_lost(const struct client *cl)
{
	struct pollfd pfd = { .fd = bufferevent_getfd(cl->cl_bev) };

	return poll(&pfd, 1, 0) == 1;	/* POLLERR, POLLHUP */
}

/* ---- events --------------------------------------------------------- */

/*
 * Who writes has said PIECE, which is as much as libevent reads in one turn of
 * the loop: then there is more, and a turn is long where a crowd has its part.
 * What ends the connection is left to libevent to find.
 */
static void
take_more(struct client *cl)
{
	uint8_t buf[MORE];
	ssize_t n = MORE;
	int i;

	if (bufferevent_openssl_get_ssl(cl->cl_bev) != NULL)
		return;
	for (i = 0; i < MORE_TIMES && n == MORE && !cl->cl_closing &&
	    !cl->cl_busy && !cl->cl_full; i++) {
		n = recv(bufferevent_getfd(cl->cl_bev), buf, sizeof(buf),
		    MSG_DONTWAIT);
		if (n > 0)
			cl->cl_proto->pr_input(cl, buf, (size_t)n);
	}
}

static void
on_read(struct bufferevent *bev, void *arg)
{
	struct client *const cl = arg;
	struct evbuffer *const in = bufferevent_get_input(bev);
	const size_t n = evbuffer_get_length(in);

	take(cl);
	if (cl->cl_writes && n >= PIECE && evbuffer_get_length(in) == 0)
		take_more(cl);
}

/* The output has gone down to SEND_LOW. */
static void
on_write(struct bufferevent *bev, void *arg)
{
	static const struct timeval now;
	struct client *const cl = arg;

	(void)bev;
	if (cl->cl_closing) {
		if (unsent(cl) == 0)
			(void)evtimer_add(cl->cl_end, &now);
		return;
	}
	set_busy(cl);
	if (cl->cl_late && client_may_send(cl)) {
		cl->cl_late = false;
		cl->cl_proto->pr_news(cl, NEWS_MODEM);
	}
	client_pump(cl);
	take(cl);
}

/* The TLS handshake is done. */
static void
shaken(struct client *cl, struct bufferevent *bev)
{
	char name[sizeof(cl->cl_who)], who[sizeof(cl->cl_who) * 2 + 8];

	if (cl->cl_closing || !cl->cl_shakes)
		return;
	cl->cl_shakes = false;
	(void)evtimer_del(cl->cl_end);
	tls_name(bufferevent_openssl_get_ssl(bev), name, sizeof(name));
	if (name[0] != '\0') {
		snprintf(who, sizeof(who), "%.31s at %s", name, cl->cl_who);
		snprintf(cl->cl_who, sizeof(cl->cl_who), "%.*s",
		    (int)sizeof(cl->cl_who) - 1, who);
	}
	cl->cl_ready(cl);
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{
	struct client *const cl = arg;

	if (what & BEV_EVENT_CONNECTED) {
		shaken(cl, bev);
		return;
	}
	client_close(cl, what & BEV_EVENT_EOF ? "it has ended" :
	    "the connection is lost");
}

/* ---- the begin ------------------------------------------------------ */

/* A peer that is dead without a word is found out in about a minute. */
static void
set_alive(int fd)
{
	static const struct {
		int	name, value;
	} options[] = {
		{ TCP_NODELAY, 1 },
		{ TCP_KEEPIDLE, ALIVE_IDLE },
		{ TCP_KEEPINTVL, ALIVE_EACH },
		{ TCP_KEEPCNT, ALIVE_TIMES },
		{ TCP_USER_TIMEOUT, ALIVE_MS },
	};
	const int on = 1;
	size_t i;

	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	for (i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		(void)setsockopt(fd, IPPROTO_TCP, options[i].name,
		    &options[i].value, sizeof(options[i].value));
}

/*
 * cl = client_adopt(base, bev, proto, role, who)
 *
 *	A client on this connection, which is its own from now on.  What has
 *	come already is taken at the next client_full.  NULL: no memory, and
 *	bev is still the caller's.
 *
 * cl = client_new(base, fd, ssl, proto, role, who)
 *
 *	The same, on a socket, with TLS, or NULL.  Both are not the caller's any
 *	more, also if there is no memory.
 */
struct client *
client_adopt(struct event_base *base, struct bufferevent *bev,
    const struct proto *proto, enum role role, const char *who)
{
	struct client *const cl = calloc(1, sizeof(*cl));

	if (cl == NULL)
		return NULL;
	cl->cl_proto = proto;
	cl->cl_role = role;
	snprintf(cl->cl_who, sizeof(cl->cl_who), "%s", who);
	cl->cl_end = evtimer_new(base, on_end, cl);
	if (cl->cl_end == NULL) {
		client_free(cl);
		return NULL;
	}
	cl->cl_bev = bev;
	set_alive(bufferevent_getfd(bev));
	bufferevent_setcb(bev, on_read, on_write, on_event, cl);
	bufferevent_setwatermark(bev, EV_READ, 0, BUSY);
	bufferevent_setwatermark(bev, EV_WRITE, SEND_LOW, 0);
	return cl;
}

struct client *
client_new(struct event_base *base, int fd, struct ssl_st *ssl,
    const struct proto *proto, enum role role, const char *who)
{
	struct bufferevent *const bev = ssl == NULL ?
	    bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE) :
	    bufferevent_openssl_socket_new(base, fd, ssl,
	    BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
	struct client *cl;

	if (bev == NULL) {
		tls_end(ssl);
		close(fd);
		return NULL;
	}
	if (ssl != NULL)
		bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	cl = client_adopt(base, bev, proto, role, who);
	if (cl == NULL)
		bufferevent_free(bev);
	return cl;
}

/*
 * client_shake(cl, port, ready, gone)
 *
 *	Wait for the end of the TLS handshake, and call ready, or gone.
 */
void
client_shake(struct client *cl, struct port *p, void (*ready)(struct client *),
    void (*gone)(struct client *))
{
	static const struct timeval limit = { SHAKE_S, 0 };

	cl->cl_port = p;
	cl->cl_shakes = true;
	cl->cl_ready = ready;
	cl->cl_gone = gone;
	(void)evtimer_add(cl->cl_end, &limit);
}

/*
 * client_greet(cl, port, gone)
 *
 *	It is at this port, and speaks its protocol, but is not the port's
 *	client yet; gone is called if it leaves before client_begin.
 *
 * ssl = client_ssl(cl)
 *
 *	Its TLS, or NULL.
 */
void
client_greet(struct client *cl, struct port *p, void (*gone)(struct client *))
{

	cl->cl_port = p;
	cl->cl_gone = gone;
	if (!cl->cl_proto->pr_start(cl))
		client_close(cl, "out of memory");
	else
		listen_to(cl);
}

struct ssl_st *
client_ssl(const struct client *cl)
{

	return bufferevent_openssl_get_ssl(cl->cl_bev);
}

/*
 * client_begin(cl, port, ring, history, gone)
 *
 *	It is this port's, and is told what comes into the ring from now on,
 *	after that much of what has come.  gone is called when it leaves;
 *	perhaps before this returns.
 */
void
client_begin(struct client *cl, struct port *p, const struct ring *r,
    size_t history, void (*gone)(struct client *))
{

	cl->cl_port = p;
	cl->cl_ring = r;
	cl->cl_gone = gone;
	ring_back(r, &cl->cl_place, history);
	if (cl->cl_state == NULL && !cl->cl_proto->pr_start(cl))
		client_close(cl, "out of memory");
	else {
		listen_to(cl);
		client_pump(cl);
	}
}
