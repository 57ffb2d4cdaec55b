/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_hid.c - report descriptors: the rules of HID 1.11 with the number of
 * their section, shapes of real devices, and hostile shapes, through
 * NetBSD's interface and through the parser's own.
 *
 * Each descriptor is in memory of exactly its own length while it is read,
 * so that a sanitizer sees the first byte too far, and no case may leave
 * memory behind.
 */
#include <sys/param.h>
#include <sys/kmem.h>
#include <sys/systm.h>

#include <dev/hid/hid.h>

#include "hid/hid_parse.h"
#include "h_test.h"
#include "hid/h_promise.h"
#include "hid/h_rdesc.h"

static struct hidp parse;
static uint8_t report[H_REPORT];

/* ---- helpers ---- */

struct field {
	enum hid_kind	f_kind;
	uint32_t	f_id;
	uint32_t	f_pos;
	uint32_t	f_size;
	uint32_t	f_count;
	uint32_t	f_usage;
	int64_t		f_min;
	int64_t		f_max;
};
#define	IN	hid_input
#define	OUT	hid_output
#define	FEAT	hid_feature
#define	U	HID_USAGE2

static void *
exactly(const void *bytes, size_t len)
{
	void *copy = kmem_alloc(len, KM_SLEEP);

	memcpy(copy, bytes, len);
	return copy;
}

/* Good, and all promises kept. */
static void
good(const void *bytes, size_t len)
{
	uint8_t *d = exactly(bytes, len);
	struct hid_fault f = { 0, "" };
	const char *broken;
	int accepted;

	if (hid_parse_check(d, (int)len, &f) != 0)
		t_fail(__FILE__, __LINE__, "refused at %u: %s",
		    (u_int)f.hf_off, f.hf_text);
	broken = h_promise(d, len, report, &accepted);
	if (broken != NULL)
		t_fail(__FILE__, __LINE__, "promise broken: %s", broken);
	T_CHECK(accepted);
	kmem_free(d, len);
}

/* Refused, with this code, at this offset; and all promises kept. */
static void
bad(const char *file, int line, const void *bytes, size_t len,
    enum hidp_code code, size_t off)
{
	uint8_t *d = exactly(bytes, len);
	struct hid_fault f = { 0, "" };
	const char *broken;
	int accepted;

	if (hid_parse_check(d, (int)len, &f) != EINVAL)
		t_fail(file, line, "accepted");
	if (strcmp(f.hf_text, hidp_strerror(code)) != 0 || f.hf_off != off)
		t_fail(file, line, "says \"%s\" at %u", f.hf_text,
		    (u_int)f.hf_off);
	broken = h_promise(d, len, report, &accepted);
	if (broken != NULL)
		t_fail(file, line, "promise broken: %s", broken);
	T_CHECK(!accepted);
	/* No driver comes this far, but these must stand it. */
	T_EQ(hid_report_size(d, (int)len, hid_input, 0), 0);
	T_EQ(hid_report_ids(d, (int)len, report), 0);
	(void)hid_locate(d, (int)len, U(1, 0x30), 0, hid_input, NULL, NULL);
	(void)hid_is_collection(d, (int)len, 0, U(1, 2));
	kmem_free(d, len);
}

/* Bytes in place, inside a collection or as they are. */
#define	BAD(code, off, ...) do {					\
	static const uint8_t d_[] = { __VA_ARGS__ };			\
	bad(__FILE__, __LINE__, d_, sizeof(d_), (code), (off));		\
} while (0)
#define	GOOD(d, ...)							\
	static const uint8_t d[] = { __VA_ARGS__ };			\
	good(d, sizeof(d))

/* The fields of all kinds, in the order of the descriptor. */
static void
fields(const char *file, int line, const void *bytes, size_t len,
    const struct field *want, u_int n)
{
	struct hidp_item i;
	u_int k = 0;

	good(bytes, len);
	hidp_start(&parse, bytes, len, HIDP_ALL);
	while (hidp_next(&parse, &i)) {
		if (i.i_kind >= HIDP_NKIND)
			continue;
		if (k >= n)
			t_fail(file, line, "more than %u fields", n);
		if ((int)i.i_kind != (int)want[k].f_kind ||
		    i.i_report_id != want[k].f_id ||
		    i.i_pos != want[k].f_pos || i.i_size != want[k].f_size ||
		    i.i_count != want[k].f_count ||
		    i.i_usage != want[k].f_usage ||
		    i.i_logical_min != want[k].f_min ||
		    i.i_logical_max != want[k].f_max)
			t_fail(file, line, "field %u: kind %d id %u pos %u "
			    "size %u count %u usage %#x range %lld..%lld", k,
			    (int)i.i_kind, i.i_report_id, i.i_pos, i.i_size,
			    i.i_count, i.i_usage,
			    (long long)i.i_logical_min,
			    (long long)i.i_logical_max);
		k++;
	}
	T_EQ(k, n);
}
#define	FIELDS(d, ...) do {						\
	static const struct field w_[] = { __VA_ARGS__ };		\
	fields(__FILE__, __LINE__, (d), sizeof(d), w_,			\
	    __arraycount(w_));						\
} while (0)

/* The nth field (from 0) of a kind, through NetBSD's interface. */
static struct hid_item
nth(const void *d, size_t len, enum hid_kind kind, u_int n)
{
	struct hid_data *hd = hid_start_parse(d, (int)len, kind);
	struct hid_item h;
	bool found = false;

	while (!found && hid_get_item(hd, &h))
		found = h.kind == kind && n-- == 0;
	hid_end_parse(hd);
	T_CHECK(found);
	return h;
}
#define	NTH(d, kind, n)	nth((d), sizeof(d), (kind), (n))
#define	SIZE(d, k, id)	hid_report_size((d), sizeof(d), (k), (id))

/* ---- shapes of real devices ---- */

