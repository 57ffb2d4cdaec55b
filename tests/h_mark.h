/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_mark.h - what helpers say of their calls, for a picture of them.  Nothing
 * here; tests/sched/mark has the one that draws.  K and H code alike.
 */
#ifndef TESTS_H_MARK_H
#define TESTS_H_MARK_H

#define	T_BEGIN(what)		((void)0)	/* a call begins */
#define	T_END(what, error)	((void)(error))	/* and ends */
#define	T_DID(what)		((void)0)	/* at once */

#endif /* TESTS_H_MARK_H */
