/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_devsw.c - the device switch: devsw_attach(9), devsw_detach, references
 * over opens.  The rules are those of NetBSD's opendetach series: a detach
 * waits for opens in progress, and d_open runs with references to its
 * driver and device.  That a driver gets its major back, and EBUSY of
 * devsw_detach_idle, are this project's.
 */
#include <sys/atomic.h>
#include <sys/conf.h>
#include <sys/device.h>
#include <sys/errno.h>
#include <sys/fcntl.h>
#include <sys/lwp.h>
#include <sys/poll.h>
#include <sys/stat.h>
#include <sys/systm.h>

#include "h_test.h"

static bool hold, opening;		/* atomic */
static u_int opens, ended;		/* atomic */

static int
swopen(dev_t dev __unused, int flag __unused, int mode __unused,
    struct lwp *l __unused)
{

	atomic_store_release(&opening, true);
	while (atomic_load_acquire(&hold))
		(void)kpause("hold", false, 1, NULL);
	atomic_inc_uint(&opens);
	return 0;
}

static const struct cdevsw sw_cdevsw = {
	.d_open = swopen,
	.d_close = nullclose,
	.d_read = noread,
	.d_write = nowrite,
	.d_ioctl = noioctl,
	.d_poll = nopoll,
	.d_mmap = nommap,
	.d_kqfilter = nokqfilter,
	.d_discard = nodiscard,
	.d_flag = D_OTHER | D_MPSAFE,
};
static const struct cdevsw other_cdevsw = {
	.d_open = nullopen, .d_close = nullclose, .d_read = noread,
	.d_write = nowrite, .d_ioctl = noioctl, .d_flag = D_TTY
};
static struct cfdriver lacks_cd = { .cd_name = "lacks" };

static struct tty *
no_tty(dev_t dev __unused)
{

	return NULL;
}

static const struct bdevsw sw_bdevsw = {
	.d_open = swopen, .d_close = nullclose, .d_ioctl = noioctl,
	.d_flag = D_DISK | D_MPSAFE
};

/* Each entry answers whether it has the kernel lock. */
static int
locked_call(dev_t dev __unused, int flag __unused, int mode __unused,
    struct lwp *l __unused)
{

	return KERNEL_LOCKED_P();
}

static int
locked_rw(dev_t dev __unused, struct uio *uio __unused, int flag __unused)
{

	return KERNEL_LOCKED_P();
}

static int
locked_ioctl(dev_t dev __unused, u_long cmd __unused, void *data __unused,
    int flag __unused, struct lwp *l __unused)
{

	return KERNEL_LOCKED_P();
}

static int
locked_poll(dev_t dev __unused, int events __unused, struct lwp *l __unused)
{

	return KERNEL_LOCKED_P();
}

#define	LOCKED_CDEVSW(flags)						\
	{								\
		.d_open = locked_call, .d_cancel = locked_call,		\
		.d_close = locked_call, .d_read = locked_rw,		\
		.d_write = locked_rw, .d_ioctl = locked_ioctl,		\
		.d_poll = locked_poll, .d_flag = (flags)		\
	}
static const struct cdevsw giant_cdevsw = LOCKED_CDEVSW(D_OTHER);
static const struct cdevsw mpsafe_cdevsw = LOCKED_CDEVSW(D_OTHER | D_MPSAFE);

static void
setup(void)
{

	hold = opening = false;
	opens = ended = 0;
	kern_init();
	devsw_init();
}

static int
attach(const char *name, const struct bdevsw *b, devmajor_t *bmaj,
    const struct cdevsw *c, devmajor_t *cmaj)
{

	return devsw_attach(name, b, bmaj, c, cmaj);
}

