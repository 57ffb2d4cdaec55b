/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * front_helm.c - the front end's threads.
 *
 * A blocked client needs a thread for as long as it is blocked, and there
 * must always be one more that takes the next request: its close, the
 * INTERRUPT that ends the blocked read, another client's open.  The textbook
 * answer is leader and followers: a thread that has taken a request makes
 * sure that another one waits in epoll_wait, then runs it.  Two waiters on
 * one epoll need EPOLLONESHOT and an epoll_ctl per request so that only one
 * of them reads a channel (4 system calls for each request), or wake up both.
 * Measured against a thread that does nothing but read, answer, read
 * (2 calls): 1.4 times its time for each request, and 1.6 times in UML.
 * Hence the same promise, kept lazily:
 *
 *	At most one thread is at the helm.  Only that thread waits for
 *	events, reads requests and INTERRUPTs, and it runs the requests that
 *	it has read, without giving the helm away: most of them are over in
 *	a few microseconds and nobody could have done better.
 *
 *	Before it runs one, it makes sure that there is a spare thread.
 *
 *	When the request is about to sleep (front_park, called from
 *	hyp_park, where every sleep of K ends up) it stays at the helm: it
 *	sleeps in epoll_wait, where hyp_unpark wakes it by an eventfd.  If
 *	something else comes first it has read nothing of it, leaves the helm
 *	to the spare and becomes an ordinary thread that is blocked.  A read
 *	that is answered by the hardware, while its client does nothing else,
 *	costs no change of threads at all.
 *
 *	A request that neither ends nor parks (a loop; a system call that
 *	blocks) has the helm taken away by the guard: the longest idle spare
 *	looks at it every guard_ms for as long as requests keep coming, and
 *	sleeps without a timeout when they do not.
 *
 * So the helm has one reader for all channels and keeps a request before its
 * INTERRUPT; nothing is ever handed from thread to thread but the helm; and
 * an idle front end is two sleeping threads, one in epoll_wait, one spare.
 *
 * fl_helm, one word, says it all; every change adds HELM_GEN, so that a
 * thread knows by the value it wrote whether the helm is still its own:
 *
 *	VACANT -> POLLING	front_spare, fl_lock held
 *	POLLING -> RUNNING	front_run, the owner
 *	POLLING -> VACANT	front_leave, the owner, at the end
 *	RUNNING -> POLLING	front_keep, the owner, with compare and swap;
 *				or the guard, for itself, ditto
 *	RUNNING -> PARKED	front_park, the owner, ditto
 *	PARKED -> RUNNING	front_park, the owner: woken
 *	PARKED -> VACANT	front_park, the owner: somebody else has come;
 *				or at once, if it sleeps until a time, or if
 *				staying has not been worth it lately
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
 * Speculation: after a request the same channel is read again without asking
 * epoll first, if that has been lucky lately.  It is whenever the scheduler
 * lets the woken client go first, as it does on one CPU.
 *
 * Turns: epoll gives the channels that have something in a circle, and each
 * has at most BURST_MAX requests at its turn.  So a client that asks again
 * and again (a loop around a read of a dead file, which is over at once)
 * keeps nobody waiting for longer than that, whoever else does the same.
 *
 * Known gap: requests that do not sleep are run by one CPU at a time.
 */
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

#include <assert.h>
#include <errno.h>
#include <linux/fuse.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "front/frontvar.h"
#include "front/journal.h"
#include "host/host.h"
#include "hyp/hyp.h"

#define	HELM_VACANT	UINT64_C(0)
#define	HELM_POLLING	UINT64_C(1)
#define	HELM_RUNNING	UINT64_C(2)
#define	HELM_PARKED	UINT64_C(3)
#define	HELM_STATE	UINT64_C(3)
#define	HELM_GEN	UINT64_C(4)

#define	MSEC		UINT64_C(1000000)

#define	LUCK_MAX	8
#define	LUCK_TRY	16	/* without luck, try once in so many */
#define	BURST_MAX	8	/* then other channels get their turn */

#define	STOP_TRIES	8	/* to tell who is at the helm */

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

static uint64_t
helm_state(uint64_t helm)
{

	return helm & HELM_STATE;
}

static uint64_t
helm_next(uint64_t helm, uint64_t state)
{

	return (helm & ~HELM_STATE) + HELM_GEN + state;
}

/*
 * Try to change the helm from this thread's RUNNING or PARKED to state.
 * Whether that worked or the guard was faster, which it can only be from
 * RUNNING, the old value is this thread's no more.
 */
