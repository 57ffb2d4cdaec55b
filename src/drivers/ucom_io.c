/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ucom_io.c - ucom(4): pipes and transfers, between the device and the tty;
 * output.  ucom_rx.c: input.
 *
 * Where a buffer is
 *	input	see ucom_rx.c
 *	output	sc_obuff_free; in flight; sc_obuff_retry, failed
 *
 * Transfers are submitted only while sc_running is set, so that what
 * usbd_abort_pipe leaves is nothing.  A failed transfer is tried again by the
 * callout sc_recover, after a pause that doubles with every failure in a
 * row; writes wait until all others in flight have come back, so that they
 * keep their order.  (They do not always: after an error that does not halt
 * the endpoint, the host has sent the next ones already.)
 *
 * Locks: the tty's -> sc_lock; see ucom.c.
 */
#include <sys/param.h>
#include <sys/intr.h>
#include <sys/kernel.h>
#include <sys/systm.h>

#include "drivers/ucom_impl.h"

#define	UCOM_OUT_MIN	16	/* bytes of a write at the slowest speeds */
#define	UCOM_OUT_CHIP	16384	/* more than a chip's own buffer */
#define	UCOM_MAXERRS	8	/* failures in a row of one write */

static void	ucomwritecb(struct usbd_xfer *, void *, usbd_status);
static void	ucom_recover(void *);
static void	ucom_set_busy(struct ucom_softc *, struct tty *);

/* ---- attach, start, stop -------------------------------------------- */

/*
 * error = ucom_create_xfers(sc, pipe, buffers, n, size, flags)
 *
 *	Make the transfers of one pipe.  What was made before a failure is
 *	left to ucom_destroy_xfers.
 */
static int
ucom_create_xfers(struct ucom_softc *sc, struct usbd_pipe *pipe,
    struct ucom_buffer *ub, u_int n, u_int size, u_int flags)
{
	int error;

	for (; n > 0; n--, ub++) {
		ub->ub_sc = sc;
		error = usbd_create_xfer(pipe, size, flags, 0, &ub->ub_xfer);
		if (error)
			return error;
		ub->ub_buf = usbd_get_buffer(ub->ub_xfer);
	}
	return 0;
}

static void
ucom_destroy_xfers(struct ucom_buffer *ub, u_int n)
{

	for (; n > 0; n--, ub++) {
		if (ub->ub_xfer != NULL)
			usbd_destroy_xfer(ub->ub_xfer);
		ub->ub_xfer = NULL;
	}
}

/* Give back all that ucom_open_pipes got, or the part it got. */
static void
ucom_close_pipes(struct ucom_softc *sc)
{

	ucom_destroy_xfers(sc->sc_ibuff, sc->sc_nibuff);
	ucom_destroy_xfers(sc->sc_obuff, UCOM_OUT_BUFFS);
	if (sc->sc_bulkin_pipe != NULL)
		usbd_close_pipe(sc->sc_bulkin_pipe);
	if (sc->sc_bulkout_pipe != NULL)
		usbd_close_pipe(sc->sc_bulkout_pipe);
	sc->sc_bulkin_pipe = sc->sc_bulkout_pipe = NULL;
}

static int
ucom_open_pipes(struct ucom_softc *sc, const struct ucom_attach_args *ucaa)
{
	usbd_status err;
	int error;

	err = usbd_open_pipe(sc->sc_iface, (uint8_t)ucaa->ucaa_bulkin,
	    USBD_EXCLUSIVE_USE | USBD_MPSAFE, &sc->sc_bulkin_pipe);
	if (err)
		return EIO;
	err = usbd_open_pipe(sc->sc_iface, (uint8_t)ucaa->ucaa_bulkout,
	    USBD_EXCLUSIVE_USE | USBD_MPSAFE, &sc->sc_bulkout_pipe);
	if (err)
		return EIO;
	error = ucom_create_xfers(sc, sc->sc_bulkin_pipe, sc->sc_ibuff,
	    sc->sc_nibuff, MAX(ucaa->ucaa_ibufsizepad, sc->sc_ibufsize), 0);
	if (error)
		return error;
	return ucom_create_xfers(sc, sc->sc_bulkout_pipe, sc->sc_obuff,
	    UCOM_OUT_BUFFS, ucaa->ucaa_obufsize, 0);
}

