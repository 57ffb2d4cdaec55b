/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * l_clone.c - litmuses of a cloning device: each open becomes a file with one
 * fo_close, whatever comes first.  fd_clone is NetBSD's; that revoke, vdevgone
 * and devsw_detach reach such files is this project's (spec_clone.c).
 */
#include <sys/atomic.h>
#include <sys/conf.h>
#include <sys/errno.h>
#include <sys/file.h>
#include <sys/kmem.h>
#include <sys/lwp.h>
#include <sys/systm.h>
#include <sys/vnode.h>

#include "sched/sched.h"
#include "specfs/h_node.h"
#include "specfs/h_specfs.h"
#include "specfs/specfs_impl.h"

#define	L_ENXIO	6
#define	L_EBADF	9

struct cl {
	kmutex_t	cl_lock;
	kcondvar_t	cl_cv;
	u_int		cl_calls;
	bool		cl_restarted;
};

static struct hyp_node node;
static struct h_client a, b;
static u_int opens, closes;
static bool gone;
static devmajor_t maj;

static int
cl_read(file_t *fp, off_t *off __unused, struct uio *uio __unused,
    kauth_cred_t cred __unused, int flags __unused)
{
	struct cl *cl = fp->f_data;
	int error = 0;

	sched_begin("fo_read");
	mutex_enter(&cl->cl_lock);
	cl->cl_calls++;
	while (!cl->cl_restarted && error == 0)
		error = cv_wait_sig(&cl->cl_cv, &cl->cl_lock);
	cl->cl_calls--;
	mutex_exit(&cl->cl_lock);
	if (error == 0)
		error = ERESTART;
	sched_end("fo_read", error);
	return error;
}

static int
cl_close(file_t *fp)
{
	struct cl *cl = fp->f_data;

	sched_begin("fo_close");
	mutex_enter(&cl->cl_lock);
	KASSERTMSG(cl->cl_calls == 0, "%u calls", cl->cl_calls);
	mutex_exit(&cl->cl_lock);
	cv_destroy(&cl->cl_cv);
	mutex_destroy(&cl->cl_lock);
	kmem_free(cl, sizeof(*cl));
	(void)__atomic_add_fetch(&closes, 1, __ATOMIC_RELAXED);
	sched_end("fo_close", 0);
	return 0;
}

static void
cl_restart(file_t *fp)
{
	struct cl *cl = fp->f_data;

	sched_begin("fo_restart");
	mutex_enter(&cl->cl_lock);
	cl->cl_restarted = true;
	cv_broadcast(&cl->cl_cv);
	mutex_exit(&cl->cl_lock);
	sched_end("fo_restart", 0);
}

/* How many are open; also right while others open and close. */
static u_int
files(void)
{
	const u_int n = atomic_load_relaxed(&closes);

	return atomic_load_relaxed(&opens) - n;
}

static const struct fileops cl_fileops = {
	.fo_name = "cl",
	.fo_read = cl_read,
	.fo_write = fbadop_write,
	.fo_ioctl = fbadop_ioctl,
	.fo_poll = fnullop_poll,
	.fo_close = cl_close,
	.fo_kqfilter = fnullop_kqfilter,
	.fo_restart = cl_restart,
};

static int
clopen(dev_t dev __unused, int flag, int mode __unused,
    struct lwp *l __unused)
{
	struct cl *cl;
	file_t *fp;
	int error, fd;

	sched_begin("d_open");
	if (atomic_load_relaxed(&gone)) {
		sched_end("d_open", ENXIO);
		return ENXIO;
	}
	(void)fd_allocfile(&fp, &fd);
	cl = kmem_zalloc(sizeof(*cl), KM_SLEEP);
	mutex_init(&cl->cl_lock, MUTEX_DEFAULT, IPL_NONE);
	cv_init(&cl->cl_cv, "cl");
	(void)__atomic_add_fetch(&opens, 1, __ATOMIC_RELAXED);
	error = fd_clone(fp, (unsigned)fd, flag, &cl_fileops, cl);
	sched_end("d_open: a clone", 0);
	return error;
}

static const struct cdevsw cl_cdevsw = {
	.d_open = clopen,
	.d_close = nullclose,
	.d_read = noread,
	.d_write = nowrite,
	.d_ioctl = noioctl,
	.d_poll = nopoll,
	.d_flag = D_OTHER | D_MPSAFE,
};

static void
setup(void)
{

	h_specfs_up();
	opens = closes = 0;
	atomic_store_relaxed(&gone, false);
	maj = NODEVMAJOR;
	SCHED_CHECK(devsw_attach("cl", NULL, NULL, &cl_cdevsw, &maj) == 0);
	memset(&node, 0, sizeof(node));
	node.hn_dev = makedev(maj, 0);
	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	a.c_node = b.c_node = &node;
}

