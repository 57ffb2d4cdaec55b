/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usb_subr.c - devices, configurations, interfaces; for drivers and for
 * src/bus.
 *
 * Model
 *	A usbd_device is one plugging of one device.  src/bus makes it with
 *	usbd_device_open, gives it a configuration with usbd_device_configure,
 *	attaches drivers, and after it has detached them ends it with
 *	usbd_device_close.  Between, only the drivers' calls touch it.
 *
 *	The descriptors are read once, when the device is opened, and checked
 *	by usb_desc.c; every pointer to a descriptor that a driver gets points
 *	into that copy.  What a device answers later is never compared with
 *	it or parsed here, but for strings, which are bounds-checked where
 *	they are copied.
 *
 *	A device made by usbd_device_parse has descriptors and no hardware:
 *	drivers' match functions can look at it, every transfer fails.
 *
 * Interfaces
 *	An interface belongs to the host until usbd_claim takes it: before
 *	its driver attaches, or when a driver first uses one that it took
 *	besides its own.  usbd_device_close gives all of them back.
 *
 * Locks
 *	ud_lock guards ui_claim and the endpoints' counts.  The configuration
 *	(fields marked (c) in usbdivar.h) is changed only by a thread that
 *	knows that nobody uses it.  No lock over a host call that blocks, the
 *	kernel lock included.
 */
#include <sys/param.h>
#include <sys/errno.h>
#include <sys/kmem.h>
#include <sys/lwp.h>
#include <sys/systm.h>

#include <dev/usb/usb.h>
#include <dev/usb/usb_quirks.h>
#include <dev/usb/usbdi.h>
#include <dev/usb/usbdi_util.h>
#include <dev/usb/usbdivar.h>

#include <hyp/hyp_usb.h>

#include "usbdi/usb_desc.h"
#include "usbdi/usbdi_impl.h"

static void usbd_why(struct usbd_why *, const char *, ...)
	    __printflike(2, 3);

static void
usbd_why(struct usbd_why *why, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why->w_text, sizeof(why->w_text), fmt, ap);
	va_end(ap);
}

/* ---- results of host calls ------------------------------------------ */

/*
 * err = usbd_status_of(error)
 *
 *	The status for a host's error.  The numbers that matter here are the
 *	same on both sides of the seam.
 */
usbd_status
usbd_status_of(int error)
{

	switch (error) {
	case 0:
		return USBD_NORMAL_COMPLETION;
	case ENOMEM:
		return USBD_NOMEM;
	case EBUSY:
		return USBD_IN_USE;
	default:
		return USBD_IOERROR;
	}
}

/*
 * err = usbd_host_result(dev, error)
 *
 *	The same, and if the host says that the device is gone, everybody
 *	learns it.  ud_lock not held.
 */
usbd_status
usbd_host_result(struct usbd_device *dev, int error)
{

	if (error == ENODEV) {
		mutex_enter(&dev->ud_lock);
		dev->ud_nodev = true;
		usbd_unlock(dev);
	}
	return usbd_status_of(error);
}

/* ---- making and ending a device ------------------------------------- */

/*
 * How many bytes of s are one printable character: ASCII, or a UTF-8
 * sequence that is no control character.  0: none.  s ends with a NUL.
 */
static size_t
usbd_printable(const char *s)
{
	const u_char c = (u_char)s[0];
	size_t i, n;

	if (c >= ' ' && c < 0x7f)
		return 1;
	if (c < 0xc2 || c > 0xf4 || (c == 0xc2 && (u_char)s[1] < 0xa0))
		return 0;
	n = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	for (i = 1; i < n; i++) {
		if (((u_char)s[i] & 0xc0) != 0x80)
			return 0;
	}
	return n;
}

/*
 * A copy of a string that comes from the device: it goes to logs and
 * terminals, so what is not printable becomes '?'.  kmem_strfree.
 */
static char *
usbd_strdup(const char *s)
{
	const size_t len = strnlen(s, USB_MAX_ENCODED_STRING_LEN - 1);
	char *p = kmem_zalloc(len + 1, KM_SLEEP);
	size_t i, n;

	memcpy(p, s, len);
	for (i = 0; i < len; i += n) {
		if ((n = usbd_printable(p + i)) == 0) {
			p[i] = '?';
			n = 1;
		}
	}
	return p;
}

/*
 * error = usbd_device_parse(info, raw, len, &dev, why)
 *
 *	A device with these descriptors and no hardware, unconfigured.  Sleeps.
 *	EINVAL, E2BIG: refused, *why says what is wrong and where.
 */
