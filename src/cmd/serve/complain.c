/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * complain.c - what vusb-serve has to say when something fails.
 */
#include <stdarg.h>
#include <stdio.h>

#include "serve/serve.h"

void
complain(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fprintf(stderr, "vusb-serve: ");
	vfprintf(stderr, fmt, ap);
	fprintf(stderr, "\n");
	va_end(ap);
}
