/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hand_work.c - the thread that waits for a device; hand.c has the model.
 *
 * It opens, carries bytes between the node and the loop, does what the loop
 * asks between two pieces of them, and closes.  Wherever it waits for the device
 * the loop does not: it holds h_lock for no call on the descriptor.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gateway/hand_own.h"

#define	LOOK_MS		100

static pthread_mutex_t lost_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned lost;

/* One more that is forgotten and not over. */
void
hand_lose(void)
{

	pthread_mutex_lock(&lost_lock);
	lost++;
	pthread_mutex_unlock(&lost_lock);
}

/* How many of those that are forgotten do not end. */
unsigned
hand_lost(void)
{
	unsigned n;

	pthread_mutex_lock(&lost_lock);
	n = lost;
	pthread_mutex_unlock(&lost_lock);
	return n;
}

/* The last of the two who know it frees it.  Called with h_lock. */
void
hand_unref(struct hand *h)
{
	const bool last = --h->h_refs == 0;

	pthread_mutex_unlock(&h->h_lock);
	if (!last)
		return;
	if (h->h_forgotten) {
		pthread_mutex_lock(&lost_lock);
		lost--;
		pthread_mutex_unlock(&lost_lock);
	}
	if (h->h_wake != -1)
		close(h->h_wake);
	if (h->h_tell != -1)
		close(h->h_tell);
	pthread_mutex_destroy(&h->h_lock);
	pthread_cond_destroy(&h->h_cv);
	free(h);
}

/* Wake who waits for this eventfd. */
void
hand_ring(int fd)
{
	static const uint64_t one = 1;

	(void)!write(fd, &one, sizeof(one));
}

/* CLOCK_MONOTONIC, ms. */
int64_t
hand_now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* ---- what is done to the descriptor, by whoever may ----------------- */

/* The answer is in as too. */
void
hand_do(int fd, struct ask *as)
{

	as->as_error = 0;
	switch (as->as_what) {
	case APPLY:
		as->as_error = tty_apply(fd, &as->as_settings);
		break;
	case LINES:
		tty_lines(fd, &as->as_settings);
		break;
	case PULSE:
		as->as_error = tty_pulse(fd, as->as_a, as->as_b);
		break;
	case BREAK:
		as->as_error = tty_break(fd, as->as_a != 0);
		break;
	case MARKS:
		as->as_error = tty_marks(fd, as->as_a != 0);
		break;
	case COUNT:
		as->as_error = tty_counts(fd, &as->as_counts);
		break;
	case MODEM:
		as->as_a = tty_modem(fd);
		break;
	case RESTORE:
		as->as_error = tty_apply(fd, &as->as_settings);
		tty_lines(fd, &as->as_settings);
		(void)tty_break(fd, as->as_a != 0);
		(void)tty_marks(fd, as->as_b != 0);
		as->as_a = tty_modem(fd);
		break;
	case FLUSH:
		tty_flush(fd, as->as_a != 0, as->as_b != 0);
		break;
	case NOTHING:
		break;
	}
}

/* The descriptor, or -1; what there is to know of it. */
int
hand_find(const struct hand *h, struct found *fo)
{
	const int fd = tty_open(h->h_path);

	memset(fo, 0, sizeof(*fo));
	fo->fo_settings = h->h_want;
	if (fd == -1) {
		fo->fo_error = errno;
		return -1;
	}
	(void)fstat(fd, &fo->fo_stat);
	fo->fo_refused = tty_apply(fd, &fo->fo_settings);
	tty_lines(fd, &fo->fo_settings);
	fo->fo_counts = tty_counts(fd, &fo->fo_count) == 0;
	/* Whoever had it before may have left it marked. */
	fo->fo_marks = tty_marks(fd, h->h_want_marks) == 0 && h->h_want_marks;
	fo->fo_modem = tty_modem(fd);
	return fd;
}

/* ---- the thread ----------------------------------------------------- */

/* Called with h_lock. */
static void
tell(struct hand *h, enum hand_news what)
{

	h->h_news |= 1U << what;
	hand_ring(h->h_tell);
}

/* Bytes for the device, as far as it takes them.  errno, or 0. */
static int
push_out(struct hand *h)
{
	ssize_t n;

	for (;;) {
		if (h->h_nout == 0) {
			n = read(h->h_far, h->h_out, sizeof(h->h_out));
			if (n <= 0)
				return 0;	/* the loop's end: h_dropped */
			h->h_nout = (size_t)n;
			h->h_outat = 0;
		}
		n = write(h->h_fd, h->h_out + h->h_outat, h->h_nout);
		if (n == -1)
			return errno == EAGAIN || errno == EINTR ? 0 : errno;
		h->h_taken += (uint64_t)n;
		h->h_outat += (size_t)n;
		h->h_nout -= (size_t)n;
		if (h->h_nout > 0)
			return 0;
	}
}

/* And the device's, as far as the loop does.  errno; -1: its end; or 0. */
static int
push_in(struct hand *h, bool readable)
{
	ssize_t n;

	if (h->h_nin == 0 && readable) {
		n = read(h->h_fd, h->h_in, sizeof(h->h_in));
		if (n == 0)
			return -1;
		if (n == -1)
			return errno == EAGAIN || errno == EINTR ? 0 : errno;
		h->h_nin = (size_t)n;
		h->h_inat = 0;
	}
	if (h->h_nin == 0)
		return 0;
	n = write(h->h_far, h->h_in + h->h_inat, h->h_nin);
	if (n > 0) {
		h->h_inat += (size_t)n;
		h->h_nin -= (size_t)n;
	}
	return 0;
}

