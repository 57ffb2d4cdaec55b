/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ucom_rx.c - ucom(4): input, from the device's reads to the tty.
 *
 * A buffer is in flight; in sc_ibuff_full, waiting for room in the tty; or in
 * sc_ibuff_idle, to be submitted (again).
 *
 * What the line did stands beside the bytes of a buffer (ub_lsr), and what
 * belongs to none of them behind its last (ub_after), or, if nothing waits for
 * the tty, in sc_rx_event.  All three are given to it with the bytes, in their
 * order, and wait with them.
 *
 * Where reads are small, the bytes of several go to the tty as one piece
 * (sc_rx_gather).
 *
 * Locks: the tty's -> sc_lock; see ucom.c.
 */
#include <sys/param.h>
#include <sys/atomic.h>
#include <sys/devtrace.h>
#include <sys/fcntl.h>
#include <sys/intr.h>
#include <sys/kernel.h>
#include <sys/kmem.h>
#include <sys/systm.h>

#include "drivers/ucom_impl.h"

#define	UCOM_RECOVER_MIN_MS	10
#define	UCOM_RECOVER_MAX_MS	1000
#define	UCOM_GATHER		1024	/* bytes given to the tty as one */

CTASSERT(ULSR_OE == TTYLSR_OE && ULSR_PE == TTYLSR_PE &&
    ULSR_FE == TTYLSR_FE && ULSR_BI == TTYLSR_BI && ULSR_SAME == TTYLSR_SAME);

static void	ucomreadcb(struct usbd_xfer *, void *, usbd_status);
static void	ucom_feed(struct ucom_softc *);

/*
 * ucom_create_lsr(sc), ucom_destroy_lsr(sc)
 *
 *	Room beside each byte of input for what the line did, if the chip
 *	tells; and to put small reads together.  Sleep for memory.
 */
void
ucom_create_lsr(struct ucom_softc *sc)
{
	u_int i;

	if (sc->sc_ibufsize <= UCOM_GATHER / 2)
		sc->sc_rx_gather = kmem_alloc(UCOM_GATHER, KM_SLEEP);
	if (sc->sc_methods->ucom_read_lsr == NULL)
		return;
	for (i = 0; i < sc->sc_nibuff; i++)
		sc->sc_ibuff[i].ub_lsr = kmem_zalloc(sc->sc_ibufsize + 1,
		    KM_SLEEP);
}

void
ucom_destroy_lsr(struct ucom_softc *sc)
{
	u_int i;

	for (i = 0; i < sc->sc_nibuff; i++) {
		if (sc->sc_ibuff[i].ub_lsr != NULL)
			kmem_free(sc->sc_ibuff[i].ub_lsr, sc->sc_ibufsize + 1);
		sc->sc_ibuff[i].ub_lsr = NULL;
	}
	if (sc->sc_rx_gather != NULL)
		kmem_free(sc->sc_rx_gather, UCOM_GATHER);
	sc->sc_rx_gather = NULL;
}

/*
 * ucom_recover_later(sc, errs)
 *
 *	Try again what failed, after a pause that doubles with every failure
 *	in a row (ucom_recover); sc_lock held.  Does not sleep.
 */
void
ucom_recover_later(struct ucom_softc *sc, u_int errs)
{
	int ms = UCOM_RECOVER_MIN_MS << MIN(errs, 16U);

	KASSERT(mutex_owned(&sc->sc_lock));
	if (sc->sc_running && !sc->sc_dying &&
	    !callout_pending(&sc->sc_recover))
		callout_schedule(&sc->sc_recover,
		    mstohz(MIN(ms, UCOM_RECOVER_MAX_MS)));
}

/*
 * ucom_feed_later(sc)
 *
 *	Let the soft interrupt give the tty what is left of the input;
 *	sc_lock held.  Not from here: feeding takes the tty lock.
 */
void
ucom_feed_later(struct ucom_softc *sc)
{

	KASSERT(mutex_owned(&sc->sc_lock));
	if (!SIMPLEQ_EMPTY(&sc->sc_ibuff_full) || sc->sc_rx_event != 0)
		softint_schedule(sc->sc_si);
}

/*
 * ucomhwiflow(tp, block)
 *
 *	t_hwiflow, tty lock held: the tty is full, or has room again.  The
 *	device is stopped by reads that are not submitted.
 */
