/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ucom.c - ucom(4): the tty of a USB serial adapter.
 *
 * Model
 *	A ucom is the child of a chip's driver (uftdi, umodem, ...), which
 *	it asks through struct ucom_methods.  It owns two bulk pipes with
 *	UCOM_IN_BUFFS and UCOM_OUT_BUFFS transfers, and one tty, which has
 *	two device nodes: ttyUN, dial-in, waits for carrier; dtyUN, dial-out,
 *	does not.  They are two dev_t's to specfs, so cancel and close come
 *	for each by itself.
 *
 * States (sc_state; changes are broadcast on sc_statecv)
 *	DEAD		attach failed; opens end with ENXIO
 *	ATTACHED	nobody uses it, the hardware rests
 *	OPENING		one thread brings the hardware up or down
 *	OPEN		the hardware runs: reads are in flight
 *
 *	Apart from that:
 *	sc_open		the minors that are open (UCOM_DIALIN, UCOM_DIALOUT);
 *			at most one of them
 *	sc_closing	the minors between d_cancel and d_close; while it is
 *			not 0, opens wait
 *	sc_nopeners	threads in ucomopen that rely on the hardware
 *	sc_dying	the hardware is gone: opens end with ENXIO
 *
 *	The hardware is brought up by the first opener, before it waits for
 *	carrier, so that a dial-out open succeeds meanwhile.  It is brought
 *	down by ucomclose, or by the last of the openers if all of them
 *	failed.  The pause after a hang-up is made by the next open.
 *
 * Input
 *	A completed read goes to the tty at once, on the event thread.  When
 *	the tty takes less than it is given, the rest stays in its buffer and
 *	on sc_ibuff_full, no read is resubmitted, and the device is stopped
 *	by USB itself; nothing is lost.  The tty says when it has room again
 *	(t_hwiflow(tp, 0)), and a soft interrupt goes on.  One thread at a
 *	time feeds the tty (sc_rx_feeding), or bytes would change places.
 *
 * Output
 *	t_oproc is ucomstart: it copies from t_outq to free buffers and
 *	submits them, however few the bytes are.  TS_BUSY is set while a
 *	write is in flight, so draining waits for the device to have it all.
 *	At most about a second of output, at the speed of the line, is in
 *	flight.
 *
 * Errors
 *	A failed transfer is tried again after a pause that grows (the
 *	callout sc_recover), writes in their order; a stalled endpoint is
 *	cleared.  Output that failed UCOM_MAXERRS times is thrown away, and
 *	this is logged.  A device that is gone ends this by its detach.
 *
 * Locks
 *	the tty's lock -> sc_lock.  The methods that may sleep are called
 *	with neither held, by the one thread that holds the control token
 *	(ucom_ctl_enter), or that is the one in state OPENING.  Pipes are
 *	aborted with no lock held, since that waits for callbacks, which
 *	take both.  d_cancel only flags and wakes.
 *
 * Known gaps
 *	Breaks and errors in the input are not marked (IGNBRK, PARMRK and
 *	INPCK have nothing to act on).  No PPS.  A flush does not call back
 *	what has been handed to the device already.
 */
#include <sys/param.h>
#include <sys/callout.h>
#include <sys/conf.h>
#include <sys/device.h>
#include <sys/fcntl.h>
#include <sys/intr.h>
#include <sys/ioctl.h>
#include <sys/kauth.h>
#include <sys/kernel.h>
#include <sys/poll.h>
#include <sys/proc.h>
#include <sys/queue.h>
#include <sys/systm.h>
#include <sys/time.h>
#include <sys/tty.h>
#include <sys/uio.h>
#include <sys/vnode.h>

#include <dev/usb/usb.h>
#include <dev/usb/usbdi.h>
#include <dev/usb/ucomvar.h>

#include "drivers/ioconf.h"

#define	UCOM_IN_BUFFS	4
#define	UCOM_OUT_BUFFS	4
#define	UCOM_OUT_MIN	16	/* bytes of a write at the slowest speeds */

#define	UCOM_HUP_MS	1000	/* DTR stays low that long after a close */

/* Waiting for the chip's own buffer: its size, longest wait, pause. */
#define	UCOM_TXCHARS	512
#define	UCOM_TXEMPTY_S	10
#define	UCOM_TXPOLL_MS	5

#define	UCOM_MAXERRS	8	/* failures in a row of one write */
#define	UCOM_RECOVER_MIN_MS	10
#define	UCOM_RECOVER_MAX_MS	1000

#define	UCOMUNIT(dev)		TTUNIT(dev)
#define	UCOMDIALOUT(dev)	(TTDIALOUT(dev) != 0)

#define	UCOM_DIALIN		0x1
#define	UCOM_DIALOUT		0x2
#define	UCOM_KIND(dev)		(UCOMDIALOUT(dev) ? UCOM_DIALOUT : UCOM_DIALIN)

struct ucom_buffer {
	SIMPLEQ_ENTRY(ucom_buffer) ub_link;
	struct ucom_softc	*ub_sc;
	struct usbd_xfer	*ub_xfer;
	u_char			*ub_buf;	/* the transfer's memory */
	u_char			*ub_data;	/* in it: what is not done */
	uint32_t		 ub_len;	/* bytes at ub_data */
	u_int			 ub_errs;	/* failures in a row */
};
SIMPLEQ_HEAD(ucom_bufferq, ucom_buffer);

enum ucom_state {
	UCOM_DEAD,
	UCOM_ATTACHED,
	UCOM_OPENING,
	UCOM_OPEN
};

/* (c) constant after attach; (t) tty lock; the others: sc_lock. */
struct ucom_softc {
	device_t		 sc_dev;	/* (c) */
	struct usbd_device	*sc_udev;	/* (c) */
	struct usbd_interface	*sc_iface;	/* (c) */
	const struct ucom_methods *sc_methods;	/* (c) */
	void			*sc_parent;	/* (c) */
	int			 sc_portno;	/* (c) */
	struct tty		*sc_tty;	/* (c) NULL: attach failed */
	u_int			 sc_ibufsize;	/* (c) */
	u_int			 sc_obufsize;	/* (c) without header */
	u_int			 sc_opkthdrlen;	/* (c) */
	struct usbd_pipe	*sc_bulkin_pipe;  /* (c) */
	struct usbd_pipe	*sc_bulkout_pipe; /* (c) */
	void			*sc_si;		/* (c) */

	kmutex_t		 sc_lock;
	kcondvar_t		 sc_statecv;	/* everything but the token */
	enum ucom_state		 sc_state;
	u_int			 sc_open;
	u_int			 sc_closing;
	u_int			 sc_nopeners;
	bool			 sc_dying;
	struct timeval		 sc_hup_time;	/* no first open before */

	kcondvar_t		 sc_ctlcv;
	bool			 sc_ctlbusy;	/* the control token */

