/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usbdivar.h - the objects behind usbdi.h, for src/kernel/{usbdi,bus}.
 *
 * A driver may read ud_vendor, ud_product (as uftdi does) and ud_bus; everything
 * else here is private, and its contract is in src/kernel/usbdi/usbdi.c.
 *
 * One lock per device, ud_lock, guards all fields marked (l): it is taken
 * in callbacks' reach, so nothing sleeps under it but the condition
 * variables that go with it.  Lock order: a driver's locks -> ud_lock ->
 * the runtime's (callouts).  Fields without a mark are constant between
 * creation and destruction; (c) changes only while a configuration is set,
 * when no driver is attached or only the one that sets it.
 */
#ifndef _DEV_USB_USBDIVAR_H_
#define	_DEV_USB_USBDIVAR_H_

#include <sys/callout.h>
#include <sys/condvar.h>
#include <sys/device.h>
#include <sys/mutex.h>
#include <sys/queue.h>

#include <dev/usb/usb.h>
#include <dev/usb/usbdi.h>

struct hyp_usb;
struct hyp_usbx;
struct lwp;
struct udesc;
struct udesc_alt;
struct udesc_conf;

struct usbd_endpoint {
	usb_endpoint_descriptor_t *ue_edesc;
	int		 ue_refcnt;	/* (l) open pipes */
	bool		 ue_exclusive;	/* (l) the one pipe wants no other */
};

enum usbd_claim { UI_FREE, UI_CLAIMING, UI_CLAIMED };

struct usbd_interface {
	struct usbd_device *ui_dev;
	int		 ui_index;
	int		 ui_altindex;		/* (c) */
	const struct udesc_alt *ui_alt;		/* (c) */
	usb_interface_descriptor_t *ui_idesc;	/* (c) */
	struct usbd_endpoint *ui_endpoints;	/* (c) bNumEndpoints of them */
	enum usbd_claim	 ui_claim;		/* (l) */
	bool		 ui_taken;		/* bus: has a driver */
};

/* What a driver may ask of its device's bus. */
#define	USBREV_UNKNOWN	0
#define	USBREV_PRE_1_0	1
#define	USBREV_1_0	2
#define	USBREV_1_1	3
#define	USBREV_2_0	4
#define	USBREV_3_0	5

struct usbd_bus {
	int		 ub_busnum;	/* the host's */
	int		 ub_revision;	/* as the device's speed needs */
	char		 ub_usepolling;	/* is 0 */
};

struct usbd_device {
	struct hyp_usb	*ud_hyp;	/* NULL: descriptors only */
	char		*ud_path;	/* place, for messages: "1-1.4" */
	struct usbd_bus	*ud_bus;	/* of its own: the host has the buses */
	struct usbd_bus	 ud_ownbus;
	bool		 ud_mute;	/* atomic: usbd_mute */
	uint8_t		 ud_addr;
	uint8_t		 ud_speed;
	char		*ud_vendor;	/* printable; "" if unknown */
	char		*ud_product;
	char		*ud_serial;
	usb_device_descriptor_t ud_ddesc;
	const struct usbd_quirks *ud_quirks;
	struct udesc	*ud_desc;	/* everything, parsed */

	const struct udesc_conf *ud_conf;	/* (c) NULL: unconfigured */
	usb_config_descriptor_t *ud_cdesc;	/* (c) */
	uint8_t		 ud_config;		/* (c) its value */
	struct usbd_interface *ud_ifaces;	/* (c) */
	int		 ud_nifaces;		/* (c) */

	kmutex_t	 ud_lock;
	kcondvar_t	 ud_cv;		/* claims, tasks */
	bool		 ud_dying;	/* (l) the hardware is gone */
	bool		 ud_nodev;	/* (l) the host has said so */
	void		(*ud_gone)(void *); /* told when we notice first */
	void		*ud_gonearg;
	struct usbd_pipe *ud_pipe0;
	LIST_HEAD(, usbd_pipe) ud_pipes; /* (l) pipe 0 included */
	u_int		 ud_nxfers;	/* (l) that exist */
	u_int		 ud_nlost;	/* (l) transfers never given back */

	TAILQ_HEAD(, usb_task) ud_tasks; /* (l) */
	struct usb_task	*ud_curtask;	/* (l) */
	bool		 ud_taskthread;	/* (l) there is a thread */
	callout_t	 ud_taskco;	/* tries again to make one */

	u_int		 ud_nchildren;	/* (l) admitted, see usbd_admit */
	bool		 ud_refused;	/* (l) that has been logged */
	bool		 ud_isoc;	/* (l) same: see usbd_say_isoc */

