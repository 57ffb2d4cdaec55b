/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern_impl.h - shared by the files of src/kernel/kern only.
 */
#ifndef KERN_KERN_IMPL_H
#define KERN_KERN_IMPL_H

#include <sys/types.h>

/*
 * The lock below kmutex and kcondvar: 0 free, 1 held, 2 held and waited
 * for.  Not recursive, no owner, never held over a sleep.
 */
void	word_lock(uint32_t *);
void	word_unlock(uint32_t *);

/*
 * unpark_later(word)
 * unpark_now(l)
 *
 *	later: who parks on the word may run, as soon as the caller has left
 *	all its mutexes.  now: what the caller, l, has put off; if there is
 *	none, nothing.  By who holds no mutex, or is about to sleep.
 */
struct lwp;
void	unpark_later(uint32_t *);
void	unpark_now(struct lwp *);

void	xc_init(void);

#endif /* KERN_KERN_IMPL_H */