static void
setup_open_a(void)
{

	setup();
	h_open(&a);
	SCHED_CHECK(a.c_error == 0);
}

static void
end(void)
{
	static const char *const names[] = { NULL };

	SCHED_CHECK(files() == 0);
	if (cdevsw_lookup(node.hn_dev) != NULL)
		devsw_detach(NULL, &cl_cdevsw);
	h_specfs_down(names);
}

static void
open_close(void *arg)
{
	struct h_client *c = arg;

	h_open(c);
	SCHED_CHECK(c->c_error == 0 || c->c_error == L_ENXIO ||
	    c->c_error == L_EBADF);
	if (c->c_error == 0)
		h_close(c);
}

static void
read_close(void *arg)
{
	struct h_client *c = arg;

	h_read(c);
	SCHED_CHECK(c->c_error == EIO);
	h_close(c);
}

static void
closes_file(void *arg)
{

	h_close(arg);
}

static void
revokes(void *arg __unused)
{

	SCHED_CHECK(h_revoke(&node) == 0);
}

static void
unplugs(void *arg __unused)
{

	sched_did("hardware is pulled out");
	atomic_store_relaxed(&gone, true);
	sched_begin("vdevgone");
	vdevgone(maj, 0, 0, VCHR);
	sched_end("vdevgone", 0);
	SCHED_CHECK(files() == 0);
}

static void
leaves(void *arg __unused)
{

	sched_begin("devsw_detach");
	devsw_detach(NULL, &cl_cdevsw);
	sched_end("devsw_detach", 0);
	SCHED_CHECK(files() == 0);
}

/* Nothing has changed if it is busy. */
static void
leaves_if_idle(void *arg __unused)
{

	if (devsw_detach_idle(NULL, &cl_cdevsw) == 0)
		SCHED_CHECK(files() == 0);
}

/* Something is open. */
static void
is_busy(void *arg __unused)
{

	SCHED_CHECK(devsw_detach_idle(NULL, &cl_cdevsw) == EBUSY);
}

static void
end_close_a(void)
{

	SCHED_CHECK(files() == 1);
	h_close(&a);
	end();
}

#define	ACTORS(name, ...)						\
	static const struct sched_actor name[] = {			\
		__VA_ARGS__, { NULL, NULL, NULL }			\
	}

ACTORS(open_revoke, { "A", open_close, &a }, { "revoke", revokes, NULL });
ACTORS(open_unplug, { "A", open_close, &a }, { "unplug", unplugs, NULL });
ACTORS(read_revoke, { "A", read_close, &a }, { "revoke", revokes, NULL });
ACTORS(close_revoke, { "A", closes_file, &a },
    { "revoke", revokes, NULL });
ACTORS(close_unplug, { "A", closes_file, &a },
    { "unplug", unplugs, NULL });
ACTORS(read_open_revoke, { "A", read_close, &a }, { "B", open_close, &b },
    { "revoke", revokes, NULL });
ACTORS(open_leave, { "A", open_close, &a }, { "leave", leaves, NULL });
ACTORS(open_idle, { "A", open_close, &a },
    { "leave", leaves_if_idle, NULL });

ACTORS(open_busy, { "B", open_close, &b }, { "leave", is_busy, NULL });

extern const struct sched_litmus l_clone[];
const struct sched_litmus l_clone[] = {
	{ "clone_open_revoke", "a clone that comes during a revoke",
	    setup, open_revoke, end },
	{ "clone_open_unplug", "a clone that comes during an unplug",
	    setup, open_unplug, end },
	{ "clone_read_revoke", "a blocked read of a clone, revoked",
	    setup_open_a, read_revoke, end },
	{ "clone_close_revoke", "a clone's close against a revoke",
	    setup_open_a, close_revoke, end },
	{ "clone_close_unplug", "a clone's close against an unplug",
	    setup_open_a, close_unplug, end },
	{ "clone_read_open_revoke", "a clone, another one, and a revoke",
	    setup_open_a, read_open_revoke, end },
	{ "clone_open_leave", "a clone against devsw_detach",
	    setup, open_leave, end },
	{ "clone_open_idle", "a clone against devsw_detach_idle",
	    setup, open_idle, end },
	{ "clone_open_busy", "devsw_detach_idle with a clone that is open",
	    setup_open_a, open_busy, end_close_a },
	{ NULL, NULL, NULL, NULL, NULL },
};
