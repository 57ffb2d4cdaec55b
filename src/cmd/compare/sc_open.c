/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sc_open.c - scenarios: opens, alone and against other opens, closes,
 * revokes; and what a signal does to a call.
 */
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "compare/compare.h"

#define	USER		1234u
#define	REPORT		8		/* of the HID that has a far end */

/* Whose code says what is expected. */
#define	L_TTYOPEN "Linux tty_io.c, tty_open"
#define	L_HIDRAW "Linux hidraw.c"
#define	N_UCOM	"NetBSD ucom.c, tty.c ttyopen"
#define	N_UHID	"NetBSD uhid.c, uhidopen"
#define	N_SPEC	"NetBSD spec_vnops.c, spec_open"
#define	F_TTY	"FreeBSD tty.c, ttydev_open"
#define	STATIC	"devswd's nodes are static in all semantics; FreeBSD's and " \
		"Linux's come and go with the device"
#define	IS_UCOM	"the semantics are those of specfs and devfs; a line's " \
		"opens are ucom(4)'s, NetBSD's, in all of them"
#define	IS_UHID	"the driver is uhid(4), NetBSD's, in all semantics, and " \
		"exclusive"
#define	ONE_FAR	"its far end cannot be made to take nothing"

/* ---- no hardware ----------------------------------------------------- */

/* Another node of the same device, as in a static /dev. */
static void
make_static(struct run *r, char *path, size_t size)
{
	struct stat st;

	snprintf(path, size, "/dev/devsw-compare.%d", (int)getpid());
	if (stat(r->r_node, &st) == -1 ||
	    mknod(path, S_IFCHR | 0600, st.st_rdev) == -1)
		broken(r, "mknod %s: %s", path, strerror(errno));
}

static void
open_no_hardware(struct run *r)
{
	char other[64];
	struct call *c;

	make_static(r, other, sizeof(other));
	unplug(r);
	for (unsigned ms = 0; ms < 5000 && hardware_on_bus(r->r_hw); ms += 5)
		pause_ms(5);
	c = call_open(r, "client", other, O_RDWR | O_NONBLOCK);
	(void)call_result(r, c);
	(void)unlink(other);
	gone(r);
	r->r_event = 0;
	outcome(r, "open", call_open(r, "client", r->r_node,
	    O_RDWR | O_NONBLOCK));
	outcome(r, "open, static node", c);
	outcome_set(r, "node", access(r->r_node, F_OK) == 0 ? "there" :
	    "gone");
}

static const struct expect open_no_hardware_expect[] = {
	{ "open", ANY, KERNEL, "ENOENT", "Linux devtmpfs" },
	{ "open", ANY, LINUX, "ENOENT", "Linux devtmpfs", "ENXIO", STATIC },
	{ "open", ANY, NETBSDS, "ENXIO", N_SPEC },
	{ "open", ANY, FREEBSDS, "ENOENT", "FreeBSD devfs", "ENXIO", STATIC },
	{ "open, static node", TTY, LINUXES, "ENXIO",
	  "Linux char_dev.c, chrdev_open" },
	{ "open, static node", HID, LINUXES, "ENODEV",
	  L_HIDRAW ", hidraw_open: its cdev has all minors", "ENXIO",
	  "specfs answers without a driver, the same for all devices" },
	{ "open, static node", ANY, NETBSDS, "ENXIO", N_SPEC },
	{ "open, static node", ANY, FREEBSDS, "ENXIO",
	  F_TTY "; usb_dev.c, usb_open" },
	{ "node", ANY, KERNEL, "gone", "Linux devtmpfs" },
	{ "node", ANY, LINUX, "gone", "Linux devtmpfs", "there", STATIC },
	{ "node", ANY, NETBSDS, "there", "NetBSD MAKEDEV: nodes are static" },
	{ "node", ANY, FREEBSDS, "gone", "FreeBSD devfs", "there", STATIC },
	{ NULL }
};

