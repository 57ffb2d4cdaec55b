/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * http.c - as much of HTTP/1.1 as the gateway's pages need.
 *
 * Model
 *
 *	    HEAD ---> BODY ---> answered, by the caller ---> ANSWER ---> freed
 *	                    \-> taken, by the caller: no longer ours
 *
 *	One request for each connection, which ends after the answer.  A
 *	request that this does not understand to the last byte is refused, and
 *	not guessed at: so nobody in front of the gateway can be made to read
 *	it otherwise.
 *
 *	Everything has a bound: a head HEAD_MAX bytes, FIELDS_MAX fields; a
 *	body BODY_MAX; a request REQUEST_S seconds in all, however it drips,
 *	an answer ANSWER_S.  There are CONNECTIONS_MAX connections, and one
 *	more ends the oldest that has not said what it wants, so that those who
 *	never do keep nobody out; if all have, the oldest of those.  A TLS
 *	handshake is within the request's time, and of its number.
 *
 *	This is not libevent's evhttp: that of 2.1 cannot hand a connection on
 *	to a websocket, has no limit of connections, and ends those that are
 *	silent, but not those that send one byte at a time.
 *
 * A connection is freed from the loop, or by http_accept of another.
 */
#include <sys/queue.h>

#include <ctype.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/gateway.h"
#include "gateway/http.h"

#define	HEAD_MAX	8192
#define	BODY_MAX	1024
#define	FIELDS_MAX	48
#define	CONNECTIONS_MAX	64
#define	REQUEST_S	10
#define	ANSWER_S	60

enum http_state { HTTP_HEAD, HTTP_BODY, HTTP_WAIT, HTTP_ANSWER };

struct http_request {
	TAILQ_ENTRY(http_request) rq_entry;
	struct http	*rq_http;
	struct bufferevent *rq_bev;
	struct event	*rq_deadline;
	struct http_request **rq_where;	/* http_wait; or NULL */
	enum http_state	 rq_state;
	char		 rq_who[80];

	char		*rq_head;	/* cut into the following texts */
	char		*rq_method;
	char		*rq_path;
	char		*rq_query;
	struct {
		char	*name, *value;
	}		 rq_fields[FIELDS_MAX];
	size_t		 rq_nfields;
	size_t		 rq_length;	/* of the body */
	char		 rq_body[BODY_MAX + 1];
};

struct http {
	struct event_base *h_base;
	void		(*h_found)(struct http_request *, void *);
	void		*h_arg;
	TAILQ_HEAD(, http_request) h_requests;	/* the oldest first */
	unsigned	 h_n;
};

static const struct {
	int		 status;
	const char	*words;
} statuses[] = {
	{ 200, "OK" }, { 303, "See Other" }, { 400, "Bad Request" },
	{ 401, "Unauthorized" }, { 403, "Forbidden" }, { 404, "Not Found" },
	{ 405, "Method Not Allowed" }, { 409, "Conflict" }, { 413, "Content Too Large" },
	{ 421, "Misdirected Request" }, { 426, "Upgrade Required" },
	{ 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" },
	{ 501, "Not Implemented" }, { 503, "Service Unavailable" }, { 505, "HTTP Version Not Supported" },
	{ 500, "Internal Server Error" },	/* the last: all others */
};

static const char *
status_words(int status)
{
	size_t i;

	for (i = 0; i < sizeof(statuses) / sizeof(statuses[0]) - 1; i++) {
		if (statuses[i].status == status)
			break;
	}
	return statuses[i].words;
}

/* ---- the end -------------------------------------------------------- */

static void
request_free(struct http_request *rq)
{

	if (rq->rq_where != NULL)
		*rq->rq_where = NULL;
	TAILQ_REMOVE(&rq->rq_http->h_requests, rq, rq_entry);
	rq->rq_http->h_n--;
	if (rq->rq_deadline != NULL)
		event_free(rq->rq_deadline);
	if (rq->rq_bev != NULL)
		bufferevent_free(rq->rq_bev);
	free(rq->rq_head);
	free(rq);
}

static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct http_request *const rq = arg;

	(void)fd;
	(void)what;
	say_verbose("http: %s is too slow", rq->rq_who);
	request_free(rq);
}

