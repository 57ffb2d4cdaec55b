/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * l_specfs.c - litmuses of opens, closes, calls, revokes and unplugs of one
 * device, on specfs and the switch as they are.  The driver is h_drv.c, which
 * counts breaches of the d_cancel contract; the races are those that NetBSD's
 * opendetach series names.
 */
#include <sys/atomic.h>
#include <sys/errno.h>
#include <sys/lwp.h>
#include <sys/poll.h>
#include <sys/systm.h>

#include <miscfs/specfs/specdev.h>

#include "sched/sched.h"
#include "specfs/h_drv.h"
#include "specfs/h_node.h"
#include "specfs/specfs_impl.h"

#define	L_EIO		5
#define	L_EAGAIN	11

static struct h_client a, b, c3;

static void
setup_of(const struct cdevsw *cdev)
{

	hd_setup(cdev);
	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	a.c_node = b.c_node = hd_node(0);
}

static void
setup(void)
{

	setup_of(&hd_cdevsw);
}

static void
setup_open_a(void)
{

	setup();
	h_open(&a);
	SCHED_CHECK(a.c_error == 0);
}

static void
setup_open_both(void)
{

	setup_open_a();
	h_open(&b);
	SCHED_CHECK(b.c_error == 0);
}

/* What holds after every run: no breach, and as many closes as openings. */
static void
end(void)
{

	SCHED_CHECK(hd[0].hd_breaches == 0);
	SCHED_CHECK(!hd[0].hd_isopen);
	SCHED_CHECK(!hd[0].hd_cancelled);
	SCHED_CHECK(hd[0].hd_ncancel == hd[0].hd_nclose);
	SCHED_CHECK(hd[0].hd_nclose <= hd[0].hd_nopen);
	hd_teardown();
}

/* The same, with a file that nobody closes before. */
static void
end_close_a(void)
{

	h_close(&a);
	end();
}

/* ---- actors --------------------------------------------------------- */

/*
 * A thread that may not sleep asks a driver that wants the call again each time:
 * EAGAIN, or what a dead file has.
 */
static void
reads_nosleep(void *arg)
{
	struct h_client *c = arg;
	struct hyp_lwp *const l = h_enter(1000);
	size_t done;
	char byte;

	hyp_lwp_nosleep(l);
	c->c_error = hyp_file_read(c->c_file, &byte, 1, 0, &done);
	sched_note("read: %d", c->c_error);
	SCHED_CHECK(c->c_error == L_EAGAIN || c->c_error == L_EIO);
	h_exit(l);
	h_close(c);
}

static void
open_close(void *arg)
{
	struct h_client *c = arg;

	h_open(c);
	sched_note("open: %d", c->c_error);
	if (c->c_error == 0)
		h_close(c);
}

static void
open_write_close(void *arg)
{
	struct h_client *c = arg;

	h_open(c);
	sched_note("open: %d", c->c_error);
	if (c->c_error == 0) {
		(void)h_write(c, 1);
		h_close(c);
	}
}

static void
open_read_close(void *arg)
{
	struct h_client *c = arg;

	h_open(c);
	sched_note("open: %d", c->c_error);
	if (c->c_error == 0) {
		h_read(c);
		sched_note("read: %d", c->c_error);
		h_close(c);
	}
}

static void
read_close(void *arg)
{
	struct h_client *c = arg;

	h_read(c);
	sched_note("read: %d", c->c_error);
	h_close(c);
}

static uint32_t polled;

static void
polls(void *arg)
{

	polled = h_poll(arg, POLLIN, 1);
	sched_note("poll: %#x", polled);
}

/* Who was told to wait has been told to come back. */
static void
end_poll(void)
{

	SCHED_CHECK(polled != 0 || a.c_host.hf_wakes > 0);
	end_close_a();
}

static void
closes_file(void *arg)
{

	h_close(arg);
}

static void
revokes(void *arg __unused)
{

	SCHED_CHECK(h_revoke(hd_node(0)) == 0);
	sched_note("revoked");
}

