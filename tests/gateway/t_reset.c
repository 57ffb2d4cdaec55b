/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_reset.c - resets, and modem lines that clients move: what the terminal is
 * told, in which order and when.
 *
 * The rules are those of gateway.conf(5), reset, and of RFC 2217 as esptool and
 * avrdude use it.
 */
#undef NDEBUG
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "h_line.h"

#define	CALLED(i, w, d, r) do {						\
	T_CHECK((i) < ncalls);						\
	T_EQ(calls[i].what, (w));					\
	T_EQ(calls[i].dtr, (d));					\
	T_EQ(calls[i].rts, (r));					\
} while (0)

/* At least so many ms, and no other unit, even on a busy machine. */
static void
took(double ms, unsigned least)
{

	if (ms < least || ms > least + 5000)
		t_fail(__FILE__, __LINE__, "%.3f ms, not %u", ms, least);
}

static const uint8_t abort_it[] = { 255, 238 };

/* ---- cases ---------------------------------------------------------- */

static void
parses(void)
{
	static const char *const wrong[] = { "", " ", "\"\"", "esp", "dtr",
	    "dtr=", "dtr=2", "dtr=on", "dtr=0,", ",", "dtr=0,dtr=1",
	    "dtr=0,rts=1,break=0", "dtr=0,wait=1", "wait=0", "wait=",
	    "wait=-1", "wait=1x", "wait=10001", "wait=999999", "wait=9999 "
	    "wait=2", "wait=4294967297", "cts=1", "dtr=0\nrts=0",
	    "dtr=0 \"rts=0", "\"", "esp32 dtr=0", "DTR=0", "break=2",
	    "dtr=0 rts=\x1b[2J" };
	static const char *const right[] = { "esp32", "esp32-boot", "arduino",
	    "dtr-pulse", "dtr=0", "\"dtr=0 rts=1\"", "\tdtr=0\t rts=1 ",
	    "break=1 wait=10000 break=0", "rts=0,dtr=1 wait=1" };
	struct reset rs;
	char many[400] = "";
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (reset_parse(wrong[i], &rs) == NULL)
			t_fail(__FILE__, __LINE__, "%s is right", wrong[i]);
	}
	for (i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
		if (reset_parse(right[i], &rs) != NULL)
			t_fail(__FILE__, __LINE__, "%s is wrong", right[i]);
	}
	for (i = 0; i < RESET_STEPS; i++)
		strcat(many, "dtr=0 ");
	T_CHECK(reset_parse(many, &rs) == NULL);
	T_EQ(rs.rs_n, RESET_STEPS);
	strcat(many, "dtr=0");
	T_CHECK(reset_parse(many, &rs) != NULL);
	T_CHECK(strstr(reset_parse("dtr=0 rts=7", &rs), "step 2, \"rts=7\"") !=
	    NULL);
}

static void
in_order(void)
{

	begin("dtr=0 rts=1 wait=30 dtr=1,rts=0 break=1 wait=20 break=0 dtr=0");
	ncalls = 0;
	say_to(join(ROLE_NORMAL), abort_it, sizeof(abort_it));
	run(200);
	T_EQ(ncalls, 6);
	CALLED(0, LINES, 0, AS_IT_IS);
	CALLED(1, LINES, AS_IT_IS, 1);
	CALLED(2, LINES, 1, 0);
	CALLED(3, BREAK, 1, AS_IT_IS);
	CALLED(4, BREAK, 0, AS_IT_IS);
	CALLED(5, LINES, 0, AS_IT_IS);
	took(calls[2].ms - calls[1].ms, 30);
	took(calls[4].ms - calls[3].ms, 20);
	/* And this is how the next device will be. */
	T_EQ(line_settings(port_line(port))->st_dtr, 0);
	T_EQ(line_settings(port_line(port))->st_rts, 0);
	end();
}

static unsigned ticks;

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{

	(void)fd;
	(void)what;
	(void)arg;
	ticks++;
}

/* What the loop has read of the clock is old when the reset, or break, begins. */
static void
on_busy(evutil_socket_t fd, short what, void *arg)
{
	const double until = now() + 15;

	(void)fd;
	(void)what;
	while (now() < until)
		continue;
	if (arg != NULL)
		line_send_break(arg, conf.pc_break);
	else
		T_CHECK(port_reset(port, "h") == NULL);
}

static void
loop_goes_on(void)
{
	static const struct timeval tick = { 0, 2000 };
	struct event *ev;

	begin("dtr=0 wait=100 dtr=1");
	ev = event_new(base, -1, EV_PERSIST, on_tick, NULL);
	(void)event_add(ev, &tick);
	ncalls = ticks = 0;
	say_to(join(ROLE_NORMAL), abort_it, sizeof(abort_it));
	while (ncalls == 0)
		(void)event_base_loop(base, EVLOOP_ONCE);
	ticks = 0;
	while (ncalls == 1)
		(void)event_base_loop(base, EVLOOP_ONCE);
	T_CHECK(ticks > 5);
	event_free(ev);
	end();
}

