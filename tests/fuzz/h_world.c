/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_world.c - see h_world.h.
 *
 * FUZZ_LOG in the environment shows what the kernel side logs.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/h_fuzz.h"
#include "fuzz/h_world.h"
#include "hyp/hyp.h"
#include "hyp/hyp_trace.h"
#include "sched/sched_impl.h"

#define	THREADS		160		/* a port each, a device each, ... */
#define	SLEEPS_MAX	1000000u
#define	TIME_MAX	(UINT64_C(3600) * 1000000000)

static struct sched_thread threads[THREADS];
static unsigned top;			/* those from here on were never used */
static struct sched_thread *cur;	/* NULL: who called world_run */
static _Alignas(64) char main_lwp[SCHED_LWP_SIZE];
void *sched_lwp = main_lwp;
static uint64_t now = 1000000000, began;
static unsigned sleeps;
static uint32_t chance = 1;

/* ---- who goes on ---------------------------------------------------- */

void
world_seed(uint32_t seed)
{

	chance = seed | 1;
}

static unsigned
choose(unsigned n)
{

	chance = chance * 1664525 + 1013904223;
	return n < 2 ? 0 : (chance >> 16) % n;
}

/* Time is over for those whose deadline comes first.  False: there is none. */
static bool
pass_time(void)
{
	uint64_t first = 0;

	for (unsigned i = 0; i < top; i++) {
		const struct sched_thread *const t = &threads[i];

		if (t->st_state == PARKED && t->st_deadline != 0 &&
		    (first == 0 || t->st_deadline < first))
			first = t->st_deadline;
	}
	if (first == 0)
		return false;
	if (first > now)
		now = first;
	for (unsigned i = 0; i < top; i++) {
		struct sched_thread *const t = &threads[i];

		if (t->st_state == PARKED && t->st_deadline != 0 &&
		    t->st_deadline <= now) {
			t->st_late = 1;
			t->st_state = RUNNABLE;
		}
	}
	if (now - began > TIME_MAX)
		fuzz_broken(__FILE__, __LINE__, "it takes more than an hour");
	return true;
}

static struct sched_thread *
next(void)
{
	struct sched_thread *can[THREADS];
	unsigned n = 0;

	do {
		for (unsigned i = 0; i < top; i++)
			if (threads[i].st_state == RUNNABLE)
				can[n++] = &threads[i];
	} while (n == 0 && pass_time());
	if (n == 0)
		fuzz_broken(__FILE__, __LINE__, "all sleep for ever");
	if (++sleeps > SLEEPS_MAX)
		fuzz_broken(__FILE__, __LINE__, "a million sleeps");
	return can[choose(n)];
}

static void
go(struct sched_thread *to)
{
	struct sched_thread *const from = cur;

	if (to == from)
		return;
	cur = to;
	sched_lwp = to == NULL ? main_lwp : to->st_lwp;
	ctx_switch(from, to);
}

/* The first function of a thread. */
void
sched_thread_main(void)
{
	struct sched_thread *const self = cur, *to;

	ctx_entered(self);
	self->st_func(self->st_arg);
	self->st_state = self->st_actor ? IDLE : DONE;
	for (unsigned i = 0; i < top; i++)
		if (threads[i].st_state == JOINING &&
		    threads[i].st_joins == self)
			threads[i].st_state = RUNNABLE;
	to = self == &threads[0] ? NULL : next();
	cur = to;
	sched_lwp = to == NULL ? main_lwp : to->st_lwp;
	ctx_leave(self, to);
}

/* st_actor: nobody is going to join it. */
static struct sched_thread *
spawn(unsigned from, void (*func)(void *), void *arg, bool alone)
{
	struct sched_thread *t = &threads[from];

	while (t < &threads[THREADS] && t->st_state != IDLE)
		t++;
	if (t == &threads[THREADS])
		return NULL;
	if (top <= (unsigned)(t - threads))
		top = (unsigned)(t - threads) + 1;
	memset(t->st_lwp, 0, sizeof(t->st_lwp));
	t->st_func = func;
	t->st_arg = arg;
	t->st_actor = alone;
	t->st_state = RUNNABLE;
	ctx_make(t);
	return t;
}

