/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vusbvar.h - insides of a software USB device.
 *
 * Everything of a device is under its v_lock: the far ends, the faults, the
 * transfers.  v_cv is broadcast at each change: the event thread, the far
 * ends and vusb_wait sleep on it.  The list of devices has a lock of its
 * own, taken before any v_lock.
 *
 * hyp_vusb.c moves transfers, and asks the model (struct vusb_ops) what
 * data they carry; the models know nothing of transfers.
 */
#ifndef VUSB_VUSBVAR_H
#define VUSB_VUSBVAR_H

#include <sys/queue.h>

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "hyp/hyp_usb.h"
#include "vusb/vusb.h"

#define	VUSB_NEP	32		/* 16 numbers, two directions */
#define	VUSB_EP(a)	(((a) & 0xf) | ((a) & 0x80) >> 3)

/* A ring of bytes. */
struct vusb_queue {
	uint8_t	*vq_buf;
	size_t	 vq_size;
	size_t	 vq_head;
	size_t	 vq_len;
};

#define	VUSB_NMARKS	128		/* a FIFO's; more errors are lost */

/* An error of a character in vp_tohost, by the number of that. */
struct vusb_mark {
	uint64_t	 vm_at;
	uint8_t		 vm_flags;
};

struct vusb_wire;

struct vusb_port {
	/* the UART, vusb_uart.c */
	struct vusb_queue vp_tohost;	/* receiver's FIFO */
	struct vusb_queue vp_fromhost;	/* has left it, for the far end */
	struct vusb_queue vp_tx;	/* transmitter's FIFO: it is stopped */
	struct vusb_mark vp_mark[VUSB_NMARKS];
	unsigned	 vp_nmarks;	/* sorted, first ones first */
	uint64_t	 vp_taken;	/* number of vp_tohost's first */
	uint8_t		 vp_errors;	/* VUSB_*: seen since last told */
	bool		 vp_xoffed;	/* the far end has sent XOFF */
	bool		 vp_full;	/* the far end is to stop */
	bool		 vp_sentxoff;	/* and knows */

	struct vusb_wire *vp_wire;	/* who is its far end, or NULL */

	/* the model */
	uint8_t		 vp_reg[64];
	uint8_t		 vp_stage[4];	/* goes before all else */
	unsigned	 vp_nstage;
	uint64_t	 vp_told;	/* when the last IN packet went */

	unsigned	 vp_lines;
	bool		 vp_news;	/* lines changed, or a packet is due */
	bool		 vp_txbusy;
	struct vusb_status vp_status;
};

/* A USB setup packet, host order. */
struct vusb_setup {
	uint8_t		vr_type;
	uint8_t		vr_request;
	uint16_t	vr_value;
	uint16_t	vr_index;
	uint16_t	vr_length;
};

/* What a model answers to a control request. */
#define	VUSB_STALL	(-1)

struct vusb_ops {
	/* Make the descriptors; returns their length. */
	size_t	(*vo_descriptors)(struct vusb *, uint8_t *, size_t);
	/* A class or vendor request, or for a descriptor of an interface:
	   bytes moved, or VUSB_STALL. */
	int	(*vo_control)(struct vusb *, const struct vusb_setup *,
		    uint8_t *);
	/* Which port has a bulk endpoint.  NULL: there is only one. */
	unsigned (*vo_port)(uint8_t);
	/* When an IN transfer that is not complete is worth another look
	   without any change, or 0.  May be NULL. */
	uint64_t (*vo_due)(struct vusb *, uint8_t);
	/* Fill an IN transfer: true if it is complete. */
	bool	(*vo_in)(struct vusb *, uint8_t, uint8_t *, uint32_t,
		    uint32_t *);
	/* Take OUT data: how much. */
	uint32_t (*vo_out)(struct vusb *, uint8_t, const uint8_t *, uint32_t);
	/* Plugged in: power-on state. */
	void	(*vo_reset)(struct vusb *);
};

struct vusb_faulting {
	enum vusb_fault	 vf_fault;
	unsigned	 vf_count;	/* 0: no limit */
	unsigned	 vf_arg;
	unsigned	 vf_gen;	/* set calls; frees what is held */
};

TAILQ_HEAD(vusb_xq, hyp_usbx);

struct vusb {
	TAILQ_ENTRY(vusb) v_link;	/* list lock */
	char		 v_name[VUSB_MAXNAME];
	char		 v_path[VUSB_MAXNAME + 8];
	char		 v_serial[VUSB_MAXNAME];
	struct vusb_config v_config;
	const struct vusb_ops *v_ops;
	unsigned	 v_maxpkt;

