/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * adapters.c - ports by what the adapter is, and not by its node.
 *
 * Model
 *	A port with a serial number has no node until an adapter with that
 *	number is found (find.c); then the line is told where it is, and goes on
 *	by itself: a link that is gone is a device that is away.  When the
 *	adapter comes back at another place the line is told again.
 *
 *	[auto] is a port for each adapter that no other port is for (auto.c):
 *	whoever has a number has a port, from the start and whether it is there
 *	or not; who comes gets both.  So its clients stay as those of any port.
 *	One that the configuration names is that port's alone: two that read one
 *	terminal would each have half of it.
 *
 *	Such a port's configuration stands in the list of the others, behind
 *	them.
 */
#include <sys/stat.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/adapters.h"
#include "gateway/find.h"

struct adapters {
	struct event_base *a_base;
	bool		(*a_add)(void *, const struct port_conf *);
	void		*a_arg;
	struct port_conf_head *a_configs;
	struct finder	*a_finder;	/* NULL: nobody is to be found */
	struct autos	 a_autos;
};

/* ---- which --------------------------------------------------------- */

/* [auto], or NULL. */
static const struct port_conf *
template(const struct port_conf_head *configs)
{
	const struct port_conf *pc;

	STAILQ_FOREACH(pc, configs, pc_entry) {
		if (pc->pc_range > 0)
			return pc;
	}
	return NULL;
}

static bool
by_path(const char *path, dev_t *dev)
{
	struct stat st;

	if (path[0] == '\0' || stat(path, &st) == -1 || !S_ISCHR(st.st_mode))
		return false;
	*dev = st.st_rdev;
	return true;
}

static const char *
by_id(const struct finder *f, const char *id)
{
	const char *name;
	size_t i;

	for (i = 0; (name = find_name(f, i)) != NULL; i++) {
		if (find_same(name, id))
			return name;
	}
	return NULL;
}

/* Where the device of pc is now; NULL, or why that is not known. */
static const char *
locate(const struct adapters *a, const struct port_conf *pc, char path[PATH])
{
	const char *name;
	bool many = false;

	path[0] = '\0';
	if (pc->pc_node[0] != '\0') {
		strcpy(path, pc->pc_node);
		return NULL;
	}
	name = pc->pc_id[0] != '\0' ? by_id(a->a_finder, pc->pc_id) :
	    find_serial(a->a_finder, pc->pc_serial, pc->pc_interface, &many);
	if (name != NULL && find_path(a->a_finder, name, path, PATH))
		return NULL;
	return many ? "two adapters have its serial number; it is for neither" :
	    "its adapter is not there yet";
}

/* The name of the configured port that this device is for, or NULL. */
static const char *
claimed(const struct adapters *a, const struct port_conf_head *configs,
    const char *node)
{
	const struct port_conf *pc;
	char path[PATH];
	dev_t dev, other;

	if (!by_path(node, &dev))
		return NULL;
	STAILQ_FOREACH(pc, configs, pc_entry) {
		if (pc->pc_range > 0 || pc->pc_id[0] != '\0' ||
		    locate(a, pc, path) != NULL)
			continue;
		if (by_path(path, &other) && other == dev)
			return pc->pc_name;
	}
	return NULL;
}

/* ---- what has changed ----------------------------------------------- */

/* The ports that are there learn where their devices are. */
static void
move_ports(struct adapters *a)
{
	const struct port_conf *pc;
	struct port *p = NULL;
	char path[PATH];
	const char *why;

	while ((p = port_next(p)) != NULL) {
		pc = port_config(p);
		if (pc->pc_node[0] != '\0')
			continue;
		why = locate(a, pc, path);
		if (why != NULL) {
			port_unfound(p, why);
			continue;
		}
		if (pc->pc_id[0] != '\0' && claimed(a, a->a_configs, path) !=
		    NULL) {
			port_move(p, "");
			port_unfound(p, "another port has its device");
		} else
			port_move(p, path);
	}
}

/* A port for this adapter, which has a number; false: no memory. */
static bool
add_port(struct port_conf_head *configs, const char *id, unsigned number,
    struct port_conf **made)
{
	struct port_conf *const pc = auto_port(template(configs), id, number,
	    configs);

