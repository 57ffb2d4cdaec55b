/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * l_tty.c - litmuses of src/kernel/tty under a driver and specfs: opens that
 * wait for carrier, reads, writes, drains and flushes against input, output that
 * completes, ttycancel and the last close.  The driver "tl" does what NetBSD's
 * ttycancel message says that a tty driver should: d_open calls ttyopen,
 * d_cancel ttycancel, d_close ttyclose; its hardware is the actors.
 */
#include <sys/atomic.h>
#include <sys/conf.h>
#include <sys/errno.h>
#include <sys/fcntl.h>
#include <sys/ioctl.h>
#include <sys/kernel.h>
#include <sys/kmem.h>
#include <sys/lwp.h>
#include <sys/poll.h>
#include <sys/systm.h>
#include <sys/tty.h>
#include <sys/vnode.h>

#include "sched/h_calls.h"
#include "sched/sched.h"
#include "specfs/h_node.h"
#include "specfs/h_specfs.h"
#include "specfs/specfs_impl.h"

#define	TL_OUT		512

static struct {
	struct tty	*tl_tp;
	u_char		 tl_out[TL_OUT]; /* what was sent; tty lock */
	int		 tl_outlen;
	bool		 tl_async;	/* the hardware takes tl_chunk bytes... */
	int		 tl_chunk;	/* ...and is busy until sent() */
	bool		 tl_flow;	/* t_hwiflow: stop */
	bool		 tl_carrier;
	bool		 tl_isopen;
	bool		 tl_gone;
	u_int		 tl_calls, tl_params;
	u_int		 tl_nopen, tl_ncancel, tl_nclose;
} tl;

static struct h_client a, b;
static struct hyp_node *node;
static char abuf[128], bbuf[128];
static size_t adone, bdone;
static uint32_t polled;
static u_int opened;		/* opens and their closes that have ended */
static uint64_t began;

/* ---- the driver ----------------------------------------------------- */

static int
tlopen(dev_t dev, int flag, int mode __unused, struct lwp *l)
{
	struct tty *tp = tl.tl_tp;
	int error;

	(void)C_INCR(&tl.tl_nopen);
	if (atomic_load_relaxed(&tl.tl_gone))
		return ENXIO;
	if ((error = tty_exclusive(tp, l)) != 0)
		return error;
	/* A close has forgotten it. */
	if (atomic_load_relaxed(&tl.tl_carrier))
		(void)ttymodem(tp, 1);
	error = ttyopen(tp, 0, (flag & FNONBLOCK) != 0);
	if (error != 0)
		return error;
	error = (*tp->t_linesw->l_open)(dev, tp);
	if (error == 0)
		atomic_store_relaxed(&tl.tl_isopen, true);
	return error;
}

static int
tlcancel(dev_t dev __unused, int flag __unused, int mode __unused,
    struct lwp *l __unused)
{

	(void)C_INCR(&tl.tl_ncancel);
	ttycancel(tl.tl_tp);
	return 0;
}

static int
tlclose(dev_t dev __unused, int flag, int mode __unused,
    struct lwp *l __unused)
{
	struct tty *tp = tl.tl_tp;

	SCHED_CHECK(atomic_load_relaxed(&tl.tl_calls) == 0);
	ttylock(tp);
	SCHED_CHECK(tp->t_wopen == 0);
	SCHED_CHECK(!tp->t_setting);
	ttyunlock(tp);
	(void)(*tp->t_linesw->l_close)(tp, flag);
	(void)ttyclose(tp);
	atomic_store_relaxed(&tl.tl_isopen, false);
	(void)C_INCR(&tl.tl_nclose);
	return 0;
}

static int
tlread(dev_t dev __unused, struct uio *uio, int flag)
{
	int error;

	(void)C_INCR(&tl.tl_calls);
	error = (*tl.tl_tp->t_linesw->l_read)(tl.tl_tp, uio, flag);
	(void)C_DECR(&tl.tl_calls);
	return error;
}

static int
tlwrite(dev_t dev __unused, struct uio *uio, int flag)
{
	int error;

	(void)C_INCR(&tl.tl_calls);
	error = (*tl.tl_tp->t_linesw->l_write)(tl.tl_tp, uio, flag);
	(void)C_DECR(&tl.tl_calls);
	return error;
}

