/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vusb.h - software USB devices.
 *
 * The library vusb defines the down-calls of hyp_usb.h, in the place of
 * libusb: the devices are objects of this process, and the program that
 * linked it (a test, the demo) holds the far end of their serial lines in
 * its hand, and the plug.
 *
 * A struct vusb is one device with 1 to VUSB_MAXPORTS serial ports; each
 * port has a far end.  It is made once and may be plugged and unplugged any
 * number of times; every plugging has a new address.  All functions may be
 * called on any thread, none from inside a completion; none of them sleeps
 * unless it has a timeout, but vusb_plug, vusb_unplug and vusb_destroy make
 * up-calls.
 *
 * Timeouts are in milliseconds; a negative one waits for ever.
 */
#ifndef VUSB_VUSB_H
#define VUSB_VUSB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "hyp/hyp_usb.h"

#define	VUSB_MAXPORTS	4
#define	VUSB_MAXNAME	32

struct vusb;

enum vusb_model {
	VUSB_FTDI,	/* an FTDI chip; vc_release says which */
	VUSB_ACM,	/* CDC-ACM: a control and a data interface */
	VUSB_CH34X,	/* CH340, CH341; vc_part is the version */
	VUSB_CP210X,	/* vc_part is the part number */
	VUSB_PL2303,	/* vc_part is one of VUSB_PL2303_* */
	VUSB_PRINTER,	/* no adapter: its port is what it prints */
	VUSB_HID	/* nor this: its port is its reports, vusb_hid.c */
};
#define	VUSB_PL2303_HX	1
#define	VUSB_PL2303_TA	2
#define	VUSB_PL2303_TB	3
#define	VUSB_PL2303_HXN	4

/*
 * What is odd about a device: the model's own oddities, then those of its
 * descriptors, for any model.
 */
#define	VUSB_Q_NOBREAK	0x0001	/* CH34x: register 5 STALLs, no break, and
				   the fine half of the prescaler only with
				   the coarsest; PL2303: BREAK STALLs */
#define	VUSB_Q_NOLINE	0x0002	/* PL2303: GET_LINE STALLs */
#define	VUSB_Q_NOEVENTS	0x0004	/* CP210x: a part number of one byte, and
				   no event mode */
#define	VUSB_Q_SWAPPED	0x0008	/* CP2108: GET_LINE_CTL has its bytes the
				   wrong way round */
#define	VUSB_Q_IDLE	0x0010	/* FTDI: an empty packet each latency
				   period, as a real one sends */
#define	VUSB_Q_HOLD	0x0040	/* FTDI, with VUSB_Q_IDLE: and input waits for
				   a full packet or the latency timer, as a
				   real one's does */
#define	VUSB_Q_OLDFW	0x0020	/* CP2102N: its first firmware, whose flow
				   control is in the errata */
#define	VUSB_Q_NOIN	0x0100	/* no bulk-in endpoint */
#define	VUSB_Q_NOOUT	0x0200	/* no bulk-out endpoint */
#define	VUSB_Q_NOINTR	0x0400	/* no interrupt endpoint */
#define	VUSB_Q_TYPE	0x0800	/* bulk endpoints say isochronous */
#define	VUSB_Q_PACKET	0x1000	/* wMaxPacketSize is vc_packet */
#define	VUSB_Q_SAMEEP	0x2000	/* all endpoints have one address */

/* What a device is.  Zero members get the model's defaults. */
struct vusb_config {
	enum vusb_model	 vc_model;
	const char	*vc_serial;	/* "" none */
	uint16_t	 vc_vendor;
	uint16_t	 vc_product;
	uint16_t	 vc_release;	/* default 0x0600 (FT232R) */
	uint16_t	 vc_usb;	/* bcdUSB; default 0x0200 */
	uint16_t	 vc_part;	/* see enum vusb_model */
	unsigned	 vc_quirks;	/* VUSB_Q_* */
	uint16_t	 vc_packet;	/* VUSB_Q_PACKET: 0, 1, 8192, ... */
	unsigned	 vc_nports;	/* FTDI, CP210x; default 1 */
	uint8_t		 vc_acmcaps;	/* ACM: bmCapabilities; default 6,
					   line coding and break */
	bool		 vc_highspeed;
	struct hyp_usb_line vc_line;	/* tell the bus this, */
	struct hyp_usb_pins vc_pins;	/* and this */
};

