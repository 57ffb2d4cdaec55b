/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * serve.h - insides of vusb-serve.
 *
 * vusb-serve.c has main() and the up-calls of software devices, vhci.c the
 * ports of the kernel's vhci_hcd, usbip.c what is spoken with it.
 */
#ifndef SERVE_SERVE_H
#define SERVE_SERVE_H

#include <stdint.h>

#include "hyp/hyp_usb.h"

#define	VHCI_PORTS	15	/* of each bus, as Debian's kernel has them */
#define	VHCI_HUBS	8	/* at most */

void	complain(const char *, ...)
	    __attribute__((__format__(__printf__, 1, 2)));

/*
 * error = vhci_attach(port, fd, speed)
 *
 *	Plug what is served on the other end of this socket into a port,
 *	below VHCI_HUBS * VHCI_PORTS, when the kernel has let go of what was
 *	there before; waits up to 10 s.  A Linux errno; ENODEV: there is no
 *	vhci_hcd.
 *
 * vhci_switch_off(port)
 *
 *	Pull the plug at the hub; waits until the kernel has all transfers
 *	back, but 5 s at most.
 *
 * vhci_wait_gone(port)
 *
 *	Until the device is gone from sysfs, 10 s at most.
 */
int	vhci_attach(unsigned, int, unsigned);
void	vhci_switch_off(unsigned);
void	vhci_wait_gone(unsigned);

struct usbip;

/*
 * error = usbip_start(bus, addr, speed, port, &u)
 * usbip_stop(u)
 *
 *	Open a software device and serve it on a port of vhci_hcd; end that.
 *	They wait as vhci_attach and vhci_switch_off do.
 */
int	usbip_start(uint32_t, uint32_t, unsigned, unsigned, struct usbip **);
void	usbip_stop(struct usbip *);

#endif /* SERVE_SERVE_H */
