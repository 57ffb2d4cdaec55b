/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uhub.c - uhub0, the parent of all USB drivers: which driver takes which
 * interface, attach and detach.
 *
 * Model
 *	One hub for all places; a place is known by its path ("1-1.4").  First
 *	a driver may take the whole device ("usbdevif"), otherwise each
 *	interface that no driver has yet is offered in turn ("usbifif"), with
 *	the list of the free ones, from which a driver may take more by
 *	setting an entry to NULL.
 *
 *	What a driver takes is claimed from the host: its own interface, or
 *	all of them, before it attaches; what it took besides, right after.
 *	If another program has one, that driver does not stay.
 *
 *	The drivers of a device are in ud_subdevs.  Only the port's own thread
 *	(usb_port.c) attaches and detaches them; ud_lock is for
 *	usbd_fill_deviceinfo and uhub_driver_name, which read their names from
 *	elsewhere.
 *
 * Locks
 *	None is held in a driver's attach or detach.
 */
#include <sys/param.h>
#include <sys/device.h>
#include <sys/errno.h>
#include <sys/kmem.h>
#include <sys/syslog.h>
#include <sys/systm.h>

#include <dev/usb/usb.h>
#include <dev/usb/usbdi.h>
#include <dev/usb/usbdivar.h>

#include "bus/bus.h"
#include "usbdi/usb_desc.h"
#include "usbdi/usbdi_impl.h"

static device_t uhub_self;	/* constant between init and shutdown */

/*
 * hub = uhub_hub()
 *
 *	NULL before usb_bus_init and after usb_bus_shutdown.
 */
device_t
uhub_hub(void)
{

	return uhub_self;
}

static int
uhub_match(device_t parent __unused, cfdata_t cf __unused,
    void *aux __unused)
{

	return UMATCH_GENERIC;
}

static void
uhub_attach(device_t parent __unused, device_t self, void *aux __unused)
{

	KASSERTMSG(uhub_self == NULL, "%s is there already",
	    device_xname(uhub_self));
	aprint_normal(": the host's ports\n");
	uhub_self = self;
}

static int
uhub_detach(device_t self, int flags)
{

	KASSERT(uhub_self == self);
	uhub_self = NULL;
	return config_detach_children(self, flags);
}

extern struct cfattach uhub_ca;
CFATTACH_DECL3_NEW(uhub, 0, uhub_match, uhub_attach, uhub_detach, NULL, NULL,
    NULL, DVF_ATTACH_MPSAFE);

/* ---- what a driver is told ------------------------------------------ */

/* The last number of "1-1.4". */
static int
uhub_portno(const char *path)
{
	int n = 0;

	for (; *path != '\0'; path++)
		n = *path >= '0' && *path <= '9' && n < 10000 ?
		    n * 10 + (*path - '0') : 0;
	return n;
}

static void
uhub_fill_uaa(struct usbd_device *dev, struct usb_attach_arg *uaa)
{
	const usb_device_descriptor_t *dd = &dev->ud_ddesc;

	memset(uaa, 0, sizeof(*uaa));
	uaa->uaa_port = uhub_portno(dev->ud_path);
	uaa->uaa_vendor = UGETW(dd->idVendor);
	uaa->uaa_product = UGETW(dd->idProduct);
	uaa->uaa_release = UGETW(dd->bcdDevice);
	uaa->uaa_device = dev;
	uaa->uaa_class = dd->bDeviceClass;
	uaa->uaa_subclass = dd->bDeviceSubClass;
	uaa->uaa_proto = dd->bDeviceProtocol;
}

static void
uhub_fill_uiaa(struct usbd_interface *iface, struct usbif_attach_arg *uiaa,
    struct usbd_interface **ifaces)
{
	struct usbd_device *dev = iface->ui_dev;
	const usb_device_descriptor_t *dd = &dev->ud_ddesc;
	int i;