/* The modem lines that the far end drives. */
#define	VUSB_CTS	0x01
#define	VUSB_DSR	0x02
#define	VUSB_RI		0x04
#define	VUSB_DCD	0x08

/* What the host has set, and what it is doing. */
struct vusb_status {
	uint32_t	 vs_baud;	/* as the chip makes it, rounded */
	uint8_t		 vs_bits;
	uint8_t		 vs_stop;	/* 1 or 2; 15 is 1.5 */
	char		 vs_parity;	/* 'N' 'O' 'E' 'M' 'S' */
	char		 vs_flow;	/* 'N', 'R' RTS/CTS, 'D', 'X' XON/XOFF */
	uint8_t		 vs_xon, vs_xoff;
	bool		 vs_dtr, vs_rts, vs_break;
	bool		 vs_ready;	/* RTS as the far end sees it: low too
					   while flow control says so */
	bool		 vs_stopped;	/* flow control, or a break, stops the
					   transmitter */
	bool		 vs_enabled;	/* CP210x: the port is */
	bool		 vs_events;	/* CP210x: escapes in the data */
	unsigned	 vs_breaks;	/* how often one began */
	unsigned	 vs_overruns;	/* characters lost on the way in */
	unsigned	 vs_held;	/* bytes in the transmitter's FIFO */
	unsigned	 vs_lines;	/* requests that set DTR and RTS */
	uint8_t		 vs_latency;	/* FTDI: ms */
	unsigned	 vs_moves;	/* how often one of them has changed */
	unsigned	 vs_resets;	/* FTDI: how often; ACM: opens seen;
					   CH34x: serial initialisations;
					   CP210x: ports enabled; PL2303: times
					   the pipes were reset */
	unsigned	 vs_purges;	/* of one of its two buffers */
	unsigned	 vs_reads;	/* bulk-in transfers waiting */
	unsigned	 vs_writes;	/* bulk-out transfers waiting */
	uint64_t	 vs_sent;	/* bytes the host has taken */
	uint64_t	 vs_received;	/* bytes the host has given */
};

/*
 * v = vusb_create(name, config)
 *
 *	A device, not plugged in.  name is for vusb_lookup and the control
 *	socket, at most VUSB_MAXNAME - 1 characters.  NULL: no memory.
 */
struct vusb *vusb_create(const char *, const struct vusb_config *);

/*
 * known = vusb_chip(name, &config)
 * name = vusb_chip_name(i)
 *
 *	The configuration of a chip by its name: "ch340", "cp2102n", ...; or of
 *	what is none: "printer", "hid".  The names of chips in their order;
 *	NULL: no more.
 */
bool	vusb_chip(const char *, struct vusb_config *);
const char *vusb_chip_name(unsigned);

/*
 * vusb = vusb_from_text(name, text, &why)
 *
 *	vusb_create of what the text of a command line means,
 *	[vusb:]CHIP[,VID:PID]; its first port gets back what it sends.  NULL, and
 *	what is wrong with it.
 *
 * vusb_list_chips(stream)
 *
 *	A line with the names of all chips, and of what is none.
 */
struct vusb *vusb_from_text(const char *, const char *, const char **);
void	vusb_list_chips(FILE *);

/*
 * vusb_destroy(v)
 *
 *	Unplugged before, and closed by the other side; asserted.  Gives all
 *	zombies back.
 */
void	vusb_destroy(struct vusb *);

struct vusb *vusb_lookup(const char *);
const char *vusb_name(const struct vusb *);
unsigned vusb_nports(const struct vusb *);

/*
 * vusb_plug(v), vusb_unplug(v, lose)
 *
 *	Plug in: hyp_usb_arrived() follows.  Pull out: everything in flight
 *	ends, and both hyp_usb_gone() and hyp_usb_left() follow, unless lose
 *	says that one of them gets lost.
 */
