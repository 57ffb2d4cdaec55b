/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sc_close.c - scenarios: what a close is to the driver, and what it waits
 * for.
 *
 * What a driver is called for is seen in devswd's trace only; of the kernel's
 * driver only what its clients get.
 */
#include <sys/ioctl.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "compare/compare.h"

/* Whose code says what is expected. */
#define	L_RELEASE "Linux fs/file_table.c: .release at the last reference"
#define	L_TTYCLOSE "Linux tty_io.c, tty_port.c: the hardware is shut down at " \
		"the last close"
#define	N_CLOSE	"NetBSD spec_vnops.c, spec_close; cancel-v5"
#define	N_LEGACY "NetBSD spec_vnops.c without d_cancel: d_close, drain"
#define	F_LAST	"FreeBSD devfs_vnops.c, devfs_close: the last close"
#define	F_TRACK	"FreeBSD devfs_vnops.c, devfs_close: D_TRACKCLOSE"
#define	NO_TRACK "ucom(4) and uhid(4) have no D_TRACKCLOSE, and so one " \
		"close; a driver that has it gets one for each open"
#define	ASYNC	"close(2) of a CUSE node tells devswd and does not wait"

#define	ONE_HID	"uhid(4) is open once at a time"

/* ---- last close ------------------------------------------------------ */

static void
last_close(struct run *r)
{
	const int first = must_open(r, O_RDWR), second = must_open(r, O_RDWR);
	static int lines;

	outcome(r, "first close", call_close(r, "client 1", first));
	outcome_driver(r, "driver");
	outcome(r, "ioctl of the other", call_ioctl(r, "client 2", second,
	    "TIOCMGET", TIOCMGET, &lines));
	outcome(r, "last close", call_close(r, "client 2", second));
	outcome_driver(r, "driver at last");
}

static const struct expect last_close_expect[] = {
	{ "first close", ANY, ALL, "0", "all of them" },
	{ "driver", ANY, TRACKCLOSE, "open x2 close", F_TRACK, "open x2",
	  NO_TRACK },
	{ "driver", ANY, DEVSWD, "open x2", "all others: nothing before the "
	  "last close" },
	{ "ioctl of the other", ANY, ALL, "0", "all of them" },
	{ "last close", ANY, ALL, "0", "all of them" },
	{ "driver at last", ANY, NETBSD, "open x2 cancel drain close",
	  N_CLOSE },
	{ "driver at last", ANY, LEGACY, "open x2 close drain",
	  N_LEGACY,
	  "open x2 cancel close drain", LEGACY_CANCEL },
	{ "driver at last", ANY, FREEBSD, "open x2 close|"
	  "open x2 cancel close", F_LAST },
	{ "driver at last", ANY, TRACKCLOSE, "open x2 close x2", F_TRACK,
	  "open x2 cancel close", NO_TRACK },
	{ "driver at last", ANY, LINUX, "open x2 cancel drain close",
	  L_TTYCLOSE },
	{ NULL }
};

static const struct reading last_close_reading[] = {
	{ "src-netbsd", ANY, "count over all vnodes 0: d_cancel, drain of all "
	  "calls, d_close", "spec_vnops.c spec_close, cancel-v5", false },
	{ "src-netbsd-legacy", ANY, "count 0: d_close; NetBSD 7: no drain; "
	  "2022: then the drain", "spec_vnops.c", false },
	{ "src-freebsd", ANY, "d_close once, when the count is 1; a tty then "
	  "drains output", "devfs_vnops.c devfs_close, tty.c", false },
	{ "src-freebsd-trackclose", ANY, "d_close at every close, the last "
	  "with FLASTCLOSE; uhid(4): a cdevpriv destructor", "devfs_vnops.c, "
	  "usb_dev.c", false },
	{ "src-openbsd", ANY, "d_close when vcount is 1, with D_CLONE at every "
	  "close", "spec_vnops.c", false },
	{ NULL }
};

#define	OPENS	3

static void
closes_for_opens(struct run *r)
{
	int fds[OPENS];
	char text[80];

	if (!driver_calls(r, text, sizeof(text)))
		cannot(r, "devswd writes no trace");
	for (unsigned i = 0; i < OPENS; i++)
		fds[i] = must_open(r, O_RDWR);
	for (unsigned i = 0; i < OPENS; i++)
		outcome(r, "close", call_close(r, "client", fds[i]));
	outcome_driver(r, "driver");
}

