/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * link.c - the name that --link gives to the slave.
 *
 * Ours is a symbolic link of this user's that leads to a pseudo-terminal: one
 * that a predecessor, killed without mercy, has left.  It is replaced; all
 * else that stands there is somebody's, and refused.  In a folder that others
 * may write to (/tmp) they can so keep us out, but not lead us astray.
 *
 * One that is alive has the master of its slave, which /proc tells.  That the
 * slave is there says nothing: any terminal may have its number by now.
 *
 * Of two that find the same dead link at once one gets it: whoever would make a
 * link first makes PATH.new, which is moved over what is dead.  That is a link
 * of the same kind, so it may be left by a dead one too, and two may find that
 * at once, in turn:
 *
 *	A				B
 *	PATH.new is dead		PATH.new is dead
 *	unlink, symlink PATH.new
 *					unlink, symlink PATH.new
 *	PATH is dead
 *	rename: B's!
 *	PATH leads not to us: again
 *	PATH is another's, EBUSY	rename: there is none: again
 *					PATH leads to us
 *
 * (If B's rename takes PATH.new of A's second round, both are refused.)
 */
#include <sys/stat.h>

#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pty/pty.h"

#define	ROUNDS	16

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

static bool
has_line(const char *path, const char *wanted)
{
	FILE *const f = fopen(path, "re");
	bool has = false;
	char line[128];

	if (f == NULL)
		return false;
	while (!has && fgets(line, sizeof(line), f) != NULL)
		has = strcmp(line, wanted) == 0;
	fclose(f);
	return has;
}

/* Has the process with this folder in /proc the master of that number? */
static bool
has_master(const char *folder, int len, const char *number)
{
	char pattern[64], wanted[64];
	bool has = false;
	glob_t gl;

	snprintf(pattern, sizeof(pattern), "%.*s/fdinfo/*", len, folder);
	snprintf(wanted, sizeof(wanted), "tty-index:\t%s\n", number);
	if (glob(pattern, GLOB_NOSORT, NULL, &gl) != 0)
		return false;
	for (size_t i = 0; i < gl.gl_pathc && !has; i++)
		has = has_line(gl.gl_pathv[i], wanted);
	globfree(&gl);
	return has;
}

/* Does a devsw-pty serve the slave that the link at path leads to? */
static bool
is_served(const char *path)
{
	char target[PATH_MAX];
	bool served = false;
	glob_t gl;

	if (!leads_to(path, target) || !is_slave(target) ||
	    glob("/proc/[0-9]*/comm", GLOB_NOSORT, NULL, &gl) != 0)
		return false;
	for (size_t i = 0; i < gl.gl_pathc && !served; i++) {
		const char *const comm = gl.gl_pathv[i];

		served = has_line(comm, "devsw-pty\n") && has_master(comm,
		    (int)(strlen(comm) - strlen("/comm")),
		    strrchr(target, '/') + 1);
	}
	globfree(&gl);
	return served;
}

static bool
leads_to_ours(const char *path, const char *slave)
{
	char target[PATH_MAX];

	return leads_to(path, target) && strcmp(target, slave) == 0;
}

/*
 * link_remove(path, slave)
 *
 *	Unless it leads elsewhere by now.
 */
void
link_remove(const char *path, const char *slave)
{

	if (leads_to_ours(path, slave))
		(void)unlink(path);
}

/*
 * What stands at path is in the way.  0: it is dead; 1: it is gone; -1 with
 * errno: EEXIST, it is not ours; EBUSY, it is another one's that is alive.
 */
static int
judge(const char *path, const char *slave)
{
	struct stat st;

	if (!is_ours(path)) {
		if (lstat(path, &st) == -1)
			return errno == ENOENT ? 1 : -1;
		errno = EEXIST;
		return -1;
	}
	/* A dead one may have had the number that is ours now. */
	if (leads_to_ours(path, slave) || !is_served(path))
		return 0;
	errno = EBUSY;
	return -1;
}

/* With PATH.new as new, which is ours, or stolen; 1: begin again. */
static int
link_move(const char *path, const char *new, const char *slave)
{
	int gone;

	if (symlink(slave, path) == 0)
		return 0;
	if (errno != EEXIST)
		return -1;
	if ((gone = judge(path, slave)) != 0)
		return gone;
	return rename(new, path) == -1 && errno != ENOENT ? -1 : 1;
}

/* As PATH.new; 1: begin again. */
static int
link_round(const char *path, const char *new, const char *slave)
{
	int gone, result, error;

	if (is_ours(path) && leads_to_ours(path, slave))
		return 0;
	if (symlink(slave, new) == 0) {
		result = link_move(path, new, slave);
		error = errno;
		link_remove(new, slave);
		errno = error;
		return result;
	}
	if (errno != EEXIST)
		return -1;
	gone = judge(new, slave);
	if (gone == 0 && unlink(new) == -1 && errno != ENOENT)
		return -1;
	return gone == -1 ? -1 : 1;
}

/*
 * link_make(path, slave)
 *
 *	0, or -1 with errno: EEXIST for what is not ours, there or at PATH.new,
 *	EBUSY for what another one serves, or is about to, else symlink(2)'s.
 */
int
link_make(const char *path, const char *slave)
{
	char new[PATH_MAX];
	int result = 1;

	if (snprintf(new, sizeof(new), "%s.new", path) >= (int)sizeof(new)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	/* Each round but the first two is because of what another one did. */
	for (int i = 0; result == 1 && i < ROUNDS; i++)
		result = link_round(path, new, slave);
	if (result == 1) {
		errno = EBUSY;
		return -1;
	}
	return result;
}
