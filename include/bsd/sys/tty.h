/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/tty.h - terminals: struct tty between a driver and its line discipline.
 *
 * Names and members are NetBSD's, so a tty driver compiles unchanged.  What
 * is different:
 *
 *	- The lock is per tty, adaptive, and taken with ttylock(): two adapters
 *	  never wait for each other.  Spelling it as the global tty_lock is not
 *	  possible.
 *	- There are no sessions, process groups or signals (the Linux kernel
 *	  does not see a CUSE file as a terminal).
 *	- The queues hold 64 KiB and move in blocks; l_rintb takes input in
 *	  blocks and may refuse some of it, which is the back pressure that
 *	  keeps bytes from getting lost.
 *	- t_hwiflow is called in raw mode whenever the input queue is full,
 *	  not only with hardware flow control.
 *
 * Which lock is held in the calls between the two
 *
 *	t_oproc		ttylock held; may not sleep; starts output
 *	t_hwiflow	ttylock held; may not sleep; 1: stop calling l_rint
 *			and l_rintb, 0: go on (from a soft interrupt, not
 *			from inside).  Returns nonzero if it did.  A driver
 *			that also moves a modem line does so only if t_cflag
 *			asks for it
 *	t_param		no lock; may sleep; one at a time from ttioctl; the
 *			driver may set t_ispeed, t_ospeed, t_cflag itself;
 *			c_ospeed 0 means: hang up
 *	l_start		ttylock held
 *	l_rint, l_rintb, l_modem, l_open, l_close, l_read, l_write, l_ioctl,
 *	l_poll		ttylock not held; they take it
 *
 * So a lock that a driver takes in t_oproc or t_hwiflow comes after ttylock,
 * and may not be held where the last group is called.
 *
 * Output: t_oproc takes bytes from t_outq (ndqb, c_cf, then ndflush now or
 * when they are sent), sets TS_BUSY while it cannot take more, and when it
 * can again clears TS_BUSY, and calls l_start; it starts nothing while
 * TS_TTSTOP, TS_TIMEOUT or TS_BUSY is set.  Before it looks it calls
 * ttypull(), which wakes writers.
 */
#ifndef _SYS_TTY_H_
#define _SYS_TTY_H_

#include <sys/condvar.h>
#include <sys/mutex.h>
#include <sys/queue.h>
#include <sys/select.h>
#include <sys/termios.h>
#include <sys/types.h>

struct knote;
struct lwp;
struct uio;

/*
 * A queue of characters: a ring.  c_cf is the first character; ndqb() says
 * how many lie behind it without a break.  c_cq has one bit per character,
 * TTY_QUOTE, or is NULL if the queue does not keep it.
 */
struct clist {
	u_char	*c_cf;		/* first character */
	u_char	*c_cl;		/* where the next one goes */
	u_char	*c_cs;		/* start of the ring */
	u_char	*c_ce;		/* its end */
	u_char	*c_cq;		/* quote bits */
	int	 c_cc;		/* characters in it */
	int	 c_cn;		/* size */
};

struct tty;

/*
 * A line discipline.  l_rintb is an addition: like l_rint for each of len
 * bytes, and returns how many of them it took.  Its third argument is NULL, or
 * has what the line did at each of them (TTYLSR_*, 0: nothing).
 */
struct linesw {
	const char	*l_name;
	LIST_ENTRY(linesw) l_list;	/* under the list's lock */
	u_int		 l_refcnt;	/* same */
	int		 l_no;		/* legacy number */
	int	(*l_open)(dev_t, struct tty *);
	int	(*l_close)(struct tty *, int);
	int	(*l_read)(struct tty *, struct uio *, int);
	int	(*l_write)(struct tty *, struct uio *, int);
	int	(*l_ioctl)(struct tty *, u_long, void *, int, struct lwp *);
	int	(*l_rint)(int, struct tty *);
	int	(*l_start)(struct tty *);
	int	(*l_modem)(struct tty *, int);
	int	(*l_poll)(struct tty *, int, struct lwp *);
	size_t	(*l_rintb)(struct tty *, const u_char *, const u_char *, size_t);
};

