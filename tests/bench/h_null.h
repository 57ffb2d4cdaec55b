/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_null.h - what the two halves of devswd-null share: names that both
 * compile worlds can read.
 */
#ifndef BENCH_H_NULL_H
#define BENCH_H_NULL_H

#define	NULL_DRIVER	"null"	/* in cfdriver_ioconf and devnodes */
#define	NULL_UNITS	64

#endif /* BENCH_H_NULL_H */