static bool
helm_change(struct front_thread *ft, uint64_t state)
{
	uint64_t old = ft->ft_helm, new = helm_next(old, state);

	assert(helm_state(old) == HELM_RUNNING ||
	    helm_state(old) == HELM_PARKED);
	if (!atomic_compare_exchange_strong(&front.fl_helm, &old, new)) {
		ft->ft_helm = 0;
		return false;
	}
	ft->ft_helm = state == HELM_VACANT ? 0 : new;
	return true;
}

/* ---- threads -------------------------------------------------------- */

static struct front_thread *
thread_alloc(void)
{
	struct front_thread *ft;

	ft = calloc(1, sizeof(*ft));
	if (ft == NULL)
		return NULL;
	ft->ft_in = malloc(FRONT_INSZ);
	if (ft->ft_in == NULL) {
		free(ft);
		return NULL;
	}
	return ft;
}

static void
thread_free(struct front_thread *ft)
{

	assert(ft->ft_helm == 0);
	assert(ft->ft_state == FT_IDLE);
	free(ft->ft_buf);
	free(ft->ft_in);
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

/* Make one more thread, which starts as a spare.  fl_lock held. */
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

/*
 * word = spare_call(ft)
 *
 *	Make spare_wait of a spare return.  fl_lock held; who has left it wakes
 *	word, if that is not NULL.  Not before, or the spare, which is wanted
 *	at once, would wait for the lock and have to be woken twice.  It may
 *	have gone by then: see hyp_unpark.
 */
static uint32_t *
spare_call(struct front_thread *ft)
{

	if (ft == NULL)
		return NULL;
	ft->ft_calls++;
	return &ft->ft_calls;
}

static void
spare_wake(uint32_t *word)
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

/* Have the guard watch.  fl_lock held, there is a spare; as spare_call. */
static uint32_t *
guard_call(void)
{

	atomic_store(&front.fl_watching, true);
	/* If NULL, the one that starts finds fl_watching set. */
	return spare_call(TAILQ_LAST(&front.fl_spares, front_threads));
}

/*
 * ok = ensure_spare()
 *
 *	Make sure that there is a spare thread, and that the guard watches.
 */
static bool
ensure_spare(void)
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
		guard = guard_call();
	}
	pthread_mutex_unlock(&front.fl_lock);
	spare_wake(guard);
	return ok;
}

/*
 * nosleep = front_run(ft)
 *
 *	The thread at the helm is about to run something that may take long:
 *	a request.  From now on it may lose the helm.  True if there is no
 *	thread to take over, so that it must not sleep.  No lock held.
 *
 *		helm				guard, nothing seen to do
 *		fl_helm = RUNNING
 *						fl_watching = false
 *						looks at fl_helm again: has
 *						changed, fl_watching = true
 *		looks at fl_watching
 *
 *	In every order at least one of them sees the other's store.
 */
bool
front_run(struct front_thread *ft)
{

	if (helm_state(ft->ft_helm) != HELM_POLLING)
		return ft->ft_nosleep;
	ft->ft_helm = helm_next(ft->ft_helm, HELM_RUNNING);
	atomic_store(&front.fl_helm, ft->ft_helm);
	ft->ft_nosleep = !atomic_load(&front.fl_watching) && !ensure_spare();
	return ft->ft_nosleep;
}

/* Back from a request: is the helm still this thread's? */
static bool
front_keep(struct front_thread *ft)
{

	if (helm_state(ft->ft_helm) == HELM_RUNNING)
		(void)helm_change(ft, HELM_POLLING);
	if (ft->ft_helm == 0)
		return false;
	front_share_idle(ft);
	return true;
}

/*
 * Parked at the helm.  fl_parked is the word that the thread there sleeps on
 * in epoll_wait, and 0 if none does.  Who makes it 0 decides what ends the
 * sleep: the thread itself, or who wakes it and now owes it an event of
 * fl_parkfd.  Each of both changes fl_parked before it goes on, if only by
 * nothing, so that one of them comes second and sees what the other did:
 *
 *	helm				who wakes
 *	fl_parked = word
 *					changes *word
 *					adds 0 to fl_parked: is word
 *					word -> 0, write(fl_parkfd)
 *	looks at *word, epoll_wait
 *
 *					changes *word
 *					adds 0 to fl_parked: is another
 *	fl_parked = word
 *	looks at *word: has changed
 *					FUTEX_WAKE: nobody
 *
 * And when a client's request is there first:
 *
 *	epoll_wait: a channel
 *	fl_parked: word -> 0, PARKED
 *	-> VACANT, calls a spare
 *					changes *word
 *					fl_parked is 0: FUTEX_WAKE
 *	FUTEX_WAIT: the kernel looks
 *	at *word
 *
 * Of two who wake the second finds 0, and nobody on the futex.  Who comes late
 * with an event of fl_parkfd, as the sleep had another end, wakes the next
 * one for nothing, or next_event.  He may even come when the front end has
 * stopped: fl_parkfd is never closed.  It is not read either, but edge-
 * triggered: each write is an event.
 */

