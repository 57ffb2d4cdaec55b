/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usb_quirks.h - devices that do not do what their descriptors say.
 *
 * A table in src/kernel/usbdi/usb_quirks.c, looked up once when a device is
 * opened; a driver reads it with usbd_get_quirks().
 */
#ifndef _DEV_USB_USB_QUIRKS_H_
#define	_DEV_USB_USB_QUIRKS_H_

#include <sys/types.h>

#include <dev/usb/usb.h>

struct usbd_quirks {
	uint32_t	uq_flags;
#define	UQ_ASSUME_CM_OVER_DATA	0x00000001 /* call management over data,
					      whatever the descriptor says */
#define	UQ_LOST_CS_DESC		0x00000002 /* class descriptors sit behind
					      the wrong interface */
#define	UQ_NO_UNION_NRM		0x00000004 /* modem without a union
					      descriptor */
#define	UQ_BROKEN_BIDIR		0x00000008 /* printer without a usable
					      way back */
#define	UQ_HID_IGNORE		0x00000010 /* HID interface that is none */
#define	UQ_NO_SET_PROTO		0x00000020 /* HID that cannot bear
					      SET_PROTOCOL */
};

extern const struct usbd_quirks usbd_no_quirk;

const struct usbd_quirks *usbd_find_quirk(usb_device_descriptor_t *);

#endif /* _DEV_USB_USB_QUIRKS_H_ */
