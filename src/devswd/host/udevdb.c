/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * udevdb.c - what udevd's rules are told of nodes.
 *
 * Model
 *	A CUSE device has no parent in sysfs, so no rule can find out whose
 *	node it is.  We say it in a file for each node, and udevd asks there;
 *	an empty one says that there is no hardware.
 *
 *		here			udevd
 *		write udev/ttyU0
 *		"change" to uevent
 *					60-devsw.rules for ttyU0: devsw-udev
 *					reads udev/ttyU0, then what udevd
 *					itself knows of the device there
 *
 *	A file says only where the hardware is, and whether it is a security
 *	key, which udevd cannot know (it stands in its report descriptor).
 *	What it is, down to the last
 *	character of its serial number, comes from udevd's own database, so
 *	that names are those that it gives, and so that who has got hold of
 *	the daemon cannot make up properties: some of them are commands that
 *	udevd runs as root.
 *
 *	Whether udevd has a device in its database is whether there is a file,
 *	which is all that libudev looks for too; but it reads the device's
 *	uevent before, for which the kernel waits for the device, unkillably.
 *
 *	A file is replaced as a whole.  Whatever cannot be said is taken away,
 *	since a link to the wrong adapter is worse than none.
 *
 * Rights
 *	To write in /run/devsw, which is the daemon's own.  To write to the
 *	uevent files of nodes, which are root's: devsw-udev gives them to the
 *	owner of /run/devsw when a node is made.  All that can be done with
 *	them is to have udevd go through its rules.
 *
 * Locks
 *	None: main's thread only.
 */
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/udevdb.h"
#include "host/usbsys.h"

#define	TEMPORARY	".new"		/* no node */

static const char *udevdb_run = "/run/devsw";
static const char *udevdb_class = "/sys/class/cuse";
static const char *udevdb_data = "/run/udev/data";
static int udevdb_nodes = -1;		/* the folder */

void
host_udevdb_root(const char *run, const char *class, const char *data)
{

	udevdb_run = run;
	udevdb_class = class;
	udevdb_data = data;
}

/*
 * A folder of that owner's, or whose it is, made if it is not there; or -1
 * with errno.  EPERM: others can write to it.
 */
static int
folder_open(const char *sub, uid_t owner)
{
	char path[256];
	struct stat st;
	int fd, error;

	snprintf(path, sizeof(path), "%s%s", udevdb_run, sub);
	if (mkdir(path, 0755) == -1 && errno != EEXIST)
		return -1;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == -1)
		error = errno;
	else if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		error = EPERM;
	else if (owner != (uid_t)-1 && st.st_uid != owner &&
	    fchown(fd, owner, (gid_t)-1) == -1)
		error = errno;
	else
		return fd;
	close(fd);
	errno = error;
	return -1;
}

/* Is there no such node? */
static int
node_is_stale(const char *name)
{
	char path[512];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", udevdb_class, name);
	return lstat(path, &st) == -1 && errno == ENOENT;
}

/* Take the files away that are of no node. */
static void
folder_clear(int folder)
{
	struct dirent *de;
	int fd;
	DIR *d;

	fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	d = fd != -1 ? fdopendir(fd) : NULL;
	if (d == NULL) {
		if (fd != -1)
			close(fd);
		return;
	}
	while ((de = readdir(d)) != NULL) {
		if (strcmp(de->d_name, ".") != 0 &&
		    strcmp(de->d_name, "..") != 0 &&
		    node_is_stale(de->d_name))
			(void)unlinkat(folder, de->d_name, 0);
	}
	closedir(d);
}

/* What is in /run/devsw is its owner's, also if root has started us. */
static int
folders_open(void)
{
	struct stat st;
	int fd, error = 0;

	fd = folder_open("", (uid_t)-1);
	if (fd == -1)
		return errno;
	if (fstat(fd, &st) == -1 ||
	    (udevdb_nodes = folder_open("/udev", st.st_uid)) == -1)
		error = errno;
	close(fd);
	return error;
}

int
host_udevdb_open(void)
{
	const int error = folders_open();

	if (error != 0) {
		host_udevdb_close();
		return error;
	}
	folder_clear(udevdb_nodes);
	return 0;
}

void
host_udevdb_close(void)
{

	if (udevdb_nodes != -1)
		close(udevdb_nodes);
	udevdb_nodes = -1;
}

int
host_udevdb_known(const char *place)
{
	char path[512], dev[USBSYS_NUMBER];

	if (usbsys_number(place, dev) != 0)
		return 0;
	snprintf(path, sizeof(path), "%s/c%s", udevdb_data, dev);
	return access(path, F_OK) == 0;
}

/* ---- nodes ---------------------------------------------------------- */

static int
name_is_good(const char *name)
{

	return name[0] != '\0' && name[0] != '.' &&
	    strchr(name, '/') == NULL && strlen(name) < 64;
}

/* Replace the file by one with this text. */
static int
file_replace(int folder, const char *name, const char *text)
{
	const size_t len = strlen(text);
	ssize_t n;
	int fd, error = 0;

	(void)unlinkat(folder, TEMPORARY, 0);
	fd = openat(folder, TEMPORARY, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
	    0644);
	if (fd == -1)
		return errno;
	n = write(fd, text, len);
	if (n != (ssize_t)len)
		error = n == -1 ? errno : ENOSPC;
	if (fchmod(fd, 0644) == -1 && error == 0)
		error = errno;
	if (close(fd) == -1 && error == 0)
		error = errno;
	if (error == 0 && renameat(folder, TEMPORARY, folder, name) == -1)
		error = errno;
	if (error != 0)
		(void)unlinkat(folder, TEMPORARY, 0);
	return error;
}

int
host_udevdb_set(const char *node, const struct host_hardware *hh)
{
	char text[512] = "";
	int error;

	if (!name_is_good(node))
		return EINVAL;
	if (hh != NULL)
		snprintf(text, sizeof(text), "PLACE=%.63s\nINTERFACE=%d\n"
		    "DRIVER=%.15s\nNAME=%.31s\nTOKEN=%d\n", hh->hh_place,
		    hh->hh_iface, hh->hh_driver, hh->hh_name,
		    hh->hh_token != 0);
	error = file_replace(udevdb_nodes, node, text);
	if (error != 0)
		host_udevdb_unset(node);
	return error;
}

void
host_udevdb_unset(const char *node)
{

	if (name_is_good(node))
		(void)unlinkat(udevdb_nodes, node, 0);
}

int
host_udevdb_tell(const char *node)
{
	static const char action[] = "change " UDEVDB_UUID;
	char path[512];
	int fd, error = 0;

	if (!name_is_good(node))
		return EINVAL;
	snprintf(path, sizeof(path), "%s/%s/uevent", udevdb_class, node);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd == -1)
		return errno;
	if (write(fd, action, sizeof(action) - 1) == -1)
		error = errno;
	close(fd);
	return error;
}
