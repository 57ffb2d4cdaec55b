/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spec_clone.c - cloning devices: an open that becomes a file of its own.
 *
 * A driver that wants one close for each open must not count the calls of
 * its d_close, which belongs to the device.  Its d_open makes a struct file
 * with fd_clone() instead and answers EMOVEFD, as in NetBSD.  There such a
 * file has nothing to do with the node any more, and neither revoke(2) nor
 * vdevgone(9) reaches it, so that each driver has to find a way of its own
 * to get rid of its files in detach.  Here it stays a child of its node:
 *
 *	node's vnode, specdev		clone's vnode, specdev
 *	------------------------	------------------------------
 *	found by name and dev_t		found by dev_t only, to be revoked
 *	shared by all opens		one open
 *	d_open, d_cancel, d_close	fo_restart, fo_close
 *
 * and so everything that spec_vnops.c and spec_close.c promise holds for it:
 * I/O references, drain, overdue closes, dead files, one close.
 *
 * The open itself fails, as far as the node is concerned: its counts are
 * given back.
 *
 * A revoke while the open is on its way.  The opener holds an I/O reference
 * of the node until its clone can be found, so that the revoke, which waits
 * for that before it is over, misses none:
 *
 *	opener				revoke
 *	d_open: fd_clone
 *	device_lock: not gone,
 *	  clone's vnode can be found
 *	device_lock left
 *	spec_io_exit			node: gone, cancel, drain, close
 *					looks again: the clone, revoked too
 *
 * or, if the revoke is first, the opener finds the node gone and closes the
 * file itself, before it gives the reference back.
 *
 * Lifetime: the file lives as long as its specdev.  Locks: device_lock, see
 * spec_vnops.c.
 */
#include <sys/atomic.h>
#include <sys/errno.h>
#include <sys/event.h>
#include <sys/file.h>
#include <sys/kmem.h>
#include <sys/lwp.h>
#include <sys/poll.h>
#include <sys/syslog.h>
#include <sys/systm.h>
#include <sys/uio.h>

#include "specfs/specfs_impl.h"

/*
 * The tables that the log has named, the latest first; only their addresses.
 * Atomic.  One that is behind all these is named again.
 */
#define	CLONE_REFUSED	16
static const struct fileops *clone_refused[CLONE_REFUSED];

/*
 * spec_clone_driver_gone()
 *
 *	A driver has left; another table may come to be where its was.
 */
void
spec_clone_driver_gone(void)
{

	for (u_int i = 0; i < CLONE_REFUSED; i++)
		atomic_store_relaxed(&clone_refused[i], NULL);
}

/* Its turn, in front of the others; shall the log name it? */
static bool
clone_refuse(const struct fileops *fops)
{
	const struct fileops *here = fops, *was;

	for (u_int i = 0; i < CLONE_REFUSED; i++) {
		was = atomic_swap_ptr(&clone_refused[i], here);
		if (was == fops || was == NULL)
			return was == NULL;
		here = was;
	}
	return true;
}

/* ---- for drivers ---------------------------------------------------- */

/*
 * error = fd_allocfile(&fp, &fd)
 *
 *	A file for fd_clone or fd_abort.  fd is a formality.  From d_open
 *	only.  Does not sleep; always 0.
 */
int
fd_allocfile(file_t **fpp, int *fdp)
{

	*fpp = kmem_zalloc(sizeof(**fpp), KM_SLEEP);
	*fdp = 0;
	return 0;
}

/*
 * fd_abort(p, fp, fd)
 *
 *	Give a file of fd_allocfile back, unused.
 */
void
fd_abort(struct proc *p __unused, file_t *fp, unsigned fd __unused)
{

	KASSERT(fp->f_ops == NULL);
	kmem_free(fp, sizeof(*fp));
}

/*
 * error = fd_clone(fp, fd, flag, fops, data)
 *
 *	This open is fp from now on, with data for its driver.  EMOVEFD, which
 *	d_open has to return.  EINVAL: fops lacks an entry, which is logged, and
 *	not again by the next opens; fp is given back, and data the caller's.
 *	flag is d_open's.
 */
