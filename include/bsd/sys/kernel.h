/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/kernel.h
 */
#ifndef _SYS_KERNEL_H_
#define _SYS_KERNEL_H_

#include <sys/types.h>

extern const int hz;			/* 1000 */
extern bool cold;			/* not booted yet */
time_t	time_uptime_get(void);
#define	time_uptime	time_uptime_get()
time_t	time_second_get(void);
#define	time_second	time_second_get()
unsigned getticks(void);		/* milliseconds, wraps */

#endif /* _SYS_KERNEL_H_ */
