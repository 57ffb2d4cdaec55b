/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ulptio.h - the ioctls of ulpt(4) as the driver sees them; a client's are in
 * devsw/ulpt.h.
 */
#ifndef _DEV_USB_ULPTIO_H_
#define	_DEV_USB_ULPTIO_H_

#include <sys/ioccom.h>

/* Any length: compare IOCBASECMD. */
#define	ULPT_GET_DEVICE_ID	_IOC(IOC_OUT, 'P', 1, 0)
/* The client's number has no size; src/kernel/compat knows it. */
#define	ULPT_GET_STATUS		_IOR('P', 0x0b, int)

#endif /* _DEV_USB_ULPTIO_H_ */
