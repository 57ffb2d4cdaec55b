/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * front_node.c - device nodes: what K makes, and who asks about them.
 *
 * A node is a name and a device number in /dev for as long as its channel
 * lives (front_chan.c).  All nodes have one major number and K's minors: with a
 * major of its own for each, Linux runs out at the 142nd.  Owner and mode:
 * front_perm.c.
 */
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "front/frontvar.h"
#include "host/host.h"
#include "hyp/hyp.h"

#define	MAJOR_DEFAULT	120	/* 120-127 are for local use */
#define	MAJOR_MAX	511
#define	STUCK_MS	100	/* to end before one is answered for */

/* ---- down-calls ----------------------------------------------------- */

struct front_node *
front_node_alloc(struct hyp_node *node, const char *name, int class,
    uint32_t minor)
{
	static const struct front_perm strictest = { 0, 0, S_IRUSR | S_IWUSR };
	struct front_node *fn;

	fn = calloc(1, sizeof(*fn));
	if (fn == NULL)
		return NULL;
	fn->fn_name = strdup(name);
	if (fn->fn_name == NULL) {
		free(fn);
		return NULL;
	}
	fn->fn_node = node;
	fn->fn_class = class;
	fn->fn_minor = minor;
	fn->fn_perm = strictest;
	fn->fn_record = -1;
	pthread_mutex_lock(&front.fl_lock);
	fn->fn_own = front.fl_config.strict;
	pthread_mutex_unlock(&front.fl_lock);
	return fn;
}

void
front_node_free(struct front_node *fn)
{

	free(fn->fn_name);
	free(fn);
}

int
hyp_node_create(struct hyp_node *node, const char *name, int class,
    uint32_t minor, void **hostp)
{
	struct front_node *fn;
	unsigned unheard;
	bool early;
	int error;

	assert(front.fl_config.major != 0);	/* front_start */
	assert(name[0] != '\0' && strlen(name) < 200);
	error = front_kept_take(node, name, class, minor, &fn);
	if (error != 0)
		return error;
	if (fn != NULL) {
		*hostp = fn;
		return 0;
	}
	fn = front_node_alloc(node, name, class, minor);
	if (fn == NULL)
		return ENOMEM;
	/*
	 * A client may open the node before front_chan_make has returned, and K
	 * asks hyp_node_access with *host then.
	 */
	*hostp = fn;
	pthread_mutex_lock(&front.fl_lock);
	unheard = front.fl_unheard;
	pthread_mutex_unlock(&front.fl_lock);
	error = front_chan_make(fn);
	if (error != 0) {
		*hostp = NULL;
		front_node_free(fn);
		return -error;
	}
	pthread_mutex_lock(&front.fl_lock);
	LIST_INSERT_HEAD(&front.fl_nodes, fn, fn_list);
	early = unheard != front.fl_unheard;
	pthread_mutex_unlock(&front.fl_lock);
	/* udev was done with some node that was in no list: with this one? */
	if (early)
		front_node_heard(fn, 1);
	return 0;
}

/*
 * The channel is compared with, not looked into: it may be gone as soon as
 * the lock is left.
 */
void
hyp_node_stuck(void *host)
{
	const struct front_node *const fn = host;
	const struct front_chan *fc;

	front_tell(FRONT_EV_STUCK, fn, NULL);
	pthread_mutex_lock(&front.fl_lock);
	fc = fn->fn_chan;
	pthread_mutex_unlock(&front.fl_lock);
	if (fc != NULL)
		front_interrupt_all(fc, STUCK_MS);
}

void
hyp_node_changed(void *host)
{
	const struct front_node *const fn = host;

	if (front.fl_config.changed != NULL)
		(*front.fl_config.changed)(fn->fn_minor);
}

/* ---- who asks about nodes ------------------------------------------- */

