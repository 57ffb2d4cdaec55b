/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern_stub.c - what NetBSD has and this does not: it fails as its header says.
 *
 * No state but what has been said in the log already.
 */
#include <sys/atomic.h>
#include <sys/compat_stub.h>
#include <sys/errno.h>
#include <sys/proc.h>
#include <sys/signalvar.h>
#include <sys/sysctl.h>
#include <sys/syslog.h>
#include <sys/systm.h>

kmutex_t proc_lock = MUTEX_INITIALIZER(proc_lock);

struct usb_subr_fill_30_hook_t usb_subr_fill_30_hook;

void
psignal(struct proc *p, int sig)
{
	static u_int said;

	KASSERT(mutex_owned(&proc_lock));
	if (atomic_swap_uint(&said, 1) == 0)
		log(LOG_WARNING, "signal %d to process %d: a driver cannot "
		    "send signals here\n", sig, (int)p->p_pid);
}

int
sysctl_createv(struct sysctllog **log __unused, int flags __unused,
    const struct sysctlnode **root __unused,
    const struct sysctlnode **node __unused, ...)
{

	return EOPNOTSUPP;
}
