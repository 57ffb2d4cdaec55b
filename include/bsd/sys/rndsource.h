/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/rndsource.h - rnd(9): what a driver knows that nobody can guess goes to
 * Linux's pool.
 *
 * A source is a driver's, from rnd_attach_source to rnd_detach_source.  One
 * with RND_FLAG_HASCB is asked by its callback, at the attach and then every
 * RND_PERIOD seconds; others send when they have something.
 *
 *	function		locks held		may sleep
 *	--------		----------		---------
 *	rnd_attach_source	none			no, but for the callback
 *	rnd_detach_source	none of the callback's	for the callback
 *	rnd_add_*		any			no
 *	the callback		none			should not
 *
 * All members are private.
 */
#ifndef _SYS_RNDSOURCE_H_
#define	_SYS_RNDSOURCE_H_

#include <sys/types.h>
#include <sys/callout.h>
#include <sys/mutex.h>

/* Kinds of sources. */
#define	RND_TYPE_UNKNOWN	0
#define	RND_TYPE_DISK		1
#define	RND_TYPE_NET		2
#define	RND_TYPE_TAPE		3
#define	RND_TYPE_TTY		4
#define	RND_TYPE_RNG		5
#define	RND_TYPE_SKEW		6
#define	RND_TYPE_ENV		7
#define	RND_TYPE_VM		8
#define	RND_TYPE_POWER		9

/* Flags of rnd_attach_source. */
#define	RND_FLAG_NO_ESTIMATE	0x00000100	/* counts as no entropy */
#define	RND_FLAG_NO_COLLECT	0x00000200	/* is not used at all */
#define	RND_FLAG_HASCB		0x00000800	/* rndsource_setcb was called */
#define	RND_FLAG_COLLECT_TIME	0x00001000	/* when it was added */
#define	RND_FLAG_COLLECT_VALUE	0x00002000	/* what was added */
#define	RND_FLAG_ESTIMATE_TIME	0x00004000	/* accepted, no effect */
#define	RND_FLAG_ESTIMATE_VALUE	0x00008000	/* accepted, no effect */
#define	RND_FLAG_DEFAULT						\
	(RND_FLAG_COLLECT_TIME | RND_FLAG_COLLECT_VALUE |		\
	    RND_FLAG_ESTIMATE_TIME | RND_FLAG_ESTIMATE_VALUE)

#define	RND_REQUEST	32	/* bytes that a callback is asked for */
#define	RND_PERIOD	300	/* seconds */
#define	RND_RATE	4096	/* bytes a second that a source may send */

typedef struct krndsource {
	char		 rs_name[16];
	uint32_t	 rs_type;
	uint32_t	 rs_flags;
	void		(*rs_get)(size_t, void *);
	void		*rs_cookie;
	callout_t	 rs_callout;
	kmutex_t	 rs_lock;
	bool		 rs_detaching;	/* rs_lock */
	uint64_t	 rs_second;	/* rs_lock: ns; when this one began */
	size_t		 rs_room;	/* rs_lock: bytes left in it */
} krndsource_t;

void	rndsource_setcb(krndsource_t *, void (*)(size_t, void *), void *);
void	rnd_attach_source(krndsource_t *, const char *, uint32_t, uint32_t);
void	rnd_detach_source(krndsource_t *);
void	rnd_add_data(krndsource_t *, const void *, uint32_t, uint32_t);
void	rnd_add_data_sync(krndsource_t *, const void *, uint32_t, uint32_t);
void	rnd_add_uint32(krndsource_t *, uint32_t);

#endif /* _SYS_RNDSOURCE_H_ */
