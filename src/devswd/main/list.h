/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * list.h - devswd --list, --claimed and --release.
 */
#ifndef MAIN_LIST_H
#define MAIN_LIST_H

#include "main/claim.h"

/*
 * status = list_devices(all)
 *
 *	Print the devices that a driver here would take, with the claim to
 *	use; all: the others too.  The exit status.
 */
int	list_devices(int);

/*
 * status = list_release(claims)
 *
 *	Have the kernel bind its drivers again to the claimed devices that
 *	have none, which is how a killed daemon leaves them.  The exit
 *	status.
 */
int	list_release(struct claim_head *);

/*
 * status = list_claimed(claims, place)
 *
 *	Print DEVSW_CLAIM= and the claim that takes the device at a place, as a
 *	property for udev, or nothing if none does.  Characters that a
 *	property had better not have are '?'.  EXIT_OK: also if the device is
 *	not there any more.
 */
int	list_claimed(struct claim_head *, const char *);

#endif /* MAIN_LIST_H */
