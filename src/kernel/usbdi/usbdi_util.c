/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usbdi_util.c - requests and waits that many drivers need.
 *
 * Built on usbdi.h: no state, no locks.  All requests sleep, at most
 * USBD_DEFAULT_TIMEOUT and the grace of a cancel, and may not be made from a
 * callback or under a driver's lock.  What a device answers is its own
 * business: a caller that parses it checks the lengths.
 */
#include <sys/param.h>
#include <sys/errno.h>
#include <sys/kernel.h>
#include <sys/kmem.h>
#include <sys/lwp.h>
#include <sys/syslog.h>
#include <sys/systm.h>

#include <dev/usb/usb.h>
#include <dev/usb/usbdi.h>
#include <dev/usb/usbdi_util.h>
#include <dev/usb/usbdivar.h>
#include <dev/usb/usbhid.h>

#include <hyp/hyp_usb.h>

#include "usbdi/usb_desc.h"
#include "usbdi/usbdi_impl.h"

#define	USB_DETACH_TIMEOUT	60	/* s */

/* ---- standard requests ---------------------------------------------- */

/*
 * err = usbd_get_desc(dev, type, index, len, buf)
 *
 *	GET_DESCRIPTOR, all len bytes of it.
 */
usbd_status
usbd_get_desc(struct usbd_device *dev, int type, int index, int len,
    void *buf)
{
	usb_device_request_t req;

	req.bmRequestType = UT_READ_DEVICE;
	req.bRequest = UR_GET_DESCRIPTOR;
	USETW2(req.wValue, type, index);
	USETW(req.wIndex, 0);
	USETW(req.wLength, len);
	return usbd_do_request(dev, &req, buf);
}

/*
 * err = usbd_get_device_desc(dev, d)
 * err = usbd_get_config_desc(dev, index, d)
 * err = usbd_get_config_desc_full(dev, index, buf, size)
 *
 *	Descriptors as they were read and checked when the device came; the
 *	device is not asked again, so that it cannot give another answer.
 *	The last one gives at most size bytes.  USBD_INVAL: no such
 *	configuration.
 */
usbd_status
usbd_get_device_desc(struct usbd_device *dev, usb_device_descriptor_t *d)
{

	*d = dev->ud_ddesc;
	return USBD_NORMAL_COMPLETION;
}

usbd_status
usbd_get_config_desc(struct usbd_device *dev, int index,
    usb_config_descriptor_t *d)
{

	return usbd_get_config_desc_full(dev, index, d, sizeof(*d));
}

usbd_status
usbd_get_config_desc_full(struct usbd_device *dev, int index, void *buf,
    int size)
{
	const struct udesc *t = dev->ud_desc;
	const struct udesc_conf *dc;

	KASSERTMSG(size >= 0, "size=%d", size);
	if (index < 0 || (u_int)index >= t->d_nconf)
		return USBD_INVAL;
	dc = &t->d_conf[index];
	memcpy(buf, t->d_raw + dc->dc_off, ulmin(dc->dc_len, (size_t)size));
	return USBD_NORMAL_COMPLETION;
}

/*
 * err = usbd_get_config(dev, &value)
 *
 *	bConfigurationValue of the present configuration, 0 for none.
 */
usbd_status
usbd_get_config(struct usbd_device *dev, uint8_t *value)
{

	*value = dev->ud_config;
	return USBD_NORMAL_COMPLETION;
}

/*
 * err = usbd_get_device_status(dev, st)
 *
 *	GET_STATUS of the device (UDS_*).
 */
usbd_status
usbd_get_device_status(struct usbd_device *dev, usb_status_t *st)
{
	usb_device_request_t req;

	req.bmRequestType = UT_READ_DEVICE;
	req.bRequest = UR_GET_STATUS;
	USETW(req.wValue, 0);
	USETW(req.wIndex, 0);
	USETW(req.wLength, sizeof(*st));
	return usbd_do_request(dev, &req, st);
}

/*
 * err = usbd_clear_endpoint_feature(dev, address, feature)
 *
 *	CLEAR_FEATURE of an endpoint.  UF_ENDPOINT_HALT goes by way of the
 *	host, which has the toggle.
 */
usbd_status
usbd_clear_endpoint_feature(struct usbd_device *dev, int address, int feature)
{
	usb_device_request_t req;
	u_int locks;
	int error;

	if (dev->ud_hyp == NULL)
		return USBD_IOERROR;
	if (feature == UF_ENDPOINT_HALT) {
		usbd_assert_sleepable(dev);
		locks = kernel_unlock_all();
		LOCKDEBUG_NONE("hyp_usb_clear_halt");
		error = hyp_usb_clear_halt(dev->ud_hyp, (uint8_t)address);
		if (locks > 0)
			kernel_lock((int)locks);
		return usbd_host_result(dev, error);
	}
	req.bmRequestType = UT_WRITE_ENDPOINT;
	req.bRequest = UR_CLEAR_FEATURE;
	USETW(req.wValue, feature);
	USETW(req.wIndex, address);
	USETW(req.wLength, 0);
	return usbd_do_request(dev, &req, NULL);
}

