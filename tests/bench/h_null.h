/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_null.h - what the two halves of devswd-null share: names that both
 * compile worlds can read.
 */
#ifndef BENCH_H_NULL_H
#define BENCH_H_NULL_H

#define	NULL_DRIVER	"null"	/* in cfdriver_ioconf and devnodes */
#define	NULL_UNITS	64

#define	NULL_WAIT	"benchwait"	/* nodes whose reads sleep */

void	null_wait_init(void);		/* after hyp_boot */
void	null_unplug(unsigned);		/* a benchwait, which is back at once */

#endif /* BENCH_H_NULL_H */