int
usbd_device_parse(const struct hyp_usb_info *hi, const void *raw, size_t len,
    struct usbd_device **devp, struct usbd_why *why)
{
	struct udesc_error de;
	struct usbd_device *dev;
	struct udesc *desc;
	int error;

	*devp = NULL;
	if ((error = udesc_parse(raw, len, &desc, &de)) != 0) {
		usbd_why(why, "bad descriptors at offset %zu of %zu: %s",
		    de.e_off, len, de.e_text);
		return error;
	}
	dev = kmem_zalloc(sizeof(*dev), KM_SLEEP);
	dev->ud_desc = desc;
	dev->ud_ddesc = *desc->d_dev;
	dev->ud_path = usbd_strdup(hi->hi_path);
	dev->ud_bus = (uint8_t)hi->hi_bus;
	dev->ud_addr = (uint8_t)hi->hi_addr;
	dev->ud_speed = hi->hi_speed;
	dev->ud_vendor = usbd_strdup(hi->hi_vendorstr);
	dev->ud_product = usbd_strdup(hi->hi_productstr);
	dev->ud_serial = usbd_strdup(hi->hi_serial);
	dev->ud_quirks = usbd_find_quirk(&dev->ud_ddesc);
	mutex_init(&dev->ud_lock, MUTEX_DEFAULT, IPL_SOFTUSB);
	cv_init(&dev->ud_cv, "usbdev");
	LIST_INIT(&dev->ud_pipes);
	usb_task_init(dev);
	dev->ud_dying = true;
	*devp = dev;
	return 0;
}

/* Why the host does not open a device. */
static void
usbd_why_open(struct usbd_why *why, int error)
{

	switch (error) {
	case ENODEV:
		usbd_why(why, "it is gone again");
		break;
	case EACCES:
		usbd_why(why, "no permission to open it");
		break;
	case ENOMEM:
	case EMFILE:
		usbd_why(why, "no memory or file descriptor left to open "
		    "it");
		break;
	default:
		usbd_why(why, "cannot open it, host error %d", error);
		break;
	}
}

/*
 * error = usbd_read_descriptors(h, &buf, why)
 *
 *	The raw descriptors in a buffer of UDESC_MAXLEN + 1 bytes, so that one
 *	byte too many is seen.
 */
static int
usbd_read_descriptors(struct hyp_usb *h, uint8_t **bufp, size_t *lenp,
    struct usbd_why *why)
{
	uint8_t *buf = kmem_alloc(UDESC_MAXLEN + 1, KM_SLEEP);
	int error;

	*bufp = buf;
	error = hyp_usb_descriptors(h, buf, UDESC_MAXLEN + 1, lenp);
	if (error == 0)
		return 0;
	kmem_free(buf, UDESC_MAXLEN + 1);
	if (error == ENODEV)
		usbd_why_open(why, error);
	else
		usbd_why(why, "cannot read its descriptors, host error %d",
		    error);
	return error;
}

/*
 * error = usbd_device_open(info, gone, arg, &dev, why)
 *
 *	Open the device that info describes and check its descriptors.
 *	gone(arg) is called, at most once and from any context, if usbdi finds
 *	out that the device is gone; arg is also the cookie of hyp_usb_gone.
 *	Sleeps; no lock.  ENODEV: gone; other values: refused; *why says why.
 */
int
usbd_device_open(const struct hyp_usb_info *hi, void (*gone)(void *),
    void *arg, struct usbd_device **devp, struct usbd_why *why)
{
	struct usbd_device *dev;
	struct hyp_usb *h;
	uint8_t *buf;
	size_t len;
	int error;

	*devp = NULL;
	error = hyp_usb_open(hi->hi_bus, hi->hi_addr, arg, &h);
	if (error != 0) {
		usbd_why_open(why, error);
		return error;
	}
	if ((error = usbd_read_descriptors(h, &buf, &len, why)) != 0)
		goto close;
	error = usbd_device_parse(hi, buf, len, &dev, why);
	kmem_free(buf, UDESC_MAXLEN + 1);
	if (error != 0)
		goto close;
	dev->ud_hyp = h;
	dev->ud_dying = false;
	dev->ud_gone = gone;
	dev->ud_gonearg = arg;
	dev->ud_pipe0 = usbd_pipe_create(dev, NULL, NULL, true);
	*devp = dev;
	return 0;

close:	hyp_usb_close(h);
	return error;
}

