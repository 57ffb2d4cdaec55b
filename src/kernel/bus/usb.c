/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usb.c - usb0, the root of the device tree.
 *
 * The host's operating system has the host controllers and the real hubs;
 * what is left of NetBSD's usb(4) is a name to hang uhub0 from.  Attached by
 * usb_bus_init, detached by usb_bus_shutdown; no locks.
 */
#include <sys/param.h>
#include <sys/device.h>
#include <sys/systm.h>

#include "bus/bus.h"

static int
usb_match(device_t parent, cfdata_t cf __unused, void *aux __unused)
{

	return parent == NULL;
}

static void
usb_attach(device_t parent __unused, device_t self, void *aux __unused)
{

	aprint_normal(": devices that the configuration claims\n");
	if (config_found(self, NULL, NULL,
	    CFARGS(.iattr = "usbroothubif")) == NULL)
		panic("usb_attach: there is no uhub in the tables");
}

static int
usb_detach(device_t self, int flags)
{

	return config_detach_children(self, flags);
}

extern struct cfattach usb_ca;
CFATTACH_DECL3_NEW(usb, 0, usb_match, usb_attach, usb_detach, NULL, NULL, NULL,
    DVF_ATTACH_MPSAFE);
