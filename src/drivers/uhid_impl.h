/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uhid_impl.h - between the files of uhid(4): uhid.c has the model.
 */
#ifndef DRIVERS_UHID_IMPL_H
#define DRIVERS_UHID_IMPL_H

#include <sys/device.h>
#include <sys/mutex.h>
#include <sys/condvar.h>
#include <sys/select.h>
#include <sys/uio.h>

#include <dev/usb/usbdi.h>
#include <dev/usb/uhidev.h>

#define	UHID_BSIZE	1020	/* bytes of input, for BSD's programs */
#define	UHID_REPORTS	64	/* reports, for hidraw's */

enum uhid_state { UHID_CLOSED, UHID_OPENING, UHID_OPEN };

/* (c) constant after attach; (o) while it is open; others: sc_lock. */
struct uhid_softc {
	device_t		 sc_dev;	/* (c) */
	struct usbd_device	*sc_udev;	/* (c) */
	struct usbd_interface	*sc_iface;	/* (c) */
	struct uhidev		*sc_hdev;	/* (c) */
	uint8_t			 sc_id;		/* (c) */
	void			*sc_desc;	/* (c) */
	int			 sc_desclen;	/* (c) */
	int			 sc_isize;	/* (c) without the ID byte */
	int			 sc_osize;	/* (c) */
	int			 sc_fsize;	/* (c) */
	bool			 sc_fido;	/* (c) raw unless told else */

	kmutex_t		 sc_lock;
	kcondvar_t		 sc_cv;
	struct selinfo		 sc_rsel;
	enum uhid_state		 sc_state;
	bool			 sc_closing;	/* d_cancel to d_close */
	u_int			 sc_calls;	/* that use an open */
	bool			 sc_dying;
	bool			 sc_raw;
	bool			 sc_immed;
	bool			 sc_hidraw;	/* framing as Linux's */
	bool			 sc_revoked;	/* HIDIOCREVOKE */

	/* Input: a ring of whole reports. */
	u_char			*sc_ring;	/* (o) sc_slots of sc_isize */
	u_int			*sc_lens;	/* (o) */
	u_int			 sc_slots;	/* (o) */
	u_int			 sc_head;	/* the oldest */
	u_int			 sc_count;	/* reports */
	u_int			 sc_bytes;	/* in them */
	u_int			 sc_taken;	/* of the oldest one */
};

struct hidraw_ioctl;

/* uhid_subr.c */
void	uhid_intr(void *, void *, u_int);
void	uhid_drop(struct uhid_softc *);
int	uhid_wait_input(struct uhid_softc *, int);
void	uhid_ring_create(struct uhid_softc *);
void	uhid_ring_destroy(struct uhid_softc *);
int	uhid_errno(usbd_status);

/* uhid_hidraw.c */
int	uhid_hidraw_read(struct uhid_softc *, struct uio *);
int	uhid_hidraw_write(struct uhid_softc *, struct uio *);
int	uhid_hidraw_ioctl(struct uhid_softc *, struct hidraw_ioctl *);

#endif /* DRIVERS_UHID_IMPL_H */
