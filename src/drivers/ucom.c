/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ucom.c - ucom(4): the tty of a USB serial adapter.  This file: the model,
 * attach and detach, and the device switch.  ucom_open.c: open, d_cancel and
 * close, and the states.  ucom_param.c: the mode of the line.  ucom_modem.c:
 * requests and modem lines.  ucom_io.c: transfers, ucom_rx.c those of input.
 * Calls go one way: from this file to ucom_open.c, ucom_param.c, ucom_io.c,
 * ucom_rx.c and ucom_modem.c, and from each of these only to those behind it.
 *
 * Model
 *	A ucom is the child of a chip's driver (uftdi, umodem, ...), which
 *	it asks through struct ucom_methods.  It owns two bulk pipes with
 *	sc_nibuff and UCOM_OUT_BUFFS transfers, and one tty, which has
 *	two device nodes: ttyUN, dial-in, waits for carrier; dtyUN, dial-out,
 *	does not.  They are two dev_t's to specfs, so cancel and close come
 *	for each by itself.
 *
 * Input
 *	A completed read goes to the tty at once, on the event thread; of
 *	several that have completed together all go when the last has been
 *	seen, so that the reader is woken once.  When
 *	the tty takes less than it is given, the rest stays in its buffer and
 *	on sc_ibuff_full, no read is resubmitted, and the device is stopped
 *	by USB itself; nothing is lost.  The tty says when it has room again
 *	(t_hwiflow(tp, 0)), and a soft interrupt goes on.  One thread at a
 *	time feeds the tty (sc_rx_feeding), or bytes would change places.
 *	The same queue keeps what comes with the carrier, until the open that
 *	waited for it is done.
 *	Breaks and errors of the line travel beside the bytes that they
 *	belong to (ucom_read_lsr), or between them (ucom_line_event).
 *
 * Output
 *	t_oproc is ucomstart: it copies from t_outq to free buffers and
 *	submits them, however few the bytes are.  TS_BUSY is set while a
 *	write is in flight, so draining waits for the device to have it all.
 *	At most about a second of output, at the speed of the line, is in
 *	flight; it counts as not sent (TIOCOUTQ), but takes no room.
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
 *	(ucom_ctl_enter).  Pipes are aborted with no lock held, since that
 *	waits for callbacks, which take both.  d_cancel only flags and wakes.
 *
 * Known gaps
 *	No PPS.  Only tcflush(3) calls back what has been handed to the
 *	device, and TCSAFLUSH what it has handed over; INTR, QUIT and BRKINT
 *	flush what the tty has.
 */
#include <sys/param.h>
#include <sys/conf.h>
#include <sys/device.h>
#include <sys/fcntl.h>
#include <sys/ioctl.h>
#include <sys/kauth.h>
#include <sys/poll.h>
#include <sys/proc.h>
#include <sys/systm.h>
#include <sys/uio.h>
#include <sys/vnode.h>

#include "drivers/ioconf.h"
#include "drivers/ucom_impl.h"

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

CFATTACH_DECL3_NEW(ucom, sizeof(struct ucom_softc), ucom_match, ucom_attach,
    ucom_detach, ucom_activate, NULL, NULL, DVF_ATTACH_MPSAFE);

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

