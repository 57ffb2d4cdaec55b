/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_specfs_semantics.c - drivers of every kind side by side: NetBSD's with
 * d_cancel, an old one with d_close only, FreeBSD's default and D_TRACKCLOSE,
 * and one as Linux has it.
 *
 * The rules: the slides on revoke for the first two; for FreeBSD's the commit
 * that gave CAM's peripheral drivers D_TRACKCLOSE, because two closes came in
 * a row; its devfs_vnops.c and kern_conf.c for the rest; Linux's tty_io.c.
 * The driver "pd" counts as those drivers do: the first open takes a
 * reference, the last close gives it back (with D_TRACKCLOSE: each), and one
 * too many is what panics there.
 */
#include <sys/atomic.h>
#include <sys/conf.h>
#include <sys/errno.h>
#include <sys/fcntl.h>
#include <sys/kmem.h>
#include <sys/lwp.h>
#include <sys/poll.h>
#include <sys/systm.h>
#include <sys/uio.h>

#include <hyp/hyp.h>
#include <hyp/hyp_node.h>
#include <miscfs/specfs/specdev.h>

#include "h_test.h"
#include "specfs/h_node.h"
#include "specfs/h_specfs.h"
#include "specfs/specfs_impl.h"

/* Linux's numbers, as the seam has them. */
#define	L_EIO		5
#define	L_ENXIO		6
#define	L_EBADF		9
#define	L_ENODEV	19
#define	L_EOPNOTSUPP	95


/* One device; all under pd_lock. */
static kmutex_t pd_lock;
static kcondvar_t pd_cv;
static char pd_trace[64];
static int pd_closeflag;		/* d_close's */
static int pd_refs;		/* what the driver thinks that it holds */
static u_int pd_panics;		/* references given back that were not there */
static bool pd_isopen;
static bool pd_tracks;		/* counts each open */
static bool pd_cancelled, pd_gone;
static bool pd_hold_close, pd_in_close;
static bool pd_deaf;		/* a read does not mind d_cancel or d_close */
static bool pd_purged;		/* d_purge of FreeBSD's drivers: reads end */
static u_int pd_reads;

/* Nobody reads what a storm leaves, and that may be long. */
static void
trace(char c)
{
	const size_t n = strlen(pd_trace);

	if (n + 1 == sizeof(pd_trace))
		return;
	pd_trace[n] = c;
	pd_trace[n + 1] = '\0';
}

static void
pd_set(bool *flag, bool v)
{

	mutex_enter(&pd_lock);
	*flag = v;
	cv_broadcast(&pd_cv);
	mutex_exit(&pd_lock);
}

static int
pd_is_set(void *arg)
{
	bool v;

	mutex_enter(&pd_lock);
	v = *(bool *)arg;
	mutex_exit(&pd_lock);
	return v;
}

static int
pd_reading(void *arg)
{
	bool v;

	mutex_enter(&pd_lock);
	v = pd_reads == *(u_int *)arg;
	mutex_exit(&pd_lock);
	return v;
}

static int
pdopen(dev_t dev __unused, int flag __unused, int mode __unused,
    struct lwp *l __unused)
{
	int error = 0;

	mutex_enter(&pd_lock);
	if (pd_gone)
		error = ENXIO;
	else {
		trace('o');
		if (pd_tracks || !pd_isopen)
			pd_refs++;
		pd_isopen = true;
	}
	mutex_exit(&pd_lock);
	return error;
}

static int
pdcancel(dev_t dev __unused, int flag __unused, int mode __unused,
    struct lwp *l __unused)
{

	mutex_enter(&pd_lock);
	trace('c');
	pd_cancelled = true;
	cv_broadcast(&pd_cv);
	mutex_exit(&pd_lock);
	return 0;
}

static int
pdclose(dev_t dev __unused, int flag, int mode __unused,
    struct lwp *l __unused)
{

