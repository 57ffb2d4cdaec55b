/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * list.c - what is plugged in, as claims and nodes see it or as the bus does,
 * and the names of nodes and claims.
 */
#include <stdio.h>
#include <string.h>

#include "devswctl/devswctl.h"

/* "a b c", as much of it as fits. */
static void
join(const json_t *array, char *buf, size_t size)
{
	const json_t *text;
	size_t i, n = 0;

	buf[0] = '\0';
	json_array_foreach(array, i, text) {
		if (n + 1 < size)
			n += (size_t)snprintf(buf + n, size - n, "%s%s",
			    i == 0 ? "" : " ", json_string_value(text) != NULL ?
			    json_string_value(text) : "?");
	}
}

static bool
is_ours(const json_t *adapter)
{

	return member(adapter, "fits")[0] != '\0' ||
	    member(adapter, "claim")[0] != '\0';
}

static void
put_adapter(struct table *t, const json_t *adapter, const char *usual)
{
	const char *const claim = member(adapter, "claim");
	const char *const semantics = member(adapter, "semantics");
	const bool refused = is_true(adapter, "refused");
	const bool detached = is_true(adapter, "detached");
	char ids[64], nodes[256], taken[320];

	/* Those of the daemon need not be said. */
	if (semantics[0] == '\0' || strcmp(semantics, usual) == 0)
		snprintf(taken, sizeof(taken), "%s", claim);
	else
		snprintf(taken, sizeof(taken), "%s (%s)", claim, semantics);
	snprintf(ids, sizeof(ids), "%.8s:%.8s", member(adapter, "vid"),
	    member(adapter, "pid"));
	join(json_object_get(adapter, "nodes"), nodes, sizeof(nodes));
	table_put(t, PLAIN, ids);
	table_put(t, PLAIN, member(adapter, "port"));
	table_put(t, PLAIN, member(adapter, "driver")[0] != '\0' ?
	    member(adapter, "driver") : member(adapter, "fits")[0] != '\0' ?
	    member(adapter, "fits") : "-");
	table_put(t, PLAIN, member(adapter, "chip")[0] != '\0' ?
	    member(adapter, "chip") : "-");
	table_put(t, claim[0] == '\0' ? DIM : refused || detached ?
	    YELLOW : PLAIN, claim[0] == '\0' ? "not claimed" : refused ?
	    "refused" : detached ? "detached" : taken);
	table_put(t, PLAIN, nodes[0] != '\0' ? nodes : "-");
	table_put(t, PLAIN, member(adapter, "serial")[0] != '\0' ?
	    member(adapter, "serial") : "-");
	table_put(t, PLAIN, member(adapter, "product"));
}

static void
put_away(struct table *t, const json_t *node)
{

	if (is_true(node, "attached"))
		return;
	table_put(t, DIM, "-");
	table_put(t, DIM, "-");
	table_put(t, DIM, "-");
	table_put(t, DIM, "-");
	table_put(t, DIM, "away");
	table_put(t, PLAIN, member(node, "name"));
	table_put(t, DIM, "-");
	table_put(t, DIM, "");
}

static int
list_one(json_t *json, void *arg)
{
	json_t *const adapters = json_object_get(json, "adapters");
	const struct args *const a = arg;
	struct table *t;
	json_t *one;
	size_t i;

	if (!a->a_all) {
		for (i = json_array_size(adapters); i-- > 0;) {
			if (!is_ours(json_array_get(adapters, i)))
				json_array_remove(adapters, i);
		}
	}
	if (a->a_json)
		return print_json(json, 0);
	t = table_new(8, "VID:PID", "PORT", "DRIVER", "CHIP", "CLAIM",
	    "NODES", "SERIAL", "PRODUCT");
	table_yield(t, 2);	/* what the device has written */
	json_array_foreach(adapters, i, one)
		put_adapter(t, one, member(json, "semantics"));
	json_array_foreach(json_object_get(json, "nodes"), i, one)
		put_away(t, one);
	if (table_rows(t) == 0 && !a->a_all) {
		table_free(t);
		printf("nothing is plugged in that devswd has a driver for "
		    "(--all shows the rest)\n");
	} else {
		table_print(t);
	}
	return EXIT_OK;
}

