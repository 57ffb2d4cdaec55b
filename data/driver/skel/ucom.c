/*
 * @NAME@.c - a driver of a chip of a serial adapter, below ucom(4), which is
 * the terminal: here is what differs from chip to chip.
 *
 * Model
 *	One @NAME@ for each chip, and a ucom below it, which owns the pipes from
 *	its attach to its detach.  The methods may sleep, but for
 *	@NAME@_get_status; <dev/usb/ucomvar.h> says what each has to do.
 *
 * Locks: none; ucom calls the methods one at a time.
 */
#include <sys/param.h>
#include <sys/device.h>
#include <sys/errno.h>
#include <sys/systm.h>
#include <sys/tty.h>

#include <dev/usb/usb.h>
#include <dev/usb/usbdi.h>
#include <dev/usb/ucomvar.h>

#include "ioconf.h"

#define	@UPPER@_BUFSIZE	1024

struct @NAME@_softc {
	struct usbd_device	*sc_udev;
	device_t		 sc_subdev;
};

/* 1209:0001 is for tests; put yours here. */
static const struct usb_devno @NAME@_devs[] = {
	{ 0x1209, 0x0001 },
};

/* ---- methods ----------------------------------------------------------- */

static void
@NAME@_get_status(void *arg, int portno, u_char *lsr, u_char *msr)
{

	*lsr = 0;
	*msr = UMSR_CTS | UMSR_DSR | UMSR_DCD;	/* the chip's, if it says */
}

/* UCOM_SET_DTR, _RTS, _BREAK: the requests of your chip. */
static void
@NAME@_set(void *arg, int portno, int reg, int onoff)
{
}

/*
 * The speed and the rest of t; what the chip cannot do is EINVAL, and nothing
 * has changed.
 */
static int
@NAME@_param(void *arg, int portno, struct termios *t)
{

	return t->c_ospeed > 0 ? 0 : EINVAL;
}

static const struct ucom_methods @NAME@_methods = {
	.ucom_get_status = @NAME@_get_status,
	.ucom_set = @NAME@_set,
	.ucom_param = @NAME@_param,
};

/* ---- autoconf ---------------------------------------------------------- */

static int
@NAME@_match(device_t parent, cfdata_t cf, void *aux)
{
	const struct usbif_attach_arg *uiaa = aux;

	return usb_lookup(@NAME@_devs, uiaa->uiaa_vendor,
	    uiaa->uiaa_product) == NULL ? UMATCH_NONE :
	    UMATCH_VENDOR_PRODUCT_CONF_IFACE;
}

static void
@NAME@_attach(device_t parent, device_t self, void *aux)
{
	struct @NAME@_softc *sc = device_private(self);
	const struct usbif_attach_arg *uiaa = aux;
	struct ucom_attach_args ucaa = {
		.ucaa_portno = UCOM_UNK_PORTNO,
		.ucaa_bulkin = -1,
		.ucaa_bulkout = -1,
		.ucaa_ibufsize = @UPPER@_BUFSIZE,
		.ucaa_ibufsizepad = @UPPER@_BUFSIZE,
		.ucaa_obufsize = @UPPER@_BUFSIZE,
		.ucaa_device = uiaa->uiaa_device,
		.ucaa_iface = uiaa->uiaa_iface,
		.ucaa_methods = &@NAME@_methods,
		.ucaa_arg = sc,
	};
	const usb_endpoint_descriptor_t *ed;

	aprint_naive("\n");
	aprint_normal("\n");
	sc->sc_udev = uiaa->uiaa_device;
	for (int i = 0; i < usbd_get_interface_descriptor(uiaa->uiaa_iface)->
	    bNumEndpoints; i++) {
		ed = usbd_interface2endpoint_descriptor(uiaa->uiaa_iface, i);
		if (ed == NULL || UE_GET_XFERTYPE(ed->bmAttributes) != UE_BULK)
			continue;
		if (UE_GET_DIR(ed->bEndpointAddress) == UE_DIR_IN)
			ucaa.ucaa_bulkin = ed->bEndpointAddress;
		else
			ucaa.ucaa_bulkout = ed->bEndpointAddress;
	}
	if (ucaa.ucaa_bulkin == -1 || ucaa.ucaa_bulkout == -1) {
		aprint_error_dev(self, "it lacks a bulk pipe\n");
		return;
	}
	sc->sc_subdev = config_found(self, &ucaa, ucomprint,
	    CFARGS(.submatch = ucomsubmatch));
}

static void
@NAME@_childdet(device_t self, device_t child)
{
	struct @NAME@_softc *sc = device_private(self);

	sc->sc_subdev = NULL;
}

/* ucom closes what is open, and comes back when nobody uses it. */
static int
@NAME@_detach(device_t self, int flags)
{

	return config_detach_children(self, flags);
}

CFATTACH_DECL2_NEW(@NAME@, sizeof(struct @NAME@_softc), @NAME@_match,
    @NAME@_attach, @NAME@_detach, NULL, NULL, @NAME@_childdet);
