/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * show.c - all about a node, and who uses it.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devswctl/devswctl.h"

#define	LABEL	12

/* The answer about a node; NULL: complained. */
static json_t *
ask_node(const char *name)
{
	struct control_request cr = { .cr_what = CONTROL_NODE };
	char path[PATH_SIZE];
	json_t *json = NULL;
	int error;

	error = node_find(name, &cr, path);
	if (error == 0) {
		error = daemon_ask(path, &cr, &json, NULL);
		if (error == ENOENT)
			error = ENOSYS;
	}
	if (error != 0)
		complain("%s: %s", name, node_error(error));
	return json;
}

/* Names of users, which are not the daemon's to know. */
static void
add_users(json_t *json)
{
	char name[64];
	json_t *file;
	size_t i;

	json_array_foreach(json_object_get(json, "files"), i, file)
		json_object_set_new(file, "user", json_string(user_name(
		    (uid_t)number(file, "uid"), name, sizeof(name))));
}

/* ---- show ----------------------------------------------------------- */

/* "label   text", cut at the end of the line. */
__attribute__((format(printf, 2, 3)))
static void
row(const char *label, const char *format, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	printf("  %s%-*s%s", colour_on(BOLD), LABEL, label, colour_off(BOLD));
	print_clean(text, COLUMNS - LABEL - 2);
	putchar('\n');
}

static void
adapter_row(const char *label, const json_t *adapter)
{
	const char *const serial = member(adapter, "serial");

	row(label, "%s:%s port %s%s%s %s", member(adapter, "vid"),
	    member(adapter, "pid"), member(adapter, "port"),
	    serial[0] != '\0' ? " serial " : "", serial,
	    member(adapter, "product"));
}

static void
show_hardware(const json_t *node)
{
	const json_t *const adapter = json_object_get(node, "adapter");
	const json_t *const iface = json_object_get(node, "interface");
	const json_t *const left = json_object_get(node, "left");
	char since[32], number_of[32] = "";

	if (json_is_object(adapter)) {
		adapter_row("adapter", adapter);
		if (member(adapter, "claim")[0] != '\0')
			row("claim", "%s%s%s", member(adapter, "claim"),
			    member(adapter, "at")[0] != '\0' ? ", " : "",
			    member(adapter, "at"));
	}
	if (json_is_integer(iface))
		snprintf(number_of, sizeof(number_of), ", interface %lld",
		    (long long)json_integer_value(iface));
	if (member(node, "driver")[0] != '\0')
		row("driver", "%s%s", member(node, "driver"), number_of);
	if (strcmp(member(node, "semantics"), member(node, "next")) != 0)
		row("semantics", "%s; %s from the next first open on",
		    member(node, "semantics"), member(node, "next"));
	else
		row("semantics", "%s", member(node, "semantics"));
	when(node, "since", since, sizeof(since));
	if (since[0] != '\0')
		row("there since", "%s", since);
	if (json_is_object(left)) {
		when(left, "time", since, sizeof(since));
		row("last left", "%s, %s", since, member(left, "reason"));
	}
	if (json_is_object(json_object_get(left, "adapter")) &&
	    !json_is_object(adapter))
		adapter_row("which was", json_object_get(left, "adapter"));
}

/* What the line has carried and done since the adapter is there. */
static void
show_counts(const json_t *counts)
{
	static const struct {
		const char	*name, *text;
	} errors[] = {
		{ "breaks", "breaks" },
		{ "frame", "framing" },
		{ "parity", "parity" },
		{ "overrun", "overrun" },
		{ "buf_overrun", "buffer overrun" },
	};
	char text[160] = "";
	size_t n = 0;

	if (!json_is_object(counts))
		return;
	row("bytes", "%lld in, %lld out", number(counts, "rx"),
	    number(counts, "tx"));
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (number(counts, errors[i].name) > 0 && n < sizeof(text))
			n += (size_t)snprintf(text + n, sizeof(text) - n,
			    "%s%lld %s", n == 0 ? "" : ", ",
			    number(counts, errors[i].name), errors[i].text);
	row("line errors", "%s", n == 0 ? "none" : text);
}

static void
show_line(const json_t *line)
{
	static const char *const lines[] =
	    { "rts", "dtr", "cts", "dsr", "dcd", "ri" };
	const long long speed = number(line, "speed");
	const long long rate = number(line, "rate");
	char modem[64] = "", made[40] = "";
	size_t n = 0;

	if (!json_is_object(line))
		return;
	if (rate != 0 && rate != speed)
		snprintf(made, sizeof(made), " (%lld)", rate);
	row("line", "%lld%s %s%s%s%s, %s", speed, made,
	    member(line, "format"), is_true(line, "rtscts") ? " rts/cts" : "",
	    is_true(line, "xonxoff") ? " xon/xoff" : "",
	    is_true(line, "clocal") ? " clocal" : "",
	    is_true(line, "raw") ? "raw" : "cooked");
	if (json_object_get(line, "dtr") == NULL)
		return;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (is_true(line, lines[i]))
			n += (size_t)snprintf(modem + n, sizeof(modem) - n,
			    "%s%s", n == 0 ? "" : " ", lines[i]);
	row("modem lines", "%s", n == 0 ? "all off" : modem);
}