/* Where nobody opens it again. */
static void
revokes_for_good(void *arg)
{

	revokes(arg);
	SCHED_CHECK(!hd[0].hd_isopen && !hd[0].hd_cancelled);
	SCHED_CHECK(hd[0].hd_calls == 0);
}

static void
unplugs(void *arg __unused)
{

	sched_did("hardware is pulled out");
	hd_set(&hd[0], &hd[0].hd_gone, true);
	sched_begin("vdevgone");
	vdevgone(0, 0, 0, VCHR);
	sched_end("vdevgone", 0);
	/* Nobody is in the driver but who sees that it is gone. */
	mutex_enter(&hd[0].hd_lock);
	SCHED_CHECK(hd[0].hd_calls == 0);
	SCHED_CHECK(!hd[0].hd_isopen);
	mutex_exit(&hd[0].hd_lock);
	sched_note("gone");
}

/* Once somebody sleeps in d_open; nothing else would wake him. */
static void
await_opener(void)
{

	mutex_enter(&hd[0].hd_lock);
	while (hd[0].hd_opens == 0)
		cv_wait(&hd[0].hd_cv, &hd[0].hd_lock);
	mutex_exit(&hd[0].hd_lock);
}

static void
revokes_opener(void *arg)
{

	await_opener();
	revokes(arg);
}

static void
unplugs_opener(void *arg)
{

	await_opener();
	unplugs(arg);
}

static void
replugs(void *arg)
{

	unplugs(arg);
	sched_did("hardware is plugged in");
	hd_set(&hd[0], &hd[0].hd_gone, false);
}

static void
driver_leaves(void *arg __unused)
{

	sched_begin("devsw_detach");
	devsw_detach(NULL, &hd_cdevsw);
	sched_end("devsw_detach", 0);
	SCHED_CHECK(hd[0].hd_calls == 0);
	SCHED_CHECK(hd[0].hd_opens == 0);
}

static void
driver_comes(void *arg __unused)
{
	devmajor_t maj = 0;

	sched_begin("devsw_attach");
	SCHED_CHECK(devsw_attach("hd", NULL, NULL, &hd_cdevsw, &maj) == 0);
	sched_end("devsw_attach", 0);
}

static bool gone;		/* vdevgone has returned */

static void
unplugs_gone(void *arg)
{

	unplugs(arg);
	gone = true;
}

/* It lives on until here. */
static void
closes_before(void *arg)
{

	SCHED_CHECK(!gone);
	h_close(arg);
}

/* The daemon ends: who lets clients live on does not wait for them. */
static void
halts(void *arg __unused)
{

	spec_halt();
	sched_did("spec_halt");
}

/* From the next first open on. */
static void
chooses(void *arg)
{

	SCHED_CHECK(devsw_semantics(hd_present, arg) == 0);
	sched_note("now: %s", (const char *)arg);
}

#define	ACTORS(name, ...)						\
	static const struct sched_actor name[] = {			\
		__VA_ARGS__, { NULL, NULL, NULL }			\
	}

ACTORS(two_opens, { "A", open_close, &a }, { "B", open_close, &b });
ACTORS(open_revoke, { "A", open_close, &a }, { "revoke", revokes, NULL });
ACTORS(open_unplug, { "A", open_close, &a }, { "unplug", unplugs, NULL });
ACTORS(opener_revoke, { "A", open_close, &a },
    { "revoke", revokes_opener, NULL });
ACTORS(opener_unplug, { "A", open_close, &a },
    { "unplug", unplugs_opener, NULL });
ACTORS(write_revoke, { "A", open_write_close, &a },
    { "revoke", revokes, NULL });
ACTORS(nosleep_read_revoke, { "A", reads_nosleep, &a },
    { "revoke", revokes, NULL });
ACTORS(read_revoke, { "A", read_close, &a },
    { "revoke", revokes_for_good, NULL });
ACTORS(read_unplug, { "A", read_close, &a }, { "unplug", unplugs, NULL });
ACTORS(poll_revoke, { "A", polls, &a }, { "revoke", revokes, NULL });
ACTORS(close_revoke, { "A", closes_file, &a },
    { "revoke", revokes_for_good, NULL });
