/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tty.c - terminals: the object, its locks, open, close, drain, flush.
 *
 * A tty is made by a driver at attach (tty_alloc, tty_attach) and freed at
 * detach.  In between it is closed, being opened, or open:
 *
 *	closed	t_state 0 but for carrier
 *	ttyopen		waits for carrier (dial-in) or for the dial-out user
 *			to go; t_wopen counts the sleepers
 *	ttylopen	TS_ISOPEN
 *	ttycancel	TS_CANCEL: every sleep, present and future, ends with
 *			ERESTART, and ttyopen does too
 *	ttylclose	output drains, in bounded time
 *	ttyclose	closed; TS_CANCEL is over; t_gen has moved on
 *
 * Every sleep remembers t_gen.  If that has changed when it wakes, the tty
 * was closed meanwhile and the operation answers ERESTART: whoever called
 * it starts again from the top, where a revoked or detached device is
 * noticed.
 *
 *	reader				closer
 *	lock; nothing there
 *	gen = t_gen; sleep
 *					d_cancel: TS_CANCEL, wake
 *	wakes: TS_CANCEL, ERESTART
 *	specfs starts over: the
 *	vnode is dead, EOF
 *					drain: no I/O left
 *					d_close: ttylclose, ttyclose
 *
 * Locks: t_lock guards everything but what sys/tty.h says otherwise.  Order:
 * t_lock -> the lock that the driver takes in t_oproc and t_hwiflow, which
 * are called with it, and the locks of select and condvar.  t_param is
 * called without.
 *
 * Bounded time: the drain of ttylclose gives up when nothing has moved for
 * five seconds, or what TIOCSPORT says, which is at most a minute, plus the
 * time of one kilobyte at the line's speed, so a line
 * stopped by ^S or hardware that is dead cannot hold the daemon.  tcdrain(3)
 * and TCSADRAIN wait for ever, but every signal ends them.
 *
 * Output waits in t_outq between two marks, which follow the speed, because
 * a client's write timeout is no use if seconds of output count as "there is
 * room":
 *
 *	t_lowat		a quarter of a second, and at least 256 bytes (what
 *			Linux's tty has at every speed).  poll(2) says POLLOUT
 *			at it and below, and writers sleep down to it
 *	t_hiwat		one and a half seconds more, and at least 4 KiB: a
 *			write takes that much at once, as from Linux's USB
 *			serial drivers, which have a page for it
 *
 * The speed is what termios says, or what the driver has measured if that is
 * more (ttypace): for many adapters the number means nothing, and marks of
 * 9600 Bd would slow down a device that takes megabytes.  What the driver has
 * in its own transfers is not counted; ucom(4) keeps that to a second.
 *
 * There is no controlling terminal: a Linux kernel does not see a CUSE file
 * as one.  INTR, QUIT and SUSP flush and echo, and send no signal; loss of
 * carrier gives EOF, EIO and POLLHUP, and no SIGHUP; job control does not
 * exist.  DSUSP and STATUS, which would only make signals, are ordinary
 * characters.
 *
 * Known gaps: MDMBUF makes a line count as connected but does not stop
 * output; EXTPROC has no effect; START and STOP that the input side sends
 * queue behind output, as in BSD.
 */
#include <sys/param.h>
#include <sys/conf.h>
#include <sys/fcntl.h>
#include <sys/kauth.h>
#include <sys/kernel.h>
#include <sys/kmem.h>
#include <sys/lwp.h>
#include <sys/systm.h>
#include <sys/time.h>
#include <sys/tty.h>

#include "tty/tty_impl.h"

#define	LOWAT_MIN		256
#define	HIWAT_MIN		4096
#define	CLOSEDRAIN_BYTES	1024	/* that may be one transfer */
#define	CLOSEDRAIN_MAX_MS	60000	/* whatever the speed */

static TAILQ_HEAD(, tty) ttylist = TAILQ_HEAD_INITIALIZER(ttylist);
static kmutex_t ttylist_lock = MUTEX_INITIALIZER(ttylist_lock);
int tty_count;			/* under ttylist_lock */

#define	CLOSEDRAIN_MS		5000	/* without progress */
#define	CLOSEDELAY_MS		1000

static const cc_t ttydefchars[NCCS] = {
	[VEOF] = CEOF,		[VEOL] = CEOL,		[VEOL2] = CEOL,
	[VERASE] = CERASE,	[VWERASE] = CWERASE,	[VKILL] = CKILL,
	[VREPRINT] = CREPRINT,	[7] = _POSIX_VDISABLE,	[VINTR] = CINTR,
	[VQUIT] = CQUIT,	[VSUSP] = CSUSP,	[VDSUSP] = CDSUSP,
	[VSTART] = CSTART,	[VSTOP] = CSTOP,	[VLNEXT] = CLNEXT,
	[VDISCARD] = CDISCARD,	[VMIN] = CMIN,		[VTIME] = CTIME,
	[VSTATUS] = CSTATUS,	[19] = _POSIX_VDISABLE,
};

/* Time in nanoseconds, and how many ticks, rounded up, until one. */
uint64_t
ttynow(void)
{
	struct timespec ts;

	nanouptime(&ts);
	return (uint64_t)ts.tv_sec * 1000 * NSEC_PER_MSEC +
	    (uint64_t)ts.tv_nsec;
}

int
ttymsleft(uint64_t deadline)
{
	const uint64_t now = ttynow();

	return now >= deadline ? 0 :
	    mstohz(howmany(deadline - now, NSEC_PER_MSEC));
}

/*
 * ttylock(tp), ttyunlock(tp), ttylocked(tp)
 *
 *	The lock of one tty, and whether the caller holds it.
 */
void
ttylock(struct tty *tp)
{

	mutex_enter(&tp->t_lock);
}

void
ttyunlock(struct tty *tp)
{

	mutex_exit(&tp->t_lock);
}

bool
ttylocked(struct tty *tp)
{

	return mutex_owned(&tp->t_lock) != 0;
}

/*
 * tp = tty_alloc()
 *
 *	A closed tty with the termios line discipline.  The driver fills in
 *	t_oproc, t_param, t_hwiflow and t_softc, then calls tty_attach().  May
 *	sleep for memory, never fails.
 */
struct tty *
tty_alloc(void)
{
	struct tty *const tp = kmem_zalloc(sizeof(*tp), KM_SLEEP);

	mutex_init(&tp->t_lock, MUTEX_DEFAULT, IPL_TTY);
	cv_init(&tp->t_rawcv, "ttyraw");
	cv_init(&tp->t_outcv, "ttyout");
	cv_init(&tp->t_modemcv, "ttymodem");
	cv_init(&tp->t_paramcv, "ttyparam");
	selinit(&tp->t_rsel);
	selinit(&tp->t_wsel);
	tp->t_qsize = TTYQSIZE;
	(void)clalloc(&tp->t_rawq, tp->t_qsize + TTYSLACK, 1);
	(void)clalloc(&tp->t_canq, tp->t_qsize + TTYSLACK, 1);
	(void)clalloc(&tp->t_outq, tp->t_qsize, 0);
	tp->t_dev = NODEV;
	tp->t_port.tp_closing_wait = CLOSEDRAIN_MS;
	tp->t_port.tp_close_delay = CLOSEDELAY_MS;
	tp->t_linesw = ttyldisc_default();
	ttychars(tp);
	ttsetwater(tp);
	return tp;
}

/*
 * tty_free(tp)
 *
 *	Nobody uses it: closed, detached, no sleeper.
 */
void
tty_free(struct tty *tp)
{

	KASSERTMSG(!ISSET(tp->t_state, TS_ISOPEN), "state %#x", tp->t_state);
	KASSERTMSG(tp->t_wopen == 0, "%d openers", tp->t_wopen);
	KASSERT(!tp->t_setting);
	ttyldisc_release(tp->t_linesw);
	clfree(&tp->t_rawq);
	clfree(&tp->t_canq);
	clfree(&tp->t_outq);
	seldestroy(&tp->t_rsel);
	seldestroy(&tp->t_wsel);
	cv_destroy(&tp->t_rawcv);
	cv_destroy(&tp->t_outcv);
	cv_destroy(&tp->t_modemcv);
	cv_destroy(&tp->t_paramcv);
	mutex_destroy(&tp->t_lock);
	kmem_free(tp, sizeof(*tp));
}

/*
 * tty_attach(tp)
 * tty_detach(tp)
 *
 *	Enter the tty into the list of all, and take it out.
 */
void
tty_attach(struct tty *tp)
{

	mutex_enter(&ttylist_lock);
	TAILQ_INSERT_TAIL(&ttylist, tp, tty_link);
	tty_count++;
	mutex_exit(&ttylist_lock);
}

void
tty_detach(struct tty *tp)
{

	mutex_enter(&ttylist_lock);
	KASSERTMSG(tty_count > 0, "%d ttys", tty_count);
	TAILQ_REMOVE(&ttylist, tp, tty_link);
	tty_count--;
	mutex_exit(&ttylist_lock);
}

/*
 * unit = tty_unit(dev)
 *
 *	d_devtounit of a tty driver.
 */
int
tty_unit(dev_t dev)
{

	return TTUNIT(dev);
}

/*
 * error = tty_exclusive(tp, l)
 *
 *	For d_open: EBUSY if the tty is open with TIOCEXCL in force and l may
 *	not go past that, else 0.
 */
int
tty_exclusive(struct tty *tp, struct lwp *l)
{
	bool excl;

	ttylock(tp);
	excl = ISSET(tp->t_state, TS_ISOPEN) && ISSET(tp->t_state, TS_XCLUDE);
	ttyunlock(tp);
	if (excl && kauth_authorize_device_tty(l->l_cred,
	    KAUTH_DEVICE_TTY_OPEN, tp) != 0)
		return EBUSY;
	return 0;
}

/*
 * error = ttysleep(tp, cv, catch, ticks)
 *
 *	Sleep on one of the tty's condition variables, ttylock held, for at
 *	most ticks (0: no limit); if catch, an interrupt ends it.  ERESTART:
 *	the tty was cancelled or closed.  EWOULDBLOCK: time is over.  EINTR.
 *	EAGAIN (the same number as EWOULDBLOCK): this lwp may not sleep.
 */
int
ttysleep(struct tty *tp, kcondvar_t *cv, bool catch, int ticks)
{
	const u_int gen = tp->t_gen;
	int error;

	KASSERT(ttylocked(tp));
	if (ISSET(tp->t_state, TS_CANCEL))
		return ERESTART;
	if (catch)
		error = cv_timedwait_sig(cv, &tp->t_lock, ticks);
	else
		error = cv_timedwait(cv, &tp->t_lock, ticks);
	if (gen != tp->t_gen || ISSET(tp->t_state, TS_CANCEL))
		return ERESTART;
	return error;
}

/* Wake everybody who sleeps here or polls; ttylock held. */
static void
ttywakeall(struct tty *tp)
{

	cv_broadcast(&tp->t_rawcv);
	cv_broadcast(&tp->t_outcv);
	cv_broadcast(&tp->t_modemcv);
	cv_broadcast(&tp->t_paramcv);
	selnotify(&tp->t_rsel, 0, 0);
	selnotify(&tp->t_wsel, 0, 0);
}

/*
 * error = ttyopen(tp, dialout, nonblock)
 *
 *	The common part of d_open, before l_open.  Dial-out never waits:
 *	EBUSY if the tty is open for dial-in.  Dial-in waits for carrier and
 *	for a dial-out user to close, or with nonblock does neither and gets
 *	EBUSY from that user.  Sleeps interruptibly: EINTR; ERESTART if the
 *	tty was closed or cancelled meanwhile, or is cancelled now.
 */
int
ttyopen(struct tty *tp, int dialout, int nonblock)
{
	int error = 0;

	ttylock(tp);
	if (ISSET(tp->t_state, TS_CANCEL))
		error = ERESTART;
	else if (dialout) {
		if (ISSET(tp->t_state, TS_ISOPEN) &&
		    !ISSET(tp->t_state, TS_DIALOUT))
			error = EBUSY;
		else
			SET(tp->t_state, TS_DIALOUT);
	} else if (nonblock) {
		if (ISSET(tp->t_state, TS_DIALOUT))
			error = EBUSY;
	} else {
		while (error == 0 && (ISSET(tp->t_state, TS_DIALOUT) ||
		    !CONNECTED(tp))) {
			tp->t_wopen++;
			error = ttysleep(tp, &tp->t_rawcv, true, 0);
			tp->t_wopen--;
		}
	}
	ttyunlock(tp);
	return error;
}

/*
 * error = ttylopen(dev, tp)
 *
 *	l_open of the termios line discipline: the tty is open.  Always 0.
 */
int
ttylopen(dev_t dev, struct tty *tp)
{

	ttylock(tp);
	tp->t_dev = dev;
	if (!ISSET(tp->t_state, TS_ISOPEN)) {
		SET(tp->t_state, TS_ISOPEN);
		memset(&tp->t_winsize, 0, sizeof(tp->t_winsize));
		tp->t_column = tp->t_rocount = tp->t_rocol = 0;
	}
	ttyunlock(tp);
	return 0;
}

/* Is there output that the driver can still be expected to send? */
static bool
ttyundrained(struct tty *tp)
{

	return (tp->t_outq.c_cc > 0 || ISSET(tp->t_state, TS_BUSY)) &&
	    CONNECTED(tp) && tp->t_oproc != NULL;
}

/* ttylock held; see tty_sent_ms. */
static u_int
ttysentms(struct tty *tp, int n)
{
	const u_int cps = (u_int)imax(imax(tp->t_ospeed / 10, tp->t_pace), 1);

	if (!ttyundrained(tp) || tp->t_port.tp_closing_wait == 0)
		return 0;
	/* ^S does not hold up what the driver has already. */
	if ((tp->t_outq.c_cc > 0 && ISSET(tp->t_state, TS_TTSTOP)) ||
	    (ISSET(tp->t_cflag, CCTS_OFLOW) &&
	    ISSET(tp->t_flags, TF_MSTATUS) && !ISSET(tp->t_modem, TIOCM_CTS)))
		return LWP_NEVER;
	return (u_int)MIN((uint64_t)imax(n, 0) * 1000 / cps, LWP_NEVER);
}

/*
 * ms = tty_sent_ms(tp, n)
 *
 *	An addition, for d_cancel (lwp_drains) and d_open: how long n bytes of
 *	output take, as far as anybody knows, if they are all that there is;
 *	LWP_NEVER: output is stopped, by ^S, TIOCSTOP or CTS.  0: nothing will
 *	be sent.  No ttylock held; does not sleep.
 */
u_int
tty_sent_ms(struct tty *tp, int n)
{
	u_int ms;

	ttylock(tp);
	ms = ttysentms(tp, n);
	ttyunlock(tp);
	return ms;
}

/*
 * Output moves, if slowly: this much time may pass without a sign of it.  A
 * driver shows progress once per transfer.
 */
static uint64_t
ttydrainlimit(struct tty *tp)
{
	uint64_t ms = 0;

	if (tp->t_ospeed > 0)
		ms = 10ULL * CLOSEDRAIN_BYTES * 1000 / (u_int)tp->t_ospeed;
	if (ms > CLOSEDRAIN_MAX_MS)
		ms = CLOSEDRAIN_MAX_MS;
	ms += (u_int)tp->t_port.tp_closing_wait;
	if (ms > CLOSEDRAIN_MAX_MS)
		ms = CLOSEDRAIN_MAX_MS;
	/* A close may take some seconds anyway. */
	lwp_progress((u_int)(ms > CLOSEDRAIN_MS ? ms - CLOSEDRAIN_MS : 0));
	return ttynow() + ms * NSEC_PER_MSEC;
}

/*
 * The drain of the last close; ttylock held.  TS_CANCEL is set by now and
 * must not end it.  Ends when all is sent, the carrier is lost, an
 * interrupt comes, or nothing has moved for long.
 */
static void
ttyclosedrain(struct tty *tp)
{
	uint64_t limit = ttydrainlimit(tp);
	int least = tp->t_outq.c_cc;
	int error, left;

	while (ttyundrained(tp)) {
		(void)ttstart(tp);
		if (tp->t_outq.c_cc < least) {
			least = tp->t_outq.c_cc;
			limit = ttydrainlimit(tp);
			lwp_drains(ttysentms(tp, least));
		}
		if (!ttyundrained(tp) || (left = ttymsleft(limit)) == 0)
			break;
		error = cv_timedwait_sig(&tp->t_outcv, &tp->t_lock, left);
		if (error != 0 && (error != EWOULDBLOCK ||
		    ttymsleft(limit) > 0))
			break;
	}
}

/*
 * error = ttylclose(tp, flag)
 *
 *	l_close: with FNONBLOCK in flag, or if TIOCSPORT says so, drop both
 *	queues, else let output drain for as long as it moves (see the head of
 *	this file) and drop input.  Sleeps.  Always 0.
 */
int
ttylclose(struct tty *tp, int flag)
{

	ttylock(tp);
	if (ISSET(flag, FNONBLOCK) || tp->t_port.tp_closing_wait == 0)
		ttyflush(tp, FREAD | FWRITE);
	else {
		ttyclosedrain(tp);
		ttyflush(tp, FREAD);
	}
	ttyunlock(tp);
	return 0;
}

/*
 * error = ttyclose(tp)
 *
 *	The tty is closed: queues empty, state gone, TIOCEXCL and TS_CANCEL
 *	over, sleepers of this use end with ERESTART.  For a failed first open
 *	too.  Does not sleep.  Always 0.
 */
int
ttyclose(struct tty *tp)
{

	ttylock(tp);
	ttyflush(tp, FREAD | FWRITE);
	ndflush(&tp->t_outq, tp->t_outq.c_cc);	/* START, if that was due */
	tp->t_gen++;
	tp->t_state = 0;
	tp->t_pace = 0;
	CLR(tp->t_flags, TF_XOFFSENT | TF_HWBLOCK | TF_USRSTOP);
	ttywakeall(tp);
	ttyunlock(tp);
	return 0;
}

/*
 * ttycancel(tp)
 *
 *	For d_cancel: until ttyclose, whoever sleeps on the tty or is about to
 *	answers ERESTART, and so does ttyopen.  The drain of ttylclose is not
 *	meant.  Does not sleep, may be called any number of times.
 */
void
ttycancel(struct tty *tp)
{

	ttylock(tp);
	SET(tp->t_state, TS_CANCEL);
	ttywakeall(tp);
	ttyunlock(tp);
}

/*
 * error = ttysetport(tp, port, l)
 *
 *	TIOCSPORT.  EPERM: only root may change how long others wait, for a
 *	close or the open after it (as Linux, there CAP_SYS_ADMIN).  EINVAL: no
 *	wait is without a bound.  ttylock held; does not sleep.
 */
int
ttysetport(struct tty *tp, const struct tty_port *port, struct lwp *l)
{

	if (port->tp_close_delay != tp->t_port.tp_close_delay ||
	    port->tp_closing_wait != tp->t_port.tp_closing_wait) {
		if (kauth_authorize_device_tty(l->l_cred,
		    KAUTH_DEVICE_TTY_PRIVSET, tp) != 0)
			return EPERM;
		if (port->tp_close_delay < 0 ||
		    port->tp_close_delay > TTYPORT_WAIT_MAX ||
		    port->tp_closing_wait < 0 ||
		    port->tp_closing_wait > TTYPORT_WAIT_MAX)
			return EINVAL;
	}
	if (ISSET(port->tp_flags, ~TTYPORT_LOWLAT))
		return EINVAL;
	tp->t_port = *port;
	return 0;
}

/*
 * ttyhangup(tp)
 *
 *	For a driver's detach, before vdevgone(): the hardware is gone.  The
 *	line counts as not connected from now on, sleepers answer ERESTART, a
 *	drain in progress ends.  Does not sleep.
 */
void
ttyhangup(struct tty *tp)
{

	ttylock(tp);
	CLR(tp->t_state, TS_CARR_ON);
	CLR(tp->t_cflag, CLOCAL | MDMBUF);
	SET(tp->t_flags, TF_HANGUP);
	tp->t_gen++;
	ttywakeall(tp);
	ttyunlock(tp);
}

/*
 * connected = ttymodem(tp, carrier)
 *
 *	l_modem: the carrier is there or not.  If an open line loses it, both
 *	queues are dropped and readers see the end of file.  Called by the
 *	driver without ttylock.  Does not sleep.
 */
int
ttymodem(struct tty *tp, int carrier)
{
	int connected = 1;

	ttylock(tp);
	if (carrier) {
		SET(tp->t_state, TS_CARR_ON);
		cv_broadcast(&tp->t_rawcv);
		(void)ttstart(tp);
	} else if (ISSET(tp->t_state, TS_CARR_ON)) {
		CLR(tp->t_state, TS_CARR_ON);
		if (ISSET(tp->t_state, TS_ISOPEN) && !CONNECTED(tp)) {
			ttyflush(tp, FREAD | FWRITE);
			ttywakeall(tp);
			connected = 0;
		}
	}
	ttyunlock(tp);
	return connected;
}

/* These inputs have moved so many times; ttylock held. */
static void
ttymoved(struct tty *tp, int moved, int times)
{

	if (ISSET(moved, TIOCM_CTS))
		tp->t_counts.tc_cts += times;
	if (ISSET(moved, TIOCM_DSR))
		tp->t_counts.tc_dsr += times;
	if (ISSET(moved, TIOCM_RI))
		tp->t_counts.tc_rng += times;
	if (ISSET(moved, TIOCM_CD))
		tp->t_counts.tc_dcd += times;
	if (moved != 0)
		cv_broadcast(&tp->t_modemcv);
}

/*
 * ttymstatus(tp, bits)
 *
 *	An addition: the modem inputs (TIOCM_CTS, _DSR, _RI, _CD) are these
 *	now.  Counts the changes for TIOCGCOUNTS and wakes TIOCMWAIT; those
 *	two are refused for a driver that has never called this.  Carrier is
 *	l_modem's business as well.  No ttylock held; does not sleep.
 */
void
ttymstatus(struct tty *tp, int bits)
{
	int moved;

	ttylock(tp);
	moved = ISSET(tp->t_flags, TF_MSTATUS) ? bits ^ tp->t_modem : 0;
	SET(tp->t_flags, TF_MSTATUS);
	tp->t_modem = bits;
	ttymoved(tp, moved, 1);
	ttyunlock(tp);
}

/*
 * ttympulse(tp, bits)
 *
 *	An addition: these modem inputs have moved and moved back, between two
 *	calls of ttymstatus; two changes for each.  A carrier that is back is
 *	no loss of it.  No ttylock held; does not sleep.
 */
void
ttympulse(struct tty *tp, int bits)
{

	ttylock(tp);
	ttymoved(tp, bits, 2);
	ttyunlock(tp);
}

/*
 * ttymspar(tp)
 *
 *	An addition, for a driver's attach: t_param makes mark and space
 *	parity of CMSPAR.  A driver that has never called this does not know
 *	the bit and would make odd or even of it, so ttioctl refuses such
 *	settings with EINVAL before t_param sees them.  Does not sleep.
 */
void
ttymspar(struct tty *tp)
{

	ttylock(tp);
	SET(tp->t_flags, TF_MSPAR);
	ttyunlock(tp);
}

/*
 * ttyrate(tp, rate)
 *
 *	An addition, for a t_param that knows: what the hardware makes of
 *	t_ospeed, which stays what was asked for, so that a client that compares
 *	the two finds them equal; TIOCGRATE tells it.  0: it is not known.
 *	ttylock held; does not sleep.
 */
void
ttyrate(struct tty *tp, int rate)
{

	KASSERT(ttylocked(tp));
	tp->t_rate = rate > 0 ? rate : 0;
}

/*
 * Wait until all output is sent; ttylock held.  EIO: it never will be, the
 * line is not connected.  ERESTART, EINTR, EAGAIN as ttysleep.
 *
 * After ttyhangup the answer is ERESTART, whatever is queued: an unplug takes
 * back what was on its way, so an idle line does not mean that all was sent,
 * and the revoke that follows decides what a client sees.
 */
int
ttywait_locked(struct tty *tp)
{
	int error = 0;

	while (error == 0 && ttyundrained(tp)) {
		(void)ttstart(tp);
		if (!ttyundrained(tp))
			break;
		error = ttysleep(tp, &tp->t_outcv, true, 0);
	}
	if (error == 0 && ISSET(tp->t_flags, TF_HANGUP))
		error = ERESTART;
	else if (error == 0 && tp->t_outq.c_cc > 0 && !CONNECTED(tp))
		error = EIO;
	return error;
}

/*
 * error = ttywait(tp)
 *
 *	tcdrain(3): sleep, interruptibly and without limit, until all output
 *	is sent.  Errors: see above.
 */
int
ttywait(struct tty *tp)
{
	int error;

	ttylock(tp);
	error = ttywait_locked(tp);
	ttyunlock(tp);
	return error;
}

/*
 * error = ttywflush(tp)
 *
 *	ttywait, then drop input.
 */
int
ttywflush(struct tty *tp)
{
	int error;

	ttylock(tp);
	error = ttywait_locked(tp);
	if (error == 0)
		ttyflush(tp, FREAD);
	ttyunlock(tp);
	return error;
}

/*
 * Tell the driver that output stopped (rw 0) or was dropped (FWRITE).  A
 * driver that leaves bytes in t_outq while it sends them sets TS_FLUSH.
 */
void
ttystop(struct tty *tp, int rw)
{

	if (tp->t_dev != NODEV)
		cdev_stop(tp, rw);
}

/* Output may go on; ttylock held. */
void
ttygo(struct tty *tp)
{

	CLR(tp->t_state, TS_TTSTOP);
	CLR(tp->t_flags, TF_USRSTOP);
	(void)ttstart(tp);
}

/*
 * ttyflush(tp, rw)
 *
 *	Drop input (FREAD), output (FWRITE) or both; ttylock held.  Dropping
 *	output ends a STOP, dropping input ends a block of input, and those
 *	who waited for it are woken.  Output first, or the START which the
 *	second sends would be dropped with it.  Does not sleep.
 */
void
ttyflush(struct tty *tp, int rw)
{

	KASSERT(ttylocked(tp));
	if (ISSET(rw, FWRITE)) {
		CLR(tp->t_state, TS_TTSTOP);
		CLR(tp->t_flags, TF_USRSTOP);
		ttystop(tp, rw);
		ndflush(&tp->t_outq, tp->t_outq.c_cc);
		cv_broadcast(&tp->t_outcv);
		selnotify(&tp->t_wsel, 0, 0);
	}
	if (ISSET(rw, FREAD)) {
		ndflush(&tp->t_canq, tp->t_canq.c_cc);
		ndflush(&tp->t_rawq, tp->t_rawq.c_cc);
		tp->t_rocount = tp->t_rocol = 0;
		CLR(tp->t_state, TS_LOCAL);
		CLR(tp->t_lflag, PENDIN);
		ttyunblock(tp);
		ttwakeup(tp);
	}
}

/*
 * ttychars(tp)
 *
 *	The default control characters.  First open, no lock needed.
 */
void
ttychars(struct tty *tp)
{

	memcpy(tp->t_cc, ttydefchars, sizeof(ttydefchars));
}

/*
 * ttsetwater(tp)
 *
 *	Water marks of the output queue from the speed; the head of this file
 *	has the rule.  A small queue has lower ones, and there is always room
 *	for echo above.
 */
void
ttsetwater(struct tty *tp)
{
	const int size = tp->t_qsize;
	const int cps = imin(imax(tp->t_ospeed / 10, tp->t_pace), size);

	tp->t_lowat = imin(imax(cps / 4, LOWAT_MIN), size / 2);
	tp->t_hiwat = imin(imax(tp->t_lowat + cps + cps / 2,
	    imin(HIWAT_MIN, size / 2 + size / 4)), size - size / 8);
}

/*
 * ttypace(tp, cps)
 *
 *	An addition, for a driver that measures: the device really takes this
 *	many bytes in a second, or at least it is worth a try; 0, or anything
 *	below the speed: the speed counts.  Until new settings or the close.
 *	ttylock held; the caller calls ttypull() next.  Does not sleep.
 */
void
ttypace(struct tty *tp, u_int cps)
{
	const int pace = (int)MIN(cps, (u_int)TTYQSIZE_MAX);

	KASSERT(ttylocked(tp));
	if (tp->t_pace != pace) {
		tp->t_pace = pace;
		ttsetwater(tp);
	}
}

/*
 * code = ttspeedtab(speed, table)
 *
 *	The code for a speed in a table that ends with sp_speed -1; -1 if it
 *	is not there.
 */
int
ttspeedtab(int speed, const struct speedtab *table)
{

	for (; table->sp_speed != -1; table++) {
		if (table->sp_speed == speed)
			return table->sp_code;
	}
	return -1;
}

static void
clswap(struct clist *a, struct clist *b)
{
	const struct clist t = *a;

	*a = *b;
	*b = t;
}

/*
 * error = ttysetqsize(tp, size)
 *
 *	Other queues, of a power of two of bytes; input is dropped.  EINVAL,
 *	or EBUSY while there is output.  No lock held; may sleep for memory.
 */
int
ttysetqsize(struct tty *tp, int size)
{
	struct clist raw, can, out;
	int error = 0;

	if (size < TTYQSIZE_MIN || size > TTYQSIZE_MAX ||
	    (size & (size - 1)) != 0)
		return EINVAL;
	(void)clalloc(&raw, size + TTYSLACK, 1);
	(void)clalloc(&can, size + TTYSLACK, 1);
	(void)clalloc(&out, size, 0);
	ttylock(tp);
	if (tp->t_outq.c_cc > 0 || ISSET(tp->t_state, TS_BUSY))
		error = EBUSY;
	else {
		ttyflush(tp, FREAD);
		clswap(&tp->t_rawq, &raw);
		clswap(&tp->t_canq, &can);
		clswap(&tp->t_outq, &out);
		tp->t_qsize = size;
		ttsetwater(tp);
	}
	ttyunlock(tp);
	clfree(&raw);
	clfree(&can);
	clfree(&out);
	return error;
}
