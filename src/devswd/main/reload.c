/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reload.c - the configuration, read again; reload.h.
 *
 * Model
 *	The new options are made beside the old ones, compared, and take their
 *	place.  A claim is the same if its text, its nodes' owner, group and
 *	mode, and what it says of lines are; what it knows of its devices goes
 *	with its text (claim_adopt), so that a device keeps its unit.  What is
 *	said of lines now reaches the devices that stay, and counts when they
 *	are opened next (host_udev_rematch).  Which devices come and go is not
 *	worked out from the claims: each device that is known is matched again,
 *	and if the answer is another one it leaves, and comes again by the
 *	rescan that follows (host_udev_rematch).  Claims for now go on (now.h).
 *
 *	What is fixed when the daemon starts (the major number, semantics,
 *	threads) stays, and the answer says so.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "front/front.h"
#include "host/host.h"
#include "host/udev.h"
#include "hyp/hyp.h"
#include "hyp/hyp_node.h"
#include "main/mistake.h"
#include "main/nodes.h"
#include "main/now.h"
#include "main/perms.h"
#include "main/reload.h"
#include "main/units.h"

static int
same_text(const char *a, const char *b)
{

	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static int
same_perm(const struct front_perm *a, const struct front_perm *b)
{

	return a->uid == b->uid && a->gid == b->gid && a->mode == b->mode;
}

/* ---- claims --------------------------------------------------------- */

static const char *
claim_title(const struct claim *c)
{

	return c->c_name[0] != '\0' ? c->c_name : c->c_text;
}

static int
same_claim_perm(const struct perm *a, const struct perm *b)
{

	return a->p_owner == b->p_owner && a->p_group == b->p_group &&
	    a->p_mode == b->p_mode && same_perm(&a->p_perm, &b->p_perm);
}

/*
 * Semantics, which are told of by name: what is open does not change.  was:
 * NULL if the claim is new.
 */
static void
compare_semantics(const struct claim *c, const struct claim *was, FILE *to)
{
	const char *const name = line_semantics(&c->c_line);

	if (was != NULL && was->c_line.hl_semantics != c->c_line.hl_semantics)
		fprintf(to, "claim %s: semantics %s, from the next first open "
		    "of each node on\n", claim_title(c), name != NULL ? name :
		    "as the daemon's");
}

/* The same name if there are names, the same devices otherwise. */
static struct claim *
claim_like(struct claim_head *head, const struct claim *like)
{
	struct claim *c;

	TAILQ_FOREACH(c, head, c_entry) {
		if (strcmp(c->c_name, like->c_name) == 0 &&
		    (c->c_name[0] != '\0' ||
		    strcmp(c->c_text, like->c_text) == 0))
			break;
	}
	return c;
}

static void
compare_claims(struct claim_head *old, struct claim_head *new, FILE *to)
{
	struct claim *c, *was;

	TAILQ_FOREACH(c, old, c_entry) {
		if (claim_like(new, c) == NULL)
			fprintf(to, "claim %s: gone\n", claim_title(c));
	}
	TAILQ_FOREACH(c, new, c_entry) {
		was = claim_like(old, c);
		if (was != NULL && strcmp(was->c_text, c->c_text) == 0) {
			claim_adopt(c, was);
			if (same_claim_perm(&c->c_perm, &was->c_perm) &&
			    line_same(&c->c_line, &was->c_line))
				continue;
		}
		fprintf(to, "claim %s: %s\n", claim_title(c), was == NULL ?
		    "new" : "changed");
		compare_semantics(c, was, to);
	}
}

/* ---- settings ------------------------------------------------------- */

/* What a daemon that runs cannot change. */
static void
compare_fixed(const struct options *old, const struct options *new, FILE *to)
{
	const struct {
		const char	*name;
		int		 same;
	} fixed[] = {
		{ "major", old->o_major == new->o_major },
		{ "max-threads", old->o_max_threads == new->o_max_threads },
		{ "keep", old->o_keep == new->o_keep },
		{ "deadline", old->o_deadline == new->o_deadline },
		{ "module-dir", same_text(old->o_module_dir,
		    new->o_module_dir) },
		{ "semantics", same_text(old->o_semantics, new->o_semantics) },
		{ "defaults", same_text(old->o_defaults, new->o_defaults) },
		{ "trace", same_text(old->o_trace, new->o_trace) },
	};

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		if (!fixed[i].same)
			fprintf(to, "%s: counts after the next start\n",
			    fixed[i].name);
	}
}

