/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_bus.c - plug and unplug in every order, with drivers made for it.
 *
 *	twhole	takes a whole device of vendor 0x1111
 *	tif	takes a vendor-specific interface; has a tchild
 *	tmodem	takes a CDC control interface and its data interface
 *
 * Each attach and detach is noted by the device's place: a place that is
 * attached twice, or detached without being attached, fails the case.  A
 * test can hold an attach up.  After each case the bus is shut down and no
 * memory of K may be left: all softcs are freed.
 */
#include <sys/param.h>
#include <sys/atomic.h>
#include <sys/device.h>
#include <sys/kernel.h>
#include <sys/kmem.h>
#include <sys/systm.h>

#include <dev/usb/usb.h>
#include <dev/usb/usbdi.h>
#include <dev/usb/usbdi_util.h>
#include <dev/usb/usbdivar.h>

#include <hyp/hyp.h>
#include <hyp/hyp_usb.h>

#include "bus/bus.h"
#include "h_test.h"
#include "usbdi/h_desc.h"
#include "usbdi/h_thread.h"
#include "usbdi/h_usb.h"

#define	NPORT	5
/* Memory of autoconf's table of n units. */
#define	UNITS(n) (2 * sizeof(void *) + (n) * sizeof(device_t))

/* ---- the drivers ---------------------------------------------------- */

struct t_softc {
	device_t		 sc_dev;
	device_t		 sc_child;
	struct usbd_device	*sc_udev;
	struct usbd_pipe	*sc_pipe;
	struct usbd_xfer	*sc_xfer;
	int			 sc_place;
};

static kmutex_t lk;
static kcondvar_t lk_cv;
static struct {
	u_int	attached;		/* now */
	u_int	attaches;		/* ever */
	u_int	detaches;
	u_int	byplace[NPORT];
	bool	hold_attach;
	u_int	held;
	bool	hold_detach;
	bool	request;		/* attach asks the device something */
	usbd_status request_err;
	bool	io;			/* attach starts a transfer on 0x81 */
	u_int	ios;			/* of those: in flight */
	int	last_flags;
	int	child_unit;
	int	nifaces;
} st;

/* "1-3" is place 3; a place that is no number is 0. */
static int
place(const struct usbd_device *udev)
{
	const int n = udev->ud_path[2] - '0';

	return n >= 0 && n < NPORT ? n : 0;
}

static void
io_cb(struct usbd_xfer *xfer __unused, void *priv __unused,
    usbd_status status __unused)
{
}

static void
start_io(struct t_softc *sc, struct usbd_interface *iface)
{

	usbd_status err;

	/* It may be gone already. */
	err = usbd_open_pipe(iface, 0x81, USBD_MPSAFE, &sc->sc_pipe);
	if (err != USBD_NORMAL_COMPLETION) {
		T_EQ(err, USBD_IOERROR);
		return;
	}
	T_EQ(usbd_create_xfer(sc->sc_pipe, 64, 0, 0, &sc->sc_xfer), 0);
	usbd_setup_xfer(sc->sc_xfer, sc, NULL, 64, 0, 0, io_cb);
	err = usbd_transfer(sc->sc_xfer);
	T_CHECK(err == USBD_IN_PROGRESS || err == USBD_IOERROR);
	mutex_enter(&lk);
	st.ios += err == USBD_IN_PROGRESS;
	mutex_exit(&lk);
}

static void
ask(struct usbd_device *udev)
{
	usb_device_request_t req = { .bmRequestType = UT_WRITE_VENDOR_DEVICE };
	usbd_status err;

	err = usbd_do_request(udev, &req, NULL);
	mutex_enter(&lk);
	st.request_err = err;
	mutex_exit(&lk);
}

static void
attach_common(struct t_softc *sc, device_t self, struct usbd_device *udev)
{

	aprint_normal(": a test\n");
	sc->sc_dev = self;
	sc->sc_udev = udev;
	sc->sc_place = place(udev);
	mutex_enter(&lk);
	T_EQ(st.byplace[sc->sc_place], 0);
	st.byplace[sc->sc_place]++;
	st.attached++;
	st.attaches++;
	st.held += st.hold_attach;
	while (st.hold_attach)
		cv_wait(&lk_cv, &lk);
	mutex_exit(&lk);
	if (st.request)
		ask(udev);
}

static int
t_detach(device_t self, int flags)
{
	struct t_softc *sc = device_private(self);

	if (sc->sc_child != NULL)
		(void)config_detach(sc->sc_child, flags);
	if (sc->sc_pipe != NULL) {
		usbd_abort_pipe(sc->sc_pipe);
		usbd_destroy_xfer(sc->sc_xfer);
		usbd_close_pipe(sc->sc_pipe);
	}
	mutex_enter(&lk);
	T_EQ(st.byplace[sc->sc_place], 1);
	st.byplace[sc->sc_place]--;
	st.attached--;
	st.detaches++;
	st.last_flags = flags;
	while (st.hold_detach)
		cv_wait(&lk_cv, &lk);
	mutex_exit(&lk);
	return 0;
}

