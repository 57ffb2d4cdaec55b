/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_handle.c - a file is found by a number that is used once: what the kernel
 * says of a file that is not open here is answered as for a revoked one
 * (docs/contract.md), and reaches neither K nor memory.
 */
#undef NDEBUG
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <string.h>

#include "h_front.h"
#include "hyp/hyp.h"

#define	SLOT_MASK	UINT64_C(0xffff)

/* Each call on it gets what h_k.c's dead files say, and K hears of none; of
   closes front_down counts as many as opens. */
static void
is_dead(struct kern *k, uint64_t fh)
{
	const unsigned calls = hk.reads + hk.writes + hk.ioctls + hk.polls;
	struct fuse_poll_out out;
	char buf[HK_SIZE] = "";
	struct kern_reply r;

	T_EQ(kern_wait(k, kern_read(k, fh, 10, 0, 0), &r), 0);
	T_EQ(r.kr_len, 0);
	T_EQ(kern_wait(k, kern_write(k, fh, "x", 1, 0, 0), NULL), EIO);
	T_EQ(kern_wait(k, kern_ioctl(k, fh, HK_SET, 4096, 0, NULL, 0, 0),
	    NULL), EBADF);
	T_EQ(kern_wait(k, kern_ioctl(k, fh, HK_SET, 4096, 0, buf, HK_SIZE, 0),
	    NULL), EBADF);
	for (int notify = 0; notify < 2; notify++) {
		T_EQ(kern_wait(k, kern_poll(k, fh, POLLIN, notify), &r), 0);
		memcpy(&out, r.kr_data, sizeof(out));
		T_EQ(out.revents, POLLIN | POLLERR | POLLHUP);
	}
	T_EQ(kern_wait(k, kern_release(k, fh), NULL), 0);
	T_EQ(hk.reads + hk.writes + hk.ioctls + hk.polls, calls);
}

static void
a_closed_file_is_dead(void)
{
	uint64_t fh, other;

	front_up(0);
	fh = kern_opened(kern, O_RDWR);
	kern_released(kern, fh);
	is_dead(kern, fh);
	other = kern_opened(kern, O_RDWR);
	T_EQ(other & SLOT_MASK, fh & SLOT_MASK);	/* its slot */
	is_dead(kern, fh);
	T_EQ(kern_wait(kern, kern_write(kern, other, "x", 1, 0, 0), NULL), 0);
	kern_released(kern, other);
	front_down();
}

static void
forged_numbers_are_dead(void)
{
	uint64_t fh;

	front_up(0);
	fh = kern_opened(kern, O_RDWR);
	is_dead(kern, 0);
	is_dead(kern, ~UINT64_C(0));
	is_dead(kern, (uintptr_t)&hk);
	is_dead(kern, fh & SLOT_MASK);
	for (unsigned bit = 0; bit < 64; bit++)
		is_dead(kern, fh ^ UINT64_C(1) << bit);
	T_EQ(kern_wait(kern, kern_write(kern, fh, "x", 1, 0, 0), NULL), 0);
	kern_released(kern, fh);
	front_down();
}

static void
a_file_of_another_node_is_dead(void)
{
	struct hyp_node *other;
	struct kern *k;
	uint64_t fh;

	front_up(0);
	front_add("ttyX1", 8, &other, &k);
	fh = kern_opened(kern, O_RDWR);
	is_dead(k, fh);
	T_EQ(kern_wait(kern, kern_write(kern, fh, "x", 1, 0, 0), NULL), 0);
	kern_released(kern, fh);
	front_down();
	kern_free(k);
}

/* The number that it will have is known to who has opened one before. */
static void
a_file_that_is_being_opened_is_dead(void)
{
	uint64_t fh, next, unique;

	front_up(0);
	fh = kern_opened(kern, O_RDWR);
	next = (((fh >> 16) + 1) << 16) | ((fh & SLOT_MASK) + 1);
	hk.open_mode = HK_SLEEP;
	unique = kern_open(kern, O_RDWR);
	wait_asleep(1);
	is_dead(kern, next);
	kern_interrupt(kern, unique);
	T_EQ(kern_wait(kern, unique, NULL), EINTR);
	is_dead(kern, next);
	/* Its slot is free when its thread is. */
	wait_quiet();
	hk.open_mode = HK_NORMAL;
	T_EQ(kern_opened(kern, O_RDWR), next);
	kern_released(kern, next);
	kern_released(kern, fh);
	front_down();
}

static void
no_number_comes_again(void)
{
	uint64_t fh, last = 0;

	front_up(0);
	for (int i = 0; i < 500; i++) {
		fh = kern_opened(kern, O_RDWR);
		T_CHECK(fh >> 16 > last);
		last = fh >> 16;
		kern_released(kern, fh);
		kern_forget(kern);
	}
	front_down();
}

static void
a_full_table_is_enfile(void)
{
	struct front_config fc;
	uint64_t fh[16];
	unsigned n;

	memset(&fc, 0, sizeof(fc));
	fc.max_files = 16;
	front_up_with(&fc);
	/* A user may have half, all users leave one to root. */
	for (n = 0; n < 15; n++) {
		kern_as(kern, n < 8 ? 1000 : 1001, 0, 0);
		if (n == 8) {
			kern_as(kern, 1000, 0, 0);
			T_EQ(kern_wait(kern, kern_open(kern, O_RDWR), NULL),
			    ENFILE);
			kern_as(kern, 1001, 0, 0);
		}
		fh[n] = kern_opened(kern, O_RDWR);
	}
	kern_as(kern, 1002, 0, 0);
	T_EQ(kern_wait(kern, kern_open(kern, O_RDWR), NULL), ENFILE);
	kern_as(kern, 0, 0, 0);
	fh[n++] = kern_opened(kern, O_RDWR);
	T_EQ(kern_wait(kern, kern_open(kern, O_RDWR), NULL), ENFILE);
	T_EQ(hk.opens, 16);
	/* An open that fails in K gives its slot back, as a close does. */
	kern_released(kern, fh[3]);
	hk.error = EBUSY;
	for (int i = 0; i < 4; i++)
		T_EQ(kern_wait(kern, kern_open(kern, O_RDWR), NULL), EBUSY);
	hk.error = 0;
	fh[3] = kern_opened(kern, O_RDWR);
	for (unsigned i = 0; i < n; i++)
		kern_released(kern, fh[i]);
	front_down();
}

const struct t_case t_cases[] = {
	{ "a closed file is dead", a_closed_file_is_dead },
	{ "forged numbers are dead", forged_numbers_are_dead },
	{ "a file of another node is dead", a_file_of_another_node_is_dead },
	{ "a file that is being opened is dead",
	    a_file_that_is_being_opened_is_dead },
	{ "no number comes again", no_number_comes_again },
	{ "a full table is ENFILE", a_full_table_is_enfile },
	{ NULL, NULL },
};
