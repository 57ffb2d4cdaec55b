/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/filio.h - ioctls of any open file.
 *
 * The Linux VFS answers FIOCLEX, FIONCLEX, FIONBIO and FIOASYNC itself, so
 * a driver sees those only from BSD code inside the daemon.
 */
#ifndef _SYS_FILIO_H_
#define _SYS_FILIO_H_

#include <sys/ioccom.h>

#define	FIOCLEX		_IO('f', 1)		/* close on exec */
#define	FIONCLEX	_IO('f', 2)
#define	FIONREAD	_IOR('f', 127, int)	/* bytes that a read gets */
#define	FIONBIO		_IOW('f', 126, int)	/* non-blocking I/O */
#define	FIOASYNC	_IOW('f', 125, int)	/* SIGIO */
#define	FIOSETOWN	_IOW('f', 124, int)	/* who gets it */
#define	FIOGETOWN	_IOR('f', 123, int)
#define	FIONWRITE	_IOR('f', 121, int)	/* bytes not sent yet */
#define	FIONSPACE	_IOR('f', 120, int)	/* bytes that a write takes */

#endif /* _SYS_FILIO_H_ */
