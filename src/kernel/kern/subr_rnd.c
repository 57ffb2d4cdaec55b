/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * subr_rnd.c - rnd(9): from drivers' entropy sources to Linux's pool.
 *
 * Model
 *	There is no pool here: what a source adds goes on at once to the host
 *	(hyp_random_add), with the estimate of the driver that added it, which
 *	is never more than eight bits a byte.  So there is nobody who would
 *	know that entropy is wanted: a source with a callback is asked at its
 *	attach, when Linux's pool may be empty, and every RND_PERIOD s, because
 *	a pool that was read by somebody else once is good again after that.
 *
 *	A device can send as fast as it likes.  Of more than RND_RATE bytes in
 *	a second the rest is dropped: it would cost time in the kernel, and a
 *	pool has no use for it.
 *
 * Detach
 *	rs_detaching keeps the callout from being scheduled again, and
 *	callout_halt waits for the one that runs:
 *
 *	rnd_detach_source		softclock
 *					rnd_ask: rs_get()
 *	rs_detaching = true
 *	callout_halt waits		not scheduled: rs_detaching
 *	rs may be freed
 *
 * Locks
 *	rs_lock: two members; nothing else is called with it but the callout's.
 */
#include <sys/param.h>
#include <sys/kernel.h>
#include <sys/rndsource.h>
#include <sys/systm.h>

#include <hyp/hyp.h>

#define	NSEC_PER_SEC	1000000000ULL

/*
 * rndsource_setcb(rs, get, cookie)
 *
 *	get(n, cookie) asks for about n bytes, which the source adds when it has
 *	them, in the call or later.  Before rnd_attach_source, which gets
 *	RND_FLAG_HASCB.
 */
void
rndsource_setcb(krndsource_t *rs, void (*get)(size_t, void *), void *cookie)
{

	rs->rs_get = get;
	rs->rs_cookie = cookie;
}

/* Ask, and again after the period. */
static void
rnd_ask(void *arg)
{
	krndsource_t *const rs = arg;

	(*rs->rs_get)(RND_REQUEST, rs->rs_cookie);
	mutex_enter(&rs->rs_lock);
	if (!rs->rs_detaching)
		callout_schedule(&rs->rs_callout, RND_PERIOD * hz);
	mutex_exit(&rs->rs_lock);
}

/*
 * rnd_attach_source(rs, name, type, flags)
 *
 *	rs is used from now on.  With RND_FLAG_HASCB its callback is called,
 *	before this returns; so no lock of its may be held.
 */
void
rnd_attach_source(krndsource_t *rs, const char *name, uint32_t type,
    uint32_t flags)
{

	KASSERTMSG((flags & RND_FLAG_HASCB) == 0 || rs->rs_get != NULL,
	    "%s: RND_FLAG_HASCB without rndsource_setcb", name);
	strlcpy(rs->rs_name, name, sizeof(rs->rs_name));
	rs->rs_type = type;
	rs->rs_flags = flags;
	rs->rs_detaching = false;
	rs->rs_second = 0;
	rs->rs_room = 0;
	mutex_init(&rs->rs_lock, MUTEX_DEFAULT, IPL_VM);
	callout_init(&rs->rs_callout, CALLOUT_MPSAFE);
	if (flags & RND_FLAG_HASCB) {
		callout_setfunc(&rs->rs_callout, rnd_ask, rs);
		rnd_ask(rs);
	}
}

/*
 * rnd_detach_source(rs)
 *
 *	The callback has returned, and does not come again; rs may be freed.
 *	Waits for it: no lock that it takes.  Nobody may add any more.
 */
void
rnd_detach_source(krndsource_t *rs)
{

	ASSERT_SLEEPABLE();
	mutex_enter(&rs->rs_lock);
	rs->rs_detaching = true;
	mutex_exit(&rs->rs_lock);
	(void)callout_halt(&rs->rs_callout, NULL);
	callout_destroy(&rs->rs_callout);
	mutex_destroy(&rs->rs_lock);
}

/* How many of len bytes the source may still send in this second. */
static size_t
rnd_admit(krndsource_t *rs, size_t len)
{
	const uint64_t now = hyp_clock();

	mutex_enter(&rs->rs_lock);
	if (rs->rs_second == 0 || now - rs->rs_second >= NSEC_PER_SEC) {
		rs->rs_second = now;
		rs->rs_room = RND_RATE;
	}
	len = MIN(len, rs->rs_room);
	rs->rs_room -= len;
	mutex_exit(&rs->rs_lock);
	return len;
}

/*
 * rnd_add_data(rs, data, len, bits)
 * rnd_add_data_sync(rs, data, len, bits)
 *
 *	Add len bytes, of which nobody can guess bits bits.  With a NULL rs they
 *	count as none.  Any lock, any thread; does not sleep.  The second is for
 *	NetBSD's callbacks, and the same here.
 */
void
rnd_add_data(krndsource_t *rs, const void *data, uint32_t len, uint32_t bits)
{
	uint64_t now;
	size_t n = len;

	if (rs == NULL) {
		hyp_random_add(data, n, 0);
		return;
	}
	if (rs->rs_flags & RND_FLAG_NO_COLLECT)
		return;
	if (rs->rs_flags & RND_FLAG_COLLECT_TIME) {
		now = hyp_clock();
		if (rnd_admit(rs, sizeof(now)) == sizeof(now))
			hyp_random_add(&now, sizeof(now), 0);
	}
	if ((rs->rs_flags & RND_FLAG_COLLECT_VALUE) == 0)
		return;
	n = rnd_admit(rs, n);
	if (rs->rs_flags & RND_FLAG_NO_ESTIMATE)
		bits = 0;
	/* What is left of them in what is left of it. */
	bits = (uint32_t)((uint64_t)MIN(bits, (uint64_t)len * NBBY) * n /
	    MAX(len, 1));
	if (n > 0)
		hyp_random_add(data, n, bits);
}

void
rnd_add_data_sync(krndsource_t *rs, const void *data, uint32_t len,
    uint32_t bits)
{

	rnd_add_data(rs, data, len, bits);
}

/*
 * rnd_add_uint32(rs, value)
 *
 *	Something happened: a value, and the time, that count as no entropy.
 *	As rnd_add_data.
 */
void
rnd_add_uint32(krndsource_t *rs, uint32_t value)
{

	rnd_add_data(rs, &value, sizeof(value), 0);
}