static const struct expect closes_for_opens_expect[] = {
	{ "close", ANY, DEVSWD, "0", "all of them" },
	{ "driver", ANY, NETBSD, "open x3 cancel drain close", N_CLOSE },
	{ "driver", ANY, LEGACY, "open x3 close drain",
	  N_LEGACY,
	  "open x3 cancel close drain", LEGACY_CANCEL },
	{ "driver", ANY, FREEBSD, "open x3 close|open x3 cancel close",
	  F_LAST },
	{ "driver", ANY, TRACKCLOSE, "open x3 close x3", F_TRACK,
	  "open x3 cancel close", NO_TRACK },
	{ "driver", ANY, LINUX, "open x3 cancel drain close", L_TTYCLOSE },
	{ NULL }
};

static const struct reading closes_for_opens_reading[] = {
	{ "src-netbsd", ANY, "1 d_cancel, 1 d_close; open, open, close, close "
	  "when a revoke races an open", "spec_vnops.c", false },
	{ "src-netbsd-legacy", ANY, "1", "spec_vnops.c", false },
	{ "src-freebsd", ANY, "1", "devfs_vnops.c", false },
	{ "src-freebsd-trackclose", ANY, "3, one for each open file; after a "
	  "revoke only 1", "devfs_vnops.c, vfs_subr.c vgonel", true },
	{ "src-openbsd", ANY, "1; D_CLONE: 3", "spec_vnops.c", false },
	{ NULL }
};

/* ---- who else has it ------------------------------------------------- */

static void
close_while_read(struct run *r)
{
	const int far = far_open(r), fd = must_open(r, O_RDWR);
	struct call *const c = call_read(r, "reader", fd, 64);

	if (!call_blocked(r, c))
		broken(r, "the read does not wait");
	event(r, NULL);
	outcome_soon(r, "close", call_close(r, "closer", fd));
	outcome_now(r, "read", c);
	outcome_driver(r, "driver");
	event(r, NULL);
	far_write(r, far, r->r_hw->h_class == HID ? 8 : 1);
	outcome(r, "read of what comes", c);
	outcome_driver(r, "driver at last");
}

static const struct expect close_while_read_expect[] = {
	{ "close", ANY, NETBSDS, "waits", "NetBSD kern_descrip.c, fd_close",
	  "0", "a CUSE node is told of a close when the last call on the file "
	  "has returned, and Linux lets close(2) go" },
	{ "close", ANY, FREEBSDS, "0", "FreeBSD kern_descrip.c, closefp" },
	{ "close", ANY, LINUXES, "0", "Linux fs/file.c: the reader has a "
	  "reference of its own" },
	{ "read", ANY, ALL, "waits", "all of them" },
	{ "driver", ANY, DEVSWD, "open", "all of them: not before the reader "
	  "leaves" },
	{ "read of what comes", TTY, ALL, "1", "all of them" },
	{ "read of what comes", HID, ALL, "8", "all of them" },
	{ "driver at last", ANY, NETBSD|LINUX, "open cancel drain close",
	  N_CLOSE "; " L_RELEASE },
	{ "driver at last", ANY, LEGACY, "open close drain",
	  N_LEGACY,
	  "open cancel close drain", LEGACY_CANCEL },
	{ "driver at last", ANY, FREEBSDS, "open close|open cancel close",
	  F_LAST },
	{ NULL }
};

static const struct reading close_while_read_reading[] = {
	{ "src-netbsd", ANY, "close(2) itself waits, uninterruptibly, until "
	  "the reader leaves", "kern_descrip.c fd_close", false },
	{ "src-netbsd-legacy", ANY, "close(2) itself waits, uninterruptibly, "
	  "until the reader leaves", "kern_descrip.c fd_close", false },
	{ "src-freebsd", ANY, "0 at once; the reader waits on, d_close comes "
	  "when it returns", "kern_descrip.c closefp", true },
	{ "src-freebsd-trackclose", ANY, "0 at once; the reader waits on",
	  "kern_descrip.c closefp", true },
	{ "src-openbsd", ANY, "returns at once; the reader waits on",
	  "kern_descrip.c closef", true },
	{ NULL }
};

