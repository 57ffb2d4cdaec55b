/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sc_revoke.c - scenarios: a node is revoked, while a client has it open.
 *
 * Linux has no revoke(2).  What stands for it with the kernel's driver is
 * actor.c's call_revoke: TIOCVHANGUP of a tty, HIDIOCREVOKE of a HID's file.
 * Before Linux 6.12 hidraw does not know HIDIOCREVOKE and answers EINVAL.
 */
#include <sys/ioctl.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <termios.h>

#include <linux/hidraw.h>

#include "compare/compare.h"

#define	OWNER		1234u
#define	OTHER		1235u

/* Whose code says what is expected. */
#define	L_VHANGUP "Linux tty_io.c, tty_ioctl: TIOCVHANGUP"
#define	L_NONE	"Linux has no revoke(2); devswd as linux has none either"
#define	N_REVOKE "NetBSD vfs_syscalls.c, dorevoke"
#define	N_DEAD	"NetBSD dead_vnops.c"
#define	F_REVOKE "FreeBSD vfs_syscalls.c, sys_revoke"
#define	F_DEAD	"FreeBSD dead_vnops.c"
#define	NOT_HIDRAW "this kernel's hidraw has no HIDIOCREVOKE"

/* ---- who may --------------------------------------------------------- */

/* Something of the device that an ioctl asks for. */
static struct call *
ask(struct run *r, int fd)
{
	static struct termios mode;
	static int size;

	return r->r_hw->h_class == HID ?
	    call_ioctl(r, "client", fd, "HIDIOCGRDESCSIZE", HIDIOCGRDESCSIZE,
	    &size) :
	    call_ioctl(r, "client", fd, "TCGETS", TCGETS, &mode);
}

static void
revoke_as(struct run *r, const char *lane, unsigned owner, unsigned uid)
{
	const int fd = must_open(r, O_RDWR);
	const unsigned was = node_owner(r, r->r_node, owner);
	struct call *const c = call_revoke(r, lane, r->r_node, uid);

	(void)call_result(r, c);
	(void)node_owner(r, r->r_node, was);
	outcome(r, "revoke", c);
	outcome(r, "ioctl of the file", ask(r, fd));
	outcome_driver(r, "driver");
	outcome(r, "close", call_close(r, "client", fd));
	outcome(r, "open again", call_open(r, "client", r->r_node, O_RDWR));
}

static void
revoke_owner(struct run *r)
{

	revoke_as(r, "owner", OWNER, OWNER);
}

static void
revoke_other(struct run *r)
{

	if (r->r_sys->s_bit == KERNEL && r->r_hw->h_class == HID)
		cannot(r, "hidraw's revoke is of an open file, not of a name");
	revoke_as(r, "other", OWNER, OTHER);
}

static void
revoke_root(struct run *r)
{

	revoke_as(r, "root", OWNER, 0);
}

#define	ALIVE_OR_NOT							\
	{ "close", ANY, ALL, "0", "all of them" },			\
	{ "open again", HID, FREEBSDS, "opened|EBUSY", "FreeBSD devfs_vnops.c: "  \
	  "an open does not wait for the last close" },				\
	{ "open again", ANY, ALL, "opened", "all of them" }

static const struct expect revoke_owner_expect[] = {
	{ "revoke", TTY, KERNEL, "EPERM", L_VHANGUP ": CAP_SYS_ADMIN" },
	{ "revoke", HID, KERNEL, "0|EINVAL", "Linux hidraw.c: whoever has the "
	  "file, since 6.12" },
	{ "revoke", ANY, LINUX, "EOPNOTSUPP", L_NONE },
	{ "revoke", ANY, NETBSDS, "0", N_REVOKE ": the owner may" },
	{ "revoke", ANY, FREEBSDS, "0", F_REVOKE ": the owner may" },
	{ "ioctl of the file", TTY, LINUXES, "0", "nothing was revoked" },
	{ "ioctl of the file", HID, LINUXES, "0|ENODEV",
	  "Linux hidraw.c: ENODEV if it was revoked" },
	{ "ioctl of the file", ANY, NETBSDS, "EBADF", N_DEAD },
	{ "ioctl of the file", ANY, FREEBSDS, "EBADF", F_DEAD },
	{ "driver", ANY, LINUX, "open", "nothing was revoked" },
	{ "driver", ANY, NETBSD, "open cancel drain close",
	  "NetBSD cancel-v5: d_cancel, drain, d_close" },
	{ "driver", ANY, LEGACY, "open close drain",
	  "NetBSD spec_vnops.c without d_cancel: d_close, drain",
	  "open cancel close drain", LEGACY_CANCEL },
	{ "driver", ANY, FREEBSDS, "open close|open cancel close",
	  "FreeBSD vfs_subr.c, vgonel: d_close, which waits for nobody" },
	ALIVE_OR_NOT,
	{ NULL }
};

