/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * f_hand.c - what a daemon leaves for the next one, with anything in it
 * (src/devswd/front/front_handed.c).
 *
 * An input is what stands behind the head.  Promises: it is read to the end, or
 * refused; what a device has said is within it, and no longer than asked for;
 * calls are looked for without leaving it.
 */
#include <sys/mman.h>

#include <linux/fuse.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "front/frontvar.h"
#include "fuzz/h_fuzz.h"
#include "hyp/hyp_state.h"

static const uint8_t head[] = { 0x65, 0x64, 0x73, 0x77, 0x68, 0x61, 0x6e, 0x64,
    1, 0, 0, 0, 1, 0, 0, 0 };

/* An entry of an open file: handvar.h's struct hand_entry and hand_file. */
struct file_entry {
	uint32_t	 fe_type, fe_len, fe_minor, fe_done;
	char		 fe_name[24];
	uint64_t	 fe_number;
	uint32_t	 fe_slot, fe_flags, fe_uid, fe_gid;
	int32_t		 fe_pid;
	uint32_t	 fe_ngroups, fe_groups[HYP_NGROUPS];
	struct front_fileinfo fe_info;
};
static const struct file_entry file = { .fe_type = 1,
    .fe_len = sizeof(file) - offsetof(struct file_entry, fe_number),
    .fe_minor = 7, .fe_number = 9, .fe_slot = 1, .fe_flags = 3,
    .fe_pid = 100, .fe_ngroups = 1, .fe_info.fo_command = "cat" };

static bool
open_hand(const void *bytes, size_t n)
{
	const int fd = memfd_create("f_hand", MFD_CLOEXEC);
	bool good;

	FUZZ_PROMISE(fd != -1 && write(fd, head, sizeof(head)) ==
	    (ssize_t)sizeof(head) && write(fd, bytes, n) == (ssize_t)n);
	good = front_hand_open(fd);
	close(fd);
	return good;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static bool reads;
	struct front_node fn = { .fn_minor = 7 };
	char text[64];
	size_t len;

	if (!reads)
		FUZZ_PROMISE(open_hand(&file, sizeof(file)));
	reads = true;
	if (open_hand(bytes, n)) {
		memset(text, 0x55, sizeof(text));
		len = hyp_hand_get("ucom0", text, sizeof(text) - 1);
		FUZZ_PROMISE(len <= n && text[sizeof(text) - 1] == 0x55);
		(void)front_hand_has(&fn, 4);
		FUZZ_PROMISE(front_hand_is());
	} else
		FUZZ_PROMISE(hyp_hand_get("ucom0", text, sizeof(text)) == 0);
	(void)front_hand_open(-1);
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
	fuzz_seed("file", &file, sizeof(file));
}
