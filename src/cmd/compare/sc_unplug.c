/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sc_unplug.c - scenarios: the plug is pulled while a client waits, and what
 * that does in the driver.
 *
 * Each begins with a node that is open, so the kernel's driver and devswd
 * are told of the unplug while a client has them.
 */
#include <sys/ioctl.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <termios.h>
#include <unistd.h>

#include "compare/compare.h"

/* Whose code says what is expected. */
#define	L_TTY	"Linux tty_io.c, hung_up_tty_fops"
#define	L_LDISC	"Linux n_tty.c"
#define	L_HIDRAW "Linux hidraw.c"
#define	N_DEAD	"NetBSD dead_vnops.c"
#define	N_TTYCANCEL	"NetBSD tty.c, ttycancel, then dead_vnops.c"
#define	N_UHID	"NetBSD uhid.c"
#define	F_DEAD	"FreeBSD dead_vnops.c"
#define	F_TTY	"FreeBSD tty.c"
#define	F_DEVFS	"devswd's semantics are devfs's; FreeBSD's tty layer, which " \
		"answers itself until the last close, is not there"
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
	  "NetBSD spec_vnops.c without d_cancel: d_close, drain",
	  "open cancel close drain", LEGACY_CANCEL },
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
	r->r_event = 0;
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

/* ---- output that nobody takes ---------------------------------------- */

static void
blocked_write(struct run *r)
{
	const int fd = must_open(r, O_RDWR);
	struct call *const c = call_fill(r, "writer", fd,
	    write_size(r, CALL_BLOCK));

	if (!call_blocked(r, c))
		broken(r, "the write does not wait");
	unplug(r);
	outcome(r, "write", c);
}

static const struct expect blocked_write_expect[] = {
	{ "write", TTY, LINUXES, "partial count|EIO",
	  L_LDISC ", n_tty_write" },
	{ "write", HID, LINUXES, "ESHUTDOWN|ENODEV|EPROTO|ENOENT",
	  "Linux hid-core.c: the URB's error as it is",
	  "EIO", "NetBSD's uhid gives EIO for every failed transfer" },
	{ "write", TTY, NETBSDS, "partial count|EIO", N_TTYCANCEL },
	{ "write", HID, NETBSDS, "EIO", N_UHID ", uhidev_stop" },
	{ "write", TTY, FREEBSDS, "ENXIO", F_TTY ", tty_wait",
	  "partial count|EIO", "the write is NetBSD's, and so is the error of "
	  "one that is cancelled" },
	{ "write", HID, FREEBSDS, "EIO", "FreeBSD usb_dev.c" },
	{ NULL }
};

static const struct reading blocked_write_reading[] = {
	{ "src-netbsd", TTY, "the partial count, else EIO", "dead_vnops.c",
	  true },
	{ "src-netbsd", HID, "EIO: uhidev_stop aborts output", "uhid.c",
	  false },
	{ "src-netbsd-legacy", ANY, "EIO", "tty.c ttwrite, uhid.c", false },
	{ "src-freebsd", TTY, "ENXIO, even if part was taken; EIO if only "
	  "the carrier was lost", "tty.c tty_wait, vfs dofilewrite", false },
	{ "src-freebsd-trackclose", HID, "EIO", "usb_dev.c", false },
	{ "src-openbsd", ANY, "EIO", "tty.c ttwrite, uhid.c", false },
	{ NULL }
};

/* Write until there is no room; the line has something to drain. */
static void
fill(struct run *r, int fd)
{
	char block[CALL_BLOCK];
	const int flags = fcntl(fd, F_GETFL);
	unsigned quiet = 0;

	memset(block, 'U', sizeof(block));
	(void)fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	while (quiet < 20) {	/* it goes on to take some for a moment */
		if (write(fd, block, sizeof(block)) > 0)
			quiet = 0;
		else if (errno == EAGAIN) {
			quiet++;
			pause_ms(5);
		} else
			broken(r, "write: %s", strerror(errno));
	}
	(void)fcntl(fd, F_SETFL, flags);
}

