/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * web.h - what the files of the gateway's pages share; web.c has the model.
 */
#ifndef GATEWAY_WEB_H
#define GATEWAY_WEB_H

#include "gateway/gateway.h"

#define	WEB_HOSTS	8

struct json_t;

struct web_conf {
	struct address	 wc_listen[LISTEN_MAX];
	unsigned	 wc_nlisten;
	char		 wc_hosts[WEB_HOSTS][80];	/* names of this machine */
	unsigned	 wc_nhosts;
	char		 wc_xterm[128];	/* where its modules are */
};

const struct web_conf *web_conf(void);

/* metrics.c: what the ports are like, added to the buffer. */
void	metrics_text(struct evbuffer *);
void	metrics_json(struct evbuffer *);
void	metrics_list(struct evbuffer *);
struct json_t *metrics_line(struct port *);

/*
 * page.c: the files of a page.  page_find: the bytes of a path, and what they
 * are; NULL: there is no such file.
 */
struct page;

struct page *page_new(const char *);
void	page_free(struct page *);
const void *page_find(const struct page *, const char *, size_t *,
	    const char **);

/* websocket.c: Sec-WebSocket-Accept for this key; false: it is none. */
#define	WEBSOCKET_ACCEPT	32

bool	websocket_accept(const char *, char[WEBSOCKET_ACCEPT]);

#endif /* GATEWAY_WEB_H */
