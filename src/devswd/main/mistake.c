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
	char text[1024];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (mistake_stream != NULL)
		fprintf(mistake_stream, "%s\n", text);
	else
		fprintf(stderr, "devswd: %s\n", text);
}