static void
t_keyboard(void)
{
	uint32_t flags, usage;
	struct hid_location loc;
	struct hidp_item i;

	FIELDS(h_keyboard,
	    { IN, 0, 0, 1, 1, U(7, 0xe0), 0, 1 },
	    { IN, 0, 1, 1, 1, U(7, 0xe1), 0, 1 },
	    { IN, 0, 2, 1, 1, U(7, 0xe2), 0, 1 },
	    { IN, 0, 3, 1, 1, U(7, 0xe3), 0, 1 },
	    { IN, 0, 4, 1, 1, U(7, 0xe4), 0, 1 },
	    { IN, 0, 5, 1, 1, U(7, 0xe5), 0, 1 },
	    { IN, 0, 6, 1, 1, U(7, 0xe6), 0, 1 },
	    { IN, 0, 7, 1, 1, U(7, 0xe7), 0, 1 },
	    { IN, 0, 8, 8, 1, 0, 0, 1 },
	    { OUT, 0, 0, 1, 1, U(8, 1), 0, 1 },
	    { OUT, 0, 1, 1, 1, U(8, 2), 0, 1 },
	    { OUT, 0, 2, 1, 1, U(8, 3), 0, 1 },
	    { OUT, 0, 3, 1, 1, U(8, 4), 0, 1 },
	    { OUT, 0, 4, 1, 1, U(8, 5), 0, 1 },
	    { OUT, 0, 5, 3, 1, 0, 0, 1 },
	    { IN, 0, 16, 8, 6, U(7, 0), 0, 101 });
	T_EQ(SIZE(h_keyboard, hid_input, 0), 8);
	T_EQ(SIZE(h_keyboard, hid_output, 0), 1);
	T_EQ(SIZE(h_keyboard, hid_feature, 0), 0);
	T_EQ(SIZE(h_keyboard, hid_input, 1), 0);
	T_EQ(SIZE(h_keyboard, hid_none, 0), 0);
	T_CHECK(hid_is_collection(h_keyboard, sizeof(h_keyboard), 0, U(1, 6)));
	T_CHECK(!hid_is_collection(h_keyboard, sizeof(h_keyboard), 1,
	    U(1, 6)));
	T_CHECK(!hid_is_collection(h_keyboard, sizeof(h_keyboard), 0,
	    U(1, 2)));
	T_CHECK(hid_locate(h_keyboard, sizeof(h_keyboard), U(8, 2), 0,
	    hid_output, &loc, &flags));
	T_CHECK(loc.pos == 1 && loc.size == 1 && loc.count == 1);
	T_EQ(flags, HIO_VARIABLE);
	/* All of the key array is in the report, not only its first key. */
	loc = NTH(h_keyboard, hid_input, 9).loc;
	T_CHECK(hid_location_fits(&loc, 8) && !hid_location_fits(&loc, 7));
	loc.size = loc.count = 0x10000;
	T_CHECK(!hid_location_fits(&loc, SIZE_MAX));
	/* The key array: which usage is value 4? */
	hidp_start(&parse, h_keyboard, sizeof(h_keyboard), 1U << HIDP_INPUT);
	do
		T_CHECK(hidp_next(&parse, &i));
	while (i.i_count != 6);
	T_CHECK(hidp_usage_at(&parse, 4, &usage) && usage == U(7, 4));
	T_CHECK(hidp_usage_at(&parse, 101, &usage) && usage == U(7, 101));
	T_CHECK(!hidp_usage_at(&parse, 102, &usage));
}

static void
t_mouse(void)
{
	static const u_char moved[] = { 0x05, 0x81, 0x7f, 0xff };
	struct hid_item h;

	FIELDS(h_mouse,
	    { IN, 0, 0, 1, 1, U(9, 1), 0, 1 },
	    { IN, 0, 1, 1, 1, U(9, 2), 0, 1 },
	    { IN, 0, 2, 1, 1, U(9, 3), 0, 1 },
	    { IN, 0, 3, 5, 1, 0, 0, 1 },
	    { IN, 0, 8, 8, 1, U(1, 0x30), -127, 127 },
	    { IN, 0, 16, 8, 1, U(1, 0x31), -127, 127 },
	    { IN, 0, 24, 8, 1, U(1, 0x38), -127, 127 });
	T_EQ(SIZE(h_mouse, hid_input, 0), 4);
	h = NTH(h_mouse, hid_input, 2);
	T_EQ(hid_get_udata(moved, &h.loc), 1);
	h = NTH(h_mouse, hid_input, 4);
	T_EQ(h.flags, HIO_VARIABLE | HIO_RELATIVE);
	T_EQ(h.collevel, 2);
	T_EQ(hid_get_data(moved, &h.loc), -127);
	T_EQ(hid_get_udata(moved, &h.loc), 0x81);
	h = NTH(h_mouse, hid_input, 6);
	T_EQ(hid_get_data(moved, &h.loc), -1);
	/* Two collections, and the level at both ends. */
	T_EQ(NTH(h_mouse, hid_collection, 0).collevel, 1);
	T_EQ(NTH(h_mouse, hid_collection, 0).usage, U(1, 2));
	T_EQ(NTH(h_mouse, hid_collection, 1).collection, HCOLL_PHYSICAL);
	T_EQ(NTH(h_mouse, hid_endcollection, 0).collevel, 1);
	T_EQ(NTH(h_mouse, hid_endcollection, 1).collevel, 0);
}

static void
t_gamepad(void)
{
	static const u_char centred[] = { 0x80, 0xff, 0x7f, 0x80, 0x28, 0x00 };
	struct hid_location loc;
	struct hidp_item i;
	int64_t min, max;
	uint32_t flags;

	good(h_gamepad, sizeof(h_gamepad));
	T_EQ(SIZE(h_gamepad, hid_input, 0), 6);
	T_CHECK(hid_locate(h_gamepad, sizeof(h_gamepad), U(1, 0x39), 0,
	    hid_input, &loc, &flags));
	T_EQ(flags, HIO_VARIABLE | HIO_NULLSTATE);
	T_EQ(loc.pos, 32);
	T_EQ(hid_get_udata(centred, &loc), 8);
	T_CHECK(hid_locate(h_gamepad, sizeof(h_gamepad), U(9, 2), 0,
	    hid_input, &loc, NULL));
	T_EQ(hid_get_udata(centred, &loc), 1);
	hidp_start(&parse, h_gamepad, sizeof(h_gamepad), HIDP_ALL);
	do
		T_CHECK(hidp_next(&parse, &i));
	while (i.i_usage != U(1, 0x39));
	T_CHECK(hidp_is_null(&i, 8) && hidp_is_null(&i, -1));
	T_CHECK(!hidp_is_null(&i, 0) && !hidp_is_null(&i, 7));
	hidp_physical(&i, &min, &max);
	T_CHECK(min == 0 && max == 315);
	T_EQ(i.i_unit, 0x14);
	do
		T_CHECK(hidp_next(&parse, &i));
	while (i.i_usage != U(9, 1));
	T_CHECK(!hidp_is_null(&i, 8));
}

