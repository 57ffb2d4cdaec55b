/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * list.c - devswd --list, --claimed and --release: one look at sysfs, no
 * daemon.
 *
 * Model
 *	Reads all devices first, because the claim that is proposed for one
 *	depends on the others: a serial number if the device has one of its
 *	own, else the port if there is another device of the same vendor and
 *	product, else the two numbers alone.  Does not open any device.
 *
 *	What is proposed is meant to be pasted into a shell, and the serial
 *	number in it is the device's: it is quoted for the shell, and what
 *	the parser would not take is not proposed (claim_propose).
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/usbsys.h"
#include "main/list.h"

struct list {
	struct usbsys_dev *l_devs;
	size_t		 l_n;
};

/* Everything that can be read now.  0, or an exit status, with a message. */
static int
list_read(struct list *l)
{
	char **paths;
	size_t i, n;
	int error;

	error = usbsys_list(&paths, &n);
	if (error == ENOENT) {
		fprintf(stderr, "devswd: no USB here: /sys/bus/usb does not "
		    "exist\n");
		return 1;
	}
	l->l_n = 0;
	l->l_devs = error == 0 ? calloc(n + 1, sizeof(*l->l_devs)) : NULL;
	if (l->l_devs == NULL) {
		fprintf(stderr, "devswd: out of memory\n");
		return 1;
	}
	for (i = 0; i < n; i++) {
		error = usbsys_read(paths[i], &l->l_devs[l->l_n]);
		if (error == 0 || error == EAGAIN)
			l->l_n++;
	}
	usbsys_list_free(paths, n);
	return 0;
}

/* How many devices share vendor and product, and the serial if wanted. */
static unsigned
list_count(const struct list *l, const struct hyp_usb_info *hi, int serial)
{
	const struct hyp_usb_info *other;
	unsigned count = 0;
	size_t i;

	for (i = 0; i < l->l_n; i++) {
		other = &l->l_devs[i].ud_info;
		count += other->hi_vendor == hi->hi_vendor &&
		    other->hi_product == hi->hi_product &&
		    (!serial || strcmp(other->hi_serial, hi->hi_serial) == 0);
	}
	return count;
}

static void
list_claim(const struct list *l, const struct hyp_usb_info *hi)
{
	char text[CLAIM_TEXT], word[CLAIM_SHELL(CLAIM_TEXT)];

	claim_propose(hi, list_count(l, hi, 1) > 1, text);
	claim_shell(text, word, sizeof(word));
	printf("    --claim %s\n", word);
}

/* Not proposed with force: that is for who reads it to decide. */
static void
list_boot_hid(const struct usbsys_dev *ud)
{
	const char *what = usbsys_boot_hid(ud);

	if (what != NULL)
		printf("    a %s: not taken unless the claim ends in "
		    ",force\n", what);
}

static void
list_one(const struct list *l, const struct usbsys_dev *ud,
    const char *driver, const char *chip)
{
	const struct hyp_usb_info *hi = &ud->ud_info;
	char bound[128];

	usbsys_drivers(hi->hi_path, bound, sizeof(bound));
	printf("%-8s %04x:%04x", driver != NULL ? driver : "-",
	    hi->hi_vendor, hi->hi_product);
	if (chip != NULL)
		printf("  chip %s", chip);
	printf("  port %s", hi->hi_path);
	if (hi->hi_serial[0] != '\0')
		printf("  serial %s", hi->hi_serial);
	printf("  kernel driver %s", bound[0] != '\0' ? bound : "none");
	if (hi->hi_vendorstr[0] != '\0' || hi->hi_productstr[0] != '\0')
		printf("  (%s%s%s)", hi->hi_vendorstr,
		    hi->hi_vendorstr[0] != '\0' &&
		    hi->hi_productstr[0] != '\0' ? " " : "",
		    hi->hi_productstr);
	printf("\n");
	if (driver != NULL) {
		list_claim(l, hi);
		list_boot_hid(ud);
	}
}

int
list_devices(int all)
{
	const struct usbsys_dev *ud;
	const char *driver, *chip;
	unsigned shown = 0;
	struct list l;
	size_t i;

	if (list_read(&l) != 0)
		return 1;
	for (i = 0; i < l.l_n; i++) {
		ud = &l.l_devs[i];
		driver = hyp_usb_probe(&ud->ud_info, ud->ud_desc,
		    ud->ud_desclen, &chip);
		if (driver == NULL && !all)
			continue;
		list_one(&l, ud, driver, chip);
		shown++;
	}
	if (shown == 0)
		printf("no device that devswd has a driver for%s\n",
		    l.l_n != 0 && !all ? " (-v shows the others)" : "");
	free(l.l_devs);
	return 0;
}

int
list_release(struct claim_head *claims)
{
	const struct hyp_usb_info *hi;
	int n, status = 0;
	struct list l;
	size_t i;

	if (list_read(&l) != 0)
		return 1;
	for (i = 0; i < l.l_n; i++) {
		hi = &l.l_devs[i].ud_info;
		if (claim_find(claims, hi) == NULL)
			continue;
		n = usbsys_rebind(hi->hi_path);
		if (n == -1) {
			fprintf(stderr, "devswd: %s: cannot bind a driver: "
			    "%s%s\n", hi->hi_path, strerror(errno),
			    errno == EACCES ? "; run as root" : "");
			status = 1;
		} else {
			printf("%s %04x:%04x: %d interfaces given to the "
			    "kernel\n", hi->hi_path, hi->hi_vendor,
			    hi->hi_product, n);
		}
	}
	free(l.l_devs);
	return status;
}

int
list_claimed(struct claim_head *claims, const char *place)
{
	struct usbsys_dev *ud = malloc(sizeof(*ud));
	const struct claim *c = NULL;
	const char *p;

	if (ud == NULL) {
		fprintf(stderr, "devswd: out of memory\n");
		return 1;
	}
	if (usbsys_read(place, ud) == 0)
		c = claim_find(claims, &ud->ud_info);
	if (c != NULL && (c->c_force || usbsys_boot_hid(ud) == NULL)) {
		printf("DEVSW_CLAIM=");
		for (p = c->c_text; *p != '\0'; p++)
			putchar(isalnum((unsigned char)*p) ||
			    strchr(":,=._-", *p) != NULL ? *p : '?');
		putchar('\n');
	}
	free(ud);
	return 0;
}
