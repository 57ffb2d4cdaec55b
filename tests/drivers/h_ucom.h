/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_ucom.h - a serial adapter on the scripted host of tests/usbdi, at port 1-1,
 * and the one client of its dtyU0.
 */
#ifndef TESTS_DRIVERS_H_UCOM_H
#define TESTS_DRIVERS_H_UCOM_H

#include <stddef.h>
#include <stdint.h>

#include "specfs/h_node.h"
#include "usbdi/h_usb.h"

#define	H_UCOM_IN	0x81
#define	H_UCOM_OUT	0x02

/* K has been started, and there is a device with these descriptors, of which
   it does not know; transfers of both pipes wait. */
struct hu_dev *h_ucom_make(const uint8_t *, size_t);
/* K knows of it, and the client has it open. */
void	h_ucom_plug(const uint8_t *, struct h_client *);
void	h_ucom_open(struct h_client *);
/* An ioctl, which has to work. */
void	h_ucom_ask(struct h_client *, uint32_t, uint64_t, const void *, void *);
/* Raw, without waiting, with these bits of c_iflag, and without those of
   c_cflag. */
void	h_ucom_raw(struct h_client *, uint32_t, uint32_t);
/* What read(2) gets. */
size_t	h_ucom_read(struct h_client *, uint8_t *, size_t);
/* A read of the driver's waits. */
int	h_ucom_reads(void *);		/* T_UNTIL, of a struct hu_dev */
/* The client closes, and the device is gone, for K too. */
void	h_ucom_end(struct hu_dev *, struct h_client *);

#endif /* TESTS_DRIVERS_H_UCOM_H */
