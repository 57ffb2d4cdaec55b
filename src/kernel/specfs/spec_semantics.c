/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spec_semantics.c - other systems' ideas of close, revoke and unplug, to be
 * compared with NetBSD's.
 *
 * What differs, for each device by the semantics of its driver (devsw_
 * semantics), or else those that the configuration wants for the device
 * (device_semantics), or else the daemon's (hyp_set_semantics).  Which they are
 * is asked at each first open (spec_node_learn), and counts until the last
 * close, or the unplug of what was open:
 *
 *	netbsd		the contract of spec_vnops.c
 *	netbsd-legacy	as for a driver without d_cancel: d_close must
 *			interrupt, and need not wait; the drain comes after it
 *	freebsd		devfs without D_TRACKCLOSE.  The last close is found
 *			by a look at the count, which falls when d_close has
 *			returned; meanwhile nobody keeps an open out:
 *
 *				thread 1		thread 2
 *				opencnt is 1: the last
 *							open: opencnt 2
 *				d_close
 *				opencnt-- : 1
 *							close: 1, the last
 *							d_close again
 *
 *			Nothing waits for calls in the driver but a detach
 *			(destroy_dev).
 *	freebsd-trackclose
 *			a driver with D_TRACKCLOSE has a d_close for each
 *			open, so that it can count for itself.  For any other
 *			the count is exact.
 *	linux		no revoke.  Unplugged files are hung up: calls end,
 *			later ones fail.  But d_close, and with it the state
 *			of driver and device, waits for the client's own
 *			close; and so does the unit number.
 *
 * In all of them d_cancel and d_close are called one after the other for one
 * device, never two at a time, and memory is safe: a detach ends after the
 * last call.
 *
 * Lingering (linux).  vdevgone hangs the vnodes up and then sleeps until
 * nothing is open.  A vnode that lingers is dead to its files, but keeps its
 * share of the opens (sn_taken is not set), and stays where the end of
 * vdevgone finds it.  When the daemon stops, spec_halt ends this: then the
 * opens are taken over, as by a revoke.
 *
 * Locks: device_lock, see spec_vnops.c.  spec_default and spec_by_major are
 * set before the first open that looks at them.  Who sleeps until spec_halting
 * is woken under its bucket's lock.
 */
#include <sys/atomic.h>
#include <sys/conf.h>
#include <sys/errno.h>
#include <sys/fcntl.h>
#include <sys/file.h>
#include <sys/lwp.h>
#include <sys/poll.h>
#include <sys/stat.h>
#include <sys/systm.h>

#include <hyp/hyp_node.h>

#include "compat/compat.h"
#include "specfs/specfs_impl.h"

#define	POLLINS		(POLLIN | POLLRDNORM)
#define	POLLOUTS	(POLLOUT | POLLWRNORM)
#define	POLLDEAD	(POLLERR | POLLHUP)
#define	MAJORS		64

#define	NETBSD_DEAD							\
	.ss_tty = { 0, EIO, EBADF, ~0, POLLDEAD },			\
	.ss_other = { EIO, EIO, EBADF, ~0, POLLDEAD }
#define	FREEBSD_DEAD							\
	.ss_tty = { 0, ENXIO, EBADF, POLLINS, POLLHUP },		\
	.ss_other = { ENXIO, ENXIO, EBADF, POLLINS, POLLHUP }
#define	LINUX_DEAD							\
	.ss_tty = { 0, EIO, EIO, POLLINS | POLLOUTS, POLLDEAD },	\
	.ss_other = { EIO, ENODEV, ENODEV, POLLOUTS, POLLDEAD }

/* HYP_SEMANTICS_*, from 1; the first one is the default. */
static const struct spec_semantics spec_semantics[] = {
	{ .ss_name = "netbsd", .ss_exact = true, .ss_drain = true,
	  .ss_wait = true, NETBSD_DEAD },
	{ .ss_name = "netbsd-legacy", .ss_exact = true, .ss_wait = true,
	  NETBSD_DEAD },
	{ .ss_name = "freebsd", FREEBSD_DEAD },
	{ .ss_name = "freebsd-trackclose", .ss_exact = true, .ss_each = true,
	  FREEBSD_DEAD },
	{ .ss_name = "linux", .ss_exact = true, .ss_drain = true,
	  .ss_wait = true, .ss_linger = true, LINUX_DEAD },
};