static int
twhole_match(device_t parent __unused, cfdata_t cf __unused, void *aux)
{
	const struct usb_attach_arg *uaa = aux;

	return uaa->uaa_vendor == 0x1111 ? UMATCH_VENDOR_PRODUCT :
	    UMATCH_NONE;
}

static void
twhole_attach(device_t parent __unused, device_t self, void *aux)
{
	const struct usb_attach_arg *uaa = aux;

	attach_common(device_private(self), self, uaa->uaa_device);
	T_EQ(usbd_set_config_index(uaa->uaa_device, 0, 0), 0);
}

static int
tif_match(device_t parent __unused, cfdata_t cf __unused, void *aux)
{
	struct usbif_attach_arg *uiaa = aux;

	uiaa->uiaa_chip = "a chip";
	/* The second interface of h_dual stays free. */
	return uiaa->uiaa_class == UICLASS_VENDOR && uiaa->uiaa_ifaceno == 0 ?
	    UMATCH_IFACECLASS : UMATCH_NONE;
}

static void
tif_attach(device_t parent __unused, device_t self, void *aux)
{
	const struct usbif_attach_arg *uiaa = aux;
	struct t_softc *sc = device_private(self);

	attach_common(sc, self, uiaa->uiaa_device);
	T_CHECK(hu_working() > 0);
	mutex_enter(&lk);
	st.nifaces = uiaa->uiaa_nifaces;
	mutex_exit(&lk);
	if (st.io)
		start_io(sc, uiaa->uiaa_iface);
	sc->sc_child = config_found(self, NULL, NULL,
	    CFARGS(.iattr = "tbus"));
}

static int
tmodem_match(device_t parent __unused, cfdata_t cf __unused, void *aux)
{
	const struct usbif_attach_arg *uiaa = aux;

	return uiaa->uiaa_class == UICLASS_CDC ? UMATCH_IFACECLASS :
	    UMATCH_NONE;
}

static void
tmodem_attach(device_t parent __unused, device_t self, void *aux)
{
	struct usbif_attach_arg *uiaa = aux;

	attach_common(device_private(self), self, uiaa->uiaa_device);
	T_EQ(uiaa->uiaa_nifaces, 2);
	T_CHECK(uiaa->uiaa_ifaces[0] == NULL);	/* its own */
	T_CHECK(uiaa->uiaa_ifaces[1] != NULL);
	uiaa->uiaa_ifaces[1] = NULL;
}

static int
tchild_match(device_t parent __unused, cfdata_t cf __unused,
    void *aux __unused)
{

	return 1;
}

static void
tchild_attach(device_t parent __unused, device_t self, void *aux __unused)
{

	aprint_normal("\n");
	mutex_enter(&lk);
	st.child_unit = device_unit(self);
	mutex_exit(&lk);
}

static int
tchild_detach(device_t self __unused, int flags __unused)
{

	return 0;
}

static CFATTACH_DECL_NEW(twhole, sizeof(struct t_softc), twhole_match,
    twhole_attach, t_detach, NULL);
static CFATTACH_DECL_NEW(tif, sizeof(struct t_softc), tif_match, tif_attach,
    t_detach, NULL);
static CFATTACH_DECL_NEW(tmodem, sizeof(struct t_softc), tmodem_match,
    tmodem_attach, t_detach, NULL);
static CFATTACH_DECL_NEW(tchild, 0, tchild_match, tchild_attach,
    tchild_detach, NULL);
extern struct cfattach usb_ca, uhub_ca;

static const char *const usb_attrs[] = { "usbroothubif", NULL };
static const char *const uhub_attrs[] = { "usbdevif", "usbifif", NULL };
static const char *const tif_attrs[] = { "tbus", NULL };
static CFDRIVER_DECL(usb, DV_DULL, usb_attrs);
static CFDRIVER_DECL(uhub, DV_DULL, uhub_attrs);
static CFDRIVER_DECL(twhole, DV_DULL, NULL);
static CFDRIVER_DECL(tif, DV_DULL, tif_attrs);
static CFDRIVER_DECL(tmodem, DV_DULL, NULL);
static CFDRIVER_DECL(tchild, DV_DULL, NULL);
static struct cfdriver *const cfdrivers[] = { &usb_cd, &uhub_cd, &twhole_cd,
	&tif_cd, &tmodem_cd, &tchild_cd, NULL };
