/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hand.c - a device's descriptor, and whoever has to wait for it.
 *
 * Model
 *	A call on a device can wait, O_NONBLOCK or not: a node of a daemon that
 *	is stopped takes an open(2), ioctl(2), write(2), poll(2) and close(2) and
 *	answers none; a USB adapter takes seconds over a control transfer; a
 *	close waits for what is still to be sent.  Nothing can end such a wait.
 *	The loop must not be who waits, as it has other ports; so each device
 *	has a thread, its hand, which alone touches the descriptor:
 *
 *	    loop				thread
 *	    ln_fd <--- a socketpair, bytes ---> the node
 *	    ask_and_wait() -- h_ask, h_wake -->	do_ask()
 *	    on_news()      <-- h_news, h_tell --
 *
 *	Bytes go by the socketpair, which is a descriptor like any other to the
 *	loop; its end of file is the device's, behind all that it has said.
 *
 *	What needs an answer (hand_apply, ...) is asked, and waited for: ht_ask
 *	ms, but no more than a tenth of the time (paid), for all hands together,
 *	as they may well wait for the same; and ht_soon in any case.  Then the
 *	hand is late, and is asked nothing (EBUSY) until it answers, which is
 *	HAND_BACK.  What was asked may have been done, or not: the caller says how
 *	all of it is to be (hand_restore), for which nobody waits, and after
 *	HAND_RESTORED it is asked again.  If either takes ht_hangs, HAND_HANGS.
 *	What is asked of it comes after the bytes that were written before, as
 *	far as the device takes them.
 *
 *	A pty has nobody who could let wait, and is used by the loop itself
 *	(h_thread is false): a hand takes time, of which a pty's bytes have none
 *	to spare.  stat(2) is the loop's too: a path leads through directories,
 *	which are the administrator's, and no device's.
 *
 *	A hand that is closed (hand_close) ends by itself, when its close(2)
 *	does.  Its owner opens no other before (hand_is_over), so that a device
 *	that hangs has one thread, and not one for each try; who cannot wait for
 *	that forgets it (hand_forget).  LOST of those that are forgotten and do
 *	not end are as many as there may be.
 *
 * hand_work.c has the thread, and what both do to a descriptor.
 *
 * Locks
 *	h_lock	what is marked with (h).  h_cv: h_answered.
 *	lost_lock  the number of those that are forgotten.
 * What is marked with (t) in hand_own.h is the thread's alone, the rest the
 * loop's.
 */
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/hand_own.h"

#define	QUEUE		8192	/* of the socketpair, to the device */
#define	STACK		131072
#define	LOST		256
#define	PTY_FIRST	136	/* UNIX98_PTY_SLAVE_MAJOR, and seven more */
#define	PTY_LAST	143

struct hand_times hand_times = { 1000, 50, 5000 };

/* The loop's, ms: of the time until then it has waited for hands a tenth. */
static int64_t paid;

/* ---- the loop: what a hand tells ------------------------------------ */

static void
no_longer_late(struct hand *h)
{

	if (!h->h_late)
		return;
	h->h_late = false;
	(void)evtimer_del(h->h_limit);
}

static void
on_news(evutil_socket_t fd, short what, void *arg)
{
	static const enum hand_news each[] = { HAND_FOUND, HAND_BACK,
	    HAND_RESTORED, HAND_MODEM, HAND_COUNTS };
	struct hand *const h = arg;
	uint64_t drop;
	unsigned news;
	size_t i;

	(void)what;
	(void)!read(fd, &drop, sizeof(drop));
	pthread_mutex_lock(&h->h_lock);
	news = h->h_news;
	h->h_news = 0;
	if (news & 1U << HAND_FOUND)
		h->h_seen = h->h_found;
	h->h_modem_seen = h->h_modem;
	if (news & 1U << HAND_RESTORED)
		h->h_restored = h->h_ask;
	/* The caller may close it: it lives until this is over. */
	h->h_refs++;
	pthread_mutex_unlock(&h->h_lock);
	if (news & 1U << HAND_RESTORED)
		no_longer_late(h);
	for (i = 0; i < sizeof(each) / sizeof(each[0]); i++) {
		if (news & 1U << each[i] && h->h_event != NULL)
			h->h_call(h->h_arg, each[i]);
	}
	pthread_mutex_lock(&h->h_lock);
	hand_unref(h);
}

