/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * web.h - what the files of the gateway's pages share; web.c has the model.
 */
#ifndef GATEWAY_WEB_H
#define GATEWAY_WEB_H

#include "gateway/gateway.h"

#define	WEB_HOSTS	8

struct web_conf {
	struct address	 wc_listen[LISTEN_MAX];
	unsigned	 wc_nlisten;
	char		 wc_hosts[WEB_HOSTS][80];	/* names of this machine */
	unsigned	 wc_nhosts;
};

const struct web_conf *web_conf(void);

/* metrics.c: what the ports are like, added to the buffer. */
void	metrics_text(struct evbuffer *);
void	metrics_json(struct evbuffer *);
void	metrics_list(struct evbuffer *);

#endif /* GATEWAY_WEB_H */
