/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hardware.c - the devices that scenarios are run on: which there are, and
 * how their plugs are pulled.
 *
 * Three ways to pull a plug: a command, such as one that tells an emulator;
 * the hub's port, which Linux 6.0 and later can disable, so that the device is
 * gone for the kernel as if it had been pulled; or a person, who is asked.
 *
 * No state but the list that is returned; called by one thread at a time, in
 * devsw-compare itself and in the processes of runs.
 */
#include <sys/stat.h>
#include <sys/wait.h>

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <libudev.h>

#include "compare/compare.h"

#define	ASK		"ask"
#define	ASK_LIMIT_S	120
#define	PORT		"port:"

static void
copy(char *to, size_t size, const char *from)
{

	snprintf(to, size, "%s", from == NULL ? "" : from);
}

/* ---- what udev knows ------------------------------------------------- */

/* Which of the classes the driver of an interface makes it; 0: no one. */
static unsigned
class_of(struct udev_device *dev)
{
	struct udev_device *interface;
	const char *name = udev_device_get_sysname(dev);
	const char *driver = NULL;

	interface = udev_device_get_parent_with_subsystem_devtype(dev, "usb",
	    "usb_interface");
	if (interface != NULL)
		driver = udev_device_get_driver(interface);
	if (driver == NULL)
		return 0;
	if (strcmp(driver, "usbhid") == 0 && strncmp(name, "hidraw", 6) == 0)
		return HID;
	if (strcmp(driver, "cdc_acm") == 0)
		return ACM;
	return strncmp(name, "ttyUSB", 6) == 0 ? SERIAL : 0;
}

static struct udev_device *
usb_device_of(struct udev_device *dev)
{

	return udev_device_get_parent_with_subsystem_devtype(dev, "usb",
	    "usb_device");
}

static uint16_t
number(struct udev_device *usb, const char *attribute)
{
	const char *text = udev_device_get_sysattr_value(usb, attribute);

	return text == NULL ? 0 : (uint16_t)strtoul(text, NULL, 16);
}

static bool
same(const struct hardware *hw, struct udev_device *usb)
{
	const char *serial = udev_device_get_sysattr_value(usb, "serial");

	if (number(usb, "idVendor") != hw->h_vendor ||
	    number(usb, "idProduct") != hw->h_product)
		return false;
	if (hw->h_serial[0] != '\0' &&
	    (serial == NULL || strcmp(serial, hw->h_serial) != 0))
		return false;
	return hw->h_port[0] == '\0' ||
	    strcmp(hw->h_port, udev_device_get_sysname(usb)) == 0;
}

/*
 * Call each() for all devices of a subsystem, until it says true.  dev is
 * let go of afterwards.
 */
static bool
search(const char *subsystem, bool (*each)(struct udev_device *, void *),
    void *arg)
{
	struct udev *const udev = udev_new();
	struct udev_enumerate *list;
	struct udev_list_entry *entry;
	struct udev_device *dev;
	bool found = false;

	if (udev == NULL)
		return false;
	list = udev_enumerate_new(udev);
	udev_enumerate_add_match_subsystem(list, subsystem);
	udev_enumerate_scan_devices(list);
	for (entry = udev_enumerate_get_list_entry(list);
	    entry != NULL && !found;
	    entry = udev_list_entry_get_next(entry)) {
		dev = udev_device_new_from_syspath(udev,
		    udev_list_entry_get_name(entry));
		if (dev == NULL)	/* gone meanwhile */
			continue;
		found = each(dev, arg);
		udev_device_unref(dev);
	}
	udev_enumerate_unref(list);
	udev_unref(udev);
	return found;
}

struct wanted {
	const struct hardware *w_hw;
	char	*w_path;
	size_t	w_size;
};

static bool
is_node(struct udev_device *dev, void *arg)
{
	const struct wanted *const w = arg;
	struct udev_device *usb;
	const char *node = udev_device_get_devnode(dev);

	if (node == NULL || class_of(dev) != (is_hid(w->w_hw) ?
	    HID : w->w_hw->h_class))
		return false;
	usb = usb_device_of(dev);
	if (usb == NULL || !same(w->w_hw, usb))
		return false;
	/* The kernel answers this when drivers are bound, and not before. */
	if (udev_device_get_sysattr_value(usb, "bConfigurationValue") == NULL)
		return false;
	copy(w->w_path, w->w_size, node);
	return true;
}

