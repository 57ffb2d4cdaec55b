/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sched.h - the controlled scheduler: which thread runs next is chosen at
 * every point where that can matter, all choices are tried, and a run can be
 * made again.  Plain types: both compile worlds read this.
 *
 * A litmus is a small set of actors, each on a thread of its own, that use
 * the kernel side's own code.  Its threads are fibers of one host thread, so
 * between two points nothing else happens.
 */
#ifndef TESTS_SCHED_SCHED_H
#define TESTS_SCHED_SCHED_H

#include <stddef.h>
#include <stdint.h>

/* Another thread may run here.  Macros call it (tests/sched/bsd). */
void	sched_point(const char *, const char *, const char *);
#define	SCHED_POINT(what, p)						\
	(sched_point((what), #p, __func__), SCHED_WRITES(p))

/*
 * This thread reads, or writes, something that orders threads, at a point or
 * not; see prune.c.  Macros call it.
 */
extern int sched_pruning;
void	sched_touch(const volatile void *, int);
#define	SCHED_READS(p)							\
	(sched_pruning ? sched_touch((p), 0) : (void)0)
#define	SCHED_WRITES(p)							\
	(sched_pruning ? sched_touch((p), 1) : (void)0)

/* Something to be shown in the thread's column of a replay, and to be found
   by --find. */
void	sched_note(const char *, ...)
	    __attribute__((__format__(__printf__, 1, 2)));

/*
 * Bars: a call begins, and ends with an error or 0; they nest.  sched_did is
 * for what is over at once.  The first word says in which colour, see svg.c:
 * "open(2)", "d_cancel".
 */
void	sched_begin(const char *);
void	sched_end(const char *, int);
void	sched_did(const char *);

/* So much time goes by, although somebody could run: deadlines that are over
   then may come now or later, like everything else. */
void	sched_elapse(uint64_t);

/* This run is bad: ends it. */
_Noreturn void sched_fail(const char *, ...)
	    __attribute__((__format__(__printf__, 1, 2)));

#define	SCHED_CHECK(e)							\
	((e) ? (void)0 : sched_fail("%s:%d: %s", __FILE__, __LINE__, #e))

struct sched_actor {
	const char	*sa_name;
	void		(*sa_func)(void *);
	void		*sa_arg;
};

struct sched_litmus {
	const char	*sl_name;	/* one word */
	const char	*sl_rule;	/* what it proves */
	void		(*sl_setup)(void);
	const struct sched_actor *sl_actors;	/* sa_name NULL ends */
	void		(*sl_end)(void);	/* checks, and takes down */
};

/* What a program defines besides: its litmuses, a table for each file, and
   the names of the threads that only wait for work; NULL ends both. */
extern const struct sched_litmus *const sched_files[];
extern const char *const sched_background[];

/* ---- for the back end of hyp.h (h_hyp.c) ---------------------------- */

struct sched_thread;

struct sched_thread *sched_spawn(const char *, void (*)(void *), void *);
void	sched_join(struct sched_thread *);
int	sched_park(uint32_t *, uint32_t, uint64_t);
void	sched_unpark(uint32_t *, unsigned);
uint64_t sched_clock(void);
unsigned sched_cpu(void);		/* another one each time */
void	*sched_alloc(size_t);
void	sched_free(void *, size_t);
int	sched_shows(void);		/* notes are wanted */

/* Per-thread memory, all zero when the thread begins; h_curlwp.c. */
#define	SCHED_LWP_SIZE	1024
extern void *sched_lwp;

#endif /* TESTS_SCHED_SCHED_H */
