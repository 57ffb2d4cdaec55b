/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sched.c - the controlled scheduler; see sched.h.
 *
 *	sched [-1] [-b BOUND] [-n SCHEDULES] [-s dfs|random|pct] [-S SEED]
 *	      [--prune] [-u] [--ends] [--ordered] [--list] [NAME ...]
 *	sched --replay NAME:BOUND:CHOICES [--svg FILE [--title TEXT]]
 *	sched --find TEXT [--find TEXT ...] [-b BOUND] [-n SCHEDULES] [-s ...]
 *	      NAME
 *
 * Model
 *	A run makes the kernel side anew, lets the actors go, and takes it
 *	down.  All threads are fibers of this one; at each point where another
 *	one may run a choice is made among those that can.  A run is the list
 *	of its choices, and the same list gives the same run: time is virtual,
 *	memory comes from an arena that begins anew each time, and addresses
 *	are the same in every process.
 *
 *	dfs	all lists, depth first, in which at most BOUND times a thread
 *		is made to wait that could have gone on (a preemption); for
 *		bounds 0, 1, ... BOUND, until SCHEDULES are over.  A point
 *		where only one thread can run is no choice.  With --prune not
 *		those that come to a state that is known (prune.c); -u has no
 *		bound, and prunes.  --ends counts in how many ways runs end.
 *	random	each choice by chance.
 *	pct	priorities by chance, with BOUND points where the running
 *		thread gets the lowest one.
 *
 *	Threads that only wait for work (softclock; sched_background has the
 *	names) are in the background: one runs when nothing else can, or as a
 *	preemption.  When nothing can run time jumps to the next deadline;
 *	without one, it is a deadlock or a lost wake-up.
 *
 * The order of mutexes is checked in every run (subr_lockdebug.c), and what is
 * known of it is kept from one run of a litmus to the next: an order of one
 * schedule against that of another is found.  So the replay of such a run
 * alone may find nothing wrong; the panic has told where both orders are.
 *
 * What fails a run: a panic (every KASSERT), sched_fail, a deadlock, more than
 * STEPS_MAX points (a livelock), a fault, memory that is not freed, freed
 * twice, or written to after that (AddressSanitizer: read, too).  Then the
 * choices are printed, for --replay, which shows the run in columns, or as a
 * picture.  --find looks for a run, good or bad, in whose columns these texts
 * are, in this order ("A: open", with the thread's name; "!A: open": not
 * before the next one), and prints its choices.
 *
 * Known gaps: what is between two points is taken for one step, so plain
 * data that is shared without a lock is seen by ThreadSanitizer only, for
 * which the threads are real (token.c) and fewer schedules are tried; memory
 * is sequentially consistent; x86-64 only.
 */
#undef NDEBUG
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/wait.h>

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sched/sched_impl.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define	ASAN_POISON_MEMORY_REGION(p, n)		((void)(p))
#define	ASAN_UNPOISON_MEMORY_REGION(p, n)	((void)(p))
#endif

#if defined(__SANITIZE_ADDRESS__)
#define	SCHEDULES	3000	/* of each litmus */
#else
#define	SCHEDULES	(ctx_real ? 1500 : 300000)
#endif
#define	STEPS_MAX	50000
#define	CHOICES_MAX	65536
#define	ARENA_SIZE	((size_t)8 << 20)
#define	UNBOUNDED	CHOICES_MAX	/* preemptions: as many as choices */
#define	PCT_MAX		16
#define	PCT_STEPS	400
#define	FREED		0xdf
#define	MUTEX_WAITED	2	/* a word with this is a lock's, kern_mutex.c */

/* One choice: who could run, the running one first if it could. */
struct choice {
	uint8_t	ch_n;
	uint8_t	ch_i;			/* the one that is taken */
	uint8_t	ch_free;		/* those before it cost nothing */
	uint32_t ch_set;		/* bits: all of them */
	uint8_t	ch_opt[THREADS_MAX];
};

struct block {
	uint32_t	b_size;
	uint32_t	b_freed;
	uint64_t	b_pad;		/* what follows is aligned */
};

