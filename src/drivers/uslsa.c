/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uslsa.c - uslsa(4): Silicon Labs' CP210x, below ucom(4).
 *
 * Model
 *	One uslsa per interface, that is per port, of a chip.  It owns the
 *	port's settings: what was last sent is remembered, so that an ioctl
 *	that changes nothing costs no request.  The port is enabled by a first
 *	open.  The last close disables it, which takes DTR and RTS down; so it
 *	does not where they are meant to stay up (-hupcl, or the configuration
 *	keeps them), and the next open finds the port as it is.
 *
 * Events
 *	The chip puts changes of the modem lines and errors of the line into
 *	the data, behind an escape (uslsa_unescape).  Some CP2102, which are
 *	counterfeits or not, cannot: they answer a request for two bytes of
 *	part number with one.  There the lines are asked for USLSA_POLL_MS
 *	after the last answer, on the device's task thread, while the port is
 *	open, and errors are not told.
 *
 * Variants
 *	By part number (uslsa_port); an unknown one is used as a CP2102N.  A
 *	CP2102N with firmware up to 1.0.4 has a fault in its flow control and
 *	is not asked for any.
 *
 * Locks: see uchip.h.  (e) only the event thread, and open before it reads.
 * sc_polling is atomic:
 *
 *	close				task, callout
 *	sc_polling off
 *					(a task was running: the callout again)
 *	callout_halt, waits for the task
 *	callout_halt
 *					finds sc_polling off: no task
 *
 * Known gaps
 *	No GPIO.  A drain ends when the chip's queue is empty, with a
 *	character or two still in its UART.
 */
#include <sys/param.h>
#include <sys/atomic.h>
#include <sys/callout.h>
#include <sys/device.h>
#include <sys/fcntl.h>
#include <sys/kernel.h>
#include <sys/systm.h>
#include <sys/tty.h>

#include <dev/usb/usb.h>
#include <dev/usb/usbdi.h>
#include <dev/usb/usbdivar.h>
#include <dev/usb/ucomvar.h>

#include "drivers/uchip.h"
#include "drivers/uslsareg.h"

#define	USLSA_POLL_MS		100
#define	USLSA_MINFW		0x010005U	/* CP2102N with flow control */

#define	USLSA_RTSCTS		0x1	/* in sc_flow, with the characters */
#define	USLSA_XONXOFF		0x2	/* in << 8 and << 16 */

struct uslsa_softc {
	struct uchip	 sc_chip;	/* first */
	u_int		 sc_port;	/* (c) bInterfaceNumber, for wIndex */
	const struct uslsa_port *sc_can; /* (c) */
	bool		 sc_events;	/* (c) escapes in the data */
	bool		 sc_noflow;	/* (c) */
	bool		 sc_attached;	/* (c) the callout is there */

	bool		 sc_enabled;	/* (u) */
	uint32_t	 sc_baud;	/* (u) last sent */
	uint32_t	 sc_line;	/* (u) same */
	uint32_t	 sc_flow;	/* (u) same */
	u_int		 sc_lines;	/* (u) UMCR_*, same */
	struct uslsa_escapes sc_escapes; /* (e) */

	bool		 sc_purged;	/* atomic: no escape goes on */
	bool		 sc_polling;
	callout_t	 sc_poll;
	struct usb_task	 sc_task;
};

static const struct usb_devno uslsa_devs[] = {
	{ 0x10c4, 0xea60 },	/* CP2101 to CP2104, CP2102N */
	{ 0x10c4, 0xea61 },	/* CP210x, other ids of the maker's */
	{ 0x10c4, 0xea63 },	/* CP210x, same */
	{ 0x10c4, 0xea70 },	/* CP2105 */
	{ 0x10c4, 0xea71 },	/* CP2108 */
	{ 0x10c4, 0xea80 },	/* CP2103 */
	{ 0x10c5, 0xea61 },	/* cable with a CP2102 */
};

static int	uslsa_match(device_t, cfdata_t, void *);
static void	uslsa_attach(device_t, device_t, void *);
static int	uslsa_detach(device_t, int);

static void	uslsa_get_status(void *, int, u_char *, u_char *);
static int	uslsa_set_lines(void *, int, u_int, u_int);
static int	uslsa_set_break(void *, int, int);
static int	uslsa_param(void *, int, struct termios *);
static int	uslsa_open(void *, int);
static void	uslsa_close(void *, int);
static bool	uslsa_read_lsr(void *, int, u_char **, uint32_t *, u_char *);
static bool	uslsa_txempty(void *, int);
static void	uslsa_purge(void *, int, int);

