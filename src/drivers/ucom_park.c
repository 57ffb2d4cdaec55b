/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ucom_park.c - ucom(4): an open line goes on in another process.
 *
 * Model
 *	this process (ucom_park)		the next one
 *	no client is or comes in
 *	output: none new
 *	  (ucom_parking)
 *	state OPENING (ucom_park)
 *	waits for what the device has
 *	  got, and takes the rest back
 *	input: reads are taken back,
 *	  with what they have
 *	says all that (usbd_park_put)
 *	state OPEN; ends
 *						attach (ucom_park_get): keeps it
 *						for the first open
 *						that says FAGAIN:
 *						muted, as any open (ucom_park_up)
 *						what was in transfers;
 *						reads are submitted, and
 *						the tty (ucom_park_go)
 *
 *	The chip has its settings and goes on by itself: what comes meanwhile it
 *	keeps as far as its own buffer goes.  So its driver's open, which would
 *	throw that away, and all its other requests are not sent (usbd_mute);
 *	the driver knows afterwards what it has asked for.
 *
 *	An open without FAGAIN finds nothing of it.  It is of the same plugging
 *	of the same adapter, and of a daemon with the same idea of it
 *	(UCOM_PARKED); else, and if it makes no sense, files are dead as after a
 *	crash.
 *
 *	What is parked belongs to nobody else, whatever happens meanwhile:
 *
 *	a revoke	one that has begun before: EBUSY.  Its d_close waits for the
 *			end of OPENING, and its d_cancel ends the wait for output.
 *			The file is dead then, and so is not the next one's.
 *	an unplug	its detach waits (config_park), and transfers fail: it ends
 *			soon, and the next one finds no adapter.
 *	a write		ends after ucom_parking: nobody submits it (ucomstart,
 *			ucom_recover), it stays in the tty.
 *	a write that is taken back: the last first (usbd_pipe_cancel), so what
 *			is kept comes after all that has gone, in its order.
 *	a read that ends: on sc_ibuff_full, in its order, as ever; one that
 *			is taken back has what came before (ucomreadcb).
 *
 * Known gap: how much of a write has gone when it is taken back is what the
 * host controller says, and one that is never given back (USBD_GRACE) is sent
 * once more.
 *
 * Locks: the tty's -> sc_lock; see ucom.c.
 */
#include <sys/param.h>
#include <sys/atomic.h>
#include <sys/kernel.h>
#include <sys/kmem.h>
#include <sys/proc.h>
#include <sys/systm.h>

#include "drivers/ucom_impl.h"

#define	UCOM_PARKED	UINT32_C(0x75637031)	/* another struct: another one */
#define	UCOM_PARKED_BREAK	0x100	/* in uk_mcr: sc_break */
#define	UCOM_PARK_MS	1000		/* output that does not move */
#define	UCOM_PARK_MAX	(1024 * 1024)

struct ucom_piece_parked {
	uint32_t		up_len;
	uint32_t		up_unsent;	/* output */
	u_char			up_after;	/* input */
	u_char			up_lsr;		/* input: as many behind it */
	u_char			up_pad[2];
};

struct ucom_parked {
	uint32_t		uk_magic;
	uint32_t		uk_len;		/* with what is behind it */
	uint64_t		uk_plugging;	/* usbd_plugging */
	uint32_t		uk_kind, uk_mcr, uk_msr, uk_event;
	uint32_t		uk_nin, uk_nout;
	struct ucom_piece_parked uk_in[UCOM_IN_MAX];
	struct ucom_piece_parked uk_out[UCOM_OUT_BUFFS];
	struct tty_parked	uk_tty;
	/* The tty's characters; input; output. */
};

/* ---- this process --------------------------------------------------- */

/* Bytes that the device has been handed; sc_lock held. */
static u_int
ucom_park_unsent(const struct ucom_softc *sc)
{
	u_int i, n = 0;

	for (i = 0; i < UCOM_OUT_BUFFS; i++)
		n += sc->sc_obuff[i].ub_unsent;
	return n;
}

