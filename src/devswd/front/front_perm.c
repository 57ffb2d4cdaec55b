/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * front_perm.c - owner and mode of nodes.
 *
 * They are set on the node after it has been seen to be ours: CUSE takes a
 * DEVNAME of "null" and leaves the old /dev/null where it is.  Where udev
 * runs, its rules set them too, later (Debian's own rules give tty[A-Z]* to
 * dialout, 0660), so main calls front_node_settled then.  Between the two the
 * node may be looser than it should be: until fn_unsettled is 0, who opens
 * must be let in by what the node is and by what it should be, both
 * (front_access.c).
 *
 *	main, udev			who opens
 *	----------			---------
 *	chmod 0600
 *	udev: root:dialout, 0660
 *					fn_unsettled is 1
 *					lstat: 0660, dialout: may
 *					0600, root: may not
 *	chmod 0600
 *	fn_unsettled is 0
 *					lstat: whatever the node is now
 *
 * So fn_unsettled is looked at before the node, and is 0 only after the node
 * has been set.  It counts, as a node that is lost and made again has two
 * events to come.
 *
 * Known gap: when root has udev go through its rules again (udevadm trigger)
 * no event says so before: for some milliseconds udev's owner and mode count.
 */
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "front/frontvar.h"
#include "host/host.h"
#include "hyp/hyp.h"

void
front_node_path(const struct front_node *fn, char path[FRONT_PATH])
{

	snprintf(path, FRONT_PATH, "%s/%s", front.fl_config.devdir, fn->fn_name);
}

/*
 * yes = front_node_is_ours(fn, st)
 *
 *	Is what has been found in its place the node that was made?
 */
bool
front_node_is_ours(const struct front_node *fn, const struct stat *st)
{

	if (front.fl_config.open_channel != NULL)
		return true;
	return S_ISCHR(st->st_mode) && st->st_rdev ==
	    makedev(front.fl_config.major, fn->fn_minor);
}

/*
 * yes = front_node_perm(fn, perm)
 *
 *	Which owner, group and mode the node should have; false: those that the
 *	kernel and udev give it.  Takes fl_lock.
 */
bool
front_node_perm(const struct front_node *fn, struct front_perm *fp)
{

	pthread_mutex_lock(&front.fl_lock);
	if (fn->fn_own)
		*fp = fn->fn_perm;
	else if (fn->fn_class == HYP_NODE_TTY)
		*fp = front.fl_config.tty;
	else if (fn->fn_class == HYP_NODE_HID)
		*fp = front.fl_config.hid;
	else if (fn->fn_class == HYP_NODE_LP)
		*fp = front.fl_config.lp;
	else if (fn->fn_class == HYP_NODE_USB)
		*fp = front.fl_config.usb;
	else
		*fp = (struct front_perm){ 0, 0, 0 };
	pthread_mutex_unlock(&front.fl_lock);
	return fp->mode != 0;
}

/* chown and chmod of what fd, an O_PATH descriptor, names. */
static int
change_owner(int fd, const struct front_perm *fp)
{
	char self[64];

	if (fchownat(fd, "", fp->uid, fp->gid, AT_EMPTY_PATH) == -1)
		return -errno;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	return chmod(self, fp->mode) == -1 ? -errno : 0;
}

/* It may be ours or not: it is let be, and nobody but root let in. */
static int
not_looked_at(int fd, const char *path)
{

	host_logf(HYP_LOG_WARNING, "front: %s: owner and mode stay as they "
	    "are: %s", path, strerror(errno));
	if (fd != -1)
		close(fd);
	return 0;
}

/*
 * Owner and mode by the class.  Not being able to set them is no reason to
 * have no node, and neither is its not being there; a stranger in its place
 * is.  ESTALE: taken says that there was one when the kernel made the node,
 * but now there is nothing.
 */
