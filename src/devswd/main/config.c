/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config.c - read devswd.conf(5).
 *
 * Model
 *	src/conf takes files and lines apart.  [devswd] has settings, which are
 *	the options of the command line by their names (config_set_t).
 *	[claim NAME] has the parts of a claim, each of which is checked where it
 *	stands; the section as a whole becomes a text as for --claim when it
 *	ends, so that there is one grammar and one list of claims (claim_add).
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"
#include "main/claim.h"
#include "main/config.h"
#include "main/mistake.h"
#include "main/options.h"

#define	NAME_LEN	CLAIM_NAME

/* A part of a claim that was given; they make its text in this order. */
enum part {
	PART_VID,
	PART_PID,
	PART_SERIAL,
	PART_PORT,
	PART_UNIT,
	PART_DRIVER,
	PART_FORCE,
	PART_OWNER,
	PART_GROUP,
	PART_MODE,
	PART_SPEED,
	PART_FORMAT,
	PART_FLOW,
	PART_DTR,
	PART_RTS,
	PART_LATENCY,
	PART_HUPCL,
	PART_CLOCAL,
	PART_SEMANTICS,
	PART_COMMENT,
	NPARTS
};

static const char *const part_names[NPARTS] = {
	[PART_VID] = "vid",
	[PART_PID] = "pid",
	[PART_SERIAL] = "serial",
	[PART_PORT] = "port",
	[PART_UNIT] = "unit",
	[PART_DRIVER] = "driver",
	[PART_FORCE] = "force",
	[PART_OWNER] = "owner",
	[PART_GROUP] = "group",
	[PART_MODE] = "mode",
	[PART_SPEED] = "speed",
	[PART_FORMAT] = "format",
	[PART_FLOW] = "flow",
	[PART_DTR] = "dtr",
	[PART_RTS] = "rts",
	[PART_LATENCY] = "latency",
	[PART_HUPCL] = "hupcl",
	[PART_CLOCAL] = "clocal",
	[PART_SEMANTICS] = "semantics",
	[PART_COMMENT] = "comment",
};

struct config {
	struct options	*c_options;
	config_set_t	*c_set;
	struct conf	*c_in;		/* where the reading is */

	/* The claim that is being put together; "" if none. */
	char		 c_name[NAME_LEN];
	unsigned	 c_begin;	/* its line */
	int		 c_bad;		/* a mistake has been told */
	char		*c_parts[NPARTS];
};

/* ---- claims --------------------------------------------------------- */

/*
 * text of a claim from those parts that are there, which the caller frees;
 * NULL: out of memory.
 */
