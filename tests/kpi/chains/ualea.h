/* SPDX-License-Identifier: BSD-2-Clause */
/* ualea.h - what a driver such as NetBSD's ualea includes, in that order; its
   letter in tools/porting.csv is A. */
#include <sys/cdefs.h>
#include <sys/types.h>
#include <sys/atomic.h>
#include <sys/device_if.h>
#include <sys/kmem.h>
#include <sys/module.h>
#include <sys/rndpool.h>
#include <sys/rndsource.h>
#include <dev/usb/usb.h>
#include <dev/usb/usbdevs.h>
#include <dev/usb/usbdi.h>
#include <dev/usb/usbdi_util.h>
