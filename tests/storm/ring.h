/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ring.h - io_uring(7) by its system calls: a ring for one batch of requests.
 */
#ifndef TESTS_STORM_RING_H
#define TESTS_STORM_RING_H

#include <stdbool.h>

#include <linux/io_uring.h>

#define	RING_MOST	8		/* requests of a batch */

struct ring {
	int			 r_fd;
	void			*r_ring;	/* both queues */
	size_t			 r_len;
	struct io_uring_sqe	*r_sqes;
	struct io_uring_params	 r_params;
	unsigned		 r_next;	/* of r_sqes */
};

/*
 * yes = ring_open(r)
 *
 *	A new ring; false with errno: ENOSYS, EPERM, where there is none for
 *	this process, and what io_uring_setup(2) and mmap(2) say.
 */
bool	ring_open(struct ring *);

/* The next request, all zero; at most RING_MOST. */
struct io_uring_sqe *ring_next(struct ring *);

/* Hand all to the kernel, and wait for so many answers, or a signal; -1. */
int	ring_enter(struct ring *, unsigned wait);

/* yes = ring_answer(r, cqe): one that has come. */
bool	ring_answer(struct ring *, struct io_uring_cqe *);

/* The kernel cancels what is under way. */
void	ring_close(struct ring *);

#endif /* TESTS_STORM_RING_H */
