/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tty.c - terminals: the object, its lock and sleeps, its queues' marks.
 *
 * A tty is made by a driver at attach (tty_alloc, tty_attach) and freed at
 * detach.  What it is in between is in tty_open.c, what a close or tcdrain(3)
 * waits for in tty_drain.c, carrier and modem lines are in tty_modem.c.
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
#include <sys/kmem.h>
#include <sys/systm.h>
#include <sys/time.h>
#include <sys/tty.h>

#include "tty/tty_impl.h"

#define	LOWAT_MIN		256
#define	HIWAT_MIN		4096
#define	CLOSEDELAY_MS		1000

static TAILQ_HEAD(, tty) ttylist = TAILQ_HEAD_INITIALIZER(ttylist);
static kmutex_t ttylist_lock = MUTEX_INITIALIZER(ttylist_lock);
int tty_count;			/* under ttylist_lock */

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
 * error = ttysleep(tp, cv, catch, ticks)
 *
 *	Sleep on one of the tty's condition variables, ttylock held, for at
 *	most ticks (0: no limit); if catch, an interrupt ends it.  ERESTART:
 *	the tty was cancelled or closed, or this lwp may not sleep.
 *	EWOULDBLOCK: time is over.  EINTR.
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
void
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
