/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spec_vnops.c - specfs: what open, close, I/O and revoke of a device node
 * mean, whatever the driver is.
 *
 * Objects
 *	vnode	one incarnation of a node, shared by its opens.  Several
 *		nodes of one device have a vnode each.  v_spec has
 *		sn_opencnt, its share of the opens, and sn_gone, set for good
 *		when a revoke begins.  A gone vnode ends as a dead one (v_op
 *		is dead_vnodeops) when the revoke has finished.
 *	specdev	one for each type and dev_t that has vnodes:
 *		sd_opencnt	opens through all vnodes, begun ones included
 *		sd_iocnt	calls inside the driver, d_open included
 *		sd_opened	a d_open succeeded and no d_close came since
 *		sd_left		opens were revoked and no d_close came since
 *		sd_closing	the last close or a revoke is in the driver
 *		A clone (spec_clone.c) has a vnode and a specdev of its own.
 *
 * Last close and revoke both end in spec_close.c: d_cancel, drain, d_close.
 * Meanwhile sd_closing keeps new opens waiting (interruptibly), so between a
 * d_close and the d_open before it nothing else is opened.  A close that
 * does not come to its end is overdue after a while (sd_overdue): then
 * nobody but vdevgone waits for it any more.
 *
 * Revoke against a call that begins.  Both sides are sequentially
 * consistent, so at least one sees the other:
 *
 *	spec_io_enter			revoke
 *	sd_iocnt++			sn_gone = true
 *	sn_gone?  no: go on		...
 *					drain: sd_iocnt == 0?  no: waits
 *	d_read
 *	spec_io_exit: sd_iocnt--,
 *	  draining?  yes: wake		sd_iocnt == 0: d_close
 *
 * A call that finds its vnode gone answers ERESTART; the callers above
 * (hyp_node.c) wait until the vnode is dead and ask again, and so a client
 * sees either the driver's result or a dead file's, nothing between.
 *
 * Revoke against an open in progress: the revoke takes the open's count
 * over, cancels and closes; the open, when it comes out of d_open, finds
 * sn_gone and ends with the driver's error or EBADF.
 *
 * An open is counted when it has its device.  If it were counted first,
 * d_cancel and d_close could meet a device that is past its vdevgone, in a
 * detach that frees what they use:
 *
 *	open			revoke			detach
 *							vdevgone: commits,
 *	opencnt++					  revokes, ends
 *	looks for the device:	opencnt is not 0:	frees
 *	  detached, ENXIO	  d_cancel, d_close
 *
 * The vnode is there before the device is looked for; so one that is found
 * before the commit is found through a vnode that vdevgone revokes, and the
 * open, when it is to be counted, finds that gone.
 *
 * Locks.  Different devices have nothing in common here, so that their opens
 * run side by side: there is a lock for each of SPEC_BUCKETS buckets, and a
 * device's is that into which its number falls.
 *	device_lock	everything marked (d) in vnode.h and specdev.h, and of a
 *			bucket.  Not held while a driver runs; nobody has two.
 *	specfs_iocv	with device_lock; broadcast when sd_iocnt became 0
 *			under a drain, when sd_closing ends or is overdue,
 *			and when a vnode is dead.
 * Lock order: device_lock -> select_lock (a revoke wakes pollers); and see
 * spec_close.c.
 *
 * Lifetime: a vnode lives by references (open files, a call in vdevgone or
 * revoke); a specdev by its vnodes.  Whoever is between spec_io_enter and
 * spec_io_exit has a reference to the vnode.
 */
#include <sys/atomic.h>
#include <sys/conf.h>
#include <sys/errno.h>
#include <sys/fcntl.h>
#include <sys/file.h>
#include <sys/kernel.h>
#include <sys/lwp.h>
#include <sys/module.h>
#include <sys/poll.h>
#include <sys/stat.h>
#include <sys/systm.h>

#include <hyp/hyp_node.h>

