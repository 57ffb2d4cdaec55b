/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_shares.c - threads are not for all: what a client gets when there are no
 * more, the shares of users and nodes, and whose turn it is.
 */
#undef NDEBUG
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "h_front.h"
#include "host/host.h"
#include "hyp/hyp.h"

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
	T_UNTIL(front_closed_one, NULL);
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
	T_UNTIL(front_closed_one, NULL);
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

const struct t_case t_cases[] = {
	{ "over_the_cap_nothing_blocks", over_the_cap_nothing_blocks },
	{ "no_user_takes_all_threads", no_user_takes_all_threads },
	{ "no_user_takes_all_threads_of_many_nodes",
	    no_user_takes_all_threads_of_many_nodes },
	{ "no_node_takes_all_threads", no_node_takes_all_threads },
	{ "the_last_threads_are_roots", the_last_threads_are_roots },
	{ "a_busy_channel_leaves_others_their_turn",
	    a_busy_channel_leaves_others_their_turn },
	{ NULL, NULL },
};