static struct cfattach *const usb_list[] = { &usb_ca, NULL };
static struct cfattach *const uhub_list[] = { &uhub_ca, NULL };
static struct cfattach *const twhole_list[] = { &twhole_ca, NULL };
static struct cfattach *const tif_list[] = { &tif_ca, NULL };
static struct cfattach *const tmodem_list[] = { &tmodem_ca, NULL };
static struct cfattach *const tchild_list[] = { &tchild_ca, NULL };
static const struct cfattachinit cfattachs[] = {
	{ "usb", usb_list }, { "uhub", uhub_list }, { "twhole", twhole_list },
	{ "tif", tif_list }, { "tmodem", tmodem_list },
	{ "tchild", tchild_list }, { NULL, NULL }
};
static const struct cfparent ps_hub = { "usbroothubif", "usb", -1 };
static const struct cfparent ps_dev = { "usbdevif", "uhub", -1 };
static const struct cfparent ps_if = { "usbifif", "uhub", -1 };
static const struct cfparent ps_tbus = { "tbus", NULL, -1 };
static struct cfdata cfdatas[] = {
	{ "usb", "usb", FSTATE_STAR, NULL, 0, NULL },
	{ "uhub", "uhub", FSTATE_STAR, NULL, 0, &ps_hub },
	{ "twhole", "twhole", FSTATE_STAR, NULL, 0, &ps_dev },
	{ "tif", "tif", FSTATE_STAR, NULL, 0, &ps_if },
	{ "tmodem", "tmodem", FSTATE_STAR, NULL, 0, &ps_if },
	{ "tchild", "tchild", FSTATE_STAR, NULL, 0, &ps_tbus },
	{ NULL, NULL, 0, NULL, 0, NULL }
};

/* ---- set-up --------------------------------------------------------- */

static size_t mem_idle;		/* in use when nothing is attached */
static kmutex_t arrive_lk;	/* one caller of hyp_usb_arrived at a time:
				   as if it were the host's */

static void warm_up(void);

static void
setup(void)
{
	static bool once;

	if (!once) {
		once = true;
		kern_init();
		config_init();
		mutex_init(&lk, MUTEX_DEFAULT, IPL_NONE);
		mutex_init(&arrive_lk, MUTEX_NODEBUG, IPL_NONE);
		cv_init(&lk_cv, "test");
		T_EQ(config_init_component(cfdrivers, cfattachs, cfdatas), 0);
		T_EQ(config_unit_reserve("tchild", 5), 0);
		warm_up();
	}
	memset(&st, 0, sizeof(st));
	usb_bus_init(false);
}

/* A thread that has just ended frees its own record. */
static int
nothing_left(void *arg __unused)
{
	u_int pieces;

	return kmem_inuse(&pieces) == mem_idle;
}

static void
teardown(void)
{

	usb_bus_shutdown();
	T_EQ(hu_working(), 0);
	T_EQ(st.attached, 0);
	T_EQ(st.attaches, st.detaches);
	hu_zombies_return();
	T_UNTIL(nothing_left, NULL);
}

static void
arrive_unit(const char *path, uint32_t addr, int unit)
{
	struct hyp_usb_info hi = { .hi_path = path, .hi_bus = 1,
	    .hi_addr = addr, .hi_vendor = 0x403, .hi_product = 0x6001,
	    .hi_serial = "", .hi_vendorstr = "Vendor",
	    .hi_productstr = "Product" };

	if (unit != -1)
		hi.hi_pins = (struct hyp_usb_pins){ 1, {{ unit, -1, -1, "" }} };

	mutex_enter(&arrive_lk);
	hyp_usb_arrived(&hi);
	mutex_exit(&arrive_lk);
}

static void
arrive(const char *path, uint32_t addr)
{

	arrive_unit(path, addr, -1);
}

static struct hu_dev *
plug_ftdi(uint32_t addr)
{

	return hu_plug(1, addr, h_ftdi, sizeof(h_ftdi));
}

static u_int
get(const u_int *p)
{
	u_int v;

	mutex_enter(&lk);
	v = *p;
	mutex_exit(&lk);
	return v;
}

static int
is_attached(void *arg)
{

	return get(&st.attached) == *(u_int *)arg;
}

/* Wait until that many devices are attached. */
static void
wait_attached(u_int n)
{

	T_UNTIL(is_attached, &n);
}

static int
is_in_flight(void *arg __unused)
{

	return get(&st.ios) == 1;
}

static int
is_closed(void *arg)
{

	return !hu_is_open(arg);
}

static void
hold_attach(bool hold)
{

	mutex_enter(&lk);
	st.hold_attach = hold;
	cv_broadcast(&lk_cv);
	mutex_exit(&lk);
}

static int
is_held(void *arg __unused)
{

	return get(&st.held) > 0;
}

/*
 * Attach one device of each driver, so that the tables of units, of 8
 * entries and more than any case needs, exist from now on.
 */
static void
warm_up(void)
{
	uint8_t whole[sizeof(h_dual)];
	struct hu_dev *hu[3];
	u_int pieces, i;

	usb_bus_init(false);
	usb_bus_shutdown();
	mem_idle = kmem_inuse(&pieces) + 4 * UNITS(8);
	memcpy(whole, h_dual, sizeof(whole));
	whole[8] = whole[9] = 0x11;
	hu[0] = plug_ftdi(1);
	hu[1] = hu_plug(1, 2, h_acm, sizeof(h_acm));
	hu[2] = hu_plug(1, 3, whole, sizeof(whole));
	usb_bus_init(false);
	arrive("1-1", 1);
	arrive("1-2", 2);
	arrive("1-3", 3);
	wait_attached(3);
	teardown();
	for (i = 0; i < 3; i++)
		hu_remove(hu[i]);
}

