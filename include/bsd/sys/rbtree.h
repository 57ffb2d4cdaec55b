/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/rbtree.h - rbtree(3): things in order, each with its node inside.
 */
#ifndef _SYS_RBTREE_H_
#define _SYS_RBTREE_H_

#include <sys/types.h>

#define	RB_DIR_LEFT	0U
#define	RB_DIR_RIGHT	1U

/* In whoever is in a tree; its fields are subr_rbtree.c's. */
struct rb_node {
	struct rb_node	*rb_nodes[2];
	struct rb_node	*rb_parent;
	uint32_t	 rb_rank;
};
typedef struct rb_node	rb_node_t;

/* < 0, 0, > 0: the first argument after the context is less, the same, more. */
typedef int	(*rbto_compare_nodes_fn)(void *, const void *, const void *);
typedef int	(*rbto_compare_key_fn)(void *, const void *, const void *);

typedef struct {
	rbto_compare_nodes_fn	 rbto_compare_nodes;
	rbto_compare_key_fn	 rbto_compare_key;	/* node, key */
	size_t			 rbto_node_offset;	/* of the rb_node */
	void			*rbto_context;
} rb_tree_ops_t;

typedef struct rb_tree {
	struct rb_node		*rbt_root;
	const rb_tree_ops_t	*rbt_ops;
	size_t			 rbt_count;
	uint32_t		 rbt_random;
} rb_tree_t;

void	rb_tree_init(rb_tree_t *, const rb_tree_ops_t *);
void	*rb_tree_insert_node(rb_tree_t *, void *);
void	rb_tree_remove_node(rb_tree_t *, void *);
void	*rb_tree_find_node(rb_tree_t *, const void *);
void	*rb_tree_find_node_geq(rb_tree_t *, const void *);
void	*rb_tree_find_node_leq(rb_tree_t *, const void *);
void	*rb_tree_iterate(rb_tree_t *, void *, u_int);
size_t	rb_tree_count(rb_tree_t *);

#define	RB_TREE_MIN(t)		rb_tree_iterate((t), NULL, RB_DIR_LEFT)
#define	RB_TREE_MAX(t)		rb_tree_iterate((t), NULL, RB_DIR_RIGHT)
#define	RB_TREE_NEXT(t, n)	rb_tree_iterate((t), (n), RB_DIR_RIGHT)
#define	RB_TREE_PREV(t, n)	rb_tree_iterate((t), (n), RB_DIR_LEFT)
#define	RB_TREE_FOREACH(n, t)						\
	for ((n) = RB_TREE_MIN(t); (n) != NULL; (n) = RB_TREE_NEXT((t), (n)))
#define	RB_TREE_FOREACH_SAFE(n, t, s)					\
	for ((n) = RB_TREE_MIN(t);					\
	    (n) != NULL && ((s) = RB_TREE_NEXT((t), (n)), 1); (n) = (s))
#define	RB_TREE_FOREACH_REVERSE(n, t)					\
	for ((n) = RB_TREE_MAX(t); (n) != NULL; (n) = RB_TREE_PREV((t), (n)))

#endif /* _SYS_RBTREE_H_ */
