/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern_kthread.c - kthread(9) over host threads.
 *
 * A thread that is not KTHREAD_MPSAFE runs under the kernel lock.  The
 * struct kthread belongs to the thread itself, or to whoever must join it.
 */
#include <sys/errno.h>
#include <sys/kmem.h>
#include <sys/kthread.h>
#include <sys/lwpnote.h>
#include <sys/systm.h>

#include <hyp/hyp.h>

struct kthread {
	void		 (*kt_func)(void *);
	void		 *kt_arg;
	int		 kt_flags;
	uint64_t	 kt_owner[2];
	struct hyp_thread *kt_host;	/* only if it must be joined */
};

static void
kthread_main(void *arg)
{
	struct kthread *kt = arg;
	const bool mpsafe = (kt->kt_flags & KTHREAD_MPSAFE) != 0;
	const bool owned = kt->kt_owner[0] != 0 ||
	    kt->kt_owner[1] != 0;
	struct lwp_note ln;

	if (owned)
		lwp_note_owned(&ln, HYP_NOTE_THREAD, kt->kt_owner);
	if (!mpsafe)
		kernel_lock(1);
	kt->kt_func(kt->kt_arg);
	if (owned)
		lwp_note_exit(&ln);
	if (!mpsafe)
		kernel_unlock(1);
	LOCKDEBUG_NONE("the end of a kthread");
	if ((kt->kt_flags & KTHREAD_MUSTJOIN) == 0)
		kmem_free(kt, sizeof(*kt));
}

/*
 * error = kthread_create(pri, flags, ci, func, arg, &kt, fmt, ...)
 *
 *	Run func(arg) on a new thread; it ends when func returns.  pri and ci
 *	are ignored.  Does not sleep.  EAGAIN: no thread to be had.
 */
int
kthread_create(pri_t pri __unused, int flags, struct cpu_info *ci __unused,
    void (*func)(void *), void *arg, struct kthread **ktp,
    const char *fmt, ...)
{
	const bool join = (flags & KTHREAD_MUSTJOIN) != 0;
	struct kthread *kt;
	char name[16];
	va_list ap;

	KASSERT(join == (ktp != NULL));
	va_start(ap, fmt);
	vsnprintf(name, sizeof(name), fmt, ap);
	va_end(ap);

	kt = kmem_zalloc(sizeof(*kt), KM_SLEEP);
	kt->kt_func = func;
	kt->kt_arg = arg;
	kt->kt_flags = flags;
	lwp_note_owner(kt->kt_owner);
	if (join)
		*ktp = kt;
	if (hyp_thread_create(name, kthread_main, kt,
	    join ? &kt->kt_host : NULL) != 0) {
		kmem_free(kt, sizeof(*kt));
		return EAGAIN;
	}
	return 0;
}

/*
 * kthread_join(kt)
 *
 *	Wait for the thread to end and free kt.  Sleeps, no lock; the kernel
 *	lock is given up meanwhile, because the thread may need it to end.
 */
int
kthread_join(struct kthread *kt)
{
	const u_int locks = kernel_unlock_all();

	LOCKDEBUG_NONE("hyp_thread_join");
	hyp_thread_join(kt->kt_host);
	if (locks > 0)
		kernel_lock((int)locks);
	kmem_free(kt, sizeof(*kt));
	return 0;
}
