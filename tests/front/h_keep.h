/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_keep.h - a front end that dies, or ends for the next one, and who follows
 * it on the same channels.
 *
 * The first one is a child, the successor the test itself; between them are the
 * journal and the channels' descriptors, which the test has as a keeper would.
 * The kernel's end is h_kern.c.  Children are made before there is a thread,
 * and get their descriptors later.
 */
#ifndef TESTS_FRONT_H_KEEP_H
#define TESTS_FRONT_H_KEEP_H

#include <sys/types.h>

#include <stdatomic.h>
#include <stdint.h>

#include "h_front.h"

#define	NODES	2

extern const char *const names[NODES];
extern const int classes[NODES];
extern const uint32_t minors[NODES];

extern struct journal *journal;
extern int journal_fd;
extern struct kern *kerns[NODES];
extern int fds[NODES];
extern pid_t child, second;
extern int child_end, second_end;	/* sockets to them */

/* What a write does in the child's K (HK_SLEEP). */
extern int child_write_mode;

/* What the keeper hears. */
extern _Atomic unsigned kept, unkept;

/* With the journal and the keeper. */
void	config(struct front_config *);

/* A child that has the nodes, and a second one, which takes over when it is
   given the descriptors, and dies. */
void	child_up(void);
void	child_kill(void);
void	put_fds(int);
void	second_down(void);

/* The child ends for the next one; what it leaves. */
int	child_hands_over(void);

/* The test is the next one: front_begin, front_adopt; both, after a kill. */
void	successor_begin(struct front_config *);
void	successor_adopts(void);
void	successor_up(void);
void	node_comes(int, struct hyp_node **);
void	all_down(void);

/* For T_UNTIL: is a call of this number, a uint64_t, in the journal?  And until
   it is, one of this node: each channel has all numbers. */
int	is_in_hand(void *);
int	is_not_in_hand(void *);
void	wait_in_hand(int, uint64_t);

#endif /* TESTS_FRONT_H_KEEP_H */