	pthread_mutex_t	 v_lock;
	pthread_cond_t	 v_cv;
	bool		 v_plugged;
	bool		 v_claimed;
	uint32_t	 v_addr;	/* of this plugging */
	struct hyp_usb	*v_open;	/* who has it, or NULL */
	uint8_t		 v_altno;
	bool		 v_halted[VUSB_NEP];
	struct vusb_faulting v_fault[VUSB_NKINDS];
	uint64_t	 v_refused[4];	/* bits: requests */
	unsigned	 v_quirks;
	int		 v_statuslen;
	vusb_request_t	*v_onrequest;
	void		*v_onrequestarg;
	uint8_t		 v_reg[256];	/* the model's */
	struct vusb_xq	 v_zombies;
	struct vusb_port v_port[VUSB_MAXPORTS];
	uint8_t		*v_desc;	/* vusb_set_descriptors */
	size_t		 v_desclen;
	void		(*v_notify)(struct vusb *);	/* vusb_ctl.c */
	bool		 v_news;	/* atomic; its own */
};

extern const struct vusb_ops vusb_ftdi_ops;
extern const struct vusb_ops vusb_acm_ops;
extern const struct vusb_ops vusb_ch34x_ops;
extern const struct vusb_ops vusb_cp210x_ops;
extern const struct vusb_ops vusb_pl2303_ops;
extern const struct vusb_ops vusb_printer_ops;
extern const struct vusb_ops vusb_hid_ops;

unsigned vusb_epport(const struct vusb *, uint8_t);
void	vusb_config_default(struct vusb_config *);
uint64_t vusb_now(void);
void	vusb_cond_init(pthread_cond_t *);
int	vusb_cond_timedwait(pthread_cond_t *, pthread_mutex_t *, uint64_t);
void	vusb_changed(struct vusb *);
struct vusb *vusb_hold_addr(uint32_t);
size_t	vusb_descriptors(struct vusb *, uint8_t *, size_t);
void	vusb_mark_gone(struct hyp_usb *, bool);
void	vusb_release_zombies(struct vusb *, enum vusb_kind);
void	vusb_foreach(void (*)(struct vusb *, void *), void *);

size_t	vq_put(struct vusb_queue *, const void *, size_t);
size_t	vq_get(struct vusb_queue *, void *, size_t);
size_t	vq_span(const struct vusb_queue *, uint8_t, size_t);
void	vq_resize(struct vusb_queue *, size_t);

/* The UART of a port; v_lock held. */
void	vusb_uart_reset(struct vusb_port *);
void	vusb_uart_changed(struct vusb_port *);
void	vusb_uart_pins(struct vusb_port *, bool, bool);
void	vusb_uart_break(struct vusb_port *, bool);
void	vusb_uart_purge(struct vusb_port *, bool, bool);
void	vusb_uart_trim(struct vusb_port *);
bool	vusb_uart_stopped(const struct vusb_port *);
size_t	vusb_uart_tx(struct vusb_port *, const uint8_t *, size_t);
size_t	vusb_uart_rx(struct vusb_port *, uint8_t *, size_t, uint8_t *);
size_t	vusb_uart_run(struct vusb_port *, uint8_t *, size_t, uint8_t);
size_t	vusb_uart_line(struct vusb_port *, const uint8_t *, size_t);
void	vusb_uart_receive(struct vusb_port *, uint8_t, unsigned);

void	vusb_wire_poke(struct vusb_wire *);

/* Helpers for building descriptors. */
size_t	vusb_put_device(struct vusb *, uint8_t *, uint8_t);
size_t	vusb_put_endpoint(uint8_t *, uint8_t, uint8_t, uint16_t, uint8_t);
size_t	vusb_put_config(struct vusb *, uint8_t *, unsigned, uint8_t);
size_t	vusb_put_iface(struct vusb *, uint8_t *, uint8_t, uint16_t, uint8_t,
	    uint8_t, uint8_t, uint16_t);
size_t	vusb_status_packet(struct vusb *, uint8_t *, uint32_t, const uint8_t *,
	    size_t);

/* The control socket's thread, vusb_ctl.c, and its commands, vusb_cmd.c. */
#define	VUSB_CMDLINE	512
int	vusb_ctl_add(struct vusb *);
void	vusb_ctl_remove(struct vusb *);
void	vusb_ctl_modem(struct vusb *, unsigned, bool);
int	vusb_ctl_open(const char *, void (*)(char *, char *));

#endif /* VUSB_VUSBVAR_H */
