/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * l_usbdi.c - litmuses of src/kernel/usbdi: transfers that complete, time out,
 * are aborted, never come back or die with their device, while others submit,
 * abort, close and destroy them.  The hardware is tests/usbdi/h_usb.c on the
 * scheduler's threads; a completion comes when an actor says so, and is
 * delivered by the event thread whenever the scheduler lets it.
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

#include "h_test.h"
#include "sched/h_calls.h"
#include "sched/sched.h"
#include "specfs/h_node.h"
#include "usbdi/h_desc.h"
#include "usbdi/h_usb.h"
#include "usbdi/usbdi_impl.h"

#define	IN	0x81
#define	OUT	0x02
#define	INTR	0x85
#define	NX	3
#define	MS(n)	((uint64_t)(n) * 1000000)

static struct hu_dev *hu;
static struct usbd_device *dev;
static struct usbd_interface *iface;
static struct usbd_pipe *pipe;
static struct usbd_xfer *xfer[NX];
static struct usb_task task;
static u_char intrbuf[16];

/* The driver: its lock, taken in callbacks and over submits. */
static kmutex_t lk;
static kcondvar_t lk_cv;
static u_int submits, ncb;		/* lk */
static u_int order[32];			/* lk: priv of each callback */
static usbd_status status[32];		/* lk */
static u_int resubmit;			/* lk: so many times */
static uint64_t resubmitted;		/* lk: when */
static bool stop;			/* lk: the driver is going down */
static bool inside;			/* a callback runs */
static const struct usbd_pipe *owes;	/* lk: has promised another one */
static u_int told;
static u_int ran;			/* lk */
static usbd_status result, result2;
static struct hyp_lwp *waiter;		/* lk: in usbd_sync_transfer_sig */
static bool waited;			/* lk */
static uint64_t began;

static void
gone(void *arg)
{

	SCHED_CHECK(arg == &told);
	told++;
}

static void
note(struct usbd_xfer *x, void *priv, usbd_status err)
{

	SCHED_CHECK(!inside);
	inside = true;
	mutex_enter(&lk);
	owes = usbd_pipe_more(x->ux_pipe) ? x->ux_pipe : NULL;
	SCHED_CHECK(ncb < 32);
	order[ncb] = (u_int)(uintptr_t)priv;
	status[ncb] = err;
	ncb++;
	sched_note("callback %u: %s", order[ncb - 1], usbd_errstr(err));
	if (resubmit > 0 && !stop) {
		resubmit--;
		if (usbd_transfer(x) == USBD_IN_PROGRESS) {
			submits++;
			resubmitted = sched_clock();
		}
	}
	cv_broadcast(&lk_cv);
	inside = false;
	mutex_exit(&lk);
}

/* ---- up and down ---------------------------------------------------- */

static void
setup_bare(void)
{
	static const struct hyp_usb_info hi = { .hi_path = "1-1",
	    .hi_bus = 1, .hi_addr = 2, .hi_serial = "S", .hi_vendorstr = "V",
	    .hi_productstr = "P" };
	struct usbd_why why;

	hp_forget();
	kern_init();
	mutex_init(&lk, MUTEX_DEFAULT, IPL_SOFTUSB);
	cv_init(&lk_cv, "litmus");
	submits = ncb = resubmit = told = ran = 0;
	resubmitted = 0;
	owes = NULL;
	stop = waited = inside = false;
	waiter = NULL;
	result = result2 = USBD_IN_PROGRESS;
	memset(xfer, 0, sizeof(xfer));
	pipe = NULL;
	began = sched_clock();
	hu = hu_plug(1, 2, h_dual, sizeof(h_dual));
	SCHED_CHECK(usbd_device_open(&hi, gone, &told, &dev, &why) == 0);
	SCHED_CHECK(usbd_device_configure(dev, &why) == 0);
	SCHED_CHECK(usbd_device2interface_handle(dev, 0, &iface) == 0);
}