static void
blocked_ioctl(struct run *r)
{
	const int fd = must_open(r, O_RDWR);
	struct call *drain = NULL, *wait;

	if (r->r_hw->h_class == ACM) {
		fill(r, fd);
		drain = call_drain(r, "drainer", fd);
		if (!call_blocked(r, drain))
			broken(r, "tcdrain does not wait");
	}
	wait = call_ioctl(r, "waiter", fd, "TIOCMIWAIT", TIOCMIWAIT,
	    (void *)(uintptr_t)(TIOCM_CD | TIOCM_DSR | TIOCM_RNG));
	/* A driver of Linux's without it says so at once: its outcome. */
	if (!call_blocked(r, wait) && (r->r_sys->s_bit != KERNEL ||
	    r->r_hw->h_class != SERIAL))
		broken(r, "TIOCMIWAIT does not wait");
	unplug(r);
	if (drain != NULL)
		outcome(r, "tcdrain", drain);
	outcome(r, "TIOCMIWAIT", wait);
}

static const struct expect blocked_ioctl_expect[] = {
	{ "tcdrain", TTY, KERNEL, "0", "Linux tty_ioctl.c, TCSBRK: there is "
	  "nothing to send any more" },
	{ "tcdrain", TTY, NETBSD, "ENXIO|EBADF",
	  "NetBSD spec_vnops.c, spec_ioctl; dead_vnops.c" },
	{ "tcdrain", TTY, LEGACY, "0|ENXIO|EBADF", "NetBSD 7 tty.c, ttywait; "
	  "dead_vnops.c" },
	{ "tcdrain", TTY, FREEBSDS, "ENXIO", F_TTY ", tty_drain",
	  "EBADF", F_DEVFS },
	{ "tcdrain", TTY, LINUX, "0", "Linux tty_ioctl.c, TCSBRK",
	  "EIO|ENXIO", "NetBSD's d_cancel ends it with an error, and output is "
	  "lost" },
	{ "TIOCMIWAIT", ACM, KERNEL, "ENODEV|0", "Linux cdc-acm.c" },
	{ "TIOCMIWAIT", SERIAL, KERNEL, "EIO|ENOTTY", "Linux generic.c; "
	  "cp210x.c has none" },
	{ "TIOCMIWAIT", TTY, NETBSDS, "ENXIO|EBADF", "no BSD has it; as any "
	  "ioctl: NetBSD spec_vnops.c" },
	{ "TIOCMIWAIT", TTY, FREEBSDS, "ENXIO|EBADF", "no BSD has it; as any "
	  "ioctl: " F_DEAD },
	{ "TIOCMIWAIT", TTY, LINUX, "EIO", "Linux generic.c" },
	{ NULL }
};

static const struct reading blocked_ioctl_reading[] = {
	{ "src-netbsd", TTY, "tcdrain: ENXIO or EBADF, depending on timing",
	  "spec_vnops.c spec_ioctl, dead_vnops.c dead_ioctl", true },
	{ "src-netbsd-legacy", TTY, "tcdrain: 0, data lost",
	  "tty.c ttywait", false },
	{ "src-freebsd", TTY, "tcdrain: ENXIO", "tty.c tty_drain", false },
	{ "src-freebsd-trackclose", HID, "a control request: EIO or ENXIO",
	  "usb_dev.c usb_ioctl", true },
	{ "src-openbsd", TTY, "tcdrain: 0", "tty.c ttywait", false },
	{ NULL }
};

/* ---- an open that waits for the carrier ------------------------------ */

/*
 * Until its first notification a modem's carrier is taken for granted: so it
 * comes, and goes.
 */
static void
no_carrier(struct run *r)
{
	const int fd = must_open(r, O_RDWR | O_NONBLOCK);
	int lines = TIOCM_CD;

	close(far_open(r));
	for (unsigned ms = 0; ms < 5000; ms += 5) {
		if (ioctl(fd, TIOCMGET, &lines) == -1)
			broken(r, "TIOCMGET: %s", strerror(errno));
		if ((lines & TIOCM_CD) == 0)
			break;
		pause_ms(5);
	}
	if ((lines & TIOCM_CD) != 0)
		broken(r, "there is a carrier");
	tty_raw(r, fd, false);		/* the kernel's would not wait else */
	close(fd);
}

/* The open that waits, or NULL after its outcome has been said. */
static struct call *
waiting_open(struct run *r)
{
	struct call *c;

	no_carrier(r);
	c = call_open(r, "opener", r->r_dialin, O_RDWR);
	if (call_blocked(r, c))
		return c;
	outcome_set(r, "open", "does not wait");
	return NULL;
}

