/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spec_close.c - specfs: the way out of a driver, and those who never find
 * it.
 *
 * spec_close_device() is what the last close and a revoke both come to:
 *
 *	d_cancel	mark, wake, return; new calls fail inside the driver
 *	drain		until sd_iocnt is 0
 *	d_close		alone with the device
 *
 * or, for a driver without d_cancel: d_close, then the drain; for a clone:
 * fo_restart, drain, fo_close.  sd_closing is
 * set meanwhile and the specdev is in sb_closing of its bucket.
 *
 * Each of the three steps may take for ever: a d_read that ignores
 * d_cancel, a d_close that hangs.  None is given up, since that would free
 * what a thread still uses or close what is in use.  What is given up is the
 * waiting.  A close that lasts longer than zombie_ms() is overdue, or twice
 * that for a last close, which may have to send what was written first:
 *
 *	sd_closing		sd_overdue
 *	------------------	----------------------------------------
 *	opens wait		opens answer EBUSY
 *	a revoke waits		a revoke is over, its vnode dead
 *	vdevgone() waits	vdevgone() waits: its caller frees the softc.
 *				Whoever waits for that caller has a deadline
 *				too (usb_port.c).
 *
 * and it is counted as a zombie until it comes to its end after all; then
 * the device can be opened again, or detached.  The calls that are stuck in
 * the driver are the front end's to answer, which hyp_node_stuck() tells
 * it.
 *
 * A callout for each bucket looks for closes that are overdue.  It is set only
 * while there are closes in progress and fires at the earliest deadline, so
 * quick closes cost it one firing in zombie_ms().  One that begins with an
 * earlier deadline than that pulls it nearer:
 *
 *	last close of A, which may send		revoke of B
 *	watch: in 2 * zombie_ms()
 *						due in zombie_ms(): watch then
 *
 * Progress is not being stuck.  A driver whose close waits for its hardware
 * says each time that this has got on (lwp_progress), and the deadline counts
 * from there: 17 KB at 9600 baud take 18 s, and nothing is wrong.
 *
 * What a last close waits for is its client's and the far end's: as long as
 * they like, if each of them moves a little.  Nobody else has to wait for that.
 * A revoke, vdevgone(), a driver that leaves and the daemon's end cut it short
 * (spec_close_cut): interruptible sleeps in d_close end with EINTR from then
 * on, as by a signal in NetBSD, and the close has the deadline of a revoke's.
 * But what is sent within a second is, before a revoke: close(2) has returned,
 * and a getty that follows a login does not take away its last words.
 *
 *	close(2), the last		revoke
 *	d_cancel
 *	d_close: output drains
 *					closing, and not over soon: cut
 *	EINTR: drops the rest
 *	is over
 *					goes on
 *
 * Other systems' semantics (spec_semantics.c) leave out one drain or both.
 *
 * An open with O_NONBLOCK does not wait for output, which may take minutes.
 * NetBSD answers EWOULDBLOCK at once; but there close(2) returns after d_close,
 * and here a program that closes and opens again would meet its own close.  So
 * it waits for a second, and not even that if d_cancel has said that this is
 * not enough (lwp_drains); a revoke sends nothing.
 *
 * The client of a last close waits until d_cancel has returned, and not for
 * the rest (vn_close_known).
 *
 * Who runs it.  The last close: the thread of that close, for which nobody
 * waits.  A revoke: a thread of its own, because the vnode has to die when
 * the close is overdue.
 *
 * Locks: device_lock, see spec_vnops.c.  Lock order: device_lock ->
 * nodes_lock, softclock_lock.
 *
 * Known gaps: a driver that loops in a callout of its
 * own stops all callouts, this one included; one that loops under the kernel
 * lock stops all drivers that are not D_MPSAFE.
 */
