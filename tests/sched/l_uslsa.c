/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * l_uslsa.c - litmuses of uslsa(4) with a chip that tells no events: its
 * callout and its task, which ask for the modem lines, against a last close
 * and a detach.  The chip is h_usb.c's: it answers each request with one byte,
 * which is its part number, and the state of its lines as well.
 */
#include <sys/param.h>
#include <sys/conf.h>
#include <sys/device.h>
#include <sys/kernel.h>
#include <sys/lwp.h>
#include <sys/proc.h>
#include <sys/systm.h>
#include <sys/tty.h>

#include <hyp/hyp_usb.h>

#include "drivers/ioconf.h"
#include "drivers/ucom_impl.h"
#include "drivers/uslsareg.h"
#include "h_test.h"
#include "sched/h_calls.h"
#include "sched/sched.h"
#include "specfs/h_node.h"
#include "specfs/h_specfs.h"
#include "usbdi/h_desc.h"
#include "usbdi/h_usb.h"
#include "usbdi/usbdi_impl.h"

#define	CONTROL		0x00
#define	IN		0x81
#define	OUT		0x02
#define	MSEC(n)		((uint64_t)(n) * 1000000)
#define	POLL_MS		100
#define	TIMEOUT_MS	1000	/* of a request */

/* In the part number's place: carrier is one of its bits. */
#define	LINES(msr)	((const uint8_t []){ (uint8_t)(msr) })

static struct hu_dev *hu;
static struct usbd_device *udev;
static device_t dev;		/* the bus */
static device_t chip;		/* the uslsa */
static struct h_client a;

/* ---- a bus with one interface --------------------------------------- */

static int
sl_match(device_t parent, cfdata_t cf __unused, void *aux __unused)
{

	return parent == NULL;
}

static void
sl_attach(device_t parent __unused, device_t self, void *aux __unused)
{
	static const struct hyp_usb_info hi = { .hi_path = "1-1",
	    .hi_bus = 1, .hi_addr = 2, .hi_serial = "", .hi_vendorstr = "",
	    .hi_productstr = "" };
	struct usbif_attach_arg uiaa = { .uiaa_vendor = 0x10c4,
	    .uiaa_product = 0xea60 };
	struct usbd_why why;

	SCHED_CHECK(usbd_device_open(&hi, NULL, NULL, &udev, &why) == 0);
	SCHED_CHECK(usbd_device_configure(udev, &why) == 0);
	uiaa.uiaa_device = udev;
	SCHED_CHECK(usbd_device2interface_handle(udev, 0,
	    &uiaa.uiaa_iface) == 0);
	chip = config_found(self, &uiaa, NULL, CFARGS_NONE);
	SCHED_CHECK(chip != NULL);
}

static int
sl_detach(device_t self __unused, int flags)
{
	const int error = config_detach(chip, flags);

	if (error == 0)
		usbd_device_close(udev);
	return error;
}

static void
sl_childdet(device_t self __unused, device_t child)
{

	SCHED_CHECK(chip == child);
}

extern struct cfdriver uslsa_cd, ucom_cd;
extern struct cfattach uslsa_ca, ucom_ca;
extern const struct cdevsw ucom_cdevsw;

static const char *const sl_attrs[] = { "sl", NULL };
static CFDRIVER_DECL(sl, DV_DULL, sl_attrs);
static CFATTACH_DECL3_NEW(sl, 0, sl_match, sl_attach, sl_detach, NULL, NULL,
    sl_childdet, DVF_ATTACH_MPSAFE);
static struct cfdriver *const sl_drivers[] = { &sl_cd, &uslsa_cd, &ucom_cd,
    NULL };
static struct cfattach *const sl_list[] = { &sl_ca, NULL };
static struct cfattach *const uslsa_list[] = { &uslsa_ca, NULL };
static struct cfattach *const ucom_list[] = { &ucom_ca, NULL };
static const struct cfattachinit sl_attaches[] = {
	{ "sl", sl_list }, { "uslsa", uslsa_list }, { "ucom", ucom_list },
	{ NULL, NULL }
};
static const struct cfparent sl_parent = { "sl", NULL, -1 };
static const struct cfparent chip_parent = { "ucombus", NULL, -1 };
static int sl_loc[] = { UCOMBUSCF_PORTNO_DEFAULT };
static struct cfdata sl_cfdata[] = {
	{ "sl", "sl", FSTATE_STAR, NULL, 0, NULL },
	{ "uslsa", "uslsa", FSTATE_STAR, NULL, 0, &sl_parent },
	{ "ucom", "ucom", FSTATE_STAR, sl_loc, 0, &chip_parent },
	{ NULL, NULL, 0, NULL, 0, NULL }
};

/* ---- up and down ---------------------------------------------------- */

