/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_specfs.c - the contract of device nodes: who calls d_cancel and d_close
 * when, and what a client sees.  Rules from NetBSD's opendetach series of
 * 2022 and its slides: last close and revoke are cancel, drain, close (or
 * close, drain for a driver without d_cancel); a failing reopen that turns
 * out to be the last reference closes; opens wait for a close in progress;
 * a revoked open ends with EBADF or the driver's error.
 */
#include <sys/atomic.h>
#include <sys/errno.h>
#include <sys/fcntl.h>
#include <sys/lwp.h>
#include <sys/poll.h>
#include <sys/systm.h>

#include <miscfs/specfs/specdev.h>

#include "h_test.h"
#include "specfs/h_drv.h"
#include "specfs/h_node.h"
#include "specfs/specfs_impl.h"

/* Linux's numbers, as the seam has them. */
#define	L_EINTR		4
#define	L_EIO		5
#define	L_EBADF		9
#define	L_EINTR		4
#define	L_EAGAIN	11
#define	L_EACCES	13
#define	L_ENXIO		6

#define	RW		(HYP_F_READ | HYP_F_WRITE)

struct client {
	struct hyp_file	*c_file;
	struct h_hostfile c_host;
	struct hyp_lwp	*c_lwp;		/* atomic */
	int		 c_flags;
	int		 c_error;
	size_t		 c_done;
	u_int		 c_ended;	/* atomic */
};

static int
copen(struct client *c, int flags)
{
	struct hyp_lwp *l = h_enter(1000);
	int error;

	error = hyp_node_open(hd_node(0), flags, &c->c_host, &c->c_file);
	h_exit(l);
	return error;
}

static void
cclose(struct client *c)
{
	struct hyp_lwp *l = h_enter(0);

	hyp_file_close(c->c_file, 0);
	h_exit(l);
}

static void
cclose_flags(struct client *c, int flags)
{
	struct hyp_lwp *l = h_enter(0);

	hyp_file_close(c->c_file, flags);
	h_exit(l);
}

static int
cread(struct client *c, int flags, size_t *done)
{
	struct hyp_lwp *l = h_enter(1000);
	char buf[64];
	int error;

	error = hyp_file_read(c->c_file, buf, sizeof(buf), flags, done);
	h_exit(l);
	return error;
}

static int
cwrite(struct client *c, size_t *done)
{
	struct hyp_lwp *l = h_enter(1000);
	int error;

	error = hyp_file_write(c->c_file, "abc", 3, 0, done);
	h_exit(l);
	return error;
}

static uint32_t
cpoll(struct client *c, uint32_t events, int wait)
{
	struct hyp_lwp *l = h_enter(1000);
	uint32_t revents;

	revents = hyp_file_poll(c->c_file, events, wait);
	h_exit(l);
	return revents;
}

static int
cioctl(struct client *c)
{
	struct hyp_lwp *l = h_enter(1000);
	int error, result;

	/* FIONREAD */
	int32_t n;
	size_t size = sizeof(n);

	error = hyp_file_ioctl(c->c_file, 0x541b, 0, NULL, 0, &n, &size,
	    &result);
	h_exit(l);
	return error;
}

static void
reader(void *arg)
{
	struct client *c = arg;
	struct hyp_lwp *l = h_enter(1000);
	char buf[16];

	atomic_store_release(&c->c_lwp, l);
	c->c_error = hyp_file_read(c->c_file, buf, sizeof(buf), 0,
	    &c->c_done);
	atomic_inc_uint(&c->c_ended);
	h_exit(l);
}

static void
opener(void *arg)
{
	struct client *c = arg;
	struct hyp_lwp *l = h_enter(1000);

	atomic_store_release(&c->c_lwp, l);
	c->c_error = hyp_node_open(hd_node(0), RW, &c->c_host, &c->c_file);
	atomic_inc_uint(&c->c_ended);
	h_exit(l);
}

static void
closer(void *arg)
{

	cclose(arg);
}

static void
revoker(void *arg)
{
	struct hyp_lwp *l = h_enter(0);

	T_EQ(hyp_node_revoke(hd_node(0)), 0);
	atomic_inc_uint((u_int *)arg);
	h_exit(l);
}

static void
revoke(void)
{
	u_int ended = 0;

	revoker(&ended);
}

/* ---- close ---------------------------------------------------------- */

