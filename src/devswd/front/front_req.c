/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * front_req.c - one client's request, from the call of K to the answer.
 *
 * The kernel keeps a client that has been killed in state D for as long as
 * the daemon has its request, and for ever if an answer is malformed.  So
 * exactly one answer is sent to each request, well formed, and in bounded
 * time after somebody wants the client back:
 *
 *	The thread that runs the request answers it when K returns.
 *
 *	An INTERRUPT (the client got a signal), the loss of the channel,
 *	front_stop, or a driver that is stuck (hyp_node_stuck) makes K's sleep
 *	end (hyp_lwp_interrupt) and gives the request a deadline.  A request
 *	without one may wait for ever: that is what a read of a terminal does.
 *	A RELEASE has its deadline from the start, because its client cannot
 *	be killed, and is not interrupted: what was written would be lost.
 *
 *	At the deadline the watchdog answers in the thread's place, and the
 *	thread is a zombie until it comes back.  It may: its buffers are its
 *	own, and what it opened meanwhile it closes again.
 *
 * ft_state decides who answers, and keeps hyp_lwp_interrupt from meeting an
 * lwp that has ended:
 *
 *	IDLE -> RUNNING		front_req_enter, the thread
 *	RUNNING -> IDLE		front_req_claim, the thread: it answers
 *	RUNNING -> PINNED	anybody else, fl_lock held: the thread now
 *				waits in front_req_claim
 *	PINNED -> RUNNING	the same somebody, who has only interrupted it
 *	PINNED -> ANSWERED	the watchdog, which has answered
 *	ANSWERED -> IDLE	front_req_claim, the thread: too late
 *
 *	thread				watchdog
 *					RUNNING -> PINNED
 *	RUNNING -> IDLE fails
 *	waits for PINNED to go		no INTERRUPT from here on
 *					answers (frees the fuse_req_t)
 *					PINNED -> ANSWERED
 *	does not touch the fuse_req_t,
 *	hyp_lwp_exit
 *
 * front_interrupted() needs no pin: libfuse calls it with req->lock held, and
 * both who may answer take it back first (fuse_req_interrupt_func takes the
 * lock too), so while it runs the request is unanswered and the lwp alive.
 *
 * The timer is set for the earliest deadline and not taken back when that
 * request ends in time: one wake-up for nothing, at most deadline_ms later.
 */
#include <sys/timerfd.h>

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "front/frontvar.h"
#include "host/host.h"
#include "hyp/hyp.h"

#define	NSEC_PER_SEC	UINT64_C(1000000000)
#define	NSEC_PER_MSEC	UINT64_C(1000000)

static const char *const op_names[] = {
	[FRONT_OPEN] = "open",
	[FRONT_READ] = "read",
	[FRONT_WRITE] = "write",
	[FRONT_IOCTL] = "ioctl",
	[FRONT_POLL] = "poll",
	[FRONT_RELEASE] = "close",
};

/* ---- answers -------------------------------------------------------- */

/*
 * n = front_errno(error, fc)
 *
 *	What of an errno can be told to a client.  The kernel refuses values
 *	from 512 on (and the client would wait for ever), libfuse those from
 *	1000 on and negative ones; ENOSYS makes the kernel not ask again, for
 *	this node as long as it lives.
 */
static int
front_errno(int error, const struct front_chan *fc)
{
	static struct host_quiet quiet;
	unsigned n;

	if (error == ENOSYS)
		return EOPNOTSUPP;
	if (error >= 0 && error <= FRONT_MAXERRNO)
		return error;
	n = host_log_quiet(&quiet);
	if (n != 0)
		host_logf(HYP_LOG_ERR, "front: %s: a driver's error %d is no "
		    "errno, told EIO (%u of these)", fc->fc_node->fn_name,
		    error, n);
	return EIO;
}

/*
 * r = front_reply_err(req, error, fc)
 *
 *	Answer with an errno, or 0.  The one place where an errno leaves.
 */
int
front_reply_err(fuse_req_t req, int error, const struct front_chan *fc)
{
	struct front_thread *const ft = front_self();

	if (error == EINTR && front_hand_call(ft, req, fc, ft->ft_done))
		return 0;
	if (error == EAGAIN && ft->ft_over)
		front_share_refused(ft->ft_for);
	ft->ft_over = false;
	return fuse_reply_err(req, front_errno(error, fc));
}

