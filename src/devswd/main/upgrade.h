/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * upgrade.h - before this process ends for the next one.
 */
#ifndef MAIN_UPGRADE_H
#define MAIN_UPGRADE_H

/*
 * upgrade_open(argc, argv)
 *
 *	The command line that the next one is going to have.
 *
 * error = upgrade_check()
 *
 *	Would the next one start?  0, or an errno, logged.  Waits 20 s at most,
 *	and before that until what the last one has left goes on, 15 s at most
 *	after the start.  Not for main's thread, which does its part in that.
 *
 * error = upgrade_begin(signo)
 *
 *	Have a thread do so, which then sends this process signo, with the errno
 *	as its value.  errno: there is no thread.  Main's thread.
 */
void	upgrade_open(int, char **);
int	upgrade_check(void);
int	upgrade_begin(int);

#endif /* MAIN_UPGRADE_H */
