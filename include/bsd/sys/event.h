/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/event.h - the types of d_kqfilter.  Linux has no kqueue, so nothing
 * attaches a knote: drivers' entries compile, and are never called.
 */
#ifndef _SYS_EVENT_H_
#define _SYS_EVENT_H_

#include <sys/types.h>

#define	EVFILT_READ	0
#define	EVFILT_WRITE	1
#define	FILTEROP_ISFD	0x1

struct knote;
struct filterops {
	int	f_flags;
	int	(*f_attach)(struct knote *);
	void	(*f_detach)(struct knote *);
	int	(*f_event)(struct knote *, long);
};
struct knote {
	int64_t			 kn_filter;
	const struct filterops	*kn_fop;
	void			*kn_hook;
	int64_t			 kn_data;
};

#endif /* _SYS_EVENT_H_ */
