/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * complain.c - what all files of devsw-pty want: words for the user, the time.
 */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "pty/pty.h"

void
complain(const char *fmt, ...)
{
	va_list ap;

	flockfile(stderr);
	fprintf(stderr, "devsw-pty: ");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n");
	funlockfile(stderr);
}

int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}
