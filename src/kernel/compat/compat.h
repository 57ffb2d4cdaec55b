/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * compat.h - Linux's numbers and structures at the edge of K.
 *
 * The one place where a BSD errno, ioctl command or struct termios becomes a
 * Linux one and back.  Everything above (specfs's up-calls) hands Linux
 * numbers in and gets Linux numbers out; everything below sees BSD's.
 *
 * Nothing here has state or locks.  compat_ioctl sleeps where the ioctls
 * that it makes do, and for the length of a break.
 */
#ifndef COMPAT_COMPAT_H
#define COMPAT_COMPAT_H

#include <sys/types.h>

struct termios;

/*
 * One BSD ioctl on the file; data is as long as cmd says.  Returns a BSD
 * errno, EPASSTHROUGH and ERESTART included.
 */
typedef int compat_ioctl_t(void *, u_long, void *);

int	compat_errno(int);
int	compat_errno_in(int);

int	compat_ioctl_size(uint32_t, size_t *, size_t *);
size_t	compat_ioctl_outoff(uint32_t);
int	compat_ioctl(uint32_t, uint64_t, const void *, size_t, void *,
	    size_t *, int *, compat_ioctl_t *, void *);

/*
 * struct termios2 of Linux (x86-64, and every architecture that uses
 * asm-generic/termbits.h).  struct termios is the same without the speeds.
 */
#define	LINUX_NCCS	19
struct linux_termios2 {
	uint32_t	c_iflag;
	uint32_t	c_oflag;
	uint32_t	c_cflag;
	uint32_t	c_lflag;
	uint8_t		c_line;
	uint8_t		c_cc[LINUX_NCCS];
	uint32_t	c_ispeed;
	uint32_t	c_ospeed;
};
#define	LINUX_TERMIOS_SIZE	36
#define	LINUX_TERMIOS2_SIZE	44

/* struct termio, from before termios: the low halves, eight characters. */
#define	LINUX_NCC	8
struct linux_termio {
	uint16_t	c_iflag;
	uint16_t	c_oflag;
	uint16_t	c_cflag;
	uint16_t	c_lflag;
	uint8_t		c_line;
	uint8_t		c_cc[LINUX_NCC];
	uint8_t		c_pad;
};
#define	LINUX_TERMIO_SIZE	18

void	compat_termios_out(const struct termios *, struct linux_termios2 *);
void	compat_termios_rate(struct linux_termios2 *, uint32_t);
int	compat_termios_in(const struct linux_termios2 *, struct termios *);

#endif /* COMPAT_COMPAT_H */