static const struct reading open_no_hardware_reading[] = {
	{ "src-netbsd", ANY, "ENXIO, after a look for a module",
	  "spec_vnops.c spec_open, ucom.c, uhid.c", false },
	{ "src-netbsd-legacy", ANY, "ENXIO", "spec_vnops.c", false },
	{ "src-freebsd", ANY, "ENOENT; ENXIO if the node exists but is gone",
	  "tty.c ttydev_open, devfs_vnops.c", true },
	{ "src-freebsd-trackclose", HID, "ENOENT; ENXIO if usb_ref_device "
	  "fails", "usb_dev.c usb_open", true },
	{ "src-openbsd", TTY, "ENXIO; EIO while the device is dying",
	  "ucom.c ucomopen", false },
	{ "src-openbsd", HID, "ENXIO", "uhid.c", false },
	{ NULL }
};

/* ---- first open ------------------------------------------------------ */

/*
 * Raw, for an open that wants carrier and that no pause after a hang-up
 * delays.  Nodes keep this over a close.
 */
static void
modem_mode(struct run *r, const char *path)
{
	struct termios mode;
	const int fd = open(path, O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd == -1)
		broken(r, "open of %s: %s", path, strerror(errno));
	tty_raw(r, fd, false);
	if (tcgetattr(fd, &mode) == 0) {
		mode.c_cflag &= ~(tcflag_t)HUPCL;
		(void)tcsetattr(fd, TCSANOW, &mode);
	}
	close(fd);
}

static void
first_open(struct run *r)
{
	struct call *in, *out;
	int far;

	if (r->r_hw->h_class == HID) {
		outcome(r, "open", call_open(r, "client", r->r_node, O_RDWR));
		return;
	}
	modem_mode(r, r->r_dialin);
	in = call_open(r, "dial-in", r->r_dialin, O_RDWR);
	outcome_soon(r, "open", in);
	if (call_ended(in, 0))
		return;
	out = call_open(r, "dial-out", r->r_node, O_RDWR);
	outcome_soon(r, "dial-out meanwhile", out);
	if (call_result(r, out) >= 0) {
		(void)call_result(r, call_close(r, "dial-out",
		    (int)call_result(r, out)));
		outcome_soon(r, "after its close", in);
	}
	event(r, NULL);
	far = far_open(r);
	outcome(r, "when there is carrier", in);
	close(far);
}

static const struct expect first_open_expect[] = {
	{ "open", HID, ALL, "opened", "all of them" },
	{ "open", SERIAL, KERNEL, "opened", "Linux tty_port.c: ftdi_sio "
	  "cannot say that there is no carrier" },
	{ "open", SERIAL, DEVSWD, "opened|waits", N_UCOM
	  ": if there is carrier" },
	{ "open", ACM, KERNEL, "opened", "Linux tty_port.c: cdc-acm has no "
	  "carrier_raised, so there always is carrier" },
	{ "open", ACM, LINUX, "opened", "Linux tty_port.c, cdc-acm.c",
	  "waits", IS_UCOM },
	{ "open", ACM, NETBSDS, "waits", N_UCOM },
	{ "open", ACM, FREEBSDS, "waits", F_TTY },
	{ "dial-out meanwhile", TTY, NETBSDS, "opened", N_UCOM },
	{ "dial-out meanwhile", TTY, FREEBSDS, "waits", F_TTY
	  ": TF_OPENCLOSE", "opened", IS_UCOM },
	{ "dial-out meanwhile", TTY, LINUX, "opened", L_TTYOPEN },
	{ "after its close", TTY, DEVSWD, "waits", N_UCOM
	  ": it waits for carrier again" },
	{ "when there is carrier", TTY, DEVSWD, "opened", "all of them" },
	{ NULL }
};

static const struct reading first_open_reading[] = {
	{ "src-netbsd", TTY, "waits up to 1 s after a HUPCL close, raises DTR "
	  "and RTS, waits for carrier unless O_NONBLOCK, CLOCAL or dial-out",
	  "ucom.c", false },
	{ "src-netbsd", HID, "starts the interrupt pipe", "uhid.c", false },
	{ "src-netbsd-legacy", TTY, "the same, but the pause of 1 s is in the "
	  "close", "NetBSD 7 ucom.c ucom_shutdown", false },
	{ "src-freebsd", TTY, "raises DTR and RTS, waits for DCD unless "
	  "O_NONBLOCK or CLOCAL; cuaU never, but it waits while a ttyU open "
	  "does", "tty.c", true },
	{ "src-freebsd-trackclose", HID, "opens a FIFO for each direction",
	  "usb_dev.c", false },
	{ "src-openbsd", TTY, "waits for carrier unless O_NONBLOCK, CLOCAL or "
	  "cua", "ucom.c", false },
	{ NULL }
};

