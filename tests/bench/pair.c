/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pair.c - the time of a read and of a write on two devices, and the ratio.
 *
 *	pair BASELINE DEVICE [MILLISECONDS [SIZE ...]]
 *
 * Rounds on the two devices alternate, so that what else the machine does
 * meets both; the ratio is the median of the rounds' ratios.  Every read
 * must be full.  A size is 1 and 65536 if it is not said.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define	ROUNDS	41

static char buf[1024 * 1024];

static double
now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static void
transfer(int fd, int writing, size_t size)
{
	ssize_t n;

	n = writing ? write(fd, buf, size) : read(fd, buf, size);
	if (n != (ssize_t)size) {
		fprintf(stderr, "pair: %s: %s\n", writing ? "write" : "read",
		    n == -1 ? strerror(errno) : "short");
		exit(1);
	}
}

/* Microseconds for each transfer, over about us microseconds. */
static double
one_round(int fd, int writing, size_t size, double us)
{
	const double begin = now_us();
	double end;
	int n = 0;

	do {
		for (int i = 0; i < 16; i++)
			transfer(fd, writing, size);
		n += 16;
		end = now_us();
	} while (end - begin < us);
	return (end - begin) / n;
}

static int
compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double
median(double *v)
{

	qsort(v, ROUNDS, sizeof(*v), compare);
	return v[ROUNDS / 2];
}

static void
measure(const int fd[2], int writing, size_t size, double us)
{
	double base[ROUNDS], dev[ROUNDS], ratio[ROUNDS];

	for (int i = -1; i < ROUNDS; i++) {
		const double b = one_round(fd[0], writing, size, us);
		const double d = one_round(fd[1], writing, size, us);

		if (i < 0)
			continue;	/* warm up */
		base[i] = b;
		dev[i] = d;
		ratio[i] = d / b;
	}
	printf("%s %7zu: baseline %8.2f us, device %8.2f us, ratio %.3f\n",
	    writing ? "write" : "read ", size, median(base), median(dev),
	    median(ratio));
}

static int
device(const char *path)
{
	const int fd = open(path, O_RDWR);

	if (fd == -1) {
		fprintf(stderr, "pair: %s: %s\n", path, strerror(errno));
		exit(1);
	}
	return fd;
}

int
main(int argc, char **argv)
{
	const size_t sizes[] = { 1, 65536 };
	const double us = 1000 * (argc > 3 ? atof(argv[3]) : 1000) / ROUNDS /
	    2;
	int fd[2];

	if (argc < 3) {
		fprintf(stderr,
		    "usage: pair BASELINE DEVICE [MILLISECONDS [SIZE ...]]\n");
		return 2;
	}
	fd[0] = device(argv[1]);
	fd[1] = device(argv[2]);
	for (int i = 0; i < (argc > 4 ? argc - 4 : 2); i++) {
		const size_t size = argc > 4 ?
		    strtoul(argv[4 + i], NULL, 0) : sizes[i];

		measure(fd, 0, size, us);
		measure(fd, 1, size, us);
	}
	return 0;
}
