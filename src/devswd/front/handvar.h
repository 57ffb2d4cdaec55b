/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * handvar.h - what one devswd says to the next (front_hand.c has the model): a
 * head, and entries, which front_hand.c writes and front_handed.c reads.
 */
#ifndef FRONT_HANDVAR_H
#define FRONT_HANDVAR_H

#include <linux/fuse.h>

#include "front/frontvar.h"
#include "hyp/hyp.h"

#define	HAND_MAGIC	UINT64_C(0x646e616877736465)
#define	HAND_VERSION	1
#define	HAND_MAX	(256 * 1024 * 1024)
#define	HAND_ALIGN(n)	(((n) + 7) & ~(size_t)7)

struct hand_head {
	uint64_t	 h_magic;
	uint32_t	 h_version;
	uint32_t	 h_complete;
};

enum { HAND_DEVICE, HAND_FILE, HAND_CALL };

struct hand_entry {
	uint32_t	 he_type;
	uint32_t	 he_len;	/* behind it; then up to 8 bytes of room */
	uint32_t	 he_minor;	/* of a file, a call */
	uint32_t	 he_done;	/* bytes of a write; when read: is over */
	char		 he_name[24];	/* of a device */
};

struct hand_file {
	uint64_t	 f_number;
	uint32_t	 f_slot;
	uint32_t	 f_flags;	/* HYP_F_* */
	uint32_t	 f_uid;
	uint32_t	 f_gid;
	int32_t		 f_pid;
	uint32_t	 f_ngroups;
	uint32_t	 f_groups[HYP_NGROUPS];
	struct front_fileinfo f_info;
};

/* ---- front_hand.c --------------------------------------------------- */

bool	front_hand_callok(const struct fuse_in_header *, size_t);

#endif /* FRONT_HANDVAR_H */
