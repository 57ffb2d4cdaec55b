/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * l_park.c - litmuses of an open line that goes on in another process
 * (config_park, ucom_park.c): against input, output that is taken just then, a
 * detach, a revoke and a close; and the next process's open against the same.
 * The next process is this one: the device is detached, and attached again
 * with what was parked.  The hardware is h_usb.c's.
 *
 * What always holds: no byte of input that the device has given is lost or
 * comes twice, and so of what was written; both in their order.
 */
#include <sys/param.h>
#include <sys/atomic.h>
#include <sys/conf.h>
#include <sys/device.h>
#include <sys/kernel.h>
#include <sys/lwp.h>
#include <sys/poll.h>
#include <sys/systm.h>
#include <sys/tty.h>

#include <hyp/hyp_usb.h>

#include "drivers/ioconf.h"
#include "drivers/ucom_impl.h"
#include "h_test.h"
#include "sched/h_calls.h"
#include "sched/sched.h"
#include "specfs/h_node.h"
#include "specfs/h_specfs.h"
#include "usbdi/h_desc.h"
#include "usbdi/h_usb.h"
#include "usbdi/usbdi_impl.h"

#define	IN	0x81
#define	OUT	0x02
#define	WRITTEN	100		/* four transfers: 32, 32, 32, 4 */
#define	MSEC(n)	((uint64_t)(n) * 1000000)
#define	SEC(n)	((uint64_t)(n) * 1000000000)

static struct hu_dev *hu;
static struct usbd_device *udev;
static device_t dev;		/* the pk */
static struct h_client a;
static u_char msr;		/* what the chip says of its lines */
static u_int opens;		/* of the chip's driver, less closes */
static char given[256], got[256], out[256];
static size_t ngiven, ngot;	/* by who completes, by who reads */
static size_t nwritten;
static u_int ended;		/* calls in hand, that have */
static uint64_t began;

/* ---- the chip's driver ---------------------------------------------- */

static void
pk_get_status(void *arg __unused, int portno __unused, u_char *lsrp,
    u_char *msrp)
{

	*lsrp = 0;
	*msrp = atomic_load_relaxed(&msr);
}

static void
pk_set(void *arg __unused, int portno __unused, int reg __unused,
    int onoff __unused)
{
}

static int
pk_open(void *arg __unused, int portno __unused)
{

	SCHED_CHECK(opens++ == 0);
	return 0;
}

static void
pk_close(void *arg __unused, int portno __unused)
{

	SCHED_CHECK(opens-- == 1);
}

static struct ucom_methods pk_methods = {
	.ucom_get_status = pk_get_status,
	.ucom_set = pk_set,
	.ucom_open = pk_open,
	.ucom_close = pk_close,
};

static int
pk_match(device_t parent, cfdata_t cf __unused, void *aux __unused)
{

	return parent == NULL;
}

static void
pk_attach(device_t parent __unused, device_t self, void *aux __unused)
{
	static const struct hyp_usb_info hi = { .hi_path = "1-1",
	    .hi_bus = 1, .hi_addr = 2, .hi_serial = "", .hi_vendorstr = "",
	    .hi_productstr = "" };
	struct ucom_attach_args ucaa = { .ucaa_portno = UCOM_UNK_PORTNO,
	    .ucaa_bulkin = IN, .ucaa_bulkout = OUT, .ucaa_ibufsize = 48,
	    .ucaa_ibufsizepad = 48, .ucaa_obufsize = 32,
	    .ucaa_methods = &pk_methods };
	struct usbd_why why;

	SCHED_CHECK(usbd_device_open(&hi, NULL, NULL, &udev, &why) == 0);
	SCHED_CHECK(usbd_device_configure(udev, &why) == 0);
	ucaa.ucaa_device = udev;
	SCHED_CHECK(usbd_device2interface_handle(udev, 0,
	    &ucaa.ucaa_iface) == 0);
	SCHED_CHECK(config_found(self, &ucaa, NULL, CFARGS_NONE) != NULL);
}

static int
pk_detach(device_t self, int flags)
{
	const int error = config_detach_children(self, flags);

	if (error == 0)
		usbd_device_close(udev);
	return error;
}

extern struct cfdriver ucom_cd;
extern struct cfattach ucom_ca;
extern const struct cdevsw ucom_cdevsw;

static const char *const pk_attrs[] = { "ucombus", NULL };
static CFDRIVER_DECL(pk, DV_DULL, pk_attrs);
static CFATTACH_DECL3_NEW(pk, 0, pk_match, pk_attach, pk_detach, NULL, NULL,
    NULL, DVF_ATTACH_MPSAFE);
