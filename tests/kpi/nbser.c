/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nbser.c - a serial chip's driver of ours, written as NetBSD's are: its
 * includes, entries, and what it takes for granted.  For tests.
 *
 * The chip puts two bytes in front of each transfer, of which the second says
 * how many of the last ones are padding.  So ucom_read moves the pointer by
 * two, and takes the padding off the count, as NetBSD's uftdi and umct do.
 */
#include <sys/cdefs.h>
__KERNEL_RCSID(0, "$devsw$");

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/kernel.h>
#include <sys/device.h>
#include <sys/conf.h>
#include <sys/tty.h>

#include <dev/usb/usb.h>
#include <dev/usb/usbdi.h>
#include <dev/usb/usbdi_util.h>
#include <dev/usb/ucomvar.h>

#include "kpi/nbser.h"

#define	NBSER_HEADER	2

struct nbser_softc {
	device_t		sc_dev;
	struct usbd_device	*sc_udev;
	struct usbd_interface	*sc_iface;
	device_t		sc_subdev;
	u_char			sc_lsr, sc_msr;
	bool			sc_dying;
};

static const struct usb_devno nbser_devs[] = {
	{ NBSER_VENDOR, NBSER_PRODUCT },
};

static void
nbser_get_status(void *arg, int portno __unused, u_char *lsr, u_char *msr)
{
	struct nbser_softc *sc = arg;

	*lsr = sc->sc_lsr;
	*msr = sc->sc_msr;
}

static void
nbser_read(void *arg, int portno __unused, u_char **ptr, uint32_t *count)
{
	struct nbser_softc *sc = arg;

	if (*count < NBSER_HEADER) {
		*count = 0;
		return;
	}
	sc->sc_msr = (*ptr)[0] & 0xf0;
	*count -= MIN((*ptr)[1], *count);
	*ptr += NBSER_HEADER;
}

unsigned nbser_lines;

static void
nbser_set(void *arg __unused, int portno __unused, int reg, int onoff)
{
	unsigned bit = 0;

	switch (reg) {
	case UCOM_SET_DTR:
		bit = NBSER_DTR;
		break;
	case UCOM_SET_RTS:
		bit = NBSER_RTS;
		break;
	case UCOM_SET_BREAK:
		bit = NBSER_BREAK;
		break;
	}
	if (onoff)
		nbser_lines |= bit;
	else
		nbser_lines &= ~bit;
}

static const struct ucom_methods nbser_methods = {
	.ucom_get_status = nbser_get_status,
	.ucom_set = nbser_set,
	.ucom_read = nbser_read,
};

static int
nbser_match(device_t parent __unused, cfdata_t match __unused, void *aux)
{
	struct usbif_attach_arg *uiaa = aux;

	return usb_lookup(nbser_devs, uiaa->uiaa_vendor, uiaa->uiaa_product) !=
	    NULL ? UMATCH_VENDOR_PRODUCT_CONF_IFACE : UMATCH_NONE;
}

static void
nbser_attach(device_t parent __unused, device_t self, void *aux)
{
	struct nbser_softc *sc = device_private(self);
	struct usbif_attach_arg *uiaa = aux;
	struct ucom_attach_args ucaa;
	usb_interface_descriptor_t *id;
	usb_endpoint_descriptor_t *ed;
	char *devinfop;
	int i;

	sc->sc_dev = self;
	sc->sc_udev = uiaa->uiaa_device;
	sc->sc_iface = uiaa->uiaa_iface;

	aprint_naive("\n");
	aprint_normal("\n");
	devinfop = usbd_devinfo_alloc(sc->sc_udev, 0);
	aprint_normal_dev(self, "%s\n", devinfop);
	usbd_devinfo_free(devinfop);

	memset(&ucaa, 0, sizeof(ucaa));
	ucaa.ucaa_bulkin = ucaa.ucaa_bulkout = -1;
	id = usbd_get_interface_descriptor(sc->sc_iface);
	for (i = 0; i < id->bNumEndpoints; i++) {
		ed = usbd_interface2endpoint_descriptor(sc->sc_iface, i);
		if (ed == NULL) {
			aprint_error_dev(self, "no endpoint %d\n", i);
			return;
		}
		if (UE_GET_XFERTYPE(ed->bmAttributes) != UE_BULK)
			continue;
		if (UE_GET_DIR(ed->bEndpointAddress) == UE_DIR_IN)
			ucaa.ucaa_bulkin = ed->bEndpointAddress;
		else
			ucaa.ucaa_bulkout = ed->bEndpointAddress;
	}
	if (ucaa.ucaa_bulkin == -1 || ucaa.ucaa_bulkout == -1) {
		aprint_error_dev(self, "no bulk endpoints\n");
		return;
	}
	usbd_add_drv_event(USB_EVENT_DRIVER_ATTACH, sc->sc_udev, self);

	ucaa.ucaa_portno = UCOM_UNK_PORTNO;
	ucaa.ucaa_ibufsize = 64;
	ucaa.ucaa_ibufsizepad = 64;
	ucaa.ucaa_obufsize = 64;
	ucaa.ucaa_device = sc->sc_udev;
	ucaa.ucaa_iface = sc->sc_iface;
	ucaa.ucaa_methods = &nbser_methods;
	ucaa.ucaa_arg = sc;
	sc->sc_subdev = config_found(self, &ucaa, ucomprint,
	    CFARGS(.submatch = ucomsubmatch));
}

static void
nbser_childdet(device_t self, device_t child)
{
	struct nbser_softc *sc = device_private(self);

	KASSERT(sc->sc_subdev == child);
	sc->sc_subdev = NULL;
}

static int
nbser_detach(device_t self, int flags)
{
	struct nbser_softc *sc = device_private(self);
	int rv = 0;

	sc->sc_dying = true;
	if (sc->sc_subdev != NULL) {
		rv = config_detach(sc->sc_subdev, flags);
		sc->sc_subdev = NULL;
	}
	usbd_add_drv_event(USB_EVENT_DRIVER_DETACH, sc->sc_udev, self);
	return rv;
}

CFATTACH_DECL2_NEW(nbser, sizeof(struct nbser_softc), nbser_match,
    nbser_attach, nbser_detach, NULL, NULL, nbser_childdet);

/* ---- what config(8) makes ------------------------------------------- */

static const char *const nbser_attrs[] = { "ucombus", NULL };
CFDRIVER_DECL(nbser, DV_DULL, nbser_attrs);

static struct cfdriver *const nbser_cfdriver[] = { &nbser_cd, NULL };
static struct cfattach *const nbser_cfattach[] = { &nbser_ca, NULL };
static const struct cfattachinit nbser_cfattachinit[] = {
	{ "nbser", nbser_cfattach },
	{ NULL, NULL }
};
static const struct cfparent nbser_pspec = { "usbifif", "uhub", -1 };
static int nbser_loc[] = { -1, -1, -1, -1, -1, -1 };
static struct cfdata nbser_cfdata[] = {
	{ "nbser", "nbser", FSTATE_STAR, nbser_loc, 0, &nbser_pspec },
	{ NULL, NULL, 0, NULL, 0, NULL }
};

int
nbser_init(void)
{

	return config_init_component(nbser_cfdriver, nbser_cfattachinit,
	    nbser_cfdata);
}
