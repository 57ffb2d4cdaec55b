/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * node.c - from a node to its hardware, by what udevd says of it.
 *
 * Model
 *	The properties are those that devsw-udev has given to udevd; whoever
 *	can write them is root.  A node whose hardware is away has none.
 *
 *	The text in place of the kernel's uevent file has the strings of the
 *	device, which can be anything; one line must not become two.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lookup/lookup.h"

#define	DRIVER_HID	"uhidev"	/* uhid attaches to it */
#define	BUS_USB		3		/* linux/input.h */

int
lookup_is_hid(struct udev_device *dev)
{
	const char *path, *driver;

	path = udev_device_get_syspath(dev);
	if (path == NULL ||
	    strncmp(path, LOOKUP_CUSE, sizeof(LOOKUP_CUSE) - 1) != 0)
		return 0;
	driver = udev_device_get_property_value(dev, "ID_USB_DRIVER");
	return driver != NULL && strcmp(driver, DRIVER_HID) == 0 &&
	    udev_device_get_property_value(dev, "DEVSW_PORT") != NULL;
}

struct udev_device *
lookup_node(struct udev *udev, const char *name)
{
	char path[sizeof(LOOKUP_CUSE) + 64];

	if ((size_t)snprintf(path, sizeof(path), LOOKUP_CUSE "%s", name) >=
	    sizeof(path))
		return NULL;
	return lookup_real()->lr_new_from_syspath(udev, path);
}

static struct udev_device *
named_by(struct udev_device *node, const char *key)
{
	const char *name = udev_device_get_property_value(node, key);

	return name == NULL ? NULL : udev_device_new_from_subsystem_sysname(
	    udev_device_get_udev(node), "usb", name);
}

struct udev_device *
lookup_usb(struct udev_device *node)
{

	return named_by(node, "DEVSW_PORT");
}

struct udev_device *
lookup_iface(struct udev_device *node)
{

	return named_by(node, "DEVSW_INTERFACE");
}

const char *
lookup_attr(void *dev, const char *key)
{

	return lookup_real()->lr_sysattr(dev, key);
}

/* A hexadecimal number of 16 bits; -1: it is none. */
static long
number(const char *text)
{
	char *end;
	long val;

	if (text == NULL || !isxdigit((unsigned char)text[0]))
		return -1;
	val = strtol(text, &end, 16);
	return *end == '\0' && val <= 0xffff ? val : -1;
}

static void
print_string(FILE *f, const char *text)
{

	for (; *text != '\0'; text++)
		putc(iscntrl((unsigned char)*text) ? '?' : *text, f);
}

/* As usbhid makes it: both strings, or the numbers. */
static void
print_name(FILE *f, const char *manufacturer, const char *product, long vid,
    long pid)
{

	fputs("HID_NAME=", f);
	if (manufacturer != NULL)
		print_string(f, manufacturer);
	if (manufacturer != NULL && product != NULL)
		putc(' ', f);
	if (product != NULL)
		print_string(f, product);
	if (manufacturer == NULL && product == NULL)
		fprintf(f, "HID %04lx:%04lx", vid, pid);
	putc('\n', f);
}

char *
lookup_uevent(lookup_get_t *get, void *arg)
{
	const long vid = number(get(arg, "idVendor"));
	const long pid = number(get(arg, "idProduct"));
	const char *serial = get(arg, "serial");
	char *text = NULL;
	size_t size;
	FILE *f;

	if (vid == -1 || pid == -1 ||
	    (f = open_memstream(&text, &size)) == NULL)
		return NULL;
	fprintf(f, "HID_ID=%04X:%08lX:%08lX\n", BUS_USB, vid, pid);
	print_name(f, get(arg, "manufacturer"), get(arg, "product"), vid, pid);
	fputs("HID_UNIQ=", f);
	print_string(f, serial != NULL ? serial : "");
	putc('\n', f);
	if (fclose(f) != 0) {
		free(text);
		return NULL;
	}
	return text;
}
