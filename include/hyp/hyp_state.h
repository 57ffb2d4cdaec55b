/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hyp_state.h - what a device has been set to, for the process after this one:
 * usbdi (K) above, the front end's journal (H) below.  Down-calls.
 */
#ifndef HYP_HYP_STATE_H
#define HYP_HYP_STATE_H

#include <stddef.h>

/*
 * hyp_state_put(name, data, len)
 * len = hyp_state_get(name, data, max)
 *
 *	What a device ("ucom0"; 23 characters at most) has been set to, for the
 *	process that comes after this one if this is killed: HYP_STATE_MAX bytes
 *	at most, in the place of those before; len 0: nothing any more.  Get:
 *	what this process or the one before has put; 0: nothing, or more than
 *	max.  It may be anything: who asks judges it.  No effect where
 *	nobody keeps it.  Any thread; K's locks may be held; does not sleep.
 */
#define	HYP_STATE_MAX	240
void	hyp_state_put(const char *, const void *, size_t);
size_t	hyp_state_get(const char *, void *, size_t);

/*
 * error = hyp_hand_put(name, data, len)
 * len = hyp_hand_get(name, data, max)
 *
 *	What an open device that is to go on in the next process has to say to
 *	it, of any length; in hyp_hand_over, once for each.  Get: copies what the
 *	process before this one has put, if it is not more than max, and says how
 *	long it is; 0: nothing.  It may be anything.  Any thread; K's locks
 *	may be held.  ENOMEM.
 */
int	hyp_hand_put(const char *, const void *, size_t);
size_t	hyp_hand_get(const char *, void *, size_t);

#endif /* HYP_HYP_STATE_H */
