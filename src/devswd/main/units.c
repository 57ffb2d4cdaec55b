/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * units.c - unit numbers that devices keep; units.h.
 *
 * Model
 *	A line of the file is a unit and the device that has it, named as by a
 *	claim:
 *
 *		ucom 0 0403:6001,serial=A10KX2
 *		ucom 1 1a86:7523,port=1-1.4
 *
 *	Without a serial number a device is known by its port; so is the
 *	second one with a serial number that another has (copies of a chip,
 *	often).  Each unit is kept in its driver (hyp_node_pin), so no other
 *	device gets it, and its nodes are there from the start.  A device that
 *	comes is pinned to its unit; one that has none gets the lowest that is
 *	free, and when it has attached (units_node) that becomes a line.
 *
 *	Lines that cannot be understood, and comments, are somebody's, and are
 *	written back as they were.  The file is written as a new one that takes
 *	the old one's place.  If that fails (a full disk) it is tried with the
 *	next line; meanwhile the units are remembered here.
 *
 *	Everything in the file was written by root, and is no code; it is read
 *	with the care that the configuration gets all the same.
 *
 * Known gaps
 *	Of a device with several nodes of one driver (an adapter with two
 *	ports) the first one's unit is remembered; the others get what is free,
 *	but never one that is another device's.  Of several drivers of one
 *	device the first line in the file counts.  A line that a person takes
 *	out is in force until the daemon ends.
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
#include "host/udev.h"
#include "host/usbsys.h"
#include "conf/conf.h"
#include "main/units.h"

#define	UNITS_MAX	1024		/* lines */
#define	FILE_MAX	(1024 * 1024)

struct line {
	TAILQ_ENTRY(line) l_entry;
	char		*l_text;	/* as it stands in the file */
	char		 l_driver[16];	/* "": it is none of ours */
	int		 l_unit;
	struct claim	 l_device;
	char		 l_holder[64];	/* place of the device that has it now,
					   "" if none */
};

static TAILQ_HEAD(, line) lines = TAILQ_HEAD_INITIALIZER(lines);
static unsigned nlines;
static char *units_path;		/* NULL: nothing is remembered */
static const struct claim_head *units_claims;

/* ---- the file ------------------------------------------------------- */

static void
forget_all(void)
{
	struct line *l;

	while ((l = TAILQ_FIRST(&lines)) != NULL) {
		TAILQ_REMOVE(&lines, l, l_entry);
		free(l->l_text);
		free(l);
	}
	nlines = 0;
	free(units_path);
	units_path = NULL;
}

/* Does a claim give this unit to its device? */
static int
claimed(const char *driver, int unit)
{
	const struct claim *c;

	TAILQ_FOREACH(c, units_claims, c_entry) {
		if (c->c_unit == unit && strcmp(c->c_driver, driver) == 0)
			return 1;
	}
	return 0;
}

static struct line *
line_of(const char *driver, int unit)
{
	struct line *l;

	TAILQ_FOREACH(l, &lines, l_entry) {
		if (l->l_unit == unit && strcmp(l->l_driver, driver) == 0)
			return l;
	}
	return NULL;
}

/* Take a line apart; NULL, or what is wrong. */
static const char *
line_parse(struct line *l, const char *text)
{
	char driver[16], device[sizeof(l->l_device.c_text)];
	const char *why;
	int end = -1, unit;

	if (sscanf(text, "%15s %d %255s %n", driver, &unit, device, &end) < 3 ||
	    end == -1 || text[end] != '\0')
		return "wants a driver, a unit and a device, such as \"ucom 0 "
		    "0403:6001,serial=A1\"";
	if (unit < 0 || unit > CLAIM_UNIT_MAX)
		return "the unit is not from 0 to 4095";
	if ((why = claim_parse(device, &l->l_device)) != NULL)
		return why;
	if (l->l_device.c_unit != -1)
		return "the device has a unit= of its own";
	if (line_of(driver, unit) != NULL)
		return "another line has this unit";
	if (nlines == UNITS_MAX)
		return "there are too many";
	strcpy(l->l_driver, driver);
	l->l_unit = unit;
	nlines++;
	return NULL;
}

/* text, which was allocated, is the list's now. */
static const char *
line_add(char *text, struct line **added)
{
	struct line *l = calloc(1, sizeof(*l));
	const char *p = text, *why = NULL;

	if (l == NULL)
		hyp_panic("out of memory");
	while (isspace((unsigned char)*p))
		p++;
	if (*p != '\0' && *p != '#')
		why = line_parse(l, p);
	l->l_text = text;
	TAILQ_INSERT_TAIL(&lines, l, l_entry);
	*added = l;
	return why;
}