/*
 * Is it worth staying?  Not if somebody else has come before the wake-up
 * lately: a client that reads in one thread and writes in another, two that
 * are answered in turn.  The helm is PARKED.
 */
static bool
stay_pays(void)
{

	return front.fl_luck > 0 || ++front.fl_streak % LUCK_TRY == 0;
}

/*
 * woken = sleep_at_helm(word, val)
 *
 *	Sleep in epoll_wait.  True: until hyp_unpark, or for no reason.  False:
 *	there is something else to be done at the helm.
 */
static bool
sleep_at_helm(uint32_t *word, uint32_t val)
{
	struct epoll_event ev = { .data.ptr = &front.fl_parkfd };
	bool woken;

	(void)atomic_exchange(&front.fl_parked, (uintptr_t)word);
	if (__atomic_load_n(word, __ATOMIC_SEQ_CST) == val &&
	    epoll_wait(front.fl_epoll, &ev, 1, -1) == -1 && errno != EINTR)
		host_fatal("front: epoll_wait");
	woken = atomic_exchange(&front.fl_parked, 0) == 0 ||
	    ev.data.ptr == &front.fl_parkfd;
	if (!woken && front.fl_luck > 0)
		front.fl_luck--;
	else if (woken && (front.fl_luck += 2) > LUCK_MAX)
		front.fl_luck = LUCK_MAX;
	return woken;
}

/* PARKED is RUNNING again; the two columns are at front_run(). */
static void
run_again(struct front_thread *ft)
{
	uint32_t *guard;

	if (!helm_change(ft, HELM_RUNNING))
		hyp_panic("front: the helm was taken from a parked thread");
	if (atomic_load(&front.fl_watching))
		return;
	pthread_mutex_lock(&front.fl_lock);
	guard = guard_call();
	pthread_mutex_unlock(&front.fl_lock);
	spare_wake(guard);
}

/*
 * timedout = front_park(word, val, deadline)
 *
 *	The calling thread is about to sleep in hyp_park: if it is at the
 *	helm it sleeps there (0), or leaves it to a spare thread, or it is not;
 *	then it is to sleep as others do (-1).  Any thread; any lock of K may
 *	be held.
 */
static int
front_park(uint32_t *word, uint32_t val, uint64_t deadline)
{
	struct front_thread *ft = self;
	uint32_t *spare;

	if (ft == NULL || helm_state(ft->ft_helm) != HELM_RUNNING ||
	    ft->ft_nosleep)
		return -1;
	if (!helm_change(ft, HELM_PARKED))
		return -1;
	if (deadline == 0 && stay_pays() && sleep_at_helm(word, val)) {
		run_again(ft);
		return 0;
	}
	(void)helm_change(ft, HELM_VACANT);
	pthread_mutex_lock(&front.fl_lock);
	/*
	 * No spare: one has found the helm vacant before this got the lock,
	 * or they have all been told to go.
	 */
	assert(front.fl_nspare > 0 || front.fl_stopping ||
	    helm_state(atomic_load(&front.fl_helm)) != HELM_VACANT);
	spare = spare_call(TAILQ_FIRST(&front.fl_spares));
	/* If NULL, one starts, and looks at the helm first. */
	pthread_mutex_unlock(&front.fl_lock);
	spare_wake(spare);
	return -1;
}

/*
 * woken = front_unpark(word)
 *
 *	Wake the thread that is parked at the helm, if it is on word.
 */
static bool
front_unpark(uint32_t *word)
{
	uintptr_t parked = (uintptr_t)word;
	const uint64_t one = 1;

	if (atomic_fetch_add(&front.fl_parked, 0) != parked ||
	    !atomic_compare_exchange_strong(&front.fl_parked, &parked, 0))
		return false;
	if (write(front.fl_parkfd, &one, sizeof(one)) != (ssize_t)sizeof(one))
		host_fatal("front: eventfd");
	return true;
}