bool
hardware_kernel_node(const struct hardware *hw, char *path, size_t size)
{
	struct wanted w = { hw, path, size };

	return search(is_hid(hw) ? "hidraw" : "tty", is_node, &w);
}

static bool
is_device(struct udev_device *dev, void *arg)
{
	const char *type = udev_device_get_devtype(dev);

	return type != NULL && strcmp(type, "usb_device") == 0 &&
	    same(arg, dev);
}

bool
hardware_on_bus(const struct hardware *hw)
{

	return search("usb", is_device, (void *)(uintptr_t)hw);
}

/* ---- who has a node open --------------------------------------------- */

/* "0".."9" only: a process, or a descriptor. */
static bool
is_number(const char *name)
{

	return name[0] != '\0' && name[strspn(name, "0123456789")] == '\0';
}

/* How many of a process's descriptors are of this device? */
static unsigned
descriptors(int proc, const char *pid, dev_t dev)
{
	char path[32];
	struct dirent *entry;
	struct stat st;
	unsigned n = 0;
	DIR *dir;
	int fd;

	snprintf(path, sizeof(path), "%.16s/fd", pid);
	fd = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd == -1 ? NULL : fdopendir(fd);
	if (dir == NULL) {
		if (fd != -1)
			close(fd);
		return 0;
	}
	while ((entry = readdir(dir)) != NULL) {
		if (is_number(entry->d_name) &&
		    fstatat(fd, entry->d_name, &st, 0) == 0 &&
		    S_ISCHR(st.st_mode) && st.st_rdev == dev)
			n++;
	}
	closedir(dir);
	return n;
}

static void
add_process(int proc, const char *pid, char *who, size_t size)
{
	const size_t len = strlen(who);
	char path[32], name[32] = "?";
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), "%.16s/comm", pid);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd != -1) {
		n = read(fd, name, sizeof(name) - 1);
		close(fd);
	}
	if (n > 0)
		name[n] = '\0';
	name[strcspn(name, "\n")] = '\0';
	snprintf(who + len, size - len, "%s%s (%s)", len == 0 ? "" : ", ",
	    name, pid);
}

unsigned
hardware_holders(const char *path, char *who, size_t size)
{
	struct dirent *entry;
	struct stat st;
	unsigned all = 0, n;
	DIR *dir;

	if (who != NULL)
		who[0] = '\0';
	if (stat(path, &st) == -1 || !S_ISCHR(st.st_mode))
		return 0;
	dir = opendir("/proc");
	if (dir == NULL)
		return 0;
	while ((entry = readdir(dir)) != NULL) {
		n = !is_number(entry->d_name) ? 0 :
		    descriptors(dirfd(dir), entry->d_name, st.st_rdev);
		if (n > 0 && who != NULL)
			add_process(dirfd(dir), entry->d_name, who, size);
		all += n;
	}
	closedir(dir);
	return all;
}

/* ---- a person's hardware --------------------------------------------- */

struct collect {
	const char	*c_node;	/* NULL: all */
	bool		c_ask;
	struct hardware	*c_list;
};

/* The hub's switch for this device's port. */
static void
port_switch(struct udev_device *usb, struct hardware *hw)
{
	char path[PATH_MAX], *real;

	snprintf(path, sizeof(path), "%s/port/disable",
	    udev_device_get_syspath(usb));
	real = realpath(path, NULL);
	if (real != NULL)
		snprintf(hw->h_plug, sizeof(hw->h_plug), PORT "%s", real);
	free(real);
	copy(hw->h_unplug, sizeof(hw->h_unplug), hw->h_plug);
}

