/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_front.h - a front end with one node, the double of K below it and the
 * kernel's double above.
 */
#ifndef TESTS_FRONT_H_FRONT_H
#define TESTS_FRONT_H_FRONT_H

#include "front/front.h"
#include "h_k.h"
#include "h_kern.h"
#include "h_test.h"

#define	DEADLINE_MS	300
#define	IDLE_MS		20

extern struct hyp_node *node;	/* of K */
extern struct kern *kern;	/* its channel */
extern void *nodehost;		/* for hyp_node_access */

/* front_start, and front_stop.  A case whose predecessor has failed and left
   its front end is skipped. */
void	front_begin(struct front_config *);
unsigned front_end(void);

/* The same with a node; max_threads 0 is the default.  At the end everything
   must be over. */
void	front_up(unsigned max_threads);
void	front_up_with(struct front_config *);
void	front_down(void);

/* Another node. */
void	front_add(const char *, unsigned, struct hyp_node **, struct kern **);

/* For T_UNTIL: *(unsigned *)arg zombies; every open, or one, is closed. */
int	front_has_zombies(void *);
int	front_all_closed(void *);
int	front_closed_one(void *);

/* Wait until so many operations sleep in K; until nothing is in hand and one
   thread and a spare are left. */
void	wait_asleep(unsigned);
void	wait_quiet(void);

#endif /* TESTS_FRONT_H_FRONT_H */