/* Forget the interfaces of the present configuration. */
static void
usbd_free_ifaces(struct usbd_device *dev)
{
	struct usbd_interface *iface;
	int i;

	for (i = 0; i < dev->ud_nifaces; i++) {
		iface = &dev->ud_ifaces[i];
		KASSERTMSG(!usbd_iface_open(iface), "%s: a driver has left a "
		    "pipe of interface %d open", dev->ud_path, i);
		if (iface->ui_endpoints != NULL)
			kmem_free(iface->ui_endpoints,
			    iface->ui_idesc->bNumEndpoints *
			    sizeof(iface->ui_endpoints[0]));
	}
	if (dev->ud_ifaces != NULL)
		kmem_free(dev->ud_ifaces,
		    (size_t)dev->ud_nifaces * sizeof(dev->ud_ifaces[0]));
	dev->ud_ifaces = NULL;
	dev->ud_nifaces = 0;
	dev->ud_conf = NULL;
	dev->ud_cdesc = NULL;
	dev->ud_config = USB_UNCONFIG_NO;
}

/*
 * usbd_device_close(dev)
 *
 *	The end of a device, whose drivers are detached: everything that they
 *	made must be destroyed.  Gives it back to the host.  Sleeps; in
 *	bounded time, also if the hardware never answers again.
 */
void
usbd_device_close(struct usbd_device *dev)
{

	if (dev->ud_pipe0 != NULL)
		usbd_close_pipe(dev->ud_pipe0);
	usb_task_fini(dev);
	if (dev->ud_hyp != NULL)
		hyp_usb_close(dev->ud_hyp);
	KASSERTMSG(dev->ud_nxfers == 0, "%s: drivers have left %u xfers "
	    "behind", dev->ud_path, dev->ud_nxfers);
	usbd_free_ifaces(dev);
	KASSERTMSG(LIST_EMPTY(&dev->ud_pipes), "%s: drivers have left pipes "
	    "open", dev->ud_path);
	udesc_free(dev->ud_desc);
	cv_destroy(&dev->ud_cv);
	mutex_destroy(&dev->ud_lock);
	kmem_strfree(dev->ud_path);
	kmem_strfree(dev->ud_vendor);
	kmem_strfree(dev->ud_product);
	kmem_strfree(dev->ud_serial);
	kmem_free(dev, sizeof(*dev));
}

/* ---- configurations ------------------------------------------------- */

/* Point iface at one of its settings; nobody uses it. */
static void
usbd_fill_iface(struct usbd_interface *iface, const struct udesc_alt *alt,
    int altindex)
{
	u_int i;

	if (iface->ui_endpoints != NULL)
		kmem_free(iface->ui_endpoints,
		    iface->ui_idesc->bNumEndpoints *
		    sizeof(iface->ui_endpoints[0]));
	iface->ui_alt = alt;
	iface->ui_altindex = altindex;
	iface->ui_idesc = alt->da_d;
	iface->ui_endpoints = alt->da_nep == 0 ? NULL :
	    kmem_zalloc(alt->da_nep * sizeof(iface->ui_endpoints[0]),
	    KM_SLEEP);
	for (i = 0; i < alt->da_nep; i++)
		iface->ui_endpoints[i].ue_edesc = alt->da_ep[i].de_d;
}

/* Let the objects follow a configuration that the device has. */
static void
usbd_fill_config(struct usbd_device *dev, const struct udesc_conf *dc)
{
	int i;

	usbd_free_ifaces(dev);
	dev->ud_conf = dc;
	dev->ud_cdesc = dc->dc_d;
	dev->ud_config = dc->dc_d->bConfigurationValue;
	dev->ud_nifaces = (int)dc->dc_niface;
	if (dev->ud_nifaces > 0)
		dev->ud_ifaces = kmem_zalloc((size_t)dev->ud_nifaces *
		    sizeof(dev->ud_ifaces[0]), KM_SLEEP);
	for (i = 0; i < dev->ud_nifaces; i++) {
		dev->ud_ifaces[i].ui_dev = dev;
		dev->ud_ifaces[i].ui_index = i;
		usbd_fill_iface(&dev->ud_ifaces[i],
		    udesc_alt_nth(dc, (u_int)i, 0), 0);
	}
}

static usbd_status
usbd_host_set_config(struct usbd_device *dev, uint8_t value)
{
	const u_int locks = kernel_unlock_all();
	const int error = hyp_usb_set_config(dev->ud_hyp, value);

	if (locks > 0)
		kernel_lock((int)locks);
	return usbd_host_result(dev, error);
}

