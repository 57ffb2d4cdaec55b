/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * complain.c - how devswctl says that something is wrong.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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

/*
 * EXIT_FAILED = complain_lines(text)
 *
 *	The first line of what a daemon says, fit for a terminal.
 */
int
complain_lines(const char *text)
{
	char line[512];

	snprintf(line, sizeof(line), "%.*s", (int)strcspn(text, "\n"), text);
	for (char *p = line; *p != '\0'; p++) {
		if (*p < ' ' || *p > '~')
			*p = '?';
	}
	return complain("%s", line);
}

/* why = change_error(error): of what changes a daemon. */
const char *
change_error(int error)
{

	return error == EPERM ? "only root may" : error == EOPNOTSUPP ?
	    "this devswd cannot" : error == ECONNRESET ?
	    "devswd has ended before it answered" : strerror(error);
}
