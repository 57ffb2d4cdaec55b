/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/kmem.h - kmem(9).
 *
 * All memory comes zeroed.  KM_SLEEP never fails: the daemon ends with a
 * message when the host has no memory left.
 */
#ifndef _SYS_KMEM_H_
#define _SYS_KMEM_H_

#include <sys/types.h>
#include <sys/lockdebug.h>

typedef unsigned int km_flag_t;
#define	KM_SLEEP	0x1
#define	KM_NOSLEEP	0x2

void	*kmem_alloc(size_t, km_flag_t);
void	*kmem_zalloc(size_t, km_flag_t);
#if defined(LOCKDEBUG) && defined(_MODULE)
#define	kmem_alloc(size, flags)						\
	(lockdebug_alloc(((flags) & KM_SLEEP) != 0, LOCKDEBUG_HERE),	\
	kmem_alloc((size), (flags)))
#define	kmem_zalloc(size, flags)					\
	(lockdebug_alloc(((flags) & KM_SLEEP) != 0, LOCKDEBUG_HERE),	\
	kmem_zalloc((size), (flags)))
#endif
void	kmem_free(void *, size_t);
char	*kmem_asprintf(const char *, ...) __printflike(1, 2);
void	kmem_strfree(char *);

/* Bytes and pieces in use: tests compare them before and after. */
size_t	kmem_inuse(u_int *);

#endif /* _SYS_KMEM_H_ */
