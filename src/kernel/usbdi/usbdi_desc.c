/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usbdi_desc.c - descriptors and names of a device, as drivers read them.
 *
 * Everything here reads what usb_desc.c has checked when the device was
 * opened, through pointers that stay as long as the device, its
 * configuration or its setting.  No I/O, and no locks but ud_lock around the
 * names of drivers; so any context may call.
 */
#include <sys/param.h>
#include <sys/errno.h>
#include <sys/kmem.h>
#include <sys/lwp.h>
#include <sys/systm.h>

#include <dev/usb/usb.h>
#include <dev/usb/usb_quirks.h>
#include <dev/usb/usbdi.h>
#include <dev/usb/usbdivar.h>

#include "usbdi/usb_desc.h"

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
	di->udi_bus = (uint8_t)dev->ud_bus->ub_busnum;
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
