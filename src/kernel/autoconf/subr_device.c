/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * subr_device.c - device(9): looking drivers and devices up, holding devices.
 *
 * A reference (device_lookup_acquire .. device_release) keeps a device and
 * its softc from being freed, while its detach may already run.  It is for
 * the time of a d_open; after that the vnode keeps the device, because
 * vdevgone revokes the vnodes before a detach ends.
 *
 *	d_open				config_detach
 *	device_lookup_acquire: ref 1	dv_detaching = curlwp
 *	d_open sleeps			ca_detach: wakes openers, vdevgone
 *	d_open returns ENXIO		  commits, revokes, drains
 *	device_release: ref 0		localcount_drain ends
 *					softc freed
 *
 * Whoever looks up a device that nobody attaches or detaches has it without a
 * lock that others want, as a reader (pserialize(9)); others wait with
 * alldevs_lock:
 *
 *	lookup				config_detach
 *	read_enter
 *	finds dev; dv_detaching NULL
 *					dv_detaching = curlwp
 *					ca_detach
 *					perform: waits
 *	dv_localcount++
 *	read_exit
 *					drains dv_localcount
 *					out of cd_devs
 *	read_enter: finds none		perform: nobody still looks at it
 *					freed
 *
 * Locks: alldevs_lock guards the unit tables and the dv_ fields marked (a);
 * config_cv is broadcast when any of them changes.  The tables are read
 * without it, by device_lookup.
 */
#include <sys/atomic.h>
#include <sys/errno.h>
#include <sys/lwp.h>
#include <sys/systm.h>

#include "autoconf/autoconf_impl.h"

kmutex_t alldevs_lock;
kcondvar_t config_cv;
struct cfdriverlist allcfdrivers;	/* (a) */

/*
 * cd = config_cfdriver_lookup(name)
 *
 *	NULL: there is none.  alldevs_lock held.
 */
cfdriver_t
config_cfdriver_lookup(const char *name)
{
	cfdriver_t cd;

	LIST_FOREACH(cd, &allcfdrivers, cd_list) {
		if (strcmp(cd->cd_name, name) == 0)
			return cd;
	}
	return NULL;
}

/*
 * The device of a unit, or NULL.  Without alldevs_lock it may be freed as soon
 * as it is found, unless the caller has something that keeps it.  A table that
 * grows is replaced, and the old one stays until config_fini_component:
 *
 *	lookup				unit_table_grow (alldevs_lock)
 *					cd_devs = bigger (release)
 *					cd_ndevs = n (release)
 *	cd_ndevs (acquire)
 *	cd_devs (acquire): at least
 *	  as big as that
 */
static device_t
device_at(cfdriver_t cd, int unit)
{
	device_t *devs;

	if (unit < 0 || unit >= atomic_load_acquire(&cd->cd_ndevs))
		return NULL;
	devs = atomic_load_acquire(&cd->cd_devs);
	return atomic_load_acquire(&devs[unit]);
}

/*
 * dev = device_lookup(cd, unit)
 *
 *	The device, or NULL.  Works until its detach has ended, so d_cancel
 *	and d_close still find their softc.  The caller must hold something
 *	that keeps it: a reference, or an open vnode of it.  Takes no lock.
 */
device_t
device_lookup(cfdriver_t cd, int unit)
{

	return device_at(cd, unit);
}

/*
 * sc = device_lookup_private(cd, unit)
 */
void *
device_lookup_private(cfdriver_t cd, int unit)
{
	device_t dev = device_lookup(cd, unit);

	return dev == NULL ? NULL : dev->dv_private;
}

/*
 * The device with a reference, if it is attached and nobody detaches it; NULL
 * otherwise, and then alldevs_lock's holder knows more.
 */
static device_t
device_lookup_attached(cfdriver_t cd, int unit)
{
	const int s = pserialize_read_enter();
	device_t dev = device_at(cd, unit);
	bool busy;

	if (dev != NULL) {
		busy = atomic_load_acquire(&dev->dv_attaching) != NULL ||
		    atomic_load_acquire(&dev->dv_detaching) != NULL;
		KASSERTMSG(dev->dv_unit == unit, "%d is %d", unit,
		    dev->dv_unit);		/* not freed */
		if (busy)
			dev = NULL;
		else
			localcount_acquire(&dev->dv_localcount);
	}
	pserialize_read_exit(s);
	return dev;
}

/*
 * error = device_lookup_sig(cd, unit, &dev)
 *
 *	The device with a reference, for device_release.  Sleeps while
 *	somebody else attaches or detaches it.  ENXIO: there is none, or its
 *	detach is committed; EINTR, ERESTART: it had to sleep, see cv_wait_sig.
 */
int
device_lookup_sig(cfdriver_t cd, int unit, device_t *devp)
{
	device_t dev;
	int error = 0;

	if ((*devp = device_lookup_attached(cd, unit)) != NULL)
		return 0;
	mutex_enter(&alldevs_lock);
	for (;;) {
		dev = device_at(cd, unit);
		if (dev == NULL || dev->dv_detached) {
			error = ENXIO;
			break;
		}
		if ((dev->dv_attaching == NULL ||
		    dev->dv_attaching == curlwp) &&
		    dev->dv_detaching == NULL) {
			localcount_acquire(&dev->dv_localcount);
			break;
		}
		error = cv_wait_sig(&config_cv, &alldevs_lock);
		if (error != 0)
			break;
	}
	mutex_exit(&alldevs_lock);
	*devp = error == 0 ? dev : NULL;
	return error;
}

