/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * claim.c - parse --claim, and match devices against the claims.
 *
 * Model
 *	Nothing is taken that no claim names: a serial adapter may be
 *	somebody's modem.  A claim names a vendor and a product, both in hex,
 *	and can be narrowed by serial number and by port.  What it
 *	says of serial lines, and of semantics, can stand in it as well (line.c).
 *
 *	A boot keyboard or mouse is not taken even if it is named, because
 *	many a one shares its numbers with other devices of its maker, and
 *	whoever loses the one that he is typing on cannot type what would
 *	give it back.  "force" says that it is meant.
 *
 *	c_holder says which of the devices that fit has the claim's unit
 *	number.  It is set when a device arrives and cleared when that one
 *	leaves, so that a device that stays is not renumbered when another
 *	goes.
 *
 * Locks
 *	None: main's thread only.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hyp/hyp.h"
#include "host/host.h"
#include "host/usbsys.h"
#include "main/claim.h"

#define	DEFAULT_DRIVER	"ucom"	/* of unit= */

/* One to four hex digits, up to the character end. */
static const char *
parse_id(const char *p, char end, uint16_t *id)
{
	unsigned val = 0;
	int n;

	for (n = 0; isxdigit((unsigned char)p[n]); n++) {
		if (n == 4)
			return NULL;
		val = val * 16 + (unsigned)(isdigit((unsigned char)p[n]) ?
		    p[n] - '0' : tolower((unsigned char)p[n]) - 'a' + 10);
	}
	if (n == 0 || (p[n] != end && p[n] != '\0'))
		return NULL;
	*id = (uint16_t)val;
	return p + n;
}

/*
 * next = parse_value(p, buf, size)
 *
 *	Copy a value up to ',' or the end, without its backslashes.  NULL:
 *	empty, too long, or a backslash at the end.
 */
static const char *
parse_value(const char *p, char *buf, size_t size)
{
	size_t n = 0;

	for (; *p != '\0' && *p != ','; p++) {
		if (*p == '\\' && *++p == '\0')
			return NULL;
		if (n + 1 >= size)
			return NULL;
		buf[n++] = *p;
	}
	buf[n] = '\0';
	return n != 0 ? p : NULL;
}

#define	WANTED	"after a comma comes serial=, port=, unit=, driver=, force, "	\
    "speed=, format=, flow=, dtr=, rts=, latency=, hupcl=, clocal= or "	\
    "semantics="

static const char *
parse_unit(const char *text, int *unit)
{
	char *end;
	long val;

	if (!isdigit((unsigned char)text[0]))
		return "unit= wants a number";
	errno = 0;
	val = strtol(text, &end, 10);
	if (*end != '\0')
		return "unit= wants a number";
	if (errno != 0 || val > CLAIM_UNIT_MAX)
		return "unit= is larger than 4095";
	*unit = (int)val;
	return NULL;
}

/* "1-1.4": bus, then ports. */
static const char *
check_port(const char *port)
{
	const char *p;
	int want_digit = 1, dash = 0;

	for (p = port; *p != '\0'; p++) {
		if (isdigit((unsigned char)*p)) {
			want_digit = 0;
		} else if (want_digit || (*p == '-' && dash) ||
		    (*p == '.' && !dash) || (*p != '-' && *p != '.')) {
			return "port= wants a place such as 1-1.4";
		} else {
			dash |= *p == '-';
			want_digit = 1;
		}
	}
	return want_digit || !dash ? "port= wants a place such as 1-1.4" :
	    NULL;
}

/* The name of a driver: a module's, perhaps, so only its form is known. */
static const char *
parse_driver(const char *name, struct claim *c)
{
	const char *p;

	for (p = name; islower((unsigned char)*p) ||
	    (p > name && isdigit((unsigned char)*p)); p++)
		continue;
	if (*p != '\0' || strlen(name) >= sizeof(c->c_driver))
		return "driver= wants a name such as ucom or uhid";
	strcpy(c->c_driver, name);
	return NULL;
}

/* The first len characters of key, and value; WANTED: it is no such key. */
static const char *
parse_line(const char *key, size_t len, const char *value, struct claim *c)
{
	static char why[128];
	const char *what;
	char name[16];

	if (len >= sizeof(name))
		return WANTED;
	memcpy(name, key, len);
	name[len] = '\0';
	if (!line_has_key(name))
		return WANTED;
	if ((what = line_set(&c->c_line, name, value)) == NULL)
		return NULL;
	snprintf(why, sizeof(why), "%s= %s", name, what);
	return why;
}

