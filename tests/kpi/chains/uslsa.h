/* SPDX-License-Identifier: BSD-2-Clause */
/* uslsa.h - what a driver such as NetBSD's uslsa includes, in that order; its
   letter in tools/porting.csv is S. */
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
#include <dev/usb/usbdevs.h>
#include <dev/usb/ucomvar.h>
#include <fs/unicode.h>