int
ucomhwiflow(struct tty *tp, int block)
{
	struct ucom_softc *sc = tp->t_softc;

	KASSERT(ttylocked(tp));
	mutex_enter(&sc->sc_lock);
	sc->sc_rx_stopped = block != 0;
	if (!block)
		ucom_feed_later(sc);
	mutex_exit(&sc->sc_lock);
	return 1;
}

void
ucom_softintr(void *arg)
{

	ucom_feed(arg);
}

/*
 * ucom_submit_reads(sc)
 *
 *	Submit all reads that are idle; sc_lock held.  Does not sleep.
 */
void
ucom_submit_reads(struct ucom_softc *sc)
{
	struct ucom_buffer *ub;
	usbd_status err;

	KASSERT(mutex_owned(&sc->sc_lock));
	while (sc->sc_running && !sc->sc_dying &&
	    (ub = SIMPLEQ_FIRST(&sc->sc_ibuff_idle)) != NULL) {
		usbd_setup_xfer(ub->ub_xfer, ub, ub->ub_buf, sc->sc_ibufsize,
		    USBD_SHORT_XFER_OK, USBD_NO_TIMEOUT, ucomreadcb);
		err = usbd_transfer(ub->ub_xfer);
		if (err != USBD_IN_PROGRESS) {
			ucom_recover_later(sc, ++sc->sc_rx_errs);
			return;
		}
		SIMPLEQ_REMOVE_HEAD(&sc->sc_ibuff_idle, ub_link);
	}
}

/* A piece of input: bytes, or an event between them. */
struct ucom_piece {
	const u_char	*up_data;
	const u_char	*up_lsr;	/* or NULL */
	uint32_t	 up_len;
	u_char		 up_event;	/* up_lsr may point to it */
};

/*
 * Something belongs to no byte: the tty takes it as one that is none.
 */
static void
ucom_piece_event(struct ucom_piece *up, u_char lsr)
{
	static const u_char nothing = 0;

	up->up_event = lsr | TTYLSR_NOBYTE;
	up->up_data = &nothing;
	up->up_lsr = &up->up_event;
	up->up_len = 1;
}

/*
 * The bytes of the first buffers, as many as fit, as one piece; sc_lock held.
 * It ends at an event, and before a buffer with errors in it.
 */
static void
ucom_piece_gather(struct ucom_softc *sc, struct ucom_piece *up)
{
	const struct ucom_buffer *ub;

	up->up_data = sc->sc_rx_gather;
	up->up_lsr = NULL;
	up->up_len = 0;
	SIMPLEQ_FOREACH(ub, &sc->sc_ibuff_full, ub_link) {
		if (ub->ub_lsrp != NULL ||
		    ub->ub_len > UCOM_GATHER - up->up_len)
			break;
		memcpy(sc->sc_rx_gather + up->up_len, ub->ub_data, ub->ub_len);
		up->up_len += ub->ub_len;
		if (ub->ub_after != 0)
			break;
	}
}

/* The next piece; sc_lock held.  False: there is none. */
static bool
ucom_piece_get(struct ucom_softc *sc, struct ucom_piece *up)
{
	struct ucom_buffer *const ub = SIMPLEQ_FIRST(&sc->sc_ibuff_full);

	up->up_event = 0;
	if (sc->sc_rx_event != 0)
		ucom_piece_event(up, sc->sc_rx_event);
	else if (ub == NULL)
		return false;
	else if (ub->ub_len == 0)
		ucom_piece_event(up, ub->ub_after);
	else if (sc->sc_rx_gather != NULL && ub->ub_lsrp == NULL &&
	    SIMPLEQ_NEXT(ub, ub_link) != NULL)
		ucom_piece_gather(sc, up);
	else {
		up->up_data = ub->ub_data;
		up->up_lsr = ub->ub_lsrp;
		up->up_len = ub->ub_len;
	}
	return true;
}

/*
 * The tty has taken n bytes of the first buffers; sc_lock held.  Those that
 * have nothing left are idle.
 */
