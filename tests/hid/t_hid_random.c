/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_hid_random.c - random descriptors with what they mean: the same ones in
 * every run.
 *
 * The writer makes up fields, notes where each must be, and then says it in
 * items: with globals only where they change, in a width of its choice,
 * with Push and Pop, with usages alone and in ranges.  The parser must find
 * exactly the noted fields.  Their values go in and out of reports, against
 * a reading that goes bit by bit.
 */
#include <sys/param.h>
#include <sys/kmem.h>
#include <sys/systm.h>

#include <dev/hid/hid.h>

#include "hid/hid_parse.h"
#include "h_test.h"
#include "hid/h_promise.h"

#define	ROUNDS		3000
#define	MAXFIELD	2048
#define	MAXDEPTH	8

static uint32_t seed;
static uint8_t desc[8192], report[H_REPORT];
static size_t len;

static struct hid_item noted[MAXFIELD];
static u_int nnoted;
static uint32_t bits[3][256];

/* What the parser has in its global items by now. */
static struct globals {
	uint32_t	g_page, g_size, g_count, g_id;
	int32_t		g_min, g_max;
} now, saved[MAXDEPTH];
static u_int nsaved;

static uint32_t
rnd(uint32_t n)
{

	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed % n;
}

/* An item of the least width that holds the value, or a greater one. */
static void
item(uint8_t tag, int64_t v, bool is_signed)
{
	u_int w = 4, k;

	if (is_signed ? v == (int16_t)v : v == (uint16_t)v)
		w = rnd(4) == 0 ? 4 : 2;
	if (w == 2 && (is_signed ? v == (int8_t)v : v == (uint8_t)v))
		w = 1 + rnd(2);
	if (v == 0 && rnd(2) == 0)
		w = 0;
	desc[len++] = (uint8_t)(tag | (w == 4 ? 3 : w));
	for (k = 0; k < w; k++)
		desc[len++] = (uint8_t)((uint64_t)v >> (8 * k));
}

/* A global item, if it is news. */
static void
global(uint8_t tag, uint32_t *has, uint32_t v)
{

	if (*has == v && rnd(8) != 0)
		return;
	item(tag, v, false);
	*has = v;
}

static void
extents(u_int size)
{
	const u_int n = size < 31 ? size : 31;
	int32_t min = 0, max = (int32_t)((1U << n) - 1);

	if (rnd(2) == 0) {
		max = (int32_t)((1U << (n - 1)) - 1);
		min = -max - 1;
	}
	if (now.g_min != min || rnd(8) == 0)
		item(0x14, min, true);
	/* A maximum behind a minimum of 0 may look negative. */
	if (now.g_max != max || rnd(8) == 0 || (now.g_min < 0) != (min < 0))
		item(0x24, max, min < 0 || rnd(2) == 0);
	now.g_min = min;
	now.g_max = max;
}

static void
stack(void)
{

	if (rnd(10) == 0 && nsaved < MAXDEPTH) {
		desc[len++] = 0xa4;
		saved[nsaved++] = now;
	} else if (rnd(10) == 0 && nsaved > 0) {
		desc[len++] = 0xb4;
		now = saved[--nsaved];
	}
}

/* Usages for n fields, fewer, or more; the page of each is noted. */
static u_int
usages(uint32_t *u, u_int n)
{
	u_int have = 0, k, more;
	uint32_t page, first;

	while (have < n && rnd(6) != 0) {
		page = 1 + rnd(20);
		first = rnd(0x100);
		more = rnd(3) == 0 ? 1 + rnd(5) : 0;
		if (rnd(5) == 0 && more == 0) {
			page = 0xff00;
			desc[len++] = 0x0b;
			desc[len++] = (uint8_t)first;
			desc[len++] = 0;
			desc[len++] = 0x00;
			desc[len++] = 0xff;
		} else {
			global(0x04, &now.g_page, page);
			if (more == 0) {
				desc[len++] = 0x09;
				desc[len++] = (uint8_t)first;
			} else {
				desc[len++] = 0x1a;
				desc[len++] = (uint8_t)first;
				desc[len++] = 0;
				desc[len++] = 0x2a;
				desc[len++] = (uint8_t)(first + more);
				desc[len++] = (uint8_t)((first + more) >> 8);
			}
		}
		for (k = 0; k <= more; k++)
			u[have++] = page << 16 | (first + k);
	}
	return have;
}

static void
note(enum hid_kind kind, uint32_t flags, uint32_t usage, uint32_t count)
{
	struct hid_item *h = &noted[nnoted++];

	memset(h, 0, sizeof(*h));
	h->kind = kind;
	h->flags = flags;
	h->usage = usage;
	h->report_ID = now.g_id;
	h->logical_minimum = now.g_min;
	h->logical_maximum = now.g_max;
	h->loc.size = now.g_size;
	h->loc.count = count;
	h->loc.pos = bits[kind][now.g_id];
	bits[kind][now.g_id] += now.g_size * count;
}

static void
write_field(bool numbered)
{
	static const uint8_t tags[] = { 0x80, 0x90, 0xb0 };
	const enum hid_kind kind = (enum hid_kind)rnd(3);
	const uint32_t flags = (rnd(4) == 0 ? 0 : HIO_VARIABLE) |
	    (rnd(8) == 0 ? HIO_CONST : 0) | (rnd(9) == 0 ? HIO_BUFBYTES : 0);
	const u_int size = 1 + rnd(rnd(10) == 0 ? 100 : 33);
	const u_int count = 1 + rnd(rnd(4) == 0 ? 20 : 4);
	uint32_t u[64];
	u_int have, k;

	stack();
	if (numbered && (now.g_id == 0 || rnd(3) == 0)) {
		now.g_id = 1 + rnd(rnd(2) == 0 ? 5 : 255);
		item(0x84, now.g_id, false);
	}
	extents(size);
	global(0x74, &now.g_size, size);
	have = usages(u, count);
	/* A count may stand between the usages and the field. */
	global(0x94, &now.g_count, count);
	item(tags[kind], flags, false);
	if ((flags & HIO_VARIABLE) == 0) {
		note(kind, flags, have > 0 ? u[0] : 0, count);
		return;
	}
	for (k = 0; k < count; k++)
		note(kind, flags, have == 0 ? 0 : u[uimin(k, have - 1)], 1);
}

