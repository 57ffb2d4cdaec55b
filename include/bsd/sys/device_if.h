/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/device_if.h - the name of a device, without what autoconf(9) has.
 */
#ifndef _SYS_DEVICE_IF_H_
#define _SYS_DEVICE_IF_H_

typedef struct device	*device_t;
typedef struct cfdata	*cfdata_t;

#endif /* _SYS_DEVICE_IF_H_ */
