/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * subr_devsw.c - devsw(9): from a device number to a driver's function.
 *
 * Two tables, one for character and one for block devices, from major to a
 * slot with the driver's switch and a reference count.  Only an open holds a
 * reference (struct devsw_ref): for every other operation the caller
 * (specfs) has the device open, and before a switch leaves, all of that is
 * revoked.
 *
 * An open also holds a reference to the autoconf device, if the switch says
 * how to find it (d_cfdriver, d_devtounit), so no d_open starts before its
 * attach has ended or after its detach is committed, and the softc stays
 * until d_open has returned.
 *
 * Drivers without D_MPSAFE are called under the kernel lock.
 *
 * A switch leaves in three steps, as its functions may be unmapped after
 * that:
 *
 *	ds_state	opens			other calls, close
 *	--------	-----			------------------
 *	DS_IN		go on			go on
 *	DS_ASKED	wait			go on
 *	DS_LEAVING	ENXIO			go on, until specfs has revoked
 *						every vnode of the major
 *	DS_OUT		ENXIO, autoload		there are none
 *
 * DS_ASKED is for devsw_detach_idle, which backs out if something is open.
 *
 * A reference says that there was a driver when it was taken.  specfs counts
 * an open (so that it is found, and waited for) when it has the reference,
 * and asks devsw_alive() in the same step, under its lock; so a detach of the
 * driver finds each open that goes on:
 *
 *	open				devsw_detach
 *	devsw_acquire
 *					DS_LEAVING
 *					looks for opens: none
 *	alive?  no: ENXIO
 *
 *	devsw_acquire
 *	alive?  yes: is counted
 *					DS_LEAVING
 *					looks for opens: revokes this one
 *
 * A slot that is out keeps its name: the driver gets the same major when it
 * comes back, so that its nodes are good again.
 *
 * Locks: devsw_lock guards the slots; readers of a slot's switch need none.
 * devsw_cv: a reference of a dying slot went away, or DS_ASKED.
 */
#include <sys/atomic.h>
#include <sys/conf.h>
#include <sys/device.h>
#include <sys/devtrace.h>
#include <sys/disklabel.h>
#include <sys/errno.h>
#include <sys/lwp.h>
#include <sys/poll.h>
#include <sys/systm.h>
#include <sys/tty.h>
#include <sys/vnode.h>

#include "devsw/devsw_impl.h"

#define	DEVSW_MAX	64

enum devsw_state { DS_OUT, DS_IN, DS_ASKED, DS_LEAVING };

struct devsw_slot {
	const void	*ds_switch;	/* bdevsw or cdevsw; atomic */
	enum devsw_state ds_state;	/* (l) */
	char		 ds_name[DEVSW_NAMELEN]; /* (l) "": never used */
	struct localcount ds_refs;	/* opens in progress */
};

static kmutex_t devsw_lock;	/* (l) */
static kcondvar_t devsw_cv;
static struct devsw_slot bdevsw_slots[DEVSW_MAX];
static struct devsw_slot cdevsw_slots[DEVSW_MAX];
static const struct devsw_hooks *devsw_hooks;

/*
 * devsw_init()
 */
void
devsw_init(void)
{

	mutex_init(&devsw_lock, MUTEX_DEFAULT, IPL_NONE);
	cv_init(&devsw_cv, "devsw");
	memset(bdevsw_slots, 0, sizeof(bdevsw_slots));
	memset(cdevsw_slots, 0, sizeof(cdevsw_slots));
	devsw_hooks = NULL;
}

/*
 * devsw_set_hooks(hooks)
 *
 *	Who knows what is open.  At start.
 */
void
devsw_set_hooks(const struct devsw_hooks *hooks)
{

	devsw_hooks = hooks;
}

/* ---- slots --------------------------------------------------------- */

static devmajor_t
slot_major(const struct devsw_slot *slots, const void *sw)
{

	for (devmajor_t maj = 0; maj < DEVSW_MAX; maj++) {
		if (atomic_load_relaxed(&slots[maj].ds_switch) == sw)
			return maj;
	}
	return NODEVMAJOR;
}

/*
 * devsw_lock held: the slot of that name, else one that never had another,
 * or NODEVMAJOR.
 */
