/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usbvar.h - the USB back end on libusb: its model and private structures.
 *
 *	hyp_usb_libusb.c	devices: open, close, descriptors, claim
 *	hyp_usbx_libusb.c	transfers: submit, cancel, free, completion
 *	usb_event.c		the event thread of a device
 *	usb_reaper.c		cancelling and closing, and the thread for it
 *	usb_claims.c		claimed interfaces, and what a crash does
 *
 * Why it is built this way (facts of usbfs and libusb 1.0.26)
 *	1. USBDEVFS_DISCARDURB, which is libusb_cancel_transfer, waits
 *	   uninterruptibly until the host controller gives the URB back, and
 *	   the kernel holds the lock of the *device* all the while.  Every
 *	   other usbfs request for the device, submit, reap, claim, open of
 *	   its node, then waits too.  With a controller that never answers
 *	   this is for ever.
 *	2. So only the reaper cancels, a thread that a device has while there
 *	   is something to cancel; and while it does (or while another request
 *	   with the device lock is under way) nobody else enters usbfs with a K
 *	   lock held: a submit is put on a queue, and who opens the gate again
 *	   submits it.  At the end, when K hears nothing of the device any
 *	   more, the event thread is the reaper: at most one of the two is.
 *	3. libusb has one lock for all flying transfers of a context, and
 *	   calls back with others held.  So every device has a context of its
 *	   own, and the callback only moves the transfer to a queue; done is
 *	   called when libusb_handle_events has returned.
 *	4. libusb never calls back for a transfer that is in flight when its
 *	   handle is closed.  So nothing is closed before all are back, and
 *	   if that is never, it stays open: a zombie, with its event thread.
 *	5. libusb enumerates all devices of the machine at init, and parses
 *	   their descriptors with known bugs.  LIBUSB_OPTION_NO_DEVICE_
 *	   DISCOVERY and libusb_wrap_sys_device avoid the first; of parsing
 *	   only the walk over configuration headers is left, which checks
 *	   its lengths.  The interface parser runs only when a configuration
 *	   is asked for, which is never done here.
 *	6. After an unplug usbfs reports POLLHUP at once and POLLERR only when
 *	   the kernel has killed the URBs; with a level-triggered poll,
 *	   libusb's own, the event thread would spin in between, for ever if
 *	   a URB is stuck.  The event thread therefore waits in an epoll of
 *	   its own, which it makes edge-triggered when it sees POLLHUP.
 *
 * A transfer (struct hyp_usbx)
 *
 *	IDLE --submit--> FLYING --libusb's callback--> DONE --done()--> IDLE
 *	 |                 ^                             ^
 *	 +--submit--> QUEUED --gate opens, submit failed-+
 *	              |                                  |
 *	              +--cancel--------------------------+
 *
 *	hx_cancel	on hd_cancelq: the reaper shall cancel it.  Only in
 *			FLYING.
 *	hx_reaping	the reaper is in libusb_cancel_transfer for it.  It
 *			may become DONE and IDLE meanwhile, but not FLYING,
 *			since the gate is shut; and it is not freed.
 *	hx_dying	hyp_usbx_free was called: no further submit, and
 *			done is not called any more.
 *	hx_orphan	hyp_usbx_free has let go of it: whoever finds it
 *			IDLE, not reaping and not in done frees it.
 *	hx_zombie	counted by hyp_usb_zombies: FLYING, and freed or its
 *			device closing.
 *
 *	The wrong-generation cancel, which the gate rules out:
 *
 *		reaper				event thread
 *		takes x off hd_cancelq
 *						x comes back by itself
 *						done(x) submits x again:
 *						queued, the gate is shut
 *		libusb_cancel_transfer(x):
 *		not in flight, no effect
 *		opens the gate, submits x
 *
 * A device (struct hyp_usb)
 *	open -> closing (hyp_usb_close was called; no up-call any more) ->
 *	closed (no reaper, handle closed, fd closed).  The memory is freed
 *	with the last reference: one of the open device, which the event
 *	thread drops at closed, its last act, and one of each transfer,
 *	dropped when it is freed.
 *	hd_gone (the hardware left) is independent of that.
 *
 * The gate
 *	hd_excl is set by the one thread that has usbfs for itself, after
 *	hd_nsubmit, the number of threads inside libusb_submit_transfer, has
 *	fallen to 0.  The reaper waits for the gate without bound, K threads
 *	(claim, set_alt, ...) for USB_GATE_WAIT.
 *
 * Locks
 *	hd_mtx	protects everything of a device and of its transfers that is
 *		marked (m).  Never held across libusb, an ioctl or an
 *		up-call.  K locks may be held when it is taken, never the
 *		reverse.
 *	usb_mtx	(usb_reaper.c) the list of devices that are closing.  Taken
 *		alone.
 *	libusb's own locks are below both: they are taken in submit with K
 *	locks held, and no up-call is made with one of them held.
 *
 * Who waits for whom
 *	submit, cancel, free: nobody (free: for a running done).
 *	close: for a running up-call; then USB_CLOSE_WAIT for the event thread.
 *	open: USB_OPEN_WAIT for the one that has the device still.
 *	reaper: hardware.  event thread: hardware, K's done; when closing the
 *	reaper, too.
 *	Nobody waits for a thread of another device.
 *
 * Known gaps
 *	While the reaper is stuck, a transfer that comes back lets the event
 *	thread wait for the same lock, when it reaps; what is on hd_doneq then
 *	waits with it.  So K bounds its own waits, and close needs neither.
 *	Another program's request on the same device (a control transfer of
 *	lsusb -v is harmless, USBDEVFS_RESET is not) can hold the device lock,
 *	and then a submit with a K lock held waits for it.
 *	A process with a thread stuck in fact 1 cannot exit, not even by
 *	SIGKILL, until the hardware answers or is unplugged.
 */