/* What was the tty's in ub is sent, or lost; sc_lock held. */
static void
ucom_obuff_done(struct ucom_softc *sc, struct ucom_buffer *ub)
{

	ub->ub_unsent = 0;
	SIMPLEQ_INSERT_TAIL(&sc->sc_obuff_free, ub, ub_link);
}

/* All buffers are where they are when nothing runs; sc_lock held. */
static void
ucom_io_reset(struct ucom_softc *sc)
{
	u_int i;

	SIMPLEQ_INIT(&sc->sc_ibuff_full);
	SIMPLEQ_INIT(&sc->sc_ibuff_idle);
	sc->sc_rx_event = 0;
	sc->sc_oheld = false;
	SIMPLEQ_INIT(&sc->sc_obuff_retry);
	SIMPLEQ_INIT(&sc->sc_obuff_free);
	for (i = 0; i < UCOM_OUT_BUFFS; i++)
		ucom_obuff_done(sc, &sc->sc_obuff[i]);
}

/*
 * error = ucom_io_attach(sc, ucaa)
 *
 *	Open the pipes and make the transfers.  Sleeps.  After an error
 *	ucom_io_detach has to give back what there is.
 */
int
ucom_io_attach(struct ucom_softc *sc, const struct ucom_attach_args *ucaa)
{

	callout_init(&sc->sc_recover, CALLOUT_MPSAFE);
	callout_setfunc(&sc->sc_recover, ucom_recover, sc);
	sc->sc_si = softint_establish(SOFTINT_USB | SOFTINT_MPSAFE,
	    ucom_softintr, sc);
	ucom_io_reset(sc);
	ucom_create_lsr(sc);
	return ucom_open_pipes(sc, ucaa);
}

/*
 * ucom_io_detach(sc)
 *
 *	Undo ucom_io_attach; nothing runs.  Sleeps.
 */
void
ucom_io_detach(struct ucom_softc *sc)
{

	softint_disestablish(sc->sc_si);
	callout_halt(&sc->sc_recover, NULL);
	callout_destroy(&sc->sc_recover);
	ucom_close_pipes(sc);
	ucom_destroy_lsr(sc);
}

/*
 * ucom_io_start(sc)
 *
 *	Let transfers flow: all reads are submitted.  State OPENING, no lock
 *	held.  Does not sleep.
 */
void
ucom_io_start(struct ucom_softc *sc)
{
	u_int i;

	mutex_enter(&sc->sc_lock);
	KASSERT(!sc->sc_running);
	sc->sc_rx_stopped = false;
	sc->sc_rx_errs = 0;
	sc->sc_ostalled = false;
	sc->sc_running = true;
	for (i = 0; i < sc->sc_nibuff; i++)
		SIMPLEQ_INSERT_TAIL(&sc->sc_ibuff_idle, &sc->sc_ibuff[i],
		    ub_link);
	ucom_submit_reads(sc);
	mutex_exit(&sc->sc_lock);
}

/*
 * ucom_io_stop(sc)
 *
 *	End all transfers; what they carry is lost.  State OPENING, no lock
 *	held.  Sleeps until all callbacks have returned, in bounded time.
 */
void
ucom_io_stop(struct ucom_softc *sc)
{

	mutex_enter(&sc->sc_lock);
	sc->sc_running = false;
	mutex_exit(&sc->sc_lock);
	callout_halt(&sc->sc_recover, NULL);
	usbd_abort_pipe(sc->sc_bulkin_pipe);
	usbd_abort_pipe(sc->sc_bulkout_pipe);

	mutex_enter(&sc->sc_lock);
	/* A soft interrupt may still be handing a buffer to the tty. */
	while (sc->sc_rx_feeding)
		cv_wait(&sc->sc_statecv, &sc->sc_lock);
	KASSERT(sc->sc_oinflight == 0);
	ucom_io_reset(sc);
	mutex_exit(&sc->sc_lock);
}

