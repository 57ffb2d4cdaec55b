/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/ioccom.h - how an ioctl command is made.
 *
 * BSD's layout: three direction bits, thirteen of size, eight of group,
 * eight of number.  Linux's has two direction bits with the opposite sense
 * and fourteen of size; src/kernel/compat turns one into the other, so nothing
 * in K but that folder ever sees a Linux command.
 *
 *	31..29		28..16		15..8		7..0
 *	direction	size		group		number
 */
#ifndef _SYS_IOCCOM_H_
#define _SYS_IOCCOM_H_

#define	IOCPARM_MASK	0x1fff
#define	IOCPARM_SHIFT	16
#define	IOCGROUP_SHIFT	8
#define	IOCPARM_MAX	4096
#define	IOCPARM_LEN(c)	(((c) >> IOCPARM_SHIFT) & IOCPARM_MASK)
#define	IOCBASECMD(c)	((c) & ~((unsigned long)IOCPARM_MASK << IOCPARM_SHIFT))
#define	IOCGROUP(c)	(((c) >> IOCGROUP_SHIFT) & 0xff)

#define	IOC_VOID	0x20000000UL	/* no argument, or a plain number */
#define	IOC_OUT		0x40000000UL	/* the driver fills the argument */
#define	IOC_IN		0x80000000UL	/* the driver reads the argument */
#define	IOC_INOUT	(IOC_IN | IOC_OUT)
#define	IOC_DIRMASK	0xe0000000UL

#define	_IOC(dir, g, n, len)						\
	((dir) | (((unsigned long)(len) & IOCPARM_MASK) << IOCPARM_SHIFT) | \
	    ((unsigned long)(g) << IOCGROUP_SHIFT) | (unsigned long)(n))
#define	_IO(g, n)	_IOC(IOC_VOID, (g), (n), 0)
#define	_IOR(g, n, t)	_IOC(IOC_OUT, (g), (n), sizeof(t))
#define	_IOW(g, n, t)	_IOC(IOC_IN, (g), (n), sizeof(t))
#define	_IOWR(g, n, t)	_IOC(IOC_INOUT, (g), (n), sizeof(t))

#endif /* _SYS_IOCCOM_H_ */