static struct usbd_xfer *
make(u_int priv, uint32_t timeout)
{
	struct usbd_xfer *x;

	SCHED_CHECK(usbd_create_xfer(pipe, 16, 0, 0, &x) == 0);
	usbd_setup_xfer(x, (void *)(uintptr_t)priv, NULL, 16,
	    USBD_SHORT_XFER_OK, timeout, note);
	return x;
}

/* As a driver: with the lock that the callback takes. */
static usbd_status
submit(struct usbd_xfer *x)
{
	usbd_status err;

	mutex_enter(&lk);
	err = usbd_transfer(x);
	if (err == USBD_IN_PROGRESS)
		submits++;
	mutex_exit(&lk);
	sched_note("usbd_transfer: %s", usbd_errstr(err));
	return err;
}

static void
setup_pipe(void)
{

	setup_bare();
	SCHED_CHECK(usbd_open_pipe(iface, IN, USBD_MPSAFE, &pipe) == 0);
	hu_mode(hu, IN, HU_HOLD, HU_C_OK);
}

static void
setup_idle(void)
{

	setup_pipe();
	xfer[0] = make(0, USBD_NO_TIMEOUT);
}

static void
setup_flying(void)
{

	setup_idle();
	SCHED_CHECK(submit(xfer[0]) == USBD_IN_PROGRESS);
}

static void
setup_three(void)
{

	setup_flying();
	for (u_int i = 1; i < NX; i++) {
		xfer[i] = make(i, USBD_NO_TIMEOUT);
		SCHED_CHECK(submit(xfer[i]) == USBD_IN_PROGRESS);
	}
}

static int
memory_is_free(void *arg __unused)
{
	u_int pieces;

	return kmem_inuse(&pieces) == 0;
}

/*
 * After the pipe is closed: each submit has had one callback, and none has said
 * that another one follows if none did.
 */
static void
end(void)
{

	if (pipe != NULL)
		usbd_close_pipe(pipe);
	SCHED_CHECK(ncb == submits && owes == NULL);
	for (u_int i = 0; i < NX; i++) {
		if (xfer[i] != NULL)
			usbd_destroy_xfer(xfer[i]);
	}
	SCHED_CHECK(told <= 1);
	if (dev != NULL)
		usbd_device_close(dev);
	SCHED_CHECK(!hu_is_open(hu));
	hu_remove(hu);
	hu_zombies_return();
	cv_destroy(&lk_cv);
	kern_fini();
	T_UNTIL(memory_is_free, NULL);
}

/* ---- actors --------------------------------------------------------- */

static void
completes(void *arg __unused)
{

	(void)hu_complete(hu, IN, 0, HYP_USB_OK, "0123456789", 10);
}

static void
completes_last(void *arg __unused)
{

	if (hu_complete(hu, IN, 1, HYP_USB_OK, "01234", 5) == 0)
		completes(NULL);
}

/* All that are there, so that one delivery can find some of them. */
static void
completes_all(void *arg __unused)
{

	for (u_int i = 0; i < NX; i++)
		(void)hu_complete(hu, IN, 0, HYP_USB_OK, "01234", 5);
}

/* Its callback must not promise one of those that are still in flight. */
static void
completes_one(void *arg __unused)
{

	completes(NULL);
	mutex_enter(&lk);
	while (ncb == 0)
		cv_wait(&lk_cv, &lk);
	SCHED_CHECK(ncb == 1 && owes == NULL);
	mutex_exit(&lk);
}

/* Ended: no callback runs or will; the pipe is usable. */
static void
aborts(void *arg __unused)
{
	u_int n;

	usbd_abort_pipe(pipe);
	mutex_enter(&lk);
	n = ncb;
	mutex_exit(&lk);
	sched_note("aborted, %u callbacks", n);
}

