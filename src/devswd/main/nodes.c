/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nodes.c - which hardware the nodes have, for main's thread; nodes.h.
 *
 * Model
 *	The kernel side tells the front end that the hardware of a node has
 *	come or gone, on the thread of whoever attaches or detaches
 *	(hyp_node_changed).  That only wakes main's thread, which asks for all
 *	nodes how things stand (hyp_node_getstat) and compares: nothing depends
 *	on the order or number of what it was told.  There are as many states
 *	here as there are nodes, which stay.
 *
 * Locks
 *	None; the event is an eventfd.
 */
#include <sys/eventfd.h>
#include <sys/queue.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hyp/hyp.h"
#include "host/host.h"
#include "main/nodes.h"

struct known_node {
	TAILQ_ENTRY(known_node) kn_entry;
	struct node_state kn_state;
};

static TAILQ_HEAD(, known_node) known_nodes =
    TAILQ_HEAD_INITIALIZER(known_nodes);
static int nodes_fd = -1;
static nodes_func_t *const *nodes_funcs;

int
nodes_open(nodes_func_t *const *funcs)
{

	nodes_funcs = funcs;
	nodes_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (nodes_fd == -1)
		host_logf(HYP_LOG_ERR, "cannot watch nodes: eventfd: %s",
		    strerror(errno));
	return nodes_fd;
}

/* Any thread, which may hold nothing and wait for nothing. */
void
nodes_changed(uint32_t minor)
{

	(void)minor;
	(void)eventfd_write(nodes_fd, 1);
}

static struct known_node *
node_known(const struct front_nodeinfo *fi)
{
	struct known_node *kn;

	TAILQ_FOREACH(kn, &known_nodes, kn_entry) {
		if (kn->kn_state.ns_info.fi_minor == fi->fi_minor)
			return kn;
	}
	kn = calloc(1, sizeof(*kn));
	if (kn == NULL)
		hyp_panic("out of memory");
	kn->kn_state.ns_info = *fi;
	kn->kn_state.ns_iface = -1;
	TAILQ_INSERT_TAIL(&known_nodes, kn, kn_entry);
	return kn;
}

/* What the kernel side says of the node now. */
static void
node_look(const struct front_nodeinfo *fi, struct node_state *ns)
{
	struct hyp_node_stat hs;

	hyp_node_getstat(fi->fi_node, &hs);
	memset(ns, 0, sizeof(*ns));
	ns->ns_info = *fi;
	ns->ns_attached = hs.hs_attached;
	ns->ns_iface = hs.hs_iface;
	strcpy(ns->ns_place, hs.hs_place);
	strcpy(ns->ns_driver, hs.hs_driver);
	strcpy(ns->ns_device, hs.hs_device);
}

static int
node_same(const struct node_state *a, const struct node_state *b)
{

	return a->ns_attached == b->ns_attached &&
	    a->ns_iface == b->ns_iface &&
	    strcmp(a->ns_place, b->ns_place) == 0 &&
	    strcmp(a->ns_driver, b->ns_driver) == 0 &&
	    strcmp(a->ns_device, b->ns_device) == 0;
}

void
nodes_dispatch(void)
{
	struct node_state is, was;
	struct front_nodeinfo fi;
	struct known_node *kn;
	nodes_func_t *const *f;
	eventfd_t n;
	uint32_t next;

	/* First, so that what comes during the look makes another one. */
	(void)eventfd_read(nodes_fd, &n);
	for (next = 0; front_node_next(next, &fi); next = fi.fi_minor + 1) {
		kn = node_known(&fi);
		node_look(&fi, &is);
		if (node_same(&is, &kn->kn_state))
			continue;
		was = kn->kn_state;
		kn->kn_state = is;
		for (f = nodes_funcs; *f != NULL; f++)
			(**f)(&is, &was);
	}
}

void
nodes_again(nodes_func_t *func)
{
	struct front_nodeinfo fi;
	struct node_state none;
	struct known_node *kn;
	uint32_t next;

	/* One that never had hardware may not be known yet. */
	for (next = 0; front_node_next(next, &fi); next = fi.fi_minor + 1)
		(void)node_known(&fi);
	TAILQ_FOREACH(kn, &known_nodes, kn_entry) {
		memset(&none, 0, sizeof(none));
		none.ns_info = kn->kn_state.ns_info;
		none.ns_iface = -1;
		(*func)(&kn->kn_state, &none);
	}
}

void
nodes_close(void)
{
	struct known_node *kn;

	while ((kn = TAILQ_FIRST(&known_nodes)) != NULL) {
		TAILQ_REMOVE(&known_nodes, kn, kn_entry);
		free(kn);
	}
	close(nodes_fd);
	nodes_fd = -1;
}
