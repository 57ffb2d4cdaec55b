/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uhid_hidraw.c - uhid(4) for programs that know Linux's hidraw.
 *
 * Model
 *	A program that uses one of hidraw's ioctls thereby says which framing
 *	it expects; until its close, read and write are hidraw's:
 *
 *			a BSD program		after a hidraw ioctl
 *	read		bytes of reports	one report, cut off if it
 *			in a row, no IDs	is longer; its ID byte first,
 *						if reports have one
 *	write		exactly an output	an ID byte, 0 if there are no
 *			report, no ID		IDs, and a report
 *	through		SET_REPORT, or the	the pipe, or SET_REPORT if
 *			pipe in raw mode	there is none
 *
 *	What the ring holds at that moment is read in the new way.
 *
 *	A node of hidraw is a whole interface; ours is one report ID of it.
 *	Input is the unit's own; output and feature reports may be any of the
 *	interface's.
 *
 * Known gap: no report of more than 4096 bytes through the control pipe,
 * which is what usbfs allows.
 *
 * HIDIOCREVOKE ends this file, as Linux 6.12 has it, not the others of
 * revoke(2): calls are ENODEV from then on, poll says POLLERR and POLLHUP.
 *
 * Locks: uhid.c.
 */
#include <sys/param.h>
#include <sys/conf.h>
#include <sys/device.h>
#include <sys/errno.h>
#include <sys/kmem.h>
#include <sys/poll.h>
#include <sys/systm.h>

#include <dev/hid/hidraw.h>
#include <dev/usb/usb.h>
#include <dev/usb/usbdi.h>
#include <dev/usb/usbdivar.h>
#include <dev/usb/usbhid.h>
#include <dev/usb/uhidev.h>

#include "drivers/uhid_impl.h"

#define	HIDRAW_MIN	2	/* bytes of an ID and a report */
#define	HIDRAW_MAX	16384	/* bytes of a report, as Linux */
#define	HIDRAW_DESC_MAX	4096
#define	HIDRAW_GET_MAX	4096	/* Linux passes no more on from usbfs */
#define	HIDRAW_TEXT	256
#define	BUS_USB		0x03

/*
 * What a client is told of a request's end: more than one of uhid(4), as
 * hidraw passes on what the host controller said.
 */
static int
hidraw_errno(struct uhid_softc *sc, usbd_status err)
{
	bool revoked;

	switch (err) {
	case USBD_STALLED:
		return EPIPE;
	case USBD_TIMEOUT:
		return ETIMEDOUT;
	case USBD_CANCELLED:
		mutex_enter(&sc->sc_lock);
		revoked = sc->sc_revoked;
		mutex_exit(&sc->sc_lock);
		return revoked ? ENODEV : EIO;
	default:
		return uhid_errno(err);
	}
}

/*
 * error = uhid_hidraw_read(sc, uio)
 *
 *	The oldest report, of which there is one.  sc_lock held.
 */
int
uhid_hidraw_read(struct uhid_softc *sc, struct uio *uio)
{
	const u_int slot = sc->sc_head;
	u_char *const data = sc->sc_ring + slot * (u_int)sc->sc_isize;
	int error = 0;

	if (sc->sc_id != 0)
		error = uiomove(&sc->sc_id, MIN(1, uio->uio_resid), uio);
	/* What BSD's read has left of it, if that came before. */
	if (error == 0)
		error = uiomove(data + sc->sc_taken,
		    MIN(sc->sc_lens[slot] - sc->sc_taken, uio->uio_resid),
		    uio);
	uhid_drop(sc);
	return error;
}

/*
 * error = hidraw_send(sc, type, buf, len)
 *
 *	An output or feature report whose ID byte is there even if it is 0,
 *	when it is not sent.  len: HIDRAW_MIN to HIDRAW_MAX.  Errors of
 *	hidraw_errno.
 */