/* Is there output that may soon be sent?  Not of one that is gone, or revoked. */
static bool
ucom_park_sends(const struct ucom_softc *sc)
{

	return sc->sc_oinflight != 0 && !sc->sc_dying && sc->sc_closing == 0 &&
	    (!sc->sc_octs || ISSET(sc->sc_msr, UMSR_CTS));
}

/*
 * Until the device has taken all that is in transfers, or takes nothing.  That
 * of all lines goes on at the same time.
 */
static void
ucom_park_drain(struct ucom_softc *sc)
{
	u_int now, last = UINT_MAX, since = sc->sc_parkbegan;

	for (;;) {
		mutex_enter(&sc->sc_lock);
		now = ucom_park_sends(sc) ? ucom_park_unsent(sc) : 0;
		mutex_exit(&sc->sc_lock);
		if (now == 0)
			return;
		if (last != UINT_MAX && now != last)
			since = getticks();
		else if (getticks() - since > UCOM_PARK_MS)
			return;
		last = now;
		(void)kpause("ucompark", false, mstohz(2), NULL);
	}
}

/*
 * Output first, so that input flows as long as it can:
 *
 *	ucom_park_stop				softclock
 *	usbd_abort_pipe: comes back,
 *	  on sc_obuff_retry
 *						ucom_recover: sc_parking, so
 *						  not sent again
 *	sc_running is over
 */
static void
ucom_park_stop(struct ucom_softc *sc)
{

	usbd_abort_pipe(sc->sc_bulkout_pipe);
	mutex_enter(&sc->sc_lock);
	sc->sc_running = false;
	mutex_exit(&sc->sc_lock);
	callout_halt(&sc->sc_recover, NULL);
	usbd_abort_pipe(sc->sc_bulkin_pipe);
	mutex_enter(&sc->sc_lock);
	while (sc->sc_rx_feeding)
		cv_wait(&sc->sc_statecv, &sc->sc_lock);
	mutex_exit(&sc->sc_lock);
}

/* What uk says of the transfers' buffers; how many bytes that is. */
static size_t
ucom_park_count(const struct ucom_softc *sc, struct ucom_parked *uk)
{
	const struct ucom_buffer *ub;
	struct ucom_piece_parked *up;
	size_t n = 0;

	SIMPLEQ_FOREACH(ub, &sc->sc_ibuff_full, ub_link) {
		up = &uk->uk_in[uk->uk_nin++];
		up->up_len = ub->ub_len;
		up->up_after = ub->ub_after;
		up->up_lsr = ub->ub_lsrp != NULL;
		n += ub->ub_len * (up->up_lsr ? 2 : 1);
	}
	SIMPLEQ_FOREACH(ub, &sc->sc_obuff_retry, ub_link) {
		up = &uk->uk_out[uk->uk_nout++];
		up->up_len = ub->ub_len;
		up->up_unsent = ub->ub_unsent;
		n += ub->ub_len;
	}
	return n;
}

static void
ucom_park_copy(const struct ucom_softc *sc, u_char *to)
{
	const struct ucom_buffer *ub;

	SIMPLEQ_FOREACH(ub, &sc->sc_ibuff_full, ub_link) {
		memcpy(to, ub->ub_data, ub->ub_len);
		to += ub->ub_len;
		if (ub->ub_lsrp != NULL) {
			memcpy(to, ub->ub_lsrp, ub->ub_len);
			to += ub->ub_len;
		}
	}
	SIMPLEQ_FOREACH(ub, &sc->sc_obuff_retry, ub_link) {
		memcpy(to, ub->ub_data, ub->ub_len);
		to += ub->ub_len;
	}
}

/*
 * error = ucom_parking(sc)
 *
 *	DVACT_PARKING, of config_park: no more output is begun.  EBUSY: it is not
 *	open, or not for long.  Does not sleep.
 */
