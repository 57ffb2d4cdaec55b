/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * f_hid.c - the report descriptor parser and its promises (hid/h_promise.h),
 * for any bytes.
 */
#include "fuzz/h_fuzz.h"
#include "hid/h_promise.h"
#include "hid/h_rdesc.h"
#include "hid/hid_parse.h"

#define	MANY	60

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
	if (broken != NULL)
		fuzz_broken("hid/h_promise.c", 0, broken);
	return 0;
}

void
fuzz_seeds(void)
{

	for (size_t k = 0; k < H_NRDESC; k++)
		fuzz_seed(h_rdescs[k].r_name, h_rdescs[k].r_bytes,
		    h_rdescs[k].r_len);
}
