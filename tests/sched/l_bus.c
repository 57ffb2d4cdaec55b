/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * l_bus.c - litmuses of src/kernel/bus with devswd's drivers: what udev,
 * the device's event thread and a rescan say of a port, in any order, against the
 * port's thread, its deadline, clients and the end of the daemon.  The
 * adapter is an FT232R or a modem (h_usb.c), whose requests succeed at once.
 */
#include <sys/param.h>
#include <sys/conf.h>
#include <sys/device.h>
#include <sys/kernel.h>
#include <sys/kmem.h>
#include <sys/lwp.h>
#include <sys/systm.h>
#include <sys/tty.h>

#include <hyp/hyp.h>
#include <hyp/hyp_usb.h>

#include <miscfs/specfs/specdev.h>

#include "bus/bus.h"
#include "h_test.h"
#include "drivers/ioconf.h"
#include "drivers/ucom_impl.h"
#include "sched/h_calls.h"
#include "sched/sched.h"
#include "specfs/h_node.h"
#include "specfs/h_specfs.h"
#include "usbdi/h_desc.h"
#include "usbdi/h_usb.h"
#include "usbdi/usbdi_impl.h"

#define	IN	0x81
#define	OUT	0x02
#define	ACM_IN	0x83
#define	ACM_OUT	0x04
#define	NOTIFY	0x82
#define	MS(n)	((uint64_t)(n) * 1000000)
#define	NDEV	4
#define	LATE_VENDOR	0x1d6b

extern struct cfdriver ucom_cd;
extern const struct cdevsw ucom_cdevsw;

static struct hu_dev *hu[NDEV];		/* by plugging */
static uint32_t base;
static struct h_client a;
static bool down, acm;
static uint64_t began;

static struct hyp_usb_info
info(u_int n, const char *path)
{
	const struct hyp_usb_info hi = { .hi_path = path, .hi_bus = 1,
	    .hi_addr = base + n, .hi_vendor = 0x0403, .hi_product = 0x6001,
	    .hi_release = 0x0600, .hi_speed = HYP_USB_SPEED_FULL,
	    .hi_serial = "", .hi_vendorstr = "", .hi_productstr = "" };

	return hi;
}

/* A chip of FTDI's, or a modem. */
static void
put(u_int n)
{
	/* Carrier, empty; or the length of a line coding. */
	static const uint8_t status[7] = { 0x80, 0x60 };

	hu[n] = acm ? hu_plug(1, base + n, h_acm, sizeof(h_acm)) :
	    hu_plug(1, base + n, h_ftdi, sizeof(h_ftdi));
	hu_mode(hu[n], ACM_IN, HU_HOLD, HU_C_OK);
	hu_mode(hu[n], ACM_OUT, HU_HOLD, HU_C_OK);
	hu_mode(hu[n], NOTIFY, HU_HOLD, HU_C_OK);
	hu_mode(hu[n], 0, HU_OK, HU_C_OK);
	hu_mode(hu[n], IN, HU_HOLD, HU_C_OK);
	hu_mode(hu[n], OUT, HU_HOLD, HU_C_OK);
	hu_answer(hu[n], status, acm ? 7 : 2);
}

static void
up(void)
{
	devmajor_t maj = NODEVMAJOR;

	hp_forget();
	h_specfs_up();
	base += NDEV;
	memset(hu, 0, sizeof(hu));
	memset(&a, 0, sizeof(a));
	down = false;
	began = sched_clock();
	SCHED_CHECK(devsw_attach("ucom", NULL, NULL, &ucom_cdevsw, &maj) == 0);
	SCHED_CHECK(config_init_component(cfdriver_ioconf, cfattach_ioconf,
	    cfdata_ioconf) == 0);
	usb_bus_init(false);
	put(0);
}

static void
setup(void)
{

	acm = false;
	up();
}

/* Of a kind that no driver knows. */
static void
setup_unknown(void)
{
	static const uint8_t descs[] = {
		H_DEV(LATE_VENDOR, 0x0109, 0x0100, 0xff, 0, 0, 1),
		H_CONF(18, 1, 1),
		H_IFACE(0, 0, 0, 0xff, 0, 0),
	};

	setup();
	hu_remove(hu[0]);
	hu[0] = hu_plug(1, base, descs, sizeof(descs));
	hu_mode(hu[0], 0, HU_OK, HU_C_OK);
}