static const struct reading revoke_owner_reading[] = {
	{ "src-netbsd", ANY, "0; all files of the device die",
	  "vfs_syscalls.c dorevoke", false },
	{ "src-netbsd-legacy", TTY, "0", "vfs_syscalls.c dorevoke", false },
	{ "src-netbsd-legacy", HID, "0; while a read sleeps revoke(2) itself "
	  "waits, as uhidclose wants the lock that uhidread has",
	  "NetBSD 7 uhid.c", true },
	{ "src-freebsd", ANY, "0", "vfs_syscalls.c sys_revoke", false },
	{ "src-freebsd-trackclose", HID, "0, but a reader stays asleep and "
	  "the device busy until the process closes", "usb_dev.c, "
	  "devfs_vnops.c; revoke(2), BUGS", true },
	{ "src-openbsd", TTY, "0", "vfs_syscalls.c sys_revoke", false },
	{ "src-openbsd", HID, "ENOTTY: terminals only",
	  "vfs_syscalls.c sys_revoke", false },
	{ NULL }
};

static const struct expect revoke_other_expect[] = {
	{ "revoke", TTY, KERNEL, "EPERM", L_VHANGUP ": CAP_SYS_ADMIN" },
	{ "revoke", ANY, NETBSDS, "EPERM", N_REVOKE },
	{ "revoke", ANY, FREEBSDS, "EPERM", F_REVOKE ": PRIV_VFS_ADMIN" },
	{ "revoke", ANY, LINUX, "EPERM|EOPNOTSUPP", L_NONE },
	{ "ioctl of the file", ANY, ALL, "0", "nothing was revoked" },
	{ "driver", ANY, DEVSWD, "open", "nothing was revoked" },
	ALIVE_OR_NOT,
	{ NULL }
};

static const struct reading revoke_other_reading[] = {
	{ "src-netbsd", ANY, "EPERM", "vfs_syscalls.c dorevoke", false },
	{ "src-netbsd-legacy", ANY, "EPERM", "vfs_syscalls.c dorevoke",
	  false },
	{ "src-freebsd", ANY, "EPERM", "vfs_syscalls.c sys_revoke", false },
	{ "src-freebsd-trackclose", ANY, "EPERM",
	  "vfs_syscalls.c sys_revoke", false },
	{ "src-openbsd", ANY, "EPERM", "vfs_syscalls.c sys_revoke", false },
	{ NULL }
};

