/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef KIT_H_DIES_H
#define KIT_H_DIES_H

#include <stddef.h>

/*
 * signal = h_dies(word, text, size)
 *
 *	Run this program again with "--die" and this word, and wait for its end.
 *	text: what it has said, of both streams.  -1: it did not end by a signal.
 */
int	h_dies(const char *, char *, size_t);

#endif /* KIT_H_DIES_H */