static void
carrier_open(struct run *r)
{
	struct call *const c = waiting_open(r);

	if (c == NULL)
		return;
	unplug(r);
	outcome(r, "open", c);
}

static const struct expect carrier_open_expect[] = {
	{ "open", TTY, KERNEL, "does not wait", "Linux tty_port.c: few drivers "
	  "have carrier_raised, these do not" },
	{ "open", TTY, NETBSDS, "ENXIO", "NetBSD ucom.c, ttycancel: restarted, "
	  "it finds no unit" },
	{ "open", TTY, FREEBSDS, "ENXIO", F_TTY ", tty_wait" },
	{ "open", TTY, LINUX, "ENODEV|ENXIO", "Linux tty_io.c, tty_open: it "
	  "tries again, and finds nothing" },
	{ NULL }
};

static const struct reading carrier_open_reading[] = {
	{ "src-netbsd", TTY, "ENXIO", "ucom.c, ttycancel.patch", true },
	{ "src-netbsd-legacy", TTY, "the tty is freed under the sleeper",
	  "ucom.c ucom_detach, ucomclose", true },
	{ "src-freebsd", TTY, "ENXIO", "tty.c tty_wait", false },
	{ "src-openbsd", TTY, "EIO", "ucom.c ucom_do_open", false },
	{ NULL }
};

/* What the daemon's trace has of the detach, next to this moment. */
static const char *
detach_ended(struct run *r, uint64_t moment)
{
	const uint64_t when = trace_time(system_trace(), r->r_rec->rc_trace,
	    "detach", true);

	return when != 0 && when < moment ? "before it" : "after it";
}

static void
detach_open(struct run *r)
{
	struct call *const c = waiting_open(r);
	uint64_t left;

	if (c == NULL)
		return;
	unplug(r);
	outcome(r, "open", c);
	for (unsigned ms = 0; ms < 4000 && trace_time(system_trace(),
	    r->r_rec->rc_trace, "detach", true) == 0; ms += 20)
		pause_ms(20);
	left = trace_time(system_trace(), r->r_rec->rc_trace, "d_open", true);
	outcome_set(r, "device freed, by d_open", "%s", detach_ended(r, left));
}

static const struct expect detach_open_expect[] = {
	{ "open", TTY, NETBSDS, "ENXIO", "NetBSD ucom.c, ttycancel" },
	{ "open", TTY, FREEBSDS, "ENXIO", F_TTY ", tty_wait" },
	{ "open", TTY, LINUX, "ENODEV|ENXIO", "Linux tty_io.c, tty_open" },
	{ "device freed, by d_open", TTY, DEVSWD, "after it",
	  "NetBSD opendetach-v12: the open has a reference" },
	{ NULL }
};

static const struct reading detach_open_reading[] = {
	{ "src-netbsd", ANY, "detach may run while d_open sleeps, which "
	  "d_cancel interrupts; the open's reference keeps the softc; new "
	  "opens wait, then ENXIO", "opendetach-v12, cancel-v5", false },
	{ "src-freebsd", TTY, "ENXIO; the tty is kept by TF_OPENCLOSE",
	  "tty.c, kern_conf.c", false },
	{ "src-openbsd", TTY, "EIO; sc_refcnt is held, a wait of 60 s",
	  "ucom.c", false },
	{ NULL }
};

/* ---- when the driver's state is freed -------------------------------- */

static void
detach_waits(struct run *r)
{
	const int fd = must_open(r, O_RDWR);
	struct call *const c = call_read(r, "reader", fd, 64);
	uint64_t closed;

	if (!call_blocked(r, c))
		broken(r, "the read does not wait");
	unplug(r);
	(void)call_result(r, c);
	gone(r);
	pause_ms(300);		/* a detach that does not wait has ended */
	closed = record_now();
	r->r_event = 0;
	outcome(r, "close", call_close(r, "client", fd));
	for (unsigned ms = 0; ms < 2000 && trace_time(system_trace(),
	    r->r_rec->rc_trace, "detach", true) == 0; ms += 20)
		pause_ms(20);
	outcome_set(r, "device freed, by the close", "%s",
	    detach_ended(r, closed));
}