/*
 * In the place of a thread that does not come back.  An error of poll would
 * be seen as POLLERR: no events is what makes poll(2) look at its signals.
 */
static void
answer_late(const struct front_thread *ft)
{

	if (ft->ft_op == FRONT_POLL)
		(void)fuse_reply_poll(ft->ft_req, 0);
	else
		(void)fuse_reply_err(ft->ft_req, EINTR);
}

/* ---- deadlines ------------------------------------------------------ */

/*
 * Make the timer fire at when, if it does not fire before.  fl_lock held.  If
 * it cannot be set clients would be kept for ever, so the process ends.
 */
static void
timer_arm(uint64_t when)
{
	struct itimerspec its;

	if (front.fl_timer != 0 && front.fl_timer <= when)
		return;
	front.fl_timer = when;
	memset(&its, 0, sizeof(its));
	its.it_value.tv_sec = (time_t)(when / NSEC_PER_SEC);
	its.it_value.tv_nsec = (long)(when % NSEC_PER_SEC);
	if (timerfd_settime(front.fl_timerfd, TFD_TIMER_ABSTIME, &its,
	    NULL) == -1)
		host_fatal("front: timerfd_settime");
}

static uint64_t
ms_from_now(unsigned ms)
{

	return hyp_clock() + ms * NSEC_PER_MSEC;
}

/* The request of ft will be answered then.  Pinned, req->lock, or its own. */
static void
req_limit(struct front_thread *ft, uint64_t when)
{
	const uint64_t old = atomic_load(&ft->ft_deadline);

	if (old != 0 && old <= when)
		return;
	atomic_store(&ft->ft_deadline, when);
	pthread_mutex_lock(&front.fl_lock);
	timer_arm(when);
	pthread_mutex_unlock(&front.fl_lock);
}

/* The request of ft has to end until when.  It is pinned, or req->lock. */
static void
req_interrupt(struct front_thread *ft, uint64_t when)
{

	if (ft->ft_op != FRONT_RELEASE)
		hyp_lwp_interrupt(ft->ft_lwp);
	req_limit(ft, when);
}

/*
 * The client has got a signal.  Called by libfuse with req->lock held, by
 * the thread at the helm, or by the request's own if it came before.
 */
static void
front_interrupted(fuse_req_t req, void *arg)
{
	struct front_thread *ft = arg;

	assert(ft->ft_req == req);
	atomic_store(&ft->ft_signalled, true);
	req_interrupt(ft, ms_from_now(front.fl_config.deadline_ms));
}

/* ---- pins ----------------------------------------------------------- */

/* Keep ft where it is, if it runs a request.  fl_lock held. */
static bool
req_pin(struct front_thread *ft)
{
	int state = FT_RUNNING;

	return atomic_compare_exchange_strong(&ft->ft_state, &state,
	    FT_PINNED);
}

/* fl_lock held. */
static void
req_unpin(struct front_thread *ft, enum front_state state)
{

	assert(ft->ft_state == FT_PINNED);
	atomic_store(&ft->ft_state, state);
	pthread_cond_broadcast(&front.fl_cond);
}

/*
 * Find a request that is not to go on but has not been told so, or has more
 * time than until when, of the channel or of any, and pin it.  fl_lock held.
 */
static struct front_thread *
pin_untold(const struct front_chan *fc, uint64_t when)
{
	uint64_t deadline;
	struct front_thread *ft;

	TAILQ_FOREACH(ft, &front.fl_all, ft_all) {
		if (!req_pin(ft))
			continue;
		deadline = atomic_load(&ft->ft_deadline);
		if ((deadline == 0 || deadline > when) &&
		    (fc == NULL || ft->ft_chan == fc))
			return ft;
		req_unpin(ft, FT_RUNNING);
	}
	return NULL;
}

/*
 * front_interrupt_all(fc, ms)
 *
 *	Interrupt every request of the channel, or of all channels if fc is
 *	NULL, and answer for it if it does not end in ms.  The caller has
 *	set what makes new requests end by themselves: fc_lost, fl_stopping,
 *	or something in K.
 */
