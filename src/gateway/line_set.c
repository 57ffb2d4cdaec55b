/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * line_set.c - how a line is set: speed and format, lines, breaks, resets,
 * marks.  line.c has the model.
 */
#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <string.h>

#include "gateway/line_own.h"

#define	FASTEST		25000000	/* of a device that is not there */

void
line_after(struct event *ev, unsigned ms)
{
	const struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

	(void)evtimer_add(ev, &tv);
}

/* ---- errors --------------------------------------------------------- */

/* Of the line; of who wants to know, too. */
void
line_tell_error(struct line *ln, unsigned bits)
{

	if (bits != 0 && ln->ln_marks)
		ln->ln_ops->lo_error(ln->ln_arg, bits);
}

/* What has the driver counted since the last look? */
void
line_count(struct line *ln)
{
	struct counts now;

	if (hand_count(ln->ln_hand, &now) == 0)
		line_tell_error(ln, marks_counted(&ln->ln_mark, &now));
}

/* ---- modem lines ---------------------------------------------------- */

/* They are so now, as tty_modem says it. */
void
line_set_modem(struct line *ln, int now)
{
	const unsigned state = now != -1 ? (unsigned)now :
	    MODEM_CTS | MODEM_DSR | MODEM_DCD;

	if (state == ln->ln_modem)
		return;
	ln->ln_modem = state;
	ln->ln_ops->lo_modem(ln->ln_arg);
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

	int now;

	if (ln->ln_look == on)
		return;
	ln->ln_look = on;
	if (ln->ln_fd == -1)
		return;
	if (on && hand_see_modem(ln->ln_hand, &now) == 0)
		line_set_modem(ln, now);
	hand_look(ln->ln_hand, on);
}

/* And lo_error for breaks and errors. */
void
line_mark(struct line *ln, bool on)
{

	if (ln->ln_marks == on)
		return;
	/* What was counted before nobody has marked. */
	if (on && ln->ln_fd != -1 && ln->ln_mark.mk_counts) {
		line_count(ln);
		marks_forget(&ln->ln_mark);
	}
	ln->ln_marks = on;
	if (ln->ln_fd != -1 && hand_marks(ln->ln_hand, on) != 0)
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

	if (ln->ln_fd != -1 && evbuffer_get_length(ln->ln_out) > 0)
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

/* error = apply(ln, st): as hand_apply, but for a speed that is near enough. */
static int
apply(struct line *ln, struct settings *st)
{
	const uint32_t asked = st->st_speed;
	const int error = hand_apply(ln->ln_hand, st);

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
	    memcmp(&now, &rest, sizeof(rest)) == 0) {
		/* Who does not answer is as he was. */
		switch (apply(ln, &now)) {
		case EBUSY:
		case ENXIO:
			return;
		default:
			break;
		}
	}
	lines = now;
	lines.st_dtr = now.st_dtr == ln->ln_want.st_dtr ? -1 : now.st_dtr;
	lines.st_rts = now.st_rts == ln->ln_want.st_rts ? -1 : now.st_rts;
	if (lines.st_dtr != -1 || lines.st_rts != -1) {
		pulse_end(ln->ln_pulse, false);
		hand_lines(ln->ln_hand, &lines);
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
	if (ln->ln_fd != -1 && hand_break(ln->ln_hand, on) == 0)
		ln->ln_broken = on;
}

void
line_on_break_end(evutil_socket_t fd, short what, void *arg)
{
	struct line *const ln = arg;

	(void)fd;
	(void)what;
	if (!pulse_wait(ln->ln_breaks, ln->ln_break_due))
		line_break(ln, false);
}

/* A break of this length, or longer. */
void
line_send_break(struct line *ln, unsigned ms)
{

	line_break(ln, true);
	ln->ln_break_due = pulse_due(ms);
	if (ln->ln_broken && !pulse_wait(ln->ln_breaks, ln->ln_break_due))
		line_break(ln, false);
}

/* ---- resets --------------------------------------------------------- */

void
line_on_reset_done(void *arg, int error)
{
	struct line *const ln = arg;
	struct settings now = SETTINGS_NONE;

	if (error != 0)
		say("%s: the reset cannot be played: %s", ln->ln_name,
		    strerror(error));
	hand_lines(ln->ln_hand, &now);
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
	pulse_begin(ln->ln_pulse, ln->ln_hand, rs);
	return NULL;
}

/* Drop what is on its way, from the device and to it. */
void
line_purge(struct line *ln, bool in, bool out)
{

	if (ln->ln_fd != -1)
		hand_flush(ln->ln_hand, in, out);
	if (!out)
		return;
	(void)evbuffer_drain(ln->ln_out, evbuffer_get_length(ln->ln_out));
	if (ln->ln_was_full) {
		ln->ln_was_full = false;
		ln->ln_ops->lo_room(ln->ln_arg);
	}
}

/* ---- a device comes, or is back -------------------------------------- */

/* What the open has made of the settings, and what was asked meanwhile. */
void
line_restored(struct line *ln, const struct found *fo)
{
	const struct settings newer = ln->ln_want;
	const uint32_t asked = ln->ln_tried.st_speed;

	if (fo->fo_refused != 0)
		say("%s: %s: the line cannot be set as it was: %s",
		    ln->ln_name, ln->ln_path, strerror(fo->fo_refused));
	ln->ln_want = fo->fo_settings;
	if (near_enough(asked, ln->ln_want.st_speed))
		ln->ln_want.st_speed = asked;
	marks_begin(&ln->ln_mark, fo->fo_counts ? &fo->fo_count : NULL);
	if (ln->ln_marks != ln->ln_tried_marks)
		(void)hand_marks(ln->ln_hand, ln->ln_marks);
	else if (ln->ln_marks && !fo->fo_marks)
		ln->ln_marks = false;
	if (memcmp(&newer, &ln->ln_tried, sizeof(newer)) != 0)
		line_set(ln, &newer);
}

/*
 * It was late, and is as clients were told meanwhile; but for lines that were
 * moved since.
 */
void
line_answers_again(struct line *ln)
{
	const struct settings newer = ln->ln_want;
	const int modem = hand_restored(ln->ln_hand, &ln->ln_want);
	struct settings moved;

	say("%s: %s answers again", ln->ln_name, ln->ln_path);
	if (near_enough(newer.st_speed, ln->ln_want.st_speed))
		ln->ln_want.st_speed = newer.st_speed;
	moved = ln->ln_want;
	moved.st_dtr = newer.st_dtr;
	moved.st_rts = newer.st_rts;
	if (memcmp(&moved, &ln->ln_want, sizeof(moved)) != 0)
		line_set(ln, &moved);
	line_set_modem(ln, modem);
}
