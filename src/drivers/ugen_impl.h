/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ugen_impl.h - between the files of ugen(4): ugen.c has the model.
 */
#ifndef DRIVERS_UGEN_IMPL_H
#define DRIVERS_UGEN_IMPL_H

#include <sys/condvar.h>
#include <sys/conf.h>
#include <sys/device.h>
#include <sys/mutex.h>
#include <sys/select.h>

#include <dev/usb/usbdi.h>

#define	UGEN_BSIZE	16384
#define	UGEN_RINGSIZE	16384		/* as NetBSD's: ugen_bulk.c */
#define	UGEN_RINGREQ	1024
#define	UGEN_RINGMAX	(1U << 20)

struct uio;
struct ugen_ep;
struct ugen_softc;

/* What was read ahead, or is still to be written. */
struct ugen_ring {
	uint8_t			*ur_buf;	/* NULL: there is no ring */
	u_int			 ur_size;
	u_int			 ur_head;	/* the first byte */
	u_int			 ur_used;	/* how many there are */
	u_int			 ur_req;	/* of one transfer */
	struct usbd_xfer	*ur_xfer;
	usbd_status		 ur_status;	/* has stopped it */
	struct usb_task		 ur_task;	/* clears a stall */
	bool			 ur_clearing;
	bool			 ur_ending;
};

/* One direction of an endpoint; ue_out of part 0 is pipe 0. */
struct ugen_dir {
	struct ugen_softc	*ud_sc;		/* constant */
	struct ugen_ep		*ud_ep;		/* constant */
	struct usbd_interface	*ud_iface;	/* NULL: there is none */
	uint8_t			 ud_addr;
	uint8_t			 ud_type;
	u_int			 ud_maxpkt;
	struct usbd_pipe	*ud_pipe;	/* while it is open */
	struct usbd_xfer	*ud_xfer;	/* the same; pipe 0: of a call */
	bool			 ud_taken;	/* by a call */
	bool			 ud_busy;	/* in flight; or the ring's is */
	usbd_status		 ud_status;
	uint32_t		 ud_actlen;
	struct ugen_ring	 ud_ring;
	u_int			 ud_ringsize;	/* of the next ring */
	u_int			 ud_ringreq;
};

enum ugen_state { UGEN_CLOSED, UGEN_OPENING, UGEN_OPEN };

/* A node. */
struct ugen_ep {
	struct ugen_dir		 ue_in, ue_out;
	enum ugen_state		 ue_state;
	bool			 ue_closing;	/* d_cancel to d_close */
	u_int			 ue_calls;	/* that use the open */
	bool			 ue_short;	/* short transfers are good */
	uint32_t		 ue_timeout;	/* ms; 0: none */
};

struct ugen_softc {
	device_t		 sc_dev;	/* constant */
	struct usbd_device	*sc_udev;	/* constant */

	kmutex_t		 sc_lock;	/* all below, and the nodes */
	kcondvar_t		 sc_cv;
	struct selinfo		 sc_sel;
	bool			 sc_dying;
	bool			 sc_changing;	/* its configuration */
	struct ugen_ep		 sc_ep[DEVNODE_NSUBS];
};

/* ugen_subr.c */
u_int	ugen_scan(struct ugen_softc *);
void	ugen_done(struct usbd_xfer *, void *, usbd_status);
int	ugen_wait(struct ugen_softc *, struct ugen_dir *, int);
int	ugen_take(struct ugen_softc *, struct ugen_ep *, struct ugen_dir *, int);
void	ugen_give(struct ugen_softc *, struct ugen_dir *);

/* ugen_bulk.c */
int	ugen_ring_read(struct ugen_dir *, struct uio *, int);
int	ugen_ring_write(struct ugen_dir *, struct uio *, int);
bool	ugen_ring_ready(const struct ugen_dir *);
void	ugen_ring_close(struct ugen_dir *);
int	ugen_ring_ioctl(struct ugen_softc *, struct ugen_ep *, u_long,
	    const void *);

/* ugen_control.c */
int	ugen_control(struct ugen_softc *, struct ugen_ep *, u_long, void *, int);

#endif /* DRIVERS_UGEN_IMPL_H */
