/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unitsfile.c - the file of unit numbers that devices keep; units.c.
 *
 * Model
 *	The lines of the file, in their order.  Those that cannot be understood,
 *	and comments, are somebody's, and are written back as they were.  The
 *	file is written as a new one that takes the old one's place, by a thread
 *	of its own (unitssave.c).  If that fails (a full disk) it is tried with
 *	the next line; meanwhile the units are remembered here.
 *
 *	Everything in the file was written by root, and is no code; it is read
 *	with the care that the configuration gets all the same: its length, its
 *	lines and what the log says of them are bounded.  A file that is not
 *	read to its end is not written either.
 *
 * Locks
 *	None: main's thread only.
 */
#include <sys/stat.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hyp/hyp.h"
#include "hyp/hyp_node.h"
#include "host/host.h"
#include "conf/conf.h"
#include "main/units.h"
#include "main/unitsvar.h"

#define	LINES_MAX	4096		/* lines */
#define	TOLD_MAX	20		/* lines that are wrong */
#define	FILE_MAX	(1024 * 1024)
#define	IFACE_MAX	255
#define	PART_MAX	65535

struct units_lines units_lines = TAILQ_HEAD_INITIALIZER(units_lines);
unsigned units_nlines;
char *units_path;
static const struct claim_head *units_claims;

static void
forget_all(void)
{
	struct units_line *l;

	while ((l = TAILQ_FIRST(&units_lines)) != NULL)
		units_line_drop(l);
	units_nlines = 0;
	free(units_path);
	units_path = NULL;
}

int
units_claimed(const char *driver, int unit)
{
	const struct claim *c;

	TAILQ_FOREACH(c, units_claims, c_entry) {
		if (c->c_unit == unit && strcmp(c->c_driver, driver) == 0)
			return 1;
	}
	return 0;
}

struct units_line *
units_line_of(const char *driver, int unit)
{
	struct units_line *l;

	TAILQ_FOREACH(l, &units_lines, l_entry) {
		if (l->l_unit == unit && strcmp(l->l_driver, driver) == 0)
			return l;
	}
	return NULL;
}

/* "interface=1", "part=7"; NULL, or what is wrong. */
static const char *
spot_parse(struct spot *s, const char *word)
{
	const int part = strncmp(word, "part=", 5) == 0;
	int *const where = part ? &s->s_part : &s->s_iface;
	long val;

	if (!part && strncmp(word, "interface=", 10) != 0)
		return "after the device comes interface= or part=";
	if (*where != -1)
		return part ? "part= is given twice" :
		    "interface= is given twice";
	val = perm_number(word + (part ? 5 : 10), 10,
	    part ? PART_MAX : IFACE_MAX);
	if (val < 0)
		return part ? "part= wants a number from 0 to 65535" :
		    "interface= wants a number from 0 to 255";
	*where = (int)val;
	return NULL;
}

/* Take a line apart, which is changed; NULL, or what is wrong. */
static const char *
line_words(struct units_line *l, char *text)
{
	static const char blank[] = " \t\r\v\f";
	const char *driver, *unit, *device, *why = NULL;
	char *rest, *word;
	long val;

	driver = strtok_r(text, blank, &rest);
	unit = strtok_r(NULL, blank, &rest);
	device = strtok_r(NULL, blank, &rest);
	if (driver == NULL || device == NULL ||
	    strlen(driver) >= sizeof(l->l_driver))
		return "wants a driver, a unit and a device, such as \"ucom 0 "
		    "0403:6001,serial=A1\"";
	if ((val = perm_number(unit, 10, CLAIM_UNIT_MAX)) < 0)
		return "the unit is not from 0 to 4095";
	if ((why = claim_parse(device, &l->l_device)) != NULL)
		return why;
	if (l->l_device.c_unit != -1)
		return "the device has a unit= of its own";
	while (why == NULL && (word = strtok_r(NULL, blank, &rest)) != NULL)
		why = spot_parse(&l->l_spot, word);
	if (why != NULL)
		return why;
	if (units_line_of(driver, (int)val) != NULL)
		return "another line has this unit";
	if (units_nlines == UNITS_MAX)
		return "there are too many";
	strcpy(l->l_driver, driver);
	l->l_unit = (int)val;
	units_nlines++;
	return NULL;
}

static const char *
line_parse(struct units_line *l, const char *text)
{
	char *const copy = strdup(text);
	const char *why;

	if (copy == NULL)
		hyp_panic("out of memory");
	why = line_words(l, copy);
	free(copy);
	return why;
}

