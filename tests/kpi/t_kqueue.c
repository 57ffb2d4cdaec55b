/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_kqueue.c - kqueue(9) filters as poll(2): a driver written as NetBSD's are,
 * with d_kqfilter and no d_poll, is polled, and so is a tty's; the rule is
 * docs/contract.md's, the functions are selrecord(9)'s and kfilter_register(9)'s.
 */
#include <sys/conf.h>
#include <sys/errno.h>
#include <sys/event.h>
#include <sys/lwp.h>
#include <sys/mutex.h>
#include <sys/poll.h>
#include <sys/select.h>
#include <sys/systm.h>

#include "h_test.h"

#define	IN	(POLLIN | POLLRDNORM)
#define	OUT	(POLLOUT | POLLWRNORM)

static struct {
	kmutex_t	sc_lock;
	struct selinfo	sc_rsel;
	int		sc_bytes;
	bool		sc_eof;
	bool		sc_readonly;	/* no EVFILT_WRITE */
	bool		sc_nothing;	/* no filter at all */
	int		sc_attached;	/* less those detached */
	int		sc_looks;
	bool		sc_locked;	/* the last look had the kernel lock */
	long		sc_hint;	/* of all looks, or'ed */
} sc;

/* ---- the driver ------------------------------------------------------ */

static void
filt_kqdetach(struct knote *kn)
{

	KASSERT(kn->kn_hook == &sc);
	mutex_enter(&sc.sc_lock);
	sc.sc_attached--;
	selremove_knote(&sc.sc_rsel, kn);
	mutex_exit(&sc.sc_lock);
}

static int
filt_kqread(struct knote *kn, long hint)
{

	if (hint != NOTE_SUBMIT)
		mutex_enter(&sc.sc_lock);
	sc.sc_looks++;
	sc.sc_hint |= hint;
	sc.sc_locked = KERNEL_LOCKED_P();
	kn->kn_data = sc.sc_bytes;
	if (sc.sc_eof)
		knote_set_eof(kn, 0);
	if (hint != NOTE_SUBMIT)
		mutex_exit(&sc.sc_lock);
	return kn->kn_data > 0;
}

static const struct filterops kqread_filtops = {
	.f_flags = FILTEROP_ISFD,
	.f_attach = NULL,
	.f_detach = filt_kqdetach,
	.f_event = filt_kqread,
};
static const struct filterops kqread_mpsafe_filtops = {
	.f_flags = FILTEROP_ISFD | FILTEROP_MPSAFE,
	.f_attach = NULL,
	.f_detach = filt_kqdetach,
	.f_event = filt_kqread,
};

static int
kq_attach(struct knote *kn, const struct filterops *fop)
{

	if (sc.sc_nothing)
		return EINVAL;
	switch (kn->kn_filter) {
	case EVFILT_READ:
		kn->kn_fop = fop;
		kn->kn_hook = &sc;
		mutex_enter(&sc.sc_lock);
		sc.sc_attached++;
		selrecord_knote(&sc.sc_rsel, kn);
		mutex_exit(&sc.sc_lock);
		return 0;
	case EVFILT_WRITE:
		if (sc.sc_readonly)
			return EINVAL;
		kn->kn_fop = &seltrue_filtops;
		return 0;
	default:
		return EINVAL;
	}
}

static dev_type_kqfilter(kqkqfilter);
static int
kqkqfilter(dev_t dev, struct knote *kn)
{

	T_EQ(minor(dev), 3);
	return kq_attach(kn, &kqread_filtops);
}

static int
kqmpkqfilter(dev_t dev __unused, struct knote *kn)
{

	return kq_attach(kn, &kqread_mpsafe_filtops);
}

static int
kq_poll_in(dev_t dev __unused, int events, struct lwp *l __unused)
{

	return events & POLLIN;
}

#define	KQ_CDEVSW(kq, poll, flag) {					\
	.d_open = nullopen, .d_close = nullclose, .d_read = noread,	\
	.d_write = nowrite, .d_ioctl = noioctl, .d_stop = nostop,	\
	.d_tty = notty, .d_poll = poll, .d_mmap = nommap,		\
	.d_kqfilter = kq, .d_discard = nodiscard,			\
	.d_flag = D_OTHER | (flag) }
static const struct cdevsw kq_cdevsw = KQ_CDEVSW(kqkqfilter, NULL, 0);
static const struct cdevsw nopoll_cdevsw =
    KQ_CDEVSW(kqkqfilter, nopoll, D_MPSAFE);
static const struct cdevsw mpsafe_cdevsw =
    KQ_CDEVSW(kqmpkqfilter, nopoll, D_MPSAFE);
static const struct cdevsw both_cdevsw =
    KQ_CDEVSW(kqkqfilter, kq_poll_in, D_MPSAFE);
static const struct cdevsw neither_cdevsw =
    KQ_CDEVSW(nokqfilter, NULL, D_MPSAFE);

/* ---- the cases -------------------------------------------------------- */

static dev_t
setup(const struct cdevsw *sw)
{
	devmajor_t bmajor = NODEVMAJOR, cmajor = NODEVMAJOR;

	kern_init();
	devsw_init();
	memset(&sc, 0, sizeof(sc));
	mutex_init(&sc.sc_lock, MUTEX_DEFAULT, IPL_NONE);
	selinit(&sc.sc_rsel);
	T_EQ(devsw_attach("kq", NULL, &bmajor, sw, &cmajor), 0);
	return makedev(cmajor, 3);
}