static char *
claim_text(char *const parts[NPARTS])
{
	char *text = NULL;
	const char *p;
	size_t size;
	FILE *f;
	int k;

	f = open_memstream(&text, &size);
	if (f == NULL)
		return NULL;
	fprintf(f, "%s:%s", parts[PART_VID], parts[PART_PID]);
	for (k = PART_SERIAL; k <= PART_DRIVER; k++) {
		if (parts[k] == NULL)
			continue;
		fprintf(f, ",%s=", part_names[k]);
		for (p = parts[k]; *p != '\0'; p++) {
			if (*p == ',' || *p == '\\')
				fputc('\\', f);
			fputc(*p, f);
		}
	}
	if (parts[PART_FORCE] != NULL && strcmp(parts[PART_FORCE], "yes") == 0)
		fputs(",force", f);
	if (fclose(f) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

/* What is wrong with this part alone, or NULL. */
static const char *
check_part(enum part which, const char *value)
{
	char zero[] = "0", *parts[NPARTS] = { zero, zero }, *text;
	struct hyp_usb_line line = { .hl_speed = 0 };
	struct claim cl;
	struct perm perm;
	const char *why;

	if (which == PART_COMMENT)
		return NULL;
	if (which >= PART_SPEED)
		return line_set(&line, part_names[which], value);
	if (which >= PART_OWNER)
		return perm_set(&perm, part_names[which], value);
	if (which == PART_FORCE)
		return strcmp(value, "yes") == 0 || strcmp(value, "no") == 0 ?
		    NULL : "wants yes or no";
	if (which <= PART_PID && (strchr(value, ':') != NULL ||
	    strchr(value, ',') != NULL))
		return "wants one to four hex digits";
	parts[which] = (char *)(uintptr_t)value;
	if (which == PART_DRIVER)
		parts[PART_UNIT] = zero;
	text = claim_text(parts);
	why = text != NULL ? claim_parse(text, &cl) : "out of memory";
	free(text);
	return why != NULL && which <= PART_PID ?
	    "wants one to four hex digits" : why;
}

static void
claim_part(struct config *c, const char *key, const char *value)
{
	const char *why;
	int k;

	for (k = 0; k < NPARTS; k++) {
		if (strcmp(part_names[k], key) == 0)
			break;
	}
	if (k == NPARTS) {
		conf_wrong(c->c_in, c->c_in->cn_line, "%s: a claim has no "
		    "such key; it has vid, pid, serial, port, unit, driver, "
		    "force, owner, group, mode, speed, format, flow, dtr, "
		    "rts, latency, hupcl, clocal, semantics and comment", key);
		c->c_bad = 1;
		return;
	}
	/* "0x0403" is what people copy. */
	if (k <= PART_PID && value[0] == '0' && (value[1] | 0x20) == 'x')
		value += 2;
	why = c->c_parts[k] != NULL ? "is given twice" :
	    check_part((enum part)k, value);
	if (why == NULL && (c->c_parts[k] = strdup(value)) == NULL)
		why = "out of memory";
	if (why != NULL) {
		conf_wrong(c->c_in, c->c_in->cn_line, "%s = %s: %s", key,
		    value, why);
		c->c_bad = 1;
	}
}

/* The claim that was just added: what its text does not say. */
static void
claim_rest(const struct config *c, struct claim *cl)
{
	int k;

	strcpy(cl->c_name, c->c_name);
	snprintf(cl->c_at, sizeof(cl->c_at), "%s:%u", c->c_in->cn_path,
	    c->c_begin);
	for (k = PART_OWNER; k <= PART_MODE; k++) {
		if (c->c_parts[k] != NULL)
			(void)perm_set(&cl->c_perm, part_names[k],
			    c->c_parts[k]);
	}
	for (k = PART_SPEED; k < PART_COMMENT; k++) {
		if (c->c_parts[k] != NULL)
			(void)line_set(&cl->c_line, part_names[k],
			    c->c_parts[k]);
	}
}

/* The section has ended: it is one of the claims now, if it is right. */
static void
claim_end(struct config *c)
{
	const char *why = NULL;
	char *text = NULL;

	if (c->c_name[0] == '\0')
		return;
	if (!c->c_bad) {
		if (c->c_parts[PART_VID] == NULL ||
		    c->c_parts[PART_PID] == NULL)
			why = "vid and pid say which devices; one is missing";
		else if ((text = claim_text(c->c_parts)) == NULL)
			why = "out of memory";
		else
			why = claim_add(&c->c_options->o_claims, text);
		if (why == NULL)
			claim_rest(c, TAILQ_LAST(&c->c_options->o_claims,
			    claim_head));
	}
	if (why != NULL)
		conf_wrong(c->c_in, c->c_begin, "[claim %s]: %s", c->c_name,
		    why);
	free(text);
	for (int k = 0; k < NPARTS; k++) {
		free(c->c_parts[k]);
		c->c_parts[k] = NULL;
	}
	c->c_name[0] = '\0';
	c->c_bad = 0;
}

static void
claim_begin(struct config *c, const char *name)
{
	size_t len = 0;

	while (isalnum((unsigned char)name[len]) ||
	    (len > 0 && strchr("._-", name[len]) != NULL && name[len] != '\0'))
		len++;
	if (len == 0 || name[len] != '\0' || len >= sizeof(c->c_name)) {
		conf_wrong(c->c_in, c->c_in->cn_line, "[claim %s]: wants a "
		    "name of up to %d letters, digits, '.', '_' and '-'", name, NAME_LEN - 1);
		strcpy(c->c_name, "?");
		c->c_bad = 1;
	} else
		strcpy(c->c_name, name);
	c->c_begin = c->c_in->cn_line;
}

/* ---- the whole ------------------------------------------------------ */

/* A line "[...]": what follows belongs to it. */
static void
section(struct conf *in, void *arg, const char *name)
{
	struct config *const c = arg;

	c->c_in = in;
	claim_end(c);
	if (name == NULL)
		return;
	if (strncmp(name, "claim ", 6) == 0)
		claim_begin(c, name + 6);
	else if (strcmp(name, "devswd") != 0)
		conf_wrong(in, in->cn_line, "[%s]: there is no such section; "
		    "there are [devswd] and [claim NAME]", name);
}

static void
key_value(struct conf *in, void *arg, const char *name, const char *key,
    const char *value)
{
	struct config *const c = arg;
	char at[512];

	c->c_in = in;
	if (c->c_name[0] != '\0')
		claim_part(c, key, value);
	else if (strcmp(name, "devswd") == 0) {
		snprintf(at, sizeof(at), "%s:%u: ", in->cn_path, in->cn_line);
		in->cn_errors += c->c_set(c->c_options, key, value, at);
	} else if (name[0] == '\0')
		conf_wrong(in, in->cn_line, "%s: begin with [devswd] or "
		    "[claim NAME]", key);
}

static void
told(const char *text)
{

	mistake("%s", text);
}

int
config_read(const char *path, struct options *o, config_set_t *set,
    int *found)
{
	static const struct conf_form form = { section, key_value, told };
	struct config c = { .c_options = o, .c_set = set };

	return conf_read(path != NULL ? path : CONFIG_FILE, path == NULL,
	    &form, &c, found);
}