static void
t_touch(void)
{
	uint8_t ids[256], id;
	struct hid_item h;

	good(h_touch, sizeof(h_touch));
	T_EQ(hid_report_ids(h_touch, sizeof(h_touch), ids), 5);
	for (u_int k = 0; k < 5; k++)
		T_EQ(ids[k], k + 1);
	/* 5 fingers of 32 bits, the count, and what the mouse added. */
	T_EQ(SIZE(h_touch, hid_input, 1), 5 * 4 + 1 + 2);
	T_EQ(SIZE(h_touch, hid_feature, 2), 1);
	T_EQ(SIZE(h_touch, hid_feature, 3), 1);
	T_EQ(SIZE(h_touch, hid_input, 4), 3);
	T_EQ(SIZE(h_touch, hid_feature, 5), 256);
	T_EQ(SIZE(h_touch, hid_input, 2), 0);
	T_EQ(hid_report_size_max(h_touch, sizeof(h_touch), hid_feature, &id),
	    256);
	T_EQ(id, 5);
	T_EQ(hid_report_size_max(h_touch, sizeof(h_touch), hid_output, &id),
	    0);
	T_EQ(id, 0);
	T_EQ(NTH(h_touch, hid_collection, 1).collection, HCOLL_LOGICAL);
	/* Back in report 1, and back in report 4. */
	h = NTH(h_touch, hid_input, 28);
	T_CHECK(h.usage == U(0x0d, 0x56) && h.report_ID == 1);
	T_CHECK(h.loc.pos == 168 && h.loc.size == 16);
	h = NTH(h_touch, hid_input, 35);
	T_CHECK(h.usage == U(1, 0x30) && h.report_ID == 4 && h.loc.pos == 8);
	/* Each application collection has its own reports, of any kind. */
	T_CHECK(hid_is_collection(h_touch, sizeof(h_touch), 1, U(0x0d, 4)));
	T_CHECK(hid_is_collection(h_touch, sizeof(h_touch), 2, U(0x0d, 4)));
	T_CHECK(!hid_is_collection(h_touch, sizeof(h_touch), 3, U(0x0d, 4)));
	T_CHECK(hid_is_collection(h_touch, sizeof(h_touch), 3, U(0x0d, 14)));
	T_CHECK(hid_is_collection(h_touch, sizeof(h_touch), 4, U(1, 2)));
	T_CHECK(!hid_is_collection(h_touch, sizeof(h_touch), 4, U(0x0d, 4)));
}

static void
t_fido(void)
{
	struct hid_item h;

	good(h_fido, sizeof(h_fido));
	T_EQ(SIZE(h_fido, hid_input, 0), 64);
	T_EQ(SIZE(h_fido, hid_output, 0), 64);
	T_CHECK(hid_is_collection(h_fido, sizeof(h_fido), 0,
	    U(HUP_FIDO, HUF_U2FHID)));
	h = NTH(h_fido, hid_output, 63);
	T_EQ(h.usage, U(HUP_FIDO, HUF_RAW_OUT));
	T_CHECK(h.loc.pos == 504 && h.loc.size == 8 && h.loc.count == 1);
	T_CHECK(hid_location_fits(&h.loc, 64));
	T_CHECK(!hid_location_fits(&h.loc, 63));
}

static void
t_features(void)
{
	uint8_t ids[256], id;

	good(h_features, sizeof(h_features));
	T_EQ(hid_report_ids(h_features, sizeof(h_features), ids), 3);
	T_CHECK(ids[0] == 0x10 && ids[1] == 0x20 && ids[2] == 0xff);
	T_EQ(SIZE(h_features, hid_feature, 0x10), 4);	/* 25 bits */
	T_EQ(SIZE(h_features, hid_feature, 0x20), 63);
	T_EQ(SIZE(h_features, hid_feature, 0xff), 1);
	T_EQ(hid_report_size_max(h_features, sizeof(h_features), hid_feature,
	    &id), 63);
	T_EQ(id, 0x20);
	T_EQ(NTH(h_features, hid_feature, 67).loc.pos, 24);
	T_CHECK(hid_is_collection(h_features, sizeof(h_features), 0xff,
	    U(0xff00, 1)));
}

static void
t_leds(void)
{
	u_char out[2] = { 0, 0xff };
	struct hid_location loc;

	good(h_leds, sizeof(h_leds));
	T_EQ(SIZE(h_leds, hid_input, 0), 0);
	T_EQ(SIZE(h_leds, hid_output, 0), 1);
	T_CHECK(hid_is_collection(h_leds, sizeof(h_leds), 0, U(8, 0x4b)));
	T_CHECK(hid_locate(h_leds, sizeof(h_leds), U(8, 0x49), 0, hid_output,
	    &loc, NULL));
	hid_put_data(out, &loc, 1);
	T_CHECK(out[0] == 2 && out[1] == 0xff);
	/* Of another kind, or not there. */
	T_CHECK(!hid_locate(h_leds, sizeof(h_leds), U(8, 0x49), 0, hid_input,
	    &loc, NULL));
	T_EQ(loc.size, 0);
	T_CHECK(!hid_locate(h_leds, sizeof(h_leds), U(8, 0x49), 1, hid_output,
	    &loc, NULL));
	/* Padding has no name to be found by. */
	T_CHECK(!hid_locate(h_leds, sizeof(h_leds), 0, 0, hid_output, NULL,
	    NULL));
}

static void
t_consumer(void)
{
	static const uint32_t want[] = { 0xe2, 0xb0, 0xb1, 0xb2, 0xe9, 0xea };
	struct hidp_item i;
	uint32_t usage, at;

	FIELDS(h_consumer,
	    { IN, 3, 0, 16, 2, U(12, 1), 1, 0x3ff },
	    { IN, 4, 0, 8, 1, U(12, 0xe2), 1, 6 });
	T_EQ(NTH(h_consumer, hid_input, 0).usage_maximum, U(12, 0x3ff));
	hidp_start(&parse, h_consumer, sizeof(h_consumer), HIDP_ALL);
	do
		T_CHECK(hidp_next(&parse, &i));
	while (i.i_report_id != 3 || i.i_kind != HIDP_INPUT);
	T_CHECK(hidp_usage_at(&parse, 0xe8, &usage) && usage == U(12, 0xe9));
	T_CHECK(hidp_usage_at(&parse, 0x3fe, &usage) && usage == U(12, 0x3ff));
	T_CHECK(!hidp_usage_at(&parse, 0x3ff, &usage));
	T_CHECK(hidp_next(&parse, &i));
	for (u_int n = 0; n < __arraycount(want); n++) {
		T_CHECK(hidp_usage_at(&parse, n, &usage) &&
		    usage == U(12, want[n]));
		T_CHECK(hidp_usage_index(&parse, usage, &at) && at == n);
	}
	T_CHECK(!hidp_usage_at(&parse, 6, &usage));
	T_CHECK(!hidp_usage_index(&parse, U(12, 0xeb), &at));
}

