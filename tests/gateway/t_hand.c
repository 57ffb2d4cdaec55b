/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_hand.c - a device whose calls do not return: the loop, and so all other
 * ports, go on; and what the way by a thread must not change: bytes, their
 * order, and the end of a device.
 *
 * The rules are hand.c's model, and devsw-gateway(8): a port that hangs is its
 * own trouble.  That a real node of a daemon that is stopped is such a device is
 * vm/t_gateway's to show.
 */
#undef NDEBUG
#include <sys/ioctl.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/hand.h"
#include "h_line.h"

static const uint8_t will_com[] = { 255, 251, 44 };

/* SET-BAUDRATE; the answer, 0: there is none. */
static unsigned
set_speed(int fd, uint16_t speed)
{
	const uint8_t bytes[] = { 255, 250, 44, 1, 0, 0, (uint8_t)(speed >> 8),
	    (uint8_t)speed, 255, 240 };
	static const uint8_t head[] = { 255, 250, 44, 101 };
	uint8_t got[4096];
	const uint8_t *p;
	ssize_t n;

	say_to(fd, bytes, sizeof(bytes));
	run(20);
	n = read(fd, got, sizeof(got));
	p = n > 0 ? memmem(got, (size_t)n, head, sizeof(head)) : NULL;
	return p == NULL ? 0 : (unsigned)(p[6] << 8 | p[7]);
}

/* Does the loop turn, for so long, and is it never away for more than most? */
static void
turns(unsigned ms, unsigned most)
{
	const double until = now() + ms;
	double at = now();

	while (at < until) {
		const double before = at;

		run(5);
		at = now();
		if (at - before > most)
			t_fail(__FILE__, __LINE__, "away for %.0f ms",
			    at - before);
	}
}

static void
quick(void)
{

	hand_times.ht_ask = 600;
	hand_times.ht_soon = 100;
	hand_times.ht_hangs = 1500;
}

/* Who was forgotten has ended. */
static void
until_over(void)
{
	unsigned i;

	for (i = 0; i < 1000 && hand_lost() > 0; i++)
		(void)usleep(1000);
	T_EQ(hand_lost(), 0);
}

static void
open_hangs(void)
{

	hold(HOLD_OPEN);
	begin(NULL);
	turns(300, 500);
	T_CHECK(!line_is_open(port_line(port)));
	T_EQ(opens(), 1);
	/* What is wished meanwhile is done when it comes. */
	(void)join(ROLE_NORMAL);
	say_to(ends[0], will_com, sizeof(will_com));
	T_EQ(set_speed(ends[0], 4800), 4800);
	hold(HOLD_NONE);
	until_open();
	T_EQ(set_speed(ends[0], 0), 4800);
	end();
	/* And a port may end before. */
	hold(HOLD_OPEN);
	begin(NULL);
	run(20);
	end();
	hold(HOLD_NONE);
	until_over();
}

static void
setting_hangs(void)
{
	double before;
	int fd;

	quick();
	begin(NULL);
	fd = join(ROLE_NORMAL);
	say_to(fd, will_com, sizeof(will_com));
	T_EQ(set_speed(fd, 4800), 4800);
	hold(HOLD_APPLY);
	/* It is answered in time, with what was: and once waited for. */
	before = now();
	T_EQ(set_speed(fd, 1200), 4800);
	T_CHECK(now() - before > hand_times.ht_ask / 2);
	before = now();
	T_EQ(set_speed(fd, 2400), 4800);
	T_CHECK(now() - before < hand_times.ht_ask / 2);
	/* It hangs: the port has lost it, and begins no other open. */
	T_CHECK(line_is_open(port_line(port)));
	turns(1600, 300);
	T_CHECK(!line_is_open(port_line(port)));
	T_EQ(opens(), 1);
	hold(HOLD_NONE);
	until_open();
	T_EQ(opens(), 2);
	T_EQ(set_speed(fd, 0), 4800);
	end();
}

static void
answers_late(void)
{
	int fd;

	quick();
	begin(NULL);
	fd = join(ROLE_NORMAL);
	say_to(fd, will_com, sizeof(will_com));
	T_EQ(set_speed(fd, 4800), 4800);
	hold(HOLD_APPLY);
	T_EQ(set_speed(fd, 1200), 4800);
	ncalls = 0;
	hold(HOLD_NONE);
	run(50);
	/* The late one, and then what was answered. */
	T_CHECK(ncalls >= 2);
	T_EQ(calls[0].what, APPLY);
	T_EQ(calls[1].what, APPLY);
	T_CHECK(line_is_open(port_line(port)));
	run(1600);
	T_CHECK(line_is_open(port_line(port)));
	T_EQ(set_speed(fd, 9600), 9600);
	end();
}

/* Marks that were asked for, and not answered, are not there later. */
static void
marks_late(void)
{
	static const uint8_t mask[] = { 255, 250, 44, 10, 0x1e, 255, 240 };
	uint8_t got[4096];
	ssize_t n;
	int fd;

	quick();
	begin(NULL);
	fd = join(ROLE_NORMAL);
	say_to(fd, will_com, sizeof(will_com));
	run(20);
	hold(HOLD_MARKS);
	say_to(fd, mask, sizeof(mask));
	run(20);
	hold(HOLD_NONE);
	run(100);
	n = read(fd, got, sizeof(got));
	T_CHECK(n > 0);
	T_CHECK(!marked);
	say_to(far, "a\377b", 3);
	run(50);
	n = read(fd, got, sizeof(got));
	T_CHECK(n == 4 && memcmp(got, "a\377\377b", 4) == 0);
	end();
}

/* Each answer in time, and many of them: who asks has the loop for a while. */
static unsigned slow_ms;

