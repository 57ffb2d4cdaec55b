/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern_lock.c - the kernel lock.
 *
 * One recursive lock around the entries of drivers that are not D_MPSAFE, and
 * around the attach, detach and match functions of those that are not
 * DVF_ATTACH_MPSAFE.
 * Its depth is counted in the lwp; a sleep on a condition variable drops
 * all of it and takes it again, so such a driver blocks nobody while it
 * waits.
 *
 * Lock order: the kernel lock comes before every other mutex.  LOCKDEBUG
 * does not wait for the other order to be seen: whoever takes it with a mutex
 * held is wrong.
 */
#include <sys/lwp.h>
#include <sys/mutex.h>
#include <sys/systm.h>

static kmutex_t biglock = MUTEX_INITIALIZER(biglock);
static u_int biglock_turn;	/* atomic; how often it was taken */

/*
 * kernel_lock(n)
 *
 *	Take the lock n times.  May park.
 */
void
kernel_lock(int n)
{
	struct lwp *const l = curlwp;

	KASSERTMSG(n > 0, "n=%d", n);
	if (l->l_biglocks == 0) {
		LOCKDEBUG_NONE("kernel_lock");
		mutex_enter(&biglock);
		__atomic_store_n(&biglock_turn, biglock_turn + 1,
		    __ATOMIC_RELAXED);
	}
	l->l_biglocks += (u_int)n;
}

/*
 * kernel_unlock(n)
 *
 *	Give it back n times; the caller holds it at least that often.
 */
void
kernel_unlock(int n)
{
	struct lwp *const l = curlwp;

	KASSERTMSG(n > 0 && l->l_biglocks >= (u_int)n, "n=%d of %u", n,
	    l->l_biglocks);
	l->l_biglocks -= (u_int)n;
	if (l->l_biglocks == 0)
		mutex_exit(&biglock);
}

/*
 * n = kernel_unlock_all()
 *
 *	Give it back completely, for a sleep; n is what kernel_lock must be
 *	told afterwards, 0 if the caller did not hold it.
 */
u_int
kernel_unlock_all(void)
{
	const u_int n = curlwp->l_biglocks;

	if (n > 0)
		kernel_unlock((int)n);
	return n;
}

/*
 * turn = kernel_lock_turn(&wanted)
 *
 *	How often it has been taken; with the same answer at two times, who held
 *	it at the first holds it at the second, if anybody does.  wanted (or
 *	NULL): somebody waits for it now.  Does not wait.
 */
u_int
kernel_lock_turn(bool *wanted)
{

	if (wanted != NULL)
		*wanted = __atomic_load_n(&biglock.mtx_word,
		    __ATOMIC_RELAXED) == 2;
	return __atomic_load_n(&biglock_turn, __ATOMIC_RELAXED);
}

/*
 * mine = kernel_locked_p()
 */
bool
kernel_locked_p(void)
{

	return curlwp->l_biglocks > 0;
}