static devmajor_t
slot_of_name(const struct devsw_slot *slots, const char *name)
{
	devmajor_t fresh = NODEVMAJOR;

	for (devmajor_t maj = 0; maj < DEVSW_MAX; maj++) {
		if (strncmp(slots[maj].ds_name, name, DEVSW_NAMELEN - 1) == 0)
			return maj;
		if (fresh == NODEVMAJOR && slots[maj].ds_name[0] == '\0')
			fresh = maj;
	}
	return fresh;
}

/*
 * devsw_lock held: can sw go to slot *majorp, or to any if that is -1?
 * Answers with the major.
 */
static int
slot_choose(struct devsw_slot *slots, const void *sw, const char *name,
    devmajor_t *majorp)
{

	if (sw == NULL)
		return 0;
	if (*majorp == NODEVMAJOR &&
	    (*majorp = slot_of_name(slots, name)) == NODEVMAJOR)
		return ENOMEM;
	if (*majorp < 0 || *majorp >= DEVSW_MAX)
		return EINVAL;
	return slots[*majorp].ds_state == DS_OUT ? 0 : EEXIST;
}

static void
slot_fill(struct devsw_slot *slots, const void *sw, devmajor_t maj,
    const char *name)
{

	if (sw == NULL)
		return;
	localcount_init(&slots[maj].ds_refs);
	strlcpy(slots[maj].ds_name, name, DEVSW_NAMELEN);
	slots[maj].ds_state = DS_IN;
	atomic_store_release(&slots[maj].ds_switch, sw);
}

/*
 * error = devsw_attach(name, bdev, &bmajor, cdev, &cmajor)
 *
 *	Enter a driver's switches; NULL for one that it lacks.  A major of
 *	NODEVMAJOR is chosen here: the one that a driver of that name had
 *	before, if any.  EEXIST: the major, or the name, is taken; EINVAL: no
 *	such major; ENOMEM: none left.
 */
int
devsw_attach(const char *name, const struct bdevsw *bdev,
    devmajor_t *bmajorp, const struct cdevsw *cdev, devmajor_t *cmajorp)
{
	int error;

	KASSERTMSG(cdev == NULL || cdev->d_devtounit == NULL ||
	    cdev->d_cfdriver != NULL, "%s", name);
	KASSERTMSG(bdev == NULL || bdev->d_devtounit == NULL ||
	    bdev->d_cfdriver != NULL, "%s", name);
	mutex_enter(&devsw_lock);
	if ((error = slot_choose(bdevsw_slots, bdev, name, bmajorp)) == 0 &&
	    (error = slot_choose(cdevsw_slots, cdev, name, cmajorp)) == 0) {
		if (bdev != NULL)
			slot_fill(bdevsw_slots, bdev, *bmajorp, name);
		if (cdev != NULL)
			slot_fill(cdevsw_slots, cdev, *cmajorp, name);
	}
	mutex_exit(&devsw_lock);
	return error;
}

static void
slot_set_state(struct devsw_slot *slots, const void *sw,
    enum devsw_state state)
{
	devmajor_t maj;

	if (sw == NULL)
		return;
	mutex_enter(&devsw_lock);
	maj = slot_major(slots, sw);
	KASSERTMSG(maj != NODEVMAJOR, "the switch is not attached");
	KASSERT(slots[maj].ds_state == DS_IN ||
	    slots[maj].ds_state == DS_ASKED);
	slots[maj].ds_state = state;
	cv_broadcast(&devsw_cv);
	mutex_exit(&devsw_lock);
}

/* DS_LEAVING: close what is open, wait for opens in progress, and out. */
static void
slot_empty(struct devsw_slot *slots, const void *sw, enum vtype type)
{
	devmajor_t maj;

	if (sw == NULL)
		return;
	maj = slot_major(slots, sw);
	if (devsw_hooks != NULL)
		devsw_hooks->dh_gone(type, maj);
	mutex_enter(&devsw_lock);
	localcount_drain(&slots[maj].ds_refs, &devsw_cv, &devsw_lock);
	localcount_fini(&slots[maj].ds_refs);
	atomic_store_release(&slots[maj].ds_switch, NULL);
	slots[maj].ds_state = DS_OUT;
	mutex_exit(&devsw_lock);
}

static bool
slot_busy(struct devsw_slot *slots, const void *sw, enum vtype type)
{

	return sw != NULL && devsw_hooks != NULL &&
	    devsw_hooks->dh_busy(type, slot_major(slots, sw));
}

