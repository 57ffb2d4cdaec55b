/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config.c - gateway.conf(5): the ports.
 *
 * Model
 *	src/conf takes files and lines apart; each section [port NAME] becomes a
 *	struct port_conf, by config_keys.c.  All that is wrong is told in one
 *	run.  What cannot be seen in one section is looked at in the end: no
 *	two ports have a name, a node or an address in common.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"
#include "gateway/web.h"

#define	BUFFER_KIB	128
#define	CLIENTS		16
#define	LOG_KIB		1024
#define	LOG_KEEP	4
#define	BREAK_MS	250
#define	LOGIN_S		60

struct reading {
	struct port_conf_head *r_ports;
	struct port_conf *r_port;	/* of this section; NULL: none */
	unsigned	 r_begin;	/* its line */
	char		 r_byid[128];	/* where adapters have names */
	bool		 r_web;		/* it is [web] */
};

/* ---- sections ------------------------------------------------------- */

/* What is said at the start of an address that is not this machine's own. */
static void
warn_of(struct port_conf *pc)
{
	unsigned i;

	for (i = 0; i < pc->pc_nlisten; i++)
		pc->pc_listen[i].ad_warning = !pc->pc_listen[i].ad_tls ?
		    pc->pc_login ? ": passwords and all else go there without "
		    "encryption" : ": whoever reaches this address may use the device; there "
		    "is no password and no encryption" :
		    pc->pc_authorities[0] == '\0' && !pc->pc_login ? ": whoever reaches this "
		    "address may use the device; no certificate is asked for" :
		    "";
}

/* Its certificates, if an address wants them: NULL, or what is wrong. */
static const char *
load_tls(struct port_conf *pc)
{
	static char why[256];
	unsigned i;

	for (i = 0; i < pc->pc_nlisten && !pc->pc_listen[i].ad_tls; i++)
		continue;
	if (i == pc->pc_nlisten)
		return NULL;
	if (pc->pc_certificate[0] == '\0' || pc->pc_key[0] == '\0')
		return "TLS wants tls-certificate and tls-key";
	pc->pc_tls = tls_new(pc->pc_certificate, pc->pc_key,
	    pc->pc_authorities, true, why, sizeof(why));
	return pc->pc_tls != NULL ? NULL : why;
}

/* The section has ended: it is a port, if it says enough. */
static void
port_end(struct conf *in, struct reading *r)
{
	struct port_conf *const pc = r->r_port;
	const char *why = NULL;

	r->r_port = NULL;
	if (pc == NULL)
		return;
	if (pc->pc_auto && pc->pc_byid[0] != '\0')
		strcpy(r->r_byid, pc->pc_byid);
	if (pc->pc_auto && pc->pc_nlisten == 0) {
		config_free_port(pc);	/* it says only where names are */
		return;
	}
	if (!pc->pc_auto && pc->pc_node[0] == '\0' && pc->pc_serial[0] == '\0')
		why = "it has no node, and no serial number";
	else if (pc->pc_node[0] != '\0' && pc->pc_serial[0] != '\0')
		why = "it has a node and a serial number";
	else if (pc->pc_nlisten == 0)
		why = "it has no address; listen says where clients come to";
	else if (pc->pc_history > pc->pc_buffer)
		why = "its history is longer than its buffer";
	else
		why = load_tls(pc);
	warn_of(pc);
	if (why != NULL)
		conf_wrong(in, r->r_begin, pc->pc_auto ? "[%s]: %s" :
		    "[port %s]: %s", pc->pc_name, why);
	STAILQ_INSERT_TAIL(r->r_ports, pc, pc_entry);
}

static bool
is_name(const char *name)
{
	size_t n = 0;

	while (isalnum((unsigned char)name[n]) ||
	    (n > 0 && name[n] != '\0' && strchr("._-", name[n]) != NULL))
		n++;
	return n > 0 && name[n] == '\0' &&
	    n < sizeof(((struct port_conf *)0)->pc_name);
}

/* Where the service manager says that what is to be kept has its place. */
static void
default_state(struct port_conf *pc)
{
	const char *const dir = getenv("STATE_DIRECTORY");

	snprintf(pc->pc_state, sizeof(pc->pc_state), "%.100s/ports", dir !=
	    NULL && dir[0] == '/' && strchr(dir, ':') == NULL ? dir :
	    "/var/lib/devsw-gateway");
}

static void
port_begins(struct conf *in, struct reading *r, const char *name, bool is_auto)
{
	static const struct settings none = SETTINGS_NONE;
	struct port_conf *pc;

	if (!is_name(name)) {
		conf_wrong(in, in->cn_line, "[port %s]: wants a name of up to "
		    "31 letters, digits, '.', '_' and '-'", name);
		name = "?";
	}
	pc = calloc(1, sizeof(*pc));
	if (pc == NULL) {
		conf_wrong(in, in->cn_line, "out of memory");
		return;
	}
	strcpy(pc->pc_name, name);
	pc->pc_auto = is_auto;
	pc->pc_interface = -1;
	default_state(pc);
	pc->pc_settings = none;
	pc->pc_notice = NOTICE_PEOPLE;
	pc->pc_buffer = BUFFER_KIB;
	pc->pc_clients = CLIENTS;
	pc->pc_break = BREAK_MS;
	pc->pc_drop = true;
	pc->pc_logintime = LOGIN_S;
	pc->pc_logsize = LOG_KIB;
	pc->pc_logkeep = LOG_KEEP;
	r->r_port = pc;
	r->r_begin = in->cn_line;
}

