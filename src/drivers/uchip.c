/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uchip.c - see uchip.h.
 *
 * Model
 *	A device is hostile: its endpoints are checked here, before a pipe is
 *	opened (usbdi has refused packets of 0 and of more than 1024 bytes
 *	already), and every answer and packet comes with its length.
 *
 * Modem lines
 *	uc_msr is the lines in its low byte and a count of packets above it.
 *	Packets come on the event thread, an answer to a request is stored by
 *	who has asked, and the older of the two must not win:
 *
 *	asks					event thread
 *	the chip answers: carrier on
 *						packet: carrier off
 *	stores: carrier on, for ever
 *
 *	so the answer is stored only over the count that was there before.
 */
#include <sys/param.h>
#include <sys/atomic.h>
#include <sys/device.h>
#include <sys/systm.h>

#include <dev/usb/usb.h>
#include <dev/usb/usbdi.h>
#include <dev/usb/usbdi_util.h>

#include "drivers/uchip.h"

#define	UCHIP_TIMEOUT_MS	1000	/* of a request; they take about 1; not
					   of attach, see uchip_timeout */
#define	UCHIP_BUFSIZE_FULL	1024	/* of a transfer, by speed of bus */
#define	UCHIP_BUFSIZE_HIGH	16384
#define	UCHIP_MINPKT		8	/* of a bulk endpoint, USB 5.8.3 */

/* ---- attach and detach ---------------------------------------------- */

static void
uchip_endpoint(struct uchip *uc, const usb_endpoint_descriptor_t *ed,
    struct ucom_attach_args *ucaa, u_int *outpkt)
{
	const bool in = UE_GET_DIR(ed->bEndpointAddress) == UE_DIR_IN;
	const u_int size = UE_GET_SIZE(UGETW(ed->wMaxPacketSize));

	switch (UE_GET_XFERTYPE(ed->bmAttributes)) {
	case UE_BULK:
		if (in && ucaa->ucaa_bulkin == -1) {
			ucaa->ucaa_bulkin = ed->bEndpointAddress;
			uc->uc_maxpkt = size;
		} else if (!in && ucaa->ucaa_bulkout == -1) {
			ucaa->ucaa_bulkout = ed->bEndpointAddress;
			*outpkt = size;
		}
		break;
	case UE_INTERRUPT:
		if (in && uc->uc_intr == -1) {
			uc->uc_intr = ed->bEndpointAddress;
			uc->uc_intrlen = MIN(UCHIP_PACKET, size);
		}
		break;
	}
}

static bool
uchip_endpoints(struct uchip *uc, struct ucom_attach_args *ucaa)
{
	const usb_interface_descriptor_t *id;
	const usb_endpoint_descriptor_t *ed;
	u_int i, outpkt = 0;

	ucaa->ucaa_bulkin = ucaa->ucaa_bulkout = uc->uc_intr = -1;
	id = usbd_get_interface_descriptor(uc->uc_iface);
	for (i = 0; i < id->bNumEndpoints; i++) {
		ed = usbd_interface2endpoint_descriptor(uc->uc_iface, i);
		if (ed != NULL)
			uchip_endpoint(uc, ed, ucaa, &outpkt);
	}
	return ucaa->ucaa_bulkin != -1 && ucaa->ucaa_bulkout != -1 &&
	    uc->uc_maxpkt >= UCHIP_MINPKT && outpkt >= UCHIP_MINPKT;
}

bool
uchip_begin(struct uchip *uc, device_t self, struct usbif_attach_arg *uiaa,
    struct ucom_attach_args *ucaa)
{
	char *devinfo;

	devinfo = usbd_devinfo_alloc(uiaa->uiaa_device, 0);
	aprint_naive("\n");
	aprint_normal(": %s\n", devinfo);
	usbd_devinfo_free(devinfo);

	uc->uc_dev = self;
	uc->uc_udev = uiaa->uiaa_device;
	uc->uc_iface = uiaa->uiaa_iface;
	if (!uchip_endpoints(uc, ucaa)) {
		aprint_error_dev(self, "no usable bulk endpoints\n");
		return false;
	}
	usbd_add_drv_event(USB_EVENT_DRIVER_ATTACH, uc->uc_udev, self);

