/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_rnd.c - rnd(9), as its page has it: what a source adds reaches the host's
 * pool with an estimate that is never more than the bytes can have, as its flags
 * say, and no more of it in a second than RND_RATE; a callback is asked at the
 * attach, and not after the detach.  The pool is this test's.
 */
#include <sys/param.h>
#include <sys/atomic.h>
#include <sys/kernel.h>
#include <sys/rndsource.h>
#include <sys/systm.h>

#include <hyp/hyp.h>

#include "h_test.h"

static size_t added;		/* bytes */
static uint64_t credited;	/* bits */
static u_int calls, asked;
static krndsource_t rs;

void
hyp_random_add(const void *data, size_t len, uint32_t bits)
{

	T_CHECK(data != NULL || len == 0);
	added += len;
	credited += bits;
	calls++;
}

static void
begin(uint32_t flags)
{

	added = 0;
	credited = 0;
	calls = asked = 0;
	memset(&rs, 0, sizeof(rs));
	rnd_attach_source(&rs, "t0", RND_TYPE_RNG, flags);
}

static void
estimates(void)
{
	char buf[64] = "";

	begin(RND_FLAG_COLLECT_VALUE);
	rnd_add_data(&rs, buf, 10, 33);
	T_EQ(added, 10);
	T_EQ(credited, 33);
	rnd_add_data_sync(&rs, buf, 10, 1000);
	T_EQ(credited, 33 + 80);
	rnd_add_uint32(&rs, 5);
	T_EQ(added, 24);
	T_EQ(credited, 33 + 80);
	rnd_add_data(NULL, buf, 3, 24);
	T_EQ(added, 27);
	T_EQ(credited, 33 + 80);
	rnd_detach_source(&rs);
}

static void
flags(void)
{
	char buf[8] = "";

	begin(RND_FLAG_COLLECT_VALUE | RND_FLAG_NO_ESTIMATE);
	rnd_add_data(&rs, buf, 8, 64);
	T_EQ(added, 8);
	T_EQ(credited, 0);
	rnd_detach_source(&rs);
	begin(RND_FLAG_DEFAULT | RND_FLAG_NO_COLLECT);
	rnd_add_data(&rs, buf, 8, 64);
	T_EQ(calls, 0);
	rnd_detach_source(&rs);
	begin(RND_FLAG_DEFAULT);		/* and the time */
	rnd_add_data(&rs, buf, 8, 64);
	T_EQ(added, 8 + sizeof(uint64_t));
	T_EQ(credited, 64);
	rnd_detach_source(&rs);
	begin(RND_FLAG_COLLECT_TIME);
	rnd_add_data(&rs, buf, 8, 64);
	T_EQ(added, sizeof(uint64_t));
	T_EQ(credited, 0);
	rnd_detach_source(&rs);
}

static void
rate(void)
{
	static char buf[3 * RND_RATE];
	uint64_t end;

	begin(RND_FLAG_COLLECT_VALUE);
	rnd_add_data(&rs, buf, sizeof(buf), sizeof(buf));
	T_EQ(added, RND_RATE);
	/* Its part of the estimate. */
	T_EQ(credited, RND_RATE);
	for (int i = 0; i < 1000; i++)
		rnd_add_data(&rs, buf, 100, 800);
	/* A slow machine may be in the next second by now. */
	T_CHECK(added <= 2 * RND_RATE);
	end = hyp_clock() + 1100000000;
	while (hyp_clock() < end)
		t_msleep(50);
	added = 0;
	rnd_add_data(&rs, buf, 100, 800);
	T_EQ(added, 100);
	rnd_detach_source(&rs);
}

static void
asks(size_t n, void *cookie)
{

	T_EQ(n, RND_REQUEST);
	T_CHECK(cookie == &asked);
	atomic_inc_uint(&asked);
	rnd_add_data(&rs, "12345678", 8, 64);
}

static void
callback(void)
{

	memset(&rs, 0, sizeof(rs));
	asked = 0;
	added = 0;
	rndsource_setcb(&rs, asks, &asked);
	rnd_attach_source(&rs, "t1", RND_TYPE_RNG,
	    RND_FLAG_COLLECT_VALUE | RND_FLAG_HASCB);
	T_EQ(asked, 1);
	T_EQ(added, 8);
	/* In RND_PERIOD s again, which nobody here waits for. */
	T_CHECK(callout_pending(&rs.rs_callout));
	callout_schedule(&rs.rs_callout, 1);
	while (atomic_load_relaxed(&asked) < 2)
		t_msleep(1);
	rnd_detach_source(&rs);
	T_CHECK(!rs.rs_callout.c_pending);
	T_EQ(asked, 2);
}

static void
boots(void)
{

	kern_init();
}

const struct t_case t_cases[] = {
	{ "the runtime", boots },
	{ "an estimate is at most eight bits a byte", estimates },
	{ "flags say what is used, and what counts", flags },
	{ "a source sends no more than RND_RATE bytes in a second", rate },
	{ "a callback is asked at attach, later, and not after detach", callback },
	{ NULL, NULL }
};
