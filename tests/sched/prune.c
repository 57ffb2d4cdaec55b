/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * prune.c - schedules that need not be tried, because what can follow has
 * been tried already: t_sched --prune.
 *
 * Model
 *	An event is an access to something that orders threads: a lock, an
 *	atomic, a condition variable, a word that is parked on; or a thread's
 *	beginning, end and join, a jump of the time, a block that is freed.
 *	Its hash is made of its thread, of the event before it in the thread,
 *	and of those before it on the object: the last write, for a write all
 *	reads since as well.  Reads of one object are in no order.
 *
 *	So the sum of the hashes of all events says which of them have been,
 *	and which came before which where that matters: threads that did
 *	things in another order, but none that any of them could see, have the
 *	same sum.  When a run comes to a choice with a sum, a running thread
 *	and at least as many preemptions spent as one before it in the same
 *	search, all that can follow is known, and the run goes on without
 *	choices.
 *
 * What holds
 *	With a bound and without: every state, and so every end, that can be
 *	reached within the bound is reached (t_prune.py counts ends), provided
 *	that plain data is ordered by these events, which ThreadSanitizer
 *	looks after (token.c).  A fault that makes a data race may be missed
 *	here, if its result is seen in only one of two orders that have the
 *	same sum; so this is not the default, and t_mutants.py tries each
 *	fault with it.  Two sums may be equal by chance, with 60 bits; and a
 *	bad state may be found with another schedule than without.
 *
 * Not recorded: what is done inside kern_mutex.c and kern_condvar.c, whose
 * callers are (tests/sched/bsd); relaxed counters of kmem(9), which commute;
 * tables of h_node.c, which one actor changes.
 *
 * Known gap: the kernel lock is recorded only where somebody waits for it, so a
 * litmus of a driver that is not D_MPSAFE has no use for this.
 */
#include <stdlib.h>
#include <string.h>

#include "sched/sched_impl.h"

#define	OBJECTS		8192		/* of one run; a power of 2 */
#define	STATES		(UINT64_C(1) << 24)
#define	USED_BITS	4		/* of an entry: preemptions */

struct object {
	uintptr_t	o_key;
	uint32_t	o_run;		/* another one: not there */
	uint64_t	o_write;	/* the last one */
	uint64_t	o_reads;	/* since then, in no order */
};

int sched_pruning;

static struct object objects[OBJECTS];
static uint32_t this_run;
static uint64_t last[THREADS_MAX];	/* of each thread */
static uint64_t sum;
static uint64_t *states;		/* hash, and preemptions */
static uint64_t nstates;
static unsigned search;

static uint64_t
mix(uint64_t a, uint64_t b)
{
	uint64_t z = a * UINT64_C(0x9e3779b97f4a7c15) + b +
	    UINT64_C(0x632be59bd9b4e019);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* A search with this bound begins, which does not know those before it. */
void
prune_search(unsigned bound)
{

	if (states == NULL && (states = calloc(STATES, sizeof(*states))) ==
	    NULL) {
		perror("sched: prune");
		exit(1);
	}
	search = bound;
}

/* The actors of a run begin. */
void
prune_run(void)
{

	this_run++;
	memset(last, 0, sizeof(last));
	sum = 0;
}

static struct object *
object(uintptr_t key)
{
	struct object *o;
	size_t i = (size_t)(mix(key, 0) % OBJECTS);

	for (size_t n = 0; n < OBJECTS; n++, i = (i + 1) % OBJECTS) {
		o = &objects[i];
		if (o->o_run != this_run) {
			o->o_run = this_run;
			o->o_key = key;
			o->o_write = o->o_reads = 0;
			return o;
		}
		if (o->o_key == key)
			return o;
	}
	abort();		/* more than there are bytes to be had */
}

/* A thread has accessed an object. */
void
prune_event(unsigned thread, uintptr_t key, int writes)
{
	struct object *const o = object(key);
	uint64_t e;

	e = mix(mix(last[thread], thread), o->o_write);
	if (writes) {
		e = mix(e, o->o_reads);
		o->o_write = e;
		o->o_reads = 0;
	} else
		o->o_reads += e;
	last[thread] = e;
	sum += e;
}

/* A thread has learnt something: the time. */
void
prune_learn(unsigned thread, uint64_t value)
{

	last[thread] = mix(mix(last[thread], thread), value);
	sum += last[thread];
}

/* One thread has made another one, or waited for its end. */
void
prune_order(unsigned before, unsigned after)
{

	last[after] = mix(mix(last[after], after), last[before]);
	sum += last[after];
}

/* How many different ends runs have had by now; this one is one. */
uint64_t
prune_ends(void)
{
	static uint64_t ends;
	const unsigned bound = search;

	search = UINT16_MAX;
	ends += !prune_known(0, 0);
	search = bound;
	return ends;
}

/*
 * Has this state been there, with as many preemptions left?  thread runs, or
 * THREADS_MAX: who did cannot.
 */
int
prune_known(unsigned thread, unsigned used)
{
	const uint64_t mask = (UINT64_C(1) << USED_BITS) - 1;
	const uint64_t h = mix(sum, thread + search * 64) & ~mask;
	uint64_t i = h >> USED_BITS;

	if (used > mask)
		return 0;
	for (;; i++) {
		i %= STATES;
		if (states[i] == 0)
			break;
		if ((states[i] & ~mask) != h)
			continue;
		if ((states[i] & mask) <= used)
			return 1;
		states[i] = h | used;
		return 0;
	}
	/* A full table forgets what is new. */
	if (h != 0 && nstates < STATES / 4 * 3) {
		states[i] = h | used;
		nstates++;
	}
	return 0;
}
