/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/sysctl.h - sysctl(9), which cannot be had: Linux's sysctl is its kernel's.
 *
 * What a driver makes with SYSCTL_SETUP compiles and is never called; what it
 * calls itself fails.  NetBSD's drivers have both for USB_DEBUG only.
 */
#ifndef _SYS_SYSCTL_H_
#define _SYS_SYSCTL_H_

#include <sys/types.h>

struct sysctllog;
struct sysctlnode;

#define	CTL_EOL			(-1)
#define	CTL_CREATE		(-2)
#define	CTL_KERN		1
#define	CTL_HW			6

#define	CTLTYPE_NODE		1
#define	CTLTYPE_INT		2
#define	CTLTYPE_STRING		3
#define	CTLTYPE_BOOL		6

#define	CTLFLAG_READONLY	0x00000000
#define	CTLFLAG_READWRITE	0x00000070
#define	CTLFLAG_PERMANENT	0x00000200

#define	SYSCTL_SETUP(func, desc)					\
	static void func(struct sysctllog **) __unused;		\
	static void func(struct sysctllog **clog __unused)

/*
 * error = sysctl_createv(log, flags, root, node, ...)
 *
 *	EOPNOTSUPP.
 */
int	sysctl_createv(struct sysctllog **, int, const struct sysctlnode **,
	    const struct sysctlnode **, ...);

#endif /* _SYS_SYSCTL_H_ */
