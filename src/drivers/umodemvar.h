/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * umodemvar.h - state of a umodem(4).
 *
 * (c) constant after attach.  (o) written by the open and close of ucom,
 * which never overlap.  (a) atomic: written on the event thread, read by
 * anybody, each for itself.  (u) only in methods that ucom calls one at a
 * time.
 */
#ifndef DRIVERS_UMODEMVAR_H
#define DRIVERS_UMODEMVAR_H

#include <sys/device.h>
#include <dev/usb/usbdi.h>
#include <dev/usb/usbcdc.h>

#define	UMODEM_NOTIFY_PKT	1024	/* the longest interrupt packet */

struct umodem_softc {
	device_t		 sc_dev;	/* (c) */
	struct usbd_device	*sc_udev;	/* (c) */
	struct usbd_interface	*sc_ctl_iface;	/* (c) */
	struct usbd_interface	*sc_data_iface;	/* (c) may be the same */
	uint8_t			 sc_ctl_iface_no; /* (c) */
	uint8_t			 sc_cm_cap;	/* (c) USB_CDC_CM_* */
	uint8_t			 sc_acm_cap;	/* (c) USB_CDC_ACM_* */
	int			 sc_ctl_notify;	/* (c) endpoint, or -1 */

	struct usbd_pipe	*sc_notify_pipe; /* (o) */
	uint32_t		 sc_notify_pktlen; /* (c) of the endpoint */
	uint8_t			 sc_notify_pkt[UMODEM_NOTIFY_PKT];
						/* event thread, as below */
	usb_cdc_notification_t	 sc_notify_buf;	/* put together from packets */
	uint32_t		 sc_notify_len;	/* bytes in it */

	usb_cdc_line_state_t	 sc_line_state;	/* (u) last sent */
	bool			 sc_line_valid;	/* (u) */
	u_int			 sc_lines;	/* (u) UMCR_* */
	bool			 sc_said;	/* (u) no notifications */
	uint64_t		 sc_refused;	/* (u) bits: requests, in the
						   log */
	int			 sc_cm_over_data; /* (u) */

	u_char			 sc_msr;	/* (a) */
	u_char			 sc_lsr;	/* (a) */
	bool			 sc_dying;	/* (a) */

	device_t		 sc_subdev;	/* (a) by attach and detach */
};

/*
 * error = umodem_line_state(termios, &line_state)
 *
 *	The SET_LINE_CODING data of a termios.  A pure function.  EINVAL:
 *	a negative speed.
 */
struct termios;
int	umodem_line_state(const struct termios *, usb_cdc_line_state_t *);

#endif /* DRIVERS_UMODEMVAR_H */