static struct hardware *
make(struct udev_device *dev, struct udev_device *usb, bool ask)
{
	struct hardware *const hw = calloc(1, sizeof(*hw));
	const char *maker = udev_device_get_sysattr_value(usb, "manufacturer");
	const char *product = udev_device_get_sysattr_value(usb, "product");

	if (hw == NULL)
		return NULL;
	copy(hw->h_id, sizeof(hw->h_id), udev_device_get_sysname(dev));
	hw->h_class = class_of(dev);
	hw->h_vendor = number(usb, "idVendor");
	hw->h_product = number(usb, "idProduct");
	copy(hw->h_serial, sizeof(hw->h_serial),
	    udev_device_get_sysattr_value(usb, "serial"));
	copy(hw->h_port, sizeof(hw->h_port), udev_device_get_sysname(usb));
	snprintf(hw->h_what, sizeof(hw->h_what), "%s %s",
	    maker == NULL ? "" : maker, product == NULL ? "" : product);
	if (ask) {
		copy(hw->h_plug, sizeof(hw->h_plug), ASK);
		copy(hw->h_unplug, sizeof(hw->h_unplug), ASK);
	} else
		port_switch(usb, hw);
	return hw;
}

static bool
add(struct udev_device *dev, void *arg)
{
	struct collect *const c = arg;
	struct udev_device *usb;
	struct hardware *hw, **end;
	const char *node = udev_device_get_devnode(dev);

	if (node == NULL || class_of(dev) == 0 ||
	    (c->c_node != NULL && strcmp(node, c->c_node) != 0))
		return false;
	usb = usb_device_of(dev);
	if (usb == NULL)
		return false;
	hw = make(dev, usb, c->c_ask);
	if (hw == NULL)
		return true;
	for (end = &c->c_list; *end != NULL; end = &(*end)->h_next)
		continue;
	*end = hw;
	return c->c_node != NULL;
}

struct hardware *
hardware_of_node(const char *path, bool ask)
{
	char *const real = realpath(path, NULL);
	struct collect c = { real, ask, NULL };

	if (real == NULL) {
		fprintf(stderr, "devsw-compare: %s: %s\n", path,
		    strerror(errno));
		return NULL;
	}
	(void)(search("tty", add, &c) || search("hidraw", add, &c));
	if (c.c_list == NULL)
		fprintf(stderr, "devsw-compare: %s: not the node of a USB "
		    "serial adapter or HID\n", path);
	free(real);
	return c.c_list;
}

struct hardware *
hardware_attached(bool ask)
{
	struct collect c = { NULL, ask, NULL };

	(void)search("tty", add, &c);
	(void)search("hidraw", add, &c);
	return c.c_list;
}

/* ---- a description --------------------------------------------------- */

static bool
set_class(struct hardware *hw, const char *value)
{

	hw->h_class = strcmp(value, "acm") == 0 ? ACM :
	    strcmp(value, "serial") == 0 ? SERIAL :
	    strcmp(value, "hid") == 0 ? HID :
	    strcmp(value, "silent-hid") == 0 ? STUCK : 0;
	return hw->h_class != 0;
}

static bool
set_usb(struct hardware *hw, const char *value)
{
	unsigned vendor, product;
	char more;

	if (sscanf(value, "%4x:%4x%c", &vendor, &product, &more) != 2)
		return false;
	hw->h_vendor = (uint16_t)vendor;
	hw->h_product = (uint16_t)product;
	return true;
}

static bool
set(struct hardware *hw, const char *key, const char *value)
{
	const struct {
		const char *name;
		char *to;
		size_t size;
	} texts[] = {
		{ "serial", hw->h_serial, sizeof(hw->h_serial) },
		{ "port", hw->h_port, sizeof(hw->h_port) },
		{ "far", hw->h_far, sizeof(hw->h_far) },
		{ "what", hw->h_what, sizeof(hw->h_what) },
		{ "plug", hw->h_plug, sizeof(hw->h_plug) },
		{ "unplug", hw->h_unplug, sizeof(hw->h_unplug) },
	};

	if (strcmp(key, "class") == 0)
		return set_class(hw, value);
	if (strcmp(key, "usb") == 0)
		return set_usb(hw, value);
	for (size_t i = 0; i < COUNT(texts); i++) {
		if (strcmp(key, texts[i].name) == 0) {
			copy(texts[i].to, texts[i].size, value);
			return strlen(value) < texts[i].size;
		}
	}
	return false;
}

static char *
trim(char *text)
{
	size_t len;

	text += strspn(text, " \t");
	for (len = strlen(text); len > 0 && isspace((unsigned char)
	    text[len - 1]); len--)
		continue;
	text[len] = '\0';
	return text;
}

