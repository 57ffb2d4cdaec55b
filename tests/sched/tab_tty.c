/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tab_tty.c - the litmuses of t_sched_tty: terminals on specfs, usbdi,
 * and a chip's latency timer.
 */
#include "sched/sched.h"

extern const struct sched_litmus l_tty[], l_usbdi[], l_latency[];

const struct sched_litmus *const sched_files[] = {
	l_tty, l_usbdi, l_latency, NULL
};

/* usbevent: the event thread of an opened device (h_pthread.c). */
const char *const sched_background[] = { "softclock", "usbevent", NULL };
