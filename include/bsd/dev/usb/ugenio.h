/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ugenio.h - ioctls of ugen(4) that carry their data, in the place of those that
 * point to it; a client's are in devsw/ugen.h.
 */
#ifndef _DEV_USB_UGENIO_H_
#define	_DEV_USB_UGENIO_H_

#include <dev/usb/usb.h>

/* The data follow; any length: compare IOCBASECMD. */
struct ugen_request {
	usb_device_request_t	ur_request;
	int32_t			ur_flags;	/* USBD_SHORT_XFER_OK */
	int32_t			ur_actlen;
};
#define	UGEN_DO_REQUEST		_IOC(IOC_INOUT, 'U', 200, 0)

/* The bytes of a configuration. */
struct ugen_full_desc {
	int32_t			uf_config_index;
	int32_t			uf_size;
};
#define	UGEN_GET_FULL_DESC	_IOC(IOC_INOUT, 'U', 201, 0)

#endif /* _DEV_USB_UGENIO_H_ */
