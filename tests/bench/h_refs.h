/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_refs.h - references to be timed; between the halves of refs.
 */
#ifndef BENCH_H_REFS_H
#define BENCH_H_REFS_H

/* After hyp_boot: open the null device, and make a count. */
void	refs_init(void);

/* n times: poll the device through specfs, which takes an I/O reference and
   gives it back, and without specfs. */
void	refs_io(unsigned);
void	refs_no_io(unsigned);

/* n times: acquire and release of a count that all threads use; and of a
   plain atomic word. */
void	refs_count(unsigned);
void	refs_shared(unsigned);

#endif /* BENCH_H_REFS_H */