static void
ucom_buffers_done(struct ucom_softc *sc, size_t n)
{
	struct ucom_buffer *ub;
	size_t some;

	while ((ub = SIMPLEQ_FIRST(&sc->sc_ibuff_full)) != NULL) {
		some = MIN(n, ub->ub_len);
		ub->ub_data += some;
		ub->ub_len -= (uint32_t)some;
		if (ub->ub_lsrp != NULL)
			ub->ub_lsrp += some;
		n -= some;
		if (ub->ub_len != 0 || ub->ub_after != 0)
			break;
		SIMPLEQ_REMOVE_HEAD(&sc->sc_ibuff_full, ub_link);
		SIMPLEQ_INSERT_TAIL(&sc->sc_ibuff_idle, ub, ub_link);
	}
	KASSERTMSG(n == 0, "%zu bytes too many", n);
}

/*
 * The tty has taken n of it; sc_lock held.  A buffer that has nothing left is
 * submitted again.
 */
static void
ucom_piece_done(struct ucom_softc *sc, const struct ucom_piece *up, size_t n)
{
	const u_char event = n != 0 ? up->up_event : 0;

	if (up->up_event != 0 && sc->sc_rx_event != 0) {
		CLR(sc->sc_rx_event, event);
		return;
	}
	if (up->up_event != 0) {
		CLR(SIMPLEQ_FIRST(&sc->sc_ibuff_full)->ub_after, event);
		n = 0;
	}
	ucom_buffers_done(sc, n);
	if (sc->sc_rx_errs == 0)
		ucom_submit_reads(sc);
}

/*
 * ucom_feed(sc)
 *
 *	Give the tty what was received, in order, as far as it takes it, and
 *	submit the reads whose buffers are empty.  No lock held; the event
 *	thread and the soft interrupt.
 *
 *	event thread			soft interrupt
 *	buffer 1 to the tty
 *					room again: buffer 2 to the tty
 *
 * is what sc_rx_feeding prevents; who finds it set has nothing to do, as
 * the other one looks at the queue once more before it clears it.
 *
 * On a line that is connected and that nobody has open yet, input stays where
 * it is: an open is on its way, and what has come with the carrier that it
 * waited for is its own.  It goes on when that open has succeeded, and ends
 * with the hardware if that has failed (ucom_io_stop).  If the carrier goes
 * first, the tty, which is not open, throws it away; so all that tell the tty
 * of its carrier call this next.
 *
 *	event thread			dial-in open
 *	carrier: wakes it
 *	not open: kept
 *					sc_open, soft interrupt
 *					feeds nothing: sc_rx_feeding
 *	sc_rx_feeding is over
 *
 * and nobody would ever give it to the tty; so this looks at carrier and
 * sc_open, and says that it does not feed any more, under both locks at once.
 */
static void
ucom_feed(struct ucom_softc *sc)
{
	struct tty *tp = sc->sc_tty;
	struct ucom_piece up;
	size_t n;

	ttylock(tp);
	mutex_enter(&sc->sc_lock);
	if (sc->sc_rx_feeding) {
		mutex_exit(&sc->sc_lock);
		ttyunlock(tp);
		return;
	}
	sc->sc_rx_feeding = true;
	while (sc->sc_running && !sc->sc_rx_stopped &&
	    (sc->sc_open != 0 || !CONNECTED(tp)) && ucom_piece_get(sc, &up)) {
		mutex_exit(&sc->sc_lock);
		ttyunlock(tp);
		n = (*tp->t_linesw->l_rintb)(tp, up.up_data, up.up_lsr,
		    up.up_len);
		ttylock(tp);
		mutex_enter(&sc->sc_lock);
		ucom_piece_done(sc, &up, n);
	}
	sc->sc_rx_feeding = false;
	cv_broadcast(&sc->sc_statecv);
	mutex_exit(&sc->sc_lock);
	ttyunlock(tp);
}

/*
 * ucom_in_hold(sc)
 * ucom_in_drop(sc)
 *
 *	A client flushes input, and has the control token.  Between the two
 *	the tty is given nothing, so that what the first one's caller asks the
 *	chip to throw away does not get past it; the second one throws away what
 *	the host has.  No lock held.  The first one sleeps, until another thread
 *	has finished giving input to the tty.
 *
 *	A					event thread
 *	hold: sc_rx_feeding
 *						input: kept
 *	the chip's is thrown away
 *	drop: that too; ttyflush
 *	sc_rx_feeding is over; feeds
 */
