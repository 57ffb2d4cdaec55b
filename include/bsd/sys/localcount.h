/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/localcount.h - localcount(9): references that one owner drains.
 */
#ifndef _SYS_LOCALCOUNT_H_
#define _SYS_LOCALCOUNT_H_

#include <sys/condvar.h>
#include <sys/mutex.h>

struct localcount {
	struct lc_slot	*lc_slots;	/* const: a count for each CPU */
	kmutex_t	*lc_interlock;	/* atomic: of the drain, set for good */
};

void	localcount_init(struct localcount *);
void	localcount_fini(struct localcount *);
void	localcount_acquire(struct localcount *);
void	localcount_release(struct localcount *, kcondvar_t *, kmutex_t *);
void	localcount_drain(struct localcount *, kcondvar_t *, kmutex_t *);

#endif /* _SYS_LOCALCOUNT_H_ */