/* ---- cases ---------------------------------------------------------- */

static void
t_plain(void)
{
	struct hu_dev *hu;

	setup();
	hu = plug_ftdi(2);
	arrive("1-1", 2);
	wait_attached(1);
	T_CHECK(hu_claimed(hu, 0));
	T_EQ(st.nifaces, 1);
	hyp_usb_left("1-1");
	wait_attached(0);
	T_UNTIL(is_closed, hu);
	T_EQ(get(&st.attaches), 1);
	teardown();
	hu_remove(hu);
}

/* Repeated and pointless events change nothing. */
static void
t_repeats(void)
{
	struct hu_dev *hu;
	int i;

	setup();
	hu = plug_ftdi(2);
	hyp_usb_left("1-1");
	hyp_usb_left("9-9");
	for (i = 0; i < 10; i++)
		arrive("1-1", 2);
	wait_attached(1);
	for (i = 0; i < 10; i++)
		arrive("1-1", 2);
	for (i = 0; i < 10; i++)
		hyp_usb_left("1-1");
	wait_attached(0);
	hyp_usb_left("1-1");
	T_EQ(get(&st.attaches), 1);
	teardown();
	hu_remove(hu);
}

/* Nobody said that the old one left. */
static void
t_add_without_remove(void)
{
	struct hu_dev *a, *b;

	setup();
	a = plug_ftdi(2);
	b = plug_ftdi(3);
	arrive("1-1", 2);
	wait_attached(1);
	arrive("1-1", 3);
	T_UNTIL(is_closed, a);
	wait_attached(1);
	T_CHECK(hu_is_open(b));
	T_EQ(get(&st.attaches), 2);
	/* A late "gone" of the old one does not hit the new one. */
	hu_unplug(a, 0);
	T_CHECK(hu_is_open(b));
	teardown();
	hu_remove(a);
	hu_remove(b);
}

static void
t_unplug_in_attach(void)
{
	struct hu_dev *hu, *next;

	setup();
	hu = plug_ftdi(2);
	next = plug_ftdi(3);
	hold_attach(true);
	arrive("1-1", 2);
	T_UNTIL(is_held, NULL);
	hyp_usb_left("1-1");
	hold_attach(false);
	T_UNTIL(is_closed, hu);
	wait_attached(0);
	T_EQ(get(&st.attaches), 1);
	/* Left and back again while the first attach is under way. */
	hold_attach(true);
	st.held = 0;
	arrive("1-2", 2);
	T_UNTIL(is_held, NULL);
	hyp_usb_left("1-2");
	arrive("1-2", 3);
	hold_attach(false);
	T_UNTIL(is_closed, hu);
	wait_attached(1);
	T_CHECK(hu_is_open(next));
	T_EQ(get(&st.attaches), 3);
	teardown();
	hu_remove(hu);
	hu_remove(next);
}

static int
at_gate(void *arg)
{
	struct hu_dev *hu = arg;

	return hu_gate_waiters(hu, HU_G_OPEN) +
	    hu_gate_waiters(hu, HU_G_DESC) + hu_gate_waiters(hu, HU_G_CLAIM);
}

/* Unplugged while the host opens, reads, claims. */
static void
t_unplug_in_host(void)
{
	static const enum hu_gate gates[] = { HU_G_OPEN, HU_G_DESC,
		HU_G_CLAIM };
	struct hu_dev *hus[__arraycount(gates)], *hu;
	u_int i;

	setup();
	for (i = 0; i < __arraycount(gates); i++) {
		hu = hus[i] = plug_ftdi(2 + i);
		hu_gate_close(hu, gates[i]);
		arrive("1-1", 2 + i);
		T_UNTIL(at_gate, hu);
		hu_unplug(hu, i == 1);
		hyp_usb_left("1-1");
		hu_gate_open(hu, gates[i]);
		T_UNTIL(is_closed, hu);
	}
	teardown();
	T_EQ(st.attaches, 0);
	for (i = 0; i < __arraycount(gates); i++)
		hu_remove(hus[i]);
}

/* The driver waits for an answer when the device goes. */
static void
t_unplug_in_request(void)
{
	struct hu_dev *hu;
	uint64_t t0;

	setup();
	st.request = true;
	hu = plug_ftdi(2);
	hu_mode(hu, 0, HU_HOLD, HU_C_OK);
	arrive("1-1", 2);
	while (hu_inflight(hu, 0) == 0)
		t_msleep(1);
	t0 = t_now_ms();
	hyp_usb_left("1-1");
	T_UNTIL(is_closed, hu);
	T_CHECK(t_now_ms() - t0 < USBD_DEFAULT_TIMEOUT / 2);
	T_EQ(st.request_err, USBD_IOERROR);
	teardown();
	hu_remove(hu);
}

