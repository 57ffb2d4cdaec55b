/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * returns.c - how long after a revoke or an unplug do blocked reads return?
 *
 *	returns NODE PID READERS ROUNDS SIGNAL ...
 *
 * In each round READERS threads read NODE, each with an open file of its own,
 * and do nothing else; when the kernel says that all of them sleep (UML's does
 * not say in which call) the process PID, a devswd-null, gets the next SIGNAL
 * (a number).  Prints for each round the
 * microseconds from just before that to the return of the last read.  A read
 * that does not fail with EIO is an error.
 *
 * Each thread writes its own struct reader, and ends; then main reads it.
 */
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/h_bench.h"

#define	READERS_MAX	4096

struct reader {
	pthread_t	r_thread;
	int		r_fd;
	_Atomic pid_t	r_tid;
	double		r_when;
	int		r_good;
};

static struct reader readers[READERS_MAX];

static void *
reader(void *arg)
{
	struct reader *r = arg;
	char c;

	atomic_store(&r->r_tid, (pid_t)syscall(SYS_gettid));
	r->r_good = read(r->r_fd, &c, 1) == -1 && errno == EIO;
	r->r_when = b_now();
	return NULL;
}

/* Does the thread sleep?  Its state comes after the name, in parentheses. */
static int
sleeps(const struct reader *r)
{
	const pid_t tid = atomic_load(&r->r_tid);
	char path[64], state = '-';
	FILE *f;

	if (tid == 0)
		return 0;
	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	if ((f = fopen(path, "r")) == NULL)
		b_die(path);
	if (fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
		b_die(path);
	fclose(f);
	return state == 'S';
}

/* All of them, three times in a row. */
static void
wait_blocked(unsigned n)
{
	unsigned i, quiet;

	for (quiet = 0; quiet < 3; quiet++) {
		usleep(10000);
		for (i = 0; i < n; i++) {
			if (!sleeps(&readers[i])) {
				quiet = 0;
				usleep(1000);
				i--;
			}
		}
	}
}

/* After an unplug the reads return before the plug is in again. */
static int
open_node(const char *node)
{
	int fd;

	for (int tries = 0; tries < 5000; tries++) {
		fd = open(node, O_RDWR | O_CLOEXEC);
		if (fd != -1)
			return fd;
		if (errno != ENXIO)
			break;
		usleep(1000);
	}
	b_die(node);
}

static double
one_round(const char *node, pid_t pid, unsigned n, int sig)
{
	pthread_attr_t attr;
	double begin, last = 0;
	unsigned i;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 64 * 1024);
	for (i = 0; i < n; i++) {
		memset(&readers[i], 0, sizeof(readers[i]));
		readers[i].r_fd = open_node(node);
		errno = pthread_create(&readers[i].r_thread, &attr, reader,
		    &readers[i]);
		if (errno != 0)
			b_die("pthread_create");
	}
	wait_blocked(n);
	begin = b_now();
	if (kill(pid, sig) == -1)
		b_die("kill");
	for (i = 0; i < n; i++) {
		pthread_join(readers[i].r_thread, NULL);
		close(readers[i].r_fd);
		if (!readers[i].r_good) {
			fprintf(stderr, "returns: a read did not fail with "
			    "EIO\n");
			exit(1);
		}
		if (readers[i].r_when > last)
			last = readers[i].r_when;
	}
	/* The revoke is not over yet, and may take a new open along. */
	usleep(50000);
	return last - begin;
}

int
main(int argc, char **argv)
{
	const unsigned n = argc > 5 ? (unsigned)atoi(argv[3]) : 0;
	int rounds;

	if (n < 1 || n > READERS_MAX) {
		fprintf(stderr, "usage: returns NODE PID READERS ROUNDS "
		    "SIGNAL ...\n");
		return 2;
	}
	rounds = atoi(argv[4]);
	for (int i = 0; i < rounds; i++)
		printf("%.1f\n", one_round(argv[1], atoi(argv[2]), n,
		    atoi(argv[5 + i % (argc - 5)])));
	return 0;
}
