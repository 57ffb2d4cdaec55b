/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hyp_posix.c - the hypercalls of hyp.h on libc, pthreads and futexes:
 * memory, threads, parking, clocks.  The log is in log.c, the panic in
 * crash.c.
 *
 * Model
 *	No state, and no lock, of its own.  A hyp_thread is one heap object
 *	that passes from creator to joiner; a detached thread's start record
 *	belongs to the thread.
 *
 *	Parking is a private futex on the caller's own 32-bit word (unless the
 *	front end does it, host.h), so a sleeper costs nothing here and nothing
 *	has to be found or freed:
 *
 *		sleeper				waker
 *		reads *word == val
 *						changes *word
 *						hyp_unpark: nobody there
 *		hyp_park: the kernel compares
 *		*word with val again, under
 *		the lock that FUTEX_WAKE takes
 *		-> EAGAIN, returns at once
 *
 *	The word is not part of the futex after the wake-up was sent: the
 *	waker may pass an address whose owner has freed it since.  The worst
 *	that comes of it is a wake-up for no reason of whoever parks there
 *	now, or EFAULT, which is ignored.
 *
 * Signals
 *	New threads block every signal that is sent from outside, so that
 *	only the main thread's signalfd sees them.  The signals of a crash
 *	stay open: a blocked SIGSEGV kills without calling a handler, and the
 *	claimed hardware would not be given back (crash.c).
 */
#include <sys/syscall.h>

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "hyp/hyp.h"
#include "host/host.h"

#define	NSEC_PER_SEC	UINT64_C(1000000000)

/* Called before a thread sleeps, and is woken; see host.h. */
static int (*_Atomic parkhook)(uint32_t *, uint32_t, uint64_t);
static bool (*_Atomic unparkhook)(uint32_t *);

struct hyp_thread {
	pthread_t	 ht_thread;
	void		(*ht_func)(void *);
	void		*ht_arg;
	int		 ht_detached;
	char		 ht_name[16];	/* what the kernel keeps of a name */
};

void *
hyp_alloc(size_t size)
{

	return calloc(1, size != 0 ? size : 1);
}

/*
 * hyp_free(p, size)
 *
 *	kmem(9) callers must know the size; one that is larger than the
 *	allocation is a bug that would be found much later.
 */
void
hyp_free(void *p, size_t size)
{

	if (p != NULL && malloc_usable_size(p) < size)
		hyp_panic("hyp_free: size is larger than the allocation");
	free(p);
}

/* Block what is sent to a process; keep what a fault raises. */
static void
thread_sigmask(sigset_t *old)
{
	static const int fatal[] = {
		SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGSYS, SIGABRT, SIGTRAP,
	};
	sigset_t set;
	size_t i;

	sigfillset(&set);
	for (i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++)
		sigdelset(&set, fatal[i]);
	pthread_sigmask(SIG_SETMASK, &set, old);
}

static void *
thread_main(void *arg)
{
	struct hyp_thread *ht = arg;
	void *stack;

	pthread_setname_np(pthread_self(), ht->ht_name);
	stack = host_crash_stack();
	if (ht->ht_detached) {
		void (*func)(void *) = ht->ht_func;
		void *funcarg = ht->ht_arg;

		free(ht);
		func(funcarg);
	} else {
		ht->ht_func(ht->ht_arg);
	}
	host_crash_stack_free(stack);
	return NULL;
}

/*
 * hyp_thread_create(name, func, arg, &thread)
 *
 *	The mask is set in the creator and inherited, so that there is no
 *	moment at which the new thread could take a signal.
 */
int
hyp_thread_create(const char *name, void (*func)(void *), void *arg,
    struct hyp_thread **threadp)
{
	struct hyp_thread *ht;
	pthread_attr_t attr;
	pthread_t thread;
	sigset_t old;
	int error;

	ht = calloc(1, sizeof(*ht));
	if (ht == NULL)
		return EAGAIN;
	ht->ht_func = func;
	ht->ht_arg = arg;
	ht->ht_detached = (threadp == NULL);
	snprintf(ht->ht_name, sizeof(ht->ht_name), "%s", name);

	pthread_attr_init(&attr);
	if (ht->ht_detached)
		pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	thread_sigmask(&old);
	error = pthread_create(&thread, &attr, thread_main, ht);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	if (error != 0) {
		free(ht);
		return EAGAIN;
	}
	if (threadp != NULL) {
		ht->ht_thread = thread;
		*threadp = ht;
	}
	return 0;
}

void
hyp_thread_join(struct hyp_thread *ht)
{
	int error;

	error = pthread_join(ht->ht_thread, NULL);
	if (error != 0)
		hyp_panic("hyp_thread_join: not a thread to join");
	free(ht);
}

void
hyp_posix_set_parkhook(int (*park)(uint32_t *, uint32_t, uint64_t),
    bool (*unpark)(uint32_t *))
{

	/* Nobody sleeps so whom hyp_unpark would not know of. */
	if (park == NULL)
		atomic_store(&parkhook, park);
	atomic_store(&unparkhook, unpark);
	if (park != NULL)
		atomic_store(&parkhook, park);
}

/*
 * hyp_park(word, val, deadline)
 *
 *	FUTEX_WAIT_BITSET, not FUTEX_WAIT, because its timeout is absolute:
 *	a caller that loops does not sleep longer with every wake-up for no
 *	reason.  A deadline that is over is reported even if the word has
 *	changed as well; the caller looks at the word anyway.
 */
int
hyp_park(uint32_t *word, uint32_t val, uint64_t deadline)
{
	struct timespec ts, *tsp = NULL;
	int (*hook)(uint32_t *, uint32_t, uint64_t);
	int r;

	hook = atomic_load_explicit(&parkhook, memory_order_acquire);
	if (hook != NULL && (r = hook(word, val, deadline)) != -1)
		return r;
	if (deadline != 0) {
		ts.tv_sec = (time_t)(deadline / NSEC_PER_SEC);
		ts.tv_nsec = (long)(deadline % NSEC_PER_SEC);
		tsp = &ts;
	}
	if (syscall(SYS_futex, word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG,
	    val, tsp, NULL, FUTEX_BITSET_MATCH_ANY) == 0)
		return 0;
	switch (errno) {
	case EAGAIN:
	case EINTR:
		return deadline != 0 && hyp_clock() >= deadline;
	case ETIMEDOUT:
		return 1;
	default:
		hyp_panic("hyp_park: bad word or deadline");
	}
}

void
hyp_unpark(uint32_t *word, unsigned n)
{
	bool (*hook)(uint32_t *);

	hook = atomic_load_explicit(&unparkhook, memory_order_acquire);
	if (hook != NULL && hook(word) && --n == 0)
		return;
	(void)syscall(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG,
	    n > INT_MAX ? INT_MAX : (int)n, NULL, NULL, 0);
}

static uint64_t
clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

uint32_t
hyp_cpu(void)
{
	const int cpu = sched_getcpu();

	return cpu < 0 ? 0 : (uint32_t)cpu;
}

uint32_t
hyp_ncpu(void)
{
	const long n = sysconf(_SC_NPROCESSORS_CONF);

	return n < 1 ? 1 : (uint32_t)n;
}

uint64_t
hyp_clock(void)
{

	return clock_ns(CLOCK_MONOTONIC);
}

uint64_t
hyp_realtime(void)
{

	return clock_ns(CLOCK_REALTIME);
}
