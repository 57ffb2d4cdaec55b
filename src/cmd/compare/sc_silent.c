/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sc_silent.c - scenarios: a device that does not answer.
 *
 * A HID that never answers a GET_REPORT, which is a hostile or a broken one:
 * who waits for it, for how long, and who waits for them.
 */
#include <sys/ioctl.h>

#include <fcntl.h>

#include <linux/hidraw.h>

#include "compare/compare.h"

#define	REQUEST	HIDIOCGFEATURE(9)
#define	REQUEST_S	10	/* a request of Linux's ends in 5 */
#define	N_UHID	"NetBSD uhid.c, d_cancel"
#define	BOUNDED	"nothing that a client waits for waits for hardware " \
		"without an end (docs/contract.md)"

static struct call *
ask(struct run *r, const char *lane, int fd)
{
	static unsigned char report[9];
	struct call *c;

	report[0] = 0;
	c = call_ioctl(r, lane, fd, "HIDIOCGFEATURE", REQUEST, report);
	if (!call_blocked(r, c))
		broken(r, "the ioctl does not wait");
	return c;
}

static void
silent(struct run *r)
{
	const int fd = must_open(r, O_RDWR);
	struct call *c, *other;

	signals(r, false);
	c = ask(r, "asker", fd);
	other = call_open(r, "other", r->r_node, O_RDWR | O_NONBLOCK);
	if (call_blocked(r, other))
		outcome_set(r, "another open", "waits");
	else
		outcome(r, "another open", other);
	event(r, "SIGUSR1");
	call_signal(c);
	if (call_ended(c, 1)) {
		outcome(r, "after a signal", c);
		c = ask(r, "asker", fd);
	} else
		outcome_set(r, "after a signal", "still waits");
	unplug(r);
	(void)call_ended(c, REQUEST_S);
	outcome(r, "after the unplug", c);
}

static const struct expect silent_expect[] = {
	{ "another open", STUCK, KERNEL, "waits",
	  "Linux hidraw.c: the ioctl has minors_rwsem, which an open of any "
	  "hidraw node wants" },
	{ "another open", STUCK, NETBSDS, "EBUSY", "NetBSD uhid.c, uhidopen" },
	{ "another open", STUCK, FREEBSDS, "EBUSY", "FreeBSD hidraw.c" },
	{ "another open", STUCK, LINUX, "waits", "Linux hidraw.c", "EBUSY",
	  "the driver is NetBSD's, and is exclusive" },
	{ "after a signal", STUCK, KERNEL, "still waits",
	  "Linux hid-core.c, usb_control_msg: not interruptible, up to 5 s" },
	{ "after a signal", STUCK, NETBSDS, "EINTR", BOUNDED },
	{ "after a signal", STUCK, FREEBSDS, "EINTR",
	  "FreeBSD usb_dev.c, cv_wait_sig" },
	{ "after a signal", STUCK, LINUX, "still waits", "Linux hid-core.c",
	  "EINTR", BOUNDED },
	{ "after the unplug", STUCK, KERNEL, "ETIMEDOUT",
	  "Linux hidraw.c, hid-core.c: hidraw_disconnect wants the lock that "
	  "the ioctl has, and endpoint 0 is disabled only after it" },
	{ "after the unplug", STUCK, NETBSDS, "EIO|ENXIO|EBADF", N_UHID },
	{ "after the unplug", STUCK, FREEBSDS, "EIO|ENXIO",
	  "FreeBSD usb_dev.c, usb_ioctl", "EBADF", "the dead file is devfs's" },
	{ "after the unplug", STUCK, LINUX, "ETIMEDOUT",
	  "Linux hidraw.c, hid-core.c", "EIO", BOUNDED },
	{ NULL }
};

static const struct reading silent_reading[] = {
	{ "src-netbsd-legacy", HID, "the request has a timeout; a detach waits "
	  "for it 60 s, then goes on", "usb_subr.c usb_detach_wait", true },
	{ "src-freebsd", HID, "destroy_dev waits for threads for ever",
	  "kern_conf.c", false },
	{ "src-freebsd-trackclose", HID, "detach waits in cv_drain",
	  "usb_dev.c usb_fifo_free", false },
	{ "src-openbsd", HID, "a detach waits 60 s, then goes on",
	  "usb_subr.c usb_detach_wait", false },
	{ NULL }
};

const struct scenario scenarios_silent[] = {
	{ .sc_number = 33, .sc_name = "silent-device",
	  .sc_title = "A device never answers a request",
	  .sc_text = "A HID does not answer GET_REPORT.  A client waits for "
	  "it; another one opens the node; the first gets a signal; the plug "
	  "is pulled.",
	  .sc_actors = "client,asker,other,plug",
	  .sc_class = STUCK, .sc_systems = ALL, .sc_quick = true,
	  .sc_why_not = "these devices answer every request",
	  .sc_run = silent, .sc_expect = silent_expect,
	  .sc_reading = silent_reading },
	{ .sc_name = NULL }
};