static void
write_descriptor(void)
{
	const bool numbered = rnd(2) == 0;
	u_int depth = 0, n;

	len = nnoted = nsaved = 0;
	memset(&now, 0, sizeof(now));
	memset(bits, 0, sizeof(bits));
	for (n = 1 + rnd(40); n > 0; n--) {
		if (depth < 6 && rnd(4) == 0) {
			item(0xa0, rnd(7), false);
			depth++;
		}
		write_field(numbered);
		if (depth > 0 && rnd(4) == 0) {
			desc[len++] = 0xc0;
			depth--;
		}
	}
	memset(desc + len, 0xc0, depth);
	len += depth;
	T_CHECK(len <= sizeof(desc) && nnoted <= MAXFIELD);
}

/* The noted fields of one kind, in their order. */
static void
find(enum hid_kind kind)
{
	struct hid_data *hd = hid_start_parse(desc, (int)len, kind);
	static uint32_t sum[256];
	struct hid_item h;
	u_int k = 0;

	memset(sum, 0, sizeof(sum));
	while (hid_get_item(hd, &h)) {
		if (h.kind != kind)
			continue;
		while (k < nnoted && noted[k].kind != kind)
			k++;
		T_CHECK(k < nnoted);
		T_EQ(h.report_ID, noted[k].report_ID);
		T_EQ(h.flags, noted[k].flags);
		T_EQ(h.usage, noted[k].usage);
		T_EQ(h.logical_minimum, noted[k].logical_minimum);
		T_EQ(h.logical_maximum, noted[k].logical_maximum);
		T_EQ(h.loc.pos, noted[k].loc.pos);
		T_EQ(h.loc.size, noted[k].loc.size);
		T_EQ(h.loc.count, noted[k].loc.count);
		sum[h.report_ID] += h.loc.size * h.loc.count;
		k++;
	}
	while (k < nnoted && noted[k].kind != kind)
		k++;
	T_EQ(k, nnoted);
	hid_end_parse(hd);
	for (u_int id = 0; id < 256; id++) {
		T_EQ(sum[id], bits[kind][id]);
		if (sum[id] != 0 || id < 3)
			T_EQ(hid_report_size(desc, (int)len, kind,
			    (uint8_t)id), howmany(sum[id], 8));
	}
}

static bool
bit(const uint8_t *b, uint32_t n)
{

	return (b[n / 8] >> (n % 8) & 1) != 0;
}

/* Into a report of random bits, out again, and the other bits as before. */
static void
value(const struct hid_item *h)
{
	const size_t n = howmany(bits[h->kind][h->report_ID], 8);
	const uint32_t low = uimin(h->loc.size, 64);
	uint8_t *buf = kmem_alloc(n, KM_SLEEP);
	uint8_t *old = kmem_alloc(n, KM_SLEEP);
	uint64_t v = (uint64_t)rnd(0xffffffff) << 32 | rnd(0xffffffff);
	uint32_t k;

	T_CHECK(hid_location_fits(&h->loc, n));
	for (k = 0; k < n; k++)
		buf[k] = old[k] = (uint8_t)rnd(256);
	hid_put_data(buf, &h->loc, v);
	if (low < 64)
		v &= (1UL << low) - 1;
	T_CHECK(hid_get_udata(buf, &h->loc) == v);
	for (k = 0; k < 8 * n; k++) {
		const uint32_t in = k - h->loc.pos;

		if (k < h->loc.pos || in >= h->loc.size)
			T_CHECK(bit(buf, k) == bit(old, k));
		else
			T_CHECK(bit(buf, k) == (in < 64 && (v >> in & 1)));
	}
	if (low < 64 && (v >> (low - 1) & 1) != 0)
		v |= ~0UL << low;
	T_CHECK((u_long)hid_get_data(buf, &h->loc) == v);
	kmem_free(old, n);
	kmem_free(buf, n);
}

static void
t_random_descriptors(void)
{
	u_int pieces, nfield = 0, round, k;
	const size_t before = kmem_inuse(&pieces);
	struct hid_fault f;
	const char *broken;
	int accepted;

	seed = 88172645u;
	for (round = 0; round < ROUNDS; round++) {
		write_descriptor();
		if (hid_parse_check(desc, (int)len, &f) != 0)
			t_fail(__FILE__, __LINE__, "round %u: %s at %u",
			    round, f.hf_text, (u_int)f.hf_off);
		find(hid_input);
		find(hid_output);
		find(hid_feature);
		for (k = 0; k < nnoted; k += 1 + rnd(8))
			value(&noted[k]);
		broken = h_promise(desc, len, report, &accepted);
		if (broken != NULL)
			t_fail(__FILE__, __LINE__, "round %u: %s", round,
			    broken);
		nfield += nnoted;
	}
	t_note("%u descriptors, %u fields", ROUNDS, nfield);
	T_CHECK(nfield > 20 * ROUNDS);
	T_EQ(kmem_inuse(&pieces), before);
}

const struct t_case t_cases[] = {
	{ "random descriptors: each field where it was meant",
	    t_random_descriptors },
	{ NULL, NULL }
};