static int
tlioctl(dev_t dev __unused, u_long cmd, void *data, int flag, struct lwp *l)
{
	int error;

	(void)C_INCR(&tl.tl_calls);
	error = ttioctl(tl.tl_tp, cmd, data, flag, l);
	if (error == EPASSTHROUGH && cmd == TIOCSBRK)
		error = 0;
	(void)C_DECR(&tl.tl_calls);
	return error;
}

static int
tlpoll(dev_t dev __unused, int events, struct lwp *l)
{

	return (*tl.tl_tp->t_linesw->l_poll)(tl.tl_tp, events, l);
}

static struct tty *
tltty(dev_t dev __unused)
{

	return tl.tl_tp;
}

static void
tlstop(struct tty *tp __unused, int rw __unused)
{
}

static const struct cdevsw tl_cdevsw = {
	.d_open = tlopen,
	.d_cancel = tlcancel,
	.d_close = tlclose,
	.d_read = tlread,
	.d_write = tlwrite,
	.d_ioctl = tlioctl,
	.d_stop = tlstop,
	.d_tty = tltty,
	.d_poll = tlpoll,
	.d_flag = D_TTY | D_MPSAFE,
};

static void
tlstart(struct tty *tp)
{
	int n;

	SCHED_CHECK(ttylocked(tp));
	if (ISSET(tp->t_state, TS_BUSY | TS_TIMEOUT | TS_TTSTOP))
		return;
	while (ttypull(tp)) {
		n = ndqb(&tp->t_outq, 0);
		if (tl.tl_async)
			n = imin(n, tl.tl_chunk);
		SCHED_CHECK(tl.tl_outlen + n <= TL_OUT);
		memcpy(tl.tl_out + tl.tl_outlen, tp->t_outq.c_cf, (size_t)n);
		tl.tl_outlen += n;
		ndflush(&tp->t_outq, n);
		if (tl.tl_async) {
			SET(tp->t_state, TS_BUSY);
			break;
		}
	}
	(void)ttypull(tp);
}

static int
tlparam(struct tty *tp, struct termios *t __unused)
{

	SCHED_CHECK(!ttylocked(tp));
	SCHED_CHECK(C_INCR(&tl.tl_params) == 1); /* one at a time */
	ttylock(tp);				/* others may run */
	ttyunlock(tp);
	(void)C_DECR(&tl.tl_params);
	return 0;
}

static int
tlhwiflow(struct tty *tp, int block)
{

	SCHED_CHECK(ttylocked(tp));
	tl.tl_flow = block != 0;
	/* A soft interrupt: whoever feeds the tty goes on. */
	cv_broadcast(&tp->t_modemcv);
	return 1;
}

/* ---- up and down ---------------------------------------------------- */

static void
setup_closed(void)
{
	devmajor_t maj = 0;
	struct tty *tp;

	h_specfs_up();
	memset(&tl, 0, sizeof(tl));
	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	memset(abuf, 0, sizeof(abuf));
	memset(bbuf, 0, sizeof(bbuf));
	adone = bdone = 0;
	polled = opened = 0;
	began = sched_clock();
	SCHED_CHECK(devsw_attach("tl", NULL, NULL, &tl_cdevsw, &maj) == 0);
	tp = tl.tl_tp = tty_alloc();
	tp->t_oproc = tlstart;
	tp->t_param = tlparam;
	tp->t_hwiflow = tlhwiflow;
	tp->t_cflag = TTYDEF_CFLAG;
	tp->t_ospeed = 9600;
	ttsetwater(tp);
	tty_attach(tp);
	node = kmem_zalloc(sizeof(*node), KM_SLEEP);
	node->hn_dev = makedev(0, 0);
	node->hn_host = node;
	a.c_node = b.c_node = node;
	tl.tl_chunk = 32;
}

static void
carrier(int on)
{

	atomic_store_relaxed(&tl.tl_carrier, on != 0);
	(void)ttymodem(tl.tl_tp, on);
}

static void
setup_carrier(void)
{

	setup_closed();
	carrier(1);
	c_raw(tl.tl_tp, 1, 0);
}

