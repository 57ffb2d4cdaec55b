/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * refs.c - what a reference costs, in ns of a thread's time.
 *
 *	refs [THREADS ...]
 *
 * Prints one JSON object: "io", entering and leaving a driver's node through
 * specfs, uncontended (a poll through specfs less one without); "pair", an
 * uncontended atomic increment and decrement; and for each number of threads
 * (1 and as many as there are CPUs) under "count" and "shared" an acquire and
 * release of one localcount, and of one atomic word, by all of them at once.
 *
 * The least of many rounds counts: whatever else runs can only add.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "bench/h_refs.h"
#include "hyp/hyp.h"

#define	ROUNDS		60
#define	TIMES		20000
#define	THREADS_MAX	256

static pthread_barrier_t barrier;
static void (*work)(unsigned);

static double
thread_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static void *
worker(void *arg)
{
	double *ns = arg, begin;

	pthread_barrier_wait(&barrier);
	begin = thread_ns();
	work(TIMES);
	*ns = (thread_ns() - begin) / TIMES;
	return NULL;
}

/* ns for each time, the mean of n threads at once. */
static double
round_of(void (*func)(unsigned), unsigned n)
{
	static pthread_t threads[THREADS_MAX];
	static double ns[THREADS_MAX];
	double sum = 0;

	work = func;
	pthread_barrier_init(&barrier, NULL, n);
	for (unsigned i = 1; i < n; i++) {
		if (pthread_create(&threads[i], NULL, worker, &ns[i]) != 0) {
			perror("refs: pthread_create");
			exit(1);
		}
	}
	(void)worker(&ns[0]);
	for (unsigned i = 1; i < n; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&barrier);
	for (unsigned i = 0; i < n; i++)
		sum += ns[i];
	return sum / n;
}

static double
least(void (*func)(unsigned), unsigned n)
{
	double best = 0, ns;

	for (int i = 0; i < ROUNDS; i++) {
		ns = round_of(func, n);
		if (i == 0 || ns < best)
			best = ns;
	}
	return best;
}

static void
by_threads(const char *name, void (*func)(unsigned), const unsigned *n)
{

	printf(", \"%s\": {", name);
	for (; *n != 0; n++)
		printf("\"%u\": %.2f%s", *n, least(func, *n),
		    n[1] != 0 ? ", " : "}");
}

int
main(int argc, char **argv)
{
	static unsigned counts[64] = { 1 };
	unsigned n = 1;

	if (argc == 1 && hyp_ncpu() > 1)
		counts[n++] = hyp_ncpu();
	for (int i = 1; i < argc && n < 63; i++)
		counts[n++] = (unsigned)atoi(argv[i]) % THREADS_MAX;
	if (hyp_boot(HYP_VERSION) != 0)
		return 1;
	refs_init();
	printf("{\"io\": %.2f, \"pair\": %.2f",
	    least(refs_io, 1) - least(refs_no_io, 1), least(refs_shared, 1));
	by_threads("count", refs_count, counts);
	by_threads("shared", refs_shared, counts);
	printf("}\n");
	fflush(stdout);
	_exit(0);
}