static const struct expect detach_waits_expect[] = {
	{ "close", ANY, ALL, "0", "all of them" },
	{ "device freed, by the close", ANY, NETBSDS, "before it",
	  "NetBSD cancel-v5, config_detach_commit: a detach waits for calls, "
	  "not for clients" },
	{ "device freed, by the close", TTY, FREEBSDS, "after it",
	  "FreeBSD usb_serial.c, ucom_unref", "before it", F_DEVFS },
	{ "device freed, by the close", HID, FREEBSDS, "before it",
	  "FreeBSD usb_dev.c, usb_fifo_free" },
	{ "device freed, by the close", ANY, LINUX, "after it",
	  "Linux usb-serial.c, cdc-acm.c, hidraw.c: with the last reference" },
	{ NULL }
};

static const struct reading detach_waits_reading[] = {
	{ "src-netbsd", ANY, "detach waits for calls, without a limit, not "
	  "for the client's close; then the softc is freed",
	  "spec_vnops.c, uhid.c, ucom.c", false },
	{ "src-netbsd-legacy", ANY, "one wait of 60 s, then it is freed "
	  "anyway", "usb_subr.c usb_detach_wait", false },
	{ "src-freebsd", TTY, "detach returns; the softc lives until the "
	  "last close", "usb_serial.c", false },
	{ "src-freebsd-trackclose", HID, "waits for calls, without a limit",
	  "usb_dev.c usb_fifo_free", false },
	{ "src-openbsd", ANY, "one wait of 60 s, then it goes on",
	  "usb_subr.c usb_detach_wait", false },
	{ NULL }
};

/* ---- the controlling terminal ---------------------------------------- */

static void
sighup(struct run *r)
{
	sigset_t set;
	struct timespec limit = { CALL_LIMIT_S, 0 };
	int fd, status, ready[2];
	char byte = 0;
	pid_t pid;

	if (pipe(ready) == -1)
		broken(r, "pipe");
	pid = fork();
	if (pid == 0) {
		sigemptyset(&set);
		sigaddset(&set, SIGHUP);
		sigprocmask(SIG_BLOCK, &set, NULL);
		setsid();
		fd = open(r->r_node, O_RDWR | O_NONBLOCK);
		if (fd != -1)
			(void)ioctl(fd, TIOCSCTTY, 0);
		(void)!write(ready[1], &byte, 1);
		_exit(sigtimedwait(&set, NULL, &limit) == SIGHUP ? 1 : 0);
	}
	if (pid == -1 || read(ready[0], &byte, 1) != 1)
		broken(r, "no process");
	unplug(r);
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		broken(r, "no process");
	outcome_set(r, "the session leader gets", "%s",
	    WEXITSTATUS(status) == 1 ? "SIGHUP" : "nothing");
}

static const struct expect sighup_expect[] = {
	{ "the session leader gets", TTY, KERNEL, "SIGHUP",
	  "Linux tty_jobctrl.c, tty_signal_session_leader" },
	{ "the session leader gets", TTY, NETBSDS, "nothing",
	  "NetBSD ucom.c: ucom_detach does not go through l_modem" },
	{ "the session leader gets", TTY, FREEBSDS, "SIGHUP",
	  "FreeBSD tty_ttydisc.c, ttydisc_modem; not with CLOCAL",
	  "nothing", "to the kernel a node of CUSE is no tty" },
	{ "the session leader gets", TTY, LINUX, "SIGHUP",
	  "Linux tty_jobctrl.c", "nothing",
	  "to the kernel a node of CUSE is no tty" },
	{ NULL }
};

static const struct reading sighup_reading[] = {
	{ "src-netbsd", TTY, "nothing: the carrier is cleared without l_modem",
	  "ucom.c ucom_detach", true },
	{ "src-freebsd", TTY, "SIGHUP, unless CLOCAL is set",
	  "tty_ttydisc.c ttydisc_modem", false },
	{ NULL }
};

