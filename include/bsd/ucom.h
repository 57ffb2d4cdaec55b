/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ucom.h - config(8): is there a ucom(4)?  There is.
 */
#ifndef NUCOM
#define	NUCOM	1
#endif
