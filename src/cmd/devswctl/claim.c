/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * claim.c - claims for now, and devices let go for now: claim, release, detach,
 * attach.
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
    const json_t *adapters, enum ports wanted)
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
		status = ports_tell(adapters, wanted, nodes);
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
 *	Would the daemon take it?  Then the right to the device, and then it.  A
 *	daemon that has ended before it answered may have left it to the next.
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
	if (error != 0 && error != ECONNRESET)
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
		adapters = ports_settle(path, ports, ATTACHED);
		json_decref(ports);
	}
	status = tell(a, word, error, text != NULL ? text : "", adapters,
	    ATTACHED);
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
		adapters = ports_settle(path, ports, RELEASED);
	if (error == 0 || error == ENOENT)
		right_take(path, word);
	status = tell(a, word, error, text != NULL ? text : "", adapters,
	    RELEASED);
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

/* ---- detach, attach ------------------------------------------------- */

/* "1-1.4" is a port; no node begins with a digit. */
static bool
is_port(const char *word)
{
	const size_t bus = strspn(word, "0123456789");

	return bus > 0 && word[bus] == '-' && word[bus + 1 +
	    strspn(word + bus + 1, "0123456789.")] == '\0';
}

/*
 * status = port_of(args, word, port, path)
 *
 *	The port, PORT_SIZE, that is meant, and the daemon; complains.  A node's
 *	is that of its adapter, or of the one that it had last.
 */
#define	PORT_SIZE	64
static int
port_of(const struct args *a, const char *word, char *port, char *path)
{
	struct control_request cr = { .cr_what = CONTROL_NODE };
	const json_t *adapter;
	json_t *node = NULL;
	int error;

	if (is_port(word)) {
		snprintf(port, PORT_SIZE, "%s", word);
		return daemon_only(a, path) ? EXIT_OK : EXIT_FAILED;
	}
	error = node_find(word, &cr, path);
	if (error == 0)
		error = daemon_ask(path, &cr, &node, NULL);
	if (error != 0)
		return complain("%s: %s", word, node_error(error));
	adapter = json_object_get(node, "adapter");
	if (!json_is_object(adapter))
		adapter = json_object_get(json_object_get(node, "left"),
		    "adapter");
	snprintf(port, PORT_SIZE, "%s", member(adapter, "port"));
	json_decref(node);
	return port[0] != '\0' ? EXIT_OK :
	    complain("%s: it has had no adapter", word);
}

static int
device_one(const struct args *a, const char *word, uint32_t what)
{
	const enum ports wanted = what == CONTROL_ATTACH ? ATTACHED : DETACHED;
	json_t *ports, *adapters = NULL;
	char port[PORT_SIZE], path[PATH_SIZE], *text = NULL;
	int error, status;

	if (port_of(a, word, port, path) != EXIT_OK)
		return EXIT_FAILED;
	error = ask(path, what, port, false, &text);
	if (error == 0) {
		ports = json_pack("[s]", port);
		adapters = ports_settle(path, ports, wanted);
		json_decref(ports);
	}
	status = tell(a, word, error, text != NULL ? text : "", adapters,
	    wanted);
	json_decref(adapters);
	free(text);
	return status;
}

static int
each_device(const struct args *a, uint32_t what)
{
	int status = EXIT_OK;

	for (int i = 0; i < a->a_count; i++) {
		if (device_one(a, a->a_words[i], what) != EXIT_OK)
			status = EXIT_FAILED;
	}
	return flushed(status);
}

int
do_detach(const struct args *a)
{

	return each_device(a, CONTROL_DETACH);
}

int
do_attach(const struct args *a)
{

	return each_device(a, CONTROL_ATTACH);
}