/*
 * usbd_string_request(req, index, langid)
 * ok = usbd_string_ok(sdesc, actlen)
 *
 *	What usbd_get_string_desc sends, and whether what came of it is one, for
 *	who has to be able to end the request.  Not in NetBSD.
 */
void
usbd_string_request(usb_device_request_t *req, int index, int langid)
{

	req->bmRequestType = UT_READ_DEVICE;
	req->bRequest = UR_GET_DESCRIPTOR;
	USETW2(req->wValue, UDESC_STRING, index);
	USETW(req->wIndex, langid);
	USETW(req->wLength, USB_MAX_STRING_DESCRIPTOR_SIZE);
}

bool
usbd_string_ok(const usb_string_descriptor_t *sdesc, int actlen)
{

	return actlen >= 2 && sdesc->bLength >= 2 &&
	    sdesc->bDescriptorType == UDESC_STRING;
}

/*
 * err = usbd_get_string_desc(dev, index, langid, sdesc, &size)
 *
 *	One string descriptor; *size is how many bytes of it came, at least
 *	2, and never more than sdesc has or than its bLength says.
 */
usbd_status
usbd_get_string_desc(struct usbd_device *dev, int index, int langid,
    usb_string_descriptor_t *sdesc, int *sizep)
{
	usb_device_request_t req;
	usbd_status err;
	int actlen;

	memset(sdesc, 0, sizeof(*sdesc));
	usbd_string_request(&req, index, langid);
	err = usbd_do_request_flags(dev, &req, sdesc, USBD_SHORT_XFER_OK,
	    &actlen, USBD_DEFAULT_TIMEOUT);
	if (err != USBD_NORMAL_COMPLETION)
		return err;
	if (!usbd_string_ok(sdesc, actlen))
		return USBD_IOERROR;
	*sizep = imin(actlen, sdesc->bLength);
	return USBD_NORMAL_COMPLETION;
}

/* One UTF-16 unit as UTF-8; surrogates and controls become '?'. */
static char *
usbd_put_utf8(char *p, uint16_t c)
{

	if (c < ' ' || (c >= 0x7f && c < 0xa0) || (c >= 0xd800 && c < 0xe000))
		c = '?';
	if (c < 0x80)
		*p++ = (char)c;
	else if (c < 0x800) {
		*p++ = (char)(0xc0 | c >> 6);
		*p++ = (char)(0x80 | (c & 0x3f));
	} else {
		*p++ = (char)(0xe0 | c >> 12);
		*p++ = (char)(0x80 | (c >> 6 & 0x3f));
		*p++ = (char)(0x80 | (c & 0x3f));
	}
	return p;
}

/*
 * err = usbd_get_string(dev, index, buf)
 * err = usbd_get_string0(dev, index, buf, unicode)
 *
 *	A string in the device's first language, as printable UTF-8, or
 *	without unicode as ASCII with '?' for the rest; buf has room for
 *	USB_MAX_ENCODED_STRING_LEN bytes.  USBD_INVAL: index is 0.
 */
usbd_status
usbd_get_string(struct usbd_device *dev, int index, char *buf)
{

	return usbd_get_string0(dev, index, buf, 1);
}

usbd_status
usbd_get_string0(struct usbd_device *dev, int index, char *buf, int unicode)
{
	usb_string_descriptor_t sd;
	usbd_status err;
	int i, n, size, langid = 0;
	uint16_t c;

	buf[0] = '\0';
	if (index == 0)
		return USBD_INVAL;
	err = usbd_get_string_desc(dev, USB_LANGUAGE_TABLE, 0, &sd, &size);
	if (err == USBD_NORMAL_COMPLETION && size >= 4)
		langid = UGETW(sd.bString[0]);
	err = usbd_get_string_desc(dev, index, langid, &sd, &size);
	if (err != USBD_NORMAL_COMPLETION)
		return err;
	n = imin(size / 2 - 1, USB_MAX_STRING_LEN - 2);
	for (i = 0; i < n; i++) {
		c = UGETW(sd.bString[i]);
		buf = usbd_put_utf8(buf, unicode || c < 0x80 ? c : '?');
	}
	*buf = '\0';
	return USBD_NORMAL_COMPLETION;
}

/* ---- class descriptors ---------------------------------------------- */

