/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tty_impl.h - shared by the files of src/kernel/tty only.
 */
#ifndef TTY_TTY_IMPL_H
#define TTY_TTY_IMPL_H

#include <sys/param.h>
#include <sys/tty.h>

#define	NSEC_PER_MSEC	1000000ULL

/* Room beyond t_qsize in the input queues: marks, and the end of a line. */
#define	TTYSLACK	256

/* After this column comes 0; tabs have to know it modulo 8. */
#define	TTY_COLMASK	0x3fffffff

/* With IUTF8: is it a character's, but not its first byte?  Not if quoted. */
#define	TTY_UTF8_MORE(c)	(((c) & (TTY_QUOTE | 0xc0)) == 0x80)

/* How long a close waits without progress, if TIOCSPORT has not said. */
#define	CLOSEDRAIN_MS	5000

uint64_t ttynow(void);
int	ttymsleft(uint64_t);
int	ttynread(struct tty *);
bool	ttbreakc(struct tty *, int);
void	ttyblock(struct tty *);
void	ttyunblock(struct tty *);
void	ttyunblock_read(struct tty *);
void	ttyecho(int, struct tty *);
int	ttyechocol(struct tty *, int, int);
void	ttywakeall(struct tty *);
void	ttyclosedrain(struct tty *);
int	ttywait_locked(struct tty *);
void	ttystop(struct tty *, int);
void	ttygo(struct tty *);

/* Bytes of input in both queues. */
static inline int
ttyintotal(const struct tty *tp)
{

	return tp->t_rawq.c_cc + tp->t_canq.c_cc;
}

#endif /* TTY_TTY_IMPL_H */