static const struct expect revoke_root_expect[] = {
	{ "revoke", TTY, KERNEL, "0", L_VHANGUP },
	{ "revoke", HID, KERNEL, "0|EINVAL", "Linux hidraw.c: whoever has the "
	  "file, since 6.12; no path-based revoke" },
	{ "revoke", ANY, LINUX, "EOPNOTSUPP", L_NONE },
	{ "revoke", ANY, NETBSDS, "0", N_REVOKE },
	{ "revoke", ANY, FREEBSDS, "0", F_REVOKE },
	{ "ioctl of the file", TTY, KERNEL, "EIO",
	  "Linux tty_io.c, hung_up_tty_fops" },
	{ "ioctl of the file", TTY, LINUX, "0", "nothing was revoked" },
	{ "ioctl of the file", HID, LINUXES, "0|ENODEV",
	  "Linux hidraw.c: ENODEV if it was revoked" },
	{ "ioctl of the file", ANY, NETBSDS, "EBADF", N_DEAD },
	{ "ioctl of the file", ANY, FREEBSDS, "EBADF", F_DEAD },
	{ "driver", ANY, LINUX, "open", "nothing was revoked" },
	{ "driver", ANY, NETBSD, "open cancel drain close",
	  "NetBSD cancel-v5: d_cancel, drain, d_close" },
	{ "driver", ANY, LEGACY, "open close drain",
	  "NetBSD spec_vnops.c without d_cancel: d_close, drain",
	  "open cancel close drain", LEGACY_CANCEL },
	{ "driver", ANY, FREEBSDS, "open close|open cancel close",
	  "FreeBSD vfs_subr.c, vgonel: d_close, which waits for nobody" },
	ALIVE_OR_NOT,
	{ NULL }
};

static const struct reading revoke_root_reading[] = {
	{ "src-netbsd", ANY, "0", "vfs_syscalls.c dorevoke", false },
	{ "src-netbsd-legacy", ANY, "0", "vfs_syscalls.c dorevoke", false },
	{ "src-freebsd", ANY, "0", "vfs_syscalls.c sys_revoke", false },
	{ "src-freebsd-trackclose", ANY, "0", "vfs_syscalls.c sys_revoke",
	  false },
	{ "src-openbsd", TTY, "0", "vfs_syscalls.c sys_revoke", false },
	{ NULL }
};

/* ---- what it does ---------------------------------------------------- */

/*
 * Root's revoke, and then outcomes' times count from its end.  The run ends
 * if there is no such thing here.
 */
static void
must_revoke(struct run *r)
{
	struct call *const c = call_revoke(r, "root", r->r_node, 0);
	const long result = call_result(r, c);

	if (result == -1 && r->r_sys->s_bit == KERNEL &&
	    r->r_hw->h_class == HID)
		cannot(r, NOT_HIDRAW);
	if (result != 0)
		broken(r, "revoke: %s", result == CALL_WAITS ? "it waits" :
		    "it fails");
}

static void
revoked_file(struct run *r)
{
	const int fd = must_open(r, O_RDWR);

	must_revoke(r);
	outcome(r, "read", call_read(r, "client", fd, 64));
	outcome(r, "write", call_write(r, "client", fd, 8));
	outcome(r, "ioctl", ask(r, fd));
	outcome(r, "poll", call_poll(r, "client", fd, POLLIN | POLLOUT, 0));
	outcome(r, "close", call_close(r, "client", fd));
}

static const struct expect revoked_file_expect[] = {
	{ "read", TTY, KERNEL, "0", "Linux tty_io.c, hung_up_tty_read" },
	{ "read", HID, KERNEL, "ENODEV", "Linux hidraw.c" },
	{ "read", TTY, NETBSDS, "0", N_DEAD ", dead_read" },
	{ "read", HID, NETBSDS, "EIO", N_DEAD ", dead_read" },
	{ "read", TTY, FREEBSDS, "0", F_DEAD ", dead_read: VV_ISTTY" },
	{ "read", HID, FREEBSDS, "ENXIO", F_DEAD ", dead_read" },
	{ "write", TTY, KERNEL, "EIO", "Linux tty_io.c, hung_up_tty_write" },
	{ "write", HID, KERNEL, "ENODEV", "Linux hidraw.c" },
	{ "write", ANY, NETBSDS, "EIO", N_DEAD ", dead_write" },
	{ "write", ANY, FREEBSDS, "ENXIO", F_DEAD ", dead_write" },
	{ "ioctl", TTY, KERNEL, "EIO", "Linux tty_io.c, hung_up_tty_ioctl" },
	{ "ioctl", HID, KERNEL, "ENODEV", "Linux hidraw.c" },
	{ "ioctl", ANY, NETBSDS, "EBADF", N_DEAD ", dead_ioctl" },
	{ "ioctl", ANY, FREEBSDS, "EBADF", F_DEAD ", dead_ioctl" },
	{ "poll", TTY, KERNEL, "IN OUT ERR HUP",
	  "Linux tty_io.c, hung_up_tty_poll" },
	{ "poll", HID, KERNEL, "OUT ERR HUP", "Linux hidraw.c" },
	{ "poll", ANY, NETBSDS, "IN OUT", N_DEAD ", dead_poll",
	  "IN OUT ERR HUP", "NetBSD asks for nothing more than the events; "
	  "devswd adds Linux's ERR and HUP for a dead file" },
	{ "poll", ANY, FREEBSDS, "IN HUP", F_DEAD ", dead_poll" },
	{ "close", ANY, ALL, "0", "all of them" },
	{ NULL }
};