ACTORS(close_unplug, { "A", closes_file, &a },
    { "unplug", unplugs, NULL });
ACTORS(two_revokes, { "R1", revokes_for_good, NULL },
    { "R2", revokes_for_good, NULL });
ACTORS(revoke_unplug, { "revoke", revokes, NULL },
    { "unplug", unplugs, NULL });
ACTORS(close_open, { "A", closes_file, &a }, { "B", open_close, &b });
ACTORS(close_open_revoke, { "A", closes_file, &a },
    { "B", open_close, &b }, { "revoke", revokes, NULL });
ACTORS(close_open_unplug, { "A", closes_file, &a },
    { "B", open_close, &b }, { "unplug", unplugs, NULL });
ACTORS(linux_open_unplug, { "A", open_close, &a },
    { "unplug", unplugs, NULL });
ACTORS(unplug_closes, { "unplug", unplugs_gone, NULL },
    { "A", closes_before, &a }, { "B", closes_before, &b });
ACTORS(unplug_halt, { "unplug", unplugs, NULL }, { "halt", halts, NULL });
ACTORS(three_closes, { "A", closes_file, &a }, { "B", closes_file, &b },
    { "C", closes_file, &c3 });
ACTORS(choose_close_open, { "A", closes_file, &a }, { "B", open_close, &b },
    { "reload", chooses, "netbsd" });
ACTORS(choose_open_unplug, { "A", open_close, &a },
    { "unplug", unplugs, NULL }, { "reload", chooses, "netbsd" });
ACTORS(choose_close_unplug, { "A", closes_file, &a },
    { "unplug", unplugs, NULL }, { "reload", chooses, "netbsd" });
ACTORS(two_closes, { "A", closes_file, &a }, { "B", closes_file, &b });
ACTORS(two_closes_revoke, { "A", closes_file, &a },
    { "B", closes_file, &b }, { "revoke", revokes, NULL });
ACTORS(two_reads_revoke, { "A", read_close, &a }, { "B", read_close, &b },
    { "revoke", revokes, NULL });
ACTORS(open_read_unplug, { "A", open_read_close, &a },
    { "unplug", unplugs, NULL });
ACTORS(open_revoke_unplug, { "A", open_close, &a },
    { "revoke", revokes, NULL }, { "unplug", unplugs, NULL });
ACTORS(replug_open, { "A", read_close, &a }, { "B", open_close, &b },
    { "replug", replugs, NULL });
ACTORS(leave_open, { "A", open_close, &a },
    { "leave", driver_leaves, NULL });
ACTORS(come_open, { "come", driver_comes, NULL }, { "A", open_close, &a });
ACTORS(leave_read, { "A", read_close, &a },
    { "leave", driver_leaves, NULL });
ACTORS(two_opens_revoke_unplug, { "A", open_close, &a },
    { "B", open_close, &b }, { "revoke", revokes, NULL },
    { "unplug", unplugs, NULL });
ACTORS(close_open_revoke_unplug, { "A", closes_file, &a },
    { "B", open_close, &b }, { "revoke", revokes, NULL },
    { "unplug", unplugs, NULL });
ACTORS(read_open_revoke_replug, { "A", read_close, &a },
    { "B", open_close, &b }, { "revoke", revokes, NULL },
    { "replug", replugs, NULL });
ACTORS(open_two_revokes_unplug, { "A", open_close, &a },
    { "R1", revokes, NULL }, { "R2", revokes, NULL },
    { "unplug", unplugs, NULL });

/* Another name of the same device. */
static struct hyp_node second_name = { .hn_dev = makedev(0, 0) };

/* The first name alone, as a vrevoke that is in the middle of it. */
static void
revokes_name(void *arg __unused)
{
	struct hyp_lwp *const l = h_enter(0);
	struct vnode *vp;

	SCHED_CHECK(spec_vnode_get(VCHR, makedev(0, 0), hd_node(0),
	    &vp) == 0);
	SCHED_CHECK(VOP_REVOKE(vp, REVOKEALL) == 0);
	vrele(vp);
	h_exit(l);
}

