/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usbdi.h - usbdi(9): what a USB driver calls.
 *
 * All four objects are opaque to drivers:
 *
 *	usbd_device	one plugged-in device; outlives its drivers
 *	usbd_interface	one interface of its present configuration; as long
 *			as the configuration
 *	usbd_pipe	an opened endpoint, from usbd_open_pipe to
 *			usbd_close_pipe
 *	usbd_xfer	one transfer with a buffer, from usbd_create_xfer to
 *			usbd_destroy_xfer, used any number of times between
 *
 *	function			driver's lock	may sleep
 *	--------			-------------	---------
 *	usbd_transfer			any		no
 *	usbd_setup_xfer, _get_*		any		no
 *	usbd_pipe_more			any; callbacks	no
 *	usbd_clear_endpoint_stall_async	any		no
 *	usbd_cancel_xfer		any		no
 *	usb_add_task			any		no
 *	usbd_open_pipe*, _close_pipe	none		yes
 *	usbd_abort_pipe, _suspend_pipe	none		yes, for callbacks
 *	usbd_create_xfer, _destroy_xfer	none		yes
 *	everything that does a request	none		yes
 *
 * A callback runs on the device's event thread, with no usbdi lock held;
 * under the kernel lock unless the pipe was opened USBD_MPSAFE.  Callbacks of
 * one pipe run one at a time, in the order of usbd_transfer.  A callback may
 * call what the table says never sleeps.
 */
#ifndef _DEV_USB_USBDI_H_
#define	_DEV_USB_USBDI_H_

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/condvar.h>
#include <sys/device.h>
#include <sys/mutex.h>

#include <dev/usb/usb.h>

struct usbd_device;
struct usbd_interface;
struct usbd_pipe;
struct usbd_xfer;

/* The names of before 2016 for pointers to them. */
typedef struct usbd_device	*usbd_device_handle;
typedef struct usbd_interface	*usbd_interface_handle;
typedef struct usbd_pipe	*usbd_pipe_handle;
typedef struct usbd_xfer	*usbd_xfer_handle;
typedef void			*usbd_private_handle;

typedef enum {
	USBD_NORMAL_COMPLETION = 0,	/* must be 0 */
	USBD_IN_PROGRESS,
	/* errors */
	USBD_PENDING_REQUESTS,
	USBD_NOT_STARTED,
	USBD_INVAL,
	USBD_NOMEM,
	USBD_CANCELLED,
	USBD_BAD_ADDRESS,
	USBD_IN_USE,
	USBD_NO_ADDR,
	USBD_SET_ADDR_FAILED,
	USBD_NO_POWER,
	USBD_TOO_DEEP,
	USBD_IOERROR,
	USBD_NOT_CONFIGURED,
	USBD_TIMEOUT,
	USBD_SHORT_XFER,
	USBD_STALLED,
	USBD_INTERRUPTED,

	USBD_ERROR_MAX			/* must be last */
} usbd_status;

typedef void (*usbd_callback)(struct usbd_xfer *, void *, usbd_status);

/* Flags of usbd_open_pipe */
#define	USBD_EXCLUSIVE_USE	0x01
#define	USBD_MPSAFE		0x80

/* Flags of usbd_setup_xfer */
#define	USBD_NO_COPY		0x01	/* accepted, no effect */
#define	USBD_SYNCHRONOUS	0x02	/* usbd_transfer waits */
/* USBD_SHORT_XFER_OK 0x04 is in usb.h */
#define	USBD_FORCE_SHORT_XFER	0x08	/* end full packets with an empty one */
#define	USBD_SYNCHRONOUS_SIG	0x10	/* the wait can be interrupted */

/* Timeouts, in milliseconds */
#define	USBD_NO_TIMEOUT		0
#define	USBD_DEFAULT_TIMEOUT	5000
#define	USBD_CONFIG_TIMEOUT	(3 * USBD_DEFAULT_TIMEOUT)

#define	USBD_DEFAULT_INTERVAL	(-1)

/*
 * Pipes.
 */
usbd_status usbd_open_pipe(struct usbd_interface *, uint8_t, uint8_t,
	    struct usbd_pipe **);
usbd_status usbd_open_pipe_intr(struct usbd_interface *, uint8_t, uint8_t,
	    struct usbd_pipe **, void *, void *, uint32_t, usbd_callback,
	    int);
void	usbd_close_pipe(struct usbd_pipe *);
void	usbd_abort_pipe(struct usbd_pipe *);
void	usbd_abort_default_pipe(struct usbd_device *);
void	usbd_suspend_pipe(struct usbd_pipe *);
void	usbd_resume_pipe(struct usbd_pipe *);
usbd_status usbd_clear_endpoint_stall(struct usbd_pipe *);
void	usbd_clear_endpoint_stall_async(struct usbd_pipe *);
void	usbd_clear_endpoint_toggle(struct usbd_pipe *);
struct usbd_device *usbd_pipe2device_handle(struct usbd_pipe *);

