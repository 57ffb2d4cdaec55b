/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config_keys.c - gateway.conf(5): the keys of a port, and their values.
 *
 * Model
 *	A key is a row of a table, with a function that puts its value into the
 *	struct port_conf, or says what it should be.  What several keys have to
 *	say to each other is config.c's.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/gateway.h"

#define	RANGE_MAX	1000	/* numbers of [auto] */

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
set_logintime(struct port_conf *pc, const char *value)
{

	return number(value, 1, 3600, &pc->pc_logintime) ? NULL :
	    "wants seconds, from 1 to 3600";
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
	{ "login-time",	false,	set_logintime },
	{ "serial",	false,	set_serial },
	{ "by-id",	false,	set_byid },
	{ "state",	false,	set_state },
};
#define	NKEYS	(sizeof(keys) / sizeof(keys[0]))
_Static_assert(NKEYS <= 32, "pc_seen has a bit for each");

/* Some are [auto]'s alone, and some are not for it. */
static bool
has_key(const struct port_conf *pc, const char *key)
{

	if (strcmp(key, "by-id") == 0 || strcmp(key, "state") == 0)
		return pc->pc_auto;
	return !pc->pc_auto || (strcmp(key, "node") != 0 &&
	    strcmp(key, "serial") != 0);
}

/*
 * why = config_set(pc, key, value, &known)
 *
 *	NULL, or what is wrong with the value; known: whether a section like
 *	this one has such a key.
 */
const char *
config_set(struct port_conf *pc, const char *key, const char *value,
    bool *known)
{
	bool again;
	size_t i;

	for (i = 0; i < NKEYS && strcmp(keys[i].name, key) != 0; i++)
		continue;
	*known = i < NKEYS && has_key(pc, key);
	if (!*known)
		return NULL;
	again = (pc->pc_seen & 1U << i) != 0;
	pc->pc_seen |= 1U << i;
	return again && !keys[i].many ? "is given twice" :
	    keys[i].set(pc, value);
}
