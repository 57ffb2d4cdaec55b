/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_link.c - two devsw-pty that make the same link at once: one has it.
 *
 * The system calls of link.c that change or read a link come here first
 * (ld's --wrap), and before the Nth of them the other one makes its link, all
 * of it.  Both slaves are of this process, which calls itself devsw-pty.
 */
#include <sys/prctl.h>
#include <sys/stat.h>

#include <errno.h>
#include <limits.h>
#include <pty.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "h_test.h"
#include "pty/pty.h"

#define	DEAD	"/dev/pts/99999"

static char folder[32];
static char path[64], new[72];
static char slave[2][32];
static int master[2];

/* The other one comes before so many calls more; 0: it does not. */
static unsigned countdown;
static int other;		/* what link_make has answered it, or errno */

int	__real_symlink(const char *, const char *);
int	__real_unlink(const char *);
int	__real_rename(const char *, const char *);
ssize_t	__real_readlink(const char *, char *, size_t);
int	__wrap_symlink(const char *, const char *);
int	__wrap_unlink(const char *);
int	__wrap_rename(const char *, const char *);
ssize_t	__wrap_readlink(const char *, char *, size_t);

static void
step(void)
{

	if (countdown > 0 && --countdown == 0)
		other = link_make(path, slave[1]) == 0 ? 0 : errno;
}

int
__wrap_symlink(const char *target, const char *name)
{

	step();
	return __real_symlink(target, name);
}

int
__wrap_unlink(const char *name)
{

	step();
	return __real_unlink(name);
}

int
__wrap_rename(const char *from, const char *to)
{

	step();
	return __real_rename(from, to);
}

ssize_t
__wrap_readlink(const char *name, char *buf, size_t size)
{

	step();
	return __real_readlink(name, buf, size);
}

static void
begin(void)
{

	T_EQ(prctl(PR_SET_NAME, "devsw-pty"), 0);
	strcpy(folder, "/tmp/t_link.XXXXXX");
	T_CHECK(mkdtemp(folder) != NULL);
	snprintf(path, sizeof(path), "%s/link", folder);
	snprintf(new, sizeof(new), "%s.new", path);
	for (int i = 0; i < 2; i++) {
		int fd;

		T_EQ(openpty(&master[i], &fd, slave[i], NULL, NULL), 0);
		close(fd);
	}
}

static void
end(void)
{

	close(master[0]);
	close(master[1]);
	T_EQ(rmdir(folder), 0);
}

static bool
leads(const char *name, const char *target)
{
	char buf[PATH_MAX];
	const ssize_t n = __real_readlink(name, buf, sizeof(buf) - 1);

	if (n == -1)
		return false;
	buf[n] = '\0';
	return strcmp(buf, target) == 0;
}

/* Two at once, at each point of the first one. */
static void
race(const char *there, const char *new_there)
{
	bool came = true;
	struct stat st;
	int error;

	for (unsigned at = 1; came; at++) {
		T_CHECK(at < 100);
		if (there != NULL)
			T_EQ(__real_symlink(there, path), 0);
		if (new_there != NULL)
			T_EQ(__real_symlink(new_there, new), 0);
		countdown = at;
		other = -1;
		error = link_make(path, slave[0]) == 0 ? 0 : errno;
		came = countdown == 0;
		countdown = 0;
		if (!came)
			T_CHECK(error == 0 && leads(path, slave[0]));
		else {
			T_CHECK((error == 0 && other == EBUSY) ||
			    (error == EBUSY && other == 0));
			T_CHECK(leads(path, slave[error != 0]));
		}
		T_CHECK(lstat(new, &st) == -1 && errno == ENOENT);
		link_remove(path, slave[0]);
		link_remove(path, slave[1]);
		T_CHECK(lstat(path, &st) == -1 && errno == ENOENT);
	}
}

static void
races(void)
{
	static const char *const there[] = { NULL, DEAD };

	begin();
	for (int i = 0; i < 2; i++)
		for (int j = 0; j < 2; j++)
			race(there[i], there[j]);
	end();
}

/* A dead one's link may lead to what is the first one's by now. */
static void
same_number(void)
{

	begin();
	race(slave[0], NULL);
	race(NULL, slave[0]);
	race(DEAD, slave[0]);
	end();
}

/* What is no link of ours stays, at either name. */
static void
foreign(void)
{

	begin();
	for (int i = 0; i < 2; i++) {
		const char *const name = i == 0 ? path : new;

		T_EQ(mkdir(name, 0700), 0);
		T_CHECK(link_make(path, slave[0]) == -1 && errno == EEXIST);
		T_EQ(rmdir(name), 0);
		T_EQ(__real_symlink("/elsewhere", name), 0);
		T_CHECK(link_make(path, slave[0]) == -1 && errno == EEXIST);
		T_CHECK(leads(name, "/elsewhere"));
		T_EQ(__real_unlink(name), 0);
	}
	T_EQ(rmdir(folder), 0);
	T_CHECK(link_make(path, slave[0]) == -1 && errno == ENOENT);
	close(master[0]);
	close(master[1]);
}

const struct t_case t_cases[] = {
	{ "of two that make a link at once one has it", races },
	{ "a dead link may have the number that is another one's by now",
	    same_number },
	{ "what is no link of ours is left alone, and refused", foreign },
	{ NULL, NULL }
};
