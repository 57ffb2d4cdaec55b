/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hyp_usb.h - USB devices: usbdi and bus (K) above, libusb and udev (H)
 * below.
 *
 * One struct hyp_usb is one opened device with its own host context and
 * event thread, so that a stuck device stops nobody else.  A transfer is a
 * struct hyp_usbx; it owns its buffer, because hardware that never gives a
 * transfer back keeps the memory for ever: such a transfer is a zombie,
 * counted, and freed if it ever returns.
 *
 * Decide by your own state, not by a status: after an unplug or a cancel
 * the host may report anything.
 */
#ifndef HYP_HYP_USB_H
#define HYP_HYP_USB_H

#include <stddef.h>
#include <stdint.h>

struct hyp_usb;
struct hyp_usbx;

/*
 * What the configuration says of a device's nodes: how each first open after a
 * last close finds a serial line, and which system's ideas of close and unplug
 * it begins with.  Members of 0 say nothing.
 */
struct hyp_usb_line {
	uint32_t	 hl_speed;	/* Bd */
	uint8_t		 hl_bits;	/* 5 to 8; with it: */
	uint8_t		 hl_parity;	/* 'N' 'E' 'O' 'M' 'S' */
	uint8_t		 hl_stop;	/* 1 or 2 */
	uint8_t		 hl_flow;	/* HYP_USB_FLOW_* */
	uint8_t		 hl_dtr;	/* HYP_USB_PIN_*: what becomes of it */
	uint8_t		 hl_rts;	/* at a first open; same */
	uint8_t		 hl_latency;	/* ms that a chip may keep input */
	uint8_t		 hl_hupcl;	/* HYP_USB_PIN_ON, _OFF */
	uint8_t		 hl_clocal;	/* same */
	uint8_t		 hl_semantics;	/* HYP_SEMANTICS_* (hyp_node.h);
					   serial or not */
};
#define	HYP_USB_FLOW_NONE	1
#define	HYP_USB_FLOW_RTSCTS	2
#define	HYP_USB_FLOW_XONXOFF	3
#define	HYP_USB_PIN_ON		1
#define	HYP_USB_PIN_OFF		2
#define	HYP_USB_PIN_KEEP	3	/* not moved, at a last close either */

/*
 * Units that the configuration, or what is remembered, wants for a device's
 * drivers.  Each of the device's that attaches gets the first one that it fits
 * and that is free.  More than HYP_USB_PINS no device has.
 */
#define	HYP_USB_PINS	128		/* USBD_MAX_CHILDREN */
struct hyp_usb_pins {
	uint32_t	 hp_n;
	struct hyp_usb_pin {
		int32_t		 up_unit;
		int32_t		 up_iface;	/* at it only; -1: at any */
		int32_t		 up_part;	/* hs_part; -1: any */
		char		 up_driver[16];	/* "ucom"; "": of any that has
						   kept it */
	}		 hp_pin[HYP_USB_PINS];
};

/* Where a device is and what the operating system says of it.  Strings are
   empty when unknown, never NULL, and valid during the call only. */
struct hyp_usb_info {
	const char	*hi_path;	/* its place: "1-1.4", names the port */
	uint32_t	 hi_bus;	/* with hi_addr: this very plugging */
	uint32_t	 hi_addr;
	uint16_t	 hi_vendor;
	uint16_t	 hi_product;
	uint16_t	 hi_release;
	uint8_t		 hi_speed;	/* HYP_USB_SPEED_* */
	const char	*hi_serial;
	const char	*hi_vendorstr;
	const char	*hi_productstr;
	struct hyp_usb_line hi_line;
	struct hyp_usb_pins hi_pins;
};
#define	HYP_USB_SPEED_LOW	1
#define	HYP_USB_SPEED_FULL	2
#define	HYP_USB_SPEED_HIGH	3
#define	HYP_USB_SPEED_SUPER	4

/* How a transfer ended. */
#define	HYP_USB_OK		0
#define	HYP_USB_CANCELLED	1
#define	HYP_USB_STALL		2
#define	HYP_USB_IOERROR		3
#define	HYP_USB_NODEV		4	/* the device is gone */
#define	HYP_USB_OVERFLOW	5