	bool			 sc_parent_open; /* by who brings it up, down */
	bool			 sc_running;	/* transfers may be submitted */
	struct ucom_buffer	 sc_ibuff[UCOM_IN_BUFFS];
	struct ucom_buffer	 sc_obuff[UCOM_OUT_BUFFS];
	struct ucom_bufferq	 sc_ibuff_full;	/* received, for the tty */
	struct ucom_bufferq	 sc_ibuff_idle;	/* to be submitted again */
	struct ucom_bufferq	 sc_obuff_free;
	struct ucom_bufferq	 sc_obuff_retry; /* failed, in order */
	u_int			 sc_oinflight;
	u_int			 sc_olimit;	/* bytes of one write */
	bool			 sc_rx_stopped;	/* (t)+sc_lock: tty is full */
	bool			 sc_rx_feeding;
	u_int			 sc_rx_errs;	/* failures in a row */
	callout_t		 sc_recover;

	u_char			 sc_mcr;	/* UMCR_* as last set */
	u_char			 sc_msr;	/* UMSR_* as the tty knows it */
	bool			 sc_msr_ask;	/* parent's may be newer */
	bool			 sc_msr_busy;	/* somebody is asking */
	bool			 sc_msr_force;	/* tell even what is known */
	int			 sc_swflags;	/* TIOCFLAG_* */
};

dev_type_open(ucomopen);
dev_type_cancel(ucomcancel);
dev_type_close(ucomclose);
dev_type_read(ucomread);
dev_type_write(ucomwrite);
dev_type_ioctl(ucomioctl);
dev_type_stop(ucomstop);
dev_type_tty(ucomtty);
dev_type_poll(ucompoll);

const struct cdevsw ucom_cdevsw = {
	.d_open = ucomopen,
	.d_cancel = ucomcancel,
	.d_close = ucomclose,
	.d_read = ucomread,
	.d_write = ucomwrite,
	.d_ioctl = ucomioctl,
	.d_stop = ucomstop,
	.d_tty = ucomtty,
	.d_poll = ucompoll,
	.d_mmap = nommap,
	.d_kqfilter = ttykqfilter,
	.d_discard = nodiscard,
	.d_cfdriver = &ucom_cd,
	.d_devtounit = tty_unit,
	.d_flag = D_TTY | D_MPSAFE
};

static int	ucom_match(device_t, cfdata_t, void *);
static void	ucom_attach(device_t, device_t, void *);
static int	ucom_detach(device_t, int);
static int	ucom_activate(device_t, enum devact);

static int	ucomparam(struct tty *, struct termios *);
static int	ucomhwiflow(struct tty *, int);
static void	ucomstart(struct tty *);
static void	ucomreadcb(struct usbd_xfer *, void *, usbd_status);
static void	ucomwritecb(struct usbd_xfer *, void *, usbd_status);
static void	ucom_submit_reads(struct ucom_softc *);
static void	ucom_feed(struct ucom_softc *);
static void	ucom_softintr(void *);
static void	ucom_recover(void *);
static void	ucom_recover_later(struct ucom_softc *, u_int);
static void	ucom_read_failed(struct ucom_softc *, struct ucom_buffer *,
		    usbd_status);
static void	ucom_set_busy(struct ucom_softc *, struct tty *);
static int	ucom_txempty(struct ucom_softc *, bool);

CFATTACH_DECL_NEW(ucom, sizeof(struct ucom_softc), ucom_match, ucom_attach,
    ucom_detach, ucom_activate);

/* ---- attach and detach ---------------------------------------------- */

static int
ucom_match(device_t parent __unused, cfdata_t match __unused,
    void *aux __unused)
{

	return 1;
}

int
ucomprint(void *aux, const char *pnp)
{
	const struct ucom_attach_args *ucaa = aux;

	if (pnp != NULL)
		aprint_normal("ucom at %s", pnp);
	if (ucaa->ucaa_portno != UCOM_UNK_PORTNO)
		aprint_normal(" portno %d", ucaa->ucaa_portno);
	return UNCONF;
}

int
ucomsubmatch(device_t parent, cfdata_t cf, const int *ldesc __unused,
    void *aux)
{
	const struct ucom_attach_args *ucaa = aux;

	if (ucaa->ucaa_portno != UCOM_UNK_PORTNO && cf->cf_loc != NULL &&
	    cf->cf_loc[UCOMBUSCF_PORTNO] != UCOMBUSCF_PORTNO_DEFAULT &&
	    cf->cf_loc[UCOMBUSCF_PORTNO] != ucaa->ucaa_portno)
		return 0;
	return config_match(parent, cf, aux);
}

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

	ucom_destroy_xfers(sc->sc_ibuff, UCOM_IN_BUFFS);
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
	    UCOM_IN_BUFFS, MAX(ucaa->ucaa_ibufsizepad, sc->sc_ibufsize), 0);
	if (error)
		return error;
	return ucom_create_xfers(sc, sc->sc_bulkout_pipe, sc->sc_obuff,
	    UCOM_OUT_BUFFS, ucaa->ucaa_obufsize, 0);
}

static void
ucom_attach(device_t parent __unused, device_t self, void *aux)
{
	struct ucom_softc *sc = device_private(self);
	const struct ucom_attach_args *ucaa = aux;
	struct tty *tp;
	u_int i;
	int error;

	KASSERTMSG(ucaa->ucaa_obufsize > ucaa->ucaa_opkthdrlen,
	    "no room for data in %u bytes", ucaa->ucaa_obufsize);
	if (ucaa->ucaa_info != NULL)
		aprint_normal(": %s", ucaa->ucaa_info);
	aprint_normal("\n");

	sc->sc_dev = self;
	sc->sc_udev = ucaa->ucaa_device;
	sc->sc_iface = ucaa->ucaa_iface;
	sc->sc_methods = ucaa->ucaa_methods;
	sc->sc_parent = ucaa->ucaa_arg;
	sc->sc_portno = ucaa->ucaa_portno;
	sc->sc_ibufsize = ucaa->ucaa_ibufsize;
	sc->sc_opkthdrlen = ucaa->ucaa_opkthdrlen;
	sc->sc_obufsize = ucaa->ucaa_obufsize - ucaa->ucaa_opkthdrlen;
	sc->sc_state = UCOM_DEAD;

	mutex_init(&sc->sc_lock, MUTEX_DEFAULT, IPL_SOFTUSB);
	cv_init(&sc->sc_statecv, "ucomstate");
	cv_init(&sc->sc_ctlcv, "ucomctl");
	callout_init(&sc->sc_recover, CALLOUT_MPSAFE);
	callout_setfunc(&sc->sc_recover, ucom_recover, sc);
	sc->sc_si = softint_establish(SOFTINT_USB | SOFTINT_MPSAFE,
	    ucom_softintr, sc);
	SIMPLEQ_INIT(&sc->sc_ibuff_full);
	SIMPLEQ_INIT(&sc->sc_ibuff_idle);
	SIMPLEQ_INIT(&sc->sc_obuff_free);
	SIMPLEQ_INIT(&sc->sc_obuff_retry);

	error = ucom_open_pipes(sc, ucaa);
	if (error) {
		ucom_close_pipes(sc);
		aprint_error_dev(self, "attach failed, error=%d\n", error);
		return;
	}
	for (i = 0; i < UCOM_OUT_BUFFS; i++)
		SIMPLEQ_INSERT_TAIL(&sc->sc_obuff_free, &sc->sc_obuff[i],
		    ub_link);

	tp = tty_alloc();
	tp->t_oproc = ucomstart;
	tp->t_param = ucomparam;
	tp->t_hwiflow = ucomhwiflow;
	tp->t_softc = sc;
	sc->sc_tty = tp;
	tty_attach(tp);
	if (!pmf_device_register(self, NULL, NULL))
		aprint_error_dev(self, "couldn't establish power handler\n");
	sc->sc_state = UCOM_ATTACHED;
}

