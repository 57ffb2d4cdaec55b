/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_threads.c - the front end when operations sleep, get stuck, are
 * interrupted, and when there are many.
 */
#undef NDEBUG
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "h_front.h"
#include "host/host.h"
#include "hyp/hyp.h"

#define	READERS	200
#define	ROUNDS	4000		/* of a race */

static int
all_closed(void *arg)
{

	(void)arg;
	return hk.closes == hk.opens && hk.closing == 0;
}

/* One idle thread and a spare: as it is when nothing happens. */
static void
wait_quiet(void)
{

	T_UNTIL(front_quiet, NULL);
}

/* ---- interrupts ----------------------------------------------------- */

static void
interrupt_ends_a_blocked_read(void)
{
	uint64_t fh, u;

	front_up(0);
	fh = kern_opened(kern, O_RDWR);
	u = kern_read(kern, fh, 10, 0, 0);
	wait_asleep(1);
	T_EQ(kern_done(kern, u), 0);
	kern_interrupt(kern, u);
	T_EQ(kern_wait(kern, u, NULL), EINTR);
	kern_released(kern, fh);
	front_down();
}

/*
 * The INTERRUPT is there before anybody has looked at the request.  If it
 * were read by another thread it could come too early and be lost, or be
 * answered EAGAIN.
 */
static void
interrupt_right_behind_its_request(void)
{
	uint64_t fh, u;

	front_up(0);
	fh = kern_opened(kern, O_RDWR);
	for (int i = 0; i < 500; i++) {
		u = kern_read(kern, fh, 10, 0, 0);
		kern_interrupt(kern, u);
		T_EQ(kern_wait(kern, u, NULL), EINTR);
	}
	T_EQ(kern_again(kern), 0);
	kern_released(kern, fh);
	front_down();
}

/* One that is too late is nobody's. */
static void
interrupt_of_an_answered_request(void)
{
	struct kern_reply r;
	uint64_t fh, u;

	front_up(0);
	fh = kern_opened(kern, O_RDWR);
	hk_feed(node, 1);
	u = kern_read(kern, fh, 1, 0, 0);
	T_EQ(kern_wait(kern, u, &r), 0);
	kern_interrupt(kern, u);
	u = kern_read(kern, fh, 1, 0, 0);
	wait_asleep(1);
	T_EQ(kern_done(kern, u), 0);
	hk_feed(node, 1);
	T_EQ(kern_wait(kern, u, &r), 0);
	T_EQ(r.kr_len, 1);
	T_EQ(front_zombies(), 0);
	kern_released(kern, fh);
	front_down();
}

static void
interrupt_of_a_sleeping_open_and_ioctl(void)
{
	uint64_t fh, u;

	front_up(0);
	fh = kern_opened(kern, O_RDWR);
	hk.open_mode = hk.ioctl_mode = HK_SLEEP;
	u = kern_open(kern, O_RDWR);
	wait_asleep(1);
	kern_interrupt(kern, u);
	T_EQ(kern_wait(kern, u, NULL), EINTR);
	u = kern_ioctl(kern, fh, HK_FLUSH, 0, 0, NULL, 0, 0);
	wait_asleep(1);
	kern_interrupt(kern, u);
	T_EQ(kern_wait(kern, u, NULL), EINTR);
	kern_released(kern, fh);
	front_down();
	T_EQ(hk.opens, 1);
}

/* ---- many ----------------------------------------------------------- */

