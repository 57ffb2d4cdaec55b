/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * front_park.c - a request sleeps while its thread is at the helm.
 *
 * Where a sleep of K would begin (hyp_park) the thread at the helm sleeps in
 * epoll_wait instead, where hyp_unpark wakes it by an eventfd.  If something
 * else comes first it has read nothing of it: it leaves the helm to a spare,
 * by no step that can fail, and becomes an ordinary thread that is blocked.
 *
 * States: RUNNING, PARKED and VACANT of helmvar.h, and fl_parked, below.
 *
 * Locks: fl_lock, a leaf, to call a spare; any lock of K may be held.  Who
 * wakes takes none and waits for nobody.
 */
#include <sys/epoll.h>

#include <assert.h>
#include <errno.h>
#include <unistd.h>

#include "front/helmvar.h"
#include "host/host.h"
#include "hyp/hyp.h"

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
	guard = front_guard_call();
	pthread_mutex_unlock(&front.fl_lock);
	front_spare_wake(guard);
}

/*
 * timedout = front_park(word, val, deadline)
 *
 *	The calling thread is about to sleep in hyp_park: if it is at the
 *	helm it sleeps there (0), or leaves it to a spare thread, or it is not;
 *	then it is to sleep as others do (-1).  Any thread; any lock of K may
 *	be held.
 */
int
front_park(uint32_t *word, uint32_t val, uint64_t deadline)
{
	struct front_thread *ft = front_maybe_self();
	uint32_t *spare;

	if (ft == NULL || helm_state(ft->ft_helm) != HELM_RUNNING ||
	    ft->ft_nosleep)
		return -1;
	if (!helm_change(ft, HELM_PARKED))
		return -1;
	/*
	 * Calls that go on (front_hand_next) are no event that would end this
	 * sleep; one that comes is, by its ping.
	 */
	if (deadline == 0 && !atomic_load(&front.fl_handed) && stay_pays() &&
	    sleep_at_helm(word, val)) {
		run_again(ft);
		return 0;
	}
	(void)helm_change(ft, HELM_VACANT);
	pthread_mutex_lock(&front.fl_lock);
	/*
	 * No spare: one has found the helm vacant before this got the lock,
	 * or they have all been told to go.
	 *
	 *	this			one that was busy
	 *	helm = VACANT
	 *				front_spare, fl_lock: vacant, takes it
	 *	fl_lock: no spare,
	 *	  POLLING
	 */
	assert(front.fl_nspare > 0 || front.fl_stopping ||
	    helm_state(atomic_load(&front.fl_helm)) != HELM_VACANT);
	spare = front_spare_call(TAILQ_FIRST(&front.fl_spares));
	/* If NULL, one starts, and looks at the helm first. */
	pthread_mutex_unlock(&front.fl_lock);
	front_spare_wake(spare);
	return -1;
}

/*
 * woken = front_unpark(word)
 *
 *	Wake the thread that is parked at the helm, if it is on word.
 */
bool
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