/* Each sign of an unplug is enough. */
static void
t_signs(void)
{
	struct hu_dev *hu;

	setup();
	st.io = true;
	/* hyp_usb_gone and nothing else */
	hu = plug_ftdi(2);
	hu_mode(hu, 0x81, HU_HOLD, HU_C_OK);
	arrive("1-1", 2);
	wait_attached(1);
	hu_unplug(hu, 0);
	T_UNTIL(is_closed, hu);
	/* A rescan that is late: tried, and found gone. */
	arrive("1-1", 2);
	/* NODEV of a transfer and nothing else */
	hu_remove(hu);
	hu = plug_ftdi(3);
	hu_mode(hu, 0x81, HU_HOLD, HU_C_OK);
	arrive("1-1", 3);
	wait_attached(1);
	hu_unplug(hu, 1);
	T_UNTIL(is_closed, hu);
	wait_attached(0);
	/* the same plugging is back, as far as one can tell */
	hu_remove(hu);
	hu = plug_ftdi(3);
	hu_mode(hu, 0x81, HU_HOLD, HU_C_OK);
	arrive("1-1", 3);
	wait_attached(1);
	T_EQ(get(&st.attaches), 3);
	teardown();
	hu_remove(hu);
}

/* A device whose transfers never come back goes in bounded time. */
static void
t_stuck(void)
{
	struct hu_dev *hu;
	uint64_t t0;

	setup();
	st.io = true;
	hu = plug_ftdi(2);
	hu_mode(hu, 0x81, HU_HOLD, HU_C_NEVER);
	arrive("1-1", 2);
	T_UNTIL(is_in_flight, NULL);
	t0 = t_now_ms();
	hyp_usb_left("1-1");
	T_UNTIL(is_closed, hu);
	T_CHECK(t_now_ms() - t0 < 8000);
	T_EQ(hyp_usb_zombies(), 1);
	teardown();
	hu_remove(hu);
}

static void
hold_detach(bool hold)
{

	mutex_enter(&lk);
	st.hold_detach = hold;
	cv_broadcast(&lk_cv);
	mutex_exit(&lk);
}

static int
zombies_are(void *arg)
{

	return zombie_count() == *(u_int *)arg;
}

static void
wait_zombies(u_int n)
{

	T_UNTIL(zombies_are, &n);
}

/*
 * A driver whose detach does not come back keeps its device, but not the
 * port: what is plugged in there next is attached.
 */
static void
t_hung_detach(void)
{
	struct hu_dev *a, *b, *c;

	hyp_set_deadline(100);
	setup();
	a = plug_ftdi(2);
	b = plug_ftdi(3);
	c = plug_ftdi(4);
	arrive("1-1", 2);
	wait_attached(1);
	hold_detach(true);
	hyp_usb_left("1-1");
	wait_attached(0);
	wait_zombies(1);
	T_CHECK(hu_is_open(a));
	arrive("1-1", 3);		/* after it was given up */
	wait_attached(1);
	T_CHECK(hu_is_open(b));
	arrive("1-1", 4);		/* before */
	wait_zombies(2);
	wait_attached(1);
	T_CHECK(hu_is_open(c));
	hold_detach(false);
	wait_zombies(0);
	hyp_set_deadline(5000);		/* a detach may take its time again */
	T_UNTIL(is_closed, a);
	T_UNTIL(is_closed, b);
	T_CHECK(hu_is_open(c));
	T_EQ(get(&st.attaches), 3);
	teardown();
	hu_remove(a);
	hu_remove(b);
	hu_remove(c);
}

/*
 * With too many of them nothing is attached any more; what was refused is,
 * without being plugged in again, when they have ended.
 */
static void
t_hung_detaches(void)
{
	struct hu_dev *hu[USB_MAX_STUCK + 2];
	u_int i, asked, n = USB_MAX_STUCK + 1;

	hyp_set_deadline(1);
	setup();
	hold_detach(true);
	for (i = 0; i < n; i++) {
		hu[i] = plug_ftdi(2 + i);
		arrive("1-1", 2 + i);
		wait_attached(1);
		hyp_usb_left("1-1");
		wait_attached(0);
		wait_zombies(i + 1);
	}
	hu[n] = plug_ftdi(2 + n);
	asked = hu_zombies_asked();
	arrive("1-1", 2 + n);
	while (hu_zombies_asked() == asked)
		t_msleep(1);
	t_msleep(1500);			/* it has looked again */
	T_EQ(get(&st.attaches), n);
	hold_detach(false);
	wait_zombies(0);
	hyp_set_deadline(5000);		/* a detach may take its time again */
	wait_attached(1);
	T_EQ(get(&st.attaches), n + 1);
	teardown();
	for (i = 0; i <= n; i++)
		hu_remove(hu[i]);
}

