/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hid_parse.c - the report descriptor parser: hostile bytes in, fields out.
 *
 * Model
 *	Pure: no I/O, no globals, no locks, no memory but the caller's.  It
 *	includes nothing of either world, so that one object serves both.
 *
 *	A descriptor is a program.  hidp_fetch() is the only way forward in
 *	it: it gives an item that lies completely inside, or stops.  Global
 *	items change p_global, local items fill three lists, and a main item
 *	takes both, becomes p_item, and clears the lists.  hidp_next() then
 *	hands p_item out field by field, and never looks further than one
 *	field ahead: a count is a number here, not a loop.
 *
 *	A report's fields need not stand together in the descriptor: each
 *	kind and ID has its own position, p_bits, which is its size when the
 *	descriptor has ended.
 *
 * Strictness
 *	A descriptor that contradicts itself is refused, not repaired: the
 *	first fault ends the walk with its code and offset, and every later
 *	call finds the end.  Reserved and long items are skipped, whatever is
 *	in them.
 *
 *	Where devices in the field commonly bend the specification, the
 *	parser takes the reading that makes sense of them; these places say
 *	so below.
 */
#include "hid/hid_parse.h"

enum {
	TYPE_MAIN,
	TYPE_GLOBAL,
	TYPE_LOCAL
};

#define	ITEM_LONG	0xfe	/* the prefix byte of a long item */

/* One short item. */
struct hidp_short {
	uint8_t		s_type;
	uint8_t		s_tag;
	struct hidp_raw	s_raw;
};

static const char *const hidp_texts[HIDP_NCODE] = {
	[HIDP_OK] = "no fault",
	[HIDP_EEMPTY] = "empty descriptor",
	[HIDP_ELENGTH] = "longer than 65535 bytes",
	[HIDP_ETRUNC] = "item runs over the end",
	[HIDP_EIDZERO] = "report ID 0",
	[HIDP_EIDBIG] = "report ID above 255",
	[HIDP_EIDNONE] = "field without report ID beside others with one",
	[HIDP_EPUSH] = "too many Push items",
	[HIDP_EPOP] = "Pop without Push",
	[HIDP_EDELIM] = "delimiter that neither opens nor closes",
	[HIDP_EDELIMNEST] = "delimiter opened twice",
	[HIDP_EDELIMCLOSE] = "delimiter closed but not open",
	[HIDP_EDELIMOPEN] = "delimiter left open",
	[HIDP_ECOLLDEEP] = "collections nested too deep",
	[HIDP_ECOLLEND] = "End Collection without Collection",
	[HIDP_ECOLLOPEN] = "collection left open",
	[HIDP_ERANGEHALF] = "minimum without maximum, or the reverse",
	[HIDP_ERANGEORDER] = "minimum above maximum",
	[HIDP_ERANGEPAGE] = "usage range over two pages",
	[HIDP_EUSAGES] = "too many usages for one item",
	[HIDP_EINDEXES] = "too many strings or designators for one item",
	[HIDP_ELOGICAL] = "logical minimum above logical maximum",
	[HIDP_EBITS] = "report larger than 16384 bytes",
	[HIDP_EFIELDS] = "more than 65536 fields",
};

/* What the texts say. */
_Static_assert(HIDP_MAXLEN == 65535 && HIDP_MAXBITS == 8 * 16384 &&
    HIDP_MAXFIELDS == 65536, "hidp_texts");

/*
 * text = hidp_strerror(code)
 */
const char *
hidp_strerror(enum hidp_code code)
{

	if ((unsigned)code >= HIDP_NCODE)
		return "unknown fault";
	return hidp_texts[code];
}

/*
 * false = hidp_fail(p, code)
 *
 *	The present item is at fault.  Ends the walk.
 */
static bool
hidp_fail(struct hidp *p, enum hidp_code code)
{

	p->p_error.e_code = code;
	p->p_error.e_off = p->p_itemoff;
	p->p_left = 0;
	return false;
}

