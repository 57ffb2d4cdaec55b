/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/atomic.h - atomic_ops(3), atomic_loadstore(9), membar_ops(3).
 *
 * Macros over the compiler's builtins, so a thread sanitizer sees them.
 * Read-modify-write operations here are sequentially consistent, which is
 * stronger than NetBSD's: specfs relies on it where it says so.
 */
#ifndef _SYS_ATOMIC_H_
#define _SYS_ATOMIC_H_

#include <sys/types.h>

#define	atomic_load_relaxed(p)	__atomic_load_n((p), __ATOMIC_RELAXED)
#define	atomic_load_acquire(p)	__atomic_load_n((p), __ATOMIC_ACQUIRE)
#define	atomic_load_seq_cst(p)	__atomic_load_n((p), __ATOMIC_SEQ_CST)
#define	atomic_store_relaxed(p, v) __atomic_store_n((p), (v), __ATOMIC_RELAXED)
#define	atomic_store_release(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define	atomic_store_seq_cst(p, v) __atomic_store_n((p), (v), __ATOMIC_SEQ_CST)

#define	atomic_inc_uint(p)	((void)__atomic_add_fetch((p), 1, __ATOMIC_SEQ_CST))
#define	atomic_dec_uint(p)	((void)__atomic_sub_fetch((p), 1, __ATOMIC_SEQ_CST))
#define	atomic_inc_uint_nv(p)	__atomic_add_fetch((p), 1, __ATOMIC_SEQ_CST)
#define	atomic_dec_uint_nv(p)	__atomic_sub_fetch((p), 1, __ATOMIC_SEQ_CST)
#define	atomic_or_32(p, v)	((void)__atomic_or_fetch((p), (v), __ATOMIC_SEQ_CST))
#define	atomic_and_32(p, v)	((void)__atomic_and_fetch((p), (v), __ATOMIC_SEQ_CST))
#define	atomic_or_uint		atomic_or_32
#define	atomic_and_uint		atomic_and_32
#define	atomic_add_64(p, v)	((void)__atomic_add_fetch((p), (v), __ATOMIC_SEQ_CST))
#define	atomic_swap_32		atomic_swap_uint
#define	atomic_swap_uint(p, v)	__atomic_exchange_n((p), (v), __ATOMIC_SEQ_CST)
#define	atomic_swap_ptr(p, v)	__atomic_exchange_n((p), (v), __ATOMIC_SEQ_CST)

static inline uint32_t
atomic_cas_32(volatile uint32_t *p, uint32_t o, uint32_t n)
{

	__atomic_compare_exchange_n(p, &o, n, false, __ATOMIC_SEQ_CST,
	    __ATOMIC_SEQ_CST);
	return o;
}
#define	atomic_cas_uint		atomic_cas_32

#define	membar_sync()		__atomic_thread_fence(__ATOMIC_SEQ_CST)
#define	membar_acquire()	__atomic_thread_fence(__ATOMIC_ACQUIRE)
#define	membar_release()	__atomic_thread_fence(__ATOMIC_RELEASE)

#endif /* _SYS_ATOMIC_H_ */
