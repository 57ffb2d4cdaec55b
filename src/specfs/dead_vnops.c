/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dead_vnops.c - deadfs: the results of operations on a revoked file.
 *
 *	read	0 (end of file) on a tty, otherwise EIO
 *	write	EIO
 *	ioctl	EBADF
 *	poll	what was asked for, and POLLERR and POLLHUP
 *	close	0
 *
 * They hold until the file is closed, whatever is plugged in meanwhile.
 * No state, no lock.
 */
#include <sys/errno.h>
#include <sys/poll.h>
#include <sys/systm.h>

#include "specfs/specfs_impl.h"

static int
dead_open(struct vnode *vp __unused, int mode __unused,
    struct lwp *l __unused)
{

	return ERESTART;	/* the name has a new vnode by now */
}

static int
dead_close(struct vnode *vp __unused, int mode __unused,
    struct lwp *l __unused)
{

	return 0;
}

static int
dead_read(struct vnode *vp, struct uio *uio __unused, int ioflag __unused)
{

	return vp->v_istty ? 0 : EIO;
}

static int
dead_write(struct vnode *vp __unused, struct uio *uio __unused,
    int ioflag __unused)
{

	return EIO;
}

static int
dead_ioctl(struct vnode *vp __unused, u_long cmd __unused,
    void *data __unused, int mode __unused, struct lwp *l __unused)
{

	return EBADF;
}

static int
dead_poll(struct vnode *vp __unused, int events, struct lwp *l __unused)
{

	return events | POLLERR | POLLHUP;
}

static int
dead_kqfilter(struct vnode *vp __unused, struct knote *kn __unused)
{

	return EBADF;
}

static int
dead_revoke(struct vnode *vp __unused, int flags __unused)
{

	return 0;
}

const struct vnodeops dead_vnodeops = {
	.vop_open = dead_open,
	.vop_close = dead_close,
	.vop_read = dead_read,
	.vop_write = dead_write,
	.vop_ioctl = dead_ioctl,
	.vop_poll = dead_poll,
	.vop_kqfilter = dead_kqfilter,
	.vop_revoke = dead_revoke,
};