ACTORS(two_names, { "A", open_close, &a }, { "B", open_close, &b },
    { "revoke", revokes_name, NULL });

/*
 * An open that the kernel has let in and queued, against a getty that takes
 * the node back.  The owner is under a lock, so that it is a point.
 */
static kmutex_t owner_lock;
static bool owner_changed;

static int
owner_says(void)
{
	bool changed;

	mutex_enter(&owner_lock);
	changed = owner_changed;
	mutex_exit(&owner_lock);
	return changed ? 13 /* Linux's EACCES */ : 0;
}

static void
chowns_revokes(void *arg __unused)
{

	mutex_enter(&owner_lock);
	owner_changed = true;
	mutex_exit(&owner_lock);
	SCHED_CHECK(h_revoke(hd_node(0)) == 0);
}

static void
opens_only(void *arg)
{
	struct h_client *c = arg;

	h_open(c);
	sched_note("open: %d", c->c_error);
}

ACTORS(queued_open, { "A", opens_only, &a },
    { "getty", chowns_revokes, NULL });

static void
setup_queued(void)
{

	setup();
	mutex_init(&owner_lock, MUTEX_DEFAULT, IPL_NONE);
	owner_changed = false;
	h_node_access_func(owner_says);
}

/* Whoever is in has got in before the revoke, and is dead. */
static void
end_queued(void)
{

	if (a.c_error == 0) {
		SCHED_CHECK(a.c_file->f_vp->v_op == &dead_vnodeops);
		h_close(&a);
	} else
		SCHED_CHECK(a.c_error == 13 || a.c_error == 9);
	mutex_destroy(&owner_lock);
	end();
}

/* ---- a module's table, which is gone with it ------------------------- */

static struct cfdriver module_cd = { .cd_name = "module" };
static struct cdevsw module_cdevsw;

static bool module_gone;		/* atomic */

static int
module_unit(dev_t dev __unused)
{

	SCHED_POINT("unit", &module_gone);
	SCHED_CHECK(!atomic_load_relaxed(&module_gone));
	return -1;
}

static void
setup_module(void)
{

	module_gone = false;
	module_cdevsw = hd_cdevsw;
	module_cdevsw.d_cfdriver = &module_cd;
	module_cdevsw.d_devtounit = module_unit;
	setup_of(&module_cdevsw);
}

static void
module_leaves(void *arg __unused)
{

	devsw_detach(NULL, &module_cdevsw);
	atomic_store_relaxed(&module_gone, true);
	module_cdevsw.d_flag = D_TTY;
}

static void
asks_stat(void *arg __unused)
{
	struct hyp_node_stat hs;
	struct hyp_dead dead;

	hyp_node_getstat(hd_node(0), &hs);
	SCHED_CHECK(!hs.hs_attached);
	hyp_node_dead(hd_node(0), 0, &dead);
	SCHED_CHECK(dead.hd_read != 0);		/* as a tty's */
}

static void
end_module(void)
{
	devmajor_t maj = 0;

	hd_present = &hd_cdevsw;
	SCHED_CHECK(devsw_attach("hd", NULL, NULL, &hd_cdevsw, &maj) == 0);
	hd_teardown();
}

ACTORS(leave_ask, { "ask", asks_stat, NULL },
    { "leave", module_leaves, NULL });

/* ---- setups of their own -------------------------------------------- */

static void
setup_failing_b(void)
{

	setup_open_a();
	hd[0].hd_open_error = EIO;
}

static void
setup_two_names(void)
{

	setup();
	b.c_node = &second_name;
	hd[0].hd_failures = 1;
}

static void
setup_legacy(void)
{

	setup_of(&hd_legacy_cdevsw);
}

/* A d_close may come for nobody, behind one that has. */
static void
end_legacy(void)
{

	SCHED_CHECK(!hd[0].hd_isopen);
	hd_teardown();
}