static void
others_go_on_beside_200_blocked_readers(void)
{
	struct front_stats fs;
	struct kern_reply r;
	uint64_t fh, other, u[READERS];

	front_up(0);
	fh = kern_opened(kern, O_RDWR);
	for (int i = 0; i < READERS; i++)
		u[i] = kern_read(kern, fh, 10, 0, 0);
	wait_asleep(READERS);
	front_getstats(&fs);
	T_CHECK(fs.threads >= READERS + 1 && fs.idle >= 1);

	other = kern_opened(kern, O_RDWR);
	T_EQ(kern_wait(kern, kern_read(kern, other, 10, 0, O_NONBLOCK), &r),
	    EAGAIN);
	T_EQ(kern_wait(kern, kern_write(kern, other, "x", 1, 0, 0), &r), 0);
	kern_released(kern, other);

	/* One byte is one reader's, the others sleep on. */
	hk_feed(node, 1);
	wait_asleep(READERS - 1);
	for (int i = 0; i < READERS; i++)
		kern_interrupt(kern, u[i]);
	for (int i = 0, bytes = 0; i < READERS; i++) {
		int error = kern_wait(kern, u[i], &r);

		T_CHECK(error == EINTR || (error == 0 && bytes++ == 0));
	}
	kern_released(kern, fh);
	wait_quiet();
	front_down();
}

static void
nodes_share_the_threads(void)
{
	enum { N = 256 };
	static struct hyp_node *nodes[N];
	static struct kern *kerns[N];
	struct kern_reply r;
	uint64_t fh;
	char name[16];

	front_up(0);
	for (int i = 0; i < N; i++) {
		snprintf(name, sizeof(name), "ttyY%d", i);
		front_add(name, 0x80000u + (unsigned)i, &nodes[i], &kerns[i]);
	}
	for (int i = 0; i < N; i++) {
		fh = kern_opened(kerns[i], O_RDWR);
		hk_feed(nodes[i], 3);
		T_EQ(kern_wait(kerns[i], kern_read(kerns[i], fh, 10, 0, 0),
		    &r), 0);
		T_EQ(r.kr_len, 3);
		kern_released(kerns[i], fh);
	}
	wait_quiet();
	front_down();
	for (int i = 0; i < N; i++)
		kern_free(kerns[i]);
}

/*
 * Voluntary context switches of all front threads, or -1 if their number
 * has changed meanwhile.
 */
static long
switches(void)
{
	DIR *dir = opendir("/proc/self/task");
	char path[512], line[256];
	struct dirent *de;
	long sum = 0, n;
	FILE *f;
	int front;

	assert(dir != NULL);
	while ((de = readdir(dir)) != NULL) {
		snprintf(path, sizeof(path), "/proc/self/task/%s/status",
		    de->d_name);
		if ((f = fopen(path, "r")) == NULL)
			continue;
		for (front = 0; fgets(line, sizeof(line), f) != NULL;) {
			if (strcmp(line, "Name:\tfront\n") == 0)
				front = 1;
			if (front && sscanf(line,
			    "voluntary_ctxt_switches: %ld", &n) == 1)
				sum += n;
		}
		fclose(f);
	}
	closedir(dir);
	return sum;
}

static void
idle_means_asleep(void)
{
	long before, after;
	uint64_t fh, u;

	front_up(0);
	fh = kern_opened(kern, O_RDWR);
	u = kern_read(kern, fh, 1, 0, 0);
	wait_asleep(1);
	kern_interrupt(kern, u);
	T_EQ(kern_wait(kern, u, NULL), EINTR);
	wait_quiet();
	/* The guard's last tick and the timer that was set are still due. */
	t_msleep(2 * DEADLINE_MS);
	before = switches();
	t_msleep(500);
	after = switches();
	T_CHECK(before > 0);
	T_EQ(after, before);
	kern_released(kern, fh);
	front_down();
}

/*
 * A read that is answered before anybody else comes is a matter of one front
 * thread, which sleeps twice: for the byte, and for the next request.
 */