	memset(uiaa, 0, sizeof(*uiaa));
	uiaa->uiaa_port = uhub_portno(dev->ud_path);
	uiaa->uiaa_configno = dev->ud_cdesc->bConfigurationValue;
	uiaa->uiaa_ifaceno = iface->ui_idesc->bInterfaceNumber;
	uiaa->uiaa_vendor = UGETW(dd->idVendor);
	uiaa->uiaa_product = UGETW(dd->idProduct);
	uiaa->uiaa_release = UGETW(dd->bcdDevice);
	uiaa->uiaa_device = dev;
	uiaa->uiaa_iface = iface;
	uiaa->uiaa_class = iface->ui_idesc->bInterfaceClass;
	uiaa->uiaa_subclass = iface->ui_idesc->bInterfaceSubClass;
	uiaa->uiaa_proto = iface->ui_idesc->bInterfaceProtocol;
	for (i = 0; i < dev->ud_nifaces; i++)
		ifaces[i] = dev->ud_ifaces[i].ui_taken ||
		    &dev->ud_ifaces[i] == iface ? NULL : &dev->ud_ifaces[i];
	uiaa->uiaa_ifaces = ifaces;
	uiaa->uiaa_nifaces = dev->ud_nifaces;
}

/* "uftdi0 at uhub0" goes on with this. */
static int
uhub_print_dev(void *aux, const char *pnp __unused)
{
	const struct usb_attach_arg *uaa = aux;

	aprint_normal(" port %s", uaa->uaa_device->ud_path);
	return UNCONF;
}

static int
uhub_print_iface(void *aux, const char *pnp __unused)
{
	const struct usbif_attach_arg *uiaa = aux;

	aprint_normal(" port %s", uiaa->uiaa_device->ud_path);
	if (uiaa->uiaa_nifaces > 1)
		aprint_normal(" interface %d", uiaa->uiaa_ifaceno);
	return UNCONF;
}

/* ---- attach --------------------------------------------------------- */

/* One more driver is attached. */
static void
uhub_note_driver(struct usbd_device *dev, device_t sub)
{

	mutex_enter(&dev->ud_lock);
	KASSERTMSG(dev->ud_nsubdevs <= dev->ud_nifaces, "%s: %d drivers",
	    dev->ud_path, dev->ud_nsubdevs);
	dev->ud_subdevs[dev->ud_nsubdevs++] = sub;
	mutex_exit(&dev->ud_lock);
}

/* The first reason counts: others often follow from it. */
static void
uhub_complain(struct usbd_why *why, const struct usbd_interface *iface,
    const char *driver, usbd_status err)
{

	if (why->w_text[0] != '\0')
		return;
	snprintf(why->w_text, sizeof(why->w_text), "%s cannot have interface "
	    "%u: %s", driver, iface->ui_idesc->bInterfaceNumber,
	    err == USBD_IN_USE ? "another program uses it" :
	    err == USBD_IOERROR ? "the host does not hand it over" :
	    usbd_errstr(err));
}

/* Has somebody asked for ugen(4)?  Only a claim that names it does. */
static bool
uhub_wants_generic(const struct cfpins *pins)
{

	return pins != NULL && pins->cps_n > 0 &&
	    strcmp(pins->cps_pin[0].cp_driver, "ugen") == 0;
}

/*
 * wanted = uhub_attach_whole(dev, pins, why)
 *
 *	Offer the device as a whole.  False: no driver wants it.  True: one
 *	has it, or would but cannot have all interfaces.
 */
static bool
uhub_attach_whole(struct usbd_device *dev, const struct cfpins *pins,
    struct usbd_why *why)
{
	struct usb_attach_arg uaa;
	usbd_status err;
	device_t sub;
	cfdata_t cf;
	int i;

	uhub_fill_uaa(dev, &uaa);
	uaa.uaa_usegeneric = uhub_wants_generic(pins);
	cf = config_search_acquire(uhub_self, &uaa,
	    CFARGS(.iattr = "usbdevif"));
	if (cf == NULL)
		return false;
	for (i = 0; i < dev->ud_nifaces; i++) {
		err = usbd_claim(&dev->ud_ifaces[i]);
		if (err != USBD_NORMAL_COMPLETION) {
			uhub_complain(why, &dev->ud_ifaces[i], cf->cf_name,
			    err);
			config_search_release();
			return true;
		}
	}
	sub = config_attach_acquired(uhub_self, cf, &uaa, uhub_print_dev,
	    CFARGS(.iattr = "usbdevif", .pins = pins,
	    .semantics = &dev->ud_semantics, .place =
	    &(const struct cfplace){ dev->ud_path, -1 }));
	if (sub != NULL)
		uhub_note_driver(dev, sub);
	else
		strlcpy(why->w_text, "its driver did not take it",
		    sizeof(why->w_text));
	return true;
}