/* At the end. */
static void
front_leave(struct front_thread *ft)
{

	assert(helm_state(ft->ft_helm) == HELM_POLLING);
	atomic_store(&front.fl_helm, helm_next(ft->ft_helm, HELM_VACANT));
	ft->ft_helm = 0;
}

/* ---- spares and the guard ------------------------------------------- */

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

/* ---- events --------------------------------------------------------- */

/* The timer has fired: somebody's deadline is over, or was. */
static void
timer_event(struct front_thread *ft)
{
	uint64_t n;

	if (read(front.fl_timerfd, &n, sizeof(n)) != (ssize_t)sizeof(n))
		return;
	(void)front_run(ft);
	front_watchdog();
}

/* Somebody wants to know whether requests are taken. */
static void
ping_event(void)
{
	uint64_t n;

	if (read(front.fl_pingfd, &n, sizeof(n)) == (ssize_t)sizeof(n))
		atomic_store(&front.fl_pong, true);
}

void
front_ping(void)
{
	const uint64_t one = 1;

	atomic_store(&front.fl_pong, false);
	if (write(front.fl_pingfd, &one, sizeof(one)) != (ssize_t)sizeof(one))
		host_logf(HYP_LOG_ERR, "front: eventfd: %s", strerror(errno));
}

bool
front_pong(void)
{

	return atomic_load(&front.fl_pong);
}

/*
 * fc = next_event(ft)
 *
 *	Wait until a channel has something to read.  NULL: it was something
 *	else, which has been dealt with.  Without events nobody would be served
 *	any more, and not even told: then the process ends.
 */
static struct front_chan *
next_event(struct front_thread *ft)
{
	struct epoll_event ev;
	int n;

	n = epoll_wait(front.fl_epoll, &ev, 1, -1);
	if (n == -1 && errno != EINTR)
		host_fatal("front: epoll_wait");
	if (n != 1)
		return NULL;
	if (ev.data.ptr == &front.fl_stopfd) {
		front_leave(ft);
		return NULL;
	}
	if (ev.data.ptr == &front.fl_timerfd) {
		timer_event(ft);
		return NULL;
	}
	if (ev.data.ptr == &front.fl_pingfd) {
		ping_event();
		return NULL;
	}
	if (ev.data.ptr == &front.fl_parkfd)
		return NULL;
	return ev.data.ptr;
}

/*
 * lucky = try_again(ft)
 *
 *	Is it worth reading the channel of the last request without asking
 *	epoll whether there is something?
 */
static bool
try_again(struct front_thread *ft)
{

	if (ft->ft_hot == NULL || ft->ft_burst >= BURST_MAX)
		return false;
	return ft->ft_luck > 0 || ++ft->ft_streak % LUCK_TRY == 0;
}

/* The thread's, with a reference to the channel, which it gives back. */
static void
run(struct front_thread *ft, struct front_chan *fc, const struct fuse_buf *buf)
{

	ft->ft_handed = false;
	front_call_begin(ft, fc);
	fuse_session_process_buf(fc->fc_se, buf);
	front_call_end(ft);
	front_chan_rele(fc);
}

/*
 * Read one request and run it.  0: there was none.  The channel is held for
 * as long as libfuse works on it.
 */
static int
serve(struct front_thread *ft, struct front_chan *fc)
{
	struct fuse_buf buf = { .mem = ft->ft_in };
	int n;

	n = front_io_receive(fc, &buf);
	if (n == 0)
		return 0;
	if (n < 0) {
		ft->ft_hot = NULL;
		front_chan_lost(ft, fc);
		return n;
	}
	if (front_is_resent(fc, ft->ft_in))
		return n;
	atomic_fetch_add(&fc->fc_refs, 1);
	ft->ft_hot = fc;
	ft->ft_done = 0;
	run(ft, fc, &buf);
	return n;
}

/* The same of one that another process has left; false: there is none. */
static bool
serve_handed(struct front_thread *ft)
{
	struct front_chan *const fc = front_hand_next(ft);
	struct fuse_buf buf = { .mem = ft->ft_in };

	if (fc == NULL)
		return false;
	buf.size = ((const struct fuse_in_header *)ft->ft_in)->len;
	run(ft, fc, &buf);
	return true;
}