void
front_interrupt_all(const struct front_chan *fc, unsigned ms)
{
	const uint64_t when = ms_from_now(ms);
	struct front_thread *ft;

	pthread_mutex_lock(&front.fl_lock);
	while ((ft = pin_untold(fc, when)) != NULL) {
		pthread_mutex_unlock(&front.fl_lock);
		req_interrupt(ft, when);
		pthread_mutex_lock(&front.fl_lock);
		req_unpin(ft, FT_RUNNING);
	}
	pthread_mutex_unlock(&front.fl_lock);
}

/*
 * Find a request whose deadline is over and pin it; *nextp becomes the
 * earliest of those that are not.  The deadline that counts is the one that
 * is seen after the pin: before it, the request may have been another one.
 * fl_lock held.
 */
static struct front_thread *
pin_expired(uint64_t now, uint64_t *nextp)
{
	struct front_thread *ft;
	uint64_t when;

	*nextp = 0;
	TAILQ_FOREACH(ft, &front.fl_all, ft_all) {
		if (atomic_load(&ft->ft_deadline) == 0 || !req_pin(ft))
			continue;
		when = atomic_load(&ft->ft_deadline);
		if (when != 0 && when <= now)
			return ft;
		if (when != 0 && (*nextp == 0 || when < *nextp))
			*nextp = when;
		req_unpin(ft, FT_RUNNING);
	}
	return NULL;
}

/*
 * front_watchdog()
 *
 *	Answer every request whose deadline is over, and set the timer for the
 *	next.  By the thread at the helm when the timer fires, and by
 *	front_stop.
 */
void
front_watchdog(void)
{
	static struct host_quiet quiet;
	const uint64_t now = hyp_clock();
	struct front_thread *ft;
	uint64_t next;
	unsigned n;

	pthread_mutex_lock(&front.fl_lock);
	front.fl_timer = 0;
	while ((ft = pin_expired(now, &next)) != NULL) {
		atomic_fetch_add(&front.fl_zombies, 1);
		pthread_mutex_unlock(&front.fl_lock);
		n = host_log_quiet(&quiet);
		if (n != 0)
			host_logf(HYP_LOG_ERR, "front: %s: %s does not end "
			    "though it was interrupted; its client is told "
			    "EINTR and the thread left behind (%u of these)",
			    ft->ft_chan->fc_node->fn_name,
			    op_names[ft->ft_op], n);
		front_tell(FRONT_EV_LATE, ft->ft_chan->fc_node, NULL);
		fuse_req_interrupt_func(ft->ft_req, NULL, NULL);
		answer_late(ft);
		pthread_mutex_lock(&front.fl_lock);
		req_unpin(ft, FT_ANSWERED);
	}
	if (next != 0)
		timer_arm(next);
	pthread_mutex_unlock(&front.fl_lock);
}

/* ---- who looks ------------------------------------------------------ */

/* fl_lock held: which calls run on the file, as bits. */
unsigned
front_calls_of(const struct front_file *ff)
{
	struct front_thread *ft;
	unsigned calls = 0;

	TAILQ_FOREACH(ft, &front.fl_all, ft_all) {
		if (!req_pin(ft))
			continue;
		if (ft->ft_for == ff)
			calls |= 1U << ft->ft_op;
		req_unpin(ft, FT_RUNNING);
	}
	return calls;
}

/*
 * ff = front_opening(fc, n, info)
 *
 *	The n'th file of the channel that is being opened, for comparison only,
 *	and what is known of it; or NULL.  fl_lock held.
 */
struct front_file *
front_opening(const struct front_chan *fc, unsigned n,
    struct front_fileinfo *fo)
{
	struct front_file *ff = NULL;
	struct front_thread *ft;

	TAILQ_FOREACH(ft, &front.fl_all, ft_all) {
		if (!req_pin(ft))
			continue;
		if (ft->ft_op == FRONT_OPEN && ft->ft_chan == fc && n-- == 0) {
			ff = ft->ft_for;
			*fo = ff->ff_info;
		}
		req_unpin(ft, FT_RUNNING);
		if (ff != NULL)
			break;
	}
	return ff;
}