static struct sched_thread threads[THREADS_MAX];
static unsigned nthreads;
static struct sched_thread *cur;
static _Alignas(64) char main_lwp[SCHED_LWP_SIZE];
void *sched_lwp = main_lwp;		/* of cur */
static int exploring, explored;
static unsigned steps;
static uint64_t now;
static char failure[1200];
static const char digits[] = "0123456789abcdefghijklmnop";

static struct choice choices[CHOICES_MAX];
static unsigned nchoices, at;		/* at: the next one */
static unsigned used;			/* preemptions */

static enum { DFS, RANDOM, PCT } strategy;
static unsigned bound;
static uint64_t seed;
static unsigned pct_points[PCT_MAX], pct_lowest;
static const char *again;		/* choices to be made again */
static unsigned nagain;

static char *arena;
static size_t arena_used;
static uint32_t *block_at;		/* of each 16 bytes: its block */
static int prunes, counts_ends;
static int pruned;			/* no more choices in this run */
static uint64_t ends;
static const struct sched_litmus *litmus;
static unsigned number_of;		/* its TAP number */

/* ---- chance --------------------------------------------------------- */

/* splitmix64 */
static uint64_t
chance(void)
{
	uint64_t z = seed += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* ---- threads -------------------------------------------------------- */

/* Go on with t; NULL: with main, for good. */
static void
go(struct sched_thread *t)
{
	struct sched_thread *const from = cur;

	cur = t;
	sched_lwp = t == NULL ? main_lwp : t->st_lwp;
	ctx_switch(from, t);
}

static struct sched_thread *next(int);

void
sched_thread_main(void)
{
	struct sched_thread *const self = cur;

	ctx_entered(self);
	self->st_func(self->st_arg);
	self->st_state = DONE;
	for (unsigned i = 0; i < nthreads; i++) {
		if (threads[i].st_state == JOINING &&
		    threads[i].st_joins == self)
			threads[i].st_state = RUNNABLE;
	}
	cur = self == &threads[0] ? NULL : next(1);
	sched_lwp = cur == NULL ? main_lwp : cur->st_lwp;
	ctx_leave(self, cur);
}

struct sched_thread *
sched_spawn(const char *name, void (*func)(void *), void *arg)
{
	struct sched_thread *const t = &threads[nthreads];
	size_t n;

	if (nthreads == THREADS_MAX)
		sched_fail("more than %d threads", THREADS_MAX);
	t->st_number = nthreads++;
	for (n = 0; n < sizeof(t->st_name) - 1 && name[n] != '\0'; n++)
		t->st_name[n] = name[n];
	t->st_name[n] = '\0';
	t->st_actor = 0;
	t->st_background = 0;
	for (unsigned i = 0; sched_background[i] != NULL; i++)
		t->st_background |= strcmp(name, sched_background[i]) == 0;
	t->st_func = func;
	t->st_arg = arg;
	t->st_late = 0;
	t->st_cpu = t->st_number;
	memset(t->st_lwp, 0, sizeof(t->st_lwp));
	ctx_make(t);
	t->st_state = RUNNABLE;
	if (tracing && exploring)
		trace_event(cur, TRACE_WAKE, t, "starts");
	if (sched_pruning && exploring)
		prune_order(cur->st_number, t->st_number);
	return t;
}

unsigned
sched_cpu(void)
{

	return cur == NULL ? 0 : cur->st_cpu++;
}

/* ---- who is next ---------------------------------------------------- */

void
sched_fail(const char *fmt, ...)
{
	va_list ap;

	ctx_quiet(1);
	va_start(ap, fmt);
	vsnprintf(failure, sizeof(failure), fmt, ap);
	va_end(ap);
	ctx_quiet(0);
	assert(cur != NULL);
	if (tracing)
		trace_event(cur, TRACE_FAIL, NULL, "%s", failure);
	go(NULL);
	abort();
}

/* Nobody can run: the next deadline, or the end. */
static struct sched_thread *
next_deadline(void)
{
	struct sched_thread *t = NULL;

	for (unsigned i = 0; i < nthreads; i++) {
		if (threads[i].st_state == PARKED &&
		    threads[i].st_deadline != 0 && (t == NULL ||
		    threads[i].st_deadline < t->st_deadline))
			t = &threads[i];
	}
	if (t == NULL)
		sched_fail("deadlock, or a lost wake-up");
	if (now < t->st_deadline)
		now = t->st_deadline;
	if (sched_pruning && exploring)
		prune_learn(t->st_number, now);
	t->st_late = 1;
	t->st_state = RUNNABLE;
	return t;
}

/* The index of the option that is taken. */
static unsigned
choose(const struct choice *ch)
{
	unsigned best = 0;

	if (strategy == RANDOM)
		return (unsigned)(chance() % ch->ch_n);
	for (unsigned i = 0; i < bound && i < PCT_MAX; i++) {
		if (pct_points[i] == steps)
			cur->st_priority = pct_lowest--;
	}
	for (unsigned i = 1; i < ch->ch_n; i++) {
		if (threads[ch->ch_opt[i]].st_priority >
		    threads[ch->ch_opt[best]].st_priority)
			best = i;
	}
	return best;
}

/* What --replay says. */
static uint8_t
choice_again(const struct choice *ch)
{
	const char *const p = strchr(digits, again[at]);

	if (again[at] == '\0' || p == NULL || p - digits >= ch->ch_n)
		sched_fail("the replay does not fit any more, at choice %u",
		    at);
	return (uint8_t)(p - digits);
}

/* Who of these goes on; recorded if there is a choice. */
static struct sched_thread *
decide(struct choice *ch)
{
	struct choice *old = &choices[at];

	if (strategy == DFS && used >= bound)
		ch->ch_n = ch->ch_free;
	if (ch->ch_n == 1)
		return &threads[ch->ch_opt[0]];
	if (pruned)
		return &threads[ch->ch_opt[0]];
	if (at == CHOICES_MAX)
		sched_fail("more than %d choices", CHOICES_MAX);
	if (at == nchoices) {
		if (prunes && strategy == DFS && at >= nagain &&
		    prune_known(cur->st_state == RUNNABLE ? cur->st_number :
		    THREADS_MAX, bound == UNBOUNDED ? 0 : used)) {
			pruned = 1;
			return &threads[ch->ch_opt[0]];
		}
		ch->ch_i = at < nagain ? choice_again(ch) :
		    strategy == DFS ? 0 : (uint8_t)choose(ch);
		*old = *ch;
		nchoices++;
	} else if (old->ch_n != ch->ch_n || old->ch_set != ch->ch_set ||
	    old->ch_opt[0] != ch->ch_opt[0])
		sched_fail("not the same run again, at choice %u", at);
	at++;
	if (old->ch_i >= old->ch_free)
		used++;
	return &threads[old->ch_opt[old->ch_i]];
}

/* Who goes on; leaves: the running one cannot. */
static struct sched_thread *
next(int leaves)
{
	uint8_t back[THREADS_MAX];
	unsigned nback = 0;
	struct choice ch;

	/* As most points are: no preemption is left. */
	if (!leaves && strategy == DFS && (used >= bound || pruned))
		return cur;
	ch.ch_n = 0;
	ch.ch_i = 0;
	ch.ch_set = 0;
	if (!leaves)
		ch.ch_opt[ch.ch_n++] = (uint8_t)cur->st_number;
	ch.ch_free = ch.ch_n;
	for (unsigned i = 0; i < nthreads; i++) {
		if (threads[i].st_state != RUNNABLE ||
		    (!leaves && &threads[i] == cur))
			continue;
		ch.ch_set |= UINT32_C(1) << i;
		if (threads[i].st_background)
			back[nback++] = (uint8_t)i;
		else
			ch.ch_opt[ch.ch_n++] = (uint8_t)i;
	}
	if (leaves)
		ch.ch_free = ch.ch_n;
	for (unsigned i = 0; i < nback; i++)
		ch.ch_opt[ch.ch_n++] = back[i];
	if (ch.ch_n == 0)
		return next_deadline();
	if (ch.ch_free == 0)
		ch.ch_free = ch.ch_n;	/* only the background is left */
	if (!exploring)
		ch.ch_n = ch.ch_free = 1;
	return decide(&ch);
}

static void
leave(void)
{
	struct sched_thread *const t = next(1);

	if (t != cur)
		go(t);
}

/* The boss waits for this: everybody else has ended, or waits for work. */
static int
all_quiet(void)
{

	for (unsigned i = 1; i < nthreads; i++) {
		if (threads[i].st_state != DONE && !threads[i].st_background)
			return 0;
	}
	return 1;
}

void
sched_join(struct sched_thread *t)
{

	while (t == NULL ? !all_quiet() : t->st_state != DONE) {
		cur->st_state = JOINING;
		cur->st_joins = t;
		if (t == NULL) {
			/* Asked again whenever somebody ends. */
			for (unsigned i = 1; i < nthreads; i++) {
				if (threads[i].st_state != DONE &&
				    !threads[i].st_background)
					cur->st_joins = &threads[i];
			}
		}
		leave();
	}
	for (unsigned i = 1; i < nthreads; i++) {
		if (t == NULL ? threads[i].st_actor : t == &threads[i])
			ctx_joined(&threads[i]);
	}
	if (t != NULL && sched_pruning && exploring)
		prune_order(t->st_number, cur->st_number);
}

void
sched_point(const char *what, const char *expr, const char *func)
{
	struct sched_thread *t;

	if (!exploring) {
		if (func[0] == '\0') {		/* t_until */
			cur->st_state = RUNNABLE;
			for (unsigned i = 0; i < nthreads; i++) {
				if (&threads[i] != cur &&
				    threads[i].st_state == RUNNABLE) {
					go(&threads[i]);
					return;
				}
			}
		}
		return;
	}
	if (++steps > STEPS_MAX)
		sched_fail("no end after %d steps", STEPS_MAX);
	if (tracing)
		trace_arrive(cur, func);
	t = next(0);
	if (t != cur)
		go(t);
	if (tracing)
		trace_point(cur, what, expr, func);
}

int
sched_park(uint32_t *word, uint32_t val, uint64_t deadline)
{

	if (*word != val)
		return 0;
	SCHED_WRITES(word);
	if (tracing && exploring)
		trace_event(cur, TRACE_SLEEP, NULL, val == MUTEX_WAITED ?
		    "waits for a lock" : "sleeps");
	cur->st_state = PARKED;
	cur->st_word = word;
	cur->st_deadline = deadline;
	cur->st_late = 0;
	leave();
	SCHED_WRITES(word);
	return cur->st_late;
}

void
sched_unpark(uint32_t *word, unsigned n)
{

	SCHED_WRITES(word);
	for (unsigned i = 0; i < nthreads && n > 0; i++) {
		if (threads[i].st_state == PARKED &&
		    threads[i].st_word == word) {
			threads[i].st_state = RUNNABLE;
			if (tracing && exploring && !threads[i].st_background)
				trace_event(cur, TRACE_WAKE, &threads[i],
				    "wakes");
			n--;
		}
	}
}

void
sched_elapse(uint64_t ns)
{

	now += ns;
	for (unsigned i = 0; i < nthreads; i++) {
		if (threads[i].st_state == PARKED &&
		    threads[i].st_deadline != 0 &&
		    threads[i].st_deadline <= now) {
			threads[i].st_late = 1;
			threads[i].st_state = RUNNABLE;
		}
	}
}

uint64_t
sched_clock(void)
{

	if (sched_pruning && exploring)
		prune_learn(cur->st_number, now);
	return now;
}

int
sched_shows(void)
{

	return tracing && exploring;
}

void
sched_note(const char *fmt, ...)
{
	char text[256];
	va_list ap;

	if (!tracing || !exploring)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	trace_event(cur, TRACE_NOTE, NULL, "%s", text);
}

void
sched_begin(const char *what)
{

	if (!tracing)
		return;
	if (exploring)
		trace_event(cur, TRACE_BEGIN, NULL, "%s", what);
	else if (!explored)
		trace_setup(what);
}

void
sched_end(const char *what, int error)
{
	static const struct {
		int		error;
		const char	*name;
	} names[] = {
		{ 0, "0" }, { -3, "ERESTART" }, { 4, "EINTR" }, { 5, "EIO" },
		{ 6, "ENXIO" }, { 9, "EBADF" }, { 13, "EACCES" },
		{ 16, "EBUSY" },
	};

	if (!tracing || !exploring)
		return;
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i].error == error) {
			trace_event(cur, TRACE_END, NULL, "%s = %s", what,
			    names[i].name);
			return;
		}
	}
	trace_event(cur, TRACE_END, NULL, "%s = %d", what, error);
}

