/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nodes.c - the front end's side of hyp_node.h, without /dev: nodes are rows of
 * a table, which only grows, as they stay for as long as the process does.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "check/check.h"
#include "hyp/hyp_state.h"

struct cnode check_nodes[CHECK_NODES];
static pthread_mutex_t nodes_lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_uint nnodes;
static int hostfile;		/* all files are the same to us */

unsigned
check_nnodes(void)
{

	return atomic_load(&nnodes);
}

struct cnode *
check_node(const char *name)
{
	const unsigned n = check_nnodes();

	for (unsigned i = 0; i < n; i++) {
		if (strcmp(check_nodes[i].n_name, name) == 0)
			return &check_nodes[i];
	}
	return NULL;
}

int
check_open(struct cnode *cn, int flags, struct hyp_file **fp)
{

	return hyp_node_open(cn->n_node, flags, &hostfile, fp);
}

/* ---- down-calls; contracts in hyp_node.h ----------------------------- */

int
hyp_node_create(struct hyp_node *hn, const char *name, int class,
    uint32_t devminor, void **host)
{
	struct cnode *cn;
	unsigned n;
	int error = 0;

	(void)class;
	(void)devminor;
	pthread_mutex_lock(&nodes_lock);
	n = check_nnodes();
	if (check_node(name) != NULL)
		error = EEXIST;
	else if (n == CHECK_NODES)
		error = ENOMEM;
	else {
		cn = &check_nodes[n];
		snprintf(cn->n_name, sizeof(cn->n_name), "%s", name);
		cn->n_node = hn;
		*host = cn;
		atomic_store(&nnodes, n + 1);
	}
	pthread_mutex_unlock(&nodes_lock);
	return error;
}

int
hyp_node_access(void *host, const struct hyp_cred *hc, int flags)
{

	(void)host;
	(void)hc;
	(void)flags;
	return 0;
}

void
hyp_node_stuck(void *host)
{

	(void)host;		/* watch.c sees it for itself */
}

void
hyp_node_changed(void *host)
{

	(void)host;
}

void
hyp_state_put(const char *name, const void *data, size_t len)
{

	(void)name;
	(void)data;
	(void)len;
}

size_t
hyp_state_get(const char *name, void *data, size_t max)
{

	(void)name;
	(void)data;
	(void)max;
	return 0;
}

int
hyp_hand_put(const char *name, const void *data, size_t len)
{

	(void)name;
	(void)data;
	(void)len;
	return ENOMEM;
}

size_t
hyp_hand_get(const char *name, void *data, size_t max)
{

	(void)name;
	(void)data;
	(void)max;
	return 0;
}

void
hyp_file_closing(void *host)
{

	(void)host;
}

void
hyp_file_pollwake(void *host)
{

	(void)host;
}