	ucaa->ucaa_portno = 0;
	ucaa->ucaa_ibufsize = uc->uc_maxpkt > 64 ? UCHIP_BUFSIZE_HIGH :
	    UCHIP_BUFSIZE_FULL;
	ucaa->ucaa_ibufsize = roundup(ucaa->ucaa_ibufsize, uc->uc_maxpkt);
	ucaa->ucaa_obufsize = ucaa->ucaa_ibufsize;
	ucaa->ucaa_ibufsizepad = ucaa->ucaa_ibufsize;
	ucaa->ucaa_device = uc->uc_udev;
	ucaa->ucaa_iface = uc->uc_iface;
	return true;
}

/*
 * Lines that have changed while config_found was in hand had nobody to be
 * told to (uchip_lines): so the tty is told once more.
 */
void
uchip_end(struct uchip *uc, struct ucom_attach_args *ucaa,
    const struct ucom_methods *methods)
{
	device_t sub;

	ucaa->ucaa_methods = methods;
	ucaa->ucaa_arg = uc;
	sub = config_found(uc->uc_dev, ucaa, ucomprint,
	    CFARGS(.submatch = ucomsubmatch));
	atomic_store_relaxed(&uc->uc_subdev, sub);
	if (sub != NULL)
		ucom_status_change(device_private(sub));
}

int
uchip_activate(device_t self, enum devact act)
{
	struct uchip *uc = device_private(self);

	if (act != DVACT_DEACTIVATE)
		return EOPNOTSUPP;
	atomic_store_relaxed(&uc->uc_dying, true);
	return 0;
}

void
uchip_childdet(device_t self, device_t child)
{
	struct uchip *uc = device_private(self);

	KASSERT(uc->uc_subdev == child);
	atomic_store_relaxed(&uc->uc_subdev, NULL);
}

int
uchip_detach(device_t self, int flags)
{
	struct uchip *uc = device_private(self);
	int error;

	if (flags & DETACH_FORCE)
		atomic_store_relaxed(&uc->uc_dying, true);
	if (uc->uc_subdev != NULL) {
		error = config_detach(uc->uc_subdev, flags);
		if (error)
			return error;
	}
	KASSERT(uc->uc_pipe == NULL);
	usbd_add_drv_event(USB_EVENT_DRIVER_DETACH, uc->uc_udev, self);
	return 0;
}

/* ---- requests ------------------------------------------------------- */

static void
uchip_refused(struct uchip *uc, uint8_t request)
{
	uint32_t *const word = &uc->uc_refused[request / 32];
	const uint32_t bit = 1U << request % 32;

	if (!ISSET(*word, bit))
		aprint_error_dev(uc->uc_dev, "the chip refuses request %#x\n",
		    request);
	SET(*word, bit);
}

/*
 * A client waits for what a method asks.  An attach is tried once, and what has
 * not answered then is of no use until it is plugged again; nobody waits for
 * it.  So it has all the time that a request may have: a machine that stood
 * still for a second has not lost its adapters.
 */
static uint32_t
uchip_timeout(struct uchip *uc)
{

	return atomic_load_relaxed(&uc->uc_subdev) != NULL ? UCHIP_TIMEOUT_MS :
	    USBD_DEFAULT_TIMEOUT;
}

static int
uchip_request(struct uchip *uc, usb_device_request_t *req, u_int value,
    u_int index, void *data, u_int len, u_int *done)
{
	usbd_status err;
	int actual = 0;

	if (atomic_load_relaxed(&uc->uc_dying))
		return EIO;
	USETW(req->wValue, value);
	USETW(req->wIndex, index);
	USETW(req->wLength, len);
	err = usbd_do_request_flags(uc->uc_udev, req, data,
	    USBD_SHORT_XFER_OK, &actual, uchip_timeout(uc));
	if (done != NULL)
		*done = err ? 0 : MIN((u_int)actual, len);
	return err == USBD_STALLED ? EOPNOTSUPP : err ? EIO : 0;
}