static const struct spec_semantics *spec_default = &spec_semantics[0];
static const struct spec_semantics *spec_by_major[MAJORS];	/* atomic */
static bool spec_halting;					/* atomic */

/*
 * spec_semantics_init()
 *
 *	No driver is special.
 */
void
spec_semantics_init(void)
{

	memset(spec_by_major, 0, sizeof(spec_by_major));
	spec_halting = false;
}

static const struct spec_semantics *
spec_semantics_lookup(const char *name)
{

	for (u_int i = 0; i < __arraycount(spec_semantics); i++) {
		if (strcmp(spec_semantics[i].ss_name, name) == 0)
			return &spec_semantics[i];
	}
	return NULL;
}

/*
 * error = devsw_semantics(cdev, name)
 *
 *	This driver's devices have semantics of their own, until spec_init.
 *	After devsw_attach, before anything of it is open.  EINVAL: there are
 *	none of that name.
 */
int
devsw_semantics(const struct cdevsw *cdev, const char *name)
{
	const struct spec_semantics *const ss = spec_semantics_lookup(name);
	const devmajor_t maj = cdevsw_lookup_major(cdev);

	KASSERTMSG(maj >= 0 && maj < MAJORS, "major %d", maj);
	if (ss == NULL)
		return EINVAL;
	atomic_store_relaxed(&spec_by_major[maj], ss);
	return 0;
}

/* Of a number of the configuration's; any other is the daemon's. */
static const struct spec_semantics *
spec_semantics_number(u_int n)
{

	return n > 0 && n <= __arraycount(spec_semantics) ?
	    &spec_semantics[n - 1] : spec_default;
}

/*
 * ss = spec_semantics_of(type, dev, dv)
 *
 *	What a first open of dev would have now.  dv: its device, which the
 *	caller holds, or NULL.
 */
const struct spec_semantics *
spec_semantics_of(enum vtype type, dev_t dev, device_t dv)
{
	const devmajor_t maj = major(dev);
	const struct spec_semantics *ss;

	if (type == VCHR && maj < MAJORS &&
	    (ss = atomic_load_relaxed(&spec_by_major[maj])) != NULL)
		return ss;
	return spec_semantics_number(dv != NULL ? device_semantics(dv) : 0);
}

/*
 * ss = spec_semantics_next(type, dev)
 *
 *	The same for who does not hold its device, if it has one.  No lock held;
 *	as devsw_look.
 */
const struct spec_semantics *
spec_semantics_next(enum vtype type, dev_t dev)
{
	const struct spec_semantics *ss;
	struct devsw_ref dr;

	if (devsw_look(type == VBLK, dev, &dr) != 0)
		return spec_semantics_of(type, dev, NULL);
	ss = spec_semantics_of(type, dev, dr.dr_device);
	devsw_release(&dr);
	return ss;
}

/*
 * ss = spec_semantics_any()
 *
 *	The daemon's.
 */
const struct spec_semantics *
spec_semantics_any(void)
{

	return spec_semantics_number(0);
}

/*
 * yes = spec_lingers(n)
 *
 *	Does a detach last as long as clients like, if the configuration wants
 *	n for a device (0: nothing)?  For who has better things to do than to
 *	wait for it.
 */
bool
spec_lingers(u_int n)
{

	return spec_semantics_number(n)->ss_linger;
}

/*
 * spec_halt()
 *
 *	The daemon stops: nothing lingers any longer, and no close waits for
 *	output.
 */
void
spec_halt(void)
{
	struct spec_bucket *sb;
	struct specdev *sd;

	atomic_store_relaxed(&spec_halting, true);
	SPEC_FOREACH_BUCKET(sb) {
		mutex_enter(&sb->sb_lock);
		TAILQ_FOREACH(sd, &sb->sb_closing, sd_closelist)
			spec_close_cut(sd);
		cv_broadcast(&sb->sb_iocv);
		mutex_exit(&sb->sb_lock);
	}
}

