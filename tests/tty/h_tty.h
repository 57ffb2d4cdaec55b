/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_tty.h - a tty with a driver that keeps what it sends.
 *
 * The driver sends at once, or with hd_hold not at all, or with hd_async
 * only when the test says h_sent(): then it is TS_BUSY meanwhile.  Bytes
 * arrive with h_input, one by one.
 */
#ifndef TESTS_TTY_H_TTY_H
#define TESTS_TTY_H_TTY_H

#include <sys/param.h>
#include <sys/fcntl.h>
#include <sys/ioctl.h>
#include <sys/lwp.h>
#include <sys/poll.h>
#include <sys/systm.h>
#include <sys/tty.h>
#include <sys/uio.h>

#include "h_test.h"

#define	H_OUTSIZE	(4 * 1024 * 1024)

struct h_dev {
	struct tty	*hd_tp;
	u_char		*hd_out;	/* all that was sent (tty lock) */
	size_t		 hd_outlen;
	bool		 hd_hold;	/* send nothing */
	bool		 hd_async;	/* one chunk, then TS_BUSY */
	int		 hd_chunk;	/* size of one, 0: all */
	int		 hd_blocked;	/* last t_hwiflow */
	u_int		 hd_blocks;	/* t_hwiflow(1) calls */
	u_int		 hd_unblocks;	/* t_hwiflow(0) calls */
	u_int		 hd_params;	/* t_param calls */
	int		 hd_param_error;
	struct termios	 hd_last;	/* what t_param was given */
	u_int		 hd_inparam;	/* threads in t_param now... */
	u_int		 hd_maxparam;	/* ...and at most */
};

extern struct tty *h_cdev_tty;			/* what cdev_tty finds */
extern u_int h_stops;			/* cdev_stop calls */

struct h_dev *h_attach(void);
struct h_dev *h_open(void);		/* attached, connected, open, raw */
void	h_free(struct h_dev *);		/* closes */
void	h_raw(struct tty *);
void	h_canon(struct tty *);
int	h_input(struct h_dev *, const char *);
size_t	h_inputn(struct h_dev *, const void *, size_t);
int	h_read(struct h_dev *, void *, size_t, int, size_t *);
int	h_write(struct h_dev *, const void *, size_t, int, size_t *);
int	h_ioctl(struct h_dev *, u_long, void *);
void	h_sent(struct h_dev *);
void	h_kick(struct h_dev *);
void	h_clear(struct h_dev *);
size_t	h_outlen(struct h_dev *);
int	h_wopen(struct h_dev *);

/* Compare what was sent, or what a read gave, with a string. */
void	h_expect_out(const char *, int, struct h_dev *, const char *, size_t);
void	h_expect_read(const char *, int, struct h_dev *, int, const char *,
	    size_t);
#define	H_OUT(hd, s) \
	h_expect_out(__FILE__, __LINE__, (hd), (s), sizeof(s) - 1)
#define	H_READ(hd, flag, s) \
	h_expect_read(__FILE__, __LINE__, (hd), (flag), (s), sizeof(s) - 1)

/* For t_until: somebody sleeps on... */
int	h_reader_sleeps(void *);	/* ...t_rawcv */
int	h_writer_sleeps(void *);	/* ...t_outcv */
int	h_modem_sleeps(void *);		/* ...t_modemcv */
int	h_param_sleeps(void *);		/* ...t_paramcv */

#endif /* TESTS_TTY_H_TTY_H */
