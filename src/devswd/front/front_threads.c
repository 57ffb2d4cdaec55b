/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * front_threads.c - the front end's threads: spares, and the guard.
 *
 * A thread is a spare, or at the helm (front_helm.c), or runs a request that
 * has left the helm behind; then it is a spare again.
 *
 * Spares are a stack, so that the one that was busy last is busy next; what
 * is not needed at the bottom goes to sleep for good after idle_ms.  The
 * last spare never exits: that is what lets front_park leave the helm
 * without any step that can fail.  (When the front end stops, it does: nobody
 * needs the helm any more.)  At max_threads there is no spare; the thread at
 * the helm then runs its requests with hyp_lwp_nosleep, keeps the helm, and
 * so can always take the INTERRUPT or RELEASE that frees another.  Only root
 * gets that far: front_share.c says who may have how many.
 *
 * The guard is the spare that has been idle for longest.  It looks at the helm
 * every guard_ms for as long as requests keep coming (fl_watching), takes it
 * from one that has neither ended nor parked since the last look, and sleeps
 * without a timeout when none come.
 *
 * Locks: fl_lock, a leaf; a spare sleeps on its ft_calls, with no lock.
 * front_threads_stop alone waits for other threads, until deadline_ms.
 */
#include <sys/mman.h>

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "front/helmvar.h"
#include "front/journal.h"
#include "host/host.h"
#include "hyp/hyp.h"

#define	MSEC		UINT64_C(1000000)

struct front front = {
	.fl_lock = PTHREAD_MUTEX_INITIALIZER,
	.fl_parkfd = -1,
};

static _Thread_local struct front_thread *self;

/* The calling front thread; NULL: it is none. */
struct front_thread *
front_maybe_self(void)
{

	return self;
}

/* The calling front thread. */
struct front_thread *
front_self(void)
{

	assert(self != NULL);
	return self;
}

/* ---- one more, one less --------------------------------------------- */

/*
 * The buffers are mapped: most calls touch a page or two of them, and in a heap,
 * where those of the next thread lie somewhere else, ever more pages would be in
 * use, and none be given back.
 */