/* At the helm, until it is gone. */
static void
steer(struct front_thread *ft)
{
	struct front_chan *fc;

	do {
		/*
		 * What comes is the next process's: what this thread has
		 * handed over already has its place in the journal.
		 */
		if (atomic_load(&front.fl_handing)) {
			front_leave(ft);
			break;
		}
		if (atomic_load(&front.fl_handed) && serve_handed(ft))
			continue;
		if (try_again(ft)) {
			if (serve(ft, ft->ft_hot) != 0) {
				ft->ft_burst++;
				if ((ft->ft_luck += 2) > LUCK_MAX)
					ft->ft_luck = LUCK_MAX;
				continue;
			}
			if (ft->ft_luck > 0)
				ft->ft_luck--;
		}
		fc = next_event(ft);
		ft->ft_burst = 1;
		if (fc != NULL)
			(void)serve(ft, fc);
	} while (front_keep(ft));
}

static void
front_main(void *arg)
{
	struct front_thread *ft = arg;
	bool starts = true;

	self = ft;
	for (; front_spare(ft, starts); starts = false)
		steer(ft);
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

static int
watch_fd(int fd, uint32_t how, void *tag)
{
	struct epoll_event ev = { .events = EPOLLIN | how, .data.ptr = tag };

	return epoll_ctl(front.fl_epoll, EPOLL_CTL_ADD, fd, &ev) == -1 ?
	    -errno : 0;
}

static void
close_fds(void)
{

	if (front.fl_epoll != -1)
		close(front.fl_epoll);
	if (front.fl_stopfd != -1)
		close(front.fl_stopfd);
	if (front.fl_timerfd != -1)
		close(front.fl_timerfd);
	if (front.fl_pingfd != -1)
		close(front.fl_pingfd);
	front.fl_epoll = front.fl_stopfd = front.fl_timerfd = -1;
	front.fl_pingfd = -1;
}

static int
open_fds(void)
{
	int error;

	front.fl_epoll = epoll_create1(EPOLL_CLOEXEC);
	front.fl_stopfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	front.fl_timerfd = timerfd_create(CLOCK_MONOTONIC,
	    TFD_CLOEXEC | TFD_NONBLOCK);
	front.fl_pingfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (front.fl_parkfd == -1)
		front.fl_parkfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (front.fl_epoll == -1 || front.fl_stopfd == -1 ||
	    front.fl_timerfd == -1 || front.fl_pingfd == -1 ||
	    front.fl_parkfd == -1)
		error = -errno;
	else if ((error = watch_fd(front.fl_stopfd, 0,
	    &front.fl_stopfd)) == 0 &&
	    (error = watch_fd(front.fl_timerfd, 0,
	    &front.fl_timerfd)) == 0 &&
	    (error = watch_fd(front.fl_parkfd, EPOLLET,
	    &front.fl_parkfd)) == 0)
		error = watch_fd(front.fl_pingfd, 0, &front.fl_pingfd);
	if (error != 0)
		close_fds();
	return error;
}

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
	error = open_fds();
	if (error != 0)
		return error;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&front.fl_cond, &attr);
	pthread_condattr_destroy(&attr);
	TAILQ_INIT(&front.fl_all);
	TAILQ_INIT(&front.fl_spares);
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
		close_fds();
	}
	return -error;
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
	const uint64_t one = 1;
	unsigned tries = 0;
	ssize_t n;

	pthread_mutex_lock(&front.fl_lock);
	front.fl_stopping = true;
	TAILQ_FOREACH(ft, &front.fl_spares, ft_spare)
		spare_wake(spare_call(ft));
	pthread_mutex_unlock(&front.fl_lock);
	while ((n = write(front.fl_stopfd, &one, sizeof(one))) == -1 &&
	    tries++ < STOP_TRIES)
		continue;
	if (n == -1)
		host_logf(HYP_LOG_ERR, "front: eventfd: %s", strerror(errno));

	front_interrupt_all(NULL, front.fl_config.deadline_ms);
	pthread_mutex_lock(&front.fl_lock);
	wait_threads(front.fl_config.deadline_ms);
	pthread_mutex_unlock(&front.fl_lock);
	front_watchdog();
	pthread_mutex_lock(&front.fl_lock);
	wait_threads(100);
	if (front.fl_nthreads == 0) {
		close_fds();
		pthread_cond_destroy(&front.fl_cond);
		hyp_posix_set_parkhook(NULL, NULL);
	}
	pthread_mutex_unlock(&front.fl_lock);
}
