/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/atomic.h for the controlled scheduler: another thread may run before
 * each atomic operation that others can see the order of.  Relaxed loads and
 * stores are for assertions and hints, and are not among them.
 */
#ifndef TESTS_SCHED_SYS_ATOMIC_H
#define TESTS_SCHED_SYS_ATOMIC_H

#include "../../../../include/bsd/sys/atomic.h"
#include "sched/sched.h"

#undef atomic_load_acquire
#undef atomic_load_seq_cst
#undef atomic_store_release
#undef atomic_store_seq_cst
#undef atomic_inc_uint
#undef atomic_dec_uint
#undef atomic_inc_uint_nv
#undef atomic_dec_uint_nv

#define	atomic_load_acquire(p)						\
	(SCHED_POINT("load", p), __atomic_load_n((p), __ATOMIC_ACQUIRE))
#define	atomic_load_seq_cst(p)						\
	(SCHED_POINT("load", p), __atomic_load_n((p), __ATOMIC_SEQ_CST))
#define	atomic_store_release(p, v)					\
	(SCHED_POINT("store", p), __atomic_store_n((p), (v),		\
	    __ATOMIC_RELEASE))
#define	atomic_store_seq_cst(p, v)					\
	(SCHED_POINT("store", p), __atomic_store_n((p), (v),		\
	    __ATOMIC_SEQ_CST))
#define	atomic_inc_uint(p)						\
	(SCHED_POINT("inc", p),						\
	    (void)__atomic_add_fetch((p), 1, __ATOMIC_SEQ_CST))
#define	atomic_dec_uint(p)						\
	(SCHED_POINT("dec", p),						\
	    (void)__atomic_sub_fetch((p), 1, __ATOMIC_SEQ_CST))
#define	atomic_inc_uint_nv(p)						\
	(SCHED_POINT("inc", p), __atomic_add_fetch((p), 1,		\
	    __ATOMIC_SEQ_CST))
#define	atomic_dec_uint_nv(p)						\
	(SCHED_POINT("dec", p), __atomic_sub_fetch((p), 1,		\
	    __ATOMIC_SEQ_CST))

#endif /* TESTS_SCHED_SYS_ATOMIC_H */
