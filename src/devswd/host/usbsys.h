/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usbsys.h - the USB devices of this machine as sysfs tells them.
 */
#ifndef HOST_USBSYS_H
#define HOST_USBSYS_H

#include <stddef.h>

#include "hyp/hyp_usb.h"

#define	USBSYS_DESC_MAX	65536	/* usbdi takes no more either */

/* One device.  ud_info's strings point into the same structure. */
struct usbsys_dev {
	struct hyp_usb_info ud_info;		/* hi_pins are none */
	char		 ud_path[64];
	char		 ud_serial[128];
	char		 ud_vendorstr[128];
	char		 ud_productstr[128];
	size_t		 ud_desclen;
	unsigned char	 ud_desc[USBSYS_DESC_MAX];
};

/*
 * error = usbsys_read(path, dev)
 *
 *	Read the device at a place ("1-1.4").  ENOENT: nothing there, or it
 *	went while it was read.
 */
int	usbsys_read(const char *, struct usbsys_dev *);

/*
 * error = usbsys_list(&paths, &n)
 *
 *	The places of all devices but root hubs, in the order of bus and
 *	ports ("1-2" before "1-10").  Free with usbsys_list_free.  ENOENT: no
 *	sysfs or no USB here; ENOMEM.
 */
int	usbsys_list(char ***, size_t *);
void	usbsys_list_free(char **, size_t);

/*
 * usbsys_drivers(path, buf, size)
 *
 *	The kernel's drivers bound to the device's interfaces, without
 *	repetition: "ftdi_sio", "cdc_acm", "usbfs", or "".
 */
void	usbsys_drivers(const char *, char *, size_t);

/*
 * n = usbsys_rebind(path)
 *
 *	Ask the kernel to bind a driver to every interface of the device that
 *	has none.  The number of interfaces asked for, or -1 with errno.
 */
int	usbsys_rebind(const char *);

/*
 * what = usbsys_boot_hid(dev)
 *
 *	"keyboard" or "mouse" if any interface of the device, in whatever
 *	configuration, is a boot device (HID 1.11, 4.2 and 4.3), which is
 *	what a machine is used with; else NULL.  Sees what comes before
 *	malformed descriptors, which no driver gets over either.
 */
const char *usbsys_boot_hid(const struct usbsys_dev *);

/*
 * several = usbsys_has_several(dev)
 *
 *	Does any configuration of the device have more than one interface?  As
 *	far as its descriptors can be read.
 */
int	usbsys_has_several(const struct usbsys_dev *);

/*
 * usbsys_root(dir)
 *
 *	Use another folder than /sys/bus/usb, for tests.  dir is not copied.
 */
void	usbsys_root(const char *);

#endif /* HOST_USBSYS_H */
