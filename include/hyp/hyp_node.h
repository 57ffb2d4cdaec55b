/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hyp_node.h - device nodes: the front end (H) above, specfs (K) below.
 *
 * Up-calls (H -> K, defined in src/kernel/specfs/hyp_node.c) are the system
 * calls of a client on a device node.  Down-calls (K -> H, defined in
 * src/devswd/front) make nodes and wake pollers.
 *
 * A struct hyp_node is K's: one name and one dev_t, made once and never
 * freed while the daemon runs, because nodes are static as in BSD.  A
 * struct hyp_file is K's too: one open file description.
 *
 * Operations run on the host thread that makes the up-call, bracketed by
 * hyp_lwp_enter and hyp_lwp_exit, and may sleep for ever (a read of a tty),
 * until hyp_lwp_interrupt.  All results are Linux errno values in 0..133:
 * ERESTART never leaves K (an interrupted operation ends with EINTR, any
 * other restart happens inside), ENOSYS never does.
 */
#ifndef HYP_HYP_NODE_H
#define HYP_HYP_NODE_H

#include <stddef.h>
#include <stdint.h>

struct hyp_node;
struct hyp_file;
struct hyp_lwp;

/*
 * Who asks.  groups are the supplementary ones, of which HYP_NGROUPS are kept:
 * with that many there may be more.
 */
#define	HYP_NGROUPS	64

struct hyp_cred {
	uint32_t	 hc_uid;
	uint32_t	 hc_gid;
	int32_t		 hc_pid;
	uint32_t	 hc_ngroups;
	const uint32_t	*hc_groups;
};

/* Open and I/O flags. */
#define	HYP_F_READ	0x1
#define	HYP_F_WRITE	0x2
#define	HYP_F_NONBLOCK	0x4
#define	HYP_F_AGAIN	0x10	/* of a file that was open in the process before
				   this one: hyp_node_open only */
#define	HYP_F_CONT	0x8	/* a later piece of one big read or write: a
				   read takes what is there and never sleeps */

/* Poll bits: Linux's EPOLL* values, which are poll(2)'s. */
#define	HYP_POLLIN	0x0001
#define	HYP_POLLPRI	0x0002
#define	HYP_POLLOUT	0x0004
#define	HYP_POLLERR	0x0008
#define	HYP_POLLHUP	0x0010
#define	HYP_POLLRDNORM	0x0040
#define	HYP_POLLRDBAND	0x0080
#define	HYP_POLLWRNORM	0x0100
#define	HYP_POLLWRBAND	0x0200

/* ---- up-calls: lwps ------------------------------------------------- */

/*
 * l = hyp_lwp_enter(cred)
 *
 *	The calling host thread becomes an lwp that acts for cred, with no
 *	interrupt pending.  cred is copied.  Must be paired with
 *	hyp_lwp_exit on the same thread, not nested.  Does not block.
 */
struct hyp_lwp *hyp_lwp_enter(const struct hyp_cred *);

/*
 * hyp_lwp_nosleep(l)
 *
 *	From now until hyp_lwp_exit a call that would sleep interruptibly ends
 *	with EAGAIN.  For the last thread of the front end, which must stay
 *	able to take INTERRUPT and RELEASE requests.  Own thread only.
 */
void	hyp_lwp_nosleep(struct hyp_lwp *);

/*
 * hyp_lwp_interrupt(l)
 *
 *	Post an interrupt: a present or the next interruptible sleep of l
 *	ends with EINTR.  Any thread; the caller must know that l has not
 *	passed hyp_lwp_exit.  Does not block.
 */
void	hyp_lwp_interrupt(struct hyp_lwp *);

/*
 * hyp_lwp_exit(l)
 */
void	hyp_lwp_exit(struct hyp_lwp *);

/* ---- up-calls: operations on nodes and files ------------------------ */

/*
 * error = hyp_node_open(node, flags, hostfile, &file)
 *
 *	open(2).  flags are HYP_F_READ, _WRITE, _NONBLOCK.  hostfile is what
 *	hyp_file_pollwake will be called with.  Sleeps (carrier, a close in
 *	progress).  ENXIO no hardware, EBUSY exclusive, EAGAIN a close in
 *	progress that _NONBLOCK does not wait for, EINTR, EIO, EBADF
 *	revoked meanwhile, what hyp_node_access says, and the driver's.
 */
int	hyp_node_open(struct hyp_node *, int, void *, struct hyp_file **);

/*
 * error = hyp_file_read(file, buf, len, flags, &done)
 * error = hyp_file_write(file, buf, len, flags, &done)
 *
 *	read(2), write(2).  flags: HYP_F_NONBLOCK, HYP_F_CONT.  *done is
 *	how many bytes were moved, also with an error.  EINTR and EAGAIN
 *	only if none were; any other error of a driver is the call's,
 *	whatever it has moved.
 */