static void
ucom_attach(device_t parent __unused, device_t self, void *aux)
{
	struct ucom_softc *sc = device_private(self);
	const struct ucom_attach_args *ucaa = aux;
	struct tty *tp;
	int error;

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
	sc->sc_nibuff = ucaa->ucaa_nreads != 0 ?
	    MIN(ucaa->ucaa_nreads, UCOM_IN_MAX) : UCOM_IN_BUFFS;
	sc->sc_opkthdrlen = ucaa->ucaa_opkthdrlen;
	sc->sc_obufsize = ucaa->ucaa_obufsize - ucaa->ucaa_opkthdrlen;
	sc->sc_state = UCOM_DEAD;

	mutex_init(&sc->sc_lock, MUTEX_DEFAULT, IPL_SOFTUSB);
	cv_init(&sc->sc_statecv, "ucomstate");
	cv_init(&sc->sc_ctlcv, "ucomctl");
	/* Some drivers take the sizes from the device's descriptors. */
	if (ucaa->ucaa_ibufsize == 0 ||
	    ucaa->ucaa_obufsize <= ucaa->ucaa_opkthdrlen) {
		aprint_error_dev(self, "no room for data in packets of %u "
		    "and %u bytes\n", ucaa->ucaa_ibufsize,
		    ucaa->ucaa_obufsize);
		return;
	}
	error = ucom_io_attach(sc, ucaa);
	if (error) {
		ucom_io_detach(sc);
		aprint_error_dev(self, "attach failed, error=%d\n", error);
		return;
	}

	tp = tty_alloc();
	tp->t_oproc = ucomstart;
	tp->t_param = ucomparam;
	tp->t_hwiflow = ucomhwiflow;
	if (sc->sc_methods->ucom_mspar)
		ttymspar(tp);
	if (sc->sc_methods->ucom_low_latency == NULL)
		SET(tp->t_port.tp_flags, TTYPORT_LOWLAT);
	tp->t_softc = sc;
	sc->sc_tty = tp;
	ucom_state_get(sc);
	ucom_park_get(sc);
	tty_attach(tp);
	if (!pmf_device_register(self, NULL, NULL))
		aprint_error_dev(self, "couldn't establish power handler\n");
	sc->sc_state = UCOM_ATTACHED;
}

/*
 * The tty first: output that fails from sc_dying on is thrown away, and who
 * waits for it must not take an idle line for success:
 *
 *	detach				event thread, tcdrain
 *	sc_dying
 *					ucomwritecb: lost, TS_BUSY is over
 *					ttywait: all is sent, 0
 *	ttyhangup
 */
static int
ucom_activate(device_t self, enum devact act)
{
	struct ucom_softc *sc = device_private(self);

	if (act == DVACT_PARKING)
		return ucom_parking(sc);
	if (act == DVACT_PARK)
		return ucom_park(sc);
	if (act != DVACT_DEACTIVATE)
		return EOPNOTSUPP;
	if (sc->sc_tty != NULL)
		ttyhangup(sc->sc_tty);
	mutex_enter(&sc->sc_lock);
	sc->sc_dying = true;
	cv_broadcast(&sc->sc_statecv);
	cv_broadcast(&sc->sc_ctlcv);
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
	/* For an open that came between the two steps of that. */
	if (tp != NULL)
		ttyhangup(tp);

	maj = cdevsw_lookup_major(&ucom_cdevsw);
	vdevgone(maj, mn, mn, VCHR);
	vdevgone(maj, mn | TTDIALOUT_MASK, mn | TTDIALOUT_MASK, VCHR);

	KASSERTMSG(sc->sc_state == UCOM_ATTACHED || sc->sc_state == UCOM_DEAD,
	    "%s in state %d", device_xname(self), sc->sc_state);
	KASSERT(sc->sc_nopeners == 0 && sc->sc_oinflight == 0);
	if (tp != NULL) {
		ucom_state_drop(sc);
		ucom_park_drop(sc);
		ucom_io_detach(sc);
		tty_detach(tp);
		tty_free(tp);
		sc->sc_tty = NULL;
	}
	cv_destroy(&sc->sc_ctlcv);
	cv_destroy(&sc->sc_statecv);
	mutex_destroy(&sc->sc_lock);
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
	struct ucom_softc *sc = ucom_lookup(dev);
	struct tty *tp = sc->sc_tty;
	int revents = (*tp->t_linesw->l_poll)(tp, events, l);
	bool gone;

	/*
	 * Between the unplug and the revoke, answer as after the revoke.  A
	 * poller is woken by the hang-up, before sc_dying.
	 */
	ttylock(tp);
	gone = ISSET(tp->t_flags, TF_HANGUP);
	ttyunlock(tp);
	mutex_enter(&sc->sc_lock);
	gone |= sc->sc_dying;
	mutex_exit(&sc->sc_lock);
	return gone ? events | POLLERR | POLLHUP : revents;
}

