/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_usbdi.c - pipes and transfers against hardware that does its worst.
 *
 * The hardware is h_usb.c, with a real event thread; softclock is the
 * runtime's own.  Each case opens a device, does its thing, closes it, and
 * then checks that no memory of K is left.  A "want" structure collects what
 * callbacks have seen, under its own mutex, which the cases also hold while
 * they submit, as drivers do.
 */
#include <sys/param.h>
#include <sys/atomic.h>
#include <sys/kernel.h>
#include <sys/kmem.h>
#include <sys/lwp.h>
#include <sys/systm.h>

#include <dev/usb/usb.h>
#include <dev/usb/usbdi.h>
#include <dev/usb/usbdi_util.h>
#include <dev/usb/usbdivar.h>

#include <hyp/hyp_usb.h>

#include "usbdi/usbdi_impl.h"
#include "h_test.h"
#include "usbdi/h_desc.h"
#include "usbdi/h_thread.h"
#include "usbdi/h_usb.h"

#define	IN	0x81
#define	OUT	0x02
#define	INTR	0x85
#define	NX	8

static struct usbd_device *dev;
static struct hu_dev *hu;
static struct usbd_interface *iface;
static struct usbd_pipe *pipe_in;
static size_t mem_before;

static kmutex_t lk;		/* "the driver's lock" */
static kcondvar_t lk_cv;
static struct {
	u_int		 n;		/* callbacks so far */
	u_int		 order[128];	/* priv of each */
	usbd_status	 status[128];
	uint32_t	 actlen[128];
	bool		 block;		/* callbacks wait for this to end */
	u_int		 blocked;
	bool		 inside;	/* a callback runs now */
	bool		 resubmit;
} cb;
static u_int gone_told;

void
hyp_usb_gone(void *cookie)
{

	KASSERT(cookie == &gone_told);
	atomic_inc_uint(&gone_told);
}

/* ---- set-up --------------------------------------------------------- */

static void
setup(void)
{
	static const struct hyp_usb_info hi = { .hi_path = "1-1",
	    .hi_bus = 1, .hi_addr = 2, .hi_serial = "S", .hi_vendorstr = "V",
	    .hi_productstr = "P\x1b[2J" };
	static bool once;
	struct usbd_why why;
	u_int pieces;

	if (!once) {
		kern_init();
		mutex_init(&lk, MUTEX_DEFAULT, IPL_SOFTUSB);
		cv_init(&lk_cv, "test");
		once = true;
	}
	memset(&cb, 0, sizeof(cb));
	gone_told = 0;
	mem_before = kmem_inuse(&pieces);
	hu = hu_plug(1, 2, h_dual, sizeof(h_dual));
	T_EQ(usbd_device_open(&hi, hyp_usb_gone, &gone_told, &dev, &why), 0);
	T_EQ(usbd_device_configure(dev, &why), 0);
	T_EQ(usbd_device2interface_handle(dev, 0, &iface), 0);
	T_EQ(usbd_open_pipe(iface, IN, USBD_MPSAFE, &pipe_in), 0);
	T_CHECK(hu_claimed(hu, 0));
}

/* A task thread that has just ended frees its own record. */
static int
nothing_left(void *arg __unused)
{
	u_int pieces;

	return kmem_inuse(&pieces) == mem_before;
}

static void
teardown(void)
{

	if (pipe_in != NULL)
		usbd_close_pipe(pipe_in);
	pipe_in = NULL;
	usbd_device_close(dev);
	T_EQ(hu_is_open(hu), 0);
	hu_remove(hu);
	hu_zombies_return();
	T_UNTIL(nothing_left, NULL);
}

/* What every callback does. */
static void
note(struct usbd_xfer *xfer, void *priv, usbd_status status)
{

	mutex_enter(&lk);
	T_CHECK(!cb.inside);
	cb.inside = true;
	if (cb.n < __arraycount(cb.order)) {
		cb.order[cb.n] = (u_int)(uintptr_t)priv;
		cb.status[cb.n] = status;
		usbd_get_xfer_status(xfer, NULL, NULL, &cb.actlen[cb.n],
		    NULL);
	}
	if (cb.block)
		cb.blocked++;
	while (cb.block) {		/* no callback sleeps in the kernel */
		mutex_exit(&lk);
		t_msleep(1);
		mutex_enter(&lk);
	}
	cb.inside = false;
	cb.n++;
	cv_broadcast(&lk_cv);
	if (cb.resubmit && status != USBD_CANCELLED &&
	    status != USBD_IOERROR)
		(void)usbd_transfer(xfer);
	mutex_exit(&lk);
}

static u_int
ncb(void)
{
	u_int n;

	mutex_enter(&lk);
	n = cb.n;
	mutex_exit(&lk);
	return n;
}

/* Wait until that many callbacks have run. */
static void
wait_cb(u_int n)
{

	mutex_enter(&lk);
	while (cb.n < n) {
		if (cv_timedwait(&lk_cv, &lk, 20 * hz) != 0) {
			mutex_exit(&lk);
			t_fail(__FILE__, __LINE__, "%u of %u callbacks",
			    cb.n, n);
			return;
		}
	}
	mutex_exit(&lk);
}

static struct usbd_xfer *
mkxfer(struct usbd_pipe *pipe, u_int priv, uint32_t len, uint16_t flags,
    uint32_t timeout)
{
	struct usbd_xfer *xfer;

	T_EQ(usbd_create_xfer(pipe, len, 0, 0, &xfer), 0);
	usbd_setup_xfer(xfer, (void *)(uintptr_t)priv, NULL, len, flags,
	    timeout, note);
	return xfer;
}

/* As a driver: with the lock that the callback takes. */
static usbd_status
submit(struct usbd_xfer *xfer)
{
	usbd_status err;

	mutex_enter(&lk);
	err = usbd_transfer(xfer);
	mutex_exit(&lk);
	return err;
}

static int
is_blocked(void *arg __unused)
{
	int yes;

	mutex_enter(&lk);
	yes = cb.blocked > 0;
	mutex_exit(&lk);
	return yes;
}

