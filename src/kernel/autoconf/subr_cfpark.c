/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * subr_cfpark.c - config_park: another process is going to have the devices.
 *
 * While a device is parked it is in the state detaching, as for a detach that
 * is refused in the end: a real one, of a device that is pulled out meanwhile,
 * waits for that, and one that has begun keeps it from being parked:
 *
 *	config_park			port's thread
 *	dv_detaching = curlwp
 *	ca_activate: takes transfers
 *	  back, looks at its softc
 *					config_detach: waits
 *	dv_detaching = NULL
 *					ca_detach: frees all that
 *
 * Locks: alldevs_lock, as subr_autoconf.c.
 */
#include <sys/param.h>
#include <sys/atomic.h>
#include <sys/lwp.h>
#include <sys/lwpnote.h>
#include <sys/systm.h>

#include "autoconf/autoconf_impl.h"

/* It is attached, and nobody is about to detach it; alldevs_lock held. */
static bool
config_parks(device_t dev)
{

	return dev != NULL && dev->dv_active && dev->dv_attaching == NULL &&
	    dev->dv_detaching == NULL && dev->dv_cfattach->ca_activate != NULL;
}

/* alldevs_lock held, and left meanwhile: dv_detaching keeps dev. */
static void
config_park_ask(device_t dev, enum devact act)
{
	const cfattach_t ca = dev->dv_cfattach;
	struct lwp_note ln;
	bool locked;

	atomic_store_release(&dev->dv_detaching, curlwp);
	mutex_exit(&alldevs_lock);
	locked = config_lock(ca);
	lwp_note_enter(&ln, HYP_NOTE_ACTIVATE, device_xname(dev));
	(void)(*ca->ca_activate)(dev, act);
	lwp_note_exit(&ln);
	config_unlock(locked, "activate");
	mutex_enter(&alldevs_lock);
	KASSERT(dev->dv_detaching == curlwp && !dev->dv_detached);
	atomic_store_release(&dev->dv_detaching, NULL);
	cv_broadcast(&config_cv);
}

static void
config_park_all(enum devact act)
{
	cfdriver_t cd;
	int i;

	mutex_enter(&alldevs_lock);
	/* Drivers come and go by who calls this. */
	LIST_FOREACH(cd, &allcfdrivers, cd_list) {
		for (i = 0; i < cd->cd_ndevs; i++) {
			if (config_parks(cd->cd_devs[i]))
				config_park_ask(cd->cd_devs[i], act);
		}
	}
	mutex_exit(&alldevs_lock);
}

/* The contract is in sys/device.h. */
void
config_park(void)
{

	config_park_all(DVACT_PARKING);
	config_park_all(DVACT_PARK);
}