int
ucom_parking(struct ucom_softc *sc)
{
	bool open;

	mutex_enter(&sc->sc_lock);
	open = sc->sc_tty != NULL && sc->sc_state == UCOM_OPEN &&
	    sc->sc_open != 0 && sc->sc_closing == 0 && !sc->sc_dying;
	if (open) {
		sc->sc_oflush = true;
		atomic_store_relaxed(&sc->sc_parking, true);
		sc->sc_parkbegan = getticks();
	}
	mutex_exit(&sc->sc_lock);
	return open ? 0 : EBUSY;
}

/* Say what there is; state OPENING, nothing runs. */
static int
ucom_park_put(struct ucom_softc *sc)
{
	struct tty *tp = sc->sc_tty;
	struct ucom_parked head, *uk;
	size_t chars, len;
	int error;

	memset(&head, 0, sizeof(head));
	head.uk_magic = UCOM_PARKED;
	head.uk_plugging = usbd_plugging(sc->sc_udev);
	ttylock(tp);
	mutex_enter(&sc->sc_lock);
	head.uk_kind = sc->sc_open;
	head.uk_mcr = sc->sc_mcr | (sc->sc_break ? UCOM_PARKED_BREAK : 0);
	head.uk_msr = sc->sc_msr;
	head.uk_event = sc->sc_rx_event;
	len = ucom_park_count(sc, &head);
	chars = ttypark_size(tp) * sizeof(uint16_t);
	len += sizeof(head) + chars;
	head.uk_len = (uint32_t)len;
	uk = kmem_alloc(len, KM_NOSLEEP);
	if (uk != NULL) {
		ttypark(tp, &head.uk_tty, (uint16_t *)(void *)(uk + 1));
		*uk = head;
		ucom_park_copy(sc, (u_char *)(uk + 1) + chars);
	}
	mutex_exit(&sc->sc_lock);
	ttyunlock(tp);
	if (uk == NULL)
		return ENOMEM;
	error = usbd_park_put(device_xname(sc->sc_dev), uk, len);
	kmem_free(uk, len);
	return error;
}

/*
 * error = ucom_park(sc)
 *
 *	DVACT_PARK, of config_park, after ucom_parking.  EBUSY: it is not open,
 *	or being closed.  Sleeps, in bounded time.
 */
int
ucom_park(struct ucom_softc *sc)
{
	bool mine;
	int error;

	mutex_enter(&sc->sc_lock);
	mine = sc->sc_parking && sc->sc_state == UCOM_OPEN &&
	    sc->sc_open != 0 && sc->sc_closing == 0 && !sc->sc_dying;
	if (mine)
		sc->sc_state = UCOM_OPENING;
	mutex_exit(&sc->sc_lock);
	if (!mine)
		return EBUSY;
	ucom_park_drain(sc);
	ucom_park_stop(sc);
	error = ucom_park_put(sc);
	mutex_enter(&sc->sc_lock);
	sc->sc_state = UCOM_OPEN;
	cv_broadcast(&sc->sc_statecv);
	mutex_exit(&sc->sc_lock);
	return error;
}

/* ---- the next one --------------------------------------------------- */

