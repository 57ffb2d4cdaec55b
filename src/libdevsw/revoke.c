/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * revoke.c - revoke(2), asked of the devswd whose node it is.
 */
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <errno.h>
#include <stdio.h>

#include <devsw/revoke.h>
#include "libdevsw/control.h"

/* Is there no daemon, or none any more? */
static int
nobody(int error)
{

	return error == ENOENT || error == ECONNREFUSED ||
	    error == ECONNRESET;
}

/* errno */
static int
revoke_device(dev_t rdev)
{
	struct control_request cr = { .cr_what = CONTROL_REVOKE,
	    .cr_major = major(rdev), .cr_minor = minor(rdev) };
	struct control_answer ca;
	struct control co;
	char path[64];
	size_t len;
	int error;

	snprintf(path, sizeof(path), CONTROL_FILE, major(rdev));
	error = control_connect(&co, path);
	if (error != 0)
		return nobody(error) ? ENOSYS : error;
	error = control_ask(&co, &cr);
	if (error == 0)
		error = control_answer(&co, &ca, &len);
	control_close(&co);
	return nobody(error) ? ENOSYS : error;
}

int
revoke(const char *path)
{
	struct stat st;
	int error;

	if (stat(path, &st) == -1)
		return -1;
	error = S_ISCHR(st.st_mode) ? revoke_device(st.st_rdev) : EINVAL;
	if (error == 0)
		return 0;
	errno = error;
	return -1;
}