/*
 * Transfers.
 */
int	usbd_create_xfer(struct usbd_pipe *, size_t, unsigned int,
	    unsigned int, struct usbd_xfer **);
void	usbd_destroy_xfer(struct usbd_xfer *);
void	usbd_setup_xfer(struct usbd_xfer *, void *, void *, uint32_t,
	    uint16_t, uint32_t, usbd_callback);
void	usbd_setup_isoc_xfer(struct usbd_xfer *, void *, uint16_t *, uint32_t,
	    uint16_t, usbd_callback);
void	usbd_setup_default_xfer(struct usbd_xfer *, struct usbd_device *,
	    void *, uint32_t, usb_device_request_t *, void *, uint32_t,
	    uint16_t, usbd_callback);
usbd_status usbd_transfer(struct usbd_xfer *);
usbd_status usbd_sync_transfer(struct usbd_xfer *);
usbd_status usbd_sync_transfer_sig(struct usbd_xfer *);
void	usbd_cancel_xfer(struct usbd_xfer *);
/* An addition: in a callback, does another one of the pipe follow at once? */
bool	usbd_pipe_more(const struct usbd_pipe *);
void	usbd_get_xfer_status(struct usbd_xfer *, void **, void **,
	    uint32_t *, usbd_status *);
void	*usbd_get_buffer(struct usbd_xfer *);
struct usbd_pipe *usbd_get_pipe0(struct usbd_device *);

/*
 * usbd_set_polling(dev, on), usbd_dopoll(iface)
 *
 *	For a console, which waits for a callback where nobody sleeps.  Here
 *	callbacks have a thread of their own: the first does nothing, and the
 *	second gives them a millisecond.  It sleeps: not from a callback, and
 *	without the locks that the callback takes.
 */
void	usbd_set_polling(struct usbd_device *, int);
void	usbd_dopoll(struct usbd_interface *);

usbd_status usbd_do_request(struct usbd_device *, usb_device_request_t *,
	    void *);
usbd_status usbd_do_request_flags(struct usbd_device *,
	    usb_device_request_t *, void *, uint16_t, int *, uint32_t);
usbd_status usbd_request_async(struct usbd_device *, struct usbd_xfer *,
	    usb_device_request_t *, void *, usbd_callback);

/*
 * Devices, configurations, interfaces, endpoints.
 */
usbd_status usbd_set_config_index(struct usbd_device *, int, int);
usbd_status usbd_set_config_no(struct usbd_device *, int, int);
usbd_status usbd_device2interface_handle(struct usbd_device *, uint8_t,
	    struct usbd_interface **);
void	usbd_interface2device_handle(struct usbd_interface *,
	    struct usbd_device **);
usbd_status usbd_interface_count(struct usbd_device *, uint8_t *);
usbd_status usbd_endpoint_count(struct usbd_interface *, uint8_t *);
usbd_status usbd_set_interface(struct usbd_interface *, int);
int	usbd_get_interface_altindex(struct usbd_interface *);
usbd_status usbd_get_interface(struct usbd_interface *, uint8_t *);

usb_device_descriptor_t *usbd_get_device_descriptor(struct usbd_device *);
usb_config_descriptor_t *usbd_get_config_descriptor(struct usbd_device *);
usb_interface_descriptor_t *
	usbd_get_interface_descriptor(struct usbd_interface *);
usb_endpoint_descriptor_t *
	usbd_interface2endpoint_descriptor(struct usbd_interface *, uint8_t);
usb_endpoint_descriptor_t *
	usbd_get_endpoint_descriptor(struct usbd_interface *, uint8_t);
int	usbd_get_no_alts(usb_config_descriptor_t *, int);
usb_interface_descriptor_t *
	usbd_find_idesc(usb_config_descriptor_t *, int, int);
usb_endpoint_descriptor_t *
	usbd_find_edesc(usb_config_descriptor_t *, int, int, int);

usbd_status usbd_get_string(struct usbd_device *, int, char *);
usbd_status usbd_get_string0(struct usbd_device *, int, char *, int);

/* sizeof the buffer of usbd_devinfo and usbd_get_string */
#define	DEVINFOSIZE	1024
void	usbd_devinfo(struct usbd_device *, int, char *, size_t);
char	*usbd_devinfo_alloc(struct usbd_device *, int);
void	usbd_devinfo_free(char *);
void	usbd_devinfo_vp(struct usbd_device *, char *, size_t, char *, size_t,
	    int, int);
int	usbd_printBCD(char *, size_t, int);
void	usbd_fill_deviceinfo(struct usbd_device *, struct usb_device_info *,
	    int);

