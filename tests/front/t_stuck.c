/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_stuck.c - the front end when an operation does not come back: the deadline,
 * a channel that is lost meanwhile, a stop.
 */
#undef NDEBUG
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "h_front.h"
#include "hyp/hyp.h"

/* ---- stuck ---------------------------------------------------------- */

static void
stuck_until_the_watchdog(struct kern *k, uint64_t u, int error,
    struct kern_reply *r)
{
	unsigned n = 1;
	uint64_t begin, took;

	wait_asleep(1);
	begin = t_now_ms();
	kern_interrupt(k, u);
	T_EQ(kern_wait(k, u, r), error);
	took = t_now_ms() - begin;
	T_CHECK(took >= DEADLINE_MS - 1 && took < DEADLINE_MS + 5000);
	T_UNTIL(front_has_zombies, &n);
}

static int
two_closed(void *arg)
{

	(void)arg;
	return hk.closes == 2;
}

static void
watchdog_answers_for_a_stuck_read(void)
{
	struct kern_reply r;
	unsigned none = 0;
	uint64_t fh, fh2;

	front_up(0);
	fh = kern_opened(kern, O_RDWR);
	hk.read_mode = HK_DEAF;
	hk_feed(node, 1);
	stuck_until_the_watchdog(kern, kern_read(kern, fh, 10, 0, 0), EINTR,
	    &r);
	fh2 = kern_opened(kern, O_RDWR);
	kern_released(kern, fh2);
	/* The client is gone; K still works on its file. */
	kern_released(kern, fh);
	kern_released(kern, kern_opened(kern, O_RDWR));
	T_UNTIL(two_closed, NULL);
	T_EQ(hk.opens, 3);
	hk_release();
	T_UNTIL(front_has_zombies, &none);
	wait_quiet();
	front_down();
}

static void
watchdog_comes_again(void)
{
	unsigned two = 2, none = 0;
	struct kern_reply r;
	uint64_t fh, u;

	front_up(0);
	fh = kern_opened(kern, O_RDWR);
	hk.read_mode = HK_DEAF;
	hk_feed(node, 2);
	stuck_until_the_watchdog(kern, kern_read(kern, fh, 1, 0, 0), EINTR,
	    &r);
	u = kern_read(kern, fh, 1, 0, 0);
	wait_asleep(2);
	kern_interrupt(kern, u);
	T_EQ(kern_wait(kern, u, NULL), EINTR);
	T_UNTIL(front_has_zombies, &two);
	hk_release();
	T_UNTIL(front_has_zombies, &none);
	kern_released(kern, fh);
	front_down();
}

/* A thread that was interrupted has all the time for its next request. */
static void
a_deadline_is_one_requests(void)
{
	uint64_t fh, u[8];

	front_up(0);
	fh = kern_opened(kern, O_RDWR);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 8; i++)
			u[i] = kern_read(kern, fh, 1, 0, 0);
		wait_asleep(8);
		for (int i = 0; i < 8 && round == 0; i++)
			kern_interrupt(kern, u[i]);
		for (int i = 0; i < 8 && round == 0; i++)
			T_EQ(kern_wait(kern, u[i], NULL), EINTR);
	}
	t_msleep(2 * DEADLINE_MS);
	for (int i = 0; i < 8; i++) {
		T_EQ(kern_done(kern, u[i]), 0);
		kern_interrupt(kern, u[i]);
		T_EQ(kern_wait(kern, u[i], NULL), EINTR);
	}
	kern_released(kern, fh);
	front_down();
}

static void
watchdog_and_an_open_that_works_after_all(void)
{
	struct kern_reply r;
	unsigned none = 0;

	front_up(0);
	hk.open_mode = HK_DEAF;
	stuck_until_the_watchdog(kern, kern_open(kern, O_RDWR), EINTR, &r);
	T_EQ(hk.opens, 0);
	hk_release();
	T_UNTIL(front_has_zombies, &none);
	T_UNTIL(front_all_closed, NULL);
	T_EQ(hk.opens, 1);
	front_down();
	T_EQ(hk.closes, 1);
}

static void
watchdog_answers_poll_without_an_error(void)
{
	struct fuse_poll_out out;
	struct kern_reply r;
	unsigned none = 0;
	uint64_t fh;

	front_up(0);
	fh = kern_opened(kern, O_RDWR);
	hk.poll_mode = HK_DEAF;
	stuck_until_the_watchdog(kern, kern_poll(kern, fh, POLLIN, 1), 0, &r);
	memcpy(&out, r.kr_data, sizeof(out));
	T_EQ(out.revents, 0);
	hk_release();
	T_UNTIL(front_has_zombies, &none);
	kern_released(kern, fh);
	front_down();
}

