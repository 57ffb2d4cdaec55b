/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * web.c - the gateway's pages.
 *
 * Model
 *	Listeners (listen.c) give connections to http.c, which gives requests
 *	to a table of paths here.  A path is compared as it is: nothing in it
 *	is decoded, and no file's name is made of it.
 *
 *	Who asks may be a browser, and what it shows may be somebody else's
 *	page, which asks in its user's name.  So:
 *
 *	- Host has to be a number, localhost, or a name of the configuration:
 *	  a name that somebody lets point to [::1] (DNS rebinding) is none;
 *	- a request that is no GET, and each websocket, has to come from a
 *	  page of this server: Origin says so, and programs have none;
 *	- nobody else's page can read what is answered, as there is no word of
 *	  Access-Control here.
 */
#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "gateway/disk.h"
#include "gateway/http.h"
#include "gateway/web.h"

struct web {
	struct event_base *w_base;
	struct web_conf	 w_conf;
	struct http	*w_http;
	struct login	*w_login;
	struct viewer	 w_viewer;	/* of the request in hand */
	struct page	*w_page;	/* NULL: nobody listens */
	struct listener	*w_listen[LISTEN_MAX];
};

/* ---- who asks ------------------------------------------------------- */

/* The name of "NAME", "NAME:PORT" or "[NUMBER]:PORT"; false: it is none. */
static bool
host_name(const char *host, char *name, size_t size)
{
	const bool bracket = host[0] == '[';
	const char *const end = bracket ? strchr(host, ']') :
	    host + strcspn(host, ":");
	const char *const rest = end == NULL ? NULL : end + bracket;
	size_t n;

	if (rest == NULL || (*rest != '\0' && (*rest != ':' ||
	    rest[1 + strspn(rest + 1, "0123456789")] != '\0')))
		return false;
	host += bracket;
	n = (size_t)(end - host);
	if (n == 0 || n >= size)
		return false;
	memcpy(name, host, n);
	name[n] = '\0';
	return true;
}

/* Is that a name of ours, and of nobody who can choose where it points to? */
static bool
host_is_ours(const struct web *w, const char *host)
{
	struct in6_addr any;
	char name[80];
	unsigned i;

	if (!host_name(host, name, sizeof(name)))
		return false;
	if (inet_pton(host[0] == '[' ? AF_INET6 : AF_INET, name, &any) == 1)
		return true;
	if (host[0] == '[')
		return false;
	if (strcasecmp(name, "localhost") == 0)
		return true;
	for (i = 0; i < w->w_conf.wc_nhosts; i++) {
		if (strcasecmp(name, w->w_conf.wc_hosts[i]) == 0)
			return true;
	}
	return false;
}

/* Does a page of this server ask, or a program? */
static bool
is_ours(const struct http_request *rq)
{
	const char *origin = http_field(rq, "origin");
	const char *const host = http_field(rq, "host");

	if (origin == NULL)
		return true;
	if (strncmp(origin, "http://", 7) == 0)
		origin += 7;
	else if (strncmp(origin, "https://", 8) == 0)
		origin += 8;
	else
		return false;
	return strcasecmp(origin, host) == 0;
}

/* ---- what is asked for ---------------------------------------------- */

static void
get_metrics(struct web *w, struct http_request *rq, struct evbuffer *out)
{

	metrics_text(out, &w->w_viewer);
	http_answer(rq, 200, "text/plain; version=0.0.4; charset=utf-8", NULL,
	    out);
}

static void
get_ports(struct web *w, struct http_request *rq, struct evbuffer *out)
{

	metrics_json(out, &w->w_viewer);
	http_answer(rq, 200, "application/json", NULL, out);
}

static void
get_list(struct web *w, struct http_request *rq, struct evbuffer *out)
{

	metrics_list(out, &w->w_viewer);
	http_answer(rq, 200, "text/plain; charset=utf-8", NULL, out);
}

static const struct {
	const char	*path;
	void		(*get)(struct web *, struct http_request *,
			    struct evbuffer *);
} paths[] = {
	{ "/ports",		get_list },
	{ "/metrics",		get_metrics },
	{ "/api/ports",		get_ports },
};
#define	NPATHS	(sizeof(paths) / sizeof(paths[0]))

/*
 * A file of the console.  xterm.js makes style elements, from 4.0 on, and is
 * no terminal without them; what they say can load nothing from elsewhere.
 */