int
fd_clone(file_t *fp, unsigned fd, int flag, const struct fileops *fops,
    void *data)
{
	/* Its author's fault; not to be found by a client's call. */
	const char *const lacks = fops->fo_read == NULL ? "fo_read" :
	    fops->fo_write == NULL ? "fo_write" :
	    fops->fo_ioctl == NULL ? "fo_ioctl" :
	    fops->fo_close == NULL ? "fo_close" :
	    fops->fo_restart == NULL ? "fo_restart" : NULL;

	if (lacks != NULL) {
		if (clone_refuse(fops))
			log(LOG_ERR, "%s: a file without %s is not opened\n",
			    fops->fo_name != NULL ? fops->fo_name :
			    "fd_clone", lacks);
		fd_abort(curproc, fp, fd);
		return EINVAL;
	}
	KASSERTMSG(curlwp->l_clone == NULL, "%s: cloned twice",
	    fops->fo_name);
	fp->f_flag = flag & (FREAD | FWRITE | FNONBLOCK);
	fp->f_ops = fops;
	fp->f_data = data;
	curlwp->l_clone = fp;
	return EMOVEFD;
}

/* Entries for what a file does not do. */

int
fbadop_read(struct file *fp __unused, off_t *off __unused,
    struct uio *uio __unused, kauth_cred_t cred __unused, int flags __unused)
{

	return EOPNOTSUPP;
}

int
fbadop_write(struct file *fp __unused, off_t *off __unused,
    struct uio *uio __unused, kauth_cred_t cred __unused, int flags __unused)
{

	return EOPNOTSUPP;
}

int
fbadop_ioctl(struct file *fp __unused, u_long cmd __unused,
    void *data __unused)
{

	return EPASSTHROUGH;
}

int
fnullop_poll(struct file *fp __unused, int events)
{

	return events & (POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM);
}

int
fnullop_kqfilter(struct file *fp __unused, struct knote *kn __unused)
{

	return EOPNOTSUPP;
}

void
fnullop_restart(struct file *fp __unused)
{
}

/* ---- for spec_open -------------------------------------------------- */

/*
 * error = spec_clone(vp, l)
 *
 *	d_open has returned EMOVEFD; the caller still has its I/O reference.
 *	EMOVEFD: l->l_clonevp is a vnode with a reference and one open, for
 *	VOP_CLOSE and vrele.  EBADF: vp has been revoked meanwhile, and the
 *	file is closed; sleeps as fo_close does.
 */
int
spec_clone(struct vnode *vp, struct lwp *l)
{
	struct file *const fp = l->l_clone;
	struct specdev *sd;
	struct vnode *cvp;

	KASSERTMSG(fp != NULL, "EMOVEFD of dev 0x%lx without fd_clone",
	    (u_long)vp->v_rdev);
	l->l_clone = NULL;
	sd = kmem_zalloc(sizeof(*sd), KM_SLEEP);
	sd->sd_dev = vp->v_rdev;
	sd->sd_type = vp->v_type;
	sd->sd_file = fp;
	sd->sd_refcnt = sd->sd_opencnt = 1;
	sd->sd_opened = true;

	mutex_enter(device_lock(vp->v_rdev));
	sd->sd_ss = vp->v_spec.sn_dev->sd_ss;
	if (!spec_gone(vp)) {
		cvp = spec_vnode_create(sd, NULL);
		cvp->v_spec.sn_opencnt = 1;
		/* A revoke that finds vp finds this. */
		cvp->v_spec.sn_serial = vp->v_spec.sn_serial;
		mutex_exit(device_lock(vp->v_rdev));
		l->l_clonevp = cvp;
		return EMOVEFD;
	}
	mutex_exit(device_lock(vp->v_rdev));
	spec_clone_close(sd);
	kmem_free(fp, sizeof(*fp));
	kmem_free(sd, sizeof(*sd));
	return EBADF;
}

/* ---- calls ---------------------------------------------------------- */

