/* SPDX-License-Identifier: BSD-2-Clause */
/* ucom.h - what a driver such as NetBSD's ucom includes, in that order; its
   letter in tools/porting.csv is C. */
#include <sys/cdefs.h>
#include <sys/param.h>
#include <sys/callout.h>
#include <sys/conf.h>
#include <sys/device.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/kauth.h>
#include <sys/kernel.h>
#include <sys/poll.h>
#include <sys/proc.h>
#include <sys/queue.h>
#include <sys/rndsource.h>
#include <sys/select.h>
#include <sys/sysctl.h>
#include <sys/systm.h>
#include <sys/timepps.h>
#include <sys/tty.h>
#include <sys/vnode.h>
#include <dev/cons.h>
#include <dev/usb/usb.h>
#include <dev/usb/usbdi.h>
#include <dev/usb/usbdevs.h>
#include <dev/usb/usbhist.h>
#include <dev/usb/ucomvar.h>
#include "ucom.h"
#include "locators.h"