int	hyp_file_read(struct hyp_file *, void *, size_t, int, size_t *);
int	hyp_file_write(struct hyp_file *, const void *, size_t, int, size_t *);

/*
 * error = hyp_ioctl_size(cmd, &insize, &outsize, &outoff)
 *
 *	How many bytes behind the argument pointer a Linux ioctl command
 *	reads, and how many it writes at most; both 0 if the argument is no
 *	pointer.  What it writes begins outoff bytes behind it.  Unknown
 *	commands whose number carries direction and size are sized by that.
 *	ENOTTY: a command that nothing here understands.  Does not sleep.
 */
int	hyp_ioctl_size(uint32_t, size_t *, size_t *, size_t *);

/*
 * error = hyp_file_ioctl(file, cmd, arg, in, insize, out, &outsize, &result)
 *
 *	ioctl(2) with a Linux command.  arg is the argument as a number; in
 *	and out are the bytes behind it, with exactly the sizes that
 *	hyp_ioctl_size gave for cmd.  If the error is 0, result is what
 *	ioctl(2) returns, and outsize how much of out is the answer: the
 *	client's memory behind that is not the daemon's.  &outsize may be
 *	NULL if it is 0.  Sleeps (TCSBRK, TCSETSW).
 */
int	hyp_file_ioctl(struct hyp_file *, uint32_t, uint64_t, const void *,
	    size_t, void *, size_t *, int *);

/*
 * revents = hyp_file_poll(file, events, wait)
 *
 *	poll(2) on one file: what of events (HYP_POLL*) holds now.  If wait is
 *	not 0, hyp_file_pollwake(hostfile) is called at least once when that
 *	may have changed, possibly before this returns.  Never sleeps.
 */
uint32_t hyp_file_poll(struct hyp_file *, uint32_t, int);

/*
 * hyp_file_close(file, flags)
 *
 *	The last close(2) of an open file.  flags: HYP_F_NONBLOCK, as the file
 *	has it now, whatever it was opened with: the driver does not wait for
 *	what was written, but drops it.  Sleeps for as long as the
 *	driver's close may (output that drains), in bounded time; so a front
 *	end answers its client when hyp_file_closing tells it to, and at the
 *	latest afterwards.  After it returned there is no further
 *	hyp_file_pollwake for the file.
 */
void	hyp_file_close(struct hyp_file *, int);

/*
 * hyp_node_dead(node, tty, &dead)
 *
 *	What calls on a revoked file of the node get, by the semantics of its
 *	next first open; or if node is NULL of any, a terminal's or not, by the
 *	daemon's.  For a front end that is asked for a file that is not open
 *	(any more).  A close is 0; a poll has what is asked for of hd_asked, and
 *	hd_always.  Any thread; does not sleep.
 */
struct hyp_dead {
	int		hd_read;	/* 0: end of file */
	int		hd_write;
	int		hd_ioctl;
	uint32_t	hd_asked;
	uint32_t	hd_always;
};
void	hyp_node_dead(struct hyp_node *, int, struct hyp_dead *);

/*
 * yes = hyp_file_alive(file)
 *
 *	Is it no dead file?  Does not sleep.
 */
int	hyp_file_alive(struct hyp_file *);

/*
 * error = hyp_node_revoke(node)
 *
 *	revoke(2) by somebody who may: every open file of the node's dev_t
 *	becomes a dead file.  EOPNOTSUPP: the semantics are those of a system
 *	without revoke.  Returns when the driver's close has finished,
 *	or, if it does not, after the deadline.
 */
int	hyp_node_revoke(struct hyp_node *);

/*
 * hyp_node_getstat(node, &stat)
 *
 *	How things stand; a moment's picture.  Any thread.
 */
struct hyp_node_stat {
	uint32_t	hs_opens;	/* of all its vnodes */
	uint32_t	hs_calls;	/* in the driver */
	uint8_t		hs_attached;	/* there is hardware */
	uint8_t		hs_closing;	/* d_cancel to d_close */
	uint8_t		hs_stuck;	/* that for longer than the deadline */
	uint8_t		hs_token;	/* the hardware is a security key */
	int32_t		hs_iface;	/* of the adapter; -1: the whole of it */
	int32_t		hs_part;	/* which of several there, such as a
					   HID's report ID; -1: the only one */
	char		hs_place[64];	/* hyp_usb_info's hi_path of the adapter;
					   "": none */
	char		hs_driver[16];	/* which device sits there: "uftdi0" */
	char		hs_device[16];	/* whose node it is: "ucom0" */
	char		hs_semantics[20]; /* of what is open; "": nothing */
	char		hs_next[20];	/* the next first open's */
};
void	hyp_node_getstat(struct hyp_node *, struct hyp_node_stat *);