static void
setup_open_a(void)
{

	setup_carrier();
	SCHED_CHECK(c_open(&a, 0) == 0);
}

static void
setup_signalled(void)
{

	setup_open_a();
	c_intr_begin();
}

static void
setup_open_both(void)
{

	setup_open_a();
	SCHED_CHECK(c_open(&b, 0) == 0);
}

/* The hardware is slow: what it has taken is sent when an actor says so. */
static void
setup_slow(void)
{

	setup_open_a();
	tl.tl_async = true;
}

static void
end(void)
{
	struct tty *tp = tl.tl_tp;

	SCHED_CHECK(!atomic_load_relaxed(&tl.tl_isopen));
	SCHED_CHECK(atomic_load_relaxed(&tl.tl_calls) == 0);
	SCHED_CHECK(atomic_load_relaxed(&tl.tl_ncancel) ==
	    atomic_load_relaxed(&tl.tl_nclose));
	SCHED_CHECK(atomic_load_relaxed(&tl.tl_nclose) <=
	    atomic_load_relaxed(&tl.tl_nopen));
	ttylock(tp);
	SCHED_CHECK(tp->t_wopen == 0);
	SCHED_CHECK((tp->t_state & (TS_ISOPEN | TS_CANCEL)) == 0);
	SCHED_CHECK(tp->t_outq.c_cc == 0 && tp->t_rawq.c_cc == 0);
	ttyunlock(tp);
	tty_detach(tp);
	tty_free(tp);
	devsw_detach(NULL, &tl_cdevsw);
	kmem_free(node, sizeof(*node));
	h_specfs_down((const char *const []){ NULL });
}

static void
end_close_a(void)
{

	h_close(&a);
	end();
}

static void
end_close_both(void)
{

	h_close(&a);
	h_close(&b);
	end();
}

/* ---- actors: hardware ----------------------------------------------- */

static void
carrier_comes(void *arg __unused)
{

	carrier(1);
}

static void
carrier_goes(void *arg __unused)
{

	carrier(0);
}

static void
input(const char *s)
{

	while (*s != '\0')
		SCHED_CHECK(ttyinput((u_char)*s++, tl.tl_tp) == 0);
}

static void
byte_comes(void *arg)
{

	input(arg);
}

/* What the hardware has taken is sent, and so on while there is more. */
static void
sends(void *arg)
{
	struct tty *tp = tl.tl_tp;
	int n = *(const int *)arg;

	while (n-- > 0) {
		ttylock(tp);
		CLR(tp->t_state, TS_BUSY);
		(void)ttstart(tp);
		ttyunlock(tp);
	}
}
static const int once = 1, four = 4;
#define	ARG(x)	((void *)(uintptr_t)(x))

/* Forty bytes come as a block, three times; what is refused is kept. */
static void
blocks_come(void *arg __unused)
{
	static const u_char bytes[40] =
	    "0123456789abcdefghijklmnopqrstuvwxyz!?.";
	struct tty *tp = tl.tl_tp;
	size_t n, i;

	for (i = 0; i < 3; i++) {
		for (n = 0; n < sizeof(bytes); ) {
			n += ttyinput_block(tp, bytes + n, NULL,
			    sizeof(bytes) - n);
			ttylock(tp);
			while (n < sizeof(bytes) && tl.tl_flow)
				cv_wait(&tp->t_modemcv, &tp->t_lock);
			ttyunlock(tp);
		}
	}
}

/* ---- actors: clients ------------------------------------------------ */

static void
opens_closes(void *arg)
{
	struct h_client *c = arg;

	if (c_open(c, 0) == 0)
		h_close(c);
	(void)C_INCR(&opened);
}

static void
opens_surely(void *arg)
{

	SCHED_CHECK(c_open(arg, 0) == 0);
	h_close(arg);
	(void)C_INCR(&opened);
}

/* EBADF: it had its carrier, and was revoked before it was over. */
static void
opens_revoked(void *arg)
{

	opens_closes(arg);
	SCHED_CHECK(((struct h_client *)arg)->c_error == 0 ||
	    ((struct h_client *)arg)->c_error == L_EBADF);
}