static void
a_sleeper_stays_at_the_helm(void)
{
	struct front_config fc = {
		.deadline_ms = DEADLINE_MS,
		.idle_ms = IDLE_MS,
		.guard_ms = 3600 * 1000,
	};
	struct kern_reply r;
	uint64_t fh, u;
	long before;

	front_up_with(&fc);
	fh = kern_opened(kern, O_RDWR);
	u = kern_read(kern, fh, 1, 0, 0);
	hk_feed(node, 1);
	T_EQ(kern_wait(kern, u, &r), 0);
	before = switches();
	for (int i = 0; i < 500; i++) {
		u = kern_read(kern, fh, 1, 0, 0);
		wait_asleep(1);
		hk_feed(node, 1);
		T_EQ(kern_wait(kern, u, &r), 0);
		T_EQ(r.kr_len, 1);
	}
	T_CHECK(switches() - before <= 2 * 500 + 10);
	kern_released(kern, fh);
	front_down();
}

/* The wake-up was before the thread at the helm came to sleep. */
static void
a_wake_up_before_the_sleep_is_not_lost(void)
{
	struct kern_reply r;
	uint64_t fh, u;

	front_up(0);
	fh = kern_opened(kern, O_RDWR);
	hk.read_mode = HK_WOKEN;
	for (int i = 0; i < 20; i++) {
		hk_feed(node, 1);
		u = kern_read(kern, fh, 1, 0, 0);
		T_EQ(kern_wait(kern, u, &r), 0);
	}
	kern_released(kern, fh);
	front_down();
}

/*
 * It has been asleep for so long that the guard is, too, and then it works:
 * others are served all the same.
 */
static void
a_sleeper_that_works_on_blocks_nobody(void)
{
	uint64_t fh, u;

	front_up(0);
	fh = kern_opened(kern, O_RDWR);
	hk.read_mode = HK_WORKS;
	hk_feed(node, 1);
	u = kern_read(kern, fh, 1, 0, 0);
	wait_asleep(1);
	t_msleep(100);			/* 10 ticks; the fewer, the easier */
	hk_release();
	wait_asleep(0);
	T_EQ(kern_wait(kern, kern_write(kern, fh, "x", 1, 0, 0), NULL), 0);
	T_EQ(kern_done(kern, u), 0);
	hk.worked = 1;
	T_EQ(kern_wait(kern, u, NULL), 0);
	kern_released(kern, fh);
	front_down();
}

/* It has left the helm to another request, and is woken where it is then. */
static void
a_sleeper_that_has_left_the_helm_is_woken(void)
{
	uint64_t fh, u;

	front_up(0);
	fh = kern_opened(kern, O_RDWR);
	hk.read_mode = HK_WORKS;
	hk.worked = 1;
	hk_feed(node, 1);
	u = kern_read(kern, fh, 1, 0, 0);
	wait_asleep(1);
	T_EQ(kern_wait(kern, kern_write(kern, fh, "x", 1, 0, 0), NULL), 0);
	T_EQ(kern_done(kern, u), 0);
	hk_release();
	T_EQ(kern_wait(kern, u, NULL), 0);
	kern_released(kern, fh);
	front_down();
}

static _Atomic unsigned races, raced;	/* rounds begun, and over */

static void
linger(void)
{

	for (unsigned n = t_random() % (2u << t_random() % 19); n > 0; n--)
		atomic_signal_fence(memory_order_seq_cst);
}

/* A byte for the reader of each round, at any time of it. */
static void
waker(void *arg)
{
	unsigned n = 0;

	(void)arg;
	while (n < ROUNDS) {
		if (n == races)
			continue;
		linger();
		hk_feed(node, 1);
		if (++n > ROUNDS / 2 && n % 2 == 0)
			hk_feed(node, 0);	/* a wake-up for nothing */
	}
}

/* Another client's requests, in the second half; some end by a signal. */
static void
meddler(void *arg)
{
	struct kern *const k = arg;
	const uint64_t fh = kern_opened(k, O_RDWR);
	unsigned seen = ROUNDS / 2;
	uint64_t u;

	while (raced < ROUNDS) {
		if (seen >= races)
			continue;
		seen = races;
		linger();
		if (t_random() % 4 != 0) {
			T_EQ(kern_wait(k, kern_write(k, fh, "x", 1, 0, 0),
			    NULL), 0);
			continue;
		}
		u = kern_read(k, fh, 1, 0, 0);
		kern_interrupt(k, u);
		T_EQ(kern_wait(k, u, NULL), EINTR);
	}
	kern_released(k, fh);
}

