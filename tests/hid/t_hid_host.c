/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_hid_host.c - the report descriptor parser in a program of the host
 * side: the same object that the drivers have, with libc's headers around
 * it, used as a program would that shows what is in a report.
 */
#undef NDEBUG
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "h_test.h"
#include "hid/h_promise.h"
#include "hid/h_rdesc.h"
#include "hid/hid_parse.h"

static struct hidp p;

/* A copy of exactly its own length. */
static uint8_t *
exactly(const struct h_rdesc *r)
{
	uint8_t *copy = malloc(r->r_len);

	T_CHECK(copy != NULL);
	return memcpy(copy, r->r_bytes, r->r_len);
}

static void
t_shapes(void)
{
	static uint8_t report[H_REPORT];
	int accepted;

	for (size_t k = 0; k < H_NRDESC; k++) {
		uint8_t *d = exactly(&h_rdescs[k]);

		T_EQ(hidp_check(&p, d, h_rdescs[k].r_len), HIDP_OK);
		T_CHECK(hidp_next_id(&p, -1) != -1);
		T_CHECK(h_promise(d, h_rdescs[k].r_len, report, &accepted) ==
		    NULL);
		T_CHECK(accepted);
		free(d);
	}
}

/* "page/usage=value" of each field of an input report; of an array, the
   usages that are on. */
static void
show(char *text, size_t size, const uint8_t *d, size_t len,
    const uint8_t *report, size_t n)
{
	struct hidp_item i;
	uint32_t usage;
	size_t at = 0;

	hidp_start(&p, d, len, 1U << HIDP_INPUT);
	while (hidp_next(&p, &i)) {
		if (i.i_kind != HIDP_INPUT || (i.i_flags & HIDP_CONST) != 0)
			continue;
		for (uint32_t k = 0; k < i.i_count; k++) {
			const int64_t v = hidp_value(&i, report, n, k);

			if ((i.i_flags & HIDP_VARIABLE) != 0)
				at += (size_t)snprintf(text + at, size - at,
				    "%x/%x=%lld ", i.i_usage >> 16,
				    i.i_usage & 0xffff, (long long)v);
			else if (v > 0 && hidp_usage_at(&p,
			    (uint32_t)(v - i.i_logical_min), &usage))
				at += (size_t)snprintf(text + at, size - at,
				    "%x/%x ", usage >> 16, usage & 0xffff);
		}
	}
	T_EQ(p.p_error.e_code, HIDP_OK);
}

static void
t_show(void)
{
	static const uint8_t mouse[] = { 0x05, 0xfe, 0x02, 0x00 };
	static const uint8_t keys[] = { 0x02, 0, 4, 5, 0, 0, 0, 0 };
	char text[256];

	show(text, sizeof(text), h_mouse, sizeof(h_mouse), mouse,
	    sizeof(mouse));
	T_CHECK(strcmp(text,
	    "9/1=1 9/2=0 9/3=1 1/30=-2 1/31=2 1/38=0 ") == 0);
	show(text, sizeof(text), h_keyboard, sizeof(h_keyboard), keys,
	    sizeof(keys));
	T_CHECK(strcmp(text, "7/e0=0 7/e1=1 7/e2=0 7/e3=0 7/e4=0 7/e5=0 "
	    "7/e6=0 7/e7=0 7/4 7/5 ") == 0);
}

const struct t_case t_cases[] = {
	{ "all shapes, on the host side", t_shapes },
	{ "a report as a program shows it", t_show },
	{ NULL, NULL }
};
