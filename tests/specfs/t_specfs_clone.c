/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_specfs_clone.c - cloning devices (fd_clone): state for each open, and
 * exactly one close for each, whatever comes first: the client's close, a
 * revoke, vdevgone, or all of them.
 *
 * fd_clone and EMOVEFD are NetBSD's, where a driver that needs one close for
 * each open (FreeBSD's D_TRACKCLOSE) makes a file of its own.  That
 * revoke and vdevgone reach these files is this project's rule.
 */
#include <sys/atomic.h>
#include <sys/conf.h>
#include <sys/errno.h>
#include <sys/event.h>
#include <sys/fcntl.h>
#include <sys/file.h>
#include <sys/kmem.h>
#include <sys/lwp.h>
#include <sys/poll.h>
#include <sys/select.h>
#include <sys/systm.h>
#include <sys/uio.h>

#include <hyp/hyp.h>

#include <miscfs/specfs/specdev.h>

#include "h_test.h"
#include "specfs/h_node.h"
#include "specfs/h_specfs.h"
#include "specfs/specfs_impl.h"

#define	L_EIO		5
#define	L_ENXIO		6
#define	L_EBADF		9
#define	L_EAGAIN	11
#define	L_EINVAL	22
#define	RW		(HYP_F_READ | HYP_F_WRITE)

/* One open. */
struct clone {
	kmutex_t	c_lock;
	kcondvar_t	c_cv;
	struct selinfo	c_sel;
	u_int		c_bytes;
	u_int		c_calls;
	bool		c_restarted;
};

static u_int nopen, nclose, nrestart, nbreach;	/* atomic */
static u_int ndevcancel, ndevclose;		/* atomic */
static int closeflag;				/* f_flag in fo_close */
static bool hold_open, in_open;			/* atomic */
static bool gone;				/* atomic */

static void
clone_enter(struct clone *c)
{

	mutex_enter(&c->c_lock);
	c->c_calls++;
}

static void
clone_exit(struct clone *c)
{

	c->c_calls--;
	mutex_exit(&c->c_lock);
}

static int
clone_read(struct file *fp, off_t *off __unused, struct uio *uio,
    kauth_cred_t cred __unused, int flags)
{
	struct clone *const c = fp->f_data;
	int error = 0;

	clone_enter(c);
	while (c->c_bytes == 0 && error == 0) {
		if (c->c_restarted)
			error = ERESTART;
		else if (flags & IO_NDELAY)
			error = EWOULDBLOCK;
		else
			error = cv_wait_sig(&c->c_cv, &c->c_lock);
	}
	while (error == 0 && c->c_bytes > 0 && uio->uio_resid > 0) {
		c->c_bytes--;
		error = ureadc('x', uio);
	}
	clone_exit(c);
	return error;
}

static int
clone_write(struct file *fp, off_t *off __unused, struct uio *uio,
    kauth_cred_t cred __unused, int flags __unused)
{
	struct clone *const c = fp->f_data;
	int error = 0;
	char byte;

	clone_enter(c);
	while (error == 0 && uio->uio_resid > 0) {
		error = uiomove(&byte, 1, uio);
		c->c_bytes++;
	}
	cv_broadcast(&c->c_cv);
	selnotify(&c->c_sel, 0, 0);
	clone_exit(c);
	return error;
}

static int
clone_poll(struct file *fp, int events)
{
	struct clone *const c = fp->f_data;
	int revents = events & POLLOUT;

	clone_enter(c);
	if (c->c_bytes > 0)
		revents |= events & POLLIN;
	selrecord(curlwp, &c->c_sel);
	clone_exit(c);
	return revents;
}

static void
clone_free(struct clone *c)
{

	seldestroy(&c->c_sel);
	cv_destroy(&c->c_cv);
	mutex_destroy(&c->c_lock);
	kmem_free(c, sizeof(*c));
}

static int
clone_close(struct file *fp)
{
	struct clone *const c = fp->f_data;

	atomic_store_relaxed(&closeflag, fp->f_flag);
	mutex_enter(&c->c_lock);
	if (c->c_calls > 0)
		atomic_inc_uint(&nbreach);
	mutex_exit(&c->c_lock);
	clone_free(c);
	atomic_inc_uint(&nclose);
	return 0;
}

static void
clone_restart(struct file *fp)
{
	struct clone *const c = fp->f_data;

	mutex_enter(&c->c_lock);
	c->c_restarted = true;
	cv_broadcast(&c->c_cv);
	mutex_exit(&c->c_lock);
	atomic_inc_uint(&nrestart);
}

static const struct fileops clone_fileops = {
	.fo_name = "clone",
	.fo_read = clone_read,
	.fo_write = clone_write,
	.fo_ioctl = fbadop_ioctl,
	.fo_poll = clone_poll,
	.fo_close = clone_close,
	.fo_kqfilter = fnullop_kqfilter,
	.fo_restart = clone_restart,
};

/* The same, polled by filters. */
static void
filt_clonedetach(struct knote *kn)
{
	struct clone *const c = kn->kn_hook;

	mutex_enter(&c->c_lock);
	selremove_knote(&c->c_sel, kn);
	mutex_exit(&c->c_lock);
}

static int
filt_cloneread(struct knote *kn, long hint __unused)
{
	struct clone *const c = kn->kn_hook;

	mutex_enter(&c->c_lock);
	kn->kn_data = c->c_bytes;
	mutex_exit(&c->c_lock);
	return kn->kn_data > 0;
}

static const struct filterops cloneread_filtops = {
	.f_flags = FILTEROP_ISFD | FILTEROP_MPSAFE,
	.f_detach = filt_clonedetach,
	.f_event = filt_cloneread,
};

static int
clone_kqfilter(struct file *fp, struct knote *kn)
{
	struct clone *const c = fp->f_data;

	if (kn->kn_filter != EVFILT_READ) {
		kn->kn_fop = &seltrue_filtops;
		return 0;
	}
	kn->kn_fop = &cloneread_filtops;
	kn->kn_hook = c;
	mutex_enter(&c->c_lock);
	selrecord_knote(&c->c_sel, kn);
	mutex_exit(&c->c_lock);
	return 0;
}

static const struct fileops filter_fileops = {
	.fo_name = "clone",
	.fo_read = clone_read,
	.fo_write = clone_write,
	.fo_ioctl = fbadop_ioctl,
	.fo_close = clone_close,
	.fo_kqfilter = clone_kqfilter,
	.fo_restart = clone_restart,
};
static const struct fileops *fileops = &clone_fileops;

static int
cloneopen(dev_t dev __unused, int flag, int mode __unused,
    struct lwp *l __unused)
{
	struct clone *c;
	file_t *fp;
	int error, fd;

	if (atomic_load_relaxed(&gone))
		return ENXIO;
	if ((error = fd_allocfile(&fp, &fd)) != 0)
		return error;
	while (atomic_load_acquire(&hold_open)) {
		atomic_store_release(&in_open, true);
		(void)kpause("hold", false, 1, NULL);
	}
	if (flag & FNONBLOCK) {		/* "not today" */
		fd_abort(curproc, fp, (unsigned)fd);
		return EWOULDBLOCK;
	}
	c = kmem_zalloc(sizeof(*c), KM_SLEEP);
	mutex_init(&c->c_lock, MUTEX_DEFAULT, IPL_NONE);
	cv_init(&c->c_cv, "clone");
	selinit(&c->c_sel);
	error = fd_clone(fp, (unsigned)fd, flag, fileops, c);
	if (error == EMOVEFD)
		atomic_inc_uint(&nopen);
	else
		clone_free(c);
	return error;
}

static int
clonecancel(dev_t dev __unused, int flag __unused, int mode __unused,
    struct lwp *l __unused)
{

	atomic_inc_uint(&ndevcancel);
	return 0;
}

static int
cloneclose(dev_t dev __unused, int flag __unused, int mode __unused,
    struct lwp *l __unused)
{

	atomic_inc_uint(&ndevclose);
	return 0;
}

static const struct cdevsw clone_cdevsw = {
	.d_open = cloneopen,
	.d_cancel = clonecancel,
	.d_close = cloneclose,
	.d_read = noread,
	.d_write = nowrite,
	.d_ioctl = noioctl,
	.d_poll = nopoll,
	.d_flag = D_OTHER | D_MPSAFE,
};

const struct devnode devnodes[] = { { NULL, NULL, NULL, 0, 0 } };

static struct hyp_node node;
static devmajor_t maj;

static void
setup(void)
{

	nopen = nclose = nrestart = nbreach = ndevcancel = ndevclose = 0;
	hold_open = in_open = gone = false;
	h_specfs_up();
	maj = NODEVMAJOR;
	T_EQ(devsw_attach("clone", NULL, NULL, &clone_cdevsw, &maj), 0);
	node.hn_dev = makedev(maj, 0);
}

static void
teardown(void)
{
	static const char *const names[] = { NULL };

	T_EQ(nclose, nopen);
	T_EQ(nbreach, 0);
	devsw_detach(NULL, &clone_cdevsw);
	h_specfs_down(names);
}

static void
filters(void)
{
	struct h_client a = { .c_node = &node };
	struct knote kn = { .kn_filter = EVFILT_READ };

	setup();
	fileops = &filter_fileops;
	h_open(&a);
	fileops = &clone_fileops;
	T_EQ(a.c_error, 0);
	T_EQ(h_poll(&a, POLLIN | POLLOUT, 1), POLLOUT);
	T_EQ(a.c_host.hf_wakes, 0);
	(void)h_write(&a, 3);
	T_EQ(a.c_host.hf_wakes, 1);
	T_EQ(h_poll(&a, POLLIN | POLLOUT, 0), POLLIN | POLLOUT);
	h_read(&a);
	T_EQ(h_poll(&a, POLLIN, 1), 0);
	T_EQ(h_revoke(&node), 0);
	T_EQ(a.c_host.hf_wakes, 2);
	T_EQ(h_poll(&a, POLLIN, 1), POLLIN | POLLERR | POLLHUP);
	h_close(&a);
	T_EQ(fnullop_kqfilter(NULL, &kn), EOPNOTSUPP);
	teardown();
}

static u_int
opens(void)
{
	struct hyp_node_stat hs;

	hyp_node_getstat(&node, &hs);
	return hs.hs_opens;
}

static void
own_state(void)
{
	struct h_client a = { .c_node = &node }, b = a;

	setup();
	h_open(&a);
	h_open(&b);
	T_EQ(a.c_error, 0);
	T_EQ(b.c_error, 0);
	T_EQ(opens(), 2);
	(void)h_write(&a, 3);
	(void)h_write(&b, 5);
	h_read(&a);
	T_EQ(a.c_done, 3);
	h_read(&b);
	T_EQ(b.c_done, 5);
	T_EQ(h_poll(&a, POLLIN, 1), 0);
	(void)h_write(&b, 1);
	T_EQ(a.c_host.hf_wakes, 0);
	(void)h_write(&a, 1);
	T_EQ(a.c_host.hf_wakes, 1);
	h_close(&a);
	T_EQ(nclose, 1);
	h_read(&b);
	T_EQ(b.c_done, 1);
	h_close(&b);
	T_EQ(nclose, 2);
	/* The device itself was never open. */
	T_EQ(ndevcancel, 0);
	T_EQ(ndevclose, 0);
	T_EQ(opens(), 0);
	teardown();
}

/* fo_close finds O_NONBLOCK in f_flag as the file has it then, as NetBSD's. */
static void
close_flags(void)
{
	static const int flags[] = { HYP_F_NONBLOCK, 0 };
	struct hyp_lwp *l = h_enter(0);
	struct hyp_file *fp;

	setup();
	for (u_int i = 0; i < 2; i++) {
		T_EQ(hyp_node_open(&node, RW, NULL, &fp), 0);
		hyp_file_close(fp, flags[i]);
		T_EQ(closeflag, FREAD | FWRITE |
		    (flags[i] != 0 ? FNONBLOCK : 0));
	}
	h_exit(l);
	teardown();
}

static void
failed_open(void)
{
	struct hyp_lwp *l = h_enter(0);
	struct hyp_file *fp;

	setup();
	T_EQ(hyp_node_open(&node, RW | HYP_F_NONBLOCK, NULL, &fp), L_EAGAIN);
	h_exit(l);
	T_EQ(nopen, 0);
	teardown();
}

/* In the place of hyp_log, for the sake of the count. */
void __real_hyp_log(int, const char *);
void __wrap_hyp_log(int, const char *);
static u_int nerrors;		/* atomic */

void
__wrap_hyp_log(int level, const char *text)
{

	if (level == HYP_LOG_ERR)
		atomic_inc_uint(&nerrors);
	__real_hyp_log(level, text);
}

/* A driver's author has left it out; not found by a client's call. */
static void
lacks_entry(void)
{
	struct fileops lacks[5], many[17];
	struct hyp_lwp *l;
	struct hyp_file *fp;

	setup();
	for (u_int i = 0; i < __arraycount(lacks); i++)
		lacks[i] = clone_fileops;
	for (u_int i = 0; i < __arraycount(many); i++) {
		many[i] = clone_fileops;
		many[i].fo_read = NULL;
	}
	lacks[0].fo_read = NULL;
	lacks[1].fo_write = NULL;
	lacks[2].fo_ioctl = NULL;
	lacks[3].fo_close = NULL;
	lacks[4].fo_restart = NULL;
	for (u_int i = 0; i < __arraycount(lacks); i++) {
		fileops = &lacks[i];
		nerrors = 0;
		for (u_int n = 0; n < 3; n++) {
			l = h_enter(0);
			T_EQ(hyp_node_open(&node, RW, NULL, &fp), L_EINVAL);
			h_exit(l);
		}
		T_EQ(nerrors, 1);
	}
	/* In turn. */
	for (u_int n = 0; n < 4 * __arraycount(lacks); n++) {
		fileops = &lacks[n % __arraycount(lacks)];
		l = h_enter(0);
		T_EQ(hyp_node_open(&node, RW, NULL, &fp), L_EINVAL);
		h_exit(l);
	}
	T_EQ(nerrors, 1);
	/* One behind the 16 latest is new again, and none is missed. */
	nerrors = 0;
	for (u_int n = 0; n < 2 * __arraycount(many); n++) {
		fileops = &many[n % __arraycount(many)];
		l = h_enter(0);
		T_EQ(hyp_node_open(&node, RW, NULL, &fp), L_EINVAL);
		h_exit(l);
	}
	T_EQ(nerrors, 2 * __arraycount(many));
	nerrors = 1;
	/* The next driver's table may come to be where this one's was. */
	devsw_detach(NULL, &clone_cdevsw);
	T_EQ(devsw_attach("clone", NULL, NULL, &clone_cdevsw, &maj), 0);
	l = h_enter(0);
	T_EQ(hyp_node_open(&node, RW, NULL, &fp), L_EINVAL);
	h_exit(l);
	T_EQ(nerrors, 2);
	fileops = &clone_fileops;
	T_EQ(nopen, 0);
	teardown();
}

static void
revoke_clones(void)
{
	struct h_client a = { .c_node = &node }, b = a, c = a;
	struct t_thread *t;

	setup();
	h_open(&a);
	h_open(&b);
	T_EQ(h_poll(&b, POLLIN, 1), 0);
	t = t_spawn(h_read, &a);
	T_UNTIL(h_in_driver, &node);
	T_EQ(h_revoke(&node), 0);
	T_EQ(nclose, 2);
	T_CHECK(b.c_host.hf_wakes >= 1);
	t_join(t);
	T_EQ(a.c_error, L_EIO);		/* ERESTART, then a dead file */
	h_read(&b);
	T_EQ(b.c_error, L_EIO);
	T_EQ(h_poll(&b, POLLIN, 1), POLLIN | POLLERR | POLLHUP);
	/* The name goes on. */
	h_open(&c);
	T_EQ(c.c_error, 0);
	(void)h_write(&c, 1);
	h_read(&c);
	T_EQ(c.c_done, 1);
	h_close(&a);
	h_close(&b);
	T_EQ(nclose, 2);
	h_close(&c);
	teardown();
}

static void
detach_clones(void)
{
	struct h_client a = { .c_node = &node }, b = a;
	struct t_thread *t;

	setup();
	h_open(&a);
	t = t_spawn(h_read, &a);
	T_UNTIL(h_in_driver, &node);
	atomic_store_relaxed(&gone, true);
	vdevgone(maj, 0, 0, VCHR);
	T_EQ(nclose, 1);
	t_join(t);
	T_EQ(a.c_error, L_EIO);
	h_open(&b);
	T_EQ(b.c_error, L_ENXIO);
	h_close(&a);
	teardown();
}

static int
is_opening(void *arg __unused)
{

	return atomic_load_acquire(&in_open);
}

static void
revoker(void *arg)
{

	T_EQ(h_revoke(arg), 0);
}

/* d_open sleeps when the revoke comes: it waits, and the clone is closed. */
static void
revoke_during_open(void)
{
	struct h_client a = { .c_node = &node };
	struct t_thread *t, *u;

	setup();
	atomic_store_release(&hold_open, true);
	t = t_spawn(h_open, &a);
	T_UNTIL(is_opening, NULL);
	u = t_spawn(revoker, &node);
	while (atomic_load_relaxed(&ndevcancel) == 0)
		t_msleep(1);
	atomic_store_release(&hold_open, false);
	t_join(t);
	t_join(u);
	T_EQ(a.c_error, L_EBADF);
	T_EQ(nopen, 1);
	T_EQ(nclose, 1);
	teardown();
}

/* The driver leaves: its files go first. */
static void
driver_leaves(void)
{
	struct h_client a = { .c_node = &node };

	setup();
	h_open(&a);
	T_EQ(devsw_detach_idle(NULL, &clone_cdevsw), EBUSY);
	(void)h_write(&a, 1);
	devsw_detach(NULL, &clone_cdevsw);
	T_EQ(nclose, 1);
	h_read(&a);
	T_EQ(a.c_error, L_EIO);
	h_close(&a);
	T_EQ(devsw_attach("clone", NULL, NULL, &clone_cdevsw, &maj), 0);
	teardown();
}

static u_int running;		/* atomic */

static void
stormer(void *arg __unused)
{
	struct h_client c = { .c_node = &node };

	for (u_int opens = 0; opens < 300; ) {
		h_open(&c);
		if (c.c_error != 0)
			continue;
		opens++;
		for (u_int n = t_random() % 3; n > 0; n--) {
			struct hyp_lwp *l = h_enter(1000);
			size_t done;
			char b;

			if (t_random() % 2 == 0)
				(void)hyp_file_read(c.c_file, &b, 1, 0,
				    &done);
			else
				(void)hyp_file_write(c.c_file, "a", 1, 0,
				    &done);
			h_exit(l);
		}
		h_close(&c);
	}
	atomic_dec_uint(&running);
}

static void
storm(void)
{
	struct t_thread *t[3];

	setup();
	running = 3;
	for (u_int i = 0; i < 3; i++)
		t[i] = t_spawn(stormer, NULL);
	while (atomic_load_relaxed(&running) > 0) {
		if (t_random() % 4 == 0) {
			atomic_store_relaxed(&gone, true);
			vdevgone(maj, 0, 0, VCHR);
			atomic_store_relaxed(&gone, false);
		} else
			T_EQ(h_revoke(&node), 0);
		/* A busy machine may not let an open in between. */
		if (t_random() % 4 == 0)
			(void)kpause("storm", false, 1, NULL);
	}
	for (u_int i = 0; i < 3; i++)
		t_join(t[i]);
	t_note("%u opens, %u restarts, %u closes", nopen, nrestart, nclose);
	T_CHECK(nopen > 0);
	teardown();
}

const struct t_case t_cases[] = {
	{ "each open has its own state and one close", own_state },
	{ "a clone's close is told O_NONBLOCK as the file has it then",
	    close_flags },
	{ "without fo_poll, the filters of fo_kqfilter", filters },
	{ "an open that fails leaves nothing", failed_open },
	{ "a file that lacks an entry is refused, and logged once", lacks_entry },
	{ "a revoke of the node reaches its clones", revoke_clones },
	{ "vdevgone closes clones before it returns", detach_clones },
	{ "a clone that comes during a revoke is closed, the open EBADF",
	    revoke_during_open },
	{ "devsw_detach closes clones, devsw_detach_idle is EBUSY",
	    driver_leaves },
	{ "one close for each open when everything races", storm },
	{ NULL, NULL },
};
