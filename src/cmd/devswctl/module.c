/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * module.c - what changes something: revoke, modules, reload.
 *
 * With --json what has been done is an object for each: what was asked for,
 * and an "error", null if there is none.
 */
#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <devsw/revoke.h>
#include "devswctl/devswctl.h"

/* Say how it ended; why: NULL if well. */
static int
result(const struct args *a, const char *what, const char *why)
{
	json_t *json;

	if (why != NULL)
		complain("%s: %s", what, why);
	if (a->a_json) {
		json = json_object();
		json_object_set_new(json, "name", json_stringn_nocheck(what,
		    strlen(what)));
		json_object_set_new(json, "error", why != NULL ?
		    json_string(why) : json_null());
		print_json(json, 0);
		json_decref(json);
	}
	return flushed(why != NULL ? EXIT_FAILED : EXIT_OK);
}

static const char *
why_not_revoke(int error)
{

	switch (error) {
	case EPERM:
		return "only its owner and root may revoke it";
	case EOPNOTSUPP:
		/* Not another version's: devswd's semantics have no revoke. */
		return strerror(error);
	default:
		return node_error(error);
	}
}

int
do_revoke(const struct args *a)
{
	int status = EXIT_OK;
	char path[300];

	for (int i = 0; i < a->a_count; i++) {
		const char *const node = a->a_words[i];
		int error;

		if (strchr(node, '/') == NULL && strlen(node) < 256)
			snprintf(path, sizeof(path), "/dev/%s", node);
		error = revoke(strchr(node, '/') == NULL &&
		    strlen(node) < 256 ? path : node) == 0 ? 0 : errno;
		if (result(a, node, error == 0 ? NULL :
		    why_not_revoke(error)) != EXIT_OK)
			status = EXIT_FAILED;
	}
	return status;
}

/* ---- modules -------------------------------------------------------- */

static const char *
why_not_module(uint32_t what, int error)
{

	switch (error) {
	case EPERM:
		return "only root may";
	case EBUSY:
		return "it is in use";
	case ENOENT:
		return what == CONTROL_MODUNLOAD ? "no such module is loaded" :
		    strerror(error);
	default:
		return change_error(error);
	}
}

/* errno */
static int
text_of(const char *text, struct control_request *cr)
{

	if (strlen(text) >= sizeof(cr->cr_text))
		return ENAMETOOLONG;
	strcpy(cr->cr_text, text);
	return 0;
}

/* errno: the file as the daemon, whose directory is another, finds it. */
static int
file_of(const char *path, struct control_request *cr)
{
	char *whole = realpath(path, NULL);
	struct stat st;
	int error;

	if (whole == NULL)
		return errno;
	error = stat(whole, &st) == -1 ? errno : text_of(whole, cr);
	free(whole);
	if (error == 0) {
		cr->cr_dev = st.st_dev;
		cr->cr_ino = st.st_ino;
	}
	return error;
}

static int
do_module(const struct args *a, uint32_t what)
{
	struct control_request cr = { .cr_what = what };
	const char *const arg = a->a_words[0];
	char path[PATH_SIZE], *text = NULL;
	int error, status;

	error = what == CONTROL_MODLOAD ? file_of(arg, &cr) :
	    text_of(arg, &cr);
	if (error != 0)
		return result(a, arg, strerror(error));
	if (!daemon_only(a, path))
		return EXIT_FAILED;
	error = daemon_ask(path, &cr, NULL, &text);
	status = result(a, arg, error == 0 ? NULL :
	    text != NULL && text[0] != '\0' ? text :
	    why_not_module(what, error));
	free(text);
	return status;
}

int
do_modload(const struct args *a)
{

	return do_module(a, CONTROL_MODLOAD);
}

int
do_modunload(const struct args *a)
{

	return do_module(a, CONTROL_MODUNLOAD);
}

/* ---- reload --------------------------------------------------------- */

static int
ask_for(const struct args *a, uint32_t what, const char *name)
{
	struct control_request cr = { .cr_what = what };
	char path[PATH_SIZE], *text = NULL;
	int error, status = EXIT_OK;
	json_t *json;

	if (!daemon_only(a, path))
		return EXIT_FAILED;
	error = daemon_ask(path, &cr, NULL, &text);
	if (a->a_json) {
		json = json_object();
		json_object_set_new(json, "error", error != 0 ?
		    json_string(change_error(error)) : json_null());
		json_object_set_new(json, "text", json_string(text != NULL ?
		    text : ""));
		print_json(json, 0);
		json_decref(json);
	} else if (text != NULL) {
		print_lines(text);
	}
	if (error != 0)
		status = complain("%s: %s", name, change_error(error));
	free(text);
	return flushed(status);
}

int
do_reload(const struct args *a)
{

	return ask_for(a, CONTROL_RELOAD, "reload");
}

int
do_upgrade(const struct args *a)
{

	return ask_for(a, CONTROL_UPGRADE, "upgrade");
}
