/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ucomvar.h - the seam between ucom(4), the tty of a USB serial adapter,
 * and the driver of the chip, its parent.
 *
 * The parent finds the bulk endpoints, fills in a struct ucom_attach_args
 * and attaches a ucom with config_found().  From then on ucom owns the two
 * pipes and calls the methods; the parent calls ucom_status_change() when
 * a modem line moved.
 *
 * What the line did
 *	A chip tells of breaks, of bytes that came in wrong and of bytes that
 *	it has lost, in one of two ways.  If it says so in the stream of bytes,
 *	or in front of a packet of them, the parent has a ucom_read_lsr and
 *	puts it beside the byte.  If it says so on another endpoint, the
 *	parent calls ucom_line_event(), and a break stands behind all that has
 *	been received by then; or, if the chip's document says that it is meant
 *	for what comes next, the parent keeps it for its next ucom_read_lsr.
 *	ucom and the tty do the rest: marks, counts, the trace.
 *
 * Where the methods run
 *	ucom_open, ucom_close, ucom_set, ucom_param, ucom_ioctl and
 *	ucom_txempty run on a thread that may sleep, with no lock of ucom
 *	or of the tty held except ucom's modem lock, so they may do
 *	synchronous control requests.
 *	ucom_read, ucom_read_lsr and ucom_get_status also run on the device's
 *	event thread: they must not sleep.
 *	ucom_write runs with the tty's and ucom's locks held: it may only
 *	copy.
 * A method is never called after ucom's detach has returned.
 *
 * Names, members and their order are NetBSD's; ucom_txempty and what follows
 * are additions at the end, so a driver that does not know them leaves them
 * NULL and false.
 */
#ifndef _DEV_USB_UCOMVAR_H_
#define _DEV_USB_UCOMVAR_H_

#include <sys/types.h>
#include <sys/device.h>

struct lwp;
struct termios;
struct ucom_softc;
struct usbd_device;
struct usbd_interface;

struct ucom_methods {
	/* Line status (ULSR_*) and modem status (UMSR_*) as last known. */
	void	(*ucom_get_status)(void *, int, u_char *, u_char *);
	/* Set one of UCOM_SET_* on or off.  Its errors are lost; not called
	   if there is one of the two below for the purpose. */
	void	(*ucom_set)(void *, int, int, int);
#define	UCOM_SET_DTR	1
#define	UCOM_SET_RTS	2
#define	UCOM_SET_BREAK	3
	/* Speed, character size, parity, flow control.  0, EOPNOTSUPP
	   (the device refuses it: a first open goes on) or an errno; the
	   tty keeps its old settings after an error.  c_ospeed is not 0; if
	   0 is returned, it may be changed to what the chip makes of it. */
	int	(*ucom_param)(void *, int, struct termios *);
	/* The chip's own ioctls; EPASSTHROUGH for all others. */
	int	(*ucom_ioctl)(void *, int, u_long, void *, int, proc_t *);
	/* First open and last close. */
	int	(*ucom_open)(void *, int);
	void	(*ucom_close)(void *, int);
	/* Find the data in a received buffer: move the pointer to where it
	   begins, and set the count to where it ends, both from the beginning
	   of the buffer: so a driver that only skips two bytes in front leaves
	   the count alone.  No data: the end is not behind the pointer. */
	void	(*ucom_read)(void *, int, u_char **, uint32_t *);
	/* Format output: (to, from, count); sets the count. */
	void	(*ucom_write)(void *, int, u_char *, u_char *, uint32_t *);
	/* Has the chip's transmitter sent its last byte? */
	bool	(*ucom_txempty)(void *, int);
	/* Does ucom_param know CMSPAR, mark and space parity?  Settings with
	   it are EINVAL if not. */
	bool	  ucom_mspar;
	/* Set the lines (UMCR_*) in the first as in the second, all in one
	   request if the chip has such a one.  0, EOPNOTSUPP or an errno. */
	int	(*ucom_set_lines)(void *, int, u_int, u_int);
	/* Begin or end a break; the same errors.  The last close ends one
	   that was left on, before ucom_close. */
	int	(*ucom_set_break)(void *, int, int);
	/* Instead of ucom_read: the same, and what the line did.  The last
	   argument is all 0 and has room for one more than the received
	   bytes.  Its element i is for the byte that stands at i when this
	   returns: ULSR_PE, ULSR_FE; ULSR_BI: the byte is the 0 of a break
	   (a chip that has none in its data gets one put in); ULSR_OE: bytes
	   were lost before this one; and ULSR_SAME.  The one behind the last
	   byte is for ULSR_BI and ULSR_OE that no byte has followed yet.
	   True: there is something in it. */
	bool	(*ucom_read_lsr)(void *, int, u_char **, uint32_t *, u_char *);
	/* A client flushes: throw away what the chip has received (FREAD),
	   what it has not sent (FWRITE), or both. */
	void	(*ucom_purge)(void *, int, int);
	/* Keep no input back, whatever that costs, or as it was; until detach,
	   also over closes.  0, EOPNOTSUPP (refused) or an errno.  NULL: the
	   chip never does. */
	int	(*ucom_low_latency)(void *, int, bool);
	/* After ucom_open, of a line that another process had open: its lines
	   (UMSR_*), for a chip that tells only of changes.  Or NULL. */
	void	(*ucom_again)(void *, int, u_char);
};