/*
 * value = hidp_signed(raw)
 *
 *	An item's data as two's complement of its own length [6.2.2.2].
 */
static int64_t
hidp_signed(struct hidp_raw r)
{

	switch (r.r_size) {
	case 1:
		return (int8_t)r.r_value;
	case 2:
		return (int16_t)r.r_value;
	default:
		return (int32_t)r.r_value;
	}
}

/*
 * hidp_extent(min, max, &lo, &hi)
 *
 *	Both ends of a logical or physical range.  A maximum of 255 needs two
 *	bytes to be positive, but many devices send one: where the minimum is
 *	not negative, the maximum cannot be either, and is read as unsigned.
 */
static void
hidp_extent(struct hidp_raw min, struct hidp_raw max, int64_t *lo,
    int64_t *hi)
{

	*lo = hidp_signed(min);
	*hi = *lo < 0 ? hidp_signed(max) : (int64_t)max.r_value;
}

/* ---- lists of usages, strings and designators ---- */

static void
hidp_list_clear(struct hidp_list *l)
{

	*l = (struct hidp_list){ .l_n = 0 };
}

/*
 * ok = hidp_list_add(p, list, table, size, range, is_range, code)
 *
 *	One more entry.  Between delimiters all entries mean the same control
 *	and the first one is the preferred [6.2.2.8]: the others are dropped.
 */
static bool
hidp_list_add(struct hidp *p, struct hidp_list *l, struct hidp_range *table,
    unsigned size, struct hidp_range r, bool is_range, enum hidp_code code)
{

	if (p->p_inset) {
		p->p_delimited = true;
		if (l->l_taken)
			return true;
		l->l_taken = true;
	}
	if (l->l_n == size)
		return hidp_fail(p, code);
	table[l->l_n++] = r;
	if (is_range)
		l->l_range = l->l_n;
	return true;
}

/*
 * ok = hidp_list_half(p, list, table, size, max, raw, page, code)
 *
 *	A minimum or a maximum.  The two make an entry when both are there,
 *	in either order; page is for the ends of less than 4 bytes.
 */
static bool
hidp_list_half(struct hidp *p, struct hidp_list *l, struct hidp_range *table,
    unsigned size, bool max, struct hidp_raw raw, uint32_t page,
    enum hidp_code code)
{
	struct hidp_range *r = &l->l_half;

	if (max ? l->l_havehi : l->l_havelo)
		return hidp_fail(p, HIDP_ERANGEHALF);
	if (max) {
		r->r_hi = raw.r_value;
		r->r_shorthi = raw.r_size < 4;
		l->l_havehi = true;
	} else {
		r->r_lo = raw.r_value;
		r->r_shortlo = raw.r_size < 4;
		l->l_havelo = true;
	}
	if (!l->l_havelo || !l->l_havehi)
		return true;
	l->l_havelo = l->l_havehi = false;
	if (r->r_shortlo)
		r->r_lo |= page;
	if (r->r_shorthi)
		r->r_hi |= page;
	return hidp_list_add(p, l, table, size, *r, true, code);
}

/*
 * ok = hidp_list_end(p, list, table)
 *
 *	No more entries come: are they complete and in order?
 */
static bool
hidp_list_end(struct hidp *p, const struct hidp_list *l,
    const struct hidp_range *table)
{
	unsigned i;

	if (l->l_havelo || l->l_havehi)
		return hidp_fail(p, HIDP_ERANGEHALF);
	for (i = 0; i < l->l_n; i++) {
		if (table[i].r_lo > table[i].r_hi)
			return hidp_fail(p, HIDP_ERANGEORDER);
	}
	return true;
}

/*
 * value = hidp_list_next(list, table)
 *
 *	The entry for the next field; the last one serves all fields that are
 *	left over [6.2.2.8].  0: there is none at all.
 */
