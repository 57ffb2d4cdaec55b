/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * adapters.h - ports by what the adapter is; adapters.c has the model.
 */
#ifndef GATEWAY_ADAPTERS_H
#define GATEWAY_ADAPTERS_H

#include "gateway/gateway.h"

struct adapters;

struct adapters *adapters_new(struct event_base *, bool (*)(void *,
	    const struct port_conf *), void *);
void	adapters_read(struct adapters *, struct port_conf_head *);
void	adapters_use(struct adapters *, struct port_conf_head *);
void	adapters_free(struct adapters *);

#endif /* GATEWAY_ADAPTERS_H */
