/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tab_stuck.c - the litmuses of t_sched_stuck: drivers that do not come back.
 */
#include "sched/sched.h"

extern const struct sched_litmus l_stuck[];

const struct sched_litmus *const sched_files[] = { l_stuck, NULL };

const char *const sched_background[] = { "softclock", NULL };