struct tty *
ucomtty(dev_t dev)
{
	struct ucom_softc *sc = device_lookup_private(&ucom_cd, UCOMUNIT(dev));

	return sc == NULL ? NULL : sc->sc_tty;
}

/*
 * ucom_mcr for a client, who asks for just that: a refusal is an error like
 * others.
 */
static int
ucom_set_lines(struct ucom_softc *sc, u_int mask, u_int value)
{
	int error;

	if (mask == 0)
		return 0;
	error = ucom_ctl_enter(sc, true);
	if (error)
		return error;
	error = ucom_mcr(sc, mask, value);
	ucom_ctl_exit(sc);
	return error == EOPNOTSUPP ? EIO : error;
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
	case TIOCCBRK:
		return ucom_break(sc, cmd == TIOCSBRK);
	case TIOCSDTR:
		return ucom_set_lines(sc, UMCR_DTR, UMCR_DTR);
	case TIOCCDTR:
		return ucom_set_lines(sc, UMCR_DTR, 0);
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
		return ucom_set_lines(sc, UMCR_DTR | UMCR_RTS,
		    ucom_tiocm_to_mcr(*(int *)data));
	case TIOCMBIS:
		return ucom_set_lines(sc, ucom_tiocm_to_mcr(*(int *)data),
		    UMCR_DTR | UMCR_RTS);
	case TIOCMBIC:
		return ucom_set_lines(sc, ucom_tiocm_to_mcr(*(int *)data), 0);
	case TIOCMGET:
		*(int *)data = ucom_to_tiocm(sc);
		return 0;
	default:
		return EPASSTHROUGH;
	}
}

/*
 * The parent's own ioctls are requests as well.  It sees all that go on to
 * ucom_do_ioctl: see ucom_break for the end of one.
 */
static int
ucom_parent_ioctl(struct ucom_softc *sc, u_long cmd, void *data, int flag,
    struct lwp *l)
{
	int error;

	if (sc->sc_methods->ucom_ioctl == NULL)
		return EPASSTHROUGH;
	error = ucom_ctl_enter(sc, cmd != TIOCCBRK);
	if (error)
		return error;
	error = sc->sc_methods->ucom_ioctl(sc->sc_parent, sc->sc_portno, cmd,
	    data, flag, l->l_proc);
	ucom_ctl_exit(sc);
	return error;
}

/*
 * TIOCOUTQ and FIONWRITE: they say 0 when TIOCDRAIN would not wait, neither
 * for the queue, nor for a transfer, nor for a chip that can tell that it is
 * still sending (1, as it can't tell how much).  Who waits for 0 to turn an
 * RS-485 line around would cut his own last bytes.  FIONSPACE is the tty's:
 * what is in transfers takes no room from a write.
 */
static int
ucom_outq_ioctl(struct ucom_softc *sc, u_long cmd, void *data)
{
	int *const n = data;

	if (cmd != TIOCOUTQ && cmd != FIONWRITE)
		return EPASSTHROUGH;
	*n = ucom_outq(sc);
	return *n != 0 ? 0 : ucom_txbusy(sc, n);
}

/*
 * TIOCFLUSH, tcflush(3), and TCSAFLUSH for input: what the tty has, what
 * transfers carry, and what the chip has.  The chip's own output is asked away
 * only if it may have some, as the request takes a millisecond, and its input
 * only if it was not read as it came, because the tty was full.  Those of
 * ucom_ctl_enter; nothing has been flushed then.
 */