static void
on_section(struct conf *in, void *arg, const char *name)
{
	struct reading *const r = arg;

	port_end(in, r);
	r->r_web = false;
	if (name == NULL)
		return;
	r->r_web = strcmp(name, "web") == 0;
	if (strncmp(name, "port ", 5) == 0)
		port_begins(in, r, name + 5, false);
	else if (strcmp(name, "auto") == 0)
		port_begins(in, r, name, true);
	else if (!r->r_web)
		conf_wrong(in, in->cn_line, "[%s]: there is no such section; "
		    "there are [port NAME], [auto] and [web]", name);
}

static void
on_value(struct conf *in, void *arg, const char *section, const char *key,
    const char *value)
{
	struct reading *const r = arg;
	const char *why;
	bool known;

	if (r->r_web) {
		why = web_conf_set(key, value);
		if (why != NULL)
			conf_wrong(in, in->cn_line, "%s = %s: %s", key,
			    strcmp(key, "user") == 0 ? "..." : value, why);
		return;
	}
	if (r->r_port == NULL) {
		if (section[0] == '\0')
			conf_wrong(in, in->cn_line, "%s: begin with "
			    "[port NAME]", key);
		return;
	}
	why = config_set(r->r_port, key, value, &known);
	if (!known)
		conf_wrong(in, in->cn_line, "%s: %s has no such key; see "
		    "gateway.conf(5)", key, r->r_port->pc_auto ? "[auto]" :
		    "a port");
	if (why != NULL)
		conf_wrong(in, in->cn_line, "%s = %s: %s", key, value, why);
}

/* ---- the whole ------------------------------------------------------ */

static void
told(const char *text)
{

	say("%s", text);
}

static bool
same_address(const struct port_conf *a, const struct port_conf *b)
{
	unsigned i, j;

	for (i = 0; i < a->pc_nlisten; i++) {
		for (j = a == b ? i + 1 : 0; j < b->pc_nlisten; j++) {
			if (strcmp(a->pc_listen[i].ad_text,
			    b->pc_listen[j].ad_text) == 0)
				return true;
		}
	}
	return false;
}

/* A node that is an adapter's name gets its directory. */
static void
name_nodes(const struct port_conf_head *ports, const char *byid)
{
	struct port_conf *pc;
	char name[FIND_ID];

	STAILQ_FOREACH(pc, ports, pc_entry) {
		strcpy(pc->pc_byid, byid);
		if (pc->pc_node[0] == '\0' || pc->pc_node[0] == '/')
			continue;
		memcpy(name, pc->pc_node, sizeof(name));
		snprintf(pc->pc_node, sizeof(pc->pc_node), "%.127s/%.*s", byid,
		    (int)sizeof(name) - 1, name);
	}
}

/* How many want users, and there are none. */
static int
check_users(const struct port_conf_head *ports)
{
	const struct port_conf *pc;
	int errors = 0;

	STAILQ_FOREACH(pc, ports, pc_entry) {
		if (!pc->pc_login || web_conf()->wc_nusers > 0)
			continue;
		say("[port %s]: login wants users, in [web]", pc->pc_name);
		errors++;
	}
	return errors;
}

/* How many are wrong beside each other. */
static int
check_pairs(const struct port_conf_head *ports)
{
	const struct port_conf *a, *b;
	const char *what;
	int errors = 0;

	STAILQ_FOREACH(a, ports, pc_entry) {
		for (b = a; b != NULL; b = STAILQ_NEXT(b, pc_entry)) {
			if (a != b && strcmp(a->pc_name, b->pc_name) == 0)
				what = "name";
			else if (a != b && a->pc_node[0] != '\0' &&
			    strcmp(a->pc_node, b->pc_node) == 0)
				what = "node";
			else if (a != b && a->pc_serial[0] != '\0' &&
			    strcmp(a->pc_serial, b->pc_serial) == 0 &&
			    a->pc_interface == b->pc_interface)
				what = "serial number";
			else if (a != b && a->pc_log[0] != '\0' &&
			    strcmp(a->pc_log, b->pc_log) == 0)
				what = "log";
			else if (same_address(a, b))
				what = "address";
			else
				continue;
			say("[port %s] and [port %s] have the same %s",
			    a->pc_name, b->pc_name, what);
			errors++;
		}
	}
	return errors;
}

/*
 * errors = config_read_ports(path, ports)
 *
 *	path NULL: GATEWAY_FILE, which may be missing.  How many things are
 *	wrong; each has been told.  config_free is due in any case.
 */
int
config_read_ports(const char *path, struct port_conf_head *ports)
{
	static const struct conf_form form = { on_section, on_value, told };
	struct reading r = { .r_ports = ports, .r_byid = GATEWAY_BY_ID };
	int errors, found;

	STAILQ_INIT(ports);
	web_conf_begin();
	errors = conf_read(path != NULL ? path : GATEWAY_FILE, path == NULL,
	    &form, &r, &found);
	name_nodes(ports, r.r_byid);
	if (!web_conf_check())
		errors++;
	return errors + check_users(ports) + check_pairs(ports);
}

void
config_free_port(struct port_conf *pc)
{

	tls_free(pc->pc_tls);
	free(pc);
}

void
config_free(struct port_conf_head *ports)
{
	struct port_conf *pc;

	while ((pc = STAILQ_FIRST(ports)) != NULL) {
		STAILQ_REMOVE_HEAD(ports, pc_entry);
		config_free_port(pc);
	}
}
