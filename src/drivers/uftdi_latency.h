/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uftdi_latency.h - a latency timer that follows the traffic.
 *
 * A chip that keeps input back until a timer ends sends something at each of
 * its ends, and a host that sets the timer short is woken that often.  So it is
 * short while an answer is expected or bytes flow, and long when the line is
 * idle; uftdi_latency.c has the rules.
 */
#ifndef DRIVERS_UFTDI_LATENCY_H
#define DRIVERS_UFTDI_LATENCY_H

#include <sys/types.h>
#include <sys/callout.h>
#include <sys/mutex.h>

#include <dev/usb/usb.h>
#include <dev/usb/usbdi.h>

/* (c) constant after init; the others: ul_lock. */
struct uftdi_latency {
	struct usbd_device	*ul_udev;	/* (c) */
	int			(*ul_set)(void *, u_int); /* (c) */
	void			*ul_arg;	/* (c) */
	kmutex_t		 ul_lock;
	callout_t		 ul_idle;
	struct usb_task		 ul_task;
	bool			 ul_on;		/* between start and stop */
	u_int			 ul_short;	/* ms while there is traffic */
	u_int			 ul_want;	/* what the chip should have, ms */
	u_int			 ul_have;	/* what it has; 0: who knows */
	u_int			 ul_fails;	/* since start */
	u_int			 ul_until;	/* getticks(): idle then */
};

#define	UFTDI_LATENCY_IDLE_MS	16	/* the chip's own */
#define	UFTDI_INPUT_MS		1000	/* input: how long there may be more */
#define	UFTDI_OUTPUT_MS		10000	/* output: how long for an answer */

/*
 * uftdi_latency_init(ul, dev, set, arg), uftdi_latency_fini(ul)
 *
 *	In attach and detach; off at first, and off again before fini.
 *	set(arg, ms) sets the chip's timer, and is called on the device's task
 *	thread, without a lock, one at a time.  It sleeps, in bounded time.  0;
 *	EOPNOTSUPP: the chip refuses, and is not asked again; or another errno.
 */
void	uftdi_latency_init(struct uftdi_latency *, struct usbd_device *,
	    int (*)(void *, u_int), void *);
void	uftdi_latency_fini(struct uftdi_latency *);

/*
 * uftdi_latency_start(ul, ms, have)
 *
 *	From now on: ms while there is traffic, as there is at first, and
 *	UFTDI_LATENCY_IDLE_MS, unless ms is more, without.  The chip has been
 *	set to have; 0: it is not known.  It is off.  Does not sleep.
 *
 * uftdi_latency_stop(ul)
 *
 *	No request from here on; the timer stays as it is.  Sleeps until one
 *	that is going on has ended.  It may be off.
 */
void	uftdi_latency_start(struct uftdi_latency *, u_int, u_int);
void	uftdi_latency_stop(struct uftdi_latency *);

/*
 * uftdi_latency_traffic(ul, ms)
 *
 *	There is some, and for ms (UFTDI_*_MS) there may be more.  Any thread,
 *	with the locks of ucom and of the tty or without; does not sleep.
 */
void	uftdi_latency_traffic(struct uftdi_latency *, u_int);

#endif /* DRIVERS_UFTDI_LATENCY_H */
