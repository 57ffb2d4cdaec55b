/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ddb/db_active.h - is a kernel debugger at work?  There is none; gdb stops the
 * whole process.
 */
#ifndef _DDB_DB_ACTIVE_H_
#define _DDB_DB_ACTIVE_H_

#define	db_active	0

#endif /* _DDB_DB_ACTIVE_H_ */
