/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * udev.c - plug and unplug: udev's (or the kernel's) events and sysfs, into
 * hyp_usb_arrived and hyp_usb_left.
 *
 * Model
 *	udev_known lists the claimed devices: place, bus, address.  K was told
 *	of them, but for those that the claims refuse, which are in the list
 *	so that they are refused once and not at each event.  sysfs is the
 *	truth; an event only says where to look, so a lost, doubled or late
 *	one does no harm, and a rescan alone finds everything, removals too:
 *
 *		known at a place, other address in sysfs	left, arrived
 *		known at a place, place empty			left
 *		not known, claimed				arrived
 *		known and unchanged, rescan			arrived again
 *
 *	One that was detached by hand stays known, and nothing above has it
 *	arrive but another address, which is another plugging.
 *
 *	A remove event is believed when it names the address that is known:
 *	a late one must not take away the device that is plugged in since.
 *
 *		kernel			events waiting		here
 *		remove 1-1 #4		remove 1-1 #4
 *		add 1-1 #5		add 1-1 #5
 *							rescan: #4 left,
 *							#5 arrived
 *							remove #4: known is
 *							#5, ignored
 *
 *	Not being root, the daemon may open a device when udevd has run its
 *	rules for it, and sysfs shows it before that.  So one that may not be
 *	opened and has not been through them is not seen yet: its own event
 *	is to come.
 *
 *	A device whose strings the kernel keeps back (usbsys_read: EAGAIN) has
 *	arrived when it has given them.  The one that was known at its place has
 *	left by then.
 *
 *	The netlink socket overflows silently but for ENOBUFS, which libudev
 *	returns from a receive: then the bus is looked through.
 *
 *	Events come from udevd's group when udevd runs.  Without it (a
 *	container, a small system) the kernel's own group is used.
 *
 *	A device can make events faster than they are looked at, each of which
 *	takes some reads of sysfs.  So one is taken at a time, and main's
 *	thread goes back to its loop, where a revoke or the signal that ends it
 *	may wait.
 *
 *	udevd's rules give a new node of ours an owner and a mode too (tty*:
 *	group dialout, 0660), after the front end has, and an old one whenever
 *	root has it go through them again.  Its event for the node comes when
 *	it is done with that.  Lost events: all that wait for theirs are told;
 *	one whose event was not lost is told once more then.
 *
 * Locks
 *	None: main's thread only.  No K lock can be held.
 */
#include <sys/epoll.h>
#include <sys/queue.h>

#include <errno.h>
#include <libudev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hyp/hyp.h"
#include "hyp/hyp_usb.h"
#include "host/host.h"
#include "host/udev.h"
#include "host/udevdb.h"
#include "host/usbsys.h"

#define	UDEV_RCVBUF	(1024 * 1024)

struct known {
	LIST_ENTRY(known) k_entry;
	char		 k_path[64];
	uint32_t	 k_bus;
	uint32_t	 k_addr;
	struct hyp_usb_pins k_pins;	/* what the match said */
	int		 k_refused;	/* K does not know it */
	int		 k_detached;	/* K does not know it any more */
	int		 k_seen;	/* by the rescan that is running */
};

static LIST_HEAD(, known) udev_known = LIST_HEAD_INITIALIZER(udev_known);
static struct udev *udev_ctx;
static struct udev_monitor *udev_mon;
static int udev_ep = -1;	/* the monitor's descriptor, and usbsys_fd */
static int udev_runs;		/* udevd: a device has its rules to come */
static const struct host_udev_ops *udev_ops;
static void *udev_arg;

static struct known *
known_find(const char *path)
{
	struct known *k;

	LIST_FOREACH(k, &udev_known, k_entry) {
		if (strcmp(k->k_path, path) == 0)
			return k;
	}
	return NULL;
}

static void
known_drop(struct known *k)
{

	LIST_REMOVE(k, k_entry);
	host_logf(HYP_LOG_DEBUG, "usb %s: left", k->k_path);
	if (!k->k_refused) {
		if (!k->k_detached)
			hyp_usb_left(k->k_path);
		udev_ops->hu_left(udev_arg, k->k_path);
	}
	free(k);
}

/* Is it udevd that has yet to give us the right to it? */
static int
is_early(const struct hyp_usb_info *hi)
{
	char node[64];

	snprintf(node, sizeof(node), "/dev/bus/usb/%03u/%03u",
	    (unsigned)hi->hi_bus, (unsigned)hi->hi_addr);
	return udev_runs && access(node, R_OK | W_OK) != 0 &&
	    errno == EACCES && !host_udevdb_known(hi->hi_path);
}