static void
get_file(struct web *w, struct http_request *rq, struct evbuffer *out)
{
	static const char policy[] = "Content-Security-Policy: default-src "
	    "'none'; script-src 'self'; style-src 'self'; "
	    "style-src-elem 'self' 'unsafe-inline'; connect-src 'self'; "
	    "img-src 'self' data:; base-uri 'none'; form-action 'self'; "
	    "frame-ancestors 'none'\r\n";
	const void *bytes;
	const char *type;
	size_t size;

	bytes = page_find(w->w_page, http_path(rq), &size, &type);
	if (bytes == NULL || evbuffer_add_reference(out, bytes, size, NULL,
	    NULL) == -1)
		http_answer(rq, 404, NULL, NULL, NULL);
	else
		http_answer(rq, 200, type, policy, out);
}

/* ---- websockets ----------------------------------------------------- */

/* Is the word in the list, which has commas? */
static bool
has_word(const char *list, const char *word)
{
	const size_t n = strlen(word);

	while (list != NULL && *list != '\0') {
		list += strspn(list, ", \t");
		if (strncasecmp(list, word, n) == 0 &&
		    strchr(", \t", list[n]) != NULL)
			return true;	/* or its end: strchr finds '\0' */
		list += strcspn(list, ",");
	}
	return false;
}

/* "/api/ports/NAME" and what is behind it: the port, or NULL. */
static struct port *
find_port(const char *path, const char *after)
{
	static const char before[] = "/api/ports/";
	struct port *p = NULL;
	size_t n;

	if (strncmp(path, before, sizeof(before) - 1) != 0)
		return NULL;
	path += sizeof(before) - 1;
	while ((p = port_next(p)) != NULL) {
		n = strlen(port_config(p)->pc_name);
		if (strncmp(path, port_config(p)->pc_name, n) == 0 &&
		    strcmp(path + n, after) == 0)
			break;
	}
	return p;
}

/* Who it is, for the log. */
static void
name_viewer(const struct web *w, const struct http_request *rq, char *who,
    size_t size)
{
	const int user = w->w_viewer.vi_user;

	if (user == WEB_ANYBODY)
		snprintf(who, size, "%s", http_who(rq));
	else
		snprintf(who, size, "%s at %s", w->w_conf.wc_users[user].name,
		    http_who(rq));
}

static void
get_socket(struct web *w, struct http_request *rq, struct port *p)
{
	const char *const key = http_field(rq, "sec-websocket-key");
	const char *const version = http_field(rq, "sec-websocket-version");
	const enum role role = strcmp(http_query(rq), "watch") == 0 ||
	    !viewer_writes(&w->w_viewer, port_config(p)) ? ROLE_WATCH : ROLE_NORMAL;
	char accept[WEBSOCKET_ACCEPT], lines[160], who[128];
	struct bufferevent *bev;
	struct client *cl;

	if (strcmp(http_method(rq), "GET") != 0 ||
	    !has_word(http_field(rq, "upgrade"), "websocket") ||
	    !has_word(http_field(rq, "connection"), "upgrade") ||
	    version == NULL || strcmp(version, "13") != 0) {
		http_answer(rq, 426, NULL, "Upgrade: websocket\r\n"
		    "Sec-WebSocket-Version: 13\r\n", NULL);
		return;
	}
	if (key == NULL || !websocket_accept(key, accept)) {
		http_answer(rq, 400, NULL, NULL, NULL);
		return;
	}
	/* Afterwards there would be no words for it that a browser knows. */
	if (!port_has_room(p)) {
		http_answer(rq, 503, NULL, "Retry-After: 5\r\n", NULL);
		return;
	}
	snprintf(lines, sizeof(lines), "Upgrade: websocket\r\nConnection: "
	    "Upgrade\r\nSec-WebSocket-Accept: %s\r\n", accept);
	name_viewer(w, rq, who, sizeof(who));
	bev = http_take(rq, lines);
	cl = client_adopt(w->w_base, bev, &proto_websocket, role, who);
	if (cl == NULL) {
		bufferevent_free(bev);
		return;
	}
	port_attach(p, cl);
	if (!cl->cl_closing)
		client_news(cl, NEWS_MODEM);
	client_full(cl, false);		/* what it has said already */
}