/* Open, and without a pause after a hang-up. */
static void
setup(void)
{
	static const uint8_t part = USLSA_CP2102;
	devmajor_t maj = NODEVMAJOR;
	struct tty *tp;

	hp_forget();
	h_specfs_up();
	memset(&a, 0, sizeof(a));
	SCHED_CHECK(config_init_component(sl_drivers, sl_attaches,
	    sl_cfdata) == 0);
	SCHED_CHECK(devsw_attach("ucom", NULL, NULL, &ucom_cdevsw, &maj) == 0);
	hu = hu_plug(1, 2, h_ftdi, sizeof(h_ftdi));
	hu_answer(hu, &part, 1);
	hu_mode(hu, IN, HU_HOLD, HU_C_OK);
	dev = config_rootfound("sl", NULL);
	SCHED_CHECK(dev != NULL);
	a.c_node = h_node_find("ttyU0");
	SCHED_CHECK(a.c_node != NULL);
	SCHED_CHECK(c_open(&a, HYP_F_NONBLOCK) == 0);
	tp = ((struct ucom_softc *)device_lookup_private(&ucom_cd, 0))->sc_tty;
	ttylock(tp);
	CLR(tp->t_cflag, HUPCL);
	ttyunlock(tp);
}

static void
sleeps(u_int ms)
{

	(void)kpause("litmus", false, mstohz(ms), NULL);
}

/* The chip is being asked, and says nothing yet. */
static void
setup_asked(void)
{

	setup();
	hu_mode(hu, CONTROL, HU_HOLD, HU_C_OK);
	while (hu_inflight(hu, CONTROL) == 0)
		sleeps(POLL_MS / 10);
	hu_mode(hu, CONTROL, HU_OK, HU_C_OK);
}

/* Nor after its time, and the bus does not give the request back. */
static void
setup_mute(void)
{

	setup_asked();
	hu_mode(hu, CONTROL, HU_OK, HU_C_NEVER);
}

static void
end(void)
{
	static const char *const names[] = { "ttyU0", "dtyU0", NULL };

	if (dev != NULL)
		SCHED_CHECK(config_detach(dev, DETACH_FORCE) == 0);
	SCHED_CHECK(!hu_is_open(hu));
	hu_remove(hu);
	hu_zombies_return();
	devsw_detach(NULL, &ucom_cdevsw);
	SCHED_CHECK(config_fini_component(sl_drivers, sl_attaches,
	    sl_cfdata) == 0);
	h_specfs_down(names);
}

/* Who opens it again hears of its lines. */
static void
end_reopen(void)
{
	struct ucom_softc *sc;
	u_int asked;

	SCHED_CHECK(c_open(&a, HYP_F_NONBLOCK) == 0);
	sc = device_lookup_private(&ucom_cd, 0);
	asked = hu_submits(hu, CONTROL);
	hu_answer(hu, LINES(UMSR_DCD), 1);
	sleeps(10 * POLL_MS);
	asked = hu_submits(hu, CONTROL) - asked;
	SCHED_CHECK(asked >= 5 && asked <= 10);
	mutex_enter(&sc->sc_lock);
	SCHED_CHECK(ISSET(sc->sc_msr, UMSR_DCD));
	mutex_exit(&sc->sc_lock);
	h_close(&a);
	end();
}

/* The file of one that was pulled out. */
static void
end_stale(void)
{

	h_close(&a);
	end();
}

/* ---- actors --------------------------------------------------------- */

/* The callout's time comes; and the next one's. */
static void
time_goes(void *arg __unused)
{

	sched_elapse(MSEC(POLL_MS + 10));
	sched_elapse(MSEC(POLL_MS + 10));
}

static void
answers(void *arg __unused)
{

	(void)hu_complete(hu, CONTROL, 0, HYP_USB_OK, LINES(UMSR_CTS), 1);
}

/* Nobody asks a closed port; and it is closed in bounded time. */
static void
closes(void *arg __unused)
{
	const uint64_t began = sched_clock();
	u_int asked;

	h_close(&a);
	SCHED_CHECK(sched_clock() - began <
	    MSEC(TIMEOUT_MS + USBD_GRACE + POLL_MS));
	asked = hu_submits(hu, CONTROL);
	sleeps(3 * POLL_MS);
	SCHED_CHECK(hu_submits(hu, CONTROL) == asked);
}

static void
unplugs(void *arg __unused)
{

	hu_unplug(hu, 1);
	usbd_device_gone(udev);
	SCHED_CHECK(config_detach(dev, DETACH_FORCE) == 0);
	dev = NULL;
}

#define	ACTORS(name, ...)						\
	static const struct sched_actor name[] = {			\
		__VA_ARGS__, { NULL, NULL, NULL }			\
	}

ACTORS(close, { "close", closes, NULL }, { "time", time_goes, NULL });
ACTORS(close_asked, { "close", closes, NULL }, { "chip", answers, NULL },
    { "time", time_goes, NULL });
ACTORS(close_mute, { "close", closes, NULL });
ACTORS(unplug, { "unplug", unplugs, NULL }, { "time", time_goes, NULL });

const struct sched_litmus l_uslsa[] = {
	{ "poll_close", "a closed port's lines are not asked for",
	    setup, close, end_reopen },
	{ "poll_close_asked", "the same, and they are just being asked for",
	    setup_asked, close_asked, end_reopen },
	{ "poll_close_mute", "the same, and the chip never answers: bounded",
	    setup_mute, close_mute, end },
	{ "poll_unplug", "a detach, when they are to be asked for",
	    setup, unplug, end_stale },
	{ "poll_unplug_asked", "a detach, when they are being asked for",
	    setup_asked, unplug, end_stale },
	{ NULL, NULL, NULL, NULL, NULL }
};
