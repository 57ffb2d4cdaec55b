/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uhid.c - uhid(4): the reports of a USB human interface device, as they
 * are, for one program at a time.
 *
 * Model
 *	One unit for each report ID of a uhidev(4).  sc_state:
 *
 *		CLOSED -> OPENING -> OPEN -> CLOSED
 *
 *	An open of anything but CLOSED is EBUSY at once: somebody else has
 *	it.  One that comes while the last close is in progress waits in
 *	specfs for its end.  OPENING is without the lock, since uhidev_open
 *	sleeps.
 *
 *	An open that d_cancel has overtaken on its way into d_open finds
 *	nobody but itself: ERESTART, and from the start it waits as above, or
 *	finds what its name is then.
 *
 *		open				revoke
 *		spec_open_enter: counted
 *						d_cancel: sc_closing
 *		uhidopen: sc_closing		drain waits for the open
 *		ERESTART			d_close
 *
 *	d_cancel sets sc_closing, wakes all, and stops what waits for the
 *	device; from then on every call ends with an error, until d_close has
 *	cleared it.  It may come during an open, which goes on: d_close comes
 *	when the open has left, and finds it OPEN, or CLOSED if it has failed.
 *
 *	d_cancel may stop requests before uhidev_open lets them run again;
 *	but they are made by calls, which see sc_closing.
 *
 *	With a drain before it d_close meets no call.  Under semantics
 *	without one (specfs/spec_semantics.c) it waits itself until sc_calls
 *	is 0 and no open is on its way, which after d_cancel is soon.
 *
 * Input
 *	A ring of reports (uhid_subr.c), filled on the event thread.  A BSD
 *	program reads them as one stream of bytes, and at most UHID_BSIZE bytes
 *	wait for it.
 *
 *	A program that has used an ioctl of Linux's hidraw gets one report
 *	for each read, and at most UHID_REPORTS wait (uhid_hidraw.c).  What
 *	comes when the ring is full is dropped; NetBSD drops only the end of
 *	a report that does not fit, after which nobody can tell where the next
 *	one begins.
 *
 * Locks
 *	sc_lock		everything that uhid_impl.h does not mark
 *	sc_cv, sc_rsel	with it: input, sc_closing
 * Lock order: uhidev's lock -> sc_lock (uhid_intr); so nothing of uhidev(4)
 * is called with sc_lock.
 *
 * Known gaps
 *	No FIOASYNC: CUSE has no SIGIO.
 */
#include <sys/param.h>
#include <sys/conf.h>
#include <sys/device.h>
#include <sys/errno.h>
#include <sys/fcntl.h>
#include <sys/filio.h>
#include <sys/kmem.h>
#include <sys/poll.h>
#include <sys/systm.h>
#include <sys/vnode.h>

#include <dev/hid/hid.h>
#include <dev/hid/hidraw.h>
#include <dev/usb/usb.h>
#include <dev/usb/usbdi.h>
#include <dev/usb/usbdi_util.h>
#include <dev/usb/usbhid.h>
#include <dev/usb/uhidev.h>

#include "drivers/uhid_impl.h"

static int	uhid_match(device_t, cfdata_t, void *);
static void	uhid_attach(device_t, device_t, void *);
static int	uhid_detach(device_t, int);
static int	uhid_activate(device_t, enum devact);

static dev_type_open(uhidopen);
static dev_type_cancel(uhidcancel);
static dev_type_close(uhidclose);
static dev_type_read(uhidread);
static dev_type_write(uhidwrite);
static dev_type_ioctl(uhidioctl);
static dev_type_poll(uhidpoll);

extern struct cfdriver uhid_cd;
extern const struct cdevsw uhid_cdevsw;
const struct cdevsw uhid_cdevsw = {
	.d_open = uhidopen,
	.d_cancel = uhidcancel,
	.d_close = uhidclose,
	.d_read = uhidread,
	.d_write = uhidwrite,
	.d_ioctl = uhidioctl,
	.d_stop = nostop,
	.d_tty = notty,
	.d_poll = uhidpoll,
	.d_mmap = nommap,
	.d_kqfilter = nokqfilter,
	.d_discard = nodiscard,
	.d_cfdriver = &uhid_cd,
	.d_devtounit = dev_minor_unit,
	.d_flag = D_OTHER | D_MPSAFE,
};

