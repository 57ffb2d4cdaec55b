/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * l_stuck.c - litmuses of a driver that does not come back until later: a
 * read that ignores d_cancel, a d_cancel or d_close that hangs or that takes
 * its time.  Revokes end at the deadline, opens answer EBUSY from then on,
 * vdevgone waits, and when the driver is back all is as if nothing had been.
 * A last close that only gets on is waited for by opens, and cut short by all
 * others.
 * The deadline is virtual: it comes when nobody else can run, or when an
 * actor lets the time go by.
 */
#include <sys/errno.h>
#include <sys/kernel.h>
#include <sys/lwp.h>
#include <sys/systm.h>
#include <sys/vnode.h>

#include <hyp/hyp.h>

#include <miscfs/specfs/specdev.h>

#include "sched/sched.h"
#include "specfs/h_drv.h"
#include "specfs/h_node.h"

#define	L_ENXIO		6
#define	L_EBADF		9
#define	L_EAGAIN	11
#define	L_EBUSY		16
#define	SECONDS(n)	((uint64_t)(n) * 1000000000)

static struct h_client a, b;
static bool back;		/* the driver is */
static bool over;		/* close(2) is; hd_lock */
static uint64_t began;

static void
setup_open_of(const struct cdevsw *cdev, const char *semantics)
{

	hd_setup(cdev);
	SCHED_CHECK(devsw_semantics(hd_present, semantics) == 0);
	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	a.c_node = b.c_node = hd_node(0);
	back = over = false;
	began = sched_clock();
	h_open(&a);
	SCHED_CHECK(a.c_error == 0);
}

static void
setup_open_as(const char *semantics)
{

	setup_open_of(&hd_cdevsw, semantics);
}

static void
setup_open_a(void)
{

	setup_open_as("netbsd");
}

static void
setup_deaf(void)
{

	setup_open_a();
	hd[0].hd_deaf = true;
}

static void
setup_close_holds(void)
{

	setup_open_a();
	hd[0].hd_close_holds = true;
}

static void
setup_holds_freebsd(void)
{

	setup_open_as("freebsd");
	hd[0].hd_close_holds = true;
}

/* A d_close for each close, and another open. */
static void
setup_holds_track(void)
{
	static struct cdevsw track;

	track = hd_cdevsw;
	track.d_flag |= D_TRACKCLOSE;
	setup_open_of(&track, "freebsd-trackclose");
	h_open(&b);
	SCHED_CHECK(b.c_error == 0);
	hd[0].hd_close_holds = true;
}

/* And gets on, twice; the next sign of that does not come. */
static void
setup_close_stops(void)
{

	setup_close_holds();
	hd[0].hd_close_steps = 2;
}

/* A d_close that gets on every four seconds, for as long as it takes. */
static void
setup_close_moves(void)
{

	setup_close_holds();
	hd[0].hd_close_steps = 100;
}

static void
setup_moves_freebsd(void)
{

	setup_open_as("freebsd");
	hd[0].hd_close_holds = true;
	hd[0].hd_close_steps = 100;
}

static void
setup_moves_linux(void)
{

	setup_open_as("linux");
	hd[0].hd_close_holds = true;
	hd[0].hd_close_steps = 100;
}

/* The same, of one that minds no interrupt. */
static void
setup_close_deaf(void)
{

	setup_close_moves();
	hd[0].hd_deaf = true;
}

static void
is_over(struct h_hostfile *hf __unused)
{

	mutex_enter(&hd[0].hd_lock);
	over = true;
	cv_broadcast(&hd[0].hd_cv);
	mutex_exit(&hd[0].hd_lock);
}

/* A d_close that has, when d_cancel returns, five seconds to send. */
static void
setup_close_sends(void)
{

	setup_close_holds();
	hd[0].hd_drains = 5000;
	a.c_host.hf_closing = is_over;
}

/* And it gets on. */
static void
setup_moves_long(void)
{

	setup_close_sends();
	hd[0].hd_close_steps = 100;
}

static void
setup_cancel_holds(void)
{

	setup_open_a();
	hd[0].hd_cancel_holds = true;
}