/* ---- second open ----------------------------------------------------- */

static void
close_if_open(struct run *r, struct call *c)
{
	const long fd = call_result(r, c);

	if (fd >= 0)
		(void)call_result(r, call_close(r, "client 2", (int)fd));
}

static struct call *
second(struct run *r, const char *what, int flags, unsigned uid)
{
	struct call *const c = call_open_as(r, "client 2", r->r_node, flags,
	    uid);

	outcome(r, what, c);
	close_if_open(r, c);
	return c;
}

static void
second_open(struct run *r)
{
	int fd = must_open(r, r->r_hw->h_class == HID ? O_RDONLY : O_RDWR);
	unsigned was;

	if (r->r_hw->h_class == HID) {
		second(r, "write after read", O_WRONLY, 0);
		second(r, "second open", O_RDONLY, 0);
		return;
	}
	second(r, "second open", O_RDWR, 0);
	if (ioctl(fd, TIOCEXCL) == -1)
		broken(r, "TIOCEXCL: %s", strerror(errno));
	was = node_owner(r, r->r_node, USER);
	second(r, "TIOCEXCL, root", O_RDWR, 0);
	second(r, "TIOCEXCL, user", O_RDWR, USER);
	(void)ioctl(fd, TIOCNXCL);
	second(r, "TIOCNXCL, user", O_RDWR, USER);
	(void)node_owner(r, r->r_node, was);
}

static const struct expect second_open_expect[] = {
	{ "second open", TTY, ALL, "opened", "all of them" },
	{ "second open", HID, KERNEL, "opened", L_HIDRAW },
	{ "second open", HID, LINUX, "opened", L_HIDRAW, "EBUSY", IS_UHID },
	{ "second open", HID, NETBSDS, "EBUSY", N_UHID },
	{ "second open", HID, FREEBSDS, "EBUSY", "FreeBSD hidraw.c; usb_dev.c, "
	  "usb_fifo_open" },
	{ "write after read", HID, KERNEL, "opened", L_HIDRAW },
	{ "write after read", HID, LINUX, "opened", L_HIDRAW, "EBUSY",
	  IS_UHID },
	{ "write after read", HID, NETBSDS, "EBUSY", N_UHID },
	{ "write after read", HID, FREEBSD, "EBUSY", "FreeBSD hidraw.c" },
	{ "write after read", HID, TRACKCLOSE, "opened", "FreeBSD usb_dev.c, "
	  "usb_fifo_open: one open for each direction", "EBUSY", IS_UHID },
	{ "TIOCEXCL, root", TTY, ALL, "opened", "all of them: root may" },
	{ "TIOCEXCL, user", TTY, LINUXES, "EBUSY", "Linux tty_io.c, "
	  "tty_reopen" },
	{ "TIOCEXCL, user", TTY, NETBSDS, "EBUSY", N_UCOM },
	{ "TIOCEXCL, user", TTY, FREEBSDS, "EBUSY", F_TTY },
	{ "TIOCNXCL, user", TTY, ALL, "opened", "all of them" },
	{ NULL }
};

static const struct reading second_open_reading[] = {
	{ "src-netbsd", TTY, "allowed; EBUSY for TIOCEXCL and no privilege, "
	  "and for dial-out while dial-in is open", "ucom.c, tty.c ttyopen",
	  false },
	{ "src-netbsd", HID, "EBUSY", "uhid.c", false },
	{ "src-netbsd-legacy", TTY, "the same", "tty.c ttyopen", false },
	{ "src-netbsd-legacy", HID, "EBUSY", "uhid.c uhidopen", false },
	{ "src-freebsd", TTY, "allowed; EBUSY for TIOCEXCL and for ttyU with "
	  "cuaU; waits, even with O_NONBLOCK, while another open or close is "
	  "in progress", "tty.c", false },
	{ "src-freebsd", HID, "EBUSY", "hidraw.c", false },
	{ "src-freebsd-trackclose", HID, "EBUSY for each direction: a reader "
	  "and a writer can coexist", "usb_dev.c usb_fifo_open", false },
	{ "src-openbsd", TTY, "allowed; EBUSY for TIOCEXCL and for cua with "
	  "tty", "ucom.c", false },
	{ "src-openbsd", HID, "EBUSY", "uhid.c", false },
	{ NULL }
};