/* Revoked while it waits, it is not let in again by the new mode. */
static void
opens_denied(void *arg)
{

	SCHED_CHECK(c_open(arg, 0) == L_EACCES);
}

static int
somebody_waits(void *arg)
{
	int n;

	if (atomic_load_relaxed(&opened) > 0)
		return 1;
	ttylock(tl.tl_tp);
	n = tl.tl_tp->t_wopen;
	ttyunlock(tl.tl_tp);
	return n >= *(const int *)arg;
}

static void
revokes(void *arg __unused)
{

	SCHED_CHECK(h_revoke(node) == 0);
	sched_note("revoked");
}

static void
revokes_waiter(void *arg)
{

	c_await(somebody_waits, arg);
	revokes(NULL);
	SCHED_CHECK(atomic_load_relaxed(&tl.tl_nclose) == 0 ||
	    atomic_load_relaxed(&tl.tl_nopen) > 0);
}

/* The owner changes the mode and revokes, as getty does. */
static void
denies_waiter(void *arg)
{

	c_await(somebody_waits, arg);
	h_node_access_set(L_EACCES);
	revokes(NULL);
}

static void
reads_a(void *arg __unused)
{

	SCHED_CHECK(c_read(&a, abuf, 16, &adone) == 0);
}

static void
reads_one(void *arg __unused)
{

	SCHED_CHECK(c_read(&a, abuf, 1, &adone) == 0);
}

static void
reads_b(void *arg __unused)
{

	SCHED_CHECK(c_read(&b, bbuf, 1, &bdone) == 0);
}

static void
reads_closes(void *arg)
{

	reads_a(arg);
	h_close(&a);
}

/* What has been revoked ends so, also if a signal comes after that. */
static void
reads_signalled(void *arg __unused)
{
	struct hyp_lwp *const l = c_intr_enter();

	SCHED_CHECK(hyp_file_read(a.c_file, abuf, sizeof(abuf), 0, &adone) ==
	    0);
	c_intr_exit(l);
	h_close(&a);
}

static void
revokes_signals(void *arg)
{

	revokes(arg);
	c_interrupts(NULL);
}

/* 40 bytes three times; short reads are as good. */
static void
reads_blocks(void *arg __unused)
{
	size_t n;

	for (adone = 0; adone < 120; adone += n) {
		SCHED_CHECK(c_read(&a, abuf, 33, &n) == 0);
		SCHED_CHECK(n > 0);
	}
}

static const char text[] =
    "The quick brown fox jumps over the lazy dog.  The quick brown fox "
    "jumps over the dog.";

static void
writes_a(void *arg __unused)
{
	int error = c_write(&a, text, sizeof(text), &adone);

	SCHED_CHECK(error == 0 || error == L_EIO);
	SCHED_CHECK((error == 0) == (adone > 0));
}

static void
writes_all(void *arg __unused)
{

	SCHED_CHECK(c_write(&a, text, sizeof(text), &adone) == 0);
	SCHED_CHECK(adone == sizeof(text));
}

/* More than the queue and the hardware take: woken at the low water mark. */
static void
writes_long(void *arg __unused)
{
	char longer[120];

	memcpy(longer, text, sizeof(text));
	memcpy(longer + sizeof(text), text, sizeof(longer) - sizeof(text));
	SCHED_CHECK(c_write(&a, longer, sizeof(longer), &adone) == 0);
	SCHED_CHECK(adone == sizeof(longer));
}

static int
writer_sleeps(void *arg __unused)
{

	return cv_has_waiters(&tl.tl_tp->t_outcv);
}

static void
sends_to_sleeper(void *arg)
{

	c_await(writer_sleeps, NULL);
	sends(arg);
}

static void
writes_closes(void *arg)
{

	writes_a(arg);
	h_close(&a);
}

static void
closes(void *arg)
{

	h_close(arg);
}

static void
polls(void *arg)
{

	polled = h_poll(&a, *(const uint32_t *)arg, 1);
	sched_note("poll: %#x", polled);
}
static const uint32_t pollin = POLLIN, pollout = POLLOUT;

static void
flushes(void *arg __unused)
{

	SCHED_CHECK(c_ioctl(&a, L_TCFLSH, 1 /* TCOFLUSH */) == 0);
}

