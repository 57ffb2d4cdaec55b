/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fs/unicode.h - for drivers that include it.  What it has in NetBSD, UTF-8 of
 * file systems, no USB driver uses; usbd_get_string(9) gives UTF-8.
 */
#ifndef _FS_UNICODE_H_
#define _FS_UNICODE_H_
#endif /* _FS_UNICODE_H_ */
