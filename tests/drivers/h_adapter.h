/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_adapter.h - one software adapter per case, for the driver tests.
 *
 * A case takes one from h_ftdi, h_acm or h_adapter, which is ttyU0 then, and
 * gives it back with h_remove, which pulls it out and checks that the kernel
 * side uses no more memory than before.  What a failed case leaves is taken
 * away by the next one.
 */
#ifndef TESTS_DRIVERS_H_ADAPTER_H
#define TESTS_DRIVERS_H_ADAPTER_H

#include "drivers/h_serial.h"

struct vusb *h_ftdi(void);
struct vusb *h_acm(void);
void	h_remove(struct vusb *);

/* The parts of these: begin the case, make an adapter without plugging. */
void	h_begin(void);
struct vusb *h_adapter(const struct vusb_config *);
/* K is going to keep more from now on: find out how much. */
void	h_forget_memory(void);

struct vusb_status h_status(struct vusb *);

/* Open ttyU0 raw, with O_NONBLOCK: not after the pause that follows a
   hang-up, which is not what most cases are about. */
void	h_open_raw(struct s_file *, unsigned);

#endif /* TESTS_DRIVERS_H_ADAPTER_H */
