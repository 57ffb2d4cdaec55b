/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_specfs_stuck.c - drivers that do not come back: a d_read that ignores
 * d_cancel, a d_cancel or d_close that hangs.
 *
 * The rule is this project's own (spec_close.c): nothing that a client waits
 * for waits for a driver without end, nothing is closed or freed while a
 * thread may use it, and when the driver comes back after all the device is
 * as good as new.  What stays NetBSD's: d_close once for each opening and
 * never during a call, which h_drv.c counts.
 *
 * Nothing here measures time.  A wait that did not end would end the case.
 */
#include <sys/atomic.h>
#include <sys/errno.h>
#include <sys/lwp.h>
#include <sys/systm.h>

#include <hyp/hyp.h>

#include "h_test.h"
#include "specfs/h_drv.h"
#include "specfs/h_node.h"

#define	DEADLINE_MS	50

#define	L_EIO		5
#define	L_ENXIO		6
#define	L_EBUSY		16

#define	RW		(HYP_F_READ | HYP_F_WRITE)

struct client {
	struct hyp_file	*c_file;
	struct h_hostfile c_host;
	int		 c_minor;
	int		 c_error;
	u_int		 c_ended;	/* atomic */
};

static void
setup(const struct cdevsw *sw)
{

	hyp_set_deadline(DEADLINE_MS);
	hd_setup(sw);
}

static int
copen(struct client *c)
{
	struct hyp_lwp *l = h_enter(0);
	int error;

	error = hyp_node_open(hd_node(c->c_minor), RW, &c->c_host,
	    &c->c_file);
	h_exit(l);
	return error;
}

static void
cclose(void *arg)
{
	struct client *c = arg;
	struct hyp_lwp *l = h_enter(0);

	hyp_file_close(c->c_file, 0);
	atomic_inc_uint(&c->c_ended);
	h_exit(l);
}

static void
cread(void *arg)
{
	struct client *c = arg;
	struct hyp_lwp *l = h_enter(0);
	char buf[16];
	size_t n;

	c->c_error = hyp_file_read(c->c_file, buf, sizeof(buf), 0, &n);
	atomic_inc_uint(&c->c_ended);
	h_exit(l);
}

static void
revoke(void)
{
	struct hyp_lwp *l = h_enter(0);

	T_EQ(hyp_node_revoke(hd_node(0)), 0);
	h_exit(l);
}

static void
unplug(void *arg)
{
	u_int *ended = arg;

	vdevgone(0, 0, 0, VCHR);
	atomic_inc_uint(ended);
}

/* How often d_close was called. */
static u_int
nclose(int minor)
{
	u_int n;

	mutex_enter(&hd[minor].hd_lock);
	n = hd[minor].hd_nclose;
	mutex_exit(&hd[minor].hd_lock);
	return n;
}

static int
zombies_are(void *arg)
{

	return zombie_count() == *(u_int *)arg;
}

static int
is_closed(void *arg)
{

	return nclose(*(int *)arg) == 1;
}

static int
has_ended(void *arg)
{

	return atomic_load_acquire((u_int *)arg) == 1;
}

static void
wait_zombies(u_int n)
{

	T_UNTIL(zombies_are, &n);
}

/* A client of minor 0 that sleeps in d_read, deaf to d_cancel. */
static struct t_thread *
stuck_reader(struct client *c)
{
	u_int one = 1;

	T_EQ(copen(c), 0);
	hd_set(&hd[0], &hd[0].hd_deaf, true);
	struct t_thread *t = t_spawn(cread, c);
	T_UNTIL(hd_calls_are, &one);
	return t;
}

/* The driver has come back: minor 0 is as good as new. */
static void
as_good_as_new(void)
{
	struct client c = { 0 };
	const u_int closes = nclose(0);

	wait_zombies(0);
	T_EQ(copen(&c), 0);
	cclose(&c);
	T_EQ(nclose(0), closes + 1);
}

/* Another device is not concerned. */
static void
others_go_on(void)
{
	struct client c = { .c_minor = 1 };

	T_EQ(copen(&c), 0);
	cclose(&c);
	T_EQ(nclose(1), 1);
}