	mutex_enter(&pd_lock);
	pd_in_close = true;
	cv_broadcast(&pd_cv);
	while (pd_hold_close)		/* on the way to the driver's lock */
		cv_wait(&pd_cv, &pd_lock);
	trace('C');
	pd_closeflag = flag;
	if (pd_refs == 0)
		pd_panics++;
	else
		pd_refs--;
	pd_isopen = pd_refs > 0;
	pd_cancelled = !pd_isopen;	/* wakes who reads, waits for nobody */
	pd_in_close = false;
	cv_broadcast(&pd_cv);
	mutex_exit(&pd_lock);
	return 0;
}

static int
pdread(dev_t dev __unused, struct uio *uio __unused, int flag __unused)
{
	int error = 0;

	mutex_enter(&pd_lock);
	pd_reads++;
	cv_broadcast(&pd_cv);
	while (error == 0 && !pd_purged && (pd_deaf || !pd_cancelled))
		error = cv_wait_sig(&pd_cv, &pd_lock);
	pd_reads--;
	trace('r');
	mutex_exit(&pd_lock);
	return error != 0 ? error : ERESTART;
}

#define	PD_ENTRIES							\
	.d_open = pdopen,						\
	.d_close = pdclose,						\
	.d_read = pdread,						\
	.d_write = nowrite,						\
	.d_ioctl = noioctl,						\
	.d_poll = nopoll

static const struct cdevsw pd_cancel_cdevsw = {
	PD_ENTRIES, .d_cancel = pdcancel, .d_flag = D_OTHER | D_MPSAFE
};
static const struct cdevsw pd_cdevsw = {
	PD_ENTRIES, .d_flag = D_OTHER | D_MPSAFE
};
static const struct cdevsw pd_track_cdevsw = {
	PD_ENTRIES, .d_flag = D_OTHER | D_MPSAFE | D_TRACKCLOSE
};
static const struct cdevsw pd_tty_cdevsw = {
	PD_ENTRIES, .d_cancel = pdcancel, .d_flag = D_TTY | D_MPSAFE
};

const struct devnode devnodes[] = { { NULL, NULL, NULL, 0, 0 } };

static struct hyp_node node;
static const struct cdevsw *present;

static void
setup(const struct cdevsw *sw, const char *semantics)
{
	devmajor_t maj = 0;

	mutex_init(&pd_lock, MUTEX_DEFAULT, IPL_NONE);
	cv_init(&pd_cv, "pd");
	pd_trace[0] = '\0';
	pd_refs = 0;
	pd_panics = pd_reads = 0;
	pd_isopen = pd_cancelled = pd_gone = pd_hold_close = false;
	pd_in_close = pd_deaf = pd_purged = false;
	pd_tracks = (sw->d_flag & D_TRACKCLOSE) != 0;
	h_specfs_up();
	present = sw;
	T_EQ(devsw_attach("pd", NULL, NULL, sw, &maj), 0);
	T_EQ(devsw_semantics(sw, semantics), 0);
	node.hn_dev = makedev(0, 0);
}

static void
teardown(void)
{
	static const char *const names[] = { NULL };

	T_EQ(pd_reads, 0);
	devsw_detach(NULL, present);
	h_specfs_down(names);
	cv_destroy(&pd_cv);
}

static void
unplug(void *arg)
{

	pd_set(&pd_gone, true);
	vdevgone(0, 0, 0, VCHR);
	if (arg != NULL)
		atomic_inc_uint((u_int *)arg);
}

/* ---- an open during the last close ---------------------------------- */

/*
 * A has it open and closes; B opens when A's close is on its way into the
 * driver, and closes.
 */