/* POST /api/ports/NAME/reset. */
static void
post_reset(struct web *w, struct http_request *rq, struct port *p)
{
	struct evbuffer *const out = evbuffer_new();
	const char *why;
	char who[128];

	name_viewer(w, rq, who, sizeof(who));
	if (!viewer_writes(&w->w_viewer, port_config(p)))
		http_answer(rq, 403, NULL, NULL, NULL);
	else if ((why = port_reset(p, who)) == NULL)
		http_answer(rq, 200, NULL, NULL, NULL);
	else if (out == NULL || evbuffer_add_printf(out, "%s\n", why) == -1)
		http_answer(rq, 500, NULL, NULL, NULL);
	else
		http_answer(rq, 409, "text/plain; charset=utf-8", NULL, out);
	if (out != NULL)
		evbuffer_free(out);
}

/* ---- logs ----------------------------------------------------------- */

/* "?N" is FILE.N; there is nothing else that he can say about the file. */
static void
get_log(struct http_request *rq, const struct port *p)
{
	const struct port_conf *const pc = port_config(p);
	const char *const query = http_query(rq);
	const unsigned long n = strtoul(query, NULL, 10);
	char path[160], name[48];

	if (pc->pc_log[0] == '\0' || strlen(query) > 2 ||
	    query[strspn(query, "0123456789")] != '\0' || n > pc->pc_logkeep) {
		http_answer(rq, 404, NULL, NULL, NULL);
		return;
	}
	if (n == 0) {
		snprintf(path, sizeof(path), "%s", pc->pc_log);
		snprintf(name, sizeof(name), "%s.log", pc->pc_name);
	} else {
		snprintf(path, sizeof(path), "%s.%lu", pc->pc_log, n);
		snprintf(name, sizeof(name), "%s.%lu.log", pc->pc_name, n);
	}
	download(rq, path, name);
}

/* ---- requests ------------------------------------------------------- */

/* What everybody may have: the way in. */
static bool
is_open(const struct web *w, const char *path)
{

	return strcmp(path, "/login") == 0 ||
	    strcmp(path, "/console.css") == 0 ||
	    (w->w_conf.wc_metrics && strcmp(path, "/metrics") == 0);
}

/* Who is it, and what if nobody?  true: it was answered. */
static bool
enter(struct web *w, struct http_request *rq)
{
	const char *const path = http_path(rq);
	const bool known = login_who(w->w_login, rq, &w->w_viewer.vi_user);

	if (strcmp(http_method(rq), "POST") == 0 &&
	    strcmp(path, "/login") == 0)
		login_try(w->w_login, rq);
	else if (strcmp(http_method(rq), "POST") == 0 &&
	    strcmp(path, "/logout") == 0)
		login_end(w->w_login, rq);
	else if (known || is_open(w, path))
		return false;
	else if (strcmp(path, "/") == 0)
		http_answer(rq, 303, NULL, "Location: /login\r\n", NULL);
	else
		http_answer(rq, 401, NULL, NULL, NULL);
	return true;
}

static void
found(struct http_request *rq, void *arg)
{
	const char *const host = http_field(rq, "host");
	const char *const method = http_method(rq);
	struct evbuffer *const out = evbuffer_new();
	struct web *const w = arg;
	struct port *p;
	size_t i;

	for (i = 0; i < NPATHS; i++) {
		if (strcmp(paths[i].path, http_path(rq)) == 0)
			break;
	}
	if (host == NULL || !host_is_ours(w, host))
		http_answer(rq, 421, NULL, NULL, NULL);
	else if (!is_ours(rq))
		http_answer(rq, 403, NULL, NULL, NULL);
	else if (enter(w, rq))
		(void)0;		/* it was answered */
	else if (strcmp(method, "POST") == 0 && (p = find_port(http_path(rq),
	    "/reset")) != NULL && viewer_sees(&w->w_viewer, port_config(p)))
		post_reset(w, rq, p);
	else if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
		http_answer(rq, 405, NULL, "Allow: GET, HEAD\r\n", NULL);
	else if (out == NULL)
		http_answer(rq, 500, NULL, NULL, NULL);
	else if (i < NPATHS)
		paths[i].get(w, rq, out);
	else if ((p = find_port(http_path(rq), "/socket")) != NULL &&
	    viewer_sees(&w->w_viewer, port_config(p)))
		get_socket(w, rq, p);
	else if ((p = find_port(http_path(rq), "/log")) != NULL &&
	    viewer_sees(&w->w_viewer, port_config(p)))
		get_log(rq, p);
	else
		get_file(w, rq, out);
	if (out != NULL)
		evbuffer_free(out);
}

/* ---- begin and end -------------------------------------------------- */

