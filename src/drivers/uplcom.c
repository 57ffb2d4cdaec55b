/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uplcom.c - uplcom(4): Prolific's PL2303, below ucom(4).
 *
 * Model
 *	One uplcom per chip, with one port.  It owns the chip's settings: what
 *	was last sent is remembered, so that an ioctl that changes nothing
 *	costs no request; the chip is not asked what it is set to, which some
 *	cannot tell.  Modem lines come in status packets when they change, and
 *	an open asks for what they are then.  Of a chip that refuses that, as
 *	of the first one, all are off until the first packet but CTS, which
 *	nobody should wait for that does not know it.
 *
 * Variants
 *	By bcdUSB and bcdDevice, and, where a number was given to two of them,
 *	by a register that only one has (uplcom_type).  A bcdDevice that is not
 *	known is used as the newest kind that it can be.
 *
 * Locks: see uchip.h.  All that is not there is only in methods that ucom
 * calls one at a time.
 *
 * What the line did
 *	Status packets say it, but not of which byte: errors are counted, and
 *	a break stands behind what was received.  The 0 that the chip has for
 *	it in its data stays there, as nothing tells it from a 0.
 *
 * Known gaps
 *	Adapters of 2001 with the interrupt endpoint on an interface of its
 *	own are not served.  The chip does not say that its transmitter is
 *	empty, so a drain ends when it has taken the output.
 */
#include <sys/param.h>
#include <sys/device.h>
#include <sys/fcntl.h>
#include <sys/systm.h>
#include <sys/tty.h>

#include <dev/usb/usb.h>
#include <dev/usb/usbcdc.h>
#include <dev/usb/usbdi.h>
#include <dev/usb/ucomvar.h>

#include "drivers/uchip.h"
#include "drivers/umodemvar.h"
#include "drivers/uplcomreg.h"

struct uplcom_softc {
	struct uchip	 sc_chip;	/* first */
	enum uplcom_type sc_type;	/* (c) */
	bool		 sc_valid;	/* (u) sc_line was sent */
	usb_cdc_line_state_t sc_line;	/* (u) */
	uint32_t	 sc_flow;	/* (u) last sent */
	u_int		 sc_lines;	/* (u) UMCR_*, same */
};

static const struct usb_devno uplcom_devs[] = {
	{ 0x067b, 0x2303 },	/* PL2303, PL2303HX, TA, TB */
	{ 0x067b, 0x2304 },	/* PL2303TB */
	{ 0x067b, 0x23a3 },	/* GC */
	{ 0x067b, 0x23b3 },	/* GB */
	{ 0x067b, 0x23c3 },	/* GT */
	{ 0x067b, 0x23d3 },	/* GL */
	{ 0x067b, 0x23e3 },	/* GE */
	{ 0x067b, 0x23f3 },	/* GS */
	{ 0x067b, 0x04bb },	/* cables of these ids have a PL2303 */
	{ 0x067b, 0xaaa0 },
	{ 0x04bb, 0x0a03 },
	{ 0x04bb, 0x0a0e },
	{ 0x0557, 0x2008 },
	{ 0x056e, 0x5003 },
	{ 0x056e, 0x5004 },
};

static int	uplcom_match(device_t, cfdata_t, void *);
static void	uplcom_attach(device_t, device_t, void *);

static void	uplcom_get_status(void *, int, u_char *, u_char *);
static int	uplcom_set_lines(void *, int, u_int, u_int);
static int	uplcom_set_break(void *, int, int);
static int	uplcom_param(void *, int, struct termios *);
static int	uplcom_open(void *, int);
static void	uplcom_close(void *, int);
static void	uplcom_purge(void *, int, int);

static const struct ucom_methods uplcom_methods = {
	.ucom_get_status = uplcom_get_status,
	.ucom_param = uplcom_param,
	.ucom_open = uplcom_open,
	.ucom_close = uplcom_close,
	.ucom_set_lines = uplcom_set_lines,
	.ucom_set_break = uplcom_set_break,
	.ucom_mspar = true,
	.ucom_purge = uplcom_purge,
};

extern struct cfattach uplcom_ca;
CFATTACH_DECL3_NEW(uplcom, sizeof(struct uplcom_softc), uplcom_match,
    uplcom_attach, uchip_detach, uchip_activate, NULL, uchip_childdet,
    DVF_ATTACH_MPSAFE);

/* As the first of them was. */
static bool
uplcom_small(const usb_device_descriptor_t *dd)
{

	return dd->bDeviceClass == UDCLASS_COMM || dd->bMaxPacketSize != 64;
}

