/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_specfs.h - the kernel side up to specfs, without a bus, for native tests.
 */
#ifndef TESTS_H_SPECFS_H
#define TESTS_H_SPECFS_H

/* Up, with nothing in the tables. */
void	h_specfs_up(void);

/*
 * Down.  First the node of each name, which K keeps for good, is freed if it
 * was made; the list ends with NULL.  Waits until nothing is allocated: the
 * thread of a revoke's close may be on its way out.
 */
void	h_specfs_down(const char *const *);

#endif /* TESTS_H_SPECFS_H */
