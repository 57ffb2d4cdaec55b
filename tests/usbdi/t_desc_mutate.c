/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_desc_mutate.c - the descriptor parser against a flood of mutations of
 * good devices: the same ones in every run.
 *
 * Each input is in memory of exactly its own length, so that a sanitizer
 * sees the first byte too far.  For what the parser accepts, the promises of
 * usb_desc.h are checked one by one, and usbdi's own walkers go over it.
 */
#include <sys/param.h>
#include <sys/kmem.h>
#include <sys/systm.h>

#include <dev/usb/usb.h>
#include <dev/usb/usbdi.h>
#include <dev/usb/usbdi_util.h>
#include <dev/usb/usbdivar.h>

#include <hyp/hyp_usb.h>

#include "usbdi/usb_desc.h"
#include "usbdi/usbdi_impl.h"
#include "h_test.h"
#include "usbdi/h_desc.h"

#define	ROUNDS	250000
#define	MAXLEN	256

static uint32_t seed;
static u_int naccepted, nrefused;

static uint32_t
rnd(uint32_t n)
{

	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed % n;
}

/* Values that are on the edge of something. */
static uint8_t
edge(void)
{
	static const uint8_t v[] = { 0, 1, 2, 3, 4, 5, 7, 8, 9, 11, 18, 31,
		32, 33, 63, 64, 0x7f, 0x80, 0x81, 0xfe, 0xff };

	return v[rnd(sizeof(v))];
}

/* One change of n bytes in buf, which has room for MAXLEN. */
static size_t
mutate(uint8_t *buf, size_t n)
{
	size_t at, len;

	if (n == 0)
		return 0;
	at = rnd((uint32_t)n);
	switch (rnd(6)) {
	case 0:
		buf[at] ^= (uint8_t)(1 << rnd(8));
		break;
	case 1:
		buf[at] = edge();
		break;
	case 2:
		buf[at] = (uint8_t)rnd(256);
		break;
	case 3:				/* cut */
		if (rnd(8) == 0)
			n = at;
		break;
	case 4:				/* remove some, keep the length right */
		len = ulmin(rnd(12), n - at);
		memmove(buf + at, buf + at + len, n - at - len);
		n -= len;
		break;
	case 5:				/* repeat some */
		len = ulmin(rnd(12), n - at);
		if (n + len > MAXLEN)
			break;
		memmove(buf + at + len, buf + at, n - at);
		n += len;
		break;
	}
	return n;
}

/* Often repair wTotalLength, or nothing gets past the first check. */
static void
repair(uint8_t *buf, size_t n)
{

	if (n < 22 || rnd(4) == 0)
		return;
	buf[20] = (uint8_t)(n - 18);
	buf[21] = (uint8_t)((n - 18) >> 8);
}

static void
check_alt(const struct udesc_conf *dc, const struct udesc_alt *a,
    const uint8_t *lo, const uint8_t *hi)
{
	const uint8_t *d = (const uint8_t *)a->da_d;
	u_int i, j;

	T_CHECK(d >= lo && d + d[0] <= hi && d[0] >= 9 && d[1] == 4);
	T_EQ(a->da_nep, a->da_d->bNumEndpoints);
	T_CHECK(a->da_nep <= UDESC_MAXEP);
	for (i = 0; i < a->da_nep; i++) {
		d = (const uint8_t *)a->da_ep[i].de_d;
		T_CHECK(d >= lo && d + d[0] <= hi && d[0] >= 7 && d[1] == 5);
		T_CHECK((d[2] & 0x70) == 0 && (d[2] & 0x0f) != 0);
		for (j = 0; j < i; j++)
			T_CHECK(a->da_ep[j].de_d->bEndpointAddress != d[2]);
	}
	for (i = 0; i < dc->dc_niface &&
	    dc->dc_ifaceno[i] != a->da_d->bInterfaceNumber; i++)
		continue;
	T_CHECK(i < dc->dc_niface);
}

static void
check_tree(const struct udesc *t, size_t len)
{
	size_t off = 18;
	u_int i, j;

	T_EQ(t->d_len, len);
	T_EQ(t->d_nconf, t->d_dev->bNumConfigurations);
	for (i = 0; i < t->d_nconf; i++) {
		const struct udesc_conf *dc = &t->d_conf[i];

		T_EQ(dc->dc_off, off);
		T_EQ(dc->dc_len, UGETW(dc->dc_d->wTotalLength));
		off += dc->dc_len;
		T_EQ(dc->dc_niface, dc->dc_d->bNumInterface);
		for (j = 0; j < dc->dc_nalt; j++)
			check_alt(dc, &dc->dc_alt[j], t->d_raw + dc->dc_off,
			    t->d_raw + off);
		for (j = 0; j < dc->dc_niface; j++)
			T_CHECK(udesc_alt_nth(dc, j, 0) != NULL);
	}
	T_EQ(off, len);
}