/*
 * devsw_detach(bdev, cdev)
 *
 *	Take the switches out: opens fail from now on, every open vnode of
 *	their majors is revoked, and when this returns no call is in the
 *	driver and none will come.  So it sleeps as long as the driver does.
 *	The caller holds no lock that the driver's entries take.
 *	devsw_detach(9), whose caller has to see to that nothing is open.
 */
void
devsw_detach(const struct bdevsw *bdev, const struct cdevsw *cdev)
{

	slot_set_state(bdevsw_slots, bdev, DS_LEAVING);
	slot_set_state(cdevsw_slots, cdev, DS_LEAVING);
	slot_empty(bdevsw_slots, bdev, VBLK);
	slot_empty(cdevsw_slots, cdev, VCHR);
}

/*
 * error = devsw_detach_idle(bdev, cdev)
 *
 *	The same, if nothing is open or on its way to be.  EBUSY: something
 *	is, and nothing has changed.
 */
int
devsw_detach_idle(const struct bdevsw *bdev, const struct cdevsw *cdev)
{

	slot_set_state(bdevsw_slots, bdev, DS_ASKED);
	slot_set_state(cdevsw_slots, cdev, DS_ASKED);
	if (slot_busy(bdevsw_slots, bdev, VBLK) ||
	    slot_busy(cdevsw_slots, cdev, VCHR)) {
		slot_set_state(bdevsw_slots, bdev, DS_IN);
		slot_set_state(cdevsw_slots, cdev, DS_IN);
		return EBUSY;
	}
	devsw_detach(bdev, cdev);
	return 0;
}

static const void *
slot_lookup(struct devsw_slot *slots, dev_t dev)
{
	const devmajor_t maj = major(dev);

	if (dev == NODEV || maj >= DEVSW_MAX)
		return NULL;
	return atomic_load_acquire(&slots[maj].ds_switch);
}

/* The switch with a reference on its slot, for slot_release. */
static const void *
slot_acquire(struct devsw_slot *slots, dev_t dev)
{
	struct devsw_slot *ds;
	const void *sw = NULL;

	if (dev == NODEV || major(dev) >= DEVSW_MAX)
		return NULL;
	ds = &slots[major(dev)];
	mutex_enter(&devsw_lock);
	while (ds->ds_state == DS_ASKED)
		cv_wait(&devsw_cv, &devsw_lock);
	if (ds->ds_state == DS_IN) {
		sw = ds->ds_switch;
		localcount_acquire(&ds->ds_refs);
	}
	mutex_exit(&devsw_lock);
	return sw;
}

static void
slot_release(struct devsw_slot *slots, dev_t dev)
{

	localcount_release(&slots[major(dev)].ds_refs, &devsw_cv, &devsw_lock);
}

const struct bdevsw *
bdevsw_lookup(dev_t dev)
{

	return slot_lookup(bdevsw_slots, dev);
}

const struct cdevsw *
cdevsw_lookup(dev_t dev)
{

	return slot_lookup(cdevsw_slots, dev);
}

devmajor_t
bdevsw_lookup_major(const struct bdevsw *bdev)
{

	return slot_major(bdevsw_slots, bdev);
}

devmajor_t
cdevsw_lookup_major(const struct cdevsw *cdev)
{

	return slot_major(cdevsw_slots, cdev);
}

/*
 * yes = cdevsw_getname(major, name)
 * yes = bdevsw_getname(major, name)
 *
 *	The driver that has this major, or had it: DEVSW_NAMELEN bytes.
 */
static bool
slot_getname(const struct devsw_slot *slots, devmajor_t maj, char *name)
{

	if (maj < 0 || maj >= DEVSW_MAX)
		return false;
	mutex_enter(&devsw_lock);
	strlcpy(name, slots[maj].ds_name, DEVSW_NAMELEN);
	mutex_exit(&devsw_lock);
	return name[0] != '\0';
}

bool
cdevsw_getname(devmajor_t maj, char *name)
{

	return slot_getname(cdevsw_slots, maj, name);
}

bool
bdevsw_getname(devmajor_t maj, char *name)
{

	return slot_getname(bdevsw_slots, maj, name);
}

/*
 * devsw_getdevname(block, dev, name)
 *
 *	The node's name, or the numbers if there is none: DEVTRACE_NAMELEN
 *	bytes.
 */
