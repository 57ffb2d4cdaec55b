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
 *	Wait until all closed devices have had their interfaces given back and
 *	been let go of, or until the deadline (hyp_clock).  Returns how many
 *	have not.  For the end of the daemon: a process that exits earlier
 *	leaves those interfaces without a driver.  No lock held.
 */
unsigned host_usb_drain(uint64_t);

/*
 * host_usb_attaching(func)
 *
 *	Who is told what hyp_usb_attaching says.  At start, before any device.
 */
struct hyp_usb_info;
void	host_usb_attaching(void (*)(const struct hyp_usb_info *, int));

/*
 * host_usb_heir()
 *
 *	The daemon before this one has died, and gave nothing back.  What is
 *	plugged in now may have been left in the middle of something: its
 *	interfaces begin anew when they are claimed.  At start, before any
 *	device is opened.
 */
void	host_usb_heir(void);

#endif /* HOST_USB_H */