static void
open_during_close(const struct cdevsw *sw, const char *semantics,
    bool waits, const char *order, u_int panics)
{
	struct h_client a = { .c_node = &node }, b = a;
	struct t_thread *ta, *tb;

	setup(sw, semantics);
	h_open(&a);
	pd_set(&pd_hold_close, true);
	ta = t_spawn(h_close, &a);
	T_UNTIL(pd_is_set, &pd_in_close);
	tb = t_spawn(h_open, &b);
	if (waits) {
		t_msleep(20);
		T_EQ(atomic_load_relaxed(&b.c_ended), 0);
	} else
		T_UNTIL(h_has_ended, &b.c_ended);
	pd_set(&pd_hold_close, false);
	t_join(ta);
	t_join(tb);
	T_EQ(b.c_error, 0);
	h_close(&b);
	if (strcmp(pd_trace, order) != 0)
		t_fail(__FILE__, __LINE__, "%s: %s, not %s", semantics,
		    pd_trace, order);
	T_EQ(pd_panics, panics);
	T_EQ(pd_refs, 0);
	teardown();
}

static void
closes_netbsd(void)
{

	open_during_close(&pd_cancel_cdevsw, "netbsd", true, "ocCocC", 0);
}

static void
closes_legacy(void)
{

	open_during_close(&pd_cdevsw, "netbsd-legacy", true, "oCoC", 0);
}

/*
 * Both close while A's close is in the driver: B's is not the last, since A
 * still counts, and nobody's comes after it.
 */
static void
close_during_close(void)
{
	struct h_client a = { .c_node = &node }, b = a;
	struct t_thread *ta;

	setup(&pd_cancel_cdevsw, "freebsd");
	h_open(&a);
	pd_set(&pd_hold_close, true);
	ta = t_spawn(h_close, &a);
	T_UNTIL(pd_is_set, &pd_in_close);
	h_open(&b);
	h_close(&b);
	pd_set(&pd_hold_close, false);
	t_join(ta);
	T_CHECK(!pd_is_set(&pd_isopen));
	t_note("%s", pd_trace);
	T_EQ(strcmp(pd_trace, "ocoCcC"), 0);
	teardown();
}

static void
closes_freebsd(void)
{

	open_during_close(&pd_cdevsw, "freebsd", false, "ooCC", 1);
}

static void
closes_trackclose(void)
{

	open_during_close(&pd_track_cdevsw, "freebsd-trackclose", true,
	    "oCoC", 0);
}

static void
closes_linux(void)
{

	open_during_close(&pd_cancel_cdevsw, "linux", true, "ocCocC", 0);
}

/*
 * A close with O_NONBLOCK: NetBSD's and FreeBSD's d_close are told, and NetBSD's
 * ttys drop then what was not sent; Linux's do not look at it.
 */
static void
close_nonblock(const char *semantics, int flag)
{
	struct h_client a = { .c_node = &node };
	struct hyp_lwp *l = h_enter(0);

	setup(&pd_cancel_cdevsw, semantics);
	h_open(&a);
	hyp_file_close(a.c_file, HYP_F_NONBLOCK);
	h_exit(l);
	T_EQ(pd_closeflag & FNONBLOCK, flag);
	teardown();
}

static void
closes_nonblock(void)
{

	close_nonblock("netbsd", FNONBLOCK);
	close_nonblock("freebsd", FNONBLOCK);
	close_nonblock("linux", 0);
}

/* ---- how many closes ------------------------------------------------ */

static void
three_opens(const struct cdevsw *sw, const char *semantics,
    const char *order)
{
	const struct h_client new = { .c_node = &node };
	struct h_client c[3] = { new, new, new };

	setup(sw, semantics);
	for (u_int i = 0; i < 3; i++)
		h_open(&c[i]);
	for (u_int i = 0; i < 3; i++)
		h_close(&c[i]);
	if (strcmp(pd_trace, order) != 0)
		t_fail(__FILE__, __LINE__, "%s: %s, not %s", semantics,
		    pd_trace, order);
	T_EQ(pd_panics, 0);
	T_EQ(pd_refs, 0);
	teardown();
}

