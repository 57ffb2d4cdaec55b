/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern_pps.c - pulses per second: what a driver has seen of them, and RFC
 * 2783's ioctls that ask for it.  See sys/timepps.h.
 *
 * A client is not trusted: a mode is what the driver can do, or EINVAL, and an
 * offset has less than a second of nanoseconds.
 *
 * Locks: timecounter_lock guards each struct pps_state; a leaf.
 */
#include <sys/errno.h>
#include <sys/systm.h>
#include <sys/timepps.h>

#define	NS_PER_SECOND	1000000000L

kmutex_t timecounter_lock = MUTEX_INITIALIZER(timecounter_lock);

/*
 * pps_init(pps)
 *
 *	The driver has set ppscap to the edges that it can see; all else is as
 *	after no edge.  Does not sleep.
 */
void
pps_init(struct pps_state *pps)
{
	const int edges = pps->ppscap & PPS_CAPTUREBOTH;

	memset(pps, 0, sizeof(*pps));
	pps->ppscap = edges | PPS_TSFMT_TSPEC;
	if (edges & PPS_CAPTUREASSERT)
		pps->ppscap |= PPS_OFFSETASSERT;
	if (edges & PPS_CAPTURECLEAR)
		pps->ppscap |= PPS_OFFSETCLEAR;
	pps->ppsparam.api_version = PPS_API_VERS_1;
}

/*
 * pps_capture(pps)
 * pps_event(pps, edge)
 *
 *	An edge was seen now; it was this one (PPS_CAPTUREASSERT or _CLEAR),
 *	and is kept if the mode has it.  timecounter_lock held; do not sleep.
 */
void
pps_capture(struct pps_state *pps)
{

	KASSERT(mutex_owned(&timecounter_lock));
	nanotime(&pps->capture);
}

static struct timespec
pps_add(struct timespec t, const struct timespec *offset)
{

	t.tv_sec += offset->tv_sec;
	t.tv_nsec += offset->tv_nsec;
	if (t.tv_nsec >= NS_PER_SECOND) {
		t.tv_sec++;
		t.tv_nsec -= NS_PER_SECOND;
	}
	return t;
}

void
pps_event(struct pps_state *pps, int edge)
{
	const pps_params_t *const p = &pps->ppsparam;
	pps_info_t *const i = &pps->ppsinfo;

	KASSERT(mutex_owned(&timecounter_lock));
	KASSERTMSG(edge == PPS_CAPTUREASSERT || edge == PPS_CAPTURECLEAR,
	    "edge=%d", edge);
	if ((p->mode & edge) == 0)
		return;
	if (edge == PPS_CAPTUREASSERT) {
		i->assert_timestamp = (p->mode & PPS_OFFSETASSERT) ?
		    pps_add(pps->capture, &p->assert_offset) : pps->capture;
		i->assert_sequence++;
	} else {
		i->clear_timestamp = (p->mode & PPS_OFFSETCLEAR) ?
		    pps_add(pps->capture, &p->clear_offset) : pps->capture;
		i->clear_sequence++;
	}
}

static bool
pps_offset_ok(const struct timespec *t)
{

	return t->tv_nsec >= 0 && t->tv_nsec < NS_PER_SECOND &&
	    t->tv_sec > -1000000 && t->tv_sec < 1000000;
}

static int
pps_setparams(struct pps_state *pps, const pps_params_t *p)
{

	if ((p->mode & ~pps->ppscap) != 0 ||
	    p->api_version != PPS_API_VERS_1 ||
	    !pps_offset_ok(&p->assert_offset) ||
	    !pps_offset_ok(&p->clear_offset))
		return EINVAL;
	pps->ppsparam = *p;
	return 0;
}

static int
pps_fetch(struct pps_state *pps, struct pps_fetch_args *fa)
{

	if (fa->tsformat != 0 && fa->tsformat != PPS_TSFMT_TSPEC)
		return EINVAL;
	if (fa->timeout.tv_sec != 0 || fa->timeout.tv_nsec != 0)
		return EOPNOTSUPP;	/* PPS_CANWAIT is not there */
	pps->ppsinfo.current_mode = pps->ppsparam.mode;
	fa->pps_info_buf = pps->ppsinfo;
	return 0;
}

/*
 * error = pps_ioctl(cmd, data, pps)
 *
 *	For a driver's ioctl; timecounter_lock held, does not sleep.
 *	EPASSTHROUGH: none of PPS_IOC_*.  EINVAL; EOPNOTSUPP: to wait for an
 *	edge, or to bind one to the clock.
 */
int
pps_ioctl(u_long cmd, void *data, struct pps_state *pps)
{

	KASSERT(mutex_owned(&timecounter_lock));
	switch (cmd) {
	case PPS_IOC_CREATE:
	case PPS_IOC_DESTROY:
		return 0;
	case PPS_IOC_SETPARAMS:
		return pps_setparams(pps, data);
	case PPS_IOC_GETPARAMS:
		*(pps_params_t *)data = pps->ppsparam;
		return 0;
	case PPS_IOC_GETCAP:
		*(int *)data = pps->ppscap;
		return 0;
	case PPS_IOC_FETCH:
		return pps_fetch(pps, data);
	case PPS_IOC_KCBIND:
		return EOPNOTSUPP;
	}
	return EPASSTHROUGH;
}
