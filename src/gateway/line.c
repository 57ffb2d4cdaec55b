/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * line.c - the device of a port, whether it is there or not.
 *
 * Model
 *
 *	    AWAY ---> OPENING --- open(2) succeeds ---> OPEN
 *	      ^          |                                |
 *	      +----------+-- end of file, any error ------+
 *
 *	Whatever is done to the device is done by its hand (hand.c), as it may
 *	wait; what happens to a line that is OPENING is as if it were AWAY.
 *
 *	Away, the node is tried again: soon, then less and less often, at most
 *	RETRY_MAX apart.  That finds a node that stays without its device (as
 *	devswd's do), one that comes new, and a link that points elsewhere now,
 *	and needs nobody to tell.
 *
 *	Who knows better holds it (line_hold): it stays away, and is not tried,
 *	until line_resume, which tries at once.
 *
 *	What the line is to be like (ln_want) outlives the device.  Each open
 *	makes it so, DTR and RTS too; what is not configured and was never
 *	asked for is what the first open found.  A setting that the driver
 *	refuses is as it was before.
 *
 *	Output waits in ln_out, up to about OUT_FULL, and leaves as the node
 *	takes it.  At the end of an open it is dropped: what was meant for one
 *	device is not sent to the next.  Who wants it kept says so to port.c,
 *	which asks line_is_open.
 *
 *	Input with marks (line_mark) is decoded by marks.c.  The byte goes up,
 *	as without marks; what was wrong with it too (lo_error), and what the
 *	driver has counted that has no mark.  Its counters are looked at when a
 *	mark is there, and some time after input (COUNT_MS, COUNT_SOON if
 *	somebody wants to know), so that a line that is silent wakes nobody.
 *
 *	A speed is the one that was asked for, if what the driver has made of it
 *	is so near that both ends understand each other (near_enough): clients
 *	compare it with what they want, and chips divide.
 *
 *	While a reset is played (reset.c), output waits; who sets DTR or RTS
 *	ends it.
 *
 *	Modem lines are looked at ten times a second, and only while somebody
 *	wants that (line_look).  A terminal without such lines, such as a pty,
 *	has all of them up as long as it is there.
 *
 * Upward go calls of struct line_ops, from the loop, and from line_purge
 * (lo_room), line_look (lo_modem) and line_begin; a call may use the line, but
 * not free it.
 */
#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/line_own.h"

#define	RETRY_MIN	20		/* ms */
#define	RETRY_MAX	500
#define	OPEN_MS		5000		/* then that is said */
#define	READ_SIZE	16384
#define	WRITE_SIZE	16384
#define	OUT_FULL	65536
#define	OUT_ROOM	16384
#define	COUNT_MS	1000
#define	COUNT_SOON	100

/* ---- going ---------------------------------------------------------- */

static void
forget_old(struct line *ln)
{

	if (ln->ln_old != NULL)
		hand_forget(ln->ln_old);
	ln->ln_old = NULL;
}

/* The device is let go; it may take its time for that. */
static void
retire(struct line *ln)
{

	forget_old(ln);
	hand_close(ln->ln_hand);
	ln->ln_old = ln->ln_hand;
	ln->ln_hand = NULL;
}

/* OPEN -> AWAY, if it is open; why ends a sentence. */
void
line_lose(struct line *ln, const char *why)
{

	if (ln->ln_fd == -1)
		return;
	event_free(ln->ln_read);
	event_free(ln->ln_write);
	ln->ln_read = ln->ln_write = NULL;
	(void)evtimer_del(ln->ln_breaks);
	(void)evtimer_del(ln->ln_counts);
	pulse_end(ln->ln_pulse, true);
	retire(ln);
	ln->ln_fd = -1;
	ln->ln_broken = false;
	(void)evbuffer_drain(ln->ln_out, evbuffer_get_length(ln->ln_out));
	ln->ln_modem = 0;
	ln->ln_next = RETRY_MIN;
	ln->ln_error = 0;
	line_after(ln->ln_retry, ln->ln_next);
	ln->ln_ops->lo_left(ln->ln_arg, why);
	if (ln->ln_was_full) {
		ln->ln_was_full = false;
		ln->ln_ops->lo_room(ln->ln_arg);
	}
}

/* ---- input ---------------------------------------------------------- */

/* The hand has looked at the counters. */
static void
counted(struct line *ln)
{
	struct counts now;
	unsigned bits;
	bool more;

	if (hand_counts(ln->ln_hand, &now))
		line_tell_error(ln, marks_counted(&ln->ln_mark, &now));
	if (!ln->ln_marks) {
		marks_forget(&ln->ln_mark);
		return;
	}
	bits = marks_rest(&ln->ln_mark, &more);
	if (more)
		line_after(ln->ln_counts, COUNT_SOON);
	line_tell_error(ln, bits);
}

static void
on_count(evutil_socket_t fd, short what, void *arg)
{
	struct line *const ln = arg;

	(void)fd;
	(void)what;
	hand_post_count(ln->ln_hand);
}

/* There was input. */
static void
count_later(struct line *ln)
{

	if (ln->ln_mark.mk_counts && !evtimer_pending(ln->ln_counts, NULL))
		line_after(ln->ln_counts, ln->ln_marks ? COUNT_SOON : COUNT_MS);
}

/* Input with marks; the driver's counters are asked once for all of it. */
static size_t
decode(struct line *ln, uint8_t *buf, size_t n)
{
	bool counted = !ln->ln_mark.mk_counts;
	unsigned bits;
	size_t i, k = 0;

	for (i = 0; i < n; i++) {
		const uint8_t c = buf[i];

		if (marks_ends(&ln->ln_mark) && !counted) {
			line_count(ln);
			counted = true;
		}
		if (marks_byte(&ln->ln_mark, c, &bits))
			buf[k++] = c;
		line_tell_error(ln, bits);
	}
	return k;
}

static void
line_input(struct line *ln, uint8_t *buf, size_t n)
{

	count_later(ln);
	if (ln->ln_marks || marks_within(&ln->ln_mark))
		n = decode(ln, buf, n);
	if (n > 0)
		ln->ln_ops->lo_input(ln->ln_arg, buf, n);
}

static void
on_read(evutil_socket_t fd, short what, void *arg)
{
	struct line *const ln = arg;
	uint8_t buf[READ_SIZE];
	ssize_t n;

	(void)what;
	n = read(fd, buf, sizeof(buf));
	if (n > 0)
		line_input(ln, buf, (size_t)n);
	else if (n == 0)
		line_lose(ln, hand_error(ln->ln_hand) == 0 ? "hung up" :
		    strerror(hand_error(ln->ln_hand)));
	else if (errno != EAGAIN && errno != EINTR)
		line_lose(ln, strerror(errno));
}

/* ---- output --------------------------------------------------------- */

static void
on_write(evutil_socket_t fd, short what, void *arg)
{
	struct line *const ln = arg;
	int n;

	(void)what;
	n = evbuffer_write_atmost(ln->ln_out, fd, WRITE_SIZE);
	if (n == -1 && errno != EAGAIN && errno != EINTR) {
		line_lose(ln, strerror(errno));
		return;
	}
	if (evbuffer_get_length(ln->ln_out) > 0)
		(void)event_add(ln->ln_write, NULL);
	if (ln->ln_was_full && evbuffer_get_length(ln->ln_out) <= OUT_ROOM) {
		ln->ln_was_full = false;
		ln->ln_ops->lo_room(ln->ln_arg);
	}
}

/*
 * line_write(ln, bytes, n)
 *
 *	Write or queue it, whether the device is there or not; all of it, so
 *	that who heeds line_is_full, until lo_room, goes over the limit by one
 *	piece.  An error is on_write's to find.
 */
void
line_write(struct line *ln, const uint8_t *bytes, size_t n)
{
	ssize_t done = 0;

	/* Now, if that can be: it is faster, and before what is set next. */
	if (ln->ln_fd != -1 && line_is_empty(ln) &&
	    !pulse_runs(ln->ln_pulse))
		done = write(ln->ln_fd, bytes, n);
	if (done > 0) {
		bytes += done;
		n -= (size_t)done;
	}
	if (n == 0)
		return;
	if (evbuffer_add(ln->ln_out, bytes, n) == -1) {
		say("%s: out of memory; %zu bytes for the device are lost",
		    ln->ln_name, n);
		return;
	}
	if (evbuffer_get_length(ln->ln_out) >= OUT_FULL)
		ln->ln_was_full = true;
	if (ln->ln_write != NULL && !pulse_runs(ln->ln_pulse))
		(void)event_add(ln->ln_write, NULL);
}

bool
line_is_full(const struct line *ln)
{

	return ln->ln_was_full;
}

bool
line_is_empty(const struct line *ln)
{

	return evbuffer_get_length(ln->ln_out) == 0;
}

/* How much waits for the device. */
size_t
line_unsent(const struct line *ln)
{

	return evbuffer_get_length(ln->ln_out);
}

/* While nothing is added, the same as before if the device has taken nothing. */
uint64_t
line_taken(const struct line *ln)
{

	return (ln->ln_hand != NULL ? hand_taken(ln->ln_hand) : 0) -
	    line_unsent(ln);
}

/* ---- coming --------------------------------------------------------- */

/* An open has failed. */
static void
failed(struct line *ln, int error)
{

	if (error != ln->ln_error)
		say("%s: %s: %s", ln->ln_name, ln->ln_path, strerror(error));
	ln->ln_error = error;
	line_after(ln->ln_retry, ln->ln_next);
	ln->ln_next = ln->ln_next * 2 < RETRY_MAX ? ln->ln_next * 2 :
	    RETRY_MAX;
}

/* false: epoll takes no such descriptor, or memory is out. */
static bool
watch(struct line *ln, int fd)
{

	ln->ln_read = event_new(ln->ln_base, fd, EV_READ | EV_PERSIST, on_read,
	    ln);
	ln->ln_write = event_new(ln->ln_base, fd, EV_WRITE, on_write, ln);
	if (ln->ln_read != NULL && ln->ln_write != NULL &&
	    event_add(ln->ln_read, NULL) == 0)
		return true;
	if (ln->ln_read != NULL)
		event_free(ln->ln_read);
	if (ln->ln_write != NULL)
		event_free(ln->ln_write);
	ln->ln_read = ln->ln_write = NULL;
	return false;
}

/* OPENING -> OPEN, or AWAY. */
static void
found(struct line *ln)
{
	const struct found fo = *hand_found(ln->ln_hand);
	const int fd = hand_descriptor(ln->ln_hand);

	(void)evtimer_del(ln->ln_retry);
	if (fo.fo_error != 0 || !watch(ln, fd)) {
		retire(ln);
		failed(ln, fo.fo_error != 0 ? fo.fo_error : ENOMEM);
		return;
	}
	ln->ln_fd = fd;
	ln->ln_stat = fo.fo_stat;
	line_restored(ln, &fo);
	line_set_modem(ln, fo.fo_modem);
	if (ln->ln_look)
		hand_look(ln->ln_hand, true);
	if (!line_is_empty(ln))
		(void)event_add(ln->ln_write, NULL);
	ln->ln_ops->lo_came(ln->ln_arg);
}

static void
on_hand(void *arg, enum hand_news news)
{
	struct line *const ln = arg;

	switch (news) {
	case HAND_FOUND:
		found(ln);
		break;
	case HAND_MODEM:
		if (ln->ln_fd != -1 && ln->ln_look)
			line_set_modem(ln, hand_modem(ln->ln_hand));
		break;
	case HAND_COUNTS:
		if (ln->ln_fd != -1)
			counted(ln);
		break;
	case HAND_BACK:
		hand_restore(ln->ln_hand, &ln->ln_want, ln->ln_broken,
		    ln->ln_marks);
		break;
	case HAND_RESTORED:
		line_answers_again(ln);
		break;
	case HAND_HANGS:
		line_lose(ln, "it does not answer");
		break;
	}
}

/* AWAY -> OPENING, or try again later. */
static void
line_try(struct line *ln)
{

	if (ln->ln_path[0] == '\0')
		return;			/* line_move comes */
	if (ln->ln_old != NULL && !hand_is_over(ln->ln_old)) {
		line_after(ln->ln_retry, ln->ln_next);
		ln->ln_next = ln->ln_next * 2 < RETRY_MAX ? ln->ln_next * 2 :
		    RETRY_MAX;
		return;
	}
	forget_old(ln);
	ln->ln_tried = ln->ln_want;
	ln->ln_tried_marks = ln->ln_marks;
	ln->ln_hand = hand_open(ln->ln_base, ln->ln_path, &ln->ln_want,
	    ln->ln_marks, on_hand, ln);
	if (ln->ln_hand == NULL)
		failed(ln, errno);
	else if (hand_found(ln->ln_hand) != NULL)
		found(ln);
	else
		line_after(ln->ln_retry, OPEN_MS);
}

static void
on_retry(evutil_socket_t fd, short what, void *arg)
{
	struct line *const ln = arg;

	(void)fd;
	(void)what;
	if (ln->ln_fd != -1 || ln->ln_held)
		return;
	if (ln->ln_hand == NULL)
		line_try(ln);
	else if (ln->ln_error != ETIMEDOUT) {
		say("%s: %s does not answer; it is waited for", ln->ln_name,
		    ln->ln_path);
		ln->ln_error = ETIMEDOUT;
	}
}

/*
 * line_hold(ln)
 * line_resume(ln)
 *
 *	A line that is away stays so, until it is resumed, and is tried as soon
 *	as the loop turns.  Neither does anything to one that is open.
 */
void
line_hold(struct line *ln)
{

	if (ln->ln_fd != -1)
		return;
	ln->ln_held = true;
	if (ln->ln_hand != NULL)
		retire(ln);
	(void)evtimer_del(ln->ln_retry);
}

void
line_resume(struct line *ln)
{

	ln->ln_held = false;
	if (ln->ln_hand != NULL)
		return;
	ln->ln_next = RETRY_MIN;
	line_after(ln->ln_retry, 0);
}

/* What is open, as fstat(2) says; NULL: it is away. */
const struct stat *
line_stat(const struct line *ln)
{

	return ln->ln_fd != -1 ? &ln->ln_stat : NULL;
}

bool
line_is_open(const struct line *ln)
{

	return ln->ln_fd != -1;
}

/*
 * line_new(base, name, path, settings, ops, arg)
 *
 *	Of a device that is away, until line_begin.  name is for the log, and
 *	stays the caller's.  path "": where it is, line_move says later.  NULL:
 *	no memory.
 */
struct line *
line_new(struct event_base *base, const char *name, const char *path,
    const struct settings *st, const struct line_ops *ops, void *arg)
{
	struct line *const ln = calloc(1, sizeof(*ln));

	if (ln == NULL)
		return NULL;
	ln->ln_base = base;
	ln->ln_name = name;
	snprintf(ln->ln_path, sizeof(ln->ln_path), "%s", path);
	ln->ln_ops = ops;
	ln->ln_arg = arg;
	ln->ln_want = *st;
	ln->ln_fd = -1;
	ln->ln_next = RETRY_MIN;
	ln->ln_out = evbuffer_new();
	ln->ln_retry = evtimer_new(base, on_retry, ln);
	ln->ln_breaks = evtimer_new(base, line_on_break_end, ln);
	ln->ln_counts = evtimer_new(base, on_count, ln);
	ln->ln_pulse = pulse_new(base, line_on_reset_done, ln);
	if (ln->ln_out == NULL || ln->ln_retry == NULL ||
	    ln->ln_breaks == NULL ||
	    ln->ln_counts == NULL || ln->ln_pulse == NULL) {
		line_free(ln);
		return NULL;
	}
	return ln;
}

/* Look for the device from now on, and at once. */
void
line_begin(struct line *ln)
{

	line_try(ln);
}

/*
 * line_move(ln, name, path)
 *
 *	The same name in another place, as the configuration was read again, or
 *	a line that is at another path now.
 */
void
line_move(struct line *ln, const char *name, const char *path)
{
	const bool same = strcmp(path, ln->ln_path) == 0;

	ln->ln_name = name;
	if (same)
		return;
	snprintf(ln->ln_path, sizeof(ln->ln_path), "%s", path);
	ln->ln_error = 0;
	if (ln->ln_fd != -1)
		line_lose(ln, "the port has another node");
	else {
		if (ln->ln_hand != NULL)
			retire(ln);
		line_after(ln->ln_retry, 0);
	}
	/* The other one may do what it likes, as long as it likes. */
	forget_old(ln);
}

void
line_free(struct line *ln)
{
	struct event *const events[] = { ln->ln_read, ln->ln_write,
	    ln->ln_retry, ln->ln_breaks, ln->ln_counts };
	size_t i;

	if (ln->ln_broken)
		(void)hand_break(ln->ln_hand, false);
	pulse_free(ln->ln_pulse);
	for (i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		if (events[i] != NULL)
			event_free(events[i]);
	}
	if (ln->ln_out != NULL)
		evbuffer_free(ln->ln_out);
	if (ln->ln_hand != NULL)
		retire(ln);
	forget_old(ln);
	free(ln);
}