static void
aborts_all(void *arg __unused)
{

	aborts(NULL);
	SCHED_CHECK(ncb == submits);
}

static void
closes(void *arg __unused)
{

	mutex_enter(&lk);
	stop = true;
	mutex_exit(&lk);
	usbd_close_pipe(pipe);
	pipe = NULL;
	SCHED_CHECK(ncb == submits);
}

/* As a detach: transfers go with the pipe. */
static void
closes_destroys(void *arg __unused)
{

	closes(NULL);
	for (u_int i = 0; i < NX; i++) {
		if (xfer[i] != NULL)
			usbd_destroy_xfer(xfer[i]);
		xfer[i] = NULL;
	}
}

static void
aborts_destroys(void *arg __unused)
{

	usbd_abort_pipe(pipe);
	usbd_destroy_xfer(xfer[0]);
	xfer[0] = NULL;
}

/* Destroyed by who has just been told that it is over. */
static void
destroys_told(void *arg __unused)
{

	mutex_enter(&lk);
	while (ncb == 0)
		cv_wait(&lk_cv, &lk);
	mutex_exit(&lk);
	usbd_destroy_xfer(xfer[0]);
	xfer[0] = NULL;
}

static void
submits_one(void *arg __unused)
{
	const usbd_status err = submit(xfer[0]);

	SCHED_CHECK(err == USBD_IN_PROGRESS || err == USBD_CANCELLED ||
	    err == USBD_IOERROR);
}

static void
time_goes(void *arg)
{

	sched_elapse(MS(*(const u_int *)arg));
}
static const u_int ms100 = 100, grace = USBD_GRACE;
#define	ARG(x)	((void *)(uintptr_t)(x))

static void
unplugs(void *arg __unused)
{

	hu_unplug(hu, 1);
	usbd_device_gone(dev);
}

/* The host finds out by itself. */
static void
vanishes(void *arg __unused)
{

	hu_unplug(hu, 1);
}

static int
all_called(void *arg __unused)
{
	int all;

	mutex_enter(&lk);
	all = ncb == submits;
	mutex_exit(&lk);
	return all;
}

/* Nobody aborts; the callbacks come all the same. */
static void
unplugs_waits(void *arg __unused)
{

	unplugs(NULL);
	c_await(all_called, NULL);
}

static int
is_cancelled(void *arg __unused)
{
	int is;

	mutex_enter(&dev->ud_lock);
	is = xfer[0]->ux_state == UX_CANCEL;
	mutex_exit(&dev->ud_lock);
	return is;
}

/* The grace of the first one is over. */
static void
gives_up(void *arg __unused)
{

	sched_elapse(MS(USBD_GRACE));
	mutex_enter(&lk);
	while (ncb < submits)
		cv_wait(&lk_cv, &lk);
	mutex_exit(&lk);
}

static void
completes_second(void *arg __unused)
{

	if (hu_complete(hu, IN, 1, HYP_USB_OK, "01234", 5) != 0)
		SCHED_CHECK(hu_complete(hu, IN, 0, HYP_USB_OK, "01234",
		    5) == 0);
}

static usbd_status
request(uint32_t timeout)
{
	usb_device_request_t req;
	u_char data[4];
	usbd_status err;

	req.bmRequestType = UT_READ_VENDOR_DEVICE;
	req.bRequest = 1;
	USETW(req.wValue, 0);
	USETW(req.wIndex, 0);
	USETW(req.wLength, sizeof(data));
	err = usbd_do_request_flags(dev, &req, data, USBD_SHORT_XFER_OK, NULL,
	    timeout);
	sched_note("request: %s", usbd_errstr(err));
	return err;
}

static void
requests(void *arg)
{

	*(usbd_status *)arg = request(100);
}

static void
aborts_requests(void *arg __unused)
{

	usbd_abort_default_pipe(dev);
}

static void
request_completes(void *arg __unused)
{

	(void)hu_complete(hu, 0, 0, HYP_USB_OK, "abcd", 4);
}