static void
deaf_read(void)
{
	struct client a = { 0 }, b = { 0 }, c = { 0 };
	struct t_thread *t;

	setup(&hd_cdevsw);
	T_EQ(copen(&b), 0);
	t = stuck_reader(&a);
	revoke();			/* comes back all the same */
	T_EQ(zombie_count(), 1);
	T_EQ(nclose(0), 0);	/* not during the read */
	cread(&b);			/* a dead file */
	T_EQ(b.c_error, L_EIO);
	cclose(&b);
	T_EQ(copen(&c), L_EBUSY);
	others_go_on();
	revoke();			/* nothing is open: nothing to wait for */
	T_EQ(a.c_ended, 0);

	hd_set(&hd[0], &hd[0].hd_deaf, false);
	t_join(t);
	wait_zombies(0);
	T_EQ(nclose(0), 1);
	cclose(&a);
	T_EQ(nclose(0), 1);
	as_good_as_new();
	hd_teardown();
}

/* An open that waits for the close gives up with it. */
static void
hanging_close(void)
{
	struct client a = { 0 }, b = { 0 };
	struct t_thread *t;

	setup(&hd_cdevsw);
	T_EQ(copen(&a), 0);
	hd[0].hd_close_holds = true;
	t = t_spawn(cclose, &a);
	while (nclose(0) == 0)
		t_msleep(1);
	T_EQ(copen(&b), L_EBUSY);
	T_EQ(zombie_count(), 1);
	revoke();
	others_go_on();
	T_EQ(a.c_ended, 0);
	hd_set(&hd[0], &hd[0].hd_close_holds, false);
	t_join(t);
	as_good_as_new();
	hd_teardown();
}

static void
hanging_cancel(void)
{
	struct client a = { 0 }, b = { 0 };

	setup(&hd_cdevsw);
	T_EQ(copen(&a), 0);
	hd[0].hd_cancel_holds = true;
	revoke();
	T_EQ(zombie_count(), 1);
	T_EQ(copen(&b), L_EBUSY);
	T_EQ(nclose(0), 0);
	hd_set(&hd[0], &hd[0].hd_cancel_holds, false);
	wait_zombies(0);
	T_EQ(nclose(0), 1);
	cclose(&a);
	as_good_as_new();
	hd_teardown();
}

/*
 * A detach: clients have their answers, but the driver's own detach, which
 * will free its softc, does not go on while a thread is in the driver.
 */
static void
deaf_read_and_unplug(void)
{
	struct client a = { 0 }, b = { 0 }, c = { 0 };
	struct t_thread *t, *u;
	u_int gone = 0;

	setup(&hd_cdevsw);
	T_EQ(copen(&b), 0);
	t = stuck_reader(&a);
	hd_set(&hd[0], &hd[0].hd_gone, true);
	u = t_spawn(unplug, &gone);
	wait_zombies(1);
	cread(&b);
	T_EQ(b.c_error, L_EIO);
	cclose(&b);
	T_EQ(copen(&c), L_EBUSY);
	T_EQ(gone, 0);
	hd_set(&hd[0], &hd[0].hd_deaf, false);
	t_join(t);
	T_UNTIL(has_ended, &gone);
	t_join(u);
	T_EQ(zombie_count(), 0);
	T_EQ(nclose(0), 1);
	T_EQ(copen(&c), L_ENXIO);
	cclose(&a);
	hd_teardown();
}

/* d_close is called, perhaps late, and the drain after it does not end. */
static void
deaf_read_of_legacy(void)
{
	struct client a = { 0 }, b = { 0 };
	struct t_thread *t;
	int minor = 0;

	setup(&hd_legacy_cdevsw);
	t = stuck_reader(&a);
	revoke();
	T_EQ(zombie_count(), 1);
	T_UNTIL(is_closed, &minor);
	T_EQ(copen(&b), L_EBUSY);
	hd_set(&hd[0], &hd[0].hd_deaf, false);
	t_join(t);
	wait_zombies(0);
	T_EQ(nclose(0), 1);
	cclose(&a);
	hd_teardown();
}

