/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uhidev.h - what uhidev(4) gives to the drivers of its reports.
 *
 * A HID interface has one device, a uhidev, and below it one for each report
 * ID that has fields.  These share the interface's pipes, open while any of
 * them is, and its report descriptor.
 *
 *	function			may sleep
 *	--------			---------
 *	uhidev_open, uhidev_close	yes, for the pipes
 *	uhidev_stop			no
 *	uhidev_write, _report,
 *	_get_report, _set_report	yes, for the device or uhidev_stop
 *	others				no
 *
 * None may be called under a lock that the interrupt function takes, nor under
 * one that the callback of uhidev_write_async takes.
 */
#ifndef _DEV_USB_UHIDEV_H_
#define	_DEV_USB_UHIDEV_H_

#include <sys/types.h>

#include <dev/usb/usbdi.h>

#include <locators.h>

struct uhidev;			/* one report ID, for its driver */

#define	UHIDEV_MAXREPID	255
#define	UHIDEV_OSIZE	64	/* what uhidev_write_async takes at least */

/* Attachment below uhidev, attribute "uhidbus". */
struct uhidev_attach_arg {
	struct usbif_attach_arg	*uiaa;
	struct uhidev		*parent;
	int			 reportid;	/* 0: there are no IDs */
};

int	uhidev_open(struct uhidev *, void (*)(void *, void *, u_int), void *);
void	uhidev_stop(struct uhidev *);
void	uhidev_close(struct uhidev *);

usbd_status uhidev_write(struct uhidev *, void *, int);
usbd_status uhidev_write_async(struct uhidev *, void *, int, int, int,
	    usbd_callback, void *);
usbd_status uhidev_request(struct uhidev *, usb_device_request_t *, void *,
	    int *);
usbd_status uhidev_report(struct uhidev *, int, int, int, void *, int, int *);
usbd_status uhidev_get_report(struct uhidev *, int, void *, int);
usbd_status uhidev_set_report(struct uhidev *, int, void *, int);

void	uhidev_get_report_desc(struct uhidev *, void **, int *);
bool	uhidev_has_ids(struct uhidev *);
bool	uhidev_has_output_pipe(struct uhidev *);

#endif /* _DEV_USB_UHIDEV_H_ */