static const struct ucom_methods uslsa_methods = {
	.ucom_get_status = uslsa_get_status,
	.ucom_param = uslsa_param,
	.ucom_open = uslsa_open,
	.ucom_close = uslsa_close,
	.ucom_txempty = uslsa_txempty,
	.ucom_set_lines = uslsa_set_lines,
	.ucom_set_break = uslsa_set_break,
	.ucom_mspar = true,
	.ucom_read_lsr = uslsa_read_lsr,
	.ucom_purge = uslsa_purge,
};

extern struct cfattach uslsa_ca;
CFATTACH_DECL3_NEW(uslsa, sizeof(struct uslsa_softc), uslsa_match,
    uslsa_attach, uslsa_detach, uchip_activate, NULL, uchip_childdet,
    DVF_ATTACH_MPSAFE);

static int
uslsa_match(device_t parent __unused, cfdata_t match __unused, void *aux)
{
	struct usbif_attach_arg *uiaa = aux;

	if (usb_lookup(uslsa_devs, uiaa->uiaa_vendor,
	    uiaa->uiaa_product) == NULL)
		return UMATCH_NONE;
	uiaa->uiaa_chip = uslsa_chip((u_int)uiaa->uiaa_product,
	    uiaa->uiaa_device->ud_product);
	return UMATCH_VENDOR_PRODUCT_CONF_IFACE;
}

/* ---- requests ------------------------------------------------------- */

static int
uslsa_write(struct uslsa_softc *sc, uint8_t request, u_int value,
    const void *data, u_int len)
{

	return uchip_write(&sc->sc_chip, UT_WRITE_VENDOR_INTERFACE, request,
	    value, sc->sc_port, data, len);
}

static int
uslsa_ask(struct uslsa_softc *sc, uint8_t request, void *data, u_int len)
{

	return uchip_read(&sc->sc_chip, UT_READ_VENDOR_INTERFACE, request, 0,
	    sc->sc_port, data, len, NULL);
}

/* What a chip refuses it does without, see uftdi_open. */
static int
uslsa_tolerate(int error)
{

	return error == EOPNOTSUPP ? 0 : error;
}

static void
put32(uint8_t *p, uint32_t v)
{

	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
	p[2] = (uint8_t)(v >> 16);
	p[3] = (uint8_t)(v >> 24);
}

static uint32_t
get32(const uint8_t *p)
{

	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	    (uint32_t)p[3] << 24;
}

/* ---- attach and detach ---------------------------------------------- */

static int
uslsa_vendor(struct uslsa_softc *sc, u_int what, uint8_t *buf, u_int len,
    u_int *done)
{

	return uslsa_tolerate(uchip_try(&sc->sc_chip, UT_READ_VENDOR_DEVICE,
	    USLSA_VENDOR, what, 0, buf, len, done));
}

/*
 * Which chip it is, and what that cannot do.  EIO: it does not answer.
 */
static int
uslsa_identify(struct uslsa_softc *sc)
{
	device_t const self = sc->sc_chip.uc_dev;
	uint8_t part, buf[3];
	u_int done;
	int error;

	error = uslsa_vendor(sc, USLSA_GET_PARTNUM, &part, 1, &done);
	if (error)
		return error;
	sc->sc_can = uslsa_port(part, sc->sc_port);
	if (sc->sc_can == NULL) {
		sc->sc_can = uslsa_port(USLSA_CP2102N_28, 0);
		aprint_normal_dev(self, "unknown part number %#x, used as "
		    "%s\n", part, sc->sc_can->up_name);
	}
	sc->sc_events = true;
	if (part == USLSA_CP2102) {
		error = uslsa_vendor(sc, USLSA_GET_PARTNUM, buf, 2, &done);
		sc->sc_events = done != 1;
	} else if (part >= USLSA_CP2102N_28 && part <= USLSA_CP2102N_20) {
		error = uslsa_vendor(sc, USLSA_GET_FW_2N, buf, 3, &done);
		sc->sc_noflow = done == 3 && ((uint32_t)buf[0] << 16 |
		    (uint32_t)buf[1] << 8 | buf[2]) < USLSA_MINFW;
	}
	if (error == 0)
		aprint_normal_dev(self, "%s, port %u%s%s\n",
		    sc->sc_can->up_name, sc->sc_port,
		    sc->sc_events ? "" : ", no events",
		    sc->sc_noflow ? ", no flow control" : "");
	return error;
}

