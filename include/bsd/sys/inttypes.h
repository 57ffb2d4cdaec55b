/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/inttypes.h - formats of the types with a width.
 */
#ifndef _SYS_INTTYPES_H_
#define _SYS_INTTYPES_H_

#include <stdint.h>

#define	PRId8		"d"
#define	PRId16		"d"
#define	PRId32		"d"
#define	PRId64		"ld"
#define	PRIu8		"u"
#define	PRIu16		"u"
#define	PRIu32		"u"
#define	PRIu64		"lu"
#define	PRIx8		"x"
#define	PRIx16		"x"
#define	PRIx32		"x"
#define	PRIx64		"lx"

#endif /* _SYS_INTTYPES_H_ */
