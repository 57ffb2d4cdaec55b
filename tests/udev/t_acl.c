/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_acl.c - a right to a node that udev's "uaccess" has given is taken away,
 * and owner, group and others have theirs as acl(5) says that they were behind
 * the list: the group's is its own entry's, not the mask.  Needs root, for a
 * node, and a file system with ACLs.
 */
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "h_test.h"
#include "udev/acl.h"

#define	ACL	"system.posix_acl_access"
#define	NONE	0xffffffffU

static const struct {
	uint32_t version;
	struct {
		uint16_t tag, perm;
		uint32_t id;
	} entry[5];
} given = { 2, {
	{ 0x01, 6, NONE }, { 0x02, 6, 1234 }, { 0x04, 4, NONE },
	{ 0x10, 6, NONE }, { 0x20, 0, NONE },
} };

static char dir[] = "/dev/shm/t_acl.XXXXXX";
static char node[64], other[64];

static void
begin(void)
{

	strcpy(dir + sizeof(dir) - 7, "XXXXXX");
	if (geteuid() != 0 || mkdtemp(dir) == NULL)
		t_skip("not root, or no /dev/shm");
	snprintf(node, sizeof(node), "%s/node", dir);
	snprintf(other, sizeof(other), "%s/other", dir);
	if (mknod(node, S_IFCHR | 0640, makedev(1, 3)) == -1)
		t_skip("no nodes here");
}

static void
finish(void)
{

	(void)unlink(node);
	(void)unlink(other);
	T_EQ(rmdir(dir), 0);
}

static mode_t
mode_of(const char *path)
{
	struct stat st;

	T_EQ(stat(path, &st), 0);
	return st.st_mode & 07777;
}

static void
test_clear(void)
{

	begin();
	T_EQ(setxattr(node, ACL, &given, sizeof(given), 0), 0);
	T_EQ(mode_of(node), 0660);
	T_EQ(acl_clear(node, makedev(1, 3)), 0);
	T_EQ(mode_of(node), 0640);
	T_EQ(getxattr(node, ACL, NULL, 0), -1);
	T_EQ(errno, ENODATA);
	/* And of one that has none. */
	T_EQ(acl_clear(node, makedev(1, 3)), 0);
	T_EQ(mode_of(node), 0640);
	finish();
}

/* Somebody else's file in its place, or a way to one. */
static void
test_other(void)
{

	begin();
	T_EQ(setxattr(node, ACL, &given, sizeof(given), 0), 0);
	T_EQ(acl_clear(node, makedev(1, 5)), ENODEV);
	T_EQ(symlink(node, other), 0);
	T_EQ(acl_clear(other, makedev(1, 3)), ENODEV);
	T_EQ(getxattr(node, ACL, NULL, 0), sizeof(given));
	T_EQ(acl_clear(dir, makedev(1, 3)), ENODEV);
	T_EQ(unlink(other), 0);
	T_EQ(acl_clear(other, makedev(1, 3)), ENOENT);
	finish();
}

const struct t_case t_cases[] = {
	{ "what a list gives goes, and the mode is what it was", test_clear },
	{ "no other file is touched", test_other },
	{ NULL, NULL },
};
