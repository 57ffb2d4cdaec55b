/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * acl.c - the rights that a node has beside its owner's, group's and others'
 * are taken away.
 *
 * Model
 *	An access control list of three entries is a mode, and the kernel makes
 *	it one.  (Without the list alone the group would have what was the
 *	list's mask.)  The node is held by a descriptor that gives no access,
 *	so that what is looked at is what is changed.
 */
#include <sys/stat.h>
#include <sys/xattr.h>

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "udev/acl.h"

/* As the kernel shows it: a version and entries, little endian. */
#define	ACL_XATTR	"system.posix_acl_access"
#define	ACL_VERSION	2
#define	ACL_MAXENT	128
#define	ACL_USER_OBJ	0x01
#define	ACL_GROUP_OBJ	0x04
#define	ACL_OTHER	0x20

struct entry {
	uint16_t	e_tag;
	uint16_t	e_perm;
	uint32_t	e_id;
};

struct acl {
	uint32_t	a_version;
	struct entry	a_entry[ACL_MAXENT];
};

/* Only the entries that a mode has; how many there are then. */
static size_t
reduce(struct acl *acl, size_t n)
{
	size_t i, kept = 0;
	uint16_t tag;

	for (i = 0; i < n; i++) {
		tag = le16toh(acl->a_entry[i].e_tag);
		if (tag == ACL_USER_OBJ || tag == ACL_GROUP_OBJ ||
		    tag == ACL_OTHER)
			acl->a_entry[kept++] = acl->a_entry[i];
	}
	return kept;
}

/* An errno. */
static int
clear(const char *path)
{
	struct acl acl;
	ssize_t len;
	size_t n;

	len = getxattr(path, ACL_XATTR, &acl, sizeof(acl));
	if (len == -1)
		return errno == ENODATA || errno == ENOTSUP ? 0 : errno;
	if ((size_t)len < sizeof(acl.a_version) ||
	    le32toh(acl.a_version) != ACL_VERSION)
		return EINVAL;
	n = reduce(&acl, ((size_t)len - sizeof(acl.a_version)) /
	    sizeof(acl.a_entry[0]));
	len = (ssize_t)(sizeof(acl.a_version) + n * sizeof(acl.a_entry[0]));
	return setxattr(path, ACL_XATTR, &acl, (size_t)len, 0) == -1 ? errno :
	    0;
}

int
acl_clear(const char *path, dev_t dev)
{
	char held[64];
	struct stat st;
	int fd, error;

	fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return errno;
	if (fstat(fd, &st) == -1)
		error = errno;
	else if (!S_ISCHR(st.st_mode) || st.st_rdev != dev)
		error = ENODEV;
	else {
		snprintf(held, sizeof(held), "/proc/self/fd/%d", fd);
		error = clear(held);
	}
	close(fd);
	return error;
}
