/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * l_ucom.c - litmuses of ucom(4) on usbdi, the tty and specfs: the two nodes
 * of a line against each other, and opens, closes, calls, revokes and
 * transfers against a device that is pulled out.  The chip's driver, "cp", is
 * the parent of a ucom and needs no requests; its hardware is h_usb.c, and
 * transfers end when an actor says so.
 */
#include <sys/param.h>
#include <sys/atomic.h>
#include <sys/conf.h>
#include <sys/device.h>
#include <sys/kernel.h>
#include <sys/kmem.h>
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
#define	CP_TIMEOUT_MS	1000	/* of a request to a dead chip */

struct cp_softc {
	struct usbd_device	*sc_udev;
	device_t		 sc_child;
};

/* The line and the chip behind it. */
static struct {
	kmutex_t	cp_lock;
	u_char		cp_msr;		/* cp_lock */
	u_int		cp_opens, cp_closes; /* cp_lock */
	bool		cp_dtr, cp_break; /* cp_lock */
	int		cp_param_error;	/* the next one's */
	bool		cp_dead;	/* answers no settings */
	bool		cp_mode_ok;	/* the last one was taken */
	u_int		cp_inside;	/* methods that may sleep: one */
	bool		cp_closed;	/* cp_lock; a close(2) is over */
	kcondvar_t	cp_cv;		/* for that */
	bool		cp_slow;	/* is asked for a break, and says
					   nothing until the line is over */
	bool		cp_late;	/* is as slow as a dead one */
	bool		cp_revoke;	/* sc_lock: it answers when that comes */
	u_int		cp_breaks;	/* the token's holder */
	u_int		cp_asked;	/* the same: is the chip empty? */
	u_int		cp_full;	/* cp_lock; so often it says no */
} cp;

static struct hu_dev *hu;
static uint32_t addr;
static device_t dev;		/* the cp; by who attaches and detaches */
static struct h_client a, b, c3, b2;
static char abuf[256], bbuf[64];
static size_t adone, bdone;
static struct hyp_lwp *waiter;	/* cp_lock: C's, while it may be interrupted */
static uint32_t polled;
static u_int clients_done;	/* clients that have ended */
static bool other_node;		/* there are clients of both */
static bool taken;		/* the device has had some output */
static bool flushed;		/* tcflush is over */
static u_int told;
static uint64_t began;

/* ---- the chip's driver ---------------------------------------------- */

static struct ucom_softc *ucom(void);

static void
cp_enter(void)
{

	mutex_enter(&cp.cp_lock);
	SCHED_CHECK(cp.cp_inside++ == 0);
	mutex_exit(&cp.cp_lock);
	mutex_enter(&cp.cp_lock);	/* a request: others may run */
}

static void
cp_exit(void)
{

	cp.cp_inside--;
	mutex_exit(&cp.cp_lock);
}

static void
cp_get_status(void *arg __unused, int portno __unused, u_char *lsr,
    u_char *msr)
{

	mutex_enter(&cp.cp_lock);
	*lsr = 0;
	*msr = cp.cp_msr;
	mutex_exit(&cp.cp_lock);
}

/*
 * A break that is answered when d_cancel, or a detach, has come: nobody is
 * queued behind it a little later, and it stays the last request but the
 * close's own.
 */
static void
cp_slow_break(struct ucom_softc *sc)
{

	mutex_enter(&sc->sc_lock);
	while (!sc->sc_dying && !ISSET(sc->sc_closing, sc->sc_open))
		cv_wait(&sc->sc_statecv, &sc->sc_lock);
	mutex_exit(&sc->sc_lock);
	(void)kpause("cpbreak", false, mstohz(10), NULL);
	SCHED_CHECK(!cv_has_waiters(&sc->sc_ctlcv));
}

/* A client's request: none comes behind a slow break. */
static void
cp_client(void)
{

	SCHED_CHECK(!cp.cp_slow || cp.cp_breaks == 0);
}

/* The end of one that was left on is the close's own. */
static bool
cp_is_clients(struct ucom_softc *sc)
{
	bool open;

	mutex_enter(&sc->sc_lock);
	open = sc->sc_state == UCOM_OPEN;
	mutex_exit(&sc->sc_lock);
	return open;
}

static void
cp_set(void *arg __unused, int portno __unused, int reg, int onoff)
{

	if (reg == UCOM_SET_BREAK && cp_is_clients(ucom())) {
		cp_client();
		cp.cp_breaks++;
		if (cp.cp_slow)
			cp_slow_break(ucom());
		else if (cp.cp_late)
			(void)kpause("cpbreak", false, mstohz(CP_TIMEOUT_MS),
			    NULL);
	}
	cp_enter();
	if (reg == UCOM_SET_DTR)
		cp.cp_dtr = onoff != 0;
	if (reg == UCOM_SET_BREAK)
		cp.cp_break = onoff != 0;
	cp_exit();
}

static int
cp_param(void *arg __unused, int portno __unused, struct termios *t __unused)
{
	int error;

	cp_client();
	if (cp.cp_dead)
		(void)kpause("cpparam", false, mstohz(CP_TIMEOUT_MS), NULL);
	cp_enter();
	error = cp.cp_dead ? EIO : atomic_load_relaxed(&cp.cp_param_error);
	atomic_store_relaxed(&cp.cp_param_error, 0);
	cp.cp_mode_ok = error == 0;
	cp_exit();
	return error;
}

static bool
cp_txempty(void *arg __unused, int portno __unused)
{
	struct ucom_softc *const sc = ucom();
	bool empty;

	cp_client();
	cp.cp_asked++;
	mutex_enter(&sc->sc_lock);
	while (cp.cp_revoke && sc->sc_closing == 0)
		cv_wait(&sc->sc_statecv, &sc->sc_lock);
	mutex_exit(&sc->sc_lock);
	cp_enter();
	empty = cp.cp_full == 0;
	if (!empty)
		cp.cp_full--;
	cp_exit();
	return empty;
}

static int
cp_open(void *arg __unused, int portno __unused)
{

	cp_enter();
	SCHED_CHECK(cp.cp_opens++ == cp.cp_closes);
	cp_exit();
	return 0;
}

/* No break is left on, but with a device that has gone. */
static void
cp_close(void *arg __unused, int portno __unused)
{
	struct ucom_softc *const sc = ucom();
	bool dying;

	mutex_enter(&sc->sc_lock);
	dying = sc->sc_dying;
	mutex_exit(&sc->sc_lock);
	cp_enter();
	SCHED_CHECK(!cp.cp_break || dying);
	cp.cp_closes++;
	SCHED_CHECK(cp.cp_opens == cp.cp_closes);
	cp_exit();
}

static struct ucom_methods cp_methods = {
	/* .ucom_txempty: setup_chip_b, setup_slow */
	.ucom_get_status = cp_get_status,
	.ucom_set = cp_set,
	.ucom_param = cp_param,
	.ucom_open = cp_open,
	.ucom_close = cp_close,
};

static int
cp_match(device_t parent, cfdata_t cf __unused, void *aux __unused)
{

	return parent == NULL;
}

static void
gone(void *arg __unused)
{

	told++;
}

static bool no_room;		/* a packet is as long as its header */

static void
cp_attach(device_t parent __unused, device_t self, void *aux __unused)
{
	struct cp_softc *sc = device_private(self);
	struct hyp_usb_info hi = { .hi_path = "1-1", .hi_bus = 1,
	    .hi_addr = addr, .hi_serial = "", .hi_vendorstr = "",
	    .hi_productstr = "" };
	struct ucom_attach_args ucaa = { .ucaa_portno = UCOM_UNK_PORTNO,
	    .ucaa_bulkin = IN, .ucaa_bulkout = OUT, .ucaa_ibufsize = 48,
	    .ucaa_ibufsizepad = 48, .ucaa_obufsize = 32,
	    .ucaa_methods = &cp_methods, .ucaa_arg = sc };
	struct usbd_why why;

	if (no_room)
		ucaa.ucaa_obufsize = ucaa.ucaa_opkthdrlen = 1;
	SCHED_CHECK(usbd_device_open(&hi, gone, NULL, &sc->sc_udev,
	    &why) == 0);
	SCHED_CHECK(usbd_device_configure(sc->sc_udev, &why) == 0);
	ucaa.ucaa_device = sc->sc_udev;
	SCHED_CHECK(usbd_device2interface_handle(sc->sc_udev, 0,
	    &ucaa.ucaa_iface) == 0);
	sc->sc_child = config_found(self, &ucaa, ucomprint,
	    CFARGS(.submatch = ucomsubmatch));
	SCHED_CHECK(sc->sc_child != NULL);
}

