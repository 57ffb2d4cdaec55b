/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sc_unplug.c - scenarios: the plug is pulled, and put in again.
 *
 * Each begins with a node that is open, so the kernel's driver and devswd
 * are told of the unplug while a client has them.
 */
#include <sys/ioctl.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <linux/hidraw.h>

#include "compare/compare.h"

/* Whose code says what is expected. */
#define	L_TTY	"Linux tty_io.c, hung_up_tty_fops"
#define	L_LDISC	"Linux n_tty.c"
#define	L_HIDRAW "Linux hidraw.c"
#define	N_DEAD	"NetBSD dead_vnops.c"
#define	N_SPEC	"NetBSD spec_vnops.c"
#define	N_TTYCANCEL	"NetBSD tty.c, ttycancel, then dead_vnops.c"
#define	N_UHID	"NetBSD uhid.c"
#define	F_DEAD	"FreeBSD dead_vnops.c"
#define	F_TTY	"FreeBSD tty.c"
#define	CONTRACT "NetBSD asks for nothing more than the events; devswd " \
		"adds Linux's ERR and HUP for a dead file"

/* ---- calls that wait ------------------------------------------------- */

static void
blocked_read(struct run *r)
{
	const int fd = must_open(r, O_RDWR);
	struct call *const c = call_read(r, "reader", fd, 64);

	if (!call_blocked(r, c))
		broken(r, "the read does not wait");
	unplug(r);
	outcome(r, "read", c);
	gone(r);
	outcome_driver(r, "driver");
}

static const struct expect blocked_read_expect[] = {
	{ "read", TTY, KERNEL, "0", L_LDISC ", n_tty_read" },
	{ "read", TTY, NETBSDS, "0", N_TTYCANCEL },
	{ "read", TTY, FREEBSDS, "0", F_TTY ", ttydev_read: ENXIO is made EOF" },
	{ "read", TTY, LINUX, "0", L_LDISC },
	{ "read", HID, LINUXES, "EIO", L_HIDRAW ", hidraw_read" },
	{ "read", HID, NETBSDS, "EIO", N_UHID ", uhidread" },
	{ "read", HID, FREEBSDS, "EIO", "FreeBSD hidraw.c; usb_dev.c" },
	{ "driver", ANY, NETBSD, "open cancel drain close",
	  "NetBSD cancel-v5: d_cancel, drain, d_close" },
	{ "driver", ANY, LEGACY, "open close drain",
	  "NetBSD spec_vnops.c without d_cancel: d_close, drain" },
	{ "driver", ANY, FREEBSDS, "open close drain|open cancel close drain",
	  "FreeBSD kern_conf.c, destroy_dev waits for threads" },
	{ "driver", ANY, LINUX, "open cancel",
	  "Linux tty_io.c, __tty_hangup; hidraw.c: ops->close comes with "
	  "the client's" },
	{ NULL }
};

static const struct reading blocked_read_reading[] = {
	{ "src-netbsd", TTY, "returns 0", "ucom.c, ttycancel.patch", true },
	{ "src-netbsd", HID, "EIO", "uhid.c uhidread", false },
	{ "src-netbsd-legacy", TTY, "returns 0; an injected newline may be "
	  "seen first", "NetBSD 7 tty.c ttread, ucom.c ucomreadcb", false },
	{ "src-netbsd-legacy", HID, "EIO", "NetBSD 7 uhid.c", false },
	{ "src-freebsd", TTY, "returns 0 (ENXIO is made EOF)",
	  "tty.c ttydev_read", false },
	{ "src-freebsd", HID, "EIO", "hidraw.c", false },
	{ "src-freebsd-trackclose", HID, "EIO", "usb_dev.c usb_fifo_wait",
	  false },
	{ "src-openbsd", TTY, "returns 0; 5.8 also injects a newline",
	  "tty.c ttread, ucom.c", false },
	{ "src-openbsd", HID, "EIO", "uhid.c", false },
	{ NULL }
};

static void
poll_unplug(struct run *r)
{
	const int fd = must_open(r, O_RDWR);
	struct call *const c = call_poll(r, "poller", fd, POLLIN, -1);

	if (!call_blocked(r, c))
		broken(r, "the poll does not wait");
	unplug(r);
	outcome(r, "poll", c);
	gone(r);
	outcome(r, "poll again", call_poll(r, "client", fd, POLLIN, 0));
}