static int
ucom_activate(device_t self, enum devact act)
{
	struct ucom_softc *sc = device_private(self);

	if (act != DVACT_DEACTIVATE)
		return EOPNOTSUPP;
	mutex_enter(&sc->sc_lock);
	sc->sc_dying = true;
	cv_broadcast(&sc->sc_statecv);
	mutex_exit(&sc->sc_lock);
	return 0;
}

/*
 * The nodes are revoked one after the other; when vdevgone has returned for
 * both, nobody is or comes into the driver: the unit is committed to
 * detach, so every new open fails before d_open.
 */
static int
ucom_detach(device_t self, int flags __unused)
{
	struct ucom_softc *sc = device_private(self);
	struct tty *tp = sc->sc_tty;
	const devminor_t mn = device_unit(self);
	devmajor_t maj;

	/* Opens in progress must not wait any longer. */
	(void)ucom_activate(self, DVACT_DEACTIVATE);
	pmf_device_deregister(self);
	if (tp != NULL)
		ttyhangup(tp);

	maj = cdevsw_lookup_major(&ucom_cdevsw);
	vdevgone(maj, mn, mn, VCHR);
	vdevgone(maj, mn | TTDIALOUT_MASK, mn | TTDIALOUT_MASK, VCHR);

	KASSERTMSG(sc->sc_state == UCOM_ATTACHED || sc->sc_state == UCOM_DEAD,
	    "%s in state %d", device_xname(self), sc->sc_state);
	KASSERT(sc->sc_nopeners == 0 && sc->sc_oinflight == 0);
	softint_disestablish(sc->sc_si);
	callout_halt(&sc->sc_recover, NULL);
	callout_destroy(&sc->sc_recover);
	if (tp != NULL) {
		tty_detach(tp);
		tty_free(tp);
		sc->sc_tty = NULL;
	}
	ucom_close_pipes(sc);
	cv_destroy(&sc->sc_ctlcv);
	cv_destroy(&sc->sc_statecv);
	mutex_destroy(&sc->sc_lock);
	return 0;
}

/* ---- the modem lines ------------------------------------------------ */

/*
 * ucom_ctl_enter(sc), ucom_ctl_exit(sc)
 *
 *	Take and give back the control token: the right to call the
 *	methods that send requests.  A token and not a mutex, because its
 *	holder sleeps.  The wait is bounded by the requests' timeouts.
 */
static void
ucom_ctl_enter(struct ucom_softc *sc)
{

	mutex_enter(&sc->sc_lock);
	while (sc->sc_ctlbusy)
		cv_wait(&sc->sc_ctlcv, &sc->sc_lock);
	sc->sc_ctlbusy = true;
	mutex_exit(&sc->sc_lock);
}

static void
ucom_ctl_exit(struct ucom_softc *sc)
{

	mutex_enter(&sc->sc_lock);
	KASSERT(sc->sc_ctlbusy);
	sc->sc_ctlbusy = false;
	cv_signal(&sc->sc_ctlcv);
	mutex_exit(&sc->sc_lock);
}

/*
 * ucom_mcr(sc, mask, value)
 *
 *	Set the lines (UMCR_*) in mask as in value.  Sleeps.
 */
static void
ucom_mcr(struct ucom_softc *sc, u_int mask, u_int value)
{

	ucom_ctl_enter(sc);
	mutex_enter(&sc->sc_lock);
	sc->sc_mcr = (sc->sc_mcr & ~mask) | (value & mask);
	mutex_exit(&sc->sc_lock);
	if (sc->sc_methods->ucom_set != NULL) {
		if (ISSET(mask, UMCR_DTR))
			sc->sc_methods->ucom_set(sc->sc_parent, sc->sc_portno,
			    UCOM_SET_DTR, ISSET(value, UMCR_DTR) != 0);
		if (ISSET(mask, UMCR_RTS))
			sc->sc_methods->ucom_set(sc->sc_parent, sc->sc_portno,
			    UCOM_SET_RTS, ISSET(value, UMCR_RTS) != 0);
	}
	ucom_ctl_exit(sc);
}

static void
ucom_break(struct ucom_softc *sc, int onoff)
{

	if (sc->sc_methods->ucom_set == NULL)
		return;
	ucom_ctl_enter(sc);
	sc->sc_methods->ucom_set(sc->sc_parent, sc->sc_portno, UCOM_SET_BREAK,
	    onoff);
	ucom_ctl_exit(sc);
}

static int
ucom_msr_to_tiocm(u_int msr)
{

	return (ISSET(msr, UMSR_CTS) ? TIOCM_CTS : 0) |
	    (ISSET(msr, UMSR_DCD) ? TIOCM_CD : 0) |
	    (ISSET(msr, UMSR_DSR) ? TIOCM_DSR : 0) |
	    (ISSET(msr, UMSR_RI) ? TIOCM_RI : 0);
}

/*
 * Ask the parent until its answer cannot be out of date, and pass carrier
 * changes on.
 *
 *	thread 1			thread 2
 *	asks: carrier on
 *					line drops; asks: carrier off
 *					l_modem(tp, 0)
 *	l_modem(tp, 1)			the tty believes a dead line
 *
 * so only one thread is here at a time, and it asks again if another one
 * wanted to.
 */
static void
ucom_ask_status(struct ucom_softc *sc, bool force)
{
	struct tty *tp = sc->sc_tty;
	u_char lsr, msr, change;
	int lines;

	mutex_enter(&sc->sc_lock);
	sc->sc_msr_ask = true;
	sc->sc_msr_force |= force;
	if (sc->sc_msr_busy) {
		mutex_exit(&sc->sc_lock);
		return;
	}
	sc->sc_msr_busy = true;
	while (sc->sc_msr_ask) {
		sc->sc_msr_ask = false;
		force = sc->sc_msr_force;
		sc->sc_msr_force = false;
		mutex_exit(&sc->sc_lock);

		lsr = 0;
		msr = UMSR_DCD | UMSR_DSR | UMSR_CTS;
		if (sc->sc_methods->ucom_get_status != NULL)
			sc->sc_methods->ucom_get_status(sc->sc_parent,
			    sc->sc_portno, &lsr, &msr);

		mutex_enter(&sc->sc_lock);
		change = sc->sc_msr ^ msr;
		sc->sc_msr = msr;
		lines = ucom_msr_to_tiocm(msr);
		if (ISSET(sc->sc_swflags, TIOCFLAG_SOFTCAR))
			SET(msr, UMSR_DCD);
		mutex_exit(&sc->sc_lock);
		if (force || ISSET(change, UMSR_DCD))
			(void)(*tp->t_linesw->l_modem)(tp,
			    ISSET(msr, UMSR_DCD) != 0);
		if (force || change != 0)
			ttymstatus(tp, lines);
		mutex_enter(&sc->sc_lock);
	}
	sc->sc_msr_busy = false;
	cv_broadcast(&sc->sc_statecv);
	mutex_exit(&sc->sc_lock);
}

