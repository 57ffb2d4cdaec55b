/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_day.h - main() of the programs of failures in turn: a day is lived once
 * for each call in it that may fail, with that one failing (h_fail.h).
 *
 *	PROGRAM [--all] [--memory] [--day NAME] [NUMBER [ERROR]]
 *
 * Each time in a process of its own, which is given REAL_S seconds.  Without
 * --all only some of the failures are tried, different ones for each day.
 * With a number it is that one alone, and what is said is shown; with --memory
 * it is one of memory.
 *
 * A day is good if it comes to its end with all its promises kept, and if no
 * more is in use then (d_memory, d_nodes) than without a failure; or if the
 * daemon says why it cannot go on, and ends with exit status 1, or 2 for its
 * command line, or by SIGABRT if it is out of memory, which its last line says.
 */
#ifndef TESTS_TORTURE_H_DAY_H
#define TESTS_TORTURE_H_DAY_H

#include <stdbool.h>
#include <stdint.h>

/* One that can be lived; the program's table ends with a name of NULL. */
struct day_life {
	const char	*dl_name;
	void		(*dl_live)(void);
	unsigned	 dl_kinds;	/* FAIL_*, each for itself */
	unsigned	 dl_share;	/* without --all: one in so many calls */
	unsigned	 dl_memshare;	/* and of memory; 0: none */
};
extern const struct day_life day_lives[];

/* How it was; shared with the process that makes others. */
struct day {
	unsigned	 d_calls;	/* that may fail */
	unsigned	 d_nodes;
	uint64_t	 d_memory;
	const char	*d_what;	/* which call failed */
	void		*d_where;	/* and where it was made */
	unsigned	 d_errors;	/* that it can have; 0: not known */
	const char	*d_phase;
	const char	*d_within;	/* a client's call in which it did, */
	int		 d_result;	/* and what that returned */
	const char	*d_broken;	/* the promise that is not kept */
	int		 d_line;
	bool		 d_over;
};
extern struct day *day;

/*
 * day_failures_begin()
 * day_failures_end()
 *
 *	The failure comes between them, in each day once.
 */
void	day_failures_begin(void);
void	day_failures_end(void);

/* What is done now, for who has to look for a fault. */
#define	PHASE(f)	(day->d_phase = #f, (f))

/* Ends the process. */
_Noreturn void day_broken(const char *, int);
#define	PROMISE(e)	((e) ? (void)0 : day_broken(#e, __LINE__))

#endif /* TESTS_TORTURE_H_DAY_H */