/* ---- the thread's own side ------------------------------------------ */

/*
 * front_req_enter(ft, req, op, ff)
 *
 *	The thread begins to run a request on the file (a new one, for open;
 *	one that nobody else has, for release, whose caller counts it out of
 *	its share; else the caller's reference becomes the request's) and
 *	becomes the opener's lwp.  Must be paired with front_req_exit;
 *	front_req_claim comes between.  Whatever can fail comes before.
 */
void
front_req_enter(struct front_thread *ft, fuse_req_t req, enum front_op op,
    struct front_file *ff)
{
	const bool nosleep = front_run(ft);

	assert(ft->ft_state == FT_IDLE);
	ft->ft_req = req;
	ft->ft_op = op;
	ft->ft_chan = ff->ff_chan;
	ft->ft_file = op != FRONT_OPEN && op != FRONT_RELEASE ? ff : NULL;
	ft->ft_for = ff;
	ft->ft_over = front_share_enter(ft, ff, op == FRONT_RELEASE);
	ft->ft_lwp = hyp_lwp_enter(&ff->ff_cred);
	if (nosleep || ft->ft_over)
		hyp_lwp_nosleep(ft->ft_lwp);
	atomic_store(&ft->ft_deadline, 0);
	atomic_store(&ft->ft_signalled, false);
	if (op == FRONT_RELEASE)
		req_limit(ft, ms_from_now(front.fl_config.deadline_ms));
	atomic_store(&ft->ft_state, FT_RUNNING);
	fuse_req_interrupt_func(req, front_interrupted, ft);
	if (atomic_load(&front.fl_stopping) ||
	    atomic_load(&ft->ft_chan->fc_lost))
		front_interrupt_all(ft->ft_chan, front.fl_config.deadline_ms);
}

/* The request was not RUNNING: wait for who pinned it. */
static bool
claim_slowly(struct front_thread *ft)
{
	static struct host_quiet quiet;
	bool claimed;
	unsigned n;

	pthread_mutex_lock(&front.fl_lock);
	while (ft->ft_state == FT_PINNED)
		pthread_cond_wait(&front.fl_cond, &front.fl_lock);
	claimed = ft->ft_state == FT_RUNNING;
	assert(claimed || ft->ft_state == FT_ANSWERED);
	atomic_store(&ft->ft_state, FT_IDLE);
	pthread_mutex_unlock(&front.fl_lock);
	if (!claimed) {
		atomic_fetch_sub(&front.fl_zombies, 1);
		n = host_log_quiet(&quiet);
		if (n != 0)
			host_logf(HYP_LOG_NOTICE, "front: %s: the %s that did "
			    "not end has ended (%u of these)",
			    ft->ft_chan->fc_node->fn_name,
			    op_names[ft->ft_op], n);
	}
	return claimed;
}

/*
 * mine = front_req_claim(ft)
 *
 *	K is done.  True: the thread must answer ft_req now.  False: the
 *	watchdog has done so and ft_req is gone.
 */
bool
front_req_claim(struct front_thread *ft)
{
	int state = FT_RUNNING;

	/* Before the answer, with which the file may be gone; a close goes on. */
	if (ft->ft_op != FRONT_RELEASE)
		front_share_exit(ft->ft_for);
	if (!atomic_compare_exchange_strong(&ft->ft_state, &state, FT_IDLE) &&
	    !claim_slowly(ft))
		return false;
	fuse_req_interrupt_func(ft->ft_req, NULL, NULL);
	return true;
}

/*
 * front_req_exit(ft)
 *
 *	The thread is no lwp any more, and its request is done with the file,
 *	which is closed now if the client has closed it meanwhile.  A client
 *	can do that before K is done only if the watchdog has answered it.
 */
void
front_req_exit(struct front_thread *ft)
{

	assert(ft->ft_state == FT_IDLE);
	hyp_lwp_exit(ft->ft_lwp);
	ft->ft_lwp = NULL;
	ft->ft_req = NULL;
	if (ft->ft_file != NULL)
		front_file_rele(ft->ft_file);
}

unsigned
front_zombies(void)
{

	return atomic_load(&front.fl_zombies);
}