static int
cp_detach(device_t self, int flags)
{
	struct cp_softc *sc = device_private(self);
	int error;

	if (sc->sc_child != NULL &&
	    (error = config_detach(sc->sc_child, flags)) != 0)
		return error;
	SCHED_CHECK(cp.cp_opens == cp.cp_closes);
	usbd_device_close(sc->sc_udev);
	memset(sc, 0xa5, sizeof(*sc));
	return 0;
}

static void
cp_childdet(device_t self, device_t child)
{
	struct cp_softc *sc = device_private(self);

	SCHED_CHECK(sc->sc_child == child);
	sc->sc_child = NULL;
}

extern struct cfdriver ucom_cd;
extern struct cfattach ucom_ca;
extern const struct cdevsw ucom_cdevsw;

static const char *const cp_attrs[] = { "ucombus", NULL };
static CFDRIVER_DECL(cp, DV_DULL, cp_attrs);
static CFATTACH_DECL3_NEW(cp, sizeof(struct cp_softc), cp_match, cp_attach,
    cp_detach, NULL, NULL, cp_childdet, DVF_ATTACH_MPSAFE);
static struct cfdriver *const cp_drivers[] = { &cp_cd, &ucom_cd, NULL };
static struct cfattach *const cp_list[] = { &cp_ca, NULL };
static struct cfattach *const ucom_list[] = { &ucom_ca, NULL };
static const struct cfattachinit cp_attaches[] = {
	{ "cp", cp_list }, { "ucom", ucom_list }, { NULL, NULL }
};
static const struct cfparent cp_parent = { "ucombus", NULL, -1 };
static int cp_loc[] = { UCOMBUSCF_PORTNO_DEFAULT };
static struct cfdata cp_cfdata[] = {
	{ "cp", "cp", FSTATE_STAR, NULL, 0, NULL },
	{ "ucom", "ucom", FSTATE_STAR, cp_loc, 0, &cp_parent },
	{ NULL, NULL, 0, NULL, 0, NULL }
};

/* ---- up and down ---------------------------------------------------- */

static void
plug(void)
{
	struct hu_dev *const d = hu_plug(1, ++addr, h_ftdi, sizeof(h_ftdi));

	cp.cp_dtr = false;
	atomic_store_relaxed(&hu, d);
	hu_mode(hu, IN, HU_HOLD, HU_C_OK);
	hu_mode(hu, OUT, HU_HOLD, HU_C_OK);
	dev = config_rootfound("cp", NULL);
	SCHED_CHECK(dev != NULL);
}

static struct ucom_softc *
ucom(void)
{

	return device_lookup_private(&ucom_cd, 0);
}

static void
setup(void)
{
	devmajor_t maj = NODEVMAJOR;

	hp_forget();
	h_specfs_up();
	memset(&cp, 0, sizeof(cp));
	mutex_init(&cp.cp_lock, MUTEX_DEFAULT, IPL_NONE);
	cv_init(&cp.cp_cv, "cp");
	cp.cp_msr = UMSR_DCD;
	cp_methods.ucom_txempty = NULL;
	waiter = NULL;
	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	memset(&c3, 0, sizeof(c3));
	memset(&b2, 0, sizeof(b2));
	adone = bdone = 0;
	polled = clients_done = told = 0;
	flushed = false;
	taken = other_node = false;
	began = sched_clock();
	SCHED_CHECK(config_init_component(cp_drivers, cp_attaches,
	    cp_cfdata) == 0);
	SCHED_CHECK(devsw_attach("ucom", NULL, NULL, &ucom_cdevsw, &maj) == 0);
	plug();
	a.c_node = c3.c_node = h_node_find("ttyU0");
	b.c_node = b2.c_node = h_node_find("dtyU0");
	SCHED_CHECK(a.c_node != NULL && b.c_node != NULL);
}

static void
setup_no_room(void)
{

	no_room = true;
	setup();
	no_room = false;
	SCHED_CHECK(ucom()->sc_state == UCOM_DEAD);
}

static void
setup_no_carrier(void)
{

	setup();
	cp.cp_msr = 0;
}

/* Nobody calls yet; raw, and without a pause after a hang-up. */
static void
setup_no_call(void)
{
	struct tty *tp;

	setup();
	SCHED_CHECK(c_open(&a, HYP_F_NONBLOCK) == 0);
	tp = ucom()->sc_tty;
	c_raw(tp, 1, 0);
	ttylock(tp);
	CLR(tp->t_cflag, HUPCL);
	ttyunlock(tp);
	h_close(&a);
	cp.cp_msr = 0;
}

/* The first settings are refused. */
static void
setup_param_fails(void)
{

	setup();
	atomic_store_relaxed(&cp.cp_param_error, EIO);
}

static void
setup_param_fails_both(void)
{

	setup_param_fails();
	other_node = true;
}

/* A dial-in open waits for carrier, and a dial-out's mode is refused. */
static void
setup_mode_fails(void)
{

	setup_no_carrier();
	other_node = true;
}

static void
setup_dead(void)
{

	setup();
	cp.cp_dead = true;
}

/* Raw, and open by A as dial-in, or B as dial-out. */
static void
setup_open_a(void)
{

	setup();
	SCHED_CHECK(c_open(&a, HYP_F_NONBLOCK) == 0);
	c_raw(ucom()->sc_tty, 1, 0);
}

static void
setup_open_b(void)
{

	setup();
	SCHED_CHECK(c_open(&b, HYP_F_NONBLOCK) == 0);
	c_raw(ucom()->sc_tty, 1, 0);
}

/* For b: its close(2) returns. */
static void
is_over(struct h_hostfile *hf __unused)
{

	mutex_enter(&cp.cp_lock);
	cp.cp_closed = true;
	cv_broadcast(&cp.cp_cv);
	mutex_exit(&cp.cp_lock);
}

/* Exclusive, and whoever closes it opens the other node next. */
static void
setup_reopen(void)
{

	setup_open_b();
	b.c_host.hf_closing = is_over;
	SCHED_CHECK(c_ioctl(&b, L_TIOCEXCL, 0) == 0);
}

/* And a chip that has a buffer of its own. */
static void
setup_chip_b(void)
{

	setup_open_b();
	cp_methods.ucom_txempty = cp_txempty;
	cp.cp_revoke = true;
}

static int
is_taken(void *arg __unused)
{
	struct ucom_softc *const sc = ucom();
	bool none;

	mutex_enter(&sc->sc_lock);
	none = sc->sc_oinflight == 0;
	mutex_exit(&sc->sc_lock);
	return none;
}

/* And that has still to send what it has just taken. */
static void
setup_chip_full(void)
{

	setup_open_a();
	cp_methods.ucom_txempty = cp_txempty;
	cp.cp_full = 3;
	SCHED_CHECK(c_write(&a, "abcdefghijklmnop", 16, &adone) == 0);
	SCHED_CHECK(hu_complete(hu, OUT, 0, HYP_USB_OK, NULL, 16) == 0);
	T_UNTIL(is_taken, NULL);
}

/* As it was before drains: d_close comes while a request is under way. */
static void
setup_legacy_late(void)
{

	setup();
	SCHED_CHECK(devsw_semantics(&ucom_cdevsw, "netbsd-legacy") == 0);
	SCHED_CHECK(c_open(&a, HYP_F_NONBLOCK) == 0);
	cp.cp_late = true;
}

/* Output that the device does not take: 16 bytes, at this speed. */
static void
sends(int speed)
{
	struct tty *tp;

	setup_reopen();
	tp = ucom()->sc_tty;
	SCHED_CHECK(c_write(&b, "abcdefghijklmnop", 16, &bdone) == 0);
	ttylock(tp);
	tp->t_ospeed = speed;
	ttyunlock(tp);
}

static void
setup_sends_soon(void)
{

	sends(9600);
}

static void
setup_sends_never(void)
{

	sends(9600);
	hu_mode(hu, OUT, HU_HOLD, HU_C_NEVER);
}