static uint32_t
hidp_list_next(struct hidp_list *l, const struct hidp_range *table)
{
	const struct hidp_range *r;
	uint32_t value;

	if (l->l_n == 0)
		return 0;
	r = &table[l->l_at];
	value = r->r_lo + l->l_in;
	if (value < r->r_hi)
		l->l_in++;
	else if (l->l_at + 1 < l->l_n) {
		l->l_at++;
		l->l_in = 0;
	}
	return value;
}

/*
 * ok = hidp_usages_end(p)
 *
 *	A main item has come: complete the usages.
 *
 *	A usage without a page belongs to the last page declared [6.2.2.8].
 *	Taken to the letter that is the last one before the main item, but
 *	devices mix usages of several pages in one item, each behind its own
 *	Usage Page.  So a usage has the page that it was declared under,
 *	unless a Usage Page stands between the last usage and the main item:
 *	such a one can be meant only for the usages before it.
 */
static bool
hidp_usages_end(struct hidp *p)
{
	const uint32_t page = p->p_global.g_usage_page << 16;
	struct hidp_range *r;
	unsigned i;

	for (i = 0; i < p->p_usages.l_n; i++) {
		r = &p->p_usage[i];
		if (p->p_newpage && r->r_shortlo)
			r->r_lo = page | (r->r_lo & 0xffff);
		if (p->p_newpage && r->r_shorthi)
			r->r_hi = page | (r->r_hi & 0xffff);
		if (r->r_lo >> 16 != r->r_hi >> 16)
			return hidp_fail(p, HIDP_ERANGEPAGE);
	}
	return hidp_list_end(p, &p->p_usages, p->p_usage);
}

/*
 * ok = hidp_locals_end(p)
 *
 *	A main item has come: are the local items before it complete?
 */
static bool
hidp_locals_end(struct hidp *p)
{

	if (p->p_inset)
		return hidp_fail(p, HIDP_EDELIMOPEN);
	return hidp_usages_end(p) &&
	    hidp_list_end(p, &p->p_strings, p->p_string) &&
	    hidp_list_end(p, &p->p_designators, p->p_designator);
}

static void
hidp_locals_clear(struct hidp *p)
{

	hidp_list_clear(&p->p_usages);
	hidp_list_clear(&p->p_strings);
	hidp_list_clear(&p->p_designators);
	p->p_inset = p->p_delimited = p->p_newpage = false;
}

/* ---- items ---- */

/*
 * more = hidp_fetch(p, &item)
 *
 *	The next short item, all of its data inside the descriptor; long
 *	items are skipped [6.2.2.3].  false: the end, or a fault.
 */
static bool
hidp_fetch(struct hidp *p, struct hidp_short *s)
{
	uint32_t left, need;
	unsigned prefix, i;

	for (;;) {
		p->p_itemoff = p->p_off;
		left = p->p_len - p->p_off;
		if (left == 0)
			return false;
		prefix = p->p_desc[p->p_off];
		if (prefix != ITEM_LONG)
			break;
		if (left < 2)
			return hidp_fail(p, HIDP_ETRUNC);
		need = 3U + p->p_desc[p->p_off + 1];
		if (left < need)
			return hidp_fail(p, HIDP_ETRUNC);
		p->p_off += need;
	}
	s->s_tag = (uint8_t)(prefix >> 4);
	s->s_type = (uint8_t)(prefix >> 2 & 3);
	s->s_raw.r_size = (prefix & 3) == 3 ? 4 : (uint8_t)(prefix & 3);
	s->s_raw.r_value = 0;
	if (left < 1U + s->s_raw.r_size)
		return hidp_fail(p, HIDP_ETRUNC);
	for (i = 0; i < s->s_raw.r_size; i++)
		s->s_raw.r_value |=
		    (uint32_t)p->p_desc[p->p_off + 1 + i] << (8 * i);
	p->p_off += 1U + s->s_raw.r_size;
	return true;
}

