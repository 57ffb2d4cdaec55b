/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usbdi_util.h - usbdi(9): requests and waits that many drivers need, built
 * on usbdi.h alone.
 *
 * Everything here sleeps, and so may not be called from a callback or with a
 * driver's lock held, but for usb_find_desc*, usbd_string_* and
 * usb_detach_broadcast.
 */
#ifndef _DEV_USB_USBDI_UTIL_H_
#define	_DEV_USB_USBDI_UTIL_H_

#include <dev/usb/usbcdc.h>
#include <dev/usb/usbdi.h>
#include <dev/usb/usbhid.h>

usbd_status usbd_get_desc(struct usbd_device *, int, int, int, void *);
usbd_status usbd_get_config_desc(struct usbd_device *, int,
	    usb_config_descriptor_t *);
usbd_status usbd_get_config_desc_full(struct usbd_device *, int, void *,
	    int);
usbd_status usbd_get_device_desc(struct usbd_device *,
	    usb_device_descriptor_t *);
usbd_status usbd_get_string_desc(struct usbd_device *, int, int,
	    usb_string_descriptor_t *, int *);
void	usbd_string_request(usb_device_request_t *, int, int);
bool	usbd_string_ok(const usb_string_descriptor_t *, int);
usbd_status usbd_get_device_status(struct usbd_device *, usb_status_t *);
usbd_status usbd_get_config(struct usbd_device *, uint8_t *);
usbd_status usbd_clear_endpoint_feature(struct usbd_device *, int, int);

usb_hid_descriptor_t *usbd_get_hid_descriptor(struct usbd_interface *);
usbd_status usbd_get_report_descriptor(struct usbd_device *, int, int,
	    void *);
usbd_status usbd_read_report_desc(struct usbd_interface *, void **, int *);
usbd_status usbd_get_report(struct usbd_interface *, int, int, void *, int);
usbd_status usbd_set_report(struct usbd_interface *, int, int, void *, int);
usbd_status usbd_set_idle(struct usbd_interface *, int, int);
usbd_status usbd_set_protocol(struct usbd_interface *, int);

usbd_status usbd_bulk_transfer(struct usbd_xfer *, struct usbd_pipe *,
	    uint16_t, uint32_t, void *, uint32_t *);
usbd_status usbd_intr_transfer(struct usbd_xfer *, struct usbd_pipe *,
	    uint16_t, uint32_t, void *, uint32_t *);

void	usb_detach_wait(device_t, kcondvar_t *, kmutex_t *);
void	usb_detach_broadcast(device_t, kcondvar_t *);
void	usb_detach_waitold(device_t);
void	usb_detach_wakeupold(device_t);

void	usbd_delay_ms(struct usbd_device *, u_int);

/* Any subtype, in usb_find_desc and usb_find_desc_if. */
#define	USBD_SUBTYPE_ANY	(~0U)
#define	USBD_CDCSUBTYPE_ANY	USBD_SUBTYPE_ANY
const usb_cdc_descriptor_t *usb_find_desc(struct usbd_device *, int, u_int);
const usb_cdc_descriptor_t *usb_find_desc_if(struct usbd_device *, int,
	    u_int, usb_interface_descriptor_t *);

#endif /* _DEV_USB_USBDI_UTIL_H_ */
