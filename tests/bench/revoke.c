/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * revoke.c - how long from a revoke with many blocked reads on one node to the
 * return of the last one: the kernel side alone, without CUSE.
 *
 *	revoke READERS ROUNDS
 *
 * Prints the microseconds of each round.  Each thread writes its own struct
 * reader, and ends; then main reads it.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/h_null.h"
#include "hyp/hyp.h"
#include "hyp/hyp_node.h"
#include "specfs/h_node.h"

#define	READERS_MAX	4096
#define	LINUX_EIO	5

struct reader {
	pthread_t	r_thread;
	uint64_t	r_when;
	int		r_error;
};

static struct reader readers[READERS_MAX];
static struct hyp_node *node;

static void
die(const char *what)
{

	fprintf(stderr, "revoke: %s\n", what);
	exit(1);
}

static void *
reader(void *arg)
{
	struct reader *r = arg;
	struct hyp_lwp *l = h_enter(0);
	struct hyp_file *fp;
	size_t done;
	char c;

	if (hyp_node_open(node, HYP_F_READ, NULL, &fp) != 0)
		die("open");
	r->r_error = hyp_file_read(fp, &c, 1, 0, &done);
	r->r_when = hyp_clock();
	hyp_file_close(fp, 0);
	h_exit(l);
	return NULL;
}

static double
one_round(unsigned n)
{
	struct hyp_node_stat hs;
	uint64_t begin, last = 0;
	struct hyp_lwp *l;
	unsigned i;

	for (i = 0; i < n; i++) {
		if (pthread_create(&readers[i].r_thread, NULL, reader,
		    &readers[i]) != 0)
			die("pthread_create");
	}
	do {
		usleep(10000);		/* and from there to sleep */
		hyp_node_getstat(node, &hs);
	} while (hs.hs_calls != n);
	usleep(50000);
	l = h_enter(0);
	begin = hyp_clock();
	(void)hyp_node_revoke(node);
	h_exit(l);
	for (i = 0; i < n; i++) {
		pthread_join(readers[i].r_thread, NULL);
		if (readers[i].r_error != LINUX_EIO)
			die("a read did not fail with EIO");
		if (readers[i].r_when > last)
			last = readers[i].r_when;
	}
	return (double)(last - begin) / 1000;
}

int
main(int argc, char **argv)
{
	const unsigned n = argc == 3 ? (unsigned)atoi(argv[1]) : 0;

	if (n < 1 || n > READERS_MAX) {
		fprintf(stderr, "usage: revoke READERS ROUNDS\n");
		return 2;
	}
	if (hyp_boot(HYP_VERSION) != 0)
		return 1;
	null_wait_init();
	if (hyp_node_pin(NULL_DRIVER, 0) != 0 ||
	    (node = h_node_find(NULL_WAIT "0")) == NULL)
		die("no node");
	for (int i = atoi(argv[2]); i > 0; i--)
		printf("%.1f\n", one_round(n));
	fflush(stdout);
	_exit(0);
}
