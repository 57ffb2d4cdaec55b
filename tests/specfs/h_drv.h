/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_drv.h - a driver that watches its own contract.
 *
 * One device, minors 0..3 of the same softc-less driver "hd".  Reads block
 * until there is a byte or the device is cancelled.  Every breach of
 * the d_cancel contract is counted in hd_breaches: d_close during a call,
 * d_close without an open, a second d_close for one opening, a call that
 * begins between d_close and the next d_open.
 */
#ifndef TESTS_H_DRV_H
#define TESTS_H_DRV_H

#include <sys/conf.h>
#include <sys/condvar.h>
#include <sys/vnode.h>

#include <hyp/hyp_node.h>

#define	HD_TRACE	64
#define	HD_STEP_S	4
#define	HD_NEXT_S	3

struct hd {
	kmutex_t	hd_lock;
	kcondvar_t	hd_cv;
	struct selinfo	hd_sel;
	u_int		hd_calls;	/* in the driver, d_open not counted */
	u_int		hd_opens;	/* d_open in progress */
	u_int		hd_bytes;	/* to be read */
	bool		hd_isopen;	/* a d_open succeeded, no d_close since */
	bool		hd_cancelled;	/* d_cancel until d_close */
	bool		hd_gone;	/* no hardware: d_open gives ENXIO */
	bool		hd_open_holds;	/* d_open sleeps */
	bool		hd_close_holds;	/* d_close sleeps */
	bool		hd_close_moves;	/* ... and says that it gets on */
	u_int		hd_close_steps;	/* so often first, HD_STEP_S apart, and
					   that the next may take HD_NEXT_S;
					   both not with FNONBLOCK, and until
					   an interrupt if not hd_deaf */
	bool		hd_cut;		/* one has come */
	u_int		hd_drains;	/* ms that d_cancel says it takes */
	bool		hd_cancel_holds; /* d_cancel sleeps */
	bool		hd_deaf;	/* d_read does not mind d_cancel, nor
					   d_close an interrupt */
	int		hd_move_error;	/* how d_read, d_write end when they */
	u_int		hd_moves;	/* have moved so many, or none if 0 */
	int		hd_open_error;	/* what the next d_open's answer */
	int		hd_restarts;	/* d_open answers ERESTART so often */
	u_int		hd_read_restarts; /* d_read the same, at once */
	int		hd_failures;	/* d_open answers EIO so often */
	u_int		hd_nopen, hd_nclose, hd_ncancel;
	int		hd_cancelflag, hd_closeflag;	/* the last one's */
	u_int		hd_breaches;
	char		hd_trace[HD_TRACE];	/* o c(ancel) C(lose) r(ead out) */
};
extern struct hd hd[4];		/* by minor */

extern const struct cdevsw hd_cdevsw;		/* NetBSD's: d_cancel */
extern const struct cdevsw hd_legacy_cdevsw;	/* d_close only */
extern const struct cdevsw hd_giant_cdevsw;	/* not D_MPSAFE */

extern const struct cdevsw *hd_present;		/* which one is attached */

void	hd_setup(const struct cdevsw *);
void	hd_teardown(void);
struct hyp_node *hd_node(int);
void	hd_set(struct hd *, bool *, bool);
int	hd_calls_are(void *);		/* T_UNTIL: hd[0].hd_calls == *arg */
int	hd_is_set(void *);		/* T_UNTIL: a bool of hd[0] */
int	hd_opening(void *);		/* T_UNTIL: someone in hd[0]'s d_open */

#endif /* TESTS_H_DRV_H */
