/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_drv.c - see h_drv.h.
 */
#include <sys/errno.h>
#include <sys/fcntl.h>
#include <sys/kmem.h>
#include <sys/kernel.h>
#include <sys/lwp.h>
#include <sys/poll.h>
#include <sys/systm.h>
#include <sys/uio.h>

#include <miscfs/specfs/specdev.h>

#include "h_mark.h"
#include "h_test.h"
#include "specfs/h_drv.h"
#include "specfs/h_node.h"
#include "specfs/specfs_impl.h"

struct hd hd[4];
const struct cdevsw *hd_present;

static struct hd *
hd_of(dev_t dev)
{

	return &hd[minor(dev)];
}

static void
trace(struct hd *h, char c)
{
	const size_t n = strlen(h->hd_trace);

	if (n + 1 < sizeof(h->hd_trace)) {
		h->hd_trace[n] = c;
		h->hd_trace[n + 1] = '\0';
	}
}

static int
hdopen(dev_t dev, int flag __unused, int mode __unused,
    struct lwp *l __unused)
{
	struct hd *const h = hd_of(dev);
	int error = 0;

	T_BEGIN("d_open");
	mutex_enter(&h->hd_lock);
	h->hd_opens++;
	h->hd_nopen++;
	trace(h, 'o');
	cv_broadcast(&h->hd_cv);
	while (h->hd_open_holds && !h->hd_gone && !h->hd_cancelled &&
	    error == 0)
		error = cv_wait_sig(&h->hd_cv, &h->hd_lock);
	if (error == 0) {
		if (h->hd_gone)
			error = ENXIO;
		else if (h->hd_restarts > 0) {
			h->hd_restarts--;
			error = ERESTART;
		} else if (h->hd_failures > 0) {
			h->hd_failures--;
			error = EIO;
		} else
			error = h->hd_open_error;
	}
	if (error == 0)
		h->hd_isopen = true;
	h->hd_opens--;
	mutex_exit(&h->hd_lock);
	T_END("d_open", error);
	return error;
}

static int
hdcancel(dev_t dev, int flag, int mode __unused,
    struct lwp *l __unused)
{
	struct hd *const h = hd_of(dev);

	T_BEGIN("d_cancel");
	mutex_enter(&h->hd_lock);
	trace(h, 'c');
	h->hd_ncancel++;
	h->hd_cancelflag = flag;
	h->hd_cancelled = true;
	cv_broadcast(&h->hd_cv);
	selnotify(&h->hd_sel, 0, 0);
	lwp_drains(h->hd_drains);
	while (h->hd_cancel_holds)
		cv_wait(&h->hd_cv, &h->hd_lock);
	mutex_exit(&h->hd_lock);
	T_END("d_cancel", 0);
	return 0;
}

/* hd_lock held, left for as long as d_close has something to send.  False: an
   interrupt has ended that. */
static bool
hd_send(struct hd *h)
{
	int error = 0, ticks;

	while (h->hd_close_holds &&
	    (h->hd_close_steps > 0 || h->hd_close_moves)) {
		ticks = h->hd_close_steps > 0 ? HD_STEP_S * hz : 1;
		error = h->hd_deaf ?
		    cv_timedwait(&h->hd_cv, &h->hd_lock, ticks) :
		    cv_timedwait_sig(&h->hd_cv, &h->hd_lock, ticks);
		if (error == EINTR) {
			h->hd_cut = true;
			cv_broadcast(&h->hd_cv);
			break;
		}
		if (h->hd_close_steps == 0)
			lwp_progress(0);
		else if (error == EWOULDBLOCK) {
			h->hd_close_steps--;
			lwp_progress(HD_NEXT_S * 1000);
		}
	}
	return error != EINTR;
}

static int
hdclose(dev_t dev, int flag, int mode __unused,
    struct lwp *l __unused)
{
	struct hd *const h = hd_of(dev);
	bool sends;

	T_BEGIN("d_close");
	mutex_enter(&h->hd_lock);
	trace(h, 'C');
	h->hd_nclose++;
	h->hd_closeflag = flag;
	if (h->hd_calls > 0 || h->hd_opens > 0 || !h->hd_cancelled)
		h->hd_breaches++;
	sends = h->hd_close_steps > 0 || h->hd_close_moves;
	if (!sends || (!ISSET(flag, FNONBLOCK) && hd_send(h))) {
		while (h->hd_close_holds)
			cv_wait(&h->hd_cv, &h->hd_lock);
	}
	h->hd_cancelled = false;
	h->hd_isopen = false;
	h->hd_bytes = 0;
	mutex_exit(&h->hd_lock);
	T_END("d_close", 0);
	return 0;
}