/*
 * error = usbd_device_configure(dev, why)
 *
 *	Let dev have a configuration: the one that the operating system has
 *	chosen, or else its first.  A device without hardware gets its first.
 *	Sleeps; nobody uses dev yet.  Any error: *why says what.
 */
int
usbd_device_configure(struct usbd_device *dev, struct usbd_why *why)
{
	const struct udesc_conf *dc = &dev->ud_desc->d_conf[0];
	uint8_t value = 0;
	usbd_status err;
	int error;

	if (dev->ud_hyp == NULL) {
		usbd_fill_config(dev, dc);
		return 0;
	}
	error = hyp_usb_get_config(dev->ud_hyp, &value);
	if (error != 0) {
		usbd_why(why, "cannot read its configuration, host error %d",
		    error);
		return error;
	}
	if (value != 0) {
		if ((dc = udesc_conf_by_value(dev->ud_desc, value)) == NULL) {
			usbd_why(why, "it is in configuration %u, which its "
			    "descriptors do not have", value);
			return EINVAL;
		}
		usbd_fill_config(dev, dc);
		return 0;
	}
	err = usbd_host_set_config(dev, dc->dc_d->bConfigurationValue);
	if (err != USBD_NORMAL_COMPLETION) {
		usbd_why(why, "cannot set configuration %u: %s",
		    dc->dc_d->bConfigurationValue, usbd_errstr(err));
		return EIO;
	}
	usbd_fill_config(dev, dc);
	return 0;
}

/* Does any interface have an open pipe? */
static bool
usbd_device_busy(struct usbd_device *dev)
{
	bool busy = false;
	int i;

	mutex_enter(&dev->ud_lock);
	for (i = 0; i < dev->ud_nifaces && !busy; i++)
		busy = usbd_iface_open(&dev->ud_ifaces[i]);
	mutex_exit(&dev->ud_lock);
	return busy;
}

/*
 * err = usbd_set_config_index(dev, index, msg)
 * err = usbd_set_config_no(dev, value, msg)
 *
 *	Choose a configuration, by its place among the descriptors or by its
 *	bConfigurationValue, for a driver that attaches to the whole device.
 *	The one that the device already has is left alone, with its interface
 *	handles; another one makes all of them invalid.  msg is ignored: what
 *	fails is said by whoever asked.  Sleeps; no lock.  USBD_INVAL no such
 *	configuration, USBD_IN_USE a pipe is open or another program has an
 *	interface, USBD_IOERROR.
 */
usbd_status
usbd_set_config_index(struct usbd_device *dev, int index, int msg __unused)
{
	const struct udesc_conf *dc;
	usbd_status err;

	if (index < 0 || (u_int)index >= dev->ud_desc->d_nconf)
		return USBD_INVAL;
	dc = &dev->ud_desc->d_conf[index];
	if (dc == dev->ud_conf)
		return USBD_NORMAL_COMPLETION;
	if (dev->ud_hyp == NULL)
		return USBD_IOERROR;
	if (usbd_device_busy(dev))
		return USBD_IN_USE;
	err = usbd_host_set_config(dev, dc->dc_d->bConfigurationValue);
	if (err == USBD_NORMAL_COMPLETION)
		usbd_fill_config(dev, dc);
	return err;
}

usbd_status
usbd_set_config_no(struct usbd_device *dev, int value, int msg)
{
	const struct udesc_conf *dc = NULL;

	if (value > 0 && value <= UINT8_MAX)
		dc = udesc_conf_by_value(dev->ud_desc, (uint8_t)value);
	if (dc == NULL)
		return USBD_INVAL;
	return usbd_set_config_index(dev, (int)(dc - dev->ud_desc->d_conf),
	    msg);
}

/* ---- interfaces ----------------------------------------------------- */

/*
 * err = usbd_claim(iface)
 *
 *	Have the interface from the host; does nothing if we have it already.
 *	Sleeps; no lock.  USBD_IN_USE another program has it, USBD_IOERROR.
 *
 *	Two threads at once: the second waits on ud_cv for what the first
 *	gets, because the host is asked without ud_lock.
 */
