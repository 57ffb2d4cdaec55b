/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ucom_impl.h - between the files of ucom(4): ucom.c has the model.
 */
#ifndef DRIVERS_UCOM_IMPL_H
#define DRIVERS_UCOM_IMPL_H

#include <sys/callout.h>
#include <sys/conf.h>
#include <sys/device.h>
#include <sys/queue.h>
#include <sys/time.h>
#include <sys/tty.h>

#include <dev/usb/usb.h>
#include <dev/usb/usbdi.h>
#include <dev/usb/ucomvar.h>

#define	UCOM_IN_BUFFS	4	/* unless the parent wants more */
#define	UCOM_IN_MAX	32
#define	UCOM_OUT_BUFFS	4

struct ucom_buffer {
	SIMPLEQ_ENTRY(ucom_buffer) ub_link;
	struct ucom_softc	*ub_sc;
	struct usbd_xfer	*ub_xfer;
	u_char			*ub_buf;	/* the transfer's memory */
	u_char			*ub_data;	/* in it: what is not done */
	uint32_t		 ub_len;	/* bytes at ub_data */
	u_char			*ub_lsr;	/* input: ucom_read_lsr's... */
	const u_char		*ub_lsrp;	/* ...for ub_data, or NULL */
	u_char			 ub_after;	/* and behind the last byte */
	uint32_t		 ub_unsent;	/* the tty's among those */
	u_int			 ub_errs;	/* failures in a row */
	u_int			 ub_start;	/* getticks() at the write */
};
SIMPLEQ_HEAD(ucom_bufferq, ucom_buffer);

enum ucom_state {
	UCOM_DEAD,
	UCOM_ATTACHED,
	UCOM_OPENING,
	UCOM_OPEN
};

/* (c) constant after attach; (t) tty lock; the others: sc_lock. */
struct ucom_softc {
	device_t		 sc_dev;	/* (c) */
	struct usbd_device	*sc_udev;	/* (c) */
	struct usbd_interface	*sc_iface;	/* (c) */
	const struct ucom_methods *sc_methods;	/* (c) */
	void			*sc_parent;	/* (c) */
	int			 sc_portno;	/* (c) */
	struct tty		*sc_tty;	/* (c) NULL: attach failed */
	u_int			 sc_ibufsize;	/* (c) */
	u_int			 sc_nibuff;	/* (c) of sc_ibuff */
	u_int			 sc_obufsize;	/* (c) without header */
	u_int			 sc_opkthdrlen;	/* (c) */
	struct usbd_pipe	*sc_bulkin_pipe;  /* (c) */
	struct usbd_pipe	*sc_bulkout_pipe; /* (c) */
	void			*sc_si;		/* (c) */

	kmutex_t		 sc_lock;
	kcondvar_t		 sc_statecv;	/* everything but the token */
	enum ucom_state		 sc_state;
	u_int			 sc_open;
	u_int			 sc_closing;
	u_int			 sc_draining;	/* of those, who may send */
	u_int			 sc_nopeners;
	u_int			 sc_ndialout;	/* of those */
	u_int			 sc_kind;	/* whose mode the line has */
	u_int			 sc_upfails;	/* and the last one's error: */
	int			 sc_uperror;
	bool			 sc_dying;
	struct timeval		 sc_hup_time;	/* no first open before */

	kcondvar_t		 sc_ctlcv;
	bool			 sc_ctlbusy;	/* the control token */

	bool			 sc_parent_open; /* by who brings it up, down */
	bool			 sc_running;	/* transfers may be submitted */
	struct ucom_buffer	 sc_ibuff[UCOM_IN_MAX];
	struct ucom_buffer	 sc_obuff[UCOM_OUT_BUFFS];
	struct ucom_bufferq	 sc_ibuff_full;	/* received, for the tty */
	struct ucom_bufferq	 sc_ibuff_idle;	/* to be submitted again */
	struct ucom_bufferq	 sc_obuff_free;
	struct ucom_bufferq	 sc_obuff_retry; /* failed, in order */
	u_int			 sc_oinflight;
	bool			 sc_ostalled;	/* bulk-out is halted */
	bool			 sc_oflush;	/* takes writes back; the token */
	u_int			 sc_olimit;	/* bytes of one write */
	u_int			 sc_ocps;	/* characters a second, > 0 */
	u_int			 sc_odone;	/* getticks(), a write was over */
	u_int			 sc_ofast;	/* bytes taken faster than that */
	bool			 sc_octs;	/* CTS may stop it */
	bool			 sc_oheld;	/* and does: in the chip */
	bool			 sc_rx_stopped;	/* (t)+sc_lock: tty is full */
	bool			 sc_rx_feeding;
	u_int			 sc_rx_errs;	/* failures in a row */
	u_char			 sc_rx_event;	/* before all in sc_ibuff_full */
	u_char			*sc_rx_gather;	/* who feeds; or NULL */
	callout_t		 sc_recover;