/* The old way: close wakes the others and does not wait for them. */
static int
hdclose_legacy(dev_t dev, int flag __unused, int mode __unused,
    struct lwp *l __unused)
{
	struct hd *const h = hd_of(dev);

	mutex_enter(&h->hd_lock);
	trace(h, 'C');
	h->hd_nclose++;
	h->hd_cancelled = true;
	h->hd_isopen = false;
	cv_broadcast(&h->hd_cv);
	while (h->hd_close_holds)
		cv_wait(&h->hd_cv, &h->hd_lock);
	mutex_exit(&h->hd_lock);
	return 0;
}

/* lock held at return */
static void
hd_enter(struct hd *h)
{

	mutex_enter(&h->hd_lock);
	h->hd_calls++;
	if (!h->hd_isopen && !h->hd_cancelled)
		h->hd_breaches++;
	cv_broadcast(&h->hd_cv);
}

static void
hd_exit(struct hd *h, char c)
{

	h->hd_calls--;
	trace(h, c);
	mutex_exit(&h->hd_lock);
}

/* hd_lock held: may one more byte be moved? */
static int
hd_move(struct hd *h)
{

	if (h->hd_move_error == 0)
		return 0;
	if (h->hd_moves > 0) {
		h->hd_moves--;
		return 0;
	}
	if (h->hd_move_error != ERESTART)
		return h->hd_move_error;
	h->hd_move_error = 0;		/* once, or it has no end */
	return ERESTART;
}

static int
hdread(dev_t dev, struct uio *uio, int flag)
{
	struct hd *const h = hd_of(dev);
	int error = 0;

	T_BEGIN("d_read");
	hd_enter(h);
	if (h->hd_read_restarts > 0) {
		h->hd_read_restarts--;
		error = ERESTART;
	}
	while (error == 0 && h->hd_bytes == 0) {
		if (h->hd_deaf)
			cv_wait(&h->hd_cv, &h->hd_lock);
		else if (h->hd_cancelled)
			error = EIO;
		else if (flag & IO_NDELAY)
			error = EWOULDBLOCK;
		else
			error = cv_wait_sig(&h->hd_cv, &h->hd_lock);
	}
	while (error == 0 && h->hd_bytes > 0 && uio->uio_resid > 0) {
		if ((error = hd_move(h)) != 0)
			break;
		h->hd_bytes--;
		error = ureadc('x', uio);
	}
	hd_exit(h, 'r');
	T_END("d_read", error);
	return error;
}

static int
hdwrite(dev_t dev, struct uio *uio, int flag __unused)
{
	struct hd *const h = hd_of(dev);
	char c;
	int error = 0;

	T_BEGIN("d_write");
	hd_enter(h);
	if (h->hd_cancelled)
		error = EIO;
	while (error == 0 && uio->uio_resid > 0) {
		if ((error = hd_move(h)) != 0)
			break;
		error = uiomove(&c, 1, uio);
		h->hd_bytes++;
	}
	cv_broadcast(&h->hd_cv);
	selnotify(&h->hd_sel, 0, 0);
	hd_exit(h, 'w');
	T_END("d_write", error);
	return error;
}

static int
hdioctl(dev_t dev, u_long cmd __unused, void *data __unused,
    int flag __unused, struct lwp *l __unused)
{
	struct hd *const h = hd_of(dev);

	T_BEGIN("d_ioctl");
	hd_enter(h);
	hd_exit(h, 'i');
	T_END("d_ioctl", 0);
	return EPASSTHROUGH;
}

static int
hdpoll(dev_t dev, int events, struct lwp *l)
{
	struct hd *const h = hd_of(dev);
	int revents = events & POLLOUT;

	T_BEGIN("d_poll");
	hd_enter(h);
	if (h->hd_bytes > 0)
		revents |= events & POLLIN;
	selrecord(l, &h->hd_sel);
	hd_exit(h, 'p');
	T_END("d_poll", 0);
	return revents;
}