usbd_status
usbd_claim(struct usbd_interface *iface)
{
	struct usbd_device *dev = iface->ui_dev;
	u_int locks;
	int error;

	if (dev->ud_hyp == NULL)
		return USBD_IOERROR;
	mutex_enter(&dev->ud_lock);
	while (iface->ui_claim == UI_CLAIMING)
		cv_wait(&dev->ud_cv, &dev->ud_lock);
	if (iface->ui_claim == UI_CLAIMED) {
		mutex_exit(&dev->ud_lock);
		return USBD_NORMAL_COMPLETION;
	}
	iface->ui_claim = UI_CLAIMING;
	mutex_exit(&dev->ud_lock);

	locks = kernel_unlock_all();
	error = hyp_usb_claim(dev->ud_hyp, iface->ui_idesc->bInterfaceNumber);
	if (locks > 0)
		kernel_lock((int)locks);

	mutex_enter(&dev->ud_lock);
	iface->ui_claim = error == 0 ? UI_CLAIMED : UI_FREE;
	cv_broadcast(&dev->ud_cv);
	mutex_exit(&dev->ud_lock);
	return usbd_host_result(dev, error);
}

/*
 * err = usbd_set_interface(iface, altindex)
 *
 *	Choose an alternate setting, by its place among the interface's
 *	descriptors.  Endpoint descriptors of the old one must not be used
 *	any more.  Sleeps; no lock.  USBD_INVAL no such setting, USBD_IN_USE
 *	a pipe of the interface is open, USBD_IOERROR.
 */
usbd_status
usbd_set_interface(struct usbd_interface *iface, int altindex)
{
	struct usbd_device *dev = iface->ui_dev;
	const struct udesc_alt *alt = NULL;
	usbd_status err;
	u_int locks;
	bool busy;
	int error;

	if (altindex >= 0)
		alt = udesc_alt_nth(dev->ud_conf, (u_int)iface->ui_index,
		    (u_int)altindex);
	if (alt == NULL)
		return USBD_INVAL;
	mutex_enter(&dev->ud_lock);
	busy = usbd_iface_open(iface);
	mutex_exit(&dev->ud_lock);
	if (busy)
		return USBD_IN_USE;
	if ((err = usbd_claim(iface)) != USBD_NORMAL_COMPLETION)
		return err;
	locks = kernel_unlock_all();
	error = hyp_usb_set_alt(dev->ud_hyp, alt->da_d->bInterfaceNumber,
	    alt->da_d->bAlternateSetting);
	if (locks > 0)
		kernel_lock((int)locks);
	if (error == 0)
		usbd_fill_iface(iface, alt, altindex);
	return usbd_host_result(dev, error);
}

/*
 * err = usbd_device2interface_handle(dev, index, &iface)
 *
 *	The interface with that index (not number).  USBD_NOT_CONFIGURED,
 *	USBD_INVAL.
 */
usbd_status
usbd_device2interface_handle(struct usbd_device *dev, uint8_t index,
    struct usbd_interface **ifacep)
{

	if (dev->ud_cdesc == NULL)
		return USBD_NOT_CONFIGURED;
	if (index >= dev->ud_nifaces)
		return USBD_INVAL;
	*ifacep = &dev->ud_ifaces[index];
	return USBD_NORMAL_COMPLETION;
}

/*
 * usbd_interface2device_handle(iface, &dev)
 */
void
usbd_interface2device_handle(struct usbd_interface *iface,
    struct usbd_device **devp)
{

	*devp = iface->ui_dev;
}

/*
 * err = usbd_interface_count(dev, &count)
 * err = usbd_endpoint_count(iface, &count)
 *
 *	USBD_NOT_CONFIGURED for the first.
 */
usbd_status
usbd_interface_count(struct usbd_device *dev, uint8_t *count)
{

	if (dev->ud_cdesc == NULL)
		return USBD_NOT_CONFIGURED;
	*count = dev->ud_cdesc->bNumInterface;
	return USBD_NORMAL_COMPLETION;
}

usbd_status
usbd_endpoint_count(struct usbd_interface *iface, uint8_t *count)
{

	*count = iface->ui_idesc->bNumEndpoints;
	return USBD_NORMAL_COMPLETION;
}

/*
 * altindex = usbd_get_interface_altindex(iface)
 *
 *	The present setting by its place, as for usbd_set_interface.
 */
int
usbd_get_interface_altindex(struct usbd_interface *iface)
{

	return iface->ui_altindex;
}

/*
 * err = usbd_get_interface(iface, &altno)
 *
 *	The alternate setting by number, as we know it: the host makes every
 *	change, so the device is not asked.
 */
usbd_status
usbd_get_interface(struct usbd_interface *iface, uint8_t *altno)
{

	*altno = iface->ui_idesc->bAlternateSetting;
	return USBD_NORMAL_COMPLETION;
}