/* ---- output --------------------------------------------------------- */

/*
 * ucom_pace_reset(sc)
 *
 *	The speed has changed: a quarter of a second of output in each write,
 *	so that never much more than a second's worth is out of reach of a
 *	stop or a close; sc_lock held.
 */
void
ucom_pace_reset(struct ucom_softc *sc)
{

	KASSERT(mutex_owned(&sc->sc_lock));
	sc->sc_olimit = MAX(UCOM_OUT_MIN, MIN(sc->sc_obufsize,
	    sc->sc_ocps / UCOM_OUT_BUFFS));
	sc->sc_ofast = 0;
}

/*
 * The device has taken n bytes, all of ub; sc_lock held.  To many adapters
 * the speed is only a number, there is no line behind them.  One that has
 * taken more than a chip can hold, always in less than a quarter of the time
 * that the line would need, is given twice as much at once the next time,
 * until it is slow.
 */
static void
ucom_pace(struct ucom_softc *sc, const struct ucom_buffer *ub, uint32_t n)
{
	const u_int now = getticks();
	/* Since it was its turn. */
	const u_int took = MIN(now - ub->ub_start, now - sc->sc_odone);

	sc->sc_odone = now;
	if ((uint64_t)took * 4 * sc->sc_ocps >= (uint64_t)n * 1000)
		ucom_pace_reset(sc);
	else if (sc->sc_ofast < UCOM_OUT_CHIP)
		sc->sc_ofast += n;
	else
		sc->sc_olimit = MIN(sc->sc_obufsize, sc->sc_olimit * 2);
}

/*
 * Submit a write; sc_lock held.  False: it cannot be now, and has to wait
 * for ucom_recover like one that failed later.
 */
static bool
ucom_submit_write(struct ucom_softc *sc, struct ucom_buffer *ub)
{
	usbd_status err;

	KASSERT(mutex_owned(&sc->sc_lock));
	usbd_setup_xfer(ub->ub_xfer, ub, ub->ub_data, ub->ub_len, 0,
	    USBD_NO_TIMEOUT, ucomwritecb);
	sc->sc_oinflight++;
	ub->ub_start = getticks();
	err = usbd_transfer(ub->ub_xfer);
	if (err == USBD_IN_PROGRESS)
		return true;
	sc->sc_oinflight--;
	ub->ub_errs++;
	ucom_recover_later(sc, ub->ub_errs);
	return false;
}

/*
 * Copy the first contiguous bytes of the tty's output into ub; both locks
 * held.  False: there are none.
 */
static bool
ucom_fill(struct ucom_softc *sc, struct tty *tp, struct ucom_buffer *ub)
{
	uint32_t n;

	n = (uint32_t)MIN((u_int)ndqb(&tp->t_outq, 0), sc->sc_olimit);
	if (n == 0)
		return false;
	ub->ub_len = ub->ub_unsent = n;
	if (sc->sc_methods->ucom_write != NULL)
		sc->sc_methods->ucom_write(sc->sc_parent, sc->sc_portno,
		    ub->ub_buf, tp->t_outq.c_cf, &ub->ub_len);
	else
		memcpy(ub->ub_buf, tp->t_outq.c_cf, n);
	ub->ub_data = ub->ub_buf;
	ub->ub_errs = 0;
	ndflush(&tp->t_outq, (int)n);
	return true;
}

/*
 * ucomstart(tp)
 *
 *	t_oproc: send what is in t_outq, as far as there are free buffers.
 *	The tty lock is held.  Nothing new is sent before what failed.
 */
