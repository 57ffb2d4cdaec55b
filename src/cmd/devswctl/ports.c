/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ports.c - adapters at ports, and waiting for what becomes of them.
 *
 * A daemon answers when an attach or a detach has begun.  That it has come to
 * its end is found by asking what there is (CONTROL_LIST), a few times and not
 * for ever, so that who comes after this program in a script finds the nodes,
 * or the kernel's driver.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "devswctl/devswctl.h"

#define	SETTLE_MS	5000
#define	STEP_MS		100

/* What is plugged in, as "list" has it; NULL: the daemon does not answer. */
static json_t *
adapters_now(const char *path)
{
	struct control_request cr = { .cr_what = CONTROL_LIST };
	json_t *json, *adapters;

	if (daemon_ask(path, &cr, &json, NULL) != 0)
		return NULL;
	adapters = json_incref(json_object_get(json, "adapters"));
	json_decref(json);
	return adapters;
}

json_t *
ports_of_claim(const char *path, const char *claim)
{
	json_t *const ports = json_array(), *const all = adapters_now(path);
	const json_t *one;
	size_t i;

	json_array_foreach(all, i, one) {
		if (strcmp(member(one, "claim"), claim) == 0 &&
		    !is_true(one, "refused"))
			json_array_append(ports, json_object_get(one, "port"));
	}
	json_decref(all);
	return ports;
}

/* Has what was asked for come about?  What another claim takes is its. */
static bool
is_settled(const json_t *adapter, enum ports wanted)
{
	const bool has = member(adapter, "driver")[0] != '\0';

	if (wanted == ATTACHED)
		return has;
	if (wanted == RELEASED && member(adapter, "claim")[0] != '\0')
		return true;
	return !has && strstr(member(adapter, "kernel"), "usbfs") == NULL;
}

/* Those of all that are at the ports. */
static json_t *
pick(const json_t *all, const json_t *ports)
{
	json_t *const picked = json_array(), *one, *port;
	size_t i, j;

	json_array_foreach(all, i, one) {
		json_array_foreach(ports, j, port) {
			if (json_equal(json_object_get(one, "port"), port))
				json_array_append(picked, one);
		}
	}
	return picked;
}

json_t *
ports_settle(const char *path, const json_t *ports, enum ports wanted)
{
	const struct timespec step = { .tv_nsec = STEP_MS * 1000000L };
	json_t *all, *picked, *one;
	bool settled;
	size_t i;

	for (int ms = 0;; ms += STEP_MS) {
		all = adapters_now(path);
		picked = pick(all, ports);
		json_decref(all);
		settled = true;
		json_array_foreach(picked, i, one)
			settled &= is_settled(one, wanted);
		if (settled || ms >= SETTLE_MS)
			return picked;
		json_decref(picked);
		(void)nanosleep(&step, NULL);
	}
}

int
ports_tell(const json_t *adapters, enum ports wanted, json_t *nodes)
{
	const json_t *one, *node;
	int status = EXIT_OK;
	size_t i, j;

	json_array_foreach(adapters, i, one) {
		if (!is_settled(one, wanted)) {
			status = complain("%s: %s", member(one, "port"),
			    wanted == ATTACHED ?
			    "not attached; devswd's log says why" :
			    "not given back yet");
			continue;
		}
		if (wanted != ATTACHED)
			continue;
		json_array_foreach(json_object_get(one, "nodes"), j, node)
			json_array_append(nodes, (json_t *)(uintptr_t)node);
	}
	return status;
}
