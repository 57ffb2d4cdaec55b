/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_udev.c - plug events without end: what libudev says is made up here.
 * t_usb.c has real ones.
 */
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <libudev.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hyp/hyp_usb.h"
#include "host/udev.h"
#include "host/usbsys.h"
#include "h_test.h"

#define	EVENTS	1000		/* a dispatch that takes them all ends here */

static char udev[1], monitor[1], device[1];	/* libudev's objects */
static unsigned taken, events = EVENTS;
static unsigned arrived, left;
static char serial[32];		/* of the device that has arrived */
static unsigned nopens;		/* atomic; files of devices */

/* In libc's place. */
int
openat(int dir, const char *name, int flags, ...)
{

	__atomic_add_fetch(&nopens, 1, __ATOMIC_RELAXED);
	return (int)syscall(SYS_openat, dir, name, flags, 0);
}

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

	static int fd = -1;

	(void)m;
	if (fd == -1)
		fd = eventfd(0, EFD_CLOEXEC);
	return fd;
}

struct udev_device *
udev_monitor_receive_device(struct udev_monitor *m)
{

	(void)m;
	errno = EAGAIN;
	return taken++ < events ? (struct udev_device *)device : NULL;
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

void
hyp_usb_arrived(const struct hyp_usb_info *hi)
{

	arrived++;
	snprintf(serial, sizeof(serial), "%s", hi->hi_serial);
}

void
hyp_usb_left(const char *path)
{

	T_CHECK(strcmp(path, "1-1") == 0);
	left++;
}

void
hyp_usb_line(const char *path, const struct hyp_usb_line *hl)
{

	(void)path;
	(void)hl;
}

static enum host_udev_verdict
match(void *arg, const struct usbsys_dev *ud, int again,
    struct hyp_usb_pins *pins)
{

	(void)arg;
	(void)ud;
	(void)again;
	pins->hp_n = 0;
	return HOST_UDEV_TAKEN;
}

static void
line(void *arg, const struct hyp_usb_info *hi, struct hyp_usb_line *hl)
{

	(void)arg;
	(void)hi;
	memset(hl, 0, sizeof(*hl));
}

static void
has_left(void *arg, const char *path)
{

	(void)arg;
	(void)path;
}

static const struct host_udev_ops ops = { .hu_match = match, .hu_line = line,
	.hu_left = has_left };

static void
one_at_a_time(void)
{

	usbsys_root("/nonexistent");
	T_CHECK(host_udev_open(&ops, NULL) != -1);
	for (unsigned n = 1; n <= 3; n++) {
		host_udev_dispatch();
		T_EQ(taken, n);
	}
	T_EQ(arrived + left, 0);
	host_udev_close();
}

/* ---- a device whose strings the kernel keeps back ------------------- */

static char root[64];

static void
put(const char *name, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/devices/1-1/%s", root, name);
	f = fopen(path, "w");
	T_CHECK(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0);
}

static void
make_device(const char *addr)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/devices/1-1", root);
	T_EQ(mkdir(path, 0755), 0);
	put("busnum", "1");
	put("devnum", addr);
	put("idVendor", "0403");
	put("idProduct", "6001");
	put("descriptors", "");
	snprintf(path, sizeof(path), "%s/devices/1-1/serial", root);
	T_EQ(mkfifo(path, 0644), 0);
}