#include <sys/atomic.h>
#include <sys/callout.h>
#include <sys/conf.h>
#include <sys/device.h>
#include <sys/errno.h>
#include <sys/fcntl.h>
#include <sys/file.h>
#include <sys/kernel.h>
#include <sys/kmem.h>
#include <sys/kthread.h>
#include <sys/lwp.h>
#include <sys/stat.h>
#include <sys/systm.h>

#include <hyp/hyp_node.h>

#include "specfs/specfs_impl.h"

struct spec_closer {
	struct vnode	*sc_vp;			/* with a reference */
	int		 sc_flags;
};

static void	spec_overdue(void *);

/*
 * spec_close_init(sb)
 *
 *	No closes in this bucket.
 */
void
spec_close_init(struct spec_bucket *sb)
{

	TAILQ_INIT(&sb->sb_closing);
	callout_init(&sb->sb_watch, CALLOUT_MPSAFE);
	callout_setfunc(&sb->sb_watch, spec_overdue, sb);
	sb->sb_watching = false;
}

/* ---- closes that are overdue ---------------------------------------- */

/* ms that a close may take. */
static u_int
spec_close_ms(const struct specdev *sd)
{

	return sd->sd_drainer != NULL ? 2 * zombie_ms() : zombie_ms();
}

/* ms until the deadline of a close, 0 if it is over.  Progress does not move
   that of one that was cut short. */
static u_int
spec_close_left(const struct specdev *sd)
{
	const u_int at = sd->sd_cut ? sd->sd_cut_at :
	    atomic_load_relaxed(&sd->sd_progress.lp_time);
	const u_int ms = spec_close_ms(sd) + (sd->sd_cut ? 0 :
	    atomic_load_relaxed(&sd->sd_progress.lp_ms));
	const u_int age = getticks() - at;

	return age >= ms ? 0 : ms - age;
}

/* sb_lock held: look in so many ms at the latest. */
static void
spec_watch_in(struct spec_bucket *sb, u_int ms)
{
	const u_int at = getticks() + ms;

	if (sb->sb_watching && (int)(at - sb->sb_watch_at) >= 0)
		return;
	sb->sb_watching = true;
	sb->sb_watch_at = at;
	callout_schedule(&sb->sb_watch, mstohz(ms));
}

/* sb_lock held: the close that is overdue next, or is already; or NULL. */
static struct specdev *
spec_close_first(struct spec_bucket *sb)
{
	struct specdev *sd, *first = NULL;

	TAILQ_FOREACH(sd, &sb->sb_closing, sd_closelist) {
		if (!sd->sd_overdue && (first == NULL ||
		    spec_close_left(sd) < spec_close_left(first)))
			first = sd;
	}
	return first;
}

/*
 * device_lock held: this close is overdue.  Whoever waits for it goes on.
 * Returns the front end's node, which has to be told without the lock.
 */
static void *
spec_close_give_up(struct specdev *sd)
{
	char name[SPEC_NAMELEN];
	void *host;

	host = spec_node_lookup(sd->sd_dev, name);
	sd->sd_overdue = true;
	cv_broadcast(specfs_iocv(sd->sd_dev));
	zombie_enter("%s: its close has not got on for %u ms (%u calls in the "
	    "driver); the node is busy until it does\n", name,
	    spec_close_ms(sd), atomic_load_relaxed(&sd->sd_iocnt));
	return host;
}

/* The callout. */
static void
spec_overdue(void *arg)
{
	struct spec_bucket *const sb = arg;
	struct specdev *sd;
	u_int left;
	void *host;

	mutex_enter(&sb->sb_lock);
	sb->sb_watching = false;
	while ((sd = spec_close_first(sb)) != NULL) {
		if ((left = spec_close_left(sd)) != 0) {
			spec_watch_in(sb, left);
			break;
		}
		host = spec_close_give_up(sd);
		if (host != NULL) {
			mutex_exit(&sb->sb_lock);
			LOCKDEBUG_NONE("hyp_node_stuck");
			hyp_node_stuck(host);
			mutex_enter(&sb->sb_lock);
		}
	}
	mutex_exit(&sb->sb_lock);
}

