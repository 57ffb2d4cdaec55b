/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * udev.c - libudev's answers, with devswd's HIDs among the hidraws.
 *
 * Model
 *	libdevsw-lookup.so is preloaded into a program (devsw-run) that looks
 *	for HIDs in the way of hidapi and libfido2: it asks libudev for all of
 *	subsystem hidraw, then for each one's parents, hid and usb, and for
 *	their attributes.  A node of devswd's is of subsystem cuse and has no
 *	parent.  So functions of libudev are called in a new way:
 *
 *	  add_match_subsystem("hidraw")	marks the enumeration;
 *	  scan_devices			adds the nodes of HIDs that are there;
 *	  new_from_syspath, _devnum	remember a device that is such a node;
 *	  get_parent_with_subsystem_	has for it the USB device and the
 *	    devtype			interface of the hardware, and, as its
 *					hid, itself;
 *	  get_sysattr_value("uevent")	of it begins with what a hid's says.
 *
 *	Everything else, and everything when there is no such node, is what
 *	libudev answers.  Files that such programs open by themselves: files.c.
 *
 *	A parent lives as long as the device it was asked of, so that is told
 *	by the references that the program has: a device that is remembered
 *	(struct seen) has one from the start.  libudev's own references to it
 *	are of no matter: the program has no right to the parent any more when
 *	it has given back its last.
 *
 *	Nothing here gives a right: the program opens a node, or it may not.
 *
 * Known gaps
 *	A program that finds libudev with dlopen and dlsym (Chromium, SDL, Qt,
 *	pyudev) calls it past us, as does all with more rights than its user's,
 *	into which nothing is preloaded.  Other filters of an enumeration are
 *	not applied to what is added.  Plugs are not told to a udev_monitor of
 *	hidraw.
 *
 * Locks
 *	lock: both lists; recursive, as libudev may call us.  Held over
 *	libudev's calls for hardware, which read sysfs and /run/udev; the
 *	devices themselves are, as libudev says, for one thread at a time.
 */
#include <sys/queue.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lookup/lookup.h"

#define	NMARKS		16

struct seen {
	LIST_ENTRY(seen)	 s_entry;
	struct udev_device	*s_dev;
	struct udev_device	*s_usb;		/* NULL: not asked for yet */
	struct udev_device	*s_iface;
	char			*s_uevent;
	unsigned		 s_refs;
};

static pthread_mutex_t lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static LIST_HEAD(, seen) seen_list = LIST_HEAD_INITIALIZER(seen_list);
static struct udev_enumerate *marks[NMARKS];	/* that want hidraws */
static unsigned next_mark;

/* ---- enumerations ----------------------------------------------------- */

static struct udev_enumerate **
mark_of(struct udev_enumerate *e)
{
	unsigned i;

	for (i = 0; i < NMARKS; i++) {
		if (marks[i] == e)
			return &marks[i];
	}
	return NULL;
}

static int
is_marked(struct udev_enumerate *e)
{
	int marked;

	pthread_mutex_lock(&lock);
	marked = mark_of(e) != NULL;
	pthread_mutex_unlock(&lock);
	return marked;
}

/* There is a new one where another one was. */
struct udev_enumerate *lookup_enumerate_new(struct udev *)
    LOOKUP_EXPORT("udev_enumerate_new");
struct udev_enumerate *
lookup_enumerate_new(struct udev *udev)
{
	struct udev_enumerate *const e =
	    lookup_real()->lr_enumerate_new(udev);
	struct udev_enumerate **mark;

	pthread_mutex_lock(&lock);
	if (e != NULL && (mark = mark_of(e)) != NULL)
		*mark = NULL;
	pthread_mutex_unlock(&lock);
	return e;
}

int	lookup_add_match_subsystem(struct udev_enumerate *, const char *)
    LOOKUP_EXPORT("udev_enumerate_add_match_subsystem");
int
lookup_add_match_subsystem(struct udev_enumerate *e, const char *subsystem)
{

	if (e != NULL && subsystem != NULL && !lookup_off() &&
	    strcmp(subsystem, "hidraw") == 0) {
		pthread_mutex_lock(&lock);
		/* One that is that old has been scanned long ago. */
		if (mark_of(e) == NULL)
			marks[next_mark++ % NMARKS] = e;
		pthread_mutex_unlock(&lock);
	}
	return lookup_real()->lr_add_match_subsystem(e, subsystem);
}

static void
add_nodes(struct udev_enumerate *to)
{
	const struct lookup_real *const real = lookup_real();
	struct udev_enumerate *e;
	struct udev_list_entry *entry;

	e = real->lr_enumerate_new(udev_enumerate_get_udev(to));
	if (e != NULL && real->lr_add_match_subsystem(e, "cuse") >= 0 &&
	    udev_enumerate_add_match_property(e, "ID_USB_DRIVER", "uhidev") >=
	    0 && real->lr_scan_devices(e) >= 0) {
		udev_list_entry_foreach(entry, udev_enumerate_get_list_entry(e))
			udev_enumerate_add_syspath(to,
			    udev_list_entry_get_name(entry));
	}
	udev_enumerate_unref(e);
}

int	lookup_scan_devices(struct udev_enumerate *)
    LOOKUP_EXPORT("udev_enumerate_scan_devices");
int
lookup_scan_devices(struct udev_enumerate *e)
{
	const int result = lookup_real()->lr_scan_devices(e);

	if (result >= 0 && is_marked(e))
		add_nodes(e);
	return result;
}

