/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config.c - gateway.conf(5): the ports.
 *
 * Model
 *	src/conf takes files and lines apart; each section [port NAME] becomes a
 *	struct port_conf, whose keys are a table.  All that is wrong is told in
 *	one run.  What cannot be seen in one section is looked at in the end: no
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
#define	RANGE_MAX	1000	/* numbers of [auto] */

struct reading {
	struct port_conf_head *r_ports;
	struct port_conf *r_port;	/* of this section; NULL: none */
	unsigned	 r_begin;	/* its line */
	char		 r_byid[128];	/* where adapters have names */
	bool		 r_web;		/* it is [web] */
};

/* ---- values --------------------------------------------------------- */

/* Which of the words (up to a NULL) it is, or -1. */
static int
word(const char *value, const char *const *words)
{
	int i;

	for (i = 0; words[i] != NULL; i++) {
		if (strcmp(value, words[i]) == 0)
			return i;
	}
	return -1;
}

/* Is it a number from low to high?  Then it is *result. */
static bool
number(const char *value, unsigned long low, unsigned long high,
    unsigned *result)
{
	unsigned long n;
	char *end;

	if (!isdigit((unsigned char)value[0]) || strlen(value) > 10)
		return false;
	n = strtoul(value, &end, 10);
	if (*end != '\0' || n < low || n > high)
		return false;
	*result = (unsigned)n;
	return true;
}

/* Each: NULL, or what the value should be. */
static const char *
set_node(struct port_conf *pc, const char *value)
{

	if (strncmp(value, "usb-", 4) == 0 && strlen(value) < FIND_ID &&
	    strchr(value, '/') == NULL) {
		strcpy(pc->pc_node, value);	/* name_node makes it one */
		return NULL;
	}
	if (value[0] != '/' || strlen(value) >= sizeof(pc->pc_node))
		return "wants a path of a terminal, such as /dev/dtyU0, or a "
		    "name of /dev/serial/by-id, which begins with usb-";
	strcpy(pc->pc_node, value);
	return NULL;
}

static const char *
set_serial(struct port_conf *pc, const char *value)
{
	char rest[4] = "", more[2];
	unsigned n = 0;

	pc->pc_interface = -1;
	if (sscanf(value, "%63s %3s %1s", pc->pc_serial, rest, more) > 2 ||
	    strlen(pc->pc_serial) == sizeof(pc->pc_serial) - 1 ||
	    (rest[0] != '\0' && !number(rest, 0, 255, &n)))
		return "wants a serial number, with '_' in the place of a "
		    "blank, and perhaps the number of an interface";
	if (rest[0] != '\0')
		pc->pc_interface = (int)n;
	return NULL;
}

/* "ADDRESS:LOW-HIGH": the address, with LOW; how many there are, or 0. */
static unsigned
cut_range(char *where)
{
	char *const minus = strrchr(where, '-');
	const char *const colon = strrchr(where, ':');
	unsigned low, high;

	if (minus == NULL)
		return 0;
	*minus = '\0';
	if (!number(colon != NULL ? colon + 1 : where, 1, 65535, &low) ||
	    !number(minus + 1, low, 65535, &high) || high - low >= RANGE_MAX)
		return 0;
	return high - low + 1;
}

static const char *
set_listen(struct port_conf *pc, const char *value)
{
	static const char usage[] = "wants telnet or raw, an address such as "
	    "4000, [::1]:4000, 127.0.0.1:4000 or unix:/PATH, and perhaps "
	    "watch or force, and tls";
	static const char *const words[] = { "watch", "force", "tls", NULL };
	struct address ad = { .ad_role = ROLE_NORMAL };
	char proto[16], where[128], more[2][16], rest[2];
	unsigned range = 0;
	int i, n, which;

	if (pc->pc_nlisten == LISTEN_MAX)
		return "is one address too many";
	n = sscanf(value, "%15s %127s %15s %15s %1s", proto, where, more[0],
	    more[1], rest);
	if (n < 2 || n > 4)
		return usage;
	if (pc->pc_auto) {
		range = cut_range(where);
		if (range == 0 || strncmp(where, "unix:", 5) == 0)
			return "wants telnet or raw, and a range of up to 1000 "
			    "numbers, such as 4100-4199 or [::1]:4100-4199";
		if (pc->pc_nlisten > 0 && range != pc->pc_range)
			return "has another number of numbers than the first";
		pc->pc_range = range;
	}
	if (!address_parse(where, &ad))
		return usage;
	if (strcmp(proto, "telnet") == 0)
		ad.ad_proto = &proto_telnet;
	else if (strcmp(proto, "raw") == 0)
		ad.ad_proto = &proto_raw;
	else
		return usage;
	for (i = 0; i < n - 2; i++) {
		which = word(more[i], words);
		if (which == -1 || (which == 2 ? ad.ad_tls :
		    ad.ad_role != ROLE_NORMAL))
			return usage;
		if (which == 2)
			ad.ad_tls = true;
		else
			ad.ad_role = which == 0 ? ROLE_WATCH : ROLE_FORCE;
	}
	pc->pc_listen[pc->pc_nlisten++] = ad;
	return NULL;
}