/* Many devices, many zombies, and all come back. */
static void
all_stuck(void)
{
	struct client a[4] = { 0 };
	struct t_thread *t[4];
	u_int n = 1;

	setup(&hd_cdevsw);
	for (int i = 0; i < 4; i++) {
		a[i].c_minor = i;
		T_EQ(copen(&a[i]), 0);
		hd[i].hd_close_holds = true;
		t[i] = t_spawn(cclose, &a[i]);
	}
	n = 4;
	T_UNTIL(zombies_are, &n);
	for (int i = 0; i < 4; i++)
		hd_set(&hd[i], &hd[i].hd_close_holds, false);
	for (int i = 0; i < 4; i++)
		t_join(t[i]);
	T_EQ(zombie_count(), 0);
	hd_teardown();
}

/*
 * A last close may send, and has twice the time.  It began before a revoke
 * whose time is over first: that one is given up alone.  So it is whether the
 * watch was set for that close, or by an earlier one that is over by now.
 */
static void
nearer(bool earlier)
{
	struct client a = { .c_minor = 1 }, b = { .c_minor = 2 }, r = { 0 };
	struct t_thread *tb, *tr;
	const u_int ms = 1000;

	setup(&hd_cdevsw);
	hyp_set_deadline(ms);
	tr = stuck_reader(&r);
	T_EQ(copen(&b), 0);
	if (earlier) {
		T_EQ(copen(&a), 0);
		cclose(&a);
		t_msleep(ms * 9 / 10);
	}
	hd_set(&hd[2], &hd[2].hd_close_holds, true);
	tb = t_spawn(cclose, &b);	/* 2 ms from now */
	t_msleep(ms * 2 / 10);
	revoke();			/* 1.2 ms from then */
	T_EQ(zombie_count(), 1);
	hd_set(&hd[0], &hd[0].hd_deaf, false);
	t_join(tr);
	hd_set(&hd[2], &hd[2].hd_close_holds, false);
	t_join(tb);
	wait_zombies(0);
	cclose(&r);
	hd_teardown();
}

static void
nearer_deadline(void)
{

	nearer(true);
	nearer(false);
}

static void
slow_close(void)
{
	struct client a = { 0 }, b = { 0 };
	struct t_thread *t;
	const u_int ms = 500;

	setup(&hd_cdevsw);
	hyp_set_deadline(ms);
	T_EQ(copen(&a), 0);
	hd[0].hd_close_moves = hd[0].hd_close_holds = true;
	t = t_spawn(cclose, &a);
	t_msleep(5 * ms);
	T_EQ(zombie_count(), 0);
	/* Now it is stuck. */
	hd_set(&hd[0], &hd[0].hd_close_moves, false);
	T_EQ(copen(&b), L_EBUSY);
	T_EQ(zombie_count(), 1);
	hd_set(&hd[0], &hd[0].hd_close_holds, false);
	t_join(t);
	wait_zombies(0);
	hd_teardown();
}

static int
is_closing(void *arg __unused)
{

	return nclose(0) > 0;
}

static void
cut_close(void)
{
	struct client a = { 0 };
	struct t_thread *t;

	setup(&hd_cdevsw);
	hyp_set_deadline(20000);	/* it gets on, however slowly */
	T_EQ(copen(&a), 0);
	hd[0].hd_close_moves = hd[0].hd_close_holds = true;
	t = t_spawn(cclose, &a);
	T_UNTIL(is_closing, NULL);
	revoke();
	T_EQ(zombie_count(), 0);
	t_join(t);
	hd_set(&hd[0], &hd[0].hd_close_holds, false);
	as_good_as_new();
	hd_teardown();
}

const struct t_case t_cases[] = {
	{ "a revoke does not wait for a read that ignores d_cancel",
	    deaf_read },
	{ "an open does not wait for a d_close that hangs", hanging_close },
	{ "a revoke does not wait for a d_cancel that hangs",
	    hanging_cancel },
	{ "an unplug answers clients, and waits for the driver itself",
	    deaf_read_and_unplug },
	{ "the drain after a legacy d_close is given up as well",
	    deaf_read_of_legacy },
	{ "every device may be stuck, and comes back", all_stuck },
	{ "a revoke is given up in its time beside a close that has more",
	    nearer_deadline },
	{ "a close that gets on is not stuck, however long it takes",
	    slow_close },
	{ "a revoke does not wait for a close that gets on", cut_close },
	{ NULL, NULL },
};