static void
setup_sends_long(void)
{

	sends(10);
	hu_mode(hu, OUT, HU_HOLD, HU_C_NEVER);
}

/* And with output in flight. */
static void
setup_written_a(void)
{

	setup_open_a();
	SCHED_CHECK(c_write(&a, "abcdefghijklmnop", 16, &adone) == 0);
	SCHED_CHECK(hu_inflight(hu, OUT) == 1);
}

static void
setup_open_both(void)
{

	setup_open_a();
	SCHED_CHECK(c_open(&c3, HYP_F_NONBLOCK) == 0);
}

/* Root has said that a close may take a minute. */
static void
setup_held_a(void)
{
	struct tty *tp;

	setup_written_a();
	tp = ucom()->sc_tty;
	ttylock(tp);
	tp->t_port.tp_closing_wait = 60000;
	ttyunlock(tp);
}

static bool
cp_txfull(void *arg __unused, int portno __unused)
{

	cp_enter();
	cp.cp_asked++;
	cp_exit();
	return false;
}

/* The chip has been given all, and says each time that it still sends. */
static void
setup_chip_a(void)
{

	setup_open_a();
	cp_methods.ucom_txempty = cp_txfull;
	ucom()->sc_odone = getticks();
}

/* And output that ^S, or who asks for it, has stopped. */
static void
setup_stopped_both(void)
{

	setup_open_both();
	SCHED_CHECK(c_ioctl(&c3, L_TCXONC, L_TCOOFF) == 0);
	SCHED_CHECK(c_write(&a, "abcdefghijklmnop", 16, &adone) == 0);
}

/* And a chip that has a buffer of its own, and is slow with breaks. */
static void
setup_slow(void)
{

	setup_open_both();
	cp_methods.ucom_txempty = cp_txempty;
	cp.cp_slow = true;
}

static void
setup_late(void)
{

	setup_open_both();
	cp.cp_late = true;
}

static void
setup_opened_once(void)
{

	setup_open_a();
	h_close(&a);
}

/*
 * Somebody was busy: x or y has had the line.  An unplug may have taken it
 * from one whose d_open was over, but who had not been told yet.
 */
static bool
has_had(const struct h_client *cl)
{

	return cl->c_file != NULL || cl->c_error == L_EBADF ||
	    cl->c_error == L_ENXIO;
}

static bool
have_had(const struct h_client *x, const struct h_client *y)
{

	return has_had(x) || has_had(y);
}

static void
end(void)
{
	static const char *const names[] = { "ttyU0", "dtyU0", NULL };

	if (dev != NULL) {
		SCHED_CHECK(ucom()->sc_state == UCOM_ATTACHED ||
		    ucom()->sc_tty == NULL);
		SCHED_CHECK(ucom()->sc_nopeners == 0);
		SCHED_CHECK(ucom()->sc_open == 0 && ucom()->sc_closing == 0);
		SCHED_CHECK(hu_inflight(hu, IN) + hu_inflight(hu, OUT) == 0);
		SCHED_CHECK(!cp.cp_dtr);
		SCHED_CHECK(config_detach(dev, DETACH_FORCE) == 0);
		SCHED_CHECK(!hu_is_open(hu));
		hu_remove(hu);
	}
	hu_zombies_return();
	SCHED_CHECK(told <= 1);
	SCHED_CHECK((a.c_error != L_EBUSY && c3.c_error != L_EBUSY) ||
	    have_had(&b, &b2));
	SCHED_CHECK((b.c_error != L_EBUSY && b2.c_error != L_EBUSY) ||
	    have_had(&a, &c3));
	devsw_detach(NULL, &ucom_cdevsw);
	SCHED_CHECK(config_fini_component(cp_drivers, cp_attaches,
	    cp_cfdata) == 0);
	h_specfs_down(names);
}

static void
end_close_a(void)
{

	h_close(&a);
	end();
}

/* The oldest transfer in flight ends; -1: there is none. */
static int
hw_complete(uint8_t ep, u_int n, int status, const void *data, uint32_t len)
{
	struct hu_dev *const d = atomic_load_relaxed(&hu);

	return d == NULL || !hu_is_open(d) ? -1 :
	    hu_complete(d, ep, n, status, data, len);
}

/* DTR was left up. */
static void
end_hang_up(void)
{

	cp.cp_dtr = false;
	end();
}

static void
end_close_both(void)
{

	h_close(&c3);
	end_close_a();
}

static void
end_sent_both(void)
{

	SCHED_CHECK(hw_complete(OUT, 0, HYP_USB_OK, NULL, 16) == 0);
	end_close_both();
}

/* It was tried again, not waited for to the end of the drain. */
static void
end_soon(void)
{

	SCHED_CHECK(sched_clock() - began < UINT64_C(1000000000));
	end();
}

/* So long a revoke waits for what may soon be sent. */
static void
end_second(void)
{

	SCHED_CHECK(sched_clock() - began < UINT64_C(1100000000));
	end();
}

/* A device that is gone is waited for by nobody. */
static void
end_at_once(void)
{

	/* But for a few ms, when what is restarted waits for others. */
	SCHED_CHECK(sched_clock() - began < UINT64_C(100000000));
	end();
}

/* ---- actors: the device --------------------------------------------- */

static void
pulls(void)
{

	hu_unplug(hu, 1);
	usbd_device_gone(((struct cp_softc *)device_private(dev))->sc_udev);
	SCHED_CHECK(config_detach(dev, DETACH_FORCE) == 0);
	SCHED_CHECK(!hu_is_open(hu));
	hu_remove(hu);
	atomic_store_relaxed(&hu, NULL);
	dev = NULL;
	sched_note("unplugged");
}

static void
unplugs(void *arg __unused)
{

	pulls();
}

static void
replugs(void *arg __unused)
{

	pulls();
	plug();
}

static void
byte_comes(void *arg __unused)
{

	(void)hw_complete(IN, 0, HYP_USB_OK, "x", 1);
}

static void
line_comes(void *arg __unused)
{

	for (int i = 0; i < 3; i++)
		(void)hw_complete(IN, 0, HYP_USB_OK,
		    "0123456789abcdefghijklmnopqrstuvwxyz", 36);
}

static void
input_fails(void *arg __unused)
{

	(void)hw_complete(IN, 0, HYP_USB_STALL, NULL, 0);
}

/* How many clients have to end before there is no output any more. */
static int
out_or_done(void *arg)
{
	struct hu_dev *const d = atomic_load_relaxed(&hu);

	return atomic_load_relaxed(&clients_done) >= *(const u_int *)arg ||
	    d == NULL || hu_inflight(d, OUT) > 0;
}

/* The device takes all output, one transfer after the other. */
static void
takes_output(void *arg)
{

	for (;;) {
		c_await(out_or_done, arg);
		if (hw_complete(OUT, 0, HYP_USB_OK, NULL, 16) == 0) {
			atomic_store_relaxed(&taken, true);
			continue;
		}
		if (atomic_load_relaxed(&hu) == NULL ||
		    atomic_load_relaxed(&clients_done) >=
		    *(const u_int *)arg)
			break;
	}
}
static const u_int one = 1;
#define	ARG(x)	((void *)(uintptr_t)(x))

static int
out_or_empty(void *arg __unused)
{
	struct ucom_softc *sc = ucom();
	int empty;

	if (hu_inflight(hu, OUT) > 0)
		return 1;
	if (atomic_load_relaxed(&clients_done) == 0)
		return 0;
	ttylock(sc->sc_tty);
	mutex_enter(&sc->sc_lock);
	empty = sc->sc_tty->t_outq.c_cc == 0 && sc->sc_oinflight == 0;
	mutex_exit(&sc->sc_lock);
	ttyunlock(sc->sc_tty);
	return empty;
}

/* As long as there is some: nobody but the completions starts it. */
static void
takes_all(void *arg __unused)
{

	do {
		c_await(out_or_empty, NULL);
	} while (hw_complete(OUT, 0, HYP_USB_OK, NULL, 16) == 0);
}

static void
takes_one(void *arg __unused)
{
	const int error = hw_complete(OUT, 0, HYP_USB_OK, NULL, 16);

	atomic_store_relaxed(&taken, error == 0);
}

