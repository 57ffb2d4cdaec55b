/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control.c - the client's side of the control port; see control.h.
 *
 * Model
 *	Nobody tells a netlink socket that its peer has gone.  So who waits
 *	for an answer asks once in a while whether the port is there; also one
 *	whose timer interrupts him more often than that.
 */
#include <sys/socket.h>
#include <sys/stat.h>
#include <linux/netlink.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "libdevsw/control.h"

#define	ASK_AGAIN	1	/* s */

/* errno: the port that the file names, and whose file it is. */
static int
read_port(const char *path, uint32_t *port, uid_t *owner)
{
	struct stat st;
	char buf[16];
	ssize_t n;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd == -1)
		return errno;
	n = fstat(fd, &st) == -1 ? -1 : read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (n == -1)
		return EPROTO;
	buf[n] = '\0';
	*port = (uint32_t)strtoul(buf, NULL, 10);
	*owner = st.st_uid;
	/* Port 0 is the kernel. */
	return *port != 0 ? 0 : ECONNREFUSED;
}

/* The group's key, if it is ours to read, and the daemon's; or 0. */
static uint64_t
read_key(const char *path, uid_t owner)
{
	char file[256], buf[32];
	struct stat st;
	ssize_t n;
	int fd;

	if (snprintf(file, sizeof(file), "%s.key", path) >= (int)sizeof(file))
		return 0;
	fd = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd == -1)
		return 0;
	n = fstat(fd, &st) == -1 || !S_ISREG(st.st_mode) ||
	    st.st_uid != owner ? -1 : read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (n == -1)
		return 0;
	buf[n] = '\0';
	return strtoull(buf, NULL, 16);
}

static int
has_key(uint32_t what)
{

	switch (what) {
	case CONTROL_STATUS:
	case CONTROL_LIST:
	case CONTROL_NODE:
	case CONTROL_EVENTS:
	case CONTROL_TRACE:
		return 1;
	default:
		return 0;
	}
}

/* errno; flags are send(2)'s. */
static int
send_request(const struct control *co, const struct control_request *cr,
    int flags)
{
	const struct ucred me = { getpid(), geteuid(), getegid() };
	union {
		struct cmsghdr	head;
		char		room[CMSG_SPACE(sizeof(me))];
	} control;
	struct iovec iov = { (void *)(uintptr_t)cr, sizeof(*cr) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = &control, .msg_controllen = sizeof(control.room) };
	struct cmsghdr *cm;
	ssize_t n;

	/* The kernel's own word would be the real uid, not the effective. */
	memset(&control, 0, sizeof(control));
	cm = CMSG_FIRSTHDR(&msg);
	cm->cmsg_level = SOL_SOCKET;
	cm->cmsg_type = SCM_CREDENTIALS;
	cm->cmsg_len = CMSG_LEN(sizeof(me));
	memcpy(CMSG_DATA(cm), &me, sizeof(me));
	do {
		n = sendmsg(co->co_fd, &msg, flags | MSG_NOSIGNAL);
	} while (n == -1 && errno == EINTR);
	return n == -1 ? errno : 0;
}

/* errno: ECONNREFUSED if the daemon has ended.  Does not wait. */
static int
ping(const struct control *co)
{
	struct control_request cr;
	int error;

	memset(&cr, 0, sizeof(cr));
	cr.cr_version = CONTROL_VERSION;
	cr.cr_what = CONTROL_PING;
	error = send_request(co, &cr, MSG_DONTWAIT);
	return error == EAGAIN ? 0 : error;	/* it has much to do */
}

int
control_connect(struct control *co, const char *path)
{
	const struct timeval again = { .tv_sec = ASK_AGAIN };
	struct sockaddr_nl snl = { .nl_family = AF_NETLINK };
	const int on = 1;
	int error;

	error = read_port(path, &snl.nl_pid, &co->co_owner);
	if (error != 0)
		return error;
	co->co_fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC,
	    NETLINK_USERSOCK);
	if (co->co_fd == -1)
		return errno;
	/* Connected, it takes nobody else's packets. */
	if (setsockopt(co->co_fd, SOL_SOCKET, SO_PASSCRED, &on,
	    sizeof(on)) == -1 ||
	    setsockopt(co->co_fd, SOL_SOCKET, SO_RCVTIMEO, &again,
	    sizeof(again)) == -1 ||
	    connect(co->co_fd, (struct sockaddr *)&snl, sizeof(snl)) == -1)
		error = errno;
	else
		error = ping(co);
	if (error != 0)
		control_close(co);
	else
		co->co_key = read_key(path, co->co_owner);
	return error;
}