static uint32_t
slowly(uint32_t speed)
{

	(void)usleep(slow_ms * 1000);
	return speed;
}

static void
answers_slowly(void)
{
	static const uint8_t one[] = { 255, 250, 44, 1, 0, 0, 18, 192, 255,
	    240 };
	uint8_t got[4096];
	double before;
	unsigned i, calls_then;
	int fd;

	quick();
	hand_times.ht_soon = 20;
	begin(NULL);
	fd = join(ROLE_NORMAL);
	say_to(fd, will_com, sizeof(will_com));
	run(20);
	slow_ms = 100;
	makes = slowly;
	for (i = 0; i < 30; i++)
		say_to(fd, one, sizeof(one));
	before = now();
	run(5);
	if (now() - before > 1500)
		t_fail(__FILE__, __LINE__, "%.0f ms", now() - before);
	/* It is made as it was, once: that it is slow then changes nothing. */
	run(500);
	calls_then = ncalls;
	run(500);
	T_EQ(ncalls, calls_then);
	T_CHECK(line_is_open(port_line(port)));
	slow_ms = 0;
	T_CHECK(read(fd, got, sizeof(got)) > 0);
	T_EQ(set_speed(fd, 1200), 1200);
	makes = NULL;
	end();
}

/* Looking at modem lines is waited for by nobody. */
static void
look_hangs(void)
{

	quick();
	begin(NULL);
	(void)join(ROLE_NORMAL);
	say_to(ends[0], will_com, sizeof(will_com));
	run(20);
	hold(HOLD_MODEM);
	turns(400, 300);
	T_CHECK(line_is_open(port_line(port)));
	hold(HOLD_NONE);
	run(20);
	T_EQ(set_speed(ends[0], 1200), 1200);
	end();
}

/* The port is taken away while the device hangs, and then that ends. */
static void
port_ends(void)
{

	quick();
	begin(NULL);
	(void)join(ROLE_NORMAL);
	hold(HOLD_BREAK);
	say_to(ends[0], "\377\363", 2);
	run(20);
	end();
	hold(HOLD_NONE);
	until_over();
}

/* ---- bytes ---------------------------------------------------------- */

#define	MANY	400000

static uint8_t many[MANY], back[MANY];

static void
fill(void)
{
	size_t i;

	srandom(15);
	for (i = 0; i < MANY; i++)
		many[i] = (uint8_t)random();
}

static void
both_ways(void)
{
	size_t put = 0, taken = 0, sent = 0, came = 0;
	ssize_t n;
	int fd;

	fill();
	begin(NULL);
	fd = join_as(&proto_raw, ROLE_NORMAL);
	while (taken < MANY || came < MANY) {
		n = write(fd, many + put, MANY - put);
		put += n > 0 ? (size_t)n : 0;
		/* The ring holds what it holds: no faster than the client. */
		n = sent - came < 8192 && sent < MANY ? write(far, many + sent,
		    MANY - sent < 4096 ? MANY - sent : 4096) : 0;
		sent += n > 0 ? (size_t)n : 0;
		run(0);
		n = read(far, back, sizeof(back));
		if (n > 0) {
			T_EQ(memcmp(back, many + taken, (size_t)n), 0);
			taken += (size_t)n;
		}
		n = read(fd, back, sizeof(back));
		if (n > 0) {
			T_EQ(memcmp(back, many + came, (size_t)n), 0);
			came += (size_t)n;
		}
	}
	end();
}

/* All that a device has said is there before its end is. */
static void
end_behind_bytes(void)
{
	size_t came = 0;
	ssize_t n;
	int fd;

	fill();
	begin(NULL);
	fd = join_as(&proto_raw, ROLE_NORMAL);
	say_to(far, many, 6000);
	close(far);
	far = -1;
	run(100);
	while ((n = read(fd, back + came, sizeof(back) - came)) > 0)
		came += (size_t)n;
	T_CHECK(came >= 6000);
	T_EQ(memcmp(back, many, 6000), 0);
	end();
}

static int waiting;

static uint32_t
how_many(uint32_t speed)
{

	(void)ioctl(far, FIONREAD, &waiting);
	return speed;
}

/* A setting comes behind what was written before it. */
static void
in_order(void)
{
	unsigned i;
	char drop[16];
	int fd;

	/* It is not about time. */
	hand_times.ht_ask = hand_times.ht_soon = 5000;
	begin(NULL);
	makes = how_many;
	fd = join(ROLE_NORMAL);
	say_to(fd, will_com, sizeof(will_com));
	run(20);
	for (i = 0; i < 50; i++) {
		waiting = 0;
		say_to(fd, "abc", 3);
		T_CHECK(set_speed(fd, (uint16_t)(1200 + i)) == 1200 + i);
		T_EQ(waiting, 3);
		T_EQ(read(far, drop, sizeof(drop)), 3);
	}
	makes = NULL;
	end();
}

const struct t_case t_cases[] = {
	{ "an open that hangs holds up nobody, and is the only one", open_hangs },
	{ "a setting that hangs is waited for once, and then the port is without "
	    "its device", setting_hangs },
	{ "a late answer leaves the line as clients were told", answers_late },
	{ "marks that are late are taken off again", marks_late },
	{ "a device that is slow each time costs the others a tenth of the time",
	    answers_slowly },
	{ "looking at modem lines that hangs holds up nobody", look_hangs },
	{ "a port may end while its device hangs", port_ends },
	{ "bytes are the same, both ways", both_ways },
	{ "a device's end comes behind its bytes", end_behind_bytes },
	{ "a setting comes behind what was written before", in_order },
	{ NULL, NULL }
};