static void
last_close(void)
{
	struct client a = { 0 }, b = { 0 };

	hd_setup(&hd_cdevsw);
	T_EQ(copen(&a, RW), 0);
	T_EQ(copen(&b, RW), 0);
	cclose(&a);
	T_EQ(hd[0].hd_nclose, 0);
	cclose(&b);
	T_CHECK(strcmp(hd[0].hd_trace, "oocC") == 0);
	T_EQ(copen(&a, RW), 0);
	cclose(&a);
	T_EQ(hd[0].hd_nclose, 2);
	hd_teardown();
}

static void
separate_minors(void)
{
	struct client a = { 0 };
	struct hyp_file *other;
	struct hyp_lwp *l;

	hd_setup(&hd_cdevsw);
	T_EQ(copen(&a, RW), 0);
	l = h_enter(0);
	T_EQ(hyp_node_open(hd_node(1), RW, NULL, &other), 0);
	hyp_file_close(other, 0);
	h_exit(l);
	T_EQ(hd[1].hd_nclose, 1);
	T_EQ(hd[0].hd_nclose, 0);
	cclose(&a);
	hd_teardown();
}

static void
failing_reopen(void)
{
	struct client a = { 0 }, b = { 0 };
	struct t_thread *t;

	hd_setup(&hd_cdevsw);
	T_EQ(copen(&a, RW), 0);
	hd[0].hd_open_holds = true;
	hd[0].hd_open_error = EIO;
	t = t_spawn(opener, &b);
	T_UNTIL(hd_opening, NULL);
	cclose(&a);			/* not the last: b is opening */
	T_EQ(hd[0].hd_nclose, 0);
	hd_set(&hd[0], &hd[0].hd_open_holds, false);
	t_join(t);
	T_EQ(b.c_error, L_EIO);
	T_EQ(hd[0].hd_nclose, 1);	/* so the failing open did it */
	hd_teardown();
}

static void
failed_open_alone(void)
{
	struct client a = { 0 };

	hd_setup(&hd_cdevsw);
	hd[0].hd_open_error = EIO;
	T_EQ(copen(&a, RW), L_EIO);
	T_EQ(hd[0].hd_nclose, 0);
	T_EQ(hd[0].hd_ncancel, 0);
	hd_teardown();
}

static int
in_specio(void *arg)
{
	struct client *c = arg;
	struct lwp *l = (struct lwp *)atomic_load_acquire(&c->c_lwp);
	const char *wmesg;

	if (l == NULL)
		return 0;
	wmesg = atomic_load_relaxed(&l->l_wmesg);
	return wmesg != NULL && strcmp(wmesg, "specio") == 0;
}

static void
open_waits_for_close(void)
{
	struct client a = { 0 }, b = { 0 }, c = { 0 };
	struct t_thread *ta, *tb, *tc;

	hd_setup(&hd_cdevsw);
	T_EQ(copen(&a, RW), 0);
	hd[0].hd_close_holds = true;
	ta = t_spawn(closer, &a);
	T_UNTIL(hd_is_set, &hd[0].hd_cancelled);
	tb = t_spawn(opener, &b);
	tc = t_spawn(opener, &c);
	T_UNTIL(in_specio, &b);
	T_UNTIL(in_specio, &c);
	T_EQ(hd[0].hd_nopen, 1);
	hyp_lwp_interrupt(c.c_lwp);
	t_join(tc);
	T_EQ(c.c_error, L_EINTR);
	T_EQ(atomic_load_relaxed(&b.c_ended), 0);
	hd_set(&hd[0], &hd[0].hd_close_holds, false);
	t_join(ta);
	t_join(tb);
	T_EQ(b.c_error, 0);
	T_CHECK(strcmp(hd[0].hd_trace, "ocCo") == 0);
	cclose(&b);
	hd_teardown();
}

/* ---- revoke --------------------------------------------------------- */

