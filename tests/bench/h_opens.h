/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_opens.h - devices to be opened; between the halves of opens.
 */
#ifndef BENCH_H_OPENS_H
#define BENCH_H_OPENS_H

#define	OPENS_NODE	"opens"		/* opens0, opens1, ... */

/* After hyp_boot: attach n devices of one driver, each with a node. */
void	opens_init(unsigned);

#endif /* BENCH_H_OPENS_H */
