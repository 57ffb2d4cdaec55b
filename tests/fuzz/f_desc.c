/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * f_desc.c - raw USB descriptors: the parser, the promises of usb_desc.h, and
 * the lookups that drivers make in what it has accepted.
 *
 * The first byte is not the device's: its lowest bit says that wTotalLength is
 * put right, without which little gets past the first check; the other seven
 * are arguments of the lookups.
 */
#include <sys/param.h>
#include <sys/kmem.h>
#include <sys/systm.h>

#include <dev/usb/usb.h>
#include <dev/usb/usbdi.h>
#include <dev/usb/usbdi_util.h>
#include <dev/usb/usbdivar.h>

#include <hyp/hyp_usb.h>

#include "fuzz/h_fuzz.h"
#include "usbdi/usb_desc.h"
#include "usbdi/usbdi_impl.h"
#include "usbdi/h_desc.h"

static void
check_alt(const struct udesc_conf *dc, const struct udesc_alt *a,
    const uint8_t *lo, const uint8_t *hi)
{
	const uint8_t *d = (const uint8_t *)a->da_d;
	u_int i, j;

	FUZZ_PROMISE(d >= lo && d + d[0] <= hi && d[0] >= 9 && d[1] == 4);
	FUZZ_PROMISE(a->da_nep == a->da_d->bNumEndpoints);
	FUZZ_PROMISE(a->da_nep <= UDESC_MAXEP);
	for (i = 0; i < a->da_nep; i++) {
		d = (const uint8_t *)a->da_ep[i].de_d;
		FUZZ_PROMISE(d >= lo && d + d[0] <= hi && d[0] >= 7 &&
		    d[1] == 5);
		FUZZ_PROMISE((d[2] & 0x70) == 0 && (d[2] & 0x0f) != 0);
		for (j = 0; j < i; j++)
			FUZZ_PROMISE(a->da_ep[j].de_d->bEndpointAddress !=
			    d[2]);
	}
	for (i = 0; i < dc->dc_niface &&
	    dc->dc_ifaceno[i] != a->da_d->bInterfaceNumber; i++)
		continue;
	FUZZ_PROMISE(i < dc->dc_niface);
}

static void
check_tree(const struct udesc *t, size_t len)
{
	size_t off = 18;
	u_int i, j;

	FUZZ_PROMISE(t->d_len == len);
	FUZZ_PROMISE(t->d_nconf == t->d_dev->bNumConfigurations);
	for (i = 0; i < t->d_nconf; i++) {
		const struct udesc_conf *dc = &t->d_conf[i];

		FUZZ_PROMISE(dc->dc_off == off);
		FUZZ_PROMISE(dc->dc_len == UGETW(dc->dc_d->wTotalLength));
		off += dc->dc_len;
		FUZZ_PROMISE(dc->dc_niface == dc->dc_d->bNumInterface);
		for (j = 0; j < dc->dc_nalt; j++)
			check_alt(dc, &dc->dc_alt[j], t->d_raw + dc->dc_off,
			    t->d_raw + off);
		for (j = 0; j < dc->dc_niface; j++)
			FUZZ_PROMISE(udesc_alt_nth(dc, j, 0) != NULL);
		FUZZ_PROMISE(udesc_conf_by_value(t,
		    dc->dc_d->bConfigurationValue) == dc);
	}
	FUZZ_PROMISE(off == len);
}

static void
look_up_iface(struct usbd_device *dev, usb_config_descriptor_t *cd, int i,
    uint8_t what)
{
	struct usbd_interface *iface;
	int j, n;

	FUZZ_PROMISE(usbd_device2interface_handle(dev, (uint8_t)i, &iface) ==
	    USBD_NORMAL_COMPLETION);
	FUZZ_PROMISE(usbd_find_idesc(cd, i, 0) == iface->ui_idesc);
	n = usbd_get_no_alts(cd, iface->ui_idesc->bInterfaceNumber);
	FUZZ_PROMISE(usbd_find_idesc(cd, i, n - 1) != NULL);
	FUZZ_PROMISE(usbd_find_idesc(cd, i, n) == NULL);
	for (j = 0; j < iface->ui_idesc->bNumEndpoints; j++)
		FUZZ_PROMISE(usbd_find_edesc(cd, i, 0, j) ==
		    usbd_interface2endpoint_descriptor(iface, (uint8_t)j));
	FUZZ_PROMISE(usbd_find_edesc(cd, i, 0, j) == NULL);
	(void)usb_find_desc_if(dev, UDESC_CS_INTERFACE, what,
	    iface->ui_idesc);
	(void)usbd_get_hid_descriptor(iface);
}