/* It fails once, and is taken when it is tried again. */
static void
fails_then_takes(void *arg)
{

	c_await(out_or_done, arg);
	(void)hw_complete(OUT, 0, HYP_USB_IOERROR, NULL, 0);
	takes_output(arg);
}

static void
carrier_comes(void *arg __unused)
{

	mutex_enter(&cp.cp_lock);
	cp.cp_msr = UMSR_DCD;
	mutex_exit(&cp.cp_lock);
	ucom_status_change(ucom());
}

static void
carrier_goes(void *arg __unused)
{

	mutex_enter(&cp.cp_lock);
	cp.cp_msr = 0;
	mutex_exit(&cp.cp_lock);
	ucom_status_change(ucom());
}

static int
somebody_waits(void *arg __unused)
{
	struct ucom_softc *sc = ucom();
	int n;

	if (sc == NULL || atomic_load_relaxed(&clients_done) > 0)
		return 1;
	/* Only who asks here unplugs. */
	ttylock(sc->sc_tty);
	n = sc->sc_tty->t_wopen;
	ttyunlock(sc->sc_tty);
	return n > 0;
}

static int
byte_is_there(void *arg __unused)
{
	struct ucom_softc *sc = ucom();
	bool there;

	mutex_enter(&sc->sc_lock);
	there = sc->sc_open != 0 || !SIMPLEQ_EMPTY(&sc->sc_ibuff_full);
	mutex_exit(&sc->sc_lock);
	return there || atomic_load_relaxed(&clients_done) > 0;
}

/* A call whose first byte comes at once. */
static void
calls(void *arg __unused)
{

	c_await(somebody_waits, NULL);
	carrier_comes(NULL);
	byte_comes(NULL);
}

/* One that ends after that, and then another one. */
static void
calls_twice(void *arg)
{
	struct ucom_softc *sc = ucom();
	bool kept;

	calls(arg);
	c_await(byte_is_there, NULL);
	carrier_goes(NULL);
	mutex_enter(&sc->sc_lock);
	kept = sc->sc_open == 0 && !sc->sc_rx_feeding &&
	    !SIMPLEQ_EMPTY(&sc->sc_ibuff_full);
	mutex_exit(&sc->sc_lock);
	SCHED_CHECK(!kept);
	carrier_comes(NULL);
	byte_comes(NULL);
}

/* ---- actors: clients ------------------------------------------------ */

static void
open_close(void *arg)
{
	struct h_client *c = arg;

	if (c_open(c, 0) == 0)
		h_close(c);
	(void)C_INCR(&clients_done);
	SCHED_CHECK(c->c_error == 0 || c->c_error == L_ENXIO ||
	    c->c_error == L_EBADF || c->c_error == L_EBUSY);
}

static void
opens_surely(void *arg)
{
	struct h_client *c = arg;

	SCHED_CHECK(c_open(c, 0) == 0);
	h_close(c);
	(void)C_INCR(&clients_done);
}

/* A file that could be opened has hardware that runs, in its mode. */
static void
opens_runs(void *arg)
{
	struct h_client *const c = arg;
	bool ok;

	if (c_open(c, 0) == 0) {
		mutex_enter(&ucom()->sc_lock);
		ok = ucom()->sc_running && ucom()->sc_parent_open &&
		    ucom()->sc_state == UCOM_OPEN && ucom()->sc_kind ==
		    (c->c_node == b.c_node ? UCOM_DIALOUT : UCOM_DIALIN) &&
		    cp.cp_mode_ok;
		mutex_exit(&ucom()->sc_lock);
		SCHED_CHECK(ok);
		h_close(c);
	} else
		SCHED_CHECK(c->c_error == L_EIO || (other_node &&
		    c->c_error == L_EBUSY));
	(void)C_INCR(&clients_done);
}

/* No open waits for more than one other's attempt and its own. */
static void
opens_dead(void *arg)
{
	const uint64_t start = sched_clock();

	SCHED_CHECK(c_open(arg, 0) == L_EIO);
	SCHED_CHECK(sched_clock() - start <
	    UINT64_C(1000000) * CP_TIMEOUT_MS * 5 / 2);
	(void)C_INCR(&clients_done);
}

static void
opens_twice(void *arg)
{

	opens_surely(arg);
	opens_surely(arg);
}

static void
opens_enxio(void *arg)
{

	SCHED_CHECK(c_open(arg, 0) == L_ENXIO);
}

/* Either it comes first, or it finds the line in use. */
static void
dials_out(void *arg __unused)
{

	if (c_open(&b, 0) == 0)
		h_close(&b);
	else
		SCHED_CHECK(b.c_error == L_EBUSY);
	(void)C_INCR(&clients_done);
}

static void
dial_out_fails(void *arg __unused)
{

	atomic_store_relaxed(&cp.cp_param_error, EIO);
	if (c_open(&b, 0) == 0)
		h_close(&b);
	else
		SCHED_CHECK(b.c_error == L_EBUSY || b.c_error == L_EIO);
}

static void
waits_for_close(void)
{

	mutex_enter(&cp.cp_lock);
	while (!cp.cp_closed)
		cv_wait(&cp.cp_cv, &cp.cp_lock);
	mutex_exit(&cp.cp_lock);
}

/* close(2) has returned: nobody has the line, and nobody is told so. */
static void
reopens(void *arg __unused)
{

	waits_for_close();
	SCHED_CHECK(c_open(&a, HYP_F_NONBLOCK) == 0);
	SCHED_CHECK(sched_clock() - began < UINT64_C(900000000));
	h_close(&a);
}

/* The close has to send, longer than an O_NONBLOCK open waits: *arg ms. */
static void
reopens_not(void *arg)
{
	const u_int ms = *(const u_int *)arg;
	uint64_t took;

	waits_for_close();
	SCHED_CHECK(c_open(&a, HYP_F_NONBLOCK) == L_EAGAIN);
	took = (sched_clock() - began) / 1000000;
	SCHED_CHECK(took >= ms && took < ms + 100);
}
static const u_int at_once = 0, a_second = LWP_NBWAIT_MS;

/* Busy is the line for this one only if the other has had it. */
static void
dials_in_now(void *arg __unused)
{

	if (c_open(&a, HYP_F_NONBLOCK) == 0)
		h_close(&a);
	else
		SCHED_CHECK(a.c_error == L_EBUSY || a.c_error == L_EIO);
}

/* It may be the one who meets the error that was meant for dial-out. */
static void
dials_in(void *arg __unused)
{

	if (c_open(&a, 0) == 0)
		h_close(&a);
	else
		SCHED_CHECK(a.c_error == L_EIO);
}

static void
closes(void *arg)
{

	h_close(arg);
	(void)C_INCR(&clients_done);
}

static void
reads_closes(void *arg __unused)
{

	SCHED_CHECK(c_read(&a, abuf, 1, &adone) == 0);
	h_close(&a);
	(void)C_INCR(&clients_done);
}

static void
answers(void *arg __unused)
{

	SCHED_CHECK(c_open(&a, 0) == 0);
	SCHED_CHECK(c_read(&a, abuf, 1, &adone) == 0);
	SCHED_CHECK(adone == 1 && abuf[0] == 'x');
	h_close(&a);
	(void)C_INCR(&clients_done);
}

/* The end of the call may be the first that it reads. */
static void
answers_some(void *arg __unused)
{

	SCHED_CHECK(c_open(&a, 0) == 0);
	SCHED_CHECK(c_read(&a, abuf, 1, &adone) == 0);
	h_close(&a);
	(void)C_INCR(&clients_done);
}

static void
reads_b(void *arg __unused)
{

	SCHED_CHECK(c_read(&b, bbuf, 1, &bdone) == 0);
	SCHED_CHECK(bdone == 1);
	h_close(&b);
}

/* 3 times 36 bytes. */
static int
is_flushed(void *arg __unused)
{

	return atomic_load_relaxed(&flushed);
}

static int
z_comes(void *arg __unused)
{

	return hw_complete(IN, 0, HYP_USB_OK, "z", 1) == 0;
}

/* What comes after a flush is read, whatever it has met. */
static void
line_comes_z(void *arg)
{

	line_comes(arg);
	c_await(is_flushed, NULL);
	c_await(z_comes, NULL);
}

