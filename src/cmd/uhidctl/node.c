/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * node.c - where uhidctl's reports come from: a node of uhid(4), or none,
 * for a descriptor in a file.
 *
 * A node is opened O_NONBLOCK, because a wrong one, of a tty, could wait for
 * ever; input is waited for with poll.
 *
 * USB_GET_REPORT_DESC ends at 1024 bytes.  A descriptor that may be longer is
 * asked for with hidraw's ioctls, which change what read and write do until
 * the close: so then the node is closed and opened again.  Another device may
 * have come to it in between, even one of the same kind: where it is on which
 * bus tells, as each plug has an address of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/hidraw.h>

#include <devsw/uhid.h>

#include "uhidctl/uhidctl.h"

static const int report_types[HIDP_NKIND] = {
	[HIDP_INPUT] = UHID_INPUT_REPORT,
	[HIDP_OUTPUT] = UHID_OUTPUT_REPORT,
	[HIDP_FEATURE] = UHID_FEATURE_REPORT,
};

/*
 * text = node_why(error)
 *
 *	What an errno of a node means.
 */
const char *
node_why(int error)
{

	switch (error) {
	case EBUSY:
		return "it is open already";
	case ENXIO:
		return "there is no device";
	case ENODEV:
	case EBADF:
		return "the device is gone";
	case EIO:
		return "the device does not do that, or is gone";
	case ENOBUFS:
		return "a report of more than 1024 bytes";
	case ENOTTY:
	case EINVAL:
		return "no node of uhid(4)";
	default:
		return strerror(error);
	}
}

static int
fail(const char *path, int error)
{

	return complain("%s: %s", path, node_why(error));
}

/* ---- reports -------------------------------------------------------- */

static int
get(struct node *n, enum hidp_kind kind, uint8_t *data, size_t len)
{
	struct usb_ctl_report r = { .ucr_report = report_types[kind] };

	if (len > sizeof(r.ucr_data))
		return ENOBUFS;
	if (ioctl(n->n_fd, USB_GET_REPORT, &r) == -1)
		return errno;
	memcpy(data, r.ucr_data, len);
	return 0;
}

static int
set(struct node *n, enum hidp_kind kind, const uint8_t *data, size_t len)
{
	struct usb_ctl_report r = { .ucr_report = report_types[kind] };

	if (len > sizeof(r.ucr_data))
		return ENOBUFS;
	memcpy(r.ucr_data, data, len);
	return ioctl(n->n_fd, USB_SET_REPORT, &r) == -1 ? errno : 0;
}

static ssize_t
get_input(struct node *n, uint8_t *data, size_t len)
{
	struct pollfd p = { .fd = n->n_fd, .events = POLLIN };
	ssize_t done;

	/* A stop and a continuation end calls on a node with EINTR. */
	do {
		done = poll(&p, 1, -1) == -1 ? -1 : read(n->n_fd, data, len);
	} while (done == -1 && (errno == EAGAIN || errno == EINTR));
	return done;
}

static int
no_get(struct node *n, enum hidp_kind kind, uint8_t *data, size_t len)
{

	(void)n, (void)kind, (void)data, (void)len;
	return ENXIO;
}

static int
no_set(struct node *n, enum hidp_kind kind, const uint8_t *data, size_t len)
{

	(void)n, (void)kind, (void)data, (void)len;
	return ENXIO;
}

static ssize_t
no_input(struct node *n, uint8_t *data, size_t len)
{

	(void)n, (void)data, (void)len;
	errno = ENXIO;
	return -1;
}

/* ---- open and close ------------------------------------------------- */

static int
open_fd(struct node *n, bool write)
{

	n->n_fd = open(n->n_path, (write ? O_RDWR : O_RDONLY) | O_NONBLOCK |
	    O_NOCTTY | O_CLOEXEC);
	return n->n_fd == -1 ? fail(n->n_path, errno) : EXIT_OK;
}

/* What a node says of the device behind it. */
struct device {
	struct usb_ctl_report_desc d_desc;
	struct usb_device_info	d_info;
	int			d_id;
};