/* tcdrain */
static void
drains(void *arg __unused)
{
	const int error = c_ioctl(&a, L_TCSBRK, 1);

	/* EBADF: revoked. */
	SCHED_CHECK(error == 0 || error == L_EBADF);
	ttylock(tl.tl_tp);
	SCHED_CHECK(error != 0 || (tl.tl_tp->t_outq.c_cc == 0 &&
	    !ISSET(tl.tl_tp->t_state, TS_BUSY)) || !tl.tl_async);
	ttyunlock(tl.tl_tp);
}

static void
excludes(void *arg __unused)
{

	SCHED_CHECK(c_ioctl(&a, L_TIOCEXCL, 0) == 0);
	/* From now on nobody else, until the last close. */
	SCHED_CHECK(c_open(&b, 0) == L_EBUSY || b.c_error == 0);
	SCHED_CHECK(b.c_error != 0);
	h_close(&a);
}

static struct h_client c3;

static void
opens_c3(void *arg __unused)
{

	memset(&c3, 0, sizeof(c3));
	c3.c_node = node;
	if (c_open(&c3, 0) == 0)
		h_close(&c3);
	else
		SCHED_CHECK(c3.c_error == L_EBUSY);
}

static void
stops_starts(void *arg __unused)
{
	struct tty *tp = tl.tl_tp;
	int none = 0;

	SCHED_CHECK(ttioctl(tp, TIOCSTOP, &none, 0, curlwp) == 0);
	SCHED_CHECK(ttioctl(tp, TIOCSTART, &none, 0, curlwp) == 0);
}

/* tcsetattr(TCSADRAIN), as the tty gets it from the client of the call. */
static void
sets(void *arg)
{
	struct tty *tp = tl.tl_tp;
	struct termios t;
	int error;

	ttylock(tp);
	t = tp->t_termios;
	ttyunlock(tp);
	(void)C_INCR(&tl.tl_calls);
	error = ttioctl(tp, *(const u_long *)arg, &t, 0, curlwp);
	(void)C_DECR(&tl.tl_calls);
	SCHED_CHECK(error == 0 || error == ERESTART);
}
static const u_long seta = TIOCSETA, setaw = TIOCSETAW;

static void
waits_modem(void *arg __unused)
{
	const int error = c_ioctl(&a, L_TIOCMIWAIT, L_TIOCM_CD);

	SCHED_CHECK(error == 0 || error == L_EBADF);
}

static int
modem_sleeps(void *arg __unused)
{

	return cv_has_waiters(&tl.tl_tp->t_modemcv);
}

static void
waits_surely(void *arg __unused)
{

	SCHED_CHECK(c_ioctl(&a, L_TIOCMIWAIT, L_TIOCM_CD) == 0);
}

static void
line_moves_late(void *arg __unused)
{

	c_await(modem_sleeps, NULL);
	ttymstatus(tl.tl_tp, TIOCM_CD);
}

static void
line_moves(void *arg __unused)
{

	ttymstatus(tl.tl_tp, TIOCM_CD);
}

/* The hardware is gone: as ucom's detach. */
static void
unplugs(void *arg __unused)
{

	atomic_store_relaxed(&tl.tl_gone, true);
	ttyhangup(tl.tl_tp);
	vdevgone(0, 0, 0, VCHR);
	SCHED_CHECK(!atomic_load_relaxed(&tl.tl_isopen) &&
	    atomic_load_relaxed(&tl.tl_calls) == 0);
	ttylock(tl.tl_tp);
	SCHED_CHECK(tl.tl_tp->t_wopen == 0);
	ttyunlock(tl.tl_tp);
}

static void
unplugs_waiter(void *arg)
{

	c_await(somebody_waits, arg);
	unplugs(NULL);
}

static void
opens_enxio(void *arg)
{

	SCHED_CHECK(c_open(arg, 0) == L_ENXIO);
}

static void
time_goes(void *arg __unused)
{

	sched_elapse(UINT64_C(100000000));
}

#define	ACTORS(name, ...)						\
	static const struct sched_actor name[] = {			\
		__VA_ARGS__, { NULL, NULL, NULL }			\
	}

