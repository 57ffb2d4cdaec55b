/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_node.h - the front end's side of hyp_node.h, for native tests.
 *
 * A node is kept in a table by name; nothing is made in /dev.  A host file
 * is a struct h_hostfile of the test's, in which poll wake-ups are counted.
 */
#ifndef TESTS_H_NODE_H
#define TESTS_H_NODE_H

#include <stddef.h>
#include <stdint.h>

#include <hyp/hyp_node.h>
#include <hyp/hyp_state.h>

struct h_hostfile {
	uint32_t	hf_wakes;	/* atomic */
	void		(*hf_closing)(struct h_hostfile *); /* or NULL */
};

/* The node of that name, or NULL if K never made it. */
struct hyp_node *h_node_find(const char *);
/* From now on none can be made: an errno, or 0. */
void	h_node_fail(int);
unsigned h_node_count(void);
void	h_node_reset(void);

/* What hyp_node_access answers from now on, and how often it was asked. */
void	h_node_access_set(int);
void	h_node_access_func(int (*)(void));	/* who says so instead */
unsigned h_node_access_calls(void);
unsigned h_node_stuck_calls(void);	/* hyp_node_stuck */
unsigned h_node_changed_calls(void);	/* hyp_node_changed */

/* What hyp_state_put has kept, of one name; NULL: nothing.  While it is deaf
   nothing is kept or forgotten, as if the daemon had been killed. */
void	*h_state(size_t *);
void	h_state_deaf(int);

/* What hyp_hand_put has kept last, and that it is forgotten. */
void	*h_parked(size_t *);
void	h_parked_drop(void);

/*
 * A client of a node, which makes one call at a time.  Those that take a void
 * pointer can be threads' functions, and add to c_ended when they have ended.
 */
struct h_client {
	struct hyp_node	*c_node;
	struct hyp_file	*c_file;
	struct h_hostfile c_host;
	int		 c_error;	/* Linux's, of h_open and h_read */
	size_t		 c_done;	/* bytes that h_read has got */
	uint32_t	 c_ended;	/* atomic */
};
void	h_open(void *);
void	h_read(void *);
void	h_close(void *);
int	h_write(struct h_client *, size_t);	/* that many bytes; errno */
int	h_ioctl(struct h_client *);		/* FIONREAD; errno */
uint32_t h_poll(struct h_client *, uint32_t, int);
int	h_revoke(struct hyp_node *);		/* by root; errno */
int	h_has_ended(void *);			/* T_UNTIL: *arg is 1 */
int	h_in_driver(void *);			/* T_UNTIL: node has a call */
int	h_is_open(void *);			/* T_UNTIL: node is open */

/* Enter and leave K as user uid, as the front end does for a request. */
struct hyp_lwp *h_enter(uint32_t);
void	h_exit(struct hyp_lwp *);

#endif /* TESTS_H_NODE_H */