/*
 * error = spec_clone_rw(sd, uio, ioflag)
 * error = spec_clone_ioctl(sd, cmd, data)
 * revents = spec_clone_poll(sd, events)
 * spec_clone_restart(sd)
 * spec_clone_close(sd)
 *
 *	The entries of a clone's file.  Sleep as those do.
 */
int
spec_clone_rw(struct specdev *sd, struct uio *uio, int ioflag)
{
	struct file *const fp = sd->sd_file;
	const bool traced = DEVTRACE(), in = uio->uio_rw == UIO_READ;
	const size_t resid = uio->uio_resid;
	struct devtrace dt = { .dt_event = in ? "fo_read" : "fo_write",
	    .dt_file = (uintptr_t)fp };
	int error;

	if (traced)
		spec_trace_enter(&dt, sd->sd_type, sd->sd_dev);
	error = in ? fp->f_ops->fo_read(fp, &fp->f_offset, uio,
	    curlwp->l_cred, ioflag) : fp->f_ops->fo_write(fp, &fp->f_offset,
	    uio, curlwp->l_cred, ioflag);
	if (traced) {
		dt.dt_key = "bytes";
		dt.dt_value = resid - uio->uio_resid;
		spec_trace_exit(&dt, sd->sd_type, sd->sd_dev, error);
	}
	return error;
}

int
spec_clone_ioctl(struct specdev *sd, u_long cmd, void *data)
{
	const bool traced = DEVTRACE();
	const struct devtrace dt = { .dt_event = "fo_ioctl",
	    .dt_command = cmd, .dt_file = (uintptr_t)sd->sd_file };
	int error;

	if (traced)
		spec_trace_enter(&dt, sd->sd_type, sd->sd_dev);
	error = sd->sd_file->f_ops->fo_ioctl(sd->sd_file, cmd, data);
	if (traced)
		spec_trace_exit(&dt, sd->sd_type, sd->sd_dev, error);
	return error;
}

static int
clone_kqfilter(void *cookie, struct knote *kn)
{
	struct file *const fp = cookie;

	return fp->f_ops->fo_kqfilter(fp, kn);
}

/* A file's fo_poll: its own, or what its filters say. */
static int
clone_poll(struct file *fp, int events)
{

	if (fp->f_ops->fo_poll != NULL)
		return fp->f_ops->fo_poll(fp, events);
	return fp->f_ops->fo_kqfilter != NULL ?
	    knote_poll(clone_kqfilter, fp, events, curlwp) : POLLERR;
}

int
spec_clone_poll(struct specdev *sd, int events)
{
	const bool traced = DEVTRACE();
	struct devtrace dt = { .dt_event = "fo_poll", .dt_key = "events",
	    .dt_value = (u_int)events, .dt_file = (uintptr_t)sd->sd_file };
	int revents;

	if (traced)
		spec_trace_enter(&dt, sd->sd_type, sd->sd_dev);
	revents = clone_poll(sd->sd_file, events);
	if (traced) {
		dt.dt_key = "revents";
		dt.dt_value = (u_int)revents;
		spec_trace_exit(&dt, sd->sd_type, sd->sd_dev, 0);
	}
	return revents;
}

void
spec_clone_restart(struct specdev *sd)
{
	const bool traced = DEVTRACE();
	const struct devtrace dt = { .dt_event = "fo_restart",
	    .dt_file = (uintptr_t)sd->sd_file };

	if (traced)
		spec_trace_enter(&dt, sd->sd_type, sd->sd_dev);
	sd->sd_file->f_ops->fo_restart(sd->sd_file);
	if (traced)
		spec_trace_exit(&dt, sd->sd_type, sd->sd_dev, 0);
}

void
spec_clone_close(struct specdev *sd)
{
	const bool traced = DEVTRACE();
	const struct devtrace dt = { .dt_event = "fo_close",
	    .dt_file = (uintptr_t)sd->sd_file };
	int error;

	if (traced)
		spec_trace_enter(&dt, sd->sd_type, sd->sd_dev);
	error = sd->sd_file->f_ops->fo_close(sd->sd_file);
	if (traced)
		spec_trace_exit(&dt, sd->sd_type, sd->sd_dev, error);
}
