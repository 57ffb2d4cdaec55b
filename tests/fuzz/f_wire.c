/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * f_wire.c - FUSE requests to a node, of any numbers and sizes, in any order,
 * and interrupted; with the front end's own threads, and doubles of the kernel
 * on one side (tests/front/h_kern.c) and of K on the other (h_k.c).
 *
 * Commands, flags, sizes, offsets and opcodes are the input's, as clients choose
 * them; and so is, now and then, the number of the file.
 *
 * Promises: every request is answered once (h_kern.c), with an error that the
 * kernel takes (0 to 511) and no more bytes than it asked for; and after it
 * nothing is open, asleep or left over.
 */
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "front/h_front.h"
#include "fuzz/h_fuzz.h"

#define	FILES		3
#define	REQUESTS	12
#define	MOST		(128 * 1024)	/* of one request; CUSE's own limit */

static uint64_t files[FILES];		/* 0: closed */

/* ---- what the helpers want of h_test.h ------------------------------ */

void
t_fail(const char *file, int line, const char *format, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	fuzz_broken(file, line, text);
}

void
t_fail_eq(const char *file, int line, const char *a, long long av,
    const char *b, long long bv)
{

	t_fail(file, line, "%s is %lld, %s is %lld", a, av, b, bv);
}

void
t_skip(const char *why)
{

	fuzz_broken(__FILE__, __LINE__, why);
}

void
t_until(int (*func)(void *), void *arg, const char *what)
{

	for (unsigned n = 0; !(*func)(arg); n++) {
		if (n == 20000)
			fuzz_broken(__FILE__, __LINE__, what);
		(void)poll(NULL, 0, 1);
	}
}

/* ---- requests ------------------------------------------------------- */

static void
answered(uint64_t unique, size_t most)
{
	struct kern_reply r;

	(void)kern_wait(kern, unique, &r);
	FUZZ_PROMISE(r.kr_error >= 0 && r.kr_error < 512);
	FUZZ_PROMISE(r.kr_len <= most);
}

/* It may sleep in K: interrupt it, and then it is. */
static void
interrupted(uint64_t unique, size_t most)
{

	kern_interrupt(kern, unique);
	answered(unique, most);
}

static void
open_file(struct fuzz *f, unsigned i)
{
	struct fuse_open_out out;
	struct kern_reply r;
	uint64_t unique;

	if (files[i] != 0)
		return;
	kern_as(kern, fuzz_u32(f) & 0x7fffffff, fuzz_u32(f) & 0x7fffffff, 0);
	unique = kern_open(kern, (int)(fuzz_u32(f) & 0x7fffffff));
	if (kern_wait(kern, unique, &r) != 0)
		return;
	FUZZ_PROMISE(r.kr_len == sizeof(out));
	memcpy(&out, r.kr_data, sizeof(out));
	files[i] = out.fh;
}

static void
close_file(unsigned i, int flags)
{

	if (files[i] == 0)
		return;
	answered(kern_release_flags(kern, files[i], flags), 0);
	files[i] = 0;
}

static void
ioctl_file(struct fuzz *f, uint64_t fh)
{
	static const uint32_t cmds[] = { HK_GET, HK_SET, HK_FLUSH, HK_SWAP,
	    HK_PART };
	const uint8_t which = fuzz_u8(f);
	const uint32_t cmd = which == 0xff ? fuzz_u32(f) :
	    cmds[which % (sizeof(cmds) / sizeof(cmds[0]))];
	const size_t in = fuzz_u16(f) % 600, out = fuzz_u16(f) % 600;
	const uint64_t arg = fuzz_u64(f);
	uint8_t buf[600];

	(void)fuzz_bytes(f, buf, in);
	/* Again is the command's sizes, with what the kernel has room for. */
	answered(kern_ioctl(kern, fh, cmd, arg, fuzz_u8(f) & FUSE_IOCTL_COMPAT,
	    buf, in, out), sizeof(struct fuse_ioctl_out) + 4096);
}

/* One that no client of a node can send, but the kernel might: init again,
   lookup, ...  Not those that end the connection, or have no answer. */