void
world_run(void (*func)(void *), void *arg)
{

	sleeps = 0;
	began = now;
	go(spawn(0, func, arg, true));
}

void
world_sleep(unsigned ms)
{
	static uint32_t never;
	const uint64_t until = now + (uint64_t)ms * 1000000;

	while (now < until)
		(void)hyp_park(&never, 0, until);
}

/* ---- hyp.h ---------------------------------------------------------- */

void *
hyp_alloc(size_t size)
{

	return calloc(1, size);
}

void
hyp_free(void *p, size_t size)
{

	(void)size;
	free(p);
}

int
hyp_thread_create(const char *name, void (*func)(void *), void *arg,
    struct hyp_thread **threadp)
{
	struct sched_thread *const t = spawn(1, func, arg, threadp == NULL);

	(void)name;
	if (t == NULL)
		return EAGAIN;
	if (threadp != NULL)
		*threadp = (struct hyp_thread *)t;
	return 0;
}

void
hyp_thread_join(struct hyp_thread *thread)
{
	struct sched_thread *const t = (struct sched_thread *)thread;

	if (t->st_state != DONE) {
		cur->st_joins = t;
		cur->st_state = JOINING;
		go(next());
	}
	t->st_state = IDLE;
}

int
hyp_park(uint32_t *word, uint32_t val, uint64_t deadline)
{
	struct sched_thread *const self = cur;

	if (*word != val)
		return 0;
	if (deadline != 0 && deadline <= now)
		return 1;
	self->st_word = word;
	self->st_deadline = deadline;
	self->st_late = 0;
	self->st_state = PARKED;
	go(next());
	return self->st_late;
}

void
hyp_unpark(uint32_t *word, unsigned n)
{

	for (unsigned i = 0; i < top && n > 0; i++) {
		if (threads[i].st_state != PARKED ||
		    threads[i].st_word != word)
			continue;
		threads[i].st_state = RUNNABLE;
		n--;
	}
}

/* What a device calls random goes nowhere; read all of it. */
void
hyp_random_add(const void *bytes, size_t n, uint32_t bits)
{
	volatile uint8_t sum = 0;

	(void)bits;
	for (size_t i = 0; i < n; i++)
		sum = (uint8_t)(sum + ((const uint8_t *)bytes)[i]);
}

struct hyp_note *
hyp_note(void)
{
	static struct hyp_note note;

	return &note;
}

uint32_t
hyp_cpu(void)
{

	return 0;
}

uint32_t
hyp_ncpu(void)
{

	return 1;
}

uint64_t
hyp_clock(void)
{

	return now;
}

uint64_t
hyp_realtime(void)
{

	return now;
}

void
hyp_log(int level, const char *line)
{
	static int shows = -1;

	if (shows == -1)
		shows = getenv("FUZZ_LOG") != NULL;
	if (shows)
		fprintf(stderr, "<%d> %s\n", level, line);
}

void
hyp_panic(const char *line)
{

	fuzz_broken("panic", 0, line);
}

int
hyp_module_open(const char *path, void **handle, char *why, size_t len)
{

	(void)path;
	*handle = NULL;
	snprintf(why, len, "no modules here");
	return ENOEXEC;
}

const void *
hyp_module_symbol(void *handle, const char *name)
{

	(void)handle;
	(void)name;
	return NULL;
}

void
hyp_module_close(void *handle)
{

	(void)handle;
}

/* Nothing starts a trace here. */
void
hyp_calls_watch(void)
{

	fuzz_broken("hyp_calls_watch", 0, "no modules here");
}

void
hyp_trace(const struct hyp_trace *ht)
{

	fuzz_broken("hyp_trace", 0, ht->ht_event);
}