static const char *
set_file(char file[128], const char *value)
{

	if (value[0] != '/' || strlen(value) >= 128)
		return "wants a path, which begins with a slash";
	strcpy(file, value);
	return NULL;
}

static const char *
set_byid(struct port_conf *pc, const char *value)
{

	return set_file(pc->pc_byid, value);
}

static const char *
set_state(struct port_conf *pc, const char *value)
{

	return set_file(pc->pc_state, value);
}

static const char *
set_certificate(struct port_conf *pc, const char *value)
{

	return set_file(pc->pc_certificate, value);
}

static const char *
set_key(struct port_conf *pc, const char *value)
{

	return set_file(pc->pc_key, value);
}

static const char *
set_authorities(struct port_conf *pc, const char *value)
{

	return set_file(pc->pc_authorities, value);
}

static const char *
set_speed(struct port_conf *pc, const char *value)
{
	unsigned n;

	if (!number(value, 1, 25000000, &n))
		return "wants bits per second, up to 25000000";
	pc->pc_settings.st_speed = n;
	return NULL;
}

static const char *
set_format(struct port_conf *pc, const char *value)
{
	static const char parities[] = "NOEMS";
	const char *p;

	if (strlen(value) != 3 || value[0] < '5' || value[0] > '8' ||
	    (p = strchr(parities, value[1])) == NULL ||
	    value[2] < '1' || value[2] > '2')
		return "wants bits (5 to 8), parity (N, O, E, M or S) and "
		    "stop bits (1 or 2), such as 8N1";
	pc->pc_settings.st_size = (uint8_t)(value[0] - '0');
	pc->pc_settings.st_parity = (uint8_t)(p - parities + 1);
	pc->pc_settings.st_stop = (uint8_t)(value[2] - '0');
	return NULL;
}

static const char *
set_flow(struct port_conf *pc, const char *value)
{
	static const char *const words[] = { "none", "rtscts", "xonxoff",
	    NULL };
	const int which = word(value, words);

	if (which == -1)
		return "wants none, rtscts or xonxoff";
	pc->pc_settings.st_rtscts = which == 1;
	pc->pc_settings.st_ixon = pc->pc_settings.st_ixoff = which == 2;
	return NULL;
}

static const char *
set_line(int8_t *line, const char *value)
{
	static const char *const words[] = { "off", "on", NULL };
	const int which = word(value, words);

	if (which == -1)
		return "wants on or off";
	*line = (int8_t)which;
	return NULL;
}

static const char *
set_dtr(struct port_conf *pc, const char *value)
{

	return set_line(&pc->pc_settings.st_dtr, value);
}

static const char *
set_rts(struct port_conf *pc, const char *value)
{

	return set_line(&pc->pc_settings.st_rts, value);
}

static const char *
set_reset(struct port_conf *pc, const char *value)
{

	return reset_parse(value, &pc->pc_reset);
}

static const char *
set_notice(struct port_conf *pc, const char *value)
{
	static const char *const words[] = { "off", "telnet", "all", NULL };
	const int which = word(value, words);

	if (which == -1)
		return "wants off, telnet or all";
	pc->pc_notice = (enum notices)which;
	return NULL;
}

static const char *
set_login(struct port_conf *pc, const char *value)
{
	static const char *const words[] = { "off", "on", NULL };
	const int which = word(value, words);

	if (which == -1)
		return "wants on or off";
	pc->pc_login = which == 1;
	return NULL;
}

static const char *
set_away(struct port_conf *pc, const char *value)
{
	static const char *const words[] = { "refuse", "keep", NULL };
	const int which = word(value, words);

	if (which == -1)
		return "wants refuse or keep";
	pc->pc_keep = which == 1;
	return NULL;
}

static const char *
set_revoke(struct port_conf *pc, const char *value)
{
	static const char *const words[] = { "close", "reopen", NULL };
	const int which = word(value, words);

	if (which == -1)
		return "wants close or reopen";
	pc->pc_reopen = which == 1;
	return NULL;
}

static const char *
set_mdns(struct port_conf *pc, const char *value)
{
	static const char *const words[] = { "no", "yes", NULL };
	const int which = word(value, words);

	if (which == -1)
		return "wants yes or no";
	pc->pc_mdns = which == 1;
	return NULL;
}