/* Transfer types: USB's own bmAttributes values. */
#define	HYP_USB_CONTROL		0
#define	HYP_USB_BULK		2
#define	HYP_USB_INTR		3

/* ---- up-calls: src/kernel/bus -------------------------------------- */

/*
 * hyp_usb_arrived(info)
 *
 *	A device that the configuration claims is plugged in (udev add,
 *	coldplug or rescan).  Calls for the same hi_path, hi_bus and hi_addr
 *	may repeat, and each tries once more to attach a device that has
 *	failed; another hi_bus or hi_addr for the same hi_path means that the
 *	old device is gone, even if nobody said so.  Does not wait for the
 *	attach.  One caller at a time.
 *
 * hyp_usb_left(path)
 *
 *	The place is empty.  May repeat, may come for an unknown path.  Does
 *	not wait for the detach.  Any thread.
 */
void	hyp_usb_arrived(const struct hyp_usb_info *);
void	hyp_usb_left(const char *);

/*
 * hyp_usb_line(path, line)
 *
 *	The configuration says this of the device at the place now, which has
 *	arrived and stays.  Counts from the next first open on.  May come for
 *	an unknown path.  Does not wait.  Any thread.
 */
void	hyp_usb_line(const char *, const struct hyp_usb_line *);

/*
 * hyp_usb_gone(cookie)
 *
 *	An opened device is no longer there (NO_DEVICE from a transfer, error
 *	on its file descriptor).  cookie is hyp_usb_open's.  Event thread of
 *	the device; does not wait for the detach.  May repeat; never after
 *	hyp_usb_close was called.
 */
void	hyp_usb_gone(void *);

/*
 * name = hyp_usb_probe(info, descriptors, len, &chip)
 *
 *	Which driver would attach to this device ("uftdi"), from its raw
 *	descriptors alone, for lists; NULL if none would or if they are
 *	malformed.  *chip is what that driver says of the chip ("FT232R");
 *	NULL if there is no such driver, or it cannot tell.  Does not touch
 *	the device.
 */
const char *hyp_usb_probe(const struct hyp_usb_info *, const void *, size_t,
	    const char **);

/*
 * more = hyp_usb_driver(info, i, name)
 *
 *	The i-th of the drivers that have this very plugging, "uftdi0".  0:
 *	there are no more.  They may attach and leave between two calls.  Does
 *	not sleep.
 */
#define	HYP_USB_DRIVERNAME	16
int	hyp_usb_driver(const struct hyp_usb_info *, unsigned,
	    char [HYP_USB_DRIVERNAME]);

/* ---- up-call: src/kernel/usbdi ------------------------------------- */

/*
 * done(cookie, status, actlen)
 *
 *	The type of a transfer's completion function.  Event thread of the
 *	device, no H lock held; K locks may be taken, but nothing may sleep
 *	for long.  May resubmit and cancel, may not open or close a device.
 */
typedef void hyp_usb_done_t(void *, int, uint32_t);

/* ---- down-calls: devices ------------------------------------------- */

/*
 * error = hyp_usb_open(bus, addr, cookie, &dev)
 *
 *	Open the device that is at this bus and address now and start its
 *	event thread.  Blocks briefly, or some seconds if the device has been
 *	closed and is not back with the kernel yet.  ENODEV gone, EACCES,
 *	ENOMEM, EMFILE, EAGAIN its transfers, or those of too many others,
 *	have not come back.
 */
int	hyp_usb_open(uint32_t, uint32_t, void *, struct hyp_usb **);

/*
 * hyp_usb_close(dev)
 *
 *	Release all interfaces, give them back to the kernel's drivers, and
 *	forget the device.  Never blocks without bound: what is still in
 *	flight stays with the device and its event thread and is freed if it
 *	ever returns.  No completion is delivered after this returned.  Blocks
 *	briefly; not from a completion.
 */
void	hyp_usb_close(struct hyp_usb *);

/*
 * error = hyp_usb_descriptors(dev, buf, size, &len)
 *
 *	The raw bytes: device descriptor, then every configuration
 *	descriptor in full, as the device sent them.  Nothing in them may be
 *	trusted.  At most size bytes; *len is how many there are.  Blocks
 *	briefly.  ENODEV, EIO.
 */
int	hyp_usb_descriptors(struct hyp_usb *, void *, size_t, size_t *);