/*
 * ok = uhub_take(dev, ifaces, driver, why)
 *
 *	Claim what the driver has crossed out of the list.
 */
static bool
uhub_take(struct usbd_device *dev, struct usbd_interface **ifaces,
    const char *driver, struct usbd_why *why)
{
	struct usbd_interface *iface;
	usbd_status err;
	bool ok = true;
	int i;

	for (i = 0; i < dev->ud_nifaces; i++) {
		iface = &dev->ud_ifaces[i];
		if (ifaces[i] != NULL || iface->ui_taken)
			continue;
		iface->ui_taken = true;
		err = usbd_claim(iface);
		if (err != USBD_NORMAL_COMPLETION) {
			uhub_complain(why, iface, driver, err);
			ok = false;
		}
	}
	return ok;
}

/* Offer one interface. */
static void
uhub_attach_iface(struct usbd_interface *iface,
    struct usbd_interface **ifaces, const struct cfpins *pins,
    struct usbd_why *why)
{
	struct usbd_device *dev = iface->ui_dev;
	struct usbif_attach_arg uiaa;
	usbd_status err;
	device_t sub;
	cfdata_t cf;

	uhub_fill_uiaa(iface, &uiaa, ifaces);
	cf = config_search_acquire(uhub_self, &uiaa,
	    CFARGS(.iattr = "usbifif"));
	if (cf == NULL)
		return;
	iface->ui_taken = true;
	err = usbd_claim(iface);
	if (err != USBD_NORMAL_COMPLETION) {
		uhub_complain(why, iface, cf->cf_name, err);
		config_search_release();
		return;
	}
	sub = config_attach_acquired(uhub_self, cf, &uiaa, uhub_print_iface,
	    CFARGS(.iattr = "usbifif", .pins = pins,
	    .semantics = &dev->ud_semantics, .place =
	    &(const struct cfplace){ dev->ud_path, uiaa.uiaa_ifaceno }));
	if (sub == NULL)
		strlcpy(why->w_text, "its driver did not take it",
		    sizeof(why->w_text));
	else if (uhub_take(dev, ifaces, device_cfdata(sub)->cf_name, why))
		uhub_note_driver(dev, sub);
	else
		(void)config_detach(sub, DETACH_FORCE);
}

/* Offer all interfaces. */
static void
uhub_attach_ifaces(struct usbd_device *dev, const struct cfpins *pins,
    struct usbd_why *why)
{
	struct usbd_interface **ifaces;
	int i;

	if (dev->ud_nifaces == 0)
		return;
	ifaces = kmem_zalloc((size_t)dev->ud_nifaces * sizeof(ifaces[0]),
	    KM_SLEEP);
	for (i = 0; i < dev->ud_nifaces; i++) {
		if (!dev->ud_ifaces[i].ui_taken)
			uhub_attach_iface(&dev->ud_ifaces[i], ifaces, pins,
			    why);
	}
	kmem_free(ifaces, (size_t)dev->ud_nifaces * sizeof(ifaces[0]));
}

/*
 * error = uhub_attach_drivers(dev, pins, why)
 *
 *	Let drivers attach to a configured device.  pins: the units that its
 *	nodes should have.  Sleeps as the drivers do.
 *	ENXIO: no driver stays, *why says why.  If only some of its interfaces
 *	could be had, the log says so.
 */
int
uhub_attach_drivers(struct usbd_device *dev, const struct cfpins *pins,
    struct usbd_why *why)
{
	const size_t size = ((size_t)dev->ud_nifaces + 1) * sizeof(device_t);

