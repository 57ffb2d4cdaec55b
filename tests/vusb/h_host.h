/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_host.h - a USB host for one software device, without drivers: requests and
 * transfers that are waited for.
 */
#ifndef TESTS_VUSB_H_HOST_H
#define TESTS_VUSB_H_HOST_H

#include <stddef.h>
#include <stdint.h>

#include "vusb/vusb.h"

#define	H_STALL		(-1)
#define	H_LATE		(-2)	/* not within the time; cancelled */

/* ms: for what must come, on whatever machine; for what must not. */
#define	H_LONG		20000
#define	H_SHORT		50

#define	H_FAILED	(-3)

/* A plugged and opened device, the only one at a time. */
struct vusb *h_host_plug(const char *);
void	h_host_unplug(void);

/* Bytes moved, or H_*.  The timeout is in milliseconds. */
int	h_host_control(const uint8_t *, void *);
int	h_host_transfer(int, uint8_t, void *, size_t, int);
#define	h_host_in(ep, buf, len)						\
	h_host_transfer(HYP_USB_BULK, (ep), (buf), (len), H_LONG)
#define	h_host_intr(ep, buf, len)					\
	h_host_transfer(HYP_USB_INTR, (ep), (buf), (len), H_LONG)

/* The device's raw descriptors, of which all of this host's work. */
size_t	h_host_descriptors(uint8_t *, size_t);

#endif /* TESTS_VUSB_H_HOST_H */