bool
front_node_next(uint32_t minor, struct front_nodeinfo *fi)
{
	const struct front_node *fn, *best = NULL;

	pthread_mutex_lock(&front.fl_lock);
	LIST_FOREACH(fn, &front.fl_nodes, fn_list) {
		if (fn->fn_minor >= minor &&
		    (best == NULL || fn->fn_minor < best->fn_minor))
			best = fn;
	}
	if (best != NULL) {
		fi->fi_node = best->fn_node;
		fi->fi_minor = best->fn_minor;
		fi->fi_class = best->fn_class;
		snprintf(fi->fi_name, sizeof(fi->fi_name), "%s",
		    best->fn_name);
	}
	pthread_mutex_unlock(&front.fl_lock);
	return best != NULL;
}

bool
front_node_find(uint32_t minor, struct front_nodeinfo *fi)
{

	return front_node_next(minor, fi) && fi->fi_minor == minor;
}

int
front_node_owner(const struct front_nodeinfo *fi, uid_t *uid)
{
	char path[FRONT_PATH];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", front.fl_config.devdir,
	    fi->fi_name);
	if (lstat(path, &st) == -1)
		return errno;
	if (!S_ISCHR(st.st_mode) || st.st_rdev !=
	    makedev(front.fl_config.major, fi->fi_minor))
		return EXDEV;
	*uid = st.st_uid;
	return 0;
}

/* ---- start and stop ------------------------------------------------- */

/*
 * front_nodes_stop()
 *
 *	Give all nodes up.  A thread that is stuck in a channel does that for
 *	it and its node, should it come back.
 */
void
front_nodes_stop(void)
{
	struct front_node *fn;

	while ((fn = LIST_FIRST(&front.fl_nodes)) != NULL ||
	    (fn = LIST_FIRST(&front.fl_kept)) != NULL) {
		LIST_REMOVE(fn, fn_list);
		front_kept_remove(fn);
		if (fn->fn_chan == NULL) {
			front_node_free(fn);
			continue;
		}
		fn->fn_orphan = true;
		front_chan_rele(fn->fn_chan);
	}
}

static void
to_log(enum fuse_log_level level, const char *format, va_list ap)
{
	char line[512];
	size_t n;

	vsnprintf(line, sizeof(line), format, ap);
	n = strlen(line);
	if (n > 0 && line[n - 1] == '\n')
		line[n - 1] = '\0';
	host_logf(level <= FUSE_LOG_ERR ? HYP_LOG_ERR : (int)level, "%s",
	    line);
}

static void
set_config(const struct front_config *config)
{
	struct front_config *const c = &front.fl_config;

	*c = *config;
	if (c->major == 0)
		c->major = MAJOR_DEFAULT;
	if (c->max_threads == 0)
		c->max_threads = 1024;
	if (c->max_files == 0)
		c->max_files = 65536;
	if (c->deadline_ms == 0)
		c->deadline_ms = 5000;
	if (c->idle_ms == 0)
		c->idle_ms = 2000;
	if (c->guard_ms == 0)
		c->guard_ms = 10;
	if (c->devdir == NULL)
		c->devdir = "/dev";
	assert(c->major <= MAJOR_MAX);
	assert(c->max_threads >= 2);
}

int
front_start(const struct front_config *config)
{
	int error;

	set_config(config);
	fuse_set_log_func(to_log);
	LIST_INIT(&front.fl_nodes);
	LIST_INIT(&front.fl_kept);
	assert(config->journal == NULL ||
	    (config->keep != NULL && config->unkeep != NULL));
	error = front_handles_start();
	return error != 0 ? error : front_threads_start();
}

unsigned
front_stop(void)
{
	unsigned left;

	front_threads_stop();
	front_nodes_stop();
	pthread_mutex_lock(&front.fl_lock);
	left = front.fl_nthreads;
	pthread_mutex_unlock(&front.fl_lock);
	if (left != 0)
		host_logf(HYP_LOG_ERR, "front: %u threads are stuck", left);
	return left;
}

void
front_getstats(struct front_stats *stats)
{
	const struct front_node *fn;

	memset(stats, 0, sizeof(*stats));
	pthread_mutex_lock(&front.fl_lock);
	stats->threads = front.fl_nthreads;
	stats->idle = front_idle();
	stats->zombies = front_zombies();
	LIST_FOREACH(fn, &front.fl_nodes, fn_list)
		stats->nodes += fn->fn_chan != NULL;
	pthread_mutex_unlock(&front.fl_lock);
}