/* ---- descriptors ---------------------------------------------------- */

/*
 * dd = usbd_get_device_descriptor(dev)
 * cd = usbd_get_config_descriptor(dev)
 * id = usbd_get_interface_descriptor(iface)
 *
 *	Checked descriptors, as long as the device, the configuration or the
 *	setting; cd is NULL while dev is not configured.  Any context.
 */
usb_device_descriptor_t *
usbd_get_device_descriptor(struct usbd_device *dev)
{

	return &dev->ud_ddesc;
}

usb_config_descriptor_t *
usbd_get_config_descriptor(struct usbd_device *dev)
{

	return dev->ud_cdesc;
}

usb_interface_descriptor_t *
usbd_get_interface_descriptor(struct usbd_interface *iface)
{

	return iface->ui_idesc;
}

/*
 * ed = usbd_interface2endpoint_descriptor(iface, index)
 * ed = usbd_get_endpoint_descriptor(iface, address)
 *
 *	An endpoint of the present setting, or NULL.
 */
usb_endpoint_descriptor_t *
usbd_interface2endpoint_descriptor(struct usbd_interface *iface,
    uint8_t index)
{

	if (index >= iface->ui_idesc->bNumEndpoints)
		return NULL;
	return iface->ui_endpoints[index].ue_edesc;
}

usb_endpoint_descriptor_t *
usbd_get_endpoint_descriptor(struct usbd_interface *iface, uint8_t address)
{
	u_int i;

	for (i = 0; i < iface->ui_idesc->bNumEndpoints; i++) {
		if (iface->ui_endpoints[i].ue_edesc->bEndpointAddress ==
		    address)
			return iface->ui_endpoints[i].ue_edesc;
	}
	return NULL;
}

/*
 * usb_desc_iter_init(dev, iter)
 * d = usb_desc_iter_peek(iter)
 * d = usb_desc_iter_next(iter)
 *
 *	Walk the descriptors of the present configuration, the configuration
 *	descriptor first; NULL at the end.  Each lies inside the configuration
 *	and has at least 3 bytes, so that its subtype may be read; one of 2
 *	bytes, which USB allows, is stepped over.
 */
void
usb_desc_iter_init(struct usbd_device *dev, usbd_desc_iter_t *iter)
{

	iter->cur = iter->end = NULL;
	if (dev->ud_cdesc == NULL)
		return;
	iter->cur = (const uByte *)dev->ud_cdesc;
	iter->end = iter->cur + UGETW(dev->ud_cdesc->wTotalLength);
}

const usb_descriptor_t *
usb_desc_iter_peek(usbd_desc_iter_t *iter)
{
	const uByte *d;

	while ((d = iter->cur) != iter->end) {
		/* The parser has seen to it; a driver may have its own iter. */
		KASSERTMSG(iter->end - d >= 2 && d[0] >= 2 &&
		    d[0] <= iter->end - d, "bLength %u", d[0]);
		if (d[0] >= sizeof(usb_descriptor_t))
			return (const void *)d;
		iter->cur += d[0];
	}
	return NULL;
}

const usb_descriptor_t *
usb_desc_iter_next(usbd_desc_iter_t *iter)
{
	const usb_descriptor_t *d = usb_desc_iter_peek(iter);

	if (d != NULL)
		iter->cur += d->bLength;
	return d;
}

/*
 * id = usb_desc_iter_next_interface(iter)
 *
 *	Step over everything up to and including the next interface
 *	descriptor.
 */
const usb_interface_descriptor_t *
usb_desc_iter_next_interface(usbd_desc_iter_t *iter)
{
	const usb_descriptor_t *d;

	while ((d = usb_desc_iter_next(iter)) != NULL) {
		if (d->bDescriptorType == UDESC_INTERFACE)
			return (const void *)d;
	}
	return NULL;
}

/*
 * d = usb_desc_iter_next_non_interface(iter)
 *
 *	The next descriptor, NULL if that is an interface's.
 */
const usb_descriptor_t *
usb_desc_iter_next_non_interface(usbd_desc_iter_t *iter)
{
	const usb_descriptor_t *d = usb_desc_iter_peek(iter);

	if (d == NULL || d->bDescriptorType == UDESC_INTERFACE)
		return NULL;
	return usb_desc_iter_next(iter);
}

/*
 * The next descriptor of a configuration that the parser has accepted, but
 * that we have only a pointer to.
 */
