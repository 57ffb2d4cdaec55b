/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * web.h - what the files of the gateway's pages share; web.c has the model.
 */
#ifndef GATEWAY_WEB_H
#define GATEWAY_WEB_H

#include "gateway/gateway.h"

#define	WEB_HOSTS	8
#define	WEB_USERS	32
#define	WEB_RIGHTS	64
#define	WEB_NAME	32
#define	WEB_HASH	256
#define	WEB_ANYBODY	(-1)	/* there are no users */
#define	PASSWORD	256

struct json_t;

struct web_conf {
	struct address	 wc_listen[LISTEN_MAX];
	unsigned	 wc_nlisten;
	char		 wc_hosts[WEB_HOSTS][80];	/* names of this machine */
	unsigned	 wc_nhosts;
	char		 wc_xterm[128];	/* where its modules are */
	struct {
		char	 name[WEB_NAME];
		char	 hash[WEB_HASH];
	}		 wc_users[WEB_USERS];
	unsigned	 wc_nusers;
	struct web_right {
		char	 user[WEB_NAME];
		bool	 write;
		char	 port[WEB_NAME];	/* or "*" */
	}		 wc_rights[WEB_RIGHTS];
	unsigned	 wc_nrights;
	char		 wc_certificate[128];
	char		 wc_key[128];
	char		 wc_authorities[128];
	struct ssl_ctx_st *wc_tls;	/* NULL: none of them is needed */
	enum user_name { NAME_CN, NAME_DNS, NAME_EMAIL } wc_names;
	bool		 wc_metrics;		/* are for everybody */
};

/* As it was read last, and as it is in use. */
const struct web_conf *web_conf(void);
const struct web_conf *web_users(void);
void	web_users_are(const struct web_conf *);

/* Who looks: WEB_ANYBODY, or one of wc_users. */
struct viewer {
	const struct web_conf *vi_conf;
	int		 vi_user;
};

/*
 * hash = user_hash(conf, name, &user)
 *
 *	Which hash the password of this name has to have.  user -1: nobody has
 *	that name, or he has no password, and the hash is one that takes as
 *	long.  NULL: nobody has a password.
 *
 * user = user_find(conf, name)
 *
 *	-1: nobody.
 *
 * user = user_of(conf, ssl)
 *
 *	Whom the client's certificate names, which was verified; -1: nobody.
 *	ssl may be NULL.
 */
const char *user_hash(const struct web_conf *, const char *, int *);
int	user_of(const struct web_conf *, struct ssl_st *);
int	user_find(const struct web_conf *, const char *);

bool	viewer_sees(const struct viewer *, const struct port_conf *);
bool	viewer_writes(const struct viewer *, const struct port_conf *);

/* login.c */
struct http_request;
struct login;

struct login *login_new(const struct web_conf *);
void	login_free(struct login *);
bool	login_who(struct login *, const struct http_request *, int *);
void	login_try(struct login *, struct http_request *);
void	login_end(struct login *, struct http_request *);

/* passwd.c */
bool	passwd_begin(struct event_base *);
void	passwd_end(void);
bool	passwd_try(const char *, const char *, bool, const char *,
	    void (*)(void *, bool), void *);
void	passwd_forget(const void *);

/* metrics.c: what the ports are like that he sees, added to the buffer. */
void	metrics_text(struct evbuffer *, const struct viewer *);
void	metrics_json(struct evbuffer *, const struct viewer *);
void	metrics_list(struct evbuffer *, const struct viewer *);
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