void
sched_did(const char *what)
{

	if (tracing && exploring)
		trace_event(cur, TRACE_DID, NULL, "%s", what);
}

/* ---- memory --------------------------------------------------------- */

/* Where in the arena the block with p is; 0: it is no block. */
static size_t
block_of(const volatile void *p)
{
	const uintptr_t pos = (uintptr_t)p - (uintptr_t)arena;

	return pos < arena_used ? block_at[pos / 16] : 0;
}

/* A block is an object as well, that its end is a write to. */
void
sched_touch(const volatile void *p, int writes)
{
	size_t block;

	if (!exploring)
		return;
	if ((block = block_of(p)) != 0)
		prune_event(cur->st_number, block, 0);
	prune_event(cur->st_number, (uintptr_t)p, writes);
}

void *
sched_alloc(size_t size)
{
	const size_t whole = (size + 15) / 16 * 16;
	struct block *b = (struct block *)(void *)(arena + arena_used);

	if (sizeof(*b) + whole > ARENA_SIZE - arena_used)
		sched_fail("out of memory");
	ASAN_UNPOISON_MEMORY_REGION(b, sizeof(*b) + size);
	b->b_size = (uint32_t)size;
	b->b_freed = 0;
	if (sched_pruning) {
		for (size_t i = arena_used / 16;
		    i < (arena_used + sizeof(*b) + whole) / 16; i++)
			block_at[i] = (uint32_t)arena_used + 1;
	}
	arena_used += sizeof(*b) + whole;
	memset(b + 1, 0, size);
	return b + 1;
}