static int
look(const struct node *n, struct device *d)
{
	struct usb_device_info *const di = &d->d_info;

	memset(d, 0, sizeof(*d));
	if (ioctl(n->n_fd, USB_GET_REPORT_DESC, &d->d_desc) == -1 ||
	    ioctl(n->n_fd, USB_GET_REPORT_ID, &d->d_id) == -1 ||
	    ioctl(n->n_fd, USB_GET_DEVICEINFO, di) == -1)
		return fail(n->n_path, errno);
	if (d->d_desc.ucrd_size < 0 ||
	    d->d_desc.ucrd_size > (int)sizeof(d->d_desc.ucrd_data))
		return fail(n->n_path, EINVAL);
	/* It is the device's text, not ours to trust. */
	di->udi_vendor[sizeof(di->udi_vendor) - 1] = '\0';
	di->udi_product[sizeof(di->udi_product) - 1] = '\0';
	di->udi_serial[sizeof(di->udi_serial) - 1] = '\0';
	return EXIT_OK;
}

static bool
is_same(const struct device *a, const struct device *b)
{
	const struct usb_device_info *const ai = &a->d_info,
	    *const bi = &b->d_info;

	return ai->udi_bus == bi->udi_bus && ai->udi_addr == bi->udi_addr &&
	    ai->udi_vendorNo == bi->udi_vendorNo &&
	    ai->udi_productNo == bi->udi_productNo &&
	    ai->udi_releaseNo == bi->udi_releaseNo &&
	    strcmp(ai->udi_serial, bi->udi_serial) == 0 &&
	    a->d_id == b->d_id && a->d_desc.ucrd_size == b->d_desc.ucrd_size &&
	    memcmp(a->d_desc.ucrd_data, b->d_desc.ucrd_data,
	    (size_t)a->d_desc.ucrd_size) == 0;
}

/* Through hidraw's ioctls: up to 4095 bytes.  The device is had's. */
static int
long_descriptor(struct node *n, bool write, const struct device *had)
{
	static struct hidraw_report_descriptor rd;
	struct device now;
	int size, error;

	if (ioctl(n->n_fd, HIDIOCGRDESCSIZE, &size) == -1)
		return fail(n->n_path, errno);
	if (size < 0 || size >= HID_MAX_DESCRIPTOR_SIZE)
		return complain("%s: a report descriptor of %d bytes, which "
		    "cannot be asked for", n->n_path, size);
	rd.size = (uint32_t)size;
	error = ioctl(n->n_fd, HIDIOCGRDESC, &rd) == -1 ? errno : 0;
	close(n->n_fd);
	n->n_fd = -1;
	if (error != 0)
		return fail(n->n_path, error);
	memcpy(n->n_desc, rd.value, (size_t)size);
	n->n_desclen = (size_t)size;
	if (open_fd(n, write) != EXIT_OK || look(n, &now) != EXIT_OK)
		return EXIT_FAILED;
	return is_same(had, &now) ? EXIT_OK :
	    complain("%s: another device has come", n->n_path);
}

/*
 * status = node_open(n, path, write)
 *
 *	write: for output, too.
 */
int
node_open(struct node *n, const char *path, bool write)
{
	struct device d;
	int status;

	n->n_path = path;
	n->n_get = get;
	n->n_set = set;
	n->n_read = get_input;
	status = open_fd(n, write);
	if (status == EXIT_OK)
		status = look(n, &d);
	if (status == EXIT_OK) {
		snprintf(n->n_name, sizeof(n->n_name), "%.200s %.200s",
		    d.d_info.udi_vendor, d.d_info.udi_product);
		n->n_vendor = d.d_info.udi_vendorNo;
		n->n_product = d.d_info.udi_productNo;
		n->n_id = d.d_id;
		n->n_desclen = (size_t)d.d_desc.ucrd_size;
		memcpy(n->n_desc, d.d_desc.ucrd_data, n->n_desclen);
		if (n->n_desclen == sizeof(d.d_desc.ucrd_data))
			status = long_descriptor(n, write, &d);
	}
	if (status != EXIT_OK)
		node_close(n);
	return status;
}

/*
 * status = node_file(n, path)
 *
 *	A descriptor as it is in a file; its reports cannot be had.
 */
int
node_file(struct node *n, const char *path)
{
	FILE *file;
	int error;

	n->n_path = path;
	n->n_fd = n->n_id = -1;
	n->n_get = no_get;
	n->n_set = no_set;
	n->n_read = no_input;
	file = fopen(path, "re");
	if (file == NULL)
		return complain("%s: %s", path, strerror(errno));
	/* One byte too much is enough for the parser to refuse it. */
	n->n_desclen = fread(n->n_desc, 1, sizeof(n->n_desc), file);
	error = ferror(file) ? errno : 0;
	fclose(file);
	return error != 0 ? complain("%s: %s", path, strerror(error)) :
	    EXIT_OK;
}

void
node_close(struct node *n)
{

	if (n->n_fd != -1)
		close(n->n_fd);
	n->n_fd = -1;
}