static void	put_files(struct table *, const char *, const json_t *);

static struct table *
who_table(void)
{

	return table_new(7, "NODE", "PID", "USER", "COMMAND", "SINCE", "STATE",
	    "CALLS");
}

static void
show_node(const json_t *node)
{
	struct table *t;

	printf("%s", colour_on(BOLD));
	print_clean(member(node, "name"), COLUMNS - 10);
	printf("%s: %s%s\n", colour_off(BOLD),
	    is_true(node, "attached") ? "there" : "away",
	    is_true(node, "stuck") ? ", stuck" :
	    is_true(node, "closing") ? ", closing" : "");
	show_hardware(node);
	if (json_object_get(node, "files") == NULL) {
		row("use", "only its owner, root and the group devsw see it");
		return;
	}
	show_line(json_object_get(node, "line"));
	show_counts(json_object_get(json_object_get(node, "line"), "counts"));
	row("open", "%lld times, %lld calls in the driver",
	    number(node, "opens"), number(node, "calls"));
	t = who_table();
	put_files(t, member(node, "name"), node);
	if (table_rows(t) > 0)
		table_print(t);
	else
		table_free(t);
	print_died(json_object_get(node, "died"));
}

int
do_show(const struct args *a)
{
	int status = EXIT_OK;
	json_t *node;

	for (int i = 0; i < a->a_count; i++) {
		node = ask_node(a->a_words[i]);
		if (node == NULL) {
			status = EXIT_FAILED;
			continue;
		}
		add_users(node);
		if (a->a_json)
			print_json(node, 0);
		else
			show_node(node);
		json_decref(node);
	}
	return flushed(status);
}

/* ---- who ------------------------------------------------------------ */

static const char *
state_of(const json_t *file)
{

	return is_true(file, "stale") ? "stale" :
	    is_true(file, "opening") ? "opening" :
	    is_true(file, "ended") ? "inherited" : "open";
}

static void
put_files(struct table *t, const char *name, const json_t *node)
{
	char pid[32], calls[64], since[32];
	const json_t *file, *call;
	size_t i, j, n;

	json_array_foreach(json_object_get(node, "files"), i, file) {
		snprintf(pid, sizeof(pid), "%lld", number(file, "pid"));
		when(file, "since", since, sizeof(since));
		calls[0] = '\0';
		n = 0;
		json_array_foreach(json_object_get(file, "calls"), j, call) {
			if (n + 1 < sizeof(calls))
				n += (size_t)snprintf(calls + n,
				    sizeof(calls) - n, "%s%s", n == 0 ? "" :
				    " ", json_string_value(call));
		}
		table_put(t, PLAIN, name);
		table_put(t, PLAIN, number(file, "pid") != 0 ? pid : "?");
		table_put(t, PLAIN, member(file, "user"));
		table_put(t, PLAIN, member(file, "command")[0] != '\0' ?
		    member(file, "command") : "?");
		table_put(t, PLAIN, since);
		table_put(t, is_true(file, "stale") ? RED : PLAIN,
		    state_of(file));
		table_put(t, PLAIN, n == 0 ? "-" : calls);
	}
}

struct who {
	const struct args *w_args;
	struct table	*w_table;
	bool		 w_named;	/* the nodes were asked for */
	int		 w_status;
};

static void
who_node(struct who *w, const char *name)
{
	json_t *const node = ask_node(name);

	if (node == NULL) {
		w->w_status = EXIT_FAILED;
		return;
	}
	add_users(node);
	if (json_object_get(node, "files") == NULL) {
		if (w->w_named)
			w->w_status = complain("%s: only its owner, root and "
			    "the group devsw see who uses it", name);
	} else if (!w->w_args->a_json) {
		put_files(w->w_table, member(node, "name"), node);
	} else {
		json_t *const out = json_pack("{s:O, s:O}", "name",
		    json_object_get(node, "name"), "files",
		    json_object_get(node, "files"));

		print_json(out, 0);
		json_decref(out);
	}
	json_decref(node);
}

static int
who_all(json_t *json, void *arg)
{
	const json_t *node;
	size_t i;

	json_array_foreach(json_object_get(json, "nodes"), i, node)
		who_node(arg, member(node, "name"));
	return EXIT_OK;
}

int
do_who(const struct args *a)
{
	struct who w = { .w_args = a, .w_table = who_table(),
	    .w_named = a->a_count > 0, .w_status = EXIT_OK };
	int status = EXIT_OK;

	for (int i = 0; i < a->a_count; i++)
		who_node(&w, a->a_words[i]);
	if (a->a_count == 0)
		status = daemons_each(a, CONTROL_STATUS, who_all, &w);
	if (!a->a_json && table_rows(w.w_table) > 0)
		table_print(w.w_table);
	else
		table_free(w.w_table);
	return flushed(status != EXIT_OK ? status : w.w_status);
}