static int
is_attached(void *arg)
{
	device_t d = device_lookup(&ucom_cd, *(const int *)arg);

	return d != NULL && device_is_active(d);
}

static int
was_tried(void *arg __unused)
{

	return hu_opens(hu[0]) == 1 && !hu_is_open(hu[0]);
}

static const int unit0 = 0, unit1 = 1;
#define	ARG(x)	((void *)(uintptr_t)(x))

static void
attach(void)
{
	struct hyp_usb_info hi;

	hi = info(0, "1-1");
	hyp_usb_arrived(&hi);
	T_UNTIL(is_attached, ARG(&unit0));
	a.c_node = h_node_find("ttyU0");
	SCHED_CHECK(a.c_node != NULL);
}

/* More drivers than may have not come back. */
static void
setup_crowded(void)
{

	setup();
	for (u_int i = 0; i <= USB_MAX_STUCK; i++)
		zombie_enter("a zombie\n");
}

/* Plugged in, but another program had it until now. */
static void
setup_failed(void)
{
	struct hyp_usb_info hi;

	setup();
	hu_claim_error(hu[0], 0, L_EBUSY);
	hi = info(0, "1-1");
	hyp_usb_arrived(&hi);
	T_UNTIL(was_tried, NULL);
	hu_claim_error(hu[0], 0, 0);
}

static void
setup_attached(void)
{

	setup();
	attach();
}

static void
setup_modem(void)
{

	acm = true;
	up();
	attach();
	SCHED_CHECK(c_open(&a, HYP_F_NONBLOCK) == 0);
}

static void
setup_opened(void)
{

	setup_attached();
	SCHED_CHECK(c_open(&a, HYP_F_NONBLOCK) == 0);
}

static int
none_open(void *arg __unused)
{

	for (u_int n = 0; n < NDEV; n++) {
		if (hu[n] != NULL && hu_is_open(hu[n]))
			return 0;
	}
	return 1;
}

/* Everything down; nothing is left of any plugging. */
static void
end(void)
{
	static const char *const names[] = { "ttyU0", "dtyU0", "ttyU1",
	    "dtyU1", NULL };

	if (!down)
		usb_bus_shutdown();
	T_UNTIL(none_open, NULL);
	SCHED_CHECK(hyp_zombies() == 0);
	for (u_int n = 0; n < NDEV; n++) {
		if (hu[n] != NULL)
			hu_remove(hu[n]);
	}
	hu_zombies_return();
	devsw_detach(NULL, &ucom_cdevsw);
	SCHED_CHECK(config_fini_component(cfdriver_ioconf, cfattach_ioconf,
	    cfdata_ioconf) == 0);
	h_specfs_down(names);
}

/* The last one that came is the one that is there; as another unit if the
   first one was late. */
static int
second_is_open(void *arg __unused)
{

	return hu_is_open(hu[1]) && (is_attached(ARG(&unit0)) ||
	    is_attached(ARG(&unit1)));
}

static void
end_second(void)
{

	T_UNTIL(second_is_open, NULL);
	SCHED_CHECK(!hu_is_open(hu[0]));
	end();
}

/* And no turn was waited for in vain. */
static void
end_second_soon(void)
{

	T_UNTIL(second_is_open, NULL);
	SCHED_CHECK(sched_clock() - began < MS(USB_TURN_MS));
	end_second();
}

static void
end_none(void)
{

	T_UNTIL(none_open, NULL);
	SCHED_CHECK(!is_attached(ARG(&unit0)));
	end();
}

/* Tried once more at most. */
static void
end_tried(void)
{

	SCHED_CHECK(hu_opens(hu[0]) <= 2);
	end_none();
}

/* Attached once; who says it again disturbs nothing. */
static void
end_once(void)
{

	T_UNTIL(is_attached, ARG(&unit0));
	SCHED_CHECK(hu_opens(hu[0]) == 1);
	end();
}