static int
ucom_flush(struct ucom_softc *sc, int rw)
{
	struct tty *tp = sc->sc_tty;
	int error, chip = 0;

	if (rw == 0)
		rw = FREAD | FWRITE;
	if (ISSET(rw, ~(FREAD | FWRITE)))
		return EINVAL;
	error = ucom_ctl_enter(sc, true);
	if (error)
		return error;
	mutex_enter(&sc->sc_lock);
	if (ISSET(rw, FWRITE) && (sc->sc_oinflight != 0 || ucom_txleft(sc) != 0))
		SET(chip, FWRITE);
	if (ISSET(rw, FREAD) && sc->sc_rx_stopped)
		SET(chip, FREAD);
	mutex_exit(&sc->sc_lock);
	if (ISSET(rw, FREAD))
		ucom_in_hold(sc);
	if (ISSET(rw, FWRITE)) {
		ttylock(tp);
		ttyflush(tp, FWRITE);
		ttyunlock(tp);
		ucom_out_recall(sc);
	}
	if (chip != 0 && sc->sc_methods->ucom_purge != NULL) {
		sc->sc_methods->ucom_purge(sc->sc_parent, sc->sc_portno, chip);
		if (ISSET(chip, FWRITE)) {
			mutex_enter(&sc->sc_lock);
			sc->sc_oheld = false;
			mutex_exit(&sc->sc_lock);
		}
	}
	if (ISSET(rw, FREAD))
		ucom_in_drop(sc);
	ucom_ctl_exit(sc);
	return 0;
}

/*
 * TIOCSPORT: the tty has it, and the chip is asked for what it can do of it.  A
 * chip that keeps nothing back has low latency, whatever is asked for.
 */
static int
ucom_set_port(struct ucom_softc *sc, struct tty_port *port, int flag,
    struct lwp *l)
{
	const struct ucom_methods *const um = sc->sc_methods;
	const bool low = ISSET(port->tp_flags, TTYPORT_LOWLAT) != 0;
	struct tty *tp = sc->sc_tty;
	bool was;
	int error;

	ttylock(tp);
	was = ISSET(tp->t_port.tp_flags, TTYPORT_LOWLAT) != 0;
	ttyunlock(tp);
	if (um->ucom_low_latency == NULL)
		SET(port->tp_flags, TTYPORT_LOWLAT);
	error = ttioctl(tp, TIOCSPORT, port, flag, l);
	if (error || low == was || um->ucom_low_latency == NULL)
		return error;
	error = ucom_ctl_enter(sc, true);
	if (error == 0) {
		error = um->ucom_low_latency(sc->sc_parent, sc->sc_portno,
		    low);
		ucom_ctl_exit(sc);
	}
	if (error) {
		ttylock(tp);
		tp->t_port.tp_flags = was ? TTYPORT_LOWLAT : 0;
		ttyunlock(tp);
	}
	return error == EOPNOTSUPP ? EIO : error;
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
		if (error == 0 && cmd == TIOCSETAF)
			error = ucom_flush(sc, FREAD);
		if (error)
			return error;
	}
	error = (*tp->t_linesw->l_ioctl)(tp, cmd, data, flag, l);
	if (error == EPASSTHROUGH && cmd == TIOCFLUSH)
		error = ucom_flush(sc, *(int *)data);
	if (error == EPASSTHROUGH && cmd == TIOCSPORT)
		error = ucom_set_port(sc, data, flag, l);
	if (error == EPASSTHROUGH)
		error = ucom_outq_ioctl(sc, cmd, data);
	if (error == EPASSTHROUGH)
		error = ttioctl(tp, cmd, data, flag, l);
	if (error == 0 && cmd == TIOCDRAIN)
		error = ucom_txempty(sc, true);
	if (error == 0 && cmd == TIOCGTXEMPTY && *(int *)data != 0)
		error = ucom_txempty_now(sc, true, data);
	if (error == EPASSTHROUGH)
		error = ucom_parent_ioctl(sc, cmd, data, flag, l);
	if (error == EPASSTHROUGH)
		error = ucom_do_ioctl(sc, cmd, data, l);
	if (error == 0 && (cmd == TIOCSETA || cmd == TIOCSETAW ||
	    cmd == TIOCSETAF || cmd == TIOCSPORT || cmd == TIOCSFLAGS))
		ucom_state_put(sc);
	return error;
}

/*
 * d_stop: what was handed to the device cannot be stopped.
 */
void
ucomstop(struct tty *tp __unused, int flag __unused)
{
}
