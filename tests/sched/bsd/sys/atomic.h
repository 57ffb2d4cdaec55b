/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/atomic.h for the controlled scheduler: another thread may run before
 * each atomic operation that others can see the order of.  Relaxed loads and
 * stores are for assertions and hints, and are not among them; prune.c wants
 * to know of them.
 */
#ifndef TESTS_SCHED_SYS_ATOMIC_H
#define TESTS_SCHED_SYS_ATOMIC_H

#include "../../../../include/bsd/sys/atomic.h"
#include "sched/sched.h"

#undef atomic_load_relaxed
#undef atomic_store_relaxed
#undef atomic_load_acquire
#undef atomic_load_seq_cst
#undef atomic_store_release
#undef atomic_store_seq_cst
#undef atomic_inc_uint
#undef atomic_dec_uint
#undef atomic_inc_uint_nv
#undef atomic_dec_uint_nv

/* p once, and after the point. */
#define	SCHED_ATOMIC(what, p, TOUCH, op) __extension__({		\
	sched_point((what), #p, __func__);				\
	__typeof__(p) const sched_p = (p);				\
	TOUCH(sched_p);							\
	op;								\
})
#define	SCHED_RELAXED(p, TOUCH, op) __extension__({			\
	__typeof__(p) const sched_p = (p);				\
	TOUCH(sched_p);							\
	op;								\
})

#define	atomic_load_relaxed(p)						\
	SCHED_RELAXED(p, SCHED_READS,					\
	    __atomic_load_n(sched_p, __ATOMIC_RELAXED))
#define	atomic_store_relaxed(p, v)					\
	SCHED_RELAXED(p, SCHED_WRITES,					\
	    __atomic_store_n(sched_p, (v), __ATOMIC_RELAXED))
#define	atomic_load_acquire(p)						\
	SCHED_ATOMIC("load", p, SCHED_READS,				\
	    __atomic_load_n(sched_p, __ATOMIC_ACQUIRE))
#define	atomic_load_seq_cst(p)						\
	SCHED_ATOMIC("load", p, SCHED_READS,				\
	    __atomic_load_n(sched_p, __ATOMIC_SEQ_CST))
#define	atomic_store_release(p, v)					\
	SCHED_ATOMIC("store", p, SCHED_WRITES,				\
	    __atomic_store_n(sched_p, (v), __ATOMIC_RELEASE))
#define	atomic_store_seq_cst(p, v)					\
	SCHED_ATOMIC("store", p, SCHED_WRITES,				\
	    __atomic_store_n(sched_p, (v), __ATOMIC_SEQ_CST))
#define	atomic_inc_uint_nv(p)						\
	SCHED_ATOMIC("inc", p, SCHED_WRITES,				\
	    __atomic_add_fetch(sched_p, 1, __ATOMIC_SEQ_CST))
#define	atomic_dec_uint_nv(p)						\
	SCHED_ATOMIC("dec", p, SCHED_WRITES,				\
	    __atomic_sub_fetch(sched_p, 1, __ATOMIC_SEQ_CST))
#define	atomic_inc_uint(p)	((void)atomic_inc_uint_nv(p))
#define	atomic_dec_uint(p)	((void)atomic_dec_uint_nv(p))

#endif /* TESTS_SCHED_SYS_ATOMIC_H */