static void
unblock(void)
{

	mutex_enter(&lk);
	cb.block = false;
	cv_broadcast(&lk_cv);
	mutex_exit(&lk);
}

static int
aborting(void *arg)
{
	struct usbd_pipe *pipe = arg;
	int yes;

	mutex_enter(&dev->ud_lock);
	yes = pipe->up_aborting > 0 && cv_has_waiters(&pipe->up_cv);
	mutex_exit(&dev->ud_lock);
	return yes;
}

static bool abort_done;

static void
abort_thread(void *arg)
{

	usbd_abort_pipe(arg);
	atomic_store_release(&abort_done, true);
}

/* ---- completions ---------------------------------------------------- */

/* The hardware ends it before usbd_transfer returns. */
static void
t_not_inline(void)
{
	struct usbd_xfer *xfer;
	u_int i;

	setup();
	hu_mode(hu, IN, HU_OK, HU_C_OK);
	xfer = mkxfer(pipe_in, 1, 64, 0, USBD_NO_TIMEOUT);
	for (i = 0; i < 100; i++) {
		T_EQ(submit(xfer), USBD_IN_PROGRESS);
		wait_cb(i + 1);
		T_EQ(cb.status[0], USBD_NORMAL_COMPLETION);
	}
	T_EQ(cb.actlen[0], 64);
	usbd_destroy_xfer(xfer);
	teardown();
}

static void
t_fifo(void)
{
	static const u_int host_order[] = { 3, 1, 0, 0 };	/* of the rest */
	struct usbd_xfer *x[4];
	u_int i;

	setup();
	hu_mode(hu, IN, HU_HOLD, HU_C_OK);
	for (i = 0; i < 4; i++) {
		x[i] = mkxfer(pipe_in, i, 16, USBD_SHORT_XFER_OK, 0);
		T_EQ(submit(x[i]), USBD_IN_PROGRESS);
	}
	T_EQ(hu_inflight(hu, IN), 4);
	for (i = 0; i < 4; i++)
		T_EQ(hu_complete(hu, IN, host_order[i], HYP_USB_OK,
		    "0123456789", i), 0);
	wait_cb(4);
	for (i = 0; i < 4; i++)
		T_EQ(cb.order[i], i);
	T_EQ(cb.actlen[3], 0);
	T_EQ(cb.actlen[1], 1);
	for (i = 0; i < 4; i++)
		usbd_destroy_xfer(x[i]);
	teardown();
}

/* So many due at once that the runner hands over to softclock. */
static void
t_many(void)
{
	struct usbd_xfer *x[100];
	u_int i;

	setup();
	hu_mode(hu, IN, HU_HOLD, HU_C_OK);
	for (i = 0; i < 100; i++) {
		x[i] = mkxfer(pipe_in, i, 4, 0, 0);
		T_EQ(submit(x[i]), USBD_IN_PROGRESS);
	}
	for (i = 100; i > 0; i--)
		T_EQ(hu_complete(hu, IN, i - 1, HYP_USB_OK, NULL, 4), 0);
	wait_cb(100);
	for (i = 0; i < 100; i++)
		T_EQ(cb.order[i], i);
	usbd_abort_pipe(pipe_in);
	for (i = 0; i < 100; i++)
		usbd_destroy_xfer(x[i]);
	teardown();
}

static void
t_data(void)
{
	struct usbd_pipe *out;
	struct usbd_xfer *xi, *xo;
	char mine[16] = "";

	setup();
	T_EQ(usbd_open_pipe(iface, OUT, USBD_MPSAFE, &out), 0);
	hu_mode(hu, IN, HU_HOLD, HU_C_OK);
	hu_mode(hu, OUT, HU_OK, HU_C_OK);
	xi = mkxfer(pipe_in, 1, 16, USBD_SHORT_XFER_OK, 0);
	xo = mkxfer(out, 2, 16, 0, 0);
	T_EQ(submit(xi), USBD_IN_PROGRESS);
	T_EQ(hu_complete(hu, IN, 0, HYP_USB_OK, "hello", 6), 0);
	wait_cb(1);
	T_EQ(strcmp(usbd_get_buffer(xi), "hello"), 0);
	/* Somebody else's buffer. */
	usbd_setup_xfer(xi, NULL, mine, 16, USBD_SHORT_XFER_OK, 0, note);
	T_EQ(submit(xi), USBD_IN_PROGRESS);
	T_EQ(hu_complete(hu, IN, 0, HYP_USB_OK, "again", 6), 0);
	wait_cb(2);
	T_EQ(strcmp(mine, "again"), 0);
	T_EQ(submit(xo), USBD_IN_PROGRESS);
	wait_cb(3);
	T_EQ(cb.actlen[2], 16);
	usbd_destroy_xfer(xi);
	usbd_close_pipe(out);
	usbd_destroy_xfer(xo);	/* after its pipe */
	teardown();
}

static void
t_statuses(void)
{
	static const struct {
		enum hu_mode	mode;
		uint16_t	flags;
		usbd_status	want;
	} tab[] = {
		{ HU_SHORT, 0, USBD_SHORT_XFER },
		{ HU_SHORT, USBD_SHORT_XFER_OK, USBD_NORMAL_COMPLETION },
		{ HU_STALL, 0, USBD_STALLED },
		{ HU_IOERROR, 0, USBD_IOERROR },
		{ HU_LIE, USBD_SHORT_XFER_OK, USBD_IOERROR },
		{ HU_OK, 0, USBD_NORMAL_COMPLETION },
	};
	struct usbd_xfer *xfer;
	u_int i;

	setup();
	for (i = 0; i < __arraycount(tab); i++) {
		hu_mode(hu, IN, tab[i].mode, HU_C_OK);
		xfer = mkxfer(pipe_in, i, 32, tab[i].flags, 0);
		T_EQ(submit(xfer), USBD_IN_PROGRESS);
		wait_cb(i + 1);
		T_EQ(cb.status[i], tab[i].want);
		T_CHECK(cb.actlen[i] <= 32);
		usbd_destroy_xfer(xfer);
	}
	teardown();
}

