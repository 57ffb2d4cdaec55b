/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * modnow.h - modules for now: those that devswctl(8) loads, and takes out.
 */
#ifndef MAIN_MODNOW_H
#define MAIN_MODNOW_H

#include <stddef.h>

/*
 * error = modnow_load(path, why, len)
 * error = modnow_unload(name)
 *
 *	hyp_module_load and hyp_module_unload, and the next daemon is told.
 *	ENOSPC: there is no room to tell it, and nothing is loaded.  Any thread;
 *	sleep.
 *
 * modnow_again()
 *
 *	At the start, when there are those of the command line: load those that
 *	the daemon before this one had, if that did not stop.  The log says which,
 *	and why one is not.  Sleeps.
 */
int	modnow_load(const char *, char *, size_t);
int	modnow_unload(const char *);
void	modnow_again(void);

#endif /* MAIN_MODNOW_H */
