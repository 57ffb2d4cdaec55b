/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_device.h - a USB device that does what an input says: hyp_usb.h for one
 * device, and the front end's part of hyp_node.h, over h_world.h.
 *
 * Each call that may fail, and each transfer, takes a few bytes of an input and
 * does what they say (the table of h_device.c).  When there are none left the
 * device is a good one that has nothing to say.
 */
#ifndef TESTS_FUZZ_H_DEVICE_H
#define TESTS_FUZZ_H_DEVICE_H

#include <stdbool.h>

#include "fuzz/h_fuzz.h"
#include "hyp/hyp_node.h"
#include "hyp/hyp_usb.h"

#define	DEVICE_PATH	"1-1"

struct device {
	struct fuzz	d_desc;		/* its descriptors */
	struct fuzz	d_report;	/* its report descriptor */
	struct fuzz	d_calls;	/* open, claim, set_config, ...: a byte
					   each, an errno from 0xf0 on */
	struct fuzz	d_control;	/* control transfers */
	struct fuzz	d_in;		/* the other transfers */
	struct hyp_usb_pins d_pins;	/* the configuration's */
	bool		d_gone;
	struct hyp_usb	*d_open;
	uint64_t	d_sent;		/* bytes of OUT transfers, not control */
	uint32_t	d_much;		/* of full IN transfers, still to come */
};
extern struct device device;

void	device_plug(void);		/* another plugging, if it is out */
void	device_again(void);		/* the host says again that it is in */
void	device_unplug(bool gone, bool left);	/* and who tells */
/* An IN transfer that waits, of HYP_USB_BULK or _INTR, ends so, with these
   bytes; false: none waits. */
bool	device_feed(int type, int status, const void *, size_t);
/* All that is stuck comes back. */
void	device_return(void);

/* What a driver has parked (hyp_hand_put): change a byte; forget it. */
void	device_parked_spoil(uint32_t, uint8_t);
void	device_parked_drop(void);

/* Nodes, in the order in which they were made. */
struct hyp_node *device_node(unsigned);
unsigned device_nodes(void);
/* The n-th, or that of the rest by their number, of those whose hardware has
   come or left since the last device_forget, which begins an execution; NULL:
   none.  Unlike the others they do not depend on what was plugged in before
   that. */
struct hyp_node *device_node_here(unsigned);
void	device_forget(void);

/* A host file: woken counts, and after the close nothing may. */
struct hostfile {
	unsigned	 h_woken;
	bool		 h_closed;
};

#endif /* TESTS_FUZZ_H_DEVICE_H */
