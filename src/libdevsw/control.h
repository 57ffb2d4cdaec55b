/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control.h - what goes over the control socket of a devswd.
 *
 * A datagram each way over AF_NETLINK, NETLINK_USERSOCK, between the client's
 * port and the daemon's, whose number is in /run/devsw/devswd-MAJOR.ctl, MAJOR
 * being the major number of the daemon's nodes; so whoever has a node knows the
 * port.  The client sends one request, and gets one answer or, if its
 * text is long, as many as have CONTROL_MORE and one without, all with the
 * cookie of the request.  Both ends are on one machine: host byte order.
 *
 * Why not AF_UNIX: over that anybody can send the daemon a descriptor, wanted
 * or not, and to receive it, to leave it unread or to close the socket each
 * ends in the last close of a file that can be the sender's own (a FUSE file
 * that is never written back), in which the daemon then stays for ever, deaf
 * to SIGKILL.  Netlink refuses SCM_RIGHTS in the sender (EINVAL), and tells
 * who the sender is (SCM_CREDENTIALS) just the same.  There is no connection
 * either, so nobody can hold one.
 *
 * So names are resolved by the client, with its own rights, root and working
 * directory, and the request has what was found: CONTROL_REVOKE,
 * CONTROL_NODE and CONTROL_TRACE the number of the device, CONTROL_MODLOAD the
 * absolute path of the file, and its number, by which the daemon sees whether
 * the path means the same file to it.
 *
 * CONTROL_EVENTS is answered when something has happened, or after some
 * seconds: lines of JSON, the last of which is a "ping" with the number to ask
 * from next ("seq").  That to UINT64_MAX comes at once.  CONTROL_TRACE is the
 * same for one node; who asks again at once misses nothing that is kept, and is
 * told how much was not.
 *
 * Netlink does not tell supplementary groups.  Who is in the group that sees
 * what users do can read a file with a number beside that of the port (".key"),
 * and his questions have it.
 *
 * A port ends with its daemon, and could be somebody else's then.  The file
 * belongs to the daemon's user, and a client believes only answers of his.
 *
 * CONTROL_CLAIMS has the claims that devswctl(8) has made, one a line: it writes
 * them there, as root, for "devswd --claimed", by which udev gives the service
 * the right to a device.  The daemon does not: what its user could write there
 * would be its own right to any device.  So it is not in CONTROL_DIR either.
 *
 * Known gap: netlink ends at the network namespace; a client in another one
 * finds no daemon.
 */
#ifndef LIBDEVSW_CONTROL_H
#define LIBDEVSW_CONTROL_H

#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>

#define	CONTROL_DIR	"/run/devsw"
#define	CONTROL_FILE	"/run/devsw/devswd-%u.ctl"
#define	CONTROL_GLOB	"/run/devsw/devswd-*.ctl"
#define	CONTROL_CLAIMS	"/run/devsw.claims"

#define	CONTROL_VERSION	3

#define	CONTROL_PING	0	/* is there a daemon?  Has no answer */
#define	CONTROL_REVOKE	1
#define	CONTROL_STATUS	2	/* the answer's text is JSON */
#define	CONTROL_MODLOAD	3	/* root only; its text may say why not */
#define	CONTROL_MODUNLOAD 4	/* root only; the name is cr_text */
#define	CONTROL_LIST	5	/* JSON: what is plugged in */
#define	CONTROL_NODE	6	/* JSON: all about a node */
#define	CONTROL_EVENTS	7	/* lines of JSON: what happens; waits for it */
#define	CONTROL_RELOAD	8	/* root only; the text says what was done */
#define	CONTROL_CLAIM	9	/* root only: take what cr_text, a claim,
				   names, for now; the text says what that
				   is, or what is wrong */
#define	CONTROL_RELEASE	10	/* root only: give back what the claim takes
				   whose text or name is cr_text */
#define	CONTROL_DETACH	11	/* root only: take what is plugged in at the port
				   cr_text from its drivers */
#define	CONTROL_ATTACH	12	/* root only: let them have it again */
#define	CONTROL_TRACE	13	/* lines of JSON: the calls of a node's driver;
				   waits for them */
#define	CONTROL_UPGRADE	14	/* root only: end for the next devswd */
#define	CONTROL_LAST	CONTROL_UPGRADE

struct control_request {
	uint32_t	cr_version;
	uint32_t	cr_what;
	uint64_t	cr_cookie;
	uint32_t	cr_major;	/* REVOKE, NODE, TRACE: the device */
	uint32_t	cr_minor;
	union {
		uint64_t cr_dev;	/* MODLOAD: the file */
		uint64_t cr_after;	/* EVENTS, TRACE: those after this
					   number; UINT64_MAX: from now on */
		uint64_t cr_check;	/* CLAIM: 1, only say what is wrong */
	};
	union {
		uint64_t cr_ino;	/* MODLOAD */
		uint64_t cr_key;	/* STATUS, LIST, NODE, EVENTS, TRACE:
					   the number in the group's file; 0:
					   it is not ours to read */
	};
	char		cr_text[4096];	/* ends with a NUL */
};

#define	CONTROL_MORE	0x1

struct control_answer {
	uint32_t	ca_version;
	int32_t		ca_error;	/* errno */
	uint64_t	ca_cookie;
	uint32_t	ca_flags;
#define	CONTROL_TEXT	(4096 - 20)
	char		ca_text[CONTROL_TEXT];	/* the rest of the packet */
};
#define	CONTROL_HEAD	offsetof(struct control_answer, ca_text)

/* A client's end. */
struct control {
	int		 co_fd;
	uid_t		 co_owner;	/* the daemon's user */
	uint64_t	 co_cookie;	/* of the request */
	uint64_t	 co_key;	/* 0: not ours to read */
};

/*
 * error = control_connect(&control, path)
 *
 *	errno: ENOENT or ECONNREFUSED, no daemon.  Otherwise a daemon was
 *	there a moment ago, and control_close is due.
 */
int	control_connect(struct control *, const char *);
void	control_close(struct control *);

/*
 * error = control_ask(&control, &request)
 *
 *	Send a request; version, cookie and key are filled in.  errno:
 *	ECONNREFUSED, the daemon has ended.
 */
int	control_ask(struct control *, struct control_request *);

/*
 * error = control_answer(&control, &answer, &textlen)
 *
 *	The next answer; the error is the daemon's, which may have a text
 *	too, or EPROTO for one that cannot be understood, ECONNRESET for
 *	none, because the daemon has ended (textlen is 0).  Sleeps.
 */
int	control_answer(struct control *, struct control_answer *, size_t *);

/*
 * error = control_post(&control, &request)
 * error = control_take(&control, &answer, &textlen)
 *
 *	The same as the two before, for who has other things to do: they do not
 *	wait.  EAGAIN: the daemon has too much to do; no answer is there, and
 *	co_fd is readable when there is one.  Whether the daemon lives has to
 *	be asked for by control_check.
 *
 * error = control_check(&control)
 *
 *	errno: ECONNREFUSED, the daemon has ended, and what it has said before
 *	has been read.
 */
int	control_post(struct control *, struct control_request *);
int	control_take(struct control *, struct control_answer *, size_t *);
int	control_check(const struct control *);

#endif /* LIBDEVSW_CONTROL_H */