	KASSERTMSG(dev->ud_subdevs == NULL, "%s has drivers", dev->ud_path);
	dev->ud_subdevs = kmem_zalloc(size, KM_SLEEP);
	dev->ud_subdevs_size = size;
	why->w_text[0] = '\0';
	if (!uhub_attach_whole(dev, pins, why))
		uhub_attach_ifaces(dev, pins, why);
	if (dev->ud_nsubdevs > 0) {
		if (why->w_text[0] != '\0')
			log(LOG_ERR, "%s: %s\n", dev->ud_path, why->w_text);
		return 0;
	}
	if (why->w_text[0] == '\0')
		strlcpy(why->w_text, "no driver for it", sizeof(why->w_text));
	uhub_detach_drivers(dev, 0);
	return ENXIO;
}

/*
 * uhub_detach_drivers(dev, flags)
 *
 *	Detach all drivers of the device, which cannot refuse, and free their
 *	softcs.  flags: DETACH_SHUTDOWN.  Sleeps.
 */
void
uhub_detach_drivers(struct usbd_device *dev, int flags)
{
	device_t *subs, sub;
	int i;

	for (i = 0; i < dev->ud_nsubdevs; i++) {
		mutex_enter(&dev->ud_lock);
		sub = dev->ud_subdevs[i];
		dev->ud_subdevs[i] = NULL;
		mutex_exit(&dev->ud_lock);
		(void)config_detach(sub, flags | DETACH_FORCE);
	}
	mutex_enter(&dev->ud_lock);
	subs = dev->ud_subdevs;
	dev->ud_subdevs = NULL;
	dev->ud_nsubdevs = 0;
	mutex_exit(&dev->ud_lock);
	if (subs != NULL)
		kmem_free(subs, dev->ud_subdevs_size);
}

/*
 * more = uhub_driver_name(dev, i, name, size)
 *
 *	The i-th driver of the device, from any thread; false: no more.
 */
bool
uhub_driver_name(struct usbd_device *dev, u_int n, char *name, size_t size)
{
	device_t sub = NULL;
	int i;

	/* An entry is cleared before its device is freed. */
	mutex_enter(&dev->ud_lock);
	for (i = 0; i < dev->ud_nsubdevs; i++) {
		sub = dev->ud_subdevs[i];
		if (sub != NULL && n-- == 0)
			break;
		sub = NULL;
	}
	if (sub != NULL)
		strlcpy(name, device_xname(sub), size);
	mutex_exit(&dev->ud_lock);
	return sub != NULL;
}

/*
 * idle = uhub_is_idle(dev)
 *
 *	Have its drivers, attached all the same, found nothing to do with it?
 *	That shows where a driver is there for the sake of others: it has
 *	attached none.  The port's thread, or while there is none; takes
 *	alldevs_lock.
 */
bool
uhub_is_idle(const struct usbd_device *dev)
{
	int i;

	for (i = 0; i < dev->ud_nsubdevs; i++) {
		if (!device_is_childless(dev->ud_subdevs[i]))
			return false;
	}
	return true;
}

/*
 * name = uhub_find_driver(dev, &chip)
 *
 *	Which driver would take a configured device, or its first interface
 *	that any driver wants; NULL.  And what that says of the chip, or NULL.
 *	Calls match functions only; the driver's once more when it has won,
 *	because others may have had their say after it.
 */
const char *
uhub_find_driver(struct usbd_device *dev, const char **chip)
{
	struct usbd_interface *ifaces[UDESC_MAXIFACE];
	struct usbif_attach_arg uiaa;
	struct usb_attach_arg uaa;
	cfdata_t cf;
	int i;

	uhub_fill_uaa(dev, &uaa);
	*chip = NULL;
	cf = config_search(uhub_self, &uaa, CFARGS(.iattr = "usbdevif"));
	for (i = 0; i < dev->ud_nifaces && cf == NULL; i++) {
		uhub_fill_uiaa(&dev->ud_ifaces[i], &uiaa, ifaces);
		cf = config_search(uhub_self, &uiaa,
		    CFARGS(.iattr = "usbifif"));
		if (cf == NULL)
			continue;
		uiaa.uiaa_chip = NULL;
		(void)config_match(uhub_self, cf, &uiaa);
		*chip = uiaa.uiaa_chip;
	}
	return cf == NULL ? NULL : cf->cf_name;
}