static void
on_limit(evutil_socket_t fd, short what, void *arg)
{
	struct hand *const h = arg;

	(void)fd;
	(void)what;
	h->h_call(h->h_arg, HAND_HANGS);
}

/* ---- the loop: what it asks ----------------------------------------- */

/* It has ht_hangs from now. */
static void
limit(struct hand *h)
{
	const struct timeval tv = { hand_times.ht_hangs / 1000,
	    hand_times.ht_hangs % 1000 * 1000 };

	(void)evtimer_add(h->h_limit, &tv);
}

static void
be_late(struct hand *h)
{

	h->h_late = true;
	limit(h);
}

/* The thread is to do this, with h_lock. */
static void
post(struct hand *h, const struct ask *as)
{

	h->h_ask = *as;
	h->h_asked = true;
	h->h_answered = h->h_left = false;
	hand_ring(h->h_wake);
}

/* For how long may be waited now, ms? */
static int64_t
patience(int64_t now)
{
	const int64_t left = (int64_t)hand_times.ht_ask -
	    (paid > now ? (paid - now) / 10 : 0);

	return left > (int64_t)hand_times.ht_soon ? left :
	    (int64_t)hand_times.ht_soon;
}

/* Wait for the answer, with h_lock; false: it does not come in time. */
static bool
wait_for(struct hand *h)
{
	const int64_t begin = hand_now();
	const int64_t end = begin + patience(begin);
	const struct timespec until = { end / 1000, end % 1000 * 1000000 };

	while (h->h_asked && pthread_cond_clockwait(&h->h_cv, &h->h_lock,
	    CLOCK_MONOTONIC, &until) == 0)
		continue;
	paid = (paid > begin ? paid : begin) + 10 * (hand_now() - begin);
	return !h->h_asked;
}

/*
 * error = ask_and_wait(h, as)
 *
 *	Have it done; as is what has come of it then.  EBUSY: it is late, or has
 *	just become so, and what comes of it is HAND_BACK's; ENXIO: the device
 *	has gone meanwhile.  Waits, as the model says.
 */
static int
ask_and_wait(struct hand *h, struct ask *as)
{
	bool answered, done;

	if (!h->h_thread) {
		hand_do(h->h_own, as);
		return as->as_error;
	}
	if (h->h_late)
		return EBUSY;
	pthread_mutex_lock(&h->h_lock);
	if (h->h_ended) {
		pthread_mutex_unlock(&h->h_lock);
		return ENXIO;
	}
	post(h, as);
	done = wait_for(h);
	answered = h->h_answered;
	h->h_left = !done;
	if (answered)
		*as = h->h_ask;
	pthread_mutex_unlock(&h->h_lock);
	if (!done)
		be_late(h);
	return !done ? EBUSY : !answered ? ENXIO : as->as_error;
}

/* errno; as tty_apply and the others of tty.c, whose descriptor it is. */
int
hand_apply(struct hand *h, struct settings *st)
{
	struct ask as = { .as_what = APPLY, .as_settings = *st };
	const int error = ask_and_wait(h, &as);

	if (error != EBUSY && error != ENXIO)
		*st = as.as_settings;
	return error;
}

void
hand_lines(struct hand *h, struct settings *st)
{
	struct ask as = { .as_what = LINES, .as_settings = *st };

	if (ask_and_wait(h, &as) == 0)
		*st = as.as_settings;
}

int
hand_pulse(struct hand *h, int dtr, int rts)
{
	struct ask as = { .as_what = PULSE, .as_a = dtr, .as_b = rts };

	return ask_and_wait(h, &as);
}

int
hand_break(struct hand *h, bool on)
{
	struct ask as = { .as_what = BREAK, .as_a = on };

	return ask_and_wait(h, &as);
}

int
hand_marks(struct hand *h, bool on)
{
	struct ask as = { .as_what = MARKS, .as_a = on };

	return ask_and_wait(h, &as);
}

int
hand_count(struct hand *h, struct counts *ct)
{
	struct ask as = { .as_what = COUNT };
	const int error = ask_and_wait(h, &as);

	if (error == 0)
		*ct = as.as_counts;
	return error;
}