/*
 * Which bytes of raw input need a look, computed from the settings that are
 * remembered beside it.  The line discipline's own.
 */
struct ttyrawmap {
	bool		 rm_valid;
	bool		 rm_plain;	/* no byte is special */
	tcflag_t	 rm_iflag;
	tcflag_t	 rm_lflag;
	cc_t		 rm_cc[NCCS];
	bool		 rm_special[256];
};

/*
 * Fields: (l) t_lock; (c) fixed from tty_attach to tty_detach; (o) written
 * by the driver before the first open has returned, else (l).
 */
struct tty {
	TAILQ_ENTRY(tty) tty_link;	/* global list, under its lock */
	kmutex_t	 t_lock;
	struct clist	 t_rawq;	/* (l) input, before editing */
	long		 t_rawcc;	/* (l) bytes in, raw mode */
	kcondvar_t	 t_rawcv;	/* (l) readers; openers without carrier */
	struct clist	 t_canq;	/* (l) input, whole lines */
	long		 t_cancc;	/* (l) bytes in, canonical mode */
	struct clist	 t_outq;	/* (l) output */
	long		 t_outcc;	/* (l) bytes out */
	kcondvar_t	 t_outcv;	/* (l) writers; drain */
	struct linesw	*t_linesw;	/* (l) */
	dev_t		 t_dev;		/* (o) */
	int		 t_state;	/* (l) TS_* */
	int		 t_wopen;	/* (l) sleeping openers */
	int		 t_flags;	/* (l) TF_* */
	int		 t_qsize;	/* (l) size of each queue */
	struct selinfo	 t_rsel;	/* (l) */
	struct selinfo	 t_wsel;	/* (l) */
	struct termios	 t_termios;	/* (o) */
	struct winsize	 t_winsize;	/* (l) */
	void	(*t_oproc)(struct tty *);	/* (c) start output */
	int	(*t_param)(struct tty *, struct termios *);	/* (c) */
	int	(*t_hwiflow)(struct tty *, int);	/* (c) block input */
	void		*t_softc;	/* (c) the driver's */
	void		*t_sc;		/* (l) the line discipline's */
	int		 t_column;	/* (l) of the cursor */
	int		 t_rocount;	/* (l) echoed characters of t_rawq... */
	int		 t_rocol;	/* (l) ...and the column before them */
	int		 t_hiwat;	/* (o) writers sleep above this */
	int		 t_lowat;	/* (o) and wake below this */
	int		 t_pace;	/* (l) bytes a second, or 0: ttypace() */
	u_int		 t_gen;		/* (l) sleeps end when it changes */

	kcondvar_t	 t_modemcv;	/* (l) TIOCMWAIT */
	int		 t_modem;	/* (l) TIOCM_*, last ttymstatus */
	struct tty_counts t_counts;	/* (l) */
	struct tty_port	 t_port;	/* (l) TIOCSPORT */
	int		 t_rate;	/* (l) ttyrate() */
	kcondvar_t	 t_paramcv;	/* (l) for t_setting */
	bool		 t_setting;	/* (l) somebody is in t_param */
	struct ttyrawmap t_rawmap;	/* (l) */
};

#define	t_cc		t_termios.c_cc
#define	t_cflag		t_termios.c_cflag
#define	t_iflag		t_termios.c_iflag
#define	t_ispeed	t_termios.c_ispeed
#define	t_lflag		t_termios.c_lflag
#define	t_oflag		t_termios.c_oflag
#define	t_ospeed	t_termios.c_ospeed

