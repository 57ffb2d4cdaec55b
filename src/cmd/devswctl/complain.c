/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * complain.c - how devswctl says that something is wrong.
 */
#include <stdarg.h>
#include <stdio.h>

#include "devswctl/devswctl.h"

/*
 * EXIT_FAILED = complain(format, ...)
 *
 *	One line on standard error.
 */
int
complain(const char *format, ...)
{
	va_list ap;

	fflush(stdout);
	fputs("devswctl: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	return EXIT_FAILED;
}