const struct usbd_quirks *usbd_get_quirks(struct usbd_device *);
const char *usbd_errstr(usbd_status);

/*
 * Walking the descriptors of the present configuration.
 */
typedef struct {
	const uByte	*cur;
	const uByte	*end;
} usbd_desc_iter_t;

void	usb_desc_iter_init(struct usbd_device *, usbd_desc_iter_t *);
const usb_descriptor_t *usb_desc_iter_peek(usbd_desc_iter_t *);
const usb_descriptor_t *usb_desc_iter_next(usbd_desc_iter_t *);
const usb_interface_descriptor_t *
	usb_desc_iter_next_interface(usbd_desc_iter_t *);
const usb_descriptor_t *
	usb_desc_iter_next_non_interface(usbd_desc_iter_t *);

/*
 * Tables of vendor and product ids.  A driver's own table has usb_devno
 * first in its entries; usb_lookup gives NULL or the entry.
 */
struct usb_devno {
	uint16_t	ud_vendor;
	uint16_t	ud_product;
};
const struct usb_devno *usb_match_device(const struct usb_devno *, u_int,
	    u_int, uint16_t, uint16_t);
#define	usb_lookup(tbl, vendor, product)				\
	usb_match_device((const struct usb_devno *)(const void *)(tbl),	\
	    sizeof(tbl) / sizeof((tbl)[0]), sizeof((tbl)[0]), (vendor),	\
	    (product))
#define	USB_PRODUCT_ANY		0xffff

/*
 * Tasks: work that must sleep, handed on by a callback.  They run on a
 * thread of the device that exists while there is work, under the kernel
 * lock unless initialised with USB_TASKQ_MPSAFE.
 */
struct usb_task {
	TAILQ_ENTRY(usb_task)	 next;
	void			(*fun)(void *);
	void			*arg;
	unsigned		 queue;	/* USB_NUM_TASKQS: on none; device lock */
	unsigned		 flags;
};
#define	USB_TASKQ_HC		0
#define	USB_TASKQ_DRIVER	1
#define	USB_NUM_TASKQS		2
#define	USB_TASKQ_NAMES		{ "usbtask-hc", "usbtask-dr" }
#define	USB_TASKQ_MPSAFE	0x80

#define	usb_init_task(t, f, a, fl)					\
	((t)->fun = (f), (t)->arg = (a), (t)->queue = USB_NUM_TASKQS,	\
	    (t)->flags = (fl))
void	usb_add_task(struct usbd_device *, struct usb_task *, int);
void	usb_rem_task(struct usbd_device *, struct usb_task *);
bool	usb_rem_task_wait(struct usbd_device *, struct usb_task *, int,
	    kmutex_t *);
bool	usb_task_pending(struct usbd_device *, struct usb_task *);

/*
 * Attachment: what a match or attach function gets.
 */
struct usb_attach_arg {			/* "usbdevif": a whole device */
	int			 uaa_port;
	int			 uaa_vendor;
	int			 uaa_product;
	int			 uaa_release;
	struct usbd_device	*uaa_device;
	int			 uaa_class, uaa_subclass, uaa_proto;
	int			 uaa_usegeneric;
};

struct usbif_attach_arg {		/* "usbifif": an interface */
	int			 uiaa_port;
	int			 uiaa_configno;
	int			 uiaa_ifaceno;
	int			 uiaa_vendor;
	int			 uiaa_product;
	int			 uiaa_release;
	struct usbd_device	*uiaa_device;
	struct usbd_interface	*uiaa_iface;
	int			 uiaa_class, uiaa_subclass, uiaa_proto;

	/* Interfaces that nobody has yet; a driver takes one besides its own
	   by setting its entry to NULL. */
	struct usbd_interface  **uiaa_ifaces;
	int			 uiaa_nifaces;

	/* An addition: a match function may say which chip it is, as far as
	   that is known without asking it; a constant. */
	const char		*uiaa_chip;
};

#define	USBDEVIFCF_PORT			0
#define	USBDEVIFCF_PORT_DEFAULT		(-1)
#define	USBIFIFCF_PORT			0
#define	USBIFIFCF_CONFIGURATION		1
#define	USBIFIFCF_INTERFACE		2
#define	USBIFIFCF_VENDOR		3
#define	USBIFIFCF_PRODUCT		4
#define	USBIFIFCF_RELEASE		5
#define	USBIFIFCF_NLOCS			6

