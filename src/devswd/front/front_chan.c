/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * front_chan.c - the channels of nodes: made, lost, made again.
 *
 * A channel is an open file of /dev/cuse, and its node is in /dev for as long as
 * it lives.
 *
 * Making one is synchronous.  The kernel asks CUSE_INIT, the answer carries
 * name and number, and when the write of it returns the node exists or does
 * not: a failure shows only as POLLERR, without a reason, so that has to be
 * guessed from sysfs.
 *
 * The channel may be lost: somebody wrote to /sys/class/cuse/NAME/abort.
 * Then no RELEASE will come for its open files, their clients have got
 * ECONNABORTED.  What runs is interrupted; the last thread that is still in
 * the channel (fc_refs) closes the files, gives the channel up, and makes a
 * new one for the node.  If that fails the node is given up (fn_away), until
 * front_nodes_again.
 *
 *	last thread in the channel	front_nodes_again (main)
 *	front_chan_make fails
 *					fn_away is not set: left alone
 *	fl_lock: fn_away = true
 *					fl_lock: fn_away = false; front_chan_make
 *
 * so one of them makes it at a time, and the log says which came last.
 *
 * Known gap: a node whose handler never returns cannot be made again.
 *
 * Locks: fl_lock, for fn_chan and fn_away; making, which waits for the kernel
 * up to INIT_MS, is done with none.
 */
#include <sys/epoll.h>
#include <sys/stat.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "front/frontvar.h"
#include "host/host.h"
#include "hyp/hyp.h"

#define	INIT_MS		5000	/* for the kernel to begin */

/* ---- making a channel ----------------------------------------------- */

static const char *
channel_advice(int error)
{

	switch (error) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
		return ": load the module: modprobe cuse";
	case EACCES:
	case EPERM:
		return ": run devswd as root, or by its service";
	default:
		return "";
	}
}

/* A new open file of /dev/cuse; negative errno, logged. */
static int
open_channel(void)
{
	int fd;

	if (front.fl_config.open_channel != NULL)
		return front.fl_config.open_channel(front.fl_config.open_arg);
	fd = open("/dev/cuse", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (fd != -1)
		return fd;
	fd = -errno;
	host_logf(HYP_LOG_ERR, "front: /dev/cuse: %s%s", strerror(-fd),
	    channel_advice(-fd));
	return fd == -ENOENT || fd == -ENXIO ? -ENODEV :
	    fd == -EPERM ? -EACCES : fd;
}

static struct fuse_session *
new_session(struct front_chan *fc)
{
	const struct front_node *const fn = fc->fc_node;
	char devname[FRONT_PATH], name[] = "devswd";
	const char *info[] = { devname };
	char *argv[] = { name, NULL };
	struct fuse_args args = FUSE_ARGS_INIT(1, argv);
	const struct cuse_info ci = {
		.dev_major = front.fl_config.major,
		.dev_minor = fn->fn_minor,
		.dev_info_argc = 1,
		.dev_info_argv = info,
		.flags = CUSE_UNRESTRICTED_IOCTL,
	};
	struct fuse_session *se;

	snprintf(devname, sizeof(devname), "DEVNAME=%s", fn->fn_name);
	se = cuse_lowlevel_new(&args, &ci, &front_ops, fc);
	fuse_opt_free_args(&args);
	return se;
}

/* Until when this thread may wait for the kernel; 0: INIT_MS each time. */
static _Thread_local uint64_t init_until;

void
front_nodes_within(unsigned ms)
{

	init_until = ms != 0 ? hyp_clock() + ms * UINT64_C(1000000) : 0;
}

/* The kernel mostly has asked already, so there is a use in not waiting. */
static int
init_patience(void)
{
	const uint64_t now = hyp_clock();
	uint64_t ms;

	if (init_until == 0)
		return INIT_MS;
	ms = now < init_until ? (init_until - now) / 1000000 : 0;
	return ms < INIT_MS ? (int)ms : INIT_MS;
}

/* Answer CUSE_INIT, which the kernel has asked when the channel was opened. */
static int
answer_init(struct front_chan *fc)
{
	struct pollfd pfd = { .fd = fc->fc_fd, .events = POLLIN };
	struct fuse_buf buf = { .mem = malloc(FRONT_INSZ) };
	int n = 0;

	if (buf.mem == NULL)
		return -ENOMEM;
	while (!fc->fc_inited) {
		n = poll(&pfd, 1, init_patience());
		if (n == -1 && errno == EINTR)
			continue;
		n = n == 0 ? -ETIMEDOUT : n == -1 ? -errno :
		    front_io_receive(fc, &buf);
		if (n < 0)
			break;
		if (n > 0)
			fuse_session_process_buf(fc->fc_se, &buf);
	}
	free(buf.mem);
	return n < 0 ? n : 0;
}

/* The kernel took the name and the number and made nothing: why? */
static int
why_refused(const struct front_node *fn)
{
	char path[FRONT_PATH], by[FRONT_PATH];
	struct stat st;
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/class/cuse/%s", fn->fn_name);
	if (lstat(path, &st) == 0) {
		host_logf(HYP_LOG_ERR, "front: %s: the name is taken: does "
		    "another devswd run?", fn->fn_name);
		return -EEXIST;
	}
	snprintf(path, sizeof(path), "/sys/dev/char/%u:%u",
	    front.fl_config.major, fn->fn_minor);
	n = readlink(path, by, sizeof(by) - 1);
	by[n > 0 ? n : 0] = '\0';
	host_logf(HYP_LOG_ERR, "front: %s: the kernel refused it: the device "
	    "number %u:%u %s%s; another major can be configured "
	    "(/proc/devices has those in use)", fn->fn_name,
	    front.fl_config.major, fn->fn_minor,
	    n > 0 ? "belongs to " : "or the name may be taken", by);
	return -EEXIST;
}

static int
check_made(const struct front_chan *fc)
{
	struct pollfd pfd = { .fd = fc->fc_fd, .events = 0 };

	if (poll(&pfd, 1, 0) == 1 && (pfd.revents & (POLLERR | POLLHUP)))
		return why_refused(fc->fc_node);
	return 0;
}

int
front_chan_watch(struct front_chan *fc)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = fc };

	return epoll_ctl(front.fl_epoll, EPOLL_CTL_ADD, fc->fc_fd, &ev) == -1 ?
	    -errno : 0;
}