/* ---- actors: tasks -------------------------------------------------- */

static u_int *freed;		/* what the task touches */

static void
task_runs(void *arg __unused)
{

	mutex_enter(&lk);
	ran++;
	(*freed)++;
	mutex_exit(&lk);
}

static void
adds_task(void *arg __unused)
{

	mutex_enter(&lk);
	if (!stop)
		usb_add_task(dev, &task, USB_TASKQ_DRIVER);
	mutex_exit(&lk);
}

static void
adds_task_twice(void *arg __unused)
{

	adds_task(NULL);
	adds_task(NULL);
}

static void
removes_task(void *arg __unused)
{

	mutex_enter(&lk);
	stop = true;
	mutex_exit(&lk);
	(void)usb_rem_task_wait(dev, &task, USB_TASKQ_DRIVER, NULL);
	kmem_free(freed, sizeof(*freed));
	freed = NULL;
}

/* The same with the lock that the task takes, as interlock. */
static void
removes_task_interlock(void *arg __unused)
{

	mutex_enter(&lk);
	stop = true;
	(void)usb_rem_task_wait(dev, &task, USB_TASKQ_DRIVER, &lk);
	SCHED_CHECK(mutex_owned(&lk));
	mutex_exit(&lk);
	kmem_free(freed, sizeof(*freed));
	freed = NULL;
}

/* The device goes at once, as after a detach. */
static void
removes_closes(void *arg __unused)
{

	removes_task(NULL);
	usbd_device_close(dev);
	dev = NULL;
}

static void
setup_task(void)
{

	setup_bare();
	freed = kmem_zalloc(sizeof(*freed), KM_SLEEP);
	usb_init_task(&task, task_runs, NULL, USB_TASKQ_MPSAFE);
}

static void
end_task(void)
{

	SCHED_CHECK(task.queue == USB_NUM_TASKQS);
	if (freed != NULL)
		kmem_free(freed, sizeof(*freed));
	end();
}

/* ---- actors: others ------------------------------------------------- */

static struct usbd_pipe *pipes[2];

static void
opens_pipe(void *arg)
{
	struct usbd_pipe **pp = arg;
	const usbd_status err = usbd_open_pipe(iface,
	    pp == &pipes[0] ? IN : OUT, USBD_MPSAFE, pp);

	SCHED_CHECK(err == USBD_NORMAL_COMPLETION || err == USBD_IOERROR);
}

static void
end_pipes(void)
{

	for (u_int i = 0; i < 2; i++) {
		if (pipes[i] != NULL)
			usbd_close_pipe(pipes[i]);
		pipes[i] = NULL;
	}
	end();
}

static void
intr_note(struct usbd_xfer *x __unused, void *priv __unused,
    usbd_status err __unused)
{

	mutex_enter(&lk);
	ran++;
	SCHED_CHECK(!stop);
	mutex_exit(&lk);
}

static void
closes_intr(void *arg __unused)
{

	usbd_close_pipe(pipe);
	pipe = NULL;
	/* Its callback has run for the last time. */
	mutex_enter(&lk);
	stop = true;
	mutex_exit(&lk);
}

static void
aborts_closes_intr(void *arg __unused)
{

	usbd_abort_pipe(pipe);
	closes_intr(NULL);
}

static void
intr_completes(void *arg __unused)
{

	for (u_int i = 0; i < 2; i++)
		(void)hu_complete(hu, INTR, 0, HYP_USB_OK, "i", 1);
}

static void
setup_intr(void)
{

	setup_bare();
	hu_mode(hu, INTR, HU_HOLD, HU_C_OK);
	SCHED_CHECK(usbd_open_pipe_intr(iface, INTR,
	    USBD_MPSAFE | USBD_SHORT_XFER_OK, &pipe, NULL, intrbuf,
	    sizeof(intrbuf), intr_note, 0) == 0);
}

