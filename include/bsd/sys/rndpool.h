/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/rndpool.h - how much the pool of random bits holds: Linux's, 256.
 */
#ifndef _SYS_RNDPOOL_H_
#define	_SYS_RNDPOOL_H_

#define	RND_POOLBITS	256

#endif /* _SYS_RNDPOOL_H_ */
