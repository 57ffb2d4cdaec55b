/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mdns.h - ports, told to the network by avahi; mdns.c has the model.
 */
#ifndef GATEWAY_MDNS_H
#define GATEWAY_MDNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_base;

/* All of its bytes are set: they are compared. */
struct mdns_service {
	char		 sv_port[32];
	uint16_t	 sv_number;
	char		 sv_adapter[96];
	char		 sv_serial[96];
};

/* mdns_ports.c: those that there are to be told of; at most so many. */
size_t	mdns_ports(struct mdns_service *, size_t);

/*
 * mdns_begin(base, list)	list is mdns_ports.  false: no memory.
 * mdns_touch()		a port, or what is behind it, may be another.
 * mdns_end()		nobody is told of any more; waits a second at most.
 */
bool	mdns_begin(struct event_base *,
	    size_t (*)(struct mdns_service *, size_t));
void	mdns_touch(void);
void	mdns_end(void);

#endif /* GATEWAY_MDNS_H */
