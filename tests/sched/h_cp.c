/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_cp.c - see h_cp.h.
 */
#include <sys/kmem.h>

#include "sched/h_cp.h"

struct cp_softc {
	struct usbd_device	*sc_udev;
	device_t		 sc_child;
};

struct hc_chip cp;

struct hu_dev *hc_hu;
static uint32_t addr;
static device_t dev;		/* the cp; by who attaches and detaches */
struct h_client hc_a, hc_b, hc_c, hc_d;
char hc_abuf[256], hc_bbuf[64];
size_t hc_adone, hc_bdone;
struct hyp_lwp *hc_waiter;
uint32_t hc_polled;
u_int hc_clients_done;
bool hc_other_node, hc_taken, hc_flushed, hc_no_room;
static u_int told;
uint64_t hc_began;
const u_int hc_one = 1;

/* ---- the chip's driver ---------------------------------------------- */

void
cp_enter(void)
{

	mutex_enter(&cp.cp_lock);
	SCHED_CHECK(cp.cp_inside++ == 0);
	mutex_exit(&cp.cp_lock);
	mutex_enter(&cp.cp_lock);	/* a request: others may run */
}

void
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
	bool late = false;

	if (reg == UCOM_SET_BREAK && cp_is_clients(hc_ucom())) {
		cp_client();
		cp.cp_breaks++;
		if (cp.cp_slow)
			cp_slow_break(hc_ucom());
		else
			late = cp.cp_late;
	}
	cp_enter();
	if (late) {
		mutex_exit(&cp.cp_lock);
		(void)kpause("cpbreak", false, mstohz(CP_TIMEOUT_MS), NULL);
		mutex_enter(&cp.cp_lock);
	}
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

