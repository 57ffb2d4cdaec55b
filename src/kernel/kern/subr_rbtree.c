/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * subr_rbtree.c - rbtree(3).
 *
 * Model
 *	A search tree in which each node has a rank by chance, and none has a
 *	higher one than its parent (a treap): so the tree looks as if it had
 *	been filled in an order by chance, and its depth is O(log n) whatever
 *	the order was.  There are no colours; only the name of the interface
 *	is NetBSD's.
 *
 *	A node goes in at the bottom and is turned up until its rank fits; to
 *	take one out it is turned down, the child of higher rank up, until it
 *	has a child less than two.
 *
 * No locks: the caller has one.  Nothing sleeps or fails.
 */
#include <sys/rbtree.h>
#include <sys/systm.h>

static struct rb_node *
node_of(const rb_tree_t *t, const void *object)
{

	return (struct rb_node *)((char *)__UNCONST(object) +
	    t->rbt_ops->rbto_node_offset);
}

static void *
object_of(const rb_tree_t *t, struct rb_node *n)
{

	return n == NULL ? NULL :
	    (char *)n - t->rbt_ops->rbto_node_offset;
}

/* The pointer that leads to n. */
static struct rb_node **
link_of(rb_tree_t *t, struct rb_node *n)
{
	struct rb_node *const p = n->rb_parent;

	return p == NULL ? &t->rbt_root :
	    &p->rb_nodes[p->rb_nodes[1] == n ? 1 : 0];
}

/* n changes places with its parent. */
static void
turn_up(rb_tree_t *t, struct rb_node *n)
{
	struct rb_node *const p = n->rb_parent;
	const u_int side = p->rb_nodes[1] == n ? 1 : 0;
	struct rb_node *const between = n->rb_nodes[1 - side];

	*link_of(t, p) = n;
	n->rb_parent = p->rb_parent;
	p->rb_nodes[side] = between;
	if (between != NULL)
		between->rb_parent = p;
	n->rb_nodes[1 - side] = p;
	p->rb_parent = n;
}

/* Marsaglia's xorshift32. */
static uint32_t
rank(rb_tree_t *t)
{

	t->rbt_random ^= t->rbt_random << 13;
	t->rbt_random ^= t->rbt_random >> 17;
	t->rbt_random ^= t->rbt_random << 5;
	return t->rbt_random;
}

/*
 * rb_tree_init(t, ops)
 *
 *	ops stays the caller's, and as it is.
 */
void
rb_tree_init(rb_tree_t *t, const rb_tree_ops_t *ops)
{

	t->rbt_root = NULL;
	t->rbt_ops = ops;
	t->rbt_count = 0;
	t->rbt_random = 0x9e3779b9;
}

/*
 * there = rb_tree_insert_node(t, object)
 *
 *	object; or the equal one that is there already, and nothing changes.
 */
void *
rb_tree_insert_node(rb_tree_t *t, void *object)
{
	struct rb_node *const n = node_of(t, object);
	struct rb_node **link = &t->rbt_root, *parent = NULL;
	int order;

	while (*link != NULL) {
		parent = *link;
		order = t->rbt_ops->rbto_compare_nodes(t->rbt_ops->rbto_context,
		    object, object_of(t, parent));
		if (order == 0)
			return object_of(t, parent);
		link = &parent->rb_nodes[order > 0 ? 1 : 0];
	}
	n->rb_nodes[0] = n->rb_nodes[1] = NULL;
	n->rb_parent = parent;
	n->rb_rank = rank(t);
	*link = n;
	t->rbt_count++;
	while (n->rb_parent != NULL && n->rb_parent->rb_rank < n->rb_rank)
		turn_up(t, n);
	return object;
}

/*
 * rb_tree_remove_node(t, object)
 *
 *	It is in the tree.
 */
void
rb_tree_remove_node(rb_tree_t *t, void *object)
{
	struct rb_node *const n = node_of(t, object);
	struct rb_node *left, *right, *child;

	KASSERTMSG(*link_of(t, n) == n && t->rbt_count > 0,
	    "rb_tree_remove_node: not in this tree");
	while ((left = n->rb_nodes[0]) != NULL &&
	    (right = n->rb_nodes[1]) != NULL)
		turn_up(t, left->rb_rank > right->rb_rank ? left : right);
	child = left != NULL ? left : n->rb_nodes[1];
	*link_of(t, n) = child;
	if (child != NULL)
		child->rb_parent = n->rb_parent;
	t->rbt_count--;
}

/* The object with this key; else the nearest one on that side, or with side 2
   none. */
static void *
find(rb_tree_t *t, const void *key, u_int side)
{
	struct rb_node *n = t->rbt_root, *near = NULL;
	int order;
	u_int which;

	while (n != NULL) {
		order = t->rbt_ops->rbto_compare_key(t->rbt_ops->rbto_context,
		    object_of(t, n), key);
		if (order == 0)
			return object_of(t, n);
		which = order > 0 ? RB_DIR_RIGHT : RB_DIR_LEFT;
		if (which == side)
			near = n;
		n = n->rb_nodes[1 - which];
	}
	return object_of(t, near);
}

/*
 * object = rb_tree_find_node(t, key)
 * object = rb_tree_find_node_geq(t, key)
 * object = rb_tree_find_node_leq(t, key)
 *
 *	The one with that key, or NULL; else the next one above, or below.
 */
void *
rb_tree_find_node(rb_tree_t *t, const void *key)
{

	return find(t, key, 2);
}

void *
rb_tree_find_node_geq(rb_tree_t *t, const void *key)
{

	return find(t, key, RB_DIR_RIGHT);
}

void *
rb_tree_find_node_leq(rb_tree_t *t, const void *key)
{

	return find(t, key, RB_DIR_LEFT);
}

/*
 * object = rb_tree_iterate(t, object, direction)
 *
 *	The next one on that side, or NULL.  From NULL: the first on the left,
 *	the last on the right.
 */
void *
rb_tree_iterate(rb_tree_t *t, void *object, u_int direction)
{
	const u_int d = object == NULL ? direction : 1 - direction;
	struct rb_node *n, *p;

	KASSERTMSG(direction <= RB_DIR_RIGHT, "direction=%u", direction);
	n = object == NULL ? t->rbt_root :
	    node_of(t, object)->rb_nodes[direction];
	if (n != NULL) {
		while (n->rb_nodes[d] != NULL)
			n = n->rb_nodes[d];
		return object_of(t, n);
	}
	if (object == NULL)
		return NULL;
	for (n = node_of(t, object); (p = n->rb_parent) != NULL &&
	    p->rb_nodes[direction] == n; n = p)
		continue;
	return object_of(t, p);
}

/*
 * n = rb_tree_count(t)
 */
size_t
rb_tree_count(rb_tree_t *t)
{

	return t->rbt_count;
}