static void
came(void *arg, const struct address *ad, int fd, const char *who)
{
	struct web *const w = arg;
	struct ssl_st *const ssl = ad->ad_tls ? tls_accept(w->w_conf.wc_tls) :
	    NULL;

	if (ad->ad_tls && ssl == NULL)
		close(fd);
	else
		http_accept(w->w_http, fd, ssl, who);
}

/* What is said at the start of an address that is not this machine's own. */
static const char *
warning(const struct web_conf *wc, const struct address *ad)
{

	if (!ad->ad_tls)
		return wc->wc_nusers > 0 ? ": passwords and all else go there "
		    "without encryption" : ": whoever reaches this address "
		    "may use all ports; there is no password and no "
		    "encryption";
	return wc->wc_nusers > 0 || wc->wc_authorities[0] != '\0' ? "" :
	    ": whoever reaches this address may use all ports; no certificate "
	    "is asked for";
}

/* As the configuration that was read last says.  NULL: no memory. */
struct web *
web_new(struct event_base *base)
{
	struct web *const w = calloc(1, sizeof(*w));
	unsigned i;

	if (w == NULL)
		return NULL;
	w->w_base = base;
	w->w_conf = *web_conf();
	tls_share(w->w_conf.wc_tls);
	web_users_are(&w->w_conf);
	w->w_viewer.vi_conf = &w->w_conf;
	w->w_http = http_new(base, found, w);
	w->w_login = login_new(&w->w_conf);
	if (w->w_conf.wc_nlisten > 0)
		w->w_page = page_new(w->w_conf.wc_xterm);
	if (w->w_http == NULL || w->w_login == NULL || (w->w_conf.wc_nlisten > 0 &&
	    w->w_page == NULL)) {
		web_free(w);
		return NULL;
	}
	for (i = 0; i < w->w_conf.wc_nlisten; i++) {
		w->w_conf.wc_listen[i].ad_warning = warning(&w->w_conf,
		    &w->w_conf.wc_listen[i]);
		w->w_listen[i] = listener_new_for(base, "web",
		    &w->w_conf.wc_listen[i], came, w);
		if (w->w_listen[i] == NULL) {
			web_free(w);
			return NULL;
		}
	}
	return w;
}

void
web_free(struct web *w)
{
	unsigned i;

	for (i = 0; i < LISTEN_MAX; i++) {
		if (w->w_listen[i] != NULL)
			listener_free(w->w_listen[i]);
	}
	if (w->w_http != NULL)
		http_free(w->w_http);
	if (w->w_login != NULL)
		login_free(w->w_login);
	if (w->w_page != NULL)
		page_free(w->w_page);
	tls_free(w->w_conf.wc_tls);
	if (web_users() == &w->w_conf)
		web_users_are(NULL);
	free(w);
}

static bool
same(const struct web *w)
{
	const struct web_conf *const is = &w->w_conf, *const be = web_conf();
	unsigned i;

	if (is->wc_nlisten != be->wc_nlisten || is->wc_nhosts !=
	    be->wc_nhosts || strcmp(is->wc_xterm, be->wc_xterm) != 0)
		return false;
	if (is->wc_names != be->wc_names || (is->wc_authorities[0] == '\0') !=
	    (be->wc_authorities[0] == '\0'))
		return false;
	if (is->wc_metrics != be->wc_metrics || is->wc_nusers !=
	    be->wc_nusers || is->wc_nrights != be->wc_nrights ||
	    memcmp(is->wc_users, be->wc_users, sizeof(is->wc_users)) != 0 ||
	    memcmp(is->wc_rights, be->wc_rights, sizeof(is->wc_rights)) != 0)
		return false;
	for (i = 0; i < is->wc_nlisten; i++) {
		if (strcmp(is->wc_listen[i].ad_text,
		    be->wc_listen[i].ad_text) != 0 ||
		    is->wc_listen[i].ad_tls != be->wc_listen[i].ad_tls)
			return false;
	}
	for (i = 0; i < is->wc_nhosts; i++) {
		if (strcmp(is->wc_hosts[i], be->wc_hosts[i]) != 0)
			return false;
	}
	return true;
}

/*
 * same = web_renew(w)
 *
 *	Is it as the configuration says that was read last?  Then it has that
 *	one's certificates from now on; those who are connected keep theirs,
 *	and sessions go on.
 */
bool
web_renew(struct web *w)
{
	const struct web_conf *const be = web_conf();

	if (!same(w))
		return false;
	tls_share(be->wc_tls);
	tls_free(w->w_conf.wc_tls);
	w->w_conf.wc_tls = be->wc_tls;
	return true;
}