/* ---- the close ------------------------------------------------------ */

/*
 * spec_close_cut(sd)
 *
 *	If sd is closing, and may wait for output: not any more; see the head
 *	of this file.  device_lock held; does not sleep.
 */
void
spec_close_cut(struct specdev *sd)
{

	KASSERT(mutex_owned(device_lock(sd->sd_dev)));
	if (sd->sd_drainer == NULL)
		return;
	lwp_cut_post(sd->sd_drainer);
	sd->sd_drainer = NULL;
	sd->sd_cut = true;
	sd->sd_cut_at = getticks();
	spec_watch_in(spec_bucket(sd->sd_dev), spec_close_ms(sd));
}

/* device_lock held: sd is closing from now on; without FNONBLOCK by curlwp. */
static void
spec_close_begin(struct specdev *sd, int flags)
{
	struct spec_bucket *const sb = spec_bucket(sd->sd_dev);

	KASSERT(!sd->sd_closing && !sd->sd_overdue);
	atomic_store_relaxed(&sd->sd_opened, false);
	sd->sd_left = false;
	sd->sd_closing = true;
	sd->sd_ncloses++;
	sd->sd_progress.lp_time = getticks();
	sd->sd_progress.lp_ms = 0;
	sd->sd_progress.lp_sent = getticks();
	sd->sd_drainer = (flags & FNONBLOCK) == 0 ? curlwp : NULL;
	sd->sd_cut = false;
	TAILQ_INSERT_TAIL(&sb->sb_closing, sd, sd_closelist);
	spec_watch_in(sb, spec_close_ms(sd));
	if (spec_halts())
		spec_close_cut(sd);
}

/* device_lock held, by who has closed it: no more. */
static void
spec_close_end(struct specdev *sd)
{
	char name[SPEC_NAMELEN];

	TAILQ_REMOVE(&spec_bucket(sd->sd_dev)->sb_closing, sd, sd_closelist);
	/* An open that was on its way has been closed as well. */
	if (sd->sd_opencnt == 0 && sd->sd_ss->ss_wait)
		atomic_store_relaxed(&sd->sd_opened, false);
	sd->sd_closing = sd->sd_cancelled = false;
	sd->sd_drainer = NULL;
	lwp_cut_clear(curlwp);
	if (sd->sd_overdue) {
		sd->sd_overdue = false;
		(void)spec_node_lookup(sd->sd_dev, name);
		zombie_exit("%s: its close has ended\n", name);
	}
	cv_broadcast(specfs_iocv(sd->sd_dev));
}

/*
 * spec_io_drain(sd)
 *
 *	Sleep until no call is in the driver.  The caller has made new ones
 *	fail, in spec_io_enter or in the driver, and keeps sd.
 */
void
spec_io_drain(struct specdev *sd)
{

	if (DEVTRACE())
		spec_trace_drain(sd);
	mutex_enter(device_lock(sd->sd_dev));
	atomic_inc_uint(&sd->sd_draining);
	while (atomic_load_seq_cst(&sd->sd_iocnt) != 0)
		cv_wait(specfs_iocv(sd->sd_dev), device_lock(sd->sd_dev));
	atomic_dec_uint(&sd->sd_draining);
	mutex_exit(device_lock(sd->sd_dev));
	if (DEVTRACE())
		spec_trace_end("drain", sd->sd_type, sd->sd_dev, 0);
}

/*
 * vn_close_known()
 *
 *	The device is closing and its driver knows it, or others have it open
 *	still: whoever has made the close that this lwp does, if it does one,
 *	may go on.  Not before:
 *
 *	close(2) of dtyU0			client
 *	  answered
 *						close(2) returns
 *						open(2) of ttyU0: EBUSY, though
 *						  nobody has the line
 *	d_cancel: dtyU0 is closing
 *
 *	No lock held; does not sleep.
 */