static void
counts(void)
{

	three_opens(&pd_cancel_cdevsw, "netbsd", "ooocC");
	three_opens(&pd_cdevsw, "netbsd-legacy", "oooC");
	three_opens(&pd_cdevsw, "freebsd", "oooC");
	three_opens(&pd_track_cdevsw, "freebsd-trackclose", "oooCCC");
	three_opens(&pd_cdevsw, "freebsd-trackclose", "oooC");
	three_opens(&pd_cancel_cdevsw, "linux", "ooocC");
}

/* ---- a read that is slow to leave, and a revoke --------------------- */

static void
revoke_of_slow_read(const struct cdevsw *sw, const char *semantics,
    bool waits)
{
	struct h_client a = { .c_node = &node };
	struct t_thread *t, *u;
	u_int one = 1, none = 0, gone = 0;

	setup(sw, semantics);
	hyp_set_deadline(100);
	h_open(&a);
	a.c_ended = 0;
	pd_set(&pd_deaf, true);
	t = t_spawn(h_read, &a);
	T_UNTIL(pd_reading, &one);
	T_EQ(h_revoke(&node), 0);
	/* With a drain, it is the deadline that has ended the revoke. */
	T_EQ(zombie_count(), waits ? 1 : 0);
	T_EQ(a.c_ended, 0);
	/* A detach waits for the read, whatever the semantics. */
	u = t_spawn(unplug, &gone);
	t_msleep(20);
	T_EQ(atomic_load_relaxed(&gone), 0);
	pd_set(&pd_deaf, false);
	T_UNTIL(pd_reading, &none);
	t_join(t);
	t_join(u);
	T_EQ(zombie_count(), 0);
	T_EQ(pd_refs, 0);
	h_close(&a);
	hyp_set_deadline(5000);
	teardown();
}

static void
slow_netbsd(void)
{

	revoke_of_slow_read(&pd_cancel_cdevsw, "netbsd", true);
}

static void
slow_legacy(void)
{

	revoke_of_slow_read(&pd_cdevsw, "netbsd-legacy", true);
}

static void
slow_freebsd(void)
{

	revoke_of_slow_read(&pd_cdevsw, "freebsd", false);
	revoke_of_slow_read(&pd_track_cdevsw, "freebsd-trackclose", false);
}

/* ---- dead files ----------------------------------------------------- */

static void
dead(const struct cdevsw *sw, const char *semantics, int rd, int wr, int io,
    uint32_t revents)
{
	struct h_client a = { .c_node = &node };
	struct t_thread *t = NULL;
	u_int gone = 0;

	setup(sw, semantics);
	h_open(&a);
	t = t_spawn(unplug, &gone);
	while (h_poll(&a, POLLIN | POLLOUT, 0) != revents)
		t_msleep(1);		/* nopoll: POLLERR until then */
	h_read(&a);
	T_EQ(a.c_error, rd);
	T_EQ(a.c_done, 0);
	T_EQ(h_write(&a, 1), wr);
	T_EQ(h_ioctl(&a), io);
	h_close(&a);
	t_join(t);
	T_EQ(pd_refs, 0);
	teardown();
}

static void
results(void)
{
	const uint32_t io = POLLIN | POLLOUT;

	dead(&pd_tty_cdevsw, "netbsd", 0, L_EIO, L_EBADF,
	    io | POLLERR | POLLHUP);
	dead(&pd_cancel_cdevsw, "netbsd", L_EIO, L_EIO, L_EBADF,
	    io | POLLERR | POLLHUP);
	dead(&pd_tty_cdevsw, "freebsd", 0, L_ENXIO, L_EBADF,
	    POLLIN | POLLHUP);
	dead(&pd_cdevsw, "freebsd", L_ENXIO, L_ENXIO, L_EBADF,
	    POLLIN | POLLHUP);
	dead(&pd_tty_cdevsw, "linux", 0, L_EIO, L_EIO,
	    io | POLLERR | POLLHUP);
	dead(&pd_cancel_cdevsw, "linux", L_EIO, L_ENODEV, L_ENODEV,
	    POLLOUT | POLLERR | POLLHUP);
}