static void
uslsa_poll_task(void *arg)
{
	struct uslsa_softc *sc = arg;
	uint8_t msr;

	/* Not uchip_read, whose memory of refusals is the methods'. */
	if (uchip_try(&sc->sc_chip, UT_READ_VENDOR_INTERFACE,
	    USLSA_GET_MDMSTS, 0, sc->sc_port, &msr, 1, NULL) == 0)
		uchip_lines(&sc->sc_chip, msr & 0xf0);
	if (atomic_load_relaxed(&sc->sc_polling))
		callout_schedule(&sc->sc_poll, mstohz(USLSA_POLL_MS));
}

static void
uslsa_poll_later(void *arg)
{
	struct uslsa_softc *sc = arg;

	if (atomic_load_relaxed(&sc->sc_polling))
		usb_add_task(sc->sc_chip.uc_udev, &sc->sc_task,
		    USB_TASKQ_DRIVER);
}

static void
uslsa_poll_stop(struct uslsa_softc *sc)
{

	atomic_store_relaxed(&sc->sc_polling, false);
	callout_halt(&sc->sc_poll, NULL);
	usb_rem_task_wait(sc->sc_chip.uc_udev, &sc->sc_task,
	    USB_TASKQ_DRIVER, NULL);
	callout_halt(&sc->sc_poll, NULL);
}

static void
uslsa_attach(device_t parent __unused, device_t self, void *aux)
{
	struct uslsa_softc *sc = device_private(self);
	struct usbif_attach_arg *uiaa = aux;
	struct ucom_attach_args ucaa = { .ucaa_portno = 0 };

	sc->sc_port = usbd_get_interface_descriptor(uiaa->uiaa_iface)->
	    bInterfaceNumber;
	if (!uchip_begin(&sc->sc_chip, self, uiaa, &ucaa))
		return;
	/* Status comes in the data. */
	sc->sc_chip.uc_intr = -1;
	if (uslsa_identify(sc) != 0) {
		aprint_error_dev(self, "the chip does not answer\n");
		return;
	}
	callout_init(&sc->sc_poll, CALLOUT_MPSAFE);
	callout_setfunc(&sc->sc_poll, uslsa_poll_later, sc);
	usb_init_task(&sc->sc_task, uslsa_poll_task, sc, USB_TASKQ_MPSAFE);
	sc->sc_attached = true;
	ucaa.ucaa_portno = (int)sc->sc_port;
	uchip_end(&sc->sc_chip, &ucaa, &uslsa_methods);
}

static int
uslsa_detach(device_t self, int flags)
{
	struct uslsa_softc *sc = device_private(self);
	int error = uchip_detach(self, flags);

	if (error)
		return error;
	if (sc->sc_attached) {
		/* Its close, if it was open, has stopped it. */
		callout_destroy(&sc->sc_poll);
		sc->sc_attached = false;
	}
	return 0;
}

/* ---- open and close ------------------------------------------------- */

/* The modem lines, and what DTR and RTS are, which nobody may have set. */
static int
uslsa_first_status(struct uslsa_softc *sc)
{
	const u_int mark = uchip_ask(&sc->sc_chip);
	uint8_t msr;
	int error;

	error = uslsa_ask(sc, USLSA_GET_MDMSTS, &msr, 1);
	if (error)
		return uslsa_tolerate(error);
	uchip_asked(&sc->sc_chip, mark, msr & 0xf0);
	sc->sc_lines = (ISSET(msr, USLSA_DTR) ? UMCR_DTR : 0) |
	    (ISSET(msr, USLSA_RTS) ? UMCR_RTS : 0);
	return 0;
}

static int
uslsa_open(void *arg, int portno __unused)
{
	struct uslsa_softc *sc = arg;
	int error = 0;

	sc->sc_baud = sc->sc_line = sc->sc_flow = UCHIP_UNSET;
	memset(&sc->sc_escapes, 0, sizeof(sc->sc_escapes));
	if (!sc->sc_enabled)
		error = uslsa_write(sc, USLSA_IFC_ENABLE, 1, NULL, 0);
	if (uslsa_tolerate(error) != 0)
		return error;
	sc->sc_enabled = true;
	error = uslsa_write(sc, USLSA_PURGE, USLSA_PURGE_ALL, NULL, 0);
	if (uslsa_tolerate(error) != 0)
		return error;
	if (sc->sc_events) {
		error = uslsa_write(sc, USLSA_EMBED_EVENTS, USLSA_ESCAPE,
		    NULL, 0);
		if (error == EOPNOTSUPP)
			sc->sc_events = false;
		else if (error)
			return error;
	}
	error = uslsa_first_status(sc);
	if (error == 0 && !sc->sc_events) {
		atomic_store_relaxed(&sc->sc_polling, true);
		callout_schedule(&sc->sc_poll, mstohz(USLSA_POLL_MS));
	}
	return error;
}