	if (pc == NULL) {
		say("auto: out of memory; %s gets no port", id);
		return false;
	}
	STAILQ_INSERT_TAIL(configs, pc, pc_entry);
	*made = pc;
	return true;
}

/* Whether this one has come for the first time, and got a number. */
static bool
welcome(struct adapters *a, const char *name)
{
	const struct port_conf *const like = template(a->a_configs);
	struct port_conf *pc;
	char path[PATH];
	unsigned number;

	if (auto_number(&a->a_autos, name) != 0 || !find_path(a->a_finder,
	    name, path, sizeof(path)) ||
	    claimed(a, a->a_configs, path) != NULL)
		return false;
	number = auto_give(&a->a_autos, like, name);
	if (number == 0) {
		if (!a->a_autos.au_told)
			say("auto: all %u numbers are taken, and %s gets no "
			    "port; %s says by whom", like->pc_range, name,
			    like->pc_state);
		a->a_autos.au_told = true;
		return false;
	}
	if (add_port(a->a_configs, name, number, &pc)) {
		say("auto: %s is port %s, and has %u", name, pc->pc_name,
		    number);
		if (!a->a_add(a->a_arg, pc))
			say("auto: out of memory; %s has no port", name);
	}
	return true;
}

static void
changed(void *arg)
{
	struct adapters *const a = arg;
	const struct port_conf *const like = template(a->a_configs);
	const char *name;
	bool given = false;
	size_t i;

	find_now(a->a_finder, like != NULL);
	for (i = 0; like != NULL && (name = find_name(a->a_finder, i)) != NULL;
	    i++)
		given = welcome(a, name) || given;
	if (given)
		auto_write(&a->a_autos, like);
	move_ports(a);
}

/* ---- the configuration ---------------------------------------------- */

static const struct port_conf *
first_to_find(const struct port_conf_head *configs)
{
	const struct port_conf *pc;

	STAILQ_FOREACH(pc, configs, pc_entry) {
		if (pc->pc_range > 0 || pc->pc_serial[0] != '\0')
			return pc;
	}
	return NULL;
}

/*
 * adapters_read(a, configs)
 *
 *	This configuration was read: now there are also the ports of [auto] in
 *	it.  It stays until the next one, or as long as a.
 */
void
adapters_read(struct adapters *a, struct port_conf_head *configs)
{
	const struct port_conf *const like = template(configs);
	const struct port_conf *const any = first_to_find(configs);
	struct port_conf *made;
	const char *name;
	char path[PATH];
	size_t i;

	finder_free(a->a_finder);
	a->a_finder = NULL;
	if (any == NULL)
		return;
	a->a_finder = finder_new(a->a_base, any->pc_byid, changed, a);
	if (a->a_finder == NULL) {
		say("auto: out of memory; no adapter is found");
		return;
	}
	find_now(a->a_finder, false);
	if (like == NULL)
		return;
	auto_read(&a->a_autos, like);
	for (i = 0; i < a->a_autos.au_n; i++) {
		name = by_id(a->a_finder, a->a_autos.au_have[i].id);
		if (name == NULL || !find_path(a->a_finder, name, path,
		    sizeof(path)) || claimed(a, configs, path) == NULL)
			(void)add_port(configs, a->a_autos.au_have[i].id,
			    a->a_autos.au_have[i].number, &made);
	}
}

/*
 * a = adapters_new(base, add, arg)
 *
 *	add(arg, conf): there is one more port, from the loop.  false: no
 *	memory.  NULL: no memory.
 *
 * adapters_use(a, configs)
 *
 *	That is where the configuration is from now on.
 */
struct adapters *
adapters_new(struct event_base *base, bool (*add)(void *,
    const struct port_conf *), void *arg)
{
	struct adapters *const a = calloc(1, sizeof(*a));

	if (a == NULL)
		return NULL;
	a->a_base = base;
	a->a_add = add;
	a->a_arg = arg;
	return a;
}

void
adapters_use(struct adapters *a, struct port_conf_head *configs)
{

	a->a_configs = configs;
}

void
adapters_free(struct adapters *a)
{

	if (a == NULL)
		return;
	finder_free(a->a_finder);
	auto_free(&a->a_autos);
	free(a);
}
