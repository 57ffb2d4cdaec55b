/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * devsw/revoke.h - revoke(2) for the nodes of devswd; libdevsw.
 */
#ifndef DEVSW_REVOKE_H
#define DEVSW_REVOKE_H

#ifdef __cplusplus
extern "C" {
#endif

/*
 * error = revoke(path)
 *
 *	Every open file of the device that path names is dead from now on,
 *	for everybody who has it.  Returns 0 when the driver's close has
 *	finished, or -1 with errno; revoke(2) of this library has the list.
 *	Any thread; sleeps, and a signal does not end it.
 *
 *	glibc's unistd.h declares it too, and its libc answers ENOSYS.
 */
int	revoke(const char *);

#ifdef __cplusplus
}
#endif

#endif /* DEVSW_REVOKE_H */