extern struct cfattach uhid_ca;
CFATTACH_DECL3_NEW(uhid, sizeof(struct uhid_softc), uhid_match, uhid_attach,
    uhid_detach, uhid_activate, NULL, NULL, DVF_ATTACH_MPSAFE);

static int
uhid_match(device_t parent __unused, cfdata_t match __unused, void *aux)
{
	const struct uhidev_attach_arg *uha = aux;

	return uha->parent != NULL ? UMATCH_IFACECLASS_GENERIC : UMATCH_NONE;
}

static void
uhid_attach(device_t parent __unused, device_t self, void *aux)
{
	struct uhid_softc *sc = device_private(self);
	const struct uhidev_attach_arg *uha = aux;
	const uint8_t id = (uint8_t)uha->reportid;

	sc->sc_dev = self;
	sc->sc_udev = uha->uiaa->uiaa_device;
	sc->sc_iface = uha->uiaa->uiaa_iface;
	sc->sc_hdev = uha->parent;
	sc->sc_id = id;
	uhidev_get_report_desc(sc->sc_hdev, &sc->sc_desc, &sc->sc_desclen);
	sc->sc_isize = hid_report_size(sc->sc_desc, sc->sc_desclen, hid_input,
	    id);
	sc->sc_osize = hid_report_size(sc->sc_desc, sc->sc_desclen,
	    hid_output, id);
	sc->sc_fsize = hid_report_size(sc->sc_desc, sc->sc_desclen,
	    hid_feature, id);
	sc->sc_fido = hid_is_collection(sc->sc_desc, sc->sc_desclen, id,
	    HID_USAGE2(HUP_FIDO, HUF_U2FHID)) &&
	    uhidev_has_output_pipe(sc->sc_hdev);
	if (sc->sc_fido)
		device_set_token(self);
	mutex_init(&sc->sc_lock, MUTEX_DEFAULT, IPL_SOFTUSB);
	cv_init(&sc->sc_cv, "uhidrea");
	selinit(&sc->sc_rsel);

	aprint_naive("\n");
	aprint_normal(": input=%d, output=%d, feature=%d\n", sc->sc_isize,
	    sc->sc_osize, sc->sc_fsize);
}

static int
uhid_activate(device_t self, enum devact act)
{
	struct uhid_softc *sc = device_private(self);

	if (act != DVACT_DEACTIVATE)
		return EOPNOTSUPP;
	mutex_enter(&sc->sc_lock);
	sc->sc_dying = true;
	mutex_exit(&sc->sc_lock);
	return 0;
}

static int
uhid_detach(device_t self, int flags)
{
	struct uhid_softc *sc = device_private(self);
	const devmajor_t maj = cdevsw_lookup_major(&uhid_cdevsw);
	const devminor_t mn = device_unit(self);

	mutex_enter(&sc->sc_lock);
	if ((flags & DETACH_FORCE) == 0 && sc->sc_state != UHID_CLOSED) {
		mutex_exit(&sc->sc_lock);
		return EBUSY;
	}
	sc->sc_dying = true;
	mutex_exit(&sc->sc_lock);
	vdevgone(maj, mn, mn, VCHR);
	KASSERT(sc->sc_state == UHID_CLOSED && !sc->sc_closing);
	seldestroy(&sc->sc_rsel);
	cv_destroy(&sc->sc_cv);
	mutex_destroy(&sc->sc_lock);
	return 0;
}

/* ---- open and close ------------------------------------------------- */

static int
uhidopen(dev_t dev, int flag __unused, int mode __unused,
    struct lwp *l __unused)
{
	struct uhid_softc *const sc = device_lookup_private(&uhid_cd,
	    dev_minor_unit(dev));
	int error;