void
vn_close_known(void)
{
	void *const host = curlwp->l_closing;

	if (host == NULL)
		return;
	curlwp->l_closing = NULL;
	LOCKDEBUG_NONE("hyp_file_closing");
	hyp_file_closing(host);
}

/* Was d_cancel called before this close, by who has hung it up? */
static bool
spec_is_cancelled(struct specdev *sd)
{
	bool cancelled;

	mutex_enter(device_lock(sd->sd_dev));
	cancelled = sd->sd_cancelled;
	mutex_exit(device_lock(sd->sd_dev));
	return cancelled;
}

/* The same for a clone, whose file has its driver's device for as long. */
static void
spec_close_clone(struct specdev *sd, int flags)
{
	struct file *const fp = sd->sd_file;

	if (!spec_is_cancelled(sd))
		spec_clone_restart(sd);
	vn_close_known();
	spec_io_drain(sd);
	fp->f_flag = (fp->f_flag & ~FNONBLOCK) | (flags & FNONBLOCK);
	spec_clone_close(sd);
}

/*
 * Cancel, drain, close.  False: the drain came after d_close, because there is
 * no d_cancel or the semantics have it so, and an open that was on its way may
 * have come through in between:
 *
 *	open				revoke
 *	counted
 *					d_close
 *	d_open
 *					drain
 */
static bool
spec_close_attached(struct specdev *sd, int flags)
{
	const int mode = sd->sd_type == VBLK ? S_IFBLK : S_IFCHR;
	const dev_t dev = sd->sd_dev;
	bool drained;
	int error;

	if (spec_is_cancelled(sd))
		error = 0;
	else
		error = sd->sd_type == VBLK ?
		    bdev_cancel(dev, flags, mode, curlwp) :
		    cdev_cancel(dev, flags, mode, curlwp);
	vn_close_known();
	KASSERTMSG(error == 0 || error == ENODEV || error == ENXIO,
	    "cancel of dev 0x%lx failed with %d", (u_long)dev, error);
	drained = error == 0 && sd->sd_ss->ss_drain;
	if (drained)
		spec_io_drain(sd);
	else if (sd->sd_ss->ss_wait)
		atomic_store_relaxed(&sd->sd_opened, false);

	(void)(sd->sd_type == VBLK ? bdev_close(dev, flags, mode, curlwp) :
	    cdev_close(dev, flags, mode, curlwp));

	/* For the driver without d_cancel; nothing to wait for otherwise. */
	if (!sd->sd_ss->ss_wait)
		return true;		/* see spec_close_late */
	spec_io_drain(sd);
	return drained;
}

/*
 * What a close does in the driver.  d_cancel and d_close have to meet the
 * same device, but units are used again:
 *
 *	close				another thread
 *	d_cancel of ttyU0: no device
 *					an adapter is plugged in: ttyU0
 *	d_close of ttyU0: another
 *	  device, not cancelled
 *
 * So the device is held over both.  Without one there is nothing to close,
 * and opens in progress fail or wait for one; if they find one before they
 * are drained, it is closed.
 */
static void
spec_close_driver(struct specdev *sd, int flags)
{
	device_t dv;
	bool closed, held;

	if (sd->sd_file != NULL) {
		spec_close_clone(sd, flags);
		return;
	}
	curlwp->l_progress = &sd->sd_progress;
	do {
		held = sd->sd_type == VBLK ? bdev_hold(sd->sd_dev, &dv) :
		    cdev_hold(sd->sd_dev, &dv);
		if (held) {
			closed = spec_close_attached(sd, flags);
			dev_unhold(dv);
		} else {
			closed = false;
			vn_close_known();
			spec_io_drain(sd);
		}
	} while (!closed && atomic_load_relaxed(&sd->sd_opened));
	curlwp->l_progress = NULL;
}