void
sched_free(void *p, size_t size)
{
	struct block *b = (struct block *)p - 1;

	if (b->b_freed)
		sched_fail("%p is freed twice", p);
	if (b->b_size != size)
		sched_fail("%p has %u bytes, not %zu", p, b->b_size, size);
	if (sched_pruning && exploring)
		prune_event(cur->st_number, block_of(p), 1);
	b->b_freed = 1;
	memset(p, FREED, size);
	ASAN_POISON_MEMORY_REGION(p, size);
}

/* After a run: all is freed, and nobody has written to it since. */
static void
check_memory(void)
{
	const struct block *b;

	for (size_t pos = 0; pos < arena_used;
	    pos += sizeof(*b) + (b->b_size + 15) / 16 * 16) {
		b = (const struct block *)(const void *)(arena + pos);
		if (!b->b_freed) {
			snprintf(failure, sizeof(failure), "%u bytes are not "
			    "freed", b->b_size);
			return;
		}
#if !defined(__SANITIZE_ADDRESS__)
		const unsigned char *p = (const unsigned char *)(b + 1);

		if (b->b_size == 0 || (p[0] == FREED &&
		    memcmp(p, p + 1, b->b_size - 1) == 0))
			continue;
		for (uint32_t i = 0; i < b->b_size; i++) {
			if (p[i] != FREED) {
				snprintf(failure, sizeof(failure), "a block "
				    "of %u bytes was written to, at %u, "
				    "after it was freed", b->b_size, i);
				return;
			}
		}
#endif
	}
}

