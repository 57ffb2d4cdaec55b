/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * helmvar.h - the helm, and what front_helm.c, front_park.c and
 * front_threads.c share of it.
 *
 * fl_helm, one word, says who takes the next request; every change adds
 * HELM_GEN, so that a thread knows by the value it wrote (ft_helm) whether the
 * helm is still its own:
 *
 *	VACANT -> POLLING	front_spare, fl_lock held
 *	POLLING -> RUNNING	front_run, the owner
 *	POLLING -> VACANT	front_leave, the owner, at the end
 *	RUNNING -> POLLING	front_keep, the owner, with compare and swap;
 *				or the guard, for itself, ditto
 *	RUNNING -> PARKED	front_park, the owner, ditto
 *	PARKED -> RUNNING	front_park, the owner: woken
 *	PARKED -> VACANT	front_park, the owner: somebody else has come;
 *				or at once, if it sleeps until a time, if calls
 *				of the process before wait to go on, or if
 *				staying has not been worth it lately
 */
#ifndef FRONT_HELMVAR_H
#define FRONT_HELMVAR_H

#include <assert.h>

#include "front/frontvar.h"

#define	HELM_VACANT	UINT64_C(0)
#define	HELM_POLLING	UINT64_C(1)
#define	HELM_RUNNING	UINT64_C(2)
#define	HELM_PARKED	UINT64_C(3)
#define	HELM_STATE	UINT64_C(3)
#define	HELM_GEN	UINT64_C(4)

#define	LUCK_MAX	8
#define	LUCK_TRY	16	/* without luck, try once in so many */

static inline uint64_t
helm_state(uint64_t helm)
{

	return helm & HELM_STATE;
}

static inline uint64_t
helm_next(uint64_t helm, uint64_t state)
{

	return (helm & ~HELM_STATE) + HELM_GEN + state;
}

/*
 * Try to change the helm from this thread's RUNNING or PARKED to state.
 * Whether that worked or the guard was faster, which it can only be from
 * RUNNING, the old value is this thread's no more.
 */
static inline bool
helm_change(struct front_thread *ft, uint64_t state)
{
	uint64_t old = ft->ft_helm, new = helm_next(old, state);

	assert(helm_state(old) == HELM_RUNNING ||
	    helm_state(old) == HELM_PARKED);
	if (!atomic_compare_exchange_strong(&front.fl_helm, &old, new)) {
		ft->ft_helm = 0;
		return false;
	}
	ft->ft_helm = state == HELM_VACANT ? 0 : new;
	return true;
}

/* front_helm.c */
int	front_helm_open(void);
void	front_helm_close(void);
void	front_helm_stop(void);
void	front_steer(struct front_thread *);

/* front_park.c */
int	front_park(uint32_t *, uint32_t, uint64_t);
bool	front_unpark(uint32_t *);

/* front_threads.c */
bool	front_spare_ensure(void);
uint32_t *front_spare_call(struct front_thread *);
void	front_spare_wake(uint32_t *);
uint32_t *front_guard_call(void);

#endif /* FRONT_HELMVAR_H */
