/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * controlvar.h - what the files behind the control port share.
 *
 *	control.c	the port, its clients; revoke, modules, changes
 *	runfile.c	what clients find in /run/devsw
 *	say.c		text on its way to a client
 *	tell.c		status, what is plugged in, one node
 *	events.c	what has happened, and who follows it
 *	follow.c	the trace of a node, and who follows it
 *	watch.c		adapters and nodes as they come and go
 *	client.c	sending to a client, and what it may see
 *
 * Locks: none of these files calls another with its lock held, but all may
 * call events_post.
 */
#ifndef MAIN_CONTROLVAR_H
#define MAIN_CONTROLVAR_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "front/front.h"
#include "libdevsw/control.h"

struct client {
	uint32_t	 c_port;
	uid_t		 c_uid;
	gid_t		 c_gid;
	int		 c_deaf;	/* an answer could not be sent */
	int		 c_member;	/* of the group; -1: not asked yet */
	char		*c_text;	/* of a change: what there is to say */
	int		 c_error;	/* of a change: its result */
	struct control_request c_request;
	LIST_ENTRY(client) c_list;
};

/* client.c */
void	client_setup(int, unsigned);
void	client_send(struct client *, int, uint32_t, const char *, size_t, int);
bool	client_may_revoke(const struct client *,
	    const struct front_nodeinfo *);
bool	client_may_see(struct client *, const struct front_nodeinfo *);
bool	client_may_see_all(struct client *);
unsigned client_node_major(void);
uint64_t client_socket(const struct client *);

gid_t	client_group_id(void);

/* runfile.c */
#define	RUNFILE_PATH	64
int	runfile_start(const char *, uint32_t, gid_t);
void	runfile_stop(void);
bool	runfile_is_key(uint64_t);

/* say.c */
struct text {
	struct client	*t_client;
	size_t		 t_len;
	char		 t_buf[CONTROL_TEXT];
};
struct text *say_begin(struct client *);
void	say(struct text *, const char *, ...)
	    __attribute__((format(printf, 2, 3)));
void	say_string(struct text *, const char *);
void	say_member(struct text *, const char *, const char *);
void	say_time(struct text *, const char *, uint64_t);
void	say_end(struct text *);
void	say_drop(struct text *);

/* died.c: a member that follows others; of that node alone, or NULL: all. */
void	say_died(struct text *, const struct front_nodeinfo *);

/* tell.c: errno, or 0 when they have answered. */
int	tell_status(struct client *);
int	tell_list(struct client *);
int	tell_node(struct client *);

/* events.c */
int	events_serve(struct client *);
void	events_start(void);
void	events_stop(void);

/* follow.c */
int	follow_serve(struct client *);
void	follow_start(void);
void	follow_stop(void);

#endif /* MAIN_CONTROLVAR_H */