static int
uplcom_match(device_t parent __unused, cfdata_t match __unused, void *aux)
{
	struct usbif_attach_arg *uiaa = aux;
	const usb_device_descriptor_t *dd;

	if (usb_lookup(uplcom_devs, uiaa->uiaa_vendor,
	    uiaa->uiaa_product) == NULL)
		return UMATCH_NONE;
	dd = usbd_get_device_descriptor(uiaa->uiaa_device);
	uiaa->uiaa_chip = uplcom_chip((u_int)uiaa->uiaa_product,
	    UGETW(dd->bcdUSB), UGETW(dd->bcdDevice), uplcom_small(dd));
	return UMATCH_VENDOR_PRODUCT_CONF_IFACE;
}

/* ---- requests ------------------------------------------------------- */

static int
uplcom_class(struct uplcom_softc *sc, uint8_t request, u_int value,
    const void *data, u_int len)
{

	return uchip_write(&sc->sc_chip, UT_WRITE_CLASS_INTERFACE, request,
	    value, 0, data, len);
}

static int
uplcom_set(struct uplcom_softc *sc, u_int reg, u_int value)
{

	return uchip_write(&sc->sc_chip, UT_WRITE_VENDOR_DEVICE,
	    sc->sc_type == UPLCOM_HXN ? UPLCOM_REG_HXN : UPLCOM_REG, reg,
	    value, NULL, 0);
}

static int
uplcom_get(struct uplcom_softc *sc, u_int reg, uint8_t *value)
{

	return uchip_read(&sc->sc_chip, UT_READ_VENDOR_DEVICE,
	    sc->sc_type == UPLCOM_HXN ? UPLCOM_REG_HXN_READ : UPLCOM_REG, reg,
	    0, value, 1, NULL);
}

/* One that the chip may not have. */
static int
uplcom_try(struct uplcom_softc *sc, u_int reg, uint8_t *value, u_int *done)
{

	return uchip_try(&sc->sc_chip, UT_READ_VENDOR_DEVICE,
	    sc->sc_type == UPLCOM_HXN ? UPLCOM_REG_HXN_READ : UPLCOM_REG, reg,
	    0, value, 1, done);
}

/* ---- attach --------------------------------------------------------- */

/* EIO: it does not answer. */
static int
uplcom_identify(struct uplcom_softc *sc)
{
	struct uchip *const uc = &sc->sc_chip;
	const usb_device_descriptor_t *dd =
	    usbd_get_device_descriptor(uc->uc_udev);
	const bool small = uplcom_small(dd);
	uint8_t value;
	u_int done;
	int error = EOPNOTSUPP;

	if (!small && UGETW(dd->bcdUSB) >= 0x200)
		error = uchip_try(uc, UT_READ_VENDOR_DEVICE, UPLCOM_REG,
		    UPLCOM_HX_STATUS, 0, &value, 1, &done);
	if (error && error != EOPNOTSUPP)
		return error;
	if (!uplcom_type(UGETW(dd->bcdUSB), UGETW(dd->bcdDevice), small,
	    error == 0, &sc->sc_type))
		aprint_normal_dev(uc->uc_dev, "unknown release %#x, used as "
		    "%s\n", UGETW(dd->bcdDevice), uplcom_name(sc->sc_type));
	else
		aprint_normal_dev(uc->uc_dev, "%s\n",
		    uplcom_name(sc->sc_type));
	return 0;
}

/*
 * What all drivers send to a chip of before the G series, in their order;
 * nobody outside of Prolific knows why, so each may be refused.  EIO.
 */
static int
uplcom_start(struct uplcom_softc *sc)
{
	static const struct {
		bool		read;
		uint16_t	reg, value;
	} steps[] = {
		{ true, 0x8484, 0 },
		{ false, 0x0404, 0 },
		{ true, 0x8484, 0 },
		{ true, 0x8383, 0 },
		{ true, 0x8484, 0 },
		{ false, 0x0404, 1 },
		{ true, 0x8484, 0 },
		{ true, 0x8383, 0 },
		{ false, 0x0000, 1 },
		{ false, 0x0001, 0 },
	};
	uint8_t value;
	u_int i;
	int error;

	for (i = 0; i < __arraycount(steps); i++) {
		error = steps[i].read ? uplcom_get(sc, steps[i].reg, &value) :
		    uplcom_set(sc, steps[i].reg, steps[i].value);
		if (error && error != EOPNOTSUPP)
			return error;
	}
	error = uplcom_set(sc, 0x0002, sc->sc_type == UPLCOM_H ? 0x24 : 0x44);
	return error == EOPNOTSUPP ? 0 : error;
}

