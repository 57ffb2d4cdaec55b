/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/event.h - kqueue(9) filters, as poll(2).
 *
 * Linux has no kqueue(2), but a driver that has filters and no d_poll can be
 * polled: its EVFILT_READ answers for POLLIN, its EVFILT_WRITE for POLLOUT.  A
 * knote lives for one look (kern_event.c): d_kqfilter attaches it, f_event is
 * asked once, with hint 0, f_detach ends it.
 *
 * So f_event is never called by selnotify(9) and never with NOTE_SUBMIT: who
 * waits is woken, and asks again.
 */
#ifndef _SYS_EVENT_H_
#define _SYS_EVENT_H_

#include <sys/types.h>

#define	EVFILT_READ	0
#define	EVFILT_WRITE	1

/* kn_flags */
#define	EV_EOF		0x8000		/* POLLHUP */

/* hints of f_event */
#define	NOTE_SUBMIT	0x01000000	/* the driver's lock is held */

/* f_flags */
#define	FILTEROP_ISFD	0x1
#define	FILTEROP_MPSAFE	0x2		/* without the kernel lock */

struct knote;
struct lwp;
struct filterops {
	int	f_flags;
	int	(*f_attach)(struct knote *);
	void	(*f_detach)(struct knote *);
	int	(*f_event)(struct knote *, long);
};
struct knote {
	int64_t			 kn_filter;
	const struct filterops	*kn_fop;	/* by d_kqfilter */
	void			*kn_hook;	/* the driver's */
	int64_t			 kn_data;	/* how much, by f_event */
	uint32_t		 kn_flags;	/* EV_EOF, by f_event */
	uint32_t		 kn_sfflags;	/* 0 */
	struct lwp		*kn_lwp;	/* who polls */
};

void	knote_set_eof(struct knote *, uint32_t);

/* Ready-made: always ready. */
int	filt_seltrue(struct knote *, long);
extern const struct filterops seltrue_filtops;

/*
 * revents = knote_poll(kqfilter, cookie, events, l)
 *
 *	What d_poll would answer, by filters: kqfilter(cookie, kn) is
 *	d_kqfilter.  POLLERR: it knows no filter at all.
 */
int	knote_poll(int (*)(void *, struct knote *), void *, int, struct lwp *);

#endif /* _SYS_EVENT_H_ */