/*
 * A reader goes to sleep at the helm while its byte comes; then while another
 * node's client asks for something, too.  A round in which the wake-up or the
 * hand-over is lost does not end.
 */
static void
wake_ups_and_requests_at_once(void)
{
	struct hyp_node *node2;
	struct kern_reply r;
	struct t_thread *t[2];
	struct kern *kern2;
	uint64_t fh, u;

	front_up(0);
	front_add("ttyX1", 8, &node2, &kern2);
	hk.alone = node;
	races = raced = 0;
	fh = kern_opened(kern, O_RDWR);
	t[0] = t_spawn(waker, NULL);
	t[1] = t_spawn(meddler, kern2);
	for (int i = 0; i < ROUNDS; i++) {
		races++;
		u = kern_read(kern, fh, 1, 0, 0);
		T_EQ(kern_wait(kern, u, &r), 0);
		T_EQ(r.kr_len, 1);
		raced++;
	}
	t_join(t[0]);
	t_join(t[1]);
	kern_released(kern, fh);
	wait_quiet();
	front_down();
	kern_free(kern2);
}

/*
 * A read that sleeps leaves the helm when somebody comes: here the guard would
 * come only long after the case has failed.
 */
static void
sleepers_do_not_wait_for_the_guard(void)
{
	struct front_config fc = {
		.deadline_ms = DEADLINE_MS,
		.idle_ms = IDLE_MS,
		.guard_ms = 3600 * 1000,
	};
	uint64_t fh, u[100];

	front_up_with(&fc);
	fh = kern_opened(kern, O_RDWR);
	for (int i = 0; i < 100; i++) {
		u[i] = kern_read(kern, fh, 10, 0, 0);
		T_EQ(kern_wait(kern, kern_write(kern, fh, "x", 1, 0, 0),
		    NULL), 0);
	}
	for (int i = 0; i < 100; i++)
		kern_interrupt(kern, u[i]);
	for (int i = 0; i < 100; i++)
		T_EQ(kern_wait(kern, u[i], NULL), EINTR);
	kern_released(kern, fh);
	front_down();
}

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
	T_UNTIL(all_closed, NULL);
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
	T_UNTIL(all_closed, NULL);
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
	T_UNTIL(all_closed, NULL);
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
	T_UNTIL(all_closed, NULL);
	n = 0;
	T_UNTIL(front_has_zombies, &n);
	wait_quiet();
	front_down();
}

/* ---- the cap -------------------------------------------------------- */

static int
one_idle(void *arg)
{
	struct front_stats fs;

	(void)arg;
	front_getstats(&fs);
	return fs.threads == 4 && fs.idle == 1;
}

static int
two_idle(void *arg)
{
	struct front_stats fs;

	(void)arg;
	front_getstats(&fs);
	return fs.threads == 4 && fs.idle == 2;
}

static int
closed_one(void *arg)
{

	(void)arg;
	return hk.closes == 1;
}