static void
stalls(void *arg __unused)
{

	(void)hu_complete(hu, IN, 0, HYP_USB_STALL, NULL, 0);
}

static void
note_stall(struct usbd_xfer *x, void *priv, usbd_status err)
{

	if (err == USBD_STALLED)
		usbd_clear_endpoint_stall_async(pipe);
	note(x, priv, err);
}

static void
waits_sig(void *arg __unused)
{
	struct hyp_lwp *const l = h_enter(0);

	usbd_setup_xfer(xfer[0], NULL, NULL, 16, USBD_SHORT_XFER_OK,
	    USBD_NO_TIMEOUT, NULL);
	mutex_enter(&lk);
	waiter = l;
	mutex_exit(&lk);
	result = usbd_sync_transfer_sig(xfer[0]);
	sched_note("sync: %s", usbd_errstr(result));
	SCHED_CHECK(result == USBD_NORMAL_COMPLETION ||
	    result == USBD_INTERRUPTED);
	usbd_destroy_xfer(xfer[0]);
	xfer[0] = NULL;
	mutex_enter(&lk);
	waited = true;
	waiter = NULL;
	mutex_exit(&lk);
	h_exit(l);
}

static int
is_waiting(void *arg __unused)
{
	int is;

	mutex_enter(&lk);
	is = waiter != NULL || waited;
	mutex_exit(&lk);
	return is;
}

static void
interrupts(void *arg __unused)
{

	c_await(is_waiting, NULL);
	/* Not one that has left. */
	mutex_enter(&lk);
	if (waiter != NULL)
		hyp_lwp_interrupt(waiter);
	mutex_exit(&lk);
}

#define	ACTORS(name, ...)						\
	static const struct sched_actor name[] = {			\
		__VA_ARGS__, { NULL, NULL, NULL }			\
	}

ACTORS(abort_done, { "abort", aborts_all, NULL },
    { "done", completes, NULL });
ACTORS(abort_submit, { "abort", aborts, NULL },
    { "submit", submits_one, NULL });
ACTORS(two_aborts, { "A", aborts_all, NULL }, { "B", aborts_all, NULL },
    { "done", completes, NULL });
ACTORS(abort_alone, { "abort", aborts_all, NULL });
ACTORS(abort_done_time, { "abort", aborts_all, NULL },
    { "done", completes, NULL }, { "time", time_goes, ARG(&grace) });
ACTORS(abort_order, { "abort", aborts_all, NULL },
    { "done", completes_last, NULL });
ACTORS(give_up_done, { "time", gives_up, NULL },
    { "done", completes_second, NULL });
ACTORS(unplug_alone, { "unplug", unplugs_waits, NULL });
ACTORS(close_done, { "close", closes, NULL }, { "done", completes, NULL });
ACTORS(close_order, { "close", closes_destroys, NULL },
    { "done", completes_last, NULL });
ACTORS(close_unplug, { "close", closes_destroys, NULL },
    { "unplug", unplugs, NULL });
ACTORS(together_abort, { "abort", aborts_all, NULL },
    { "done", completes_all, NULL });
ACTORS(one_alone, { "done", completes_one, NULL });
ACTORS(together_destroy, { "destroy", destroys_told, NULL },
    { "done", completes_all, NULL });
ACTORS(timeout_done, { "time", time_goes, ARG(&ms100) },
    { "done", completes, NULL });
ACTORS(timeout_abort, { "time", time_goes, ARG(&ms100) },
    { "abort", aborts_destroys, NULL });
ACTORS(destroy_done, { "destroy", destroys_told, NULL },
    { "done", completes, NULL });
ACTORS(submit_unplug, { "submit", submits_one, NULL },
    { "unplug", unplugs, NULL });
ACTORS(submit_vanish, { "submit", submits_one, NULL },
    { "vanish", vanishes, NULL });
