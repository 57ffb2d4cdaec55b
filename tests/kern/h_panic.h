/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_panic.h - a panic that is expected.
 */
#ifndef TESTS_KERN_H_PANIC_H
#define TESTS_KERN_H_PANIC_H

#include <stddef.h>

/*
 * panicked = h_panics(func, text, size)
 *
 *	Run func in a process of its own, which must be the only thread's.
 *	Did that end by SIGABRT?  text is what it said on standard error.  0:
 *	func came back; then text is empty.  Anything else fails the case.
 */
int	h_panics(void (*)(void), char *, size_t);

#endif /* TESTS_KERN_H_PANIC_H */
