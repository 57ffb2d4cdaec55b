/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * devsw/ulpt.h - the ioctls of ulpt(4), for programs on Linux.
 *
 * Their numbers are those of Linux's usblp, so a program that knows
 * /dev/usb/lp0 needs no change: LPIOC_GET_DEVICE_ID and LPGETSTATUS are the
 * same.
 */
#ifndef DEVSW_ULPT_H
#define DEVSW_ULPT_H

#include <sys/ioctl.h>

/* The IEEE 1284 device ID: two bytes with the length, high byte first, these
   two included, then the text; at most len bytes of it. */
#define	ULPT_GET_DEVICE_ID(len)	_IOC(_IOC_READ, 'P', 1, (len))

/* int: the bits of a parallel port's status. */
#define	ULPT_GET_STATUS		0x060b
#define	ULPT_NOTERROR		0x08
#define	ULPT_SELECTED		0x10
#define	ULPT_NOPAPER		0x20

#endif /* DEVSW_ULPT_H */
