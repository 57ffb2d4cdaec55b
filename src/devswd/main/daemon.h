/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * daemon.h - what makes a program a daemon.
 */
#ifndef MAIN_DAEMON_H
#define MAIN_DAEMON_H

#include <stdbool.h>

/*
 * daemon_fork()
 *
 *	Leave the caller's session.  Returns in the child; the parent stays
 *	until the child is ready or has ended, and then exits with 0 or the
 *	child's status.  Before any thread exists.
 */
void	daemon_fork(void);

/*
 * daemon_ready()
 *
 *	Everything is up: tell the parent and the service manager.  After
 *	daemon_fork this is also where standard input, output and error are
 *	given up and the log goes to syslog.
 */
void	daemon_ready(void);

/*
 * daemon_leave()
 *
 *	What daemon_ready does for who was forked, for who has been started by
 *	one that was.
 */
void	daemon_leave(void);

/*
 * daemon_notify(state)
 *
 *	Tell the service manager ("STOPPING=1"), if there is one: sd_notify(3).
 *	Waits for it for 2 s at most.
 *
 * daemon_notify_fd(state, fd)
 *
 *	The same, with a descriptor: "FDSTORE=1".  False: he has not got it.
 *
 * daemon_reloading()
 *
 *	Tell it that the configuration is being read again; "READY=1" follows.
 */
void	daemon_notify(const char *);
bool	daemon_notify_fd(const char *, int);
void	daemon_reloading(void);

/*
 * error = daemon_lock(dir, major)
 *
 *	Be the only daemon with this major number, by a file in dir, which is
 *	made if it is not there, for all to look into.  EPERM: dir is no
 *	directory, or others than its owner may write to it.  0, or an errno,
 *	logged.
 */
int	daemon_lock(const char *, unsigned);

#endif /* MAIN_DAEMON_H */