/* Does it fit this adapter, and itself? */
static bool
ucom_park_ok(const struct ucom_softc *sc, const struct ucom_parked *uk,
    size_t len)
{
	uint64_t n = sizeof(*uk);
	uint32_t i;

	if (uk->uk_magic != UCOM_PARKED || uk->uk_len != len ||
	    uk->uk_plugging != usbd_plugging(sc->sc_udev) ||
	    (uk->uk_kind != UCOM_DIALIN && uk->uk_kind != UCOM_DIALOUT) ||
	    uk->uk_nin > sc->sc_nibuff || uk->uk_nout > UCOM_OUT_BUFFS ||
	    !ttypark_ok(&uk->uk_tty))
		return false;
	n += ((uint64_t)uk->uk_tty.tk_raw + uk->uk_tty.tk_can +
	    uk->uk_tty.tk_out) * sizeof(uint16_t);
	for (i = 0; i < uk->uk_nin; i++) {
		if (uk->uk_in[i].up_len > sc->sc_ibufsize ||
		    uk->uk_in[i].up_lsr > 1 || (uk->uk_in[i].up_lsr != 0 &&
		    sc->sc_methods->ucom_read_lsr == NULL))
			return false;
		n += (uint64_t)uk->uk_in[i].up_len << uk->uk_in[i].up_lsr;
	}
	for (i = 0; i < uk->uk_nout; i++) {
		if (uk->uk_out[i].up_len == 0 ||
		    uk->uk_out[i].up_len > sc->sc_obufsize +
		    sc->sc_opkthdrlen ||
		    uk->uk_out[i].up_unsent > uk->uk_out[i].up_len)
			return false;
		n += uk->uk_out[i].up_len;
	}
	return n == len;
}

/*
 * ucom_park_get(sc)
 *
 *	In attach: keep what the process before this one has said, if it makes
 *	sense.
 */
void
ucom_park_get(struct ucom_softc *sc)
{
	const size_t len = usbd_park_get(device_xname(sc->sc_dev), NULL, 0);
	struct ucom_parked *uk;

	if (len < sizeof(*uk) || len > UCOM_PARK_MAX)
		return;
	uk = kmem_alloc(len, KM_SLEEP);
	if (usbd_park_get(device_xname(sc->sc_dev), uk, len) == len &&
	    ucom_park_ok(sc, uk, len)) {
		sc->sc_parked = uk;
		sc->sc_parkedlen = len;
	} else {
		device_printf(sc->sc_dev, "what was open does not go on: it is "
		    "of another adapter, or of another version\n");
		kmem_free(uk, len);
	}
}

void
ucom_park_drop(struct ucom_softc *sc)
{

	if (sc->sc_parked != NULL)
		kmem_free(sc->sc_parked, sc->sc_parkedlen);
	sc->sc_parked = NULL;
}

/* Input that the tty had no room for, and output that the device had. */
static void
ucom_park_buffers(struct ucom_softc *sc, const u_char *from)
{
	const struct ucom_parked *const uk = sc->sc_parked;
	const struct ucom_piece_parked *up;
	struct ucom_buffer *ub;
	u_int i;

	for (i = 0; i < sc->sc_nibuff; i++) {
		ub = &sc->sc_ibuff[i];
		up = &uk->uk_in[i];
		if (i >= uk->uk_nin || (up->up_len == 0 && up->up_after == 0)) {
			SIMPLEQ_INSERT_TAIL(&sc->sc_ibuff_idle, ub, ub_link);
			continue;
		}
		ub->ub_data = ub->ub_buf;
		ub->ub_len = up->up_len;
		ub->ub_after = up->up_after;
		ub->ub_lsrp = up->up_lsr ? ub->ub_lsr : NULL;
		memcpy(ub->ub_buf, from, up->up_len);
		from += up->up_len;
		if (up->up_lsr) {
			memcpy(ub->ub_lsr, from, up->up_len);
			from += up->up_len;
		}
		SIMPLEQ_INSERT_TAIL(&sc->sc_ibuff_full, ub, ub_link);
	}
	for (i = 0; i < uk->uk_nout; i++) {
		ub = SIMPLEQ_FIRST(&sc->sc_obuff_free);
		SIMPLEQ_REMOVE_HEAD(&sc->sc_obuff_free, ub_link);
		ub->ub_data = ub->ub_buf;
		ub->ub_len = uk->uk_out[i].up_len;
		ub->ub_unsent = uk->uk_out[i].up_unsent;
		ub->ub_errs = 0;
		memcpy(ub->ub_buf, from, ub->ub_len);
		from += ub->ub_len;
		SIMPLEQ_INSERT_TAIL(&sc->sc_obuff_retry, ub, ub_link);
	}
}

