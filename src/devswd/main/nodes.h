/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nodes.h - which hardware the nodes have, for main's thread.
 */
#ifndef MAIN_NODES_H
#define MAIN_NODES_H

#include <stdint.h>

#include "front/front.h"
#include "hyp/hyp_node.h"

/* A node as it was when it was last looked at. */
struct node_state {
	struct front_nodeinfo ns_info;
	uint8_t		 ns_attached;	/* of hyp_node_stat: hs_attached, */
	uint8_t		 ns_token;	/* hs_token, */
	int32_t		 ns_iface;	/* hs_iface, */
	int32_t		 ns_part;	/* hs_part, */
	char		 ns_place[64];	/* hs_place, */
	char		 ns_driver[16];	/* hs_driver, */
	char		 ns_device[16];	/* and hs_device */
};

/*
 * func(node, was)
 *
 *	The node's hardware is another than before, or there is none any more.
 *	was: what it had, a state without hardware if the node is new.  It can be
 *	the same: another device, perhaps, in the same place.  Hardware that came
 *	and went between two looks is not told of.
 */
typedef void nodes_func_t(const struct node_state *,
	    const struct node_state *);

/*
 * fd = nodes_open(funcs)
 *
 *	Before front_start.  The descriptor becomes readable when
 *	nodes_dispatch has something to do; -1, logged: not possible.  funcs, an
 *	array that ends with NULL, is not copied.
 *
 * nodes_changed(minor)
 *
 *	For front_config's changed.
 *
 * nodes_dispatch()
 *
 *	Look at the nodes that have changed, and call each of funcs for them.
 *
 * nodes_new()
 *
 *	Nodes may have been made that could not be made when their hardware
 *	came: let nodes_dispatch see them.
 *
 * nodes_again(func)
 *
 *	Call func for each node as it was when it was last looked at, as if it
 *	had been without hardware before.
 *
 * nodes_close()
 *
 *	After front_stop.
 */
int	nodes_open(nodes_func_t *const *);
void	nodes_changed(uint32_t);
void	nodes_dispatch(void);
void	nodes_new(void);
void	nodes_again(nodes_func_t *);
void	nodes_close(void);

#endif /* MAIN_NODES_H */
