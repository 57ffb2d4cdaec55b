/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uchcom.c - uchcom(4): WCH's CH340 and CH341 in serial mode, below ucom(4).
 *
 * Model
 *	One uchcom per chip, with one port.  It owns the chip's settings: what
 *	was last sent of speed, format and flow control is remembered, so that
 *	an ioctl that changes nothing costs no request.  Modem lines come in
 *	status packets, and are asked for at a first open.
 *
 * Variants
 *	By version, and by what the chip does, as all of them have the same
 *	ids and none says its name:
 *	version < 0x30	characters are 8N1, whatever is asked for
 *	refuses to read	no break (the break register is missing), and the
 *	the break	doubled clock only with the highest prescaler
 *	register
 *	forgets what is	no flow control; found out when somebody wants it,
 *	written to the	by reading it again
 *	flow register
 *	A version that is not known is treated as the newest one.
 *
 * What the line did
 *	Status packets say it, but not of which byte: errors are counted.  A
 *	break is a framing error to the chip, and a 0 in the data.
 *
 * Locks: see uchip.h.  All that is not there is only in methods that ucom
 * calls one at a time.
 *
 * Known gaps
 *	The chip has no request to empty its buffers: an open may find what
 *	came before it, 32 bytes at most.  It does not say that its
 *	transmitter is empty, so a drain ends when it has taken the output.
 *	XON/XOFF is the tty's.
 */
#include <sys/param.h>
#include <sys/device.h>
#include <sys/systm.h>
#include <sys/tty.h>

#include <dev/usb/usb.h>
#include <dev/usb/usbdi.h>
#include <dev/usb/ucomvar.h>

#include "drivers/uchcomreg.h"
#include "drivers/uchip.h"

#define	UCHCOM_READS	32	/* in flight */

struct uchcom_softc {
	struct uchip	 sc_chip;	/* first */
	uint8_t		 sc_version;	/* (c) */
	bool		 sc_limited;	/* (c) no break, and see above */
	bool		 sc_noflow;	/* (u) */
	bool		 sc_txoff;	/* (u) as last asked for, for a break */
	uint32_t	 sc_rate;	/* (u) last sent */
	uint32_t	 sc_lcr;	/* (u) same */
	uint32_t	 sc_flow;	/* (u) same */
	u_int		 sc_lines;	/* (u) UMCR_*, same */
};

static const struct uchcom_dev {
	struct usb_devno	 ud_no;		/* first */
	const char		*ud_chip;
} uchcom_devs[] = {
	{ { 0x1a86, 0x5523 }, "CH341" },
	{ { 0x1a86, 0x7522 }, "CH340K" },
	{ { 0x1a86, 0x7523 }, "CH340" },
	{ { 0x1a86, 0xe523 }, "CH330" },
	{ { 0x4348, 0x5523 }, "CH341" },	/* the older vendor id */
	{ { 0x9986, 0x7523 }, "CH340" },	/* boards with one */
};

static int	uchcom_match(device_t, cfdata_t, void *);
static void	uchcom_attach(device_t, device_t, void *);

static void	uchcom_get_status(void *, int, u_char *, u_char *);
static int	uchcom_set_lines(void *, int, u_int, u_int);
static int	uchcom_set_break(void *, int, int);
static int	uchcom_param(void *, int, struct termios *);
static int	uchcom_open(void *, int);
static void	uchcom_close(void *, int);

static const struct ucom_methods uchcom_methods = {
	.ucom_get_status = uchcom_get_status,
	.ucom_param = uchcom_param,
	.ucom_open = uchcom_open,
	.ucom_close = uchcom_close,
	.ucom_set_lines = uchcom_set_lines,
	.ucom_set_break = uchcom_set_break,
	.ucom_mspar = true,
};

extern struct cfattach uchcom_ca;
CFATTACH_DECL3_NEW(uchcom, sizeof(struct uchcom_softc), uchcom_match,
    uchcom_attach, uchip_detach, uchip_activate, NULL, uchip_childdet,
    DVF_ATTACH_MPSAFE);

static int
uchcom_match(device_t parent __unused, cfdata_t match __unused, void *aux)
{
	struct usbif_attach_arg *uiaa = aux;
	const struct uchcom_dev *ud;

	ud = (const void *)usb_lookup(uchcom_devs, uiaa->uiaa_vendor,
	    uiaa->uiaa_product);
	if (ud == NULL)
		return UMATCH_NONE;
	uiaa->uiaa_chip = ud->ud_chip;
	return UMATCH_VENDOR_PRODUCT_CONF_IFACE;
}

/* ---- requests ------------------------------------------------------- */

static int
uchcom_write(struct uchcom_softc *sc, uint8_t request, u_int value,
    u_int index)
{

	return uchip_write(&sc->sc_chip, UT_WRITE_VENDOR_DEVICE, request,
	    value, index, NULL, 0);
}

