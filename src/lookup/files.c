/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * files.c - files of sysfs that a program looks for by itself.
 *
 * Model
 *	Two places that are not there for a node of devswd's:
 *
 *	  /sys/devices/virtual/cuse/uhid0/device/uevent
 *	  /sys/devices/virtual/cuse/uhid0/device/report_descriptor
 *		which hidapi opens below a hidraw.  A program that opens one
 *		gets a file in memory: the text of node.c, or what the node
 *		itself says of its reports, if the program may open it (else,
 *		as when another one has it, there is no such file).
 *
 *	  /sys/class/tty/dtyU0/device (ttyUSB-dtyU0, ttyACM-dtyU0)
 *		by which pyserial's list_ports finds the adapter of a port.
 *		It is a link to the interface, as a port of cdc_acm's is.
 *
 *	Every other path goes to libc after two comparisons of its beginning.
 *	A program that comes to libc in other ways (openat, fopen, a system
 *	call of its own) finds what is there.
 */
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <devsw/uhid.h>
#include "lookup/lookup.h"

#define	CLASS_TTY	"/sys/class/tty/"
#define	PART_MAX	64

/*
 * rest = cut_name(path, prefix, name)
 *
 *	The path without prefix and the name after it; NULL: it is another
 *	one.
 */
static const char *
cut_name(const char *path, const char *prefix, char *name)
{
	const size_t len = strlen(prefix);
	size_t n;

	if (path == NULL || strncmp(path, prefix, len) != 0)
		return NULL;
	path += len;
	n = strcspn(path, "/");
	if (n == 0 || n >= PART_MAX || path[0] == '.')
		return NULL;
	memcpy(name, path, n);
	name[n] = '\0';
	return path + n;
}

/* ---- below a HID's node ----------------------------------------------- */

