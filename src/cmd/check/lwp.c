/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lwp.c - devsw-check's threads are lwps of root, with one clock; check.h.
 */
#include <time.h>
#include <unistd.h>

#include "check/check.h"
#include "hyp/hyp.h"

uint64_t
check_now(void)
{

	return hyp_clock() / 1000000;
}

void
check_sleep(unsigned ms)
{
	const struct timespec ts = { .tv_sec = ms / 1000,
	    .tv_nsec = (long)(ms % 1000) * 1000000 };

	(void)nanosleep(&ts, NULL);
}

struct hyp_lwp *
check_enter(void)
{
	const struct hyp_cred root = { .hc_pid = (int32_t)getpid() };

	return hyp_lwp_enter(&root);
}