/*
 * yes = spec_halts()
 *
 *	Has the daemon begun to stop?
 */
bool
spec_halts(void)
{

	return atomic_load_relaxed(&spec_halting);
}

/* ---- closes --------------------------------------------------------- */

/*
 * spec_close_inexact(vp, flags)
 *
 *	FreeBSD's devfs_close: if d_close is called, for the last close or
 *	for each, the count falls after it.  A revoke may come meanwhile, and
 *	take it.  Closes wait for each other here, so no client waits for
 *	them.  device_lock held, and left while the driver runs.
 */
void
spec_close_inexact(struct vnode *vp, int flags)
{
	struct specnode *const sn = &vp->v_spec;
	struct specdev *const sd = sn->sn_dev;

	mutex_exit(device_lock(sd->sd_dev));
	vn_close_known();
	mutex_enter(device_lock(sd->sd_dev));
	if (!sn->sn_taken && (sd->sd_tracks || sd->sd_opencnt == 1)) {
		while (sd->sd_closing && !sn->sn_taken)
			cv_wait(specfs_iocv(sd->sd_dev),
			    device_lock(sd->sd_dev));
		if (!sn->sn_taken)
			spec_close_unguarded(sd, flags);
	}
	if (sn->sn_taken)
		return;
	KASSERTMSG(sn->sn_opencnt > 0 && sn->sn_opencnt <= sd->sd_opencnt,
	    "opencnt %u of %u", sn->sn_opencnt, sd->sd_opencnt);
	sn->sn_opencnt--;
	sd->sd_opencnt--;
	spec_close_late(sd);
}

/* ---- lingering ------------------------------------------------------ */

/*
 * device_lock held: wake who sleeps in sd's driver.  A last close that comes
 * meanwhile does not call d_cancel again, and waits for this one before it
 * calls d_close, as this has an I/O reference.
 */
static void
spec_hangup(struct specdev *sd)
{
	const int mode = sd->sd_type == VBLK ? S_IFBLK : S_IFCHR;

	sd->sd_cancelled = true;
	atomic_inc_uint(&sd->sd_iocnt);
	mutex_exit(device_lock(sd->sd_dev));
	if (sd->sd_file != NULL)
		spec_clone_restart(sd);
	else if (sd->sd_type == VBLK)
		(void)bdev_cancel(sd->sd_dev, FNONBLOCK, mode, curlwp);
	else
		(void)cdev_cancel(sd->sd_dev, FNONBLOCK, mode, curlwp);
	spec_io_exit(sd);
	mutex_enter(device_lock(sd->sd_dev));
}

/* device_lock held: open, and of semantics without that. */
static bool
spec_lingers_not(struct vnode *vp)
{

	return vp->v_spec.sn_opencnt > 0 &&
	    !vp->v_spec.sn_dev->sd_ss->ss_linger;
}

/*
 * device_lock held: revoke one vnode of dev that does not linger, beside
 * others that do: of a clone, or of what it is a clone of, which were opened
 * before a reload and after it.  False: there is none left.
 */
static bool
spec_linger_revoke(enum vtype type, dev_t dev)
{
	struct vnode *vp = NULL;

	while ((vp = spec_next_by_dev(type, dev, vp)) != NULL) {
		if (!spec_lingers_not(vp))
			continue;
		vp->v_usecount++;
		mutex_exit(device_lock(dev));
		(void)VOP_REVOKE(vp, REVOKEALL);
		vrele(vp);
		mutex_enter(device_lock(dev));
		return true;
	}
	return false;
}

/*
 * device_lock held: hang up one vnode of dev, with opens, whose device has not
 * been told yet.  False: there is none left.  One without opens is over, too,
 * so that an open which has not been counted yet fails.
 */
static bool
spec_linger_one(enum vtype type, dev_t dev)
{
	struct vnode *vp = NULL;
	struct specdev *sd;

	while ((vp = spec_next_by_dev(type, dev, vp)) != NULL) {
		if (spec_lingers_not(vp))
			continue;
		if (!spec_gone(vp))
			spec_node_dead(vp);
		sd = vp->v_spec.sn_dev;
		spec_close_cut(sd);
		if (vp->v_spec.sn_opencnt > 0 && !sd->sd_cancelled &&
		    !sd->sd_closing) {
			vp->v_usecount++;
			spec_hangup(sd);
			mutex_exit(device_lock(dev));
			vrele(vp);
			mutex_enter(device_lock(dev));
			return true;
		}
	}
	return false;
}

