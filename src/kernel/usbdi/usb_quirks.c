/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usb_quirks.c - the table of devices that do not do what they say.
 *
 * Constant; searched from the top, the first row that matches counts.  A
 * row needs a reason that somebody can check.
 */
#include <sys/param.h>
#include <sys/systm.h>

#include <dev/usb/usb.h>
#include <dev/usb/usb_quirks.h>
#include <dev/usb/usbdevs.h>

#define	ANY	0xffff

const struct usbd_quirks usbd_no_quirk = { 0 };

static const struct usbd_quirk_row {
	uint16_t		qr_vendor;
	uint16_t		qr_product;
	uint16_t		qr_release;
	struct usbd_quirks	qr_quirks;
} usb_quirks[] = {
	/* A GPS receiver: a modem without a union descriptor. */
	{ USB_VENDOR_MTK, USB_PRODUCT_MTK_GPS_RECEIVER, ANY,
	  { UQ_NO_UNION_NRM } },
	/* Its class descriptors sit behind the data interface. */
	{ USB_VENDOR_ZOOM, USB_PRODUCT_ZOOM_3095, ANY,
	  { UQ_LOST_CS_DESC } },
};

/*
 * quirks = usbd_find_quirk(device_descriptor)
 *
 *	The row of a device, or usbd_no_quirk.  Constant memory.
 */
const struct usbd_quirks *
usbd_find_quirk(usb_device_descriptor_t *d)
{
	const struct usbd_quirk_row *qr;

	for (qr = usb_quirks; qr < usb_quirks + __arraycount(usb_quirks);
	    qr++) {
		if (qr->qr_vendor == UGETW(d->idVendor) &&
		    (qr->qr_product == ANY ||
		    qr->qr_product == UGETW(d->idProduct)) &&
		    (qr->qr_release == ANY ||
		    qr->qr_release == UGETW(d->bcdDevice)))
			return &qr->qr_quirks;
	}
	return &usbd_no_quirk;
}
