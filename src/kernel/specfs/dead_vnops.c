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
 * or those of the device's semantics, in spec_semantics.c.  They hold until
 * the file is closed, whatever is plugged in meanwhile.  The close undoes an
 * open that nobody has taken over (lingering), so it is specfs's own.  No
 * state, no lock.
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

static const struct spec_dead *
dead_results(const struct vnode *vp)
{
	const struct spec_semantics *const ss = vp->v_spec.sn_ss;

	return vp->v_istty ? &ss->ss_tty : &ss->ss_other;
}

static int
dead_read(struct vnode *vp, struct uio *uio __unused, int ioflag __unused)
{

	return dead_results(vp)->dr_read;
}

static int
dead_write(struct vnode *vp, struct uio *uio __unused, int ioflag __unused)
{

	return dead_results(vp)->dr_write;
}

static int
dead_ioctl(struct vnode *vp, u_long cmd __unused, void *data __unused,
    int mode __unused, struct lwp *l __unused)
{

	return dead_results(vp)->dr_ioctl;
}

static int
dead_poll(struct vnode *vp, int events, struct lwp *l __unused)
{
	const struct spec_dead *const dr = dead_results(vp);

	return (events & dr->dr_asked) | dr->dr_always;
}

static int
dead_revoke(struct vnode *vp __unused, int flags __unused)
{

	return 0;
}

const struct vnodeops dead_vnodeops = {
	.vop_open = dead_open,
	.vop_close = spec_close,
	.vop_read = dead_read,
	.vop_write = dead_write,
	.vop_ioctl = dead_ioctl,
	.vop_poll = dead_poll,
	.vop_revoke = dead_revoke,
};