static bool
hidp_report_id(struct hidp *p, uint32_t id)
{

	if (id == 0)
		return hidp_fail(p, HIDP_EIDZERO);
	if (id > 255)
		return hidp_fail(p, HIDP_EIDBIG);
	if (p->p_plain)
		return hidp_fail(p, HIDP_EIDNONE);
	p->p_numbered = true;
	p->p_global.g_report_id = id;
	return true;
}

/*
 * ok = hidp_do_global(p, item)
 *
 *	[6.2.2.7]
 */
static bool
hidp_do_global(struct hidp *p, const struct hidp_short *s)
{
	struct hidp_global *g = &p->p_global;
	const uint32_t v = s->s_raw.r_value;

	switch (s->s_tag) {
	case 0x0:
		g->g_usage_page = v & 0xffff;
		p->p_newpage = p->p_usages.l_n > 0;
		break;
	case 0x1:
		g->g_logical_min = s->s_raw;
		break;
	case 0x2:
		g->g_logical_max = s->s_raw;
		break;
	case 0x3:
		g->g_physical_min = s->s_raw;
		break;
	case 0x4:
		g->g_physical_max = s->s_raw;
		break;
	case 0x5:
		g->g_exponent = v;
		break;
	case 0x6:
		g->g_unit = v;
		break;
	case 0x7:
		g->g_size = v;
		break;
	case 0x8:
		return hidp_report_id(p, v);
	case 0x9:
		g->g_count = v;
		break;
	case 0xa:
		if (p->p_npush == HIDP_MAXPUSH)
			return hidp_fail(p, HIDP_EPUSH);
		p->p_stack[p->p_npush++] = *g;
		break;
	case 0xb:
		if (p->p_npush == 0)
			return hidp_fail(p, HIDP_EPOP);
		*g = p->p_stack[--p->p_npush];
		break;
	}
	return true;
}

static bool
hidp_delimiter(struct hidp *p, uint32_t v)
{

	if (v > 1)
		return hidp_fail(p, HIDP_EDELIM);
	if (v == 1 && p->p_inset)
		return hidp_fail(p, HIDP_EDELIMNEST);
	if (v == 0 && !p->p_inset)
		return hidp_fail(p, HIDP_EDELIMCLOSE);
	p->p_inset = v == 1;
	p->p_usages.l_taken = false;
	p->p_strings.l_taken = false;
	p->p_designators.l_taken = false;
	return true;
}

/*
 * ok = hidp_do_usage(p, item)
 *
 *	Usage, Usage Minimum or Usage Maximum: of 4 bytes it has its page with
 *	it, shorter ones take the page of the moment, see hidp_usages_end.
 */
static bool
hidp_do_usage(struct hidp *p, const struct hidp_short *s)
{
	const uint32_t page = p->p_global.g_usage_page << 16;
	const bool is_short = s->s_raw.r_size < 4;
	const uint32_t v = s->s_raw.r_value | (is_short ? page : 0);
	const struct hidp_range one = { v, v, is_short, is_short };

	p->p_newpage = false;
	if (s->s_tag != 0x0)
		return hidp_list_half(p, &p->p_usages, p->p_usage,
		    HIDP_MAXUSAGE, s->s_tag == 0x2, s->s_raw, page,
		    HIDP_EUSAGES);
	return hidp_list_add(p, &p->p_usages, p->p_usage, HIDP_MAXUSAGE, one,
	    false, HIDP_EUSAGES);
}

/*
 * ok = hidp_do_index(p, list, table, tag, raw)
 *
 *	A string or designator index (tag 0), or its minimum or maximum.
 */
static bool
hidp_do_index(struct hidp *p, struct hidp_list *l, struct hidp_range *table,
    unsigned tag, struct hidp_raw raw)
{
	const struct hidp_range one = { raw.r_value, raw.r_value, false,
	    false };

	if (tag != 0)
		return hidp_list_half(p, l, table, HIDP_MAXINDEX, tag == 2,
		    raw, 0, HIDP_EINDEXES);
	return hidp_list_add(p, l, table, HIDP_MAXINDEX, one, false,
	    HIDP_EINDEXES);
}