ACTORS(request_done_time, { "request", requests, &result },
    { "done", request_completes, NULL },
    { "time", time_goes, ARG(&ms100) });
ACTORS(request_unplug, { "request", requests, &result },
    { "unplug", unplugs, NULL });
ACTORS(request_abort, { "request", requests, &result },
    { "abort", aborts_requests, NULL });
ACTORS(two_requests, { "A", requests, &result }, { "B", requests, &result2 },
    { "vanish", vanishes, NULL });
ACTORS(request_alone, { "request", requests, &result });
ACTORS(request_intr, { "request", waits_sig, NULL },
    { "interrupt", interrupts, NULL }, { "done", completes, NULL });
ACTORS(task_remove, { "add", adds_task, NULL },
    { "remove", removes_task, NULL });
ACTORS(task_close, { "add", adds_task, NULL },
    { "close", removes_closes, NULL });
ACTORS(task_interlock, { "add", adds_task, NULL },
    { "remove", removes_task_interlock, NULL });
ACTORS(task_twice, { "A", adds_task_twice, NULL },
    { "B", adds_task, NULL });
ACTORS(claim_claim, { "A", opens_pipe, &pipes[0] },
    { "B", opens_pipe, &pipes[1] });
ACTORS(intr_close, { "close", closes_intr, NULL },
    { "done", intr_completes, NULL });
ACTORS(intr_abort, { "close", aborts_closes_intr, NULL },
    { "done", intr_completes, NULL }, { "unplug", unplugs, NULL });
ACTORS(stall_close, { "close", closes_destroys, NULL },
    { "stall", stalls, NULL });

/* ---- setups and ends of their own ----------------------------------- */

static void
setup_never(void)
{

	setup_flying();
	hu_mode(hu, IN, HU_HOLD, HU_C_NEVER);
}

static void
setup_three_never(void)
{

	setup_three();
	hu_mode(hu, IN, HU_HOLD, HU_C_NEVER);
}

static void
setup_race(void)
{

	setup_flying();
	hu_mode(hu, IN, HU_HOLD, HU_C_RACE);
}

static void
setup_timeout(void)
{

	setup_pipe();
	xfer[0] = make(0, 100);
	SCHED_CHECK(submit(xfer[0]) == USBD_IN_PROGRESS);
}

static void
setup_timeout_again(void)
{

	setup_timeout();
	mutex_enter(&lk);
	resubmit = 1;
	mutex_exit(&lk);
}

static void
setup_request(void)
{

	setup_bare();
	hu_mode(hu, 0, HU_HOLD, HU_C_OK);
}

static void
setup_request_never(void)
{

	setup_bare();
	hu_mode(hu, 0, HU_HOLD, HU_C_NEVER);
}

static void
setup_request_quick(void)
{

	setup_bare();
	hu_mode(hu, 0, HU_OK, HU_C_OK);
}

static void
setup_stall(void)
{

	setup_idle();
	usbd_setup_xfer(xfer[0], NULL, NULL, 16, USBD_SHORT_XFER_OK,
	    USBD_NO_TIMEOUT, note_stall);
	SCHED_CHECK(submit(xfer[0]) == USBD_IN_PROGRESS);
}

/* A driver that resubmits at once what fails at once: the pipe pauses. */
static void
setup_pausing(void)
{

	setup_idle();
	hu_mode(hu, IN, HU_IOERROR, HU_C_OK);
	resubmit = 5;
	SCHED_CHECK(submit(xfer[0]) == USBD_IN_PROGRESS);
}

static void
setup_two_never(void)
{

	setup_pipe();
	hu_mode(hu, IN, HU_HOLD, HU_C_NEVER);
	for (u_int i = 0; i < 2; i++) {
		xfer[i] = make(i, i == 0 ? 100 : USBD_NO_TIMEOUT);
		SCHED_CHECK(submit(xfer[i]) == USBD_IN_PROGRESS);
	}
	sched_elapse(MS(100));
	T_UNTIL(is_cancelled, NULL);
}