/* No thread is in it any more, and no file is open. */
void
front_chan_free(struct front_chan *fc)
{

	assert(LIST_EMPTY(&fc->fc_files));
	if (fc->fc_se != NULL)
		fuse_session_destroy(fc->fc_se);	/* closes fc_fd */
	free(fc);
}

struct front_chan *
front_chan_alloc(struct front_node *fn, int fd)
{
	struct front_chan *fc;

	fc = calloc(1, sizeof(*fc));
	if (fc == NULL)
		return NULL;
	fc->fc_node = fn;
	fc->fc_fd = fd;
	atomic_store(&fc->fc_refs, 1);
	LIST_INIT(&fc->fc_files);
	fc->fc_se = new_session(fc);
	if (fc->fc_se == NULL || front_io_attach(fc) != 0) {
		front_chan_free(fc);
		return NULL;
	}
	return fc;
}

/* front_chan_make's work; ESTALE, which is not logged: see there. */
static int
chan_try(struct front_node *fn, bool taken)
{
	struct front_chan *fc;
	int fd, error;

	fd = open_channel();
	if (fd < 0)
		return fd;
	atomic_fetch_add(&fn->fn_unsettled, 1);
	front_kept_add(fn, fd);
	fc = front_chan_alloc(fn, fd);
	if (fc == NULL) {
		front_kept_remove(fn);
		host_logf(HYP_LOG_ERR, "front: %s: no memory, or too many "
		    "nodes", fn->fn_name);
		close(fd);
		return -ENOMEM;
	}
	error = answer_init(fc);
	if (error != 0)
		host_logf(HYP_LOG_ERR, "front: %s: /dev/cuse does not begin: "
		    "%s", fn->fn_name, strerror(-error));
	if (error == 0)
		error = check_made(fc);
	if (error == 0)
		error = front_node_own(fn, taken);
	if (error == 0) {
		front_kept_made(fn);
		pthread_mutex_lock(&front.fl_lock);
		fn->fn_chan = fc;
		pthread_mutex_unlock(&front.fl_lock);
		error = front_chan_watch(fc);
	}
	if (error != 0) {
		pthread_mutex_lock(&front.fl_lock);
		fn->fn_chan = NULL;
		pthread_mutex_unlock(&front.fl_lock);
		front_kept_remove(fn);
		front_chan_free(fc);
	}
	return error;
}