/* A submit that the host refuses is reported, and no callback runs. */
static void
t_submit_fails(void)
{
	struct usbd_xfer *xfer;

	setup();
	xfer = mkxfer(pipe_in, 1, 64, 0, 0);
	hu_submit_error(hu, IN, 12);
	T_EQ(submit(xfer), USBD_NOMEM);
	hu_submit_error(hu, IN, 5);
	T_EQ(submit(xfer), USBD_IOERROR);
	hu_submit_error(hu, IN, 0);
	T_EQ(submit(xfer), USBD_IN_PROGRESS);
	wait_cb(1);
	T_EQ(cb.status[0], USBD_NORMAL_COMPLETION);
	usbd_destroy_xfer(xfer);
	teardown();
}

/* ---- abort ---------------------------------------------------------- */

static void
t_abort_waits(void)
{
	struct usbd_xfer *x[3];
	struct t_thread *t;
	u_int i;

	setup();
	abort_done = false;
	hu_mode(hu, IN, HU_HOLD, HU_C_OK);
	for (i = 0; i < 3; i++) {
		x[i] = mkxfer(pipe_in, i, 64, 0, 0);
		T_EQ(submit(x[i]), USBD_IN_PROGRESS);
	}
	cb.block = true;
	T_EQ(hu_complete(hu, IN, 0, HYP_USB_OK, NULL, 64), 0);
	T_UNTIL(is_blocked, NULL);
	t = t_spawn(abort_thread, pipe_in);
	T_UNTIL(aborting, pipe_in);
	/* The first callback has not returned, two have not begun. */
	T_CHECK(!atomic_load_acquire(&abort_done));
	T_EQ(ncb(), 0);
	/* Not from now on either. */
	T_EQ(usbd_transfer(x[0]), USBD_CANCELLED);
	unblock();
	t_join(t);
	T_EQ(ncb(), 3);
	T_EQ(cb.status[0], USBD_NORMAL_COMPLETION);
	T_EQ(cb.status[1], USBD_CANCELLED);
	T_EQ(cb.status[2], USBD_CANCELLED);
	/* Afterwards the pipe works again. */
	hu_mode(hu, IN, HU_OK, HU_C_OK);
	T_EQ(submit(x[0]), USBD_IN_PROGRESS);
	wait_cb(4);
	for (i = 0; i < 3; i++)
		usbd_destroy_xfer(x[i]);
	teardown();
}

/* What the host says of a cancelled transfer does not count. */
static void
t_cancel_lies(void)
{
	static const enum hu_cancel how[] = { HU_C_LIES, HU_C_RACE };
	struct usbd_xfer *xfer;
	u_int i;

	setup();
	for (i = 0; i < __arraycount(how); i++) {
		hu_mode(hu, IN, HU_HOLD, how[i]);
		xfer = mkxfer(pipe_in, i, 64, USBD_SHORT_XFER_OK, 0);
		T_EQ(submit(xfer), USBD_IN_PROGRESS);
		usbd_abort_pipe(pipe_in);
		T_EQ(ncb(), i + 1);
		T_EQ(cb.status[i], USBD_CANCELLED);
		usbd_destroy_xfer(xfer);
	}
	teardown();
}

/* The hardware never gives the transfers back. */
static void
t_stuck(void)
{
	const u_int zombies = hyp_usb_zombies();
	struct usbd_xfer *x[2];
	uint64_t t0, ms;
	char *buf;
	u_int i;

	setup();
	hu_mode(hu, IN, HU_HOLD, HU_C_NEVER);
	for (i = 0; i < 2; i++) {
		x[i] = mkxfer(pipe_in, i, 8, 0, 0);
		T_EQ(submit(x[i]), USBD_IN_PROGRESS);
	}
	buf = usbd_get_buffer(x[0]);
	t0 = t_now_ms();
	usbd_abort_pipe(pipe_in);
	ms = t_now_ms() - t0;
	T_CHECK(ms >= USBD_GRACE - 100 && ms < 4 * USBD_GRACE);
	T_EQ(ncb(), 2);
	T_EQ(cb.order[0], 0);
	T_EQ(cb.status[0], USBD_CANCELLED);
	T_EQ(cb.status[1], USBD_CANCELLED);
	T_EQ(hyp_usb_zombies(), zombies + 2);
	T_EQ(dev->ud_nlost, 2);
	/* It comes back after all, and writes. */
	strlcpy(buf, "mine", 8);
	hu_zombies_return();
	T_EQ(strcmp(buf, "mine"), 0);
	T_EQ(ncb(), 2);
	/* The xfer has a new transfer behind it and the same buffer. */
	hu_mode(hu, IN, HU_HOLD, HU_C_OK);
	T_EQ(submit(x[0]), USBD_IN_PROGRESS);
	T_EQ(hu_complete(hu, IN, 0, HYP_USB_OK, "yours!!", 8), 0);
	wait_cb(3);
	T_CHECK(usbd_get_buffer(x[0]) == buf);
	T_EQ(strcmp(buf, "yours!!"), 0);
	for (i = 0; i < 2; i++)
		usbd_destroy_xfer(x[i]);
	teardown();
}

/* A device with everything stuck is closed in bounded time. */
static void
t_stuck_detach(void)
{
	struct usbd_pipe *out, *intr;
	struct usbd_xfer *xi, *xo;
	static char buf[16];
	uint64_t t0;

	setup();
	hu_mode(hu, IN, HU_HOLD, HU_C_NEVER);
	hu_mode(hu, OUT, HU_HOLD, HU_C_NEVER);
	hu_mode(hu, INTR, HU_HOLD, HU_C_NEVER);
	T_EQ(usbd_open_pipe(iface, OUT, USBD_MPSAFE, &out), 0);
	T_EQ(usbd_open_pipe_intr(iface, INTR, USBD_MPSAFE, &intr, NULL, buf,
	    16, note, USBD_DEFAULT_INTERVAL), 0);
	xi = mkxfer(pipe_in, 0, 64, 0, 0);
	xo = mkxfer(out, 1, 64, 0, 0);
	T_EQ(submit(xi), USBD_IN_PROGRESS);
	T_EQ(submit(xo), USBD_IN_PROGRESS);
	hu_unplug(hu, 1);	/* and nobody says so */
	T_EQ(gone_told, 0);
	t0 = t_now_ms();
	/* As a driver's detach, one pipe after the other; the graces of all
	   begin with the first sign that the device is gone. */
	usbd_device_gone(dev);
	usbd_abort_pipe(pipe_in);
	usbd_abort_pipe(out);
	usbd_close_pipe(intr);
	usbd_destroy_xfer(xi);
	usbd_destroy_xfer(xo);
	usbd_close_pipe(out);
	T_CHECK(t_now_ms() - t0 < 4 * USBD_GRACE);
	T_EQ(ncb(), 2 + USBD_INTR_XFERS);
	for (u_int i = 0; i < 2 + USBD_INTR_XFERS; i++)
		T_EQ(cb.status[i], USBD_IOERROR);
	teardown();
}