	struct usbd_line ud_line;	/* (l) what the configuration says, */
	u_int		 ud_semantics;	/* atomic: and how it closes */

	/* src/kernel/bus: the drivers; entries and count (l) */
	device_t	*ud_subdevs;
	size_t		 ud_subdevs_size;
	int		 ud_nsubdevs;
};

/*
 * How many transfers usbd_open_pipe_intr keeps with the host: one that it can
 * begin at the next interval while the last one is still on its way to the
 * callback, or every other interval would be missed by us.
 */
#define	USBD_INTR_XFERS	2

struct usbd_pipe {
	struct usbd_device *up_dev;
	struct usbd_interface *up_iface; /* NULL: pipe 0 */
	struct usbd_endpoint *up_endpoint;
	uint8_t		 up_addr;	/* bEndpointAddress */
	uint8_t		 up_type;	/* UE_CONTROL, ... */
	bool		 up_mpsafe;
	bool		 up_suspended;	/* (l) */
	u_int		 up_aborting;	/* (l) threads in usbd_abort_pipe */
	u_int		 up_errs;	/* (l) failures in a row */
	bool		 up_pausing;	/* (l) after too many: nothing starts */
	bool		 up_closing;	/* (l) */
	callout_t	 up_callout;	/* ends the pause */
	TAILQ_HEAD(usbd_xfer_queue, usbd_xfer) up_queue; /* (l) accepted, in
					   order */
	struct lwp	*up_runner;	/* (l) who runs callbacks */
	bool		 up_more;	/* its: another one follows */
	kcondvar_t	 up_cv;		/* queue empty and no runner */
	struct usbd_xfer *up_intrxfer[USBD_INTR_XFERS]; /* of
					   usbd_open_pipe_intr, or NULL */
	struct usb_task	 up_stalltask;
	uint64_t	 up_owner[2];	/* const: who has opened it */
	LIST_ENTRY(usbd_pipe) up_list;	/* (l) */
};

/*
 * ux_state, under ud_lock.  On up_queue in all states but UX_IDLE.
 *
 *	            usbd_transfer              done
 *	  UX_IDLE ----------------> UX_BUSY ----------> UX_DONE --> UX_IDLE,
 *	     |                       |   ^               ^  ^  ^    callback
 *	     | pipe pauses           |   | pause over    |  |  |
 *	     +------> UX_PAUSED -----|---+               |  |  |
 *	                   |         | timeout, abort,   |  |  |
 *	                   |         | device gone       |  |  |
 *	                   |         v           done    |  |  |
 *	                   |     UX_CANCEL --------------+  |  |
 *	                   |         | USBD_GRACE is over   |  |
 *	                   |         v                      |  |
 *	                   |     UX_ABANDON ----------------+  |
 *	                   +-----------------------------------+
 */
enum usbd_xstate {
	UX_IDLE,	/* the driver's */
	UX_PAUSED,	/* accepted, waits for the end of the pipe's pause */
	UX_BUSY,	/* with the host, no verdict yet */
	UX_CANCEL,	/* with the host, ux_verdict is final, grace runs */
	UX_ABANDON,	/* being taken from the host by force */
	UX_DONE		/* ux_status is final; waits for its turn */
};

struct usbd_xfer {
	struct usbd_device *ux_dev;
	struct usbd_pipe *ux_pipe;
	void		*ux_priv;
	void		*ux_buffer;	/* where the data is or goes */
	uint32_t	 ux_length;
	uint32_t	 ux_actlen;
	uint16_t	 ux_flags;
	uint32_t	 ux_timeout;	/* ms */
	usbd_status	 ux_status;
	usbd_callback	 ux_callback;
	usb_device_request_t ux_request;

	enum usbd_xstate ux_state;	/* (l) */
	usbd_status	 ux_verdict;	/* (l) in UX_CANCEL, UX_ABANDON */
	bool		 ux_intr;	/* one of up_intrxfer: what comes is
					   in ux_buf until the callback */
	bool		 ux_over;	/* (l) a synchronous wait may end */
	kcondvar_t	 ux_cv;		/* the same */
	callout_t	 ux_callout;	/* timeout, then grace */
	void		*ux_buf;	/* ours, what usbd_get_buffer gives */
	size_t		 ux_bufsize;
	struct hyp_usbx	*ux_hyp;	/* (l) NULL after UX_ABANDON */
	void		*ux_hypbuf;	/* (l) the host's buffer */
	TAILQ_ENTRY(usbd_xfer) ux_next;	/* (l) */
};

#endif /* _DEV_USB_USBDIVAR_H_ */
