/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nodedb.h - udevd is told whose hardware is behind which node.
 *
 * All functions are for one thread, main's.
 */
#ifndef MAIN_NODEDB_H
#define MAIN_NODEDB_H

#include "main/claim.h"
#include "main/nodes.h"

/*
 * nodedb_open(claims)
 *
 *	Begin.  claims stays the caller's.  What cannot be told is logged, and
 *	is no reason to stop; the functions below do nothing then.
 */
void	nodedb_open(struct claim_head *);

/*
 * nodedb_node(node, was)
 *
 *	A nodes_func_t.  Does not wait for udevd.
 */
void	nodedb_node(const struct node_state *, const struct node_state *);

/*
 * nodedb_udev()
 *
 *	udevd has done something: go on with what had to wait for that.
 */
void	nodedb_udev(void);

/*
 * nodedb_again()
 *
 *	The claims may be others now: tell of all nodes.
 */
void	nodedb_again(void);

/*
 * nodedb_close()
 *
 *	Nothing more is told, and nothing of it is left.
 */
void	nodedb_close(void);

#endif /* MAIN_NODEDB_H */