static void
over_the_cap_nothing_blocks(void)
{
	uint64_t fh, fh2, u[3], v;

	front_up(4);
	fh = kern_opened(kern, O_RDWR);
	fh2 = kern_opened(kern, O_RDWR);
	for (int i = 0; i < 3; i++) {
		u[i] = kern_read(kern, fh, 10, 0, 0);
		wait_asleep((unsigned)i + 1);
	}
	T_UNTIL(one_idle, NULL);
	T_EQ(kern_wait(kern, kern_read(kern, fh, 10, 0, 0), NULL), EAGAIN);
	/* A close that would wait does not either. */
	hk.close_mode = HK_SLEEP;
	kern_released(kern, fh2);
	T_UNTIL(closed_one, NULL);
	hk.close_mode = HK_NORMAL;

	kern_interrupt(kern, u[1]);
	T_EQ(kern_wait(kern, u[1], NULL), EINTR);
	T_UNTIL(two_idle, NULL);
	/* There is a thread to block again. */
	v = kern_read(kern, fh, 10, 0, 0);
	wait_asleep(3);
	T_EQ(kern_done(kern, v), 0);
	kern_interrupt(kern, u[0]);
	kern_interrupt(kern, u[2]);
	kern_interrupt(kern, v);
	T_EQ(kern_wait(kern, u[0], NULL), EINTR);
	T_EQ(kern_wait(kern, u[2], NULL), EINTR);
	T_EQ(kern_wait(kern, v, NULL), EINTR);
	kern_released(kern, fh);
	wait_quiet();
	front_down();
}

/* ---- shares and turns ----------------------------------------------- */

/* As many reads of uid as sleep, of at most n; the next one gets EAGAIN. */
static unsigned
sleepers(struct kern *k, uint64_t fh, uint64_t *u, unsigned n)
{
	const unsigned before = hk.asleep;
	unsigned i;

	for (i = 0; i < n; i++) {
		u[i] = kern_read(k, fh, 1, 0, 0);
		while (!kern_done(k, u[i]) && hk.asleep != before + i + 1)
			t_msleep(1);
		if (kern_done(k, u[i])) {
			T_EQ(kern_wait(k, u[i], NULL), EAGAIN);
			break;
		}
	}
	return i;
}

static uint64_t
opened_as(struct kern *k, unsigned uid)
{
	uint64_t fh;

	kern_as(k, uid, uid, 0);
	fh = kern_opened(k, O_RDWR);
	kern_as(k, 0, 0, 0);
	return fh;
}

static void
interrupt_all(struct kern *k, const uint64_t *u, unsigned n)
{

	for (unsigned i = 0; i < n; i++)
		kern_interrupt(k, u[i]);
	for (unsigned i = 0; i < n; i++)
		T_EQ(kern_wait(k, u[i], NULL), EINTR);
}

/* The lines that the front end has logged meanwhile. */
static unsigned
lines(FILE *f)
{
	char line[512];
	unsigned n = 0;

	rewind(f);
	while (fgets(line, sizeof(line), f) != NULL)
		n += strstr(line, "no thread for another") != NULL;
	return n;
}

/* 33 threads: 32 slots, of which 4 are root's. */
static void
no_user_takes_all_threads(void)
{
	uint64_t a, b, r, ua[40], ub[40], ur[40];
	unsigned na, nb, nr;
	FILE *log = tmpfile();
	int err;

	assert(log != NULL);
	front_up(33);
	err = dup(STDERR_FILENO);
	dup2(fileno(log), STDERR_FILENO);
	host_log_to(HOST_LOG_STDERR);
	hyp_posix_set_loglevel(HYP_LOG_WARNING);
	a = opened_as(kern, 1000);
	b = opened_as(kern, 1001);
	r = kern_opened(kern, O_RDWR);
	na = sleepers(kern, a, ua, 40);
	T_EQ(na, 16);
	for (int i = 0; i < 100; i++)
		T_EQ(kern_wait(kern, kern_read(kern, a, 1, 0, 0), NULL),
		    EAGAIN);
	/* What need not sleep is served. */
	T_EQ(kern_wait(kern, kern_write(kern, a, "x", 1, 0, 0), NULL), 0);
	interrupt_all(kern, ua, na);
	/* What has ended counts no more. */
	T_EQ(sleepers(kern, a, ua, 8), 8);
	nr = sleepers(kern, r, ur, 8);
	T_EQ(nr, 8);
	T_EQ(sleepers(kern, b, ub, 40), 0);	/* the node has its share */
	interrupt_all(kern, ur, nr);
	nb = sleepers(kern, b, ub, 40);
	T_CHECK(nb >= 1);
	nr = sleepers(kern, r, ur, 40);
	T_EQ(8 + nb + nr, 32);
	hyp_posix_set_loglevel(HYP_LOG_ERR);
	fflush(stderr);
	dup2(err, STDERR_FILENO);
	host_log_to(HOST_LOG_STDERR);
	close(err);
	T_EQ(lines(log), 2);		/* one of a share, one of the end */
	fclose(log);
	interrupt_all(kern, ua, 8);
	interrupt_all(kern, ub, nb);
	interrupt_all(kern, ur, nr);
	kern_released(kern, a);
	kern_released(kern, b);
	kern_released(kern, r);
	wait_quiet();
	front_down();
}