void
devsw_getdevname(bool block, dev_t dev, char *name)
{

	if (devsw_hooks != NULL && devsw_hooks->dh_name != NULL)
		devsw_hooks->dh_name(block ? VBLK : VCHR, dev, name);
	else
		snprintf(name, DEVTRACE_NAMELEN, "device %d,%d", major(dev),
		    minor(dev));
}

/* ---- calls --------------------------------------------------------- */

static bool
dev_lock(int d_flag)
{

	ASSERT_SLEEPABLE();
	if (d_flag & D_MPSAFE)
		return false;
	kernel_lock(1);
	return true;
}

static void
dev_unlock(bool locked)
{

	if (locked)
		kernel_unlock(1);
}

/* The d_ members of a cdevsw and a bdevsw that are alike. */
struct devsw_common {
	int		(*dc_open)(dev_t, int, int, struct lwp *);
	int		(*dc_devtounit)(dev_t);
	struct cfdriver	*dc_cfdriver;
	int		 dc_flag;
};

static struct devsw_common
dev_common(const struct devsw_ref *dr)
{
	const struct bdevsw *const b = dr->dr_switch;
	const struct cdevsw *const c = dr->dr_switch;

	return dr->dr_block ? (struct devsw_common){ b->d_open,
	    b->d_devtounit, b->d_cfdriver, b->d_flag } :
	    (struct devsw_common){ c->d_open, c->d_devtounit, c->d_cfdriver,
	    c->d_flag };
}

/*
 * error = dev_acquire(devtounit, cd, dev, &dv)
 *
 *	A reference to the autoconf device behind dev, or *dv = NULL if the
 *	driver does not say how to find it.  ENXIO: there is none; EINTR, EAGAIN: see
 *	cv_wait_sig.
 */
static int
dev_acquire(int (*devtounit)(dev_t), struct cfdriver *cd, dev_t dev,
    device_t *dvp)
{
	int unit;

	*dvp = NULL;
	if (devtounit == NULL)
		return 0;
	if ((unit = devtounit(dev)) == -1)
		return ENXIO;
	if ((*dvp = device_lookup_acquire(cd, unit)) == NULL)
		return lwp_intr_pending(curlwp) ? EINTR :
		    curlwp->l_nosleep ? EAGAIN : ENXIO;
	return 0;
}

static struct devsw_slot *
dev_slots(bool block)
{

	return block ? bdevsw_slots : cdevsw_slots;
}

/*
 * error = devsw_acquire(block, dev, dr)
 *
 *	References to the driver of dev, and to its device if the driver says
 *	how to find it, for an open; devsw_release gives them back.  Sleeps
 *	while the device attaches or detaches.  ENXIO: no driver or no such
 *	unit; EINTR, EAGAIN: see cv_wait_sig.
 */
int
devsw_acquire(bool block, dev_t dev, struct devsw_ref *dr)
{
	struct devsw_common dc;
	int error;

	dr->dr_block = block;
	dr->dr_dev = dev;
	dr->dr_switch = slot_acquire(dev_slots(block), dev);
	if (dr->dr_switch == NULL)
		return ENXIO;
	dc = dev_common(dr);
	error = dev_acquire(dc.dc_devtounit, dc.dc_cfdriver, dev,
	    &dr->dr_device);
	if (error)
		slot_release(dev_slots(block), dev);
	return error;
}

/*
 * error = devsw_alive(dr)
 *
 *	May an open that is counted in the same step go on?  ENXIO: the
 *	driver leaves; ERESTART: that will be seen, acquire again.  Takes
 *	devsw_lock; does not sleep.
 */
int
devsw_alive(const struct devsw_ref *dr)
{
	enum devsw_state state;

	mutex_enter(&devsw_lock);
	state = dev_slots(dr->dr_block)[major(dr->dr_dev)].ds_state;
	mutex_exit(&devsw_lock);
	return state == DS_IN ? 0 : state == DS_ASKED ? ERESTART : ENXIO;
}

/*
 * error = devsw_open(dr, flag, devtype, l)
 *
 *	Call d_open.  Sleeps as the driver does.
 */
