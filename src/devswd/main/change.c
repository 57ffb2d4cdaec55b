/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * change.c - what is changed in a daemon that runs; change.h.
 *
 * Model
 *	All that changes claims is main's thread's, and done before the next
 *	event is looked at.  What each has to say goes to a stream in memory,
 *	and from there to the log and to who has asked.  All nodes that have to
 *	be made for it have one time together (front_nodes_within).
 *
 *	A claim for now is tried first by who makes it (cr_check), because the
 *	right to the device, which he gets from udev, has to be there before the
 *	device is opened:
 *
 *	devswctl		devswd			udevd
 *	CLAIM, cr_check
 *				says what is wrong
 *	writes CONTROL_CLAIMS
 *	asks udevd to look
 *							devswd --claimed:
 *							group devsw
 *	CLAIM
 *				journal: told
 *				opens the device
 *
 *	It is written down before anything of it is done, so that who has the
 *	answer has the claim, whatever becomes of this process; and what was
 *	written down is looked at again by the next one, as if it were told now.
 *
 * An upgrade changes nothing of that, and what it waits for holds up nobody: it
 * is its client's thread's.
 *
 * Locks
 *	None: main's thread only.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "front/front.h"
#include "host/host.h"
#include "host/udev.h"
#include "host/usbsys.h"
#include "hyp/hyp.h"
#include "main/change.h"
#include "main/daemon.h"
#include "main/keep.h"
#include "main/nodedb.h"
#include "main/nodes.h"
#include "main/now.h"
#include "main/perms.h"
#include "main/reload.h"
#include "main/upgrade.h"

#define	NODES_MS	5000	/* for nodes that the kernel does not begin: the
				   watchdog gives a turn of the loop 30 s */

static struct options *change_options;	/* in force */
static int change_argc;
static char **change_argv;
static const char *change_reason;	/* NULL: nothing is being changed */

void
change_open(struct options *o, int argc, char **argv)
{

	change_options = o;
	change_argc = argc;
	change_argv = argv;
}

const char *
change_why(void)
{

	return change_reason;
}

/* ---- claims for now ------------------------------------------------- */

/* What becomes of a device that a claim names. */
static const char *
outcome(const struct usbsys_dev *ud, const struct claim *c)
{
	char node[64];

	if (!c->c_force && usbsys_boot_hid(ud) != NULL)
		return "a keyboard or mouse, and not taken; add ,force to the "
		    "claim to have it taken";
	snprintf(node, sizeof(node), "/dev/bus/usb/%03u/%03u",
	    (unsigned)ud->ud_info.hi_bus, (unsigned)ud->ud_info.hi_addr);
	return access(node, R_OK | W_OK) == 0 ? "taken" :
	    "claimed, but devswd may not open it";
}

/* A line for each device that the claim names. */
static void
tell_devices(const struct claim *c, FILE *to)
{
	struct usbsys_dev *const ud = malloc(sizeof(*ud));
	size_t i, n, found = 0;
	char **paths;

	if (ud == NULL || usbsys_list(&paths, &n) != 0) {
		free(ud);
		return;
	}
	for (i = 0; i < n; i++) {
		if (usbsys_read(paths[i], ud) != 0 ||
		    claim_find(&change_options->o_claims, &ud->ud_info) != c)
			continue;
		fprintf(to, "%s: %s\n", paths[i], outcome(ud, c));
		found++;
	}
	if (found == 0)
		fprintf(to, "claim %s: not plugged in now\n", c->c_text);
	usbsys_list_free(paths, n);
	free(ud);
}

/* What a changed list of claims makes come and go. */
static void
claims_changed(FILE *to)
{

	reload_claims(change_options, 0, to);
	nodes_new();
	host_udev_rescan();
	nodedb_again();
}

/* Those that the next daemon is told of are those that are in force. */
static void
untell_others(void)
{
	struct told told = { .t_order = 0 };
	const struct claim *c;

	while (keep_told(TOLD_CLAIM, told.t_order, &told)) {
		TAILQ_FOREACH(c, &change_options->o_claims, c_entry) {
			if (c->c_now && strcmp(c->c_text, told.t_text) == 0)
				break;
		}
		if (c == NULL)
			keep_untell(TOLD_CLAIM, told.t_text);
	}
}

