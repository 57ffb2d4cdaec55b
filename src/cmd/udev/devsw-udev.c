/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * devsw-udev.c - udevd's rules ask which hardware is behind a CUSE device.
 *
 *	devsw-udev NAME
 *	devsw-udev --clear NAME
 *
 *	NAME is the kernel's name of the device ("ttyU0").  Prints nothing if
 *	it is none of devswd's, DEVSW_NODE=1 if it is, and what its hardware
 *	is if there is any.  With --clear the node's owner, group and mode are
 *	all the rights that there are (74-devsw-seat.rules).  Exits with 0
 *	unless it is used wrongly.
 *
 * Model
 *	udevd runs it as root, for each event of a CUSE device.  It reads what
 *	devswd has written in /run/devsw/udev, of which it believes no more
 *	than it can see for itself: the interface that is named there has to
 *	be in the hands of a program (usbfs), or the device is somebody
 *	else's.  So whoever has got hold of the daemon can give a node no
 *	other names than those of hardware that no driver of the kernel has.
 *
 *	If /run/devsw is not root's but a user's, who runs devswd, the
 *	device's uevent file is given to him, since without it he could not
 *	say that hardware has come.  He can do no more with it than to have
 *	udevd go through its rules for the device.
 *
 *	Nothing here waits: files in /run, sysfs and udevd's database.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <libudev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "udev/acl.h"
#include "udev/props.h"

#define	RUN		"/run/devsw"

/* The text of a small file that may be anything; ok? */
static int
read_small(const char *path, char *buf, size_t size)
{
	struct stat st;
	ssize_t n = -1;
	int fd;

	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY |
	    O_CLOEXEC);
	if (fd == -1)
		return 0;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		n = read(fd, buf, size - 1);
	close(fd);
	buf[n < 0 ? 0 : n] = '\0';
	/* A NUL in it ends the text, which then is not complete. */
	return n >= 0;
}

static void
give_uevent(const char *name)
{
	char path[128];
	struct stat st;

	if (lstat(RUN, &st) == -1 || !S_ISDIR(st.st_mode) || st.st_uid == 0)
		return;
	snprintf(path, sizeof(path), "/sys/class/cuse/%s/uevent", name);
	if (chown(path, st.st_uid, (gid_t)-1) == -1 && errno != ENOENT)
		fprintf(stderr, "devsw-udev: %s: %s\n", path, strerror(errno));
}

static const char *
get_property(void *arg, const char *key)
{

	return udev_device_get_property_value(arg, key);
}

/* The interface, if a program has it. */
static struct udev_device *
find_iface(struct udev *udev, struct udev_device *dev, int number)
{
	struct udev_device *iface;
	const char *config, *driver;
	char name[128];

	config = udev_device_get_sysattr_value(dev, "bConfigurationValue");
	if (config == NULL)
		return NULL;
	snprintf(name, sizeof(name), "%s:%d.%d", udev_device_get_sysname(dev),
	    atoi(config), number < 0 ? 0 : number);
	iface = udev_device_new_from_subsystem_sysname(udev, "usb", name);
	if (iface == NULL)
		return NULL;
	driver = udev_device_get_driver(iface);
	if (driver != NULL && strcmp(driver, "usbfs") == 0)
		return iface;
	udev_device_unref(iface);
	return NULL;
}

static void
print_hardware(struct udev *udev, const struct props_node *pn)
{
	struct udev_device *dev, *iface = NULL;
	struct props_iface pi;

	dev = udev_device_new_from_subsystem_sysname(udev, "usb",
	    pn->pn_place);
	if (dev != NULL)
		iface = find_iface(udev, dev, pn->pn_iface);
	if (iface != NULL) {
		pi.pi_name = udev_device_get_sysname(iface);
		pi.pi_number = udev_device_get_sysattr_value(iface,
		    "bInterfaceNumber");
		pi.pi_class = udev_device_get_sysattr_value(iface,
		    "bInterfaceClass");
		if (pi.pi_number != NULL && pi.pi_class != NULL)
			props_print(stdout, pn, &pi, get_property, dev);
	}
	udev_device_unref(iface);
	udev_device_unref(dev);
}

static void
clear_node(const char *name)
{
	struct udev *const udev = udev_new();
	struct udev_device *dev = NULL;
	const char *node;
	int error = ENODEV;

	if (udev != NULL)
		dev = udev_device_new_from_subsystem_sysname(udev, "cuse",
		    name);
	if (dev != NULL && (node = udev_device_get_devnode(dev)) != NULL)
		error = acl_clear(node, udev_device_get_devnum(dev));
	/* It may have left since. */
	if (error != 0 && error != ENODEV && error != ENOENT)
		fprintf(stderr, "devsw-udev: %s: %s\n", name,
		    strerror(error));
	udev_device_unref(dev);
	udev_unref(udev);
}

int
main(int argc, char **argv)
{
	struct props_node pn;
	struct udev *udev;
	char path[128], text[512];

	if (argc == 3 && strcmp(argv[1], "--clear") == 0 &&
	    props_node_name(argv[2])) {
		clear_node(argv[2]);
		return 0;
	}
	if (argc != 2 || !props_node_name(argv[1])) {
		fprintf(stderr, "usage: devsw-udev [--clear] NAME\n");
		return 2;
	}
	give_uevent(argv[1]);
	snprintf(path, sizeof(path), RUN "/udev/%s", argv[1]);
	if (!read_small(path, text, sizeof(text)))
		return 0;
	printf("DEVSW_NODE=1\n");
	udev = udev_new();
	if (udev != NULL && props_parse(text, &pn))
		print_hardware(udev, &pn);
	udev_unref(udev);
	return 0;
}