static void
t_digitizer(void)
{
	struct hid_item h;

	good(h_digitizer, sizeof(h_digitizer));
	T_EQ(SIZE(h_digitizer, hid_input, 2), 10);
	h = NTH(h_digitizer, hid_input, 8);
	T_CHECK(h.usage == U(1, 0x30) && h.loc.pos == 8);
	T_CHECK(h.unit == 0x11 && h.unit_exponent == 0x0d);
	T_CHECK(h.physical_maximum == 21000 && h.logical_maximum == 21000);
	h = NTH(h_digitizer, hid_input, 9);
	T_CHECK(h.usage == U(1, 0x31) && h.physical_maximum == 14800);
	/* After the Pop: no unit, no physical range, the old size. */
	h = NTH(h_digitizer, hid_input, 10);
	T_CHECK(h.usage == U(0x0d, 0x30) && h.unit == 0);
	T_CHECK(h.unit_exponent == 0 && h.physical_maximum == 0);
	T_CHECK(h.loc.size == 16 && h.loc.pos == 40);
	h = NTH(h_digitizer, hid_input, 12);
	T_CHECK(h.usage == U(0x0d, 0x3e) && h.logical_minimum == -60);
	T_CHECK(h.physical_minimum == -60 && h.loc.size == 8);
	/* The position does not come back with a Pop; the count does. */
	h = NTH(h_digitizer, hid_input, 13);
	T_CHECK(h.usage == U(0x0d, 0x3b) && h.loc.pos == 72);
	T_CHECK(h.logical_minimum == 0 && h.loc.count == 1);
}

static void
t_power(void)
{
	struct hid_item h;

	good(h_power, sizeof(h_power));
	for (u_int k = 0; k < 3; k++) {
		h = NTH(h_power, hid_feature, k);
		T_EQ(h.usage, U(0x84, 0xfd + k));
		T_EQ(h.string_index, 4 + k);
		T_CHECK(h.string_minimum == 4 && h.string_maximum == 6);
		T_EQ(h.designator_index, 9);
	}
	h = NTH(h_power, hid_input, 0);
	T_CHECK(h.usage == U(0x84, 0x30) && h.designator_index == 2);
	T_CHECK(h.string_index == 7 && h.set_delimiter == 0);
	h = NTH(h_power, hid_input, 1);
	T_CHECK(h.usage == U(0x85, 0x66) && h.designator_index == 3);
	T_EQ(h.string_index, 7);
	h = NTH(h_power, hid_output, 0);
	T_CHECK(h.usage == U(0x85, 0x2c) && h.set_delimiter == 1);
	h = NTH(h_power, hid_output, 1);
	T_EQ(h.usage, U(0x84, 0x35));
}

/* ---- rules ---- */

/* Fields of 1 to 32 bits, each behind the other, none aligned: the least
   and the greatest value of each, and -1. */
static void
t_signed(void)
{
	static uint8_t d[32 * 32], r[80];
	size_t n = 0;
	uint32_t pos = 1;

	memcpy(d, (const uint8_t[]){ H_PAGE(1), H_USAGE(4), H_APPLICATION,
	    H_COUNT(1), H_SIZE(1), H_INPUT(H_CONST) }, 12);
	n = 12;
	for (int bits = 1; bits <= 32; bits++) {
		const int64_t min = -(1LL << (bits - 1));
		const uint8_t one[] = { H_LMIN4((uint32_t)min),
		    H_LMAX4((uint32_t)(-1 - min)), H_SIZE(bits), H_USAGE(0x30),
		    H_INPUT(H_ABS) };

		memcpy(d + n, one, sizeof(one));
		n += sizeof(one);
	}
	d[n++] = H_END;
	good(d, n);
	T_EQ(hid_report_size(d, (int)n, hid_input, 0), (1 + 528 + 7) / 8);
	for (u_int bits = 1; bits <= 32; pos += bits++) {
		const int64_t min = -(1LL << (bits - 1));
		const int64_t try[] = { min, -1 - min, -1, 0 };
		struct hid_item h = nth(d, n, hid_input, bits);

		T_CHECK(h.loc.pos == pos && h.loc.size == bits);
		T_CHECK(h.logical_minimum == min &&
		    h.logical_maximum == -1 - min);
		for (u_int k = 0; k < __arraycount(try); k++) {
			memset(r, k % 2 ? 0xff : 0, sizeof(r));
			hid_put_data(r, &h.loc, (u_long)try[k]);
			T_EQ(hid_get_data(r, &h.loc), try[k]);
			T_EQ(hid_get_udata(r, &h.loc),
			    (u_long)try[k] & ((1UL << bits) - 1));
		}
	}
}

static void
t_extents(void)
{
	struct hidp_item i;
	int64_t min, max;

	/* 255 in one byte, 65535 in two, 2^32-1 in four. */
	GOOD(d, H_PAGE(1), H_USAGE(4), H_APPLICATION, H_SIZE(32), H_COUNT(1),
	    H_LMIN(0), H_LMAX(255), H_INPUT(H_ABS),
	    H_LMAX2(65535), H_INPUT(H_ABS),
	    H_LMAX4(0xffffffff), H_INPUT(H_ABS),
	    H_LMAX(0x81), H_LMIN(-128), H_PMIN(-5), H_PMAX(0xfe),
	    H_INPUT(H_ABS), H_END);
	FIELDS(d,
	    { IN, 0, 0, 32, 1, 0, 0, 255 },
	    { IN, 0, 32, 32, 1, 0, 0, 65535 },
	    { IN, 0, 64, 32, 1, 0, 0, 0xffffffffLL },
	    { IN, 0, 96, 32, 1, 0, -128, -127 });
	T_EQ(NTH(d, hid_input, 2).logical_maximum, INT32_MAX);
	hidp_start(&parse, d, sizeof(d), HIDP_ALL);
	T_CHECK(hidp_next(&parse, &i) && hidp_next(&parse, &i));
	hidp_physical(&i, &min, &max);
	T_CHECK(min == 0 && max == 255);
	memset(report, 0xff, 16);
	T_EQ(hidp_value(&i, report, 16, 0), 0xffffffffLL);
	T_CHECK(hidp_next(&parse, &i) && hidp_next(&parse, &i) &&
	    hidp_next(&parse, &i));
	hidp_physical(&i, &min, &max);
	T_CHECK(min == -5 && max == -2);
	T_EQ(hidp_value(&i, report, 16, 0), -1);
	BAD(HIDP_ELOGICAL, 14, H_PAGE(1), H_USAGE(4), H_APPLICATION,
	    H_SIZE(8), H_COUNT(1), H_LMIN(2), H_LMAX(1), H_INPUT(H_ABS),
	    H_END);
	BAD(HIDP_ELOGICAL, 14, H_PAGE(1), H_USAGE(4), H_APPLICATION,
	    H_SIZE(8), H_COUNT(1), H_LMIN(-1), H_LMAX(-2), H_INPUT(H_ABS),
	    H_END);
	/* Of padding nobody asks. */
	GOOD(pad, H_APPLICATION, H_SIZE(8), H_COUNT(1), H_LMIN(2), H_LMAX(1),
	    H_INPUT(H_CONST), H_END);
}