/* Two registers; EIO also for an answer that is too short. */
static int
uchcom_read(struct uchcom_softc *sc, u_int regs, uint8_t buf[2])
{
	u_int done;
	int error;

	error = uchip_read(&sc->sc_chip, UT_READ_VENDOR_DEVICE, UCHCOM_READ,
	    regs, 0, buf, 2, &done);
	return error == 0 && done < 2 ? EIO : error;
}

/* ---- attach --------------------------------------------------------- */

/*
 * Which chip it is.  A chip that does not say is used as the newest; EIO: it
 * does not answer.
 */
static int
uchcom_identify(struct uchcom_softc *sc)
{
	struct uchip *const uc = &sc->sc_chip;
	uint8_t buf[2];
	u_int done;
	int error;

	error = uchip_try(uc, UT_READ_VENDOR_DEVICE, UCHCOM_VERSION, 0, 0,
	    buf, 2, &done);
	if (error && error != EOPNOTSUPP)
		return error;
	sc->sc_version = buf[0];
	if (done == 0 || sc->sc_version > UCHCOM_NEWEST) {
		aprint_normal_dev(uc->uc_dev, "unknown version %#x, used as "
		    "%#x\n", sc->sc_version, UCHCOM_NEWEST);
		sc->sc_version = UCHCOM_NEWEST;
	}
	error = uchcom_write(sc, UCHCOM_INIT, 0, 0);
	if (error && error != EOPNOTSUPP)
		return error;
	error = uchip_try(uc, UT_READ_VENDOR_DEVICE, UCHCOM_READ,
	    UCHCOM_REG_BREAK, 0, buf, 2, &done);
	if (error && error != EOPNOTSUPP)
		return error;
	sc->sc_limited = error != 0;
	aprint_verbose_dev(uc->uc_dev, "version %#x%s\n", sc->sc_version,
	    sc->sc_limited ? ", no break" : "");
	return 0;
}

/* The lines are in byte 2; what is shorter says nothing. */
static void
uchcom_status(struct uchip *uc, const uint8_t *p, uint32_t len)
{

	if (len < UCHCOM_STATUS_LEN)
		return;
	uchip_lines(uc, uchcom_msr(p[2]));
	uchip_event(uc, uchcom_lsr(p[0]));
}

/*
 * Reads are one packet each: the chip ends a burst that fills its last packet
 * with nothing, so that a longer read would go on waiting with input in it.
 * So there are many of them: a millisecond's worth of the bus.
 */
static void
uchcom_attach(device_t parent __unused, device_t self, void *aux)
{
	struct uchcom_softc *sc = device_private(self);
	struct ucom_attach_args ucaa = { .ucaa_portno = 0 };

	sc->sc_chip.uc_status = uchcom_status;
	if (!uchip_begin(&sc->sc_chip, self, aux, &ucaa))
		return;
	if (uchcom_identify(sc) != 0) {
		aprint_error_dev(self, "the chip does not answer\n");
		return;
	}
	ucaa.ucaa_ibufsize = ucaa.ucaa_ibufsizepad = sc->sc_chip.uc_maxpkt;
	ucaa.ucaa_nreads = UCHCOM_READS;
	uchip_end(&sc->sc_chip, &ucaa, &uchcom_methods);
}

/* ---- methods -------------------------------------------------------- */

static int
uchcom_open(void *arg, int portno __unused)
{
	struct uchcom_softc *sc = arg;
	struct uchip *const uc = &sc->sc_chip;
	uint8_t buf[2];
	u_int mark;
	int error;

	sc->sc_rate = sc->sc_lcr = sc->sc_flow = UCHIP_UNSET;
	sc->sc_txoff = false;
	error = uchip_open(uc);
	if (error)
		return error;
	mark = uchip_ask(uc);
	error = uchcom_read(sc, UCHCOM_REG_LINES, buf);
	if (error == 0)
		uchip_asked(uc, mark, uchcom_msr(buf[0]));
	if (error == EOPNOTSUPP)
		error = 0;
	if (error)
		uchip_close(uc);
	return error;
}

static void
uchcom_close(void *arg, int portno __unused)
{
	struct uchcom_softc *sc = arg;

	uchip_close(&sc->sc_chip);
}

static void
uchcom_get_status(void *arg, int portno __unused, u_char *lsr, u_char *msr)
{
	struct uchcom_softc *sc = arg;

	*lsr = 0;
	*msr = uchip_msr(&sc->sc_chip);
}

static int
uchcom_set_lines(void *arg, int portno __unused, u_int mask, u_int value)
{
	struct uchcom_softc *sc = arg;
	const u_int lines = (sc->sc_lines & ~mask) | (value & mask);
	int error;

	error = uchcom_write(sc, UCHCOM_MODEM, 0xffff ^
	    ((ISSET(lines, UMCR_DTR) ? UCHCOM_DTR : 0) |
	    (ISSET(lines, UMCR_RTS) ? UCHCOM_RTS : 0)), 0);
	if (error == 0)
		sc->sc_lines = lines;
	return error;
}