static void
uslsa_close(void *arg, int portno __unused)
{
	struct uslsa_softc *sc = arg;

	uslsa_poll_stop(sc);
	(void)uslsa_write(sc, USLSA_PURGE, USLSA_PURGE_ALL, NULL, 0);
	if (sc->sc_lines != 0)
		return;
	(void)uslsa_write(sc, USLSA_IFC_ENABLE, 0, NULL, 0);
	sc->sc_enabled = false;
}

/* ---- methods -------------------------------------------------------- */

static void
uslsa_get_status(void *arg, int portno __unused, u_char *lsr, u_char *msr)
{
	struct uslsa_softc *sc = arg;

	*lsr = 0;
	*msr = uchip_msr(&sc->sc_chip);
}

/* On the event thread, which has sc_escapes for itself. */
static bool
uslsa_read_lsr(void *arg, int portno __unused, u_char **ptr, uint32_t *count,
    u_char *lsr)
{
	struct uslsa_softc *sc = arg;
	struct uslsa_escapes *const ue = &sc->sc_escapes;

	if (!sc->sc_events)
		return false;
	if (atomic_load_relaxed(&sc->sc_purged)) {
		atomic_store_relaxed(&sc->sc_purged, false);
		ue->ue_state = 0;
	}
	ue->ue_lines = ue->ue_errors = false;
	*count = uslsa_unescape(ue, *ptr, *count, lsr);
	if (ue->ue_lines)
		uchip_store(&sc->sc_chip, ue->ue_msr);
	return ue->ue_errors;
}

/*
 * Flow control, from what is there: its other bits are kept.  DTR and RTS are
 * in it as well, with the state that they have.
 */
static int
uslsa_send_flow(struct uslsa_softc *sc, uint32_t flow)
{
	uint8_t buf[USLSA_FLOW_LEN];
	uint32_t shake, replace;
	int error;

	error = uslsa_ask(sc, USLSA_GET_FLOW, buf, sizeof(buf));
	if (error)
		return error;
	shake = get32(buf) & ~(uint32_t)USLSA_FLOW_HANDSHAKE;
	replace = get32(buf + 4) & ~(uint32_t)USLSA_FLOW_REPLACE;
	if (ISSET(sc->sc_lines, UMCR_DTR))
		shake |= USLSA_FLOW_DTR;
	if (ISSET(flow, USLSA_RTSCTS))
		shake |= USLSA_FLOW_CTS;
	if (ISSET(sc->sc_lines, UMCR_RTS))
		replace |= ISSET(flow, USLSA_RTSCTS) ? USLSA_FLOW_RTS_AUTO :
		    USLSA_FLOW_RTS_ON;
	put32(buf, shake);
	if (ISSET(flow, USLSA_XONXOFF)) {
		replace |= USLSA_FLOW_AUTOTX | USLSA_FLOW_AUTORX;
		put32(buf + 8, USLSA_FLOW_LIMIT);
		put32(buf + 12, USLSA_FLOW_LIMIT);
	}
	put32(buf + 4, replace);
	return uslsa_write(sc, USLSA_SET_FLOW, 0, buf, sizeof(buf));
}

/*
 * With RTS/CTS the chip moves RTS, and the request for both lines does not
 * reach it: there "on" is leave to move it, and "off" a stop.
 */
static int
uslsa_set_lines(void *arg, int portno __unused, u_int mask, u_int value)
{
	struct uslsa_softc *sc = arg;
	const u_int old = sc->sc_lines;
	const bool chip = sc->sc_flow != UCHIP_UNSET &&
	    ISSET(sc->sc_flow, USLSA_RTSCTS) && ISSET(mask, UMCR_RTS);
	u_int mhs = 0, which = 0;
	int error = 0;

	sc->sc_lines = (old & ~mask) | (value & mask);
	if (ISSET(mask, UMCR_DTR))
		which |= USLSA_DTR;
	if (ISSET(mask, UMCR_RTS) && !chip)
		which |= USLSA_RTS;
	if (ISSET(value, UMCR_DTR))
		mhs |= USLSA_DTR;
	if (ISSET(value, UMCR_RTS))
		mhs |= USLSA_RTS;
	if (which != 0)
		error = uslsa_write(sc, USLSA_SET_MHS,
		    USLSA_MHS_MASK(which) | (mhs & which), NULL, 0);
	if (error == 0 && chip)
		error = uslsa_send_flow(sc, sc->sc_flow);
	if (error)
		sc->sc_lines = old;
	return error;
}

