/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sched_impl.h - what the files of the controlled scheduler share:
 *
 *	sched.c		who runs next, runs, searches, the command line
 *	fiber.c		how a thread is made and gone on with; or token.c, for
 *			ThreadSanitizer
 *	prune.c		which schedules are as good as others
 *	trace.c		what a run is shown as: text in columns
 *	svg.c		the same as a picture
 */
#ifndef TESTS_SCHED_SCHED_IMPL_H
#define TESTS_SCHED_SCHED_IMPL_H

#include <stdio.h>

#include "sched/sched.h"

#define	THREADS_MAX	24
#define	STACK_SIZE	(128 * 1024)

enum sched_state { IDLE, RUNNABLE, PARKED, JOINING, DONE };

struct sched_thread {
	enum sched_state st_state;
	int		 st_background;
	unsigned	 st_number;
	char		 st_name[16];	/* a copy: K code has it on its stack */
	void		(*st_func)(void *);
	void		*st_arg;
	int		 st_actor;	/* a litmus has it */
	void		*st_sp;		/* fiber.c, token.c */
	char		*st_stack;	/* fiber.c */
	uint32_t	*st_word;	/* PARKED */
	uint64_t	 st_deadline;	/* PARKED; 0: none */
	int		 st_late;	/* the deadline is over */
	unsigned	 st_cpu;	/* as far as it knows */
	struct sched_thread *st_joins;	/* JOINING; NULL: everybody */
	unsigned	 st_priority;	/* pct */
	_Alignas(64) char st_lwp[SCHED_LWP_SIZE];
};

/* ---- fiber.c or token.c --------------------------------------------- */

extern const int ctx_real;	/* threads are real ones */
extern int ctx_ordered;		/* see token.c */

/* t begins in sched_thread_main when it is gone on with. */
void	ctx_make(struct sched_thread *);
/* Go on with to instead of from; NULL is main, which is not gone back from
   when something has failed. */
void	ctx_switch(struct sched_thread *, struct sched_thread *);
/* First in a thread, and last: go on with to, for good. */
void	ctx_entered(struct sched_thread *);
void	ctx_leave(struct sched_thread *, struct sched_thread *);
/* What the thread has done is over for who calls. */
void	ctx_joined(struct sched_thread *);
/* The scheduler's own accesses in the C library, from 1 to 0. */
void	ctx_quiet(int);

void	sched_thread_main(void);
void	sched_raced(void);	/* the sanitizer has reported a race */

/* ---- trace.c -------------------------------------------------------- */

enum trace_kind {
	TRACE_POINT,		/* another thread might have run here */
	TRACE_NOTE,
	TRACE_BEGIN, TRACE_END,	/* a bar */
	TRACE_DID,
	TRACE_SLEEP,		/* until it is woken */
	TRACE_WAKE,		/* te_peer, or everybody who sleeps there */
	TRACE_FAIL,
};

struct trace_event {
	enum trace_kind	 te_kind;
	uint8_t		 te_thread;
	uint8_t		 te_peer;
	char		 te_text[110];
};

#define	TRACE_MAX	4096
#define	TRACE_WANTS	16

struct trace {
	char		 tr_name[THREADS_MAX][16]; /* "": nothing of it */
	unsigned	 tr_column[THREADS_MAX];
	unsigned	 tr_ncolumns;
	char		 tr_before[120];	/* what the setup did */
	unsigned	 tr_n;
	struct trace_event tr_event[TRACE_MAX];
};
extern struct trace trace;
extern int tracing;		/* a run is shown, or looked into */

/* A run begins; if show its columns are printed. */
void	trace_start(int show);
/* This thread has a column from now on. */
void	trace_thread(const struct sched_thread *);
void	trace_event(const struct sched_thread *, enum trace_kind,
	    const struct sched_thread *, const char *, ...)
	    __attribute__((__format__(__printf__, 4, 5)));
/* The thread has come to a point: before, and after others have run. */
void	trace_arrive(const struct sched_thread *, const char *);
void	trace_point(const struct sched_thread *, const char *, const char *,
	    const char *);
void	trace_setup(const char *);
/* Texts that a run has to have, in this order; one with a ! in front must not
   come before the next one.  Has it? */
void	trace_want(const char *);
int	trace_wanted(void);
unsigned trace_switches(void);

/* ---- prune.c -------------------------------------------------------- */

void	prune_search(unsigned);
void	prune_run(void);
void	prune_event(unsigned, uintptr_t, int);
void	prune_learn(unsigned, uint64_t);
void	prune_order(unsigned, unsigned);
int	prune_known(unsigned, unsigned);
uint64_t prune_ends(void);

/* ---- svg.c ---------------------------------------------------------- */

/* 0, or -1 with errno. */
int	svg_write(const char *file, const char *title, const char *again);

#endif /* TESTS_SCHED_SCHED_IMPL_H */
