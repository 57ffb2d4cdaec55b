/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * subr_autoconf.c - autoconf(9): attaching and detaching.  subr_cftable.c:
 * which driver; subr_cfunit.c: which unit.
 *
 * States of a device: attaching (dv_attaching), attached (dv_active),
 * detaching (dv_detaching), from there back to attached if the driver
 * refuses, or committed (dv_detached), then gone (dv_gone) and freed.  At a
 * time at most one thread attaches or detaches a device; others wait on
 * config_cv.
 *
 * Match, attach, detach and childdetached functions may sleep.  They run under
 * the kernel lock, as in NetBSD, but for those of an attachment that is
 * DVF_ATTACH_MPSAFE, and no other.  So an attach of such a driver is alone with
 * the driver's other functions as long as it does not sleep:
 *
 *	port's thread			usbdi, softclock, another thread
 *	kernel lock, ca_attach
 *	config_found: a child
 *					a client opens it; a callback that is
 *					not MP-safe waits for the kernel lock
 *	sc_child = ...
 *	kernel lock is left
 *					the callback uses sc_child
 *
 * Who sleeps, or waits for the host, drops it (kern_condvar.c); so a detach
 * that waits for others blocks none of them.  ca_activate is called by
 * drivers, with what they hold, and by config_park, like a detach.
 *
 * A detach waits for
 *	- another detach of the same device,
 *	- every device reference, after the driver's detach has returned.
 * So holders of references must be woken by the driver's detach.
 *
 * Locks: alldevs_lock, config_cv (subr_device.c).  alldevs_lock is a leaf.
 * Lock order: kernel lock -> alldevs_lock.
 */
#include <sys/atomic.h>
#include <sys/devtrace.h>
#include <sys/errno.h>
#include <sys/kmem.h>
#include <sys/lwp.h>
#include <sys/lwpnote.h>
#include <sys/syslog.h>
#include <sys/systm.h>

#include "autoconf/autoconf_impl.h"

static void (*attach_hook)(device_t);
static void (*attached_hook)(const char *, int);
pserialize_t config_psz;

/*
 * config_init()
 *
 *	Empty tables.  Once, before any other function here.
 */
void
config_init(void)
{

	mutex_init(&alldevs_lock, MUTEX_DEFAULT, IPL_VM);
	cv_init(&config_cv, "config");
	config_psz = pserialize_create();
	config_tables_init();
	attach_hook = NULL;
	attached_hook = NULL;
}

/*
 * config_set_attach_hooks(func, attached)
 *
 *	After every attach, without a lock: func(dev), for whose return opens
 *	and a detach of dev wait; then attached(driver, unit), when it can be
 *	opened, and may have left again.  Either may be NULL.  Before any
 *	attach.
 */
void
config_set_attach_hooks(void (*func)(device_t),
    void (*attached)(const char *, int))
{

	attach_hook = func;
	attached_hook = attached;
}

/* ---- attach -------------------------------------------------------- */

static void
device_free(device_t dev)
{

	KASSERT(LIST_EMPTY(&dev->dv_children));
	localcount_fini(&dev->dv_localcount);
	prop_dictionary_fini(&dev->dv_properties);
	/* Its tables may be gone by now. */
	if (dev->dv_private != NULL) {
		LOCKDEBUG_SOFTC(dev->dv_private, dev->dv_devsize);
		kmem_free(dev->dv_private, dev->dv_devsize);
	}
	config_unit_unpin(dev);
	kmem_free(dev, sizeof(*dev));
}

/*
 * alldevs_lock held: hardware leaves when it likes, so what hangs off a bus has
 * to be able to detach.
 */
static bool
device_can_detach(const struct device *dev)
{

	if (dev->dv_parent == NULL || dev->dv_cfattach->ca_detach != NULL)
		return true;
	log(LOG_ERR, "%s: a driver that cannot detach is not attached\n",
	    dev->dv_cfdriver->cd_name);
	return false;
}