ACTORS(carrier_open, { "A", opens_surely, &a },
    { "carrier", carrier_comes, NULL });
ACTORS(carrier_revoke, { "A", opens_revoked, &a },
    { "revoke", revokes_waiter, ARG(&once) },
    { "carrier", carrier_comes, NULL });
ACTORS(two_waiters, { "A", opens_surely, &a }, { "B", opens_surely, &b },
    { "carrier", carrier_comes, NULL });
ACTORS(two_waiters_revoke, { "A", opens_closes, &a },
    { "B", opens_closes, &b }, { "revoke", revokes, NULL },
    { "carrier", carrier_comes, NULL });
ACTORS(recheck, { "A", opens_denied, &a },
    { "chmod", denies_waiter, ARG(&once) });
ACTORS(waiter_unplug, { "A", opens_enxio, &a },
    { "unplug", unplugs_waiter, ARG(&once) });
ACTORS(read_input, { "A", reads_a, NULL },
    { "input", byte_comes, ARG("x") });
ACTORS(vmin_input, { "A", reads_a, NULL }, { "in1", byte_comes, ARG("x") },
    { "in2", byte_comes, ARG("y") });
ACTORS(vtime_input, { "A", reads_a, NULL },
    { "input", byte_comes, ARG("x") }, { "time", time_goes, NULL });
ACTORS(read_input_revoke, { "A", reads_closes, NULL },
    { "input", byte_comes, ARG("x") }, { "revoke", revokes, NULL });
ACTORS(read_revoke, { "A", reads_closes, NULL },
    { "revoke", revokes, NULL });
ACTORS(read_revoke_signal, { "A", reads_signalled, NULL },
    { "revoke", revokes_signals, NULL });
ACTORS(two_readers, { "A", reads_one, NULL }, { "B", reads_b, NULL },
    { "input", byte_comes, ARG("xy") });
ACTORS(carrier_read, { "A", reads_a, NULL },
    { "carrier", carrier_goes, NULL });
ACTORS(write_sent, { "A", writes_all, NULL }, { "sent", sends, ARG(&four) });
ACTORS(write_sent_revoke, { "A", writes_closes, NULL },
    { "sent", sends, ARG(&four) }, { "revoke", revokes, NULL });
ACTORS(write_flush, { "A", writes_all, NULL },
    { "flush", flushes, NULL }, { "sent", sends, ARG(&once) });
ACTORS(write_stop, { "A", writes_all, NULL },
    { "stop", stops_starts, NULL });
ACTORS(write_carrier, { "A", writes_a, NULL },
    { "carrier", carrier_goes, NULL });
ACTORS(close_sent, { "A", closes, &a }, { "sent", sends, ARG(&four) });
ACTORS(close_sent_revoke, { "A", closes, &a },
    { "sent", sends, ARG(&four) }, { "revoke", revokes, NULL });
ACTORS(close_sent_open, { "A", closes, &a }, { "B", opens_surely, &b },
    { "sent", sends, ARG(&four) });
ACTORS(close_unplug, { "A", closes, &a }, { "unplug", unplugs, NULL });
ACTORS(close_alone, { "A", closes, &a });
ACTORS(drain_sent, { "A", drains, NULL }, { "sent", sends, ARG(&four) });
ACTORS(drain_sent_revoke, { "A", drains, NULL },
    { "sent", sends, ARG(&once) }, { "revoke", revokes, NULL });
ACTORS(poll_input, { "A", polls, ARG(&pollin) },
    { "input", byte_comes, ARG("x") });
ACTORS(poll_sent, { "A", polls, ARG(&pollout) },
    { "sent", sends, ARG(&four) });
ACTORS(poll_carrier, { "A", polls, ARG(&pollin) },
    { "carrier", carrier_goes, NULL });
ACTORS(exclude, { "A", excludes, NULL }, { "C", opens_c3, NULL });
ACTORS(set_set, { "A", sets, ARG(&seta) }, { "B", sets, ARG(&seta) },
    { "C", sets, ARG(&seta) });
ACTORS(set_set_cancel, { "A", sets, ARG(&setaw) },
    { "B", sets, ARG(&seta) }, { "sent", sends, ARG(&four) });
