/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usbstr.c - the strings of USB devices, which the kernel may keep back.
 *
 * Model
 *	sysfs has a device's strings for who gets the device's lock.  The
 *	kernel holds that over each request and each cancellation that it does
 *	for a process, over a probe and over the unplug: for seconds if the
 *	device is slow, for ever if a host controller gives a transfer back
 *	never.  So a thread reads them.  Who asks first waits a short time for
 *	it, and nobody after him; they come back when they are told to:
 *
 *	main's thread		thread			kernel
 *				serial: waits		cancels a transfer
 *	usbsys_read: EAGAIN
 *	a revoke, SIGTERM
 *							it has come back, or
 *							the plug is out
 *				strings; usbsys_fd
 *	usbsys_ready
 *	usbsys_read: 0
 *
 *	Strings do not change while a device is plugged in, so they are read
 *	once for each plugging.  That is its folder in sysfs, whose inode has a
 *	number that no other gets.
 *
 *	There is an entry for each place; one whose device has been replaced is
 *	its thread's and its waiter's only.  As many threads can be stuck as
 *	devices.
 *
 * Locks
 *	str_lock	the list and what is in it; str_cv when strings have
 *			come.  A leaf; a thread reads without it.
 */
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "host/host.h"
#include "host/usbsys.h"
#include "host/usbsysvar.h"
#include "hyp/hyp.h"

struct entry {
	LIST_ENTRY(entry) e_link;
	unsigned	 e_refs;
	char		 e_path[USBSYS_PATH];
	ino_t		 e_ino;
	int		 e_dir;		/* the thread's */
	bool		 e_over;	/* the thread is */
	bool		 e_known;
	bool		 e_late;	/* somebody was told EAGAIN */
	struct usbstr	 e_str;
};

static pthread_mutex_t str_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t str_cv = PTHREAD_COND_INITIALIZER;
static LIST_HEAD(, entry) entries = LIST_HEAD_INITIALIZER(entries);
static int str_fd = -1;
static unsigned str_wait = 5000;	/* ms */

/* ---- files ---------------------------------------------------------- */

ssize_t
usbstr_read(int dir, const char *name, void *buf, size_t size)
{
	size_t len = 0;
	ssize_t n;
	int fd;

	fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return -1;
	while ((n = read(fd, (char *)buf + len, size - len)) > 0)
		len += (size_t)n;
	close(fd);
	return n == -1 ? -1 : (ssize_t)len;
}

void
usbstr_text(int dir, const char *name, char *buf, size_t size)
{
	ssize_t n;

	n = usbstr_read(dir, name, buf, size - 1);
	buf[n < 0 ? 0 : n] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	host_text_clean(buf);
}

/* ---- strings -------------------------------------------------------- */

/* str_lock held. */
static void
entry_rele(struct entry *e)
{

	if (--e->e_refs == 0)
		free(e);
}

/* str_lock held. */
static struct entry *
entry_find(const char *path)
{
	struct entry *e;

	LIST_FOREACH(e, &entries, e_link) {
		if (strcmp(e->e_path, path) == 0)
			break;
	}
	return e;
}

/* str_lock held. */
static void
entry_forget(struct entry *e)
{

	LIST_REMOVE(e, e_link);
	e->e_late = false;
	entry_rele(e);
}

/* str_lock held: who was told to come back may. */
static void
entry_tell(void)
{
	const uint64_t one = 1;

	if (str_fd != -1 && write(str_fd, &one, sizeof(one)) == -1 &&
	    errno != EAGAIN)
		host_fatal("usbstr: eventfd");
}

/* false: there is no descriptor to read it, or no memory. */
static bool
read_string(const struct entry *e, const char *name, char *buf)
{

	errno = 0;
	usbstr_text(e->e_dir, name, buf, USBSYS_STRING);
	return errno != EMFILE && errno != ENFILE && errno != ENOMEM;
}