/*
 * ok = hidp_do_local(p, item)
 *
 *	[6.2.2.8]
 */
static bool
hidp_do_local(struct hidp *p, const struct hidp_short *s)
{

	switch (s->s_tag) {
	case 0x0:
	case 0x1:
	case 0x2:
		return hidp_do_usage(p, s);
	case 0x3:
	case 0x4:
	case 0x5:
		return hidp_do_index(p, &p->p_designators, p->p_designator,
		    s->s_tag - 0x3, s->s_raw);
	case 0x7:
	case 0x8:
	case 0x9:
		return hidp_do_index(p, &p->p_strings, p->p_string,
		    s->s_tag - 0x7, s->s_raw);
	case 0xa:
		return hidp_delimiter(p, s->s_raw.r_value);
	}
	return true;
}

/*
 * hidp_ends(list, table, &min, &max)
 *
 *	The latest range, if there is any.
 */
static void
hidp_ends(const struct hidp_list *l, const struct hidp_range *table,
    uint32_t *min, uint32_t *max)
{

	if (l->l_range == 0)
		return;
	*min = table[l->l_range - 1].r_lo;
	*max = table[l->l_range - 1].r_hi;
}

/*
 * hidp_fill(p, kind)
 *
 *	p_item, as far as all main items are the same.
 */
static void
hidp_fill(struct hidp *p, enum hidp_kind kind)
{
	const struct hidp_global *g = &p->p_global;
	struct hidp_item *i = &p->p_item;

	*i = (struct hidp_item){ .i_kind = kind };
	i->i_collection = p->p_colltype;
	i->i_collevel = p->p_ncoll;
	i->i_report_id = g->g_report_id;
	i->i_usage_page = g->g_usage_page;
	hidp_ends(&p->p_usages, p->p_usage, &i->i_usage_min,
	    &i->i_usage_max);
	hidp_ends(&p->p_strings, p->p_string, &i->i_string_min,
	    &i->i_string_max);
	hidp_ends(&p->p_designators, p->p_designator, &i->i_designator_min,
	    &i->i_designator_max);
	hidp_extent(g->g_logical_min, g->g_logical_max, &i->i_logical_min,
	    &i->i_logical_max);
	hidp_extent(g->g_physical_min, g->g_physical_max, &i->i_physical_min,
	    &i->i_physical_max);
	i->i_exponent = g->g_exponent;
	i->i_unit = g->g_unit;
	i->i_off = p->p_itemoff;
	i->i_delimited = p->p_delimited;
}

/*
 * hidp_take(p)
 *
 *	Give p_item the usage, string and designator of the next field.
 */
static void
hidp_take(struct hidp *p)
{
	struct hidp_item *i = &p->p_item;

	i->i_usage = hidp_list_next(&p->p_usages, p->p_usage);
	i->i_string = hidp_list_next(&p->p_strings, p->p_string);
	i->i_designator = hidp_list_next(&p->p_designators, p->p_designator);
}

static bool
hidp_collection(struct hidp *p, uint32_t type)
{

	if (p->p_ncoll == HIDP_MAXCOLL)
		return hidp_fail(p, HIDP_ECOLLDEEP);
	p->p_ncoll++;
	p->p_colltype = type;
	hidp_fill(p, HIDP_COLLECTION);
	hidp_take(p);
	return true;
}

static bool
hidp_end_collection(struct hidp *p)
{

	if (p->p_ncoll == 0)
		return hidp_fail(p, HIDP_ECOLLEND);
	p->p_ncoll--;
	hidp_fill(p, HIDP_ENDCOLLECTION);
	return true;
}

/*
 * ok = hidp_field(p, kind, flags)
 *
 *	An input, output or feature item.  One of no bits is no field, and
 *	leaves p_item alone and i_count 0; otherwise p_item is the whole of
 *	it.
 */