#include "specfs/specfs_impl.h"

static const struct devsw_hooks spec_hooks;

/*
 * spec_init()
 */
void
spec_init(void)
{

	spec_node_init();
	spec_semantics_init();
	devsw_set_hooks(&spec_hooks);
}

/* ---- I/O references ------------------------------------------------- */

/*
 * spec_io_exit(sd)
 *
 *	A call has left the driver.  Takes device_lock.
 */
void
spec_io_exit(struct specdev *sd)
{

	if (atomic_dec_uint_nv(&sd->sd_iocnt) > 0 ||
	    atomic_load_seq_cst(&sd->sd_draining) == 0)
		return;
	mutex_enter(device_lock(sd->sd_dev));
	cv_broadcast(specfs_iocv(sd->sd_dev));
	mutex_exit(device_lock(sd->sd_dev));
}

/*
 * error = spec_io_enter(vp, &sd)
 *
 *	A call is about to enter the driver; spec_io_exit when it is back.
 *	ERESTART: vp is being revoked or dead.  The caller has a reference to
 *	vp.  Does not sleep.
 */
static int
spec_io_enter(struct vnode *vp, struct specdev **sdp)
{
	struct specdev *const sd = vp->v_spec.sn_dev;

	atomic_inc_uint(&sd->sd_iocnt);
	if (__predict_false(spec_gone(vp))) {
		spec_io_exit(sd);
		return ERESTART;
	}
	*sdp = sd;
	return 0;
}

/* ---- open and close ------------------------------------------------- */

/*
 * device_lock held: count an open in, once the device is not closing.
 * EINTR, EWOULDBLOCK: see spec_close_await.  ERESTART: revoked while waiting,
 * or see devsw_alive.  EBUSY: a close is overdue, or a block device is open or
 * closing.  ENXIO: the driver is leaving.
 */
static int
spec_open_enter(struct vnode *vp, int mode, const struct devsw_ref *dr)
{
	struct specnode *const sn = &vp->v_spec;
	struct specdev *const sd = sn->sn_dev;
	const u_int began = getticks();
	int error;

	if (vp->v_type == VBLK && (sd->sd_opencnt > 0 || sd->sd_closing))
		return EBUSY;
	while (sd->sd_closing && sd->sd_ss->ss_exact && !spec_gone(vp)) {
		if (sd->sd_overdue)
			return EBUSY;
		error = spec_close_await(sd, mode, began);
		if (error)
			return error;
	}
	if (spec_gone(vp))
		return ERESTART;
	if ((error = devsw_alive(dr)) != 0)
		return error;
	spec_node_learn(vp, dr->dr_device);
	sn->sn_opencnt++;
	sd->sd_opencnt++;
	atomic_inc_uint(&sd->sd_iocnt);
	return 0;
}

/*
 * error = spec_open_driver(vp, dr)
 *
 *	A driver and a device for an open, with references, after autoload if
 *	there is no driver.  See devsw_acquire.
 */
static int
spec_open_driver(struct vnode *vp, struct devsw_ref *dr)
{
	const bool block = vp->v_type == VBLK;
	const devmajor_t maj = major(vp->v_rdev);
	char name[DEVSW_NAMELEN];
	int error;

	error = devsw_acquire(block, vp->v_rdev, dr);
	if (error != ENXIO || (block ? bdevsw_lookup(vp->v_rdev) != NULL :
	    cdevsw_lookup(vp->v_rdev) != NULL))
		return error;
	if (!(block ? bdevsw_getname(maj, name) : cdevsw_getname(maj, name)) ||
	    module_autoload(name, MODULE_CLASS_DRIVER) != 0)
		return ENXIO;
	return devsw_acquire(block, vp->v_rdev, dr);
}