/* One has ended: in a second at most the device is attached. */
static void
end_crowded(void)
{

	sched_elapse(MS(1001));
	T_UNTIL(is_attached, ARG(&unit0));
	SCHED_CHECK(hu_opens(hu[0]) == 1);
	while (zombie_count() > 0)
		zombie_exit("no zombie\n");
	end();
}

static void
end_crowded_none(void)
{

	while (zombie_count() > 0)
		zombie_exit("no zombie\n");
	end_none();
}

/* Those that arrived in order have units in order. */
static int
both_attached(void *arg __unused)
{
	return is_attached(ARG(&unit0)) && is_attached(ARG(&unit1));
}

static void
end_order(void)
{
	struct ucom_softc *sc;

	T_UNTIL(both_attached, NULL);
	sc = device_lookup_private(&ucom_cd, 0);
	SCHED_CHECK(strcmp(sc->sc_udev->ud_path, "1-1") == 0);
	end();
}

/* It has what was said last. */
static void
end_line(void)
{
	struct ucom_softc *sc;

	T_UNTIL(is_attached, ARG(&unit0));
	sc = device_lookup_private(&ucom_cd, 0);
	SCHED_CHECK(sc->sc_udev->ud_line.ul_speed == 4800);
	end();
}

/* ---- a driver that comes later -------------------------------------- */

static int
late_match(device_t parent __unused, cfdata_t cf __unused, void *aux)
{
	const struct usbif_attach_arg *const uiaa = aux;

	return uiaa->uiaa_vendor == LATE_VENDOR ? UMATCH_VENDOR_PRODUCT :
	    UMATCH_NONE;
}

static void
late_attach(device_t parent __unused, device_t self __unused,
    void *aux __unused)
{
}

static int
late_detach(device_t self __unused, int flags __unused)
{

	return 0;
}

CFDRIVER_DECL(late, DV_DULL, NULL);
static CFATTACH_DECL_NEW(late, 0, late_match, late_attach, late_detach, NULL);
static struct cfdriver *const late_drivers[] = { &late_cd, NULL };
static struct cfattach *const late_list[] = { &late_ca, NULL };
static const struct cfattachinit late_attaches[] = {
	{ "late", late_list }, { NULL, NULL }
};
static const struct cfparent late_parent = { "usbifif", "uhub", -1 };
static int late_loc[] = { -1, -1, -1, -1, -1, -1 };
static struct cfdata late_cfdata[] = {
	{ "late", "late", FSTATE_STAR, late_loc, 0, &late_parent },
	{ NULL, NULL, 0, NULL, 0, NULL }
};

static void
arrives_unknown(void *arg __unused)
{
	struct hyp_usb_info hi = info(0, "1-1");

	hi.hi_vendor = LATE_VENDOR;
	hyp_usb_arrived(&hi);
}

/* What module(9) does, and its hook. */
static void
loads(void *arg __unused)
{

	SCHED_CHECK(config_init_component(late_drivers, late_attaches,
	    late_cfdata) == 0);
	usb_bus_again();
}

static int
late_is_attached(void *arg __unused)
{
	device_t d = device_lookup(&late_cd, 0);

	return d != NULL && device_is_active(d);
}

static void
end_late(void)
{

	T_UNTIL(late_is_attached, NULL);
	SCHED_CHECK(hu_opens(hu[0]) <= 2);
	usb_bus_shutdown();
	down = true;
	T_UNTIL(none_open, NULL);
	SCHED_CHECK(config_fini_component(late_drivers, late_attaches,
	    late_cfdata) == 0);
	end();
}

/* ---- actors --------------------------------------------------------- */

static void
arrives(void *arg __unused)
{
	const struct hyp_usb_info hi = info(0, "1-1");

	hyp_usb_arrived(&hi);
}

/* The configuration says something of it while it is being attached. */
static void
arrives_line(void *arg)
{
	const struct hyp_usb_line hl = { .hl_speed = 4800 };

	arrives(arg);
	hyp_usb_line("1-1", &hl);
}

static void
arrives_twice(void *arg)
{

	arrives(arg);
	arrives(arg);
}

static void
leaves(void *arg __unused)
{

	hu_unplug(hu[0], 1);
	hyp_usb_left("1-1");
}

