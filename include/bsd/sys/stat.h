/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/stat.h - the devtype argument of d_open.
 */
#ifndef _SYS_STAT_H_
#define _SYS_STAT_H_

#define	S_IFCHR		0020000
#define	S_IFBLK		0060000

#endif /* _SYS_STAT_H_ */