/* Its nodes are there from now on; NULL, or what is wrong. */
static const char *
pin(const struct claim *c)
{

	return c->c_unit != -1 && perms_pin(change_options, c) == EINVAL ?
	    "there is no such driver" : NULL;
}

/* Claims of the configuration's, in the list that has just been read. */
static void
released_again(FILE *to)
{
	struct claim_head *const head = &change_options->o_claims;
	struct told told = { .t_order = 0 };
	struct claim *c;

	while (keep_told(TOLD_RELEASED, told.t_order, &told)) {
		TAILQ_FOREACH(c, head, c_entry) {
			if (strcmp(c->c_text, told.t_text) == 0)
				break;
		}
		if (c == NULL) {
			keep_untell(TOLD_RELEASED, told.t_text);
			continue;
		}
		fprintf(to, "claim %s: stays released, until the configuration "
		    "is read again\n", c->c_name[0] != '\0' ? c->c_name :
		    c->c_text);
		TAILQ_REMOVE(head, c, c_entry);
		free(c);
	}
}

/* It is read again: what was released is not any more. */
static void
untell_released(void)
{
	struct told told = { .t_order = 0 };

	while (keep_told(TOLD_RELEASED, told.t_order, &told))
		keep_untell(TOLD_RELEASED, told.t_text);
}

/* Of who comes after one that was told. */
static void
claims_again(FILE *to)
{
	struct claim_head *const head = &change_options->o_claims;
	struct told told = { .t_order = 0 };
	struct claim *c, *next;
	const char *why;

	released_again(to);
	while (keep_told(TOLD_CLAIM, told.t_order, &told))
		now_go_on(head, told.t_text, to);
	for (c = TAILQ_FIRST(head); c != NULL; c = next) {
		next = TAILQ_NEXT(c, c_entry);
		if (!c->c_now)
			continue;
		why = pin(c);
		fprintf(to, "claim %s of devswctl: %s%s\n", c->c_text,
		    why != NULL ? "does not count any more: " : "goes on",
		    why != NULL ? why : "");
		if (why != NULL) {
			TAILQ_REMOVE(head, c, c_entry);
			free(c);
		}
	}
	untell_others();
}

/* errno: EINVAL, it is none, or in the way of another. */
static int
change_claim(const struct control_request *cr, FILE *to)
{
	struct claim_head *const head = &change_options->o_claims;
	struct claim *c = NULL;
	const char *why;

	why = now_add(head, cr->cr_text, &c);
	if (why == NULL && cr->cr_check != 1)
		why = keep_tell(TOLD_CLAIM, c->c_text, 0);
	if (why == NULL && cr->cr_check != 1)
		why = pin(c);
	if (why != NULL)
		fprintf(to, "claim %s: %s\n", cr->cr_text, why);
	if (c != NULL && (why != NULL || cr->cr_check == 1)) {
		TAILQ_REMOVE(head, c, c_entry);
		free(c);
	}
	if (why != NULL) {
		untell_others();
		return EINVAL;
	}
	if (cr->cr_check != 1) {
		fprintf(to, "claim %s: new, for now\n", c->c_text);
		claims_changed(to);
		tell_devices(c, to);
	}
	return 0;
}

/* errno: ENOENT, there is no such claim. */
static int
change_release(const struct control_request *cr, FILE *to)
{
	struct claim *const c = now_drop(&change_options->o_claims,
	    cr->cr_text);
	const char *why;

	if (c == NULL) {
		fprintf(to, "claim %s: there is no claim of that name or "
		    "text\n", cr->cr_text);
		return ENOENT;
	}
	why = c->c_now ? NULL : keep_tell(TOLD_RELEASED, c->c_text, 0);
	fprintf(to, "claim %s: gone%s\n", cr->cr_text, c->c_now ? "" :
	    ", until the configuration is read again");
	if (why != NULL)
		fprintf(to, "and that is when the next devswd starts: %s\n",
		    why);
	untell_others();
	claims_changed(to);
	free(c);
	return 0;
}

/* ---- one device ----------------------------------------------------- */

