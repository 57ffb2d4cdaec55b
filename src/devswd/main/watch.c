/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watch.c - adapters and nodes as they come and go.
 *
 * Model
 *	Main's thread tells of the adapters that claims name (watch_plugged,
 *	watch_left) and of nodes whose hardware has come or gone (watch_nodes),
 *	the front end of files (watch_event).  All of it is posted; adapters
 *	and the last hardware of each node are kept, for those who ask:
 *
 *		plug, unplug	an adapter
 *		attach, detach	a driver's device sits on an adapter
 *		there, away	a node has hardware, or none
 *
 *	A device that has several nodes is told of once, by the first that has
 *	it and the last that has it no more.
 *
 *	Why hardware has gone: "unplugged" if its adapter has, else "detached"
 *	for now.  K often sees first that a device does not answer, and udev
 *	says later that it was pulled; then the reason is put right, and an
 *	"unplug" follows.
 *
 * Locks
 *	watch_lock	the lists; a leaf but for events_post.
 */
#include <sys/queue.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "host/host.h"
#include "hyp/hyp.h"
#include "hyp/hyp_node.h"
#include "main/events.h"
#include "main/watch.h"

struct adapter {
	LIST_ENTRY(adapter) a_list;
	uint32_t	 a_bus;		/* with a_addr: this very plugging */
	uint32_t	 a_addr;
	struct watch_adapter a_what;
};

struct node {
	LIST_ENTRY(node) n_list;
	uint32_t	 n_minor;
	char		 n_name[64];
	char		 n_driver[16];
	const char	*n_gone;	/* why its adapter has left */
	struct watch_node n_what;
};

static pthread_mutex_t watch_lock = PTHREAD_MUTEX_INITIALIZER;
static LIST_HEAD(, adapter) adapters = LIST_HEAD_INITIALIZER(adapters);
static LIST_HEAD(, node) nodes = LIST_HEAD_INITIALIZER(nodes);

