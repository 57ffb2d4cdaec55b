/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/signal.h - the numbers of NetBSD's signals.  See sys/signalvar.h for what
 * can be done with them.
 */
#ifndef _SYS_SIGNAL_H_
#define _SYS_SIGNAL_H_

#define	SIGHUP		1
#define	SIGINT		2
#define	SIGQUIT		3
#define	SIGKILL		9
#define	SIGTERM		15
#define	SIGURG		16
#define	SIGSTOP		17
#define	SIGTSTP		18
#define	SIGCONT		19
#define	SIGCHLD		20
#define	SIGTTIN		21
#define	SIGTTOU		22
#define	SIGIO		23
#define	SIGWINCH	28
#define	SIGINFO		29
#define	SIGUSR1		30
#define	SIGUSR2		31

#endif /* _SYS_SIGNAL_H_ */