static void
other(struct fuzz *f)
{
	const unsigned opcode = fuzz_u8(f);
	uint8_t buf[200];
	const size_t n = fuzz_bytes(f, buf, fuzz_u8(f) % sizeof(buf));

	switch (opcode) {
	case FUSE_OPEN:
	case FUSE_READ:
	case FUSE_WRITE:
	case FUSE_RELEASE:
	case FUSE_IOCTL:
	case FUSE_POLL:
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
	case FUSE_DESTROY:
	case FUSE_NOTIFY_REPLY:
	case FUSE_INIT:
		return;
	default:
		answered(kern_send(kern, opcode, buf, n, NULL, 0), 4096);
	}
}

/* No file that is open: one that was, or near one that is, or anything. */
static uint64_t
forged(struct fuzz *f)
{
	uint64_t fh = files[fuzz_u8(f) % FILES];

	fh ^= fuzz_u8(f) < 128 ? fuzz_u64(f) : UINT64_C(1) << fuzz_u8(f) % 64;
	for (unsigned i = 0; i < FILES; i++) {
		if (fh == files[i])
			return 0;
	}
	return fh;
}

static void
request(struct fuzz *f)
{
	static uint8_t data[65536];
	const uint8_t op = fuzz_u8(f);
	const unsigned i = op >> 4 & 3;
	const uint64_t fh = i < FILES ? files[i] : forged(f);
	size_t n;

	if (op % 8 == 0 && i < FILES)
		open_file(f, i);
	else if (op % 8 == 7)
		other(f);
	else if (fh == 0 && i < FILES)
		return;
	else if (op % 8 == 1 && i < FILES)
		close_file(i, (int)fuzz_u32(f));
	else if (op % 8 == 1)
		answered(kern_release(kern, fh), 0);
	else if (op % 8 == 2) {
		n = fuzz_u32(f) % (MOST + 1);
		interrupted(kern_read(kern, fh, n, fuzz_u64(f),
		    (int)fuzz_u32(f)), n);
	} else if (op % 8 == 3) {
		n = fuzz_u16(f);
		answered(kern_write(kern, fh, data, n, fuzz_u64(f),
		    (int)fuzz_u32(f)), sizeof(struct fuse_write_out));
	} else if (op % 8 == 4)
		ioctl_file(f, fh);
	else if (op % 8 == 5)
		answered(kern_poll(kern, fh, fuzz_u32(f), fuzz_u8(f) & 1),
		    sizeof(struct fuse_poll_out));
	else
		hk_feed(node, fuzz_u16(f) % 5000);
}

static void
begin(void)
{
	struct front_config fc;

	memset(&fc, 0, sizeof(fc));
	fc.deadline_ms = 5000;
	fc.idle_ms = 60000;
	front_up_with(&fc);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct fuzz f = fuzz_begin(bytes, n);
	static bool up;

	if (!up)
		begin();
	up = true;
	hk.error = (fuzz_u8(&f) & 0x80) != 0 ? fuzz_u8(&f) % 134 : 0;
	for (unsigned i = 0; i < REQUESTS && f.f_left > 0; i++)
		request(&f);
	hk.error = 0;
	for (unsigned i = 0; i < FILES; i++)
		close_file(i, 0);
	/* INTERRUPTs that came too late are answered before this. */
	answered(kern_send(kern, FUSE_STATFS, NULL, 0, NULL, 0), 4096);
	kern_forget(kern);
	FUZZ_PROMISE(hk.asleep == 0 && front_zombies() == 0);
	return 0;
}

void
fuzz_seeds(void)
{
	static const uint8_t work[] = { 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0,
	    0, 3, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6, 9, 0,
	    2, 100, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	    5, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0 };
	static const uint8_t ioctls[] = { 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0,
	    0, 4, 0, 0, 0, 36, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0,
	    4, 3, 8, 0, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 9, 9, 9, 9, 9, 0,
	    4, 0xff, 1, 2, 3, 4, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0 };
	static const uint8_t others[] = { 0, 7, 1, 4, 1, 2, 3, 4, 7, 3, 0, 7,
	    0xff, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 7, 15, 0 };

	/* Open, and a read and a poll of the same slot with another number. */
	static const uint8_t stale[] = { 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0,
	    0, 0x32, 0, 200, 16, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	    0, 0x35, 0, 200, 17, 1, 0, 0, 0, 1, 0x31, 0, 200, 18 };

	fuzz_seed("work", work, sizeof(work));
	fuzz_seed("stale", stale, sizeof(stale));
	fuzz_seed("ioctls", ioctls, sizeof(ioctls));
	fuzz_seed("others", others, sizeof(others));
}
