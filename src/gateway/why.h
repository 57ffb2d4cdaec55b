/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * why.h - what devswd tells of plugs, and what comes of it for a port;
 * plugs.c and why.c have the models.
 */
#ifndef GATEWAY_WHY_H
#define GATEWAY_WHY_H

#include <stdbool.h>

struct event_base;
struct line;

/* Of a device, which has chosen these texts: UTF-8, of any bytes but NUL. */
struct adapter {
	char		 ad_name[96];
	char		 ad_serial[96];
	char		 ad_port[32];	/* of the bus: "1-1.4"; "": none */
};

/* ---- plugs.c -------------------------------------------------------- */

enum plug {
	PLUG_BEGAN,		/* a devswd is followed from now on */
	PLUG_ENDED,		/* it is no more */
	PLUG_THERE,		/* a node has hardware */
	PLUG_AWAY,		/* it has none any more */
	PLUG_UNPLUGGED,		/* an adapter has left its port */
	PLUG_REVOKED,		/* the files of a node are dead */
	PLUG_ABORTED,		/* and so is the node */
	PLUG_KNOWN,		/* plugs_adapter knows more */
};

struct plug_event {
	enum plug	 pe_what;
	unsigned	 pe_major;	/* of that devswd's nodes */
	const char	*pe_node;	/* its name in /dev; "": no node's */
	const char	*pe_port;	/* of the adapter; "": not known */
	const char	*pe_why;	/* for people: printable ASCII */
};

bool	plugs_begin(struct event_base *, void (*)(const struct plug_event *));
void	plugs_end(void);
bool	plugs_follow(unsigned);
bool	plugs_adapter(unsigned, const char *, struct adapter *);

/* ---- why.c ---------------------------------------------------------- */

struct why;

struct why *why_new(struct event_base *, struct line *, bool,
	    void (*)(void *, const char *, bool),
	    void (*)(void *, const char *), void *);
void	why_free(struct why *);
void	why_change(struct why *, bool);
void	why_came(struct why *, const char *);
void	why_left(struct why *, const char *);
void	why_event(const struct plug_event *);
const char *why_last(const struct why *);
bool	why_closed(const struct why *);
const struct adapter *why_adapter(const struct why *);

#endif /* GATEWAY_WHY_H */
