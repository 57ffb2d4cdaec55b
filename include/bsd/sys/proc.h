/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/proc.h - the little that is known of a client's process.
 */
#ifndef _SYS_PROC_H_
#define _SYS_PROC_H_

#include <sys/atomic.h>
#include <sys/signalvar.h>
#include <sys/types.h>

struct vmspace;

struct proc {
	pid_t	p_pid;		/* the client's thread ID, 0 if unknown */
	pid_t	p_pgid;		/* 0: its process group is not known */
	struct vmspace *p_vmspace; /* its memory, which cannot be reached */
};

#include <sys/callout.h>
#include <sys/lwp.h>

#endif /* _SYS_PROC_H_ */
