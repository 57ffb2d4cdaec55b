/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * devsw_call.c - devsw(9): a driver's functions, by device number.
 *
 * Each of them looks the driver up and calls it, under the kernel lock if it
 * is not D_MPSAFE.  d_stop is the exception: ttyflush calls it with tty_lock,
 * and the kernel lock, which sleeps here, comes before all other locks.  So
 * what d_stop looks at must be guarded by tty_lock.
 *
 * The caller keeps the driver, and the softc, by the references of an open
 * (devsw_acquire), or by having the device open; see subr_devsw.c.  No state
 * and no locks.
 */
#include <sys/conf.h>
#include <sys/device.h>
#include <sys/devtrace.h>
#include <sys/errno.h>
#include <sys/event.h>
#include <sys/lwp.h>
#include <sys/lwpnote.h>
#include <sys/poll.h>
#include <sys/pserialize.h>
#include <sys/systm.h>
#include <sys/tty.h>

#include "devsw/devsw_impl.h"

static bool
dev_lock(int d_flag)
{

	ASSERT_SLEEPABLE();
	if (d_flag & D_MPSAFE)
		return false;
	kernel_lock(1);
	return true;
}

/* The driver has come back from what, and holds nothing. */
static void
dev_unlock(bool locked, const char *what __unused)
{

	LOCKDEBUG_RETURN(what);
	if (locked)
		kernel_unlock(1);
}

/*
 * These are a part of their callers, whose names are what a crash in a driver
 * says (src/devswd/host/crash.c).
 */
#define	DEVSW_PART	static inline __attribute__((__always_inline__))

/* An entry, for the lwp's note (sys/lwpnote.h) and for people. */
#define	D_NOTE_OPEN	HYP_NOTE_OPEN, "d_open"
#define	D_NOTE_CANCEL	HYP_NOTE_CANCEL, "d_cancel"
#define	D_NOTE_CLOSE	HYP_NOTE_CLOSE, "d_close"
#define	D_NOTE_READ	HYP_NOTE_READ, "d_read"
#define	D_NOTE_WRITE	HYP_NOTE_WRITE, "d_write"

/* Call one of d_open, d_cancel, d_close. */
DEVSW_PART int
dev_call(u_int note, const char *what, dev_type_open((*fn)), int d_flag,
    bool block, dev_t dev, int flag, int devtype, struct lwp *l)
{
	const bool locked = dev_lock(d_flag);
	struct lwp_note ln;
	int error;

	lwp_note_call(&ln, note, block ? NODEV : dev);
	error = DEVTRACE() ?
	    devsw_trace_call(what, fn, block, dev, flag, devtype, l) :
	    fn(dev, flag, devtype, l);
	lwp_note_return(&ln);
	dev_unlock(locked, what);
	return error;
}

/* Call d_read or d_write. */
DEVSW_PART int
dev_rw(u_int note, const char *what, dev_type_read((*fn)), int d_flag,
    dev_t dev, struct uio *uio, int flag)
{
	const bool locked = dev_lock(d_flag);
	struct lwp_note ln;
	int error;

	lwp_note_call(&ln, note, dev);
	error = DEVTRACE() ? devsw_trace_rw(what, fn, dev, uio, flag) :
	    fn(dev, uio, flag);
	lwp_note_return(&ln);
	dev_unlock(locked, what);
	return error;
}

/* Call d_ioctl. */
DEVSW_PART int
dev_ioctl(dev_type_ioctl((*fn)), int d_flag, bool block, dev_t dev,
    u_long cmd, void *data, int flag, struct lwp *l)
{
	const bool locked = dev_lock(d_flag);
	struct lwp_note ln;
	int error;

	lwp_note_call(&ln, HYP_NOTE_IOCTL, block ? NODEV : dev);
	error = DEVTRACE() ?
	    devsw_trace_ioctl(fn, block, dev, cmd, data, flag, l) :
	    fn(dev, cmd, data, flag, l);
	lwp_note_return(&ln);
	dev_unlock(locked, "d_ioctl");
	return error;
}

/*
 * error = devsw_open(dr, flag, devtype, l)
 *
 *	Call d_open.  Sleeps as the driver does.
 */
int
devsw_open(const struct devsw_ref *dr, int flag, int devtype, struct lwp *l)
{
	const struct bdevsw *const b = dr->dr_switch;
	const struct cdevsw *const c = dr->dr_switch;

	return dr->dr_block ?
	    dev_call(D_NOTE_OPEN, b->d_open, b->d_flag, true, dr->dr_dev,
	    flag, devtype, l) :
	    dev_call(D_NOTE_OPEN, c->d_open, c->d_flag, false, dr->dr_dev,
	    flag, devtype, l);
}

/*
 * error = cdev_open(dev, flag, devtype, l)
 * error = bdev_open(dev, flag, devtype, l)
 *
 *	devsw_acquire, devsw_open and devsw_release, for callers who keep the
 *	driver by other means.
 */
