/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/signalvar.h - psignal(9), which cannot be had.
 *
 * A client's process is another one's: this one has no right to signal it, and
 * a pid may be somebody else's by then.  Nor does anybody ask: FIOASYNC and
 * F_SETOWN of a node are the Linux VFS's, and CUSE has no SIGIO.
 */
#ifndef _SYS_SIGNALVAR_H_
#define _SYS_SIGNALVAR_H_

#include <sys/mutex.h>
#include <sys/signal.h>
#include <sys/types.h>

extern kmutex_t proc_lock;

/*
 * psignal(p, sig)
 *
 *	Sends nothing, and says so in the log, once.  The caller has proc_lock.
 *	Does not sleep.
 */
void	psignal(struct proc *, int);

#endif /* _SYS_SIGNALVAR_H_ */