void
ucom_status_change(struct ucom_softc *sc)
{

	/* sc_tty: attached without success, or parent still in attach. */
	if (sc->sc_tty != NULL)
		ucom_ask_status(sc, false);
}

/* ---- open ----------------------------------------------------------- */

/*
 * The rest of the second after a hang-up, in ticks; 0 if it is over.
 */
static int
ucom_hup_ticks(struct ucom_softc *sc)
{
	struct timeval now, delta;

	KASSERT(mutex_owned(&sc->sc_lock));
	if (!timerisset(&sc->sc_hup_time))
		return 0;
	microuptime(&now);
	if (!timercmp(&now, &sc->sc_hup_time, <)) {
		timerclear(&sc->sc_hup_time);
		return 0;
	}
	timersub(&sc->sc_hup_time, &now, &delta);
	return MAX(1, mstohz(delta.tv_sec * 1000 +
	    howmany(delta.tv_usec, 1000)));
}

/*
 * error = ucom_admit(sc, flag, excl, &first)
 *
 *	May this open go on?  excl: what tty_exclusive() said.  0: yes; *first says that this thread must
 *	bring the hardware up, for which the state is OPENING now; sc_nopeners
 *	was incremented.  After every sleep the answer is ERESTART, because
 *	the node may have been revoked meanwhile.  Called with sc_lock held.
 */
static int
ucom_admit(struct ucom_softc *sc, int flag, int excl, bool *first)
{
	int error, ticks;

	KASSERT(mutex_owned(&sc->sc_lock));
	if (sc->sc_dying || sc->sc_state == UCOM_DEAD ||
	    !device_is_active(sc->sc_dev))
		return ENXIO;
	if (excl)
		return excl;
	if (sc->sc_state == UCOM_OPENING || sc->sc_closing != 0) {
		if (ISSET(flag, FNONBLOCK))
			return EWOULDBLOCK;
		error = cv_wait_sig(&sc->sc_statecv, &sc->sc_lock);
		return error ? error : ERESTART;
	}
	*first = sc->sc_state == UCOM_ATTACHED;
	if (*first) {
		ticks = ucom_hup_ticks(sc);
		if (ticks != 0 && !ISSET(flag, FNONBLOCK)) {
			error = cv_timedwait_sig(&sc->sc_statecv,
			    &sc->sc_lock, ticks);
			return error && error != EWOULDBLOCK ? error :
			    ERESTART;
		}
		sc->sc_state = UCOM_OPENING;
	}
	sc->sc_nopeners++;
	return 0;
}

/* What a tty of BSD is like when it is opened first. */
static void
ucom_default_termios(struct ucom_softc *sc, struct termios *t)
{

	memset(t, 0, sizeof(*t));
	t->c_ispeed = 0;
	t->c_ospeed = TTYDEF_SPEED;
	t->c_cflag = TTYDEF_CFLAG;
	mutex_enter(&sc->sc_lock);
	if (ISSET(sc->sc_swflags, TIOCFLAG_CLOCAL))
		SET(t->c_cflag, CLOCAL);
	if (ISSET(sc->sc_swflags, TIOCFLAG_CRTSCTS))
		SET(t->c_cflag, CRTSCTS);
	if (ISSET(sc->sc_swflags, TIOCFLAG_MDMBUF))
		SET(t->c_cflag, MDMBUF);
	mutex_exit(&sc->sc_lock);
}

/*
 * error = ucom_up(sc, dev)
 *
 *	Bring the hardware up; state OPENING, no lock held.  Sleeps.  After
 *	an error ucom_down has to clean up.
 */
static int
ucom_up(struct ucom_softc *sc, dev_t dev)
{
	struct tty *tp = sc->sc_tty;
	struct termios t;
	u_int i;
	int error;

	tp->t_dev = dev;
	if (sc->sc_methods->ucom_open != NULL) {
		error = sc->sc_methods->ucom_open(sc->sc_parent,
		    sc->sc_portno);
		if (error)
			return error;
	}
	sc->sc_parent_open = true;

	ucom_default_termios(sc, &t);
	ttylock(tp);
	tp->t_ospeed = 0;		/* so that ucomparam sets it */
	ttyunlock(tp);
	error = ucomparam(tp, &t);
	if (error)
		return error;
	ttylock(tp);
	tp->t_iflag = TTYDEF_IFLAG;
	tp->t_oflag = TTYDEF_OFLAG;
	tp->t_lflag = TTYDEF_LFLAG;
	ttychars(tp);
	ttsetwater(tp);
	ttyunlock(tp);

	/* ucomparam raised DTR, as it found the speed 0. */
	ucom_mcr(sc, UMCR_RTS, UMCR_RTS);
	ucom_ask_status(sc, true);

	mutex_enter(&sc->sc_lock);
	sc->sc_rx_stopped = false;
	sc->sc_rx_errs = 0;
	sc->sc_running = true;
	for (i = 0; i < UCOM_IN_BUFFS; i++)
		SIMPLEQ_INSERT_TAIL(&sc->sc_ibuff_idle, &sc->sc_ibuff[i],
		    ub_link);
	ucom_submit_reads(sc);
	mutex_exit(&sc->sc_lock);
	return 0;
}

/*
 * ucom_down(sc, flag)
 *
 *	Bring the hardware down; state OPENING, no lock held.  Sleeps: for
 *	output to drain, unless flag has FNONBLOCK, and for the requests, in
 *	bounded time both.
 */
static void
ucom_down(struct ucom_softc *sc, int flag)
{
	struct tty *tp = sc->sc_tty;
	bool hup, dying;
	u_int i;

	(*tp->t_linesw->l_close)(tp, flag);
	if (!ISSET(flag, FNONBLOCK))
		ucom_txempty(sc, false);
	ttylock(tp);
	hup = ISSET(tp->t_cflag, HUPCL) != 0;
	ttyunlock(tp);
	ttyclose(tp);

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
	SIMPLEQ_INIT(&sc->sc_ibuff_full);
	SIMPLEQ_INIT(&sc->sc_ibuff_idle);
	SIMPLEQ_INIT(&sc->sc_obuff_retry);
	SIMPLEQ_INIT(&sc->sc_obuff_free);
	for (i = 0; i < UCOM_OUT_BUFFS; i++)
		SIMPLEQ_INSERT_TAIL(&sc->sc_obuff_free, &sc->sc_obuff[i],
		    ub_link);
	dying = sc->sc_dying;
	mutex_exit(&sc->sc_lock);

	if (hup && !dying) {
		ucom_mcr(sc, UMCR_DTR, 0);
		mutex_enter(&sc->sc_lock);
		microuptime(&sc->sc_hup_time);
		sc->sc_hup_time.tv_sec += UCOM_HUP_MS / 1000;
		mutex_exit(&sc->sc_lock);
	}
	if (sc->sc_parent_open && sc->sc_methods->ucom_close != NULL)
		sc->sc_methods->ucom_close(sc->sc_parent, sc->sc_portno);
	sc->sc_parent_open = false;
}