	if (sc == NULL)
		return ENXIO;
	mutex_enter(&sc->sc_lock);
	if (sc->sc_dying)
		error = ENXIO;
	else if (sc->sc_closing)
		error = ERESTART;
	else
		error = sc->sc_state != UHID_CLOSED ? EBUSY : 0;
	if (error) {
		mutex_exit(&sc->sc_lock);
		return error;
	}
	sc->sc_state = UHID_OPENING;
	sc->sc_raw = sc->sc_fido;
	sc->sc_immed = sc->sc_hidraw = sc->sc_revoked = false;
	uhid_ring_create(sc);
	mutex_exit(&sc->sc_lock);

	error = uhidev_open(sc->sc_hdev, uhid_intr, sc);

	mutex_enter(&sc->sc_lock);
	sc->sc_state = error == 0 ? UHID_OPEN : UHID_CLOSED;
	if (error != 0)
		uhid_ring_destroy(sc);
	if (sc->sc_closing)
		cv_broadcast(&sc->sc_cv);	/* uhidclose */
	mutex_exit(&sc->sc_lock);
	return error;
}

static int
uhidcancel(dev_t dev, int flag __unused, int mode __unused,
    struct lwp *l __unused)
{
	struct uhid_softc *const sc = device_lookup_private(&uhid_cd,
	    dev_minor_unit(dev));

	if (sc == NULL)
		return 0;
	mutex_enter(&sc->sc_lock);
	sc->sc_closing = true;
	cv_broadcast(&sc->sc_cv);
	selnotify(&sc->sc_rsel, POLLHUP, 0);
	mutex_exit(&sc->sc_lock);
	uhidev_stop(sc->sc_hdev);
	return 0;
}

static int
uhidclose(dev_t dev, int flag __unused, int mode __unused,
    struct lwp *l __unused)
{
	struct uhid_softc *const sc = device_lookup_private(&uhid_cd,
	    dev_minor_unit(dev));
	bool isopen;

	if (sc == NULL)
		return 0;
	mutex_enter(&sc->sc_lock);
	KASSERT(sc->sc_closing);
	while (sc->sc_calls > 0 || sc->sc_state == UHID_OPENING)
		cv_wait(&sc->sc_cv, &sc->sc_lock);
	isopen = sc->sc_state == UHID_OPEN;
	mutex_exit(&sc->sc_lock);

	if (isopen)
		uhidev_close(sc->sc_hdev);

	mutex_enter(&sc->sc_lock);
	if (isopen)
		uhid_ring_destroy(sc);
	sc->sc_state = UHID_CLOSED;
	sc->sc_closing = false;
	mutex_exit(&sc->sc_lock);
	return 0;
}

/* ---- read, write, poll ---------------------------------------------- */

/*
 * error = uhid_report(sc, request, type, data, len)
 *
 *	Get or set the unit's own report; data is without the ID byte.
 */
static int
uhid_report(struct uhid_softc *sc, int request, int type, u_char *data,
    int len)
{
	const int extra = sc->sc_id != 0;
	u_char *const buf = kmem_zalloc((size_t)(len + extra), KM_SLEEP);
	usbd_status err;

	buf[0] = sc->sc_id;
	if (request == UR_SET_REPORT) {
		memcpy(buf + extra, data, (size_t)len);
		err = uhidev_set_report(sc->sc_hdev, type, buf, len + extra);
		/* Some that have a pipe for output take it nowhere else. */
		if (err == USBD_STALLED && type == UHID_OUTPUT_REPORT &&
		    uhidev_has_output_pipe(sc->sc_hdev))
			err = uhidev_write(sc->sc_hdev, buf, len + extra);
	} else {
		err = uhidev_get_report(sc->sc_hdev, type, buf, len + extra);
		if (err == USBD_NORMAL_COMPLETION)
			memcpy(data, buf + extra, (size_t)len);
	}
	kmem_free(buf, (size_t)(len + extra));
	return uhid_errno(err);
}