static void
revoke_blocked_read(void)
{
	struct client a = { 0 };
	struct t_thread *t;
	size_t done;
	u_int one = 1;

	hd_setup(&hd_cdevsw);
	T_EQ(copen(&a, RW), 0);
	t = t_spawn(reader, &a);
	T_UNTIL(hd_calls_are, &one);
	revoke();
	t_join(t);
	T_EQ(a.c_error, L_EIO);
	T_CHECK(strcmp(hd[0].hd_trace, "ocrC") == 0);

	/* The file is dead, for as long as it is open. */
	T_EQ(cread(&a, 0, &done), L_EIO);
	T_EQ(cwrite(&a, &done), L_EIO);
	T_EQ(cioctl(&a), L_EBADF);
	T_EQ(cpoll(&a, POLLIN, 0), POLLIN | POLLERR | POLLHUP);

	/* The name is not. */
	struct client b = { 0 };

	T_EQ(copen(&b, RW), 0);
	T_EQ(cwrite(&b, &done), 0);
	T_EQ(cread(&a, 0, &done), L_EIO);
	T_EQ(cread(&b, 0, &done), 0);
	T_EQ(done, 3);
	cclose(&a);			/* nothing left to undo */
	T_EQ(hd[0].hd_nclose, 1);
	cclose(&b);
	T_EQ(hd[0].hd_nclose, 2);
	hd_teardown();
}

static void
revoke_unopened(void)
{

	hd_setup(&hd_cdevsw);
	revoke();
	T_EQ(hd[0].hd_ncancel, 0);
	T_EQ(hd[0].hd_nclose, 0);
	hd_teardown();
}

static void
revoke_during_open(void)
{
	struct client a = { 0 };
	struct t_thread *t;

	hd_setup(&hd_cdevsw);
	hd[0].hd_open_holds = true;
	t = t_spawn(opener, &a);
	T_UNTIL(hd_opening, NULL);
	revoke();
	t_join(t);
	/* d_open was woken by d_cancel and succeeded: too late. */
	T_EQ(a.c_error, L_EBADF);
	T_CHECK(strcmp(hd[0].hd_trace, "ocC") == 0);
	hd_teardown();
}

static void
revoke_restarts_open(void)
{
	struct client a = { 0 };
	struct t_thread *t;

	hd_setup(&hd_cdevsw);
	hd[0].hd_open_holds = true;
	hd[0].hd_restarts = 1;
	t = t_spawn(opener, &a);
	T_UNTIL(hd_opening, NULL);
	h_node_access_set(L_EACCES);	/* chown while it slept */
	revoke();
	t_join(t);
	T_EQ(a.c_error, L_EACCES);
	T_EQ(h_node_access_calls(), 2);
	T_EQ(hd[0].hd_nopen, 1);
	hd_teardown();
}

/*
 * The kernel has checked user 1000's open and queued it; before it is served
 * the node gets another owner and is revoked.
 */
static void
queued_open_is_checked(void)
{
	struct client a = { 0 }, late = { 0 };

	hd_setup(&hd_cdevsw);
	T_EQ(copen(&a, RW), 0);
	h_node_access_set(L_EACCES);
	revoke();
	T_EQ(copen(&late, RW), L_EACCES);
	T_CHECK(strcmp(hd[0].hd_trace, "ocC") == 0);
	cclose(&a);
	hd_teardown();
}

static void
revoke_wakes_poll(void)
{
	struct client a = { 0 };

	hd_setup(&hd_cdevsw);
	T_EQ(copen(&a, RW), 0);
	T_EQ(cpoll(&a, POLLIN, 1), 0);
	T_EQ(a.c_host.hf_wakes, 0);
	revoke();
	T_CHECK(a.c_host.hf_wakes >= 1);
	T_EQ(cpoll(&a, POLLIN, 1), POLLIN | POLLERR | POLLHUP);
	cclose(&a);
	hd_teardown();
}

static void
poll_wakes(void)
{
	struct client a = { 0 };
	size_t done;

	hd_setup(&hd_cdevsw);
	T_EQ(copen(&a, RW), 0);
	T_EQ(cpoll(&a, POLLIN, 0), 0);
	T_EQ(cwrite(&a, &done), 0);
	T_EQ(a.c_host.hf_wakes, 0);	/* nobody waited */
	T_EQ(cread(&a, 0, &done), 0);
	T_EQ(cpoll(&a, POLLIN | POLLOUT, 1), POLLOUT);
	T_EQ(cwrite(&a, &done), 0);
	T_EQ(a.c_host.hf_wakes, 1);
	T_EQ(cpoll(&a, POLLIN, 1), POLLIN);
	cclose(&a);
	hd_teardown();
}