static bool
hidp_field(struct hidp *p, enum hidp_kind kind, uint32_t flags)
{
	const struct hidp_global *g = &p->p_global;
	const uint64_t bits = (uint64_t)g->g_size * g->g_count;
	uint32_t *pos = &p->p_bits[kind][g->g_report_id];
	struct hidp_item *i = &p->p_item;
	uint32_t fields;

	hidp_fill(p, kind);
	if (bits == 0)
		return true;
	if (bits > HIDP_MAXBITS - *pos)
		return hidp_fail(p, HIDP_EBITS);
	fields = (flags & HIDP_VARIABLE) != 0 ? g->g_count : 1;
	if (fields > HIDP_MAXFIELDS - p->p_nfield)
		return hidp_fail(p, HIDP_EFIELDS);
	if (p->p_numbered && g->g_report_id == 0)
		return hidp_fail(p, HIDP_EIDNONE);
	if ((flags & HIDP_CONST) == 0 && i->i_logical_min > i->i_logical_max)
		return hidp_fail(p, HIDP_ELOGICAL);
	if (!p->p_numbered)
		p->p_plain = true;
	i->i_flags = flags;
	i->i_pos = *pos;
	i->i_size = g->g_size;
	i->i_count = g->g_count;
	hidp_take(p);
	p->p_nfield += fields;
	*pos += (uint32_t)bits;
	p->p_ids[g->g_report_id / 32] |= 1U << (g->g_report_id % 32);
	return true;
}

/*
 * ok = hidp_do_main(p, item, &given)
 *
 *	[6.2.2.4].  given: p_item is something that the caller wants.  The
 *	local items stay until the next step, for hidp_usage_at.
 */
static bool
hidp_do_main(struct hidp *p, const struct hidp_short *s, bool *given)
{
	static const uint8_t kinds[] = { HIDP_INPUT, HIDP_OUTPUT, 0,
	    HIDP_FEATURE };

	*given = true;
	if (!hidp_locals_end(p))
		return false;
	switch (s->s_tag) {
	case 0x8:
	case 0x9:
	case 0xb:
		if (!hidp_field(p, kinds[s->s_tag - 8], s->s_raw.r_value))
			return false;
		*given = p->p_item.i_count != 0 &&
		    (p->p_kinds & 1U << p->p_item.i_kind) != 0;
		return true;
	case 0xa:
		return hidp_collection(p, s->s_raw.r_value);
	case 0xc:
		return hidp_end_collection(p);
	default:
		*given = false;
		return true;
	}
}

/*
 * more = hidp_step(p)
 *
 *	Go on to the next main item that the caller wants.
 */
static bool
hidp_step(struct hidp *p)
{
	struct hidp_short s;
	bool given;

	if (p->p_error.e_code != HIDP_OK)
		return false;
	hidp_locals_clear(p);
	while (hidp_fetch(p, &s)) {
		switch (s.s_type) {
		case TYPE_MAIN:
			if (!hidp_do_main(p, &s, &given))
				return false;
			if (given)
				return true;
			hidp_locals_clear(p);
			break;
		case TYPE_GLOBAL:
			if (!hidp_do_global(p, &s))
				return false;
			break;
		case TYPE_LOCAL:
			if (!hidp_do_local(p, &s))
				return false;
			break;
		}
	}
	if (p->p_error.e_code == HIDP_OK && p->p_inset)
		return hidp_fail(p, HIDP_EDELIMOPEN);
	if (p->p_error.e_code == HIDP_OK && p->p_ncoll != 0)
		return hidp_fail(p, HIDP_ECOLLOPEN);
	return false;
}

/* ---- what callers call ---- */

/*
 * hidp_start(p, desc, len, kinds)
 *
 *	Begin a walk over a descriptor, which must stay as it is.  kinds has
 *	a bit 1 << kind for each kind of field that hidp_next shall return;
 *	collections always come.  A bad length is found by the first
 *	hidp_next.
 */