/* What cannot be read is not known: the next look begins anew. */
static void
read_thread(void *arg)
{
	struct entry *const e = arg;
	struct usbstr us;
	bool all;

	all = read_string(e, "serial", us.us_serial) &&
	    read_string(e, "manufacturer", us.us_vendor) &&
	    read_string(e, "product", us.us_product);
	close(e->e_dir);
	if (!all)
		host_logf(HYP_LOG_ERR, "usb %s: no descriptor to read its "
		    "strings; not looked at", e->e_path);

	pthread_mutex_lock(&str_lock);
	e->e_str = us;
	e->e_known = all;
	e->e_over = true;
	if (!all && entry_find(e->e_path) == e)
		entry_forget(e);
	pthread_cond_broadcast(&str_cv);
	if (e->e_late)
		entry_tell();
	entry_rele(e);
	pthread_mutex_unlock(&str_lock);
}

/* str_lock held: a thread for the device; or NULL, and said. */
static struct entry *
entry_start(const char *path, int dir, ino_t ino)
{
	struct entry *const e = calloc(1, sizeof(*e));

	if (e == NULL)
		return NULL;
	snprintf(e->e_path, sizeof(e->e_path), "%s", path);
	e->e_ino = ino;
	e->e_refs = 2;
	e->e_dir = fcntl(dir, F_DUPFD_CLOEXEC, 0);
	if (e->e_dir == -1 ||
	    hyp_thread_create("usbstr", read_thread, e, NULL) != 0) {
		host_logf(HYP_LOG_ERR, "usb %s: no %s to read its strings; "
		    "not looked at", path, e->e_dir == -1 ? "descriptor" :
		    "thread");
		if (e->e_dir != -1)
			close(e->e_dir);
		free(e);
		return NULL;
	}
	LIST_INSERT_HEAD(&entries, e, e_link);
	return e;
}

/* str_lock held, and left meanwhile. */
static void
entry_wait(struct entry *e)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	ts.tv_sec += str_wait / 1000;
	ts.tv_nsec += str_wait % 1000 * 1000000;
	ts.tv_sec += ts.tv_nsec / 1000000000;
	ts.tv_nsec %= 1000000000;
	e->e_refs++;
	while (!e->e_over && pthread_cond_clockwait(&str_cv, &str_lock,
	    CLOCK_MONOTONIC, &ts) == 0)
		continue;
}

int
usbstr_get(const char *path, int dir, struct usbstr *us)
{
	struct entry *e;
	struct stat st;
	int error;

	if (fstat(dir, &st) == -1)
		return ENOENT;
	pthread_mutex_lock(&str_lock);
	e = entry_find(path);
	if (e != NULL && e->e_ino != st.st_ino) {
		entry_forget(e);
		e = NULL;
	}
	if (e != NULL)
		e->e_refs++;
	else if ((e = entry_start(path, dir, st.st_ino)) != NULL)
		entry_wait(e);
	error = e != NULL && e->e_known ? 0 : EAGAIN;
	if (error == 0)
		*us = e->e_str;
	else if (e != NULL)
		e->e_late = true;
	if (e != NULL)
		entry_rele(e);
	pthread_mutex_unlock(&str_lock);
	return error;
}

void
usbstr_forget(const char *path)
{
	struct entry *e, *next;

	pthread_mutex_lock(&str_lock);
	for (e = LIST_FIRST(&entries); e != NULL; e = next) {
		next = LIST_NEXT(e, e_link);
		if (path == NULL || strcmp(e->e_path, path) == 0)
			entry_forget(e);
	}
	pthread_mutex_unlock(&str_lock);
}

void
usbsys_patience(unsigned ms)
{

	pthread_mutex_lock(&str_lock);
	str_wait = ms;
	pthread_mutex_unlock(&str_lock);
}

int
usbsys_fd(void)
{
	int fd;

	pthread_mutex_lock(&str_lock);
	if (str_fd == -1)
		str_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	fd = str_fd;
	pthread_mutex_unlock(&str_lock);
	return fd;
}

int
usbsys_ready(char *path)
{
	struct entry *e;
	uint64_t n;

	pthread_mutex_lock(&str_lock);
	LIST_FOREACH(e, &entries, e_link) {
		if (e->e_known && e->e_late)
			break;
	}
	if (e != NULL) {
		e->e_late = false;
		strcpy(path, e->e_path);
	} else if (str_fd != -1)
		(void)!read(str_fd, &n, sizeof(n));
	pthread_mutex_unlock(&str_lock);
	return e != NULL;
}
