/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_hid.c - the report descriptor parser and its promises, for libFuzzer.
 *
 *	CC=clang meson setup -Db_sanitize=address,undefined -Db_lundef=false D
 *	ninja -C D tests/hid/fuzz_hid tests/hid/h_seeds
 *	mkdir corpus && D/tests/hid/h_seeds corpus
 *	D/tests/hid/fuzz_hid -max_len=1024 corpus
 */
#include <stdio.h>
#include <stdlib.h>

#include "hid/h_promise.h"
#include "hid/hid_parse.h"

#define	MANY	60

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/*
 * Descriptors of very many fields would take all the time: walk through one
 * in 64 of them.
 */
static int
chosen(const uint8_t *bytes, size_t len)
{
	static struct hidp p;
	uint32_t hash = 2166136261;

	(void)hidp_check(&p, bytes, len);
	if (p.p_nfield <= MANY)
		return 1;
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ bytes[i]) * 16777619;
	return hash >> 8 & 63 ? 0 : 1;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static uint8_t report[H_REPORT];
	const char *broken;
	int accepted;

	if (!chosen(bytes, len))
		return 0;
	broken = h_promise(bytes, len, report, &accepted);
	if (broken != NULL) {
		fprintf(stderr, "promise broken: %s\n", broken);
		abort();
	}
	return 0;
}