void
hidp_start(struct hidp *p, const void *desc, size_t len, uint32_t kinds)
{

	__builtin_memset(p, 0, sizeof(*p));
	p->p_desc = desc;
	p->p_kinds = kinds;
	if (len == 0)
		hidp_fail(p, HIDP_EEMPTY);
	else if (len > HIDP_MAXLEN)
		hidp_fail(p, HIDP_ELENGTH);
	else
		p->p_len = (uint32_t)len;
}

/*
 * more = hidp_next_main(p, &item)
 *
 *	The next main item, whatever its count.  false: the end, or p_error.
 */
bool
hidp_next_main(struct hidp *p, struct hidp_item *item)
{

	p->p_left = 0;
	if (!hidp_step(p))
		return false;
	*item = p->p_item;
	return true;
}

/*
 * more = hidp_next(p, &item)
 *
 *	The next field, collection or end of one.  false: the end, or p_error.
 */
bool
hidp_next(struct hidp *p, struct hidp_item *item)
{
	struct hidp_item *i = &p->p_item;

	if (p->p_left > 0) {
		p->p_left--;
		i->i_pos += i->i_size;
		hidp_take(p);
	} else {
		if (!hidp_step(p))
			return false;
		if ((i->i_flags & HIDP_VARIABLE) != 0) {
			p->p_left = i->i_count - 1;
			i->i_count = 1;
		}
	}
	*item = *i;
	return true;
}

/*
 * found = hidp_usage_at(p, n, &usage)
 *
 *	Usage n of the main item that the latest hidp_next or hidp_next_main
 *	returned (a part of).  For an array this is what the value
 *	i_logical_min + n means [6.2.2.5]; false: it means nothing.
 */
bool
hidp_usage_at(const struct hidp *p, uint32_t n, uint32_t *usage)
{
	const struct hidp_range *r;
	unsigned i;

	for (i = 0; i < p->p_usages.l_n; i++) {
		r = &p->p_usage[i];
		if (n <= r->r_hi - r->r_lo) {
			*usage = r->r_lo + n;
			return true;
		}
		n -= r->r_hi - r->r_lo + 1;
	}
	return false;
}

/*
 * code = hidp_check(p, desc, len)
 *
 *	Read all of a descriptor.  HIDP_OK: every later walk over it ends
 *	without a fault, and hidp_bits and hidp_next_id of p tell of it.
 *	Otherwise p_error has the first fault.
 */
enum hidp_code
hidp_check(struct hidp *p, const void *desc, size_t len)
{
	struct hidp_item item;

	hidp_start(p, desc, len, HIDP_ALL);
	while (hidp_next_main(p, &item))
		continue;
	return p->p_error.e_code;
}

/*
 * bits = hidp_bits(p, kind, id)
 *
 *	How long a report is, without its ID byte; 0 if there is none.  p has
 *	reached the end of the descriptor.
 */
uint32_t
hidp_bits(const struct hidp *p, enum hidp_kind kind, uint8_t id)
{

	return (unsigned)kind < HIDP_NKIND ? p->p_bits[kind][id] : 0;
}

/*
 * id = hidp_next_id(p, after)
 *
 *	The next larger report ID that has a field, beginning with after -1;
 *	-1: no more.  A descriptor without IDs has ID 0.
 */
int
hidp_next_id(const struct hidp *p, int after)
{
	int id;

	for (id = after + 1; id < 256; id++) {
		if ((p->p_ids[id / 32] & 1U << (id % 32)) != 0)
			return id;
	}
	return -1;
}

/* ---- values in reports ---- */

/*
 * value = hidp_get(buf, len, pos, size)
 *
 *	size bits from bit pos on, of a report of len bytes without its ID;
 *	of more than 64 bits the low 64.  What is beyond the end reads as 0,
 *	because devices may cut a report short.
 */
