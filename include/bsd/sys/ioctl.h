/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/ioctl.h - the ioctls that a driver may be asked.
 */
#ifndef _SYS_IOCTL_H_
#define _SYS_IOCTL_H_

#include <sys/filio.h>
#include <sys/ioccom.h>
#include <sys/ttycom.h>

#endif /* _SYS_IOCTL_H_ */