/* NULL: its driver has no unit left, or no detach function; logged. */
static device_t
device_create(device_t parent, cfdata_t cf, const struct cfargs *args)
{
	device_t dev = kmem_zalloc(sizeof(*dev), KM_SLEEP);
	cfdriver_t cd;

	LIST_INIT(&dev->dv_children);
	prop_dictionary_init(&dev->dv_properties);
	localcount_init(&dev->dv_localcount);
	dev->dv_cfdata = cf;
	dev->dv_parent = parent;
	dev->dv_semantics = args != NULL && args->semantics != NULL ?
	    args->semantics : parent != NULL ? parent->dv_semantics : NULL;
	dev->dv_part = args != NULL && args->locators != NULL ?
	    args->locators[0] : -1;
	if (args != NULL && args->place != NULL) {
		strlcpy(dev->dv_place, args->place->cl_place,
		    sizeof(dev->dv_place));
		dev->dv_iface = args->place->cl_iface;
	}
	dev->dv_active = true;
	dev->dv_attaching = curlwp;
	/* The first may be about the device itself. */
	if (args != NULL && args->pins != NULL)
		config_unit_pin(dev, args->pins);

	mutex_enter(&alldevs_lock);
	dev->dv_cfdriver = cd = config_cfdriver_lookup(cf->cf_name);
	dev->dv_cfattach = config_cfattach_lookup(cf->cf_name, cf->cf_atname);
	KASSERTMSG(dev->dv_cfattach != NULL, "no attachment %s of %s",
	    cf->cf_atname, cf->cf_name);
	dev->dv_unit = device_can_detach(dev) ?
	    config_unit_alloc(dev) : -1;
	if (dev->dv_unit == -1) {
		mutex_exit(&alldevs_lock);
		device_free(dev);
		return NULL;
	}
	snprintf(dev->dv_xname, sizeof(dev->dv_xname), "%s%d", cd->cd_name,
	    dev->dv_unit);
	dev->dv_devsize = dev->dv_cfattach->ca_devsize;
	if (dev->dv_devsize > 0)
		dev->dv_private = kmem_zalloc(dev->dv_devsize, KM_SLEEP);
	atomic_store_release(&cd->cd_devs[dev->dv_unit], dev);
	if (parent != NULL)
		LIST_INSERT_HEAD(&parent->dv_children, dev, dv_sibling);
	mutex_exit(&alldevs_lock);
	return dev;
}

/* Tell of the driver's attach or detach, which begins or has ended. */
static void
config_trace_enter(const char *event, const struct device *dev,
    uintptr_t func)
{
	const struct devtrace dt = { .dt_event = event,
	    .dt_dev = dev->dv_xname, .dt_func = func };

	devtrace_enter(&dt);
}

static void
config_trace_exit(const char *event, const struct device *dev, int error)
{
	const struct devtrace dt = { .dt_event = event,
	    .dt_dev = dev->dv_xname };

	devtrace_exit(&dt, error);
}

/* Let the driver of dev, just created, attach it. */
static device_t
device_attach(device_t dev, void *aux, cfprint_t print)
{
	device_t const parent = dev->dv_parent;
	const char *const name = dev->dv_cfdriver->cd_name;
	const int unit = dev->dv_unit;
	struct lwp_note ln;
	bool locked;
	u_int row;

	if (parent == NULL)
		aprint_normal("%s (root)", dev->dv_xname);
	else {
		aprint_normal("%s at %s", dev->dv_xname, parent->dv_xname);
		if (print != NULL)
			(void)print(aux, NULL);
	}
	if (DEVTRACE())
		config_trace_enter("attach", dev,
		    (uintptr_t)dev->dv_cfattach->ca_attach);
	locked = config_lock(dev->dv_cfattach);
	row = config_call_begin(name, "attach", locked);
	lwp_note_enter(&ln, HYP_NOTE_ATTACH, dev->dv_xname);
	dev->dv_cfattach->ca_attach(parent, dev, aux);
	lwp_note_exit(&ln);
	config_call_end(row);
	config_unlock(locked, "attach");
	if (DEVTRACE())
		config_trace_exit("attach", dev, 0);

	/* As long as it is attached nobody detaches it. */
	if (attach_hook != NULL)
		attach_hook(dev);

	mutex_enter(&alldevs_lock);
	atomic_store_release(&dev->dv_attaching, NULL);
	cv_broadcast(&config_cv);
	mutex_exit(&alldevs_lock);
	if (attached_hook != NULL)
		attached_hook(name, unit);
	return dev;
}

/*
 * dev = config_attach(parent, cf, aux, print, cfargs)
 *
 *	Make a device of cf and let its driver attach it; cfargs may pin its
 *	unit, or its children's (config_unit_pin).  Sleeps as the driver does.
 *	The driver has no way to fail: what it cannot use it keeps as a dead
 *	device until the detach.  NULL: it has no unit left, or no detach
 *	function, which is logged.
 */
device_t
config_attach(device_t parent, cfdata_t cf, void *aux, cfprint_t print,
    const struct cfargs *args)
{

	device_t dev = device_create(parent, cf, args);

	return dev == NULL ? NULL : device_attach(dev, aux, print);
}

device_t
config_attach_acquired(device_t parent, cfdata_t cf, void *aux,
    cfprint_t print, const struct cfargs *args)
{
	device_t dev = device_create(parent, cf, args);

	config_search_release();
	return dev == NULL ? NULL : device_attach(dev, aux, print);
}

