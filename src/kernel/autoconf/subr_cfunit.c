/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * subr_cfunit.c - autoconf(9): the units of a driver.
 *
 * A new device gets the lowest free unit.  A unit may be reserved in the
 * driver (config_unit_reserve): then only a device that is pinned to it, or
 * one below that (config_unit_pin), gets it.  A device has as many pins as it
 * likes: it may have several interfaces with one driver, and each its own
 * unit.
 *
 * There are CONFIG_UNITS of them.  What is plugged in may want more: then it
 * is not attached, and the log says so once until a unit is free again.
 *
 * Locks: alldevs_lock, but for device_lookup (subr_device.c), which takes none
 * and so may read a table that has been replaced.
 */
#include <sys/atomic.h>
#include <sys/errno.h>
#include <sys/kmem.h>
#include <sys/syslog.h>
#include <sys/systm.h>

#include "autoconf/autoconf_impl.h"

/* A driver's table of units, as cd_devs points into it. */
struct cfunits {
	struct cfunits	*cu_old;	/* what it has replaced */
	int		 cu_n;
	device_t	 cu_devs[];
};
#define	UNITS_SIZE(n)							\
	(sizeof(struct cfunits) + (size_t)(n) * sizeof(device_t))
#define	UNITS_OF(cd)							\
	((struct cfunits *)(void *)((char *)(cd)->cd_devs -		\
	    offsetof(struct cfunits, cu_devs)))

static bool
unit_reserved(cfdriver_t cd, int unit)
{

	return unit < cd->cd_nreserved &&
	    (cd->cd_reserved[unit / 32] >> (unit % 32) & 1) != 0;
}

static bool
unit_free(cfdriver_t cd, int unit)
{

	return unit >= cd->cd_ndevs || cd->cd_devs[unit] == NULL;
}

/* Is it a wish for this device, and can it be had? */
static bool
unit_fits(const struct cfpin *pin, const struct device *dev, int iface)
{
	cfdriver_t const cd = dev->dv_cfdriver;

	return (pin->cp_driver[0] == '\0' ||
	    strcmp(pin->cp_driver, cd->cd_name) == 0) &&
	    (pin->cp_iface == -1 || pin->cp_iface == iface) &&
	    (pin->cp_part == -1 || pin->cp_part == dev->dv_part) &&
	    pin->cp_unit >= 0 && unit_reserved(cd, pin->cp_unit) &&
	    unit_free(cd, pin->cp_unit);
}

/*
 * alldevs_lock held: of dev's wishes, or else those of the nearest ancestor that
 * has any, the first that is about dev and can be had; or -1.
 */
static int
unit_pinned(device_t dev)
{
	const struct device *up = dev, *at = dev;
	u_int i;

	while (up != NULL && up->dv_npins == 0)
		up = up->dv_parent;
	if (up == NULL)
		return -1;
	while (at != NULL && at->dv_place[0] == '\0')
		at = at->dv_parent;
	for (i = 0; i < up->dv_npins; i++) {
		if (unit_fits(&up->dv_pins[i], dev,
		    at != NULL ? at->dv_iface : -1))
			return up->dv_pins[i].cp_unit;
	}
	return -1;
}

/*
 * alldevs_lock held: make room for unit.  device_lookup takes no lock and may
 * be reading the old table, so that stays; each is twice as big as the one
 * before, at least.
 */
static void
unit_table_grow(cfdriver_t cd, int unit)
{
	const int n = MAX(roundup(unit + 1, 8), 2 * cd->cd_ndevs);
	struct cfunits *cu;

	if (unit < cd->cd_ndevs)
		return;
	cu = kmem_zalloc(UNITS_SIZE(n), KM_SLEEP);
	cu->cu_n = n;
	if (cd->cd_ndevs > 0) {
		memcpy(cu->cu_devs, cd->cd_devs,
		    (size_t)cd->cd_ndevs * sizeof(cu->cu_devs[0]));
		cu->cu_old = UNITS_OF(cd);
	}
	atomic_store_release(&cd->cd_devs, cu->cu_devs);
	atomic_store_release(&cd->cd_ndevs, n);
}

/*
 * unit = config_unit_alloc(dev)
 *
 *	For a new device: the first unit that is pinned for it and free,
 *	otherwise the lowest free one that is not kept for somebody.
 *	-1: there is none; that has been logged.  alldevs_lock held.
 */