/*
 * error = ucom_wait_carrier(sc)
 *
 *	A blocking dial-in open waits until no dial-out user is there and
 *	the line is connected.  ERESTART when something is being closed or
 *	is gone; EINTR.
 *
 *	opener				ucomcancel
 *	ttylock
 *	sc_closing == 0
 *					sc_closing |= kind
 *	ttysleep, gives the tty lock up
 *					ttylock, wakes t_rawcv
 *
 * The tty lock makes the question and going to sleep one step.
 */
static int
ucom_wait_carrier(struct ucom_softc *sc)
{
	struct tty *tp = sc->sc_tty;
	bool stop, dialout;
	int error = 0;

	ttylock(tp);
	while (error == 0) {
		mutex_enter(&sc->sc_lock);
		stop = sc->sc_closing != 0 || sc->sc_dying;
		dialout = ISSET(sc->sc_open, UCOM_DIALOUT) != 0;
		mutex_exit(&sc->sc_lock);
		if (stop) {
			error = ERESTART;
			break;
		}
		if (!dialout && !ISSET(tp->t_state, TS_DIALOUT) &&
		    CONNECTED(tp))
			break;
		tp->t_wopen++;
		error = ttysleep(tp, &tp->t_rawcv, true, 0);
		tp->t_wopen--;
	}
	ttyunlock(tp);
	return error;
}

/*
 * A dial-out open failed after it had reserved the tty: let those who wait
 * for dial-in have it.
 */
static void
ucom_undo_dialout(struct ucom_softc *sc)
{
	struct tty *tp = sc->sc_tty;
	bool other;

	mutex_enter(&sc->sc_lock);
	other = ISSET(sc->sc_open, UCOM_DIALOUT) != 0;
	mutex_exit(&sc->sc_lock);
	if (other)
		return;
	ttylock(tp);
	CLR(tp->t_state, TS_DIALOUT);
	cv_broadcast(&tp->t_rawcv);
	ttyunlock(tp);
}

/*
 * error = ucom_open_tty(sc, dev, flag)
 *
 *	The tty's part of an open, with the hardware running.  0: the minor
 *	is in sc_open.
 *
 *	dial-in				dial-out
 *	sees no TS_DIALOUT
 *					ttyopen sets TS_DIALOUT
 *	l_open
 *					l_open
 *
 * The first one that comes to sc_lock wins; dial-out gets EBUSY then, and
 * dial-in waits again.
 */
static int
ucom_open_tty(struct ucom_softc *sc, dev_t dev, int flag)
{
	struct tty *tp = sc->sc_tty;
	const u_int kind = UCOM_KIND(dev);
	int error;

	if (kind == UCOM_DIALIN && !ISSET(flag, FNONBLOCK)) {
		error = ucom_wait_carrier(sc);
		if (error)
			return error;
	}
	error = ttyopen(tp, kind == UCOM_DIALOUT, 1);
	if (error == EBUSY && kind == UCOM_DIALIN && !ISSET(flag, FNONBLOCK))
		return ERESTART;	/* a dial-out open came between */
	if (error)
		return error;
	error = (*tp->t_linesw->l_open)(dev, tp);
	if (error == 0) {
		mutex_enter(&sc->sc_lock);
		if (sc->sc_closing != 0 || sc->sc_dying)
			error = ERESTART;
		else if (!ISSET(sc->sc_open, ~kind))
			SET(sc->sc_open, kind);
		else if (kind == UCOM_DIALIN && !ISSET(flag, FNONBLOCK))
			error = ERESTART;
		else
			error = EBUSY;
		mutex_exit(&sc->sc_lock);
	}
	if (error && kind == UCOM_DIALOUT)
		ucom_undo_dialout(sc);
	return error;
}

/*
 * Leave ucomopen: the last of the openers brings the hardware down if none
 * of them succeeded.
 */
static void
ucom_open_done(struct ucom_softc *sc, int flag)
{

	mutex_enter(&sc->sc_lock);
	KASSERT(sc->sc_nopeners > 0);
	if (sc->sc_nopeners == 1 && sc->sc_open == 0) {
		/* Still counted: ucomclose waits for this to end. */
		sc->sc_state = UCOM_OPENING;
		mutex_exit(&sc->sc_lock);
		ucom_down(sc, flag | FNONBLOCK);
		mutex_enter(&sc->sc_lock);
		sc->sc_state = UCOM_ATTACHED;
	}
	sc->sc_nopeners--;
	cv_broadcast(&sc->sc_statecv);
	mutex_exit(&sc->sc_lock);
}

/*
 * ucomopen(dev, flag, mode, l)
 *
 *	open(2) of ttyUN or dtyUN.  The caller holds a reference to the
 *	device, so attach is over.  ENXIO: no hardware, or none that works.
 *	EBUSY: TIOCEXCL, or the other of the two nodes is in use.
 *	EWOULDBLOCK: FNONBLOCK, and somebody is opening or closing.
 *	ERESTART: slept; validate everything again and come back.  EINTR,
 *	and the chip's errors (EIO).
 */
int
ucomopen(dev_t dev, int flag, int mode __unused, struct lwp *l)
{
	struct ucom_softc *sc = device_lookup_private(&ucom_cd, UCOMUNIT(dev));
	bool first = false;
	int error, excl;

	/* Before sc_lock, as it takes the tty's. */
	excl = sc->sc_tty == NULL ? 0 : tty_exclusive(sc->sc_tty, l);
	mutex_enter(&sc->sc_lock);
	error = ucom_admit(sc, flag, excl, &first);
	mutex_exit(&sc->sc_lock);
	if (error)
		return error;

	if (first) {
		error = ucom_up(sc, dev);
		mutex_enter(&sc->sc_lock);
		sc->sc_state = UCOM_OPEN;
		cv_broadcast(&sc->sc_statecv);
		mutex_exit(&sc->sc_lock);
	}
	if (error == 0)
		error = ucom_open_tty(sc, dev, flag);
	ucom_open_done(sc, flag);
	return error;
}

/* ---- close ---------------------------------------------------------- */

/*
 * ucomcancel(dev, flag, mode, l)
 *
 *	Last close or revoke of one of the two nodes: everybody who sleeps in
 *	the driver on behalf of it comes out soon.  Does not wait.
 *
 *	When the other node is the one that is in use, nobody but openers can
 *	be in here for this one, and the users of the other one are left
 *	alone: a getty's revoke of ttyUN does not hang up a dial-out call.
 */