uint64_t
hidp_get(const void *buf, size_t len, uint32_t pos, uint32_t size)
{
	const uint8_t *b = buf;
	const uint32_t n = size < 64 ? size : 64;
	uint64_t value = 0;
	size_t at = pos / 8;
	uint32_t got;

	if (n == 0)
		return 0;
	if (at < len)
		value = b[at] >> pos % 8;
	for (got = 8 - pos % 8; got < n; got += 8) {
		if (++at < len)
			value |= (uint64_t)b[at] << got;
	}
	return n == 64 ? value : value & ((1ULL << n) - 1);
}

/*
 * value = hidp_get_signed(buf, len, pos, size)
 *
 *	The same, as two's complement of size bits.
 */
int64_t
hidp_get_signed(const void *buf, size_t len, uint32_t pos, uint32_t size)
{
	const uint64_t value = hidp_get(buf, len, pos, size);
	uint64_t sign;

	if (size == 0 || size >= 64)
		return (int64_t)value;
	sign = 1ULL << (size - 1);
	return (int64_t)((value ^ sign) - sign);
}

/*
 * ok = hidp_put(buf, len, pos, size, value)
 *
 *	Store the low size bits of value and touch no other bit; bits of the
 *	field above the 64th become 0.  false: the field is not inside the
 *	report, and nothing was written.
 */
bool
hidp_put(void *buf, size_t len, uint32_t pos, uint32_t size, uint64_t value)
{
	uint8_t *b = (uint8_t *)buf + pos / 8;
	uint32_t shift = pos % 8, n;
	uint8_t mask;

	if (((uint64_t)pos + size + 7) / 8 > len)
		return false;
	for (; size > 0; size -= n, b++, shift = 0) {
		n = size < 8 - shift ? size : 8 - shift;
		mask = (uint8_t)(((1U << n) - 1) << shift);
		*b = (uint8_t)((*b & ~mask) | ((value << shift) & mask));
		value >>= n;
	}
	return true;
}

/*
 * value = hidp_value(item, buf, len, n)
 *
 *	Element n of a field, signed if its logical minimum is below 0
 *	[5.8, 6.2.2.7].
 */
int64_t
hidp_value(const struct hidp_item *item, const void *buf, size_t len,
    uint32_t n)
{
	const uint64_t pos = item->i_pos + (uint64_t)n * item->i_size;

	if (n >= item->i_count || pos > HIDP_MAXBITS)
		return 0;
	if (item->i_logical_min < 0)
		return hidp_get_signed(buf, len, (uint32_t)pos, item->i_size);
	return (int64_t)hidp_get(buf, len, (uint32_t)pos, item->i_size);
}

/*
 * null = hidp_is_null(item, value)
 *
 *	Is this the value by which a field says that it has none: one outside
 *	its logical range, where it may [6.2.2.5]?
 */
bool
hidp_is_null(const struct hidp_item *item, int64_t value)
{

	return (item->i_flags & HIDP_NULLSTATE) != 0 &&
	    (value < item->i_logical_min || value > item->i_logical_max);
}

/*
 * hidp_physical(item, &min, &max)
 *
 *	The physical range.  While both ends are 0 or undeclared, it is the
 *	logical one [6.2.2.7].
 */
void
hidp_physical(const struct hidp_item *item, int64_t *min, int64_t *max)
{
	const bool none = item->i_physical_min == 0 &&
	    item->i_physical_max == 0;

	*min = none ? item->i_logical_min : item->i_physical_min;
	*max = none ? item->i_logical_max : item->i_physical_max;
}

/*
 * exponent = hidp_exponent(i_exponent)
 *
 *	It is a nibble, -8..7 [6.2.2.7]; some devices send a whole number of
 *	two's complement instead.
 */
int
hidp_exponent(uint32_t raw)
{

	if (raw <= 0xf)
		return raw < 8 ? (int)raw : (int)raw - 16;
	if (raw <= 0xff)
		return (int8_t)raw;
	if (raw <= 0xffff)
		return (int16_t)raw;
	return (int32_t)raw;
}
