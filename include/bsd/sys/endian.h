/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/endian.h
 */
#ifndef _SYS_ENDIAN_H_
#define _SYS_ENDIAN_H_

#include <sys/types.h>

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define	htole16(x)	((uint16_t)(x))
#define	htole32(x)	((uint32_t)(x))
#define	le16toh(x)	((uint16_t)(x))
#define	le32toh(x)	((uint32_t)(x))
#else
#define	htole16(x)	__builtin_bswap16(x)
#define	htole32(x)	__builtin_bswap32(x)
#define	le16toh(x)	__builtin_bswap16(x)
#define	le32toh(x)	__builtin_bswap32(x)
#endif

#endif /* _SYS_ENDIAN_H_ */