/* Its unit is nobody else's from now on. */
static void
line_keep(const struct line *l)
{

	if (claimed(l->l_driver, l->l_unit)) {
		host_logf(HYP_LOG_NOTICE, "%s: %s %d: a claim has this unit",
		    units_path, l->l_driver, l->l_unit);
		return;
	}
	if (hyp_node_pin(l->l_driver, (uint32_t)l->l_unit) == EINVAL)
		host_logf(HYP_LOG_NOTICE, "%s: %s %d: there is no such driver "
		    "now", units_path, l->l_driver, l->l_unit);
}

static void
read_lines(FILE *f)
{
	char *text = NULL;
	const char *why;
	size_t size = 0;
	struct line *l;
	unsigned n;
	ssize_t len;

	for (n = 1; (len = getline(&text, &size, f)) != -1; n++) {
		if (text[len - 1] == '\n')
			text[len - 1] = '\0';
		if ((why = line_add(text, &l)) != NULL)
			host_logf(HYP_LOG_WARNING, "%s:%u: %s; the line is "
			    "left alone", units_path, n, why);
		else if (l->l_driver[0] != '\0')
			line_keep(l);
		text = NULL;
		size = 0;
	}
	free(text);
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

/*
 * A file that cannot be read is not written over either: nothing is
 * remembered then.
 */
void
units_load(const char *path, const struct claim_head *claims)
{
	const char *why = NULL;
	FILE *f = NULL;
	int fd;

	forget_all();
	units_claims = claims;
	if (path == NULL)
		return;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd == -1 && errno != ENOENT)
		why = strerror(errno);
	else if (fd != -1 && (why = check_file(fd)) == NULL &&
	    (f = fdopen(fd, "r")) == NULL)
		why = strerror(errno);
	if (why != NULL) {
		host_logf(HYP_LOG_ERR, "%s: %s; units are not remembered", path,
		    why);
		if (fd != -1)
			close(fd);
		return;
	}
	if ((units_path = strdup(path)) == NULL)
		hyp_panic("out of memory");
	if (f == NULL)
		return;
	read_lines(f);
	fclose(f);
}

/* errno: all lines into a file of this name. */
static int
write_lines(const char *path)
{
	const struct line *l;
	int error = 0, fd;
	FILE *f;

	(void)unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
	    0644);
	if (fd == -1)
		return errno;
	if ((f = fdopen(fd, "w")) == NULL) {
		error = errno;
		close(fd);
		return error;
	}
	TAILQ_FOREACH(l, &lines, l_entry)
		fprintf(f, "%s\n", l->l_text);
	if (fflush(f) != 0 || fsync(fd) == -1)
		error = errno;
	if (fclose(f) != 0 && error == 0)
		error = errno;
	return error;
}

static void
save(void)
{
	static struct host_quiet quiet;
	char *new, *slash;
	int error;

	if (asprintf(&new, "%s.new", units_path) == -1)
		hyp_panic("out of memory");
	/* Its own folder, which the package makes, or nobody has. */
	slash = strrchr(new, '/');
	*slash = '\0';
	if (new[0] != '\0')
		(void)mkdir(new, 0755);
	*slash = '/';
	error = write_lines(new);
	if (error == 0 && rename(new, units_path) == -1)
		error = errno;
	if (error != 0) {
		(void)unlink(new);
		if (host_log_quiet(&quiet) != 0)
			host_logf(HYP_LOG_WARNING, "%s: %s; units are not "
			    "remembered over a restart", units_path,
			    strerror(error));
	}
	free(new);
}

/* ---- devices -------------------------------------------------------- */

/* Does the device at this place already have a line of this driver's? */
static int
has_line(const char *place, const char *driver)
{
	const struct line *l;

	TAILQ_FOREACH(l, &lines, l_entry) {
		if (strcmp(l->l_holder, place) == 0 &&
		    (driver == NULL || strcmp(l->l_driver, driver) == 0))
			return 1;
	}
	return 0;
}

/*
 * The line that names the device most exactly, and that no other one has;
 * driver NULL: of any.
 */
static struct line *
line_for(const struct hyp_usb_info *hi, const char *driver)
{
	struct line *best = NULL, *l;
	int score, most = 0;

	TAILQ_FOREACH(l, &lines, l_entry) {
		if (l->l_driver[0] == '\0' ||
		    (driver != NULL && strcmp(l->l_driver, driver) != 0) ||
		    (l->l_holder[0] != '\0' &&
		    strcmp(l->l_holder, hi->hi_path) != 0) ||
		    claimed(l->l_driver, l->l_unit))
			continue;
		score = claim_score(&l->l_device, hi);
		if (score > most) {
			best = l;
			most = score;
		}
	}
	return best;
}