static struct cfdriver *const pk_drivers[] = { &pk_cd, &ucom_cd, NULL };
static struct cfattach *const pk_list[] = { &pk_ca, NULL };
static struct cfattach *const ucom_list[] = { &ucom_ca, NULL };
static const struct cfattachinit pk_attaches[] = {
	{ "pk", pk_list }, { "ucom", ucom_list }, { NULL, NULL }
};
static const struct cfparent pk_parent = { "ucombus", NULL, -1 };
static int pk_loc[] = { UCOMBUSCF_PORTNO_DEFAULT };
static struct cfdata pk_cfdata[] = {
	{ "pk", "pk", FSTATE_STAR, NULL, 0, NULL },
	{ "ucom", "ucom", FSTATE_STAR, pk_loc, 0, &pk_parent },
	{ NULL, NULL, 0, NULL, 0, NULL }
};

/* ---- up and down ---------------------------------------------------- */

static struct tty *
the_tty(void)
{
	struct ucom_softc *const sc = device_lookup_private(&ucom_cd, 0);

	return sc->sc_tty;
}

/* Open and raw, without a pause after a hang-up. */
static void
setup(void)
{
	devmajor_t maj = NODEVMAJOR;
	struct tty *tp;

	hp_forget();
	h_specfs_up();
	h_parked_drop();
	c_intr_begin();
	memset(&a, 0, sizeof(a));
	msr = UMSR_DCD | UMSR_CTS;
	opens = ended = 0;
	ngiven = ngot = nwritten = 0;
	SCHED_CHECK(config_init_component(pk_drivers, pk_attaches,
	    pk_cfdata) == 0);
	SCHED_CHECK(devsw_attach("ucom", NULL, NULL, &ucom_cdevsw, &maj) == 0);
	hu = hu_plug(1, 2, h_ftdi, sizeof(h_ftdi));
	hu_mode(hu, IN, HU_HOLD, HU_C_OK);
	hu_mode(hu, OUT, HU_HOLD, HU_C_OK);
	dev = config_rootfound("pk", NULL);
	SCHED_CHECK(dev != NULL);
	a.c_node = h_node_find("dtyU0");
	SCHED_CHECK(a.c_node != NULL);
	SCHED_CHECK(c_open(&a, HYP_F_NONBLOCK) == 0);
	tp = the_tty();
	c_raw(tp, 1, 0);
	ttylock(tp);
	CLR(tp->t_cflag, HUPCL);
	ttyunlock(tp);
	began = sched_clock();
}

static void
gives(const char *text, uint32_t n)
{

	if (!hu_is_open(hu) ||
	    hu_complete(hu, IN, 0, HYP_USB_OK, text, n) != 0)
		return;
	memcpy(given + ngiven, text, n);
	ngiven += n;
}

static int
is_kept(void *arg __unused)
{
	struct ucom_softc *const sc = device_lookup_private(&ucom_cd, 0);
	bool kept;

	mutex_enter(&sc->sc_lock);
	kept = !SIMPLEQ_EMPTY(&sc->sc_ibuff_full);
	mutex_exit(&sc->sc_lock);
	return kept;
}

/* What has come waits in its buffer, as the tty takes no more. */
static void
setup_full(void)
{
	struct tty *tp;

	setup();
	tp = the_tty();
	ttylock(tp);
	(void)(*tp->t_hwiflow)(tp, 1);
	ttyunlock(tp);
	gives("abc", 3);
	c_await(is_kept, NULL);
	SCHED_CHECK(ucom_parking(device_lookup_private(&ucom_cd, 0)) == 0);
}

/* Output in all transfers. */
static void
setup_written(void)
{
	char text[WRITTEN];

	setup();
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)(i + 1);
	SCHED_CHECK(c_write(&a, text, sizeof(text), &nwritten) == 0);
	SCHED_CHECK(nwritten == WRITTEN && hu_inflight(hu, OUT) == 4);
}

/*
 * The far end has said that it takes none; and when one is taken back it may
 * have begun.
 */
static void
setup_stopped(void)
{
	struct ucom_softc *sc;

	setup_written();
	sc = device_lookup_private(&ucom_cd, 0);
	mutex_enter(&sc->sc_lock);
	sc->sc_octs = true;
	CLR(sc->sc_msr, UMSR_CTS);
	mutex_exit(&sc->sc_lock);
	hu_mode(hu, OUT, HU_HOLD, HU_C_HALF);
}

static void
closes(void *arg __unused)
{

	if (a.c_file != NULL)
		h_close(&a);
	a.c_file = NULL;
}

