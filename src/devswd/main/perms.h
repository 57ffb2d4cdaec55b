/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * perms.h - which node has which owner, group and mode.
 *
 * All functions are for main's thread, after front_start.
 */
#ifndef MAIN_PERMS_H
#define MAIN_PERMS_H

#include "main/nodes.h"
#include "main/options.h"

/*
 * strict = perms_strict(options)
 *
 *	Has any claim an owner, a group or a mode of its own?  For
 *	front_config.
 *
 * error = perms_pin(options, claim)
 *
 *	hyp_node_pin for a claim with a unit, and the claim's owner, group and
 *	mode for its nodes.
 *
 * perms_apply(options)
 *
 *	Other options: set all nodes.  options is kept.
 *
 * perms_node(node, was)
 *
 *	A nodes_func_t: the nodes of a device are as its claim says.
 */
int	perms_strict(const struct options *);
int	perms_pin(const struct options *, const struct claim *);
void	perms_apply(struct options *);
void	perms_node(const struct node_state *, const struct node_state *);

#endif /* MAIN_PERMS_H */