void
ucomstart(struct tty *tp)
{
	struct ucom_softc *sc = tp->t_softc;
	struct ucom_buffer *ub;

	KASSERT(ttylocked(tp));
	if (ISSET(tp->t_state, TS_TIMEOUT | TS_TTSTOP))
		return;
	mutex_enter(&sc->sc_lock);
	while (sc->sc_running && !sc->sc_oflush &&
	    SIMPLEQ_EMPTY(&sc->sc_obuff_retry) &&
	    (ub = SIMPLEQ_FIRST(&sc->sc_obuff_free)) != NULL &&
	    ucom_fill(sc, tp, ub)) {
		SIMPLEQ_REMOVE_HEAD(&sc->sc_obuff_free, ub_link);
		if (!ucom_submit_write(sc, ub))
			SIMPLEQ_INSERT_TAIL(&sc->sc_obuff_retry, ub, ub_link);
	}
	ucom_set_busy(sc, tp);
	mutex_exit(&sc->sc_lock);
	/* There is room in the queue now: wake writers. */
	(void)ttypull(tp);
}

/*
 * n = ucom_outq(sc)
 *
 *	Bytes of output that the device has not taken: those in t_outq and
 *	those in transfers.  0 if and only if TS_BUSY is off and the queue
 *	empty, which is what a drain waits for.  No lock held; does not sleep.
 *
 *	TIOCOUTQ			ucomstart
 *	in transfers: nothing
 *					the queue goes into a transfer
 *	in the queue: nothing
 *
 * and it would say 0 of output that has not even begun; so both locks are
 * held for both.
 */
int
ucom_outq(struct ucom_softc *sc)
{
	struct tty *tp = sc->sc_tty;
	int i, n;

	ttylock(tp);
	mutex_enter(&sc->sc_lock);
	n = tp->t_outq.c_cc;
	for (i = 0; i < UCOM_OUT_BUFFS; i++)
		n += (int)sc->sc_obuff[i].ub_unsent;
	mutex_exit(&sc->sc_lock);
	ttyunlock(tp);
	return n;
}

/*
 * ucom_out_recall(sc)
 *
 *	Take back what the device has been handed and has not taken: a client
 *	flushes, and has the control token.  No lock held; what is written
 *	meanwhile is sent afterwards.  Sleeps until the transfers have come
 *	back, in bounded time.
 *
 *	A						B
 *	sc_oflush
 *							write: stays in t_outq
 *	usbd_abort_pipe: all come back, and are lost
 *	sc_oflush is over; starts output
 */
void
ucom_out_recall(struct ucom_softc *sc)
{
	struct tty *tp = sc->sc_tty;
	struct ucom_buffer *ub;
	bool flying;

	mutex_enter(&sc->sc_lock);
	sc->sc_oflush = true;
	while ((ub = SIMPLEQ_FIRST(&sc->sc_obuff_retry)) != NULL) {
		SIMPLEQ_REMOVE_HEAD(&sc->sc_obuff_retry, ub_link);
		ucom_obuff_done(sc, ub);
	}
	flying = sc->sc_oinflight != 0;
	mutex_exit(&sc->sc_lock);
	if (flying)
		usbd_abort_pipe(sc->sc_bulkout_pipe);
	ttylock(tp);
	mutex_enter(&sc->sc_lock);
	sc->sc_oflush = false;
	ucom_set_busy(sc, tp);
	mutex_exit(&sc->sc_lock);
	(void)ttypull(tp);
	(void)(*tp->t_linesw->l_start)(tp);
	ttyunlock(tp);
}

/* TS_BUSY says that output is on its way; both locks held. */
static void
ucom_set_busy(struct ucom_softc *sc, struct tty *tp)
{

	if (sc->sc_oinflight != 0 || !SIMPLEQ_EMPTY(&sc->sc_obuff_retry))
		SET(tp->t_state, TS_BUSY);
	else
		CLR(tp->t_state, TS_BUSY | TS_FLUSH);
}

/*
 * What becomes of a write that failed; sc_lock held.
 */