static void
t_exponent(void)
{

	T_EQ(hidp_exponent(0), 0);
	T_EQ(hidp_exponent(7), 7);
	T_EQ(hidp_exponent(8), -8);
	T_EQ(hidp_exponent(0xf), -1);
	T_EQ(hidp_exponent(0xfe), -2);
	T_EQ(hidp_exponent(0xfffd), -3);
	T_EQ(hidp_exponent(0xfffffffc), -4);
}

static void
t_usages(void)
{

	/* More controls than usages, then fewer. */
	GOOD(few, H_PAGE(9), H_APPLICATION, H_SIZE(1), H_COUNT(4), H_LMAX(1),
	    H_USAGE(3), H_USAGE(5), H_INPUT(H_ABS),
	    H_COUNT(1), H_USAGE(6), H_USAGE(7), H_INPUT(H_ABS),
	    H_INPUT(H_ABS), H_END);
	FIELDS(few,
	    { IN, 0, 0, 1, 1, U(9, 3), 0, 1 },
	    { IN, 0, 1, 1, 1, U(9, 5), 0, 1 },
	    { IN, 0, 2, 1, 1, U(9, 5), 0, 1 },
	    { IN, 0, 3, 1, 1, U(9, 5), 0, 1 },
	    { IN, 0, 4, 1, 1, U(9, 6), 0, 1 },
	    { IN, 0, 5, 1, 1, 0, 0, 1 });
	/* Single usages and ranges mixed; the maximum first. */
	GOOD(mixed, H_PAGE(9), H_APPLICATION, H_SIZE(1), H_COUNT(5),
	    H_LMAX(1), H_USAGE(9), H_UMAX(3), H_UMIN(2), H_UMIN(7),
	    H_UMAX(8), H_INPUT(H_ABS), H_END);
	FIELDS(mixed,
	    { IN, 0, 0, 1, 1, U(9, 9), 0, 1 },
	    { IN, 0, 1, 1, 1, U(9, 2), 0, 1 },
	    { IN, 0, 2, 1, 1, U(9, 3), 0, 1 },
	    { IN, 0, 3, 1, 1, U(9, 7), 0, 1 },
	    { IN, 0, 4, 1, 1, U(9, 8), 0, 1 });
	T_EQ(NTH(mixed, hid_input, 0).usage_minimum, U(9, 7));
	BAD(HIDP_ERANGEHALF, 6, H_PAGE(9), H_SIZE(1), H_UMIN(1),
	    H_INPUT(H_ABS));
	BAD(HIDP_ERANGEHALF, 4, H_PAGE(9), H_SMAX(1), H_COLL(0), H_END);
	BAD(HIDP_ERANGEHALF, 4, H_PAGE(9), H_UMIN(1), H_UMIN(2), H_UMAX(3),
	    H_INPUT(H_ABS));
	BAD(HIDP_ERANGEORDER, 6, H_PAGE(9), H_UMIN(3), H_UMAX(2),
	    H_INPUT(H_ABS));
	BAD(HIDP_ERANGEORDER, 4, H_DMIN(3), H_DMAX(2), H_INPUT(H_ABS));
}

static void
t_pages(void)
{

	/* Of 4 bytes: with their page. */
	GOOD(ext, H_PAGE(1), H_APPLICATION, H_SIZE(8), H_COUNT(3),
	    H_USAGE4(0x000c0001), H_UMIN4(0x00070004), H_UMAX4(0x00070005),
	    H_INPUT(H_ABS), H_END);
	FIELDS(ext,
	    { IN, 0, 0, 8, 1, U(12, 1), 0, 0 },
	    { IN, 0, 8, 8, 1, U(7, 4), 0, 0 },
	    { IN, 0, 16, 8, 1, U(7, 5), 0, 0 });
	/* Short, of two pages in one item. */
	GOOD(two, H_APPLICATION, H_SIZE(8), H_COUNT(2), H_PAGE(1),
	    H_USAGE(0x30), H_PAGE(12), H_USAGE2(0x238), H_INPUT(H_ABS),
	    H_END);
	FIELDS(two,
	    { IN, 0, 0, 8, 1, U(1, 0x30), 0, 0 },
	    { IN, 0, 8, 8, 1, U(12, 0x238), 0, 0 });
	/* The page behind the usages is for all that have none. */
	GOOD(behind, H_APPLICATION, H_SIZE(8), H_COUNT(4), H_PAGE(1),
	    H_USAGE(0x30), H_USAGE4(0x00200001), H_UMIN(2), H_UMAX(3),
	    H_PAGE(9), H_INPUT(H_ABS), H_END);
	FIELDS(behind,
	    { IN, 0, 0, 8, 1, U(9, 0x30), 0, 0 },
	    { IN, 0, 8, 8, 1, U(0x20, 1), 0, 0 },
	    { IN, 0, 16, 8, 1, U(9, 2), 0, 0 },
	    { IN, 0, 24, 8, 1, U(9, 3), 0, 0 });
	BAD(HIDP_ERANGEPAGE, 12, H_PAGE(1), H_UMIN4(0x00070000),
	    H_UMAX4(0x00090000), H_INPUT(H_ABS));
	BAD(HIDP_ERANGEPAGE, 9, H_PAGE(1), H_UMIN4(0x00070000), H_UMAX(4),
	    H_INPUT(H_ABS));
}

static void
t_delimiters(void)
{

	GOOD(sets, H_PAGE(1), H_DELIM(1), H_USAGE(5), H_USAGE(4), H_DELIM(0),
	    H_APPLICATION, H_SIZE(8), H_COUNT(3),
	    H_USAGE(0x30),
	    H_DELIM(1), H_USAGE4(0x000c00e9), H_USAGE(0x36), H_DELIM(0),
	    H_DELIM(1), H_USAGE(0x37), H_USAGE(0x38), H_DELIM(0),
	    H_INPUT(H_ABS), H_END);
	FIELDS(sets,
	    { IN, 0, 0, 8, 1, U(1, 0x30), 0, 0 },
	    { IN, 0, 8, 8, 1, U(12, 0xe9), 0, 0 },
	    { IN, 0, 16, 8, 1, U(1, 0x37), 0, 0 });
	T_EQ(NTH(sets, hid_collection, 0).usage, U(1, 5));
	T_EQ(NTH(sets, hid_collection, 0).set_delimiter, 1);
	BAD(HIDP_EDELIMNEST, 2, H_DELIM(1), H_DELIM(1), H_DELIM(0));
	BAD(HIDP_EDELIMCLOSE, 2, H_USAGE(1), H_DELIM(0));
	BAD(HIDP_EDELIM, 0, H_DELIM(2), H_DELIM(0));
	BAD(HIDP_EDELIMOPEN, 4, H_DELIM(1), H_USAGE(1), H_INPUT(H_ABS));
	BAD(HIDP_EDELIMOPEN, 4, H_DELIM(1), H_USAGE(1));
}