/* ---- against a close ------------------------------------------------- */

static void
open_during_close(struct run *r)
{
	const int far = far_open(r), fd = must_open(r, O_RDWR);
	struct call *closer, *opener;

	must_fill(r, fd);
	closer = call_close(r, "closer", fd);
	outcome_soon(r, "close", closer);
	opener = call_open(r, "opener", r->r_node, O_RDWR);
	outcome_soon(r, "open meanwhile", opener);
	event(r, "the far end reads");
	far_drain(r, far, opener);
	outcome(r, "open, all is sent", opener);
	outcome_driver(r, "driver");
}

static const struct expect open_during_close_expect[] = {
	{ "close", ACM, KERNEL, "waits", "Linux tty_port.c: up to 30 s for "
	  "the output" },
	{ "close", ACM, DEVSWD, "waits", "all of them: for the output", "0",
	  "close(2) of a CUSE node tells devswd and does not wait" },
	{ "open meanwhile", ACM, LINUXES, "waits", L_TTYOPEN ": tty_lock" },
	{ "open meanwhile", ACM, NETBSD, "waits", N_SPEC ": sd_closing" },
	{ "open meanwhile", ACM, LEGACY, "opened|waits", "NetBSD 7 ucom.c "
	  "does not wait; NetBSD 8 does" },
	{ "open meanwhile", ACM, FREEBSDS, "waits", F_TTY ": TF_OPENCLOSE" },
	{ "open, all is sent", ACM, ALL, "opened", "all of them" },
	{ "driver", ACM, NETBSD|LINUX, "open cancel drain close open",
	  "NetBSD cancel-v5; Linux tty_io.c" },
	{ "driver", ACM, LEGACY, "open close drain open",
	  "NetBSD spec_vnops.c without "
	  "d_cancel: d_close, drain",
	  "open cancel close drain open", LEGACY_CANCEL },
	{ "driver", ACM, FREEBSDS, "open close open|open cancel close open",
	  F_TTY ": TF_OPENCLOSE" },
	{ NULL }
};

static const struct reading open_during_close_reading[] = {
	{ "src-netbsd", ANY, "waits, interruptibly, then opens",
	  "spec_vnops.c spec_open", false },
	{ "src-netbsd-legacy", TTY, "NetBSD 7 does not wait for the close; "
	  "NetBSD 8 does, EIO if the device is dying", "ucom.c", false },
	{ "src-freebsd", TTY, "waits; a signal gives EINTR", "tty.c, "
	  "devfs_vnops.c", false },
	{ "src-freebsd-trackclose", HID, "EBUSY while curr_cpd is set, else "
	  "waits for the enumeration lock", "usb_dev.c", false },
	{ "src-openbsd", TTY, "waits for ucom_lock", "ucom.c", false },
	{ "src-openbsd", HID, "EBUSY", "uhid.c", false },
	{ NULL }
};

/* ---- an open that waits, and a revoke -------------------------------- */

static void
carrier_open_revoke(struct run *r)
{
	struct call *in, *other;
	long fd;

	modem_mode(r, r->r_dialin);
	in = call_open(r, "dial-in", r->r_dialin, O_RDWR);
	if (call_ended(in, CALL_SOON_S))
		cannot(r, "there is carrier, so an open does not wait");
	other = call_open(r, "client", r->r_dialin, O_RDWR | O_NONBLOCK);
	fd = call_result(r, other);
	if (fd >= 0) {
		outcome(r, "another's close", call_close(r, "client",
		    (int)fd));
		outcome_soon(r, "open after that", in);
	}
	event(r, NULL);
	outcome(r, "revoke", call_revoke(r, "root", r->r_dialin, 0));
	outcome_soon(r, "open after revoke", in);
	if (call_ended(in, 0))
		return;
	event(r, NULL);
	(void)far_open(r);
	outcome(r, "when there is carrier", in);
}