static const struct reading revoked_file_reading[] = {
	{ "src-netbsd", TTY, "read 0, write EIO, ioctl EBADF, poll the "
	  "requested events, close 0", "dead_vnops.c", false },
	{ "src-netbsd", HID, "read EIO, write EIO, ioctl EBADF, poll the "
	  "requested events, close 0", "dead_vnops.c", false },
	{ "src-netbsd-legacy", TTY, "read 0, write EIO, ioctl EBADF, poll the "
	  "requested events, close 0", "dead_vnops.c", false },
	{ "src-netbsd-legacy", HID, "read EIO, write EIO, ioctl EBADF, poll "
	  "the requested events, close 0", "dead_vnops.c", false },
	{ "src-freebsd", TTY, "read 0, write ENXIO, ioctl EBADF, poll HUP and "
	  "the requested IN and RDNORM", "dead_vnops.c", false },
	{ "src-freebsd", HID, "read ENXIO, write ENXIO, ioctl EBADF, poll HUP "
	  "and the requested IN and RDNORM", "dead_vnops.c", false },
	{ "src-freebsd-trackclose", HID, "read ENXIO, write ENXIO, ioctl "
	  "EBADF, poll HUP and the requested IN and RDNORM", "dead_vnops.c",
	  false },
	{ "src-openbsd", TTY, "read 0, write EIO, ioctl EBADF, poll HUP",
	  "dead_vnops.c, kern_event.c filt_dead", true },
	{ NULL }
};

static void
blocked_read(struct run *r)
{
	const int fd = must_open(r, O_RDWR);
	struct call *const c = call_read(r, "reader", fd, 64);

	if (!call_blocked(r, c))
		broken(r, "the read does not wait");
	event(r, NULL);
	if (r->r_sys->s_bit == LINUX)
		outcome(r, "revoke", call_revoke(r, "root", r->r_node, 0));
	else
		must_revoke(r);
	outcome_now(r, "read", c);
	outcome_driver(r, "driver");
}

static const struct expect blocked_read_expect[] = {
	{ "revoke", ANY, LINUX, "EOPNOTSUPP", L_NONE },
	{ "read", TTY, KERNEL, "0", "Linux n_tty.c, n_tty_read: "
	  "tty_hung_up_p" },
	{ "read", HID, KERNEL, "waits", "Linux hidraw.c: hidraw_revoke sets a "
	  "flag and wakes nobody" },
	{ "read", ANY, LINUX, "waits", L_NONE },
	{ "read", TTY, NETBSDS, "0", "NetBSD tty.c, then dead_vnops.c" },
	{ "read", HID, NETBSD, "EIO", "NetBSD uhid.c: d_cancel wakes it" },
	{ "read", HID, LEGACY, "waits", "NetBSD 7 uhid.c: and revoke(2) waits "
	  "for it", "EIO", "uhid(4) here has a d_cancel, which devswd calls "
	  "under all semantics" },
	{ "read", TTY, FREEBSDS, "0", "FreeBSD tty.c, ttydev_close: restart; "
	  "dead_vnops.c" },
	{ "read", HID, FREEBSDS, "waits", "FreeBSD usb_dev.c, hidraw.c: no "
	  "d_close that would wake it", "EIO|ENXIO", "uhid(4) here has a "
	  "d_cancel, which devswd calls under all semantics" },
	{ "driver", ANY, LINUX, "open", "nothing was revoked" },
	{ "driver", ANY, NETBSD, "open cancel drain close",
	  "NetBSD cancel-v5: d_cancel, drain, d_close" },
	{ "driver", ANY, LEGACY, "open close drain",
	  "NetBSD spec_vnops.c without d_cancel: d_close, drain",
	  "open cancel close drain", LEGACY_CANCEL },
	{ "driver", ANY, FREEBSDS, "open close|open cancel close",
	  "FreeBSD vfs_subr.c, vgonel: d_close, which waits for nobody" },
	{ NULL }
};