bool
cp_txempty(void *arg __unused, int portno __unused)
{
	struct ucom_softc *const sc = hc_ucom();
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
	struct ucom_softc *const sc = hc_ucom();
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

struct ucom_methods cp_methods = {
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

	if (hc_no_room)
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

void
hc_plug(void)
{
	struct hu_dev *const d = hu_plug(1, ++addr, h_ftdi, sizeof(h_ftdi));

	cp.cp_dtr = false;
	atomic_store_relaxed(&hc_hu, d);
	hu_mode(hc_hu, IN, HU_HOLD, HU_C_OK);
	hu_mode(hc_hu, OUT, HU_HOLD, HU_C_OK);
	dev = config_rootfound("cp", NULL);
	SCHED_CHECK(dev != NULL);
}

struct ucom_softc *
hc_ucom(void)
{

	return device_lookup_private(&ucom_cd, 0);
}

void
hc_setup(void)
{
	devmajor_t maj = NODEVMAJOR;

	hp_forget();
	h_specfs_up();
	memset(&cp, 0, sizeof(cp));
	mutex_init(&cp.cp_lock, MUTEX_DEFAULT, IPL_NONE);
	cv_init(&cp.cp_cv, "cp");
	cp.cp_msr = UMSR_DCD;
	cp_methods.ucom_txempty = NULL;
	hc_waiter = NULL;
	memset(&hc_a, 0, sizeof(hc_a));
	memset(&hc_b, 0, sizeof(hc_b));
	memset(&hc_c, 0, sizeof(hc_c));
	memset(&hc_d, 0, sizeof(hc_d));
	hc_adone = hc_bdone = 0;
	hc_polled = hc_clients_done = told = 0;
	hc_flushed = false;
	hc_taken = hc_other_node = false;
	hc_began = sched_clock();
	SCHED_CHECK(config_init_component(cp_drivers, cp_attaches,
	    cp_cfdata) == 0);
	SCHED_CHECK(devsw_attach("ucom", NULL, NULL, &ucom_cdevsw, &maj) == 0);
	hc_plug();
	hc_a.c_node = hc_c.c_node = h_node_find("ttyU0");
	hc_b.c_node = hc_d.c_node = h_node_find("dtyU0");
	SCHED_CHECK(hc_a.c_node != NULL && hc_b.c_node != NULL);
}

/* Raw, and open by A as dial-in, or B as dial-out. */
void
hc_setup_open_a(void)
{

	hc_setup();
	SCHED_CHECK(c_open(&hc_a, HYP_F_NONBLOCK) == 0);
	c_raw(hc_ucom()->sc_tty, 1, 0);
}

/* And with output in flight. */
void
hc_setup_written_a(void)
{

	hc_setup_open_a();
	SCHED_CHECK(c_write(&hc_a, "abcdefghijklmnop", 16, &hc_adone) == 0);
	SCHED_CHECK(hu_inflight(hc_hu, OUT) == 1);
}

void
hc_setup_open_both(void)
{

	hc_setup_open_a();
	SCHED_CHECK(c_open(&hc_c, HYP_F_NONBLOCK) == 0);
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

void
hc_end(void)
{
	static const char *const names[] = { "ttyU0", "dtyU0", NULL };

	if (dev != NULL) {
		SCHED_CHECK(hc_ucom()->sc_state == UCOM_ATTACHED ||
		    hc_ucom()->sc_tty == NULL);
		SCHED_CHECK(hc_ucom()->sc_nopeners == 0);
		SCHED_CHECK(hc_ucom()->sc_open == 0 && hc_ucom()->sc_closing == 0);
		SCHED_CHECK(hu_inflight(hc_hu, IN) + hu_inflight(hc_hu, OUT) == 0);
		SCHED_CHECK(!cp.cp_dtr);
		SCHED_CHECK(config_detach(dev, DETACH_FORCE) == 0);
		SCHED_CHECK(!hu_is_open(hc_hu));
		hu_remove(hc_hu);
	}
	hu_zombies_return();
	SCHED_CHECK(told <= 1);
	SCHED_CHECK((hc_a.c_error != L_EBUSY && hc_c.c_error != L_EBUSY) ||
	    have_had(&hc_b, &hc_d));
	SCHED_CHECK((hc_b.c_error != L_EBUSY && hc_d.c_error != L_EBUSY) ||
	    have_had(&hc_a, &hc_c));
	devsw_detach(NULL, &ucom_cdevsw);
	SCHED_CHECK(config_fini_component(cp_drivers, cp_attaches,
	    cp_cfdata) == 0);
	h_specfs_down(names);
}

void
hc_end_close_a(void)
{

	h_close(&hc_a);
	hc_end();
}

/* The oldest transfer in flight ends; -1: there is none. */
int
hc_hw_complete(uint8_t ep, u_int n, int status, const void *data, uint32_t len)
{
	struct hu_dev *const d = atomic_load_relaxed(&hc_hu);

	return d == NULL || !hu_is_open(d) ? -1 :
	    hu_complete(d, ep, n, status, data, len);
}

/* A device that is gone is waited for by nobody. */
void
hc_end_at_once(void)
{

	/* But for a few ms, when what is restarted waits for others. */
	SCHED_CHECK(sched_clock() - hc_began < UINT64_C(100000000));
	hc_end();
}

/* ---- actors: the device --------------------------------------------- */

void
hc_pulls(void)
{

	hu_unplug(hc_hu, 1);
	usbd_device_gone(((struct cp_softc *)device_private(dev))->sc_udev);
	SCHED_CHECK(config_detach(dev, DETACH_FORCE) == 0);
	SCHED_CHECK(!hu_is_open(hc_hu));
	hu_remove(hc_hu);
	atomic_store_relaxed(&hc_hu, NULL);
	dev = NULL;
	sched_note("unplugged");
}

void
hc_unplugs(void *arg __unused)
{

	hc_pulls();
}

void
hc_byte_comes(void *arg __unused)
{

	(void)hc_hw_complete(IN, 0, HYP_USB_OK, "x", 1);
}

/* How many clients have to end before there is no output any more. */
int
hc_out_or_done(void *arg)
{
	struct hu_dev *const d = atomic_load_relaxed(&hc_hu);

	return atomic_load_relaxed(&hc_clients_done) >= *(const u_int *)arg ||
	    d == NULL || hu_inflight(d, OUT) > 0;
}

/* The device takes all output, one transfer after the other. */
void
hc_takes_output(void *arg)
{

	for (;;) {
		c_await(hc_out_or_done, arg);
		if (hc_hw_complete(OUT, 0, HYP_USB_OK, NULL, 16) == 0) {
			atomic_store_relaxed(&hc_taken, true);
			continue;
		}
		if (atomic_load_relaxed(&hc_hu) == NULL ||
		    atomic_load_relaxed(&hc_clients_done) >=
		    *(const u_int *)arg)
			break;
	}
}

void
hc_takes_one(void *arg __unused)
{
	const int error = hc_hw_complete(OUT, 0, HYP_USB_OK, NULL, 16);

	atomic_store_relaxed(&hc_taken, error == 0);
}

void
hc_carrier_goes(void *arg __unused)
{

	mutex_enter(&cp.cp_lock);
	cp.cp_msr = 0;
	mutex_exit(&cp.cp_lock);
	ucom_status_change(hc_ucom());
}

/* ---- actors: clients ------------------------------------------------ */

void
hc_open_close(void *arg)
{
	struct h_client *c = arg;

	if (c_open(c, 0) == 0)
		h_close(c);
	(void)C_INCR(&hc_clients_done);
	SCHED_CHECK(c->c_error == 0 || c->c_error == L_ENXIO ||
	    c->c_error == L_EBADF || c->c_error == L_EBUSY);
}

void
hc_closes(void *arg)
{

	h_close(arg);
	(void)C_INCR(&hc_clients_done);
}

bool
hc_carrier(void)
{
	u_char lsr, msr;

	cp_get_status(NULL, 0, &lsr, &msr);
	return (msr & UMSR_DCD) != 0;
}

void
hc_revokes_a(void *arg __unused)
{

	SCHED_CHECK(h_revoke(hc_a.c_node) == 0);
	sched_note("ttyU0 is revoked");
}
