/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_control.h - the daemon's control port between a double of K and clients.
 */
#ifndef TESTS_MAIN_H_CONTROL_H
#define TESTS_MAIN_H_CONTROL_H

#include <sys/types.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "libdevsw/control.h"

#define	NODE_GONE	99	/* an owner: it is not in /dev */
#define	PLACE	"1-2"		/* of the adapter, if it is plugged in */

/* What K was asked, and what it answers. */
extern atomic_uint revokes, loads, unloads, node_owner;
extern atomic_bool revoke_holds, plugged;

/* The port, in a thread of its own; down: control_stop(ms) leaves so many. */
extern char path[64];
void	up(void);
void	down(unsigned ms, unsigned left);

/* The calling thread only, whose word the port takes. */
void	be_user(uid_t);

/* One that is asked, and its answer's error; refusal_of: one that may be served
   by mistake, and wait for what is held. */
struct control	ask_for(struct control_request *);
struct control	ask(uint32_t what, const char *node);
int	answer_of(struct control);
int	refusal_of(struct control);
int	is_answered(void *);	/* T_UNTIL; int * */

/* The answer, whose error is that one; the caller frees it. */
char	*text_of(struct control_request *, int error);
void	has(const char *text, const char *part);
void	has_not(const char *text, const char *part);

/* What K's double says of the node, to watch.c. */
void	node_is(bool there);

#endif /* TESTS_MAIN_H_CONTROL_H */