static const uByte *
usbd_conf_next(const usb_config_descriptor_t *cd, const uByte *d)
{
	const uByte *const end = (const uByte *)cd + UGETW(cd->wTotalLength);

	KASSERTMSG(d[0] >= 2 && d[0] <= end - d, "bLength %u", d[0]);
	d += d[0];
	return d == end ? NULL : d;
}

/*
 * n = usbd_get_no_alts(cd, ifaceno)
 *
 *	How many settings the interface with this number has.
 */
int
usbd_get_no_alts(usb_config_descriptor_t *cd, int ifaceno)
{
	const uByte *d = (const uByte *)cd;
	int n = 0;

	while ((d = usbd_conf_next(cd, d)) != NULL) {
		const usb_interface_descriptor_t *id = (const void *)d;

		if (d[1] == UDESC_INTERFACE && id->bInterfaceNumber == ifaceno)
			n++;
	}
	return n;
}

/*
 * id = usbd_find_idesc(cd, ifaceidx, altidx)
 *
 *	A setting by the places of interface and setting, counted by first
 *	appearance; NULL if there is none.
 */
usb_interface_descriptor_t *
usbd_find_idesc(usb_config_descriptor_t *cd, int ifaceidx, int altidx)
{
	const uByte *d = (const uByte *)cd;
	int number = -1, nseen = 0, nalt = 0, i;
	uint8_t seen[UDESC_MAXIFACE];

	while ((d = usbd_conf_next(cd, d)) != NULL) {
		const usb_interface_descriptor_t *id = (const void *)d;

		if (d[1] != UDESC_INTERFACE)
			continue;
		for (i = 0; i < nseen && seen[i] != id->bInterfaceNumber; i++)
			continue;
		if (i == nseen) {
			KASSERT(nseen < UDESC_MAXIFACE);
			seen[nseen++] = id->bInterfaceNumber;
		}
		if (i == ifaceidx)
			number = id->bInterfaceNumber;
		if (id->bInterfaceNumber == number && nalt++ == altidx)
			return __UNCONST(id);
	}
	return NULL;
}

/*
 * ed = usbd_find_edesc(cd, ifaceidx, altidx, endptidx)
 */
usb_endpoint_descriptor_t *
usbd_find_edesc(usb_config_descriptor_t *cd, int ifaceidx, int altidx,
    int endptidx)
{
	const usb_interface_descriptor_t *id = usbd_find_idesc(cd, ifaceidx,
	    altidx);
	const uByte *d = (const uByte *)id;

	if (id == NULL || endptidx < 0)
		return NULL;
	while ((d = usbd_conf_next(cd, d)) != NULL &&
	    d[1] != UDESC_INTERFACE) {
		if (d[1] == UDESC_ENDPOINT && endptidx-- == 0)
			return __UNCONST(d);
	}
	return NULL;
}

/* ---- what a device is ----------------------------------------------- */

/*
 * quirks = usbd_get_quirks(dev)
 *
 *	Never NULL; constant memory.
 */
const struct usbd_quirks *
usbd_get_quirks(struct usbd_device *dev)
{

	return dev->ud_quirks;
}

/*
 * usbd_printBCD(buf, size, bcd)
 *
 *	"2.00" for 0x0200.  Gives the length.
 */
int
usbd_printBCD(char *buf, size_t size, int bcd)
{

	return snprintf(buf, size, "%x.%02x", (u_int)(bcd >> 8) & 0xff,
	    (u_int)bcd & 0xff);
}

/*
 * usbd_devinfo_vp(dev, vendor, vsize, product, psize, usedev, useprod)
 *
 *	Names of vendor and product: what the operating system has read, or
 *	the numbers.  usedev and useprod are accepted; there is nothing to ask
 *	the device for.
 */
void
usbd_devinfo_vp(struct usbd_device *dev, char *vendor, size_t vsize,
    char *product, size_t psize, int usedev __unused, int useprod __unused)
{

	if (dev->ud_vendor[0] != '\0')
		strlcpy(vendor, dev->ud_vendor, vsize);
	else
		snprintf(vendor, vsize, "vendor %04x",
		    UGETW(dev->ud_ddesc.idVendor));
	if (dev->ud_product[0] != '\0')
		strlcpy(product, dev->ud_product, psize);
	else
		snprintf(product, psize, "product %04x",
		    UGETW(dev->ud_ddesc.idProduct));
}

/*
 * usbd_devinfo(dev, showclass, buf, size)
 *
 *	One line for the log: names, ids, class, versions, address, serial
 *	number.
 */