void
ucom_in_hold(struct ucom_softc *sc)
{

	mutex_enter(&sc->sc_lock);
	while (sc->sc_rx_feeding)
		cv_wait(&sc->sc_statecv, &sc->sc_lock);
	sc->sc_rx_feeding = true;
	mutex_exit(&sc->sc_lock);
}

void
ucom_in_drop(struct ucom_softc *sc)
{
	struct tty *tp = sc->sc_tty;
	struct ucom_buffer *ub;

	ttylock(tp);
	mutex_enter(&sc->sc_lock);
	sc->sc_rx_event = 0;
	while ((ub = SIMPLEQ_FIRST(&sc->sc_ibuff_full)) != NULL) {
		SIMPLEQ_REMOVE_HEAD(&sc->sc_ibuff_full, ub_link);
		SIMPLEQ_INSERT_TAIL(&sc->sc_ibuff_idle, ub, ub_link);
	}
	mutex_exit(&sc->sc_lock);
	ttyflush(tp, FREAD);
	mutex_enter(&sc->sc_lock);
	sc->sc_rx_feeding = false;
	if (sc->sc_rx_errs == 0)
		ucom_submit_reads(sc);
	cv_broadcast(&sc->sc_statecv);
	mutex_exit(&sc->sc_lock);
	ttyunlock(tp);
	ucom_feed(sc);
}

void
ucom_status_change(struct ucom_softc *sc)
{

	/* sc_tty: attached without success, or parent still in attach. */
	if (sc->sc_tty != NULL) {
		ucom_ask_status(sc, false);
		ucom_feed(sc);
	}
}

/* sc_lock held. */
static void
ucom_read_failed(struct ucom_softc *sc, struct ucom_buffer *ub,
    usbd_status status)
{

	SIMPLEQ_INSERT_TAIL(&sc->sc_ibuff_idle, ub, ub_link);
	if (sc->sc_running && !sc->sc_dying && status != USBD_CANCELLED) {
		if (status == USBD_STALLED)
			usbd_clear_endpoint_stall_async(sc->sc_bulkin_pipe);
		ucom_recover_later(sc, ++sc->sc_rx_errs);
	}
}

/*
 * devswctl trace, and devswd --trace, show what the line did, with the name of
 * the node that has it.  No lock held.
 */
static void
ucom_trace_line(struct ucom_softc *sc, u_char lsr)
{
	char name[DEVTRACE_NAMELEN];
	const char *const event = ISSET(lsr, ULSR_BI) ? "line break" :
	    ISSET(lsr, ULSR_PE) ? "line parity error" :
	    ISSET(lsr, ULSR_FE) ? "line framing error" : "line overrun";
	const struct devtrace dt = { .dt_event = event, .dt_dev = name,
	    .dt_key = "lsr", .dt_value = lsr };

	mutex_enter(&sc->sc_lock);
	snprintf(name, sizeof(name), "%styU%d",
	    sc->sc_kind == UCOM_DIALOUT ? "d" : "t", device_unit(sc->sc_dev));
	mutex_exit(&sc->sc_lock);
	devtrace_enter(&dt);
}

static void
ucom_trace_lines(struct ucom_softc *sc, const u_char *lsr, uint32_t len)
{
	uint32_t i;

	for (i = 0; i <= len; i++) {
		if (lsr[i] != 0 && !ISSET(lsr[i], ULSR_SAME))
			ucom_trace_line(sc, lsr[i]);
	}
}

void
ucom_line_event(struct ucom_softc *sc, u_char lsr)
{
	struct ucom_buffer *ub, *last = NULL;

	lsr &= ULSR_ERRORS;
	if (sc->sc_tty == NULL || lsr == 0)
		return;
	if (DEVTRACE())
		ucom_trace_line(sc, lsr);
	mutex_enter(&sc->sc_lock);
	if (sc->sc_running) {
		SIMPLEQ_FOREACH(ub, &sc->sc_ibuff_full, ub_link)
			last = ub;
		SET(*(last != NULL ? &last->ub_after : &sc->sc_rx_event),
		    lsr);
	}
	mutex_exit(&sc->sc_lock);
	ucom_feed(sc);
}