static void
setup_restarting(void)
{

	setup();
	hd[0].hd_restarts = 1;
}

static void
setup_restarting_read(void)
{

	setup_open_a();
	hd[0].hd_read_restarts = 2;
}

static void
setup_sleeping_open(void)
{

	setup();
	hd[0].hd_open_holds = true;
}

/* The driver has left, and its node is there. */
static void
setup_left(void)
{

	setup();
	devsw_detach(NULL, &hd_cdevsw);
}

static void
setup_linux(void)
{

	setup();
	SCHED_CHECK(devsw_semantics(hd_present, "linux") == 0);
}

static void
setup_linux_open_a(void)
{

	setup_linux();
	h_open(&a);
	SCHED_CHECK(a.c_error == 0);
}

static void
setup_linux_open_both(void)
{

	setup_linux_open_a();
	h_open(&b);
	SCHED_CHECK(b.c_error == 0);
	gone = false;
}

/* d_close for each close, with others in the driver. */
static void
setup_track_open_both(void)
{
	static struct cdevsw track;

	track = hd_cdevsw;
	track.d_flag |= D_TRACKCLOSE;
	setup_of(&track);
	SCHED_CHECK(devsw_semantics(hd_present, "freebsd-trackclose") == 0);
	h_open(&a);
	h_open(&b);
	SCHED_CHECK(a.c_error == 0 && b.c_error == 0);
}

static void
setup_track_open_three(void)
{

	setup_track_open_both();
	memset(&c3, 0, sizeof(c3));
	c3.c_node = hd_node(0);
	h_open(&c3);
	SCHED_CHECK(c3.c_error == 0);
}

/* One after the other, and no more of them than there were opens. */
static void
end_track(void)
{

	SCHED_CHECK(hd[0].hd_nclose > 0 && hd[0].hd_nclose <= hd[0].hd_nopen);
	SCHED_CHECK(!hd[0].hd_isopen);
	SCHED_CHECK(hd[0].hd_breaches == 0);
	hd_teardown();
}

static void
end_track_close_b(void)
{

	h_close(&b);
	end_track();
}

/* The driver has left: nothing to detach. */
static void
end_left(void)
{
	devmajor_t maj = 0;

	SCHED_CHECK(hd[0].hd_breaches == 0);
	SCHED_CHECK(!hd[0].hd_isopen);
	SCHED_CHECK(devsw_attach("hd", NULL, NULL, &hd_cdevsw, &maj) == 0);
	hd_teardown();
}