/* "force", at p; *pp is moved behind it. */
static const char *
parse_force(const char **pp, struct claim *c)
{

	if (c->c_force)
		return "force is given twice";
	c->c_force = 1;
	*pp += 5;
	return NULL;
}

/* One "force" or "key=value", at p; *pp is moved behind it. */
static const char *
parse_option(const char **pp, struct claim *c)
{
	char value[sizeof(c->c_serial)];
	const char *p = *pp, *eq, *end;
	size_t len;

	if (strncmp(p, "force", 5) == 0 && (p[5] == ',' || p[5] == '\0'))
		return parse_force(pp, c);
	eq = strchr(p, '=');
	len = eq != NULL ? (size_t)(eq - p) : 0;
	if (len == 0 || memchr(p, ',', len) != NULL)
		return WANTED;
	end = parse_value(eq + 1, value, sizeof(value));
	if (end == NULL)
		return "a value is empty or too long";
	*pp = end;
	if (len == 6 && memcmp(p, "serial", 6) == 0) {
		if (c->c_serial[0] != '\0')
			return "serial= is given twice";
		strcpy(c->c_serial, value);
		return NULL;
	}
	if (len == 4 && memcmp(p, "port", 4) == 0) {
		if (c->c_port[0] != '\0')
			return "port= is given twice";
		if (strlen(value) >= sizeof(c->c_port))
			return "a value is empty or too long";
		strcpy(c->c_port, value);
		return check_port(value);
	}
	if (len == 4 && memcmp(p, "unit", 4) == 0) {
		if (c->c_unit != -1)
			return "unit= is given twice";
		return parse_unit(value, &c->c_unit);
	}
	if (len == 6 && memcmp(p, "driver", 6) == 0) {
		if (c->c_driver[0] != '\0')
			return "driver= is given twice";
		return parse_driver(value, c);
	}
	return parse_line(p, len, value, c);
}

const char *
claim_parse(const char *text, struct claim *c)
{
	static const char ids[] =
	    "it starts with vendor and product in hex, such as 0403:6001";
	const char *p, *why;

	memset(c, 0, sizeof(*c));
	c->c_unit = -1;
	if (strlen(text) >= sizeof(c->c_text))
		return "it is too long";
	strcpy(c->c_text, text);
	p = parse_id(text, ':', &c->c_vendor);
	if (p == NULL || *p++ != ':')
		return ids;
	p = parse_id(p, ',', &c->c_product);
	if (p == NULL)
		return ids;
	while (*p == ',') {
		p++;
		if ((why = parse_option(&p, c)) != NULL)
			return why;
	}
	if (c->c_driver[0] != '\0' && c->c_unit == -1)
		return "driver= says whose number unit= is, and there is no "
		    "unit=";
	if (c->c_driver[0] == '\0')
		strcpy(c->c_driver, DEFAULT_DRIVER);
	return NULL;
}

const char *
claim_add(struct claim_head *head, const char *text)
{
	struct claim *c, *other;
	const char *why;

	c = malloc(sizeof(*c));
	if (c == NULL)
		return "out of memory";
	why = claim_parse(text, c);
	TAILQ_FOREACH(other, head, c_entry) {
		if (why != NULL)
			break;
		if (c->c_unit != -1 && c->c_unit == other->c_unit &&
		    strcmp(c->c_driver, other->c_driver) == 0)
			why = "another claim has the same unit";
		else if (c->c_vendor == other->c_vendor &&
		    c->c_product == other->c_product &&
		    strcmp(c->c_serial, other->c_serial) == 0 &&
		    strcmp(c->c_port, other->c_port) == 0)
			why = "another claim names the same devices";
	}
	if (why != NULL) {
		free(c);
		return why;
	}
	TAILQ_INSERT_TAIL(head, c, c_entry);
	return NULL;
}

int
claim_score(const struct claim *c, const struct hyp_usb_info *hi)
{

	if (c->c_vendor != hi->hi_vendor || c->c_product != hi->hi_product)
		return 0;
	if (c->c_serial[0] != '\0' && strcmp(c->c_serial, hi->hi_serial) != 0)
		return 0;
	if (c->c_port[0] != '\0' && strcmp(c->c_port, hi->hi_path) != 0)
		return 0;
	return 1 + (c->c_port[0] != '\0') + 2 * (c->c_serial[0] != '\0');
}

static int
claim_unit(struct claim *c, const struct hyp_usb_info *hi)
{

	if (c->c_unit == -1)
		return -1;
	if (c->c_holder[0] == '\0' || strcmp(c->c_holder, hi->hi_path) == 0) {
		snprintf(c->c_holder, sizeof(c->c_holder), "%s", hi->hi_path);
		return c->c_unit;
	}
	if (!c->c_warned) {
		c->c_warned = 1;
		host_logf(HYP_LOG_WARNING, "claim %s fits more than one "
		    "device: the one at %s has unit %d, the one at %s gets "
		    "the next free number; tell them apart with ,serial= or "
		    ",port=", c->c_text, c->c_holder, c->c_unit, hi->hi_path);
	}
	return -1;
}