static int
uslsa_set_break(void *arg, int portno __unused, int onoff)
{
	struct uslsa_softc *sc = arg;

	return uslsa_write(sc, USLSA_SET_BREAK, onoff != 0, NULL, 0);
}

/* XON/XOFF in the chip: as in uftdi_flow. */
static uint32_t
uslsa_flow(const struct uslsa_softc *sc, const struct termios *t)
{

	if (ISSET(t->c_cflag, CRTSCTS))
		return USLSA_RTSCTS;
	if (!sc->sc_noflow && ISSET(t->c_iflag, IXON) &&
	    ISSET(t->c_iflag, IXOFF) && !ISSET(t->c_iflag, IXANY) &&
	    t->c_cc[VSTART] != _POSIX_VDISABLE &&
	    t->c_cc[VSTOP] != _POSIX_VDISABLE)
		return USLSA_XONXOFF | (uint32_t)t->c_cc[VSTART] << 8 |
		    (uint32_t)t->c_cc[VSTOP] << 16;
	return 0;
}

static int
uslsa_set_flow(struct uslsa_softc *sc, uint32_t flow)
{
	uint8_t chars[6] = { 0, 0, 0, 0, (uint8_t)(flow >> 8),
	    (uint8_t)(flow >> 16) };
	int error = 0;

	if (ISSET(flow, USLSA_XONXOFF))
		error = uslsa_write(sc, USLSA_SET_CHARS, 0, chars,
		    sizeof(chars));
	return error ? error : uslsa_send_flow(sc, flow);
}

static int
uslsa_set_baud(struct uslsa_softc *sc, uint32_t baud)
{
	uint8_t buf[4];

	put32(buf, baud);
	return uslsa_write(sc, USLSA_SET_BAUDRATE, 0, buf, sizeof(buf));
}

static int
uslsa_set_line(struct uslsa_softc *sc, uint32_t line)
{

	return uslsa_write(sc, USLSA_SET_LINE_CTL, line, NULL, 0);
}

/*
 * Send a setting unless it is the last one; what the chip refuses counts as
 * sent, and is kept in *refused.  Of what it does not answer nobody knows
 * whether it was done.
 */
static int
uslsa_send(struct uslsa_softc *sc, uint32_t *last, uint32_t value,
    int (*send)(struct uslsa_softc *, uint32_t), int *refused)
{
	int error;

	if (*last == value)
		return 0;
	*last = UCHIP_UNSET;
	error = send(sc, value);
	if (uslsa_tolerate(error) != 0)
		return error;
	*last = value;
	*refused |= error;
	return 0;
}

/* ucom_param: see uftdi_param. */
static int
uslsa_param(void *arg, int portno __unused, struct termios *t)
{
	struct uslsa_softc *sc = arg;
	uint32_t baud, actual, line;
	int error, refused = 0;

	if (t->c_ospeed <= 0 ||
	    (sc->sc_noflow && ISSET(t->c_cflag, CRTSCTS)))
		return EINVAL;
	error = uslsa_rate(sc->sc_can, (uint32_t)t->c_ospeed, &baud, &actual);
	if (error == 0)
		error = uslsa_format(sc->sc_can, t->c_cflag, &line);
	if (error == 0)
		error = uslsa_send(sc, &sc->sc_baud, baud, uslsa_set_baud,
		    &refused);
	if (error == 0)
		error = uslsa_send(sc, &sc->sc_line, line, uslsa_set_line,
		    &refused);
	if (error == 0)
		error = uslsa_send(sc, &sc->sc_flow, uslsa_flow(sc, t),
		    uslsa_set_flow, &refused);
	if (error)
		return error;
	t->c_ospeed = (speed_t)actual;
	return refused;
}

/* The rest of an escape that has begun is among what is thrown away. */
static void
uslsa_purge(void *arg, int portno __unused, int rw)
{
	struct uslsa_softc *sc = arg;

	(void)uslsa_write(sc, USLSA_PURGE,
	    (ISSET(rw, FREAD) ? USLSA_PURGE_IN : 0) |
	    (ISSET(rw, FWRITE) ? USLSA_PURGE_OUT : 0), NULL, 0);
	if (ISSET(rw, FREAD))
		atomic_store_relaxed(&sc->sc_purged, true);
}

static bool
uslsa_txempty(void *arg, int portno __unused)
{
	struct uslsa_softc *sc = arg;
	uint8_t buf[USLSA_COMM_LEN];

	if (uslsa_ask(sc, USLSA_GET_COMM_STATUS, buf, sizeof(buf)) != 0)
		return true;	/* nothing that could be waited for */
	return get32(buf + USLSA_COMM_OUTQ) == 0;
}
