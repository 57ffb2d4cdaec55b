/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usbhist.h - NetBSD's trace ring of the USB stack, compiled out.
 *
 * The macros evaluate nothing, as in a NetBSD kernel without USB_DEBUG; a
 * driver's log of its own goes through aprint_debug_dev(9).
 */
#ifndef _DEV_USB_USBHIST_H_
#define	_DEV_USB_USBHIST_H_

#define	USBHIST_DECL(NAME)
#define	USBHIST_DEFINE(NAME)
#define	USBHIST_INIT(NAME, N)		do { } while (0)
#define	USBHIST_LINK_STATIC(NAME)
#define	USBHIST_FUNC()			do { } while (0)
#define	USBHIST_CALLED(NAME)		do { } while (0)
#define	USBHIST_CALLARGS(NAME, ...)	do { } while (0)
#define	USBHIST_CALLARGSN(NAME, N, ...)	do { } while (0)
#define	USBHIST_LOG(NAME, ...)		do { } while (0)
#define	USBHIST_LOGN(NAME, N, ...)	do { } while (0)

#endif /* _DEV_USB_USBHIST_H_ */