static void
majors(void)
{
	devmajor_t b = NODEVMAJOR, c = NODEVMAJOR, c2 = NODEVMAJOR, m;

	setup();
	T_EQ(attach("sw", &sw_bdevsw, &b, &sw_cdevsw, &c), 0);
	T_CHECK(cdevsw_lookup(makedev(c, 7)) == &sw_cdevsw);
	T_CHECK(bdevsw_lookup(makedev(b, 7)) == &sw_bdevsw);
	T_EQ(cdevsw_lookup_major(&sw_cdevsw), c);
	T_EQ(bdevsw_lookup_major(&sw_bdevsw), b);
	T_EQ(cdev_type(makedev(c, 0)), D_OTHER);
	T_EQ(attach("other", NULL, NULL, &other_cdevsw, &c2), 0);
	T_CHECK(c2 != c);
	m = c;
	T_EQ(attach("third", NULL, NULL, &other_cdevsw, &m), EEXIST);
	m = 10000;
	T_EQ(attach("third", NULL, NULL, &other_cdevsw, &m), EINVAL);
	m = NODEVMAJOR;
	T_EQ(attach("sw", NULL, NULL, &other_cdevsw, &m), EEXIST);
	devsw_detach(&sw_bdevsw, &sw_cdevsw);
	devsw_detach(NULL, &other_cdevsw);
	kern_fini();
}

/* The kernel lock is held in all entries of a driver, or in none. */
static void
locked_in(const struct cdevsw *cdev, int locked)
{
	devmajor_t maj = NODEVMAJOR;
	dev_t dev;

	setup();
	T_EQ(attach("locked", NULL, NULL, cdev, &maj), 0);
	dev = makedev(maj, 0);
	T_EQ(cdev_open(dev, FREAD, S_IFCHR, curlwp), locked);
	T_EQ(cdev_read(dev, NULL, 0), locked);
	T_EQ(cdev_write(dev, NULL, 0), locked);
	T_EQ(cdev_ioctl(dev, 0, NULL, 0, curlwp), locked);
	T_EQ(cdev_poll(dev, 0, curlwp), locked);
	T_EQ(cdev_cancel(dev, FREAD, S_IFCHR, curlwp), locked);
	T_EQ(cdev_close(dev, FREAD, S_IFCHR, curlwp), locked);
	T_CHECK(!KERNEL_LOCKED_P());
	devsw_detach(NULL, cdev);
	kern_fini();
}

static void
giant(void)
{

	locked_in(&giant_cdevsw, true);
	locked_in(&mpsafe_cdevsw, false);
}

/*
 * A NetBSD driver's d_mmap and d_discard compile, and nobody can call
 * them: NetBSD's functions that do are not here, where a CUSE node has
 * no such system calls.  Nor is D_MCLOSE, which NetBSD's opendetach series has
 * removed, so that a driver that rests on it does not compile.
 */
#define	WAY_TO(name)							\
	extern char way_to_##name[] __asm__("cdev_" #name)		\
	    __attribute__((__weak__))
WAY_TO(mmap);
WAY_TO(discard);
#ifdef D_MCLOSE
#define	HAVE_MCLOSE	1
#else
#define	HAVE_MCLOSE	0
#endif

static void
no_way_in(void)
{

	T_CHECK(sw_cdevsw.d_mmap == nommap);
	T_CHECK(sw_cdevsw.d_discard == nodiscard);
	T_CHECK((uintptr_t)way_to_mmap == 0);
	T_CHECK((uintptr_t)way_to_discard == 0);
	T_EQ(HAVE_MCLOSE, 0);
}

/* Neither table keeps half of a driver. */
static void
all_or_nothing(void)
{
	devmajor_t b = NODEVMAJOR, c = 3, other = 3;

	setup();
	T_EQ(attach("other", NULL, NULL, &other_cdevsw, &other), 0);
	T_EQ(attach("sw", &sw_bdevsw, &b, &sw_cdevsw, &c), EEXIST);
	T_EQ(bdevsw_lookup_major(&sw_bdevsw), NODEVMAJOR);
	devsw_detach(NULL, &other_cdevsw);
	kern_fini();
}

static void
full(void)
{
	static struct cdevsw many[70];
	char name[DEVSW_NAMELEN];
	u_int n;

	setup();
	for (n = 0; n < __arraycount(many); n++) {
		devmajor_t maj = NODEVMAJOR;

		many[n] = sw_cdevsw;
		snprintf(name, sizeof(name), "sw%u", n);
		if (attach(name, NULL, NULL, &many[n], &maj) != 0) {
			T_EQ(attach(name, NULL, NULL, &many[n], &maj),
			    ENOMEM);
			break;
		}
	}
	T_EQ(n, 64);
	while (n-- > 0)
		devsw_detach(NULL, &many[n]);
	kern_fini();
}