/* This process is no more; the next one has the device. */
static void
another_process(void)
{

	SCHED_CHECK(config_detach(dev, DETACH_FORCE) == 0);
	SCHED_CHECK(!hu_is_open(hu) && opens == 0);
	closes(NULL);
	hu_zombies_return();
	hu_mode(hu, IN, HU_HOLD, HU_C_OK);
	hu_mode(hu, OUT, HU_HOLD, HU_C_OK);
	dev = config_rootfound("pk", NULL);
	SCHED_CHECK(dev != NULL);
}

static bool
goes_on(void)
{

	memset(&a.c_host, 0, sizeof(a.c_host));
	return c_open(&a, HYP_F_NONBLOCK | HYP_F_AGAIN) == 0;
}

static void
end(void)
{
	static const char *const names[] = { "ttyU0", "dtyU0", NULL };

	closes(NULL);
	if (dev != NULL)
		SCHED_CHECK(config_detach(dev, DETACH_FORCE) == 0);
	SCHED_CHECK(!hu_is_open(hu) && opens == 0);
	hu_remove(hu);
	hu_zombies_return();
	devsw_detach(NULL, &ucom_cdevsw);
	SCHED_CHECK(config_fini_component(pk_drivers, pk_attaches,
	    pk_cfdata) == 0);
	h_specfs_down(names);
}

static int
has_input(void *arg __unused)
{

	return (h_poll(&a, POLLIN, 0) & POLLIN) != 0;
}

/* All that was given, and no more. */
static void
reads_rest(void)
{
	size_t n;

	while (ngot < ngiven) {
		c_await(has_input, NULL);
		SCHED_CHECK(c_read(&a, got + ngot, sizeof(got) - ngot,
		    &n) == 0);
		ngot += n;
	}
	SCHED_CHECK(ngot == ngiven && memcmp(got, given, ngot) == 0);
	(void)kpause("litmus", false, mstohz(100), NULL);
	SCHED_CHECK(!has_input(NULL));
}

static int
is_sent(void *arg __unused)
{

	while (hu_take(hu, OUT) == 0)
		continue;
	return hu_taken(hu, out, sizeof(out)) >= nwritten;
}

static void
sends_rest(void)
{
	size_t i, n;

	hu_mode(hu, OUT, HU_OK, HU_C_OK);
	if (nwritten != 0)
		c_await(is_sent, NULL);
	(void)kpause("litmus", false, mstohz(100), NULL);
	n = hu_taken(hu, out, sizeof(out));
	SCHED_CHECK(n == nwritten);
	for (i = 0; i < n; i++)
		SCHED_CHECK(out[i] == (char)(i + 1));
}

static void
end_next(void)
{

	another_process();
	SCHED_CHECK(goes_on());
	reads_rest();
	sends_rest();
	end();
}

/* It was pulled out, or revoked: in bounded time, and there may be nothing. */
static void
end_bounded(void)
{

	SCHED_CHECK(sched_clock() - began < SEC(6));
	end();
}

/* But a line that can be opened, as ever. */
static void
end_open(void)
{

	/* A close may wait for output, and an unplug for the hardware. */
	SCHED_CHECK(sched_clock() - began < SEC(12));
	another_process();
	memset(&a.c_host, 0, sizeof(a.c_host));
	SCHED_CHECK(c_open(&a, HYP_F_NONBLOCK) == 0);
	SCHED_CHECK(!has_input(NULL));
	end();
}

/* ---- actors --------------------------------------------------------- */

/* As config_park is called: when the call in hand, if arg, has ended. */
static int
has_ended(void *arg __unused)
{

	return atomic_load_relaxed(&ended) != 0;
}

static void
parks(void *arg)
{

	if (arg != NULL) {
		c_interrupts(NULL);
		c_await(has_ended, NULL);
	}
	config_park();
	sched_note("parked");
}

/* The second half of that. */
static void
parks_it(void *arg __unused)
{

	SCHED_CHECK(ucom_park(device_lookup_private(&ucom_cd, 0)) == 0);
	sched_note("parked");
}

static void
reads(void *arg __unused)
{
	struct hyp_lwp *const l = c_intr_enter();
	size_t n = 0;
	int error;

	error = hyp_file_read(a.c_file, got, sizeof(got), 0, &n);
	SCHED_CHECK(error == 0 || (error == L_EINTR && n == 0));
	ngot = n;
	c_intr_exit(l);
	sched_note("read: %d, %zu bytes", error, n);
	(void)C_INCR(&ended);
}