static void
t_strings(void)
{

	/* A few single ones for many fields, and of two ways at once. */
	GOOD(d, H_PAGE(1), H_APPLICATION, H_SIZE(8), H_COUNT(3), H_USAGE(1),
	    H_STRING(5), H_STRING(9), H_DMIN(1), H_DMAX(2), H_DESIG(8),
	    H_INPUT(H_ABS), H_INPUT(H_ABS), H_END);
	T_EQ(NTH(d, hid_input, 0).string_index, 5);
	T_EQ(NTH(d, hid_input, 1).string_index, 9);
	T_EQ(NTH(d, hid_input, 2).string_index, 9);
	T_EQ(NTH(d, hid_input, 0).designator_index, 1);
	T_EQ(NTH(d, hid_input, 2).designator_index, 8);
	T_EQ(NTH(d, hid_input, 2).designator_maximum, 2);
	T_EQ(NTH(d, hid_input, 3).string_index, 0);
	T_EQ(NTH(d, hid_input, 3).designator_maximum, 0);
}

static void
t_locals(void)
{

	/* A collection takes what is before it; so does its end, and a main
	   item that is reserved. */
	GOOD(d, H_PAGE(1), H_USAGE(2), H_APPLICATION, H_SIZE(8), H_COUNT(1),
	    H_INPUT(H_ABS), H_USAGE(0x30), 0xd0, H_INPUT(H_ABS),
	    H_USAGE(0x31), H_PHYSICAL, H_USAGE(0x32), H_END, H_INPUT(H_ABS),
	    H_END);
	FIELDS(d,
	    { IN, 0, 0, 8, 1, 0, 0, 0 },
	    { IN, 0, 8, 8, 1, 0, 0, 0 },
	    { IN, 0, 16, 8, 1, 0, 0, 0 });
	/* An output item that nobody wants takes its own. */
	GOOD(o, H_PAGE(1), H_APPLICATION, H_SIZE(8), H_COUNT(1),
	    H_USAGE(0x30), H_OUTPUT(H_ABS), H_INPUT(H_ABS), H_END);
	T_EQ(NTH(o, hid_input, 0).usage, 0);
	T_EQ(NTH(o, hid_input, 0).loc.pos, 0);
}

static void
t_push(void)
{
	static uint8_t d[2 * HIDP_MAXPUSH + 1];

	memset(d, H_PUSH, HIDP_MAXPUSH);
	good(d, HIDP_MAXPUSH);
	memset(d + HIDP_MAXPUSH, H_POP, HIDP_MAXPUSH);
	good(d, 2 * HIDP_MAXPUSH);
	d[HIDP_MAXPUSH] = H_PUSH;
	bad(__FILE__, __LINE__, d, sizeof(d), HIDP_EPUSH, HIDP_MAXPUSH);
	BAD(HIDP_EPOP, 0, H_POP);
	BAD(HIDP_EPOP, 2, H_PUSH, H_POP, H_POP);
	/* A report ID is among what comes back. */
	GOOD(ids, H_SIZE(8), H_COUNT(1), H_ID(1), H_PUSH, H_ID(2),
	    H_INPUT(H_ABS), H_POP, H_INPUT(H_ABS));
	FIELDS(ids, { IN, 2, 0, 8, 1, 0, 0, 0 }, { IN, 1, 0, 8, 1, 0, 0, 0 });
	BAD(HIDP_EIDNONE, 8, H_SIZE(8), H_COUNT(1), H_PUSH, H_ID(2), H_POP,
	    H_INPUT(H_ABS));
}

static void
t_ids(void)
{

	BAD(HIDP_EIDZERO, 2, H_SIZE(8), H_ID(0));
	BAD(HIDP_EIDZERO, 2, H_SIZE(8), 0x84);
	BAD(HIDP_EIDBIG, 0, 0x86, H_2(256));
	BAD(HIDP_EIDBIG, 0, 0x87, H_4(0x01000001));
	BAD(HIDP_EIDNONE, 6, H_SIZE(8), H_COUNT(1), H_INPUT(H_ABS), H_ID(1));
	/* A wider item is as good, and 255 the last. */
	GOOD(d, H_SIZE(8), H_COUNT(1), 0x87, H_4(255), H_INPUT(H_ABS));
	FIELDS(d, { IN, 255, 0, 8, 1, 0, 0, 0 });
	/* The three kinds do not share positions. */
	GOOD(k, H_SIZE(4), H_COUNT(1), H_ID(7), H_INPUT(H_ABS),
	    H_FEATURE(H_ABS), H_OUTPUT(H_ABS), H_OUTPUT(H_ABS),
	    H_INPUT(H_ABS));
	FIELDS(k, { IN, 7, 0, 4, 1, 0, 0, 0 }, { FEAT, 7, 0, 4, 1, 0, 0, 0 },
	    { OUT, 7, 0, 4, 1, 0, 0, 0 }, { OUT, 7, 4, 4, 1, 0, 0, 0 },
	    { IN, 7, 4, 4, 1, 0, 0, 0 });
}

static void
t_collections(void)
{
	static uint8_t d[3 * HIDP_MAXCOLL + 3];
	size_t n = 0;

	for (u_int k = 0; k < HIDP_MAXCOLL; k++) {
		d[n++] = 0xa1;
		d[n++] = 2;
	}
	memset(d + n, H_END, HIDP_MAXCOLL);
	good(d, n + HIDP_MAXCOLL);
	d[n++] = 0xa1;
	memset(d + n, H_END, HIDP_MAXCOLL + 1);
	d[n++] = 2;
	bad(__FILE__, __LINE__, d, n + HIDP_MAXCOLL + 1, HIDP_ECOLLDEEP,
	    2 * HIDP_MAXCOLL);
	BAD(HIDP_ECOLLEND, 0, H_END);
	BAD(HIDP_ECOLLEND, 3, H_APPLICATION, H_END, H_END);
	BAD(HIDP_ECOLLOPEN, 2, H_APPLICATION);
	BAD(HIDP_ECOLLOPEN, 5, H_APPLICATION, H_PHYSICAL, H_END);
	/* One inside another: what follows the inner one is the outer's. */
	GOOD(in, H_PAGE(1), H_SIZE(8), H_COUNT(1), H_USAGE(6), H_APPLICATION,
	    H_USAGE(2), H_APPLICATION, H_PHYSICAL, H_END, H_ID(1),
	    H_INPUT(H_ABS), H_END, H_ID(2), H_INPUT(H_ABS), H_END, H_ID(3),
	    H_INPUT(H_ABS));
	T_CHECK(hid_is_collection(in, sizeof(in), 1, U(1, 2)));
	T_CHECK(!hid_is_collection(in, sizeof(in), 2, U(1, 2)));
	T_CHECK(hid_is_collection(in, sizeof(in), 1, U(1, 6)));
	T_CHECK(hid_is_collection(in, sizeof(in), 2, U(1, 6)));
	T_CHECK(!hid_is_collection(in, sizeof(in), 3, U(1, 6)));
}

