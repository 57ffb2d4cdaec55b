/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * line.c - the device of a port, whether it is there or not.
 *
 * Model
 *
 *	    AWAY --- open(2) succeeds ---> OPEN
 *	      ^                             |
 *	      +--- end of file, any error --+
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
 *	Modem lines are looked at each LOOK_MS, and only while somebody wants
 *	that (line_look): TIOCMIWAIT would be a thread.  A terminal without
 *	such lines, such as a pty, has all of them up as long as it is there.
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

#include "gateway/gateway.h"

#define	RETRY_MIN	20		/* ms */
#define	RETRY_MAX	500
#define	LOOK_MS		100
#define	READ_SIZE	16384
#define	WRITE_SIZE	16384
#define	OUT_FULL	65536
#define	OUT_ROOM	16384
#define	FASTEST		25000000	/* of a device that is not there */
#define	COUNT_MS	1000
#define	COUNT_SOON	100

struct line {
	struct event_base *ln_base;
	const char	*ln_name;
	char		 ln_path[PATH];	/* "": not known yet */
	const struct line_ops *ln_ops;
	void		*ln_arg;

	int		 ln_fd;		/* -1: AWAY */
	struct event	*ln_read;	/* while open */
	struct event	*ln_write;
	struct event	*ln_retry;
	struct event	*ln_looks;
	struct event	*ln_breaks;	/* the end of one */
	struct event	*ln_counts;	/* the next look at the counters */
	unsigned	 ln_next;	/* ms until the next try */
	int		 ln_error;	/* of the last, which was told */

	struct settings	 ln_want;
	struct evbuffer	*ln_out;
	bool		 ln_was_full;
	bool		 ln_held;
	bool		 ln_broken;
	bool		 ln_look;
	bool		 ln_marks;	/* are wanted */
	struct marks	 ln_mark;
	unsigned	 ln_modem;
	struct pulse	*ln_pulse;
};

static void	line_try(struct line *);

static void
after(struct event *ev, unsigned ms)
{
	const struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

	(void)evtimer_add(ev, &tv);
}

/* ---- going ---------------------------------------------------------- */

/* OPEN -> AWAY, if it is open; why ends a sentence. */
void
line_lose(struct line *ln, const char *why)
{

	if (ln->ln_fd == -1)
		return;
	event_free(ln->ln_read);
	event_free(ln->ln_write);
	ln->ln_read = ln->ln_write = NULL;
	(void)evtimer_del(ln->ln_looks);
	(void)evtimer_del(ln->ln_breaks);
	(void)evtimer_del(ln->ln_counts);
	pulse_end(ln->ln_pulse, true);
	close(ln->ln_fd);
	ln->ln_fd = -1;
	ln->ln_broken = false;
	(void)evbuffer_drain(ln->ln_out, evbuffer_get_length(ln->ln_out));
	ln->ln_modem = 0;
	ln->ln_next = RETRY_MIN;
	ln->ln_error = 0;
	after(ln->ln_retry, ln->ln_next);
	ln->ln_ops->lo_left(ln->ln_arg, why);
	if (ln->ln_was_full) {
		ln->ln_was_full = false;
		ln->ln_ops->lo_room(ln->ln_arg);
	}
}

/* ---- input ---------------------------------------------------------- */

/* Of the line; of who wants to know, too. */
static void
tell_error(struct line *ln, unsigned bits)
{

	if (bits != 0 && ln->ln_marks)
		ln->ln_ops->lo_error(ln->ln_arg, bits);
}

/* What has the driver counted since the last look? */
static void
count(struct line *ln)
{
	struct counts now;

	if (tty_counts(ln->ln_fd, &now) == 0)
		tell_error(ln, marks_counted(&ln->ln_mark, &now));
}