/* Modem control register. */
#define	UMCR_DTR	0x01
#define	UMCR_RTS	0x02

/* Line status register. */
#define	ULSR_RXRDY	0x01	/* a byte is ready */
#define	ULSR_OE		0x02	/* overrun */
#define	ULSR_PE		0x04	/* parity error */
#define	ULSR_FE		0x08	/* framing error */
#define	ULSR_BI		0x10	/* break */
#define	ULSR_TXRDY	0x20	/* holding register empty */
#define	ULSR_TSRE	0x40	/* transmitter empty */
#define	ULSR_RCV_FIFO	0x80
#define	ULSR_RCV_MASK	0x1f
#define	ULSR_ERRORS	(ULSR_OE | ULSR_PE | ULSR_FE | ULSR_BI)
/* For ucom_read_lsr: the chip cannot tell at which of several bytes it was;
   so all of them have it, and all but the first have this as well, or it
   would be counted that often. */
#define	ULSR_SAME	ULSR_RCV_FIFO

/* Modem status register. */
#define	UMSR_DCTS	0x01	/* changes since the last look */
#define	UMSR_DDSR	0x02
#define	UMSR_TERI	0x04
#define	UMSR_DDCD	0x08
#define	UMSR_CTS	0x10	/* the lines themselves */
#define	UMSR_DSR	0x20
#define	UMSR_RI		0x40
#define	UMSR_DCD	0x80

struct ucom_attach_args {
	int			 ucaa_portno;
	int			 ucaa_bulkin;	/* endpoint address, or -1 */
	int			 ucaa_bulkout;	/* endpoint address, or -1 */
	u_int			 ucaa_ibufsize;	/* size of one read */
	u_int			 ucaa_ibufsizepad; /* its buffer, >= ibufsize */
	u_int			 ucaa_obufsize;	/* size of one write */
	u_int			 ucaa_opkthdrlen; /* bytes ucom_write adds */
	const char		*ucaa_info;	/* for the attach message */
	struct usbd_device	*ucaa_device;
	struct usbd_interface	*ucaa_iface;
	const struct ucom_methods *ucaa_methods;
	void			*ucaa_arg;	/* first argument of methods */
	/* An addition: how many reads are in flight, for a chip that has to be
	   read in small ones; 0: as many as usual. */
	u_int			 ucaa_nreads;
};
#define	UCOM_UNK_PORTNO	(-1)

/*
 * ucomprint(aux, pnp), ucomsubmatch(parent, cf, locs, aux)
 *
 *	For config_found(): print the port of a ucom, compare the port with
 *	the cfdata's locator.
 */
int	ucomprint(void *, const char *);
int	ucomsubmatch(device_t, cfdata_t, const int *, void *);

/*
 * ucom_status_change(sc)
 *
 *	The parent's modem or line status may have changed: ask it, and tell
 *	the tty.  Any thread, no lock of ucom or of the tty held; does not
 *	sleep for long.
 */
void	ucom_status_change(struct ucom_softc *);

/*
 * ucom_lines_moved(sc, msr)
 *
 *	These lines (UMSR_CTS, ...) have moved and moved back, so that
 *	ucom_get_status does not show it: for who counts them or waits for one
 *	(TIOCMIWAIT).  As ucom_status_change.
 */
void	ucom_lines_moved(struct ucom_softc *, u_char);

/*
 * ucom_line_event(sc, lsr)
 *
 *	The chip has said, but not in its data, that there was a break
 *	(ULSR_BI) or an error (ULSR_PE, ULSR_FE, ULSR_OE); once for each.
 *	Errors are counted, because nobody knows which byte is meant.  Two
 *	breaks without a byte between them are one, if the first still waits
 *	for room in the tty.  Any thread, no lock of ucom or of the tty held;
 *	does not sleep for long.
 */
void	ucom_line_event(struct ucom_softc *, u_char);

#endif /* _DEV_USB_UCOMVAR_H_ */
