/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * revoke.c - revoke(2), asked of the devswd whose node it is.
 */
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <devsw/revoke.h>
#include "libdevsw/control.h"

/* errno; node is open. */
static int
revoke_node(int node)
{
	struct control_answer ca;
	char path[64];
	struct stat st;
	size_t len;
	int error, fd;

	if (fstat(node, &st) == -1)
		return errno;
	if (!S_ISCHR(st.st_mode))
		return EINVAL;
	snprintf(path, sizeof(path), CONTROL_SOCKET, major(st.st_rdev));
	fd = control_connect(path);
	if (fd == -1)
		return errno == ENOENT || errno == ECONNREFUSED ? ENOSYS :
		    errno;
	error = control_ask(fd, CONTROL_REVOKE, node, NULL);
	if (error == 0)
		error = control_answer(fd, &ca, &len);
	close(fd);
	/* The daemon has ended meanwhile. */
	return error == ECONNRESET ? ENOSYS : error;
}

int
revoke(const char *path)
{
	int error, node;

	node = open(path, O_PATH | O_CLOEXEC);
	if (node == -1)
		return -1;
	error = revoke_node(node);
	close(node);
	if (error == 0)
		return 0;
	errno = error;
	return -1;
}
