/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/compat_stub.h - hooks for the ioctls of old NetBSD programs; see
 * sys/module_hook.h.  No such program runs here.
 */
#ifndef _SYS_COMPAT_STUB_H_
#define _SYS_COMPAT_STUB_H_

#include <sys/module_hook.h>
#include <sys/types.h>

struct usbd_device;
struct usb_device_info_old;

MODULE_HOOK(usb_subr_fill_30_hook, int, (struct usbd_device *,
    struct usb_device_info_old *, int,
    void (*)(struct usbd_device *, char *, size_t, char *, size_t, int, int),
    int (*)(char *, size_t, int)));

#endif /* _SYS_COMPAT_STUB_H_ */
