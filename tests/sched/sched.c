/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sched.c - the controlled scheduler; see sched.h.
 *
 *	sched [-1] [-b BOUND] [-n SCHEDULES] [-s dfs|random|pct] [-S SEED]
 *	      [--list] [NAME ...]
 *	sched --replay NAME:CHOICES
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
 *		where only one thread can run is no choice.
 *	random	each choice by chance.
 *	pct	priorities by chance, with BOUND points where the running
 *		thread gets the lowest one.
 *
 *	Threads of the kernel side itself that only wait for work (softclock)
 *	are in the background: one runs when nothing else can, or as a
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
 * choices are printed, for --replay, which shows the run in columns.
 *
 * Known gaps: what is between two points is taken for one step, so plain
 * data that is shared without a lock is not seen here (ThreadSanitizer's
 * part); memory is sequentially consistent; x86-64 only.
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

#include "sched/sched.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#else
#define	ASAN_POISON_MEMORY_REGION(p, n)		((void)(p))
#define	ASAN_UNPOISON_MEMORY_REGION(p, n)	((void)(p))
#endif

#if defined(__SANITIZE_ADDRESS__)
#define	SCHEDULES	3000	/* of each litmus */
#else
#define	SCHEDULES	300000
#endif
#define	THREADS_MAX	24
#define	STACK_SIZE	(128 * 1024)
#define	STEPS_MAX	50000
#define	CHOICES_MAX	65536
#define	ARENA_SIZE	((size_t)8 << 20)
#define	PCT_MAX		16
#define	PCT_STEPS	400
#define	FREED		0xdf
#define	BACKGROUND	"softclock"

enum state { IDLE, RUNNABLE, PARKED, JOINING, DONE };

struct sched_thread {
	enum state	 st_state;
	int		 st_background;
	unsigned	 st_number;
	const char	*st_name;
	void		(*st_func)(void *);
	void		*st_arg;
	void		*st_sp;
	char		*st_stack;
	uint32_t	*st_word;	/* PARKED */
	uint64_t	 st_deadline;	/* PARKED; 0: none */
	int		 st_late;	/* the deadline is over */
	unsigned	 st_cpu;	/* as far as it knows */
	struct sched_thread *st_joins;	/* JOINING; NULL: everybody */
	unsigned	 st_priority;	/* pct */
	_Alignas(64) char st_lwp[SCHED_LWP_SIZE];
};