void
claim_adopt(struct claim *c, const struct claim *old)
{

	strcpy(c->c_holder, old->c_holder);
	c->c_warned = old->c_warned;
	c->c_seen = old->c_seen;
}

struct claim *
claim_find(struct claim_head *head, const struct hyp_usb_info *hi)
{
	struct claim *c, *best = NULL;
	int score, bestscore = 0;

	TAILQ_FOREACH(c, head, c_entry) {
		score = claim_score(c, hi);
		if (score > bestscore) {
			best = c;
			bestscore = score;
		}
	}
	return best;
}

enum host_udev_verdict
claim_match(void *arg, const struct usbsys_dev *ud, int again, int *unit,
    const char **driver)
{
	const struct hyp_usb_info *hi = &ud->ud_info;
	const char *what;
	struct claim *c;

	c = claim_find(arg, hi);
	if (c == NULL)
		return HOST_UDEV_UNCLAIMED;
	c->c_seen = 1;
	what = usbsys_boot_hid(ud);
	if (what != NULL && !c->c_force) {
		if (again)
			return HOST_UDEV_REFUSED;
		host_logf(HYP_LOG_WARNING, "claim %s: the device at %s is a "
		    "%s, which the host would lose, and it may be the one you "
		    "are using; not taken; add ,force to the claim to have it "
		    "taken", c->c_text, hi->hi_path, what);
		return HOST_UDEV_REFUSED;
	}
	*unit = claim_unit(c, hi);
	*driver = c->c_driver;
	return HOST_UDEV_TAKEN;
}

void
claim_left(void *arg, const char *path)
{
	struct claim_head *head = arg;
	struct claim *c;

	TAILQ_FOREACH(c, head, c_entry) {
		if (strcmp(c->c_holder, path) == 0)
			c->c_holder[0] = '\0';
	}
}

/* serial= with '\' before ',' and '\'; 1: it has no room. */
static int
propose_serial(const char *serial, char *text)
{
	size_t n = strlen(text);
	int len;

	len = snprintf(text + n, CLAIM_TEXT - n, ",serial=");
	for (n += (size_t)len; *serial != '\0'; serial++) {
		if (n + 3 > CLAIM_TEXT)
			return 1;
		if (*serial == ',' || *serial == '\\')
			text[n++] = '\\';
		text[n++] = *serial;
	}
	text[n] = '\0';
	return 0;
}

static void
propose_port(const char *port, char *text)
{
	const size_t n = strlen(text);

	snprintf(text + n, CLAIM_TEXT - n, ",port=%s", port);
}

/* Does the device, and its like alone, fit what was made for it? */
static int
proposal_holds(const struct hyp_usb_info *hi, const char *text, int port)
{
	struct claim c;

	return claim_parse(text, &c) == NULL && claim_score(&c, hi) != 0 &&
	    strcmp(c.c_serial, hi->hi_serial) == 0 &&
	    (!port || strcmp(c.c_port, hi->hi_path) == 0);
}

void
claim_propose(const struct hyp_usb_info *hi, int with_port, char *text)
{
	char ids[16];

	snprintf(ids, sizeof(ids), "%04x:%04x", hi->hi_vendor, hi->hi_product);
	strcpy(text, ids);
	if (hi->hi_serial[0] == '\0' ||
	    propose_serial(hi->hi_serial, text) == 0) {
		if (with_port)
			propose_port(hi->hi_path, text);
		if (proposal_holds(hi, text, with_port))
			return;
	}
	strcpy(text, ids);
	propose_port(hi->hi_path, text);
}

void
claim_shell(const char *text, char *buf, size_t size)
{
	size_t n = 0;

	if (size < CLAIM_SHELL(strlen(text)))
		hyp_panic("claim_shell: no room");
	buf[n++] = '\'';
	for (; *text != '\0'; text++) {
		/* Out of the quotes, one of its own, and in again. */
		if (*text == '\'') {
			memcpy(buf + n, "'\\'", 3);
			n += 3;
		}
		buf[n++] = *text;
	}
	buf[n++] = '\'';
	buf[n] = '\0';
}

void
claim_free(struct claim_head *head)
{
	struct claim *c;

	while ((c = TAILQ_FIRST(head)) != NULL) {
		TAILQ_REMOVE(head, c, c_entry);
		free(c);
	}
}