void
units_want(const struct hyp_usb_info *hi, int *unit, const char **driver)
{
	struct line *l = line_for(hi, NULL);

	if (l == NULL)
		return;
	snprintf(l->l_holder, sizeof(l->l_holder), "%s", hi->hi_path);
	*unit = l->l_unit;
	*driver = l->l_driver;
}

void
units_left(const char *path)
{
	struct line *l;

	TAILQ_FOREACH(l, &lines, l_entry) {
		if (strcmp(l->l_holder, path) == 0)
			l->l_holder[0] = '\0';
	}
}

/* The device at this place, which has attached, has the line's unit. */
static void
line_held(struct line *l, const char *place)
{
	const int first = !has_line(place, NULL);

	snprintf(l->l_holder, sizeof(l->l_holder), "%s", place);
	if (first)
		host_udev_pinned(place, l->l_unit, l->l_driver);
}

/* Is there a line that names the device by this text alone? */
static int
is_named(const char *driver, const char *text)
{
	const struct line *l;

	TAILQ_FOREACH(l, &lines, l_entry) {
		if (strcmp(l->l_driver, driver) == 0 &&
		    strcmp(l->l_device.c_text, text) == 0)
			return 1;
	}
	return 0;
}

static int
is_word(const char *text)
{

	while (isgraph((unsigned char)*text))
		text++;
	return *text == '\0';
}

static void
remember(const struct hyp_usb_info *hi, const char *driver, int unit)
{
	static struct host_quiet quiet;
	char device[CLAIM_TEXT], *text;
	const char *why;
	struct line *l;

	claim_propose(hi, hi->hi_serial[0] == '\0', device);
	if (is_named(driver, device))
		claim_propose(hi, 1, device);
	if (!is_word(device)) {
		/* Of such a serial number no line can be made. */
		snprintf(device, sizeof(device), "%04x:%04x,port=%s",
		    hi->hi_vendor, hi->hi_product, hi->hi_path);
	}
	if (is_named(driver, device) || nlines == UNITS_MAX) {
		if (host_log_quiet(&quiet) != 0)
			host_logf(HYP_LOG_NOTICE, "%s: %s%d is not remembered: "
			    "%s", units_path, driver, unit, nlines ==
			    UNITS_MAX ? "there are too many lines" :
			    "another device has its name");
		return;
	}
	if (asprintf(&text, "%s %d %s", driver, unit, device) == -1)
		hyp_panic("out of memory");
	if ((why = line_add(text, &l)) != NULL) {
		/* What a device can cause: a serial number like no other. */
		TAILQ_REMOVE(&lines, l, l_entry);
		free(l->l_text);
		free(l);
		host_logf(HYP_LOG_NOTICE, "%s: %s%d is not remembered: %s",
		    units_path, driver, unit, why);
		return;
	}
	line_held(l, hi->hi_path);
	host_logf(HYP_LOG_INFO, "%s%d is remembered for %s", driver, unit,
	    l->l_device.c_text);
	line_keep(l);
	save();
}

/*
 * The device has this unit, and holds no line.  If the file was read again
 * there is its own; or one with another unit, which a person has given it, and
 * which host_udev_rematch moves it to.
 */
static void
note(const struct hyp_usb_info *hi, const char *driver, int unit)
{
	struct line *l = line_for(hi, driver);

	if (l == NULL && line_of(driver, unit) == NULL)
		remember(hi, driver, unit);
	else if (l != NULL && l->l_unit == unit)
		line_held(l, hi->hi_path);
}

void
units_node(const struct node_state *ns, const struct node_state *was)
{
	struct usbsys_dev *ud;
	char driver[16];
	int unit;
	size_t n;

	(void)was;
	if (units_path == NULL || ns->ns_place[0] == '\0')
		return;
	n = strcspn(ns->ns_device, "0123456789");
	if (n == 0 || ns->ns_device[n] == '\0')
		return;
	memcpy(driver, ns->ns_device, n);
	driver[n] = '\0';
	unit = atoi(ns->ns_device + n);
	if (claimed(driver, unit) || has_line(ns->ns_place, driver))
		return;
	if ((ud = malloc(sizeof(*ud))) == NULL)
		hyp_panic("out of memory");
	if (usbsys_read(ns->ns_place, ud) == 0)
		note(&ud->ud_info, driver, unit);
	free(ud);
}
