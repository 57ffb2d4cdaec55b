/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_calls.h - system calls on terminals, for litmuses: those that h_node.h's
 * clients do not have.  User 1000; Linux errno.
 */
#ifndef TESTS_SCHED_H_CALLS_H
#define TESTS_SCHED_H_CALLS_H

#include <stddef.h>
#include <stdint.h>

#include "specfs/h_node.h"

/* Linux's numbers. */
#define	L_EINTR		4
#define	L_EIO		5
#define	L_ENXIO		6
#define	L_EBADF		9
#define	L_EAGAIN	11
#define	L_EACCES	13
#define	L_EBUSY		16

#define	L_TCSBRK	0x5409
#define	L_TCFLSH	0x540b
#define	L_TCIOFLUSH	2
#define	L_TCXONC	0x540a
#define	L_TCOOFF	0
#define	L_TCOON		1
#define	L_TCGETS	0x5401
#define	L_TCSETS	0x5402
#define	L_TCSETSW	0x5403
#define	L_TIOCEXCL	0x540c
#define	L_TIOCOUTQ	0x5411
#define	L_TIOCMBIS	0x5416
#define	L_TIOCM_RTS	0x4
#define	L_TIOCSBRK	0x5427
#define	L_TIOCCBRK	0x5428
#define	L_TIOCSERGETLSR	0x5459
#define	L_TIOCMIWAIT	0x545c
#define	L_TIOCM_CD	0x40

int	c_open(struct h_client *, int);		/* HYP_F_NONBLOCK or 0 */
int	c_read(struct h_client *, void *, size_t, size_t *);
int	c_write(struct h_client *, const void *, size_t, size_t *);
int	c_ioctl(struct h_client *, uint32_t, uint64_t);	/* arg by value */

/* tcgetattr, and tcsetattr of the same: L_TCSETS, L_TCSETSW. */
int	c_setattr(struct h_client *, uint32_t);

/* Make a terminal raw: so many bytes, so many tenths of a second. */
struct tty;
void	c_raw(struct tty *, int, int);

/* Sleep until a condition on a tty holds, looked at in virtual time. */
void	c_await(int (*)(void *), void *);

/*
 * A call that a signal may end: between c_intr_enter, as h_enter, and c_intr_exit
 * an actor c_interrupts ends its sleep, or its next one; one that comes later
 * does nothing.  One call in a run, which c_intr_begin begins.
 */
void	c_intr_begin(void);
struct hyp_lwp *c_intr_enter(void);
void	c_intr_exit(struct hyp_lwp *);
void	c_interrupts(void *);

/*
 * Counts of the litmuses' own.  Like atomic_load_relaxed they are no point,
 * and order nothing; the value is the new one.
 */
#define	C_INCR(p)	__atomic_add_fetch((p), 1, __ATOMIC_RELAXED)
#define	C_DECR(p)	__atomic_sub_fetch((p), 1, __ATOMIC_RELAXED)

/* A run begins: forget the threads of the one before, which may have ended
   in the middle (h_pthread.c). */
void	hp_forget(void);

#endif /* TESTS_SCHED_H_CALLS_H */