/*
 * d = usb_find_desc(dev, type, subtype)
 *
 *	The first descriptor of that type and subtype, or USBD_SUBTYPE_ANY,
 *	in the present configuration; NULL.  Does not sleep.
 */
const usb_cdc_descriptor_t *
usb_find_desc(struct usbd_device *dev, int type, u_int subtype)
{
	const usb_descriptor_t *d;
	usbd_desc_iter_t iter;

	usb_desc_iter_init(dev, &iter);
	while ((d = usb_desc_iter_next(&iter)) != NULL) {
		if (d->bDescriptorType == type &&
		    (subtype == USBD_SUBTYPE_ANY ||
		    subtype == d->bDescriptorSubtype))
			return (const void *)d;
	}
	return NULL;
}

/*
 * d = usb_find_desc_if(dev, type, subtype, id)
 *
 *	The same, only between the interface descriptor id and the next one;
 *	everywhere if id is NULL.
 */
const usb_cdc_descriptor_t *
usb_find_desc_if(struct usbd_device *dev, int type, u_int subtype,
    usb_interface_descriptor_t *id)
{
	const usb_interface_descriptor_t *i;
	const usb_descriptor_t *d;
	usbd_desc_iter_t iter;

	if (id == NULL)
		return usb_find_desc(dev, type, subtype);
	usb_desc_iter_init(dev, &iter);
	while ((i = usb_desc_iter_next_interface(&iter)) != NULL && i != id)
		continue;
	if (i == NULL)
		return NULL;
	while ((d = usb_desc_iter_next_non_interface(&iter)) != NULL) {
		if (d->bDescriptorType == type &&
		    (subtype == USBD_SUBTYPE_ANY ||
		    subtype == d->bDescriptorSubtype))
			return (const void *)d;
	}
	return NULL;
}

/* ---- HID ------------------------------------------------------------ */

/*
 * d = usbd_get_hid_descriptor(iface)
 *
 *	The HID descriptor of the interface, with at least one report
 *	descriptor's length in it; NULL.  Does not sleep.
 */
usb_hid_descriptor_t *
usbd_get_hid_descriptor(struct usbd_interface *iface)
{
	const usb_cdc_descriptor_t *d;

	d = usb_find_desc_if(iface->ui_dev, UDESC_HID, USBD_SUBTYPE_ANY,
	    iface->ui_idesc);
	if (d == NULL || d->bLength < sizeof(usb_hid_descriptor_t))
		return NULL;
	return __UNCONST(d);
}

static usbd_status
usbd_iface_request(struct usbd_interface *iface, int type, int request,
    int value, int len, void *data)
{
	usb_device_request_t req;

	req.bmRequestType = (uByte)type;
	req.bRequest = (uByte)request;
	USETW(req.wValue, value);
	USETW(req.wIndex, iface->ui_idesc->bInterfaceNumber);
	USETW(req.wLength, len);
	return usbd_do_request(iface->ui_dev, &req, data);
}

/*
 * err = usbd_get_report_descriptor(dev, ifaceno, size, buf)
 */
usbd_status
usbd_get_report_descriptor(struct usbd_device *dev, int ifaceno, int size,
    void *buf)
{
	usb_device_request_t req;

	req.bmRequestType = UT_READ_INTERFACE;
	req.bRequest = UR_GET_DESCRIPTOR;
	USETW2(req.wValue, UDESC_REPORT, 0);
	USETW(req.wIndex, ifaceno);
	USETW(req.wLength, size);
	return usbd_do_request(dev, &req, buf);
}

/*
 * err = usbd_read_report_desc(iface, &desc, &size)
 *
 *	The report descriptor, as long as the HID descriptor says; kmem_free
 *	it with its size.  USBD_INVAL: there is none; USBD_IOERROR.
 */
usbd_status
usbd_read_report_desc(struct usbd_interface *iface, void **descp, int *sizep)
{
	usb_hid_descriptor_t *hid = usbd_get_hid_descriptor(iface);
	usbd_status err;
	int i;

	*descp = NULL;
	*sizep = 0;
	if (hid == NULL)
		return USBD_INVAL;
	for (i = 0; i < hid->bNumDescriptors &&
	    hid->bLength >= USB_HID_DESCRIPTOR_SIZE(i + 1); i++) {
		const uByte *p = (const uByte *)hid + 6 + i * 3;

		if (p[0] == UDESC_REPORT)
			*sizep = UGETW(p + 1);
	}
	if (*sizep == 0)
		return USBD_INVAL;
	*descp = kmem_zalloc((size_t)*sizep, KM_SLEEP);
	err = usbd_get_report_descriptor(iface->ui_dev,
	    iface->ui_idesc->bInterfaceNumber, *sizep, *descp);
	if (err != USBD_NORMAL_COMPLETION) {
		kmem_free(*descp, (size_t)*sizep);
		*descp = NULL;
	}
	return err;
}