static void
t_suspend(void)
{
	struct usbd_xfer *xfer;

	setup();
	hu_mode(hu, IN, HU_HOLD, HU_C_OK);
	xfer = mkxfer(pipe_in, 1, 64, 0, 0);
	T_EQ(submit(xfer), USBD_IN_PROGRESS);
	usbd_suspend_pipe(pipe_in);
	T_EQ(ncb(), 1);
	T_EQ(submit(xfer), USBD_CANCELLED);
	usbd_abort_pipe(pipe_in);	/* does not resume it */
	T_EQ(submit(xfer), USBD_CANCELLED);
	usbd_resume_pipe(pipe_in);
	T_EQ(submit(xfer), USBD_IN_PROGRESS);
	usbd_abort_pipe(pipe_in);
	T_EQ(ncb(), 2);
	usbd_destroy_xfer(xfer);
	teardown();
}

/* ---- timeouts ------------------------------------------------------- */

static void
t_timeout(void)
{
	struct usbd_xfer *xfer;
	uint64_t t0;

	setup();
	hu_mode(hu, IN, HU_HOLD, HU_C_OK);
	xfer = mkxfer(pipe_in, 1, 64, 0, 50);
	t0 = t_now_ms();
	T_EQ(submit(xfer), USBD_IN_PROGRESS);
	wait_cb(1);
	T_CHECK(t_now_ms() - t0 >= 49);
	T_EQ(cb.status[0], USBD_TIMEOUT);
	T_EQ(hu_cancels(hu, IN), 1);
	/* An abort after the timeout has struck does not change it. */
	hu_mode(hu, IN, HU_HOLD, HU_C_NEVER);
	usbd_setup_xfer(xfer, NULL, NULL, 64, 0, 1, note);
	T_EQ(submit(xfer), USBD_IN_PROGRESS);
	while (hu_cancels(hu, IN) < 2)
		t_msleep(1);
	usbd_abort_pipe(pipe_in);
	T_EQ(ncb(), 2);
	T_EQ(cb.status[1], USBD_TIMEOUT);
	usbd_destroy_xfer(xfer);
	teardown();
}

static void
complete_thread(void *arg)
{
	volatile bool *stop = arg;

	while (!atomic_load_acquire(stop)) {
		if (hu_complete(hu, IN, 0, HYP_USB_OK, NULL, 64) != 0 ||
		    t_random() % 4 == 0)
			t_msleep(t_random() % 3);
	}
}

/*
 * Completions, timeouts of 1 ms and resubmission, all at once; each submit
 * has one callback, with one of the two statuses, and both occur.
 */
static void
t_timeout_race(void)
{
	u_int i, done = 0, late = 0, other = 0;
	struct usbd_xfer *xfer;
	struct t_thread *t;
	bool stop = false;

	setup();
	hu_mode(hu, IN, HU_HOLD, HU_C_RACE);
	xfer = mkxfer(pipe_in, 1, 64, 0, 1);
	t = t_spawn(complete_thread, &stop);
	for (i = 0; i < 1500; i++) {
		T_EQ(submit(xfer), USBD_IN_PROGRESS);
		wait_cb(i + 1);
		T_EQ(ncb(), i + 1);
		if (xfer->ux_status == USBD_NORMAL_COMPLETION)
			done++;
		else if (xfer->ux_status == USBD_TIMEOUT)
			late++;
		else
			other++;
	}
	atomic_store_release(&stop, true);
	t_join(t);
	t_note("%u completed, %u timed out", done, late);
	T_EQ(other, 0);
	T_CHECK(done > 10 && late > 10);
	T_EQ(dev->ud_nlost, 0);
	usbd_destroy_xfer(xfer);
	teardown();
}

/* Several xfers resubmitting themselves, completions, and aborts. */
static void
t_abort_race(void)
{
	struct usbd_xfer *x[NX];
	struct t_thread *t;
	bool stop = false;
	u_int i, round;

	setup();
	hu_mode(hu, IN, HU_HOLD, HU_C_RACE);
	for (i = 0; i < NX; i++)
		x[i] = mkxfer(pipe_in, i, 64, 0, i % 2 == 0 ? 0 : 2);
	t = t_spawn(complete_thread, &stop);
	for (round = 0; round < 300; round++) {
		mutex_enter(&lk);
		cb.resubmit = true;
		mutex_exit(&lk);
		for (i = 0; i < NX; i++)
			T_EQ(submit(x[i]), USBD_IN_PROGRESS);
		t_msleep(t_random() % 3);
		usbd_abort_pipe(pipe_in);
		/* All callbacks have run: each xfer is ours. */
		mutex_enter(&dev->ud_lock);
		T_CHECK(usbd_pipe_idle(pipe_in));
		for (i = 0; i < NX; i++)
			T_EQ(x[i]->ux_state, UX_IDLE);
		mutex_exit(&dev->ud_lock);
		T_EQ(hu_inflight(hu, IN), 0);
	}
	atomic_store_release(&stop, true);
	t_join(t);
	t_note("%u callbacks", ncb());
	T_CHECK(ncb() >= 300 * NX);
	for (i = 0; i < NX; i++)
		usbd_destroy_xfer(x[i]);
	teardown();
}

