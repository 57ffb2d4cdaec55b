/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_udev.c - plug events without end: what libudev says is made up here.
 * t_usb.c has real ones.
 */
#include <errno.h>
#include <libudev.h>
#include <stddef.h>
#include <string.h>

#include "hyp/hyp_usb.h"
#include "host/udev.h"
#include "host/usbsys.h"
#include "h_test.h"

#define	EVENTS	1000		/* a dispatch that takes them all ends here */

static char udev[1], monitor[1], device[1];	/* libudev's objects */
static unsigned taken;

struct udev *
udev_new(void)
{

	return (struct udev *)udev;
}

struct udev *
udev_unref(struct udev *u)
{

	(void)u;
	return NULL;
}

struct udev_monitor *
udev_monitor_new_from_netlink(struct udev *u, const char *name)
{

	(void)u;
	(void)name;
	return (struct udev_monitor *)monitor;
}

struct udev_monitor *
udev_monitor_unref(struct udev_monitor *m)
{

	(void)m;
	return NULL;
}

int
udev_monitor_filter_add_match_subsystem_devtype(struct udev_monitor *m,
    const char *subsystem, const char *type)
{

	(void)m;
	(void)subsystem;
	(void)type;
	return 0;
}

int
udev_monitor_enable_receiving(struct udev_monitor *m)
{

	(void)m;
	return 0;
}

int
udev_monitor_set_receive_buffer_size(struct udev_monitor *m, int size)
{

	(void)m;
	(void)size;
	return 0;
}

int
udev_monitor_get_fd(struct udev_monitor *m)
{

	(void)m;
	return 0;
}

struct udev_device *
udev_monitor_receive_device(struct udev_monitor *m)
{

	(void)m;
	errno = EAGAIN;
	return taken++ < EVENTS ? (struct udev_device *)device : NULL;
}

struct udev_device *
udev_device_unref(struct udev_device *d)
{

	(void)d;
	return NULL;
}

const char *
udev_device_get_subsystem(struct udev_device *d)
{

	(void)d;
	return "usb";
}

const char *
udev_device_get_action(struct udev_device *d)
{

	(void)d;
	return "change";
}

const char *
udev_device_get_sysname(struct udev_device *d)
{

	(void)d;
	return "1-1";
}

const char *
udev_device_get_property_value(struct udev_device *d, const char *key)
{

	(void)d;
	(void)key;
	return "1";
}

/* No device is there, so K hears of none. */
void
hyp_usb_arrived(const struct hyp_usb_info *hi)
{

	t_fail(__FILE__, __LINE__, "%s has arrived", hi->hi_path);
}

void
hyp_usb_left(const char *path)
{

	t_fail(__FILE__, __LINE__, "%s has left", path);
}

void
hyp_usb_line(const char *path, const struct hyp_usb_line *hl)
{

	(void)path;
	(void)hl;
}

static void
one_at_a_time(void)
{
	static const struct host_udev_ops ops;

	usbsys_root("/nonexistent");
	T_EQ(host_udev_open(&ops, NULL), 0);
	for (unsigned n = 1; n <= 3; n++) {
		host_udev_dispatch();
		T_EQ(taken, n);
	}
	host_udev_close();
}

const struct t_case t_cases[] = {
	{ "plug events without end leave the daemon's loop its turns",
	    one_at_a_time },
	{ NULL, NULL },
};