int
devsw_open(const struct devsw_ref *dr, int flag, int devtype, struct lwp *l)
{
	const struct devsw_common dc = dev_common(dr);
	const bool locked = dev_lock(dc.dc_flag);
	int error;

	error = DEVTRACE() ? devsw_trace_call("d_open", dc.dc_open,
	    dr->dr_block, dr->dr_dev, flag, devtype, l) :
	    dc.dc_open(dr->dr_dev, flag, devtype, l);
	dev_unlock(locked);
	return error;
}

/*
 * devsw_release(dr)
 */
void
devsw_release(const struct devsw_ref *dr)
{

	if (dr->dr_device != NULL)
		device_release(dr->dr_device);
	slot_release(dev_slots(dr->dr_block), dr->dr_dev);
}

/*
 * error = cdev_open(dev, flag, devtype, l)
 * error = bdev_open(dev, flag, devtype, l)
 *
 *	All of that, for callers who keep the driver by other means.
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
	bool locked;
	int error;

	if (d == NULL)
		return ENXIO;
	if (d->d_cancel == NULL)
		return ENODEV;
	locked = dev_lock(d->d_flag);
	error = DEVTRACE() ? devsw_trace_call("d_cancel", d->d_cancel, false,
	    dev, flag, devtype, l) : d->d_cancel(dev, flag, devtype, l);
	dev_unlock(locked);
	return error;
}

int
bdev_cancel(dev_t dev, int flag, int devtype, struct lwp *l)
{
	const struct bdevsw *d = bdevsw_lookup(dev);
	bool locked;
	int error;

	if (d == NULL)
		return ENXIO;
	if (d->d_cancel == NULL)
		return ENODEV;
	locked = dev_lock(d->d_flag);
	error = DEVTRACE() ? devsw_trace_call("d_cancel", d->d_cancel, true,
	    dev, flag, devtype, l) : d->d_cancel(dev, flag, devtype, l);
	dev_unlock(locked);
	return error;
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
	bool locked;
	int error;

	if (d == NULL)
		return ENXIO;
	locked = dev_lock(d->d_flag);
	error = DEVTRACE() ? devsw_trace_call("d_close", d->d_close, false,
	    dev, flag, devtype, l) : d->d_close(dev, flag, devtype, l);
	dev_unlock(locked);
	return error;
}

int
bdev_close(dev_t dev, int flag, int devtype, struct lwp *l)
{
	const struct bdevsw *d = bdevsw_lookup(dev);
	bool locked;
	int error;

	if (d == NULL)
		return ENXIO;
	locked = dev_lock(d->d_flag);
	error = DEVTRACE() ? devsw_trace_call("d_close", d->d_close, true,
	    dev, flag, devtype, l) : d->d_close(dev, flag, devtype, l);
	dev_unlock(locked);
	return error;
}

int
bdev_ioctl(dev_t dev, u_long cmd, void *data, int flag, struct lwp *l)
{
	const struct bdevsw *d = bdevsw_lookup(dev);
	bool locked;
	int error;

	if (d == NULL)
		return ENXIO;
	locked = dev_lock(d->d_flag);
	error = DEVTRACE() ? devsw_trace_ioctl(d->d_ioctl, true, dev, cmd,
	    data, flag, l) : d->d_ioctl(dev, cmd, data, flag, l);
	dev_unlock(locked);
	return error;
}

/*
 * cdev_read, cdev_write, cdev_ioctl, cdev_stop, cdev_tty, cdev_poll,
 * cdev_mmap, cdev_kqfilter, cdev_discard
 *
 *	Call the entry of that name.  The device is open.  Without a driver:
 *	ENXIO, POLLERR, NULL, or nothing.
 */
int
cdev_read(dev_t dev, struct uio *uio, int flag)
{
	const struct cdevsw *d = cdevsw_lookup(dev);
	bool locked;
	int error;

	if (d == NULL)
		return ENXIO;
	locked = dev_lock(d->d_flag);
	error = DEVTRACE() ? devsw_trace_rw("d_read", d->d_read, dev, uio,
	    flag) : d->d_read(dev, uio, flag);
	dev_unlock(locked);
	return error;
}

int
cdev_write(dev_t dev, struct uio *uio, int flag)
{
	const struct cdevsw *d = cdevsw_lookup(dev);
	bool locked;
	int error;

	if (d == NULL)
		return ENXIO;
	locked = dev_lock(d->d_flag);
	error = DEVTRACE() ? devsw_trace_rw("d_write", d->d_write, dev, uio,
	    flag) : d->d_write(dev, uio, flag);
	dev_unlock(locked);
	return error;
}

