/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_seeds.c - write the shapes of h_rdesc.h into a directory, one file
 * each, for a fuzzer to begin with.
 */
#include <stdio.h>

#include "hid/h_rdesc.h"

int
main(int argc, char **argv)
{
	char path[4096];
	size_t k;
	FILE *f;

	if (argc != 2) {
		fprintf(stderr, "usage: h_seeds DIRECTORY\n");
		return 2;
	}
	for (k = 0; k < H_NRDESC; k++) {
		snprintf(path, sizeof(path), "%s/%s", argv[1],
		    h_rdescs[k].r_name);
		f = fopen(path, "wb");
		if (f == NULL) {
			perror(path);
			return 1;
		}
		fwrite(h_rdescs[k].r_bytes, 1, h_rdescs[k].r_len, f);
		if (fclose(f) != 0) {
			perror(path);
			return 1;
		}
	}
	return 0;
}
