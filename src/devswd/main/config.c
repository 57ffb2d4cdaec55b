/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config.c - read devswd.conf(5).
 *
 * Model
 *	libinih takes lines apart; this file gives it the lines, and so knows
 *	which one it is at.  [devswd] has settings, which are the options of
 *	the command line by their names (config_set_t).  [claim NAME] has the
 *	parts of a claim, each of which is checked where it stands; the section
 *	as a whole becomes a text as for --claim when it ends, so that there is
 *	one grammar and one list of claims (claim_add).
 *
 *	A configuration says what root's daemon loads as code, so a file that
 *	others can write to is refused.  What is no file, or too long to be a
 *	configuration, is not read: nothing here waits or grows with what
 *	somebody has put there.
 *
 * Known gap: of several lines that begin with '[' and have no ']', libinih
 * tells the first.
 */
#include <sys/stat.h>

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "main/claim.h"
#include "main/config.h"
#include "main/mistake.h"
#include "main/options.h"

#define	SIZE_MAX_CONFIG	(1024 * 1024)
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
	[PART_COMMENT] = "comment",
};

struct config {
	struct options	*c_options;
	config_set_t	*c_set;
	int		 c_errors;
	int		 c_found;	/* a file */

	/* The file. */
	const char	*c_path;
	FILE		*c_stream;
	unsigned	 c_line;

	/* The claim that is being put together; "" if none. */
	char		 c_name[NAME_LEN];
	unsigned	 c_begin;	/* its line */
	int		 c_bad;		/* a mistake has been told */
	char		*c_parts[NPARTS];
};

/* ---- mistakes ------------------------------------------------------- */

/* line 0: of the file as a whole. */
__attribute__((__format__(__printf__, 3, 4)))
static void
wrong(struct config *c, unsigned line, const char *format, ...)
{
	char number[16] = "", text[1024];
	va_list ap;

	if (line != 0)
		snprintf(number, sizeof(number), "%u:", line);
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	mistake("%s:%s %s", c->c_path, number, text);
	c->c_errors++;
}

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
	struct claim cl;
	struct perm perm;
	const char *why;

	if (which == PART_COMMENT)
		return NULL;
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
		wrong(c, c->c_line, "%s: a claim has no such key; it has vid, "
		    "pid, serial, port, unit, driver, force, owner, group, "
		    "mode and comment", key);
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
		wrong(c, c->c_line, "%s = %s: %s", key, value, why);
		c->c_bad = 1;
	}
}