/*
 * err = usbd_get_report(iface, type, id, data, len)
 * err = usbd_set_report(iface, type, id, data, len)
 * err = usbd_set_idle(iface, duration, id)
 * err = usbd_set_protocol(iface, report)
 *
 *	Requests of the HID class.
 */
usbd_status
usbd_get_report(struct usbd_interface *iface, int type, int id, void *data,
    int len)
{

	return usbd_iface_request(iface, UT_READ_CLASS_INTERFACE,
	    UR_GET_REPORT, type << 8 | id, len, data);
}

usbd_status
usbd_set_report(struct usbd_interface *iface, int type, int id, void *data,
    int len)
{

	return usbd_iface_request(iface, UT_WRITE_CLASS_INTERFACE,
	    UR_SET_REPORT, type << 8 | id, len, data);
}

usbd_status
usbd_set_idle(struct usbd_interface *iface, int duration, int id)
{

	return usbd_iface_request(iface, UT_WRITE_CLASS_INTERFACE,
	    UR_SET_IDLE, duration << 8 | id, 0, NULL);
}

usbd_status
usbd_set_protocol(struct usbd_interface *iface, int report)
{

	return usbd_iface_request(iface, UT_WRITE_CLASS_INTERFACE,
	    UR_SET_PROTOCOL, report, 0, NULL);
}

/* ---- transfers that wait -------------------------------------------- */

/*
 * err = usbd_bulk_transfer(xfer, pipe, flags, timeout, buf, &size)
 * err = usbd_intr_transfer(xfer, pipe, flags, timeout, buf, &size)
 *
 *	Move *size bytes between buf and the pipe and wait for it; *size is
 *	then what was moved.  An interrupt of the calling operation ends it
 *	with USBD_INTERRUPTED.  Errors as usbd_transfer and of the transfer.
 */
usbd_status
usbd_bulk_transfer(struct usbd_xfer *xfer, struct usbd_pipe *pipe,
    uint16_t flags, uint32_t timeout, void *buf, uint32_t *size)
{
	usbd_status err;

	KASSERTMSG(xfer->ux_pipe == pipe, "xfer is for endpoint 0x%02x",
	    xfer->ux_pipe->up_addr);
	usbd_setup_xfer(xfer, NULL, buf, *size, flags, timeout, NULL);
	err = usbd_sync_transfer_sig(xfer);
	*size = xfer->ux_actlen;
	return err;
}

usbd_status
usbd_intr_transfer(struct usbd_xfer *xfer, struct usbd_pipe *pipe,
    uint16_t flags, uint32_t timeout, void *buf, uint32_t *size)
{

	return usbd_bulk_transfer(xfer, pipe, flags, timeout, buf, size);
}

/* ---- detach --------------------------------------------------------- */

/*
 * usb_detach_wait(dev, cv, lock)
 * usb_detach_broadcast(dev, cv)
 *
 *	A detach function waits, once, until users of the softc broadcast
 *	that they have left; lock is held by both.  It complains and returns
 *	after a minute.
 */
void
usb_detach_wait(device_t dev, kcondvar_t *cv, kmutex_t *lock)
{

	if (cv_timedwait(cv, lock, hz * USB_DETACH_TIMEOUT) != 0)
		log(LOG_WARNING, "%s: its users do not leave\n",
		    device_xname(dev));
}

void
usb_detach_broadcast(device_t dev __unused, kcondvar_t *cv)
{

	cv_broadcast(cv);
}

/*
 * usb_detach_waitold(dev)
 * usb_detach_wakeupold(dev)
 *
 *	The same of a driver that is not MP-safe, and counts its users under
 *	the kernel lock: that is left while the first sleeps.
 */
void
usb_detach_waitold(device_t dev)
{

	if (tsleep(dev, PZERO, "usbdet", hz * USB_DETACH_TIMEOUT) != 0)
		log(LOG_WARNING, "%s: its users do not leave\n",
		    device_xname(dev));
}

void
usb_detach_wakeupold(device_t dev)
{

	wakeup(dev);
}

/*
 * usbd_delay_ms(dev, ms)
 *
 *	The device needs so long.  Sleeps.
 */
void
usbd_delay_ms(struct usbd_device *dev __unused, u_int ms)
{

	(void)kpause("usbdly", false, mstohz(MAX(ms, 1U)), NULL);
}

void
usbd_set_polling(struct usbd_device *dev __unused, int on __unused)
{
}

void
usbd_dopoll(struct usbd_interface *iface __unused)
{

	(void)kpause("usbpoll", false, 1, NULL);
}