static void
t_busy(void)
{
	struct hu_dev *hu, *acm;

	setup();
	hu = plug_ftdi(2);
	hu_claim_error(hu, 0, 16);
	arrive("1-1", 2);
	arrive("1-1", 2);
	T_UNTIL(is_closed, hu);
	/* The data interface of a modem is not to be had. */
	acm = hu_plug(1, 4, h_acm, sizeof(h_acm));
	hu_claim_error(acm, 1, 16);
	arrive("1-2", 4);
	while (get(&st.detaches) == 0)
		t_msleep(1);
	T_UNTIL(is_closed, acm);
	T_EQ(get(&st.attached), 0);
	T_EQ(get(&st.attaches), 1);
	/* Plugged again, it is tried again. */
	hu_claim_error(hu, 0, 0);
	hyp_usb_left("1-1");
	arrive("1-1", 2);
	wait_attached(1);
	teardown();
	hu_remove(hu);
	hu_remove(acm);
}

static void
t_modem(void)
{
	struct hu_dev *hu;

	setup();
	hu = hu_plug(1, 2, h_acm, sizeof(h_acm));
	hu_config(hu, 0);	/* the system has not configured it */
	arrive("1-1", 2);
	wait_attached(1);
	while (!hu_claimed(hu, 1))
		t_msleep(1);
	T_CHECK(hu_claimed(hu, 0));
	T_EQ(get(&st.attaches), 1);
	teardown();
	hu_remove(hu);
}

/* Who asks for its drivers gets those of this very plugging. */
static void
t_names(void)
{
	struct hyp_usb_info hi = { .hi_path = "1-1", .hi_bus = 1,
	    .hi_addr = 2 };
	char name[HYP_USB_DRIVERNAME];
	struct hu_dev *hu;

	setup();
	T_CHECK(!hyp_usb_driver(&hi, 0, name));
	hu = plug_ftdi(2);
	arrive("1-1", 2);
	while (!hyp_usb_driver(&hi, 0, name))
		t_msleep(1);
	T_EQ(strcmp(name, "tif0"), 0);
	T_CHECK(!hyp_usb_driver(&hi, 1, name));
	hi.hi_addr = 3;
	T_CHECK(!hyp_usb_driver(&hi, 0, name));
	hi.hi_addr = 2;
	hyp_usb_left("1-1");
	while (hyp_usb_driver(&hi, 0, name))
		t_msleep(1);
	teardown();
	T_CHECK(!hyp_usb_driver(&hi, 0, name));
	hu_remove(hu);
}

static void
t_whole(void)
{
	uint8_t desc[sizeof(h_dual)];
	struct hu_dev *hu;

	setup();
	memcpy(desc, h_dual, sizeof(desc));
	desc[8] = desc[9] = 0x11;
	hu = hu_plug(1, 2, desc, sizeof(desc));
	arrive("1-1", 2);
	wait_attached(1);
	T_CHECK(hu_claimed(hu, 0) && hu_claimed(hu, 1));
	teardown();
	hu_remove(hu);
}

/* Refused devices: closed, nothing attached, nobody else affected. */
static void
t_refused(void)
{
	static const uint8_t other[] = {
		H_DEV(1, 2, 3, 0, 0, 0, 1),
		H_CONF(18, 1, 1),
		H_IFACE(0, 0, 0, 8, 6, 80),
	};
	struct hu_dev *bad, *none, *denied, *ok;

	setup();
	bad = hu_plug(1, 2, h_ftdi, sizeof(h_ftdi) - 1);
	none = hu_plug(1, 3, other, sizeof(other));
	denied = plug_ftdi(4);
	hu_open_error(denied, 13);
	ok = plug_ftdi(5);
	arrive("1-1", 2);
	arrive("1-2", 3);
	arrive("1-3", 4);
	arrive("1-4", 5);
	wait_attached(1);
	T_UNTIL(is_closed, bad);
	T_UNTIL(is_closed, none);
	hyp_usb_left("1-1");
	hyp_usb_left("1-2");
	hyp_usb_left("1-3");
	T_EQ(get(&st.attaches), 1);
	teardown();
	hu_remove(bad);
	hu_remove(none);
	hu_remove(denied);
	hu_remove(ok);
}

static int
zombies_asked(void *arg)
{

	return hu_zombies_asked() > *(u_int *)arg;
}

/* Too many: refused; one ends: tried again, though nobody says anything. */
static void
t_zombies(void)
{
	struct hu_dev *hu;
	u_int asked;

	setup();
	hu = plug_ftdi(2);
	hu_zombies_add(USB_MAX_ZOMBIES + 1);
	for (int i = 0; i < 2; i++) {
		asked = hu_zombies_asked();
		if (i == 0)
			arrive("1-1", 2);
		T_UNTIL(zombies_asked, &asked);
	}
	T_EQ(hu_opens(hu), 0);
	hu_zombies_add(-1);
	/* At the cap it is allowed. */
	wait_attached(1);
	T_EQ(hu_opens(hu), 1);
	hu_zombies_add(-USB_MAX_ZOMBIES);
	teardown();
	hu_remove(hu);
}