int
ucomcancel(dev_t dev, int flag __unused, int mode __unused,
    struct lwp *l __unused)
{
	struct ucom_softc *sc = device_lookup_private(&ucom_cd, UCOMUNIT(dev));
	const u_int kind = UCOM_KIND(dev);
	struct tty *tp;
	bool other;

	if (sc == NULL || sc->sc_tty == NULL)
		return 0;
	tp = sc->sc_tty;
	mutex_enter(&sc->sc_lock);
	KASSERTMSG(!ISSET(sc->sc_closing, kind), "%s: closing %#x",
	    device_xname(sc->sc_dev), sc->sc_closing);
	SET(sc->sc_closing, kind);
	other = ISSET(sc->sc_open, ~kind) != 0;
	cv_broadcast(&sc->sc_statecv);
	mutex_exit(&sc->sc_lock);
	if (other) {
		ttylock(tp);
		cv_broadcast(&tp->t_rawcv);
		ttyunlock(tp);
	} else
		ttycancel(tp);
	return 0;
}

/*
 * ucomclose(dev, flag, mode, l)
 *
 *	After ucomcancel, when nobody is in the driver on behalf of this node
 *	any more, but possibly openers of the other one, which are on their
 *	way out.  Sends what was written, unless flag has FNONBLOCK, and
 *	brings the hardware down.  Sleeps in bounded time.
 */
int
ucomclose(dev_t dev, int flag, int mode __unused, struct lwp *l __unused)
{
	struct ucom_softc *sc = device_lookup_private(&ucom_cd, UCOMUNIT(dev));
	const u_int kind = UCOM_KIND(dev);

	if (sc == NULL || sc->sc_tty == NULL)
		return 0;
	mutex_enter(&sc->sc_lock);
	KASSERTMSG(ISSET(sc->sc_closing, kind), "%s: closing %#x",
	    device_xname(sc->sc_dev), sc->sc_closing);
	if (!ISSET(sc->sc_open, ~kind)) {
		while (sc->sc_nopeners != 0 || sc->sc_state == UCOM_OPENING)
			cv_wait(&sc->sc_statecv, &sc->sc_lock);
		if (sc->sc_state == UCOM_OPEN) {
			sc->sc_state = UCOM_OPENING;
			mutex_exit(&sc->sc_lock);
			ucom_down(sc, flag);
			mutex_enter(&sc->sc_lock);
			sc->sc_state = UCOM_ATTACHED;
		} else {
			/* Never opened, or failed: end the ttycancel. */
			mutex_exit(&sc->sc_lock);
			ttyclose(sc->sc_tty);
			mutex_enter(&sc->sc_lock);
		}
		CLR(sc->sc_open, kind);
	}
	CLR(sc->sc_closing, kind);
	cv_broadcast(&sc->sc_statecv);
	mutex_exit(&sc->sc_lock);
	return 0;
}

/* ---- operations ----------------------------------------------------- */

static struct ucom_softc *
ucom_lookup(dev_t dev)
{
	struct ucom_softc *sc = device_lookup_private(&ucom_cd, UCOMUNIT(dev));

	/* specfs holds an I/O reference, and detach waits for those. */
	KASSERTMSG(sc != NULL, "no ucom%d", UCOMUNIT(dev));
	return sc;
}

int
ucomread(dev_t dev, struct uio *uio, int flag)
{
	struct tty *tp = ucom_lookup(dev)->sc_tty;

	return (*tp->t_linesw->l_read)(tp, uio, flag);
}

int
ucomwrite(dev_t dev, struct uio *uio, int flag)
{
	struct tty *tp = ucom_lookup(dev)->sc_tty;

	return (*tp->t_linesw->l_write)(tp, uio, flag);
}

int
ucompoll(dev_t dev, int events, struct lwp *l)
{
	struct tty *tp = ucom_lookup(dev)->sc_tty;

	return (*tp->t_linesw->l_poll)(tp, events, l);
}

struct tty *
ucomtty(dev_t dev)
{
	struct ucom_softc *sc = device_lookup_private(&ucom_cd, UCOMUNIT(dev));

	return sc == NULL ? NULL : sc->sc_tty;
}

/*
 * error = ucom_txempty(sc, intr)
 *
 *	Wait until the chip has sent what is in its own buffer.  A chip can
 *	only be asked, so this asks every few milliseconds, for as long as
 *	UCOM_TXCHARS characters take, but not longer than UCOM_TXEMPTY_S.
 *	ERESTART, if intr: the node is being closed.  EINTR.
 */
static int
ucom_txempty(struct ucom_softc *sc, bool intr)
{
	struct tty *tp = sc->sc_tty;
	struct timeval now, end;
	bool empty;
	int error, speed;

	if (sc->sc_methods->ucom_txempty == NULL)
		return 0;
	ttylock(tp);
	speed = MAX(tp->t_ospeed, 1);
	ttyunlock(tp);
	microuptime(&end);
	end.tv_sec += MIN(UCOM_TXCHARS * 10 / speed + 1, UCOM_TXEMPTY_S);
	for (;;) {
		ucom_ctl_enter(sc);
		empty = sc->sc_methods->ucom_txempty(sc->sc_parent,
		    sc->sc_portno);
		ucom_ctl_exit(sc);
		microuptime(&now);
		if (empty || !timercmp(&now, &end, <))
			return 0;
		error = 0;
		mutex_enter(&sc->sc_lock);
		if (sc->sc_dying || (intr && sc->sc_closing != 0))
			error = ERESTART;
		else if (intr)
			error = cv_timedwait_sig(&sc->sc_statecv,
			    &sc->sc_lock, mstohz(UCOM_TXPOLL_MS));
		else
			(void)cv_timedwait(&sc->sc_statecv, &sc->sc_lock,
			    mstohz(UCOM_TXPOLL_MS));
		mutex_exit(&sc->sc_lock);
		if (error && error != EWOULDBLOCK)
			return error;
	}
}

static int
ucom_to_tiocm(struct ucom_softc *sc)
{
	int lines;

	mutex_enter(&sc->sc_lock);
	lines = ucom_msr_to_tiocm(sc->sc_msr) |
	    (ISSET(sc->sc_mcr, UMCR_DTR) ? TIOCM_DTR : 0) |
	    (ISSET(sc->sc_mcr, UMCR_RTS) ? TIOCM_RTS : 0);
	mutex_exit(&sc->sc_lock);
	return lines;
}

static u_int
ucom_tiocm_to_mcr(int lines)
{

	return (ISSET(lines, TIOCM_DTR) ? UMCR_DTR : 0) |
	    (ISSET(lines, TIOCM_RTS) ? UMCR_RTS : 0);
}

/*
 * The ioctls that are neither the line discipline's, nor the tty's, nor the
 * parent's.
 */
