/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_promise.c - see h_promise.h.  Plain C like the parser itself, for K
 * tests and for a fuzzer.
 */
#include "hid/hid_parse.h"
#include "hid/h_promise.h"

#define	PROMISE(e)	do { if (!(e)) return #e; } while (0)

static struct hidp whole, walk, one;

/* A field's value goes in and comes out, and nothing else changes. */
static const char *
field_keeps(const struct hidp_item *i, uint8_t *report)
{
	const uint32_t bits = hidp_bits(&whole, i->i_kind,
	    (uint8_t)i->i_report_id);
	const size_t len = (bits + 7) / 8;
	const uint32_t last = i->i_pos + i->i_size * (i->i_count - 1);
	const uint32_t low = i->i_size < 64 ? i->i_size : 64;
	const uint64_t mask = low == 64 ? ~0ULL : (1ULL << low) - 1;
	const uint64_t value = 0xa5c35a3c96e1d287ULL;

	PROMISE(i->i_pos + (uint64_t)i->i_size * i->i_count <= bits);
	PROMISE(hidp_get(report, len, last, i->i_size) == mask);
	PROMISE(hidp_put(report, len, last, i->i_size, value));
	PROMISE(hidp_get(report, len, last, i->i_size) == (value & mask));
	if (last > 0)
		PROMISE(hidp_get(report, len, last - 1, 1) == 1);
	if (last + i->i_size < 8 * len)
		PROMISE(hidp_get(report, len, last + i->i_size, 1) == 1);
	PROMISE(hidp_put(report, len, last, i->i_size, ~0ULL));
	if (i->i_size > 64) {
		PROMISE(hidp_get(report, len, last + 64, 1) == 0);
		__builtin_memset(report + (last + 64) / 8, 0xff,
		    (last + i->i_size + 7) / 8 - (last + 64) / 8);
	}
	PROMISE(!hidp_put(report, len, (uint32_t)(8 * len) - i->i_size + 1,
	    i->i_size, 0));
	PROMISE(hidp_value(i, report, len, i->i_count) == 0);
	if (i->i_logical_min < 0)
		PROMISE(hidp_value(i, report, len, 0) == -1);
	return NULL;
}

static const char *
field(const struct hidp_item *i, uint32_t *sum, uint8_t *report, int values)
{
	uint32_t usage, first, n;

	PROMISE(i->i_size > 0 && i->i_count > 0);
	PROMISE(i->i_report_id < 256);
	PROMISE(i->i_pos == sum[i->i_report_id]);
	PROMISE((i->i_flags & HIDP_VARIABLE) == 0 || i->i_count == 1);
	PROMISE((i->i_flags & HIDP_CONST) != 0 ||
	    i->i_logical_min <= i->i_logical_max);
	PROMISE(i->i_usage_min <= i->i_usage_max);
	PROMISE(i->i_string_min <= i->i_string_max);
	PROMISE(i->i_designator_min <= i->i_designator_max);
	if ((i->i_flags & HIDP_VARIABLE) == 0 &&
	    hidp_usage_at(&walk, 0, &usage)) {
		PROMISE(usage == i->i_usage);
		PROMISE(hidp_usage_index(&walk, usage, &n) && n == 0);
	}
	for (uint32_t at = 0; at < 9 && hidp_usage_at(&walk, at, &usage); at++)
		PROMISE(hidp_usage_index(&walk, usage, &n) && n <= at &&
		    hidp_usage_at(&walk, n, &first) && first == usage);
	sum[i->i_report_id] += i->i_size * i->i_count;
	PROMISE(sum[i->i_report_id] <= HIDP_MAXBITS);
	return values ? field_keeps(i, report) : NULL;
}

static int
same(const struct hidp_item *a, const struct hidp_item *b)
{

	return a->i_kind == b->i_kind && a->i_off == b->i_off &&
	    a->i_pos == b->i_pos && a->i_usage == b->i_usage &&
	    a->i_size == b->i_size && a->i_count == b->i_count &&
	    a->i_flags == b->i_flags && a->i_report_id == b->i_report_id &&
	    a->i_logical_max == b->i_logical_max &&
	    a->i_collevel == b->i_collevel;
}

