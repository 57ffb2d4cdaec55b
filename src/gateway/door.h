/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * door.h - who comes to a port with "login = on"; door.c has the model.
 */
#ifndef GATEWAY_DOOR_H
#define GATEWAY_DOOR_H

#include "gateway/gateway.h"

struct door;

struct door *door_new(struct client *, const char *, unsigned,
	    void (*)(struct client *, const char *));
void	door_input(struct door *, const uint8_t *, size_t);
const uint8_t *door_rest(const struct door *, size_t *);
bool	door_owes_lf(const struct door *);
void	door_free(struct door *);

#endif /* GATEWAY_DOOR_H */