/*
 * dev = device_lookup_acquire(cd, unit)
 *
 *	The same; NULL after any error.
 */
device_t
device_lookup_acquire(cfdriver_t cd, int unit)
{
	device_t dev;

	(void)device_lookup_sig(cd, unit, &dev);
	return dev;
}

/*
 * dev = device_lookup_hold(cd, unit)
 *
 *	The device with a reference, for device_release, if it is attached.
 *	Does not wait: NULL if there is none, one that is being attached, or
 *	one whose detach waits for nothing but references any more.  While
 *	its driver still detaches it is there.  For who has to leave a
 *	driver; who wants to enter has device_lookup_acquire.
 */
device_t
device_lookup_hold(cfdriver_t cd, int unit)
{
	device_t dev;

	if ((dev = device_lookup_attached(cd, unit)) != NULL)
		return dev;
	mutex_enter(&alldevs_lock);
	dev = device_at(cd, unit);
	if (dev != NULL && (!dev->dv_active || dev->dv_attaching != NULL))
		dev = NULL;
	if (dev != NULL)
		localcount_acquire(&dev->dv_localcount);
	mutex_exit(&alldevs_lock);
	return dev;
}

/*
 * yes = device_attached(cd, unit)
 *
 *	Is there a device that an open could have?  It may have changed when
 *	this returns: for who reports it.  Does not wait, as
 *	device_lookup_hold.
 */
bool
device_attached(cfdriver_t cd, int unit)
{
	device_t dev;
	bool attached;

	mutex_enter(&alldevs_lock);
	dev = device_at(cd, unit);
	attached = dev != NULL && dev->dv_active &&
	    dev->dv_attaching == NULL && !dev->dv_detached;
	mutex_exit(&alldevs_lock);
	return attached;
}

/*
 * device_acquire(dev)
 *
 *	One more reference; the caller has one, or is its attach or detach.
 */
void
device_acquire(device_t dev)
{

	localcount_acquire(&dev->dv_localcount);
}

/*
 * device_release(dev)
 *
 *	Give a reference back.  dev may be gone when this returns.
 */
void
device_release(device_t dev)
{

	localcount_release(&dev->dv_localcount, &config_cv, &alldevs_lock);
}

const char *
device_xname(device_t dev)
{

	return dev == NULL ? "root" : dev->dv_xname;
}

int
device_unit(device_t dev)
{

	return dev->dv_unit;
}

void *
device_private(device_t dev)
{

	return dev == NULL ? NULL : dev->dv_private;
}

device_t
device_parent(device_t dev)
{

	return dev->dv_parent;
}

/*
 * at = device_place(dev, &place, &iface)
 *
 *	Which device, dev or one above it, was attached at a place of the
 *	host's, and where.  NULL: none of them.  The caller holds dev, and so
 *	those above it.
 */
device_t
device_place(device_t dev, const char **place, int *iface)
{

	while (dev != NULL && dev->dv_place[0] == '\0')
		dev = dev->dv_parent;
	if (dev != NULL) {
		*place = dev->dv_place;
		*iface = dev->dv_iface;
	}
	return dev;
}

/*
 * part = device_part(dev)
 *
 *	Which of several below one parent it is, by the first of its locators:
 *	of a HID its report ID.  -1: it has none.
 */
int
device_part(device_t dev)
{

	return dev->dv_part;
}

/*
 * n = device_semantics(dev)
 *
 *	What the configuration wants for it now (HYP_SEMANTICS_*); 0: nothing.
 *	The caller holds dev, and so those above it, whose this is.
 */
u_int
device_semantics(device_t dev)
{

	return dev->dv_semantics != NULL ?
	    atomic_load_relaxed(dev->dv_semantics) : 0;
}

/*
 * device_set_token(dev)
 *
 *	It is a security key: something that the person at the machine uses in
 *	programs of his own.  The host may let him.  For ca_attach only.
 *
 * is = device_is_token(dev)
 *
 *	The caller holds dev, which has attached.
 */
void
device_set_token(device_t dev)
{

	dev->dv_token = true;
}

bool
device_is_token(device_t dev)
{

	return dev->dv_token;
}

cfdata_t
device_cfdata(device_t dev)
{

	return dev->dv_cfdata;
}

cfdriver_t
device_cfdriver(device_t dev)
{

	return dev->dv_cfdriver;
}

/*
 * pd = device_properties(dev)
 *
 *	What its driver, or its parent's, keeps of it by name; as long as dev.
 */
prop_dictionary_t
device_properties(device_t dev)
{

	return &dev->dv_properties;
}

/*
 * yes = device_is_active(dev)
 *
 *	Not detached and not on its way out.
 */
bool
device_is_active(device_t dev)
{
	bool active;

	mutex_enter(&alldevs_lock);
	active = dev->dv_active;
	mutex_exit(&alldevs_lock);
	return active;
}

/*
 * yes = device_is_childless(dev)
 *
 *	Its driver is a parent (it has interface attributes), but has no child
 *	now.  The caller keeps dev.
 */
bool
device_is_childless(device_t dev)
{
	bool childless;

	if (dev->dv_cfdriver->cd_attrs == NULL)
		return false;
	mutex_enter(&alldevs_lock);
	childless = LIST_EMPTY(&dev->dv_children);
	mutex_exit(&alldevs_lock);
	return childless;
}

bool
device_is_a(device_t dev, const char *name)
{

	return dev != NULL && strcmp(dev->dv_cfdriver->cd_name, name) == 0;
}
