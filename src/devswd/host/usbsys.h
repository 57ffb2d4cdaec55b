/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usbsys.h - the USB devices of this machine as sysfs tells them.
 */
#ifndef HOST_USBSYS_H
#define HOST_USBSYS_H

#include <stddef.h>

#include "hyp/hyp_usb.h"

#define	USBSYS_DESC_MAX	65536	/* usbdi takes no more either */
#define	USBSYS_PATH	64
#define	USBSYS_STRING	128
#define	USBSYS_NUMBER	16

/* One device.  ud_info's strings point into the same structure. */
struct usbsys_dev {
	struct hyp_usb_info ud_info;		/* hi_pins are none */
	char		 ud_path[USBSYS_PATH];
	char		 ud_serial[USBSYS_STRING];
	char		 ud_vendorstr[USBSYS_STRING];
	char		 ud_productstr[USBSYS_STRING];
	size_t		 ud_desclen;
	unsigned char	 ud_desc[USBSYS_DESC_MAX];
};

/*
 * error = usbsys_read(path, dev)
 *
 *	Read the device at a place ("1-1.4").  ENOENT: nothing there, or it
 *	went while it was read.  EAGAIN: read is all but the strings, which the
 *	kernel keeps back as long as it waits for the device; usbsys_ready tells
 *	when to read it again.  Waits for that, as long as usbsys_patience
 *	says, if it is the first to read what was plugged in there.  EMFILE,
 *	ENFILE, ENOMEM: that could not be found out.  Any thread.
 */
int	usbsys_read(const char *, struct usbsys_dev *);

/*
 * usbsys_patience(ms)
 *
 *	5 s at first, for a program that has nothing else to do.
 */
void	usbsys_patience(unsigned);

/*
 * fd = usbsys_fd()
 * there = usbsys_ready(path)
 *
 *	A descriptor that is readable while usbsys_ready has something to
 *	tell, or -1 with errno; and the place (USBSYS_PATH bytes) of a device
 *	that usbsys_read has said EAGAIN of, and need not any more.  False:
 *	of none.  Does not wait.  For one thread.
 */
int	usbsys_fd(void);
int	usbsys_ready(char *);

/*
 * error = usbsys_number(path, buf)
 *
 *	The device number of its usbfs node, "189:5".  ENOENT.
 */
int	usbsys_number(const char *, char [USBSYS_NUMBER]);

/*
 * error = usbsys_list(&paths, &n)
 *
 *	The places of all devices but root hubs, in the order of bus and
 *	ports ("1-2" before "1-10").  Free with usbsys_list_free.  ENOENT: no
 *	sysfs or no USB here; EMFILE, ENFILE, ENOMEM.
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
 *	Use another folder than /sys/bus/usb, for tests, and forget what was
 *	read.  dir is not copied.
 */
void	usbsys_root(const char *);

#endif /* HOST_USBSYS_H */
