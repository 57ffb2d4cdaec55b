/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * change.h - what is changed in a daemon that runs: SIGHUP's doing, and
 * devswctl(8)'s.
 *
 * All functions are for main's thread, but change for an upgrade, which is for
 * another.
 */
#ifndef MAIN_CHANGE_H
#define MAIN_CHANGE_H

#include "libdevsw/control.h"
#include "main/options.h"

/*
 * change_open(options, argc, argv)
 *
 *	What will be changed, and the command line that it came from.
 */
void	change_open(struct options *, int, char **);

/*
 * change_again()
 *
 *	At the start, when there are drivers: what the daemon before this one was
 *	told goes on, if that did not stop.  The log says what does, and why
 *	something does not.
 */
void	change_again(void);

/*
 * change_reload()
 *
 *	Read the configuration again; the log says what that has changed.
 */
void	change_reload(void);

/*
 * text = change(request, &error)
 *
 *	A control_change_t: do it, and say what was done, to the caller, who
 *	frees it, and into the log.  EINVAL, ENOENT: it is wrong, and the text
 *	says why.  Detaches and attaches are begun, not waited for.
 */
char	*change(const struct control_request *, int *);

/*
 * why = change_why()
 *
 *	Why a device leaves now that is plugged in: "released"; NULL: nothing
 *	is being changed.
 */
const char *change_why(void);

#endif /* MAIN_CHANGE_H */