/*
 * sc_lock held: may a call of this file begin?  EIO, ENODEV.  Closed it is for
 * one that has come late to a d_close that no drain went before.
 */
static int
uhid_usable(const struct uhid_softc *sc)
{

	KASSERT(mutex_owned(&sc->sc_lock));
	if (sc->sc_closing || sc->sc_dying || sc->sc_state != UHID_OPEN)
		return EIO;
	return sc->sc_revoked ? ENODEV : 0;
}

/*
 * error = uhid_enter(sc)
 * uhid_exit(sc)
 *
 *	A call uses the open, which is closed only after it.  sc_lock held.
 */
static int
uhid_enter(struct uhid_softc *sc)
{
	const int error = uhid_usable(sc);

	if (error == 0)
		sc->sc_calls++;
	return error;
}

static void
uhid_exit(struct uhid_softc *sc)
{

	KASSERT(mutex_owned(&sc->sc_lock) && sc->sc_calls > 0);
	if (--sc->sc_calls == 0 && sc->sc_closing)
		cv_broadcast(&sc->sc_cv);	/* uhidclose */
}

/* Immediate mode: ask the device for each read. */
static int
uhid_read_immed(struct uhid_softc *sc, struct uio *uio)
{
	struct usb_ctl_report *ucr;
	int error;

	ucr = kmem_zalloc(sizeof(*ucr), KM_SLEEP);
	error = uhid_report(sc, UR_GET_REPORT, UHID_INPUT_REPORT,
	    ucr->ucr_data, sc->sc_isize);
	if (error == 0)
		error = uiomove(ucr->ucr_data, MIN((size_t)sc->sc_isize,
		    uio->uio_resid), uio);
	kmem_free(ucr, sizeof(*ucr));
	return error;
}

/* sc_lock held: reports as a stream of bytes. */
static int
uhid_read_bytes(struct uhid_softc *sc, struct uio *uio)
{
	int error = 0;

	while (error == 0 && sc->sc_count > 0 && uio->uio_resid > 0) {
		const u_int left = sc->sc_lens[sc->sc_head] - sc->sc_taken;
		const u_int n = (u_int)MIN(left, uio->uio_resid);

		error = uiomove(sc->sc_ring + sc->sc_head *
		    (u_int)sc->sc_isize + sc->sc_taken, n, uio);
		sc->sc_taken += n;
		if (n == left)
			uhid_drop(sc);
	}
	return error;
}

static int
uhidread(dev_t dev, struct uio *uio, int flag)
{
	struct uhid_softc *const sc = device_lookup_private(&uhid_cd,
	    dev_minor_unit(dev));
	int error;

	mutex_enter(&sc->sc_lock);
	if ((error = uhid_enter(sc)) != 0) {
		mutex_exit(&sc->sc_lock);
		return error;
	}
	if (sc->sc_immed) {
		mutex_exit(&sc->sc_lock);
		error = uhid_read_immed(sc, uio);
		mutex_enter(&sc->sc_lock);
	} else {
		error = uhid_wait_input(sc, flag);
		if (error == 0)
			error = sc->sc_hidraw ? uhid_hidraw_read(sc, uio) :
			    uhid_read_bytes(sc, uio);
	}
	uhid_exit(sc);
	mutex_exit(&sc->sc_lock);
	return error;
}

/*
 * error = uhid_write_bytes(sc, uio, raw)
 *
 *	In raw mode there may be a 0 in front, for reports that have no ID: so
 *	hidraw has it, and some programs for security keys (python3-fido2) look
 *	at a node by hidraw's ioctls, and write to it after another open.
 *	EINVAL: it is no report.
 */
