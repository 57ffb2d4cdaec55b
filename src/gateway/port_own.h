/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * port_own.h - struct port, which port.c and port_clients.c share; they have the
 * model.
 */
#ifndef GATEWAY_PORT_OWN_H
#define GATEWAY_PORT_OWN_H

#include "gateway/gateway.h"

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

/* A client may close, and leave the list, while it is served. */
#define	EACH_CLIENT(cl, p, next)					\
	for ((cl) = TAILQ_FIRST(&(p)->p_clients); (cl) != NULL &&	\
	    ((next) = TAILQ_NEXT((cl), cl_entry), 1); (cl) = (next))

bool	port_clients_init(struct port *, struct event_base *);
void	port_clients_free(struct port *);
void	port_pump(struct port *);
void	port_news(struct port *, enum news);

#endif /* GATEWAY_PORT_OWN_H */