static int
ucom_do_ioctl(struct ucom_softc *sc, u_long cmd, void *data, struct lwp *l)
{
	int error;

	switch (cmd) {
	case TIOCSBRK:
		ucom_break(sc, 1);
		return 0;
	case TIOCCBRK:
		ucom_break(sc, 0);
		return 0;
	case TIOCSDTR:
		ucom_mcr(sc, UMCR_DTR, UMCR_DTR);
		return 0;
	case TIOCCDTR:
		ucom_mcr(sc, UMCR_DTR, 0);
		return 0;
	case TIOCGFLAGS:
		mutex_enter(&sc->sc_lock);
		*(int *)data = sc->sc_swflags;
		mutex_exit(&sc->sc_lock);
		return 0;
	case TIOCSFLAGS:
		error = kauth_authorize_device_tty(l->l_cred,
		    KAUTH_DEVICE_TTY_PRIVSET, sc->sc_tty);
		if (error)
			return error;
		mutex_enter(&sc->sc_lock);
		sc->sc_swflags = *(int *)data;
		mutex_exit(&sc->sc_lock);
		return 0;
	case TIOCMSET:
		ucom_mcr(sc, UMCR_DTR | UMCR_RTS,
		    ucom_tiocm_to_mcr(*(int *)data));
		return 0;
	case TIOCMBIS:
		ucom_mcr(sc, ucom_tiocm_to_mcr(*(int *)data),
		    UMCR_DTR | UMCR_RTS);
		return 0;
	case TIOCMBIC:
		ucom_mcr(sc, ucom_tiocm_to_mcr(*(int *)data), 0);
		return 0;
	case TIOCMGET:
		*(int *)data = ucom_to_tiocm(sc);
		return 0;
	default:
		return EPASSTHROUGH;
	}
}

/*
 * The parent's own ioctls are requests as well.
 */
static int
ucom_parent_ioctl(struct ucom_softc *sc, u_long cmd, void *data, int flag,
    struct lwp *l)
{
	int error;

	if (sc->sc_methods->ucom_ioctl == NULL)
		return EPASSTHROUGH;
	ucom_ctl_enter(sc);
	error = sc->sc_methods->ucom_ioctl(sc->sc_parent, sc->sc_portno, cmd,
	    data, flag, l->l_proc);
	ucom_ctl_exit(sc);
	return error;
}

int
ucomioctl(dev_t dev, u_long cmd, void *data, int flag, struct lwp *l)
{
	struct ucom_softc *sc = ucom_lookup(dev);
	struct tty *tp = sc->sc_tty;
	int error;

	/* New settings must not reach the chip before its buffer is empty. */
	if (cmd == TIOCSETAW || cmd == TIOCSETAF) {
		error = ttywait(tp);
		if (error == 0)
			error = ucom_txempty(sc, true);
		if (error)
			return error;
	}
	error = (*tp->t_linesw->l_ioctl)(tp, cmd, data, flag, l);
	if (error == EPASSTHROUGH)
		error = ttioctl(tp, cmd, data, flag, l);
	if (error == 0 && cmd == TIOCDRAIN)
		error = ucom_txempty(sc, true);
	if (error == EPASSTHROUGH)
		error = ucom_parent_ioctl(sc, cmd, data, flag, l);
	if (error == EPASSTHROUGH)
		error = ucom_do_ioctl(sc, cmd, data, l);
	return error;
}

/*
 * error = ucomparam(tp, t)
 *
 *	t_param: make the line like t, no lock held.  Speed 0 drops DTR and
 *	changes nothing else; coming back from it raises DTR.  EINVAL: the
 *	two speeds differ, or the parent cannot do it.  EIO.
 */
static int
ucomparam(struct tty *tp, struct termios *t)
{
	struct ucom_softc *sc = tp->t_softc;
	struct termios chip = *t;
	int error = 0, ospeed;

	if (t->c_ispeed != 0 && t->c_ispeed != t->c_ospeed)
		return EINVAL;
	ttylock(tp);
	ospeed = tp->t_ospeed;
	ttyunlock(tp);
	if (t->c_ospeed != 0 && sc->sc_methods->ucom_param != NULL) {
		ucom_ctl_enter(sc);
		error = sc->sc_methods->ucom_param(sc->sc_parent,
		    sc->sc_portno, &chip);
		ucom_ctl_exit(sc);
		if (error)
			return error;
	}
	if (t->c_ospeed == 0)
		ucom_mcr(sc, UMCR_DTR, 0);
	else if (ospeed == 0)
		ucom_mcr(sc, UMCR_DTR, UMCR_DTR);

	ttylock(tp);
	tp->t_ispeed = 0;
	tp->t_ospeed = t->c_ospeed;
	tp->t_cflag = t->c_cflag;
	ttyunlock(tp);

	/* A quarter of a second of output in each write. */
	mutex_enter(&sc->sc_lock);
	sc->sc_olimit = MAX(UCOM_OUT_MIN, MIN(sc->sc_obufsize,
	    (u_int)t->c_ospeed / 10 / UCOM_OUT_BUFFS));
	mutex_exit(&sc->sc_lock);
	return 0;
}

/* ---- output --------------------------------------------------------- */

/*
 * Submit a write; sc_lock held.  If that fails, it waits for ucom_recover
 * like one that failed later.
 */