static void
known_detached(struct known *k, int yes)
{

	k->k_detached = yes;
	udev_ops->hu_detached(udev_arg, k->k_path, k->k_bus, k->k_addr, yes);
}

/* A device that is not known: take it if it is claimed. */
static void
device_arrived(struct usbsys_dev *ud)
{
	struct hyp_usb_info *hi = &ud->ud_info;
	enum host_udev_verdict verdict;
	struct known *k;

	if (is_early(hi)) {
		host_logf(HYP_LOG_DEBUG, "usb %s: udevd is not done with it",
		    hi->hi_path);
		return;
	}
	verdict = udev_ops->hu_match(udev_arg, ud, 0, &hi->hi_pins);
	if (verdict == HOST_UDEV_UNCLAIMED)
		return;
	k = calloc(1, sizeof(*k));
	if (k == NULL)
		hyp_panic("out of memory");
	strcpy(k->k_path, hi->hi_path);
	k->k_bus = hi->hi_bus;
	k->k_addr = hi->hi_addr;
	k->k_pins = hi->hi_pins;
	k->k_refused = verdict == HOST_UDEV_REFUSED;
	LIST_INSERT_HEAD(&udev_known, k, k_entry);
	if (k->k_refused)
		return;
	host_logf(HYP_LOG_DEBUG, "usb %s: arrived", k->k_path);
	if (verdict == HOST_UDEV_DETACHED) {
		known_detached(k, 1);
		return;
	}
	udev_ops->hu_line(udev_arg, hi, &hi->hi_line);
	hyp_usb_arrived(hi);
}

/* The device known at the place where this one is now; another has left. */
static struct known *
known_still(const struct hyp_usb_info *hi)
{
	struct known *k = known_find(hi->hi_path);

	if (k != NULL &&
	    (k->k_bus != hi->hi_bus || k->k_addr != hi->hi_addr)) {
		known_drop(k);
		k = NULL;
	}
	return k;
}

/*
 * device_present(ud, again)
 *
 *	The device is there now.  again: tell K of it even if it knows.
 */
static void
device_present(struct usbsys_dev *ud, int again)
{
	struct hyp_usb_info *hi = &ud->ud_info;
	struct known *k;

	k = known_still(hi);
	if (k == NULL) {
		device_arrived(ud);
	} else if (again && !k->k_refused && !k->k_detached) {
		hi->hi_pins = k->k_pins;
		udev_ops->hu_line(udev_arg, hi, &hi->hi_line);
		hyp_usb_arrived(hi);
	}
}

/* Without descriptors, say, it is as it was. */
static void
device_unseen(const char *path, int error)
{
	static struct host_quiet quiet;

	if (host_log_quiet(&quiet) != 0)
		host_logf(HYP_LOG_WARNING, "usb %s: not looked at: %s", path,
		    strerror(error));
}

/* Look at one place. */
static void
device_look(const char *path)
{
	struct usbsys_dev *ud;
	struct known *k;
	int error;

	ud = malloc(sizeof(*ud));
	if (ud == NULL)
		return;
	error = usbsys_read(path, ud);
	if (error == 0)
		device_present(ud, 0);
	else if (error == EAGAIN)
		(void)known_still(&ud->ud_info);
	else if (error != ENOENT)
		device_unseen(path, error);
	else if ((k = known_find(path)) != NULL)
		known_drop(k);
	free(ud);
}

/* Is it the device that is known at its place, as far as that can be seen? */
static int
is_still(const struct known *k, struct usbsys_dev *ud)
{
	const int error = usbsys_read(k->k_path, ud);

	if (error == 0 || error == EAGAIN)
		return ud->ud_info.hi_addr == k->k_addr;
	if (error != ENOENT)
		device_unseen(k->k_path, error);
	return error != ENOENT;
}

void
host_udev_rescan(void)
{
	struct usbsys_dev *ud;
	struct known *k, *next;
	char **paths;
	size_t i, n;

	ud = malloc(sizeof(*ud));
	if (ud == NULL || usbsys_list(&paths, &n) != 0) {
		free(ud);
		return;
	}
	LIST_FOREACH(k, &udev_known, k_entry)
		k->k_seen = 0;
	/* All that left first: a unit number may be free then. */
	for (i = 0; i < n; i++) {
		if ((k = known_find(paths[i])) != NULL && is_still(k, ud))
			k->k_seen = 1;
	}
	for (k = LIST_FIRST(&udev_known); k != NULL; k = next) {
		next = LIST_NEXT(k, k_entry);
		if (!k->k_seen)
			known_drop(k);
	}
	for (i = 0; i < n; i++) {
		if (usbsys_read(paths[i], ud) == 0)
			device_present(ud, 1);
	}
	usbsys_list_free(paths, n);
	free(ud);
}