int
hand_see_modem(struct hand *h, int *modem)
{
	struct ask as = { .as_what = MODEM };
	const int error = ask_and_wait(h, &as);

	if (error == 0)
		*modem = as.as_a;
	return error;
}

/*
 * hand_restore(h, settings, on, marks)
 *
 *	After HAND_BACK: have settings, lines, break and marks so.  Waits for
 *	nothing; HAND_RESTORED, and then hand_restored.
 *
 * modem = hand_restored(h, &settings)
 *
 *	What has come of it, and the modem lines, as tty_modem.
 */
void
hand_restore(struct hand *h, const struct settings *st, bool on, bool marks)
{
	const struct ask as = { .as_what = RESTORE, .as_settings = *st,
	    .as_a = on, .as_b = marks };

	limit(h);
	pthread_mutex_lock(&h->h_lock);
	if (!h->h_ended) {
		post(h, &as);
		h->h_left = true;
	}
	pthread_mutex_unlock(&h->h_lock);
}

int
hand_restored(const struct hand *h, struct settings *st)
{

	*st = h->h_restored.as_settings;
	return h->h_restored.as_a;
}

/* And what is between the loop and the device. */
void
hand_flush(struct hand *h, bool in, bool out)
{
	struct ask as = { .as_what = FLUSH, .as_a = in, .as_b = out };
	char drop[4096];

	if (!in && !out)
		return;
	(void)ask_and_wait(h, &as);
	while (h->h_thread && in && read(h->h_own, drop, sizeof(drop)) > 0)
		continue;
}

/*
 * hand_look(h, on)
 *
 *	Look at the modem lines each LOOK_MS, and tell (HAND_MODEM) if they have
 *	moved; hand_modem is what they were then.  Waits for nothing.  A pty has
 *	none, and they never move.
 *
 * hand_post_count(h)
 *
 *	Look at the counters: HAND_COUNTS, and then hand_counts.
 */
void
hand_look(struct hand *h, bool on)
{

	if (!h->h_thread)
		return;
	pthread_mutex_lock(&h->h_lock);
	h->h_look = on;
	pthread_mutex_unlock(&h->h_lock);
	hand_ring(h->h_wake);
}

int
hand_modem(struct hand *h)
{

	return h->h_modem_seen;
}

void
hand_post_count(struct hand *h)
{

	pthread_mutex_lock(&h->h_lock);
	h->h_count = true;
	pthread_mutex_unlock(&h->h_lock);
	hand_ring(h->h_wake);
}

bool
hand_counts(struct hand *h, struct counts *ct)
{
	bool good;

	pthread_mutex_lock(&h->h_lock);
	*ct = h->h_counts;
	good = h->h_counted == 0;
	pthread_mutex_unlock(&h->h_lock);
	return good;
}

/* ---- begin and end -------------------------------------------------- */

/*
 * What is at this path: whether a thread is needed.  A pty's calls never wait;
 * what is no terminal, or not there, is not opened at all: errno.
 */
static int
kind(const char *path, bool *thread)
{
	struct stat st;

	*thread = false;
	if (stat(path, &st) == -1)
		return errno;
	if (!S_ISCHR(st.st_mode))
		return ENOTTY;
	*thread = major(st.st_rdev) < PTY_FIRST || major(st.st_rdev) > PTY_LAST;
	return 0;
}