/* ---- unplug --------------------------------------------------------- */

static void
t_gone_by_completion(void)
{
	struct usbd_pipe *out;
	struct usbd_xfer *xi, *xo;

	setup();
	T_EQ(usbd_open_pipe(iface, OUT, USBD_MPSAFE, &out), 0);
	hu_mode(hu, IN, HU_HOLD, HU_C_OK);
	hu_mode(hu, OUT, HU_HOLD, HU_C_LIES);
	xi = mkxfer(pipe_in, 1, 64, 0, 0);
	xo = mkxfer(out, 2, 64, 0, 0);
	T_EQ(submit(xi), USBD_IN_PROGRESS);
	T_EQ(submit(xo), USBD_IN_PROGRESS);
	/* One endpoint learns it; the other's transfer does not stay. */
	T_EQ(hu_complete(hu, IN, 0, HYP_USB_NODEV, NULL, 0), 0);
	wait_cb(2);
	T_EQ(cb.status[0], USBD_IOERROR);
	T_EQ(cb.status[1], USBD_IOERROR);
	T_EQ(submit(xi), USBD_IOERROR);
	T_EQ(submit(xo), USBD_IOERROR);
	T_EQ(ncb(), 2);
	usbd_destroy_xfer(xi);
	usbd_close_pipe(out);
	usbd_destroy_xfer(xo);
	usbd_close_pipe(pipe_in);
	pipe_in = NULL;
	T_EQ(usbd_open_pipe(iface, IN, 0, &pipe_in), USBD_IOERROR);
	teardown();
	T_EQ(gone_told, 1);
}

static void
t_gone_by_submit(void)
{
	usb_device_request_t req = { .bmRequestType = UT_WRITE_VENDOR_DEVICE };
	struct usbd_xfer *xfer;

	setup();
	hu_mode(hu, IN, HU_OK, HU_C_OK);
	xfer = mkxfer(pipe_in, 1, 64, 0, 0);
	hu_unplug(hu, 1);
	T_EQ(submit(xfer), USBD_IOERROR);
	T_EQ(gone_told, 1);
	T_EQ(submit(xfer), USBD_IOERROR);
	T_EQ(usbd_do_request(dev, &req, NULL), USBD_IOERROR);
	T_EQ(gone_told, 1);
	T_EQ(ncb(), 0);
	usbd_destroy_xfer(xfer);
	teardown();
}

/* ---- pipes ---------------------------------------------------------- */

static void
t_exclusive(void)
{
	struct usbd_pipe *a, *b;

	setup();
	T_EQ(usbd_open_pipe(iface, OUT, USBD_EXCLUSIVE_USE, &a), 0);
	T_EQ(usbd_open_pipe(iface, OUT, USBD_EXCLUSIVE_USE, &b),
	    USBD_IN_USE);
	T_EQ(usbd_open_pipe(iface, OUT, 0, &b), USBD_IN_USE);
	T_CHECK(b == NULL);
	usbd_close_pipe(a);
	T_EQ(usbd_open_pipe(iface, OUT, 0, &a), 0);
	T_EQ(usbd_open_pipe(iface, OUT, 0, &b), 0);
	usbd_close_pipe(b);
	T_EQ(usbd_open_pipe(iface, OUT, USBD_EXCLUSIVE_USE, &b),
	    USBD_IN_USE);
	usbd_close_pipe(a);
	T_EQ(usbd_open_pipe(iface, OUT, USBD_EXCLUSIVE_USE, &b), 0);
	T_EQ(usbd_set_interface(iface, 0), USBD_IN_USE);
	usbd_close_pipe(b);
	T_EQ(usbd_open_pipe(iface, 0x83, 0, &b), USBD_BAD_ADDRESS);
	teardown();
}

static void
t_claim(void)
{
	struct usbd_interface *second;
	struct usbd_pipe *pipe;

	setup();
	T_EQ(usbd_device2interface_handle(dev, 1, &second), 0);
	T_EQ(usbd_device2interface_handle(dev, 2, &second), USBD_INVAL);
	T_CHECK(!hu_claimed(hu, 1));
	hu_claim_error(hu, 1, 16);
	T_EQ(usbd_open_pipe(second, 0x83, 0, &pipe), USBD_IN_USE);
	hu_claim_error(hu, 1, 0);
	T_EQ(usbd_open_pipe(second, 0x83, 0, &pipe), 0);
	T_CHECK(hu_claimed(hu, 1));
	usbd_close_pipe(pipe);
	T_EQ(usbd_set_interface(second, 0), 0);
	T_EQ(usbd_set_interface(second, 1), USBD_INVAL);
	T_EQ(usbd_set_interface(second, -1), USBD_INVAL);
	teardown();
}

static int
clear_waits(void *arg __unused)
{

	return hu_gate_waiters(hu, HU_G_CLEAR);
}

static void
stall_cb(struct usbd_xfer *xfer, void *priv, usbd_status status)
{

	if (status == USBD_STALLED)
		usbd_clear_endpoint_stall_async(pipe_in);
	note(xfer, priv, status);
}

/* Clearing a stall takes its time and holds nobody up. */
static void
t_stall(void)
{
	struct usbd_pipe *out;
	struct usbd_xfer *xi, *xo;
	u_int i;

	setup();
	T_EQ(usbd_open_pipe(iface, OUT, USBD_MPSAFE, &out), 0);
	hu_mode(hu, IN, HU_STALL, HU_C_OK);
	hu_mode(hu, OUT, HU_OK, HU_C_OK);
	hu_gate_close(hu, HU_G_CLEAR);
	xi = mkxfer(pipe_in, 1, 64, 0, 0);
	usbd_setup_xfer(xi, NULL, NULL, 64, 0, 0, stall_cb);
	xo = mkxfer(out, 2, 64, 0, 0);
	T_EQ(submit(xi), USBD_IN_PROGRESS);
	wait_cb(1);
	T_EQ(cb.status[0], USBD_STALLED);
	T_UNTIL(clear_waits, NULL);
	for (i = 0; i < 10; i++) {
		T_EQ(submit(xo), USBD_IN_PROGRESS);
		wait_cb(i + 2);
	}
	T_EQ(hu_clears(hu), 0);
	hu_gate_open(hu, HU_G_CLEAR);
	usbd_destroy_xfer(xi);
	usbd_close_pipe(pipe_in);	/* waits for the clearing */
	T_EQ(hu_clears(hu), 1);
	pipe_in = NULL;
	usbd_destroy_xfer(xo);
	T_EQ(usbd_clear_endpoint_stall(out), 0);
	T_EQ(hu_clears(hu), 2);
	usbd_close_pipe(out);
	teardown();
}