static int
dev_open(bool block, dev_t dev, int flag, int devtype, struct lwp *l)
{
	struct devsw_ref dr;
	int error;

	if ((error = devsw_acquire(block, dev, &dr)) != 0)
		return error;
	error = devsw_open(&dr, flag, devtype, l);
	devsw_release(&dr);
	return error;
}

int
cdev_open(dev_t dev, int flag, int devtype, struct lwp *l)
{

	return dev_open(false, dev, flag, devtype, l);
}

int
bdev_open(dev_t dev, int flag, int devtype, struct lwp *l)
{

	return dev_open(true, dev, flag, devtype, l);
}

/*
 * error = cdev_cancel(dev, flag, devtype, l)
 * error = bdev_cancel(dev, flag, devtype, l)
 *
 *	Make the driver interrupt what goes on and fail what begins, until
 *	d_close.  Prompt, does not sleep.  ENODEV: the driver has no d_cancel
 *	(or says so), so its d_close must do it.  ENXIO: no driver.
 */
int
cdev_cancel(dev_t dev, int flag, int devtype, struct lwp *l)
{
	const struct cdevsw *d = cdevsw_lookup(dev);

	if (d == NULL)
		return ENXIO;
	return d->d_cancel == NULL ? ENODEV : dev_call(D_NOTE_CANCEL,
	    d->d_cancel, d->d_flag, false, dev, flag, devtype, l);
}

int
bdev_cancel(dev_t dev, int flag, int devtype, struct lwp *l)
{
	const struct bdevsw *d = bdevsw_lookup(dev);

	if (d == NULL)
		return ENXIO;
	return d->d_cancel == NULL ? ENODEV : dev_call(D_NOTE_CANCEL,
	    d->d_cancel, d->d_flag, true, dev, flag, devtype, l);
}

/*
 * error = cdev_close(dev, flag, devtype, l)
 * error = bdev_close(dev, flag, devtype, l)
 *
 *	Call d_close.
 */
int
cdev_close(dev_t dev, int flag, int devtype, struct lwp *l)
{
	const struct cdevsw *d = cdevsw_lookup(dev);

	return d == NULL ? ENXIO : dev_call(D_NOTE_CLOSE, d->d_close,
	    d->d_flag, false, dev, flag, devtype, l);
}

int
bdev_close(dev_t dev, int flag, int devtype, struct lwp *l)
{
	const struct bdevsw *d = bdevsw_lookup(dev);

	return d == NULL ? ENXIO : dev_call(D_NOTE_CLOSE, d->d_close,
	    d->d_flag, true, dev, flag, devtype, l);
}

int
bdev_ioctl(dev_t dev, u_long cmd, void *data, int flag, struct lwp *l)
{
	const struct bdevsw *d = bdevsw_lookup(dev);

	return d == NULL ? ENXIO : dev_ioctl(d->d_ioctl, d->d_flag, true, dev,
	    cmd, data, flag, l);
}

/*
 * cdev_read, cdev_write, cdev_ioctl, cdev_stop, cdev_tty, cdev_poll
 *
 *	Call the entry of that name.  The device is open.  Without a driver:
 *	ENXIO, POLLERR, NULL, or nothing.
 */
int
cdev_read(dev_t dev, struct uio *uio, int flag)
{
	const struct cdevsw *d = cdevsw_lookup(dev);

	return d == NULL ? ENXIO : dev_rw(D_NOTE_READ, d->d_read, d->d_flag, dev,
	    uio, flag);
}

int
cdev_write(dev_t dev, struct uio *uio, int flag)
{
	const struct cdevsw *d = cdevsw_lookup(dev);

	return d == NULL ? ENXIO : dev_rw(D_NOTE_WRITE, d->d_write, d->d_flag, dev,
	    uio, flag);
}

int
cdev_ioctl(dev_t dev, u_long cmd, void *data, int flag, struct lwp *l)
{
	const struct cdevsw *d = cdevsw_lookup(dev);

	return d == NULL ? ENXIO : dev_ioctl(d->d_ioctl, d->d_flag, false, dev,
	    cmd, data, flag, l);
}

void
cdev_stop(struct tty *tp, int flag)
{
	const struct cdevsw *d = cdevsw_lookup(tp->t_dev);

	if (d != NULL)
		d->d_stop(tp, flag);
}

struct tty *
cdev_tty(dev_t dev)
{
	const struct cdevsw *d = cdevsw_lookup(dev);

	return d == NULL || d->d_tty == NULL ? NULL : d->d_tty(dev);
}

/* d_kqfilter by the address of a device number, for knote_poll. */
static int
dev_kqfilter(void *cookie, struct knote *kn)
{
	const dev_t *const dev = cookie;

	return cdevsw_lookup(*dev)->d_kqfilter(*dev, kn);
}

/* A driver's d_poll: its own, or what its filters say. */
static int
dev_poll(dev_t dev, int events, struct lwp *l)
{
	const struct cdevsw *d = cdevsw_lookup(dev);

	if (d->d_poll != NULL && d->d_poll != nopoll)
		return d->d_poll(dev, events, l);
	if (d->d_kqfilter != NULL && d->d_kqfilter != nokqfilter)
		return knote_poll(dev_kqfilter, &dev, events, l);
	return nopoll(dev, events, l);
}