/* Signals are the loop's.  false: there is no thread. */
static bool
start(struct hand *h)
{
	sigset_t all, before;
	pthread_attr_t attr;
	pthread_t thread;
	bool started;

	if (pthread_attr_init(&attr) != 0)
		return false;
	(void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	(void)pthread_attr_setstacksize(&attr, STACK);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	h->h_refs++;
	started = pthread_create(&thread, &attr, hand_work,
	    h) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	(void)pthread_attr_destroy(&attr);
	if (!started)
		h->h_refs--;
	return started;
}

/* The two ends, and how each is told.  false: errno. */
static bool
connect_ends(struct hand *h, struct event_base *base)
{
	static const int size = QUEUE;
	int fds[2];

	h->h_wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	h->h_tell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (h->h_wake == -1 || h->h_tell == -1 || socketpair(AF_UNIX,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == -1)
		return false;
	h->h_own = fds[0];
	h->h_far = fds[1];
	(void)setsockopt(h->h_own, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	h->h_event = event_new(base, h->h_tell, EV_READ | EV_PERSIST, on_news,
	    h);
	h->h_limit = evtimer_new(base, on_limit, h);
	errno = ENOMEM;
	return h->h_event != NULL && h->h_limit != NULL &&
	    event_add(h->h_event, NULL) == 0;
}

static bool
begin(struct hand *h, struct event_base *base)
{
	const int error = kind(h->h_path, &h->h_thread);

	if (error != 0) {
		h->h_seen.fo_error = error;
		return true;
	}
	if (!h->h_thread) {
		h->h_own = hand_find(h, &h->h_seen);
		return true;
	}
	errno = EAGAIN;
	if (hand_lost() >= LOST || !connect_ends(h, base))
		return false;
	errno = EAGAIN;
	return start(h);
}

/*
 * h = hand_open(base, path, want, marks, call, arg)
 *
 *	Open it, and make it as want says, with marks or without.  HAND_FOUND
 *	comes later, if hand_found is NULL now; then hand_descriptor is for
 *	bytes.  NULL with errno: there can be no hand.
 */
struct hand *
hand_open(struct event_base *base, const char *path,
    const struct settings *want, bool marks,
    void (*call)(void *, enum hand_news), void *arg)
{
	struct hand *const h = calloc(1, sizeof(*h));
	int error;

	if (h == NULL)
		return NULL;
	h->h_own = h->h_far = h->h_wake = h->h_tell = h->h_fd = -1;
	h->h_refs = 1;
	h->h_call = call;
	h->h_arg = arg;
	h->h_want = *want;
	h->h_want_marks = marks;
	h->h_seen.fo_error = -1;
	snprintf(h->h_path, sizeof(h->h_path), "%s", path);
	pthread_mutex_init(&h->h_lock, NULL);
	pthread_cond_init(&h->h_cv, NULL);
	if (begin(h, base))
		return h;
	error = errno;
	if (h->h_far != -1)
		close(h->h_far);
	hand_close(h);
	hand_forget(h);
	errno = error;
	return NULL;
}

/* NULL: it is not known yet. */
const struct found *
hand_found(struct hand *h)
{

	return h->h_seen.fo_error == -1 ? NULL : &h->h_seen;
}

int
hand_descriptor(const struct hand *h)
{

	return h->h_own;
}

/* errno of what has ended it; 0: it has hung up. */
int
hand_error(struct hand *h)
{
	int error;

	pthread_mutex_lock(&h->h_lock);
	error = h->h_error;
	pthread_mutex_unlock(&h->h_lock);
	return error;
}

/* Bytes that the device has taken from the thread, since the open. */
uint64_t
hand_taken(const struct hand *h)
{

	return h->h_taken;
}

/*
 * hand_close(h)
 *
 *	It is wanted no more, and tells nothing from now on.  Waits for nothing.
 *
 * over = hand_is_over(h)
 *
 *	Of one that is closed: has its thread closed the device?
 *
 * hand_forget(h)
 *
 *	h, which is closed, is not the caller's any more, whether it is over or
 *	not.
 */
void
hand_close(struct hand *h)
{

	no_longer_late(h);
	if (h->h_event != NULL)
		event_free(h->h_event);
	if (h->h_limit != NULL)
		event_free(h->h_limit);
	h->h_event = h->h_limit = NULL;
	if (h->h_own != -1)
		close(h->h_own);
	h->h_own = -1;
	pthread_mutex_lock(&h->h_lock);
	h->h_dropped = true;
	pthread_mutex_unlock(&h->h_lock);
	if (h->h_thread && h->h_wake != -1)
		hand_ring(h->h_wake);
}

bool
hand_is_over(struct hand *h)
{
	bool over;

	pthread_mutex_lock(&h->h_lock);
	over = h->h_over || h->h_refs == 1;
	pthread_mutex_unlock(&h->h_lock);
	return over;
}

void
hand_forget(struct hand *h)
{

	pthread_mutex_lock(&h->h_lock);
	if (!h->h_over && h->h_refs > 1) {
		h->h_forgotten = true;
		hand_lose();
	}
	hand_unref(h);
}