const char *
units_line_add(char *text, struct units_line **added)
{
	struct units_line *l = calloc(1, sizeof(*l));
	const char *p = text, *why = NULL;

	if (l == NULL)
		hyp_panic("out of memory");
	l->l_spot = l->l_at = (struct spot){ -1, -1 };
	while (isspace((unsigned char)*p))
		p++;
	if (*p != '\0' && *p != '#')
		why = line_parse(l, p);
	l->l_text = text;
	TAILQ_INSERT_TAIL(&units_lines, l, l_entry);
	*added = l;
	return why;
}

void
units_line_drop(struct units_line *l)
{

	TAILQ_REMOVE(&units_lines, l, l_entry);
	free(l->l_text);
	free(l);
}

void
units_line_forget(struct units_line *l)
{

	hyp_node_unpin(l->l_driver, (uint32_t)l->l_unit);
	units_nlines--;
	units_line_drop(l);
}

void
units_line_keep(const struct units_line *l)
{

	if (units_claimed(l->l_driver, l->l_unit)) {
		host_logf(HYP_LOG_NOTICE, "%s: %s %d: a claim has this unit",
		    units_path, l->l_driver, l->l_unit);
		return;
	}
	if (hyp_node_pin(l->l_driver, (uint32_t)l->l_unit) == EINVAL)
		host_logf(HYP_LOG_NOTICE, "%s: %s %d: there is no such driver "
		    "now", units_path, l->l_driver, l->l_unit);
}

/* One line of the file, of len characters; it was allocated. */
static void
read_line(char *text, ssize_t len, unsigned n, unsigned *wrong)
{
	const char *why;
	struct units_line *l;

	if (text[len - 1] == '\n')
		text[len - 1] = '\0';
	why = units_line_add(text, &l);
	if (why == NULL && l->l_driver[0] != '\0')
		units_line_keep(l);
	if (why != NULL && (*wrong)++ < TOLD_MAX)
		host_logf(HYP_LOG_WARNING, "%s:%u: %s; the line is left alone",
		    units_path, n, why);
}

/* NULL, or why it is no file of units at all. */
static const char *
read_lines(FILE *f)
{
	const char *why = NULL;
	char *text = NULL;
	size_t size = 0;
	unsigned n, wrong = 0;
	ssize_t len;

	for (n = 1; why == NULL && (len = getline(&text, &size, f)) != -1;
	    n++) {
		if (memchr(text, '\0', (size_t)len) != NULL)
			why = "is no text";
		else if (n > LINES_MAX)
			why = "has more than 4096 lines";
		else {
			read_line(text, len, n, &wrong);
			text = NULL;
			size = 0;
		}
	}
	free(text);
	if (why == NULL && wrong > TOLD_MAX)
		host_logf(HYP_LOG_WARNING, "%s: %u more lines are wrong",
		    units_path, wrong - TOLD_MAX);
	return why;
}

/* What is wrong with the file, or NULL. */
static const char *
check_file(int fd)
{
	const char *const why = conf_check_file(fd);
	struct stat st;

	if (why != NULL)
		return why;
	return fstat(fd, &st) == 0 && st.st_size > FILE_MAX ?
	    "is longer than 1 MiB" : NULL;
}

/* NULL, or what is wrong: what is to be read; *fp NULL: it is not there. */
static const char *
open_file(const char *path, FILE **fp)
{
	const char *why;
	int fd, error;

	*fp = NULL;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd == -1)
		return errno == ENOENT ? NULL : strerror(errno);
	why = check_file(fd);
	if (why == NULL && (*fp = fdopen(fd, "r")) == NULL) {
		error = errno;
		why = strerror(error);
	}
	if (why != NULL)
		close(fd);
	return why;
}

/*
 * A file that cannot be read is not written over either: nothing is
 * remembered then.
 */
void
units_load(const char *path, const struct claim_head *claims)
{
	char *const newer = path != NULL ? units_unwritten(path) : NULL;
	const char *why = NULL;
	FILE *f = NULL;

	forget_all();
	units_claims = claims;
	if (path == NULL)
		return;
	if (newer == NULL)
		why = open_file(path, &f);
	else if ((f = fmemopen(newer, strlen(newer), "r")) == NULL)
		why = strerror(errno);
	if (why == NULL && (units_path = strdup(path)) == NULL)
		hyp_panic("out of memory");
	if (f != NULL) {
		why = read_lines(f);
		fclose(f);
	}
	free(newer);
	if (why == NULL)
		return;
	host_logf(HYP_LOG_ERR, "%s: %s; units are not remembered", path, why);
	forget_all();
}

void
units_save(void)
{
	const struct units_line *l;
	char *text = NULL;
	size_t size;
	FILE *f;

	if ((f = open_memstream(&text, &size)) == NULL)
		hyp_panic("out of memory");
	TAILQ_FOREACH(l, &units_lines, l_entry)
		fprintf(f, "%s\n", l->l_text);
	if (fclose(f) != 0)
		hyp_panic("out of memory");
	units_write(units_path, text);
}
