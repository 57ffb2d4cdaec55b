/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * subr_devsw.c - devsw(9): from a device number to a driver's function.
 *
 * Two tables, one for character and one for block devices, from major to a
 * slot with the driver's switch and a reference count.  Only cdev_open and
 * bdev_open hold a reference: for every other operation the caller (specfs)
 * has the device open, and a driver detaches its switch only when no
 * instance is open.
 *
 * d_open also holds a reference to the autoconf device, if the switch says
 * how to find it (d_cfdriver, d_devtounit), so no d_open starts before its
 * attach has ended or after its detach is committed, and the softc stays
 * until d_open has returned.
 *
 * Drivers without D_MPSAFE are called under the kernel lock.
 *
 * Locks: devsw_lock guards the slots; readers of a slot's switch need none.
 * devsw_cv: a reference of a dying slot went away.
 */
#include <sys/atomic.h>
#include <sys/conf.h>
#include <sys/device.h>
#include <sys/errno.h>
#include <sys/lwp.h>
#include <sys/poll.h>
#include <sys/systm.h>
#include <sys/tty.h>

#define	DEVSW_MAX	64

struct devsw_slot {
	const void	*ds_switch;	/* bdevsw or cdevsw; atomic */
	const char	*ds_name;	/* (l) */
	struct localcount ds_refs;	/* opens in progress */
};

static kmutex_t devsw_lock;	/* (l) */
static kcondvar_t devsw_cv;
static struct devsw_slot bdevsw_slots[DEVSW_MAX];
static struct devsw_slot cdevsw_slots[DEVSW_MAX];

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
}

/* ---- slots --------------------------------------------------------- */

/*
 * devsw_lock held: can sw go to slot *majorp, or to any if that is -1?
 * Answers with the major.
 */
static int
slot_choose(struct devsw_slot *slots, const void *sw, devmajor_t *majorp)
{

	if (sw == NULL)
		return 0;
	if (*majorp == NODEVMAJOR) {
		for (*majorp = 0; *majorp < DEVSW_MAX; (*majorp)++) {
			if (slots[*majorp].ds_switch == NULL)
				return 0;
		}
		*majorp = NODEVMAJOR;
		return ENOMEM;
	}
	if (*majorp < 0 || *majorp >= DEVSW_MAX)
		return EINVAL;
	return slots[*majorp].ds_switch == NULL ? 0 : EEXIST;
}

static void
slot_fill(struct devsw_slot *slots, const void *sw, devmajor_t maj,
    const char *name)
{

	if (sw == NULL)
		return;
	localcount_init(&slots[maj].ds_refs);
	slots[maj].ds_name = name;
	atomic_store_release(&slots[maj].ds_switch, sw);
}

/*
 * error = devsw_attach(name, bdev, &bmajor, cdev, &cmajor)
 *
 *	Enter a driver's switches; NULL for one that it lacks.  A major of
 *	NODEVMAJOR is chosen here.  EEXIST: the major is taken; EINVAL: no
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
	if ((error = slot_choose(bdevsw_slots, bdev, bmajorp)) == 0 &&
	    (error = slot_choose(cdevsw_slots, cdev, cmajorp)) == 0) {
		if (bdev != NULL)
			slot_fill(bdevsw_slots, bdev, *bmajorp, name);
		if (cdev != NULL)
			slot_fill(cdevsw_slots, cdev, *cmajorp, name);
	}
	mutex_exit(&devsw_lock);
	return error;
}

static void
slot_empty(struct devsw_slot *slots, const void *sw)
{

	for (u_int i = 0; sw != NULL && i < DEVSW_MAX; i++) {
		if (slots[i].ds_switch != sw)
			continue;
		atomic_store_release(&slots[i].ds_switch, NULL);
		localcount_drain(&slots[i].ds_refs, &devsw_cv, &devsw_lock);
		localcount_fini(&slots[i].ds_refs);
	}
}

/*
 * devsw_detach(bdev, cdev)
 *
 *	Take the switches out and wait for opens in progress.  The caller
 *	makes sure that opens fail and that nothing is open.
 */
void
devsw_detach(const struct bdevsw *bdev, const struct cdevsw *cdev)
{

	mutex_enter(&devsw_lock);
	slot_empty(bdevsw_slots, bdev);
	slot_empty(cdevsw_slots, cdev);
	mutex_exit(&devsw_lock);
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
	const void *sw;

	mutex_enter(&devsw_lock);
	if ((sw = slot_lookup(slots, dev)) != NULL)
		localcount_acquire(&slots[major(dev)].ds_refs);
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

static devmajor_t
slot_major(struct devsw_slot *slots, const void *sw)
{

	for (devmajor_t maj = 0; maj < DEVSW_MAX; maj++) {
		if (atomic_load_relaxed(&slots[maj].ds_switch) == sw)
			return maj;
	}
	return NODEVMAJOR;
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

/* ---- calls --------------------------------------------------------- */

static bool
dev_lock(int d_flag)
{

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

/*
 * error = cdev_open(dev, flag, devtype, l)
 * error = bdev_open(dev, flag, devtype, l)
 *
 *	Call d_open.  Sleeps while the device attaches or detaches, and as
 *	the driver does.  ENXIO: no driver or no such unit; the driver's.
 */
int
cdev_open(dev_t dev, int flag, int devtype, struct lwp *l)
{
	const struct cdevsw *d = slot_acquire(cdevsw_slots, dev);
	device_t dv;
	int error;
	bool locked;

	if (d == NULL)
		return ENXIO;
	error = dev_acquire(d->d_devtounit, d->d_cfdriver, dev, &dv);
	if (error == 0) {
		locked = dev_lock(d->d_flag);
		error = d->d_open(dev, flag, devtype, l);
		dev_unlock(locked);
		if (dv != NULL)
			device_release(dv);
	}
	slot_release(cdevsw_slots, dev);
	return error;
}

int
bdev_open(dev_t dev, int flag, int devtype, struct lwp *l)
{
	const struct bdevsw *d = slot_acquire(bdevsw_slots, dev);
	device_t dv;
	int error;
	bool locked;

	if (d == NULL)
		return ENXIO;
	error = dev_acquire(d->d_devtounit, d->d_cfdriver, dev, &dv);
	if (error == 0) {
		locked = dev_lock(d->d_flag);
		error = d->d_open(dev, flag, devtype, l);
		dev_unlock(locked);
		if (dv != NULL)
			device_release(dv);
	}
	slot_release(bdevsw_slots, dev);
	return error;
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
	error = d->d_cancel(dev, flag, devtype, l);
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
	error = d->d_cancel(dev, flag, devtype, l);
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
	error = d->d_close(dev, flag, devtype, l);
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
	error = d->d_close(dev, flag, devtype, l);
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
	error = d->d_ioctl(dev, cmd, data, flag, l);
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
	error = d->d_read(dev, uio, flag);
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
	error = d->d_write(dev, uio, flag);
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
	error = d->d_ioctl(dev, cmd, data, flag, l);
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
	revents = d->d_poll(dev, events, l);
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
	    device_lookup(d->d_cfdriver, unit) != NULL;
}

/*
 * unit = dev_minor_unit(dev)
 */
int
dev_minor_unit(dev_t dev)
{

	return minor(dev);
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