static int
hidraw_send(struct uhid_softc *sc, int type, u_char *buf, size_t len)
{
	const u_char id = buf[0];
	const size_t skip = id == 0;
	usbd_status err;

	if (type == UHID_OUTPUT_REPORT && uhidev_has_output_pipe(sc->sc_hdev))
		err = uhidev_write(sc->sc_hdev, buf + skip,
		    (int)(len - skip));
	else
		err = uhidev_report(sc->sc_hdev, UR_SET_REPORT, type, id,
		    buf + skip, (int)(len - skip), NULL);
	return hidraw_errno(sc, err);
}

/*
 * error = uhid_hidraw_write(sc, uio)
 *
 *	EINVAL: less than an ID and a byte, or too much.
 */
int
uhid_hidraw_write(struct uhid_softc *sc, struct uio *uio)
{
	const size_t len = uio->uio_resid;
	u_char *buf;
	int error;

	if (len < HIDRAW_MIN || len > HIDRAW_MAX)
		return EINVAL;
	buf = kmem_alloc(len, KM_SLEEP);
	error = uiomove(buf, len, uio);
	if (error == 0) {
		error = hidraw_send(sc, UHID_OUTPUT_REPORT, buf, len);
		/* Nothing of it has been sent, as far as one can know. */
		if (error != 0)
			uio->uio_resid = len;
	}
	kmem_free(buf, len);
	return error;
}

/* ---- ioctls --------------------------------------------------------- */

/* HIDIOCS*: the whole argument is the report. */
static int
hidraw_set(struct uhid_softc *sc, int type, struct hidraw_ioctl *hi)
{
	u_char *buf;
	int error;

	if (hi->hi_insize < HIDRAW_MIN || hi->hi_insize > HIDRAW_MAX)
		return EINVAL;
	buf = kmem_alloc(hi->hi_insize, KM_SLEEP);
	memcpy(buf, hi->hi_in, hi->hi_insize);
	error = hidraw_send(sc, type, buf, hi->hi_insize);
	if (error == 0)
		hi->hi_result = (int)hi->hi_insize;
	kmem_free(buf, hi->hi_insize);
	return error;
}

/* HIDIOCG*: the first byte says which, and stays there. */
static int
hidraw_get(struct uhid_softc *sc, int type, struct hidraw_ioctl *hi)
{
	u_char *const out = hi->hi_out;
	u_char *buf;
	size_t skip;
	usbd_status err;
	int actlen;

	if (hi->hi_insize < 1 || hi->hi_outsize < HIDRAW_MIN ||
	    hi->hi_outsize > HIDRAW_MAX)
		return EINVAL;
	memcpy(out, hi->hi_in, 1);
	skip = out[0] == 0;
	buf = kmem_zalloc(hi->hi_outsize, KM_SLEEP);
	/* A buffer may well be larger than any report. */
	err = uhidev_report(sc->sc_hdev, UR_GET_REPORT, type, out[0], buf,
	    (int)MIN(hi->hi_outsize - skip, HIDRAW_GET_MAX), &actlen);
	if (err == USBD_NORMAL_COMPLETION) {
		memcpy(out + skip, buf, (size_t)actlen);
		hi->hi_result = actlen + (int)skip;
		hi->hi_outlen = (size_t)hi->hi_result;
	}
	kmem_free(buf, hi->hi_outsize);
	return hidraw_errno(sc, err);
}

/* A text and its NUL, cut off; the result is its length with that. */
static void
hidraw_text(struct hidraw_ioctl *hi, const char *text)
{
	const size_t len = MIN(strlen(text) + 1, hi->hi_outsize);

	memcpy(hi->hi_out, text, len);
	hi->hi_outlen = len;
	hi->hi_result = (int)len;
}

static int
hidraw_name(struct uhid_softc *sc, struct hidraw_ioctl *hi)
{
	const struct usbd_device *const dev = sc->sc_udev;
	char text[HIDRAW_TEXT];

	if (hi->hi_outsize == 0)
		return EINVAL;
	switch (hi->hi_nr) {
	case HIDRAW_GRAWNAME:
		snprintf(text, sizeof(text), "%s%s%s", dev->ud_vendor,
		    dev->ud_vendor[0] != '\0' && dev->ud_product[0] != '\0' ?
		    " " : "", dev->ud_product);
		break;
	case HIDRAW_GRAWPHYS:
		snprintf(text, sizeof(text), "usb-%s/input%d", dev->ud_path,
		    usbd_get_interface_descriptor(
		    sc->sc_iface)->bInterfaceNumber);
		break;
	default:
		snprintf(text, sizeof(text), "%s", dev->ud_serial);
		break;
	}
	hidraw_text(hi, text);
	return 0;
}