static void
flushes_reads(void *arg __unused)
{
	size_t n;

	SCHED_CHECK(c_ioctl(&a, L_TCFLSH, L_TCIOFLUSH) == 0);
	atomic_store_relaxed(&flushed, true);
	do {
		SCHED_CHECK(c_read(&a, abuf, sizeof(abuf), &n) == 0 && n > 0);
	} while (abuf[n - 1] != 'z' || (n > 1 && abuf[n - 2] == 'y'));
}

/* Beside the event thread, as a chip's other endpoint would not do it. */
static void
breaks_come(void *arg __unused)
{

	for (int i = 0; i < 3; i++) {
		(void)hw_complete(IN, 0, HYP_USB_OK,
		    "0123456789abcdefghijklmnopqrstuvwxyz", 36);
		ucom_line_event(ucom(), ULSR_BI);
	}
}

/* All bytes, in their order, and whole marks between them. */
static void
reads_events(void *arg __unused)
{
	static const char mark[] = "\377\0\0";
	u_int at = 0, marks = 0;
	size_t i, n;

	for (adone = 0; adone < 108; ) {
		SCHED_CHECK(c_read(&a, abuf, 30, &n) == 0);
		SCHED_CHECK(n > 0);
		for (i = 0; i < n; i++) {
			if (at != 0 || abuf[i] == mark[0]) {
				SCHED_CHECK(abuf[i] == mark[at]);
				at = (at + 1) % 3;
				marks += at == 0;
				continue;
			}
			SCHED_CHECK(abuf[i] ==
			    "0123456789abcdefghijklmnopqrstuvwxyz"[
			    adone++ % 36]);
		}
	}
	SCHED_CHECK(marks <= 3);
}

static void
reads_lines(void *arg __unused)
{
	size_t n;

	for (adone = 0; adone < 108; adone += n) {
		SCHED_CHECK(c_read(&a, abuf + adone, 30, &n) == 0);
		SCHED_CHECK(n > 0);
	}
	for (n = 0; n < 3; n++)
		SCHED_CHECK(memcmp(abuf + n * 36,
		    "0123456789abcdefghijklmnopqrstuvwxyz", 36) == 0);
}

static void
writes_closes(void *arg __unused)
{
	static const char text[100] = "The quick brown fox jumps over the "
	    "lazy dog.  The quick brown fox jumps over the lazy dog.";
	int error = c_write(&a, text, sizeof(text), &adone);

	SCHED_CHECK(error == 0 || error == L_EIO);
	h_close(&a);
	(void)C_INCR(&clients_done);
}

static void
writes_long(void *arg __unused)
{
	static const char longer[300];

	SCHED_CHECK(c_write(&a, longer, sizeof(longer), &adone) == 0);
	SCHED_CHECK(adone == sizeof(longer));
	(void)C_INCR(&clients_done);
}

static void
drains_closes(void *arg __unused)
{
	const int error = c_ioctl(&a, L_TCSBRK, 1);

	/* Not sent is not 0. */
	SCHED_CHECK(error == L_EBADF || (error == 0 &&
	    atomic_load_relaxed(&taken)));
	h_close(&a);
	(void)C_INCR(&clients_done);
}

/* Nothing comes but the end. */
static void
reads_end(void *arg)
{
	char buf[8];
	size_t n = 0;
	const int error = c_read(arg, buf, sizeof(buf), &n);

	SCHED_CHECK(error == L_EIO || (error == 0 && n == 0));
	h_close(arg);
}

/* Nothing of it is left on its way, or the file is dead. */
static void
flushes_closes(void *arg __unused)
{
	const int error = c_ioctl(&a, L_TCFLSH, L_TCIOFLUSH);

	SCHED_CHECK(error == 0 || error == L_EBADF);
	if (error == 0 && c_ioctl(&a, L_TCSBRK, 1) == 0)
		SCHED_CHECK(ucom()->sc_oinflight == 0);
	h_close(&a);
	(void)C_INCR(&clients_done);
}

/* Nothing ends it, so it is done once: the chip is asked once. */
static void
drains_once(void *arg __unused)
{

	SCHED_CHECK(c_ioctl(&b, L_TCSBRK, 1) == 0);
	SCHED_CHECK(cp.cp_asked == 1);
	h_close(&b);
	(void)C_INCR(&clients_done);
}

static bool
chip_is_empty(void)
{
	bool empty;

	mutex_enter(&cp.cp_lock);
	empty = cp.cp_full == 0;
	mutex_exit(&cp.cp_lock);
	return empty;
}

/* A chip that has not sent is asked again, and a revoke ends that. */
static void
drains_chip(void *arg __unused)
{
	const uint64_t begin = sched_clock();
	const int error = c_ioctl(&a, L_TCSBRK, 1);

	SCHED_CHECK(error == 0 ? chip_is_empty() : error == L_EBADF);
	SCHED_CHECK(sched_clock() - begin < UINT64_C(1000000000));
	h_close(&a);
	(void)C_INCR(&clients_done);
}

static bool
carrier(void)
{
	u_char lsr, msr;

	cp_get_status(NULL, 0, &lsr, &msr);
	return (msr & UMSR_DCD) != 0;
}

static void
sets_closes(void *arg)
{
	const int error = c_setattr(&a, *(const uint32_t *)arg);

	/* EIO: the line is not connected any more; EBADF: revoked. */
	SCHED_CHECK(error == 0 || error == L_EBADF || error == L_EIO);
	/* Loss of carrier drops output, and is an end of it. */
	if (error == 0 && *(const uint32_t *)arg == L_TCSETSW)
		SCHED_CHECK(atomic_load_relaxed(&taken) || !carrier());
	h_close(&a);
	(void)C_INCR(&clients_done);
}
static const uint32_t now = L_TCSETS, drained = L_TCSETSW;

static void
sets_c3(void *arg __unused)
{
	const int error = c_setattr(&c3, L_TCSETSW);

	SCHED_CHECK(error == 0 || error == L_EBADF);
	h_close(&c3);
	(void)C_INCR(&clients_done);
}

static void
waits_modem(void *arg __unused)
{
	const int error = c_ioctl(&a, L_TIOCMIWAIT, L_TIOCM_CD);

	SCHED_CHECK(error == 0 || error == L_EBADF);
	h_close(&a);
}

static void
polls(void *arg __unused)
{

	polled = h_poll(&a, POLLIN, 1);
	sched_note("poll: %#x", polled);
	/* Of a hang-up as of the dead file that comes after it. */
	SCHED_CHECK((polled & POLLHUP) == 0 || (polled & POLLERR) != 0);
}

static void
revokes_a(void *arg __unused)
{

	SCHED_CHECK(h_revoke(a.c_node) == 0);
	sched_note("ttyU0 is revoked");
}

static void
revokes_b(void *arg __unused)
{

	SCHED_CHECK(h_revoke(b.c_node) == 0);
	sched_note("dtyU0 is revoked");
}

static void
unplugs_waiter(void *arg)
{

	c_await(somebody_waits, NULL);
	unplugs(arg);
}

/* Of two dial-out opens one's mode is refused; then there is a carrier. */
static void
mode_fails(void *arg)
{

	c_await(somebody_waits, NULL);
	atomic_store_relaxed(&cp.cp_param_error, EIO);
	opens_runs(arg);
	carrier_comes(NULL);
}

/* Exclusive, while A waits: no business of A's; then there is a carrier. */
static void
dials_out_excl(void *arg __unused)
{

	c_await(somebody_waits, NULL);
	SCHED_CHECK(c_open(&b, 0) == 0);
	SCHED_CHECK(c_ioctl(&b, L_TIOCEXCL, 0) == 0);
	h_close(&b);
	carrier_comes(NULL);
}

static void
opens_runs_waiter(void *arg)
{

	c_await(somebody_waits, NULL);
	opens_runs(arg);
}

static void
revokes_waiter(void *arg)
{

	c_await(somebody_waits, NULL);
	revokes_a(arg);
}

/* The same of a chip that answers when it comes. */
static void
revokes_asked(void *arg)
{
	struct ucom_softc *const sc = ucom();

	revokes_waiter(arg);
	mutex_enter(&sc->sc_lock);
	cp.cp_revoke = false;
	cv_broadcast(&sc->sc_statecv);
	mutex_exit(&sc->sc_lock);
}

