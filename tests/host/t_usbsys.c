/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_usbsys.c - reading USB devices from a made-up /sys/bus/usb: what counts
 * as a device, the order of ports, strings of a hostile device, attributes
 * that are missing.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/usbsys.h"
#include "h_test.h"

#define	LONG_MS		60000

static char root[] = "/tmp/t_usbsys.XXXXXX";

static void
put(const char *dev, const char *name, const void *data, size_t len)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/devices/%s", root, dev);
	(void)mkdir(path, 0755);
	if (name == NULL)
		return;
	snprintf(path, sizeof(path), "%s/devices/%s/%s", root, dev, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	T_CHECK(fd != -1);
	T_EQ(write(fd, data, len), len);
	close(fd);
}

static void
put_text(const char *dev, const char *name, const char *text)
{

	put(dev, name, text, strlen(text));
}

static void
put_device(const char *dev, const char *addr)
{
	static const unsigned char desc[18] = { 18, 1 };

	put_text(dev, "busnum", "1\n");
	put_text(dev, "devnum", addr);
	put_text(dev, "idVendor", "0403\n");
	put_text(dev, "idProduct", "6001\n");
	put_text(dev, "bcdDevice", "0600\n");
	put_text(dev, "speed", "12\n");
	put(dev, "descriptors", desc, sizeof(desc));
}

static void
put_driver(const char *intf, const char *driver)
{
	char path[256], target[256];

	put(intf, NULL, NULL, 0);
	snprintf(path, sizeof(path), "%s/devices/%s/driver", root, intf);
	snprintf(target, sizeof(target), "../../../drivers/%s", driver);
	T_EQ(symlink(target, path), 0);
}

