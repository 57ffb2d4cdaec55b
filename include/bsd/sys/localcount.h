/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/localcount.h - localcount(9): references that one owner drains.
 */
#ifndef _SYS_LOCALCOUNT_H_
#define _SYS_LOCALCOUNT_H_

#include <sys/condvar.h>
#include <sys/mutex.h>

struct localcount {
	u_int	lc_refs;	/* atomic */
	u_int	lc_draining;	/* atomic; set for good by localcount_drain */
};

void	localcount_init(struct localcount *);
void	localcount_fini(struct localcount *);
void	localcount_acquire(struct localcount *);
void	localcount_release(struct localcount *, kcondvar_t *, kmutex_t *);
void	localcount_drain(struct localcount *, kcondvar_t *, kmutex_t *);

#endif /* _SYS_LOCALCOUNT_H_ */