/*
 * error = VOP_OPEN(vp, mode, l)
 *
 *	Open the device: mode is FREAD, FWRITE, FNONBLOCK.  Sleeps while a
 *	close is in progress (with FNONBLOCK a second at most, and EWOULDBLOCK)
 *	and as d_open does.  ERESTART: start again with
 *	a new vnode (revoked before d_open, or the driver asks for it);
 *	EBADF: revoked during d_open; EMOVEFD: the open is l->l_clonevp (see
 *	spec_clone); EINTR; EBUSY; the driver's.
 */
static int
spec_open(struct vnode *vp, int mode, struct lwp *l)
{
	struct specnode *const sn = &vp->v_spec;
	struct specdev *const sd = sn->sn_dev;
	struct devsw_ref dr;
	int error;

	if ((error = spec_open_driver(vp, &dr)) != 0)
		return error;
	mutex_enter(device_lock(vp->v_rdev));
	error = spec_open_enter(vp, mode, &dr);
	mutex_exit(device_lock(vp->v_rdev));
	if (error) {
		devsw_release(&dr);
		return error;
	}

	error = devsw_open(&dr, mode, vp->v_type == VBLK ? S_IFBLK : S_IFCHR,
	    l);
	devsw_release(&dr);
	/* Before a close that waits for this goes on. */
	if (error == 0)
		atomic_store_relaxed(&sd->sd_opened, true);
	else if (error == EMOVEFD)
		error = spec_clone(vp, l);
	KASSERTMSG(l->l_clone == NULL, "open of dev 0x%lx has a clone and "
	    "error %d", (u_long)vp->v_rdev, error);
	spec_io_exit(sd);

	mutex_enter(device_lock(vp->v_rdev));
	if (spec_gone(vp) && error == 0)
		error = EBADF;
	if (sn->sn_taken) {
		/*
		 * thread in d_open		revoke
		 *				sn_gone; counts to 0
		 *				d_cancel; drain waits
		 * d_open returns
		 * spec_io_exit			d_close
		 *
		 * The close is done or on its way; the counts are gone.
		 * Without a drain it may have been too early for this one.
		 */
		spec_close_late(sd);
	} else if (error != 0) {
		/*
		 * thread 1			thread 2
		 * open ok, opencnt 1
		 *				open, opencnt 2, in d_open
		 * close, opencnt 1: not
		 *   the last, no d_close
		 *				d_open fails
		 *
		 * Then this failing open is the last reference of the one
		 * that succeeded, and has to close it.  How this open would
		 * have waited is its own affair: what the other one wrote is
		 * sent.
		 *
		 * It is the last reference, too, of opens that were revoked
		 * through another name while this one kept the device from
		 * being closed: nobody else would cancel them.
		 *
		 * thread 1, name a	revoke		thread 2, name b
		 * in d_open				in d_open
		 *			a gone: not
		 *			  the last
		 *						fails: the last
		 *
		 * And who was told to end its calls, by a vdevgone that waits
		 * for this open (spec_hangup), is to be closed.
		 */
		sn->sn_opencnt--;
		if (--sd->sd_opencnt == 0 && !sd->sd_closing &&
		    (atomic_load_relaxed(&sd->sd_opened) || sd->sd_left ||
		    sd->sd_cancelled))
			spec_close_device(sd, mode & ~FNONBLOCK);
		if (spec_gone(vp))
			cv_broadcast(specfs_iocv(vp->v_rdev));	/* spec_linger */
	}
	mutex_exit(device_lock(vp->v_rdev));
	return error;
}

/*
 * error = VOP_CLOSE(vp, mode, l)
 *
 *	Undo one successful open.  The last one of the device goes into the
 *	driver, with FNONBLOCK if the file has it now, and else waits for what
 *	was written; in Linux it waits for that either way, but not after an
 *	unplug.  After a revoke there is nothing left to undo.
 */
