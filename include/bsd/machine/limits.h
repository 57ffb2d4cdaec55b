/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine/limits.h - limits of C's types: the compiler's.
 */
#ifndef _MACHINE_LIMITS_H_
#define _MACHINE_LIMITS_H_

#define	CHAR_BIT	__CHAR_BIT__
#define	SCHAR_MAX	__SCHAR_MAX__
#define	SCHAR_MIN	(-SCHAR_MAX - 1)
#define	UCHAR_MAX	(2 * SCHAR_MAX + 1)
#define	SHRT_MAX	__SHRT_MAX__
#define	SHRT_MIN	(-SHRT_MAX - 1)
#define	USHRT_MAX	(2 * SHRT_MAX + 1)
#define	INT_MAX		__INT_MAX__
#define	INT_MIN		(-INT_MAX - 1)
#define	UINT_MAX	(2U * INT_MAX + 1)
#define	LONG_MAX	__LONG_MAX__
#define	LONG_MIN	(-LONG_MAX - 1)
#define	ULONG_MAX	(2UL * LONG_MAX + 1)

#endif /* _MACHINE_LIMITS_H_ */