/* The same unit of the same driver; NULL: it is not among them. */
static struct hyp_usb_pin *
pin_find(struct hyp_usb_pins *pins, const struct hyp_usb_pin *pin)
{
	struct hyp_usb_pin *up;

	for (up = pins->hp_pin; up < pins->hp_pin + pins->hp_n; up++) {
		if (up->up_unit == pin->up_unit &&
		    strcmp(up->up_driver, pin->up_driver) == 0)
			return up;
	}
	return NULL;
}

void
host_udev_pinned(const char *path, const struct hyp_usb_pin *pin)
{
	struct known *k = known_find(path);
	struct hyp_usb_pin *up;

	if (k == NULL)
		return;
	up = pin_find(&k->k_pins, pin);
	if (up == NULL && k->k_pins.hp_n < HYP_USB_PINS)
		up = &k->k_pins.hp_pin[k->k_pins.hp_n++];
	if (up != NULL)
		*up = *pin;
}

/* Neither says another number than the other one does. */
static int
number_same(int32_t a, int32_t b)
{

	return a == b || a == -1 || b == -1;
}

/*
 * In any order, since a unit that was remembered meanwhile came last.  And who
 * had one for any interface may by now be known to have it at one.
 */
static int
pins_same(struct hyp_usb_pins *a, const struct hyp_usb_pins *b)
{
	const struct hyp_usb_pin *pin, *up;

	for (pin = b->hp_pin; pin < b->hp_pin + b->hp_n; pin++) {
		up = pin_find(a, pin);
		if (up == NULL || !number_same(up->up_iface, pin->up_iface) ||
		    !number_same(up->up_part, pin->up_part))
			return 0;
	}
	return a->hp_n == b->hp_n;
}

/* A device that stays: the configuration may say something else of it. */
static void
known_line(const struct known *k, const struct usbsys_dev *ud)
{
	struct hyp_usb_line line;

	if (k->k_refused)
		return;
	udev_ops->hu_line(udev_arg, &ud->ud_info, &line);
	hyp_usb_line(k->k_path, &line);
}

/* Is the answer for a device that is there the same as before? */
static int
known_same(struct known *k, const struct usbsys_dev *ud)
{
	enum host_udev_verdict verdict;
	struct hyp_usb_pins pins;

	verdict = udev_ops->hu_match(udev_arg, ud, 1, &pins);
	if (k->k_refused || verdict != HOST_UDEV_TAKEN)
		return k->k_refused && verdict == HOST_UDEV_REFUSED;
	return pins_same(&k->k_pins, &pins);
}

/* It may arrive again. */
static void
known_attach(struct known *k)
{

	if (k->k_detached)
		known_detached(k, 0);
}

int
host_udev_detach(const char *path)
{
	struct known *k = known_find(path);

	if (k == NULL || k->k_refused)
		return ENOENT;
	if (k->k_detached)
		return EALREADY;
	known_detached(k, 1);
	hyp_usb_left(k->k_path);
	return 0;
}

int
host_udev_attach(const char *path)
{
	struct known *k = known_find(path);
	struct usbsys_dev *ud;

	if (k == NULL || k->k_refused)
		return ENOENT;
	if (!k->k_detached)
		return EALREADY;
	ud = malloc(sizeof(*ud));
	if (ud == NULL)
		return ENOMEM;
	known_attach(k);
	/* It may have been pulled, or be another one by now. */
	if (usbsys_read(path, ud) == 0)
		device_present(ud, 1);
	else
		known_drop(k);
	free(ud);
	return 0;
}

unsigned
host_udev_rematch(int attach)
{
	struct known *k, *next;
	struct usbsys_dev *ud;
	unsigned n = 0;

	ud = malloc(sizeof(*ud));
	if (ud == NULL)
		return 0;
	for (k = LIST_FIRST(&udev_known); k != NULL; k = next) {
		next = LIST_NEXT(k, k_entry);
		/* One that has gone is the rescan's. */
		if (usbsys_read(k->k_path, ud) != 0)
			continue;
		if (!known_same(k, ud)) {
			n += !k->k_refused;
			known_drop(k);
			continue;
		}
		if (attach)
			known_attach(k);
		known_line(k, ud);
	}
	free(ud);
	return n;
}

/*
 * A device node: its rules have run if udevd sent this.  Events that we have
 * caused ourselves, since its hardware has come or left, are none that give
 * it an owner: it may be somebody's who is logged in.
 */