#define	VUSB_LOSE_GONE	0x1
#define	VUSB_LOSE_LEFT	0x2
void	vusb_plug(struct vusb *);
void	vusb_unplug(struct vusb *, int);
bool	vusb_plugged(struct vusb *);
/* Has the host side opened it, and not closed it yet? */
bool	vusb_in_use(struct vusb *);
/* Say again that it is there, as a rescan does. */
void	vusb_rescan(struct vusb *);
/* Let the bus detach it, with the plug in; wait until it is closed.  A rescan
   brings it back. */
void	vusb_let_go(struct vusb *);
/* The configuration says this of its lines from now on. */
void	vusb_configure(struct vusb *, const struct hyp_usb_line *);

/*
 * n = vusb_far_write(v, port, buf, len, timeout)
 * n = vusb_far_read(v, port, buf, len, timeout)
 *
 *	The far end of the line.  Write: bytes for the host, queued up to
 *	vusb_far_limit()'s first argument; returns when all are queued.
 *	Read: what the host sent; returns as soon as there is something.
 *	Both return what was done when the time is over, possibly 0.
 */
size_t	vusb_far_write(struct vusb *, unsigned, const void *, size_t, int);
size_t	vusb_far_read(struct vusb *, unsigned, void *, size_t, int);

/*
 * vusb_far_limit(v, port, tohost, fromhost)
 *
 *	Sizes of the two queues, 1 MiB at first.  A full fromhost queue makes
 *	the device refuse data, so the host's writes wait.  The transmitter's
 *	FIFO, where data waits while flow control stops it, has 128 bytes, or
 *	fromhost if that is less.
 */
void	vusb_far_limit(struct vusb *, unsigned, size_t, size_t);

/*
 * vusb_far_char(v, port, byte, flags)
 *
 *	A character arrives at the device whether it is ready or not, and
 *	with these errors.  If its FIFO (vusb_far_limit) is full, it is lost,
 *	which is an overrun.  A break is a character of 0 with VUSB_BREAK.
 */
#define	VUSB_OVERRUN	0x02		/* the bits of a 16550's LSR */
#define	VUSB_PARITY	0x04
#define	VUSB_FRAMING	0x08
#define	VUSB_BREAK	0x10
void	vusb_far_char(struct vusb *, unsigned, uint8_t, unsigned);

/*
 * error = vusb_wire(a, aport, b, bport, paced)
 * vusb_unwire(v, port)
 *
 *	Join two ports with a null modem, or one with itself (RTS to CTS, DTR
 *	to DSR and the carrier); it is the far end of both then.  With paced,
 *	characters take their time, and a receiver that is full loses them.
 *	What was joined before is cut; so is what a destroyed device has.  One
 *	thread at a time makes and cuts wires.  ENOMEM, EAGAIN.
 */
int	vusb_wire(struct vusb *, unsigned, struct vusb *, unsigned, bool);
void	vusb_unwire(struct vusb *, unsigned);

/* The modem lines that the far end drives: all of VUSB_* at once. */
void	vusb_set_lines(struct vusb *, unsigned, unsigned);
unsigned vusb_get_lines(struct vusb *, unsigned);

/* FTDI: send an empty packet (status bytes alone); say that the
   transmitter is busy. */
void	vusb_send_status(struct vusb *, unsigned);
void	vusb_set_txbusy(struct vusb *, unsigned, bool);

void	vusb_get_status(struct vusb *, unsigned, struct vusb_status *);

/*
 * ok = vusb_wait(v, port, cond, arg, timeout)
 *
 *	Wait until cond(status, arg) is true; it is called with the device's
 *	lock held, at each change of anything.  False: the time is over.
 */
bool	vusb_wait(struct vusb *, unsigned,
	    bool (*)(const struct vusb_status *, void *), void *, int);

/*
 * What happens to transfers of a kind from now on: to the next count of
 * them, or to all if count is 0, until the next call for this kind.  Setting
 * any fault, NONE too, lets go what NEVER or STUCK held.
 */