/* As good as new. */
static void
end(void)
{
	struct hyp_node_stat hs;
	bool gone;

	/* A revoke's close was on a thread that nobody joins. */
	mutex_enter(&hd[0].hd_lock);
	SCHED_CHECK(hd[0].hd_breaches == 0 && hd[0].hd_calls == 0);
	SCHED_CHECK(!hd[0].hd_isopen && !hd[0].hd_cancelled);
	gone = hd[0].hd_gone;
	mutex_exit(&hd[0].hd_lock);
	SCHED_CHECK(hyp_zombies() == 0);
	hyp_node_getstat(hd_node(0), &hs);
	SCHED_CHECK(!hs.hs_closing && !hs.hs_stuck && hs.hs_opens == 0);
	if (!gone) {
		h_open(&b);
		SCHED_CHECK(b.c_error == 0);
		h_close(&b);
	}
	hd_teardown();
}

static void
end_close_a(void)
{

	h_close(&a);
	end();
}

/* Nobody has waited longer for what a close had to send than a revoke does. */
static void
end_soon(void)
{

	SCHED_CHECK(sched_clock() - began < SECONDS(1) + SECONDS(1) / 10);
	SCHED_CHECK(hd[0].hd_nclose > 0);
	hd_set(&hd[0], &hd[0].hd_close_holds, false);
	end();
}

static void
end_at_once(void)
{

	SCHED_CHECK(sched_clock() - began < SECONDS(1) / 10);
	end_soon();
}

/* The file that nobody has closed was closed by its revoke. */
static void
end_track(void)
{

	SCHED_CHECK(hd[0].hd_nclose == 2);
	h_close(&b);
	end();
}

/* It has been sent. */
static void
end_sent(void)
{

	SCHED_CHECK(!hd[0].hd_cut);
	end();
}

/* Deadlines: of a revoke; of a last close, which may have to send. */
static const u_int revoked = 5, closed = 10;
#define	ARG(x)	((void *)(uintptr_t)(x))

/* ---- actors --------------------------------------------------------- */

static void
reads_closes(void *arg)
{
	struct h_client *c = arg;

	h_read(c);
	h_close(c);
}

static void
closes(void *arg)
{

	h_close(arg);
}

static void
revokes(void *arg __unused)
{

	SCHED_CHECK(h_revoke(hd_node(0)) == 0);
	sched_note("revoked");
	/* Before the driver is back, or with it; but not for ever. */
	SCHED_CHECK(sched_clock() - began <= SECONDS(11));
}

/* After a close(2) that has much to send. */
static void
revokes_at_once(void *arg)
{

	mutex_enter(&hd[0].hd_lock);
	while (!over)
		cv_wait(&hd[0].hd_cv, &hd[0].hd_lock);
	mutex_exit(&hd[0].hd_lock);
	revokes(arg);
}

/* When somebody else's d_close is in the driver; it is over with its own. */
static void
revokes_during_close(void *arg)
{

	mutex_enter(&hd[0].hd_lock);
	while (hd[0].hd_nclose == 0)
		(void)kpause("close", false, 1, &hd[0].hd_lock);
	mutex_exit(&hd[0].hd_lock);
	revokes(arg);
	mutex_enter(&hd[0].hd_lock);
	SCHED_CHECK(!back || hd[0].hd_nclose == 2);
	mutex_exit(&hd[0].hd_lock);
}

/* And then lets who closes meanwhile go on. */
static void
revokes_leaves(void *arg)
{

	revokes_at_once(arg);
	hd_set(&hd[0], &hd[0].hd_close_holds, false);
}

/* When a revoke has cut the close before short, and so has what it takes. */
static void
opens_after_cut(void *arg __unused)
{

	mutex_enter(&hd[0].hd_lock);
	while (!hd[0].hd_cut)
		cv_wait(&hd[0].hd_cv, &hd[0].hd_lock);
	hd[0].hd_cut = false;
	mutex_exit(&hd[0].hd_lock);
	h_open(&b);
	SCHED_CHECK(b.c_error == 0);
	h_close(&b);
}

/* Not later than a revoke's own close would be given up. */
static void
revokes_deaf(void *arg __unused)
{
	const uint64_t from = sched_clock();

	SCHED_CHECK(h_revoke(hd_node(0)) == 0);
	SCHED_CHECK(sched_clock() - from <= SECONDS(6) + SECONDS(1) / 10);
}