/* A driver that resubmits for ever on a pipe that fails for ever. */
static void
t_pause(void)
{
	struct usbd_xfer *xfer;
	u_int n;

	setup();
	hu_mode(hu, IN, HU_STALL, HU_C_OK);
	cb.resubmit = true;
	xfer = mkxfer(pipe_in, 1, 64, 0, 0);
	T_EQ(submit(xfer), USBD_IN_PROGRESS);
	wait_cb(6);
	t_msleep(500);
	/* 4 at once, then after 10, 20, 40, 80, 160, 320 ... ms; a loop
	   that spins would make thousands. */
	n = hu_submits(hu, IN);
	t_note("%u submits", n);
	T_CHECK(n >= 6 && n < 40);
	/* Paused transfers can be aborted, and time out. */
	usbd_abort_pipe(pipe_in);
	n = ncb();
	T_EQ(cb.status[n - 1], USBD_CANCELLED);
	mutex_enter(&lk);
	cb.resubmit = false;
	mutex_exit(&lk);
	mutex_enter(&dev->ud_lock);
	pipe_in->up_errs = USBD_MAXERRS + 8;	/* the longest pause */
	mutex_exit(&dev->ud_lock);
	T_EQ(submit(xfer), USBD_IN_PROGRESS);
	wait_cb(n + 1);
	usbd_setup_xfer(xfer, NULL, NULL, 64, 0, 20, note);
	T_EQ(submit(xfer), USBD_IN_PROGRESS);
	T_EQ(hu_inflight(hu, IN), 0);
	wait_cb(n + 2);
	T_EQ(xfer->ux_status, USBD_TIMEOUT);
	/* One success ends it. */
	hu_mode(hu, IN, HU_OK, HU_C_OK);
	usbd_setup_xfer(xfer, NULL, NULL, 64, 0, 0, note);
	T_EQ(submit(xfer), USBD_IN_PROGRESS);
	wait_cb(n + 3);
	T_EQ(xfer->ux_status, USBD_NORMAL_COMPLETION);
	T_EQ(pipe_in->up_errs, 0);
	usbd_destroy_xfer(xfer);
	teardown();
}

/* The interrupt pipe goes round by itself, over errors too. */
static void
t_intr(void)
{
	static char buf[16];
	struct usbd_pipe *intr;
	u_int i;

	setup();
	hu_mode(hu, INTR, HU_HOLD, HU_C_OK);
	T_EQ(usbd_open_pipe_intr(iface, INTR, USBD_SHORT_XFER_OK, &intr, NULL,
	    buf, 16, note, USBD_DEFAULT_INTERVAL), 0);
	for (i = 0; i < 20; i++) {
		const char c[2] = { (char)('a' + i), 0 };

		while (hu_complete(hu, INTR, 0, i % 3 == 2 ? HYP_USB_IOERROR :
		    HYP_USB_OK, c, 2) != 0)
			t_msleep(1);
		wait_cb(i + 1);
		if (i % 3 != 2)
			T_EQ(buf[0], c[0]);
	}
	/* They go back to the host only after their callbacks. */
	while (hu_inflight(hu, INTR) < USBD_INTR_XFERS)
		t_msleep(1);
	usbd_abort_pipe(intr);
	T_EQ(ncb(), 20 + USBD_INTR_XFERS);
	for (i = 20; i < 20 + USBD_INTR_XFERS; i++)
		T_EQ(cb.status[i], USBD_CANCELLED);
	T_EQ(hu_inflight(hu, INTR), 0);
	usbd_close_pipe(intr);
	/* Closing is enough, in flight or not. */
	T_EQ(usbd_open_pipe_intr(iface, INTR, USBD_SHORT_XFER_OK |
	    USBD_MPSAFE, &intr, NULL, buf, 16, note, 1), 0);
	usbd_close_pipe(intr);
	T_EQ(ncb(), 20 + 2 * USBD_INTR_XFERS);
	teardown();
}

static char intr_seen[64];

/* What the driver's buffer has before and after whatever happens inside. */
static void
intr_note(struct usbd_xfer *xfer, void *priv, usbd_status status)
{
	char *const buf = priv;
	const u_int n = ncb();
	const char c = buf[0];

	note(xfer, NULL, status);
	if (status == USBD_NORMAL_COMPLETION && n < sizeof(intr_seen))
		intr_seen[n] = buf[0] == c ? c : '!';
}

/*
 * While a callback of an interrupt pipe runs the host can go on with the
 * device, and what comes then does not get into the buffer meanwhile.
 */
static void
t_intr_overlap(void)
{
	static char buf[16];
	struct usbd_pipe *intr;

	setup();
	hu_mode(hu, INTR, HU_HOLD, HU_C_OK);
	T_EQ(usbd_open_pipe_intr(iface, INTR, USBD_SHORT_XFER_OK |
	    USBD_MPSAFE, &intr, buf, buf, 16, intr_note,
	    USBD_DEFAULT_INTERVAL), 0);
	T_EQ(hu_inflight(hu, INTR), USBD_INTR_XFERS);
	mutex_enter(&lk);
	cb.block = true;
	mutex_exit(&lk);
	T_EQ(hu_complete(hu, INTR, 0, HYP_USB_OK, "a", 1), 0);
	T_UNTIL(is_blocked, NULL);
	T_EQ(hu_inflight(hu, INTR), USBD_INTR_XFERS - 1);
	T_EQ(hu_complete(hu, INTR, 0, HYP_USB_OK, "b", 1), 0);
	T_EQ(buf[0], 'a');
	unblock();
	wait_cb(2);
	while (hu_inflight(hu, INTR) < USBD_INTR_XFERS)
		t_msleep(1);
	T_CHECK(memcmp(intr_seen, "ab", 2) == 0);
	usbd_close_pipe(intr);
	teardown();
}