static void
same_major(void)
{
	devmajor_t a = NODEVMAJOR, b = NODEVMAJOR, again = NODEVMAJOR;
	char name[DEVSW_NAMELEN];

	setup();
	T_EQ(attach("sw", NULL, NULL, &sw_cdevsw, &a), 0);
	devsw_detach(NULL, &sw_cdevsw);
	T_CHECK(cdevsw_getname(a, name));
	T_CHECK(strcmp(name, "sw") == 0);
	T_EQ(attach("other", NULL, NULL, &other_cdevsw, &b), 0);
	T_CHECK(b != a);
	T_EQ(attach("sw", NULL, NULL, &sw_cdevsw, &again), 0);
	T_EQ(again, a);
	T_CHECK(!cdevsw_getname(40, name));
	devsw_detach(NULL, &sw_cdevsw);
	devsw_detach(NULL, &other_cdevsw);
	kern_fini();
}

static void
no_driver(void)
{
	const dev_t dev = makedev(5, 0);

	setup();
	T_EQ(cdev_open(dev, FREAD, S_IFCHR, curlwp), ENXIO);
	T_EQ(bdev_open(dev, FREAD, S_IFBLK, curlwp), ENXIO);
	T_EQ(cdev_open(NODEV, FREAD, S_IFCHR, curlwp), ENXIO);
	T_EQ(cdev_cancel(dev, FREAD, S_IFCHR, curlwp), ENXIO);
	T_EQ(cdev_close(dev, FREAD, S_IFCHR, curlwp), ENXIO);
	T_EQ(cdev_read(dev, NULL, 0), ENXIO);
	T_EQ(cdev_poll(dev, POLLIN, curlwp), POLLERR);
	T_CHECK(cdev_tty(dev) == NULL);
	T_EQ(cdev_type(dev), D_OTHER);
	kern_fini();
}

static void
opener(void *arg)
{

	T_EQ(cdev_open(makedev(*(devmajor_t *)arg, 0), FREAD, S_IFCHR,
	    curlwp), 0);
	atomic_inc_uint(&ended);
}

static void
detacher(void *arg __unused)
{

	devsw_detach(NULL, &sw_cdevsw);
	T_EQ(atomic_load_relaxed(&opens), 1);	/* it has waited */
}

static int
is_opening(void *arg __unused)
{

	return atomic_load_acquire(&opening);
}

static void
detach_waits(void)
{
	devmajor_t maj = NODEVMAJOR;
	struct t_thread *to, *td;
	struct devsw_ref dr;

	setup();
	T_EQ(attach("sw", NULL, NULL, &sw_cdevsw, &maj), 0);
	atomic_store_release(&hold, true);
	to = t_spawn(opener, &maj);
	T_UNTIL(is_opening, NULL);
	td = t_spawn(detacher, NULL);
	/* New opens fail at once, before the old one has ended. */
	while (devsw_acquire(false, makedev(maj, 0), &dr) == 0)
		devsw_release(&dr);
	T_EQ(atomic_load_relaxed(&ended), 0);
	/* The switch is still there for who has to close. */
	T_CHECK(cdevsw_lookup(makedev(maj, 0)) == &sw_cdevsw);
	atomic_store_release(&hold, false);
	t_join(to);
	t_join(td);
	T_CHECK(cdevsw_lookup(makedev(maj, 0)) == NULL);
	kern_fini();
}

static bool busy, asking, answer;	/* atomic */

static bool
hook_busy(int type __unused, devmajor_t maj __unused)
{

	atomic_store_release(&asking, true);
	while (!atomic_load_acquire(&answer))
		(void)kpause("answer", false, 1, NULL);
	return atomic_load_relaxed(&busy);
}

static void
hook_gone(int type __unused, devmajor_t maj __unused)
{
}

static const struct devsw_hooks hooks = {
	.dh_busy = hook_busy, .dh_gone = hook_gone
};

static void
idle_detacher(void *arg)
{

	*(int *)arg = devsw_detach_idle(NULL, &sw_cdevsw);
}

static int
is_asking(void *arg __unused)
{

	return atomic_load_acquire(&asking);
}

