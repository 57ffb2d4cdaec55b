/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern_mutex.c - mutex(9).
 *
 * A mutex is one word: 0 free, 1 held, 2 held and perhaps waited for.
 * Taking a free one and leaving one that nobody waits for are a single
 * atomic operation each and no hypercall.  Whoever finds it held stores 2
 * and parks on the word; a holder that takes 2 out of it wakes one sleeper,
 * and that sleeper takes the mutex with 2 again, because it cannot know
 * whether others still sleep.
 *
 * The memory of a mutex may be freed as soon as its last holder has left
 * mutex_exit's atomic exchange: hyp_unpark uses the address only.
 *
 * mtx_owner is for assertions and written by the holder alone.
 *
 * A wake-up of a condition variable is sent when its sender has left its
 * mutexes: whoever wakes needs one of them, and would go to sleep for it, where
 * the woken thread is let to run at once or runs on another CPU.
 *
 *	event thread			reader, parked
 *	mutex_enter
 *	cv_signal: off the list,
 *	LW_WAKEUP, l_unpark
 *	mutex_exit: free; hyp_unpark
 *					takes cv_lock and the mutex
 *
 * One is put off; of several the older are sent at once, and it is sent before
 * its sender sleeps or delays, with whatever mutex.  The reader may have
 * returned for another reason, and be gone, before the hyp_unpark.
 *
 * With options LOCKDEBUG the calls of others are macros, which call
 * subr_lockdebug.c, which calls this.
 */
#include <sys/atomic.h>
#include <sys/lwp.h>
#include <sys/mutex.h>
#include <sys/systm.h>

#include <hyp/hyp.h>

#include "kern/kern_impl.h"

#undef mutex_init
#undef mutex_destroy
#undef mutex_enter
#undef mutex_exit
#undef mutex_tryenter

/*
 * word_lock(word)
 *
 *	Take the lock; parks while another thread has it.
 */
void
word_lock(uint32_t *word)
{
	uint32_t old = 0;

	if (__predict_true(__atomic_compare_exchange_n(word, &old, 1, false,
	    __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)))
		return;
	unpark_now(curlwp);
	while (__atomic_exchange_n(word, 2, __ATOMIC_ACQUIRE) != 0)
		(void)hyp_park(word, 2, 0);
}

/*
 * word_unlock(word)
 */
void
word_unlock(uint32_t *word)
{

	if (__atomic_exchange_n(word, 0, __ATOMIC_RELEASE) == 2)
		hyp_unpark(word, 1);
}

void
unpark_now(struct lwp *l)
{
	uint32_t *const word = l->l_unpark;

	if (word != NULL) {
		l->l_unpark = NULL;
		hyp_unpark(word, 1);
	}
}

void
unpark_later(uint32_t *word)
{
	struct lwp *const l = curlwp;

	unpark_now(l);
	l->l_unpark = word;
}

/*
 * mutex_init(mtx, type, ipl)
 *
 *	Prepare a mutex.  All types are alike and ipl means nothing here.
 */
void
mutex_init(kmutex_t *mtx, kmutex_type_t type __unused, int ipl __unused)
{

	mtx->mtx_word = 0;
	mtx->mtx_owner = NULL;
}

/*
 * mutex_destroy(mtx)
 *
 *	End of a mutex, which nobody may hold.
 */
void
mutex_destroy(kmutex_t *mtx)
{

	KASSERTMSG(atomic_load_relaxed(&mtx->mtx_word) == 0,
	    "mutex %p destroyed while held by %p", (void *)mtx,
	    (void *)mtx->mtx_owner);
}

/*
 * mutex_enter(mtx)
 *
 *	Take the mutex, which the caller must not hold already.  May park,
 *	but only for as long as a holder runs.
 */
void
mutex_enter(kmutex_t *mtx)
{

	KASSERTMSG(!mutex_owned(mtx), "mutex %p locked against itself",
	    (void *)mtx);
	word_lock(&mtx->mtx_word);
	curlwp->l_mutexes++;
	atomic_store_relaxed(&mtx->mtx_owner, curlwp);
}

/*
 * mutex_exit(mtx)
 *
 *	Leave the mutex, which the caller must hold.
 */
void
mutex_exit(kmutex_t *mtx)
{
	struct lwp *const l = curlwp;

	KASSERTMSG(mutex_owned(mtx), "mutex %p is held by %p, not by %p",
	    (void *)mtx, (void *)mtx->mtx_owner, (void *)l);
	atomic_store_relaxed(&mtx->mtx_owner, NULL);
	word_unlock(&mtx->mtx_word);
	if (--l->l_mutexes == 0)
		unpark_now(l);
}

/*
 * gotit = mutex_tryenter(mtx)
 *
 *	Take the mutex if it is free.
 */
int
mutex_tryenter(kmutex_t *mtx)
{
	uint32_t old = 0;

	if (!__atomic_compare_exchange_n(&mtx->mtx_word, &old, 1, false,
	    __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return 0;
	curlwp->l_mutexes++;
	atomic_store_relaxed(&mtx->mtx_owner, curlwp);
	return 1;
}

/*
 * mine = mutex_owned(mtx)
 *
 *	For assertions: does the caller hold it?
 */
int
mutex_owned(const kmutex_t *mtx)
{

	return atomic_load_relaxed(&mtx->mtx_owner) == curlwp;
}