/*
 * dev = config_found(parent, aux, print, cfargs)
 *
 *	parent has found aux: search and attach.  NULL: nobody wants it, and
 *	print(aux, parent's name) has said so; or the driver has no unit left.
 */
device_t
config_found(device_t parent, void *aux, cfprint_t print,
    const struct cfargs *args)
{
	const cfdata_t cf = config_search_acquire(parent, aux, args);

	if (cf != NULL)
		return config_attach_acquired(parent, cf, aux, print, args);
	if (print != NULL) {
		if (print(aux, device_xname(parent)) == UNCONF)
			aprint_normal(" not configured\n");
		else
			aprint_normal("\n");
	}
	return NULL;
}

/*
 * dev = config_rootfound(name, aux)
 *
 *	Attach the root driver of that name.  NULL: there is none.
 */
device_t
config_rootfound(const char *name, void *aux)
{
	const cfdata_t cf = config_rootsearch_acquire(name);

	return cf == NULL ? NULL :
	    config_attach_acquired(NULL, cf, aux, NULL, CFARGS_NONE);
}

/* ---- detach -------------------------------------------------------- */

/*
 * error = config_detach_enter(dev)
 *
 *	alldevs_lock held: become the only one who detaches dev.  ENOENT:
 *	another one has done it, dev is gone for the caller.
 *
 * Who waits for another one's detach is counted, and dev is freed by the last
 * of all:
 *
 *	config_detach			another config_detach
 *	dv_detaching = curlwp
 *	ca_detach
 *					dv_waiters = 1, sleeps
 *	dv_gone = true, broadcast,
 *	dv_waiters is 1: does not free
 *					wakes: dv_gone, dv_waiters = 0: frees
 */
static int
config_detach_enter(device_t dev)
{

	dev->dv_waiters++;
	while (!dev->dv_gone &&
	    (dev->dv_detaching != NULL || dev->dv_attaching != NULL))
		cv_wait(&config_cv, &alldevs_lock);
	dev->dv_waiters--;
	if (dev->dv_gone)
		return ENOENT;
	atomic_store_release(&dev->dv_detaching, curlwp);
	return 0;
}

/*
 * config_detach_exit(dev)
 *
 *	dev is gone; alldevs_lock held, which is left.
 */
static void
config_detach_exit(device_t dev)
{
	const bool last = dev->dv_waiters == 0;

	KASSERT(dev->dv_gone);
	mutex_exit(&alldevs_lock);
	if (last) {
		/* Who has found dev, but cannot any more. */
		pserialize_perform(config_psz);
		device_free(dev);
	}
}

/*
 * config_detach_commit(dev)
 *
 *	There is no way back: from now on device_lookup_acquire fails at
 *	once, sleepers in it included.  Only from dev's detach function or
 *	from vdevgone in it; again is harmless.
 */
void
config_detach_commit(device_t dev)
{

	mutex_enter(&alldevs_lock);
	KASSERTMSG(dev->dv_detaching == curlwp, "%s is detached by %p",
	    dev->dv_xname, (void *)dev->dv_detaching);
	dev->dv_detached = true;
	cv_broadcast(&config_cv);
	mutex_exit(&alldevs_lock);
}

/* The driver refused. */
static int
config_detach_backout(device_t dev, int flags, int error)
{

	if (flags & DETACH_FORCE)
		panic("%s: forced detach failed with %d", dev->dv_xname,
		    error);
	mutex_enter(&alldevs_lock);
	KASSERTMSG(!dev->dv_detached, "%s: error %d after the commit",
	    dev->dv_xname, error);
	atomic_store_release(&dev->dv_detaching, NULL);
	cv_broadcast(&config_cv);
	mutex_exit(&alldevs_lock);
	return error;
}

/*
 * config_detach_finish(dev, flags)
 *
 *	The driver has let go: wait for the references, and take dev out.
 *	Its parent is told while dev is still below it, so that a detach of
 *	the parent, which finds dev (config_detach_children), waits for that.
 */