/* All of it into a new file; -1. */
static int
memory_file(const void *data, size_t len, int flags)
{
	const int fd = memfd_create("devsw-lookup",
	    flags & O_CLOEXEC ? MFD_CLOEXEC : 0);

	if (fd != -1 && (write(fd, data, len) != (ssize_t)len ||
	    lseek(fd, 0, SEEK_SET) != 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

static int
uevent_file(struct udev_device *node, int flags)
{
	struct udev_device *const usb = lookup_usb(node);
	char *text = NULL;
	int fd = -1;

	if (usb != NULL && (text = lookup_uevent(lookup_attr, usb)) != NULL)
		fd = memory_file(text, strlen(text), flags);
	free(text);
	lookup_real()->lr_unref(usb);
	return fd;
}

/* The ioctl is BSD's: it does not make the node a hidraw for who has it. */
static int
descriptor_file(struct udev_device *node, int flags)
{
	const char *const path = udev_device_get_devnode(node);
	struct usb_ctl_report_desc desc;
	int fd, made = -1;

	if (path == NULL || (fd = lookup_real()->lr_open(path,
	    O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)) == -1)
		return -1;
	memset(&desc, 0, sizeof(desc));
	if (ioctl(fd, USB_GET_REPORT_DESC, &desc) == 0 &&
	    desc.ucrd_size > 0 &&
	    (size_t)desc.ucrd_size <= sizeof(desc.ucrd_data))
		made = memory_file(desc.ucrd_data, (size_t)desc.ucrd_size,
		    flags);
	close(fd);
	return made;
}

/* A descriptor; -1: the path is none of ours, or there is nothing. */
static int
made_file(const char *path, int flags)
{
	int (*make)(struct udev_device *, int);
	struct udev_device *node;
	char name[PART_MAX];
	struct udev *udev;
	int fd = -1;

	if ((path = cut_name(path, LOOKUP_CUSE, name)) == NULL)
		return -1;
	if (strcmp(path, "/device/uevent") == 0)
		make = uevent_file;
	else if (strcmp(path, "/device/report_descriptor") == 0)
		make = descriptor_file;
	else
		return -1;
	if ((flags & (O_ACCMODE | O_CREAT | O_PATH)) != O_RDONLY ||
	    lookup_off() || (udev = udev_new()) == NULL)
		return -1;
	node = lookup_node(udev, name);
	if (node != NULL && lookup_is_hid(node))
		fd = make(node, flags);
	lookup_real()->lr_unref(node);
	udev_unref(udev);
	return fd;
}

static mode_t
mode_of(int flags, va_list *ap)
{

	return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE ?
	    va_arg(*ap, mode_t) : 0;
}

int	lookup_open(const char *, int, ...) LOOKUP_EXPORT("open");
int
lookup_open(const char *path, int flags, ...)
{
	const int fd = made_file(path, flags);
	mode_t mode;
	va_list ap;

	va_start(ap, flags);
	mode = mode_of(flags, &ap);
	va_end(ap);
	return fd != -1 ? fd : lookup_real()->lr_open(path, flags, mode);
}

int	lookup_open64(const char *, int, ...) LOOKUP_EXPORT("open64");
int
lookup_open64(const char *path, int flags, ...)
{
	const int fd = made_file(path, flags);
	mode_t mode;
	va_list ap;

	va_start(ap, flags);
	mode = mode_of(flags, &ap);
	va_end(ap);
	return fd != -1 ? fd : lookup_real()->lr_open64(path, flags, mode);
}

/* ---- a serial port's adapter ------------------------------------------ */

/* The node of a name in /dev that pyserial has found; NULL: another one. */
static const char *
port_name(const char *name)
{

	if (strncmp(name, "ttyUSB-", 7) == 0 ||
	    strncmp(name, "ttyACM-", 7) == 0)
		name += 7;
	return strncmp(name, "dtyU", 4) == 0 || strncmp(name, "ttyU", 4) == 0 ?
	    name : NULL;
}

/* What is the link's target, to be freed; NULL: it is none of ours. */
static char *
port_device(const char *path)
{
	struct udev_device *iface = NULL, *node = NULL;
	char name[PART_MAX], *target = NULL;
	const char *port;
	struct udev *udev;

	if ((path = cut_name(path, CLASS_TTY, name)) == NULL ||
	    strcmp(path, "/device") != 0 ||
	    (port = port_name(name)) == NULL || lookup_off() ||
	    (udev = udev_new()) == NULL)
		return NULL;
	if ((node = lookup_node(udev, port)) != NULL)
		iface = lookup_iface(node);
	if (iface != NULL)
		target = strdup(udev_device_get_syspath(iface));
	lookup_real()->lr_unref(iface);
	lookup_real()->lr_unref(node);
	udev_unref(udev);
	return target;
}

/* Of the target, or of some link if it is to be lstat. */
static int
stat_through(int (*stat_func)(const char *, struct stat *), const char *path,
    struct stat *st, int link)
{
	char *target = port_device(path);
	int result;

	if (target == NULL)
		return stat_func(path, st);
	result = stat_func(link ? "/sys/class/mem/null" : target, st);
	free(target);
	return result;
}

int	lookup_stat(const char *, struct stat *) LOOKUP_EXPORT("stat");
int
lookup_stat(const char *path, struct stat *st)
{

	return stat_through(lookup_real()->lr_stat, path, st, 0);
}

int	lookup_stat64(const char *, struct stat *) LOOKUP_EXPORT("stat64");
int
lookup_stat64(const char *path, struct stat *st)
{

	return stat_through(lookup_real()->lr_stat64, path, st, 0);
}

int	lookup_lstat(const char *, struct stat *) LOOKUP_EXPORT("lstat");
int
lookup_lstat(const char *path, struct stat *st)
{

	return stat_through(lookup_real()->lr_lstat, path, st, 1);
}

int	lookup_lstat64(const char *, struct stat *) LOOKUP_EXPORT("lstat64");
int
lookup_lstat64(const char *path, struct stat *st)
{

	return stat_through(lookup_real()->lr_lstat64, path, st, 1);
}

ssize_t	lookup_readlink(const char *, char *, size_t)
    LOOKUP_EXPORT("readlink");
ssize_t
lookup_readlink(const char *path, char *buf, size_t size)
{
	char *target = port_device(path);
	size_t len;

	if (target == NULL)
		return lookup_real()->lr_readlink(path, buf, size);
	len = strlen(target);
	if (len > size)
		len = size;
	memcpy(buf, target, len);
	free(target);
	return (ssize_t)len;
}