/* The claim that was just added: what its text does not say. */
static void
claim_rest(const struct config *c, struct claim *cl)
{
	int k;

	strcpy(cl->c_name, c->c_name);
	snprintf(cl->c_at, sizeof(cl->c_at), "%s:%u", c->c_path, c->c_begin);
	for (k = PART_OWNER; k <= PART_MODE; k++) {
		if (c->c_parts[k] != NULL)
			(void)perm_set(&cl->c_perm, part_names[k],
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
		wrong(c, c->c_begin, "[claim %s]: %s", c->c_name, why);
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
		wrong(c, c->c_line, "[claim %s]: wants a name of up to %d "
		    "letters, digits, '.', '_' and '-'", name, NAME_LEN - 1);
		strcpy(c->c_name, "?");
		c->c_bad = 1;
	} else
		strcpy(c->c_name, name);
	c->c_begin = c->c_line;
}

/* ---- lines ---------------------------------------------------------- */

/* A line "[...]": what follows belongs to it. */
static void
section(struct config *c, const char *line)
{
	char name[64];

	claim_end(c);
	if (sscanf(line, "[%63[^]\n]]", name) != 1)
		name[0] = '\0';
	if (strncmp(name, "claim ", 6) == 0)
		claim_begin(c, name + 6);
	else if (strcmp(name, "devswd") != 0)
		wrong(c, c->c_line, "[%s]: there is no such section; there "
		    "are [devswd] and [claim NAME]", name);
}

/* libinih's reader: fgets, and which line it is. */
static char *
next_line(char *buf, int size, void *arg)
{
	struct config *c = arg;
	const char *p;
	size_t len;
	int ch;

	if (fgets(buf, size, c->c_stream) == NULL)
		return NULL;
	c->c_line++;
	len = strlen(buf);
	if (len > 0 && buf[len - 1] != '\n' && !feof(c->c_stream)) {
		wrong(c, c->c_line, "the line is too long");
		while ((ch = getc(c->c_stream)) != EOF && ch != '\n')
			continue;
		buf[0] = '\0';
	}
	p = buf + (c->c_line == 1 && strncmp(buf, "\xef\xbb\xbf", 3) == 0 ?
	    3 : 0);
	while (isspace((unsigned char)*p))
		p++;
	if (*p == '[')
		section(c, p);
	return buf;
}

/* libinih's handler. */
static int
key_value(void *arg, const char *in, const char *key, const char *value)
{
	struct config *c = arg;
	char at[512];

	if (value == NULL)
		wrong(c, c->c_line, "%s: wants KEY = VALUE", key);
	else if (c->c_name[0] != '\0')
		claim_part(c, key, value);
	else if (strcmp(in, "devswd") == 0) {
		snprintf(at, sizeof(at), "%s:%u: ", c->c_path, c->c_line);
		c->c_errors += c->c_set(c->c_options, key, value, at);
	} else if (in[0] == '\0')
		wrong(c, c->c_line, "%s: begin with [devswd] or "
		    "[claim NAME]", key);
	return 1;
}

/* ---- files ---------------------------------------------------------- */

const char *
config_check_file(int fd)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return strerror(errno);
	if (!S_ISREG(st.st_mode))
		return "is no file";
	if ((st.st_uid != 0 && st.st_uid != geteuid()) ||
	    (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return "others than root can write to it";
	return NULL;
}

/* The same of what is in it. */
static const char *
check_text(FILE *f)
{
	long n;
	int ch;

	for (n = 0; (ch = getc(f)) != EOF; n++) {
		if (ch == '\0')
			return "is no text";
		if (n == SIZE_MAX_CONFIG)
			return "is longer than 1 MiB";
	}
	if (ferror(f))
		return strerror(errno);
	rewind(f);
	return NULL;
}

static void
read_lines(struct config *c)
{
	int line;

	line = ini_parse_stream(next_line, c, key_value, c);
	claim_end(c);
	if (line != 0)
		wrong(c, line > 0 ? (unsigned)line : 0, "wants [SECTION] or "
		    "KEY = VALUE");
}

static void
read_file(struct config *c, const char *path, int may_miss)
{
	const char *why = NULL;
	int fd;

	c->c_path = path;
	c->c_line = 0;
	c->c_stream = NULL;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd == -1 && errno == ENOENT && may_miss)
		return;
	c->c_found = 1;
	if (fd == -1)
		why = strerror(errno);
	else
		why = config_check_file(fd);
	if (why == NULL && (c->c_stream = fdopen(fd, "r")) == NULL)
		why = strerror(errno);
	if (why == NULL)
		why = check_text(c->c_stream);
	if (why != NULL)
		wrong(c, 0, "%s", why);
	else
		read_lines(c);
	if (c->c_stream != NULL)
		fclose(c->c_stream);
	else if (fd != -1)
		close(fd);
}

static int
is_conf(const struct dirent *d)
{
	const size_t len = strlen(d->d_name);

	return d->d_name[0] != '.' && len > 5 &&
	    strcmp(d->d_name + len - 5, ".conf") == 0;
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{

	return strcmp((*a)->d_name, (*b)->d_name);
}

static void
read_directory(struct config *c, const char *path)
{
	struct dirent **list;
	char *dir, *file;
	int i, n;

	if (asprintf(&dir, "%s.d", path) == -1)
		dir = NULL;
	c->c_path = dir != NULL ? dir : path;
	n = dir != NULL ? scandir(dir, &list, is_conf, by_name) : -1;
	if (n == -1 && (dir == NULL || errno != ENOENT))
		wrong(c, 0, "%s", strerror(errno));
	for (i = 0; i < n; i++) {
		if (asprintf(&file, "%s/%s", dir, list[i]->d_name) == -1)
			wrong(c, 0, "%s", strerror(ENOMEM));
		else {
			read_file(c, file, 0);
			free(file);
			c->c_path = dir;
		}
		free(list[i]);
	}
	if (n != -1)
		free(list);
	free(dir);
}

int
config_read(const char *path, struct options *o, config_set_t *set,
    int *found)
{
	const char *const file = path != NULL ? path : CONFIG_FILE;
	struct config c = { .c_options = o, .c_set = set };

	ini_allow_multiline = false;
	ini_allow_no_value = true;
	read_file(&c, file, path == NULL);
	read_directory(&c, file);
	*found = c.c_found;
	return c.c_errors;
}
