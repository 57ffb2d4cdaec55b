/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clone.c - a cloning device as a module, for tests: /dev/clone0, where each
 * open has a pipe of its own.  What is written can be read from the same open
 * only; a read of an empty one sleeps, until the file is revoked (EIO), its
 * close or a signal.
 *
 * A pseudo-device: no hardware, one unit, there as long as the module is.
 * Its unload is EBUSY while something is open.
 *
 * Locks: cl_lock of each open guards its fields.  cl_restarted is set for
 * good by fo_restart.
 */
#include <sys/conf.h>
#include <sys/errno.h>
#include <sys/file.h>
#include <sys/kmem.h>
#include <sys/lwp.h>
#include <sys/module.h>
#include <sys/mutex.h>
#include <sys/poll.h>
#include <sys/select.h>
#include <sys/systm.h>
#include <sys/uio.h>

#include <hyp/hyp_node.h>

#define	CLONE_SIZE	4096

struct clone {
	kmutex_t	cl_lock;
	kcondvar_t	cl_cv;
	struct selinfo	cl_sel;
	bool		cl_restarted;
	size_t		cl_in, cl_out;		/* cl_out <= cl_in */
	char		cl_ring[CLONE_SIZE];
};

/* cl_lock held: sleep until *what changes; errno. */
static int
clone_sleep(struct clone *cl, int flags)
{

	if (cl->cl_restarted)
		return ERESTART;
	if (flags & IO_NDELAY)
		return EWOULDBLOCK;
	return cv_wait_sig(&cl->cl_cv, &cl->cl_lock);
}

static int
clone_move(struct clone *cl, size_t at, size_t n, struct uio *uio)
{

	return uiomove(&cl->cl_ring[at % CLONE_SIZE],
	    MIN(MIN(n, CLONE_SIZE - at % CLONE_SIZE), uio->uio_resid), uio);
}

static int
clone_rw(struct clone *cl, struct uio *uio, int flags)
{
	const bool in = uio->uio_rw == UIO_WRITE;
	const size_t before = uio->uio_resid;
	size_t had, room;
	int error = 0;

	mutex_enter(&cl->cl_lock);
	while (error == 0 && uio->uio_resid > 0) {
		room = in ? CLONE_SIZE - (cl->cl_in - cl->cl_out) :
		    cl->cl_in - cl->cl_out;
		if (room == 0) {
			/* A read takes what there is. */
			if (!in && uio->uio_resid < before)
				break;
			error = clone_sleep(cl, flags);
			continue;
		}
		had = uio->uio_resid;
		error = clone_move(cl, in ? cl->cl_in : cl->cl_out, room, uio);
		*(in ? &cl->cl_in : &cl->cl_out) += had - uio->uio_resid;
		cv_broadcast(&cl->cl_cv);
		selnotify(&cl->cl_sel, 0, 0);
	}
	mutex_exit(&cl->cl_lock);
	return error;
}

static int
clone_read(file_t *fp, off_t *off __unused, struct uio *uio,
    kauth_cred_t cred __unused, int flags)
{

	return clone_rw(fp->f_data, uio, flags);
}

static int
clone_write(file_t *fp, off_t *off __unused, struct uio *uio,
    kauth_cred_t cred __unused, int flags)
{

	return clone_rw(fp->f_data, uio, flags);
}

static int
clone_poll(file_t *fp, int events)
{
	struct clone *const cl = fp->f_data;
	int revents = 0;

	mutex_enter(&cl->cl_lock);
	if (cl->cl_in != cl->cl_out)
		revents |= events & (POLLIN | POLLRDNORM);
	if (cl->cl_in - cl->cl_out < CLONE_SIZE)
		revents |= events & (POLLOUT | POLLWRNORM);
	/* Always: the next edge may be all that the client waits for. */
	selrecord(curlwp, &cl->cl_sel);
	mutex_exit(&cl->cl_lock);
	return revents;
}

static int
clone_close(file_t *fp)
{
	struct clone *const cl = fp->f_data;

	seldestroy(&cl->cl_sel);
	cv_destroy(&cl->cl_cv);
	mutex_destroy(&cl->cl_lock);
	kmem_free(cl, sizeof(*cl));
	return 0;
}

static void
clone_restart(file_t *fp)
{
	struct clone *const cl = fp->f_data;

	mutex_enter(&cl->cl_lock);
	cl->cl_restarted = true;
	cv_broadcast(&cl->cl_cv);
	mutex_exit(&cl->cl_lock);
}

static const struct fileops clone_fileops = {
	.fo_name = "clone",
	.fo_read = clone_read,
	.fo_write = clone_write,
	.fo_ioctl = fbadop_ioctl,
	.fo_poll = clone_poll,
	.fo_close = clone_close,
	.fo_kqfilter = fnullop_kqfilter,
	.fo_restart = clone_restart,
};

static int
cloneopen(dev_t dev __unused, int flag, int mode __unused,
    struct lwp *l __unused)
{
	struct clone *cl;
	int error, fd;
	file_t *fp;

	error = fd_allocfile(&fp, &fd);
	if (error)
		return error;
	cl = kmem_zalloc(sizeof(*cl), KM_SLEEP);
	mutex_init(&cl->cl_lock, MUTEX_DEFAULT, IPL_NONE);
	cv_init(&cl->cl_cv, "clone");
	selinit(&cl->cl_sel);
	return fd_clone(fp, (unsigned)fd, flag, &clone_fileops, cl);
}

static const struct cdevsw clone_cdevsw = {
	.d_open = cloneopen,
	.d_close = nullclose,
	.d_read = noread,
	.d_write = nowrite,
	.d_ioctl = noioctl,
	.d_poll = nopoll,
	.d_flag = D_OTHER | D_MPSAFE,
};

static const struct devnode clone_nodes[] = {
	{ "clone", "clone", &clone_cdevsw, 0, HYP_NODE_OTHER },
	{ NULL, NULL, NULL, 0, 0 }
};

MODULE(MODULE_CLASS_DRIVER, clone, NULL);

static int
clone_modcmd(modcmd_t cmd, void *arg __unused)
{
	devmajor_t bmajor = NODEVMAJOR, cmajor = NODEVMAJOR;
	int error;

	switch (cmd) {
	case MODULE_CMD_INIT:
		error = devsw_attach("clone", NULL, &bmajor, &clone_cdevsw,
		    &cmajor);
		if (error)
			return error;
		devnode_attach(clone_nodes);
		(void)devnode_make("clone", 0);	/* which says what failed */
		return 0;
	case MODULE_CMD_FINI:
		error = devsw_detach_idle(NULL, &clone_cdevsw);
		if (error)
			return error;
		devnode_detach(clone_nodes);
		return 0;
	default:
		return ENOTTY;
	}
}