/* Callbacks of a pipe that is not MP-safe have the kernel lock, and a
   holder of it that aborts the pipe does not deadlock with them. */
static void
biglock_cb(struct usbd_xfer *xfer, void *priv, usbd_status status)
{

	T_CHECK(KERNEL_LOCKED_P());
	note(xfer, priv, status);
}

static void
t_kernel_lock(void)
{
	struct usbd_xfer *xfer;
	struct usbd_pipe *out;

	setup();
	T_EQ(usbd_open_pipe(iface, OUT, 0, &out), 0);
	hu_mode(hu, OUT, HU_HOLD, HU_C_OK);
	T_EQ(usbd_create_xfer(out, 8, 0, 0, &xfer), 0);
	usbd_setup_xfer(xfer, NULL, NULL, 8, 0, 0, biglock_cb);
	KERNEL_LOCK(1, curlwp);
	T_EQ(usbd_transfer(xfer), USBD_IN_PROGRESS);
	usbd_abort_pipe(out);
	T_EQ(ncb(), 1);
	T_EQ(usbd_transfer(xfer), USBD_IN_PROGRESS);
	T_EQ(hu_complete(hu, OUT, 0, HYP_USB_OK, NULL, 8), 0);
	usbd_close_pipe(out);
	usbd_destroy_xfer(xfer);
	T_CHECK(KERNEL_LOCKED_P());
	KERNEL_UNLOCK_ONE(curlwp);
	T_EQ(ncb(), 2);
	teardown();
}

/* ---- requests ------------------------------------------------------- */

static usb_device_request_t
request(uint8_t type, uint16_t len)
{
	usb_device_request_t req;

	req.bmRequestType = type;
	req.bRequest = 1;
	USETW(req.wValue, 2);
	USETW(req.wIndex, 0);
	USETW(req.wLength, len);
	return req;
}

static void
t_request(void)
{
	usb_device_request_t rd = request(UT_READ_VENDOR_DEVICE, 4);
	usb_device_request_t wr = request(UT_WRITE_VENDOR_DEVICE, 0);
	char buf[4];
	int n;

	setup();
	hu_answer(hu, "abc", 4);
	T_EQ(usbd_do_request(dev, &rd, buf), 0);
	T_EQ(strcmp(buf, "abc"), 0);
	hu_answer(hu, "ab", 2);
	T_EQ(usbd_do_request(dev, &rd, buf), USBD_SHORT_XFER);
	T_EQ(usbd_do_request_flags(dev, &rd, buf, USBD_SHORT_XFER_OK, &n,
	    USBD_DEFAULT_TIMEOUT), 0);
	T_EQ(n, 2);
	T_EQ(usbd_do_request(dev, &wr, NULL), 0);
	hu_mode(hu, 0, HU_STALL, HU_C_OK);
	T_EQ(usbd_do_request(dev, &wr, NULL), USBD_STALLED);
	hu_mode(hu, 0, HU_HOLD, HU_C_OK);
	T_EQ(usbd_do_request_flags(dev, &wr, NULL, 0, NULL, 30),
	    USBD_TIMEOUT);
	/* CLEAR_FEATURE(HALT) is the host's. */
	wr.bmRequestType = UT_WRITE_ENDPOINT;
	USETW(wr.wValue, UF_ENDPOINT_HALT);
	USETW(wr.wIndex, IN);
	T_EQ(usbd_do_request(dev, &wr, NULL), 0);
	T_EQ(hu_clears(hu), 1);
	teardown();
}

static usbd_status sync_result;
static struct lwp *sync_lwp;

static void
request_thread(void *arg __unused)
{
	usb_device_request_t req = request(UT_WRITE_VENDOR_DEVICE, 0);

	sync_result = usbd_do_request_flags(dev, &req, NULL, 0, NULL,
	    USBD_NO_TIMEOUT);
}

static void
sync_thread(void *arg)
{
	struct usbd_xfer *xfer = arg;
	uint32_t size = 8;
	char buf[8];

	atomic_store_release(&sync_lwp, curlwp);
	sync_result = usbd_bulk_transfer(xfer, pipe_in, 0, USBD_NO_TIMEOUT,
	    buf, &size);
	KASSERT(size == 0);
}

static int
flying(void *arg)
{

	return (int)hu_inflight(hu, *(uint8_t *)arg);
}

static void
t_request_aborted(void)
{
	uint8_t ep = 0;
	struct t_thread *t;

	setup();
	hu_mode(hu, 0, HU_HOLD, HU_C_OK);
	t = t_spawn(request_thread, NULL);
	T_UNTIL(flying, &ep);
	usbd_abort_default_pipe(dev);
	t_join(t);
	T_EQ(sync_result, USBD_CANCELLED);
	/* An unplug ends it too. */
	t = t_spawn(request_thread, NULL);
	T_UNTIL(flying, &ep);
	usbd_device_gone(dev);
	t_join(t);
	T_EQ(sync_result, USBD_IOERROR);
	teardown();
}

static void
t_interrupted(void)
{
	struct usbd_xfer *xfer;
	uint8_t ep = IN;
	struct t_thread *t;

	setup();
	hu_mode(hu, IN, HU_HOLD, HU_C_OK);
	T_EQ(usbd_create_xfer(pipe_in, 8, 0, 0, &xfer), 0);
	t = t_spawn(sync_thread, xfer);
	T_UNTIL(flying, &ep);
	lwp_intr_post(atomic_load_acquire(&sync_lwp));
	t_join(t);
	T_EQ(sync_result, USBD_INTERRUPTED);
	T_EQ(hu_inflight(hu, IN), 0);
	usbd_destroy_xfer(xfer);
	teardown();
}

