/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_stream.c - a telnet client's stream, for libFuzzer.
 *
 *	CC=clang meson setup -Db_sanitize=address,undefined -Db_lundef=false D
 *	ninja -C D tests/gateway/fuzz_stream
 *	D/tests/gateway/fuzz_stream -max_len=2048
 */
#include <stdio.h>
#include <stdlib.h>

#include "gateway/h_stream.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	const char *const broken = h_stream(bytes, n);

	if (broken != NULL) {
		fprintf(stderr, "promise broken: %s\n", broken);
		abort();
	}
	return 0;
}