static void
ucom_submit_write(struct ucom_softc *sc, struct ucom_buffer *ub)
{
	usbd_status err;

	KASSERT(mutex_owned(&sc->sc_lock));
	usbd_setup_xfer(ub->ub_xfer, ub, ub->ub_data, ub->ub_len, 0,
	    USBD_NO_TIMEOUT, ucomwritecb);
	sc->sc_oinflight++;
	err = usbd_transfer(ub->ub_xfer);
	if (err == USBD_IN_PROGRESS)
		return;
	sc->sc_oinflight--;
	ub->ub_errs++;
	SIMPLEQ_INSERT_TAIL(&sc->sc_obuff_retry, ub, ub_link);
	ucom_recover_later(sc, ub->ub_errs);
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
	ub->ub_len = n;
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
static void
ucomstart(struct tty *tp)
{
	struct ucom_softc *sc = tp->t_softc;
	struct ucom_buffer *ub;

	KASSERT(ttylocked(tp));
	if (ISSET(tp->t_state, TS_TIMEOUT | TS_TTSTOP))
		return;
	mutex_enter(&sc->sc_lock);
	while (sc->sc_running && SIMPLEQ_EMPTY(&sc->sc_obuff_retry) &&
	    (ub = SIMPLEQ_FIRST(&sc->sc_obuff_free)) != NULL &&
	    ucom_fill(sc, tp, ub)) {
		SIMPLEQ_REMOVE_HEAD(&sc->sc_obuff_free, ub_link);
		ucom_submit_write(sc, ub);
	}
	ucom_set_busy(sc, tp);
	mutex_exit(&sc->sc_lock);
	/* There is room in the queue now: wake writers. */
	(void)ttypull(tp);
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

	if (sc->sc_running && !sc->sc_dying &&
	    ++ub->ub_errs < UCOM_MAXERRS) {
		if (status == USBD_STALLED)
			usbd_clear_endpoint_stall_async(sc->sc_bulkout_pipe);
		SIMPLEQ_INSERT_TAIL(&sc->sc_obuff_retry, ub, ub_link);
		ucom_recover_later(sc, ub->ub_errs);
		return;
	}
	if (sc->sc_running && !sc->sc_dying)
		device_printf(sc->sc_dev, "%u bytes of output lost: %s\n",
		    ub->ub_len, usbd_errstr(status));
	SIMPLEQ_INSERT_TAIL(&sc->sc_obuff_free, ub, ub_link);
}

static void
ucomwritecb(struct usbd_xfer *xfer, void *priv, usbd_status status)
{
	struct ucom_buffer *ub = priv;
	struct ucom_softc *sc = ub->ub_sc;
	struct tty *tp = sc->sc_tty;
	uint32_t done;

	usbd_get_xfer_status(xfer, NULL, NULL, &done, NULL);
	ttylock(tp);
	mutex_enter(&sc->sc_lock);
	KASSERT(sc->sc_oinflight > 0);
	sc->sc_oinflight--;
	done = MIN(done, ub->ub_len);
	ub->ub_data += done;
	ub->ub_len -= done;
	if (ub->ub_len == 0)
		SIMPLEQ_INSERT_TAIL(&sc->sc_obuff_free, ub, ub_link);
	else
		ucom_write_failed(sc, ub, status);
	ub = SIMPLEQ_FIRST(&sc->sc_obuff_retry);
	if (sc->sc_oinflight == 0 && ub != NULL)
		ucom_recover_later(sc, ub->ub_errs);
	ucom_set_busy(sc, tp);
	mutex_exit(&sc->sc_lock);
	/* Wake those who wait for an idle line, even a stopped one. */
	(void)ttypull(tp);
	(void)(*tp->t_linesw->l_start)(tp);
	ttyunlock(tp);
}

/*
 * d_stop: what was handed to the device cannot be stopped.
 */
void
ucomstop(struct tty *tp __unused, int flag __unused)
{
}

/* ---- input ---------------------------------------------------------- */

/*
 * ucomhwiflow(tp, block)
 *
 *	t_hwiflow, tty lock held: the tty is full, or has room again.  The
 *	device is stopped by reads that are not submitted.
 */
static int
ucomhwiflow(struct tty *tp, int block)
{
	struct ucom_softc *sc = tp->t_softc;

	KASSERT(ttylocked(tp));
	mutex_enter(&sc->sc_lock);
	sc->sc_rx_stopped = block != 0;
	/* Not from here: feeding takes the tty lock. */
	if (!block && !SIMPLEQ_EMPTY(&sc->sc_ibuff_full))
		softint_schedule(sc->sc_si);
	mutex_exit(&sc->sc_lock);
	return 1;
}

static void
ucom_softintr(void *arg)
{

	ucom_feed(arg);
}

/*
 * Submit all reads that are idle; sc_lock held.
 */
static void
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
 */
static void
ucom_feed(struct ucom_softc *sc)
{
	struct tty *tp = sc->sc_tty;
	struct ucom_buffer *ub;
	size_t n;

	mutex_enter(&sc->sc_lock);
	if (sc->sc_rx_feeding) {
		mutex_exit(&sc->sc_lock);
		return;
	}
	sc->sc_rx_feeding = true;
	while (sc->sc_running && !sc->sc_rx_stopped &&
	    (ub = SIMPLEQ_FIRST(&sc->sc_ibuff_full)) != NULL) {
		mutex_exit(&sc->sc_lock);
		n = (*tp->t_linesw->l_rintb)(tp, ub->ub_data, ub->ub_len);
		mutex_enter(&sc->sc_lock);
		ub->ub_data += n;
		ub->ub_len -= n;
		if (ub->ub_len == 0) {
			SIMPLEQ_REMOVE_HEAD(&sc->sc_ibuff_full, ub_link);
			SIMPLEQ_INSERT_TAIL(&sc->sc_ibuff_idle, ub, ub_link);
			if (sc->sc_rx_errs == 0)
				ucom_submit_reads(sc);
		}
	}
	sc->sc_rx_feeding = false;
	cv_broadcast(&sc->sc_statecv);
	mutex_exit(&sc->sc_lock);
}

static void
ucomreadcb(struct usbd_xfer *xfer, void *priv, usbd_status status)
{
	struct ucom_buffer *ub = priv;
	struct ucom_softc *sc = ub->ub_sc;
	uint32_t len;

	if (status != USBD_NORMAL_COMPLETION) {
		ucom_read_failed(sc, ub, status);
		return;
	}
	usbd_get_xfer_status(xfer, NULL, NULL, &len, NULL);
	ub->ub_data = ub->ub_buf;
	if (sc->sc_methods->ucom_read != NULL) {
		sc->sc_methods->ucom_read(sc->sc_parent, sc->sc_portno,
		    &ub->ub_data, &len);
		/* Chips put their modem lines in front of the data. */
		ucom_ask_status(sc, false);
	}
	ub->ub_len = len;

	mutex_enter(&sc->sc_lock);
	sc->sc_rx_errs = 0;
	if (len != 0)
		SIMPLEQ_INSERT_TAIL(&sc->sc_ibuff_full, ub, ub_link);
	else
		SIMPLEQ_INSERT_TAIL(&sc->sc_ibuff_idle, ub, ub_link);
	ucom_submit_reads(sc);
	mutex_exit(&sc->sc_lock);
	if (len != 0)
		ucom_feed(sc);
}

/* ---- recovery ------------------------------------------------------- */

/*
 * Try again what failed, after a pause that doubles with every failure in
 * a row; sc_lock held.
 */
static void
ucom_recover_later(struct ucom_softc *sc, u_int errs)
{
	int ms = UCOM_RECOVER_MIN_MS << MIN(errs, 16U);

	KASSERT(mutex_owned(&sc->sc_lock));
	if (sc->sc_running && !sc->sc_dying &&
	    !callout_pending(&sc->sc_recover))
		callout_schedule(&sc->sc_recover,
		    mstohz(MIN(ms, UCOM_RECOVER_MAX_MS)));
}

static void
ucom_read_failed(struct ucom_softc *sc, struct ucom_buffer *ub,
    usbd_status status)
{

	mutex_enter(&sc->sc_lock);
	SIMPLEQ_INSERT_TAIL(&sc->sc_ibuff_idle, ub, ub_link);
	if (sc->sc_running && !sc->sc_dying && status != USBD_CANCELLED) {
		if (status == USBD_STALLED)
			usbd_clear_endpoint_stall_async(sc->sc_bulkin_pipe);
		ucom_recover_later(sc, ++sc->sc_rx_errs);
	}
	mutex_exit(&sc->sc_lock);
}

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
		while (sc->sc_running &&
		    (ub = SIMPLEQ_FIRST(&sc->sc_obuff_retry)) != NULL) {
			SIMPLEQ_REMOVE_HEAD(&sc->sc_obuff_retry, ub_link);
			ucom_submit_write(sc, ub);
		}
	}
	mutex_exit(&sc->sc_lock);
}