static void
never_shorter(void)
{
	static const struct timeval soon;
	struct event *ev;
	unsigned i;

	begin("dtr=0 wait=20 dtr=1 wait=7 rts=0 wait=7 rts=1");
	ev = evtimer_new(base, on_busy, NULL);
	for (i = 0; i < 5; i++) {
		ncalls = 0;
		(void)evtimer_add(ev, &soon);
		while (ncalls < 4)
			(void)event_base_loop(base, EVLOOP_ONCE);
		took(calls[1].ms - calls[0].ms, 20);
		took(calls[2].ms - calls[1].ms, 7);
		took(calls[3].ms - calls[2].ms, 7);
	}
	event_free(ev);
	end();
}

static void
output_waits(void)
{
	char got[16];
	int fd;

	begin("dtr=0 wait=1000 dtr=1");
	fd = join(ROLE_NORMAL);
	say_to(fd, "before\377\356" "after", 13);
	run(20);
	T_EQ(read(far, got, sizeof(got)), 6);
	T_EQ(read(far, got, sizeof(got)), -1);
	run(1100);
	T_EQ(read(far, got, sizeof(got)), 5);
	T_EQ(memcmp(got, "after", 5), 0);
	end();
}

static void
who_may(void)
{
	int writer, other;

	begin("dtr=0 wait=10 dtr=1");
	writer = join(ROLE_NORMAL);
	other = join(ROLE_NORMAL);
	ncalls = 0;
	say_to(other, abort_it, sizeof(abort_it));
	run(30);
	T_EQ(ncalls, 0);
	T_CHECK(hears(other, "no reset: another client writes"));
	say_to(writer, abort_it, sizeof(abort_it));
	run(40);
	T_EQ(ncalls, 2);
	T_CHECK(hears(other, "the device is being reset"));
	end();
	begin(NULL);
	writer = join(ROLE_NORMAL);
	ncalls = 0;
	say_to(writer, abort_it, sizeof(abort_it));
	run(20);
	T_EQ(ncalls, 0);
	T_CHECK(hears(writer, "no reset: no reset is configured"));
	end();
}

static void
floods(void)
{
	uint8_t many[2000];
	unsigned i;

	begin("dtr=0 wait=1000 dtr=1");
	for (i = 0; i < sizeof(many); i++)
		many[i] = i % 2 == 0 ? 255 : 238;
	ncalls = 0;
	say_to(join(ROLE_NORMAL), many, sizeof(many));
	run(1100);
	T_EQ(ncalls, 2);
	T_CHECK(line_is_open(port_line(port)));
	end();
}

/* SET-CONTROL, one request. */
static size_t
control(uint8_t *at, uint8_t value)
{
	const uint8_t sub[] = { 255, 250, 44, 5, value, 255, 240 };

	memcpy(at, sub, sizeof(sub));
	return sizeof(sub);
}

static void
by_rfc2217(void)
{
	/* esptool's ClassicReset, then HardReset; DTR 8, 9, RTS 11, 12. */
	static const uint8_t values[] = { 9, 11, 8, 12, 9, 11, 12, 8, 9, 11,
	    12 };
	static const int dtr[] = { 0, -1, 1, -1, 0, -1, -1, 1, 0, -1, -1 };
	static const int rts[] = { -1, 1, -1, 0, -1, 1, 0, -1, -1, 1, 0 };
	uint8_t bytes[256];
	unsigned i, n = 0;

	begin(NULL);
	is_rts = 0;
	(void)join(ROLE_NORMAL);
	n += control(bytes, 12);		/* RTS is off first */
	say_to(ends[0], bytes, n);
	run(20);
	ncalls = n = 0;
	for (i = 0; i < sizeof(values); i++)
		n += control(bytes + n, values[i]);
	/* All in one packet: none may be left out, or made one with another. */
	say_to(ends[0], bytes, n);
	run(20);
	T_EQ(ncalls, sizeof(values));
	for (i = 0; i < sizeof(values); i++)
		CALLED(i, LINES, dtr[i], rts[i]);
	end();
}

