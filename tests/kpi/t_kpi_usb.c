/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_kpi_usb.c - usbdi(9) as a driver such as NetBSD's ugen, ulpt and uhidev
 * uses it, beyond what tests/usbdi is about: what it asks of descriptors, which
 * requests go out for its calls, and the numbers of chapter 9 of the USB 2.0
 * specification, of the class documents and of NetBSD's ioctls.
 */
#include <sys/param.h>
#include <sys/atomic.h>
#include <sys/device.h>
#include <sys/kernel.h>
#include <sys/kmem.h>
#include <sys/lwp.h>
#include <sys/systm.h>

#include <dev/usb/usb.h>
#include <dev/usb/usbdi.h>
#include <dev/usb/usbdi_util.h>
#include <dev/usb/usbdivar.h>
#include <dev/usb/usb_quirks.h>
#include <dev/usb/usbhist.h>
#include <dev/usb/ucomvar.h>

#include <hyp/hyp_usb.h>

#include "usbdi/usbdi_impl.h"
#include "h_test.h"
#include "kern/h_panic.h"
#include "usbdi/h_desc.h"
#include "usbdi/h_usb.h"

#define	IN	0x81
#define	OUT	0x02
#define	INTR	0x83
#define	ISOC	0x84

/* A printer, and an interface of audio with two settings. */
static const uint8_t thing[] = {
	H_DEV(0x04b8, 0x0005, 0x0123, 0, 0, 0, 1),
	H_CONF(9 + 9 + 7 + 7 + 7 + 9 + 9 + 7, 2, 1),
	H_IFACE(0, 0, 3, UICLASS_PRINTER, UISUBCLASS_PRINTER,
	    UIPROTO_PRINTER_BI),
	H_EP(IN, UE_BULK, 64),
	H_EP(OUT, UE_BULK, 64),
	H_EP(INTR, UE_INTERRUPT, 16),
	H_IFACE(1, 0, 0, 1, 2, 0),
	H_IFACE(1, 1, 1, 1, 2, 0),
	H_EP(ISOC, UE_ISOCHRONOUS, 192),
};

static struct usbd_device *dev;
static struct hu_dev *hu;
static struct usbd_interface *iface;
static u_int told;

void
hyp_usb_gone(void *cookie __unused)
{
}

static void
setup(void)
{
	static const struct hyp_usb_info hi = { .hi_path = "1-1",
	    .hi_bus = 1, .hi_addr = 2, .hi_vendor = 0x04b8,
	    .hi_product = 0x0005, .hi_release = 0x0123, .hi_serial = "S",
	    .hi_vendorstr = "Maker", .hi_productstr = "Thing" };
	static bool once;
	struct usbd_why why;

	if (!once)
		kern_init();
	once = true;
	hu = hu_plug(1, 2, thing, sizeof(thing));
	hu_mode(hu, 0, HU_OK, HU_C_OK);
	T_EQ(usbd_device_open(&hi, hyp_usb_gone, &told, &dev, &why), 0);
	T_EQ(usbd_device_configure(dev, &why), 0);
	T_EQ(usbd_device2interface_handle(dev, 0, &iface), 0);
}

static void
teardown(void)
{

	usbd_device_close(dev);
	hu_remove(hu);
}

/* ---- descriptors ------------------------------------------------------ */

static void
counts(void)
{
	usb_config_descriptor_t cd, *full;
	usb_device_descriptor_t *dd;
	uint8_t n;
	struct usbd_interface *audio;

	setup();
	T_EQ(usbd_interface_count(dev, &n), 0);
	T_EQ(n, 2);
	T_EQ(usbd_endpoint_count(iface, &n), 0);
	T_EQ(n, 3);
	T_EQ(usbd_get_config(dev, &n), 0);
	T_EQ(n, 1);
	T_EQ(usbd_get_config_desc(dev, 0, &cd), 0);
	T_EQ(cd.bNumInterface, 2);
	T_EQ(usbd_get_config_desc(dev, 1, &cd), USBD_INVAL);
	full = kmem_alloc(UGETW(cd.wTotalLength), KM_SLEEP);
	T_EQ(usbd_get_config_desc_full(dev, 0, full, UGETW(cd.wTotalLength)),
	    0);
	T_EQ(memcmp(full, thing + USB_DEVICE_DESCRIPTOR_SIZE,
	    UGETW(cd.wTotalLength)), 0);
	T_EQ(usbd_get_no_alts(full, 1), 2);
	T_CHECK(usbd_find_idesc(full, 1, 1) != NULL);
	T_CHECK(usbd_find_idesc(full, 1, 2) == NULL);
	T_EQ(usbd_find_edesc(full, 1, 1, 0)->bEndpointAddress, ISOC);
	T_CHECK(usbd_find_edesc(full, 1, 1, 1) == NULL);
	kmem_free(full, UGETW(cd.wTotalLength));
	dd = usbd_get_device_descriptor(dev);
	T_EQ(UGETW(dd->idVendor), 0x04b8);
	T_EQ(usbd_device2interface_handle(dev, 1, &audio), 0);
	T_EQ(usbd_get_interface_altindex(audio), 0);
	T_EQ(usbd_set_interface(audio, 1), 0);
	T_EQ(usbd_get_interface_altindex(audio), 1);
	T_EQ(hu_alt(hu, 1), 1);
	T_EQ(usbd_set_config_no(dev, 1, 0), 0);
	teardown();
}