/* ---- answers -------------------------------------------------------- */

static void
on_sent(struct bufferevent *bev, void *arg)
{
	struct http_request *const rq = arg;

	(void)bev;
	if (rq->rq_state == HTTP_ANSWER)
		request_free(rq);
}

static bool
is_head(const struct http_request *rq)
{

	return rq->rq_method != NULL && strcmp(rq->rq_method, "HEAD") == 0;
}

/* The head of an answer, which is not waited for any more. */
static void
send_head(struct http_request *rq, int status, const char *type,
    const char *more, unsigned long long length)
{

	if (rq->rq_where != NULL)
		*rq->rq_where = NULL;
	rq->rq_where = NULL;
	rq->rq_state = HTTP_ANSWER;
	evbuffer_add_printf(bufferevent_get_output(rq->rq_bev),
	    "HTTP/1.1 %d %s\r\n"
	    "Content-Type: %s\r\n"
	    "Content-Length: %llu\r\n"
	    "Connection: close\r\n"
	    "Cache-Control: no-store\r\n"
	    "X-Content-Type-Options: nosniff\r\n"
	    "Cross-Origin-Resource-Policy: same-origin\r\n"
	    "Cross-Origin-Opener-Policy: same-origin\r\n"
	    "Referrer-Policy: same-origin\r\n"
	    "X-Frame-Options: DENY\r\n"
	    "%s\r\n", status, status_words(status), type, length,
	    more != NULL ? more : "");
	(void)bufferevent_disable(rq->rq_bev, EV_READ);
}

void
http_answer(struct http_request *rq, int status, const char *type,
    const char *more, struct evbuffer *body)
{
	static const struct timeval limit = { ANSWER_S, 0 };
	struct evbuffer *const out = bufferevent_get_output(rq->rq_bev);
	const char *const words = status_words(status);

	send_head(rq, status, body != NULL ? type :
	    "text/plain; charset=utf-8", more, body != NULL ?
	    evbuffer_get_length(body) : strlen(words) + 1);
	if (body == NULL && !is_head(rq))
		evbuffer_add_printf(out, "%s\n", words);
	else if (body != NULL && !is_head(rq))
		(void)evbuffer_add_buffer(out, body);
	(void)evtimer_add(rq->rq_deadline, &limit);
}

void
http_wait(struct http_request *rq, struct http_request **where)
{

	rq->rq_state = HTTP_WAIT;
	rq->rq_where = where;
	*where = rq;
}

struct bufferevent *
http_take(struct http_request *rq, const char *lines)
{
	struct bufferevent *const bev = rq->rq_bev;

	bufferevent_setcb(bev, NULL, NULL, NULL, NULL);
	(void)bufferevent_disable(bev, EV_READ);
	(void)evbuffer_add_printf(bufferevent_get_output(bev),
	    "HTTP/1.1 101 Switching Protocols\r\n%s\r\n", lines);
	rq->rq_bev = NULL;
	request_free(rq);
	return bev;
}

struct bufferevent *
http_stream(struct http_request *rq, const char *type, const char *more,
    unsigned long long length)
{
	static const struct timeval limit = { ANSWER_S, 0 };
	struct bufferevent *const bev = rq->rq_bev;

	send_head(rq, 200, type, more, length);
	if (is_head(rq)) {
		(void)evtimer_add(rq->rq_deadline, &limit);
		return NULL;
	}
	bufferevent_setcb(bev, NULL, NULL, NULL, NULL);
	rq->rq_bev = NULL;
	request_free(rq);
	return bev;
}

static void
refuse(struct http_request *rq, int status)
{

	http_answer(rq, status, NULL, NULL, NULL);
}

/* ---- the head ------------------------------------------------------- */

static bool
is_token(const char *text)
{
	static const char others[] = "!#$%&'*+-.^_`|~";
	const char *p;

	for (p = text; *p != '\0'; p++) {
		if (!isalnum((unsigned char)*p) && strchr(others, *p) == NULL)
			return false;
	}
	return p > text;
}