/* One choice: who could run, the running one first if it could. */
struct choice {
	uint8_t	ch_n;
	uint8_t	ch_i;			/* the one that is taken */
	uint8_t	ch_free;		/* those before it cost nothing */
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
static void *main_sp;
static _Alignas(64) char main_lwp[SCHED_LWP_SIZE];
void *sched_lwp = main_lwp;		/* of cur */
static int exploring;
static unsigned steps;
static uint64_t now;
static char failure[1200];

static struct choice choices[CHOICES_MAX];
static unsigned nchoices, at, used;	/* at: the next one; used: preemptions */

static enum { DFS, RANDOM, PCT } strategy;
static unsigned bound;
static uint64_t seed;
static unsigned pct_points[PCT_MAX], pct_lowest;
static int showing;

static char *arena;
static size_t arena_used;
extern const struct sched_litmus l_kern[], l_device[], l_specfs[], l_clone[];
static const struct sched_litmus *const sched_files[] = {
	l_kern, l_device, l_specfs, l_clone, NULL
};
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

/* ---- fibers --------------------------------------------------------- */

/* Keep the registers that a call keeps on this stack, *from = its top, and go
   on with the stack to. */
void	sched_switch(void **, void *);
__asm__(
	".text\n"
	".globl	sched_switch\n"
	".type	sched_switch, @function\n"
	"sched_switch:\n"
	"	pushq	%rbx\n"
	"	pushq	%rbp\n"
	"	pushq	%r12\n"
	"	pushq	%r13\n"
	"	pushq	%r14\n"
	"	pushq	%r15\n"
	"	movq	%rsp, (%rdi)\n"
	"	movq	%rsi, %rsp\n"
	"	popq	%r15\n"
	"	popq	%r14\n"
	"	popq	%r13\n"
	"	popq	%r12\n"
	"	popq	%rbp\n"
	"	popq	%rbx\n"
	"	ret\n"
	".size	sched_switch, . - sched_switch\n");

/* Go on with t; NULL: with main, for good. */
static void
go(struct sched_thread *t)
{
	struct sched_thread *const from = cur;

	cur = t;
	sched_lwp = t == NULL ? main_lwp : t->st_lwp;
#if defined(__SANITIZE_ADDRESS__)
	static const void *main_bottom;
	static size_t main_size;
	void *fake = NULL;

	if (from == NULL)
		__sanitizer_start_switch_fiber(&fake, t->st_stack, STACK_SIZE);
	else if (t == NULL)
		__sanitizer_start_switch_fiber(NULL, main_bottom, main_size);
	else
		__sanitizer_start_switch_fiber(&fake, t->st_stack,
		    STACK_SIZE);
	sched_switch(from == NULL ? &main_sp : &from->st_sp,
	    t == NULL ? main_sp : t->st_sp);
	__sanitizer_finish_switch_fiber(fake, NULL, NULL);
	(void)main_bottom;
	(void)main_size;
#else
	sched_switch(from == NULL ? &main_sp : &from->st_sp,
	    t == NULL ? main_sp : t->st_sp);
#endif
}

static struct sched_thread *next(int);

static void
fiber_main(void)
{

#if defined(__SANITIZE_ADDRESS__)
	__sanitizer_finish_switch_fiber(NULL, NULL, NULL);
#endif
	cur->st_func(cur->st_arg);
	cur->st_state = DONE;
	for (unsigned i = 0; i < nthreads; i++) {
		if (threads[i].st_state == JOINING &&
		    threads[i].st_joins == cur)
			threads[i].st_state = RUNNABLE;
	}
	go(cur == &threads[0] ? NULL : next(1));
	abort();
}

struct sched_thread *
sched_spawn(const char *name, void (*func)(void *), void *arg)
{
	struct sched_thread *const t = &threads[nthreads];
	void **sp;

	if (nthreads == THREADS_MAX)
		sched_fail("more than %d threads", THREADS_MAX);
	if (t->st_stack == NULL) {
		t->st_stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		assert(t->st_stack != MAP_FAILED);
	}
	ASAN_UNPOISON_MEMORY_REGION(t->st_stack, STACK_SIZE);
	t->st_number = nthreads++;
	t->st_name = name;
	t->st_background = strcmp(name, BACKGROUND) == 0;
	t->st_func = func;
	t->st_arg = arg;
	t->st_late = 0;
	t->st_cpu = t->st_number;
	memset(t->st_lwp, 0, sizeof(t->st_lwp));
	/* As sched_switch leaves a stack, with an address below that ret. */
	sp = (void **)(void *)(t->st_stack + STACK_SIZE - 64);
	*--sp = NULL;
	*--sp = (void *)(uintptr_t)fiber_main;
	for (int i = 0; i < 6; i++)
		*--sp = NULL;
	t->st_sp = sp;
	t->st_state = RUNNABLE;
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

	va_start(ap, fmt);
	vsnprintf(failure, sizeof(failure), fmt, ap);
	va_end(ap);
	assert(cur != NULL);
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

/* Who of these goes on; recorded if there is a choice. */
static struct sched_thread *
decide(struct choice *ch)
{
	struct choice *old = &choices[at];

	if (strategy == DFS && used >= bound)
		ch->ch_n = ch->ch_free;
	if (ch->ch_n == 1)
		return &threads[ch->ch_opt[0]];
	if (at == CHOICES_MAX)
		sched_fail("more than %d choices", CHOICES_MAX);
	if (at == nchoices) {
		ch->ch_i = strategy == DFS ? 0 : (uint8_t)choose(ch);
		*old = *ch;
		nchoices++;
	} else if (old->ch_n != ch->ch_n ||
	    memcmp(old->ch_opt, ch->ch_opt, ch->ch_n) != 0)
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

	ch.ch_n = 0;
	ch.ch_i = 0;
	if (!leaves)
		ch.ch_opt[ch.ch_n++] = (uint8_t)cur->st_number;
	ch.ch_free = ch.ch_n;
	for (unsigned i = 0; i < nthreads; i++) {
		if (threads[i].st_state != RUNNABLE ||
		    (!leaves && &threads[i] == cur))
			continue;
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
	t = next(0);
	if (t != cur)
		go(t);
	if (showing)
		sched_note("%s %s  (%s)", what, expr, func);
}

int
sched_park(uint32_t *word, uint32_t val, uint64_t deadline)
{

	if (*word != val)
		return 0;
	if (showing && exploring)
		sched_note("sleeps");
	cur->st_state = PARKED;
	cur->st_word = word;
	cur->st_deadline = deadline;
	cur->st_late = 0;
	leave();
	return cur->st_late;
}

void
sched_unpark(uint32_t *word, unsigned n)
{

	for (unsigned i = 0; i < nthreads && n > 0; i++) {
		if (threads[i].st_state == PARKED &&
		    threads[i].st_word == word) {
			threads[i].st_state = RUNNABLE;
			n--;
		}
	}
}

uint64_t
sched_clock(void)
{

	return now;
}

int
sched_shows(void)
{

	return showing && exploring;
}

void
sched_note(const char *fmt, ...)
{
	va_list ap;

	if (!showing || cur == NULL)
		return;
	printf("# %*s%s: ", (int)cur->st_number * 4, "", cur->st_name);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
}

/* ---- memory --------------------------------------------------------- */

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
		(void)sched_spawn(sa->sa_name, sa->sa_func, sa->sa_arg);
	if (strategy == PCT) {
		pct_lowest = 1000;
		for (unsigned i = 0; i < nthreads; i++)
			threads[i].st_priority = 2000 +
			    (unsigned)(chance() % 1000);
		for (unsigned i = 0; i < PCT_MAX; i++)
			pct_points[i] = 1 + (unsigned)(chance() % PCT_STEPS);
	}
	exploring = 1;
	sched_join(NULL);
	exploring = 0;
	litmus->sl_end();
}

/* Once, with the choices that are there; 0 if it was bad. */
static int
run(void)
{

	nthreads = 0;
	exploring = 0;
	steps = at = used = 0;
	now = 1000000000;
	failure[0] = '\0';
	arena_used = 0;
	ASAN_POISON_MEMORY_REGION(arena, ARENA_SIZE);
	(void)sched_spawn("boss", boss, NULL);
	go(&threads[0]);
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

static void
print_choices(FILE *f)
{

	fprintf(f, "%s:%u:", litmus->sl_name, bound);
	for (unsigned i = 0; i < at; i++)
		fputc("0123456789abcdefghijklmn"[choices[i].ch_i], f);
	fputc('\n', f);
}

/* A fault: whose run it was. */
static void
on_fault(int sig)
{

	printf("# signal %d after %u steps; --replay ", sig, steps);
	print_choices(stdout);
	printf("not ok %u - %s: %s\n", number_of, litmus->sl_name,
	    litmus->sl_rule);
	fflush(stdout);
	_exit(1);
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
	for (bound = strategy == DFS ? 0 : max_bound; ; bound++) {
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
	if (strategy == DFS && last >= 0)
		printf(", all up to bound %d", last);
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

/* NAME:BOUND:CHOICES, shown. */
static int
replay(const char *text)
{
	const char *colon = strchr(text, ':');
	const char *p;
	char *end;

	if (colon == NULL) {
		fprintf(stderr, "sched: --replay NAME:BOUND:CHOICES\n");
		return 2;
	}
	litmus = find(text, (size_t)(colon - text));
	strategy = DFS;
	showing = 1;
	/*
	 * The options of each choice are not in the text: make the run up to
	 * where they are needed, again and again.
	 */
	bound = (unsigned)strtoul(colon + 1, &end, 10);
	nchoices = 0;
	for (p = end + (*end == ':'); ; p++) {
		showing = *p == '\0';
		(void)run();
		if (*p == '\0' || (unsigned)(p - end - 1) >= at)
			break;
		nchoices = (unsigned)(p - end);
		choices[nchoices - 1].ch_i = (uint8_t)(*p <= '9' ? *p - '0' :
		    *p - 'a' + 10);
	}
	printf("# %s\n", failure[0] != '\0' ? failure : "nothing is wrong");
	return failure[0] != '\0';
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
		{ NULL, 0, NULL, 0 },
	};
	unsigned max_bound = 3;
	uint64_t max = SCHEDULES;
	const char *again = NULL;
	int opt;

#if defined(__SANITIZE_THREAD__)
	printf("1..0 # SKIP threads that are fibers mean nothing to this "
	    "sanitizer\n");
	return 77;
#endif
	fix_addresses(argv);
	while ((opt = getopt_long(argc, argv, "1b:n:s:S:", longs, NULL)) != -1) {
		switch (opt) {
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
		case 'S':
			seed = strtoull(optarg, NULL, 0);
			break;
		case 'l':
			list();
			return 0;
		case 'r':
			again = optarg;
			break;
		default:
			return 2;
		}
	}
	arena = mmap(NULL, ARENA_SIZE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert(arena != MAP_FAILED);
	catch_faults();
	if (again != NULL)
		return replay(again);
	return explore_all(argv + optind, max_bound, max);
}