static void
names(void)
{
	char vendor[64], product[64], bcd[8];
	struct usb_device_info di;
	const struct usbd_quirks *q;

	setup();
	usbd_devinfo_vp(dev, vendor, sizeof(vendor), product, sizeof(product),
	    0, 1);
	T_EQ(strcmp(vendor, "Maker"), 0);
	T_EQ(strcmp(product, "Thing"), 0);
	T_EQ(usbd_printBCD(bcd, sizeof(bcd), 0x0123), 4);
	T_EQ(strcmp(bcd, "1.23"), 0);
	memset(&di, 0xff, sizeof(di));
	usbd_fill_deviceinfo(dev, &di, 0);
	T_EQ(di.udi_vendorNo, 0x04b8);
	T_EQ(di.udi_productNo, 0x0005);
	T_EQ(di.udi_bus, 1);
	T_EQ(di.udi_addr, 2);
	T_EQ(dev->ud_bus->ub_busnum, 1);
	T_EQ(dev->ud_bus->ub_revision, USBREV_1_1);
	T_EQ(dev->ud_bus->ub_usepolling, 0);
	T_EQ(strcmp(di.udi_product, "Thing"), 0);
	q = usbd_get_quirks(dev);
	T_EQ(q->uq_flags & (UQ_BROKEN_BIDIR | UQ_HID_IGNORE |
	    UQ_NO_UNION_NRM | UQ_NO_SET_PROTO), 0);
	T_EQ(strcmp(dev->ud_vendor, "Maker"), 0);	/* as uftdi looks */
	teardown();
}

/* What the device says of its length is not more than what came, or less. */
static void
strings(void)
{
	static const uint8_t text[] = { 6, UDESC_STRING, 'h', 0, 'i', 0, 9, 9 };
	usb_string_descriptor_t sd;
	int size = 0;

	setup();
	hu_answer(hu, text, sizeof(text));
	T_EQ(usbd_get_string_desc(dev, 3, 0x0409, &sd, &size), 0);
	T_EQ(size, 6);
	T_EQ(UGETW(sd.bString[1]), 'i');
	hu_answer(hu, text, 4);
	T_EQ(usbd_get_string_desc(dev, 3, 0x0409, &sd, &size), 0);
	T_EQ(size, 4);
	hu_answer(hu, text, 1);
	T_EQ(usbd_get_string_desc(dev, 3, 0x0409, &sd, &size), USBD_IOERROR);
	teardown();
}

static void
walk(void)
{
	usbd_desc_iter_t it;
	const usb_descriptor_t *d;
	u_int ifaces = 0, all = 0;

	setup();
	usb_desc_iter_init(dev, &it);
	while ((d = usb_desc_iter_next(&it)) != NULL) {
		all++;
		if (d->bDescriptorType == UDESC_INTERFACE)
			ifaces++;
	}
	T_EQ(ifaces, 3);
	T_EQ(all, 8);
	T_CHECK(usb_desc_iter_next(&it) == NULL);
	teardown();
}

/* ---- transfers -------------------------------------------------------- */

static u_int ended;

static void
intr_done(struct usbd_xfer *xfer __unused, void *priv, usbd_status status)
{

	T_CHECK(priv == &ended);
	if (status == USBD_NORMAL_COMPLETION)
		atomic_inc_uint(&ended);
}

