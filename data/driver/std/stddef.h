/* SPDX-License-Identifier: BSD-2-Clause */
/* stddef.h - for drivers, whatever the compiler. */
#ifndef _DEVSW_STDDEF_H_
#define _DEVSW_STDDEF_H_

typedef __SIZE_TYPE__		size_t;
typedef __PTRDIFF_TYPE__	ptrdiff_t;
typedef __WCHAR_TYPE__		wchar_t;
#define	NULL			((void *)0)
#define	offsetof(type, member)	__builtin_offsetof(type, member)

#endif /* _DEVSW_STDDEF_H_ */