/* ---- linux: what was unplugged lives on ----------------------------- */

static void
linger(void)
{
	struct h_client a = { .c_node = &node }, b = a, c = a;
	u_int gone = 0, one = 1;
	struct t_thread *t, *u;

	setup(&pd_tty_cdevsw, "linux");
	h_open(&a);
	h_open(&b);
	T_EQ(h_revoke(&node), L_EOPNOTSUPP);
	a.c_ended = 0;
	t = t_spawn(h_read, &a);
	T_UNTIL(pd_reading, &one);
	u = t_spawn(unplug, &gone);
	t_join(t);			/* the blocked read ends */
	T_EQ(a.c_error, 0);
	T_EQ(a.c_done, 0);
	h_open(&c);
	T_EQ(c.c_error, L_ENXIO);
	T_EQ(h_write(&b, 1), L_EIO);
	h_close(&a);
	t_msleep(20);
	T_EQ(atomic_load_relaxed(&gone), 0);
	T_EQ(pd_refs, 1);		/* the driver still has it open */
	T_CHECK(strcmp(pd_trace, "oocr") == 0);
	h_close(&b);
	t_join(u);
	T_CHECK(strcmp(pd_trace, "oocrC") == 0);
	T_EQ(pd_refs, 0);
	teardown();
}

static void
linger_and_halt(void)
{
	struct h_client a = { .c_node = &node };
	struct t_thread *u;
	u_int gone = 0;

	setup(&pd_tty_cdevsw, "linux");
	h_open(&a);
	u = t_spawn(unplug, &gone);
	while (h_write(&a, 1) != L_EIO)
		t_msleep(1);
	T_EQ(atomic_load_relaxed(&gone), 0);
	spec_halt();
	t_join(u);
	T_CHECK(strcmp(pd_trace, "ocC") == 0);
	h_close(&a);			/* nothing left to undo */
	T_CHECK(strcmp(pd_trace, "ocC") == 0);
	teardown();
}

/* ---- a choice ------------------------------------------------------- */

static void
in_force(const char *open, const char *next)
{
	struct hyp_node_stat hs;

	hyp_node_getstat(&node, &hs);
	if (strcmp(hs.hs_semantics, open) != 0 ||
	    strcmp(hs.hs_next, next) != 0)
		t_fail(__FILE__, __LINE__, "%s, next %s; not %s, %s",
		    hs.hs_semantics, hs.hs_next, open, next);
}

/* It is made by each first open, and holds for all that share it. */
static void
chosen_by_first(void)
{
	struct h_client a = { .c_node = &node }, b = a;

	setup(&pd_cancel_cdevsw, "linux");
	in_force("", "linux");
	T_EQ(h_revoke(&node), L_EOPNOTSUPP);
	h_open(&a);
	T_EQ(devsw_semantics(present, "netbsd"), 0);
	in_force("linux", "netbsd");
	h_open(&b);
	in_force("linux", "netbsd");
	T_EQ(h_revoke(&node), L_EOPNOTSUPP);
	h_close(&a);
	T_EQ(h_revoke(&node), L_EOPNOTSUPP);
	h_close(&b);
	in_force("", "netbsd");
	h_open(&a);
	in_force("netbsd", "netbsd");
	T_EQ(devsw_semantics(present, "linux"), 0);
	T_EQ(h_revoke(&node), 0);		/* it is NetBSD's still */
	T_EQ(h_write(&a, 1), L_EIO);
	h_open(&b);
	in_force("linux", "linux");
	T_EQ(h_ioctl(&a), L_EBADF);		/* and so is its dead file */
	h_close(&b);
	T_EQ(h_ioctl(&a), L_EBADF);
	h_close(&a);
	teardown();
}

