/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/mutex.h - mutex(9).
 *
 * Adaptive and spin mutexes are the same here: an uncontended one is one
 * compare-and-swap and no hypercall, a contended one parks.  No mutex may
 * be held while its owner sleeps on a condition variable, but that
 * variable's own.  options LOCKDEBUG (sys/lockdebug.h) checks that, and the
 * order in which mutexes are taken.
 */
#ifndef _SYS_MUTEX_H_
#define _SYS_MUTEX_H_

#include <sys/types.h>
#include <sys/lockdebug.h>

typedef enum kmutex_type_t {
	MUTEX_SPIN = 0,
	MUTEX_ADAPTIVE = 1,
	MUTEX_DEFAULT = 2,
	MUTEX_DRIVER = 3,
	MUTEX_NODEBUG = 4
} kmutex_type_t;

/* Interrupt priority levels: part of call forms only. */
#define	IPL_NONE	0
#define	IPL_SOFTCLOCK	1
#define	IPL_SOFTBIO	2
#define	IPL_SOFTNET	3
#define	IPL_SOFTSERIAL	4
#define	IPL_VM		5
#define	IPL_SCHED	6
#define	IPL_HIGH	7
#define	IPL_SOFTUSB	IPL_SOFTSERIAL
#define	IPL_USB		IPL_VM
#define	IPL_TTY		IPL_VM

typedef struct kmutex {
	uint32_t	 mtx_word;	/* 0 free, 1 held, 2 held and waited for */
	struct lwp	*mtx_owner;
#ifdef LOCKDEBUG
	struct lockdebug_class *mtx_class;
#endif
} kmutex_t;

void	(mutex_init)(kmutex_t *, kmutex_type_t, int);
void	(mutex_destroy)(kmutex_t *);
void	(mutex_enter)(kmutex_t *);
void	(mutex_exit)(kmutex_t *);
int	(mutex_tryenter)(kmutex_t *);
int	mutex_owned(const kmutex_t *);

#define	mutex_spin_enter(m)	mutex_enter(m)
#define	mutex_spin_exit(m)	mutex_exit(m)

#endif /* _SYS_MUTEX_H_ */