/*
 * error = front_chan_make(fn)
 *
 *	Give the node a channel, and with it its name in /dev.  Negative
 *	errno, logged.
 *
 *	What has the name already may be taken away meanwhile.  Then the
 *	kernel's device has no node, and the next SIGHUP would not make one,
 *	as nothing is missing but that:
 *
 *	here			kernel (devtmpfs)	somebody
 *	a file is there
 *				has the device, but
 *				no node: EEXIST
 *							unlink
 *	own_node: nothing there
 *
 *	So it is made once more.  Nothing there from the beginning to the end
 *	is a /dev of one's own.
 */
int
front_chan_make(struct front_node *fn)
{
	char path[FRONT_PATH];
	struct stat st;
	int error;

	front_node_path(fn, path);
	error = chan_try(fn, lstat(path, &st) == 0);
	return error == -ESTALE ? chan_try(fn, false) : error;
}

/* ---- losing a channel ----------------------------------------------- */

/* The last one out: the clients that are left get no further answer. */
static void
chan_close(struct front_chan *fc)
{
	struct front_file *ff;

	while ((ff = front_file_first(fc)) != NULL) {
		front_tell(FRONT_EV_CLOSE, fc->fc_node, ff);
		front_file_rele(ff);
	}
	front_chan_free(fc);
}

/* A new channel for a node that has lost its own; the caller alone may. */
static void
node_again(struct front_node *fn)
{

	if (front_chan_make(fn) == 0) {
		host_logf(HYP_LOG_NOTICE, "front: %s: is there again",
		    fn->fn_name);
		front_tell(FRONT_EV_AGAIN, fn, NULL);
		return;
	}
	host_logf(HYP_LOG_ERR, "front: %s: stays away until devswd gets a "
	    "SIGHUP", fn->fn_name);
	pthread_mutex_lock(&front.fl_lock);
	fn->fn_away = true;
	pthread_mutex_unlock(&front.fl_lock);
}

/* Nodes stay until front_stop, and new ones are added at the head. */
void
front_nodes_again(void)
{
	struct front_node *fn;

	pthread_mutex_lock(&front.fl_lock);
	LIST_FOREACH(fn, &front.fl_nodes, fn_list) {
		if (!fn->fn_away)
			continue;
		fn->fn_away = false;
		pthread_mutex_unlock(&front.fl_lock);
		node_again(fn);
		pthread_mutex_lock(&front.fl_lock);
	}
	pthread_mutex_unlock(&front.fl_lock);
}

/*
 * front_chan_rele(fc)
 *
 *	The calling thread leaves the channel, which may be freed now.  If it
 *	was lost and this was the last thread in it, the node gets a new one;
 *	sleeps then.
 */
void
front_chan_rele(struct front_chan *fc)
{
	struct front_node *const fn = fc->fc_node;
	struct front_thread *const ft = front_maybe_self();

	assert(fc->fc_refs > 0);
	if (atomic_fetch_sub(&fc->fc_refs, 1) != 1)
		return;
	if (ft != NULL)
		(void)front_run(ft);
	chan_close(fc);
	if (fn->fn_orphan)
		front_node_free(fn);
	if (atomic_load(&front.fl_stopping))
		return;
	node_again(fn);
}

/*
 * front_chan_lost(ft, fc)
 *
 *	The kernel has ended the connection.  Called by the thread at the
 *	helm, which alone reads channels.  It must not do so twice, so the
 *	channel is taken out before anything that lasts, during which the
 *	guard may take the helm:
 *
 *		helm				guard
 *		reads: connection lost
 *		EPOLL_CTL_DEL
 *		front_run: may lose the helm
 *		the log is slow
 *						has the helm, epoll_wait: the
 *						others' events only
 */
void
front_chan_lost(struct front_thread *ft, struct front_chan *fc)
{

	if (epoll_ctl(front.fl_epoll, EPOLL_CTL_DEL, fc->fc_fd, NULL) == -1)
		host_fatal("front: epoll_ctl");
	(void)front_run(ft);
	host_logf(HYP_LOG_ERR, "front: %s: connection lost: %s",
	    fc->fc_node->fn_name, strerror(fc->fc_error));
	atomic_store(&fc->fc_lost, true);
	front_tell(FRONT_EV_LOST, fc->fc_node, NULL);
	pthread_mutex_lock(&front.fl_lock);
	fc->fc_node->fn_chan = NULL;
	pthread_mutex_unlock(&front.fl_lock);
	front_kept_remove(fc->fc_node);
	front_interrupt_all(fc, front.fl_config.deadline_ms);
	front_chan_rele(fc);
}