/* struct hidraw_report_descriptor: a length in, at most 4096 bytes out. */
static int
hidraw_desc(struct uhid_softc *sc, struct hidraw_ioctl *hi)
{
	uint32_t size;

	if (hi->hi_insize != sizeof(size) ||
	    hi->hi_outsize != HIDRAW_DESC_MAX)
		return EINVAL;
	memcpy(&size, hi->hi_in, sizeof(size));
	if (size > HIDRAW_DESC_MAX - 1)
		return EINVAL;
	hi->hi_outlen = MIN(size, (uint32_t)sc->sc_desclen);
	memcpy(hi->hi_out, sc->sc_desc, hi->hi_outlen);
	return 0;
}

static int
hidraw_info(struct uhid_softc *sc, struct hidraw_ioctl *hi)
{
	const usb_device_descriptor_t *const dd =
	    usbd_get_device_descriptor(sc->sc_udev);
	struct {
		uint32_t	bustype;
		uint16_t	vendor;
		uint16_t	product;
	} info;

	if (hi->hi_outsize != sizeof(info))
		return EINVAL;
	info.bustype = BUS_USB;
	info.vendor = UGETW(dd->idVendor);
	info.product = UGETW(dd->idProduct);
	memcpy(hi->hi_out, &info, sizeof(info));
	return 0;
}

static int
hidraw_revoke(struct uhid_softc *sc, const struct hidraw_ioctl *hi)
{

	if (hi->hi_arg != 0)
		return EINVAL;
	mutex_enter(&sc->sc_lock);
	sc->sc_revoked = true;
	cv_broadcast(&sc->sc_cv);
	selnotify(&sc->sc_rsel, POLLHUP, 0);
	mutex_exit(&sc->sc_lock);
	uhidev_stop(sc->sc_hdev);
	return 0;
}

/*
 * error = uhid_hidraw_ioctl(sc, hi)
 *
 *	EINVAL also for a command that hidraw does not have.  Sleeps as
 *	uhidev_report.
 */
int
uhid_hidraw_ioctl(struct uhid_softc *sc, struct hidraw_ioctl *hi)
{

	if (hi->hi_nr < HIDRAW_GRDESCSIZE || hi->hi_nr > HIDRAW_REVOKE)
		return EINVAL;
	mutex_enter(&sc->sc_lock);
	sc->sc_hidraw = true;
	mutex_exit(&sc->sc_lock);
	switch (hi->hi_nr) {
	case HIDRAW_GRDESCSIZE:
		if (hi->hi_outsize != sizeof(int))
			return EINVAL;
		memcpy(hi->hi_out, &sc->sc_desclen, sizeof(int));
		return 0;
	case HIDRAW_GRDESC:
		return hidraw_desc(sc, hi);
	case HIDRAW_GRAWINFO:
		return hidraw_info(sc, hi);
	case HIDRAW_SFEATURE:
		return hidraw_set(sc, UHID_FEATURE_REPORT, hi);
	case HIDRAW_GFEATURE:
		return hidraw_get(sc, UHID_FEATURE_REPORT, hi);
	case HIDRAW_SINPUT:
		return hidraw_set(sc, UHID_INPUT_REPORT, hi);
	case HIDRAW_GINPUT:
		return hidraw_get(sc, UHID_INPUT_REPORT, hi);
	case HIDRAW_SOUTPUT:
		return hidraw_set(sc, UHID_OUTPUT_REPORT, hi);
	case HIDRAW_GOUTPUT:
		return hidraw_get(sc, UHID_OUTPUT_REPORT, hi);
	case HIDRAW_REVOKE:
		return hidraw_revoke(sc, hi);
	default:
		return hidraw_name(sc, hi);
	}
}
