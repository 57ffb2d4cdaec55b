/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_hyp_module.c - code that others than root could change is not loaded into
 * the daemon: neither by a file of theirs, nor by a directory on its way, nor
 * by a link to it (devswd(8), --module).  Needs root, to be another user.
 *
 * What is let through is seen by the loader's own complaint: the file is no
 * shared object.
 */
#undef NDEBUG
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "h_test.h"
#include "hyp/hyp.h"

#define	USER	12345

static char top[32], dir[64], file[96], why[256];

static void
begin(void)
{
	int fd;

	strcpy(top, "/tmp/t_module.XXXXXX");
	T_CHECK(mkdtemp(top) != NULL);
	snprintf(dir, sizeof(dir), "%s/dir", top);
	snprintf(file, sizeof(file), "%s/driver.so", dir);
	T_EQ(chmod(top, 0755), 0);
	T_EQ(mkdir(dir, 0755), 0);
	fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	T_CHECK(fd != -1);
	T_EQ(write(fd, "nonsense", 8), 8);
	T_EQ(fchmod(fd, 0644), 0);
	close(fd);
}

static void
finish(void)
{

	T_EQ(unlink(file), 0);
	T_EQ(rmdir(dir), 0);
	T_EQ(rmdir(top), 0);
}

static int
load(const char *path)
{
	void *handle;

	why[0] = '\0';
	return hyp_module_open(path, &handle, why, sizeof(why));
}

/* By root's own word it may be loaded. */
static void
is_let_through(const char *path)
{

	T_EQ(load(path), ENOEXEC);
	T_CHECK(strstr(why, "not loaded") == NULL);
}

/* It may not, and the reason names the culprit and says this. */
static void
is_refused(const char *path, const char *culprit, const char *text)
{

	T_EQ(load(path), EPERM);
	T_CHECK(strstr(why, culprit) != NULL);
	T_CHECK(strstr(why, text) != NULL);
}

static void
roots(void)
{

	begin();
	is_let_through(file);
	T_EQ(chmod(dir, 01777), 0);	/* as /tmp is */
	is_let_through(file);
	finish();
}

static void
files(void)
{

	begin();
	T_EQ(chmod(file, 0664), 0);
	is_refused(file, file, "written to by others");
	T_EQ(chmod(file, 0646), 0);
	is_refused(file, file, "written to by others");
	T_EQ(chmod(file, 01646), 0);
	is_refused(file, file, "written to by others");
	T_EQ(chmod(file, 0644), 0);
	T_EQ(chown(file, USER, 0), 0);
	is_refused(file, file, "does not belong to root");
	is_refused(dir, dir, "is no file");
	finish();
}

static void
directories(void)
{

	begin();
	T_EQ(chmod(dir, 0775), 0);
	is_refused(file, dir, "written to by others");
	T_EQ(chmod(dir, 0755), 0);
	T_EQ(chown(dir, USER, 0), 0);
	is_refused(file, dir, "does not belong to root");
	T_EQ(chown(dir, 0, 0), 0);
	T_EQ(chown(top, USER, 0), 0);
	is_refused(file, top, "does not belong to root");
	T_EQ(chmod(dir, 01777), 0);
	is_refused(file, top, "does not belong to root");
	finish();
}

/* A link is whatever it leads to. */
static void
links(void)
{
	char link[80];

	begin();
	snprintf(link, sizeof(link), "%s/link", top);
	T_EQ(symlink(file, link), 0);
	T_EQ(lchown(link, USER, USER), 0);
	is_let_through(link);
	T_EQ(chown(dir, USER, 0), 0);
	is_refused(link, dir, "does not belong to root");
	T_EQ(unlink(link), 0);
	T_EQ(symlink("/no/such", link), 0);
	T_EQ(load(link), ENOEXEC);
	T_EQ(unlink(link), 0);
	finish();
}

/* A path that a request can have is not too long for the reason. */
static void
long_path(void)
{
	char path[4096];

	memset(path, 'x', sizeof(path) - 1);
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	T_EQ(load(path), ENOEXEC);
	T_CHECK(strlen(why) < sizeof(why));
}

const struct t_case t_cases[] = {
	{ "what is root's alone may be loaded, out of a sticky directory too",
	    roots },
	{ "a file that is another user's, or that others can write to, is "
	    "refused", files },
	{ "so is one below such a directory", directories },
	{ "a link is what it leads to", links },
	{ "a name that is too long is refused", long_path },
	{ NULL, NULL },
};
