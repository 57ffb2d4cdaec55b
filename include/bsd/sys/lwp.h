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
#define	LW_CUT		0x4	/* the same of the close that it does */

struct file;
struct hyp_note;
struct vnode;

struct lwp_progress {
	u_int		 lp_time;	/* atomic; getticks() of the last */
	u_int		 lp_ms;		/* atomic; until the next is due */
	u_int		 lp_sent;	/* atomic; getticks() when all is sent */
};

/*
 * An open with O_NONBLOCK waits so long for the end of a close, if what that
 * has to send will be sent by then.
 */
#define	LWP_NBWAIT_MS	1000
#define	LWP_NEVER	(~0U)

struct lwp {
	kauth_cred_t	 l_cred;
	struct proc	*l_proc;
	uint32_t	 l_wake;	/* atomic; the word that it parks on */
	bool		 l_nosleep;	/* interruptible sleeps end at once */
	u_int		 l_biglocks;	/* depth of the kernel lock */
	u_int		 l_mutexes;	/* how many it holds */
	uint32_t	*l_unpark;	/* the wake-up that it has put off */
	u_int		 l_nopreempt;	/* depth of kpreempt_disable */
	u_int		 l_xcount;	/* where that is counted */
	kcondvar_t	*l_wchan;	/* under the condvar's cv_lock */
	TAILQ_ENTRY(lwp) l_sleepchain;	/* same */
	const char	*l_wmesg;
	struct selpoller *l_poller;	/* who polls, for selrecord */
	struct lwp_progress *l_progress; /* of the close that it does */
	void		*l_closing;	/* whom vn_close_known tells, or NULL */
	struct file	*l_clone;	/* fd_clone to spec_open */
	struct vnode	*l_clonevp;	/* with EMOVEFD of VOP_OPEN */
	struct hyp_note	*l_note;	/* what it is in (sys/lwpnote.h) */
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

/*
 * lwp_drains(ms)
 *
 *	From d_cancel or d_close, by the close's own thread: what is left will
 *	be sent in so many ms; LWP_NEVER: output is stopped, who knows.  Who
 *	opens with O_NONBLOCK does not wait for the close then, if that is
 *	more than LWP_NBWAIT_MS.  Not NetBSD's.  Nothing elsewhere; does not
 *	sleep.
 */
void	lwp_drains(u_int);

bool	lwp_intr_pending(struct lwp *);
void	lwp_intr_post(struct lwp *);
void	lwp_cut_post(struct lwp *);
void	lwp_cut_clear(struct lwp *);

#endif /* _SYS_LWP_H_ */