/* What drivers do with an accepted device before they have hardware. */
static void
look_up(struct usbd_device *dev, uint8_t what)
{
	usb_config_descriptor_t *cd = usbd_get_config_descriptor(dev);
	const usb_descriptor_t *d;
	usbd_desc_iter_t iter;
	size_t sum = 0;
	int i;

	usb_desc_iter_init(dev, &iter);
	while ((d = usb_desc_iter_next(&iter)) != NULL)
		sum += d->bLength;
	FUZZ_PROMISE(sum <= UGETW(cd->wTotalLength));
	(void)usb_find_desc(dev, UDESC_CS_INTERFACE, what);
	(void)usb_find_desc(dev, what, USBD_CDCSUBTYPE_ANY);
	for (i = 0; i < dev->ud_nifaces; i++)
		look_up_iface(dev, cd, i, what);
}

static void
one(const uint8_t *bytes, size_t n, uint8_t what)
{
	static const struct hyp_usb_info hi = { .hi_path = "1-1",
		.hi_serial = "", .hi_vendorstr = "", .hi_productstr = "" };
	struct usbd_device *dev;
	struct udesc_error err;
	struct usbd_why why;
	struct udesc *t;

	if (udesc_parse(bytes, n, &t, &err) != 0) {
		FUZZ_PROMISE(err.e_off <= n && err.e_text[0] != '\0');
		FUZZ_PROMISE(usbd_device_parse(&hi, bytes, n, &dev, &why) !=
		    0);
		return;
	}
	check_tree(t, n);
	udesc_free(t);
	FUZZ_PROMISE(usbd_device_parse(&hi, bytes, n, &dev, &why) == 0);
	if (usbd_device_configure(dev, &why) == 0)
		look_up(dev, what);
	usbd_device_close(dev);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static bool up;
	u_int before, after;
	uint8_t *exact;
	size_t inuse;

	if (!up)
		kern_init();		/* a device has callouts */
	up = true;
	if (n < 2)
		return 0;
	inuse = kmem_inuse(&before);
	exact = kmem_alloc(n - 1, KM_SLEEP);
	memcpy(exact, bytes + 1, n - 1);
	if ((bytes[0] & 1) != 0 && n >= 23) {
		exact[20] = (uint8_t)(n - 19);
		exact[21] = (uint8_t)((n - 19) >> 8);
	}
	one(exact, n - 1, bytes[0] >> 1);
	kmem_free(exact, n - 1);
	FUZZ_PROMISE(kmem_inuse(&after) == inuse && after == before);
	return 0;
}

static void
seed(const char *name, const uint8_t *bytes, size_t n)
{
	uint8_t buf[256];

	buf[0] = 6 << 1 | 1;
	memcpy(buf + 1, bytes, n);
	fuzz_seed(name, buf, n + 1);
}

void
fuzz_seeds(void)
{
	static const uint8_t hid[] = {
		H_DEV(0x046d, 0xc077, 0x7200, 0, 0, 0, 1),
		H_CONF(34, 1, 1),
		H_IFACE(0, 0, 1, 3, 1, 2),
		9, 0x21, 0x11, 0x01, 0, 1, 0x22, 46, 0,
		H_EP(0x81, 3, 4),
	};

	seed("ftdi", h_ftdi, sizeof(h_ftdi));
	seed("acm", h_acm, sizeof(h_acm));
	seed("dual", h_dual, sizeof(h_dual));
	seed("hid", hid, sizeof(hid));
}

/* Nothing is opened here. */
void
hyp_usb_gone(void *cookie __unused)
{

	fuzz_broken(__FILE__, __LINE__, "hyp_usb_gone");
}