/* It waits for the deadline, EBUSY, but not for the driver. */
static void
opens(void *arg)
{

	h_open(&b);
	sched_note("open: %d", b.c_error);
	SCHED_CHECK(b.c_error == 0 || b.c_error == L_EBADF ||
	    b.c_error == L_ENXIO || (b.c_error == L_EBUSY &&
	    sched_clock() - began >= SECONDS(*(const u_int *)arg)));
	SCHED_CHECK(sched_clock() - began <= SECONDS(11));
	if (b.c_error == 0)
		h_close(&b);
}

/* Thirty seconds, and no open is told that it is busy: nothing is stuck. */
static void
opens_late(void *arg __unused)
{

	h_open(&b);
	SCHED_CHECK(b.c_error == 0 && hyp_zombies() == 0);
	h_close(&b);
}

/*
 * The last sign came after 8 s, the next had 10 s and the 3 s that the driver
 * has asked for: EBUSY then, not before and not later.
 */
static void
opens_stopped(void *arg __unused)
{

	h_open(&b);
	sched_note("open: %d", b.c_error);
	if (b.c_error == 0) {
		SCHED_CHECK(sched_clock() == began);	/* it came first */
		h_close(&b);
		return;
	}
	SCHED_CHECK(b.c_error == L_EBUSY && hyp_zombies() == 1);
	SCHED_CHECK(sched_clock() - began >= SECONDS(21));
	SCHED_CHECK(sched_clock() - began < SECONDS(22));
}

static void
open_now(void)
{
	struct hyp_lwp *l = h_enter(1000);

	b.c_error = hyp_node_open(b.c_node, HYP_F_READ | HYP_F_WRITE |
	    HYP_F_NONBLOCK, &b.c_host, &b.c_file);
	h_exit(l);
	sched_note("open: %d", b.c_error);
}

/* It is woken by the end of the close: no sleep is too long. */
static void
opens_soon(void *arg __unused)
{

	open_now();
	SCHED_CHECK(b.c_error == 0);
	SCHED_CHECK(sched_clock() - began < SECONDS(1) / 2 + SECONDS(1) / 10);
	h_close(&b);
}

/* It waits for a second, and no longer. */
static void
opens_for_a_second(void *arg __unused)
{

	open_now();
	if (b.c_error == 0) {
		SCHED_CHECK(sched_clock() == began);	/* it came first */
		h_close(&b);
		return;
	}
	SCHED_CHECK(b.c_error == L_EAGAIN);
	SCHED_CHECK(sched_clock() - began >= SECONDS(1));
	SCHED_CHECK(sched_clock() - began < SECONDS(1) + SECONDS(1) / 10);
}

/* After a close(2) that has much to send it does not wait at all. */
static void
opens_at_once(void *arg __unused)
{

	mutex_enter(&hd[0].hd_lock);
	while (!over)
		cv_wait(&hd[0].hd_cv, &hd[0].hd_lock);
	mutex_exit(&hd[0].hd_lock);
	open_now();
	SCHED_CHECK(b.c_error == L_EAGAIN);
	SCHED_CHECK(sched_clock() - began < SECONDS(1) / 10);
}

static void
unplugs(void *arg __unused)
{

	hd_set(&hd[0], &hd[0].hd_gone, true);
	vdevgone(0, 0, 0, VCHR);
	/* Nobody is in the driver but who sees that it is gone. */
	mutex_enter(&hd[0].hd_lock);
	SCHED_CHECK(hd[0].hd_calls == 0 && !hd[0].hd_isopen);
	mutex_exit(&hd[0].hd_lock);
	sched_note("gone");
}

static void
leaves(void *arg __unused)
{
	devmajor_t maj = 0;

	devsw_detach(NULL, hd_present);
	SCHED_CHECK(!hd[0].hd_isopen);
	SCHED_CHECK(devsw_attach("hd", NULL, NULL, hd_present, &maj) == 0);
}

static void
halts(void *arg __unused)
{

	spec_halt();
}

/* Whose close was cut short may sleep in the next call. */
static void
closes_reads(void *arg __unused)
{

	h_close(&a);
	h_open(&b);
	SCHED_CHECK(b.c_error == 0);
	h_read(&b);
	SCHED_CHECK(b.c_error == 0 && b.c_done == 1);
	h_close(&b);
}

static void
byte_comes(void *arg __unused)
{

	mutex_enter(&hd[0].hd_lock);
	while (hd[0].hd_calls == 0)
		cv_wait(&hd[0].hd_cv, &hd[0].hd_lock);
	hd[0].hd_bytes++;
	cv_broadcast(&hd[0].hd_cv);
	mutex_exit(&hd[0].hd_lock);
}