static void
end_two(void)
{

	T_UNTIL(all_called, NULL);
	SCHED_CHECK(order[0] == 0 && status[0] == USBD_TIMEOUT);
	SCHED_CHECK(order[1] == 1 && status[1] == USBD_NORMAL_COMPLETION);
	end();
}

static void
end_unplugged(void)
{

	for (u_int i = 0; i < NX; i++)
		SCHED_CHECK(order[i] == i && status[i] == USBD_IOERROR);
	SCHED_CHECK(sched_clock() - began <= MS(USBD_GRACE + 10));
	end();
}

/* What the event thread and softclock have to do still. */
static int
has_ended(void *arg __unused)
{
	int has;

	mutex_enter(&lk);
	has = ncb >= 1;
	mutex_exit(&lk);
	return has;
}

/* Whatever came first, once. */
static void
end_once(void)
{

	T_UNTIL(has_ended, NULL);
	SCHED_CHECK(ncb == 1);
	end();
}

/* And nothing was given up: the end of the timeout is not that of the grace. */
static void
end_kept(void)
{

	SCHED_CHECK(dev->ud_nlost == 0);
	end_once();
}

static void
end_race(void)
{

	T_UNTIL(has_ended, NULL);
	SCHED_CHECK(status[0] == USBD_CANCELLED ||
	    status[0] == USBD_NORMAL_COMPLETION);
	end_once();
}

/*
 * The callbacks of a pipe come in the order of its transfers; one that has ended
 * is not cancelled any more, to be waited for until its grace is over.
 */
static void
end_order(void)
{

	SCHED_CHECK(ncb == NX && dev->ud_nlost == 0);
	for (u_int i = 0; i < NX; i++)
		SCHED_CHECK(order[i] == i);
	end();
}

/* In bounded time, and the hardware keeps it. */
static void
end_never(void)
{

	SCHED_CHECK(ncb == submits && status[0] == USBD_CANCELLED);
	SCHED_CHECK(hyp_usb_zombies() == submits);
	SCHED_CHECK(sched_clock() - began <= MS(USBD_GRACE + 10));
	end();
}

static void
end_timeout(void)
{

	T_UNTIL(has_ended, NULL);
	SCHED_CHECK(ncb == 1 && (status[0] == USBD_TIMEOUT ||
	    status[0] == USBD_NORMAL_COMPLETION));
	end();
}

/* The end of the first one's time does not end the second one. */
static void
end_timeout_again(void)
{

	T_UNTIL(has_ended, NULL);
	mutex_enter(&lk);
	stop = true;
	mutex_exit(&lk);
	usbd_close_pipe(pipe);
	pipe = NULL;
	SCHED_CHECK(ncb < 2 || status[1] != USBD_TIMEOUT ||
	    resubmitted == began);
	SCHED_CHECK(dev->ud_nlost == 0);
	end();
}

static void
end_request(void)
{

	SCHED_CHECK(result == USBD_NORMAL_COMPLETION ||
	    result == USBD_IOERROR || result == USBD_TIMEOUT ||
	    result == USBD_CANCELLED);
	SCHED_CHECK(sched_clock() - began <= MS(100 + USBD_GRACE + 100));
	end();
}

static void
end_requests(void)
{

	SCHED_CHECK(result2 == USBD_NORMAL_COMPLETION ||
	    result2 == USBD_IOERROR);
	end_request();
}

static void
end_twice(void)
{

	/* The last one that was added has run after that. */
	mutex_enter(&lk);
	SCHED_CHECK(ran >= 1 && ran <= 3);
	mutex_exit(&lk);
	end_task();
}

