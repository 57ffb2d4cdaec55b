/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usb.h - what main asks of the USB back end beyond hyp_usb.h.
 */
#ifndef HOST_USB_H
#define HOST_USB_H

#include <stdint.h>

/*
 * left = host_usb_drain(deadline)
 *
 *	Wait until the reapers of all closed devices have given their
 *	interfaces back and let go of the device, or until the deadline
 *	(hyp_clock).  Returns how many have not.  For the end of the daemon:
 *	a process that exits earlier leaves those interfaces without a
 *	driver.  No lock held.
 */
unsigned host_usb_drain(uint64_t);

#endif /* HOST_USB_H */