/* A child that has copies of all descriptors until it is told to end. */
static pid_t
keeper(struct run *r, int *tell)
{
	int ends[2];
	char byte;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) == -1)
		broken(r, "pipe: %s", strerror(errno));
	pid = fork();
	if (pid == 0) {
		close(ends[1]);
		(void)!read(ends[0], &byte, 1);
		_exit(0);
	}
	if (pid == -1)
		broken(r, "fork: %s", strerror(errno));
	close(ends[0]);
	*tell = ends[1];
	return pid;
}

static void
held_by(struct run *r, const char *what)
{

	outcome_set(r, what, "%u", hardware_holders(r->r_node, NULL, 0));
}

static void
fork_dup_close(struct run *r)
{
	const int fd = must_open(r, O_RDWR), copy = dup(fd);
	struct event *ev;
	pid_t child;
	int tell;

	if (copy == -1)
		broken(r, "dup: %s", strerror(errno));
	child = keeper(r, &tell);
	held_by(r, "held by");
	outcome(r, "first close", call_close(r, "client", fd));
	outcome(r, "second close", call_close(r, "client", copy));
	held_by(r, "then held by");
	outcome_driver(r, "driver");
	ev = record_event(r->r_rec, EV_CALL, "child", "exit");
	close(tell);
	if (waitpid(child, NULL, 0) != child)
		broken(r, "waitpid: %s", strerror(errno));
	ev->ev_to = record_now();
	held_by(r, "at last held by");
	outcome_driver(r, "driver at last");
}

static const struct expect fork_dup_close_expect[] = {
	{ "held by", ANY, ALL, "4", "two descriptors, two processes" },
	{ "first close", ANY, ALL, "0", "all of them" },
	{ "second close", ANY, ALL, "0", "all of them" },
	{ "then held by", ANY, ALL, "2", "the child's" },
	{ "driver", ANY, DEVSWD, "open", "all of them: closes are of open "
	  "files, not of descriptors" },
	{ "at last held by", ANY, ALL, "0", "nobody" },
	{ "driver at last", ANY, NETBSD|LINUX, "open cancel drain close",
	  N_CLOSE "; " L_RELEASE },
	{ "driver at last", ANY, LEGACY, "open close drain",
	  N_LEGACY,
	  "open cancel close drain", LEGACY_CANCEL },
	{ "driver at last", ANY, FREEBSDS, "open close|open cancel close",
	  F_LAST },
	{ NULL }
};

static const struct reading fork_dup_close_reading[] = {
	{ "src-netbsd", ANY, "nothing until the last reference of the open "
	  "file goes", "kern_descrip.c", false },
	{ "src-netbsd-legacy", ANY, "nothing until the last reference of the "
	  "open file goes", "kern_descrip.c", false },
	{ "src-freebsd", ANY, "nothing until the last reference of the open "
	  "file goes", "kern_descrip.c", false },
	{ "src-freebsd-trackclose", ANY, "the same: D_TRACKCLOSE counts open "
	  "files, not descriptors", "devfs_vnops.c", true },
	{ "src-openbsd", ANY, "nothing until the last reference of the open "
	  "file goes", "kern_descrip.c", false },
	{ NULL }
};

/* ---- what does not come back ----------------------------------------- */

static void
stuck(struct run *r)
{
	const int fd = must_open(r, O_RDWR);
	struct call *c;

	must_fill(r, fd);
	c = call_close(r, "closer", fd);
	outcome_soon(r, "close", c);
	unplug(r);
	outcome(r, "close, unplugged", c);
	gone(r);
	record_outcome(r->r_rec, "unplug is noticed",
	    (double)(record_now() - r->r_event) / 1e6, "yes");
	plug(r);
	outcome(r, "open, plugged", call_open(r, "client", r->r_node, O_RDWR));
}

static const struct expect stuck_expect[] = {
	{ "close", ANY, KERNEL, "waits", "Linux tty_port.c: up to 30 s for "
	  "the output" },
	{ "close", ANY, NETBSDS, "waits", "NetBSD ucom.c, ucomclose: ttywait",
	  "0", ASYNC },
	{ "close", ANY, FREEBSDS, "waits", "FreeBSD tty.c, tty_drain: 1 s "
	  "without progress", "0", ASYNC },
	{ "close", ANY, LINUX, "waits", "Linux tty_port.c: up to 30 s for "
	  "the output", "0", ASYNC },
	{ "close, unplugged", ANY, ALL, "0", "all of them" },
	{ "unplug is noticed", ANY, ALL, "yes", "all of them: it ends what "
	  "waits for the hardware" },
	{ "open, plugged", ANY, ALL, "opened", "all of them" },
	{ NULL }
};

