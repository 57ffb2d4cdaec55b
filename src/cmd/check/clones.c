/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clones.c - the files that cloning devices have made, for watch.c, whose lock
 * guards the table; check.h.  A file that finds no row is not looked at.
 */
#include <stddef.h>

#include "check/check.h"

#define	CLONES		256

static struct cclone clones[CLONES];

struct cclone *
check_clone(uintptr_t file)
{
	struct cclone *unused = NULL;

	for (unsigned i = 0; i < CLONES; i++) {
		if (clones[i].cc_file == file)
			return &clones[i];
		if (clones[i].cc_file == 0 && unused == NULL)
			unused = &clones[i];
	}
	if (unused != NULL)
		*unused = (struct cclone){ .cc_file = file };
	return unused;
}