int
config_unit_alloc(device_t dev)
{
	cfdriver_t const cd = dev->dv_cfdriver;
	int unit = unit_pinned(dev);

	if (unit < 0) {
		for (unit = 0; unit_reserved(cd, unit) || !unit_free(cd, unit);
		    unit++)
			continue;
	}
	if (unit >= CONFIG_UNITS) {
		if (!cd->cd_full)
			log(LOG_ERR, "%s: all %d units are in use, no more "
			    "are attached\n", cd->cd_name, CONFIG_UNITS);
		cd->cd_full = true;
		return -1;
	}
	cd->cd_full = false;
	unit_table_grow(cd, unit);
	return unit;
}

/*
 * error = config_unit_reserve(driver, unit)
 *
 *	Keep the unit for devices that are pinned to it.  EINVAL: no such
 *	driver or absurd number; EEXIST: kept already.
 */
int
config_unit_reserve(const char *driver, int unit)
{
	cfdriver_t cd;
	int n, error = 0;

	if (unit < 0 || unit >= CONFIG_UNITS)
		return EINVAL;
	mutex_enter(&alldevs_lock);
	if ((cd = config_cfdriver_lookup(driver)) == NULL)
		error = EINVAL;
	else if (unit_reserved(cd, unit))
		error = EEXIST;
	else {
		if (unit >= cd->cd_nreserved) {
			uint32_t *map;

			n = roundup(unit + 1, 32);
			map = kmem_zalloc((size_t)n / NBBY, KM_SLEEP);
			if (cd->cd_nreserved > 0) {
				memcpy(map, cd->cd_reserved,
				    (size_t)cd->cd_nreserved / NBBY);
				kmem_free(cd->cd_reserved,
				    (size_t)cd->cd_nreserved / NBBY);
			}
			cd->cd_reserved = map;
			cd->cd_nreserved = n;
		}
		cd->cd_reserved[unit / 32] |= (uint32_t)1 << (unit % 32);
	}
	mutex_exit(&alldevs_lock);
	return error;
}

/*
 * config_unit_release(driver, unit)
 *
 *	Keep it no more; the device that has it does.  No effect if it was not
 *	kept, or there is no such driver.
 */
void
config_unit_release(const char *driver, int unit)
{
	cfdriver_t cd;

	mutex_enter(&alldevs_lock);
	if (unit >= 0 && (cd = config_cfdriver_lookup(driver)) != NULL &&
	    unit_reserved(cd, unit))
		cd->cd_reserved[unit / 32] &= ~((uint32_t)1 << (unit % 32));
	mutex_exit(&alldevs_lock);
}

/* No wishes any more; alldevs_lock held, or nobody else knows dev. */
void
config_unit_unpin(device_t dev)
{

	if (dev->dv_npins > 0)
		kmem_free(dev->dv_pins, dev->dv_npins * sizeof(dev->dv_pins[0]));
	dev->dv_pins = NULL;
	dev->dv_npins = 0;
}

/*
 * config_unit_pin(dev, pins)
 *
 *	dev and the devices below it want these units, each the first one of
 *	them that names its driver, its interface and its part, is reserved in
 *	the driver, and is free.  Before they attach; in the place of what was
 *	wanted before.
 */
void
config_unit_pin(device_t dev, const struct cfpins *pins)
{
	const size_t size = pins->cps_n * sizeof(pins->cps_pin[0]);
	struct cfpin *copy = NULL;

	if (pins->cps_n > 0) {
		copy = kmem_zalloc(size, KM_SLEEP);
		memcpy(copy, pins->cps_pin, size);
	}
	mutex_enter(&alldevs_lock);
	config_unit_unpin(dev);
	dev->dv_pins = copy;
	dev->dv_npins = pins->cps_n;
	mutex_exit(&alldevs_lock);
}

/*
 * config_units_free(cd)
 *
 *	The driver leaves, and has no devices.  An open that has found the
 *	driver before may still look one up.  alldevs_lock held.
 *
 *	lookup				config_units_free
 *	read_enter
 *	cd_ndevs: 8
 *					cd_ndevs = 0
 *					perform: waits
 *	cd_devs[0]: none
 *	read_exit
 *					frees the table
 */
void
config_units_free(cfdriver_t cd)
{
	struct cfunits *cu = cd->cd_ndevs > 0 ? UNITS_OF(cd) : NULL, *old;

	KASSERT(mutex_owned(&alldevs_lock));
	atomic_store_release(&cd->cd_ndevs, 0);
	pserialize_perform(config_psz);
	for (; cu != NULL; cu = old) {
		old = cu->cu_old;
		kmem_free(cu, UNITS_SIZE(cu->cu_n));
	}
	if (cd->cd_nreserved > 0)
		kmem_free(cd->cd_reserved, (size_t)cd->cd_nreserved / NBBY);
	cd->cd_devs = NULL;
	cd->cd_reserved = NULL;
	cd->cd_nreserved = 0;
	cd->cd_full = false;
}
