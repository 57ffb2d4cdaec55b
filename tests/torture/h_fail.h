/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_fail.h - failures in turn: the N-th call that may fail fails.
 *
 * In programs that link fail_dep the hypercalls that may fail go through here:
 * the linker (--wrap) turns calls of NAME into __wrap_NAME, and those of
 * __real_NAME into the real one.  So nothing in src knows of it, and any back
 * end can be below.
 *
 * A call is counted, and if it is the one that was asked for, the real one is
 * not made and the caller gets an error that the contract of the call has.
 * */
#ifndef TESTS_TORTURE_H_FAIL_H
#define TESTS_TORTURE_H_FAIL_H

#include <stdbool.h>

/* What is counted. */
#define	FAIL_CALLS	0x1	/* all but: */
#define	FAIL_MEMORY	0x2	/* hyp_alloc; calloc and its like */

/*
 * fail_at(n, kinds, variant)
 *
 *	The n'th call of these kinds from now on fails, once; 0: none does, but
 *	they are counted.  variant: which of its errors a call gives, from 0
 *	on; a call that has fewer begins again.
 */
void	fail_at(unsigned, unsigned, unsigned);

/* How many there were since; which one failed, or NULL, for whom, and how many
   errors it has. */
unsigned fail_count(void);
const char *fail_what(void);
void	*fail_where(void);
unsigned fail_errors(void);

/*
 * error = FAIL_HERE(call, kind, nerrors)
 *
 *	For a __wrap_ function: is it to fail?  -1: no; else the number of the
 *	error, below nerrors.
 */
int	fail_here(const char *, unsigned, unsigned, void *);
#define	FAIL_HERE(call, kind, n)					\
	fail_here((call), (kind), (n), __builtin_return_address(0))

/*
 * For h_fail_libc.c, of a program that wants it: where a path really is, and a
 * descriptor for one that is not there at all (-1: it is).
 */
extern const char *(*fail_path)(const char *);
extern int (*fail_open)(const char *);

#endif /* TESTS_TORTURE_H_FAIL_H */