/* What a match function returns: the better, the higher. */
#define	UMATCH_HIGHEST					15
#define	UMATCH_VENDOR_PRODUCT_REV			14
#define	UMATCH_VENDOR_PRODUCT				13
#define	UMATCH_VENDOR_DEVCLASS_DEVPROTO			12
#define	UMATCH_DEVCLASS_DEVSUBCLASS_DEVPROTO		11
#define	UMATCH_DEVCLASS_DEVSUBCLASS			10
#define	UMATCH_VENDOR_PRODUCT_REV_CONF_IFACE		9
#define	UMATCH_VENDOR_PRODUCT_CONF_IFACE		8
#define	UMATCH_VENDOR_IFACESUBCLASS_IFACEPROTO		7
#define	UMATCH_VENDOR_IFACESUBCLASS			6
#define	UMATCH_IFACECLASS_IFACESUBCLASS_IFACEPROTO	5
#define	UMATCH_IFACECLASS_IFACESUBCLASS			4
#define	UMATCH_IFACECLASS				3
#define	UMATCH_IFACECLASS_GENERIC			2
#define	UMATCH_GENERIC					1
#define	UMATCH_NONE					0

/* Events of usb(4); nobody listens here. */
#define	USB_EVENT_CTRLR_ATTACH	1
#define	USB_EVENT_CTRLR_DETACH	2
#define	USB_EVENT_DEVICE_ATTACH	3
#define	USB_EVENT_DEVICE_DETACH	4
#define	USB_EVENT_DRIVER_ATTACH	5
#define	USB_EVENT_DRIVER_DETACH	6
void	usbd_add_drv_event(int, struct usbd_device *, device_t);

/* Not NetBSD's: how many children one device may have, over all interfaces,
   where it says itself how many; each gets nodes. */
#define	USBD_MAX_CHILDREN	128
bool	usbd_admit(struct usbd_device *, u_int);

/*
 * usbd_get_line(dev, &line)
 *
 *	An addition: what the configuration says of the serial lines of this
 *	device, for the driver of a line to begin with at each first open.
 *	Members of 0 say nothing.  Takes ud_lock; does not sleep.
 */
struct usbd_line {
	uint32_t	 ul_speed;	/* Bd */
	uint8_t		 ul_bits;	/* 5 to 8; with it: */
	uint8_t		 ul_parity;	/* 'N' 'E' 'O' 'M' 'S' */
	uint8_t		 ul_stop;	/* 1 or 2 */
	uint8_t		 ul_flow;	/* USBD_FLOW_* */
	uint8_t		 ul_dtr;	/* USBD_PIN_*: what becomes of it */
	uint8_t		 ul_rts;	/* at a first open; same */
	uint8_t		 ul_latency;	/* ms that a chip may keep input */
	uint8_t		 ul_hupcl;	/* USBD_PIN_ON, _OFF */
	uint8_t		 ul_clocal;	/* same */
};
#define	USBD_FLOW_NONE		1
#define	USBD_FLOW_RTSCTS	2
#define	USBD_FLOW_XONXOFF	3
#define	USBD_PIN_ON		1
#define	USBD_PIN_OFF		2
#define	USBD_PIN_KEEP		3	/* not moved, at a last close either */
void	usbd_get_line(struct usbd_device *, struct usbd_line *);

/*
 * usbd_state_put(dev, name, data, len)
 * yes = usbd_state_get(dev, name, data, len)
 *
 *	Additions: what a driver instance (device_xname) wants to know again if
 *	the daemon is killed and another one attaches the same plugging of
 *	the device: USBD_STATE_MAX bytes at most.  The last that was put counts;
 *	len 0: nothing any more, as a detach says.  Get, in attach: is there
 *	something of that length?  It may have been damaged: it is judged by who
 *	has put it.  Locks may be held; neither sleeps.
 */
#define	USBD_STATE_MAX	224
void	usbd_state_put(struct usbd_device *, const char *, const void *, size_t);
bool	usbd_state_get(struct usbd_device *, const char *, void *, size_t);

/*
 * usbd_mute(dev, on)
 *
 *	An addition: the process before this one has left the device in the state
 *	that a driver is about to bring it to.  While it is muted requests to the
 *	device (bmRequestType without UT_READ) succeed and are not sent; others
 *	are.  The driver's open; does not sleep.
 */
void	usbd_mute(struct usbd_device *, bool);

/*
 * error = usbd_park_put(name, data, len)
 * len = usbd_park_get(name, data, max)
 * plugging = usbd_plugging(dev)
 *
 *	Additions: what a driver instance that is open says to the process that
 *	goes on with it, from its ca_activate (config_park); and there in attach:
 *	copies it, if it is not more than max, and says how long it is, 0:
 *	nothing.  It may have been damaged.  plugging is a number that another
 *	device in this place has not.  Locks may be held; does not sleep.
 *	ENOMEM.
 */
int	usbd_park_put(const char *, const void *, size_t);
size_t	usbd_park_get(const char *, void *, size_t);
uint64_t usbd_plugging(const struct usbd_device *);

#endif /* _DEV_USB_USBDI_H_ */