/* One line; false if it means nothing. */
static bool
load_line(char *line, struct hardware **last, struct hardware ***end)
{
	char *value;

	line = trim(line);
	if (line[0] == '\0' || line[0] == '#')
		return true;
	if (line[0] == '[') {
		value = strchr(line, ']');
		if (value == NULL || value[1] != '\0' || value == line + 1)
			return false;
		*value = '\0';
		*last = calloc(1, sizeof(**last));
		if (*last == NULL)
			return false;
		copy((*last)->h_id, sizeof((*last)->h_id), line + 1);
		**end = *last;
		*end = &(*last)->h_next;
		return true;
	}
	value = strchr(line, '=');
	if (value == NULL || *last == NULL)
		return false;
	*value++ = '\0';
	return set(*last, trim(line), trim(value));
}

/* Is there all that a run needs? */
static bool
whole(const char *file, const struct hardware *hw)
{

	if (hw->h_class != 0 && hw->h_vendor != 0 && hw->h_plug[0] != '\0' &&
	    hw->h_unplug[0] != '\0')
		return true;
	fprintf(stderr, "devsw-compare: %s: [%s] wants class, usb, plug and "
	    "unplug\n", file, hw->h_id);
	return false;
}

/* The whole list. */
void
hardware_free(struct hardware *list)
{
	struct hardware *next;

	for (; list != NULL; list = next) {
		next = list->h_next;
		free(list);
	}
}

struct hardware *
hardware_load(const char *file)
{
	struct hardware *list = NULL, *last = NULL, **end = &list;
	char line[512];
	unsigned n = 0;
	FILE *const in = fopen(file, "re");

	if (in == NULL) {
		fprintf(stderr, "devsw-compare: %s: %s\n", file,
		    strerror(errno));
		return NULL;
	}
	while (fgets(line, sizeof(line), in) != NULL) {
		n++;
		if (load_line(line, &last, &end))
			continue;
		fprintf(stderr, "devsw-compare: %s:%u: not understood\n",
		    file, n);
		fclose(in);
		hardware_free(list);
		return NULL;
	}
	fclose(in);
	for (const struct hardware *hw = list; hw != NULL; hw = hw->h_next) {
		if (!whole(file, hw)) {
			hardware_free(list);
			return NULL;
		}
	}
	if (list == NULL)
		fprintf(stderr, "devsw-compare: %s: no hardware in it\n",
		    file);
	return list;
}

/* ---- the plug -------------------------------------------------------- */

static int
run_command(const char *command)
{
	int status;

	status = system(command);
	if (status == -1)
		return errno;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : EIO;
}

static int
write_switch(const char *path, const char *value)
{
	const int fd = open(path, O_WRONLY | O_CLOEXEC);
	int error = 0;

	if (fd == -1)
		return errno;
	if (write(fd, value, 1) != 1)
		error = errno;
	close(fd);
	return error;
}

static int
ask_person(const struct hardware *hw, bool plugged)
{
	FILE *const tty = fopen("/dev/tty", "we");

	if (tty == NULL)
		return errno;
	fprintf(tty, plugged ? ">>> plug %s (%s) in again, at the same place\n"
	    : ">>> pull the plug of %s (%s) now\n", hw->h_id, hw->h_what);
	fclose(tty);
	for (unsigned i = 0; i < ASK_LIMIT_S * 1000; i += 2) {
		if (hardware_on_bus(hw) == plugged)
			return 0;
		pause_ms(2);
	}
	return ETIMEDOUT;
}

static int
change(const struct hardware *hw, const char *how, bool plugged)
{

	if (how[0] == '\0')
		return EOPNOTSUPP;
	if (hardware_on_bus(hw) == plugged)
		return 0;
	if (strcmp(how, ASK) == 0)
		return ask_person(hw, plugged);
	if (strncmp(how, PORT, strlen(PORT)) == 0)
		return write_switch(how + strlen(PORT), plugged ? "0" : "1");
	return run_command(how);
}

int
hardware_plug(const struct hardware *hw)
{

	return change(hw, hw->h_plug, true);
}

int
hardware_unplug(const struct hardware *hw)
{

	return change(hw, hw->h_unplug, false);
}