extern const struct sched_litmus l_specfs[];
const struct sched_litmus l_specfs[] = {
	{ "two_opens", "two opens and closes: closes in pairs with openings",
	    setup, two_opens, end },
	{ "close_open", "an open that comes during the last close",
	    setup_open_a, close_open, end },
	{ "failing_reopen", "the last close against a reopen that fails",
	    setup_failing_b, close_open, end },
	{ "two_names_failing", "two names: one is revoked, the other's open fails",
	    setup_two_names, two_names, end },
	{ "restarting_open", "an open that the driver restarts, and another",
	    setup_restarting, two_opens, end },
	{ "two_closes", "two closes: one of them is the last",
	    setup_open_both, two_closes, end },
	{ "queued_open", "a queued open against chown and revoke",
	    setup_queued, queued_open, end_queued },
	{ "open_revoke", "an open and its close against a revoke",
	    setup, open_revoke, end },
	{ "sleeping_open_revoke", "an open that sleeps in d_open, revoked",
	    setup_sleeping_open, opener_revoke, end },
	{ "legacy_open_revoke", "the same without d_cancel: nothing stays open",
	    setup_legacy, open_revoke, end_legacy },
	{ "legacy_open_unplug", "and against an unplug",
	    setup_legacy, open_unplug, end_legacy },
	{ "open_unplug", "an open and its close against an unplug",
	    setup, open_unplug, end },
	{ "sleeping_open_unplug", "an open that sleeps in d_open, unplugged",
	    setup_sleeping_open, opener_unplug, end },
	{ "write_revoke", "a call that begins when a revoke does",
	    setup, write_revoke, end },
	{ "read_revoke", "a blocked read against a revoke: no lost wake-up",
	    setup_open_a, read_revoke, end },
	{ "nosleep_read_revoke", "the same, in a thread that may not sleep",
	    setup_restarting_read, nosleep_read_revoke, end },
	{ "read_unplug", "a blocked read against an unplug",
	    setup_open_a, read_unplug, end },
	{ "poll_revoke", "a poll against a revoke",
	    setup_open_a, poll_revoke, end_poll },
	{ "close_revoke", "the last close against a revoke: one d_close",
	    setup_open_a, close_revoke, end },
	{ "close_unplug", "the last close against an unplug: one d_close",
	    setup_open_a, close_unplug, end },
	{ "two_revokes", "two revokes at once: one d_close",
	    setup_open_a, two_revokes, end_close_a },
	{ "revoke_unplug", "a revoke against an unplug: one d_close",
	    setup_open_a, revoke_unplug, end_close_a },
	{ "close_open_revoke", "last close, open and revoke",
	    setup_open_a, close_open_revoke, end },
	{ "close_open_unplug", "last close, open and unplug",
	    setup_open_a, close_open_unplug, end },
	{ "two_closes_revoke", "two closes and a revoke",
	    setup_open_both, two_closes_revoke, end },
	{ "two_reads_revoke", "two blocked reads and a revoke",
	    setup_open_both, two_reads_revoke, end },
	{ "open_read_unplug", "open, read, close against an unplug",
	    setup, open_read_unplug, end },
	{ "open_revoke_unplug", "an open, a revoke and an unplug",
	    setup, open_revoke_unplug, end },
	{ "replug_open", "a stale file, an open and a replug",
	    setup_open_a, replug_open, end },
	{ "two_opens_revoke_unplug", "two opens, a revoke and an unplug",
	    setup, two_opens_revoke_unplug, end },
	{ "close_open_revoke_unplug", "last close, open, revoke, unplug",
	    setup_open_a, close_open_revoke_unplug, end },
	{ "read_open_revoke_replug", "blocked read, open, revoke, replug",
	    setup_open_a, read_open_revoke_replug, end },
	{ "open_two_revokes_unplug", "an open, two revokes, an unplug",
	    setup, open_two_revokes_unplug, end },
	{ "linux_open_unplug", "an open that would live on against an unplug",
	    setup_linux, linux_open_unplug, end },
	{ "choose_close_open", "other semantics, the last close and an open",
	    setup_linux_open_a, choose_close_open, end },
	{ "choose_open_unplug", "other semantics, an open, and an unplug",
	    setup_linux, choose_open_unplug, end },
	{ "choose_close_unplug", "other semantics, the last close, an unplug",
	    setup_linux_open_a, choose_close_unplug, end },
	{ "linux_unplug_closes", "an unplug waits for the last close of two",
	    setup_linux_open_both, unplug_closes, end },
	{ "linux_unplug_halt", "an unplug that waits for a client ends with the daemon",
	    setup_linux_open_a, unplug_halt, end_close_a },
	{ "track_two_closes", "each close is a d_close: one after the other",
	    setup_track_open_both, two_closes, end_track },
	{ "track_three_closes", "three of them",
	    setup_track_open_three, three_closes, end_track },
	{ "track_close_revoke", "such a close, and a revoke of the other file",
	    setup_track_open_both, close_revoke, end_track_close_b },
	{ "track_closes_revoke", "two of them, and a revoke: none too many",
	    setup_track_open_both, two_closes_revoke, end_track },
	{ "leave_open", "an open against devsw_detach",
	    setup, leave_open, end_left },
	{ "come_open", "devsw_attach against an open",
	    setup_left, come_open, end },
	{ "leave_ask", "who asks what there is, against devsw_detach",
	    setup_module, leave_ask, end_module },
	{ "leave_read", "a blocked read against devsw_detach",
	    setup_open_a, leave_read, end_left },
	{ NULL, NULL, NULL, NULL, NULL },
};
