/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control.c - the client's side of the control socket; see control.h.
 */
#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "libdevsw/control.h"

int
control_connect(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int error, fd;

	if (strlen(path) >= sizeof(sun.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(sun.sun_path, path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1) {
		error = errno;
		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

int
control_ask(int fd, uint32_t what, int passed, const char *text)
{
	struct control_request cr = { CONTROL_VERSION, what, "" };
	struct iovec iov = { &cr, sizeof(cr) };
	union {
		struct cmsghdr	head;
		char		room[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cm;
	ssize_t n;

	if (text != NULL) {
		if (strlen(text) >= sizeof(cr.cr_text))
			return ENAMETOOLONG;
		strcpy(cr.cr_text, text);
	}
	if (passed != -1) {
		memset(&control, 0, sizeof(control));
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control.room);
		cm = CMSG_FIRSTHDR(&msg);
		cm->cmsg_level = SOL_SOCKET;
		cm->cmsg_type = SCM_RIGHTS;
		cm->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cm), &passed, sizeof(int));
	}
	do {
		n = sendmsg(fd, &msg, MSG_NOSIGNAL);
	} while (n == -1 && errno == EINTR);
	/* Who is turned away unheard has an answer waiting. */
	return n == -1 && errno != EPIPE ? errno : 0;
}

int
control_answer(int fd, struct control_answer *ca, size_t *len)
{
	ssize_t n;

	*len = 0;
	do {
		n = recv(fd, ca, sizeof(*ca), 0);
	} while (n == -1 && errno == EINTR);
	if (n <= 0)
		return n == 0 ? ECONNRESET : errno;
	if ((size_t)n < CONTROL_HEAD || ca->ca_version != CONTROL_VERSION)
		return EPROTO;
	*len = (size_t)n - CONTROL_HEAD;
	return ca->ca_error;
}