int
uchip_write(struct uchip *uc, uint8_t type, uint8_t request, u_int value,
    u_int index, const void *data, u_int len)
{
	usb_device_request_t req = { .bmRequestType = type,
	    .bRequest = request };
	int error;

	error = uchip_request(uc, &req, value, index, __UNCONST(data), len,
	    NULL);
	if (error == EOPNOTSUPP)
		uchip_refused(uc, request);
	return error;
}

int
uchip_try(struct uchip *uc, uint8_t type, uint8_t request, u_int value,
    u_int index, void *data, u_int len, u_int *done)
{
	usb_device_request_t req = { .bmRequestType = type,
	    .bRequest = request };

	memset(data, 0, len);
	return uchip_request(uc, &req, value, index, data, len, done);
}

int
uchip_read(struct uchip *uc, uint8_t type, uint8_t request, u_int value,
    u_int index, void *data, u_int len, u_int *done)
{
	int error;

	error = uchip_try(uc, type, request, value, index, data, len, done);
	if (error == EOPNOTSUPP)
		uchip_refused(uc, request);
	return error;
}

/* ---- status packets ------------------------------------------------- */

static void
uchip_intr(struct usbd_xfer *xfer, void *priv, usbd_status status)
{
	struct uchip *uc = priv;
	uint32_t len;

	if (status == USBD_NORMAL_COMPLETION) {
		usbd_get_xfer_status(xfer, NULL, NULL, &len, NULL);
		uc->uc_status(uc, uc->uc_packet, MIN(len, uc->uc_intrlen));
	} else if (status == USBD_STALLED)
		usbd_clear_endpoint_stall_async(uc->uc_pipe);
}

int
uchip_open(struct uchip *uc)
{
	usbd_status err;

	if (uc->uc_intr == -1)
		return 0;
	err = usbd_open_pipe_intr(uc->uc_iface, (uint8_t)uc->uc_intr,
	    USBD_SHORT_XFER_OK | USBD_MPSAFE, &uc->uc_pipe, uc, uc->uc_packet,
	    uc->uc_intrlen, uchip_intr, USBD_DEFAULT_INTERVAL);
	if (err) {
		if (!uc->uc_said)	/* every open comes here */
			aprint_error_dev(uc->uc_dev, "status packets: %s\n",
			    usbd_errstr(err));
		uc->uc_said = true;
		uc->uc_pipe = NULL;
		return EIO;
	}
	return 0;
}

void
uchip_close(struct uchip *uc)
{

	if (uc->uc_pipe == NULL)
		return;
	usbd_abort_pipe(uc->uc_pipe);
	usbd_close_pipe(uc->uc_pipe);
	uc->uc_pipe = NULL;
}

void
uchip_store(struct uchip *uc, u_char msr)
{
	u_int old;

	do {
		old = atomic_load_relaxed(&uc->uc_msr);
	} while (atomic_cas_uint(&uc->uc_msr, old,
	    (old & ~0xffU) + 0x100 + msr) != old);
}

void
uchip_lines(struct uchip *uc, u_char msr)
{
	device_t sub;

	uchip_store(uc, msr);
	sub = atomic_load_relaxed(&uc->uc_subdev);
	if (sub != NULL)
		ucom_status_change(device_private(sub));
}

void
uchip_event(struct uchip *uc, u_char lsr)
{
	device_t sub = atomic_load_relaxed(&uc->uc_subdev);

	if (lsr != 0 && sub != NULL)
		ucom_line_event(device_private(sub), lsr);
}

u_int
uchip_ask(struct uchip *uc)
{

	return atomic_load_relaxed(&uc->uc_msr);
}

void
uchip_asked(struct uchip *uc, u_int mark, u_char msr)
{

	(void)atomic_cas_uint(&uc->uc_msr, mark, (mark & ~0xffU) | msr);
}

u_char
uchip_msr(struct uchip *uc)
{

	return atomic_load_relaxed(&uc->uc_msr) & 0xff;
}