/* Not even in hyp_park: the guard takes the helm from it. */
static void
a_spinning_operation_blocks_nobody(void)
{
	struct kern_reply r;
	unsigned none = 0;
	uint64_t fh, fh2, u;

	front_up(0);
	fh = kern_opened(kern, O_RDWR);
	hk.read_mode = HK_SPIN;
	hk_feed(node, 1);
	u = kern_read(kern, fh, 10, 0, 0);
	wait_asleep(1);
	fh2 = kern_opened(kern, O_RDWR);
	T_EQ(kern_done(kern, u), 0);
	kern_released(kern, fh2);
	stuck_until_the_watchdog(kern, u, EINTR, &r);
	hk_release();
	T_UNTIL(front_has_zombies, &none);
	kern_released(kern, fh);
	wait_quiet();
	front_down();
}

static int
has_answered(void *arg)
{

	(void)arg;
	return front_pong();
}

/* For as long as requests are taken, and so also beside one that spins. */
static void
a_ping_is_answered(void)
{
	struct kern_reply r;
	unsigned none = 0;
	uint64_t fh, u;

	front_up(0);
	for (int i = 0; i < 100; i++) {
		front_ping();
		T_UNTIL(has_answered, NULL);
	}
	fh = kern_opened(kern, O_RDWR);
	hk.read_mode = HK_SPIN;
	hk_feed(node, 1);
	u = kern_read(kern, fh, 10, 0, 0);
	wait_asleep(1);
	front_ping();
	T_UNTIL(has_answered, NULL);
	stuck_until_the_watchdog(kern, u, EINTR, &r);
	hk_release();
	T_UNTIL(front_has_zombies, &none);
	kern_released(kern, fh);
	wait_quiet();
	front_down();
}

/* Nobody takes the helm from it here. */
static void
a_ping_is_not_answered_if_nobody_takes_requests(void)
{
	struct front_config fc = {
		.deadline_ms = 3600 * 1000,
		.guard_ms = 3600 * 1000,
	};
	uint64_t fh, u;

	front_up_with(&fc);
	fh = kern_opened(kern, O_RDWR);
	hk.read_mode = HK_SPIN;
	hk_feed(node, 1);
	u = kern_read(kern, fh, 10, 0, 0);
	wait_asleep(1);
	front_ping();
	t_msleep(100);
	T_CHECK(!front_pong());
	hk_release();
	T_UNTIL(has_answered, NULL);
	T_EQ(kern_wait(kern, u, NULL), 0);
	kern_released(kern, fh);
	front_down();
}

static void
release_does_not_wait_for_the_close(void)
{
	uint64_t fh, fh2;

	front_up(0);
	fh = kern_opened(kern, O_RDWR);
	fh2 = kern_opened(kern, O_RDWR);
	hk.close_mode = HK_DEAF;
	kern_released(kern, fh);
	wait_asleep(1);
	T_EQ(hk.closes, 0);
	T_EQ(kern_wait(kern, kern_write(kern, fh2, "x", 1, 0, 0), NULL), 0);
	hk_release();
	kern_released(kern, fh2);
	T_UNTIL(front_all_closed, NULL);
	wait_quiet();
	front_down();
}

/*
 * close(2) is over when K's driver knows of it, so that its own next open does
 * not find the device busy: not before, and not later.
 */
static void
release_waits_until_the_driver_knows(void)
{
	uint64_t fh, u;

	front_up(0);
	fh = kern_opened(kern, O_RDWR);
	hk.cancel_mode = HK_DEAF;
	u = kern_release(kern, fh);
	wait_asleep(1);
	t_msleep(20);
	T_EQ(kern_done(kern, u), 0);
	hk_release();
	T_EQ(kern_wait(kern, u, NULL), 0);
	T_UNTIL(front_all_closed, NULL);
	wait_quiet();
	front_down();
}

/* But no client is held by a d_cancel that does not return. */
static void
release_of_a_stuck_driver_is_answered(void)
{
	struct front_config fc = { .deadline_ms = 50, .idle_ms = IDLE_MS };
	uint64_t fh, u;
	unsigned n = 1;

	front_up_with(&fc);
	fh = kern_opened(kern, O_RDWR);
	hk.cancel_mode = HK_DEAF;
	u = kern_release(kern, fh);
	T_EQ(kern_wait(kern, u, NULL), EINTR);
	T_UNTIL(front_has_zombies, &n);
	T_EQ(hk.closes, 0);
	hk_release();
	T_UNTIL(front_all_closed, NULL);
	n = 0;
	T_UNTIL(front_has_zombies, &n);
	wait_quiet();
	front_down();
}