/*
 * yes = spec_is_left(sd)
 * spec_close_late(sd)
 *
 *	Where a close does not wait for opens, one may come through behind
 *	it, and its own close not be the last because the first still counts,
 *	or not come at all after a revoke:
 *
 *		close, opencnt 1: the last
 *		d_close			open, opencnt 2
 *					close, opencnt 2: not the
 *					  last; opencnt 1
 *		opencnt 0
 *
 *	or a revoke takes several, one of which is being closed.  Then the
 *	driver is closed here, perhaps once too often, so that
 *	nothing stays open for nobody.  device_lock held, and left while the
 *	driver runs; somebody keeps sd.
 */
bool
spec_is_left(const struct specdev *sd)
{

	return !sd->sd_ss->ss_wait && sd->sd_file == NULL &&
	    sd->sd_opencnt == 0 &&
	    (sd->sd_left || atomic_load_relaxed(&sd->sd_opened));
}

void
spec_close_late(struct specdev *sd)
{

	KASSERT(mutex_owned(device_lock(sd->sd_dev)));
	while (spec_is_left(sd) && !sd->sd_closing) {
		spec_close_begin(sd, FNONBLOCK);
		mutex_exit(device_lock(sd->sd_dev));
		spec_close_driver(sd, FNONBLOCK);
		mutex_enter(device_lock(sd->sd_dev));
		spec_close_end(sd);
	}
}

/*
 * spec_close_device(sd, flags)
 *
 *	The last open is gone: cancel, drain, close, or close, drain.
 *	device_lock is held, and left while the driver runs.  The caller has
 *	a reference to a vnode of sd.  Sleeps as long as the driver does.
 */
void
spec_close_device(struct specdev *sd, int flags)
{

	KASSERT(mutex_owned(device_lock(sd->sd_dev)));
	KASSERTMSG(sd->sd_opencnt == 0, "opencnt=%u", sd->sd_opencnt);
	spec_close_begin(sd, flags);
	mutex_exit(device_lock(sd->sd_dev));
	spec_close_driver(sd, flags);
	mutex_enter(device_lock(sd->sd_dev));
	spec_close_end(sd);
	spec_close_late(sd);
}

/*
 * spec_close_unguarded(sd, flags)
 *
 *	The same while others may have it open, for semantics that are not
 *	exact.
 */
void
spec_close_unguarded(struct specdev *sd, int flags)
{

	KASSERT(mutex_owned(device_lock(sd->sd_dev)));
	spec_close_begin(sd, flags);
	mutex_exit(device_lock(sd->sd_dev));
	spec_close_driver(sd, flags);
	mutex_enter(device_lock(sd->sd_dev));
	spec_close_end(sd);
	spec_close_late(sd);
}

static void
spec_closer(void *arg)
{
	struct spec_closer *const sc = arg;
	struct specdev *const sd = sc->sc_vp->v_spec.sn_dev;

	spec_close_driver(sd, sc->sc_flags);
	mutex_enter(device_lock(sd->sd_dev));
	spec_close_end(sd);
	spec_close_late(sd);
	mutex_exit(device_lock(sd->sd_dev));
	vrele(sc->sc_vp);
	kmem_free(sc, sizeof(*sc));
}

/*
 * spec_close_start(vp, flags)
 *
 *	The same on a thread of its own, if there is one to be had.
 *	device_lock is held; does not sleep but for want of a thread.
 */
void
spec_close_start(struct vnode *vp, int flags)
{
	struct specdev *const sd = vp->v_spec.sn_dev;
	struct spec_closer *sc;

	KASSERT(mutex_owned(device_lock(vp->v_rdev)));
	KASSERTMSG(sd->sd_opencnt == 0, "opencnt=%u", sd->sd_opencnt);
	KASSERT(ISSET(flags, FNONBLOCK));
	sc = kmem_zalloc(sizeof(*sc), KM_SLEEP);
	sc->sc_vp = vp;
	sc->sc_flags = flags;
	vp->v_usecount++;
	spec_close_begin(sd, flags);
	if (kthread_create(PRI_NONE, KTHREAD_MPSAFE, NULL, spec_closer, sc,
	    NULL, "close") == 0)
		return;
	vp->v_usecount--;
	kmem_free(sc, sizeof(*sc));
	mutex_exit(device_lock(vp->v_rdev));
	spec_close_driver(sd, flags);
	mutex_enter(device_lock(vp->v_rdev));
	spec_close_end(sd);
	spec_close_late(sd);
}