static void
interrupt(void)
{
	struct usbd_pipe *pipe;
	struct usbd_xfer *xfer;
	usbd_callback done = intr_done;
	uint8_t buf[16] = { 0 };
	uint32_t len = sizeof(buf);

	setup();
	hu_mode(hu, INTR, HU_OK, HU_C_OK);
	T_EQ(usbd_open_pipe(iface, INTR, USBD_MPSAFE, &pipe), 0);
	T_EQ(usbd_create_xfer(pipe, sizeof(buf), 0, 0, &xfer), 0);
	T_EQ(usbd_intr_transfer(xfer, pipe, USBD_SHORT_XFER_OK, 1000, buf,
	    &len), 0);
	T_EQ(len, sizeof(buf));

	/* As a console waits: nobody is told to, and it comes. */
	ended = 0;
	usbd_set_polling(dev, 1);
	usbd_setup_xfer(xfer, &ended, buf, sizeof(buf), USBD_SHORT_XFER_OK,
	    USBD_NO_TIMEOUT, done);
	T_EQ(usbd_transfer(xfer), USBD_IN_PROGRESS);
	for (u_int i = 0; i == 0 || (atomic_load_relaxed(&ended) == 0 &&
	    i < 5000); i++)
		usbd_dopoll(iface);
	usbd_set_polling(dev, 0);
	T_EQ(atomic_load_relaxed(&ended), 1);
	usbd_destroy_xfer(xfer);
	usbd_close_pipe(pipe);
	teardown();
}

static void
sets_up(void)
{
	struct usbd_pipe pipe = { .up_addr = IN };
	struct usbd_xfer xfer = { .ux_pipe = &pipe };
	uint16_t lengths[] = { 192 };

	usbd_setup_isoc_xfer(&xfer, NULL, lengths, 1, 0, intr_done);
}

/* No pipe is one, so no xfer of a driver can be right.  The first case. */
static void
no_isochronous(void)
{
	char text[1024];

	T_CHECK(h_panics(sets_up, text, sizeof(text)));
	for (const char *p = text; *p != '\0'; p++) {
		if (strncmp(p, "endpoint 0x81 is not isochronous", 32) == 0)
			return;
	}
	t_fail(__FILE__, __LINE__, "it said: %s", text);
}

static void
isochronous(void)
{
	struct usbd_interface *audio;
	struct usbd_pipe *pipe = (struct usbd_pipe *)&told;

	setup();
	T_EQ(usbd_device2interface_handle(dev, 1, &audio), 0);
	T_EQ(usbd_set_interface(audio, 1), 0);
	T_CHECK(!dev->ud_isoc);
	T_EQ(usbd_open_pipe(audio, ISOC, 0, &pipe), USBD_INVAL);
	T_CHECK(pipe == NULL);
	T_CHECK(dev->ud_isoc);		/* it was said, and once is enough */
	T_EQ(usbd_open_pipe(audio, ISOC, 0, &pipe), USBD_INVAL);
	teardown();
}

static void
reports(void)
{
	uint8_t report[8] = { 0 };
	u_int before;

	setup();
	before = hu_submits(hu, 0);
	T_EQ(usbd_get_report(iface, 1, 0, report, sizeof(report)), 0);
	T_EQ(usbd_set_report(iface, 2, 3, report, sizeof(report)), 0);
	T_EQ(hu_submits(hu, 0), before + 2);
	hu_mode(hu, 0, HU_STALL, HU_C_OK);
	T_EQ(usbd_get_report(iface, 1, 0, report, sizeof(report)),
	    USBD_STALLED);
	teardown();
}

/* ---- detach of before 2016 --------------------------------------------- */

static char token;
static bool left, waiting;

static void
leaves(void *arg)
{

	KERNEL_LOCK(1, curlwp);		/* that the sleeper has left */
	T_CHECK(atomic_load_relaxed(&waiting));
	atomic_store_relaxed(&left, true);
	usb_detach_wakeupold(arg);
	KERNEL_UNLOCK_ONE(curlwp);
}

static void
old_detach(void)
{
	struct t_thread *t;
	device_t self = (device_t)(void *)&token;

	setup();
	usbd_delay_ms(dev, 1);
	KERNEL_LOCK(1, curlwp);
	t = t_spawn(leaves, self);
	atomic_store_relaxed(&waiting, true);
	while (!atomic_load_relaxed(&left))
		usb_detach_waitold(self);
	KERNEL_UNLOCK_ONE(curlwp);
	t_join(t);
	teardown();
}

/* ---- autoconf ---------------------------------------------------------- */