int
spec_close(struct vnode *vp, int mode, struct lwp *l __unused)
{
	struct specnode *const sn = &vp->v_spec;
	struct specdev *const sd = sn->sn_dev;

	mutex_enter(device_lock(vp->v_rdev));
	if (spec_gone(vp))
		mode |= FNONBLOCK;
	else if (sn->sn_ss->ss_linger)
		mode &= ~FNONBLOCK;
	if (!sn->sn_taken) {
		KASSERTMSG(sn->sn_opencnt > 0 &&
		    sn->sn_opencnt <= sd->sd_opencnt, "opencnt %u of %u",
		    sn->sn_opencnt, sd->sd_opencnt);
		if (sd->sd_file == NULL &&
		    (!sd->sd_ss->ss_exact || sd->sd_tracks))
			spec_close_inexact(vp, mode);
		else {
			sn->sn_opencnt--;
			if (--sd->sd_opencnt == 0)
				spec_close_device(sd, mode);
		}
	}
	mutex_exit(device_lock(vp->v_rdev));
	return 0;
}

/* ---- revoke --------------------------------------------------------- */

/*
 * spec_node_dead(vp)
 *
 *	vp is done for, and its files are told.  device_lock held.
 */
void
spec_node_dead(struct vnode *vp)
{
	struct hyp_file *fp;

	KASSERT(mutex_owned(device_lock(vp->v_rdev)));
	atomic_store_seq_cst(&vp->v_spec.sn_gone, true);
	atomic_store_release(&vp->v_op, &dead_vnodeops);
	cv_broadcast(specfs_iocv(vp->v_rdev));
	LIST_FOREACH(fp, &vp->v_files, f_vlist)
		selpoller_wake(&fp->f_poller);
}

/*
 * error = VOP_REVOKE(vp, flags)
 *
 *	All opens through vp are over: vp becomes dead.  If no other vnode
 *	has the device open, the driver is closed.  Sleeps until that, or a
 *	close or revoke by somebody else, has finished or is overdue; for what a
 *	close sends only if that is soon over.  The caller has a reference to
 *	vp.  Always 0.
 *
 *	One close: the next is of an open that came later, which is not waited
 *	for and not cut short.
 *
 *		revoke			A			B
 *		vp is gone, waits	its close ends
 *								opens, closes
 *		is woken: not its close
 *
 *	Where a close goes on while others have it open (not exact), it is the
 *	close of one of the opens that are taken here, and who does it closes
 *	the others behind it (spec_close_late).
 */
static int
spec_revoke(struct vnode *vp, int flags __unused)
{
	struct specnode *const sn = &vp->v_spec;
	struct specdev *const sd = sn->sn_dev;
	const u_int began = getticks();
	u_int n, nth;

	mutex_enter(device_lock(vp->v_rdev));
	if (spec_gone(vp)) {
		while (vp->v_op != &dead_vnodeops)
			cv_wait(specfs_iocv(vp->v_rdev), device_lock(vp->v_rdev));
		mutex_exit(device_lock(vp->v_rdev));
		return 0;
	}
	sn->sn_taken = true;
	atomic_store_seq_cst(&sn->sn_gone, true);
	cv_broadcast(specfs_iocv(vp->v_rdev));	/* opens that wait for a close */
	if ((n = sn->sn_opencnt) > 0) {
		KASSERT(n <= sd->sd_opencnt);
		sd->sd_opencnt -= n;
		sn->sn_opencnt = 0;
		if (sd->sd_opencnt == 0 && !sd->sd_closing)
			spec_close_start(vp, FNONBLOCK);
		else if (sd->sd_opencnt > 0 || n > 1)
			sd->sd_left = true;
	}
	nth = sd->sd_ncloses + (spec_is_left(sd) ? 1 : 0);
	while (sd->sd_closing && !sd->sd_overdue &&
	    (int)(nth - sd->sd_ncloses) >= 0)
		spec_close_press(sd, began);
	spec_node_unhash(vp);
	spec_node_dead(vp);
	mutex_exit(device_lock(vp->v_rdev));
	return 0;
}