/* t_state */
#define	TS_SIGINFO	0x00001
#define	TS_ASYNC	0x00002
#define	TS_BUSY		0x00004	/* the driver is sending */
#define	TS_CARR_ON	0x00008	/* carrier */
#define	TS_DIALOUT	0x00010	/* open for dial-out */
#define	TS_FLUSH	0x00020	/* output was flushed while TS_BUSY */
#define	TS_ISOPEN	0x00040	/* open */
#define	TS_TBLOCK	0x00080	/* input is blocked */
#define	TS_TIMEOUT	0x00100	/* a delay is being sent */
#define	TS_TTSTOP	0x00200	/* output is stopped */
#define	TS_XCLUDE	0x00400	/* TIOCEXCL */
#define	TS_BKSL		0x00800
#define	TS_CNTTB	0x01000	/* an erase is being echoed */
#define	TS_ERASE	0x02000	/* between the \ and / of ECHOPRT */
#define	TS_LNCH		0x04000	/* the next character is literal */
#define	TS_TYPEN	0x08000	/* input is being processed again */
#define	TS_LOCAL	(TS_BKSL | TS_CNTTB | TS_ERASE | TS_LNCH | TS_TYPEN)
#define	TS_CANCEL	0x10000	/* nobody may sleep until ttyclose */

/* t_flags: the line discipline's own state. */
#define	TF_XOFFSENT	0x01	/* STOP was sent to block input */
#define	TF_HWBLOCK	0x02	/* t_hwiflow(tp, 1) was called */
#define	TF_USRSTOP	0x04	/* TS_TTSTOP is TIOCSTOP's, not ^S's */
#define	TF_MSTATUS	0x08	/* the driver calls ttymstatus */
#define	TF_HANGUP	0x10	/* ttyhangup was called; for good */
#define	TF_MSPAR	0x20	/* ttymspar was called: t_param does CMSPAR */

#define	TTIPRI		25
#define	TTOPRI		26
#define	OBUFSIZ		100
#define	TTYHOG		tp->t_qsize

/* Queue sizes.  Powers of two; what TIOCSQSIZE takes, and the default. */
#define	TTYQSIZE_MIN	1024
#define	TTYQSIZE_MAX	65536
#define	TTYQSIZE	65536

/* Flags of a character in a queue, or passed to l_rint. */
#define	TTY_CHARMASK	0x000000ff
#define	TTY_QUOTE	0x00000100	/* literal */
#define	TTY_ERRORMASK	0xff000000
#define	TTY_FE		0x01000000	/* framing error; with 0: a break */
#define	TTY_PE		0x02000000	/* parity error */
#define	TTY_BI		0x04000000	/* addition: a break, and no other 0 */

/*
 * Additions: what the line did at a byte, for l_rintb; the bits of a 16550's
 * line status register.
 */
#define	TTYLSR_OE	0x02	/* bytes were lost before this one */
#define	TTYLSR_PE	0x04	/* its parity is wrong */
#define	TTYLSR_FE	0x08	/* it has no stop bit */
#define	TTYLSR_BI	0x10	/* it is 0, and stands for a break */
#define	TTYLSR_NOBYTE	0x40	/* it is none: a break is one all the same,
				   and errors are counted only */
#define	TTYLSR_SAME	0x80	/* a chip that cannot tell which of several
				   bytes it was: counted with the first */

/* Minor numbers of a tty driver. */
#define	TTUNIT_MASK	0x3ffff
#define	TTCALLUNIT_MASK	0x40000
#define	TTDIALOUT_MASK	0x80000
#define	TTUNIT(d)	((int)(minor(d) & TTUNIT_MASK))
#define	TTCALLUNIT(d)	((int)(minor(d) & TTCALLUNIT_MASK))
#define	TTDIALOUT(d)	((int)(minor(d) & TTDIALOUT_MASK))

/* Is there somebody at the other end? */
#define	CONNECTED(tp)	(ISSET((tp)->t_state, TS_CARR_ON) ||		\
			    ISSET((tp)->t_cflag, CLOCAL | MDMBUF))

struct speedtab {
	int	sp_speed;
	int	sp_code;
};

extern int tty_count;

