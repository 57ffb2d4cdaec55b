/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lib/libkern/libkern.h - strings, numbers, assertions.
 *
 * The mem and str functions without a comment are the host C library's:
 * the compiler may call them by itself anyway.
 */
#ifndef _LIB_LIBKERN_LIBKERN_H_
#define _LIB_LIBKERN_LIBKERN_H_

#include <stdarg.h>

#include <sys/types.h>

void	*memcpy(void *, const void *, size_t);
void	*memmove(void *, const void *, size_t);
void	*memset(void *, int, size_t);
/* Also if nobody reads it any more. */
static inline void *
explicit_memset(void *p, int c, size_t len)
{

	memset(p, c, len);
	__asm volatile("" : : "r"(p) : "memory");
	return p;
}
int	memcmp(const void *, const void *, size_t);
void	*memchr(const void *, int, size_t);
size_t	strlen(const char *);
size_t	strnlen(const char *, size_t);
int	strcmp(const char *, const char *);
int	strncmp(const char *, const char *, size_t);
char	*strncpy(char *, const char *, size_t);
char	*strchr(const char *, int);

/* Ours: glibc 2.36 lacks the first, and %-formats must be the kernel's. */
size_t	strlcpy(char *, const char *, size_t) __RENAME(strlcpy);
size_t	strlcat(char *, const char *, size_t) __RENAME(strlcat);
int	snprintf(char *, size_t, const char *, ...) __RENAME(snprintf) __printflike(3, 4);
int	vsnprintf(char *, size_t, const char *, va_list) __RENAME(vsnprintf) __printflike(3, 0);

int	pmatch(const char *, const char *, const char **);

static inline int abs(int n) { return n < 0 ? -n : n; }
static inline u_int min(u_int a, u_int b) { return a < b ? a : b; }
static inline u_int max(u_int a, u_int b) { return a > b ? a : b; }
static inline int imin(int a, int b) { return a < b ? a : b; }
static inline int imax(int a, int b) { return a > b ? a : b; }
static inline u_int uimin(u_int a, u_int b) { return a < b ? a : b; }
static inline u_int uimax(u_int a, u_int b) { return a > b ? a : b; }
static inline u_long ulmin(u_long a, u_long b) { return a < b ? a : b; }
static inline u_long ulmax(u_long a, u_long b) { return a > b ? a : b; }

__dead void kern_assert(const char *, const char *, int, const char *, ...)
	    __printflike(4, 5);

/* Always on: an assertion that can be switched off proves nothing in the
   program that ships.  KASSERTMSG(expression, format, arguments...). */
#define	KASSERT(e)							\
	(__predict_true(e) ? (void)0 :					\
	    kern_assert(#e, __FILE__, __LINE__, "%s", ""))
#define	KASSERTMSG(e, ...)						\
	(__predict_true(e) ? (void)0 :					\
	    kern_assert(#e, __FILE__, __LINE__, __VA_ARGS__))
#define	KDASSERT(e)	KASSERT(e)
#define	CTASSERT(e)	_Static_assert(e, #e)

#endif /* _LIB_LIBKERN_LIBKERN_H_ */
