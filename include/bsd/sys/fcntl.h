/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/fcntl.h - file flags as drivers see them.
 */
#ifndef _SYS_FCNTL_H_
#define _SYS_FCNTL_H_

#define	FREAD		0x00000001
#define	FWRITE		0x00000002
#define	O_NONBLOCK	0x00000004
#define	FAGAIN		0x10000000	/* addition: it was open in another
					   process */
#define	FNONBLOCK	O_NONBLOCK
#define	FNDELAY		O_NONBLOCK
#define	O_EXCL		0x00000800

/* flags of d_read and d_write */
#define	IO_NDELAY	0x00100

#endif /* _SYS_FCNTL_H_ */