/* One user of many nodes, none of which has too many. */
static void
no_user_takes_all_threads_of_many_nodes(void)
{
	enum { NODES = 16 };
	uint64_t fh[NODES], u[NODES][2], other, v;
	struct hyp_node *nodes[NODES];
	struct kern *kerns[NODES];
	unsigned n[NODES], sum = 0;
	char name[16];

	front_up(33);
	for (unsigned i = 0; i < NODES; i++) {
		snprintf(name, sizeof(name), "ttyY%u", i);
		front_add(name, 16 + i, &nodes[i], &kerns[i]);
		fh[i] = opened_as(kerns[i], 1000);
		sum += n[i] = sleepers(kerns[i], fh[i], u[i], 2);
	}
	T_EQ(sum, 16);
	other = opened_as(kern, 1001);
	v = kern_read(kern, other, 1, 0, 0);
	wait_asleep(17);
	T_EQ(kern_done(kern, v), 0);
	interrupt_all(kern, &v, 1);
	kern_released(kern, other);
	for (unsigned i = 0; i < NODES; i++) {
		interrupt_all(kerns[i], u[i], n[i]);
		kern_released(kerns[i], fh[i]);
	}
	wait_quiet();
	front_down();
	for (unsigned i = 0; i < NODES; i++)
		kern_free(kerns[i]);
}

/* Many users of one node, as if its device were stuck. */
static void
no_node_takes_all_threads(void)
{
	enum { USERS = 20 };
	uint64_t fh[USERS], u[USERS][40], other, v;
	unsigned n[USERS], sum = 0;
	struct hyp_node *node2;
	struct kern *kern2;

	front_up(33);
	front_add("ttyX1", 8, &node2, &kern2);
	for (unsigned i = 0; i < USERS; i++) {
		fh[i] = opened_as(kern, 1000 + i);
		sum += n[i] = sleepers(kern, fh[i], u[i], 3);
	}
	T_EQ(sum, 16);
	other = opened_as(kern2, 1000 + USERS - 1);
	v = kern_read(kern2, other, 1, 0, 0);
	wait_asleep(17);
	T_EQ(kern_done(kern2, v), 0);
	interrupt_all(kern2, &v, 1);
	kern_released(kern2, other);
	for (unsigned i = 0; i < USERS; i++) {
		interrupt_all(kern, u[i], n[i]);
		kern_released(kern, fh[i]);
	}
	wait_quiet();
	front_down();
	kern_free(kern2);
}

/* As many users and nodes as one likes. */
static void
the_last_threads_are_roots(void)
{
	enum { USERS = 8 };
	uint64_t fh[USERS], u[USERS][40], r, ur[4];
	struct hyp_node *nodes[USERS];
	struct kern *kerns[USERS];
	unsigned n[USERS], sum = 0;
	char name[16];

	front_up(33);
	for (unsigned i = 0; i < USERS; i++) {
		snprintf(name, sizeof(name), "ttyY%u", i);
		front_add(name, 16 + i, &nodes[i], &kerns[i]);
		fh[i] = opened_as(kerns[i], 1000 + i);
		sum += n[i] = sleepers(kerns[i], fh[i], u[i], 40);
	}
	T_EQ(sum, 28);
	/* A close that would wait does not, and keeps none of them. */
	hk.close_mode = HK_SLEEP;
	kern_released(kern, opened_as(kern, 1000));
	T_UNTIL(closed_one, NULL);
	hk.close_mode = HK_NORMAL;
	r = kern_opened(kern, O_RDWR);
	T_EQ(sleepers(kern, r, ur, 4), 4);
	interrupt_all(kern, ur, 4);
	kern_released(kern, r);
	for (unsigned i = 0; i < USERS; i++) {
		interrupt_all(kerns[i], u[i], n[i]);
		kern_released(kerns[i], fh[i]);
	}
	wait_quiet();
	front_down();
	for (unsigned i = 0; i < USERS; i++)
		kern_free(kerns[i]);
}

