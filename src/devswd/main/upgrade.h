/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * upgrade.h - before this process ends for the next one.
 */
#ifndef MAIN_UPGRADE_H
#define MAIN_UPGRADE_H

/*
 * error = upgrade_check()
 *
 *	Would the next one start?  0, or an errno, logged.  Waits 5 s at most.
 */
int	upgrade_check(void);

#endif /* MAIN_UPGRADE_H */