static void
comes_back(void *arg __unused)
{

	mutex_enter(&hd[0].hd_lock);
	back = true;
	hd[0].hd_deaf = hd[0].hd_close_holds = hd[0].hd_cancel_holds = false;
	cv_broadcast(&hd[0].hd_cv);
	mutex_exit(&hd[0].hd_lock);
	sched_note("the driver is back");
}

/* Later than any deadline. */
static void
comes_back_late(void *arg)
{

	(void)kpause("stuck", false, 12 * hz, NULL);
	comes_back(arg);
}

static void
comes_back_soon(void *arg)
{

	(void)kpause("stuck", false, hz / 2, NULL);
	comes_back(arg);
}

static void
comes_back_at_30(void *arg)
{

	(void)kpause("stuck", false, 30 * hz, NULL);
	comes_back(arg);
}

static void
time_goes(void *arg __unused)
{

	sched_elapse(SECONDS(5) + 1000000);
}

static void
time_goes_twice(void *arg)
{

	time_goes(arg);
	time_goes(arg);
}

#define	ACTORS(name, ...)						\
	static const struct sched_actor name[] = {			\
		__VA_ARGS__, { NULL, NULL, NULL }			\
	}

ACTORS(read_revoke, { "A", reads_closes, &a }, { "revoke", revokes, NULL },
    { "back", comes_back_late, NULL });
ACTORS(read_revoke_open, { "A", reads_closes, &a },
    { "revoke", revokes, NULL }, { "B", opens, ARG(&revoked) },
    { "back", comes_back_late, NULL });
ACTORS(read_revoke_time, { "A", reads_closes, &a },
    { "revoke", revokes, NULL }, { "time", time_goes, NULL },
    { "back", comes_back, NULL });
ACTORS(read_unplug, { "A", reads_closes, &a }, { "unplug", unplugs, NULL },
    { "back", comes_back_late, NULL });
ACTORS(read_revoke_unplug, { "A", reads_closes, &a },
    { "revoke", revokes, NULL }, { "unplug", unplugs, NULL },
    { "back", comes_back_late, NULL });
ACTORS(read_two_revokes, { "A", reads_closes, &a },
    { "R1", revokes, NULL }, { "R2", revokes, NULL },
    { "back", comes_back_late, NULL });
ACTORS(close_open, { "A", closes, &a }, { "B", opens, ARG(&closed) },
    { "back", comes_back_late, NULL });
ACTORS(close_open_time, { "A", closes, &a }, { "B", opens, ARG(&closed) },
    { "time", time_goes_twice, NULL }, { "back", comes_back, NULL });
ACTORS(close_late, { "A", closes, &a }, { "B", opens_late, NULL },
    { "back", comes_back_at_30, NULL });
ACTORS(close_stops, { "A", closes, &a }, { "B", opens_stopped, NULL },
    { "back", comes_back_at_30, NULL });
ACTORS(close_soon, { "A", closes, &a }, { "B", opens_soon, NULL },
    { "back", comes_back_soon, NULL });
ACTORS(close_second, { "A", closes, &a }, { "B", opens_for_a_second, NULL },
    { "back", comes_back_late, NULL });
ACTORS(close_at_once, { "A", closes, &a }, { "B", opens_at_once, NULL },
    { "back", comes_back_late, NULL });
ACTORS(close_revoke, { "A", closes, &a }, { "revoke", revokes, NULL },
    { "back", comes_back_late, NULL });
ACTORS(track_revoke, { "A", closes, &a },
    { "revoke", revokes_during_close, NULL }, { "back", comes_back, NULL });
ACTORS(close_unplug, { "A", closes, &a }, { "unplug", unplugs, NULL },
    { "back", comes_back_late, NULL });
ACTORS(moves_deaf, { "A", closes, &a }, { "revoke", revokes_deaf, NULL },
    { "back", comes_back_at_30, NULL });
ACTORS(moves_revoke, { "A", closes, &a }, { "revoke", revokes, NULL });
ACTORS(moves_long, { "A", closes, &a }, { "revoke", revokes_at_once, NULL });
ACTORS(moves_next, { "A", closes, &a }, { "revoke", revokes_leaves, NULL },
    { "B", opens_after_cut, NULL });
ACTORS(moves_soon, { "A", closes, &a }, { "revoke", revokes, NULL },
    { "back", comes_back_soon, NULL });
