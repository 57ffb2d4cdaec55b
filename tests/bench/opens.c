/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * opens.c - what an open and its close cost while others open other devices:
 * the kernel side alone, without CUSE.
 *
 *	opens
 *
 * Prints one JSON object: the ns from the moment when all threads begin to that
 * when the last has made its opens, for each of the opens of a thread:
 *
 *	one	one thread, one device
 *	two	two threads, each with a device of its own
 *	apart	two threads, each with a device and a kernel side of its own, in
 *		a process of its own: they share nothing but the machine
 *
 * On two CPUs that have nothing in common, "apart" is "one".  Two that are
 * halves of one core, or belong to a virtual machine, slow each other down
 * whatever they do, and "apart" says by how much.
 *
 * The least of many short rounds counts, which the three make in turns:
 * whatever else runs can only add.
 * The threads of a round wait for each other with busy eyes, so that they
 * begin at once.  Each kernel side is in a process that is forked for it;
 * what they share is in a piece of memory.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/h_opens.h"
#include "hyp/hyp.h"
#include "hyp/hyp_node.h"
#include "specfs/h_node.h"

#define	TURNS		10
#define	ROUNDS		200
#define	TIMES		100
#define	WARM_UP		10
#define	SPINS		20000
#define	OPENERS		2
#define	LINE		128

struct opener {
	struct hyp_node	*o_node;
	uint64_t	 o_begin, o_end;	/* of a round */
} __attribute__((__aligned__(LINE)));

/* Of all processes. */
static struct shared {
	atomic_uint	 s_ready;		/* in all rounds */
	unsigned	 s_running;		/* openers */
	uint64_t	 s_least;
	struct opener	 s_openers[OPENERS];
} *shared;

_Noreturn static void
die(const char *what)
{

	fprintf(stderr, "opens: %s\n", what);
	_exit(1);
}

static void
open_close(struct hyp_node *node, unsigned n)
{
	struct hyp_file *fp;

	while (n-- > 0) {
		if (hyp_node_open(node, HYP_F_READ, NULL, &fp) != 0)
			die("an open has failed");
		hyp_file_close(fp, 0);
	}
}

/* All openers are here, for the nth time. */
static void
together(unsigned n)
{

	atomic_fetch_add(&shared->s_ready, 1);
	for (unsigned i = 1; atomic_load(&shared->s_ready) <
	    n * shared->s_running; i++) {
		if (i % SPINS == 0)
			usleep(0);	/* somebody has no CPU */
	}
}

static uint64_t
round_ns(void)
{
	uint64_t begin = UINT64_MAX, end = 0;

	for (unsigned i = 0; i < shared->s_running; i++) {
		const struct opener *const o = &shared->s_openers[i];

		begin = o->o_begin < begin ? o->o_begin : begin;
		end = o->o_end > end ? o->o_end : end;
	}
	return end - begin;
}

static void *
opener(void *arg)
{
	struct opener *const o = arg;
	struct hyp_lwp *const l = h_enter(0);

	for (unsigned i = 0; i < ROUNDS; i++) {
		open_close(o->o_node, WARM_UP);
		together(2 * i + 1);
		o->o_begin = hyp_clock();
		open_close(o->o_node, TIMES);
		o->o_end = hyp_clock();
		together(2 * i + 2);
		if (o == &shared->s_openers[0] && round_ns() < shared->s_least)
			shared->s_least = round_ns();
	}
	h_exit(l);
	return NULL;
}

/* A process with the n openers from o on. */
_Noreturn static void
kernel(struct opener *o, unsigned n)
{
	pthread_t threads[OPENERS];
	char name[32];

	if (hyp_boot(HYP_VERSION) != 0)
		die("hyp_boot");
	opens_init(n);
	for (unsigned i = 0; i < n; i++) {
		snprintf(name, sizeof(name), OPENS_NODE "%u", i);
		if ((o[i].o_node = h_node_find(name)) == NULL)
			die("no node");
		if (pthread_create(&threads[i], NULL, opener, &o[i]) != 0)
			die("pthread_create");
	}
	for (unsigned i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	_exit(0);
}

/* One turn of so many processes with n openers each, and its least round. */
static uint64_t
turn(unsigned processes, unsigned n)
{
	int status;

	shared->s_running = processes * n;
	shared->s_least = UINT64_MAX;
	atomic_store(&shared->s_ready, 0);
	for (unsigned i = 0; i < processes; i++) {
		switch (fork()) {
		case -1:
			die("fork");
		case 0:
			kernel(&shared->s_openers[i * n], n);
		default:
			break;
		}
	}
	for (unsigned i = 0; i < processes; i++) {
		if (wait(&status) == -1 || status != 0)
			die("a process has failed");
	}
	return shared->s_least;
}

int
main(void)
{
	static const struct { unsigned processes, n; } what[3] = {
		{ 1, 1 }, { 1, 2 }, { 2, 1 }
	};
	uint64_t ns[3] = { UINT64_MAX, UINT64_MAX, UINT64_MAX }, least;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		die("mmap");
	for (unsigned i = 0; i < 3 * TURNS; i++) {
		least = turn(what[i % 3].processes, what[i % 3].n);
		if (least < ns[i % 3])
			ns[i % 3] = least;
	}
	printf("{\"one\": %.0f, \"two\": %.0f, \"apart\": %.0f}\n",
	    (double)ns[0] / TIMES, (double)ns[1] / TIMES,
	    (double)ns[2] / TIMES);
	return 0;
}