static const struct reading blocked_read_reading[] = {
	{ "src-netbsd", TTY, "0", "ttycancel.patch, dead_vnops.c", true },
	{ "src-netbsd", HID, "EIO: woken by d_cancel", "uhid.c", false },
	{ "src-netbsd-legacy", TTY, "0: ttyclose bumps t_gen, the read starts "
	  "again", "tty.c ttysleep", false },
	{ "src-netbsd-legacy", HID, "not woken, and revoke(2) waits for it",
	  "NetBSD 7 uhid.c", true },
	{ "src-freebsd", TTY, "0", "tty.c, dead_vnops.c", false },
	{ "src-freebsd", HID, "not woken", "hidraw.c", true },
	{ "src-freebsd-trackclose", HID, "not woken", "usb_dev.c", true },
	{ "src-openbsd", TTY, "0", "tty.c", false },
	{ NULL }
};

const struct scenario scenarios_revoke[] = {
	{ .sc_number = 20, .sc_name = "revoke-owner",
	  .sc_title = "The owner of the node revokes it",
	  .sc_text = "A client of root's has the node open when it is given "
	  "to another user, who revokes it.  Linux: TIOCVHANGUP of a tty, "
	  "HIDIOCREVOKE of a HID's open file.",
	  .sc_actors = "client,owner",
	  .sc_class = ANY, .sc_systems = ALL, .sc_quick = true,
	  .sc_run = revoke_owner, .sc_expect = revoke_owner_expect,
	  .sc_reading = revoke_owner_reading },
	{ .sc_number = 21, .sc_name = "revoke-other",
	  .sc_title = "A user who does not own the node revokes it",
	  .sc_text = "The same by somebody else.  The client's file has to "
	  "stay alive.",
	  .sc_actors = "client,other",
	  .sc_class = ANY, .sc_systems = ALL,
	  .sc_run = revoke_other, .sc_expect = revoke_other_expect,
	  .sc_reading = revoke_other_reading },
	{ .sc_number = 22, .sc_name = "revoke-root",
	  .sc_title = "Root revokes the node",
	  .sc_text = "The same by root, of another user's node.",
	  .sc_actors = "client,root",
	  .sc_class = ANY, .sc_systems = ALL,
	  .sc_run = revoke_root, .sc_expect = revoke_root_expect,
	  .sc_reading = revoke_root_reading },
	{ .sc_number = 23, .sc_name = "revoked-file",
	  .sc_title = "Calls on a revoked file",
	  .sc_text = "What read, write, ioctl, poll and close of a descriptor "
	  "return when its node has been revoked by root.",
	  .sc_actors = "client,root",
	  .sc_class = ANY, .sc_systems = ALL & ~LINUX,
	  .sc_why_not = L_NONE,
	  .sc_run = revoked_file, .sc_expect = revoked_file_expect,
	  .sc_reading = revoked_file_reading },
	{ .sc_number = 24, .sc_name = "blocked-read-revoke",
	  .sc_title = "A read waits; the node is revoked",
	  .sc_text = "A thread waits in read(2) when root revokes the node.  "
	  "Is it woken, with which result and how soon?",
	  .sc_actors = "client,reader,root",
	  .sc_class = ANY, .sc_systems = ALL, .sc_quick = true,
	  .sc_run = blocked_read, .sc_expect = blocked_read_expect,
	  .sc_reading = blocked_read_reading },
	{ .sc_name = NULL }
};