/* ---- runs ----------------------------------------------------------- */

static void
boss(void *arg)
{
	const struct sched_actor *sa;

	(void)arg;
	litmus->sl_setup();
	/* Let the kernel side's own threads come to rest. */
	for (unsigned i = 1; i < nthreads; i++) {
		while (threads[i].st_state == RUNNABLE) {
			cur->st_state = RUNNABLE;
			go(&threads[i]);
		}
	}
	for (sa = litmus->sl_actors; sa->sa_name != NULL; sa++)
		sched_spawn(sa->sa_name, sa->sa_func, sa->sa_arg)->st_actor =
		    1;
	if (strategy == PCT) {
		pct_lowest = 1000;
		for (unsigned i = 0; i < nthreads; i++)
			threads[i].st_priority = 2000 +
			    (unsigned)(chance() % 1000);
		for (unsigned i = 0; i < PCT_MAX; i++)
			pct_points[i] = 1 + (unsigned)(chance() % PCT_STEPS);
	}
	for (unsigned i = 2; tracing && i < nthreads; i++)
		if (!threads[i].st_background)
			trace_thread(&threads[i]);
	if (sched_pruning)
		prune_run();
	exploring = 1;
	sched_join(NULL);
	exploring = 0;
	if (counts_ends)
		ends = prune_ends();
	explored = 1;
	litmus->sl_end();
	/* Those on their way out. */
	for (unsigned i = 1; i < nthreads; i++) {
		while (threads[i].st_state == RUNNABLE) {
			cur->st_state = RUNNABLE;
			go(&threads[i]);
		}
	}
}