/* What drivers do with an accepted device before they have hardware. */
static void
walk(struct usbd_device *dev)
{
	usb_config_descriptor_t *cd = usbd_get_config_descriptor(dev);
	const usb_descriptor_t *d;
	struct usbd_interface *iface;
	usbd_desc_iter_t iter;
	size_t sum = 0;
	int i, j, n;

	usb_desc_iter_init(dev, &iter);
	while ((d = usb_desc_iter_next(&iter)) != NULL)
		sum += d->bLength;
	T_CHECK(sum <= UGETW(cd->wTotalLength));
	for (i = 0; i < dev->ud_nifaces; i++) {
		T_EQ(usbd_device2interface_handle(dev, (uint8_t)i, &iface),
		    USBD_NORMAL_COMPLETION);
		T_CHECK(usbd_find_idesc(cd, i, 0) == iface->ui_idesc);
		n = usbd_get_no_alts(cd, iface->ui_idesc->bInterfaceNumber);
		T_CHECK(usbd_find_idesc(cd, i, n - 1) != NULL);
		T_CHECK(usbd_find_idesc(cd, i, n) == NULL);
		for (j = 0; j < iface->ui_idesc->bNumEndpoints; j++)
			T_CHECK(usbd_find_edesc(cd, i, 0, j) ==
			    usbd_interface2endpoint_descriptor(iface,
			    (uint8_t)j));
		T_CHECK(usbd_find_edesc(cd, i, 0, j) == NULL);
		(void)usb_find_desc_if(dev, UDESC_CS_INTERFACE, 6,
		    iface->ui_idesc);
		(void)usbd_get_hid_descriptor(iface);
	}
}

static void
one(const uint8_t *src, size_t srclen)
{
	static const struct hyp_usb_info hi = { .hi_path = "1-1",
		.hi_serial = "", .hi_vendorstr = "", .hi_productstr = "" };
	uint8_t buf[MAXLEN], *exact;
	struct usbd_device *dev;
	struct udesc_error err;
	struct usbd_why why;
	struct udesc *t;
	size_t n = srclen;
	uint32_t k;

	memcpy(buf, src, srclen);
	for (k = 1 + rnd(4); k > 0; k--)
		n = mutate(buf, n);
	repair(buf, n);
	if (n == 0)
		return;
	exact = kmem_alloc(n, KM_SLEEP);
	memcpy(exact, buf, n);
	if (udesc_parse(exact, n, &t, &err) != 0) {
		T_CHECK(err.e_off <= n && err.e_text[0] != '\0');
		nrefused++;
	} else {
		naccepted++;
		check_tree(t, n);
		udesc_free(t);
		T_EQ(usbd_device_parse(&hi, exact, n, &dev, &why), 0);
		T_EQ(usbd_device_configure(dev, &why), 0);
		walk(dev);
		usbd_device_close(dev);
	}
	kmem_free(exact, n);
}

static void
t_mutate(void)
{
	u_int pieces;
	size_t before;
	uint32_t i;

	kern_init();		/* a device has callouts */
	before = kmem_inuse(&pieces);
	seed = 2463534242u;
	for (i = 0; i < ROUNDS; i++) {
		switch (i % 3) {
		case 0:
			one(h_ftdi, sizeof(h_ftdi));
			break;
		case 1:
			one(h_acm, sizeof(h_acm));
			break;
		case 2:
			one(h_dual, sizeof(h_dual));
			break;
		}
	}
	t_note("%u accepted, %u refused", naccepted, nrefused);
	/* Both ways must have been gone often, or this proves nothing. */
	T_CHECK(naccepted > ROUNDS / 50);
	T_CHECK(nrefused > ROUNDS / 4);
	T_EQ(kmem_inuse(&pieces), before);
}

/* Nothing is opened here. */
void
hyp_usb_gone(void *cookie __unused)
{

	t_fail(__FILE__, __LINE__, "hyp_usb_gone");
}

const struct t_case t_cases[] = {
	{ "no mutation breaks the parser or its promises", t_mutate },
	{ NULL, NULL }
};
