/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine/vmparam.h - the size of a page, for drivers that include it for that.
 */
#ifndef _MACHINE_VMPARAM_H_
#define _MACHINE_VMPARAM_H_

#include <sys/param.h>

#define	PAGE_SHIFT	12
#define	PAGE_MASK	(PAGE_SIZE - 1)

#endif /* _MACHINE_VMPARAM_H_ */
