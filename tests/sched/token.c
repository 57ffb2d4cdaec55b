/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * token.c - the threads of the controlled scheduler as real ones, in the place
 * of fiber.c: for ThreadSanitizer.
 *
 *	One thread at a time has the token and runs; the others wait for
 *	theirs (a futex).  This file and the scheduler's others are compiled
 *	without instrumentation and wait by bare system calls, so the
 *	sanitizer sees the accesses in the order of the schedule, but not that
 *	the token ordered them: what no lock, atomic or join of the code under
 *	test orders is reported as a race, also where nothing ran in between.
 *
 *	What it is told, because it holds with other back ends as well: a
 *	thread begins after its creation, and ends before its join.  A park is
 *	ordered after its unpark by nothing: the futex of hyp_posix.c orders
 *	nothing for the sanitizer either, and kern_mutex.c and kern_condvar.c
 *	do not rely on it.  A run comes after all of the run before, whose
 *	memory and threads it uses again.
 *
 *	With ctx_ordered it is told of the token as well, and sees no race at
 *	all: that is what this file is there to avoid (t_races.py shows it).
 *
 * A thread is made once for each slot and used again by the next run, unless
 * it is stuck in a run that has failed.  All are on one CPU: only one has
 * something to do, and to hand over is quicker there.
 */
#undef NDEBUG
#include <sys/syscall.h>

#include <assert.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sanitizer/tsan_interface.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sched/sched_impl.h"

#define	WORKER_STACK	(1024 * 1024)

struct worker {
	uint32_t	w_token;	/* 1: its turn */
	int		w_idle;		/* between two runs */
	pthread_t	w_thread;
};

const int ctx_real = 1;
int ctx_ordered;

static uint32_t main_token;
static char token_sync;			/* an address, with ctx_ordered */

void	AnnotateIgnoreReadsBegin(const char *, int);
void	AnnotateIgnoreReadsEnd(const char *, int);
void	AnnotateIgnoreWritesBegin(const char *, int);
void	AnnotateIgnoreWritesEnd(const char *, int);
void	__tsan_on_report(void *);
const char *__tsan_default_options(void);

/* ---- the token ------------------------------------------------------ */

static void
token_give(uint32_t *token)
{

	if (ctx_ordered)
		__tsan_release(&token_sync);
	__atomic_store_n(token, 1, __ATOMIC_SEQ_CST);
	(void)syscall(SYS_futex, token, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void
token_await(uint32_t *token)
{

	while (__atomic_exchange_n(token, 0, __ATOMIC_SEQ_CST) == 0)
		(void)syscall(SYS_futex, token, FUTEX_WAIT_PRIVATE, 0, NULL,
		    NULL, 0);
	if (ctx_ordered)
		__tsan_acquire(&token_sync);
}

static uint32_t *
token_of(const struct sched_thread *t)
{

	return t == NULL ? &main_token : &((struct worker *)t->st_sp)->w_token;
}

/* ---- threads -------------------------------------------------------- */

static void *
worker_main(void *arg)
{
	struct worker *const w = arg;

	for (;;) {
		token_await(&w->w_token);
		sched_thread_main();
	}
	return NULL;
}

static struct worker *
worker_create(void)
{
	struct worker *const w = calloc(1, sizeof(*w));
	pthread_attr_t attr;

	assert(w != NULL);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, WORKER_STACK);
	if (pthread_create(&w->w_thread, &attr, worker_main, w) != 0) {
		perror("sched: pthread_create");
		exit(1);
	}
	pthread_attr_destroy(&attr);
	return w;
}

/* This process stays where it is. */
static void
one_cpu(void)
{
	static int done;
	cpu_set_t set;
	const int cpu = sched_getcpu();

	if (done || cpu < 0)
		return;
	CPU_ZERO(&set);
	CPU_SET((unsigned)cpu, &set);
	(void)sched_setaffinity(0, sizeof(set), &set);
	done = 1;
}

void
ctx_make(struct sched_thread *t)
{
	struct worker *w = t->st_sp;

	one_cpu();
	if (w == NULL || !w->w_idle)
		t->st_sp = w = worker_create();
	w->w_idle = 0;
	__tsan_release(&t->st_func);
}

void
ctx_switch(struct sched_thread *from, struct sched_thread *to)
{

	token_give(token_of(to));
	token_await(token_of(from));
}

void
ctx_entered(struct sched_thread *t)
{

	__tsan_acquire(&t->st_func);
}

void
ctx_leave(struct sched_thread *from, struct sched_thread *to)
{

	__tsan_release(&from->st_joins);
	((struct worker *)from->st_sp)->w_idle = 1;
	token_give(token_of(to));
}

void
ctx_joined(struct sched_thread *t)
{

	__tsan_acquire(&t->st_joins);
}

/* ---- the sanitizer -------------------------------------------------- */

void
ctx_quiet(int begin)
{

	if (begin) {
		AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
		AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
	} else {
		AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
		AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
	}
}

/*
 * At its end a process waits a second for threads that may still race, and
 * each litmus is a process.  Here nobody runs any more.
 */
const char *
__tsan_default_options(void)
{

	return "atexit_sleep_ms=0";
}

/* After each report. */
void
__tsan_on_report(void *report)
{

	(void)report;
	sched_raced();
}
