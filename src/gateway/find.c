/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * find.c - which adapters there are, by the names that udev gives them.
 *
 * Model
 *	An adapter is a link in a directory, /dev/serial/by-id:
 *
 *	    usb-VENDOR_MODEL_SERIAL-ifNN[-portN]
 *
 *	for the kernel's drivers and for devswd's nodes alike, and the name is
 *	the same whichever has it.  So this is also how devswd's adapters are
 *	found: its control socket would tell no more, and wants rights.  A
 *	number of it is its serial number as udev writes it: what is no letter,
 *	digit or one of OTHERS is '_' (find_same).  "-port0", which an adapter
 *	with one port has under some drivers only, is not looked at.
 *
 *	inotify tells of changes: of the directory, or if there is none yet, of
 *	that which it will be in.  After one the names are read again, SETTLE_MS
 *	later, and the caller is called.  Nothing wakes up in between.
 *
 *	Two adapters of a model without serial numbers (or with the same) have
 *	one name, and udev lets it point to one of them.  The other has only a
 *	name of its place, in the directory "by-path" beside: it is told of.
 *
 * Names are made of what a device says.  One that is too long, or has other
 * letters than udev lets through, is as if it was not there.
 */
#include <sys/inotify.h>
#include <sys/stat.h>

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/find.h"

#define	SETTLE_MS	200
#define	POLL_MS		2000	/* where inotify(7) cannot be had */
#define	OTHERS		"#+-.:=@_\\"
#define	EVENTS		(IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_MOVED_FROM | \
			    IN_DELETE_SELF | IN_MOVE_SELF)

struct finder {
	char		*f_dir;
	void		(*f_changed)(void *);
	void		*f_arg;
	int		 f_inotify;	/* -1: there is none */
	int		 f_watch;	/* of it; -1 */
	struct event	*f_event;
	struct event	*f_later;

	char		*f_names[FIND_MAX];	/* in order */
	size_t		 f_n;
	char		*f_lost[FIND_MAX];	/* in by-path, and told */
	size_t		 f_nlost;
};

/* ---- names ---------------------------------------------------------- */

static bool
is_plain(char c)
{

	return isalnum((unsigned char)c) || (c != '\0' &&
	    strchr(OTHERS, c) != NULL);
}

static bool
is_good(const char *name)
{
	size_t n = 0;

	while (is_plain(name[n]))
		n++;
	return n > 0 && name[0] != '.' && name[n] == '\0' && n < FIND_NAME;
}

/* Without "-portN", if N is 0. */
static size_t
length(const char *name)
{
	static const char port[] = "-port0";
	const size_t n = strlen(name);

	return n > sizeof(port) - 1 && strcmp(name + n - (sizeof(port) - 1),
	    port) == 0 ? n - (sizeof(port) - 1) : n;
}

/*
 * same = find_same(name, id)
 *
 *	Is the link "name" that of the adapter "id"?
 */
bool
find_same(const char *name, const char *id)
{
	const size_t n = length(name);

	return n == length(id) && strncmp(name, id, n) == 0;
}

/*
 * n = find_base(name, &interface)
 *
 *	How long that part of the name is which the adapter's interfaces have in
 *	common; interface is "NN" and what follows, or "".
 */
size_t
find_base(const char *name, const char **interface)
{
	const char *p = name + strlen(name);

	while (p > name && (strncmp(p, "-if", 3) != 0 ||
	    !isxdigit((unsigned char)p[3]) || !isxdigit((unsigned char)p[4])))
		p--;
	*interface = p > name ? p + 3 : "";
	return p > name ? (size_t)(p - name) : strlen(name);
}

/* Is the base of n letters that of an adapter with this serial number? */
static bool
has_serial(const char *name, size_t n, const char *serial)
{
	const size_t k = strlen(serial);
	size_t i;

	if (n < k + 2 || name[n - k - 1] != '_')
		return false;
	for (i = 0; i < k; i++) {
		if (name[n - k + i] != (is_plain(serial[i]) ? serial[i] : '_'))
			return false;
	}
	return true;
}

/*
 * name = find_serial(f, serial, interface, &many)
 *
 *	The link of the adapter with this serial number and interface (-1: the
 *	first that it has), or NULL.  many: there are two such adapters, and it
 *	is neither's.
 */
const char *
find_serial(const struct finder *f, const char *serial, int interface,
    bool *many)
{
	const char *found = NULL, *rest;
	size_t i, n, base = 0;

	*many = false;
	for (i = 0; i < f->f_n; i++) {
		n = find_base(f->f_names[i], &rest);
		if (!has_serial(f->f_names[i], n, serial) || (interface != -1 &&
		    strtol(rest, NULL, 16) != interface))
			continue;
		if (found == NULL) {
			found = f->f_names[i];
			base = n;
		} else if (base != n || strncmp(found, f->f_names[i], n) != 0) {
			*many = true;
			return NULL;
		}
	}
	return found;
}

/* The i-th name, or NULL. */
const char *
find_name(const struct finder *f, size_t i)
{

	return i < f->f_n ? f->f_names[i] : NULL;
}

/* The path of a name; false: it is too long. */
bool
find_path(const struct finder *f, const char *name, char *path, size_t size)
{

	return snprintf(path, size, "%s/%s", f->f_dir, name) < (int)size;
}

/* ---- reading -------------------------------------------------------- */

static void
drop(char **names, size_t *n)
{

	while (*n > 0)
		free(names[--*n]);
}