static void
on_count(evutil_socket_t fd, short what, void *arg)
{
	struct line *const ln = arg;
	unsigned bits;
	bool more;

	(void)fd;
	(void)what;
	count(ln);
	if (!ln->ln_marks) {
		marks_forget(&ln->ln_mark);
		return;
	}
	bits = marks_rest(&ln->ln_mark, &more);
	if (more)
		after(ln->ln_counts, COUNT_SOON);
	tell_error(ln, bits);
}

/* There was input. */
static void
count_later(struct line *ln)
{

	if (ln->ln_mark.mk_counts && !evtimer_pending(ln->ln_counts, NULL))
		after(ln->ln_counts, ln->ln_marks ? COUNT_SOON : COUNT_MS);
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
			count(ln);
			counted = true;
		}
		if (marks_byte(&ln->ln_mark, c, &bits))
			buf[k++] = c;
		tell_error(ln, bits);
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
		line_lose(ln, "hung up");
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

/* ---- modem lines ---------------------------------------------------- */

static void
line_read_modem(struct line *ln)
{
	const int now = tty_modem(ln->ln_fd);
	const unsigned state = now != -1 ? (unsigned)now :
	    MODEM_CTS | MODEM_DSR | MODEM_DCD;

	if (state == ln->ln_modem)
		return;
	ln->ln_modem = state;
	ln->ln_ops->lo_modem(ln->ln_arg);
}

static void
on_look(evutil_socket_t fd, short what, void *arg)
{
	struct line *const ln = arg;

	(void)fd;
	(void)what;
	after(ln->ln_looks, LOOK_MS);
	line_read_modem(ln);
}

/* MODEM_*, all down while the device is away. */
unsigned
line_modem(const struct line *ln)
{

	return ln->ln_modem;
}

/* From now on lo_modem is called for changes, or not. */
void
line_look(struct line *ln, bool on)
{

	ln->ln_look = on;
	if (on && ln->ln_fd != -1) {
		if (!evtimer_pending(ln->ln_looks, NULL)) {
			line_read_modem(ln);
			after(ln->ln_looks, LOOK_MS);
		}
	} else
		(void)evtimer_del(ln->ln_looks);
}

/* And lo_error for breaks and errors. */
void
line_mark(struct line *ln, bool on)
{

	if (ln->ln_marks == on)
		return;
	/* What was counted before nobody has marked. */
	if (on && ln->ln_fd != -1 && ln->ln_mark.mk_counts) {
		count(ln);
		marks_forget(&ln->ln_mark);
	}
	ln->ln_marks = on;
	if (ln->ln_fd != -1 && tty_marks(ln->ln_fd, on) != 0)
		ln->ln_marks = false;
}

/* Since it is configured, over all devices that were there. */
const struct errors *
line_errors(const struct line *ln)
{

	return &ln->ln_mark.mk_total;
}

/* Output goes on, if it was held up. */
static void
resume(struct line *ln)
{

	if (ln->ln_fd != -1 && !line_is_empty(ln))
		(void)event_add(ln->ln_write, NULL);
}

/* ---- settings ------------------------------------------------------- */

const struct settings *
line_settings(const struct line *ln)
{

	return &ln->ln_want;
}

/*
 * near = near_enough(asked, is)
 *
 *	The middle of the stop bit is read nine and a half bits after the
 *	beginning: half a bit is as far as the two ends may be apart there,
 *	which is 5 %, and half of that for each.
 */
static bool
near_enough(uint32_t asked, uint32_t is)
{

	return (asked > is ? asked - is : is - asked) <= asked / 40;
}

/* error = apply(ln, st): as tty_apply, but for a speed that is near enough. */
static int
apply(struct line *ln, struct settings *st)
{
	const uint32_t asked = st->st_speed;
	const int error = tty_apply(ln->ln_fd, st);

	if (near_enough(asked, st->st_speed))
		st->st_speed = asked;
	return error;
}

/*
 * line_set(ln, st)
 *
 *	The line is to be like this; line_settings says what has come of it.
 *	Of a device that is away that is known when it comes.
 */
