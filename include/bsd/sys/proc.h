/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/proc.h - the little that is known of a client's process.
 */
#ifndef _SYS_PROC_H_
#define _SYS_PROC_H_

#include <sys/types.h>

struct proc {
	pid_t	p_pid;		/* the client's thread ID, 0 if unknown */
};

#include <sys/lwp.h>

#endif /* _SYS_PROC_H_ */