/* ---- lost channels -------------------------------------------------- */

static int
new_channel(void *arg)
{

	return kern_count() > *(const unsigned *)arg;
}

/* The kernel tells of no file; each is closed once, and the node is back. */
static void
a_lost_channel_closes_its_files(void)
{
	unsigned n;
	uint64_t fh;

	front_up(0);
	fh = kern_opened(kern, O_RDWR);
	(void)kern_opened(kern, O_RDWR);
	(void)kern_read(kern, fh, 10, 0, 0);
	wait_asleep(1);
	n = kern_count();
	kern_abort(kern);
	T_UNTIL(new_channel, &n);
	kern = kern_last();
	T_EQ(hk.closes, 2);
	fh = kern_opened(kern, O_RDWR);
	hk_feed(node, 1);
	T_EQ(kern_wait(kern, kern_read(kern, fh, 10, 0, 0), NULL), 0);
	kern_released(kern, fh);
	wait_quiet();
	front_down();
	T_EQ(hk.opens, 3);
}

/* The open works, its answer does not arrive: no RELEASE will come. */
static void
an_open_nobody_waits_for_is_closed_once(void)
{
	unsigned n;

	front_up(0);
	hk.open_mode = HK_DEAF;
	(void)kern_open(kern, O_RDWR);
	wait_asleep(1);
	n = kern_count();
	kern_abort(kern);
	hk_release();
	T_UNTIL(new_channel, &n);
	kern = kern_last();
	T_UNTIL(front_all_closed, NULL);
	T_EQ(hk.opens, 1);
	front_down();
	T_EQ(hk.closes, 1);
}

static int
ten_reads(void *arg)
{

	(void)arg;
	return hk.reads == 10 && hk.opens == 1;
}

/* The same with a channel that lives on: the answer cannot be written. */
static void
an_open_whose_answer_fails_is_closed_once(void)
{
	uint64_t fh, u, v[10];

	front_up(0);
	fh = kern_opened(kern, O_RDWR);
	kern_pause(kern, 1);
	hk_feed(node, 10 * 131072);
	for (int i = 0; i < 10; i++) {
		v[i] = kern_read(kern, fh, 131072, 0, 0);
		T_UNTIL(kern_holds, kern);
	}
	T_UNTIL(ten_reads, NULL);
	wait_quiet();
	u = kern_open(kern, O_RDWR);
	T_UNTIL(front_closed_one, NULL);
	T_EQ(hk.opens, 2);
	T_EQ(kern_done(kern, u), 0);
	kern_pause(kern, 0);
	T_EQ(kern_wait(kern, v[0], NULL), 0);
	T_EQ(kern_wait(kern, v[1], NULL), 0);	/* so there is room again */
	kern_released(kern, fh);
	front_down();
	T_EQ(hk.closes, 2);
}

/* ---- stop ----------------------------------------------------------- */

static void
stop_answers_everybody(void)
{
	uint64_t fh, u[20];

	front_up(0);
	fh = kern_opened(kern, O_RDWR);
	for (int i = 0; i < 20; i++)
		u[i] = kern_read(kern, fh, 10, 0, 0);
	wait_asleep(20);
	T_EQ(front_end(), 0);
	for (int i = 0; i < 20; i++)
		T_EQ(kern_wait(kern, u[i], NULL), EINTR);
	kern_free(kern);
	T_EQ(hk.opens, 1);
	T_EQ(hk.closes, 1);
}

static int
no_threads(void *arg)
{
	struct front_stats fs;

	(void)arg;
	front_getstats(&fs);
	return fs.threads == 0;
}

static void
stop_does_not_wait_for_the_stuck(void)
{
	uint64_t fh, u;

	front_up(0);
	fh = kern_opened(kern, O_RDWR);
	hk.read_mode = HK_DEAF;
	u = kern_read(kern, fh, 10, 0, 0);
	wait_asleep(1);
	T_EQ(front_end(), 1);
	T_EQ(kern_wait(kern, u, NULL), EINTR);
	T_EQ(front_zombies(), 1);
	T_EQ(kern_closed(kern), 0);
	hk_feed(node, 1);
	hk_release();
	T_UNTIL(no_threads, NULL);
	T_UNTIL(kern_closed, kern);
	kern_free(kern);
	T_EQ(hk.closes, 1);
}

