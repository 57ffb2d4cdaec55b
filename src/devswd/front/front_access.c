/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * front_access.c - may somebody open a node, as it is now?
 *
 * The kernel decides that when a client makes its request, by the node that
 * the client has opened.  Every open asks again here when it is served (K
 * says why: hyp_node.c), by the node that we have made; so this has to come
 * to the kernel's result, and to do that cheaply:
 *
 *	root			0 system calls
 *	the owner		1: lstat
 *	group and others	1, or 2 if the group has rights: there may be
 *				an ACL then, whose mask they are
 *	who is refused		some more: capabilities, as a service may have
 *				CAP_DAC_OVERRIDE and not be root
 *	who is in many groups	some more: those that a file does not keep
 *
 * Until udev is done with a new node, the owner and mode that the node should
 * have must let in too: front_perm.c says why, and in which order these are
 * looked at.
 *
 * The node and the ACL are read one after the other.  Who changes them in
 * between and revokes afterwards finds the open, whatever this has said.
 *
 * A node that was not there when it was made (a container with a /dev of its
 * own) has no owner and no mode of ours: the kernel's word stands.
 *
 * Of who is not the daemon's own user only root's daemon may see the
 * namespaces.  Another sees how user IDs are mapped in his; if that is as here
 * it is taken for ours.  A namespace that maps every ID to itself looks the
 * same, and only root can make one; and the kernel, which knows, has let in
 * whoever is asked for here once.
 *
 * Known gaps: capabilities count only in our own user namespace; a
 * namespace's root is there who he is outside, and opens what that one may.
 * Security modules are asked by the kernel only.
 */
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "front/frontvar.h"

#define	PATH_LEN	512

/* POSIX ACLs as the kernel shows them: a version and entries, little endian. */
#define	ACL_XATTR	"system.posix_acl_access"
#define	ACL_VERSION	2
#define	ACL_MAXENT	128	/* with more nobody is let in */

enum acl_tag {
	ACL_USER_OBJ = 0x01,
	ACL_USER = 0x02,
	ACL_GROUP_OBJ = 0x04,
	ACL_GROUP = 0x08,
	ACL_MASK = 0x10,
	ACL_OTHER = 0x20,
};

struct acl_entry {
	uint16_t	ae_tag;
	uint16_t	ae_perm;
	uint32_t	ae_id;
};

struct acl {
	uint32_t	 a_version;
	struct acl_entry a_entry[ACL_MAXENT];
};

#define	NGROUPS_MOST	65536	/* the kernel's own limit */

#define	CAP_OVERRIDE	1	/* CAP_DAC_OVERRIDE */
#define	CAP_READ	2	/* CAP_DAC_READ_SEARCH */

static bool
in_group(const struct hyp_cred *cred, gid_t gid)
{
	uint32_t i;

	if (cred->hc_gid == gid)
		return true;
	for (i = 0; i < cred->hc_ngroups; i++)
		if (cred->hc_groups[i] == gid)
			return true;
	return false;
}

/* ---- access control lists ------------------------------------------- */

/* Does this entry speak of who is not the owner? */
static bool
acl_applies(const struct acl_entry *ae, const struct hyp_cred *cred,
    gid_t group)
{

	switch (le16toh(ae->ae_tag)) {
	case ACL_USER:
		return cred->hc_uid == le32toh(ae->ae_id);
	case ACL_GROUP_OBJ:
		return in_group(cred, group);
	case ACL_GROUP:
		return in_group(cred, le32toh(ae->ae_id));
	case ACL_OTHER:
		return true;
	default:
		return false;
	}
}

/*
 * may = acl_allows(acl, n, cred, group, want)
 *
 *	The first entry for the user counts; else any for his groups that
 *	gives what he wants; else, if there was none for them, that for
 *	others.  The mask takes away from all but the last.  n entries, which
 *	the kernel has put into that order.
 */
static bool
acl_allows(const struct acl *acl, size_t n, const struct hyp_cred *cred,
    gid_t group, mode_t want)
{
	const struct acl_entry *ae;
	mode_t mask = 7, perm;
	bool member = false;
	unsigned tag;
	size_t i;

	for (i = 0; i < n; i++) {
		if (le16toh(acl->a_entry[i].ae_tag) == ACL_MASK)
			mask = le16toh(acl->a_entry[i].ae_perm);
	}
	for (i = 0; i < n; i++) {
		ae = &acl->a_entry[i];
		if (!acl_applies(ae, cred, group))
			continue;
		tag = le16toh(ae->ae_tag);
		perm = le16toh(ae->ae_perm);
		if (tag == ACL_OTHER)
			return !member && (perm & want) == want;
		if ((perm & mask & want) == want)
			return true;
		if (tag == ACL_USER)
			return false;
		member = true;
	}
	return false;
}

/*
 * error = acl_access(path, cred, group, want)
 *
 *	0 or EACCES by the node's ACL; ENODATA: it has none.
 */
static int
acl_access(const char *path, const struct hyp_cred *cred, gid_t group,
    mode_t want)
{
	struct acl acl;
	ssize_t len;

	len = lgetxattr(path, ACL_XATTR, &acl, sizeof(acl));
	if (len == -1)
		return errno == ENODATA || errno == ENOTSUP ? ENODATA : EACCES;
	if ((size_t)len < sizeof(acl.a_version) ||
	    le32toh(acl.a_version) != ACL_VERSION)
		return EACCES;
	return acl_allows(&acl, ((size_t)len - sizeof(acl.a_version)) /
	    sizeof(acl.a_entry[0]), cred, group, want) ? 0 : EACCES;
}

