/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * perms.c - which node has which owner, group and mode; perms.h.
 *
 * Model
 *	The front end gives a node what its class has.  A claim may have an
 *	owner, a group or a mode of its own, for the nodes of its devices:
 *
 *	a claim with a unit	its nodes are made with it, and have what it
 *				says from then on, with hardware or without
 *	any claim		when hardware has come to a node, the claim of
 *				the device there counts, until other hardware
 *				comes
 *
 *	A node is there a moment before its hardware is known here.  It could
 *	be looser in that moment than its claim has it; so if there is a claim
 *	like that, a new node is root's alone until then (front_config's
 *	strict).
 *
 * Locks
 *	None: main's thread only.
 */
#include <sys/queue.h>

#include <stdlib.h>
#include <string.h>

#include "hyp/hyp.h"
#include "hyp/hyp_node.h"
#include "host/usbsys.h"
#include "main/perms.h"

/* A node that was made for a claim's unit. */
struct pinned {
	LIST_ENTRY(pinned) pi_entry;
	uint32_t	 pi_minor;
	int		 pi_unit;
	char		 pi_driver[16];
};

static LIST_HEAD(, pinned) pins = LIST_HEAD_INITIALIZER(pins);
static struct options *perms_options;	/* in force */

static int
claim_has_perm(const struct claim *c)
{

	return c->c_perm.p_owner || c->c_perm.p_group || c->c_perm.p_mode;
}

int
perms_strict(const struct options *o)
{
	const struct claim *c;

	TAILQ_FOREACH(c, &o->o_claims, c_entry) {
		if (claim_has_perm(c))
			return 1;
	}
	return 0;
}

/* What a node shall be, by the claim of its hardware; c NULL: by its class. */
static void
set(const struct options *o, const struct front_nodeinfo *fi,
    const struct claim *c)
{
	struct front_perm fp;

	if (c == NULL || !claim_has_perm(c) ||
	    fi->fi_class == HYP_NODE_OTHER) {
		front_node_setperm(fi->fi_minor, NULL);
		return;
	}
	fp = perm_over(&c->c_perm, fi->fi_class == HYP_NODE_TTY ? &o->o_tty :
	    fi->fi_class == HYP_NODE_LP ? &o->o_lp :
	    fi->fi_class == HYP_NODE_USB ? &o->o_usb : &o->o_hid);
	front_node_setperm(fi->fi_minor, &fp);
}

static const struct claim *
claim_of_pin(const struct options *o, const struct pinned *pi)
{
	const struct claim *c;

	TAILQ_FOREACH(c, &o->o_claims, c_entry) {
		if (c->c_unit == pi->pi_unit &&
		    strcmp(c->c_driver, pi->pi_driver) == 0)
			break;
	}
	return c;
}

static int
is_pinned(uint32_t minor)
{
	const struct pinned *pi;

	LIST_FOREACH(pi, &pins, pi_entry) {
		if (pi->pi_minor == minor)
			return 1;
	}
	return 0;
}

/* A node that may be the claim's: new, and there was none before the pin. */
static void
note_pin(const struct claim *c, const struct front_nodeinfo *fi)
{
	struct pinned *pi = calloc(1, sizeof(*pi));

	if (pi == NULL)
		hyp_panic("out of memory");
	pi->pi_minor = fi->fi_minor;
	pi->pi_unit = c->c_unit;
	strcpy(pi->pi_driver, c->c_driver);
	LIST_INSERT_HEAD(&pins, pi, pi_entry);
}

/* The minor numbers that there are; the caller frees them. */
static uint32_t *
all_minors(size_t *np)
{
	struct front_nodeinfo fi;
	uint32_t *minors = NULL, next;
	size_t n = 0;

	for (next = 0; front_node_next(next, &fi); next = fi.fi_minor + 1) {
		minors = reallocarray(minors, n + 1, sizeof(*minors));
		if (minors == NULL)
			hyp_panic("out of memory");
		minors[n++] = fi.fi_minor;
	}
	*np = n;
	return minors;
}

int
perms_pin(const struct options *o, const struct claim *c)
{
	struct front_nodeinfo fi;
	uint32_t *before, next;
	size_t i, n;
	int error;

	before = all_minors(&n);
	error = hyp_node_pin(c->c_driver, (uint32_t)c->c_unit);
	for (next = 0; front_node_next(next, &fi); next = fi.fi_minor + 1) {
		for (i = 0; i < n && before[i] != fi.fi_minor; i++)
			continue;
		if (i < n || is_pinned(fi.fi_minor))
			continue;
		note_pin(c, &fi);
		set(o, &fi, c);
	}
	free(before);
	return error;
}

/* The claim of the device at a place, or NULL. */
static const struct claim *
claim_at(struct options *o, const char *place)
{
	struct usbsys_dev *ud;
	const struct claim *c = NULL;

	if ((ud = malloc(sizeof(*ud))) == NULL)
		hyp_panic("out of memory");
	if (usbsys_read(place, ud) == 0)
		c = claim_find(&o->o_claims, &ud->ud_info);
	free(ud);
	return c;
}

void
perms_node(const struct node_state *ns, const struct node_state *was)
{

	(void)was;
	if (ns->ns_attached && ns->ns_place[0] != '\0')
		set(perms_options, &ns->ns_info,
		    claim_at(perms_options, ns->ns_place));
}

/*
 * The same for any node.  Hardware that has been pulled out may not have left
 * yet, and then nobody can say whose it was: the node is as without it.
 */
static void
perms_idle(const struct node_state *ns, const struct node_state *was)
{
	const struct claim *c = NULL;
	const struct pinned *pi;

	(void)was;
	if (ns->ns_attached && ns->ns_place[0] != '\0')
		c = claim_at(perms_options, ns->ns_place);
	LIST_FOREACH(pi, &pins, pi_entry) {
		if (c == NULL && pi->pi_minor == ns->ns_info.fi_minor)
			c = claim_of_pin(perms_options, pi);
	}
	set(perms_options, &ns->ns_info, c);
}

void
perms_apply(struct options *o)
{

	perms_options = o;
	front_setperms(&o->o_tty, &o->o_hid, perms_strict(o));
	nodes_again(perms_idle);
}