static int
one_thread(void *arg)
{
	struct front_stats fs;

	(void)arg;
	front_getstats(&fs);
	return fs.threads == 1;
}

static void
stopper(void *arg)
{

	(void)arg;
	T_EQ(front_end(), 0);
}

/*
 * A driver is stuck: who is in it is answered for at once, not only when its
 * client gets a signal; other nodes are not concerned.
 */
static void
calls_of_a_stuck_node_are_answered(void)
{
	struct front_config fc = {
		.deadline_ms = 3600 * 1000,
		.idle_ms = IDLE_MS,
	};
	struct hyp_node *other;
	struct kern *okern;
	uint64_t fh, u, ofh, o;
	unsigned n = 1;

	front_up_with(&fc);
	front_add("ttyX1", 8, &other, &okern);
	fh = kern_opened(kern, O_RDWR);
	ofh = kern_opened(okern, O_RDWR);
	o = kern_read(okern, ofh, 1, 0, 0);
	wait_asleep(1);
	hk.read_mode = HK_DEAF;
	u = kern_read(kern, fh, 1, 0, 0);
	n = 2;
	T_UNTIL(hk_asleep, &n);
	hyp_node_stuck(nodehost);
	T_EQ(kern_wait(kern, u, NULL), EINTR);
	n = 1;
	T_UNTIL(front_has_zombies, &n);
	T_EQ(kern_done(okern, o), 0);
	hk_feed(node, 1);
	hk_release();
	n = 0;
	T_UNTIL(front_has_zombies, &n);
	kern_interrupt(okern, o);
	T_EQ(kern_wait(okern, o, NULL), EINTR);
	kern_released(kern, fh);
	kern_released(okern, ofh);
	T_EQ(front_end(), 0);
	kern_free(kern);
	kern_free(okern);
}

/*
 * The spares have all been sent home when the thread at the helm wants to
 * sleep: there is nobody to give the helm to, and no need.
 */
static void
stop_before_the_helm_is_left(void)
{
	struct front_config fc = {
		.deadline_ms = 3600 * 1000,
		.guard_ms = 3600 * 1000,
	};
	struct t_thread *t;
	uint64_t fh, u;

	front_up_with(&fc);
	fh = kern_opened(kern, O_RDWR);
	hk.read_mode = HK_LATE;
	u = kern_read(kern, fh, 10, 0, 0);
	wait_asleep(1);
	t = t_spawn(stopper, NULL);
	T_UNTIL(one_thread, NULL);
	hk_release();
	T_EQ(kern_wait(kern, u, NULL), EINTR);
	t_join(t);
	kern_free(kern);
	T_EQ(hk.closes, 1);
	T_EQ(front_zombies(), 0);
}

const struct t_case t_cases[] = {
	{ "watchdog_answers_for_a_stuck_read",
	    watchdog_answers_for_a_stuck_read },
	{ "watchdog_comes_again", watchdog_comes_again },
	{ "a_deadline_is_one_requests", a_deadline_is_one_requests },
	{ "watchdog_and_an_open_that_works_after_all",
	    watchdog_and_an_open_that_works_after_all },
	{ "watchdog_answers_poll_without_an_error",
	    watchdog_answers_poll_without_an_error },
	{ "a_spinning_operation_blocks_nobody",
	    a_spinning_operation_blocks_nobody },
	{ "a_ping_is_answered", a_ping_is_answered },
	{ "a_ping_is_not_answered_if_nobody_takes_requests",
	    a_ping_is_not_answered_if_nobody_takes_requests },
	{ "release_does_not_wait_for_the_close",
	    release_does_not_wait_for_the_close },
	{ "release_waits_until_the_driver_knows",
	    release_waits_until_the_driver_knows },
	{ "release_of_a_stuck_driver_is_answered",
	    release_of_a_stuck_driver_is_answered },
	{ "a_lost_channel_closes_its_files",
	    a_lost_channel_closes_its_files },
	{ "an_open_nobody_waits_for_is_closed_once",
	    an_open_nobody_waits_for_is_closed_once },
	{ "an_open_whose_answer_fails_is_closed_once",
	    an_open_whose_answer_fails_is_closed_once },
	{ "stop_answers_everybody", stop_answers_everybody },
	{ "stop_does_not_wait_for_the_stuck",
	    stop_does_not_wait_for_the_stuck },
	{ "calls_of_a_stuck_node_are_answered",
	    calls_of_a_stuck_node_are_answered },
	{ "stop_before_the_helm_is_left", stop_before_the_helm_is_left },
	{ NULL, NULL },
};
