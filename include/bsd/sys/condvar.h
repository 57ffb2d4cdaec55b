/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/condvar.h - condvar(9).
 */
#ifndef _SYS_CONDVAR_H_
#define _SYS_CONDVAR_H_

#include <sys/mutex.h>
#include <sys/queue.h>

typedef struct kcondvar {
	uint32_t	 cv_lock;	/* guards cv_sleepers */
	u_int		 cv_waiters;	/* atomic: how many are on it */
	TAILQ_HEAD(, lwp) cv_sleepers;
	const char	*cv_wmesg;
} kcondvar_t;

void	cv_init(kcondvar_t *, const char *);
void	cv_destroy(kcondvar_t *);

void	cv_wait(kcondvar_t *, kmutex_t *);
int	cv_wait_sig(kcondvar_t *, kmutex_t *);
int	cv_timedwait(kcondvar_t *, kmutex_t *, int);
int	cv_timedwait_sig(kcondvar_t *, kmutex_t *, int);

void	cv_signal(kcondvar_t *);
void	cv_broadcast(kcondvar_t *);
bool	cv_has_waiters(kcondvar_t *);

/*
 * error = cv_sig_error()
 *
 *	What cv_wait_sig would answer without a sleep: EINTR, ERESTART; 0: it
 *	would sleep.  For who has to know it before a device is asked for
 *	something whose answer nobody would wait for.  Not NetBSD's.
 */
int	cv_sig_error(void);

#endif /* _SYS_CONDVAR_H_ */
