/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reload.h - the configuration, read again by a daemon that runs.
 */
#ifndef MAIN_RELOAD_H
#define MAIN_RELOAD_H

#include <stdio.h>

#include "main/options.h"

/*
 * errors = reload(options, argc, argv, to)
 *
 *	Read the configuration again, with the command line that there was.
 *	If nothing is wrong it becomes options, and what it says is done:
 *	devices that no claim names any more, or that shall have another unit,
 *	are given back, those that are claimed now are taken, nodes change
 *	owner and mode, devices that were detached by hand attach; nothing else
 *	is touched.  to gets a line for each thing
 *	that has changed, and for each that would need another start.
 *	Otherwise to gets the mistakes, whose number is the result, and
 *	everything stays.  In either case the bus is looked through and what
 *	had failed is tried again.
 *
 *	Main's thread, with the daemon up.  Detaches are begun, not waited
 *	for.
 */
int	reload(struct options *, int, char **, FILE *);

/*
 * reload_claims(options, attach, to)
 *
 *	The claims have changed: units, and owners and modes of nodes, are what
 *	they say now, and devices that they do not name any more, or name
 *	otherwise, leave.  to is told of it.  Who has called has the bus looked
 *	through (host_udev_rescan), for those that come.  attach: also those
 *	that were detached by hand.
 */
void	reload_claims(struct options *, int, FILE *);

/*
 * error = reload_module(path, why, len)
 *
 *	hyp_module_load for a module of the configuration; on an error why says
 *	more.
 */
int	reload_module(const char *, char *, size_t);

#endif /* MAIN_RELOAD_H */
