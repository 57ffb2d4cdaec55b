/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_trace.h - a hyp_trace that keeps what it is given, for native tests.
 *
 * Each thing is a text: "d_read enter tr0", "d_read exit tr0 EIO bytes 0",
 * "d_ioctl enter tr0 TIOCGETA", "drain enter tr0 calls 1".
 */
#ifndef TESTS_H_TRACE_H
#define TESTS_H_TRACE_H

void	h_trace_reset(void);		/* forget everything */
unsigned h_trace_count(void);
const char *h_trace_text(unsigned);	/* "": no so many */
int	h_trace_find(const char *);	/* the first that begins so, or -1 */
int	h_trace_has(void *);		/* T_UNTIL: there is one */

#endif /* TESTS_H_TRACE_H */
