/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/intr.h - softint(9).  Handlers run on the softclock thread, one at a
 * time; scheduling one that is scheduled changes nothing.
 */
#ifndef _SYS_INTR_H_
#define _SYS_INTR_H_

#include <sys/types.h>

#define	SOFTINT_CLOCK	0x0
#define	SOFTINT_BIO	0x1
#define	SOFTINT_NET	0x2
#define	SOFTINT_SERIAL	0x3
#define	SOFTINT_USB	SOFTINT_SERIAL
#define	SOFTINT_MPSAFE	0x100

void	*softint_establish(u_int, void (*)(void *), void *);
void	softint_disestablish(void *);
void	softint_schedule(void *);

/*
 * spl(9).  A driver that uses it is not MP-safe, so all of its entries and
 * callbacks run under the kernel lock already, and none comes in between.
 */
static inline int splnone(void) { return 0; }
#define	spl0		splnone
#define	splsoftclock	splnone
#define	splsoftserial	splnone
#define	splsoftnet	splnone
#define	splsoftusb	splnone
#define	splbio		splnone
#define	splnet		splnone
#define	spltty		splnone
#define	splserial	splnone
#define	splusb		splnone
#define	splvm		splnone
#define	splclock	splnone
#define	splsched	splnone
#define	splhigh		splnone
static inline void splx(int s __unused) { }

#endif /* _SYS_INTR_H_ */