/* What was opened lingers or not, whatever is chosen by then. */
static void
chosen_and_unplugged(void)
{
	struct h_client a = { .c_node = &node }, b = a;
	u_int gone = 0;
	struct t_thread *u;

	setup(&pd_tty_cdevsw, "linux");
	h_open(&a);
	T_EQ(devsw_semantics(present, "netbsd"), 0);
	u = t_spawn(unplug, &gone);
	while (h_write(&a, 1) != L_EIO)
		t_msleep(1);
	t_msleep(20);
	T_EQ(atomic_load_relaxed(&gone), 0);
	T_EQ(pd_refs, 1);
	h_close(&a);
	t_join(u);
	T_EQ(pd_refs, 0);
	pd_set(&pd_gone, false);
	pd_set(&pd_cancelled, false);

	h_open(&b);
	T_EQ(b.c_error, 0);
	T_EQ(devsw_semantics(present, "linux"), 0);
	gone = 0;
	u = t_spawn(unplug, &gone);
	t_join(u);			/* waits for nobody's close */
	T_EQ(pd_refs, 0);
	T_EQ(h_ioctl(&b), L_EBADF);
	h_close(&b);
	teardown();
}

/* The numbers of the configuration are in the order of the names. */
static void
numbers(void)
{
	const char *p = hyp_semantics_list();
	u_int n;

	setup(&pd_cancel_cdevsw, "netbsd");
	T_EQ(strcmp(p, HYP_SEMANTICS_LIST), 0);
	for (n = 1; *p != '\0'; n++) {
		char name[20];
		size_t len = 0;

		while (p[len] != ',' && p[len] != '\0')
			len++;
		T_CHECK(len < sizeof(name));
		memcpy(name, p, len);
		name[len] = '\0';
		T_EQ(hyp_set_semantics(name), 0);
		T_EQ(spec_lingers(0), n == HYP_SEMANTICS_LINUX);
		T_EQ(spec_lingers(n), n == HYP_SEMANTICS_LINUX);
		T_EQ(hyp_set_semantics("netbsd"), 0);
		T_EQ(spec_lingers(n), n == HYP_SEMANTICS_LINUX);
		p += len + 2 * (p[len] == ',');
	}
	T_EQ(n - 1, HYP_SEMANTICS_LINUX);
	T_CHECK(!spec_lingers(n) && !spec_lingers(~0U));
	teardown();
}

static u_int running;		/* atomic */

static void
stormer(void *arg __unused)
{
	struct h_client c = { .c_node = &node };

	while (atomic_load_relaxed(&running) > 0) {
		h_open(&c);
		if (c.c_error != 0)
			continue;
		(void)h_write(&c, 1);
		if (t_random() % 2 == 0)
			h_read(&c);
		h_close(&c);
	}
}

static void
storm_of(const struct cdevsw *sw, const char *semantics)
{
	struct t_thread *t[3];

	setup(sw, semantics);
	running = 1;
	for (u_int i = 0; i < 3; i++)
		t[i] = t_spawn(stormer, NULL);
	for (u_int i = 0; i < 150; i++) {
		if (t_random() % 3 == 0) {
			pd_set(&pd_purged, true);
			unplug(NULL);
			T_EQ(pd_reads, 0);
			pd_set(&pd_purged, false);
			pd_set(&pd_gone, false);
		} else
			(void)h_revoke(&node);
		mutex_enter(&pd_lock);
		pd_trace[0] = '\0';
		/* Reads that d_close does not end, end here. */
		pd_cancelled = true;
		cv_broadcast(&pd_cv);
		mutex_exit(&pd_lock);
		t_msleep(t_random() % 2);
	}
	pd_set(&pd_purged, true);
	unplug(NULL);
	atomic_store_relaxed(&running, 0);
	for (u_int i = 0; i < 3; i++)
		t_join(t[i]);
	t_note("%s: %u closes found nothing open", semantics, pd_panics);
	teardown();
}