/* It has one; and none comes back. */
static void
names(void *arg __unused)
{
	const struct hyp_usb_info hi = info(0, "1-1");
	char name[HYP_USB_DRIVERNAME];

	if (hyp_usb_driver(&hi, 0, name))
		SCHED_CHECK(strcmp(name, "uftdi0") == 0);
	else
		SCHED_CHECK(!hyp_usb_driver(&hi, 0, name));
	SCHED_CHECK(!hyp_usb_driver(&hi, 1, name));
}

static void
vanishes(void *arg __unused)
{

	hu_unplug(hu[0], 0);
}

/* Out and in; nobody says "left". */
static void
changes(void *arg __unused)
{
	const struct hyp_usb_info hi = info(1, "1-1");

	hu_unplug(hu[0], 1);
	put(1);
	hyp_usb_arrived(&hi);
}

static void
leaves_changes(void *arg __unused)
{
	const struct hyp_usb_info hi = info(1, "1-1");

	hu_unplug(hu[0], 0);
	hyp_usb_left("1-1");
	put(1);
	hyp_usb_arrived(&hi);
}

/* A third one after that: out again, in again. */
static void
leaves_changes_leaves(void *arg)
{

	leaves_changes(arg);
	hu_unplug(hu[1], 1);
	hyp_usb_left("1-1");
}

static void
two_arrive(void *arg __unused)
{
	const struct hyp_usb_info h0 = info(0, "1-1"), h1 = info(1, "1-2");

	put(1);
	hyp_usb_arrived(&h0);
	hyp_usb_arrived(&h1);
}

/* One that has left again, perhaps before its port's thread had begun. */
static void
leaves_arrives(void *arg)
{
	const struct hyp_usb_info hi = info(1, "1-2");

	arrives(arg);
	leaves(arg);
	put(1);
	hyp_usb_arrived(&hi);
}

static void
time_goes(void *arg __unused)
{

	sched_elapse(MS(5001));
}

static void
second_goes(void *arg __unused)
{

	sched_elapse(MS(1001));
}

static void
zombie_ends(void *arg __unused)
{

	zombie_exit("no zombie\n");
}

static void
time_goes_twice(void *arg)
{

	time_goes(arg);
	time_goes(arg);
}

static void
halts(void *arg __unused)
{

	usb_bus_shutdown();
	down = true;
}

static void
open_close(void *arg __unused)
{

	if (c_open(&a, HYP_F_NONBLOCK) == 0)
		h_close(&a);
	else
		SCHED_CHECK(a.c_error == L_ENXIO || a.c_error == L_EBADF ||
		    a.c_error == L_EIO);
}

/* SERIAL_STATE: no carrier, in two packets. */
static void
notifies(void *arg __unused)
{
	static const uint8_t hangup[10] = { 0xa1, 0x20, 0, 0, 0, 0, 2, 0,
	    0, 0 };

	if (hu_is_open(hu[0]) && hu_complete(hu[0], NOTIFY, 0, HYP_USB_OK,
	    hangup, 8) == 0 && hu_is_open(hu[0]))
		(void)hu_complete(hu[0], NOTIFY, 0, HYP_USB_OK, hangup + 8,
		    2);
}

static void
closes(void *arg __unused)
{

	h_close(&a);
}

static void
reads_closes(void *arg __unused)
{
	char buf[4];
	size_t n;

	SCHED_CHECK(c_read(&a, buf, sizeof(buf), &n) == 0 && n == 0);
	h_close(&a);
}

#define	ACTORS(name, ...)						\
	static const struct sched_actor name[] = {			\
		__VA_ARGS__, { NULL, NULL, NULL }			\
	}

ACTORS(arrive_leave, { "in", arrives, NULL }, { "out", leaves, NULL });
ACTORS(arrive_vanish, { "in", arrives_twice, NULL },
    { "out", vanishes, NULL });
ACTORS(arrive_line, { "in", arrives_line, NULL });
ACTORS(arrive_again, { "in", arrives, NULL }, { "hup", arrives, NULL });
ACTORS(arrive_load, { "in", arrives_unknown, NULL },
    { "load", loads, NULL });
ACTORS(rescan_out, { "hup", arrives, NULL }, { "out", leaves, NULL });
ACTORS(crowd_one, { "in", arrives, NULL }, { "end", zombie_ends, NULL },
    { "time", second_goes, NULL });