static int
has_module(const struct options *o, const char *path)
{

	for (unsigned i = 0; i < o->o_nmodules; i++) {
		if (strcmp(o->o_modules[i], path) == 0)
			return 1;
	}
	return 0;
}

int
reload_module(const char *path, char *why, size_t len)
{
	const struct hyp_cred root = { .hc_pid = (int32_t)getpid() };
	struct hyp_lwp *l;
	int error;

	why[0] = '\0';
	l = hyp_lwp_enter(&root);
	error = hyp_module_load(path, why, len);
	hyp_lwp_exit(l);
	if (error != 0 && why[0] == '\0')
		snprintf(why, len, "%s", strerror(error));
	return error;
}

/* New ones are loaded; the others stay, as somebody may use them. */
static void
load_modules(const struct options *old, const struct options *new, FILE *to)
{
	char why[512];
	int error;

	for (unsigned i = 0; i < new->o_nmodules; i++) {
		if (has_module(old, new->o_modules[i]))
			continue;
		error = reload_module(new->o_modules[i], why, sizeof(why));
		fprintf(to, "module %s: %s\n", new->o_modules[i],
		    error == 0 ? "loaded" : why);
	}
	for (unsigned i = 0; i < old->o_nmodules; i++) {
		if (!has_module(new, old->o_modules[i]))
			fprintf(to, "module %s: stays loaded; devswctl "
			    "modunload\n", old->o_modules[i]);
	}
}

static void
compare_perms(const struct options *old, const struct options *new, FILE *to)
{

	if (!same_perm(&old->o_tty, &new->o_tty))
		fprintf(to, "owner, group, mode: changed\n");
	if (!same_perm(&old->o_hid, &new->o_hid))
		fprintf(to, "hid-owner, hid-group, hid-mode: changed\n");
}

/* ---- all of it ------------------------------------------------------ */

void
reload_claims(struct options *o, int attach, FILE *to)
{
	const struct claim *c;
	unsigned left;

	perms_apply(o);
	units_load(o->o_units ? o->o_units_file : NULL, &o->o_claims);
	nodes_again(units_node);
	TAILQ_FOREACH(c, &o->o_claims, c_entry) {
		if (c->c_unit != -1 && perms_pin(o, c) == EINVAL)
			fprintf(to, "claim %s: there is no driver %s\n",
			    claim_title(c), c->c_driver);
	}
	left = host_udev_rematch(attach);
	if (left > 0)
		fprintf(to, "devices that leave, or get another unit: %u\n",
		    left);
}

/* new takes the place of old, and what it says is done. */
static void
take_over(struct options *old, struct options *new, FILE *to)
{
	struct options was = *old;

	now_keep(&old->o_claims, &new->o_claims, to);
	compare_claims(&old->o_claims, &new->o_claims, to);
	compare_perms(old, new, to);
	compare_fixed(old, new, to);
	load_modules(old, new, to);

	/* The heads of lists must not be copied. */
	TAILQ_INIT(&was.o_claims);
	TAILQ_CONCAT(&was.o_claims, &old->o_claims, c_entry);
	*old = *new;
	TAILQ_INIT(&old->o_claims);
	TAILQ_CONCAT(&old->o_claims, &new->o_claims, c_entry);

	reload_claims(old, 1, to);
	options_free(&was);
}

int
reload(struct options *o, int argc, char **argv, FILE *to)
{
	struct options new;
	int errors;

	mistakes_to(to);
	errors = options_parse(argc, argv, &new);
	mistakes_to(NULL);
	if (errors == 0)
		take_over(o, &new, to);
	else {
		fprintf(to, "the old configuration stays in force\n");
		options_free(&new);
	}
	front_node_settled(NULL);
	hyp_nodes_again();
	front_nodes_again();
	nodes_new();
	host_udev_rescan();
	return errors;
}