static const struct expect poll_unplug_expect[] = {
	{ "poll", TTY, LINUXES, "IN ERR HUP", L_TTY },
	{ "poll", HID, LINUXES, "ERR HUP", L_HIDRAW ", hidraw_poll" },
	{ "poll", ANY, NETBSDS, "IN", N_DEAD, "IN ERR HUP", CONTRACT },
	{ "poll", TTY, FREEBSDS, "IN HUP", F_TTY ", ttydev_poll",
	  "IN ERR HUP", "ERR is of the moment before the dead file" },
	{ "poll", HID, FREEBSDS, "HUP|IN HUP", "FreeBSD hidraw.c",
	  "IN ERR HUP", "ERR is of the moment before the dead file" },
	{ "poll again", TTY, LINUXES, "IN ERR HUP", L_TTY },
	{ "poll again", HID, LINUXES, "ERR HUP", L_HIDRAW },
	{ "poll again", ANY, NETBSDS, "IN", N_DEAD, "IN ERR HUP", CONTRACT },
	{ "poll again", ANY, FREEBSDS, "IN HUP", F_DEAD ", dead_poll" },
	{ NULL }
};

static const struct reading poll_unplug_reading[] = {
	{ "src-netbsd", ANY, "the requested events, or ERR if it races the "
	  "revoke", "dead_vnops.c dead_poll, spec_vnops.c spec_poll", true },
	{ "src-netbsd-legacy", TTY, "HUP while dying, then the requested "
	  "events", "ucom.c ucompoll", false },
	{ "src-netbsd-legacy", HID, "not woken; a new poll gives EIO as "
	  "revents", "uhid.c uhidpoll", true },
	{ "src-freebsd", TTY, "the requested IN, RDNORM, and HUP",
	  "tty.c ttydev_poll", false },
	{ "src-freebsd", HID, "HUP", "hidraw.c", false },
	{ "src-freebsd-trackclose", HID, "HUP, IN, RDNORM", "usb_dev.c usb_poll",
	  false },
	{ "src-openbsd", ANY, "HUP, IN", "kern_event.c filt_dead", true },
	{ NULL }
};

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

const struct scenario scenarios_unplug[] = {
	{ .sc_number = 9, .sc_name = "blocked-read-unplug",
	  .sc_title = "A read waits; the plug is pulled",
	  .sc_text = "A client has the node open and waits in read(2) when "
	  "the device goes away.  What the read returns and how soon, and "
	  "what is called in the driver.",
	  .sc_actors = "client,reader,plug",
	  .sc_class = ANY, .sc_systems = ALL, .sc_quick = true,
	  .sc_run = blocked_read, .sc_expect = blocked_read_expect,
	  .sc_reading = blocked_read_reading },
	{ .sc_number = 12, .sc_name = "poll-unplug",
	  .sc_title = "A poll waits; the plug is pulled",
	  .sc_text = "A client waits in poll(2) for POLLIN when the device "
	  "goes away, and asks again later.",
	  .sc_actors = "client,poller,plug",
	  .sc_class = ANY, .sc_systems = ALL, .sc_quick = true,
	  .sc_run = poll_unplug, .sc_expect = poll_unplug_expect,
	  .sc_reading = poll_unplug_reading },
	{ .sc_number = 13, .sc_name = "read-after-unplug",
	  .sc_title = "A read of a file whose device is gone",
	  .sc_text = "The client kept its descriptor.",
	  .sc_actors = "client,plug",
	  .sc_class = ANY, .sc_systems = ALL,
	  .sc_run = read_after, .sc_expect = read_after_expect,
	  .sc_reading = read_after_reading },
	{ .sc_number = 18, .sc_name = "replug-name",
	  .sc_title = "Plugged in again while a stale file is open",
	  .sc_text = "The device comes back to the same socket before the "
	  "client has closed the file of before.  Has it the same name?",
	  .sc_actors = "client,plug",
	  .sc_class = ANY, .sc_systems = ALL, .sc_quick = true,
	  .sc_run = replug_name, .sc_expect = replug_name_expect,
	  .sc_reading = replug_name_reading },
	{ .sc_name = NULL }
};
