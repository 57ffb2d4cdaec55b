/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control.h - what goes over the control socket of a devswd.
 *
 * The socket is AF_UNIX, SOCK_SEQPACKET, /run/devswd-MAJOR.sock, MAJOR being
 * the major number of the daemon's nodes; so whoever has a node knows the
 * socket.  The client sends one request, and gets one answer or, to
 * CONTROL_STATUS, as many as have CONTROL_MORE and one without.  Then the
 * daemon closes.  Both ends are on one machine: host byte order.
 *
 * CONTROL_REVOKE comes with one descriptor (SCM_RIGHTS), opened O_PATH by
 * the client: names are resolved by who uses them, with its own rights, root
 * and working directory.  CONTROL_MODLOAD comes with the shared object, for
 * the same reason, and CONTROL_MODUNLOAD with the module's name in cr_text.
 */
#ifndef LIBDEVSW_CONTROL_H
#define LIBDEVSW_CONTROL_H

#include <stddef.h>
#include <stdint.h>

#define	CONTROL_SOCKET	"/run/devswd-%u.sock"
#define	CONTROL_GLOB	"/run/devswd-*.sock"

#define	CONTROL_VERSION	2

#define	CONTROL_REVOKE	1
#define	CONTROL_STATUS	2	/* the answer's text is JSON */
#define	CONTROL_MODLOAD	3	/* root only; its text may say why not */
#define	CONTROL_MODUNLOAD 4	/* root only */

struct control_request {
	uint32_t	cr_version;
	uint32_t	cr_what;
	char		cr_text[32];	/* ends with a NUL */
};

#define	CONTROL_MORE	0x1

struct control_answer {
	uint32_t	ca_version;
	int32_t		ca_error;	/* errno */
	uint32_t	ca_flags;
	char		ca_text[4096 - 12];	/* what is left of the packet */
};
#define	CONTROL_HEAD	offsetof(struct control_answer, ca_text)

/*
 * fd = control_connect(path)
 *
 *	-1 with errno: ENOENT or ECONNREFUSED, no daemon.
 */
int	control_connect(const char *);

/*
 * error = control_ask(fd, what, passed, text)
 *
 *	Send a request, with the descriptor unless it is -1 and the text
 *	unless it is NULL.  errno: ENAMETOOLONG, the text has no room.
 */
int	control_ask(int, uint32_t, int, const char *);

/*
 * error = control_answer(fd, &answer, &textlen)
 *
 *	The next answer; the error is the daemon's, which may have a text
 *	too, or EPROTO for one that cannot be understood, ECONNRESET for
 *	none (textlen is 0).  Sleeps.
 */
int	control_answer(int, struct control_answer *, size_t *);

#endif /* LIBDEVSW_CONTROL_H */