#ifndef HOST_USBVAR_H
#define HOST_USBVAR_H

#include <sys/queue.h>

#include <libusb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

#include "hyp/hyp.h"
#include "hyp/hyp_usb.h"

#define	MSEC			UINT64_C(1000000)
#define	USB_CLOSE_WAIT		(300 * MSEC)
#define	USB_GATE_WAIT		(5000 * MSEC)
#define	USB_OPEN_WAIT		(5000 * MSEC)
#define	USB_REAPER_IDLE		(2000 * MSEC)
#define	USB_REAPER_RETRY	1000	/* ms */
#define	USB_MAX_LINGERING	8	/* closed devices that are stuck */
#define	USB_MAX_INTERFACES	32	/* usbfs has no more */

enum usbx_state {
	USBX_IDLE,
	USBX_QUEUED,
	USBX_FLYING,
	USBX_DONE,
};

/* (m) hd_mtx of its device; (c) constant; (f) owned by libusb in FLYING,
   by the event thread in DONE. */
struct hyp_usbx {
	struct hyp_usb		*hx_dev;	/* (c) */
	struct libusb_transfer	*hx_xfer;	/* (f); NULL when closed */
	unsigned char		*hx_mem;	/* (c) setup, then data */
	size_t			 hx_size;	/* (c) of the data */
	int			 hx_type;	/* (c) HYP_USB_* */
	hyp_usb_done_t		*hx_done;	/* (c) */
	void			*hx_cookie;	/* (c) */

	enum usbx_state		 hx_state;	/* (m) */
	int			 hx_cancel;	/* (m) */
	int			 hx_reaping;	/* (m) */
	int			 hx_dying;	/* (m) */
	int			 hx_orphan;	/* (m) */
	int			 hx_zombie;	/* (m) */
	int			 hx_status;	/* (m) HYP_USB_OK, ... in DONE */
	uint32_t		 hx_actlen;	/* (m) */
	TAILQ_ENTRY(hyp_usbx)	 hx_entry;	/* (m) hd_all */
	TAILQ_ENTRY(hyp_usbx)	 hx_qentry;	/* (m) hd_submitq, hd_doneq */
	TAILQ_ENTRY(hyp_usbx)	 hx_centry;	/* (m) hd_cancelq */
};
TAILQ_HEAD(usbx_head, hyp_usbx);

/* (m) hd_mtx; (c) constant from open to closed; (e) event thread; (u)
   usb_mtx. */
struct hyp_usb {
	pthread_mutex_t		 hd_mtx;
	pthread_cond_t		 hd_cv;		/* (m) CLOCK_MONOTONIC */
	unsigned		 hd_refs;	/* (m) */

	uint32_t		 hd_bus;	/* (c) */
	uint32_t		 hd_addr;	/* (c) */
	void			*hd_cookie;	/* (c) */
	int			 hd_fd;		/* (c) usbfs */
	int			 hd_epfd;	/* (c) */
	int			 hd_evfd;	/* (c) wakes the event thread */
	libusb_context		*hd_ctx;	/* (c) */
	libusb_device_handle	*hd_handle;	/* (c) */

	int			 hd_closing;	/* (m) */
	int			 hd_closed;	/* (m) */
	int			 hd_gone;	/* (m) */
	int			 hd_gonetold;	/* (e) */
	int			 hd_more;	/* (e) see hyp_usbx_more */
	int			 hd_edge;	/* (e) epoll is edge-triggered */
	int			 hd_err;	/* (e) POLLERR, or libusb failed */
	int			 hd_retry;	/* (e) no thread for a reaper */
	int			 hd_reaper;	/* (m) there is one, or soon */

	int			 hd_excl;	/* (m) the gate is shut */
	unsigned		 hd_nsubmit;	/* (m) */
	unsigned		 hd_nflying;	/* (m) */
	int			 hd_upcall;	/* (m) in done or gone ... */
	struct hyp_usbx		*hd_running;	/* (m) ... in done of this */
	uint32_t		 hd_claimed;	/* (m) interfaces, bits */

