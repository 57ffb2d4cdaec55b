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

#include "hyp/hyp_usb.h"

#define	VUSB_MAXPORTS	4
#define	VUSB_MAXNAME	32

struct vusb;

enum vusb_model {
	VUSB_FTDI,	/* an FTDI chip; vc_release says which */
	VUSB_ACM	/* CDC-ACM: a control and a data interface */
};

/* What a device is.  Zero members get the model's defaults. */
struct vusb_config {
	enum vusb_model	 vc_model;
	const char	*vc_serial;	/* "" none */
	uint16_t	 vc_vendor;
	uint16_t	 vc_product;
	uint16_t	 vc_release;	/* default 0x0600 (FT232R) */
	unsigned	 vc_nports;	/* FTDI; default 1 */
	uint8_t		 vc_acmcaps;	/* ACM: bmCapabilities; default 6,
					   line coding and break */
	bool		 vc_highspeed;
	bool		 vc_pinned;	/* tell the bus vc_unit */
	int		 vc_unit;
	struct hyp_usb_line vc_line;	/* and this */
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
	unsigned	 vs_lines;	/* requests that set DTR and RTS */
	uint8_t		 vs_latency;	/* FTDI: ms */
	unsigned	 vs_moves;	/* how often one of them has changed */
	unsigned	 vs_resets;	/* FTDI: how often; ACM: opens seen */
	unsigned	 vs_purges;	/* FTDI: of one of its two buffers */
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
 *	the device refuse data, so the host's writes wait.
 */
void	vusb_far_limit(struct vusb *, unsigned, size_t, size_t);

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
	VUSB_FAULT_SUBMIT	/* submit itself fails */
};
void	vusb_fault(struct vusb *, enum vusb_kind, enum vusb_fault, unsigned,
	    unsigned);

/*
 * vusb_refuse(v, request, on)
 *
 *	The device answers class and vendor requests of that number (below
 *	64) with STALL, as one does that does not know them.
 */
void	vusb_refuse(struct vusb *, unsigned, bool);

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
 *		create NAME ftdi|acm	plug NAME	unplug NAME
 *		lines NAME [+-]dcd|dsr|cts|ri ...
 *		fault NAME control|in|out|intr FAULT [COUNT [ARG]]
 *		limit NAME TOHOST FROMHOST
 *		status NAME		list		rescan NAME
 *
 *	FAULT is never, stuck, late, stall, short, nodev, error, submit or
 *	none.  A Linux errno if a socket cannot be made.
 */
int	vusb_ctl_start(const char *);
void	vusb_ctl_stop(void);

#endif /* VUSB_VUSB_H */