/*
 * device_lock held: the next vnode of dev that lingers; not one of an open
 * that came after the hang-up, and will fail.
 */
static struct vnode *
spec_next_lingering(enum vtype type, dev_t dev, struct vnode *vp)
{

	do {
		vp = spec_next_by_dev(type, dev, vp);
	} while (vp != NULL && !spec_gone(vp));
	return vp;
}

/* device_lock held: is one of them open? */
static bool
spec_linger_busy(enum vtype type, dev_t dev)
{
	struct vnode *vp = NULL;

	while ((vp = spec_next_lingering(type, dev, vp)) != NULL) {
		if (vp->v_spec.sn_opencnt > 0 || vp->v_spec.sn_dev->sd_closing)
			return true;
	}
	return false;
}

/*
 * device_lock held: take over what still is open through a vnode of dev, and
 * let it go.  A device that was told to end its calls has to be closed, even
 * if all that was in it was an open that failed.
 */
static bool
spec_linger_end(enum vtype type, dev_t dev)
{
	struct vnode *const vp = spec_next_lingering(type, dev, NULL);
	struct specnode *sn;
	struct specdev *sd;

	if (vp == NULL)
		return false;
	sn = &vp->v_spec;
	sd = sn->sn_dev;
	spec_node_unhash(vp);
	sd->sd_opencnt -= sn->sn_opencnt;
	sn->sn_opencnt = 0;
	sn->sn_taken = true;
	if (sd->sd_opencnt == 0 && !sd->sd_closing && sd->sd_cancelled) {
		vp->v_usecount++;
		spec_close_device(sd, FNONBLOCK);
		mutex_exit(device_lock(dev));
		vrele(vp);
		mutex_enter(device_lock(dev));
	}
	return true;
}

/*
 * yes = spec_lingers_open(type, dev)
 *
 *	Is anything of dev open that lives on when it is unplugged?
 */
bool
spec_lingers_open(enum vtype type, dev_t dev)
{
	struct vnode *vp = NULL;
	bool lingers = false;

	mutex_enter(device_lock(dev));
	while (!lingers && (vp = spec_next_by_dev(type, dev, vp)) != NULL)
		lingers = vp->v_spec.sn_opencnt > 0 && !spec_lingers_not(vp);
	mutex_exit(device_lock(dev));
	return lingers;
}

/*
 * spec_linger(type, dev)
 *
 *	In vdevgone, after the commit: hang up what is open, and sleep until
 *	it is closed.  Nothing if what is open is of other semantics, and an
 *	open that is on its way would be, too:
 *
 *	open (wants linux)		vdevgone
 *	has its device
 *					commit
 *					nothing is open; but linux: its vnode
 *					is dead
 *	to be counted: dead, ERESTART
 */
void
spec_linger(enum vtype type, dev_t dev)
{
	const bool next = spec_semantics_next(type, dev)->ss_linger;

	if (!next && !spec_lingers_open(type, dev))
		return;
	mutex_enter(device_lock(dev));
	while (spec_linger_revoke(type, dev) || spec_linger_one(type, dev))
		continue;
	while (!spec_halts() && spec_linger_busy(type, dev))
		cv_wait(specfs_iocv(dev), device_lock(dev));
	while (spec_linger_end(type, dev))
		continue;
	mutex_exit(device_lock(dev));
}

/* The up-calls; contracts in hyp_node.h. */

int
hyp_set_semantics(const char *name)
{
	const struct spec_semantics *const ss = spec_semantics_lookup(name);

	if (ss == NULL)
		return compat_errno(EINVAL);
	spec_default = ss;
	return 0;
}

const char *
hyp_semantics(void)
{

	return spec_default->ss_name;
}

const char *
hyp_semantics_list(void)
{

	return HYP_SEMANTICS_LIST;
}
