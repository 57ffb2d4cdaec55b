/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_threads.c - the front end when operations sleep, are interrupted, and when
 * there are many.
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
#include "hyp/hyp.h"

#define	READERS	200
#define	ROUNDS	4000		/* of a race */

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
	T_UNTIL(front_all_closed, NULL);
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
	{ "no_wake_up_is_lost", no_wake_up_is_lost },
	{ "storm", storm },
	{ NULL, NULL },
};
