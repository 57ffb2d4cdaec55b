/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/kthread.h - kthread(9).
 */
#ifndef _SYS_KTHREAD_H_
#define _SYS_KTHREAD_H_

#include <sys/types.h>

#define	KTHREAD_MPSAFE	0x02
#define	KTHREAD_MUSTJOIN 0x08

struct cpu_info;
struct kthread;

/*
 * Unlike kthread(9) the handle is a struct kthread, not an lwp, and is
 * given only for KTHREAD_MUSTJOIN.
 */
int	kthread_create(pri_t, int, struct cpu_info *, void (*)(void *),
	    void *, struct kthread **, const char *, ...) __printflike(7, 8);
int	kthread_join(struct kthread *);

#endif /* _SYS_KTHREAD_H_ */