const struct cdevsw hd_cdevsw = {
	.d_open = hdopen,
	.d_cancel = hdcancel,
	.d_close = hdclose,
	.d_read = hdread,
	.d_write = hdwrite,
	.d_ioctl = hdioctl,
	.d_poll = hdpoll,
	.d_flag = D_OTHER | D_MPSAFE,
};

const struct cdevsw hd_legacy_cdevsw = {
	.d_open = hdopen,
	.d_close = hdclose_legacy,
	.d_read = hdread,
	.d_write = hdwrite,
	.d_ioctl = hdioctl,
	.d_poll = hdpoll,
	.d_flag = D_TTY | D_MPSAFE,
};

const struct cdevsw hd_giant_cdevsw = {
	.d_open = hdopen,
	.d_cancel = hdcancel,
	.d_close = hdclose,
	.d_read = hdread,
	.d_write = hdwrite,
	.d_ioctl = hdioctl,
	.d_poll = hdpoll,
	.d_flag = D_OTHER,
};

/* MAKEDEV's table of this program; hd_setup chooses the switch. */
static struct cfdriver hd_cd = { .cd_name = "hd", .cd_class = DV_DULL };
static struct cfdriver *const hd_drivers[] = { &hd_cd, NULL };
static const struct cfattachinit hd_attaches[] = { { NULL, NULL } };
static struct cfdata hd_cfdata[] = { { NULL, NULL, 0, NULL, 0, NULL } };

const struct devnode devnodes[] = {
	{ "hd", "hd", &hd_cdevsw, 0, HYP_NODE_OTHER },
	{ NULL, NULL, NULL, 0, 0 },
};

static struct hyp_node *nodes[4];

/*
 * The switch of hd_setup gets major 0, which is also that of the nodes.
 */
void
hd_setup(const struct cdevsw *sw)
{
	devmajor_t maj = 0;

	h_node_reset();
	memset(hd, 0, sizeof(hd));
	for (u_int i = 0; i < 4; i++) {
		mutex_init(&hd[i].hd_lock, MUTEX_DEFAULT, IPL_NONE);
		cv_init(&hd[i].hd_cv, "hd");
		selinit(&hd[i].hd_sel);
	}
	kern_init();
	config_init();
	devsw_init();
	spec_init();
	spec_makedev_init();
	hd_present = sw;
	T_EQ(config_init_component(hd_drivers, hd_attaches, hd_cfdata), 0);
	T_EQ(devsw_attach("hd", NULL, NULL, sw, &maj), 0);
	for (u_int i = 0; i < 4; i++) {
		struct hyp_node *hn = kmem_zalloc(sizeof(*hn), KM_SLEEP);

		hn->hn_dev = makedev(0, i);
		hn->hn_host = hn;
		nodes[i] = hn;
	}
}

/* The thread of a revoke's close may be on its way out. */
static int
no_memory(void *arg __unused)
{
	u_int pieces;

	return kmem_inuse(&pieces) == 0;
}

void
hd_teardown(void)
{

	for (u_int i = 0; i < 4; i++) {
		T_EQ(hd[i].hd_breaches, 0);
		T_EQ(hd[i].hd_calls, 0);
		kmem_free(nodes[i], sizeof(struct hyp_node));
		cv_destroy(&hd[i].hd_cv);
	}
	devsw_detach(NULL, hd_present);
	T_EQ(config_fini_component(hd_drivers, hd_attaches, hd_cfdata), 0);
	kern_fini();
	T_UNTIL(no_memory, NULL);
}

struct hyp_node *
hd_node(int unit)
{

	return nodes[unit];
}

void
hd_set(struct hd *h, bool *flag, bool v)
{

	mutex_enter(&h->hd_lock);
	*flag = v;
	cv_broadcast(&h->hd_cv);
	mutex_exit(&h->hd_lock);
}

int
hd_calls_are(void *arg)
{
	u_int n;

	mutex_enter(&hd[0].hd_lock);
	n = hd[0].hd_calls;
	mutex_exit(&hd[0].hd_lock);
	return n == *(u_int *)arg;
}

int
hd_is_set(void *arg)
{
	bool v;

	mutex_enter(&hd[0].hd_lock);
	v = *(bool *)arg;
	mutex_exit(&hd[0].hd_lock);
	return v;
}

int
hd_opening(void *arg __unused)
{
	u_int n;

	mutex_enter(&hd[0].hd_lock);
	n = hd[0].hd_opens;
	mutex_exit(&hd[0].hd_lock);
	return n > 0;
}
