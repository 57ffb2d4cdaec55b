/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_hid_mutate.c - the parser against a flood of mutations of good
 * descriptors: the same ones in every run.
 *
 * Each input is in memory of exactly its own length, so that a sanitizer
 * sees the first byte too far.  The promises of hid_parse.h are checked one
 * by one, and NetBSD's interface goes over whatever was accepted.
 */
#include <sys/param.h>
#include <sys/kmem.h>
#include <sys/systm.h>

#include <dev/hid/hid.h>

#include "h_test.h"
#include "hid/h_promise.h"
#include "hid/h_rdesc.h"

#define	ROUNDS	40000
#define	MAXLEN	512

static uint32_t seed;
static u_int naccepted, nrefused;
static uint8_t report[H_REPORT];

static uint32_t
rnd(uint32_t n)
{

	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed % n;
}

/* Prefix bytes and values that are on the edge of something. */
static uint8_t
edge(void)
{
	static const uint8_t v[] = { 0, 1, 2, 7, 8, 31, 32, 33, 64, 0x7f,
	    0x80, 0xff, 0xfe, 0x05, 0x07, 0x15, 0x25, 0x75, 0x77, 0x85, 0x95,
	    0x97, 0xa4, 0xb4, 0x09, 0x0b, 0x19, 0x29, 0xa9, 0x81, 0x91, 0xb1,
	    0xa1, 0xc0 };

	return v[rnd(sizeof(v))];
}

static size_t
mutate(uint8_t *buf, size_t n)
{
	size_t at, from, len;

	if (n == 0)
		return 0;
	at = rnd((uint32_t)n);
	switch (rnd(7)) {
	case 0:
		buf[at] ^= (uint8_t)(1 << rnd(8));
		break;
	case 1:
		buf[at] = edge();
		break;
	case 2:
		buf[at] = (uint8_t)rnd(256);
		break;
	case 3:				/* cut */
		if (rnd(8) == 0)
			n = at;
		break;
	case 4:				/* remove some */
		len = ulmin(rnd(12), n - at);
		memmove(buf + at, buf + at + len, n - at - len);
		n -= len;
		break;
	case 5:				/* repeat some */
		len = ulmin(rnd(12), n - at);
		if (n + len > MAXLEN)
			break;
		memmove(buf + at + len, buf + at, n - at);
		n += len;
		break;
	case 6:				/* move some */
		from = rnd((uint32_t)n);
		len = ulmin(rnd(8), n - (at > from ? at : from));
		memmove(buf + at, buf + from, len);
		break;
	}
	return n;
}

/* What drivers do with an accepted descriptor. */
static void
drive(const uint8_t *d, int n)
{
	struct hid_location loc;
	uint8_t ids[256], id;
	struct hid_data *hd;
	struct hid_item h;
	int max, k, nids;

	nids = hid_report_ids(d, n, ids);
	max = hid_report_size_max(d, n, hid_input, &id);
	T_EQ(max, hid_report_size(d, n, hid_input, id));
	for (k = 0; k < nids; k++)
		T_CHECK(hid_report_size(d, n, hid_input, ids[k]) <= max);
	hd = hid_start_parse(d, n, hid_input);
	while (hid_get_item(hd, &h)) {
		if (h.kind != hid_input)
			continue;
		T_CHECK(hid_location_fits(&h.loc,
		    (size_t)hid_report_size(d, n, h.kind,
		    (uint8_t)h.report_ID)));
		if (rnd(20) == 0 && (h.flags & HIO_CONST) == 0)
			T_CHECK(hid_locate(d, n, h.usage,
			    (uint8_t)h.report_ID, h.kind, &loc, NULL) &&
			    loc.pos <= h.loc.pos);
	}
	hid_end_parse(hd);
	(void)hid_is_collection(d, n, id, HID_USAGE2(1, 2));
}

static void
one(const struct h_rdesc *r)
{
	uint8_t buf[MAXLEN], *exact;
	struct hid_fault f = { 0, NULL };
	size_t n = r->r_len;
	const char *broken;
	int accepted;
	uint32_t k;

	memcpy(buf, r->r_bytes, n);
	for (k = 1 + rnd(4); k > 0; k--)
		n = mutate(buf, n);
	if (n == 0)
		return;
	exact = kmem_alloc(n, KM_SLEEP);
	memcpy(exact, buf, n);
	broken = h_promise(exact, n, report, &accepted);
	if (broken != NULL) {
		for (k = 0; k < n; k++)
			t_note("%02x", exact[k]);
		t_fail(__FILE__, __LINE__, "%s", broken);
	}
	T_EQ(hid_parse_check(exact, (int)n, &f), accepted ? 0 : EINVAL);
	if (accepted) {
		naccepted++;
		/* One in a few: it walks once for each field. */
		if (rnd(16) == 0)
			drive(exact, (int)n);
	} else {
		nrefused++;
		T_CHECK(f.hf_text[0] != '\0' && f.hf_off <= n);
	}
	kmem_free(exact, n);
}

static void
t_mutate(void)
{
	u_int pieces, i;
	const size_t before = kmem_inuse(&pieces);

	seed = 2463534242u;
	for (i = 0; i < ROUNDS; i++)
		one(&h_rdescs[i % H_NRDESC]);
	t_note("%u accepted, %u refused", naccepted, nrefused);
	/* Both ways must have been gone often, or this proves nothing. */
	T_CHECK(naccepted > ROUNDS / 10);
	T_CHECK(nrefused > ROUNDS / 10);
	T_EQ(kmem_inuse(&pieces), before);
}

const struct t_case t_cases[] = {
	{ "no mutation breaks the parser or its promises", t_mutate },
	{ NULL, NULL }
};
