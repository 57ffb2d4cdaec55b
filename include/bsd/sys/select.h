/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/select.h - selrecord(9).
 *
 * A selpoller is one open file that somebody polls; a selinfo is what a
 * driver wakes.  A record lasts until the selinfo is notified.  selrecord
 * and selnotify of one selinfo must be called under one lock of the
 * driver's, or a wake-up can be lost.
 */
#ifndef _SYS_SELECT_H_
#define _SYS_SELECT_H_

#include <sys/queue.h>
#include <sys/types.h>

struct lwp;
struct knote;

#define	SELPOLLER_NREC	4	/* selinfos that one file can wait on */

struct selinfo;
struct selrec {
	struct selinfo		*sr_sip;	/* NULL: free */
	struct selpoller	*sr_poller;
	LIST_ENTRY(selrec)	 sr_entry;
};

struct selpoller {
	void		(*sp_wake)(void *);	/* must not sleep */
	void		*sp_arg;
	bool		 sp_used;	/* select_lock: was recorded once */
	struct selrec	 sp_rec[SELPOLLER_NREC];
};

struct selinfo {
	u_int		sel_count;	/* atomic: length of sel_recs */
	LIST_HEAD(selreclist, selrec) sel_recs;
};

void	selinit(struct selinfo *);
void	seldestroy(struct selinfo *);
void	selrecord(struct lwp *, struct selinfo *);
void	selnotify(struct selinfo *, int, long);
void	selrecord_knote(struct selinfo *, struct knote *);
void	selremove_knote(struct selinfo *, struct knote *);

void	selpoller_init(struct selpoller *, void (*)(void *), void *);
void	selpoller_wake(struct selpoller *);
void	selpoller_destroy(struct selpoller *);

#endif /* _SYS_SELECT_H_ */