	struct usbx_head	 hd_all;	/* (m) */
	struct usbx_head	 hd_submitq;	/* (m) QUEUED */
	struct usbx_head	 hd_doneq;	/* (m) DONE */
	struct usbx_head	 hd_cancelq;	/* (m) hx_cancel */

	LIST_ENTRY(hyp_usb)	 hd_lingering;	/* (u) */
};

/* hyp_usb_libusb.c */

/*
 * usb_rele(dev)
 *
 *	Drop a reference; hd_mtx held, and released by this.
 */
void	usb_rele(struct hyp_usb *);

/*
 * usb_gate_shut(dev, deadline)
 * usb_gate_open(dev)
 *
 *	Have usbfs of the device for oneself, between these two.  hd_mtx
 *	held, released while it waits.  shut: deadline 0 is none.  0, or
 *	ETIMEDOUT with the gate not shut.  open: submits what has been queued
 *	meanwhile, for which hd_mtx is released.
 */
int	usb_gate_shut(struct hyp_usb *, uint64_t);
void	usb_gate_open(struct hyp_usb *);

/*
 * usb_wake_event(dev)
 *
 *	Make the event thread look at hd_doneq, hd_gone, hd_cancelq and
 *	hd_closing.
 */
void	usb_wake_event(struct hyp_usb *);

/*
 * usb_cond_wait(dev, deadline)
 *
 *	Wait for hd_cv.  ETIMEDOUT or 0.
 */
int	usb_cond_wait(struct hyp_usb *, uint64_t);

/*
 * errno = usb_error(libusberror)
 */
int	usb_error(int);

/* hyp_usbx_libusb.c; all with hd_mtx held. */

/*
 * usbx_flush(dev)
 *
 *	Submit all of hd_submitq.
 */
void	usbx_flush(struct hyp_usb *);

/*
 * usbx_deliver(dev)
 *
 *	Call done for all of hd_doneq, with hd_mtx released meanwhile.  Event
 *	thread.
 */
void	usbx_deliver(struct hyp_usb *);

/*
 * usbx_close_all(dev)
 *
 *	The device is closing: forget what is queued or done, ask for the
 *	cancel of what is flying, and count it as zombies.
 */
void	usbx_close_all(struct hyp_usb *);

/*
 * usbx_cancelq_run(dev)
 *
 *	Cancel all of hd_cancelq, with hd_mtx released meanwhile.  Reaper,
 *	gate shut.
 */
void	usbx_cancelq_run(struct hyp_usb *);

/*
 * usbx_forget_libusb(dev)
 *
 *	Free libusb's part of all transfers that are left.  Event thread,
 *	nothing in flight, before the context goes.
 */
void	usbx_forget_libusb(struct hyp_usb *);

/* usb_event.c */
void	usb_event_thread(void *);

/*
 * dev = usb_event_self()
 *
 *	The device whose event thread the caller is, or NULL.
 */
struct hyp_usb *usb_event_self(void);

/* A time of hyp_clock's for pthread_cond_timedwait(3). */
static inline struct timespec
usb_timespec(uint64_t ns)
{

	return (struct timespec){ .tv_sec = (time_t)(ns / (1000 * MSEC)),
	    .tv_nsec = (long)(ns % (1000 * MSEC)) };
}

/* usb_reaper.c */

/*
 * over = usb_reap(dev)
 *
 *	What the event thread has to do for hd_cancelq and hd_closing, before
 *	it waits again: make a reaper, or be one.  hd_mtx held, released
 *	meanwhile.  True: nothing is in flight and nobody in libusb, the gate
 *	is shut; unlock, and usb_reap_last.
 *
 * usb_reap_last(dev)
 *
 *	Give the interfaces back and close.  hd_mtx not held; dev is gone then.
 */
int	usb_reap(struct hyp_usb *);
void	usb_reap_last(struct hyp_usb *);

/*
 * error = usb_lingering_check(bus, addr)
 *
 *	EAGAIN, logged, if this very device, or USB_MAX_LINGERING others, are
 *	closed and stuck.  Waits for them, USB_OPEN_WAIT at most.
 *
 * usb_lingering_add(dev)
 */
int	usb_lingering_check(uint32_t, uint32_t);
void	usb_lingering_add(struct hyp_usb *);

/* usb_claims.c */

/*
 * error = usb_claims_add(fd, interface)
 * usb_claims_remove(fd, interface)
 *
 *	What a crash shall give back.  ENOMEM: too many.  Any thread.
 *
 * usb_claims_busy(fd, busy)
 *
 *	While busy, requests on fd may be stuck; a crash leaves it alone.
 *
 * usb_claims_who(bus, addr, interface, buf, size)
 *
 *	Text that says who uses the interface.
 */
int	usb_claims_add(int, uint8_t);
void	usb_claims_remove(int, uint8_t);
void	usb_claims_busy(int, int);
void	usb_claims_who(struct hyp_usb *, uint8_t, char *, size_t);

#endif /* HOST_USBVAR_H */
