/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nodes.c - which hardware the nodes have, for main's thread; nodes.h.
 *
 * Model
 *	The kernel side tells the front end that the hardware of a node has
 *	come or gone, on the thread of whoever attaches or detaches
 *	(hyp_node_changed).  That only marks the node and wakes main's thread,
 *	which asks for those with marks how things stand (hyp_node_getstat):
 *	nothing depends on the order or number of what it was told.  There are
 *	as many states here as there are nodes, which stay.
 *
 *	A node that has hardware and a mark is told of even if it seems to be
 *	as it was, since what is in its place may be another device:
 *
 *	K, and others		main's thread
 *	A leaves: mark
 *	B comes: mark
 *				one look: where A was is something
 *
 * Locks
 *	mark_lock	the marks.  A leaf; held for a moment.
 */
#include <sys/eventfd.h>
#include <sys/queue.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hyp/hyp.h"
#include "host/host.h"
#include "main/nodes.h"

#define	NMARKS		64

struct known_node {
	TAILQ_ENTRY(known_node) kn_entry;
	struct node_state kn_state;
};

static TAILQ_HEAD(, known_node) known_nodes =
    TAILQ_HEAD_INITIALIZER(known_nodes);
static int nodes_fd = -1;

static pthread_mutex_t mark_lock = PTHREAD_MUTEX_INITIALIZER;
static uint32_t marks[NMARKS];
static unsigned nmarks;		/* NMARKS + 1: all nodes have one */

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
	unsigned i;

	pthread_mutex_lock(&mark_lock);
	for (i = 0; i < nmarks && i < NMARKS && marks[i] != minor;)
		i++;
	if (i == NMARKS)
		nmarks = NMARKS + 1;
	else if (i == nmarks)
		marks[nmarks++] = minor;
	pthread_mutex_unlock(&mark_lock);
	(void)eventfd_write(nodes_fd, 1);
}

/* Copy the marks and forget them; how many. */
static unsigned
marks_take(uint32_t copy[NMARKS])
{
	unsigned n;

	pthread_mutex_lock(&mark_lock);
	n = nmarks;
	memcpy(copy, marks, sizeof(marks));
	nmarks = 0;
	pthread_mutex_unlock(&mark_lock);
	return n;
}

static struct known_node *
node_find(const struct front_nodeinfo *fi)
{
	struct known_node *kn;

	TAILQ_FOREACH(kn, &known_nodes, kn_entry) {
		if (kn->kn_state.ns_info.fi_minor == fi->fi_minor)
			break;
	}
	return kn;
}

static struct known_node *
node_known(const struct front_nodeinfo *fi)
{
	struct known_node *kn;

	if ((kn = node_find(fi)) != NULL)
		return kn;
	kn = calloc(1, sizeof(*kn));
	if (kn == NULL)
		hyp_panic("out of memory");
	kn->kn_state.ns_info = *fi;
	kn->kn_state.ns_iface = -1;
	kn->kn_state.ns_part = -1;
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
	ns->ns_token = hs.hs_token;
	ns->ns_iface = hs.hs_iface;
	ns->ns_part = hs.hs_part;
	strcpy(ns->ns_place, hs.hs_place);
	strcpy(ns->ns_driver, hs.hs_driver);
	strcpy(ns->ns_device, hs.hs_device);
}

/* Tell of the node, unless it had no hardware and has none. */
static void
node_tell(const struct front_nodeinfo *fi)
{
	struct known_node *const kn = node_known(fi);
	const struct node_state was = kn->kn_state;
	nodes_func_t *const *f;

	node_look(fi, &kn->kn_state);
	if (!was.ns_attached && !kn->kn_state.ns_attached)
		return;
	for (f = nodes_funcs; *f != NULL; f++)
		(**f)(&kn->kn_state, &was);
}

void
nodes_dispatch(void)
{
	struct front_nodeinfo fi;
	uint32_t copy[NMARKS], next;
	eventfd_t woken;
	unsigned i, n;

	/* First, so that what comes during the look makes another one. */
	(void)eventfd_read(nodes_fd, &woken);
	n = marks_take(copy);
	for (i = 0; i < n && n <= NMARKS; i++) {
		if (front_node_find(copy[i], &fi))
			node_tell(&fi);
	}
	for (next = 0; n > NMARKS && front_node_next(next, &fi);
	    next = fi.fi_minor + 1)
		node_tell(&fi);
}

void
nodes_new(void)
{
	struct front_nodeinfo fi;
	uint32_t next;

	for (next = 0; front_node_next(next, &fi); next = fi.fi_minor + 1) {
		if (node_find(&fi) == NULL)
			nodes_changed(fi.fi_minor);
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
		none.ns_part = -1;
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