static void
config_detach_finish(device_t dev, int flags)
{
	device_t const parent = dev->dv_parent;
	struct lwp_note ln;
	bool locked;

	config_detach_commit(dev);
	pserialize_perform(config_psz);	/* lookups that have found dev */
	mutex_enter(&alldevs_lock);
	dev->dv_active = false;
	localcount_drain(&dev->dv_localcount, &config_cv, &alldevs_lock);
	KASSERTMSG(LIST_EMPTY(&dev->dv_children), "%s has children",
	    dev->dv_xname);
	mutex_exit(&alldevs_lock);

	if ((flags & DETACH_QUIET) == 0)
		aprint_normal("%s: detached\n", dev->dv_xname);
	if (parent != NULL && parent->dv_cfattach->ca_childdetached != NULL) {
		locked = config_lock(parent->dv_cfattach);
		lwp_note_enter(&ln, HYP_NOTE_CHILDDETACHED, parent->dv_xname);
		parent->dv_cfattach->ca_childdetached(parent, dev);
		lwp_note_exit(&ln);
		config_unlock(locked, "childdetached");
	}

	mutex_enter(&alldevs_lock);
	/* Before somebody else can have its name. */
	if (DEVTRACE())
		config_trace_exit("detach", dev, 0);
	atomic_store_release(&dev->dv_cfdriver->cd_devs[dev->dv_unit], NULL);
	if (parent != NULL)
		LIST_REMOVE(dev, dv_sibling);
	dev->dv_gone = true;
	cv_broadcast(&config_cv);
	config_detach_exit(dev);
}

/* alldevs_lock held: does this thread attach or detach dev, or a child? */
static bool
device_busy_here(const struct device *dev)
{
	const struct device *child;

	if (dev->dv_attaching == curlwp || dev->dv_detaching == curlwp)
		return true;
	LIST_FOREACH(child, &dev->dv_children, dv_sibling) {
		if (device_busy_here(child))
			return true;
	}
	return false;
}

/* config_detach with alldevs_lock held, which is left. */
static int
config_detach_locked(device_t dev, int flags)
{
	const cfattach_t ca = dev->dv_cfattach;
	struct lwp_note ln;
	bool locked;
	int error;

	/* It would wait for itself; and its name stays as long as that. */
	if (device_busy_here(dev)) {
		mutex_exit(&alldevs_lock);
		log(LOG_ERR, "%s: detach refused: its own attach or detach, "
		    "or a child's, has asked for it\n", dev->dv_xname);
		return EDEADLK;
	}
	if ((error = config_detach_enter(dev)) != 0) {
		config_detach_exit(dev);
		return error;
	}
	mutex_exit(&alldevs_lock);

	if (DEVTRACE())
		config_trace_enter("detach", dev, (uintptr_t)ca->ca_detach);
	locked = config_lock(ca);
	lwp_note_enter(&ln, HYP_NOTE_DETACH, dev->dv_xname);
	error = ca->ca_detach == NULL ? EOPNOTSUPP : ca->ca_detach(dev, flags);
	lwp_note_exit(&ln);
	config_unlock(locked, "detach");
	if (error) {
		if (DEVTRACE())
			config_trace_exit("detach", dev, error);
		return config_detach_backout(dev, flags, error);
	}
	config_detach_finish(dev, flags);
	return 0;
}

/*
 * error = config_detach(dev, flags)
 *
 *	Detach dev and free it.  DETACH_FORCE: the hardware is gone, so the
 *	driver cannot refuse.  Sleeps until all references to dev are back.
 *	EOPNOTSUPP: the driver has no detach; EBUSY and others: the driver's,
 *	and dev stays as it was.  ENOENT: another thread has detached it, and
 *	that is over.  EDEADLK, which is logged: the caller is in the attach or
 *	detach of dev, or of a device below it; DETACH_FORCE or not.
 *
 *	The caller knows that dev is there: it has attached it, and nobody
 *	else detaches it before this call; or see config_detach_release.
 */
int
config_detach(device_t dev, int flags)
{

	mutex_enter(&alldevs_lock);
	return config_detach_locked(dev, flags);
}

/*
 * error = config_detach_release(dev, flags)
 *
 *	The same for who has a reference, which is given back: any number of
 *	threads may do so at once, and one detaches.
 */
int
config_detach_release(device_t dev, int flags)
{

	/* What keeps it is the count: a detach waits for references. */
	mutex_enter(&alldevs_lock);
	dev->dv_waiters++;
	mutex_exit(&alldevs_lock);
	device_release(dev);
	mutex_enter(&alldevs_lock);
	dev->dv_waiters--;
	return config_detach_locked(dev, flags);
}

/*
 * error = config_detach_children(dev, flags)
 *
 *	Detach what hangs below dev, until one refuses.  One that somebody
 *	else detaches is waited for.
 */
int
config_detach_children(device_t dev, int flags)
{
	device_t child;
	int error;

	for (;;) {
		mutex_enter(&alldevs_lock);
		if ((child = LIST_FIRST(&dev->dv_children)) == NULL) {
			mutex_exit(&alldevs_lock);
			return 0;
		}
		/* Found and counted in one step. */
		error = config_detach_locked(child, flags);
		if (error != 0 && error != ENOENT)
			return error;
	}
}