static void
give_serial(const char *text)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/devices/1-1/serial", root);
	fd = open(path, O_WRONLY);
	T_EQ(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/* Dispatch what there is, and then nothing more. */
static void
dispatch(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	do {
		host_udev_dispatch();
	} while (poll(&p, 1, 0) == 1);
}

static void
wait_for(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	T_EQ(poll(&p, 1, -1), 1);
}

/* A device without a serial number, and its events' descriptor. */
static int
begin(unsigned patience)
{
	char path[128];
	int fd;

	strcpy(root, "/tmp/t_udev.XXXXXX");
	T_CHECK(mkdtemp(root) != NULL);
	snprintf(path, sizeof(path), "%s/devices", root);
	T_EQ(mkdir(path, 0755), 0);
	usbsys_root(root);
	usbsys_patience(patience);
	arrived = left = 0;
	fd = host_udev_open(&ops, NULL);
	T_CHECK(fd != -1);
	make_device("5");
	return fd;
}

static void
end(void)
{
	char command[128];

	host_udev_close();
	usbsys_root("/nonexistent");
	snprintf(command, sizeof(command), "rm -r %s", root);
	T_EQ(system(command), 0);
}

static void
held_up(void)
{
	char path[128], away[128];
	int fd;

	fd = begin(1);
	dispatch(fd);			/* its event */
	host_udev_rescan();
	T_EQ(arrived + left, 0);
	give_serial("A1");
	wait_for(fd);
	dispatch(fd);
	T_EQ(arrived, 1);
	T_CHECK(strcmp(serial, "A1") == 0);
	/* Its strings are known: nothing of it waits any more. */
	host_udev_rescan();
	T_EQ(arrived, 2);

	/* Another one: the first has left, whatever the kernel keeps. */
	snprintf(path, sizeof(path), "%s/devices/1-1", root);
	snprintf(away, sizeof(away), "%s/devices/away", root);
	T_EQ(rename(path, away), 0);
	make_device("6");
	dispatch(fd);
	T_EQ(left, 1);
	T_EQ(arrived, 2);
	host_udev_rescan();
	T_EQ(left, 1);
	give_serial("B2");
	wait_for(fd);
	events = 0;
	dispatch(fd);
	T_EQ(arrived, 3);
	T_CHECK(strcmp(serial, "B2") == 0);
	end();
}

/* So that one file is open at a time, or as many as there may be: 0. */
static void
limit_descriptors(int more)
{
	static rlim_t usual;
	struct rlimit rl;
	const int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	T_CHECK(fd != -1);
	close(fd);
	T_EQ(getrlimit(RLIMIT_NOFILE, &rl), 0);
	if (usual == 0)
		usual = rl.rlim_cur;
	rl.rlim_cur = more != 0 ? (rlim_t)(fd + more) : usual;
	T_EQ(setrlimit(RLIMIT_NOFILE, &rl), 0);
}

/* The devices are there all the time. */
static void
no_descriptors(void)
{
	char path[128];
	int text;

	(void)begin(5000);
	snprintf(path, sizeof(path), "%s/devices/1-1/serial", root);
	T_EQ(unlink(path), 0);		/* nobody has to wait for it */
	text = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	T_EQ(write(text, "A1", 2), 2);
	close(text);
	/* Enough for all but its strings: it has none, or is not known yet. */
	serial[0] = '\0';
	limit_descriptors(2);
	host_udev_rescan();
	limit_descriptors(0);
	T_EQ(arrived, 0);
	host_udev_rescan();
	T_EQ(arrived, 1);
	T_CHECK(strcmp(serial, "A1") == 0);
	for (int more = 1; more < 3; more++) {
		limit_descriptors(more);
		host_udev_rescan();
		host_udev_rescan();
		limit_descriptors(0);
		T_EQ(left, 0);
	}
	arrived = 0;
	host_udev_rescan();
	T_EQ(left, 0);
	T_EQ(arrived, 1);
	end();
}

/* Devices 2-FIRST to 2-LAST. */
static void
make_crowd(unsigned first, unsigned last)
{
	static const char *const files[][2] = {
		{ "busnum", "2" }, { "devnum", "7" }, { "idVendor", "0403" },
		{ "idProduct", "6001" }, { "descriptors", "" },
	};
	char path[128];
	unsigned i;
	FILE *f;

	for (; first <= last; first++) {
		snprintf(path, sizeof(path), "%s/devices/2-%u", root, first);
		T_EQ(mkdir(path, 0755), 0);
		for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
			snprintf(path, sizeof(path), "%s/devices/2-%u/%s",
			    root, first, files[i][0]);
			f = fopen(path, "w");
			T_CHECK(f != NULL && fputs(files[i][1], f) >= 0 &&
			    fclose(f) == 0);
		}
	}
}

/* How many files of devices a look through the bus opens, or an event. */
static unsigned
opens_of(void (*look)(void))
{
	const unsigned before = __atomic_load_n(&nopens, __ATOMIC_RELAXED);

	(*look)();
	return __atomic_load_n(&nopens, __ATOMIC_RELAXED) - before;
}

static void
many_devices(void)
{
	char path[128];
	unsigned look, event;

	(void)begin(5000);
	snprintf(path, sizeof(path), "%s/devices/1-1/serial", root);
	T_EQ(unlink(path), 0);
	make_crowd(1, 19);
	host_udev_rescan();
	T_EQ(arrived, 20);
	look = opens_of(host_udev_rescan);
	taken = 0;
	events = 2;
	event = opens_of(host_udev_dispatch);
	T_CHECK(look > 0 && event > 0);
	make_crowd(20, 199);
	host_udev_rescan();
	T_EQ(arrived, 20 + 20 + 200);
	T_EQ(opens_of(host_udev_rescan), 10 * look);
	T_EQ(opens_of(host_udev_dispatch), event);
	T_EQ(taken, 2);
	end();
}

const struct t_case t_cases[] = {
	{ "plug events without end leave the daemon's loop its turns",
	    one_at_a_time },
	{ "a device that the kernel waits for holds up nothing else", held_up },
	{ "without descriptors to look at it, no device has left",
	    no_descriptors },
	{ "an event looks at its device alone, a look through the bus at each "
	    "as often as with few", many_devices },
	{ NULL, NULL },
};