static int
kpi_match(device_t parent __unused, cfdata_t cf __unused, void *aux __unused)
{

	return 1;
}

static void
kpi_attach(device_t parent __unused, device_t self, void *aux __unused)
{

	aprint_naive("\n");
	aprint_error(": an error of a device that attaches\n");
	aprint_debug_dev(self, "only for who debugs\n");
	T_CHECK(prop_dictionary_set_int32(device_properties(self), "port",
	    UCOM_UNK_PORTNO));
}

static int
kpi_detach(device_t self __unused, int flags __unused)
{

	return 0;
}

CFATTACH_DECL_NEW(kpi, sizeof(int), kpi_match, kpi_attach, kpi_detach, NULL);
CFDRIVER_DECL(kpi, DV_DULL, NULL);
static struct cfdriver *const kpi_cfdriver[] = { &kpi_cd, NULL };
static struct cfattach *const kpi_cfattach[] = { &kpi_ca, NULL };
static const struct cfattachinit kpi_cfattachinit[] = {
	{ "kpi", kpi_cfattach },
	{ NULL, NULL }
};
static struct cfdata kpi_cfdata[] = {
	{ "kpi", "kpi", FSTATE_STAR, NULL, 0, NULL },
	{ NULL, NULL, 0, NULL, 0, NULL }
};

/* What a driver says of its device lives as long as that. */
static void
properties(void)
{
	device_t self;
	size_t before;
	u_int pieces;
	int32_t port;

	setup();
	config_init();
	T_EQ(config_init_component(kpi_cfdriver, kpi_cfattachinit, kpi_cfdata),
	    0);
	before = kmem_inuse(&pieces);
	for (int i = 0; i < 2; i++) {
		self = config_rootfound("kpi", NULL);
		T_CHECK(self != NULL);
		T_EQ(prop_dictionary_count(device_properties(self)), 1);
		T_CHECK(prop_dictionary_get_int32(device_properties(self),
		    "port", &port));
		T_EQ(port, UCOM_UNK_PORTNO);
		T_EQ(config_detach(self, DETACH_FORCE), 0);
		if (i == 0)	/* the table of units stays */
			before = kmem_inuse(&pieces);
	}
	T_EQ(kmem_inuse(&pieces), before);
	T_EQ(config_fini_component(kpi_cfdriver, kpi_cfattachinit,
	    kpi_cfdata), 0);
	teardown();
}

/* ---- numbers ----------------------------------------------------------- */

static void
numbers(void)
{
	uDWord dw = { 0x78, 0x56, 0x34, 0x12 };

	/* Class codes: usb.org. */
	T_EQ(UICLASS_PRINTER, 7);
	T_EQ(UISUBCLASS_PRINTER, 1);
	T_EQ(UIPROTO_PRINTER_UNI, 1);
	T_EQ(UIPROTO_PRINTER_BI, 2);
	T_EQ(UIPROTO_PRINTER_1284, 3);
	T_EQ(UISUBCLASS_DATA, 0);
	T_EQ(UDCLASS_COMM, 2);
	/* USB 2.0, tables 9-2 to 9-5 and 9-13. */
	T_EQ(UT_READ, 0x80);
	T_EQ(UT_WRITE_DEVICE, 0x00);
	T_EQ(UT_WRITE_INTERFACE, 0x01);
	T_EQ(UT_WRITE_CLASS_OTHER, 0x23);
	T_EQ(UT_GET_DIR(UT_READ_CLASS_INTERFACE), UT_READ);
	T_EQ(UR_SET_ADDRESS, 5);
	T_EQ(UR_SET_CONFIG, 9);
	T_EQ(UR_SET_INTERFACE, 11);
	T_EQ(UDESC_INTERFACE, 4);
	T_EQ(UE_ADDR, 0x0f);
	T_EQ(UE_GET_ADDR(0x83), 3);
	T_EQ(UE_XFERTYPE, 3);
	T_EQ(UE_CONTROL, 0);
	T_EQ(UE_ISOCHRONOUS, 1);
	T_EQ(USB_CONTROL_ENDPOINT, 0);
	T_EQ(USB_MAX_ENDPOINTS, 16);
	T_EQ(UGETDW(dw), 0x12345678);
	T_EQ(USB_CURRENT_CONFIG_INDEX, -1);
	T_EQ(USB_CURRENT_ALT_INDEX, -1);
	/* A UART's, as of the 16450. */
	T_EQ(UMSR_TERI, 0x04);
	T_EQ(UMSR_DCD, 0x80);
	T_CHECK(USBD_NOT_STARTED != USBD_NORMAL_COMPLETION);
	/* The better match is the greater. */
	T_CHECK(UMATCH_HIGHEST > UMATCH_VENDOR_PRODUCT &&
	    UMATCH_VENDOR_PRODUCT > UMATCH_VENDOR_PRODUCT_CONF_IFACE &&
	    UMATCH_IFACECLASS_IFACESUBCLASS_IFACEPROTO >
	    UMATCH_IFACECLASS_IFACESUBCLASS &&
	    UMATCH_IFACECLASS_IFACESUBCLASS > UMATCH_IFACECLASS_GENERIC &&
	    UMATCH_IFACECLASS_GENERIC > UMATCH_GENERIC &&
	    UMATCH_GENERIC > UMATCH_NONE);
}

