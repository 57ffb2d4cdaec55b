/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * claim.c - claims for now: claim, release.
 *
 * With --json what has been done is an object for each: what was asked for, an
 * "error", null if there is none, what the daemon says, and the nodes.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devswctl/devswctl.h"

static void
tell_json(const char *word, const char *error, const char *text,
    json_t *nodes)
{
	json_t *const json = json_object();

	json_object_set_new(json, "name", json_stringn_nocheck(word,
	    strlen(word)));
	json_object_set_new(json, "error", error != NULL ?
	    json_string(error) : json_null());
	json_object_set_new(json, "text", json_string(text));
	json_object_set(json, "nodes", nodes);
	print_json(json, 0);
	json_decref(json);
}

static void
print_nodes(const json_t *nodes)
{
	const json_t *node;
	size_t i;

	json_array_foreach(nodes, i, node) {
		printf("/dev/");
		print_clean(json_string_value(node), 200);
		putchar('\n');
	}
}

/* The end of what was asked for: words, lines or JSON.  Exit status. */
static int
tell(const struct args *a, const char *word, int error, const char *text,
    const json_t *adapters, bool attached)
{
	json_t *const nodes = json_array();
	int status = EXIT_OK;

	if (error == 0 && !a->a_json)
		print_lines(text);
	else if (error != 0 && text[0] != '\0')
		status = complain_lines(text);
	else if (error != 0)
		status = complain("%s: %s", word, change_error(error));
	if (error == 0)
		status = ports_tell(adapters, attached, nodes);
	if (a->a_json)
		tell_json(word, error != 0 ? change_error(error) : NULL, text,
		    nodes);
	else
		print_nodes(nodes);
	json_decref(nodes);
	return status;
}

static int
ask(const char *path, uint32_t what, const char *word, bool check,
    char **text)
{
	struct control_request cr = { .cr_what = what, .cr_check = check };

	free(*text);
	*text = NULL;
	if (strlen(word) >= sizeof(cr.cr_text))
		return ENAMETOOLONG;
	strcpy(cr.cr_text, word);
	return daemon_ask(path, &cr, NULL, text);
}

/*
 * error = claim(path, word, &text)
 *
 *	Would the daemon take it?  Then the right to the device, and then it.
 */
static int
claim(const char *path, const char *word, char **text)
{
	int error;

	error = ask(path, CONTROL_CLAIM, word, true, text);
	if (error != 0)
		return error;
	error = right_give(path, word);
	if (error != 0) {
		complain("%s: %s", CONTROL_CLAIMS, strerror(error));
		return error;
	}
	error = ask(path, CONTROL_CLAIM, word, false, text);
	if (error != 0)
		right_take(path, word);
	return error;
}

static int
claim_one(const struct args *a, const char *path, const char *word)
{
	json_t *ports, *adapters = NULL;
	char *text = NULL;
	int error, status;

	error = claim(path, word, &text);
	if (error == 0) {
		ports = ports_of_claim(path, word);
		adapters = ports_settle(path, ports, true);
		json_decref(ports);
	}
	status = tell(a, word, error, text != NULL ? text : "", adapters,
	    true);
	json_decref(adapters);
	free(text);
	return status;
}

static int
release_one(const struct args *a, const char *path, const char *word)
{
	json_t *const ports = ports_of_claim(path, word);
	json_t *adapters = NULL;
	char *text = NULL;
	int error, status;

	error = ask(path, CONTROL_RELEASE, word, false, &text);
	if (error == 0)
		adapters = ports_settle(path, ports, false);
	if (error == 0 || error == ENOENT)
		right_take(path, word);
	status = tell(a, word, error, text != NULL ? text : "", adapters,
	    false);
	json_decref(adapters);
	json_decref(ports);
	free(text);
	return status;
}

static int
each(const struct args *a, int (*one)(const struct args *, const char *,
    const char *))
{
	char path[PATH_SIZE];
	int status = EXIT_OK;

	if (!daemon_only(a, path))
		return EXIT_FAILED;
	for (int i = 0; i < a->a_count; i++) {
		if ((*one)(a, path, a->a_words[i]) != EXIT_OK)
			status = EXIT_FAILED;
	}
	return flushed(status);
}

int
do_claim(const struct args *a)
{

	return each(a, claim_one);
}

int
do_release(const struct args *a)
{

	return each(a, release_one);
}