static void
storm(void)
{

	storm_of(&pd_cdevsw, "netbsd-legacy");
	storm_of(&pd_cdevsw, "freebsd");
	storm_of(&pd_track_cdevsw, "freebsd-trackclose");
	storm_of(&pd_cancel_cdevsw, "linux");
}

static void
chooser(void *arg __unused)
{
	static const char *const names[] = { "netbsd", "linux", "freebsd",
	    "netbsd-legacy", "freebsd-trackclose" };

	while (atomic_load_relaxed(&running) > 0) {
		(void)devsw_semantics(present,
		    names[t_random() % __arraycount(names)]);
		t_msleep(t_random() % 2);
	}
}

/* Opens, closes, revokes and unplugs while somebody changes his mind. */
static void
storm_of_choices(void)
{
	struct t_thread *t[4];
	struct h_client c = { .c_node = &node };

	setup(&pd_cancel_cdevsw, "netbsd");
	running = 1;
	for (u_int i = 0; i < 3; i++)
		t[i] = t_spawn(stormer, NULL);
	t[3] = t_spawn(chooser, NULL);
	for (u_int i = 0; i < 200; i++) {
		if (t_random() % 3 == 0) {
			pd_set(&pd_purged, true);
			unplug(NULL);
			T_EQ(pd_reads, 0);
			pd_set(&pd_purged, false);
			pd_set(&pd_gone, false);
		} else
			(void)h_revoke(&node);
		mutex_enter(&pd_lock);
		pd_trace[0] = '\0';
		pd_cancelled = true;
		cv_broadcast(&pd_cv);
		mutex_exit(&pd_lock);
		t_msleep(t_random() % 2);
	}
	pd_set(&pd_purged, true);
	unplug(NULL);
	atomic_store_relaxed(&running, 0);
	for (u_int i = 0; i < 4; i++)
		t_join(t[i]);
	T_CHECK(!pd_is_set(&pd_isopen));
	/* And then it is as good as new. */
	T_EQ(devsw_semantics(present, "netbsd"), 0);
	pd_set(&pd_gone, false);
	h_open(&c);
	T_EQ(c.c_error, 0);
	in_force("netbsd", "netbsd");
	h_close(&c);
	t_note("%u closes found nothing open", pd_panics);
	teardown();
}

const struct t_case t_cases[] = {
	{ "a choice is made by each first open", chosen_by_first },
	{ "what is unplugged goes as it was opened", chosen_and_unplugged },
	{ "the configuration's numbers are the names'", numbers },
	{ "nothing is lost or freed in use while choices change",
	    storm_of_choices },
	{ "netbsd: an open waits for the last close", closes_netbsd },
	{ "netbsd-legacy: an open waits for the last close",
	    closes_legacy },
	{ "freebsd: two closes in a row", closes_freebsd },
	{ "freebsd: nothing stays open behind a close that was not the last",
	    close_during_close },
	{ "freebsd-trackclose: a close for each open, none too many",
	    closes_trackclose },
	{ "linux: an open waits for the last close", closes_linux },
	{ "linux: a close with O_NONBLOCK is as any other", closes_nonblock },
	{ "one close for all opens, or one for each", counts },
	{ "netbsd: a revoke waits for a read", slow_netbsd },
	{ "netbsd-legacy: the stop-gap drain waits for a read",
	    slow_legacy },
	{ "freebsd: a revoke waits for nobody, a detach does",
	    slow_freebsd },
	{ "dead files answer as the system's do", results },
	{ "linux: no revoke, and state that lives until the last close",
	    linger },
	{ "linux: nothing lingers when the daemon stops", linger_and_halt },
	{ "nothing is used that is freed, whatever the semantics", storm },
	{ NULL, NULL },
};