void
line_set(struct line *ln, const struct settings *st)
{
	struct settings now = *st, lines, rest = *st;

	if (ln->ln_fd == -1) {
		if (now.st_speed > FASTEST)
			now.st_speed = ln->ln_want.st_speed;
		ln->ln_want = now;
		return;
	}
	/* Who moves lines, as programs do to reset, wants nothing between. */
	rest.st_dtr = ln->ln_want.st_dtr;
	rest.st_rts = ln->ln_want.st_rts;
	if (memcmp(&rest, &ln->ln_want, sizeof(rest)) != 0 ||
	    memcmp(&now, &rest, sizeof(rest)) == 0)
		(void)apply(ln, &now);
	lines = now;
	lines.st_dtr = now.st_dtr == ln->ln_want.st_dtr ? -1 : now.st_dtr;
	lines.st_rts = now.st_rts == ln->ln_want.st_rts ? -1 : now.st_rts;
	if (lines.st_dtr != -1 || lines.st_rts != -1) {
		pulse_end(ln->ln_pulse, false);
		tty_lines(ln->ln_fd, &lines);
		now.st_dtr = lines.st_dtr != -1 ? lines.st_dtr : now.st_dtr;
		now.st_rts = lines.st_rts != -1 ? lines.st_rts : now.st_rts;
		resume(ln);
	}
	ln->ln_want = now;
}

bool
line_broken(const struct line *ln)
{

	return ln->ln_broken;
}

/* A break begins, or ends. */
void
line_break(struct line *ln, bool on)
{

	(void)evtimer_del(ln->ln_breaks);
	if (ln->ln_fd != -1 && tty_break(ln->ln_fd, on) == 0)
		ln->ln_broken = on;
}

static void
on_break_end(evutil_socket_t fd, short what, void *arg)
{
	struct line *const ln = arg;

	(void)fd;
	(void)what;
	line_break(ln, false);
}

/* A break of this length. */
void
line_send_break(struct line *ln, unsigned ms)
{

	line_break(ln, true);
	if (ln->ln_broken)
		after(ln->ln_breaks, ms);
}

/* ---- resets --------------------------------------------------------- */

static void
on_reset_done(void *arg, int error)
{
	struct line *const ln = arg;
	struct settings now = SETTINGS_NONE;

	if (error != 0)
		say("%s: the reset cannot be played: %s", ln->ln_name,
		    strerror(error));
	tty_lines(ln->ln_fd, &now);
	if (now.st_dtr != -1) {
		ln->ln_want.st_dtr = now.st_dtr;
		ln->ln_want.st_rts = now.st_rts;
	}
	resume(ln);
	ln->ln_ops->lo_modem(ln->ln_arg);
}

/*
 * why = line_reset(ln, rs)
 *
 *	Play this.  NULL; or why not, as a sentence's end.
 */
const char *
line_reset(struct line *ln, const struct reset *rs)
{

	if (ln->ln_fd == -1)
		return "the device is away";
	if (pulse_runs(ln->ln_pulse))
		return "a reset is being played";
	(void)event_del(ln->ln_write);
	pulse_begin(ln->ln_pulse, ln->ln_fd, rs);
	return NULL;
}

/* Drop what is on its way, from the device and to it. */
void
line_purge(struct line *ln, bool in, bool out)
{

	if (ln->ln_fd != -1)
		tty_flush(ln->ln_fd, in, out);
	if (!out)
		return;
	(void)evbuffer_drain(ln->ln_out, evbuffer_get_length(ln->ln_out));
	if (ln->ln_was_full) {
		ln->ln_was_full = false;
		ln->ln_ops->lo_room(ln->ln_arg);
	}
}

/* ---- coming --------------------------------------------------------- */