/*
 * spec_close_wait(type, dev)
 *
 *	Sleep until no close of the device is in progress, however long that
 *	takes.
 */
void
spec_close_wait(enum vtype type, dev_t dev)
{
	const struct specdev *sd;

	mutex_enter(device_lock(dev));
	do {
		TAILQ_FOREACH(sd, &spec_bucket(dev)->sb_closing,
		    sd_closelist) {
			if (sd->sd_dev == dev && sd->sd_type == type)
				break;
		}
		if (sd != NULL)
			cv_wait(specfs_iocv(dev), device_lock(dev));
	} while (sd != NULL);
	mutex_exit(device_lock(dev));
}

/*
 * How long somebody who began to wait for this close then, and would rather
 * not, waits from now on: in ms, 0 if it is not over soon.
 */
static u_int
spec_close_soon(const struct specdev *sd, u_int began)
{
	const u_int now = getticks();
	const int left = (int)(began + LWP_NBWAIT_MS - now);
	int sent = 0;

	if (sd->sd_drainer != NULL)
		sent = (int)(atomic_load_relaxed(&sd->sd_progress.lp_sent) -
		    now);
	return left <= 0 || sent > left ? 0 : (u_int)left;
}

/*
 * spec_close_press(sd, began)
 *
 *	A revoke that began then (getticks()) has found that sd is closing:
 *	sleep until something has changed.  What is sent soon is sent; else the
 *	close is cut short.  device_lock held.
 */
void
spec_close_press(struct specdev *sd, u_int began)
{
	const u_int left = sd->sd_drainer != NULL ?
	    spec_close_soon(sd, began) : 0;

	if (left == 0)
		spec_close_cut(sd);
	(void)cv_timedwait(specfs_iocv(sd->sd_dev), device_lock(sd->sd_dev),
	    left != 0 ? mstohz(left) : 0);
}

/*
 * error = spec_close_await(sd, mode, began)
 *
 *	An open that began then (getticks()) has found that sd is closing:
 *	sleep until something has changed.  EINTR, ERESTART: see cv_wait_sig;
 *	EWOULDBLOCK: with FNONBLOCK in mode, and this close is not over soon.
 *	device_lock held.
 */
int
spec_close_await(struct specdev *sd, int mode, u_int began)
{
	const u_int left = spec_close_soon(sd, began);

	KASSERT(mutex_owned(device_lock(sd->sd_dev)));
	if ((mode & FNONBLOCK) == 0)
		return cv_wait_sig(specfs_iocv(sd->sd_dev),
		    device_lock(sd->sd_dev));
	if (left == 0)
		return EWOULDBLOCK;
	return cv_timedwait_sig(specfs_iocv(sd->sd_dev),
	    device_lock(sd->sd_dev), mstohz(left));
}

/*
 * sd = spec_close_pending(sb, type, major)
 *
 *	A device of this driver whose close is in progress in this bucket, or
 *	NULL.  sb_lock held.
 */
struct specdev *
spec_close_pending(struct spec_bucket *sb, enum vtype type, devmajor_t maj)
{
	struct specdev *sd;

	KASSERT(mutex_owned(&sb->sb_lock));
	TAILQ_FOREACH(sd, &sb->sb_closing, sd_closelist) {
		if (sd->sd_type == type && major(sd->sd_dev) == maj)
			break;
	}
	return sd;
}