static int
by_name(const void *a, const void *b)
{

	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names of a directory that lead somewhere; none, if there is no such. */
static void
read_names(const char *path, char **names, size_t *n)
{
	DIR *const dir = opendir(path);
	struct dirent *de;
	struct stat st;

	*n = 0;
	if (dir == NULL)
		return;
	while (*n < FIND_MAX && (de = readdir(dir)) != NULL) {
		if (!is_good(de->d_name) || fstatat(dirfd(dir), de->d_name,
		    &st, 0) == -1 || !S_ISCHR(st.st_mode))
			continue;
		names[*n] = strdup(de->d_name);
		if (names[*n] == NULL)
			break;
		(*n)++;
	}
	(void)closedir(dir);
	qsort(names, *n, sizeof(*names), by_name);
}

static bool
device(const char *dir, const char *name, dev_t *dev)
{
	char path[512];
	struct stat st;

	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >=
	    (int)sizeof(path) || stat(path, &st) == -1)
		return false;
	*dev = st.st_rdev;
	return true;
}

static bool
has_name(const struct finder *f, dev_t dev)
{
	dev_t other;
	size_t i;

	for (i = 0; i < f->f_n; i++) {
		if (device(f->f_dir, f->f_names[i], &other) && other == dev)
			return true;
	}
	return false;
}

static bool
is_among(char *const *names, size_t n, const char *name)
{
	size_t i;

	for (i = 0; i < n && strcmp(names[i], name) != 0; i++)
		continue;
	return i < n;
}

/* Those in by-path that have no name of their own, once each. */
static void
find_lost(struct finder *f)
{
	char dir[256], *names[FIND_MAX];
	const char *const slash = strrchr(f->f_dir, '/');
	size_t i, n, k = 0;
	dev_t dev;

	if (snprintf(dir, sizeof(dir), "%.*s/by-path", (int)(slash -
	    f->f_dir), f->f_dir) >= (int)sizeof(dir))
		return;
	read_names(dir, names, &n);
	for (i = 0; i < n; i++) {
		if (!device(dir, names[i], &dev) || has_name(f, dev)) {
			free(names[i]);
			continue;
		}
		if (!is_among(f->f_lost, f->f_nlost, names[i]))
			say("auto: %s/%s has no serial number of its own, and "
			    "gets no port; node = names it by its place", dir,
			    names[i]);
		names[k++] = names[i];
	}
	drop(f->f_lost, &f->f_nlost);
	memcpy(f->f_lost, names, k * sizeof(names[0]));
	f->f_nlost = k;
}

/* Read the names; lost: and tell of those without. */
void
find_now(struct finder *f, bool lost)
{

	drop(f->f_names, &f->f_n);
	read_names(f->f_dir, f->f_names, &f->f_n);
	if (lost)
		find_lost(f);
}

/* ---- changes -------------------------------------------------------- */

/* Watch the directory, or the deepest of those above it that is there. */
static void
watch(struct finder *f)
{
	char path[256];
	char *slash;

	if (f->f_watch != -1)
		(void)inotify_rm_watch(f->f_inotify, f->f_watch);
	snprintf(path, sizeof(path), "%s", f->f_dir);
	while ((f->f_watch = inotify_add_watch(f->f_inotify, path,
	    EVENTS | IN_ONLYDIR)) == -1) {
		slash = strrchr(path, '/');
		if (slash == NULL || path[1] == '\0')
			return;
		*(slash == path ? slash + 1 : slash) = '\0';
	}
}

static void
after(struct finder *f, unsigned ms)
{
	const struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

	(void)evtimer_add(f->f_later, &tv);
}

static void
on_change(evutil_socket_t fd, short what, void *arg)
{
	struct finder *const f = arg;
	char buf[4096];

	(void)what;
	/* What it says is only that something is different. */
	while (read(fd, buf, sizeof(buf)) > 0)
		continue;
	if (!evtimer_pending(f->f_later, NULL))
		after(f, SETTLE_MS);
}

static void
on_later(evutil_socket_t fd, short what, void *arg)
{
	struct finder *const f = arg;

	(void)fd;
	(void)what;
	if (f->f_inotify == -1)
		after(f, POLL_MS);
	else
		watch(f);
	f->f_changed(f->f_arg);
}

/* ---- begin and end -------------------------------------------------- */

/*
 * f = finder_new(base, dir, changed, arg)
 *
 *	changed(arg) is called from the loop, soon, and after each change of
 *	what there is; it calls find_now.  NULL: no memory.
 */
struct finder *
finder_new(struct event_base *base, const char *dir, void (*changed)(void *),
    void *arg)
{
	struct finder *const f = calloc(1, sizeof(*f));

	if (f == NULL)
		return NULL;
	f->f_watch = -1;
	f->f_changed = changed;
	f->f_arg = arg;
	f->f_dir = strdup(dir);
	f->f_later = evtimer_new(base, on_later, f);
	f->f_inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (f->f_inotify != -1)
		f->f_event = event_new(base, f->f_inotify, EV_READ | EV_PERSIST,
		    on_change, f);
	if (f->f_dir == NULL || f->f_later == NULL || (f->f_inotify != -1 &&
	    (f->f_event == NULL || event_add(f->f_event, NULL) == -1))) {
		finder_free(f);
		return NULL;
	}
	if (f->f_inotify == -1)
		say("auto: %s; %s is read each %d s", strerror(errno), dir,
		    POLL_MS / 1000);
	after(f, 0);
	return f;
}

void
finder_free(struct finder *f)
{

	if (f == NULL)
		return;
	drop(f->f_names, &f->f_n);
	drop(f->f_lost, &f->f_nlost);
	if (f->f_event != NULL)
		event_free(f->f_event);
	if (f->f_later != NULL)
		event_free(f->f_later);
	if (f->f_inotify != -1)
		close(f->f_inotify);
	free(f->f_dir);
	free(f);
}

bool
finder_is_of(const struct finder *f, const char *dir)
{

	return f != NULL && strcmp(f->f_dir, dir) == 0;
}