static struct front_thread *
thread_alloc(void)
{
	struct front_thread *ft;

	ft = calloc(1, sizeof(*ft));
	if (ft == NULL)
		return NULL;
	ft->ft_in = mmap(NULL, FRONT_INSZ + FRONT_MAXIO,
	    PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (ft->ft_in == MAP_FAILED) {
		free(ft);
		return NULL;
	}
	ft->ft_buf = (char *)ft->ft_in + FRONT_INSZ;
	return ft;
}

static void
thread_free(struct front_thread *ft)
{

	assert(ft->ft_helm == 0);
	assert(ft->ft_state == FT_IDLE);
	munmap(ft->ft_in, FRONT_INSZ + FRONT_MAXIO);
	free(ft);
}

static void	front_main(void *);

/*
 * slot = slot_get()
 * slot_put(slot)
 *
 *	Numbers for threads, as low as can be; there are as many as threads.
 *	fl_lock held.
 */
static uint32_t slots[JOURNAL_CALLS];	/* those that have been given back */
static uint32_t nslots, fresh_slot;

static uint32_t
slot_get(void)
{

	assert(nslots > 0 || fresh_slot < JOURNAL_CALLS);
	return nslots > 0 ? slots[--nslots] : fresh_slot++;
}

static void
slot_put(uint32_t slot)
{

	slots[nslots++] = slot;
}

/*
 * Make one more thread, which starts as a spare.  fl_lock held: that there are
 * no more than may be, and that one which was not to be had was never counted,
 * is one step for all others; the new thread waits for the lock as long as that
 * takes, and hyp_thread_create does not block.
 */
static int
thread_start(void)
{
	struct front_thread *ft;
	int error;

	ft = thread_alloc();
	if (ft == NULL)
		return ENOMEM;
	ft->ft_slot = slot_get();
	TAILQ_INSERT_TAIL(&front.fl_all, ft, ft_all);
	front.fl_nthreads++;
	front.fl_nspare++;
	error = hyp_thread_create("front", front_main, ft, NULL);
	if (error != 0) {
		front.fl_nspare--;
		front.fl_nthreads--;
		TAILQ_REMOVE(&front.fl_all, ft, ft_all);
		slot_put(ft->ft_slot);
		thread_free(ft);
	}
	return error;
}

/* fl_lock held.  A client can come to the cap and leave it again and again. */
static void
cap_reached(int error)
{
	unsigned n;

	if (front.fl_capped)
		return;
	front.fl_capped = true;
	n = host_log_quiet(&front.fl_full);
	if (n == 0)
		return;
	host_logf(HYP_LOG_WARNING, "front: no thread for another blocked "
	    "call: %u in use, the limit is %u%s%s; calls that would block "
	    "get EAGAIN until one is free (%u of these)", front.fl_nthreads,
	    front.fl_config.max_threads, error != 0 ? ": " : "",
	    error != 0 ? strerror(error) : "", n);
}

/* ---- spares and the guard ------------------------------------------- */

/*
 * word = front_spare_call(ft)
 *
 *	Make spare_wait of a spare return.  fl_lock held; who has left it wakes
 *	word, if that is not NULL.  Not before, or the spare, which is wanted
 *	at once, would wait for the lock and have to be woken twice.  It may
 *	have gone by then: see hyp_unpark.
 */
uint32_t *
front_spare_call(struct front_thread *ft)
{

	if (ft == NULL)
		return NULL;
	ft->ft_calls++;
	return &ft->ft_calls;
}

void
front_spare_wake(uint32_t *word)
{

	if (word != NULL)
		hyp_unpark(word, 1);
}

/*
 * over = spare_wait(ft, deadline)
 *
 *	Until it is called, or (true) the deadline is over; 0 is none.  May
 *	return for no reason.  fl_lock held, released meanwhile.
 */
static bool
spare_wait(struct front_thread *ft, uint64_t deadline)
{
	const uint32_t calls = ft->ft_calls;
	bool over;

	pthread_mutex_unlock(&front.fl_lock);
	over = hyp_park(&ft->ft_calls, calls, deadline) != 0;
	pthread_mutex_lock(&front.fl_lock);
	return over && ft->ft_calls == calls;
}

/*
 * word = front_guard_call()
 *
 *	Have the guard watch: as front_spare_call.  fl_lock held, there is a
 *	spare.
 */
uint32_t *
front_guard_call(void)
{

	atomic_store(&front.fl_watching, true);
	/* If NULL, the one that starts finds fl_watching set. */
	return front_spare_call(TAILQ_LAST(&front.fl_spares, front_threads));
}

/*
 * ok = front_spare_ensure()
 *
 *	Make sure that there is a spare thread, and that the guard watches.
 */
bool
front_spare_ensure(void)
{
	uint32_t *guard = NULL;
	int error = 0;
	bool ok = true;

	pthread_mutex_lock(&front.fl_lock);
	if (front.fl_nspare == 0 &&
	    (front.fl_nthreads >= front.fl_config.max_threads ||
	    (error = thread_start()) != 0)) {
		cap_reached(error);
		ok = false;
	} else {
		if (front.fl_nthreads < front.fl_config.max_threads)
			front.fl_capped = false;
		guard = front_guard_call();
	}
	pthread_mutex_unlock(&front.fl_lock);
	front_spare_wake(guard);
	return ok;
}

/* A vacant helm becomes ft's.  fl_lock held. */
static bool
take_vacant(struct front_thread *ft)
{
	uint64_t old = atomic_load(&front.fl_helm);

	if (helm_state(old) != HELM_VACANT)
		return false;
	ft->ft_helm = helm_next(old, HELM_POLLING);
	atomic_store(&front.fl_helm, ft->ft_helm);
	return true;
}

/*
 * One tick of the guard, which saw *seen at the last one.  True if it has
 * taken the helm from a request that ran all the time since.  fl_lock held.
 *
 *	guard				at the helm
 *	as before, RUNNING
 *					front_park, or front_keep: its own
 *					still, PARKED or POLLING
 *	compare and swap fails
 */
static bool
guard_tick(struct front_thread *ft, uint64_t *seen)
{
	uint64_t old = atomic_load(&front.fl_helm), new;

	if (old != *seen) {
		*seen = old;
		return false;
	}
	if (helm_state(old) == HELM_RUNNING) {
		new = helm_next(old, HELM_POLLING);
		if (!atomic_compare_exchange_strong(&front.fl_helm, &old, new))
			return false;
		ft->ft_helm = new;
		return true;
	}
	/* Nothing has happened; the two columns are at front_run(). */
	atomic_store(&front.fl_watching, false);
	if (atomic_load(&front.fl_helm) != old)
		atomic_store(&front.fl_watching, true);
	return false;
}

/*
 * The guard's wait, until it is signalled or has taken the helm: a tick every
 * guard_ms if somebody runs requests.  fl_lock held.
 */
static bool
guard_wait(struct front_thread *ft)
{
	uint64_t seen = atomic_load(&front.fl_helm);

	if (!atomic_load(&front.fl_watching)) {
		(void)spare_wait(ft, 0);
		return false;
	}
	return spare_wait(ft, hyp_clock() + front.fl_config.guard_ms * MSEC) &&
	    guard_tick(ft, &seen);
}

/* The spare that has been idle for longest is the guard.  fl_lock held. */
static bool
is_guard(const struct front_thread *ft)
{

	return TAILQ_LAST(&front.fl_spares, front_threads) == ft;
}

/*
 * The wait of the others, until they are signalled: false when they have
 * waited long enough.  fl_lock held.
 */
static bool
idle_wait(struct front_thread *ft, uint64_t until)
{

	return !spare_wait(ft, until) || is_guard(ft) ||
	    helm_state(atomic_load(&front.fl_helm)) == HELM_VACANT;
}

/*
 * wanted = front_spare(ft, starts)
 *
 *	Be a spare until the helm is this thread's (true), or until it is not
 *	needed any more.  A thread that starts has been counted as a spare by
 *	its maker.
 */
static bool
front_spare(struct front_thread *ft, bool starts)
{
	const uint64_t until = hyp_clock() + front.fl_config.idle_ms * MSEC;
	bool wanted = false, stay = true;

	ft->ft_hot = NULL;
	ft->ft_luck = 0;
	ft->ft_streak = 0;
	pthread_mutex_lock(&front.fl_lock);
	if (!starts)
		front.fl_nspare++;
	front_share_idle(ft);
	TAILQ_INSERT_HEAD(&front.fl_spares, ft, ft_spare);
	/* The next request need not wake it for that. */
	if (is_guard(ft))
		atomic_store(&front.fl_watching, true);
	while (stay && !wanted && !front.fl_stopping) {
		if (take_vacant(ft))
			wanted = true;
		else if (is_guard(ft))
			wanted = guard_wait(ft);
		else
			stay = idle_wait(ft, until);
	}
	if (is_guard(ft))
		atomic_store(&front.fl_watching, false);
	TAILQ_REMOVE(&front.fl_spares, ft, ft_spare);
	front.fl_nspare--;
	pthread_mutex_unlock(&front.fl_lock);
	return wanted;
}

static void
front_main(void *arg)
{
	struct front_thread *ft = arg;
	bool starts = true;

	self = ft;
	for (; front_spare(ft, starts); starts = false)
		front_steer(ft);
	self = NULL;

	pthread_mutex_lock(&front.fl_lock);
	TAILQ_REMOVE(&front.fl_all, ft, ft_all);
	front.fl_nthreads--;
	slot_put(ft->ft_slot);
	thread_free(ft);
	pthread_cond_broadcast(&front.fl_cond);
	pthread_mutex_unlock(&front.fl_lock);
}

/*
 * n = front_idle()
 *
 *	Threads that run no request.  fl_lock held.
 */
unsigned
front_idle(void)
{

	return front.fl_nspare +
	    (helm_state(atomic_load(&front.fl_helm)) == HELM_POLLING);
}

/* ---- start and stop ------------------------------------------------- */

/*
 * error = front_threads_start()
 *
 *	One thread is enough: it makes its spare before it runs its first
 *	request.
 */
int
front_threads_start(void)
{
	pthread_condattr_t attr;
	int error;

	assert(front.fl_nthreads == 0);
	error = front_helm_open();
	if (error != 0)
		return error;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&front.fl_cond, &attr);
	pthread_condattr_destroy(&attr);
	TAILQ_INIT(&front.fl_all);
	TAILQ_INIT(&front.fl_spares);
	nslots = fresh_slot = 0;
	front.fl_stopping = front.fl_capped = false;
	front.fl_timer = 0;
	front.fl_busy = 0;
	memset(&front.fl_refused, 0, sizeof(front.fl_refused));
	memset(&front.fl_full, 0, sizeof(front.fl_full));
	atomic_store(&front.fl_helm, HELM_GEN + HELM_VACANT);
	atomic_store(&front.fl_watching, false);
	atomic_store(&front.fl_parked, 0);
	front.fl_luck = LUCK_MAX;
	front.fl_streak = 0;
	hyp_posix_set_parkhook(front_park, front_unpark);

	pthread_mutex_lock(&front.fl_lock);
	error = thread_start();
	pthread_mutex_unlock(&front.fl_lock);
	if (error != 0) {
		hyp_posix_set_parkhook(NULL, NULL);
		front_helm_close();
	}
	return -error;
}

