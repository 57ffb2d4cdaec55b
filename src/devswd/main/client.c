/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * client.c - a client of the control port: sending to it, and what it may see.
 *
 * Who sees what
 *	Names, numbers and whether there is a device are what ls(1) in /dev
 *	and in sysfs tells everybody.  How often a node is open and what goes
 *	on in its driver, and by whom, tells of those who use it; that is told
 *	to who may revoke it, and to members of the group CONTROL_GROUP.  A
 *	member is whose user the user database has in it; whose group it is,
 *	which is the kernel's word too (SCM_CREDENTIALS); and who could read the
 *	group's key, for which a supplementary group is enough (runfile.c).
 *
 * Locks
 *	None.  Answers are a datagram each.
 */
#include <sys/socket.h>
#include <linux/netlink.h>

#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "main/control.h"
#include "main/controlvar.h"

#define	NGROUPS_MOST	65536	/* the kernel's own limit */

static int client_fd = -1;		/* before the first client */
static unsigned client_major;		/* same */
static const char *client_group = CONTROL_GROUP; /* same */

/*
 * client_setup(fd, major)
 *
 *	The port's descriptor, and the major number of the nodes.
 */
void
client_setup(int fd, unsigned major)
{

	client_fd = fd;
	client_major = major;
}

void
control_set_group(const char *name)
{

	client_group = name;
}

/* ---- answers -------------------------------------------------------- */

/*
 * client_send(c, error, flags, text, len, how)
 *
 *	An answer; how is send(2)'s flags.  A client that has gone has no use
 *	for it.
 */
void
client_send(struct client *c, int error, uint32_t flags, const char *text,
    size_t len, int how)
{
	struct sockaddr_nl snl = { .nl_family = AF_NETLINK,
	    .nl_pid = c->c_port };
	struct control_answer ca;
	ssize_t n;

	if (c->c_deaf)
		return;
	memset(&ca, 0, CONTROL_HEAD);
	ca.ca_version = CONTROL_VERSION;
	ca.ca_error = error;
	ca.ca_cookie = c->c_request.cr_cookie;
	ca.ca_flags = flags;
	if (len > 0)
		memcpy(ca.ca_text, text, len);
	n = sendto(client_fd, &ca, CONTROL_HEAD + len, MSG_NOSIGNAL | how,
	    (struct sockaddr *)&snl, sizeof(snl));
	c->c_deaf = n == -1;
}

/*
 * inode = client_socket(c)
 *
 *	The socket that has the client's port now.  Another one than before is
 *	another client's.  0: there is none, or it cannot be seen (EMFILE), and
 *	nothing follows from two of those.
 */
uint64_t
client_socket(const struct client *c)
{
	unsigned protocol, id;
	char line[256];
	uint64_t inode, found = 0;
	FILE *f;

	f = fopen("/proc/self/net/netlink", "re");
	if (f == NULL)
		return 0;
	while (found == 0 && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "%*s %u %u %*s %*s %*s %*s %*s %*s %" SCNu64,
		    &protocol, &id, &inode) == 3 &&
		    protocol == 2 /* NETLINK_USERSOCK */ && id == c->c_port)
			found = inode;
	fclose(f);
	return found;
}

/* ---- who may what --------------------------------------------------- */

unsigned
client_node_major(void)
{

	return client_major;
}

/* Is this group one of the user's in the user database? */
static bool
database_has(uid_t uid, gid_t gid)
{
	gid_t *groups = NULL, *more;
	struct passwd pw, *found;
	int n = 0, room = 64;
	bool has = false;
	char buf[4096];

	if (getpwuid_r(uid, &pw, buf, sizeof(buf), &found) != 0 ||
	    found == NULL)
		return false;
	do {
		more = realloc(groups, (size_t)room * sizeof(*groups));
		if (more == NULL)
			break;
		groups = more;
		n = room;
		if (getgrouplist(pw.pw_name, pw.pw_gid, groups, &n) != -1)
			break;
		n = 0;
		room *= 4;
	} while (room <= NGROUPS_MOST);
	while (more != NULL && n > 0 && !has)
		has = groups[--n] == gid;
	free(groups);
	return has;
}

/*
 * gid = client_group_id()
 *
 *	The group whose members see what users do; -1: there is none.  Asks the
 *	user database.
 */
gid_t
client_group_id(void)
{
	struct group gr, *found;
	char buf[4096];

	/* A line of it that does not fit has very many members. */
	if (getgrnam_r(client_group, &gr, buf, sizeof(buf), &found) != 0 ||
	    found == NULL)
		return (gid_t)-1;
	return gr.gr_gid;
}

static bool
is_member(const struct client *c)
{
	const gid_t gid = client_group_id();

	return gid != (gid_t)-1 && (c->c_gid == gid ||
	    runfile_is_key(c->c_request.cr_key) ||
	    database_has(c->c_uid, gid));
}

/* Is he root, or the owner of the node as it is now? */
bool
client_may_revoke(const struct client *c, const struct front_nodeinfo *ni)
{
	uid_t owner;

	return c->c_uid == 0 ||
	    (front_node_owner(ni, &owner) == 0 && c->c_uid == owner);
}

/* May he know who uses the node, and any?  May ask the user database. */
bool
client_may_see(struct client *c, const struct front_nodeinfo *ni)
{

	return client_may_revoke(c, ni) || client_may_see_all(c);
}

bool
client_may_see_all(struct client *c)
{

	if (c->c_member == -1)
		c->c_member = c->c_uid == 0 || is_member(c);
	return c->c_member != 0;
}
