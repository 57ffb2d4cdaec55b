/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lookup.h - the parts of libdevsw-lookup.so; udev.c has the model.
 *
 * Everything here may be called by any thread, with no lock held.
 */
#ifndef LOOKUP_LOOKUP_H
#define LOOKUP_LOOKUP_H

#include <sys/stat.h>
#include <sys/types.h>

#include <libudev.h>
#include <stddef.h>

#define	LOOKUP_CUSE	"/sys/devices/virtual/cuse/"

/* A function of this name takes the place of libc's or libudev's. */
#define	LOOKUP_EXPORT(name)						\
	__asm__(name) __attribute__((visibility("default")))

/* The functions whose places are taken. */
struct lookup_real {
	int	(*lr_open)(const char *, int, ...);
	int	(*lr_open64)(const char *, int, ...);
	int	(*lr_stat)(const char *, struct stat *);
	int	(*lr_stat64)(const char *, struct stat *);
	int	(*lr_lstat)(const char *, struct stat *);
	int	(*lr_lstat64)(const char *, struct stat *);
	ssize_t	(*lr_readlink)(const char *, char *, size_t);
	struct udev_enumerate *(*lr_enumerate_new)(struct udev *);
	int	(*lr_add_match_subsystem)(struct udev_enumerate *,
		    const char *);
	int	(*lr_scan_devices)(struct udev_enumerate *);
	struct udev_device *(*lr_new_from_syspath)(struct udev *,
		    const char *);
	struct udev_device *(*lr_new_from_devnum)(struct udev *, char, dev_t);
	struct udev_device *(*lr_ref)(struct udev_device *);
	struct udev_device *(*lr_unref)(struct udev_device *);
	struct udev_device *(*lr_parent)(struct udev_device *, const char *,
		    const char *);
	const char *(*lr_sysattr)(struct udev_device *, const char *);
};

/*
 * real = lookup_real()
 *
 *	Those functions, from the first call on, which may come before any
 *	constructor has run.
 *
 * lookup_off()
 *
 *	Is this a program with more rights than its user's?  Then nothing is
 *	looked up for it.
 */
const struct lookup_real *lookup_real(void);
int	lookup_off(void);

/*
 * lookup_is_hid(dev)
 *
 *	Is it the node of a HID that devswd has, and whose hardware is there?
 *
 * dev = lookup_node(udev, name)
 *
 *	The CUSE device of this name; NULL: there is none.  To be given to
 *	lookup_real()->lr_unref.
 *
 * dev = lookup_usb(node)		the USB device behind a node
 * dev = lookup_iface(node)		its interface
 *
 *	NULL: there is no hardware.  To be given back in the same way.
 */
int	lookup_is_hid(struct udev_device *);
struct udev_device *lookup_node(struct udev *, const char *);
struct udev_device *lookup_usb(struct udev_device *);
struct udev_device *lookup_iface(struct udev_device *);

/*
 * value = get(arg, key)		an attribute of the USB device; or NULL
 *
 * text = lookup_uevent(get, arg)
 *
 *	What the kernel would say in the uevent file of the HID: its numbers
 *	and its strings.  To be freed; NULL: there are none, or no memory.
 */
typedef const char *lookup_get_t(void *, const char *);
char	*lookup_uevent(lookup_get_t *, void *);
const char *lookup_attr(void *, const char *);	/* get; arg: udev_device */

#endif /* LOOKUP_LOOKUP_H */