/* ---- what /proc knows of a thread, which waits for us ---------------- */

/*
 * line = status_of(pid, "Name:")
 *
 *	The rest of a line of /proc/pid/status, or NULL.  The caller frees it.
 */
static char *
status_of(int32_t pid, const char *name)
{
	const size_t len = strlen(name);
	char path[64], *line = NULL, *rest = NULL;
	size_t size = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "re");
	if (f == NULL)
		return NULL;
	while (rest == NULL && getline(&line, &size, f) != -1) {
		if (strncmp(line, name, len) == 0)
			rest = strdup(line + len);
	}
	free(line);
	fclose(f);
	return rest;
}

/* All groups of the client; its cred without them if they can't be read. */
static struct hyp_cred
all_groups(const struct hyp_cred *cred, uint32_t **list)
{
	char *const line = status_of(cred->hc_pid, "Groups:");
	struct hyp_cred all = *cred;
	char *at = line, *end;
	uint32_t n;

	*list = line != NULL ? calloc(NGROUPS_MOST, sizeof(**list)) : NULL;
	if (*list != NULL) {
		for (n = 0; n < NGROUPS_MOST; n++, at = end) {
			(*list)[n] = (uint32_t)strtoul(at, &end, 10);
			if (end == at)
				break;
		}
		all.hc_groups = *list;
		all.hc_ngroups = n;
	}
	free(line);
	return all;
}

/* n bytes of a small file of /proc, or -1. */
static ssize_t
read_proc(const char *path, char *buf, size_t size)
{
	ssize_t n;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return -1;
	n = read(fd, buf, size);
	close(fd);
	return n;
}

/* Are user IDs mapped as they are here? */
static bool
same_map(int32_t pid)
{
	char mine[1024], theirs[1024], path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/uid_map", (int)pid);
	n = read_proc("/proc/self/uid_map", mine, sizeof(mine));
	return n > 0 && n < (ssize_t)sizeof(mine) &&
	    read_proc(path, theirs, sizeof(theirs)) == n &&
	    memcmp(mine, theirs, (size_t)n) == 0;
}

static bool
same_userns(int32_t pid)
{
	struct stat mine, theirs;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
	if (stat(path, &theirs) == -1)
		return errno == EACCES && same_map(pid);
	return stat("/proc/self/ns/user", &mine) == 0 &&
	    mine.st_ino == theirs.st_ino && mine.st_dev == theirs.st_dev;
}

/* The effective capabilities; 0 if unknown. */
static uint64_t
effective_caps(int32_t pid)
{
	char *const line = status_of(pid, "CapEff:");
	const uint64_t caps = line != NULL ? strtoull(line, NULL, 16) : 0;

	free(line);
	return caps;
}

static bool
is_capable(const struct hyp_cred *cred, int flags)
{
	uint64_t caps;

	if (cred->hc_pid <= 0)
		return false;
	caps = effective_caps(cred->hc_pid);
	if ((caps & 1ULL << CAP_OVERRIDE) == 0 &&
	    ((caps & 1ULL << CAP_READ) == 0 || (flags & HYP_F_WRITE)))
		return false;
	return same_userns(cred->hc_pid);
}

/* ---- the down-call -------------------------------------------------- */

/* By owner, group and mode: 0 or EACCES. */
static int
mode_access(const struct front_perm *fp, const struct hyp_cred *cred,
    mode_t want)
{
	mode_t have = fp->mode;

	if (cred->hc_uid == fp->uid)
		have >>= 6;
	else if (in_group(cred, fp->gid))
		have >>= 3;
	return (have & want) == want ? 0 : EACCES;
}

/*
 * By what the node is, and by wanted, if that is not NULL: 0 or EACCES.
 */
static int
node_access(const char *path, const struct stat *st,
    const struct front_perm *wanted, const struct hyp_cred *cred, int flags)
{
	const struct front_perm is = { st->st_uid, st->st_gid, st->st_mode };
	mode_t want = 0;
	int error = ENODATA;

	if (flags & HYP_F_READ)
		want |= S_IROTH;
	if (flags & HYP_F_WRITE)
		want |= S_IWOTH;
	if (cred->hc_uid != st->st_uid && (st->st_mode & S_IRWXG) != 0)
		error = acl_access(path, cred, st->st_gid, want);
	if (error == ENODATA)
		error = mode_access(&is, cred, want);
	if (error == 0 && wanted != NULL)
		error = mode_access(wanted, cred, want);
	return error;
}

int
hyp_node_access(void *host, const struct hyp_cred *cred, int flags)
{
	const struct front_node *const fn = host;
	struct front_perm wanted;
	const bool unsettled = atomic_load(&fn->fn_unsettled) != 0 &&
	    front_node_perm(fn, &wanted);
	struct hyp_cred all = *cred;
	uint32_t *list = NULL;
	char path[PATH_LEN];
	struct stat st;
	int error;

	if (cred->hc_uid == 0)
		return 0;
	snprintf(path, sizeof(path), "%s/%s", front.fl_config.devdir,
	    fn->fn_name);
	if (lstat(path, &st) == -1)
		return atomic_load(&fn->fn_nowhere) && (errno == ENOENT ||
		    errno == ENOTDIR) ? 0 : ENOENT;
	if (!front_node_is_ours(fn, &st))
		return ENOENT;
	if (cred->hc_ngroups == HYP_NGROUPS)
		all = all_groups(cred, &list);
	error = node_access(path, &st, unsettled ? &wanted : NULL, &all,
	    flags);
	free(list);
	if (error != 0 && is_capable(cred, flags))
		error = 0;
	return error;
}
