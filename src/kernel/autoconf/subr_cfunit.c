/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * subr_cfunit.c - autoconf(9): the units of a driver.
 *
 * A new device gets the lowest free unit.  A unit may be reserved in the
 * driver (config_unit_reserve): then only devices below one that is pinned to
 * it (config_unit_pin) get it.
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

/*
 * alldevs_lock held: the wish of the nearest ancestor that has one, if it is
 * about cd.
 */
static int
unit_pinned(cfdriver_t cd, device_t parent)
{

	while (parent != NULL && parent->dv_pin < 0)
		parent = parent->dv_parent;
	if (parent == NULL ||
	    (parent->dv_pincd != NULL && parent->dv_pincd != cd))
		return -1;
	return parent->dv_pin;
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
 * unit = config_unit_alloc(cd, parent)
 *
 *	For a new device of the driver below parent: the pinned unit if it is
 *	free, otherwise the lowest free one that is not kept for somebody.
 *	-1: there is none; that has been logged.  alldevs_lock held.
 */
int
config_unit_alloc(cfdriver_t cd, device_t parent)
{
	int unit = unit_pinned(cd, parent);

	if (unit < 0 || !unit_reserved(cd, unit) ||
	    (unit < cd->cd_ndevs && cd->cd_devs[unit] != NULL)) {
		for (unit = 0; unit_reserved(cd, unit) ||
		    (unit < cd->cd_ndevs && cd->cd_devs[unit] != NULL);
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
 * config_unit_pin(dev, pin)
 *
 *	Those devices below dev that are this driver's want this unit, if it
 *	is reserved in the driver.  Before they attach.  Nothing happens if
 *	there is no such driver.
 */
void
config_unit_pin(device_t dev, const struct cfpin *pin)
{
	cfdriver_t cd = NULL;

	mutex_enter(&alldevs_lock);
	if (pin->cp_driver == NULL ||
	    (cd = config_cfdriver_lookup(pin->cp_driver)) != NULL) {
		dev->dv_pin = pin->cp_unit;
		dev->dv_pincd = cd;
	}
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