int
front_node_own(struct front_node *fn, bool taken)
{
	struct front_perm perm;
	const bool wanted = front_node_perm(fn, &perm);
	char path[FRONT_PATH];
	struct stat st;
	int fd, error = 0;
	bool nowhere;

	front_node_path(fn, path);
	fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1 && errno == ENOENT && taken)
		return -ESTALE;
	nowhere = fd == -1 && (errno == ENOENT || errno == ENOTDIR);
	atomic_store(&fn->fn_nowhere, nowhere);
	if (nowhere) {
		host_logf(HYP_LOG_WARNING, "front: %s: %s; the kernel has "
		    "made the device %u:%u, but it is not there (a container "
		    "with a /dev of its own?)", path, strerror(errno),
		    front.fl_config.major, fn->fn_minor);
		return 0;
	}
	if (fd == -1 || fstat(fd, &st) == -1)
		return not_looked_at(fd, path);
	if (!front_node_is_ours(fn, &st)) {
		host_logf(HYP_LOG_ERR, "front: %s: exists and is not ours; "
		    "remove it and send devswd a SIGHUP", path);
		close(fd);
		return -EEXIST;
	}
	pthread_mutex_lock(&front.fl_lock);
	fn->fn_given = perm;
	pthread_mutex_unlock(&front.fl_lock);
	front_kept_given(fn, &perm);
	if (wanted)
		error = change_owner(fd, &perm);
	if (error != 0)
		host_logf(HYP_LOG_WARNING, "front: %s: owner and mode stay "
		    "as they are: %s", path, strerror(-error));
	close(fd);
	return 0;
}

/* n of udev's events for it have come. */
void
front_node_heard(struct front_node *fn, unsigned n)
{
	const unsigned left = atomic_load(&fn->fn_unsettled);

	(void)front_node_own(fn, false);
	/* Others only add to it. */
	atomic_fetch_sub(&fn->fn_unsettled, n < left ? n : left);
}

/* fl_lock held: the node of this minor number, or NULL. */
static struct front_node *
node_find(uint32_t minor)
{
	struct front_node *fn;

	LIST_FOREACH(fn, &front.fl_nodes, fn_list) {
		if (fn->fn_minor == minor)
			break;
	}
	return fn;
}

static bool
same_perm(const struct front_perm *a, const struct front_perm *b)
{

	return a->uid == b->uid && a->gid == b->gid && a->mode == b->mode;
}

/*
 * A node that should be what it was given already is left as it is: its owner
 * may have changed it since.  Nodes stay until front_stop.
 */
void
front_node_setperm(uint32_t minor, const struct front_perm *fp)
{
	struct front_perm given, now;
	struct front_node *fn;

	pthread_mutex_lock(&front.fl_lock);
	fn = node_find(minor);
	if (fn != NULL) {
		fn->fn_own = fp != NULL;
		if (fp != NULL)
			fn->fn_perm = *fp;
		given = fn->fn_given;
	}
	pthread_mutex_unlock(&front.fl_lock);
	if (fn != NULL && front_node_perm(fn, &now) &&
	    !same_perm(&now, &given))
		(void)front_node_own(fn, false);
}

void
front_setperms(const struct front_perm *tty, const struct front_perm *hid,
    bool strict)
{

	pthread_mutex_lock(&front.fl_lock);
	front.fl_config.tty = *tty;
	front.fl_config.hid = *hid;
	front.fl_config.strict = strict;
	pthread_mutex_unlock(&front.fl_lock);
}

/* Nodes stay until front_stop, so the list can be left and gone on with. */
void
front_node_settled(const char *name)
{
	struct front_node *fn;
	bool heard = false;

	pthread_mutex_lock(&front.fl_lock);
	LIST_FOREACH(fn, &front.fl_nodes, fn_list) {
		if (name == NULL ? atomic_load(&fn->fn_unsettled) == 0 :
		    strcmp(fn->fn_name, name) != 0)
			continue;
		pthread_mutex_unlock(&front.fl_lock);
		front_node_heard(fn, name == NULL ? UINT_MAX : 1);
		pthread_mutex_lock(&front.fl_lock);
		heard = name != NULL;
	}
	/* It may be one that is being made: hyp_node_create. */
	if (!heard)
		front.fl_unheard++;
	pthread_mutex_unlock(&front.fl_lock);
}
