/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_mark.h for the controlled scheduler, which shows them.
 */
#ifndef TESTS_SCHED_H_MARK_H
#define TESTS_SCHED_H_MARK_H

#include "sched/sched.h"

#define	T_BEGIN(what)		sched_begin(what)
#define	T_END(what, error)	sched_end((what), (error))
#define	T_DID(what)		sched_did(what)

#endif /* TESTS_SCHED_H_MARK_H */