/* An open that comes while the question is open waits for the answer. */
static void
idle(bool is_busy)
{
	devmajor_t maj = NODEVMAJOR;
	struct t_thread *to, *td;
	struct devsw_ref dr;
	int error = -1;

	setup();
	devsw_set_hooks(&hooks);
	busy = is_busy;
	asking = answer = false;
	T_EQ(attach("sw", NULL, NULL, &sw_cdevsw, &maj), 0);
	T_EQ(devsw_acquire(false, makedev(maj, 0), &dr), 0);
	T_EQ(devsw_alive(&dr), 0);
	td = t_spawn(idle_detacher, &error);
	T_UNTIL(is_asking, NULL);
	T_EQ(devsw_alive(&dr), ERESTART);	/* who has one asks again */
	devsw_release(&dr);
	if (is_busy)
		to = t_spawn(opener, &maj);
	atomic_store_release(&answer, true);
	t_join(td);
	T_EQ(error, is_busy ? EBUSY : 0);
	if (is_busy) {
		t_join(to);
		T_EQ(opens, 1);
		devsw_detach(NULL, &sw_cdevsw);
	} else
		T_EQ(cdev_open(makedev(maj, 0), FREAD, S_IFCHR, curlwp),
		    ENXIO);
	kern_fini();
}

static void
idle_busy(void)
{

	idle(true);
}

/* A module's author has left it out; not found by a client's call. */
static void
lacks(void)
{
	devmajor_t b = NODEVMAJOR, c = NODEVMAJOR;
	struct cdevsw cd;
	struct bdevsw bd;

	setup();
#define	LACKS(sw, of, entry)						\
	do {								\
		(sw) = (of);						\
		(sw).d_devtounit = dev_minor_unit;			\
		(sw).d_cfdriver = &lacks_cd;				\
		(sw).entry = NULL;					\
	} while (0)
#define	CDEV_LACKS(entry)						\
	do {								\
		LACKS(cd, sw_cdevsw, entry);				\
		T_EQ(attach("c", NULL, NULL, &cd, &c), EINVAL);		\
	} while (0)
#define	BDEV_LACKS(entry)						\
	do {								\
		LACKS(bd, sw_bdevsw, entry);				\
		T_EQ(attach("b", &bd, &b, &sw_cdevsw, &c), EINVAL);	\
	} while (0)
	CDEV_LACKS(d_open);
	CDEV_LACKS(d_close);
	CDEV_LACKS(d_read);
	CDEV_LACKS(d_write);
	CDEV_LACKS(d_ioctl);
	CDEV_LACKS(d_cfdriver);
	BDEV_LACKS(d_open);
	BDEV_LACKS(d_close);
	BDEV_LACKS(d_ioctl);
	BDEV_LACKS(d_cfdriver);
	cd = sw_cdevsw;
	cd.d_tty = no_tty;
	T_EQ(attach("c", NULL, NULL, &cd, &c), EINVAL);
	T_EQ(b, NODEVMAJOR);
	T_EQ(c, NODEVMAJOR);
	/* What nobody calls, or only after a look. */
	cd = sw_cdevsw;
	cd.d_poll = NULL;
	cd.d_kqfilter = NULL;
	cd.d_mmap = NULL;
	cd.d_discard = NULL;
	T_EQ(attach("c", NULL, NULL, &cd, &c), 0);
	T_EQ(cdev_poll(makedev(c, 0), POLLIN, curlwp), POLLERR);
	devsw_detach(NULL, &cd);
	kern_fini();
}

static void
idle_idle(void)
{

	idle(false);
}

const struct t_case t_cases[] = {
	{ "majors are chosen, or EEXIST, EINVAL", majors },
	{ "both switches of a driver, or none", all_or_nothing },
	{ "a switch that lacks an entry is refused", lacks },
	{ "the kernel lock for who is not D_MPSAFE", giant },
	{ "what no client can ask for has no way in", no_way_in },
	{ "ENOMEM when all majors are taken", full },
	{ "a driver that comes back has its major again", same_major },
	{ "without a driver: ENXIO, POLLERR, NULL", no_driver },
	{ "devsw_detach waits for opens in progress, new ones fail",
	    detach_waits },
	{ "devsw_detach_idle: EBUSY, and opens go on", idle_busy },
	{ "devsw_detach_idle: opens fail afterwards", idle_idle },
	{ NULL, NULL },
};