static void
legacy(void)
{
	struct client a = { 0 };
	struct t_thread *t;
	size_t done = 9;
	u_int one = 1;

	hd_setup(&hd_legacy_cdevsw);
	T_EQ(copen(&a, RW), 0);
	t = t_spawn(reader, &a);
	T_UNTIL(hd_calls_are, &one);
	revoke();
	/* The stop-gap drain: the read has left when revoke returns. */
	T_EQ(hd[0].hd_calls, 0);
	t_join(t);
	T_CHECK(strcmp(hd[0].hd_trace, "oCr") == 0);
	/* This switch says D_TTY: a dead tty reads end of file. */
	T_EQ(cread(&a, 0, &done), 0);
	T_EQ(done, 0);
	cclose(&a);
	hd[0].hd_cancelled = false;
	hd_teardown();
}

static void
giant(void)
{
	struct client a = { 0 }, b = { 0 };
	struct t_thread *t;
	size_t done;
	u_int one = 1;

	hd_setup(&hd_giant_cdevsw);
	T_EQ(copen(&a, RW), 0);
	T_EQ(copen(&b, RW), 0);
	t = t_spawn(reader, &a);
	T_UNTIL(hd_calls_are, &one);
	T_EQ(cwrite(&b, &done), 0);	/* the sleeper has not kept the lock */
	t_join(t);
	T_EQ(a.c_done, 3);
	cclose(&a);
	cclose(&b);
	T_CHECK(!KERNEL_LOCKED_P());
	hd_teardown();
}

static void
interrupted_read(void)
{
	struct client a = { 0 };
	struct t_thread *t;
	u_int one = 1;
	size_t done;

	hd_setup(&hd_cdevsw);
	T_EQ(copen(&a, RW), 0);
	t = t_spawn(reader, &a);
	T_UNTIL(hd_calls_are, &one);
	hyp_lwp_interrupt(a.c_lwp);
	t_join(t);
	T_EQ(a.c_error, L_EINTR);
	T_EQ(cread(&a, HYP_F_NONBLOCK, &done), L_EAGAIN);
	/* A later piece of a big read is no error and does not sleep. */
	T_EQ(cread(&a, HYP_F_CONT, &done), 0);
	T_EQ(done, 0);
	cclose(&a);
	hd_teardown();
}

/*
 * A call ends with this error of the driver after that many of its three
 * bytes: what the client gets, and how many bytes.
 */
static void
ends_with(bool in, int error, u_int moves, int want, size_t wantdone)
{
	struct client c = { 0 };
	size_t done;

	hd_setup(&hd_cdevsw);
	T_EQ(copen(&c, RW), 0);
	hd[0].hd_bytes = in ? 3 : 0;
	hd[0].hd_moves = moves;
	hd[0].hd_move_error = error;
	T_EQ(in ? cread(&c, 0, &done) : cwrite(&c, &done), want);
	T_EQ(done, wantdone);
	/* What was moved counts, however the call has ended. */
	T_EQ(c.c_file->f_offset, (int64_t)wantdone);
	cclose(&c);
	hd_teardown();
}

static void
moved_and_failed(void)
{

	for (u_int in = 0; in < 2; in++) {
		ends_with(in != 0, EINTR, 2, 0, 2);
		ends_with(in != 0, EWOULDBLOCK, 2, 0, 2);
		ends_with(in != 0, ERESTART, 2, 0, 2);
		ends_with(in != 0, EIO, 2, L_EIO, 2);
		ends_with(in != 0, EINTR, 0, L_EINTR, 0);
		ends_with(in != 0, EIO, 0, L_EIO, 0);
		ends_with(in != 0, ERESTART, 0, 0, 3);
	}
}

static void
wrong_direction(void)
{
	struct client a = { 0 };
	size_t done;

	hd_setup(&hd_cdevsw);
	T_EQ(copen(&a, HYP_F_WRITE), 0);
	T_EQ(cread(&a, 0, &done), L_EBADF);
	cclose(&a);
	hd_teardown();
}

static void
gone(void)
{
	struct client a = { 0 }, b = { 0 };
	struct t_thread *t;
	u_int one = 1;
	size_t done;

	hd_setup(&hd_cdevsw);
	T_EQ(copen(&a, RW), 0);
	t = t_spawn(reader, &a);
	T_UNTIL(hd_calls_are, &one);
	hd_set(&hd[0], &hd[0].hd_gone, true);
	vdevgone(0, 0, 3, VCHR);
	T_EQ(hd[0].hd_nclose, 1);
	t_join(t);
	T_EQ(a.c_error, L_EIO);
	T_EQ(copen(&b, RW), L_ENXIO);
	/* Replug: the name works again, the stale file stays dead. */
	hd_set(&hd[0], &hd[0].hd_gone, false);
	T_EQ(copen(&b, RW), 0);
	T_EQ(cread(&a, 0, &done), L_EIO);
	cclose(&b);
	cclose(&a);
	T_EQ(hd[0].hd_nclose, 2);
	hd_teardown();
}

