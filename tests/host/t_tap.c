/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_tap.c - the trace of a node for those who follow it (devswctl(8), trace):
 * complete and in order for who is in time, with the number of what is missing
 * for who is not, and never in the way of who is traced (hyp_trace.h).
 */
#undef NDEBUG
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "h_test.h"
#include "hyp/hyp.h"
#include "hyp/hyp_trace.h"
#include "host/host.h"

#define	RING	2048	/* host.h's users are told so by devswctl.8 */

static int is_on, turns;

static void
turn(bool on)
{

	assert(is_on != on);
	is_on = on;
	turns++;
}

static void
put(const char *dev, uint64_t value)
{
	struct hyp_trace ht = { .ht_event = "d_read", .ht_key = "bytes",
	    .ht_value = value };

	snprintf(ht.ht_dev, sizeof(ht.ht_dev), "%s", dev);
	hyp_trace(&ht);
}

/* The next line has this value. */
static void
next_is(struct host_tap *tap, uint64_t *from, uint64_t value)
{
	char line[HOST_TAP_LINE], part[64];
	uint64_t lost;
	int len;

	len = host_tap_read(tap, from, &lost, line);
	T_CHECK(len > 0 && len < HOST_TAP_LINE);
	T_EQ(lost, 0);
	T_EQ(line[len - 1], '\n');
	snprintf(part, sizeof(part), "\"bytes\":%llu}",
	    (unsigned long long)value);
	if (strstr(line, part) == NULL)
		t_fail(__FILE__, __LINE__, "no %s in %s", part, line);
}

static void
order(void)
{
	struct host_tap *tap, *other;
	char line[HOST_TAP_LINE];
	uint64_t from, lost, second;

	host_tap_init(turn, 60000);
	T_EQ(host_tap_get("ttyU0", &tap), 0);
	T_EQ(is_on, 1);
	T_EQ(host_tap_get("ttyU0", &other), 0);
	T_CHECK(tap == other);
	from = second = host_tap_now(tap);
	T_EQ(host_tap_read(tap, &from, &lost, line), 0);
	for (uint64_t i = 1; i <= RING; i++) {
		put("ttyU0", i);
		put("ttyU1", 99);
		put("tty", 98);
	}
	for (uint64_t i = 1; i <= RING; i++)
		next_is(tap, &from, i);
	T_EQ(host_tap_read(tap, &from, &lost, line), 0);
	/* Another has his own place in it. */
	next_is(tap, &second, 1);
	host_tap_put(tap);
	host_tap_put(other);
	T_EQ(turns, 1);
}

static void
slow(void)
{
	struct host_tap *tap;
	char line[HOST_TAP_LINE];
	uint64_t from, lost;

	T_EQ(host_tap_get("ttyU0", &tap), 0);
	from = host_tap_now(tap);
	for (uint64_t i = 0; i < RING + 5; i++)
		put("ttyU0", i);
	T_CHECK(host_tap_read(tap, &from, &lost, line) > 0);
	T_EQ(lost, 5);
	T_CHECK(strstr(line, "\"bytes\":5}") != NULL);
	next_is(tap, &from, 6);
	/* Numbers that are none of it. */
	from = UINT64_MAX;
	T_EQ(host_tap_read(tap, &from, &lost, line), HOST_TAP_ANEW);
	T_EQ(from, host_tap_now(tap));
	from = 1;
	T_EQ(host_tap_read(tap, &from, &lost, line), HOST_TAP_ANEW);
	from = host_tap_now(tap) + 1;
	T_EQ(host_tap_read(tap, &from, &lost, line), HOST_TAP_ANEW);
	host_tap_put(tap);
}

static struct timespec
soon(long ms)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	ts.tv_sec += (ts.tv_nsec / 1000000 + ms) / 1000;
	ts.tv_nsec = (ts.tv_nsec / 1000000 + ms) % 1000 * 1000000;
	return ts;
}

static void
later(void *arg)
{

	(void)arg;
	t_msleep(50);
	put("ttyU0", 7);
}

static void
enough(void *arg)
{

	(void)arg;
	t_msleep(50);
	host_tap_end(true);
}

static void
waits(void)
{
	struct t_thread *thread;
	struct timespec until;
	struct host_tap *tap;
	uint64_t from;

	T_EQ(host_tap_get("ttyU0", &tap), 0);
	from = host_tap_now(tap);
	until = soon(30);
	T_CHECK(!host_tap_wait(tap, from, &until));
	until = soon(20000);
	thread = t_spawn(later, NULL);
	T_CHECK(host_tap_wait(tap, from, &until));
	t_join(thread);
	next_is(tap, &from, 7);
	thread = t_spawn(enough, NULL);
	T_CHECK(!host_tap_wait(tap, from, &until));
	t_join(thread);
	host_tap_end(false);
	host_tap_put(tap);
}

static void
bounds(void)
{
	struct host_tap *tap[64];
	char name[32];
	int n;

	for (n = 0; n < 64; n++) {
		snprintf(name, sizeof(name), "node%d", n);
		if (host_tap_get(name, &tap[n]) != 0)
			break;
	}
	/* One is ttyU0's of before, which was asked for a moment ago. */
	T_EQ(n, 31);
	T_EQ(host_tap_get("one more", &tap[n]), EBUSY);
	T_EQ(host_tap_get("node3", &tap[n]), 0);
	host_tap_put(tap[n]);
	T_EQ(host_tap_get("a name that is much too long to be a node's",
	    &tap[n]), EBUSY);
	while (n-- > 0)
		host_tap_put(tap[n]);
}

/* Those who trace and those who read, all at once: nothing is mixed up. */
static void
writer(void *arg)
{

	(void)arg;
	for (uint64_t i = 0; i < 20000; i++) {
		put("ttyU0", i);
		put("node1", i);
	}
}

static void
crowd(void)
{
	struct t_thread *threads[3];
	struct host_tap *tap;
	char line[HOST_TAP_LINE];
	uint64_t from, lost, all = 0;
	int len;

	T_EQ(host_tap_get("ttyU0", &tap), 0);
	from = host_tap_now(tap);
	for (int i = 0; i < 3; i++)
		threads[i] = t_spawn(writer, NULL);
	for (int i = 0; i < 3; i++)
		t_join(threads[i]);
	while ((len = host_tap_read(tap, &from, &lost, line)) > 0) {
		all += 1 + lost;
		T_CHECK(strstr(line, "\"dev\":\"ttyU0\"") != NULL);
	}
	T_EQ(all, 60000);
	host_tap_put(tap);
}

/* Nobody says that he has gone. */
static void
idle(void)
{
	struct host_tap *tap;

	T_EQ(host_tap_get("ttyU0", &tap), 0);
	host_tap_init(turn, 50);
	t_msleep(100);
	/* Somebody has it. */
	put("something", 1);
	T_EQ(is_on, 1);
	host_tap_put(tap);
	t_msleep(100);
	T_EQ(is_on, 1);
	put("something", 1);
	T_EQ(is_on, 0);
	put("something", 2);		/* by a thread that was in the middle */
	T_EQ(host_tap_get("ttyU0", &tap), 0);
	T_EQ(is_on, 1);
	T_EQ(turns, 3);
	host_tap_put(tap);
}

const struct t_case t_cases[] = {
	{ "what is told of a node is kept in order, and nothing else", order },
	{ "who is slow is told how much he has lost", slow },
	{ "a reader waits, and is let go", waits },
	{ "the nodes that are followed are bounded", bounds },
	{ "many trace at once", crowd },
	{ "what nobody asks for any more is not traced", idle },
	{ NULL, NULL },
};
