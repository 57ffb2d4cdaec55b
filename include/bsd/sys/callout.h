/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/callout.h - callout(9).  Handlers run on the softclock thread.
 */
#ifndef _SYS_CALLOUT_H_
#define _SYS_CALLOUT_H_

#include <sys/mutex.h>
#include <sys/queue.h>

#define	CALLOUT_MPSAFE	0x0100

typedef struct callout {
	void		(*c_func)(void *);
	void		*c_arg;
	uint64_t	 c_when;	/* ns; under callout_lock */
	bool		 c_pending;	/* on the list; same lock */
	bool		 c_fired;	/* called, not stopped since; same lock */
	u_int		 c_flags;
	uint64_t	 c_owner[2];	/* const: who has made it */
	TAILQ_ENTRY(callout) c_entry;
} callout_t;

void	callout_init(callout_t *, u_int);
void	callout_destroy(callout_t *);
void	callout_setfunc(callout_t *, void (*)(void *), void *);
void	callout_schedule(callout_t *, int);
void	callout_reset(callout_t *, int, void (*)(void *), void *);
bool	callout_stop(callout_t *);
bool	callout_halt(callout_t *, kmutex_t *);
bool	callout_pending(callout_t *);

#endif /* _SYS_CALLOUT_H_ */