int
cdev_poll(dev_t dev, int events, struct lwp *l)
{
	const struct cdevsw *d = cdevsw_lookup(dev);
	struct lwp_note ln;
	bool locked;
	int revents;

	if (d == NULL)
		return POLLERR;
	locked = dev_lock(d->d_flag);
	lwp_note_call(&ln, HYP_NOTE_POLL, dev);
	revents = DEVTRACE() ? devsw_trace_poll(dev_poll, dev, events, l) :
	    dev_poll(dev, events, l);
	lwp_note_return(&ln);
	dev_unlock(locked, "d_poll");
	return revents;
}

/*
 * flags = cdev_flags(dev)
 * flags = bdev_flags(dev)
 * type = cdev_type(dev)
 *
 *	D_MPSAFE and the like; 0: there is no driver.  The device need not be
 *	open, and the driver may be leaving.
 */
int
cdev_flags(dev_t dev)
{
	const int s = pserialize_read_enter();
	const struct cdevsw *const d = cdevsw_lookup(dev);
	const int flags = d == NULL ? 0 : d->d_flag;

	pserialize_read_exit(s);
	return flags;
}

int
bdev_flags(dev_t dev)
{
	const int s = pserialize_read_enter();
	const struct bdevsw *const d = bdevsw_lookup(dev);
	const int flags = d == NULL ? 0 : d->d_flag;

	pserialize_read_exit(s);
	return flags;
}

int
cdev_type(dev_t dev)
{

	return cdev_flags(dev) & D_TYPEMASK;
}

static void
dev_detached(int (*devtounit)(dev_t), struct cfdriver *cd, dev_t dev)
{
	device_t dv;
	int unit;

	if (devtounit == NULL || (unit = devtounit(dev)) == -1)
		return;
	if ((dv = device_lookup(cd, unit)) != NULL)
		config_detach_commit(dv);
}

/*
 * cdev_detached(dev)
 * bdev_detached(dev)
 *
 *	From vdevgone in the detach of the device behind dev: commit it, so
 *	that nobody waits to open what will not come back.
 */
void
cdev_detached(dev_t dev)
{
	const struct cdevsw *d = cdevsw_lookup(dev);

	if (d != NULL)
		dev_detached(d->d_devtounit, d->d_cfdriver, dev);
}

void
bdev_detached(dev_t dev)
{
	const struct bdevsw *d = bdevsw_lookup(dev);

	if (d != NULL)
		dev_detached(d->d_devtounit, d->d_cfdriver, dev);
}

static bool
dev_hold(int (*devtounit)(dev_t), struct cfdriver *cd, dev_t dev,
    device_t *dvp)
{
	int unit;

	*dvp = NULL;
	if (devtounit == NULL)
		return true;
	if ((unit = devtounit(dev)) == -1)
		return false;
	*dvp = device_lookup_hold(cd, unit);
	return *dvp != NULL;
}

/*
 * yes = cdev_hold(dev, &dv)
 * yes = bdev_hold(dev, &dv)
 * dev_unhold(dv)
 *
 *	Is there a device behind dev that can be closed?  If so it stays the
 *	same until dev_unhold.  dv is NULL if the driver does not say how to
 *	find its devices; then the answer is always yes.  Do not sleep.  The
 *	caller keeps the driver; who does not has devsw_look.
 */
bool
cdev_hold(dev_t dev, device_t *dvp)
{
	const struct cdevsw *d = cdevsw_lookup(dev);

	return d != NULL && dev_hold(d->d_devtounit, d->d_cfdriver, dev, dvp);
}

bool
bdev_hold(dev_t dev, device_t *dvp)
{
	const struct bdevsw *d = bdevsw_lookup(dev);

	return d != NULL && dev_hold(d->d_devtounit, d->d_cfdriver, dev, dvp);
}

void
dev_unhold(device_t dv)
{

	if (dv != NULL)
		device_release(dv);
}

/*
 * error = devsw_look(block, dev, dr)
 *
 *	References to the driver of dev, and to its device as of cdev_hold, for
 *	who asks about it and has not opened it; devsw_release gives them back.
 *	Does not wait for the device.  ENXIO: no driver, or it leaves; no device.
 */
int
devsw_look(bool block, dev_t dev, struct devsw_ref *dr)
{

	if (devsw_keep(block, dev, dr) != 0)
		return ENXIO;
	if (block ? bdev_hold(dev, &dr->dr_device) :
	    cdev_hold(dev, &dr->dr_device))
		return 0;
	devsw_release(dr);
	return ENXIO;
}

/*
 * yes = cdev_attached(dev)
 *
 *	Is there a device behind dev now?  For who reports it, and keeps the
 *	driver; an open finds out with a reference.
 */
bool
cdev_attached(dev_t dev)
{
	const struct cdevsw *d = cdevsw_lookup(dev);
	int unit;

	if (d == NULL)
		return false;
	if (d->d_devtounit == NULL)
		return true;
	return (unit = d->d_devtounit(dev)) != -1 &&
	    device_attached(d->d_cfdriver, unit);
}
