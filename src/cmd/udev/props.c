/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * props.c - from what devswd says of a node to what udevd says of it.
 *
 * Model
 *	What devswd says is not believed but for its form: five lines, each
 *	once and in order, of which no character can leave its place.  (That a
 *	HID is a security key is believed: it opens the node to the person at
 *	the machine, and the node is devswd's to open to anybody.)  The
 *	properties of the device are udevd's own, from a list of those that
 *	say what a device is; others say what udevd shall do.
 *
 *	What udevd says of a node of Linux's own drivers it has from the
 *	interface: the path is the device's and then the interface, the
 *	number, the type.  They are made here in the same way.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "udev/props.h"

#define	IFACE_MAX	255
#define	CLASS_HID	"03"

static const char *const copied[] = {
	"ID_BUS", "ID_VENDOR", "ID_VENDOR_ENC", "ID_VENDOR_ID", "ID_MODEL",
	"ID_MODEL_ENC", "ID_MODEL_ID", "ID_REVISION", "ID_SERIAL",
	"ID_SERIAL_SHORT", "ID_USB_VENDOR", "ID_USB_VENDOR_ENC",
	"ID_USB_VENDOR_ID", "ID_USB_MODEL", "ID_USB_MODEL_ENC",
	"ID_USB_MODEL_ID", "ID_USB_REVISION", "ID_USB_SERIAL",
	"ID_USB_SERIAL_SHORT", "ID_USB_INTERFACES", "ID_VENDOR_FROM_DATABASE",
	"ID_MODEL_FROM_DATABASE",
};

int
props_node_name(const char *name)
{

	return name[0] != '\0' && name[0] != '.' &&
	    strchr(name, '/') == NULL && strlen(name) < 64;
}

/*
 * next = line(text, key, value, size)
 *
 *	The value of the line "key=value" that text begins with; NULL: it is
 *	another one, or has no room.
 */
static const char *
line(const char *text, const char *key, char *value, size_t size)
{
	const size_t len = strlen(key);
	const char *end;

	if (strncmp(text, key, len) != 0 || text[len] != '=')
		return NULL;
	text += len + 1;
	end = strchr(text, '\n');
	if (end == NULL || (size_t)(end - text) >= size)
		return NULL;
	memcpy(value, text, (size_t)(end - text));
	value[end - text] = '\0';
	return end + 1;
}

/* "1-1.4" */
static int
place_is_good(const char *p)
{
	int dash = 0;

	if (!isdigit((unsigned char)*p))
		return 0;
	for (; *p != '\0'; p++) {
		if (*p == '-' && !dash)
			dash = 1;
		else if (!isdigit((unsigned char)*p) && (*p != '.' || !dash))
			return 0;
	}
	return dash;
}

/* "uftdi0" */
static int
driver_is_good(const char *p)
{

	if (!islower((unsigned char)*p))
		return 0;
	while (islower((unsigned char)*p) || isdigit((unsigned char)*p))
		p++;
	return *p == '\0';
}

/* A section's name, as devswd.conf(5) has it, or none. */
static int
name_is_good(const char *p)
{

	if (*p == '\0')
		return 1;
	if (!isalnum((unsigned char)*p))
		return 0;
	while (*p != '\0' && (isalnum((unsigned char)*p) ||
	    strchr("._-", *p) != NULL))
		p++;
	return *p == '\0';
}

int
props_parse(const char *text, struct props_node *pn)
{
	char number[8], *end;
	long val;

	memset(pn, 0, sizeof(*pn));
	if ((text = line(text, "PLACE", pn->pn_place,
	    sizeof(pn->pn_place))) == NULL || !place_is_good(pn->pn_place) ||
	    (text = line(text, "INTERFACE", number, sizeof(number))) == NULL)
		return 0;
	val = strtol(number, &end, 10);
	if (number[0] == '\0' || strspn(number, "-0123456789") !=
	    strlen(number) || *end != '\0' || val < -1 || val > IFACE_MAX)
		return 0;
	pn->pn_iface = (int)val;
	if ((text = line(text, "DRIVER", pn->pn_driver,
	    sizeof(pn->pn_driver))) == NULL || !driver_is_good(pn->pn_driver) ||
	    (text = line(text, "NAME", pn->pn_name,
	    sizeof(pn->pn_name))) == NULL || !name_is_good(pn->pn_name) ||
	    (text = line(text, "TOKEN", number, sizeof(number))) == NULL ||
	    (strcmp(number, "0") != 0 && strcmp(number, "1") != 0))
		return 0;
	pn->pn_token = number[0] == '1';
	return *text == '\0';
}

/* In quotes, which are only looked for at its ends. */
static void
print(FILE *f, const char *key, const char *value)
{

	if (strchr(value, '\n') == NULL)
		fprintf(f, "%s=\"%s\"\n", key, value);
}

/*
 * ID_PATH_TAG is ID_PATH with an underscore for each run of other characters
 * than letters, digits and '-', and none at its ends.
 */
static void
print_path(FILE *f, const char *device, const char *iface)
{
	char path[512], tag[sizeof(path)];
	const char *p;
	size_t n = 0;

	if ((size_t)snprintf(path, sizeof(path), "%s:%s", device, iface) >=
	    sizeof(path))
		return;
	for (p = path; *p != '\0'; p++) {
		if (isalnum((unsigned char)*p) || *p == '-')
			tag[n++] = *p;
		else if (n > 0 && tag[n - 1] != '_')
			tag[n++] = '_';
	}
	while (n > 0 && tag[n - 1] == '_')
		n--;
	tag[n] = '\0';
	print(f, "ID_PATH", path);
	print(f, "ID_PATH_TAG", tag);
}

void
props_print(FILE *f, const struct props_node *pn,
    const struct props_iface *pi, props_get_t *get, void *arg)
{
	const int hid = strcmp(pi->pi_class, CLASS_HID) == 0;
	const char *type = hid ? "hid" : "generic";
	const char *value, *iface = strchr(pi->pi_name, ':');
	char driver[sizeof(pn->pn_driver)];
	size_t i, n;

	for (i = 0; i < sizeof(copied) / sizeof(copied[0]); i++) {
		if ((value = get(arg, copied[i])) != NULL)
			print(f, copied[i], value);
	}
	value = get(arg, "ID_PATH");
	if (value != NULL && iface != NULL)
		print_path(f, value, iface + 1);
	n = strcspn(pn->pn_driver, "0123456789");
	snprintf(driver, sizeof(driver), "%.*s", (int)n, pn->pn_driver);
	print(f, "ID_TYPE", type);
	print(f, "ID_USB_TYPE", type);
	print(f, "ID_USB_INTERFACE_NUM", pi->pi_number);
	print(f, "ID_USB_DRIVER", driver);
	print(f, "DEVSW_DEVICE", pn->pn_driver);
	print(f, "DEVSW_PORT", pn->pn_place);
	print(f, "DEVSW_INTERFACE", pi->pi_name);
	/* As udev's own fido_id does it for a hidraw. */
	if (hid && pn->pn_token)
		print(f, "ID_SECURITY_TOKEN", "1");
	if (pn->pn_name[0] != '\0')
		print(f, "DEVSW_NAME", pn->pn_name);
}