static void
ucom_write_failed(struct ucom_softc *sc, struct ucom_buffer *ub,
    usbd_status status)
{

	if (status == USBD_STALLED)
		sc->sc_ostalled = true;
	if (sc->sc_parking) {
		SIMPLEQ_INSERT_TAIL(&sc->sc_obuff_retry, ub, ub_link);
	} else if (!sc->sc_running || sc->sc_dying || sc->sc_oflush) {
		ucom_obuff_done(sc, ub);
	} else if (++ub->ub_errs < UCOM_MAXERRS) {
		SIMPLEQ_INSERT_TAIL(&sc->sc_obuff_retry, ub, ub_link);
	} else {
		device_printf(sc->sc_dev, "%u bytes of output lost: %s\n",
		    ub->ub_len, usbd_errstr(status));
		ucom_obuff_done(sc, ub);
	}
}

/*
 * All writes have come back, and some of them failed: try those again in a
 * while; sc_lock held.  A stall is not cleared before, or the writes behind
 * it would overtake the one that it stopped.
 */
static void
ucom_write_recover(struct ucom_softc *sc)
{
	struct ucom_buffer *ub = SIMPLEQ_FIRST(&sc->sc_obuff_retry);

	KASSERT(sc->sc_oinflight == 0);
	if (!sc->sc_running || sc->sc_dying)
		return;
	if (sc->sc_ostalled) {
		sc->sc_ostalled = false;
		usbd_clear_endpoint_stall_async(sc->sc_bulkout_pipe);
	}
	if (ub != NULL)
		ucom_recover_later(sc, ub->ub_errs);
}

static void
ucomwritecb(struct usbd_xfer *xfer, void *priv, usbd_status status)
{
	struct ucom_buffer *ub = priv;
	struct ucom_softc *sc = ub->ub_sc;
	struct tty *tp = sc->sc_tty;
	uint32_t done;
	u_int pace;

	usbd_get_xfer_status(xfer, NULL, NULL, &done, NULL);
	ttylock(tp);
	mutex_enter(&sc->sc_lock);
	KASSERT(sc->sc_oinflight > 0);
	sc->sc_oinflight--;
	done = MIN(done, ub->ub_len);
	ub->ub_data += done;
	ub->ub_len -= done;
	/* There may be a header; but what is left has no more than that. */
	ub->ub_unsent = MIN(ub->ub_unsent, ub->ub_len);
	if (done != 0 && ucom_txstopped(sc))
		sc->sc_oheld = true;
	if (ub->ub_len == 0) {
		ucom_pace(sc, ub, done);
		ucom_obuff_done(sc, ub);
	} else
		ucom_write_failed(sc, ub, status);
	if (sc->sc_oinflight == 0)
		ucom_write_recover(sc);
	ucom_set_busy(sc, tp);
	pace = sc->sc_olimit * UCOM_OUT_BUFFS;
	mutex_exit(&sc->sc_lock);
	ttypace(tp, pace);
	/* Wake those who wait for an idle line, even a stopped one. */
	(void)ttypull(tp);
	(void)(*tp->t_linesw->l_start)(tp);
	ttyunlock(tp);
}

/* ---- recovery ------------------------------------------------------- */

/*
 * The callout: reads again, and writes when all of them have come back, so
 * that they keep their order.
 */
static void
ucom_recover(void *arg)
{
	struct ucom_softc *sc = arg;
	struct ucom_buffer *ub;

	mutex_enter(&sc->sc_lock);
	ucom_submit_reads(sc);
	if (sc->sc_oinflight == 0) {
		while (sc->sc_running && !sc->sc_dying && !sc->sc_parking &&
		    (ub = SIMPLEQ_FIRST(&sc->sc_obuff_retry)) != NULL &&
		    ucom_submit_write(sc, ub))
			SIMPLEQ_REMOVE_HEAD(&sc->sc_obuff_retry, ub_link);
	}
	mutex_exit(&sc->sc_lock);
}
