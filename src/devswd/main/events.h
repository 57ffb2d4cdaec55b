/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * events.h - say that something has happened, for those who follow it.
 */
#ifndef MAIN_EVENTS_H
#define MAIN_EVENTS_H

#include <stdint.h>

#define	EVENTS_FOLLOWERS 32	/* of users at one time, but root's */
#define	EVENTS_SHARE	4	/* of them of one user */
#define	EVENTS_WAIT	5	/* s until one asks again */
#define	EVENTS_TEXT	2048	/* longest line */

/*
 * events_post(minor, format, ...)
 *
 *	An event: the members of a JSON object, strings escaped
 *	(host_text_json), without time and number.  minor: it tells of the use
 *	of that node, and so not to everybody; with EVENTS_PUBLIC, everybody,
 *	though it is kept among those; -1, it is everybody's.  Any thread; does
 *	not sleep for long.
 */
#define	EVENTS_PUBLIC	(INT64_C(1) << 32)
void	events_post(int64_t, const char *, ...)
	    __attribute__((format(printf, 2, 3)));

#endif /* MAIN_EVENTS_H */