/*
 * Semantics without a drain in the close: wait for what is in the driver of a
 * device that nobody can enter any more.
 */
static void
spec_drain_dev(enum vtype type, dev_t dev)
{
	struct specdev *sd;

	mutex_enter(device_lock(dev));
	sd = specdev_find(type, dev);
	if (sd != NULL && !sd->sd_ss->ss_wait) {
		sd->sd_refcnt++;
		mutex_exit(device_lock(dev));
		spec_io_drain(sd);
		mutex_enter(device_lock(dev));
		specdev_rele(sd);
	}
	mutex_exit(device_lock(dev));
}

/*
 * Revoke every vnode that a device has now.  Those that are made meanwhile are
 * of opens that come after it, and that it need not know; and it would not end
 * as long as somebody opens:
 *
 *	revoke			A			B
 *	takes B's vnode
 *				open: a vnode; waits
 *	d_close of B's		is open
 *							open: a vnode; waits
 *	takes A's vnode,
 *	d_close of A's					is open
 *	takes B's vnode ...
 *
 * After a detach an open that makes one finds no device.
 */
static void
spec_revoke_dev(enum vtype type, dev_t dev)
{
	const u_int serial = spec_serial(dev);
	struct vnode *vp;

	while (spec_lookup_before(type, dev, serial, &vp) == 0) {
		(void)VOP_REVOKE(vp, REVOKEALL);
		vrele(vp);
	}
}

/*
 * vrevoke(vp)
 *
 *	Revoke vp and all its aliases: every vnode that the same device has
 *	now.
 */
void
vrevoke(struct vnode *vp)
{

	spec_revoke_dev(vp->v_type, vp->v_rdev);
}

/*
 * vdevgone(major, minor_low, minor_high, type)
 *
 *	From a driver's detach: the hardware behind these minors is gone.
 *	Commits the detach and revokes every vnode; when it returns, no call
 *	is in the driver, none will come, and d_close has been called where
 *	a d_open had succeeded.  So it sleeps as long as the driver does, even
 *	when clients have long been answered.  The caller holds no lock that
 *	the driver's entries take.  vdevgone(9).
 */
void
vdevgone(devmajor_t maj, devminor_t minl, devminor_t minh, enum vtype type)
{

	for (devminor_t mn = minl; mn <= minh; mn++) {
		const dev_t dev = makedev(maj, mn);

		if (DEVTRACE())
			spec_trace_begin("vdevgone", type, dev);
		if (type == VBLK)
			bdev_detached(dev);
		else
			cdev_detached(dev);
		if (type == VCHR)
			spec_makedev_gone(dev);
		spec_linger(type, dev);
		spec_revoke_dev(type, dev);
		spec_close_wait(type, dev);
		spec_drain_dev(type, dev);
		if (DEVTRACE())
			spec_trace_end("vdevgone", type, dev, 0);
	}
}

/* ---- a driver that leaves ------------------------------------------- */

/* devsw's question: is anything of this driver open, or closing? */
static bool
spec_driver_busy(int type, devmajor_t maj)
{
	struct spec_bucket *sb;
	bool busy = false;

	SPEC_FOREACH_BUCKET(sb) {
		mutex_enter(&sb->sb_lock);
		busy = busy || spec_find_open(sb, type, maj) != NULL ||
		    spec_close_pending(sb, (enum vtype)type, maj) != NULL;
		mutex_exit(&sb->sb_lock);
	}
	return busy;
}

/*
 * sb_lock held, and left meanwhile: revoke what is open of a driver in one
 * bucket, and wait for every close there, however long that takes.
 */
static void
spec_bucket_gone(struct spec_bucket *sb, int type, devmajor_t maj)
{
	struct specdev *sd;
	struct vnode *vp;

	for (;;) {
		if ((vp = spec_find_open(sb, type, maj)) != NULL) {
			vp->v_usecount++;
			mutex_exit(&sb->sb_lock);
			(void)VOP_REVOKE(vp, REVOKEALL);
			vrele(vp);
			mutex_enter(&sb->sb_lock);
		} else if ((sd = spec_close_pending(sb, (enum vtype)type,
		    maj)) != NULL) {
			spec_close_cut(sd);
			cv_wait(&sb->sb_iocv, &sb->sb_lock);
		} else
			break;
	}
}

