/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_usb.h - a host side of hyp_usb.h whose hardware does what a test says.
 *
 * Plain C, for tests that are K code.  A test plugs a device (its raw
 * descriptors at a bus and address) and scripts its endpoints; hyp_usb_open
 * then finds it.  Each opened device has a real event thread.
 *
 * Every function here may be called from any thread, unless it says more.
 */
#ifndef TESTS_USBDI_H_USB_H
#define TESTS_USBDI_H_USB_H

#include <stddef.h>
#include <stdint.h>

struct hu_dev;			/* one plugged device */

/* What a submitted transfer of an endpoint does. */
enum hu_mode {
	HU_OK,		/* ends at once, full length */
	HU_HOLD,	/* waits for hu_complete or a cancel */
	HU_STALL,	/* ends at once with this status */
	HU_IOERROR,
	HU_NODEV,
	HU_SHORT,	/* OK with one byte less than asked for */
	HU_LIE		/* OK with one byte more than asked for */
};

/* What a cancelled transfer does. */
enum hu_cancel {
	HU_C_OK,	/* ends as cancelled */
	HU_C_HALF,	/* the same, and half of the oldest has been moved */
	HU_C_NEVER,	/* does not end; nor by an unplug */
	HU_C_LIES,	/* ends as OK with 0 bytes */
	HU_C_RACE	/* has just ended as OK with full length */
};

/* Calls that a test can hold up. */
enum hu_gate { HU_G_OPEN, HU_G_DESC, HU_G_CLAIM, HU_G_CLEAR, HU_G_N };

struct hu_dev *hu_plug(uint32_t, uint32_t, const void *, size_t);
void	hu_remove(struct hu_dev *);	/* not opened any more: forget it */

void	hu_mode(struct hu_dev *, uint8_t, enum hu_mode, enum hu_cancel);
void	hu_submit_error(struct hu_dev *, uint8_t, int);
void	hu_claim_error(struct hu_dev *, uint8_t, int);
void	hu_open_error(struct hu_dev *, int);
void	hu_config(struct hu_dev *, uint8_t);
/* What control reads answer. */
void	hu_answer(struct hu_dev *, const void *, size_t);

/* End the n'th (0: oldest) transfer in flight on the endpoint, with data.
   0, or -1 if there is no such transfer. */
int	hu_complete(struct hu_dev *, uint8_t, unsigned, int, const void *,
	    uint32_t);
/* The hardware vanishes: transfers end with NODEV, submits fail, and unless
   quiet hyp_usb_gone is called. */
void	hu_unplug(struct hu_dev *, int);

/* Hold up the call; wait for somebody to be in it; let it go on. */
void	hu_gate_close(struct hu_dev *, enum hu_gate);
int	hu_gate_waiters(struct hu_dev *, enum hu_gate);
void	hu_gate_open(struct hu_dev *, enum hu_gate);

/* The oldest in flight on a bulk OUT endpoint has been taken as a whole; -1:
   there is none.  And the first bytes that those have taken; how many. */
int	hu_take(struct hu_dev *, uint8_t);
size_t	hu_taken(struct hu_dev *, void *, size_t);

unsigned hu_inflight(struct hu_dev *, uint8_t);
unsigned hu_submits(struct hu_dev *, uint8_t);
unsigned hu_cancels(struct hu_dev *, uint8_t);
unsigned hu_clears(struct hu_dev *);
unsigned hu_opens(struct hu_dev *);
int	hu_is_open(struct hu_dev *);
int	hu_claimed(struct hu_dev *, uint8_t);
int	hu_alt(struct hu_dev *, uint8_t);

/* Zombies: how many; pretend more; the hardware gives all back, having
   scribbled over their buffers. */
void	hu_zombies_add(int);
void	hu_zombies_return(void);
unsigned hu_working(void);	/* devices that are being attached and do not
				   wait for their turn */
unsigned hu_zombies_asked(void);	/* calls of hyp_usb_zombies */

#endif /* TESTS_USBDI_H_USB_H */