/*
 * A dial-in open waits for dial-out meanwhile; its revoke does not wait for
 * dial-out, and is no business of dial-out's: another one can come.
 */
static void
byte_after_revoke(void *arg)
{
	struct h_client another = { .c_node = b.c_node };

	revokes_waiter(arg);
	SCHED_CHECK(sched_clock() - began < UINT64_C(1000000000));
	SCHED_CHECK(c_open(&another, 0) == 0);
	h_close(&another);
	byte_comes(NULL);
}

/* All of it is somewhere, as long as no transfer ends. */
static void
asks_outq(void *arg __unused)
{
	struct hyp_lwp *l = h_enter(1000);
	size_t size = sizeof(int);
	int n = -1, error, result;

	error = hyp_file_ioctl(a.c_file, L_TIOCOUTQ, 0, NULL, 0, &n, &size,
	    &result);
	h_exit(l);
	sched_note("TIOCOUTQ: %d, %d", error, n);
	SCHED_CHECK(error == 0 && n == 16);
}

static void
starts_output(void *arg __unused)
{

	SCHED_CHECK(c_ioctl(&c3, L_TCXONC, L_TCOON) == 0);
}

static void
breaks(void *arg)
{

	SCHED_CHECK(c_ioctl(arg, L_TIOCSBRK, 0) == 0);
	SCHED_CHECK(c_ioctl(arg, L_TIOCCBRK, 0) == 0);
}

/* One request that is queued, or what is queued behind. */
static void
breaks_over(void *arg)
{
	const int error = c_ioctl(arg, L_TIOCSBRK, 0);

	SCHED_CHECK(error == 0 || error == L_EBADF);
}

static void
breaks_closes(void *arg)
{

	breaks_over(arg);
	h_close(arg);
}

static void
sets_over(void *arg)
{
	const int error = c_setattr(arg, L_TCSETS);

	SCHED_CHECK(error == 0 || error == L_EBADF);
}

static void
asks_over(void *arg)
{
	struct h_client *c = arg;
	struct hyp_lwp *l = h_enter(1000);
	size_t size = sizeof(int);
	int error, result, lsr;

	error = hyp_file_ioctl(c->c_file, L_TIOCSERGETLSR, 0, NULL, 0, &lsr,
	    &size, &result);
	h_exit(l);
	sched_note("transmitter: %d", error);
	SCHED_CHECK(error == 0 || error == L_EBADF);
}

/* An ioctl that may be interrupted: it takes no time then, if all others do. */
static int
ioctl_intr(struct h_client *c, uint32_t cmd, uint64_t arg, const void *in,
    size_t insize)
{
	struct hyp_lwp *const l = h_enter(1000);
	int error, result;

	mutex_enter(&cp.cp_lock);
	waiter = l;
	mutex_exit(&cp.cp_lock);
	error = hyp_file_ioctl(c->c_file, cmd, arg, in, insize, NULL, NULL,
	    &result);
	mutex_enter(&cp.cp_lock);
	waiter = NULL;
	mutex_exit(&cp.cp_lock);
	h_exit(l);
	(void)C_INCR(&clients_done);
	sched_note("ioctl %#x: %d", cmd, error);
	return error;
}

static void
sets_rts_intr(void *arg)
{
	static const int32_t rts = L_TIOCM_RTS;
	const uint64_t start = sched_clock();
	const int error = ioctl_intr(arg, L_TIOCMBIS, 0, &rts, sizeof(rts));

	SCHED_CHECK(error == 0 || error == L_EINTR);
	SCHED_CHECK(sched_clock() - start < UINT64_C(100000000));
}

static void
ends_break_intr(void *arg)
{

	SCHED_CHECK(ioctl_intr(arg, L_TIOCCBRK, 0, NULL, 0) == 0);
}

static int
is_waiting(void *arg __unused)
{
	bool is;

	mutex_enter(&cp.cp_lock);
	is = waiter != NULL;
	mutex_exit(&cp.cp_lock);
	return is || atomic_load_relaxed(&clients_done) > 0;
}

static void
interrupts(void *arg __unused)
{

	c_await(is_waiting, NULL);
	mutex_enter(&cp.cp_lock);
	if (waiter != NULL)
		hyp_lwp_interrupt(waiter);
	mutex_exit(&cp.cp_lock);
}

/* tcdrain that an unplug ends, and a signal after that. */
static void
drains_signalled(void *arg __unused)
{

	SCHED_CHECK(ioctl_intr(&a, L_TCSBRK, 1, NULL, 0) != L_EINTR);
	h_close(&a);
}

static void
unplugs_signals(void *arg)
{

	unplugs(arg);
	interrupts(NULL);
}

static void
opens_no_room(void *arg __unused)
{

	SCHED_CHECK(c_open(&a, 0) == L_ENXIO);
}

#define	ACTORS(name, ...)						\
	static const struct sched_actor name[] = {			\
		__VA_ARGS__, { NULL, NULL, NULL }			\
	}

ACTORS(twice, { "A", opens_twice, &a }, { "C", opens_surely, &c3 });
ACTORS(in_out, { "A", opens_surely, &a }, { "B", dials_out, NULL });
ACTORS(in_close_out, { "A", opens_surely, &a }, { "B", closes, &b });
ACTORS(out_close_in, { "B", open_close, &b }, { "A", closes, &a });
ACTORS(in_out_fails, { "A", dials_in, NULL }, { "B", dial_out_fails, NULL });
ACTORS(close_reopen, { "B", closes, &b }, { "A", reopens, NULL });
ACTORS(close_reopen_soon, { "B", closes, &b }, { "A", reopens, NULL },
    { "sent", takes_output, ARG(&one) });
ACTORS(close_reopen_never, { "B", closes, &b },
    { "A", reopens_not, ARG(&a_second) });
ACTORS(close_reopen_long, { "B", closes, &b },
    { "A", reopens_not, ARG(&at_once) });
ACTORS(in_now_out, { "A", dials_in_now, NULL }, { "B", dials_out, NULL });
ACTORS(in_now_out_fails, { "A", dials_in_now, NULL },
    { "B", dial_out_fails, NULL });
ACTORS(up_fails, { "A", opens_runs, &a }, { "C", opens_runs, &c3 });
ACTORS(up_fails_out, { "A", opens_runs, &a }, { "B", opens_runs, &b });
ACTORS(mode_fails_out, { "A", opens_runs, &a }, { "B", mode_fails, &b },
    { "D", opens_runs_waiter, &b2 });
ACTORS(excl_in, { "A", opens_surely, &a },
    { "B", dials_out_excl, NULL });
ACTORS(no_room_open, { "A", opens_no_room, NULL },
    { "unplug", unplugs, NULL });
ACTORS(up_never, { "A", opens_dead, &a }, { "C", opens_dead, &c3 },
    { "B", opens_dead, &b });
ACTORS(in_in_out, { "A", opens_surely, &a }, { "C", opens_surely, &c3 },
    { "B", dials_out, NULL });
ACTORS(close_open_revoke, { "A", closes, &a }, { "C", open_close, &c3 },
    { "revoke", revokes_a, NULL });
ACTORS(out_in_revoke, { "B", closes, &b }, { "A", open_close, &a },
    { "revoke", revokes_b, NULL });
ACTORS(open_revoke, { "C", open_close, &c3 }, { "revoke", revokes_a, NULL });
ACTORS(out_revoke_in, { "B", open_close, &b },
    { "revoke", revokes_a, NULL });
ACTORS(revoke_both, { "A", closes, &a }, { "R1", revokes_a, NULL },
    { "R2", revokes_b, NULL });
ACTORS(revoke_in, { "B", reads_b, NULL }, { "A", open_close, &a },
    { "revoke", byte_after_revoke, NULL });
ACTORS(drain_revoke_in, { "B", drains_once, NULL },
    { "A", open_close, &a }, { "revoke", revokes_asked, NULL });
ACTORS(open_unplug, { "A", open_close, &a }, { "unplug", unplugs, NULL });
ACTORS(in_out_unplug, { "A", open_close, &a }, { "B", open_close, &b },
    { "unplug", unplugs, NULL });
ACTORS(carrier_unplug, { "A", opens_enxio, &a },
    { "unplug", unplugs_waiter, NULL });
