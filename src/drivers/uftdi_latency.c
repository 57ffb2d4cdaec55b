/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uftdi_latency.c - a latency timer that follows the traffic; see
 * uftdi_latency.h.
 *
 * Model
 *	Wanted is short or long (ul_want).  Traffic makes it short at once, and
 *	says until when there may be more (ul_until).  A callout looks whether
 *	that time is over, and makes it long; it runs about once a second while
 *	there is traffic, and not at all on an idle line.  Whenever the chip has
 *	something else than is wanted a task makes the request, since neither
 *	traffic nor the callout may sleep.
 *
 *	So there are at most two requests in UFTDI_INPUT_MS, whatever the line
 *	and the client do: from long to short, and no sooner than that much
 *	later back.
 *
 *	What fails is tried again when the callout has come round, and after
 *	UFTDI_LATENCY_FAILS of them not any more until the next start: a chip
 *	that never answers keeps the other requests of its device waiting for
 *	that many timeouts at most.  One that refuses is asked once.
 *
 *	stop				task			callout
 *	ul_on = false
 *					request		finds !ul_on
 *	callout_halt
 *	waits for the task
 *					finds !ul_on: no callout,
 *					no other request
 *
 * Locks: the tty's and ucom's -> ul_lock -> those of callouts and tasks.
 */
#include <sys/param.h>
#include <sys/kernel.h>
#include <sys/systm.h>

#include "drivers/uftdi_latency.h"

#define	UFTDI_LATENCY_FAILS	3

/* Let the task run if there is something for it; ul_lock held. */
static void
uftdi_latency_want(struct uftdi_latency *ul, u_int ms)
{

	KASSERT(mutex_owned(&ul->ul_lock));
	ul->ul_want = ms;
	if (ul->ul_want != ul->ul_have)
		usb_add_task(ul->ul_udev, &ul->ul_task, USB_TASKQ_DRIVER);
}

/* A request is over; ul_lock held.  False: no other one now. */
static bool
uftdi_latency_done(struct uftdi_latency *ul, u_int ms, int error)
{

	ul->ul_have = error ? 0 : ms;
	if (!error || !ul->ul_on)
		return ul->ul_on;
	ul->ul_fails += error == EOPNOTSUPP ? UFTDI_LATENCY_FAILS : 1;
	if (ul->ul_fails >= UFTDI_LATENCY_FAILS)
		ul->ul_on = false;
	else
		callout_schedule(&ul->ul_idle, mstohz(UFTDI_INPUT_MS));
	return false;
}

static void
uftdi_latency_task(void *arg)
{
	struct uftdi_latency *ul = arg;
	bool on;
	u_int ms;
	int error;

	mutex_enter(&ul->ul_lock);
	on = ul->ul_on;
	while (on && (ms = ul->ul_want) != ul->ul_have) {
		mutex_exit(&ul->ul_lock);
		error = (*ul->ul_set)(ul->ul_arg, ms);
		mutex_enter(&ul->ul_lock);
		on = uftdi_latency_done(ul, ms, error);
	}
	mutex_exit(&ul->ul_lock);
}

static void
uftdi_latency_idle(void *arg)
{
	struct uftdi_latency *ul = arg;
	int left;

	mutex_enter(&ul->ul_lock);
	left = (int)(ul->ul_until - getticks());
	if (!ul->ul_on)
		;
	else if (left > 0) {
		uftdi_latency_want(ul, ul->ul_want);
		callout_schedule(&ul->ul_idle,
		    (int)MIN((u_int)left, (u_int)mstohz(UFTDI_INPUT_MS)));
	} else
		uftdi_latency_want(ul, MAX(ul->ul_short,
		    UFTDI_LATENCY_IDLE_MS));
	mutex_exit(&ul->ul_lock);
}

void
uftdi_latency_init(struct uftdi_latency *ul, struct usbd_device *udev,
    int (*set)(void *, u_int), void *arg)
{

	ul->ul_udev = udev;
	ul->ul_set = set;
	ul->ul_arg = arg;
	mutex_init(&ul->ul_lock, MUTEX_DEFAULT, IPL_SOFTUSB);
	callout_init(&ul->ul_idle, CALLOUT_MPSAFE);
	callout_setfunc(&ul->ul_idle, uftdi_latency_idle, ul);
	usb_init_task(&ul->ul_task, uftdi_latency_task, ul, USB_TASKQ_MPSAFE);
}

void
uftdi_latency_fini(struct uftdi_latency *ul)
{

	KASSERT(!ul->ul_on);
	callout_destroy(&ul->ul_idle);
	mutex_destroy(&ul->ul_lock);
}

void
uftdi_latency_start(struct uftdi_latency *ul, u_int ms, u_int have)
{

	mutex_enter(&ul->ul_lock);
	KASSERT(!ul->ul_on);
	ul->ul_on = true;
	ul->ul_short = ms;
	ul->ul_have = have;
	ul->ul_fails = 0;
	ul->ul_until = getticks() + mstohz(UFTDI_INPUT_MS);
	uftdi_latency_want(ul, ms);
	callout_schedule(&ul->ul_idle, mstohz(UFTDI_INPUT_MS));
	mutex_exit(&ul->ul_lock);
}

void
uftdi_latency_stop(struct uftdi_latency *ul)
{

	mutex_enter(&ul->ul_lock);
	ul->ul_on = false;
	mutex_exit(&ul->ul_lock);
	callout_halt(&ul->ul_idle, NULL);
	usb_rem_task_wait(ul->ul_udev, &ul->ul_task, USB_TASKQ_DRIVER, NULL);
}

void
uftdi_latency_traffic(struct uftdi_latency *ul, u_int ms)
{
	u_int until = getticks() + (u_int)mstohz((int)ms);

	mutex_enter(&ul->ul_lock);
	/* After weeks of silence the old one may seem to be the later. */
	if (ul->ul_want != ul->ul_short || (int)(until - ul->ul_until) > 0)
		ul->ul_until = until;
	if (ul->ul_on && ul->ul_want != ul->ul_short) {
		uftdi_latency_want(ul, ul->ul_short);
		if (!callout_pending(&ul->ul_idle))
			callout_schedule(&ul->ul_idle,
			    mstohz(UFTDI_INPUT_MS));
	}
	mutex_exit(&ul->ul_lock);
}