/* Once, with the choices that are there; 0 if it was bad. */
static int
run(void)
{

	nthreads = 0;
	exploring = explored = 0;
	steps = at = used = 0;
	pruned = 0;
	now = 1000000000;
	failure[0] = '\0';
	arena_used = 0;
	ASAN_POISON_MEMORY_REGION(arena, ARENA_SIZE);
	(void)sched_spawn("boss", boss, NULL);
	go(&threads[0]);
	for (unsigned i = 0; i < nthreads; i++)
		ctx_joined(&threads[i]);
	if (failure[0] == '\0')
		check_memory();
	return failure[0] == '\0';
}

/* The next list of choices; 0: there is none. */
static int
advance(void)
{

	while (nchoices > 0 &&
	    choices[nchoices - 1].ch_i + 1 >= choices[nchoices - 1].ch_n)
		nchoices--;
	if (nchoices == 0)
		return 0;
	choices[nchoices - 1].ch_i++;
	return 1;
}

/* NAME:BOUND:CHOICES, without the zeros at its end, which go by themselves. */
static void
choices_text(char *text, size_t size)
{
	unsigned n = at;
	size_t pos;

	while (n > 0 && choices[n - 1].ch_i == 0)
		n--;
	/* Chance knows no bound. */
	pos = (size_t)snprintf(text, size, "%s:%u:", litmus->sl_name,
	    strategy == DFS ? bound : UNBOUNDED);
	for (unsigned i = 0; i < n && pos + 1 < size; i++)
		text[pos++] = digits[choices[i].ch_i];
	text[pos] = '\0';
}

static void
print_choices(FILE *f)
{
	static char text[CHOICES_MAX];

	choices_text(text, sizeof(text));
	fprintf(f, "%s\n", text);
}

static const char *picture, *picture_title, *picture_again;

/* The picture of the run so far; 0: it cannot be written. */
static int
draw(void)
{

	if (picture == NULL)
		return 1;
	if (svg_write(picture, picture_title != NULL ? picture_title :
	    litmus->sl_rule, picture_again) == 0)
		return 1;
	perror(picture);
	return 0;
}

/* The end of all runs, wherever that was noticed. */
static _Noreturn void
die(void)
{

	(void)draw();
	printf("# after %u steps; --replay ", steps);
	print_choices(stdout);
	printf("not ok %u - %s: %s\n", number_of, litmus->sl_name,
	    litmus->sl_rule);
	fflush(stdout);
	_exit(1);
}

void
sched_raced(void)
{

	ctx_quiet(1);
	if (tracing && cur != NULL)
		trace_event(cur, TRACE_FAIL, NULL, "a data race");
	printf("# a data race, see the report\n");
	die();
}

/* A fault: whose run it was. */
static void
on_fault(int sig)
{

	ctx_quiet(1);
	if (tracing && cur != NULL)
		trace_event(cur, TRACE_FAIL, NULL, "signal %d", sig);
	printf("# signal %d\n", sig);
	die();
}
static double
seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* One bound, or that many by chance; 0 if one was bad. */
static int
search(uint64_t max, uint64_t *count, int *exhausted)
{

	*exhausted = 0;
	nchoices = 0;
	if (sched_pruning)
		prune_search(bound);
	while (*count < max) {
		(*count)++;
		if (!run())
			return 0;
		if (strategy != DFS)
			nchoices = 0;
		else if (!advance()) {
			*exhausted = 1;
			break;
		}
	}
	return 1;
}

