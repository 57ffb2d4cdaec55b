/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sc_stale.c - scenarios: the plug was pulled, and a client has kept its file;
 * later the device is plugged in again.
 */
#include <sys/ioctl.h>

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <linux/hidraw.h>

#include "compare/compare.h"

/* Whose code says what is expected. */
#define	L_TTY	"Linux tty_io.c, hung_up_tty_fops"
#define	L_HIDRAW "Linux hidraw.c"
#define	N_DEAD	"NetBSD dead_vnops.c"
#define	F_DEAD	"FreeBSD dead_vnops.c"
#define	F_TTY	"FreeBSD tty.c"
#define	F_DEVFS	"devswd's semantics are devfs's; FreeBSD's tty layer, which " \
		"answers itself until the last close, is not there"
#define	CONTRACT "NetBSD asks for nothing more than the events; devswd " \
		"adds Linux's ERR and HUP for a dead file"

/* ---- the stale file -------------------------------------------------- */

static int
stale(struct run *r)
{
	const int fd = must_open(r, O_RDWR);

	unplug(r);
	gone(r);
	r->r_event = 0;
	return fd;
}

static void
read_after(struct run *r)
{

	outcome(r, "read", call_read(r, "client", stale(r), 64));
}

static const struct expect read_after_expect[] = {
	{ "read", TTY, LINUXES, "0", L_TTY },
	{ "read", HID, LINUXES, "EIO", L_HIDRAW ", hidraw_read" },
	{ "read", TTY, NETBSDS, "0", N_DEAD },
	{ "read", HID, NETBSDS, "EIO", N_DEAD },
	{ "read", TTY, FREEBSDS, "0", F_TTY },
	{ "read", HID, FREEBSDS, "ENXIO", F_DEAD ", dead_read" },
	{ NULL }
};

static const struct reading read_after_reading[] = {
	{ "src-netbsd", TTY, "0", "dead_vnops.c", false },
	{ "src-netbsd", HID, "EIO", "dead_vnops.c", false },
	{ "src-netbsd-legacy", TTY, "0; EIO while dying", "ucom.c ucomread",
	  false },
	{ "src-netbsd-legacy", HID, "EIO", "dead_vnops.c", false },
	{ "src-freebsd", TTY, "0", "tty.c", false },
	{ "src-freebsd", HID, "EIO, then ENXIO", "hidraw.c, dead_vnops.c",
	  false },
	{ "src-freebsd-trackclose", HID, "ENXIO", "dead_vnops.c dead_read",
	  false },
	{ "src-openbsd", TTY, "0; EIO while dying", "dead_vnops.c, ucom.c",
	  false },
	{ "src-openbsd", HID, "EIO; ENXIO while dying",
	  "dead_vnops.c, uhid.c", false },
	{ NULL }
};

static void
write_after(struct run *r)
{
	const int fd = stale(r);

	outcome(r, "write", call_write(r, "client", fd,
	    write_size(r, 1)));
}

static const struct expect write_after_expect[] = {
	{ "write", TTY, LINUXES, "EIO", L_TTY },
	{ "write", HID, LINUXES, "ENODEV", L_HIDRAW ", hidraw_write" },
	{ "write", ANY, NETBSDS, "EIO", N_DEAD ", dead_write" },
	{ "write", ANY, FREEBSDS, "ENXIO", F_DEAD },
	{ NULL }
};

static const struct reading write_after_reading[] = {
	{ "src-netbsd", ANY, "EIO", "dead_vnops.c dead_write", false },
	{ "src-netbsd-legacy", ANY, "EIO", "dead_vnops.c dead_write", false },
	{ "src-freebsd", TTY, "ENXIO", "tty.c ttydev_write", false },
	{ "src-freebsd", HID, "EIO, then ENXIO", "hidraw.c, dead_vnops.c",
	  false },
	{ "src-freebsd-trackclose", HID, "ENXIO", "usb_dev.c, dead_vnops.c",
	  false },
	{ "src-openbsd", ANY, "EIO", "dead_vnops.c", false },
	{ NULL }
};