ACTORS(carrier_comes_revoke, { "A", open_close, &a },
    { "revoke", revokes_a, NULL }, { "carrier", carrier_comes, NULL });
ACTORS(carrier_twice, { "up", carrier_comes, NULL },
    { "down", carrier_goes, NULL }, { "A", closes, &a });
ACTORS(close_unplug, { "A", closes, &a }, { "unplug", unplugs, NULL });
ACTORS(close_output, { "A", closes, &a },
    { "sent", takes_output, ARG(&one) });
ACTORS(close_output_unplug, { "A", closes, &a }, { "sent", takes_one, NULL },
    { "unplug", unplugs, NULL });
ACTORS(close_fails, { "A", closes, &a },
    { "sent", fails_then_takes, ARG(&one) });
ACTORS(close_revoke, { "A", closes, &a }, { "revoke", revokes_a, NULL });
ACTORS(close_alone, { "A", closes, &a });
ACTORS(read_unplug, { "A", reads_closes, NULL },
    { "unplug", unplugs, NULL });
ACTORS(read_input_revoke, { "A", reads_closes, NULL },
    { "input", byte_comes, NULL }, { "revoke", revokes_a, NULL });
ACTORS(read_input_unplug, { "A", reads_closes, NULL },
    { "input", byte_comes, NULL }, { "unplug", unplugs, NULL });
ACTORS(read_stall_unplug, { "A", reads_closes, NULL },
    { "stall", input_fails, NULL }, { "unplug", unplugs, NULL });
ACTORS(two_breaks, { "A", breaks, &a }, { "C", breaks, &c3 });
ACTORS(two_reads_revoke, { "A", reads_end, &a }, { "C", reads_end, &c3 },
    { "revoke", revokes_a, NULL });
ACTORS(drain_chip_revoke, { "A", drains_chip, NULL },
    { "revoke", revokes_a, NULL });
ACTORS(drain_chip_unplug, { "A", drains_chip, NULL },
    { "unplug", unplugs, NULL });
ACTORS(drain_unplug_signal, { "A", drains_signalled, NULL },
    { "unplug", unplugs_signals, NULL });
ACTORS(close_chip_open, { "A", closes, &a }, { "C", open_close, &c3 });
ACTORS(break_revoke, { "A", breaks_closes, &a }, { "revoke", revokes_a, NULL });
ACTORS(break_unplug, { "A", breaks_closes, &a }, { "unplug", unplugs, NULL });
ACTORS(call_answer, { "A", answers, NULL }, { "call", calls, NULL });
ACTORS(call_twice, { "A", answers_some, NULL },
    { "call", calls_twice, NULL });
ACTORS(outq_start, { "A", asks_outq, NULL },
    { "C", starts_output, NULL });
ACTORS(ioctls_revoke, { "A", breaks_over, &a }, { "C", sets_over, &c3 },
    { "revoke", revokes_a, NULL });
ACTORS(ioctls_unplug, { "A", breaks_over, &a }, { "C", asks_over, &c3 },
    { "unplug", unplugs, NULL });
ACTORS(ioctls_intr, { "A", breaks_over, &a }, { "C", sets_rts_intr, &c3 },
    { "signal", interrupts, NULL });
ACTORS(break_intr, { "A", breaks_over, &a }, { "C", ends_break_intr, &c3 },
    { "signal", interrupts, NULL });
ACTORS(flush_output, { "A", flushes_closes, NULL },
    { "sent", takes_one, NULL });
ACTORS(flush_unplug, { "A", flushes_closes, NULL },
    { "sent", takes_one, NULL }, { "unplug", unplugs, NULL });
ACTORS(flush_revoke, { "A", flushes_closes, NULL },
    { "sent", takes_one, NULL }, { "revoke", revokes_a, NULL });
ACTORS(flush_input, { "A", flushes_reads, NULL },
    { "input", line_comes_z, NULL });
ACTORS(read_events, { "A", reads_events, NULL },
    { "input", breaks_come, NULL });
ACTORS(close_events, { "A", closes, &a }, { "input", breaks_come, NULL });
ACTORS(read_full, { "A", reads_lines, NULL },
    { "input", line_comes, NULL });
ACTORS(close_full, { "A", closes, &a }, { "input", line_comes, NULL });
ACTORS(write_output, { "A", writes_closes, NULL },
    { "sent", takes_output, ARG(&one) });
ACTORS(write_long, { "A", writes_long, NULL }, { "sent", takes_all, NULL });
ACTORS(write_unplug, { "A", writes_closes, NULL },
    { "unplug", unplugs, NULL });
ACTORS(write_revoke, { "A", writes_closes, NULL },
    { "sent", takes_output, ARG(&one) }, { "revoke", revokes_a, NULL });
ACTORS(drain_unplug, { "A", drains_closes, NULL },
    { "sent", takes_one, NULL }, { "unplug", unplugs, NULL });
ACTORS(set_unplug, { "A", sets_closes, ARG(&drained) },
    { "sent", takes_one, NULL }, { "unplug", unplugs, NULL });
ACTORS(set_revoke, { "A", sets_closes, ARG(&now) },
    { "C", sets_c3, NULL }, { "revoke", revokes_a, NULL });
ACTORS(set_carrier, { "A", sets_closes, ARG(&drained) },
    { "sent", takes_output, ARG(&one) }, { "carrier", carrier_goes, NULL });
ACTORS(close_output_revoke, { "A", closes, &a },
    { "sent", takes_one, NULL }, { "revoke", revokes_a, NULL });
ACTORS(modem_unplug, { "A", waits_modem, NULL },
    { "unplug", unplugs, NULL });
ACTORS(modem_revoke, { "A", waits_modem, NULL },
    { "revoke", revokes_a, NULL });
ACTORS(poll_unplug, { "A", polls, NULL }, { "unplug", unplugs, NULL });
ACTORS(poll_input, { "A", polls, NULL }, { "input", byte_comes, NULL });
ACTORS(replug, { "A", reads_closes, NULL }, { "C", open_close, &c3 },
    { "replug", replugs, NULL });

/* ---- setups and ends of their own ----------------------------------- */

/* Whose close was the last one has waited. */
static void
end_chip_empty(void)
{

	SCHED_CHECK(chip_is_empty());
	end();
}

static void
setup_marks_a(void)
{
	struct tty *tp;

	setup_open_a();
	tp = ucom()->sc_tty;
	ttylock(tp);
	SET(tp->t_iflag, PARMRK);
	ttyunlock(tp);
}

static void
setup_never_a(void)
{

	setup_written_a();
	hu_mode(hu, OUT, HU_HOLD, HU_C_NEVER);
	hu_mode(hu, IN, HU_HOLD, HU_C_NEVER);
}

static int
is_ready(void *arg __unused)
{

	return (polled & (POLLIN | POLLHUP)) != 0 ||
	    atomic_load_relaxed(&a.c_host.hf_wakes) > 0;
}

/* Ready, or woken as soon as the event thread has run. */
static void
end_poll(void)
{

	T_UNTIL(is_ready, NULL);
	end_close_a();
}

/* Nothing but the drain's 6 s, the grace, and zombies of each pipe. */
static void
end_bounded(void)
{

	SCHED_CHECK(sched_clock() < UINT64_C(1000000000) * 20);
	SCHED_CHECK(hyp_usb_zombies() <= UCOM_IN_BUFFS + 1);
	end();
}