const struct scenario scenarios_unplug[] = {
	{ .sc_number = 7, .sc_name = "carrier-open-unplug",
	  .sc_title = "An open waits for carrier; the plug is pulled",
	  .sc_text = "A dial-in line without a carrier: the open of a "
	  "client that has not set CLOCAL waits for it when the device goes "
	  "away.",
	  .sc_actors = "client,opener,plug",
	  .sc_class = ACM, .sc_systems = ALL, .sc_quick = true,
	  .sc_why_not = "QEMU's FTDI adapter always has a carrier, and HIDs "
	  "have none",
	  .sc_run = carrier_open, .sc_expect = carrier_open_expect,
	  .sc_reading = carrier_open_reading },
	{ .sc_number = 9, .sc_name = "blocked-read-unplug",
	  .sc_title = "A read waits; the plug is pulled",
	  .sc_text = "A client has the node open and waits in read(2) when "
	  "the device goes away.  What the read returns and how soon, and "
	  "what is called in the driver.",
	  .sc_actors = "client,reader,plug",
	  .sc_class = ANY, .sc_systems = ALL, .sc_quick = true,
	  .sc_run = blocked_read, .sc_expect = blocked_read_expect,
	  .sc_reading = blocked_read_reading },
	{ .sc_number = 10, .sc_name = "blocked-write-unplug",
	  .sc_title = "A write waits; the plug is pulled",
	  .sc_text = "The other end takes nothing, so that a write(2) waits "
	  "when the device goes away.",
	  .sc_actors = "client,writer,plug",
	  .sc_class = ACM | HID, .sc_systems = ALL, .sc_quick = true,
	  .sc_why_not = "QEMU's FTDI adapter takes everything at once",
	  .sc_run = blocked_write, .sc_expect = blocked_write_expect,
	  .sc_reading = blocked_write_reading },
	{ .sc_number = 11, .sc_name = "blocked-ioctl-unplug",
	  .sc_title = "An ioctl waits; the plug is pulled",
	  .sc_text = "tcdrain(3) waits for output that nobody takes, "
	  "TIOCMIWAIT for a modem line, when the device goes away.",
	  .sc_actors = "client,drainer,waiter,plug",
	  .sc_class = TTY, .sc_systems = ALL, .sc_quick = true,
	  .sc_why_not = "the HID gadget answers every request at once",
	  .sc_run = blocked_ioctl, .sc_expect = blocked_ioctl_expect,
	  .sc_reading = blocked_ioctl_reading },
	{ .sc_number = 12, .sc_name = "poll-unplug",
	  .sc_title = "A poll waits; the plug is pulled",
	  .sc_text = "A client waits in poll(2) for POLLIN when the device "
	  "goes away, and asks again later.",
	  .sc_actors = "client,poller,plug",
	  .sc_class = ANY, .sc_systems = ALL, .sc_quick = true,
	  .sc_run = poll_unplug, .sc_expect = poll_unplug_expect,
	  .sc_reading = poll_unplug_reading },
	{ .sc_number = 26, .sc_name = "detach-waits",
	  .sc_title = "When the driver's state is freed",
	  .sc_text = "A client has the node open and does not close it when "
	  "the device goes away. Is the device's state freed before that "
	  "close, or by it?",
	  .sc_actors = "client,reader,plug",
	  .sc_class = ANY, .sc_systems = DEVSWD, .sc_quick = true,
	  .sc_why_not = "the kernel's drivers are not traced; but see "
	  "replug-name",
	  .sc_run = detach_waits, .sc_expect = detach_waits_expect,
	  .sc_reading = detach_waits_reading },
	{ .sc_number = 27, .sc_name = "detach-open",
	  .sc_title = "The plug is pulled while the driver's open sleeps",
	  .sc_text = "A dial-in open waits for carrier inside the driver. "
	  "The device's state must not be freed under it.",
	  .sc_actors = "client,opener,plug",
	  .sc_class = ACM, .sc_systems = DEVSWD,
	  .sc_why_not = "needs the trace of an open that waits, which "
	  "neither the kernel's drivers nor this hardware have",
	  .sc_run = detach_open, .sc_expect = detach_open_expect,
	  .sc_reading = detach_open_reading },
	{ .sc_number = 32, .sc_name = "sighup-unplug",
	  .sc_title = "The plug of a controlling terminal is pulled",
	  .sc_text = "The line is the controlling terminal of a session. "
	  "Does its leader get SIGHUP?",
	  .sc_actors = "leader,plug",
	  .sc_class = TTY, .sc_systems = ALL,
	  .sc_why_not = "HIDs are no terminals",
	  .sc_run = sighup, .sc_expect = sighup_expect,
	  .sc_reading = sighup_reading },
	{ .sc_name = NULL }
};