ACTORS(moves_unplug, { "A", closes, &a }, { "unplug", unplugs, NULL });
ACTORS(moves_leave, { "A", closes, &a }, { "leave", leaves, NULL });
ACTORS(moves_halt, { "A", closes, &a }, { "halt", halts, NULL });
ACTORS(moves_read, { "A", closes_reads, NULL }, { "halt", halts, NULL },
    { "input", byte_comes, NULL });
ACTORS(cancel_revoke_open, { "revoke", revokes, NULL },
    { "B", opens, ARG(&revoked) }, { "back", comes_back_late, NULL });

extern const struct sched_litmus l_stuck[];
const struct sched_litmus l_stuck[] = {
	{ "stuck_read_revoke", "a read that stays: the revoke returns",
	    setup_deaf, read_revoke, end },
	{ "stuck_read_open", "the same, and an open: EBUSY, not for ever",
	    setup_deaf, read_revoke_open, end },
	{ "stuck_read_deadline", "a read that is back at the deadline",
	    setup_deaf, read_revoke_time, end },
	{ "stuck_read_unplug", "a read that stays: vdevgone waits",
	    setup_deaf, read_unplug, end },
	{ "stuck_read_both", "the same, revoked as well",
	    setup_deaf, read_revoke_unplug, end },
	{ "stuck_two_revokes", "a read that stays, and two revokes",
	    setup_deaf, read_two_revokes, end },
	{ "stuck_close_open", "a d_close that stays, and an open",
	    setup_close_holds, close_open, end },
	{ "stuck_close_deadline", "a d_close that is back at the deadline",
	    setup_close_holds, close_open_time, end },
	{ "slow_close_open", "a d_close that gets on: no open is EBUSY",
	    setup_close_moves, close_late, end },
	{ "slow_close_stops", "one that stops: EBUSY, from its last progress",
	    setup_close_stops, close_stops, end },
	{ "slow_close_revoke", "one that gets on, and a revoke: a second",
	    setup_close_moves, moves_revoke, end_soon },
	{ "slow_close_long", "and has much to send: not even that",
	    setup_moves_long, moves_long, end_at_once },
	{ "slow_close_next", "the same, and another: that is not cut short",
	    setup_moves_long, moves_next, end_sent },
	{ "slow_close_sent", "and has sent it soon: all of it",
	    setup_close_moves, moves_soon, end_sent },
	{ "slow_close_deaf", "one that cannot be cut short: at its deadline",
	    setup_close_deaf, moves_deaf, end },
	{ "slow_close_unplug", "one that gets on, and vdevgone: a second",
	    setup_close_moves, moves_unplug, end_soon },
	{ "slow_close_leave", "the same, and devsw_detach",
	    setup_close_moves, moves_leave, end_soon },
	{ "slow_close_halt", "the same, and the daemon's end: at once",
	    setup_close_moves, moves_halt, end_at_once },
	{ "slow_close_read", "and who has closed it opens it and reads",
	    setup_close_moves, moves_read, end_at_once },
	{ "slow_close_freebsd", "as FreeBSD's, and a revoke",
	    setup_moves_freebsd, moves_revoke, end_soon },
	{ "slow_close_linux", "as Linux's, and vdevgone",
	    setup_moves_linux, moves_unplug, end_at_once },
	{ "now_close_soon", "O_NONBLOCK: a close that is over soon",
	    setup_close_holds, close_soon, end },
	{ "now_close_second", "one that is not: EAGAIN after a second",
	    setup_close_holds, close_second, end },
	{ "now_close_sends", "one that has to send: EAGAIN at once",
	    setup_close_sends, close_at_once, end },
	{ "stuck_close_revoke", "a d_close that stays, and a revoke",
	    setup_close_holds, close_revoke, end },
	{ "stuck_close_freebsd", "the same, as FreeBSD's",
	    setup_holds_freebsd, close_revoke, end },
	{ "stuck_close_track", "one that closes one file of two, and a revoke",
	    setup_holds_track, track_revoke, end_track },
	{ "stuck_close_unplug", "a d_close that stays, and vdevgone",
	    setup_close_holds, close_unplug, end },
	{ "stuck_cancel_open", "a d_cancel that stays, revoke and open",
	    setup_cancel_holds, cancel_revoke_open, end_close_a },
	{ NULL, NULL, NULL, NULL, NULL },
};