static const struct expect carrier_open_revoke_expect[] = {
	{ "another's close", ACM, DEVSWD, "0", "all of them" },
	{ "open after that", ACM, DEVSWD, "waits", N_SPEC ": that close is "
	  "not the last while an open is pending" },
	{ "revoke", ACM, BSDS, "0", "all of them" },
	{ "revoke", ACM, LINUX, "EOPNOTSUPP", "Linux has no revoke(2); devswd "
	  "as linux has none either" },
	{ "open after revoke", ACM, NETBSDS, "waits", N_SPEC ", tty.c: "
	  "ERESTART, the open starts again" },
	{ "open after revoke", ACM, FREEBSDS, "EINTR", "FreeBSD tty.c, "
	  "ttydev_close: t_revokecnt; devfs_open makes ERESTART EINTR",
	  "waits", "as in NetBSD an open that a revoke has ended starts "
	  "again, in all semantics" },
	{ "open after revoke", ACM, LINUX, "waits", "nothing was revoked" },
	{ "when there is carrier", ACM, DEVSWD, "opened", "all of them" },
	{ NULL }
};

static const struct reading carrier_open_revoke_reading[] = {
	{ "src-netbsd", TTY, "interrupted and started again; EBADF if d_open "
	  "had returned 0; another's close is not the last",
	  "spec_vnops.c spec_open, tty.c ttysleep", true },
	{ "src-netbsd-legacy", TTY, "not woken by the revoke; EBADF when it "
	  "ends at last", "NetBSD 7 ucom.c, spec_vnops.c", true },
	{ "src-freebsd", TTY, "EINTR", "tty.c ttydev_close, devfs_vnops.c",
	  false },
	{ "src-openbsd", TTY, "revoke: d_close runs, the open is not looked "
	  "at again; close of dial-out: it tries again", "spec_vnops.c, "
	  "ucom.c", false },
	{ NULL }
};

/* ---- opens and closes for a while ------------------------------------ */

#define	RACE_MS		2000u
#define	NERRORS		8

struct racer {
	struct run	*ra_run;
	const char	*ra_lane;
	pthread_t	ra_thread;
	unsigned	ra_opened;
	int		ra_errors[NERRORS];	/* each once; ends with 0 */
};

static void
note_error(struct racer *ra, int error)
{

	for (unsigned i = 0; i < NERRORS - 1; i++) {
		if (ra->ra_errors[i] == error)
			return;
		if (ra->ra_errors[i] == 0) {
			ra->ra_errors[i] = error;
			return;
		}
	}
}

static void *
race(void *arg)
{
	struct racer *const ra = arg;
	struct run *const r = ra->ra_run;
	struct event *const ev = record_event(r->r_rec, EV_CALL, ra->ra_lane,
	    "open and close, again and again");
	int fd;

	while (record_now() - ev->ev_from < RACE_MS * 1000000ull) {
		fd = open(r->r_node, O_RDWR | O_NONBLOCK | O_NOCTTY |
		    O_CLOEXEC);
		if (fd == -1)
			note_error(ra, errno);
		else {
			ra->ra_opened++;
			close(fd);
		}
	}
	ev->ev_to = record_now();
	snprintf(ev->ev_result, sizeof(ev->ev_result), "%u times",
	    ra->ra_opened);
	return NULL;
}

/* All results that both have had, without a count. */
static void
race_results(struct run *r, const struct racer *ra, size_t n)
{
	char text[80] = "";
	struct racer all = { .ra_opened = 0 };
	size_t len;

	for (size_t i = 0; i < n; i++) {
		all.ra_opened += ra[i].ra_opened;
		for (unsigned e = 0; ra[i].ra_errors[e] != 0; e++)
			note_error(&all, ra[i].ra_errors[e]);
	}
	snprintf(text, sizeof(text), "%s", all.ra_opened > 0 ? "opened" :
	    "never opened");
	for (unsigned e = 0; all.ra_errors[e] != 0; e++) {
		len = strlen(text);
		snprintf(text + len, sizeof(text) - len, " %s",
		    strerrorname_np(all.ra_errors[e]));
	}
	outcome_set(r, "results", "%s", text);
}

