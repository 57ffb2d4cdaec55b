/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usbsys.c - read USB devices from sysfs: the truth about what is plugged
 * in, which needs neither udev nor a request to a device.
 *
 * Model
 *	No state but the root folder, and the strings (usbstr.c), which are all
 *	that the kernel may keep back.  A device may go while it is read;
 *	whoever got an answer must expect that it is old.  A place is used
 *	again by the next device plugged in there, so its folder is opened
 *	once, and devnum, which is gone with the device, read again at the end.
 *
 *	Strings come from the device: they are cut, and what a terminal would
 *	obey is replaced (host_text_clean), because they go to logs and
 *	terminals.  Claims are compared with what is left.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/host.h"
#include "host/usbsys.h"
#include "host/usbsysvar.h"

/* Of an interface descriptor: class, subclass and protocol are bytes 5-7. */
#define	DESC_CONFIG		2
#define	DESC_CONFIG_LEN		9
#define	DESC_INTERFACE		4
#define	DESC_INTERFACE_LEN	9
#define	CLASS_HID		3
#define	SUBCLASS_BOOT		1
#define	PROTO_KEYBOARD		1
#define	PROTO_MOUSE		2

static const char *usbsys_dir = "/sys/bus/usb";

void
usbsys_root(const char *dir)
{

	usbsys_dir = dir;
	usbstr_forget(NULL);
}

/* A number in the given base; -1 if there is none. */
static long
attr_number(int dir, const char *name, int base)
{
	char buf[32], *end;
	long val;

	usbstr_text(dir, name, buf, sizeof(buf));
	val = strtol(buf, &end, base);
	return end == buf || val < 0 ? -1 : val;
}

static uint8_t
read_speed(int dir)
{
	char buf[32];

	usbstr_text(dir, "speed", buf, sizeof(buf));
	if (strcmp(buf, "1.5") == 0)
		return HYP_USB_SPEED_LOW;
	switch (strtol(buf, NULL, 10)) {
	case 12:
		return HYP_USB_SPEED_FULL;
	case 480:
		return HYP_USB_SPEED_HIGH;
	default:
		return HYP_USB_SPEED_SUPER;
	}
}

/* "1-2", "10-1.4.2": a device; not "usb1" (a root hub), "1-0:1.0" (an
   interface). */
static int
is_device(const char *name)
{
	const char *p;

	if (!isdigit((unsigned char)name[0]) || strchr(name, '-') == NULL)
		return 0;
	for (p = name; *p != '\0'; p++) {
		if (!isdigit((unsigned char)*p) && *p != '-' && *p != '.')
			return 0;
	}
	return 1;
}

/*
 * What an errno says of a device: that there is none, unless it is we who have
 * not what it takes to look.
 */
static int
absence(int error)
{

	return error == EMFILE || error == ENFILE || error == ENOMEM ? error :
	    ENOENT;
}

/*
 * All but the strings: what the kernel keeps nobody waiting for.  errno, which
 * is 0 before, is that of an attribute that was not to be read.
 */
static int
read_numbers(int dir, struct usbsys_dev *ud)
{
	struct hyp_usb_info *const hi = &ud->ud_info;
	const long bus = attr_number(dir, "busnum", 10);
	const long addr = attr_number(dir, "devnum", 10);
	const long vendor = attr_number(dir, "idVendor", 16);
	const long product = attr_number(dir, "idProduct", 16);
	const long release = attr_number(dir, "bcdDevice", 16);
	const ssize_t n = usbstr_read(dir, "descriptors", ud->ud_desc,
	    sizeof(ud->ud_desc));

	hi->hi_speed = read_speed(dir);
	if (bus < 0 || addr < 0 || vendor < 0 || product < 0 || n < 0)
		return absence(errno);
	ud->ud_desclen = (size_t)n;
	hi->hi_bus = (uint32_t)bus;
	hi->hi_addr = (uint32_t)addr;
	hi->hi_vendor = (uint16_t)vendor;
	hi->hi_product = (uint16_t)product;
	hi->hi_release = release < 0 ? 0 : (uint16_t)release;
	return 0;
}