void
control_close(struct control *co)
{

	close(co->co_fd);
	co->co_fd = -1;
}

static void
prepare(struct control *co, struct control_request *cr)
{
	struct timespec now;

	/* Another client may have had this port, and its answer be late. */
	clock_gettime(CLOCK_MONOTONIC, &now);
	co->co_cookie = (uint64_t)now.tv_sec * 1000000000 +
	    (uint64_t)now.tv_nsec;
	cr->cr_version = CONTROL_VERSION;
	cr->cr_cookie = co->co_cookie;
	if (has_key(cr->cr_what))
		cr->cr_key = co->co_key;
}

int
control_ask(struct control *co, struct control_request *cr)
{

	prepare(co, cr);
	return send_request(co, cr, 0);
}

/* n of recvmsg; is it the daemon's?  *mine: yes. */
static ssize_t
receive(const struct control *co, struct control_answer *ca, int flags,
    int *mine)
{
	struct iovec iov = { ca, sizeof(*ca) };
	struct ucred from;
	union {
		struct cmsghdr	head;
		char		room[CMSG_SPACE(sizeof(from))];
	} control;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = &control, .msg_controllen = sizeof(control.room) };
	struct cmsghdr *cm;
	ssize_t n;

	*mine = 0;
	n = recvmsg(co->co_fd, &msg, flags);
	if (n == -1)
		return n;
	cm = CMSG_FIRSTHDR(&msg);
	if (cm == NULL || cm->cmsg_level != SOL_SOCKET ||
	    cm->cmsg_type != SCM_CREDENTIALS)
		return n;
	memcpy(&from, CMSG_DATA(cm), sizeof(from));
	*mine = from.uid == co->co_owner;
	return n;
}

/* errno: what n bytes from the daemon are; ENOMSG, no answer to this request. */
static int
look_at(const struct control *co, const struct control_answer *ca, ssize_t n,
    size_t *len)
{

	if ((size_t)n < CONTROL_HEAD || ca->ca_version != CONTROL_VERSION)
		return EPROTO;
	if (ca->ca_cookie != co->co_cookie)
		return ENOMSG;
	*len = (size_t)n - CONTROL_HEAD;
	return ca->ca_error;
}

static time_t
seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

int
control_answer(struct control *co, struct control_answer *ca, size_t *len)
{
	time_t asked = seconds();
	int error = ENOMSG, mine;
	ssize_t n;

	*len = 0;
	do {
		n = receive(co, ca, 0, &mine);
		if (n == -1 && errno == EINTR &&
		    seconds() - asked <= ASK_AGAIN)
			continue;
		if (n == -1 && (errno == EAGAIN || errno == EINTR)) {
			asked = seconds();
			/* What it sent before it ended is here by now. */
			if (control_check(co) == ECONNREFUSED)
				return ECONNRESET;
		} else if (n == -1) {
			return errno;
		} else if (mine)
			error = look_at(co, ca, n, len);
	} while (error == ENOMSG);
	return error;
}

int
control_take(struct control *co, struct control_answer *ca, size_t *len)
{
	int error, mine;
	ssize_t n;

	*len = 0;
	n = receive(co, ca, MSG_DONTWAIT, &mine);
	if (n == -1)
		return errno == EINTR ? EAGAIN : errno;
	error = mine ? look_at(co, ca, n, len) : ENOMSG;
	return error == ENOMSG ? EAGAIN : error;
}

int
control_check(const struct control *co)
{
	const int error = ping(co);
	char c;

	return error == ECONNREFUSED && recv(co->co_fd, &c, sizeof(c),
	    MSG_DONTWAIT | MSG_PEEK) != -1 ? 0 : error;
}

int
control_post(struct control *co, struct control_request *cr)
{

	prepare(co, cr);
	return send_request(co, cr, MSG_DONTWAIT);
}