static void
many_readers(void)
{
	enum { N = 200 };
	static struct client c[N];
	struct t_thread *t[N];
	u_int all = N;

	memset(c, 0, sizeof(c));
	hd_setup(&hd_cdevsw);
	for (u_int i = 0; i < N; i++) {
		T_EQ(copen(&c[i], RW), 0);
		t[i] = t_spawn(reader, &c[i]);
	}
	T_UNTIL(hd_calls_are, &all);
	revoke();
	for (u_int i = 0; i < N; i++) {
		t_join(t[i]);
		T_EQ(c[i].c_error, L_EIO);
		cclose(&c[i]);
	}
	T_EQ(hd[0].hd_nclose, 1);
	hd_teardown();
}

static void
two_revokes(void)
{
	struct client a = { 0 };
	struct t_thread *t1, *t2;
	u_int ended = 0;

	hd_setup(&hd_cdevsw);
	T_EQ(copen(&a, RW), 0);
	hd[0].hd_close_holds = true;
	t1 = t_spawn(revoker, &ended);
	T_UNTIL(hd_is_set, &hd[0].hd_cancelled);
	t2 = t_spawn(revoker, &ended);
	t_msleep(20);
	T_EQ(atomic_load_relaxed(&ended), 0);	/* both wait for d_close */
	hd_set(&hd[0], &hd[0].hd_close_holds, false);
	t_join(t1);
	t_join(t2);
	T_EQ(hd[0].hd_nclose, 1);
	cclose(&a);
	hd_teardown();
}

/*
 * What comes after a revoke is none of its business; else whoever opens again
 * and again would keep it from ending.
 */
static void
revoke_ends(void)
{
	struct client a = { 0 };
	struct t_thread *t;
	struct vnode *vp;
	u_int ended = 0;

	hd_setup(&hd_cdevsw);
	T_EQ(copen(&a, RW), 0);
	hd[0].hd_close_holds = true;
	t = t_spawn(revoker, &ended);
	T_UNTIL(hd_is_set, &hd[0].hd_cancelled);
	/* An open that is on its way takes this first. */
	T_EQ(spec_vnode_get(VCHR, makedev(0, 0), hd_node(0), &vp), 0);
	hd_set(&hd[0], &hd[0].hd_close_holds, false);
	t_join(t);
	T_CHECK(!spec_gone(vp));
	vrele(vp);
	cclose(&a);
	hd_teardown();
}

/* Who may not sleep does not spin either, until another thread gets on. */
static void
nosleep(void)
{
	struct client a = { 0 };
	struct hyp_lwp *l;
	struct t_thread *t;
	u_int ended = 0;
	size_t done;
	char c;

	hd_setup(&hd_cdevsw);
	hd[0].hd_restarts = 5;
	l = h_enter(0);
	hyp_lwp_nosleep(l);
	T_EQ(hyp_node_open(hd_node(0), RW, &a.c_host, &a.c_file), L_EAGAIN);
	h_exit(l);
	T_EQ(hd[0].hd_restarts, 3);
	hd[0].hd_restarts = 0;

	T_EQ(copen(&a, RW), 0);
	hd[0].hd_close_holds = true;
	t = t_spawn(revoker, &ended);
	T_UNTIL(hd_is_set, &hd[0].hd_cancelled);
	l = h_enter(0);
	hyp_lwp_nosleep(l);
	T_EQ(hyp_file_read(a.c_file, &c, 1, 0, &done), L_EAGAIN);
	hd_set(&hd[0], &hd[0].hd_close_holds, false);
	t_join(t);
	T_EQ(hyp_file_read(a.c_file, &c, 1, 0, &done), L_EIO);
	h_exit(l);
	cclose(&a);
	hd_teardown();
}