static void
ioctl_after(struct run *r)
{
	static struct termios mode;
	static int number;
	const int fd = stale(r);

	if (r->r_hw->h_class == HID) {
		outcome(r, "HIDIOCGRDESCSIZE", call_ioctl(r, "client", fd,
		    "HIDIOCGRDESCSIZE", HIDIOCGRDESCSIZE, &number));
		return;
	}
	outcome(r, "TCGETS", call_ioctl(r, "client", fd, "TCGETS", TCGETS,
	    &mode));
	outcome(r, "TIOCMGET", call_ioctl(r, "client", fd, "TIOCMGET",
	    TIOCMGET, &number));
}

static const struct expect ioctl_after_expect[] = {
	{ "TCGETS", TTY, LINUXES, "EIO", L_TTY },
	{ "TIOCMGET", TTY, LINUXES, "EIO", L_TTY },
	{ "HIDIOCGRDESCSIZE", HID, LINUXES, "ENODEV",
	  L_HIDRAW ", hidraw_ioctl" },
	{ "TCGETS", TTY, NETBSDS, "EBADF", N_DEAD ", dead_ioctl" },
	{ "TIOCMGET", TTY, NETBSDS, "EBADF", N_DEAD ", dead_ioctl" },
	{ "HIDIOCGRDESCSIZE", HID, NETBSDS, "EBADF", N_DEAD ", dead_ioctl" },
	{ "TCGETS", TTY, FREEBSDS, "ENXIO", F_TTY ", ttydev_ioctl",
	  "EBADF", F_DEVFS },
	{ "TIOCMGET", TTY, FREEBSDS, "ENXIO", F_TTY ", ttydev_ioctl",
	  "EBADF", F_DEVFS },
	{ "HIDIOCGRDESCSIZE", HID, FREEBSDS, "ENXIO|EBADF",
	  "FreeBSD devfs_vnops.c; " F_DEAD },
	{ NULL }
};

static const struct reading ioctl_after_reading[] = {
	{ "src-netbsd", ANY, "EBADF; ENXIO during the revoke",
	  "dead_vnops.c dead_ioctl, spec_vnops.c", false },
	{ "src-netbsd-legacy", ANY, "EBADF", "dead_vnops.c", false },
	{ "src-freebsd", TTY, "ENXIO", "tty.c", false },
	{ "src-freebsd", HID, "ENXIO, EBADF once the vnode is gone",
	  "devfs_vnops.c, dead_vnops.c", false },
	{ "src-freebsd-trackclose", HID, "ENXIO, then EBADF",
	  "usb_dev.c, dead_vnops.c", false },
	{ "src-openbsd", ANY, "EBADF; EIO while dying", "dead_vnops.c",
	  false },
	{ NULL }
};

static void
poll_after(struct run *r)
{
	const int fd = stale(r);

	outcome(r, "poll", call_poll(r, "client", fd, POLLIN | POLLOUT, 0));
}

static const struct expect poll_after_expect[] = {
	{ "poll", TTY, LINUXES, "IN OUT ERR HUP", L_TTY },
	{ "poll", HID, LINUXES, "OUT ERR HUP", L_HIDRAW ", hidraw_poll" },
	{ "poll", ANY, NETBSDS, "IN OUT", N_DEAD ", dead_poll",
	  "IN OUT ERR HUP", CONTRACT },
	{ "poll", ANY, FREEBSDS, "IN HUP", F_DEAD ", dead_poll" },
	{ NULL }
};

static const struct reading poll_after_reading[] = {
	{ "src-netbsd", ANY, "the requested events", "dead_vnops.c dead_poll",
	  false },
	{ "src-netbsd-legacy", ANY, "the requested events",
	  "dead_vnops.c dead_poll", false },
	{ "src-freebsd", ANY, "HUP and the requested IN, RDNORM; NVAL for "
	  "bits that are no standard", "tty.c, dead_vnops.c dead_poll",
	  false },
	{ "src-openbsd", ANY, "HUP", "dead_vnops.c", true },
	{ NULL }
};

static void
close_after(struct run *r)
{
	const int fd = stale(r);

	outcome(r, "close", call_close(r, "client", fd));
	outcome_driver(r, "driver");
}