/* Nobody would wait for what a thread that may not sleep has asked for. */
static void
t_nosleep(void)
{
	struct usbd_xfer *xfer;
	unsigned before;

	setup();
	before = hu_submits(hu, IN);
	T_EQ(usbd_create_xfer(pipe_in, 8, 0, 0, &xfer), 0);
	curlwp->l_nosleep = true;
	sync_thread(xfer);
	curlwp->l_nosleep = false;
	T_EQ(sync_result, USBD_INTERRUPTED);
	T_EQ(hu_submits(hu, IN), before);
	usbd_destroy_xfer(xfer);
	teardown();
}

static void
t_strings(void)
{
	static const uint8_t str[] = { 8, 3, 'A', 0, 0xe9, 0, 0x1b, 0 };
	static const uint8_t wild[] = { 255, 3, 'B', 0, 'C' };
	char buf[USB_MAX_ENCODED_STRING_LEN];
	char *info;

	setup();
	hu_answer(hu, str, sizeof(str));
	T_EQ(usbd_get_string(dev, 1, buf), 0);
	T_EQ(strcmp(buf, "A\xc3\xa9?"), 0);
	T_EQ(usbd_get_string0(dev, 1, buf, 0), 0);
	T_EQ(strcmp(buf, "A??"), 0);
	hu_answer(hu, wild, sizeof(wild));
	T_EQ(usbd_get_string(dev, 1, buf), 0);
	T_EQ(strcmp(buf, "B"), 0);
	T_EQ(usbd_get_string(dev, 0, buf), USBD_INVAL);
	hu_answer(hu, wild, 1);
	T_EQ(usbd_get_string(dev, 1, buf), USBD_IOERROR);
	info = usbd_devinfo_alloc(dev, 0);
	T_EQ(strcmp(info, "V P?[2J (0403:6010), rev 2.00/5.00, addr 2, "
	    "serial S"), 0);
	usbd_devinfo_free(info);
	teardown();
}

/* ---- tasks ---------------------------------------------------------- */

static struct usb_task task;
static u_int task_ran;
static bool task_block;

static void
task_fun(void *arg __unused)
{

	mutex_enter(&lk);
	task_ran++;
	cv_broadcast(&lk_cv);
	while (task_block)
		cv_wait(&lk_cv, &lk);
	mutex_exit(&lk);
}

static void
t_tasks(void)
{
	struct usb_task other;

	setup();
	task_ran = 0;
	task_block = true;
	usb_init_task(&task, task_fun, NULL, USB_TASKQ_MPSAFE);
	usb_init_task(&other, task_fun, NULL, USB_TASKQ_MPSAFE);
	usb_add_task(dev, &task, USB_TASKQ_DRIVER);
	mutex_enter(&lk);
	while (task_ran == 0)
		cv_wait(&lk_cv, &lk);
	mutex_exit(&lk);
	/* Behind a stuck one; again while it runs; removed before it ran. */
	usb_add_task(dev, &other, USB_TASKQ_DRIVER);
	usb_add_task(dev, &other, USB_TASKQ_DRIVER);
	T_CHECK(usb_task_pending(dev, &other));
	T_CHECK(!usb_task_pending(dev, &task));
	usb_add_task(dev, &task, USB_TASKQ_DRIVER);
	T_CHECK(usb_rem_task_wait(dev, &other, USB_TASKQ_DRIVER, NULL));
	mutex_enter(&lk);
	task_block = false;
	cv_broadcast(&lk_cv);
	while (task_ran < 2)
		cv_wait(&lk_cv, &lk);
	(void)usb_rem_task_wait(dev, &task, USB_TASKQ_DRIVER, &lk);
	T_CHECK(mutex_owned(&lk));
	T_EQ(task_ran, 2);
	mutex_exit(&lk);
	teardown();
}

/* A task waits until the host has a thread again. */
static void
t_task_no_thread(void)
{

	setup();
	task_ran = 0;
	task_block = false;
	usb_init_task(&task, task_fun, NULL, USB_TASKQ_MPSAFE);
	ht_fail(1);
	usb_add_task(dev, &task, USB_TASKQ_DRIVER);
	T_EQ(ht_left(), 0);
	T_CHECK(usb_task_pending(dev, &task));
	mutex_enter(&lk);
	while (task_ran == 0)
		cv_wait(&lk_cv, &lk);
	mutex_exit(&lk);
	teardown();
}

const struct t_case t_cases[] = {
	{ "callbacks never run inside usbd_transfer", t_not_inline },
	{ "callbacks run in the order of submission", t_fifo },
	{ "many callbacks at once", t_many },
	{ "data reaches the right buffer", t_data },
	{ "statuses of the host", t_statuses },
	{ "a refused submit has no callback", t_submit_fails },
	{ "usbd_abort_pipe waits for callbacks", t_abort_waits },
	{ "a cancelled transfer's status does not count", t_cancel_lies },
	{ "a transfer that never returns is given up", t_stuck },
	{ "a stuck device is closed in bounded time", t_stuck_detach },
	{ "a suspended pipe takes nothing", t_suspend },
	{ "timeouts", t_timeout },
	{ "timeout against completion", t_timeout_race },
	{ "abort against completion and resubmission", t_abort_race },
	{ "NODEV ends everything, once", t_gone_by_completion },
	{ "a submit may find that the device is gone", t_gone_by_submit },
	{ "exclusive pipes", t_exclusive },
	{ "interfaces are claimed when first used", t_claim },
	{ "clearing a stall blocks nobody", t_stall },
	{ "a pipe that always fails slows down", t_pause },
	{ "interrupt pipes", t_intr },
	{ "an interrupt pipe goes on during a callback", t_intr_overlap },
	{ "the kernel lock around callbacks", t_kernel_lock },
	{ "requests", t_request },
	{ "waiting requests can be ended", t_request_aborted },
	{ "an interrupt ends a synchronous transfer", t_interrupted },
	{ "a thread that may not sleep starts no synchronous transfer",
	    t_nosleep },
	{ "strings are bounded and printable", t_strings },
	{ "tasks", t_tasks },
	{ "a task without a thread", t_task_no_thread },
	{ NULL, NULL }
};