static const char *
set_slow(struct port_conf *pc, const char *value)
{
	static const char *const words[] = { "close", "drop", NULL };
	const int which = word(value, words);

	if (which == -1)
		return "wants drop or close";
	pc->pc_drop = which == 1;
	return NULL;
}

static const char *
set_buffer(struct port_conf *pc, const char *value)
{
	unsigned n, size = 4;

	if (!number(value, 4, 65536, &n))
		return "wants KiB, from 4 to 65536";
	while (size < n)
		size *= 2;
	pc->pc_buffer = size;
	return NULL;
}

static const char *
set_log(struct port_conf *pc, const char *value)
{

	if (pc->pc_auto && (strchr(value, '%') == NULL ||
	    strchr(value, '%') != strrchr(value, '%')))
		return "wants a % where the name of the port is to stand";
	return set_file(pc->pc_log, value);
}

static const char *
set_logformat(struct port_conf *pc, const char *value)
{
	static const char *const words[] = { "lines", "raw", "hex", NULL };
	const int which = word(value, words);

	if (which == -1)
		return "wants lines, raw or hex";
	pc->pc_logformat = (enum log_format)which;
	return NULL;
}

static const char *
set_logsize(struct port_conf *pc, const char *value)
{

	return number(value, 1, 4194304, &pc->pc_logsize) ? NULL :
	    "wants KiB, from 1 to 4194304";
}

static const char *
set_logkeep(struct port_conf *pc, const char *value)
{

	return number(value, 0, 99, &pc->pc_logkeep) ? NULL :
	    "wants a number from 0 to 99";
}

static const char *
set_history(struct port_conf *pc, const char *value)
{

	return number(value, 0, 65536, &pc->pc_history) ? NULL :
	    "wants KiB, from 0 to 65536";
}

static const char *
set_clients(struct port_conf *pc, const char *value)
{

	return number(value, 1, 10000, &pc->pc_clients) ? NULL :
	    "wants a number from 1 to 10000";
}

static const char *
set_break(struct port_conf *pc, const char *value)
{

	return number(value, 1, 10000, &pc->pc_break) ? NULL :
	    "wants milliseconds, from 1 to 10000";
}

static const char *
set_comment(struct port_conf *pc, const char *value)
{

	(void)pc;
	(void)value;
	return NULL;
}

static const struct {
	const char	*name;
	bool		 many;
	const char	*(*set)(struct port_conf *, const char *);
} keys[] = {
	{ "node",	false,	set_node },
	{ "listen",	true,	set_listen },
	{ "tls-certificate", false, set_certificate },
	{ "tls-key",	false,	set_key },
	{ "tls-clients", false,	set_authorities },
	{ "speed",	false,	set_speed },
	{ "format",	false,	set_format },
	{ "flow",	false,	set_flow },
	{ "dtr",	false,	set_dtr },
	{ "rts",	false,	set_rts },
	{ "notice",	false,	set_notice },
	{ "away",	false,	set_away },
	{ "after-revoke", false, set_revoke },
	{ "mdns",	false,	set_mdns },
	{ "slow",	false,	set_slow },
	{ "buffer",	false,	set_buffer },
	{ "history",	false,	set_history },
	{ "log",	false,	set_log },
	{ "log-format",	false,	set_logformat },
	{ "log-size",	false,	set_logsize },
	{ "log-keep",	false,	set_logkeep },
	{ "clients",	false,	set_clients },
	{ "break",	false,	set_break },
	{ "comment",	true,	set_comment },
	{ "reset",	false,	set_reset },
	{ "login",	false,	set_login },
	{ "serial",	false,	set_serial },
	{ "by-id",	false,	set_byid },
	{ "state",	false,	set_state },
};
#define	NKEYS	(sizeof(keys) / sizeof(keys[0]))

/* Some are [auto]'s alone, and some are not for it. */
static bool
has_key(const struct port_conf *pc, const char *key)
{

	if (strcmp(key, "by-id") == 0 || strcmp(key, "state") == 0)
		return pc->pc_auto;
	return !pc->pc_auto || (strcmp(key, "node") != 0 &&
	    strcmp(key, "serial") != 0);
}

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
	size_t i;

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
	for (i = 0; i < NKEYS && strcmp(keys[i].name, key) != 0; i++)
		continue;
	if (i == NKEYS || !has_key(r->r_port, key)) {
		conf_wrong(in, in->cn_line, "%s: %s has no such key; see "
		    "gateway.conf(5)", key, r->r_port->pc_auto ? "[auto]" :
		    "a port");
		return;
	}
	why = !keys[i].many && (r->r_port->pc_seen & 1U << i) != 0 ?
	    "is given twice" : keys[i].set(r->r_port, value);
	r->r_port->pc_seen |= 1U << i;
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