ACTORS(modem_wait, { "A", waits_modem, NULL },
    { "line", line_moves, NULL }, { "revoke", revokes, NULL });
ACTORS(modem_line, { "A", waits_surely, NULL },
    { "line", line_moves_late, NULL });
ACTORS(write_long, { "A", writes_long, NULL },
    { "sent", sends_to_sleeper, ARG(&once) });
ACTORS(input_flow, { "A", reads_blocks, NULL },
    { "input", blocks_come, NULL });

/* ---- setups and ends of their own ----------------------------------- */

static void
setup_vmin(void)
{

	setup_open_a();
	c_raw(tl.tl_tp, 2, 0);
}

static void
setup_vtime(void)
{

	setup_open_a();
	c_raw(tl.tl_tp, 2, 1);
}

/* A whole line is on its way. */
static void
setup_queued(void)
{

	setup_slow();
	ttylock(tl.tl_tp);
	tl.tl_tp->t_hiwat = 64;
	(void)b_to_q((const u_char *)text, 64, &tl.tl_tp->t_outq);
	(void)ttstart(tl.tl_tp);
	ttyunlock(tl.tl_tp);
}

static void
setup_full(void)
{

	setup_queued();
	ttylock(tl.tl_tp);
	(void)b_to_q((const u_char *)text, 32, &tl.tl_tp->t_outq);
	ttyunlock(tl.tl_tp);
}

static void
setup_modem(void)
{

	setup_open_a();
	ttymstatus(tl.tl_tp, 0);
}

static void
end_vmin(void)
{

	SCHED_CHECK(adone == 2);
	end_close_a();
}

/* The timer, or nobody waits any more. */
static void
end_vtime(void)
{

	SCHED_CHECK(adone == 1 && abuf[0] == 'x');
	end_close_a();
}

static void
end_readers(void)
{

	SCHED_CHECK(adone == 1 && bdone == 1 && abuf[0] + bbuf[0] == 'x' + 'y');
	end_close_both();
}

static void
end_read(void)
{

	SCHED_CHECK(adone == 1 && abuf[0] == 'x');
	end_close_a();
}

/* End of file. */
static void
end_eof(void)
{

	SCHED_CHECK(adone == 0);
	end_close_a();
}

/* All of it, in its order. */
static void
end_written(void)
{

	tl.tl_async = false;
	sends(ARG(&once));
	SCHED_CHECK(tl.tl_outlen == (int)sizeof(text));
	SCHED_CHECK(memcmp(tl.tl_out, text, sizeof(text)) == 0);
	end_close_a();
}

static void
end_long(void)
{

	tl.tl_async = false;
	sends(ARG(&once));
	SCHED_CHECK(tl.tl_outlen == 120);
	SCHED_CHECK(memcmp(tl.tl_out, text, sizeof(text)) == 0);
	end_close_a();
}

/* What was not sent was flushed, and nothing but that is missing. */
static void
end_flushed(void)
{
	int n;

	tl.tl_async = false;
	sends(ARG(&once));
	n = tl.tl_outlen;
	SCHED_CHECK(n <= (int)sizeof(text));
	end_close_a();
}

/* The last close has sent what was written; a revoke need not. */
static void
end_sent(void)
{

	SCHED_CHECK(tl.tl_outlen == 64);
	SCHED_CHECK(memcmp(tl.tl_out, text, 64) == 0);
	end();
}

/* Who was told to wait has been told to come back. */
static void
end_poll(void)
{

	SCHED_CHECK((polled & (POLLIN | POLLOUT)) != 0 ||
	    a.c_host.hf_wakes > 0);
	end_close_a();
}

static void
end_flow(void)
{

	SCHED_CHECK(adone == 120);
	end_close_a();
}

static void
end_quick(void)
{

	/* One kilobyte at 9600 and five seconds. */
	SCHED_CHECK(sched_clock() < UINT64_C(1000000000) * 8);
	end();
}

/* Who drains for a line that is gone is woken, and waits no longer. */
static void
end_at_once(void)
{

	/* But for a few ms, when what is restarted waits for others. */
	SCHED_CHECK(sched_clock() - began < UINT64_C(100000000));
	end();
}