/* Do the modem lines, and more, come with the data? */
static bool
ucom_tells_lines(const struct ucom_softc *sc)
{

	return sc->sc_methods->ucom_read != NULL ||
	    sc->sc_methods->ucom_read_lsr != NULL;
}

/*
 * n = ucom_data(sc, ub, end)
 *
 *	The parent has moved ub_data, and its data ends at this offset from the
 *	beginning of the buffer; or there is none, if that is not behind
 *	ub_data (a packet that is shorter than what the chip puts in front).
 */
static uint32_t
ucom_data(struct ucom_softc *sc, struct ucom_buffer *ub, uint32_t end)
{
	const size_t begin = (size_t)(ub->ub_data - ub->ub_buf);

	KASSERTMSG(end <= sc->sc_ibufsize, "data ends at %u of %u", end,
	    sc->sc_ibufsize);
	return begin < end ? end - (uint32_t)begin : 0;
}

/*
 * len = ucom_received(sc, ub, len)
 *
 *	The parent finds the data among len bytes, and what the line did.
 */
static uint32_t
ucom_received(struct ucom_softc *sc, struct ucom_buffer *ub, uint32_t len)
{
	const struct ucom_methods *const um = sc->sc_methods;

	ub->ub_data = ub->ub_buf;
	if (ub->ub_lsrp != NULL)	/* so there is something of before */
		memset(ub->ub_lsr, 0, sc->sc_ibufsize + 1);
	ub->ub_lsrp = NULL;
	ub->ub_after = 0;
	if (um->ucom_read_lsr == NULL) {
		if (um->ucom_read != NULL)
			um->ucom_read(sc->sc_parent, sc->sc_portno,
			    &ub->ub_data, &len);
		return ucom_data(sc, ub, len);
	}
	if (um->ucom_read_lsr(sc->sc_parent, sc->sc_portno, &ub->ub_data,
	    &len, ub->ub_lsr)) {
		len = ucom_data(sc, ub, len);
		ub->ub_lsrp = ub->ub_lsr;
		ub->ub_after = ub->ub_lsr[len];
		if (DEVTRACE())
			ucom_trace_lines(sc, ub->ub_lsr, len);
		return len;
	}
	return ucom_data(sc, ub, len);
}

/* A read has brought something; sc_lock held. */
static void
ucom_read_done(struct ucom_softc *sc, struct ucom_buffer *ub)
{

	sc->sc_rx_errs = 0;
	if (ub->ub_len != 0 || ub->ub_after != 0)
		SIMPLEQ_INSERT_TAIL(&sc->sc_ibuff_full, ub, ub_link);
	else
		SIMPLEQ_INSERT_TAIL(&sc->sc_ibuff_idle, ub, ub_link);
	ucom_submit_reads(sc);
}

/*
 * If another read has completed too, what there is waits for that one's
 * callback; but not where that may bring lines that have changed since, as the
 * end of the carrier would overtake what came before it.
 */
static void
ucomreadcb(struct usbd_xfer *xfer, void *priv, usbd_status status)
{
	struct ucom_buffer *ub = priv;
	struct ucom_softc *sc = ub->ub_sc;
	const bool lines = ucom_tells_lines(sc);
	uint32_t len;
	bool input;

	/* One that was taken back has what came before. */
	if (status == USBD_CANCELLED && atomic_load_relaxed(&sc->sc_parking))
		status = USBD_NORMAL_COMPLETION;
	if (status == USBD_NORMAL_COMPLETION) {
		usbd_get_xfer_status(xfer, NULL, NULL, &len, NULL);
		ub->ub_len = ucom_received(sc, ub, len);
		if (lines)
			ucom_ask_status(sc, false);
	}
	mutex_enter(&sc->sc_lock);
	if (status == USBD_NORMAL_COMPLETION)
		ucom_read_done(sc, ub);
	else
		ucom_read_failed(sc, ub, status);
	/* Or kept, and this has brought the end of the carrier. */
	input = !SIMPLEQ_EMPTY(&sc->sc_ibuff_full);
	mutex_exit(&sc->sc_lock);
	if (input && (lines || !usbd_pipe_more(sc->sc_bulkin_pipe)))
		ucom_feed(sc);
}
