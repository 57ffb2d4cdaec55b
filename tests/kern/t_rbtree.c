/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_rbtree.c - rbtree(3), next to a plain table that knows what is in it; and
 * the depth, in the orders of insertion that are worst for a plain tree.
 */
#include <sys/rbtree.h>
#include <sys/systm.h>

#include "h_test.h"

#define	N	1000

struct thing {
	int	t_key;
	rb_node_t t_node;
	bool	t_in;
};
static struct thing things[N];
static rb_tree_t tree;

static int
compare(int a, int b)
{

	return a < b ? -1 : a > b;
}

static int
compare_nodes(void *context, const void *a, const void *b)
{

	T_CHECK(context == &tree);
	return compare(((const struct thing *)a)->t_key,
	    ((const struct thing *)b)->t_key);
}

static int
compare_key(void *context, const void *a, const void *key)
{

	T_CHECK(context == &tree);
	return compare(((const struct thing *)a)->t_key, *(const int *)key);
}

static const rb_tree_ops_t ops = {
	.rbto_compare_nodes = compare_nodes,
	.rbto_compare_key = compare_key,
	.rbto_node_offset = offsetof(struct thing, t_node),
	.rbto_context = &tree,
};

/* What the table says is nearest to i, from it on, in steps of d. */
static struct thing *
nearest(int i, int d)
{

	for (; i >= 0 && i < N; i += d) {
		if (things[i].t_in)
			return &things[i];
	}
	return NULL;
}

static size_t
depth(const struct rb_node *n)
{
	size_t left, right;

	if (n == NULL)
		return 0;
	left = depth(n->rb_nodes[0]);
	right = depth(n->rb_nodes[1]);
	return 1 + (left > right ? left : right);
}

/* All of it, both ways. */
static void
look(void)
{
	struct thing *t, *expected = nearest(0, 1);
	size_t n = 0;

	RB_TREE_FOREACH(t, &tree) {
		T_CHECK(t == expected);
		expected = nearest(t->t_key + 1, 1);
		n++;
	}
	T_CHECK(expected == NULL);
	T_EQ(rb_tree_count(&tree), n);
	expected = nearest(N - 1, -1);
	T_CHECK(RB_TREE_MAX(&tree) == expected);
	RB_TREE_FOREACH_REVERSE(t, &tree) {
		T_CHECK(t == expected);
		expected = nearest(t->t_key - 1, -1);
		n--;
	}
	T_CHECK(expected == NULL);
	T_EQ(n, 0);
}

static void
setup(void)
{

	for (int i = 0; i < N; i++)
		things[i] = (struct thing){ .t_key = i };
	rb_tree_init(&tree, &ops);
	look();
}

static void
by_chance(void)
{
	struct thing twin, *t, *next;
	uint32_t r = 1;
	int i;

	setup();
	for (u_int round = 0; round < 20000; round++) {
		r = r * 1664525 + 1013904223;
		i = (int)(r >> 16) % N;
		T_CHECK(rb_tree_find_node(&tree, &i) ==
		    (things[i].t_in ? &things[i] : NULL));
		T_CHECK(rb_tree_find_node_geq(&tree, &i) == nearest(i, 1));
		T_CHECK(rb_tree_find_node_leq(&tree, &i) == nearest(i, -1));
		if (things[i].t_in) {
			twin.t_key = i;
			T_CHECK(rb_tree_insert_node(&tree, &twin) ==
			    &things[i]);
			rb_tree_remove_node(&tree, &things[i]);
		} else
			T_CHECK(rb_tree_insert_node(&tree, &things[i]) ==
			    &things[i]);
		things[i].t_in = !things[i].t_in;
		if (round % 1000 == 0)
			look();
	}
	look();
	RB_TREE_FOREACH_SAFE(t, &tree, next) {
		rb_tree_remove_node(&tree, t);
		t->t_in = false;
	}
	look();
	T_CHECK(RB_TREE_MIN(&tree) == NULL);
}

static void
in_order(void)
{

	for (int way = 0; way < 2; way++) {
		setup();
		for (int i = 0; i < N; i++) {
			struct thing *t = &things[way == 0 ? i : N - 1 - i];

			t->t_in = true;
			(void)rb_tree_insert_node(&tree, t);
		}
		look();
		/* 10 at the least; 1,000 without the ranks. */
		T_CHECK(depth(tree.rbt_root) < 50);
	}
}

const struct t_case t_cases[] = {
	{ "as a table: insert, remove, find, next, previous", by_chance },
	{ "it stays flat when things come in order", in_order },
	{ NULL, NULL },
};