/* Pulled out or exchanged while it is refused: it is forgotten. */
static void
t_zombies_change(void)
{
	struct hu_dev *refused, *hu;
	u_int asked;

	setup();
	refused = plug_ftdi(2);
	hu = plug_ftdi(3);
	asked = hu_zombies_asked();
	hu_zombies_add(USB_MAX_ZOMBIES + 1);
	arrive("1-1", 2);
	T_UNTIL(zombies_asked, &asked);
	asked = hu_zombies_asked();
	arrive("1-1", 3);
	T_UNTIL(zombies_asked, &asked);
	hu_zombies_add(-1);
	wait_attached(1);
	T_EQ(hu_opens(refused), 0);
	T_EQ(hu_opens(hu), 1);
	hu_zombies_add(-USB_MAX_ZOMBIES);
	teardown();
	hu_remove(refused);
	hu_remove(hu);
}

/* A device that hangs in the host holds nobody else up. */
static void
t_independent(void)
{
	struct hu_dev *slow, *quick;
	int i;

	setup();
	slow = plug_ftdi(2);
	hu_gate_close(slow, HU_G_CLAIM);
	arrive("1-1", 2);
	T_UNTIL(at_gate, slow);
	for (i = 0; i < 5; i++) {
		quick = plug_ftdi(10);
		arrive("1-2", 10);
		wait_attached(1);
		hyp_usb_left("1-2");
		wait_attached(0);
		T_UNTIL(is_closed, quick);
		hu_remove(quick);
	}
	hu_gate_open(slow, HU_G_CLAIM);
	wait_attached(1);
	teardown();
	hu_remove(slow);
}

/* The host has no thread when one is needed: later, then. */
static int
threads_are(void *arg)
{

	return ht_running() == *(int *)arg;
}

static void
t_no_thread(void)
{
	struct hu_dev *hu;
	int threads;

	setup();
	threads = ht_running();
	hu = plug_ftdi(2);
	ht_fail(1);
	arrive("1-1", 2);
	T_EQ(ht_left(), 0);
	wait_attached(1);
	/* The port's thread would do without another one. */
	T_UNTIL(threads_are, &threads);
	ht_fail(1);
	hyp_usb_left("1-1");
	T_EQ(ht_left(), 0);
	wait_attached(0);
	T_UNTIL(is_closed, hu);
	teardown();
	hu_remove(hu);
}

static void
t_pin(void)
{
	struct hu_dev *hu;

	setup();
	hu = plug_ftdi(2);
	arrive_unit("1-1", 2, 5);
	wait_attached(1);
	hyp_usb_left("1-1");
	wait_attached(0);
	T_UNTIL(is_closed, hu);
	T_EQ(st.child_unit, 5);
	arrive("1-1", 2);
	wait_attached(1);
	teardown();
	T_EQ(st.child_unit, 0);
	hu_remove(hu);
}

static void
t_shutdown(void)
{
	struct hu_dev *a, *b;

	setup();
	a = plug_ftdi(2);
	b = plug_ftdi(3);
	arrive("1-1", 2);
	wait_attached(1);
	/* One is attached, one is being attached. */
	hu_gate_close(b, HU_G_CLAIM);
	arrive("1-2", 3);
	T_UNTIL(at_gate, b);
	hu_gate_open(b, HU_G_CLAIM);
	usb_bus_shutdown();
	T_EQ(st.attached, 0);
	T_CHECK(st.last_flags & DETACH_SHUTDOWN);
	T_CHECK(!hu_is_open(a) && !hu_is_open(b));
	/* Nobody listens any more. */
	arrive("1-1", 2);
	hyp_usb_left("1-1");
	T_CHECK(!hu_is_open(a));
	T_UNTIL(nothing_left, NULL);
	hu_remove(a);
	hu_remove(b);
}