static int
read_strings(int dir, struct usbsys_dev *ud)
{
	struct usbstr us;
	int error;

	error = usbstr_get(ud->ud_path, dir, &us);
	if (error == 0) {
		strcpy(ud->ud_serial, us.us_serial);
		strcpy(ud->ud_vendorstr, us.us_vendor);
		strcpy(ud->ud_productstr, us.us_product);
	}
	return error;
}

static int
open_folder(const char *path)
{
	char file[256];

	if ((size_t)snprintf(file, sizeof(file), "%s/devices/%s", usbsys_dir,
	    path) >= sizeof(file))
		return -1;
	return open(file, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int
usbsys_read(const char *path, struct usbsys_dev *ud)
{
	struct hyp_usb_info *const hi = &ud->ud_info;
	int dir, error;

	memset(ud, 0, sizeof(*ud));
	if (!is_device(path) || strlen(path) >= sizeof(ud->ud_path))
		return ENOENT;
	strcpy(ud->ud_path, path);
	hi->hi_path = ud->ud_path;
	hi->hi_serial = ud->ud_serial;
	hi->hi_vendorstr = ud->ud_vendorstr;
	hi->hi_productstr = ud->ud_productstr;
	dir = open_folder(path);
	if (dir == -1) {
		error = errno;
		if (error == ENOENT)
			usbstr_forget(path);
		return absence(error);
	}
	errno = 0;
	error = read_numbers(dir, ud);
	if (error == 0)
		error = read_strings(dir, ud);
	errno = 0;
	if ((error == 0 || error == EAGAIN) &&
	    attr_number(dir, "devnum", 10) != (long)hi->hi_addr)
		error = absence(errno);
	close(dir);
	return error;
}

int
usbsys_number(const char *path, char dev[USBSYS_NUMBER])
{
	const int dir = is_device(path) ? open_folder(path) : -1;

	if (dir == -1)
		return ENOENT;
	usbstr_text(dir, "dev", dev, USBSYS_NUMBER);
	close(dir);
	return dev[strspn(dev, "0123456789:")] == '\0' && dev[0] != '\0' ? 0 :
	    ENOENT;
}

const char *
usbsys_boot_hid(const struct usbsys_dev *ud)
{
	const unsigned char *d = ud->ud_desc;
	const unsigned char *const end = d + ud->ud_desclen;

	for (; end - d >= 2 && d[0] >= 2 && d[0] <= end - d; d += d[0]) {
		if (d[1] != DESC_INTERFACE || d[0] < DESC_INTERFACE_LEN ||
		    d[5] != CLASS_HID || d[6] != SUBCLASS_BOOT)
			continue;
		if (d[7] == PROTO_KEYBOARD)
			return "keyboard";
		if (d[7] == PROTO_MOUSE)
			return "mouse";
	}
	return NULL;
}

int
usbsys_has_several(const struct usbsys_dev *ud)
{
	const unsigned char *d = ud->ud_desc;
	const unsigned char *const end = d + ud->ud_desclen;

	for (; end - d >= 2 && d[0] >= 2 && d[0] <= end - d; d += d[0]) {
		if (d[1] == DESC_CONFIG && d[0] >= DESC_CONFIG_LEN && d[4] > 1)
			return 1;
	}
	return 0;
}

static int
path_compare(const void *a, const void *b)
{

	return strverscmp(*(char *const *)a, *(char *const *)b);
}

void
usbsys_list_free(char **paths, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		free(paths[i]);
	free(paths);
}

/* Append a copy of name. */
static int
list_add(char ***paths, size_t *n, const char *name)
{
	char **grown, *copy;

	copy = strdup(name);
	grown = realloc(*paths, (*n + 1) * sizeof(**paths));
	if (grown != NULL)
		*paths = grown;
	if (copy == NULL || grown == NULL) {
		free(copy);
		return ENOMEM;
	}
	grown[(*n)++] = copy;
	return 0;
}

int
usbsys_list(char ***pathsp, size_t *np)
{
	char dir[200], **paths = NULL;
	struct dirent *de;
	size_t n = 0;
	int error = 0;
	DIR *d;

	snprintf(dir, sizeof(dir), "%s/devices", usbsys_dir);
	d = opendir(dir);
	if (d == NULL)
		return absence(errno);
	while (error == 0 && (de = readdir(d)) != NULL) {
		if (is_device(de->d_name))
			error = list_add(&paths, &n, de->d_name);
	}
	closedir(d);
	if (error != 0) {
		usbsys_list_free(paths, n);
		return error;
	}
	if (n > 1)
		qsort(paths, n, sizeof(*paths), path_compare);
	*pathsp = paths;
	*np = n;
	return 0;
}

/*
 * each_interface(path, fn, arg)
 *
 *	Call fn for every interface folder ("1-1:1.0") of the device, with
 *	the driver that is bound to it or "".
 */
static void
each_interface(const char *path,
    void (*fn)(const char *, const char *, void *), void *arg)
{
	char dir[256], link[600], target[256];
	struct dirent *de;
	size_t len = strlen(path);
	ssize_t n;
	char *slash;
	DIR *d;

	snprintf(dir, sizeof(dir), "%s/devices/%s", usbsys_dir, path);
	d = opendir(dir);
	if (d == NULL)
		return;
	while ((de = readdir(d)) != NULL) {
		if (strncmp(de->d_name, path, len) != 0 ||
		    de->d_name[len] != ':')
			continue;
		snprintf(link, sizeof(link), "%s/%s/driver", dir, de->d_name);
		n = readlink(link, target, sizeof(target) - 1);
		target[n < 0 ? 0 : n] = '\0';
		slash = strrchr(target, '/');
		fn(de->d_name, slash != NULL ? slash + 1 : target, arg);
	}
	closedir(d);
}

struct drivers_arg {
	char	*da_buf;
	size_t	 da_size;
};

static void
drivers_each(const char *name, const char *driver, void *arg)
{
	struct drivers_arg *da = arg;
	size_t len = strlen(da->da_buf);

	(void)name;
	if (driver[0] == '\0' || strstr(da->da_buf, driver) != NULL)
		return;
	snprintf(da->da_buf + len, da->da_size - len, "%s%s",
	    len != 0 ? "," : "", driver);
}

void
usbsys_drivers(const char *path, char *buf, size_t size)
{
	struct drivers_arg da = { buf, size };

	buf[0] = '\0';
	each_interface(path, drivers_each, &da);
}

struct rebind_arg {
	int	 ra_fd;
	int	 ra_count;
	int	 ra_errno;
};

/* The kernel answers EINVAL when no driver wants the interface. */
static void
rebind_each(const char *name, const char *driver, void *arg)
{
	struct rebind_arg *ra = arg;

	if (driver[0] != '\0')
		return;
	if (write(ra->ra_fd, name, strlen(name)) == -1 && errno != EINVAL)
		ra->ra_errno = errno;
	else
		ra->ra_count++;
}

int
usbsys_rebind(const char *path)
{
	struct rebind_arg ra = { -1, 0, 0 };
	char file[256];

	snprintf(file, sizeof(file), "%s/drivers_probe", usbsys_dir);
	ra.ra_fd = open(file, O_WRONLY | O_CLOEXEC);
	if (ra.ra_fd == -1)
		return -1;
	each_interface(path, rebind_each, &ra);
	close(ra.ra_fd);
	if (ra.ra_errno != 0) {
		errno = ra.ra_errno;
		return -1;
	}
	return ra.ra_count;
}