static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{

	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static void
begin(void)
{
	char path[256];

	strcpy(root + strlen(root) - 6, "XXXXXX");
	T_CHECK(mkdtemp(root) != NULL);
	snprintf(path, sizeof(path), "%s/devices", root);
	T_EQ(mkdir(path, 0755), 0);
	usbsys_root(root);
}

static void
finish(void)
{

	(void)nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void
test_list(void)
{
	static const char *const all[] = { "usb1", "1-10", "1-2", "1-0:1.0",
	    "1-2:1.0", "2-1", "1-2.10", "1-2.9.1", "10-1", "ep_00", "1-x" };
	static const char *const want[] = { "1-2", "1-2.9.1", "1-2.10",
	    "1-10", "2-1", "10-1" };
	char **paths;
	size_t i, n;

	begin();
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		put_device(all[i], "5\n");
	T_EQ(usbsys_list(&paths, &n), 0);
	T_EQ(n, sizeof(want) / sizeof(want[0]));
	for (i = 0; i < n; i++)
		T_CHECK(strcmp(paths[i], want[i]) == 0);
	usbsys_list_free(paths, n);
	finish();
	T_EQ(usbsys_list(&paths, &n), ENOENT);
}

static void
test_read(void)
{
	struct usbsys_dev ud;
	const struct hyp_usb_info *hi = &ud.ud_info;

	begin();
	put_device("1-2", "77\n");
	put_text("1-2", "serial", "A1,B\n");
	put_text("1-2", "product", "evil \033[2J\r\n");
	T_EQ(usbsys_read("1-2", &ud), 0);
	T_EQ(hi->hi_bus, 1);
	T_EQ(hi->hi_addr, 77);
	T_EQ(hi->hi_vendor, 0x0403);
	T_EQ(hi->hi_product, 0x6001);
	T_EQ(hi->hi_release, 0x0600);
	T_EQ(hi->hi_speed, HYP_USB_SPEED_FULL);
	T_EQ(hi->hi_pins.hp_n, 0);
	T_EQ(ud.ud_desclen, 18);
	T_CHECK(strcmp(hi->hi_path, "1-2") == 0);
	T_CHECK(strcmp(hi->hi_serial, "A1,B") == 0);
	T_CHECK(strcmp(hi->hi_vendorstr, "") == 0);
	T_CHECK(strcmp(hi->hi_productstr, "evil ?[2J?") == 0);
	/* C1 as UTF-8 and bare, a turn of the writing, half a character. */
	usbsys_root(root);
	put_text("1-2", "product", "\302\23331mx \233y \342\200\256z \177"
	    "\303\244\342\202\254 \355\240\200 \300\212 \342\202\n");
	T_EQ(usbsys_read("1-2", &ud), 0);
	T_CHECK(strcmp(hi->hi_productstr, "?31mx ?y ?z ?\303\244\342\202\254 "
	    "??? ?? ??") == 0);
	put_text("1-2", "speed", "1.5\n");
	T_EQ(usbsys_read("1-2", &ud), 0);
	T_EQ(hi->hi_speed, HYP_USB_SPEED_LOW);
	put_text("1-2", "speed", "10000\n");
	T_EQ(usbsys_read("1-2", &ud), 0);
	T_EQ(hi->hi_speed, HYP_USB_SPEED_SUPER);
	finish();
}

/* Who reads this file waits until somebody writes to it. */
static void
put_held(const char *dev, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/devices/%s/%s", root, dev, name);
	T_EQ(mkfifo(path, 0644), 0);
}

/* The kernel gives it. */
static int
held_open(const char *dev, const char *name)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/devices/%s/%s", root, dev, name);
	fd = open(path, O_WRONLY);
	T_CHECK(fd != -1);
	return fd;
}

static void
held_write(int fd, const char *text)
{

	T_EQ(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static bool
is_ready(int timeout)
{
	struct pollfd p = { .fd = usbsys_fd(), .events = POLLIN };

	return poll(&p, 1, timeout) == 1;
}

static void
test_held(void)
{
	struct usbsys_dev ud;
	char path[USBSYS_PATH];

	begin();
	put_device("1-2", "77\n");
	put_device("1-3", "78\n");
	put_held("1-2", "serial");
	put_text("1-2", "product", "slow\n");
	put_text("1-3", "serial", "B2\n");
	usbsys_patience(1);
	for (int i = 0; i < 3; i++) {
		T_EQ(usbsys_read("1-2", &ud), EAGAIN);
		T_EQ(ud.ud_info.hi_addr, 77);
		T_EQ(ud.ud_info.hi_vendor, 0x0403);
		T_CHECK(strcmp(ud.ud_info.hi_path, "1-2") == 0);
		T_CHECK(ud.ud_serial[0] == '\0' && ud.ud_productstr[0] == '\0');
	}
	T_CHECK(!usbsys_ready(path));
	T_CHECK(!is_ready(0));
	/* The others have nothing to do with it. */
	usbsys_patience(LONG_MS);
	T_EQ(usbsys_read("1-3", &ud), 0);
	T_CHECK(strcmp(ud.ud_serial, "B2") == 0);

	held_write(held_open("1-2", "serial"), "A1\n");
	T_CHECK(is_ready(-1));
	T_CHECK(usbsys_ready(path));
	T_CHECK(strcmp(path, "1-2") == 0);
	T_EQ(usbsys_read("1-2", &ud), 0);
	T_CHECK(strcmp(ud.ud_serial, "A1") == 0);
	T_CHECK(strcmp(ud.ud_productstr, "slow") == 0);
	T_CHECK(!usbsys_ready(path));
	T_CHECK(!is_ready(0));
	/* Nobody waits for the kernel twice. */
	T_EQ(usbsys_read("1-2", &ud), 0);
	T_CHECK(strcmp(ud.ud_serial, "A1") == 0);
	finish();
}

/* It is replaced while the kernel keeps its strings. */
static void
test_replaced(void)
{
	char old[256], new[256], path[USBSYS_PATH];
	struct usbsys_dev ud;
	int fd;

	begin();
	put_device("1-2", "77\n");
	put_held("1-2", "serial");
	usbsys_patience(1);
	T_EQ(usbsys_read("1-2", &ud), EAGAIN);
	usbsys_patience(LONG_MS);
	fd = held_open("1-2", "serial");
	snprintf(old, sizeof(old), "%s/devices/1-2", root);
	snprintf(new, sizeof(new), "%s/devices/gone", root);
	T_EQ(rename(old, new), 0);
	T_EQ(usbsys_read("1-2", &ud), ENOENT);
	put_device("1-2", "78\n");
	put_text("1-2", "serial", "new\n");
	T_EQ(usbsys_read("1-2", &ud), 0);
	T_CHECK(strcmp(ud.ud_serial, "new") == 0);
	held_write(fd, "old\n");
	T_EQ(usbsys_read("1-2", &ud), 0);
	T_EQ(ud.ud_info.hi_addr, 78);
	T_CHECK(strcmp(ud.ud_serial, "new") == 0);
	T_CHECK(!usbsys_ready(path));
	finish();
}

static void
test_hostile(void)
{
	static char big[100000];
	struct usbsys_dev ud;

	begin();
	put_device("1-2", "5\n");
	memset(big, 'A', sizeof(big));
	put("1-2", "serial", big, sizeof(big));
	put("1-2", "descriptors", big, sizeof(big));
	T_EQ(usbsys_read("1-2", &ud), 0);
	T_EQ(strlen(ud.ud_serial), sizeof(ud.ud_serial) - 1);
	T_EQ(ud.ud_desclen, sizeof(ud.ud_desc));
	put_text("1-2", "devnum", "x\n");
	T_EQ(usbsys_read("1-2", &ud), ENOENT);
	put_text("1-2", "devnum", "");
	T_EQ(usbsys_read("1-2", &ud), ENOENT);
	T_EQ(usbsys_read("1-3", &ud), ENOENT);
	T_EQ(usbsys_read("../1-2", &ud), ENOENT);
	T_EQ(usbsys_read("", &ud), ENOENT);
	memset(big, '1', 300);
	big[1] = '-';
	big[300] = '\0';
	T_EQ(usbsys_read(big, &ud), ENOENT);
	finish();
}

static void
test_drivers(void)
{
	char buf[32];

	begin();
	put_device("1-2", "5\n");
	usbsys_drivers("1-2", buf, sizeof(buf));
	T_CHECK(strcmp(buf, "") == 0);
	put_driver("1-2/1-2:1.0", "cdc_acm");
	put_driver("1-2/1-2:1.1", "cdc_acm");
	put("1-2/1-2:1.2", NULL, NULL, 0);
	usbsys_drivers("1-2", buf, sizeof(buf));
	T_CHECK(strcmp(buf, "cdc_acm") == 0);
	usbsys_drivers("1-3", buf, sizeof(buf));
	T_CHECK(strcmp(buf, "") == 0);
	/* Interfaces without a driver are offered to the kernel. */
	T_EQ(usbsys_rebind("1-2"), -1);
	T_EQ(errno, ENOENT);
	put_text("../.", "drivers_probe", "");
	T_EQ(usbsys_rebind("1-2"), 1);
	finish();
}

const struct t_case t_cases[] = {
	{ "devices in the order of their ports", test_list },
	{ "what a device's files say", test_read },
	{ "what a hostile device's files say", test_hostile },
	{ "nobody waits for strings that the kernel keeps", test_held },
	{ "nor gets those of the device that was there before",
	    test_replaced },
	{ "drivers of the interfaces", test_drivers },
	{ NULL, NULL },
};