/* One byte of a status packet; what is shorter says nothing. */
static void
uplcom_status(struct uchip *uc, const uint8_t *p, uint32_t len)
{

	if (len <= UPLCOM_STATUS)
		return;
	uchip_lines(uc, uplcom_msr(p[UPLCOM_STATUS]));
	uchip_event(uc, uplcom_lsr(p[UPLCOM_STATUS]));
}

static void
uplcom_attach(device_t parent __unused, device_t self, void *aux)
{
	struct uplcom_softc *sc = device_private(self);
	struct ucom_attach_args ucaa = { .ucaa_portno = 0 };

	sc->sc_chip.uc_status = uplcom_status;
	if (!uchip_begin(&sc->sc_chip, self, aux, &ucaa))
		return;
	if (uplcom_identify(sc) != 0 ||
	    (sc->sc_type != UPLCOM_HXN && uplcom_start(sc) != 0)) {
		aprint_error_dev(self, "the chip does not answer\n");
		return;
	}
	uchip_store(&sc->sc_chip, UMSR_CTS);
	uchip_end(&sc->sc_chip, &ucaa, &uplcom_methods);
}

/* ---- methods -------------------------------------------------------- */

/* Empty the buffer of what came in (FREAD), of what goes out, or both; the
   first chip has no register for that. */
static int
uplcom_reset(struct uplcom_softc *sc, int rw)
{
	int error = 0;

	switch (sc->sc_type) {
	case UPLCOM_H:
		break;
	case UPLCOM_HXN:
		error = uplcom_set(sc, UPLCOM_HXN_RESET,
		    (ISSET(rw, FREAD) ? UPLCOM_HXN_RESET_UP : 0) |
		    (ISSET(rw, FWRITE) ? UPLCOM_HXN_RESET_DOWN : 0));
		break;
	default:
		if (ISSET(rw, FREAD))
			error = uplcom_set(sc, UPLCOM_RESET_UP, 0);
		if (error == 0 && ISSET(rw, FWRITE))
			error = uplcom_set(sc, UPLCOM_RESET_DOWN, 0);
		break;
	}
	return error == EOPNOTSUPP ? 0 : error;
}

static void
uplcom_purge(void *arg, int portno __unused, int rw)
{

	(void)uplcom_reset(arg, rw);
}

/* The modem lines, which no packet tells unless they change. */
static int
uplcom_first_status(struct uplcom_softc *sc)
{
	struct uchip *const uc = &sc->sc_chip;
	const u_int mark = uchip_ask(uc);
	uint8_t pins;
	u_int done;
	int error;

	if (sc->sc_type == UPLCOM_H)
		return 0;
	error = uplcom_try(sc, sc->sc_type == UPLCOM_HXN ? UPLCOM_HXN_PINS :
	    UPLCOM_PINS, &pins, &done);
	if (error == 0 && done == 1)
		uchip_asked(uc, mark, uplcom_pins(sc->sc_type, pins));
	return error == EOPNOTSUPP ? 0 : error;
}

static int
uplcom_open(void *arg, int portno __unused)
{
	struct uplcom_softc *sc = arg;
	int error;

	sc->sc_valid = false;
	sc->sc_flow = UCHIP_UNSET;
	error = uplcom_reset(sc, FREAD | FWRITE);
	if (error == 0)
		error = uchip_open(&sc->sc_chip);
	if (error)
		return error;
	error = uplcom_first_status(sc);
	if (error)
		uchip_close(&sc->sc_chip);
	return error;
}

static void
uplcom_close(void *arg, int portno __unused)
{
	struct uplcom_softc *sc = arg;

	uchip_close(&sc->sc_chip);
}

static void
uplcom_get_status(void *arg, int portno __unused, u_char *lsr, u_char *msr)
{
	struct uplcom_softc *sc = arg;

	*lsr = 0;
	*msr = uchip_msr(&sc->sc_chip);
}

static int
uplcom_set_lines(void *arg, int portno __unused, u_int mask, u_int value)
{
	struct uplcom_softc *sc = arg;
	const u_int lines = (sc->sc_lines & ~mask) | (value & mask);
	int error;

	error = uplcom_class(sc, UPLCOM_SET_CONTROL,
	    (ISSET(lines, UMCR_DTR) ? UPLCOM_DTR : 0) |
	    (ISSET(lines, UMCR_RTS) ? UPLCOM_RTS : 0), NULL, 0);
	if (error == 0)
		sc->sc_lines = lines;
	return error;
}