static int
uhid_write_bytes(struct uhid_softc *sc, struct uio *uio, bool raw)
{
	const int len = sc->sc_osize;
	const size_t resid = uio->uio_resid;
	u_char id = 0, *buf;
	int error = 0;

	if (raw && sc->sc_id == 0 && resid == (size_t)len + 1)
		error = uiomove(&id, 1, uio);
	if (error == 0 && (len == 0 || uio->uio_resid != (size_t)len ||
	    id != 0))
		error = EINVAL;
	if (error) {
		uio->uio_resid = resid;
		return error;
	}
	buf = kmem_alloc((size_t)len, KM_SLEEP);
	error = uiomove(buf, (size_t)len, uio);
	if (error == 0) {
		error = raw ? uhid_errno(uhidev_write(sc->sc_hdev, buf, len)) :
		    uhid_report(sc, UR_SET_REPORT, UHID_OUTPUT_REPORT, buf,
		    len);
		/* Nothing of it has been sent, as far as one can know. */
		if (error != 0)
			uio->uio_resid = resid;
	}
	kmem_free(buf, (size_t)len);
	return error;
}

static int
uhidwrite(dev_t dev, struct uio *uio, int flag __unused)
{
	struct uhid_softc *const sc = device_lookup_private(&uhid_cd,
	    dev_minor_unit(dev));
	bool raw, hidraw;
	int error;

	mutex_enter(&sc->sc_lock);
	error = uhid_enter(sc);
	raw = sc->sc_raw;
	hidraw = sc->sc_hidraw;
	mutex_exit(&sc->sc_lock);
	if (error)
		return error;
	error = hidraw ? uhid_hidraw_write(sc, uio) :
	    uhid_write_bytes(sc, uio, raw);
	mutex_enter(&sc->sc_lock);
	uhid_exit(sc);
	mutex_exit(&sc->sc_lock);
	return error;
}

/*
 * revents = uhidpoll(dev, events, l)
 *
 *	What is closed, or has left, is told as specfs tells it of a dead file,
 *	which this one is about to be.  The poller is recorded even if there is
 *	a report, or the next one would be lost on who waits for edges:
 *
 *	client (EPOLLET)		uhid_intr
 *					report 1
 *	poll: POLLIN, not recorded
 *	read: report 1
 *	sleeps until the next edge	report 2: nobody is recorded
 */
static int
uhidpoll(dev_t dev, int events, struct lwp *l)
{
	struct uhid_softc *const sc = device_lookup_private(&uhid_cd,
	    dev_minor_unit(dev));
	int revents = events & (POLLOUT | POLLWRNORM);

	mutex_enter(&sc->sc_lock);
	if (sc->sc_closing || sc->sc_dying)
		revents = events | POLLERR | POLLHUP;
	else if (sc->sc_revoked)
		revents = POLLERR | POLLHUP;
	else if (sc->sc_count > 0)
		revents |= events & (POLLIN | POLLRDNORM);
	selrecord(l, &sc->sc_rsel);
	mutex_exit(&sc->sc_lock);
	return revents;
}

/* ---- ioctl ---------------------------------------------------------- */

/* The size of a report of this type, 0 if there is none; -1: no such type. */
static int
uhid_size(const struct uhid_softc *sc, int type)
{

	switch (type) {
	case UHID_INPUT_REPORT:
		return sc->sc_isize;
	case UHID_OUTPUT_REPORT:
		return sc->sc_osize;
	case UHID_FEATURE_REPORT:
		return sc->sc_fsize;
	default:
		return -1;
	}
}

static int
uhid_ctl_report(struct uhid_softc *sc, int request, struct usb_ctl_report *r)
{
	const int size = uhid_size(sc, r->ucr_report);

	if (size == -1 || size == 0)
		return EINVAL;
	if (size > (int)sizeof(r->ucr_data))
		return ENOBUFS;
	return uhid_report(sc, request, r->ucr_report, r->ucr_data, size);
}

