/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tab_core.c - the litmuses of t_sched: the runtime, autoconf, the switch and
 * specfs.
 */
#include "sched/sched.h"

extern const struct sched_litmus l_kern[], l_xcall[], l_device[], l_specfs[], l_clone[];

const struct sched_litmus *const sched_files[] = {
	l_kern, l_xcall, l_device, l_specfs, l_clone, NULL
};

const char *const sched_background[] = { "softclock", NULL };