extern const struct sched_litmus l_tty[];
const struct sched_litmus l_tty[] = {
	{ "carrier_open", "an open that waits for carrier, and carrier",
	    setup_closed, carrier_open, end },
	{ "carrier_revoke", "the same, revoked: it starts again",
	    setup_closed, carrier_revoke, end },
	{ "two_waiters", "two opens that wait for carrier",
	    setup_closed, two_waiters, end },
	{ "two_waiters_revoke", "the same, and a revoke",
	    setup_closed, two_waiters_revoke, end },
	{ "recheck", "an open that is revoked while it waits: EACCES",
	    setup_closed, recheck, end },
	{ "waiter_unplug", "an open that waits for carrier, unplugged",
	    setup_closed, waiter_unplug, end },
	{ "read_input", "a read against input: no lost wake-up",
	    setup_open_a, read_input, end_read },
	{ "vmin_input", "a read of two bytes, which come apart",
	    setup_vmin, vmin_input, end_vmin },
	{ "vtime_input", "a read whose timer ends, against its byte",
	    setup_vtime, vtime_input, end_vtime },
	{ "read_revoke", "a read against a revoke",
	    setup_open_a, read_revoke, end },
	{ "read_revoke_signal", "the same, and a signal after the revoke",
	    setup_signalled, read_revoke_signal, end },
	{ "read_input_revoke", "a read, input and a revoke",
	    setup_open_a, read_input_revoke, end },
	{ "two_readers", "two reads and two bytes",
	    setup_open_both, two_readers, end_readers },
	{ "carrier_read", "a read against loss of carrier: end of file",
	    setup_open_a, carrier_read, end_eof },
	{ "write_sent", "a write to a full queue, and output that completes",
	    setup_slow, write_sent, end_written },
	{ "write_sent_revoke", "the same, and a revoke",
	    setup_slow, write_sent_revoke, end },
	{ "write_flush", "a write to a full queue, flushed",
	    setup_slow, write_flush, end_flushed },
	{ "write_stop", "a write while output is stopped and started",
	    setup_open_a, write_stop, end_written },
	{ "write_carrier", "a write to a full queue, and loss of carrier",
	    setup_full, write_carrier, end_close_a },
	{ "close_sent", "a last close sends what was written",
	    setup_queued, close_sent, end_sent },
	{ "close_sent_revoke", "the same, and a revoke: one d_close",
	    setup_queued, close_sent_revoke, end },
	{ "close_sent_open", "the same, and an open",
	    setup_queued, close_sent_open, end_sent },
	{ "close_unplug_drain", "a last close that drains, unplugged",
	    setup_queued, close_unplug, end_at_once },
	{ "close_alone", "a last close of a dead line ends in bounded time",
	    setup_queued, close_alone, end_quick },
	{ "drain_sent", "tcdrain and output that completes",
	    setup_queued, drain_sent, end_close_a },
	{ "drain_sent_revoke", "tcdrain and a revoke",
	    setup_queued, drain_sent_revoke, end_close_a },
	{ "poll_input", "a poll against input",
	    setup_open_a, poll_input, end_poll },
	{ "poll_sent", "a poll against output that completes",
	    setup_full, poll_sent, end_poll },
	{ "poll_carrier", "a poll against loss of carrier",
	    setup_open_a, poll_carrier, end_poll },
	{ "exclude", "TIOCEXCL against an open",
	    setup_open_a, exclude, end },
	{ "set_set", "three tcsetattr: the driver sees one at a time",
	    setup_open_a, set_set, end_close_a },
	{ "set_drain", "two tcsetattr, one of which drains",
	    setup_queued, set_set_cancel, end_close_a },
	{ "modem_wait", "TIOCMIWAIT, a line that moves, a revoke",
	    setup_modem, modem_wait, end_close_a },
	{ "modem_line", "TIOCMIWAIT and the line that it waits for",
	    setup_modem, modem_line, end_close_a },
	{ "write_long", "a write that is woken at the low water mark",
	    setup_slow, write_long, end_long },
	{ "input_flow", "input that the tty refuses, and reads: none is lost",
	    setup_open_a, input_flow, end_flow },
	{ NULL, NULL, NULL, NULL, NULL },
};