static int
uplcom_set_break(void *arg, int portno __unused, int onoff)
{
	struct uplcom_softc *sc = arg;

	return uplcom_class(sc, UPLCOM_BREAK, onoff ? UPLCOM_BREAK_ON : 0,
	    NULL, 0);
}

/*
 * Flow control as the bits of its register.  XON/XOFF in the chip: as in
 * uftdi_flow, and only ^Q and ^S.
 */
static uint32_t
uplcom_flow(const struct uplcom_softc *sc, const struct termios *t)
{
	const bool hxn = sc->sc_type == UPLCOM_HXN;

	if (ISSET(t->c_cflag, CRTSCTS))
		return hxn ? UPLCOM_HXN_FLOW_RTSCTS :
		    sc->sc_type == UPLCOM_H ? UPLCOM_FLOW_RTSCTS_H :
		    UPLCOM_FLOW_RTSCTS;
	if (ISSET(t->c_iflag, IXON) && ISSET(t->c_iflag, IXOFF) &&
	    !ISSET(t->c_iflag, IXANY) && t->c_cc[VSTART] == 0x11 &&
	    t->c_cc[VSTOP] == 0x13 && sc->sc_type != UPLCOM_H)
		return hxn ? UPLCOM_HXN_FLOW_XONXOFF : UPLCOM_FLOW_XONXOFF;
	return hxn ? UPLCOM_HXN_FLOW_NONE : 0;
}

/* The register has other bits, which are kept. */
static int
uplcom_send_flow(struct uplcom_softc *sc, uint32_t flow)
{
	const bool hxn = sc->sc_type == UPLCOM_HXN;
	uint8_t value;
	int error;

	if (sc->sc_flow == flow)
		return 0;
	error = uplcom_get(sc, hxn ? UPLCOM_HXN_FLOW :
	    UPLCOM_FLOW | UPLCOM_REG_READ, &value);
	if (error && error != EOPNOTSUPP)
		return error;
	CLR(value, hxn ? UPLCOM_HXN_FLOW_MASK : UPLCOM_FLOW_MASK);
	sc->sc_flow = UCHIP_UNSET;
	error = uplcom_set(sc, hxn ? UPLCOM_HXN_FLOW : UPLCOM_FLOW,
	    value | flow);
	if (error == 0 || error == EOPNOTSUPP)
		sc->sc_flow = flow;
	return error;
}

/* Not again if it is the same: some lose what is on its way then. */
static int
uplcom_send_line(struct uplcom_softc *sc, usb_cdc_line_state_t *ls)
{
	int error;

	if (sc->sc_valid &&
	    memcmp(ls, &sc->sc_line, UCDC_LINE_STATE_LENGTH) == 0)
		return 0;
	sc->sc_valid = false;
	error = uplcom_class(sc, UPLCOM_SET_LINE, 0, ls,
	    UCDC_LINE_STATE_LENGTH);
	if (error == 0 || error == EOPNOTSUPP) {
		sc->sc_line = *ls;
		sc->sc_valid = true;
	}
	return error;
}

/* ucom_param: see uftdi_param. */
static int
uplcom_param(void *arg, int portno __unused, struct termios *t)
{
	struct uplcom_softc *sc = arg;
	usb_cdc_line_state_t ls;
	uint32_t code, actual;
	int error, refused;

	if (t->c_ospeed <= 0)
		return EINVAL;
	error = uplcom_rate(sc->sc_type, (uint32_t)t->c_ospeed, &code,
	    &actual);
	if (error == 0)
		error = umodem_line_state(t, &ls);
	if (error)
		return error;
	USETDW(ls.dwDTERate, code);
	/* Two stop bits of 5 are one and a half, as with any UART. */
	if (ls.bDataBits == 5 && ls.bCharFormat == UCDC_STOP_BIT_2)
		ls.bCharFormat = UCDC_STOP_BIT_1_5;
	error = uplcom_send_line(sc, &ls);
	if (error && error != EOPNOTSUPP)
		return error;
	refused = error;
	error = uplcom_send_flow(sc, uplcom_flow(sc, t));
	if (error && error != EOPNOTSUPP)
		return error;
	t->c_ospeed = (speed_t)actual;
	return refused | error;
}
