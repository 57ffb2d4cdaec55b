/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_sleep.h - look into an lwp of K, and hold it up, for K and H code.
 */
#ifndef TESTS_DRIVERS_H_SLEEP_H
#define TESTS_DRIVERS_H_SLEEP_H

#include <stddef.h>

struct hyp_lwp;

/* The wait message ("ttyraw") of an lwp that sleeps now, or NULL. */
const char *h_sleeps(struct hyp_lwp *);

/* Take the tty lock of dtyU0, which is there; leave it. */
int	h_tty_closes(void *);	/* T_UNTIL: d_cancel has come */
void	h_tty_hold(void);
void	h_tty_release(void);

/* Bytes that K has allocated. */
size_t	h_memory(void);

#endif /* TESTS_DRIVERS_H_SLEEP_H */
