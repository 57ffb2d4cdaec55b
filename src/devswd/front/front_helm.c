/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * front_helm.c - the helm: who takes the next request, and runs it.
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
 *	Before it runs one, it makes sure that there is a spare thread
 *	(front_threads.c).
 *
 *	When the request is about to sleep (front_park, called from
 *	hyp_park, where every sleep of K ends up) it stays at the helm, and
 *	leaves it to the spare if something else comes first (front_park.c).
 *	A read that is answered by the hardware, while its client does nothing
 *	else, costs no change of threads at all.
 *
 *	A request that neither ends nor parks (a loop; a system call that
 *	blocks) has the helm taken away by the guard, one of the spares.
 *
 * So the helm has one reader for all channels and keeps a request before its
 * INTERRUPT; nothing is ever handed from thread to thread but the helm; and
 * an idle front end is two sleeping threads, one in epoll_wait, one spare.
 *
 * States: the helm's are in helmvar.h.  Locks: none here; the helm is one
 * word, and what is of a thread at the helm is that thread's alone.
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
#include <string.h>
#include <unistd.h>

#include "front/helmvar.h"
#include "host/host.h"
#include "hyp/hyp.h"

#define	BURST_MAX	8	/* then other channels get their turn */

#define	STOP_TRIES	8	/* to tell who is at the helm */

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
	ft->ft_nosleep = !atomic_load(&front.fl_watching) &&
	    !front_spare_ensure();
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

/* At the end. */
static void
front_leave(struct front_thread *ft)
{

	assert(helm_state(ft->ft_helm) == HELM_POLLING);
	atomic_store(&front.fl_helm, helm_next(ft->ft_helm, HELM_VACANT));
	ft->ft_helm = 0;
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

/*
 * front_steer(ft)
 *
 *	Be at the helm, until it is gone.
 */
void
front_steer(struct front_thread *ft)
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
		/* A node that has just been taken over has those calls first. */
		if (fc != NULL && !atomic_load(&front.fl_handed))
			(void)serve(ft, fc);
	} while (front_keep(ft));
}

/* ---- what is waited for --------------------------------------------- */

static int
watch_fd(int fd, uint32_t how, void *tag)
{
	struct epoll_event ev = { .events = EPOLLIN | how, .data.ptr = tag };

	return epoll_ctl(front.fl_epoll, EPOLL_CTL_ADD, fd, &ev) == -1 ?
	    -errno : 0;
}

void
front_helm_close(void)
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

/*
 * error = front_helm_open()
 *
 *	What the helm waits in, and for: the end, deadlines, pings, wake-ups of
 *	who is parked.  Channels come later.  Negative errno.
 */
int
front_helm_open(void)
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
		front_helm_close();
	return error;
}

/* Tell who is at the helm that it is the end. */
void
front_helm_stop(void)
{
	const uint64_t one = 1;
	unsigned tries = 0;
	ssize_t n;

	while ((n = write(front.fl_stopfd, &one, sizeof(one))) == -1 &&
	    tries++ < STOP_TRIES)
		continue;
	if (n == -1)
		host_logf(HYP_LOG_ERR, "front: eventfd: %s", strerror(errno));
}