enum vusb_kind {
	VUSB_CONTROL,
	VUSB_IN,	/* bulk in */
	VUSB_OUT,	/* bulk out */
	VUSB_INTR,
	VUSB_NKINDS
};
enum vusb_fault {
	VUSB_FAULT_NONE,
	VUSB_FAULT_NEVER,	/* does not complete, but can be cancelled */
	VUSB_FAULT_STUCK,	/* and cannot be cancelled, and holds even
				   when the device is pulled out */
	VUSB_FAULT_LATE,	/* starts arg milliseconds after its turn */
	VUSB_FAULT_STALL,	/* and halts the endpoint */
	VUSB_FAULT_SHORT,	/* in: at most arg bytes; out: arg taken */
	VUSB_FAULT_NODEV,	/* and hyp_usb_gone() follows */
	VUSB_FAULT_ERROR,	/* ends at once with an I/O error */
	VUSB_FAULT_SUBMIT,	/* submit itself fails */
	VUSB_FAULT_LOST		/* a request is done, and the answer is lost:
				   ends with an I/O error */
};
void	vusb_fault(struct vusb *, enum vusb_kind, enum vusb_fault, unsigned,
	    unsigned);

/*
 * vusb_refuse(v, request, on)
 *
 *	The device answers class and vendor requests of that number (below
 *	256) with STALL, as one does that does not know them.
 */
void	vusb_refuse(struct vusb *, unsigned, bool);

/*
 * vusb_set_quirks(v, quirks)
 *
 *	Other VUSB_Q_* than the configuration's; those of descriptors count at
 *	the next plugging.
 *
 * vusb_set_statuslen(v, len)
 *
 *	Status packets of interrupt endpoints are cut, or padded with 0xff,
 *	to that length; a negative one: as they should be.
 */
void	vusb_set_quirks(struct vusb *, unsigned);
void	vusb_set_statuslen(struct vusb *, int);

/*
 * vusb_on_request(v, func, arg)
 *
 *	func(arg, setup, data, n) is told of each class and vendor request:
 *	the 8 bytes of setup, and n bytes that were moved; n is negative for
 *	a STALL.  With the device's lock held; NULL ends it.
 */
typedef void vusb_request_t(void *, const uint8_t *, const uint8_t *, int);
void	vusb_on_request(struct vusb *, vusb_request_t *, void *);

/* Another program has the interfaces: hyp_usb_claim() says EBUSY. */
void	vusb_set_claimed(struct vusb *, bool);

/*
 * vusb_set_descriptors(v, bytes, len)
 *
 *	Present these raw descriptors (device, then configurations) instead
 *	of the model's, however wrong.  Copied.
 */
void	vusb_set_descriptors(struct vusb *, const void *, size_t);

/*
 * error = vusb_ctl_start(dir)
 * vusb_ctl_stop()
 *
 *	Serve the devices that exist, and the ones made later by command, to
 *	other processes, on a thread: commands on the stream socket
 *	dir/control, and the bytes of each far end on dir/NAME (port 0) and
 *	dir/NAME.PORT.  One command a line, answered by one line "ok ..." or
 *	"error ...":
 *
 *		create NAME CHIP	plug NAME	unplug NAME
 *		lines NAME [+-]dcd|dsr|cts|ri ...
 *		fault NAME control|in|out|intr FAULT [COUNT [ARG]]
 *		limit NAME TOHOST FROMHOST
 *		status NAME		list		rescan NAME
 *		wire NAME NAME [paced]	unwire NAME
 *		char NAME BYTE FLAGS	(vusb_far_char)
 *		quirks NAME FLAGS	(VUSB_Q_*)
 *		refuse NAME REQUEST 0|1
 *		modem NAME 0|1		(CTS, DSR and DCD are up only while
 *					somebody is at the far end's socket, who
 *					finds nothing of what went before)
 *		statuslen NAME LENGTH
 *		log NAME FILE|-		(requests, appended to the file)
 *		destroy NAME		(unplugged before)
 *
 *	NAME may be NAME.PORT, but not where it is of the device.
 *	FAULT is never, stuck, late, stall, short, nodev, error, submit, lost or
 *	none.  A Linux errno if a socket cannot be made.
 */
int	vusb_ctl_start(const char *);
void	vusb_ctl_stop(void);

#endif /* VUSB_VUSB_H */