/* ---- devices ---------------------------------------------------------- */

/* With the lock. */
static struct seen *
seen_find(const struct udev_device *dev)
{
	struct seen *s;

	LIST_FOREACH(s, &seen_list, s_entry) {
		if (s->s_dev == dev)
			return s;
	}
	return NULL;
}

/* Without memory it is a device like others. */
static struct udev_device *
remember(struct udev_device *dev)
{
	struct seen *s;

	if (dev == NULL || lookup_off() || !lookup_is_hid(dev) ||
	    (s = calloc(1, sizeof(*s))) == NULL)
		return dev;
	s->s_dev = dev;
	s->s_refs = 1;
	pthread_mutex_lock(&lock);
	LIST_INSERT_HEAD(&seen_list, s, s_entry);
	pthread_mutex_unlock(&lock);
	return dev;
}

struct udev_device *lookup_new_from_syspath(struct udev *, const char *)
    LOOKUP_EXPORT("udev_device_new_from_syspath");
struct udev_device *
lookup_new_from_syspath(struct udev *udev, const char *path)
{

	return remember(lookup_real()->lr_new_from_syspath(udev, path));
}

struct udev_device *lookup_new_from_devnum(struct udev *, char, dev_t)
    LOOKUP_EXPORT("udev_device_new_from_devnum");
struct udev_device *
lookup_new_from_devnum(struct udev *udev, char type, dev_t number)
{

	return remember(lookup_real()->lr_new_from_devnum(udev, type, number));
}

struct udev_device *lookup_ref(struct udev_device *)
    LOOKUP_EXPORT("udev_device_ref");
struct udev_device *
lookup_ref(struct udev_device *dev)
{
	struct seen *s;

	pthread_mutex_lock(&lock);
	if ((s = seen_find(dev)) != NULL)
		s->s_refs++;
	pthread_mutex_unlock(&lock);
	return lookup_real()->lr_ref(dev);
}

/* The last reference takes the parents along. */
static void
forget(struct udev_device *dev)
{
	const struct lookup_real *const real = lookup_real();
	struct seen *s;

	pthread_mutex_lock(&lock);
	s = seen_find(dev);
	if (s != NULL && --s->s_refs == 0)
		LIST_REMOVE(s, s_entry);
	else
		s = NULL;
	pthread_mutex_unlock(&lock);
	if (s == NULL)
		return;
	real->lr_unref(s->s_usb);
	real->lr_unref(s->s_iface);
	free(s->s_uevent);
	free(s);
}

struct udev_device *lookup_unref(struct udev_device *)
    LOOKUP_EXPORT("udev_device_unref");
struct udev_device *
lookup_unref(struct udev_device *dev)
{

	if (dev != NULL)
		forget(dev);
	return lookup_real()->lr_unref(dev);
}

/* With the lock; NULL: it has none of that kind. */
static struct udev_device *
parent_of(struct seen *s, const char *subsystem, const char *type)
{

	if (strcmp(subsystem, "hid") == 0)
		return s->s_dev;
	if (strcmp(subsystem, "usb") != 0 || type == NULL)
		return NULL;
	if (strcmp(type, "usb_device") == 0) {
		if (s->s_usb == NULL)
			s->s_usb = lookup_usb(s->s_dev);
		return s->s_usb;
	}
	if (strcmp(type, "usb_interface") == 0) {
		if (s->s_iface == NULL)
			s->s_iface = lookup_iface(s->s_dev);
		return s->s_iface;
	}
	return NULL;
}

struct udev_device *lookup_parent(struct udev_device *, const char *,
    const char *)
    LOOKUP_EXPORT("udev_device_get_parent_with_subsystem_devtype");
struct udev_device *
lookup_parent(struct udev_device *dev, const char *subsystem,
    const char *type)
{
	struct udev_device *parent = NULL;
	struct seen *s;

	pthread_mutex_lock(&lock);
	if (subsystem != NULL && (s = seen_find(dev)) != NULL)
		parent = parent_of(s, subsystem, type);
	pthread_mutex_unlock(&lock);
	return parent != NULL ? parent :
	    lookup_real()->lr_parent(dev, subsystem, type);
}

/* With the lock: what its hid says, and then what it says itself. */
static const char *
uevent_of(struct seen *s)
{
	const char *own;
	char *text;

	if (s->s_uevent != NULL)
		return s->s_uevent;
	if (s->s_usb == NULL && (s->s_usb = lookup_usb(s->s_dev)) == NULL)
		return NULL;
	if ((text = lookup_uevent(lookup_attr, s->s_usb)) == NULL)
		return NULL;
	own = lookup_real()->lr_sysattr(s->s_dev, "uevent");
	if (asprintf(&s->s_uevent, "%s%s", text, own != NULL ? own : "") == -1)
		s->s_uevent = NULL;
	free(text);
	return s->s_uevent;
}

const char *lookup_sysattr(struct udev_device *, const char *)
    LOOKUP_EXPORT("udev_device_get_sysattr_value");
const char *
lookup_sysattr(struct udev_device *dev, const char *name)
{
	const char *value = NULL;
	struct seen *s;

	if (name != NULL && strcmp(name, "uevent") == 0) {
		pthread_mutex_lock(&lock);
		if ((s = seen_find(dev)) != NULL)
			value = uevent_of(s);
		pthread_mutex_unlock(&lock);
	}
	return value != NULL ? value : lookup_real()->lr_sysattr(dev, name);
}