static uint64_t
realtime(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* ---- adapters; watch_lock held -------------------------------------- */

static struct adapter *
adapter_find(const char *place)
{
	struct adapter *a;

	LIST_FOREACH(a, &adapters, a_list) {
		if (strcmp(a->a_what.wa_place, place) == 0)
			return a;
	}
	return NULL;
}

/* The members that say which adapter, as JSON. */
#define	ADAPTER_JSON	(HOST_TEXT_JSON(128) + 160)
static const char *
adapter_json(const struct watch_adapter *wa, char buf[ADAPTER_JSON])
{
	char serial[HOST_TEXT_JSON(128)], place[64];

	(void)host_text_json(wa->wa_serial, serial, sizeof(serial));
	(void)host_text_json(wa->wa_place, place, sizeof(place));
	if (wa->wa_place[0] == '\0')
		snprintf(buf, ADAPTER_JSON, "null");
	else
		snprintf(buf, ADAPTER_JSON, "{\"vid\": \"%04x\", "
		    "\"pid\": \"%04x\", \"serial\": \"%s\", \"port\": \"%s\"}",
		    wa->wa_vendor, wa->wa_product, serial, place);
	return buf;
}

static void
post_adapter(const char *event, const struct watch_adapter *wa,
    const char *why)
{
	char claim[HOST_TEXT_JSON(128)], json[ADAPTER_JSON];

	(void)host_text_json(wa->wa_claim, claim, sizeof(claim));
	events_post(-1, "\"event\": \"%s\", \"adapter\": %s, "
	    "\"claim\": \"%s\"%s%s%s%s", event, adapter_json(wa, json), claim,
	    wa->wa_refused ? ", \"refused\": true" : "",
	    why != NULL ? ", \"reason\": \"" : "", why != NULL ? why : "",
	    why != NULL ? "\"" : "");
}

/* It has another claim, for the nodes that it has. */
static void
adapter_changed(const struct watch_adapter *wa)
{
	struct node *n;

	LIST_FOREACH(n, &nodes, n_list) {
		if (strcmp(n->n_what.wn_adapter.wa_place, wa->wa_place) == 0)
			n->n_what.wn_adapter = *wa;
	}
}

void
watch_plugged(const struct hyp_usb_info *hi, const char *claim, const char *at,
    bool refused)
{
	struct watch_adapter *wa;
	struct adapter *a;
	bool again, detached;

	pthread_mutex_lock(&watch_lock);
	a = adapter_find(hi->hi_path);
	again = a != NULL && a->a_bus == hi->hi_bus &&
	    a->a_addr == hi->hi_addr && a->a_what.wa_refused == refused;
	if (a == NULL && (a = malloc(sizeof(*a))) != NULL)
		LIST_INSERT_HEAD(&adapters, a, a_list);
	if (a != NULL) {
		a->a_bus = hi->hi_bus;
		a->a_addr = hi->hi_addr;
		wa = &a->a_what;
		detached = again && wa->wa_detached;
		memset(wa, 0, sizeof(*wa));
		wa->wa_detached = detached;
		snprintf(wa->wa_place, sizeof(wa->wa_place), "%s",
		    hi->hi_path);
		wa->wa_vendor = hi->hi_vendor;
		wa->wa_product = hi->hi_product;
		snprintf(wa->wa_serial, sizeof(wa->wa_serial), "%s",
		    hi->hi_serial);
		snprintf(wa->wa_productstr, sizeof(wa->wa_productstr), "%s",
		    hi->hi_productstr);
		snprintf(wa->wa_claim, sizeof(wa->wa_claim), "%s", claim);
		snprintf(wa->wa_at, sizeof(wa->wa_at), "%s", at);
		wa->wa_refused = refused;
		if (!again)
			post_adapter("plug", wa, NULL);
		else
			adapter_changed(wa);
	}
	pthread_mutex_unlock(&watch_lock);
}

void
watch_left(const char *place, const char *why)
{
	struct adapter *a;
	struct node *n;

	pthread_mutex_lock(&watch_lock);
	a = adapter_find(place);
	if (a != NULL) {
		LIST_REMOVE(a, a_list);
		post_adapter("unplug", &a->a_what, why);
		/* Those that will see it, and those that have. */
		LIST_FOREACH(n, &nodes, n_list) {
			if (n->n_what.wn_attached && strcmp(
			    n->n_what.wn_adapter.wa_place, place) == 0)
				n->n_gone = why;
			if (!n->n_what.wn_attached && n->n_what.wn_left != 0 &&
			    strcmp(n->n_what.wn_last.wa_place, place) == 0)
				n->n_what.wn_why = why;
		}
		free(a);
	}
	pthread_mutex_unlock(&watch_lock);
}

void
watch_detached(const char *place, bool yes)
{
	struct adapter *a;

	pthread_mutex_lock(&watch_lock);
	if ((a = adapter_find(place)) != NULL)
		a->a_what.wa_detached = yes;
	pthread_mutex_unlock(&watch_lock);
}

bool
watch_find(const char *place, struct watch_adapter *wa)
{
	const struct adapter *a;

	pthread_mutex_lock(&watch_lock);
	a = adapter_find(place);
	if (a != NULL)
		*wa = a->a_what;
	pthread_mutex_unlock(&watch_lock);
	return a != NULL;
}

/* ---- nodes; watch_lock held ----------------------------------------- */

static struct node *
node_find(uint32_t minor)
{
	struct node *n;

	LIST_FOREACH(n, &nodes, n_list) {
		if (n->n_minor == minor)
			return n;
	}
	return NULL;
}

bool
watch_node(uint32_t minor, struct watch_node *wn)
{
	const struct node *n;

	pthread_mutex_lock(&watch_lock);
	n = node_find(minor);
	if (n != NULL)
		*wn = n->n_what;
	pthread_mutex_unlock(&watch_lock);
	return n != NULL;
}

/* Does another node have this one's device too? */
static bool
has_sister(const struct node *n)
{
	const struct node *o;

	LIST_FOREACH(o, &nodes, n_list) {
		if (o != n && o->n_what.wn_attached &&
		    strcmp(o->n_driver, n->n_driver) == 0 &&
		    strcmp(o->n_what.wn_adapter.wa_place,
		    n->n_what.wn_adapter.wa_place) == 0)
			return true;
	}
	return false;
}

/* The adapter of a node, and its driver, as members. */
static void
post_node(const char *event, const struct node *n, const char *why)
{
	char name[HOST_TEXT_JSON(64)], json[ADAPTER_JSON];

	(void)host_text_json(n->n_name, name, sizeof(name));
	events_post(-1, "\"event\": \"%s\", \"node\": \"%s\", "
	    "\"driver\": \"%s\", \"adapter\": %s%s%s%s", event, name,
	    n->n_driver, adapter_json(&n->n_what.wn_adapter, json),
	    why != NULL ? ", \"reason\": \"" : "", why != NULL ? why : "",
	    why != NULL ? "\"" : "");
}

/* Unless another node has told of it. */
static void
post_device(const char *event, const struct node *n)
{
	char json[ADAPTER_JSON];

	if (n->n_driver[0] != '\0' && !has_sister(n))
		events_post(-1, "\"event\": \"%s\", \"driver\": \"%s\", "
		    "\"adapter\": %s", event, n->n_driver,
		    adapter_json(&n->n_what.wn_adapter, json));
}

static void
node_away(struct node *n)
{
	struct watch_node *const wn = &n->n_what;

	wn->wn_attached = false;
	wn->wn_left = realtime();
	wn->wn_why = n->n_gone != NULL ? n->n_gone : "detached";
	wn->wn_last = wn->wn_adapter;
	post_node("away", n, wn->wn_why);
	post_device("detach", n);
}

static void
node_there(struct node *n, const struct node_state *ns)
{
	const struct adapter *const a = adapter_find(ns->ns_place);
	struct watch_node *const wn = &n->n_what;

	memset(&wn->wn_adapter, 0, sizeof(wn->wn_adapter));
	if (a != NULL)
		wn->wn_adapter = a->a_what;
	snprintf(n->n_driver, sizeof(n->n_driver), "%s", ns->ns_driver);
	n->n_gone = NULL;
	wn->wn_since = realtime();
	post_device("attach", n);
	post_node("there", n, NULL);
	wn->wn_attached = true;
}

/*
 * Has it what it had?  That may be told twice (nodes.h); what has been pulled
 * has left first.
 */
static bool
is_same(const struct node *n, const struct node_state *is)
{
	const struct watch_node *const wn = &n->n_what;

	return wn->wn_attached && is->ns_attached && n->n_gone == NULL &&
	    strcmp(n->n_driver, is->ns_driver) == 0 &&
	    (wn->wn_adapter.wa_place[0] == '\0' ||
	    strcmp(wn->wn_adapter.wa_place, is->ns_place) == 0);
}

void
watch_nodes(const struct node_state *is, const struct node_state *was)
{
	struct node *n;

	pthread_mutex_lock(&watch_lock);
	n = node_find(is->ns_info.fi_minor);
	if (n == NULL && (n = calloc(1, sizeof(*n))) != NULL) {
		n->n_minor = is->ns_info.fi_minor;
		strcpy(n->n_name, is->ns_info.fi_name);
		LIST_INSERT_HEAD(&nodes, n, n_list);
	}
	if (n != NULL && !is_same(n, is)) {
		if (was->ns_attached && n->n_what.wn_attached)
			node_away(n);
		if (is->ns_attached)
			node_there(n, is);
	}
	pthread_mutex_unlock(&watch_lock);
}

void
watch_event(enum front_event event, const struct front_nodeinfo *ni,
    const struct front_fileinfo *fo)
{
	static const char *const names[] = {
		[FRONT_EV_OPEN] = "open",
		[FRONT_EV_CLOSE] = "close",
		[FRONT_EV_STUCK] = "stuck",
		[FRONT_EV_LATE] = "stuck",
		[FRONT_EV_LOST] = "aborted",
		[FRONT_EV_AGAIN] = "again",
	};
	static const char *const whys[] = {
		[FRONT_EV_STUCK] = "driver",
		[FRONT_EV_LATE] = "call",
		[FRONT_EV_AGAIN] = NULL,
	};
	const bool everybodys = event == FRONT_EV_LOST ||
	    event == FRONT_EV_AGAIN;
	char name[HOST_TEXT_JSON(64)], command[HOST_TEXT_JSON(32)];

	(void)host_text_json(ni->fi_name, name, sizeof(name));
	if (fo != NULL) {
		(void)host_text_json(fo->fo_command, command, sizeof(command));
		events_post(ni->fi_minor, "\"event\": \"%s\", "
		    "\"node\": \"%s\", \"pid\": %d, \"uid\": %u, "
		    "\"command\": \"%s\"", names[event], name,
		    (int)fo->fo_pid, (unsigned)fo->fo_uid, command);
	} else
		events_post(everybodys ? -1 : (int64_t)ni->fi_minor,
		    "\"event\": \"%s\", \"node\": \"%s\"%s%s%s", names[event],
		    name, whys[event] != NULL ? ", \"reason\": \"" : "",
		    whys[event] != NULL ? whys[event] : "",
		    whys[event] != NULL ? "\"" : "");
}
