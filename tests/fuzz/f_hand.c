/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * f_hand.c - what a daemon leaves for the next one, with anything in it
 * (src/devswd/front/front_hand.c).
 *
 * An input is what stands behind the head.  Promises: it is read to the end, or
 * refused; what a device has said is within it, and no longer than asked for;
 * calls are looked for without leaving it.
 */
#include <sys/mman.h>

#include <linux/fuse.h>
#include <string.h>
#include <unistd.h>

#include "front/frontvar.h"
#include "fuzz/h_fuzz.h"
#include "hyp/hyp_state.h"

static const uint8_t head[] = { 0x65, 0x64, 0x73, 0x77, 0x68, 0x61, 0x6e, 0x64,
    1, 0, 0, 0, 1, 0, 0, 0 };

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	const int fd = memfd_create("f_hand", MFD_CLOEXEC);
	struct front_node fn = { .fn_minor = 7 };
	char text[64];
	size_t len;

	FUZZ_PROMISE(fd != -1 && write(fd, head, sizeof(head)) ==
	    (ssize_t)sizeof(head) && write(fd, bytes, n) == (ssize_t)n);
	if (front_hand_open(fd)) {
		memset(text, 0x55, sizeof(text));
		len = hyp_hand_get("ucom0", text, sizeof(text) - 1);
		FUZZ_PROMISE(len <= n && text[sizeof(text) - 1] == 0x55);
		(void)front_hand_has(&fn, 4);
	} else
		FUZZ_PROMISE(hyp_hand_get("ucom0", text, sizeof(text)) == 0);
	(void)front_hand_open(-1);
	close(fd);
	return 0;
}

void
fuzz_seeds(void)
{
	/* A device and its 5 bytes; a read of node 7. */
	static const uint8_t device[48] = { [4] = 5, [16] = 'u', 'c', 'o', 'm',
	    '0', [40] = 1, 2, 3, 4, 5 };
	static const uint8_t call[40 + sizeof(struct fuse_in_header)] = {
	    2, [4] = sizeof(struct fuse_in_header), [8] = 7,
	    [40] = sizeof(struct fuse_in_header), [44] = FUSE_READ, [48] = 4 };

	fuzz_seed("device", device, sizeof(device));
	fuzz_seed("call", call, sizeof(call));
}
