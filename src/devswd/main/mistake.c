/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mistake.c - telling of what is wrong in what devswd was told; mistake.h.
 *
 * Who starts the daemon reads standard error.  Who has it read its
 * configuration again has no part in that: what was wrong goes to the log, and
 * into the answer.
 */
#include <stdarg.h>
#include <stdio.h>

#include "main/mistake.h"

static FILE *mistake_stream;

void
mistakes_to(FILE *f)
{

	mistake_stream = f;
}

void
mistake(const char *format, ...)
{
	FILE *const f = mistake_stream != NULL ? mistake_stream : stderr;
	va_list ap;

	if (mistake_stream == NULL)
		fputs("devswd: ", f);
	va_start(ap, format);
	vfprintf(f, format, ap);
	va_end(ap);
	fputc('\n', f);
}