static void
break_length(void)
{
	static const uint8_t brk[] = { 255, 243 };
	static const struct timeval soon;
	struct event *ev;
	uint8_t bytes[16];
	unsigned i;

	begin(NULL);
	(void)join(ROLE_NORMAL);
	ncalls = 0;
	say_to(ends[0], brk, sizeof(brk));
	run(80);
	T_EQ(ncalls, 2);
	CALLED(0, BREAK, 1, AS_IT_IS);
	CALLED(1, BREAK, 0, AS_IT_IS);
	took(calls[1].ms - calls[0].ms, conf.pc_break);
	ev = evtimer_new(base, on_busy, port_line(port));
	for (i = 0; i < 5; i++) {
		ncalls = 0;
		(void)evtimer_add(ev, &soon);
		while (ncalls < 2)
			(void)event_base_loop(base, EVLOOP_ONCE);
		took(calls[1].ms - calls[0].ms, conf.pc_break);
	}
	event_free(ev);
	ncalls = 0;
	say_to(ends[0], bytes, control(bytes, 5));
	while (ncalls == 0)
		(void)event_base_loop(base, EVLOOP_ONCE);
	run(40);
	T_EQ(ncalls, 1);
	say_to(ends[0], bytes, control(bytes, 6));
	run(20);
	T_EQ(ncalls, 2);
	took(calls[1].ms - calls[0].ms, 40);
	end();
}

static void
client_ends_it(void)
{
	uint8_t bytes[16];

	begin("dtr=0,rts=0 wait=5000 dtr=0,rts=1");
	(void)join(ROLE_NORMAL);
	ncalls = 0;
	say_to(ends[0], abort_it, sizeof(abort_it));
	run(20);
	T_EQ(ncalls, 1);
	say_to(ends[0], bytes, control(bytes, 9));	/* DTR off: is on now */
	run(20);
	T_EQ(ncalls, 3);
	CALLED(1, LINES, 0, 1);
	CALLED(2, LINES, 0, AS_IT_IS);
	/* It is over: what is sent goes through. */
	say_to(ends[0], "x", 1);
	run(20);
	T_EQ(read(far, bytes, sizeof(bytes)), 1);
	end();
}

static void
port_ends(void)
{

	begin("dtr=0,rts=1 break=1 wait=5000 rts=0 wait=10 dtr=1");
	T_CHECK(port_reset(port, "h") == NULL);
	ncalls = 0;
	port_free(port);
	port = NULL;
	T_EQ(ncalls, 2);
	CALLED(0, LINES, 1, 0);
	CALLED(1, BREAK, 0, AS_IT_IS);
	end();
}

static void
device_leaves(void)
{

	begin("dtr=0 wait=30 dtr=1");
	T_CHECK(port_reset(port, "h") == NULL);
	T_CHECK(strcmp(port_reset(port, "h"), "a reset is being played") == 0);
	ncalls = 0;
	close(far);
	run(10);
	/* It is opened again at once (RETRY_MIN), and no step goes there. */
	run(100);
	T_CHECK(ncalls > 0);
	T_EQ(calls[0].what, APPLY);
	T_CHECK(line_is_open(port_line(port)));
	for (; ncalls > 0; ncalls--)
		T_CHECK(calls[ncalls - 1].what != LINES ||
		    calls[ncalls - 1].rts != AS_IT_IS);
	T_CHECK(port_reset(port, "h") == NULL);
	run(60);
	end();
}

static void
driver_refuses(void)
{

	begin("dtr=0 wait=1 rts=0 wait=1 dtr=1");
	ncalls = 0;
	fails = ENOTTY;
	T_CHECK(port_reset(port, "h") == NULL);
	run(20);
	T_EQ(ncalls, 1);
	fails = 0;
	T_CHECK(port_reset(port, "h") == NULL);
	run(20);
	T_EQ(ncalls, 4);
	end();
}

static void
open_moves_none(void)
{
	unsigned i;

	begin("esp32");
	for (i = 0; i < ncalls; i++)
		T_EQ(calls[i].what, APPLY);
	end();
}

const struct t_case t_cases[] = {
	{ "what is no reset is refused, with the step", parses },
	{ "steps come in order, two at once where a comma is", in_order },
	{ "the loop goes on while a reset waits", loop_goes_on },
	{ "a busy loop makes no wait shorter", never_shorter },
	{ "what is sent during a reset is written after it", output_waits },
	{ "who does not write is told, and nothing moves", who_may },
	{ "a thousand requests are one reset", floods },
	{ "RFC 2217: each DTR and RTS is made, in order, with nothing between",
	    by_rfc2217 },
	{ "breaks have their length, and none is shorter", break_length },
	{ "a client that moves a line ends a reset, in its last state",
	    client_ends_it },
	{ "a port that ends leaves the lines as they would be", port_ends },
	{ "a device that leaves takes its reset along", device_leaves },
	{ "a step that the driver refuses ends it", driver_refuses },
	{ "opening moves no line", open_moves_none },
	{ NULL, NULL }
};