#define	NUMBER(cmd, dir, nr, type)					\
	T_CHECK((u_long)(cmd) == ((u_long)(dir) << 29 |			\
	    (u_long)sizeof(type) << 16 | 'U' << 8 | (nr)))
#define	R	2
#define	W	4
#define	RW	6

static void
ioctls(void)
{

	NUMBER(USB_SETDEBUG, W, 0, int);
	NUMBER(USB_GET_CONFIG, R, 100, int);
	NUMBER(USB_SET_CONFIG, W, 101, int);
	NUMBER(USB_GET_ALTINTERFACE, RW, 102, struct usb_alt_interface);
	NUMBER(USB_SET_ALTINTERFACE, RW, 103, struct usb_alt_interface);
	NUMBER(USB_GET_NO_ALT, RW, 104, struct usb_alt_interface);
	NUMBER(USB_GET_CONFIG_DESC, RW, 106, struct usb_config_desc);
	NUMBER(USB_GET_INTERFACE_DESC, RW, 107, struct usb_interface_desc);
	NUMBER(USB_GET_ENDPOINT_DESC, RW, 108, struct usb_endpoint_desc);
	NUMBER(USB_GET_FULL_DESC, RW, 109, struct usb_full_desc);
	NUMBER(USB_DO_REQUEST, RW, 111, struct usb_ctl_request);
	NUMBER(USB_GET_DEVICEINFO_OLD, R, 112, struct usb_device_info_old);
	NUMBER(USB_GET_DEVICEINFO_30, R, 112, struct usb_device_info_old);
	NUMBER(USB_SET_SHORT_XFER, W, 113, int);
	NUMBER(USB_SET_TIMEOUT, W, 114, int);
	NUMBER(USB_SET_BULK_RA, W, 115, int);
	NUMBER(USB_SET_BULK_WB, W, 116, int);
	NUMBER(USB_SET_BULK_RA_OPT, W, 117, struct usb_bulk_ra_wb_opt);
	NUMBER(USB_SET_BULK_WB_OPT, W, 118, struct usb_bulk_ra_wb_opt);
	T_CHECK(USB_GET_DEVICEINFO_OLD != USB_GET_DEVICEINFO);
}

/* The macros of USB_DEBUG take their arguments and do nothing. */
Static int
history(int n)
{

	USBHIST_FUNC();
	USBHIST_CALLED(kpidebug);
	USBHIST_CALLARGS(kpidebug, "%jd", n++, 0, 0, 0);
	USBHIST_CALLARGSN(kpidebug, 1, "%jd", n++, 0, 0, 0);
	USBHIST_LOGN(kpidebug, 1, "%jd", n++, 0, 0, 0);
	return n;
}

static void
no_history(void)
{

	T_EQ(history(3), 3);
}

const struct t_case t_cases[] = {
	{ "an isochronous transfer ends the process, and says why",
	    no_isochronous },
	{ "how many there are, and their descriptors", counts },
	{ "names, release, device info, quirks", names },
	{ "a string's length is the device's word, and what came", strings },
	{ "a walk over all descriptors", walk },
	{ "an interrupt transfer, waited for, and polled for", interrupt },
	{ "an isochronous endpoint is refused, with one line", isochronous },
	{ "reports are requests", reports },
	{ "the detach of a driver that counts under the kernel lock", old_detach },
	{ "the properties of a device end with it", properties },
	{ "the numbers of the USB specifications", numbers },
	{ "the numbers of NetBSD's ioctls", ioctls },
	{ "there is no history", no_history },
	{ NULL, NULL }
};