/* The settings of a line that was just opened. */
static void
line_restore(struct line *ln)
{
	struct settings now = ln->ln_want;
	const int error = apply(ln, &now);
	struct counts counts;

	if (error != 0)
		say("%s: %s: the line cannot be set as it was: %s",
		    ln->ln_name, ln->ln_path, strerror(error));
	tty_lines(ln->ln_fd, &now);
	ln->ln_want = now;
	marks_begin(&ln->ln_mark, tty_counts(ln->ln_fd, &counts) == 0 ?
	    &counts : NULL);
	if (ln->ln_marks && tty_marks(ln->ln_fd, true) != 0)
		ln->ln_marks = false;
}

/* AWAY -> OPEN, or try again later. */
static void
line_try(struct line *ln)
{
	int fd;

	if (ln->ln_path[0] == '\0')
		return;			/* line_move comes */
	fd = tty_open(ln->ln_path);
	if (fd != -1) {
		ln->ln_read = event_new(ln->ln_base, fd, EV_READ | EV_PERSIST,
		    on_read, ln);
		ln->ln_write = event_new(ln->ln_base, fd, EV_WRITE, on_write,
		    ln);
		if (ln->ln_read == NULL || ln->ln_write == NULL ||
		    event_add(ln->ln_read, NULL) == -1) {
			/* epoll takes no such descriptor, or memory is out. */
			if (ln->ln_read != NULL)
				event_free(ln->ln_read);
			if (ln->ln_write != NULL)
				event_free(ln->ln_write);
			ln->ln_read = ln->ln_write = NULL;
			close(fd);
			fd = -1;
			errno = ENOMEM;
		}
	}
	if (fd == -1) {
		if (errno != ln->ln_error)
			say("%s: %s: %s", ln->ln_name, ln->ln_path,
			    strerror(errno));
		ln->ln_error = errno;
		after(ln->ln_retry, ln->ln_next);
		ln->ln_next = ln->ln_next * 2 < RETRY_MAX ? ln->ln_next * 2 :
		    RETRY_MAX;
		return;
	}
	ln->ln_fd = fd;
	line_restore(ln);
	line_read_modem(ln);
	if (ln->ln_look)
		after(ln->ln_looks, LOOK_MS);
	if (!line_is_empty(ln))
		(void)event_add(ln->ln_write, NULL);
	ln->ln_ops->lo_came(ln->ln_arg);
}

static void
on_retry(evutil_socket_t fd, short what, void *arg)
{
	struct line *const ln = arg;

	(void)fd;
	(void)what;
	if (ln->ln_fd == -1 && !ln->ln_held)
		line_try(ln);
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
	(void)evtimer_del(ln->ln_retry);
}

void
line_resume(struct line *ln)
{

	ln->ln_held = false;
	if (ln->ln_fd != -1)
		return;
	ln->ln_next = RETRY_MIN;
	after(ln->ln_retry, 0);
}

/*
 * fd = line_descriptor(ln)
 *
 *	To look at with fstat(2), and for nothing else; -1: it is away.
 */
int
line_descriptor(const struct line *ln)
{

	return ln->ln_fd;
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
	ln->ln_looks = evtimer_new(base, on_look, ln);
	ln->ln_breaks = evtimer_new(base, on_break_end, ln);
	ln->ln_counts = evtimer_new(base, on_count, ln);
	ln->ln_pulse = pulse_new(base, on_reset_done, ln);
	if (ln->ln_out == NULL || ln->ln_retry == NULL ||
	    ln->ln_looks == NULL || ln->ln_breaks == NULL ||
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
	else
		after(ln->ln_retry, 0);
}

void
line_free(struct line *ln)
{
	struct event *const events[] = { ln->ln_read, ln->ln_write,
	    ln->ln_retry, ln->ln_looks, ln->ln_breaks, ln->ln_counts };
	size_t i;

	if (ln->ln_broken)
		(void)tty_break(ln->ln_fd, false);
	pulse_free(ln->ln_pulse);
	for (i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		if (events[i] != NULL)
			event_free(events[i]);
	}
	if (ln->ln_out != NULL)
		evbuffer_free(ln->ln_out);
	if (ln->ln_fd != -1)
		close(ln->ln_fd);
	free(ln);
}
