/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * say.c - the log: lines on standard error, which is the journal's.
 *
 * Nothing that a client or a device has sent gets into it.
 */
#include <stdarg.h>
#include <stdio.h>

#include "gateway/gateway.h"

bool say_more;

static void
line(const char *format, va_list ap)
{
	char text[512];

	vsnprintf(text, sizeof(text), format, ap);
	fprintf(stderr, "devsw-gateway: %s\n", text);
}

void
say(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	line(format, ap);
	va_end(ap);
}

void
say_verbose(const char *format, ...)
{
	va_list ap;

	if (!say_more)
		return;
	va_start(ap, format);
	line(format, ap);
	va_end(ap);
}