static struct timespec
ms_from_now(unsigned ms)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	ts.tv_sec += ms / 1000;
	ts.tv_nsec += (long)(ms % 1000) * 1000000;
	if (ts.tv_nsec >= 1000000000) {
		ts.tv_sec++;
		ts.tv_nsec -= 1000000000;
	}
	return ts;
}

/* Wait until all threads are gone or ms are over.  fl_lock held. */
static void
wait_threads(unsigned ms)
{
	const struct timespec ts = ms_from_now(ms);

	while (front.fl_nthreads > 0)
		if (pthread_cond_timedwait(&front.fl_cond, &front.fl_lock,
		    &ts) == ETIMEDOUT)
			break;
}

/*
 * front_threads_stop()
 *
 *	Tell every thread to go and wait for it.  Nobody is at the helm then,
 *	so the watchdog is run from here.  Threads that are stuck stay, and
 *	with them what they may still touch.
 */
void
front_threads_stop(void)
{
	struct front_thread *ft;

	pthread_mutex_lock(&front.fl_lock);
	front.fl_stopping = true;
	TAILQ_FOREACH(ft, &front.fl_spares, ft_spare)
		front_spare_wake(front_spare_call(ft));
	pthread_mutex_unlock(&front.fl_lock);
	front_helm_stop();

	front_interrupt_all(NULL, front.fl_config.deadline_ms);
	pthread_mutex_lock(&front.fl_lock);
	wait_threads(front.fl_config.deadline_ms);
	pthread_mutex_unlock(&front.fl_lock);
	front_watchdog();
	pthread_mutex_lock(&front.fl_lock);
	wait_threads(100);
	if (front.fl_nthreads == 0) {
		front_helm_close();
		pthread_cond_destroy(&front.fl_cond);
		hyp_posix_set_parkhook(NULL, NULL);
	}
	pthread_mutex_unlock(&front.fl_lock);
}