/* Until the tty takes no more, or the signal comes. */
static void
writes(void *arg __unused)
{
	struct hyp_lwp *const l = c_intr_enter();
	char text[200];
	size_t n = 0;
	int error;

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)(i + 1);
	error = hyp_file_write(a.c_file, text, sizeof(text), 0, &n);
	SCHED_CHECK(error == 0 || error == L_EINTR);
	nwritten = n;
	c_intr_exit(l);
	sched_note("write: %d, %zu bytes", error, n);
	(void)C_INCR(&ended);
}

static void
input(void *arg __unused)
{

	gives("abc", 3);
	gives("defg", 4);
}

/* A reader has been there. */
static void
has_room(void *arg __unused)
{
	struct tty *const tp = the_tty();

	ttylock(tp);
	(void)(*tp->t_hwiflow)(tp, 0);
	ttyunlock(tp);
}

/* What failed would be tried again. */
static void
time_goes(void *arg __unused)
{

	sched_elapse(MSEC(20));
}

/* The oldest write, and then what is the oldest. */
static void
takes(void *arg __unused)
{

	(void)hu_take(hu, OUT);
	(void)hu_take(hu, OUT);
}

static void
unplugs(void *arg __unused)
{

	hu_unplug(hu, 1);
	usbd_device_gone(udev);
	SCHED_CHECK(config_detach(dev, DETACH_FORCE) == 0);
	dev = NULL;
	sched_note("unplugged");
}

static void
revokes(void *arg __unused)
{

	SCHED_CHECK(h_revoke(a.c_node) == 0);
	sched_note("revoked");
}

/* ---- the next one --------------------------------------------------- */

/* Input that was not read, and output that was not sent. */
static void
setup_next(void)
{

	setup_written();
	gives("abc", 3);
	c_await(has_input, NULL);
	config_park();
	another_process();
	began = sched_clock();
}

static void
opens_again(void *arg __unused)
{

	SCHED_CHECK(goes_on() || a.c_error == L_ENXIO ||
	    a.c_error == L_EBADF);
}

static int
is_reading(void *arg __unused)
{

	return hu_inflight(hu, IN) > 0;
}

static void
input_later(void *arg __unused)
{

	if (!is_reading(NULL))
		c_await(is_reading, NULL);
	gives("defg", 4);
}

/* A client whose call runs again. */
static void
opens_reads(void *arg __unused)
{

	SCHED_CHECK(goes_on());
	SCHED_CHECK(c_read(&a, got, sizeof(got), &ngot) == 0);
}

static void
end_both(void)
{

	reads_rest();
	sends_rest();
	end();
}

#define	ACTORS(name, ...)						\
	static const struct sched_actor name[] = {			\
		__VA_ARGS__, { NULL, NULL, NULL }			\
	}
#define	CALL	((void *)(uintptr_t)1)

ACTORS(read_input, { "A", reads, NULL }, { "park", parks, CALL },
    { "input", input, NULL });
ACTORS(write_takes, { "A", writes, NULL }, { "park", parks, CALL },
    { "sent", takes, NULL });
ACTORS(room, { "park", parks_it, NULL }, { "room", has_room, NULL });
ACTORS(takes_time, { "park", parks, NULL }, { "sent", takes, NULL },
    { "time", time_goes, NULL });
ACTORS(unplug, { "park", parks, NULL }, { "unplug", unplugs, NULL });
ACTORS(revoke, { "park", parks, NULL }, { "revoke", revokes, NULL });
ACTORS(close, { "park", parks, NULL }, { "close", closes, NULL },
    { "sent", takes, NULL });
ACTORS(next_input, { "A", opens_reads, NULL }, { "input", input_later, NULL });
ACTORS(next_unplug, { "A", opens_again, NULL }, { "unplug", unplugs, NULL });

const struct sched_litmus l_park[] = {
	{ "park_read", "a read in hand, input, and the line is parked",
	    setup, read_input, end_next },
	{ "park_full", "input that the tty had no room for, until now, and the same",
	    setup_full, room, end_next },
	{ "park_write", "a write in hand, completions, and the same",
	    setup, write_takes, end_next },
	{ "park_stopped", "writes of a stopped line, which moves just then",
	    setup_stopped, takes_time, end_next },
	{ "park_detach", "a line that is parked, against a detach",
	    setup_written, unplug, end_bounded },
	{ "park_revoke", "a line that is parked, against a revoke",
	    setup_written, revoke, end_open },
	{ "park_close", "a line that is parked, a last close, completions",
	    setup_written, close, end_open },
	{ "next_input", "open again, a read, and input",
	    setup_next, next_input, end_both },
	{ "next_detach", "open again, against a detach",
	    setup_next, next_unplug, end_bounded },
	{ NULL, NULL, NULL, NULL, NULL }
};
