/* SPDX-License-Identifier: BSD-2-Clause */
/* stdbool.h - for drivers, whatever the compiler. */
#ifndef _DEVSW_STDBOOL_H_
#define _DEVSW_STDBOOL_H_

#if !defined(__cplusplus) && __STDC_VERSION__ < 202311L
#define	bool	_Bool
#define	true	1
#define	false	0
#endif

#endif /* _DEVSW_STDBOOL_H_ */