int
cdev_ioctl(dev_t dev, u_long cmd, void *data, int flag, struct lwp *l)
{
	const struct cdevsw *d = cdevsw_lookup(dev);
	bool locked;
	int error;

	if (d == NULL)
		return ENXIO;
	locked = dev_lock(d->d_flag);
	error = DEVTRACE() ? devsw_trace_ioctl(d->d_ioctl, false, dev, cmd,
	    data, flag, l) : d->d_ioctl(dev, cmd, data, flag, l);
	dev_unlock(locked);
	return error;
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

int
cdev_poll(dev_t dev, int events, struct lwp *l)
{
	const struct cdevsw *d = cdevsw_lookup(dev);
	bool locked;
	int revents;

	if (d == NULL)
		return POLLERR;
	locked = dev_lock(d->d_flag);
	revents = DEVTRACE() ? devsw_trace_poll(d->d_poll, dev, events, l) :
	    d->d_poll(dev, events, l);
	dev_unlock(locked);
	return revents;
}

paddr_t
cdev_mmap(dev_t dev, off_t off, int prot)
{
	const struct cdevsw *d = cdevsw_lookup(dev);

	return d == NULL ? (paddr_t)-1 : d->d_mmap(dev, off, prot);
}

int
cdev_kqfilter(dev_t dev, struct knote *kn)
{
	const struct cdevsw *d = cdevsw_lookup(dev);

	return d == NULL ? ENXIO : d->d_kqfilter(dev, kn);
}

int
cdev_discard(dev_t dev, off_t pos, off_t len)
{
	const struct cdevsw *d = cdevsw_lookup(dev);

	return d == NULL ? ENXIO : d->d_discard(dev, pos, len);
}

int
cdev_flags(dev_t dev)
{
	const struct cdevsw *d = cdevsw_lookup(dev);

	return d == NULL ? 0 : d->d_flag;
}

int
bdev_flags(dev_t dev)
{
	const struct bdevsw *d = bdevsw_lookup(dev);

	return d == NULL ? 0 : d->d_flag;
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
 *	find its devices; then the answer is always yes.  Do not sleep.
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
 * yes = cdev_attached(dev)
 *
 *	Is there a device behind dev now?  For who reports it; an open finds
 *	out with a reference.
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

/*
 * unit = dev_minor_unit(dev)
 * unit = disklabel_dev_unit(dev)
 *
 *	Ready-made d_devtounit: the minor is the unit; a unit has
 *	MAXPARTITIONS minors.  tty_unit() is in tty_subr.c.
 */
int
dev_minor_unit(dev_t dev)
{

	return minor(dev);
}

int
disklabel_dev_unit(dev_t dev)
{

	return DISKUNIT(dev);
}

/* ---- entries of drivers that lack something ------------------------- */

int devenodev(void) { return ENODEV; }

paddr_t
devnommap(dev_t dev __unused, off_t off __unused, int prot __unused)
{

	return (paddr_t)-1;
}

int
nullopen(dev_t dev __unused, int flag __unused, int mode __unused,
    struct lwp *l __unused)
{

	return 0;
}

int
nullclose(dev_t dev __unused, int flag __unused, int mode __unused,
    struct lwp *l __unused)
{

	return 0;
}

int
noread_fn(dev_t dev __unused, struct uio *uio __unused, int flag __unused)
{

	return ENODEV;
}

int
nowrite_fn(dev_t dev __unused, struct uio *uio __unused, int flag __unused)
{

	return ENODEV;
}

int
noioctl_fn(dev_t dev __unused, u_long cmd __unused, void *data __unused,
    int flag __unused, struct lwp *l __unused)
{

	return EPASSTHROUGH;
}

void
nostop_fn(struct tty *tp __unused, int flag __unused)
{
}

int
nopoll_fn(dev_t dev __unused, int events __unused, struct lwp *l __unused)
{

	return POLLERR;
}

int
nokqfilter_fn(dev_t dev __unused, struct knote *kn __unused)
{

	return EOPNOTSUPP;
}

int
nodiscard_fn(dev_t dev __unused, off_t pos __unused, off_t len __unused)
{

	return ENODEV;
}