/*
 * The driver leaves; opens that are not counted yet fail.  So a bucket has
 * nothing of it any more once this has been there:
 *
 *	open				devsw_detach
 *					DS_LEAVING
 *	  device_lock: is alive, counted
 *					this bucket: finds it
 *
 *					this bucket: finds nothing
 *	  device_lock: is not: ENXIO
 */
static void
spec_driver_gone(int type, devmajor_t maj)
{
	struct spec_bucket *sb;

	SPEC_FOREACH_BUCKET(sb) {
		mutex_enter(&sb->sb_lock);
		spec_bucket_gone(sb, type, maj);
		mutex_exit(&sb->sb_lock);
	}
	spec_clone_driver_gone();
}

static const struct devsw_hooks spec_hooks = {
	.dh_busy = spec_driver_busy,
	.dh_gone = spec_driver_gone,
	.dh_name = spec_trace_name,
};

/* ---- I/O ------------------------------------------------------------ */

/*
 * error = VOP_READ(vp, uio, ioflag), VOP_WRITE, VOP_IOCTL
 *
 *	The driver's call, counted in sd_iocnt.  ERESTART: vp is gone, or the
 *	driver asks for the operation to start again.
 */
static int
spec_read(struct vnode *vp, struct uio *uio, int ioflag)
{
	struct specdev *sd;
	int error;

	if ((error = spec_io_enter(vp, &sd)) != 0)
		return error;
	error = sd->sd_file != NULL ? spec_clone_rw(sd, uio, ioflag) :
	    cdev_read(vp->v_rdev, uio, ioflag);
	spec_io_exit(sd);
	return error;
}

static int
spec_write(struct vnode *vp, struct uio *uio, int ioflag)
{
	struct specdev *sd;
	int error;

	if ((error = spec_io_enter(vp, &sd)) != 0)
		return error;
	error = sd->sd_file != NULL ? spec_clone_rw(sd, uio, ioflag) :
	    cdev_write(vp->v_rdev, uio, ioflag);
	spec_io_exit(sd);
	return error;
}

static int
spec_ioctl(struct vnode *vp, u_long cmd, void *data, int mode, struct lwp *l)
{
	struct specdev *sd;
	int error;

	if ((error = spec_io_enter(vp, &sd)) != 0)
		return error;
	error = sd->sd_file != NULL ? spec_clone_ioctl(sd, cmd, data) :
	    vp->v_type == VBLK ?
	    bdev_ioctl(vp->v_rdev, cmd, data, mode, l) :
	    cdev_ioctl(vp->v_rdev, cmd, data, mode, l);
	spec_io_exit(sd);
	return error;
}

/*
 * revents = VOP_POLL(vp, events, l)
 *
 *	Never sleeps, so a vnode whose revoke is going on answers as a dead
 *	one already.
 */
static int
spec_poll(struct vnode *vp, int events, struct lwp *l)
{
	struct specdev *sd;
	int revents;

	if (spec_io_enter(vp, &sd) != 0)
		return dead_vnodeops.vop_poll(vp, events, l);
	revents = sd->sd_file != NULL ? spec_clone_poll(sd, events) :
	    cdev_poll(vp->v_rdev, events, l);
	spec_io_exit(sd);
	return revents;
}

const struct vnodeops spec_vnodeops = {
	.vop_open = spec_open,
	.vop_close = spec_close,
	.vop_read = spec_read,
	.vop_write = spec_write,
	.vop_ioctl = spec_ioctl,
	.vop_poll = spec_poll,
	.vop_revoke = spec_revoke,
};
