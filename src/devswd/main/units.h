/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * units.h - unit numbers that devices keep from one plugging to the next:
 * devswd.conf(5), "units = remembered".
 *
 * All functions are for main's thread.
 */
#ifndef MAIN_UNITS_H
#define MAIN_UNITS_H

#include "hyp/hyp_usb.h"
#include "main/claim.h"
#include "main/nodes.h"

#define	UNITS_FILE	"/var/lib/devsw/units"

/*
 * units_load(path, claims)
 *
 *	Read the file again, and keep the units in it for their devices.
 *	NULL: none is remembered.  Units that a claim gives are not.  What is
 *	wrong with the file is logged, and stays in it.  claims is kept.
 */
void	units_load(const char *, const struct claim_head *);

/*
 * units_want(info, pins)
 *
 *	Append the units of a device, those that no other device that is
 *	plugged in has; pins may have that of its claim already.
 *
 * units_left(path)
 *
 *	The device at this place is gone.
 *
 * units_node(node, was)
 *
 *	A nodes_func_t: remember a unit of a device that had none for it.
 *
 * error = units_wait(ms)
 *
 *	Wait until the file has all that is remembered, so long at most.
 *	ETIMEDOUT, which is logged: the disk hangs.
 */
void	units_want(const struct hyp_usb_info *, struct hyp_usb_pins *);
void	units_left(const char *);
void	units_node(const struct node_state *, const struct node_state *);
int	units_wait(unsigned);

#endif /* MAIN_UNITS_H */
