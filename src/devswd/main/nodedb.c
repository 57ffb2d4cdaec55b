/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nodedb.c - udevd is told whose hardware is behind which node.
 *
 * Model
 *	For each node that has had hardware it is written down what that is
 *	now (host/udevdb.h), and udevd is woken; what comes of it is a matter
 *	of the rules (60-devsw.rules), and nobody waits for it.
 *
 *	Two things can have to wait for udevd, and are tried again when it has
 *	done anything: what it knows of a device that it has not seen yet
 *	(n_early), and waking it for a node that it has not seen yet
 *	(n_untold), if we are not root.  There is no loop and no timer for
 *	that, as its events come to main's thread anyhow.
 *
 *	All links to hardware lead to the node that never waits for carrier,
 *	dtyU0 and not ttyU0, since a port of Linux's drivers, whose names they
 *	have, does not either.  A claim may fit several nodes; the link in
 *	/dev/devsw leads to the first of them that has come, and when its
 *	hardware has left to another one.
 *
 * Locks
 *	None: main's thread only.
 */
#include <sys/queue.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/host.h"
#include "host/udevdb.h"
#include "host/usbsys.h"
#include "hyp/hyp.h"
#include "main/nodedb.h"

#define	DIALIN		"ttyU"		/* that does wait */

struct node {
	TAILQ_ENTRY(node) n_entry;
	struct node_state n_state;
	char		 n_claim[sizeof(((struct claim *)0)->c_name)];
	int		 n_linked;	/* has n_claim's link */
	int		 n_early;
	int		 n_untold;
};

static TAILQ_HEAD(, node) nodes = TAILQ_HEAD_INITIALIZER(nodes);
static struct claim_head *claims;
static int nodedb_up;

static struct node *
node_get(const struct node_state *ns)
{
	struct node *n;

	TAILQ_FOREACH(n, &nodes, n_entry) {
		if (n->n_state.ns_info.fi_minor == ns->ns_info.fi_minor)
			break;
	}
	if (n == NULL && (n = calloc(1, sizeof(*n))) != NULL)
		TAILQ_INSERT_TAIL(&nodes, n, n_entry);
	if (n != NULL)
		n->n_state = *ns;
	return n;
}

/* The name of the claim that the device at the place fits, or "". */
static void
claim_name_at(const char *place, char *name, size_t size)
{
	const struct claim *c = NULL;
	struct usbsys_dev *ud;

	ud = malloc(sizeof(*ud));
	if (ud != NULL && usbsys_read(place, ud) == 0)
		c = claim_find(claims, &ud->ud_info);
	snprintf(name, size, "%s", c != NULL ? c->c_name : "");
	free(ud);
}

/* Does another node have the link already? */
static int
link_is_taken(const struct node *of)
{
	const struct node *n;

	TAILQ_FOREACH(n, &nodes, n_entry) {
		if (n != of && n->n_linked &&
		    strcmp(n->n_claim, of->n_claim) == 0)
			return 1;
	}
	return 0;
}

static void
node_tell(struct node *n)
{
	static struct host_quiet quiet;
	const char *const name = n->n_state.ns_info.fi_name;
	int error;

	error = host_udevdb_tell(name);
	/* The second time udevd has been there, and nothing will change. */
	if (error == EACCES && !n->n_untold) {
		n->n_untold = 1;
		return;
	}
	n->n_untold = 0;
	if (error != 0 && error != ENOENT && host_log_quiet(&quiet) != 0)
		host_logf(HYP_LOG_WARNING, "%s: udev is not told of its "
		    "hardware: %s; are its rules (60-devsw.rules) installed?",
		    name, strerror(error));
}

/* Write down how it stands. */
static int
node_write(struct node *n)
{
	const struct node_state *const ns = &n->n_state;
	const char *const name = ns->ns_info.fi_name;
	struct host_hardware hh = {
		.hh_place = ns->ns_place,
		.hh_iface = ns->ns_iface,
		.hh_driver = ns->ns_driver,
		.hh_token = ns->ns_token,
		.hh_name = "",
	};

	n->n_claim[0] = '\0';
	n->n_linked = n->n_early = 0;
	if (!ns->ns_attached || ns->ns_place[0] == '\0')
		return host_udevdb_set(name, NULL);
	n->n_early = !host_udevdb_known(ns->ns_place);
	if (n->n_early)
		return host_udevdb_set(name, NULL);
	if (strncmp(name, DIALIN, sizeof(DIALIN) - 1) != 0)
		claim_name_at(ns->ns_place, n->n_claim, sizeof(n->n_claim));
	n->n_linked = n->n_claim[0] != '\0' && !link_is_taken(n);
	if (n->n_linked)
		hh.hh_name = n->n_claim;
	return host_udevdb_set(name, &hh);
}

static void
node_update(struct node *n)
{
	static struct host_quiet quiet;
	int error;

	error = node_write(n);
	if (error != 0 && host_log_quiet(&quiet) != 0)
		host_logf(HYP_LOG_WARNING, "%s: udev cannot be told of its "
		    "hardware: /run/devsw: %s", n->n_state.ns_info.fi_name,
		    strerror(error));
	n->n_untold = 0;
	node_tell(n);
}

/* The link of this claim is free: another node's, if there is one. */
static void
link_pass_on(const char *claim)
{
	struct node *n;

	TAILQ_FOREACH(n, &nodes, n_entry) {
		if (strcmp(n->n_claim, claim) == 0) {
			node_update(n);
			if (n->n_linked)
				return;
		}
	}
}

/* The node may be another's now, or nobody's. */
static void
node_changed(struct node *n)
{
	char claim[sizeof(n->n_claim)];
	const int linked = n->n_linked;

	strcpy(claim, n->n_claim);
	node_update(n);
	if (linked && (!n->n_linked || strcmp(n->n_claim, claim) != 0))
		link_pass_on(claim);
}

void
nodedb_node(const struct node_state *ns, const struct node_state *was)
{
	struct node *n;

	(void)was;
	if (nodedb_up && (n = node_get(ns)) != NULL)
		node_changed(n);
}

void
nodedb_udev(void)
{
	struct node *n;

	TAILQ_FOREACH(n, &nodes, n_entry) {
		if (n->n_early && host_udevdb_known(n->n_state.ns_place))
			node_changed(n);
		else if (n->n_untold)
			node_tell(n);
	}
}

void
nodedb_again(void)
{
	struct node *n;

	TAILQ_FOREACH(n, &nodes, n_entry)
		node_changed(n);
}

void
nodedb_open(struct claim_head *head)
{
	int error;

	claims = head;
	error = host_udevdb_open();
	nodedb_up = error == 0;
	if (!nodedb_up)
		host_logf(HYP_LOG_WARNING, "/run/devsw: %s; nodes have no "
		    "properties in udev and no links", strerror(error));
}

void
nodedb_close(void)
{
	struct node *n;

	while ((n = TAILQ_FIRST(&nodes)) != NULL) {
		TAILQ_REMOVE(&nodes, n, n_entry);
		host_udevdb_unset(n->n_state.ns_info.fi_name);
		free(n);
	}
	host_udevdb_close();
	nodedb_up = 0;
}
