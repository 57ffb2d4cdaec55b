/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * probe.c - a driver that takes a USB interface, and says what endpoints it has.
 * It has no node; ../read/probe.c is the next step.
 */
#include <sys/param.h>
#include <sys/device.h>
#include <sys/systm.h>

#include <dev/usb/usb.h>
#include <dev/usb/usbdi.h>
#include <dev/usb/usbdi_util.h>

#include "ioconf.h"

struct probe_softc {
	device_t		 sc_dev;
	struct usbd_interface	*sc_iface;
};

/* What it takes: vendor and product. */
static const struct usb_devno probe_devs[] = {
	{ 0x1209, 0x0001 },
};

static int
probe_match(device_t parent, cfdata_t cf, void *aux)
{
	const struct usbif_attach_arg *uiaa = aux;

	return usb_lookup(probe_devs, uiaa->uiaa_vendor,
	    uiaa->uiaa_product) == NULL ? UMATCH_NONE :
	    UMATCH_VENDOR_PRODUCT_CONF_IFACE;
}

static void
probe_attach(device_t parent, device_t self, void *aux)
{
	struct probe_softc *sc = device_private(self);
	const struct usbif_attach_arg *uiaa = aux;
	const usb_interface_descriptor_t *id;
	const usb_endpoint_descriptor_t *ed;

	aprint_naive("\n");
	aprint_normal("\n");
	sc->sc_dev = self;
	sc->sc_iface = uiaa->uiaa_iface;
	id = usbd_get_interface_descriptor(sc->sc_iface);
	for (int i = 0; i < id->bNumEndpoints; i++) {
		ed = usbd_interface2endpoint_descriptor(sc->sc_iface, i);
		if (ed != NULL)
			aprint_normal_dev(self, "endpoint 0x%02x, %d bytes\n",
			    ed->bEndpointAddress, UGETW(ed->wMaxPacketSize));
	}
}

/* Nothing was made, so there is nothing to give back. */
static int
probe_detach(device_t self, int flags)
{

	return 0;
}

CFATTACH_DECL_NEW(probe, sizeof(struct probe_softc), probe_match,
    probe_attach, probe_detach, NULL);
