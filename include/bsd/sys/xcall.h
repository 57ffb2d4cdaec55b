/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/xcall.h - the one of xcall(9) that drivers need: wait for callbacks.
 * There are no calls to another CPU.
 */
#ifndef _SYS_XCALL_H_
#define _SYS_XCALL_H_

#include <sys/types.h>

#define	XC_HIGHPRI	0x01

void	xc_barrier(u_int);

#endif /* _SYS_XCALL_H_ */