static const struct expect close_after_expect[] = {
	{ "close", ANY, KERNEL | NETBSDS | LINUX, "0", "all of them" },
	{ "close", ANY, FREEBSDS, "0|ENXIO", "FreeBSD devfs_vnops.c" },
	{ "driver", ANY, NETBSD, "open cancel drain close",
	  "NetBSD spec_vnops.c: the revoke has closed it, and nobody closes "
	  "it again" },
	{ "driver", ANY, LEGACY, "open close drain",
	  "NetBSD spec_vnops.c: the revoke has closed it",
	  "open cancel close drain", LEGACY_CANCEL },
	{ "driver", ANY, FREEBSDS, "open close drain|open cancel close drain",
	  "FreeBSD devfs_vnops.c, vgonel" },
	{ "driver", ANY, LINUX, "open cancel drain close",
	  "Linux tty_io.c, hidraw.c: the close comes now" },
	{ NULL }
};

static const struct reading close_after_reading[] = {
	{ "src-netbsd", ANY, "0; d_close was called by the revoke, not again",
	  "dead_vnops.c dead_close, spec_vnops.c", false },
	{ "src-netbsd-legacy", ANY, "0", "dead_vnops.c", false },
	{ "src-freebsd", TTY, "0; this close frees tty and unit",
	  "tty.c tty_rel_free", false },
	{ "src-freebsd-trackclose", HID, "0, or ENXIO if the vnode is not "
	  "reclaimed yet; d_close is never called after destroy_dev",
	  "devfs_vnops.c devfs_close, kern_conf.c", true },
	{ "src-openbsd", ANY, "0", "dead_vnops.c", false },
	{ NULL }
};

static void
stale_after_replug(struct run *r)
{
	const int fd = stale(r);

	plug(r);
	r->r_event = 0;
	outcome(r, "stale: read", call_read(r, "client", fd, 64));
	outcome(r, "stale: write", call_write(r, "client", fd,
	    write_size(r, 1)));
	outcome(r, "new: open", call_open(r, "newcomer", r->r_node,
	    O_RDWR | O_NONBLOCK));
}

static const struct expect stale_after_replug_expect[] = {
	{ "stale: read", TTY, ALL, "0", "Linux tty_io.c, NetBSD dead_vnops.c, "
	  "FreeBSD tty.c" },
	{ "stale: read", HID, LINUXES, "EIO", L_HIDRAW },
	{ "stale: read", HID, NETBSDS, "EIO", N_DEAD },
	{ "stale: read", HID, FREEBSDS, "ENXIO", F_DEAD },
	{ "stale: write", TTY, LINUXES, "EIO", L_TTY },
	{ "stale: write", HID, LINUXES, "ENODEV", L_HIDRAW },
	{ "stale: write", ANY, NETBSDS, "EIO", N_DEAD },
	{ "stale: write", ANY, FREEBSDS, "ENXIO", F_DEAD },
	{ "new: open", ANY, ALL, "opened", "all of them" },
	{ NULL }
};

static const struct reading stale_after_replug_reading[] = {
	{ "src-netbsd", ANY, "stays dead; the new device has new vnodes",
	  "spec_vnops.c, dead_vnops.c", false },
	{ "src-netbsd-legacy", ANY, "stays dead", "dead_vnops.c", false },
	{ "src-freebsd", ANY, "stays dead", "devfs_vnops.c devfs_fp_check",
	  false },
	{ "src-openbsd", ANY, "stays dead", "dead_vnops.c", false },
	{ NULL }
};

static void
replug_name(struct run *r)
{
	const int fd = must_open(r, O_RDWR);
	char before[64];

	memcpy(before, r->r_node, sizeof(before));
	unplug(r);
	gone(r);
	plug(r);
	outcome_set(r, "name", "%s", strcmp(before, r->r_node) == 0 ? "same" :
	    "new");
	r->r_event = 0;
	outcome(r, "close of the stale file", call_close(r, "client", fd));
}

static const struct expect replug_name_expect[] = {
	{ "name", TTY, LINUXES, "new", "Linux usb-serial.c, cdc-acm.c: the "
	  "minor is kept by the last reference" },
	{ "name", HID, LINUXES, "new", "Linux hidraw.c: the table's slot is "
	  "kept until the last close" },
	{ "name", ANY, NETBSDS, "same", "NetBSD subr_autoconf.c: the lowest "
	  "free unit; a detach does not wait for a close" },
	{ "name", TTY, FREEBSDS, "new", "FreeBSD usb_serial.c: ucom_unref, "
	  "at the last close of the tty",
	  "same", "devswd's semantics are devfs's, not those of FreeBSD's "
	  "ucom, which keeps its unit" },
	{ "name", HID, FREEBSDS, "same", "FreeBSD usb_dev.c, "
	  "usb_destroy_dev" },
	{ "close of the stale file", ANY, ALL, "0", "all of them" },
	{ NULL }
};