/* Before a flush: what is here is a part of what it is about. */
static void
drop_bytes(struct hand *h, const struct ask *as)
{

	if (as->as_a != 0)
		h->h_nin = 0;
	if (as->as_b == 0)
		return;
	h->h_nout = 0;
	while (read(h->h_far, h->h_out, sizeof(h->h_out)) > 0)
		continue;
}

static void
look(struct hand *h)
{
	const int modem = tty_modem(h->h_fd);

	pthread_mutex_lock(&h->h_lock);
	if (modem != h->h_modem) {
		h->h_modem = modem;
		tell(h, HAND_MODEM);
	}
	pthread_mutex_unlock(&h->h_lock);
}

static void
count(struct hand *h)
{
	struct counts ct = { .ct_frame = 0 };
	const int error = tty_counts(h->h_fd, &ct);

	pthread_mutex_lock(&h->h_lock);
	h->h_counts = ct;
	h->h_counted = error;
	tell(h, HAND_COUNTS);
	pthread_mutex_unlock(&h->h_lock);
}

/* The loop has asked for something.  errno of the device; -1: it lets go. */
static int
serve_loop(struct hand *h)
{
	bool asked, counts, dropped;
	struct ask as;
	uint64_t drop;
	int error;

	(void)!read(h->h_wake, &drop, sizeof(drop));
	pthread_mutex_lock(&h->h_lock);
	asked = h->h_asked;
	as = h->h_ask;
	counts = h->h_count;
	h->h_count = false;
	dropped = h->h_dropped;
	pthread_mutex_unlock(&h->h_lock);
	if (dropped)
		return -1;
	if (counts)
		count(h);
	if (!asked)
		return 0;
	if (as.as_what == FLUSH)
		drop_bytes(h, &as);
	error = push_out(h);
	hand_do(h->h_fd, &as);
	pthread_mutex_lock(&h->h_lock);
	h->h_ask = as;
	h->h_asked = false;
	h->h_answered = true;
	if (h->h_left)
		tell(h, as.as_what == RESTORE ? HAND_RESTORED : HAND_BACK);
	pthread_cond_broadcast(&h->h_cv);
	pthread_mutex_unlock(&h->h_lock);
	return error;
}

/* How long poll(2) may wait: until the lines are to be looked at. */
static int
patience(struct hand *h)
{
	bool on;

	pthread_mutex_lock(&h->h_lock);
	on = h->h_look;
	pthread_mutex_unlock(&h->h_lock);
	return on ? LOOK_MS : -1;
}

/*
 * Between the node and the loop, until one of them ends.  errno; 0: the device
 * has hung up, or nobody wants it any more.
 */
static int
relay(struct hand *h)
{
	int64_t looked = hand_now();
	int error = 0, wait;

	while (error == 0) {
		struct pollfd fds[] = {
			{ h->h_wake, POLLIN, 0 },
			{ h->h_nin == 0 || h->h_nout > 0 ? h->h_fd : -1,
			    (short)((h->h_nin == 0 ? POLLIN : 0) |
			    (h->h_nout > 0 ? POLLOUT : 0)), 0 },
			{ h->h_far, (short)((h->h_nout == 0 ? POLLIN : 0) |
			    (h->h_nin > 0 ? POLLOUT : 0)), 0 },
		};

		wait = patience(h);
		if (poll(fds, 3, wait) == -1)
			continue;
		if (fds[0].revents != 0)
			error = serve_loop(h);
		if (error == 0 && fds[2].revents & POLLHUP)
			error = -1;
		if (error == 0)
			error = push_in(h, fds[1].revents & ~POLLOUT);
		if (error == 0 && (h->h_nout > 0 || fds[2].revents & POLLIN))
			error = push_out(h);
		if (error == 0 && wait != -1 && hand_now() - looked >= LOOK_MS) {
			look(h);
			looked = hand_now();
		}
	}
	/* It is the same device still, of who has written this. */
	if (error == -1)
		(void)push_out(h);
	return error == -1 ? 0 : error;
}

/* The thread of one that is opened: arg is it. */
void *
hand_work(void *arg)
{
	struct hand *const h = arg;
	struct found fo;
	int error;

	h->h_fd = hand_find(h, &fo);
	pthread_mutex_lock(&h->h_lock);
	h->h_found = fo;
	h->h_modem = fo.fo_modem;
	tell(h, HAND_FOUND);
	pthread_mutex_unlock(&h->h_lock);
	if (h->h_fd != -1) {
		error = relay(h);
		pthread_mutex_lock(&h->h_lock);
		h->h_error = error;
		h->h_ended = true;
		/* Who waits for an answer gets none. */
		h->h_asked = false;
		pthread_cond_broadcast(&h->h_cv);
		pthread_mutex_unlock(&h->h_lock);
	}
	close(h->h_far);
	if (h->h_fd != -1)
		close(h->h_fd);
	pthread_mutex_lock(&h->h_lock);
	h->h_over = true;
	hand_unref(h);
	return NULL;
}
