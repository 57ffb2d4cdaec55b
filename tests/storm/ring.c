/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ring.c - see ring.h.
 */
#include <sys/mman.h>
#include <sys/syscall.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "storm/ring.h"

/* A number of the rings that the kernel shares with us. */
static unsigned *
at(const struct ring *r, unsigned offset)
{

	return (unsigned *)((char *)r->r_ring + offset);
}

bool
ring_open(struct ring *r)
{
	struct io_uring_params *const p = &r->r_params;
	const size_t sqes = RING_MOST * sizeof(struct io_uring_sqe);
	size_t cqes;

	memset(r, 0, sizeof(*r));
	r->r_fd = (int)syscall(SYS_io_uring_setup, RING_MOST, p);
	if (r->r_fd == -1)
		return false;
	r->r_len = p->sq_off.array + p->sq_entries * sizeof(unsigned);
	cqes = p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe);
	if (cqes > r->r_len)
		r->r_len = cqes;
	r->r_ring = mmap(NULL, r->r_len, PROT_READ | PROT_WRITE, MAP_SHARED,
	    r->r_fd, IORING_OFF_SQ_RING);
	r->r_sqes = mmap(NULL, sqes, PROT_READ | PROT_WRITE, MAP_SHARED,
	    r->r_fd, IORING_OFF_SQES);
	if (r->r_ring == MAP_FAILED || r->r_sqes == MAP_FAILED) {
		const int error = errno;

		ring_close(r);
		errno = error;
		return false;
	}
	return true;
}

struct io_uring_sqe *
ring_next(struct ring *r)
{
	struct io_uring_sqe *const sqe = &r->r_sqes[r->r_next];

	at(r, r->r_params.sq_off.array)[r->r_next] = r->r_next;
	r->r_next++;
	memset(sqe, 0, sizeof(*sqe));
	return sqe;
}

int
ring_enter(struct ring *r, unsigned wait)
{

	__atomic_store_n(at(r, r->r_params.sq_off.tail), r->r_next,
	    __ATOMIC_RELEASE);
	return (int)syscall(SYS_io_uring_enter, r->r_fd, r->r_next, wait,
	    wait != 0 ? IORING_ENTER_GETEVENTS : 0, NULL, 0);
}

bool
ring_answer(struct ring *r, struct io_uring_cqe *cqe)
{
	const struct io_cqring_offsets *const off = &r->r_params.cq_off;
	unsigned *const head = at(r, off->head);

	if (*head == __atomic_load_n(at(r, off->tail), __ATOMIC_ACQUIRE))
		return false;
	*cqe = ((struct io_uring_cqe *)(void *)((char *)r->r_ring +
	    off->cqes))[*head & *at(r, off->ring_mask)];
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return true;
}

void
ring_close(struct ring *r)
{

	if (r->r_sqes != MAP_FAILED)
		munmap(r->r_sqes, RING_MOST * sizeof(struct io_uring_sqe));
	if (r->r_ring != MAP_FAILED)
		munmap(r->r_ring, r->r_len);
	close(r->r_fd);
}