int
do_list(const struct args *a)
{
	struct args copy = *a;

	return flushed(daemons_each(a, CONTROL_LIST, list_one, &copy));
}

/* The device's own word, or "vendor 0403", as usbdevs(8) says it. */
static void
put_name(struct table *t, const json_t *adapter, const char *what,
    const char *id)
{
	char text[32];

	snprintf(text, sizeof(text), "%s %.8s", what, member(adapter, id));
	table_put(t, PLAIN, member(adapter, what)[0] != '\0' ?
	    member(adapter, what) : text);
}

static void
put_device(struct table *t, const json_t *adapter)
{
	char text[256], drivers[256];

	snprintf(text, sizeof(text), "%lld", number(adapter, "bus"));
	table_put(t, PLAIN, text);
	snprintf(text, sizeof(text), "%lld", number(adapter, "address"));
	table_put(t, PLAIN, text);
	table_put(t, PLAIN, member(adapter, "port"));
	table_put(t, PLAIN, member(adapter, "speed"));
	snprintf(text, sizeof(text), "%.8s:%.8s", member(adapter, "vid"),
	    member(adapter, "pid"));
	table_put(t, PLAIN, text);
	join(json_object_get(adapter, "drivers"), drivers, sizeof(drivers));
	snprintf(text, sizeof(text), "(%s)", member(adapter, "kernel"));
	if (drivers[0] != '\0')
		table_put(t, PLAIN, drivers);
	else
		table_put(t, DIM, text[1] != ')' ? text : "-");
	put_name(t, adapter, "vendor", "vid");
	put_name(t, adapter, "product", "pid");
}

static int
usb_one(json_t *json, void *arg)
{
	json_t *const adapters = json_object_get(json, "adapters");
	const struct args *const a = arg;
	struct table *t;
	json_t *one;
	size_t i;

	if (a->a_json)
		return print_json(adapters, 0);
	t = table_new(8, "BUS", "ADDR", "PORT", "SPEED", "VID:PID", "DRIVERS",
	    "VENDOR", "PRODUCT");
	json_array_foreach(adapters, i, one)
		put_device(t, one);
	table_print(t);
	return EXIT_OK;
}

int
do_usb(const struct args *a)
{
	struct args copy = *a;

	return flushed(daemons_each(a, CONTROL_LIST, usb_one, &copy));
}

static int
nodes_one(json_t *json, void *arg)
{
	const struct args *const a = arg;
	json_t *node, *names = json_array();
	size_t i;

	json_array_foreach(json_object_get(json, "nodes"), i, node) {
		json_array_append(names, json_object_get(node, "name"));
		if (!a->a_json) {
			print_clean(member(node, "name"), 200);
			putchar('\n');
		}
	}
	if (a->a_json)
		print_json(names, 0);
	json_decref(names);
	return EXIT_OK;
}

int
do_nodes(const struct args *a)
{
	struct args copy = *a;

	return flushed(daemons_each(a, CONTROL_STATUS, nodes_one, &copy));
}

static int
claims_one(json_t *json, void *arg)
{
	const struct args *const a = arg;
	json_t *const names = json_object();
	const json_t *adapter;
	const char *claim;
	size_t i;
	void *at;

	json_array_foreach(json_object_get(json, "adapters"), i, adapter) {
		claim = member(adapter, "claim");
		if (claim[0] != '\0')
			json_object_set(names, claim, json_object_get(adapter,
			    "claim"));
	}
	if (a->a_json) {
		json_t *const list = json_array();

		for (at = json_object_iter(names); at != NULL;
		    at = json_object_iter_next(names, at))
			json_array_append(list, json_object_iter_value(at));
		print_json(list, 0);
		json_decref(list);
	}
	for (at = a->a_json ? NULL : json_object_iter(names); at != NULL;
	    at = json_object_iter_next(names, at)) {
		print_clean(json_object_iter_key(at), 256);
		putchar('\n');
	}
	json_decref(names);
	return EXIT_OK;
}

int
do_claims(const struct args *a)
{
	struct args copy = *a;

	return flushed(daemons_each(a, CONTROL_LIST, claims_one, &copy));
}
