/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/systm.h - what everything in a kernel may call.
 */
#ifndef _SYS_SYSTM_H_
#define _SYS_SYSTM_H_

#include <stdarg.h>

#include <sys/types.h>
#include <lib/libkern/libkern.h>
#include <sys/intr.h>
#include <sys/kthread.h>
#include <sys/lockdebug.h>

struct lwp;
struct kmutex;

__dead void panic(const char *, ...) __printflike(1, 2);
void	printf(const char *, ...) __RENAME(printf) __printflike(1, 2);
void	log(int, const char *, ...) __RENAME(log) __printflike(2, 3);

void	vlog(int, const char *, va_list) __printflike(2, 0);

int	kpause(const char *, bool, int, struct kmutex *);
int	tsleep(wchan_t, pri_t, const char *, int);
int	mtsleep(wchan_t, pri_t, const char *, int, struct kmutex *);
void	wakeup(wchan_t);
void	delay(u_int);

/* Between them is a callback for xc_barrier(9). */
void	kpreempt_disable(void);
void	kpreempt_enable(void);
bool	kpreempt_disabled(void);

/* Before what may sleep: no mutex is held.  Checked with LOCKDEBUG. */
#define	ASSERT_SLEEPABLE()	LOCKDEBUG_BARRIER(NULL, __func__)

int	enodev(void);
int	enxio(void);
int	enosys(void);
int	eopnotsupp(void);
int	enoioctl(void);
int	nullop(void *);

int	seltrue(dev_t, int, struct lwp *);

/* The one recursive lock around code that is not MP-safe; dropped while its
   holder sleeps. */
void	kernel_lock(int);
void	kernel_unlock(int);
bool	kernel_locked_p(void);
u_int	kernel_lock_turn(bool *);
u_int	kernel_unlock_all(void);
#define	KERNEL_LOCK(n, l)	kernel_lock(n)
#define	KERNEL_UNLOCK_ONE(l)	kernel_unlock(1)
#define	KERNEL_LOCKED_P()	kernel_locked_p()

/* What does not come back; kern_zombie.c. */
u_int	zombie_ms(void);
void	zombie_enter(const char *, ...) __printflike(1, 2);
void	zombie_exit(const char *, ...) __printflike(1, 2);
u_int	zombie_count(void);

/* Called once by hyp_boot and hyp_halt. */
int	kern_init(void);
void	kern_fini(void);

#endif /* _SYS_SYSTM_H_ */