/* A litmus, with all bounds; prints its TAP line. */
static int
explore(unsigned number, unsigned max_bound, uint64_t max)
{
	const double begin = seconds();
	uint64_t count = 0;
	int exhausted = 0, good, last = -1;

	number_of = number;
	bound = strategy == DFS && max_bound != UNBOUNDED ? 0 : max_bound;
	for (; ; bound++) {
		good = search(max, &count, &exhausted);
		if (!good || !exhausted || bound == max_bound)
			break;
		last = (int)bound;
	}
	if (good && exhausted)
		last = (int)bound;
	if (!good) {
		printf("# %s\n# after %llu schedules; --replay ", failure,
		    (unsigned long long)count);
		print_choices(stdout);
	}
	printf("%sok %u - %s: %s\n", good ? "" : "not ", number,
	    litmus->sl_name, litmus->sl_rule);
	printf("# %llu schedules", (unsigned long long)count);
	if (strategy == DFS && last == UNBOUNDED)
		printf(", all");
	else if (strategy == DFS && last >= 0)
		printf(", all up to bound %d", last);
	if (counts_ends)
		printf(", %llu ends", (unsigned long long)ends);
	printf(", %.0f a second\n", (double)count / (seconds() - begin));
	fflush(stdout);
	return good;
}

/* In a process of its own: what a bad run leaves behind is nobody else's. */
static int
explore_apart(unsigned number, unsigned max_bound, uint64_t max)
{
	pid_t pid;
	int status;

	fflush(stdout);
	if ((pid = fork()) == 0)
		exit(!explore(number, max_bound, max));
	if (pid == -1 || waitpid(pid, &status, 0) == -1) {
		perror("sched: fork");
		exit(1);
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static const struct sched_litmus *
find(const char *name, size_t len)
{
	const struct sched_litmus *sl;

	for (unsigned i = 0; sched_files[i] != NULL; i++) {
		for (sl = sched_files[i]; sl->sl_name != NULL; sl++) {
			if (strlen(sl->sl_name) == len &&
			    strncmp(sl->sl_name, name, len) == 0)
				return sl;
		}
	}
	fprintf(stderr, "sched: no such litmus: %s\n", name);
	exit(2);
}

/* NAME:BOUND:CHOICES, shown; and drawn, if file. */
static int
replay(const char *text, const char *file, const char *title)
{
	const char *colon = strchr(text, ':');
	char *end;

	if (colon == NULL) {
		fprintf(stderr, "sched: --replay NAME:BOUND:CHOICES\n");
		return 2;
	}
	litmus = find(text, (size_t)(colon - text));
	strategy = DFS;
	bound = (unsigned)strtoul(colon + 1, &end, 10);
	again = end + (*end == ':');
	nagain = (unsigned)strlen(again);
	tracing = 1;
	trace_start(1);
	picture = file;
	picture_title = title;
	picture_again = text;
	(void)run();
	if (failure[0] == '\0' && at < nagain)
		snprintf(failure, sizeof(failure), "the replay does not fit "
		    "any more: only %u choices", at);
	if (!draw())
		return 2;
	printf("# %s\n", failure[0] != '\0' ? failure : "nothing is wrong");
	return failure[0] != '\0';
}

/*
 * The run with the fewest switches that says all that is wanted, of the lowest
 * bound that has one; or by chance, of max of them.
 */
static int
find_run(const char *name, unsigned max_bound, uint64_t max)
{
	static char best[CHOICES_MAX];
	unsigned fewest = UINT32_MAX;
	uint64_t count = 0;

	litmus = find(name, strlen(name));
	tracing = 1;
	for (bound = strategy == DFS ? 0 : max_bound; bound <= max_bound &&
	    fewest == UINT32_MAX; bound++) {
		nchoices = 0;
		do {
			if (strategy != DFS)
				nchoices = 0;
			trace_start(0);
			(void)run();
			if (trace_wanted() && trace_switches() < fewest) {
				fewest = trace_switches();
				choices_text(best, sizeof(best));
			}
			if (failure[0] != '\0')
				break;	/* what it leaves behind is bad */
		} while (++count < max && (strategy != DFS || advance()));
		if (failure[0] != '\0' || count == max)
			break;
	}
	if (fewest == UINT32_MAX) {
		printf("# not found in %llu schedules\n",
		    (unsigned long long)count);
		return 1;
	}
	printf("%s\n", best);
	return 0;
}

static int first_only;			/* -1: stop when one is bad */

static void
list(void)
{
	const struct sched_litmus *sl;

	for (unsigned i = 0; sched_files[i] != NULL; i++)
		for (sl = sched_files[i]; sl->sl_name != NULL; sl++)
			printf("%-24s %s\n", sl->sl_name, sl->sl_rule);
}

static int
explore_all(char **names, unsigned max_bound, uint64_t max)
{
	const struct sched_litmus *sl;
	const int all = *names == NULL;
	unsigned number = 0, bad = 0;

	for (; *names != NULL; names++) {
		litmus = find(*names, strlen(*names));
		bad += !explore_apart(++number, max_bound, max);
	}
	for (unsigned i = 0; all && sched_files[i] != NULL; i++) {
		for (sl = sched_files[i]; sl->sl_name != NULL; sl++) {
			if (first_only && bad > 0)
				break;
			litmus = sl;
			bad += !explore_apart(++number, max_bound, max);
		}
	}
	printf("1..%u\n", number);
	return bad > 0;
}

/* The same addresses in every process, or no run could be made again. */
static void
fix_addresses(char **argv)
{
	const int old = personality(0xffffffff);

	if (old != -1 && (old & ADDR_NO_RANDOMIZE) == 0 &&
	    personality((unsigned long)(old | ADDR_NO_RANDOMIZE)) != -1)
		(void)execv("/proc/self/exe", argv);
}

static void
catch_faults(void)
{
	static char stack[64 * 1024];
	const stack_t ss = { .ss_sp = stack, .ss_size = sizeof(stack) };
	const struct sigaction sa = {
		.sa_handler = on_fault, .sa_flags = SA_ONSTACK
	};

#if defined(__SANITIZE_ADDRESS__)
	return;				/* it has its own report */
#endif
	sigaltstack(&ss, NULL);
	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
	sigaction(SIGABRT, &sa, NULL);
}

int
main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "list", no_argument, NULL, 'l' },
		{ "replay", required_argument, NULL, 'r' },
		{ "svg", required_argument, NULL, 'v' },
		{ "title", required_argument, NULL, 't' },
		{ "find", required_argument, NULL, 'f' },
		{ "ordered", no_argument, &ctx_ordered, 1 },
		{ "prune", no_argument, &prunes, 1 },
		{ "ends", no_argument, &counts_ends, 1 },
		{ NULL, 0, NULL, 0 },
	};
	unsigned max_bound = 3;
	uint64_t max = SCHEDULES;
	const char *text = NULL, *file = NULL, *title = NULL;
	int wants = 0;
	int opt;

	fix_addresses(argv);
	while ((opt = getopt_long(argc, argv, "1b:n:s:uS:", longs,
	    NULL)) != -1) {
		switch (opt) {
		case 0:
			break;
		case '1':
			first_only = 1;
			break;
		case 'b':
			max_bound = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'n':
			max = strtoull(optarg, NULL, 10);
			break;
		case 's':
			strategy = optarg[0] == 'r' ? RANDOM :
			    optarg[0] == 'p' ? PCT : DFS;
			break;
		case 'u':
			max_bound = UNBOUNDED;
			prunes = 1;
			break;
		case 'S':
			seed = strtoull(optarg, NULL, 0);
			break;
		case 'l':
			list();
			return 0;
		case 'r':
			text = optarg;
			break;
		case 'v':
			file = optarg;
			break;
		case 't':
			title = optarg;
			break;
		case 'f':
			trace_want(optarg);
			wants = 1;
			break;
		default:
			return 2;
		}
	}
	arena = mmap(NULL, ARENA_SIZE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert(arena != MAP_FAILED);
	sched_pruning = prunes || counts_ends;
	if (sched_pruning) {
		block_at = calloc(ARENA_SIZE / 16, sizeof(*block_at));
		assert(block_at != NULL);
	}
	catch_faults();
	if (text != NULL)
		return replay(text, file, title);
	if (wants)
		return find_run(argv[optind], max_bound, max);
	return explore_all(argv + optind, max_bound, max);
}