static const struct reading stuck_reading[] = {
	{ "src-netbsd", ANY, "a driver that never returns: revoke, last close "
	  "and detach hang in spec_io_drain, opens sleep interruptibly",
	  "spec_vnops.c", false },
	{ "src-netbsd-legacy", ANY, "a driver that never returns: NetBSD 7 "
	  "goes on after 60 s, and frees what the thread uses",
	  "usb_subr.c usb_detach_wait", false },
	{ "src-freebsd", ANY, "a driver that never returns: destroy_dev loops "
	  "for ever; a tty's detach does not wait, its unit leaks",
	  "kern_conf.c, usb_serial.c", false },
	{ "src-freebsd-trackclose", HID, "a driver that never returns: detach "
	  "hangs in cv_drain", "usb_dev.c", false },
	{ "src-openbsd", ANY, "a driver that never returns: 60 s, then it "
	  "goes on", "usb_subr.c usb_detach_wait", false },
	{ NULL }
};

const struct scenario scenarios_close[] = {
	{ .sc_number = 4, .sc_name = "last-close",
	  .sc_title = "Two opens, and the last close",
	  .sc_text = "Two clients have the line open.  What is called in the "
	  "driver when the first one closes it, and when the last one does.",
	  .sc_actors = "client 1,client 2",
	  .sc_class = TTY, .sc_systems = ALL, .sc_why_not = ONE_HID,
	  .sc_quick = true,
	  .sc_run = last_close, .sc_expect = last_close_expect,
	  .sc_reading = last_close_reading },
	{ .sc_number = 5, .sc_name = "closes-for-opens",
	  .sc_title = "How many closes the driver gets for three opens",
	  .sc_text = "Three opens, three closes: d_cancel and d_close in the "
	  "driver.",
	  .sc_actors = "client",
	  .sc_class = TTY, .sc_systems = DEVSWD,
	  .sc_why_not = "calls in a kernel's driver cannot be seen, and "
	  ONE_HID,
	  .sc_run = closes_for_opens, .sc_expect = closes_for_opens_expect,
	  .sc_reading = closes_for_opens_reading },
	{ .sc_number = 29, .sc_name = "close-while-read",
	  .sc_title = "A descriptor is closed while another thread reads it",
	  .sc_text = "One thread waits in read(2), another one closes the "
	  "descriptor.  Does close(2) wait, does the reader?  Then something "
	  "comes.",
	  .sc_actors = "client,reader,closer,far end",
	  .sc_class = ANY, .sc_systems = ALL,
	  .sc_run = close_while_read, .sc_expect = close_while_read_expect,
	  .sc_reading = close_while_read_reading },
	{ .sc_number = 30, .sc_name = "fork-dup-close",
	  .sc_title = "Copies of a descriptor are closed",
	  .sc_text = "One open, its dup(2), and a child that has inherited "
	  "both.  The driver is called when the last of the four goes.  Who "
	  "has the node open is counted in /proc.",
	  .sc_actors = "client,child",
	  .sc_class = ANY, .sc_systems = ALL,
	  .sc_run = fork_dup_close, .sc_expect = fork_dup_close_expect,
	  .sc_reading = fork_dup_close_reading },
	{ .sc_number = 31, .sc_name = "stuck-driver",
	  .sc_title = "A close waits for hardware; the plug is pulled",
	  .sc_text = "The far end takes nothing, so output stays unsent, and "
	  "the client closes the line.  This is as far as working hardware "
	  "can get a driver stuck: none that ends up in an unplug.  A driver "
	  "that never returns at all has been read about, not run.",
	  .sc_actors = "client,closer,plug",
	  .sc_class = ACM, .sc_systems = ALL,
	  .sc_why_not = "its far end cannot be made to take nothing",
	  .sc_run = stuck, .sc_expect = stuck_expect,
	  .sc_reading = stuck_reading, .sc_deadline_s = 60 },
	{ .sc_name = NULL }
};
