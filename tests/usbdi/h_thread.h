/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_thread.h - hosts that have no thread to give, on demand.
 *
 * Programs that link h_thread_dep have their hyp_thread_create go through
 * h_thread.c.
 */
#ifndef TESTS_USBDI_H_THREAD_H
#define TESTS_USBDI_H_THREAD_H

/* Let the next n calls of hyp_thread_create fail with EAGAIN. */
void	ht_fail(int);

/* How many of them have not happened yet. */
int	ht_left(void);

/* Threads that have been created and have not ended. */
int	ht_running(void);

#endif /* TESTS_USBDI_H_THREAD_H */
