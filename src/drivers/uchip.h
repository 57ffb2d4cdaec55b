/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uchip.h - what the drivers of vendor-specific serial chips below ucom(4)
 * have in common: the endpoints of an interface, control requests with a
 * memory of what the chip has refused, status packets, attach and detach.
 *
 * A driver's softc begins with a struct uchip.  (c) constant after attach.
 * (o) written by the open and close of ucom, which never overlap.  (u) in
 * methods that ucom calls one at a time, and in attach.  (a) atomic.
 */
#ifndef DRIVERS_UCHIP_H
#define DRIVERS_UCHIP_H

#include <sys/device.h>
#include <dev/usb/usbdi.h>
#include <dev/usb/ucomvar.h>

#define	UCHIP_UNSET	0xffffffffU	/* no such setting was sent yet */
#define	UCHIP_PACKET	1024		/* the longest interrupt packet */

struct uchip {
	device_t		 uc_dev;	/* (c) */
	struct usbd_device	*uc_udev;	/* (c) */
	struct usbd_interface	*uc_iface;	/* (c) */
	u_int			 uc_maxpkt;	/* (c) of bulk-in */
	int			 uc_intr;	/* (c) endpoint, or -1 */
	u_int			 uc_intrlen;	/* (c) its packet */
	void			(*uc_status)(struct uchip *, const uint8_t *,
				    uint32_t);	/* (c) see uchip_open */

	struct usbd_pipe	*uc_pipe;	/* (o) */
	uint8_t			 uc_packet[UCHIP_PACKET]; /* event thread */
	bool			 uc_said;	/* (u) no status, in the log */
	uint32_t		 uc_refused[8];	/* (u) bits: requests, same */

	u_int			 uc_msr;	/* (a) see uchip_msr */
	bool			 uc_dying;	/* (a) */
	device_t		 uc_subdev;	/* (a) by attach and detach */
};

/*
 * ok = uchip_begin(uc, self, uiaa, ucaa)
 *
 *	The first half of an attach function: the line of the attachment, the
 *	endpoints, the sizes of transfers.  False: no usable endpoints, which
 *	was said; the attach is over.
 */
bool	uchip_begin(struct uchip *, device_t, struct usbif_attach_arg *,
	    struct ucom_attach_args *);

/*
 * uchip_end(uc, ucaa, methods)
 *
 *	The second half: attach the ucom.  The methods get the softc.
 */
void	uchip_end(struct uchip *, struct ucom_attach_args *,
	    const struct ucom_methods *);

/* The autoconf entries of such a driver, but match and attach. */
int	uchip_detach(device_t, int);
int	uchip_activate(device_t, enum devact);
void	uchip_childdet(device_t, device_t);

/*
 * error = uchip_write(uc, type, request, value, index, data, len)
 * error = uchip_read(uc, type, request, value, index, data, len, &done)
 *
 *	A control request of one second at most, in attach of
 *	USBD_DEFAULT_TIMEOUT.  Sleeps.  A read may bring
 *	less than was asked for; what is missing is 0.  EOPNOTSUPP: the chip
 *	has refused it, which is logged once for each request; EIO: it does
 *	not answer, or is gone.  uchip_try is a uchip_read that the chip may
 *	refuse without a word: to find out which one it is.
 */
int	uchip_write(struct uchip *, uint8_t, uint8_t, u_int, u_int,
	    const void *, u_int);
int	uchip_read(struct uchip *, uint8_t, uint8_t, u_int, u_int, void *,
	    u_int, u_int *);
int	uchip_try(struct uchip *, uint8_t, uint8_t, u_int, u_int, void *,
	    u_int, u_int *);

/*
 * error = uchip_open(uc)
 * uchip_close(uc)
 *
 *	Status packets, from here to there: uc_status is called with each, on
 *	the event thread, whatever its length.  No endpoint, no packets.
 *	Sleep.  EIO.
 */
int	uchip_open(struct uchip *);
void	uchip_close(struct uchip *);

/*
 * uchip_lines(uc, msr)
 * uchip_store(uc, msr)
 *
 *	The modem lines (UMSR_*) are these now, and the tty is told; or it is
 *	not, as it is going to ask (ucom_read).  Any thread, no lock of ucom or
 *	of the tty.
 *
 * uchip_event(uc, lsr)
 *
 *	A break or errors of the line (ULSR_*), told outside of the data; see
 *	ucom_line_event.
 *
 * mark = uchip_ask(uc); uchip_asked(uc, mark, msr)
 *
 *	Around a request for the lines: its answer counts unless a packet,
 *	which is newer, came after uchip_ask.
 *
 * msr = uchip_msr(uc)
 *
 *	As last known.  Any thread.
 */
void	uchip_lines(struct uchip *, u_char);
void	uchip_store(struct uchip *, u_char);
void	uchip_event(struct uchip *, u_char);
u_int	uchip_ask(struct uchip *);
void	uchip_asked(struct uchip *, u_int, u_char);
u_char	uchip_msr(struct uchip *);

/* Is the rate within 3 per cent of baud?  A UART's receiver bears that. */
static inline bool
uchip_near(uint32_t actual, uint32_t baud)
{
	const uint32_t error = actual > baud ? actual - baud : baud - actual;

	return (uint64_t)error * 100 <= (uint64_t)baud * 3;
}

#endif /* DRIVERS_UCHIP_H */