void
usbd_devinfo(struct usbd_device *dev, int showclass, char *buf, size_t size)
{
	const usb_device_descriptor_t *dd = &dev->ud_ddesc;
	char vendor[USB_MAX_STRING_LEN], product[USB_MAX_STRING_LEN];
	char class[32] = "", usb[8], rel[8];

	usbd_devinfo_vp(dev, vendor, sizeof(vendor), product,
	    sizeof(product), 0, 1);
	if (showclass)
		snprintf(class, sizeof(class), ", class %u/%u",
		    dd->bDeviceClass, dd->bDeviceSubClass);
	usbd_printBCD(usb, sizeof(usb), UGETW(dd->bcdUSB));
	usbd_printBCD(rel, sizeof(rel), UGETW(dd->bcdDevice));
	snprintf(buf, size, "%s %s (%04x:%04x)%s, rev %s/%s, addr %u%s%s",
	    vendor, product, UGETW(dd->idVendor), UGETW(dd->idProduct), class,
	    usb, rel, dev->ud_addr, dev->ud_serial[0] != '\0' ?
	    ", serial " : "", dev->ud_serial);
}

/*
 * buf = usbd_devinfo_alloc(dev, showclass)
 * usbd_devinfo_free(buf)
 *
 *	usbd_devinfo in memory of its own.
 */
char *
usbd_devinfo_alloc(struct usbd_device *dev, int showclass)
{
	char *buf = kmem_zalloc(DEVINFOSIZE, KM_SLEEP);

	usbd_devinfo(dev, showclass, buf, DEVINFOSIZE);
	return buf;
}

void
usbd_devinfo_free(char *buf)
{

	kmem_free(buf, DEVINFOSIZE);
}

/*
 * usbd_fill_deviceinfo(dev, di, usedev)
 *
 *	What USB_GET_DEVICEINFO gives.  usedev is accepted.  For a driver of
 *	the device.
 */
void
usbd_fill_deviceinfo(struct usbd_device *dev, struct usb_device_info *di,
    int usedev)
{
	const usb_device_descriptor_t *dd = &dev->ud_ddesc;
	int i, n;

	memset(di, 0, sizeof(*di));
	di->udi_bus = dev->ud_bus;
	di->udi_addr = dev->ud_addr;
	usbd_devinfo_vp(dev, di->udi_vendor, sizeof(di->udi_vendor),
	    di->udi_product, sizeof(di->udi_product), usedev, 1);
	strlcpy(di->udi_serial, dev->ud_serial, sizeof(di->udi_serial));
	usbd_printBCD(di->udi_release, sizeof(di->udi_release),
	    UGETW(dd->bcdDevice));
	di->udi_vendorNo = UGETW(dd->idVendor);
	di->udi_productNo = UGETW(dd->idProduct);
	di->udi_releaseNo = UGETW(dd->bcdDevice);
	di->udi_class = dd->bDeviceClass;
	di->udi_subclass = dd->bDeviceSubClass;
	di->udi_protocol = dd->bDeviceProtocol;
	di->udi_config = dev->ud_config;
	di->udi_speed = dev->ud_speed;
	if (dev->ud_cdesc != NULL &&
	    (dev->ud_cdesc->bmAttributes & UC_SELF_POWERED) == 0)
		di->udi_power = dev->ud_cdesc->bMaxPower * UC_POWER_FACTOR;
	/* An entry is cleared before its device is freed. */
	mutex_enter(&dev->ud_lock);
	for (i = n = 0; i < dev->ud_nsubdevs && n < USB_MAX_DEVNAMES; i++) {
		if (dev->ud_subdevs[i] != NULL)
			strlcpy(di->udi_devnames[n++],
			    device_xname(dev->ud_subdevs[i]),
			    USB_MAX_DEVNAMELEN);
	}
	mutex_exit(&dev->ud_lock);
}

/*
 * row = usb_match_device(table, nrows, rowsize, vendor, product)
 *
 *	usb_lookup.  NULL: not in the table.
 */
const struct usb_devno *
usb_match_device(const struct usb_devno *tbl, u_int nentries, u_int size,
    uint16_t vendor, uint16_t product)
{

	while (nentries-- > 0) {
		if (tbl->ud_vendor == vendor &&
		    (tbl->ud_product == product ||
		    tbl->ud_product == USB_PRODUCT_ANY))
			return tbl;
		tbl = (const void *)((const char *)tbl + size);
	}
	return NULL;
}
