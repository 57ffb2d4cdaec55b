/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef _SYS_FILE_H_
#define _SYS_FILE_H_
#include <sys/fcntl.h>
#endif /* _SYS_FILE_H_ */