static void
t_items(void)
{

	/* Long items, reserved types and tags, a byte of 0 at the end. */
	GOOD(d, H_APPLICATION, 0xfe, 0, 0xf0, 0xfe, 3, 0xf1, 0xff, 0xc0, 0xc0,
	    0x0c, 0x7d, 1, 0xd4, 0xb8, H_SIZE(8), H_COUNT(1),
	    H_INPUT(H_ABS), H_END, 0x00);
	FIELDS(d, { IN, 0, 0, 8, 1, 0, 0, 0 });
	BAD(HIDP_ETRUNC, 1, H_PUSH, 0x05);
	BAD(HIDP_ETRUNC, 1, H_PUSH, 0x06, 0);
	BAD(HIDP_ETRUNC, 1, H_PUSH, 0x07, 0, 0, 0);
	BAD(HIDP_ETRUNC, 1, H_PUSH, 0xfe);
	BAD(HIDP_ETRUNC, 1, H_PUSH, 0xfe, 0);
	BAD(HIDP_ETRUNC, 1, H_PUSH, 0xfe, 1, 0);
	BAD(HIDP_ETRUNC, 1, H_PUSH, 0xfe, 255, 0, 0);
	/* No data at all is 0. */
	GOOD(z, H_SIZE(8), H_COUNT(1), H_PAGE(1), 0x08, 0x14, 0x24, 0x80);
	FIELDS(z, { IN, 0, 0, 8, 1, U(1, 0), 0, 0 });
	/* Flags of two bytes. */
	GOOD(f, H_SIZE(8), H_COUNT(2), 0x82, H_2(0x102));
	T_EQ(NTH(f, hid_input, 1).flags, HIO_VARIABLE | HIO_BUFBYTES);
}

static void
t_empty(void)
{
	struct hid_fault f = { 0, "" };
	static uint8_t d[HIDP_MAXLEN + 1];
	struct hid_data *hd;
	struct hid_item h;

	T_EQ(hid_parse_check(d, 0, &f), EINVAL);
	T_CHECK(strcmp(f.hf_text, hidp_strerror(HIDP_EEMPTY)) == 0);
	hd = hid_start_parse(d, 0, hid_input);
	T_EQ(hid_get_item(hd, &h), 0);
	hid_end_parse(hd);
	memset(d, H_PUSH ^ H_POP, sizeof(d));	/* 0x10: a reserved one */
	good(d, HIDP_MAXLEN);
	bad(__FILE__, __LINE__, d, sizeof(d), HIDP_ELENGTH, 0);
	/* No fields are no fault. */
	GOOD(n, H_PAGE(1), H_USAGE(2), H_APPLICATION, H_END);
	T_EQ(hid_report_ids(n, sizeof(n), d), 0);
}

/* ---- hostile ---- */

static void
t_counts(void)
{

	BAD(HIDP_EBITS, 10, H_SIZE4(1), H_COUNT4(0xffffffff),
	    H_INPUT(H_ABS));
	BAD(HIDP_EBITS, 10, H_SIZE4(0xffffffff), H_COUNT4(0xffffffff),
	    H_INPUT(H_ABS));
	/* 2^32 as a product in 32 bits is 0. */
	BAD(HIDP_EBITS, 10, H_SIZE4(0x10000), H_COUNT4(0x10000),
	    H_INPUT(H_ARR));
	/* No bits are no fields, however many. */
	GOOD(none, H_PAGE(1), H_SIZE4(0), H_COUNT4(0xffffffff), H_USAGE(1),
	    H_INPUT(H_ABS), H_SIZE4(0xffffffff), H_COUNT(0), H_INPUT(H_ABS),
	    H_SIZE(8), H_COUNT(1), H_INPUT(H_ABS));
	FIELDS(none, { IN, 0, 0, 8, 1, 0, 0, 0 });
	/* The largest report, and one bit more. */
	GOOD(max, H_SIZE4(HIDP_MAXBITS), H_COUNT(1), H_INPUT(H_ABS),
	    H_SIZE4(1), H_COUNT4(HIDP_MAXFIELDS - 1), H_OUTPUT(H_ABS));
	T_EQ(SIZE(max, hid_input, 0), 16384);
	BAD(HIDP_EBITS, 16, H_SIZE4(HIDP_MAXBITS), H_COUNT(1),
	    H_FEATURE(H_ABS), H_SIZE4(1), H_INPUT(H_ABS), H_FEATURE(H_ABS));
	BAD(HIDP_EFIELDS, 17, H_SIZE4(1), H_COUNT4(HIDP_MAXFIELDS),
	    H_INPUT(H_ABS), H_COUNT4(1), H_OUTPUT(H_ABS));
	BAD(HIDP_EFIELDS, 10, H_SIZE4(1), H_COUNT4(HIDP_MAXFIELDS + 1),
	    H_INPUT(H_ABS));
}

static void
t_usage_flood(void)
{
	static uint8_t d[2 * HIDP_MAXUSAGE + 16];
	const uint8_t head[] = { H_PAGE(7), H_SIZE(1), H_COUNT(1) };
	size_t n = sizeof(head), k;

	memcpy(d, head, n);
	for (k = 0; k < HIDP_MAXUSAGE; k++) {
		d[n++] = 0x09;
		d[n++] = (uint8_t)k;
	}
	memcpy(d + n, (const uint8_t[]){ H_INPUT(H_ABS) }, 2);
	good(d, n + 2);
	memcpy(d + n, (const uint8_t[]){ H_USAGE(1), H_INPUT(H_ABS) }, 4);
	bad(__FILE__, __LINE__, d, n + 4, HIDP_EUSAGES, n);
	n = sizeof(head);
	for (k = 0; k < HIDP_MAXINDEX; k++) {
		memcpy(d + n, (const uint8_t[]){ H_STRING(k), H_DESIG(k) }, 4);
		n += 4;
	}
	good(d, n);
	memcpy(d + n, (const uint8_t[]){ H_STRING(1) }, 2);
	bad(__FILE__, __LINE__, d, n + 2, HIDP_EINDEXES, n);
	/* A range is one entry, however wide. */
	GOOD(wide, H_PAGE(7), H_SIZE(8), H_COUNT(1), H_UMIN(0),
	    H_UMAX2(0xffff), H_INPUT(H_ARR));
	GOOD(whole, H_SIZE(8), H_COUNT(1), H_UMIN4(0xffff0000),
	    H_UMAX4(0xffffffff), H_COUNT(3), H_INPUT(H_ABS));
	T_EQ(NTH(whole, hid_input, 2).usage, U(0xffff, 2));
}

