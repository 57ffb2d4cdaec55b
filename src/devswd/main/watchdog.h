/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watchdog.h - what the service manager is told while the daemon runs.
 *
 * All functions are for one thread, main's.
 */
#ifndef MAIN_WATCHDOG_H
#define MAIN_WATCHDOG_H

#include <stdbool.h>

/*
 * fd = watchdog_start()
 *
 *	After front_start.  The descriptor becomes readable when it is time
 *	for watchdog_dispatch.  -1: no service manager watches; or no timer or
 *	thread, which is logged.
 */
int	watchdog_start(void);

/*
 * fed = watchdog_dispatch(claims)
 *
 *	Tell the service manager that all is well, if it is, and how things
 *	stand, if that has changed; claims is how many there are.  Does not
 *	wait for what it asks.
 */
bool	watchdog_dispatch(unsigned);

/*
 * watchdog_stop()
 *
 *	Before hyp_halt.  Waits for a look that is under way, for a second at
 *	most.
 */
void	watchdog_stop(void);

#endif /* MAIN_WATCHDOG_H */