static void
event_node(struct udev_device *dev)
{
	const char *action, *node, *uuid;

	uuid = udev_device_get_property_value(dev, "SYNTH_UUID");
	if (uuid != NULL && strcmp(uuid, UDEVDB_UUID) == 0)
		return;
	action = udev_device_get_action(dev);
	node = udev_device_get_devnode(dev);
	if (action != NULL && strcmp(action, "remove") != 0 && node != NULL &&
	    strncmp(node, "/dev/", 5) == 0)
		udev_ops->hu_settled(udev_arg, node + 5);
}

/*
 * event_device(dev)
 *
 *	On "remove" the device's folder may still be there for a moment, so
 *	the event itself is believed, if it means the device that is known.
 */
static void
event_device(struct udev_device *dev)
{
	const char *action, *path, *num, *subsystem;
	struct known *k;

	subsystem = udev_device_get_subsystem(dev);
	if (subsystem != NULL && strcmp(subsystem, "cuse") == 0) {
		event_node(dev);
		return;
	}
	action = udev_device_get_action(dev);
	path = udev_device_get_sysname(dev);
	num = udev_device_get_property_value(dev, "DEVNUM");
	if (action == NULL || path == NULL) {
		host_udev_rescan();
		return;
	}
	if (strcmp(action, "remove") != 0) {
		device_look(path);
		return;
	}
	k = known_find(path);
	if (k != NULL && num != NULL && strtoul(num, NULL, 10) == k->k_addr)
		known_drop(k);
	else if (k != NULL)
		device_look(path);
}

void
host_udev_dispatch(void)
{
	static struct host_quiet quiet;
	char path[USBSYS_PATH];
	struct udev_device *dev;
	int error;

	if (usbsys_ready(path)) {
		device_look(path);
		return;
	}
	errno = 0;
	dev = udev_monitor_receive_device(udev_mon);
	if (dev != NULL) {
		event_device(dev);
		udev_device_unref(dev);
	} else if (errno != 0 && errno != EAGAIN && errno != EINTR) {
		error = errno;
		if (host_log_quiet(&quiet) != 0)
			host_logf(HYP_LOG_NOTICE, "plug events were "
			    "lost (%s); looking through the bus",
			    strerror(error));
		udev_ops->hu_settled(udev_arg, NULL);
		host_udev_rescan();
	}
}

/* udevd's events come after its rules have run; the kernel's do not need
   it. */
static struct udev_monitor *
monitor_open(void)
{
	const char *group = "udev";

	udev_runs = access("/run/udev/control", F_OK) == 0;
	if (!udev_runs) {
		group = "kernel";
		host_logf(HYP_LOG_NOTICE, "udevd does not run here; listening "
		    "to the kernel's events");
	}
	return udev_monitor_new_from_netlink(udev_ctx, group);
}

/* errno */
static int
watch(int fd)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = fd };

	return epoll_ctl(udev_ep, EPOLL_CTL_ADD, fd, &ev) == -1 ? errno : 0;
}

int
host_udev_open(const struct host_udev_ops *ops, void *arg)
{

	udev_ops = ops;
	udev_arg = arg;
	udev_ctx = udev_new();
	udev_mon = udev_ctx != NULL ? monitor_open() : NULL;
	if (udev_mon == NULL ||
	    udev_monitor_filter_add_match_subsystem_devtype(udev_mon, "usb",
	    "usb_device") < 0 ||
	    udev_monitor_filter_add_match_subsystem_devtype(udev_mon, "cuse",
	    NULL) < 0 ||
	    udev_monitor_enable_receiving(udev_mon) < 0 ||
	    (udev_ep = epoll_create1(EPOLL_CLOEXEC)) == -1 ||
	    watch(udev_monitor_get_fd(udev_mon)) != 0 ||
	    watch(usbsys_fd()) != 0) {
		host_logf(HYP_LOG_ERR, "cannot listen for plug events: %s",
		    strerror(errno));
		host_udev_close();
		return -1;
	}
	(void)udev_monitor_set_receive_buffer_size(udev_mon, UDEV_RCVBUF);
	return udev_ep;
}

void
host_udev_close(void)
{
	struct known *k;

	while ((k = LIST_FIRST(&udev_known)) != NULL) {
		LIST_REMOVE(k, k_entry);
		free(k);
	}
	udev_monitor_unref(udev_mon);
	udev_unref(udev_ctx);
	udev_mon = NULL;
	udev_ctx = NULL;
	if (udev_ep != -1)
		close(udev_ep);
	udev_ep = -1;
}