static const struct reading replug_name_reading[] = {
	{ "src-netbsd", ANY, "same: the unit is the lowest free one",
	  "ucom.c, subr_autoconf.c config_unit_nextfree", true },
	{ "src-netbsd-legacy", ANY, "same, after waits of up to 60 s",
	  "usb_subr.c usb_detach_wait", false },
	{ "src-freebsd", TTY, "new: ttyU1", "usb_serial.c ucom_free_unit",
	  true },
	{ "src-freebsd", HID, "same", "usb_dev.c", true },
	{ "src-freebsd-trackclose", HID, "same", "usb_dev.c usb_destroy_dev",
	  false },
	{ "src-openbsd", ANY, "same: detach frees the unit",
	  "subr_autoconf.c", true },
	{ NULL }
};

const struct scenario scenarios_stale[] = {
	{ .sc_number = 13, .sc_name = "read-after-unplug",
	  .sc_title = "A read of a file whose device is gone",
	  .sc_text = "The client kept its descriptor.",
	  .sc_actors = "client,plug",
	  .sc_class = ANY, .sc_systems = ALL,
	  .sc_run = read_after, .sc_expect = read_after_expect,
	  .sc_reading = read_after_reading },
	{ .sc_number = 14, .sc_name = "write-after-unplug",
	  .sc_title = "A write to a file whose device is gone",
	  .sc_text = "The client kept its descriptor.",
	  .sc_actors = "client,plug",
	  .sc_class = ANY, .sc_systems = ALL,
	  .sc_run = write_after, .sc_expect = write_after_expect,
	  .sc_reading = write_after_reading },
	{ .sc_number = 15, .sc_name = "ioctl-after-unplug",
	  .sc_title = "An ioctl on a file whose device is gone",
	  .sc_text = "The client kept its descriptor.",
	  .sc_actors = "client,plug",
	  .sc_class = ANY, .sc_systems = ALL,
	  .sc_run = ioctl_after, .sc_expect = ioctl_after_expect,
	  .sc_reading = ioctl_after_reading },
	{ .sc_number = 16, .sc_name = "poll-after-unplug",
	  .sc_title = "A poll of a file whose device is gone",
	  .sc_text = "The client kept its descriptor, and asks for POLLIN "
	  "and POLLOUT.",
	  .sc_actors = "client,plug",
	  .sc_class = ANY, .sc_systems = ALL,
	  .sc_run = poll_after, .sc_expect = poll_after_expect,
	  .sc_reading = poll_after_reading },
	{ .sc_number = 17, .sc_name = "close-after-unplug",
	  .sc_title = "The close of a file whose device is gone",
	  .sc_text = "Does it fail, and does it reach the driver?",
	  .sc_actors = "client,plug",
	  .sc_class = ANY, .sc_systems = ALL,
	  .sc_run = close_after, .sc_expect = close_after_expect,
	  .sc_reading = close_after_reading },
	{ .sc_number = 18, .sc_name = "replug-name",
	  .sc_title = "Plugged in again while a stale file is open",
	  .sc_text = "The device comes back to the same socket before the "
	  "client has closed the file of before.  Has it the same name?",
	  .sc_actors = "client,plug",
	  .sc_class = ANY, .sc_systems = ALL, .sc_quick = true,
	  .sc_run = replug_name, .sc_expect = replug_name_expect,
	  .sc_reading = replug_name_reading },
	{ .sc_number = 19, .sc_name = "stale-after-replug",
	  .sc_title = "The stale file after the device is back",
	  .sc_text = "The device is plugged in again. Does the file of "
	  "before work again, and does a new one?",
	  .sc_actors = "client,newcomer,plug",
	  .sc_class = ANY, .sc_systems = ALL,
	  .sc_run = stale_after_replug, .sc_expect = stale_after_replug_expect,
	  .sc_reading = stale_after_replug_reading },
	{ .sc_name = NULL }
};