/* ucom_io_start, with what was in transfers. */
static void
ucom_park_start(struct ucom_softc *sc)
{
	const struct ucom_parked *const uk = sc->sc_parked;
	const struct tty_parked *const tk = &uk->uk_tty;

	mutex_enter(&sc->sc_lock);
	KASSERT(!sc->sc_running && !sc->sc_rx_feeding);
	sc->sc_rx_stopped = false;
	sc->sc_rx_errs = 0;
	sc->sc_ostalled = false;
	sc->sc_rx_event = (u_char)uk->uk_event & ULSR_ERRORS;
	ucom_park_buffers(sc, (const u_char *)(uk + 1) + ((size_t)tk->tk_raw +
	    tk->tk_can + tk->tk_out) * sizeof(uint16_t));
	sc->sc_rx_feeding = true;
	sc->sc_running = true;
	ucom_submit_reads(sc);
	if (!SIMPLEQ_EMPTY(&sc->sc_obuff_retry))
		ucom_recover_later(sc, 0);
	mutex_exit(&sc->sc_lock);
}

/*
 * error = ucom_park_up(sc, kind)
 *
 *	ucom_up of a line that was open.  State OPENING, no lock held.  Sleeps.
 *	EIO.  Transfers flow, but the tty is given nothing before ucom_park_go,
 *	which is the caller's to call then, whatever becomes of its open:
 *
 *	open				event thread
 *	transfers flow
 *					input: not connected, not open: away
 *	sc_open
 *
 *	is what sc_rx_feeding prevents.
 */
int
ucom_park_up(struct ucom_softc *sc, u_int kind)
{
	const struct ucom_parked *const uk = sc->sc_parked;
	const struct termios *const t = &uk->uk_tty.tk_termios;
	struct tty *tp = sc->sc_tty;
	int error, rate;

	if (uk->uk_kind != kind)
		return EIO;
	usbd_mute(sc->sc_udev, true);
	error = ucom_parent_open(sc);
	if (error == 0) {
		ttylock(tp);
		tp->t_termios = *t;
		ttyunlock(tp);
		ucom_ctl_enter_own(sc);
		(void)ucom_param_ask(sc, t, &rate);
		(void)ucom_mcr(sc, UMCR_DTR | UMCR_RTS, uk->uk_mcr);
		if (ISSET(uk->uk_mcr, UCOM_PARKED_BREAK))
			(void)ucom_break_send(sc, 1);
		ucom_ctl_exit(sc);
		ucom_param_set(sc, t, uk->uk_tty.tk_rate);
	}
	usbd_mute(sc->sc_udev, false);
	if (error)
		return error;
	if (sc->sc_methods->ucom_again != NULL)
		sc->sc_methods->ucom_again(sc->sc_parent, sc->sc_portno,
		    (u_char)uk->uk_msr);
	ucom_ask_status(sc, true);
	ucom_park_start(sc);
	return 0;
}

/*
 * ucom_park_go(sc, open)
 *
 *	After ucom_park_up.  The line is open: the tty is as it was, and input
 *	goes on.  Or it is not, and nobody else gets what has come.  By the
 *	open, no lock held.
 */
void
ucom_park_go(struct ucom_softc *sc, bool open)
{
	const struct ucom_parked *const uk = sc->sc_parked;
	struct tty *tp = sc->sc_tty;

	if (!open) {
		ucom_park_drop(sc);
		ucom_in_drop(sc);
		return;
	}
	if (ttyunpark(tp, &uk->uk_tty,
	    (const uint16_t *)(const void *)(uk + 1)) != 0)
		device_printf(sc->sc_dev, "not all that was queued goes on\n");
	mutex_enter(&sc->sc_lock);
	sc->sc_rx_feeding = false;
	cv_broadcast(&sc->sc_statecv);
	ucom_feed_later(sc);
	mutex_exit(&sc->sc_lock);
	ttylock(tp);
	ucomstart(tp);
	ttyunlock(tp);
	ucom_park_drop(sc);
}