/* "METHOD /PATH?QUERY HTTP/1.x"; 0, or the status of a refusal. */
static int
parse_first(struct http_request *rq, char *line)
{
	char *const path = strchr(line, ' ');
	char *const version = path != NULL ? strchr(path + 1, ' ') : NULL;

	if (version == NULL || strchr(version + 1, ' ') != NULL)
		return 400;
	*path = *version = '\0';
	if (!is_token(line) || path[1] != '/')
		return 400;
	if (strcmp(version + 1, "HTTP/1.1") != 0 &&
	    strcmp(version + 1, "HTTP/1.0") != 0)
		return 505;
	rq->rq_method = line;
	rq->rq_path = path + 1;
	rq->rq_query = strchr(path + 1, '?');
	if (rq->rq_query != NULL)
		*rq->rq_query++ = '\0';
	else
		rq->rq_query = version;		/* "" */
	return 0;
}

/* "Name: value".  No name may come twice: which one would count? */
static int
parse_field(struct http_request *rq, char *line)
{
	char *const colon = strchr(line, ':');
	char *value, *end, *p;

	if (rq->rq_nfields == FIELDS_MAX)
		return 431;
	if (colon == NULL)
		return 400;
	*colon = '\0';
	if (!is_token(line))
		return 400;
	for (p = line; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	if (http_field(rq, line) != NULL)
		return 400;
	value = colon + 1 + strspn(colon + 1, " \t");
	for (end = value + strlen(value); end > value &&
	    (end[-1] == ' ' || end[-1] == '\t'); end--)
		continue;
	*end = '\0';
	rq->rq_fields[rq->rq_nfields].name = line;
	rq->rq_fields[rq->rq_nfields++].value = value;
	return 0;
}

static int
parse_length(struct http_request *rq)
{
	const char *const text = http_field(rq, "content-length");

	if (http_field(rq, "transfer-encoding") != NULL)
		return 501;
	if (text == NULL)
		return 0;
	if (text[0] == '\0' || text[strspn(text, "0123456789")] != '\0')
		return 400;
	if (strlen(text) > 4 || strtoul(text, NULL, 10) > BODY_MAX)
		return 413;
	rq->rq_length = strtoul(text, NULL, 10);
	return 0;
}

/* rq_head is a head, n bytes, with the empty line at its end. */
static int
parse_head(struct http_request *rq, size_t n)
{
	char *line = rq->rq_head, *end;
	int status = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		const char c = rq->rq_head[i];

		if (c == '\r' && rq->rq_head[i + 1] == '\n')
			i++;
		else if (c != '\t' && (c < ' ' || c > '~'))
			return 400;
	}
	for (; status == 0 && strcmp(line, "\r\n") != 0; line = end + 2) {
		end = strstr(line, "\r\n");
		*end = '\0';
		status = line == rq->rq_head ? parse_first(rq, line) :
		    parse_field(rq, line);
	}
	return status != 0 ? status : parse_length(rq);
}

/* ---- input ---------------------------------------------------------- */

/* false: there is no whole head yet, or it was refused. */
static bool
take_head(struct http_request *rq)
{
	struct evbuffer *const in = bufferevent_get_input(rq->rq_bev);
	const struct evbuffer_ptr at = evbuffer_search(in, "\r\n\r\n", 4,
	    NULL);
	int status;

	if (at.pos > HEAD_MAX - 4 ||
	    (at.pos == -1 && evbuffer_get_length(in) >= HEAD_MAX)) {
		refuse(rq, 431);
		return false;
	}
	if (at.pos == -1)
		return false;
	rq->rq_head = calloc(1, (size_t)at.pos + 5);
	if (rq->rq_head == NULL) {
		refuse(rq, 500);
		return false;
	}
	(void)evbuffer_remove(in, rq->rq_head, (size_t)at.pos + 4);
	status = parse_head(rq, (size_t)at.pos + 4);
	if (status != 0) {
		refuse(rq, status);
		return false;
	}
	rq->rq_state = HTTP_BODY;
	return true;
}