/*
 * A break is the transmitter off, and the pin low.  The register next to LCR's
 * has other bits, which are kept.
 */
static int
uchcom_set_break(void *arg, int portno __unused, int onoff)
{
	struct uchcom_softc *sc = arg;
	uint8_t buf[2];
	int error;

	if (sc->sc_limited)
		return EOPNOTSUPP;
	error = uchcom_read(sc, UCHCOM_REG_BREAK_LCR, buf);
	if (error)
		return error;
	if (onoff) {
		CLR(buf[0], UCHCOM_NOBREAK);
		CLR(buf[1], UCHCOM_LCR_TX);
	} else {
		SET(buf[0], UCHCOM_NOBREAK);
		SET(buf[1], UCHCOM_LCR_TX);
	}
	error = uchcom_write(sc, UCHCOM_WRITE, UCHCOM_REG_BREAK_LCR,
	    buf[0] | (u_int)buf[1] << 8);
	/* LCR has other settings too: uchcom_send_lcr. */
	if (error != EOPNOTSUPP)
		sc->sc_txoff = onoff != 0;
	return error;
}

/*
 * RTS/CTS, before anything else of a mode is sent, as this may show that the
 * chip has none: EINVAL, and it is as before.
 */
static int
uchcom_set_flow(struct uchcom_softc *sc, uint32_t flow)
{
	uint8_t buf[2];
	int error;

	if (sc->sc_flow == flow)
		return 0;
	if (sc->sc_noflow)
		return flow != 0 ? EINVAL : 0;
	sc->sc_flow = UCHIP_UNSET;
	error = uchcom_write(sc, UCHCOM_WRITE, UCHCOM_REG_FLOW, flow);
	if (error == 0 && flow != 0)
		error = uchcom_read(sc, UCHCOM_REG_FLOW, buf);
	if (error == EOPNOTSUPP || (error == 0 && flow != 0 &&
	    (buf[0] | (u_int)buf[1] << 8) != flow)) {
		sc->sc_noflow = true;
		aprint_normal_dev(sc->sc_chip.uc_dev,
		    "the chip has no RTS/CTS flow control\n");
		return flow != 0 ? EINVAL : 0;
	}
	if (error == 0)
		sc->sc_flow = flow;
	return error;
}

static int
uchcom_send_rate(struct uchcom_softc *sc, uint32_t rate)
{
	int error;

	if (sc->sc_rate == rate)
		return 0;
	sc->sc_rate = UCHIP_UNSET;
	error = uchcom_write(sc, UCHCOM_WRITE, UCHCOM_REG_RATE, rate |
	    (sc->sc_version > UCHCOM_PROMPT_AFTER ? UCHCOM_PROMPT : 0));
	if (error == 0 || error == EOPNOTSUPP)
		sc->sc_rate = rate;
	return error;
}

static int
uchcom_send_lcr(struct uchcom_softc *sc, uint32_t lcr)
{
	int error;

	if (sc->sc_lcr == lcr || sc->sc_version < UCHCOM_HAS_LCR)
		return 0;
	sc->sc_lcr = UCHIP_UNSET;
	error = uchcom_write(sc, UCHCOM_WRITE, UCHCOM_REG_LCR,
	    sc->sc_txoff ? lcr & ~UCHCOM_LCR_TX : lcr);
	if (error == 0 || error == EOPNOTSUPP)
		sc->sc_lcr = lcr;
	return error;
}

/*
 * ucom_param: everything is computed before anything is sent, so that EINVAL
 * leaves the chip as it was.  What the chip refuses counts as sent, and what it
 * does not answer as neither, see uftdi_param.
 */
static int
uchcom_param(void *arg, int portno __unused, struct termios *t)
{
	struct uchcom_softc *sc = arg;
	uint32_t rate, lcr, actual;
	int error, refused;

	if (t->c_ospeed <= 0)
		return EINVAL;
	error = uchcom_divisor(sc->sc_limited, (uint32_t)t->c_ospeed, &rate,
	    &actual);
	if (error == 0)
		error = uchcom_format(sc->sc_version, t->c_cflag, &lcr);
	if (error == 0)
		error = uchcom_set_flow(sc, ISSET(t->c_cflag, CRTSCTS) ?
		    UCHCOM_RTSCTS : 0);
	if (error)
		return error;
	error = uchcom_send_rate(sc, rate);
	if (error && error != EOPNOTSUPP)
		return error;
	refused = error;
	error = uchcom_send_lcr(sc, lcr);
	if (error && error != EOPNOTSUPP)
		return error;
	t->c_ospeed = (speed_t)actual;
	return refused | error;
}