/* usbdi(9) says nothing else of a thread that may not sleep than EINTR. */
static void
nosleep_eintr(void)
{
	struct client a = { 0 };
	struct hyp_lwp *l;
	size_t done;
	char c = 'x';

	hd_setup(&hd_cdevsw);
	T_EQ(copen(&a, RW), 0);
	hd[0].hd_move_error = EINTR;
	l = h_enter(0);
	T_EQ(hyp_file_write(a.c_file, &c, 1, 0, &done), L_EINTR);
	hyp_lwp_nosleep(l);
	T_EQ(hyp_file_write(a.c_file, &c, 1, 0, &done), L_EAGAIN);
	hyp_lwp_interrupt(l);
	T_EQ(hyp_file_write(a.c_file, &c, 1, 0, &done), L_EINTR);
	h_exit(l);
	hd[0].hd_move_error = 0;
	cclose(&a);
	hd_teardown();
}

/* ---- several names of one device ------------------------------------ */

static struct hyp_file *
open_node(struct hyp_node *hn)
{
	struct hyp_lwp *l = h_enter(0);
	struct hyp_file *fp;

	T_EQ(hyp_node_open(hn, RW, NULL, &fp), 0);
	h_exit(l);
	return fp;
}

static void
close_file(struct hyp_file *fp)
{
	struct hyp_lwp *l = h_enter(0);

	hyp_file_close(fp, 0);
	h_exit(l);
}

static int
write_file(struct hyp_file *fp)
{
	struct hyp_lwp *l = h_enter(0);
	size_t done;
	int error;

	error = hyp_file_write(fp, "abc", 3, 0, &done);
	h_exit(l);
	return error;
}

/* sn_opencnt is a name's share of sd_opencnt: the device closes once. */
static void
aliases_close(void)
{
	struct hyp_node alias = { .hn_dev = makedev(0, 0) };
	struct hyp_file *a, *a2, *b;

	hd_setup(&hd_cdevsw);
	a = open_node(hd_node(0));
	a2 = open_node(hd_node(0));
	b = open_node(&alias);
	T_CHECK(a->f_vp == a2->f_vp && a->f_vp != b->f_vp);
	T_EQ(a->f_vp->v_spec.sn_opencnt, 2);
	T_EQ(b->f_vp->v_spec.sn_opencnt, 1);
	T_EQ(a->f_vp->v_spec.sn_dev->sd_opencnt, 3);
	close_file(a);
	close_file(a2);
	T_EQ(hd[0].hd_nclose, 0);
	close_file(b);
	T_CHECK(strcmp(hd[0].hd_trace, "ooocC") == 0);
	hd_teardown();
}

/* A revoke of one vnode leaves the other; revoke(2) takes both. */
static void
aliases_revoke(void)
{
	struct hyp_node alias = { .hn_dev = makedev(0, 0) };
	struct hyp_file *a, *b;

	hd_setup(&hd_cdevsw);
	a = open_node(hd_node(0));
	b = open_node(&alias);
	T_EQ(VOP_REVOKE(a->f_vp, REVOKEALL), 0);
	T_EQ(hd[0].hd_nclose, 0);
	T_EQ(write_file(a), L_EIO);
	T_EQ(write_file(b), 0);
	close_file(a);
	T_EQ(hd[0].hd_nclose, 0);
	close_file(b);
	T_EQ(hd[0].hd_nclose, 1);

	a = open_node(hd_node(0));
	b = open_node(&alias);
	revoke();
	T_EQ(hd[0].hd_nclose, 2);
	T_EQ(write_file(a), L_EIO);
	T_EQ(write_file(b), L_EIO);
	close_file(a);
	close_file(b);
	T_EQ(hd[0].hd_nclose, 2);
	hd_teardown();
}

static struct hyp_node second_name = { .hn_dev = makedev(0, 0) };

static void
second_opener(void *arg)
{
	struct client *c = arg;
	struct hyp_lwp *l = h_enter(1000);

	atomic_store_release(&c->c_lwp, l);
	c->c_error = hyp_node_open(&second_name, RW, &c->c_host, &c->c_file);
	h_exit(l);
}

static int
both_opening(void *arg __unused)
{
	u_int n;

	mutex_enter(&hd[0].hd_lock);
	n = hd[0].hd_opens;
	mutex_exit(&hd[0].hd_lock);
	return n == 2;
}

/*
 * An open that is revoked while another name keeps the device from being
 * closed ends when that other one does, even if that fails.
 */