static void
on_read(struct bufferevent *bev, void *arg)
{
	struct http_request *const rq = arg;
	struct evbuffer *const in = bufferevent_get_input(bev);

	if (rq->rq_state == HTTP_HEAD && !take_head(rq))
		return;
	if (rq->rq_state != HTTP_BODY || evbuffer_get_length(in) <
	    rq->rq_length)
		return;
	(void)evbuffer_remove(in, rq->rq_body, rq->rq_length);
	rq->rq_http->h_found(rq, rq->rq_http->h_arg);
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{
	struct http_request *const rq = arg;

	(void)bev;
	if (what & BEV_EVENT_CONNECTED)
		return;			/* TLS has shaken hands */
	/* Who has asked, and says no more, still gets his answer. */
	if (rq->rq_state != HTTP_ANSWER || (what & BEV_EVENT_EOF) == 0)
		request_free(rq);
}

/* ---- what it says --------------------------------------------------- */

const char *
http_method(const struct http_request *rq)
{

	return rq->rq_method;
}

const char *
http_path(const struct http_request *rq)
{

	return rq->rq_path;
}

const char *
http_query(const struct http_request *rq)
{

	return rq->rq_query;
}

const char *
http_field(const struct http_request *rq, const char *name)
{
	size_t i;

	for (i = 0; i < rq->rq_nfields; i++) {
		if (strcmp(rq->rq_fields[i].name, name) == 0)
			return rq->rq_fields[i].value;
	}
	return NULL;
}

const char *
http_body(const struct http_request *rq)
{

	return rq->rq_body;
}

const char *
http_who(const struct http_request *rq)
{

	return rq->rq_who;
}

struct ssl_st *
http_ssl(const struct http_request *rq)
{

	return bufferevent_openssl_get_ssl(rq->rq_bev);
}

/* ---- begin and end -------------------------------------------------- */

/* One has to go: who has not asked yet, or who has waited longest. */
static void
make_room(struct http *h)
{
	struct http_request *rq;

	TAILQ_FOREACH(rq, &h->h_requests, rq_entry) {
		if (rq->rq_state != HTTP_ANSWER)
			break;
	}
	request_free(rq != NULL ? rq : TAILQ_FIRST(&h->h_requests));
}

void
http_accept(struct http *h, int fd, struct ssl_st *ssl, const char *who)
{
	static const struct timeval limit = { REQUEST_S, 0 };
	struct http_request *rq;

	if (h->h_n >= CONNECTIONS_MAX)
		make_room(h);
	rq = calloc(1, sizeof(*rq));
	if (rq == NULL) {
		tls_end(ssl);
		close(fd);
		return;
	}
	rq->rq_http = h;
	snprintf(rq->rq_who, sizeof(rq->rq_who), "%s", who);
	TAILQ_INSERT_TAIL(&h->h_requests, rq, rq_entry);
	h->h_n++;
	rq->rq_bev = ssl == NULL ? bufferevent_socket_new(h->h_base, fd,
	    BEV_OPT_CLOSE_ON_FREE) : bufferevent_openssl_socket_new(h->h_base,
	    fd, ssl, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
	rq->rq_deadline = evtimer_new(h->h_base, on_deadline, rq);
	if (rq->rq_bev == NULL) {
		tls_end(ssl);
		close(fd);
	} else if (ssl != NULL)
		bufferevent_openssl_set_allow_dirty_shutdown(rq->rq_bev, 1);
	if (rq->rq_bev == NULL || rq->rq_deadline == NULL) {
		request_free(rq);
		return;
	}
	bufferevent_setcb(rq->rq_bev, on_read, on_sent, on_event, rq);
	bufferevent_setwatermark(rq->rq_bev, EV_READ, 0,
	    HEAD_MAX + BODY_MAX);
	(void)evtimer_add(rq->rq_deadline, &limit);
	(void)bufferevent_enable(rq->rq_bev, EV_READ);
}

struct http *
http_new(struct event_base *base,
    void (*found)(struct http_request *, void *), void *arg)
{
	struct http *const h = calloc(1, sizeof(*h));

	if (h == NULL)
		return NULL;
	h->h_base = base;
	h->h_found = found;
	h->h_arg = arg;
	TAILQ_INIT(&h->h_requests);
	return h;
}

void
http_free(struct http *h)
{
	struct http_request *rq;

	while ((rq = TAILQ_FIRST(&h->h_requests)) != NULL)
		request_free(rq);
	free(h);
}
