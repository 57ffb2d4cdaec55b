/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kills.h - what kills.c, who kills, and kills_client.c, who is in the middle
 * of something, have in common.
 */
#ifndef STRESS_KILLS_H
#define STRESS_KILLS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <termios.h>

#define	LINES_MAX	16
#define	CLIENTS_MAX	64
#define	ERRNOS		134

enum { OPEN, READ, WRITE, POLL, IOCTL, CLOSE, NCALLS };
#define	KILLS_CALLS	"open", "read", "write", "poll", "ioctl", "close"

struct line {
	const char	*l_node;
	const char	*l_far;		/* NULL: its output is its input */
	struct termios	 l_mode;
};

/* What has come of bytes of numbers: kills_client.c; first the last number. */
typedef uint64_t came_t;

/* What all processes see. */
extern struct shared {
	atomic_uint	 s_kills;
	atomic_uint	 s_dead;	/* a file older than this is dead */
	atomic_bool	 s_stop;
	atomic_uint	 s_wrong;
	_Atomic unsigned long s_done[NCALLS];
	_Atomic unsigned long s_errno[NCALLS][ERRNOS];
	_Atomic unsigned long s_calls[CLIENTS_MAX];	/* of each client */
	_Atomic unsigned long s_sent, s_received;	/* bytes */
	_Atomic uint32_t s_next[LINES_MAX];	/* the next number out */
	_Atomic came_t	 s_in[LINES_MAX];	/* the reader's */
} *sh;
extern struct line lines[LINES_MAX];
extern unsigned nlines, nnumbered;	/* of which have a far end */

uint64_t now_ms(void);
void	wrong(const char *, ...) __attribute__((format(printf, 1, 2)));

/* Client i, until s_stop; a process of its own. */
void	client_main(unsigned);

/* The far end of a line: a process, which is no client. */
void	far_start(const struct line *, uint32_t);

#endif /* STRESS_KILLS_H */