/* Immediate mode is only for a device that answers. */
static int
uhid_set_immed(struct uhid_softc *sc, bool on)
{
	struct usb_ctl_report *ucr;
	int error = 0;

	if (on) {
		if (sc->sc_isize == 0)
			return EINVAL;
		if (sc->sc_isize > (int)sizeof(ucr->ucr_data))
			return ENOBUFS;
		ucr = kmem_zalloc(sizeof(*ucr), KM_SLEEP);
		error = uhid_report(sc, UR_GET_REPORT, UHID_INPUT_REPORT,
		    ucr->ucr_data, sc->sc_isize);
		kmem_free(ucr, sizeof(*ucr));
		if (error)
			return error == EINTR ? EINTR : EOPNOTSUPP;
	}
	mutex_enter(&sc->sc_lock);
	sc->sc_immed = on;
	mutex_exit(&sc->sc_lock);
	return 0;
}

/* By a request that d_cancel and a signal end. */
static int
uhid_string_desc(struct uhid_softc *sc, struct usb_string_desc *si)
{
	usb_device_request_t req;
	usbd_status err;
	int actlen;

	usbd_string_request(&req, si->usd_string_index, si->usd_language_id);
	memset(&si->usd_desc, 0, sizeof(si->usd_desc));
	err = uhidev_request(sc->sc_hdev, &req, &si->usd_desc, &actlen);
	if (err == USBD_CANCELLED || err == USBD_INTERRUPTED)
		return uhid_errno(err);
	return err == USBD_NORMAL_COMPLETION &&
	    usbd_string_ok(&si->usd_desc, actlen) ? 0 : EINVAL;
}

static int
uhid_do_ioctl(struct uhid_softc *sc, u_long cmd, void *data)
{
	struct usb_ctl_report_desc *rd;

	switch (cmd) {
	case HIDRAW_IOCTL:
		return uhid_hidraw_ioctl(sc, data);
	case FIONBIO:
		return 0;
	case USB_GET_REPORT_DESC:
		rd = data;
		rd->ucrd_size = (int)MIN((size_t)sc->sc_desclen,
		    sizeof(rd->ucrd_data));
		memcpy(rd->ucrd_data, sc->sc_desc, (size_t)rd->ucrd_size);
		return 0;
	case USB_SET_IMMED:
		return uhid_set_immed(sc, *(int *)data != 0);
	case USB_GET_REPORT:
		return uhid_ctl_report(sc, UR_GET_REPORT, data);
	case USB_SET_REPORT:
		return uhid_ctl_report(sc, UR_SET_REPORT, data);
	case USB_GET_REPORT_ID:
		*(int *)data = sc->sc_id;
		return 0;
	case USB_HID_GET_RAW:
		*(int *)data = sc->sc_raw;
		return 0;
	case USB_HID_SET_RAW:
		if (*(int *)data != 0 && !uhidev_has_output_pipe(sc->sc_hdev))
			return EINVAL;
		mutex_enter(&sc->sc_lock);
		sc->sc_raw = *(int *)data != 0;
		mutex_exit(&sc->sc_lock);
		return 0;
	case USB_GET_DEVICE_DESC:
		memcpy(data, usbd_get_device_descriptor(sc->sc_udev),
		    sizeof(usb_device_descriptor_t));
		return 0;
	case USB_GET_STRING_DESC:
		return uhid_string_desc(sc, data);
	case USB_GET_DEVICEINFO:
		usbd_fill_deviceinfo(sc->sc_udev, data, 1);
		return 0;
	default:
		return EINVAL;
	}
}

static int
uhidioctl(dev_t dev, u_long cmd, void *data, int flag __unused,
    struct lwp *l __unused)
{
	struct uhid_softc *const sc = device_lookup_private(&uhid_cd,
	    dev_minor_unit(dev));
	int error;

	mutex_enter(&sc->sc_lock);
	error = uhid_enter(sc);
	mutex_exit(&sc->sc_lock);
	if (error)
		return error;
	error = uhid_do_ioctl(sc, cmd, data);
	mutex_enter(&sc->sc_lock);
	uhid_exit(sc);
	mutex_exit(&sc->sc_lock);
	return error;
}
