/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/disklabel.h - the minor numbers of disks: a unit has a minor for each
 * of its partitions.
 */
#ifndef _SYS_DISKLABEL_H_
#define _SYS_DISKLABEL_H_

#include <sys/types.h>

#define	MAXPARTITIONS	16

#define	DISKUNIT(dev)	((int)(minor(dev) / MAXPARTITIONS))
#define	DISKPART(dev)	((int)(minor(dev) % MAXPARTITIONS))
#define	DISKMINOR(unit, part) ((devminor_t)((unit) * MAXPARTITIONS + (part)))

#endif /* _SYS_DISKLABEL_H_ */
