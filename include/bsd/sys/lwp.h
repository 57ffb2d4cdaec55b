/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/lwp.h - threads as drivers see them.
 *
 * Every host thread that runs K code has one struct lwp, its own for as long
 * as it lives, so curlwp is a stable pointer.
 */
#ifndef _SYS_LWP_H_
#define _SYS_LWP_H_

#include <sys/condvar.h>
#include <sys/kauth.h>
#include <sys/lockdebug.h>
#include <sys/proc.h>
#include <sys/queue.h>

/* l_wake: what has happened to a sleeper. */
#define	LW_WAKEUP	0x1	/* a condition variable chose it */
#define	LW_INTR		0x2	/* an interrupt is pending */

struct file;
struct vnode;

struct lwp_progress {
	u_int		 lp_time;	/* atomic; getticks() of the last */
	u_int		 lp_ms;		/* atomic; until the next is due */
};

struct lwp {
	kauth_cred_t	 l_cred;
	struct proc	*l_proc;
	uint32_t	 l_wake;	/* atomic; the word that it parks on */
	bool		 l_nosleep;	/* interruptible sleeps end with EAGAIN */
	u_int		 l_biglocks;	/* depth of the kernel lock */
	kcondvar_t	*l_wchan;	/* under the condvar's cv_lock */
	TAILQ_ENTRY(lwp) l_sleepchain;	/* same */
	const char	*l_wmesg;
	struct selpoller *l_poller;	/* who polls, for selrecord */
	struct lwp_progress *l_progress; /* of the close that it does */
	void		*l_closing;	/* whom vn_close_known tells, or NULL */
	struct file	*l_clone;	/* fd_clone to spec_open */
	struct vnode	*l_clonevp;	/* with EMOVEFD of VOP_OPEN */
	struct kauth_cred l_credstore;
	struct proc	 l_procstore;
#ifdef LOCKDEBUG
	struct lockdebug_lwp l_lockdebug;
#endif
};

struct lwp *lwp_current(void);
#define	curlwp	lwp_current()
#define	curproc	(curlwp->l_proc)

/*
 * lwp_progress(ms)
 *
 *	From d_close, by its own thread: what it waits for gets on, and the
 *	next sign of that may take so many ms more than the deadline of a
 *	close.  Not NetBSD's.  Nothing elsewhere; does not sleep.
 */
void	lwp_progress(u_int);

bool	lwp_intr_pending(struct lwp *);
void	lwp_intr_post(struct lwp *);

#endif /* _SYS_LWP_H_ */