static void
aliases_failing(void)
{
	struct client a = { 0 }, b = { 0 };
	struct t_thread *ta, *tb;
	struct hyp_lwp *l;
	struct vnode *vp;

	hd_setup(&hd_cdevsw);
	hd[0].hd_open_holds = true;
	ta = t_spawn(opener, &a);
	tb = t_spawn(second_opener, &b);
	T_UNTIL(both_opening, NULL);
	l = h_enter(0);
	T_EQ(spec_vnode_get(VCHR, makedev(0, 0), hd_node(0), &vp), 0);
	T_EQ(VOP_REVOKE(vp, REVOKEALL), 0);
	vrele(vp);
	h_exit(l);
	T_EQ(hd[0].hd_ncancel, 0);
	hyp_lwp_interrupt(b.c_lwp);
	t_join(tb);
	T_EQ(b.c_error, L_EINTR);
	t_join(ta);
	T_EQ(a.c_error, L_EBADF);
	T_CHECK(strcmp(hd[0].hd_trace, "oocC") == 0);
	hd_teardown();
}

/*
 * NetBSD's vn_close passes the file's flags as they are at the close, so
 * d_close has FNONBLOCK if fcntl(2) has set it, and not if only the open had
 * it; a revoke's always has (VOP_REVOKE: IO_NDELAY).
 */
static void
close_flags(void)
{
	struct client a = { 0 };

	hd_setup(&hd_cdevsw);
	T_EQ(copen(&a, HYP_F_READ | HYP_F_WRITE), 0);
	cclose_flags(&a, HYP_F_NONBLOCK);
	T_EQ(hd[0].hd_cancelflag, FREAD | FWRITE | FNONBLOCK);
	T_EQ(hd[0].hd_closeflag, FREAD | FWRITE | FNONBLOCK);
	T_EQ(copen(&a, HYP_F_READ | HYP_F_NONBLOCK), 0);
	cclose_flags(&a, 0);
	T_EQ(hd[0].hd_cancelflag, FREAD);
	T_EQ(hd[0].hd_closeflag, FREAD);
	T_EQ(copen(&a, HYP_F_READ), 0);
	T_EQ(h_revoke(hd_node(0)), 0);
	T_EQ(hd[0].hd_closeflag, FNONBLOCK);
	cclose(&a);
	T_EQ(hd[0].hd_nclose, 3);
	hd_teardown();
}

const struct t_case t_cases[] = {
	{ "only the last close cancels and closes, in this order",
	    last_close },
	{ "a close is told O_NONBLOCK as the file has it then", close_flags },
	{ "each minor is a device of its own", separate_minors },
	{ "several names of one device: one last close", aliases_close },
	{ "several names of one device: a revoke takes all", aliases_revoke },
	{ "several names of one device: a failing open is the last of a revoked "
	    "one", aliases_failing },
	{ "a failing reopen that is the last reference closes",
	    failing_reopen },
	{ "a failing first open closes nothing", failed_open_alone },
	{ "opens wait for a close in progress, interruptibly",
	    open_waits_for_close },
	{ "revoke: cancel, drain, close; then the file is dead",
	    revoke_blocked_read },
	{ "revoke of what is not open calls nothing", revoke_unopened },
	{ "an open that succeeds after its revoke ends with EBADF",
	    revoke_during_open },
	{ "an open that was queued before chown and revoke is refused",
	    queued_open_is_checked },
	{ "a restarted open checks the node's permissions again",
	    revoke_restarts_open },
	{ "revoke wakes pollers", revoke_wakes_poll },
	{ "poll is woken by the driver", poll_wakes },
	{ "without d_cancel: close, then drain", legacy },
	{ "a driver that is not MP-safe may sleep", giant },
	{ "an interrupt ends a read with EINTR", interrupted_read },
	{ "an error after some bytes: EINTR and EWOULDBLOCK give way to them",
	    moved_and_failed },
	{ "a file opened for writing does not read", wrong_direction },
	{ "vdevgone: as revoke, and the name comes back", gone },
	{ "200 blocked readers return from one revoke", many_readers },
	{ "a second revoke waits for the first", two_revokes },
	{ "a revoke takes what was there when it began", revoke_ends },
	{ "who may not sleep is told EAGAIN, and does not spin", nosleep },
	{ "... even if the driver says EINTR, unless it is one",
	    nosleep_eintr },
	{ NULL, NULL },
};