extern const struct sched_litmus l_ucom[];
const struct sched_litmus l_ucom[] = {
	{ "hup_pause", "opens of one node: the pause after a hang-up",
	    setup, twice, end },
	{ "in_out", "a dial-in open against a dial-out open",
	    setup, in_out, end },
	{ "in_in_out", "two dial-in opens against a dial-out open",
	    setup, in_in_out, end },
	{ "in_out_no_carrier", "the same without carrier, which comes",
	    setup_no_carrier, carrier_comes_revoke, end },
	{ "in_close_out", "a dial-in open that waits for dial-out's close",
	    setup_open_b, in_close_out, end },
	{ "out_close_in", "a dial-out open against dial-in's close",
	    setup_open_a, out_close_in, end },
	{ "in_out_fails", "a dial-in open, and dial-out that fails",
	    setup, in_out_fails, end },
	{ "close_reopen", "close(2) of dial-out, then open(2) of dial-in",
	    setup_reopen, close_reopen, end },
	{ "close_reopen_soon", "the same, and output that is soon gone",
	    setup_sends_soon, close_reopen_soon, end },
	{ "close_reopen_never", "and that is not: EAGAIN in a second",
	    setup_sends_never, close_reopen_never, end },
	{ "close_reopen_long", "and that will not be: EAGAIN at once",
	    setup_sends_long, close_reopen_long, end },
	{ "in_now_out", "dial-in with O_NONBLOCK against dial-out",
	    setup, in_now_out, end },
	{ "in_now_out_fails", "the same, and dial-out fails",
	    setup, in_now_out_fails, end },
	{ "up_fails", "a first open that fails, and another one",
	    setup_param_fails, up_fails, end },
	{ "up_fails_out", "the same, of the other node",
	    setup_param_fails_both, up_fails_out, end },
	{ "mode_fails_out", "dial-out that fails, another, and dial-in",
	    setup_mode_fails, mode_fails_out, end },
	{ "excl_in", "dial-in waits, and dial-out is exclusive meanwhile",
	    setup_no_carrier, excl_in, end },
	{ "no_room", "an attachment without room for data is a dead device",
	    setup_no_room, no_room_open, end },
	{ "up_never", "opens of a device that never answers: one timeout",
	    setup_dead, up_never, end },
	{ "own_close", "an open between d_cancel and d_close of its node",
	    setup_open_a, open_revoke, end_close_a },
	{ "other_close", "the same, of the other node",
	    setup_open_a, out_revoke_in, end_close_a },
	{ "own_close_last", "last close, open and revoke of a node",
	    setup_open_a, close_open_revoke, end },
	{ "other_close_last", "last close and revoke, and the other node",
	    setup_open_b, out_in_revoke, end },
	{ "revoke_both", "revokes of both nodes at once",
	    setup_open_a, revoke_both, end },
	{ "revoke_in", "a revoke of dial-in leaves dial-out alone",
	    setup_open_b, revoke_in, end },
	{ "drain_revoke_in", "nor does it end dial-out's tcdrain",
	    setup_chip_b, drain_revoke_in, end },
	{ "open_unplug", "an open against a detach",
	    setup, open_unplug, end },
	{ "in_out_unplug", "opens of both nodes against a detach",
	    setup, in_out_unplug, end },
	{ "carrier_unplug", "an open that waits for carrier, and a detach",
	    setup_no_carrier, carrier_unplug, end },
	{ "carrier_byte", "an open that waits for carrier, and a byte with it",
	    setup_no_call, call_answer, end_hang_up },
	{ "carrier_bounce", "the same, and the carrier goes again",
	    setup_no_call, call_twice, end_hang_up },
	{ "pause_unplug", "an open in the pause after a hang-up, and a detach",
	    setup_opened_once, open_unplug, end },
	{ "carrier_twice", "carrier comes and goes during a last close",
	    setup_open_a, carrier_twice, end },
	{ "close_unplug_idle", "a last close against a detach",
	    setup_open_a, close_unplug, end_at_once },
	{ "close_output", "a last close, and output that completes",
	    setup_written_a, close_output, end },
	{ "close_output_unplug", "the same, and a detach",
	    setup_written_a, close_output_unplug, end_at_once },
	{ "close_far_end", "a last close that nobody takes, and a revoke",
	    setup_held_a, close_revoke, end_second },
	{ "close_chip", "the same, and the chip has it",
	    setup_chip_a, close_revoke, end_second },
	{ "close_fails", "a last close, and output that fails once",
	    setup_written_a, close_fails, end_soon },
	{ "close_never", "a last close of a dead device: bounded",
	    setup_never_a, close_alone, end_bounded },
	{ "unplug_never", "a last close and a detach of a dead device",
	    setup_never_a, close_unplug, end_bounded },
	{ "read_detach", "a blocked read against a detach",
	    setup_open_a, read_unplug, end },
	{ "read_input_cancel", "a read, a completion, and d_cancel",
	    setup_open_a, read_input_revoke, end },
	{ "read_input_unplug", "a read, a completion, and a detach",
	    setup_open_a, read_input_unplug, end },
	{ "read_stall_unplug", "a stalled input, and a detach",
	    setup_open_a, read_stall_unplug, end },
	{ "two_breaks", "the chip is asked for one thing at a time",
	    setup_open_both, two_breaks, end_close_both },
	{ "two_reads_end", "two blocked reads of a line against a revoke",
	    setup_open_both, two_reads_revoke, end },
	{ "drain_chip_revoke", "tcdrain that asks the chip again, and a revoke",
	    setup_chip_full, drain_chip_revoke, end },
	{ "drain_chip_unplug", "the same, and a detach",
	    setup_chip_full, drain_chip_unplug, end },
	{ "drain_unplug_signal", "the same, and a signal after it: no EINTR",
	    setup_chip_full, drain_unplug_signal, end },
	{ "close_chip_open", "the last close asks it again, and an open",
	    setup_chip_full, close_chip_open, end_chip_empty },
	{ "legacy_break_revoke", "a revoke without a drain under a request",
	    setup_legacy_late, break_revoke, end },
	{ "legacy_break_unplug", "an unplug without a drain under a request",
	    setup_legacy_late, break_unplug, end },
	{ "outq", "TIOCOUTQ, and output that goes on after a stop",
	    setup_stopped_both, outq_start, end_sent_both },
	{ "ioctl_cancel", "no request of a client's after d_cancel but one",
	    setup_slow, ioctls_revoke, end_close_both },
	{ "ioctl_detach", "the same, and a detach",
	    setup_slow, ioctls_unplug, end_close_both },
	{ "ioctl_intr", "a signal takes an ioctl out of the chip's queue",
	    setup_late, ioctls_intr, end_close_both },
	{ "break_intr", "but not the end of a break",
	    setup_late, break_intr, end_close_both },
	{ "read_full", "more input than the tty takes, and reads",
	    setup_open_a, read_full, end_close_a },
	{ "close_full", "more input than the tty takes, and a close",
	    setup_open_a, close_full, end },
	{ "flush_output", "tcflush, and a completion",
	    setup_written_a, flush_output, end },
	{ "flush_detach", "tcflush, a completion, and a detach",
	    setup_written_a, flush_unplug, end_at_once },
	{ "flush_cancel", "tcflush, a completion, and a revoke",
	    setup_written_a, flush_revoke, end },
	{ "flush_input", "tcflush of more input than the tty takes, and reads",
	    setup_open_a, flush_input, end_close_a },
	{ "read_events", "more input than the tty takes, with a break behind each piece, and reads",
	    setup_marks_a, read_events, end_close_a },
	{ "close_events", "the same, and a close",
	    setup_marks_a, close_events, end },
	{ "write_output", "a blocked write, and completions",
	    setup_open_a, write_output, end },
	{ "write_long", "a write of more than fits, and completions",
	    setup_open_a, write_long, end_close_a },
	{ "write_detach", "a blocked write against a detach",
	    setup_open_a, write_unplug, end },
	{ "write_cancel", "a write, completions, and d_cancel",
	    setup_open_a, write_revoke, end },
	{ "drain_detach", "tcdrain, a completion, and a detach",
	    setup_written_a, drain_unplug, end_at_once },
	{ "set_detach", "tcsetattr that drains, a completion, and a detach",
	    setup_written_a, set_unplug, end_at_once },
	{ "set_cancel", "two tcsetattr, and d_cancel",
	    setup_open_both, set_revoke, end },
	{ "set_carrier", "tcsetattr that drains, and loss of carrier",
	    setup_written_a, set_carrier, end },
	{ "close_cancel", "a last close that drains, and a revoke",
	    setup_written_a, close_output_revoke, end },
	{ "modem_revoke", "TIOCMIWAIT against a revoke",
	    setup_open_a, modem_revoke, end },
	{ "modem_detach", "TIOCMIWAIT against a detach",
	    setup_open_a, modem_unplug, end },
	{ "poll_detach", "a poll against a detach",
	    setup_open_a, poll_unplug, end_poll },
	{ "poll_byte", "a poll against a completion",
	    setup_open_a, poll_input, end_poll },
	{ "replug", "a stale file, an open, and a replug",
	    setup_open_a, replug, end },
	{ NULL, NULL, NULL, NULL, NULL },
};
