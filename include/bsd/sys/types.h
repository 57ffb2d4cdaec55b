/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/types.h - NetBSD's basic types.
 */
#ifndef _SYS_TYPES_H_
#define _SYS_TYPES_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/cdefs.h>

typedef unsigned char	u_char;
typedef unsigned short	u_short;
typedef unsigned int	u_int;
typedef unsigned long	u_long;
typedef unsigned short	ushort;
typedef unsigned int	uint;
typedef uint8_t		u_int8_t;
typedef uint16_t	u_int16_t;
typedef uint32_t	u_int32_t;
typedef uint64_t	u_int64_t;

typedef char		*caddr_t;
typedef uint64_t	dev_t;
typedef int32_t		devmajor_t;
typedef int32_t		devminor_t;
typedef int32_t		pid_t;
typedef uint32_t	uid_t;
typedef uint32_t	gid_t;
typedef uint32_t	mode_t;
typedef int64_t		off_t;
typedef int64_t		time_t;
typedef int32_t		suseconds_t;
typedef long		ssize_t;
typedef uint64_t	paddr_t;
typedef int		pri_t;
typedef const volatile void *wchan_t;

struct lwp;
typedef struct lwp	lwp_t;
struct proc;
typedef struct proc	proc_t;

#include <sys/endian.h>

#define	NODEV		((dev_t)-1)
#define	NODEVMAJOR	(-1)

/* NetBSD's split of a dev_t: 12 bits of major, 20 of minor. */
#define	major(d)	((devmajor_t)(((uint32_t)(d) & 0x000fff00) >> 8))
#define	minor(d)	((devminor_t)((((uint32_t)(d) & 0xfff00000) >> 12) | \
			    ((uint32_t)(d) & 0x000000ff)))
#define	makedev(x, y)	((dev_t)((((uint32_t)(x) << 8) & 0x000fff00) | \
			    (((uint32_t)(y) << 12) & 0xfff00000) | \
			    ((uint32_t)(y) & 0x000000ff)))

#endif /* _SYS_TYPES_H_ */
