/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * http.h - as much of HTTP as the gateway's pages need; http.c has the model.
 */
#ifndef GATEWAY_HTTP_H
#define GATEWAY_HTTP_H

#include <stdbool.h>
#include <stddef.h>

struct bufferevent;
struct evbuffer;
struct event_base;
struct http;
struct http_request;
struct ssl_st;

/*
 * http_new(base, found, arg)	NULL: no memory.
 * http_free(h)			with its connections.
 * http_accept(h, fd, ssl, who)	a connection has come; both are h's now; ssl NULL:
 *				without TLS.
 *
 * found(rq, arg) is called for each request that is well-formed.  It answers
 * at once, by http_answer or http_take, or calls http_wait; rq is not to be
 * used after that.
 */
struct http *http_new(struct event_base *,
	    void (*)(struct http_request *, void *), void *);
void	http_free(struct http *);
void	http_accept(struct http *, int, struct ssl_st *, const char *);

/*
 * A method, such as "GET"; a path, without a query; a query, "" if there is
 * none; a field of the head by its name in small letters, or NULL; the body,
 * as a text; whose it is; its TLS, or NULL.  Texts are printable ASCII, but
 * for the body, and nothing in them is decoded.
 */
const char *http_method(const struct http_request *);
const char *http_path(const struct http_request *);
const char *http_query(const struct http_request *);
const char *http_field(const struct http_request *, const char *);
const char *http_body(const struct http_request *);
const char *http_who(const struct http_request *);
struct ssl_st *http_ssl(const struct http_request *);

/*
 * http_answer(rq, status, type, more, body)
 *
 *	more: further lines of the head, each with its end, or NULL.  The body
 *	is taken from the buffer, which is the caller's; NULL: the status in
 *	words.  A HEAD is answered without it.
 *
 * bev = http_take(rq, lines)
 *
 *	Answer with this head, and no longer speak HTTP: the connection is the
 *	caller's.  What has come behind the head is in its input.
 */
void	http_answer(struct http_request *, int, const char *, const char *,
	    struct evbuffer *);
struct bufferevent *http_take(struct http_request *, const char *);

/*
 * bev = http_stream(rq, type, more, length)
 *
 *	Answer 200 with this head, and a body of that length, which the caller
 *	sends: the connection is his.  NULL: it was a HEAD, and is answered.
 */
struct bufferevent *http_stream(struct http_request *, const char *,
	    const char *, unsigned long long);

/*
 * http_wait(rq, &where)
 *
 *	It is answered later; *where is rq until then, or until it ends
 *	without: then it is NULL.
 */
void	http_wait(struct http_request *, struct http_request **);

#endif /* GATEWAY_HTTP_H */