extern const struct sched_litmus l_usbdi[];
const struct sched_litmus l_usbdi[] = {
	{ "abort_done", "an abort against the completion: one callback",
	    setup_flying, abort_done, end_race },
	{ "abort_race", "an abort whose cancel comes too late",
	    setup_race, abort_done, end_race },
	{ "abort_submit", "an abort against a submit",
	    setup_idle, abort_submit, end },
	{ "two_aborts", "two aborts and a completion",
	    setup_flying, two_aborts, end_race },
	{ "abort_order", "an abort, and completions in another order",
	    setup_three, abort_order, end_order },
	{ "one_alone", "one of three ends, and promises nothing",
	    setup_three, one_alone, end },
	{ "together_abort", "three that end together, against an abort",
	    setup_three, together_abort, end_order },
	{ "together_destroy", "the same, and the first is destroyed when told",
	    setup_three, together_destroy, end },
	{ "abort_never", "what never comes back is given up in time",
	    setup_never, abort_alone, end_never },
	{ "abort_never_three", "three of those: no later than one",
	    setup_three_never, abort_alone, end_never },
	{ "grace_done", "the end of the grace against the completion",
	    setup_never, abort_done_time, end_race },
	{ "unplug_never", "an unplug of what never comes back",
	    setup_three_never, unplug_alone, end_unplugged },
	{ "give_up_done", "one is given up, the next one completes",
	    setup_two_never, give_up_done, end_two },
	{ "close_done", "a pipe is closed with a transfer in flight",
	    setup_flying, close_done, end_race },
	{ "close_order", "the same with three that end out of order",
	    setup_three, close_order, end_order },
	{ "close_unplug_flight", "the same, unplugged",
	    setup_three, close_unplug, end_order },
	{ "timeout_done", "a timeout against the completion",
	    setup_timeout, timeout_done, end_timeout },
	{ "timeout_again", "the same, submitted again by the callback",
	    setup_timeout_again, timeout_done, end_timeout_again },
	{ "timeout_abort", "a timeout, an abort, and the end of the transfer",
	    setup_timeout, timeout_abort, end_kept },
	{ "destroy_done", "a transfer destroyed while its callback returns",
	    setup_flying, destroy_done, end_once },
	{ "submit_unplug", "a submit against an unplug",
	    setup_idle, submit_unplug, end },
	{ "submit_vanish", "a submit to a device that is gone: told once",
	    setup_idle, submit_vanish, end },
	{ "request_done", "a request against its completion and timeout",
	    setup_request, request_done_time, end_request },
	{ "request_unplug", "a request against an unplug",
	    setup_request, request_unplug, end_request },
	{ "request_abort", "a request against an abort of its pipe",
	    setup_request_quick, request_abort, end_request },
	{ "request_never", "a request that never comes back",
	    setup_request_never, request_alone, end_request },
	{ "two_requests", "two requests, and the device vanishes",
	    setup_request_quick, two_requests, end_requests },
	{ "request_interrupt", "an interrupted wait and its completion",
	    setup_idle, request_intr, end },
	{ "task_remove", "a task that is added and removed",
	    setup_task, task_remove, end_task },
	{ "task_close", "the same, and the device is closed at once",
	    setup_task, task_close, end_task },
	{ "task_interlock", "the same, with the lock that the task takes",
	    setup_task, task_interlock, end_task },
	{ "task_twice", "a task that is added while it runs",
	    setup_task, task_twice, end_twice },
	{ "claim_claim", "two pipes of an interface that is not claimed yet",
	    setup_bare, claim_claim, end_pipes },
	{ "intr_close", "an interrupt pipe that is closed while it reports",
	    setup_intr, intr_close, end },
	{ "intr_abort", "the same, aborted before, and unplugged",
	    setup_intr, intr_abort, end },
	{ "stall_close", "a stall that is being cleared, and a close",
	    setup_stall, stall_close, end },
	{ "pause_close", "a pipe that pauses after errors, closed",
	    setup_pausing, close_done, end },
	{ NULL, NULL, NULL, NULL, NULL },
};
