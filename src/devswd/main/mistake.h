/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mistake.h - telling of what is wrong in what devswd was told.
 *
 * All functions are for one thread, main's.
 */
#ifndef MAIN_MISTAKE_H
#define MAIN_MISTAKE_H

#include <stdio.h>

/*
 * mistake(format, ...)
 *
 *	One line, without its end: "devswd: " and the text on standard error,
 *	or the text to whom mistakes_to has named.
 *
 * mistakes_to(stream)
 *
 *	From now on; NULL: standard error, and nobody has named another at the
 *	start.
 */
void	mistake(const char *, ...) __attribute__((__format__(__printf__, 1, 2)));
void	mistakes_to(FILE *);

#endif /* MAIN_MISTAKE_H */