/* errno: ENOENT, EALREADY; cr_text is a port, or nonsense. */
static int
change_device(const struct control_request *cr, FILE *to)
{
	const int detach = cr->cr_what == CONTROL_DETACH;
	char port[64];
	int error;

	(void)host_text_json(cr->cr_text, port, sizeof(port));
	error = detach ? host_udev_detach(cr->cr_text) :
	    host_udev_attach(cr->cr_text);
	switch (error) {
	case 0:
		fprintf(to, "%s: %s\n", port, detach ? "detached" : "attached");
		break;
	case ENOENT:
		fprintf(to, "%s: no device is there that a claim takes\n",
		    port);
		break;
	case EALREADY:
		fprintf(to, "%s: is not %s\n", port, detach ? "attached" :
		    "detached");
		break;
	default:
		fprintf(to, "%s: %s\n", port, strerror(error));
	}
	return error;
}

/* ---- all of them ---------------------------------------------------- */

/* errno: EINVAL, the configuration has mistakes. */
static int
change_config(FILE *to)
{
	int errors;

	host_logf(HYP_LOG_INFO, "reading the configuration again, and looking "
	    "through the bus");
	daemon_reloading();
	keep_forgive();
	errors = reload(change_options, change_argc, change_argv, to);
	if (errors == 0)
		untell_released();
	untell_others();
	nodedb_again();
	return errors != 0 ? EINVAL : 0;
}

/* By a signal of our own, which main's thread obeys. */
static int
change_upgrade(FILE *to)
{

	if (!keep_keeps()) {
		fprintf(to, "nobody keeps what is open for the next devswd: "
		    "--keep\n");
		return EOPNOTSUPP;
	}
	if (upgrade_check() != 0) {
		fprintf(to, "the next devswd does not start, or not with the "
		    "configuration as it is (devswd --check-config): this one "
		    "goes on\n");
		return ENOEXEC;
	}
	return kill(getpid(), SIGUSR2) == -1 ? errno : 0;
}

static int
change_it(const struct control_request *cr, FILE *to)
{

	switch (cr->cr_what) {
	case CONTROL_RELOAD:
		return change_config(to);
	case CONTROL_CLAIM:
		return change_claim(cr, to);
	case CONTROL_RELEASE:
		return change_release(cr, to);
	case CONTROL_DETACH:
	case CONTROL_ATTACH:
		return change_device(cr, to);
	default:
		return EOPNOTSUPP;
	}
}

static int
change_one(const struct control_request *cr, FILE *to)
{
	int error;

	if (cr->cr_what == CONTROL_UPGRADE)
		return change_upgrade(to);
	change_reason = "released";
	front_nodes_within(NODES_MS);
	error = change_it(cr, to);
	front_nodes_within(0);
	change_reason = NULL;
	return error;
}

static void
log_lines(const char *text, int level)
{
	char *const copy = strdup(text), *line, *rest;

	for (line = copy != NULL ? strtok_r(copy, "\n", &rest) : NULL;
	    line != NULL; line = strtok_r(NULL, "\n", &rest))
		host_logf(level, "%s", line);
	free(copy);
}

static FILE *
begin_text(char **text, size_t *size)
{
	FILE *const f = open_memstream(text, size);

	if (f == NULL)
		hyp_panic("out of memory");
	return f;
}

void
change_again(void)
{
	char *text = NULL;
	size_t size;
	FILE *f;

	f = begin_text(&text, &size);
	claims_again(f);
	fclose(f);
	log_lines(text, HYP_LOG_NOTICE);
	free(text);
}

char *
change(const struct control_request *cr, int *error)
{
	char *text = NULL;
	size_t size;
	FILE *f;

	f = begin_text(&text, &size);
	*error = change_one(cr, f);
	fclose(f);
	log_lines(text, *error != 0 ? HYP_LOG_ERR : HYP_LOG_INFO);
	if (cr->cr_what == CONTROL_RELOAD)
		daemon_notify("READY=1");
	return text;
}

void
change_reload(void)
{
	static const struct control_request cr = { .cr_what = CONTROL_RELOAD };
	int error;

	free(change(&cr, &error));
}
