/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_k.h - a double of the kernel side: the up-calls of hyp_node.h as the
 * tests of the front end want them.
 *
 * A node has a queue of bytes, fed by the test.  read takes from it and
 * sleeps while it is empty; write throws away; poll tells of it.  The
 * fields of hk change that.  Everything that reaches K is counted.
 */
#ifndef TESTS_FRONT_H_K_H
#define TESTS_FRONT_H_K_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "hyp/hyp_node.h"

/* What a node is. */
enum hk_kind {
	HK_QUEUE,		/* fed by the test */
	HK_ECHO,		/* fed by write */
	HK_ZERO,		/* read is never empty, the bytes whatever */
};

/* What an operation does. */
enum hk_mode {
	HK_NORMAL,
	HK_SLEEP,		/* sleep until interrupted, then as normal */
	HK_HALF,		/* the same, but a write has done half */
	HK_DEAF,		/* sleep until hk_release, whatever happens */
	HK_SPIN,		/* the same without hyp_park */
	HK_LATE,		/* HK_SPIN, and then a millisecond of sleep */
	HK_WORKS,		/* HK_DEAF, and then busy until hk.worked */
	HK_WOKEN,		/* sleep, but the wake-up has been already */
	HK_OVERRUN,		/* claim more bytes than asked for, or than
				   there is room for */
	HK_CRASH,		/* the process ends here */
};

/* What HK_GET tells. */
struct hk_counts {
	uint32_t	 opens, closes, reads, asleep, closing, zombies,
			 threads, idle, nodes;
};

struct hk {
	_Atomic int	 open_mode, read_mode, cancel_mode, close_mode,
			 poll_mode, ioctl_mode,
			 write_mode;	/* cancel: begins a close */
	_Atomic int	 error;		/* what every operation returns */
	_Atomic uint32_t revents;	/* what every poll says as well */
	_Atomic unsigned gate;		/* the read of this number does HK_SPIN */
	_Atomic int	 worked;	/* the end of HK_WORKS */
	struct hyp_node	*alone;		/* has one reader, who is not
					   interrupted: woken by itself */

	/* Counted. */
	_Atomic unsigned opens, closes, reads, writes, ioctls, polls;
	_Atomic unsigned asleep;	/* in K and waiting for something */
	_Atomic unsigned closing;	/* in hyp_file_close */
	_Atomic unsigned wakes_late;	/* pollwake after close */

	/* The last one's. */
	_Atomic int	 flags;		/* of all but closes */
	_Atomic int	 closeflags;
	_Atomic uint64_t len, arg;
	_Atomic unsigned uid, gid, ngroups;
	_Atomic int	 pid;
};
extern struct hk hk;

void	hk_reset(void);
struct hyp_node *hk_node(void);		/* a new one, HK_QUEUE */
struct hyp_node *hk_node_of(enum hk_kind, enum hk_mode);
void	hk_feed(struct hyp_node *, size_t);
unsigned hk_turn(struct hyp_node *);	/* hk.reads at its last read */
void	hk_release(void);		/* end HK_DEAF and HK_SPIN */
void	hk_wake_all(struct hyp_node *);	/* pollwake for no reason */

/* Is hk.asleep *(unsigned *)arg?  For T_UNTIL. */
int	hk_asleep(void *);

/* Fills in what HK_GET tells of the front end. */
extern void (*hk_count_front)(struct hk_counts *);

/* ioctl commands that the double knows. */
#define	HK_GET		0x5401u		/* 36 bytes out */
#define	HK_SET		0x5402u		/* 36 bytes in */
#define	HK_FLUSH	0x540bu		/* a number */
#define	HK_SWAP		0xc0085480u	/* 8 in, 8 out */
#define	HK_PART		0x80445481u	/* 4 in, a length; that many out behind
					   them, at most HK_PARTMAX */
#define	HK_SIZE		36
#define	HK_PARTMAX	64

#endif /* TESTS_FRONT_H_K_H */
