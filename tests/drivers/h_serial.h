/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_serial.h - a client's view of serial nodes, for the driver tests: the
 * system calls as up-calls of hyp_node.h, in the calling thread or in one
 * of their own, and software adapters from src/vusb.
 */
#ifndef TESTS_DRIVERS_H_SERIAL_H
#define TESTS_DRIVERS_H_SERIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "h_test.h"
#include "hyp/hyp_node.h"
#include "specfs/h_node.h"
#include "vusb/vusb.h"

#define	S_RDWR	(HYP_F_READ | HYP_F_WRITE)

/* One open file.  sf_host is not on a stack, which a failed case leaves. */
struct s_file {
	struct hyp_file		*sf_file;
	struct h_hostfile	*sf_host;
};

/* Boot K; once per program, further calls do nothing. */
void	s_boot(void);

/* Plug in and wait until the unit can be opened (node) with no other effect
   than that of its attach. */
void	s_plug(struct vusb *, const char *);
void	s_plug_wait(const char *);
/* Pull out and wait until the driver is detached. */
void	s_unplug(struct vusb *);
/* Wait until K uses no more memory than that. */
void	s_settle(size_t);

/* System calls as root; Linux errno. */
int	s_open(const char *, int, struct s_file *);
void	s_close(struct s_file *);
void	s_close_flags(struct s_file *, int);	/* HYP_F_NONBLOCK */
int	s_read(struct s_file *, void *, size_t, int, size_t *);
int	s_write(struct s_file *, const void *, size_t, int, size_t *);
int	s_ioctl(struct s_file *, unsigned long, void *);
uint32_t s_poll(struct s_file *, uint32_t);
int	s_revoke(const char *);
/* From now on reads, writes and ioctls are in a thread that may not sleep. */
void	s_nosleep(bool);

/* That must work: all len bytes, or the case fails. */
void	s_read_all(struct s_file *, void *, size_t);
void	s_write_all(struct s_file *, const void *, size_t);
void	s_far_read_all(struct vusb *, unsigned, void *, size_t);

/* Settings. */
#define	S_CRTSCTS	0x1
#define	S_XONXOFF	0x2
#define	S_TWOSTOP	0x4
#define	S_EVEN		0x8
#define	S_ODD		0x10
#define	S_CLOCAL	0x20
#define	S_NOHUPCL	0x40
#define	S_MARK		0x80	/* CMSPAR: with S_ODD mark, S_EVEN space */
int	s_raw(struct s_file *, unsigned, unsigned, unsigned);
int	s_modem(struct s_file *);
/* Until those lines of the mask are as wanted. */
void	s_wait_lines(struct s_file *, int, int);

/* A system call on a thread of its own. */
enum s_call { S_OPEN, S_READ, S_WRITE, S_IOCTL, S_CLOSE, S_REVOKE };
struct s_op {
	enum s_call	 so_call;
	struct s_file	*so_file;
	const char	*so_node;
	int		 so_flags;
	void		*so_buf;
	size_t		 so_len;
	unsigned long	 so_cmd;
	/* results */
	int		 so_error;
	size_t		 so_done;
	uint64_t	 so_ms;		/* how long it took */
	bool		 so_finished;	/* atomic */
	struct hyp_lwp	*so_lwp;	/* atomic */
	struct t_thread	*so_thread;
};
void	s_start(struct s_op *);
void	s_wait_sleep(struct s_op *, const char *);
void	s_interrupt(struct s_op *);
bool	s_finished(struct s_op *);
int	s_finish(struct s_op *);

/* Bytes that say where they are. */
void	s_pattern(uint8_t *, size_t, uint64_t);

#endif /* TESTS_DRIVERS_H_SERIAL_H */
