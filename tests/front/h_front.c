/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_front.c - see h_front.h.
 */
#undef NDEBUG
#include <assert.h>
#include <signal.h>
#include <string.h>

#include "h_front.h"
#include "host/host.h"
#include "hyp/hyp.h"

struct hyp_node *node;
struct kern *kern;
void *nodehost;

static bool is_up;

void
front_begin(struct front_config *fc)
{

	if (is_up)
		t_skip("a case before has failed and left its front end");
	signal(SIGPIPE, SIG_IGN);
	hyp_posix_set_loglevel(HYP_LOG_ERR);
	hk_reset();
	if (fc->open_channel == NULL)
		fc->open_channel = kern_open_channel;
	if (fc->devdir == NULL)
		fc->devdir = "/nonexistent";
	T_EQ(front_start(fc), 0);
	is_up = true;
}

void
front_up_with(struct front_config *fc)
{

	front_begin(fc);
	node = hk_node();
	T_EQ(hyp_node_create(node, "ttyX0", HYP_NODE_OTHER, 7, &nodehost), 0);
	kern = kern_last();
}

void
front_up(unsigned max_threads)
{
	struct front_config fc;

	memset(&fc, 0, sizeof(fc));
	fc.max_threads = max_threads;
	fc.deadline_ms = DEADLINE_MS;
	fc.idle_ms = IDLE_MS;
	front_up_with(&fc);
}

void
front_add(const char *name, unsigned minor, struct hyp_node **np,
    struct kern **kp)
{
	void *host;

	*np = hk_node();
	T_EQ(hyp_node_create(*np, name, HYP_NODE_OTHER, minor, &host), 0);
	*kp = kern_last();
}

unsigned
front_end(void)
{

	is_up = false;
	return front_stop();
}

void
front_down(void)
{

	T_EQ(front_end(), 0);
	kern_free(kern);
	T_EQ(hk.opens, hk.closes);
	T_EQ(hk.asleep, 0);
	T_EQ(front_zombies(), 0);
}

static int
quiet(void *arg)
{
	struct front_stats fs;

	(void)arg;
	front_getstats(&fs);
	return fs.threads == 2 && fs.idle == 2;
}

int
front_all_closed(void *arg)
{

	(void)arg;
	return hk.closes == hk.opens && hk.closing == 0;
}

int
front_closed_one(void *arg)
{

	(void)arg;
	return hk.closes == 1;
}

int
front_has_zombies(void *arg)
{
	const unsigned *n = arg;

	return front_zombies() == *n;
}

void
wait_asleep(unsigned n)
{

	T_UNTIL(hk_asleep, &n);
}

void
wait_quiet(void)
{

	T_UNTIL(quiet, NULL);
}