/*
 * error = hyp_node_pin(driver, unit)
 *
 *	Keep this unit number of the driver ("ucom") for devices whose
 *	hi_unit names it, and make its nodes now.  If one cannot be made the
 *	others are.  Pinned already: what could not be made is tried again.
 *	EINVAL no such driver, and hyp_node_create's, who has logged it.
 *
 * hyp_node_unpin(driver, unit)
 *
 *	It is for any device again, when none has it.  Its nodes stay.
 */
int	hyp_node_pin(const char *, uint32_t);
void	hyp_node_unpin(const char *, uint32_t);

/*
 * hyp_nodes_again()
 *
 *	Try once more to make the nodes that could not be made, of pinned
 *	units and of devices that have attached.  hyp_node_create logs what
 *	fails again.  Sleeps as that does.
 */
void	hyp_nodes_again(void);

/*
 * error = hyp_set_semantics(name)
 * name = hyp_semantics()
 * names = hyp_semantics_list()
 *
 *	Which system's close, revoke and unplug the nodes have, "netbsd" if
 *	nobody says; before the first open.  EINVAL: none of those in the
 *	list, which is for people.
 */
/* As numbers, in their order: what the configuration says of a device. */
#define	HYP_SEMANTICS_NETBSD		1
#define	HYP_SEMANTICS_NETBSD_LEGACY	2
#define	HYP_SEMANTICS_FREEBSD		3
#define	HYP_SEMANTICS_FREEBSD_TRACKCLOSE 4
#define	HYP_SEMANTICS_LINUX		5
#define	HYP_SEMANTICS_LIST						\
	"netbsd, netbsd-legacy, freebsd, freebsd-trackclose, linux"
int	hyp_set_semantics(const char *);
const char *hyp_semantics(void);
const char *hyp_semantics_list(void);

/*
 * error = hyp_set_tty_defaults(name)
 *
 *	The mode of serial nodes that nobody has set, "linux" (if nobody says)
 *	or "bsd"; before the first device.  EINVAL: neither of these.
 */
int	hyp_set_tty_defaults(const char *);

/* ---- down-calls: the front end ------------------------------------- */

/* Owner and mode of a new node: a class of devices, mapped by the daemon's
   configuration (default root:dialout 0660 for HYP_NODE_TTY, root:root 0600
   for HYP_NODE_HID, root:lp 0660 for HYP_NODE_LP, root:root 0600 for
   HYP_NODE_USB). */
#define	HYP_NODE_OTHER	0
#define	HYP_NODE_TTY	1
#define	HYP_NODE_HID	2
#define	HYP_NODE_LP	3	/* a printer */
#define	HYP_NODE_USB	4	/* a whole device, as it is */

/*
 * error = hyp_node_create(node, name, class, minor, &host)
 *
 *	Make /dev/name for node, with the front end's own major and a minor
 *	that is unique over all nodes.  *host identifies the node in
 *	hyp_node_access.  Blocks for a short time; no lock may be held.
 *	EEXIST name taken, ENODEV no CUSE, EACCES not permitted, ENOMEM.
 *	The front end has logged what to do about it.
 */
int	hyp_node_create(struct hyp_node *, const char *, int, uint32_t,
	    void **);

/*
 * error = hyp_node_access(host, cred, flags)
 *
 *	Would open(2) of the node as it is now (owner, group, mode, ACL) be
 *	allowed for cred with flags, and while udev may yet change a new node,
 *	also if it were as it should be?  Asked by every open.  0 or EACCES;
 *	ENOENT if the node is gone.  Does not sleep for long; no lock may be
 *	held.
 */
int	hyp_node_access(void *, const struct hyp_cred *, int);

/*
 * hyp_node_stuck(host)
 *
 *	A driver has let its deadline pass: calls on this node that run now
 *	may never end.  They are interrupted, and the front end answers for
 *	those that do not end at once.  No lock held; does not sleep for
 *	long.
 */
void	hyp_node_stuck(void *);

/*
 * hyp_node_changed(host)
 *
 *	The node's hardware has been attached, or has left (its calls and
 *	closes may go on): hyp_node_getstat says which counts now.  No lock
 *	held; does not sleep for long, and does not call up.
 */
void	hyp_node_changed(void *);

/*
 * hyp_file_closing(hostfile)
 *
 *	From hyp_file_close, once and by its own thread: the driver knows of
 *	the close, so whoever opens the device now waits for that, and is not
 *	told that it is busy.  The client may go on.  No lock held; does not
 *	sleep for long.
 */
void	hyp_file_closing(void *);

/*
 * hyp_file_pollwake(hostfile)
 *
 *	Somebody who polls the file should ask again.  Called with K locks
 *	held: must not call up, must not block.
 */
void	hyp_file_pollwake(void *);

#endif /* HYP_HYP_NODE_H */