static bool
same(const char *a, const char *b)
{

	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* Are these its driver and its chip? */
static bool
probes(const void *desc, size_t len, const char *driver, const char *chip)
{
	const struct hyp_usb_info hi = { .hi_path = "1-1", .hi_serial = "",
	    .hi_vendorstr = "", .hi_productstr = "" };
	const char *is, *what = "unset";

	is = hyp_usb_probe(&hi, desc, len, &what);
	return same(is, driver) && same(what, chip);
}

static void
t_probe(void)
{
	uint8_t desc[sizeof(h_dual)];

	setup();
	memcpy(desc, h_dual, sizeof(desc));
	desc[8] = desc[9] = 0x11;
	T_CHECK(probes(desc, sizeof(desc), "twhole", NULL));
	/* The chip is what the one that has won says, nobody else. */
	T_CHECK(probes(h_ftdi, sizeof(h_ftdi), "tif", "a chip"));
	T_CHECK(probes(h_acm, sizeof(h_acm), "tmodem", NULL));
	T_CHECK(probes(h_ftdi, sizeof(h_ftdi) - 1, NULL, NULL));
	T_CHECK(probes(h_acm, sizeof(h_acm) - 1, NULL, NULL));
	desc[9] = 0;
	desc[32] = desc[62] = 8;
	T_CHECK(probes(desc, sizeof(desc), NULL, NULL));
	teardown();
	T_CHECK(probes(h_ftdi, sizeof(h_ftdi), NULL, NULL));
}

/* ---- the storm ------------------------------------------------------ */

#define	ROUNDS	120
struct storm {
	char		 path[4];
	uint32_t	 addr;
	u_int		 ends_plugged;
	struct hu_dev	*dev[ROUNDS];
};

/* One place, plugged and unplugged with every way of (not) telling. */
static void
storm_thread(void *arg)
{
	struct storm *s = arg;
	struct hu_dev *hu;
	u_int i;

	for (i = 0; i < ROUNDS; i++) {
		hu = s->dev[i] = plug_ftdi(s->addr + i);
		hu_mode(hu, 0x81, HU_HOLD, HU_C_OK);
		arrive(s->path, s->addr + i);
		if (t_random() % 3 == 0)
			t_msleep(t_random() % 4);
		if (t_random() % 4 == 0)
			arrive(s->path, s->addr + i);
		if (i == ROUNDS - 1 && s->ends_plugged)
			break;
		switch (t_random() % 4) {
		case 0:
			hyp_usb_left(s->path);
			hu_unplug(hu, 0);
			break;
		case 1:
			hu_unplug(hu, 0);
			if (t_random() % 2 == 0)
				t_msleep(1);
			hyp_usb_left(s->path);
			break;
		case 2:			/* the next add must do */
			hu_unplug(hu, t_random() % 2 == 0);
			break;
		case 3:
			hyp_usb_left(s->path);
			hyp_usb_left(s->path);
			break;
		}
	}
	if (!s->ends_plugged)
		hyp_usb_left(s->path);
}

static void
t_storm(void)
{
	static struct storm s[NPORT];
	struct t_thread *t[NPORT];
	u_int i, j, want = 0;

	setup();
	memset(s, 0, sizeof(s));
	st.io = true;
	st.request = true;
	for (i = 0; i < NPORT; i++) {
		snprintf(s[i].path, sizeof(s[i].path), "1-%u", i);
		s[i].addr = 1000 * (i + 1);
		s[i].ends_plugged = i % 2;
		want += s[i].ends_plugged;
		t[i] = t_spawn(storm_thread, &s[i]);
	}
	for (i = 0; i < NPORT; i++)
		t_join(t[i]);
	/* What holds in the end is what was true in the end. */
	for (i = 0; i < NPORT; i++) {
		for (j = 0; j < ROUNDS; j++) {
			if (j < ROUNDS - 1 || !s[i].ends_plugged)
				T_UNTIL(is_closed, s[i].dev[j]);
		}
	}
	wait_attached(want);
	for (i = 0; i < NPORT; i++) {
		T_EQ(hu_is_open(s[i].dev[ROUNDS - 1]), s[i].ends_plugged);
		T_EQ(st.byplace[i], s[i].ends_plugged);
	}
	t_note("%u attaches", st.attaches);
	T_CHECK(st.attaches > NPORT);
	teardown();
	for (i = 0; i < NPORT; i++) {
		for (j = 0; j < ROUNDS; j++)
			hu_remove(s[i].dev[j]);
	}
}

const struct t_case t_cases[] = {
	{ "plug and unplug", t_plain },
	{ "repeated events", t_repeats },
	{ "add without remove", t_add_without_remove },
	{ "unplug in the middle of an attach", t_unplug_in_attach },
	{ "unplug while the host is busy with it", t_unplug_in_host },
	{ "unplug ends a driver's wait in attach", t_unplug_in_request },
	{ "each sign of an unplug is enough", t_signs },
	{ "a stuck device is detached in bounded time", t_stuck },
	{ "interfaces that another program has", t_busy },
	{ "a driver takes a second interface", t_modem },
	{ "the drivers of a device, for who asks", t_names },
	{ "a driver takes a whole device", t_whole },
	{ "refused devices", t_refused },
	{ "too many zombies, until one ends", t_zombies },
	{ "too many zombies, and another device", t_zombies_change },
	{ "ports do not wait for each other", t_independent },
	{ "no thread for an event", t_no_thread },
	{ "pinned units", t_pin },
	{ "a detach that hangs costs its device, not the port",
	    t_hung_detach },
	{ "with too many of those nothing is attached", t_hung_detaches },
	{ "shutdown", t_shutdown },
	{ "probe without a device", t_probe },
	{ "a storm of events", t_storm },
	{ NULL, NULL }
};
