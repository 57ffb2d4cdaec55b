/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_log.h - what the log says meanwhile, for the driver tests.
 *
 * Standard error is a file from h_log_begin to h_log_end, which passes on what
 * it has got; a case that fails in between is ended by the next h_log_begin.
 */
#ifndef TESTS_DRIVERS_H_LOG_H
#define TESTS_DRIVERS_H_LOG_H

void	h_log_begin(void);
void	h_log_end(void);
int	h_log_has(const void *);	/* T_UNTIL, T_EQ: 1 if it has that text */

#endif /* TESTS_DRIVERS_H_LOG_H */