static int
one_turn(void *arg)
{

	return hk_turn(arg) != 0;
}

/*
 * A channel that always has something to read is read without asking what
 * else there is, which is when another one gets something.  guard_ms is for
 * ever, so that the helm stays where it is while the gate is closed.
 */
static void
a_busy_channel_leaves_others_their_turn(void)
{
	enum { GATE = 100, READS = 300, TURN = 8 };
	struct front_config fc = {
		.deadline_ms = DEADLINE_MS,
		.idle_ms = IDLE_MS,
		.guard_ms = 3600 * 1000,
	};
	struct hyp_node *node2;
	struct kern *kern2;
	uint64_t fh, fh2, u[READS], v;

	front_up_with(&fc);
	front_add("ttyX1", 8, &node2, &kern2);
	fh = kern_opened(kern, O_RDWR);
	fh2 = kern_opened(kern2, O_RDWR);
	hk_feed(node, READS);
	hk_feed(node2, 1);
	hk.gate = GATE;
	for (int i = 0; i < GATE; i++)
		u[i] = kern_read(kern, fh, 1, 0, 0);
	wait_asleep(1);
	for (int i = GATE; i < READS; i++)
		u[i] = kern_read(kern, fh, 1, 0, 0);
	v = kern_read(kern2, fh2, 1, 0, 0);
	hk_release();
	T_EQ(kern_wait(kern2, v, NULL), 0);
	T_UNTIL(one_turn, node2);
	T_CHECK(hk_turn(node2) > GATE && hk_turn(node2) <= GATE + 2 * TURN);
	for (int i = 0; i < READS; i++)
		T_EQ(kern_wait(kern, u[i], NULL), 0);
	kern_released(kern, fh);
	kern_released(kern2, fh2);
	front_down();
	kern_free(kern2);
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
	T_UNTIL(all_closed, NULL);
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
	T_UNTIL(closed_one, NULL);
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

/* ---- poll against wake-ups ------------------------------------------ */

static _Atomic unsigned fed, wanted;

static void
feeder(void *arg)
{

	(void)arg;
	while (fed < 2000) {
		if (fed == wanted)
			continue;
		for (unsigned n = t_random() % 2000; n > 0; n--)
			atomic_signal_fence(memory_order_seq_cst);
		hk_feed(node, 1);
		fed++;
	}
}

/*
 * A byte comes just before, while or after the client asks.  When it was told
 * "nothing" there must be a notification, and then the byte.
 */
static void
no_wake_up_is_lost(void)
{
	struct fuse_poll_out out;
	struct kern_reply r;
	struct t_thread *t;
	unsigned notified;
	uint64_t fh, u;

	front_up(0);
	fed = wanted = 0;
	fh = kern_opened(kern, O_RDWR);
	t = t_spawn(feeder, NULL);
	for (int i = 0; i < 2000; i++) {
		notified = kern_notified(kern);
		wanted++;
		do {
			u = kern_poll(kern, fh, POLLIN, 1);
			T_EQ(kern_wait(kern, u, &r), 0);
			memcpy(&out, r.kr_data, sizeof(out));
			if (out.revents == 0)
				kern_wait_notified(kern, ++notified);
		} while (out.revents == 0);
		T_EQ(kern_wait(kern, kern_read(kern, fh, 1, 0, O_NONBLOCK),
		    &r), 0);
	}
	t_join(t);
	kern_released(kern, fh);
	front_down();
}

/* ---- all at once ---------------------------------------------------- */

struct client {
	struct t_thread	*c_thread;
	unsigned	 c_seed;
};

/* A client with a life of its own; fails the case by hanging. */
static void
client(void *arg)
{
	struct client *const c = arg;
	uint64_t fh, u;

	for (int i = 0; i < 40; i++) {
		fh = kern_opened(kern, O_RDWR);
		for (int j = 0; j < 10; j++) {
			switch (rand_r(&c->c_seed) % 5) {
			case 0:
				u = kern_read(kern, fh, 7, 0, 0);
				kern_interrupt(kern, u);
				break;
			case 1:
				hk_feed(node, 7);
				u = kern_read(kern, fh, 7, 0, O_NONBLOCK);
				break;
			case 2:
				u = kern_write(kern, fh, "abc", 3, 0, 0);
				break;
			case 3:
				u = kern_poll(kern, fh, POLLIN | POLLOUT, 1);
				break;
			default:
				u = kern_ioctl(kern, fh, HK_FLUSH, 1, 0, NULL,
				    0, 0);
				break;
			}
			(void)kern_wait(kern, u, NULL);
		}
		kern_released(kern, fh);
	}
}

static void
storm(void)
{
	struct client c[8];

	front_up(6);
	for (unsigned i = 0; i < 8; i++) {
		c[i].c_seed = i + 1;
		c[i].c_thread = t_spawn(client, &c[i]);
	}
	for (int i = 0; i < 8; i++)
		t_join(c[i].c_thread);
	T_UNTIL(all_closed, NULL);
	wait_quiet();
	front_down();
	T_EQ(hk.opens, 8 * 40);
}

const struct t_case t_cases[] = {
	{ "interrupt_ends_a_blocked_read", interrupt_ends_a_blocked_read },
	{ "interrupt_right_behind_its_request",
	    interrupt_right_behind_its_request },
	{ "interrupt_of_an_answered_request",
	    interrupt_of_an_answered_request },
	{ "interrupt_of_a_sleeping_open_and_ioctl",
	    interrupt_of_a_sleeping_open_and_ioctl },
	{ "others_go_on_beside_200_blocked_readers",
	    others_go_on_beside_200_blocked_readers },
	{ "nodes_share_the_threads", nodes_share_the_threads },
	{ "idle_means_asleep", idle_means_asleep },
	{ "a_sleeper_stays_at_the_helm", a_sleeper_stays_at_the_helm },
	{ "a_wake_up_before_the_sleep_is_not_lost",
	    a_wake_up_before_the_sleep_is_not_lost },
	{ "a_sleeper_that_works_on_blocks_nobody",
	    a_sleeper_that_works_on_blocks_nobody },
	{ "a_sleeper_that_has_left_the_helm_is_woken",
	    a_sleeper_that_has_left_the_helm_is_woken },
	{ "wake_ups_and_requests_at_once", wake_ups_and_requests_at_once },
	{ "sleepers_do_not_wait_for_the_guard",
	    sleepers_do_not_wait_for_the_guard },
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
	{ "over_the_cap_nothing_blocks", over_the_cap_nothing_blocks },
	{ "no_user_takes_all_threads", no_user_takes_all_threads },
	{ "no_user_takes_all_threads_of_many_nodes",
	    no_user_takes_all_threads_of_many_nodes },
	{ "no_node_takes_all_threads", no_node_takes_all_threads },
	{ "the_last_threads_are_roots", the_last_threads_are_roots },
	{ "a_busy_channel_leaves_others_their_turn",
	    a_busy_channel_leaves_others_their_turn },
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
	{ "no_wake_up_is_lost", no_wake_up_is_lost },
	{ "storm", storm },
	{ NULL, NULL },
};
