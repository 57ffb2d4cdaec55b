/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usb_subr.c - devices, configurations, interfaces; for drivers and for
 * src/kernel/bus.
 *
 * Model
 *	A usbd_device is one plugging of one device.  src/kernel/bus makes it
 *	with usbd_device_open, gives it a configuration with usbd_device_configure,
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
#include <sys/atomic.h>
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
	dev->ud_bus = &dev->ud_ownbus;
	dev->ud_ownbus.ub_busnum = (int)hi->hi_bus;
	dev->ud_ownbus.ub_revision = hi->hi_speed == HYP_USB_SPEED_SUPER ?
	    USBREV_3_0 : hi->hi_speed == HYP_USB_SPEED_HIGH ? USBREV_2_0 :
	    USBREV_1_1;
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
	LOCKDEBUG_NONE("hyp_usb_descriptors");
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
	LOCKDEBUG_NONE("hyp_usb_open");
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

close:	LOCKDEBUG_NONE("hyp_usb_close");
	hyp_usb_close(h);
	return error;
}

/*
 * usbd_set_line(dev, line)
 *
 *	The configuration says this of the device's lines from now on; see
 *	usbd_get_line.  ud_lock not held; does not sleep.
 */
CTASSERT(HYP_USB_FLOW_NONE == USBD_FLOW_NONE &&
    HYP_USB_FLOW_RTSCTS == USBD_FLOW_RTSCTS &&
    HYP_USB_FLOW_XONXOFF == USBD_FLOW_XONXOFF);
CTASSERT(HYP_USB_PIN_ON == USBD_PIN_ON && HYP_USB_PIN_OFF == USBD_PIN_OFF &&
    HYP_USB_PIN_KEEP == USBD_PIN_KEEP);

void
usbd_set_line(struct usbd_device *dev, const struct hyp_usb_line *hl)
{
	const struct usbd_line ul = {
		.ul_speed = hl->hl_speed,
		.ul_bits = hl->hl_bits,
		.ul_parity = hl->hl_parity,
		.ul_stop = hl->hl_stop,
		.ul_flow = hl->hl_flow,
		.ul_dtr = hl->hl_dtr,
		.ul_rts = hl->hl_rts,
		.ul_latency = hl->hl_latency,
		.ul_hupcl = hl->hl_hupcl,
		.ul_clocal = hl->hl_clocal,
	};

	mutex_enter(&dev->ud_lock);
	dev->ud_line = ul;
	mutex_exit(&dev->ud_lock);
	atomic_store_relaxed(&dev->ud_semantics, hl->hl_semantics);
}

void
usbd_get_line(struct usbd_device *dev, struct usbd_line *ul)
{

	mutex_enter(&dev->ud_lock);
	*ul = dev->ud_line;
	mutex_exit(&dev->ud_lock);
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
	if (dev->ud_hyp != NULL) {
		LOCKDEBUG_NONE("hyp_usb_close");
		hyp_usb_close(dev->ud_hyp);
	}
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
	int error;

	LOCKDEBUG_NONE("hyp_usb_set_config");
	error = hyp_usb_set_config(dev->ud_hyp, value);
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
	LOCKDEBUG_NONE("hyp_usb_get_config");
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
	LOCKDEBUG_NONE("hyp_usb_claim");
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
	LOCKDEBUG_NONE("hyp_usb_set_alt");
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
