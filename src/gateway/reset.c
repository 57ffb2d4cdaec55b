/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reset.c - sequences of DTR, RTS and break, written down and played.
 *
 * Model
 *	A reset is steps, words with blanks between:
 *
 *	    dtr=0 rts=1		one line after the other, 1 is on
 *	    dtr=0,rts=1		both at once
 *	    break=1, break=0	a break begins, and ends
 *	    wait=100		ms
 *
 *	up to RESET_STEPS, of up to RESET_MS in all.  Some have names.
 *
 *	One that is played has a timer, and the loop goes on meanwhile.  A wait
 *	begins when the steps before it are done, and is never shorter than it
 *	says: a pulse may become longer by what else the loop has to do, some
 *	ms, but not shorter.  So the clock is read anew, and not what the loop
 *	has read when it woke up.
 *
 *	Who ends early (pulse_end) leaves the lines as they would be at the end,
 *	so that no device is held in a reset.
 */
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/hand.h"

#define	AS_IT_IS	(-1)

struct pulse {
	struct event	*pu_timer;
	void		(*pu_done)(void *, int);
	void		*pu_arg;
	struct reset	 pu_reset;
	unsigned	 pu_at;		/* the next step */
	uint64_t	 pu_due;	/* us: then */
	struct hand	*pu_hand;	/* NULL: nothing is played */
	bool		 pu_broken;
};

static const struct {
	const char	*name, *steps;
} named[] = {
	/* With the two transistors of most boards: RTS alone is EN, DTR IO0. */
	{ "esp32",	"dtr=0,rts=1 wait=100 rts=0" },
	{ "esp32-boot",	"dtr=0,rts=1 wait=100 dtr=1,rts=0 wait=50 "
			"dtr=0,rts=0" },
	/* A capacitor makes the reset of the edge; the boot loader listens. */
	{ "arduino",	"dtr=0,rts=0 wait=250 dtr=1,rts=1 wait=50" },
	{ "dtr-pulse",	"dtr=0 wait=100 dtr=1" },
};
#define	NNAMED	(sizeof(named) / sizeof(named[0]))

/* ---- written down --------------------------------------------------- */

/* "dtr=0", and such; false: it is nothing of the kind. */
static bool
parse_line(const char *word, size_t n, struct step *sp)
{
	int8_t *which;

	if (n == 5 && strncmp(word, "dtr=", 4) == 0)
		which = &sp->sp_dtr;
	else if (n == 5 && strncmp(word, "rts=", 4) == 0)
		which = &sp->sp_rts;
	else if (n == 7 && strncmp(word, "break=", 6) == 0)
		which = &sp->sp_break;
	else
		return false;
	if ((word[n - 1] != '0' && word[n - 1] != '1') || *which != AS_IT_IS)
		return false;
	*which = (int8_t)(word[n - 1] - '0');
	return true;
}

/* "wait=MS"; false: it is none. */
static bool
parse_wait(const char *word, size_t n, struct step *sp)
{
	size_t i;

	if (n < 6 || n > 10 || strncmp(word, "wait=", 5) != 0)
		return false;
	for (i = 5; i < n; i++) {
		if (word[i] < '0' || word[i] > '9')
			return false;
		sp->sp_wait = sp->sp_wait * 10 + (unsigned)(word[i] - '0');
	}
	return sp->sp_wait > 0;
}

static bool
parse_word(const char *word, size_t n, struct step *sp)
{
	const struct step none = { AS_IT_IS, AS_IT_IS, AS_IT_IS, 0 };
	const char *const comma = memchr(word, ',', n);
	const size_t k = comma != NULL ? (size_t)(comma - word) : n;

	*sp = none;
	if (parse_wait(word, n, sp))
		return true;
	sp->sp_wait = 0;
	return parse_line(word, k, sp) && (comma == NULL ||
	    parse_line(comma + 1, n - k - 1, sp));
}

/*
 * why = reset_parse(text, rs)
 *
 *	A name, or steps, which may be in quotes.  NULL, or what is wrong, as a
 *	text that is good until the next call.
 */
const char *
reset_parse(const char *text, struct reset *rs)
{
	static char why[128];
	unsigned ms = 0;
	size_t i, n;

	memset(rs, 0, sizeof(*rs));
	for (i = 0; i < NNAMED; i++) {
		if (strcmp(named[i].name, text) == 0)
			text = named[i].steps;
	}
	n = strlen(text);
	if (n >= 2 && text[0] == '"' && text[n - 1] == '"') {
		text++;
		n -= 2;
	}
	for (i = 0; i < n; i += strcspn(text + i, " \t\"")) {
		const size_t k = strspn(text + i, " \t");
		const size_t word = strcspn(text + i + k, " \t\"");

		i += k;
		if (i >= n)
			break;
		if (rs->rs_n == RESET_STEPS)
			return "has more than 32 steps";
		if (!parse_word(text + i, word, &rs->rs_steps[rs->rs_n])) {
			snprintf(why, sizeof(why), "its step %u, \"%.*s\", is "
			    "none; there are dtr=, rts= and break= with 0 or "
			    "1, and wait= with ms", rs->rs_n + 1,
			    word < 16 ? (int)word : 16, text + i);
			return why;
		}
		ms += rs->rs_steps[rs->rs_n++].sp_wait;
		if (ms > RESET_MS)
			return "takes more than 10000 ms";
	}
	return rs->rs_n > 0 ? NULL : "wants esp32, esp32-boot, arduino, "
	    "dtr-pulse, or steps such as \"dtr=0 wait=100 dtr=1\"";
}