/* The walk over one kind finds what the walk over all finds of it. */
static const char *
one_kind(const uint8_t *desc, size_t len, enum hidp_kind kind)
{
	struct hidp_item a, b;

	hidp_start(&one, desc, len, 1U << kind);
	hidp_start(&walk, desc, len, HIDP_ALL);
	while (hidp_next(&walk, &a)) {
		if (a.i_kind < HIDP_NKIND && a.i_kind != kind)
			continue;
		PROMISE(hidp_next(&one, &b) && same(&a, &b));
	}
	PROMISE(!hidp_next(&one, &b));
	PROMISE(one.p_error.e_code == walk.p_error.e_code);
	PROMISE(one.p_error.e_off == walk.p_error.e_off);
	return NULL;
}

static const char *
everything(const uint8_t *desc, size_t len, uint8_t *report, int good)
{
	static uint32_t sum[HIDP_NKIND][256];
	const char *broken = NULL;
	uint32_t fields = 0, level = 0, steps = 0;
	struct hidp_item i;
	int next;

	__builtin_memset(sum, 0, sizeof(sum));
	__builtin_memset(report, 0xff, H_REPORT);
	hidp_start(&walk, desc, len, HIDP_ALL);
	while (broken == NULL && hidp_next(&walk, &i)) {
		PROMISE(++steps <= HIDP_MAXFIELDS + len);
		PROMISE(i.i_off < len);
		if (i.i_kind == HIDP_COLLECTION) {
			PROMISE(i.i_collevel == ++level);
		} else if (i.i_kind == HIDP_ENDCOLLECTION) {
			PROMISE(i.i_collevel == --level);
		} else {
			PROMISE(i.i_collevel == level);
			PROMISE(++fields <= HIDP_MAXFIELDS);
			/* Values of all of few fields, of some of many. */
			broken = field(&i, sum[i.i_kind], report,
			    good && (fields < 500 || fields % 61 == 0));
		}
		PROMISE(level <= HIDP_MAXCOLL);
	}
	if (broken != NULL)
		return broken;
	PROMISE(walk.p_error.e_code == whole.p_error.e_code);
	PROMISE(walk.p_error.e_off == whole.p_error.e_off);
	PROMISE(!hidp_next(&walk, &i) && !hidp_next_main(&walk, &i));
	PROMISE(walk.p_error.e_code == whole.p_error.e_code);
	if (!good)
		return NULL;
	PROMISE(level == 0);
	for (int k = 0; k < HIDP_NKIND; k++) {
		for (int id = 0; id < 256; id++)
			PROMISE(sum[k][id] == hidp_bits(&whole, k,
			    (uint8_t)id));
	}
	next = hidp_next_id(&whole, -1);
	for (int id = 0; id < 256; id++) {
		if (sum[0][id] + sum[1][id] + sum[2][id] == 0)
			continue;
		PROMISE(next == id);
		next = hidp_next_id(&whole, id);
		/* Report ID 0 and others exclude each other. */
		PROMISE(id > 0 || next == -1);
	}
	PROMISE(next == -1);
	return NULL;
}

const char *
h_promise(const uint8_t *desc, size_t len, uint8_t *report, int *accepted)
{
	const enum hidp_code code = hidp_check(&whole, desc, len);
	const char *broken;

	*accepted = code == HIDP_OK;
	PROMISE(code < HIDP_NCODE && code == whole.p_error.e_code);
	PROMISE(hidp_strerror(code)[0] != '\0');
	PROMISE(whole.p_error.e_off < len || len == 0 ||
	    code == HIDP_ECOLLOPEN || code == HIDP_EDELIMOPEN ||
	    (len > HIDP_MAXLEN && code == HIDP_ELENGTH));
	PROMISE(whole.p_error.e_off <= len);
	broken = everything(desc, len, report, *accepted);
	/* These walk twice for each kind: of the long ones only some. */
	if (whole.p_nfield > 1000 && len % 8 != 0)
		return broken;
	for (int k = 0; broken == NULL && k < HIDP_NKIND; k++)
		broken = one_kind(desc, len, k);
	return broken;
}