static void
teardown(const struct cdevsw *sw)
{

	T_EQ(sc.sc_attached, 0);
	T_EQ(sc.sc_hint, 0);
	T_EQ(sc.sc_rsel.sel_count, 0);
	devsw_detach(NULL, sw);
	seldestroy(&sc.sc_rsel);
	mutex_destroy(&sc.sc_lock);
	kern_fini();
}

static int
look(dev_t dev, int events)
{

	return cdev_poll(dev, events, curlwp);
}

static void
ready(void)
{
	const dev_t dev = setup(&kq_cdevsw);

	T_EQ(look(dev, IN | OUT), OUT);
	T_EQ(look(dev, IN), 0);
	T_EQ(look(dev, POLLOUT), POLLOUT);
	sc.sc_bytes = 7;
	T_EQ(look(dev, IN | OUT), IN | OUT);
	T_EQ(look(dev, POLLRDNORM), POLLRDNORM);
	sc.sc_looks = 0;
	T_EQ(look(dev, POLLOUT), POLLOUT);	/* seltrue_filtops' */
	T_EQ(sc.sc_looks, 0);
	teardown(&kq_cdevsw);
}

static void
end_of_file(void)
{
	const dev_t dev = setup(&kq_cdevsw);

	sc.sc_eof = true;
	T_EQ(look(dev, IN), POLLHUP);
	T_EQ(look(dev, 0), POLLHUP);
	sc.sc_bytes = 1;
	T_EQ(look(dev, POLLIN | POLLOUT), POLLIN | POLLOUT | POLLHUP);
	teardown(&kq_cdevsw);
}

static void
missing(void)
{
	const dev_t dev = setup(&kq_cdevsw);

	sc.sc_readonly = true;
	sc.sc_bytes = 1;
	T_EQ(look(dev, IN | OUT), IN);
	T_EQ(look(dev, OUT), POLLERR);
	sc.sc_nothing = true;
	T_EQ(look(dev, IN | OUT), POLLERR);
	teardown(&kq_cdevsw);
}

static void
wake(void *arg)
{

	++*(u_int *)arg;
}

/* What is recorded stays when the knote has gone, and wakes once. */
static void
woken(void)
{
	const dev_t dev = setup(&mpsafe_cdevsw);
	struct selpoller sp;
	u_int wakes = 0;

	selpoller_init(&sp, wake, &wakes);
	curlwp->l_poller = &sp;
	T_EQ(look(dev, IN | OUT), OUT);
	T_EQ(look(dev, IN), 0);
	curlwp->l_poller = NULL;
	T_EQ(sc.sc_attached, 0);
	T_EQ(sc.sc_rsel.sel_count, 1);
	sc.sc_looks = 0;
	mutex_enter(&sc.sc_lock);
	sc.sc_bytes = 1;
	selnotify(&sc.sc_rsel, IN, NOTE_SUBMIT);
	mutex_exit(&sc.sc_lock);
	T_EQ(wakes, 1);
	T_EQ(sc.sc_looks, 0);		/* no filter by selnotify */
	mutex_enter(&sc.sc_lock);
	selnotify(&sc.sc_rsel, IN, NOTE_SUBMIT);
	mutex_exit(&sc.sc_lock);
	T_EQ(wakes, 1);
	T_EQ(look(dev, IN), IN);
	selpoller_destroy(&sp);
	teardown(&mpsafe_cdevsw);
}

/* The kernel lock is the switch's affair, and the filter's own. */
static void
giant(void)
{
	dev_t dev = setup(&kq_cdevsw);

	(void)look(dev, IN);
	T_CHECK(sc.sc_locked);
	teardown(&kq_cdevsw);

	dev = setup(&nopoll_cdevsw);	/* MP-safe, and its filter is not */
	(void)look(dev, IN);
	T_CHECK(sc.sc_locked);
	T_CHECK(!KERNEL_LOCKED_P());
	teardown(&nopoll_cdevsw);

	dev = setup(&mpsafe_cdevsw);
	(void)look(dev, IN);
	T_CHECK(!sc.sc_locked);
	teardown(&mpsafe_cdevsw);
}

static void
own_poll(void)
{
	dev_t dev = setup(&both_cdevsw);

	T_EQ(look(dev, IN | OUT), POLLIN);
	T_EQ(sc.sc_looks, 0);
	teardown(&both_cdevsw);

	dev = setup(&neither_cdevsw);
	T_EQ(look(dev, IN | OUT), POLLERR);
	teardown(&neither_cdevsw);
}

static void
always(void)
{
	struct knote kn = { .kn_filter = EVFILT_WRITE, .kn_data = 5 };

	T_EQ(filt_seltrue(&kn, 0), 1);
	T_EQ(kn.kn_data, 0);
	T_CHECK(seltrue_filtops.f_event == filt_seltrue);
	T_CHECK((seltrue_filtops.f_flags & FILTEROP_ISFD) != 0);
	seltrue_filtops.f_detach(&kn);
}

const struct t_case t_cases[] = {
	{ "filters answer for poll", ready },
	{ "EV_EOF is POLLHUP", end_of_file },
	{ "a missing filter is not ready; none at all is POLLERR", missing },
	{ "who is told to wait is woken, once", woken },
	{ "the kernel lock around filters that want it", giant },
	{ "a driver's own d_poll comes first", own_poll },
	{ "seltrue_filtops is always ready", always },
	{ NULL, NULL }
};
