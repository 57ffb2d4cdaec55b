/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tab_ucom.c - the litmuses of t_sched_ucom: USB serial adapters, HIDs,
 * printers, ugen(4) and the bus, on everything that is below them.
 */
#include "sched/sched.h"

extern const struct sched_litmus l_ucom_open[], l_ucom_io[], l_ucom_ioctl[],
    l_uslsa[], l_uhid[], l_ulpt[], l_ugen[], l_bus[], l_park[];

const struct sched_litmus *const sched_files[] = {
	l_ucom_open, l_ucom_io, l_ucom_ioctl, l_uslsa, l_uhid, l_ulpt, l_ugen,
	l_bus, l_park, NULL
};

/* usbevent: the event thread of an opened device (h_pthread.c). */
const char *const sched_background[] = { "softclock", "usbevent", NULL };
