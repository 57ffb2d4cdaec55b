/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/param.h - limits and small arithmetic.
 */
#ifndef _SYS_PARAM_H_
#define _SYS_PARAM_H_

#include <sys/types.h>
#include <sys/errno.h>
#include <sys/inttypes.h>
#include <sys/signal.h>
#include <sys/time.h>
#include <sys/uio.h>

#include <machine/limits.h>

#define	__NetBSD_Version__	1099000000

#define	NBBY		8
#define	PAGE_SIZE	4096
#define	MAXPHYS		65536
#define	DEVICE_XNAME_SIZE	16

/* Sleep priorities: kept for call forms, not used to schedule. */
#define	PZERO		22
#define	PCATCH		0x100
#define	PNORELOCK	0x200		/* mtsleep leaves the mutex */
#define	PRI_NONE	(-1)

#define	DELAY(us)	delay(us)

#define	MIN(a, b)	((a) < (b) ? (a) : (b))
#define	MAX(a, b)	((a) > (b) ? (a) : (b))
#define	howmany(x, y)	(((x) + ((y) - 1)) / (y))
#define	roundup(x, y)	((((x) + ((y) - 1)) / (y)) * (y))
#define	rounddown(x, y)	(((x) / (y)) * (y))

#define	ISSET(t, f)	((t) & (f))
#define	SET(t, f)	((t) |= (f))
#define	CLR(t, f)	((t) &= ~(f))

/* hz is 1000: a tick is a millisecond. */
#define	mstohz(ms)	((int)(ms))
#define	hztoms(t)	((int)(t))

#endif /* _SYS_PARAM_H_ */
