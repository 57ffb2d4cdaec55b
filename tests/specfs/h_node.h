/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_node.h - the front end's side of hyp_node.h, for native tests.
 *
 * A node is kept in a table by name; nothing is made in /dev.  A host file
 * is a struct h_hostfile of the test's, in which poll wake-ups are counted.
 */
#ifndef TESTS_H_NODE_H
#define TESTS_H_NODE_H

#include <stdint.h>

#include <hyp/hyp_node.h>

struct h_hostfile {
	uint32_t	hf_wakes;	/* atomic */
};

/* The node of that name, or NULL if K never made it. */
struct hyp_node *h_node_find(const char *);
unsigned h_node_count(void);
void	h_node_reset(void);

/* What hyp_node_access answers from now on, and how often it was asked. */
void	h_node_access_set(int);
unsigned h_node_access_calls(void);
unsigned h_node_stuck_calls(void);	/* hyp_node_stuck */

/* Enter and leave K as user uid, as the front end does for a request. */
struct hyp_lwp *h_enter(uint32_t);
void	h_exit(struct hyp_lwp *);

#endif /* TESTS_H_NODE_H */
