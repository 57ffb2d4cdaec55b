/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * subr_devsw.c - devsw(9): from a device number to a driver, and the
 * references that keep it.  devsw_call.c calls its functions.
 *
 * Two tables, one for character and one for block devices, from major to a
 * slot with the driver's switch and a reference count.  Only an open holds a
 * reference (struct devsw_ref): for every other operation the caller
 * (specfs) has the device open, and before a switch leaves, all of that is
 * revoked.  Who asks about a device without having it open holds one, too
 * (devsw_look), or is a reader (cdev_flags), as the switch may be a module's.
 *
 * An open also holds a reference to the autoconf device, if the switch says
 * how to find it (d_cfdriver, d_devtounit), so no d_open starts before its
 * attach has ended or after its detach is committed, and the softc stays
 * until d_open has returned.
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
 * Opens of different devices share no lock here: an open takes its reference
 * as a reader (pserialize(9)), and a slot is emptied when those have left who
 * had found it DS_IN:
 *
 *	open				devsw_detach
 *	read_enter
 *	DS_IN
 *					DS_LEAVING; revokes what is open
 *					perform: waits
 *	ds_refs++
 *	read_exit
 *					drains ds_refs
 *	alive?  no: ENXIO
 *	ds_refs--			the slot is out
 *
 * devsw_alive needs no lock of this file: it is asked under specfs's, which
 * the look for opens takes when the state has been changed.
 *
 * Locks: devsw_lock guards the slots; readers of a slot's switch need none.
 * devsw_cv: a reference of a dying slot went away, or DS_ASKED.
 */
#include <sys/atomic.h>
#include <sys/conf.h>
#include <sys/device.h>
#include <sys/devtrace.h>
#include <sys/errno.h>
#include <sys/lwp.h>
#include <sys/pserialize.h>
#include <sys/systm.h>
#include <sys/vnode.h>

#include "devsw/devsw_impl.h"

#define	DEVSW_MAX	64

enum devsw_state { DS_OUT, DS_IN, DS_ASKED, DS_LEAVING };

struct devsw_slot {
	const void	*ds_switch;	/* bdevsw or cdevsw; atomic */
	enum devsw_state ds_state;	/* (l)+atomic */
	char		 ds_name[DEVSW_NAMELEN]; /* (l) "": never used */
	struct localcount ds_refs;	/* opens in progress */
};

static kmutex_t devsw_lock;	/* (l) */
static kcondvar_t devsw_cv;
static struct devsw_slot bdevsw_slots[DEVSW_MAX];
static struct devsw_slot cdevsw_slots[DEVSW_MAX];
static const struct devsw_hooks *devsw_hooks;
static pserialize_t devsw_psz;

/*
 * devsw_init()
 */
void
devsw_init(void)
{

	mutex_init(&devsw_lock, MUTEX_DEFAULT, IPL_NONE);
	cv_init(&devsw_cv, "devsw");
	devsw_psz = pserialize_create();
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
	atomic_store_release(&slots[maj].ds_switch, sw);
	atomic_store_release(&slots[maj].ds_state, DS_IN);
}

/*
 * error = devsw_attach(name, bdev, &bmajor, cdev, &cmajor)
 *
 *	Enter a driver's switches; NULL for one that it lacks.  A major of
 *	NODEVMAJOR is chosen here: the one that a driver of that name had
 *	before, if any.  EEXIST: the major, or the name, is taken; EINVAL: no
 *	such major, or a switch lacks an entry, which is logged; ENOMEM: none
 *	left.
 */