	u_char			 sc_mcr;	/* UMCR_* as last set */
	u_char			 sc_mcrlost;	/* that may be set as well */
	bool			 sc_break;	/* one is on, or may be */
	u_char			 sc_msr;	/* UMSR_* as the tty knows it */
	bool			 sc_msr_ask;	/* parent's may be newer */
	bool			 sc_msr_busy;	/* somebody is asking */
	bool			 sc_msr_force;	/* tell even what is known */
	int			 sc_swflags;	/* TIOCFLAG_* */
	struct termios		 sc_termios[2];	/* at the last close, dial-in
						   and dial-out; OPENING's */
	u_int			 sc_saved;	/* which of them are set; same */
	bool			 sc_parking;	/* what comes back is kept; sc_lock
						   +atomic */
	u_int			 sc_parkbegan;	/* getticks() */
	bool			 sc_again;	/* OPENING: it was open before */
	struct ucom_parked	*sc_parked;	/* of the process before; or NULL;
						   same */
	size_t			 sc_parkedlen;
	bool			 sc_lowlat;	/* the chip is to be told; same */
	struct usbd_line	 sc_line;	/* what the configuration says
						   since it was brought up; same */
	bool			 sc_line_said;	/* it cannot be, in the log */
};

#define	UCOMUNIT(dev)	TTUNIT(dev)

/* The two nodes of a line: bits of sc_open, sc_closing, sc_kind, sc_saved. */
#define	UCOM_DIALIN		0x1
#define	UCOM_DIALOUT		0x2
#define	UCOM_KIND(dev)		(TTDIALOUT(dev) ? UCOM_DIALOUT : UCOM_DIALIN)

/* ---- ucom_open.c: open, d_cancel and close -------------------------- */

dev_type_open(ucomopen);
dev_type_cancel(ucomcancel);
dev_type_close(ucomclose);

/* ---- ucom_param.c: the mode of a line ------------------------------- */

int	ucomparam(struct tty *, struct termios *);
int	ucom_param_ask(struct ucom_softc *, const struct termios *, int *);
void	ucom_param_set(struct ucom_softc *, const struct termios *, int);
int	ucom_mode(struct ucom_softc *, dev_t);
void	ucom_line_begin(struct ucom_softc *);
u_int	ucom_line_pins(const struct ucom_softc *, u_int *);
void	ucom_save_termios(struct ucom_softc *, u_int);

/* ---- ucom_state.c: what outlives the daemon -------------------------- */

void	ucom_state_put(struct ucom_softc *);
void	ucom_state_get(struct ucom_softc *);
void	ucom_state_up(struct ucom_softc *);
void	ucom_state_drop(struct ucom_softc *);

/* ---- ucom_park.c: an open line goes on in another process ------------- */

int	ucom_parking(struct ucom_softc *);
int	ucom_park(struct ucom_softc *);
void	ucom_park_get(struct ucom_softc *);
void	ucom_park_drop(struct ucom_softc *);
int	ucom_park_up(struct ucom_softc *, u_int);
void	ucom_park_go(struct ucom_softc *, bool);

/* ---- ucom_modem.c: requests and modem lines ------------------------- */

int	ucom_ctl_enter(struct ucom_softc *, bool);
void	ucom_ctl_enter_own(struct ucom_softc *);
void	ucom_ctl_exit(struct ucom_softc *);
int	ucom_parent_open(struct ucom_softc *);
void	ucom_parent_close(struct ucom_softc *);
int	ucom_mcr(struct ucom_softc *, u_int, u_int);
int	ucom_break(struct ucom_softc *, int);
int	ucom_break_send(struct ucom_softc *, int);
void	ucom_break_end(struct ucom_softc *);
void	ucom_ask_status(struct ucom_softc *, bool);
int	ucom_to_tiocm(struct ucom_softc *);
u_int	ucom_tiocm_to_mcr(int);
int	ucom_txempty(struct ucom_softc *, bool);
int	ucom_txempty_now(struct ucom_softc *, bool, int *);
int	ucom_txbusy(struct ucom_softc *, int *);
u_int	ucom_txleft(const struct ucom_softc *);
bool	ucom_txstopped(const struct ucom_softc *);

/* ---- ucom_io.c: pipes and transfers --------------------------------- */

int	ucom_io_attach(struct ucom_softc *, const struct ucom_attach_args *);
void	ucom_io_detach(struct ucom_softc *);
void	ucom_pace_reset(struct ucom_softc *);
void	ucom_io_start(struct ucom_softc *);
void	ucom_io_stop(struct ucom_softc *);
void	ucomstart(struct tty *);
int	ucom_outq(struct ucom_softc *);
void	ucom_out_recall(struct ucom_softc *);

/* ---- ucom_rx.c: input ----------------------------------------------- */

void	ucom_create_lsr(struct ucom_softc *);
void	ucom_destroy_lsr(struct ucom_softc *);
void	ucom_recover_later(struct ucom_softc *, u_int);
void	ucom_feed_later(struct ucom_softc *);
int	ucomhwiflow(struct tty *, int);
void	ucom_softintr(void *);
void	ucom_in_hold(struct ucom_softc *);
void	ucom_in_drop(struct ucom_softc *);
void	ucom_submit_reads(struct ucom_softc *);

#endif /* DRIVERS_UCOM_IMPL_H */