ACTORS(crowd_leave, { "in", arrives, NULL }, { "end", zombie_ends, NULL },
    { "out", leaves, NULL });
ACTORS(leave_names, { "left", leaves, NULL }, { "names", names, NULL });
ACTORS(leave_vanish, { "left", leaves, NULL }, { "gone", vanishes, NULL });
ACTORS(change_vanish, { "change", changes, NULL },
    { "gone", vanishes, NULL });
ACTORS(change_repeat, { "change", leaves_changes, NULL });
ACTORS(change_late, { "change", leaves_changes, NULL },
    { "time", time_goes, NULL });
ACTORS(change_late_twice, { "change", leaves_changes_leaves, NULL },
    { "time", time_goes_twice, NULL });
ACTORS(read_change, { "A", reads_closes, NULL },
    { "change", leaves_changes, NULL });
ACTORS(open_leave, { "A", open_close, NULL }, { "out", leaves, NULL });
ACTORS(notify_leave, { "A", closes, NULL }, { "notify", notifies, NULL },
    { "out", leaves, NULL });
ACTORS(notify_close, { "A", closes, NULL }, { "notify", notifies, NULL });
ACTORS(two_ports, { "in", two_arrive, NULL });
ACTORS(leave_port, { "in", leaves_arrives, NULL });
ACTORS(arrive_halt, { "in", arrives, NULL }, { "halt", halts, NULL });
ACTORS(leave_halt, { "out", leaves, NULL }, { "halt", halts, NULL });
ACTORS(open_halt, { "A", open_close, NULL }, { "halt", halts, NULL });

extern const struct sched_litmus l_bus[];
const struct sched_litmus l_bus[] = {
	{ "arrive_leave", "a device that comes and goes",
	    setup, arrive_leave, end },
	{ "arrive_vanish", "the same, said twice, and by its transfers",
	    setup, arrive_vanish, end },
	{ "arrive_again", "the same is said while it is attached: one attach",
	    setup, arrive_again, end_once },
	{ "arrive_line", "the configuration changes while it is attached",
	    setup, arrive_line, end_line },
	{ "arrive_load", "its driver is loaded while it is attached",
	    setup_unknown, arrive_load, end_late },
	{ "rescan_leave", "a device that failed, tried again and pulled out",
	    setup_failed, rescan_out, end_tried },
	{ "crowded", "refused for the zombies, and one ends",
	    setup_crowded, crowd_one, end_crowded },
	{ "crowded_leave", "the same, and it is pulled out",
	    setup_crowded, crowd_leave, end_crowded_none },
	{ "leave_names", "who asks for its drivers while it leaves",
	    setup_attached, leave_names, end_none },
	{ "leave_vanish", "left and gone at once: one detach",
	    setup_attached, leave_vanish, end_none },
	{ "change_vanish", "another one in its place, and gone of the first",
	    setup_attached, change_vanish, end_second },
	{ "change", "left, gone and another one in its place",
	    setup_attached, change_repeat, end_second },
	{ "change_late", "the same, and the deadline of the detach",
	    setup_attached, change_late, end_second },
	{ "change_late_twice", "two detaches, and the deadline of both",
	    setup_attached, change_late_twice, end },
	{ "read_change", "a blocked read while the device is changed",
	    setup_opened, read_change, end_second },
	{ "open_leave", "an open of an FTDI against its unplug",
	    setup_attached, open_leave, end_none },
	{ "notify_close", "a modem's last close against its notifications",
	    setup_modem, notify_close, end },
	{ "notify_leave", "the same, and its unplug",
	    setup_modem, notify_leave, end_none },
	{ "two_ports", "two arrive: units in that order",
	    setup, two_ports, end_order },
	{ "leave_port", "one comes and goes, another comes: no wait for a turn",
	    setup, leave_port, end_second_soon },
	{ "arrive_halt", "a device that comes while the daemon ends",
	    setup, arrive_halt, end },
	{ "leave_halt", "a device that goes while the daemon ends",
	    setup_attached, leave_halt, end },
	{ "open_halt", "an open while the daemon ends",
	    setup_attached, open_halt, end },
	{ NULL, NULL, NULL, NULL, NULL },
};