int
devsw_attach(const char *name, const struct bdevsw *bdev,
    devmajor_t *bmajorp, const struct cdevsw *cdev, devmajor_t *cmajorp)
{
	int error;

	if ((bdev != NULL && !bdevsw_whole(name, bdev)) ||
	    (cdev != NULL && !cdevsw_whole(name, cdev)))
		return EINVAL;
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
	atomic_store_release(&slots[maj].ds_state, state);
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
	pserialize_perform(devsw_psz);
	mutex_enter(&devsw_lock);
	localcount_drain(&slots[maj].ds_refs, &devsw_cv, &devsw_lock);
	localcount_fini(&slots[maj].ds_refs);
	atomic_store_release(&slots[maj].ds_switch, NULL);
	atomic_store_release(&slots[maj].ds_state, DS_OUT);
	mutex_exit(&devsw_lock);
	pserialize_perform(devsw_psz);	/* cdev_flags */
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

/*
 * more = cdevsw_next(&major, name)
 *
 *	The next character switch after major, NODEVMAJOR at first, of a driver
 *	whose minors are no units of devices (no d_devtounit).  name has
 *	DEVSW_NAMELEN bytes.
 */
bool
cdevsw_next(devmajor_t *majorp, char *name)
{
	const struct cdevsw *d;
	bool found = false;

	mutex_enter(&devsw_lock);
	while (!found && ++*majorp < DEVSW_MAX) {
		d = cdevsw_slots[*majorp].ds_switch;
		found = d != NULL && d->d_devtounit == NULL;
	}
	if (found)
		strlcpy(name, cdevsw_slots[*majorp].ds_name, DEVSW_NAMELEN);
	mutex_exit(&devsw_lock);
	return found;
}

/*
 * yes = cdevsw_unit_node(name, unit, &dev, &type)
 *
 *	The device that a unit of a driver has if nobody says otherwise: that
 *	whose minor is the unit; type is D_TTY and the like.  False: there is no
 *	switch of that name, or its minors are something else.
 */
bool
cdevsw_unit_node(const char *name, int unit, dev_t *devp, int *typep)
{
	const struct cdevsw *d = NULL;
	devmajor_t maj;

	mutex_enter(&devsw_lock);
	for (maj = 0; maj < DEVSW_MAX; maj++) {
		d = cdevsw_slots[maj].ds_switch;
		if (d != NULL && strncmp(cdevsw_slots[maj].ds_name, name,
		    DEVSW_NAMELEN - 1) == 0)
			break;
	}
	if (maj < DEVSW_MAX) {
		*devp = makedev(maj, (u_int)unit);
		*typep = d->d_flag & D_TYPEMASK;
		if (d->d_devtounit != NULL && d->d_devtounit(*devp) != unit)
			maj = DEVSW_MAX;
	}
	mutex_exit(&devsw_lock);
	return maj < DEVSW_MAX;
}

static const void *
slot_lookup(struct devsw_slot *slots, dev_t dev)
{
	const devmajor_t maj = major(dev);

	if (dev == NODEV || maj >= DEVSW_MAX)
		return NULL;
	return atomic_load_acquire(&slots[maj].ds_switch);
}

/* Sleep while devsw_detach_idle asks. */
static void
slot_wait(struct devsw_slot *ds)
{

	mutex_enter(&devsw_lock);
	while (ds->ds_state == DS_ASKED)
		cv_wait(&devsw_cv, &devsw_lock);
	mutex_exit(&devsw_lock);
}

/* The switch with a reference on its slot, for slot_release. */
static const void *
slot_acquire(struct devsw_slot *slots, dev_t dev)
{
	struct devsw_slot *ds;
	enum devsw_state state;
	const void *sw = NULL;
	int s;

	if (dev == NODEV || major(dev) >= DEVSW_MAX)
		return NULL;
	ds = &slots[major(dev)];
	for (;;) {
		s = pserialize_read_enter();
		state = atomic_load_acquire(&ds->ds_state);
		if (state == DS_IN) {
			sw = ds->ds_switch;
			localcount_acquire(&ds->ds_refs);
		}
		pserialize_read_exit(s);
		if (state != DS_ASKED)
			return sw;
		slot_wait(ds);
	}
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

/* ---- references of opens ------------------------------------------- */

/*
 * error = dev_acquire(devtounit, cd, dev, &dv)
 *
 *	A reference to the autoconf device behind dev, or *dv = NULL if the
 *	driver does not say how to find it.  ENXIO: there is none; EINTR,
 *	ERESTART: see device_lookup_sig.
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
	return device_lookup_sig(cd, unit, dvp);
}

static struct devsw_slot *
dev_slots(bool block)
{

	return block ? bdevsw_slots : cdevsw_slots;
}

/*
 * error = devsw_keep(block, dev, dr)
 *
 *	A reference to the driver of dev alone, for devsw_release.  ENXIO.
 */
int
devsw_keep(bool block, dev_t dev, struct devsw_ref *dr)
{

	dr->dr_block = block;
	dr->dr_dev = dev;
	dr->dr_device = NULL;
	dr->dr_switch = slot_acquire(dev_slots(block), dev);
	return dr->dr_switch == NULL ? ENXIO : 0;
}

/*
 * error = devsw_acquire(block, dev, dr)
 *
 *	References to the driver of dev, and to its device if the driver says
 *	how to find it, for an open; devsw_release gives them back.  Sleeps
 *	while the device attaches or detaches.  ENXIO: no driver or no such
 *	unit; EINTR, ERESTART: see cv_wait_sig.
 */
int
devsw_acquire(bool block, dev_t dev, struct devsw_ref *dr)
{
	const struct bdevsw *b;
	const struct cdevsw *c;
	int error;

	if ((error = devsw_keep(block, dev, dr)) != 0)
		return error;
	b = dr->dr_switch;
	c = dr->dr_switch;
	error = block ? dev_acquire(b->d_devtounit, b->d_cfdriver, dev,
	    &dr->dr_device) : dev_acquire(c->d_devtounit, c->d_cfdriver, dev,
	    &dr->dr_device);
	if (error)
		slot_release(dev_slots(block), dev);
	return error;
}

/*
 * error = devsw_alive(dr)
 *
 *	May an open that is counted in the same step go on?  ENXIO: the
 *	driver leaves; ERESTART: that will be seen, acquire again.  Under the
 *	lock under which the open is counted, and the hooks look for opens.
 */
int
devsw_alive(const struct devsw_ref *dr)
{
	const struct devsw_slot *const ds =
	    &dev_slots(dr->dr_block)[major(dr->dr_dev)];
	const enum devsw_state state = atomic_load_acquire(&ds->ds_state);

	return state == DS_IN ? 0 : state == DS_ASKED ? ERESTART : ENXIO;
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
