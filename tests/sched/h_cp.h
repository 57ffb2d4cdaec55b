/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_cp.h - a line for the litmuses of ucom(4), l_ucom_*.c: the chip's driver,
 * "cp", is the parent of a ucom and needs no requests; its hardware is h_usb.c,
 * and transfers end when an actor says so.
 */
#ifndef TESTS_SCHED_H_CP_H
#define TESTS_SCHED_H_CP_H

#include <sys/param.h>
#include <sys/atomic.h>
#include <sys/conf.h>
#include <sys/device.h>
#include <sys/kernel.h>
#include <sys/lwp.h>
#include <sys/poll.h>
#include <sys/systm.h>
#include <sys/tty.h>

#include <hyp/hyp_usb.h>

#include "drivers/ioconf.h"
#include "drivers/ucom_impl.h"
#include "h_test.h"
#include "sched/h_calls.h"
#include "sched/sched.h"
#include "specfs/h_node.h"
#include "specfs/h_specfs.h"
#include "usbdi/h_desc.h"
#include "usbdi/h_usb.h"
#include "usbdi/usbdi_impl.h"

#define	IN	0x81
#define	OUT	0x02
#define	CP_TIMEOUT_MS	1000	/* of a request to a dead chip */

#define	ARG(x)	((void *)(uintptr_t)(x))

#define	ACTORS(name, ...)						\
	static const struct sched_actor name[] = {			\
		__VA_ARGS__, { NULL, NULL, NULL }			\
	}

/* The line and the chip behind it. */
extern struct hc_chip {
	kmutex_t	cp_lock;
	u_char		cp_msr;		/* cp_lock */
	u_int		cp_opens, cp_closes; /* cp_lock */
	bool		cp_dtr, cp_break; /* cp_lock */
	int		cp_param_error;	/* the next one's */
	bool		cp_dead;	/* answers no settings */
	bool		cp_mode_ok;	/* the last one was taken */
	u_int		cp_inside;	/* methods that may sleep: one */
	bool		cp_closed;	/* cp_lock; a close(2) is over */
	kcondvar_t	cp_cv;		/* for that */
	bool		cp_slow;	/* is asked for a break, and says
					   nothing until the line is over */
	bool		cp_late;	/* is as slow as a dead one */
	bool		cp_revoke;	/* sc_lock: it answers when that comes */
	u_int		cp_breaks;	/* the token's holder */
	u_int		cp_asked;	/* the same: is the chip empty? */
	u_int		cp_full;	/* cp_lock; so often it says no */
} cp;
extern struct ucom_methods cp_methods;
extern const struct cdevsw ucom_cdevsw;

void	cp_enter(void);
void	cp_exit(void);
bool	cp_txempty(void *, int);

extern struct hu_dev *hc_hu;
/* A and C have ttyU0, B and D dtyU0. */
extern struct h_client hc_a, hc_b, hc_c, hc_d;
extern char hc_abuf[256], hc_bbuf[64];
extern size_t hc_adone, hc_bdone;
/* cp_lock: C's, while it may be interrupted. */
extern struct hyp_lwp *hc_waiter;
extern uint32_t hc_polled;
extern u_int hc_clients_done;	/* clients that have ended */
extern bool hc_other_node;	/* there are clients of both */
extern bool hc_taken;		/* the device has had some output */
extern bool hc_flushed;		/* tcflush is over */
extern bool hc_no_room;		/* a packet is as long as its header */
extern uint64_t hc_began;
extern const u_int hc_one;

struct ucom_softc *hc_ucom(void);

/* Setups and ends of a litmus. */
void	hc_plug(void);
void	hc_setup(void);
void	hc_setup_open_a(void);
void	hc_setup_open_both(void);
void	hc_setup_written_a(void);
void	hc_end(void);
void	hc_end_close_a(void);
void	hc_end_at_once(void);

/* The device, and actors that are it. */
int	hc_hw_complete(uint8_t, u_int, int, const void *, uint32_t);
bool	hc_carrier(void);
void	hc_pulls(void);
void	hc_unplugs(void *);
void	hc_byte_comes(void *);
int	hc_out_or_done(void *);
void	hc_takes_output(void *);
void	hc_takes_one(void *);
void	hc_carrier_goes(void *);

/* Clients. */
void	hc_open_close(void *);
void	hc_closes(void *);
void	hc_revokes_a(void *);

#endif /* TESTS_SCHED_H_CP_H */