/*
 * error = hyp_usb_get_config(dev, &value)
 * error = hyp_usb_set_config(dev, value)
 * error = hyp_usb_set_alt(dev, interface, alternate)
 * error = hyp_usb_clear_halt(dev, endpoint)
 *
 *	bConfigurationValue; alternate setting of a claimed interface; reset
 *	an endpoint's halt and toggle.  Block for as long as the host's
 *	control request does (bounded, about 5 s).  ENODEV, EIO, EBUSY.
 */
int	hyp_usb_get_config(struct hyp_usb *, uint8_t *);
int	hyp_usb_set_config(struct hyp_usb *, uint8_t);
int	hyp_usb_set_alt(struct hyp_usb *, uint8_t, uint8_t);
int	hyp_usb_clear_halt(struct hyp_usb *, uint8_t);

/*
 * error = hyp_usb_claim(dev, interface)
 *
 *	Take the interface, away from a kernel driver if one has it.  It is
 *	given back by hyp_usb_close, and when the process ends.  EBUSY
 *	another program has it, ENODEV, EACCES.
 */
int	hyp_usb_claim(struct hyp_usb *, uint8_t);

/*
 * hyp_usb_attaching(info, what)
 *
 *	What is being done now with the device of this hi_path, hi_bus and
 *	hi_addr that has arrived, for who has to know it should the process die
 *	meanwhile: it is being opened, or drivers are at it (HYP_USB_AT_WORK);
 *	it waits for others (HYP_USB_AT_WAIT); that is over, one way or the
 *	other (HYP_USB_AT_END).  A thread for each hi_path; no lock held; does
 *	not block.
 */
#define	HYP_USB_AT_END		0
#define	HYP_USB_AT_WORK		1
#define	HYP_USB_AT_WAIT		2
void	hyp_usb_attaching(const struct hyp_usb_info *, int);

/* ---- down-calls: transfers ----------------------------------------- */

/*
 * error = hyp_usbx_alloc(dev, type, endpoint, size, done, cookie, &x, &buf)
 *
 *	A transfer for one endpoint address (0 for control) with a buffer of
 *	size bytes, *buf.  Control transfers have room for their 8-byte setup
 *	besides.  ENOMEM.
 */
int	hyp_usbx_alloc(struct hyp_usb *, int, uint8_t, size_t,
	    hyp_usb_done_t *, void *, struct hyp_usbx **, void **);

/*
 * hyp_usbx_free(x)
 *
 *	In flight or not.  If it is, done is not called any more (a call that
 *	is running is waited for, unless it is the caller's own), and the
 *	memory is freed when the hardware gives it back.  Any thread.
 */
void	hyp_usbx_free(struct hyp_usbx *);

/*
 * error = hyp_usbx_submit(x, setup, len, zlp)
 *
 *	Start.  setup: 8 bytes for a control transfer, else NULL.  len: bytes
 *	of the buffer; zlp: end an OUT transfer of full packets with an empty
 *	one.  done is called exactly once for every submit that returned 0,
 *	always on the event thread, so never from inside this call.  Does not
 *	block; K locks may be held.  ENODEV, EIO, ENOMEM.
 */
int	hyp_usbx_submit(struct hyp_usbx *, const void *, uint32_t, int);

/*
 * yes = hyp_usbx_more(x)
 *
 *	In done of x only: is there another completion of the same endpoint,
 *	which is the next one that this thread tells?  So K may do for several
 *	at once what it would do for each.  That one is told unless it is freed
 *	before, or the device closed.  K locks may be held; does not block.
 */
int	hyp_usbx_more(struct hyp_usbx *);

/*
 * hyp_usbx_cancel(x)
 *
 *	Ask for the transfer to end soon; a no-op if it is not in flight.
 *	Left to another thread, so it does not block and K locks may be held,
 *	done's included.  If the host has no thread to give it is late.
 */
void	hyp_usbx_cancel(struct hyp_usbx *);

/*
 * n = hyp_usb_zombies()
 *
 *	How many transfers of closed devices, or freed in flight, have not
 *	been given back by the hardware yet.  Any thread, any K lock; does not
 *	block.
 */
unsigned hyp_usb_zombies(void);

#endif /* HYP_HYP_USB_H */