/*
 * Is each close one of something that has been opened since the last one, and
 * is all closed at the end?
 */
static const char *
balance(char *calls)
{
	char *rest = calls, *word, last[16] = "";
	unsigned opens = 0, times;
	bool twice = false;

	while ((word = strsep(&rest, " ")) != NULL) {
		times = 1;
		if (word[0] == 'x')
			times = (unsigned)strtoul(word + 1, NULL, 10) - 1;
		else
			snprintf(last, sizeof(last), "%s", word);
		if (strcmp(last, "open") == 0)
			opens += times;
		else if (strcmp(last, "close") == 0) {
			twice |= opens == 0 || times > 1 || word[0] == 'x';
			opens = 0;
		}
	}
	return opens != 0 ? "left open" : twice ? "closes in a row" :
	    "balanced";
}

static void
reopen_race(struct run *r)
{
	static char calls[256 * 1024];
	struct racer ra[2] = { { r, "client 1", 0, 0, { 0 } },
	    { r, "client 2", 0, 0, { 0 } } };

	if (r->r_hw->h_class != HID)
		modem_mode(r, r->r_node);
	for (size_t i = 0; i < COUNT(ra); i++) {
		if (pthread_create(&ra[i].ra_thread, NULL, race, &ra[i]) != 0)
			broken(r, "no thread");
	}
	for (size_t i = 0; i < COUNT(ra); i++)
		pthread_join(ra[i].ra_thread, NULL);
	race_results(r, ra, COUNT(ra));
	if (driver_calls(r, calls, sizeof(calls)))
		outcome_set(r, "driver", "%s", strlen(calls) + 64 >
		    sizeof(calls) ? "too much to look at" : balance(calls));
	outcome(r, "open afterwards", call_open(r, "client", r->r_node,
	    O_RDWR | O_NONBLOCK));
}

static const struct expect reopen_race_expect[] = {
	{ "results", TTY, ALL, "opened", "all of them: nobody is told of "
	  "another's close" },
	{ "results", HID, KERNEL, "opened", L_HIDRAW },
	{ "results", HID, LINUX, "opened", L_HIDRAW, "opened EBUSY", IS_UHID },
	{ "results", HID, BSDS, "opened|opened EBUSY", N_UHID "; FreeBSD "
	  "hidraw.c, usb_dev.c: one at a time" },
	{ "driver", ANY, FREEBSD, "balanced|closes in a row",
	  "FreeBSD devfs_vnops.c: the count falls after d_close" },
	{ "driver", ANY, DEVSWD, "balanced", N_SPEC "; Linux tty_io.c, "
	  "tty_lock" },
	{ "open afterwards", ANY, ALL, "opened", "all of them" },
	{ NULL }
};

static const struct reading reopen_race_reading[] = {
	{ "src-netbsd", ANY, "a failed reopen that is the last reference "
	  "closes", "spec_vnops.c spec_open", false },
	{ "src-netbsd-legacy", ANY, "lost: d_close may never be called",
	  "NetBSD 7 spec_vnops.c spec_open", true },
	{ "src-freebsd", TTY, "TF_OPENCLOSE serializes", "tty.c", false },
	{ "src-freebsd-trackclose", HID, "the enumeration lock serializes",
	  "usb_dev.c", false },
	{ "src-openbsd", ANY, "not serialized by specfs", "spec_vnops.c",
	  false },
	{ NULL }
};

/* ---- signals --------------------------------------------------------- */

/* A read that gets a signal; the call, which may wait on. */
static struct call *
signalled(struct run *r, int fd, size_t size, bool restart)
{
	struct call *const c = call_read(r, "reader", fd, size);

	signals(r, restart);
	if (!call_blocked(r, c))
		broken(r, "the read does not wait");
	event(r, restart ? "SIGUSR1, SA_RESTART" : "SIGUSR1");
	call_signal(c);
	return c;
}

