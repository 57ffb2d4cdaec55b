/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_bench.h - what the measuring programs share.  Any failure prints a line
 * that begins with the program's name and ends it with status 1: a figure
 * that could not be measured is never printed.
 */
#ifndef BENCH_H_BENCH_H
#define BENCH_H_BENCH_H

#include <stddef.h>

/* b_die(what): as perror; does not return. */
_Noreturn void b_die(const char *);

/* b_now(): CLOCK_MONOTONIC in microseconds. */
double	b_now(void);

/* b_median(values, n): sorts them. */
double	b_median(double *, size_t);

/*
 * fd = b_tty(path)
 *
 *	A tty in raw mode at 115200, without carrier and flow control,
 *	whatever else it was, that is not our controlling terminal.  Reads and
 *	writes block.
 */
int	b_tty(const char *);

/* b_write(fd, buf, len), b_read(fd, buf, len): all of it. */
void	b_write(int, const void *, size_t);
void	b_read(int, void *, size_t);

/*
 * b_pattern(buf, len, at)
 * b_check(buf, len, at)
 *
 *	The bytes at..at+len-1 of an endless stream that does not repeat
 *	itself within any buffer on the way; b_check ends the program when
 *	these are not they.
 */
void	b_pattern(void *, size_t, size_t);
void	b_check(const void *, size_t, size_t);

#endif /* BENCH_H_BENCH_H */
