/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_lock.c - the lock against a second daemon: one has it, and nobody else
 * can.  Needs root, to be another user, too.
 */
#undef NDEBUG
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "h_test.h"
#include "host/host.h"
#include "hyp/hyp.h"
#include "main/daemon.h"

#define	MAJOR	9

static char dir[32], path[64];

static void
begin(void)
{

	hyp_posix_set_loglevel(-1);
	strcpy(dir, "/tmp/t_lock.XXXXXX");
	T_CHECK(mkdtemp(dir) != NULL);
	T_EQ(chmod(dir, 0755), 0);
	snprintf(path, sizeof(path), "%s/devswd-%d.lock", dir, MAJOR);
}

static void
finish(void)
{

	T_EQ(unlink(path), 0);
	T_EQ(rmdir(dir), 0);
}

/* open(2) for reading by another user; the calling thread's word only. */
static int
open_as_user(void)
{
	int error, fd;

	T_EQ(syscall(SYS_setresuid, -1, 12345, -1), 0);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	error = errno;
	T_EQ(syscall(SYS_setresuid, -1, 0, -1), 0);
	errno = error;
	return fd;
}

static void
one_has_it(void)
{
	struct stat st;

	begin();
	T_EQ(daemon_lock(dir, MAJOR), 0);
	T_EQ(daemon_lock(dir, MAJOR), EWOULDBLOCK);
	T_EQ(stat(path, &st), 0);
	T_EQ(st.st_mode & 07777, 0600);
	T_EQ(open_as_user(), -1);
	T_EQ(errno, EACCES);
	finish();
}

/* What an older daemon has left, and a user has locked since. */
static void
loose(void)
{
	struct flock fl = { .l_type = F_RDLCK, .l_whence = SEEK_SET };
	struct stat st;
	int fd;

	begin();
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	T_CHECK(fd != -1);
	T_EQ(fchmod(fd, 0644), 0);
	close(fd);
	fd = open_as_user();
	T_CHECK(fd != -1);
	T_EQ(flock(fd, LOCK_EX | LOCK_NB), 0);
	T_EQ(fcntl(fd, F_OFD_SETLK, &fl), 0);
	T_EQ(daemon_lock(dir, MAJOR), 0);
	T_EQ(stat(path, &st), 0);
	T_EQ(st.st_mode & 07777, 0600);
	T_EQ(daemon_lock(dir, MAJOR), EWOULDBLOCK);
	close(fd);
	finish();
}

/* Somebody else may reach, and lock, it by its other name. */
static void
second_name(void)
{
	char other[sizeof(path) + 2];
	struct stat st;
	int fd;

	begin();
	snprintf(other, sizeof(other), "%s.2", path);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	T_CHECK(fd != -1);
	T_EQ(link(path, other), 0);
	T_EQ(flock(fd, LOCK_EX | LOCK_NB), 0);
	T_EQ(daemon_lock(dir, MAJOR), 0);
	T_EQ(stat(path, &st), 0);
	T_EQ(st.st_nlink, 1);
	T_EQ(unlink(other), 0);
	close(fd);
	finish();
}

static void
link_in_its_place(void)
{

	begin();
	T_EQ(symlink("/dev/null", path), 0);
	T_EQ(daemon_lock(dir, MAJOR), ELOOP);
	finish();
}

/* What the service finds where root has run a daemon, and the other way. */
static void
of_the_directory(void)
{
	struct stat st;

	begin();
	T_EQ(chown(dir, 12345, 12345), 0);
	T_EQ(daemon_lock(dir, MAJOR), 0);
	T_EQ(stat(path, &st), 0);
	T_EQ(st.st_uid, 12345);
	T_EQ(st.st_mode & 07777, 0600);
	T_EQ(syscall(SYS_setresuid, -1, 12345, -1), 0);
	T_EQ(daemon_lock(dir, MAJOR), EWOULDBLOCK);
	T_EQ(syscall(SYS_setresuid, -1, 0, -1), 0);
	finish();
}

static void
directory(void)
{
	char other[sizeof(dir)];
	struct stat st;
	mode_t mask;

	begin();
	strcpy(other, dir);
	strcat(dir, "/sub");
	snprintf(path, sizeof(path), "%s/devswd-%d.lock", dir, MAJOR);
	mask = umask(077);
	T_EQ(daemon_lock(dir, MAJOR), 0);
	umask(mask);
	T_EQ(stat(dir, &st), 0);
	T_EQ(st.st_mode & 07777, 0755);
	finish();
	strcpy(dir, other);
	T_EQ(chmod(dir, 0775), 0);
	T_EQ(daemon_lock(dir, MAJOR), EPERM);
	T_EQ(chmod(dir, 01777), 0);
	T_EQ(daemon_lock(dir, MAJOR), EPERM);
	T_EQ(rmdir(dir), 0);
	T_EQ(symlink("/root", dir), 0);
	T_EQ(daemon_lock(dir, MAJOR), EPERM);
	T_EQ(unlink(dir), 0);
	strcat(dir, "/no/such");
	T_EQ(daemon_lock(dir, MAJOR), ENOENT);
}

const struct t_case t_cases[] = {
	{ "one daemon has the lock, and nobody else can open it", one_has_it },
	{ "a file that a user has locked is replaced", loose },
	{ "a file with a second name is replaced", second_name },
	{ "a link in its place is not followed", link_in_its_place },
	{ "the file is the directory's owner's, and root's daemon and his keep "
	    "each other out", of_the_directory },
	{ "the directory is made for all to look into, and none that others "
	    "can write to is taken", directory },
	{ NULL, NULL },
};
