/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/cdefs.h - compiler notation.
 */
#ifndef _SYS_CDEFS_H_
#define _SYS_CDEFS_H_

#define	__packed	__attribute__((__packed__))
#define	__aligned(n)	__attribute__((__aligned__(n)))
#define	__unused	__attribute__((__unused__))
#define	__dead		__attribute__((__noreturn__))
#define	__noinline	__attribute__((__noinline__))
#define	__cacheline_aligned	__aligned(64)
#define	__printflike(f, a)	__attribute__((__format__(__printf__, f, a)))
#define	__predict_true(e)	__builtin_expect((e) != 0, 1)
#define	__predict_false(e)	__builtin_expect((e) != 0, 0)
#define	__arraycount(a)	(sizeof(a) / sizeof((a)[0]))
#define	__diagused
#define	__CONCAT(a, b)	a ## b
#define	__STRING(x)	#x
#define	__BEGIN_DECLS
#define	__END_DECLS
#define	__USE(x)	((void)(x))
#define	__UNCONST(p)	((void *)(unsigned long)(const void *)(p))
#define	__containerof(p, t, m) \
	((t *)(void *)((char *)(p) - __builtin_offsetof(t, m)))

/* A BSD function whose C name means something else to libc. */
#define	__RENAME(sym)	__asm__("bsd_" #sym)

#define	__SHIFTOUT(x, m)	(((x) & (m)) / ((m) & -(m)))
#define	__SHIFTIN(x, m)		((x) * ((m) & -(m)))
#define	__BIT(n)		(1UL << (n))
#define	__BITS(h, l)		((__BIT((h) + 1) - 1) & ~(__BIT(l) - 1))

/* Revision strings are for people who read the source; no object needs one. */
#define	__KERNEL_RCSID(n, s)	struct __rcsid_unused

#endif /* _SYS_CDEFS_H_ */
