/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * link.c - the name that --link gives to the slave.
 *
 * Ours is a symbolic link of this user's that leads to a pseudo-terminal: one
 * that a predecessor, killed without mercy, has left.  It is replaced; all
 * else that stands there is somebody's, and refused.  In a folder that others
 * may write to (/tmp) they can so keep us out, but not lead us astray.
 */
#include <sys/stat.h>

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "pty/pty.h"

/* Where the link at path leads to; false: it is no link. */
static bool
leads_to(const char *path, char target[PATH_MAX])
{
	const ssize_t n = readlink(path, target, PATH_MAX - 1);

	if (n == -1)
		return false;
	target[n] = '\0';
	return true;
}

/* "/dev/pts/" and digits. */
static bool
is_slave(const char *target)
{
	static const char pts[] = "/dev/pts/";
	const char *digits = target + strlen(pts);

	return strncmp(target, pts, strlen(pts)) == 0 && digits[0] != '\0' &&
	    strspn(digits, "0123456789") == strlen(digits);
}

static bool
is_ours(const char *path)
{
	char target[PATH_MAX];
	struct stat st;

	return lstat(path, &st) == 0 && S_ISLNK(st.st_mode) &&
	    st.st_uid == geteuid() && leads_to(path, target) &&
	    is_slave(target);
}

/*
 * link_make(path, slave)
 *
 *	0, or -1 with errno: EEXIST for what is not ours, else symlink(2)'s.
 */
int
link_make(const char *path, const char *slave)
{

	if (symlink(slave, path) == 0)
		return 0;
	if (errno != EEXIST)
		return -1;
	if (!is_ours(path)) {
		errno = EEXIST;
		return -1;
	}
	if (unlink(path) == -1 && errno != ENOENT)
		return -1;
	return symlink(slave, path);
}

/*
 * link_remove(path, slave)
 *
 *	Unless it leads elsewhere by now.
 */
void
link_remove(const char *path, const char *slave)
{
	char target[PATH_MAX];

	if (leads_to(path, target) && strcmp(target, slave) == 0)
		(void)unlink(path);
}