/* The promises are checked step by step: h_promise counts them. */
static void
t_bounded(void)
{
	static uint8_t d[HIDP_MAXLEN];
	size_t n;

	/* Seven thousand times 4294967295 fields of no bits. */
	for (n = 0; n + 9 <= sizeof(d); n += 9)
		memcpy(d + n, (const uint8_t[]){ H_COUNT4(0xffffffff),
		    H_INPUT(H_ABS), H_OUTPUT(H_ARR) }, 9);
	good(d, n);
	T_EQ(hid_report_size(d, (int)n, hid_input, 0), 0);
	/* All the bits that there can be, in arrays. */
	n = 7;
	memcpy(d, (const uint8_t[]){ H_SIZE(128), H_COUNT4(1024) }, n);
	for (u_int id = 1; id < 256; id++) {
		memcpy(d + n, (const uint8_t[]){ H_ID(id), H_INPUT(H_ARR),
		    H_OUTPUT(H_ARR), H_FEATURE(H_ARR) }, 8);
		n += 8;
	}
	good(d, n);
	T_EQ(hid_report_size(d, (int)n, hid_feature, 255), 16384);
}

/* ---- values in reports ---- */

static void
t_get(void)
{
	static const uint8_t b[] = { 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde,
	    0xf0, 0x0f };

	T_EQ(hidp_get(b, 9, 0, 8), 0x12);
	T_EQ(hidp_get(b, 9, 4, 8), 0x41);
	T_EQ(hidp_get(b, 9, 4, 12), 0x341);
	T_EQ(hidp_get(b, 9, 8, 32), 0x9a785634);
	T_EQ(hidp_get(b, 9, 0, 64), 0xf0debc9a78563412ULL);
	T_EQ(hidp_get(b, 9, 4, 64), 0xff0debc9a7856341ULL);
	T_EQ(hidp_get(b, 9, 4, 500), 0xff0debc9a7856341ULL);
	T_EQ(hidp_get_signed(b, 9, 28, 4), 7);
	T_EQ(hidp_get_signed(b, 9, 60, 4), -1);
	T_EQ(hidp_get_signed(b, 9, 56, 8), -16);
	T_EQ(hidp_get(b, 9, 0, 0), 0);
	/* Short reports: what did not come is 0. */
	T_EQ(hidp_get(b, 1, 4, 8), 0x01);
	T_EQ(hidp_get(b, 1, 8, 8), 0);
	T_EQ(hidp_get(b, 0, 0xffffffff, 0xffffffff), 0);
	T_EQ(hidp_get_signed(b, 1, 4, 8), 1);
}

static void
t_put(void)
{
	uint8_t b[4] = { 0xff, 0xff, 0xff, 0xff };

	T_CHECK(hidp_put(b, 4, 3, 7, 0));
	T_CHECK(b[0] == 0x07 && b[1] == 0xfc && b[2] == 0xff && b[3] == 0xff);
	T_CHECK(hidp_put(b, 4, 3, 7, 0xabcd));		/* low bits only */
	T_EQ(hidp_get(b, 4, 3, 7), 0x4d);
	T_CHECK(hidp_put(b, 4, 31, 1, 0) && b[3] == 0x7f);
	T_CHECK(!hidp_put(b, 4, 31, 2, 0) && b[3] == 0x7f);
	T_CHECK(!hidp_put(b, 4, 0, 0xffffffff, 0) && b[3] == 0x7f);
	T_CHECK(!hidp_put(b, 4, 0xffffffff, 0xffffffff, 0));
	T_CHECK(hidp_put(b, 4, 32, 0, 0));
}

static void
t_shapes(void)
{
	u_int pieces;
	const size_t before = kmem_inuse(&pieces);

	for (u_int k = 0; k < H_NRDESC; k++)
		good(h_rdescs[k].r_bytes, h_rdescs[k].r_len);
	/* Cut at every byte: never a crash, and good only by chance. */
	for (u_int k = 0; k < H_NRDESC; k++) {
		for (size_t n = 1; n < h_rdescs[k].r_len; n++) {
			uint8_t *d = exactly(h_rdescs[k].r_bytes, n);
			int accepted;

			T_CHECK(h_promise(d, n, report, &accepted) == NULL);
			kmem_free(d, n);
		}
	}
	T_EQ(kmem_inuse(&pieces), before);
}

const struct t_case t_cases[] = {
	{ "boot keyboard", t_keyboard },
	{ "boot mouse with a wheel", t_mouse },
	{ "gamepad: hat with null state, maximum 255 in one byte", t_gamepad },
	{ "touch screen: five report IDs, two of them revisited", t_touch },
	{ "FIDO: 64 bytes in and out", t_fido },
	{ "feature reports of three IDs", t_features },
	{ "LEDs: outputs only", t_leds },
	{ "consumer control: arrays over ranges", t_consumer },
	{ "digitizer: Push, Pop, units", t_digitizer },
	{ "power supply: strings, designators, alternatives", t_power },
	{ "all shapes, cut at each byte", t_shapes },
	{ "5.8, 6.2.2.7: signed fields of 1 to 32 bits, unaligned",
	    t_signed },
	{ "6.2.2.7: logical and physical extents and their signs",
	    t_extents },
	{ "6.2.2.7: unit exponent", t_exponent },
	{ "6.2.2.7: Push and Pop", t_push },
	{ "6.2.2.7: report IDs", t_ids },
	{ "6.2.2.8: usages and fields, ranges", t_usages },
	{ "6.2.2.8: usage pages, extended usages", t_pages },
	{ "6.2.2.8: delimiters", t_delimiters },
	{ "6.2.2.8: strings and designators", t_strings },
	{ "6.2.2.8: local items do not carry over", t_locals },
	{ "6.2.2.6: collections", t_collections },
	{ "6.2.2.2, 6.2.2.3: short and long items", t_items },
	{ "6.2.2: length of a descriptor", t_empty },
	{ "hostile: sizes and counts", t_counts },
	{ "hostile: floods of usages, strings, designators", t_usage_flood },
	{ "hostile: counts are numbers, not loops", t_bounded },
	{ "get: any bits, short reports", t_get },
	{ "put: no other bit, nothing outside", t_put },
	{ NULL, NULL }
};
