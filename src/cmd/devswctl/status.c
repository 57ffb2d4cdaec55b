/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * status.c - how daemons are: status, modules, version.
 */
#include <stdio.h>
#include <string.h>

#include "devswctl/devswctl.h"

static void
print_nodes(const json_t *json)
{
	struct table *const t = table_new(4, "NODE", "HARDWARE", "OPEN",
	    "CALLS");
	char opens[32], calls[32];
	const json_t *node;
	bool stuck;
	size_t i;

	json_array_foreach(json_object_get(json, "nodes"), i, node) {
		stuck = is_true(node, "stuck");
		snprintf(opens, sizeof(opens), "%lld", number(node, "opens"));
		snprintf(calls, sizeof(calls), "%lld%s", number(node, "calls"),
		    stuck ? ", stuck" : is_true(node, "closing") ?
		    ", closing" : "");
		table_put(t, PLAIN, member(node, "name"));
		table_put(t, is_true(node, "attached") ? PLAIN : DIM,
		    is_true(node, "attached") ? "there" : "away");
		/* Not everybody is told. */
		if (json_object_get(node, "opens") == NULL) {
			table_put(t, DIM, "-");
			table_put(t, DIM, "-");
			continue;
		}
		table_put(t, PLAIN, opens);
		table_put(t, stuck ? RED : PLAIN, calls);
	}
	table_print(t);
}

/* One of its last calls. */
static void
print_last(const json_t *last)
{

	printf("  %lld ms before its last call: %s of %s, ",
	    number(last, "before_ms"), member(last, "call"),
	    member(last, "node"));
	if (json_object_get(last, "took_ms") != NULL)
		printf("%lld ms\n", number(last, "took_ms"));
	else
		printf("no answer\n");
}

static void
print_driver(const json_t *driver)
{
	const bool node = json_object_get(driver, "node") != NULL;
	const char *const name = member(driver, node ? "node" : "device");

	printf("  thread ");
	print_clean(member(driver, "thread"), COLUMNS);
	printf(" was in ");
	print_clean(member(driver, "in"), COLUMNS);
	if (name[0] != '\0') {
		printf(" of ");
		print_clean(name, COLUMNS);
	}
	printf("\n");
}

void
print_died(const json_t *died)
{
	const json_t *each;
	size_t i;

	if (died == NULL)
		return;
	printf("the one before it died: ");
	print_clean(member(died, "why")[0] != '\0' ? member(died, "why") :
	    "it was killed", 2 * COLUMNS);
	printf("\n");
	json_array_foreach(json_object_get(died, "drivers"), i, each)
		print_driver(each);
	json_array_foreach(json_object_get(died, "calls"), i, each)
		printf("  in the middle of: %s of %s\n", member(each, "call"),
		    member(each, "node"));
	json_array_foreach(json_object_get(died, "files"), i, each)
		printf("  %s was open, by process %lld of user %lld\n",
		    member(each, "node"), number(each, "pid"),
		    number(each, "uid"));
	json_array_foreach(json_object_get(died, "last"), i, each)
		print_last(each);
	if (number(died, "ncalls") > (long long)json_array_size(
	    json_object_get(died, "calls")) || number(died, "nfiles") >
	    (long long)json_array_size(json_object_get(died, "files")))
		printf("  in all %lld calls and %lld files\n",
		    number(died, "ncalls"), number(died, "nfiles"));
}

static int
status_one(json_t *json, void *arg)
{
	const json_t *const zombies = json_object_get(json, "zombies");
	const struct args *const a = arg;
	const json_t *module;
	size_t i;

	if (a->a_json)
		return print_json(json, 0);
	printf("devswd %s, process %lld, major %lld, semantics %s\n",
	    member(json, "version"), number(json, "pid"),
	    number(json, "major"), member(json, "semantics"));
	printf("threads %lld (%lld idle), memory %lld KiB\n",
	    number(json, "threads"), number(json, "idle"),
	    number(json_object_get(json, "memory"), "bytes") / 1024);
	printf("stuck: %lld calls, %lld drivers, %lld transfers\n",
	    number(zombies, "calls"), number(zombies, "drivers"),
	    number(zombies, "transfers"));
	printf("modules:");
	json_array_foreach(json_object_get(json, "modules"), i, module) {
		putchar(' ');
		print_clean(json_string_value(module), COLUMNS);
	}
	printf("%s\n", i == 0 ? " none" : "");
	print_died(json_object_get(json, "died"));
	print_nodes(json);
	return EXIT_OK;
}

int
do_status(const struct args *a)
{
	struct args copy = *a;

	return flushed(daemons_each(a, CONTROL_STATUS, status_one, &copy));
}

static int
modules_one(json_t *json, void *arg)
{
	const json_t *const modules = json_object_get(json, "modules");
	const struct args *const a = arg;
	const json_t *module;
	size_t i;

	if (a->a_json)
		return print_json(modules, 0);
	json_array_foreach(modules, i, module) {
		print_clean(json_string_value(module), 200);
		putchar('\n');
	}
	return EXIT_OK;
}

int
do_modules(const struct args *a)
{
	struct args copy = *a;

	return flushed(daemons_each(a, CONTROL_STATUS, modules_one, &copy));
}

static int
version_one(json_t *json, void *arg)
{
	const struct args *const a = arg;
	json_t *out;

	if (!a->a_json) {
		printf("devswd %s, process %lld, major %lld\n",
		    member(json, "version"), number(json, "pid"),
		    number(json, "major"));
		return EXIT_OK;
	}
	out = json_pack("{s:s, s:s, s:I, s:I}", "devswctl", DEVSW_VERSION,
	    "devswd", member(json, "version"), "pid",
	    (json_int_t)number(json, "pid"), "major",
	    (json_int_t)number(json, "major"));
	print_json(out, 0);
	json_decref(out);
	return EXIT_OK;
}

int
do_version(const struct args *a)
{
	struct args copy = *a;

	if (!a->a_json)
		printf("devswctl " DEVSW_VERSION "\n");
	return flushed(daemons_each(a, CONTROL_STATUS, version_one, &copy));
}