static void
part_read(struct run *r, int far, int fd)
{
	struct termios mode;

	if (tcgetattr(fd, &mode) == -1)
		broken(r, "tcgetattr: %s", strerror(errno));
	mode.c_cc[VMIN] = 10;
	if (tcsetattr(fd, TCSANOW, &mode) == -1)
		broken(r, "tcsetattr: %s", strerror(errno));
	far_write(r, far, 3);
	/* With VMIN a poll(2) of some systems waits for that many. */
	for (int n = 0, i = 0; n < 3 && i < 1000; i++) {
		if (ioctl(fd, FIONREAD, &n) == -1)
			broken(r, "FIONREAD: %s", strerror(errno));
		pause_ms(2);
	}
	outcome(r, "3 of 10 are there", signalled(r, fd, 10, false));
	mode.c_cc[VMIN] = 0;
	(void)tcsetattr(fd, TCSANOW, &mode);
	outcome(r, "read afterwards", call_read(r, "reader", fd, 10));
}

static void
signal_read(struct run *r)
{
	const int far = far_open(r), fd = must_open(r, O_RDWR);
	struct call *c;

	outcome(r, "read", signalled(r, fd, 64, false));
	c = signalled(r, fd, 64, true);
	outcome_now(r, "read, SA_RESTART", c);
	if (!call_ended(c, 0)) {
		far_write(r, far, r->r_hw->h_class == HID ? REPORT : 1);
		outcome(r, "read of what comes", c);
	}
	if (r->r_hw->h_class != HID)
		part_read(r, far, fd);
}

#define	NO_RESTART "FUSE ends a call with EINTR, which no kernel restarts"

static const struct expect signal_read_expect[] = {
	{ "read", ANY, ALL, "EINTR", "all of them" },
	{ "read, SA_RESTART", ANY, KERNEL, "waits", "Linux n_tty.c, hidraw.c: "
	  "ERESTARTSYS" },
	{ "read, SA_RESTART", ANY, DEVSWD, "waits", "all of them: ERESTART",
	  "EINTR", NO_RESTART },
	{ "read of what comes", TTY, ALL, "1", "all of them" },
	{ "read of what comes", HID, ALL, "8", "all of them" },
	{ "3 of 10 are there", TTY, KERNEL, "3", "Linux n_tty.c, n_tty_read" },
	{ "3 of 10 are there", TTY, LINUX, "3", "Linux n_tty.c, n_tty_read",
	  "EINTR", "the line discipline is NetBSD's in all semantics" },
	{ "3 of 10 are there", TTY, NETBSDS, "EINTR", "NetBSD tty.c, ttread: "
	  "they stay in the queue" },
	{ "3 of 10 are there", TTY, FREEBSDS, "3", "FreeBSD tty_ttydisc.c, "
	  "ttydisc_read_raw_no_timer", "EINTR", "the line discipline is "
	  "NetBSD's in all semantics" },
	{ "read afterwards", TTY, KERNEL, "0", "they have been read" },
	{ "read afterwards", TTY, NETBSDS, "3", "NetBSD tty.c, ttread" },
	{ "read afterwards", TTY, FREEBSDS|LINUX, "0", "they have been read",
	  "3", "the line discipline is NetBSD's in all semantics; nothing is "
	  "lost" },
	{ NULL }
};

static const struct reading signal_read_reading[] = {
	{ "src-netbsd", ANY, "EINTR, or restarted with SA_RESTART; what a "
	  "terminal has too little of for VMIN stays in its queue",
	  "tty.c ttread, uhid.c", false },
	{ "src-netbsd-legacy", ANY, "the same", "tty.c ttread, uhid.c",
	  false },
	{ "src-freebsd", TTY, "EINTR, or restarted with SA_RESTART; partial "
	  "data wins; open(2) always EINTR", "tty_ttydisc.c, devfs_vnops.c",
	  false },
	{ "src-freebsd-trackclose", HID, "EINTR, or restarted with "
	  "SA_RESTART", "usb_dev.c", false },
	{ "src-openbsd", ANY, "EINTR, or restarted with SA_RESTART",
	  "tty.c ttread", false },
	{ NULL }
};