/* ---- played --------------------------------------------------------- */

static uint64_t
now_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/*
 * due = pulse_due(ms)
 *
 *	So many ms from now, as pulse_wait takes it.
 *
 * waits = pulse_wait(ev, due)
 *
 *	The timer comes when that is due; or false: it is.  Whoever it comes to
 *	asks again: libevent's clock is a coarse one, and read when the loop wakes
 *	up, so that a timer may come before its time.
 */
uint64_t
pulse_due(unsigned ms)
{

	return now_us() + ms * UINT64_C(1000);
}

bool
pulse_wait(struct event *ev, uint64_t due)
{
	const uint64_t now = now_us();
	const uint64_t left = due > now ? due - now : 0;
	const struct timeval tv = { (time_t)(left / 1000000),
	    (suseconds_t)(left % 1000000) };

	if (left == 0)
		return false;
	(void)event_base_update_cache_time(event_get_base(ev));
	(void)evtimer_add(ev, &tv);
	return true;
}

/* errno. */
static int
do_step(struct pulse *pu, const struct step *sp)
{
	int error = 0;

	if (sp->sp_dtr != AS_IT_IS || sp->sp_rts != AS_IT_IS)
		error = hand_pulse(pu->pu_hand, sp->sp_dtr, sp->sp_rts);
	if (error == 0 && sp->sp_break != AS_IT_IS) {
		error = hand_break(pu->pu_hand, sp->sp_break == 1);
		pu->pu_broken = sp->sp_break == 1;
	}
	return error;
}

/* It plays no more. */
static void
stop(struct pulse *pu)
{

	(void)evtimer_del(pu->pu_timer);
	if (pu->pu_broken)
		(void)hand_break(pu->pu_hand, false);
	pu->pu_broken = false;
	pu->pu_hand = NULL;
}

static void
play(struct pulse *pu)
{
	const struct step *sp;
	int error = 0;

	while (error == 0 && pu->pu_at < pu->pu_reset.rs_n) {
		sp = &pu->pu_reset.rs_steps[pu->pu_at++];
		if (sp->sp_wait > 0) {
			pu->pu_due = pulse_due(sp->sp_wait);
			if (pulse_wait(pu->pu_timer, pu->pu_due))
				return;
		} else
			error = do_step(pu, sp);
	}
	stop(pu);
	pu->pu_done(pu->pu_arg, error);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct pulse *const pu = arg;

	(void)fd;
	(void)what;
	if (!pulse_wait(pu->pu_timer, pu->pu_due))
		play(pu);
}

/*
 * pu = pulse_new(base, done, arg)
 *
 *	NULL: no memory.
 *
 * pulse_begin(pu, hand, reset)
 *
 *	Play it on this terminal; nothing may be played already.  done(arg,
 *	errno) is called at the end, perhaps before this returns.
 *
 * pulse_end(pu, gone)
 *
 *	Play no more.  The lines become what they would be at the end, unless
 *	the device is gone.  done is not called.
 */
struct pulse *
pulse_new(struct event_base *base, void (*done)(void *, int), void *arg)
{
	struct pulse *const pu = calloc(1, sizeof(*pu));

	if (pu == NULL)
		return NULL;
	pu->pu_done = done;
	pu->pu_arg = arg;
	pu->pu_timer = evtimer_new(base, on_timer, pu);
	if (pu->pu_timer == NULL) {
		free(pu);
		return NULL;
	}
	return pu;
}

void
pulse_begin(struct pulse *pu, struct hand *h, const struct reset *rs)
{

	pu->pu_reset = *rs;
	pu->pu_at = 0;
	pu->pu_hand = h;
	play(pu);
}

bool
pulse_runs(const struct pulse *pu)
{

	return pu->pu_hand != NULL;
}

void
pulse_end(struct pulse *pu, bool gone)
{
	struct step last = { AS_IT_IS, AS_IT_IS, AS_IT_IS, 0 };
	unsigned i;

	if (pu->pu_hand == NULL)
		return;
	for (i = pu->pu_at; i < pu->pu_reset.rs_n; i++) {
		const struct step *const sp = &pu->pu_reset.rs_steps[i];

		if (sp->sp_dtr != AS_IT_IS)
			last.sp_dtr = sp->sp_dtr;
		if (sp->sp_rts != AS_IT_IS)
			last.sp_rts = sp->sp_rts;
	}
	if (gone)
		pu->pu_broken = false;
	else
		(void)do_step(pu, &last);
	stop(pu);
}

void
pulse_free(struct pulse *pu)
{

	if (pu == NULL)
		return;
	pulse_end(pu, false);
	event_free(pu->pu_timer);
	free(pu);
}