/* tty.c: objects, locks, open and close */
struct tty *tty_alloc(void);
void	tty_free(struct tty *);
void	tty_attach(struct tty *);
void	tty_detach(struct tty *);
int	tty_unit(dev_t);
int	tty_exclusive(struct tty *, struct lwp *);
u_int	tty_sent_ms(struct tty *, int);
void	ttylock(struct tty *);
void	ttyunlock(struct tty *);
bool	ttylocked(struct tty *);
int	ttyopen(struct tty *, int, int);
int	ttylopen(dev_t, struct tty *);
int	ttylclose(struct tty *, int);
int	ttyclose(struct tty *);
void	ttycancel(struct tty *);
void	ttyhangup(struct tty *);
int	ttymodem(struct tty *, int);
void	ttymstatus(struct tty *, int);
void	ttympulse(struct tty *, int);
void	ttymspar(struct tty *);
void	ttyrate(struct tty *, int);
int	ttysleep(struct tty *, kcondvar_t *, bool, int);
int	ttywait(struct tty *);
int	ttywflush(struct tty *);
void	ttyflush(struct tty *, int);
void	ttychars(struct tty *);
void	ttydefaults(struct tty *);
void	ttsetwater(struct tty *);
void	ttypace(struct tty *, u_int);
int	ttspeedtab(int, const struct speedtab *);
int	ttysetqsize(struct tty *, int);

/* tty_input.c */
int	ttyinput(int, struct tty *);
int	ttyinput_wlock(int, struct tty *);
size_t	ttyinput_block(struct tty *, const u_char *, const u_char *, size_t);
void	ttypend(struct tty *);
void	ttwakeup(struct tty *);

/* tty_output.c */
int	ttyoutput(int, struct tty *);
int	ttstart(struct tty *);
bool	ttypull(struct tty *);

/* tty_rw.c */
int	ttread(struct tty *, struct uio *, int);
int	ttwrite(struct tty *, struct uio *, int);
int	ttpoll(struct tty *, int, struct lwp *);
int	ttykqfilter(dev_t, struct knote *);

/* tty_ioctl.c */
int	ttioctl(struct tty *, u_long, void *, int, struct lwp *);

/* tty_conf.c */
struct linesw *ttyldisc_default(void);
struct linesw *ttyldisc_lookup(const char *);
struct linesw *ttyldisc_lookup_bynum(int);
void	ttyldisc_release(struct linesw *);
int	ttyldisc_attach(struct linesw *);
int	ttyldisc_detach(struct linesw *);
int	ttynullioctl(struct tty *, u_long, void *, int, struct lwp *);
int	nullmodem(struct tty *, int);

/* tty_park.c: additions, for a process that goes on with an open tty */
struct tty_parked {
	struct termios	tk_termios;
	struct winsize	tk_winsize;
	struct tty_port	tk_port;
	struct tty_counts tk_counts;
	int		tk_state, tk_flags;
	int		tk_column, tk_rocount, tk_rocol;
	int		tk_qsize, tk_rate;
	uint32_t	tk_raw, tk_can, tk_out;	/* characters */
};
u_int	ttypark_size(const struct tty *);
void	ttypark(struct tty *, struct tty_parked *, uint16_t *);
bool	ttypark_ok(const struct tty_parked *);
int	ttyunpark(struct tty *, const struct tty_parked *, const uint16_t *);

/* tty_subr.c: character queues */
int	clalloc(struct clist *, int, int);
void	clfree(struct clist *);
int	getc(struct clist *) __RENAME(getc);
int	putc(int, struct clist *) __RENAME(putc);
int	unputc(struct clist *);
int	b_to_q(const u_char *, int, struct clist *);
int	q_to_b(struct clist *, u_char *, int);
int	uio_to_q(struct uio *, int, struct clist *);
int	q_to_uio(struct clist *, struct uio *, int);
int	ndqb(struct clist *, int);
void	ndflush(struct clist *, int);
u_char	*firstc(struct clist *, int *);
u_char	*nextc(struct clist *, u_char *, int *);
void	catq(struct clist *, struct clist *);

#endif /* _SYS_TTY_H_ */
