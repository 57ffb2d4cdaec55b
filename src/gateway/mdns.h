/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mdns.h - ports, told to the network by avahi; mdns.c has the model.
 */
#ifndef GATEWAY_MDNS_H
#define GATEWAY_MDNS_H

#include <stdbool.h>

struct event_base;

/*
 * mdns_begin(base)	false: no memory.
 * mdns_touch()		a port, or what is behind it, may be another.
 * mdns_end()		nobody is told of any more; waits a second at most.
 */
bool	mdns_begin(struct event_base *);
void	mdns_touch(void);
void	mdns_end(void);

#endif /* GATEWAY_MDNS_H */
