/* SPDX-License-Identifier: BSD-2-Clause */
/* uftdi.h - what a driver such as NetBSD's uftdi includes, in that order; its
   letter in tools/porting.csv is F. */
#include <sys/cdefs.h>
#include <sys/param.h>
#include <sys/systm.h>
#include <sys/kernel.h>
#include <sys/device.h>
#include <sys/conf.h>
#include <sys/tty.h>
#include <dev/usb/usb.h>
#include <dev/usb/usbdi.h>
#include <dev/usb/usbdi_util.h>
#include <dev/usb/usbdivar.h>
#include <dev/usb/usbdevs.h>
#include <dev/usb/ucomvar.h>