const struct scenario scenarios_open[] = {
	{ .sc_number = 1, .sc_name = "open-no-hardware",
	  .sc_title = "An open without hardware",
	  .sc_text = "The plug is pulled, nobody has the node open.  What an "
	  "open of its name gives, and one of another node with the same "
	  "device number, as in a /dev that is not made by the system.",
	  .sc_actors = "client,plug",
	  .sc_class = ANY, .sc_systems = ALL,
	  .sc_run = open_no_hardware, .sc_expect = open_no_hardware_expect,
	  .sc_reading = open_no_hardware_reading },
	{ .sc_number = 2, .sc_name = "first-open",
	  .sc_title = "A blocking dial-in open without carrier",
	  .sc_text = "CLOCAL is off and the far end closed.  Does the open "
	  "wait for carrier?  Can dial-out have the line meanwhile?  Then the "
	  "far end opens.  (The emulated FTDI adapter always has carrier.)",
	  .sc_actors = "dial-in,dial-out",
	  .sc_class = ANY, .sc_systems = ALL,
	  .sc_run = first_open, .sc_expect = first_open_expect,
	  .sc_reading = first_open_reading },
	{ .sc_number = 3, .sc_name = "second-open",
	  .sc_title = "A second open",
	  .sc_text = "While one client has the node open another one opens "
	  "it: of a terminal also after TIOCEXCL, as root and as the node's "
	  "owner; of a HID one for reading and one for writing.",
	  .sc_actors = "client,client 2",
	  .sc_class = ANY, .sc_systems = ALL, .sc_quick = true,
	  .sc_run = second_open, .sc_expect = second_open_expect,
	  .sc_reading = second_open_reading },
	{ .sc_number = 6, .sc_name = "open-during-close",
	  .sc_title = "An open while the last close waits for output",
	  .sc_text = "The far end takes nothing, so the close has output to "
	  "send.  Another client opens the line.  Then the far end reads.",
	  .sc_actors = "client,closer,opener,far end",
	  .sc_class = ACM, .sc_systems = ALL, .sc_why_not = ONE_FAR,
	  .sc_run = open_during_close, .sc_expect = open_during_close_expect,
	  .sc_reading = open_during_close_reading, .sc_deadline_s = 60 },
	{ .sc_number = 8, .sc_name = "carrier-open-revoke",
	  .sc_title = "An open waits for carrier; the node is revoked",
	  .sc_text = "A dial-in open waits.  Another client opens the node "
	  "without waiting, and closes it; then root revokes it; then there "
	  "is carrier.",
	  .sc_actors = "dial-in,client,root,far end",
	  .sc_class = ACM, .sc_systems = DEVSWD,
	  .sc_why_not = "opens wait for carrier only with a driver and an "
	  "adapter that say that there is none: not with Linux's cdc-acm and "
	  "ftdi_sio, nor with the emulated FTDI adapter",
	  .sc_run = carrier_open_revoke,
	  .sc_expect = carrier_open_revoke_expect,
	  .sc_reading = carrier_open_revoke_reading },
	{ .sc_number = 25, .sc_name = "reopen-race",
	  .sc_title = "Two threads open and close for a while",
	  .sc_text = "For two seconds.  All results there were; and in the "
	  "driver each close has to be one of an open, and the end closed.",
	  .sc_actors = "client 1,client 2,client",
	  .sc_class = ANY, .sc_systems = ALL,
	  .sc_run = reopen_race, .sc_expect = reopen_race_expect,
	  .sc_reading = reopen_race_reading },
	{ .sc_number = 28, .sc_name = "signal-read",
	  .sc_title = "A signal comes while a read waits",
	  .sc_text = "A handler without and with SA_RESTART; and a read of 10 "
	  "characters (VMIN) when 3 have come.",
	  .sc_actors = "client,reader,far end",
	  .sc_class = ANY, .sc_systems = ALL,
	  .sc_run = signal_read, .sc_expect = signal_read_expect,
	  .sc_reading = signal_read_reading },
	{ .sc_name = NULL }
};
