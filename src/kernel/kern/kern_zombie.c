/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern_zombie.c - drivers and hardware that do not come back.
 *
 * Nothing that a client waits for may wait for a driver without end.  A wait
 * for one has a deadline, the same everywhere (zombie_ms).  When it is over
 * the waiter goes on, and what is stuck (a thread, and all the memory that
 * it may still touch) stays behind as a zombie: logged and counted by
 * zombie_enter, and by zombie_exit if it comes back after all.  Its memory
 * is never freed before that.  Zombies cost memory and threads, so whoever
 * would take on something new, an attach, looks at zombie_count first.
 *
 * Transfers that the hardware does not give back are counted by the host
 * side (hyp_usb_zombies), not here.
 */
#include <sys/param.h>
#include <sys/atomic.h>
#include <sys/kernel.h>
#include <sys/lwp.h>
#include <sys/syslog.h>
#include <sys/systm.h>

#include <hyp/hyp.h>

#define	ZOMBIE_MS	5000
#define	DRAINS_MAX_MS	86400000	/* a day, for never */

static u_int zombies;			/* atomic */
static u_int zombie_deadline = ZOMBIE_MS; /* atomic */

/*
 * ms = zombie_ms()
 *
 *	How long to wait for a driver.
 */
u_int
zombie_ms(void)
{

	return atomic_load_relaxed(&zombie_deadline);
}

/* How far the deadline of a close reaches; sys/lwp.h has the contract. */
void
lwp_progress(u_int ms)
{
	struct lwp_progress *const lp = curlwp->l_progress;

	if (lp == NULL)
		return;
	atomic_store_relaxed(&lp->lp_ms, ms);
	atomic_store_relaxed(&lp->lp_time, getticks());
}

/* When a close will have sent all; sys/lwp.h has the contract. */
void
lwp_drains(u_int ms)
{
	struct lwp_progress *const lp = curlwp->l_progress;

	if (lp != NULL)
		atomic_store_relaxed(&lp->lp_sent,
		    getticks() + MIN(ms, DRAINS_MAX_MS));
}

/*
 * zombie_enter(fmt, ...)
 * zombie_exit(fmt, ...)
 *
 *	One more, one less, and the line for the log that says what, with
 *	its newline.  In
 *	pairs, under a lock that keeps the pair in order.  Do not sleep.
 */
void
zombie_enter(const char *fmt, ...)
{
	va_list ap;

	atomic_inc_uint(&zombies);
	va_start(ap, fmt);
	vlog(LOG_ERR, fmt, ap);
	va_end(ap);
}

void
zombie_exit(const char *fmt, ...)
{
	va_list ap;

	KASSERT(atomic_load_relaxed(&zombies) > 0);
	atomic_dec_uint(&zombies);
	va_start(ap, fmt);
	vlog(LOG_NOTICE, fmt, ap);
	va_end(ap);
}

/*
 * n = zombie_count()
 */
u_int
zombie_count(void)
{

	return atomic_load_relaxed(&zombies);
}

/* The up-calls; contracts in hyp.h. */

void
hyp_set_deadline(uint32_t ms)
{

	KASSERT(ms > 0);
	atomic_store_relaxed(&zombie_deadline, ms);
}

unsigned
hyp_zombies(void)
{

	return zombie_count();
}
